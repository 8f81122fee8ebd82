import Daemon
import Decisions
package import Domain
import Rules
import Store

/// One line of the story that the demo tells.
package struct StoryLine: Sendable, Hashable {
    package enum Tag: String, Sendable, Hashable, CaseIterable {
        /// A new part of the day.
        case chapter
        /// What came in.
        case report
        /// Which rule took it.
        case rule
        /// Who goes, how far, and why not somebody nearer.
        case sent
        /// Nobody can go now.
        case waits
        /// What a crew did.
        case crew
        /// A limit, a rung of the ladder.
        case late
        /// What was sent twice, and known already.
        case again
        /// What was refused.
        case refused
        /// What the duty engineer did.
        case duty
        case rules
        case crash
        case figures
        /// The books are right.
        case good
        /// The books are wrong.
        case bad
    }

    package var at: Instant?
    package var tag: Tag
    package var text: String

    package init(at: Instant? = nil, _ tag: Tag, _ text: String) {
        self.at = at
        self.tag = tag
        self.text = text
    }
}

/// Tells of a day's thousands of lines those from which a reader learns something new: each kind of event a few times, with
/// its reasons, then no more.
struct Narrator {
    private let city: MadeUpCity
    private let emit: @Sendable (StoryLine) -> Void
    private var site: Site
    /// How often each kind of thing has been told.
    private var told: [String: Int] = [:]
    /// Tasks of whose further life something is told, and what.
    private var followed: [TaskID: Set<HistoryEvent>] = [:]
    /// The open tasks as they stand.
    private var rows: [TaskID: WorkTask] = [:]

    init(city: MadeUpCity, site: Site, emit: @escaping @Sendable (StoryLine) -> Void) {
        self.city = city
        self.site = site
        self.emit = emit
    }

    mutating func use(_ site: Site) { self.site = site }

    func say(_ at: Instant?, _ tag: StoryLine.Tag, _ text: String) { emit(StoryLine(at: at, tag, text)) }

    /// True so many times for each thing.
    mutating func mayTell(_ thing: String, times: Int) -> Bool {
        guard told[thing, default: 0] < times else { return false }
        told[thing, default: 0] += 1
        return true
    }

    // MARK: What was committed

    mutating func note(_ result: Dispatcher.Result, at now: Instant, waiting: Int) {
        for entry in result.entries {
            var report: Report?
            if case .input(let input, _) = entry.stimulus {
                if case .report(let body) = input.body { report = body }
                refusals(entry.decision.receipt, body: input.body, at: now)
            }
            var before: [TaskID: WorkTask] = [:]
            for change in entry.decision.changes {
                guard case .task(_, let after) = change else { continue }
                before[after.id] = before[after.id] ?? rows[after.id]
                rows[after.id] = after.state.isFinal ? nil : after
            }
            for line in entry.decision.history {
                tell(line, task: rows[line.task] ?? before[line.task], report: report, decision: entry.decision, waiting: waiting, at: now)
            }
        }
    }

    private mutating func refusals(_ receipt: Receipt?, body: InputBody, at now: Instant) {
        guard let receipt, case .report = body else { return }
        switch receipt.status {
        case .accepted: break
        case .duplicate:
            guard mayTell("duplicate", times: 2) else { return }
            let tasks = receipt.tasks.map(short).joined(separator: ", ")
            say(now, .again, "\(receipt.source) sends \(receipt.id) again (its receipt got lost): the first receipt again, \(tasks), no second task")
        case .conflict, .rejected:
            guard mayTell("rejected", times: 3) else { return }
            say(now, .refused, "\(receipt.source) \(receipt.id): \(receipt.status.rawValue): \(receipt.reason ?? "")")
        }
    }

    private mutating func tell(_ line: HistoryLine, task: WorkTask?, report: Report?, decision: Decision, waiting: Int, at now: Instant) {
        if line.task == .none, let kase = line.kase { return tell(line, of: kase, report: report, at: now) }
        if let subject = line.subject { return tell(line, of: subject, report: report, at: now) }
        guard let task else { return }
        if let kase = task.kase, line.event == .created { return begun(task, of: kase, decision, at: now) }
        switch line.event {
        case .created:
            // Told with what came of it, in the same decision.
            let outcome = decision.history.first { $0.task == line.task && ($0.event == .dispatched || $0.event == .queued) }
            created(line, outcome, task, report, decision, at: now)
        case .dispatched:
            if line.note?.hasPrefix("desk") ?? false { return }
            if decision.history.contains(where: { $0.task == line.task && $0.event == .created }) { return }
            sentLater(line, task, decision, waiting: waiting, at: now)
        case .queued:
            if decision.history.contains(where: { $0.task == line.task && $0.event == .created }) { return }
            if mayTell("back in the queue", times: 1) { say(now, .waits, "\(short(line.task)) goes back into the queue: nobody else can go now") }
        case .accept_timeout:
            guard mayTell("accept_timeout", times: 2) else { return }
            let limit = task.limits.first { $0.name == .accept }.map { " within \(words($0.length))" } ?? ""
            say(now, .late, "\(line.crew?.rawValue ?? line.by) has not answered for \(short(line.task))\(limit): the next crew is asked")
            followed[line.task] = [.accepted]
        case .rejected:
            guard mayTell("rejected by a crew", times: 1) else { return }
            say(now, .crew, "\(line.by) cannot take \(short(line.task)) (\(line.note ?? "")): the next crew is asked")
            followed[line.task] = [.accepted]
        case .escalated: escalated(line, task, decision, at: now)
        case .all_declined:
            if mayTell("all_declined", times: 1) { say(now, .late, "everybody who could take \(short(line.task)) has declined: the head is told") }
        case .accepted, .enroute, .onsite, .completed, .closed:
            if followed[line.task]?.contains(line.event) ?? false { step(line, task, at: now) }
        case .joined:
            guard mayTell("joined", times: 2) else { return }
            let place = line.rule.isEmpty ? "" : ", by \(line.rule)"
            say(now, .rule, "\(categoryWords(task.category)) once more, \(districtWords(task.place.district)): the call joins \(short(line.task))\(place): \(task.callers) callers, one incident, no second crew")
        case .contacted, .called_back, .reopened, .shared, .concerned, .recovered, .assigned, .suspended, .resumed, .cancelled, .merged, .priority_changed, .split, .callers_told: break
        // Lines of a case, which have no task.
        case .case_opened, .documents_missing, .documents_received, .case_accepted, .stage_skipped, .stage_failed, .case_suspended, .case_resumed,
            .case_completed, .case_withdrawn, .case_migrated, .case_escalated, .case_concerned, .answered, .outage_planned, .outage_changed, .outage_cancelled,
            .outage_ended, .outage_told, .outage_short_notice, .outage_overlap, .outage_overrun, .customer_tier, .customer_flagged, .customer_unflagged, .customer_told, .customer_manager, .customer_suggested, .customer_forgotten:
            break
        // Of contractors, which have none either.
        case .contractor_tier, .contractor_suspended, .contractor_excluded, .contractor_accident, .contractor_fraud, .contractor_rectified, .contractor_returned, .crew_lent,
            .crew_returned:
            break
        }
    }

    // MARK: An application and what came of it

    private mutating func tell(_ line: HistoryLine, of kase: CaseID, report: Report?, at now: Instant) {
        switch line.event {
        case .case_opened:
            let process = String(line.rule.split(separator: ".").last ?? "")
            say(now, .report, "at the counter: an application\(report?.description.map { ", \($0)" } ?? ""); \(short(kase)) goes by the process \(process)")
        case .documents_missing: say(now, .waits, "\(short(kase)) asks for all that is missing, once (\(line.note ?? "")); its clock does not run yet")
        case .documents_received: say(now, .report, "\(line.by): \(line.note ?? "") for \(short(kase))")
        case .case_accepted: say(now, .rule, "\(short(kase)) is complete: its clock runs from now")
        case .stage_skipped: if mayTell("skipped", times: 1) { say(now, .rule, "\(short(kase)): \(line.note ?? "") is not needed, and is skipped") }
        case .stage_failed: say(now, .late, "\(short(kase)) goes back, \(line.note ?? ""): what lies between is done again, what lies beside it stays done")
        case .case_completed: say(now, .rule, "\(short(kase)) is completed and filed")
        default: break
        }
    }

    /// A stage begins by itself, as soon as what it waits for is done.
    private mutating func begun(_ task: WorkTask, of kase: CaseID, _ decision: Decision, at now: Instant) {
        let isAgain = decision.history.contains { $0.event == .stage_failed }
        guard isAgain || mayTell("stage \(task.task)", times: 1) else { return }
        let sent = decision.history.first { $0.task == task.id && ($0.event == .dispatched || $0.event == .queued) }
        let who: String
        if let contractor = task.contractor {
            who = "the contractor \(contractor)\(sent?.note.map { " (\($0))" } ?? "")"
        } else if task.isDesk {
            who = "the desk of \(task.department)"
        } else if let crew = sent?.crew {
            who = "\(crew), \(distanceWords(sent?.why.flatMap { try? JSONValue.parse($0) } ?? .null, crew))"
        } else {
            who = "the first who is free"
        }
        let limit = task.limits.first { $0.name == .stage }.map { "; \(words($0.length))" } ?? ""
        say(now, .sent, "\(short(kase)): \(task.task.replacing("_", with: " ")) begins by itself, with \(who)\(limit)")
    }

    // MARK: A report and what came of it

    private mutating func created(
        _ line: HistoryLine, _ outcome: HistoryLine?, _ task: WorkTask, _ report: Report?, _ decision: Decision, at now: Instant
    ) {
        let why = (line.why.flatMap { try? JSONValue.parse($0) }) ?? .null
        let search = outcome?.why.flatMap { try? JSONValue.parse($0) }
        let nearer = search.map { passedOver($0) } ?? []
        // What a reader would learn from this one.
        var news: [String] = ["rule \(task.rule)", "place \(task.place.origin.rawValue)"]
        if outcome?.event == .queued { news.append("queued") }
        let isWatched = task.source == Telemetry.source
        if isWatched { news.append("a device") }
        for reason in Set(nearer.map(\.verdict)).sorted() { news.append("passed over: \(reason)") }
        guard news.contains(where: { told[$0] == nil }) else { return }
        for thing in news { told[thing, default: 0] += 1 }

        if isWatched {
            say(now, .report, "\(categoryWords(task.category)), \(districtWords(task.place.district)); no caller, its readings say so (\(report?.description ?? ""))")
        } else {
            say(now, .report, "\(categoryWords(task.category)), \(districtWords(task.place.district)); \(sourceWords(task.source)), \(placeWords(task.place))")
        }
        if task.rule == "fallback" {
            say(now, .rule, "no rule takes it: \(short(task.id)) goes to the desk of \(task.department), counted and visible")
            return
        }
        let source = why["file"]?.string.map { file in "\(file):\(why["line"]?.int ?? 0) " } ?? ""
        // The module's name stands in the file's already.
        let rule = source.isEmpty ? task.rule : String(task.rule.drop { $0 != "." }.dropFirst())
        let limits = task.limits.filter { $0.name != .accept }.map { "\($0.name.rawValue) \(words($0.length))" }.joined(separator: ", ")
        say(now, .rule, "\(source)\(rule): \(short(task.id)) \(task.task), \(task.priority.rawValue)\(limits.isEmpty ? "" : "; \(limits)")")
        guard let outcome, let search else { return }
        if outcome.event == .queued {
            if task.place.origin != .unknown { say(now, .waits, "nobody can go: \(countedWords(search)); it waits, by priority and deadline") }
        } else if let crew = outcome.crew {
            say(now, .sent, "\(crew), \(distanceWords(search, crew))\(nearerWords(nearer))")
            if task.priority == .emergency {
                followed[task.id] = mayTell("followed", times: 1) ? [.accepted, .onsite, .completed, .closed] : mayTell("arrival", times: 2) ? [.onsite] : nil
            }
        }
    }

    private mutating func sentLater(_ line: HistoryLine, _ task: WorkTask, _ decision: Decision, waiting: Int, at now: Instant) {
        guard let crew = line.crew else { return }
        let search = line.why.flatMap { try? JSONValue.parse($0) } ?? .null
        let afterRefusal = decision.history.contains { $0.task == line.task && ($0.event == .accept_timeout || $0.event == .rejected) }
        if line.by != "paidan" {
            if mayTell("by hand", times: 1) { say(now, .duty, "\(line.by) gives \(short(line.task)) to \(crew) by hand") }
        } else if afterRefusal {
            if followed[line.task] != nil, mayTell("after a refusal", times: 3) {
                say(now, .sent, "\(crew), \(distanceWords(search, crew))")
            }
        } else {
            let kind = task.priority == .emergency ? "emergency taken up" : "taken up"
            let others = waiting > 0 ? "; \(waiting) still wait" : ""
            let reserve = crew.rawValue.hasPrefix("reserve") ? mayTell("\(crew) takes", times: 1) : false
            guard reserve || mayTell(kind, times: 2) else { return }
            let first = task.priority == .emergency ? ", first because it is an emergency" : ", the most urgent that it can do"
            say(
                now, .sent,
                "\(crew) is free: takes \(short(line.task)), \(categoryWords(task.category)), waited \(words(now - task.createdAt))\(first)\(others)")
        }
    }

    private mutating func escalated(_ line: HistoryLine, _ task: WorkTask, _ decision: Decision, at now: Instant) {
        for notice in decision.notices where notice.event == .escalated && notice.task == line.task {
            let limit = notice.limit?.rawValue ?? ""
            guard let percent = notice.percent, mayTell("escalated \(limit) \(percent)", times: 1) else { continue }
            let length = task.limits.first { $0.name == notice.limit }.map { " of \(words($0.length))" } ?? ""
            say(now, .late, "\(short(task.id)) \(categoryWords(task.category)): \(percent) % of the limit to \(limit)\(length) are over, \(notice.to) is told")
        }
    }

    /// Nothing says where the task is.
    mutating func marked(_ task: TaskID, at now: Instant) {
        guard mayTell("marked \(task)", times: 1) else { return }
        say(now, .waits, "\(short(task)) waits for a person, marked so: the duty engineer calls back")
    }

    private mutating func step(_ line: HistoryLine, _ task: WorkTask, at now: Instant) {
        let crew = line.crew?.rawValue ?? line.by
        switch line.event {
        case .accepted: say(now, .crew, "\(crew) accepts \(short(line.task))")
        case .enroute: break
        case .onsite:
            let limit = task.limits.first { $0.name == .arrive }
            let taken = now - task.reportedAt
            let verdict = limit.map { limit in
                let over = limit.due.map { TimeSpan(milliseconds: ((limit.reachedAt ?? now) - $0).milliseconds) } ?? .zero
                return over <= .zero ? ", limit \(words(limit.length))" : ", late by \(words(over))"
            } ?? ""
            say(now, .crew, "\(crew) is on site for \(short(line.task)) after \(words(taken))\(verdict)")
        case .completed: say(now, .crew, "\(crew) has done \(short(line.task))")
        case .closed:
            say(now, .crew, "\(short(line.task)) is closed: \(line.by == "caller" ? "the caller confirms" : "by \(line.by)")")
        default: break
        }
    }

    // MARK: Words

    private func passedOver(_ search: JSONValue) -> [(crew: String, metres: Int64, verdict: String, lacks: String)] {
        let candidates = search["candidates"]?.array ?? []
        guard let goes = candidates.first(where: { $0["verdict"]?.string == "chosen" })?["distance_m"]?.int else { return [] }
        return candidates.compactMap { candidate in
            guard let metres = candidate["distance_m"]?.int, metres < goes, let verdict = candidate["verdict"]?.string else { return nil }
            let lacks = (candidate["lacks"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            return (candidate["crew"]?.string ?? "", metres, verdict, lacks)
        }
    }

    private func nearerWords(_ nearer: [(crew: String, metres: Int64, verdict: String, lacks: String)]) -> String {
        guard let first = nearer.first else { return ", the nearest" }
        let reason =
            switch first.verdict {
            case "lacks_skills": "lacks \(first.lacks)"
            case "off_duty": "off duty"
            case "at_capacity": "has its hands full"
            case "declined": "has declined it"
            default: first.verdict
            }
        let more = nearer.count > 1 ? ", \(nearer.count - 1) more cannot go" : ""
        return "; \(first.crew) is nearer (\(kilometres(first.metres))) but \(reason)\(more)"
    }

    private func distanceWords(_ search: JSONValue, _ crew: CrewID) -> String {
        let candidate = (search["candidates"]?.array ?? []).first { $0["crew"]?.string == crew.rawValue }
        return candidate?["distance_m"]?.int.map { kilometres($0) } ?? "distance unknown"
    }

    private func countedWords(_ search: JSONValue) -> String {
        let words = ["lacks_skills": "lack the skill", "off_duty": "are off duty", "at_capacity": "have their hands full", "declined": "declined", "out_of_reach": "are out of reach"]
        return (search["verdicts"]?.object ?? []).compactMap { member in
            words[member.key].flatMap { word in member.value.int.map { "\($0) \(word)" } }
        }.joined(separator: ", ")
    }

    private func kilometres(_ metres: Int64) -> String {
        // With the space that no line is broken at.
        metres < 1_000 ? "\(metres)\u{A0}m" : "\((metres + 50) / 100 / 10).\((metres + 50) / 100 % 10)\u{A0}km"
    }

    func words(_ length: LimitLength) -> String {
        if case .time(let span) = length { return words(span) }
        return length.text
    }

    func words(_ span: TimeSpan) -> String {
        let minutes = (span.milliseconds + 30_000) / 60_000
        if span.milliseconds < 60_000 { return "\(span.milliseconds / 1_000)\u{A0}s" }
        if minutes < 120 { return "\(minutes)\u{A0}min" }
        return minutes % 60 == 0 ? "\(minutes / 60)\u{A0}h" : "\(minutes / 60)\u{A0}h\u{A0}\(String(100 + minutes % 60).dropFirst())"
    }

    /// The number alone: the day is the same for all.
    func short(_ task: TaskID) -> String { "T-\(task.number)" }

    func short(_ kase: CaseID) -> String { "C-\(kase.number)" }

    func categoryWords(_ category: String) -> String {
        let value = site.values["category"]?.first { $0.code == category }
        guard let english = value?.english else { return category.isEmpty ? "a report" : category }
        return value?.chinese.map { "\(english) \($0)" } ?? english
    }

    func districtWords(_ district: DistrictID?) -> String {
        city.districts.first { $0.id == district }.map { "\($0.english) \($0.chinese)" } ?? "no place"
    }

    private func sourceWords(_ source: SourceID) -> String {
        switch source.rawValue {
        case "95598": "by telephone"
        case "app": "by app"
        default: "from \(source)"
        }
    }

    private func placeWords(_ place: TaskPlace) -> String {
        switch place.origin {
        case .report: "with coordinates"
        case .transformer: "placed by transformer \(place.transformer?.rawValue ?? "")"
        case .feeder: "placed by feeder \(place.feeder?.rawValue ?? "")"
        case .customer: "placed by the customer's account"
        case .district: "placed in the middle of its district"
        case .unknown: "nothing says where"
        }
    }
}

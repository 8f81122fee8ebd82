// Incidents: many calls, one fault.
//
// A report joins the task of an earlier one when a rule for merging holds of both: what the rule compares is the same, the earlier one is near
// enough, it is still open, and its last call is no longer ago than the rule's window. So:
//
//    - After restoration a call begins a new incident. One that was reported before it and comes in late belongs to the old one.
//    - A hazard joins nothing, and nothing joins it: it is never merged away, not by hand either.
//    - The task stands for all its callers: most urgent of what each would have got, the earliest arrival, the customers of all areas.
//    - Each caller is told when it is done.
//
// A duty engineer can put two tasks together (`merge`), and take callers out again (`split`).

package import Domain
import Planning
import Rules

/// One call of an incident beside the first: it has no task of its own.
package struct CallerRecord: Sendable, Hashable {
    /// The id of its report (the sender's).
    package var report: String
    package var source: SourceID
    package var customer: CustomerID?
    /// When it was reported.
    package var at: Instant
    package var place: TaskPlace
    package var customersOut: Int64

    package init(report: String, source: SourceID, customer: CustomerID?, at: Instant, place: TaskPlace, customersOut: Int64 = 0) {
        self.report = report
        self.source = source
        self.customer = customer
        self.at = at
        self.place = place
        self.customersOut = customersOut
    }

    package var key: InputKey { InputKey(source: source, id: report) }
}

/// Whose callers are meant.
package enum CallHolder: Sendable, Hashable {
    case task(TaskID)
    /// They were told of a known outage.
    case outage(OutageID)
}

/// What incidents can be joined, by what they compare; in cubes of space where a rule goes by distance.
struct JoinIndex: Sendable {
    private struct Key: Hashable {
        var join: JoinKey
        var cube = Cube()
    }

    /// As long as the rule's reach: two places within it are in one cube or in two that touch.
    private struct Cube: Hashable {
        var x: Int32 = 0
        var y: Int32 = 0
        var z: Int32 = 0

        init() {}

        init(_ place: Coordinate, near: Int) {
            // A metre more, because distances are rounded.
            let edge = Double(max(near, 1) + 1)
            let point = UnitVector(place)
            func number(_ part: Double) -> Int32 { Int32((part * Coordinate.earthRadiusMetres / edge).rounded(.down)) }
            (x, y, z) = (number(point.x), number(point.y), number(point.z))
        }
    }

    private var tasks: [Key: [TaskID]] = [:]

    private static func keys(_ row: WorkTask, _ rules: RuleSet) -> [Key] {
        guard !row.state.isFinal else { return [] }
        return row.joins.compactMap { join in
            guard let rule = rules.merge(named: join.rule) else { return nil }
            guard let near = rule.near else { return Key(join: join) }
            return row.place.coordinate.map { Key(join: join, cube: Cube($0, near: near)) }
        }
    }

    mutating func replace(_ old: WorkTask?, _ new: WorkTask?, _ rules: RuleSet) {
        // Most tasks join nothing, and of those that do most changes move nothing.
        guard old.map({ !$0.joins.isEmpty }) ?? false || new.map({ !$0.joins.isEmpty }) ?? false else { return }
        let before = old.map { Self.keys($0, rules) } ?? []
        let after = new.map { Self.keys($0, rules) } ?? []
        guard before != after else { return }
        if let old {
            for key in before {
                tasks[key]?.removeAll { $0 == old.id }
                if tasks[key]?.isEmpty ?? false { tasks[key] = nil }
            }
        }
        if let new { for key in after { tasks[key, default: []].append(new.id) } }
    }

    /// Those that a report could join by a match; in no particular order.
    func candidates(_ match: MergeMatch, at place: Coordinate?) -> [TaskID] {
        let join = JoinKey(rule: match.rule, values: match.values)
        guard let near = match.near else { return tasks[Key(join: join)] ?? [] }
        guard let place else { return [] }
        var found: [TaskID] = []
        let middle = Cube(place, near: near)
        for x in -1...Int32(1) {
            for y in -1...Int32(1) {
                for z in -1...Int32(1) {
                    var key = Key(join: join, cube: middle)
                    key.cube.x += x
                    key.cube.y += y
                    key.cube.z += z
                    found += tasks[key] ?? []
                }
            }
        }
        return found
    }
}

extension DispatchState {
    /// So many reports stand in the task's own row; all are among its callers.
    static let reportsInRow = 50

    /// The incident that a report belongs to, and the rule that says so; nil: none.
    func incident(for found: FoundReport, _ matches: [MergeMatch], at now: Instant) -> (row: WorkTask, rule: String)? {
        let reported = found.report.reportedAt ?? now
        for match in matches {
            var best: (distance: Int, row: WorkTask)?
            for id in joinable.candidates(match, at: found.place.coordinate) {
                guard let row = task(id), row.kase == nil, isJoinable(row, by: reported, now, match) else { continue }
                var distance = 0
                if let near = match.near {
                    guard let here = found.place.coordinate, let there = row.place.coordinate else { continue }
                    distance = here.distanceMetres(to: there)
                    guard distance <= near else { continue }
                }
                if let known = best, (known.distance, known.row.id) <= (distance, row.id) { continue }
                best = (distance, row)
            }
            if let best { return (best.row, match.rule) }
        }
        return nil
    }

    private func isJoinable(_ row: WorkTask, by reported: Instant, _ now: Instant, _ match: MergeMatch) -> Bool {
        guard now - max(row.joinedAt ?? row.createdAt, row.createdAt) <= match.window else { return false }
        switch row.state {
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended: return true
        // Reported while it lasted, and late on its way here.
        case .completed: return row.completedAt.map { reported < $0 } ?? false
        case .closed, .cancelled, .merged: return false
        }
    }

    /// A report that is another call about `before`. Returns what its sender is told.
    mutating func join(
        _ before: WorkTask, _ found: FoundReport, _ key: InputKey, _ routing: Routing?, rule: String, _ d: inout Deliberation
    ) -> Translation {
        var row = before
        row.revision += 1
        let caller = CallerRecord(
            report: key.id, source: key.source, customer: found.report.customer, at: min(found.report.reportedAt ?? d.now, d.now), place: found.place,
            customersOut: found.customersOut)
        take([caller], into: &row, count: 1, &d)
        d.call(.add(.task(row.id), [caller]))
        d.note(row, .joined, by: key.source.rawValue, report: key.id, customer: found.report.customer, rule: rule, note: "\(row.callers) callers")
        if row.state == .completed {
            d.tellCaller(row, caller)
        } else if let routing {
            raise(&row, as: routing, reported: caller.at, &d)
        }
        enter(before, row, &d)
        return d.site.texts.filled(
            row.state == .completed ? .restored : .joined, ["task": Translation(row.id.description), "report": Translation(key.id), "callers": Translation("\(row.callers)")])
    }

    private func take(_ callers: [CallerRecord], into row: inout WorkTask, count: Int32, _ d: inout Deliberation) {
        row.callers += count
        row.joinedAt = max(row.joinedAt ?? d.now, d.now)
        for caller in callers {
            if row.reports.count < Self.reportsInRow { row.reports.append(caller.report) }
            add(caller.place, caller.customersOut, to: &row, d.site)
        }
    }

    /// The customers of all areas that callers named; where one knows no more than the feeder, the feeder's.
    private func add(_ place: TaskPlace, _ out: Int64, to row: inout WorkTask, _ site: Site) {
        if let area = place.transformer, place.transformer != row.place.transformer, !row.areas.contains(area) { row.areas.append(area) }
        row.customersOut = max(customersOut(of: row, site), row.customersOut, out)
    }

    /// By the network register; 0: it knows none of them.
    private func customersOut(of row: WorkTask, _ site: Site) -> Int64 {
        let areas = (row.place.transformer.map { [$0] } ?? []) + row.areas
        return areas.reduce(Int64(0)) { $0 + Int64(site.network.transformers[$1]?.customers ?? 0) }
    }

    /// What this caller alone would have got may be more urgent than what the incident has.
    private mutating func raise(_ row: inout WorkTask, as routing: Routing, reported: Instant, _ d: inout Deliberation) {
        if routing.priority.rank < row.priority.rank {
            let change = "\(row.priority.rawValue) → \(routing.priority.rawValue)"
            row.priority = routing.priority
            d.note(row, .priority_changed, note: "\(change): as \(routing.rule) has it for a caller")
        }
        guard let length = routing.limits[.arrive], let index = row.limits.firstIndex(where: { $0.name == .arrive }), row.limits[index].state == .running else { return }
        var clock = LimitClock(name: .arrive, length: length)
        clock.begin(at: reported, rules)
        if let due = clock.due, let before = row.limits[index].due, due < before {
            // Whoever was told of it was told of a later one: the ladder is climbed anew.
            row.limits[index] = clock
        }
    }

    // MARK: By hand

    /// `row` is part of the incident of another task from here on. Returns the reason of a refusal.
    mutating func merge(_ row: inout WorkTask, into name: String?, by: String, note: String?, _ d: inout Deliberation) -> String? {
        guard let name, let id = TaskID(name) else { return "'merge' needs 'to': the number of the task that stands for both" }
        guard id != row.id else { return "\(row.id) can't be merged into itself" }
        guard let before = task(id) else { return "there is no open task \(id) to merge \(row.id) into; look for its number with 'paidan tasks'" }
        for one in [row, before] {
            if let kase = one.kase { return "\(one.id) is the stage '\(one.task)' of \(kase): stages are not merged" }
            if d.site.isHazard(one.category) { return "\(one.id) is a hazard (\(one.category)): a hazard is never merged away" }
        }
        switch before.state {
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended: break
        case .completed, .closed, .cancelled, .merged: return "\(id) is \(before.state.rawValue): a task is merged into one that is open"
        }
        if row.state != .queued, let crew = row.crew { d.tell(row, .withdrawn, crew: crew) }
        if row.state != .queued, row.isDesk { d.tell(row, .withdrawn, department: row.department) }
        row.stopClocks(at: d.now, rules)
        row.state = .merged
        row.mergedInto = id
        row.suspendedFrom = nil
        row.since = d.now
        row.askAgainAt = nil
        d.note(row, .merged, by: by, note: note.map { "\(id): \($0)" } ?? id.description)

        var other = before
        other.revision += 1
        let founder = CallerRecord(
            report: row.reports.first ?? "", source: row.source, customer: row.customer, at: row.reportedAt, place: row.place, customersOut: row.customersOut)
        take([founder], into: &other, count: row.callers, &d)
        for area in row.areas where area != other.place.transformer && !other.areas.contains(area) { other.areas.append(area) }
        other.customersOut = max(other.customersOut, customersOut(of: other, d.site))
        for join in row.joins where !other.joins.contains(join) { other.joins.append(join) }
        d.call(.add(.task(id), [founder]))
        d.call(.move(from: row.id, to: id))
        if row.priority.rank < other.priority.rank {
            let change = "\(other.priority.rawValue) → \(row.priority.rawValue)"
            other.priority = row.priority
            d.note(other, .priority_changed, by: by, note: "\(change): as \(row.id) had it")
        }
        d.note(other, .joined, by: by, report: founder.report, customer: founder.customer, rule: other.rule, note: "\(row.id), \(other.callers) callers")
        enter(before, other, &d)
        return nil
    }

    /// Takes callers out of an incident: their fault is another one, and gets a task of its own. Returns the new task, or the reason of a refusal.
    ///
    /// - Parameter callers: all that the incident has beside the first.
    mutating func split(_ row: inout WorkTask, _ reports: [String], _ callers: [CallerRecord], by: String, note: String?, _ d: inout Deliberation) -> SplitResult {
        var leaving: [CallerRecord] = []
        for report in reports {
            guard let caller = callers.first(where: { $0.report == report }) else {
                if row.reports.first == report {
                    return .refused("'\(clipped(report, to: 80))' is the report that \(row.id) began with: take the others out, or merge it elsewhere")
                }
                return .refused("'\(clipped(report, to: 80))' is no caller of \(row.id)\(didYouMean(report, among: callers.map(\.report))); 'paidan task \(row.id)' lists them")
            }
            leaving.append(caller)
        }
        guard let first = leaving.first else { return .refused("'split' needs 'reports': the ids of those who leave") }
        let staying = callers.filter { !reports.contains($0.report) }
        row.callers -= Int32(leaving.count)
        row.reports = [row.reports.first ?? ""] + staying.prefix(Self.reportsInRow - 1).map(\.report)
        row.areas = []
        row.customersOut = 0
        for caller in [CallerRecord(report: "", source: row.source, customer: nil, at: row.reportedAt, place: row.place)] + staying {
            add(caller.place, caller.customersOut, to: &row, d.site)
        }

        let id = takeNumber(&d)
        var task = WorkTask(
            id: id, revision: 1, reports: leaving.prefix(Self.reportsInRow).map(\.report), source: first.source, type: row.type, category: row.category, task: row.task,
            rule: row.rule, state: .queued, priority: row.priority, department: row.department, isDesk: row.isDesk && row.skills.isEmpty, skills: row.skills,
            within: row.within, place: first.place, customer: first.customer, customersOut: first.customersOut,
            reportedAt: leaving.map(\.at).min() ?? first.at, createdAt: d.now, limits: row.limits.map { LimitClock(name: $0.name, length: $0.length) },
            escalate: row.escalate)
        task.callers = Int32(leaving.count)
        task.tier = row.tier
        for caller in leaving { add(caller.place, caller.customersOut, to: &task, d.site) }
        for name in [LimitName.contact, .arrive, .reply] { task.startClock(name, at: task.reportedAt, rules) }
        d.call(.split(from: row.id, to: id, first: first.key, others: leaving.dropFirst().map(\.key)))
        d.note(row, .split, by: by, note: "\(id): \(leaving.prefix(20).map(\.report).joined(separator: ", "))\(note.map { "; \($0)" } ?? "")")
        d.note(task, .created, by: by, note: "split from \(row.id)", why: createdWhy(task, trace: nil, zone: d.site.zone))
        if task.isDesk { sendToDesk(&task, &d) } else { place(&task, &d) }
        enter(nil, task, &d)
        return .made(id)
    }

    enum SplitResult {
        case made(TaskID)
        case refused(String)
    }
}

extension WorkTask {
    /// Callers wait for its end.
    var hasCallers: Bool { !joins.isEmpty || callers > 1 }
}

extension Deliberation {
    mutating func call(_ calls: Calls) { decision.changes.append(.calls(calls)) }

    /// A line of the task about somebody else's report.
    mutating func note(_ row: WorkTask, _ event: HistoryEvent, by: String, report: String, customer: CustomerID?, rule: String, note: String?) {
        decision.history.append(
            HistoryLine(
                task: row.id, revision: row.revision, at: now, event: event, by: by, crew: row.crew, department: row.department, rule: rule, report: report,
                customer: customer, note: note))
    }

    /// The incident is over: who called is told by the channel `customer`, where the rules have one.
    mutating func tellCallers(_ row: WorkTask) {
        guard row.hasCallers else { return }
        tellCaller(row, CallerRecord(report: row.reports.first ?? "", source: row.source, customer: row.customer, at: row.reportedAt, place: row.place))
        guard row.callers > 1 else { return }
        let hasChannel = site.channels["customer"] != nil
        note(row, .callers_told, note: hasChannel ? "\(row.callers) callers" : "\(row.callers) callers; there is no channel 'customer' to tell them by")
        if hasChannel { call(.tell(.task(row.id), notice(row, to: ""))) }
    }

    /// One caller is told that supply is back.
    mutating func tellCaller(_ row: WorkTask, _ caller: CallerRecord) {
        guard site.channels["customer"] != nil else { return }
        decision.notices.append(notice(row, to: caller.customer?.rawValue ?? caller.report))
    }

    private mutating func notice(_ row: WorkTask, to: String) -> Notice {
        var notice = Notice(
            id: nextNoticeID("\(row.id)/\(row.revision)"), task: row.id, event: .restored, to: to, channel: "customer", at: now)
        notice.text = site.texts.filled(.restored, ["task": Translation(row.id.description)])
        return notice
    }
}

/// What becomes of the calls that have no task of their own.
package enum Calls: Sendable, Hashable {
    case add(CallHolder, [CallerRecord])
    case move(from: TaskID, to: TaskID)
    /// The first of them is what the new task began with.
    case split(from: TaskID, to: TaskID, first: InputKey, others: [InputKey])
    /// Each is told: one notice for each, with the caller as its recipient.
    case tell(CallHolder, Notice)
}

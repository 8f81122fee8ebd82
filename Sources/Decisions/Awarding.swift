// Which contractor gets works that the utility pays for (配套工程), and why.
//
// Turns: each contractor has a counter that grows by a turn with each job it is given; a turn is the shorter the larger the share of its tier
// (`Ratings.turn / share`, whole numbers). Next is whoever would have the least after its next turn; of several the one with the better rating, then
// byte order. So A gets three jobs for C's one, whatever came before, and who comes back begins where the one is who has had least.
// Who declines, or lets the accept limit pass, has had its turn.
//
// The task stands on the desk of the department that awards it, with the contractor as its assignee. A hand may give it to another one: against a
// suspension, a tier without a share, or a kind of works that is not among its own, but not against the law: without a valid licence, or
// excluded, nobody builds.
//
// `why` of `dispatched`, `queued` and `all_declined`:
//   {"works":"line_10kv","licence":"install","level":3,"chosen":"c-7","by_hand":"zhang",
//    "contractors":[{"contractor":"c-7","tier":"A","rating":95.2,"share":3,"turn":8,"licence_until":"2028-06-30","verdict":"chosen"},
//                   {"contractor":"c-2","tier":"D","share":0,"turn":2,"verdict":"no_share"}]}
//   Those who could have it come first, whoever is next before the others; then the rest in byte order. `turn` counts the shares of a job that it has had: the
//   counter over `Ratings.turn`.

import Domain
import Rules

/// Why a contractor was not chosen; the first that holds, in this order.
enum AwardVerdict: Sendable, Hashable, CaseIterable {
    case chosen, other_works, no_licence, excluded, suspended, no_share, declined
    /// It could have it, and another one is before it.
    case later

    var key: StaticString {
        switch self {
        case .chosen: "chosen"
        case .other_works: "other_works"
        case .no_licence: "no_licence"
        case .excluded: "excluded"
        case .suspended: "suspended"
        case .no_share: "no_share"
        case .declined: "declined"
        case .later: "later"
        }
    }
}

/// A contractor of the roster, as it stands for one task.
struct AwardCandidate: Sendable {
    var contractor: Contractor
    var record: ContractorRecord
    var share: Int
    var licence: Licence?
    /// `later` for those who could have it.
    var verdict: AwardVerdict

    /// What its counter would be after its next turn.
    var next: Int64 { record.counter + (share > 0 ? Ratings.turn / Int64(share) : Ratings.turn) }

    static func isBefore(_ a: AwardCandidate, _ b: AwardCandidate) -> Bool {
        if a.next != b.next { return a.next < b.next }
        if a.record.rating ?? -1 != b.record.rating ?? -1 { return a.record.rating ?? -1 > b.record.rating ?? -1 }
        return a.contractor.id < b.contractor.id
    }
}

extension DispatchState {
    /// The kind of works that a task is for a contractor; nil: it is for none. A stage goes by the plan of its case, any other task by its rule
    /// as it stands now.
    func works(of row: WorkTask) -> String? {
        if let kase = row.kase {
            guard let plan = cases[kase].flatMap({ plans[$0.row.plan]?.plan }), let stage = plan.stages.first(where: { $0.name == row.task }),
                case .contractor(let works, _) = stage.assign
            else { return nil }
            return works
        }
        guard case .contractor(let works, _)? = rules.rule(named: row.rule)?.assign else { return nil }
        return works
    }

    /// Somebody of the roster builds; else the departments award by hand, as they do without the module.
    var hasContractors: Bool { rules.site.contractors.contractors.values.contains { !$0.isSupplier } }

    /// Every contractor of the roster for one task: those who could have it first, in the order of their turns, then the others in byte order.
    func candidates(for works: String, _ passedBy: [ContractorID], _ d: inout Deliberation) -> [AwardCandidate] {
        let book = d.site.contractors
        let today = d.site.zone.date(at: d.now)
        var able: [AwardCandidate] = []
        var others: [AwardCandidate] = []
        for id in book.ids {
            guard let contractor = book.contractors[id], !contractor.isSupplier else { continue }
            let record = record(of: contractor, &d)
            var candidate = AwardCandidate(
                contractor: contractor, record: record, share: book.ratings.share(of: record.tier),
                licence: book.works[works].flatMap { book.licence(of: contractor, for: $0, on: today) }, verdict: .later)
            if !contractor.works.contains(works) {
                candidate.verdict = .other_works
            } else if !book.isLicensed(contractor, for: works, on: today) {
                candidate.verdict = .no_licence
            } else if record.excluded?.holds(at: d.now) ?? false {
                candidate.verdict = .excluded
            } else if record.suspended?.holds(at: d.now) ?? false {
                candidate.verdict = .suspended
            } else if candidate.share == 0 {
                candidate.verdict = .no_share
            } else if passedBy.contains(id) {
                candidate.verdict = .declined
            }
            if candidate.verdict == .later { able.append(candidate) } else { others.append(candidate) }
        }
        return able.sorted(by: AwardCandidate.isBefore) + others
    }

    /// To the contractor whose turn it is; else onto the department's desk, whose head is told. The caller enters the row.
    mutating func award(_ row: inout WorkTask, works: String, _ d: inout Deliberation) {
        guard hasContractors else {
            sendToDesk(&row, &d)
            return
        }
        // Who has come onto the roster since the last look takes part.
        reassessContractorsIfDue(&d)
        var candidates = candidates(for: works, row.passedBy, &d)
        if let first = candidates.first, first.verdict == .later {
            candidates[0].verdict = .chosen
            let why = awardWhy(works, candidates, byHand: nil, d.site)
            give(&row, to: first, note: nil, why: why, &d)
            return
        }
        let why = awardWhy(works, candidates, byHand: nil, d.site)
        guard !row.passedBy.isEmpty else {
            // Nobody is qualified: asking again would find nobody. The department awards it by hand.
            sendToDesk(&row, why: why, &d)
            d.tellHead(row, .unassigned)
            return
        }
        row.state = .queued
        row.since = d.now
        row.contractor = nil
        row.resetClock(.accept)
        row.askAgainAt = d.now + max(d.site.askAgainAfter, .seconds(1))
        d.note(row, .all_declined, why: why)
        d.tellHead(row, .unassigned)
    }

    /// Lays the task on the department's desk with a contractor as its assignee, and tells that one. It has had a turn.
    private mutating func give(_ row: inout WorkTask, to candidate: AwardCandidate, by: String = paidan, note: String?, why: [UInt8]?, _ d: inout Deliberation) {
        var record = candidate.record
        if candidate.share > 0 { record.counter = candidate.next }
        record.awarded += 1
        enter(record, &d)
        hand(&row, to: candidate.contractor.id, by: by, note: note, why: why, &d)
    }

    /// The same without a turn: the task comes back to the one who had it.
    func hand(_ row: inout WorkTask, to contractor: ContractorID, by: String = paidan, note: String? = nil, why: [UInt8]? = nil, _ d: inout Deliberation) {
        row.state = .dispatched
        row.suspendedFrom = nil
        row.since = d.now
        row.isDesk = true
        row.crew = nil
        row.contractor = contractor
        row.askAgainAt = nil
        row.startClock(.accept, at: d.now, rules)
        let text = "contractor \(contractor), awarded by \(row.department)"
        d.note(row, .dispatched, by: by, note: note.map { "\(text); \($0)" } ?? text, why: why)
        d.tell(row, .dispatched, contractor: contractor, due: row.clock(.accept)?.due)
    }

    /// The contractor does not take the task, or not in time: to the next one.
    mutating func passOnByContractor(_ row: inout WorkTask, _ contractor: ContractorID, _ event: HistoryEvent, by: String, note: String?, _ d: inout Deliberation) {
        d.note(row, event, by: by, note: ([contractor.rawValue] + (note.map { [$0] } ?? [])).joined(separator: "; "))
        if !row.passedBy.contains(contractor) { row.passedBy.append(contractor) }
        if event == .accept_timeout || by != contractor.rawValue { d.tell(row, .withdrawn, contractor: contractor) }
        takeBack(from: contractor, &d)
        row.contractor = nil
        if let works = works(of: row) { award(&row, works: works, &d) } else { sendToDesk(&row, &d) }
    }

    /// It has had its turn, but not the job.
    mutating func takeBack(from contractor: ContractorID, _ d: inout Deliberation) {
        guard var record = contractors[contractor] else { return }
        record.awarded = max(0, record.awarded - 1)
        enter(record, &d)
    }

    // MARK: By hand

    /// Gives a task to a contractor by hand. Returns an outcome where nothing is to be entered.
    mutating func assign(_ row: inout WorkTask, to contractor: Contractor, by: String, note: String?, _ d: inout Deliberation) -> Outcome? {
        let name = contractor.id.rawValue
        guard let works = works(of: row) else {
            return .rejected(
                "\(row.id) is no works that the utility awards: nothing says which kind of works it is ('contractor: tiered' in its stage or rule), and a customer's own works are the customer's to give")
        }
        guard !contractor.isSupplier else { return .rejected("'\(name)' supplies equipment and builds nothing (contractors.yaml, suppliers:)") }
        let isSuspendedTask = row.state == .suspended
        if row.contractor == contractor.id, row.state != .queued, !isSuspendedTask {
            d.aside = "\(row.id) is with '\(name)' already: nothing changed"
            return .accepted(tasks: [row.id], rule: nil)
        }
        var candidates = candidates(for: works, [], &d)
        guard let place = candidates.firstIndex(where: { $0.contractor.id == contractor.id }) else { return .rejected("'\(name)' is not on the roster any more") }
        let record = candidates[place].record
        if let reason = whatForbids(contractor.id, works, d) { return .rejected("\(reason); assign it to another one") }
        var marks: [String] = []
        if record.suspended?.holds(at: d.now) ?? false { marks.append("suspended" + (record.suspended?.until.map { " until \(d.site.zone.date(at: $0))" } ?? "")) }
        if !contractor.works.contains(works) { marks.append("'\(works)' is not among its works") }
        if candidates[place].share == 0 { marks.append("tier \(record.tier) has no share of the work") }
        if !marks.isEmpty { d.aside = "\(name): \(marks.joined(separator: ", ")); it was given the task all the same" }
        candidates[place].verdict = .chosen
        let why = awardWhy(works, candidates, byHand: by, d.site)
        if row.state == .suspended { resume(&row, by: by, at: d.now, note: nil, &d) }
        let had = row.state == .queued ? nil : row.contractor
        row.passedBy = []
        row.declined = []
        d.note(row, .assigned, by: by, note: ([name] + marks + (note.map { [$0] } ?? [])).joined(separator: "; "))
        if let had, had != contractor.id {
            d.tell(row, .withdrawn, contractor: had)
            takeBack(from: had, &d)
        } else if had == nil, row.state != .queued, row.isDesk {
            d.tell(row, .withdrawn, department: row.department)
        }
        if let crew = row.crew, row.state != .queued { d.tell(row, .withdrawn, crew: crew) }
        if had == contractor.id {
            hand(&row, to: contractor.id, by: by, why: why, &d)
        } else {
            give(&row, to: candidates[place], by: by, note: nil, why: why, &d)
        }
        return nil
    }

    /// What keeps a contractor from such works whoever wants it, as the reason of a refusal; nil: nothing does. Of one who is on the roster no more
    /// nothing is known: it finishes what it has.
    func whatForbids(_ id: ContractorID, _ works: String, _ d: Deliberation) -> String? {
        let book = d.site.contractors
        if let excluded = contractors[id]?.excluded, excluded.holds(at: d.now) {
            let until = excluded.until.map { "until \(d.site.zone.date(at: $0))" } ?? "for good"
            return "'\(id)' is excluded \(until): it gets no work before it is rectified"
        }
        guard let contractor = book.contractors[id], let wanted = book.works[works], let kind = wanted.licence,
            !book.isLicensed(contractor, for: works, on: d.site.zone.date(at: d.now))
        else { return nil }
        return
            "'\(id)' has no valid licence for '\(works)', which asks for \(kind.rawValue) of level \(wanted.level)\(wanted.level > 1 ? " or higher" : ""): the law lets nobody build without (contractors.yaml, licences:)"
    }

    /// A contractor's jobs that are done, as its tasks are.
    mutating func count(_ before: WorkTask?, _ after: WorkTask, _ d: inout Deliberation) {
        func isDone(_ row: WorkTask?) -> Bool { row.map { $0.state == .completed || $0.state == .closed } ?? false }
        guard let contractor = after.contractor, isDone(after), !isDone(before), var record = contractors[contractor] else { return }
        record.done += 1
        enter(record, &d)
    }
}

func awardWhy(_ works: String, _ candidates: [AwardCandidate], byHand: String?, _ site: Site) -> [UInt8] {
    let wanted = site.contractors.works[works]
    var json = JSONWriter(capacity: 1_024)
    json.object { json in
        json.field("works", works)
        json.field("licence", wanted?.licence?.rawValue)
        if wanted?.licence != nil { json.field("level", wanted?.level) }
        json.field("chosen", candidates.first { $0.verdict == .chosen }?.contractor.id.rawValue)
        json.field("by_hand", byHand)
        json.key("contractors")
        json.array { json in
            for candidate in candidates {
                json.object { json in
                    json.field("contractor", candidate.contractor.id.rawValue)
                    json.field("tier", candidate.record.tier)
                    json.field("rating", candidate.record.rating.map { Double($0) / 100 })
                    json.field("share", candidate.share)
                    json.field("turn", Int(candidate.record.counter / (Ratings.turn / 100)).asHundredths)
                    json.field("licence_until", candidate.licence?.until.description)
                    json.key("verdict")
                    json.word(candidate.verdict.key)
                }
            }
        }
    }
    return json.bytes
}

extension Int {
    fileprivate var asHundredths: Double { Double(self) / 100 }
}

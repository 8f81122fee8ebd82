package import Decisions
package import Domain
package import Store

/// Keeps the books of a day from what was committed, by itself and in its own way, so that it can tell whether something
/// was lost, done twice, or asked of a crew that already had its hands full.
package struct Ledger: Sendable {
    /// One task's milestones.
    package struct Line: Sendable {
        package var reports: [String]
        package var reportedAt: Instant
        package var createdAt: Instant
        package var firstDispatch: Instant?
        package var arrived: Instant?
        package var completed: Instant?
        package var state: TaskState
        package var customersOut: Int64
        package var isEmergency: Bool
        package var limits: [LimitClock]
        /// It is a stage of this case.
        package var kase: CaseID?
    }

    package private(set) var lines: [TaskID: Line] = [:]
    /// Every case, as it stands.
    package private(set) var cases: [CaseID: WorkCase] = [:]
    /// Reports that the house has made by itself, from what devices show.
    package private(set) var own: Set<String> = []
    /// What each crew has in hand, as the history tells it.
    private var inHand: [CrewID: Set<TaskID>] = [:]
    private let capacity: [CrewID: Int]
    /// Receipts of reports: how many of each kind.
    package private(set) var receipts: [ReceiptStatus: Int] = [:]
    package private(set) var events: [HistoryEvent: Int] = [:]
    /// Every report that was accepted, and the tasks that its receipts named.
    private var accepted: [String: [TaskID]] = [:]
    /// How often a report is among the callers of somebody else's task, and how often it was answered in place of one.
    private var joined: [String: Int] = [:]
    private var answered: [String: Int] = [:]

    /// How many reports joined another's task, and how many were answered in place of one.
    package var joinedCount: Int { joined.values.count { $0 > 0 } }
    package var answeredCount: Int { answered.count }
    /// Customers' records of which tasks came: what rules about customers suggest.
    package private(set) var suggested: [String: [TaskID]] = [:]
    /// What should never be: told in words.
    package private(set) var faults: [String] = []

    package init(capacity: [CrewID: Int]) { self.capacity = capacity }

    package func line(_ task: TaskID) -> Line? { lines[task] }

    /// Counts an input that could not even be read: no turn of the house tells of it.
    package mutating func refusedUnread() { receipts[.rejected, default: 0] += 1 }

    /// Something that should never be, seen by whoever drives the day.
    package mutating func fault(_ text: String) { faults.append(text) }

    /// Takes in what one turn committed.
    package mutating func note(_ entries: [Entry]) {
        for entry in entries {
            if case .input(let input, _) = entry.stimulus, case .customer = input.body, let receipt = entry.decision.receipt, !receipt.tasks.isEmpty {
                suggested[receipt.id, default: []] += receipt.tasks
            }
            if case .input(let input, _) = entry.stimulus, case .report = input.body, let receipt = entry.decision.receipt {
                if input.key.source == Telemetry.source {
                    own.insert(receipt.id)
                } else {
                    receipts[receipt.status, default: 0] += 1
                }
                if receipt.status == .accepted {
                    if accepted[receipt.id] != nil { faults.append("report \(receipt.id) was accepted twice") }
                    accepted[receipt.id] = receipt.tasks
                }
            }
            for change in entry.decision.changes {
                switch change {
                case .task(let before, let after): note(before: before, after: after)
                case .kase(let before, let after):
                    if before != cases[after.id] { faults.append("case \(after.id) was changed as if it were another") }
                    cases[after.id] = after
                case .calls(.add(.task, let callers)): for caller in callers { joined[caller.report, default: 0] += 1 }
                case .calls(.split(_, _, let first, _)): joined[first.id, default: 0] -= 1
                case .crew, .lastTask, .customer, .forget, .lastCase, .plan, .outage, .calls, .contractor, .district: break
                }
            }
            for line in entry.decision.history {
                events[line.event, default: 0] += 1
                if line.event == .answered { answered[line.report, default: 0] += 1 }
            }
        }
    }

    private mutating func note(before: WorkTask?, after: WorkTask) {
        if before == nil, lines[after.id] != nil { faults.append("task \(after.id) was made twice") }
        if let before, let known = lines[after.id], known.state != before.state {
            faults.append("task \(after.id) was \(known.state) and was changed as if it were \(before.state)")
        }
        var line =
            lines[after.id]
            ?? Line(
                reports: after.reports, reportedAt: after.reportedAt, createdAt: after.createdAt, state: after.state,
                customersOut: after.customersOut, isEmergency: after.priority == .emergency, limits: after.limits)
        line.reports = after.reports
        line.state = after.state
        line.limits = after.limits
        line.kase = after.kase
        if after.state == .dispatched, !after.isDesk, line.firstDispatch == nil { line.firstDispatch = after.since }
        if after.state == .onsite, line.arrived == nil { line.arrived = after.since }
        if after.state == .completed, line.completed == nil { line.completed = after.since }
        lines[after.id] = line

        if let crew = before?.crew { inHand[crew]?.remove(after.id) }
        if let crew = after.crew, after.state.occupiesAssignee {
            inHand[crew, default: []].insert(after.id)
            if let most = capacity[crew], inHand[crew, default: []].count > most {
                faults.append("crew \(crew) has \(inHand[crew, default: []].count) tasks at once, and may have \(most)")
            }
        }
    }

    /// Compares the books with what was sent: every id is to be found once: a task began with it, it joined one, or it was answered.
    /// - Parameter applications: those that are each to be found in one case, which is completed, and whose tasks are its stages alone.
    /// - Returns: what is wrong, in words; empty: nothing lost, nothing twice, no crew on two jobs.
    package func check(sent ids: [String], applications: [String] = []) -> [String] {
        var found: [String: Int] = [:]
        for line in lines.values where line.kase == nil && line.state != .merged {
            if let first = line.reports.first { found[first, default: 0] += 1 }
        }
        for (report, times) in joined where times > 0 { found[report, default: 0] += times }
        for (report, times) in answered { found[report, default: 0] += times }
        var all = faults
        for id in ids + own.sorted() {
            switch found[id, default: 0] {
            case 0: all.append("report \(id) has no task: lost")
            case 1: break
            case let many: all.append("report \(id) has \(many) tasks")
            }
            if accepted[id] == nil { all.append("report \(id) was never accepted") }
        }
        for id in applications {
            let opened = cases.values.filter { $0.application == id }
            if opened.count != 1 { all.append("application \(id) has \(opened.count) cases") }
            for kase in opened where kase.state != .completed { all.append("case \(kase.id) is \(kase.state.rawValue) at the end of the day") }
        }
        for kase in cases.values.sorted(by: { $0.id < $1.id }) {
            let tasks = lines.values.count { $0.kase == kase.id }
            let rounds = kase.stages.reduce(0) { $0 + Int($1.rounds) }
            if tasks != rounds { all.append("case \(kase.id) has \(tasks) tasks for \(rounds) rounds of its stages") }
        }
        for (record, tasks) in suggested.sorted(by: { $0.key < $1.key }) where found[record, default: 0] != tasks.count {
            all.append("the record \(record) has \(found[record, default: 0]) tasks for \(tasks.count) suggestions")
        }
        let strangers = Set(found.keys).subtracting(ids).subtracting(own).subtracting(suggested.keys)
        for id in strangers.sorted() { all.append("there is a task of a report that nobody sent: \(id)") }
        return all
    }
}

/// Middle and tail of a list of times.
package struct Spread: Sendable {
    private let sorted: [Int64]

    package init(_ spans: some Sequence<TimeSpan>) { sorted = spans.map(\.milliseconds).sorted() }

    package var count: Int { sorted.count }
    package var longest: TimeSpan { TimeSpan(milliseconds: sorted.last ?? 0) }
    package var mean: TimeSpan { TimeSpan(milliseconds: sorted.isEmpty ? 0 : sorted.reduce(0, +) / Int64(sorted.count)) }

    /// Linear between the two nearest ranks, as numpy's `percentile` has it; 0 ... 100.
    package func percentile(_ percent: Double) -> TimeSpan {
        guard let last = sorted.last else { return .zero }
        let rank = percent / 100 * Double(sorted.count - 1)
        let low = Int(rank)
        guard low + 1 < sorted.count else { return TimeSpan(milliseconds: last) }
        let part = rank - Double(low)
        return TimeSpan(milliseconds: Int64((Double(sorted[low]) * (1 - part) + Double(sorted[low + 1]) * part).rounded()))
    }
}

// The state of the house: the rows (open tasks, crews, the last number given), and indexes that are derived from the rows and the
// rules in force. `apply` and `revert` keep both in step; nothing else changes a row.
//
// Undo: each change carries the row before it, so a batch that can't be committed is taken back by reverting its changes in
// reverse order. What time alone has done (a shift that began) is not a change and is not taken back: a crew that a revert sets
// free is `fresh` again, `nextDue` says so, and the next decision offers it what waits.

package import Domain
import HeapModule
import Planning
package import Rules

/// A row with its next timer. A class so that the table stays small and a change moves one pointer.
final class TaskBox: Sendable {
    let row: WorkTask
    /// When something is due for it; nil: nothing is.
    let due: Instant?
    init(row: WorkTask, due: Instant?) {
        self.row = row
        self.due = due
    }
}

/// An entry of the timer heap. It counts only while its task still has this very instant as its next timer.
struct TimerEntry: Comparable, Sendable {
    var at: Instant
    var task: TaskID
    static func < (a: TimerEntry, b: TimerEntry) -> Bool { a.at != b.at ? a.at < b.at : a.task < b.task }
}

/// A running limit's deadline, for counting what is overdue.
struct DeadlineEntry: Comparable, Sendable {
    var due: Instant
    var task: TaskID
    static func < (a: DeadlineEntry, b: DeadlineEntry) -> Bool { a.due != b.due ? a.due < b.due : a.task < b.task }
}

/// A case's row with its next timer.
final class CaseBox: Sendable {
    let row: WorkCase
    let due: Instant?
    init(row: WorkCase, due: Instant?) {
        self.row = row
        self.due = due
    }
}

/// An entry of the cases' timer heap: counts only while its case still has this very instant as its next timer.
struct CaseTimer: Comparable, Sendable {
    var at: Instant
    var kase: CaseID
    static func < (a: CaseTimer, b: CaseTimer) -> Bool { a.at != b.at ? a.at < b.at : a.kase < b.kase }
}

package struct DispatchState: Sendable {
    private(set) var boxes: [TaskID: TaskBox] = [:]
    /// Cases that are not final.
    private(set) var cases: [CaseID: CaseBox] = [:]
    /// The plans that open cases go by, under the rules in force.
    private(set) var plans: [String: CompiledPlan] = [:]
    /// How many open cases go by each plan.
    private var planUses: [String: Int] = [:]
    /// The last number given to a case; day 0 and number 0: none yet.
    package private(set) var lastCase: CaseID
    private var caseTimers = Heap<CaseTimer>()
    /// What is known of crews beyond the roster.
    package private(set) var crews: [CrewID: CrewRecord] = [:]
    /// What is known of contractors and suppliers beyond the roster.
    package private(set) var contractors: [ContractorID: ContractorRecord] = [:]
    /// When one of them may come to stand otherwise without anything being said of it.
    private(set) var contractorsDue: Instant?
    /// The rules are others, or a change was taken back: who is on the roster has to be looked at again.
    private(set) var areContractorsStale = false
    /// The last number given to a task; day 0 and number 0: none yet.
    package private(set) var lastTask: TaskID
    /// The rules from which the indexes are derived.
    package private(set) var rules: RuleSet
    /// The instant up to which duty is known: that of the last decision.
    package private(set) var clock: Instant

    /// How many open tasks had a deadline moved when the rules were last put in force: the calendar was edited.
    package private(set) var retimed = 0

    /// Known interruptions that are not over, and the same for conditions to ask.
    package private(set) var outages: [OutageID: OutageRecord] = [:]
    package private(set) var outageBook = OutageBook()
    /// When the first of them is over.
    private(set) var outageDue: Instant?
    /// When somebody is to be told of one.
    private(set) var noticeDue: Instant?
    /// How many customers each account manager has.
    package private(set) var managerLoads: [RoleID: Int32] = [:]
    /// Which districts are in need, and since when.
    package private(set) var districts: [DistrictID: DistrictRecord] = [:]
    /// What there is to do in each district.
    private(set) var districtWork: [DistrictID: DistrictWork] = [:]
    /// When lending is to be looked at although nothing has changed.
    private(set) var lendingDue: Instant?
    /// Lending rules whose conditions have failed: each is named once.
    var failedLending: Set<String> = []
    /// Incidents that later reports can join.
    private(set) var joinable = JoinIndex()

    var roster: Roster
    private(set) var timers = Heap<TimerEntry>()
    private(set) var deadlines = SortedChunks<DeadlineEntry>()
    private var counts: [TaskState: Int] = [:]

    /// From the rows of the store: open tasks (final ones are left out), crews, and the last number given.
    package init(
        tasks: [WorkTask], crews: [CrewRecord], lastTask: TaskID?, cases: [WorkCase] = [], plans: [ProcessPlan] = [], lastCase: CaseID? = nil,
        outages: [OutageRecord] = [], contractors: [ContractorRecord] = [], districts: [DistrictRecord] = [], managerLoads: [RoleID: Int32] = [:], rules: RuleSet, at now: Instant
    ) {
        self.lastTask = lastTask ?? .none
        self.lastCase = lastCase ?? CaseID(day: 0, number: 0)
        self.rules = rules
        clock = now
        self.managerLoads = managerLoads
        for record in crews { self.crews[record.id] = record }
        for record in contractors { self.contractors[record.id] = record }
        for record in districts { self.districts[record.id] = record }
        roster = Roster(rules.site, records: self.crews, lends: false, at: now)
        boxes.reserveCapacity(tasks.count)
        for task in tasks where !task.state.isFinal { boxes[task.id] = TaskBox(row: task, due: nil) }
        for row in cases where !row.state.isFinal {
            self.cases[row.id] = CaseBox(row: row, due: nil)
            planUses[row.plan, default: 0] += 1
        }
        for row in outages where !row.state.isFinal { set(nil, row) }
        for plan in plans where planUses[plan.digest] != nil { self.plans[plan.digest] = rules.compiled(plan) }
        derive()
    }

    /// Puts another rule set in force: the roster and every index are derived again, the rows stay as they are.
    package mutating func adopt(_ rules: RuleSet, at now: Instant) {
        self.rules = rules
        clock = now
        // Nothing is under way: what no open case goes by can't come back.
        plans = plans.filter { planUses[$0.key] != nil }.mapValues { rules.compiled($0.plan) }
        derive()
    }

    /// Every index from the rows. A crew that could take something that waits is fresh, every other that has a hand free is free.
    private mutating func derive() {
        retimed = 0
        joinable = JoinIndex()
        roster = Roster(rules.site, records: crews, lends: lends, at: clock)
        districtWork = [:]
        failedLending = []
        deadlines = SortedChunks()
        counts = [:]
        let ids = boxes.keys.sorted()
        var entries: [TimerEntry] = []
        entries.reserveCapacity(ids.count)
        for id in ids {
            guard var row = boxes[id]?.row else { continue }
            // Deadlines in working days go by the calendar in force.
            if row.retime(rules) { retimed += 1 }
            let due = nextTimer(of: row)?.at
            boxes[id] = TaskBox(row: row, due: due)
            joinable.replace(nil, row, rules)
            count(nil, row)
            if let due { entries.append(TimerEntry(at: due, task: id)) }
            if let due = row.runningDeadline { deadlines.insert(DeadlineEntry(due: due, task: id)) }
            counts[row.state, default: 0] += 1
            if let crew = row.occupiedCrew { roster.addLoad(crew, 1) }
        }
        timers = Heap(entries)
        for id in ids {
            if let row = boxes[id]?.row, row.isWaiting { roster.wait(row) }
        }
        roster.giveBackFresh(roster.crews.indices.filter { firstWaiting(for: $0) != nil })
        var caseEntries: [CaseTimer] = []
        for id in cases.keys.sorted() {
            guard var row = cases[id]?.row else { continue }
            if row.total?.retime(rules) == true { retimed += 1 }
            let due = nextTimer(of: row)?.at
            cases[id] = CaseBox(row: row, due: due)
            if let due { caseEntries.append(CaseTimer(at: due, kase: id)) }
        }
        caseTimers = Heap(caseEntries)
        // How long one lasts beyond its time, and who is told of it when, goes by the rules.
        outageBook = OutageBook()
        for id in outages.keys.sorted() { if let row = outages[id] { outageBook.add(span(of: row), at: row.place) } }
        setOutagesDue()
        areContractorsStale = !rules.site.contractors.contractors.isEmpty
        setContractorsDue()
    }

    private mutating func setContractorsDue() {
        let book = rules.site.contractors
        contractorsDue = contractors.values.compactMap { record in
            book.contractors[record.id].flatMap { record.nextDue($0, book, after: clock, in: rules.site.zone) }
        }.min()
    }

    /// Everybody of the roster was looked at.
    mutating func contractorsAreKnown() {
        areContractorsStale = false
        setContractorsDue()
    }

    /// The first task in the order of the queues that a crew can take: able, in reach, and not declined in this round.
    func firstWaiting(for slot: Int) -> QueueKey? {
        let crew = roster.crews[slot].id
        return roster.firstWaiting(for: slot) { id in
            guard let row = boxes[id]?.row, let coordinate = row.place.coordinate, !row.declined.contains(crew) else { return false }
            return roster.field.reaches(slot, coordinate, within: row.within)
        }
    }

    // MARK: Looking

    /// A task that is not final.
    package func task(_ id: TaskID) -> WorkTask? { boxes[id]?.row }

    package var openCount: Int { boxes.count }

    /// All open tasks in the order of their numbers. Costs a sort.
    package var openTasks: [WorkTask] { boxes.keys.sorted().compactMap { boxes[$0]?.row } }

    /// When something is due at the earliest: a task's timer, a change of shift, a licence that runs out or a job
    /// that counts no more, or crews that have not been offered what waits.
    package var nextDue: Instant? {
        if !roster.fresh.isEmpty || areContractorsStale { return clock }
        if !roster.touched.isEmpty { return clock }
        let task = [timers.min?.at, caseTimers.min?.at, outageDue, noticeDue, contractorsDue, lendingDue].compactMap { $0 }.min()
        let shift = roster.nextDutyChange
        if shift == .distantFuture { return task }
        return task.map { min($0, shift) } ?? shift
    }

    /// The next timer of a task, for the tick.
    var firstTimer: TimerEntry? { timers.min }
    /// The next timer of a case.
    var firstCaseTimer: CaseTimer? { caseTimers.min }

    /// A case that is not final.
    package func kase(_ id: CaseID) -> WorkCase? { cases[id]?.row }
    package var openCaseCount: Int { cases.count }
    /// The plans that open cases go by, by their digests.
    package var compiledPlans: [String: CompiledPlan] { plans }
    /// All open cases in the order of their numbers. Costs a sort.
    package var openCases: [WorkCase] { cases.keys.sorted().compactMap { cases[$0]?.row } }
    /// How many open cases have passed their whole limit. Costs a look at each.
    package func overdueCaseCount(at now: Instant) -> Int { cases.values.count { $0.row.total?.isOverdue(at: now) ?? false } }

    // MARK: Changing

    /// Puts a change into the rows and every index.
    package mutating func apply(_ change: Change) {
        switch change {
        case .task(let before, let after): replace(before, by: after)
        case .crew(_, let after): set(after.id, after)
        case .lastTask(_, let after): lastTask = after
        case .customer(let before, let after): load(before?.manager, after?.manager)
        case .forget: break
        case .kase(let before, let after): replace(before, by: after)
        case .lastCase(_, let after): lastCase = after
        case .plan(let plan): if plans[plan.digest] == nil { plans[plan.digest] = rules.compiled(plan) }
        case .outage(let before, let after): set(before, after)
        case .calls: break
        case .contractor(_, let after):
            contractors[after.id] = after
            setContractorsDue()
        case .district(_, let after): districts[after.id] = after.needs.isEmpty ? nil : after
        }
    }

    /// Takes back a change that was applied; changes are taken back in reverse order.
    package mutating func revert(_ change: Change) {
        switch change {
        case .task(let before, let after): replace(after, by: before)
        case .crew(let before, let after): set(after.id, before)
        case .lastTask(let before, _): lastTask = before
        case .customer(let before, let after): load(after?.manager, before?.manager)
        case .forget: break
        case .kase(let before, let after): replace(after, by: before)
        case .lastCase(let before, _): lastCase = before
        // One that nobody goes by does no harm; it is written again with the case that needs it.
        case .plan(let plan): if planUses[plan.digest] == nil { plans[plan.digest] = nil }
        case .outage(let before, let after): set(after, before)
        case .calls: break
        case .contractor(let before, let after):
            contractors[after.id] = before
            // What time had done to it is to be done again.
            areContractorsStale = true
            setContractorsDue()
        case .district(let before, let after):
            districts[after.id] = before
            roster.touch(after.id)
        }
    }

    /// Duty as it is at `now`. Not a change: it follows from the rows, the rules and the instant.
    mutating func advance(to now: Instant) {
        let isBack = now < clock
        clock = now
        roster.advance(to: now, isBack: isBack, records: crews, zone: rules.site.zone)
    }

    /// Whether crews are lent, or may be.
    private var lends: Bool { !rules.lending.isEmpty || !districts.isEmpty || crews.values.contains { $0.loan != nil } }

    /// The work of its district.
    private mutating func count(_ old: WorkTask?, _ new: WorkTask?) {
        let before = old.flatMap { DistrictWork($0) }
        let after = new.flatMap { DistrictWork($0) }
        guard before != after || old?.place.district != new?.place.district else {
            // Who may be asked for it is another.
            if new?.isWaiting ?? false { roster.touch(new?.place.district) }
            return
        }
        for (district, work, sign) in [(old?.place.district, before, -1), (new?.place.district, after, 1)] {
            guard let district, let work else { continue }
            districtWork[district, default: DistrictWork()].add(work, times: sign)
            roster.touch(district)
        }
    }

    /// Lending was looked at: when it must be again.
    mutating func setLendingDue(_ due: Instant?) { lendingDue = due }

    private mutating func load(_ old: RoleID?, _ new: RoleID?) {
        guard old != new else { return }
        if let old {
            managerLoads[old, default: 0] -= 1
            if managerLoads[old] == 0 { managerLoads[old] = nil }
        }
        if let new { managerLoads[new, default: 0] += 1 }
    }

    private mutating func set(_ old: OutageRecord?, _ new: OutageRecord?) {
        if let old = old.flatMap({ outages[$0.id] }) {
            outageBook.remove(span(of: old), at: old.place)
            outages[old.id] = nil
        }
        if let new, !new.state.isFinal {
            outageBook.add(span(of: new), at: new.place)
            outages[new.id] = new
        }
        setOutagesDue()
    }

    private func span(of row: OutageRecord) -> OutageBook.Span { OutageBook.Span(from: row.from, until: coveredUntil(row)) }

    private mutating func setOutagesDue() {
        outageDue = outages.values.map { nextEnd(of: $0) }.min()
        noticeDue = outages.values.compactMap { nextNotice(of: $0) }.min()
    }

    private mutating func set(_ id: CrewID, _ record: CrewRecord?) {
        crews[id] = record
        roster.update(id, record, site: rules.site, at: clock)
    }

    private mutating func replace(_ old: WorkTask?, by new: WorkTask?) {
        let old = old.flatMap { $0.state.isFinal ? nil : $0 }
        let new = new.flatMap { $0.state.isFinal ? nil : $0 }
        guard let id = (new ?? old)?.id else { return }

        if old?.state != new?.state {
            if let state = old?.state { counts[state, default: 0] -= 1 }
            if let state = new?.state { counts[state, default: 0] += 1 }
        }

        let oldKey = old.flatMap { $0.isWaiting ? WaitingPlace($0) : nil }
        let newKey = new.flatMap { $0.isWaiting ? WaitingPlace($0) : nil }
        if oldKey != newKey {
            if let old, oldKey != nil { roster.waitNoMore(old) }
            if let new, newKey != nil { roster.wait(new) }
        }

        joinable.replace(old, new, rules)
        count(old, new)

        let oldCrew = old?.occupiedCrew
        let newCrew = new?.occupiedCrew
        if oldCrew != newCrew {
            if let oldCrew { roster.addLoad(oldCrew, -1) }
            if let newCrew { roster.addLoad(newCrew, 1) }
        }

        let oldDeadline = old?.runningDeadline
        let newDeadline = new?.runningDeadline
        if oldDeadline != newDeadline {
            if let oldDeadline { deadlines.remove(DeadlineEntry(due: oldDeadline, task: id)) }
            if let newDeadline { deadlines.insert(DeadlineEntry(due: newDeadline, task: id)) }
        }

        let oldDue = boxes[id]?.due
        if let new {
            let due = nextTimer(of: new)?.at
            boxes[id] = TaskBox(row: new, due: due)
            if let due, due != oldDue { timers.insert(TimerEntry(at: due, task: id)) }
        } else {
            boxes[id] = nil
        }
        tidyTimers()
    }

    private mutating func replace(_ old: WorkCase?, by new: WorkCase?) {
        let old = old.flatMap { $0.state.isFinal ? nil : $0 }
        let new = new.flatMap { $0.state.isFinal ? nil : $0 }
        guard let id = (new ?? old)?.id else { return }
        if old?.plan != new?.plan {
            if let plan = old?.plan {
                planUses[plan, default: 0] -= 1
                if planUses[plan, default: 0] <= 0 { planUses[plan] = nil }
            }
            if let plan = new?.plan { planUses[plan, default: 0] += 1 }
        }
        let oldDue = cases[id]?.due
        if let new {
            let due = nextTimer(of: new)?.at
            cases[id] = CaseBox(row: new, due: due)
            if let due, due != oldDue { caseTimers.insert(CaseTimer(at: due, kase: id)) }
        } else {
            cases[id] = nil
        }
        while let top = caseTimers.min, cases[top.kase]?.due != top.at { caseTimers.removeMin() }
        guard caseTimers.count > 64 + 2 * cases.count else { return }
        caseTimers = Heap(cases.keys.sorted().compactMap { id in cases[id]?.due.map { CaseTimer(at: $0, kase: id) } })
    }

    /// Keeps the top of the heap true, and the heap no more than twice as large as the open tasks.
    private mutating func tidyTimers() {
        while let top = timers.min, boxes[top.task]?.due != top.at { timers.removeMin() }
        guard timers.count > 64 + 2 * boxes.count else { return }
        timers = Heap(boxes.keys.sorted().compactMap { id in boxes[id]?.due.map { TimerEntry(at: $0, task: id) } })
    }

    // MARK: Counting

    /// How many open tasks stand in a state.
    package func count(of state: TaskState) -> Int { counts[state] ?? 0 }

    /// How many open tasks have an arrival or restoration limit that has passed and is not reached.
    package func overdueCount(at now: Instant) -> Int {
        deadlines.count(before: DeadlineEntry(due: now, task: TaskID(day: 0, number: 0)))
    }

    package var crewsOnDuty: Int { roster.onDutyCount }
    package var crewCount: Int { roster.crews.count }
}

/// What decides where a waiting task stands and who can take it.
private struct WaitingPlace: Equatable {
    var key: QueueKey
    var wanted: WantedCrew
    var within: Int?
    var coordinate: Coordinate?
    init(_ task: WorkTask) {
        key = QueueKey(task)
        wanted = task.wanted
        within = task.within
        coordinate = task.place.coordinate
    }
}

extension WorkTask {
    /// In a queue that crews take from. A task that nobody can place waits too, but only for a hand.
    var isWaiting: Bool { state == .queued && !isDesk && place.coordinate != nil }

    /// The crew whose capacity it counts against.
    var occupiedCrew: CrewID? { state.occupiesAssignee && !isDesk ? crew : nil }

    /// The earliest deadline of a running arrival or restoration limit.
    package var runningDeadline: Instant? {
        var earliest: Instant?
        for clock in limits where clock.name != .accept && clock.state == .running {
            guard let due = clock.due else { continue }
            earliest = earliest.map { min($0, due) } ?? due
        }
        return earliest
    }
}

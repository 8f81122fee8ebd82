package import Domain
import Rules

/// Adds up tasks and cases as they are read, one by one: memory holds sums, the lengths whose percentiles are wanted, and the stages of
/// finished cases; never rows.
///
/// Cases come first (a case says who builds for it), then tasks, then the tasks that `missing` asks for; `finish` gives the figures.
package struct FigureCollector: Sendable {
    private let request: FigureRequest
    private let book: PlanBook
    private let time: WorkTime
    package var names = NameTable()

    private struct Key: Hashable {
        var a: Int32
        var b: Int32
    }

    /// One group of tasks.
    struct Group: Sendable {
        var done = 0
        var open = 0
        var cancelled = 0
        var lengths = Durations()
        var late = LateFigure()
        var waits = SharedWaits()
        var firstTime = ShareFigure()
        var satisfaction = SatisfactionFigure()
        /// By `LimitName.place`.
        var limits: [LateFigure] = []
        /// Of its last task: of the one that ended last, or of an open one.
        var department: Int32 = 0
        var departmentAt = Instant(milliseconds: .min)

        mutating func add(_ name: LimitName, timed: Int, late: Int) {
            if limits.isEmpty { limits = Array(repeating: LateFigure(), count: LimitName.allCases.count) }
            limits[name.place].timed += timed
            limits[name.place].late += late
        }

        mutating func name(_ department: Int32, at end: Instant) {
            guard end >= departmentAt else { return }
            self.department = department
            departmentAt = end
        }
    }

    private enum Axis: Int, CaseIterable { case department, crew, district, tier, contractor }

    // Each task is of some six groups: they stand in one array, and are found by number.
    private var groups: [Group] = []
    private var works: [Key: Int] = [:]
    private var stages: [Key: Int] = [:]
    /// By axis, then by the name's number; -1: no such group yet.
    private var axes: [[Int]] = Axis.allCases.map { _ in [] }

    private struct Process {
        var open = 0
        /// Of those: late already.
        var openLate = 0
        /// Of those: the whole, or a stage that is open, is late already.
        var failing: Set<CaseID> = []
        var withdrawn = 0
        var cases: [CaseFact] = []
    }
    private var processes: [Int32: Process] = [:]
    private var spans = StageSpans()
    /// By the number that `spans` has for the case; 0: unknown.
    private var contractors: [Int32] = []
    /// Of stages that went from one department to another; found by `StageSpan.handover`.
    private var handovers: [[TaskFact.Handed]] = []
    private var stageTasksMissing = 0

    private var interruptions = Interruptions()
    private var interruptionsOpen = 0
    private var feeders: [Int32: Int32] = [:]
    private var unrecorded = 0
    private var weeks: [Int: WeekFigure] = [:]

    package init(_ request: FigureRequest) {
        self.request = request
        book = PlanBook(request)
        time = request.rules.site.workTime
    }

    // MARK: Cases

    /// - Parameter fact: of a case that is open, or ended in the period or after it.
    package mutating func add(_ fact: CaseFact) {
        if fact.contractor != 0 || (fact.state == .completed && isInPeriod(fact.endedAt)) {
            spans.enter(fact.id)
            contractors.append(fact.contractor)
        }
        switch fact.state {
        case .open: if request.tellsOpen { addOpen(fact) }
        case .withdrawn: if isInPeriod(fact.endedAt) { processes[fact.process, default: Process()].withdrawn += 1 }
        case .completed:
            guard isInPeriod(fact.endedAt) else { return }
            processes[fact.process, default: Process()].cases.append(fact)
        }
    }

    /// As with tasks: what is late already is late; what is not may still become so, and is no evidence.
    private mutating func addOpen(_ fact: CaseFact) {
        processes[fact.process, default: Process()].open += 1
        guard let total = fact.total?.retimed(time), total.isLate(at: request.now) else { return }
        processes[fact.process, default: Process()].openLate += 1
        processes[fact.process, default: Process()].failing.insert(fact.id)
    }

    private func isInPeriod(_ instant: Instant?) -> Bool { instant.map { $0 >= request.since && $0 < request.until } ?? false }

    // MARK: Tasks

    /// - Parameter fact: of a task that is open, or ended in the period.
    package mutating func add(_ fact: TaskFact) {
        guard let end = fact.endedAt else {
            if !fact.isDone, fact.state != .cancelled, fact.state != .merged, request.tellsOpen { addOpen(fact) }
            return
        }
        guard isInPeriod(end) else { return }
        let number = number(of: fact.kase)
        guard fact.isDone else {
            if fact.state == .cancelled || fact.state == .merged { each(fact, number) { group, _ in group.cancelled += 1 } }
            return
        }
        let late = lateness(fact)
        let length = max((end - fact.beganFor).milliseconds, 0)
        if fact.spent == nil { unrecorded += 1 }
        if fact.kase != nil {
            span(fact, late, number)
        } else {
            let feeder = fact.feeder != 0 || fact.transformer == 0 || fact.customersOut == 0 ? fact.feeder : feeder(of: fact.transformer)
            interruptions.add(fact, feeder: feeder)
        }
        let (measured, unit) = stageLength(fact, length)
        var waits = WaitSums()
        waits.add(max((end - fact.createdAt).milliseconds, 0), as: fact.spent)
        let handed = waits.parts(fact.spent, fact.handed, last: fact.department)
        let isFirst = fact.reopened == 0
        each(fact, number) { group, isOfKind in
            group.done += 1
            group.late.timed += late.timed
            group.late.late += late.late
            group.firstTime.of += 1
            if isFirst { group.firstTime.count += 1 }
            if let mark = fact.satisfaction { group.satisfaction.add(mark) }
            if isOfKind { group.waits.add(waits, of: fact.department, handed: handed) } else { group.waits.add(waits) }
            guard isOfKind else {
                group.lengths.add(length, .hours)
                return
            }
            group.lengths.add(measured, unit)
            group.name(fact.department, at: end)
            for limit in fact.limits where limit.due != nil { group.add(limit.name, timed: 1, late: limit.isLate(at: end) ? 1 : 0) }
        }
        guard !request.isLean else { return }
        // It is done with its last department; the time that others had it is theirs.
        for part in handed where part.department != 0 {
            groups[group(part.department, on: .department)].waits.add(part.waits)
            if fact.department != 0 { groups[group(fact.department, on: .department)].waits.subtract(part.waits) }
        }
        let monday = monday(before: end)
        weeks[monday, default: WeekFigure(monday: CivilDate(daysSinceEpoch: monday))].add(late)
    }

    /// The Monday of an instant's week, in days since 1970: reckoned without making a date of it, for it is asked of each task.
    private func monday(before instant: Instant) -> Int {
        let inside = min(max(instant, .first), .last)
        let local = inside.milliseconds + Int64(request.rules.site.zone.offsetSeconds(at: inside)) * 1_000
        // 1970 began on a Thursday.
        let day = Int(local >= 0 ? local / 86_400_000 : -((-local - 1) / 86_400_000) - 1)
        return day - (((day + 3) % 7) + 7) % 7
    }

    private mutating func addOpen(_ asItWas: TaskFact) {
        var fact = asItWas
        for place in fact.limits.indices where fact.limits[place].goesByCalendar { fact.limits[place] = fact.limits[place].retimed(time) }
        let late = lateness(fact).late
        if late > 0, let kase = fact.kase { processes[fact.rule, default: Process()].failing.insert(kase) }
        if fact.kase == nil, fact.customersOut > 0 { interruptionsOpen += 1 }
        let now = request.now
        let number = number(of: fact.kase)
        each(fact, number) { group, isOfKind in
            group.open += 1
            // What is late already is late; what is not may still become so, and is no evidence.
            group.late.timed += late
            group.late.late += late
            guard isOfKind else { return }
            group.name(fact.department, at: .distantFuture)
            guard late > 0 else { return }
            for limit in fact.limits where limit.isLate(at: now) { group.add(limit.name, timed: 1, late: 1) }
        }
    }

    /// Late by any limit but `accept`, which passes a task on to the next and is not what was promised to anybody.
    private func lateness(_ fact: TaskFact) -> LateFigure {
        var figure = LateFigure()
        for limit in fact.limits where limit.name != .accept && limit.due != nil {
            figure.timed = 1
            if limit.isLate(at: fact.endedAt ?? request.now) { figure.late = 1 }
        }
        return figure
    }

    /// A stage as its limit counts it; else by the clock on the wall, without pauses.
    private func stageLength(_ fact: TaskFact, _ length: Int64) -> (Int64, DurationUnit) {
        guard fact.kase != nil else { return (length, .hours) }
        for limit in fact.limits where limit.name == .stage {
            if let taken = limit.taken(time) { return (taken, limit.unit) }
        }
        return (max(length - (fact.spent?.suspended ?? 0), 0), .hours)
    }

    /// Every group that the task belongs to; the first is its kind: the rule's, or the stage.
    ///
    /// - Parameter number: of its case, where that is known.
    private mutating func each(_ fact: TaskFact, _ number: Int32?, _ body: (inout Group, _ isOfKind: Bool) -> Void) {
        body(&groups[kind(of: fact)], true)
        guard !request.isLean else { return }
        if fact.department != 0 { body(&groups[group(fact.department, on: .department)], false) }
        if fact.crew != 0 { body(&groups[group(fact.crew, on: .crew)], false) }
        if fact.district != 0 { body(&groups[group(fact.district, on: .district)], false) }
        if fact.tier != 0 { body(&groups[group(fact.tier, on: .tier)], false) }
        guard let number, contractors[Int(number)] != 0 else { return }
        body(&groups[group(contractors[Int(number)], on: .contractor)], false)
    }

    private func number(of kase: CaseID?) -> Int32? { kase.flatMap { spans.number(of: $0) } }

    private mutating func kind(of fact: TaskFact) -> Int {
        let key = Key(a: fact.rule, b: fact.task)
        if let known = fact.kase == nil ? works[key] : stages[key] { return known }
        groups.append(Group())
        if fact.kase == nil { works[key] = groups.count - 1 } else { stages[key] = groups.count - 1 }
        return groups.count - 1
    }

    private mutating func group(_ name: Int32, on axis: Axis) -> Int {
        let code = Int(name)
        if code < axes[axis.rawValue].count, axes[axis.rawValue][code] >= 0 { return axes[axis.rawValue][code] }
        while axes[axis.rawValue].count <= code { axes[axis.rawValue].append(-1) }
        groups.append(Group())
        axes[axis.rawValue][code] = groups.count - 1
        return groups.count - 1
    }

    private mutating func feeder(of transformer: Int32) -> Int32 {
        if let known = feeders[transformer] { return known }
        let id = request.rules.site.network.transformers[TransformerID(names[transformer])]?.feeder
        let feeder = id.map { names.code($0.rawValue) } ?? 0
        feeders[transformer] = feeder
        return feeder
    }

    // MARK: Stages of finished cases

    private mutating func span(_ fact: TaskFact, _ late: LateFigure, _ number: Int32?) {
        guard let kase = fact.kase, let number, let end = fact.endedAt, fact.isDone else { return }
        if !fact.handed.isEmpty { handovers.append(fact.handed) }
        spans.add(
            StageSpan(
                kase: kase.packed, task: fact.id.packed, stage: fact.task, department: fact.department, start: fact.createdAt.milliseconds,
                end: end.milliseconds, spent: fact.spent, isLate: late.late > 0, handover: fact.handed.isEmpty ? -1 : Int32(handovers.count - 1)), of: number)
    }

    /// A finished case of which not every round of every stage has come in: those tasks ended before the period.
    package struct Missing: Sendable, Hashable {
        package var kase: CaseID
        /// Tasks of last rounds.
        package var tasks: [TaskID]
        /// Tasks of earlier rounds are wanted too: the history knows them.
        package var earlierRounds: Bool
    }

    /// What must still be looked up, after the tasks of the period.
    package mutating func missing() -> [Missing] {
        spans.arrange()
        var missing: [Missing] = []
        for process in processes.values {
            for kase in process.cases {
                let mine = spans.of(kase.id)
                var wanted = Missing(kase: kase.id, tasks: [], earlierRounds: false)
                for stage in kase.stages {
                    let have = mine.count { $0.stage == stage.name }
                    guard have < Int(stage.rounds) else { continue }
                    if let task = stage.task, !mine.contains(where: { $0.task == task.packed }) { wanted.tasks.append(task) }
                    if stage.rounds > 1 { wanted.earlierRounds = true }
                }
                if !wanted.tasks.isEmpty || wanted.earlierRounds { missing.append(wanted) }
            }
        }
        return missing.sorted { $0.kase < $1.kase }
    }

    /// One of those: only for where the time of its case went.
    package mutating func addMissing(_ fact: TaskFact) {
        guard !spans.of(fact.kase ?? CaseID(packed: 0)).contains(where: { $0.task == fact.id.packed }) else { return }
        extra.append(fact)
    }

    private var extra: [TaskFact] = []

    // MARK: The end

    package mutating func finish() -> FigureReport {
        var seen: Set<TaskID> = []
        for fact in extra where seen.insert(fact.id).inserted { span(fact, lateness(fact), number(of: fact.kase)) }
        extra = []
        spans.arrange()
        var report = FigureReport(since: request.since, until: request.until, madeAt: request.now, zone: request.rules.site.zone)
        report.tellsOpen = request.tellsOpen
        if !request.isLean { addUp(&report) }
        report.processes = finishProcesses(&report)
        report.works = works.sorted { ($0.key.a, $0.key.b) < ($1.key.a, $1.key.b) }.map { key, place in
            var figure = finish(groups[place], NamedCode(names[key.a]))
            figure.work = names[key.b]
            figure.parts = parts(groups[place].waits)
            figure.department = department(groups[place].department)
            return figure
        }.sorted { ($1.done, $0.name.code, $0.work ?? "") < ($0.done, $1.name.code, $1.work ?? "") }
        report.departments = finish(.department) { name in NamedCode(name, chinese: request.rules.site.departments[DepartmentID(name)]?.name) }
        report.crews = finish(.crew) { name in NamedCode(name, chinese: request.rules.site.crews[CrewID(name)]?.name) }
        report.districts = finish(.district) { name in NamedCode(name, chinese: request.rules.site.districts[DistrictID(name)]?.name) }
        report.tiers = finish(.tier) { name in declared("tier", name) }
        report.contractors = finish(.contractor) { name in NamedCode(name) }
        report.weeks = weeks.keys.sorted().compactMap { weeks[$0] }
        finishReliability(&report)
        report.rankCosts()
        finishNotes(&report)
        return report
    }

    /// Each task is of one kind: the kinds add up to the whole.
    private func addUp(_ report: inout FigureReport) {
        for place in [works.values, stages.values].joined() {
            let group = groups[place]
            report.tasksDone += group.done
            report.tasksOpen += group.open
            report.tasksCancelled += group.cancelled
            report.firstTimeTasks.count += group.firstTime.count
            report.firstTimeTasks.of += group.firstTime.of
            report.satisfaction += group.satisfaction
        }
    }

    private func declared(_ enumeration: String, _ code: String) -> NamedCode {
        let known = request.rules.declared(enumeration, code)
        return NamedCode(code, chinese: known?.chinese, english: known?.english)
    }

    private func department(_ code: Int32) -> NamedCode? {
        guard code != 0 else { return nil }
        return NamedCode(names[code], chinese: request.rules.site.departments[DepartmentID(names[code])]?.name)
    }

    private func parts(_ waits: SharedWaits) -> [DepartmentWaits] {
        waits.parts.map { DepartmentWaits(department: department($0.department), waits: $0.waits) }
    }

    private func finish(_ group: Group, _ name: NamedCode) -> GroupFigure {
        var lengths = group.lengths
        var figure = GroupFigure(name: name)
        figure.done = group.done
        figure.open = group.open
        figure.cancelled = group.cancelled
        figure.duration = lengths.summary()
        figure.late = group.late
        figure.waits = group.waits.all
        figure.firstTime = group.firstTime
        figure.satisfaction = group.satisfaction
        for limit in LimitName.allCases where !group.limits.isEmpty && group.limits[limit.place].timed > 0 { figure.limits[limit] = group.limits[limit.place] }
        return figure
    }

    private func finish(_ axis: Axis, _ name: (String) -> NamedCode) -> [GroupFigure] {
        var figures: [GroupFigure] = []
        for (code, place) in axes[axis.rawValue].enumerated() where place >= 0 { figures.append(finish(groups[place], name(names[Int32(code)]))) }
        return figures.sorted { ($1.done, $0.name.code) < ($0.done, $1.name.code) }
    }

    private mutating func finishProcesses(_ report: inout FigureReport) -> [ProcessFigure] {
        // A process of which only stages were done in the period is one too.
        for key in stages.keys where processes[key.a] == nil { processes[key.a] = Process() }
        var figures: [ProcessFigure] = []
        for code in processes.keys.sorted() {
            guard let process = processes[code] else { continue }
            let name = names[code]
            var figure = ProcessFigure(name: book.name(name))
            figure.isInForce = book.isInForce(name)
            figure.limit = book.plan(name)?.total
            figure.open = process.open
            figure.withdrawn = process.withdrawn
            var waits: [Int32: SharedWaits] = [:]
            var joins: [Int32: Int64] = [:]
            finishCases(process.cases, name, &figure, &waits, &joins)
            figure.late.timed += process.openLate
            figure.late.late += process.openLate
            figure.passed.of += process.failing.count
            var stageCodes = Set(stages.keys.filter { $0.a == code }.map(\.b))
            stageCodes.formUnion(waits.keys)
            figure.stages = stageCodes.map { stage in
                finishStage(stages[Key(a: code, b: stage)].map { groups[$0] } ?? Group(), process: name, stage: stage, waits[stage] ?? SharedWaits(), joins[stage] ?? 0)
            }.sorted { (place(name, $0), $0.name.code) < (place(name, $1), $1.name.code) }
            for kase in process.cases {
                guard let end = kase.endedAt, !request.isLean else { continue }
                let monday = monday(before: end)
                weeks[monday, default: WeekFigure(monday: CivilDate(daysSinceEpoch: monday))].cases += 1
            }
            report.casesDone += figure.done
            report.casesOpen += figure.open
            report.casesWithdrawn += figure.withdrawn
            report.firstTimeCases.count += figure.firstTime.count
            report.firstTimeCases.of += figure.firstTime.of
            figures.append(figure)
        }
        return figures.sorted { ($1.done, $0.name.code) < ($0.done, $1.name.code) }
    }

    private func place(_ process: String, _ stage: StageFigure) -> Int { book.stage(process, stage.name.code)?.place ?? .max }

    private func finishStage(_ group: Group, process: String, stage: Int32, _ waits: SharedWaits, _ join: Int64) -> StageFigure {
        var group = group
        var figure = StageFigure(name: book.name(process, names[stage]))
        let known = book.stage(process, names[stage])
        figure.isInForce = known?.isInForce ?? false
        figure.isStopped = known?.stage.isStopped ?? false
        figure.limit = known?.stage.limits[.stage]
        figure.role = known?.stage.assign.who
        figure.department = department(group.department) ?? (known?.stage.assign.department.rawValue).map { id in
            NamedCode(id, chinese: request.rules.site.departments[DepartmentID(id)]?.name)
        }
        figure.done = group.done
        figure.open = group.open
        figure.cancelled = group.cancelled
        figure.duration = group.lengths.summary()
        figure.late = group.late
        figure.waits = waits.all
        figure.parts = parts(waits)
        figure.joinWait = join
        return figure
    }

    private mutating func finishCases(
        _ cases: [CaseFact], _ process: String, _ figure: inout ProcessFigure, _ waits: inout [Int32: SharedWaits], _ joins: inout [Int32: Int64]
    ) {
        var lengths = Durations()
        var elapsed = Distribution()
        var stopped: [Int32: Bool] = [:]
        let plannedJoins = self.joins(of: process)
        for kase in cases {
            guard let end = kase.endedAt else { continue }
            figure.done += 1
            elapsed.add(max((end - kase.createdAt).milliseconds, 0))
            let accepted = kase.acceptedAt ?? kase.createdAt
            if let taken = kase.total?.taken(time), let unit = kase.total?.unit {
                lengths.add(taken, unit)
            } else {
                lengths.add(max((end - accepted).milliseconds, 0), .hours)
            }
            let isLate = kase.total?.isLate(at: end) ?? false
            if kase.total?.due != nil {
                figure.late.timed += 1
                if isLate { figure.late.late += 1 }
            }
            figure.firstTime.of += 1
            if kase.stages.allSatisfy({ $0.rounds <= 1 && !$0.hasFailed }) { figure.firstTime.count += 1 }
            let mine = spans.of(kase.id)
            figure.passed.of += 1
            if !isLate, !mine.contains(where: \.isLate) { figure.passed.count += 1 }
            stageTasksMissing += kase.stages.reduce(0) { sum, stage in sum + max(Int(stage.rounds) - mine.count { $0.stage == stage.name }, 0) }
            for span in mine where stopped[span.stage] == nil { stopped[span.stage] = book.stage(process, names[span.stage])?.stage.isStopped ?? false }
            let time = CaseTime(mine, from: accepted.milliseconds, to: end.milliseconds) { stopped[$0] ?? false }
            figure.waits[.documents] += max((accepted - kase.createdAt).milliseconds, 0)
            figure.waits[.between] += time.between
            for (span, part) in zip(mine, time.parts) where part > 0 {
                var sums = WaitSums()
                var handed: [DepartmentPart] = []
                if stopped[span.stage] ?? false {
                    sums[.customer] = part
                } else {
                    sums.add(part, as: span.spent)
                    if span.handover >= 0 { handed = sums.parts(span.spent, handovers[Int(span.handover)], last: span.department) }
                }
                waits[span.stage, default: SharedWaits()].add(sums, of: span.department, handed: handed)
            }
            for join in plannedJoins { addJoin(join, mine, &joins) }
        }
        figure.duration = lengths.summary()
        figure.elapsed = elapsed.summary()
    }

    /// A stage that comes after several, and those.
    private struct Join {
        var stage: Int32
        var after: [Int32]
    }

    private mutating func joins(of process: String) -> [Join] {
        guard let plan = book.plan(process) else { return [] }
        return plan.stages.filter { $0.after.count > 1 }.map { stage in
            Join(stage: names.code(stage.name), after: stage.after.map { names.code(plan.stages[$0].name) })
        }
    }

    /// How long the first of them that was done waited for the last.
    private func addJoin(_ join: Join, _ spans: ArraySlice<StageSpan>, _ joins: inout [Int32: Int64]) {
        guard let last = spans.last(where: { $0.stage == join.stage }) else { return }
        let ends = join.after.compactMap { stage in spans.last { $0.stage == stage && $0.end <= last.start }?.end }
        guard ends.count > 1, let first = ends.min() else { return }
        joins[join.stage, default: 0] += max(last.start - first, 0)
    }

    private func finishReliability(_ report: inout FigureReport) {
        let network = request.rules.site.network
        let served = network.transformers.values.reduce(0) { $0 + $1.customers }
        guard served > 0 else {
            report.reliabilityAbsence = network.transformers.isEmpty ? .no_register : .no_customers
            return
        }
        let sums = interruptions.sums()
        report.reliability = ReliabilityFigure(
            customersServed: served, interruptions: sums.interruptions, momentary: sums.momentary, customersInterrupted: sums.customers,
            customerMilliseconds: sums.customerMilliseconds)
    }

    private func finishNotes(_ report: inout FigureReport) {
        if unrecorded > 0 { report.notes.append(.timeNotRecorded(unrecorded)) }
        if stageTasksMissing > 0 { report.notes.append(.stageTasksMissing(stageTasksMissing)) }
        if !request.tellsOpen { report.notes.append(.openNotTold) }
        guard report.tasksDone > 0 else { return }
        if report.contractors.isEmpty { report.notes.append(.noContractors) }
        if report.tiers.isEmpty { report.notes.append(.noTiers) }
        if report.satisfaction.count == 0 { report.notes.append(.noSatisfaction) }
        guard report.reliability != nil else { return }
        if interruptions.unplaced > 0 { report.notes.append(.interruptionsUnplaced(interruptions.unplaced)) }
        if interruptionsOpen > 0 { report.notes.append(.interruptionsOpen(interruptionsOpen)) }
    }
}

extension TaskFact {
    /// When it began for whoever waits: a stage with its task, everything else with the report.
    var beganFor: Instant { kase == nil ? reportedAt : createdAt }
}

extension LimitName {
    /// 0 ... 6
    fileprivate var place: Int {
        switch self {
        case .accept: 0
        case .contact: 1
        case .arrive: 2
        case .restore: 3
        case .reply: 4
        case .stage: 5
        case .total: 6
        }
    }
}

extension StageAssignment {
    /// `crew`, `department`, `account_manager`, `contractor`, `customer`
    var who: String {
        switch self {
        case .nearest: "crew"
        case .department: "department"
        case .accountManager: "account_manager"
        case .contractor: "contractor"
        case .customer: "customer"
        }
    }
}

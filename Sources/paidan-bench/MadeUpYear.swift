import City
import Decisions
import Domain
import Rules
import Store

/// A year of a city's history in a store's file: applications that went through seven stages, and faults, in the order in which they began;
/// each row as the decisions would have left it, with its history beside it.
struct MadeUpYear {
    let since: Instant
    let until: Instant
    let plan: ProcessPlan
    let cases: Int
    let tasks: Int
    private var dice: SplitMix64
    private let rules: RuleSet

    /// - Parameter tasks: those of the stages included.
    init(rules: RuleSet, until: Instant, tasks: Int, cases: Int, seed: UInt64) {
        self.rules = rules
        self.until = until
        self.tasks = tasks
        self.cases = cases
        since = until + .days(-365)
        dice = SplitMix64(seed: seed)
        func stage(_ name: String, _ zh: String, after: [Int], _ assign: StageAssignment, days: Int?, stopped: Bool = false) -> ProcessPlan.Stage {
            ProcessPlan.Stage(
                name: name, chinese: zh, after: after, assign: assign, limits: days.map { [.stage: .workingDays($0)] } ?? [:], isStopped: stopped)
        }
        let desk = StageAssignment.department(DepartmentID("marketing"))
        let crew = StageAssignment.nearest(skills: [SkillID("metering")], within: nil, otherwise: DepartmentID("operations"))
        plan = ProcessPlan(
            name: "connections.year", file: "connections.yaml", line: 1, chinese: "高压单电源新装", english: "New connection",
            total: .workingDays(22),
            stages: [
                stage("acceptance", "业务受理", after: [], desk, days: 1), stage("site_survey", "现场勘查", after: [0], crew, days: 2),
                stage("supply_scheme", "供电方案答复", after: [1], desk, days: 10),
                stage("customer_works", "客户工程", after: [2], .customer(followedBy: DepartmentID("marketing")), days: nil, stopped: true),
                stage("grid_works", "配套工程", after: [2], crew, days: nil), stage("completion_inspection", "竣工检验", after: [3, 4], crew, days: 3),
                stage("energisation", "装表接电", after: [5], crew, days: 3),
            ])
    }

    /// One task to be: when it began and ended, and what of.
    private struct Draft {
        var start: Int64
        var end: Int64
        /// nil: a fault.
        var kase: Int?
        var stage: Int
    }

    private mutating func drafts() -> (tasks: [Draft], cases: [(start: Int64, accepted: Int64, end: Int64)]) {
        let hour: Int64 = 3_600_000
        var drafts: [Draft] = []
        drafts.reserveCapacity(tasks)
        var spans: [(start: Int64, accepted: Int64, end: Int64)] = []
        func length(_ dice: inout SplitMix64, _ mean: Double) -> Int64 { Int64(mean * (0.2 + dice.unit() + 4 * dice.unit() * dice.unit() * dice.unit()) * Double(hour)) }
        for kase in 0..<cases {
            let start = since.milliseconds + Int64(dice.unit() * 325 * 86_400_000)
            let accepted = start + (dice.chance(0.3) ? length(&dice, 60) : 0)
            var ends: [Int64] = []
            for (place, stage) in plan.stages.enumerated() {
                let begin = stage.after.map { ends[$0] }.max() ?? accepted
                let mean = [8.0, 30, 90, 200, 150, 40, 30][place]
                ends.append(begin + length(&dice, mean))
                drafts.append(Draft(start: begin, end: ends[place], kase: kase, stage: place))
            }
            spans.append((start, accepted, ends[6]))
        }
        for _ in 0..<max(tasks - drafts.count, 0) {
            let start = since.milliseconds + Int64(dice.unit() * 364 * 86_400_000)
            drafts.append(Draft(start: start, end: start + length(&dice, 2), kase: nil, stage: 0))
        }
        return (drafts.sorted { ($0.start, $0.end) < ($1.start, $1.end) }, spans)
    }

    /// Fills an empty store.
    mutating func fill(_ store: Store) throws {
        let (drafts, spans) = drafts()
        var entries = [Entry(stimulus: .tick, at: since, decision: Decision(changes: [.plan(plan)]))]
        var last = TaskID.none
        var stages: [[TaskID?]] = Array(repeating: Array(repeating: nil, count: plan.stages.count), count: cases)
        for (place, draft) in drafts.enumerated() {
            let at = Instant(milliseconds: draft.start)
            let day = rules.site.zone.date(at: at).packed
            let id = TaskID(day: day, number: day == last.day ? last.number + 1 : 1)
            var changes: [Change] = [.lastTask(before: last, after: id)]
            last = id
            let row = task(draft, id, at)
            if let kase = draft.kase { stages[kase][draft.stage] = id }
            changes.append(.task(before: nil, after: row))
            let end = row.completedAt
            let history = [HistoryEvent.created, .dispatched, .accepted, .completed].prefix(end == nil ? 3 : 4).map { event in
                HistoryLine(
                    task: id, kase: row.kase, revision: 1, at: event == .completed ? end ?? at : at, event: event, by: "paidan", crew: row.crew,
                    department: row.department, rule: row.rule, report: row.reports[0])
            }
            entries.append(Entry(stimulus: .tick, at: at, decision: Decision(changes: changes, history: history)))
            if entries.count >= 2_000 || place == drafts.count - 1 {
                try store.commit(Batch(entries: entries, rulesHash: rules.hash))
                entries = []
            }
        }
        try fillCases(store, spans, stages)
        try store.commit(Batch(rulesHash: rules.hash, journaledThrough: try store.load().lastHistory))
    }

    private mutating func task(_ draft: Draft, _ id: TaskID, _ at: Instant) -> WorkTask {
        let stage = draft.kase.map { _ in plan.stages[draft.stage] }
        let isOpen = draft.end > until.milliseconds
        let end = Instant(milliseconds: min(draft.end, until.milliseconds))
        let transformer = dice.whole(0...4_999)
        let district = DistrictID("d\(transformer % 8)")
        let department = stage?.assign.department ?? DepartmentID("operations")
        var limits: [LimitClock] = []
        if let stage {
            limits = stage.limits.map { LimitClock(name: $0.key, length: $0.value, state: isOpen ? .running : .reached, start: at) }
        } else {
            limits = [
                LimitClock(name: .accept, length: .minutes(3), state: .reached, start: at), LimitClock(name: .arrive, length: .minutes(45), state: .reached, start: at),
                LimitClock(name: .restore, length: .hours(3), state: isOpen ? .running : .reached, start: at),
            ]
        }
        let length = (end - at).milliseconds
        for place in limits.indices {
            limits[place].began = at
            let part: Double = limits[place].name == .accept ? 0.02 : limits[place].name == .arrive ? 0.3 : 1
            if limits[place].state == .reached { limits[place].reachedAt = at + TimeSpan(milliseconds: Int64(Double(length) * part)) }
            if case .workingDays(let days) = limits[place].length {
                let time = rules.site.workTime
                limits[place].deadline = time.deadline(days: days, after: at, notBefore: time.firstDay(ofClockFrom: at))
            }
        }
        var row = WorkTask(
            id: id, revision: 1, reports: ["95598-\(at.milliseconds)-\(id.number)"], source: SourceID("95598"), type: stage == nil ? "fault" : "application",
            category: stage == nil ? "no_power" : "", task: stage?.name ?? "repair", rule: stage == nil ? "faults.everything-else" : plan.name,
            state: isOpen ? .accepted : .closed, priority: .normal, department: department, isDesk: false, skills: [SkillID("distribution_line")],
            within: 60_000,
            place: TaskPlace(
                coordinate: Coordinate(latitude: 28 + Double(transformer) / 10_000, longitude: 120.5), district: district, feeder: FeederID("F-\(transformer % 300)"),
                transformer: TransformerID("T-\(transformer)"), origin: .report),
            customer: CustomerID("33020\(1_000_000 + dice.whole(0...999_999))"), customersOut: stage == nil ? Int64(dice.whole(0...120)) : 0, reportedAt: at,
            createdAt: at, limits: limits, escalate: stage == nil ? "repair" : "connection")
        row.crew = CrewID("crew-\(dice.whole(0...99))")
        row.since = end
        row.kase = draft.kase.map { CaseID(day: 20_260_101, number: Int32($0 + 1)) }
        row.tier = dice.chance(0.05) ? "vip" : "standard"
        guard !isOpen else { return row }
        row.outcome = "done"
        row.completedAt = end
        row.spent.queued = length / 5
        row.spent.dispatched = length / 20
        row.spent.onsite = length / 2
        row.spent.accepted = length - length / 5 - length / 20 - length / 2
        row.satisfaction = dice.chance(0.2) ? Int32(dice.whole(2...5)) : nil
        row.reopened = dice.chance(0.02) ? 1 : 0
        return row
    }

    private mutating func fillCases(_ store: Store, _ spans: [(start: Int64, accepted: Int64, end: Int64)], _ stages: [[TaskID?]]) throws {
        var last = CaseID(packed: 0)
        var entries: [Entry] = []
        for (number, span) in spans.enumerated() {
            let id = CaseID(day: 20_260_101, number: Int32(number + 1))
            let isOpen = span.end > until.milliseconds
            var report = Report(type: "application")
            report.customer = CustomerID("33020\(1_000_000 + number)")
            report.fields = ["needs_grid_works": .bool(true)]
            if number % 3 == 0 { report.fields["contractor"] = .string("c-\(number % 20)") }
            let accepted = Instant(milliseconds: span.accepted)
            var total = LimitClock(name: .total, length: .workingDays(22), state: isOpen ? .running : .reached, start: accepted)
            total.began = accepted
            let time = rules.site.workTime
            total.deadline = time.deadline(days: 22, after: accepted, notBefore: time.firstDay(ofClockFrom: accepted))
            if !isOpen { total.reachedAt = Instant(milliseconds: span.end) }
            var row = WorkCase(
                id: id, process: plan.name, plan: plan.digest, application: "app-\(number)", source: SourceID("counter"), report: report,
                place: TaskPlace(district: DistrictID("d\(number % 8)"), origin: .district), customersOut: 0, facts: ["tier": .string("standard")], manager: nil,
                createdAt: Instant(milliseconds: span.start), missing: [], stages: plan.stages.map { CaseStage(name: $0.name) }, total: total, escalate: nil)
            row.acceptedAt = accepted
            row.state = isOpen ? .open : .completed
            row.since = Instant(milliseconds: min(span.end, until.milliseconds))
            for place in row.stages.indices {
                row.stages[place].state = .done
                row.stages[place].rounds = 1
                row.stages[place].task = stages[number][place]
                row.stages[place].outcome = "done"
            }
            entries.append(Entry(stimulus: .tick, at: row.since, decision: Decision(changes: [.lastCase(before: last, after: id), .kase(before: nil, after: row)])))
            last = id
            if entries.count >= 2_000 || number == spans.count - 1 {
                try store.commit(Batch(entries: entries, rulesHash: rules.hash))
                entries = []
            }
        }
    }
}

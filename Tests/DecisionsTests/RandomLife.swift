import Domain
import Planning
import Rules
import Testing

@testable import Decisions

/// A small generator that runs from a seed, so that a failure can be lived again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func chance(_ percent: Int) -> Bool { number(0...99) < percent }
    mutating func pick<T>(_ list: [T]) -> T { list[number(0...(list.count - 1))] }
}

/// Stimuli as they might come, in any order, from a seed: reports of all sorts, crews and engineers who say sensible and foolish
/// things, positions, reloads, a clock that mostly goes forward.
struct RandomLife {
    var random: SplitMix
    var life: Life
    static let skills = ["line", "cable", "live"]
    static let districts = ["lucheng", "ouhai"]

    /// Help at once, help in need, and more crews where there is more work than crews.
    static func lending(_ random: inout SplitMix) -> [LendingRule] {
        let kinds: [(String, String, String?)] = [
            ("district.waiting > 0", "district.free > 0", "district.waiting == 0 && district.free > 0"),
            ("district.open > district.crews", "district.free > 1 && district.waiting == 0", nil),
            ("district.waiting > district.borrowed", "district.open < district.capacity", "district.free > district.lent"),
        ]
        return (0..<random.number(0...2)).map { place in
            let (when, from, clears) = random.pick(kinds)
            do {
                return try lendingRule(
                    "faults.help-\(place)", when: when, span: random.chance(50) ? .zero : .minutes(Int64(random.number(1...20))), from: from, clears: clears,
                    stay: .minutes(Int64(random.number(1...30))), most: random.number(1...3), within: random.chance(70) ? nil : random.number(1_000...20_000))
            } catch {
                preconditionFailure("\(error)")
            }
        }
    }
    static let ladder = Ladder(
        name: "repair",
        rungs: [
            Rung(percent: 50, tell: .assignee), Rung(percent: 80, tell: .departmentHead), Rung(percent: 100, tell: .role(RoleID("duty_manager"))),
            Rung(percent: 130, tell: .departmentHead),
        ])

    init(seed: UInt64) {
        random = SplitMix(state: seed)
        life = Life(Self.town(&random), routings: [])
    }

    static func town(_ random: inout SplitMix) -> Town {
        var crews: [Crew] = []
        for index in 0..<random.number(0...9) where !random.chance(15) {
            crews.append(
                Crew(
                    id: CrewID("c\(index)"), department: DepartmentID("operations"), district: random.chance(20) ? nil : DistrictID(random.pick(districts)),
                    base: random.chance(15) ? nil : Town.place(Double(random.number(0...30))),
                    skills: Set(skills.filter { _ in random.chance(60) }.map { SkillID($0) }),
                    shift: random.chance(50) ? nil : Shift(name: "s", fromMinute: random.number(0...1439), untilMinute: random.number(0...1440)),
                    capacity: random.number(1...3)))
        }
        var town = Town(crews: crews, ladders: random.chance(90) ? ["repair": ladder] : [:])
        town.closeAfter = .minutes(Int64(random.number(1...600)))
        town.askAgainAfter = .minutes(Int64(random.number(0...30)))
        if random.chance(75) { town.lending = lending(&random) }
        town.hash = "town \(random.next())"
        town.fields = ["f0", "f1", "f2"].map { DeclaredField(name: $0, type: .yesNo) }
        town.calendar = WorkingCalendar(years: [2_026: .init(), 2_027: .init()])
        return town
    }

    private mutating func routing() -> Routing {
        var limits: [LimitName: LimitLength] = [:]
        if random.chance(80) { limits[.accept] = .minutes(Int64(random.number(1...8))) }
        if random.chance(80) { limits[.arrive] = .minutes(Int64(random.number(5...90))) }
        if random.chance(60) { limits[.restore] = .minutes(Int64(random.number(5...240))) }
        let escalate = random.chance(80) ? "repair" : nil
        let priority = random.pick(Priority.allCases)
        if random.chance(15) { return .desk(random.pick(["marketing", "operations"]), priority: priority, limits: limits, escalate: escalate) }
        return .nearest(
            Set(Self.skills.filter { _ in random.chance(35) }), within: random.chance(40) ? nil : Double(random.number(0...25)), priority: priority,
            limits: limits, escalate: escalate, ofDistrict: random.chance(50))
    }

    /// Some stages in any order, each after some of those before it; some of the customer's own, some that can fail.
    static func plan(_ random: inout SplitMix) -> ProcessPlan {
        let count = random.number(1...6)
        let stages = (0..<count).map { place in
            let after = (0..<place).filter { _ in random.chance(40) }
            let assign: StageAssignment =
                switch random.number(0...5) {
                case 0, 1: .nearest(skills: Set(skills.filter { _ in random.chance(30) }.map { SkillID($0) }), within: nil, otherwise: DepartmentID("operations"))
                case 2: .accountManager(otherwise: DepartmentID("marketing"))
                case 3: .customer(followedBy: DepartmentID("marketing"))
                default: .department(DepartmentID("marketing"))
                }
            return ProcessPlan.Stage(
                name: "s\(place)", after: after, when: random.chance(25) ? .init(text: "report.fields.f\(place % 3)") : nil, assign: assign,
                limits: random.chance(60) ? [.stage: random.chance(50) ? .minutes(Int64(random.number(5...300))) : .workingDays(random.number(1...3))] : [:],
                escalate: random.chance(60) ? "repair" : nil, isStopped: random.chance(20),
                backTo: after.isEmpty || random.chance(60) ? nil : random.pick(after), tellsCustomer: random.chance(30))
        }
        return ProcessPlan(
            name: "connections.p\(random.number(1...3))", file: "connections.yaml", line: 3, documents: random.chance(50) ? ["identity", "property"] : [],
            total: random.chance(80) ? (random.chance(50) ? .minutes(Int64(random.number(10...900))) : .workingDays(random.number(1...5))) : nil,
            escalate: random.chance(70) ? "repair" : nil, stages: stages)
    }

    private mutating func application() -> Decision {
        let plan = Self.plan(&random)
        life.routing = [
            Routing(
                rule: plan.name, task: plan.name, priority: .normal, assign: .department(DepartmentID("marketing")), limits: [:], escalate: nil, trace: nil,
                process: plan)
        ]
        var report = Report(type: "application", place: Place(coordinate: random.chance(10) ? nil : Town.place(Double(random.number(0...30)))))
        for name in ["f0", "f1", "f2"] where random.chance(40) { report.fields[name] = .bool(random.chance(50)) }
        report.documents = ["identity", "property"].filter { _ in random.chance(60) }
        return life.input(.report(report))
    }

    private mutating func signal() -> Decision {
        let open = life.state.openCases
        let id = open.isEmpty || random.chance(5) ? CaseID(day: 20_261_122, number: 999) : random.pick(open).id
        var signal = CaseSignal(
            id: id, event: random.chance(50) ? .documents : random.chance(70) ? random.pick([.suspend, .resume]) : random.pick(CaseEvent.allCases), by: "zhang")
        if signal.event == .documents { signal.documents = ["identity", "property"].filter { _ in random.chance(70) } }
        return life.input(.kase(signal), source: "counter")
    }

    private mutating func speaker(_ task: WorkTask?) -> String? {
        switch random.number(0...9) {
        case 0...5: task?.isDesk == true ? task?.department.rawValue : task?.crew?.rawValue ?? "zhang"
        case 6, 7: "zhang"
        case 8: "c\(random.number(0...9))"
        default: random.chance(50) ? nil : "caller"
        }
    }

    /// One stimulus.
    mutating func step() -> Decision {
        if random.chance(70) { life.now = life.now + TimeSpan(milliseconds: Int64(random.number(0...400_000))) }
        if random.chance(1) { life.now = life.now + .minutes(Int64(random.number(-90...600))) }
        switch random.number(0...99) {
        case 0...5: return application()
        case 6...11: return signal()
        case 12...24:
            life.routing = (0..<(random.chance(5) ? 0 : random.chance(10) ? 2 : 1)).map { _ in routing() }
            let km: Double? = random.chance(8) ? nil : Double(random.number(0...30))
            let reported = random.chance(50) ? nil : life.now + .minutes(Int64(random.number(-40...20)))
            life.report(km, at: reported, in: random.chance(20) ? nil : random.pick(Self.districts))
            return life.decisions[life.decisions.count - 1]
        case 25...69:
            let open = life.state.openTasks
            let task = open.isEmpty ? nil : random.pick(open)
            let event = random.chance(60) ? random.pick([ProgressEvent.accept, .enroute, .onsite, .complete]) : random.pick(ProgressEvent.allCases)
            let at = random.chance(70) ? nil : life.now + .minutes(Int64(random.number(-20...5)))
            let by = speaker(task)
            let progress = Progress(
                task: task?.id ?? TaskID(day: 20_261_122, number: 999), event: event, by: by, at: at,
                outcome: event == .complete && random.chance(15) ? "failed" : nil,
                to: random.chance(70) ? "c\(random.number(0...9))" : random.pick(["marketing", "operations", "service"]), priority: random.pick(Priority.allCases))
            var said = progress
            if event == .callback { said.solved = random.chance(50) }
            return life.input(.progress(said), source: random.chance(20) ? "socket" : "crew-app")
        case 70, 71:
            return life.input(.crew(CrewSignal(crew: CrewID("c\(random.number(0...9))"), serves: random.pick(Self.districts + [CrewSignal.home]))))
        case 72...79:
            life.crew(
                "c\(random.number(0...9))", on: random.chance(70) ? random.chance(60) : nil,
                km: random.chance(40) ? Double(random.number(0...30)) : nil)
            return life.decisions[life.decisions.count - 1]
        case 80...84:
            let moved = (0..<random.number(1...4)).map { _ in
                CrewPosition(
                    crew: CrewID("c\(random.number(0...9))"), coordinate: Town.place(Double(random.number(0...30))),
                    at: life.now + .minutes(Int64(random.number(-3...1))))
            }
            return life.decide(.positions(moved))
        case 85:
            life.rules = Self.town(&random).rules
            return life.decide(.rules(life.rules.hash))
        default: return life.decide(.tick)
        }
    }
}

/// All that a state is, without the order in which its indexes came about: equal for equal rows, rules and instants.
struct Canon: Equatable {
    var tasks: [WorkTask]
    var crews: [String]
    var lastTask: TaskID
    var loads: [Int32]
    var onDuty: [Bool]
    var isEngaged: [Bool]
    var waiting: [[TaskID]]
    var due: [Instant?]
    var overdue: Int
    var counts: [Int]
    var nextDutyChange: Instant
    var cases: [WorkCase]
    var lastCase: CaseID
    var caseDue: [Instant?]
    var districts: [DistrictStanding]
    var needs: [DistrictRecord]

    /// The parts that differ, each with both values.
    func differences(from other: Canon) -> [String] {
        guard self != other else { return [] }
        return zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children).compactMap { mine, theirs in
            let (a, b) = ("\(mine.value)", "\(theirs.value)")
            return a == b ? nil : "\(mine.label ?? ""): \(a.prefix(600)) | \(b.prefix(600))"
        }
    }

    init(_ state: DispatchState) {
        tasks = state.openTasks
        crews = state.crews.values.sorted { $0.id < $1.id }.map { "\($0)" }
        lastTask = state.lastTask
        loads = state.roster.loads
        onDuty = state.roster.isOnDuty
        isEngaged = state.roster.standing.map { $0 == .engaged }
        waiting = state.roster.groups.filter { !$0.waiting.isEmpty }
            .sorted { "\($0.wanted)" < "\($1.wanted)" }
            .map { $0.waiting.chunks.flatMap { $0 }.map(\.key.id) }
        due = state.openTasks.map { state.boxes[$0.id]?.due }
        overdue = state.overdueCount(at: state.clock)
        counts = TaskState.allCases.map { state.count(of: $0) }
        nextDutyChange = state.roster.nextDutyChange
        cases = state.openCases
        lastCase = state.lastCase
        caseDue = state.openCases.map { state.cases[$0.id]?.due }
        districts = state.districtStandings
        needs = state.districts.values.sorted { $0.id < $1.id }
    }
}

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
                    id: CrewID("c\(index)"), department: DepartmentID("operations"),
                    base: random.chance(15) ? nil : Town.place(Double(random.number(0...30))),
                    skills: Set(skills.filter { _ in random.chance(60) }.map { SkillID($0) }),
                    shift: random.chance(50) ? nil : Shift(name: "s", fromMinute: random.number(0...1439), untilMinute: random.number(0...1440)),
                    capacity: random.number(1...3)))
        }
        var town = Town(crews: crews, ladders: random.chance(90) ? ["repair": ladder] : [:])
        town.closeAfter = .minutes(Int64(random.number(1...600)))
        town.askAgainAfter = .minutes(Int64(random.number(0...30)))
        town.hash = "town \(random.next())"
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
            limits: limits, escalate: escalate)
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
        case 0...24:
            life.routing = (0..<(random.chance(5) ? 0 : random.chance(10) ? 2 : 1)).map { _ in routing() }
            let km: Double? = random.chance(8) ? nil : Double(random.number(0...30))
            let reported = random.chance(50) ? nil : life.now + .minutes(Int64(random.number(-40...20)))
            life.report(km, at: reported)
            return life.decisions[life.decisions.count - 1]
        case 25...69:
            let open = life.state.openTasks
            let task = open.isEmpty ? nil : random.pick(open)
            let event = random.chance(60) ? random.pick([ProgressEvent.accept, .enroute, .onsite, .complete]) : random.pick(ProgressEvent.allCases)
            let at = random.chance(70) ? nil : life.now + .minutes(Int64(random.number(-20...5)))
            let by = speaker(task)
            let progress = Progress(
                task: task?.id ?? TaskID(day: 20_261_122, number: 999), event: event, by: by, at: at,
                to: random.chance(80) ? "c\(random.number(0...9))" : "marketing", priority: random.pick(Priority.allCases))
            return life.input(.progress(progress), source: random.chance(20) ? "socket" : "crew-app")
        case 70...79:
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

    init(_ state: DispatchState) {
        tasks = state.openTasks
        crews = state.crews.values.sorted { $0.id < $1.id }.map { "\($0)" }
        lastTask = state.lastTask
        loads = state.roster.loads
        onDuty = state.roster.isOnDuty
        isEngaged = state.roster.standing.map { $0 == .engaged }
        waiting = state.roster.groups.filter { !$0.waiting.isEmpty }
            .sorted { $0.skills.lexicographicallyPrecedes($1.skills) }
            .map { $0.waiting.chunks.flatMap { $0 }.map(\.key.id) }
        due = state.openTasks.map { state.boxes[$0.id]?.due }
        overdue = state.overdueCount(at: state.clock)
        counts = TaskState.allCases.map { state.count(of: $0) }
        nextDutyChange = state.roster.nextDutyChange
    }
}

import Domain
import Rules

@testable import Decisions

/// A small town for tests: departments, three districts, a register, and crews along one meridian; its routing is said by the test.
///
/// Everything lies on longitude 120; a place is said in kilometres north of latitude 28 (one degree of latitude is 111.195 km on the globe).
struct Town {
    var crews: [Crew] = []
    var ladders: [String: Ladder] = [:]
    var network = NetworkRegister()
    var values: [String: [DeclaredValue]] = [:]
    var fields: [DeclaredField] = []
    var closeAfter = TimeSpan.hours(24)
    var askAgainAfter = TimeSpan.minutes(10)
    var zone = TimeZoneRules.shanghai
    var calendar = WorkingCalendar()
    var hash = "town"
    var lending: [LendingRule] = []

    /// 2026-11-22 08:00 in the town.
    static let morning = Instant(milliseconds: 1_795_305_600_000)

    static func place(_ km: Double) -> Coordinate {
        Coordinate(latitude: 28 + km / 111.194_926_644_558_74, longitude: 120)!
    }

    static func crew(
        _ name: String, km: Double?, skills: Set<String> = ["line"], capacity: Int = 1, shift: Shift? = nil, channel: String? = nil, of district: String? = nil
    ) -> Crew {
        Crew(
            id: CrewID(name), department: DepartmentID("operations"), district: district.map { DistrictID($0) }, base: km.map(place), skills: Set(skills.map { SkillID($0) }), shift: shift,
            capacity: capacity, channel: channel)
    }

    var rules: RuleSet {
        let departments = [
            Department(id: DepartmentID("operations"), head: RoleID("u-301")), Department(id: DepartmentID("marketing"), head: RoleID("u-101")),
            Department(id: DepartmentID("service")),
        ]
        let districts = [
            District(id: DistrictID("lucheng"), centre: Self.place(5), site: "urban"),
            District(id: DistrictID("ouhai"), centre: Self.place(20), site: "rural"), District(id: DistrictID("taishun"), site: "remote"),
        ]
        let site = Site(
            timeZone: zone.name, zone: zone, values: values,
            departments: Dictionary(uniqueKeysWithValues: departments.map { ($0.id, $0) }), fallback: DepartmentID("service"),
            districts: Dictionary(uniqueKeysWithValues: districts.map { ($0.id, $0) }),
            crews: Dictionary(uniqueKeysWithValues: crews.map { ($0.id, $0) }), network: network,
            roles: [RoleID("duty_manager"): Role(id: RoleID("duty_manager"), person: RoleID("u-900"))], channels: [:], defaultChannel: "hook",
            closeAfter: closeAfter, askAgainAfter: askAgainAfter, fields: fields, calendar: calendar)
        return ruleSet(hash: hash, site: site, ladders: ladders, lending: lending)
    }
}

extension Routing {
    static func nearest(
        _ skills: Set<String> = ["line"], within km: Double? = nil, priority: Priority = .normal, limits: [LimitName: LimitLength] = [:],
        escalate: String? = nil, otherwise: String = "operations", ofDistrict: Bool = false
    ) -> Routing {
        Routing(
            rule: "faults.repair", task: "repair", priority: priority,
            assign: .nearest(
                skills: Set(skills.map { SkillID($0) }), within: km.map { Int($0 * 1_000) }, otherwise: DepartmentID(otherwise), ofDistrict: ofDistrict),
            limits: limits, escalate: escalate, trace: nil)
    }

    static func desk(_ department: String, priority: Priority = .normal, limits: [LimitName: LimitLength] = [:], escalate: String? = nil) -> Routing {
        Routing(
            rule: "desk.answer", task: "answer", priority: priority, assign: .department(DepartmentID(department)), limits: limits,
            escalate: escalate, trace: nil)
    }
}

/// A life lived through `decide`, minute by minute; what happens is kept as a transcript of short lines.
struct Life {
    var state: DispatchState
    var rules: RuleSet
    var now: Instant
    var routing: [Routing]
    var decisions: [Decision] = []
    private(set) var lastStimulus: Stimulus?
    var sent = 0
    /// What happened since it was read last.
    private var lines: [String] = []

    init(_ town: Town, _ routing: Routing..., from start: Instant = Town.morning) {
        self.init(town, routings: routing, from: start)
    }

    init(_ town: Town, routings: [Routing], from start: Instant = Town.morning) {
        rules = town.rules
        now = start
        routing = routings
        state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: start)
    }

    @discardableResult
    mutating func decide(_ stimulus: Stimulus) -> Decision {
        let routing = routing
        let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now) { _ in RouteResult(routings: routing, failures: []) }
        decisions.append(decision)
        lastStimulus = stimulus
        lines += decision.history.map { line in
            "\(minute) \(line.task.number) \(line.event.rawValue)\(line.by == "paidan" ? "" : " by \(line.by)")\(line.crew.map { " [\($0)]" } ?? "")\(line.note.map { ": \($0)" } ?? "")"
        }
        lines += decision.notices.map { notice in
            "\(minute) \(notice.task.number) → \(notice.to) \(notice.event.rawValue)\(notice.percent.map { " \(notice.limit!.rawValue) \($0)%" } ?? "")"
        }
        return decision
    }

    private var minute: String {
        let seconds = (now - Town.morning).milliseconds / 1_000
        return seconds % 60 == 0 ? "\(seconds / 60)" : "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
    }

    mutating func input(_ body: InputBody, source: String = "test", findings: Findings = Findings()) -> Decision {
        sent += 1
        let input = Input(
            key: InputKey(source: SourceID(source), id: "r-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
        return decide(.input(input, findings))
    }

    @discardableResult
    mutating func report(_ km: Double? = 0, at reported: Instant? = nil, in district: String? = nil) -> Receipt {
        let place = Place(coordinate: km.map(Town.place), district: district.map { DistrictID($0) })
        return input(.report(Report(type: "fault", category: "no_power", reportedAt: reported, place: place))).receipt!
    }

    @discardableResult
    mutating func say(
        _ event: ProgressEvent, _ number: Int32 = 1, by: String? = nil, at: Instant? = nil, outcome: String? = nil, to: String? = nil,
        priority: Priority? = nil, source: String = "crew-app"
    ) -> Receipt {
        input(
            .progress(
                Progress(task: TaskID(day: 20_261_122, number: number), event: event, by: by, at: at, outcome: outcome, to: to, priority: priority)),
            source: source
        ).receipt!
    }

    @discardableResult
    mutating func crew(_ name: String, on: Bool? = nil, km: Double? = nil) -> Receipt {
        input(.crew(CrewSignal(crew: CrewID(name), onDuty: on, coordinate: km.map(Town.place)))).receipt!
    }

    /// Lets minutes pass: every timer fires at its own instant.
    mutating func pass(minutes: Double) {
        let target = now + TimeSpan(milliseconds: Int64(minutes * 60_000))
        while let due = state.nextDue, due <= target {
            now = max(now, due)
            decide(.tick)
        }
        now = target
    }

    /// The daemon was down: time passes, and one tick (or more, while more is due) finds it.
    mutating func sleep(minutes: Double) {
        now = now + TimeSpan(milliseconds: Int64(minutes * 60_000))
        while let due = state.nextDue, due <= now { decide(.tick) }
    }

    mutating func read() -> [String] {
        defer { lines = [] }
        return lines
    }

    func task(_ number: Int32 = 1) -> WorkTask? { state.task(TaskID(day: 20_261_122, number: number)) }
}

import Domain
import Testing

@testable import Decisions
@testable import Rules

/// A few devices and the rules that watch them, for tests: readings are said in minutes after the beginning.
struct WatchTown {
    static let start = Town.morning

    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, maintenance]
          category: [heavy_load, low_voltage, silent, pd, due]
          quantity:
            load: { zh: 负载率, en: Load, unit: 1, lowest: 0, highest: 5 }
            volt: { zh: 电压, en: Voltage, unit: V, lowest: 0, highest: 500 }
            alarm: { unit: flag }
            ops: { unit: 1 }
          device_kind: [switch, sensor]
        departments:
          operations: { name: 生产, fallback: true }
        network: network.csv

        """
    static let network = "transformer,feeder,district,lat,lon,customers\nT-1,F-1,,28.0,120.0,86\nT-2,F-1,,28.0,120.1,14\nT-3,F-2,,28.0,120.2,5\n"
    static let devices =
        "device,kind,transformer,installed,last_maintained\nSW-1,switch,T-1,,\nPD-1,sensor,T-1,2020-01-01,2025-12-01\nPD-2,sensor,T-2,2026-01-01,\n"
    static let route = "\nroute:\n  - name: all\n    task: look\n    assign: { department: operations }\n"

    let rules: RuleSet
    var telemetry: Telemetry
    var state: DispatchState
    var now = WatchTown.start
    /// What crossed: `10 heavy T-1 load`, `25 over T-1`.
    private(set) var lines: [String] = []
    private(set) var decisions: [Decision] = []
    private var sent = 0

    static func set(_ module: String) throws -> RuleSet {
        let files = [
            ("site.yaml", site), ("network.csv", network), ("devices.csv", devices), ("monitoring.yaml", "module: m\ndevices: devices.csv\n" + module + route),
        ]
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    init(_ module: String) throws { self.init(try Self.set(module)) }

    init(_ rules: RuleSet) {
        self.rules = rules
        telemetry = Telemetry(rules: rules, at: now)
        state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: now)
    }

    static func at(_ minute: Double) -> Instant { start + TimeSpan(milliseconds: Int64(minute * 60_000)) }

    private func minute(_ at: Instant) -> String { brief(Double((at - Self.start).milliseconds) / 60_000) }

    static func input(_ device: String, _ quantity: String, _ value: Reading.Value, at: Instant, unit: String? = nil, id: String = "r") -> Input {
        Input(
            key: InputKey(source: SourceID("scada"), id: id), digest: ContentDigest(high: 0, low: 0),
            body: .reading(Reading(device: DeviceID(device), quantity: quantity, value: value, unit: unit, at: at)))
    }

    /// A reading that arrives at once, or `late` minutes after it was taken.
    @discardableResult
    mutating func read(
        _ minute: Double, _ value: Reading.Value, _ device: String = "T-1", _ quantity: String = "load", late: Double = 0, unit: String? = nil
    ) -> Receipt {
        now = max(now, Self.at(minute + late))
        let receipt = telemetry.take(Self.input(device, quantity, value, at: Self.at(minute), unit: unit), at: now)
        settle()
        return receipt
    }

    @discardableResult
    mutating func read(_ minute: Double, _ value: Double, _ device: String = "T-1", _ quantity: String = "load", late: Double = 0) -> Receipt {
        read(minute, .number(value), device, quantity, late: late)
    }

    /// Decides what has crossed.
    mutating func settle() {
        while case let inputs = telemetry.crossings(at: now), !inputs.isEmpty {
            for input in inputs {
                let decision = decide(input)
                telemetry.decided(input, decision.receipt!)
            }
        }
    }

    private mutating func decide(_ input: Input) -> Decision {
        switch input.body {
        case .report(let report): lines.append("\(minute(now)) \(report.category ?? "") \(input.key.id.split(separator: ":")[1])")
        case .recovered(let recovery): lines.append("\(minute(now)) over \(recovery.rule.dropFirst(2)) \(recovery.device)")
        default: break
        }
        return decide(.input(input, Findings()))
    }

    @discardableResult
    mutating func decide(_ stimulus: Stimulus) -> Decision {
        let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now)
        telemetry.note(decision)
        decisions.append(decision)
        return decision
    }

    @discardableResult
    mutating func say(_ event: ProgressEvent, _ number: Int32 = 1, by: String = "zhang") -> Receipt {
        sent += 1
        let body = InputBody.progress(Progress(task: TaskID(day: 20_261_122, number: number), event: event, by: by))
        let input = Input(key: InputKey(source: SourceID("app"), id: "p-\(sent)"), digest: ContentDigest(high: 0, low: 0), body: body)
        return decide(.input(input, Findings())).receipt!
    }

    func task(_ number: Int32 = 1) -> WorkTask? { state.task(TaskID(day: 20_261_122, number: number)) }

    mutating func lines(_ body: () -> Void = {}) -> [String] {
        defer { lines = [] }
        return lines
    }

    mutating func reload(_ rules: RuleSet) {
        _ = telemetry.checkpoint(max: .max)
        telemetry.didCommit()
        telemetry.adopt(rules, at: now)
    }

    /// The daemon stops and starts: what was written comes back.
    mutating func restart(_ rules: RuleSet? = nil) {
        let rows = telemetry.active.map { telemetry.row(of: Int($0)) }
        telemetry = Telemetry(rules: rules ?? self.rules, rows: rows, at: now)
    }
}

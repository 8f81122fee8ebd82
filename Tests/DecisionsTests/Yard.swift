import Domain
import Foundation
import Rules
import Testing

@testable import Decisions

/// A works department with a few contractors: what happens to them, lived through `decide` on a clock of its own, with a transcript.
struct Yard {
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, application]
          category: [rebuild, lay_cable, no_power]
        departments:
          operations: { head: u-301, fallback: true }
          marketing: { head: u-101 }
        crews:
          a: { department: operations, base: { lat: 28.0, lon: 120.0 } }
        ask_again_after: 10 min
        """

    static let contractors = """
        module: contractors
        works:
          line: { zh: 线路, en: Line, licence: install, level: 3 }
          cable: { zh: 电缆, en: Cable, licence: install, level: 2 }
        contractors:
          c-1:
            name: 甲公司
            en: First
            works: [line, cable]
            licences:
              - { kind: install, level: 1, from: 2020-01-01, until: 2030-12-31 }
            channel: hook
          c-2:
            name: 乙公司
            en: Second
            works: [line]
            licences:
              - { kind: install, level: 3, from: 2020-01-01, until: 2026-12-31 }
          c-3:
            name: 丙公司
            en: Third
            works: [line, cable]
            licences:
              - { kind: install, level: 3, from: 2020-01-01, until: 2030-12-31 }
        suppliers:
          s-1: { name: 丁公司, supplies: [cable] }
        ratings:
          weights: { quality: 60, safety: 40 }
          supplier_weights: { quality: 1 }
          tiers: { A: 90, B: 80, C: 60, D: 0 }
          share: { A: 3, B: 2, C: 1 }
          begin: B
          window: 365 days
          margin: 2
          at_least: 3
        channels:
          hook: { command: [/bin/true] }
        """

    static let works = """
        module: works
        route:
          - name: rebuild
            when: report.category == "rebuild"
            task: rebuild
            assign: { contractor: tiered, works: line, department: operations }
            limits: { accept: 4 h }
          - name: lay_cable
            when: report.category == "lay_cable"
            task: lay_cable
            assign: { contractor: tiered, works: cable, department: operations }
          - name: repair
            task: repair
            assign: { department: operations }
        """

    /// A Monday at nine.
    static let start = try! Instant(rfc3339: "2026-11-23T09:00:00+08:00")  // A constant of the test.

    static func rules(_ contractors: String = Yard.contractors, works: String = Yard.works) throws -> RuleSet {
        let files = [("contractors.yaml", contractors), ("site.yaml", site), ("works.yaml", works)]
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    var rules: RuleSet
    var state: DispatchState
    var now = Yard.start
    private var sent = 0
    var last = Decision()
    /// What happened since it was read last.
    private var lines: [String] = []

    init(_ contractors: String = Yard.contractors, works: String = Yard.works) throws {
        rules = try Yard.rules(contractors, works: works)
        state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: now)
    }

    @discardableResult
    mutating func decide(_ stimulus: Stimulus) -> Decision {
        last = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now)
        lines += last.history.compactMap { line in
            let by = line.by == "paidan" ? "" : " by \(line.by)"
            let note = line.note.map { ": \($0)" } ?? ""
            if case .contractor(let id)? = line.subject { return "\(id) \(line.event.rawValue)\(by)\(note)" }
            return "\(line.task.number) \(line.event.rawValue)\(by)\(note)"
        }
        lines += last.notices.map { "\($0.task.number) → \($0.to) \($0.event.rawValue)\($0.channel.map { " (\($0))" } ?? "")" }
        return last
    }

    @discardableResult
    mutating func send(_ body: InputBody, source: String = "works") -> Receipt {
        sent += 1
        let input = Input(key: InputKey(source: SourceID(source), id: "i-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
        return decide(.input(input, Findings())).receipt ?? Receipt(id: "", source: SourceID(""), status: .rejected)
    }

    @discardableResult
    mutating func score(_ name: String, _ scores: [String: Int32], job: String? = nil, at: Instant? = nil) -> Receipt {
        send(.contractor(ContractorSignal(contractor: ContractorID(name), job: job ?? "j-\(sent + 1)", scores: scores.mapValues { $0 * 100 }, at: at)))
    }

    /// So many jobs with the same points for everything.
    mutating func score(_ name: String, jobs: Int, _ points: Int32) {
        for _ in 0..<jobs { score(name, ["quality": points, "safety": points]) }
    }

    @discardableResult
    mutating func happen(_ event: ContractorEvent, to name: String, until: Instant? = nil, note: String? = nil) -> Receipt {
        send(.contractor(ContractorSignal(contractor: ContractorID(name), event: event, until: until, by: "u-301", note: note)))
    }

    @discardableResult
    mutating func report(_ category: String = "rebuild") -> Receipt { send(.report(Report(type: "fault", category: category))) }

    @discardableResult
    mutating func say(_ event: ProgressEvent, _ number: Int32 = 1, by: String? = nil, to: String? = nil, note: String? = nil) -> Receipt {
        send(.progress(Progress(task: TaskID(day: 20_261_123, number: number), event: event, by: by, note: note, to: to)), source: "works-app")
    }

    /// Lets time pass: everything fires at its own instant.
    mutating func pass(_ span: TimeSpan) {
        let target = now + span
        while let due = state.nextDue, due <= target {
            now = max(now, due)
            decide(.tick)
        }
        now = target
    }

    /// Other rules from here on.
    mutating func reload(_ contractors: String) throws {
        rules = try Yard.rules(contractors)
        decide(.rules(rules.hash))
    }

    mutating func read() -> [String] {
        defer { lines = [] }
        return lines
    }

    func record(_ name: String) -> ContractorRecord? { state.contractors[ContractorID(name)] }
    func tier(_ name: String) -> String { record(name)?.tier ?? "" }
    func task(_ number: Int32 = 1) -> WorkTask? { state.task(TaskID(day: 20_261_123, number: number)) }
    var standing: [String] { state.contractors.values.sorted { $0.id < $1.id }.map { "\($0.id) \($0.tier)" } }
}

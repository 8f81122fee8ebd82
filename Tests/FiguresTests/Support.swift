import Domain
import Foundation
import Rules
import Testing

@testable import Figures

/// SplitMix64: the same seed gives the same test again.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// A small town: one process of five stages, one rule for faults, a register of 300 customers.
enum Town {
    static let monday = instant("2026-11-02T08:00:00+08:00")

    static func instant(_ text: String) -> Instant { (try? Instant(rfc3339: text)) ?? Instant(milliseconds: 0) }

    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, application]
          category: [no_power]
          skill: [survey]
          tier:
            vip: { zh: 重要客户, en: VIP }
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          marketing: { name: 营销, head: u-101 }
        districts:
          lucheng: { zh: 鹿城, en: Lucheng, lat: 28.0150, lon: 120.6550 }
        crews:
          north-2: { department: operations, skills: [survey] }
        network: network.csv

        """

    static let network = """
        transformer,feeder,district,lat,lon,customers
        T-1,F-1,lucheng,28.01,120.65,100
        T-2,F-1,lucheng,28.02,120.65,120
        T-3,F-2,lucheng,28.03,120.65,80

        """

    static let connections = """
        module: connections
        summary: New connections.
        takes: report.type == "application"

        processes:
          - name: new
            zh: 新装
            en: New connection
            limits: { total: 10 working days }
            stages:
              - name: acceptance
                zh: 业务受理
                en: Acceptance
                assign: { department: marketing }
                limits: { stage: 1 working day }
              - name: survey
                zh: 现场勘查
                en: Survey
                after: [acceptance]
                assign: { nearest: crew, skills: [survey], otherwise: { department: operations } }
                limits: { stage: 2 working days }
              - name: works
                zh: 客户工程
                en: Customer's own works
                after: [survey]
                clock: stopped
                assign: { department: marketing }
              - name: grid
                zh: 配套工程
                en: Works on the grid
                after: [survey]
                assign: { department: operations }
              - name: inspection
                zh: 竣工检验
                en: Inspection
                after: [works, grid]
                assign: { department: operations }
                limits: { stage: 8 h }

        """

    static func rules(connections: String? = Town.connections, network: String? = Town.network) throws -> RuleSet {
        var files = [RuleSource.File(name: "site.yaml", bytes: Array((network == nil ? site.replacing("network: network.csv\n", with: "") : site).utf8))]
        if let connections { files.append(RuleSource.File(name: "connections.yaml", bytes: Array(connections.utf8))) }
        if let network { files.append(RuleSource.File(name: "network.csv", bytes: Array(network.utf8))) }
        let source = RuleSource(files: files)
        let compilation = RuleCompiler.compile(source, proves: false, zone: { $0 == "Asia/Shanghai" ? .shanghai : nil })
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    static func request(_ rules: RuleSet, days: Int64 = 28, now: Instant = Town.monday + .days(28), plans: [ProcessPlan] = [], isLean: Bool = false) -> FigureRequest {
        FigureRequest(since: now + .days(-days), until: now, now: now, rules: rules, plans: plans, isLean: isLean)
    }
}

/// A fault that began and ended, as its row would have it.
func fault(
    _ number: Int32, _ names: inout NameTable, at: Instant, hours: Int64, customers: Int64 = 0, transformer: String = "", feeder: String = "", limit: Int64 = 3,
    crew: String = "north-2"
) -> TaskFact {
    var fact = TaskFact()
    fact.id = TaskID(day: 20_261_102, number: number)
    fact.rule = names.code("faults.everything-else")
    fact.task = names.code("repair")
    fact.department = names.code("operations")
    fact.crew = names.code(crew)
    fact.district = names.code("lucheng")
    fact.transformer = names.code(transformer)
    fact.feeder = names.code(feeder)
    fact.state = .closed
    fact.customersOut = customers
    fact.reportedAt = at
    fact.createdAt = at
    fact.endedAt = at + .hours(hours)
    let whole = hours * 3_600_000
    fact.spent = SpentFact(queued: whole / 4, dispatched: whole / 4, accepted: whole / 4, onsite: whole - 3 * (whole / 4))
    fact.limits = [LimitFact(name: .restore, length: .hours(limit), start: at, due: at + .hours(limit), reachedAt: at + .hours(hours))]
    fact.reportKey = UInt64(number)
    return fact
}

/// One round of a stage of a case.
func stage(
    _ number: Int32, _ name: String, of kase: CaseID, _ names: inout NameTable, from: Instant, to: Instant?, limit: LimitFact? = nil, spent: SpentFact? = nil,
    process: String = "connections.new", department: String = "marketing"
) -> TaskFact {
    var fact = TaskFact()
    fact.id = TaskID(day: 20_261_103, number: number)
    fact.kase = kase
    fact.rule = names.code(process)
    fact.task = names.code(name)
    fact.department = names.code(department)
    fact.state = to == nil ? .accepted : .closed
    fact.reportedAt = from
    fact.createdAt = from
    fact.endedAt = to
    fact.spent = spent ?? SpentFact(accepted: to.map { ($0 - from).milliseconds } ?? 0)
    fact.limits = limit.map { [$0] } ?? []
    return fact
}

func finished(_ id: CaseID, _ names: inout NameTable, from: Instant, accepted: Instant, to: Instant, stages: [String], process: String = "connections.new") -> CaseFact {
    var fact = CaseFact(id: id)
    fact.process = names.code(process)
    fact.state = .completed
    fact.createdAt = from
    fact.acceptedAt = accepted
    fact.endedAt = to
    fact.stages = stages.map { CaseFact.Stage(name: names.code($0), rounds: 1, task: nil, hasFailed: false) }
    return fact
}

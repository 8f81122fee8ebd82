package import Domain
package import Rules

/// Which figures are wanted, and what is known of the house: handed in, because nothing here looks anything up.
package struct FigureRequest: Sendable {
    package var since: Instant
    /// Not included.
    package var until: Instant
    package var now: Instant
    package var rules: RuleSet
    /// Processes that cases went by before: they name stages that the rules have no more.
    package var plans: [ProcessPlan]
    /// Stages' lengths and lateness alone: what the watch over them needs, without cases and without what is open.
    package var isLean: Bool

    package init(since: Instant, until: Instant, now: Instant, rules: RuleSet, plans: [ProcessPlan] = [], isLean: Bool = false) {
        self.since = since
        self.until = until
        self.now = now
        self.rules = rules
        self.plans = plans
        self.isLean = isLean
    }

    /// What is open now can be told.
    package var tellsOpen: Bool { until >= now && !isLean }
}

/// Names of processes and stages: as the rules have them, and for those that are gone as the last plan that had them.
struct PlanBook: Sendable {
    private var plans: [String: ProcessPlan] = [:]
    private var stages: [String: [String: (stage: ProcessPlan.Stage, place: Int, isInForce: Bool)]] = [:]
    private var inForce: Set<String> = []

    init(_ request: FigureRequest) {
        for plan in request.rules.processes { enter(plan, isInForce: true) }
        for plan in request.plans { enter(plan, isInForce: false) }
    }

    private mutating func enter(_ plan: ProcessPlan, isInForce: Bool) {
        if plans[plan.name] == nil { plans[plan.name] = plan }
        if isInForce { inForce.insert(plan.name) }
        for (place, stage) in plan.stages.enumerated() where stages[plan.name]?[stage.name] == nil {
            stages[plan.name, default: [:]][stage.name] = (stage, isInForce ? place : place + 10_000, isInForce)
        }
    }

    func plan(_ name: String) -> ProcessPlan? { plans[name] }
    func isInForce(_ name: String) -> Bool { inForce.contains(name) }
    func stage(_ process: String, _ name: String) -> (stage: ProcessPlan.Stage, place: Int, isInForce: Bool)? { stages[process]?[name] }
    /// In the order of the process.
    func stageNames(_ process: String) -> [String] { (plans[process]?.stages ?? []).map(\.name) }

    func name(_ process: String) -> NamedCode { NamedCode(process, chinese: plans[process]?.chinese, english: plans[process]?.english) }

    func name(_ process: String, _ stage: String) -> NamedCode {
        let known = stages[process]?[stage]?.stage
        return NamedCode(stage, chinese: known?.chinese, english: known?.english)
    }
}

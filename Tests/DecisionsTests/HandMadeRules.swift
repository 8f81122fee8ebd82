import Domain

@testable import Rules

/// A rule set without modules: the tests say the routing themselves.
func ruleSet(hash: String, site: Site, ladders: [String: Ladder]) -> RuleSet {
    RuleSet(hash: hash, site: site, ladders: ladders, modules: [], pool: FormulaPool())
}

import CEL
import Domain

@testable import Rules

/// A rule set that consists of a site and ladders alone: what matches is said by the test.
func ruleSet(hash: String, site: Site, ladders: [String: Ladder], lending: [LendingRule] = []) -> RuleSet {
    RuleSet(hash: hash, site: site, ladders: ladders, modules: [], pool: FormulaPool(), watch: WatchBook(lending: lending))
}

/// A rule that lends crews, as a module would have it.
func lendingRule(
    _ name: String = "faults.help", when: String, span: TimeSpan = .zero, from: String, clears: String? = nil, stay: TimeSpan = .minutes(30), most: Int = 3,
    within: Int? = nil
) throws -> LendingRule {
    func condition(_ text: String, _ label: String) throws -> Condition {
        Condition(try Expression.compile(text, schema: DistrictSchema.schema(nil), expecting: .bool), label: label)
    }
    return LendingRule(
        name: name, file: "faults.yaml", line: 7, span: span, stay: stay, most: most, within: within, when: try condition(when, "when"),
        from: try condition(from, "from"), clears: try clears.map { try condition($0, "clears") })
}

import Domain

/// Something that a stage of a case went through in a test.
package struct StageMark: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case begun
        /// Its `when` did not hold.
        case skipped
        /// Nobody could go, and it waited.
        case waited
        /// It failed, and the case went back.
        case failed
    }
    /// `module.name`
    package var process: String
    package var stage: String
    package var kind: Kind

    package init(process: String, stage: String, kind: Kind) {
        self.process = process
        self.stage = stage
        self.kind = kind
    }
}

/// One way that a stage of a process can go, for coverage.
struct StageBranch {
    var mark: StageMark
    var range: Range<Int>
    var text: String

    /// Those of a process: each stage begins; is skipped where it has a `when`; waits where it has an `otherwise`; goes back where it says so.
    static func all(of rule: RuleMap.Rule, _ plan: ProcessPlan) -> [StageBranch] {
        var result: [StageBranch] = []
        for (stage, node) in zip(plan.stages, rule.values["stages"]?.items ?? []) {
            func add(_ kind: StageMark.Kind, _ range: Range<Int>?, _ text: String) {
                guard let range else { return }
                result.append(StageBranch(mark: StageMark(process: plan.name, stage: stage.name, kind: kind), range: range, text: text))
            }
            add(.begun, node["name"]?.range ?? node.range, "no test comes to the stage '\(stage.name)' of \(plan.name)")
            add(.skipped, node["when"]?.range, "in no test is the stage '\(stage.name)' of \(plan.name) skipped")
            add(.waited, node["assign"]?["otherwise"]?.range, "in no test does the stage '\(stage.name)' of \(plan.name) wait because nobody can go")
            if stage.backTo != nil { add(.failed, node["failed"]?.range, "in no test does the stage '\(stage.name)' of \(plan.name) fail") }
        }
        return result
    }
}

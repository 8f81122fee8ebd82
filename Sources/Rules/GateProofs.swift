import CEL

/// What can be proved of a module's gate over the reports that come to it: those with declared values that no earlier module has taken. So a last
/// module's `takes` may be true of all of them, and no test can ever show it false.
///
/// It errs on one side: where an earlier gate can't be made a formula, the reports that it takes are taken to come on.
struct GateProofs {
    let set: RuleSet

    /// Whether a condition (or with `isNegated` its contrary) is proved true of every report that comes to a module.
    func isAlways(_ expression: Expression, isNegated: Bool, at module: RuleMap.Module) -> Bool {
        nothingComes(to: module) { reader, pool in
            reader.exact(expression.root).map { isNegated ? $0 : pool.not($0) }
        }
    }

    /// Whether two gates are proved to let the same reports in.
    func areSame(_ a: Expression, _ b: Expression, at module: RuleMap.Module) -> Bool {
        nothingComes(to: module) { reader, pool in
            guard let a = reader.exact(a.root), let b = reader.exact(b.root) else { return nil }
            return pool.any([pool.all([a, pool.not(b)]), pool.all([b, pool.not(a)])])
        }
    }

    /// Whether it is proved that of no report that comes to a module a formula is true.
    private func nothingComes(to module: RuleMap.Module, with formula: (FormulaReader, FormulaPool) -> Int32?) -> Bool {
        let pool = FormulaPool()
        let reader = FormulaReader(pool: pool)
        for entry in module.lets { reader.define(entry.name, entry.piece.expression) }
        guard let wanted = formula(reader, pool) else { return false }
        // One that uses names of its own is left out.
        let others = FormulaReader(pool: pool)
        let gates = set.modules[..<module.number].compactMap { earlier in
            earlier.takes.map { others.exact($0.expression.root) } ?? FormulaPool.yes
        }
        let parts = gates.map { pool.not($0) } + [wanted]
        let space = ReportSpace(pool)
        guard let boxes = space.boxes(all: parts) else { return false }
        let declared = space.box(declared: Proofs.declared(in: set))
        return boxes.allSatisfy { space.intersection($0, declared) == nil }
    }
}

/// Every mistake of one expression, in the order of the text.
package struct ExpressionErrors: Error, Sendable, Hashable {
    package let diagnostics: [ExpressionDiagnostic]
    package init(diagnostics: [ExpressionDiagnostic]) { self.diagnostics = diagnostics }
}

/// A parsed, checked and compiled expression, ready to be evaluated.
package struct Expression: Sendable {
    /// A field that it reads.
    package struct Read: Sendable, Hashable {
        /// As written: `report.place.district`.
        package let name: String
        package let slot: Int
        package let span: Span
    }

    /// How strictly a text is read.
    package struct Options: Sendable {
        /// False: names and types are not checked; what does not fit is an error when it runs. For `eval` and conformance suites.
        package var isChecked = true
        /// False: `has`, `all` and their kin are plain functions.
        package var hasMacros = true
        /// False: an expression that may take too long is not refused here; the evaluator ends it when it does.
        package var isCostChecked = true
        /// True: the specification's test-only macros for common parts (`cel.block`, `cel.index`) are known. For conformance suites.
        package var hasBlocks = false
        package init() {}
    }

    /// The expression's own text; of a part of another (`conjuncts`) that part's.
    package let text: String
    /// Where it stands in the whole text: all of it, or where the part stands. Every other span counts from the whole text's start, too.
    package let span: Span
    /// The static type of its value.
    package let type: StaticType
    /// The checked tree, for tracing and for the index of a rule set.
    package let root: CheckedNode
    /// The fields it reads, each once, in the order of the text; those of definitions it uses included, at the place of the use.
    package let reads: [Read]
    /// The `let` names it uses itself, each once, in the order of the text.
    package let definitionsUsed: [String]
    let program: Program
    /// The program's operation to begin with.
    let entry: Int32

    /// Parses, checks against `schema`, and compiles. `expecting` is the type that the place of use wants; `dyn` passes.
    /// Throws every mistake of the text, in its order (at most `Limits.diagnostics`). Pure; the same for the same arguments.
    package static func compile(
        _ text: String, schema: Schema, expecting: StaticType? = nil, options: Options = Options()
    ) throws(ExpressionErrors) -> Expression {
        let (tree, syntaxErrors) = Parser.parse(text, macros: options.hasMacros, blocks: options.hasBlocks)
        var checker = Checker(schema: schema, text: text, isLenient: !options.isChecked)
        checker.diagnostics = syntaxErrors
        let root = checker.check(tree)
        let type = checker.unifier.final(root.type)
        if let expecting { checker.expect(root, expecting) }
        if !checker.diagnostics.isEmpty { throw ExpressionErrors(diagnostics: ordered(checker.diagnostics)) }

        var estimator = Estimator(definitions: schema.definitions, patterns: checker.patterns)
        let estimate = estimator.estimate(root)
        if let deep = estimator.tooDeep {
            throw ExpressionErrors(diagnostics: [Wording.valueTooDeep(deep)])
        }
        if estimator.patterns.states > Limits.patternStates {
            throw ExpressionErrors(diagnostics: [Wording.tooManyStates(root.span, states: estimator.patterns.states)])
        }
        let program = Compiler.compile(
            root, height: tree.height, estimate: estimate, patterns: estimator.patterns, definitions: schema.definitions)
        guard program.weight <= Limits.weight else {
            throw ExpressionErrors(diagnostics: [Wording.tooCostly(root.span, weight: program.weight)])
        }
        guard program.height <= Limits.evaluationDepth else {
            throw ExpressionErrors(diagnostics: [Wording.definitionsTooDeep(root.span, height: program.height)])
        }
        if options.isCostChecked, options.isChecked, let part = estimator.offender {
            throw ExpressionErrors(diagnostics: [Wording.tooExpensive(part.span, cost: part.cost, rounds: part.rounds)])
        }
        return Expression(
            text: text, span: Span(start: 0, end: text.count), type: type, root: root, reads: checker.reads,
            definitionsUsed: checker.definitionsUsed, program: program, entry: program.root)
    }

    /// In the order of the text, each once, capped.
    private static func ordered(_ diagnostics: [ExpressionDiagnostic]) -> [ExpressionDiagnostic] {
        var seen: Set<ExpressionDiagnostic> = []
        let sorted = diagnostics.enumerated().sorted {
            ($0.element.span.start, $0.element.span.end, $0.offset) < ($1.element.span.start, $1.element.span.end, $1.offset)
        }
        return Array(sorted.map(\.element).filter { seen.insert($0).inserted }.prefix(Limits.diagnostics))
    }

    /// What the whole expression may cost at most, in the steps of `Limits.cost`: lists and texts from outside are taken to be no
    /// larger than `Limits.assumedEntries` and `Limits.assumedTextBytes`.
    package var cost: Int { program.estimate.cost }

    /// The value. Throws where a part that decides it has none (a division by zero, a missing key of a map), or where it takes
    /// more than `Limits.cost` steps.
    package func evaluate(_ activation: some Activation) throws(EvaluationError) -> Value {
        try Evaluator.evaluate(program, entry, activation)
    }

    /// For conditions: true when the value is `true`. Throws as `evaluate` does, and where the value is no condition.
    package func matches(_ activation: some Activation) throws(EvaluationError) -> Bool {
        try Evaluator.matches(program, entry, activation)
    }

    /// The parts of its top-level `&&` (itself, where there is none), in order, each with its own text. Each can be evaluated.
    package var conjuncts: [Expression] {
        guard case .and(let parts) = root.kind, entry == program.root, parts.count == program.conjuncts.count else { return [self] }
        return zip(parts, program.conjuncts).map { part, entry in
            let parts = Parts(of: part, reads: reads, definitions: program.definitions)
            return Expression(
                text: slice(part.span), span: part.span, type: part.type, root: part, reads: parts.reads,
                definitionsUsed: parts.definitionsUsed, program: program, entry: entry)
        }
    }

    private func slice(_ span: Span) -> String {
        let start = text.index(text.startIndex, offsetBy: span.start)
        return String(text[start..<text.index(start, offsetBy: span.end - span.start)])
    }
}

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

    package let text: String
    /// The static type of its value.
    package let type: StaticType

    /// Parses, checks against `schema`, and compiles. `expecting` is the type that the place of use wants; `dyn` passes.
    package static func compile(_ text: String, schema: Schema, expecting: StaticType? = nil) throws(ExpressionErrors) -> Expression {
        throw ExpressionErrors(diagnostics: [])
    }

    package func evaluate(_ activation: some Activation) throws(EvaluationError) -> Value {
        .null
    }

    /// For conditions: true when the value is `true`.
    package func matches(_ activation: some Activation) throws(EvaluationError) -> Bool {
        try evaluate(activation) == .bool(true)
    }

    /// The fields it reads, each once, in the order of the text; those of definitions it uses included.
    package var reads: [Read] { [] }

    /// The parts of its top-level `&&` (itself, where there is none), in order, each with its own text.
    package var conjuncts: [Expression] { [] }

    /// The `let` names it uses, in the order of the text.
    package var definitionsUsed: [String] { [] }
}

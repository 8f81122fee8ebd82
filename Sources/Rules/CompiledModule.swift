import CEL
import Domain

/// A condition with what its trace needs, worked out once.
struct Condition: Sendable {
    var expression: Expression
    /// `takes`, `when`, or the name of a `let`.
    var label: String
    /// Without the blanks and line ends around it.
    var text: String
    var reads: [Expression.Read]

    init(_ expression: Expression, label: String) {
        self.expression = expression
        self.label = label
        var text = expression.text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        self.text = String(text)
        reads = expression.reads
    }

    /// The same whatever the blanks: two conditions with one spelling are one condition.
    var spelling: String { text.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}

/// A time that goes by a field's value.
struct Table: Sendable {
    var name: String
    var slot: Int
    var rows: [String: TimeSpan]
    /// For absent values and those without a row.
    var otherwise: TimeSpan?
}

enum LimitSource: Sendable {
    case span(TimeSpan)
    case table(Table)
}

struct CompiledRule: Sendable {
    /// `module.name`
    var name: String
    var line: Int
    /// nil: every report.
    var when: Condition?
    /// The `&&` parts of `when`.
    var conjuncts: [Condition]
    /// The truth values among the `let`s that `when` uses.
    var definitions: [Condition]
    var task: String
    var priority: Priority
    var assign: Assignment
    var limits: [(name: LimitName, source: LimitSource)]
    /// Where no limit goes by a table.
    var constantLimits: [LimitName: TimeSpan]?
    var escalate: String?
    var continues: Bool
}

/// A checked and compiled module that has rules.
struct CompiledModule: Sendable {
    var name: String
    var file: String
    var takes: Condition?
    var takesLine: Int
    var rules: [CompiledRule]
}

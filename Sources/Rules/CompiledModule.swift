import CEL
import Domain

// Classes, because a struct of so many parts costs a report more to copy than to match.

/// A condition with what its trace needs, worked out once.
final class Condition: Sendable {
    let expression: Expression
    /// `takes`, `when`, or the name of a `let`.
    let label: String
    /// Without the blanks and line ends around it.
    let text: String
    let reads: [Expression.Read]

    init(_ expression: Expression, label: String) {
        self.expression = expression
        self.label = label
        var text = expression.text.unicodeScalars[...]
        while let first = text.first, Self.isBlank(first) { text.removeFirst() }
        while let last = text.last, Self.isBlank(last) { text.removeLast() }
        self.text = String(text)
        reads = expression.reads
    }

    /// The same whatever the blanks: two conditions with one spelling are one condition.
    var spelling: String { text.unicodeScalars.split(whereSeparator: Self.isBlank).map { String($0) }.joined(separator: " ") }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\n" || scalar == "\r" || scalar == "\t" }
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

final class CompiledRule: Sendable {
    /// `module.name`
    let name: String
    let line: Int
    /// nil: every report.
    let when: Condition?
    /// The `&&` parts of `when`.
    let conjuncts: [Condition]
    /// The truth values among the `let`s that `when` uses.
    let definitions: [Condition]
    let task: String
    let priority: Priority
    let assign: Assignment
    let limits: [(name: LimitName, source: LimitSource)]
    /// Where no limit goes by a table.
    let constantLimits: [LimitName: TimeSpan]?
    let escalate: String?
    let continues: Bool

    init(
        name: String, line: Int, when: Condition?, conjuncts: [Condition], definitions: [Condition], task: String, priority: Priority,
        assign: Assignment, limits: [(name: LimitName, source: LimitSource)], constantLimits: [LimitName: TimeSpan]?, escalate: String?,
        continues: Bool
    ) {
        self.name = name
        self.line = line
        self.when = when
        self.conjuncts = conjuncts
        self.definitions = definitions
        self.task = task
        self.priority = priority
        self.assign = assign
        self.limits = limits
        self.constantLimits = constantLimits
        self.escalate = escalate
        self.continues = continues
    }
}

/// A checked and compiled module that has rules.
struct CompiledModule: Sendable {
    var name: String
    var file: String
    var takes: Condition?
    var takesLine: Int
    var rules: [CompiledRule]
}

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
    let reads: [NamedSlot]

    init(_ expression: Expression, label: String) {
        self.expression = expression
        self.label = label
        text = Self.trimmed(expression.text).text
        reads = expression.reads.map { NamedSlot(name: $0.name, slot: $0.slot) }
    }

    /// A text without the blanks around it, and how many bytes of them stood before it.
    static func trimmed(_ text: String) -> (text: String, before: Int) {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.last, isBlank(first) || isBlank(last) else { return (text, 0) }
        let start = bytes.firstIndex { !isBlank($0) } ?? bytes.endIndex
        var end = bytes.endIndex
        while end > start, isBlank(bytes[bytes.index(before: end)]) { end = bytes.index(before: end) }
        return (String(text[start..<end]), bytes.distance(from: bytes.startIndex, to: start))
    }

    /// The same whatever the blanks: two conditions with one spelling are one condition.
    var spelling: String { Self.spelling(of: text) }

    static func spelling(of text: String) -> String {
        text.utf8.split(whereSeparator: isBlank).map { String(Substring($0)) }.joined(separator: " ")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}

/// A time that goes by a field's value.
struct Table: Sendable, Hashable {
    var name: String
    var slot: Int
    var rows: [String: TimeSpan]
    /// For absent values and those without a row.
    var otherwise: TimeSpan?
}

enum LimitSource: Sendable, Hashable {
    case span(TimeSpan)
    case table(Table)
}

/// What a rule makes of the reports that it takes; rules that make the same share it.
final class Outcome: Sendable, Hashable {
    let task: String
    let priority: Priority
    let assign: Assignment
    let limits: [Limit]
    /// Where no limit goes by a table.
    let constantLimits: [LimitName: TimeSpan]?
    let escalate: String?
    let continues: Bool

    struct Limit: Sendable, Hashable {
        var name: LimitName
        var source: LimitSource
    }

    init(task: String, priority: Priority, assign: Assignment, limits: [Limit], escalate: String?, continues: Bool) {
        self.task = task
        self.priority = priority
        self.assign = assign
        self.limits = limits
        self.escalate = escalate
        self.continues = continues
        var constant: [LimitName: TimeSpan]? = [:]
        for limit in limits {
            if case .span(let span) = limit.source { constant?[limit.name] = span } else { constant = nil }
        }
        constantLimits = constant
    }

    static func == (a: Outcome, b: Outcome) -> Bool {
        a.task == b.task && a.priority == b.priority && a.assign == b.assign && a.limits == b.limits && a.escalate == b.escalate
            && a.continues == b.continues
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(task)
        hasher.combine(assign)
        hasher.combine(limits)
        hasher.combine(escalate)
    }
}

/// A rule's `when`, in the form that a hundred thousand of them have room for: its parts are formulas, which rules share.
struct RuleCondition: Sendable {
    /// Without the blanks and line ends around it.
    let text: String
    /// The `&&` parts, in the module's list.
    let parts: Range<Int32>
    /// What it reads, in the matcher's lists.
    let reads: Int32
    /// True wherever the condition is true or fails. -1: the condition is its parts, each of them a formula.
    let over: Int32
    /// What no formula says: the expression itself, without its tree.
    let expression: Condition?
    /// The truth values among the `let`s that it uses.
    let definitions: DefinitionList?
}

/// A part of a condition's `&&`.
struct ConditionPart: Sendable {
    /// -1: only the expression itself can say.
    let formula: Int32
    /// The bytes of its text within the condition's.
    let start: Int32
    let end: Int32
    /// What it reads, in the matcher's lists.
    let reads: Int32
}

final class DefinitionList: Sendable {
    let definitions: [Condition]
    init(_ definitions: [Condition]) { self.definitions = definitions }
}

struct CompiledRule: Sendable {
    /// `module.name`
    let name: String
    let line: Int
    /// nil: every report.
    let when: RuleCondition?
    let outcome: Outcome

    var continues: Bool { outcome.continues }
}

/// A checked and compiled module that has rules.
struct CompiledModule: Sendable {
    var name: String
    var file: String
    var takes: Condition?
    /// True wherever `takes` is true or fails.
    var takesOver = FormulaPool.yes
    /// `takesOver` is `takes`.
    var takesIsFormula = false
    var takesLine: Int
    var rules: [CompiledRule]
    var parts: [ConditionPart] = []
}

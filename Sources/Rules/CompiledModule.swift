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
    var rows: [String: LimitLength]
    /// For absent values and those without a row.
    var otherwise: LimitLength?
}

enum LimitSource: Sendable, Hashable {
    case span(LimitLength)
    case table(Table)
}

/// What a rule makes of the reports that it takes; rules that make the same share it.
final class Outcome: Sendable, Hashable {
    let task: String
    let priority: Priority
    let assign: Assignment
    let limits: [Limit]
    /// Where no limit goes by a table.
    let constantLimits: [LimitName: LimitLength]?
    let escalate: String?
    let continues: Bool
    /// It opens a case of this process; the rest says nothing then.
    let process: ProcessPlan?
    /// Other departments that its tasks concern.
    let share: [DepartmentID]
    /// The caller is told this, and there is no task; the rest says nothing then.
    let answer: RuleAnswer?

    /// The names of the ladders that it uses.
    var ladders: [String] { ([escalate, process?.escalate] + (process?.stages.map(\.escalate) ?? [])).compactMap { $0 } }

    struct Limit: Sendable, Hashable {
        var name: LimitName
        var source: LimitSource
    }

    init(task: String, priority: Priority, assign: Assignment, limits: [Limit], escalate: String?, continues: Bool, process: ProcessPlan? = nil,
        share: [DepartmentID] = [], answer: RuleAnswer? = nil
    ) {
        self.task = task
        self.priority = priority
        self.assign = assign
        self.limits = limits
        self.escalate = escalate
        self.continues = continues
        self.process = process
        self.share = share
        self.answer = answer
        var constant: [LimitName: LimitLength]? = [:]
        for limit in limits {
            if case .span(let span) = limit.source { constant?[limit.name] = span } else { constant = nil }
        }
        constantLimits = constant
    }

    static func == (a: Outcome, b: Outcome) -> Bool {
        a.task == b.task && a.priority == b.priority && a.assign == b.assign && a.limits == b.limits && a.escalate == b.escalate
            && a.continues == b.continues && a.process == b.process && a.share == b.share && a.answer == b.answer
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(task)
        hasher.combine(assign)
        hasher.combine(limits)
        hasher.combine(escalate)
    }
}

/// A rule's `when` on its way into its module.
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

/// A rule, as small as it can be: texts and what it shares with others stand in its module's lists.
struct CompiledRule: Sendable {
    /// A stretch of the module's names or texts.
    struct Stretch: Sendable {
        var start: Int32
        var count: Int32
    }

    /// What a report that it takes needs.
    struct Head: Sendable {
        /// `module.name`, among the module's names.
        var name: Stretch
        var outcome: Int32
        var continues: Bool
    }

    var head: Head
    /// The condition's text, without the blanks around it, among the module's texts. Empty: every report.
    var text: Stretch
    var line: Int32
    var firstPart: Int32 = 0
    var partCount: Int32 = 0
    /// What the condition reads, in the matcher's lists.
    var reads: Int32 = 0
    /// True wherever the condition is true or fails. -1: the condition is its parts, each of them a formula.
    var over: Int32 = -1
    /// -1: its parts say all.
    var expression: Int32 = -1
    /// The truth values among the `let`s that it uses. -1: none.
    var definitions: Int32 = -1

    var continues: Bool { head.continues }
    var hasCondition: Bool { text.count > 0 }
    var parts: Range<Int> { Int(firstPart)..<Int(firstPart + partCount) }
}

/// A checked and compiled module that has rules.
final class CompiledModule: Sendable {
    let name: String
    let file: String
    let takes: Condition?
    /// True wherever `takes` is true or fails.
    let takesOver: Int32
    /// `takesOver` is `takes`.
    let takesIsFormula: Bool
    let takesLine: Int
    let rules: [CompiledRule]
    /// The rules' heads once more, close together: what a report reads of them stays in the processor's caches.
    let heads: [CompiledRule.Head]
    let parts: [ConditionPart]
    /// The parts' formulas, close together: what finding a rule reads of them.
    let checks: [Int32]
    /// Apart from the texts, which a report does not need.
    private let names: [UInt8]
    private let texts: [UInt8]
    let outcomes: [Outcome]
    private let expressions: [Condition]
    private let definitions: [DefinitionList]
    let merges: [MergeRule]

    init(_ draft: ModuleDraft) {
        name = draft.name
        file = draft.file
        takes = draft.takes
        takesOver = draft.takesOver
        takesIsFormula = draft.takesIsFormula
        takesLine = draft.takesLine
        rules = draft.rules.fitted
        heads = draft.rules.map(\.head)
        parts = draft.parts.fitted
        checks = draft.parts.map(\.formula)
        names = draft.names.fitted
        texts = draft.texts.fitted
        outcomes = draft.outcomes
        expressions = draft.expressions
        definitions = draft.definitions
        merges = draft.merges
    }

    func name(of rule: CompiledRule) -> String { name(of: rule.head) }
    func name(of head: CompiledRule.Head) -> String {
        names.withUnsafeBufferPointer { names in
            // Unchecked, because the bytes are those of a text that was put there whole.
            String(copying: unsafe UTF8Span(unchecked: names.extracting(Int(head.name.start)..<Int(head.name.start + head.name.count)).span))
        }
    }
    /// nil: every report.
    func condition(of rule: CompiledRule) -> String? { rule.hasCondition ? string(rule.text) : nil }
    func text(of part: ConditionPart, in rule: CompiledRule) -> String {
        string(.init(start: rule.text.start + part.start, count: part.end - part.start))
    }
    /// The kinds of work that its rules make, some of them more than once.
    var tasks: [String] { outcomes.map(\.task) }
    func outcome(of rule: CompiledRule) -> Outcome { outcome(of: rule.head) }
    func outcome(of head: CompiledRule.Head) -> Outcome { outcomes[Int(head.outcome)] }
    func expression(of rule: CompiledRule) -> Condition? { rule.expression < 0 ? nil : expressions[Int(rule.expression)] }
    func definitions(of rule: CompiledRule) -> [Condition] { rule.definitions < 0 ? [] : definitions[Int(rule.definitions)].definitions }

    private func string(_ stretch: CompiledRule.Stretch) -> String {
        texts.withUnsafeBufferPointer { texts in
            String(decoding: texts.extracting(Int(stretch.start)..<Int(stretch.start + stretch.count)), as: UTF8.self)
        }
    }

    func isNamed(_ rule: CompiledRule, _ name: String) -> Bool {
        names[Int(rule.head.name.start)..<Int(rule.head.name.start + rule.head.name.count)].elementsEqual(name.utf8)
    }
}

/// A module while its rules are read.
struct ModuleDraft {
    var name: String
    var file: String
    var takes: Condition?
    var takesOver = FormulaPool.yes
    var takesIsFormula = false
    var takesLine = 0
    var merges: [MergeRule] = []
    private(set) var rules: [CompiledRule] = []
    var parts: [ConditionPart] = []
    private(set) var names: [UInt8] = []
    private(set) var texts: [UInt8] = []
    private(set) var outcomes: [Outcome] = []
    private(set) var expressions: [Condition] = []
    private(set) var definitions: [DefinitionList] = []
    private var outcomeNumbers: [Outcome: Int32] = [:]

    init(name: String, file: String) {
        self.name = name
        self.file = file
    }

    mutating func add(_ name: String, line: Int, when: RuleCondition?, _ outcome: Outcome) {
        var rule = CompiledRule(
            head: .init(name: Self.append(self.name + "." + name, to: &names), outcome: number(of: outcome), continues: outcome.continues),
            text: Self.append(when?.text ?? "", to: &texts), line: Int32(line))
        if let when {
            rule.firstPart = when.parts.lowerBound
            rule.partCount = Int32(when.parts.count)
            rule.reads = when.reads
            rule.over = when.over
            if let expression = when.expression {
                rule.expression = Int32(expressions.count)
                expressions.append(expression)
            }
            if let list = when.definitions {
                rule.definitions = Int32(definitions.lastIndex { $0 === list } ?? definitions.count)
                if Int(rule.definitions) == definitions.count { definitions.append(list) }
            }
        }
        rules.append(rule)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) -> CompiledRule.Stretch {
        bytes += text.utf8
        return .init(start: Int32(bytes.count - text.utf8.count), count: Int32(text.utf8.count))
    }

    private mutating func number(of outcome: Outcome) -> Int32 {
        if let number = outcomeNumbers[outcome] { return number }
        outcomes.append(outcome)
        outcomeNumbers[outcome] = Int32(outcomes.count - 1)
        return Int32(outcomes.count - 1)
    }
}

extension Array {
    /// The same in no more memory than it needs.
    var fitted: [Element] { withUnsafeBufferPointer { Array($0) } }
}

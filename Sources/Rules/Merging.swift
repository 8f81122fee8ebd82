import CEL
package import Domain

/// One rule of `merge:`: what makes a report another call about the same incident.
final class MergeRule: Sendable {
    /// `module.name`
    let name: String
    let line: Int
    /// nil: every report that the module takes, hazards always left out.
    let when: Condition?
    /// What both must have in common; a report that has nothing there joins nothing.
    let same: [NamedSlot]
    /// In whole metres; nil: where it is does not matter.
    let near: Int?
    /// How long after the last call of an incident another one joins it.
    let window: TimeSpan

    init(name: String, line: Int, when: Condition?, same: [NamedSlot], near: Int?, window: TimeSpan) {
        self.name = name
        self.line = line
        self.when = when
        self.same = same
        self.near = near
        self.window = window
    }
}

/// A rule for merging that holds of a report, and what the report says there.
package struct MergeMatch: Sendable, Hashable {
    /// `module.name`
    package var rule: String
    /// The values of what both must have in common, with `\u{1F}` between them.
    package var values: String
    package var near: Int?
    package var window: TimeSpan
    package init(rule: String, values: String, near: Int? = nil, window: TimeSpan) {
        self.rule = rule
        self.values = values
        self.near = near
        self.window = window
    }
}

extension RuleSet {
    /// The rules for merging of a module that hold of a report, in the order of the file. None of a hazard: those are never merged away.
    func merges(_ module: CompiledModule, _ activation: ReportActivation, _ failures: inout [ConditionFailure]) -> [MergeMatch] {
        guard !module.merges.isEmpty, !site.isHazard(activation.subject.report.category) else { return [] }
        var found: [MergeMatch] = []
        for rule in module.merges {
            do throws(EvaluationError) {
                if let when = rule.when, try !when.expression.matches(activation) { continue }
            } catch {
                failures.append(ConditionFailure(rule: rule.name, file: module.file, line: rule.line, message: error.message))
                continue
            }
            var values: [String] = []
            for slot in rule.same {
                // What is absent is the same as nothing.
                guard let value = activation.value(slot: slot.slot), value != .string("") else { break }
                if case .string(let text) = value { values.append(text) } else { values.append(activation.json(slot: slot.slot)) }
            }
            guard values.count == rule.same.count else { continue }
            found.append(MergeMatch(rule: rule.name, values: values.joined(separator: "\u{1F}"), near: rule.near, window: rule.window))
        }
        return found
    }
}

extension Site {
    /// Danger to people: a category that is declared with `hazard: true`.
    package func isHazard(_ category: String?) -> Bool {
        guard let category else { return false }
        return values["category"]?.contains { $0.code == category && $0.isHazard } ?? false
    }
}

/// What a caller is told in place of a task.
package struct RuleAnswer: Sendable, Hashable {
    package var name: String
    /// What the module says; nil: as the catalogue of texts has it.
    package var text: Translation?
    package init(name: String, text: Translation? = nil) {
        self.name = name
        self.text = text
    }

    /// What stands for the kind of work where there is none.
    package static let task = "answer"
    /// The words in braces that it may have.
    package static let placeholders = ["report", "outage", "from", "until", "reason"]
    /// Those of the catalogue.
    package static let standard: [TextName] = [.known_outage, .arrears, .customer_installation, .outage_hours]
}

/// Reads `merge` and `answers`.
struct MergeReader {
    let reader: FileReader

    static let example = "- name: same-transformer\n  same: [report.transformer]\n  window: 4 h"
    static let answerExample = "known_outage:\n  zh: 您所在区域正在计划停电，预计{until}恢复。\n  en: \"There is planned work in your area; power is back by {until}.\""

    func merges(_ node: Node, module: String, _ conditions: ConditionReader, used: inout Set<String>) -> [MergeRule] {
        guard let items = reader.list(node, "merge", of: "rules for merging", example: Self.example) else { return [] }
        if items.isEmpty { reader.error(reader.place(node), .emptyValue("merge", example: Self.example)) }
        var rules: [MergeRule] = []
        var lines: [String: Int] = [:]
        for item in items {
            guard reader.inBlockStyle(item, "a rule for merging", example: Self.example), let block = reader.block(item, Keys.merge, example: Self.example) else {
                continue
            }
            let name = reader.required("name", in: block).flatMap {
                reader.code($0, "name", what: "the name of a rule for merging", example: Keys.merge.examples["name"] ?? "", allowsDots: false)
            }
            let range = block["name"].map { reader.place($0) } ?? block.anchor
            if let name {
                if let first = lines[name] {
                    reader.error(range, .duplicateName("the rule for merging", name, place: "line \(first)"))
                    continue
                }
                lines[name] = reader.line(of: range)
            }
            var when: Condition?
            if let node = block["when"] {
                when = conditions.condition(node, "when", expecting: .bool)
                used.formUnion(when?.expression.definitionsUsed ?? [])
                guard when != nil else { continue }
            }
            let same = block["same"].map { paths($0, conditions.schema) }
            let near = block["near"].flatMap { reader.distance($0, "near") }
            if !block.has("same"), !block.has("near") { reader.error(block.anchor, .mergesEverything(name ?? "")) }
            let window = reader.required("window", in: block, of: name.map { "the rule for merging '\($0)'" }).flatMap { reader.duration($0, "window") }
            guard let name, let window, (same != nil && !(same ?? []).isEmpty) || near != nil else { continue }
            rules.append(MergeRule(name: module + "." + name, line: reader.line(of: range), when: when, same: same ?? [], near: near, window: window))
        }
        return rules
    }

    private func paths(_ node: Node, _ schema: Schema) -> [NamedSlot] {
        var found: [NamedSlot] = []
        if node.isEmptyList { reader.error(reader.place(node), .emptyValue("same", example: Keys.merge.examples["same"])) }
        for item in reader.list(node, "same", of: "fields of a report", example: Keys.merge.examples["same"]) ?? [] {
            guard let path = reader.text(item, "same", example: Keys.merge.examples["same"]) else { continue }
            guard let field = ReportSchema.field(path, in: schema), let slot = field.slot, field.type != .object(ReportSchema.place) else {
                // A site that could not be read has no fields that can be missed.
                if path.hasPrefix("report.fields."), schema.objects["report"]?["fields"]?.type == .dyn { continue }
                let known = ReportSchema.paths(in: schema).filter { $0.hasPrefix("report.") }
                reader.error(reader.place(item), .unknownField(path, suggestion: nearestName(to: path, among: known)))
                continue
            }
            if found.contains(where: { $0.slot == slot }) {
                reader.error(reader.place(item), .duplicateName("the field", path, place: "this list"))
                continue
            }
            found.append(NamedSlot(name: path, slot: slot))
        }
        return found
    }

    func answers(_ node: Node, _ marks: inout [(name: String, range: Range<Int>)]) -> [String: RuleAnswer]? {
        guard let entries = reader.named(node, section: "answers", what: "an answer", example: Self.answerExample, allowsDots: false) else { return nil }
        var answers: [String: RuleAnswer] = [:]
        for entry in entries {
            answers[entry.name] = RuleAnswer(name: entry.name)
            marks.append((entry.name, entry.key))
            guard reader.inBlockStyle(entry.value, "a text", example: Self.answerExample), let block = reader.block(entry.value, Keys.text, example: Self.answerExample)
            else { continue }
            let texts = TextReader(reader: reader)
            var found: [String: String] = [:]
            for language in ["zh", "en"] {
                if let node = reader.required(language, in: block, of: "the answer '\(entry.name)'") {
                    found[language] = texts.text(node, language, of: entry.name, known: RuleAnswer.placeholders)
                }
            }
            guard let chinese = found["zh"], let english = found["en"] else { continue }
            answers[entry.name] = RuleAnswer(name: entry.name, text: Translation(chinese: chinese, english: english))
        }
        return answers
    }

    /// What a rule answers; nil: a mistake, which has been told.
    /// - Parameter own: the module's answers; nil: they could not be read.
    func answer(_ node: Node, own: [String: RuleAnswer]?, used: inout Set<String>) -> RuleAnswer? {
        guard let name = reader.text(node, "answer", example: Keys.rule.examples["answer"]) else { return nil }
        used.insert(name)
        if let own, let answer = own[name] { return answer }
        if RuleAnswer.standard.contains(where: { $0.rawValue == name }) { return RuleAnswer(name: name) }
        guard let own else { return nil }
        let known = RuleAnswer.standard.map(\.rawValue) + own.keys.sorted()
        reader.error(reader.place(node), .unknown(.unknownAnswer, "answer", name, known: known, suggestion: nearestName(to: name, among: known)))
        return nil
    }
}

extension Keys {
    static let merge = Keys(
        "a rule for merging",
        [
            "name": "name: same-transformer",
            "when": "when: report.category == \"no_power\"",
            "same": "same: [report.transformer]",
            "near": "near: 300 m",
            "window": "window: 4 h",
        ])

    static let mergeMeanings: [String: Meaning] = [
        "name": .init(.code(dots: false), "Its name, once in its module."),
        "when": .init(.expression, "Which reports it is about; without it, all that the module takes. A hazard is never merged."),
        "same": .init(.list(.text), "Fields of the report that are the same in all calls of an incident; who says nothing there joins nothing."),
        "near": .init(.distance, "So near to where the incident is."),
        "window": .init(.duration, "So long after the incident's last call another call joins it."),
    ]
}

extension Wording {
    static func mergesEverything(_ name: String) -> Wording {
        Wording(
            .missingKey, "'\(name)' says neither 'same' nor 'near': every report would join the one before it", example: "same: [report.transformer]")
    }

    static func answersAndTasks(_ key: String) -> Wording {
        Wording(.misplacedKey, "a rule that answers makes no task: '\(key)' and 'answer' exclude each other; delete one of them", example: "answer: known_outage")
    }
}

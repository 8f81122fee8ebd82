import CEL

/// Makes the `when`s of one module's rules.
///
/// Thousands of rules are made of the same few hundred comparisons. So a condition is cut at its `&&`s, and each part is parsed, checked and made
/// into a formula once. Where a part has a mistake or is no formula, the condition is read whole, as the language has it: what that says counts.
struct RuleConditions {
    let conditions: ConditionReader
    let formulas: FormulaReader
    let pool: FormulaPool
    /// The `&&` parts of all of them, one after the other.
    private(set) var parts: [ConditionPart] = []
    private(set) var definitionsUsed: Set<String> = []
    private var definitionLists: [[String]: DefinitionList] = [:]
    private let known: KnownParts
    /// How many mistakes a part has; nil: that depends on its company. Only of modules that are hopelessly wrong.
    private var mistakesOfParts: [String: Int?] = [:]
    private let knownFailures = ConditionReader.KnownFailures()

    init(conditions: ConditionReader, formulas: FormulaReader, pool: FormulaPool) {
        self.conditions = conditions
        self.formulas = formulas
        self.pool = pool
        // Without names of its own a module's parts mean what they mean in every such module.
        known = conditions.schema.definitions.isEmpty && !conditions.failsUnknownNames && conditions.failed.isEmpty ? pool.knownParts : KnownParts()
    }

    /// nil: it has a mistake, which has been told.
    mutating func condition(_ node: Node, _ key: String = "when") -> RuleCondition? {
        if case .text(let text, _) = node.content, !node.isSpoilt, let condition = quickly(text) { return condition }
        if case .text(let text, _) = node.content, !node.isSpoilt, conditions.reader.findings.isFull(conditions.reader.file), let count = mistakes(in: text) {
            conditions.reader.findings.countErrors(count)
            return nil
        }
        guard let expression = conditions.expression(node, key, expecting: .bool, known: knownFailures) else { return nil }
        let root = expression.root
        let (text, before) = Condition.trimmed(expression.text)
        let whole = formulas.exact(root)
        let first = Int32(parts.count)
        if case .and(let nodes) = root.kind {
            let places = BytePlaces(expression.text, before: before)
            for node in nodes {
                let place = places.range(node.span)
                let formula = formulas.exact(node) ?? -1
                parts.append(ConditionPart(formula: formula, start: Int32(place.lowerBound), end: Int32(place.upperBound), reads: reads(of: node)))
            }
        } else {
            parts.append(ConditionPart(formula: whole ?? -1, start: 0, end: Int32(text.utf8.count), reads: list(expression.reads)))
        }
        definitionsUsed.formUnion(expression.definitionsUsed)
        return RuleCondition(
            text: text, parts: first..<Int32(parts.count), reads: list(expression.reads), over: whole == nil ? formulas.over(root) : -1,
            expression: whole == nil ? Condition(expression.withoutTree, label: "when") : nil, definitions: definitions(expression.definitionsUsed))
    }

    // MARK: Part by part

    /// nil: to be read whole.
    private mutating func quickly(_ untrimmed: String) -> RuleCondition? {
        let (text, _) = Condition.trimmed(untrimmed)
        guard let cut = TextTable.withBytes(text, ConditionCut.parts), cut.count > 1 else { return nil }
        var found: [KnownParts.Part] = []
        found.reserveCapacity(cut.count)
        var cost = 0
        for range in cut {
            guard let part = part(text, range) else { return nil }
            cost += part.cost
            found.append(part)
        }
        guard cost <= FormulaReader.costMax else { return nil }
        let first = Int32(parts.count)
        var names: [String] = []
        for (part, range) in zip(found, cut) {
            parts.append(ConditionPart(formula: part.formula, start: Int32(range.lowerBound), end: Int32(range.upperBound), reads: part.reads))
            for name in part.definitionsUsed where !names.contains(name) { names.append(name) }
        }
        definitionsUsed.formUnion(names)
        let lists = found.map(\.wholeReads)
        let reads =
            known.unions[lists]
            ?? {
                var all: [NamedSlot] = []
                for list in lists { for read in pool.readLists[Int(list)] where !all.contains(read) { all.append(read) } }
                let number = pool.readList(all)
                known.unions[lists] = number
                return number
            }()
        return RuleCondition(
            text: text, parts: first..<Int32(parts.count), reads: reads, over: -1, expression: nil, definitions: definitions(names))
    }

    private mutating func part(_ text: String, _ range: Range<Int>) -> KnownParts.Part? {
        let number = TextTable.withBytes(text) { known.texts.number(of: UnsafeBufferPointer(rebasing: $0[range])) }
        if number >= 0 { return known.parts[Int(number)] }
        let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
        let piece = String(text[start..<text.utf8.index(start, offsetBy: range.count)])
        var made: KnownParts.Part?
        if let expression = try? Expression.compile(piece, schema: conditions.schema, expecting: .bool), let formula = formulas.exact(expression.root),
            let cost = formulas.cost(expression.root)
        {
            made = KnownParts.Part(
                formula: formula, reads: reads(of: expression.root), wholeReads: list(expression.reads), cost: cost,
                definitionsUsed: expression.definitionsUsed)
        }
        known.add(piece, made)
        return made
    }

    // MARK: Mistakes that are only counted

    /// How many mistakes a condition has, part by part: thousands of wrong rules are wrong in the same few ways. nil: none, or not to be known so.
    private mutating func mistakes(in untrimmed: String) -> Int? {
        let (text, _) = Condition.trimmed(untrimmed)
        guard conditions.failed.isEmpty, !conditions.failsUnknownNames, let cut = TextTable.withBytes(text, ConditionCut.parts) else { return nil }
        // The whole of it.
        if cut.count == 1 { return errors(of: text).flatMap { $0.isEmpty ? nil : $0.count } }
        var count = 0
        for range in cut {
            let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
            let piece = String(text[start..<text.utf8.index(start, offsetBy: range.count)])
            let own = mistakesOfParts[piece] ?? mistakes(of: piece)
            mistakesOfParts[piece] = .some(own)
            guard let own else { return nil }
            count += own
        }
        return count == 0 || count >= Limits.diagnostics ? nil : count
    }

    /// What is wrong with a part is wrong with it in any company, if it is a matter of names and types.
    private func mistakes(of piece: String) -> Int? {
        errors(of: piece).flatMap { errors in errors.allSatisfy { Self.ownMistakes.contains($0.code) } ? errors.count : nil }
    }

    /// nil: refused without a reason, which counts as one.
    private func errors(of text: String) -> [ExpressionDiagnostic]? {
        do throws(ExpressionErrors) {
            _ = try Expression.compile(text, schema: conditions.schema, expecting: .bool)
            return []
        } catch {
            return error.diagnostics.isEmpty ? nil : error.diagnostics
        }
    }

    private static let ownMistakes: Set<String> = ["unknown-field", "unknown-value", "unknown-name", "unknown-function", "no-overload"]

    private func list(_ reads: [Expression.Read]) -> Int32 { pool.readList(reads.map { NamedSlot(name: $0.name, slot: $0.slot) }) }

    private mutating func definitions(_ names: [String]) -> DefinitionList? {
        guard !names.isEmpty else { return nil }
        if let known = definitionLists[names] { return known }
        let list = DefinitionList(
            names.compactMap { name in
                guard let definition = conditions.schema.definitions[name], definition.type == .bool else { return nil }
                return Condition(definition, label: name)
            })
        definitionLists[names] = list
        return list
    }

    // MARK: What a part reads

    private func reads(of node: CheckedNode) -> Int32 {
        var reads: [NamedSlot] = []
        collect(node, &reads)
        return pool.readList(reads)
    }

    private func collect(_ node: CheckedNode, _ reads: inout [NamedSlot]) {
        switch node.kind {
        case .constant: break
        case .slot(let slot, let name): note(NamedSlot(name: name, slot: slot), &reads)
        case .hasSlots(let slots, let name):
            for slot in slots { note(NamedSlot(name: slots.count == 1 ? name : conditions.names[slot] ?? name, slot: slot), &reads) }
        case .definition(let name):
            for read in conditions.schema.definitions[name]?.reads ?? [] { note(NamedSlot(name: read.name, slot: read.slot), &reads) }
        default: for child in node.children { collect(child, &reads) }
        }
    }

    private func note(_ read: NamedSlot, _ reads: inout [NamedSlot]) {
        if !reads.contains(where: { $0.slot == read.slot }) { reads.append(read) }
    }
}

/// The parts of conditions that were read before, by their text.
final class KnownParts {
    struct Part {
        var formula: Int32
        /// What a trace of the part shows, and what it adds to the whole's.
        var reads: Int32
        var wholeReads: Int32
        var cost: Int
        var definitionsUsed: [String]
    }

    private(set) var texts = TextTable()
    /// nil: no formula, or a mistake.
    private(set) var parts: [Part?] = [nil]
    var unions: [[Int32]: Int32] = [:]

    func add(_ text: String, _ part: Part?) {
        guard Int(texts.add(text)) == parts.count else { return }
        parts.append(part)
    }
}

/// Where the `&&`s of a condition's outermost level are, of conditions that are simple enough to see it without parsing them.
enum ConditionCut {
    /// The parts' bytes, without the blanks around them. nil: to be parsed (an escape, a comment, a quote of three, `||` or `?` outside of
    /// brackets, brackets that don't match, a part long enough to meet a limit of depth).
    static func parts(_ bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>]? {
        var parts: [Range<Int>] = []
        var depth = 0
        var from = 0
        var at = 0
        func byte(_ place: Int) -> UInt8 { place < bytes.count ? bytes[place] : 0 }
        func close(_ end: Int) -> Bool {
            var start = from
            var stop = end
            while start < stop, bytes[start] == 0x20 || bytes[start] == 0x0A { start += 1 }
            while stop > start, bytes[stop - 1] == 0x20 || bytes[stop - 1] == 0x0A { stop -= 1 }
            parts.append(start..<stop)
            return stop > start && stop - start <= 150
        }
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                let quote = bytes[at]
                // `r"…"`, `b"…"`, `\"\"\"`.
                if at > 0, isWord(bytes[at - 1]) || byte(at + 1) == quote && byte(at + 2) == quote { return nil }
                at += 1
                while byte(at) != quote {
                    if at >= bytes.count || bytes[at] == UInt8(ascii: "\\") || bytes[at] == 0x0A { return nil }
                    at += 1
                }
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth < 0 { return nil }
            case UInt8(ascii: "`"), UInt8(ascii: "\\"), 0x80...0xFF: return nil
            case UInt8(ascii: "/") where byte(at + 1) == UInt8(ascii: "/"): return nil
            case UInt8(ascii: "|") where depth == 0, UInt8(ascii: "?") where depth == 0: return nil
            case UInt8(ascii: "&") where depth == 0:
                guard byte(at + 1) == UInt8(ascii: "&"), close(at) else { return nil }
                at += 1
                from = at + 1
            default: break
            }
            at += 1
        }
        return depth == 0 && close(bytes.count) ? parts : nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "_")
    }
}

/// From characters of an expression's text to bytes of it without the blanks around it.
private struct BytePlaces {
    private let text: String
    private let before: Int
    private let isASCII: Bool

    init(_ text: String, before: Int) {
        self.text = text
        self.before = before
        // CR LF is one character.
        isASCII = text.utf8.allSatisfy { $0 < 0x80 && $0 != 0x0D }
    }

    func range(_ span: Span) -> Range<Int> {
        if isASCII { return span.start - before..<span.end - before }
        let from = text.index(text.startIndex, offsetBy: span.start)
        let to = text.index(from, offsetBy: span.end - span.start)
        let start = text.utf8.distance(from: text.startIndex, to: from) - before
        return start..<start + text.utf8.distance(from: from, to: to)
    }
}

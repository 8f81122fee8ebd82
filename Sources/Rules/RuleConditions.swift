import CEL

/// Makes the `when`s of one module's rules.
struct RuleConditions {
    let conditions: ConditionReader
    let formulas: FormulaReader
    let pool: FormulaPool
    /// The `&&` parts of all of them, one after the other.
    private(set) var parts: [ConditionPart] = []
    private(set) var definitionsUsed: Set<String> = []
    private var definitionLists: [[String]: DefinitionList] = [:]

    init(conditions: ConditionReader, formulas: FormulaReader, pool: FormulaPool) {
        self.conditions = conditions
        self.formulas = formulas
        self.pool = pool
    }

    /// nil: it has a mistake, which has been told.
    mutating func condition(_ node: Node) -> RuleCondition? {
        guard let expression = conditions.expression(node, "when", expecting: .bool) else { return nil }
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

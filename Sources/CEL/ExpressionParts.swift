extension CheckedNode {
    /// The nodes right below, in the order of the text.
    package var children: [CheckedNode] {
        switch kind {
        case .constant, .slot, .hasSlots, .definition, .local, .failure: []
        case .select(let operand, _, _), .hasKey(let operand, _), .not(let operand), .maybe(let operand): [operand]
        case .index(let container, let key): [container, key]
        case .bind(_, _, let value, let body): [value, body]
        case .and(let parts), .or(let parts), .list(let parts), .call(_, let parts), .callerFunction(_, _, let parts): parts
        case .conditional(let test, let yes, let no): [test, yes, no]
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .macro(let macro): [macro.range] + [macro.predicate, macro.transform].compactMap { $0 }
        }
    }
}

extension CheckedNode {
    /// The value of a literal, or of a time or length of time made of one: `timestamp("2026-11-22T00:00:00Z")`.
    package var literal: Value? {
        switch kind {
        case .constant(let value): return value
        case .call(.timestamp, let arguments), .call(.duration, let arguments):
            guard arguments.count == 1, case .constant(let value) = arguments[0].kind, case .call(let builtin, _) = kind else { return nil }
            return try? Functions.apply(builtin, value)
        default: return nil
        }
    }
}

extension Expression {
    /// The same without its checked tree, which is many times the size of the rest. It has no `conjuncts` any more, but `matches(part:)`.
    package var withoutTree: Expression {
        Expression(
            text: text, span: span, type: type, root: CheckedNode(.failure("no tree is kept"), root.span, root.type), reads: reads,
            definitionsUsed: definitionsUsed, program: program, entry: entry)
    }

    /// Whether one part of its top-level `&&` holds; of an expression without one, whether part 0, itself, does.
    package func matches(part: Int, _ activation: some Activation) throws(EvaluationError) -> Bool {
        try Evaluator.matches(program, program.conjuncts[part], activation)
    }
}

/// What a part of an expression reads and uses.
struct Parts {
    private(set) var reads: [Expression.Read] = []
    private(set) var definitionsUsed: [String] = []

    /// `reads` are those of the whole expression: they know the names.
    init(of node: CheckedNode, reads: [Expression.Read], definitions: [Program.Definition]) {
        visit(node, Dictionary(reads.map { ($0.slot, $0.name) }, uniquingKeysWith: { first, _ in first }), definitions)
    }

    private mutating func visit(_ node: CheckedNode, _ names: [Int: String], _ definitions: [Program.Definition]) {
        switch node.kind {
        case .slot(let slot, let name):
            note(Expression.Read(name: name, slot: slot, span: node.span))
        case .hasSlots(let slots, let name):
            for slot in slots { note(Expression.Read(name: names[slot] ?? name, slot: slot, span: node.span)) }
        case .definition(let name):
            if !definitionsUsed.contains(name) { definitionsUsed.append(name) }
            for read in definitions.first(where: { $0.name == name })?.expression.reads ?? [] {
                note(Expression.Read(name: read.name, slot: read.slot, span: node.span))
            }
        default:
            for child in node.children { visit(child, names, definitions) }
        }
    }

    private mutating func note(_ read: Expression.Read) {
        if !reads.contains(where: { $0.slot == read.slot }) { reads.append(read) }
    }
}

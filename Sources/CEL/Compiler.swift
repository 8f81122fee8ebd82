/// Lays a checked tree out as a program: children before parents, literal work done once, the common forms of conditions as
/// instructions of their own.
struct Compiler {
    private(set) var operations: [Program.Operation] = []
    private(set) var spans: [Span] = []
    private(set) var operands: [Int32] = []
    private(set) var constants: [Value] = []
    private(set) var names: [String] = []
    private(set) var texts: [TextLiteral] = []
    private(set) var textLists: [TextLiterals] = []
    private(set) var patterns: [Pattern] = []
    private(set) var macros: [Program.Macro] = []
    private(set) var definitions: [Program.Definition] = []
    private var weight = 0
    private let known: [String: Expression]
    private var literals: LiteralPatterns

    private init(definitions: [String: Expression], patterns: LiteralPatterns) {
        known = definitions
        literals = patterns
    }

    /// `height` is that of the tree without its definitions.
    static func compile(
        _ tree: CheckedNode, height: Int, estimate: Estimate, patterns: LiteralPatterns, definitions: [String: Expression]
    ) -> Program {
        var compiler = Compiler(definitions: definitions, patterns: patterns)
        let root = compiler.emit(tree)
        var conjuncts = [root]
        if case .and(let first, let count) = compiler.operations[Int(root)] {
            conjuncts = Array(compiler.operands[Int(first)..<Int(first + count)])
        }
        return Program(
            compiler: compiler, root: root, conjuncts: conjuncts, weight: compiler.weight,
            height: compiler.definitions.isEmpty ? height : compiler.height(of: tree), estimate: estimate)
    }

    /// The height of a tree, a definition counted as high as its own.
    private func height(of node: CheckedNode) -> Int {
        if case .definition(let name) = node.kind { return 1 + (known[name]?.program.height ?? 0) }
        var height = 0
        for child in node.children { height = max(height, self.height(of: child)) }
        return height + 1
    }

    // MARK: - Pools

    private mutating func add(_ operation: Program.Operation, _ span: Span) -> Int32 {
        operations.append(operation)
        spans.append(span)
        weight += 1
        return Int32(operations.count - 1)
    }

    private mutating func constant(_ value: Value) -> Int32 {
        constants.append(value)
        return Int32(constants.count - 1)
    }

    private mutating func name(_ name: String) -> Int32 {
        names.append(name)
        return Int32(names.count - 1)
    }

    private mutating func all(_ nodes: [CheckedNode]) -> (first: Int32, count: Int32) {
        var numbers: [Int32] = []
        numbers.reserveCapacity(nodes.count)
        for node in nodes { numbers.append(emit(node)) }
        operands += numbers
        return (Int32(operands.count - numbers.count), Int32(numbers.count))
    }

    // MARK: - Nodes

    private mutating func emit(_ node: CheckedNode) -> Int32 {
        switch node.kind {
        case .constant(let value):
            return add(.constant(constant(value)), node.span)
        case .slot(let slot, _):
            return add(.slot(Int32(slot), zero: constant(.zero(of: node.type))), node.span)
        case .hasSlots(let slots, _):
            operands += slots.map { Int32($0) }
            return add(.hasSlots(first: Int32(operands.count - slots.count), count: Int32(slots.count)), node.span)
        case .definition(let name):
            return definition(name, node.span)
        case .local(let number, _):
            return add(.local(Int32(number)), node.span)
        case .select(let operand, let field, let zero):
            return select(operand, field, zero, node.span)
        case .hasKey(let operand, let field):
            let number = emit(operand)
            return add(.hasKey(number, field: constant(.string(field))), node.span)
        case .index(let operand, let index):
            let (container, key) = (emit(operand), emit(index))
            return add(.index(container, key), node.span)
        case .and(let parts):
            let (first, count) = all(parts)
            return add(.and(first: first, count: count), node.span)
        case .or(let parts):
            let (first, count) = all(parts)
            return add(.or(first: first, count: count), node.span)
        case .not(let operand):
            let number = emit(operand)
            return add(.not(number), node.span)
        case .conditional(let condition, let yes, let no):
            let (test, first, second) = (emit(condition), emit(yes), emit(no))
            return add(.conditional(test, first, second), node.span)
        case .call(let builtin, let arguments):
            return call(builtin, arguments, node.span)
        case .callerFunction(let number, _, let arguments):
            let (first, count) = all(arguments)
            return add(.callerFunction(number: Int32(number), first: first, count: count), node.span)
        case .list(let entries):
            return list(entries, node.span)
        case .map(let entries):
            let (first, count) = all(entries.flatMap { [$0.key, $0.value] })
            return add(.map(first: first, count: count), node.span)
        case .macro(let macro):
            return self.macro(macro, node.span)
        case .bind(let variable, _, let value, let body):
            let (bound, result) = (emit(value), emit(body))
            return add(.bind(variable: Int32(variable), value: bound, body: result), node.span)
        case .maybe(let inner):
            let number = emit(inner)
            return add(.maybe(number), node.span)
        case .failure(let message):
            return add(.failure(name(message)), node.span)
        }
    }

    private mutating func select(_ operand: CheckedNode, _ field: String, _ zero: Value?, _ span: Span) -> Int32 {
        let number = emit(operand)
        return add(.select(number, field: constant(.string(field)), zero: zero.map { constant($0) } ?? -1), span)
    }

    private mutating func definition(_ name: String, _ span: Span) -> Int32 {
        guard let expression = known[name] else { return add(.failure(self.name("there is no '\(name)'")), span) }
        weight = min(weight + expression.program.weight, .max / 4)
        let index =
            definitions.firstIndex { $0.name == name }
            ?? {
                definitions.append(Program.Definition(name: name, expression: expression))
                return definitions.count - 1
            }()
        return add(.definition(Int32(index)), span)
    }

    private mutating func list(_ entries: [CheckedNode], _ span: Span) -> Int32 {
        if let values = literals(entries) { return add(.constant(constant(.list(values))), span) }
        let isSparse = entries.contains { if case .maybe = $0.kind { true } else { false } }
        let (first, count) = all(entries)
        return add(isSparse ? .sparseList(first: first, count: count) : .list(first: first, count: count), span)
    }

    /// The values of entries that are all literals.
    private func literals(_ entries: [CheckedNode]) -> [Value]? {
        var values: [Value] = []
        values.reserveCapacity(entries.count)
        for entry in entries {
            guard case .constant(let value) = entry.kind else { return nil }
            values.append(value)
        }
        return values
    }

    private mutating func macro(_ macro: CheckedMacro, _ span: Span) -> Int32 {
        let range = emit(macro.range)
        let before = weight
        let predicate = macro.predicate.map { emit($0) }
        let transform = macro.transform.map { emit($0) }
        macros.append(
            Program.Macro(
                kind: macro.kind, range: range, variable: Int32(macro.variable), isPaired: macro.isPaired, predicate: predicate,
                transform: transform, weight: weight - before + 1))
        return add(.macro(Int32(macros.count - 1)), span)
    }

    // MARK: - Calls

    private mutating func call(_ builtin: Builtin, _ arguments: [CheckedNode], _ span: Span) -> Int32 {
        if builtin == .dyn { return emit(arguments[0]) }
        if builtin.isExtension {
            let (first, count) = all(arguments)
            return add(.library(builtin, first: first, count: count), span)
        }
        if let special = comparison(builtin, arguments, span) { return special }
        if builtin == .matches, case .constant(.string(let text)) = arguments[1].kind, case .success(let pattern) = literals.read(text) {
            let number = emit(arguments[0])
            patterns.append(pattern)
            return add(.matches(number, pattern: Int32(patterns.count - 1)), span)
        }
        // Conversions of literals, `duration("2h")`, are done here; where that fails, the error waits until it runs.
        if arguments.count == 1, builtin.isConversion, case .constant(let value) = arguments[0].kind,
            let result = try? Functions.apply(builtin, value)
        {
            return add(.constant(constant(result)), span)
        }
        if arguments.count == 1 {
            let number = emit(arguments[0])
            return add(.unary(builtin, number), span)
        }
        let (left, right) = (emit(arguments[0]), emit(arguments[1]))
        return add(.binary(builtin, left, right), span)
    }

    /// A field against literals, either way round.
    private mutating func comparison(_ builtin: Builtin, _ arguments: [CheckedNode], _ span: Span) -> Int32? {
        switch builtin {
        case .equal, .notEqual:
            if let (slot, text) = slotAndText(arguments[0], arguments[1]) ?? slotAndText(arguments[1], arguments[0]) {
                texts.append(TextLiteral(text))
                return add(.slotIsText(slot: slot, text: Int32(texts.count - 1), isNegated: builtin == .notEqual), span)
            }
            if let (slot, number) = slotAndNumber(arguments[0], arguments[1]) ?? slotAndNumber(arguments[1], arguments[0]) {
                return add(.slotOrder(slot: slot, builtin, number: constant(number)), span)
            }
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if let (slot, number) = slotAndNumber(arguments[0], arguments[1]) {
                return add(.slotOrder(slot: slot, builtin, number: constant(number)), span)
            }
            if let (slot, number) = slotAndNumber(arguments[1], arguments[0]) {
                return add(.slotOrder(slot: slot, mirrored(builtin), number: constant(number)), span)
            }
        case .in:
            guard case .slot(let slot, _) = arguments[0].kind, isText(arguments[0].type), case .list(let entries) = arguments[1].kind,
                let values = literals(entries)
            else { return nil }
            var list: [String] = []
            for value in values {
                guard case .string(let text) = value else { return nil }
                list.append(text)
            }
            textLists.append(TextLiterals(list))
            return add(.slotInTexts(slot: Int32(slot), texts: Int32(textLists.count - 1)), span)
        default:
            break
        }
        return nil
    }

    private func isText(_ type: StaticType) -> Bool {
        switch type {
        case .string, .enumeration: true
        default: false
        }
    }

    private func slotAndText(_ field: CheckedNode, _ literal: CheckedNode) -> (Int32, String)? {
        guard case .slot(let slot, _) = field.kind, isText(field.type), case .constant(.string(let text)) = literal.kind else {
            return nil
        }
        return (Int32(slot), text)
    }

    private func slotAndNumber(_ field: CheckedNode, _ literal: CheckedNode) -> (Int32, Value)? {
        guard case .slot(let slot, _) = field.kind, field.type.isNumber, case .constant(let value) = literal.kind,
            Checker.type(of: value).isNumber
        else { return nil }
        return (Int32(slot), Self.sameKind(value, as: field.type))
    }

    /// The number as one of the field's own type, where that changes nothing: `capacity_kva >= 100` compares two doubles.
    private static func sameKind(_ value: Value, as type: StaticType) -> Value {
        switch (type, value) {
        case (.double, .int(let whole)): Double(exactly: whole).map { .double($0) } ?? value
        case (.double, .uint(let whole)): Double(exactly: whole).map { .double($0) } ?? value
        case (.int, .uint(let whole)): Int64(exactly: whole).map { .int($0) } ?? value
        case (.int, .double(let number)): Int64(exactly: number).map { .int($0) } ?? value
        case (.uint, .int(let whole)): UInt64(exactly: whole).map { .uint($0) } ?? value
        case (.uint, .double(let number)): UInt64(exactly: number).map { .uint($0) } ?? value
        default: value
        }
    }

    private func mirrored(_ builtin: Builtin) -> Builtin {
        switch builtin {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: builtin
        }
    }
}

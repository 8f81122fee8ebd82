/// Resolves names against the schema and gives every part its type. A part that fails gets the type `error`, about which nothing
/// further is said, so that each mistake is told once and all are told.
///
/// Beyond the specification: numbers of different types may be compared and tested for equality (`capacity >= 100` where the
/// capacity is a double); arithmetic still wants one type. An enumeration is a string, but a literal that is compared with it must
/// be one of its declared values, or empty.
struct Checker {
    struct Local {
        var name: String
        var type: StaticType
    }

    let schema: Schema
    /// The expression's text, for positions inside literals.
    let text: String
    /// Nothing is an error; what does not fit fails when it runs (the specification's "parse only").
    let isLenient: Bool
    var diagnostics: [ExpressionDiagnostic] = []
    var unifier = Unifier()
    var locals: [Local] = []
    var reads: [Expression.Read] = []
    var definitionsUsed: [String] = []

    init(schema: Schema, text: String, isLenient: Bool) {
        self.schema = schema
        self.text = text
        self.isLenient = isLenient
    }

    /// Notes an error; gives what the place becomes.
    mutating func fail(_ diagnostic: ExpressionDiagnostic) -> CheckedNode {
        if !isLenient { diagnostics.append(diagnostic) }
        return CheckedNode(.failure(diagnostic.message), diagnostic.span, isLenient ? .dyn : .error)
    }

    mutating func check(_ node: SyntaxNode) -> CheckedNode {
        switch node.kind {
        case .literal(let value): CheckedNode(.constant(value), node.span, Self.type(of: value))
        case .name, .select: checkPath(node)
        case .has(let operand, let field, let fieldSpan): checkHas(operand, field, fieldSpan, node.span)
        case .index(let operand, let index): checkIndex(operand, index, node.span)
        case .and(let parts): checkLogic(parts, "&&", node.span)
        case .or(let parts): checkLogic(parts, "||", node.span)
        case .not(let operand): checkNot(operand, node.span)
        case .negate(let operand): checkNegate(operand, node.span)
        case .binary(let operation, let left, let right, let operatorSpan):
            checkBinary(operation, left, right, operatorSpan, node.span)
        case .conditional(let condition, let yes, let no): checkConditional(condition, yes, no, node.span)
        case .call(let name, let target, let arguments, let nameSpan):
            checkCall(name, target, arguments, nameSpan, node.span)
        case .list(let entries): checkList(entries, node.span)
        case .map(let entries): checkMap(entries, node.span)
        case .macro(let macro): checkMacro(macro, node.span)
        case .broken: CheckedNode(.failure("a part that cannot be read"), node.span, .error)
        }
    }

    /// Reports a whole expression whose value is not of the type that its place wants.
    mutating func expect(_ node: CheckedNode, _ expected: StaticType) {
        if isLenient { return }
        if unifier.unify(node.type, expected) {
            checkDeclared(CheckedNode(.failure(""), node.span, expected), node)
        } else {
            diagnostics.append(Wording.notExpected(node.span, expected: expected, found: unifier.final(node.type)))
        }
    }

    static func type(of literal: Value) -> StaticType {
        switch literal {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        default: .dyn
        }
    }

    func isSilent(_ type: StaticType) -> Bool {
        switch unifier.resolve(type) {
        case .dyn, .error: true
        default: false
        }
    }

    // MARK: - Logic

    /// Reports a part that should be a condition and is not.
    private mutating func expectCondition(_ node: CheckedNode, of place: String) {
        if isLenient || unifier.unify(node.type, .bool) { return }
        diagnostics.append(Wording.notCondition(node.span, place: place, type: unifier.final(node.type)))
    }

    private mutating func checkLogic(_ parts: [SyntaxNode], _ symbol: String, _ span: Span) -> CheckedNode {
        var checked: [CheckedNode] = []
        checked.reserveCapacity(parts.count)
        for part in parts {
            let node = check(part)
            expectCondition(node, of: symbol)
            checked.append(node)
        }
        return CheckedNode(symbol == "&&" ? .and(checked) : .or(checked), span, .bool)
    }

    private mutating func checkNot(_ operand: SyntaxNode, _ span: Span) -> CheckedNode {
        let node = check(operand)
        expectCondition(node, of: "!")
        return CheckedNode(.not(node), span, .bool)
    }

    private mutating func checkNegate(_ operand: SyntaxNode, _ span: Span) -> CheckedNode {
        let node = check(operand)
        let type = unifier.resolve(node.type)
        guard isLenient || isSilent(type) || type == .int || type == .double else {
            return fail(Wording.noOverload(span, name: "-", types: [unifier.final(type)], suggestion: nil))
        }
        return CheckedNode(.call(.negate, [node]), span, type)
    }

    private mutating func checkConditional(_ condition: SyntaxNode, _ yes: SyntaxNode, _ no: SyntaxNode, _ span: Span) -> CheckedNode {
        let test = check(condition)
        expectCondition(test, of: "?")
        let (first, second) = (check(yes), check(no))
        let type: StaticType
        if first.type == .error || second.type == .error {
            type = first.type == .error ? second.type : first.type
        } else if unifier.unify(first.type, second.type) {
            type = unifier.join(first.type, second.type)
        } else if isLenient {
            type = .dyn
        } else {
            return fail(Wording.branchesDiffer(span, unifier.final(first.type), unifier.final(second.type)))
        }
        return CheckedNode(.conditional(test, first, second), span, type)
    }

    // MARK: - Operators

    private mutating func checkBinary(
        _ operation: BinaryOperator, _ left: SyntaxNode, _ right: SyntaxNode, _ operatorSpan: Span, _ span: Span
    ) -> CheckedNode {
        let (first, second) = (check(left), check(right))
        switch operation {
        case .equal, .notEqual: return checkEquality(operation, first, second, span)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return checkOrder(operation, first, second, operatorSpan, span)
        case .in: return checkIn(first, second, operatorSpan, span)
        case .add, .subtract, .multiply, .divide, .remainder: return checkArithmetic(operation, first, second, operatorSpan, span)
        }
    }

    private mutating func checkEquality(
        _ operation: BinaryOperator, _ left: CheckedNode, _ right: CheckedNode, _ span: Span
    ) -> CheckedNode {
        let node = CheckedNode(.call(Builtin(operation), [left, right]), span, .bool)
        if isLenient { return node }
        guard agree(left.type, right.type) else {
            return fail(
                Wording.neverEqual(
                    span, unifier.final(left.type), unifier.final(right.type), suggestion: quoted(left, right) ?? quoted(right, left)))
        }
        checkDeclared(left, right)
        checkDeclared(right, left)
        return node
    }

    /// Whether two values could be equal: types that unify, two numbers, or lists and maps of such.
    private mutating func agree(_ left: StaticType, _ right: StaticType) -> Bool {
        switch (unifier.resolve(left), unifier.resolve(right)) {
        case (.list(let a), .list(let b)): agree(a, b)
        case (.map(let a, let b), .map(let c, let d)): agree(a, c) && agree(b, d)
        case (let a, let b): (a.isNumber && b.isNumber) || unifier.unify(a, b)
        }
    }

    /// For a text compared with a plain number: the number in quotes.
    private func quoted(_ text: CheckedNode, _ number: CheckedNode) -> String? {
        switch (unifier.resolve(text.type), number.kind) {
        case (.string, .constant(let value)), (.enumeration, .constant(let value)):
            unifier.resolve(number.type).isNumber ? "\"\(value.json)\"" : nil
        default: nil
        }
    }

    private mutating func checkOrder(
        _ operation: BinaryOperator, _ left: CheckedNode, _ right: CheckedNode, _ operatorSpan: Span, _ span: Span
    ) -> CheckedNode {
        let node = CheckedNode(.call(Builtin(operation), [left, right]), span, .bool)
        if isLenient { return node }
        let (a, b) = (unifier.resolve(left.type), unifier.resolve(right.type))
        if a.isNumber && b.isNumber || (hasOrder(a) && hasOrder(b) && unifier.unify(a, b)) { return node }
        return fail(
            Wording.noOverload(operatorSpan, name: operation.rawValue, types: [unifier.final(a), unifier.final(b)], suggestion: nil))
    }

    private func hasOrder(_ type: StaticType) -> Bool {
        switch type {
        case .bool, .int, .uint, .double, .string, .enumeration, .bytes, .timestamp, .duration, .dyn, .error, .parameter: true
        case .null, .list, .map, .object, .type: false
        }
    }

    private mutating func checkIn(
        _ left: CheckedNode, _ right: CheckedNode, _ operatorSpan: Span, _ span: Span
    ) -> CheckedNode {
        let node = CheckedNode(.call(.in, [left, right]), span, .bool)
        if isLenient { return node }
        switch unifier.resolve(right.type) {
        case .list(let element):
            guard agree(left.type, element) else {
                return fail(Wording.neverIn(span, unifier.final(left.type), list: unifier.final(element)))
            }
            checkDeclared(left, right)
            checkDeclared(right, left)
        case .map(let key, _):
            guard agree(left.type, key) else {
                return fail(Wording.neverIn(span, unifier.final(left.type), list: unifier.final(key)))
            }
            checkDeclared(right, left)
        case .dyn, .error, .parameter:
            break
        case let other:
            return fail(
                Wording.noOverload(operatorSpan, name: "in", types: [unifier.final(left.type), other], suggestion: nil))
        }
        return node
    }

    private mutating func checkArithmetic(
        _ operation: BinaryOperator, _ left: CheckedNode, _ right: CheckedNode, _ operatorSpan: Span, _ span: Span
    ) -> CheckedNode {
        let overloads = StandardLibrary.arithmetic[operation] ?? []
        guard let type = resolve(overloads, [left.type, right.type]) else {
            let types = [unifier.final(left.type), unifier.final(right.type)]
            return fail(
                Wording.noOverload(
                    operatorSpan, name: operation.rawValue, types: types,
                    suggestion: doubled(left, right) ?? doubled(right, left)))
        }
        return CheckedNode(.call(Builtin(operation), [left, right]), span, type)
    }

    /// For a whole number written where the other side is a double: `2` -> `2.0`.
    private func doubled(_ double: CheckedNode, _ whole: CheckedNode) -> String? {
        if unifier.resolve(double.type) == .double, case .constant(.int(let value)) = whole.kind { return "\(value).0" }
        return nil
    }

    /// The result type of the overloads that fit the arguments: `dyn` when several fit with different results; nil when none does.
    mutating func resolve(_ overloads: [StandardLibrary.Overload], _ arguments: [StaticType]) -> StaticType? {
        var result: StaticType?
        let before = unifier
        var afterFirst: Unifier?
        for overload in overloads where overload.arguments.count == arguments.count {
            unifier = before
            var types = overload.arguments
            var type = overload.result
            if overload.hasParameters {
                let instance = unifier.instance(types + [type])
                types = Array(instance.dropLast())
                type = instance[instance.count - 1]
            }
            guard unifier.unify(types, arguments) else { continue }
            if let known = result {
                // Several fit: the arguments are not known well enough to bind anything.
                afterFirst = before
                if known != type { result = .dyn }
            } else {
                result = type
                afterFirst = unifier
            }
        }
        unifier = afterFirst ?? before
        if isLenient { return result ?? .dyn }
        return result
    }

    // MARK: - Indexes, lists, maps

    private mutating func checkIndex(_ operand: SyntaxNode, _ index: SyntaxNode, _ span: Span) -> CheckedNode {
        let (container, key) = (check(operand), check(index))
        func node(_ type: StaticType) -> CheckedNode { CheckedNode(.index(container, key), span, type) }
        if isLenient { return node(.dyn) }
        switch unifier.resolve(container.type) {
        case .list(let element):
            guard unifier.unify(key.type, .int) else {
                return fail(Wording.indexNotWhole(key.span, type: unifier.final(key.type)))
            }
            return node(element)
        case .map(let keyType, let value):
            guard agree(key.type, keyType) else {
                return fail(Wording.wrongKey(key.span, type: unifier.final(key.type), key: unifier.final(keyType)))
            }
            checkDeclared(container, key)
            return node(value)
        case .dyn, .parameter:
            return node(.dyn)
        case .error:
            return node(.error)
        case let other:
            return fail(Wording.noIndex(span, type: unifier.final(other)))
        }
    }

    private mutating func checkList(_ entries: [SyntaxNode], _ span: Span) -> CheckedNode {
        var nodes: [CheckedNode] = []
        nodes.reserveCapacity(entries.count)
        var element: StaticType?
        for entry in entries {
            let node = check(entry)
            element = element.map { unifier.join($0, node.type) } ?? node.type
            nodes.append(node)
        }
        return CheckedNode(.list(nodes), span, .list(element ?? unifier.fresh()))
    }

    private mutating func checkMap(_ entries: [(key: SyntaxNode, value: SyntaxNode)], _ span: Span) -> CheckedNode {
        var nodes: [CheckedNode.Entry] = []
        var keyType: StaticType?
        var valueType: StaticType?
        for entry in entries {
            let (key, value) = (check(entry.key), check(entry.value))
            if !isLenient { checkKey(key) }
            keyType = keyType.map { unifier.join($0, key.type) } ?? key.type
            valueType = valueType.map { unifier.join($0, value.type) } ?? value.type
            nodes.append(CheckedNode.Entry(key: key, value: value))
        }
        return CheckedNode(.map(nodes), span, .map(keyType ?? unifier.fresh(), valueType ?? unifier.fresh()))
    }

    private mutating func checkKey(_ key: CheckedNode) {
        switch unifier.resolve(key.type) {
        case .bool, .int, .uint, .string, .enumeration, .dyn, .error, .parameter: break
        case let other: diagnostics.append(Wording.badKey(key.span, type: unifier.final(other)))
        }
    }

    // MARK: - Macros

    private mutating func checkMacro(_ macro: SyntaxMacro, _ span: Span) -> CheckedNode {
        let range = check(macro.range)
        let element: StaticType
        switch unifier.resolve(range.type) {
        case .list(let type): element = type
        case .map(let key, _): element = key
        case .dyn, .parameter: element = .dyn
        case .error: element = .error
        case let other:
            if !isLenient {
                diagnostics.append(Wording.macroRange(macro.range.span, macro: macro.kind, type: unifier.final(other)))
            }
            element = isLenient ? .dyn : .error
        }
        let number = locals.count
        locals.append(Local(name: macro.variable, type: element))
        defer { locals.removeLast() }
        var predicate: CheckedNode?
        if let body = macro.predicate {
            let node = check(body)
            expectCondition(node, of: macro.kind.rawValue + "()")
            predicate = node
        }
        let transform = macro.transform.map { check($0) }
        let type: StaticType =
            switch macro.kind {
            case .all, .exists, .existsOne: .bool
            case .filter: .list(element)
            case .map: .list(transform?.type ?? .dyn)
            }
        let checked = CheckedMacro(kind: macro.kind, range: range, variable: number, predicate: predicate, transform: transform)
        return CheckedNode(.macro(checked), span, type)
    }
}

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
    /// The patterns that are literals, read once.
    var patterns = LiteralPatterns()

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
        case .name, .select, .optionalSelect: checkPath(node)
        case .has(let operand, let field, let fieldSpan): checkHas(operand, field, fieldSpan, node.span)
        case .index(let operand, let index): checkIndex(operand, index, node.span, isOptional: false)
        case .optionalIndex(let operand, let index): checkIndex(operand, index, node.span, isOptional: true)
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
        case .bind(let name, let value, let body): checkBind(name, value, body, node.span)
        case .maybe(let inner): check(inner)
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
    mutating func expectCondition(_ node: CheckedNode, of place: String) {
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
        guard agree(left.type, right.type), !isNullAndField(left, right), !isNullAndField(right, left) else {
            return fail(
                Wording.neverEqual(
                    span, unifier.final(left.type), unifier.final(right.type), suggestion: quoted(left, right) ?? quoted(right, left)))
        }
        checkDeclared(left, right)
        checkDeclared(right, left)
        return node
    }

    /// The specification lets a time be compared with null; a field of the schema never is null, so that is a mistake.
    private func isNullAndField(_ null: CheckedNode, _ field: CheckedNode) -> Bool {
        guard unifier.resolve(null.type) == .null, case .slot = field.kind else { return false }
        return unifier.resolve(field.type) != .null && unifier.resolve(field.type) != .dyn
    }

    /// Whether two values could be equal: types that unify, two numbers, or lists and maps of such.
    mutating func agree(_ left: StaticType, _ right: StaticType) -> Bool {
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
        case .null, .list, .map, .object, .type, .abstract: false
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
}

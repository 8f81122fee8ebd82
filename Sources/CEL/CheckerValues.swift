/// Indexes, lists, maps, macros and bound names.
extension Checker {
    /// What a look-up gives: the type, or what is wrong with it.
    enum Lookup {
        case type(StaticType, zero: Value? = nil)
        case wrong(ExpressionDiagnostic)
    }

    // MARK: - Indexes

    mutating func checkIndex(_ operand: SyntaxNode, _ index: SyntaxNode, _ span: Span, isOptional: Bool) -> CheckedNode {
        let (container, key) = (check(operand), check(index))
        let kind: CheckedNode.Kind = isOptional ? .call(.optionalIndex, [container, key]) : .index(container, key)
        if isLenient { return CheckedNode(kind, span, .dyn) }
        switch element(of: container.type, container, key, span) {
        case .wrong(let diagnostic): return fail(diagnostic)
        case .type(let type, _):
            let isAlready = unifier.resolve(container.type).optionalContent != nil
            return CheckedNode(kind, span, isOptional && !isAlready && type != .error ? .optional(type) : type)
        }
    }

    private mutating func element(of type: StaticType, _ container: CheckedNode, _ key: CheckedNode, _ span: Span) -> Lookup {
        switch unifier.resolve(type) {
        case .list(let element):
            guard unifier.unify(key.type, .int) else { return .wrong(Wording.indexNotWhole(key.span, type: unifier.final(key.type))) }
            return .type(element)
        case .map(let keyType, let value):
            guard agree(key.type, keyType) else {
                return .wrong(Wording.wrongKey(key.span, type: unifier.final(key.type), key: unifier.final(keyType)))
            }
            checkDeclared(container, key)
            return .type(value)
        case .abstract("optional_type", let inner) where inner.count == 1:
            let found = element(of: inner[0], container, key, span)
            if case .type(let type, _) = found { return .type(.optional(type)) }
            return found
        case .dyn, .parameter:
            return .type(.dyn)
        case .error:
            return .type(.error)
        case let other:
            return .wrong(Wording.noIndex(span, type: unifier.final(other)))
        }
    }

    // MARK: - Lists and maps

    mutating func checkList(_ entries: [SyntaxNode], _ span: Span) -> CheckedNode {
        var nodes: [CheckedNode] = []
        nodes.reserveCapacity(entries.count)
        var element: StaticType?
        for entry in entries {
            let (node, type) = checkEntry(entry)
            element = element.map { unifier.join($0, type) } ?? type
            nodes.append(node)
        }
        return CheckedNode(.list(nodes), span, .list(element ?? unifier.fresh()))
    }

    /// An entry of a list and the type of the element it makes.
    private mutating func checkEntry(_ entry: SyntaxNode) -> (CheckedNode, StaticType) {
        guard case .maybe(let inner) = entry.kind else {
            let node = check(entry)
            return (node, node.type)
        }
        let node = check(inner)
        return (CheckedNode(.maybe(node), entry.span, node.type), content(of: node))
    }

    /// What an optional value holds; reports a value that is not optional.
    private mutating func content(of node: CheckedNode) -> StaticType {
        let type = unifier.resolve(node.type)
        if let content = type.optionalContent { return content }
        if isLenient || isSilent(type) { return isLenient ? .dyn : type }
        if case .parameter = type { return .dyn }
        diagnostics.append(Wording.notOptional(node.span, type: unifier.final(type)))
        return .error
    }

    mutating func checkMap(_ entries: [(key: SyntaxNode, value: SyntaxNode)], _ span: Span) -> CheckedNode {
        var nodes: [CheckedNode.Entry] = []
        var keyType: StaticType?
        var valueType: StaticType?
        for entry in entries {
            var key: CheckedNode
            let value: CheckedNode
            var type: StaticType
            if case .maybe(let inner) = entry.key.kind {
                (key, value) = (check(inner), check(entry.value))
                type = content(of: value)
            } else {
                (key, value) = (check(entry.key), check(entry.value))
                type = value.type
            }
            if !isLenient { checkKey(key) }
            keyType = keyType.map { unifier.join($0, key.type) } ?? key.type
            valueType = valueType.map { unifier.join($0, type) } ?? type
            if case .maybe = entry.key.kind { key = CheckedNode(.maybe(key), entry.key.span, key.type) }
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

    mutating func checkMacro(_ macro: SyntaxMacro, _ span: Span) -> CheckedNode {
        let range = check(macro.range)
        let (first, second) = elements(of: range, macro)
        let number = locals.count
        defer { locals.removeSubrange(number...) }
        if let name = macro.second {
            locals.append(Local(name: macro.variable, type: first))
            locals.append(Local(name: name, type: second))
        } else {
            // A list's element, or a map's key.
            locals.append(Local(name: macro.variable, type: isMap(range) ? first : second))
        }
        let element = locals[number].type
        var predicate: CheckedNode?
        if let body = macro.predicate {
            let node = check(body)
            expectCondition(node, of: macro.kind.rawValue + "()")
            predicate = node
        }
        let transform = macro.transform.map { check($0) }
        let made = transform?.type ?? .dyn
        let type: StaticType
        switch macro.kind {
        case .all, .exists, .existsOne: type = .bool
        case .filter: type = .list(element)
        case .map, .transformList: type = .list(made)
        case .optMap: type = .optional(made)
        case .optFlatMap: type = result(transform, of: macro) { $0.optionalContent != nil } ?? .optional(.dyn)
        case .transformMap: type = .map(first, made)
        case .transformMapEntry:
            type = result(transform, of: macro) { if case .map = $0 { true } else { false } } ?? .map(.dyn, .dyn)
        }
        let checked = CheckedMacro(
            kind: macro.kind, range: range, variable: number, isPaired: macro.second != nil, predicate: predicate, transform: transform)
        return CheckedNode(.macro(checked), span, type)
    }

    private func isMap(_ range: CheckedNode) -> Bool {
        if case .map = unifier.resolve(range.type) { true } else { false }
    }

    /// The types of index and element, or of key and value.
    private mutating func elements(of range: CheckedNode, _ macro: SyntaxMacro) -> (StaticType, StaticType) {
        let wantsOptional = macro.kind == .optMap || macro.kind == .optFlatMap
        switch unifier.resolve(range.type) {
        case .list(let type) where !wantsOptional: return (.int, type)
        case .map(let key, let value) where !wantsOptional: return (key, value)
        case .abstract("optional_type", let inner) where wantsOptional && inner.count == 1: return (inner[0], inner[0])
        case .dyn, .parameter: return (.dyn, .dyn)
        case .error: return (.error, .error)
        case let other:
            if isLenient { return (.dyn, .dyn) }
            diagnostics.append(Wording.macroRange(macro.range.span, macro: macro.kind, type: unifier.final(other)))
            return (.error, .error)
        }
    }

    /// The type of what a macro's last argument gives, when it fits; nil when that is not known, or wrong and reported.
    private mutating func result(_ node: CheckedNode?, of macro: SyntaxMacro, fits: (StaticType) -> Bool) -> StaticType? {
        guard let node else { return nil }
        let type = unifier.resolve(node.type)
        if fits(type) { return type }
        if case .parameter = type { return nil }
        if isLenient || isSilent(type) { return nil }
        diagnostics.append(Wording.macroResult(node.span, macro: macro.kind, type: unifier.final(type)))
        return nil
    }

    // MARK: - Bound names

    mutating func checkBind(_ name: String, _ value: SyntaxNode, _ body: SyntaxNode, _ span: Span) -> CheckedNode {
        let bound = check(value)
        let number = locals.count
        locals.append(Local(name: name, type: bound.type))
        defer { locals.removeLast() }
        let result = check(body)
        return CheckedNode(.bind(number, name: name, bound, result), span, result.type)
    }
}

/// The standard macros: calls whose arguments are not values but names and expressions over them.
extension Parser {
    /// `has(e.f)`
    mutating func hasMacro(arguments: [SyntaxNode], nameSpan: Span, span: Span) -> SyntaxNode {
        if arguments.count == 1, case .select(let operand, let field, let fieldSpan) = arguments[0].kind {
            return node(.has(operand, field: field, fieldSpan: fieldSpan), span, over: operand)
        }
        if !hasBroken(arguments) { diagnostics.append(Wording.hasNeedsField(arguments.first?.span ?? span)) }
        return SyntaxNode(kind: .broken, span: span, height: 1)
    }

    /// `range.all(x, p)` and its kin; nil when the call is none of these.
    ///
    /// With one variable: `all`, `exists`, `exists_one`, `filter`, `map(x, t)`, `map(x, p, t)`, `optMap`, `optFlatMap`. With two
    /// (index and value of a list, key and value of a map): `all`, `exists`, `existsOne`, and `transformList`, `transformMap`,
    /// `transformMapEntry`, each with or without a condition before what becomes of an element.
    mutating func macro(
        _ name: String, target: SyntaxNode, arguments: [SyntaxNode], nameSpan: Span, span: Span
    ) -> SyntaxNode? {
        guard let kind = name == "existsOne" ? .existsOne : MacroKind(rawValue: name) else { return nil }
        if hasBroken(arguments) { return SyntaxNode(kind: .broken, span: span, height: 1) }
        let variables: Int
        var hasPredicate = true
        var hasTransform = false
        switch (kind, arguments.count) {
        case (.all, 2), (.exists, 2), (.existsOne, 2), (.filter, 2): variables = 1
        case (.all, 3), (.exists, 3), (.existsOne, 3): variables = 2
        case (.map, 2), (.map, 3), (.optMap, 2), (.optFlatMap, 2):
            (variables, hasPredicate, hasTransform) = (1, arguments.count == 3, true)
        case (.transformList, 3), (.transformList, 4), (.transformMap, 3), (.transformMap, 4), (.transformMapEntry, 3),
            (.transformMapEntry, 4):
            (variables, hasPredicate, hasTransform) = (2, arguments.count == 4, true)
        default:
            diagnostics.append(Wording.macroArguments(nameSpan, macro: kind, count: arguments.count))
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        var names: [String] = []
        for (place, argument) in arguments.prefix(variables).enumerated() {
            guard let name = variable(argument, place == 0 ? "first" : "second", of: name) else { return SyntaxNode(kind: .broken, span: span, height: 1) }
            names.append(name)
        }
        if variables == 2, names[0] == names[1] {
            diagnostics.append(Wording.sameVariable(arguments[1].span, macro: kind, name: names[0]))
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        let macro = SyntaxMacro(
            kind: kind, range: target, variable: names[0], variableSpan: arguments[0].span, second: variables == 2 ? names[1] : nil,
            predicate: hasPredicate ? arguments[variables] : nil, transform: hasTransform ? arguments[arguments.count - 1] : nil)
        return node(.macro(macro), span, over: [target] + arguments)
    }

    /// `cel.bind(name, value, body)`; nil when the call is something else.
    mutating func bindMacro(
        _ name: String, target: SyntaxNode, arguments: [SyntaxNode], nameSpan: Span, span: Span
    ) -> SyntaxNode? {
        guard name == "bind", case .name("cel", _) = target.kind else { return nil }
        if hasBroken(arguments) { return SyntaxNode(kind: .broken, span: span, height: 1) }
        guard arguments.count == 3 else {
            diagnostics.append(Wording.bindArguments(nameSpan, count: arguments.count))
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        guard let variable = variable(arguments[0], "first", of: "cel.bind") else { return SyntaxNode(kind: .broken, span: span, height: 1) }
        return node(.bind(name: variable, arguments[1], arguments[2]), span, over: Array(arguments.dropFirst()))
    }

    /// The simple name that a macro's variable must be; nil, and reported, when it is something else.
    private mutating func variable(_ argument: SyntaxNode, _ place: String, of macro: String) -> String? {
        if case .name(let name, absolute: false) = argument.kind { return name }
        diagnostics.append(Wording.macroVariable(argument.span, place, macro: macro))
        return nil
    }

    /// Whether something is wrong with an argument that has been reported: then nothing is said about the call.
    private func hasBroken(_ arguments: [SyntaxNode]) -> Bool {
        arguments.contains { if case .broken = $0.kind { true } else { false } }
    }
}

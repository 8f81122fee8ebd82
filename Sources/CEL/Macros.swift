/// The standard macros: calls whose arguments are not values but names and expressions over them.
extension Parser {
    /// `has(e.f)`
    mutating func hasMacro(arguments: [SyntaxNode], nameSpan: Span, span: Span) -> SyntaxNode {
        if arguments.count == 1, case .select(let operand, let field, let fieldSpan) = arguments[0].kind {
            return node(.has(operand, field: field, fieldSpan: fieldSpan), span, over: operand)
        }
        let isBroken = arguments.contains { if case .broken = $0.kind { true } else { false } }
        if !isBroken { diagnostics.append(Wording.hasNeedsField(arguments.first?.span ?? span)) }
        return SyntaxNode(kind: .broken, span: span, height: 1)
    }

    /// `range.all(x, p)`, `exists`, `exists_one`, `filter`, `map(x, t)`, `map(x, p, t)`; nil when the call is none of these.
    mutating func macro(
        _ name: String, target: SyntaxNode, arguments: [SyntaxNode], nameSpan: Span, span: Span
    ) -> SyntaxNode? {
        guard let kind = MacroKind(rawValue: name) else { return nil }
        guard arguments.count == 2 || (kind == .map && arguments.count == 3) else {
            diagnostics.append(Wording.macroArguments(nameSpan, macro: kind, count: arguments.count))
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        guard case .name(let variable, absolute: false) = arguments[0].kind else {
            if case .broken = arguments[0].kind {} else { diagnostics.append(Wording.macroVariable(arguments[0].span, macro: kind)) }
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        let macro = SyntaxMacro(
            kind: kind, range: target, variable: variable, variableSpan: arguments[0].span,
            predicate: kind == .map && arguments.count == 2 ? nil : arguments[1],
            transform: kind == .map ? arguments[arguments.count - 1] : nil)
        return node(.macro(macro), span, over: [target] + arguments)
    }
}

import CEL

/// A comparison of a condition, as it stands between its `&&`, `||` and `!`: `report.customers_out >= 100`, or with the `!` before it.
struct Literal {
    /// In characters of the condition's text, with the `!`.
    var span: Span
    var text: String
    /// It stands under an odd number of `!`s: it holds where `expression` does not.
    var isNegated: Bool
    /// Of the comparison itself.
    var expression: Expression
}

extension RuleMap.Piece {
    /// The comparisons, in the order of the text. One that can't be understood on its own is left out.
    func literals(_ schema: Schema) -> [Literal] {
        let characters = Array(expression.text)
        var found: [Literal] = []
        func text(_ span: Span) -> String { String(characters[max(span.start, 0)..<min(max(span.end, span.start), characters.count)]) }
        func visit(_ node: CheckedNode, isNegated: Bool) {
            switch node.kind {
            case .and(let parts), .or(let parts): for part in parts { visit(part, isNegated: isNegated) }
            case .not(let operand): visit(operand, isNegated: !isNegated)
            default:
                guard let own = try? Expression.compile(text(node.span), schema: schema, expecting: .bool) else { return }
                found.append(Literal(span: node.span, text: text(node.span), isNegated: isNegated, expression: own))
            }
        }
        visit(expression.root, isNegated: false)
        return found
    }
}

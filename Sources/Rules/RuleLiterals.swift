import CEL

/// A comparison of a condition, as it stands between its `&&`, `||` and `!`: `report.customers_out >= 100`, or with the `!` before it.
/// However many conditions of a module have it, it is one.
final class Comparison {
    let text: String
    /// It stands under an odd number of `!`s: it holds where `expression` does not.
    let isNegated: Bool
    /// Of the comparison itself.
    let expression: Expression

    init(text: String, isNegated: Bool, expression: Expression) {
        self.text = text
        self.isNegated = isNegated
        self.expression = expression
    }
}

/// Where a comparison stands in a condition.
struct Literal {
    let comparison: Comparison
    /// In characters of the condition's text, with the `!`.
    var span: Span
}

/// Finds the comparisons of one module's conditions.
///
/// Ten thousand rules are made of some hundred comparisons: as for the rules themselves (`RuleConditions`), a condition is cut at its `&&`s, and
/// each part is read once. Where it can't be cut, it is read whole.
final class LiteralReader {
    private struct Key: Hashable {
        var text: String
        var isNegated: Bool
    }

    private let schema: Schema
    /// nil: can't be understood on its own.
    private var comparisons: [Key: Comparison?] = [:]
    /// nil: the condition is to be read whole.
    private var parts: [String: [Literal]?] = [:]
    private var wholes: [String: [Literal]] = [:]

    /// - Parameter schema: with the module's `let`s.
    init(_ schema: Schema) { self.schema = schema }

    /// The comparisons of a condition, in the order of the text. One that can't be understood on its own is left out.
    func literals(in text: String) -> [Literal] { cut(text) ?? whole(text) }

    private func cut(_ text: String) -> [Literal]? {
        // CR LF would be one character.
        guard let cut = TextTable.withBytes(text, ConditionCut.parts), !text.utf8.contains(0x0D) else { return nil }
        var found: [Literal] = []
        for range in cut {
            let start = text.utf8.index(text.startIndex, offsetBy: range.lowerBound)
            guard let part = part(String(text[start..<text.utf8.index(start, offsetBy: range.count)])) else { return nil }
            for literal in part {
                found.append(
                    Literal(
                        comparison: literal.comparison,
                        span: Span(start: literal.span.start + range.lowerBound, end: literal.span.end + range.lowerBound)))
            }
        }
        return found
    }

    private func part(_ text: String) -> [Literal]? {
        if let known = parts[text] { return known }
        let made = (try? Expression.compile(text, schema: schema, expecting: .bool)).map { literals(of: $0) }
        parts[text] = .some(made)
        return made
    }

    private func whole(_ text: String) -> [Literal] {
        if let known = wholes[text] { return known }
        let made = (try? Expression.compile(text, schema: schema, expecting: .bool)).map { literals(of: $0) } ?? []
        wholes[text] = made
        return made
    }

    private func literals(of expression: Expression) -> [Literal] {
        let characters = Array(expression.text)
        var found: [Literal] = []
        func visit(_ node: CheckedNode, isNegated: Bool) {
            switch node.kind {
            case .and(let parts), .or(let parts): for part in parts { visit(part, isNegated: isNegated) }
            case .not(let operand): visit(operand, isNegated: !isNegated)
            default:
                let text = String(characters[max(node.span.start, 0)..<min(max(node.span.end, node.span.start), characters.count)])
                if let own = comparison(text, isNegated, text == expression.text ? expression : nil) { found.append(Literal(comparison: own, span: node.span)) }
            }
        }
        visit(expression.root, isNegated: false)
        return found
    }

    private func comparison(_ text: String, _ isNegated: Bool, _ expression: Expression?) -> Comparison? {
        let key = Key(text: text, isNegated: isNegated)
        if let known = comparisons[key] { return known }
        let own = expression ?? (try? Expression.compile(text, schema: schema, expecting: .bool))
        let made = own.map { Comparison(text: text, isNegated: isNegated, expression: $0) }
        comparisons[key] = .some(made)
        return made
    }
}

/// Recursive descent over the tokens. Precedence, weakest first: `?:`, `||`, `&&`, comparisons and `in`, `+ -`, `* / %`, unary
/// `! -`, then selection, index and call. After an error it goes on at the next place that makes sense, so that every mistake of
/// a text is told at once; a broken part becomes a `broken` node, about which the checker keeps silent.
struct Parser {
    let tokens: [Token]
    let source: SourceText
    var position = 0
    private var depth = 0
    var diagnostics: [ExpressionDiagnostic]
    /// Where the last syntax error was reported: one a place.
    private var reportedAt = -1
    private var reportedDepth = false
    let macros: Bool
    /// The specification's test-only macros `cel.block`, `cel.index`, `cel.iterVar`, `cel.accuVar` are known, too.
    let blocks: Bool
    /// The items of the `cel.block`s around this place, each with its size.
    var blockItems: [[(tree: SyntaxNode, size: Int)]] = []
    /// What stands for `cel.index`es, so far.
    var insertedSize = 0

    /// Parses a whole text.
    static func parse(_ text: String, macros: Bool = true, blocks: Bool = false) -> (tree: SyntaxNode, diagnostics: [ExpressionDiagnostic]) {
        let source = SourceText(text)
        guard source.bytes.count <= Limits.textBytes else {
            let span = Span(start: 0, end: text.count)
            return (SyntaxNode(kind: .broken, span: span, height: 1), [Wording.textTooLong(span, bytes: source.bytes.count)])
        }
        var lexer = Lexer(source)
        var parser = Parser(tokens: lexer.tokens(), source: source, diagnostics: lexer.diagnostics, macros: macros, blocks: blocks)
        let tree = parser.whole()
        return (tree, parser.diagnostics)
    }

    private init(tokens: [Token], source: SourceText, diagnostics: [ExpressionDiagnostic], macros: Bool, blocks: Bool) {
        self.tokens = tokens
        self.source = source
        self.diagnostics = diagnostics
        self.macros = macros
        self.blocks = blocks
    }

    // MARK: - Tokens

    var token: Token { tokens[position] }
    var nextToken: Token { tokens[min(position + 1, tokens.count - 1)] }
    var tokenSpan: Span { source.span(token.start, token.end) }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    func at(_ symbol: Symbol) -> Bool { token.kind == .symbol(symbol) }

    mutating func take(_ symbol: Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    mutating func report(_ diagnostic: ExpressionDiagnostic) {
        guard reportedAt != position else { return }
        reportedAt = position
        // A token that is broken has been reported by the lexer.
        if token.kind != .broken { diagnostics.append(diagnostic) }
    }

    /// The token as a message names it.
    var found: String {
        switch token.kind {
        case .end: "the end"
        default: "'" + source.text(token.start, token.end).prefix(40) + "'"
        }
    }

    mutating func expect(_ symbol: Symbol) {
        if take(symbol) { return }
        report(Wording.expected("'\(symbol.rawValue)'", found: found, tokenSpan))
        skip(to: [symbol])
        _ = take(symbol)
    }

    /// Steps over tokens, whole brackets at once, until one of `symbols` or something that closes a bracket around here.
    mutating func skip(to symbols: [Symbol]) {
        var open = 0
        while token.kind != .end {
            if case .symbol(let symbol) = token.kind {
                if open == 0, symbols.contains(symbol) { return }
                switch symbol {
                case .leftParenthesis, .leftBracket, .leftBrace: open += 1
                case .rightParenthesis, .rightBracket, .rightBrace:
                    if open == 0 { return }
                    open -= 1
                default: break
                }
            }
            advance()
        }
    }

    // MARK: - Nodes

    /// A node over children that exist already; too high a tree is reported once and cut.
    mutating func node(_ kind: SyntaxNode.Kind, _ span: Span, over children: SyntaxNode...) -> SyntaxNode {
        node(kind, span, over: children)
    }

    mutating func node(_ kind: SyntaxNode.Kind, _ span: Span, over children: [SyntaxNode]) -> SyntaxNode {
        var height = 0
        for child in children { height = max(height, child.height) }
        guard height < Limits.depth else {
            tooDeep(span)
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        return SyntaxNode(kind: kind, span: span, height: height + 1)
    }

    private mutating func tooDeep(_ span: Span) {
        if !reportedDepth { diagnostics.append(Wording.tooDeep(span)) }
        reportedDepth = true
    }

    // MARK: - Grammar

    private mutating func whole() -> SyntaxNode {
        var tree = expression()
        // What follows a complete expression is wrong; the parts after the next && or || are still worth checking.
        while token.kind != .end {
            report(Wording.expected("an operator", found: found, tokenSpan))
            while token.kind != .end, !at(.and), !at(.or) { advance() }
            guard token.kind != .end else { break }
            advance()
            let rest = expression()
            tree = node(.and([tree, rest]), Span(start: tree.span.start, end: rest.span.end), over: tree, rest)
        }
        return tree
    }

    mutating func expression() -> SyntaxNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.depth else {
            let span = tokenSpan
            tooDeep(span)
            reportedAt = position
            // Nothing after this can be told apart any more.
            position = tokens.count - 1
            reportedAt = position
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        let condition = binary(1)
        guard take(.question) else { return condition }
        let yes = binary(1)
        expect(.colon)
        let no = expression()
        return node(
            .conditional(condition, yes, no), Span(start: condition.span.start, end: no.span.end), over: condition, yes, no)
    }

    private enum Infix {
        case and, or
        case binary(BinaryOperator)

        var precedence: Int {
            switch self {
            case .or: 1
            case .and: 2
            case .binary(let binary): 2 + binary.precedence
            }
        }
    }

    /// The operator here; a word such as `and` is reported and read as the operator it names.
    private mutating func infix() -> Infix? {
        switch token.kind {
        case .symbol(.and): return .and
        case .symbol(.or): return .or
        case .symbol(let symbol): return BinaryOperator(rawValue: symbol.rawValue).map { .binary($0) }
        case .name(let name, _):
            let meant: (String, Infix)? =
                switch name.lowercased() {
                case "and": ("&&", .and)
                case "or": ("||", .or)
                case "is", "eq", "equals": ("==", .binary(.equal))
                default: nil
                }
            guard let meant else { return nil }
            report(Wording.mistypedSymbol(tokenSpan, written: name, meant: meant.0))
            return meant.1
        default: return nil
        }
    }

    private mutating func binary(_ weakest: Int) -> SyntaxNode {
        var left = unary()
        while let infix = infix(), infix.precedence >= weakest {
            switch infix {
            case .and, .or:
                left = chain(infix, from: left)
            case .binary(let operation):
                let operatorSpan = tokenSpan
                advance()
                let right = binary(infix.precedence + 1)
                left = node(
                    .binary(operation, left, right, operatorSpan: operatorSpan),
                    Span(start: left.span.start, end: right.span.end), over: left, right)
            }
        }
        return left
    }

    /// All operands of one run of `&&` or `||`; those of a bracketed run of the same operator are taken in.
    private mutating func chain(_ operation: Infix, from first: SyntaxNode) -> SyntaxNode {
        var parts = operands(of: first, operation)
        var last = first
        while let next = infix(), next.precedence == operation.precedence {
            advance()
            last = binary(operation.precedence + 1)
            parts += operands(of: last, operation)
        }
        let kind: SyntaxNode.Kind = if case .and = operation { .and(parts) } else { .or(parts) }
        return node(kind, Span(start: first.span.start, end: last.span.end), over: parts)
    }

    private func operands(of node: SyntaxNode, _ operation: Infix) -> [SyntaxNode] {
        switch (node.kind, operation) {
        case (.and(let parts), .and), (.or(let parts), .or): parts
        default: [node]
        }
    }

    private mutating func unary() -> SyntaxNode {
        var prefixes: [(symbol: Symbol, start: Int)] = []
        while at(.bang) || at(.minus) {
            guard case .symbol(let symbol) = token.kind else { break }
            prefixes.append((symbol, token.start))
            advance()
        }
        var operand: SyntaxNode
        if prefixes.last?.symbol == .minus, let start = prefixes.last?.start, let literal = negativeLiteral(from: start) {
            prefixes.removeLast()
            operand = suffixes(of: literal)
        } else {
            operand = suffixes(of: primary())
        }
        for prefix in prefixes.reversed() {
            let span = Span(start: source.span(prefix.start, prefix.start + 1).start, end: operand.span.end)
            operand = node(prefix.symbol == .bang ? .not(operand) : .negate(operand), span, over: operand)
        }
        return operand
    }

    /// A number right after its minus sign: -9223372036854775808 has no positive twin.
    private mutating func negativeLiteral(from start: Int) -> SyntaxNode? {
        let span = source.span(start, token.end)
        switch token.kind {
        case .int(let magnitude):
            advance()
            return SyntaxNode(kind: .literal(.int(Int64(truncatingIfNeeded: 0 &- magnitude))), span: span, height: 1)
        case .double(let value):
            advance()
            return SyntaxNode(kind: .literal(.double(-value)), span: span, height: 1)
        default:
            return nil
        }
    }
}

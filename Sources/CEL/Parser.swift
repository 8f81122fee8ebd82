/// Recursive descent over the tokens. Precedence, weakest first: `?:`, `||`, `&&`, comparisons and `in`, `+ -`, `* / %`, unary
/// `! -`, then selection, index and call. After an error it goes on at the next place that makes sense, so that every mistake of
/// a text is told at once; a broken part becomes a `broken` node, about which the checker keeps silent.
struct Parser {
    private let tokens: [Token]
    private let source: SourceText
    private var position = 0
    private var depth = 0
    var diagnostics: [ExpressionDiagnostic]
    /// Where the last syntax error was reported: one a place.
    private var reportedAt = -1
    private var reportedDepth = false
    let macros: Bool

    /// Parses a whole text.
    static func parse(_ text: String, macros: Bool = true) -> (tree: SyntaxNode, diagnostics: [ExpressionDiagnostic]) {
        let source = SourceText(text)
        guard source.bytes.count <= Limits.textBytes else {
            let span = Span(start: 0, end: text.count)
            return (SyntaxNode(kind: .broken, span: span, height: 1), [Wording.textTooLong(span, bytes: source.bytes.count)])
        }
        var lexer = Lexer(source)
        var parser = Parser(tokens: lexer.tokens(), source: source, diagnostics: lexer.diagnostics, macros: macros)
        let tree = parser.whole()
        return (tree, parser.diagnostics)
    }

    private init(tokens: [Token], source: SourceText, diagnostics: [ExpressionDiagnostic], macros: Bool) {
        self.tokens = tokens
        self.source = source
        self.diagnostics = diagnostics
        self.macros = macros
    }

    // MARK: - Tokens

    private var token: Token { tokens[position] }
    private var nextToken: Token { tokens[min(position + 1, tokens.count - 1)] }
    private var tokenSpan: Span { source.span(token.start, token.end) }

    private mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    private func at(_ symbol: Symbol) -> Bool { token.kind == .symbol(symbol) }

    private mutating func take(_ symbol: Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    private mutating func report(_ diagnostic: ExpressionDiagnostic) {
        guard reportedAt != position else { return }
        reportedAt = position
        // A token that is broken has been reported by the lexer.
        if token.kind != .broken { diagnostics.append(diagnostic) }
    }

    /// The token as a message names it.
    private var found: String {
        switch token.kind {
        case .end: "the end"
        default: "'" + source.text(token.start, token.end).prefix(40) + "'"
        }
    }

    private mutating func expect(_ symbol: Symbol) {
        if take(symbol) { return }
        report(Wording.expected("'\(symbol.rawValue)'", found: found, tokenSpan))
        skip(to: [symbol])
        _ = take(symbol)
    }

    /// Steps over tokens, whole brackets at once, until one of `symbols` or something that closes a bracket around here.
    private mutating func skip(to symbols: Set<Symbol>) {
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

    private mutating func suffixes(of operand: SyntaxNode) -> SyntaxNode {
        var operand = operand
        while true {
            if at(.dot) {
                advance()
                operand = selection(from: operand)
            } else if at(.leftBracket) {
                advance()
                let index = expression()
                expect(.rightBracket)
                operand = node(.index(operand, index), Span(start: operand.span.start, end: endOfLast), over: operand, index)
            } else if at(.leftBrace), case .name = operand.kind {
                report(Wording.messagesUnsupported(tokenSpan))
                advance()
                skip(to: [.rightBrace])
                _ = take(.rightBrace)
                operand = SyntaxNode(kind: .broken, span: operand.span, height: 1)
            } else {
                return operand
            }
        }
    }

    /// Where the token before this one ends.
    private var endOfLast: Int {
        position > 0 ? source.span(tokens[position - 1].start, tokens[position - 1].end).end : 0
    }

    private mutating func selection(from operand: SyntaxNode) -> SyntaxNode {
        let nameSpan = tokenSpan
        switch token.kind {
        case .name(let name, _):
            advance()
            guard at(.leftParenthesis) else {
                return node(
                    .select(operand, field: name, fieldSpan: nameSpan), Span(start: operand.span.start, end: nameSpan.end), over: operand)
            }
            let arguments = arguments()
            let span = Span(start: operand.span.start, end: endOfLast)
            if macros, let macro = macro(name, target: operand, arguments: arguments, nameSpan: nameSpan, span: span) { return macro }
            return node(
                .call(name: name, target: operand, arguments: arguments, nameSpan: nameSpan), span, over: [operand] + arguments)
        case .quotedName(let name):
            advance()
            return node(
                .select(operand, field: name, fieldSpan: nameSpan), Span(start: operand.span.start, end: nameSpan.end), over: operand)
        default:
            report(Wording.expected("a field's name after '.'", found: found, tokenSpan))
            return SyntaxNode(kind: .broken, span: operand.span, height: 1)
        }
    }

    /// From the opening bracket to the closing one.
    private mutating func arguments() -> [SyntaxNode] {
        advance()
        return entries(until: .rightParenthesis, trailingComma: false)
    }

    /// Expressions with commas between them, and what closes them.
    private mutating func entries(until close: Symbol, trailingComma: Bool) -> [SyntaxNode] {
        var entries: [SyntaxNode] = []
        if take(close) { return entries }
        while true {
            entries.append(expression())
            if !at(.comma), !at(close), token.kind != .end {
                report(Wording.expected("',' or '\(close.rawValue)'", found: found, tokenSpan))
                skip(to: [.comma, close])
            }
            guard take(.comma) else { break }
            if trailingComma, at(close) { break }
        }
        expect(close)
        return entries
    }

    private mutating func primary() -> SyntaxNode {
        let span = tokenSpan
        func literal(_ value: Value) -> SyntaxNode { SyntaxNode(kind: .literal(value), span: span, height: 1) }
        switch token.kind {
        case .int(let magnitude):
            if magnitude > UInt64(Int64.max) {
                report(Wording.numberTooLarge(span, text: source.text(token.start, token.end)))
                advance()
                return SyntaxNode(kind: .broken, span: span, height: 1)
            }
            advance()
            return literal(.int(Int64(magnitude)))
        case .uint(let value):
            advance()
            return literal(.uint(value))
        case .double(let value):
            advance()
            return literal(.double(value))
        case .string(let value):
            advance()
            return literal(.string(value))
        case .bytes(let value):
            advance()
            return literal(.bytes(value))
        case .broken:
            advance()
            return SyntaxNode(kind: .broken, span: span, height: 1)
        case .name(let name, let reserved):
            return named(name, reserved: reserved, from: span.start, absolute: false)
        case .symbol(let symbol):
            return bracketed(symbol, span)
        case .quotedName, .end:
            report(Wording.expected("a value", found: found, span))
            if token.kind != .end { advance() }
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
    }

    private mutating func bracketed(_ symbol: Symbol, _ span: Span) -> SyntaxNode {
        switch symbol {
        case .true, .false, .null:
            advance()
            return SyntaxNode(kind: .literal(symbol == .null ? .null : .bool(symbol == .true)), span: span, height: 1)
        case .leftParenthesis:
            advance()
            var inner = expression()
            expect(.rightParenthesis)
            inner.span = Span(start: span.start, end: endOfLast)
            return inner
        case .leftBracket:
            advance()
            let entries = entries(until: .rightBracket, trailingComma: true)
            let whole = Span(start: span.start, end: endOfLast)
            if entries.count > Limits.literalEntries { diagnostics.append(Wording.literalTooLong(whole, count: entries.count)) }
            return node(.list(entries), whole, over: entries)
        case .leftBrace:
            return mapLiteral(span)
        case .dot:
            if case .name(let name, let reserved) = nextToken.kind {
                advance()
                return named(name, reserved: reserved, from: span.start, absolute: true)
            }
        default:
            break
        }
        report(Wording.expected("a value", found: found, span))
        skipOperators()
        // What the operator was meant for is still worth reading; the part as a whole is broken.
        if startsValue { _ = suffixes(of: primary()) }
        return SyntaxNode(kind: .broken, span: span, height: 1)
    }

    /// Steps over operators that stand where a value should.
    private mutating func skipOperators() {
        while case .symbol(let symbol) = token.kind {
            switch symbol {
            case .plus, .minus, .star, .slash, .percent, .bang, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .notEqual,
                .question, .dot, .in:
                advance()
            case .leftParenthesis, .rightParenthesis, .leftBracket, .rightBracket, .leftBrace, .rightBrace, .comma, .colon, .and, .or,
                .true, .false, .null:
                return
            }
        }
    }

    private var startsValue: Bool {
        switch token.kind {
        case .name, .int, .uint, .double, .string, .bytes, .symbol(.leftParenthesis), .symbol(.leftBracket), .symbol(.leftBrace),
            .symbol(.true), .symbol(.false), .symbol(.null):
            true
        default: false
        }
    }

    private mutating func mapLiteral(_ open: Span) -> SyntaxNode {
        advance()
        var entries: [(key: SyntaxNode, value: SyntaxNode)] = []
        var children: [SyntaxNode] = []
        while !at(.rightBrace), token.kind != .end {
            let key = expression()
            if !take(.colon) {
                report(Wording.expected("':' between a key and its value", found: found, tokenSpan))
                skip(to: [.comma, .rightBrace])
            } else {
                let value = expression()
                entries.append((key, value))
                children += [key, value]
            }
            if !at(.comma), !at(.rightBrace), token.kind != .end {
                report(Wording.expected("',' or '}'", found: found, tokenSpan))
                skip(to: [.comma, .rightBrace])
            }
            guard take(.comma) else { break }
        }
        expect(.rightBrace)
        let whole = Span(start: open.start, end: endOfLast)
        if entries.count > Limits.literalEntries { diagnostics.append(Wording.literalTooLong(whole, count: entries.count)) }
        return node(.map(entries), whole, over: children)
    }

    private mutating func named(_ name: String, reserved: Bool, from start: Int, absolute: Bool) -> SyntaxNode {
        let nameSpan = tokenSpan
        advance()
        if at(.leftParenthesis) {
            let arguments = arguments()
            let span = Span(start: start, end: endOfLast)
            if macros, name == "has", !absolute { return hasMacro(arguments: arguments, nameSpan: nameSpan, span: span) }
            if reserved { diagnostics.append(Wording.reservedName(nameSpan, name: name)) }
            return node(
                .call(name: absolute ? "." + name : name, target: nil, arguments: arguments, nameSpan: nameSpan), span, over: arguments)
        }
        let span = Span(start: start, end: nameSpan.end)
        if reserved {
            diagnostics.append(Wording.reservedName(nameSpan, name: name))
            return SyntaxNode(kind: .broken, span: span, height: 1)
        }
        return SyntaxNode(kind: .name(name, absolute: absolute), span: span, height: 1)
    }
}

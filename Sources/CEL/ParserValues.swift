/// Members, literals and names: what stands between the operators.
extension Parser {
    mutating func suffixes(of operand: SyntaxNode) -> SyntaxNode {
        var operand = operand
        while true {
            if at(.dot) {
                advance()
                operand = selection(from: operand)
            } else if at(.leftBracket) {
                advance()
                let isOptional = take(.question)
                let index = expression()
                expect(.rightBracket)
                let span = Span(start: operand.span.start, end: endOfLast)
                operand = node(isOptional ? .optionalIndex(operand, index) : .index(operand, index), span, over: operand, index)
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
    var endOfLast: Int {
        position > 0 ? source.span(tokens[position - 1].start, tokens[position - 1].end).end : 0
    }

    /// After the dot.
    mutating func selection(from operand: SyntaxNode) -> SyntaxNode {
        let isOptional = take(.question)
        let nameSpan = tokenSpan
        switch token.kind {
        case .name(let name, _):
            advance()
            guard at(.leftParenthesis), !isOptional else { return select(name, nameSpan, from: operand, isOptional: isOptional) }
            if blocks, case .name("cel", _) = operand.kind, let node = blockMacro(name, from: operand.span.start) { return node }
            let arguments = arguments()
            let span = Span(start: operand.span.start, end: endOfLast)
            if macros, let bind = bindMacro(name, target: operand, arguments: arguments, nameSpan: nameSpan, span: span) { return bind }
            if macros, let macro = macro(name, target: operand, arguments: arguments, nameSpan: nameSpan, span: span) { return macro }
            return node(
                .call(name: name, target: operand, arguments: arguments, nameSpan: nameSpan), span, over: [operand] + arguments)
        case .quotedName(let name):
            advance()
            return select(name, nameSpan, from: operand, isOptional: isOptional)
        default:
            report(Wording.expected("a field's name after '.'", found: found, tokenSpan))
            return SyntaxNode(kind: .broken, span: operand.span, height: 1)
        }
    }

    private mutating func select(_ field: String, _ fieldSpan: Span, from operand: SyntaxNode, isOptional: Bool) -> SyntaxNode {
        let span = Span(start: operand.span.start, end: fieldSpan.end)
        return node(
            isOptional ? .optionalSelect(operand, field: field, fieldSpan: fieldSpan) : .select(operand, field: field, fieldSpan: fieldSpan),
            span, over: operand)
    }

    /// `?e` where a list's entry or a map's key stands; `e` alone otherwise.
    private mutating func entry(canBeOptional: Bool) -> SyntaxNode {
        let start = tokenSpan.start
        guard canBeOptional, take(.question) else { return expression() }
        let inner = expression()
        return node(.maybe(inner), Span(start: start, end: inner.span.end), over: inner)
    }

    /// From the opening bracket to the closing one.
    mutating func arguments() -> [SyntaxNode] {
        advance()
        return entries(until: .rightParenthesis, trailingComma: false)
    }

    /// Expressions with commas between them, and what closes them. `trailingComma`: as in a list, where `?` may stand, too.
    mutating func entries(until close: Symbol, trailingComma: Bool) -> [SyntaxNode] {
        var entries: [SyntaxNode] = []
        if take(close) { return entries }
        while true {
            entries.append(entry(canBeOptional: trailingComma))
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

    mutating func primary() -> SyntaxNode {
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

    mutating func bracketed(_ symbol: Symbol, _ span: Span) -> SyntaxNode {
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
    mutating func skipOperators() {
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

    var startsValue: Bool {
        switch token.kind {
        case .name, .int, .uint, .double, .string, .bytes, .symbol(.leftParenthesis), .symbol(.leftBracket), .symbol(.leftBrace),
            .symbol(.true), .symbol(.false), .symbol(.null):
            true
        default: false
        }
    }

    mutating func mapLiteral(_ open: Span) -> SyntaxNode {
        advance()
        var entries: [(key: SyntaxNode, value: SyntaxNode)] = []
        var children: [SyntaxNode] = []
        while !at(.rightBrace), token.kind != .end {
            let key = entry(canBeOptional: true)
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

    mutating func named(_ name: String, reserved: Bool, from start: Int, absolute: Bool) -> SyntaxNode {
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

/// `cel.block([a, b, ...], body)`: the specification's suite writes common parts so. `cel.index(n)` stands for the item with that
/// number, as if it were written there; `cel.iterVar(n, m)` and `cel.accuVar(n, m)` are names that nothing else has.
///
/// What is inserted shares its tree with the item, but is checked each time: its size is counted against `Limits.textBytes`.
extension Parser {
    /// At the opening bracket of the call; nil when it is none of these.
    mutating func blockMacro(_ name: String, from start: Int) -> SyntaxNode? {
        switch name {
        case "block": return block(from: start)
        case "index":
            advance()
            guard case .int(let number) = token.kind, nextToken.kind == .symbol(.rightParenthesis) else { return wrong(start) }
            advance()
            advance()
            guard let item = blockItems.last.flatMap({ number < UInt64($0.count) ? $0[Int(number)] : nil }) else { return wrong(start) }
            // Items of items double: beyond the bound nobody needs to know how far.
            insertedSize = min(insertedSize + item.size, Limits.textBytes + 1)
            return insertedSize <= Limits.textBytes ? item.tree : wrong(start)
        case "iterVar", "accuVar":
            let nameSpan = tokenSpan
            let arguments = arguments()
            var numbers: [Int64] = []
            for argument in arguments {
                if case .literal(.int(let number)) = argument.kind { numbers.append(number) }
            }
            guard numbers.count == 2, arguments.count == 2 else { return wrong(start) }
            // The marks keep it apart from every name that can be written.
            return SyntaxNode(
                kind: .name("@\(name):\(numbers[0]):\(numbers[1])", absolute: false), span: Span(start: start, end: nameSpan.end), height: 1)
        default: return nil
        }
    }

    private mutating func block(from start: Int) -> SyntaxNode {
        advance()
        guard at(.leftBracket) else { return wrong(start) }
        advance()
        blockItems.append([])
        defer { blockItems.removeLast() }
        while !at(.rightBracket), token.kind != .end {
            let (before, inserted) = (position, insertedSize)
            let item = expression()
            blockItems[blockItems.count - 1].append((item, position - before + insertedSize - inserted))
            if !take(.comma) { break }
        }
        expect(.rightBracket)
        expect(.comma)
        var body = expression()
        expect(.rightParenthesis)
        body.span = Span(start: start, end: max(start, endOfLast))
        return body
    }

    private mutating func wrong(_ start: Int) -> SyntaxNode {
        let span = Span(start: start, end: max(start, endOfLast))
        diagnostics.append(Wording.badBlock(span))
        return SyntaxNode(kind: .broken, span: span, height: 1)
    }
}

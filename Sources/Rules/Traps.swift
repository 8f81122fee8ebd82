/// What YAML makes of a condition that is written as if YAML were not there, and what libyaml's complaints mean in the house's words.
struct Traps {
    let source: SourceText

    /// An expression that YAML can't get past: told, and to be masked.
    struct Trap {
        /// The expression with its continuation lines.
        var value: Range<Int>
        var range: Range<Int>
        var wording: Wording
    }

    /// `when: …` as it stands in the source.
    private struct ExpressionLine {
        var line: Int
        var key: String
        var value: Range<Int>
    }

    /// Characters that mean something to YAML at the beginning of a value.
    static let startCharacters: Set<UInt8> = Set("!\"'[{*&%@`>|,?#-".utf8)

    func trap(_ failure: YAMLReader.Failure) -> Trap? {
        for byte in [failure.at, failure.from].compactMap({ $0 }) {
            guard let expression = expression(around: byte) else { continue }
            var text = oneLine(expression.value)
            if failure.problem == "mapping values are not allowed in this context" {
                // A key on a line of its own stands too far right: what comes with it is not the expression's.
                let line = source.line(of: failure.at)
                if line > source.line(of: expression.value.lowerBound), let key = keyLine(line), Identifiers.isIdentifier(key.key),
                    source.lineStarts[line] + key.column + key.key.utf8.count == failure.at
                {
                    continue
                }
                return Trap(
                    value: expression.value, range: failure.at..<(failure.at + 1),
                    wording: .colonInExpression(key: expression.key, text: text))
            }
            // A plain text over several lines ends at its first comment; the next line then fits nowhere.
            if let hash = comment(in: expression.value), hash < byte, !Self.startCharacters.contains(source.bytes[expression.value.lowerBound]) {
                // Unless the '#' stands inside a text, it was meant as a comment: the block must do without it.
                if source.bytes[expression.value.lowerBound..<hash].count(where: { $0 == UInt8(ascii: "\"") }) % 2 == 0 {
                    // Nothing follows where blanks end the last line.
                    let lineEnd = min(source.range(ofLine: source.line(of: hash)).upperBound, expression.value.upperBound)
                    text = oneLine(expression.value.lowerBound..<hash) + " " + oneLine(lineEnd..<expression.value.upperBound)
                }
                return Trap(
                    value: expression.value, range: hash..<(hash + 1),
                    wording: .hashCut(key: expression.key, text: text))
            }
            let first = source.bytes[expression.value.lowerBound]
            guard Self.startCharacters.contains(first), !isBlockHeader(expression.value.lowerBound) else { continue }
            return Trap(
                value: expression.value, range: expression.value.lowerBound..<(expression.value.lowerBound + 1),
                wording: .expressionStart(first, key: expression.key, text: text))
        }
        return nil
    }

    /// For an expression that YAML took for an alias, an anchor, a tag, a list or a map.
    func start(of range: Range<Int>) -> Wording {
        let first = range.lowerBound < source.bytes.count ? source.bytes[range.lowerBound] : 0x20
        if let expression = expression(around: range.lowerBound) {
            return .expressionStart(first, key: expression.key, text: oneLine(expression.value))
        }
        return .expressionStart(first, key: "when", text: oneLine(range))
    }

    /// The comment that ends a plain expression early: the place of its `#` on the line where the expression ends.
    func comment(after byte: Int) -> Int? {
        var i = byte
        let line = source.range(ofLine: source.line(of: byte))
        while i < line.upperBound, source.bytes[i] == 0x20 { i += 1 }
        return i > byte && i < line.upperBound && source.bytes[i] == UInt8(ascii: "#") ? i : nil
    }

    /// The whole text of the expression that a plain value begins, with what YAML took for a comment.
    func whole(from byte: Int) -> String {
        let line = source.range(ofLine: source.line(of: byte))
        return oneLine(byte..<line.upperBound)
    }

    // MARK: Finding the expression

    private func expression(around byte: Int) -> ExpressionLine? {
        let last = source.line(of: byte)
        for line in stride(from: last, through: max(0, last - 20), by: -1) {
            guard let found = expressionLine(line) else { continue }
            return found.value.lowerBound <= byte && byte <= found.value.upperBound ? found : nil
        }
        return nil
    }

    private func expressionLine(_ line: Int) -> ExpressionLine? {
        guard let (column, key, value) = keyLine(line), !value.isEmpty else { return nil }
        guard Keys.expressions.contains(key) || isUnderLet(line, column: column) else { return nil }
        var end = value.upperBound
        var next = line + 1
        while next < source.lineStarts.count {
            let range = source.range(ofLine: next)
            let indent = source.bytes[range].prefix { $0 == 0x20 }.count
            if indent == range.count {
                next += 1
                continue
            }
            guard indent > column else { break }
            end = range.upperBound
            next += 1
        }
        return ExpressionLine(line: line, key: key, value: value.lowerBound..<end)
    }

    /// `  - key: value` -> the key's column from 0, the key, the bytes of the value on this line.
    private func keyLine(_ line: Int) -> (column: Int, key: String, value: Range<Int>)? {
        let range = source.range(ofLine: line)
        let bytes = source.bytes
        var i = range.lowerBound
        func skipBlanks() { while i < range.upperBound, bytes[i] == 0x20 { i += 1 } }
        skipBlanks()
        while i + 1 < range.upperBound, bytes[i] == UInt8(ascii: "-"), bytes[i + 1] == 0x20 {
            i += 1
            skipBlanks()
        }
        let start = i
        while i < range.upperBound, bytes[i] != UInt8(ascii: ":"), bytes[i] != 0x20, bytes[i] != UInt8(ascii: "#") { i += 1 }
        guard i > start, i < range.upperBound, bytes[i] == UInt8(ascii: ":"), i + 1 == range.upperBound || bytes[i + 1] == 0x20 else { return nil }
        let key = source.text(start..<i)
        i += 1
        skipBlanks()
        var end = range.upperBound
        while end > i, bytes[end - 1] == 0x20 { end -= 1 }
        return (start - range.lowerBound, key, i..<max(i, end))
    }

    private func isUnderLet(_ line: Int, column: Int) -> Bool {
        for above in stride(from: line - 1, through: 0, by: -1) {
            guard let (otherColumn, key, value) = keyLine(above), otherColumn < column else { continue }
            return key == "let" && (value.isEmpty || source.bytes[value.lowerBound] == UInt8(ascii: "#"))
        }
        return false
    }

    private func comment(in range: Range<Int>) -> Int? {
        range.dropFirst().first { source.bytes[$0] == UInt8(ascii: "#") && source.bytes[$0 - 1] == 0x20 }
    }

    /// `>-` and `|` with nothing more on the line begin a block, as they should.
    private func isBlockHeader(_ byte: Int) -> Bool {
        guard source.bytes[byte] == UInt8(ascii: ">") || source.bytes[byte] == UInt8(ascii: "|") else { return false }
        let line = source.range(ofLine: source.line(of: byte))
        let header = source.bytes[(byte + 1)..<max(line.upperBound, byte + 1)].prefix { $0 != 0x20 }
        return header.count <= 2 && header.allSatisfy { Set("+-123456789".utf8).contains($0) }
            && (comment(after: byte + 1 + header.count) != nil || byte + 1 + header.count >= line.upperBound)
    }

    private func oneLine(_ range: Range<Int>) -> String {
        let words = source.text(range).split(whereSeparator: { $0 == " " || $0 == "\n" || $0 == "\r\n" }).joined(separator: " ")
        return words.count > 200 ? words.prefix(200) + " …" : words
    }

    // MARK: libyaml's complaints

    func describe(_ failure: YAMLReader.Failure) -> (Range<Int>, Wording) {
        let at = min(failure.at, source.bytes.count)
        let end = min(at + 1, source.bytes.count)
        let range = at..<max(at, end)
        let fromLine = failure.from.map { source.position(of: $0).line }
        let first = failure.from.flatMap { $0 < source.bytes.count ? source.bytes[$0] : nil }
        switch failure.problem {
        case "mapping values are not allowed in this context":
            // A colon that is the first of its line belongs to a key that stands too far right.
            if let key = keyLine(source.line(of: at)), source.lineStarts[source.line(of: at)] + key.column + key.key.utf8.count >= at {
                return (range, .syntaxIndentedTooFar)
            }
            return (range, .syntaxColonInText)
        case "could not find expected ':'":
            let start = failure.from ?? at
            let line = source.range(ofLine: source.line(of: start))
            return (start..<max(start, line.upperBound), .syntaxNoColon)
        case "did not find expected key", "did not find expected <document start>": return (range, .syntaxIndentation(fromLine))
        case "did not find expected '-' indicator" where source.text(range) != "-": return (range, .syntaxIndentation(fromLine))
        case "did not find expected '-' indicator", "block sequence entries are not allowed in this context": return (range, .syntaxListItem(fromLine))
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
            return (range, .syntaxNotClosed(failure.problem.hasSuffix("]'") ? "[" : "{", line: fromLine))
        case "found unexpected end of stream", "found unexpected document indicator":
            let start = failure.from ?? at
            return (start..<min(start + 1, source.bytes.count), .syntaxQuoteNotClosed)
        case "found unknown escape character", "did not find expected hexdecimal number", "found invalid Unicode character escape code":
            return (range, .syntaxEscape)
        case "found character that cannot start any token": return (range, .syntaxStart(source.text(range)))
        case "did not find expected alphabetic or numeric character":
            let start = failure.from ?? at
            let stretch = source.range(ofMarkAt: start)
            return (stretch, first == UInt8(ascii: "&") ? .anchor(source.text(stretch)) : .alias(source.text(stretch)))
        case "found undefined tag handle": return (range, .tag(source.text(source.range(ofMarkAt: at))))
        case let problem where first == UInt8(ascii: "!") && (problem.contains("tag") || problem.contains("'!'") || problem.contains("whitespace") || problem.contains("'>'") || problem.contains("octet")):
            let stretch = source.range(ofMarkAt: failure.from ?? at)
            return (stretch, .tag(source.text(stretch)))
        case let problem where first == UInt8(ascii: "%") || problem.contains("directive"): return (range, .directive)
        case "mapping keys are not allowed in this context": return (range, .syntaxStart("?"))
        case "did not find expected comment or line break", "found an indentation indicator equal to 0":
            return (range, .syntaxBlockHeader)
        case "did not find expected node content": return (range, .syntaxNoContent)
        case let problem where problem.hasPrefix("Maximum nesting level"): return (range, .nesting(YAMLReader.depthMax))
        default: return (range, .syntaxOther(failure.problem))
        }
    }
}

/// A word, number or sign of Swift source, with the line it stands on.
struct Token: Equatable {
    var text: String
    var line: Int
    /// A space, a comment or a line end stands before it: `try !x` is not `try! x`.
    var standsAlone = true
}

/// Splits Swift source into tokens without its comments and without what its string literals say; code inside an
/// interpolation is kept. Every literal leaves one `""` behind, so that what stands around it keeps its shape.
///
/// Bare regular expressions (`/…/`) are not told from divisions: the house writes none (`#/…/#` is understood).
func tokens(of text: String) -> [Token] {
    var scanner = Scanner(bytes: Array(text.utf8))
    scanner.code(untilParenthesis: false)
    return scanner.tokens
}

private struct Scanner {
    let bytes: [UInt8]
    var at = 0
    var line = 1
    var tokens: [Token] = []
    /// Where the last token ended.
    private var lastEnd = -1

    init(bytes: [UInt8]) { self.bytes = bytes }

    func peek(_ offset: Int = 0) -> UInt8 { at + offset < bytes.count ? bytes[at + offset] : 0 }

    mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where at < bytes.count {
            if bytes[at] == UInt8(ascii: "\n") { line += 1 }
            at += 1
        }
    }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { wanted in
            at + wanted.count <= bytes.count && bytes[at..<at + wanted.count].elementsEqual(wanted)
        }
    }

    func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while at < bytes.count {
            let byte = peek()
            if starts(with: "//") {
                while at < bytes.count, peek() != UInt8(ascii: "\n") { advance() }
            } else if starts(with: "/*") {
                comment()
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "#") {
                if !literal() {
                    tokens.append(Token(text: "#", line: line))
                    advance()
                }
            } else if isWord(byte) || byte == UInt8(ascii: "`") {
                word()
            } else if byte <= 0x20 {
                advance()
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                tokens.append(Token(text: String(UnicodeScalar(byte)), line: line, standsAlone: at != lastEnd))
                advance()
                lastEnd = at
            }
        }
    }

    mutating func word() {
        let start = at
        let startLine = line
        while isWord(peek()) || peek() == UInt8(ascii: "`") { advance() }
        tokens.append(Token(text: String(decoding: bytes[start..<at].filter { $0 != UInt8(ascii: "`") }, as: UTF8.self), line: startLine, standsAlone: start != lastEnd))
        lastEnd = at
    }

    mutating func comment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                advance(2)
            } else if starts(with: "*/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0 && at < bytes.count
    }

    /// Reads a string (plain, raw, of several lines) or an extended regular expression; false when none begins here.
    mutating func literal() -> Bool {
        var sharps = 0
        while peek(sharps) == UInt8(ascii: "#") { sharps += 1 }
        let isRegex = sharps > 0 && peek(sharps) == UInt8(ascii: "/")
        guard isRegex || peek(sharps) == UInt8(ascii: "\"") else { return false }
        let startLine = line
        advance(sharps)
        let quote = peek()
        let quotes = !isRegex && starts(with: "\"\"\"") ? 3 : 1
        advance(quotes)
        tokens.append(Token(text: "\"\"", line: startLine))
        while at < bytes.count {
            if peek() == UInt8(ascii: "\\"), (0..<sharps).allSatisfy({ peek(1 + $0) == UInt8(ascii: "#") }) {
                if !isRegex, peek(1 + sharps) == UInt8(ascii: "(") {
                    advance(2 + sharps)
                    code(untilParenthesis: true)
                    advance()
                } else {
                    advance(2 + sharps)
                }
            } else if (0..<quotes).allSatisfy({ peek($0) == quote }), (0..<sharps).allSatisfy({ peek(quotes + $0) == UInt8(ascii: "#") }) {
                advance(quotes + sharps)
                return true
            } else {
                advance()
            }
        }
        return true
    }
}

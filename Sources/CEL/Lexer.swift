/// Cuts an expression's text into tokens. What it cannot read it reports, and goes on with what was probably meant, so that one
/// slip of the keyboard hides no other mistake.
struct Lexer {
    let source: SourceText
    var position = 0
    var diagnostics: [ExpressionDiagnostic] = []

    init(_ source: SourceText) { self.source = source }

    /// Every token and the closing `end`.
    mutating func tokens() -> [Token] {
        var tokens: [Token] = []
        tokens.reserveCapacity(source.bytes.count / 3 + 2)
        while true {
            let token = next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    func peek(_ distance: Int = 0) -> UInt8 {
        position + distance < source.bytes.count ? source.bytes[position + distance] : 0
    }

    private mutating func next() -> Token {
        while true {
            skipSpace()
            let start = position
            guard start < source.bytes.count else { return Token(kind: .end, start: start, end: start) }
            let byte = peek()
            if isNameStart(byte) {
                if let kind = prefixedText() { return Token(kind: kind, start: start, end: position) }
                return Token(kind: name(), start: start, end: position)
            }
            if isDigit(byte) || (byte == UInt8(ascii: ".") && isDigit(peek(1))) {
                return Token(kind: number(), start: start, end: position)
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                return Token(kind: text(raw: false, bytes: false, from: start), start: start, end: position)
            }
            if byte == UInt8(ascii: "`") { return Token(kind: quotedName(), start: start, end: position) }
            if let symbol = symbol() { return Token(kind: .symbol(symbol), start: start, end: position) }
            if let kind = mistyped() { return Token(kind: kind, start: start, end: position) }
        }
    }

    private mutating func skipSpace() {
        while position < source.bytes.count {
            switch peek() {
            case 0x20, 0x09, 0x0A, 0x0D, 0x0C:
                position += 1
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
                while position < source.bytes.count, peek() != 0x0A { position += 1 }
            default:
                return
            }
        }
    }

    private mutating func name() -> Token.Kind {
        let start = position
        while isNameStart(peek()) || isDigit(peek()) { position += 1 }
        let name = source.text(start, position)
        switch name {
        case "in": return .symbol(.in)
        case "true": return .symbol(.true)
        case "false": return .symbol(.false)
        case "null": return .symbol(.null)
        default: return .name(name, reserved: reservedNames.contains(name))
        }
    }

    private mutating func quotedName() -> Token.Kind {
        let start = position
        position += 1
        while position < source.bytes.count, peek() != UInt8(ascii: "`"), peek() != 0x0A { position += 1 }
        let name = source.text(start + 1, position)
        guard peek() == UInt8(ascii: "`") else {
            diagnostics.append(Wording.openText(source.span(start, position), quote: "`"))
            return .quotedName(name)
        }
        position += 1
        let allowed = name.utf8.allSatisfy {
            isNameStart($0) || isDigit($0) || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: " ")].contains($0)
        }
        if name.isEmpty || !allowed { diagnostics.append(Wording.badQuotedName(source.span(start, position))) }
        return .quotedName(name)
    }

    // MARK: - Numbers

    private mutating func number() -> Token.Kind {
        let start = position
        var kind: Token.Kind
        if peek() == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x"), hexDigit(peek(2)) != nil {
            position += 2
            var value: UInt64? = 0
            while let digit = hexDigit(peek()) {
                value = value.flatMap { $0 >> 60 == 0 ? $0 << 4 | UInt64(digit) : nil }
                position += 1
            }
            kind = whole(value, from: start)
        } else {
            var isDouble = false
            while isDigit(peek()) { position += 1 }
            if peek() == UInt8(ascii: "."), isDigit(peek(1)) {
                isDouble = true
                position += 1
                while isDigit(peek()) { position += 1 }
            }
            if peek() | 0x20 == UInt8(ascii: "e") {
                let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
                if isDigit(peek(signed ? 2 : 1)) {
                    isDouble = true
                    position += signed ? 2 : 1
                    while isDigit(peek()) { position += 1 }
                }
            }
            let digits = source.text(start, position)
            if isDouble {
                kind = Double(digits).map { .double($0) } ?? .broken
            } else {
                kind = whole(UInt64(digits), from: start)
            }
        }
        if isNameStart(peek()) {
            while isNameStart(peek()) || isDigit(peek()) { position += 1 }
            diagnostics.append(Wording.numberRunsIntoName(source.span(start, position), text: source.text(start, position)))
            kind = .broken
        }
        return kind
    }

    private mutating func whole(_ value: UInt64?, from start: Int) -> Token.Kind {
        let isUnsigned = peek() | 0x20 == UInt8(ascii: "u")
        if isUnsigned { position += 1 }
        guard let value, isUnsigned || value <= UInt64(Int64.max) + 1 else {
            diagnostics.append(Wording.numberTooLarge(source.span(start, position), text: source.text(start, position)))
            return .broken
        }
        return isUnsigned ? .uint(value) : .int(value)
    }

    // MARK: - Symbols

    private mutating func symbol() -> Symbol? {
        let two: Symbol? =
            switch (peek(), peek(1)) {
            case (UInt8(ascii: "="), UInt8(ascii: "=")): .equal
            case (UInt8(ascii: "!"), UInt8(ascii: "=")): .notEqual
            case (UInt8(ascii: "<"), UInt8(ascii: "=")): .lessOrEqual
            case (UInt8(ascii: ">"), UInt8(ascii: "=")): .greaterOrEqual
            case (UInt8(ascii: "&"), UInt8(ascii: "&")): .and
            case (UInt8(ascii: "|"), UInt8(ascii: "|")): .or
            default: nil
            }
        if let two {
            position += 2
            return two
        }
        let one: Symbol? =
            switch peek() {
            case UInt8(ascii: "("): .leftParenthesis
            case UInt8(ascii: ")"): .rightParenthesis
            case UInt8(ascii: "["): .leftBracket
            case UInt8(ascii: "]"): .rightBracket
            case UInt8(ascii: "{"): .leftBrace
            case UInt8(ascii: "}"): .rightBrace
            case UInt8(ascii: "."): .dot
            case UInt8(ascii: ","): .comma
            case UInt8(ascii: ":"): .colon
            case UInt8(ascii: "?"): .question
            case UInt8(ascii: "+"): .plus
            case UInt8(ascii: "-"): .minus
            case UInt8(ascii: "*"): .star
            case UInt8(ascii: "/"): .slash
            case UInt8(ascii: "%"): .percent
            case UInt8(ascii: "!"): .bang
            case UInt8(ascii: "<"): .less
            case UInt8(ascii: ">"): .greater
            default: nil
            }
        if one != nil { position += 1 }
        return one
    }

    /// What an input method or a hasty hand writes for a symbol.
    private static let near: [Unicode.Scalar: Symbol] = [
        "=": .equal, "&": .and, "|": .or, "，": .comma, "、": .comma, "（": .leftParenthesis, "）": .rightParenthesis, "：": .colon,
        "？": .question, "！": .bang, "＝": .equal, "＜": .less, "＞": .greater, "［": .leftBracket, "］": .rightBracket,
        "【": .leftBracket, "】": .rightBracket, "｛": .leftBrace, "｝": .rightBrace, "＋": .plus, "－": .minus, "＊": .star,
        "／": .slash, "％": .percent, "≤": .lessOrEqual, "≥": .greaterOrEqual, "≠": .notEqual, "．": .dot, "。": .dot,
    ]

    /// Quotes that are none, each with those that may close it.
    private static let closing: [Unicode.Scalar: Set<Unicode.Scalar>] = [
        "“": ["”", "“"], "”": ["”", "“"], "‘": ["’", "‘"], "’": ["’", "‘"], "＂": ["＂"], "＇": ["＇"],
    ]

    /// What is no token: reported, and read as what was probably meant (`=` for `==`, a full-width comma of an input method for a
    /// plain one, curly quotes for straight ones); nil when it means nothing.
    private mutating func mistyped() -> Token.Kind? {
        let start = position
        let scalar = scalar()
        let span = source.span(start, position)
        if let symbol = Self.near[scalar] {
            diagnostics.append(Wording.mistypedSymbol(span, written: String(scalar), meant: symbol.rawValue))
            return .symbol(symbol)
        }
        if let ends = Self.closing[scalar] {
            diagnostics.append(Wording.mistypedSymbol(span, written: String(scalar), meant: "\""))
            let inside = position
            while position < source.bytes.count {
                let before = position
                if ends.contains(self.scalar()) { return .string(source.text(inside, before)) }
            }
            return .string(source.text(inside, position))
        }
        diagnostics.append(Wording.strayCharacter(span, scalar: scalar))
        return nil
    }

    /// The next scalar, stepped over.
    mutating func scalar() -> Unicode.Scalar {
        var decoder = UTF8()
        var iterator = source.bytes[position...].prefix(4).makeIterator()
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar):
            position += UTF8.width(scalar)
            return scalar
        case .emptyInput, .error:
            position += 1
            return "\u{FFFD}"
        }
    }

    func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
    }

    func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

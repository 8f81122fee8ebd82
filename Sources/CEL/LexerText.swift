/// Texts and bytes: quotes, raw forms, escapes.
extension Lexer {
    /// A text with a prefix (`r"…"`, `b'…'`, `br"""…"""`); nil, and nothing read, when a plain name stands here.
    mutating func prefixedText() -> Token.Kind? {
        var length = 0
        var raw = false
        var bytes = false
        if peek() | 0x20 == UInt8(ascii: "b") {
            bytes = true
            length = 1
        }
        if peek(length) | 0x20 == UInt8(ascii: "r") {
            raw = true
            length += 1
        }
        guard length > 0, peek(length) == UInt8(ascii: "\"") || peek(length) == UInt8(ascii: "'") else { return nil }
        let start = position
        position += length
        return text(raw: raw, bytes: bytes, from: start)
    }

    /// Reads a text from its opening quote.
    mutating func text(raw: Bool, bytes: Bool, from start: Int) -> Token.Kind {
        let quote = peek()
        let isTriple = peek(1) == quote && peek(2) == quote
        position += isTriple ? 3 : 1
        var out: [UInt8] = []
        var isBroken = false
        while true {
            guard position < source.bytes.count, isTriple || (peek() != 0x0A && peek() != 0x0D) else {
                let mark = String(decoding: [UInt8](repeating: quote, count: isTriple ? 3 : 1), as: UTF8.self)
                diagnostics.append(Wording.openText(source.span(start, position), quote: mark))
                isBroken = true
                break
            }
            let byte = peek()
            if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                position += isTriple ? 3 : 1
                break
            }
            if byte == UInt8(ascii: "\\"), !raw {
                if !escape(bytes: bytes, into: &out) { isBroken = true }
            } else {
                out.append(byte)
                position += 1
            }
        }
        if isBroken { return .broken }
        return bytes ? .bytes(out) : .string(String(decoding: out, as: UTF8.self))
    }

    /// Reads one escape; false when it is wrong (reported).
    private mutating func escape(bytes: Bool, into out: inout [UInt8]) -> Bool {
        let start = position
        let letter = peek(1)
        position += 2
        switch letter {
        case UInt8(ascii: "a"): out.append(0x07)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0C)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "v"): out.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): out.append(letter)
        case UInt8(ascii: "x"), UInt8(ascii: "X"): return code(digits: 2, start, bytes: bytes, into: &out)
        case UInt8(ascii: "u") where !bytes: return shortCode(start, into: &out)
        case UInt8(ascii: "U") where !bytes: return code(digits: 8, start, bytes: bytes, into: &out)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            position -= 1
            var value: UInt32 = 0
            for _ in 0..<3 {
                guard peek() >= UInt8(ascii: "0"), peek() <= UInt8(ascii: "7") else { return wrongEscape(from: start, bytes: bytes) }
                value = value * 8 + UInt32(peek() - UInt8(ascii: "0"))
                position += 1
            }
            return append(value, start, bytes: bytes, into: &out)
        default:
            position = min(start + 1, source.bytes.count)
            if position < source.bytes.count, peek() != 0x0A, peek() != 0x0D { _ = scalar() }
            return wrongEscape(from: start, bytes: bytes)
        }
        return true
    }

    private mutating func code(digits: Int, _ start: Int, bytes: Bool, into out: inout [UInt8]) -> Bool {
        guard let value = hexadecimal(digits) else { return wrongEscape(from: start, bytes: bytes) }
        return append(value, start, bytes: bytes, into: &out)
    }

    /// `\uXXXX`; a code point beyond them is a pair of surrogates: `\ud83d\ude2c`.
    private mutating func shortCode(_ start: Int, into out: inout [UInt8]) -> Bool {
        guard let first = hexadecimal(4) else { return wrongEscape(from: start, bytes: false) }
        guard (0xD800...0xDBFF).contains(first), peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") else {
            return append(first, start, bytes: false, into: &out)
        }
        position += 2
        guard let second = hexadecimal(4), (0xDC00...0xDFFF).contains(second) else { return wrongEscape(from: start, bytes: false) }
        return append(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), start, bytes: false, into: &out)
    }

    private mutating func hexadecimal(_ digits: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = hexDigit(peek()) else { return nil }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func append(_ value: UInt32, _ start: Int, bytes: Bool, into out: inout [UInt8]) -> Bool {
        if bytes {
            out.append(UInt8(truncatingIfNeeded: value))
            return true
        }
        guard let scalar = Unicode.Scalar(value) else { return wrongEscape(from: start, bytes: bytes) }
        out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return true
    }

    private mutating func wrongEscape(from start: Int, bytes: Bool) -> Bool {
        let end = min(max(position, start + 1), source.bytes.count)
        diagnostics.append(Wording.badEscape(source.span(start, end), text: source.text(start, end), bytes: bytes))
        return false
    }
}

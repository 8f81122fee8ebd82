/// Base 64 (RFC 4648, the standard alphabet): written with padding, read with or without it.
enum Encoders {
    static func apply(_ builtin: Builtin, _ arguments: [Value]) throws(OperationError) -> Value {
        switch (builtin, arguments.first, arguments.count) {
        case (.base64Encode, .bytes(let bytes)?, 1): return .string(base64(bytes))
        case (.base64Decode, .string(let text)?, 1):
            guard let bytes = decoded(text) else { throw OperationError(message: "\(Value.string(text).brief) is not base 64") }
            return .bytes(bytes)
        default: throw .noOverload(builtin, arguments)
        }
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        var characters = Array(text.utf8)
        if characters.count % 4 == 0 {
            for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
        }
        // A single character of a group carries too few bits for a byte.
        guard characters.count % 4 != 1 else { return nil }
        var out: [UInt8] = []
        out.reserveCapacity(characters.count * 3 / 4)
        var bits: UInt32 = 0
        var count = 0
        for character in characters {
            guard let digit = digit(character) else { return nil }
            bits = (bits << 6 | digit) & 0xFFFF
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }

    private static func digit(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

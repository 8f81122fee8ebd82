/// How values look in traces and messages, and the texts that `string(x)` gives.

extension Value {
    /// The value as JSON, for traces: times as RFC 3339, lengths of time as `3600s`, bytes in base 64, keys of maps as texts in a
    /// fixed order, so that the same value always gives the same text.
    package var json: String {
        var out = ""
        write(into: &out, limit: .max)
        return out
    }

    /// The beginning of it, for messages.
    var brief: String {
        var out = ""
        write(into: &out, limit: 80)
        return out.unicodeScalars.count <= 80 ? out : String(String.UnicodeScalarView(out.unicodeScalars.prefix(79))) + "…"
    }

    /// Stops soon after `limit` bytes.
    private func write(into out: inout String, limit: Int) {
        if out.utf8.count > limit { return }
        switch self {
        case .null:
            out += "null"
        case .bool(let value):
            out += value ? "true" : "false"
        case .int(let value):
            out += String(value)
        case .uint(let value):
            out += String(value)
        case .double(let value):
            out += value.isFinite ? numberText(value) : "\"\(numberText(value))\""
        case .string(let value):
            writeQuoted(value.utf8.count <= limit ? value : String(value.unicodeScalars.prefix(limit)), into: &out)
        case .bytes(let value):
            out += "\"" + base64(value.count <= limit ? value : Array(value.prefix(limit))) + "\""
        case .list(let values):
            out += "["
            for (index, value) in values.enumerated() {
                if index > 0 { out += "," }
                if out.utf8.count > limit { break }
                value.write(into: &out, limit: limit)
            }
            out += "]"
        case .map(let entries):
            out += "{"
            for (index, key) in sortedKeys(entries).enumerated() {
                if index > 0 { out += "," }
                if case .string(let text) = key { writeQuoted(text, into: &out) } else { writeQuoted(key.json, into: &out) }
                out += ":"
                if out.utf8.count > limit { break }
                (entries[key] ?? .null).write(into: &out, limit: limit)
            }
            out += "}"
        case .timestamp(let seconds, let nanoseconds):
            out += "\"" + TimeText.timestamp(seconds: seconds, nanoseconds: nanoseconds) + "\""
        case .duration(let seconds, let nanoseconds):
            out += "\"" + TimeText.duration(seconds: seconds, nanoseconds: nanoseconds) + "\""
        case .type(let type):
            writeQuoted(type.name, into: &out)
        case .optional(let value):
            if let value { value.write(into: &out, limit: limit) } else { out += "null" }
        }
    }
}

/// The keys of a map in a fixed order (a dictionary's own order differs from run to run): by kind, then by value.
func sortedKeys(_ entries: [Value: Value]) -> [Value] {
    func rank(_ value: Value) -> Int {
        switch value {
        case .bool: 0
        case .int, .uint, .double: 1
        case .string: 2
        default: 3
        }
    }
    return entries.keys.sorted { left, right in
        let (a, b) = (rank(left), rank(right))
        if a != b { return a < b }
        return Comparison.order(left, right) == .less
    }
}

private func writeQuoted(_ text: String, into out: inout String) {
    out += "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let digits = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: out.unicodeScalars.append(scalar)
        }
    }
    out += "\""
}

/// The shortest decimal text that reads back as the same number: `123.456`, `100`, `1e+21`, `NaN`, `Infinity`.
func numberText(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
    if value == value.rounded(), abs(value) < 1e15 {
        return value == 0 && value.sign == .minus ? "-0" : String(Int64(value))
    }
    return value.description
}

func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
        let left = min(3, bytes.count - index)
        var group = UInt32(bytes[index]) << 16
        if left > 1 { group |= UInt32(bytes[index + 1]) << 8 }
        if left > 2 { group |= UInt32(bytes[index + 2]) }
        for place in 0..<4 {
            out.append(place <= left ? alphabet[Int(group >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
        }
        index += 3
    }
    return String(decoding: out, as: UTF8.self)
}

@inline(__always) func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}

/// `0x0a`
func hex(_ byte: UInt8) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: Array("0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]], as: UTF8.self)
}

/// The offset of the first byte that is not well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
package func firstInvalidUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let end = bytes.count
    var i = 0
    while i < end {
        while i + 8 <= end, UnsafeRawPointer(base + i).loadUnaligned(as: UInt64.self) & 0x8080_8080_8080_8080 == 0 { i += 8 }
        guard i < end else { return nil }
        let byte = base[i]
        if byte < 0x80 {
            i += 1
            continue
        }
        // Chinese: three bytes in one look, E0 A0… to EF BF BF but for the surrogates, ED A0….
        while i + 4 <= end {
            let word = UInt32(littleEndian: UnsafeRawPointer(base + i).loadUnaligned(as: UInt32.self))
            let lead = word & 0x0000_200F
            guard word & 0x00C0_C0F0 == 0x0080_80E0, lead != 0, lead != 0x0000_200D else { break }
            i += 3
        }
        guard i < end else { return nil }
        let next = base[i]
        if next < 0x80 { continue }
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch next {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF4: (length, high) = (4, 0x8F)
        case 0xF1...0xF3: length = 4
        default: return i
        }
        guard i + length <= end, base[i + 1] >= low, base[i + 1] <= high else { return i }
        for k in 2..<max(length, 2) where base[i + k] & 0xC0 != 0x80 { return i }
        i += length
    }
    return nil
}

/// The beginning of a text for a message, control characters made visible, with an ellipsis where it was cut.
package func clipped(_ text: String, to scalars: Int) -> String {
    var out = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == scalars { return out + "…" }
        switch scalar.value {
        case 0..<0x20: out.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? " ")
        case 0x7F..<0xA0, 0x2028, 0x2029: out += "\u{FFFD}"
        default: out.unicodeScalars.append(scalar)
        }
        count += 1
    }
    return out
}

/// C0 and C1 controls, DEL, and the two separators that end a line.
func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
    default: false
    }
}

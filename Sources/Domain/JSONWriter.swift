/// Writes compact JSON in the order in which it is told, as UTF-8. The one writer of the house: receipts, tasks, traces,
/// diagnostics and the log's canonical form all use it.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A key of our own, which needs no escape; the next call writes its value.
    package mutating func key(_ name: StaticString) {
        assert(!name.withUTF8Buffer { $0.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C } }, "a key of our own needs no escape")
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A key that is only known when it runs.
    package mutating func key(named name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// A word of our own, which needs no escape.
    package mutating func word(_ value: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func int(_ value: some BinaryInteger) {
        if let small = Int(exactly: value) {
            int(small)
        } else {
            separate()
            bytes.append(contentsOf: String(value).utf8)
        }
    }

    /// The same for the common type: its digits straight into the bytes.
    package mutating func int(_ value: Int) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        var power: UInt = 1
        while magnitude / power >= 10 { power *= 10 }
        while power > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude / power % 10))
            power /= 10
        }
    }

    /// The shortest form that reads back to the same value; `null` for what JSON can't write (NaN, infinities).
    package mutating func double(_ value: Double) {
        separate()
        bytes.append(contentsOf: (value.isFinite ? value.description : "null").utf8)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Bytes that are JSON already.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Text that is JSON already.
    package mutating func raw(_ json: String) {
        separate()
        var json = json
        json.withUTF8 { bytes.append(contentsOf: $0) }
    }

    package mutating func field(_ name: StaticString, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }

    package mutating func field(_ name: StaticString, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        key(name)
        int(value)
    }

    package mutating func field(_ name: StaticString, _ value: Int?) {
        guard let value else { return }
        key(name)
        int(value)
    }

    package mutating func field(_ name: StaticString, _ value: Double?) {
        guard let value else { return }
        key(name)
        double(value)
    }

    package mutating func field(_ name: StaticString, _ value: Bool?) {
        guard let value else { return }
        key(name)
        bool(value)
    }

    /// A line end between two documents of JSON lines.
    package mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// An instant as RFC 3339 in UTC.
    package mutating func instant(_ value: Instant) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        value.appendRFC3339(offsetSeconds: 0, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    package mutating func field(_ name: StaticString, _ value: Instant?) {
        guard let value else { return }
        key(name)
        instant(value)
    }

    /// Degrees with up to six decimals, exactly.
    package mutating func microdegrees(_ value: Int32) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = Int(value.magnitude)
        bytes.appendDecimal(magnitude / 1_000_000, digits: 1)
        var rest = magnitude % 1_000_000
        guard rest != 0 else { return }
        var digits = 6
        while rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        bytes.append(UInt8(ascii: "."))
        bytes.appendDecimal(rest, digits: digits)
    }

    private mutating func quote(_ value: String) {
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { utf8 in
            var clean = 0
            var i = nextToEscape(utf8, from: 0)
            while i < utf8.count {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean..<i]))
                bytes.append(0x5C)
                switch utf8[i] {
                case 0x22, 0x5C: bytes.append(utf8[i])
                case 0x0A: bytes.append(UInt8(ascii: "n"))
                case 0x0D: bytes.append(UInt8(ascii: "r"))
                case 0x09: bytes.append(UInt8(ascii: "t"))
                default:
                    bytes.append(contentsOf: "u00".utf8)
                    for digit in [utf8[i] >> 4, utf8[i] & 15] { bytes.append(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)) }
                }
                clean = i + 1
                i = nextToEscape(utf8, from: clean)
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[clean...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// The index of the next quote, backslash or control character; the count when there is none.
private func nextToEscape(_ utf8: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    guard let base = utf8.baseAddress else { return utf8.count }
    var i = start
    while i + 8 <= utf8.count {
        let found = escapeMarks(UInt64(littleEndian: UnsafeRawPointer(base + i).loadUnaligned(as: UInt64.self)))
        if found != 0 { return i + found.trailingZeroBitCount >> 3 }
        i += 8
    }
    while i < utf8.count, utf8[i] >= 0x20, utf8[i] != 0x22, utf8[i] != 0x5C { i += 1 }
    return i
}

/// The highest bit of each byte of a word that is a quote, a backslash or a control character. The lowest mark is exact; higher ones may be
/// borrowed from it, so only the lowest is used.
@inline(__always) func escapeMarks(_ word: UInt64) -> UInt64 {
    let quotes = word ^ 0x2222_2222_2222_2222
    let backslashes = word ^ 0x5C5C_5C5C_5C5C_5C5C
    let marks =
        ((quotes &- 0x0101_0101_0101_0101) & ~quotes) | ((backslashes &- 0x0101_0101_0101_0101) & ~backslashes)
        | ((word &- 0x2020_2020_2020_2020) & ~word)
    return marks & 0x8080_8080_8080_8080
}

/// Writes compact JSON in the order in which it is told, as UTF-8. The one writer of the house: receipts, tasks, traces,
/// diagnostics and the log's canonical form all use it.
///
/// Every input is written once for its digest, so that each value is put down as a whole: room is made for all of it, then its bytes follow without a
/// look at the array for each.
package struct JSONWriter: Sendable {
    /// What is written stands at the beginning; the rest is zeros.
    private var room: [UInt8]
    private var count = 0
    private var needsComma = false

    package init(capacity: Int = 256) { room = Array(repeating: 0, count: max(capacity, 64)) }

    package var bytes: [UInt8] { Array(room[..<count]) }

    package var text: String { String(decoding: room[..<count], as: UTF8.self) }

    /// Makes room for `most` bytes and hands out where they begin; `body` writes as many as it says, none beyond `most`. The pointer is used
    /// because what is written here is most of what an input costs; it does not leave this file.
    @inline(__always) private mutating func write(_ most: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if room.count - count < most { room += repeatElement(0, count: max(room.count, most)) }
        let start = count
        count += room.withUnsafeMutableBufferPointer { room in
            guard let base = room.baseAddress else { return 0 }
            let written = body(base + start)
            precondition(written <= most, "no more is written than there is room for")
            return written
        }
    }

    private mutating func put(_ byte: UInt8) {
        write(1) {
            $0[0] = byte
            return 1
        }
    }

    /// Bytes as they are.
    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let first = bytes.baseAddress else { return }
        write(bytes.count) {
            $0.update(from: first, count: bytes.count)
            return bytes.count
        }
    }

    private mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put($0) }
    }

    private mutating func separate() {
        if needsComma { put(UInt8(ascii: ",")) }
        needsComma = true
    }

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        put(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        put(UInt8(ascii: "}"))
        needsComma = true
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        put(UInt8(ascii: "["))
        needsComma = false
        body(&self)
        put(UInt8(ascii: "]"))
        needsComma = true
    }

    /// A key of our own, which needs no escape; the next call writes its value.
    package mutating func key(_ name: StaticString) {
        assert(!name.withUTF8Buffer { $0.contains { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C } }, "a key of our own needs no escape")
        let length = name.utf8CodeUnitCount
        let comma = needsComma ? 1 : 0
        write(length + 4) {
            $0[0] = UInt8(ascii: ",")
            $0[comma] = UInt8(ascii: "\"")
            ($0 + comma + 1).update(from: name.utf8Start, count: length)
            $0[comma + length + 1] = UInt8(ascii: "\"")
            $0[comma + length + 2] = UInt8(ascii: ":")
            return comma + length + 3
        }
        needsComma = false
    }

    /// A key that is only known when it runs.
    package mutating func key(named name: String) {
        separate()
        quote(name)
        put(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// A word of our own, which needs no escape.
    package mutating func word(_ value: StaticString) {
        separate()
        put(UInt8(ascii: "\""))
        put(UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        put(UInt8(ascii: "\""))
    }

    package mutating func int(_ value: some BinaryInteger) {
        if let small = Int(exactly: value) {
            int(small)
        } else {
            separate()
            put(String(value))
        }
    }

    /// The same for the common type: its digits straight into the bytes.
    package mutating func int(_ value: Int) {
        separate()
        write(20) {
            var at = 0
            if value < 0 {
                $0[0] = UInt8(ascii: "-")
                at = 1
            }
            let magnitude = value.magnitude
            var power: UInt = 1
            while magnitude / power >= 10 { power *= 10 }
            while power > 0 {
                $0[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude / power % 10)
                at += 1
                power /= 10
            }
            return at
        }
    }

    /// The shortest form that reads back to the same value; `null` for what JSON can't write (NaN, infinities).
    package mutating func double(_ value: Double) {
        separate()
        put(value.isFinite ? value.description : "null")
    }

    package mutating func bool(_ value: Bool) {
        separate()
        put(value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        put("null")
    }

    /// Bytes that are JSON already.
    package mutating func raw(_ json: [UInt8]) {
        separate()
        json.withUnsafeBufferPointer { put($0) }
    }

    /// Text that is JSON already.
    package mutating func raw(_ json: String) {
        separate()
        put(json)
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
        put(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// An instant as RFC 3339 in UTC.
    package mutating func instant(_ value: Instant) {
        separate()
        write(Instant.rfc3339BytesMax + 2) {
            $0[0] = UInt8(ascii: "\"")
            let length = value.writeRFC3339(offsetSeconds: 0, to: $0 + 1)
            $0[length + 1] = UInt8(ascii: "\"")
            return length + 2
        }
    }

    package mutating func field(_ name: StaticString, _ value: Instant?) {
        guard let value else { return }
        key(name)
        instant(value)
    }

    /// Degrees with up to six decimals, exactly.
    package mutating func microdegrees(_ value: Int32) {
        let whole = Int(value.magnitude) / 1_000_000
        var rest = Int(value.magnitude) % 1_000_000
        guard rest != 0 else { return int(value < 0 ? -whole : whole) }
        separate()
        write(16) { text in
            var at = 0
            func digit(_ number: Int) {
                text[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
                at += 1
            }
            if value < 0 {
                text[0] = UInt8(ascii: "-")
                at = 1
            }
            if whole >= 1_000 { digit(whole / 1_000) }
            if whole >= 100 { digit(whole / 100) }
            if whole >= 10 { digit(whole / 10) }
            digit(whole)
            text[at] = UInt8(ascii: ".")
            at += 1
            var power = 100_000
            while rest > 0 {
                digit(rest / power)
                rest %= power
                power /= 10
            }
            return at
        }
    }

    private mutating func quote(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            let clean = nextToEscape(utf8, from: 0)
            guard clean == utf8.count, let first = utf8.baseAddress else { return quote(escaping: utf8, from: clean) }
            write(clean + 2) {
                $0[0] = UInt8(ascii: "\"")
                ($0 + 1).update(from: first, count: clean)
                $0[clean + 1] = UInt8(ascii: "\"")
                return clean + 2
            }
        }
    }

    /// - Parameter first: the first byte that needs an escape.
    @inline(never) private mutating func quote(escaping utf8: UnsafeBufferPointer<UInt8>, from first: Int) {
        put(UInt8(ascii: "\""))
        var clean = 0
        var i = first
        while i < utf8.count {
            put(UnsafeBufferPointer(rebasing: utf8[clean..<i]))
            put(0x5C)
            switch utf8[i] {
            case 0x22, 0x5C: put(utf8[i])
            case 0x0A: put(UInt8(ascii: "n"))
            case 0x0D: put(UInt8(ascii: "r"))
            case 0x09: put(UInt8(ascii: "t"))
            default:
                put("u00")
                for digit in [utf8[i] >> 4, utf8[i] & 15] { put(digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)) }
            }
            clean = i + 1
            i = nextToEscape(utf8, from: clean)
        }
        put(UnsafeBufferPointer(rebasing: utf8[clean...]))
        put(UInt8(ascii: "\""))
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

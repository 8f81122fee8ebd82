// A strict reader of RFC 8259 over bytes, without a tree: the caller asks for what it expects, value by value, and the reader moves
// on. It is the hot path of every door, so an error carries only its byte offset; line, column (`JSONPosition`) and wording are made
// once the reading has stopped. After an error the reader is not used again.

/// What stops a reading; inside the room only, doors see `InputFault` and `JSONFault`.
struct JSONStop: Error {
    var code: FaultCode
    /// The byte at which the fault lies.
    var offset: Int
    var message: String
    var suggestion: String?
    /// Goes behind the path of `offset`: a missing or a doubled key.
    var member: String?
}

/// How much of a text is taken. Each limit is there so that no sender can make the daemon grow or recurse without bound.
package struct JSONLimits: Sendable {
    /// Objects and arrays inside one another.
    package var depthMax = 64
    /// Keys of one object.
    package var membersMax = 10_000
    /// Elements of one array.
    package var elementsMax = 1_000_000
    package init() {}
}

/// A number as the text has it.
enum JSONNumber {
    case int(Int64)
    case double(Double)
    /// An integer that does not fit 64 bits, or a number beyond the range of a double.
    case tooLarge
}

/// A string's bytes between the quotes.
struct JSONText {
    var start: Int
    var end: Int
    /// Holds a backslash: the bytes are not yet the text.
    var isEscaped: Bool
}

struct JSONReader {
    let base: UnsafePointer<UInt8>
    let end: Int
    let limits: JSONLimits
    private(set) var at = 0
    private var depth = 0

    /// `bytes` must not be empty and must outlive the reader. They are checked to be UTF-8 here, so that nothing after it has to;
    /// a byte order mark at the beginning is passed over.
    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONStop) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            throw JSONStop(code: .empty, offset: 0, message: "nothing is there", suggestion: "write one JSON object")
        }
        self.base = base
        end = bytes.count
        self.limits = limits
        if let offset = firstInvalidUTF8(bytes) {
            throw JSONStop(
                code: .notUTF8, offset: offset, message: "byte \(hex(base[offset])) is not UTF-8", suggestion: "save or send the text as UTF-8")
        }
        if end >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { at = 3 }
        skipSpace()
    }

    // MARK: Moving on

    @inline(__always) mutating func skipSpace() {
        while at < end {
            switch base[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    /// The first byte of the next value; stops at the end of the text.
    @inline(__always) func next() throws(JSONStop) -> UInt8 {
        guard at < end else { throw truncated() }
        return base[at]
    }

    /// After the last value nothing but white space may follow.
    mutating func finish() throws(JSONStop) {
        skipSpace()
        guard at == end else { throw stop(.syntax, "something follows the end of the value", "one JSON value stands alone; many go into .jsonl, one a line") }
    }

    /// Takes `{`; the members follow through `nextKey`.
    @inline(__always) mutating func openObject() throws(JSONStop) { try open(0x7B, "an object") }

    /// Takes `[`; the elements follow through `nextElement`.
    @inline(__always) mutating func openArray() throws(JSONStop) { try open(0x5B, "a list") }

    @inline(__always) private mutating func open(_ byte: UInt8, _ what: String) throws(JSONStop) {
        guard try next() == byte else { throw wrongType(what) }
        guard depth < limits.depthMax else { throw tooDeep() }
        depth += 1
        at += 1
        skipSpace()
    }

    /// The next key of the object that is open, with the reader behind the colon; nil behind the closing brace. `isFirst` starts true.
    @inline(__always) mutating func nextKey(_ isFirst: inout Bool) throws(JSONStop) -> JSONText? {
        if try next() == 0x7D {
            depth -= 1
            at += 1
            return nil
        }
        if isFirst {
            isFirst = false
        } else {
            guard base[at] == 0x2C else { throw stop(.syntax, "a comma or '}' is wanted here", nil) }
            at += 1
            skipSpace()
            if try next() == 0x7D { throw afterComma() }
        }
        guard base[at] == 0x22 else { throw stop(.syntax, "a key in double quotes is wanted here", nil) }
        let key = try text()
        skipSpace()
        guard try next() == 0x3A else { throw stop(.syntax, "a colon is wanted after the key", nil) }
        at += 1
        skipSpace()
        _ = try next()
        return key
    }

    /// True with the reader before the next element of the array that is open; false behind the closing bracket.
    @inline(__always) mutating func nextElement(_ isFirst: inout Bool) throws(JSONStop) -> Bool {
        if try next() == 0x5D {
            depth -= 1
            at += 1
            return false
        }
        if isFirst {
            isFirst = false
        } else {
            guard base[at] == 0x2C else { throw stop(.syntax, "a comma or ']' is wanted here", nil) }
            at += 1
            skipSpace()
            if try next() == 0x5D { throw afterComma() }
        }
        return true
    }

    // MARK: Values

    /// True, and passed over, when the next value is `null`.
    @inline(__always) mutating func takeNull() throws(JSONStop) -> Bool {
        guard try next() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    mutating func bool() throws(JSONStop) -> Bool {
        switch try next() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw wrongType("true or false")
        }
    }

    private mutating func literal(_ word: StaticString) throws(JSONStop) {
        let start = at
        for i in 0..<word.utf8CodeUnitCount {
            guard at < end else { throw truncated() }
            guard base[at] == word.utf8Start[i] else {
                at = start
                throw notAValue()
            }
            at += 1
        }
        if at < end, isWordByte(base[at]) {
            at = start
            throw notAValue()
        }
    }

    /// The bytes of the string that begins here; escapes are checked, surrogates only when the text is made.
    @inline(__always) mutating func text() throws(JSONStop) -> JSONText {
        guard try next() == 0x22 else { throw wrongType("text") }
        let start = at + 1
        var i = start
        var isEscaped = false
        while true {
            // Eight bytes at a time up to the first quote, backslash or control character.
            while i + 8 <= end {
                let found = escapeMarks(UInt64(littleEndian: UnsafeRawPointer(base + i).loadUnaligned(as: UInt64.self)))
                if found == 0 {
                    i += 8
                } else {
                    i += found.trailingZeroBitCount >> 3
                    break
                }
            }
            guard i < end else {
                at = end
                throw truncated()
            }
            switch base[i] {
            case 0x22:
                at = i + 1
                return JSONText(start: start, end: i, isEscaped: isEscaped)
            case 0x5C:
                isEscaped = true
                i = try escape(i)
            case 0..<0x20:
                at = i
                throw stop(.syntax, "a control character (\(hex(base[i]))) stands inside a text", "write it as an escape, \\n for a line end")
            default: i += 1
            }
        }
    }

    /// Checks the escape at the backslash `i` and gives the offset behind it.
    private mutating func escape(_ i: Int) throws(JSONStop) -> Int {
        guard i + 1 < end else {
            at = end
            throw truncated()
        }
        switch base[i + 1] {
        case 0x22, 0x5C, 0x2F, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return i + 2
        case UInt8(ascii: "u"):
            for k in 2..<6 {
                guard i + k < end else {
                    at = end
                    throw truncated()
                }
                guard hexDigit(base[i + k]) != nil else {
                    at = i
                    throw stop(.syntax, "'\\u' wants four hexadecimal digits", nil)
                }
            }
            return i + 6
        default:
            at = i
            throw stop(.syntax, "this is no escape of JSON", "write \\\\ for a backslash")
        }
    }

    /// The text as a string.
    @inline(__always) func string(_ text: JSONText) throws(JSONStop) -> String {
        if text.isEscaped { return try unescaped(text) }
        // Unchecked, because all of the text was checked to be UTF-8 in the beginning, and begins and ends at a quote.
        return String(copying: unsafe UTF8Span(unchecked: UnsafeBufferPointer(start: base + text.start, count: text.end - text.start).span))
    }

    private func unescaped(_ text: JSONText) throws(JSONStop) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.end - text.start)
        var i = text.start
        func unit(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 4 | UInt32(hexDigit(base[at + 2 + $1]) ?? 0) } }
        while i < text.end {
            let byte = base[i]
            guard byte == 0x5C else {
                out.append(byte)
                i += 1
                continue
            }
            let mark = base[i + 1]
            guard mark == UInt8(ascii: "u") else {
                switch mark {
                case UInt8(ascii: "b"): out.append(0x08)
                case UInt8(ascii: "f"): out.append(0x0C)
                case UInt8(ascii: "n"): out.append(0x0A)
                case UInt8(ascii: "r"): out.append(0x0D)
                case UInt8(ascii: "t"): out.append(0x09)
                default: out.append(mark)
                }
                i += 2
                continue
            }
            var value = unit(i)
            let start = i
            i += 6
            if value >= 0xD800, value < 0xDC00, i + 6 <= text.end, base[i] == 0x5C, base[i + 1] == UInt8(ascii: "u") {
                let low = unit(i)
                if low >= 0xDC00, low < 0xE000 {
                    value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                    i += 6
                }
            }
            guard let scalar = Unicode.Scalar(value) else {
                throw JSONStop(code: .syntax, offset: start, message: "half of a surrogate pair stands alone", suggestion: "write the character itself")
            }
            out.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The number that begins here; integers are those without a point and an exponent.
    mutating func number() throws(JSONStop) -> JSONNumber {
        let start = at
        let isNegative = try next() == UInt8(ascii: "-")
        if isNegative { at += 1 }
        guard at < end else { throw truncated() }
        guard base[at] >= 0x30, base[at] <= 0x39 else {
            if isNegative { throw stop(.syntax, "a digit is wanted after '-'", nil) }
            throw wrongType("a number")
        }
        var mantissa: UInt64 = 0
        var overflows = false
        let firstDigit = at
        while at < end, base[at] >= 0x30, base[at] <= 0x39 {
            let (product, a) = mantissa.multipliedReportingOverflow(by: 10)
            let (sum, b) = product.addingReportingOverflow(UInt64(base[at] - 0x30))
            if a || b { overflows = true } else { mantissa = sum }
            at += 1
        }
        if base[firstDigit] == 0x30, at - firstDigit > 1 {
            at = firstDigit
            throw stop(.syntax, "a number does not begin with 0", "write a number without leading zeros, or a text in quotes")
        }
        var scale = 0
        var isInteger = true
        if at < end, base[at] == UInt8(ascii: ".") {
            isInteger = false
            at += 1
            let firstDecimal = at
            while at < end, base[at] >= 0x30, base[at] <= 0x39 {
                let (product, a) = mantissa.multipliedReportingOverflow(by: 10)
                let (sum, b) = product.addingReportingOverflow(UInt64(base[at] - 0x30))
                if a || b { overflows = true } else { mantissa = sum }
                at += 1
            }
            guard at > firstDecimal else { throw at < end ? stop(.syntax, "a digit is wanted after the point", nil) : truncated() }
            scale = firstDecimal - at
        }
        if at < end, base[at] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            at += 1
            let isMinus = at < end && base[at] == UInt8(ascii: "-")
            if at < end, base[at] == UInt8(ascii: "-") || base[at] == UInt8(ascii: "+") { at += 1 }
            let firstExponent = at
            var exponent = 0
            while at < end, base[at] >= 0x30, base[at] <= 0x39 {
                exponent = min(exponent * 10 + Int(base[at] - 0x30), 100_000)
                at += 1
            }
            guard at > firstExponent else { throw at < end ? stop(.syntax, "a digit is wanted in the exponent", nil) : truncated() }
            scale += isMinus ? -exponent : exponent
        }
        if at < end, isWordByte(base[at]) || base[at] == UInt8(ascii: ".") || base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") {
            throw stop(.syntax, "this does not belong to a number", nil)
        }
        if isInteger {
            if overflows || mantissa > UInt64(Int64.max) + (isNegative ? 1 : 0) { return .tooLarge }
            return .int(isNegative ? Int64(truncatingIfNeeded: 0 &- mantissa) : Int64(mantissa))
        }
        // Both factors are exact doubles, so that one rounding gives the nearest double (Clinger's fast path).
        if !overflows, mantissa <= 1 << 53, scale >= -22, scale <= 22 {
            let magnitude = scale < 0 ? Double(mantissa) / powersOfTen[-scale] : Double(mantissa) * powersOfTen[scale]
            return .double(isNegative ? -magnitude : magnitude)
        }
        // Longer ones than any double needs to be told apart from its neighbours are made by machines that try something.
        guard at - start <= 1_000, let value = Double(String(decoding: UnsafeBufferPointer(start: base + start, count: at - start), as: UTF8.self)),
            value.isFinite
        else { return .tooLarge }
        return .double(value)
    }

    /// Passes over one value, checking it as strictly as one that is taken.
    mutating func skip() throws(JSONStop) {
        switch try next() {
        case 0x22:
            let text = try text()
            if text.isEscaped { _ = try unescaped(text) }
        case 0x7B:
            try openObject()
            var isFirst = true
            var keys = JSONKeys(limits.membersMax)
            while let key = try nextKey(&isFirst) {
                try keys.insert(key, in: self)
                try skip()
                skipSpace()
            }
        case 0x5B:
            try openArray()
            var isFirst = true
            while try nextElement(&isFirst) {
                try skip()
                skipSpace()
            }
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try bool()
        case UInt8(ascii: "n"): try literal("null")
        case 0x30...0x39, UInt8(ascii: "-"): _ = try number()
        default: throw notAValue()
        }
    }

    // MARK: What went wrong

    func stop(_ code: FaultCode, _ message: String, _ suggestion: String?) -> JSONStop {
        JSONStop(code: code, offset: at, message: message, suggestion: suggestion)
    }

    @inline(never) func truncated() -> JSONStop {
        JSONStop(
            code: .truncated, offset: end, message: "the text ends in the middle", suggestion: "send it whole; write spool files in tmp and rename them into new")
    }

    @inline(never) private func tooDeep() -> JSONStop {
        stop(.tooDeep, "more than \(limits.depthMax) objects and lists inside one another", "flatten it")
    }

    @inline(never) private func afterComma() -> JSONStop { stop(.syntax, "nothing follows the comma", "take the last comma away") }

    @inline(never) private func notAValue() -> JSONStop {
        if base[at] == UInt8(ascii: "'") { return stop(.syntax, "texts stand in double quotes, not single ones", nil) }
        var word = at
        while word < end, isWordByte(base[word]) { word += 1 }
        let found = clipped(String(decoding: UnsafeBufferPointer(start: base + at, count: max(word - at, 1)), as: UTF8.self), to: 20)
        if base[at] >= 0x80 { return stop(.syntax, "this is not a JSON value", "texts stand in double quotes") }
        let near = nearestName(to: found, among: ["true", "false", "null"])
        return stop(.syntax, "'\(found)' is not a JSON value", near.map { "did you mean \($0)?" } ?? (word > at ? "texts stand in double quotes" : nil))
    }

    /// The value that begins here is not of the kind that is wanted.
    @inline(never) func wrongType(_ wanted: String) -> JSONStop {
        guard at < end else { return truncated() }
        let found: String
        switch base[at] {
        case 0x22: found = "text"
        case 0x7B: found = "an object"
        case 0x5B: found = "a list"
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
            var copy = self
            do throws(JSONStop) { try copy.skip() } catch { return error }
            found = base[at] == UInt8(ascii: "n") ? "null" : "true or false"
        case 0x30...0x39, UInt8(ascii: "-"): found = "a number"
        default: return notAValue()
        }
        var suggestion: String?
        var copy = self
        if wanted == "text", found == "a number", (try? copy.number()) != nil {
            let number = String(decoding: UnsafeBufferPointer(start: base + at, count: copy.at - at), as: UTF8.self)
            suggestion = "write it in quotes: \"\(clipped(number, to: 40))\""
        } else if found == "text", wanted != "an object", wanted != "a list" {
            suggestion = "write it without quotes"
        }
        return stop(.wrongType, "\(wanted) is wanted, but this is \(found)", suggestion)
    }
}

private let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
]

@inline(__always) private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
    default: false
    }
}

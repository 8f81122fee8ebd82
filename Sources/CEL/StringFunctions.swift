/// The strings library. Places count code points from 0; searches are linear (Knuth, Morris and Pratt on the bytes: well-formed UTF-8
/// within well-formed UTF-8 is only found at whole code points).
enum StringFunctions {
    static func apply(_ builtin: Builtin, _ arguments: [Value], _ left: inout Int) throws(OperationError) -> Value {
        guard case .string(let text) = arguments.first else { throw .noOverload(builtin, arguments) }
        switch (builtin, arguments.count) {
        case (.lowerAscii, 1): return .string(mapped(text) { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 })
        case (.upperAscii, 1): return .string(mapped(text) { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 & 0xDF : $0 })
        case (.trim, 1): return .string(trimmed(text))
        case (.reverse, 1), (.quote, 1):
            try Library.spend(bytes: text.utf8.count * 4, &left)
            return .string(builtin == .quote ? quoted(text) : string(text.unicodeScalars.reversed()))
        case (.charAt, 2), (.substring, 2), (.substring, 3): return .string(try part(builtin, text, arguments))
        case (.indexOf, 2), (.indexOf, 3), (.lastIndexOf, 2), (.lastIndexOf, 3):
            try Library.spend(bytes: text.utf8.count * 2, &left)
            return .int(try place(builtin, text, arguments))
        case (.split, 2), (.split, 3): return .list(try split(text, arguments, &left))
        case (.replace, 3), (.replace, 4): return .string(try replaced(text, arguments, &left))
        default: throw .noOverload(builtin, arguments)
        }
    }

    private static func mapped(_ text: String, _ transform: (UInt8) -> UInt8) -> String {
        String(decoding: text.utf8.map(transform), as: UTF8.self)
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// Without white space of Unicode at its ends.
    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// As a literal in double quotes.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\u{7}": out += "\\a"
            case "\u{8}": out += "\\b"
            case "\u{C}": out += "\\f"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{B}": out += "\\v"
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    // MARK: - Places

    private static func outOfRange(_ place: Int64) -> OperationError {
        OperationError(message: "index out of range: \(place)")
    }

    /// A place argument; an error outside the text. The place after its last code point is one, too.
    private static func place(
        _ builtin: Builtin, _ arguments: [Value], _ index: Int, in count: Int
    ) throws(OperationError) -> Int {
        guard case .int(let place) = arguments[index] else { throw .noOverload(builtin, arguments) }
        guard place >= 0, place <= count else { throw outOfRange(place) }
        return Int(place)
    }

    /// `charAt`, `substring`
    private static func part(_ builtin: Builtin, _ text: String, _ arguments: [Value]) throws(OperationError) -> String {
        let scalars = text.unicodeScalars
        let count = scalars.count
        let start = try place(builtin, arguments, 1, in: count)
        let end: Int
        if builtin == .charAt {
            end = min(start + 1, count)
        } else {
            end = arguments.count == 3 ? try place(builtin, arguments, 2, in: count) : count
        }
        guard start <= end else { throw OperationError(message: "invalid substring range. start: \(start), end: \(end)") }
        let first = scalars.index(scalars.startIndex, offsetBy: start)
        return String(scalars[first..<scalars.index(first, offsetBy: end - start)])
    }

    /// `indexOf`, `lastIndexOf`: -1 where it is not found.
    private static func place(_ builtin: Builtin, _ text: String, _ arguments: [Value]) throws(OperationError) -> Int64 {
        guard case .string(let part) = arguments[1] else { throw .noOverload(builtin, arguments) }
        let count = text.unicodeScalars.count
        let limit = arguments.count == 3 ? try place(builtin, arguments, 2, in: count) : builtin == .indexOf ? 0 : count
        if part.isEmpty { return Int64(limit) }
        let bytes = Array(text.utf8)
        let limitBytes = text.unicodeScalars.prefix(limit).reduce(0) { $0 + UTF8.width($1) }
        let places = occurrences(of: Array(part.utf8), in: bytes, overlapping: true)
        let found = builtin == .indexOf ? places.first { $0 >= limitBytes } : places.last { $0 <= limitBytes }
        guard let found else { return -1 }
        // The bytes before it that begin a code point.
        return Int64(bytes[..<found].count { $0 & 0xC0 != 0x80 })
    }

    /// Where a part begins, in bytes, from front to back.
    private static func occurrences(of part: [UInt8], in text: [UInt8], overlapping: Bool) -> [Int] {
        guard !part.isEmpty, part.count <= text.count else { return [] }
        var borders = [Int](repeating: 0, count: part.count)
        var border = 0
        for index in 1..<max(1, part.count) {
            while border > 0, part[index] != part[border] { border = borders[border - 1] }
            if part[index] == part[border] { border += 1 }
            borders[index] = border
        }
        var places: [Int] = []
        var matched = 0
        for (index, byte) in text.enumerated() {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            if matched == part.count {
                places.append(index + 1 - part.count)
                matched = overlapping ? borders[matched - 1] : 0
            }
        }
        return places
    }

    // MARK: - Lists of texts

    private static func limit(_ builtin: Builtin, _ arguments: [Value], _ index: Int) throws(OperationError) -> Int {
        guard arguments.count > index else { return .max }
        guard case .int(let limit) = arguments[index] else { throw .noOverload(builtin, arguments) }
        return limit < 0 ? .max : Int(limit)
    }

    /// At most so many parts, the last with the rest; by the empty text into code points.
    private static func split(_ text: String, _ arguments: [Value], _ left: inout Int) throws(OperationError) -> [Value] {
        guard case .string(let separator) = arguments[1] else { throw .noOverload(.split, arguments) }
        let limit = try limit(.split, arguments, 2)
        if limit == 0 { return [] }
        if limit == 1 { return [.string(text)] }
        // A part is worth several words, however short it is.
        try Library.spend(bytes: text.utf8.count * (separator.isEmpty ? 32 : 4), &left)
        if separator.isEmpty {
            let scalars = Array(text.unicodeScalars)
            var parts = scalars.prefix(limit == .max ? scalars.count : limit - 1).map { Value.string(String($0)) }
            if parts.count < scalars.count { parts.append(.string(string(scalars[parts.count...]))) }
            return parts
        }
        let bytes = Array(text.utf8)
        let width = separator.utf8.count
        var parts: [Value] = []
        var start = 0
        let places = occurrences(of: Array(separator.utf8), in: bytes, overlapping: false).prefix(limit == .max ? bytes.count : limit - 1)
        try Library.spend(bytes: places.count * 32, &left)
        for place in places {
            parts.append(.string(String(decoding: bytes[start..<place], as: UTF8.self)))
            start = place + width
        }
        parts.append(.string(String(decoding: bytes[start...], as: UTF8.self)))
        return parts
    }

    /// The first so many occurrences replaced; the empty text stands before each code point and at the end.
    private static func replaced(_ text: String, _ arguments: [Value], _ left: inout Int) throws(OperationError) -> String {
        guard case .string(let old) = arguments[1], case .string(let new) = arguments[2] else { throw .noOverload(.replace, arguments) }
        let limit = try limit(.replace, arguments, 3)
        let bytes = Array(text.utf8)
        var places: [Int]
        if old.isEmpty {
            places = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count]
        } else {
            places = occurrences(of: Array(old.utf8), in: bytes, overlapping: false)
        }
        if places.count > limit { places.removeLast(places.count - limit) }
        try Library.spend(bytes: bytes.count + places.count * 8, &left)
        let (grown, overflow) = places.count.multipliedReportingOverflow(by: new.utf8.count)
        guard !overflow else { throw .exhausted }
        try Library.spend(bytes: grown, &left)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + grown)
        var start = 0
        for place in places {
            out += bytes[start..<place]
            out += new.utf8
            start = place + old.utf8.count
        }
        out += bytes[start...]
        return String(decoding: out, as: UTF8.self)
    }

    static func join(_ arguments: [Value], _ left: inout Int) throws(OperationError) -> Value {
        guard case .list(let values)? = arguments.first, arguments.count <= 2 else { throw .noOverload(.join, arguments) }
        var separator = ""
        if arguments.count == 2 {
            guard case .string(let text) = arguments[1] else { throw .noOverload(.join, arguments) }
            separator = text
        }
        var out = ""
        for (index, value) in values.enumerated() {
            guard case .string(let text) = value else { throw .noOverload(.join, [value]) }
            try Library.spend(bytes: text.utf8.count + separator.utf8.count, &left)
            if index > 0 { out += separator }
            out += text
        }
        return .string(out)
    }
}

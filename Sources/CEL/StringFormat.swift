/// A piece of a format text: plain text, or what becomes of the next value.
enum FormatClause: Equatable {
    case text(String)
    /// `%s`, `%d`, `%b`, `%o`, `%x`, `%X`
    case value(Character)
    /// `%f`, `%e` with the digits after the point
    case fraction(Character, precision: Int)

    var takesValue: Bool { if case .text = self { false } else { true } }

    /// The most digits after the point that may be asked for.
    static let precisionLimit = 1000

    /// Reads `%[.precision]letter`; `%%` stands for itself. Throws what is wrong with the first that cannot be read.
    static func parse(_ format: String) throws(OperationError) -> [FormatClause] {
        var clauses: [FormatClause] = []
        var text = String.UnicodeScalarView()
        var scalars = format.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            guard scalar == "%" else {
                text.append(scalar)
                continue
            }
            if scalars.first == "%" {
                text.append("%")
                scalars.removeFirst()
                continue
            }
            if !text.isEmpty { clauses.append(.text(String(text))) }
            text = String.UnicodeScalarView()
            clauses.append(try clause(&scalars))
        }
        if !text.isEmpty { clauses.append(.text(String(text))) }
        return clauses
    }

    private static func clause(_ scalars: inout Substring.UnicodeScalarView) throws(OperationError) -> FormatClause {
        var precision = 6
        if scalars.first == "." {
            scalars.removeFirst()
            let digits = scalars.prefix { ("0"..."9").contains($0) }
            guard !digits.isEmpty else { throw OperationError(message: "'%.' wants digits after the point, as in '%.2f'") }
            precision = Int(String(Substring(digits))) ?? .max
            guard precision <= precisionLimit else {
                throw OperationError(message: "at most \(precisionLimit) digits after the point can be asked for")
            }
            scalars = scalars.dropFirst(digits.count)
        }
        guard let letter = scalars.popFirst() else {
            throw OperationError(message: "'%' at the end of a format; write '%%' for the sign itself")
        }
        switch letter {
        case "f", "e": return .fraction(Character(letter), precision: precision)
        case "s", "d", "b", "o", "x", "X": return .value(Character(letter))
        default:
            throw OperationError(message: "unrecognized formatting clause '%\(letter)'; there are %s %d %f %e %b %o %x %X, and %% for the sign")
        }
    }
}

/// `"...".format([...])`
enum StringFormat {
    static func apply(_ arguments: [Value], _ left: inout Int) throws(OperationError) -> Value {
        guard arguments.count == 2, case .string(let format) = arguments[0], case .list(let values) = arguments[1] else {
            throw .noOverload(.format, arguments)
        }
        var out = ""
        var next = 0
        try Library.spend(bytes: format.utf8.count * 8, &left)
        for clause in try FormatClause.parse(format) {
            if case .text(let text) = clause {
                out += text
                continue
            }
            guard next < values.count else {
                throw OperationError(message: "index \(next) out of range: the format wants more values than the list has")
            }
            let value = values[next]
            next += 1
            switch clause {
            case .text: break
            case .fraction(let letter, let precision): out += try fraction(letter, precision, value, &left)
            case .value("s"): try write(value, into: &out, &left)
            case .value("d"): out += try whole(value)
            case .value(let letter): out += try digits(letter, value, &left)
            }
        }
        return .string(out)
    }

    private static func wrong(_ clause: Character, _ value: Value) -> OperationError {
        OperationError(message: "'%\(clause)' does not work on \(value.typeName.name)")
    }

    /// `%d`
    private static func whole(_ value: Value) throws(OperationError) -> String {
        switch value {
        case .int(let number): return String(number)
        case .uint(let number): return String(number)
        case .double(let number): return plainNumber(number)
        default: throw wrong("d", value)
        }
    }

    /// `%b`, `%o`, `%x`, `%X`
    private static func digits(_ letter: Character, _ value: Value, _ left: inout Int) throws(OperationError) -> String {
        let isHexadecimal = letter == "x" || letter == "X"
        let radix = letter == "b" ? 2 : letter == "o" ? 8 : 16
        let isUpper = letter == "X"
        switch value {
        case .int(let number): return String(number, radix: radix, uppercase: isUpper)
        case .uint(let number): return String(number, radix: radix, uppercase: isUpper)
        case .bool(let truth) where letter == "b": return truth ? "1" : "0"
        case .string(let text) where isHexadecimal: return try hexadecimal(Array(text.utf8), isUpper, &left)
        case .bytes(let bytes) where isHexadecimal: return try hexadecimal(bytes, isUpper, &left)
        default: throw wrong(letter, value)
        }
    }

    private static func hexadecimal(_ bytes: [UInt8], _ isUpper: Bool, _ left: inout Int) throws(OperationError) -> String {
        try Library.spend(bytes: bytes.count * 8, &left)
        let alphabet = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        return String(decoding: bytes.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// `%f`, `%e`: exact, rounded half to even.
    private static func fraction(
        _ letter: Character, _ precision: Int, _ value: Value, _ left: inout Int
    ) throws(OperationError) -> String {
        try Library.spend(bytes: 6000 + precision, &left)
        var decimal: Decimal
        switch value {
        case .int(let number): decimal = Decimal(number.magnitude, isNegative: number < 0)
        case .uint(let number): decimal = Decimal(number, isNegative: false)
        case .double(let number):
            guard number.isFinite else { return numberText(number) }
            decimal = Decimal(number)
        default: throw wrong(letter, value)
        }
        return letter == "f" ? decimal.fixed(precision) : decimal.scientific(precision)
    }

    /// `%s`
    private static func write(_ value: Value, into out: inout String, _ left: inout Int) throws(OperationError) {
        try Library.spend(bytes: 16, &left)
        switch value {
        case .string(let text):
            try Library.spend(bytes: text.utf8.count, &left)
            out += text
        case .bytes(let bytes):
            try Library.spend(bytes: bytes.count, &left)
            out += lossyText(bytes)
        case .null: out += "null"
        case .bool(let truth): out += truth ? "true" : "false"
        case .int(let number): out += String(number)
        case .uint(let number): out += String(number)
        case .double(let number): out += plainNumber(number)
        case .timestamp(let seconds, let nanoseconds): out += TimeText.timestamp(seconds: seconds, nanoseconds: nanoseconds)
        case .duration(let seconds, let nanoseconds): out += TimeText.duration(seconds: seconds, nanoseconds: nanoseconds)
        case .type(let type): out += type.name
        case .list(let values):
            out += "["
            for (index, value) in values.enumerated() {
                if index > 0 { out += ", " }
                try write(value, into: &out, &left)
            }
            out += "]"
        case .map(let entries):
            var shown: [(key: String, entry: String)] = []
            for (key, value) in entries {
                var (keyText, valueText) = ("", "")
                try write(key, into: &keyText, &left)
                try write(value, into: &valueText, &left)
                shown.append((keyText, keyText + ": " + valueText))
            }
            shown.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            out += "{" + shown.map(\.entry).joined(separator: ", ") + "}"
        case .optional: throw wrong("s", value)
        }
    }

    /// UTF-8 with each run of what is none of it as one U+FFFD.
    private static func lossyText(_ bytes: [UInt8]) -> String {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var out = String.UnicodeScalarView()
        var wasBroken = false
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar):
                out.append(scalar)
                wasBroken = false
            case .error:
                if !wasBroken { out.append("\u{FFFD}") }
                wasBroken = true
            case .emptyInput:
                return String(out)
            }
        }
    }
}

/// The shortest decimal text that reads back as the same number, without an exponent.
private func plainNumber(_ value: Double) -> String {
    let text = numberText(value)
    guard value.isFinite, let mark = text.firstIndex(of: "e") else { return text }
    let mantissa = text[..<mark]
    guard let exponent = Int(text[text.index(after: mark)...]) else { return text }
    let isNegative = mantissa.hasPrefix("-")
    let parts = mantissa.drop { $0 == "-" }.split(separator: ".")
    let integer = parts.first.map(String.init) ?? "0"
    let fraction = parts.count > 1 && parts[1] != "0" ? String(parts[1]) : ""
    var digits = integer + fraction
    let point = integer.count + exponent
    if point <= 0 {
        digits = "0." + String(repeating: "0", count: -point) + digits
    } else if point >= digits.count {
        digits += String(repeating: "0", count: point - digits.count)
    } else {
        digits.insert(".", at: digits.index(digits.startIndex, offsetBy: point))
    }
    return (isNegative ? "-" : "") + digits
}

/// A number as exact decimal digits: every finite double is one.
private struct Decimal {
    /// Without leading zeros; empty for 0.
    private var digits: [UInt8]
    /// How many of them (or more, zeros in front) stand after the point.
    private let scale: Int
    private let isNegative: Bool

    init(_ magnitude: UInt64, isNegative: Bool) {
        digits = magnitude == 0 ? [] : String(magnitude).utf8.map { $0 - 0x30 }
        scale = 0
        self.isNegative = isNegative
    }

    init(_ value: Double) {
        isNegative = value.sign == .minus
        guard value != 0 else {
            digits = []
            scale = 0
            return
        }
        // value = significand * 2^exponent, the significand a whole number.
        let exponent = Int(value.exponent) - 52
        let significand = UInt64(value.significand * 0x1p52)
        // Limbs of nine digits, the lowest first. Halving is multiplying by five and moving the point.
        var limbs: [UInt32] = []
        var rest = significand
        while rest > 0 {
            limbs.append(UInt32(rest % 1_000_000_000))
            rest /= 1_000_000_000
        }
        // 2^29 and 5^13 are the largest powers within a limb and a half.
        let (base, step): (UInt64, Int) = exponent >= 0 ? (2, 29) : (5, 13)
        var powers = abs(exponent)
        while powers > 0 {
            let factor = (0..<min(step, powers)).reduce(1 as UInt64) { power, _ in power * base }
            powers -= step
            var carry: UInt64 = 0
            for index in limbs.indices {
                let product = UInt64(limbs[index]) * factor + carry
                limbs[index] = UInt32(product % 1_000_000_000)
                carry = product / 1_000_000_000
            }
            while carry > 0 {
                limbs.append(UInt32(carry % 1_000_000_000))
                carry /= 1_000_000_000
            }
        }
        var out: [UInt8] = []
        for limb in limbs {
            var limb = limb
            for _ in 0..<9 {
                out.append(UInt8(limb % 10))
                limb /= 10
            }
        }
        while out.last == 0 { out.removeLast() }
        digits = out.reversed()
        scale = exponent >= 0 ? 0 : -exponent
    }

    /// The first `count` digits, rounded half to even; `carried` when that made one digit more.
    private static func rounded(_ digits: [UInt8], to count: Int) -> (digits: [UInt8], carried: Bool) {
        guard count < digits.count else { return (digits, false) }
        var kept = Array(digits[..<count])
        let isUp: Bool
        if digits[count] == 5, digits[(count + 1)...].allSatisfy({ $0 == 0 }) {
            isUp = (kept.last ?? 0) % 2 == 1
        } else {
            isUp = digits[count] >= 5
        }
        guard isUp else { return (kept, false) }
        var index = count - 1
        while index >= 0 {
            if kept[index] < 9 {
                kept[index] += 1
                return (kept, false)
            }
            kept[index] = 0
            index -= 1
        }
        return ([1] + kept, true)
    }

    private func text(_ digits: some Sequence<UInt8>) -> String {
        String(decoding: digits.map { $0 + 0x30 }, as: UTF8.self)
    }

    func fixed(_ precision: Int) -> String {
        // As many digits before the point as there are, at least one, and `scale` after it.
        var all = [UInt8](repeating: 0, count: max(0, scale + 1 - digits.count)) + digits
        let whole = all.count - scale
        all += [UInt8](repeating: 0, count: max(0, precision - scale))
        let (kept, carried) = Self.rounded(all, to: whole + precision)
        let point = carried ? whole + 1 : whole
        return (isNegative ? "-" : "") + text(kept[..<point]) + (precision > 0 ? "." + text(kept[point...]) : "")
    }

    func scientific(_ precision: Int) -> String {
        var exponent = digits.isEmpty ? 0 : digits.count - scale - 1
        var (kept, carried) = Self.rounded(digits, to: precision + 1)
        if carried {
            kept.removeLast()
            exponent += 1
        }
        kept += [UInt8](repeating: 0, count: precision + 1 - kept.count)
        let power = String(abs(exponent))
        return (isNegative ? "-" : "") + text(kept[..<1]) + (precision > 0 ? "." + text(kept[1...]) : "") + "e" + (exponent < 0 ? "-" : "+")
            + (power.utf8.count < 2 ? "0" : "") + power
    }
}

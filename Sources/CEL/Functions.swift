/// An operation that has no value for its arguments. The evaluator adds where.
struct OperationError: Error {
    let message: String
    /// It is the limit of cost that was passed.
    var isExhausted = false

    static func noOverload(_ builtin: Builtin, _ arguments: [Value]) -> OperationError {
        OperationError(
            message: "'\(builtin.name)' does not work on \(arguments.map(\.typeName.name).joined(separator: " and "))")
    }

    static let exhausted = OperationError(message: "the value is too large to be worked out", isExhausted: true)

    static let overflow = OperationError(message: "the result is too large (overflow)")
}

/// The standard functions and operators on values. Which overload applies is decided by the values.
enum Functions {
    static func apply(_ builtin: Builtin, _ argument: Value) throws(OperationError) -> Value {
        switch builtin {
        case .negate: return try Arithmetic.negate(argument)
        case .size: return try size(argument)
        case .type: return .type(argument.typeName)
        case .dyn: return argument
        case .bool, .bytes, .double, .duration, .int, .string, .timestamp, .uint: return try Conversions.convert(argument, to: builtin)
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            return try TimeFunctions.field(builtin, argument)
        default: throw .noOverload(builtin, [argument])
        }
    }

    static func apply(_ builtin: Builtin, _ left: Value, _ right: Value) throws(OperationError) -> Value {
        switch builtin {
        case .equal: return .bool(Comparison.equal(left, right))
        case .notEqual: return .bool(!Comparison.equal(left, right))
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            guard Comparison.comparable(left, right) else { throw .noOverload(builtin, [left, right]) }
            return .bool(holds(builtin, Comparison.order(left, right)))
        case .in: return .bool(try isIn(left, right))
        case .add, .subtract, .multiply, .divide, .remainder: return try Arithmetic.apply(builtin, left, right)
        case .contains, .startsWith, .endsWith: return .bool(try search(builtin, left, right))
        default: throw .noOverload(builtin, [left, right])
        }
    }

    /// Whether a comparison holds for values in this order; without an order (NaN) only `!=` does.
    static func holds(_ builtin: Builtin, _ order: Comparison.Order?) -> Bool {
        switch builtin {
        case .equal: order == .equal
        case .notEqual: order != .equal
        case .less: order == .less
        case .lessOrEqual: order == .less || order == .equal
        case .greater: order == .greater
        case .greaterOrEqual: order == .greater || order == .equal
        default: false
        }
    }

    /// A comparison of values of different kinds: unequal, and without order.
    static func compareOther(_ builtin: Builtin, _ span: Span) throws(EvaluationError) -> Bool {
        switch builtin {
        case .equal: return false
        case .notEqual: return true
        default: throw EvaluationError(message: "'\(builtin.name)' does not work on values of these kinds", span: span)
        }
    }

    private static func isIn(_ value: Value, _ container: Value) throws(OperationError) -> Bool {
        switch container {
        case .list(let values):
            for candidate in values where Comparison.equal(value, candidate) { return true }
            return false
        case .map(let entries):
            return Comparison.lookup(value, in: entries) != nil
        default:
            throw .noOverload(.in, [value, container])
        }
    }

    /// `container[key]`; of an optional container an optional value, none where there is no such entry.
    static func index(_ container: Value, _ key: Value) throws(OperationError) -> Value {
        if case .optional(let inner) = container {
            guard let inner else { return .optional(nil) }
            return .optional(try entry(of: inner, key))
        }
        if let value = try entry(of: container, key) { return value }
        guard case .list(let values) = container else { throw OperationError(message: "no such key: \(key.brief)") }
        throw OperationError(message: "the list has \(values.count) entries, none at \(key.brief)")
    }

    /// The entry of a list or map under a key; nil where there is none.
    static func entry(of container: Value, _ key: Value) throws(OperationError) -> Value? {
        switch container {
        case .list(let values):
            let place: Int?
            switch key {
            case .int(let number): place = Int(exactly: number)
            case .uint(let number): place = Int(clamping: number)
            case .double(let number): place = Int(exactly: number)
            default: place = nil
            }
            guard let place else { throw OperationError(message: "a list has no place \(key.brief)") }
            return values.indices.contains(place) ? values[place] : nil
        case .map(let entries):
            return Comparison.lookup(key, in: entries)
        default:
            throw OperationError(message: "only lists and maps can be indexed, not \(container.typeName.name)")
        }
    }

    private static func size(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .string(let text): return .int(Int64(text.unicodeScalars.count))
        case .bytes(let bytes): return .int(Int64(bytes.count))
        case .list(let values): return .int(Int64(values.count))
        case .map(let entries): return .int(Int64(entries.count))
        default: throw .noOverload(.size, [value])
        }
    }

    private static func search(_ builtin: Builtin, _ text: Value, _ part: Value) throws(OperationError) -> Bool {
        guard case .string(var text) = text, case .string(var part) = part else { throw .noOverload(builtin, [text, part]) }
        // Well-formed UTF-8 within well-formed UTF-8 can only be found at whole code points.
        return text.withUTF8 { text in
            part.withUTF8 { part in
                guard part.count <= text.count else { return false }
                switch builtin {
                case .startsWith: return text.prefix(part.count).elementsEqual(part)
                case .endsWith: return text.suffix(part.count).elementsEqual(part)
                default: return contains(text, part)
                }
            }
        }
    }

    /// Knuth, Morris and Pratt: linear, whatever the texts.
    static func contains(_ text: UnsafeBufferPointer<UInt8>, _ part: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !part.isEmpty else { return true }
        var borders = [Int](repeating: 0, count: part.count)
        var border = 0
        for index in 1..<max(1, part.count) {
            while border > 0, part[index] != part[border] { border = borders[border - 1] }
            if part[index] == part[border] { border += 1 }
            borders[index] = border
        }
        var matched = 0
        for byte in text {
            while matched > 0, byte != part[matched] { matched = borders[matched - 1] }
            if byte == part[matched] { matched += 1 }
            if matched == part.count { return true }
        }
        return false
    }
}

/// The functions of the extension libraries, as the evaluator calls them, and the optional values among them.
extension Evaluator {
    mutating func library<A: Activation>(
        _ builtin: Builtin, _ first: Int32, _ count: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        if builtin == .or || builtin == .orValue {
            return try alternative(builtin, program.operands[Int(first)], program.operands[Int(first) + 1], number, program, activation)
        }
        let arguments = try values(first, count, program, activation)
        try spend(Limits.libraryCost, number, program)
        for argument in arguments { try charge(argument, number, program) }
        let before = max(0, limit - cost)
        var left = before
        let value: Value
        do throws(OperationError) {
            value = try Library.apply(builtin, arguments, &left)
        } catch {
            if error.isExhausted { isExhausted = true }
            cost += before - left
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
        try spend(before - left, number, program)
        return value
    }

    /// `a.or(b)`, `a.orValue(b)`: the second is worked out only where the first has no value.
    private mutating func alternative<A: Activation>(
        _ builtin: Builtin, _ first: Int32, _ second: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let optional = try value(first, program, activation)
        guard case .optional(let inner) = optional else {
            throw EvaluationError(
                message: OperationError.noOverload(builtin, [optional]).message, span: program.spans[Int(number)])
        }
        if let inner { return builtin == .or ? optional : inner }
        let other = try value(second, program, activation)
        if builtin == .or {
            guard case .optional = other else {
                throw EvaluationError(
                    message: OperationError.noOverload(builtin, [optional, other]).message, span: program.spans[Int(number)])
            }
        }
        return other
    }
}

/// The extension libraries on values. `left` is how many steps may still be spent: what makes large values takes from it before
/// it makes them.
enum Library {
    static func apply(_ builtin: Builtin, _ arguments: [Value], _ left: inout Int) throws(OperationError) -> Value {
        switch builtin {
        case .charAt, .indexOf, .lastIndexOf, .lowerAscii, .upperAscii, .trim, .reverse, .replace, .split, .substring, .quote:
            return try StringFunctions.apply(builtin, arguments, &left)
        case .join: return try StringFunctions.join(arguments, &left)
        case .format: return try StringFormat.apply(arguments, &left)
        case .greatest, .least, .ceil, .floor, .round, .trunc, .abs, .sign, .sqrt, .isNaN, .isInf, .isFinite, .bitAnd, .bitOr, .bitXor,
            .bitNot, .bitShiftLeft, .bitShiftRight:
            return try MathFunctions.apply(builtin, arguments)
        case .base64Encode, .base64Decode: return try Encoders.apply(builtin, arguments)
        default: return try OptionalFunctions.apply(builtin, arguments)
        }
    }

    /// Takes what it costs to make so many bytes.
    static func spend(bytes: Int, _ left: inout Int) throws(OperationError) {
        left -= bytes / 16 + 1
        guard left >= 0 else { throw .exhausted }
    }
}

enum OptionalFunctions {
    static func apply(_ builtin: Builtin, _ arguments: [Value]) throws(OperationError) -> Value {
        switch (builtin, arguments.first, arguments.count) {
        case (.optionalNone, nil, 0): return .optional(nil)
        case (.optionalOf, let value?, 1): return .optional(value)
        case (.optionalOfNonZeroValue, let value?, 1): return .optional(isZero(value) ? nil : value)
        case (.hasValue, .optional(let inner)?, 1): return .bool(inner != nil)
        case (.value, .optional(let inner)?, 1):
            guard let inner else { throw OperationError(message: "there is no value in optional.none()") }
            return inner
        case (.unwrap, .list(let values)?, 1):
            var out: [Value] = []
            for value in values {
                guard case .optional(let inner) = value else { throw .noOverload(builtin, [value]) }
                if let inner { out.append(inner) }
            }
            return .list(out)
        case (.first, .list(let values)?, 1): return .optional(values.first)
        case (.last, .list(let values)?, 1): return .optional(values.last)
        case (.optionalSelect, let container?, 2): return try select(container, arguments[1])
        case (.optionalIndex, let container?, 2):
            if case .optional = container { return try Functions.index(container, arguments[1]) }
            return .optional(try Functions.entry(of: container, arguments[1]))
        default: throw .noOverload(builtin, arguments)
        }
    }

    /// `container.?field`
    private static func select(_ container: Value, _ field: Value) throws(OperationError) -> Value {
        switch container {
        case .map(let entries), .optional(.map(let entries)?): return .optional(entries[field])
        case .optional(nil): return .optional(nil)
        default: throw OperationError(message: "no such key: this value has no fields")
        }
    }

    /// What an absent field of its type would be worth.
    static func isZero(_ value: Value) -> Bool {
        switch value {
        case .null, .optional(nil): true
        case .bool(let truth): !truth
        case .int(let number): number == 0
        case .uint(let number): number == 0
        case .double(let number): number == 0
        case .string(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let values): values.isEmpty
        case .map(let entries): entries.isEmpty
        case .timestamp(let seconds, let nanoseconds), .duration(let seconds, let nanoseconds): seconds == 0 && nanoseconds == 0
        case .type, .optional: false
        }
    }
}

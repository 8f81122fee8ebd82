/// `+ - * / %` and the minus sign: whole numbers never wrap round, times stay within their range.
enum Arithmetic {
    static func negate(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .int(let number):
            guard number != .min else { throw .overflow }
            return .int(-number)
        case .double(let number): return .double(-number)
        default: throw .noOverload(.negate, [value])
        }
    }

    static func apply(_ builtin: Builtin, _ left: Value, _ right: Value) throws(OperationError) -> Value {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(try whole(builtin, a, b))
        case (.uint(let a), .uint(let b)): return .uint(try whole(builtin, a, b))
        case (.double(let a), .double(let b)): return try double(builtin, a, b)
        case (.string(let a), .string(let b)) where builtin == .add: return .string(a + b)
        case (.bytes(let a), .bytes(let b)) where builtin == .add: return .bytes(a + b)
        case (.list(let a), .list(let b)) where builtin == .add: return .list(a + b)
        default: return try time(builtin, left, right)
        }
    }

    private static func whole<T: FixedWidthInteger>(_ builtin: Builtin, _ a: T, _ b: T) throws(OperationError) -> T {
        let result: (partialValue: T, overflow: Bool)
        switch builtin {
        case .add: result = a.addingReportingOverflow(b)
        case .subtract: result = a.subtractingReportingOverflow(b)
        case .multiply: result = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { throw OperationError(message: "division by zero") }
            result = a.dividedReportingOverflow(by: b)
        default:
            guard b != 0 else { throw OperationError(message: "remainder of a division by zero") }
            result = a.remainderReportingOverflow(dividingBy: b)
        }
        if result.overflow { throw .overflow }
        return result.partialValue
    }

    private static func double(_ builtin: Builtin, _ a: Double, _ b: Double) throws(OperationError) -> Value {
        switch builtin {
        case .add: return .double(a + b)
        case .subtract: return .double(a - b)
        case .multiply: return .double(a * b)
        case .divide: return .double(a / b)
        default: throw .noOverload(builtin, [.double(a), .double(b)])
        }
    }

    private static func time(_ builtin: Builtin, _ left: Value, _ right: Value) throws(OperationError) -> Value {
        switch (builtin, left, right) {
        case (.add, .timestamp(let a, let b), .duration(let c, let d)), (.add, .duration(let c, let d), .timestamp(let a, let b)):
            return try timestamp(nanoseconds(a, b) + nanoseconds(c, d))
        case (.subtract, .timestamp(let a, let b), .duration(let c, let d)):
            return try timestamp(nanoseconds(a, b) - nanoseconds(c, d))
        case (.subtract, .timestamp(let a, let b), .timestamp(let c, let d)):
            let difference = nanoseconds(a, b) - nanoseconds(c, d)
            // The specification's suite wants a difference that can be counted in nanoseconds: 292 years either way.
            guard Int64(exactly: difference) != nil else { throw OperationError(message: "two points in time more than 292 years apart") }
            return try duration(difference)
        case (.subtract, .duration(let a, let b), .duration(let c, let d)):
            return try duration(nanoseconds(a, b) - nanoseconds(c, d))
        case (.add, .duration(let a, let b), .duration(let c, let d)):
            return try duration(nanoseconds(a, b) + nanoseconds(c, d))
        default:
            throw .noOverload(builtin, [left, right])
        }
    }

    private static func nanoseconds(_ seconds: Int64, _ rest: Int32) -> Int128 {
        Int128(seconds) * 1_000_000_000 + Int128(rest)
    }

    private static func timestamp(_ total: Int128) throws(OperationError) -> Value {
        var (seconds, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        if rest < 0 {
            seconds -= 1
            rest += 1_000_000_000
        }
        guard let whole = Int64(exactly: seconds), TimeText.timestampSeconds.contains(whole) else {
            throw OperationError(message: "a point in time outside the years 1 to 9999")
        }
        return .timestamp(seconds: whole, nanoseconds: Int32(rest))
    }

    private static func duration(_ total: Int128) throws(OperationError) -> Value {
        guard let moment = TimeText.moment(nanoseconds: total) else {
            throw OperationError(message: "a length of time of more than 10 000 years")
        }
        return .duration(seconds: moment.seconds, nanoseconds: moment.nanoseconds)
    }
}

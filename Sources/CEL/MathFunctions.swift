/// The math library. Functions of doubles take doubles alone; `greatest` and `least` compare numbers of all types by value.
enum MathFunctions {
    static func apply(_ builtin: Builtin, _ arguments: [Value]) throws(OperationError) -> Value {
        switch (builtin, arguments.count) {
        case (.greatest, _), (.least, _): return try extreme(builtin, arguments)
        case (_, 1): return try ofOne(builtin, arguments[0])
        case (_, 2): return try bits(builtin, arguments[0], arguments[1])
        default: throw .noOverload(builtin, arguments)
        }
    }

    /// Of several that are equal the first.
    private static func extreme(_ builtin: Builtin, _ arguments: [Value]) throws(OperationError) -> Value {
        var numbers = arguments
        if numbers.count == 1, case .list(let values) = numbers[0] { numbers = values }
        guard var best = numbers.first else { throw OperationError(message: "\(builtin.name)() of no numbers") }
        for number in numbers {
            switch number {
            case .int, .uint, .double: break
            default: throw .noOverload(builtin, [number])
            }
            if Comparison.order(number, best) == (builtin == .greatest ? .greater : .less) { best = number }
        }
        return best
    }

    private static func ofOne(_ builtin: Builtin, _ value: Value) throws(OperationError) -> Value {
        switch (builtin, value) {
        case (.ceil, .double(let number)): return .double(number.rounded(.up))
        case (.floor, .double(let number)): return .double(number.rounded(.down))
        case (.round, .double(let number)): return .double(number.rounded(.toNearestOrAwayFromZero))
        case (.trunc, .double(let number)): return .double(number.rounded(.towardZero))
        case (.isNaN, .double(let number)): return .bool(number.isNaN)
        case (.isInf, .double(let number)): return .bool(number.isInfinite)
        case (.isFinite, .double(let number)): return .bool(number.isFinite)
        case (.abs, .int(let number)):
            guard number != .min else { throw .overflow }
            return .int(number.magnitude == 0 ? 0 : Int64(number.magnitude))
        case (.abs, .uint): return value
        case (.abs, .double(let number)): return .double(number.magnitude)
        case (.sign, .int(let number)): return .int(number.signum())
        case (.sign, .uint(let number)): return .uint(number == 0 ? 0 : 1)
        case (.sign, .double(let number)): return .double(number > 0 ? 1 : number < 0 ? -1 : number)
        case (.sqrt, .double(let number)): return .double(number.squareRoot())
        case (.sqrt, .int(let number)): return .double(Double(number).squareRoot())
        case (.sqrt, .uint(let number)): return .double(Double(number).squareRoot())
        case (.bitNot, .int(let number)): return .int(~number)
        case (.bitNot, .uint(let number)): return .uint(~number)
        default: throw .noOverload(builtin, [value])
        }
    }

    private static func bits(_ builtin: Builtin, _ left: Value, _ right: Value) throws(OperationError) -> Value {
        switch (builtin, left, right) {
        case (.bitAnd, .int(let a), .int(let b)): return .int(a & b)
        case (.bitAnd, .uint(let a), .uint(let b)): return .uint(a & b)
        case (.bitOr, .int(let a), .int(let b)): return .int(a | b)
        case (.bitOr, .uint(let a), .uint(let b)): return .uint(a | b)
        case (.bitXor, .int(let a), .int(let b)): return .int(a ^ b)
        case (.bitXor, .uint(let a), .uint(let b)): return .uint(a ^ b)
        case (.bitShiftLeft, _, .int(let places)), (.bitShiftRight, _, .int(let places)):
            guard places >= 0 else { throw OperationError(message: "a shift by \(places) places (a negative offset)") }
            return try shift(builtin, left, places)
        default: throw .noOverload(builtin, [left, right])
        }
    }

    /// Swift's shifts by more than the width give 0, and -1 for a negative number shifted right.
    private static func shift(_ builtin: Builtin, _ value: Value, _ places: Int64) throws(OperationError) -> Value {
        switch (builtin, value) {
        case (.bitShiftLeft, .int(let number)): return .int(number << places)
        case (.bitShiftLeft, .uint(let number)): return .uint(number << places)
        case (.bitShiftRight, .int(let number)): return .int(number >> places)
        case (.bitShiftRight, .uint(let number)): return .uint(number >> places)
        default: throw .noOverload(builtin, [value, .int(places)])
        }
    }
}

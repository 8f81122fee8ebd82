/// `int(x)`, `string(x)` and their kin. A value out of the target's range, or a text that does not read as it, is an error.
enum Conversions {
    static func convert(_ value: Value, to builtin: Builtin) throws(OperationError) -> Value {
        switch builtin {
        case .int: return try int(value)
        case .uint: return try uint(value)
        case .double: return try double(value)
        case .string: return try string(value)
        case .bytes: return try bytes(value)
        case .bool: return try bool(value)
        case .timestamp: return try timestamp(value)
        default: return try duration(value)
        }
    }

    private static func wrong(_ value: Value, _ type: String) -> OperationError {
        OperationError(message: "\(value.brief) is no \(type)")
    }

    private static func int(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .int: return value
        case .uint(let number):
            guard let whole = Int64(exactly: number) else { throw .overflow }
            return .int(whole)
        case .double(let number):
            // The ends are left out: a double cannot tell them from what lies beyond.
            guard number > -0x1p63, number < 0x1p63 else { throw .overflow }
            return .int(Int64(number))
        case .string(let text):
            guard let whole = Int64(text) else { throw wrong(value, "int") }
            return .int(whole)
        case .timestamp(let seconds, _): return .int(seconds)
        default: throw .noOverload(.int, [value])
        }
    }

    private static func uint(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .uint: return value
        case .int(let number):
            guard let whole = UInt64(exactly: number) else { throw .overflow }
            return .uint(whole)
        case .double(let number):
            guard number >= 0, number < 0x1p64 else { throw .overflow }
            return .uint(UInt64(number))
        case .string(let text):
            // A sign, even of nothing, is none of an unsigned number's.
            guard let first = text.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"), let whole = UInt64(text) else {
                throw wrong(value, "uint")
            }
            return .uint(whole)
        default: throw .noOverload(.uint, [value])
        }
    }

    private static func double(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .double: return value
        case .int(let number): return .double(Double(number))
        case .uint(let number): return .double(Double(number))
        case .string(let text):
            guard let number = Double(text) else { throw wrong(value, "double") }
            return .double(number)
        default: throw .noOverload(.double, [value])
        }
    }

    private static func string(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .string: return value
        case .int(let number): return .string(String(number))
        case .uint(let number): return .string(String(number))
        case .double(let number): return .string(numberText(number))
        case .bool(let truth): return .string(truth ? "true" : "false")
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw OperationError(message: "these bytes are not valid UTF-8")
            }
            return .string(text)
        case .timestamp(let seconds, let nanoseconds): return .string(TimeText.timestamp(seconds: seconds, nanoseconds: nanoseconds))
        case .duration(let seconds, let nanoseconds): return .string(TimeText.duration(seconds: seconds, nanoseconds: nanoseconds))
        default: throw .noOverload(.string, [value])
        }
    }

    private static func bytes(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .bytes: return value
        case .string(let text): return .bytes(Array(text.utf8))
        default: throw .noOverload(.bytes, [value])
        }
    }

    private static func bool(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .bool: return value
        case .string("1"), .string("t"), .string("T"), .string("true"), .string("TRUE"), .string("True"): return .bool(true)
        case .string("0"), .string("f"), .string("F"), .string("false"), .string("FALSE"), .string("False"): return .bool(false)
        case .string: throw wrong(value, "bool")
        default: throw .noOverload(.bool, [value])
        }
    }

    private static func timestamp(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .timestamp: return value
        case .int(let seconds):
            guard TimeText.timestampSeconds.contains(seconds) else { throw .overflow }
            return .timestamp(seconds: seconds, nanoseconds: 0)
        case .string(let text):
            guard let moment = TimeText.parseTimestamp(text) else { throw wrong(value, "point in time (2026-11-22T08:15:00+08:00)") }
            return .timestamp(seconds: moment.seconds, nanoseconds: moment.nanoseconds)
        default: throw .noOverload(.timestamp, [value])
        }
    }

    private static func duration(_ value: Value) throws(OperationError) -> Value {
        switch value {
        case .duration: return value
        case .string(let text):
            guard let moment = TimeText.parseDuration(text) else { throw wrong(value, "length of time (90s, 1h30m)") }
            return .duration(seconds: moment.seconds, nanoseconds: moment.nanoseconds)
        default: throw .noOverload(.duration, [value])
        }
    }
}

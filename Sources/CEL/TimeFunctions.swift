/// The fields of a point in time (`getHours()` ...), in UTC or a zone, and of a length of time, whose hours, minutes and seconds are
/// the whole of it and whose milliseconds are those of its last second.
enum TimeFunctions {
    static func field(_ builtin: Builtin, _ value: Value) throws(OperationError) -> Value {
        switch value {
        case .timestamp(let seconds, let nanoseconds):
            return try field(builtin, seconds: seconds, nanoseconds: nanoseconds, value)
        case .duration(let seconds, let nanoseconds):
            switch builtin {
            case .getHours: return .int(seconds / 3600)
            case .getMinutes: return .int(seconds / 60)
            case .getSeconds: return .int(seconds)
            case .getMilliseconds: return .int(Int64(nanoseconds / 1_000_000))
            default: throw .noOverload(builtin, [value])
            }
        default:
            throw .noOverload(builtin, [value])
        }
    }

    static func field(_ builtin: Builtin, _ value: Value, zone: Value, _ activation: some Activation) throws(OperationError) -> Value {
        guard case .timestamp(let seconds, let nanoseconds) = value, case .string(let name) = zone else {
            throw .noOverload(builtin, [value, zone])
        }
        guard let offset = TimeText.fixedOffset(name) ?? activation.offset(ofZone: name, atSeconds: seconds) else {
            throw OperationError(message: "'\(name)' is no known time zone; an offset such as '+08:00' always is")
        }
        return try field(builtin, seconds: seconds + Int64(offset), nanoseconds: nanoseconds, value)
    }

    private static func field(
        _ builtin: Builtin, seconds: Int64, nanoseconds: Int32, _ value: Value
    ) throws(OperationError) -> Value {
        let civil = TimeText.Civil(seconds: seconds)
        let number: Int
        switch builtin {
        case .getFullYear: number = civil.year
        case .getMonth: number = civil.month - 1
        case .getDate: number = civil.day
        case .getDayOfMonth: number = civil.day - 1
        case .getDayOfWeek: number = civil.weekday
        case .getDayOfYear: number = civil.dayOfYear
        case .getHours: number = civil.hour
        case .getMinutes: number = civil.minute
        case .getSeconds: number = civil.second
        case .getMilliseconds: number = Int(nanoseconds / 1_000_000)
        default: throw .noOverload(builtin, [value])
        }
        return .int(Int64(number))
    }
}

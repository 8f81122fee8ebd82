/// Times and lengths of time as text, and the calendar behind them (proleptic Gregorian, no leap seconds).
///
/// A timestamp lies between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z; a duration within 315 576 000 000 s
/// (about 10 000 years) either way, and its seconds and nanoseconds never have opposite signs.
enum TimeText {
    static let timestampSeconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
    static let durationSeconds: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

    struct Moment: Equatable {
        var seconds: Int64
        var nanoseconds: Int32
    }

    // MARK: - Timestamps

    /// Reads RFC 3339: `2026-11-22T08:15:00+08:00`, `…Z`, up to nine digits of a second's fraction. nil when it is not that,
    /// when the date does not exist, or when it lies out of range.
    static func parseTimestamp(_ text: String) -> Moment? {
        var reader = Reader(text)
        guard let year = reader.digits(4), reader.take("-"), let month = reader.digits(2), reader.take("-"),
            let day = reader.digits(2), reader.take("T") || reader.take("t"), let hour = reader.digits(2), reader.take(":"),
            let minute = reader.digits(2), reader.take(":"), let second = reader.digits(2),
            (1...12).contains(month), day >= 1, day <= daysIn(month: month, year: year), hour < 24, minute < 60, second < 60
        else { return nil }
        var nanoseconds: Int32 = 0
        if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset = 0
        if !(reader.take("Z") || reader.take("z")) {
            let sign: Int
            if reader.take("+") { sign = 1 } else if reader.take("-") { sign = -1 } else { return nil }
            guard let hours = reader.digits(2), reader.take(":"), let minutes = reader.digits(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = sign * (hours * 3600 + minutes * 60)
        }
        guard reader.isAtEnd else { return nil }
        let seconds = daysSinceEpoch(year: year, month: month, day: day) * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
        return timestampSeconds.contains(seconds) ? Moment(seconds: seconds, nanoseconds: nanoseconds) : nil
    }

    /// RFC 3339 in UTC, the fraction without trailing zeros: `2009-02-13T23:31:30.5Z`.
    static func timestamp(seconds: Int64, nanoseconds: Int32) -> String {
        let civil = Civil(seconds: seconds)
        return padded(civil.year, 4) + "-" + padded(civil.month, 2) + "-" + padded(civil.day, 2) + "T" + padded(civil.hour, 2) + ":"
            + padded(civil.minute, 2) + ":" + padded(civil.second, 2) + fraction(nanoseconds) + "Z"
    }

    // MARK: - Durations

    /// Reads `90s`, `1h30m`, `-1.5h`, `250ms`, `0`: numbers with the units h, m, s, ms, us, µs, ns. nil when it is not that, or out of range.
    static func parseDuration(_ text: String) -> Moment? {
        var reader = Reader(text)
        let negative = reader.take("-")
        if !negative { _ = reader.take("+") }
        if reader.rest == [UInt8(ascii: "0")] { return Moment(seconds: 0, nanoseconds: 0) }
        guard !reader.isAtEnd else { return nil }
        var total: Int128 = 0
        while !reader.isAtEnd {
            let whole = reader.number()
            var part: Int128 = 0
            var scale: Int128 = 1
            var hasFraction = false
            if reader.take(".") {
                while let digit = reader.digit() {
                    hasFraction = true
                    // More than 18 digits are below a nanosecond for every unit.
                    if scale < 1_000_000_000_000_000_000 {
                        part = part * 10 + Int128(digit)
                        scale *= 10
                    }
                }
            }
            guard whole.valid, whole.any || hasFraction, let unit = reader.unit() else { return nil }
            total += whole.value * unit + part * unit / scale
            guard total <= Int128(durationSeconds.upperBound) * 1_000_000_000 else { return nil }
        }
        return moment(nanoseconds: negative ? -total : total)
    }

    /// Seconds with the suffix `s`: `3600s`, `-1.5s`.
    static func duration(seconds: Int64, nanoseconds: Int32) -> String {
        let sign = seconds < 0 || nanoseconds < 0 ? "-" : ""
        return sign + String(seconds.magnitude) + fraction(abs(nanoseconds)) + "s"
    }

    /// A duration of so many nanoseconds; nil when it is out of range.
    static func moment(nanoseconds total: Int128) -> Moment? {
        let (seconds, rest) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard let whole = Int64(exactly: seconds), durationSeconds.contains(whole) else { return nil }
        if whole == durationSeconds.upperBound || whole == durationSeconds.lowerBound, rest != 0 { return nil }
        return Moment(seconds: whole, nanoseconds: Int32(rest))
    }

    // MARK: - Time zones

    /// Seconds ahead of UTC of `UTC`, `Z` or a fixed offset (`+08:00`, `-02:30`, `08:00`); nil when it is none of these.
    static func fixedOffset(_ zone: String) -> Int? {
        if zone == "UTC" || zone == "Z" || zone == "GMT" { return 0 }
        var reader = Reader(zone)
        let negative = reader.take("-")
        if !negative { _ = reader.take("+") }
        guard let hours = reader.digits(2), reader.take(":"), let minutes = reader.digits(2), reader.isAtEnd, hours < 24, minutes < 60
        else { return nil }
        return (negative ? -1 : 1) * (hours * 3600 + minutes * 60)
    }

    // MARK: - Calendar

    /// An instant's fields in UTC.
    struct Civil {
        var year: Int
        /// 1 ... 12
        var month: Int
        /// 1 ... 31
        var day: Int
        var hour: Int
        var minute: Int
        var second: Int
        /// 0 is Sunday.
        var weekday: Int
        /// From 0.
        var dayOfYear: Int

        init(seconds: Int64) {
            let days = floorDivide(seconds, 86_400)
            let rest = Int(seconds - days * 86_400)
            (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
            weekday = Int(days + 4 - floorDivide(days + 4, 7) * 7)
            // Years that begin on the first of March put the leap day last; 146 097 days are 400 years.
            let shifted = days + 719_468
            let era = floorDivide(shifted, 146_097)
            let dayOfEra = Int(shifted - era * 146_097)
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfShiftedYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let shiftedMonth = (5 * dayOfShiftedYear + 2) / 153
            day = dayOfShiftedYear - (153 * shiftedMonth + 2) / 5 + 1
            month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
            year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
            dayOfYear = Int(days - daysSinceEpoch(year: year, month: 1, day: 1))
        }
    }

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func daysIn(month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 {
        a >= 0 ? a / b : -((-a + b - 1) / b)
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func fraction(_ nanoseconds: Int32) -> String {
        guard nanoseconds != 0 else { return "" }
        var digits = padded(Int(nanoseconds), 9)
        while digits.hasSuffix("0") { digits.removeLast() }
        return "." + digits
    }

    /// Reads ASCII from the front.
    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { position == bytes.count }
        var rest: ArraySlice<UInt8> { bytes[position...] }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard position < bytes.count, UInt32(bytes[position]) == scalar.value else { return false }
            position += 1
            return true
        }

        mutating func digit() -> Int? {
            guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
            position += 1
            return Int(bytes[position - 1] - UInt8(ascii: "0"))
        }

        mutating func digits(_ count: Int) -> Int? {
            var value = 0
            for _ in 0..<count {
                guard let next = digit() else { return nil }
                value = value * 10 + next
            }
            return value
        }

        mutating func fraction() -> Int32? {
            var value: Int32 = 0
            var count = 0
            while let next = digit() {
                count += 1
                guard count <= 9 else { return nil }
                value = value * 10 + Int32(next)
            }
            guard count > 0 else { return nil }
            for _ in count..<9 { value *= 10 }
            return value
        }

        /// As many digits as there are; not valid beyond what any duration needs.
        mutating func number() -> (value: Int128, any: Bool, valid: Bool) {
            var value: Int128 = 0
            var any = false
            var valid = true
            while let next = digit() {
                any = true
                if value > 1_000_000_000_000_000_000_000 { valid = false } else { value = value * 10 + Int128(next) }
            }
            return (value, any, valid)
        }

        /// The nanoseconds of a unit's name.
        mutating func unit() -> Int128? {
            let units: [(String, Int128)] = [
                ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
                ("m", 60_000_000_000), ("h", 3_600_000_000_000),
            ]
            for (name, nanoseconds) in units where rest.starts(with: name.utf8) {
                position += name.utf8.count
                return nanoseconds
            }
            return nil
        }
    }
}

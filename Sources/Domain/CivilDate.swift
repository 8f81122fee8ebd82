/// A day of the proleptic Gregorian calendar, years 1 to 9999; without a zone.
package struct CivilDate: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 1 ... 9999
    package let year: Int
    /// 1 ... 12
    package let month: Int
    /// 1 ... 31
    package let day: Int

    /// nil for a date that does not exist, or lies outside the years 1 to 9999.
    package init?(year: Int, month: Int, day: Int) {
        guard year >= 1, year <= 9999, month >= 1, month <= 12, day >= 1, day <= Self.days(inMonth: month, of: year) else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// From a count of days since 1970-01-01; a count outside the years 1 to 9999 gives the first or last day of that range.
    package init(daysSinceEpoch: Int) {
        let count = min(max(daysSinceEpoch, Self.firstDay), Self.lastDay)
        // Eras of 400 years that begin on 1 March, so that the leap day is a year's last day (H. Hinnant, "chrono-compatible date algorithms").
        let shifted = count + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// From the decimal form of `packed`, 20261122; nil when no such date exists.
    package init?(packed: Int32) {
        guard packed > 0 else { return nil }
        self.init(year: Int(packed / 10_000), month: Int(packed / 100 % 100), day: Int(packed % 100))
    }

    /// Days since 1970-01-01, negative before.
    package var daysSinceEpoch: Int { Self.daysSinceEpoch(year: year, month: month, day: day) }

    /// The date as a decimal number, 20261122: the day part of a task's number.
    package var packed: Int32 { Int32(year * 10_000 + month * 100 + day) }

    /// 1 (Monday) ... 7 (Sunday), as ISO 8601 counts.
    package var weekday: Int {
        let r = (daysSinceEpoch + 3) % 7
        return (r < 0 ? r + 7 : r) + 1
    }

    /// So many days later (earlier when negative), stopping at the ends of the range.
    package func adding(days: Int) -> CivilDate {
        let (sum, overflow) = daysSinceEpoch.addingReportingOverflow(days)
        return CivilDate(daysSinceEpoch: overflow ? (days < 0 ? .min : .max) : sum)
    }

    /// `2026-11-22`
    package var description: String { String(decoding: utf8, as: UTF8.self) }

    private var utf8: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendDecimal(year, digits: 4)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(month, digits: 2)
        bytes.append(UInt8(ascii: "-"))
        bytes.appendDecimal(day, digits: 2)
        return bytes
    }

    package static func < (a: CivilDate, b: CivilDate) -> Bool { a.packed < b.packed }

    package static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// 28 ... 31; `month` must be 1 ... 12.
    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    static let firstDay = daysSinceEpoch(year: 1, month: 1, day: 1)
    static let lastDay = daysSinceEpoch(year: 9999, month: 12, day: 31)

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

extension [UInt8] {
    /// A number of at least zero, with zeros before it up to `digits`.
    mutating func appendDecimal(_ value: Int, digits: Int) {
        var power = 1
        for _ in 1..<Swift.max(digits, 1) { power *= 10 }
        while power * 10 <= value { power *= 10 }
        while power > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / power % 10))
            power /= 10
        }
    }
}

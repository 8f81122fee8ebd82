/// Which days are worked (工作日): Monday to Friday, but for public holidays, and the weekend days that are worked instead (调休).
///
/// Counting costs the logarithm of the number of such days, however far apart two dates lie.
package struct WorkingCalendar: Sendable, Hashable {
    /// One published year. A date of another year, and a holiday on a weekend, are allowed and change nothing.
    package struct Year: Sendable, Hashable {
        package var holidays: Set<CivilDate>
        package var workdays: Set<CivilDate>
        package init(holidays: Set<CivilDate> = [], workdays: Set<CivilDate> = []) {
            self.holidays = holidays
            self.workdays = workdays
        }
    }

    /// When a working day begins and ends, in minutes after local midnight.
    package struct Hours: Sendable, Hashable {
        /// 0 ... 1439
        package let fromMinute: Int
        /// 1 ... 1440, after `fromMinute`
        package let untilMinute: Int
        /// nil unless 0 ≤ from < until ≤ 1440.
        package init?(fromMinute: Int, untilMinute: Int) {
            guard fromMinute >= 0, fromMinute < untilMinute, untilMinute <= 1_440 else { return nil }
            self.fromMinute = fromMinute
            self.untilMinute = untilMinute
        }
    }

    /// The years whose holidays are known. In all others every Monday to Friday counts, and whoever shows a deadline says so.
    package let years: [Int: Year]
    /// Whether the day on which a clock starts counts as the first, where it is worked.
    package let countsStartDay: Bool
    /// nil: the whole day.
    package let hours: Hours?

    /// Days since 1970-01-01 that are not as their weekday says, rising ...
    private let exceptions: [Int32]
    /// ... and how many working days more there are up to and with each of them.
    private let surplus: [Int32]

    package init(years: [Int: Year] = [:], countsStartDay: Bool = false, hours: Hours? = nil) {
        self.years = years
        self.countsStartDay = countsStartDay
        self.hours = hours
        var changes: [Int32: Int32] = [:]
        for (number, year) in years {
            for day in year.holidays where day.year == number && day.weekday <= 5 && !year.workdays.contains(day) {
                changes[Int32(day.daysSinceEpoch)] = -1
            }
            for day in year.workdays where day.year == number && day.weekday > 5 { changes[Int32(day.daysSinceEpoch)] = 1 }
        }
        exceptions = changes.keys.sorted()
        var sum: Int32 = 0
        var sums: [Int32] = []
        for day in exceptions {
            sum += changes[day] ?? 0
            sums.append(sum)
        }
        surplus = sums
    }

    package func isKnown(_ year: Int) -> Bool { years[year] != nil }

    /// Whether all the years from one date to another are known.
    package func isKnown(from first: CivilDate, through last: CivilDate) -> Bool {
        (min(first.year, last.year)...max(first.year, last.year)).allSatisfy(isKnown)
    }

    package func isWorkday(_ date: CivilDate) -> Bool {
        let day = date.daysSinceEpoch
        return count(through: day) > count(through: day - 1)
    }

    /// The `n`th working day from `date` on, `date` itself included; n from 1. Stops at 9999-12-31.
    package func workday(_ n: Int, from date: CivilDate) -> CivilDate {
        let first = date.daysSinceEpoch
        let target = count(through: first - 1) + max(n, 1)
        var low = first - 1
        // Enough weekdays, even if every known holiday lay among them.
        var high = min(first + (max(n, 1) + exceptions.count) / 5 * 7 + 14, CivilDate.lastDay)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if count(through: middle) >= target { high = middle } else { low = middle }
        }
        return CivilDate(daysSinceEpoch: high)
    }

    /// The `n`th working day back from `date`, `date` itself included; n from 1.
    package func workday(_ n: Int, backFrom date: CivilDate) -> CivilDate {
        let last = date.daysSinceEpoch
        let target = count(through: last) - max(n, 1) + 1
        var low = last - (max(n, 1) + exceptions.count) / 5 * 7 - 14
        var high = last
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if count(through: middle) >= target { high = middle } else { low = middle }
        }
        return CivilDate(daysSinceEpoch: high)
    }

    /// How many working days there are from one date through another, both included; 0 where the second lies before the first.
    package func workdays(from first: CivilDate, through last: CivilDate) -> Int {
        first > last ? 0 : count(through: last.daysSinceEpoch) - count(through: first.daysSinceEpoch - 1)
    }

    /// Working days since a Monday long ago, up to and with a day since 1970-01-01.
    private func count(through day: Int) -> Int {
        // 1969-12-29 was a Monday.
        let weeks = floorDivided(day + 3, by: 7)
        let weekdays = weeks * 5 + min(day + 3 - weeks * 7 + 1, 5)
        var low = 0
        var high = exceptions.count
        while low < high {
            let middle = (low + high) / 2
            if Int(exceptions[middle]) <= day { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? weekdays : weekdays + Int(surplus[low - 1])
    }
}

/// Working days as instants: a calendar in a time zone.
///
/// **What a limit of N working days means.** Each working day has a close: the end of business hours, else the last second of the day
/// (23:59:59, so that a deadline shows the day it belongs to). A clock counts the closes that it sees while it runs, from its first day
/// on: the day after it started, or with `count_start_day` that day itself. Its deadline is the Nth close. A stop within a day that does
/// not reach over the close changes nothing; a day at whose close the clock stood still does not count.
///
/// **Working hours** (`8 working hours`) run on working days from opening to close.
package struct WorkTime: Sendable, Hashable {
    package let calendar: WorkingCalendar
    package let zone: TimeZoneRules

    package init(calendar: WorkingCalendar, zone: TimeZoneRules) {
        self.calendar = calendar
        self.zone = zone
    }

    package func opening(of date: CivilDate) -> Instant { zone.instant(of: date, second: (calendar.hours?.fromMinute ?? 0) * 60) }

    package func close(of date: CivilDate) -> Instant {
        if let hours = calendar.hours, hours.untilMinute < 1_440 { return zone.instant(of: date, second: hours.untilMinute * 60) }
        return zone.instant(of: date, second: 86_400) + .seconds(-1)
    }

    /// The first day that can count for a clock that starts here; it need not be a working day.
    package func firstDay(ofClockFrom start: Instant) -> CivilDate {
        let day = zone.date(at: start)
        return calendar.countsStartDay ? day : day.adding(days: 1)
    }

    /// The first day not before `first` whose close comes after the instant.
    private func firstDay(closingAfter instant: Instant, notBefore first: CivilDate) -> CivilDate {
        let day = zone.date(at: instant)
        return max(close(of: day) > instant ? day : day.adding(days: 1), first)
    }

    /// The `n`th close (from 1) after an instant, of days from `first` on: the deadline of a clock that runs from here.
    package func deadline(days n: Int, after instant: Instant, notBefore first: CivilDate) -> Instant {
        close(of: calendar.workday(n, from: firstDay(closingAfter: instant, notBefore: first)))
    }

    /// How many closes of days from `first` on come after one instant and not after another.
    package func closes(after start: Instant, through end: Instant, notBefore first: CivilDate) -> Int {
        guard end > start else { return 0 }
        let from = firstDay(closingAfter: start, notBefore: first)
        let through = firstDay(closingAfter: end, notBefore: first)
        return calendar.workdays(from: from, through: through.adding(days: -1))
    }

    /// How long the `n` working days are that end at an instant: a clock that began longer ago has passed its `n`th close before that instant, and
    /// no other clock has. n of 0: no time.
    package func span(days n: Int, before end: Instant) -> TimeSpan {
        guard n > 0 else { return .zero }
        let today = zone.date(at: end)
        let closed = close(of: today) < end ? today : today.adding(days: -1)
        let first = calendar.workday(n, backFrom: closed)
        return end - (calendar.countsStartDay ? close(of: first) : zone.instant(of: first, second: 0))
    }

    /// When `hundredths` of working days (250: two and a half) have gone by after an instant: within a day in proportion, from its opening to
    /// its close.
    package func instant(hundredths: Int, ofDaysAfter instant: Instant, notBefore first: CivilDate) -> Instant {
        guard hundredths > 0 else { return instant }
        let (whole, rest) = (hundredths / 100, hundredths % 100)
        if rest == 0 { return deadline(days: whole, after: instant, notBefore: first) }
        let day = calendar.workday(whole + 1, from: firstDay(closingAfter: instant, notBefore: first))
        let opening = max(self.opening(of: day), instant)
        return opening + TimeSpan(milliseconds: (close(of: day) - opening).milliseconds / 100 * Int64(rest))
    }

    /// When so much working time has gone by after an instant. A span of nothing gives the instant itself.
    package func deadline(working span: TimeSpan, after instant: Instant) -> Instant {
        guard span > .zero else { return instant }
        var left = span
        var day = calendar.workday(1, from: firstDay(closingAfter: instant, notBefore: zone.date(at: instant)))
        while true {
            let opening = max(self.opening(of: day), instant)
            let length = max(close(of: day) - opening, .zero)
            if left <= length || day.daysSinceEpoch >= CivilDate.lastDay { return opening + left }
            left = TimeSpan(milliseconds: left.milliseconds - length.milliseconds)
            day = calendar.workday(2, from: day)
        }
    }

    /// How much working time lies between two instants.
    package func worked(from start: Instant, to end: Instant) -> TimeSpan {
        var sum: Int64 = 0
        var day = calendar.workday(1, from: zone.date(at: start))
        while opening(of: day) < end, day.daysSinceEpoch < CivilDate.lastDay {
            sum += max((min(close(of: day), end) - max(opening(of: day), start)).milliseconds, 0)
            day = calendar.workday(2, from: day)
        }
        return TimeSpan(milliseconds: sum)
    }
}

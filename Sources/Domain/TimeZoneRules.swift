/// The offsets of one time zone, handed in by the shell (which reads the system's zone files): nothing here looks them up.
package struct TimeZoneRules: Sendable, Hashable {
    package struct Transition: Sendable, Hashable {
        /// From this instant on ...
        package var at: Instant
        /// ... local time is UTC plus so many seconds.
        package var offsetSeconds: Int32
        package init(at: Instant, offsetSeconds: Int32) {
            self.at = at
            self.offsetSeconds = offsetSeconds
        }
    }

    package let name: String
    /// Before the first transition.
    let initialOffsetSeconds: Int32
    /// In rising order.
    let transitions: [Transition]
    /// After the last transition; nil: its offset stays.
    let future: YearlyRule?

    package init(name: String, initialOffsetSeconds: Int32, transitions: [Transition]) {
        self.init(name: name, initialOffsetSeconds: initialOffsetSeconds, transitions: transitions, future: nil)
    }

    init(name: String, initialOffsetSeconds: Int32, transitions: [Transition], future: YearlyRule?) {
        self.name = name
        self.initialOffsetSeconds = initialOffsetSeconds
        self.transitions = transitions
        self.future = future
    }

    /// China has had one offset since 1991.
    package static let shanghai = TimeZoneRules(name: "Asia/Shanghai", initialOffsetSeconds: 8 * 3600, transitions: [])
    package static let utc = TimeZoneRules(name: "UTC", initialOffsetSeconds: 0, transitions: [])

    package func offsetSeconds(at instant: Instant) -> Int32 {
        if let future, transitions.last.map({ $0.at <= instant }) ?? true { return future.offsetSeconds(at: instant) }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initialOffsetSeconds : transitions[low - 1].offsetSeconds
    }
}

/// A day and a minute of it on the clocks of some zone.
package struct LocalTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var date: CivilDate
    /// 0 ... 1439, minutes since midnight as the clock shows them.
    package var minute: Int

    /// A minute outside 0 ... 1439 is taken as the nearest one inside.
    package init(date: CivilDate, minute: Int) {
        self.date = date
        self.minute = min(max(minute, 0), 1_439)
    }

    package static func < (a: LocalTime, b: LocalTime) -> Bool { (a.date, a.minute) < (b.date, b.minute) }

    /// `2026-11-22 08:15`
    package var description: String {
        var bytes: [UInt8] = []
        bytes.appendDecimal(minute / 60, digits: 2)
        bytes.append(UInt8(ascii: ":"))
        bytes.appendDecimal(minute % 60, digits: 2)
        return "\(date) " + String(decoding: bytes, as: UTF8.self)
    }
}

extension TimeZoneRules {
    /// What clocks and calendars show at the instant.
    package func localTime(at instant: Instant) -> LocalTime {
        let seconds = localSeconds(at: instant)
        let days = floorDivided(seconds, by: 86_400)
        return LocalTime(date: CivilDate(daysSinceEpoch: days), minute: (seconds - days * 86_400) / 60)
    }

    package func date(at instant: Instant) -> CivilDate { CivilDate(daysSinceEpoch: floorDivided(localSeconds(at: instant), by: 86_400)) }

    /// The instant at which clocks show the time. In an autumn hour that comes twice: the first of the two. In a spring hour that is left out:
    /// as far after the gap's beginning as the clock would have gone (02:30 becomes 03:30).
    package func instant(of local: LocalTime) -> Instant { instant(of: local.date, second: local.minute * 60) }

    /// The same with seconds since local midnight, 0 ... 86 400 (the latter is the next day's midnight).
    package func instant(of date: CivilDate, second: Int = 0) -> Instant {
        let wall = Int64(date.daysSinceEpoch) * 86_400 + Int64(second)
        func at(_ seconds: Int64) -> Instant { Instant(milliseconds: seconds * 1_000) }
        let before = Int64(offsetSeconds(at: at(wall - 86_400)))
        let after = Int64(offsetSeconds(at: at(wall + 86_400)))
        if Int64(offsetSeconds(at: at(wall - before))) == before { return at(wall - before) }
        if Int64(offsetSeconds(at: at(wall - after))) == after { return at(wall - after) }
        return at(wall - before)
    }

    private func localSeconds(at instant: Instant) -> Int {
        let inside = min(max(instant, .first), .last)
        return floorDivided(Int(inside.milliseconds), by: 1_000) + Int(offsetSeconds(at: inside))
    }
}

/// Rounded towards minus infinity; `divisor` is positive.
func floorDivided(_ value: Int, by divisor: Int) -> Int { value >= 0 ? value / divisor : -((-value - 1) / divisor) - 1 }

/// What a zone does year after year: the `TZ` string of POSIX, which ends a zone file (RFC 8536, section 3.3).
struct YearlyRule: Sendable, Hashable {
    enum Day: Sendable, Hashable {
        /// `J1` ... `J365`: 29 February is never counted.
        case withoutLeapDay(Int)
        /// `0` ... `365`: it is counted.
        case ofYear(Int)
        /// `M3.2.0`: month, week (5: the last), weekday (0: Sunday).
        case ofMonth(month: Int, week: Int, weekday: Int)
    }

    struct Change: Sendable, Hashable {
        var day: Day
        /// Seconds after local midnight, −167 h ... 167 h.
        var second: Int
    }

    struct Daylight: Sendable, Hashable {
        var offsetSeconds: Int32
        var begins: Change
        var ends: Change
    }

    var standardOffsetSeconds: Int32
    var daylight: Daylight?

    func offsetSeconds(at instant: Instant) -> Int32 {
        guard let daylight else { return standardOffsetSeconds }
        let inside = min(max(instant, .first), .last)
        let seconds = floorDivided(Int(inside.milliseconds), by: 1_000)
        let year = CivilDate(daysSinceEpoch: floorDivided(seconds, by: 86_400)).year
        // The last change at or before the instant; a change can fall into a neighbouring year of UTC. Where an end and a beginning coincide
        // (daylight saving all year) the beginning counts.
        var latest: (at: Int, offset: Int32)?
        for y in (year - 1)...(year + 1) {
            let begin = Self.second(of: daylight.begins, in: y) - Int(standardOffsetSeconds)
            let end = Self.second(of: daylight.ends, in: y) - Int(daylight.offsetSeconds)
            if end <= seconds, latest.map({ end > $0.at }) ?? true { latest = (end, standardOffsetSeconds) }
            if begin <= seconds, latest.map({ begin >= $0.at }) ?? true { latest = (begin, daylight.offsetSeconds) }
        }
        return latest?.offset ?? standardOffsetSeconds
    }

    /// Local seconds since 1970-01-01T00:00 on the clock that is then still in force.
    private static func second(of change: Change, in year: Int) -> Int {
        let newYear = CivilDate.daysSinceEpoch(year: year, month: 1, day: 1)
        let day: Int
        switch change.day {
        case .withoutLeapDay(let n): day = newYear + n - 1 + (CivilDate.isLeap(year) && n >= 60 ? 1 : 0)
        case .ofYear(let n): day = newYear + n
        case .ofMonth(let month, let week, let weekday):
            let first = CivilDate.daysSinceEpoch(year: year, month: month, day: 1)
            let firstWeekday = (((first + 4) % 7) + 7) % 7
            var offset = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
            if offset >= CivilDate.days(inMonth: month, of: year) { offset -= 7 }
            day = first + offset
        }
        return day * 86_400 + change.second
    }
}

import Domain
import Testing

private func date(_ text: String) -> CivilDate {
    let parts = text.split(separator: "-").compactMap { Int($0) }
    return CivilDate(year: parts[0], month: parts[1], day: parts[2]) ?? CivilDate(daysSinceEpoch: 0)
}

private func year(_ number: Int, holidays: [String], workdays: [String]) -> WorkingCalendar.Year {
    func days(_ text: String) -> [CivilDate] {
        let ends = text.components(by: "..").map { date("\(number)-\($0)") }
        return (ends[0].daysSinceEpoch...ends[ends.count - 1].daysSinceEpoch).map { CivilDate(daysSinceEpoch: $0) }
    }
    return WorkingCalendar.Year(holidays: Set(holidays.flatMap(days)), workdays: Set(workdays.flatMap(days)))
}

extension String {
    fileprivate func components(by separator: String) -> [String] { split(separator: separator).map(String.init) }
}

/// The years of the domain reference, section 6.
private let published: [Int: WorkingCalendar.Year] = [
    2025: year(
        2025, holidays: ["01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02", "10-01..10-08"],
        workdays: ["01-26", "02-08", "04-27", "09-28", "10-11"]),
    2026: year(
        2026,
        holidays: ["01-01..01-03", "02-15..02-23", "04-04..04-06", "05-01..05-05", "06-19..06-21", "09-25..09-27", "10-01..10-07"],
        workdays: ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]),
]

/// New York from 2007 on, without the table: daylight saving changes on Sundays. Made by hand for 2026.
private let newYork = TimeZoneRules(
    name: "America/New_York", initialOffsetSeconds: -5 * 3_600,
    transitions: [
        .init(at: utc("2026-03-08", 7 * 3_600), offsetSeconds: -4 * 3_600), .init(at: utc("2026-11-01", 6 * 3_600), offsetSeconds: -5 * 3_600),
    ])

private func utc(_ day: String, _ second: Int) -> Instant { TimeZoneRules.utc.instant(of: date(day), second: second) }

@Suite struct CalendarTests {
    @Test func theReferencesVectorsHold() {
        let calendar = WorkingCalendar(years: published)
        let time = WorkTime(calendar: calendar, zone: .shanghai)
        for (start, days, end) in [
            ("2025-01-24", 3, "2025-02-05"), ("2025-09-26", 10, "2025-10-16"), ("2026-02-12", 5, "2026-02-26"), ("2026-04-29", 22, "2026-06-02"),
            ("2026-09-18", 6, "2026-09-28"),
        ] {
            for minute in [0, 1, 9 * 60, 23 * 60 + 59] {
                let instant = TimeZoneRules.shanghai.instant(of: LocalTime(date: date(start), minute: minute))
                let due = time.deadline(days: days, after: instant, notBefore: time.firstDay(ofClockFrom: instant))
                #expect(due.rfc3339(in: .shanghai) == "\(end)T23:59:59+08:00", "\(start) + \(days)")
            }
        }
        for number in [2025, 2026] {
            #expect(calendar.workdays(from: date("\(number)-01-01"), through: date("\(number)-12-31")) == 248)
            #expect(calendar.isKnown(number))
        }
        #expect(!calendar.isKnown(2027))
        #expect(calendar.isKnown(from: date("2025-12-01"), through: date("2026-12-31")))
        #expect(!calendar.isKnown(from: date("2026-12-31"), through: date("2027-01-04")))
        // Beyond what is published every Monday to Friday counts.
        #expect(calendar.workday(1, from: date("2027-01-01")) == date("2027-01-01"))
    }

    @Test func theStartDayCountsWhereItIsSaid() {
        for (start, minute, days, without, with) in [
            ("2026-03-02", 600, 1, "2026-03-03", "2026-03-02"),  // a Monday
            ("2026-03-06", 600, 3, "2026-03-11", "2026-03-10"),  // a Friday
            ("2026-03-07", 600, 1, "2026-03-09", "2026-03-09"),  // a Saturday counts neither way
            ("2026-03-02", 18 * 60, 1, "2026-03-03", "2026-03-03"),  // after hours, the day is over
            ("2026-02-28", 600, 1, "2026-03-02", "2026-02-28"),  // a Saturday that is worked
        ] {
            for (counts, expected) in [(false, without), (true, with)] {
                let calendar = WorkingCalendar(years: published, countsStartDay: counts, hours: .init(fromMinute: 510, untilMinute: 1_050))
                let time = WorkTime(calendar: calendar, zone: .shanghai)
                let instant = TimeZoneRules.shanghai.instant(of: LocalTime(date: date(start), minute: minute))
                let due = time.deadline(days: days, after: instant, notBefore: time.firstDay(ofClockFrom: instant))
                #expect(due.rfc3339(in: .shanghai) == "\(expected)T17:30:00+08:00", "\(start) \(minute) + \(days), start day \(counts)")
            }
        }
    }

    @Test func partsOfADeadlineFallIntoWorkingTime() {
        let time = WorkTime(calendar: WorkingCalendar(years: published, hours: .init(fromMinute: 480, untilMinute: 1_080)), zone: .shanghai)
        let friday = TimeZoneRules.shanghai.instant(of: LocalTime(date: date("2026-03-06"), minute: 600))
        let first = time.firstDay(ofClockFrom: friday)
        func at(_ hundredths: Int) -> String { time.instant(hundredths: hundredths, ofDaysAfter: friday, notBefore: first).rfc3339(in: .shanghai) }
        #expect(at(0) == "2026-03-06T10:00:00+08:00")
        #expect(at(50) == "2026-03-09T13:00:00+08:00")
        #expect(at(100) == "2026-03-09T18:00:00+08:00")
        #expect(at(250) == "2026-03-11T13:00:00+08:00")
        #expect(at(500) == "2026-03-13T18:00:00+08:00")
    }

    @Test func workingHoursRunOnWorkingDaysOnly() {
        let time = WorkTime(calendar: WorkingCalendar(years: published, hours: .init(fromMinute: 480, untilMinute: 1_080)), zone: .shanghai)
        func at(_ day: String, _ minute: Int) -> Instant { TimeZoneRules.shanghai.instant(of: LocalTime(date: date(day), minute: minute)) }
        for (from, hours, due) in [
            (at("2026-03-06", 600), 8, at("2026-03-06", 1_080)), (at("2026-03-06", 600), 9, at("2026-03-09", 540)),
            (at("2026-03-07", 600), 1, at("2026-03-09", 540)), (at("2026-03-06", 60), 1, at("2026-03-06", 540)),
            (at("2026-02-13", 1_080), 10, at("2026-02-14", 1_080)), (at("2026-02-14", 1_079), 1, at("2026-02-24", 539)),
        ] {
            #expect(time.deadline(working: .hours(Int64(hours)), after: from) == due)
            #expect(time.worked(from: from, to: due) == .hours(Int64(hours)))
        }
        #expect(time.deadline(working: .zero, after: at("2026-03-07", 600)) == at("2026-03-07", 600))
    }

    /// Daylight saving moves a close by an hour and never a day.
    @Test func daylightSavingMovesNoDay() {
        let time = WorkTime(calendar: WorkingCalendar(), zone: newYork)
        let friday = newYork.instant(of: LocalTime(date: date("2026-03-06"), minute: 23 * 60 + 30))
        let due = time.deadline(days: 1, after: friday, notBefore: time.firstDay(ofClockFrom: friday))
        #expect(due.rfc3339(in: newYork) == "2026-03-09T23:59:59-04:00")
        let autumn = newYork.instant(of: LocalTime(date: date("2026-10-30"), minute: 600))
        let later = time.deadline(days: 2, after: autumn, notBefore: time.firstDay(ofClockFrom: autumn))
        #expect(later.rfc3339(in: newYork) == "2026-11-03T23:59:59-05:00")
        // A leap day is a day like any other.
        let leap = WorkTime(calendar: WorkingCalendar(), zone: .utc)
        let start = utc("2028-02-28", 0)
        #expect(leap.deadline(days: 1, after: start, notBefore: date("2028-02-29")).rfc3339() == "2028-02-29T23:59:59Z")
    }

    // MARK: The twin, day by day

    /// Whether a day is worked, from the lists alone.
    private func isWorked(_ day: CivilDate, _ years: [Int: WorkingCalendar.Year]) -> Bool {
        if years[day.year]?.workdays.contains(day) == true { return true }
        if years[day.year]?.holidays.contains(day) == true { return false }
        return day.weekday <= 5
    }

    @Test(arguments: 0..<40) func countingIsThatOfATwinThatGoesDayByDay(_ round: Int) {
        let seed = UInt64(7_000 + round)
        var random = SeededGenerator(seed: seed)
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        var years: [Int: WorkingCalendar.Year] = [:]
        for number in 2023...2027 where pick(0...3) > 0 {
            var year = WorkingCalendar.Year()
            let newYear = date("\(number)-01-01").daysSinceEpoch
            for _ in 0..<pick(0...40) { year.holidays.insert(CivilDate(daysSinceEpoch: newYear + pick(0...364))) }
            for _ in 0..<pick(0...10) { year.workdays.insert(CivilDate(daysSinceEpoch: newYear + pick(0...364))) }
            years[number] = year
        }
        let open = pick(0...700)
        let hours = pick(0...1) == 0 ? nil : WorkingCalendar.Hours(fromMinute: open, untilMinute: open + pick(1...(1_440 - open)))
        let calendar = WorkingCalendar(years: years, countsStartDay: pick(0...1) == 0, hours: hours)
        let zone = [TimeZoneRules.shanghai, .utc, newYork][pick(0...2)]
        let time = WorkTime(calendar: calendar, zone: zone)
        let base = date("2022-12-20").daysSinceEpoch

        for _ in 0..<60 {
            let day = CivilDate(daysSinceEpoch: base + pick(0...1_700))
            #expect(calendar.isWorkday(day) == isWorked(day, years), "seed \(seed), \(day)")
            let start = zone.instant(of: day, second: pick(0...86_399))
            let first = time.firstDay(ofClockFrom: start)
            #expect(first == (calendar.countsStartDay ? zone.date(at: start) : zone.date(at: start).adding(days: 1)))

            // The nth close after the start, one day after the other.
            let n = pick(1...60)
            var left = n
            var at = zone.date(at: start)
            while true {
                if at >= first, isWorked(at, years), time.close(of: at) > start {
                    left -= 1
                    if left == 0 { break }
                }
                at = at.adding(days: 1)
            }
            let due = time.deadline(days: n, after: start, notBefore: first)
            #expect(due == time.close(of: at), "seed \(seed), \(start.rfc3339(in: zone)) + \(n)")
            #expect(time.closes(after: start, through: due, notBefore: first) == n)
            #expect(time.closes(after: start, through: due + TimeSpan(milliseconds: -1), notBefore: first) == n - 1)

            // So many working days back from any instant: exactly the clocks that began before then have passed their deadline.
            for end in [due, due + TimeSpan(milliseconds: 1), due + .minutes(Int64(pick(-5_000...5_000)))] where end > start {
                #expect((end - start > time.span(days: n, before: end)) == (due < end), "seed \(seed), \(n) days back from \(end.rfc3339(in: zone))")
            }
            #expect(time.span(days: 0, before: due) == .zero)

            // A clock that is stopped and goes on: all closes that it saw while it ran, and no other.
            var now = start
            var counted = 0
            var twin = 0
            for _ in 0..<pick(1...6) {
                let stop = now + .minutes(Int64(pick(0...14_000)))
                counted += time.closes(after: now, through: stop, notBefore: first)
                var day = zone.date(at: now)
                while day <= zone.date(at: stop) {
                    let close = time.close(of: day)
                    if day >= first, isWorked(day, years), close > now, close <= stop { twin += 1 }
                    day = day.adding(days: 1)
                }
                #expect(counted == twin, "seed \(seed)")
                now = stop + .minutes(Int64(pick(0...10_000)))
            }

            // Working time, minute by minute over some days.
            let span = TimeSpan.minutes(Int64(pick(1...3_000)))
            let end = time.deadline(working: span, after: start)
            #expect(time.worked(from: start, to: end) == span, "seed \(seed), \(start.rfc3339(in: zone)) + \(span.text)")
            #expect(time.worked(from: start, to: end + .seconds(-1)) < span)
        }
    }
}

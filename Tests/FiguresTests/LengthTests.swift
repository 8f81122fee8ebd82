import Domain
import Rules
import Testing

@testable import Figures

@Suite("Lengths of time as limits count them")
struct LengthTests {
    private let time = WorkTime(
        calendar: WorkingCalendar(hours: WorkingCalendar.Hours(fromMinute: 8 * 60, untilMinute: 18 * 60)), zone: .shanghai)

    /// `instant(hundredths:…)` says when so much has gone by; this must say how much has gone by then.
    @Test("the inverse of the instants at which warnings come", arguments: [UInt64(1), 2, 3])
    func inverse(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<500 {
            let start = Town.monday + .minutes(Int64(dice.below(20 * 1_440)))
            let hundredths = 1 + dice.below(900)
            let first = time.firstDay(ofClockFrom: start)
            let end = time.instant(hundredths: hundredths, ofDaysAfter: start, notBefore: first)
            let found = time.thousandths(ofDaysFrom: start, to: end, notBefore: first)
            #expect(abs(found - Int64(hundredths) * 10) <= 1, "seed \(seed): \(hundredths) hundredths from \(start) were read as \(found)")
        }
    }

    @Test("a pause is left out, whatever the limit counts in")
    func pauses() {
        let start = Town.monday
        var days = LimitFact(name: .stage, length: .workingDays(5), start: start + .days(7), began: start, used: 3)
        days.reachedAt = time.close(of: CivilDate(year: 2026, month: 11, day: 10) ?? CivilDate(daysSinceEpoch: 0))
        #expect(days.taken(time) == 5_000, "three before the pause, the closes of the 9th and the 10th after it")
        let hours = LimitFact(name: .stage, length: .hours(8), start: start + .hours(5), reachedAt: start + .hours(9))
        #expect(hours.taken(time) == Int64(14_400_000), "a pause has moved the start on")
        #expect(LimitFact(name: .stage, length: .hours(8), start: start).taken(time) == nil)
    }

    @Test("on the days when clocks change, a length stays a length and a week a week")
    func clockChanges() throws {
        let spring = Town.instant("2026-03-29T01:00:00Z")
        let berlin = TimeZoneRules(
            name: "Europe/Berlin", initialOffsetSeconds: 3_600,
            transitions: [
                .init(at: spring, offsetSeconds: 7_200), .init(at: Town.instant("2026-10-25T01:00:00Z"), offsetSeconds: 3_600),
            ])
        let whole = WorkTime(calendar: WorkingCalendar(), zone: berlin)
        for (text, hours) in [("2026-03-27T12:00:00+01:00", Int64(23)), ("2026-10-23T12:00:00+02:00", 25), ("2026-06-05T12:00:00+02:00", 24)] {
            // From Friday noon to Monday noon: the rest of Friday does not count, the weekend does not, half of Monday does.
            let start = Town.instant(text)
            let monday = berlin.date(at: start).adding(days: 3)
            let end = berlin.instant(of: LocalTime(date: monday, minute: 720))
            let found = whole.thousandths(ofDaysFrom: start, to: end, notBefore: whole.firstDay(ofClockFrom: start))
            #expect(abs(found - 500) <= 1, "\(text)")
            #expect((end - start).milliseconds == (48 + hours) * 3_600_000, "the clock on the wall has gone on by \(48 + hours) hours")
        }
    }

    @Test("nearest rank, exact", arguments: [(1, 1, 1), (2, 1, 2), (3, 2, 3), (10, 5, 9), (11, 6, 10), (100, 50, 90), (101, 51, 91)])
    func ranks(count: Int, median: Int64, p90: Int64) {
        var values = Distribution((1...count).map { Int64($0) }.reversed())
        #expect(values.summary() == DurationFigure(count: count, median: median, p90: p90, unit: .hours))
    }

    @Test("what selection finds is what sorting finds, whatever the order", arguments: [UInt64(7), 8, 9])
    func selection(seed: UInt64) {
        var dice = Dice(seed: seed)
        for round in 0..<300 {
            let count = 1 + dice.below(round < 290 ? 80 : 20_000)
            let kinds = 1 + dice.below(count * 2)
            var values = (0..<count).map { _ in Int64(dice.below(kinds)) }
            if dice.chance(20) { values.sort() }
            if dice.chance(20) { values.reverse() }
            if dice.chance(20) { values = values.indices.map { Int64(min($0, count - $0)) } }
            let sorted = values.sorted()
            func rank(_ percent: Int) -> Int64 { sorted[max((count * percent + 99) / 100, 1) - 1] }
            var distribution = Distribution(values)
            #expect(
                distribution.summary() == DurationFigure(count: count, median: rank(50), p90: rank(90), unit: .hours), "seed \(seed), round \(round)")
            #expect(distribution.values.sorted() == sorted, "nothing is lost: it can be asked again")
        }
    }

    @Test("a limit that changed its unit is told in the unit that most were counted in")
    func mixedUnits() {
        var durations = Durations()
        durations.add(7_200_000, .hours)
        for days in 1...3 { durations.add(Int64(days) * 1_000, .working_days) }
        #expect(durations.summary() == DurationFigure(count: 3, median: 2_000, p90: 3_000, unit: .working_days))
    }

    @Test("a name has one number, and its number gives it back", arguments: [UInt64(5)])
    func names(seed: UInt64) {
        var dice = Dice(seed: seed)
        var table = NameTable()
        var known: [String: Int32] = ["": 0]
        var last: Int32 = 0
        for _ in 0..<5_000 {
            let name = dice.chance(5) ? "" : String(repeating: "线", count: dice.below(3)) + String(dice.below(900))
            let code = table.code(name)
            #expect(known[name, default: code] == code)
            var text = name
            let again = text.withUTF8 { table.code(UnsafeRawBufferPointer($0), last: &last) }
            #expect(again == code && last == code)
            known[name] = code
            #expect(table[code] == name)
        }
        #expect(Set(known.values).count == known.count)
    }
}

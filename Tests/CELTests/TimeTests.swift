@testable import CEL
import Testing

@Suite struct TimeTests {
    @Test(arguments: [
        ("timestamp('2009-02-13T23:31:30Z').getFullYear()", "2009"), ("timestamp('2009-02-13T23:31:30Z').getMonth()", "1"),
        ("timestamp('2009-02-13T23:31:30Z').getDate()", "13"), ("timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "12"),
        ("timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "5"),
        ("timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "43"), ("timestamp('2008-12-31T00:00:00Z').getDayOfYear()", "365"),
        ("timestamp('2009-02-13T23:31:30Z').getHours()", "23"), ("timestamp('2009-02-13T23:31:30.7891Z').getMilliseconds()", "789"),
        ("timestamp('2009-02-13T23:31:30Z').getHours('+08:00')", "7"),
        ("timestamp('2009-02-13T23:31:30Z').getDate('+08:00')", "14"), ("timestamp('2009-02-13T02:00:00Z').getHours('-02:30')", "23"),
        ("timestamp('1969-12-31T23:59:59Z').getSeconds()", "59"), ("timestamp('1969-12-31T23:59:59Z').getDayOfWeek()", "3"),
        ("timestamp('2026-11-22T08:15:00+08:00')", "\"2026-11-22T00:15:00Z\""),
        ("string(timestamp('2026-11-22T08:15:00.120Z'))", "\"2026-11-22T08:15:00.12Z\""), ("int(timestamp('1970-01-01T00:01:00Z'))", "60"),
        ("timestamp(60)", "\"1970-01-01T00:01:00Z\""), ("timestamp(253402300800)", "error: the result is too large (overflow)"),
        ("duration('1h30m')", "\"5400s\""), ("duration('-1.5h')", "\"-5400s\""),
        ("duration('250ms')", "\"0.25s\""), ("duration('1us') == duration('1000ns')", "true"), ("duration('0')", "\"0s\""),
        ("duration('90m').getHours()", "1"), ("duration('90m').getMinutes()", "90"), ("duration('1.234s').getMilliseconds()", "234"),
        ("duration('-1.5s').getSeconds()", "-1"),
        ("timestamp('2026-01-01T00:00:00Z') + duration('-1s')", "\"2025-12-31T23:59:59Z\""),
        ("timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')", "true"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: a point in time outside the years 1 to 9999"),
        ("duration('315576000000s') + duration('1ns')", "error: a length of time of more than 10 000 years"),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-01T00:00:00.000000001Z')", "true"),
        ("duration('-0.5s') < duration('0s')", "true"), ("duration('1d')", "refused: bad-duration"),
        ("timestamp('2026-01-01')", "refused: bad-timestamp"),
        ("timestamp('2026-01-01T24:00:00Z')", "refused: bad-timestamp"), ("timestamp('2026-04-31T00:00:00Z')", "refused: bad-timestamp"),
        ("timestamp('2100-02-29T00:00:00Z')", "refused: bad-timestamp"), ("timestamp('0000-12-31T00:00:00Z')", "refused: bad-timestamp"),
        ("duration('400000000000s')", "refused: bad-duration"), ("duration('1')", "refused: bad-duration"),
        ("timestamp('2026-01-01T00:00:00Z').getHours('Mars')", "refused: unknown-zone"),
        (
            "timestamp('2026-01-01T00:00:00Z').getHours('Ma' + 'rs')",
            "error: 'Mars' is no known time zone; an offset such as '+08:00' always is"
        ), ("duration('1s') * 2", "refused: no-overload"),
    ])
    func values(_ text: String, _ expected: String) {
        #expect(outcome(text) == expected)
    }

    @Test func namedZonesAreAskedFor() {
        var schema = Schema()
        schema.timeZones = ["Asia/Shanghai"]
        var fields = Fields()
        fields.zones = { name, _ in name == "Asia/Shanghai" ? 28_800 : nil }
        #expect(outcome("timestamp('2026-01-01T00:00:00Z').getHours('Asia/Shanghai')", schema, fields) == "8")
        #expect(outcome("timestamp('2026-01-01T00:00:00Z').getHours('Asia/Shanhai')", schema, fields) == "refused: unknown-zone")
    }

    /// Every day of the years 1 to 2399, counted by hand beside.
    @Test func calendar() {
        var (year, month, day) = (1, 1, 1)
        var days: Int64 = -719_162
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        while year < 2400 {
            let civil = TimeText.Civil(seconds: days * 86_400 + 3661)
            guard civil.year == year, civil.month == month, civil.day == day, civil.hour == 1, civil.minute == 1, civil.second == 1,
                TimeText.daysSinceEpoch(year: year, month: month, day: day) == days
            else {
                Issue.record("day \(days): \(civil) instead of \(year)-\(month)-\(day)")
                return
            }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            days += 1
            if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    @Test func textsReadBack() {
        var random = Xorshift(seed: 20_261_123)
        for _ in 0..<2000 {
            let seconds = Int64(random.below(315_537_897_599)) - 62_135_596_800
            let nanoseconds = Int32(random.below(3) == 0 ? 0 : random.below(1_000_000_000))
            let text = TimeText.timestamp(seconds: seconds, nanoseconds: nanoseconds)
            #expect(TimeText.parseTimestamp(text) == .init(seconds: seconds, nanoseconds: nanoseconds), "seed 20261123: \(text)")
            let sign: Int64 = random.below(2) == 0 ? 1 : -1
            let length = Int64(random.below(300_000_000_000)) * sign
            let duration = TimeText.duration(seconds: length, nanoseconds: nanoseconds * Int32(sign))
            #expect(
                TimeText.parseDuration(duration) == .init(seconds: length, nanoseconds: nanoseconds * Int32(sign)),
                "seed 20261123: \(duration)")
        }
    }
}

/// A small generator with a seed, so that a failing property can be run again.
struct Xorshift {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

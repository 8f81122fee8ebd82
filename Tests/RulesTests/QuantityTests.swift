import Domain
import Testing

@testable import Rules

@Suite struct QuantityTests {
    @Test(arguments: [
        ("45 min", 2_700_000), ("2 h", 7_200_000), ("3 s", 3_000), ("1 day", 86_400_000), ("2 days", 172_800_000), ("1 h 30 min", 5_400_000),
        ("1 day 2 h 3 min 4 s", 93_784_000), ("90 min", 5_400_000), ("3660 days", 316_224_000_000), ("1 s", 1_000), ("007 min", 420_000),
    ] as [(String, Int64)])
    func durations(text: String, milliseconds: Int64) throws {
        #expect(try Quantity.duration(text) == TimeSpan(milliseconds: milliseconds))
    }

    @Test(arguments: [
        ("45", .unit, "45 min"), ("45min", .unit, "45 min"), ("45 minutes", .unit, "45 min"), ("45 分钟", .unit, "45 min"), ("2小时", .unit, "2 h"),
        ("1.5 h", .unit, "1 h 30 min"), ("30 min 1 h", .unit, "1 h 30 min"), ("1 h 1 h", .unit, "2 h"), ("45  min", .unit, "45 min"), (" 45 min", .unit, "45 min"),
        ("1h30", .unit, nil), ("PT45M", .unit, nil), ("fast", .unit, nil), ("-5 min", .unit, nil), ("1e3 s", .unit, nil), ("", .unit, nil),
        ("0 min", .range, nil), ("3661 days", .range, nil), ("999999999999999999 days", .range, nil), ("99999999999999999999 days", .unit, nil),
        ("22 working days", .workingDays, nil), ("5 个工作日", .workingDays, nil), ("٣ min", .unit, nil), ("1 d", .unit, "1 day"), ("NaN h", .unit, nil), ("inf h", .unit, nil),
    ] as [(String, Quantity.Fault.Kind, String?)])
    func wrongDurations(text: String, kind: Quantity.Fault.Kind, suggestion: String?) {
        #expect(throws: Quantity.Fault(kind: kind, suggestion: suggestion)) { try Quantity.duration(text) }
    }

    /// Whatever is suggested is right.
    @Test func suggestionsReadBack() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let span = TimeSpan.seconds(Int64.random(in: 1...316_224_000, using: &random))
            #expect(try Quantity.duration(Quantity.words(for: span)) == span)
        }
    }

    @Test(arguments: [("40 km", 40_000), ("800 m", 800), ("1 m", 1), ("20000 km", 20_000_000)])
    func distances(text: String, metres: Int) throws { #expect(try Quantity.distance(text) == metres) }

    @Test(arguments: [
        ("40", .unit, "40 km"), ("40km", .unit, "40 km"), ("1.5 km", .unit, "1500 m"), ("40 公里", .unit, "40 km"), ("40 miles", .unit, nil),
        ("0 km", .range, nil), ("20001 km", .range, nil), ("-1 km", .unit, nil), ("999999999999999999 km", .range, nil),
    ] as [(String, Quantity.Fault.Kind, String?)])
    func wrongDistances(text: String, kind: Quantity.Fault.Kind, suggestion: String?) {
        #expect(throws: Quantity.Fault(kind: kind, suggestion: suggestion)) { try Quantity.distance(text) }
    }

    @Test(arguments: [("50%", 50), ("1%", 1), ("1000%", 1_000)])
    func percentages(text: String, percent: Int) throws { #expect(try Quantity.percent(text) == percent) }

    @Test(arguments: [
        ("50", .unit, "50%"), ("50 %", .unit, "50%"), ("50％", .unit, "50%"), ("0.5", .unit, nil), ("0%", .range, nil), ("1001%", .range, nil), ("half", .unit, nil),
    ] as [(String, Quantity.Fault.Kind, String?)])
    func wrongPercentages(text: String, kind: Quantity.Fault.Kind, suggestion: String?) {
        #expect(throws: Quantity.Fault(kind: kind, suggestion: suggestion)) { try Quantity.percent(text) }
    }

    @Test(arguments: [("00:00", 0), ("08:00", 480), ("20:30", 1_230), ("23:59", 1_439), ("24:00", 1_440)])
    func hours(text: String, minutes: Int) throws { #expect(try Quantity.timeOfDay(text) == minutes) }

    @Test(arguments: [
        ("8:00", .unit, "08:00"), ("8", .unit, "08:00"), ("08:0", .unit, "08:00"), ("24:01", .range, nil), ("25:00", .range, nil), ("08:60", .range, nil),
        ("8 am", .unit, nil), ("08:00:00", .unit, nil), ("480:00", .range, nil),
    ] as [(String, Quantity.Fault.Kind, String?)])
    func wrongHours(text: String, kind: Quantity.Fault.Kind, suggestion: String?) {
        #expect(throws: Quantity.Fault(kind: kind, suggestion: suggestion)) { try Quantity.timeOfDay(text) }
    }

    @Test(arguments: [("28.0121", 28.0121), ("-90", -90), ("0.5", 0.5), ("90.0", 90)])
    func degrees(text: String, value: Double) throws { #expect(try Quantity.degrees(text, limit: 90) == value) }

    @Test(arguments: [
        ("90.0001", .range), ("-91", .range), ("28,01", .unit), ("2.8e1", .unit), ("NaN", .unit), ("28°", .unit), (".5", .unit), ("5.", .unit), ("+5", .unit), ("0x1F", .unit),
    ] as [(String, Quantity.Fault.Kind)])
    func wrongDegrees(text: String, kind: Quantity.Fault.Kind) {
        #expect(throws: Quantity.Fault(kind: kind)) { try Quantity.degrees(text, limit: 90) }
    }
}

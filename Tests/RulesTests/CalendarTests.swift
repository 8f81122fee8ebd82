import Domain
import Testing

@testable import Rules

/// The calendar as rule files say it: what it comes to. Its mistakes stand in golden files.
@Suite struct RuleCalendarTests {
    private func set(_ files: (String, String)...) throws -> RuleSet {
        let route = "module: faults\nroute:\n  - name: rest\n    task: repair\n    assign: { department: operations }\n    limits: { reply: 2 working days }\n"
        let source = RuleSource(files: ([("site.yaml", Fixture.site), ("faults.yaml", route)] + files).map { .init(name: $0.0, bytes: Array($0.1.utf8)) })
        let compilation = Fixture.compile(source)
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    private func date(_ packed: Int32) throws -> CivilDate { try #require(CivilDate(packed: packed)) }

    @Test func yearsRangesAndHoursAreRead() throws {
        let calendar = try set(
            (
                "calendar.yaml",
                """
                module: calendar
                calendar:
                  count_start_day: true
                  business_hours: { from: 08:30, until: 17:30 }
                  2026:
                    holidays: [01-01..01-03, 02-15..02-23]
                    workdays: [01-04, 02-14]
                """
            )
        ).site.calendar
        #expect(calendar.countsStartDay)
        #expect(calendar.hours == WorkingCalendar.Hours(fromMinute: 510, untilMinute: 1_050))
        #expect(calendar.isKnown(2_026) && !calendar.isKnown(2_027))
        for (day, isWorked) in [(20_260_101, false), (20_260_104, true), (20_260_105, true), (20_260_214, true), (20_260_216, false), (20_260_224, true)] {
            #expect(calendar.isWorkday(try date(Int32(day))) == isWorked, "\(day)")
        }
    }

    @Test func anImportedFeedMakesYearsKnown() throws {
        let feed = [
            "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20270101", "DTEND;VALUE=DATE:20270104", "SUMMARY:元旦（休）", "END:VEVENT",
            "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20270206", "SUMMARY;LANGUAGE=zh:春节\\, 补", " 班", "END:VEVENT", "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20270208",
            "DURATION:P1W", "SUMMARY:春节", "END:VEVENT", "END:VCALENDAR", "",
        ].joined(separator: "\r\n")
        let calendar = try set(
            ("calendar.yaml", "module: calendar\ncalendar:\n  2026:\n    holidays: [01-01]\n  import: { file: feed.ics, workday_mark: 班 }\n"), ("feed.ics", feed)
        ).site.calendar
        #expect(calendar.isKnown(2_026) && calendar.isKnown(2_027))
        for (day, isWorked) in [(20_270_101, false), (20_270_104, true), (20_270_206, true), (20_270_208, false), (20_270_212, false), (20_270_215, true)] {
            #expect(calendar.isWorkday(try date(Int32(day))) == isWorked, "\(day)")
        }
    }

    @Test func withoutACalendarMondayToFridayCounts() throws {
        let set = try set()
        #expect(set.site.calendar == WorkingCalendar())
        let result = set.route(Fixture.subject(Report(type: "fault", category: "no_power")), tracing: false)
        #expect(result.routings.first?.limits[.reply] == .workingDays(2))
    }

    @Test(arguments: [
        ("22 working days", LimitLength.workingDays(22)), ("1 working day", .workingDays(1)), ("8 working hours", .workingTime(.hours(8))),
        ("45 min", .time(.minutes(45))), ("1 h 30 min", .time(.minutes(90))), ("2 days", .time(.days(2))),
    ]) func aLimitReadsAndWritesAlike(_ text: String, _ length: LimitLength) throws {
        #expect(try Quantity.limit(text) == length)
        #expect(length.ruleText == text)
    }

    @Test(arguments: [
        ("22 workdays", "22 working days"), ("3wd", "3 working days"), ("5个工作日", "5 working days"), ("1 business day", "1 working day"),
        ("4 working h", "4 working hours"), ("2 Working Days", "2 working days"), ("90 minutes", "1 h 30 min"), ("0 working days", nil),
        ("x working days", nil),
    ]) func aSlipIsUnderstood(_ text: String, _ suggestion: String?) {
        #expect { try Quantity.limit(text) } throws: { ($0 as? Quantity.Fault)?.suggestion == suggestion }
    }
}

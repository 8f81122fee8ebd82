/// What the calendar's diagnostics say.
extension Wording {
    static func badDate(_ text: String, suggestion: String? = nil) -> Wording {
        Wording(
            .badDate, "'\(text.prefix(60))' is no day of the year: month and day with two digits each, or two of them with '..' between", suggestion: suggestion,
            example: "01-28..02-04")
    }
    static func noSuchDate(_ text: String, year: Int) -> Wording {
        Wording(.badDate, "'\(text.prefix(60))' is not a date that exists in \(year)")
    }
    static func datesTheWrongWayRound(_ text: String, suggestion: String) -> Wording {
        Wording(.badDate, "'\(text.prefix(60))' ends before it begins; days after 31 December stand under the next year", suggestion: suggestion)
    }
    static func dateTwice(_ date: String, first: String, second: String) -> Wording {
        Wording(.duplicateName, first == second ? "\(date) is among the \(first) already" : "\(date) is among the \(first) and the \(second); it can be one of them")
    }
    static func noYear(_ text: String) -> Wording {
        Wording(
            .unknownKey, "'calendar' has no key '\(text.prefix(60))': 'count_start_day', 'business_hours', 'import', and years from 2000 to 2100",
            example: "2026:\n  holidays: [01-01..01-03]\n  workdays: [01-04]")
    }
    static func secondCalendar(place: String) -> Wording {
        Wording(.secondCalendar, "there is a calendar already, in \(place); put all years into one of them")
    }
    static func idleWorkday(_ date: String, weekday: String) -> Wording {
        Wording(.idleDate, "\(date) is a \(weekday) and worked anyway; 'workdays' are days of a weekend that are worked instead")
    }
    static let businessHoursOrder = Wording(
        .outOfRange, "'until' must come after 'from': business hours lie within one day", example: "business_hours: { from: 08:30, until: 17:30 }")
    static func badEvent(_ message: String) -> Wording { Wording(.badEvent, message) }
    static func yearTwice(_ year: Int, file: String) -> Wording {
        Wording(.duplicateName, "\(year) stands here and in \(file); delete one of them")
    }
    static func noCalendar() -> Wording {
        Wording(
            .noCalendar, "this limit counts working days, and no module has a calendar: every Monday to Friday counts, public holidays too",
            example: "calendar:\n  2026:\n    holidays: [01-01..01-03]\n    workdays: [01-04]")
    }
}

/// How long a limit is.
package enum LimitLength: Sendable, Hashable {
    /// By the clock on the wall, day and night.
    case time(TimeSpan)
    /// `22 working days`: closes of working days (`WorkTime`). 1 ... 3660
    case workingDays(Int)
    /// `8 working hours`: within business hours, on working days.
    case workingTime(TimeSpan)

    package static func seconds(_ n: Int64) -> LimitLength { .time(.seconds(n)) }
    package static func minutes(_ n: Int64) -> LimitLength { .time(.minutes(n)) }
    package static func hours(_ n: Int64) -> LimitLength { .time(.hours(n)) }
    package static func days(_ n: Int64) -> LimitLength { .time(.days(n)) }

    /// Whether its deadline depends on the calendar.
    package var isWorking: Bool {
        switch self {
        case .time: false
        case .workingDays, .workingTime: true
        }
    }

    /// Whether it surely ends after another that begins with it; false where days and working days are compared.
    package func isLonger(than other: LimitLength) -> Bool {
        switch (self, other) {
        case (.time(let mine), .time(let whole)), (.workingTime(let mine), .workingTime(let whole)): mine > whole
        case (.workingDays(let mine), .workingDays(let whole)): mine > whole
        case (.time, _), (.workingDays, _), (.workingTime, _): false
        }
    }

    /// For tables and pages: `45 min`, `22 working days`, `8 working h 00 min`.
    package var text: String {
        switch self {
        case .time(let span): span.text
        case .workingDays(let days): days == 1 ? "1 working day" : "\(days) working days"
        case .workingTime(let span): span.milliseconds % 3_600_000 == 0 ? "\(span.milliseconds / 3_600_000) working h" : "\(span.text) (working time)"
        }
    }

    /// As a rule file says it: `45 min`, `1 h 30 min`, `22 working days`, `8 working hours`.
    package var ruleText: String {
        switch self {
        case .time(let span): Self.words(span)
        case .workingDays(let days): days == 1 ? "1 working day" : "\(days) working days"
        case .workingTime(let span):
            span.milliseconds == 3_600_000 ? "1 working hour" : "\(span.milliseconds / 3_600_000) working hours"
        }
    }

    private static func words(_ span: TimeSpan) -> String {
        var rest = span.milliseconds / 1_000
        var words: [String] = []
        for (unit, seconds) in [("day", Int64(86_400)), ("h", 3_600), ("min", 60), ("s", 1)] where rest >= seconds {
            let count = rest / seconds
            rest %= seconds
            words.append("\(count) \(unit)\(unit == "day" && count > 1 ? "s" : "")")
        }
        return words.isEmpty ? "0 s" : words.joined(separator: " ")
    }
}

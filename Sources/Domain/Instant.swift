/// A point in time: whole milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted (as Unix has it).
///
/// Every decision takes its instant as an argument; nothing below the daemon reads a clock.
package struct Instant: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds since the Unix epoch. Range used: years 1 to 9999.
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func < (a: Instant, b: Instant) -> Bool { a.milliseconds < b.milliseconds }

    /// Saturates instead of trapping, so that a foreign time can never stop the daemon.
    package static func + (a: Instant, b: TimeSpan) -> Instant {
        let (sum, overflow) = a.milliseconds.addingReportingOverflow(b.milliseconds)
        return Instant(milliseconds: overflow ? (b.milliseconds < 0 ? .min : .max) : sum)
    }

    package static func - (a: Instant, b: TimeSpan) -> Instant {
        let (sum, overflow) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        return Instant(milliseconds: overflow ? (b.milliseconds > 0 ? .min : .max) : sum)
    }
    package static func - (a: Instant, b: Instant) -> TimeSpan {
        let (difference, overflow) = a.milliseconds.subtractingReportingOverflow(b.milliseconds)
        return TimeSpan(milliseconds: overflow ? (a < b ? .min : .max) : difference)
    }

    package static let distantFuture = Instant(milliseconds: .max)

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

/// A length of time in whole milliseconds; may be negative.
package struct TimeSpan: Hashable, Comparable, Sendable, Codable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    package static func seconds(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 1_000) }
    package static func minutes(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 60_000) }
    package static func hours(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 3_600_000) }
    package static func days(_ n: Int64) -> TimeSpan { TimeSpan(milliseconds: n * 86_400_000) }
    package static let zero = TimeSpan(milliseconds: 0)

    package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.milliseconds < b.milliseconds }

    /// `percent` per cent of the span, rounded down to a whole millisecond. Saturates.
    package func percent(_ percent: Int) -> TimeSpan {
        let (whole, overflow) = milliseconds.multipliedReportingOverflow(by: Int64(percent))
        return overflow ? TimeSpan(milliseconds: milliseconds < 0 ? .min : .max) : TimeSpan(milliseconds: whole / 100)
    }

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

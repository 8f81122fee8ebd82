import Domain
import Rules

extension Shift {
    /// From and until are the same minute of the day: on duty all day.
    private var isAllDay: Bool { fromMinute % 1_440 == untilMinute % 1_440 }

    private static func localMinute(at instant: Instant, in zone: TimeZoneRules) -> (minute: Int, rest: Int64) {
        let local = instant.milliseconds + Int64(zone.offsetSeconds(at: instant)) * 1_000
        let day = local % 86_400_000
        let ofDay = day < 0 ? day + 86_400_000 : day
        return (Int(ofDay / 60_000), ofDay % 60_000)
    }

    /// Whether somebody with this shift is on duty.
    func isOnDuty(at instant: Instant, in zone: TimeZoneRules) -> Bool {
        if isAllDay { return true }
        let minute = Self.localMinute(at: instant, in: zone).minute
        return fromMinute < untilMinute ? minute >= fromMinute && minute < untilMinute : minute >= fromMinute || minute < untilMinute
    }

    /// The next instant after this one at which the shift begins or ends; nil: never (all day). Where a clock change leaves the minute out,
    /// the instant that the clock would have shown.
    func nextChange(after instant: Instant, in zone: TimeZoneRules) -> Instant? {
        if isAllDay { return nil }
        let (minute, rest) = Self.localMinute(at: instant, in: zone)
        let offset = zone.offsetSeconds(at: instant)
        var nearest: Instant?
        for boundary in [fromMinute % 1_440, untilMinute % 1_440] {
            let minutes = boundary > minute ? boundary - minute : boundary - minute + 1_440
            var at = instant + TimeSpan(milliseconds: Int64(minutes) * 60_000 - rest)
            let shifted = at + TimeSpan.seconds(Int64(offset - zone.offsetSeconds(at: at)))
            if shifted > instant { at = shifted }
            if let known = nearest, known <= at { continue }
            nearest = at
        }
        return nearest
    }
}

/// Whether a crew is on duty, and until when that is certain. A word by hand or by the crew goes first, then the shift; without
/// either it is on duty.
func duty(of crew: Crew, record: CrewRecord?, at now: Instant, in zone: TimeZoneRules) -> (isOn: Bool, until: Instant?) {
    if let word = record?.duty {
        guard let until = record?.dutyUntil else { return (word, nil) }
        if now < until { return (word, until) }
    }
    guard let shift = crew.shift else { return (true, nil) }
    return (shift.isOnDuty(at: now, in: zone), shift.nextChange(after: now, in: zone))
}

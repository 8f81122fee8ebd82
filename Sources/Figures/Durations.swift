package import Domain

/// What a length is counted in.
package enum DurationUnit: String, Sendable, Hashable, CaseIterable {
    /// By the clock on the wall; values are milliseconds.
    case hours
    /// Values are thousandths of a working day.
    case working_days
    /// Within business hours; values are milliseconds.
    case working_hours

    /// A value as people count it: hours, or days.
    package func number(_ value: Int64) -> Double {
        switch self {
        case .hours, .working_hours: Double(value) / 3_600_000
        case .working_days: Double(value) / 1_000
        }
    }
}

extension LimitFact {
    package var unit: DurationUnit {
        switch length {
        case .time: .hours
        case .workingDays: .working_days
        case .workingTime: .working_hours
        }
    }

    /// How long it took as its own clock counted it, pauses left out; nil where it was not reached.
    package func taken(_ time: WorkTime) -> Int64? {
        guard let reachedAt, let start else { return nil }
        switch length {
        case .time: return max((reachedAt - start).milliseconds, 0)
        case .workingDays:
            return used * 1_000 + time.thousandths(ofDaysFrom: start, to: reachedAt, notBefore: time.firstDay(ofClockFrom: began ?? start))
        case .workingTime: return used + time.worked(from: start, to: reachedAt).milliseconds
        }
    }
}

extension WorkTime {
    /// Working days between two instants in thousandths: the closes that a clock sees, and of the day under way the part that is over, from its
    /// opening to its close. The same measure by which `instant(hundredths:ofDaysAfter:notBefore:)` gives warnings.
    package func thousandths(ofDaysFrom start: Instant, to end: Instant, notBefore first: CivilDate) -> Int64 {
        guard end > start else { return 0 }
        let whole = closes(after: start, through: end, notBefore: first)
        // The day whose close comes next.
        let today = zone.date(at: end)
        let day = max(close(of: today) > end ? today : today.adding(days: 1), first)
        guard calendar.isWorkday(day) else { return Int64(whole) * 1_000 }
        let opening = max(self.opening(of: day), start)
        let length = (close(of: day) - opening).milliseconds
        let gone = max((end - opening).milliseconds, 0)
        guard length > 0, gone > 0 else { return Int64(whole) * 1_000 }
        return Int64(whole) * 1_000 + min(gone * 1_000 / length, 999)
    }
}

/// Lengths of time, to be sorted.
package struct Distribution: Sendable, Hashable {
    package private(set) var values: [Int64] = []

    package init(_ values: [Int64] = []) { self.values = values }

    package mutating func add(_ value: Int64) { values.append(value) }

    package var count: Int { values.count }

    /// Exact: sorts, and takes the nearest rank (the smallest value that at least so many per cent do not exceed). Empty: nil.
    package mutating func summary() -> DurationFigure? {
        guard !values.isEmpty else { return nil }
        values.sort()
        func rank(_ percent: Int) -> Int64 { values[max((values.count * percent + 99) / 100, 1) - 1] }
        return DurationFigure(count: values.count, median: rank(50), p90: rank(90), unit: .hours)
    }
}

/// Median and 90th percentile by nearest rank, exact.
package struct DurationFigure: Sendable, Hashable {
    package var count: Int
    package var median: Int64
    package var p90: Int64
    package var unit: DurationUnit

    package init(count: Int, median: Int64, p90: Int64, unit: DurationUnit) {
        self.count = count
        self.median = median
        self.p90 = p90
        self.unit = unit
    }
}

/// Lengths that may be counted in different units, because a limit was changed meanwhile.
struct Durations: Sendable {
    private var byUnit: [Distribution] = DurationUnit.allCases.map { _ in Distribution() }

    mutating func add(_ value: Int64, _ unit: DurationUnit) {
        switch unit {
        case .hours: byUnit[0].add(value)
        case .working_days: byUnit[1].add(value)
        case .working_hours: byUnit[2].add(value)
        }
    }

    /// Of the unit that most were counted in.
    mutating func summary() -> DurationFigure? {
        var most = 0
        for place in byUnit.indices where byUnit[place].count > byUnit[most].count { most = place }
        var figure = byUnit[most].summary()
        figure?.unit = DurationUnit.allCases[most]
        return figure
    }
}

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

    /// It runs, and its deadline moves when the calendar does.
    var goesByCalendar: Bool { due != nil && reachedAt == nil && length.isWorking }

    /// With the deadline by the calendar in force: a row keeps the one that it was written with (the same as `LimitClock.retime`).
    func retimed(_ time: WorkTime) -> LimitFact {
        guard goesByCalendar, let start else { return self }
        var limit = self
        switch length {
        case .time: break
        case .workingDays(let days):
            let left = Int64(days) - used
            if left > 0 { limit.due = time.deadline(days: Int(left), after: start, notBefore: time.firstDay(ofClockFrom: began ?? start)) }
        case .workingTime(let span):
            let left = span.milliseconds - used
            if left > 0 { limit.due = time.deadline(working: TimeSpan(milliseconds: left), after: start) }
        }
        return limit
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

    /// Exact: the nearest rank (the smallest value that at least so many per cent do not exceed). Empty: nil. Leaves the values in another order.
    package mutating func summary() -> DurationFigure? {
        guard !values.isEmpty else { return nil }
        func rank(_ percent: Int) -> Int { max((values.count * percent + 99) / 100, 1) - 1 }
        let (middle, high) = (rank(50), rank(90))
        let median = select(middle, from: 0)
        // What is behind the median's place is not smaller than it.
        return DurationFigure(count: values.count, median: median, p90: high == middle ? median : select(high, from: middle + 1), unit: .hours)
    }

    /// The value that would stand at a place if the values from `first` on were sorted (Hoare's selection): what is not greater is before it
    /// then, what is not smaller behind it. In time proportional to the count, where sorting a year's lengths would be felt.
    private mutating func select(_ place: Int, from first: Int) -> Int64 {
        values.withUnsafeMutableBufferPointer { values in
            var (low, high) = (first, values.count - 1)
            // Each round halves the range as a rule; where the values are against it, sorting ends what is left.
            var rounds = 4 * (Int.bitWidth - values.count.leadingZeroBitCount)
            while high - low > 16, rounds > 0 {
                rounds -= 1
                let (a, b, c) = (values[low], values[(low + high) / 2], values[high])
                let pivot = max(min(a, b), min(max(a, b), c))
                var (left, right) = (low, high)
                while left <= right {
                    while values[left] < pivot { left += 1 }
                    while values[right] > pivot { right -= 1 }
                    guard left <= right else { break }
                    values.swapAt(left, right)
                    left += 1
                    right -= 1
                }
                if place <= right {
                    high = right
                } else if place >= left {
                    low = left
                } else {
                    return values[place]
                }
            }
            values[low...high].sort()
            return values[place]
        }
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
    // Fields, not an array: each task adds to several of these.
    private var hours = Distribution()
    private var workingDays = Distribution()
    private var workingHours = Distribution()

    mutating func add(_ value: Int64, _ unit: DurationUnit) {
        switch unit {
        case .hours: hours.add(value)
        case .working_days: workingDays.add(value)
        case .working_hours: workingHours.add(value)
        }
    }

    /// Of the unit that most were counted in; of several, the first one.
    mutating func summary() -> DurationFigure? {
        let most = max(hours.count, workingDays.count, workingHours.count)
        if hours.count == most { return hours.summary() }
        var figure = workingDays.count == most ? workingDays.summary() : workingHours.summary()
        figure?.unit = workingDays.count == most ? .working_days : .working_hours
        return figure
    }
}

package import Domain
package import Rules

extension LimitClock {
    /// Its deadline had passed when its milestone was reached, or passed while it ran. A limit reached late stays late.
    package func isOverdue(at now: Instant) -> Bool {
        switch state {
        case .waiting, .stopped: false
        case .running: due.map { $0 < now } ?? false
        case .reached:
            if let due, let reachedAt { due < reachedAt } else { false }
        }
    }

    // The calendar is asked only by limits that go by it: `rules` is a reference, and nothing of it is copied for the others.

    /// It begins to run from here, anew.
    mutating func begin(at instant: Instant, _ rules: RuleSet) {
        state = .running
        start = instant
        stoppedAt = nil
        reachedAt = nil
        toldPercent = 0
        guard length.isWorking else { return }
        began = instant
        used = 0
        retime(rules)
    }

    /// It stands still; what had run is kept.
    mutating func stop(at instant: Instant, _ rules: RuleSet) {
        guard state == .running else { return }
        state = .stopped
        stoppedAt = instant
        guard length.isWorking, let start else { return }
        let time = rules.site.workTime
        switch length {
        case .time: break
        case .workingDays:
            used += Int64(time.closes(after: start, through: instant, notBefore: time.firstDay(ofClockFrom: began ?? start)))
        case .workingTime: used += time.worked(from: start, to: instant).milliseconds
        }
    }

    /// It goes on from where it was stopped. What is overdue stays so.
    mutating func go(on instant: Instant, _ rules: RuleSet) {
        guard state == .stopped else { return }
        let pause = max(stoppedAt.map { instant - $0 } ?? .zero, .zero)
        state = .running
        if length.isWorking {
            start = max(instant, stoppedAt ?? instant)
            stoppedAt = nil
            retime(rules)
        } else {
            start = start.map { $0 + pause }
            stoppedAt = nil
        }
    }

    /// The deadline of a running limit by the calendar in force. Returns whether it moved.
    @discardableResult
    mutating func retime(_ rules: RuleSet) -> Bool {
        guard state == .running, let start else { return false }
        let before = deadline
        switch length {
        case .time: return false
        case .workingDays(let days):
            let left = Int64(days) - used
            guard left > 0 else { return false }
            let time = rules.site.workTime
            deadline = time.deadline(days: Int(left), after: start, notBefore: time.firstDay(ofClockFrom: began ?? start))
        case .workingTime(let span):
            let left = span.milliseconds - used
            guard left > 0 else { return false }
            deadline = rules.site.workTime.deadline(working: TimeSpan(milliseconds: left), after: start)
        }
        return deadline != before
    }

    /// When so many per cent of it have gone by; nil while it does not run. 100 is the deadline.
    func instant(percent: Int, _ rules: RuleSet) -> Instant? {
        guard state == .running, let start else { return nil }
        switch length {
        case .time(let span): return start + span.percent(percent)
        case .workingDays(let days):
            if percent == 100 { return deadline }
            let time = rules.site.workTime
            return time.instant(
                hundredths: days * percent - Int(clamping: used) * 100, ofDaysAfter: start, notBefore: time.firstDay(ofClockFrom: began ?? start))
        case .workingTime(let span):
            if percent == 100 { return deadline }
            return rules.site.workTime.deadline(working: TimeSpan(milliseconds: span.percent(percent).milliseconds - used), after: start)
        }
    }

    /// Whether the deadline lies in, or is reckoned over, a year whose public holidays nobody has told.
    package func isBeyondCalendar(_ site: Site) -> Bool {
        guard length.isWorking, let from = began ?? start, let due = due ?? deadline else { return false }
        return !site.calendar.isKnown(from: site.zone.date(at: from), through: site.zone.date(at: due))
    }
}

extension WorkTask {
    private mutating func change(_ name: LimitName, _ body: (inout LimitClock) -> Void) {
        for index in limits.indices where limits[index].name == name { body(&limits[index]) }
    }

    /// The clock begins to run from here, anew.
    mutating func startClock(_ name: LimitName, at instant: Instant, _ rules: RuleSet) {
        change(name) { $0.begin(at: instant, rules) }
    }

    /// The clock waits for a new start.
    mutating func resetClock(_ name: LimitName) {
        change(name) { clock in
            clock = LimitClock(name: clock.name, length: clock.length)
        }
    }

    /// The milestone has come. Once reached it stays so.
    mutating func reachClock(_ name: LimitName, at instant: Instant) {
        change(name) { clock in
            guard clock.state != .reached else { return }
            clock.state = .reached
            clock.reachedAt = instant
        }
    }

    /// The milestone was not reached after all: the clock runs on from where it began.
    mutating func reopenClock(_ name: LimitName, _ rules: RuleSet) {
        change(name) { clock in
            guard clock.state == .reached, clock.start != nil else { return }
            clock.state = .running
            clock.reachedAt = nil
            clock.retime(rules)
        }
    }

    mutating func stopClocks(at instant: Instant, _ rules: RuleSet) {
        for index in limits.indices { limits[index].stop(at: instant, rules) }
    }

    /// What had run is kept.
    mutating func resumeClocks(at instant: Instant, _ rules: RuleSet) {
        for index in limits.indices { limits[index].go(on: instant, rules) }
    }

    /// Deadlines by the calendar in force. Returns whether one moved.
    mutating func retime(_ rules: RuleSet) -> Bool {
        var moved = false
        for index in limits.indices where limits[index].length.isWorking {
            if limits[index].retime(rules) { moved = true }
        }
        return moved
    }

    func clock(_ name: LimitName) -> LimitClock? { limits.first { $0.name == name } }
}

package import Decisions
package import Domain

/// When a notice that was not delivered is tried again, and when it is given up.
package struct RetryPolicy: Sendable, Hashable {
    /// After the first failure. Default: 5 s.
    package var first: TimeSpan
    /// No wait is longer. Default: 5 min.
    package var longest: TimeSpan
    /// Counted from when the notice was decided. Default: 24 h.
    package var giveUpAfter: TimeSpan

    package init(first: TimeSpan = .seconds(5), longest: TimeSpan = .minutes(5), giveUpAfter: TimeSpan = .hours(24)) {
        self.first = first
        self.longest = longest
        self.giveUpAfter = giveUpAfter
    }

    /// `first · 2ⁿ` after n earlier failures, at most `longest`, less up to a quarter of it. The lessening is taken from the
    /// notice's id and the attempt: the notices of one outage do not come back all at once, and no dice are needed.
    package func wait(for id: String, failuresBefore: Int) -> TimeSpan {
        var wait = min(first.milliseconds, longest.milliseconds)
        for _ in 0..<min(failuresBefore, 62) where wait < longest.milliseconds { wait = min(wait * 2, longest.milliseconds) }
        // FNV-1a: the same on every machine.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ UInt64(failuresBefore)) &* 0x0000_0100_0000_01B3
        let share = Int64((hash >> 32) & 0xFF)
        return TimeSpan(milliseconds: wait - wait / 1_024 * share)
    }

    /// What a failed attempt comes to. A notice is tried at least once, however old it is.
    package func outcome(of pending: PendingNotice, failedAt now: Instant, error: String) -> Delivery.Outcome {
        if now - pending.notice.at >= giveUpAfter { return .parked(error: error) }
        return .retry(at: now + wait(for: pending.notice.id, failuresBefore: pending.attempts), error: error)
    }
}

package import Decisions
package import Domain

/// Where the outbox takes its notices from, and where it tells what came of them: the store's rows, behind the daemon's loop.
package protocol NoticeSource: Sendable {
    /// Notices that are due at the instant, the longest due first, at most `limit`, none to the recipients named in `without`;
    /// and when the next one after the instant is due (nil: none waits). While an earlier notice about the same task to the
    /// same recipient waits, a later one is not due.
    func due(at instant: Instant, without recipients: [String], limit: Int) async throws -> (due: [PendingNotice], next: Instant?)

    /// Returns after it is on disk. When it throws, nothing is stored and it is told again.
    func report(_ delivery: Delivery) async throws
}

/// The time, handed in: nothing in the outbox looks at a clock of its own, except for how long a command may run.
package struct OutboxClock: Sendable {
    package var now: @Sendable () -> Instant
    /// Ends early with an error when the task is cancelled.
    package var sleep: @Sendable (TimeSpan) async throws -> Void

    package init(now: @escaping @Sendable () -> Instant, sleep: @escaping @Sendable (TimeSpan) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }
}

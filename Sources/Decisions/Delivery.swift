package import Domain

/// A notice that is stored and waits to be delivered.
package struct PendingNotice: Sendable, Hashable {
    /// Its number in the store: rises in the order in which notices were decided.
    package var row: Int64
    package var notice: Notice
    /// How many attempts have failed so far.
    package var attempts: Int
    package init(row: Int64, notice: Notice, attempts: Int) {
        self.row = row
        self.notice = notice
        self.attempts = attempts
    }
}

/// What came of one attempt to deliver a notice. It is stored with the next commit; until then the notice counts as pending
/// and would be delivered again after a crash.
package struct Delivery: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        case delivered
        /// It failed, with the last line that was said about it; try again at the instant.
        case retry(at: Instant, error: String)
        /// Given up: it stays stored, with its last error.
        case parked(error: String)
    }

    package var row: Int64
    /// How many attempts there had been before this one: the guard of the row.
    package var attemptsBefore: Int
    /// When the attempt ended.
    package var at: Instant
    package var outcome: Outcome
    package init(row: Int64, attemptsBefore: Int, at: Instant, outcome: Outcome) {
        self.row = row
        self.attemptsBefore = attemptsBefore
        self.at = at
        self.outcome = outcome
    }
}

import Domain
import Store
import Synchronization

/// Says when the head of the log's chain goes into the journal: where whoever writes the database anew cannot reach it.
///
/// At each start and clean stop in any case; and while inputs come, after `inputsMax` of them or after `interval`, whichever is first. What
/// comes in after the last head in the journal is held by the database's own head alone.
final class HeadJournal: Sendable {
    /// ✎ Our own choice: at a city's pace an hour or less.
    static let inputsMax: Int64 = 10_000
    /// ✎ Likewise.
    static let interval = TimeSpan.hours(1)

    private let last: Mutex<(number: Int64, at: Instant)>

    /// - Parameter head: what is journaled at the start.
    init(_ head: LogHead, at now: Instant) { last = Mutex((head.number, now)) }

    /// Whether this head is to be journaled now; then the next one is as far away as ever.
    func isDue(_ head: LogHead, at now: Instant) -> Bool {
        last.withLock { last in
            guard head.number > last.number else { return false }
            // A clock that was put back must not put off the next one.
            if now < last.at { last.at = now }
            guard head.number - last.number >= Self.inputsMax || now - last.at >= Self.interval else { return false }
            last = (head.number, now)
            return true
        }
    }
}

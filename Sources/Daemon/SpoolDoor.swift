import Domain
import Inbox
import Synchronization
import Systemd

/// The spool's reader as the daemon keeps it: its remarks in the journal, its counts in the metrics, its turns as a sign of life.
final class SpoolDoor: Sendable {
    private let inbox: SpoolInbox
    private let growth = Growth()

    init(
        _ configuration: Configuration, zone: TimeZoneRules, intake: any Intake, journaler: Journaler, clock: any WallClock
    ) throws(StartFailure) {
        var spool = SpoolConfiguration(path: configuration.spool, zone: zone)
        spool.keepDays = Int64(configuration.spoolKeepDays)
        do {
            inbox = try SpoolInbox(spool, intake: intake, now: { clock.now() }) { remark in
                if let entry = Self.entry(for: remark) { journaler.send(entry) }
            }
        } catch {
            throw StartFailure(error.description)
        }
    }

    func start() { inbox.start() }
    func stop() async { await inbox.stop() }
    var counters: SpoolCounters { inbox.counters }

    /// While it waits for a commit it is the writer that has to answer, not the reader.
    var lastBeat: Int64 { inbox.isWaitingForCommit ? monotonicMilliseconds() : growth.lastGrowth(of: inbox.turns) }

    private static func entry(for remark: SpoolRemark) -> JournalEntry? {
        switch remark {
        case .quarantined(let file, _, _, _): Message.fileQuarantined(file, reason: remark.text)
        case .notTaken, .stuck, .unlistable: Message.spoolBlocked(reason: remark.text)
        case .takenAgain: Message.spoolAgain(reason: remark.text)
        case .unwatched: Message.spoolUnwatched(reason: remark.text)
        case .done, .emptied: nil
        }
    }
}

/// Turns "has a counter grown" into "when did it last grow".
final class Growth: Sendable {
    private let state = Mutex<(count: UInt64, at: Int64)>((0, monotonicMilliseconds()))

    func lastGrowth(of count: UInt64) -> Int64 {
        state.withLock { state in
            if count != state.count { state = (count, monotonicMilliseconds()) }
            return state.at
        }
    }
}

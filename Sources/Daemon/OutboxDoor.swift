import Decisions
import Domain
import Outbox
import Rules
import Store
import Synchronization

/// The outbox as the daemon keeps it: notices come from the store's rows, what came of each goes through the loop into the
/// next commit.
final class OutboxDoor: Sendable {
    private let outbox: Outbox
    private let running = Mutex<Swift.Task<Void, Never>?>(nil)

    init(
        store: Store, loop: Loop, counters: Counters, journaler: Journaler, clock: any WallClock, zone: TimeZoneRules,
        channels: [String: Channel]
    ) {
        outbox = Outbox(
            source: Rows(store: store, loop: loop, counters: counters, journaler: journaler, zone: zone),
            clock: OutboxClock(
                now: { clock.now() }, sleep: { try await Swift.Task.sleep(for: .milliseconds($0.milliseconds)) }),
            channels: channels.mapValues(\.command), options: Outbox.Options(zone: zone))
    }

    func start() {
        running.withLock { running in running = running ?? Swift.Task { [outbox] in await outbox.run() } }
    }

    func wake() { outbox.wake() }

    func use(_ channels: [String: Channel]) { outbox.setChannels(channels.mapValues(\.command)) }

    var isAlive: Bool { outbox.isAlive(within: .seconds(30)) }
    var counts: Outbox.Counts { outbox.counts }

    /// Notices under way get five seconds; what is cut off stays pending and is delivered after the next start.
    func stop() async {
        outbox.stop(within: .seconds(5))
        let task = running.withLock { $0 }
        await task?.value
    }

    private struct Rows: NoticeSource {
        let store: Store
        let loop: Loop
        let counters: Counters
        let journaler: Journaler
        let zone: TimeZoneRules

        func due(
            at instant: Instant, without recipients: [String], limit: Int
        ) async throws -> (due: [PendingNotice], next: Instant?) {
            try await store.dueNotices(at: instant, without: recipients, limit: limit)
        }

        func report(_ delivery: Delivery) async throws {
            let notice = try await store.notice(delivery.row)
            try await loop.report(delivery)
            switch delivery.outcome {
            case .delivered: counters.count { $0.noticesDelivered += 1 }
            case .retry(let at, let error):
                if let notice {
                    journaler.send(
                        Message.noticeFailed(notice, attempt: delivery.attemptsBefore + 1, reason: error, nextAt: at, zone: zone))
                }
            case .parked(let error):
                counters.count { $0.noticesParked += 1 }
                if let notice { journaler.send(Message.noticeParked(notice, attempts: delivery.attemptsBefore + 1, reason: error)) }
            }
        }
    }
}

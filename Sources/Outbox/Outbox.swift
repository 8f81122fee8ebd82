import Decisions
package import Domain
import Synchronization

/// Delivers stored notices to the commands of their channels, each at least once.
///
/// **How it walks.** One loop takes due notices from the source in pages, starts at most `inFlightMax` commands at once, and
/// has what came of each reported before it counts as done. A crash in between delivers it again.
///
/// **Order.** A recipient is told one thing at a time, the longest due first; two notices about one task to one recipient never
/// change places (the source holds the later one back). A notice that waits for its next attempt does not hold up
/// notices about other tasks.
///
/// **Failure.** A command that fails or takes too long is tried again (`RetryPolicy`) and given up after a day. A source that
/// fails is asked again after five seconds. A report that fails is told again every five seconds, and its recipient
/// waits meanwhile: a notice whose delivery can't be recorded is not delivered over and over.
///
/// **States.** `running`: takes notices. `draining`: `stop` was called; takes none, and ends when what is under way has
/// ended; at the end of the given time, or when its task is cancelled, commands are killed and their notices stay pending.
package final class Outbox: Sendable {
    package struct Options: Sendable {
        package var inFlightMax: Int
        package var retry: RetryPolicy
        package var hook: Hook
        /// In which zone times are told.
        package var zone: TimeZoneRules
        package init(inFlightMax: Int = 4, retry: RetryPolicy = RetryPolicy(), hook: Hook = Hook(), zone: TimeZoneRules = .shanghai) {
            self.inFlightMax = inFlightMax
            self.retry = retry
            self.hook = hook
            self.zone = zone
        }
    }

    /// Counted since the start.
    package struct Counts: Sendable, Hashable {
        package var delivered = 0
        package var failed = 0
        package var parked = 0
        package var inFlight = 0
        /// What the source last failed with; nil while it answers.
        package var sourceError: String?
        package init() {}
    }

    /// How many notices are in memory at most.
    static let pageMax = 256
    /// The loop turns at least this often: retries are this exact, and `isAlive` knows that it lives.
    static let turnEvery = TimeSpan.seconds(1)
    static let askAgainAfter = TimeSpan.seconds(5)

    private let source: any NoticeSource
    private let clock: OutboxClock
    private let options: Options

    /// What has happened since the loop last looked.
    private struct Mail {
        var mayHaveNotices = true
        var finished: [String] = []
        var stopWithin: TimeSpan?
        var timeIsUp = false
    }

    private struct Shared {
        var mail = Mail()
        var channels: [String: [String]]
        var counts = Counts()
        var lastTurn: Instant
    }

    private let shared: Mutex<Shared>
    /// Set once: commands under way are killed.
    private let killsAll = Atomic<Bool>(false)
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// - Parameter channels: each channel's command: an absolute path and its arguments.
    package init(source: any NoticeSource, clock: OutboxClock, channels: [String: [String]], options: Options = Options()) {
        self.source = source
        self.clock = clock
        self.options = options
        shared = Mutex(Shared(channels: channels, lastTurn: clock.now()))
        // One waiting signal says as much as many.
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// After a commit that stored notices: look at once.
    package func wake() { post { $0.mayHaveNotices = true } }

    /// After a reload. A notice whose channel is gone is tried again until it is there, or given up after a day.
    package func setChannels(_ channels: [String: [String]]) {
        shared.withLock { $0.channels = channels }
        wake()
    }

    /// Takes no more notices; `run` returns when what is under way has ended, after this long at the latest (and a moment to
    /// kill the rest). The source must take reports until then.
    package func stop(within span: TimeSpan) { post { $0.stopWithin = span } }

    package var counts: Counts { shared.withLock { $0.counts } }

    /// For the watchdog: whether the loop has turned within the span. It turns every second, unless its source or itself hangs.
    package func isAlive(within span: TimeSpan) -> Bool { clock.now() - shared.withLock { $0.lastTurn } <= span }

    private func post(_ write: (inout Mail) -> Void) {
        shared.withLock { write(&$0.mail) }
        signal.yield()
    }

    private enum Phase { case running, draining }

    /// The loop. Returns after `stop`, or when its task is cancelled. Call it once.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { [clock, signal] in
                while (try? await clock.sleep(Self.turnEvery)) != nil { signal.yield() }
            }
            var phase = Phase.running
            var desk = Desk()
            signal.yield()
            loop: for await _ in signals {
                let now = clock.now()
                let mail = shared.withLock { shared in
                    shared.lastTurn = now
                    defer { shared.mail = Mail(mayHaveNotices: false) }
                    return shared.mail
                }
                for recipient in mail.finished { desk.busy.remove(recipient) }
                if mail.timeIsUp { break loop }
                switch (phase, mail.stopWithin) {
                case (.running, nil):
                    desk.mayHaveNotices = desk.mayHaveNotices || mail.mayHaveNotices || !mail.finished.isEmpty
                    await fill(&desk, at: now) { pending in
                        group.addTask { await self.deliver(pending) }
                    }
                case (.running, let span?):
                    phase = .draining
                    group.addTask { [self] in
                        try? await clock.sleep(span)
                        post { $0.timeIsUp = true }
                    }
                    if desk.busy.isEmpty { break loop }
                case (.draining, _):
                    if desk.busy.isEmpty { break loop }
                }
            }
            killsAll.store(true, ordering: .relaxed)
            group.cancelAll()
        }
    }

    /// What the loop holds between two turns.
    private struct Desk {
        /// Notices that were due when they were read, none of them under way.
        var page: [PendingNotice] = []
        /// Recipients that are being told something.
        var busy: Set<String> = []
        /// Whether the source may have more than the page.
        var mayHaveNotices = true
        /// When the next one is due that was not yet.
        var nextDue: Instant?
        /// The source failed: not asked before.
        var notBefore: Instant?
    }

    private func fill(_ desk: inout Desk, at now: Instant, start: (PendingNotice) -> Void) async {
        if let next = desk.nextDue, next <= now { desk.mayHaveNotices = true }
        while desk.busy.count < options.inFlightMax {
            if let i = desk.page.firstIndex(where: { !desk.busy.contains($0.notice.to) }) {
                let pending = desk.page.remove(at: i)
                desk.busy.insert(pending.notice.to)
                shared.withLock { $0.counts.inFlight += 1 }
                start(pending)
                continue
            }
            guard desk.mayHaveNotices, desk.notBefore.map({ $0 <= now }) ?? true else { return }
            do {
                let found = try await source.due(at: now, without: desk.busy.sorted(), limit: Self.pageMax)
                desk.page = found.due
                desk.nextDue = found.next
                desk.notBefore = nil
                // A full page: there may be more behind it. A short one: all that there is, until something happens.
                desk.mayHaveNotices = found.due.count >= Self.pageMax
                shared.withLock { $0.counts.sourceError = nil }
            } catch {
                desk.notBefore = now + Self.askAgainAfter
                shared.withLock { $0.counts.sourceError = "\(error)" }
            }
        }
    }

    /// One attempt and its report.
    private func deliver(_ pending: PendingNotice) async {
        defer {
            shared.withLock { $0.counts.inFlight -= 1 }
            post { $0.finished.append(pending.notice.to) }
        }
        let result: HookResult
        let name = pending.notice.channel ?? ""
        if let command = shared.withLock({ $0.channels[name] }) {
            result = await options.hook.run(command, input: NoticeForm.json(pending, zone: options.zone)) { [self] in
                killsAll.load(ordering: .relaxed)
            }
        } else {
            result = .failed("there is no channel '\(name)'; name it under channels: in site.yaml")
        }
        let now = clock.now()
        let outcome: Delivery.Outcome
        switch result {
        case .delivered: outcome = .delivered
        case .failed(let error): outcome = options.retry.outcome(of: pending, failedAt: now, error: error)
        case .stopped: return
        }
        let delivery = Delivery(row: pending.row, attemptsBefore: pending.attempts, at: now, outcome: outcome)
        while true {
            do {
                try await source.report(delivery)
                break
            } catch {
                shared.withLock { $0.counts.sourceError = "\(error)" }
                do { try await clock.sleep(Self.askAgainAfter) } catch { return }
            }
        }
        shared.withLock { shared in
            switch outcome {
            case .delivered: shared.counts.delivered += 1
            case .retry: shared.counts.failed += 1
            case .parked: shared.counts.parked += 1
            }
        }
    }
}

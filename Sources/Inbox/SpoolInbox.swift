import Dispatch
package import Domain
import Glibc
import Synchronization

/// How the spool is read.
package struct SpoolConfiguration: Sendable {
    /// SPOOL; holds tmp, new, done and quarantine.
    package var path: String
    /// Who sent an input that does not say.
    package var source: SourceID
    /// Of times without an offset in tables, and of the times in `.reason` files; nil: such times are refused.
    package var zone: TimeZoneRules?
    /// `new` is looked through at least so often, hints or not.
    package var intervalSeconds: Int64 = 10
    /// `done` and `quarantine` are emptied of what has lain there longer.
    package var keepDays: Int64 = 30
    /// A file written so shortly ago that ends in the middle may still be being written: it is left for the next pass.
    package var settleMilliseconds: Int64 = 5_000
    /// Inputs of one submission, and their bytes.
    package var batchMax = 512
    package var batchBytesMax = 4 << 20
    /// Submissions under way at once, so that commits group.
    package var flightsMax = 4
    /// Bytes of one `.jsonl` or `.csv` file.
    package var fileBytesMax = 64 << 20

    package init(path: String, source: SourceID = SourceID("spool"), zone: TimeZoneRules? = nil) {
        self.path = path
        self.source = source
        self.zone = zone
    }
}

/// The door for files. Its loop looks through `new` at the start, on each hint of the kernel (a hint may be missed; nothing depends on it) and
/// at each interval; while inputs are refused it waits, 1 s doubling to 30 s.
///
/// On failure it tells (`remark`), leaves what it can't handle where it is and goes on; only a spool folder that can't be opened stops `init`.
package final class SpoolInbox: Sendable {
    private let configuration: SpoolConfiguration
    private let folder: SpoolFolder
    private let reader: SpoolReader
    private let ledger = SpoolLedger()
    private let remark: @Sendable (SpoolRemark) -> Void
    private let stopping = Atomic<Bool>(false)
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation
    private let running = Mutex<Running?>(nil)

    private struct Running: Sendable {
        let loop: Swift.Task<Void, Never>
        let sources: Sources
    }

    /// - `now`: the wall clock, for the age of files.
    /// - `remark`: called from the reader's thread; must not block.
    package init(
        _ configuration: SpoolConfiguration, intake: any Intake, now: @escaping @Sendable () -> Instant,
        remark: @escaping @Sendable (SpoolRemark) -> Void
    ) throws(SpoolFault) {
        self.configuration = configuration
        self.remark = remark
        folder = try SpoolFolder(path: configuration.path)
        reader = SpoolReader(configuration: configuration, folder: folder, intake: intake, ledger: ledger, now: now, remark: remark)
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Since the start.
    package var counters: SpoolCounters { ledger.counters }

    /// Grows with every turn of the loop (at least once a second while it is free), every file and every piece of one: for the watchdog.
    package var turns: UInt64 { ledger.turns }

    /// While true the inbox waits for receipts: if `turns` stands still then, the committing side is to be asked why.
    package var isWaitingForCommit: Bool { ledger.isWaitingForCommit }

    /// Starts the loop; it is started once.
    package func start() {
        running.withLock { running in
            guard running == nil else { return }
            let sources = Sources(path: configuration.path + "/new") { [ledger, wake] isHint in
                if isHint { ledger.isHinted = true }
                wake.yield()
            }
            if let reason = sources.unwatched { remark(.unwatched(reason: reason)) }
            running = Running(loop: Swift.Task { await self.run() }, sources: sources)
        }
    }

    /// Ends the loop after the file it reads; what was handed over is waited for, the rest stays in `new`.
    package func stop() async {
        stopping.store(true, ordering: .releasing)
        await reader.stop()
        wake.yield()
        let running = running.withLock { $0 }
        await running?.loop.value
        running?.sources.cancel()
    }

    /// One pass over `new`, now: for tests and for `paidan demo`. Does nothing while the loop is in one.
    @discardableResult
    package func scanOnce() async -> SpoolPass { await reader.scan() }

    /// Passes until nothing moves any more, or inputs are refused. Gives how many files left `new`.
    @discardableResult
    package func drain() async -> Int {
        var moved = 0
        while true {
            let pass = await reader.scan()
            moved += pass.moved
            if pass.moved == 0 || pass.refusal != nil { return moved }
        }
    }

    /// Removes what has lain in `done` and `quarantine` for longer than the configured days. The loop does it every hour.
    package func emptyOld() async { while await !reader.empty() {} }

    private func run() async {
        let clock = ContinuousClock()
        var pause = Duration.zero
        var backoff = Duration.seconds(1)
        var scanned: ContinuousClock.Instant?
        var emptied: ContinuousClock.Instant?
        for await _ in wakes {
            ledger.turn()
            if stopping.load(ordering: .acquiring) { break }
            let time = clock.now
            if emptied.map({ time - $0 >= .seconds(3_600) }) ?? true, await reader.empty() { emptied = time }
            let isDue = scanned.map { time - $0 >= (pause == .zero ? .seconds(configuration.intervalSeconds) : pause) } ?? true
            // While inputs are refused a hint changes nothing: it stays noted.
            guard isDue || pause == .zero && ledger.isHinted else { continue }
            // Taken before looking, so that a file that comes meanwhile leads to another look.
            ledger.isHinted = false
            let pass = await reader.scan()
            scanned = clock.now
            if pass.refusal == nil {
                pause = .zero
                backoff = .seconds(1)
            } else {
                pause = backoff
                backoff = min(backoff * 2, .seconds(30))
            }
        }
    }
}

/// What wakes the loop: the kernel's word that something came into a folder, and a beat every second.
// Unchecked: both sources are set once, and libdispatch lets any thread cancel one.
private final class Sources: @unchecked Sendable {
    /// Why there are no hints.
    let unwatched: String?
    private let watch: (any DispatchSourceRead)?
    private let beat: any DispatchSourceTimer

    init(path: String, _ wake: @escaping @Sendable (_ isHint: Bool) -> Void) {
        let queue = DispatchQueue(label: "paidan.spool.hints")
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        if descriptor >= 0, inotify_add_watch(descriptor, path, UInt32(IN_MOVED_TO | IN_CLOSE_WRITE)) >= 0 {
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler {
                // What they say does not matter (also that some were lost): each leads to a look at the whole folder.
                withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
                    while read(descriptor, buffer.baseAddress, buffer.count) > 0 {}
                }
                wake(true)
            }
            source.setCancelHandler { close(descriptor) }
            source.activate()
            watch = source
            unwatched = nil
        } else {
            unwatched = SystemFault(number: errno).reason
            if descriptor >= 0 { close(descriptor) }
            watch = nil
        }
        beat = DispatchSource.makeTimerSource(queue: queue)
        beat.schedule(deadline: .now(), repeating: .seconds(1), leeway: .milliseconds(100))
        beat.setEventHandler { wake(false) }
        beat.activate()
    }

    func cancel() {
        watch?.cancel()
        beat.cancel()
    }
}

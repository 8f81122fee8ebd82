import Store
import Synchronization
import Systemd

/// Writes the journal, on a thread of its own, so that a slow journal never holds up a commit.
///
/// The lines of tasks are read from the stored history, from the highest line that is known to stand in the journal: there is
/// one path for what was just committed and for what a crash left unwritten, memory stays bounded however fast history
/// grows, and `journalctl PAIDAN_TASK=…` is complete. A crash can write the last lines a second time, with the same
/// PAIDAN_SEQUENCE.
///
/// Other messages (starts, reloads, refusals) come through a bounded queue and are written at once.
///
/// While the journal does not answer, nothing else waits for it: lines stay in the store and messages in the queue until it
/// takes them, and this thread goes on beating.
final class Journaler: Sendable {
    private struct State {
        var entries: [JournalEntry] = []
        var left: Int64 = 0
        var stopping = false
        var stopped = false
    }

    private static let entriesMax = 10_000
    private static let pageLines = 500

    private let journal: Journal
    private let read: @Sendable (_ after: Int64, _ limit: Int) throws -> [StoredLine]
    private let entry: @Sendable (StoredLine) -> JournalEntry
    private let state = Mutex(State())
    private let through: Atomic<Int64>
    private let beat = Atomic<Int64>(0)
    private let line = WakeLine()

    init(
        journal: Journal, through: Int64, read: @escaping @Sendable (_ after: Int64, _ limit: Int) throws -> [StoredLine],
        entry: @escaping @Sendable (StoredLine) -> JournalEntry
    ) {
        self.journal = journal
        self.read = read
        self.entry = entry
        self.through = Atomic(through)
        beat.store(monotonicMilliseconds(), ordering: .relaxed)
    }

    /// Every history line up to this one stands in the journal.
    var journaledThrough: Int64 { through.load(ordering: .acquiring) }
    var lastBeat: Int64 { beat.load(ordering: .relaxed) }

    /// New history was committed.
    func wake() { line.wake() }

    /// A message that is no task's. Beyond the bound it is counted, and the count is journaled.
    func send(_ entry: JournalEntry) {
        state.withLock { state in
            if state.entries.count < Self.entriesMax { state.entries.append(entry) } else { state.left += 1 }
        }
        wake()
    }

    /// For the last words of a process that must end now: past the queue, from whatever thread.
    func sendNow(_ entry: JournalEntry) {
        flushEntries()
        journal.send(entry)
    }

    func start() {
        NamedThread.start("paidan-journal") { [self] in run() }
    }

    /// Writes what there is, then ends the thread. Returns when it has ended or after the limit.
    func stop(limitMilliseconds: Int64) async {
        state.withLock { $0.stopping = true }
        wake()
        let deadline = monotonicMilliseconds() + limitMilliseconds
        while !state.withLock({ $0.stopped }), monotonicMilliseconds() < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }

    private func run() {
        while true {
            beat.store(monotonicMilliseconds(), ordering: .relaxed)
            let stopping = state.withLock { $0.stopping }
            flushEntries()
            if flushHistory() { continue }
            if stopping {
                state.withLock { $0.stopped = true }
                return
            }
            line.wait(milliseconds: 1_000)
        }
    }

    /// What the journal does not take goes back to the front of the queue.
    private func flushEntries() {
        let (entries, left) = state.withLock { state in
            defer {
                state.entries = []
                state.left = 0
            }
            return (state.entries, state.left)
        }
        let sent = journal.send(entries)
        if sent == entries.count, left == 0 || journal.send(Message.messagesLeftOut(left)) { return }
        state.withLock { state in
            state.entries.insert(contentsOf: entries[sent...], at: 0)
            let tooMany = max(0, state.entries.count - Self.entriesMax)
            state.entries.removeLast(tooMany)
            state.left += left + Int64(tooMany)
        }
    }

    /// One page; true when there may be more and the journal takes them.
    private func flushHistory() -> Bool {
        let after = journaledThrough
        guard let lines = try? read(after, Self.pageLines), !lines.isEmpty else { return false }
        let sent = journal.send(lines.map(entry))
        if sent > 0 { through.store(lines[sent - 1].number, ordering: .releasing) }
        return sent == Self.pageLines
    }
}

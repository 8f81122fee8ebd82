package import Domain
import Synchronization

/// What the operators should know of the spool; the daemon journals it.
package enum SpoolRemark: Sendable, Hashable {
    /// All of a file is in; `records` lines with content, `bad` of them in quarantine.
    case done(file: String, accepted: Int, duplicates: Int, bad: Int)
    /// A file, or the bad lines of it, lies in quarantine. `reason`: the first one.
    case quarantined(file: String, bad: Int, of: Int, reason: String)
    /// Inputs are not taken for now; told once until they are again.
    case notTaken(IntakeRefusal)
    case takenAgain
    /// A file can't be read or moved and stays where it is; told at most once a minute for each file.
    case stuck(file: String, reason: String)
    /// `new` can't be listed; told at most once a minute.
    case unlistable(reason: String)
    /// No hints from the kernel: new files are found at the interval only.
    case unwatched(reason: String)
    /// Old files were removed.
    case emptied(folder: String, files: Int)

    /// What happened, where, what to do.
    package var text: String {
        switch self {
        case .done(let file, let accepted, let duplicates, let bad):
            return "spool: \(file) is in: \(accepted) accepted, \(duplicates) known already" + (bad == 0 ? "" : ", \(bad) in quarantine")
        case .quarantined(let file, let bad, let records, let reason):
            let what = records > 1 && bad < records ? "\(bad) of \(records) lines of \(file) are" : "\(file) is"
            return "spool: \(what) in quarantine: \(reason); see \(file).reason there"
        case .notTaken(.noRoom(let why)): return "spool: no room for inputs (\(why)): files stay in new; make room on the disk"
        case .notTaken(.busy): return "spool: the input queue is full: files stay in new and are tried again"
        case .notTaken(.stopping): return "spool: the daemon is stopping: files stay in new"
        case .takenAgain: return "spool: inputs are taken in again"
        case .stuck(let file, let reason): return "spool: \(file) stays where it is: \(reason)"
        case .unlistable(let reason): return "spool: the folder new can't be read: \(reason); check its owner and mode"
        case .unwatched(let reason): return "spool: the kernel gives no hints (\(reason)): new files are found at each interval only"
        case .emptied(let folder, let files): return "spool: \(files) old files were removed from \(folder)"
        }
    }
}

/// Since the start.
package struct SpoolCounters: Sendable, Hashable {
    /// Files moved to `done`; files or parts of files moved to `quarantine`.
    package var filesDone = 0
    package var filesQuarantined = 0
    package var accepted = 0
    package var duplicates = 0
    package var conflicts = 0
    package var rejected = 0
    /// Lines or files that could not be understood.
    package var unreadable = 0
    /// Passes over `new`.
    package var scans = 0
    /// Submissions that were refused for now.
    package var refusals = 0
    /// Files in `new` at the beginning of the last pass.
    package var waiting = 0
}

/// What the reader leaves for others to look at while it works.
final class SpoolLedger: Sendable {
    private let mutex = Mutex(SpoolCounters())
    private let turnCount = Atomic<UInt64>(0)
    private let waiting = Atomic<Bool>(false)
    private let hinted = Atomic<Bool>(false)

    var counters: SpoolCounters { mutex.withLock { $0 } }
    func count(_ change: (inout SpoolCounters) -> Void) { mutex.withLock { change(&$0) } }

    /// The reader got something done: a turn of the loop, a file, a piece of one.
    func turn() { turnCount.wrappingAdd(1, ordering: .relaxed) }
    var turns: UInt64 { turnCount.load(ordering: .relaxed) }

    /// Something came into `new` since the last look.
    var isHinted: Bool {
        get { hinted.load(ordering: .sequentiallyConsistent) }
        set { hinted.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// It waits for receipts: if it stands still now, the committing side does.
    var isWaitingForCommit: Bool {
        get { waiting.load(ordering: .relaxed) }
        set { waiting.store(newValue, ordering: .relaxed) }
    }
}

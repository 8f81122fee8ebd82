import Domain
import Glibc
import Rules
import Synchronization

/// Looks through a whole rule set for what is odd about it (rules that can never fire, reports that only the fallback takes), after it is in
/// force: that takes a second where there are ten thousand rules, which no reload and no start should wait for.
///
///     idle -> look -> looking -> told -> idle
///                        ^ look: the newer set waits; what is found of the older one is dropped
///
/// One set at a time, on a thread of its own with the lowest priority that it may have; a newer set takes the place of the one that waits.
/// The set is compiled once more from its files, so that what is said is what `paidan check` says, and with it comes a workshop without the
/// remains of earlier edits.
///
/// Into the journal go only the findings that the set before did not have: whoever lives with a warning has been told once, and a new one must
/// not drown among the old. A process that has just started knows of no set before, and tells all.
final class SetAuditor: Sendable {
    struct Job: Sendable {
        var hash: String
        var source: RuleSource
    }

    /// What was found of a whole set.
    struct Findings: Sendable {
        var hash: String
        var warnings: Int
        /// `FILE:LINE:COL: warning[CODE]: TEXT` of those that the set before did not have, at most `toldMax`.
        var new: [(file: String, text: String)]
        var newCount: Int
        var milliseconds: Int64
        var workshop: Confined<RuleWorkshop>
    }

    /// Findings that are journaled one by one.
    static let toldMax = 20

    /// A finding, wherever its line has moved to.
    private struct Known: Hashable, Sendable {
        var file: String
        var code: String
        var message: String
    }

    private struct State {
        var isLooking = false
        var waiting: Job?
        var known: Set<Known> = []
        var isStopped = false
    }

    private let folder: String
    private let tell: @Sendable (Findings) -> Void
    private let state = Mutex(State())

    /// - Parameter tell: called on the auditor's thread, once for each set that was looked through to the end and is still wanted.
    init(folder: String, tell: @escaping @Sendable (Findings) -> Void) {
        self.folder = folder
        self.tell = tell
    }

    func look(at job: Job) {
        let starts = state.withLock { state in
            guard !state.isStopped else { return false }
            if state.isLooking {
                state.waiting = job
                return false
            }
            state.isLooking = true
            return true
        }
        guard starts else { return }
        NamedThread.start("paidan-findings") { [self] in
            // For this thread alone. Where it is forbidden, the kernel's fair shares have to do.
            _ = nice(19)
            var next: Job? = job
            while let job = next {
                run(job)
                next = state.withLock { state in
                    defer { state.waiting = nil }
                    state.isLooking = state.waiting != nil
                    return state.waiting
                }
            }
        }
    }

    /// Nothing is told any more.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.waiting = nil
        }
    }

    private func run(_ job: Job) {
        let began = monotonicMilliseconds()
        let workshop = RuleWorkshop()
        let compilation = workshop.compile(job.source, proves: true, zone: RuleFolder.zone)
        let told = compilation.diagnostics.filter { $0.code != DiagnosticCode.more.rawValue }
        let keys = told.map { Known(file: $0.file, code: $0.code, message: $0.message) }
        let before: Set<Known>? = state.withLock { state in
            guard !state.isStopped, state.waiting == nil else { return nil }
            defer { state.known = Set(keys) }
            return state.known
        }
        guard let before else { return }
        let new = zip(told, keys).filter { !before.contains($1) }.map { $0.0 }
        let lines = DiagnosticText.headlines(Array(new.prefix(Self.toldMax)), folder: folder)
        tell(
            Findings(
                hash: job.hash, warnings: told.count + compilation.untold, new: zip(new, lines).map { ($0.file, $1) }, newCount: new.count,
                milliseconds: monotonicMilliseconds() - began, workshop: Confined(workshop)))
    }
}

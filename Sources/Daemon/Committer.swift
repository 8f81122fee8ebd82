import Decisions
import Store
import Synchronization

/// Makes the store's commits on a thread of its own, one at a time, so that the loop can decide the next batch meanwhile.
///
///     idle -> begin -> busy -> (committed, or failed) finished -> take -> idle
final class Committer: Sendable {
    enum Job: Sendable {
        case batch(Batch)
        /// A tiny real commit: it finds the room again, and proves the writer while there is nothing else to write.
        case probe
    }

    struct Finished: Sendable {
        var job: Job
        var failure: CommitFailure?
        var milliseconds: Int64
    }

    private enum State {
        case idle
        case busy(Job)
        case finished(Finished)
    }

    private let store: Store
    private let pulse: Pulse
    /// Told on the committer's thread when a job is finished.
    private let onFinish: @Sendable () -> Void
    private let state = Mutex<(state: State, stopping: Bool)>((.idle, false))
    private let jobs = WakeLine()
    private let finished = WakeLine()

    init(store: Store, pulse: Pulse, onFinish: @escaping @Sendable () -> Void) {
        self.store = store
        self.pulse = pulse
        self.onFinish = onFinish
    }

    func start() { NamedThread.start("paidan-writer") { [self] in run() } }

    /// Ends the thread once it is idle.
    func stop() {
        state.withLock { $0.stopping = true }
        jobs.wake()
    }

    var isIdle: Bool {
        state.withLock { if case .idle = $0.state { true } else { false } }
    }

    /// Only while idle.
    func begin(_ job: Job) {
        state.withLock { state in
            guard case .idle = state.state else { preconditionFailure("one job at a time") }
            state.state = .busy(job)
        }
        pulse.writerBegan()
        jobs.wake()
    }

    /// What has finished; nil: nothing has.
    func take() -> Finished? {
        state.withLock { state in
            guard case .finished(let finished) = state.state else { return nil }
            state.state = .idle
            return finished
        }
    }

    /// Waits for the job under way; nil: there was none.
    func wait() -> Finished? {
        while !isIdle {
            if let finished = take() { return finished }
            finished.wait(milliseconds: 1_000)
        }
        return nil
    }

    private func run() {
        while true {
            let (job, stopping): (Job?, Bool) = state.withLock { state in
                if case .busy(let job) = state.state { (job, false) } else { (nil, state.stopping) }
            }
            guard let job else {
                if stopping { return }
                jobs.wait(milliseconds: 60_000)
                continue
            }
            let began = monotonicMilliseconds()
            var failure: CommitFailure?
            do {
                switch job {
                case .batch(let batch): try store.commit(batch)
                case .probe: try store.proveWritable()
                }
            } catch {
                failure = error
            }
            pulse.writerEnded()
            let result = Finished(job: job, failure: failure, milliseconds: monotonicMilliseconds() - began)
            state.withLock { $0.state = .finished(result) }
            finished.wake()
            onFinish()
        }
    }
}

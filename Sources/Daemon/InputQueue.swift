import DequeModule
import Domain
import Synchronization

/// What a door (or the daemon itself) hands to the loop.
struct Submission: Sendable {
    var inputs: [Input]
    /// Called once, from the loop, after the commit or the refusal.
    var answer: @Sendable (Result<[Receipt], IntakeRefusal>) -> Void
}

/// The bounded queue between the doors and the loop: many producers, one consumer that can wait for it with a deadline.
final class InputQueue: Sendable {
    private struct State {
        var submissions: Deque<Submission> = []
        var queuedInputs = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let line = WakeLine()
    private let inputsMax: Int

    init(inputsMax: Int) {
        self.inputsMax = inputsMax
    }

    /// nil: taken; else why not. A single submission that is larger than the queue is taken when the queue is empty.
    func offer(_ submission: Submission) -> IntakeRefusal? {
        let refusal: IntakeRefusal? = state.withLock { state in
            if state.isClosed { return .stopping }
            if state.queuedInputs > 0, state.queuedInputs + submission.inputs.count > inputsMax { return .busy }
            state.submissions.append(submission)
            state.queuedInputs += submission.inputs.count
            return nil
        }
        if refusal == nil { wake() }
        return refusal
    }

    /// Takes whole submissions, oldest first, up to about `inputsMax` inputs (one submission is never split).
    func take(inputsMax: Int) -> [Submission] {
        state.withLock { state in
            var taken: [Submission] = []
            var count = 0
            while let next = state.submissions.first, taken.isEmpty || count + next.inputs.count <= inputsMax {
                taken.append(next)
                count += next.inputs.count
                state.submissions.removeFirst()
            }
            state.queuedInputs -= count
            return taken
        }
    }

    var depth: Int { state.withLock { $0.queuedInputs } }

    /// Nothing more is taken in; what is in the queue stays to be taken.
    func close() {
        state.withLock { $0.isClosed = true }
        wake()
    }

    /// Makes a waiting consumer look again.
    func wake() { line.wake() }

    /// Waits for a wake alone, whatever is in the queue.
    func waitForWake(milliseconds: Int64) { line.wait(milliseconds: milliseconds) }

    /// Waits until woken or until so many milliseconds have passed.
    func wait(milliseconds: Int64) {
        line.wait(milliseconds: state.withLock { $0.submissions.isEmpty } ? milliseconds : 0)
    }
}

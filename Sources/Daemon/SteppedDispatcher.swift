package import Decisions
package import Domain
package import Rules
package import Store
import Synchronization

/// A dispatcher on a virtual clock: whoever owns it says what time it is, and each call is one turn. The demo, the storm and
/// the tests live their days through it, on the real store and the real decisions; the spool's reader takes it for a daemon.
package final class SteppedDispatcher: Intake, Sendable {
    private struct State: ~Copyable {
        var dispatcher: Dispatcher
        var now: Instant
        var observe: @Sendable (Instant, Dispatcher.Result) -> Void
    }

    private let state: Mutex<State>

    /// `observe` is told of every turn that decided something, after its commit.
    package init(
        store: Store, rules: RuleSet, at now: Instant, observe: @escaping @Sendable (Instant, Dispatcher.Result) -> Void
    ) throws(StoreError) {
        let dispatcher = try Dispatcher(store: store, rules: rules, at: now)
        state = Mutex(State(dispatcher: dispatcher, now: now, observe: observe))
    }

    package var now: Instant { state.withLock { $0.now } }

    package var nextDue: Instant? { state.withLock { $0.dispatcher.nextDue } }

    /// Looks at the state between two turns.
    package func read<T: Sendable>(_ body: (DispatchState) -> T) -> T {
        state.withLock { body($0.dispatcher.state) }
    }

    /// Sets the clock (never back) and fires what is due on the way, each timer at its own instant.
    package func advance(to instant: Instant) throws(CommitFailure) {
        try withState { (state) throws(CommitFailure) in
            while let due = state.dispatcher.nextDue, due <= instant {
                state.now = max(state.now, due)
                let result = try state.dispatcher.turn(inputs: [], at: state.now)
                state.observe(state.now, result)
            }
            state.now = max(state.now, instant)
        }
    }

    /// One turn at the present instant.
    @discardableResult
    package func turn(_ inputs: [Input]) throws(CommitFailure) -> [Receipt] {
        try withState { (state) throws(CommitFailure) in
            let result = try state.dispatcher.turn(inputs: inputs, at: state.now)
            state.observe(state.now, result)
            return result.receipts
        }
    }

    package func adopt(_ rules: RuleSet) throws(CommitFailure) {
        try withState { (state) throws(CommitFailure) in
            let result = try state.dispatcher.adopt(rules, at: state.now)
            state.observe(state.now, result)
        }
    }

    package func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt] {
        do {
            return try turn(inputs)
        } catch {
            throw IntakeRefusal.noRoom(error.description)
        }
    }

    private func withState<T: Sendable>(_ body: (inout State) throws(CommitFailure) -> T) throws(CommitFailure) -> T {
        let outcome: Swift.Result<T, CommitFailure> = state.withLock { state in
            do throws(CommitFailure) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

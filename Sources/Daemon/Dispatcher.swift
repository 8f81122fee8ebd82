package import Decisions
package import Domain
package import Rules
package import Store

/// The synchronous core of the daemon: a batch of inputs in, one commit, the outcome back. It has no thread, no clock and no
/// queue of its own, so that the loop, the demo, the benchmarks and the tests all drive the same code.
///
/// One turn:
/// 1. what the store knows about the inputs is read (earlier receipts, customers, finished tasks);
/// 2. positions that came since the last commit, the timers that are due, and the inputs are decided, one after the other,
///    each on the state that the one before left;
/// 3. everything is committed in one transaction;
/// 4. only then the receipts are handed back. On failure every change is undone in reverse order, and nothing has happened.
///
/// Confined to whoever drives it: one thread, or one lock.
package final class Dispatcher {
    package struct Result {
        /// One for each input, in their order.
        package var receipts: [Receipt] = []
        /// What was committed, in the order of decision.
        package var entries: [Entry] = []
        /// Something was written (an empty turn writes nothing).
        package var didCommit = false
    }

    /// What a turn is busy with: when it stands still, this names who is to blame.
    package enum Phase: Int, Sendable {
        case waiting, deciding, reading, committing, answering
    }

    private let store: Store
    /// Told before each phase of a turn; for the watchdog's reasons.
    package var onPhase: (Phase) -> Void = { _ in }
    package private(set) var state: DispatchState
    package private(set) var rules: RuleSet
    /// The last position of each crew since the last commit: telemetry replaces its predecessor, and enters the log only
    /// just before a decision that could use it, or with the next checkpoint.
    private var positions: [CrewID: CrewPosition] = [:]
    private var positionsSince: Instant?
    /// How long positions may wait for a commit of their own.
    package static let checkpointInterval = TimeSpan.seconds(1)

    package init(store: Store, state: DispatchState, rules: RuleSet) {
        self.store = store
        self.state = state
        self.rules = rules
    }

    /// Loads the open work from the store: as much time as there is open work, however long the history.
    package convenience init(store: Store, rules: RuleSet, at now: Instant) throws(StoreError) {
        let loaded = try store.load()
        let state = DispatchState(tasks: loaded.tasks, crews: loaded.crews, lastTask: loaded.lastTask, rules: rules, at: now)
        self.init(store: store, state: state, rules: rules)
    }

    /// When the next turn is wanted at the latest, without any input; nil: never.
    package var nextDue: Instant? {
        let checkpoint = positionsSince.map { $0 + Self.checkpointInterval }
        guard let timers = state.nextDue else { return checkpoint }
        return checkpoint.map { min($0, timers) } ?? timers
    }

    /// One turn. Fires what is due at `now`, then decides the inputs in their order.
    /// - Throws: `CommitFailure`: nothing has happened, the inputs may be handed in again (not after `.fatal`).
    package func turn(
        inputs: [Input], deliveries: [Delivery] = [], journaledThrough: Int64? = nil, at now: Instant
    ) throws(CommitFailure) -> Result {
        var draft = Draft()
        let decided = take(telemetryOf: inputs, into: &draft)
        if !positions.isEmpty, positionsSince == nil { positionsSince = now }
        let timersDue = state.nextDue.map { $0 <= now } ?? false
        let checkpointDue = positionsSince.map { $0 + Self.checkpointInterval <= now } ?? false
        if !decided.isEmpty || timersDue || checkpointDue { decidePositions(at: now, into: &draft) }
        if timersDue { decide(.tick, at: now, into: &draft) }
        if !decided.isEmpty {
            try decide(inputs: decided, at: now, into: &draft)
        }
        return try commit(draft, deliveries: deliveries, journaledThrough: journaledThrough)
    }

    /// Puts another rule set in force between two turns: what is open keeps its limits, crews are the new roster's, and a crew
    /// that this makes free takes what waits.
    package func adopt(_ rules: RuleSet, at now: Instant) throws(CommitFailure) -> Result {
        let previous = self.rules
        state.adopt(rules, at: now)
        self.rules = rules
        var draft = Draft()
        decidePositions(at: now, into: &draft)
        decide(.rules(rules.hash), at: now, into: &draft)
        do {
            return try commit(draft, deliveries: [], journaledThrough: nil)
        } catch {
            state.adopt(previous, at: now)
            self.rules = previous
            throw error
        }
    }

    /// What one turn decides before it is committed.
    private struct Draft {
        var receipts: [Receipt?] = []
        var entries: [Entry] = []
        /// What was in `positions` when they were decided: put back when the commit fails.
        var positions: [CrewID: CrewPosition] = [:]
        var positionsSince: Instant?
    }

    /// Folds positions into their predecessors and answers them; returns the other inputs with their places in the batch.
    private func take(telemetryOf inputs: [Input], into draft: inout Draft) -> [(place: Int, input: Input)] {
        draft.receipts = [Receipt?](repeating: nil, count: inputs.count)
        var others: [(place: Int, input: Input)] = []
        others.reserveCapacity(inputs.count)
        for (place, input) in inputs.enumerated() {
            guard case .crew(let signal) = input.body, signal.onDuty == nil, let coordinate = signal.coordinate,
                rules.site.crews[signal.crew] != nil
            else {
                others.append((place, input))
                continue
            }
            let position = CrewPosition(crew: signal.crew, coordinate: coordinate, at: signal.at ?? Instant(milliseconds: 0))
            if let known = positions[signal.crew], known.at > position.at, signal.at != nil {
                // A late position is older than what is known: it changes nothing.
            } else {
                positions[signal.crew] = position
            }
            draft.receipts[place] = Receipt(id: input.key.id, source: input.key.source, status: .accepted)
        }
        return others
    }

    private func decidePositions(at now: Instant, into draft: inout Draft) {
        guard !positions.isEmpty else { return }
        draft.positions = positions
        draft.positionsSince = positionsSince
        let moved = positions.values.sorted { $0.crew < $1.crew }.map {
            $0.at.milliseconds == 0 ? CrewPosition(crew: $0.crew, coordinate: $0.coordinate, at: now) : $0
        }
        positions = [:]
        positionsSince = nil
        decide(.positions(moved), at: now, into: &draft)
    }

    private func decide(inputs: [(place: Int, input: Input)], at now: Instant, into draft: inout Draft) throws(CommitFailure) {
        var findings: [Findings]
        onPhase(.reading)
        do {
            findings = try store.findings(for: inputs.map(\.input))
        } catch {
            undo(draft)
            throw CommitFailure.fatal(error.description)
        }
        onPhase(.deciding)
        // What this very batch has decided is not in the store yet.
        var earlier: [InputKey: EarlierReceipt] = [:]
        var customers: [CustomerID: CustomerFacts] = [:]
        var finished: [TaskID: TaskState] = [:]
        for (index, (place, input)) in inputs.enumerated() {
            if let known = earlier[input.key] { findings[index].earlier = known }
            switch input.body {
            case .report(let report):
                if let account = report.customer, let facts = customers[account] { findings[index].customer = facts }
            case .progress(let progress):
                if let state = finished[progress.task] { findings[index].finished = state }
            case .crew, .customer: break
            }
            let decision = decide(.input(input, findings[index]), at: now, into: &draft)
            draft.receipts[place] = decision.receipt
            guard let receipt = decision.receipt, receipt.status == .accepted else { continue }
            earlier[input.key] = EarlierReceipt(digest: input.digest, receipt: receipt)
            for change in decision.changes {
                switch change {
                case .customer(let facts): customers[facts.customer] = facts
                case .task(_, let after) where after.state.isFinal: finished[after.id] = after.state
                case .task, .crew, .lastTask: break
                }
            }
        }
    }

    @discardableResult
    private func decide(_ stimulus: Stimulus, at now: Instant, into draft: inout Draft) -> Decision {
        let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now)
        draft.entries.append(Entry(stimulus: stimulus, at: now, decision: decision))
        return decision
    }

    private func commit(
        _ draft: Draft, deliveries: [Delivery], journaledThrough: Int64?
    ) throws(CommitFailure) -> Result {
        var result = Result()
        result.entries = draft.entries
        let somethingToWrite =
            !deliveries.isEmpty || journaledThrough != nil
            || draft.entries.contains { !$0.decision.isEmpty || $0.decision.receipt?.status == .accepted }
        if somethingToWrite {
            onPhase(.committing)
            do {
                try store.commit(
                    Batch(entries: draft.entries, rulesHash: rules.hash, deliveries: deliveries, journaledThrough: journaledThrough))
                result.didCommit = true
            } catch {
                undo(draft)
                throw error
            }
        }
        result.receipts = draft.receipts.compactMap { $0 }
        assert(result.receipts.count == draft.receipts.count, "every input gets a receipt")
        return result
    }

    private func undo(_ draft: Draft) {
        for entry in draft.entries.reversed() {
            for change in entry.decision.changes.reversed() { state.revert(change) }
        }
        for (crew, position) in draft.positions where positions[crew] == nil { positions[crew] = position }
        positionsSince = positionsSince ?? draft.positionsSince
    }
}

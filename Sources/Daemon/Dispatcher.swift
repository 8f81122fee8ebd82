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
/// The steps overlap: while one batch is **under way** to the disk (`begin` ... `settle` or `fail`), the next is decided on top
/// of it (`decide`, as often as inputs come). `turn` is all of it in one, for those who have nothing to do meanwhile.
///
///     decide, decide, ... -> begin -> the batch is under way -> settle: answered
///                                                            -> fail: it and what was decided on top of it is undone
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
        /// What the watch over equipment has to say.
        package var remarks: [Remark] = []
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

    /// What devices show: readings fold into it, and what crosses a rule's threshold is decided like an input.
    package private(set) var telemetry: Telemetry
    /// Since when there are readings that are not on disk.
    private var readingsSince: Instant?
    /// Their rows go with the next batch, whatever else is in it.
    private var wantsReadingsWritten = false
    /// So many rows of devices in one commit, beside those that a decision has touched.
    private static let deviceRowsMax = 4_000

    /// - Parameter devices: what the store has of them.
    package init(store: Store, state: DispatchState, rules: RuleSet, devices: [DeviceRow] = []) {
        telemetry = Telemetry(rules: rules, rows: devices, at: state.clock)
        self.store = store
        self.state = state
        self.rules = rules
    }

    /// Loads the open work from the store: as much time as there is open work, however long the history.
    package convenience init(store: Store, rules: RuleSet, at now: Instant) throws(StoreError) {
        let loaded = try store.load()
        self.init(store: store, state: DispatchState(loaded, rules: rules, at: now), rules: rules, devices: loaded.devices)
    }

    /// When the next turn is wanted at the latest, without any input; nil: never.
    package var nextDue: Instant? {
        [positionsSince.map { $0 + Self.checkpointInterval }, readingsSince.map { $0 + Self.checkpointInterval }, telemetry.nextDue, state.nextDue]
            .compactMap { $0 }.min()
    }

    /// One turn. Fires what is due at `now`, then decides the inputs in their order, and commits.
    /// - Throws: `CommitFailure`: nothing has happened, the inputs may be handed in again (not after `.fatal`).
    package func turn(
        inputs: [Input], deliveries: [Delivery] = [], journaledThrough: Int64? = nil, at now: Instant
    ) throws(CommitFailure) -> Result {
        try decide(inputs: inputs, at: now)
        if let batch = begin(deliveries: deliveries, journaledThrough: journaledThrough) {
            onPhase(.committing)
            do {
                try store.commit(batch)
            } catch {
                fail()
                throw error
            }
        }
        return settle()
    }

    /// Decides what is due at `now`, then the inputs in their order, on top of all that was decided before. Their receipts are
    /// in what `settle` returns, in the order in which they were handed in.
    /// - Throws: `CommitFailure.fatal` when the store can't be read: everything that is not on disk is undone.
    package func decide(inputs: [Input], at now: Instant) throws(CommitFailure) {
        let decided = take(telemetryOf: inputs, at: now)
        if !positions.isEmpty, positionsSince == nil { positionsSince = now }
        let timersDue = state.nextDue.map { $0 <= now } ?? false
        let checkpointDue = positionsSince.map { $0 + Self.checkpointInterval <= now } ?? false
        if !decided.isEmpty || timersDue || checkpointDue { decidePositions(at: now) }
        if timersDue { decide(.tick, at: now) }
        if !decided.isEmpty { try decide(inputs: decided, at: now) }
        try decideNotices(at: now)
        try decideCrossings(at: now)
        if let readingsSince, readingsSince + Self.checkpointInterval <= now { wantsReadingsWritten = true }
    }

    /// So many outages in one turn; what is left stays due.
    private static let noticesPerTurn = 64

    /// Who is to be told of outages, each with the customers there whom somebody looks after.
    private func decideNotices(at now: Instant) throws(CommitFailure) {
        for _ in 0..<Self.noticesPerTurn {
            guard let (id, areas) = state.outageToTell(at: now) else { return }
            decide(.notices(id, try servedCustomers(in: areas)), at: now)
        }
    }

    private func servedCustomers(in areas: [TransformerID]) throws(CommitFailure) -> [ServedCustomer] {
        guard !areas.isEmpty else { return [] }
        var found: [CustomerRecord]
        onPhase(.reading)
        do {
            found = try store.servedCustomers(in: areas, limit: Limits.outageCustomersMax)
        } catch {
            fail()
            throw CommitFailure.fatal(error.description)
        }
        onPhase(.deciding)
        // What was decided just now is not in the store yet.
        let newer = (underWay?.customers ?? [:]).merging(draft.customers) { _, new in new }
        if !newer.isEmpty {
            found.removeAll { newer[$0.id] != nil }
            found += newer.values.compactMap { $0 }.filter { record in record.servedArea.map { areas.contains($0) } ?? false }
            let order = Dictionary(areas.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
            func place(_ record: CustomerRecord) -> Int { record.servedArea.flatMap { order[$0] } ?? 0 }
            found.sort { (place($0), $0.id) < (place($1), $1.id) }
        }
        return found.prefix(Limits.outageCustomersMax).map(\.served)
    }

    /// What devices report by themselves, until nothing more crosses.
    private func decideCrossings(at now: Instant) throws(CommitFailure) {
        while true {
            let crossings = telemetry.crossings(at: now)
            guard !crossings.isEmpty else { return }
            try decide(inputs: crossings.map { (nil, $0) }, at: now)
        }
    }

    /// How many inputs were decided since the last `begin`.
    package var decidedInputs: Int { draft.receipts.count }

    /// Whether anything was decided since the last `begin`.
    package var hasDecided: Bool { !draft.receipts.isEmpty || !draft.entries.isEmpty || wantsReadingsWritten }

    /// Sends what was decided on its way to the disk: the batch to commit, or nil where there is nothing to write. Either way
    /// `settle` (or, after a failed commit, `fail`) comes next, and before it no other `begin`.
    package func begin(deliveries: [Delivery] = [], journaledThrough: Int64? = nil) -> Batch? {
        precondition(underWay == nil, "one batch at a time")
        let somethingToWrite =
            !deliveries.isEmpty || journaledThrough != nil || wantsReadingsWritten
            || draft.entries.contains { !$0.decision.isEmpty || $0.decision.receipt?.status == .accepted }
        draft.didCommit = somethingToWrite
        underWay = draft
        draft = Draft()
        guard somethingToWrite else { return nil }
        let rows = telemetry.checkpoint(max: Self.deviceRowsMax)
        underWay?.hasDevices = true
        underWay?.readingsSince = readingsSince
        if !telemetry.isDirty { readingsSince = nil }
        wantsReadingsWritten = false
        return Batch(
            entries: underWay?.entries ?? [], rulesHash: rules.hash, deliveries: deliveries, journaledThrough: journaledThrough, telemetry: rows)
    }

    /// What was under way is on disk: its receipts may be told.
    package func settle() -> Result {
        guard let done = underWay else { preconditionFailure("nothing is under way") }
        underWay = nil
        if done.hasDevices { telemetry.didCommit() }
        let receipts = done.receipts.compactMap { $0 }
        assert(receipts.count == done.receipts.count, "every input gets a receipt")
        return Result(receipts: receipts, entries: done.entries, didCommit: done.didCommit, remarks: telemetry.takeRemarks())
    }

    /// The commit of what was under way has failed: it is undone, and before it what was decided on top of it.
    package func fail() {
        undo(draft)
        draft = Draft()
        if let failed = underWay {
            undo(failed)
            readingsSince = failed.readingsSince ?? readingsSince
        }
        underWay = nil
        telemetry.failed()
        // What it knows is not on disk, whenever it came.
        if telemetry.isDirty { readingsSince = readingsSince ?? state.clock }
    }

    /// Puts another rule set in force between two turns: what is open keeps its limits, crews are the new roster's, and a crew
    /// that this makes free takes what waits. Nothing may be decided and not yet on disk.
    package func adopt(_ rules: RuleSet, at now: Instant) throws(CommitFailure) -> Result {
        precondition(underWay == nil && draft.entries.isEmpty && draft.receipts.isEmpty, "rules change between two turns")
        // What devices show is written by the rules that it was looked at with.
        var earlier = Result()
        while telemetry.isDirty {
            wantsReadingsWritten = true
            let written = try turn(inputs: [], at: now)
            earlier.entries += written.entries
            earlier.remarks += written.remarks
            earlier.didCommit = earlier.didCommit || written.didCommit
        }
        let previous = self.rules
        let shown = telemetry
        state.adopt(rules, at: now)
        telemetry.adopt(rules, at: now)
        self.rules = rules
        decidePositions(at: now)
        decide(.rules(rules.hash), at: now)
        do {
            var result = try turn(inputs: [], at: now)
            result.entries = earlier.entries + result.entries
            result.remarks = earlier.remarks + result.remarks
            result.didCommit = result.didCommit || earlier.didCommit
            return result
        } catch {
            state.adopt(previous, at: now)
            telemetry = shown
            self.rules = previous
            throw error
        }
    }

    /// What was decided and is not yet on disk.
    private struct Draft {
        var receipts: [Receipt?] = []
        var entries: [Entry] = []
        /// What was in `positions` when they were decided: put back when the commit fails.
        var positions: [CrewID: CrewPosition] = [:]
        var positionsSince: Instant?
        var didCommit = false
        // What the store can't tell yet.
        var earlier: [InputKey: EarlierReceipt] = [:]
        /// nil: forgotten.
        var customers: [CustomerID: CustomerRecord?] = [:]
        var finished: [TaskID: FinishedTask] = [:]
        var finishedCases: [CaseID: CaseState] = [:]
        var callers: [TaskID: [CallerRecord]] = [:]
        /// Rows of devices go with it, of readings that came since.
        var hasDevices = false
        var readingsSince: Instant?
    }

    /// Decided since the last `begin`.
    private var draft = Draft()
    /// Handed over to be committed.
    private var underWay: Draft?

    /// Folds positions into their predecessors and answers them; returns the other inputs with their places in the batch.
    private func take(telemetryOf inputs: [Input], at now: Instant) -> [(place: Int?, input: Input)] {
        let first = draft.receipts.count
        draft.receipts.append(contentsOf: repeatElement(nil, count: inputs.count))
        var others: [(place: Int?, input: Input)] = []
        others.reserveCapacity(inputs.count)
        for (index, input) in inputs.enumerated() {
            let place = first + index
            if case .reading = input.body {
                draft.receipts[place] = telemetry.take(input, at: now)
                if telemetry.isDirty { readingsSince = readingsSince ?? now }
                continue
            }
            guard case .crew(let signal) = input.body, signal.onDuty == nil, signal.serves == nil, let coordinate = signal.coordinate,
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

    private func decidePositions(at now: Instant) {
        guard !positions.isEmpty else { return }
        draft.positions.merge(positions) { _, newer in newer }
        draft.positionsSince = draft.positionsSince ?? positionsSince
        let moved = positions.values.sorted { $0.crew < $1.crew }.map {
            $0.at.milliseconds == 0 ? CrewPosition(crew: $0.crew, coordinate: $0.coordinate, at: now) : $0
        }
        positions = [:]
        positionsSince = nil
        decide(.positions(moved), at: now)
    }

    /// - Parameter place: of its receipt among those of the batch; nil: it is of our own making, and the watch gets the receipt.
    private func decide(inputs: [(place: Int?, input: Input)], at now: Instant) throws(CommitFailure) {
        var findings: [Findings]
        onPhase(.reading)
        do {
            findings = try store.findings(for: inputs.map(\.input))
        } catch {
            fail()
            throw CommitFailure.fatal(error.description)
        }
        onPhase(.deciding)
        for (index, (place, input)) in inputs.enumerated() {
            // What was decided just now is not in the store yet.
            if let known = draft.earlier[input.key] ?? underWay?.earlier[input.key] { findings[index].earlier = known }
            switch input.body {
            case .report(let report):
                if let account = report.customer, let known = draft.customers[account] ?? underWay?.customers[account] { findings[index].customer = known }
            case .customer(let record):
                if let known = draft.customers[record.customer] ?? underWay?.customers[record.customer] { findings[index].customer = known }
            case .progress(let progress):
                if let task = draft.finished[progress.task] ?? underWay?.finished[progress.task] { findings[index].finished = task }
                if progress.event == .split {
                    // What is under way may be on disk already.
                    let known = Set(findings[index].callers.map(\.key))
                    let later = (underWay?.callers[progress.task] ?? []) + (draft.callers[progress.task] ?? [])
                    findings[index].callers += later.filter { !known.contains($0.key) }
                }
            case .kase(let signal):
                if let state = draft.finishedCases[signal.id] ?? underWay?.finishedCases[signal.id] { findings[index].finishedCase = state }
            case .crew, .outage, .contractor, .reading, .recovered: break
            }
            let decision = decide(.input(input, findings[index]), at: now)
            if let place {
                draft.receipts[place] = decision.receipt
            } else if let receipt = decision.receipt {
                telemetry.decided(input, receipt)
            }
            guard let receipt = decision.receipt, receipt.status == .accepted else { continue }
            draft.earlier[input.key] = EarlierReceipt(digest: input.digest, receipt: receipt)
            for case .customer(let before, let after) in decision.changes {
                if let id = (after ?? before)?.id { draft.customers[id] = .some(after) }
            }
        }
    }

    @discardableResult
    private func decide(_ stimulus: Stimulus, at now: Instant) -> Decision {
        let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now)
        for case .task(_, let after) in decision.changes where after.state.isFinal {
            draft.finished[after.id] = FinishedTask(after.state, outcome: after.outcome)
        }
        for case .calls(.add(.task(let task), let callers)) in decision.changes { draft.callers[task, default: []] += callers }
        for case .kase(_, let after) in decision.changes where after.state.isFinal { draft.finishedCases[after.id] = after.state }
        telemetry.note(decision)
        draft.entries.append(Entry(stimulus: stimulus, at: now, decision: decision))
        return decision
    }

    private func undo(_ draft: Draft) {
        for entry in draft.entries.reversed() {
            for change in entry.decision.changes.reversed() { state.revert(change) }
        }
        for (crew, position) in draft.positions where positions[crew] == nil { positions[crew] = position }
        positionsSince = positionsSince ?? draft.positionsSince
    }
}

extension DispatchState {
    /// What the store had: the one place where a row that is kept comes back into memory.
    init(_ loaded: LoadedState, rules: RuleSet, at now: Instant) {
        self.init(
            tasks: loaded.tasks, crews: loaded.crews, lastTask: loaded.lastTask, cases: loaded.cases, plans: loaded.plans, lastCase: loaded.lastCase,
            outages: loaded.outages, contractors: loaded.contractors, districts: loaded.districts, managerLoads: loaded.managerLoads, rules: rules, at: now)
    }
}

import Decisions
import Domain
import Glibc
import Rules
import Store
import Synchronization

/// The one input loop, on a thread of its own: it alone touches the state and alone gives the writer work.
///
/// Each round: answer what has reached the disk; decide what has come in; give the writer the next batch, if it has done the one
/// before; wait for inputs, a timer, the writer or the watchdog's step. So while one batch is synced the next is decided, and it
/// grows as long as the sync takes. After a round the loop feeds the watchdog, if the writer has answered and every part is alive.
///
/// On failure: a full disk refuses the batch (`noRoom`), nothing of it has happened, and a probe each second finds the room
/// again; any other failed commit ends the process, because after it neither memory nor disk can be trusted to agree, and
/// systemd starts it again from what is on disk.
final class Loop: Sendable {
    /// What happens outside of the loop with what it did.
    struct Hooks: Sendable {
        /// A turn has decided something, and what it decided is on disk: history waits for the journal, notices for the outbox.
        var didTurn: @Sendable (Dispatcher.Result) -> Void
        var remark: @Sendable (Remark) -> Void
        /// The disk became full (why), or has room again (nil).
        var noRoom: @Sendable (_ reason: String?) -> Void
        var clockJumped: @Sendable (TimeSpan) -> Void
        /// The process must stop: journal it; never returns.
        var stop: @Sendable (_ message: String) -> Never
        /// Called by the loop itself when all is proved.
        var feedWatchdog: @Sendable () -> Void
        /// After each round, for the status line.
        var didRound: @Sendable (Dispatcher) -> Void
        /// The highest history line that stands in the journal.
        var journaledThrough: @Sendable () -> Int64
    }

    private enum Command: Sendable {
        case adopt(RuleSet, @Sendable (IntakeRefusal?) -> Void)
        case look(@Sendable (Dispatcher) -> Void)
    }

    /// A delivery's result, and who waits for it to be on disk.
    private struct Report: Sendable {
        var delivery: Delivery
        var answer: @Sendable (IntakeRefusal?) -> Void
    }

    private struct Mail {
        var commands: [Command] = []
        var deliveries: [Report] = []
        var stopping = false
    }

    let queue: InputQueue
    private let mail = Mutex(Mail())
    private let pulse: Pulse
    private let counters: Counters
    private let clock: any WallClock
    private let batchInputsMax: Int
    private let hooks: Hooks
    private let health: Health
    private let store: Store

    init(
        store: Store, queue: InputQueue, pulse: Pulse, counters: Counters, clock: any WallClock, batchInputsMax: Int, health: Health,
        hooks: Hooks
    ) {
        self.store = store
        self.queue = queue
        self.pulse = pulse
        self.counters = counters
        self.clock = clock
        self.batchInputsMax = batchInputsMax
        self.health = health
        self.hooks = hooks
    }

    /// How often the watchdog is fed and the writer proves itself, in milliseconds.
    private var step: Int64 { max(250, health.intervalMilliseconds / 4) }

    // MARK: From other threads

    /// Puts a rule set in force between two turns.
    func adopt(_ rules: RuleSet) async throws(IntakeRefusal) {
        let refusal: IntakeRefusal? = await withCheckedContinuation { continuation in
            post(.adopt(rules) { continuation.resume(returning: $0) })
        }
        if let refusal { throw refusal }
    }

    /// Looks at the state between two turns.
    func look<T: Sendable>(_ body: @escaping @Sendable (Dispatcher) -> T) async -> T {
        await withCheckedContinuation { continuation in
            post(.look { continuation.resume(returning: body($0)) })
        }
    }

    /// A delivery's result: returns after the commit that holds it.
    func report(_ delivery: Delivery) async throws(IntakeRefusal) {
        let refusal: IntakeRefusal? = await withCheckedContinuation { continuation in
            mail.withLock { $0.deliveries.append(Report(delivery: delivery) { continuation.resume(returning: $0) }) }
            queue.wake()
        }
        if let refusal { throw refusal }
    }

    /// Finishes what is queued, then ends; `Loop.run` returns.
    func stop() {
        queue.close()
        mail.withLock { $0.stopping = true }
        queue.wake()
    }

    private func post(_ command: Command) {
        mail.withLock { $0.commands.append(command) }
        queue.wake()
    }

    // MARK: On the loop's thread

    /// What waits for one commit: with the batch being decided, and with the one under way.
    private struct Waiting {
        var submissions: [Submission] = []
        var deliveries: [Report] = []
        /// History up to here stands in the journal; nil: no news.
        var journaledThrough: Int64?
    }

    /// What the loop knows from round to round.
    private struct Rounds {
        var deciding = Waiting()
        var underWay = Waiting()
        /// The journal's mark that is on disk.
        var journaled: Int64 = 0
        var jumps = JumpDetector()
    }

    /// Runs until `stop`.
    func run(_ dispatcher: Dispatcher) {
        dispatcher.onPhase = { [pulse] in pulse.enter($0) }
        let committer = Committer(store: store, pulse: pulse, onFinish: { [queue] in queue.wake() })
        committer.start()
        defer { committer.stop() }
        var rounds = Rounds()
        while true {
            let now = clock.now()
            if let jump = rounds.jumps.observe(wall: now, monotonic: monotonicMilliseconds()) { hooks.clockJumped(jump) }
            if let finished = committer.take() { settle(finished, dispatcher, &rounds) }
            let (commands, deliveries, stopping) = mail.withLock { mail in
                defer {
                    mail.commands = []
                    mail.deliveries = []
                }
                return (mail.commands, mail.deliveries, mail.stopping)
            }
            rounds.deciding.deliveries += deliveries
            if !commands.isEmpty {
                drain(committer, dispatcher, &rounds)
                obey(commands, dispatcher, at: now)
            }
            if pulse.isWithoutRoom {
                refuseAll(dispatcher, &rounds)
                // Once a second: has somebody made room?
                if committer.isIdle, monotonicMilliseconds() - pulse.writerAnsweredAt >= min(step, 1_000) { committer.begin(.probe) }
                if stopping { return }
            } else {
                decide(dispatcher, &rounds, at: now)
                if committer.isIdle { begin(committer, dispatcher, &rounds, isLast: stopping) }
                if stopping, committer.isIdle, queue.depth == 0 { return }
            }
            pulse.didTurn()
            prove(committer)
            hooks.didRound(dispatcher)
            pulse.enter(.waiting)
            wait(committer, dispatcher, stopping: stopping)
        }
    }

    private func wait(_ committer: Committer, _ dispatcher: Dispatcher, stopping: Bool) {
        if !committer.isIdle, dispatcher.decidedInputs >= batchInputsMax {
            // The next batch is full: whatever waits in the queue waits for the writer.
            queue.waitForWake(milliseconds: step)
        } else if pulse.isWithoutRoom {
            queue.waitForWake(milliseconds: min(step, 1_000))
        } else if !stopping {
            queue.wait(milliseconds: min(step, untilDue(dispatcher)))
        } else if !committer.isIdle {
            queue.waitForWake(milliseconds: step)
        }
    }

    private func untilDue(_ dispatcher: Dispatcher) -> Int64 {
        dispatcher.nextDue.map { max(0, ($0 - clock.now()).milliseconds) } ?? .max
    }

    private func obey(_ commands: [Command], _ dispatcher: Dispatcher, at now: Instant) {
        for command in commands {
            switch command {
            case .look(let body): body(dispatcher)
            case .adopt(let rules, let answer):
                do {
                    let result = try dispatcher.adopt(rules, at: now)
                    tell(result)
                    answer(nil)
                } catch {
                    answer(failed(error))
                }
            }
        }
    }

    /// Decides what has come in, as much as one batch holds.
    private func decide(_ dispatcher: Dispatcher, _ rounds: inout Rounds, at now: Instant) {
        let room = batchInputsMax - dispatcher.decidedInputs
        let submissions = room > 0 ? queue.take(inputsMax: room) : []
        guard !submissions.isEmpty || dispatcher.nextDue.map({ $0 <= now }) ?? false else { return }
        pulse.enter(.deciding)
        let inputs = submissions.flatMap(\.inputs)
        rounds.deciding.submissions += submissions
        counters.countInputs(inputs.count, at: monotonicMilliseconds())
        do { try dispatcher.decide(inputs: inputs, at: now) } catch { _ = failed(error) }
    }

    /// Gives the writer what was decided; what needs no commit is answered at once.
    private func begin(_ committer: Committer, _ dispatcher: Dispatcher, _ rounds: inout Rounds, isLast: Bool) {
        let through = hooks.journaledThrough()
        // The journal's mark rides with the next commit; alone it is written when the writer has to prove itself anyway.
        let markIsDue = through > rounds.journaled && (isLast || monotonicMilliseconds() - pulse.writerAnsweredAt >= step)
        guard dispatcher.hasDecided || !rounds.deciding.deliveries.isEmpty || markIsDue else { return }
        rounds.underWay = rounds.deciding
        rounds.deciding = Waiting()
        rounds.underWay.journaledThrough = through > rounds.journaled ? through : nil
        let batch = dispatcher.begin(
            deliveries: rounds.underWay.deliveries.map(\.delivery), journaledThrough: rounds.underWay.journaledThrough)
        if let batch { committer.begin(.batch(batch)) } else { answer(dispatcher.settle(), milliseconds: 0, &rounds) }
    }

    /// The writer has answered.
    private func settle(_ finished: Committer.Finished, _ dispatcher: Dispatcher, _ rounds: inout Rounds) {
        pulse.enter(.answering)
        switch (finished.job, finished.failure) {
        case (.probe, nil):
            if pulse.isWithoutRoom { hooks.noRoom(nil) }
            pulse.writerDidAnswer(noRoom: false)
        case (.batch, nil):
            pulse.writerDidAnswer(noRoom: false)
            answer(dispatcher.settle(), milliseconds: finished.milliseconds, &rounds)
        case (.probe, let failure?):
            _ = failed(failure)
        case (.batch, let failure?):
            let refusal = failed(failure)
            dispatcher.fail()
            for waiting in [rounds.underWay, rounds.deciding] { refuse(waiting, refusal) }
            rounds.underWay = Waiting()
            rounds.deciding = Waiting()
        }
    }

    /// Waits until all that was decided is on disk, so that what the state says is what the disk says.
    private func drain(_ committer: Committer, _ dispatcher: Dispatcher, _ rounds: inout Rounds) {
        while true {
            pulse.enter(.committing)
            if let finished = committer.wait() { settle(finished, dispatcher, &rounds) }
            guard dispatcher.hasDecided, !pulse.isWithoutRoom else { return }
            begin(committer, dispatcher, &rounds, isLast: false)
        }
    }

    private func answer(_ result: Dispatcher.Result, milliseconds: Int64, _ rounds: inout Rounds) {
        let done = rounds.underWay
        rounds.underWay = Waiting()
        rounds.journaled = max(rounds.journaled, done.journaledThrough ?? 0)
        count(result, milliseconds: milliseconds)
        var rest = result.receipts[...]
        for submission in done.submissions {
            submission.answer(.success(Array(rest.prefix(submission.inputs.count))))
            rest = rest.dropFirst(submission.inputs.count)
        }
        for report in done.deliveries { report.answer(nil) }
        tell(result)
    }

    private func refuse(_ waiting: Waiting, _ refusal: IntakeRefusal) {
        for report in waiting.deliveries { report.answer(refusal) }
        for submission in waiting.submissions {
            counters.count { $0.refusedNoRoom += Int64(submission.inputs.count) }
            submission.answer(.failure(refusal))
        }
    }

    private func count(_ result: Dispatcher.Result, milliseconds: Int64) {
        counters.count { values in
            for receipt in result.receipts { values.inputs[receipt.status, default: 0] += 1 }
            guard result.didCommit else { return }
            values.commits += 1
            values.commitMilliseconds += milliseconds
            values.commitMillisecondsMax = max(values.commitMillisecondsMax, milliseconds)
            for entry in result.entries {
                for line in entry.decision.history { values.history[line.event, default: 0] += 1 }
            }
        }
    }

    private func tell(_ result: Dispatcher.Result) {
        for entry in result.entries {
            for remark in entry.decision.remarks {
                counters.count { $0.remarks[remark.kind, default: 0] += 1 }
                hooks.remark(remark)
            }
        }
        for remark in result.remarks {
            counters.count { $0.remarks[remark.kind, default: 0] += 1 }
            hooks.remark(remark)
        }
        if !result.entries.isEmpty { hooks.didTurn(result) }
    }

    /// What to tell the senders; does not return where the process must end.
    private func failed(_ failure: CommitFailure) -> IntakeRefusal {
        switch failure {
        case .noRoom(let message):
            if !pulse.isWithoutRoom { hooks.noRoom(message) }
            pulse.writerDidAnswer(noRoom: true)
            return .noRoom(message)
        case .conflict(let message), .fatal(let message):
            hooks.stop(message)
        }
    }

    /// While the disk is full nothing is taken in, and what was not on disk yet is refused.
    private func refuseAll(_ dispatcher: Dispatcher, _ rounds: inout Rounds) {
        let full = IntakeRefusal.noRoom("the disk is full")
        rounds.deciding.submissions += queue.take(inputsMax: .max)
        refuse(rounds.deciding, full)
        rounds.deciding = Waiting()
    }

    /// Feeds the watchdog: only when a commit has just been answered or is young, so that its bite comes in time after the last
    /// sign of the disk. Without a commit to make, the writer proves itself with a tiny one.
    private func prove(_ committer: Committer) {
        let now = monotonicMilliseconds()
        guard now - pulse.fedAt >= step - 50 else { return }
        if now - pulse.writerAnsweredAt >= step {
            if committer.isIdle { committer.begin(.probe) }
            return
        }
        guard pulse.writerBusySince.map({ now - $0 < Self.youngCommitMilliseconds }) ?? true else { return }
        guard health.complaints(now: now).isEmpty else { return }
        hooks.feedWatchdog()
        pulse.didFeed()
    }

    /// A commit takes some milliseconds.
    private static let youngCommitMilliseconds: Int64 = 250
}

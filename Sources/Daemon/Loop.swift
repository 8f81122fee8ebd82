import Decisions
import Domain
import Glibc
import Rules
import Store
import Synchronization

/// The one input loop, on a thread of its own: it alone touches the state and alone makes the store write.
///
/// Each round: wait for inputs, a timer or the watchdog's step; take a batch; one turn of the dispatcher; answer. After a round
/// it feeds the watchdog, if the writer has answered and every part is alive.
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

    /// Runs until `stop`.
    func run(_ dispatcher: Dispatcher) {
        dispatcher.onPhase = { [pulse] in pulse.enter($0) }
        var jumps = JumpDetector()
        var journaled: Int64 = 0
        while true {
            let now = clock.now()
            let monotonic = monotonicMilliseconds()
            if let jump = jumps.observe(wall: now, monotonic: monotonic) { hooks.clockJumped(jump) }
            let (commands, deliveries, stopping) = mail.withLock { mail in
                defer {
                    mail.commands = []
                    mail.deliveries = []
                }
                return (mail.commands, mail.deliveries, mail.stopping)
            }
            obey(commands, dispatcher, at: now)
            if pulse.isWithoutRoom {
                refuseAll(dispatcher)
                for report in deliveries { report.answer(.noRoom("the disk is full")) }
                probe()
                if stopping { return }
            } else {
                let through = hooks.journaledThrough()
                let didWork = round(
                    dispatcher, deliveries: deliveries, journaledThrough: through > journaled ? through : nil, isLast: stopping, at: now)
                // Known on disk only after a turn that took it along.
                if didWork, !pulse.isWithoutRoom { journaled = max(journaled, through) }
                if stopping, !didWork, queue.depth == 0 { return }
            }
            pulse.didTurn()
            prove()
            hooks.didRound(dispatcher)
            pulse.enter(.waiting)
            if !stopping {
                queue.wait(milliseconds: min(step, pulse.isWithoutRoom ? 1_000 : untilDue(dispatcher)))
            }
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

    /// One batch. Returns whether there was anything to do.
    private func round(
        _ dispatcher: Dispatcher, deliveries: [Report], journaledThrough: Int64?, isLast: Bool, at now: Instant
    ) -> Bool {
        let submissions = queue.take(inputsMax: batchInputsMax)
        let isDue = dispatcher.nextDue.map { $0 <= now } ?? false
        // The journal's mark rides with the next commit; alone it is written when the writer has to prove itself anyway.
        let markIsDue = journaledThrough != nil && (isLast || monotonicMilliseconds() - pulse.writerAnsweredAt >= step)
        guard !submissions.isEmpty || isDue || !deliveries.isEmpty || markIsDue else { return false }
        pulse.enter(.deciding)
        let began = monotonicMilliseconds()
        let inputs = submissions.flatMap(\.inputs)
        do {
            let result = try dispatcher.turn(
                inputs: inputs, deliveries: deliveries.map(\.delivery), journaledThrough: journaledThrough, at: now)
            pulse.enter(.answering)
            if result.didCommit { pulse.writerDidAnswer(noRoom: false) }
            counters.countInputs(inputs.count, at: began)
            count(result, milliseconds: monotonicMilliseconds() - began)
            var rest = result.receipts[...]
            for submission in submissions {
                submission.answer(.success(Array(rest.prefix(submission.inputs.count))))
                rest = rest.dropFirst(submission.inputs.count)
            }
            for report in deliveries { report.answer(nil) }
            tell(result)
        } catch {
            let refusal = failed(error)
            for report in deliveries { report.answer(refusal) }
            for submission in submissions { submission.answer(.failure(refusal)) }
        }
        return true
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

    private func refuseAll(_ dispatcher: Dispatcher) {
        for submission in queue.take(inputsMax: .max) {
            counters.count { $0.refusedNoRoom += Int64(submission.inputs.count) }
            submission.answer(.failure(.noRoom("the disk is full")))
        }
    }

    /// A tiny real commit: it finds the room again, and proves the writer while there is nothing else to write.
    private func probe() {
        pulse.enter(.committing)
        do {
            try store.proveWritable()
            if pulse.isWithoutRoom { hooks.noRoom(nil) }
            pulse.writerDidAnswer(noRoom: false)
        } catch {
            _ = failed(error)
        }
        pulse.enter(.answering)
    }

    private func prove() {
        let now = monotonicMilliseconds()
        guard now - pulse.fedAt >= step - 50 else { return }
        if now - pulse.writerAnsweredAt >= step { probe() }
        pulse.enter(.answering)
        pulse.didTurn()
        guard health.complaints(now: monotonicMilliseconds()).isEmpty else { return }
        hooks.feedWatchdog()
        pulse.didFeed()
    }
}

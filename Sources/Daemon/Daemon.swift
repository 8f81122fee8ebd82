package import API
import Decisions
import Domain
import Glibc
import Inbox
import Outbox
package import Rules
import Store
package import Systemd

/// The daemon: it wires the rooms together, in the order in which each needs the one before, and takes them down in reverse.
///
///     rules -> store -> state -> journal -> loop -> outbox -> doors (HTTP, spool) -> READY=1
///
/// A value with start and stop: `paidan serve` runs it to a signal, tests run it in their own process.
package final class Daemon: Sendable {
    /// The program's version; stored with what it decides.
    package static let version = "0.1.0"

    /// A journal that says nothing to anybody: for benchmarks, whose figures are not to be those of a terminal.
    package static var quietJournal: Journal {
        Journal(identifier: "paidan", destination: .lines(descriptor: open("/dev/null", O_WRONLY | O_CLOEXEC), style: .plain))
    }

    package typealias RuleVerification = @Sendable (_ source: RuleSource, _ set: RuleSet, _ only: Set<String>?) -> [Diagnostic]

    /// The rule tests beside the rules.
    package static let ruleTests: RuleVerification = { source, set, only in RuleTests.run(source, in: set, only: only).failures }

    /// Where it listens; port 0 became a number.
    package let addresses: [BoundAddress]

    private let parts: Parts

    /// Everything that runs.
    private struct Parts: Sendable {
        var loop: Loop
        var store: Store
        var doors: HTTPDoors
        var spool: SpoolDoor
        var outbox: OutboxDoor
        var journaler: Journaler
        var watcher: Watcher
        var reloading: Reloading
        var notifier: Notifier
        var stageWatch: StageWatch
        var loopEnded: Flag
    }

    private init(addresses: [BoundAddress], parts: Parts) {
        self.addresses = addresses
        self.parts = parts
    }

    /// Opens everything and returns when it is ready: the rules are loaded, the store is open, the doors listen.
    /// - Parameters:
    ///   - isService: this process is the service: systemd is told how it is.
    ///   - verify: lives the rule tests of the named modules (nil: of all) through a set that is about to be in force; errors refuse it.
    /// - Throws: `StartFailure` with the exit code; what was opened is closed again by the end of the process.
    package static func start(
        _ configuration: Configuration, journal: Journal = Journal(identifier: "paidan"), clock: any WallClock = SystemClock(),
        isService: Bool = true, verify: @escaping RuleVerification = Daemon.ruleTests
    ) async throws(StartFailure) -> Daemon {
        signal(SIGPIPE, SIG_IGN)
        let began = monotonicMilliseconds()
        let notifier = Notifier(isSilent: !isService, onFailure: { journal.send(Message.notifyFailed(reason: $0.description)) })
        journal.send(Message.started(version: version, rules: configuration.rules, state: configuration.state))
        notifier.status("starting: loading the rules")
        let lastGood = LastGoodRules(stateFolder: configuration.state)
        let rules: RulesAtStart
        do {
            rules = try RulesAtStart.load(folder: configuration.rules, lastGood: lastGood)
        } catch {
            let lines = error.description.split(separator: "\n").map(String.init)
            journal.send(Message.noUsableRules(folder: configuration.rules, diagnostics: lines))
            throw error
        }
        notifier.status("starting: opening the store")
        let store: Store
        let loaded: LoadedState
        do {
            store = try Store(directory: configuration.state, options: Store.Options(engine: version))
            loaded = try store.load()
        } catch {
            journal.send(Message.startFailed(reason: error.description))
            throw StartFailure(error.description)
        }
        let now = clock.now()
        let state = DispatchState(loaded, rules: rules.set, at: now)
        let dispatcher = Dispatcher(store: store, state: state, rules: rules.set, devices: loaded.devices)

        let pulse = Pulse()
        let counters = Counters()
        let board = StatusBoard()
        let zone = Holder<TimeZoneRules>(rules.set.site.zone)
        let journaler = Journaler(
            journal: journal, through: loaded.journaledThrough,
            read: { after, limit in try store.historyNow(after: after, limit: limit) },
            entry: { LifeLine.entry(for: $0, zone: zone.value ?? .utc) })
        let doorBeats = DoorBeats()
        let spoolHolder = Holder<SpoolDoor>()
        let outboxHolder = Holder<OutboxDoor>()
        let interval = (isService ? Notifier.watchdogInterval : nil).map { Int64($0 / .milliseconds(1)) } ?? Health.defaultIntervalMilliseconds
        let health = Health(
            pulse: pulse,
            parts: [
                LivePart(name: "the HTTP door", lastBeat: { doorBeats.lastBeat }, silenceMax: max(4_000, interval / 2)),
                LivePart(name: "the spool's reader", lastBeat: { spoolHolder.value?.lastBeat ?? monotonicMilliseconds() }, silenceMax: 30_000),
                LivePart(
                    name: "the outbox", lastBeat: { outboxHolder.value.map { $0.isAlive ? monotonicMilliseconds() : 0 } ?? monotonicMilliseconds() },
                    silenceMax: 30_000),
                LivePart(name: "the journal's writer", lastBeat: { journaler.lastBeat }, silenceMax: 30_000),
            ], intervalMilliseconds: interval)
        board.update {
            $0.rulesHash = rules.set.hash
            $0.rulesSince = now
            $0.ruleCount = rules.set.ruleCount
            $0.onLastGood = rules.refusal != nil
            $0.crews = state.crewCount
            $0.crewsOnDuty = state.crewsOnDuty
        }
        let statusLine = StatusLine(
            board: board, counters: counters, notifier: notifier, health: health, clock: clock, zone: rules.set.site.zone)
        let remarks = Remarks(journaler: journaler)
        let stageWatch = StageWatch(
            stateFolder: configuration.state, figures: { try store.figuresNow($0) },
            tell: { journaler.send(Message.stageUnusual($0)) }, failed: { journaler.send(Message.stageWatchFailed(reason: $0)) })
        let logAtStart = store.logHead
        let headJournal = HeadJournal(logAtStart, at: now)
        let diskSpace = DiskSpace(folder: configuration.state, journaler: journaler)
        let loop = Loop(
            store: store, queue: InputQueue(inputsMax: configuration.queuedInputsMax), pulse: pulse, counters: counters, clock: clock,
            batchInputsMax: configuration.batchInputsMax, health: health,
            hooks: Loop.Hooks(
                didTurn: { result in
                    if result.didCommit { journaler.wake() }
                    for entry in LifeLine.asides(of: result, zone: zone.value ?? .utc) { journaler.send(entry) }
                    if result.entries.contains(where: { !$0.decision.notices.isEmpty }) { outboxHolder.value?.wake() }
                },
                remark: { remarks.say($0) },
                noRoom: { diskSpace.say($0) },
                clockJumped: { jump in
                    counters.count { $0.clockJumps += 1 }
                    journaler.send(Message.clockJumped(by: jump))
                },
                stop: { reason in
                    journaler.sendNow(Message.storeFailed(reason: reason))
                    writeToStandardError("paidan: stopping: \(reason)\n")
                    _exit(1)
                },
                feedWatchdog: { notifier.watchdog() },
                didRound: { dispatcher in
                    statusLine.update(dispatcher)
                    let now = clock.now()
                    stageWatch.tick(dispatcher.rules, at: now)
                    let head = store.logHead
                    if headJournal.isDue(head, at: now) { journaler.send(Message.logHead(head, log: store.logID)) }
                },
                journaledThrough: { journaler.journaledThrough }))
        let outbox = OutboxDoor(
            store: store, loop: loop, counters: counters, journaler: journaler, clock: clock,
            zone: rules.set.site.zone, channels: rules.set.site.channels)
        outboxHolder.value = outbox
        let reloading = Reloading(
            reloader: Reloader(
                folder: configuration.rules, lastGood: lastGood, start: rules, verify: verify,
                adopt: { (set) async throws(IntakeRefusal) in
                    try await loop.adopt(set)
                    zone.value = set.site.zone
                    outbox.use(set.site.channels)
                }),
            folder: configuration.rules, board: board, counters: counters, journaler: journaler, notifier: notifier,
            statusText: { statusLine.text() })
        let backend = DaemonBackend(
            loop: loop, store: store, health: health, counters: counters, board: board, clock: clock,
            spoolCounters: { spoolHolder.value?.counters }, reload: { await reloading.reload() })
        let spool = try SpoolDoor(configuration, zone: rules.set.site.zone, intake: loop, journaler: journaler, clock: clock)
        spoolHolder.value = spool
        let doors = HTTPDoors(addresses: try listenAddresses(configuration), backend: backend)
        doorBeats.watch(doors)

        if let refusal = rules.refusal {
            journaler.send(Message.runningOnLastGoodRules(folder: configuration.rules, diagnostics: refusal, hash: rules.set.hash))
        }
        if let due = state.nextDue, due <= now {
            journaler.send(Message.timersCaughtUp(count: state.dueCount(at: now), downFor: now - due))
        }
        journaler.start()
        let loopEnded = Flag()
        let confined = Confined(dispatcher)
        NamedThread.start("paidan-loop") {
            loop.run(confined.value)
            loopEnded.set()
        }
        let watcher = Watcher(health: health) { complaints, silent in
            journaler.sendNow(Message.watchdogReason(complaints, silentFor: TimeSpan(milliseconds: silent)))
        }
        watcher.start()
        outbox.start()
        let addresses: [BoundAddress]
        do {
            addresses = try await doors.start()
            spool.start()
        } catch {
            journaler.sendNow(Message.startFailed(reason: "\(error)"))
            throw StartFailure("\(error)")
        }
        let daemon = Daemon(
            addresses: addresses,
            parts: Parts(
                loop: loop, store: store, doors: doors, spool: spool, outbox: outbox, journaler: journaler, watcher: watcher,
                reloading: reloading, notifier: notifier, stageWatch: stageWatch, loopEnded: loopEnded))
        journaler.send(
            Message.isReady(
                openTasks: loaded.tasks.count, crewsOnDuty: state.crewsOnDuty, rulesHash: rules.set.hash,
                doors: addresses.map(\.description) + [configuration.spool], milliseconds: monotonicMilliseconds() - began))
        journaler.send(Message.logHead(logAtStart, log: store.logID))
        notifier.ready(status: statusLine.text())
        reloading.lookThrough(rules.source, hash: rules.set.hash)
        return daemon
    }

    /// Reads the rules again, as `paidan reload` and SIGHUP do.
    package func reload() async -> ReloadAnswer { await parts.reloading.reload() }

    /// The doors close, what was accepted is finished, notices under way are given a moment, the journal is written, the
    /// store is folded up.
    package func stop() async {
        parts.notifier.stopping(status: "stopping: finishing what was accepted")
        parts.journaler.send(Message.isStopping(unfinished: parts.loop.queue.depth))
        await parts.spool.stop()
        await parts.doors.stop()
        await parts.outbox.stop()
        parts.watcher.stop()
        parts.reloading.stop()
        await parts.stageWatch.end()
        await parts.journaler.stop(limitMilliseconds: 5_000)
        parts.loop.stop()
        await parts.loopEnded.wait()
        parts.journaler.sendNow(Message.logHead(parts.store.logHead, log: parts.store.logID))
        try? parts.store.close()
        parts.journaler.sendNow(Message.hasStopped())
    }

    private static func listenAddresses(_ configuration: Configuration) throws(StartFailure) -> [ListenAddress] {
        do {
            var addresses: [ListenAddress] = try SocketActivation.listeners().map { .inherited(fileDescriptor: $0.descriptor) }
            if addresses.isEmpty { addresses = [.unix(path: configuration.socket, mode: ListenAddress.defaultMode)] }
            for text in configuration.listen { addresses.append(try ListenAddress.tcp(parsing: text)) }
            return addresses
        } catch {
            throw StartFailure("\(error)")
        }
    }
}

/// One line to standard error, past every buffer.
func writeToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    bytes.withUnsafeBytes { raw in _ = write(2, raw.baseAddress, raw.count) }
}

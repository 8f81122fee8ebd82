import Domain
import Figures
import Glibc
import Rules
import Synchronization

/// Looks once a day, at seven in the morning, whether a stage of a process has left its usual band: how long it takes, and how often it is late
/// (`UsualBand` says what is usual). What it finds it tells once, until the stage is back in its band.
///
///     idle -> (07:00 has passed, and nobody has looked today) -> looking, on a thread of its own -> idle
///
/// The loop asks after each of its rounds, which costs a comparison; the look itself reads on a connection of the readers, with the lowest
/// priority that it may have, so that no decision waits for it. The day of the last look and what was told stand in a small file in the state
/// folder: a daemon that was down at seven looks when it is up again, and a restart repeats nothing. A file that can't be read is as good as
/// none; one that can't be written, or a look that fails, is told, and tried again an hour later.
final class StageWatch: Sendable {
    typealias Figures = @Sendable (FigureRequest) throws -> FigureReport

    /// Minutes after local midnight.
    static let minute = 7 * 60

    private struct State {
        /// Read from the file, or as the last look left it.
        var lastDay: CivilDate?
        var told: Set<String>
        /// nil: not reckoned yet.
        var nextDue: Instant?
        var isLooking = false
        var isStopped = false
        /// Who waits for the look that is under way.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// A look that was broken off because the daemon stops.
    private struct Stopped: Error {}

    private let path: String
    private let figures: Figures
    private let tell: @Sendable (BandFinding) -> Void
    private let failed: @Sendable (String) -> Void
    private let start: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - tell: called for each new finding, on the watch's own thread.
    ///   - failed: called with the reason of a look that came to nothing.
    ///   - start: how a look is set going; tests do it on the spot.
    init(
        stateFolder: String, figures: @escaping Figures, tell: @escaping @Sendable (BandFinding) -> Void, failed: @escaping @Sendable (String) -> Void,
        start: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = StageWatch.onItsOwnThread
    ) {
        path = stateFolder + "/stage-watch"
        self.figures = figures
        self.tell = tell
        self.failed = failed
        self.start = start
        let (day, told) = Self.read(path)
        state = Mutex(State(lastDay: day, told: told))
    }

    /// By the loop, after each round.
    func tick(_ rules: RuleSet, at now: Instant) {
        let isDue = state.withLock { state in
            guard !state.isStopped, !state.isLooking else { return false }
            if state.nextDue == nil { state.nextDue = Self.due(after: state.lastDay, rules.site.zone, now) }
            guard let due = state.nextDue, now >= due else { return false }
            state.isLooking = true
            return true
        }
        guard isDue else { return }
        start { [self] in look(rules, at: now) }
    }

    /// Nothing is told any more.
    func stop() { state.withLock { $0.isStopped = true } }

    /// The same, and a look that is under way has ended: it reads nothing more, so that the store can be closed.
    func end() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                state.isStopped = true
                if state.isLooking { state.waiting.append(continuation) }
                return !state.isLooking
            }
            if isOver { continuation.resume() }
        }
    }

    /// Seven in the morning of the day after the last look; where nobody has looked yet, of today.
    private static func due(after last: CivilDate?, _ zone: TimeZoneRules, _ now: Instant) -> Instant {
        let today = zone.date(at: now)
        // A clock that was set back must not silence the watch for good.
        let day = last.map { $0 > today ? today.adding(days: 1) : $0.adding(days: 1) } ?? today
        return zone.instant(of: LocalTime(date: day, minute: minute))
    }

    private func look(_ rules: RuleSet, at now: Instant) {
        defer {
            let waiting = state.withLock { state in
                state.isLooking = false
                defer { state.waiting = [] }
                return state.waiting
            }
            for one in waiting { one.resume() }
        }
        let zone = rules.site.zone
        let today = zone.date(at: now)
        let morning = zone.instant(of: LocalTime(date: today, minute: Self.minute))
        let end = morning <= now ? morning : morning + .days(-1)
        do {
            let findings = BandFinding.findings(
                last: try week(0, before: end, rules, now), before: try (1...UsualBand.weeks).map { try week($0, before: end, rules, now) })
            let keys = Set(findings.map(\.key))
            let new: [BandFinding]? = state.withLock { state in
                guard !state.isStopped else { return nil }
                defer { state.told = keys }
                return findings.filter { !state.told.contains($0.key) }
            }
            guard let new else { return }
            for finding in new { tell(finding) }
            try replaceFile(path, with: Array(([Self.head, today.description] + keys.sorted()).joined(separator: "\n").utf8) + [0x0A])
            state.withLock { state in
                state.lastDay = today
                state.nextDue = Self.due(after: today, zone, now)
            }
        } catch {
            let wasStopped = state.withLock { state in
                state.nextDue = now + .hours(1)
                return state.isStopped
            }
            if !wasStopped { failed("\(error)") }
        }
    }

    /// The seven days that end `number` weeks before `end`.
    private func week(_ number: Int, before end: Instant, _ rules: RuleSet, _ now: Instant) throws -> FigureReport {
        if state.withLock({ $0.isStopped }) { throw Stopped() }
        let until = end + .days(Int64(-7 * number))
        return try figures(FigureRequest(since: until + .days(-7), until: until, now: now, rules: rules, isLean: true))
    }

    static let onItsOwnThread: @Sendable (@escaping @Sendable () -> Void) -> Void = { look in
        NamedThread.start("paidan-figures") {
            // For this thread alone. Where it is forbidden, the kernel's fair shares have to do.
            _ = nice(19)
            look()
        }
    }

    // MARK: What was told

    private static let head = "paidan-stage-watch 1"

    private static func read(_ path: String) -> (day: CivilDate?, told: Set<String>) {
        guard let bytes = try? readWholeFile(path) else { return (nil, []) }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard lines.count >= 2, lines[0] == head else { return (nil, []) }
        let parts = lines[1].split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3, let day = CivilDate(year: parts[0], month: parts[1], day: parts[2]) else { return (nil, []) }
        return (day, Set(lines.dropFirst(2)))
    }
}

import Decisions
import Domain
import Rules
import Synchronization
import Systemd

/// Keeps the board and the Status line of `systemctl status` true, at most once a second.
final class StatusLine: Sendable {
    private struct State {
        var lastUpdate: Int64 = 0
        var lastText = ""
        var zone: TimeZoneRules
    }

    private let board: StatusBoard
    private let counters: Counters
    private let notifier: Notifier
    private let health: Health
    private let clock: any WallClock
    private let state: Mutex<State>

    init(board: StatusBoard, counters: Counters, notifier: Notifier, health: Health, clock: any WallClock, zone: TimeZoneRules) {
        self.board = board
        self.counters = counters
        self.notifier = notifier
        self.health = health
        self.clock = clock
        state = Mutex(State(zone: zone))
    }

    /// By the loop, after each round.
    func update(_ dispatcher: Dispatcher) {
        let now = monotonicMilliseconds()
        let isDue = state.withLock { state in
            guard now - state.lastUpdate >= 1_000 || dispatcher.rules.hash != board.current.rulesHash else { return false }
            state.lastUpdate = now
            state.zone = dispatcher.rules.site.zone
            return true
        }
        guard isDue else { return }
        let wall = clock.now()
        board.update { board in
            for state in TaskState.allCases where !state.isFinal { board.openByState[state] = dispatcher.state.count(of: state) }
            board.overdue = dispatcher.state.overdueCount(at: wall)
            board.cases = dispatcher.state.openCaseCount
            board.crewsOnDuty = dispatcher.state.crewsOnDuty
            board.crews = dispatcher.state.crewCount
            board.nextDue = dispatcher.nextDue
            if board.rulesHash != dispatcher.rules.hash {
                board.rulesHash = dispatcher.rules.hash
                board.rulesSince = wall
                board.ruleCount = dispatcher.rules.ruleCount
                board.onLastGood = false
            }
        }
        let line = text()
        let changed = state.withLock { state in
            defer { state.lastText = line }
            return state.lastText != line
        }
        if changed { notifier.status(line) }
    }

    func text() -> String {
        let now = monotonicMilliseconds()
        return StatusBoard.line(
            board.current, inputsLastMinute: counters.inputsLastMinute(at: now), zone: state.withLock { $0.zone },
            complaints: health.complaints(now: now) + health.degradations())
    }
}

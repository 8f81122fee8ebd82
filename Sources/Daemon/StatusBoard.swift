import Decisions
import Domain
import Synchronization

/// What the status line, `/v1/status` and `/metrics` say about the state: copied by the loop after each round, read by anyone.
final class StatusBoard: Sendable {
    struct Snapshot: Sendable {
        var openByState: [TaskState: Int] = [:]
        var overdue = 0
        /// Open cases.
        var cases = 0
        var crewsOnDuty = 0
        var crews = 0
        var rulesHash = ""
        var rulesSince = Instant(milliseconds: 0)
        var ruleCount = 0
        /// The rules folder could not be used at the start: the set kept from before is in force.
        var onLastGood = false
        var nextDue: Instant?
        /// What was found of a set as a whole; nil: nothing yet.
        var findings: (hash: String, warnings: Int)?

        /// Warnings about the set in force; nil: it has not been looked through yet.
        var ruleWarnings: Int? { findings.flatMap { $0.hash == rulesHash ? $0.warnings : nil } }

        /// Tasks that are not final and not yet completed.
        var open: Int {
            openByState.reduce(0) { $0 + ($1.key.isFinal || $1.key == .completed ? 0 : $1.value) }
        }
    }

    private let snapshot = Mutex(Snapshot())

    func update(_ change: (inout Snapshot) -> Void) { snapshot.withLock { change(&$0) } }
    var current: Snapshot { snapshot.withLock { $0 } }

    /// The Status line of `systemctl status paidan`.
    static func line(_ snapshot: Snapshot, inputsLastMinute: Int64, zone: TimeZoneRules, complaints: [String]) -> String {
        var line =
            "\(snapshot.open) open, \(snapshot.overdue) overdue, \(snapshot.crewsOnDuty) of \(snapshot.crews) crews on duty, "
            + "\(inputsLastMinute) inputs/min, rules \(snapshot.rulesHash) since \(snapshot.rulesSince.rfc3339(in: zone))"
        if snapshot.onLastGood { line += " (the rules folder has errors: running on the last good rules)" }
        for complaint in complaints { line += "; " + complaint }
        return line
    }
}

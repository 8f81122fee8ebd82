import Decisions
import Domain
import Inbox

/// OpenMetrics text: what was counted, what stands open, and whether the promises hold.
struct MetricsText {
    private var text = ""

    private mutating func family(_ name: String, _ type: String, unit: String? = nil, _ help: String) {
        text += "# TYPE \(name) \(type)\n"
        if let unit { text += "# UNIT \(name) \(unit)\n" }
        text += "# HELP \(name) \(help)\n"
    }

    private mutating func sample(_ name: String, _ value: some CustomStringConvertible) {
        sample(name, [], value)
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], _ value: some CustomStringConvertible) {
        let joined = labels.map { "\($0.0)=\"\(Self.escape($0.1))\"" }.joined(separator: ",")
        text += name + (joined.isEmpty ? "" : "{\(joined)}") + " \(value)\n"
    }

    private mutating func counter(_ name: String, _ help: String, _ value: Int64) {
        family(name, "counter", help)
        sample(name + "_total", value)
    }

    private mutating func gauge(_ name: String, unit: String? = nil, _ help: String, _ value: some CustomStringConvertible) {
        family(name, "gauge", unit: unit, help)
        sample(name, value)
    }

    private static func escape(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }

    static func render(
        _ values: Counters.Values, board: StatusBoard.Snapshot, queuedInputs: Int, inputsLastMinute: Int64, isHealthy: Bool,
        spool: SpoolCounters?, isWithoutRoom: Bool, residentBytes: Int64
    ) -> [UInt8] {
        var metrics = MetricsText()
        metrics.family("paidan_inputs", "counter", "Inputs answered, by the status of their receipt.")
        for status in [ReceiptStatus.accepted, .duplicate, .conflict, .rejected] {
            metrics.sample("paidan_inputs_total", [("status", status.rawValue)], values.inputs[status] ?? 0)
        }
        metrics.counter("paidan_inputs_undecodable", "Spool files or lines that could not be read at all; they lie in quarantine.", Int64(spool?.unreadable ?? 0))
        metrics.family("paidan_inputs_refused", "counter", "Inputs not taken in: the sender keeps them.")
        metrics.sample("paidan_inputs_refused_total", [("reason", "no_room")], values.refusedNoRoom)
        metrics.sample("paidan_inputs_refused_total", [("reason", "busy")], values.refusedBusy)
        metrics.gauge("paidan_inputs_queued", "Inputs waiting to be decided.", queuedInputs)
        metrics.gauge("paidan_inputs_last_minute", "Inputs answered in the last 60 seconds.", inputsLastMinute)
        metrics.family("paidan_tasks_open", "gauge", "Tasks in memory, by state.")
        for state in TaskState.allCases where !state.isFinal {
            metrics.sample("paidan_tasks_open", [("state", state.rawValue)], board.openByState[state] ?? 0)
        }
        metrics.gauge("paidan_tasks_overdue", "Open tasks with a limit that has passed.", board.overdue)
        metrics.family("paidan_task_events", "counter", "What happened to tasks.")
        for event in HistoryEvent.allCases {
            metrics.sample("paidan_task_events_total", [("event", event.rawValue)], values.history[event] ?? 0)
        }
        metrics.family("paidan_remarks", "counter", "What operators should know: reports that only the fallback took, conditions that failed.")
        for kind in Remark.Kind.allCases {
            metrics.sample("paidan_remarks_total", [("kind", kind.rawValue)], values.remarks[kind] ?? 0)
        }
        metrics.gauge("paidan_crews_on_duty", "Crews on duty.", board.crewsOnDuty)
        metrics.gauge("paidan_crews", "Crews of the roster.", board.crews)
        metrics.counter("paidan_commits", "Transactions committed and synced.", values.commits)
        metrics.family("paidan_turn_milliseconds", "counter", "Time spent in turns that committed: deciding and writing.")
        metrics.sample("paidan_turn_milliseconds_total", values.commitMilliseconds)
        metrics.gauge("paidan_turn_milliseconds_max", "The longest of them.", values.commitMillisecondsMax)
        metrics.counter("paidan_spool_files_done", "Spool files moved to done.", Int64(spool?.filesDone ?? 0))
        metrics.counter("paidan_spool_files_quarantined", "Spool files of which something was quarantined.", Int64(spool?.filesQuarantined ?? 0))
        metrics.counter("paidan_notices_delivered", "Notices that a channel took.", values.noticesDelivered)
        metrics.counter("paidan_notices_parked", "Notices given up after every retry.", values.noticesParked)
        metrics.counter("paidan_clock_jumps", "Jumps of the wall clock.", values.clockJumps)
        metrics.family("paidan_reloads", "counter", "Reloads of the rules, by outcome.")
        metrics.sample("paidan_reloads_total", [("outcome", "loaded")], values.reloads)
        metrics.sample("paidan_reloads_total", [("outcome", "refused")], values.reloadsRefused)
        metrics.gauge("paidan_last_reload_successful", "1: the last reload was loaded.", values.lastReloadSucceeded ? 1 : 0)
        metrics.family("paidan_last_reload_milliseconds", "gauge", "From the request of the last reload that was loaded until its rules were in force.")
        if let milliseconds = values.lastReloadMilliseconds { metrics.sample("paidan_last_reload_milliseconds", milliseconds) }
        metrics.gauge("paidan_running_on_last_good_rules", "1: the rules folder could not be used at the start.", board.onLastGood ? 1 : 0)
        metrics.family("paidan_rules", "info", "The rule set in force.")
        metrics.sample("paidan_rules_info", [("hash", board.rulesHash)], 1)
        metrics.gauge("paidan_rules_loaded", "Rules in force.", board.ruleCount)
        metrics.family("paidan_rules_warnings", "gauge", "Warnings about the rule set in force; nothing until it has been looked through.")
        if let warnings = board.ruleWarnings { metrics.sample("paidan_rules_warnings", warnings) }
        metrics.gauge("paidan_healthy", "1: healthy, as /healthz says.", isHealthy ? 1 : 0)
        metrics.gauge("paidan_disk_full", "1: nothing new is taken in.", isWithoutRoom ? 1 : 0)
        metrics.gauge("paidan_resident_memory_bytes", unit: "bytes", "Resident memory.", residentBytes)
        metrics.text += "# EOF\n"
        return Array(metrics.text.utf8)
    }
}

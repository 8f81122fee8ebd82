package import Decisions
package import Domain
package import Rules

/// One stimulus and what was decided about it. A class, because a batch is looked through several times, and a copy of all that it
/// holds costs as much as a tenth of the decision.
package final class Entry: Sendable, Hashable {
    package let stimulus: Stimulus
    /// The instant that the decision was given.
    package let at: Instant
    package let decision: Decision
    package init(stimulus: Stimulus, at: Instant, decision: Decision) {
        self.stimulus = stimulus
        self.at = at
        self.decision = decision
    }

    package static func == (a: Entry, b: Entry) -> Bool { a.stimulus == b.stimulus && a.at == b.at && a.decision == b.decision }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(stimulus)
        hasher.combine(at)
        hasher.combine(decision)
    }

    /// Whether it enters the log: an input that was accepted, a change of rules, and whatever changed something. A duplicate,
    /// a conflict, a refusal, and a tick on which nothing was due leave no trace.
    var isLogged: Bool {
        switch stimulus {
        case .input: decision.receipt?.status == .accepted
        case .rules: true
        case .tick, .positions, .notices: !decision.isEmpty
        }
    }
}

/// What goes to disk in one transaction: all of it, or nothing.
package struct Batch: Sendable, Hashable {
    /// In the order in which they were decided.
    package var entries: [Entry]
    /// Hash of the rule set that decided them all.
    package var rulesHash: String
    /// What came of notices that were due.
    package var deliveries: [Delivery]
    /// Lines of history up to this one are in the journal; nil: no news.
    package var journaledThrough: Int64?
    /// The states of devices that have changed: a checkpoint, whatever else the batch holds.
    package var telemetry: [DeviceRow]

    package init(
        entries: [Entry] = [], rulesHash: String, deliveries: [Delivery] = [], journaledThrough: Int64? = nil, telemetry: [DeviceRow] = []
    ) {
        self.entries = entries
        self.rulesHash = rulesHash
        self.deliveries = deliveries
        self.journaledThrough = journaledThrough
        self.telemetry = telemetry
    }
}

/// The numbers that a commit gave.
package struct Committed: Sendable, Hashable {
    /// The last entry of the log.
    package var lastInput: Int64
    /// The last line of history. The batch's own lines, entry after entry, have the numbers that end here without a gap.
    package var lastHistory: Int64
    /// Whether notices were stored: the outbox has something to do.
    package var hasNotices: Bool
    package init(lastInput: Int64, lastHistory: Int64, hasNotices: Bool) {
        self.lastInput = lastInput
        self.lastHistory = lastHistory
        self.hasNotices = hasNotices
    }
}

/// What is in memory while the daemon runs, as it stood at the last commit.
package struct LoadedState: Sendable, Hashable {
    /// The cases that are not final, in the order of their numbers, and the plans that they go by.
    package var cases: [WorkCase]
    package var plans: [ProcessPlan]
    /// The last number given to a case; day 0, number 0 when there was none.
    package var lastCase: CaseID
    /// How many customers each account manager has.
    package var managerLoads: [RoleID: Int32] = [:]
    /// The outages that are not over.
    package var outages: [OutageRecord] = []
    /// The tasks that are not final, most urgent first: priority, then number.
    package var tasks: [WorkTask]
    package var crews: [CrewRecord]
    package var contractors: [ContractorRecord]
    /// The last number given to a task; day 0, number 0 when there was none.
    package var lastTask: TaskID
    /// The last line of history.
    package var lastHistory: Int64
    /// Lines of history up to here are in the journal for sure ...
    package var journaledThrough: Int64
    /// ... and these may be missing there: they are journaled again (at least once, never not at all).
    package var unjournaled: [StoredLine]
    /// What devices have shown, in byte order of their names.
    package var devices: [DeviceRow] = []
    /// Districts that are in need of crews.
    package var districts: [DistrictRecord] = []
    package init(
        cases: [WorkCase] = [], plans: [ProcessPlan] = [], lastCase: CaseID = CaseID(packed: 0), tasks: [WorkTask] = [], crews: [CrewRecord] = [],
        contractors: [ContractorRecord] = [],
        lastTask: TaskID = TaskID(packed: 0), lastHistory: Int64 = 0, journaledThrough: Int64 = 0,
        unjournaled: [StoredLine] = []
    ) {
        self.cases = cases
        self.plans = plans
        self.lastCase = lastCase
        self.tasks = tasks
        self.crews = crews
        self.contractors = contractors
        self.lastTask = lastTask
        self.lastHistory = lastHistory
        self.journaledThrough = journaledThrough
        self.unjournaled = unjournaled
    }
}

/// A line of history with its number: the `Last-Event-ID` of the events stream, and the journal's mark.
package struct StoredLine: Sendable, Hashable {
    package var number: Int64
    package var line: HistoryLine
    package init(number: Int64, line: HistoryLine) {
        self.number = number
        self.line = line
    }
}

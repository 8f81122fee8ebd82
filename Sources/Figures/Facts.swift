package import Domain

/// What the figures need of one task: a row without its texts. Names are numbers of the collector's `NameTable`; 0: it has none.
package struct TaskFact: Sendable, Hashable {
    package var id = TaskID.none
    /// The case that it is a stage of; `task` is the stage's name then, and `rule` the process.
    package var kase: CaseID?
    package var rule: Int32 = 0
    package var task: Int32 = 0
    package var department: Int32 = 0
    package var crew: Int32 = 0
    package var district: Int32 = 0
    /// Of a task with customers out; of others it may be left out.
    package var feeder: Int32 = 0
    /// The same.
    package var transformer: Int32 = 0
    package var tier: Int32 = 0
    package var state = TaskState.queued
    package var customersOut: Int64 = 0
    package var reportedAt = Instant(milliseconds: 0)
    package var createdAt = Instant(milliseconds: 0)
    /// When the work was done; of a cancelled or merged task, when it ended. nil: it is open, or nobody knows any more.
    package var endedAt: Instant?
    /// Where its time went; nil: its row is from before that was kept.
    package var spent: SpentFact?
    /// What of `spent` went by with departments that passed it on; the rest is `department`'s.
    package var handed: [Handed] = []
    package var limits: [LimitFact] = []
    /// 1 ... 5
    package var satisfaction: Int32?
    package var reopened: Int32 = 0
    /// The same for tasks of one report: what tells one interruption from another where customers are out
    /// and neither transformer nor feeder is known; 0 elsewhere.
    package var reportKey: UInt64 = 0

    /// What a department that passed it on had of its time.
    package struct Handed: Sendable, Hashable {
        package var department: Int32
        package var spent: SpentFact
        package init(department: Int32, spent: SpentFact) {
            self.department = department
            self.spent = spent
        }
    }

    package init() {}

    /// The work was done.
    package var isDone: Bool {
        switch state {
        case .completed, .closed: true
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended, .cancelled, .merged: false
        }
    }
}

/// How long a task was in each state before its work was done, in milliseconds.
package struct SpentFact: Sendable, Hashable {
    package var queued: Int64
    package var dispatched: Int64
    package var accepted: Int64
    package var onsite: Int64
    package var suspended: Int64

    package init(queued: Int64 = 0, dispatched: Int64 = 0, accepted: Int64 = 0, onsite: Int64 = 0, suspended: Int64 = 0) {
        self.queued = queued
        self.dispatched = dispatched
        self.accepted = accepted
        self.onsite = onsite
        self.suspended = suspended
    }

    package var total: Int64 { queued + dispatched + accepted + onsite + suspended }

    /// Of the states that a task can be in; 0 for what else a case waits for.
    subscript(wait: Wait) -> Int64 {
        get {
            switch wait {
            case .queued: queued
            case .dispatched: dispatched
            case .accepted: accepted
            case .onsite: onsite
            case .suspended: suspended
            case .documents, .customer, .between, .unknown: 0
            }
        }
        set {
            switch wait {
            case .queued: queued = newValue
            case .dispatched: dispatched = newValue
            case .accepted: accepted = newValue
            case .onsite: onsite = newValue
            case .suspended: suspended = newValue
            case .documents, .customer, .between, .unknown: break
            }
        }
    }
}

/// One limit of a task or a case.
package struct LimitFact: Sendable, Hashable {
    package var name: LimitName
    package var length: LimitLength
    /// As of a clock on the wall moved on by pauses; of one in working time, when it went on last.
    package var start: Instant?
    /// In working time: when it began at first.
    package var began: Instant?
    /// In working time: days, or milliseconds, that had gone by when it was stopped last.
    package var used: Int64
    /// The deadline; nil: it waits, or stands still.
    package var due: Instant?
    /// When the milestone came; nil: not yet.
    package var reachedAt: Instant?

    package init(
        name: LimitName, length: LimitLength, start: Instant? = nil, began: Instant? = nil, used: Int64 = 0, due: Instant? = nil, reachedAt: Instant? = nil
    ) {
        self.name = name
        self.length = length
        self.start = start
        self.began = began
        self.used = used
        self.due = due
        self.reachedAt = reachedAt
    }

    /// Its milestone came too late, or has not come and is late already.
    package func isLate(at now: Instant) -> Bool { due.map { (reachedAt ?? now) > $0 } ?? false }
}

/// What the figures need of one case.
package struct CaseFact: Sendable, Hashable {
    package enum State: Sendable, Hashable { case open, completed, withdrawn }

    package struct Stage: Sendable, Hashable {
        package var name: Int32
        /// How often it has begun.
        package var rounds: Int32
        /// The task of its last round.
        package var task: TaskID?
        /// Its last round came to `failed`.
        package var hasFailed: Bool
        package init(name: Int32, rounds: Int32, task: TaskID?, hasFailed: Bool) {
            self.name = name
            self.rounds = rounds
            self.task = task
            self.hasFailed = hasFailed
        }
    }

    package var id: CaseID
    package var process: Int32 = 0
    package var district: Int32 = 0
    /// Who builds for it, where its application says so (`fields.contractor`).
    package var contractor: Int32 = 0
    package var state = State.open
    package var createdAt = Instant(milliseconds: 0)
    /// When all documents were there.
    package var acceptedAt: Instant?
    package var endedAt: Instant?
    package var stages: [Stage] = []
    package var total: LimitFact?

    package init(id: CaseID) { self.id = id }
}

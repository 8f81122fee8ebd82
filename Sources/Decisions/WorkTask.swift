package import Domain

/// Where a limit's clock stands.
package enum ClockState: String, Sendable, Hashable, Codable {
    /// Its start has not come yet (`restore` before arrival).
    case waiting
    case running
    /// The task is suspended: what had run is kept.
    case stopped
    /// Its milestone was reached in time, or late (`overdue` tells).
    case reached
}

/// One limit of a task or a case.
package struct LimitClock: Sendable, Hashable {
    package var name: LimitName
    package var length: LimitLength
    package var state: ClockState
    /// When it began to run. Of a limit by the clock on the wall, a pause moves it on, so that `start + length` is always the deadline; of one
    /// in working days or hours it is when it went on last.
    package var start: Instant?
    /// In working days or hours: when it began at first.
    package var began: Instant?
    /// In working days or hours: how many days, or milliseconds, had gone by when it was stopped last.
    package var used: Int64
    /// In working days or hours: the deadline by the calendar in force; kept while it stands still.
    package var deadline: Instant?
    /// Set while `stopped`.
    package var stoppedAt: Instant?
    /// When the milestone was reached.
    package var reachedAt: Instant?
    /// The highest rung of the ladder (per cent) that has been told for this limit; 0: none.
    package var toldPercent: Int

    package init(name: LimitName, length: LimitLength, state: ClockState = .waiting, start: Instant? = nil) {
        self.name = name
        self.length = length
        self.state = state
        self.start = start
        self.began = nil
        self.used = 0
        self.deadline = nil
        self.stoppedAt = nil
        self.reachedAt = nil
        self.toldPercent = 0
    }

    /// The deadline; nil while it waits or stands still.
    package var due: Instant? {
        guard state == .running || state == .reached else { return nil }
        switch length {
        case .time(let span): return start.map { $0 + span }
        case .workingDays, .workingTime: return deadline
        }
    }
}

/// Where a task is, and how that was found.
package struct TaskPlace: Sendable, Hashable, Codable {
    package var coordinate: Coordinate?
    package var district: DistrictID?
    package var feeder: FeederID?
    package var transformer: TransformerID?
    package var origin: PlaceOrigin

    package init(
        coordinate: Coordinate? = nil, district: DistrictID? = nil, feeder: FeederID? = nil, transformer: TransformerID? = nil,
        origin: PlaceOrigin
    ) {
        self.coordinate = coordinate
        self.district = district
        self.feeder = feeder
        self.transformer = transformer
        self.origin = origin
    }
}

/// A task (工单): one row of the state. All timers and indexes are derived from these rows, so that a restart loses none.
package struct WorkTask: Sendable, Hashable {
    package var id: TaskID
    /// Grows by one with each change: the store writes `WHERE revision = expected`.
    package var revision: Int32
    /// The ids of the reports it stands for (the senders').
    package var reports: [String]
    package var source: SourceID
    package var type: String
    package var category: String
    /// The kind of work: `make_safe`, `repair`.
    package var task: String
    /// `module.name` or `fallback`.
    package var rule: String
    package var state: TaskState
    /// While suspended: the state to go back to.
    package var suspendedFrom: TaskState?
    package var priority: Priority
    /// The department that answers for it; its queue while nobody has it.
    package var department: DepartmentID
    /// A desk task: the department itself does it, no crew goes out.
    package var isDesk: Bool
    package var crew: CrewID?
    /// What a crew must be able to do; sorted.
    package var skills: [SkillID]
    /// Reach in whole metres; nil: anywhere.
    package var within: Int?
    /// Only for those who serve its district.
    package var ofDistrict: Bool
    /// Who rejected it or let the accept limit pass in this round; not asked again before `askAgainAt`.
    package var declined: [CrewID]
    /// Every able crew has declined: when they are asked again.
    package var askAgainAt: Instant?
    package var place: TaskPlace
    package var customer: CustomerID?
    package var customersOut: Int64
    package var reportedAt: Instant
    package var createdAt: Instant
    /// When it came into its present state.
    package var since: Instant
    /// accept, arrive, restore: those the rule gives, in this order.
    package var limits: [LimitClock]
    /// The ladder's name; its rungs are looked up when they are due.
    package var escalate: String?
    package var outcome: String?
    /// The case that it is a stage of; `task` is the stage's name then.
    package var kase: CaseID?
    /// The customer's account manager, who has it on the department's desk.
    package var person: RoleID?
    /// What a complaint or an inquiry is about: a task's or a case's number, or a crew's name.
    package var about: String?
    /// Other departments that it concerns: they see it among theirs, and are told when it begins and ends.
    package var shared: [DepartmentID]
    /// The customer's tier when it began.
    package var tier: String?
    /// How long it was in each state before it was completed.
    package var spent: TimeSpent
    /// What of `spent` went by with departments that passed it on, each once, in the order in which they first did; the rest is the present
    /// department's.
    package var handed: [HandedTime]
    /// When the work was done; nil again when it is opened again.
    package var completedAt: Instant?
    /// What the customer said of it when called back (回访): 1, not at all satisfied, to 5.
    package var satisfaction: Int32?
    /// How often it was opened again because it was not settled.
    package var reopened: Int32
    /// The contractor who has it, on the desk of the department that awards it.
    package var contractor: ContractorID?
    /// Contractors who rejected it or let the accept limit pass in this round.
    package var passedBy: [ContractorID]
    /// How many reports it stands for: its own, and those that joined it.
    package var callers: Int32
    /// When the last of them joined; nil: none has.
    package var joinedAt: Instant?
    /// What later reports must have in common with it to join it; empty: none can.
    package var joins: [JoinKey]
    /// The transformer areas of those who joined, each once, beside its own.
    package var areas: [TransformerID]
    /// `merged`: the task that stands for it now.
    package var mergedInto: TaskID?

    package init(
        id: TaskID, revision: Int32, reports: [String], source: SourceID, type: String, category: String, task: String, rule: String,
        state: TaskState, priority: Priority, department: DepartmentID, isDesk: Bool, skills: [SkillID], within: Int?, place: TaskPlace,
        customer: CustomerID?, customersOut: Int64, reportedAt: Instant, createdAt: Instant, limits: [LimitClock], escalate: String?
    ) {
        self.id = id
        self.revision = revision
        self.reports = reports
        self.source = source
        self.type = type
        self.category = category
        self.task = task
        self.rule = rule
        self.state = state
        self.suspendedFrom = nil
        self.priority = priority
        self.department = department
        self.isDesk = isDesk
        self.crew = nil
        self.skills = skills
        self.within = within
        self.ofDistrict = false
        self.declined = []
        self.askAgainAt = nil
        self.place = place
        self.customer = customer
        self.customersOut = customersOut
        self.reportedAt = reportedAt
        self.createdAt = createdAt
        self.since = createdAt
        self.limits = limits
        self.escalate = escalate
        self.outcome = nil
        self.kase = nil
        self.person = nil
        self.about = nil
        self.shared = []
        self.tier = nil
        self.spent = TimeSpent()
        self.handed = []
        self.completedAt = nil
        self.satisfaction = nil
        self.reopened = 0
        self.contractor = nil
        self.passedBy = []
        self.callers = 1
        self.joinedAt = nil
        self.joins = []
        self.areas = []
        self.mergedInto = nil
    }

    /// Books the time since the last change of state on the state that it was spent in, and on the department that had it then.
    mutating func book(since before: WorkTask) {
        spent.add(max(0, (since - before.since).milliseconds), in: before.state)
        if department != before.department { handOver(from: before.department) }
        switch state {
        case .completed, .closed: completedAt = completedAt ?? since
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended: completedAt = nil
        case .cancelled, .merged: break
        }
    }
}

extension WorkTask {
    /// What is booked and was no other department's was this one's.
    private mutating func handOver(from department: DepartmentID) {
        let own = handed.reduce(into: spent) { $0 -= $1.spent }
        guard own != TimeSpent() else { return }
        if let place = handed.firstIndex(where: { $0.department == department }) {
            handed[place].spent += own
        } else {
            handed.append(HandedTime(department: department, spent: own))
        }
    }
}

/// What reports of one incident have in common, by one rule for merging.
package struct JoinKey: Sendable, Hashable {
    /// `module.name` of the rule.
    package var rule: String
    /// The values that the rule compares, with `\u{1F}` between them.
    package var values: String
    package init(rule: String, values: String) {
        self.rule = rule
        self.values = values
    }
}

/// What a department that passed a task on had of its time.
package struct HandedTime: Sendable, Hashable {
    package var department: DepartmentID
    package var spent: TimeSpent
    package init(department: DepartmentID, spent: TimeSpent) {
        self.department = department
        self.spent = spent
    }
}

/// How long a task was in each state, in milliseconds: where its time went, and whom it waited for.
package struct TimeSpent: Sendable, Hashable {
    /// Nobody had it.
    package var queued: Int64 = 0
    /// Somebody had been told and had not answered.
    package var dispatched: Int64 = 0
    /// A crew had it and was on its way, or not yet; a desk worked on it.
    package var accepted: Int64 = 0
    package var onsite: Int64 = 0
    package var suspended: Int64 = 0
    package init() {}

    /// What comes after the work is done is no part of it.
    mutating func add(_ milliseconds: Int64, in state: TaskState) {
        switch state {
        case .queued: queued += milliseconds
        case .dispatched: dispatched += milliseconds
        case .accepted, .enroute: accepted += milliseconds
        case .onsite: onsite += milliseconds
        case .suspended: suspended += milliseconds
        case .completed, .closed, .cancelled, .merged: break
        }
    }

    package static func += (a: inout TimeSpent, b: TimeSpent) {
        a.queued += b.queued
        a.dispatched += b.dispatched
        a.accepted += b.accepted
        a.onsite += b.onsite
        a.suspended += b.suspended
    }

    package static func -= (a: inout TimeSpent, b: TimeSpent) {
        a.queued -= b.queued
        a.dispatched -= b.dispatched
        a.accepted -= b.accepted
        a.onsite -= b.onsite
        a.suspended -= b.suspended
    }
}

/// What is known of a crew beyond the roster: one row of the state. How much it has to do is derived from the tasks.
package struct CrewRecord: Sendable, Hashable, Codable {
    package var id: CrewID
    /// Said by hand or by the crew; nil: the shift (or, without one, on duty).
    package var duty: Bool?
    /// The word of `duty` ends with the next change of shift; nil: it holds until told otherwise.
    package var dutyUntil: Instant?
    package var coordinate: Coordinate?
    package var coordinateAt: Instant?
    /// Lent to another district; nil: it serves its own.
    package var loan: CrewLoan?

    package init(id: CrewID) {
        self.id = id
        self.duty = nil
        self.dutyUntil = nil
        self.coordinate = nil
        self.coordinateAt = nil
        self.loan = nil
    }
}

/// A crew that serves another district than its own.
package struct CrewLoan: Sendable, Hashable, Codable {
    package var to: DistrictID
    /// `module.name` of the rule that lent it; empty: a duty engineer did, and calls it back.
    package var rule: String
    package var since: Instant
    package init(to: DistrictID, rule: String, since: Instant) {
        self.to = to
        self.rule = rule
        self.since = since
    }
}

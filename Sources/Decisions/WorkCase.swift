package import Domain

/// Where a stage of a case stands.
///
/// - `waiting`: for the stages that it comes after; moved on by the daemon when they are done.
/// - `open`: it has a task; moved on when that is completed.
/// - `done`, `skipped`: what comes after may begin; moved back to `waiting` when a later stage fails and the work goes back to here.
package enum StageState: String, Sendable, Hashable, CaseIterable {
    case waiting, open, done, skipped

    /// What comes after need not wait for it.
    package var isPast: Bool {
        switch self {
        case .done, .skipped: true
        case .waiting, .open: false
        }
    }
}

/// One stage of a case, in the order of the plan.
package struct CaseStage: Sendable, Hashable {
    package var name: String
    package var state: StageState
    /// How often it has begun.
    package var rounds: Int32
    /// The task of its last round.
    package var task: TaskID?
    /// When it came into its present state; nil: it waits since the case began.
    package var since: Instant?
    /// When its last round began.
    package var begunAt: Instant?
    /// What its last round came to, as reported.
    package var outcome: String?
    /// Its task was suspended with the case, and is resumed with it.
    package var isHeld: Bool

    package init(name: String) {
        self.name = name
        state = .waiting
        rounds = 0
        task = nil
        since = nil
        begunAt = nil
        outcome = nil
        isHeld = false
    }
}

/// An application on its way from the counter to the meter: one row of the state.
package struct WorkCase: Sendable, Hashable {
    package var id: CaseID
    /// Grows by one with each change: the store writes `WHERE revision = expected`.
    package var revision: Int32
    /// `module.name` of its process ...
    package var process: String
    /// ... and the wording of it that the case began with (`ProcessPlan.digest`), or was migrated to.
    package var plan: String
    /// The id of the application (the sender's), and who sent it.
    package var application: String
    package var source: SourceID
    /// The application without address and description, which stand apart: what conditions of stages see. Fields found out on the way are in it.
    package var report: Report
    package var place: TaskPlace
    package var customersOut: Int64
    /// What was known of the customer when the case began, without the name: what conditions of stages see.
    package var facts: [String: FieldValue]
    /// The customer's account manager when the case began.
    package var manager: RoleID?
    package var state: CaseState
    /// When it came into its present state.
    package var since: Instant
    package var createdAt: Instant
    /// When all documents were there: its clock runs from here.
    package var acceptedAt: Instant?
    /// Codes of the documents that are still wanted, in the order of the plan.
    package var missing: [String]
    package var stages: [CaseStage]
    /// The limit `total`.
    package var total: LimitClock?
    /// The ladder's name.
    package var escalate: String?

    package var customer: CustomerID? { report.customer }

    package init(
        id: CaseID, process: String, plan: String, application: String, source: SourceID, report: Report, place: TaskPlace, customersOut: Int64,
        facts: [String: FieldValue] = [:], manager: RoleID?, createdAt: Instant, missing: [String], stages: [CaseStage], total: LimitClock?, escalate: String?
    ) {
        self.id = id
        revision = 1
        self.process = process
        self.plan = plan
        self.application = application
        self.source = source
        self.report = report
        self.place = place
        self.customersOut = customersOut
        self.facts = facts
        self.manager = manager
        state = .open
        since = createdAt
        self.createdAt = createdAt
        acceptedAt = nil
        self.missing = missing
        self.stages = stages
        self.total = total
        self.escalate = escalate
    }
}

/// Which cases somebody wants to see.
package struct CaseFilter: Sendable, Hashable {
    /// Also those that are completed or withdrawn.
    package var all: Bool
    /// Empty: every state (final ones only with `all`).
    package var states: Set<CaseState>
    /// `module.name`
    package var process: String?
    package var customer: CustomerID?
    package var limit: Int
    package init(all: Bool = false, states: Set<CaseState> = [], process: String? = nil, customer: CustomerID? = nil, limit: Int = 1_000) {
        self.all = all
        self.states = states
        self.process = process
        self.customer = customer
        self.limit = limit
    }
}

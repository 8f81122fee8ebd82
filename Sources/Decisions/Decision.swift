package import Domain
package import Rules

/// What the mind is asked about. Doors bring inputs; the daemon adds the rest.
package enum Stimulus: Sendable, Hashable {
    /// An input from a door, with the rows that `needs` asked for.
    case input(Input, Findings)
    /// Time has passed: everything due at the instant of the decision fires (at most `Limits.timersPerTick` tasks at once).
    case tick
    /// Crews have moved: the last positions since the last such entry, in byte order of the crews.
    case positions([CrewPosition])
    /// Somebody is to be told of an outage (`DispatchState.outageToTell`): with the customers there whom somebody looks after, in the order of
    /// their areas and accounts, at most `Limits.outageCustomersMax`.
    case notices(OutageID, [ServedCustomer])
    /// Another rule set is in force from here on, by its hash.
    case rules(String)
}

package struct CrewPosition: Sendable, Hashable, Codable {
    package var crew: CrewID
    package var coordinate: Coordinate
    package var at: Instant
    package init(crew: CrewID, coordinate: Coordinate, at: Instant) {
        self.crew = crew
        self.coordinate = coordinate
        self.at = at
    }
}

/// Rows of the store that one input needs: handed in, never queried inside a decision.
package struct Findings: Sendable, Hashable {
    /// The receipt that the input's key got before, with the digest it had.
    package var earlier: EarlierReceipt?
    /// What is known of the customer.
    package var customer: CustomerRecord?
    /// What became of a task that is no longer in memory.
    package var finished: FinishedTask?
    /// The state of a case that is no longer in memory.
    package var finishedCase: CaseState?
    /// For callers who are to be taken out of an incident: all that it has beside the first.
    package var callers: [CallerRecord] = []
    package init(
        earlier: EarlierReceipt? = nil, customer: CustomerFacts? = nil, finished: FinishedTask? = nil, finishedCase: CaseState? = nil
    ) {
        self.earlier = earlier
        self.customer = customer.map { said in
            var record = CustomerRecord(id: said.customer, revision: 1, facts: said.facts)
            record.isBilled = true
            return record
        }
        self.finished = finished
        self.finishedCase = finishedCase
    }
}

package struct FinishedTask: Sendable, Hashable {
    package var state: TaskState
    /// What was reported with its completion.
    package var outcome: String?
    package init(_ state: TaskState, outcome: String? = nil) {
        self.state = state
        self.outcome = outcome
    }
}

package struct EarlierReceipt: Sendable, Hashable {
    /// nil: the store can tell only that it was not the digest of the input at hand.
    package var digest: ContentDigest?
    package var receipt: Receipt
    package init(digest: ContentDigest?, receipt: Receipt) {
        self.digest = digest
        self.receipt = receipt
    }
}

/// A change of one row. The row before it is part of the change: the store writes only where it still stands, and a batch
/// that can't be committed is undone by putting the earlier rows back in reverse order.
package enum Change: Sendable, Hashable {
    case task(before: WorkTask?, after: WorkTask)
    case crew(before: CrewRecord?, after: CrewRecord)
    /// The last number given to a task.
    case lastTask(before: TaskID, after: TaskID)
    /// `after` nil: they are forgotten.
    case customer(before: CustomerRecord?, after: CustomerRecord?)
    /// What stands beside the customer's inputs, apart from the log, goes.
    case forget(CustomerID)
    case kase(before: WorkCase?, after: WorkCase)
    /// The last number given to a case.
    case lastCase(before: CaseID, after: CaseID)
    /// A wording of a process that a case goes by: written once, where it is not there yet.
    case plan(ProcessPlan)
    case outage(before: OutageRecord?, after: OutageRecord)
    /// Calls that have no task of their own: rows of the store alone.
    case calls(Calls)
    case contractor(before: ContractorRecord?, after: ContractorRecord)
    case district(before: DistrictRecord?, after: DistrictRecord)
}

/// What happened to a task or a case: one line of its history, of the journal, and of the events stream.
package enum HistoryEvent: String, Sendable, Hashable, Codable, CaseIterable {
    case created, queued, dispatched, accepted, rejected, accept_timeout, contacted, enroute, onsite, suspended, resumed, completed
    case closed, cancelled, merged, assigned, priority_changed, escalated, all_declined
    /// The customer was called back, and said that it is not settled.
    case called_back, reopened
    /// Another department is concerned by it.
    case shared
    /// Another task is about it: a complaint, say.
    case concerned
    /// What a device had reported by itself holds no longer.
    case recovered
    // Of a case as a whole.
    case case_opened, documents_missing, documents_received, case_accepted, stage_skipped, stage_failed
    case case_suspended, case_resumed, case_completed, case_withdrawn, case_migrated, case_escalated
    case case_concerned
    /// Another call is about it: of one caller, or of a task that was merged into it.
    case joined
    /// Callers were taken out of it.
    case split
    /// A report was answered in place of a task.
    case answered
    case callers_told
    case outage_planned, outage_changed, outage_cancelled, outage_ended
    /// Somebody was told of it, by a rule for notices; that it comes too late for one; that there is another; that its time is over, and supply away.
    case outage_told, outage_short_notice, outage_overlap, outage_overrun
    // Of a customer.
    case customer_tier, customer_flagged, customer_unflagged, customer_told, customer_manager, customer_suggested, customer_forgotten
    /// A contractor or supplier has come into another tier.
    case contractor_tier
    case contractor_suspended, contractor_excluded, contractor_accident, contractor_fraud, contractor_rectified
    /// A suspension or an exclusion is over.
    case contractor_returned
    /// A crew serves another district from here on, or its own again.
    case crew_lent, crew_returned
}

/// What a line of history is about that belongs to no task and to no case.
package enum Subject: Sendable, Hashable {
    case contractor(ContractorID)
    case customer(CustomerID)
    case device(DeviceID)
    case district(DistrictID)
    case outage(OutageID)
}

package struct HistoryLine: Sendable, Hashable {
    /// `TaskID.none` for a line of a case as a whole, or of a subject.
    package var task: TaskID
    /// What it is about where it is about no task and no case.
    package var subject: Subject?
    /// The case that the task is a stage of, or whose line this is.
    package var kase: CaseID?
    /// The task's revision after it: lines of one task are in this order (several may share one).
    package var revision: Int32
    package var at: Instant
    package var event: HistoryEvent
    /// Who caused it: a crew, a person, `caller`, or `paidan`.
    package var by: String
    package var crew: CrewID?
    package var department: DepartmentID
    package var rule: String
    package var report: String
    /// Whose report it is, where that is known.
    package var customer: CustomerID?
    package var note: String?
    /// For `dispatched` and `created`: why, as JSON in the form of `Explanation`.
    package var why: [UInt8]?

    package init(
        task: TaskID, kase: CaseID? = nil, revision: Int32, at: Instant, event: HistoryEvent, by: String, crew: CrewID?, department: DepartmentID,
        rule: String, report: String, customer: CustomerID? = nil, note: String? = nil, why: [UInt8]? = nil
    ) {
        self.task = task
        self.subject = nil
        self.kase = kase
        self.revision = revision
        self.at = at
        self.event = event
        self.by = by
        self.crew = crew
        self.department = department
        self.rule = rule
        self.report = report
        self.customer = customer
        self.note = note
        self.why = why
    }
}

/// An effect that leaves the house: somebody is to be told. Delivered at least once, from the stored row; `id` is for the
/// receiver to recognise a second delivery.
package struct Notice: Sendable, Hashable {
    package enum Event: String, Sendable, Hashable, Codable, CaseIterable {
        /// To a crew or a desk: here is a task for you.
        case dispatched
        /// To a crew: you no longer have it (accept limit passed, taken away, cancelled).
        case withdrawn
        /// To a rung of the ladder.
        case escalated
        /// To the department's head: nobody could be found, or everybody declined.
        case unassigned
        case completed
        // To the customer, about a case.
        case case_opened
        /// To a department that a task of another department's concerns: when it begins, and when it is done.
        case shared, shared_done
        /// What is still wanted, once and all of it.
        case documents_missing
        case stage_begun, stage_done, stage_failed, case_completed, case_withdrawn
        /// To a caller: what they called about is over.
        case restored
        /// Something is to be known of a customer.
        case customer_alert
        /// To an account manager: there is a task of a customer of theirs, which somebody else does.
        case customer_task
        /// To a crew: it serves another district, or its own again.
        case lent, returned
        // Of an outage: to whom the rules name, and to those who were told of it before.
        case outage_notice, outage_changed, outage_cancelled
        /// To the desk that plans outages.
        case outage_short_notice, outage_overlap, outage_overrun
    }

    /// `T-20261122-17/3/1`: task, revision, and the number within the decision.
    package var id: String
    package var task: TaskID
    package var event: Event
    /// A crew's name, a department's, a role's or a person's code.
    package var to: String
    /// nil: the journal alone.
    package var channel: String?
    package var at: Instant
    /// For `dispatched`: accept by; for `escalated`: the limit's deadline.
    package var due: Instant?
    /// For `escalated`: which limit, and at how many per cent of it.
    package var limit: LimitName?
    package var percent: Int?
    /// Of a case: its number; `task` is `TaskID.none` where no task is concerned.
    package var kase: CaseID? = nil
    /// For stages: the stage's name.
    package var stage: String? = nil
    /// For `documents_missing`: their codes.
    package var documents: [String] = []
    /// For `customer_alert`: whom it is about, and the rule that says so.
    package var customer: CustomerID? = nil
    package var rule: String? = nil
    /// To customers: what it says, from the site's catalogue of texts.
    package var text: Translation? = nil
    /// For `lent` and `returned`: the district that the crew serves from here on.
    package var district: DistrictID? = nil

    package init(
        id: String, task: TaskID, event: Event, to: String, channel: String?, at: Instant, due: Instant? = nil,
        limit: LimitName? = nil, percent: Int? = nil
    ) {
        self.id = id
        self.task = task
        self.event = event
        self.to = to
        self.channel = channel
        self.at = at
        self.due = due
        self.limit = limit
        self.percent = percent
    }
}

/// Something the operators should know that is no task's history: journaled, counted, never an error of the input.
package struct Remark: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// A condition failed while it ran.
        case condition_failed
        /// No rule took a report; the fallback department has it.
        case fallback
        /// Nothing says where it is.
        case place_unknown
        /// The report names a transformer, feeder or customer that nobody knows.
        case register_unknown
        /// A crew signal for a crew that is not on the roster.
        case crew_unknown
        /// `reported_at` lies ahead of our clock.
        case from_the_future
        /// A limit in working days reaches into a year whose public holidays nobody has told.
        case beyond_calendar
        /// An application brings a document that its process does not ask for.
        case document_unexpected
        /// The calendar was edited: deadlines of open tasks have moved.
        case deadlines_moved
        /// A device sends more readings than are looked at.
        case device_floods

        /// Whether the input's sender is told, too: it is about what the input says.
        package var isForSender: Bool {
            switch self {
            case .place_unknown, .register_unknown, .crew_unknown, .from_the_future, .document_unexpected: true
            case .condition_failed, .fallback, .beyond_calendar, .deadlines_moved, .device_floods: false
            }
        }
    }
    package var kind: Kind
    package var text: String
    package var task: TaskID?
    package var rule: String?
    package init(kind: Kind, text: String, task: TaskID? = nil, rule: String? = nil) {
        self.kind = kind
        self.text = text
        self.task = task
        self.rule = rule
    }
}

/// All that one stimulus leads to. Plain values: committed whole, or not at all.
package struct Decision: Sendable, Hashable {
    /// For an input: what its sender gets after the commit. `duplicate`, `conflict` and `rejected` come without changes.
    package var receipt: Receipt?
    package var changes: [Change]
    package var history: [HistoryLine]
    package var notices: [Notice]
    package var remarks: [Remark]

    package init(
        receipt: Receipt? = nil, changes: [Change] = [], history: [HistoryLine] = [], notices: [Notice] = [], remarks: [Remark] = []
    ) {
        self.receipt = receipt
        self.changes = changes
        self.history = history
        self.notices = notices
        self.remarks = remarks
    }

    /// Nothing came of it: it need not enter the log.
    package var isEmpty: Bool { changes.isEmpty && history.isEmpty && notices.isEmpty }
}

/// How urgent a task is; the order is the order in which queues are emptied.
package enum Priority: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case emergency, high, normal, low

    /// 0 is the most urgent.
    package var rank: Int {
        switch self {
        case .emergency: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        }
    }

    /// More urgent is less, so that a sorted queue begins with what is most urgent.
    package static func < (a: Priority, b: Priority) -> Bool { a.rank < b.rank }
}

/// Where a task stands. Who moves it on:
///
/// - `queued`: no crew has it; moved on by the daemon when a crew that can take it is free, or by hand.
/// - `dispatched`: a crew (or a desk) was told; moved on by its `accept` or `reject`, or by the accept limit.
/// - `accepted`, `enroute`, `onsite`: moved on by the crew.
/// - `suspended`: its clocks stand still; moved on by `resume`.
/// - `completed`: the work is done; closed by a duty engineer, by the caller's confirmation, or after the configured time.
/// - `closed`, `cancelled`, `merged`: final.
package enum TaskState: String, Hashable, Sendable, Codable, CaseIterable {
    case queued, dispatched, accepted, enroute, onsite, suspended, completed, closed, cancelled, merged

    /// Nothing moves a final task; it leaves the memory.
    package var isFinal: Bool {
        switch self {
        case .closed, .cancelled, .merged: true
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended, .completed: false
        }
    }

    /// The assignee is busy with it: it counts against the crew's capacity.
    package var occupiesAssignee: Bool {
        switch self {
        case .dispatched, .accepted, .enroute, .onsite, .suspended: true
        case .queued, .completed, .closed, .cancelled, .merged: false
        }
    }
}

/// Where a case stands. Who moves it on:
///
/// - `open`: its stages run; moved on by what comes of their tasks. While documents are missing nothing runs, and its clock has not begun.
/// - `suspended`: by hand; the clocks of the case and of its stages stand still; moved on by `resume`.
/// - `completed`: every stage is done or was skipped. Final: what comes after is a new application.
/// - `withdrawn`: the customer wants it no more. Final.
package enum CaseState: String, Sendable, Hashable, CaseIterable {
    case open, suspended, completed, withdrawn

    /// Nothing moves a final case; it leaves the memory.
    package var isFinal: Bool {
        switch self {
        case .completed, .withdrawn: true
        case .open, .suspended: false
        }
    }
}

/// The milestones that can have a limit, in the order in which they are shown.
///
/// - `accept` runs from dispatch and begins again with each assignee.
/// - `contact` runs from `reported_at` until somebody has spoken with the customer.
/// - `arrive` runs from `reported_at` until a crew is on site; `restore` from there until the work is done.
/// - `reply` runs from `reported_at` until the work is done.
/// - `stage` runs from the start of a case's stage until the stage is done.
/// - `total` is a case's: from its acceptance until its last stage is done.
package enum LimitName: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
    case accept, contact, arrive, restore, reply, stage, total

    package static func < (a: LimitName, b: LimitName) -> Bool { a.rawValue < b.rawValue }
}

package enum ReceiptStatus: String, Hashable, Sendable, Codable {
    case accepted, duplicate, conflict, rejected
}

/// What the sender of an input gets back, after the commit.
package struct Receipt: Hashable, Sendable {
    package var id: String
    package var source: SourceID
    package var status: ReceiptStatus
    package var tasks: [TaskID]
    /// The case that an application opened, or that the input was about.
    package var kase: CaseID?
    /// `module.name` or `fallback`; for a report that became a task.
    package var rule: String?
    /// For `conflict` and `rejected`: what is wrong, where, and what to do.
    package var reason: String?
    /// What the sender should know of an input that was taken all the same: a key that nobody reads, a transformer that nobody knows. Told
    /// once; a duplicate's receipt comes without.
    package var remarks: [String] = []
    /// What the caller is told in place of a task: a known outage, say.
    package var answer: Translation?

    package init(id: String, source: SourceID, status: ReceiptStatus, tasks: [TaskID] = [], rule: String? = nil, reason: String? = nil) {
        self.id = id
        self.source = source
        self.status = status
        self.tasks = tasks
        self.rule = rule
        self.reason = reason
    }
}

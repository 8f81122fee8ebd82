import Decisions
import Domain

/// The numbers that stand for words in the database. They are part of the file's form: a number is never given another
/// meaning; a new word gets a new number.
protocol StoredWord: Sendable {
    var code: UInt8 { get }
    static var words: [Self] { get }
    /// By code; made once, by `byCode()`.
    static var table: [Self?] { get }
}

extension StoredWord {
    static func word(_ code: UInt8) throws(RowFault) -> Self {
        let table = table
        if Int(code) < table.count, let word = table[Int(code)] { return word }
        throw RowFault("\(code) is no \(Self.self) that this version knows")
    }

    static func byCode() -> [Self?] {
        var table: [Self?] = []
        for word in words {
            while table.count <= Int(word.code) { table.append(nil) }
            table[Int(word.code)] = word
        }
        return table
    }
}

extension TaskState: StoredWord {
    static var words: [TaskState] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .queued: 0
        case .dispatched: 1
        case .accepted: 2
        case .enroute: 3
        case .onsite: 4
        case .suspended: 5
        case .completed: 6
        case .closed: 7
        case .cancelled: 8
        case .merged: 9
        }
    }
}

extension Priority: StoredWord {
    static var words: [Priority] { allCases }
    static let table = byCode()
    /// In the order of urgency: the index over the open tasks is sorted by it.
    var code: UInt8 {
        switch self {
        case .emergency: 0
        case .high: 1
        case .normal: 2
        case .low: 3
        }
    }
}

extension PlaceOrigin: StoredWord {
    static var words: [PlaceOrigin] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .report: 0
        case .transformer: 1
        case .feeder: 2
        case .customer: 3
        case .district: 4
        case .unknown: 5
        }
    }
}

extension LimitName: StoredWord {
    static var words: [LimitName] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .accept: 0
        case .arrive: 1
        case .restore: 2
        case .contact: 3
        case .reply: 4
        case .stage: 5
        case .total: 6
        }
    }
}

extension ClockState: StoredWord {
    static var words: [ClockState] { [.waiting, .running, .stopped, .reached] }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .waiting: 0
        case .running: 1
        case .stopped: 2
        case .reached: 3
        }
    }
}

extension HistoryEvent: StoredWord {
    static var words: [HistoryEvent] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .created: 0
        case .queued: 1
        case .dispatched: 2
        case .accepted: 3
        case .rejected: 4
        case .accept_timeout: 5
        case .enroute: 6
        case .onsite: 7
        case .suspended: 8
        case .resumed: 9
        case .completed: 10
        case .closed: 11
        case .cancelled: 12
        case .merged: 13
        case .assigned: 14
        case .priority_changed: 15
        case .escalated: 16
        case .all_declined: 17
        case .contacted: 18
        case .case_opened: 19
        case .documents_missing: 20
        case .documents_received: 21
        case .case_accepted: 22
        case .stage_skipped: 23
        case .stage_failed: 24
        case .case_suspended: 25
        case .case_resumed: 26
        case .case_completed: 27
        case .case_withdrawn: 28
        case .case_migrated: 29
        case .case_escalated: 30
        case .called_back: 31
        case .reopened: 32
        case .shared: 33
        case .concerned: 34
        case .case_concerned: 35
        case .joined: 36
        case .split: 37
        case .answered: 38
        case .callers_told: 39
        case .outage_planned: 40
        case .outage_changed: 41
        case .outage_cancelled: 42
        case .outage_ended: 43
        case .outage_told: 85
        case .outage_short_notice: 86
        case .outage_overlap: 87
        case .outage_overrun: 88
        case .customer_tier: 70
        case .customer_flagged: 71
        case .customer_unflagged: 72
        case .customer_told: 73
        case .customer_manager: 74
        case .customer_suggested: 75
        case .customer_forgotten: 76
        case .contractor_tier: 50
        case .contractor_suspended: 51
        case .contractor_excluded: 52
        case .contractor_accident: 53
        case .contractor_fraud: 54
        case .contractor_rectified: 55
        case .contractor_returned: 56
        case .recovered: 60
        case .crew_lent: 80
        case .crew_returned: 81
        }
    }
}

extension Notice.Event: StoredWord {
    static var words: [Notice.Event] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .dispatched: 0
        case .withdrawn: 1
        case .escalated: 2
        case .unassigned: 3
        case .completed: 4
        case .case_opened: 5
        case .documents_missing: 6
        case .stage_begun: 7
        case .stage_done: 8
        case .stage_failed: 9
        case .case_completed: 10
        case .case_withdrawn: 11
        case .shared: 12
        case .shared_done: 13
        case .restored: 14
        case .customer_alert: 30
        case .customer_task: 31
        case .lent: 35
        case .returned: 36
        case .outage_notice: 38
        case .outage_changed: 39
        case .outage_cancelled: 40
        case .outage_short_notice: 41
        case .outage_overlap: 42
        case .outage_overrun: 43
        }
    }
}

/// Where a stored notice stands. `pending`: the outbox has it to deliver, and moves it on; the others are final.
enum NoticeState: Int64 {
    case pending = 0
    case delivered = 1
    case parked = 2
}

/// What an entry of the log was.
enum LogKind: Int64 {
    case tick = 1
    case positions = 2
    case rules = 3
    case report = 10
    case progress = 11
    case crew = 12
    case customer = 13
    case kase = 14
    case outage = 16
    case contractor = 15
    case watch = 17
    case notices = 19

    init(_ stimulus: Stimulus) {
        switch stimulus {
        case .tick: self = .tick
        case .positions: self = .positions
        case .rules: self = .rules
        case .notices: self = .notices
        case .input(let input, _):
            switch input.body {
            case .report: self = .report
            case .progress: self = .progress
            case .crew: self = .crew
            case .customer: self = .customer
            case .kase: self = .kase
            case .outage: self = .outage
            case .contractor: self = .contractor
            // A reading is folded into its device's row; should one come here, it is a matter of watched devices, too.
            case .recovered, .reading: self = .watch
            }
        }
    }
}

extension WatchPhase: StoredWord {
    static var words: [WatchPhase] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .quiet: 0
        case .holding: 1
        case .raised: 2
        }
    }
}

extension Subject {
    var code: UInt8 {
        switch self {
        case .contractor: 0
        case .customer: 1
        case .device: 2
        case .district: 3
        case .outage: 4
        }
    }

    var name: String {
        switch self {
        case .contractor(let id): id.rawValue
        case .customer(let id): id.rawValue
        case .device(let id): id.rawValue
        case .district(let id): id.rawValue
        case .outage(let id): id.rawValue
        }
    }

    /// As the column `subject` has it.
    var key: String { "\(code):\(name)" }

    init(code: UInt8, name: String) throws(RowFault) {
        switch code {
        case 0: self = .contractor(ContractorID(name))
        case 1: self = .customer(CustomerID(name))
        case 2: self = .device(DeviceID(name))
        case 3: self = .district(DistrictID(name))
        case 4: self = .outage(OutageID(name))
        default: throw RowFault("\(code) is no kind of subject that this version knows")
        }
    }
}

extension CaseState: StoredWord {
    static var words: [CaseState] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .open: 0
        case .suspended: 1
        case .completed: 2
        case .withdrawn: 3
        }
    }
}

extension OutageState: StoredWord {
    static var words: [OutageState] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .planned: 0
        case .ended: 1
        case .cancelled: 2
        }
    }
}

extension OutageType: StoredWord {
    static var words: [OutageType] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .planned: 0
        case .temporary: 1
        case .fault: 2
        }
    }
}

extension StageState: StoredWord {
    static var words: [StageState] { allCases }
    static let table = byCode()
    var code: UInt8 {
        switch self {
        case .waiting: 0
        case .open: 1
        case .done: 2
        case .skipped: 3
        }
    }
}

package import Domain

/// Whom, or what, time was spent on.
package enum Wait: String, Sendable, Hashable, CaseIterable {
    /// For documents that the customer had not brought (资料): from the application to its acceptance.
    case documents
    /// Nobody had it.
    case queued
    /// Somebody had been told and had not answered.
    case dispatched
    /// Whoever had it was at it: a desk at work, a crew on its way.
    case accepted
    /// A crew was on site.
    case onsite
    /// Suspended by hand.
    case suspended
    /// For the customer's own works: nothing but stages with `clock: stopped` was open.
    case customer
    /// The case ran, and no stage was open.
    case between
    /// The row is from before that was kept.
    case unknown
}

/// Time in milliseconds by what it was spent on.
package struct WaitSums: Sendable, Hashable {
    // Fields, not an array: a million of them are added up.
    private var documents: Int64 = 0
    private var queued: Int64 = 0
    private var dispatched: Int64 = 0
    private var accepted: Int64 = 0
    private var onsite: Int64 = 0
    private var suspended: Int64 = 0
    private var customer: Int64 = 0
    private var between: Int64 = 0
    private var unknown: Int64 = 0

    package init() {}

    package subscript(wait: Wait) -> Int64 {
        get {
            switch wait {
            case .documents: documents
            case .queued: queued
            case .dispatched: dispatched
            case .accepted: accepted
            case .onsite: onsite
            case .suspended: suspended
            case .customer: customer
            case .between: between
            case .unknown: unknown
            }
        }
        set {
            switch wait {
            case .documents: documents = newValue
            case .queued: queued = newValue
            case .dispatched: dispatched = newValue
            case .accepted: accepted = newValue
            case .onsite: onsite = newValue
            case .suspended: suspended = newValue
            case .customer: customer = newValue
            case .between: between = newValue
            case .unknown: unknown = newValue
            }
        }
    }

    package var total: Int64 { documents + queued + dispatched + accepted + onsite + suspended + customer + between + unknown }

    package static func += (a: inout WaitSums, b: WaitSums) {
        a.documents += b.documents
        a.queued += b.queued
        a.dispatched += b.dispatched
        a.accepted += b.accepted
        a.onsite += b.onsite
        a.suspended += b.suspended
        a.customer += b.customer
        a.between += b.between
        a.unknown += b.unknown
    }

    static func -= (a: inout WaitSums, b: WaitSums) {
        a.documents -= b.documents
        a.queued -= b.queued
        a.dispatched -= b.dispatched
        a.accepted -= b.accepted
        a.onsite -= b.onsite
        a.suspended -= b.suspended
        a.customer -= b.customer
        a.between -= b.between
        a.unknown -= b.unknown
    }

    /// `length` shared out as the states had it; exact in sum.
    mutating func add(_ length: Int64, as spent: SpentFact?) {
        guard let spent, spent.total > 0 else {
            unknown += length
            return
        }
        // Of what is left, in proportion to what is left: the last one takes the rounding.
        var (rest, left) = (length, spent.total)
        func share(_ part: Int64) -> Int64 {
            guard part > 0 else { return 0 }
            let share = part == left ? rest : Int64((Double(rest) * Double(part) / Double(left)).rounded())
            rest -= share
            left -= part
            return share
        }
        queued += share(spent.queued)
        dispatched += share(spent.dispatched)
        accepted += share(spent.accepted)
        onsite += share(spent.onsite)
        suspended += share(spent.suspended)
    }
}

/// How many were late of those that could be: done with a limit, or open with a limit that has passed.
package struct LateFigure: Sendable, Hashable {
    package var timed: Int
    package var late: Int
    package init(timed: Int = 0, late: Int = 0) {
        self.timed = timed
        self.late = late
    }
    /// 0 ... 1; nil: nothing was timed.
    package var rate: Double? { timed > 0 ? Double(late) / Double(timed) : nil }
}

/// Satisfaction as customers said it when called back (回访): 1 ... 5.
package struct SatisfactionFigure: Sendable, Hashable {
    package var count = 0
    package var sum = 0
    /// 4 and 5.
    package var satisfied = 0
    package init() {}
    package var mean: Double? { count > 0 ? Double(sum) / Double(count) : nil }
    package var share: Double? { count > 0 ? Double(satisfied) / Double(count) : nil }
    mutating func add(_ mark: Int32) {
        count += 1
        sum += Int(mark)
        if mark >= 4 { satisfied += 1 }
    }

    static func += (a: inout SatisfactionFigure, b: SatisfactionFigure) {
        a.count += b.count
        a.sum += b.sum
        a.satisfied += b.satisfied
    }
}

/// A part of a whole: first-time completion and the like.
package struct ShareFigure: Sendable, Hashable {
    package var count = 0
    package var of = 0
    package init(count: Int = 0, of: Int = 0) {
        self.count = count
        self.of = of
    }
    package var rate: Double? { of > 0 ? Double(count) / Double(of) : nil }
}

/// A code with its names, where the rules give them.
package struct NamedCode: Sendable, Hashable {
    package var code: String
    package var chinese: String?
    package var english: String?
    package init(_ code: String, chinese: String? = nil, english: String? = nil) {
        self.code = code
        self.chinese = chinese
        self.english = english
    }
    /// In Chinese where there is such a name, else in English, else the code.
    package var label: String { chinese ?? english ?? code }
    package var englishLabel: String { english ?? code }
    /// `现场勘查 · site_survey`: as people say it, and as rule files have it.
    package var pair: String { pair(isInForce: true) }

    /// - Parameter isInForce: the rules have it still; else that is said before the code, which is cut off first.
    func pair(isInForce: Bool) -> String { label + (isInForce ? "" : " (gone)") + (label == code ? "" : " · \(code)") }
}

/// What a department had of the waits of a stage or a kind of work.
package struct DepartmentWaits: Sendable, Hashable {
    /// nil: no row says it.
    package var department: NamedCode?
    package var waits: WaitSums
}

/// What is told of any group of tasks: a kind of work, a department, a crew, a district, a tier, a contractor.
package struct GroupFigure: Sendable, Hashable {
    package var name: NamedCode
    /// For kinds of work: what the rule makes of a report; else nil.
    package var work: String?
    /// For kinds of work: who answered for the last of them; else nil.
    package var department: NamedCode?
    package var done = 0
    package var open = 0
    package var cancelled = 0
    /// From report (a stage: its beginning) to the end of the work, by the clock on the wall.
    package var duration: DurationFigure?
    package var late = LateFigure()
    package var waits = WaitSums()
    /// For kinds of work: each department's part of the waits; they add up to them.
    package var parts: [DepartmentWaits] = []
    package var firstTime = ShareFigure()
    package var satisfaction = SatisfactionFigure()
    /// By limit, for kinds of work.
    package var limits: [LimitName: LateFigure] = [:]
    package init(name: NamedCode) { self.name = name }
}

package struct StageFigure: Sendable, Hashable {
    package var name: NamedCode
    /// Who does it: `crew`, `department`, `account_manager`, `contractor`, `customer`; nil: no process says it any more.
    package var role: String?
    package var department: NamedCode?
    /// It is in the process as the rules have it now.
    package var isInForce = true
    /// `clock: stopped`
    package var isStopped = false
    package var limit: LimitLength?
    package var done = 0
    package var open = 0
    package var cancelled = 0
    /// As the stage's limit counts it; without a limit from begin to end without pauses.
    package var duration: DurationFigure?
    package var late = LateFigure()
    /// Its part of the time that finished cases took. Time in which several stages run at once is shared among them equally; the
    /// customer's own works get only the time in which nothing else runs, as the clock of the case has it.
    package var waits = WaitSums()
    /// Each department's part of the waits; they add up to them.
    package var parts: [DepartmentWaits] = []
    /// How long what was ready before it waited for the last of the stages that it comes after, over all finished cases, in milliseconds.
    package var joinWait: Int64 = 0
    package init(name: NamedCode) { self.name = name }
}

package struct ProcessFigure: Sendable, Hashable {
    package var name: NamedCode
    package var isInForce = true
    package var limit: LimitLength?
    package var done = 0
    package var open = 0
    package var withdrawn = 0
    /// As the limit `total` counts it; without one from acceptance to the end.
    package var duration: DurationFigure?
    /// From application to the end, by the clock on the wall.
    package var elapsed: DurationFigure?
    package var late = LateFigure()
    /// Cases of which neither the whole nor any stage was late, counted on the day of filing; and of open ones those that can't be such any more.
    package var passed = ShareFigure()
    /// Cases in which no stage failed or was done again.
    package var firstTime = ShareFigure()
    package var stages: [StageFigure] = []
    /// `documents` and `between`, which are no stage's.
    package var waits = WaitSums()
    package init(name: NamedCode) { self.name = name }

    /// Everything: the elapsed time of its finished cases.
    package var allWaits: WaitSums { stages.reduce(into: waits) { $0 += $1.waits } }
}

/// One place where time goes, by what it costs.
package struct CostFigure: Sendable, Hashable {
    /// The process, or the rule.
    package var subject: NamedCode
    /// The stage, or the kind of work; nil: the process as a whole.
    package var part: NamedCode?
    package var wait: Wait
    package var role: String?
    /// Who had it then: what is handed over has a part with each.
    package var department: NamedCode?
    package var milliseconds: Int64
    /// Of all the time in the period.
    package var share: Double
}

/// Indices of IEEE 1366.
package struct ReliabilityFigure: Sendable, Hashable {
    package enum Absence: String, Sendable, Hashable {
        /// The rules have no network register.
        case no_register
        /// The register counts no customers.
        case no_customers
    }
    package var customersServed: Int
    /// Sustained: longer than five minutes.
    package var interruptions: Int
    /// At most five minutes: left out.
    package var momentary: Int
    package var customersInterrupted: Int64
    package var customerMilliseconds: Int64

    /// Customers' minutes without power per customer served.
    package var saidi: Double { Double(customerMilliseconds) / 60_000 / Double(customersServed) }
    /// Interruptions per customer served.
    package var saifi: Double { Double(customersInterrupted) / Double(customersServed) }
    /// Minutes until power is back, for a customer who lost it; nil: nobody did.
    package var caidi: Double? { customersInterrupted > 0 ? Double(customerMilliseconds) / 60_000 / Double(customersInterrupted) : nil }
}

package struct WeekFigure: Sendable, Hashable {
    /// A Monday.
    package var monday: CivilDate
    package var tasks = 0
    package var cases = 0
    package var late = LateFigure()

    /// One task that was done, and how it stood with its limits.
    mutating func add(_ late: LateFigure) {
        tasks += 1
        self.late.timed += late.timed
        self.late.late += late.late
    }
}

/// What must be known to read the figures rightly.
package enum FigureNote: Sendable, Hashable {
    /// Of so many tasks nobody recorded where their time went.
    case timeNotRecorded(Int)
    /// So many stages' tasks of finished cases are missing: their time counts as "no stage open".
    case stageTasksMissing(Int)
    /// The period ends in the past: what was open then is not told.
    case openNotTold
    case noContractors
    case noTiers
    case noSatisfaction
    /// So many tasks with customers out have neither transformer nor feeder: each report counts as an interruption of its own.
    case interruptionsUnplaced(Int)
    /// So many tasks with customers out are not done yet, and not in the indices.
    case interruptionsOpen(Int)
}

/// Everything that `paidan figures` tells of a period.
package struct FigureReport: Sendable, Hashable {
    package var since: Instant
    package var until: Instant
    package var madeAt: Instant
    package var zone: TimeZoneRules

    package var tasksDone = 0
    package var tasksOpen = 0
    package var tasksCancelled = 0
    package var casesDone = 0
    package var casesOpen = 0
    package var casesWithdrawn = 0
    /// The period reaches to now: what is open is told.
    package var tellsOpen = true

    package var processes: [ProcessFigure] = []
    package var works: [GroupFigure] = []
    package var departments: [GroupFigure] = []
    package var crews: [GroupFigure] = []
    package var districts: [GroupFigure] = []
    package var tiers: [GroupFigure] = []
    package var contractors: [GroupFigure] = []
    /// The most costly first.
    package var costs: [CostFigure] = []
    /// What all costs add up to, in milliseconds: the elapsed time of finished cases, and of other finished tasks.
    package var whole: Int64 = 0
    package var reliability: ReliabilityFigure?
    package var reliabilityAbsence: ReliabilityFigure.Absence?
    /// Tasks that were never opened again.
    package var firstTimeTasks = ShareFigure()
    package var firstTimeCases = ShareFigure()
    package var satisfaction = SatisfactionFigure()
    package var weeks: [WeekFigure] = []
    package var notes: [FigureNote] = []

    package init(since: Instant, until: Instant, madeAt: Instant, zone: TimeZoneRules) {
        self.since = since
        self.until = until
        self.madeAt = madeAt
        self.zone = zone
    }

    /// Nothing was done and nothing is open.
    package var isEmpty: Bool { tasksDone + tasksOpen + tasksCancelled + casesDone + casesOpen + casesWithdrawn == 0 }
}

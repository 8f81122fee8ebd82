// The side stair for readings: what devices show is folded into one state for each, and only what crosses a rule's threshold becomes an input.
//
//    reading ─▶ take ─▶ the device's state ──▶ checkpoint ─▶ its row, in the next commit
//                          │
//                          └ crosses ─▶ crossings: a report, or a recovery, of our own ─▶ decide ─▶ decided ─▶ in the same commit as the row
//
// Driven by the dispatcher, one turn after the other:
//
// 1. `take` each reading: its receipt at once; it is in the state that the next checkpoint writes.
// 2. `crossings` until there are none: decide each as any input, and hand its receipt to `decided`. `note` every decision: tasks end.
// 3. `checkpoint`: the rows to commit with what was decided. Then `didCommit`, or `failed`: what was handed out is handed out again, under the same
//    ids, and the rows stay to be written.
//
// A crossing and the row that knows of it are in one commit: a row with a crossing that is not decided yet is not written. So a crash neither loses
// a report nor makes it twice.
//
// Memory is bounded by the registers: a device that nobody knows has no state. Pure: `now` is an argument.

package import Domain
import HeapModule
package import Rules

package struct Telemetry: Sendable {
    /// So many readings of one quantity of one device are looked at in a minute; more are a flood.
    package static let readingsPerMinuteMax: Int32 = 60
    /// Older readings are refused.
    package static let ageMax = TimeSpan.days(1)
    /// The source of what devices report by themselves.
    package static let source = SourceID("watch")
    /// So many names that nobody knows are looked at for the one that was meant.
    static let suggestionsMax = 256
    /// ✎ When a device is due by date, its task opens at this second of the local day.
    static let dueSecond = 8 * 3_600

    /// One quantity of one device.
    struct Channel: Sendable {
        var quantity: Int32
        /// Which rules watch it, and which count it: in `plans`.
        var plan: Int32
        var upkeepPlan: Int32
        var inMinute: Int32 = 0
        var minute: Int64 = .min
        var value: Reading.Value
        var at: Instant
        /// In the order of the plan.
        var watches: [WatchState]
    }

    struct Device: Sendable {
        var channels: [Channel] = []
        /// By the rule's number; few devices have any.
        var upkeep: [(rule: Int32, state: UpkeepState)] = []
        var isDirty = false
        /// A decision has touched it: its row goes with the next commit.
        var isUrgent = false
        /// The hour in which it was last said that it floods.
        var saidHour: Int64 = .min
    }

    /// Who has reported: a rule at a quantity of a device; without a quantity, a maintenance rule.
    struct Reporter: Sendable, Hashable {
        var device: DeviceID
        var quantity: String
        /// The digest of the rule's name.
        var rule: UInt64
    }

    struct Crossing: Sendable {
        var by: Reporter
        var input: Input
        /// Of a recovery: the report that it is about.
        var recovers: String?
    }

    /// What a failed commit takes back.
    enum Undo: Sendable {
        case report(Reporter, OpenReport?)
        case upkeep(Reporter, UpkeepState)
        case task(TaskID, [Reporter]?)
    }

    /// When something is due by date. It counts only while it is what the state says.
    struct DueDate: Comparable, Sendable {
        var at: Instant
        var device: Int32
        var rule: Int32
        static func < (a: DueDate, b: DueDate) -> Bool { (a.at, a.device, a.rule) < (b.at, b.device, b.rule) }
    }

    // The rules in force, and what is derived from them.
    var rules: RuleSet
    // Held here: each reading asks for them.
    let book: WatchBook
    let index: DeviceIndex
    let quantities: [MeasuredQuantity]
    var quantityNumbers: [String: Int32] = [:]
    var quantityRules: [[Int32]] = []
    var quantityUpkeep: [[Int32]] = []
    /// Lists of rules, each once.
    var plans: [[Int32]] = []
    var planNumbers: [[Int32]: Int32] = [:]
    var silentRules: [Int] = []
    var dates = Heap<DueDate>()

    // The state.
    var devices: [Device]
    /// Those that have a state, in the order in which they got it.
    var active: [Int32] = []
    /// When anybody was heard last, by our clock.
    var lastHeard: Instant?
    /// For each rule that is silent: how long it has listened. It goes on only while devices are heard, by at most half of the rule's time at once, so that
    /// a line that is down, or a daemon that was, makes no device silent.
    var clocks: [Int64]
    /// When on its clock the next device would be silent.
    var nextSilent: [Int64]
    var byTask: [TaskID: [Reporter]] = [:]

    // On its way.
    var dirty: [Int32] = []
    var pending: [Crossing] = []
    var handedOut: [Crossing] = []
    var undo: [Undo] = []
    var underWay: (crossings: [Crossing], undo: [Undo], devices: [Int32])?
    /// Reports that are not decided yet.
    var undecided: Set<String> = []
    var remarks: [Remark] = []
    var failedRules: Set<String> = []
    /// Of a rule test: what its rules went through. nil: nobody asks.
    package var marks: Set<WatchMark>?
    var suggested: [DeviceID: String] = [:]

    /// - Parameter dates: the devices that are due by date; nil: all. A rule test is about those that it names.
    package init(rules: RuleSet, rows: [DeviceRow] = [], dates only: Set<DeviceID>? = nil, at now: Instant) {
        self.rules = rules
        book = rules.watch
        index = rules.devices
        quantities = rules.site.quantities
        devices = Array(repeating: Device(), count: rules.devices.devices.count)
        clocks = Array(repeating: 0, count: rules.watch.rules.count)
        nextSilent = Array(repeating: .min, count: rules.watch.rules.count)
        derive()
        for row in rows { load(row) }
        // While the daemon was down nobody could be heard.
        if !rows.isEmpty { lastHeard = now }
        for number in devices.indices where only?.contains(index.devices[number].id) ?? true { schedule(Int32(number)) }
    }

    /// Puts another rule set in force. Rules with the same name and wording keep what they have seen; of an edited rule only what it has reported stays; what
    /// rules that are gone have reported is left to people. Nothing may be handed out and not yet on disk.
    package mutating func adopt(_ rules: RuleSet, at now: Instant) {
        precondition(underWay == nil && handedOut.isEmpty, "rules change between two turns")
        let rows = active.map { row(of: Int($0)) }
        let unsaved = dirty.map { index.devices[Int($0)].id }
        var next = Telemetry(rules: rules, rows: rows, at: now)
        next.lastHeard = lastHeard
        next.pending = pending
        next.undecided = undecided
        next.remarks = remarks
        for id in unsaved { if let number = next.index.number(of: id) { next.soil(number) } }
        self = next
    }

    mutating func derive() {
        for (number, quantity) in quantities.enumerated() {
            quantityNumbers[quantity.code] = Int32(number)
            quantityRules.append(book.rules(of: quantity.code).map { Int32($0) })
            quantityUpkeep.append(
                book.maintenance.indices.filter {
                    if case .amount(_, quantity.code) = book.maintenance[$0].every { true } else { false }
                }.map { Int32($0) })
        }
        silentRules = book.rules.indices.filter { if case .silent = book.rules[$0].trigger { true } else { false } }
    }

    mutating func plan(_ list: [Int32]) -> Int32 {
        if let known = planNumbers[list] { return known }
        plans.append(list)
        planNumbers[list] = Int32(plans.count - 1)
        return Int32(plans.count - 1)
    }

    /// A quantity of a device that has had no reading yet.
    mutating func channel(_ number: Int, _ quantity: Int, _ value: Reading.Value, _ at: Instant) -> Channel {
        let device = index.devices[number]
        let watching = quantityRules[quantity].filter { book.rules[Int($0)].isAbout(device) }
        let counting = quantityUpkeep[quantity].filter { book.maintenance[Int($0)].isAbout(device) }
        return Channel(
            quantity: Int32(quantity), plan: plan(watching), upkeepPlan: plan(counting), value: value, at: at,
            watches: watching.map { WatchState(since: Instant(milliseconds: clocks[Int($0)])) })
    }
}

extension Reading.Value {
    /// As people write it: `0.86`, `true`.
    var shown: String {
        switch self {
        case .number(let number): brief(number)
        case .flag(let flag): "\(flag)"
        }
    }

    var hundredth: String? {
        if case .number(let number) = self { brief(number / 100) } else { nil }
    }
}

/// A number without `.0`, and with no more digits than it needs.
func brief(_ number: Double) -> String {
    if number == number.rounded(), abs(number) < 1e15 { return String(Int64(number)) }
    return "\(number)"
}

func shown(_ span: TimeSpan) -> String { words(for: .minutes(max(1, span.milliseconds / 60_000))) }

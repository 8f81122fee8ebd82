import CEL
import Domain

/// What a set asks of a report, each as one number.
enum KeyPlan: Hashable, Sendable {
    /// The number of a slot's text in the set's table.
    case text(slot: Int32)
    /// `NumberKey` of a number or time.
    case whole(slot: Int32), double(slot: Int32), instant(slot: Int32)
    /// 1: yes.
    case truth(slot: Int32)
    /// 1: there.
    case presence(slot: Int32)
    /// How many ends of the prefixes that conditions ask for come before the slot's text, or are it.
    case rank(slot: Int32, ends: Int32)

    /// No two plans of a set have the same.
    var rank: (Int32, Int) {
        switch self {
        case .text(let slot): (slot, 0)
        case .whole(let slot): (slot, 1)
        case .double(let slot): (slot, 2)
        case .instant(let slot): (slot, 3)
        case .truth(let slot): (slot, 4)
        case .presence(let slot): (slot, 5)
        case .rank(let slot, _): (slot, 6)
        }
    }
}

/// One report's answers, each worked out when it is first asked for.
struct ReportKeys: ~Copyable {
    private let matcher: Matcher
    /// A value and whether it is known, for each plan.
    private let values: UnsafeMutableBufferPointer<Int64>
    private let count: Int

    /// - Parameter values: room for `Matcher.roomForKeys`, zeroed.
    init(matcher: Matcher, values: UnsafeMutableBufferPointer<Int64>) {
        self.matcher = matcher
        self.values = values
        count = matcher.plans.count
    }

    @inline(__always)
    func value(_ plan: Int32, _ activation: ReportActivation) -> Int64 {
        if values[count + Int(plan)] != 0 { return values[Int(plan)] }
        return find(Int(plan), activation)
    }

    @inline(never)
    private func find(_ plan: Int, _ activation: ReportActivation) -> Int64 {
        let value: Int64
        switch matcher.plans[plan] {
        case .text(let slot): value = activation.string(slot: Int(slot)).map { Int64(matcher.texts.number(of: $0)) } ?? Int64(TextTable.empty)
        case .presence(let slot): value = activation.value(slot: Int(slot)) == nil ? 0 : 1
        case .rank(let slot, let ends): value = Int64(matcher.rank(activation.string(slot: Int(slot)) ?? "", ends: Int(ends)))
        case .whole(let slot), .double(let slot), .instant(let slot), .truth(let slot):
            switch activation.value(slot: Int(slot)) {
            case .int(let number): value = number
            case .double(let number): value = NumberKey.of(number)
            case .bool(let truth): value = truth ? 1 : 0
            case .timestamp(let seconds, let nanoseconds): value = seconds * 1_000 + Int64(nanoseconds / 1_000_000)
            default: value = 0
            }
        }
        values[plan] = value
        values[count + plan] = 1
        return value
    }
}

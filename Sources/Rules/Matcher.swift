import Domain

/// The formulas of a whole set, ready to be asked: immutable, small, without names.
final class Matcher: Sendable {
    struct Node: Sendable {
        enum Operation: UInt8, Sendable { case no, yes, equals, among, between, all, any, not }
        let operation: Operation
        /// The key it asks for.
        var key: Int32 = 0
        /// The key's value; the lower bound; the first of the operands or members; the operand.
        var a: Int64 = 0
        /// The upper bound; one past the last of the operands or members.
        var b: Int64 = 0
    }

    let plans: [KeyPlan]
    /// The numbers of the plans in an order of their own meaning, so that an index does not go by which formula was read first.
    let planOrder: [Int32]
    let texts: TextTable
    private let nodes: [Node]
    private let operands: [Int32]
    /// Sets of texts, each rising.
    private let members: [Int32]
    /// For each list: the ends of prefixes in byte order.
    private let ends: [[String]]
    /// Lists of fields that traces show.
    let readLists: [[NamedSlot]]

    var roomForKeys: Int { plans.count * 2 }

    init(_ pool: FormulaPool) {
        var freezer = Freezer(pool)
        nodes = pool.formulas.map { freezer.node($0) }
        plans = freezer.plans
        planOrder = plans.indices.map { Int32($0) }.sorted { [plans] in plans[Int($0)].rank < plans[Int($1)].rank }
        members = freezer.members
        ends = freezer.ends
        operands = pool.operands.fitted
        texts = pool.texts
        readLists = pool.readLists
    }

    /// Whether an index that was made for an earlier state of the same pool still means the same: numbers of keys, texts and formulas stay, but
    /// a new prefix moves the ranks of those behind it.
    func fits(_ index: ConditionIndex, madeFor earlier: Matcher) -> Bool {
        index.rangeKeys.allSatisfy { key in
            guard case .rank(_, let ends) = plans[Int(key)] else { return true }
            guard case .rank(_, let before) = earlier.plans[Int(key)] else { return false }
            return earlier.ends[Int(before)].count == self.ends[Int(ends)].count
        }
    }

    /// A formula as the index sees it.
    subscript(_ number: Int32) -> Node { nodes[Int(number)] }
    func operands(_ node: Node) -> ArraySlice<Int32> { operands[Int(node.a)..<Int(node.b)] }
    func members(_ node: Node) -> ArraySlice<Int32> { members[Int(node.a)..<Int(node.b)] }

    func holds(_ formula: Int32, _ keys: borrowing ReportKeys, _ activation: ReportActivation) -> Bool {
        let node = nodes[Int(formula)]
        switch node.operation {
        case .no: return false
        case .yes: return true
        case .equals: return keys.value(node.key, activation) == node.a
        case .among: return isAmong(keys.value(node.key, activation), node)
        case .between:
            let key = keys.value(node.key, activation)
            return key >= node.a && key <= node.b
        case .all:
            for place in Int(node.a)..<Int(node.b) where !holds(operands[place], keys, activation) { return false }
            return true
        case .any:
            for place in Int(node.a)..<Int(node.b) where holds(operands[place], keys, activation) { return true }
            return false
        case .not: return !holds(Int32(node.a), keys, activation)
        }
    }

    private func isAmong(_ key: Int64, _ node: Node) -> Bool {
        var low = Int(node.a)
        var high = Int(node.b)
        while high - low > 8 {
            let middle = (low + high) / 2
            if Int64(members[middle]) <= key { low = middle } else { high = middle }
        }
        for place in low..<high where Int64(members[place]) == key { return true }
        return false
    }

    /// The first text after all that begin with these bytes: the last scalar counted up, over the surrogates. nil: nothing comes after U+10FFFF.
    static func successor(_ bytes: [UInt8]) -> [UInt8]? {
        var scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        while let last = scalars.popLast() {
            let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
            guard let scalar = Unicode.Scalar(next) else { continue }
            scalars.append(scalar)
            return Array(String(String.UnicodeScalarView(scalars)).utf8)
        }
        return nil
    }

    func rank(_ text: String, ends number: Int) -> Int {
        let ends = ends[number]
        return TextTable.withBytes(text) { text in
            var low = 0
            var high = ends.count
            while low < high {
                let middle = (low + high) / 2
                if TextTable.withBytes(ends[middle], { TextTable.precedes(text, $0) }) { high = middle } else { low = middle + 1 }
            }
            return low
        }
    }
}

/// Gives keys their numbers, and prefixes their ranks.
private struct Freezer {
    let pool: FormulaPool
    private(set) var plans: [KeyPlan] = []
    private(set) var members: [Int32] = []
    private(set) var ends: [[String]] = []
    private var numbers: [KeyPlan: Int32] = [:]
    private var sets: [Int32: Range<Int>] = [:]
    private var endNumbers: [Int32: Int32] = [:]

    init(_ pool: FormulaPool) {
        self.pool = pool
        var prefixes: [Int32: Set<Int32>] = [:]
        for case .startsWith(let slot, let text) in pool.formulas { prefixes[slot, default: []].insert(text) }
        for (slot, texts) in prefixes.sorted(by: { $0.key < $1.key }) {
            var all: [[UInt8]] = []
            for text in texts {
                let bytes = Array(pool.texts.texts[Int(text)].utf8)
                all.append(bytes)
                if let end = Matcher.successor(bytes) { all.append(end) }
            }
            all.sort { $0.lexicographicallyPrecedes($1) }
            var list: [String] = []
            for (i, bytes) in all.enumerated() where i == 0 || all[i - 1] != bytes { list.append(Self.text(bytes)) }
            endNumbers[slot] = Int32(ends.count)
            ends.append(list)
        }
    }

    /// The first text after all that begin with these bytes: the last scalar counted up, over the surrogates. nil: nothing comes after U+10FFFF.
    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private mutating func number(_ plan: KeyPlan) -> Int32 {
        if let number = numbers[plan] { return number }
        plans.append(plan)
        numbers[plan] = Int32(plans.count - 1)
        return Int32(plans.count - 1)
    }

    mutating func node(_ formula: Formula) -> Matcher.Node {
        switch formula {
        case .no: return .init(operation: .no)
        case .yes: return .init(operation: .yes)
        case .isText(let slot, let text): return .init(operation: .equals, key: number(.text(slot: slot)), a: Int64(text))
        case .inTexts(let slot, let set):
            let range =
                sets[set]
                ?? {
                    members += pool.textSets[Int(set)]
                    return members.count - pool.textSets[Int(set)].count..<members.count
                }()
            sets[set] = range
            return .init(operation: .among, key: number(.text(slot: slot)), a: Int64(range.lowerBound), b: Int64(range.upperBound))
        case .startsWith(let slot, let text):
            let list = endNumbers[slot] ?? 0
            let bytes = Array(pool.texts.texts[Int(text)].utf8)
            let high = Matcher.successor(bytes).map { Int64(place($0, Int(list))) } ?? .max
            return .init(operation: .between, key: number(.rank(slot: slot, ends: list)), a: Int64(place(bytes, Int(list)) + 1), b: high)
        case .isBetween(let slot, let low, let high):
            let plan: KeyPlan =
                switch pool.kinds[slot] {
                case .double: .double(slot: slot)
                case .time: .instant(slot: slot)
                default: .whole(slot: slot)
                }
            return .init(operation: .between, key: number(plan), a: low, b: high)
        case .isTrue(let slot): return .init(operation: .equals, key: number(.truth(slot: slot)), a: 1)
        case .isPresent(let slot): return .init(operation: .equals, key: number(.presence(slot: slot)), a: 1)
        case .all(let first, let count): return .init(operation: .all, a: Int64(first), b: Int64(first + count))
        case .any(let first, let count): return .init(operation: .any, a: Int64(first), b: Int64(first + count))
        case .not(let operand): return .init(operation: .not, a: Int64(operand))
        }
    }

    /// Where an end stands in its list, from 0.
    private func place(_ bytes: [UInt8], _ list: Int) -> Int {
        var low = 0
        var high = ends[list].count
        while low < high {
            let middle = (low + high) / 2
            if Array(ends[list][middle].utf8).lexicographicallyPrecedes(bytes) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

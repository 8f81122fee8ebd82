/// Builds a `ConditionIndex` from formulas.
///
/// 1. Each formula becomes boxes: conjunctions of one constraint a key, such that a report that meets the formula meets a box. Disjunctions make
///    several boxes, up to a bound; what fits no box (`!=` a text) is left out of it, which only makes the box larger.
/// 2. From the whole list downwards, that key is asked which leaves the fewest candidates to a report that meets one of the conditions. A condition
///    that is constrained to several values stands below each of them, within a budget, so that the tree stays in proportion to the list.
///
/// A list of which no key leaves markedly fewer becomes a leaf. There each condition keeps those of its formulas that the way there leaves open:
/// below a feeder nobody asks for the feeder again.
///
/// The tree goes by what the conditions say alone, never by the numbers that keys and texts happen to have: traces name the nearest of the rules
/// that it could not rule out, and must be the same for a set that was read as a whole and for one that was read file by file.
struct ConditionIndexBuilder {
    /// Lists of this size are looked through.
    private static let leafMax = 4
    /// So many candidates on average are few enough: finer ranges would make the tree larger than the caches, for less than they save.
    private static let rangesGoal = 3.0
    /// Boxes of one condition.
    private static let boxesMax = 8
    /// References to a condition in the whole tree, on average.
    private static let copiesMax = 6

    private struct Constraint {
        var key: Int32
        /// Bounds of a range; or of `sets`, where a key has values.
        var low: Int64
        var high: Int64
        var isRange: Bool
    }

    private struct Entry {
        var condition: Int32
        var constraints: Range<Int>
    }

    /// What is known of a key on the way to a node: that its value lies within these bounds, and is no NaN.
    private struct Fact {
        var key: Int32
        var low: Int64
        var high: Int64
    }

    private let matcher: Matcher
    private let conditions: [Condition]
    private var constraints: [Constraint] = []
    /// Sets of values, each rising.
    private var sets: [Int32] = []
    private var entries: [Entry] = []
    private var boxes: [Int32: [[Constraint]]] = [:]
    /// For each value how often it was met: for counting alone, all zero between uses.
    private var scratch: [Int32]

    private var words: [Int32] = []
    /// The keys that are asked for ranges.
    private var rangeKeys: Set<Int32> = []

    /// A condition as the index sees it.
    struct Condition {
        /// The formulas that must all hold for it to be asked; none: it is always asked.
        var formulas: [Int32]
        /// It is no more than its formulas.
        var isSettled: Bool
    }

    static func build(_ conditions: [Condition], _ matcher: Matcher) -> ConditionIndex {
        var builder = ConditionIndexBuilder(conditions, matcher)
        for (number, condition) in conditions.enumerated() { builder.add(Int32(number), condition.formulas) }
        let all = Array(0..<Int32(builder.entries.count))
        let root = all.isEmpty ? -1 : builder.node(all, asked: [], facts: [], budget: all.count * copiesMax + 16)
        return ConditionIndex(words: builder.words, root: root, count: conditions.count, rangeKeys: builder.rangeKeys.sorted())
    }

    private init(_ conditions: [Condition], _ matcher: Matcher) {
        self.matcher = matcher
        self.conditions = conditions
        scratch = Array(repeating: 0, count: max(2, matcher.texts.count))
    }

    // MARK: Boxes

    private mutating func add(_ condition: Int32, _ formulas: [Int32]) {
        var result: [[Constraint]] = [[]]
        for formula in formulas {
            let own = boxes(of: formula, negated: false)
            if own.count == 1, own[0].isEmpty { continue }
            guard result.count * own.count <= Self.boxesMax else { continue }
            result = product(result, own)
        }
        for box in result {
            entries.append(Entry(condition: condition, constraints: constraints.count..<constraints.count + box.count))
            constraints += box
        }
    }

    /// Every pair of boxes as one, those without a common report left out.
    private mutating func product(_ left: [[Constraint]], _ right: [[Constraint]]) -> [[Constraint]] {
        var result: [[Constraint]] = []
        for a in left {
            for b in right {
                if let both = intersection(a, b) { result.append(both) }
            }
        }
        return result
    }

    private mutating func intersection(_ left: [Constraint], _ right: [Constraint]) -> [Constraint]? {
        var box = left
        for constraint in right {
            guard let place = box.firstIndex(where: { $0.key == constraint.key }) else {
                box.append(constraint)
                continue
            }
            if constraint.isRange {
                box[place].low = max(box[place].low, constraint.low)
                box[place].high = min(box[place].high, constraint.high)
                if box[place].low > box[place].high { return nil }
            } else {
                let common = values(box[place]).filter { values(constraint).contains($0) }
                if common.isEmpty { return nil }
                box[place] = among(constraint.key, common)
            }
        }
        return box
    }

    private func values(_ constraint: Constraint) -> ArraySlice<Int32> { sets[Int(constraint.low)..<Int(constraint.high)] }

    private mutating func among(_ key: Int32, _ values: [Int32]) -> Constraint {
        sets += values
        return Constraint(key: key, low: Int64(sets.count - values.count), high: Int64(sets.count), isRange: false)
    }

    private mutating func boxes(of formula: Int32, negated: Bool) -> [[Constraint]] {
        let name = negated ? -1 - formula : formula
        if let known = boxes[name] { return known }
        let result = makeBoxes(of: formula, negated: negated)
        boxes[name] = result
        return result
    }

    private mutating func makeBoxes(of formula: Int32, negated: Bool) -> [[Constraint]] {
        let node = matcher[formula]
        switch node.operation {
        case .no: return negated ? [[]] : []
        case .yes: return negated ? [] : [[]]
        case .equals:
            guard !negated else {
                if case .text = matcher.plans[Int(node.key)] { return [[]] }
                return [[among(node.key, [1 - Int32(node.a)])]]
            }
            return [[among(node.key, [Int32(node.a)])]]
        case .among: return negated ? [[]] : [[among(node.key, Array(matcher.members(node)))]]
        case .between:
            guard negated else { return [[Constraint(key: node.key, low: node.a, high: node.b, isRange: true)]] }
            var sides: [[Constraint]] = []
            if node.a > .min { sides.append([Constraint(key: node.key, low: .min, high: node.a - 1, isRange: true)]) }
            if node.b < .max { sides.append([Constraint(key: node.key, low: node.b + 1, high: .max, isRange: true)]) }
            return sides
        case .not: return boxes(of: Int32(node.a), negated: !negated)
        case .all, .any:
            let parts = matcher.operands(node).map { boxes(of: $0, negated: negated) }
            if (node.operation == .all) != negated {
                var result: [[Constraint]] = [[]]
                for part in parts where result.count * part.count <= Self.boxesMax { result = product(result, part) }
                return result
            }
            return union(parts.flatMap { $0 })
        }
    }

    private mutating func union(_ all: [[Constraint]]) -> [[Constraint]] {
        // Values of one key make one constraint.
        if all.count > 1, let first = all.first?.first, all.allSatisfy({ $0.count == 1 && $0[0].key == first.key && !$0[0].isRange }) {
            return [[among(first.key, Array(Set(all.flatMap { values($0[0]) })).sorted())]]
        }
        return all.count <= Self.boxesMax ? all : [[]]
    }

    // MARK: Nodes

    private struct Split {
        var key: Int32
        var isRange: Bool
        /// How many candidates a report meets on average that meets one of the conditions.
        var expected: Double
        var cuts: [Int64] = []
        var copies: Int
    }

    /// - Parameters:
    ///   - asked: the keys that were asked on the way: none is asked twice.
    ///   - facts: what the answers were.
    private mutating func node(_ list: [Int32], asked: [Int32], facts: [Fact], budget: Int) -> Int32 {
        guard list.count > Self.leafMax, let split = bestSplit(list, asked: asked, budget: budget) else { return leaf(list, facts) }
        let asked = asked + [split.key]
        var always: [Int32] = []
        var pairs: [(value: Int32, entry: Int32)] = []
        for entry in list {
            guard let constraint = constraint(entry, split.key) else {
                always.append(entry)
                continue
            }
            if split.isRange {
                for segment in Self.segment(constraint.low, split.cuts)...Self.segment(constraint.high, split.cuts) {
                    pairs.append((Int32(segment), entry))
                }
            } else {
                for value in values(constraint) { pairs.append((value, entry)) }
            }
        }
        pairs.sort { ($0.value, $0.entry) < ($1.value, $1.entry) }
        // What fits a leaf needs no more room than it takes; the others share what is left.
        var hungry = always.count > Self.leafMax ? always.count : 0
        var start = 0
        while start < pairs.count {
            var end = start
            while end < pairs.count, pairs[end].value == pairs[start].value { end += 1 }
            if end - start > Self.leafMax { hungry += end - start }
            start = end
        }
        let share = Double(max(0, budget - always.count - pairs.count)) / Double(max(1, hungry))
        func room(_ count: Int) -> Int { count + Int(Double(count) * share) }
        let number = split.isRange ? openRanges(split) : openValues(split.key, pairs.map(\.value))
        var from = 0
        while from < pairs.count {
            let value = pairs[from].value
            var to = from
            while to < pairs.count, pairs[to].value == value { to += 1 }
            let fact = split.isRange ? Self.fact(split, segment: Int(value)) : Fact(key: split.key, low: Int64(value), high: Int64(value))
            let child = node(pairs[from..<to].map(\.entry), asked: asked, facts: facts + [fact], budget: room(to - from))
            words[split.isRange ? number + 4 + 2 * split.cuts.count + Int(value) : childPlace(number, value)] = child
            from = to
        }
        if !always.isEmpty {
            words[number + 2] = node(always, asked: asked, facts: facts, budget: room(always.count))
        }
        return Int32(number)
    }

    private mutating func openRanges(_ split: Split) -> Int {
        let number = words.count
        rangeKeys.insert(split.key)
        var isDouble = false
        if case .double = matcher.plans[Int(split.key)] { isDouble = true }
        words += [isDouble ? ConditionIndex.Kind.doubleRanges : ConditionIndex.Kind.ranges, split.key, -1, Int32(split.cuts.count)]
        for cut in split.cuts { words += [Int32(truncatingIfNeeded: cut), Int32(truncatingIfNeeded: cut >> 32)] }
        words += repeatElement(-1, count: split.cuts.count + 1)
        return number
    }

    private static func fact(_ split: Split, segment: Int) -> Fact {
        Fact(key: split.key, low: segment == 0 ? .min : split.cuts[segment - 1], high: segment == split.cuts.count ? .max : split.cuts[segment] - 1)
    }

    /// - Parameter values: rising.
    private mutating func openValues(_ key: Int32, _ values: [Int32]) -> Int {
        var distinct: [Int32] = []
        for value in values where distinct.last != value { distinct.append(value) }
        let number = words.count
        if let first = distinct.first, let last = distinct.last, Int(last) - Int(first) < 4 * distinct.count {
            let count = last - first + 1
            words += [ConditionIndex.Kind.dense, key, -1, first, count]
            words += repeatElement(-1, count: Int(count))
            return number
        }
        var size = 4
        while size < distinct.count * 2 { size *= 2 }
        words += [ConditionIndex.Kind.values, key, -1, Int32(size)]
        words += repeatElement(-1, count: 2 * size)
        for value in distinct {
            var place = ConditionIndex.hash(value) & (size - 1)
            while words[number + 4 + 2 * place] >= 0 { place = (place + 1) & (size - 1) }
            words[number + 4 + 2 * place] = value
        }
        return number
    }

    /// Where the table of a node has the child of a value that is in it.
    private func childPlace(_ number: Int, _ value: Int32) -> Int {
        if words[number] == ConditionIndex.Kind.dense { return number + 5 + Int(value - words[number + 3]) }
        let mask = Int(words[number + 3]) - 1
        var place = ConditionIndex.hash(value) & mask
        while words[number + 4 + 2 * place] != value { place = (place + 1) & mask }
        return number + 5 + 2 * place
    }

    private mutating func leaf(_ list: [Int32], _ facts: [Fact]) -> Int32 {
        let first = words.count
        words += [ConditionIndex.Kind.leaf, 0]
        var last: Int32 = -1
        for entry in list {
            let number = entries[Int(entry)].condition
            // Several boxes of one condition stand side by side.
            if number == last { continue }
            last = number
            let condition = conditions[Int(number)]
            var open: [Int32] = []
            var isRuledOut = false
            for formula in condition.formulas {
                switch known(formula, facts) {
                case true?: continue
                case false?: isRuledOut = true
                case nil: open.append(formula)
                }
            }
            if isRuledOut { continue }
            words[first + 1] += 1
            words.append(number)
            if condition.isSettled {
                words.append(Int32(open.count))
                words += open
            } else {
                words.append(ConditionIndex.unsettled)
            }
        }
        return Int32(first)
    }

    /// What the facts say about a formula; nil: nothing.
    private func known(_ formula: Int32, _ facts: [Fact]) -> Bool? {
        let node = matcher[formula]
        switch node.operation {
        case .no: return false
        case .yes: return true
        case .equals:
            guard let fact = facts.first(where: { $0.key == node.key }) else { return nil }
            if node.a < fact.low || node.a > fact.high { return false }
            return fact.low == fact.high ? true : nil
        case .among:
            guard let fact = facts.first(where: { $0.key == node.key }), fact.low == fact.high else { return nil }
            return matcher.members(node).contains { Int64($0) == fact.low }
        case .between:
            guard let fact = facts.first(where: { $0.key == node.key }) else { return nil }
            if fact.high < node.a || fact.low > node.b { return false }
            return node.a <= fact.low && fact.high <= node.b ? true : nil
        case .not: return known(Int32(node.a), facts).map { !$0 }
        case .all, .any:
            let decisive = node.operation == .any
            var isOpen = false
            for operand in matcher.operands(node) {
                guard let value = known(operand, facts) else {
                    isOpen = true
                    continue
                }
                if value == decisive { return decisive }
            }
            return isOpen ? nil : !decisive
        }
    }

    private func constraint(_ entry: Int32, _ key: Int32) -> Constraint? {
        for place in entries[Int(entry)].constraints where constraints[place].key == key { return constraints[place] }
        return nil
    }

    private static func segment(_ key: Int64, _ cuts: [Int64]) -> Int {
        var low = 0
        var high = cuts.count
        while low < high {
            let middle = (low + high) / 2
            if cuts[middle] <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func bestSplit(_ list: [Int32], asked: [Int32], budget: Int) -> Split? {
        // 0: no constraint; 1: values; 2: ranges.
        var kinds = [UInt8](repeating: 0, count: matcher.plans.count)
        for entry in list {
            for place in entries[Int(entry)].constraints { kinds[Int(constraints[place].key)] = constraints[place].isRange ? 2 : 1 }
        }
        for key in asked { kinds[Int(key)] = 0 }
        var best: Split?
        func consider(_ split: Split?) {
            guard let split, split.expected <= Double(list.count) * 0.75, best.map({ split.expected < $0.expected }) ?? true else { return }
            best = split
        }
        for key in matcher.planOrder where kinds[Int(key)] == 1 { consider(valueSplit(list, key, budget: budget)) }
        // Ranges take longer to weigh.
        if let best, best.expected <= Double(list.count) / 16 { return best }
        for key in matcher.planOrder where kinds[Int(key)] == 2 { consider(rangeSplit(list, key, budget: budget)) }
        return best
    }

    private mutating func valueSplit(_ list: [Int32], _ key: Int32, budget: Int) -> Split? {
        var unconstrained = 0
        var copies = 0
        var squares = 0
        for entry in list {
            guard let constraint = constraint(entry, key) else {
                unconstrained += 1
                continue
            }
            for value in values(constraint) {
                squares += 2 * Int(scratch[Int(value)]) + 1
                scratch[Int(value)] += 1
                copies += 1
            }
        }
        for entry in list {
            guard let constraint = constraint(entry, key) else { continue }
            for value in values(constraint) { scratch[Int(value)] = 0 }
        }
        guard copies > 0, copies + unconstrained <= budget else { return nil }
        return Split(key: key, isRange: false, expected: Double(squares) / Double(copies) + Double(unconstrained), copies: copies)
    }

    private func rangeSplit(_ list: [Int32], _ key: Int32, budget: Int) -> Split? {
        var ranges: [(low: Int64, high: Int64)] = []
        for entry in list {
            if let constraint = constraint(entry, key) { ranges.append((constraint.low, constraint.high)) }
        }
        let unconstrained = list.count - ranges.count
        var ends: [Int64] = []
        for range in ranges {
            if range.low > .min { ends.append(range.low) }
            if range.high < .max { ends.append(range.high + 1) }
        }
        ends.sort()
        var distinct: [Int64] = []
        for end in ends where distinct.last != end { distinct.append(end) }
        guard !distinct.isEmpty else { return nil }
        // As many as it takes to leave few candidates, at even shares of the ends.
        var best: Split?
        var wanted = max(4, ranges.count / 4)
        while let split = weigh(ranges, key, Self.shares(wanted, of: ends, distinct), unconstrained, budget: budget) {
            if best.map({ split.expected < $0.expected }) ?? true { best = split }
            if split.expected - Double(unconstrained) <= Self.rangesGoal || split.cuts.count == distinct.count { break }
            wanted *= 2
        }
        // No room for so many copies.
        while best == nil, wanted > 1 {
            wanted = min(wanted / 4, 4_096)
            best = weigh(ranges, key, Self.shares(max(wanted, 1), of: ends, distinct), unconstrained, budget: budget)
        }
        return best
    }

    /// Of all ends, rising, so many at even shares, each once; all distinct ones where there are no more.
    private static func shares(_ wanted: Int, of ends: [Int64], _ distinct: [Int64]) -> [Int64] {
        if wanted >= distinct.count { return distinct }
        var some: [Int64] = []
        for i in 1...wanted {
            let end = ends[i * ends.count / (wanted + 1)]
            if some.last != end { some.append(end) }
        }
        return some
    }

    /// nil: too many copies.
    private func weigh(_ ranges: [(low: Int64, high: Int64)], _ key: Int32, _ cuts: [Int64], _ unconstrained: Int, budget: Int) -> Split? {
        var changes = [Int](repeating: 0, count: cuts.count + 2)
        var copies = 0
        for range in ranges {
            let (from, to) = (Self.segment(range.low, cuts), Self.segment(range.high, cuts))
            changes[from] += 1
            changes[to + 1] -= 1
            copies += to - from + 1
            if copies + unconstrained > budget { return nil }
        }
        var size = 0
        var squares = 0
        for change in changes {
            size += change
            squares += size * size
        }
        return Split(key: key, isRange: true, expected: Double(squares) / Double(copies) + Double(unconstrained), cuts: cuts, copies: copies)
    }
}

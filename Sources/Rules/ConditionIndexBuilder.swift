/// Builds a `ConditionIndex` from formulas.
///
/// 1. Each formula becomes boxes: conjunctions of one constraint a key, such that a report that meets the formula meets a box. Disjunctions make
///    several boxes, up to a bound; what fits no box (`!=` a text) is left out of it, which only makes the box larger.
/// 2. From the whole list downwards, that key is asked which leaves the fewest candidates to a report that meets one of the conditions. A condition
///    that is constrained to several values stands below each of them, within a budget, so that the tree stays in proportion to the list.
/// A list of which no key leaves markedly fewer becomes a leaf.
///
/// The tree goes by what the conditions say alone, never by the numbers that keys and texts happen to have: traces name the nearest of the rules
/// that it could not rule out, and must be the same for a set that was read as a whole and for one that was read file by file.
struct ConditionIndexBuilder {
    /// Lists of this size are looked through.
    private static let leafMax = 3
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

    private let matcher: Matcher
    private var constraints: [Constraint] = []
    /// Sets of values, each rising.
    private var sets: [Int32] = []
    private var entries: [Entry] = []
    private var boxes: [Int32: [[Constraint]]] = [:]
    /// For each value how often it was met: for counting alone, all zero between uses.
    private var scratch: [Int32]

    private var nodes: [ConditionIndex.Node] = []
    private var members: [Int32] = []
    private var places: [ConditionIndex.Place] = []
    private var cuts: [Int64] = []
    private var children: [Int32] = []

    /// - Parameter conditions: for each the formulas that must all hold for it to be asked; none: it is always asked.
    static func build(_ conditions: [[Int32]], _ matcher: Matcher) -> ConditionIndex {
        var builder = ConditionIndexBuilder(matcher)
        for (number, formulas) in conditions.enumerated() { builder.add(Int32(number), formulas) }
        let all = Array(0..<Int32(builder.entries.count))
        let root = all.isEmpty ? -1 : builder.node(all, asked: [], budget: all.count * copiesMax + 16)
        return ConditionIndex(
            nodes: builder.nodes, members: builder.members, places: builder.places, cuts: builder.cuts, children: builder.children, root: root,
            count: conditions.count)
    }

    private init(_ matcher: Matcher) {
        self.matcher = matcher
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

    /// - Parameter asked: the keys that were asked on the way: none is asked twice.
    private mutating func node(_ list: [Int32], asked: [Int32], budget: Int) -> Int32 {
        guard list.count > Self.leafMax, let split = bestSplit(list, asked: asked, budget: budget) else { return leaf(list) }
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
        let share = Double(max(0, budget - always.count)) / Double(max(1, pairs.count))
        let number = Int32(nodes.count)
        nodes.append(.init(kind: split.isRange ? .ranges : .values, key: split.key))
        var below: [(value: Int32, node: Int32)] = []
        var from = 0
        while from < pairs.count {
            var to = from
            while to < pairs.count, pairs[to].value == pairs[from].value { to += 1 }
            let child = node(pairs[from..<to].map(\.entry), asked: asked, budget: Int(Double(to - from) * share))
            below.append((pairs[from].value, child))
            from = to
        }
        if !always.isEmpty { nodes[Int(number)].always = node(always, asked: asked, budget: max(always.count, budget - Int(Double(pairs.count) * share))) }
        if split.isRange {
            nodes[Int(number)].first = Int32(cuts.count)
            nodes[Int(number)].count = Int32(split.cuts.count)
            nodes[Int(number)].children = Int32(children.count)
            if case .double = matcher.plans[Int(split.key)] { nodes[Int(number)].isDouble = true }
            cuts += split.cuts
            children += repeatElement(-1, count: split.cuts.count + 1)
            for child in below { children[Int(nodes[Int(number)].children + child.value)] = child.node }
        } else {
            table(Int(number), below)
        }
        return number
    }

    private mutating func table(_ number: Int, _ below: [(value: Int32, node: Int32)]) {
        var size = 4
        while size < below.count * 2 { size *= 2 }
        nodes[number].first = Int32(places.count)
        nodes[number].count = Int32(size)
        let start = places.count
        places += repeatElement(ConditionIndex.Place(value: -1, child: -1), count: size)
        for child in below {
            var place = ConditionIndex.hash(child.value) & (size - 1)
            while places[start + place].value >= 0 { place = (place + 1) & (size - 1) }
            places[start + place] = .init(value: child.value, child: child.node)
        }
    }

    private mutating func leaf(_ list: [Int32]) -> Int32 {
        let first = members.count
        for entry in list {
            let condition = entries[Int(entry)].condition
            // Several boxes of one condition stand side by side.
            if members.count > first, members.last == condition { continue }
            members.append(condition)
        }
        nodes.append(.init(kind: .leaf, first: Int32(first), count: Int32(members.count - first)))
        return Int32(nodes.count - 1)
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
        // All cuts if there is room for the copies; else fewer, at even shares of the ends.
        var wanted = distinct.count
        while wanted >= 1 {
            let chosen: [Int64]
            if wanted == distinct.count {
                chosen = distinct
            } else {
                var some: [Int64] = []
                for i in 1...wanted {
                    let end = ends[i * ends.count / (wanted + 1)]
                    if some.last != end { some.append(end) }
                }
                chosen = some
            }
            if let split = weigh(ranges, key, chosen, unconstrained, budget: budget) { return split }
            wanted = min(wanted / 4, 4_096)
        }
        return nil
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

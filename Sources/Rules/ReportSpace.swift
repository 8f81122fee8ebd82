import Domain

/// The reports that there can be, as far as formulas tell them apart: one line of whole numbers for each field, and whether it is there.
///
/// A text's place on its line is by byte order: 2 n + 1 is the nth of the texts that the set names (prefixes and what comes right after them
/// included), 2 n every text between the nth and the one before it. Numbers and times stand on theirs by `NumberKey`, yes/no at 1 and 0.
/// NaN is left out: no report can say it.
///
/// A box is a set of reports: for each field that matters some ranges of its line. Formulas become boxes exactly, or not at all; so what is proved
/// of boxes is proved of every report. Where two fields hang together in a way that is not said here (a customer's fact makes a customer), there
/// are boxes without a report: that can hide a finding, and never make one.
final class ReportSpace {
    typealias Ranges = [ClosedRange<Int64>]

    struct Box {
        /// By rising axis; an axis that is not there is free.
        var sides: [(axis: Int32, ranges: Ranges)] = []

        subscript(_ axis: Int32) -> Ranges? {
            for side in sides where side.axis == axis { return side.ranges }
            return nil
        }
    }

    /// More boxes are not weighed.
    static let boxesMax = 48

    let pool: FormulaPool
    /// Texts that the set names, and those right after the reach of a prefix, in byte order.
    private(set) var texts: [String] = []
    private var textPlaces: [Int32: Int64] = [:]
    private var namedCells: [Int32: [Int64]] = [:]
    private var prefixEnds: [Int32: Int64] = [:]
    private var known: [Int32: [Box]?] = [:]
    /// Fields that every report has.
    private static let constant: Set<Int32> = [
        Int32(Slot.Report.type.rawValue), Int32(Slot.Report.source.rawValue), Int32(Slot.Report.reportedAt.rawValue),
    ]

    init(_ pool: FormulaPool) {
        self.pool = pool
        var all: Set<[UInt8]> = []
        for text in pool.texts.texts { all.insert(Array(text.utf8)) }
        var ends: [Int32: [UInt8]] = [:]
        for case .startsWith(_, let text) in pool.formulas {
            guard ends[text] == nil, let end = Matcher.successor(Array(pool.texts.texts[Int(text)].utf8)) else { continue }
            ends[text] = end
            all.insert(end)
        }
        let sorted = all.sorted { $0.lexicographicallyPrecedes($1) }
        texts = sorted.map { String(decoding: $0, as: UTF8.self) }
        let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($0.element, Int64($0.offset) * 2 + 1) })
        for (number, text) in pool.texts.texts.enumerated() { textPlaces[Int32(number)] = places[Array(text.utf8)] }
        for (text, end) in ends { prefixEnds[text] = places[end] }
        var cells: [Int32: Set<Int64>] = [:]
        for formula in pool.formulas {
            switch formula {
            case .isText(let slot, let text), .startsWith(let slot, let text): cells[slot, default: []].formUnion(place(text).map(\.lowerBound))
            case .inTexts(let slot, let set):
                for text in pool.textSets[Int(set)] { cells[slot, default: []].formUnion(place(text).map(\.lowerBound)) }
            default: break
            }
        }
        namedCells = cells.mapValues { $0.sorted() }
    }

    /// Where the texts are that conditions compare a field with, rising.
    func named(_ slot: Int32) -> [Int64] { namedCells[slot] ?? [] }

    func cell(of text: String) -> Int64 {
        let bytes = Array(text.utf8)
        var low = 0
        var high = texts.count
        while low < high {
            let middle = (low + high) / 2
            if Array(texts[middle].utf8).lexicographicallyPrecedes(bytes) { low = middle + 1 } else { high = middle }
        }
        return low < texts.count && Array(texts[low].utf8) == bytes ? Int64(low) * 2 + 1 : Int64(low) * 2
    }

    // MARK: Axes

    static func value(_ slot: Int32) -> Int32 { slot * 2 }

    /// nil: always there. A place is there as a whole.
    static func presence(_ slot: Int32) -> Int32? {
        if constant.contains(slot) { return nil }
        return (slot == Int32(Slot.Report.longitude.rawValue) ? Int32(Slot.Report.latitude.rawValue) : slot) * 2 + 1
    }

    func kind(_ slot: Int32) -> SlotKind { pool.kinds[slot] ?? .text }

    func line(_ axis: Int32) -> ClosedRange<Int64> {
        if axis % 2 == 1 { return 0...1 }
        switch kind(axis / 2) {
        case .text: return 1...Int64(texts.count) * 2
        case .truth: return 0...1
        case .whole: return Int64.min...Int64.max
        case .double: return NumberKey.bounds(.double)
        // The years 1 to 9999.
        case .time: return -62_135_596_800_000...253_402_300_799_999
        }
    }

    /// What an absent field is worth.
    func zero(_ slot: Int32) -> Int64 { kind(slot) == .text ? textPlaces[TextTable.empty] ?? 1 : 0 }

    /// Reports with declared values alone: others are refused at the door.
    func box(declared: [Int32: Set<String>]) -> Box {
        var box = Box()
        for (slot, names) in declared.sorted(by: { $0.key < $1.key }) {
            var cells = Set(names.map { cell(of: $0) })
            if Self.presence(slot) != nil { cells.insert(zero(slot)) }
            box.sides.append((Self.value(slot), cells.sorted().map { $0...$0 }))
        }
        return box
    }

    // MARK: Boxes

    func isEmpty(_ box: Box) -> Bool {
        for side in box.sides {
            if side.ranges.isEmpty { return true }
            guard side.axis % 2 == 0, let presence = Self.presence(side.axis / 2), let there = box[presence], there == [0...0] else { continue }
            // Absent, and yet not worth nothing.
            let zero = zero(side.axis / 2)
            if !side.ranges.contains(where: { $0.contains(zero) }) { return true }
        }
        return false
    }

    func intersection(_ a: Box, _ b: Box) -> Box? {
        var box = a
        for side in b.sides {
            if let place = box.sides.firstIndex(where: { $0.axis >= side.axis }) {
                if box.sides[place].axis == side.axis {
                    box.sides[place].ranges = Self.intersection(box.sides[place].ranges, side.ranges)
                    if box.sides[place].ranges.isEmpty { return nil }
                } else {
                    box.sides.insert(side, at: place)
                }
            } else {
                box.sides.append(side)
            }
        }
        return isEmpty(box) ? nil : box
    }

    /// What of `box` is not in `other`, in boxes without a common report.
    func difference(_ box: Box, _ other: Box) -> [Box] {
        guard intersection(box, other) != nil else { return [box] }
        var rest = box
        var pieces: [Box] = []
        for side in other.sides {
            let mine = rest[side.axis] ?? [line(side.axis)]
            var outside = Box(sides: [(side.axis, Self.difference(mine, side.ranges))])
            if let piece = intersection(Box(sides: rest.sides.filter { $0.axis != side.axis }), outside) { pieces.append(piece) }
            outside.sides[0].ranges = Self.intersection(mine, side.ranges)
            guard let inside = intersection(Box(sides: rest.sides.filter { $0.axis != side.axis }), outside) else { return pieces }
            rest = inside
        }
        return pieces
    }

    static func intersection(_ a: Ranges, _ b: Ranges) -> Ranges {
        var result: Ranges = []
        var (i, j) = (0, 0)
        while i < a.count, j < b.count {
            let low = max(a[i].lowerBound, b[j].lowerBound)
            let high = min(a[i].upperBound, b[j].upperBound)
            if low <= high { result.append(low...high) }
            if a[i].upperBound < b[j].upperBound { i += 1 } else { j += 1 }
        }
        return result
    }

    static func difference(_ a: Ranges, _ b: Ranges) -> Ranges {
        var result: Ranges = []
        var first = 0
        for range in a {
            while first < b.count, b[first].upperBound < range.lowerBound { first += 1 }
            var low = range.lowerBound
            var isOver = false
            var next = first
            while next < b.count, b[next].lowerBound <= range.upperBound {
                let cut = b[next]
                if cut.lowerBound > low { result.append(low...cut.lowerBound - 1) }
                if cut.upperBound >= range.upperBound {
                    isOver = true
                    break
                }
                low = cut.upperBound + 1
                next += 1
            }
            if !isOver { result.append(low...range.upperBound) }
        }
        return result
    }

    // MARK: Formulas

    /// The reports of which a formula is true; nil: too many boxes.
    func boxes(_ formula: Int32) -> [Box]? { boxes(formula, negated: false) }

    func boxes(_ formula: Int32, negated: Bool) -> [Box]? {
        let name = negated ? -1 - formula : formula
        if let result = known[name] { return result }
        let result = make(formula, negated: negated)
        known[name] = .some(result)
        return result
    }

    /// All of several at once.
    func boxes(all formulas: [Int32]) -> [Box]? {
        var result = [Box()]
        for formula in formulas {
            guard let own = boxes(formula), let both = product(result, own) else { return nil }
            result = both
        }
        return result
    }

    func product(_ a: [Box], _ b: [Box]) -> [Box]? {
        guard a.count * b.count <= Self.boxesMax * 8 else { return nil }
        var result: [Box] = []
        for left in a { for right in b { if let both = intersection(left, right) { result.append(both) } } }
        return result.count <= Self.boxesMax ? result : nil
    }

    private func make(_ formula: Int32, negated: Bool) -> [Box]? {
        func side(_ axis: Int32, _ ranges: Ranges) -> [Box] {
            let whole = [line(axis)]
            let inside = Self.intersection(whole, ranges)
            let wanted = negated ? Self.difference(whole, inside) : inside
            return wanted.isEmpty ? [] : wanted == whole ? [Box()] : [Box(sides: [(axis, wanted)])]
        }
        switch pool[formula] {
        case .no: return negated ? [Box()] : []
        case .yes: return negated ? [] : [Box()]
        case .isText(let slot, let text): return side(Self.value(slot), place(text))
        case .inTexts(let slot, let set): return side(Self.value(slot), pool.textSets[Int(set)].flatMap { place($0) }.sorted { $0.lowerBound < $1.lowerBound })
        case .startsWith(let slot, let text):
            let end = prefixEnds[text].map { $0 - 1 } ?? line(Self.value(slot)).upperBound
            return side(Self.value(slot), place(text).map { $0.lowerBound...end })
        case .isBetween(let slot, let low, let high): return side(Self.value(slot), [low...high])
        case .isTrue(let slot): return side(Self.value(slot), [1...1])
        case .isPresent(let slot):
            guard let axis = Self.presence(slot) else { return negated ? [] : [Box()] }
            return side(axis, [1...1])
        case .not(let operand): return boxes(operand, negated: !negated)
        case .all(let first, let count): return joined(pool.operands(first, count), isAll: !negated, negated)
        case .any(let first, let count): return joined(pool.operands(first, count), isAll: negated, negated)
        }
    }

    private func place(_ text: Int32) -> Ranges { textPlaces[text].map { [$0...$0] } ?? [] }

    private func joined(_ operands: ArraySlice<Int32>, isAll: Bool, _ negated: Bool) -> [Box]? {
        var result: [Box] = isAll ? [Box()] : []
        for operand in operands {
            guard let own = boxes(operand, negated: negated) else { return nil }
            if isAll {
                guard let both = product(result, own) else { return nil }
                result = both
            } else {
                result += own
                if result.count > Self.boxesMax { return nil }
            }
        }
        return result
    }
}

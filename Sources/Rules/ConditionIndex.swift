/// Which of a list of conditions a report can meet, found without looking at the others.
///
/// A tree: each node asks one key of the report (the district, the capacity, whether there is a feeder) and knows the conditions below each of its
/// values or ranges; those that don't care stand in a branch of their own, that is always looked at. Leaves are lists of conditions, rising.
/// What is left out is provably false; of what is given, the leaf knows which formulas the way to it leaves open.
///
/// What a report costs in a large set is what it touches that is not in the processor's caches. So the tree is one array of words, in which what is
/// asked one after the other stands side by side: a node is followed by its children, a candidate by its open formulas.
final class ConditionIndex: Sendable {
    /// The first word of a node.
    enum Kind {
        /// `count`, and that many candidates: the condition's number; how many formulas are open, or `unsettled`; these formulas.
        static let leaf: Int32 = 0
        /// `key`, `always`, `size`, and that many places of a table with open addressing: a value (-1: free) and the child's place.
        static let values: Int32 = 1
        /// `key`, `always`, `first`, `count`, and the children of as many values from the first on: where most of these are asked for.
        static let dense: Int32 = 4
        /// `key`, `always`, `count`, that many cuts of two words each, the lower half first, and one child more than cuts.
        static let ranges: Int32 = 2
        /// Ranges of numbers that may be NaN, which keeps to no range.
        static let doubleRanges: Int32 = 3
    }

    /// Instead of a number of formulas: the condition is more than its formulas, and must be run.
    static let unsettled: Int32 = -1

    let words: [Int32]
    /// Where the tree begins; -1: there is none.
    let root: Int32
    /// The conditions that it knows: 0 ..< count.
    let count: Int
    /// The keys that it asks for ranges.
    let rangeKeys: [Int32]

    init(words: [Int32], root: Int32, count: Int, rangeKeys: [Int32]) {
        self.words = words.fitted
        self.root = root
        self.count = count
        self.rangeKeys = rangeKeys
    }

    /// A condition that a report may meet.
    struct Candidate {
        var number: Int
        /// Where its open formulas stand: the report meets it if they all hold. nil: it must be run.
        var open: Range<Int>?
    }

    /// Whether the formulas that the way to a candidate left open all hold.
    @inline(__always)
    func holds(_ open: Range<Int>, _ matcher: Matcher, _ keys: borrowing ReportKeys, _ activation: ReportActivation) -> Bool {
        for place in open where !matcher.holds(words[place], keys, activation) { return false }
        return true
    }

    /// The conditions that a report may meet, rising, each once.
    struct Candidates {
        /// What is left of a leaf.
        private struct Slice {
            var at = 0
            var count: Int32 = 0
        }

        /// As a rule one leaf is met, or a few: those need no memory of their own.
        private var few = InlineArray<4, Slice>(repeating: Slice())
        private var many: [Slice] = []
        private var count = 0
        /// A report that fits no tree: every condition, one after the other.
        private var every: Range<Int>?

        init(_ index: ConditionIndex, _ keys: borrowing ReportKeys, _ activation: ReportActivation) {
            guard index.root >= 0 else { return }
            if !collect(index, index.root, keys, activation) { every = 0..<index.count }
        }

        private subscript(_ slice: Int) -> Slice {
            get { slice < few.count ? few[slice] : many[slice - few.count] }
            set { if slice < few.count { few[slice] = newValue } else { many[slice - few.count] = newValue } }
        }

        private mutating func append(_ slice: Slice) {
            if count < few.count { few[count] = slice } else { many.append(slice) }
            count += 1
        }

        /// False: the report has NaN where the tree has ranges.
        private mutating func collect(
            _ index: ConditionIndex, _ start: Int32, _ keys: borrowing ReportKeys, _ activation: ReportActivation
        ) -> Bool {
            var at = Int(start)
            while true {
                let kind = index.words[at]
                if kind == Kind.leaf {
                    append(Slice(at: at + 2, count: index.words[at + 1]))
                    return true
                }
                let key = keys.value(index.words[at + 1], activation)
                var child: Int32
                if kind == Kind.dense {
                    let place = key &- Int64(index.words[at + 3])
                    child = place >= 0 && place < Int64(index.words[at + 4]) ? index.words[at + 5 + Int(place)] : -1
                } else if kind == Kind.values {
                    child = index.child(at, of: key)
                } else {
                    if kind == Kind.doubleRanges, key == NumberKey.notANumber { return false }
                    child = index.child(at, within: key)
                }
                let always = index.words[at + 2]
                if always >= 0 {
                    if child >= 0, !collect(index, child, keys, activation) { return false }
                    child = always
                }
                if child < 0 { return true }
                at = Int(child)
            }
        }

        mutating func next(_ index: ConditionIndex) -> Candidate? {
            if let every {
                guard let first = every.first else { return nil }
                self.every = every.dropFirst()
                return Candidate(number: first)
            }
            var least = Int32.max
            var found = -1
            for i in 0..<count where self[i].count > 0 && index.words[self[i].at] < least {
                least = index.words[self[i].at]
                found = i
            }
            guard found >= 0 else { return nil }
            let candidate = index.candidate(self[found].at)
            for i in found..<count where self[i].count > 0 && index.words[self[i].at] == least {
                self[i].count -= 1
                self[i].at += 2 + max(0, Int(index.words[self[i].at + 1]))
            }
            return candidate
        }
    }

    @inline(__always)
    private func candidate(_ at: Int) -> Candidate {
        let open = words[at + 1]
        return Candidate(number: Int(words[at]), open: open == Self.unsettled ? nil : at + 2..<at + 2 + Int(open))
    }

    @inline(__always)
    private func child(_ node: Int, of value: Int64) -> Int32 {
        // A text that no condition names.
        guard value >= 0 else { return -1 }
        let mask = Int(words[node + 3]) - 1
        var place = Self.hash(Int32(truncatingIfNeeded: value)) & mask
        while true {
            let entry = words[node + 4 + 2 * place]
            if Int64(entry) == value { return words[node + 5 + 2 * place] }
            if entry < 0 { return -1 }
            place = (place + 1) & mask
        }
    }

    @inline(__always)
    static func hash(_ value: Int32) -> Int { Int(truncatingIfNeeded: (UInt64(UInt32(bitPattern: value)) &* 0x9E37_79B9_7F4A_7C15) >> 32) }

    private func child(_ node: Int, within key: Int64) -> Int32 {
        // How many cuts are at or below the key.
        var low = 0
        var high = Int(words[node + 3])
        let cuts = node + 4
        let children = cuts + 2 * high
        while low < high {
            let middle = (low + high) / 2
            let cut = Int64(words[cuts + 2 * middle + 1]) << 32 | Int64(UInt32(bitPattern: words[cuts + 2 * middle]))
            if cut <= key { low = middle + 1 } else { high = middle }
        }
        return words[children + low]
    }
}

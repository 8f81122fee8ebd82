/// Which of a list of conditions a report can meet, found without looking at the others.
///
/// A tree: each node asks one key of the report (the district, the capacity, whether there is a feeder) and knows the conditions below each of its
/// values or ranges; those that don't care stand in a branch of their own, that is always looked at. Leaves are lists of conditions, rising.
/// What is left out is provably false; what is given is still to be asked.
final class ConditionIndex: Sendable {
    struct Node: Sendable {
        enum Kind: UInt8, Sendable { case leaf, values, ranges }
        var kind: Kind
        /// A range of numbers that may be NaN, which keeps to no range.
        var isDouble = false
        var key: Int32 = 0
        /// A leaf's members; the places of a table of values; the cuts between ranges.
        var first: Int32 = 0
        var count: Int32 = 0
        /// The children of ranges: one more than cuts.
        var children: Int32 = 0
        /// Looked at besides whatever the key's value leads to; -1: none.
        var always: Int32 = -1
    }

    struct Place: Sendable {
        /// -1: free.
        var value: Int32
        var child: Int32
    }

    let nodes: [Node]
    let members: [Int32]
    let places: [Place]
    let cuts: [Int64]
    let children: [Int32]
    let root: Int32
    /// The conditions that it knows: 0 ..< count.
    let count: Int

    init(nodes: [Node], members: [Int32], places: [Place], cuts: [Int64], children: [Int32], root: Int32, count: Int) {
        self.nodes = nodes.fitted
        self.members = members.fitted
        self.places = places.fitted
        self.cuts = cuts.fitted
        self.children = children.fitted
        self.root = root
        self.count = count
    }

    /// The conditions that a report may meet, rising, each once.
    struct Candidates {
        private var slices: [Range<Int>] = []
        /// A report that fits no tree: every condition, one after the other.
        private var every: Range<Int>?

        init(_ index: ConditionIndex, _ keys: borrowing ReportKeys, _ activation: borrowing ReportActivation) {
            guard index.root >= 0 else { return }
            if !collect(index, index.root, keys, activation) {
                slices = []
                every = 0..<index.count
            }
        }

        /// False: the report has NaN where the tree has ranges.
        private mutating func collect(
            _ index: ConditionIndex, _ start: Int32, _ keys: borrowing ReportKeys, _ activation: borrowing ReportActivation
        ) -> Bool {
            var number = start
            while true {
                let node = index.nodes[Int(number)]
                var child: Int32 = -1
                switch node.kind {
                case .leaf:
                    slices.append(Int(node.first)..<Int(node.first + node.count))
                    return true
                case .values: child = index.child(node, of: keys.value(node.key, activation))
                case .ranges:
                    let key = keys.value(node.key, activation)
                    if node.isDouble, key == NumberKey.notANumber { return false }
                    child = index.children[Int(node.children) + index.range(node, of: key)]
                }
                if node.always >= 0 {
                    if child >= 0, !collect(index, child, keys, activation) { return false }
                    child = node.always
                }
                if child < 0 { return true }
                number = child
            }
        }

        mutating func next(_ index: ConditionIndex) -> Int? {
            if let every {
                guard let first = every.first else { return nil }
                self.every = every.dropFirst()
                return first
            }
            if slices.count == 1 {
                guard !slices[0].isEmpty else { return nil }
                let place = slices[0].lowerBound
                slices[0] = (place + 1)..<slices[0].upperBound
                return Int(index.members[place])
            }
            var least = Int32.max
            for slice in slices where !slice.isEmpty { least = min(least, index.members[slice.lowerBound]) }
            guard least < .max else { return nil }
            for i in slices.indices where !slices[i].isEmpty && index.members[slices[i].lowerBound] == least {
                slices[i] = (slices[i].lowerBound + 1)..<slices[i].upperBound
            }
            return Int(least)
        }
    }

    @inline(__always)
    private func child(_ node: Node, of value: Int64) -> Int32 {
        // A text that no condition names.
        guard value >= 0 else { return -1 }
        let mask = Int(node.count) - 1
        var place = Self.hash(Int32(truncatingIfNeeded: value)) & mask
        while true {
            let entry = places[Int(node.first) + place]
            if Int64(entry.value) == value { return entry.child }
            if entry.value < 0 { return -1 }
            place = (place + 1) & mask
        }
    }

    @inline(__always)
    static func hash(_ value: Int32) -> Int { Int(truncatingIfNeeded: (UInt64(UInt32(bitPattern: value)) &* 0x9E37_79B9_7F4A_7C15) >> 32) }

    /// How many cuts are at or below a key.
    private func range(_ node: Node, of key: Int64) -> Int {
        var low = 0
        var high = Int(node.count)
        while low < high {
            let middle = (low + high) / 2
            if cuts[Int(node.first) + middle] <= key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

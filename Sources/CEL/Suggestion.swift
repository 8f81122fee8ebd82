/// "Did you mean": the declared name nearest to what was written.
enum Suggestion {
    /// The nearest of `candidates` by Damerau-Levenshtein distance without regard to case, at most a third of the longer name away
    /// (one letter for names of three or four); nil when none is that near. Ties: the smaller exact distance, then the order of code points.
    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().unicodeScalars)
        guard !wanted.isEmpty, wanted.count <= 100 else { return nil }
        var best: (folded: Int, exact: Int, name: String)?
        for candidate in candidates where candidate != name {
            let folded = Array(candidate.lowercased().unicodeScalars)
            let limit = max(wanted.count, folded.count) / 3
            guard abs(folded.count - wanted.count) <= limit, folded.count <= 100 else { continue }
            let distance = distance(wanted, folded)
            guard distance <= limit, distance <= best?.folded ?? limit else { continue }
            let exact = Self.distance(Array(name.unicodeScalars), Array(candidate.unicodeScalars))
            if let best, (best.folded, best.exact) < (distance, exact) { continue }
            if let best, (best.folded, best.exact) == (distance, exact), best.name.utf8.lexicographicallyPrecedes(candidate.utf8) {
                continue
            }
            best = (distance, exact, candidate)
        }
        return best?.name
    }

    /// The optimal string alignment distance: insertions, deletions, substitutions, and swaps of neighbours cost 1.
    static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1]
            row.reserveCapacity(b.count + 1)
            for j in 0..<b.count {
                var cost = min(row[j] + 1, last[j + 1] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[b.count]
    }
}

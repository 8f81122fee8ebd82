/// How many single-character edits (insert, delete, replace, swap of two neighbours) lead from one name to the other,
/// counted in Unicode scalars; nil when it would be more than `limit`.
///
/// Cost: length of `a` × length of `b`; names longer than 200 scalars are told apart without counting (nil unless equal).
package func editDistance(_ a: String, _ b: String, limit: Int) -> Int? {
    if a == b { return 0 }
    let x = Array(a.unicodeScalars)
    let y = Array(b.unicodeScalars)
    guard abs(x.count - y.count) <= limit, x.count <= 200, y.count <= 200 else { return nil }
    var before: [Int] = []
    var last = Array(0...y.count)
    for i in 0..<x.count {
        var row = [i + 1]
        row.reserveCapacity(y.count + 1)
        for j in 0..<y.count {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (x[i] == y[j] ? 0 : 1))
            if i > 0, j > 0, x[i] == y[j - 1], x[i - 1] == y[j] { best = min(best, before[j - 1] + 1) }
            row.append(best)
        }
        before = last
        last = row
    }
    return last[y.count] <= limit ? last[y.count] : nil
}

/// The valid name that somebody most likely meant: within one edit for names of up to five characters, two for longer ones
/// and three from twelve on; a difference in upper and lower case alone counts as one. The first of several equally near ones. nil: nothing is near.
package func nearestName(to name: String, among names: some Sequence<String>) -> String? {
    let length = name.unicodeScalars.count
    let limit = length <= 5 ? 1 : length < 12 ? 2 : 3
    let lower = name.lowercased()
    var best: (name: String, distance: Int)?
    for candidate in names where candidate != name {
        let distance =
            candidate.lowercased() == lower ? 1 : editDistance(name, candidate, limit: min(limit, (best?.distance ?? limit + 1) - 1))
        guard let distance, distance < best?.distance ?? .max else { continue }
        best = (candidate, distance)
    }
    return best?.name
}

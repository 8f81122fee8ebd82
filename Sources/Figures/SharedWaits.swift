/// Waits, and which departments had what part of them. As a rule all of a kind of work is with one department: that costs a comparison.
struct SharedWaits: Sendable {
    private(set) var all = WaitSums()
    /// Has what `elsewhere` has not; -1: none yet.
    private var first: Int32 = -1
    private var elsewhere: [(department: Int32, waits: WaitSums)] = []

    /// A task's, or a stage's.
    ///
    /// - Parameters:
    ///   - department: who had it last; 0: unknown.
    ///   - handed: what others had of it, out of `waits`.
    mutating func add(_ waits: WaitSums, of department: Int32, handed: [DepartmentPart]) {
        all += waits
        if first < 0 { first = department }
        if department != first { elsewhere[place(of: department)].waits += waits }
        for part in handed {
            if part.department != first { elsewhere[place(of: part.department)].waits += part.waits }
            if department != first { elsewhere[place(of: department)].waits -= part.waits }
        }
    }

    /// Of one department, or of several whose parts nobody asks for.
    mutating func add(_ waits: WaitSums) { all += waits }

    mutating func subtract(_ waits: WaitSums) { all -= waits }

    private mutating func place(of department: Int32) -> Int {
        if let known = elsewhere.firstIndex(where: { $0.department == department }) { return known }
        elsewhere.append((department, WaitSums()))
        return elsewhere.count - 1
    }

    /// Each department's part; together they are `all`.
    var parts: [DepartmentPart] {
        guard first >= 0 else { return [] }
        let own = elsewhere.reduce(into: all) { $0 -= $1.waits }
        return [DepartmentPart(department: first, waits: own)] + elsewhere.map { DepartmentPart(department: $0.department, waits: $0.waits) }
    }
}

/// What one department had of the waits of something.
struct DepartmentPart: Sendable {
    var department: Int32
    var waits: WaitSums
}

extension WaitSums {
    /// What departments that passed a task on had of its waits: of each state in proportion to the time in which it was in that state with
    /// them. What is left is the last one's: so the parts add up, to the millisecond.
    ///
    /// - Parameters:
    ///   - spent: by which the waits were shared out.
    ///   - handed: the parts of `spent` with departments that passed it on.
    ///   - last: the department that had it last; what it had before that is its own too.
    func parts(_ spent: SpentFact?, _ handed: [TaskFact.Handed], last: Int32) -> [DepartmentPart] {
        guard var left = spent, !handed.isEmpty else { return [] }
        var rest = self
        var parts: [DepartmentPart] = []
        for part in handed where part.department != last {
            var waits = WaitSums()
            for wait in Wait.allCases {
                let (mine, whole) = (part.spent[wait], left[wait])
                guard mine > 0, whole > 0, rest[wait] > 0 else { continue }
                waits[wait] = mine >= whole ? rest[wait] : min(Int64((Double(rest[wait]) * Double(mine) / Double(whole)).rounded()), rest[wait])
                rest[wait] -= waits[wait]
                left[wait] = max(whole - mine, 0)
            }
            if waits.total > 0 { parts.append(DepartmentPart(department: part.department, waits: waits)) }
        }
        return parts
    }
}

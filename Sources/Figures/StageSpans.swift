import Domain

/// A round of a stage of a finished case, for where the time of the case went.
struct StageSpan: Sendable {
    var kase: Int64
    var task: Int64
    var stage: Int32
    /// Who had it last; 0: unknown.
    var department: Int32 = 0
    var start: Int64
    var end: Int64
    var spent: SpentFact?
    var isLate: Bool
    /// Where the collector keeps what departments had of it that passed it on; -1: none did.
    var handover: Int32 = -1
}

/// The stages of cases, each case's together: rows come in the order of their own numbers, a case asks for its own.
struct StageSpans: Sendable {
    /// By the case's number, from 0 upwards in the order of `enter`.
    private var numbers: [CaseID: Int32] = [:]
    private var spans: [StageSpan] = []
    /// Beside `spans`: the number of the case.
    private var owners: [Int32] = []
    /// Case n's are from `firsts[n]` up to `firsts[n + 1]`.
    private var firsts: [Int] = []
    private var isArranged = false

    /// A case whose stages will be asked for; each once, before its stages come.
    mutating func enter(_ kase: CaseID) { numbers[kase] = Int32(numbers.count) }

    /// The number of a case that entered; else nil.
    func number(of kase: CaseID) -> Int32? { numbers[kase] }

    /// - Parameter number: of the case that it is a stage of.
    mutating func add(_ span: StageSpan, of number: Int32) {
        spans.append(span)
        owners.append(number)
        isArranged = false
    }

    /// Puts each case's stages together, by when they began, then by task; must be called between `add` and `of`.
    mutating func arrange() {
        guard !isArranged else { return }
        firsts = Array(repeating: 0, count: numbers.count + 1)
        for owner in owners { firsts[Int(owner) + 1] += 1 }
        for number in 0..<numbers.count { firsts[number + 1] += firsts[number] }
        var next = firsts
        var places = Array(repeating: Int32(0), count: spans.count)
        for (place, owner) in owners.enumerated() {
            // A case has a handful, and they come nearly in order: each goes before those of its case that began later.
            var target = next[Int(owner)]
            while target > firsts[Int(owner)], comesBefore(spans[place], spans[Int(places[target - 1])]) {
                places[target] = places[target - 1]
                target -= 1
            }
            places[target] = Int32(place)
            next[Int(owner)] += 1
        }
        owners = places.map { owners[Int($0)] }
        spans = places.map { spans[Int($0)] }
        isArranged = true
    }

    private func comesBefore(_ a: StageSpan, _ b: StageSpan) -> Bool { a.start != b.start ? a.start < b.start : a.task < b.task }

    /// The stages of one case, by when they began; of a case that never entered, none.
    func of(_ kase: CaseID) -> ArraySlice<StageSpan> {
        guard let number = numbers[kase], firsts.count > Int(number) + 1 else { return [] }
        return spans[firsts[Int(number)]..<firsts[Int(number) + 1]]
    }
}

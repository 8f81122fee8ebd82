/// Where the time of one finished case went.
///
/// Each instant between acceptance and end belongs to the stages that were open: to several of them in equal parts; to those with a stopped
/// clock (the customer's own works) only while no other was open; to nobody where none was. A stage's part is then shared out as its task's
/// states were. So the parts add up to the time that the case took, to the millisecond.
struct CaseTime {
    /// For each span, in their order, its part in milliseconds.
    private(set) var parts: [Int64]
    /// No stage was open.
    private(set) var between: Int64 = 0

    /// - Parameter spans: of one case.
    init(_ spans: ArraySlice<StageSpan>, from accepted: Int64, to ended: Int64, isStopped: (Int32) -> Bool) {
        parts = Array(repeating: 0, count: spans.count)
        guard ended > accepted else { return }
        let stopped = spans.map { isStopped($0.stage) }
        var instants = [accepted, ended]
        for span in spans {
            if span.start > accepted, span.start < ended { instants.append(span.start) }
            if span.end > accepted, span.end < ended { instants.append(span.end) }
        }
        instants.sort()
        var runs: [Int] = []
        for (from, to) in zip(instants, instants.dropFirst()) where to > from {
            runs.removeAll(keepingCapacity: true)
            for (place, span) in spans.enumerated() where span.start <= from && span.end >= to { runs.append(place) }
            if runs.contains(where: { !stopped[$0] }) { runs.removeAll { stopped[$0] } }
            guard !runs.isEmpty else {
                between += to - from
                continue
            }
            // The first ones take what does not divide.
            let (share, rest) = (to - from).quotientAndRemainder(dividingBy: Int64(runs.count))
            for (number, place) in runs.enumerated() { parts[place] += share + (Int64(number) < rest ? 1 : 0) }
        }
    }
}

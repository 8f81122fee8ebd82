import Domain

/// Customers without power, from tasks that say how many are out.
///
/// One interruption is often reported several times: tasks of one transformer that overlap in time are one, and a task of the whole feeder
/// takes in those of its transformers that overlap with it. At each instant so many customers are out as the larger of what the feeder's tasks
/// say and what its transformers' tasks say together, of each transformer the largest. So nobody counts twice, however many call.
struct Interruptions: Sendable {
    struct Span: Sendable {
        var start: Int64
        var end: Int64
        var customers: Int64
        /// 0: of the feeder as a whole.
        var transformer: Int32
    }

    /// Where interruptions can be the same one.
    enum Place: Hashable, Sendable {
        case feeder(Int32)
        case transformer(Int32)
        case report(UInt64)
    }

    /// IEEE 1366: what lasts longer is sustained.
    static let momentaryMilliseconds: Int64 = 300_000

    private var spans: [Place: [Span]] = [:]
    private(set) var unplaced = 0

    /// - Parameter feeder: of the task, or of its transformer; 0: unknown.
    mutating func add(_ fact: TaskFact, feeder: Int32) {
        guard let end = fact.endedAt, fact.customersOut > 0 else { return }
        let place: Place
        if feeder != 0 {
            place = .feeder(feeder)
        } else if fact.transformer != 0 {
            place = .transformer(fact.transformer)
        } else {
            place = .report(fact.reportKey)
            unplaced += 1
        }
        spans[place, default: []].append(
            Span(start: fact.reportedAt.milliseconds, end: end.milliseconds, customers: fact.customersOut, transformer: fact.transformer))
    }

    struct Sums: Hashable {
        var interruptions = 0
        var momentary = 0
        var customers: Int64 = 0
        var customerMilliseconds: Int64 = 0
    }

    func sums() -> Sums {
        var sums = Sums()
        for list in spans.values {
            for incident in Self.incidents(list) {
                let first = incident.reduce(Int64.max) { min($0, $1.start) }
                let last = incident.reduce(Int64.min) { max($0, $1.end) }
                if last - first <= Self.momentaryMilliseconds {
                    sums.momentary += 1
                    continue
                }
                let (most, product) = Self.sweep(incident)
                sums.interruptions += 1
                sums.customers += most
                sums.customerMilliseconds += product
            }
        }
        return sums
    }

    /// Those that overlap and are of the same transformer, or of which one is of the whole feeder, belong together. Each incident's are beside
    /// each other in what this gives, by when they began. In n log n of the list.
    static func incidents(_ list: [Span]) -> [ArraySlice<Span>] {
        let spans = list.filter { $0.end > $0.start }.sorted { ($0.start, $0.end, $0.transformer, $0.customers) < ($1.start, $1.end, $1.transformer, $1.customers) }
        /// By span: one before it of the same incident, or itself. The incident is called by its first span.
        var before = Array(spans.indices)
        func incident(of place: Int) -> Int {
            var place = place
            while before[place] != place {
                before[place] = before[before[place]]
                place = before[place]
            }
            return place
        }
        /// What is under way at each transformer (0: at the feeder as a whole): a span of it, and when the last of its spans ends.
        var active: [Int32: (span: Int, end: Int64)] = [:]
        /// What a span of the whole feeder takes in: those that may be under way, together again once one has taken them in.
        var open: [(span: Int, end: Int64)] = []
        for (place, span) in spans.enumerated() {
            func join(_ other: Int) {
                let (a, b) = (incident(of: other), incident(of: place))
                before[max(a, b)] = min(a, b)
            }
            let mine = active[span.transformer].flatMap { $0.end > span.start ? $0 : nil }
            var end = span.end
            if span.transformer == 0 {
                for other in open where other.end > span.start {
                    join(other.span)
                    end = max(end, other.end)
                }
                open.removeAll(keepingCapacity: true)
            } else {
                if let mine { join(mine.span) }
                if let whole = active[0], whole.end > span.start { join(whole.span) }
            }
            active[span.transformer] = (place, max(span.end, mine?.end ?? span.end))
            open.append((place, end))
        }
        return grouped(spans, by: before.indices.map(incident(of:)))
    }

    private static func grouped(_ spans: [Span], by incident: [Int]) -> [ArraySlice<Span>] {
        var firsts = Array(repeating: 0, count: spans.count + 1)
        for name in incident { firsts[name + 1] += 1 }
        for place in spans.indices { firsts[place + 1] += firsts[place] }
        var next = firsts
        var order = Array(repeating: 0, count: spans.count)
        for (place, name) in incident.enumerated() {
            order[next[name]] = place
            next[name] += 1
        }
        let sorted = order.map { spans[$0] }
        return spans.indices.compactMap { name in firsts[name] < firsts[name + 1] ? sorted[firsts[name]..<firsts[name + 1]] : nil }
    }

    /// The most customers that were out at once, and customers times milliseconds. In n log n of the spans.
    static func sweep(_ incident: ArraySlice<Span>) -> (most: Int64, product: Int64) {
        if let only = incident.first, incident.count == 1 { return (only.customers, only.customers * (only.end - only.start)) }
        // Each span twice: where it begins, and where it ends.
        let turns = (incident.map { ($0.start, $0) } + incident.map { ($0.end, $0) }).sorted { $0.0 < $1.0 }
        var outages: [Int32: Outage] = [:]
        var whole: Int64 = 0
        var parts: Int64 = 0
        var (most, product) = (Int64(0), Int64(0))
        var last = turns.first?.0 ?? 0
        for (instant, span) in turns {
            let out = max(whole, parts)
            if instant > last {
                most = max(most, out)
                product += out * (instant - last)
                last = instant
            }
            let before = outages[span.transformer]?.most ?? 0
            if span.end > instant { outages[span.transformer, default: Outage()].begin(span) }
            outages[span.transformer]?.end(at: instant)
            let after = outages[span.transformer]?.most ?? 0
            if span.transformer == 0 { whole = after } else { parts += after - before }
        }
        return (most, product)
    }

    /// What the tasks of one transformer say that are under way: a heap, the one with the most customers on top. One that has ended is taken out
    /// when it comes to the top.
    private struct Outage {
        private var heap: [Span] = []

        var most: Int64 { heap.first?.customers ?? 0 }

        mutating func begin(_ span: Span) {
            heap.append(span)
            var place = heap.count - 1
            while place > 0, heap[(place - 1) / 2].customers < heap[place].customers {
                heap.swapAt((place - 1) / 2, place)
                place = (place - 1) / 2
            }
        }

        mutating func end(at instant: Int64) {
            while let top = heap.first, top.end <= instant {
                heap.swapAt(0, heap.count - 1)
                heap.removeLast()
                var place = 0
                while true {
                    var largest = place
                    for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].customers > heap[largest].customers { largest = child }
                    if largest == place { break }
                    heap.swapAt(place, largest)
                    place = largest
                }
            }
        }
    }
}

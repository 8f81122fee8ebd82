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

    /// Those that overlap and are of the same transformer, or of which one is of the whole feeder, belong together.
    static func incidents(_ list: [Span]) -> [[Span]] {
        let sorted = list.filter { $0.end > $0.start }.sorted { ($0.start, $0.end, $0.transformer, $0.customers) < ($1.start, $1.end, $1.transformer, $1.customers) }
        var incidents: [[Span]] = []
        /// The incident that is under way at a transformer (0: at the feeder as a whole), and how long its tasks of that transformer last.
        var active: [Int32: (incident: Int, end: Int64)] = [:]
        for span in sorted {
            active = active.filter { $0.value.end > span.start }
            let touched = span.transformer == 0 ? Array(active.keys) : [span.transformer, 0].filter { active[$0] != nil }
            let joined = Set(touched.compactMap { active[$0]?.incident }).sorted()
            let place: Int
            if let first = joined.first {
                place = first
                for other in joined.dropFirst() {
                    incidents[first] += incidents[other]
                    incidents[other] = []
                    for key in active.keys where active[key]?.incident == other { active[key]?.incident = first }
                }
                incidents[first].append(span)
            } else {
                place = incidents.count
                incidents.append([span])
            }
            active[span.transformer] = (place, max(span.end, active[span.transformer]?.end ?? span.end))
        }
        return incidents.filter { !$0.isEmpty }
    }

    /// The most customers that were out at once, and customers times milliseconds.
    static func sweep(_ incident: [Span]) -> (most: Int64, product: Int64) {
        if incident.count == 1 { return (incident[0].customers, incident[0].customers * (incident[0].end - incident[0].start)) }
        let instants = Set(incident.flatMap { [$0.start, $0.end] }).sorted()
        var most: Int64 = 0
        var product: Int64 = 0
        for (from, to) in zip(instants, instants.dropFirst()) {
            var largest: [Int32: Int64] = [:]
            for span in incident where span.start <= from && span.end >= to { largest[span.transformer] = max(largest[span.transformer] ?? 0, span.customers) }
            let whole = largest[0] ?? 0
            let parts = largest.reduce(Int64(0)) { $1.key == 0 ? $0 : $0 + $1.value }
            let out = max(whole, parts)
            most = max(most, out)
            product += out * (to - from)
        }
        return (most, product)
    }
}

import CEL
package import Domain

/// Known interruptions of supply, as conditions ask about them: `planned_outage(report.feeder, report.reported_at)`.
package struct OutageBook: Sendable, Hashable {
    package struct Span: Sendable, Hashable {
        package var from: Instant
        package var until: Instant
        package init(from: Instant, until: Instant) {
            self.from = from
            self.until = until
        }
    }

    /// By the name of the feeder or the transformer area.
    private var spans: [String: [Span]] = [:]

    package init() {}

    package mutating func add(_ span: Span, at place: String) { spans[place, default: []].append(span) }

    package mutating func remove(_ span: Span, at place: String) {
        guard var there = spans[place], let index = there.firstIndex(of: span) else { return }
        there.remove(at: index)
        spans[place] = there.isEmpty ? nil : there
    }

    /// Whether one covers the instant there: from its first moment to before its last.
    package func covers(_ place: String, at instant: Instant) -> Bool { spans[place]?.contains { $0.from <= instant && instant < $0.until } ?? false }
}

/// The functions of the house in conditions. A name that nobody knows gives false, 0 or "", as an absent field does.
///
///     planned_outage(feeder or transformer, instant)   a known interruption covers it then
///     customers_on(feeder or transformer)              how many customers the network register has there
///     feeder_of(transformer)                           the feeder that the register has it on
enum SiteFunction: Int, CaseIterable {
    case planned_outage, customers_on, feeder_of

    static let declarations: [String: [Schema.Function]] = Dictionary(
        uniqueKeysWithValues: allCases.map { function in
            let (arguments, result): ([StaticType], StaticType) =
                switch function {
                case .planned_outage: ([.string, .timestamp], .bool)
                case .customers_on: ([.string], .int)
                case .feeder_of: ([.string], .string)
                }
            return ("\(function)", [Schema.Function(arguments: arguments, result: result, number: function.rawValue)])
        })

    /// The checker has seen to the types.
    func value(_ arguments: [Value], _ outages: OutageBook, _ network: NetworkRegister) -> Value {
        guard case .string(let name)? = arguments.first else { return self == .planned_outage ? .bool(false) : self == .customers_on ? .int(0) : .string("") }
        switch self {
        case .planned_outage:
            guard arguments.count == 2, case .timestamp(let seconds, let nanoseconds) = arguments[1] else { return .bool(false) }
            return .bool(outages.covers(name, at: Instant(milliseconds: seconds * 1_000 + Int64(nanoseconds) / 1_000_000)))
        case .customers_on:
            return .int(Int64(network.transformers[TransformerID(name)]?.customers ?? network.feeders[FeederID(name)]?.customers ?? 0))
        case .feeder_of: return .string(network.transformers[TransformerID(name)]?.feeder?.rawValue ?? "")
        }
    }
}

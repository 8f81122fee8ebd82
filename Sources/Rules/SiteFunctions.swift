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

/// What conditions see of the site around a report.
struct Surroundings: Sendable {
    /// The site's own fields of a report.
    var fields: [DeclaredField] = []
    var zone: TimeZoneRules = .utc
    var network = NetworkRegister()
    var districts: [DistrictID: District] = [:]
    var calendar = WorkingCalendar()

    init(fields: [DeclaredField] = [], zone: TimeZoneRules = .utc) {
        self.fields = fields
        self.zone = zone
    }

    init(_ site: Site) {
        fields = site.fields
        zone = site.zone
        network = site.network
        districts = site.districts
        calendar = site.calendar
    }
}

/// The functions of the house in conditions. A name that nobody knows gives false, 0, "" or a place without a position, as an absent field does.
///
///     planned_outage(feeder or transformer, instant)   a known interruption covers it then
///     customers_on(feeder or transformer)              how many customers the network register has there
///     feeder_of(transformer)                           the feeder that the register has it on
///     place_of(transformer, feeder or district)        where the register, or the site, has it
///     place(latitude, longitude)                       that place; degrees
///     distance_km(place, place)                        as the crow flies, in kilometres to the metre. Where one of the two has no position it is not a
///                                                      number (NaN): neither near nor far, every comparison with it is false, but for `!=`
///     working_days(n)                                  how long the n working days are that end now, 0 ... 3660: `case.age > working_days(3)` holds from
///                                                      the moment on at which a limit of 3 working days that began with the case has passed
enum SiteFunction: Int, CaseIterable {
    case planned_outage, customers_on, feeder_of, place_of, place, distance_km, working_days

    /// More are not asked for: what a limit may have at most.
    static let workingDaysMax: Int64 = 3_660

    static let declarations: [String: [Schema.Function]] = Dictionary(
        uniqueKeysWithValues: allCases.map { function in
            let place = StaticType.object(ReportSchema.place)
            let (arguments, result): ([StaticType], StaticType) =
                switch function {
                case .planned_outage: ([.string, .timestamp], .bool)
                case .customers_on: ([.string], .int)
                case .feeder_of: ([.string], .string)
                case .place_of: ([.string], place)
                case .place: ([.double, .double], place)
                case .distance_km: ([place, place], .double)
                case .working_days: ([.int], .duration)
                }
            return ("\(function)", [Schema.Function(arguments: arguments, result: result, number: function.rawValue)])
        })

    /// The checker has seen to the types.
    func value(_ arguments: [Value], at now: Instant, _ outages: OutageBook, _ around: Surroundings) throws(EvaluationError) -> Value {
        switch (self, arguments.first, arguments.dropFirst().first) {
        case (.planned_outage, .string(let name), .timestamp(let seconds, let nanoseconds)):
            return .bool(outages.covers(name, at: Instant(milliseconds: seconds * 1_000 + Int64(nanoseconds) / 1_000_000)))
        case (.customers_on, .string(let name), _):
            return .int(Int64(around.network.transformers[TransformerID(name)]?.customers ?? around.network.feeders[FeederID(name)]?.customers ?? 0))
        case (.feeder_of, .string(let name), _): return .string(around.network.transformers[TransformerID(name)]?.feeder?.rawValue ?? "")
        case (.place_of, .string(let name), _):
            if let transformer = around.network.transformers[TransformerID(name)] { return .place(transformer.coordinate, in: transformer.district) }
            if let feeder = around.network.feeders[FeederID(name)] { return .place(feeder.coordinate, in: feeder.district) }
            let district = DistrictID(name)
            return around.districts[district].map { .place($0.centre, in: district) } ?? .place(nil, in: nil)
        case (.place, .double(let latitude), .double(let longitude)):
            guard let coordinate = Coordinate(latitude: latitude, longitude: longitude) else {
                throw EvaluationError(message: "place(\(latitude), \(longitude)) is not on the globe", span: Span(start: 0, end: 0))
            }
            return .place(coordinate, in: nil)
        case (.distance_km, let here?, let there?):
            guard let here = here.coordinate, let there = there.coordinate else { return .double(.nan) }
            return .double(Double(here.distanceMetres(to: there)) / 1_000)
        case (.working_days, .int(let days), _):
            guard (0...Self.workingDaysMax).contains(days) else {
                throw EvaluationError(message: "working_days takes 0 to \(Self.workingDaysMax) days, not \(days)", span: Span(start: 0, end: 0))
            }
            let span = WorkTime(calendar: around.calendar, zone: around.zone).span(days: Int(days), before: now)
            return .duration(seconds: span.milliseconds / 1_000, nanoseconds: Int32(span.milliseconds % 1_000) * 1_000_000)
        case (.planned_outage, _, _): return .bool(false)
        case (.customers_on, _, _): return .int(0)
        case (.feeder_of, _, _): return .string("")
        case (.place_of, _, _), (.place, _, _): return .place(nil, in: nil)
        case (.distance_km, _, _): return .double(.nan)
        case (.working_days, _, _): return .duration(seconds: 0, nanoseconds: 0)
        }
    }
}

extension Value {
    /// A place as conditions hand it on: what is not known of it is left out. Without the address, which is personal.
    static func place(_ coordinate: Coordinate?, in district: DistrictID?) -> Value {
        var entries: [Value: Value] = [:]
        if let coordinate {
            entries[.string("lat")] = .double(coordinate.latitude)
            entries[.string("lon")] = .double(coordinate.longitude)
        }
        if let district { entries[.string("district")] = .string(district.rawValue) }
        return .map(entries)
    }

    /// Of a place; nil: nobody knows it.
    fileprivate var coordinate: Coordinate? {
        guard case .map(let entries) = self, case .double(let latitude)? = entries[.string("lat")], case .double(let longitude)? = entries[.string("lon")]
        else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }
}

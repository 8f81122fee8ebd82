package import Domain

/// What callers and applicants say in a hot day of a large city, drawn from its seed: incidents over the day with most in the evening, several callers to an
/// incident, some who are sent again, and applications at the counters.
package struct LargeDay: Sendable {
    package let utterances: [Utterance]
    /// The ids of the reports that a working house accepts, each once.
    package let reports: [String]
    package let applications: [String]

    private static let kinds: [(category: String, weight: Int, urgency: String)] = [
        ("no_power", 66, "normal"), ("low_voltage", 10, "normal"), ("flicker", 6, "normal"), ("phase_loss", 5, "important"), ("meter_fault", 5, "normal"),
        ("cable_damage", 3, "important"), ("line_down", 2, "urgent"), ("sparking", 2, "urgent"), ("tree_on_line", 1, "important"),
    ]

    /// How much is called in, by the hour of the day.
    private static let hours = [2, 1, 1, 1, 1, 2, 3, 4, 4, 4, 4, 5, 6, 6, 6, 6, 6, 7, 8, 9, 9, 8, 6, 4]

    /// - Parameters:
    ///   - from: its midnight; or when a storm breaks.
    ///   - span: reports come over this time: over a day by its hours, over a shorter time evenly.
    ///   - prefix: of the ids, so that two of them have none in common.
    package init(city: MadeUpCity, from: Instant, span: TimeSpan = .hours(24), reports count: Int, applications: Int, zone: TimeZoneRules, prefix: String) {
        var dice = SplitMix64(seed: city.seed ^ UInt64(from.milliseconds))
        var said: [Utterance] = []
        var ids: [String] = []
        let isDay = span >= .hours(24)
        func moment() -> Instant {
            guard isDay else { return from + dice.span(.zero ... span) }
            let hour = dice.one(of: Array(Self.hours.indices)) { Self.hours[$0] }
            return from + .hours(Int64(hour)) + dice.span(.zero ... .hours(1))
        }
        while ids.count < count {
            let first = moment()
            let area = dice.whole(0...(city.areas.count - 1))
            let kind = dice.one(of: Self.kinds) { $0.weight }
            // Most incidents have one caller; the dark house has six.
            let callers = kind.category == "no_power" ? dice.one(of: [1, 1, 1, 2, 2, 3, 4, 6]) : 1
            for caller in 0..<min(callers, count - ids.count) {
                let id = "\(prefix)-\(String(1_000_000 + ids.count).dropFirst())"
                let at = min(first + (caller == 0 ? .zero : dice.span(.seconds(20)...(.minutes(50)))), from + span)
                let json = Self.report(id, city, area, kind, at, zone, &dice)
                ids.append(id)
                said.append(Utterance(at: at, kind: .report, id: id, json: json))
                if dice.chance(1.0 / 30) { said.append(Utterance(at: at + dice.span(.seconds(20)...(.minutes(6))), kind: .resend, id: id, json: json)) }
            }
        }
        var applied: [String] = []
        for number in 0..<applications {
            // Counters open at half past eight; in less than a day they do not close.
            let at = isDay ? from + .minutes(8 * 60 + 30) + dice.span(.zero ... .hours(8)) : from + dice.span(.zero ... span)
            let id = "\(prefix)-counter-\(number)"
            applied.append(id)
            said.append(Utterance(at: at, kind: .application, id: id, json: Self.application(id, city, at, zone, &dice)))
        }
        utterances = said.sorted { $0.at < $1.at }
        reports = ids
        self.applications = applied
    }

    private static func report(
        _ id: String, _ city: MadeUpCity, _ number: Int, _ kind: (category: String, weight: Int, urgency: String), _ at: Instant, _ zone: TimeZoneRules,
        _ dice: inout SplitMix64
    ) -> [UInt8] {
        let area = city.areas[number]
        let district = city.districts[area.district]
        let byApp = dice.chance(0.3)
        let account = MadeUpCity.account(number * area.customers + dice.whole(0...max(0, area.customers - 1)))
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.field("kind", "report")
            $0.field("id", id)
            $0.field("source", byApp ? "app" : "95598")
            $0.field("type", "fault")
            $0.field("category", kind.category)
            $0.field("reported_at", at.rfc3339(in: zone))
            $0.field("customer", account)
            $0.key("place")
            $0.object {
                $0.field("lat", area.coordinate.latitude)
                $0.field("lon", area.coordinate.longitude)
                $0.field("address", "\(district.chinese)\(dice.whole(1...180))号")
                $0.field("district", district.id.rawValue)
            }
            $0.field("site", district.site)
            $0.field("voltage", "low")
            $0.field("urgency", kind.urgency)
            if !byApp { $0.field("transformer", area.transformer.rawValue) }
            $0.field("description", "整栋楼没电")
        }
        return json.bytes
    }

    private static func application(_ id: String, _ city: MadeUpCity, _ at: Instant, _ zone: TimeZoneRules, _ dice: inout SplitMix64) -> [UInt8] {
        let number = dice.whole(0...(city.areas.count - 1))
        let area = city.areas[number]
        let draw = dice.whole(0...9)
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.field("kind", "report")
            $0.field("id", id)
            $0.field("source", "counter")
            $0.field("type", "application")
            $0.field("category", "new_connection")
            $0.field("reported_at", at.rfc3339(in: zone))
            $0.field("customer", MadeUpCity.account(number * area.customers))
            $0.field("voltage", draw == 9 ? "high" : "low")
            $0.field("transformer", area.transformer.rawValue)
            $0.key("documents")
            // One in five forgets something.
            let papers = ["identity", "property", "load_list", "site_plan", "approval"].prefix(dice.chance(0.2) ? 1 : 5)
            $0.array { for paper in papers { $0.string(paper) } }
            if draw < 7 {
                $0.key("fields")
                $0.object {
                    $0.key("residential")
                    $0.bool(true)
                }
            }
        }
        return json.bytes
    }
}

/// What the transformers of a city send: each its quantity once a minute, through gateways that send the lines of their devices together, as JSON lines.
///
/// Load, voltage or oil temperature, one quantity a device; a few run over their limits for some hours.
package struct MeterLine: Sendable {
    /// A gateway's lines: the same from minute to minute but for the places that change.
    private struct Gateway: Sendable {
        var bytes: [UInt8] = []
        /// Of each line: where the minute of its id, its value and its time stand.
        var places: [(minute: Int, value: Int, time: Int)] = []
        var devices: [Int] = []
    }

    /// A device's value is its middle and a swing over the day, with a little noise; in thousandths of a unit.
    private struct Habit: Sendable {
        var middle: Int
        var swing: Int
        var digits: Int
    }

    /// So many devices send through one gateway.
    package static let devicesEach = 100

    private var gateways: [Gateway] = []
    private var habits: [Habit] = []
    private let day: String
    package let deviceCount: Int

    /// - Parameter midnight: of the day in which they send; their instants are written in `zone`.
    package init(city: MadeUpCity, devices: Int, midnight: Instant, zone: TimeZoneRules) {
        var dice = SplitMix64(seed: city.seed &+ 77)
        deviceCount = min(devices, city.areas.count)
        let noon = (midnight + .hours(12)).rfc3339(in: zone)
        day = String(noon.prefix(11))
        let offset = noon.dropFirst(19)
        for number in 0..<deviceCount {
            if number % Self.devicesEach == 0 { gateways.append(Gateway()) }
            // Seven in ten send their load, two a voltage, one the temperature of its oil. One in two hundred is in trouble in the evening.
            let isTroubled = dice.chance(0.005)
            let (quantity, unit, habit): (String, String, Habit) =
                switch number % 10 {
                case 0..<7: ("load_ratio", "1", Habit(middle: isTroubled ? 70_000 : dice.whole(20_000...50_000), swing: isTroubled ? 25_000 : 20_000, digits: 5))
                case 7, 8: ("phase_voltage", "V", Habit(middle: isTroubled ? 199_00 : 222_00, swing: isTroubled ? -8_00 : -6_00, digits: 5))
                default: ("oil_temperature", "°C", Habit(middle: isTroubled ? 78_00 : 55_00, swing: 12_00, digits: 4))
                }
            habits.append(habit)
            let last = gateways.count - 1
            func add(_ text: String) { gateways[last].bytes += Array(text.utf8) }
            add("{\"kind\":\"reading\",\"id\":\"s-\(number)-")
            let minute = gateways[last].bytes.count
            add("0000\",\"source\":\"scada\",\"device\":\"\(city.areas[number].transformer.rawValue)\",\"quantity\":\"\(quantity)\",\"value\":")
            let value = gateways[last].bytes.count
            add(quantity == "load_ratio" ? "0.00000" : quantity == "phase_voltage" ? "000.00" : "00.00")
            add(",\"unit\":\"\(unit)\",\"at\":\"\(day)")
            let time = gateways[last].bytes.count
            add("00:00:00\(offset)\"}\n")
            gateways[last].places.append((minute, value, time))
            gateways[last].devices.append(number)
        }
    }

    package var gatewayCount: Int { gateways.count }

    /// Which gateways send in a second of the minute.
    package func gateways(atSecond second: Int) -> StrideTo<Int> { stride(from: second % 60, to: gateways.count, by: 60) }

    /// What a gateway sends, `seconds` after midnight: a line for each of its devices.
    package mutating func lines(of gateway: Int, seconds: Int) -> [UInt8] {
        let minute = seconds / 60
        // A triangle over the day, with its top at 20:00: -1000 … 1000.
        let hour = (minute + 4 * 60) % 1_440
        let tide = hour < 720 ? 1_000 - hour * 2_000 / 720 : (hour - 720) * 2_000 / 720 - 1_000
        for (line, place) in gateways[gateway].places.enumerated() {
            let device = gateways[gateway].devices[line]
            let habit = habits[device]
            let noise = (device &* 7_919 &+ minute &* 104_729) % 41 - 20
            var value = habit.middle + habit.swing * tide / 1_000 + (habit.digits == 5 && habit.middle < 90_000 ? noise * 30 : noise)
            value = max(0, value)
            put(minute, digits: 4, gateway, place.minute)
            put(seconds / 3_600, digits: 2, gateway, place.time)
            put(seconds / 60 % 60, digits: 2, gateway, place.time + 3)
            put(seconds % 60, digits: 2, gateway, place.time + 6)
            // 0.12345, 222.34, 55.12: where the point stands goes by the quantity.
            switch device % 10 {
            case 0..<7: put(min(value, 99_999), digits: 5, gateway, place.value + 2)
            case 7, 8:
                put(value / 100, digits: 3, gateway, place.value)
                put(value % 100, digits: 2, gateway, place.value + 4)
            default:
                put(value / 100, digits: 2, gateway, place.value)
                put(value % 100, digits: 2, gateway, place.value + 3)
            }
        }
        return gateways[gateway].bytes
    }

    private mutating func put(_ number: Int, digits: Int, _ gateway: Int, _ place: Int) {
        var number = number
        for at in stride(from: place + digits - 1, through: place, by: -1) {
            gateways[gateway].bytes[at] = 0x30 + UInt8(number % 10)
            number /= 10
        }
    }
}

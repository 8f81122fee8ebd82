package import Domain

/// A day of fault reports in a made-up city: a quiet morning, a warm noon, a thunderstorm in the afternoon. Drawn from the
/// city's seed, so that everybody who names the seed sees the same day.
package struct CityDay: Sendable {
    /// What is said in the day, in order of time.
    package let utterances: [Utterance]
    /// The ids of the reports that a working house accepts, each once.
    package let reports: [String]
    /// The ids of the applications: each opens a case.
    package let applications: [String]
    package let from: Instant
    /// The last report has come.
    package let until: Instant
    /// When the thunderstorm breaks, and when it has passed.
    package let storm: ClosedRange<Instant>

    /// A kind of fault: how often it is called in, how often in a thunderstorm, and what callers say.
    private struct Kind {
        var category: String
        var weight: Int
        var stormWeight: Int
        var urgency: String
        var words: String
    }

    private static let kinds = [
        Kind(category: "no_power", weight: 52, stormWeight: 60, urgency: "normal", words: "整栋楼没电"),
        Kind(category: "low_voltage", weight: 10, stormWeight: 4, urgency: "normal", words: "灯很暗,空调开不动"),
        Kind(category: "flicker", weight: 8, stormWeight: 4, urgency: "normal", words: "灯一直闪"),
        Kind(category: "phase_loss", weight: 7, stormWeight: 5, urgency: "important", words: "三相缺一相,电机不转"),
        Kind(category: "meter_fault", weight: 6, stormWeight: 0, urgency: "normal", words: "电表不走"),
        Kind(category: "cable_damage", weight: 5, stormWeight: 2, urgency: "important", words: "施工挖断电缆"),
        Kind(category: "line_down", weight: 3, stormWeight: 8, urgency: "urgent", words: "电线掉在路上"),
        Kind(category: "sparking", weight: 4, stormWeight: 5, urgency: "urgent", words: "变压器冒火花"),
        Kind(category: "tree_on_line", weight: 2, stormWeight: 12, urgency: "important", words: "树倒在线上"),
        Kind(category: "pole_down", weight: 0, stormWeight: 2, urgency: "urgent", words: "电杆倒了"),
        Kind(category: "heavy_load", weight: 3, stormWeight: 0, urgency: "normal", words: "配变负载率 0.86,已 2 小时"),
    ]

    /// Reports of an hour, from 06:00 to 23:00 (before the thunderstorm adds its own).
    private static let hours = [8, 14, 18, 17, 15, 14, 16, 15, 15, 14, 14, 15, 16, 15, 12, 9, 6]
    private static let stormReports = 66

    /// The day begins at `midnight`, local time.
    package init(city: MadeUpCity, midnight: Instant, zone: TimeZoneRules) {
        var dice = SplitMix64(seed: city.seed &+ 0xDA7)
        let from = midnight + .hours(6)
        let storm = (midnight + .minutes(15 * 60 + 20))...(midnight + .minutes(17 * 60))
        var moments: [(at: Instant, inStorm: Bool)] = []
        for (hour, count) in Self.hours.enumerated() {
            for _ in 0..<count { moments.append((from + .hours(Int64(hour)) + dice.span(.zero ... .minutes(60)), false)) }
        }
        for _ in 0..<Self.stormReports {
            // The peak of two dice lies in the middle.
            let part = (dice.unit() + dice.unit()) / 2
            let length = (storm.upperBound - storm.lowerBound).milliseconds
            moments.append((storm.lowerBound + TimeSpan(milliseconds: Int64(Double(length) * part)), true))
        }
        moments.sort { $0.at < $1.at }

        var said: [Utterance] = []
        var ids: [String] = []
        for (number, moment) in moments.enumerated() {
            let id = "95598-20260715-\(String(1_000_001 + number).dropFirst())"
            let json = Self.report(id: id, city: city, at: moment.at, inStorm: moment.inStorm, zone: zone, &dice)
            said.append(Utterance(at: moment.at, kind: .report, id: id, json: json))
            ids.append(id)
            // The telephone platform sends one in thirty again, because the receipt was lost on the way.
            if dice.chance(1.0 / 30) {
                said.append(Utterance(at: moment.at + dice.span(.seconds(20)...(.minutes(6))), kind: .resend, id: id, json: json))
            }
        }
        said.append(Self.hopeless(at: from + .minutes(2 * 60 + 47), zone: zone))
        let odd = Self.oddities(city: city, from: from, zone: zone)
        said += odd
        ids += odd.filter { $0.kind == .report }.map(\.id)
        said += Self.loads(city: city, midnight: midnight, zone: zone)
        let life = CityLife(city: city, midnight: midnight, zone: zone)
        said += life.customers + [life.planned] + life.calls + life.loads
        ids += life.calls.map(\.id)
        let counter = Self.applications(city: city, midnight: midnight, zone: zone) + [life.application]
        said += counter
        self.applications = counter.filter { $0.kind == .application }.map(\.id)
        self.utterances = said.sorted { $0.at < $1.at }
        self.reports = ids
        self.from = from
        self.until = said.map(\.at).max() ?? from
        self.storm = storm
    }

    private static func report(
        id: String, city: MadeUpCity, at: Instant, inStorm: Bool, zone: TimeZoneRules, _ dice: inout SplitMix64
    ) -> [UInt8] {
        let kind = dice.one(of: kinds) { inStorm ? $0.stormWeight : $0.weight }
        // The thunderstorm comes from the sea and passes over the harbour, the riverside and the fields.
        let struck = city.areas.filter { ["harbour", "riverside", "old_town", "east_fields"].contains(city.districts[$0.district].id.rawValue) }
        let area = dice.one(of: inStorm && dice.chance(0.85) ? struck : city.areas)
        let district = city.districts[area.district]
        let byDevice = kind.category == "heavy_load"
        let byApp = !byDevice && dice.chance(0.3)
        let knowsTransformer = byDevice || dice.chance(byApp ? 0.3 : 0.86)
        let knowsFeeder = !knowsTransformer && dice.chance(0.4)
        let isHazard = ["line_down", "pole_down", "sparking"].contains(kind.category)
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.field("kind", "report")
            $0.field("id", id)
            $0.field("source", byDevice ? "scada" : byApp ? "app" : "95598")
            $0.field("type", "fault")
            $0.field("category", kind.category)
            $0.field("reported_at", at.rfc3339(in: zone))
            $0.key("place")
            $0.object {
                if byApp {
                    let spot = Roads.offset(area.coordinate, north: dice.real(-0.3...0.3), east: dice.real(-0.3...0.3))
                    $0.field("lat", spot.latitude)
                    $0.field("lon", spot.longitude)
                }
                $0.field("address", "\(district.chinese)\(dice.whole(1...180))号")
                $0.field("district", district.id.rawValue)
            }
            if dice.chance(0.7) { $0.field("site", district.site) }
            $0.field("voltage", dice.chance(0.9) ? "low" : "high")
            $0.field("urgency", kind.urgency)
            if knowsTransformer { $0.field("transformer", area.transformer.rawValue) }
            if knowsFeeder { $0.field("feeder", area.feeder.rawValue) }
            if kind.category == "no_power" { $0.field("customers_out", dice.whole(1...area.customers)) }
            $0.field("description", isHazard ? "\(kind.words),有危险" : kind.words)
        }
        return json.bytes
    }

    /// A transformer in the industrial park, every quarter of an hour: loaded heavily from noon, and for two hours at two.
    private static func loads(city: MadeUpCity, midnight: Instant, zone: TimeZoneRules) -> [Utterance] {
        let values = [0.62, 0.71, 0.83, 0.86, 0.88, 0.87, 0.86, 0.88, 0.85, 0.86, 0.87, 0.86, 0.84, 0.79, 0.72, 0.64]
        return values.enumerated().map { step, value in
            let at = midnight + .minutes(11 * 60 + 30 + 15 * Int64(step))
            let id = "scada-\(step + 1)"
            var json = JSONWriter()
            json.object {
                $0.field("kind", "reading")
                $0.field("id", id)
                $0.field("source", "scada")
                $0.field("device", city.watched.transformer.rawValue)
                $0.field("quantity", "load_ratio")
                $0.field("value", value)
                $0.field("unit", "1")
                $0.field("at", at.rfc3339(in: zone))
            }
            return Utterance(at: at, kind: .reading, id: id, json: json.bytes)
        }
    }

    /// A counter's slip of the keys: no such category, no such place.
    private static func hopeless(at: Instant, zone: TimeZoneRules) -> Utterance {
        var json = JSONWriter()
        json.object {
            $0.field("kind", "report")
            $0.field("id", "counter-17")
            $0.field("source", "counter")
            $0.field("type", "fault")
            $0.field("category", "line_dwon")
            $0.field("reported_at", at.rfc3339(in: zone))
            $0.key("place")
            $0.object {
                $0.field("lat", 281.0)
                $0.field("lon", 120.6)
            }
        }
        return Utterance(at: at, kind: .hopeless, id: "counter-17", json: json.bytes)
    }

    /// Two applications at the counter: a household that has forgotten a document, and a restaurant whose works are not in order at first.
    private static func applications(city: MadeUpCity, midnight: Instant, zone: TimeZoneRules) -> [Utterance] {
        func report(_ id: String, _ at: Instant, area: Int, documents: [String], _ fields: [String], _ words: String) -> Utterance {
            let area = city.areas[area % city.areas.count]
            var json = JSONWriter()
            json.object {
                $0.field("kind", "report")
                $0.field("id", id)
                $0.field("source", "counter")
                $0.field("type", "application")
                $0.field("category", "new_connection")
                $0.field("reported_at", at.rfc3339(in: zone))
                $0.field("voltage", "low")
                $0.field("transformer", area.transformer.rawValue)
                $0.key("documents")
                $0.array { for document in documents { $0.string(document) } }
                $0.key("fields")
                $0.object { json in
                    for field in fields {
                        json.key(named: field)
                        json.bool(true)
                    }
                }
                $0.field("description", words)
            }
            return Utterance(at: at, kind: .application, id: id, json: json.bytes)
        }
        var document = JSONWriter()
        let at = midnight + .minutes(9 * 60 + 5)
        // The first case of the day has the number 1.
        document.object {
            $0.field("kind", "case")
            $0.field("id", "counter-document-1")
            $0.field("source", "counter")
            $0.field("case", "C-20260715-1")
            $0.field("event", "documents")
            $0.key("documents")
            $0.array { $0.string("property") }
            $0.field("by", "counter")
        }
        return [
            report("counter-household", midnight + .minutes(8 * 60 + 22), area: 3, documents: ["identity"], ["residential"], "新房装表"),
            Utterance(at: at, kind: .document, id: "counter-document-1", json: document.bytes),
            report(
                "counter-restaurant", midnight + .minutes(8 * 60 + 37), area: 11, documents: ["identity", "property", "load_list"], ["customer_works"], "饭店新装 60 千瓦"),
        ]
    }

    /// What a house must also cope with: a hospital that gives no more than its account, somebody who does not say where, and an
    /// inquiry, for which nobody drives out.
    private static func oddities(city: MadeUpCity, from: Instant, zone: TimeZoneRules) -> [Utterance] {
        let hospital = city.areas.first { city.districts[$0.district].id.rawValue == "riverside" } ?? city.areas[0]
        var facts = JSONWriter()
        facts.object {
            $0.field("kind", "customer")
            $0.field("id", "billing-1")
            $0.field("source", "billing")
            $0.field("customer", "3302001234")
            $0.key("facts")
            $0.object {
                $0.field("class", "other")
                $0.field("critical_class", "class_1")
                $0.field("transformer", hospital.transformer.rawValue)
                $0.field("capacity_kva", 1_250)
            }
        }
        func report(_ id: String, _ source: String, after: TimeSpan, _ body: (inout JSONWriter) -> Void) -> Utterance {
            let at = from + after
            var json = JSONWriter()
            json.object {
                $0.field("kind", "report")
                $0.field("id", id)
                $0.field("source", source)
                $0.field("reported_at", at.rfc3339(in: zone))
                body(&$0)
            }
            return Utterance(at: at, kind: .report, id: id, json: json.bytes)
        }
        return [
            Utterance(at: from + .seconds(30), kind: .customer, id: "billing-1", json: facts.bytes),
            report("95598-20260715-hospital", "95598", after: .minutes(3 * 60 + 22)) {
                $0.field("type", "fault")
                $0.field("category", "no_power")
                $0.field("customer", "3302001234")
                $0.field("description", "医院备用电源已启动")
            },
            report("95598-20260715-nowhere", "95598", after: .minutes(4 * 60 + 8)) {
                $0.field("type", "fault")
                $0.field("category", "no_power")
                $0.field("description", "家里没电,电话断了")
            },
            report("95598-20260715-inquiry", "95598", after: .minutes(5 * 60 + 2)) {
                $0.field("type", "inquiry")
                $0.field("category", "billing")
                $0.field("description", "电费怎么算")
            },
        ]
    }
}

import Domain

/// What else is said in the day, beside faults and applications: billing's word of a factory, planned work and those who call because of it, the load and
/// the supply of districts, and the factory's own application.
struct CityLife {
    let city: MadeUpCity
    let midnight: Instant
    let zone: TimeZoneRules

    /// The factory's account, and the work that is planned.
    static let factory = "3302005555"
    static let work = "o-1"

    private func at(_ hour: Int64, _ minute: Int64) -> Instant { midnight + .minutes(hour * 60 + minute) }
    private func area(of district: String) -> MadeUpCity.Area { city.areas.first { city.districts[$0.district].id.rawValue == district } ?? city.areas[0] }

    private func utterance(_ kind: Utterance.Kind, _ word: String, _ id: String, _ source: String, at instant: Instant, _ body: (inout JSONWriter) -> Void) -> Utterance {
        var json = JSONWriter(capacity: 512)
        json.object {
            $0.field("kind", word)
            $0.field("id", id)
            $0.field("source", source)
            body(&$0)
        }
        return Utterance(at: instant, kind: kind, id: id, json: json.bytes)
    }

    /// Twelve months of six hundred thousand kilowatt-hours.
    var customers: [Utterance] {
        [
            utterance(.customer, "customer", "billing-2", "billing", at: at(7, 30)) { json in
                json.field("customer", Self.factory)
                json.key("facts")
                json.object {
                    $0.field("class", "industrial")
                    $0.field("capacity_kva", 12_500)
                    $0.field("district", "works")
                    $0.field("transformer", area(of: "works").transformer.rawValue)
                }
                json.key("consumption")
                json.object { months in
                    for step in 0..<12 {
                        let month = 7 + step
                        months.key(named: month <= 12 ? "2025-\(month < 10 ? "0" : "")\(month)" : "2026-0\(month - 12)")
                        months.int(600_000)
                    }
                }
            }
        ]
    }

    var planned: Utterance {
        utterance(.outage, "outage", Self.work, "control", at: at(6, 40)) {
            $0.field("transformer", area(of: "old_town").transformer.rawValue)
            $0.field("from", at(10, 0).rfc3339(in: zone))
            $0.field("until", at(12, 0).rfc3339(in: zone))
            $0.field("reason", "更换变压器")
        }
    }

    /// They did not read the notice.
    var calls: [Utterance] {
        [(10, 20), (10, 50)].enumerated().map { number, time in
            let instant = at(Int64(time.0), Int64(time.1))
            return utterance(.report, "report", "95598-20260715-planned-\(number + 1)", "95598", at: instant) {
                $0.field("type", "fault")
                $0.field("category", "no_power")
                $0.field("reported_at", instant.rfc3339(in: zone))
                $0.field("transformer", area(of: "old_town").transformer.rawValue)
                $0.field("description", "家里停电了")
            }
        }
    }

    /// The industrial park takes nearly all that can be brought to it for a while after lunch; the harbour has room.
    var loads: [Utterance] {
        var said: [Utterance] = []
        func reading(_ district: String, _ quantity: String, _ value: Double, _ instant: Instant) {
            said.append(
                utterance(.reading, "reading", "scada-\(district)-\(quantity)-\(said.count)", "scada", at: instant) {
                    $0.field("device", district)
                    $0.field("quantity", quantity)
                    $0.field("value", value)
                    $0.field("unit", "MW")
                    $0.field("at", instant.rfc3339(in: zone))
                })
        }
        for (step, load) in [151.0, 170, 193, 196, 195, 194, 188, 184, 176, 160].enumerated() {
            let instant = at(14, 5 + 5 * Int64(step))
            for (district, load, supply) in [("works", load, 200.0), ("harbour", 62, 150), ("riverside", 118, 130)] {
                reading(district, "supply_mw", supply, instant)
                reading(district, "load_mw", load, instant)
            }
        }
        return said
    }

    /// More capacity at high voltage: what the grid needs for it is built by a contractor.
    var application: Utterance {
        let instant = at(8, 52)
        return utterance(.application, "report", "counter-factory", "counter", at: instant) { json in
            json.field("type", "application")
            json.field("category", "more_capacity")
            json.field("reported_at", instant.rfc3339(in: zone))
            json.field("voltage", "high")
            json.field("customer", Self.factory)
            json.field("transformer", area(of: "works").transformer.rawValue)
            json.field("capacity_kva", 3_150)
            json.key("documents")
            json.array { for document in ["identity", "property", "load_list", "site_plan", "approval"] { $0.string(document) } }
            json.key("fields")
            json.object { $0.field("needs_grid_works", true) }
            json.field("description", "工厂增容 3150 千伏安")
        }
    }
}

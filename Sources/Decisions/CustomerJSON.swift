package import Domain
import Rules

extension CustomerRecord {
    /// What is known of a customer, for whoever asks: `customer, tier, flags, account_manager, facts, profile, counts, consumption, payments,
    /// held, history`.
    ///
    /// - Parameter history: lines about the customer as such.
    package func json(history: [HistoryLine], at now: Instant, zone: TimeZoneRules) -> [UInt8] {
        let seen = seen(at: now, zone)
        let profile = CustomerProfile(self, month: Int32(clamping: zone.date(at: now).year * 100 + zone.date(at: now).month))
        var json = JSONWriter(capacity: 1_024)
        json.object { json in
            json.field("customer", id.rawValue)
            if case .string(let tier)? = seen.facts["tier"] { json.field("tier", tier) }
            json.key("flags")
            json.array { json in for flag in flags { json.string(flag) } }
            if case .string(let manager)? = seen.facts["account_manager"] { json.field("account_manager", manager) }
            json.key("facts")
            Self.write(facts, to: &json)
            json.key("profile")
            Self.write(Dictionary(profile.facts.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first }), to: &json)
            json.key("counts")
            let counts = ["contacts_90d", "contacts_12m", "complaints_90d", "complaints_12m", "faults_12m", "applications_12m"]
            Self.write(Dictionary(counts.map { ($0, seen.facts[$0] ?? .int(0)) }, uniquingKeysWith: { first, _ in first }), to: &json)
            json.key("consumption")
            json.object { json in
                for one in consumption {
                    json.key(named: monthText(one.month))
                    json.double(one.kWh)
                }
            }
            json.key("payments")
            json.object { json in
                for one in payments {
                    json.key(named: monthText(one.month))
                    if one.days == CustomerFacts.unpaid { json.string("unpaid") } else { json.int(Int(one.days)) }
                }
            }
            json.key("held")
            json.array { json in for rule in held { json.string(rule) } }
            json.key("history")
            json.array { json in for line in history { json.raw(line.json(zone: zone)) } }
        }
        return json.bytes
    }

    private static func write(_ facts: [String: FieldValue], to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in facts.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                json.key(named: name)
                switch value {
                case .string(let text): json.string(text)
                case .int(let number): json.int(Int(number))
                case .double(let number): json.double(number)
                case .bool(let truth): json.bool(truth)
                }
            }
        }
    }
}

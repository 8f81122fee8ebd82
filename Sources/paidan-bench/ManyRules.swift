import City
import Domain
import Rules

/// A set of as many rules as wanted, each with a type, a district, a feeder, a set of three priorities and a range of capacities of its own; and
/// reports for it, each taken by one of the rules.
///
/// Every feeder has twenty rules, whatever the number of rules: a larger set is a larger utility, not one with more rules for a feeder.
struct ManyRules {
    struct Rule {
        var type: String
        var district: String
        var feeder: String
        var priorities: [String]
        /// In kVA, the lower included, the upper not.
        var low: Int
        var high: Int
        var task: String
    }

    static let types = ["fault", "application", "complaint", "inquiry"]
    static let priorities = ["p1", "p2", "p3", "p4", "p5", "p6"]
    private static let rulesOfFeeder = 20
    private static let feedersOfDistrict = 50

    let rules: [Rule]
    private let districts: [String]

    init(count: Int, seed: UInt64 = 1) {
        var dice = SplitMix64(seed: seed)
        let feeders = max(1, count / Self.rulesOfFeeder)
        rules = (0..<count).map { number in
            let feeder = number % feeders
            let low = Int(dice.next() % 400) * 5
            var priorities = Self.priorities
            while priorities.count > 3 { priorities.remove(at: Int(dice.next() % UInt64(priorities.count))) }
            return Rule(
                type: Self.types[Int(dice.next() % 4)], district: "district-\(feeder / Self.feedersOfDistrict)", feeder: "F-\(10_000 + feeder)",
                priorities: priorities, low: low, high: low + 50 + Int(dice.next() % 40) * 5, task: "work_\(dice.next() % 8)")
        }
        districts = (0...(feeders - 1) / Self.feedersOfDistrict).map { "district-\($0)" }
    }

    /// The condition as an operator writes it.
    static func condition(_ rule: Rule) -> String {
        let set = rule.priorities.map { "\"\($0)\"" }.joined(separator: ", ")
        return "report.type == \"\(rule.type)\" && report.place.district == \"\(rule.district)\" && report.feeder == \"\(rule.feeder)\""
            + " && report.urgency in [\(set)] && report.capacity_kva >= \(rule.low).0 && report.capacity_kva < \(rule.high).0"
    }

    var source: RuleSource {
        var text = "module: many\nroute:\n"
        text.reserveCapacity(rules.count * 420)
        for number in rules.indices { text += ruleText(number) }
        return RuleSource(files: [
            .init(name: "many.yaml", bytes: Array(text.utf8)), .init(name: "site.yaml", bytes: Array(siteText.utf8)),
        ])
    }

    /// As many rules that each take a report for one of three reasons, in three fields.
    var alternatives: RuleSource {
        var text = "module: many\nroute:\n"
        for number in rules.indices {
            text += "  - name: rule-\(number)\n    when: report.feeder == \"F-\(number)\" || report.transformer == \"T-\(number)\" || report.capacity_kva > \(number).5\n"
            text += "    task: work\n    assign: { department: operations }\n"
        }
        return RuleSource(files: [
            .init(name: "many.yaml", bytes: Array(text.utf8)), .init(name: "site.yaml", bytes: Array(siteText.utf8)),
        ])
    }

    /// One rule as it stands in its module.
    func ruleText(_ number: Int) -> String {
        let rule = rules[number]
        return "  - name: rule-\(number)\n    when: >-\n      \(Self.condition(rule))\n    task: \(rule.task)\n    priority: high\n"
            + "    assign:\n      nearest: crew\n      skills: [distribution_line]\n      within: 40 km\n      otherwise: { department: operations }\n"
            + "    limits: { accept: 3 min, arrive: 45 min, restore: 3 h }\n"
    }

    var siteText: String {
        var site = """
            module: site
            time_zone: Asia/Shanghai
            values:
              type: [\(Self.types.joined(separator: ", "))]
              category: [no_power]
              site: [urban]
              urgency: [\(Self.priorities.joined(separator: ", "))]
              skill: [distribution_line]
            departments:
              operations: { name: 生产, head: u-301, fallback: true }
            crews:
              north-1: { department: operations, skills: [distribution_line] }
            districts:

            """
        for district in districts { site += "  \(district): { zh: \(district) }\n" }
        return site
    }

    /// Reports of about 700 bytes, each met by one of the rules (and perhaps by an earlier one).
    func reports(_ count: Int, seed: UInt64 = 2) -> [[UInt8]] {
        var dice = SplitMix64(seed: seed)
        return (0..<count).map { number in
            let rule = rules[Int(dice.next() % UInt64(rules.count))]
            var json = JSONWriter(capacity: 800)
            json.object {
                $0.field("kind", "report")
                $0.field("id", "95598-20261122-\(String(1_000_000_000 + number).dropFirst())")
                $0.field("source", "95598")
                $0.field("type", rule.type)
                $0.field("category", "no_power")
                $0.field("reported_at", "2026-11-22T08:15:00+08:00")
                $0.field("customer", "33020\(1_000_000 + number)")
                $0.key("place")
                $0.object {
                    $0.field("lat", 28.0 + Double(dice.next() % 10_000) / 10_000)
                    $0.field("lon", 120.0 + Double(dice.next() % 10_000) / 10_000)
                    $0.field("address", "人民东路\(number % 400)号锦绣花园\(number % 31)幢\(number % 4 + 1)单元\(number % 20 + 1)0\(number % 4 + 1)室")
                    $0.field("district", rule.district)
                }
                $0.field("site", "urban")
                $0.field("voltage", "low")
                $0.field("urgency", rule.priorities[Int(dice.next() % 3)])
                $0.field("feeder", rule.feeder)
                $0.field("transformer", "T-\(100_000 + number % 5_000)")
                $0.field("customers_out", Int64(dice.next() % 150))
                $0.field("capacity_kva", Double(rule.low) + Double(dice.next() % UInt64(rule.high - rule.low)))
                $0.field("description", "整栋楼没电,邻居也没有。物业说配电房有焦糊味,楼道里的应急灯也灭了,家里有老人用呼吸机,请尽快派人来看看。从早上六点多开始就停电")
            }
            return json.bytes
        }
    }
}

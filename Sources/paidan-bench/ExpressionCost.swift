import ArgumentParser
import Domain
import Rules

/// The condition that the speed of the language is judged by: two equalities, a membership, a bound.
struct ExpressionCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expression", abstract: "What one condition costs on a report that has been read.")

    @Option(help: "Evaluations of each figure.") var times = 1_000_000

    private static let text = """
        report.type == "fault" && report.place.district == "d-7" && report.feeder in ["F-1201", "F-1202", "F-1203"] \
        && report.capacity_kva >= 100
        """

    func run() throws {
        let condition: LooseCondition
        do throws(LooseCondition.Fault) {
            condition = try LooseCondition(Self.text)
        } catch {
            throw BenchFault("the condition is refused: \(error.mistakes)")
        }
        let zone = TimeZoneRules(name: "UTC", initialOffsetSeconds: 0, transitions: [])
        let now = wallClock()
        // Texts of the usual lengths: some fit into a word pair, some do not.
        func subjects(_ districts: [String], _ feeders: [String], _ capacities: [Double]) -> [LooseCondition.Subject] {
            (0..<64).map { i in
                let report = Report(
                    type: "fault", category: "no_power", reportedAt: now, customer: CustomerID("33010200\(1000 + i)"),
                    place: Place(
                        coordinate: Coordinate(latitude: 28, longitude: 120), district: DistrictID(districts[i % districts.count]),
                        address: "12 Harbour Road, third floor"),
                    site: "urban", voltage: "low", urgency: "high", feeder: FeederID(feeders[i % feeders.count]),
                    transformer: TransformerID("T-\(i)"), customersOut: 12, capacityKVA: capacities[i % capacities.count],
                    description: "no light in the whole house since half past seven")
                return LooseCondition.Subject(RouteSubject(report: report, source: SourceID("hotline"), now: now), zone: zone)
            }
        }
        let all = subjects(["d-7"], ["F-1203"], [160])
        try measure("expression: four parts, all hold", condition, all, holds: 64, "goal 300")
        let mixed = subjects(["d-7", "d-8"], ["F-1201", "F-1202", "F-1204"], [160, 50, 400, 90, 120])
        try measure("expression: four parts, most fail", condition, mixed, holds: nil, "")
    }

    private func measure(
        _ name: String, _ condition: LooseCondition, _ subjects: [LooseCondition.Subject], holds: Int?, _ beside: String
    ) throws {
        var held = 0
        // One round to warm up, which is also the check.
        for subject in subjects where condition.matches(subject) { held += 1 }
        guard holds == nil || held == holds else { throw BenchFault("\(held) of \(subjects.count) reports match") }
        let rounds = max(1, times / subjects.count)
        let start = cpu()
        var again = 0
        for index in subjects.indices {
            for _ in 0..<rounds where condition.matches(subjects[index]) { again += 1 }
        }
        let taken = (cpu() - start) / Double(rounds * subjects.count)
        guard again == held * rounds else { throw BenchFault("the condition does not answer the same each time") }
        figure(name, taken * 1e9, "ns CPU", beside)
    }
}

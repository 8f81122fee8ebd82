import Domain
package import Rules

package struct RuleTestOutcome: Sendable, Hashable {
    package var name: String
    package var file: String
    package var line: Int
    package var isPassed: Bool
}

/// What came of the tests.
package struct RuleTestReport: Sendable {
    package var outcomes: [RuleTestOutcome]
    /// Tests that were not run, because a module is not there.
    package var skipped: Int
    /// Mistakes in the test files, expectations that do not hold (errors), and what else is to be said (warnings); sorted, at most 200.
    package var diagnostics: [Diagnostic]

    /// What refuses a set of rules: the errors among `diagnostics`.
    package var failures: [Diagnostic] { diagnostics.filter { $0.severity == .error } }
    package var passed: Int { outcomes.count { $0.isPassed } }
    package var failed: Int { outcomes.count - passed }
}

/// What a test's life went through, for coverage and mutants.
package struct RuleTestTrail: Sendable {
    /// Each report as the rules saw it, and what they said.
    package var routes: [(subject: RouteSubject, result: RouteResult)] = []
    /// Rules whose task waited, because nobody could go.
    package var waited: Set<String> = []
    /// Rungs that were told, by their ladders.
    package var rungs: Set<ToldRung> = []
    /// What stages of cases went through.
    package var stages: Set<StageMark> = []
    /// Rules for merging by which a report joined another.
    package var joined: Set<String> = []
    /// Rules about customers that held of somebody.
    package var held: Set<String> = []
    /// What was told of outages.
    package var outages: Set<OutageMark> = []
    /// What standing rules went through.
    package var watches: Set<WatchMark> = []

    package struct ToldRung: Sendable, Hashable {
        package var ladder: String
        package var percent: Int
    }
}

extension CoverageRecorder {
    /// Takes down what one test's life went through.
    package func note(_ trail: RuleTestTrail) {
        for route in trail.routes { note(route.subject, route.result) }
        for rule in trail.waited { noteWaiting(rule) }
        for rule in trail.joined { noteJoining(rule) }
        for rule in trail.held { noteHolding(rule) }
        for mark in trail.stages { note(mark) }
        for mark in trail.watches { note(mark) }
        for mark in trail.outages { note(mark) }
        for rung in trail.rungs { noteTold(ladder: rung.ladder, percent: rung.percent) }
    }
}

/// The state with which a test begins: its crews, and nothing to do. Made once for tests with the same crews.
struct TestHouse {
    let rules: RuleSet
    let state: DispatchState
}

struct TestHouses {
    private let set: RuleSet
    private var last: (roster: RuleTest.Roster?, contractors: RuleTest.Contractors?, start: Instant, house: TestHouse)?

    init(_ set: RuleSet) { self.set = set }

    /// - Parameter ladders: others than those of the set; such a house is not kept.
    mutating func house(for test: RuleTest, ladders: [String: Ladder]? = nil) -> TestHouse {
        if ladders != nil { return build(for: test, ladders) }
        // Only what is said of crews goes by the instant.
        if let last, last.roster === test.crews, last.contractors === test.contractors, last.start == test.start || test.crews?.standings.isEmpty ?? true { return last.house }
        let house = build(for: test, nil)
        last = (test.crews, test.contractors, test.start, house)
        return house
    }

    private func build(for test: RuleTest, _ ladders: [String: Ladder]?) -> TestHouse {
        let isOwn = test.crews != nil || test.contractors != nil || ladders != nil
        let rules = isOwn ? set.with(crews: test.crews?.crews, ladders: ladders, contractors: test.contractors?.contractors) : set
        let contractors = (test.contractors?.tiers ?? [:]).map { ContractorRecord(id: $0.key, tier: $0.value, since: test.start) }
        let records = (test.crews?.standings ?? []).map { standing in
            var record = CrewRecord(id: standing.crew)
            record.duty = standing.onDuty
            record.coordinate = standing.coordinate
            record.coordinateAt = standing.coordinate == nil ? nil : test.start
            return record
        }
        return TestHouse(rules: rules, state: DispatchState(tasks: [], crews: records, lastTask: nil, contractors: contractors, rules: rules, at: test.start))
    }
}

import ArgumentParser
import City
import Decisions
import Domain
import Rules

struct RuleTestCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule-tests", abstract: "What it costs to read 10 000 rule tests, to live them and to say what they reach; and to try changes of the rules.",
        discussion: """
            Twice: on the rules as they ship, each test with crews of its own and a crew that does not answer; and on a set with as many rules \
            as tests, each test for one of them.
            """)

    @Option(help: "Tests.") var tests = 10_000

    func run() throws {
        try measured("the shipped rules", try shipped())
        try measured("\(tests) rules", try many())
        try mutants()
    }

    private func measured(_ what: String, _ source: RuleSource) throws {
        let compilation = RuleCompiler.compile(source, proves: false, zone: zone)
        guard let set = compilation.set else { throw BenchFault("the benchmark's rules have errors:\n" + source.human(compilation.diagnostics)) }
        var start = cpu()
        let begin = start
        let suite = RuleTestReader.read(source, in: set)
        figure("rule tests on \(what): reading", (cpu() - start) * 1_000, "ms CPU")
        start = cpu()
        let recorder = CoverageRecorder(source, set)
        figure("rule tests on \(what): rules for coverage", (cpu() - start) * 1_000, "ms CPU")
        start = cpu()
        let report = RuleTests.run(suite, in: set) { _, trail in recorder.note(trail) }
        figure("rule tests on \(what): living", (cpu() - start) / Double(max(report.outcomes.count, 1)) * 1e6, "us each")
        let coverage = recorder.coverage()
        figure("rule tests on \(what): all of it", (cpu() - begin) * 1_000, "ms CPU", "\(report.outcomes.count) tests, goal 2000")
        guard report.outcomes.count == tests, report.failures.isEmpty else {
            throw BenchFault("tests of the benchmark fail:\n" + source.human(Array(report.diagnostics.prefix(3))))
        }
        guard coverage.rulesReached > 0 else { throw BenchFault("the tests of the benchmark reach no rule") }
    }

    private func zone(_ name: String) -> TimeZoneRules? { name == "Asia/Shanghai" ? .shanghai : nil }

    /// The handbook's test, over and over, at places of their own.
    private func shipped() throws -> RuleSource {
        var source = try MadeUpCity(seed: 1).ruleSource()
        var text = ""
        for number in 0..<tests {
            let north = Double(number % 1_000) / 10_000
            text += """
                - name: test \(number)
                  with:
                    crews:
                      a: { base: { lat: \(28.0 + north), lon: 120.6 }, skills: [live_line] }
                      b: { base: { lat: \(28.1 + north), lon: 120.9 }, skills: [live_line] }
                  report: { type: fault, category: line_down, place: { lat: \(28.01 + north), lon: 120.61 }, site: urban }
                  expect: { rule: faults.hazard-first, task: make_safe, crew: a, arrive: 45 min }
                  then:
                    - after: 4 min
                      expect: { crew: b }

                """
        }
        source.files.append(.init(name: "tests/faults.yaml", bytes: Array(text.utf8)))
        return source
    }

    /// A test for each rule of a large set.
    private func many() throws -> RuleSource {
        let many = ManyRules(count: tests)
        var source = many.source
        guard let set = RuleCompiler.compile(source, proves: false, zone: zone).set else { throw BenchFault("the benchmark's rules have errors") }
        var text = ""
        for (number, rule) in many.rules.enumerated() {
            let report = Report(
                type: rule.type, place: Place(district: DistrictID(rule.district)), urgency: rule.priorities[0], feeder: FeederID(rule.feeder),
                capacityKVA: Double(rule.low))
            // An earlier rule may take it too.
            let subject = RouteSubject(report: report, source: SourceID("test"), now: Instant(milliseconds: 1_784_088_000_000))
            let name = set.route(subject, tracing: false).routings.first?.rule ?? "fallback"
            text += """
                - name: test \(number)
                  report: { type: \(rule.type), place: { district: \(rule.district) }, urgency: \(rule.priorities[0]), feeder: \(rule.feeder), capacity_kva: \(rule.low) }
                  expect: { rule: \(name), task: \(set.rule(named: name)?.task ?? "review"), priority: high }

                """
        }
        source.files.append(.init(name: "tests/many.yaml", bytes: Array(text.utf8)))
        return source
    }

    /// Every change of 1 000 rules, each with a test.
    private func mutants() throws {
        var some = self
        some.tests = 1_000
        let source = try some.many()
        guard let set = RuleCompiler.compile(source, proves: false, zone: zone).set else { throw BenchFault("the benchmark's rules have errors") }
        let suite = RuleTestReader.read(source, in: set)
        let start = cpu()
        let report = MutantTrial.run(suite, source: source, in: set)
        figure("rule tests: trying \(report.tried) changes of 1 000 rules", (cpu() - start) * 1_000, "ms CPU")
        guard report.noticed > 0 else { throw BenchFault("the tests of the benchmark notice nothing") }
    }
}

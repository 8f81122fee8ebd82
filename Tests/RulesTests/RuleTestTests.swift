import Domain
import Foundation
import Testing

@testable import Rules

/// Rules for the tests of rule tests: two that are conditional, one that takes the rest, and a ladder.
enum TestedRules {
    static let faults = """
        module: faults
        takes: report.type == "fault"
        let:
          hazard: report.category in ["line_down", "fire"]
        tables:
          arrival:
            by: report.site
            rows: { urban: 45 min, rural: 90 min }
            otherwise: 45 min
        route:
          - name: hazard-first
            when: hazard
            task: make_safe
            priority: emergency
            assign:
              nearest: crew
              skills: [live_line]
              within: 40 km
              otherwise: { department: operations }
            limits: { accept: 3 min, arrive: arrival }
            escalate: repair
          - name: large
            when: report.customers_out >= 100 || report.urgency == "urgent" && !has(report.feeder)
            task: repair
            priority: high
            assign:
              nearest: crew
              skills: [distribution_line]
            limits: { accept: 3 min, arrive: arrival }
          - name: everything-else
            task: repair
            assign: { department: marketing }

        """
    static let escalations = """
        module: escalations
        escalations:
          repair:
            - { at: 50%, tell: assignee }
            - { at: 100%, tell: duty_manager }

        """
    static let extra = """
        module: extra
        enabled: false

        """

    /// The rules with test files.
    static func source(_ tests: [(name: String, text: String)], faults: String = faults) -> RuleSource {
        let files = [("escalations.yaml", escalations), ("extra.yaml", extra), ("faults.yaml", faults), ("site.yaml", Fixture.site)] + tests.map { ($0.name, $0.text) }
        return RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
    }

    static func set(_ source: RuleSource) throws -> RuleSet { try #require(Fixture.compile(source).set) }

    static func read(_ text: String) throws -> RuleTestSuite {
        let source = source([("tests/faults.yaml", text)])
        return RuleTestReader.read(source, in: try set(source))
    }
}

@Suite struct RuleTestGoldenTests {
    static let folder = Fixture.testsFolder.appendingPathComponent("Golden/tests")

    private static func all() throws -> [Golden] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".golden") }.sorted().map {
            try Golden(folder.appendingPathComponent($0))
        }
    }

    /// With the golden file's own rules, where it has some.
    private static func suite(_ golden: Golden) throws -> (RuleTestSuite, RuleSource) {
        var source = TestedRules.source(golden.source.files.filter { $0.name.hasPrefix("tests/") }.map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) })
        let own = golden.source.files.filter { !$0.name.hasPrefix("tests/") }
        if own.count > 1 { source.files = source.files.filter { $0.name.hasPrefix("tests/") } + own }
        return (RuleTestReader.read(source, in: try TestedRules.set(source)), source)
    }

    /// Codes that only a test's life or a mutant tells: Decisions' tests have them.
    private static let later: Set<RuleTestCode> = [.unmetExpectation, .refused, .endless, .unnoticedChange]

    @Test func everyGoldenFileSaysWhatItSaid() throws {
        let rewrites = ProcessInfo.processInfo.environment["PAIDAN_WRITE_GOLDEN"] == "1"
        for golden in try Self.all() {
            let (suite, source) = try Self.suite(golden)
            let text = source.human(suite.diagnostics).trimmingCharacters(in: .newlines)
            if rewrites { try Golden.rewrite(golden, text, in: Self.folder) }
            #expect(text == golden.expected, "tests/\(golden.name).golden")
        }
    }

    @Test func everyCodeHasAGoldenFile() throws {
        let told = Set(try Self.all().flatMap { try Self.suite($0).0.diagnostics.map(\.code) })
        let wanted = Set(RuleTestCode.allCases).subtracting(Self.later).map(\.rawValue)
        #expect(wanted.filter { !told.contains($0) }.sorted() == [])
    }
}

@Suite struct RuleTestReaderTests {
    @Test func aListStandsForEachOfItsValues() throws {
        let suite = try TestedRules.read(
            """
            - name: both
              with:
                customer: { class: [residential, industrial] }
              report: { type: fault, category: [line_down, fire], site: urban }
              expect: { rule: faults.hazard-first }
            """)
        #expect(suite.diagnostics == [])
        #expect(
            suite.tests.map(\.name) == [
                "both (category: line_down, class: residential)", "both (category: line_down, class: industrial)",
                "both (category: fire, class: residential)", "both (category: fire, class: industrial)",
            ])
        #expect(suite.tests.map(\.report?.report.category) == ["line_down", "line_down", "fire", "fire"])
        #expect(suite.tests[1].facts == ["class": .string("industrial")])
    }

    @Test func anItemWithWithAloneHoldsForTheTestsBelowIt() throws {
        let suite = try TestedRules.read(
            """
            - with:
                at: 2026-11-22 08:15
                crews: { a: { base: { lat: 28, lon: 120 } } }
            - name: as above
              report: { type: fault }
              expect: { crew: a }
            - name: other crews, the same time
              with:
                crews: { b: { base: { lat: 28, lon: 120 } } }
              report: { type: fault }
              expect: { crew: b }
            - with:
                at: 02:30
            - name: the roster of the site again
              report: { type: fault }
              expect: { crew: north-2 }
            """)
        #expect(suite.diagnostics == [])
        #expect(suite.tests.map { $0.crews?.crews.keys.map(\.rawValue) } == [["a"], ["b"], nil])
        #expect(
            suite.tests.map { $0.start.rfc3339(in: .shanghai) } == ["2026-11-22T08:15:00+08:00", "2026-11-22T08:15:00+08:00", "2026-07-15T02:30:00+08:00"])
    }

    @Test func withoutAWordATestIsOnAWednesdayAtNoon() throws {
        let suite = try TestedRules.read("- name: a\n  report: { type: fault }\n  expect: { rule: fallback }\n")
        let start = try #require(suite.tests.first?.start)
        #expect(TimeZoneRules.shanghai.localTime(at: start).description == "2026-07-15 12:00")
        #expect(TimeZoneRules.shanghai.date(at: start).weekday == 3)
    }

    @Test func everyFieldOfAReportIsRead() throws {
        let suite = try TestedRules.read(
            """
            - name: whole
              report:
                source: '95598'
                type: fault
                category: fire
                reported_at: 11:40
                customer: 0123
                place: { lat: 28.01, lon: 120.61, address: 人民路1号, district: lucheng }
                site: rural
                voltage: low
                urgency: urgent
                feeder: F-1
                transformer: T-1
                customers_out: 86
                capacity_kva: 2.5
                description: NO
                fields: { building_height: 30, floors: 7, lift: true, roof: flat, built: 2001-02-03 04:05 }
              expect: { rule: faults.hazard-first }
            """)
        #expect(suite.diagnostics == [])
        let read = try #require(suite.tests.first?.report)
        #expect(read.source == SourceID("95598"))
        let start = TimeZoneRules.shanghai
        #expect(
            read.report
                == Report(
                    type: "fault", category: "fire", reportedAt: start.instant(of: CivilDate(year: 2026, month: 7, day: 15)!, second: 11 * 3_600 + 40 * 60),
                    customer: CustomerID("0123"),
                    place: Place(coordinate: Coordinate(latitude: 28.01, longitude: 120.61), district: DistrictID("lucheng"), address: "人民路1号"), site: "rural",
                    voltage: "low", urgency: "urgent", feeder: FeederID("F-1"), transformer: TransformerID("T-1"), customersOut: 86, capacityKVA: 2.5,
                    description: "NO",
                    fields: [
                        "building_height": .double(30), "floors": .int(7), "lift": .bool(true), "roof": .string("flat"),
                        "built": .string("2001-02-02T20:05:00Z"),
                    ]))
    }

    @Test func onlyTheTestsOfTheNamedModulesAreRead() throws {
        let text = "- name: a\n  report: { type: fault }\n  expect: { rule: fallback }\n"
        let source = TestedRules.source([("tests/faults.yaml", text), ("tests/escalations.yaml", text)])
        let set = try TestedRules.set(source)
        #expect(RuleTestReader.read(source, in: set, only: ["escalations.yaml"]).tests.map(\.file) == ["tests/escalations.yaml"])
        #expect(RuleTestReader.read(source, in: set, only: []).tests.isEmpty)
        #expect(RuleTestReader.read(source, in: set).tests.count == 2)
    }

    @Test func testsDoNotChangeTheHashOfTheRules() throws {
        let with = TestedRules.source([("tests/faults.yaml", "- name: a\n")])
        #expect(try TestedRules.set(with).hash == TestedRules.set(TestedRules.source([])).hash)
        // And rules do.
        let other = TestedRules.source([], faults: TestedRules.faults.replacingOccurrences(of: "within: 40 km", with: "within: 41 km"))
        #expect(try TestedRules.set(other).hash != TestedRules.set(with).hash)
    }

    @Test func aSetKnowsItsModulesAlsoThoseWithoutRules() throws {
        #expect(try TestedRules.set(TestedRules.source([])).moduleFiles == ["escalations.yaml", "faults.yaml", "site.yaml"])
    }
}

@Suite struct VerdictTests {
    private func verdict(_ rule: String, _ report: Report) throws -> RuleVerdict {
        try TestedRules.set(TestedRules.source([])).verdict(on: rule, Fixture.subject(report))
    }

    @Test func itSaysWhyARuleDoesNotTakeAReport() throws {
        #expect(try verdict("faults.hazard-first", Report(type: "fault", category: "fire")) == .takes)
        #expect(try verdict("faults.nothing", Report(type: "fault")) == .unknown)
        guard case .missed("faults.yaml", 11, let part) = try verdict("faults.hazard-first", Report(type: "fault", category: "no_power")) else {
            return #expect(Bool(false), "it is not missed")
        }
        #expect(part.text == "hazard" && part.values.map(\.json) == ["\"no_power\""])
        guard case .below("faults.hazard-first", "faults.yaml", 11, let condition) = try verdict("faults.everything-else", Report(type: "fault", category: "fire"))
        else { return #expect(Bool(false), "it is not below") }
        #expect(condition?.text == "hazard")
        guard case .closed("faults", "faults.yaml", let takes) = try verdict("faults.hazard-first", Report(type: "complaint")) else {
            return #expect(Bool(false), "the module is open")
        }
        #expect(takes.text == "report.type == \"fault\"")
    }
}

@Suite struct CoverageTests {
    private func coverage(_ reports: [Report], faults: String = TestedRules.faults) throws -> RuleCoverage.Module {
        let source = TestedRules.source([], faults: faults)
        let set = try TestedRules.set(source)
        let recorder = CoverageRecorder(source, set)
        for report in reports {
            let subject = Fixture.subject(report)
            recorder.note(subject, set.route(subject, tracing: false))
        }
        return try #require(recorder.coverage().modules.first { $0.file == "faults.yaml" })
    }

    @Test func withoutReportsNothingIsReached() throws {
        let module = try coverage([])
        #expect(module.rules == 3 && module.rulesReached == 0 && module.branchesReached == 0)
        // takes 2, hazard 2, hazard-first 2 and its otherwise, large 6, three rows and their otherwise.
        #expect(module.branches == 2 + 2 + 3 + 6 + 3)
        #expect(module.gaps.filter { $0.kind == .rule }.map(\.rule) == ["faults.hazard-first", "faults.large", "faults.everything-else"])
    }

    @Test func eachComparisonCountsBothWays() throws {
        let fire = Report(type: "fault", category: "fire", site: "urban")
        var module = try coverage([fire])
        #expect(module.rulesReached == 1)
        // takes holds, hazard holds, hazard-first's hazard holds, the row urban.
        #expect(module.branchesReached == 4)
        module = try coverage([fire, Report(type: "fault", customersOut: 100)])
        // hazard and hazard-first's do not hold; large's first holds; the others of it don't; the table's otherwise.
        #expect(module.rulesReached == 2)
        #expect(module.branchesReached == 4 + 2 + 1 + 1 + 1 + 1)
        let gaps = module.gaps.map(\.text)
        #expect(gaps.contains("'report.urgency == \"urgent\"' is never true of a report that faults.large takes"), "\(gaps)")
        #expect(gaps.contains("'!(has(report.feeder))' is never false of a report that comes to faults.large"), "\(gaps)")
        #expect(gaps.contains("no test uses the row 'rural' of the table 'arrival'"), "\(gaps)")
    }

    /// What is true of every report that comes to the last gate can't be shown false, nor its loss be noticed; unless another may come.
    @Test(arguments: [
        ("report.type == \"complaint\"", true), ("!(report.type in [\"fault\", \"application\"])", true), ("report.type == \"complaint\" && report.site == \"urban\"", false),
        ("report.type.size() == 9", false),
    ])
    func aGateThatIsImpliedIsNoGap(_ first: String, _ isImplied: Bool) throws {
        let rest = "route:\n  - name: r\n    task: t\n    assign: { department: operations }\n"
        let files = [
            ("a.yaml", "module: a\ntakes: >-\n  \(first)\n" + rest), ("b.yaml", "module: b\ntakes: report.type in [\"fault\", \"application\"]\n" + rest), ("site.yaml", Fixture.site),
        ]
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
        let set = try TestedRules.set(source)
        let recorder = CoverageRecorder(source, set)
        let subject = Fixture.subject(Report(type: "fault"))
        recorder.note(subject, set.route(subject, tracing: false))
        let gate = "'report.type in [\"fault\", \"application\"]'"
        let gaps = recorder.coverage().modules.filter { $0.file == "b.yaml" }.flatMap(\.gaps).map(\.text)
        #expect(gaps == (isImplied ? [] : [gate + " is never false of a report"]))
        let dropped = RuleMutants(source, set).mutants.filter { $0.place.file == "b.yaml" && $0.change == gate + " is dropped" }
        #expect(dropped.isEmpty == isImplied)
    }

    /// The order of the reports makes no difference: what is put off until a report comes to a rule is not forgotten.
    @Test func theOrderOfReportsMakesNoDifference() throws {
        let reports = [
            Report(type: "fault", category: "fire"), Report(type: "fault", customersOut: 100), Report(type: "complaint"),
            Report(type: "fault", urgency: "urgent", feeder: FeederID("F-1")), Report(type: "fault", site: "rural", urgency: "urgent"), Report(type: "fault"),
        ]
        var random = SeededGenerator(seed: 7)
        let first = try coverage(reports)
        #expect(first.rulesReached == 3)
        for _ in 0..<20 {
            let order = reports.shuffled(using: &random)
            #expect(try coverage(order) == first, "seed 7, \(order.map { $0.category ?? $0.type })")
        }
    }
}

@Suite struct MutantTests {
    private func mutants(_ faults: String = TestedRules.faults) throws -> RuleMutants {
        let source = TestedRules.source([], faults: faults)
        return RuleMutants(source, try TestedRules.set(source))
    }

    @Test func everyKindOfChangeIsMade() throws {
        let changes = Set(try mutants().mutants.map(\.change))
        for change in [
            "'report.type == \"fault\"' is dropped", "'report.type == \"fault\"' becomes 'report.type != \"fault\"'",
            "\"fire\" is no more in 'report.category'", "'hazard' is dropped",
            "'report.customers_out >= 100' becomes 'report.customers_out > 100'", "'report.customers_out >= 100' becomes 'report.customers_out >= 99'",
            "the alternative 'report.customers_out >= 100' is dropped", "'!has(report.feeder)' is dropped", "'!has(report.feeder)' becomes 'has(report.feeder)'",
            "the task is another than 'make_safe'", "the priority is 'low', not 'emergency'", "'accept' is a minute longer", "there is no limit 'arrive'",
            "nobody is told: no 'escalate'", "the rules below are asked too: 'continue: true'", "the crew need not have 'live_line'",
            "crews go any distance: no 'within'", "it waits with 'marketing', not with 'operations'", "the department is 'operations', not 'marketing'",
            "'urban' in the table 'arrival' is a minute longer", "'otherwise' in the table 'arrival' is a minute longer", "the ladder 'repair' has no such rung",
        ] { #expect(changes.contains(change), "\(change)\nis not among\n\(changes.sorted().joined(separator: "\n"))") }
        // For whole numbers `> 100` is `>= 101`.
        #expect(!changes.contains("'report.customers_out >= 100' becomes 'report.customers_out >= 101'"))
    }

    @Test func everyPlaceShowsWhatIsChanged() throws {
        let lines = TestedRules.faults.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
        for mutant in try mutants().mutants where mutant.place.file == "faults.yaml" && mutant.place.line == mutant.place.endLine {
            let line = lines[mutant.place.line - 1]
            let piece = String(line[(mutant.place.column - 1)..<(mutant.place.endColumn - 1)])
            if mutant.change.hasPrefix("'report") || mutant.change.hasPrefix("\"") || mutant.change.hasPrefix("'hazard") {
                #expect(mutant.change.contains(piece), "\(mutant.change): \(piece)")
            }
        }
    }

    /// A mutant matters to a report exactly where it is routed otherwise, and routing by it is routing by rules with that text.
    @Test func aMutantIsTheRulesWithThatText() throws {
        let before = "report.customers_out >= 100"
        let source = TestedRules.source([])
        let set = try TestedRules.set(source)
        let mutants = try mutants()
        let reports = ["line_down", "fire", "no_power"].flatMap { category in
            [Int64(99), 100, 101].flatMap { out in
                ["normal", "urgent"].flatMap { urgency in
                    ["fault", "complaint"].map { Report(type: $0, category: category, site: "rural", urgency: urgency, customersOut: out) }
                }
            }
        }
        let edits = [
            ("report.customers_out > 100", "'\(before)' becomes 'report.customers_out > 100'"),
            ("report.customers_out >= 99", "'\(before)' becomes 'report.customers_out >= 99'"), ("false", "the alternative '\(before)' is dropped"),
        ]
        var differing = 0
        for (text, change) in edits {
            let mutant = try #require(mutants.mutants.first { $0.change == change })
            let edited = try TestedRules.set(TestedRules.source([], faults: TestedRules.faults.replacingOccurrences(of: before, with: text)))
            for report in reports {
                let subject = Fixture.subject(report)
                let plain = set.route(subject, tracing: false)
                let wanted = edited.route(subject, tracing: false).routings.map(\.rule)
                #expect(mutants.route(subject, by: mutant).routings.map(\.rule) == wanted, "\(change): \(report)")
                let matters = mutants.matters(mutant, to: mutants.trail(subject, plain))
                #expect(matters == (wanted != plain.routings.map(\.rule)), "\(change): \(report)")
                differing += matters ? 1 : 0
            }
        }
        #expect(differing > 0)
    }
}

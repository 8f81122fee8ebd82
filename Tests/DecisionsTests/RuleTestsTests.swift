import Domain
import Foundation
import Rules
import Testing

@testable import Decisions

/// A folder of rules with one test file, in memory.
struct TestedFolder {
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, complaint]
          category: [line_down, fire, no_power]
          site: [urban, rural]
          urgency: [normal, urgent]
          critical_class: [class_1]
          skill: [distribution_line, live_line]
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          marketing: { name: 营销, head: u-101 }
        districts:
          lucheng: { zh: 鹿城, lat: 28.0, lon: 120.0, site: urban }
        shifts:
          night: { from: 20:00, until: 08:00 }
        crews:
          roster-1: { department: operations, base: { lat: 28.0, lon: 120.0 }, skills: [distribution_line, live_line] }
        roles:
          duty_manager: { person: u-900 }
        ask_again_after: 5 min

        """

    static let faults = """
        module: faults
        takes: report.type == "fault"
        route:
          - name: hazard-first
            when: report.category in ["line_down", "fire"]
            task: make_safe
            priority: emergency
            assign:
              nearest: crew
              skills: [live_line]
              within: 40 km
              otherwise: { department: operations }
            limits: { accept: 3 min, arrive: 45 min }
            escalate: repair
          - name: critical
            when: customer.critical_class == "class_1" && report.site == "urban"
            task: repair
            assign:
              nearest: crew
              skills: [distribution_line]
          - name: copied
            when: report.urgency == "urgent"
            continue: true
            task: inform
            assign: { department: marketing }
          - name: everything-else
            task: repair
            assign:
              nearest: crew
              skills: [distribution_line]
            limits: { accept: 3 min, arrive: 90 min }
        escalations:
          repair:
            - { at: 50%, tell: assignee }
            - { at: 100%, tell: department.head }
            - { at: 100%, tell: duty_manager }

        """

    static func source(_ tests: String, faults: String = faults) -> RuleSource {
        RuleSource(
            files: [("faults.yaml", faults), ("site.yaml", site), ("tests/faults.yaml", tests)].map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
    }

    static func set(_ source: RuleSource) throws -> RuleSet {
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    static func run(_ tests: String, faults: String = faults) throws -> RuleTestReport {
        let source = source(tests, faults: faults)
        return RuleTests.run(source, in: try set(source))
    }

    /// Two live-line crews and a line crew, on a road to the north.
    static let crews = """
        - with:
            crews:
              a: { base: { lat: 28.01, lon: 120.0 }, skills: [distribution_line] }
              b: { base: { lat: 28.02, lon: 120.0 }, skills: [distribution_line, live_line] }
              c: { base: { lat: 28.03, lon: 120.0 }, skills: [distribution_line, live_line] }

        """
}

@Suite struct RuleTestsTests {
    @Test func theTestOfTheHandbookPasses() throws {
        let report = try TestedFolder.run(
            """
            - name: a fallen line goes to the nearest live-line crew
              with:
                crews:                               # replaces the roster for this test
                  a: { base: { lat: 28.0, lon: 120.6 }, skills: [live_line] }
                  b: { base: { lat: 28.1, lon: 120.9 }, skills: [live_line] }
              report: { type: fault, category: line_down, place: { lat: 28.01, lon: 120.61 }, site: urban }
              expect: { rule: faults.hazard-first, task: make_safe, crew: a, arrive: 45 min }
              then:
                - after: 4 min                       # a has not accepted
                  expect: { crew: b }
            """)
        #expect(report.diagnostics == [])
        #expect(report.outcomes == [RuleTestOutcome(name: "a fallen line goes to the nearest live-line crew", file: "tests/faults.yaml", line: 1, isPassed: true)])
    }

    @Test func withoutCrewsOfItsOwnATestHasTheRoster() throws {
        let report = try TestedFolder.run("- name: n\n  report: { type: fault, place: { lat: 28, lon: 120 } }\n  expect: { crew: roster-1, state: dispatched }\n")
        #expect(report.diagnostics == [])
    }

    /// Every expectation can fail, where it stands, with what came and why.
    @Test(
        "an expectation that does not hold",
        arguments: [
            ("rule: faults.everything-else", "the rule is faults.hazard-first, expected faults.everything-else; it would take the report, but faults.hazard-first (faults.yaml:4) stands above it and does: report.category in [\"line_down\", \"fire\"] (report.category is \"fire\")"),
            ("rule: faults.critical", "the rule is faults.hazard-first, expected faults.critical; faults.critical (faults.yaml:15) does not take it: customer.critical_class == \"class_1\" (customer.critical_class is not given) does not hold"),
            ("rule: fallback", "the rule is faults.hazard-first, expected fallback; faults.hazard-first (faults.yaml:4) takes it: report.category in [\"line_down\", \"fire\"] (report.category is \"fire\") holds"),
            ("task: repair", "task is make_safe, expected repair; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("priority: low", "priority is emergency, expected low; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("crew: a", "the crew is b, expected a; a lacks live_line"),
            ("crew: c", "the crew is b, expected c; c is 3.3 km away; b is nearer: 2.2 km"),
            ("crew: none", "the crew is b, expected none; b goes, 2.2 km away"),
            ("department: marketing", "department is operations, expected marketing; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("skills: [distribution_line]", "skills is live_line, expected distribution_line; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("within: 41 km", "within is 40 km, expected 41 km; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("within: none", "within is 40 km, expected none; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("accept: 4 min", "accept is 3 min, expected 4 min; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("arrive: none", "arrive is 45 min, expected none; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("restore: 3 h", "restore is none, expected 3 h; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("escalate: none", "escalate is repair, expected none; the rule faults.hazard-first (faults.yaml:4) says so"),
            ("state: queued", "the task's state is dispatched, expected queued; crew b has it"),
            ("told: [duty_manager]", "who is told is none, expected u-900"),
        ])
    func unmet(expectation: String, text: String) throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + "- name: n\n  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }\n  expect: { \(expectation) }\n")
        let failure = try #require(report.failures.first)
        #expect(failure.message == "'n': " + text)
        #expect(failure.code == "unmet-expectation" && failure.file == "tests/faults.yaml" && failure.line == 8)
        #expect(failure.column == 13 + (expectation.firstIndex(of: ":").map { expectation.distance(from: expectation.startIndex, to: $0) } ?? 0) + 2)
        #expect(report.failures.count == 1 && report.failed == 1)
    }

    @Test(
        "why nobody goes",
        arguments: [
            ("a: { base: { lat: 29, lon: 120 }, skills: [live_line] }", "a is out of reach: 111 km away, within 40 km"),
            ("a: { base: { lat: 28, lon: 120 }, skills: [live_line], duty: off }", "a is off duty"),
            ("a: { base: { lat: 28, lon: 120 }, skills: [live_line], shift: night }", "a is off duty"),
            ("a: { skills: [live_line] }", "nobody knows where a is (no 'base', no 'place')"),
        ])
    func nobody(crew: String, reason: String) throws {
        let report = try TestedFolder.run(
            """
            - name: n
              with: { crews: { \(crew) } }
              report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
              expect: { crew: a }
            """)
        #expect(report.failures.map(\.message) == ["'n': the crew is none, expected a; \(reason)"])
    }

    @Test func positionsDutyAndTimesCount() throws {
        let report = try TestedFolder.run(
            """
            - name: where a crew is counts, not its base
              with:
                crews:
                  a: { base: { lat: 33, lon: 120 }, place: { lat: 28, lon: 120 }, skills: [live_line] }
                  b: { base: { lat: 28.1, lon: 120 }, skills: [live_line] }
              report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
              expect: { crew: a }
            - name: at night the night shift is there
              with:
                at: 21:00
                crews: { a: { base: { lat: 28, lon: 120 }, skills: [live_line], shift: night } }
              report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
              expect: { crew: a }
            - name: limits run from when it was reported
              with: { crews: none }
              report: { type: fault, category: fire, reported_at: 11:40, place: { lat: 28, lon: 120 } }
              then:
                - after: 24 min
                  expect: { told: none }
                - after: 1 min
                  expect: { told: [department.head, duty_manager] }
            """)
        // 50 % had passed already, and is told with the first tick: the second test of the three would fail without the shift.
        #expect(report.failures.map(\.message) == ["'limits run from when it was reported', after 24 min: who is told is u-301, expected none"])
    }

    @Test func whatIsKnownOfTheCustomerCounts() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + """
                - name: critical
                  with: { customer: { critical_class: class_1 } }
                  report: { type: fault, category: no_power, place: { district: lucheng } }
                  expect: { rule: faults.critical }
                - name: another's facts are not this customer's
                  with: { customer: { account: '1', critical_class: class_1 } }
                  report: { type: fault, category: no_power, customer: '2', place: { district: lucheng } }
                  expect: { rule: faults.everything-else }
                - name: placed by what is known of the customer
                  with: { customer: { lat: 28.02, lon: 120.0 } }
                  report: { type: fault, category: no_power }
                  expect: { crew: b }
                """)
        #expect(report.diagnostics == [])
    }

    @Test func aWholeLifeIsLived() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + """
                - name: from the call to the end
                  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
                  expect: { crew: b, state: dispatched }
                  then:
                    - do: reject
                      expect: { crew: c }
                    - { after: 1 min, do: accept, by: c, expect: { state: accepted } }
                    - { after: 20 min, expect: { told: none } }
                    - { after: 2 min, expect: { told: [c] } }
                    - { do: suspend, expect: { state: suspended, crew: c } }
                    - { after: 10 h, do: resume, expect: { state: accepted, told: none } }
                    - { do: onsite, expect: { state: onsite } }
                    - { assign: b, expect: { crew: b, state: dispatched } }
                    - { priority: low, expect: { priority: low } }
                    - { assign: marketing, by: zhang, expect: { crew: none, department: marketing } }
                    - { do: complete, by: marketing, expect: { state: completed } }
                    - { do: close, expect: { state: closed } }
                """)
        #expect(report.diagnostics == [])
    }

    @Test func severalReportsAreTellable() throws {
        let report = try TestedFolder.run(
            """
            - name: the second waits until the only crew is free
              with: { crews: { a: { base: { lat: 28, lon: 120 }, skills: [live_line] } } }
              report: { id: first, type: fault, category: fire, place: { lat: 28, lon: 120 } }
              expect: { crew: a }
              then:
                - report: { id: second, type: fault, category: fire, place: { lat: 28, lon: 120 } }
                  expect: { crew: none, state: queued }
                - { do: accept, expect: { crew: a, state: accepted } }
                - { about: first, do: complete, expect: { state: completed } }
                - { about: second, expect: { crew: a, state: dispatched } }
            - name: it has its hands full
              with: { crews: { a: { base: { lat: 28, lon: 120 }, skills: [live_line] } } }
              report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
              then:
                - report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
                  expect: { crew: a }
            """)
        #expect(report.failures.map(\.message) == ["'it has its hands full': the crew is none, expected a; a has its hands full (1 of 1)"])
    }

    @Test func severalTasksOfOneReportAreAList() throws {
        let text = { (expect: String) in
            TestedFolder.crews + "- name: n\n  report: { type: fault, urgency: urgent, place: { lat: 28, lon: 120 } }\n  expect: \(expect)\n"
        }
        #expect(try TestedFolder.run(text("[{ rule: faults.copied, department: marketing }, { rule: faults.everything-else, crew: a }]")).diagnostics == [])
        #expect(
            try TestedFolder.run(text("{ rule: faults.copied }")).failures.map(\.message) == [
                "'n': the report came to 2 tasks ('inform' by faults.copied, 'repair' by faults.everything-else), expected 1; write 'expect' as a list, one block for each"
            ])
        #expect(
            try TestedFolder.run(text("[{ rule: faults.copied }]")).failures.map(\.message) == [
                "'n': the report came to 2 tasks ('inform' by faults.copied, 'repair' by faults.everything-else), expected 1"
            ])
        #expect(
            try TestedFolder.run(text("[{ crew: none }, { crew: none }]")).failures.map(\.message) == ["'n': the crew is a, expected none; a goes, 1.1 km away"])
        let steps = """
              then:
                - { task: repair, do: accept, expect: { state: accepted, crew: a } }
                - { task: inform, expect: { state: dispatched } }
                - { expect: { task: inform } }
                - { task: make_safe, do: accept }
            """
        #expect(
            try TestedFolder.run(text("[{ crew: none }, { crew: a }]") + steps).failures.map(\.message) == [
                "'n': the report came to no task 'make_safe', but to 'inform', 'repair'"
            ])
    }

    @Test func whatTheDaemonRefusesEndsATest() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + """
                - name: n
                  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
                  expect: { crew: b }
                  then:
                    - { do: accept, by: a, expect: { crew: a } }
                    - { expect: { crew: nobody-would-see-this } }
                """.replacingOccurrences(of: "nobody-would-see-this", with: "c"))
        let failure = try #require(report.failures.first)
        #expect(report.failures.count == 1 && failure.code == "refused" && failure.line == 10)
        #expect(failure.message.hasPrefix("'n': this would be refused: T-20260715-1 is with b, not with 'a'"), "\(failure.message)")
    }

    @Test func aTestThatNeverEndsIsGivenUp() throws {
        let report = try TestedFolder.run(
            """
            - name: n
              with: { crews: { a: { base: { lat: 28, lon: 120 }, skills: [live_line] } } }
              report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
              then:
                - after: 3000 days
                  expect: { crew: a }
            """)
        #expect(report.failures.map(\.code) == ["endless"])
    }

    @Test func onlyTheFirstMomentThatIsNotAsExpectedIsTold() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + """
                - name: n
                  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }
                  expect: { crew: a, task: repair }
                  then:
                    - { after: 4 min, expect: { crew: b } }
                - name: m
                  report: { type: complaint }
                  expect: { rule: fallback, task: review }
                """)
        #expect(report.failures.map(\.line) == [8, 8])
        #expect(report.passed == 1 && report.failed == 1)
    }

    @Test func whatFollowsFromAnotherRuleIsNotTold() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + "- name: n\n  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }\n  expect: { priority: normal, crew: a, rule: fallback }\n")
        #expect(report.failures.map(\.code) == ["unmet-expectation"])
        #expect(report.failures.first?.message.hasPrefix("'n': the rule is") == true)
    }

    @Test func reportsOfOneTestThatFailAlikeAreToldOnce() throws {
        let report = try TestedFolder.run(
            TestedFolder.crews + "- name: n\n  report: { type: fault, category: [fire, line_down, no_power], place: { lat: 28, lon: 120 } }\n  expect: { priority: low }\n")
        #expect(report.failed == 3)
        #expect(
            report.failures.map(\.message) == [
                "'n (category: fire)' and 1 more of its reports: priority is emergency, expected low; the rule faults.hazard-first (faults.yaml:4) says so",
                "'n (category: no_power)': priority is normal, expected low; the rule faults.everything-else (faults.yaml:26) says so",
            ])
    }

    @Test func mistakesInTheFileAreFailuresToo() throws {
        let report = try TestedFolder.run("- name: n\n  report: { type: falt }\n  expect: { rule: fallback }\n")
        #expect(report.failures.map(\.code) == ["unknown-value"])
        #expect(report.outcomes.isEmpty)
    }
}

@Suite struct MutantTrialTests {
    private func trial(_ tests: String) throws -> MutantReport {
        let source = TestedFolder.source(TestedFolder.crews + tests)
        let set = try TestedFolder.set(source)
        let suite = RuleTestReader.read(source, in: set)
        #expect(RuleTests.run(suite, in: set).diagnostics == [])
        return MutantTrial.run(suite, source: source, in: set)
    }

    private let fire = "- name: fire\n  report: { type: fault, category: fire, place: { lat: 28, lon: 120 } }\n"

    @Test func aTestNoticesWhatItExpectsAndNothingElse() throws {
        let little = try trial(fire + "  expect: { rule: faults.hazard-first }\n")
        let more = try trial(fire + "  expect: { rule: faults.hazard-first, priority: emergency, task: make_safe, arrive: 45 min }\n")
        func unnoticed(_ report: MutantReport, _ words: String) -> Bool { report.survivors.contains { $0.message.contains(words) } }
        for words in ["the priority is 'low'", "the task is another", "'arrive' is a minute longer"] {
            #expect(unnoticed(little, words), "\(words)")
            #expect(!unnoticed(more, words), "\(words)")
        }
        // The set's other member has no test; the report's own is noticed.
        #expect(unnoticed(little, "\"line_down\" is no more in 'report.category'"))
        #expect(!unnoticed(little, "\"fire\" is no more in"))
        #expect(little.tried == more.tried && more.noticed == little.noticed + 3)
        #expect(little.unreached.keys.sorted() == ["faults.copied", "faults.critical", "faults.everything-else"])
        let survivor = try #require(little.survivors.first { $0.message.contains("\"line_down\" is no more in") })
        #expect((survivor.file, survivor.line, survivor.column, survivor.endColumn) == ("faults.yaml", 5, 31, 42))
        #expect(survivor.code == "unnoticed-change" && survivor.severity == .warning)
    }

    @Test func aRungIsNoticedByWhoExpectsToBeTold() throws {
        let steps = "  then:\n    - do: accept\n    - { after: 30 min, expect: { told: [b] } }\n"
        let report = try trial(fire + "  expect: { crew: b }\n" + steps)
        let rungs = report.survivors.filter { $0.message.contains("no such rung") }
        // 50 % is noticed; the two at 100 % are not reached.
        #expect(rungs.map(\.line) == [35, 36])
    }

    @Test func aTestThatFailsNoticesNothing() throws {
        let source = TestedFolder.source(fire + "  expect: { rule: fallback }\n")
        let set = try TestedFolder.set(source)
        let report = MutantTrial.run(RuleTestReader.read(source, in: set), source: source, in: set)
        #expect(report.noticed == 0)
    }
}

/// The rules as they ship, with their tests.
@Suite struct ShippedRuleTests {
    private static func source() throws -> RuleSource {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("rules")
        func files(_ below: String) throws -> [RuleSource.File] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + below).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".csv") }.sorted().map {
                RuleSource.File(name: below + $0, bytes: Array(try Data(contentsOf: folder.appendingPathComponent(below + $0))))
            }
        }
        return RuleSource(files: try files("") + files("tests/"))
    }

    @Test func theyPassAndReachEveryRuleAndBranch() throws {
        let source = try Self.source()
        let set = try TestedFolder.set(source)
        let recorder = CoverageRecorder(source, set)
        let report = RuleTests.run(RuleTestReader.read(source, in: set), in: set) { _, trail in recorder.note(trail) }
        #expect(source.human(report.diagnostics) == "")
        #expect(report.outcomes.count >= 20 && report.skipped == 0)
        let coverage = recorder.coverage()
        #expect(coverage.modules.flatMap(\.gaps).map(\.text) == [])
        let besideRoutes = set.mergeNames.count + set.site.customers.rules.count + set.watch.rules.count + set.watch.maintenance.count
        #expect(coverage.rules == set.ruleCount + besideRoutes + set.site.outageDesk.notices.count + set.lending.count)
        #expect(coverage.rulesReached == coverage.rules && coverage.branchesReached == coverage.branches)
    }

    /// No change of what somebody promised goes unnoticed: only of the times that are ours to suggest.
    @Test func theyNoticeEveryChangeThatMatters() throws {
        let source = try Self.source()
        let set = try TestedFolder.set(source)
        let report = MutantTrial.run(RuleTestReader.read(source, in: set), source: source, in: set)
        #expect(report.unreached == [:] && report.noticed > 90)
        for survivor in report.survivors {
            let file = try #require(source.files.first { $0.name == survivor.file })
            let lines = String(decoding: file.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            let isOurs = survivor.message.contains("'accept' is a minute longer") || lines[survivor.line - 1].contains("✎")
            #expect(isOurs, "\(survivor.message)")
        }
    }

    /// What the README shows passes on the rules with the edit that it shows, and fails without it.
    @Test func theTestOfTheReadmeIsForTheEditOfTheReadme() throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let readme = try String(contentsOf: top.appendingPathComponent("README.md"), encoding: .utf8)
        let section = try #require(readme.range(of: "## A test for the edit\n"))
        let start = try #require(readme.range(of: "```yaml\n", range: section.upperBound..<readme.endIndex))
        let end = try #require(readme.range(of: "```\n", range: start.upperBound..<readme.endIndex))
        var source = try Self.source()
        source.files.removeAll { $0.name.hasPrefix("tests/") }
        source.files.append(.init(name: "tests/faults.yaml", bytes: Array(readme[start.upperBound..<end.lowerBound].utf8)))
        #expect(RuleTests.run(source, in: try TestedFolder.set(source)).failures.map(\.code) == ["unmet-expectation"])
        let index = try #require(source.files.firstIndex { $0.name == "faults.yaml" })
        let text = String(decoding: source.files[index].bytes, as: UTF8.self)
        let limits = try #require(text.range(of: "limits: { accept: 3 min"))
        source.files[index].bytes = Array(text.replacingCharacters(in: limits, with: "limits: { accept: 2 min").utf8)
        let report = RuleTests.run(source, in: try TestedFolder.set(source))
        #expect(source.human(report.diagnostics) == "" && report.passed == 1)
    }

    /// Each module can be deleted or switched off: its tests are not run, and those of the others pass.
    @Test func theyStandAlone() throws {
        for name in ["calendar.yaml", "complaints.yaml", "connections.yaml", "escalations.yaml", "faults.yaml", "monitoring.yaml", "texts.yaml"] {
            let module = String(name.dropLast(5))
            let whole = try Self.source()
            var deleted = whole
            deleted.files.removeAll { $0.name == name }
            var off = whole
            for index in off.files.indices where off.files[index].name == name {
                off.files[index].bytes = Array("module: \(module)\nenabled: false\n".utf8)
            }
            for source in [deleted, off] {
                let report = RuleTests.run(source, in: try TestedFolder.set(source))
                #expect(report.failures == [], "without \(module)")
                // The calendar and the texts have no tests of their own; those of others that need the calendar are not run.
                if module != "texts" { #expect(report.skipped > 0, "without \(module)") }
                #expect(report.passed > 0, "without \(module)")
            }
        }
    }
}

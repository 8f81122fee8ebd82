import ArgumentParser
import City
import Decisions
import Domain
import Foundation
import Rules
import Testing

@testable import paidan

/// `paidan test`, from a folder on the disk to what is shown and the exit code.
@Suite("The page of the rule tests")
struct TestPageTests {
    private let plain = Terminal(isTerminal: false) { _ in nil }

    /// Seven rules that stay as they are, whatever the shipped ones become.
    private static let faults = """
        module: faults
        takes: report.type == "fault"
        let:
          hazard: report.category in ["line_down", "fire"]
        tables:
          arrival:
            by: report.site
            rows: { urban: 45 min, rural: 90 min, remote: 2 h }
            otherwise: 45 min
        route:
          - name: hazard-first
            when: hazard
            task: make_safe
            priority: emergency
            assign: { nearest: crew, skills: [live_line], within: 40 km, otherwise: { department: operations } }
            limits: { accept: 3 min, arrive: arrival }
            escalate: repair
          - name: critical-customer
            when: customer.critical_class != ""
            task: repair
            assign: { nearest: crew, skills: [distribution_line] }
          - name: cable
            when: report.category == "cable_damage"
            task: repair_cable
            assign: { nearest: crew, skills: [cable] }
          - name: meter
            when: report.category == "meter_fault"
            task: check_meter
            assign: { nearest: crew, skills: [metering] }
          - name: equipment-warning
            when: report.category == "overload"
            task: inspect
            assign: { nearest: crew, skills: [distribution_line] }
          - name: large
            when: report.customers_out >= 100
            task: repair
            assign: { nearest: crew, skills: [distribution_line] }
          - name: everything-else
            task: repair
            assign: { nearest: crew, skills: [distribution_line] }

        """

    /// The made-up city's site with those rules, and these tests of them.
    private func source(_ tests: String?) throws -> RuleSource {
        var source = try MadeUpCity(seed: 1).ruleSource()
        source.files.removeAll { !["site.yaml", "escalations.yaml", "network.csv", "calendar.yaml"].contains($0.name) }
        source.files.append(.init(name: "faults.yaml", bytes: Array(Self.faults.utf8)))
        if let tests { source.files.append(.init(name: "tests/faults.yaml", bytes: Array(tests.utf8))) }
        return source
    }

    private func trial(_ source: RuleSource, mutates: Bool = false) throws -> TestTrial {
        let compilation = RuleCompiler.compile(source) { $0 == TimeZoneRules.shanghai.name ? .shanghai : nil }
        return TestTrial.run(source, in: try #require(compilation.set), mutates: mutates)
    }

    private func page(_ tests: String?, _ format: Format = .human, mutates: Bool = false, failUnder: Int? = nil) throws -> [String] {
        let source = try source(tests)
        let page = TestPage(source: source, folder: "rules", format: format, terminal: plain)
        let text = String(decoding: page.shown(try trial(source, mutates: mutates), failUnder: failUnder), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    private let good = "- name: 断线先处理\n  report: { type: fault, category: line_down }\n  expect: { rule: faults.hazard-first, arrive: 45 min }\n"
    private var bad: String { good.replacingOccurrences(of: "45 min", with: "90 min") }

    @Test("what passes, what it reaches and what it does not")
    func passes() throws {
        let lines = try page(good)
        #expect(
            Array(lines.prefix(7)) == [
                "MODULE            RULES REACHED  BRANCHES REACHED",
                "escalations.yaml              -           0 of 11",
                "faults.yaml              1 of 7           5 of 21",
                "all                      1 of 7           5 of 32",
                "",
                "Not reached:",
                "  rules/faults.yaml:18:11: no test reaches faults.critical-customer",
            ])
        #expect(lines.last == "rules: the test passes")
        #expect(lines.allSatisfy { Cells.width(of: $0) <= Table.cellsMax }, "\(lines)")
    }

    @Test("what fails stands above, with its line and a caret")
    func fails() throws {
        let lines = try page(bad)
        #expect(
            Array(lines.prefix(3)) == [
                "rules/tests/faults.yaml:3:48: error[unmet-expectation]: '断线先处理': arrive is 45 min, expected 1 h 30 min; the rule faults.hazard-first (faults.yaml:11) says so",
                "      expect: { rule: faults.hazard-first, arrive: 90 min }",
                "                                                   ^^^^^^",
            ])
        #expect(lines.last == "rules: 1 of 1 test failed")
    }

    @Test("without tests it says how to write the first")
    func none() throws {
        let lines = try page(nil)
        #expect(lines[0] == "rules: there are no tests. To write the first, make the file tests/faults.yaml in that folder:")
        // What it shows is a test that passes.
        let shown = lines.dropFirst(2).map { String($0.dropFirst(4)) }.joined(separator: "\n")
        #expect(try trial(try source(shown)).report.passed == 1)
        #expect(try page(nil, failUnder: 1).last == "rules: the tests reach 0 of 7 rules, less than 1 %")
    }

    @Test("how many rules are enough is counted to the rule")
    func enough() throws {
        let trial = try trial(try source(good))
        #expect(trial.coverage.rulesReached == 1 && trial.coverage.rules == 7)
        #expect(trial.reaches(nil) && trial.reaches(0) && trial.reaches(14))
        // 1 of 7 is more than 14 % and less than 15 %.
        #expect(!trial.reaches(15) && !trial.reaches(100))
    }

    @Test("for programs: one object a line")
    func json() throws {
        let lines = try page(bad, .json, mutates: true).map { try JSONValue.parse($0) }
        #expect(lines[0].text("code") == "unmet-expectation" && lines[0]["line"]?.int == 3)
        #expect(lines.dropFirst().map { $0.text("kind") }.allSatisfy { ["test", "coverage", "gap", "mutant", "summary"].contains($0) })
        let test = try #require(lines.first { $0.text("kind") == "test" })
        #expect(test.text("name") == "断线先处理" && test["passed"]?.bool == false && test.text("file") == "tests/faults.yaml")
        let summary = try #require(lines.last)
        #expect(summary["tests"]?.int == 1 && summary["failed"]?.int == 1 && summary["rules"]?.int == 7 && summary["rules_reached"]?.int == 1)
    }

    @Test("changes that no test notices are named")
    func mutants() throws {
        let lines = try page(good, mutates: true)
        let named = lines.contains {
            $0.hasPrefix("rules/faults.yaml:14:15: warning[unnoticed-change]: no test notices when the priority is 'low', not 'emergency' (faults.hazard-first)")
        }
        #expect(named, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("no test reaches faults.cable: none of ") }, "\(lines)")
        #expect(lines.contains { $0.contains("changes of the rules tried: the tests notice ") }, "\(lines)")
        #expect(!lines.contains { $0.contains("'urban' in the table 'arrival'") && $0.contains("notices") && good.contains("site: urban") })
    }

    @Test(
        "the exit code",
        arguments: [
            ("45 min", [], 0), ("45 min", ["--fail-under", "14"], 0), ("45 min", ["--fail-under", "15"], 1), ("90 min", [], 1), ("90 minutes", [], 1),
        ] as [(String, [String], Int32)])
    func exitCode(arrive: String, flags: [String], code: Int32) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("paidan-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appendingPathComponent("tests"), withIntermediateDirectories: true)
        for file in try source(good.replacingOccurrences(of: "45 min", with: arrive)).files {
            try Data(file.bytes).write(to: folder.appendingPathComponent(file.name))
        }
        #expect(run(["--rules", folder.path, "--format", "json"] + flags) == code)
        // Rules with an error have no tests that could be run.
        try Data("module: faults\nroute: []\n".utf8).write(to: folder.appendingPathComponent("faults.yaml"))
        #expect(run(["--rules", folder.path, "--format", "json"] + flags) == 1)
    }

    private func run(_ arguments: [String]) -> Int32 {
        do {
            let command = try TestCommand.parse(arguments)
            try command.run()
            return 0
        } catch {
            return (error as? ExitCode)?.rawValue ?? -1
        }
    }
}

import ArgumentParser
import Decisions
import Domain
import Rules

struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Runs the tests beside the rules, and says what they do not reach.",
        discussion: """
            The tests of a module stand in a file of its name below 'tests': tests/faults.yaml belongs to faults.yaml. Each is a small \
            story: with these crews this report comes in, and this is expected of it, at once and as time passes. It is lived through the \
            same decisions as the daemon's, on a clock of its own; nothing is changed and nobody is sent. Lines that teach stand at the \
            head of the shipped tests/faults.yaml.

            A rule is reached when it takes a report of a test. A branch is one way that something can go: each comparison of a condition \
            true (of a report that the rule took) and false (of a report that came to it), each row of a table, each 'otherwise' (nobody \
            could go), each rung of a ladder.

            With --mutate the rules are changed a little, one change at a time: a part of a condition dropped, a bound moved, another \
            task, a limit a minute longer; and every change that no test notices is named.

            Exit code 0: every test passes; 1: one fails, a file has errors, or the tests reach fewer rules than --fail-under wants.
            """)

    @OptionGroup var rules: RulesOption
    @OptionGroup var output: FormatOption
    @Option(help: ArgumentHelp("Fails when the tests reach fewer than so many per cent of the rules.", valueName: "PCT"))
    var failUnder: Int?
    @Flag(help: "Changes the rules a little, and names each change that no test notices.")
    var mutate = false

    func validate() throws {
        if let failUnder, !(0...100).contains(failUnder) { throw ValidationError("--fail-under \(failUnder): a share of the rules, 0 to 100") }
    }

    func run() throws {
        let (source, compilation) = try compile(rules.folder)
        let page = TestPage(source: source, folder: rules.folder, format: output.format)
        guard let set = compilation.set else {
            Out.bytes(page.broken(compilation))
            throw ExitCode.failure
        }
        let trial = TestTrial.run(source, in: set, mutates: mutate)
        Out.bytes(page.shown(trial, failUnder: failUnder))
        if !trial.report.failures.isEmpty || !trial.reaches(failUnder) { throw ExitCode.failure }
    }
}

/// What came of the tests of a folder.
struct TestTrial {
    var report: RuleTestReport
    var coverage: RuleCoverage
    var mutants: MutantReport?

    static func run(_ source: RuleSource, in set: RuleSet, mutates: Bool) -> TestTrial {
        let suite = RuleTestReader.read(source, in: set)
        let recorder = CoverageRecorder(source, set)
        let report = RuleTests.run(suite, in: set) { _, trail in recorder.note(trail) }
        return TestTrial(
            report: report, coverage: recorder.coverage(), mutants: mutates ? MutantTrial.run(suite, source: source, in: set) : nil)
    }

    /// Whether the tests reach enough of the rules; without a wish they always do. To the rule, not to a rounded per cent.
    func reaches(_ percent: Int?) -> Bool {
        guard let percent else { return true }
        return coverage.rulesReached * 100 >= percent * coverage.rules
    }
}

/// What `paidan test` shows.
struct TestPage {
    /// So many branches that are not reached are shown to a person; programs get all.
    static let gapsMax = 40

    let source: RuleSource
    let folder: String
    let format: Format
    var terminal = Terminal.output

    private func count(_ n: Int, _ word: String) -> String { "\(n) \(word)\(n == 1 ? "" : "s")" }

    /// Rules that have errors: their tests can't be run.
    func broken(_ compilation: Compilation) -> [UInt8] {
        let errors = compilation.diagnostics.filter { $0.severity == .error }
        switch format {
        case .json: return errors.flatMap { $0.json() + [0x0A] }
        case .human:
            return Array(source.human(errors, folder: folder).utf8)
                + Array("\(folder): \(count(compilation.errorCount, "error")) in the rules; the tests are not run\n".utf8)
        }
    }

    func shown(_ trial: TestTrial, failUnder: Int?) -> [UInt8] {
        switch format {
        case .json: json(trial)
        case .human: Array((human(trial, failUnder: failUnder).joined(separator: "\n") + "\n").utf8)
        }
    }

    // MARK: For people

    private func human(_ trial: TestTrial, failUnder: Int?) -> [String] {
        let (report, coverage) = (trial.report, trial.coverage)
        var lines: [String] = []
        if !report.diagnostics.isEmpty { lines.append(String(source.human(report.diagnostics, folder: folder).dropLast())) }
        if report.outcomes.isEmpty, report.failures.isEmpty {
            lines += nothing(report.skipped)
        } else {
            lines += table(coverage)
            lines += gaps(coverage)
            if let mutants = trial.mutants { lines += self.mutants(mutants) }
            lines.append(verdict(report))
        }
        if let failUnder, !trial.reaches(failUnder) {
            lines.append(
                terminal.paint("\(folder): the tests reach \(coverage.rulesReached) of \(count(coverage.rules, "rule")), less than \(failUnder) %", .red))
        }
        return lines
    }

    private func nothing(_ skipped: Int) -> [String] {
        guard skipped == 0 else { return ["\(folder): no test was run; \(count(skipped, "test")) of modules that are not there or switched off"] }
        return [
            "\(folder): there are no tests. To write the first, make the file tests/faults.yaml in that folder:",
            "",
            "    - name: a fallen line is made safe first",
            "      report: { type: fault, category: line_down }",
            "      expect: { rule: faults.hazard-first, priority: emergency }",
        ]
    }

    private func verdict(_ report: RuleTestReport) -> String {
        let skipped = report.skipped == 0 ? "" : ", \(report.skipped) not run"
        let mistakes = report.failures.count
        if report.failed > 0 { return terminal.paint("\(folder): \(report.failed) of \(count(report.outcomes.count, "test")) failed\(skipped)", .red) }
        if mistakes > 0 { return terminal.paint("\(folder): \(count(mistakes, "error")) in the tests; \(count(report.passed, "test")) passed\(skipped)", .red) }
        return terminal.paint("\(folder): \(report.outcomes.count == 1 ? "the test passes" : "all \(report.outcomes.count) tests pass")\(skipped)", .green)
    }

    private func table(_ coverage: RuleCoverage) -> [String] {
        func of(_ reached: Int, _ all: Int) -> Cell { all == 0 ? Cell("-", .faint) : Cell("\(reached) of \(all)", reached < all ? .yellow : nil) }
        var table = Table(columns: [
            .init(title: "MODULE", shrinksTo: 20), .init(title: "RULES REACHED", right: true), .init(title: "BRANCHES REACHED", right: true),
        ])
        for module in coverage.modules where module.rules + module.branches > 0 {
            table.rows.append([Cell(module.file), of(module.rulesReached, module.rules), of(module.branchesReached, module.branches)])
        }
        if table.rows.count > 1 {
            table.rows.append([Cell("all"), of(coverage.rulesReached, coverage.rules), of(coverage.branchesReached, coverage.branches)])
        }
        return table.rows.isEmpty ? [] : table.lines(on: terminal) + [""]
    }

    private func gaps(_ coverage: RuleCoverage) -> [String] {
        let gaps = coverage.modules.flatMap(\.gaps)
        guard !gaps.isEmpty else { return [] }
        // Rules first: whoever reaches them reaches most branches.
        let sorted = gaps.filter { $0.kind == .rule } + gaps.filter { $0.kind == .branch }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        var lines = ["Not reached:"]
        for gap in sorted.prefix(Self.gapsMax) {
            let wrapped = Cells.wrapped(gap.text, to: Table.cellsMax - 6)
            let place = "\(prefix)\(gap.file):\(gap.line):\(gap.column):"
            if Cells.width(of: place) + Cells.width(of: gap.text) + 3 <= Table.cellsMax {
                lines.append("  \(place) \(gap.text)")
            } else {
                lines += ["  \(place)"] + wrapped.map { "      \($0)" }
            }
        }
        if sorted.count > Self.gapsMax { lines.append("  … and \(sorted.count - Self.gapsMax) more; --format json has all of them") }
        return lines + [""]
    }

    private func mutants(_ mutants: MutantReport) -> [String] {
        var lines = mutants.survivors.isEmpty ? [] : [source.human(mutants.survivors, folder: folder)]
        for (rule, changes) in mutants.unreached.sorted(by: { $0.key < $1.key }) {
            lines.append("no test reaches \(rule): none of \(count(changes, "change")) of it would be noticed")
        }
        let unnoticed = mutants.survivors.count
        lines.append(
            "\(count(mutants.tried, "change")) of the rules tried: "
                + (unnoticed == 0 ? "the tests notice each" : "the tests notice \(mutants.noticed), \(unnoticed) they do not"))
        return lines + [""]
    }

    // MARK: For programs

    /// One object a line: mistakes and failed expectations as `check` has them, then `test`, `coverage`, `gap`, `mutant` and `summary`.
    private func json(_ trial: TestTrial) -> [UInt8] {
        var bytes: [UInt8] = []
        func line(_ kind: String, _ body: (inout JSONWriter) -> Void) {
            var json = JSONWriter()
            json.object {
                $0.field("kind", kind)
                body(&$0)
            }
            json.newline()
            bytes += json.bytes
        }
        for diagnostic in trial.report.diagnostics { bytes += diagnostic.json() + [0x0A] }
        for outcome in trial.report.outcomes {
            line("test") {
                $0.field("name", outcome.name)
                $0.field("file", outcome.file)
                $0.field("line", outcome.line)
                $0.field("passed", outcome.isPassed)
            }
        }
        for module in trial.coverage.modules {
            line("coverage") {
                $0.field("file", module.file)
                $0.field("rules", module.rules)
                $0.field("rules_reached", module.rulesReached)
                $0.field("branches", module.branches)
                $0.field("branches_reached", module.branchesReached)
            }
            for gap in module.gaps {
                line("gap") {
                    $0.field("of", gap.kind.rawValue)
                    $0.field("file", gap.file)
                    $0.field("line", gap.line)
                    $0.field("column", gap.column)
                    $0.field("rule", gap.rule)
                    $0.field("message", gap.text)
                }
            }
        }
        for survivor in trial.mutants?.survivors ?? [] {
            line("mutant") {
                $0.field("file", survivor.file)
                $0.field("line", survivor.line)
                $0.field("column", survivor.column)
                $0.field("end_line", survivor.endLine)
                $0.field("end_column", survivor.endColumn)
                $0.field("code", survivor.code)
                $0.field("message", survivor.message)
            }
        }
        line("summary") {
            $0.field("tests", trial.report.outcomes.count)
            $0.field("passed", trial.report.passed)
            $0.field("failed", trial.report.failed)
            $0.field("not_run", trial.report.skipped)
            $0.field("errors", trial.report.failures.count)
            $0.field("rules", trial.coverage.rules)
            $0.field("rules_reached", trial.coverage.rulesReached)
            $0.field("percent", trial.coverage.percent)
            $0.field("branches", trial.coverage.branches)
            $0.field("branches_reached", trial.coverage.branchesReached)
            if let mutants = trial.mutants {
                $0.field("changes", mutants.tried)
                $0.field("changes_noticed", mutants.noticed)
                $0.field("changes_unreached", mutants.unreached.values.reduce(0, +))
            }
        }
        return bytes
    }
}

import API
import ArgumentParser
import Daemon
import Domain
import Rules

struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks the rule files and lists every mistake.",
        discussion: """
            Reads every file of the folder as the daemon would, and changes nothing. Each mistake comes with file, line and column, the \
            line itself, and what would be right. Exit code 0: no errors (there may be warnings); 1: errors.

            With --schema: prints a JSON Schema of the rule files and of their tests instead, for editors; with --rules, the names are those that the site declares.
            """)

    @OptionGroup var rules: RulesOption
    @OptionGroup var output: FormatOption
    @Flag(help: "Print a JSON Schema of the rule files and of their tests, for editors.") var schema = false

    func run() throws {
        if schema {
            let site = try rules.rules.flatMap { try compile($0).compilation.set?.site }
            return Out.bytes(RuleFileSchema.json(site: site))
        }
        let (source, compilation) = try compile(rules.folder)
        let (errors, warnings) = (compilation.errorCount, compilation.warningCount)
        switch output.format {
        case .json:
            for diagnostic in compilation.diagnostics { Out.bytes(diagnostic.json() + [0x0A]) }
        case .human:
            Out.bytes(Array(source.human(compilation.diagnostics, folder: rules.folder).utf8))
            func count(_ n: Int, _ word: String) -> String { "\(n) \(word)\(n == 1 ? "" : "s")" }
            if let set = compilation.set, errors == 0 {
                Out.line("\(rules.folder): good: \(count(set.ruleCount, "rule")), \(count(set.site.crews.count, "crew")), \(count(warnings, "warning")), hash \(set.hash)")
            } else {
                Out.line("\(rules.folder): \(count(errors, "error")), \(count(warnings, "warning")); 'paidan reload' would refuse it")
            }
        }
        if compilation.set == nil || errors > 0 { throw ExitCode.failure }
    }
}

/// Reads and compiles a rules folder, without a daemon.
func compile(_ folder: String) throws -> (source: RuleSource, compilation: Compilation) {
    let source: RuleSource
    do {
        source = try RuleFolder.read(folder)
    } catch {
        Out.error(error.description)
        throw ExitCode.failure
    }
    return (source, RuleCompiler.compile(source, zone: RuleFolder.zone))
}

struct Route: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries reports against the rules: which rule takes each, and what would come of it.",
        discussion: """
            Reads reports as JSON lines and changes nothing; no daemon is needed. For each report one line: its id, the rule that takes it \
            ('fallback' when none does), the kind of work, and who would get it; for a report that the daemon would refuse, the reason. \
            A report is completed by the network register of the rules folder first, as the daemon does it. What the daemon has stored \
            about customers is not known here: a rule that asks for it may take another report there.

            Example:
              echo '{"id":"1","type":"fault","category":"line_down"}' | paidan route --rules rules
            """)

    @Argument(help: ArgumentHelp("JSON lines, one report each; '-' or nothing: standard input.", valueName: "FILE")) var file: String?
    @Flag(help: "At the end, a line with the numbers of rules and reports, and the CPU time for reading and matching one report in µs.")
    var stats = false
    @OptionGroup var rules: RulesOption
    @Option(help: ArgumentHelp("'json': one JSON object a line; 'human' for reading.", valueName: "human|json"))
    var format: Format = .json

    func run() throws {
        let started = cpuNanoseconds()
        let (source, compilation) = try compile(rules.folder)
        guard let set = compilation.set else {
            let errors = compilation.errorCount
            Out.errorText(source.human(compilation.diagnostics.filter { $0.severity == .error }, folder: rules.folder))
            throw fail(
                DoorFault(
                    what: "cannot try the rules in \(rules.folder)", why: "\(errors) error\(errors == 1 ? "" : "s") in them",
                    remedy: "mend what is named above"))
        }
        let loaded = cpuNanoseconds()
        var trial = DryRun(set: set, format: format, now: now())
        try readLines(of: file) { trial.take($0) }
        trial.flush()
        if stats { Out.bytes(trial.stats(load_ns: loaded - started) + [0x0A]) }
    }
}

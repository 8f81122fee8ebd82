import Domain
import Rules

/// Which rules the daemon starts with: those of the folder, or, where they have errors, the last good ones.
struct RulesAtStart {
    let set: RuleSet
    /// The folder could not be used: why, one line for each diagnostic.
    let refusal: [String]?

    /// - Throws: exit code 78 where neither can be used: a restart can't help, somebody has to mend the rules.
    static func load(folder: String, lastGood: LastGoodRules) throws(StartFailure) -> RulesAtStart {
        var complaints: [String] = []
        var headlines: [String] = []
        do {
            let source = try RuleFolder.read(folder)
            let compilation = RuleCompiler.compile(source, zone: RuleFolder.zone)
            complaints = DiagnosticText.human(compilation.diagnostics, source: source, folder: folder)
            headlines = DiagnosticText.headlines(compilation.diagnostics, folder: folder)
            if let set = compilation.set {
                // Kept for the next start: the daemon itself is the proof that they can be used. It goes on without.
                try? lastGood.write(source)
                return RulesAtStart(set: set, refusal: nil)
            }
        } catch {
            complaints = [error.description]
            headlines = complaints
        }
        guard let source = lastGood.read(), let set = RuleCompiler.compile(source, zone: RuleFolder.zone).set else {
            throw StartFailure(
                complaints.joined(separator: "\n")
                    + "\npaidan: no usable rules: \(folder) has errors and there is no earlier good set; mend them (paidan check --rules \(folder)), then: systemctl start paidan",
                exitCode: 78)
        }
        return RulesAtStart(set: set, refusal: headlines)
    }
}

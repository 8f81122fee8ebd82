import Domain
import Rules

/// Which rules the daemon starts with: those of the folder, or, where they have errors, the last good ones.
///
/// Nothing is proved about the set as a whole: READY does not wait for findings, they follow in the journal.
struct RulesAtStart {
    let set: RuleSet
    /// The files that the set was made of.
    let source: RuleSource
    /// Has read them, and remembers for the first reload.
    let workshop: Confined<RuleWorkshop>
    /// The folder could not be used: why, one line for each diagnostic.
    let refusal: [String]?

    /// - Throws: exit code 78 where neither can be used: a restart can't help, somebody has to mend the rules.
    static func load(folder: String, lastGood: LastGoodRules) throws(StartFailure) -> RulesAtStart {
        let workshop = RuleWorkshop()
        let kept = lastGood.read()
        var complaints: [String] = []
        var headlines: [String] = []
        do {
            let source = try RuleFolder.read(folder, inForce: kept)
            let compilation = workshop.compile(source, proves: false, zone: RuleFolder.zone)
            if let set = compilation.set {
                // Kept for the next start: the daemon itself is the proof that they can be used. It goes on without.
                if kept.map({ !lastGood.holds(source, $0) }) ?? true { try? lastGood.write(source) }
                return RulesAtStart(set: set, source: source, workshop: Confined(workshop), refusal: nil)
            }
            complaints = DiagnosticText.human(compilation.diagnostics, source: source, folder: folder)
            headlines = DiagnosticText.headlines(compilation.diagnostics, folder: folder)
        } catch {
            complaints = [error.description]
            headlines = complaints
        }
        guard let kept, let set = workshop.compile(kept, proves: false, zone: RuleFolder.zone).set else {
            throw StartFailure(
                complaints.joined(separator: "\n")
                    + "\npaidan: no usable rules: \(folder) has errors and there is no earlier good set; mend them (paidan check --rules \(folder)), then: systemctl start paidan",
                exitCode: 78)
        }
        return RulesAtStart(set: set, source: kept, workshop: Confined(workshop), refusal: headlines)
    }
}

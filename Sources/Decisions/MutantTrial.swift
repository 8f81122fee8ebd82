import Domain
package import Rules

/// Changes the rules a little, one change at a time, and looks whether any test notices.
package enum MutantTrial {
    /// - Parameter suite: tests that all pass. One that fails is left out: it notices everything.
    /// - Parameter files: module files that are changed; nil: all.
    package static func run(_ suite: RuleTestSuite, source: RuleSource, in set: RuleSet, files: Set<String>? = nil) -> MutantReport {
        let mutants = RuleMutants(source, set, files: files)
        var houses = TestHouses(set)

        // Where the reports of each test go, and who was told in it.
        var tests: [(test: RuleTest, routes: [RouteTrail], rungs: Set<RuleTestTrail.ToldRung>)] = []
        for test in suite.tests {
            var life = TestLife(test, houses.house(for: test)) { set.route($0, tracing: false) }
            guard life.live() == nil else { continue }
            tests.append((test, life.trail.routes.map { mutants.trail($0.subject, $0.result) }, life.trail.rungs))
        }
        let reached = Set(tests.flatMap { $0.routes.flatMap { mutants.rules(of: $0) } })

        var report = MutantReport()
        for mutant in mutants.mutants {
            if let rule = mutant.rule, !reached.contains(rule) {
                report.unreached[rule, default: 0] += 1
                continue
            }
            report.tried += 1
            var seen = 0
            let isNoticed = tests.contains { entry in
                if let rung = mutants.rung(of: mutant) {
                    guard entry.rungs.contains(RuleTestTrail.ToldRung(ladder: rung.ladder, percent: rung.percent)) else { return false }
                } else {
                    guard entry.routes.contains(where: { mutants.matters(mutant, to: $0) }) else { return false }
                }
                seen += 1
                let house = houses.house(for: entry.test, ladders: mutants.ladders(of: mutant))
                var life = TestLife(entry.test, house) { mutants.route($0, by: mutant) }
                return life.live() != nil
            }
            if isNoticed { report.noticed += 1 } else { report.survivors.append(mutant.diagnostic(RuleTestWording.unnoticed(mutant, seen: seen))) }
        }
        return report
    }
}

package struct MutantReport: Sendable {
    package var tried = 0
    package var noticed = 0
    /// One warning for each change that no test notices, in the order of the files.
    package var survivors: [Diagnostic] = []
    /// Rules that no test reaches, with the number of their changes: nobody would notice any.
    package var unreached: [String: Int] = [:]
}

import CEL
import Domain

/// A small change of the rules that tests ought to notice.
package struct RuleMutant: Sendable {
    /// The rule that it changes; nil: a `let`, `takes`, a table or a ladder.
    package var rule: String?
    /// Where: from 1, as diagnostics have it.
    package var place: Place
    /// In words: `'report.customers_out >= 100' becomes 'report.customers_out > 100'`.
    package var change: String
    /// What a test that would notice it looks like; nil: plain.
    package var hint: String?
    let effect: Effect

    package struct Place: Sendable, Hashable {
        package var file: String
        package var line: Int
        package var column: Int
        package var endLine: Int
        package var endColumn: Int
    }

    /// What of a module is another.
    struct Effect: Sendable {
        var module = -1
        /// By the numbers of the rules; nil: the rule takes every report.
        var conditions: [Int: Expression?] = [:]
        var takes: Expression?
        var outcomes: [Int: Outcome] = [:]
        /// The ladder that lost the rungs at a height.
        var rung: (ladder: String, percent: Int, left: [String: Ladder])?
    }

    /// As `check` shows its findings.
    package func diagnostic(_ message: String) -> Diagnostic {
        Diagnostic(
            file: place.file, line: place.line, column: place.column, endLine: place.endLine, endColumn: place.endColumn, severity: .warning,
            code: RuleTestCode.unnoticedChange.rawValue, message: message)
    }
}

/// Where a report went without any change: what decides whether a mutant can matter to it.
package struct RouteTrail: Sendable {
    let subject: RouteSubject
    /// The module that has it; nil: none.
    let home: Int?
    /// The rules that took it, in order.
    let taken: [Int]
    /// The last rule that it came to.
    let last: Int
}

/// Makes the mutants of a set, and routes reports by them.
///
/// - `when`, `let` and `takes`: a part of an `&&` is dropped, an alternative of an `||` is dropped, a `!` is dropped, a bound is let in or out
///   (`>=` and `>`), a whole bound is moved by one, an equality is turned round, a member of a set is dropped.
/// - What a rule makes: another task, another priority, each limit a minute longer or none, each skill dropped, `within` dropped, another
///   department, `escalate` dropped, `continue` turned round.
/// - Each time of a table a minute longer; each rung of a ladder dropped.
package struct RuleMutants {
    private let set: RuleSet
    package private(set) var mutants: [RuleMutant] = []

    /// - Parameter files: module files that are changed; nil: all.
    package init(_ source: RuleSource, _ set: RuleSet, files: Set<String>? = nil) {
        self.set = set
        let map = RuleMap(source, set, files: files)
        for module in map.modules {
            var maker = MutantMaker(set, module)
            maker.make()
            mutants += maker.mutants
        }
        for ladder in map.ladders { rungs(ladder) }
    }

    private mutating func rungs(_ rungs: RuleMap.Rungs) {
        guard let ladder = set.ladders[rungs.ladder] else { return }
        for (index, rung) in rungs.rungs.enumerated() where index < ladder.rungs.count {
            var left = ladder
            left.rungs.remove(at: index)
            var ladders = set.ladders
            ladders[rungs.ladder] = left
            mutants.append(
                RuleMutant(
                    rule: nil, place: MutantMaker.place(rung.node.range, rungs.source, rungs.file),
                    change: "the ladder '\(rungs.ladder)' has no such rung", hint: "add 'told' to the 'expect' of a step after \(rung.percent)% of a limit",
                    effect: .init(rung: (rungs.ladder, rung.percent, ladders))))
        }
    }

    // MARK: Routing

    /// Where a report went, from what the rules said.
    package func trail(_ subject: RouteSubject, _ result: RouteResult) -> RouteTrail {
        let places = result.routings.compactMap { set.place(of: $0.rule) }
        let activation = ReportActivation(subject, set.site)
        let home = places.first?.module ?? set.modules.firstIndex { $0.takes.map { (try? $0.expression.matches(activation)) == true } ?? true }
        guard let home else { return RouteTrail(subject: subject, home: nil, taken: [], last: -1) }
        let module = set.modules[home]
        let last = places.last.flatMap { module.rules[$0.rule].continues ? nil : $0.rule } ?? module.rules.count - 1
        return RouteTrail(subject: subject, home: home, taken: places.map(\.rule), last: last)
    }

    /// The rules that took a report, by their names.
    package func rules(of trail: RouteTrail) -> [String] {
        guard let home = trail.home else { return [] }
        return trail.taken.map { set.modules[home].name(of: set.modules[home].rules[$0]) }
    }

    /// Whether a mutant makes a difference to where a report goes, or to what comes of it.
    package func matters(_ mutant: RuleMutant, to trail: RouteTrail) -> Bool {
        let effect = mutant.effect
        let activation = ReportActivation(trail.subject, set.site)
        if let takes = effect.takes {
            guard trail.home.map({ $0 >= effect.module }) ?? true else { return false }
            if ((try? takes.matches(activation)) == true) != (trail.home == effect.module) { return true }
        }
        guard trail.home == effect.module else { return false }
        if trail.taken.contains(where: { effect.outcomes[$0] != nil }) { return true }
        for (rule, condition) in effect.conditions where rule <= trail.last {
            let holds = condition.map { (try? $0.matches(activation)) == true } ?? true
            if holds != trail.taken.contains(rule) { return true }
        }
        return false
    }

    /// The mutant's rung, if it is one: for lives that came to it.
    package func rung(of mutant: RuleMutant) -> (ladder: String, percent: Int)? { mutant.effect.rung.map { ($0.ladder, $0.percent) } }

    /// The ladders that a mutant leaves; nil: it changes none.
    package func ladders(of mutant: RuleMutant) -> [String: Ladder]? { mutant.effect.rung?.left }

    /// As `RuleSet.route`, with the mutant's change: every condition is run, in order.
    package func route(_ subject: RouteSubject, by mutant: RuleMutant) -> RouteResult {
        let effect = mutant.effect
        let activation = ReportActivation(subject, set.site)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: set.matcher.roomForKeys) { values in
            values.initialize(repeating: 0)
            let keys = ReportKeys(matcher: set.matcher, values: values)
            for (number, module) in set.modules.enumerated() {
                let isChanged = number == effect.module
                let takes = isChanged ? effect.takes ?? module.takes?.expression : module.takes?.expression
                if let takes, (try? takes.matches(activation)) != true { continue }
                var result = RouteResult(routings: [], failures: [])
                for (place, rule) in module.rules.enumerated() {
                    if isChanged, let condition = effect.conditions[place] {
                        if let condition, (try? condition.matches(activation)) != true { continue }
                    } else if rule.hasCondition {
                        guard (try? set.holds(rule, module, activation, keys)) == true else { continue }
                    }
                    let changed = isChanged ? effect.outcomes[place] : nil
                    let outcome = changed ?? module.outcome(of: rule)
                    result.routings.append(
                        Routing(
                            rule: module.name(of: rule), task: outcome.task, priority: outcome.priority, assign: outcome.assign,
                            limits: set.limits(of: outcome, activation), escalate: outcome.escalate, trace: nil, process: outcome.process,
                            share: outcome.share, answer: outcome.answer))
                    if !(changed?.continues ?? rule.continues) { break }
                }
                if !result.routings.isEmpty { result.merges = set.merges(module, activation, &result.failures) }
                return result
            }
            return RouteResult(routings: [], failures: [])
        }
    }
}

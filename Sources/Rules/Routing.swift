import CEL
import Domain

extension RuleSet {
    /// Rules that are looked at for the nearest miss: so many of those right above the winner, and so many of those that the index could not
    /// rule out. What tracing costs stays bounded by it, whatever the number of rules.
    static let nearMissRulesMax = 32

    /// Which rules take a report, first match first. Pure; the same for the same arguments.
    ///
    /// - The first module (in byte order of the file names) whose `takes` holds has the report; no other is asked.
    /// - Its rules are tried from top to bottom; the first that matches takes it; one with `continue: true` takes it and goes on.
    /// - A condition that fails while it runs does not match, and is returned.
    ///
    /// Conditions that the index proves false are not run; the outcome is that of running every one, the failures and their order included.
    package func route(_ subject: RouteSubject, tracing: Bool) -> RouteResult {
        var effort = RouteEffort()
        return route(subject, tracing: tracing, &effort)
    }

    /// As `route(_:tracing:)`, and adds what it took.
    package func route(_ subject: RouteSubject, tracing: Bool, _ effort: inout RouteEffort) -> RouteResult {
        let activation = ReportActivation(subject, site)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: matcher.roomForKeys) { values in
            values.initialize(repeating: 0)
            let keys = ReportKeys(matcher: matcher, values: values)
            return route(activation, keys, tracing: tracing, &effort)
        }
    }

    private func route(_ activation: ReportActivation, _ keys: borrowing ReportKeys, tracing: Bool, _ effort: inout RouteEffort) -> RouteResult {
        var result = RouteResult(routings: [], failures: [])
        var candidates = ConditionIndex.Candidates(gates, keys, activation)
        while let candidate = candidates.next(gates) {
            effort.gates += 1
            let number = candidate.number
            let module = modules[number]
            if let open = candidate.open {
                guard gates.holds(open, matcher, keys, activation) else { continue }
            } else if let takes = module.takes {
                do throws(EvaluationError) {
                    guard try module.takesIsFormula ? matcher.holds(module.takesOver, keys, activation) : takes.expression.matches(activation) else { continue }
                } catch {
                    result.failures.append(ConditionFailure(rule: module.name, file: module.file, line: module.takesLine, message: error.message))
                    continue
                }
            }
            run(module, indexes[number], activation, keys, tracing: tracing, &result, &effort)
            if !result.routings.isEmpty { result.merges = merges(module, activation, &result.failures) }
            return result
        }
        return result
    }

    private func run(
        _ module: CompiledModule, _ index: ConditionIndex, _ activation: ReportActivation, _ keys: borrowing ReportKeys, tracing: Bool,
        _ result: inout RouteResult, _ effort: inout RouteEffort
    ) {
        var missed = Missed()
        var candidates = ConditionIndex.Candidates(index, keys, activation)
        while let candidate = candidates.next(index) {
            effort.candidates += 1
            let number = candidate.number
            if let open = candidate.open {
                guard index.holds(open, matcher, keys, activation) else {
                    if tracing { missed.note(number) }
                    continue
                }
            }
            if candidate.open == nil, module.rules[number].hasCondition {
                do throws(EvaluationError) {
                    guard try holds(module.rules[number], module, activation, keys) else {
                        if tracing { missed.note(number) }
                        continue
                    }
                } catch {
                    let rule = module.rules[number]
                    result.failures.append(
                        ConditionFailure(rule: module.name(of: rule), file: module.file, line: Int(rule.line), message: error.message))
                    if tracing { missed.excluded.append(number) }
                    continue
                }
            }
            let head = module.heads[number]
            let outcome = module.outcome(of: head)
            var trace: RouteTrace?
            if tracing {
                trace = self.trace(module.rules[number], module, nearMiss(missed, above: number, module, activation, keys), activation)
                missed.excluded.append(number)
            }
            result.routings.append(
                Routing(
                    rule: module.name(of: head), task: outcome.task, priority: outcome.priority, assign: outcome.assign,
                    limits: limits(of: outcome, activation), escalate: outcome.escalate, trace: trace, process: outcome.process,
                    share: outcome.share, answer: outcome.answer))
            if !head.continues { return }
        }
        if tracing, result.routings.isEmpty { result.nearMiss = nearMiss(missed, above: module.rules.count, module, activation, keys) }
    }

    /// Whether a rule's condition, of those that have one, holds.
    @inline(__always)
    func holds(
        _ rule: CompiledRule, _ module: CompiledModule, _ activation: ReportActivation, _ keys: borrowing ReportKeys
    ) throws(EvaluationError) -> Bool {
        if let condition = module.expression(of: rule) { return try condition.expression.matches(activation) }
        for place in rule.parts where !matcher.holds(module.checks[place], keys, activation) { return false }
        return true
    }

    func limits(of outcome: Outcome, _ activation: ReportActivation) -> [LimitName: LimitLength] {
        if let constant = outcome.constantLimits { return constant }
        var limits: [LimitName: LimitLength] = [:]
        for limit in outcome.limits {
            switch limit.source {
            case .span(let span): limits[limit.name] = span
            case .table(let table):
                limits[limit.name] = activation.string(slot: table.slot).flatMap { table.rows[$0] } ?? table.otherwise
            }
        }
        return limits
    }

    // MARK: Traces

    private func trace(_ rule: CompiledRule, _ module: CompiledModule, _ nearMiss: RouteTrace.NearMiss?, _ activation: ReportActivation) -> RouteTrace {
        var conditions: [RouteTrace.Condition] = []
        if let takes = module.takes { conditions.append(told(takes, result: true, activation)) }
        if let text = module.condition(of: rule) {
            conditions.append(told("when", text, matcher.readLists[Int(rule.reads)], result: true, activation))
        }
        for definition in module.definitions(of: rule) {
            conditions.append(told(definition, result: (try? definition.expression.matches(activation)) ?? false, activation))
        }
        return RouteTrace(file: module.file, line: Int(rule.line), conditions: conditions, nearMiss: nearMiss)
    }

    func told(_ condition: Condition, result: Bool, _ activation: ReportActivation) -> RouteTrace.Condition {
        told(condition.label, condition.text, condition.reads, result: result, activation)
    }

    func told(_ label: String, _ text: String, _ reads: [NamedSlot], result: Bool, _ activation: ReportActivation) -> RouteTrace.Condition {
        RouteTrace.Condition(
            label: label, text: text, result: result,
            values: reads.map { RouteTrace.NamedValue(name: $0.name, json: activation.json(slot: $0.slot)) })
    }

    /// Rules that were tried for a report and did not take it, the last of them; and those that must not pass for such.
    private struct Missed {
        private(set) var rules: [Int] = []
        var excluded: [Int] = []

        mutating func note(_ rule: Int) {
            // Twice as many before the older half is dropped: a queue without the work of one.
            if rules.count == 2 * nearMissRulesMax { rules.removeFirst(nearMissRulesMax) }
            rules.append(rule)
        }
    }

    private struct NearestMiss {
        var rule = 0
        /// The parts that held.
        var held = -1
        /// The first that did not.
        var failed = 0
    }

    /// The rule with most `&&` parts that held, of equals the earlier; among those that were tried and right above the winner
    /// (`nearMissRulesMax`), and that did not fail.
    private func nearMiss(
        _ missed: Missed, above winner: Int, _ module: CompiledModule, _ activation: ReportActivation, _ keys: borrowing ReportKeys
    ) -> RouteTrace.NearMiss? {
        var best = NearestMiss()
        let above = max(0, winner - Self.nearMissRulesMax)..<winner
        for number in missed.rules.suffix(Self.nearMissRulesMax) where number < above.lowerBound {
            compare(number, with: &best, module, activation, keys)
        }
        for number in above where missed.excluded.isEmpty || !missed.excluded.contains(number) {
            compare(number, with: &best, module, activation, keys)
        }
        guard best.held >= 0 else { return nil }
        let rule = module.rules[best.rule]
        let part = module.parts[best.failed]
        return RouteTrace.NearMiss(
            rule: module.name(of: rule), file: module.file, line: Int(rule.line),
            failed: told("when", module.text(of: part, in: rule), matcher.readLists[Int(part.reads)], result: false, activation))
    }

    private func compare(
        _ number: Int, with best: inout NearestMiss, _ module: CompiledModule, _ activation: ReportActivation, _ keys: borrowing ReportKeys
    ) {
        let rule = module.rules[number]
        var held = 0
        var failed = -1
        for (offset, place) in rule.parts.enumerated() {
            // One part more must not hold for it to have missed.
            guard held + rule.parts.count - offset - (failed < 0 ? 1 : 0) > best.held else { return }
            let formula = module.parts[place].formula
            let holds =
                formula >= 0 ? matcher.holds(formula, keys, activation) : (try? module.expression(of: rule)?.expression.matches(part: offset, activation)) ?? false
            if holds { held += 1 } else if failed < 0 { failed = place }
        }
        guard failed >= 0, held > best.held else { return }
        best = NearestMiss(rule: number, held: held, failed: failed)
    }
}

/// What finding the rule of some reports took: for `route --stats` and benchmarks.
package struct RouteEffort: Sendable, Hashable {
    /// `takes` conditions that were run, or modules without one.
    package var gates = 0
    /// Rules whose conditions the index could not rule out before the first match; each was run.
    package var candidates = 0
    package init() {}
}

import CEL
import Domain

extension RuleSet {
    /// Earlier rules that are looked at for the nearest miss, counted back from the winner.
    static let nearMissRulesMax = 256

    /// Which rules take a report, first match first. Pure; the same for the same arguments.
    ///
    /// - The first module (in byte order of the file names) whose `takes` holds has the report; no other is asked.
    /// - Its rules are tried from top to bottom; the first that matches takes it; one with `continue: true` takes it and goes on.
    /// - A condition that fails while it runs does not match, and is returned.
    package func route(_ subject: RouteSubject, tracing: Bool) -> RouteResult {
        let activation = ReportActivation(subject: subject, fields: site.fields, zone: site.zone)
        var result = RouteResult(routings: [], failures: [])
        for module in modules {
            if let takes = module.takes {
                do throws(EvaluationError) {
                    guard try takes.expression.matches(activation) else { continue }
                } catch {
                    result.failures.append(ConditionFailure(rule: module.name, file: module.file, line: module.takesLine, message: error.message))
                    continue
                }
            }
            run(module, activation, tracing: tracing, &result)
            return result
        }
        return result
    }

    private func run(_ module: CompiledModule, _ activation: ReportActivation, tracing: Bool, _ result: inout RouteResult) {
        var missed: [CompiledRule] = []
        for rule in module.rules {
            if let when = rule.when {
                do throws(EvaluationError) {
                    guard try when.expression.matches(activation) else {
                        if tracing { missed.append(rule) }
                        continue
                    }
                } catch {
                    result.failures.append(ConditionFailure(rule: rule.name, file: module.file, line: rule.line, message: error.message))
                    continue
                }
            }
            result.routings.append(
                Routing(
                    rule: rule.name, task: rule.task, priority: rule.priority, assign: rule.assign, limits: limits(of: rule, activation),
                    escalate: rule.escalate, trace: tracing ? trace(rule, module, missed, activation) : nil))
            if !rule.continues { return }
        }
        if tracing, result.routings.isEmpty { result.nearMiss = nearMiss(missed, module, activation) }
    }

    private func limits(of rule: CompiledRule, _ activation: ReportActivation) -> [LimitName: TimeSpan] {
        if let constant = rule.constantLimits { return constant }
        var limits: [LimitName: TimeSpan] = [:]
        for limit in rule.limits {
            switch limit.source {
            case .span(let span): limits[limit.name] = span
            case .table(let table):
                limits[limit.name] = activation.string(slot: table.slot).flatMap { table.rows[$0] } ?? table.otherwise
            }
        }
        return limits
    }

    // MARK: Traces

    private func trace(_ rule: CompiledRule, _ module: CompiledModule, _ missed: [CompiledRule], _ activation: ReportActivation) -> RouteTrace {
        var conditions: [RouteTrace.Condition] = []
        if let takes = module.takes { conditions.append(told(takes, result: true, activation)) }
        if let when = rule.when { conditions.append(told(when, result: true, activation)) }
        for definition in rule.definitions {
            conditions.append(told(definition, result: (try? definition.expression.matches(activation)) ?? false, activation))
        }
        return RouteTrace(file: module.file, line: rule.line, conditions: conditions, nearMiss: nearMiss(missed, module, activation))
    }

    private func told(_ condition: Condition, result: Bool, _ activation: ReportActivation) -> RouteTrace.Condition {
        RouteTrace.Condition(
            label: condition.label, text: condition.text, result: result,
            values: condition.reads.map { RouteTrace.NamedValue(name: $0.name, json: activation.json(slot: $0.slot)) })
    }

    /// The rule with most `&&` parts that held; of equals the earlier.
    private func nearMiss(_ missed: [CompiledRule], _ module: CompiledModule, _ activation: ReportActivation) -> RouteTrace.NearMiss? {
        var best: (rule: CompiledRule, held: Int, failed: Condition)?
        for rule in missed.suffix(Self.nearMissRulesMax) {
            var held = 0
            var failed: Condition?
            for part in rule.conjuncts {
                if (try? part.expression.matches(activation)) ?? false {
                    held += 1
                } else {
                    failed = failed ?? part
                }
            }
            guard let failed, best == nil || held > best?.held ?? 0 else { continue }
            best = (rule, held, failed)
        }
        guard let best else { return nil }
        return RouteTrace.NearMiss(
            rule: best.rule.name, file: module.file, line: best.rule.line, failed: told(best.failed, result: false, activation))
    }
}

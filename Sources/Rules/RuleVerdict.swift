import CEL
import Domain

/// What one rule says to one report, for whoever expected another: rule tests.
package enum RuleVerdict: Sendable, Hashable {
    /// There is no such rule in the set.
    case unknown
    /// It takes it.
    case takes
    /// It would take it, but another stands above it. `by`: that rule, as a trace has it.
    case below(rule: String, file: String, line: Int, condition: RouteTrace.Condition?)
    /// A part of its condition does not hold.
    case missed(file: String, line: Int, RouteTrace.Condition)
    /// Its condition fails while it runs.
    case failed(file: String, line: Int, message: String)
    /// Its module is not open for the report.
    case closed(module: String, file: String, RouteTrace.Condition)
    /// A module before its own has the report.
    case elsewhere(module: String, file: String)
}

extension RuleSet {
    /// What a rule says to a report: the first of the reasons for which it does not take it.
    package func verdict(on name: String, _ subject: RouteSubject) -> RuleVerdict {
        guard let place = place(of: name) else { return .unknown }
        let home = modules[place.module]
        let rule = home.rules[place.rule]
        let activation = ReportActivation(subject, site)
        func shown(_ condition: Condition, _ result: Bool) -> RouteTrace.Condition { told(condition, result: result, activation) }

        if let takes = home.takes, (try? takes.expression.matches(activation)) != true {
            return .closed(module: home.name, file: home.file, shown(takes, false))
        }
        for module in modules[..<place.module] where module.takes.map({ (try? $0.expression.matches(activation)) == true }) ?? true {
            return .elsewhere(module: module.name, file: module.file)
        }
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: matcher.roomForKeys) { values in
            values.initialize(repeating: 0)
            let keys = ReportKeys(matcher: matcher, values: values)
            do throws(EvaluationError) {
                let isMet = rule.hasCondition ? try holds(rule, home, activation, keys) : true
                guard isMet else {
                    for (offset, number) in rule.parts.enumerated() {
                        let part = home.parts[number]
                        let isTrue =
                            part.formula >= 0
                            ? matcher.holds(part.formula, keys, activation)
                            : (try? home.expression(of: rule)?.expression.matches(part: offset, activation)) ?? false
                        if isTrue { continue }
                        return .missed(
                            file: home.file, line: Int(rule.line),
                            told("when", home.text(of: part, in: rule), matcher.readLists[Int(part.reads)], result: false, activation))
                    }
                    return .missed(
                        file: home.file, line: Int(rule.line),
                        told("when", home.condition(of: rule) ?? "", matcher.readLists[Int(rule.reads)], result: false, activation))
                }
            } catch {
                return .failed(file: home.file, line: Int(rule.line), message: error.message)
            }
            for other in home.rules[..<place.rule] where !other.continues {
                guard !other.hasCondition || (try? holds(other, home, activation, keys)) == true else { continue }
                return .below(
                    rule: home.name(of: other), file: home.file, line: Int(other.line),
                    condition: home.condition(of: other).map { told("when", $0, matcher.readLists[Int(other.reads)], result: true, activation) })
            }
            return .takes
        }
    }
}

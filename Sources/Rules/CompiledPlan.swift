import CEL
import Domain

/// A process's plan with its conditions ready to be asked, under the rules in force. Made again whenever the rules change: a plan outlives
/// them, and the site's fields may have moved.
package struct CompiledPlan: Sendable {
    package let plan: ProcessPlan
    private let gates: [Gate]
    private let around: Surroundings

    private enum Gate: Sendable {
        case open
        case condition(Expression)
        /// It can't be read any more: a field that it names was taken out of site.yaml.
        case broken(String)
    }

    /// Whether a stage is to be done.
    package enum Answer: Sendable, Hashable {
        case opens
        case skips
        /// The condition could not be asked, with the reason: the stage is done rather than forgotten.
        case fails(String)
    }

    init(_ plan: ProcessPlan, _ site: Site) {
        self.plan = plan
        around = Surroundings(site)
        var facts = SiteFacts()
        facts.values = site.values
        facts.fields = site.fields
        facts.districts = site.districts
        facts.timeZone = site.timeZone
        let whole = plan.stages.contains { $0.when != nil } ? ReportSchema.schema(facts) : Schema()
        let stages = plan.stages.map(\.name)
        gates = plan.stages.map { stage in
            guard let when = stage.when else { return .open }
            var schema = whole
            do throws(ExpressionErrors) {
                for definition in when.definitions { schema.definitions[definition.name] = try Expression.compile(definition.text, schema: schema) }
                return .condition(try Expression.compile(when.text, schema: CaseSchema.schema(schema, stages: stages), expecting: .bool))
            } catch {
                return .broken(error.diagnostics.first.map(\.message) ?? "it can't be read")
            }
        }
    }

    package func answer(stage: Int, _ subject: RouteSubject, _ kase: CaseFacts) -> Answer {
        switch gates[stage] {
        case .open: return .opens
        case .broken(let message): return .fails(message)
        case .condition(let expression):
            let activation = CaseSchema.Facts(kase: kase, report: ReportActivation(subject: subject, around: around))
            do throws(EvaluationError) {
                return try expression.matches(activation) ? .opens : .skips
            } catch {
                return .fails(error.message)
            }
        }
    }
}

extension RuleSet {
    /// A plan, this set's or an earlier one's, under the rules of this set.
    package func compiled(_ plan: ProcessPlan) -> CompiledPlan { CompiledPlan(plan, site) }
}

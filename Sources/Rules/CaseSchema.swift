import CEL
package import Domain

/// What the conditions of a process's stages see of the case itself, beside the report and its customer:
///
///     case.age                   since its documents were complete
///     case.rounds                how often the stage that was begun most often has begun: more than 1 when something failed
///     case.outcome.site_survey   what that stage's completion reported; "" while it is not done
package struct CaseFacts: Sendable, Hashable {
    package var age: TimeSpan
    package var rounds: Int
    /// By stage, in the order of the plan; nil: none was reported.
    package var outcomes: [String?]

    package init(age: TimeSpan = .zero, rounds: Int = 0, outcomes: [String?] = []) {
        self.age = age
        self.rounds = rounds
        self.outcomes = outcomes
    }
}

enum CaseSchema {
    /// Beyond all fields that a site can declare.
    private static let first = 1 << 20
    private static let age = first
    private static let rounds = first + 1
    private static let firstOutcome = first + 2

    static func isOfCase(slot: Int) -> Bool { slot >= first }

    /// `schema` with `case`, for the stages of one process. A stage that is not there is a mistake like any other name.
    static func schema(_ schema: Schema, stages: [String]) -> Schema {
        var schema = schema
        schema.variables["case"] = .init(.object("case"))
        schema.objects["case"] = ["age": .init(.duration, slot: age), "rounds": .init(.int, slot: rounds), "outcome": .init(.object("case.outcome"))]
        var outcomes: [String: Schema.Field] = [:]
        for (place, name) in stages.enumerated() { outcomes[name] = .init(.string, slot: firstOutcome + place) }
        schema.objects["case.outcome"] = outcomes
        return schema
    }

    /// The case beside its report.
    struct Facts: Activation {
        let kase: CaseFacts
        let report: ReportActivation

        func value(slot: Int) -> Value? {
            switch slot {
            case ..<CaseSchema.first: report.value(slot: slot)
            case CaseSchema.age: .duration(seconds: kase.age.milliseconds / 1_000, nanoseconds: Int32(kase.age.milliseconds % 1_000) * 1_000_000)
            case CaseSchema.rounds: .int(Int64(kase.rounds))
            default: string(slot: slot).map { .string($0) }
            }
        }

        func string(slot: Int) -> String? {
            if slot < CaseSchema.first { return report.string(slot: slot) }
            let place = slot - CaseSchema.firstOutcome
            return kase.outcomes.indices.contains(place) ? kase.outcomes[place] : nil
        }

        func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value { try report.call(function: function, arguments: arguments) }

        func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? { report.offset(ofZone: name, atSeconds: seconds) }
    }
}

import CEL
package import Domain

/// A condition without a rule set around it, checked against the house's own fields: to try it on a report, and to measure what it
/// costs.
package struct LooseCondition: Sendable {
    private let expression: Expression

    /// What is wrong with a text that is no condition.
    package struct Fault: Error, Sendable {
        /// `column: message`, in the order of the text.
        package let mistakes: [String]
    }

    /// A report as conditions see it: worked out once, however many conditions are asked about it.
    package struct Subject: Sendable {
        fileprivate let activation: ReportActivation

        package init(_ subject: RouteSubject, zone: TimeZoneRules) {
            activation = ReportActivation(subject: subject, fields: [], zone: zone)
        }
    }

    package init(_ text: String) throws(Fault) {
        do throws(ExpressionErrors) {
            expression = try Expression.compile(text, schema: ReportSchema.schema(nil), expecting: .bool)
        } catch {
            throw Fault(mistakes: error.diagnostics.map { "\($0.span.start + 1): \($0.message)" })
        }
    }

    /// A condition that fails while it runs does not match.
    package func matches(_ subject: Subject) -> Bool {
        do throws(EvaluationError) {
            return try expression.matches(subject.activation)
        } catch {
            return false
        }
    }
}

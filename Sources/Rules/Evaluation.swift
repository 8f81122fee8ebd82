import CEL
package import Domain

/// One expression, tried on what somebody binds: for `paidan eval`.
///
/// Names that nobody bound are mistakes with a suggestion. Of values as JSON gives them the types are only known when it runs; a report is
/// checked as a rule's condition is, against the site where there is one.
package struct Evaluation: Sendable {
    package enum Bindings: Sendable {
        /// Each member of a JSON object is a variable. Whole numbers become `int`, others `double`, objects maps.
        case values([JSONMember])
        /// `report` and `customer`. `site` nil: any declared value passes, and the site's own fields are taken as they are.
        case report(RouteSubject, Site?)
    }

    /// What came of the whole, or of one part of its `&&`.
    package struct Outcome: Sendable {
        package var text: String
        /// The value as JSON, and its type's name; nil: it has none.
        package var value: (json: String, type: String)?
        /// Why it has none.
        package var failure: Diagnostic?
    }

    /// Mistakes that show before it runs, in the order of the text.
    package struct Fault: Error, Sendable {
        package let diagnostics: [Diagnostic]
    }

    /// What diagnostics name in place of a file.
    package static let place = "expression"
    /// The code of a value that could not be worked out.
    package static let noValue = "no-value"

    private let expression: Expression
    private let bound: Bound
    /// For suggestions.
    private let names: [String]

    package init(_ text: String, _ bindings: Bindings, zone: @escaping @Sendable (String) -> TimeZoneRules?) throws(Fault) {
        var schema = Schema()
        var names: Set<String> = []
        switch bindings {
        case .values(let members):
            var values: [Value] = []
            for member in members {
                schema.variables[member.key] = .init(.dyn, slot: values.count)
                values.append(Self.value(member.value, &names))
            }
            bound = Bound(values: values, report: nil, fields: nil, zone: zone)
        case .report(let subject, let site):
            schema = ReportSchema.schema(site.map { SiteFacts($0).words })
            let own = subject.report.fields.mapValues { value -> Value in
                switch value {
                case .string(let text): .string(text)
                case .int(let number): .int(number)
                case .double(let number): .double(number)
                case .bool(let truth): .bool(truth)
                }
            }
            names.formUnion(own.keys)
            let fields = site == nil ? Value.map(Dictionary(own.map { (.string($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })) : nil
            let report = ReportActivation(subject: subject, around: site.map { Surroundings($0) } ?? Surroundings())
            bound = Bound(values: [], report: report, fields: fields, zone: zone)
        }
        schema.timeZones = nil
        do throws(ExpressionErrors) {
            expression = try Expression.compile(text, schema: schema)
        } catch {
            throw Fault(
                diagnostics: error.diagnostics.map { Self.diagnostic($0.code, $0.message, at: $0.span, in: text, suggestion: $0.suggestion) })
        }
        self.names = names.sorted()
    }

    package func outcome() -> Outcome { outcome(of: expression, in: expression.text) }

    /// Each part of its outermost `&&` by itself; the whole alone where there is none.
    package func parts() -> [Outcome] { expression.conjuncts.map { outcome(of: $0, in: expression.text) } }

    private func outcome(of part: Expression, in text: String) -> Outcome {
        do throws(EvaluationError) {
            let value = try part.evaluate(bound)
            return Outcome(text: part.text, value: (value.json, value.typeName.name), failure: nil)
        } catch {
            // `no such key: "catgory"`
            let key = error.message.hasPrefix("no such key: ") ? error.message.split(separator: "\"", omittingEmptySubsequences: false) : []
            let suggestion = key.count == 3 ? nearestName(to: String(key[1]), among: names) : nil
            return Outcome(
                text: part.text, value: nil, failure: Self.diagnostic(Self.noValue, error.message, at: error.span, in: text, suggestion: suggestion))
        }
    }

    private static func diagnostic(_ code: String, _ message: String, at span: Span, in text: String, suggestion: String?) -> Diagnostic {
        func place(_ offset: Int) -> (line: Int, column: Int) {
            let before = text.prefix(offset)
            let line = before.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            return (line.count, (line.last?.count ?? 0) + 1)
        }
        let (from, to) = (place(span.start), place(span.end))
        return Diagnostic(
            file: Self.place, line: from.line, column: from.column, endLine: to.line, endColumn: to.column, severity: .error, code: code, message: message,
            suggestion: suggestion)
    }

    /// - Parameter names: gets every key, for suggestions.
    private static func value(_ json: JSONValue, _ names: inout Set<String>) -> Value {
        switch json {
        case .null: return .null
        case .bool(let truth): return .bool(truth)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .string(let text): return .string(text)
        case .array(let elements): return .list(elements.map { value($0, &names) })
        case .object(let members):
            var entries: [Value: Value] = [:]
            for member in members {
                names.insert(member.key)
                entries[.string(member.key)] = value(member.value, &names)
            }
            return .map(entries)
        }
    }

    /// The bound values by their slots.
    private struct Bound: Activation {
        let values: [Value]
        let report: ReportActivation?
        /// The fields that no site declares.
        let fields: Value?
        let zone: @Sendable (String) -> TimeZoneRules?

        func value(slot: Int) -> Value? {
            guard let report else { return values.indices.contains(slot) ? values[slot] : nil }
            return slot == Slot.firstField && fields != nil ? fields : report.value(slot: slot)
        }

        func string(slot: Int) -> String? {
            if case .string(let text)? = value(slot: slot) { return text }
            return nil
        }

        func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
            guard let report else { throw EvaluationError(message: "no such function", span: Span(start: 0, end: 0)) }
            return try report.call(function: function, arguments: arguments)
        }

        func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? {
            zone(name).map { Int($0.offsetSeconds(at: Instant(milliseconds: seconds.multipliedReportingOverflow(by: 1_000).partialValue))) }
        }
    }
}

extension Diagnostic {
    /// As people read it, with the line of a text that stands in no file.
    package func human(in text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return human(sourceLine: lines.indices.contains(line - 1) ? String(lines[line - 1]) : nil)
    }
}

import Domain
import Testing

@testable import Rules

/// `paidan eval`: one expression on what somebody binds.
@Suite struct EvaluationTests {
    private func values(_ json: String) throws -> Evaluation.Bindings { .values(try #require(try JSONValue.parse(json).object)) }

    private func outcome(_ text: String, _ bindings: Evaluation.Bindings) -> String {
        do {
            let outcome = try Evaluation(text, bindings, zone: Fixture.zone).outcome()
            return outcome.value.map { "\($0.json) \($0.type)" } ?? outcome.failure.map { $0.human(in: text) } ?? ""
        } catch {
            return error.diagnostics.map { $0.human(in: text) }.joined(separator: "\n")
        }
    }

    @Test(arguments: [
        ("1 + 2", "3 int"), ("a.b[1] + 1.5", "4.0 double"), ("a.s + '线'", "\"龙线\" string"), ("has(a.c) || a.n == null", "true bool"), ("a", #"{"b":[1,2.5],"n":null,"s":"龙"} map"#),
        ("timestamp('2026-11-22T00:00:00Z').getHours('Asia/Shanghai')", "8 int"), ("x", "7 int"),
    ])
    func valuesOfJSON(_ text: String, _ expected: String) throws {
        let found = outcome(text, try values(#"{"a": {"b": [1, 2.5], "s": "龙", "n": null}, "x": 7}"#))
        #expect(found == expected || found == expected.replacing("4.0", with: "4"))
    }

    @Test func unboundNamesAreToldWithTheNearest() throws {
        let bindings = try values(#"{"report": {"category": "fire"}}"#)
        #expect(outcome("reprot.category", bindings).hasPrefix("expression:1:1: error[unknown-name]"))
        #expect(outcome("reprot.category", bindings).contains("did you mean 'report'?\n    reprot.category\n    ^^^^^^"))
        let missing = outcome("true &&\n report.catgory == 'fire'", bindings)
        #expect(missing.hasPrefix("expression:2:"), "\(missing)")
        #expect(missing.contains("error[no-value]: no such key: \"catgory\"; did you mean 'category'?\n     report.catgory == 'fire'\n"), "\(missing)")
    }

    @Test func aReportIsCheckedAsARulesConditionIs() throws {
        let site = try #require(Fixture.compile([("site.yaml", Fixture.site)]).set).site
        let report = Report(type: "fault", category: "fire", customersOut: 86, fields: ["floors": .int(33), "note": .string("x")])
        let here = Evaluation.Bindings.report(Fixture.subject(report), site)
        let anywhere = Evaluation.Bindings.report(Fixture.subject(report), nil)
        #expect(outcome("report.category == 'fire' && report.customers_out > 50 && report.fields.floors > 30", here) == "true bool")
        #expect(outcome("report.fields.note + '!'", anywhere) == "\"x!\" string")
        #expect(outcome("report.category == 'fier'", here).contains("error[unknown-value]"))
        #expect(outcome("report.category == 'fier'", anywhere) == "false bool")
        #expect(outcome("report.fields.note", here).contains("error[unknown-field]"))
        #expect(outcome("report.fields.nota", anywhere).contains("did you mean 'note'?"))
    }

    @Test func eachPartIsShown() throws {
        let evaluation = try Evaluation("x > 1 && y && 1 / z > 2", try values(#"{"x": 7, "y": false, "z": 0}"#), zone: Fixture.zone)
        #expect(evaluation.parts().map(\.text) == ["x > 1", "y", "1 / z > 2"])
        #expect(evaluation.parts().map { $0.value?.json } == ["true", "false", nil])
        #expect(evaluation.parts()[2].failure?.column == 15)
        #expect(evaluation.outcome().value?.json == "false")
    }
}

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

/// What conditions ask of places and of the calendar.
@Suite struct SiteFunctionTests {
    private static let site = Fixture.site + """
        network: network.csv
        calendar:
          2026:
            holidays: [10-01..10-07]
            workdays: [10-10]

        """
    private static let network = """
        transformer,feeder,district,lat,lon,customers
        T-1,F-1,lucheng,28.0000,120.6000,40
        T-2,F-1,lucheng,28.0200,120.6000,60
        T-3,F-2,lucheng,,,10
        """

    private func compiled() throws -> RuleSet {
        let compilation = Fixture.compile([("site.yaml", Self.site), ("network.csv", Self.network)])
        return try #require(compilation.set, "\(compilation.diagnostics)")
    }

    private func outcome(_ text: String, _ report: Report, now: String = "2026-10-12T10:00:00+08:00") throws -> String {
        var subject = Fixture.subject(report)
        subject.now = try Instant(rfc3339: now)
        let site = try compiled().site
        do {
            let outcome = try Evaluation(text, .report(subject, site), zone: Fixture.zone).outcome()
            return outcome.value?.json ?? outcome.failure?.message ?? ""
        } catch {
            return error.diagnostics.map { "\($0.code): \($0.message)" }.joined(separator: "\n")
        }
    }

    private let here = Report(type: "fault", place: Place(coordinate: Coordinate(latitude: 28.01, longitude: 120.6), district: DistrictID("lucheng")))
    private let nowhere = Report(type: "fault", place: Place(address: "人民路"))

    @Test(arguments: [
        ("distance_km(report.place, place_of('T-1'))", "1.112"), ("distance_km(place_of('T-1'), place_of('T-2'))", "2.224"),
        ("distance_km(report.place, place_of('F-1'))", "0"), ("distance_km(place(0.0, 0.0), place(0.0, 180.0)) > 20015.0", "true"),
        ("distance_km(report.place, place_of('lucheng')) < 6.0", "true"), ("place_of('T-1').district + place_of('T-9').district", "\"lucheng\""),
        ("customers_on('F-1') + customers_on('T-3')", "110"), ("feeder_of('T-1')", "\"F-1\""), ("report.place", "{\"district\":\"lucheng\",\"lat\":28.01,\"lon\":120.6}"),
        // Where nobody knows one of the two: neither near nor far.
        ("distance_km(report.place, place_of('T-3'))", "\"NaN\""), ("distance_km(report.place, place_of('T-9')) < 1000000.0", "false"),
        ("distance_km(report.place, place_of('T-9')) >= 0.0", "false"), ("has(report.place)", "true"), ("has(report.place.lat)", "true"),
        ("place(91.0, 0.0).lat", "place(91.0, 0.0) is not on the globe"),
    ])
    func places(_ text: String, _ expected: String) throws { #expect(try outcome(text, here) == expected) }

    @Test func aReportWithoutAPositionIsNeitherNearNorFar() throws {
        #expect(try outcome("distance_km(report.place, place_of('T-1')) < 5.0 || distance_km(report.place, place_of('T-1')) >= 5.0", nowhere) == "false")
        #expect(try outcome("has(report.place)", nowhere) == "true")
        #expect(try outcome("has(report.place)", Report(type: "fault")) == "false")
    }

    @Test func placesAreNoNumbersOrTexts() throws {
        for text in ["distance_km(report.feeder, report.place) < 5.0", "distance_km(report.place) < 5.0", "distance_km(28.0, 120.6) < 5.0"] {
            #expect(try outcome(text, here).hasPrefix("no-overload: 'distance_km' does not take"), "\(text)")
        }
        #expect(try outcome("working_days(1.5) > duration('1h')", here).hasPrefix("no-overload: 'working_days'"))
        #expect(try outcome("distance_m(report.place, report.place) < 5.0", here).hasPrefix("unknown-function"))
    }

    /// Monday 12 October; 10 October was a worked Saturday, 1 to 7 October are holidays.
    @Test(arguments: [
        (0, "0s"), (1, "208800s"), (2, "295200s"), (3, "381600s"), (4, "1072800s"), (3_660, nil), (-1, "working_days takes 0 to 3660 days, not -1"),
        (3_661, "working_days takes 0 to 3660 days, not 3661"),
    ])
    func workingDays(_ days: Int, _ expected: String?) throws {
        let found = try outcome("working_days(\(days))", here)
        if let expected { #expect(found == expected || found == "\"\(expected)\"") } else { #expect(found.hasSuffix("s\"")) }
    }

    @Test func aRuleMayAskForThem() throws {
        let compilation = Fixture.compile([
            ("site.yaml", Self.site), ("network.csv", Self.network),
            (
                "faults.yaml",
                """
                module: faults
                route:
                  - name: near-the-substation
                    when: distance_km(report.place, place_of("T-1")) < 1.5
                    task: repair
                    assign: { department: operations }
                  - name: known-for-long
                    when: report.fields.built - report.reported_at > working_days(2)
                    task: look
                    assign: { department: operations }

                """
            ),
        ])
        #expect(compilation.errorCount == 0, "\(compilation.diagnostics)")
        let set = try #require(compilation.set)
        let near = set.route(Fixture.subject(here), tracing: true)
        #expect(near.routings.map(\.rule) == ["faults.near-the-substation"])
        #expect(near.routings.first?.trace?.conditions.last?.values.first { $0.name == "report.place" }?.json == "{\"district\":\"lucheng\",\"lat\":28.01,\"lon\":120.6}")
        #expect(set.route(Fixture.subject(nowhere), tracing: true).routings.isEmpty)
        #expect(set.route(Fixture.subject(nowhere), tracing: true).failures.isEmpty)
    }
}

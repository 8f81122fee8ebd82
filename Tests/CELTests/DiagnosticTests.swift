@testable import CEL
import Testing

/// Golden diagnostics: each text with exactly what is said about it, `column: error[code]: message; did you mean …`, columns from 1.
@Suite struct DiagnosticTests {
    private func diagnose(_ text: String, expecting: StaticType? = .bool) -> String {
        do {
            _ = try Expression.compile(text, schema: reportSchema(), expecting: expecting)
            return "fine"
        } catch {
            return error.diagnostics.map { diagnostic in
                "\(diagnostic.span.start + 1): error[\(diagnostic.code)]: \(diagnostic.message)"
                    + (diagnostic.suggestion.map { "; did you mean '\($0)'?" } ?? "")
            }.joined(separator: "\n")
        }
    }

    @Test(arguments: [
        (#"report.type == "fault" && report.place.district == "龙湾""#, "fine"),
        ("report.catgory == \"fire\"", "8: error[unknown-field]: 'report' has no field 'catgory'; did you mean 'category'?"),
        ("report.place.distrct == \"ouhai\"", "14: error[unknown-field]: 'report.place' has no field 'distrct'; did you mean 'district'?"),
        ("report.district == \"ouhai\"", "8: error[unknown-field]: 'report' has no field 'district'; did you mean 'place.district'?"),
        ("reprot.feeder == \"\"", "1: error[unknown-name]: there is no 'reprot'; did you mean 'report'?"),
        ("category == \"fire\"", "1: error[unknown-name]: there is no 'category'; did you mean 'report.category'?"),
        ("nonsense", "1: error[unknown-name]: there is no 'nonsense'"),
        (
            "report.category == \"line-down\"",
            "20: error[unknown-value]: 'line-down' is no declared category: line_down, sparking, fire, no_power; did you mean 'line_down'?"
        ),
        (
            "\"FIRE\" != report.category",
            "1: error[unknown-value]: 'FIRE' is no declared category: line_down, sparking, fire, no_power; did you mean 'fire'?"
        ),
        (
            "report.category in [\"fire\", \"sparkling\", \"\"]",
            "29: error[unknown-value]: 'sparkling' is no declared category: line_down, sparking, fire, no_power; did you mean 'sparking'?"
        ),
        (
            "\"cabel\" in crew.skills",
            "1: error[unknown-value]: 'cabel' is no declared skill: live_line, cable, survey; did you mean 'cable'?"
        ),
        (
            "crew.skills.exists(s, s == \"cables\")",
            "28: error[unknown-value]: 'cables' is no declared skill: live_line, cable, survey; did you mean 'cable'?"
        ),
        ("crew.skills[0] == \"xyz\"", "19: error[unknown-value]: 'xyz' is no declared skill: live_line, cable, survey"),
        (
            "report.category == (report.flagged ? \"fier\" : \"fire\")",
            "38: error[unknown-value]: 'fier' is no declared category: line_down, sparking, fire, no_power; did you mean 'fire'?"
        ),
        (
            "(report.flagged ? report.category : report.category) == \"water\"",
            "57: error[unknown-value]: 'water' is no declared category: line_down, sparking, fire, no_power"
        ),
        (
            "report.category in [\"fire\"] + [\"watr\"]",
            "32: error[unknown-value]: 'watr' is no declared category: line_down, sparking, fire, no_power"
        ),
        ("(report.flagged ? report.category : report.type) == \"water\"", "fine"), ("report.category == \"\"", "fine"),
        ("report.category == report.feeder", "fine"),
        ("report.category.startsWith(\"line\")", "fine"), ("report.category + \"x\" == \"firex\"", "fine"),
        ("report.feeder == 12", "1: error[never-equal]: a text (string) is never equal to a whole number (int); did you mean '\"12\"'?"),
        ("report.feeder == null", "1: error[never-equal]: a text (string) is never null; has() tells whether a field is there"),
        (
            "report.customers_out in [\"1\"]",
            "1: error[never-equal]: a whole number (int) is never among values of the type a text (string)"
        ),
        ("report.capacity_kva >= 100", "fine"), ("report.customers_out < 2.5", "fine"), ("report.count >= 3", "fine"),
        ("report.capacity_kva == 100", "fine"), ("report.capacity_kva in [100, 200]", "fine"),
        (
            "report.capacity_kva * 2 > 100.0",
            "21: error[no-overload]: '*' does not work on a number (double) and a whole number (int); did you mean '2.0'?"
        ),
        ("report.feeder > 5", "15: error[no-overload]: '>' does not work on a text (string) and a whole number (int)"),
        ("report.feeder && report.flagged", "1: error[wrong-type]: '&&' works on conditions; this is a text (string)"),
        ("!report.feeder", "2: error[wrong-type]: '!' works on conditions; this is a text (string)"),
        ("report.feeder", "1: error[wrong-type]: a condition belongs here; this is a text (string)"), ("report.fields.needs_works", "fine"),
        ("anything", "fine"),
        (
            "report",
            "1: error[not-a-value]: 'report' is a group of fields, not a value; name one of them; did you mean 'report.capacity_kva'?"
        ),
        (
            "report.place == \"x\"",
            "1: error[not-a-value]: 'report.place' is a group of fields, not a value; name one of them; did you mean 'report.place.district'?"
        ),
        (
            "report.flagged ? 1 : \"a\"",
            "1: error[wrong-type]: both branches of '?:' must be of one type; these are a whole number (int) and a text (string)"
        ),
        ("report.feeder.startWith(\"a\")", "15: error[unknown-function]: there is no function 'startWith'; did you mean 'startsWith'?"),
        (
            "report.feeder.startsWith(1)",
            "15: error[no-overload]: 'startsWith' does not take a text (string) and a whole number (int); it is used as string.startsWith(string)"
        ),
        ("startsWith(report.feeder, \"a\")", "1: error[unknown-function]: 'startsWith' is called on a value: x.startsWith(...)"),
        (
            "planned_outages(report.feeder, report.reported_at)",
            "1: error[unknown-function]: there is no function 'planned_outages'; did you mean 'planned_outage'?"
        ),
        (
            "planned_outage(report.feeder)",
            "1: error[no-overload]: 'planned_outage' does not take a text (string); it is used as planned_outage(string, timestamp)"
        ),
        ("planned_outage(report.feeder, report.reported_at)", "fine"), ("age > working_days(3)", "fine"),
        ("age > duration(\"2 h\")", "16: error[bad-duration]: '2 h' is no length of time; write it like '90s', '15m', '1h30m' or '250ms'"),
        (
            "report.reported_at > timestamp(\"2026-02-29T00:00:00Z\")",
            "32: error[bad-timestamp]: '2026-02-29T00:00:00Z' is no point in time; write it like '2026-11-22T08:15:00+08:00', a date that exists"
        ),
        ("report.feeder.matches(\"F-(1|2\")", "26: error[bad-pattern]: the pattern is wrong: no ')' for this '('"),
        (#"report.feeder.matches("a\\.b[")"#, "29: error[bad-pattern]: the pattern is wrong: no ']' for this '['"),
        (#"report.feeder.matches("\ud83d\ude2cab[")"#, "38: error[bad-pattern]: the pattern is wrong: no ']' for this '['"),
        ("{1: 2}.a == 3", "fine"), ("has({1: 2}.a)", "fine"),
        (
            #"report.feeder.matches(r"中\d+*")"#,
            "28: error[bad-pattern]: the pattern is wrong: '+*' repeats a repetition; put the inner one in brackets"
        ),
        (
            "report.reported_at.getHours(\"Asia/Shanghai\") < 8",
            "29: error[unknown-zone]: 'Asia/Shanghai' is no known time zone; an offset such as '+08:00' always is"
        ),
        ("report.reported_at.getHours(\"+08:00\") < 8", "fine"),
        ("has(report.feder)", "12: error[unknown-field]: 'report' has no field 'feder'; did you mean 'feeder'?"),
        ("has(report.place)", "fine"), ("has(report.fields.x)", "fine"),
        ("[1, 2].all(x, y > 0)", "15: error[unknown-name]: there is no 'y'"),
        ("report.feeder.all(x, true)", "1: error[wrong-type]: all() walks through a list or the keys of a map; this is a text (string)"),
        ("report.feeder.x == 1", "15: error[unknown-field]: a text (string) has no fields, so no 'x'"),
        ("report.feeder[0] == \"F\"", "1: error[no-overload]: only lists and maps can be indexed; this is a text (string)"),
        (
            "crew.skills[\"a\"] == \"cable\"",
            "13: error[wrong-type]: a list is indexed by a whole number (int) from 0; this is a text (string)"
        ),
        // The extension libraries.
        ("math.greatst(1, 2) > 1", "1: error[unknown-function]: there is no function 'math.greatst'; did you mean 'math.greatest'?"),
        ("ceil(1.5) > 1.0", "1: error[unknown-function]: there is no function 'ceil'; did you mean 'math.ceil'?"),
        ("report.feeder.splitt(\"-\")[0] == \"F\"", "15: error[unknown-function]: there is no function 'splitt'; did you mean 'split'?"),
        ("report.feeder.optionalMap(x, x)", "15: error[unknown-function]: there is no function 'optionalMap'\n27: error[unknown-name]: there is no 'x'\n30: error[unknown-name]: there is no 'x'"),
        (
            "math.greatest(report.feeder, 1) > 1",
            "15: error[no-overload]: 'math.greatest' takes numbers, or one list of numbers; this is a text (string)"
        ),
        (
            "math.least() > 1",
            "1: error[no-overload]: 'math.least' does not take nothing; it is used as math.least(double, double), math.least(list(double))"
        ),
        (
            "math.ceil(report.customers_out) > 1.0",
            "1: error[no-overload]: 'math.ceil' does not take a whole number (int); it is used as math.ceil(double)"
        ),
        (
            "report.feeder.substring(\"1\") == \"\"",
            "15: error[no-overload]: 'substring' does not take a text (string) and a text (string); it is used as string.substring(int), string.substring(int, int)"
        ),
        (
            "\"%q\".format([1]) == \"\"",
            "1: error[bad-format]: unrecognized formatting clause '%q'; there are %s %d %f %e %b %o %x %X, and %% for the sign"
        ), ("\"%s %s\".format([1]) == \"\"", "16: error[bad-format]: the text wants 2 values; the list has 1"),
        ("\"50%\".format([]) == \"\"", "1: error[bad-format]: '%' at the end of a format; write '%%' for the sign itself"),
        (
            "cel.bind(x, report.feeder) == \"\"",
            "5: error[bad-macro]: cel.bind() takes a name, a value and an expression, as in cel.bind(x, report.feeder, x != ''); found 2 arguments"
        ),
        (
            "cel.bind(\"x\", report.feeder, x == \"\")",
            "10: error[bad-macro]: the first argument of cel.bind() is a simple name, as in cel.bind(x, report.feeder, x != '')"
        ), ("cel.bind(f, report.feeder, f.startsWith(\"F\"))", "fine"),
        ("cel.bind(c, report.category, c == \"fir\")", "35: error[unknown-value]: 'fir' is no declared category: line_down, sparking, fire, no_power; did you mean 'fire'?"),
        ("report.?feeder.orValue(\"none\") == \"none\"", "fine"), ("report.?place.district.hasValue()", "fine"),
        ("report.?place.?district.hasValue()", "fine"), ("has(report.?place.district)", "fine"),
        ("report.?feder.hasValue()", "9: error[unknown-field]: 'report' has no field 'feder'; did you mean 'feeder'?"),
        ("report.?feeder == \"F-1\"", "1: error[never-equal]: an optional value (optional_type(string)) is never equal to a text (string)"),
        ("report.?feeder", "1: error[wrong-type]: a condition belongs here; this is an optional value (optional_type(string))"),
        (
            "crew.skills[?0].orValue(1) == 1",
            "17: error[no-overload]: 'orValue' does not take an optional value (optional_type(skill)) and a whole number (int); it is used as optional_type(A).orValue(A)"
        ),
        (
            "size([?report.feeder]) == 0",
            "8: error[wrong-type]: '?' before an entry wants an optional value, as in ?optional.of(1); this is a text (string)"
        ),
        (
            "report.feeder.optMap(f, f).hasValue()",
            "1: error[wrong-type]: optMap() works on an optional value; this is a text (string)"
        ),
        (
            "report.?feeder.optFlatMap(f, f).hasValue()",
            "30: error[wrong-type]: the last argument of optFlatMap() gives an optional value; this is a text (string)"
        ),
        (
            "crew.skills.all(i, i, true)",
            "20: error[bad-macro]: both variables of all() are called 'i'"
        ),
        (
            "crew.skills.transformList(i) == []",
            "13: error[bad-macro]: transformList() takes two names and an expression, as in list.transformList(i, x, x + i); found 1 argument"
        ),
        (
            "crew.skills.exists(i, 1, true)",
            "23: error[bad-macro]: the second argument of exists() is a simple name, as in list.exists(i, x, x > i)"
        ),
        (
            "crew.skills.exists(i, s, s == \"cables\")",
            "31: error[unknown-value]: 'cables' is no declared skill: live_line, cable, survey; did you mean 'cable'?"
        ),
        (
            "size(crew.skills.transformMapEntry(i, s, s)) > 0",
            "42: error[wrong-type]: the last argument of transformMapEntry() gives a map; this is a skill (string)"
        ),
        ("report.reported_at == null", "1: error[never-equal]: a point in time (timestamp) is never null; has() tells whether a field is there"),
        ("base64.decode(report.feeder) == b\"\"", "fine"),
        ("dyn == 1", "1: error[unknown-name]: there is no 'dyn'"),
        // Every mistake at once, each once.
        (
            "report.typ == \"fault\" && reprot.feeder == 1 && report.category == \"fir\" &&",
            """
            8: error[unknown-field]: 'report' has no field 'typ'; did you mean 'type'?
            26: error[unknown-name]: there is no 'reprot'; did you mean 'report'?
            67: error[unknown-value]: 'fir' is no declared category: line_down, sparking, fire, no_power; did you mean 'fire'?
            75: error[syntax]: expected a value, found the end
            """
        ),
        (
            "report.place.district == \"鹿城\" && report.x",
            "26: error[unknown-value]: '鹿城' is no declared district: lucheng, ouhai, 龙湾\n41: error[unknown-field]: 'report' has no field 'x'"
        ),
        (
            "report.category = “fire”",
            "17: error[syntax]: '=' is not an operator or mark of the language; did you mean '=='?\n19: error[syntax]: '“' is not an operator or mark of the language; did you mean '\"'?"
        ),
    ])
    func golden(_ text: String, _ expected: String) {
        #expect(diagnose(text) == expected)
    }

    @Test func otherExpectations() {
        #expect(diagnose("1", expecting: .int) == "fine")
        #expect(diagnose("1", expecting: nil) == "fine")
        #expect(diagnose("1", expecting: .string) == "1: error[wrong-type]: a text (string) belongs here; this is a whole number (int)")
        #expect(diagnose("[\"a\"]", expecting: .list(.string)) == "fine")
        #expect(diagnose("[]", expecting: .list(.string)) == "fine")
        #expect(
            diagnose("\"fires\"", expecting: .enumeration("category"))
                == "1: error[unknown-value]: 'fires' is no declared category: line_down, sparking, fire, no_power; did you mean 'fire'?")
    }

    @Test func manyMistakesAreCapped() throws {
        let text = (0..<200).map { "x\($0)" }.joined(separator: " || ")
        #expect(diagnose(text).split(separator: "\n").count == Limits.diagnostics)
    }

    @Test(
        arguments: [
            ("catgory", "category"), ("CATEGORY", "category"), ("catgeory", "category"), ("cat", nil), ("x", nil), ("tpye", "type"),
            ("feeders", "feeder"), ("district", nil),
        ] as [(String, String?)])
    func suggestions(_ written: String, _ expected: String?) {
        #expect(Suggestion.nearest(to: written, among: ["category", "type", "feeder", "voltage"]) == expected)
    }

    @Test func distances() {
        func distance(_ a: String, _ b: String) -> Int { Suggestion.distance(Array(a.unicodeScalars), Array(b.unicodeScalars)) }
        #expect(distance("", "abc") == 3)
        #expect(distance("abc", "abc") == 0)
        #expect(distance("abc", "acb") == 1)
        #expect(distance("kitten", "sitting") == 3)
        #expect(distance("ca", "abc") == 3)
    }
}

@testable import CEL
import Testing

@Suite struct EvaluationTests {
    @Test(arguments: [
        ("1 + 2", "3"), ("7 / 2", "3"), ("-7 / 2", "-3"), ("-7 % 3", "-1"), ("7u % 4u", "3"), ("1.5 * 2.0", "3"),
        ("1.0 / 0.0", "\"Infinity\""), ("'a' + 'b'", "\"ab\""),
        ("[1] + [2]", "[1,2]"), ("b'a' + b'b'", "\"YWI=\""), ("9223372036854775807 + 1", "error: the result is too large (overflow)"),
        ("-9223372036854775808 - 1", "error: the result is too large (overflow)"),
        ("-(-9223372036854775808)", "error: the result is too large (overflow)"),
        ("-9223372036854775808 / -1", "error: the result is too large (overflow)"),
        ("0u - 1u", "error: the result is too large (overflow)"), ("1 / 0", "error: division by zero"),
        ("1 % 0", "error: remainder of a division by zero"), ("1 + 1.0", "refused: no-overload"), ("1 == 1.0", "true"), ("1u < 2", "true"),
        ("dyn(1) == 1u", "true"), ("0.0/0.0 == 0.0/0.0", "false"), ("0.0/0.0 != 1.0", "true"),
        ("'a' < 'b'", "true"), ("'Z' < 'a'", "true"), ("'龙' > 'z'", "true"), ("b'a' < b'aa'", "true"), ("false < true", "true"),
        ("[1] == [1.0]", "true"), ("{1: 'a'} == {1u: 'a'}", "true"),
        ("'\\u00e9' == 'e\\u0301'", "false"), ("size('\\u00e9') == 1 && size('e\\u0301') == 2", "true"), ("2 in [1, 2]", "true"),
        ("'a' in {'a': 1}", "true"), ("2.0 in [1, 2]", "true"), ("2u in {2: 1}", "true"),
        ("[1, 2][1]", "2"), ("[1][1]", "error: the list has 1 entries, none at 1"),
        ("[1][-1]", "error: the list has 1 entries, none at -1"), ("{'a': 1}['a']", "1"), ("{'a': 1}.a", "1"),
        ("{'a': 1}['b']", "error: no such key: \"b\""),
        ("{'a': 1, 'a': 2}", "error: the key \"a\" stands twice"), ("{1: 1, 1u: 2}", "error: the key 1 stands twice"),
        ("{'b': 2, 'a': 1}", "{\"a\":1,\"b\":2}"), ("true ? 1 : 1 / 0", "1"), ("false ? 1 / 0 : 2", "2"), ("has({'a': 1}.a)", "true"),
        ("has({'a': 1}.b)", "false"),
        ("size('龙湾')", "2"), ("'龙湾'.size()", "2"), ("size(b'\\xff')", "1"), ("size([1, 2])", "2"), ("size({1: 2})", "1"),
        ("'abc'.contains('bc')", "true"), ("'abc'.contains('')", "true"), ("''.contains('a')", "false"),
        ("'aabaaab'.contains('aaab')", "true"), ("'abc'.startsWith('ab')", "true"),
        ("'abc'.endsWith('bc')", "true"), ("'bc'.endsWith('abc')", "false"), ("'e\\u0301x'.startsWith('e')", "true"),
        ("'abc'.matches('^a.c$')", "true"), ("matches('abc', 'b')", "true"),
        ("'abc'.matches('(' + 'a')", "error: the pattern is wrong: no ')' for this '('"),
        ("int('-12')", "-12"), ("int('1.5')", "error: \"1.5\" is no int"), ("int(1.9)", "1"), ("int(-1.9)", "-1"),
        ("int(9223372036854775808.0)", "error: the result is too large (overflow)"),
        ("int(9223372036854775808u)", "error: the result is too large (overflow)"),
        ("uint(-1)", "error: the result is too large (overflow)"), ("uint(1.9)", "1"),
        ("double('1e3')", "1000"), ("double('x')", "error: \"x\" is no double"), ("double(3)", "3"), ("string(1.5)", "\"1.5\""),
        ("string(100.0)", "\"100\""), ("string(-5)", "\"-5\""), ("string(b'abc')", "\"abc\""),
        ("string(b'\\xff')", "error: these bytes are not valid UTF-8"), ("bytes('中')", "\"5Lit\""), ("bool('true')", "true"),
        ("bool('yes')", "error: \"yes\" is no bool"),
        ("string(true)", "\"true\""), ("type(1)", "\"int\""), ("type(1) == int", "true"), ("type(type(1)) == type", "true"),
        ("type(null)", "\"null_type\""), ("type(duration('1s')) == google.protobuf.Duration", "true"),
        ("type([]) == list && type({}) == map", "true"),
        ("[1, 2, 3].all(x, x > 0)", "true"), ("[1, 2, 3].exists(x, x == 2)", "true"), ("[1, 2, 2].exists_one(x, x == 2)", "false"),
        ("[1, 2, 3].map(x, x * x)", "[1,4,9]"), ("[1, 2, 3].map(x, x > 1, x * x)", "[4,9]"), ("[1, 2, 3].filter(x, x != 2)", "[1,3]"),
        ("{'b': 1, 'a': 2}.map(k, k)", "[\"a\",\"b\"]"),
        ("[[1, 2], [3]].map(x, x.map(y, y + size(x)))", "[[3,4],[4]]"), ("[1, 2].all(x, [3, 4].exists(x, x == 3))", "true"),
        ("[].all(x, x)", "true"), ("[].exists(x, x)", "false"), ("1.all(x, true)", "refused: wrong-type"),
        ("null == null", "true"), ("dyn(null) == 1", "false"), ("'a' == 1", "refused: never-equal"), ("dyn('a') == 1", "false"),
        ("dyn('a') < 1", "error: '<' does not work on string and int"), ("[1, 'a', null]", "[1,\"a\",null]"),
    ])
    func values(_ text: String, _ expected: String) {
        #expect(outcome(text) == expected)
    }

    /// `&&` and `||` with true, false and an error on either side.
    @Test(arguments: [
        ("true && true", "true"), ("true && false", "false"), ("true && E", "E"), ("false && true", "false"), ("false && false", "false"),
        ("false && E", "false"), ("E && true", "E"), ("E && false", "false"), ("E && E", "E"),
        ("true || true", "true"), ("true || false", "true"), ("true || E", "true"), ("false || true", "true"), ("false || false", "false"),
        ("false || E", "E"), ("E || true", "true"), ("E || false", "E"), ("E || E", "E"),
        ("!E", "E"), ("E ? true : true", "E"), ("E && E && false", "false"), ("true && E && true", "E"), ("(E || true) && true", "true"),
        ("[1, 0].all(x, 1 / x < 0)", "false"), ("[0, 1].all(x, 1 / x < 0)", "false"), ("[0, 1].all(x, 1 / x > 0)", "E"),
        ("[0, 1].exists(x, 1 / x > 0)", "true"), ("[0, 1].exists(x, 1 / x > 5)", "E"), ("[1, 0].exists_one(x, 1 / x > 0)", "E"),
        ("[0].map(x, 1 / x) == [1]", "E"), ("[0].filter(x, 1 / x > 0) == []", "E"), ("N && false", "false"), ("false && N", "false"),
        ("N && true", "N"), ("N || true", "true"), ("N || false", "N"),
    ])
    func absorption(_ text: String, _ expected: String) {
        let written = text.replacing("E", with: "(1 / 0 > 0)").replacing("N", with: "dyn('x')")
        let result = outcome(written, Schema(), Fields(), checked: false)
        switch expected {
        case "E": #expect(result == "error: division by zero")
        case "N": #expect(result == "error: this is neither true nor false")
        default: #expect(result == expected)
        }
    }

    // MARK: - Fields

    /// Nothing is there: zero values, and has() is false.
    @Test(arguments: [
        ("report.feeder == ''", "true"), ("report.type == ''", "true"), ("report.type == 'fault'", "false"),
        ("report.type != 'fault'", "true"), ("report.type in ['fault', 'inquiry']", "false"), ("report.type in ['', 'inquiry']", "true"),
        ("report.capacity_kva", "0"), ("report.capacity_kva == 0", "true"),
        ("report.capacity_kva >= 100", "false"), ("100 > report.capacity_kva", "true"), ("report.customers_out", "0"),
        ("report.customers_out < 0.5", "true"), ("report.count", "0"), ("report.flagged", "false"), ("!report.flagged", "true"),
        ("report.reported_at == timestamp(0)", "true"), ("report.fields", "{}"),
        ("report.fields.x", "error: no such key: \"x\""), ("crew.skills", "[]"), ("anything", "null"), ("age", "\"0s\""),
        ("customer.location", "{}"), ("has(report.feeder)", "false"), ("has(report.place)", "false"), ("has(report.place.lat)", "false"),
        ("has(report.fields)", "false"), ("has(report.fields.x)", "false"), ("has(customer.location)", "false"),
    ])
    func absent(_ text: String, _ expected: String) {
        #expect(outcome(text, reportSchema()) == expected)
    }

    /// A report with everything in it.
    @Test(arguments: [
        (
            "report.type == 'fault' && report.place.district == '龙湾' && report.feeder in ['F-1', 'F-12'] && report.capacity_kva >= 100",
            "true"
        ), ("'fault' == report.type", "true"), ("report.type != 'fault'", "false"), ("report.feeder in ['F-1']", "false"),
        ("report.capacity_kva == 160", "true"), ("160u == report.capacity_kva", "true"), ("100 <= report.capacity_kva", "true"),
        ("200 <= report.capacity_kva", "false"), ("report.customers_out > 85.5", "true"), ("report.customers_out != 86", "false"),
        ("report.count == 3u", "true"), ("report.flagged", "true"), ("report.flagged == true", "true"),
        ("report.reported_at.getHours('+08:00')", "8"), ("report.fields.level == 3 && report.fields['level'] > 2", "true"),
        ("report.fields.nested.a", "1"), ("has(report.fields.level)", "true"), ("has(report.fields.nested.b)", "false"),
        ("has(report.place)", "true"), ("has(report.feeder)", "true"),
        ("'cable' in crew.skills", "true"), ("crew.skills.exists(s, s == 'survey')", "false"), ("age > duration('2h')", "true"),
        ("age > working_days(1)", "false"), ("planned_outage(report.feeder, report.reported_at)", "true"),
        ("first(crew.skills) == 'cable'", "true"), ("first([1, 2]) + 1", "2"), ("customer.location.lat", "28.5"),
        ("customer.location", "{\"lat\":28}"), ("working_days(2)", "error: no such transformer"),
        ("report.feeder in ['a','b','c','d','e','f','g','h','i','F-12']", "true"),
        ("report.feeder in ['a','b','c','d','e','f','g','h','i','F-13']", "false"),
    ])
    func present(_ text: String, _ expected: String) {
        var fields = Fields([
            0: .string("fault"), 2: .string("F-12"), 3: .double(160), 4: .int(86), 5: .timestamp(seconds: 1_795_305_600, nanoseconds: 0),
            6: .double(28), 8: .string("龙湾"),
            9: .map([.string("level"): .int(3), .string("nested"): .map([.string("a"): .int(1)])]), 10: .bool(true), 12: .uint(3),
            21: .map([.string("lat"): .double(28)]), 22: .double(28.5),
            30: .duration(seconds: 8000, nanoseconds: 0), 40: .list([.string("cable")]),
        ])
        fields.functions = { number, arguments in
            switch (number, arguments.first) {
            case (1, .int(1)): .duration(seconds: 86_400, nanoseconds: 0)
            case (2, .string("F-12")): .bool(true)
            case (3, .list(let values)): values.first
            default: nil
            }
        }
        #expect(outcome(text, reportSchema(), fields) == expected)
    }

    // MARK: - Parts

    @Test func conjunctsReadsAndDefinitions() throws {
        var schema = reportSchema()
        schema.definitions["hazard"] = try compile("report.category in ['line_down', 'fire']", schema)
        schema.definitions["night"] = try compile("report.reported_at.getHours('+08:00') < 6", schema)
        let text = "  report.type == '龙' + 'fault' && (hazard || night) && has(report.place) && report.type != ''"
        let expression = try compile(text, schema)
        #expect(
            expression.reads.map(\.name) == [
                "report.type", "report.category", "report.reported_at", "report.place.district", "report.place.lat", "report.place.lon",
            ])
        #expect(expression.definitionsUsed == ["hazard", "night"])
        let parts = expression.conjuncts
        #expect(parts.map(\.text) == ["report.type == '龙' + 'fault'", "(hazard || night)", "has(report.place)", "report.type != ''"])
        #expect(parts[1].span == Span(start: 34, end: 51))
        #expect(parts[1].reads.map(\.name) == ["report.category", "report.reported_at"])
        #expect(parts[1].definitionsUsed == ["hazard", "night"])
        #expect(parts[2].reads.map(\.slot) == [8, 6, 7])
        #expect(parts[3].reads.map(\.name) == ["report.type"])
        let fields = Fields([0: .string("fault"), 1: .string("fire"), 5: .timestamp(seconds: 40_000, nanoseconds: 0)])
        #expect(try parts.map { try $0.matches(fields) } == [false, true, false, true])
        #expect(try !expression.matches(fields))
        let single = try compile("hazard", schema)
        #expect(single.conjuncts.map(\.text) == ["hazard"])
        #expect(single.type == .bool)
        #expect(try single.matches(fields))
        // A part of a part is itself.
        #expect(parts[0].conjuncts.map(\.text) == [parts[0].text])
        #expect(try compile("(report.flagged && hazard) && night", schema).conjuncts.count == 3)
    }

    @Test func errorsSayWhere() throws {
        var schema = reportSchema()
        schema.definitions["half"] = try compile("1 / report.customers_out > 0", schema)
        let expression = try compile("report.flagged || half", schema)
        do {
            _ = try expression.matches(Fields())
            Issue.record("there is no half of nothing")
        } catch {
            #expect(error == EvaluationError(message: "in 'half': division by zero", span: Span(start: 18, end: 22)))
        }
        let call = try compile("age > working_days(7)", schema)
        #expect(throws: EvaluationError(message: "no such transformer", span: Span(start: 6, end: 21))) { try call.matches(Fields()) }
    }

    // MARK: - Limits

    /// Definitions that double each other would take for ever; they are refused when compiled.
    @Test func doublingDefinitionsAreRefused() throws {
        var schema = reportSchema()
        schema.definitions["d0"] = try compile("report.customers_out / 1 > 0", schema)
        var refused = 0
        for level in 1...40 {
            do {
                schema.definitions["d\(level)"] = try Expression.compile("d\(level - 1) || d\(level - 1)", schema: schema)
            } catch {
                #expect(error.diagnostics.map(\.code) == ["too-costly"])
                refused = level
                break
            }
        }
        #expect(refused > 10 && refused < 25)
    }

    /// Definitions upon definitions are as deep as what they stand for.
    @Test func chainsOfDefinitionsAreBounded() throws {
        var schema = reportSchema()
        schema.definitions["d0"] = try compile("report.flagged", schema)
        var refused = 0
        for level in 1...400 {
            do {
                schema.definitions["d\(level)"] = try Expression.compile("!d\(level - 1)", schema: schema)
            } catch {
                #expect(error.diagnostics.map(\.code) == ["too-deep"])
                refused = level
                break
            }
        }
        #expect(refused == Limits.evaluationDepth / 2 + 1 || refused == Limits.evaluationDepth / 2)
        let last = try #require(schema.definitions["d\(refused - 1)"])
        #expect(
            onSmallStack(bytes: Self.stackBytes) { (try? last.evaluate(Fields()))?.json ?? "" }
                == ((refused - 1) % 2 == 0 ? "false" : "true"))
    }

    @Test(arguments: [
        "L.all(a, L.all(b, L.all(c, L.all(d, L.all(e, L.all(f, a + b + c + d + e + f >= 0))))))",
        "L.map(a, L.map(b, L.map(c, L.map(d, L.map(e, L.map(f, 1)))))) == []",
        "['x'].map(s, s + s)" + String(repeating: ".map(s, s + s)", count: 60) + " == []",
        "[[1]].map(s, s + s)" + String(repeating: ".map(s, s + s)", count: 60) + " == []",
        "L.exists(a, L.exists(b, L.exists(c, L.exists(d, L.exists(e, L.exists(f, 1 / 0 == 1)))))) || true",
    ])
    func workIsBounded(_ text: String) throws {
        let list = "[" + (0..<40).map(String.init).joined(separator: ",") + "]"
        let expression = try compile(text.replacing("L", with: list), costChecked: false)
        do {
            _ = try Evaluator.evaluate(expression.program, expression.entry, Fields(), limit: 20_000)
            Issue.record("it ended by itself")
        } catch {
            #expect(error.message.hasPrefix("the expression takes too long"))
        }
    }

    /// What shares its parts is small in memory and huge to walk through: comparing, formatting, joining, replacing, and handing it out.
    @Test(arguments: [
        "B[0] == B[0]", "B[0] in B", "B", "'%s'.format([B])", "{'a': B}", "optional.of(B)", "B != B",
        "S.replace('', S)", "[1,2,3,4,5,6,7,8,9].map(x, S).join(S)", "'%s%s%s%s%s%s%s%s'.format([S, S, S, S, S, S, S, S])",
        "'%x%x%x%x%x%x%x%x'.format([S, S, S, S, S, S, S, S])", "[1,2,3,4,5,6,7,8,9].map(x, S.split(''))",
    ])
    func sharedValuesAreBounded(_ text: String) throws {
        let doubled = (0..<60).reduce("[1]") { inner, _ in "\(inner).map(s, [s, s])" }
        let long = "['0123456789abcdef']" + String(repeating: ".map(s, s + s)", count: 14) + "[0]"
        let written = text.replacing("B", with: "b").replacing("S", with: "s")
        let expression = try compile("cel.bind(b, \(doubled), cel.bind(s, \(long), \(written)))", costChecked: false)
        #expect(throws: EvaluationError.self) { try Evaluator.evaluate(expression.program, expression.entry, Fields(), limit: 20_000) }
    }

    @Test func theLimitHoldsByItself() throws {
        let expression = try compile("['x'].map(s, s + s)" + String(repeating: ".map(s, s + s)", count: 60) + " == []", costChecked: false)
        #expect(throws: EvaluationError.self) { try expression.evaluate(Fields()) }
        #expect(throws: EvaluationError.self) { try expression.matches(Fields()) }
    }

    @Test func patternsOnLongTextsAreBounded() throws {
        var schema = Schema()
        schema.variables["t"] = .init(.string, slot: 0)
        let text = Value.string(String(repeating: "a", count: 100_000))
        #expect(throws: EvaluationError.self) { try compile("t.matches('(a{0,100}){0,10}b')", schema, costChecked: false).matches(Fields([0: text])) }
        #expect(try !compile("t.matches('(a+)+b')", schema).matches(Fields([0: text])))
    }

    #if DEBUG
        static let stackBytes = 2 * 1024 * 1024
    #else
        static let stackBytes = 512 * 1024
    #endif

    /// Parsing, checking, compiling and running up to the greatest depth and beyond, on a small stack.
    @Test(arguments: [
        ("!", "true", ""), ("(", "true", ")"), ("[", "1", "][0]"), ("1 + (", "1", ")"), ("true ? 1 : ", "2", ""), ("{1: ", "1", "}[1]"),
        ("size([", "1", "])"),
        ("[1].map(x, ", "1", ")"), ("false || true && (", "true", ")"), ("dyn([1].all(x, ", "true", "))"), ("-(", "1", ")"),
        ("[1].filter(x, [1].exists(y, ", "true", ")).size() > 0"), ("cel.bind(x, 1, ", "true", ")"), ("optional.of(", "1", ")"),
        ("[1].transformList(i, v, ", "1", ")"), ("[1].transformMap(i, v, ", "1", ")"), ("[?optional.of(", "1", ")]"),
        ("{?'a': optional.of(", "1", ")}.?a"), ("optional.of(1).optMap(x, ", "1", ")"), ("math.greatest(", "1", ")"),
        ("optional.none().orValue(", "1", ")"), ("'%s'.format([", "1", "])"),
    ])
    func deepExpressionsFitOnASmallStack(_ open: String, _ core: String, _ close: String) throws {
        var deepest = 0
        for depth in [10, 30, 35, 40, 50, 52, 70, 78, 79, 80, 100, 150, 155, 159, 160, 1000] {
            let text = String(repeating: open, count: depth) + core + String(repeating: close, count: depth)
            let result = onSmallStack(bytes: Self.stackBytes) { outcome(text, Schema(), Fields(), checked: false) }
            if result != "refused: too-deep" {
                #expect(!result.isEmpty && !result.hasPrefix("refused"), "\(result)")
                deepest = depth
            }
        }
        // Some of these have four levels a round.
        #expect(deepest >= 35 && deepest <= Limits.depth)
    }

    @Test func manyBracketsOnASmallStack() {
        let text = String(repeating: "(", count: 60_000)
        #expect(onSmallStack(bytes: Self.stackBytes) { outcome(text) } == "refused: too-deep")
    }

    @Test func deepPatternsFitOnASmallStack() {
        let deep = PatternParser.depthLimit
        for open in ["(", "(?:a|", "(?i:x"] {
            let text = String(repeating: open, count: deep) + "b" + String(repeating: ")*", count: deep)
            #expect(onSmallStack(bytes: Self.stackBytes) { outcome("'b'.matches('\(text)')") } == "true")
            let deeper = open + text + ")"
            #expect(onSmallStack(bytes: Self.stackBytes) { outcome("'b'.matches('\(deeper)')") } == "refused: bad-pattern")
        }
    }

    @Test func jsonOfValues() {
        #expect(Value.string("a\"\\\n\u{1}中").json == #""a\"\\\n\u0001中""#)
        #expect(Value.map([.int(2): .null, .int(10): .bool(true), .string("a"): .list([])]).json == #"{"2":null,"10":true,"a":[]}"#)
        #expect(Value.double(.nan).json == "\"NaN\"")
        #expect(Value.double(0.1).json == "0.1")
        #expect(Value.double(-0.0).json == "-0")
        #expect(Value.duration(seconds: -1, nanoseconds: -500_000_000).json == "\"-1.5s\"")
        #expect(Value.timestamp(seconds: 0, nanoseconds: 1_000_000).json == "\"1970-01-01T00:00:00.001Z\"")
        #expect(Value.bytes([0, 255]).json == "\"AP8=\"")
    }
}

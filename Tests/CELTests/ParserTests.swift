@testable import CEL
import Testing

/// A tree in brackets: `(+ 1 (* 2 3))`.
private func show(_ node: SyntaxNode) -> String {
    func all(_ nodes: [SyntaxNode]) -> String { nodes.map(show).joined(separator: " ") }
    switch node.kind {
    case .literal(let value): return value.json
    case .name(let name, let absolute): return (absolute ? "." : "") + name
    case .select(let operand, let field, _): return "(. \(show(operand)) \(field))"
    case .has(let operand, let field, _): return "(has \(show(operand)) \(field))"
    case .optionalSelect(let operand, let field, _): return "(.? \(show(operand)) \(field))"
    case .optionalIndex(let operand, let index): return "([?] \(all([operand, index])))"
    case .maybe(let inner): return "?" + show(inner)
    case .bind(let name, let value, let body): return "(bind \(name) \(all([value, body])))"
    case .index(let operand, let index): return "([] \(all([operand, index])))"
    case .and(let parts): return "(&& \(all(parts)))"
    case .or(let parts): return "(|| \(all(parts)))"
    case .not(let operand): return "(! \(show(operand)))"
    case .negate(let operand): return "(- \(show(operand)))"
    case .binary(let operation, let left, let right, _): return "(\(operation.rawValue) \(all([left, right])))"
    case .conditional(let test, let yes, let no): return "(? \(all([test, yes, no])))"
    case .call(let name, let target, let arguments, _):
        return "(\(target.map { show($0) + "." } ?? "")\(name)\(arguments.isEmpty ? "" : " ")\(all(arguments)))"
    case .list(let entries): return "[\(all(entries))]"
    case .map(let entries): return "{\(entries.map { show($0.key) + ":" + show($0.value) }.joined(separator: " "))}"
    case .macro(let macro):
        return
            "(\(macro.kind.rawValue) \(show(macro.range)) \(macro.variable)\(macro.second.map { " " + $0 } ?? "")\(macro.predicate.map { " " + show($0) } ?? "")\(macro.transform.map { " -> " + show($0) } ?? ""))"
    case .broken: return "<broken>"
    }
}

@Suite struct ParserTests {
    @Test(arguments: [
        ("1 + 2 * 3", "(+ 1 (* 2 3))"), ("(1 + 2) * 3", "(* (+ 1 2) 3)"), ("1 - 2 - 3", "(- (- 1 2) 3)"),
        ("8 / 4 / 2 % 3", "(% (/ (/ 8 4) 2) 3)"),
        ("a + b < c - d", "(< (+ a b) (- c d))"), ("a < b == c", "(== (< a b) c)"), ("a || b && c || d", "(|| a (&& b c) d)"),
        ("a && b || c && d", "(|| (&& a b) (&& c d))"), ("(a && b) && c", "(&& a b c)"), ("a && (b || c)", "(&& a (|| b c))"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"), ("a || b ? c : d", "(? (|| a b) c d)"), ("(a ? b : c) ? d : e", "(? (? a b c) d e)"),
        ("!a && b", "(&& (! a) b)"), ("!!a", "(! (! a))"), ("!a.b", "(! (. a b))"), ("-a + b", "(+ (- a) b)"), ("-5", "-5"), ("- 5", "-5"),
        ("--5", "(- -5)"),
        ("1-1", "(- 1 1)"), ("1 -1", "(- 1 1)"), ("-9223372036854775808", "-9223372036854775808"), ("-5.5", "-5.5"),
        ("-a.b(1)", "(- (a.b 1))"), ("a in [1, 2]", "(in a [1 2])"),
        ("a in b == c", "(== (in a b) c)"), ("a.b.c", "(. (. a b) c)"), ("a.b(c).d", "(. (a.b c) d)"),
        ("f(1, 2)[0].x", "(. ([] (f 1 2) 0) x)"), (".a.b", "(. .a b)"),
        ("a.for", "(. a for)"), ("a.`x-y`", "(. a x-y)"), ("[1, 2,]", "[1 2]"), ("{1: 2, 'a': b,}", "{1:2 \"a\":b}"), ("[]", "[]"),
        ("{}", "{}"),
        ("has(a.b.c)", "(has (. a b) c)"), ("a.all(x, x > 0)", "(all a x (> x 0))"), ("a.map(x, x * 2)", "(map a x -> (* x 2))"),
        ("a.map(x, x > 1, x * 2)", "(map a x (> x 1) -> (* x 2))"), ("a.exists_one(x, x)", "(exists_one a x x)"), ("all(1)", "(all 1)"),
        ("a // c\n+ b", "(+ a b)"), ("a.?b.c[?0]", "([?] (. (.? a b) c) 0)"), ("[?a, b]", "[?a b]"), ("{?a: b}", "{?a:b}"),
        ("a.?`b-c`", "(.? a b-c)"), ("cel.bind(x, a, x + 1)", "(bind x a (+ x 1))"), ("a.all(i, x, i < x)", "(all a i x (< i x))"),
        ("a.existsOne(x, x)", "(exists_one a x x)"), ("a.transformMap(k, v, k, v)", "(transformMap a k v k -> v)"),
        ("a.optMap(x, x)", "(optMap a x -> x)"), ("a ? .b : .c", "(? a .b .c)"), ("a ? [b] : c", "(? a [b] c)"),
        ("a &&\n  b", "(&& a b)"),
    ])
    func precedence(_ text: String, _ tree: String) {
        let parsed = Parser.parse(text)
        #expect(parsed.diagnostics.map(\.message) == [])
        #expect(show(parsed.tree) == tree)
    }

    @Test func macrosCanBeOff() {
        #expect(show(Parser.parse("a.all(x, x)", macros: false).tree) == "(a.all x x)")
    }

    /// Spans are characters of the text, brackets included, whatever stands before.
    @Test(arguments: [
        ("a + bc", 0, 6), (#""龙湾" == x"#, 0, 9), ("(a + b)", 0, 7), ("  a.b  ", 2, 5), ("f(a)", 0, 4), ("-a", 0, 2), ("a[1]", 0, 4),
        ("'👨‍👩‍👧'", 0, 3),
    ])
    func spans(_ text: String, _ start: Int, _ end: Int) {
        #expect(Parser.parse(text).tree.span == Span(start: start, end: end))
    }

    /// Every mistake is told, with its place.
    @Test(arguments: [
        ("a &&", "4 expected a value, found the end"), ("", "0 expected a value, found the end"), ("(a", "2 expected ')', found the end"),
        ("a b", "2 expected an operator, found 'b'"), ("a + * b", "4 expected a value, found '*'"),
        ("f(a,)", "4 expected a value, found ')'"),
        ("[1 2]", "3 expected ',' or ']', found '2'"), ("{1}", "2 expected ':' between a key and its value, found '}'"),
        ("a.", "2 expected a field's name after '.', found the end"),
        ("a ? b", "5 expected ':', found the end"), ("a)", "1 expected an operator, found ')'"),
        ("a.1", "1 expected an operator, found '.1'"),
        ("(a && ) || [1, ] + (", "6 expected a value, found ')'|20 expected a value, found the end"),
        ("for", "0 'for' is reserved by the language and cannot be a name"),
        ("A{b: 1}", "1 messages cannot be built here; a map is written { \"key\": value }"),
        ("has(a)", "4 has() takes one field, as in has(report.feeder)"),
        ("a.all(x)", "2 all() takes a name and a condition on it, as in list.all(x, x > 0); found 1 argument"),
        ("a.all(x.y, true)", "6 the first argument of all() is a simple name, as in list.all(x, x > 0)"),
        ("a and b", "2 'and' is not an operator or mark of the language"),
        ("a b && c d", "2 expected an operator, found 'b'|9 expected an operator, found 'd'"),
        ("9223372036854775808", "0 9223372036854775808 is too large: at most 9223372036854775807"),
    ])
    func syntaxErrors(_ text: String, _ expected: String) {
        let found = Parser.parse(text).diagnostics.map { "\($0.span.start) \($0.message)" }.joined(separator: "|")
        #expect(found == expected)
    }

    /// What stands for `cel.index` is counted each time: items that double each other are refused, not built.
    @Test func blocksAreBounded() {
        let items = ["1"] + (0..<100).map { "[cel.index(\($0)), cel.index(\($0))]" }
        let text = "cel.block([\(items.joined(separator: ", "))], cel.index(100))"
        #expect(Set(Parser.parse(text, blocks: true).diagnostics.map(\.code)) == ["bad-macro"])
        #expect(show(Parser.parse("cel.block([a, cel.index(0) + 1], cel.index(1) * 2)", blocks: true).tree) == "(* (+ a 1) 2)")
        #expect(show(Parser.parse("cel.block([1], 2)").tree) == "(cel.block [1] 2)")
    }

    @Test func limits() {
        func codes(_ text: String) -> Set<String> { Set(Parser.parse(text).diagnostics.map(\.code)) }
        #expect(codes(String(repeating: "a", count: Limits.textBytes + 1)) == ["too-long"])
        #expect(codes(String(repeating: "(", count: 60_000)) == ["too-deep"])
        #expect(codes(String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000)) == ["too-deep"])
        #expect(codes(String(repeating: "!", count: 60_000) + "a") == ["too-deep"])
        #expect(codes(String(repeating: "-", count: 60_000) + "a") == ["too-deep"])
        #expect(codes("a" + String(repeating: ".a", count: 30_000)) == ["too-deep"])
        #expect(codes("a" + String(repeating: "[0]", count: 20_000)) == ["too-deep"])
        #expect(codes("1" + String(repeating: "+1", count: 30_000)) == ["too-deep"])
        #expect(codes("a" + String(repeating: "?a:a", count: 15_000)) == ["too-deep"])
        #expect(codes(String(repeating: "{1:", count: 20_000)).isSuperset(of: ["too-deep"]))
        #expect(codes("[" + String(repeating: "1,", count: Limits.literalEntries + 1) + "]") == ["too-long"])
        // A run of && is flat, however long.
        #expect(codes("a" + String(repeating: "&&a", count: 15_000)) == [])
        #expect(codes(String(repeating: "(", count: 150) + "a" + String(repeating: ")", count: 150)) == [])
    }
}

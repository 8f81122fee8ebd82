@testable import CEL
import Testing

/// Inputs that took more than 100 ms, or could have taken any time, before what they do was counted: each now ends by its account.
@Suite struct HostileInputTests {
    private static let list = "[" + (0..<40).map(String.init).joined(separator: ",") + "]"
    private static let map = "{" + (0..<100).map { "'k\($0)':\($0)" }.joined(separator: ",") + "}"
    private static let long = "['0123456789abcdef']" + String(repeating: ".map(s, s + s)", count: 14) + "[0]"

    /// `body` within four loops of forty rounds each, with a long text `s` and a map `m` of a hundred entries.
    @Test(arguments: [
        "a + b + c + d >= 0", "1 / 0 == 1 || true", "dyn('x') < 1 || true", "{'a': 1}[string(a)] == 1 || true", "int('x') == 1 || true",
        "string(timestamp(a)) != ''", "timestamp('2026-01-01T00:00:0' + '1Z') > timestamp(0)", "duration(string(a) + 's') >= duration('0')",
        "'aaaa'.matches('(a|b)*' + 'c') || true", "'a'.matches('(a{100}){' + '9}') || true", "'%f'.format([5e-324]) != ''",
        "'%.1000e'.format([1.7e308]) != ''", "'%s %s'.format([a, {'x': c}]) != ''", "string(0.1 + double(a)) != ''", "s.split('').size() > 0",
        "s.reverse() != ''", "s.upperAscii() != ''", "s.indexOf('fff') < 0", "{s: 1}[s] == 1", "!s.contains('fff')", "s + 'f' != s",
        "!m.exists(k, false)", "m.transformMap(k, v, v).size() > 0", "m.transformMapEntry(k, v, {k + k: v}).size() > 0",
        "base64.encode(bytes(s)) != ''", "base64.decode(s).size() > 0", "strings.quote(s) != ''", "'%x'.format([s]) != s",
        "optional.of(a).optMap(x, x + 1).orValue(0) > 0", "['a', 'b', 'c'].join(', ') != ''", "'abc'.replace('b', 'x') != ''",
        "{a: b, -1: c, 'x': d}.size() > 0 || true", "s.size() > 0", "s.charAt(100000) != 'z'", "!s.matches('(a|ab|b)*[x-z]')",
    ])
    func endsByItsAccount(_ body: String) throws {
        var text = body
        for variable in ["a", "b", "c", "d"] { text = "l.all(\(variable), \(text))" }
        text = "cel.bind(l, \(Self.list), cel.bind(m, \(Self.map), cel.bind(s, \(Self.long), \(text))))"
        let expression = try compile(text, costChecked: false)
        do {
            _ = try expression.evaluate(Fields())
            Issue.record("\(body) ended by itself")
        } catch {
            #expect(error.message.hasSuffix("steps") || error.message.contains("too"), "\(error.message)")
        }
    }

    /// What is dear to read is refused, or read once.
    @Test func dearPatterns() throws {
        let folded = (0..<40).map { "(?i)[\\x{100}-\\x{\(String(3000 + $0, radix: 16))}]" }.joined()
        #expect(throws: PatternError.self) { try Pattern(folded) }
        #expect(throws: Never.self) { try Pattern(String(repeating: "(?i)[\\x{100}-\\x{fff}]", count: 1000)) }
        let many = (0..<400).map { "'a'.matches('(a{100}){9}\($0)')" }.joined(separator: " || ")
        #expect(outcome(many).hasPrefix("refused: too-costly"))
        let same = (0..<400).map { _ in "'a'.matches('(a{100}){9}')" }.joined(separator: " || ")
        #expect(outcome(same) == "false")
    }

    /// Unchecked calls with too few and too many arguments: an error when it runs, no crash.
    @Test(arguments: [
        "dyn()", "size()", "matches('a')", "'a'.matches()", "'a'.matches('a', 'b')", "int()", "int(1, 2)", "'a'.join()", "math.abs()", "math.greatest()",
        "'a'.format()", "'a'.replace()", "optional.of()", "[].first(1)", "base64.encode()", "timestamp(0).getHours('a', 'b')", "strings.quote()",
        "optional.none(1)", "'a'.or()", "math.least()", "'a'.contains()",
    ])
    func uncheckedArguments(_ text: String) {
        #expect(outcome(text, Schema(), Fields(), checked: false).hasPrefix("error: "))
    }

    /// Values whose parts are shared, handed out or put into an error's words.
    @Test func sharedValuesInWords() throws {
        let doubled = (0..<60).reduce("[1]") { inner, _ in "\(inner).map(s, [s, s])" }
        let expression = try compile("{1: 2}[dyn(\(doubled))]", costChecked: false)
        do {
            _ = try expression.evaluate(Fields())
            Issue.record("there is no such key")
        } catch {
            #expect(error.message.utf8.count < 200)
        }
    }
}

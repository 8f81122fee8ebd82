@testable import CEL
import Testing

@Suite struct LexerTests {
    private func kinds(_ text: String) -> (kinds: [Token.Kind], errors: [String]) {
        var lexer = Lexer(SourceText(text))
        let kinds = lexer.tokens().map(\.kind).dropLast()
        return (Array(kinds), lexer.diagnostics.map { "\($0.span.start)-\($0.span.end) \($0.code)" })
    }

    @Test(arguments: [
        ("0", Token.Kind.int(0)), ("42", .int(42)), ("0x2a", .int(42)), ("0XF", .broken), ("9223372036854775808", .int(1 << 63)),
        ("42u", .uint(42)), ("0xFFU", .uint(255)), ("18446744073709551615u", .uint(.max)), ("1.5", .double(1.5)), (".5", .double(0.5)),
        ("1e3", .double(1000)), ("1.5E-3", .double(0.0015)), ("1e+2", .double(100)), ("'a'", .string("a")), ("\"a\"", .string("a")),
        ("'''a'b'''", .string("a'b")), ("\"\"\"a\nb\"\"\"", .string("a\nb")),
        (#"'\a\b\f\n\r\t\v\\\?\"\'\`'"#, .string("\u{7}\u{8}\u{C}\n\r\t\u{B}\\?\"'`")),
        (#"'\x41\X42\103\u4e2d\U0001F62C'"#, .string("ABC中😬")), (#"r'\n'"#, .string(#"\n"#)), (#"R"\d""#, .string(#"\d"#)),
        ("b'ÿ'", .bytes([0xC3, 0xBF])), (#"b'\xff\377'"#, .bytes([255, 255])), (#"Br'\x'"#, .bytes([0x5C, 0x78])), ("''", .string("")),
        ("\"\"\"\"\"\"", .string("")), ("report", .name("report", reserved: false)), ("for", .name("for", reserved: true)),
        ("rb", .name("rb", reserved: false)), ("in", .symbol(.in)), ("`a-b/c.d e`", .quotedName("a-b/c.d e")), ("true", .symbol(.true)),
    ])
    func one(_ text: String, _ kind: Token.Kind) {
        #expect(kinds(text).kinds == [kind])
        #expect(kinds(text).errors.isEmpty == (kind != .broken))
    }

    @Test func sequences() {
        #expect(kinds("1.foo").kinds == [.int(1), .symbol(.dot), .name("foo", reserved: false)])
        #expect(
            kinds("a<=b // note\n&&c").kinds == [
                .name("a", reserved: false), .symbol(.lessOrEqual), .name("b", reserved: false), .symbol(.and), .name("c", reserved: false),
            ])
        #expect(kinds("1--1").kinds == [.int(1), .symbol(.minus), .symbol(.minus), .int(1)])
    }

    @Test(arguments: [
        ("'abc", "0-4 syntax"), ("'ab\nc'", "0-3 syntax|5-6 syntax"), ("\"\"\"ab", "0-5 syntax"), (#"'\q'"#, "1-3 bad-escape"),
        (#"'\ud800'"#, "1-7 bad-escape"), (#"'\U00110000'"#, "1-11 bad-escape"), (#"b'\u0041'"#, "2-4 bad-escape"),
        (#"'\x4'"#, "1-4 bad-escape"), (#"'\400'"#, "1-3 bad-escape"), ("9223372036854775809", "0-19 overflow"),
        ("18446744073709551616u", "0-21 overflow"),
        ("0x1ffffffffffffffffff", "0-21 overflow"), ("10kV", "0-4 syntax"), ("'中' # 1", "4-5 syntax"), ("``", "0-2 syntax"),
        ("`a", "0-2 syntax"),
        ("'e\u{301}' $", "4-5 syntax"), ("'\u{1F468}\u{200D}\u{1F469}' $", "4-5 syntax"),
    ])
    func errors(_ text: String, _ expected: String) {
        #expect(kinds(text).errors.joined(separator: "|") == expected)
    }

    /// What an input method or a habit from elsewhere writes is reported and read as what was meant.
    @Test(arguments: [
        ("a，b", ","), ("（a", "("), ("a＝b", "=="), ("a=b", "=="), ("a&b", "&&"), ("a|b", "||"), ("“a”", "\""), ("a≥1", ">="), ("a：b", ":"),
    ])
    func meant(_ text: String, _ suggestion: String) {
        var lexer = Lexer(SourceText(text))
        let tokens = lexer.tokens()
        #expect(lexer.diagnostics.map(\.suggestion) == [suggestion])
        #expect(!tokens.contains { $0.kind == .broken })
    }
}

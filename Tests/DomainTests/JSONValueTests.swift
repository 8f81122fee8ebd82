import Domain
import Testing

private func parsed(_ text: String) -> String {
    do throws(JSONFault) { return try JSONValue.parse(text).text } catch { return "fault \(error.code.rawValue) \(error.line):\(error.column) \(error.path)" }
}

@Suite struct JSONValueTests {
    /// In the spirit of the public parsing suites: what RFC 8259 takes, what it does not.
    static let table: [(String, String)] = [
        ("null", "null"), ("true", "true"), (" false ", "false"), ("0", "0"), ("-0", "0"), ("-12", "-12"), ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"), ("1.5", "1.5"), ("1e2", "100.0"), ("1E+2", "100.0"), ("100e-2", "1.0"), ("-0.0", "-0.0"),
        ("\"\"", "\"\""), (#""\u65ad\/\b\f\n\r\t\"\\""#, #""断/\u0008\u000c\n\r\t\"\\""#), (#""\ud83d\ude00""#, #""😀""#), ("\"\u{7F}\"", "\"\u{7F}\""),
        ("[]", "[]"), ("[1,[2,{\"a\":3}]]", "[1,[2,{\"a\":3}]]"), ("{}", "{}"), ("{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}"), ("{\"\":1}", "{\"\":1}"),
        ("\u{FEFF}[1]", "[1]"),
        ("", "fault empty 1:1 "), ("nul", "fault truncated 1:4 "), ("nulL", "fault syntax 1:1 "), ("nulls", "fault syntax 1:1 "), ("True", "fault syntax 1:1 "),
        ("NaN", "fault syntax 1:1 "), ("Infinity", "fault syntax 1:1 "), ("-Infinity", "fault syntax 1:2 "), ("+1", "fault syntax 1:1 "), (".5", "fault syntax 1:1 "),
        ("5.", "fault truncated 1:3 "), ("5.x", "fault syntax 1:3 "), ("01", "fault syntax 1:1 "), ("-01", "fault syntax 1:2 "), ("1e", "fault truncated 1:3 "),
        ("1e+x", "fault syntax 1:4 "), ("0x10", "fault syntax 1:2 "), ("1.2.3", "fault syntax 1:4 "), ("-", "fault truncated 1:2 "), ("- 1", "fault syntax 1:2 "),
        ("9223372036854775808", "fault out-of-range 1:1 "), ("-9223372036854775809", "fault out-of-range 1:1 "), ("1e400", "fault out-of-range 1:1 "),
        ("\"a", "fault truncated 1:3 "), ("\"a\\", "fault truncated 1:4 "), ("\"\\u12\"", "fault syntax 1:2 "), ("\"\\u12g4\"", "fault syntax 1:2 "), ("\"\\ude00\"", "fault syntax 1:2 "),
        ("\"\\ud83dx\"", "fault syntax 1:2 "), ("\"\\ud83d\\u0041\"", "fault syntax 1:2 "), ("\"\t\"", "fault syntax 1:2 "),
        ("[1,]", "fault syntax 1:4 [1]"), ("[,1]", "fault syntax 1:2 [0]"), ("[1 2]", "fault syntax 1:4 [0]"), ("[1", "fault truncated 1:3 [0]"), ("[", "fault truncated 1:2 [0]"),
        ("{\"a\":1,}", "fault syntax 1:8 "), ("{,}", "fault syntax 1:2 "), ("{\"a\"}", "fault syntax 1:5 a"), ("{1:2}", "fault syntax 1:2 "),
        ("{\"a\":[{\"b\":\n[0,0,x]}]}", "fault syntax 2:6 a[0].b[2]"), ("{\"a\":1,\"a\":2}", "fault duplicate-key 1:8 a"), ("// no", "fault syntax 1:1 "), ("[1] x", "fault syntax 1:5 "),
        ("1 2", "fault syntax 1:3 "), ("\u{A0}1", "fault syntax 1:1 "), ("{\"a,]\":[1,{\"}\":?}]}", "fault syntax 1:16 a,][1].}"),
    ]

    @Test(arguments: table.indices) func whatTheStandardTakesAndWhatNot(_ index: Int) {
        let (text, expected) = Self.table[index]
        #expect(parsed(text) == expected)
    }

    @Test func depthHasItsLimit() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try JSONValue.parse(nested(64)) }
        #expect(parsed(nested(65)).hasPrefix("fault too-deep 1:65 "))
        #expect(parsed(nested(10_000)).hasPrefix("fault too-deep 1:65 "))
        #expect(parsed(String(repeating: "[", count: 1_000_000)).hasPrefix("fault too-deep 1:65 "))
    }

    @Test func keysAndElementsHaveTheirLimits() throws {
        var limits = JSONLimits()
        limits.membersMax = 20
        limits.elementsMax = 3
        let keys = (0..<20).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(throws: Never.self) { try JSONValue.parse("{\(keys)}".utf8, limits: limits) }
        #expect(throws: JSONFault.self) { try JSONValue.parse("{\(keys),\"k\":0}".utf8, limits: limits) }
        #expect(throws: JSONFault.self) { try JSONValue.parse("{\(keys),\"k19\":0}".utf8) }
        #expect(throws: Never.self) { try JSONValue.parse("[1,2,3]".utf8, limits: limits) }
        #expect(throws: JSONFault.self) { try JSONValue.parse("[1,2,3,4]".utf8, limits: limits) }
    }

    @Test func subscriptsReachIn() throws {
        let value = try JSONValue.parse(#"{"a":[1,{"b":"x"},2.5,true,null]}"#)
        #expect(value["a"]?[1]?["b"]?.string == "x")
        #expect(value["a"]?[0]?.int == 1)
        #expect(value["a"]?[0]?.double == 1)
        #expect(value["a"]?[2]?.double == 2.5)
        #expect(value["a"]?[3]?.bool == true)
        #expect(value["a"]?[4]?.isNull == true)
        #expect(value["a"]?[5] == nil)
        #expect(value["b"] == nil)
        #expect(value["a"]?.array?.count == 5)
        #expect(value.object?.map(\.key) == ["a"])
    }

    /// The fast path for numbers against the standard library's own reading of the same text.
    @Test func numbersAreReadToTheLastBit() throws {
        let seed: UInt64 = 4
        var random = SeededGenerator(seed: seed)
        for round in 0..<20_000 {
            let digits = Int.random(in: 1...20, using: &random)
            var text = Bool.random(using: &random) ? "-" : ""
            text += String(Int.random(in: 1...9, using: &random))
            for _ in 1..<max(digits, 2) { text += String(Int.random(in: 0...9, using: &random)) }
            text += "."
            for _ in 0..<Int.random(in: 1...12, using: &random) { text += String(Int.random(in: 0...9, using: &random)) }
            if Bool.random(using: &random) { text += "e\(Int.random(in: -40...40, using: &random))" }
            #expect(try JSONValue.parse(text).double == Double(text), "seed \(seed), round \(round): \(text)")
        }
    }

    @Test func whatIsWrittenReadsBack() throws {
        let seed: UInt64 = 5
        var maker = InputMaker(seed: seed)
        func value(_ depth: Int, _ maker: inout InputMaker) -> JSONValue {
            switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &maker.random) {
            case 0: return .null
            case 1: return .bool(maker.chance(50))
            case 2: return .int(Int64.random(in: .min ... .max, using: &maker.random))
            case 3: return .double(maker.double())
            case 4: return .string(maker.text(max: 30, lines: true))
            case 5: return .array((0..<Int.random(in: 0...4, using: &maker.random)).map { _ in value(depth + 1, &maker) })
            default:
                return .object(
                    (0..<Int.random(in: 0...20, using: &maker.random)).map { JSONMember(key: "\($0):" + maker.text(max: 3, lines: true), value: value(depth + 1, &maker)) })
            }
        }
        for round in 0..<2_000 {
            let original = value(0, &maker)
            #expect(try JSONValue.parse(original.text) == original, "seed \(seed), round \(round)")
        }
    }

    @Test func positionsCountLinesAndCodePoints() {
        #expect(parsed("{\n  \"断线\": [\n    \"é😀\", x]}") == "fault syntax 3:11 断线[1]")
        #expect(parsed("\u{FEFF}x") == "fault syntax 1:1 ")
    }
}

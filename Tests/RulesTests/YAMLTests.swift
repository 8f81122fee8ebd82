import Domain
import Testing

@testable import Rules

/// Nodes, places and texts, as they come out of the reader.
@Suite struct YAMLTests {
    private func read(_ text: String) -> (Node?, SourceText, Findings) {
        let source = SourceText(name: "x.yaml", bytes: Array(text.utf8))
        let findings = Findings()
        return (YAMLReader(source: source, file: 0, findings: findings).read(), source, findings)
    }

    private func value(_ key: String, of node: Node?) -> Node? {
        guard case .map(let pairs, _) = node?.content else { return nil }
        return pairs.first { $0.key.text == key }?.value
    }

    /// YAML would make a truth value, an octal number, a float, a date, nothing, a time of these: here they stay what was written.
    @Test(arguments: ["NO", "0123", "1e3", "2026-11-22", "~", "null", "yes", "08:00", "0x1F", "1_000", ".inf", "<<", "=", "-"])
    func textsStayVerbatim(text: String) {
        let (root, _, findings) = read("a: \(text)\nb: 1\n")
        if text == "-" {
            #expect(findings.hasErrors)
        } else {
            #expect(value("a", of: root)?.text == text)
            #expect(!findings.hasErrors)
        }
    }

    @Test func placesCountCharacters() throws {
        let (root, source, _) = read("\u{FEFF}# 说明\n城区: 值 # 注\nb: {甲: 乙,  c: [一, 二]}\r\nd: 'e'\n")
        guard case .map(let pairs, _) = try #require(root).content else { return #expect(Bool(false)) }
        func at(_ node: Node) -> [Int] {
            let from = source.position(of: node.range.lowerBound)
            let to = source.position(of: node.range.upperBound)
            return [from.line, from.column, to.line, to.column]
        }
        #expect(at(pairs[0].key) == [2, 1, 2, 3])
        #expect(at(pairs[0].value) == [2, 5, 2, 6])
        guard case .map(let inner, let flow) = pairs[1].value.content else { return #expect(Bool(false)) }
        #expect(flow)
        #expect(at(inner[0].value) == [3, 8, 3, 9])
        #expect(at(inner[1].key) == [3, 12, 3, 13])
        #expect(at(pairs[2].value) == [4, 4, 4, 7])
    }

    /// Letters of several code points count once, as an editor counts them.
    @Test func columnsAreGraphemes() {
        let source = SourceText(name: "x", bytes: Array("e\u{301}👨‍👩‍👧x".utf8))
        #expect(source.position(of: Array("e\u{301}👨‍👩‍👧".utf8).count).column == 3)
    }

    /// Every scalar of a text is found again in the source, whatever the style.
    @Test(arguments: [
        "k: plain 线 text\n", "k: plain over\n   two 线\n\n   lines and # no\n", "k: 'it''s 线'\n", "k: 'one\n  two\n\n\n  three'\n",
        "k: \"tab\\t \\u7ebf \\x41 \\\\ \\\"q\\\" 线\"\n", "k: \"one \\\n   two\n   three\\\n\n   four\"\n", "k: \"\\U0001F600x\"\n", "k: |\n  one 线\n    two\n\n  three\n",
        "k: |-\n  one\n\n\n", "k: |+\n  one\n\n\n", "k: >\n  one\n  two 线\n\n  three\n    four\n  five\n", "k: >-\n  one\n  two\n", "k: >2\n    deep\n  flat\n",
        "k: |\n\n\n  late\n", "k: |\r\n  one\r\n  two\r\n", "a:\n  k: >-\n    x &&\n\n    线 ||\n    z\n  b: 1\n", "- k: |\n    one\n    two\n", "k: | # note\n  one\n",
        "k: \"a\u{301}b\"\n", "k: ''\n", "k: \"\"\n", "k: >\n\n  one\n   two\n  three\n\n\n  four\n", "k: |\n  only", "k: plain\n\n\n  far\nb: 2\n",
    ])
    func scalarsMapBack(text: String) throws {
        let (root, source, findings) = read(text)
        #expect(!findings.hasErrors)
        var node = root
        if case .list(let items, _) = node?.content { node = items[0] }
        if let inner = value("a", of: node) { node = inner }
        let scalar = try #require(value("k", of: node))
        let characters = Array(try #require(scalar.text))
        let map = ScalarMap(scalar, in: source)
        for (i, character) in characters.enumerated() {
            let range = map.range(characters: i..<(i + 1))
            let found = source.text(range)
            // Escapes and folded line ends look different in the source; all else is the character itself.
            let isWritten = found == String(character)
            let isEscape = found.hasPrefix("\\")
            let isFold = character.isWhitespace && (found.isEmpty || found.allSatisfy { $0.isWhitespace })
            let isQuote = character == "'" && found.hasPrefix("'")
            #expect(isWritten || isEscape || isFold || isQuote, "character \(i) '\(character)' is found as '\(found)'")
            #expect(!range.isEmpty || isFold, "character \(i) '\(character)' has no place")
        }
    }

    @Test func fourHundredBytesOfAliasesAreRefusedAtOnce() {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for i in 1...8 {
            let names = Array("abcdefghi")
            bomb += "\(names[i]): &\(names[i]) [" + Array(repeating: "*\(names[i - 1])", count: 9).joined(separator: ",") + "]\n"
        }
        #expect(bomb.utf8.count < 400)
        let (root, _, findings) = read(bomb)
        #expect(root == nil)
        #expect(findings.entries.count == YAMLReader.linksMax)
        #expect(findings.entries.allSatisfy { $0.wording.code == "alias" || $0.wording.code == "anchor" })
    }

    @Test(arguments: [
        String(repeating: "[", count: 200_000), String(repeating: "{a: ", count: 100_000), String(repeating: "- ", count: 100_000),
        String(repeating: "? ", count: 100_000), String(repeating: "a: ", count: 100_000), String(repeating: "\"", count: 100_001),
        String(repeating: "&a ", count: 100_000), String(repeating: "!!a ", count: 100_000), String(repeating: "# \t", count: 300_000), "\u{FEFF}", "---", "...", "%", "\r", "|", ">",
        "? ? ?", "a:\n\t", "'", "*", "&", "!", "{", "[", "]", "}", ",", ":", "-", "?", "@", "`", "\u{85}", "--- |", "%TAG ! tag:x\n---\na",
    ])
    func hostileTextsAreRefused(text: String) {
        let compilation = Fixture.compile([("site.yaml", Fixture.site), ("x.yaml", text)])
        #expect(compilation.set == nil)
        #expect(compilation.errorCount > 0)
    }

    @Test func sizesAreExact() {
        func bytes(_ count: Int) -> [UInt8] { Array("module: a\nenabled: false\n#".utf8) + Array(repeating: UInt8(ascii: "x"), count: count - 26) }
        func codes(_ count: Int) -> [String] {
            RuleCompiler.compile(
                RuleSource(files: [
                    RuleSource.File(name: "site.yaml", bytes: Array(Fixture.site.utf8)), RuleSource.File(name: "a.yaml", bytes: bytes(count)),
                ]), moduleBytesMax: Fixture.moduleBytesMax, zone: Fixture.zone
            ).diagnostics.map(\.code)
        }
        #expect(codes(Fixture.moduleBytesMax) == ["no-rules"])
        #expect(codes(Fixture.moduleBytesMax + 1) == ["file-too-large"])
    }

    /// Against the standard library's own judgement.
    @Test func utf8IsJudgedAsTheStandardLibraryDoes() {
        var random = SeededGenerator(seed: 5)
        let pieces: [[UInt8]] = [[0x41], [0xC3, 0xA9], [0xE7, 0xBA, 0xBF], [0xF0, 0x9F, 0x98, 0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE7, 0xBA], [0x80]]
        for round in 0..<5_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) { bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)] }
            #expect((UTF8Check.firstInvalid(bytes) == nil) == (String(validating: bytes, as: UTF8.self) != nil), "round \(round): \(bytes)")
        }
    }
}

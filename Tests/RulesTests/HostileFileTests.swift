import Domain
import Testing

@testable import Rules

/// Files that fuzzing found to be read wrongly, or that are large without saying much: each now ends quickly, with the right place.
@Suite struct HostileFileTests {
    private func read(_ text: String) -> (root: Node?, source: SourceText, findings: Findings) {
        let source = SourceText(name: "m.yaml", bytes: Array(text.utf8))
        let findings = Findings()
        return (YAMLReader(source: source, file: 0, findings: findings).read(), source, findings)
    }

    private func texts(_ node: Node) -> [Node] {
        switch node.content {
        case .text: [node]
        case .alias: []
        case .list(let items, _): items.flatMap(texts)
        case .map(let pairs, _): pairs.flatMap { texts($0.key) + texts($0.value) }
        }
    }

    /// A header with a digit over lines of blanks; a mask over letters of several bytes before other texts; a colon without a blank.
    @Test(arguments: [
        "a:                          >2\n        \n ", "a: >2\n        \n  x\n", "a: |1\n  \n x\n", "a: |3\n      deep\n   flat\n", "- a: >2\n      x\n     y\n",
        "when: !断线\nb: c\n断: d\n", "s:\nwhen: x:冒烟: y\nnearest: '断'\n", "b's accepm\nwhen:String wx\n", "when: 'x\n", "a:     >4\nb:     >4\nc: x: y\nd:   >5\ne-' indicator\n", "a: |2\nb: [\n      x\nc: d\n",
        "$s: =\r fauas && bleetaralse\n\ns:\n\n\n\n---\n\r\n\n\ncomman\u{14}: oute:\n  - colt\ns: re olt\n", "$s: a\r\n\r b\n", "$s: a\u{85}\u{2028} b\u{2029}\n c\n",
        "$s: \"a\\\r  \r\n b\r c\"\n", "$s: 'a\u{2028} b\r\r c'\n", "$s: >\n  a\r  b\r\n  c\u{85}\r  d\u{2028}  e\n", "$s: |+\r  a\r   b\r\r\n", "$s: >\r\n  a\r\n  b\r\n", "a: a\r\n  b\r\n\r\n  c\r\n",
        "ls:\nls:\n\n-\n    !\n\"]] \nws]: ##   !\nwhen: ]]uf\nwhen: ]]when: ]]uf\nwhen: ]]: #:\"]]    !*\"]] \nw\nhe", "route:\n  - when: a: b #c d  \n    task: x\n", "when: ]a #c  \n",
    ])
    func placesAreExact(_ text: String) throws {
        let (root, source, findings) = read(text)
        guard let root else { return #expect(findings.hasErrors) }
        for node in texts(root) where !node.isSpoilt { #expect(ScalarMap(node, in: source).isExact, "\(node)") }
    }

    /// After a condition with Chinese was masked, what stands behind it is told where it is.
    @Test func aMaskMovesNothing() throws {
        let (root, source, findings) = read("when: !断线断线断线\nsummary: x\nsummary: y\n")
        #expect(root != nil)
        #expect(findings.entries.map { source.position(of: $0.range.lowerBound).line } == [1, 3])
    }

    /// What can't be read is left out, and nothing that may have stood there is missed.
    @Test(arguments: ["module: m\n\tx: y\nroute:\n", "module: m\nroute:\n  - name: a\n   task: x\n", "module: m\nsummary: \"x\ntakes: true\n", "a: [\nmodule: m\nroute: [\n"])
    func oneMistakeForOneMistake(_ text: String) {
        let compilation = Fixture.compile([("site.yaml", Fixture.site), ("m.yaml", text)])
        let codes = compilation.diagnostics.map(\.code)
        #expect(!codes.contains("missing-key") && !codes.contains("no-site"), "\(codes)")
        #expect(codes.contains { ["yaml-syntax", "tab"].contains($0) }, "\(codes)")
        #expect(compilation.set == nil)
    }

    /// As many mistakes as a file has, and no more than are of use.
    @Test(arguments: [
        ("brackets", "x: " + String(repeating: "[", count: 100_000)), ("braces", "x: " + String(repeating: "{", count: 100_000)),
        ("dashes", "route:\n" + String(repeating: "- ", count: 50_000)), ("tabs", String(repeating: "\tx: y\n", count: 20_000)),
        ("controls", "a: " + String(repeating: "\u{1}", count: 100_000)), ("questions", String(repeating: "? ", count: 50_000)),
        ("broken rules", "route:\n" + String(repeating: "  - name: a\n   x: [\n", count: 5_000)), ("quotes", String(repeating: "a: \"b\n", count: 5_000)),
        ("conditions", "let:\n" + String(repeating: "  a: !b\n", count: 5_000)), ("one key", "x" + String(repeating: "\u{301}", count: 50_000) + ": 1\n"),
    ])
    func manyMistakesAreCapped(_ name: String, _ text: String) {
        let compilation = Fixture.compile([("site.yaml", Fixture.site), ("m.yaml", "module: m\n" + text)])
        #expect(compilation.errorCount > 0 && compilation.diagnostics.count <= Findings.toldMax + 1, "\(name): \(compilation.diagnostics.count)")
    }

    /// Of a file with thousands of mistakes most are only counted, part by part of their conditions: the count is what it would be one by one.
    @Test func whatIsOnlyCountedIsCountedRight() {
        let conditions = [
            "report.catgory == \"fire\" && report.customers_out >= 10", "report.category == \"fir\" && report.urgncy == \"x\" && nobody(report.site)",
            "report.category = \"fire\" && report.urgncy == \"x\"", "report.customers_out + 1", "report.customers_out", "report.site == 3 && hazzard",
            "report.catgory == \"a\" || report.urgncy == \"b\"", "report.category == \"fire\" && report.customers_out", "matches(report.site, \"[\") && report.sit == \"\"",
        ]
        func told(_ conditions: [String]) -> Int {
            var text = "module: m\nroute:\n"
            for (number, condition) in conditions.enumerated() {
                text += "  - name: r\(number)\n    when: >-\n      \(condition)\n    task: t\n    assign: { department: operations }\n"
            }
            let compilation = Fixture.compile([("site.yaml", Fixture.site), ("m.yaml", text)])
            return compilation.diagnostics.count { $0.code != DiagnosticCode.more.rawValue } + compilation.untold
        }
        let each = conditions.map { told([$0]) }
        #expect(each.allSatisfy { $0 > 0 })
        let many = 300
        #expect(each.reduce(0, +) * many > 2 * Findings.keptMax)
        #expect(told((0..<many).flatMap { _ in conditions }) == each.reduce(0, +) * many)
    }

    /// A file that is too large is not read to say so.
    @Test func anUnreadFileIsTold() {
        let size = 100 << 20
        let files = [
            RuleSource.File(name: "m.yaml", bytes: [], unreadSize: size),
            RuleSource.File(name: "site.yaml", bytes: Array((Fixture.site + "network: network.csv\n").utf8)),
            RuleSource.File(name: "network.csv", bytes: [], unreadSize: size),
        ]
        let compilation = Fixture.compile(RuleSource(files: files))
        #expect(compilation.diagnostics.map(\.code) == ["file-too-large", "file-too-large"])
        #expect(compilation.diagnostics.allSatisfy { $0.message.contains("\(size) bytes") })
        #expect(RuleLimits.fileBytes("a.yaml") < size && RuleLimits.fileBytes("a.csv") < size)
    }
}

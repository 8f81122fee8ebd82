import CEL
import Domain
import Foundation
import Testing

@testable import Rules

@Suite struct GoldenTests {
    @Test func everyGoldenFileSaysWhatItSaid() throws {
        let rewrites = ProcessInfo.processInfo.environment["PAIDAN_WRITE_GOLDEN"] == "1"
        for golden in try Golden.all() {
            let compilation = Fixture.compile(golden.source)
            let text = golden.source.human(compilation.diagnostics).trimmingCharacters(in: .newlines)
            if rewrites { try Golden.rewrite(golden, text) }
            #expect(text == golden.expected, "\(golden.name).golden")
            #expect((compilation.set == nil) == (compilation.errorCount > 0), "\(golden.name).golden")
        }
    }

    /// Codes of the condition language: the list in its Wording.swift.
    static let expressionCodes = [
        "syntax", "reserved-name", "bad-escape", "overflow", "too-long", "too-deep", "too-costly", "unknown-name", "unknown-field",
        "unknown-function", "unknown-value", "unknown-zone", "not-a-value", "wrong-type", "no-overload", "never-equal", "bad-macro", "bad-duration",
        "bad-timestamp", "bad-pattern",
    ]

    @Test func everyCodeHasAGoldenFile() throws {
        let told = Set(try Golden.all().flatMap { Fixture.compile($0.source).diagnostics.map(\.code) })
        let known = Set(DiagnosticCode.allCases.map(\.rawValue) + Self.expressionCodes)
        #expect(known.subtracting(told).sorted() == [], "codes that no golden file shows")
        #expect(told.subtracting(known).sorted() == [], "codes that nobody listed")
    }

    /// The gate above can go red: a code without a file is found missing.
    @Test func aMissingGoldenFileIsNoticed() throws {
        let told = Set(try Golden.all().filter { !["tab", "goes-on-after-tab"].contains($0.name) }.flatMap { Fixture.compile($0.source).diagnostics.map(\.code) })
        #expect(!told.contains(DiagnosticCode.tab.rawValue))
    }

    @Test func everyPlaceIsInsideItsFile() throws {
        for golden in try Golden.all() {
            for diagnostic in Fixture.compile(golden.source).diagnostics where diagnostic.file != "." {
                let file = try #require(golden.source.files.first { $0.name == diagnostic.file }, "\(golden.name)")
                let source = SourceText(name: file.name, bytes: file.bytes)
                #expect(diagnostic.line >= 1 && diagnostic.line <= source.lineStarts.count, "\(golden.name)")
                #expect(diagnostic.column >= 1, "\(golden.name)")
                #expect((diagnostic.endLine, diagnostic.endColumn) >= (diagnostic.line, diagnostic.column), "\(golden.name)")
                let length = source.text(ofLine: diagnostic.line - 1).count
                #expect(diagnostic.column <= length + 1, "\(golden.name): column \(diagnostic.column) of \(length)")
            }
        }
    }
}

@Suite struct DiagnosticTests {
    let chinese = Diagnostic(
        file: "faults.yaml", line: 3, column: 11, endLine: 3, endColumn: 15, severity: .error, code: "unknown-field", message: "'report' has no field 'sitt'",
        suggestion: "site", example: nil)

    @Test func aCaretUnderChineseTextAligns() {
        // Five characters of two cells each stand before the place: the caret begins five cells further right than the column says.
        let text = chinese.human(sourceLine: "# 城区和农村 x=sitt", folder: "rules")
        #expect(
            text == """
                rules/faults.yaml:3:11: error[unknown-field]: 'report' has no field 'sitt'; did you mean 'site'?
                    # 城区和农村 x=sitt
                                   ^^^^
                """)
    }

    @Test func jsonHasTheAgreedKeys() {
        #expect(
            String(decoding: chinese.json(), as: UTF8.self)
                == #"{"file":"faults.yaml","line":3,"column":11,"end_line":3,"end_column":15,"severity":"error","code":"unknown-field","message":"'report' has no field 'sitt'","suggestion":"site"}"#)
    }

    @Test func longLinesAreCutAroundThePlace() {
        let line = String(repeating: "线", count: 5_000) + "X" + String(repeating: "b", count: 5_000)
        let marked = MarkedLine(line, from: 5_001, to: 5_002)
        let cells = marked.text.reduce(0) { $0 + MarkedLine.cells($1) }
        #expect(cells <= MarkedLine.cellsMax + 50)
        let before = marked.text.prefix { $0 != "X" }.reduce(0) { $0 + MarkedLine.cells($1) }
        #expect(marked.caret == String(repeating: " ", count: before) + "^")
    }

    @Test func cellsOfCharacters() {
        for (character, cells): (Character, Int) in [("a", 1), ("é", 1), ("线", 2), ("，", 2), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("あ", 2), ("😀", 2), ("—", 1)] {
            #expect(MarkedLine.cells(character) == cells, "\(character)")
        }
    }
}

import Domain
import Testing

@testable import paidan

@Suite("Tables and text on a terminal")
struct TableTests {
    private let plain = Terminal(isTerminal: false) { _ in nil }
    private let coloured = Terminal(isTerminal: true) { _ in nil }

    @Test("a Chinese character takes two cells, a combining mark none")
    func widths() {
        #expect(Cells.width(of: "abc") == 3)
        #expect(Cells.width(of: "城北二班") == 8)
        #expect(Cells.width(of: "e\u{301}") == 1)
        #expect(Cells.width(of: "a\u{FF0C}b") == 4)
    }

    @Test("text is cut at a whole character")
    func fit() {
        #expect(Cells.fit("城北二班", to: 8) == "城北二班")
        #expect(Cells.fit("城北二班", to: 7) == "城北二…")
        #expect(Cells.fit("城北二班", to: 6) == "城北…")
        #expect(Cells.fit("abc", to: 0) == "")
    }

    @Test("wrapping keeps every line within its cells and loses nothing", arguments: [4, 7, 20, 60])
    func wrap(cells: Int) {
        let text = "the duty engineer 城北二班城北二班 edits faults.yaml and_a_very_long_word_without_any_space"
        let lines = Cells.wrapped(text, to: cells)
        #expect(lines.allSatisfy { Cells.width(of: $0) <= cells })
        #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
    }

    @Test("no line of Chinese tears a number, or begins with a full stop", arguments: 10...40)
    func wrapChinese(cells: Int) {
        let lines = Cells.wrapped("现场勘查：由作业班组办理，最迟2026年11月30日。下一步：供电方案答复、物资领用。全程最迟2026年12月14日。", to: cells)
        #expect(lines.allSatisfy { Cells.width(of: $0) <= cells && !"。，、：".contains($0.first ?? " ") })
        #expect(zip(lines, lines.dropFirst()).allSatisfy { !($0.last?.isNumber ?? false) || !($1.first?.isNumber ?? false) }, "\(lines)")
        #expect(lines.joined().contains("2026年11月30日。下一步"))
    }

    @Test("a table fits 100 cells, the widest shrinking column giving way, others never")
    func shrinks() {
        var table = Table(columns: [.init(title: "ID"), .init(title: "TEXT", shrinksTo: 8), .init(title: "N", right: true)])
        table.rows = [
            [Cell("T-20261122-17"), Cell(String(repeating: "停电", count: 60)), Cell("7")], [Cell("T-1"), Cell("short"), Cell("1234")],
        ]
        let lines = table.lines(on: plain)
        #expect(lines.allSatisfy { Cells.width(of: $0) <= 100 })
        #expect(lines[1].hasPrefix("T-20261122-17  停电"))
        #expect(lines[1].hasSuffix("…     7"))
        #expect(lines[2].hasPrefix("T-1            short"))
        #expect(lines[2].hasSuffix("  1234"))
    }

    @Test("a name with a line end or an escape in it breaks neither the table nor the terminal")
    func control() {
        #expect(Cell("a\nb\u{1B}[31mc\r\nd\u{7F}").text == "a·b·[31mc·d·")
    }

    @Test("colour only on a terminal, and not where NO_COLOR is set")
    func colour() {
        #expect(plain.paint("x", .red) == "x")
        #expect(coloured.paint("x", .red) == "\u{1B}[31mx\u{1B}[0m")
        #expect(Terminal(isTerminal: true) { $0 == "NO_COLOR" ? "1" : nil }.paint("x", .red) == "x")
        #expect(Terminal(isTerminal: true) { $0 == "NO_COLOR" ? "" : nil }.paint("x", .red) == "\u{1B}[31mx\u{1B}[0m")
        #expect(Terminal(isTerminal: true) { $0 == "TERM" ? "dumb" : nil }.paint("x", .red) == "x")
    }

    @Test("the folders come from systemd where it says so")
    func places() {
        let bare = Places { _ in nil }
        #expect(bare.rules == "/etc/paidan/rules" && bare.socket == "/run/paidan/paidan.sock")
        let given = Places { ["STATE_DIRECTORY": "/a:/b", "RUNTIME_DIRECTORY": "/r", "CONFIGURATION_DIRECTORY": "/c"][$0] }
        #expect(given.rules == "/c/rules" && given.state == "/a" && given.socket == "/r/paidan.sock")
    }
}

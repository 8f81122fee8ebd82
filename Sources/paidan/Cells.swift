/// How wide text stands on a terminal.
enum Cells {
    /// 2 for Chinese, Japanese, Korean, full-width forms and pictures (Unicode's East Asian Width W and F, by block), 0 for marks that
    /// stand on the character before, else 1.
    static func width(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first?.value else { return 0 }
        switch scalar {
        case 0x300...0x36F, 0x200B...0x200F, 0xFE00...0xFE0F: return 0
        case ..<0x1100: return 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    static func width(of text: some StringProtocol) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    /// The text in at most so many cells; cut with `…`.
    static func fit(_ text: String, to cells: Int) -> String {
        guard width(of: text) > cells else { return text }
        var used = 1
        var kept = ""
        for character in text {
            used += width(of: character)
            if used > cells { break }
            kept.append(character)
        }
        return cells > 0 ? kept + "…" : ""
    }

    static func padded(_ text: String, to cells: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, cells - width(of: text)))
        return right ? space + text : text + space
    }

    /// Breaks a text into lines of at most so many cells: at spaces, and anywhere in Chinese.
    static func wrapped(_ text: String, to cells: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ", omittingEmptySubsequences: true) {
            var rest = Substring(word)
            if used > 0, used + 1 + width(of: rest) <= cells {
                line += " " + rest
                used += 1 + width(of: rest)
                continue
            }
            if used > 0 {
                lines.append(line)
                (line, used) = ("", 0)
            }
            while width(of: rest) > cells {
                var piece = ""
                while let next = rest.first, width(of: piece) + width(of: next) <= max(2, cells) {
                    piece.append(next)
                    rest.removeFirst()
                }
                lines.append(piece)
            }
            line = String(rest)
            used = width(of: rest)
        }
        return used > 0 || lines.isEmpty ? lines + [line] : lines
    }
}

/// A cell of a table: a text and how it is painted.
struct Cell {
    var text: String
    var style: Terminal.Style?

    init(_ text: String, _ style: Terminal.Style? = nil) {
        // A name with a line end or an escape in it must not break the table, or the terminal.
        self.text = String(text.map { $0.isNewline || ($0.asciiValue.map { $0 < 0x20 || $0 == 0x7F } ?? false) ? "·" : $0 })
        self.style = style
    }
}

/// A table of at most 100 columns. Columns take what they need; where that is too much, those that may shrink give way, the
/// widest first.
struct Table {
    struct Column {
        var title: String
        var right = false
        /// Not narrower than this; nil: it never shrinks.
        var shrinksTo: Int?
    }

    static let cellsMax = 100

    var columns: [Column]
    var rows: [[Cell]] = []

    /// - Parameter cells: how wide the table may be.
    func lines(on terminal: Terminal, cells: Int = Table.cellsMax) -> [String] {
        let widths = widths(cells)
        let head = zip(columns, widths).map { Cells.padded(Cells.fit($0.title, to: $1), to: $1, right: $0.right) }
        var lines = [terminal.paint(trimmed(head.joined(separator: "  ")), .faint)]
        for row in rows {
            let cells = zip(row, zip(columns, widths)).map { cell, column in
                let text = Cells.padded(Cells.fit(cell.text, to: column.1), to: column.1, right: column.0.right)
                return terminal.paint(text, cell.style)
            }
            lines.append(trimmed(cells.joined(separator: "  ")))
        }
        return lines
    }

    private func widths(_ cells: Int) -> [Int] {
        var widths = columns.enumerated().map { i, column in
            rows.reduce(Cells.width(of: column.title)) { max($0, Cells.width(of: $1[i].text)) }
        }
        let gaps = 2 * (columns.count - 1)
        while widths.reduce(gaps, +) > cells {
            let shrinkable = columns.indices.filter { widths[$0] > (columns[$0].shrinksTo ?? .max) }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return widths
    }

    private func trimmed(_ line: String) -> String {
        var line = Substring(line)
        while line.last == " " { line.removeLast() }
        return String(line)
    }
}

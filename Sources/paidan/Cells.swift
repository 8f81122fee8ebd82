import Domain

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

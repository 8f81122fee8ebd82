import Domain

/// One mistake or finding in the rule files, with its exact place, and what would be right.
package struct Diagnostic: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
        /// The set can't be used.
        case error
        /// The set can be used; somebody should look.
        case warning
    }

    /// The file's name relative to the rules folder.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in characters (what an editor counts), not bytes.
    package var column: Int
    /// The line of the first character after it.
    package var endLine: Int
    /// The column of the first character after it.
    package var endColumn: Int
    package var severity: Severity
    /// A stable kind in lower case with hyphens: `unknown-field`. All of them: `DiagnosticCode`, and those of the condition language.
    package var code: String
    package var message: String
    /// The nearest valid name or the right value, without quotes.
    package var suggestion: String?
    /// The right form, as it would stand in the file; may have several lines.
    package var example: String?

    package init(
        file: String, line: Int, column: Int, endLine: Int, endColumn: Int, severity: Severity, code: String, message: String,
        suggestion: String? = nil, example: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.endLine = endLine
        self.endColumn = endColumn
        self.severity = severity
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.example = example
    }

    /// `FILE:LINE:COL: error[CODE]: TEXT`, then the source line with a caret under the place, then the right form where there is one.
    /// Ends without a line end. `folder` is put before the file's name: `rules` gives `rules/faults.yaml:…`.
    package func human(sourceLine: String?, folder: String = "") -> String { human(characters: sourceLine.map { Array($0) }, folder: folder) }

    /// - Parameter characters: of the source line.
    func human(characters: [Character]?, folder: String) -> String {
        let path = folder.isEmpty ? file : folder.hasSuffix("/") ? folder + file : folder + "/" + file
        var text = "\(path):\(line):\(column): \(severity.rawValue)[\(code)]: \(message)"
        if let suggestion { text += "; did you mean '\(suggestion)'?" }
        text = String(text.map(MarkedLine.visible))
        if let characters {
            let marked = MarkedLine(characters, from: column, to: endLine > line ? .max : endColumn)
            text += "\n    " + marked.text + "\n    " + marked.caret
        }
        if let example {
            text += "\n  right:"
            for line in example.split(separator: "\n", omittingEmptySubsequences: false) { text += "\n    " + line }
        }
        return text
    }

    /// One JSON object without a line end.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { json in
            json.field("file", file)
            json.field("line", line)
            json.field("column", column)
            json.field("end_line", endLine)
            json.field("end_column", endColumn)
            json.field("severity", severity.rawValue)
            json.field("code", code)
            json.field("message", message)
            json.field("suggestion", suggestion)
            json.field("example", example)
        }
        return writer.bytes
    }
}

/// A source line as a terminal shows it, with a caret line that stands under the right cells.
struct MarkedLine {
    let text: String
    let caret: String

    /// Lines longer than this many cells are cut around the place.
    static let cellsMax = 120

    init(_ line: String, from column: Int, to endColumn: Int) { self.init(Array(line), from: column, to: endColumn) }

    init(_ characters: [Character], from column: Int, to endColumn: Int) {
        let start = min(max(column - 1, 0), characters.count)
        let end = min(max(endColumn - 1, start), characters.count)
        // A window around the place, where the line is long.
        var first = 0
        var last = characters.count
        if characters.count > Self.cellsMax || characters.reduce(0, { $0 + Self.cells($1) }) > Self.cellsMax {
            var cells = 0
            first = start
            while first > 0, cells < Self.cellsMax / 3 {
                first -= 1
                cells += Self.cells(characters[first])
            }
            last = start
            while last < characters.count, cells < Self.cellsMax {
                cells += Self.cells(characters[last])
                last += 1
            }
        }
        var text = first > 0 ? "… " : ""
        var caret = first > 0 ? "  " : ""
        for i in first..<last {
            let character = characters[i]
            text.append(Self.visible(character))
            if i < start { caret += String(repeating: " ", count: Self.cells(character)) }
        }
        if last < characters.count { text += " …" }
        var width = 0
        for i in start..<max(start, min(end, last)) { width += Self.cells(characters[i]) }
        self.text = text
        self.caret = caret + String(repeating: "^", count: max(width, 1))
    }

    /// Control characters could move a terminal's cursor: they show as U+FFFD, a tab as a blank.
    static func visible(_ character: Character) -> Character {
        guard let scalar = character.unicodeScalars.first?.value else { return character }
        if scalar == 9 { return " " }
        return scalar < 0x20 || (0x7F..<0xA0).contains(scalar) || scalar == 0x2028 || scalar == 0x2029 || scalar == 0xFEFF ? "\u{FFFD}" : character
    }

    /// How many cells of a terminal a character takes: 2 for Chinese, Japanese, Korean, full-width forms and pictures, else 1
    /// (Unicode's East Asian Width W and F, by block).
    static func cells(_ character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first?.value else { return 0 }
        switch scalar {
        case ..<0x1100: return 1
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97F,
            0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
            0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}

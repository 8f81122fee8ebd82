// Tables as a counter's spreadsheet exports them: RFC 4180, with comma, semicolon or tab as the header shows, a byte order mark, and CR LF or LF.
// A row becomes the JSON object of the same input and goes through the same decoder, so that every check and every word is the same; only the
// places of faults are told as line and column of the table.

package struct CSVTable: Sendable {
    /// The names of the header; known ones in lower case.
    package let columns: [String]
    package let delimiter: UInt8
    /// The zone of times without an offset; nil: they are refused.
    private let zone: TimeZoneRules?
    private let index: [String: Int]

    /// Reads the header row. `zone`: a spreadsheet's `2026-11-22 08:15` and `2026/11/22 8:15` are local times of it.
    package init(header: some Collection<UInt8>, line: Int = 1, zone: TimeZoneRules? = nil) throws(InputFault) {
        let bytes = Array(header)
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw InputFault(code: .notUTF8, message: "this is UTF-16", suggestion: "save as UTF-8 (in the spreadsheet: CSV UTF-8)", line: line)
        }
        delimiter = Self.delimiter(of: bytes)
        self.zone = zone
        var names: [String] = []
        var index: [String: Int] = [:]
        let known = Self.knownColumns
        let cells = try CSVRow(bytes, delimiter: delimiter, line: line).cells
        for (i, cell) in cells.enumerated() {
            let lower = cell.text.lowercased()
            let name = known.contains(lower) ? lower : cell.text
            if name.unicodeScalars.contains(where: { isControl($0) }) || name.unicodeScalars.count > InputLimits.idScalarsMax {
                throw InputFault(
                    code: .controlCharacter, message: "'\(clipped(name, to: 40))' is no name of a column",
                    suggestion: "give it a short name on one line", line: cell.line, column: cell.column)
            }
            // Spreadsheets export empty columns on the right: those without a name must stay empty, which `input` checks.
            if !name.isEmpty, index.updateValue(i, forKey: name) != nil {
                throw InputFault(
                    code: .duplicateKey, message: "the column '\(clipped(name, to: 40))' stands here twice", suggestion: "keep one of them",
                    line: cell.line, column: cell.column, path: name)
            }
            names.append(name)
        }
        guard names.contains(where: { known.contains($0) }) else {
            throw InputFault(
                code: .missing, message: "the first row does not name the columns", suggestion: "begin with a header such as id,type,category,reported_at,customer",
                line: line)
        }
        // The columns of readings are near to names that other tables may have: they are guessed at only where readings are.
        let absent = known.filter { index[$0] == nil && (index["device"] != nil || !Self.readingColumns.contains($0)) }
        for (cell, name) in zip(cells, names) where !known.contains(name) {
            guard let meant = misspelling(name, of: absent) else { continue }
            throw InputFault(
                code: .unknownKey, message: "there is no column '\(clipped(name, to: 40))'", suggestion: "did you mean '\(meant)'?",
                line: cell.line, column: cell.column, path: clipped(name, to: 40))
        }
        columns = names
        self.index = index
    }

    /// One row as an input; nil for a row without any content. `isTerminated`: false when the file ends without a line end behind it.
    package func input(
        row: some Collection<UInt8>, line: Int, defaultSource: SourceID, isTerminated: Bool = true
    ) throws(InputFault) -> Input? {
        let bytes = Array(row)
        let parsed = try CSVRow(bytes, delimiter: delimiter, line: line)
        let cells = parsed.cells
        if cells.allSatisfy(\.text.isEmpty) { return nil }
        if cells.count < columns.count, !isTerminated {
            throw InputFault(
                code: .truncated, message: "the last row ends in the middle, with \(cells.count) of \(columns.count) cells",
                suggestion: "send it whole; write spool files in tmp and rename them into new", line: line)
        }
        for (i, cell) in cells.enumerated() where !cell.text.isEmpty && (i >= columns.count || columns[i].isEmpty) {
            throw InputFault(
                code: .tooMany, message: "cell \(i + 1) has no column in the header", suggestion: "put texts that hold a delimiter in quotes",
                line: cell.line, column: cell.column)
        }
        let object = try Row(table: self, cells: cells).object()
        do throws(InputFault) { return try InputCodec.decode(object, defaultSource: defaultSource) } catch {
            var fault = error
            let name = fault.path.split(separator: ".").last.map(String.init) ?? ""
            let cell = index[name].flatMap { $0 < cells.count ? cells[$0] : nil }
            fault.path = name
            fault.line = cell?.line ?? line
            fault.column = cell?.column ?? 1
            if fault.code == .missing { fault.suggestion = "fill the column '\(name)'" }
            throw fault
        }
    }

    private static let readingColumns: Set<String> = ["device", "quantity", "value", "unit"]

    /// The columns of every kind.
    static let knownColumns: [String] = [
        "kind", "id", "source", "type", "category", "reported_at", "customer", "lat", "lon", "district", "address", "site", "voltage", "urgency",
        "feeder", "transformer", "customers_out", "capacity_kva", "description", "task", "event", "by", "at", "note", "outcome", "to", "priority",
        "crew", "on_duty", "serves", "contractor", "job", "until", "device", "quantity", "value", "unit",
    ]

    /// The one of the three that stands most often outside quotes; a comma when none does.
    private static func delimiter(of header: [UInt8]) -> UInt8 {
        var counts: [UInt8: Int] = [:]
        var isQuoted = false
        for byte in header {
            if byte == 0x22 { isQuoted.toggle() } else if !isQuoted { counts[byte, default: 0] += 1 }
        }
        let candidates: [UInt8] = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        return candidates.max { (counts[$0] ?? 0, -Int($0)) < (counts[$1] ?? 0, -Int($1)) } ?? UInt8(ascii: ",")
    }

    /// Writes a row as the object that a sender of JSON would have sent.
    private struct Row {
        let table: CSVTable
        let cells: [CSVRow.Cell]
        private var used: Set<Int> = []

        init(table: CSVTable, cells: [CSVRow.Cell]) {
            self.table = table
            self.cells = cells
        }

        func object() throws(InputFault) -> [UInt8] {
            let kind = InputKind(rawValue: cell("kind")?.text ?? InputKind.report.rawValue)
            var json = JSONWriter(capacity: 512)
            var row = self
            var fault: InputFault?
            json.object { members in
                do throws(InputFault) { try row.members(of: kind, to: &members) } catch { fault = error }
            }
            if let fault { throw fault }
            return json.bytes
        }

        private mutating func members(of kind: InputKind?, to json: inout JSONWriter) throws(InputFault) {
            text(["kind", "id", "source"], to: &json)
            switch kind {
            case .report:
                text(["type", "category"], to: &json)
                try time("reported_at", to: &json)
                text(["customer"], to: &json)
                try place(to: &json)
                text(["site", "voltage", "urgency", "feeder", "transformer", "description", "about"], to: &json)
                list("documents", to: &json)
                try number("customers_out", to: &json)
                try number("capacity_kva", to: &json)
                rest("fields", to: &json)
            case .progress:
                text(["task", "event", "by", "note", "outcome", "to", "priority"], to: &json)
                list("reports", to: &json)
                try time("at", to: &json)
                try number("satisfaction", to: &json)
                try flag("solved", to: &json)
            case .crew:
                text(["crew", "serves"], to: &json)
                try place(to: &json)
                try time("at", to: &json)
                try flag("on_duty", to: &json)
            case .customer:
                text(["customer", "event"], to: &json)
                months("consumption", to: &json)
                months("payments", to: &json)
                // A record that says nothing says so; who is to be forgotten has no facts.
                if cell("event") == nil || hasMore { rest("facts", to: &json) }
            case .kase:
                text(["case", "event", "by", "note"], to: &json)
                try time("at", to: &json)
                list("documents", to: &json)
            case .outage:
                text(["outage", "event", "type", "feeder", "transformer", "reason"], to: &json)
                for name in ["from", "until", "at"] { try time(name, to: &json) }
                try number("customers_out", to: &json)
            case .contractor:
                text(["contractor", "job", "event", "by", "note"], to: &json)
                try time("until", to: &json)
                try time("at", to: &json)
                rest("scores", to: &json)
            case .reading:
                text(["device", "quantity"], to: &json)
                measured("value", to: &json)
                text(["unit"], to: &json)
                try time("at", to: &json)
            case .recovered, nil: break
            }
        }

        /// The cell of a column, when it is there and not empty.
        private func cell(_ name: String) -> CSVRow.Cell? {
            guard let i = table.index[name], i < cells.count, !cells[i].text.isEmpty else { return nil }
            return cells[i]
        }

        private mutating func take(_ name: String) -> CSVRow.Cell? {
            if let i = table.index[name] { used.insert(i) }
            return cell(name)
        }

        private mutating func text(_ names: [String], to json: inout JSONWriter) {
            for name in names {
                guard let cell = take(name) else { continue }
                json.key(named: name)
                json.string(cell.text)
            }
        }

        /// Codes in one cell, with blanks, commas or semicolons between them.
        private mutating func list(_ name: String, to json: inout JSONWriter) {
            guard let cell = take(name) else { return }
            json.key(named: name)
            json.array { json in
                for code in cell.text.split(whereSeparator: { $0.isWhitespace || ",;、，；".contains($0) }) { json.string(String(code)) }
            }
        }

        private mutating func number(_ name: String, to json: inout JSONWriter) throws(InputFault) {
            guard let cell = take(name) else { return }
            guard let value = try? JSONValue.parse(cell.text), value.double != nil else {
                throw InputFault(
                    code: .wrongType, message: "'\(clipped(cell.text, to: 40))' is not a number", suggestion: "write digits, with a point before decimals",
                    line: cell.line, column: cell.column, path: name)
            }
            json.key(named: name)
            json.raw(cell.text)
        }

        /// A number or a flag as it is; the decoder tells of anything else.
        private mutating func measured(_ name: String, to json: inout JSONWriter) {
            guard let cell = take(name) else { return }
            json.key(named: name)
            switch cell.text.lowercased() {
            case "true": json.bool(true)
            case "false": json.bool(false)
            default: if (try? JSONValue.parse(cell.text))?.double != nil { json.raw(cell.text) } else { json.string(cell.text) }
            }
        }

        private mutating func place(to json: inout JSONWriter) throws(InputFault) {
            var fault: InputFault?
            var row = self
            json.key("place")
            json.object { place in
                do throws(InputFault) {
                    try row.number("lat", to: &place)
                    try row.number("lon", to: &place)
                    row.text(["district", "address"], to: &place)
                } catch { fault = error }
            }
            self = row
            if let fault { throw fault }
        }

        private mutating func flag(_ name: String, to json: inout JSONWriter) throws(InputFault) {
            guard let cell = take(name) else { return }
            json.key(named: name)
            switch cell.text.lowercased() {
            case "true", "yes", "1": json.bool(true)
            case "false", "no", "0": json.bool(false)
            default:
                throw InputFault(
                    code: .wrongType, message: "'\(clipped(cell.text, to: 40))' is neither true nor false", suggestion: "write true or false",
                    line: cell.line, column: cell.column, path: name)
            }
        }

        /// A time with an offset stands as it is, for the decoder to read; one without gets the zone's.
        private mutating func time(_ name: String, to json: inout JSONWriter) throws(InputFault) {
            guard let cell = take(name) else { return }
            guard let zone = table.zone, let local = LocalText(cell.text) else {
                json.key(named: name)
                json.string(cell.text)
                return
            }
            guard let date = CivilDate(year: local.year, month: local.month, day: local.day), local.second < 86_400 else {
                throw InputFault(
                    code: .notATime, message: "\(clipped(cell.text, to: 40)) is not a date and time that exists",
                    suggestion: "write it like 2026-11-22 08:15 or \(RFC3339.example)", line: cell.line, column: cell.column, path: name)
            }
            json.key(named: name)
            json.instant(zone.instant(of: date, second: local.second))
        }

        /// Every other column, under its own name. What reads as a number of up to 15 digits without leading zeros is one, `true` and `false` are
        /// what they say, all else is text.
        private mutating func rest(_ key: String, to json: inout JSONWriter) {
            json.key(named: key)
            json.object { fields in
                for (i, cell) in cells.enumerated() where i < table.columns.count && !cell.text.isEmpty && !used.contains(i) {
                    fields.key(named: table.columns[i])
                    switch cell.text.lowercased() {
                    case "true": fields.bool(true)
                    case "false": fields.bool(false)
                    default: if isPlainNumber(cell.text) { fields.raw(cell.text) } else { fields.string(cell.text) }
                    }
                }
            }
        }

        /// Columns like `consumption.2026-10`.
        private mutating func months(_ key: String, to json: inout JSONWriter) {
            let columns = table.columns.indices.filter { table.columns[$0].hasPrefix(key + ".") && $0 < cells.count }
            used.formUnion(columns)
            let said = columns.filter { !cells[$0].text.isEmpty }
            guard !said.isEmpty else { return }
            json.key(named: key)
            json.object { json in
                for i in said {
                    json.key(named: String(table.columns[i].dropFirst(key.count + 1)))
                    if isPlainNumber(cells[i].text) { json.raw(cells[i].text) } else { json.string(cells[i].text) }
                }
            }
        }

        private var hasMore: Bool { cells.enumerated().contains { $0.offset < table.columns.count && !$0.element.text.isEmpty && !used.contains($0.offset) } }

        private func isPlainNumber(_ text: String) -> Bool {
            let digits = text.utf8.count { (0x30...0x39).contains($0) }
            guard digits > 0, digits <= 15, text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x2D }) else { return false }
            return (try? JSONValue.parse(text)) != nil
        }
    }

    /// `2026-11-22 08:15`, `2026/11/22 8:15:30`: what spreadsheets make of a time. nil for any other form.
    private struct LocalText {
        var year: Int
        var month: Int
        var day: Int
        /// Of the day; 86 400 and more for a clock time that does not exist.
        var second: Int

        init?(_ text: String) {
            let halves = text.split(whereSeparator: { $0 == " " || $0 == "T" })
            guard halves.count == 2 else { return nil }
            let date = halves[0].split(whereSeparator: { $0 == "-" || $0 == "/" }).compactMap { Int($0) }
            let clock = halves[1].split(separator: ":", omittingEmptySubsequences: false).map { $0.utf8.count <= 2 ? Int($0) : nil }
            guard date.count == 3, halves[0].utf8.count <= 10, halves[0].first?.isNumber == true, clock.count == 2 || clock.count == 3 else { return nil }
            guard let hour = clock[0], let minute = clock[1], let second = clock.count == 3 ? clock[2] : 0 else { return nil }
            (year, month, day) = (date[0], date[1], date[2])
            let exists = (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second)
            self.second = exists ? hour * 3_600 + minute * 60 + second : 86_400
        }
    }
}

/// The cells of one row.
struct CSVRow {
    struct Cell: Sendable {
        /// Without quotes, and without spaces around it.
        var text: String
        var line: Int
        /// From 1, in Unicode scalars.
        var column: Int
    }

    private(set) var cells: [Cell] = []

    init(_ bytes: [UInt8], delimiter: UInt8, line: Int) throws(InputFault) {
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        if let offset = bytes.withUnsafeBufferPointer({ firstInvalidUTF8($0) }) {
            let place = Self.place(of: offset, in: bytes, from: start, line: line)
            throw InputFault(
                code: .notUTF8, message: "byte \(hex(bytes[offset])) is not UTF-8", suggestion: "save as UTF-8 (in the spreadsheet: CSV UTF-8)",
                line: place.line, column: place.column)
        }
        var i = start
        // Lines and columns are counted on along the way, so that a long row stays linear.
        var (counted, countedLine, countedColumn) = (start, line, 1)
        func place(_ offset: Int) -> (line: Int, column: Int) {
            while counted < offset {
                if bytes[counted] == 0x0A { (countedLine, countedColumn) = (countedLine + 1, 1) } else if bytes[counted] & 0xC0 != 0x80 { countedColumn += 1 }
                counted += 1
            }
            return (countedLine, countedColumn)
        }
        while true {
            let (cellLine, cellColumn) = place(i)
            var text: [UInt8] = []
            if i < bytes.count, bytes[i] == 0x22 {
                i += 1
                var isClosed = false
                while i < bytes.count {
                    if bytes[i] == 0x22 {
                        if i + 1 < bytes.count, bytes[i + 1] == 0x22 {
                            i += 1
                        } else {
                            isClosed = true
                            i += 1
                            break
                        }
                    }
                    text.append(bytes[i])
                    i += 1
                }
                guard isClosed else {
                    throw InputFault(
                        code: .syntax, message: "a quote is opened here and never closed", suggestion: "close it; double a quote that belongs to the text",
                        line: cellLine, column: cellColumn)
                }
                if i < bytes.count, bytes[i] == 0x0D { i += 1 }
                guard i == bytes.count || bytes[i] == delimiter else {
                    let (line, column) = place(i)
                    throw InputFault(
                        code: .syntax, message: "something follows the closing quote", suggestion: "double a quote that belongs to the text",
                        line: line, column: column)
                }
            } else {
                while i < bytes.count, bytes[i] != delimiter {
                    if bytes[i] == 0x22 {
                        let (line, column) = place(i)
                        throw InputFault(
                            code: .syntax, message: "a quote stands inside a cell without quotes",
                            suggestion: "put the whole cell in quotes and double the quote", line: line, column: column)
                    }
                    text.append(bytes[i])
                    i += 1
                }
            }
            cells.append(Cell(text: Self.trimmed(text), line: cellLine, column: cellColumn))
            guard i < bytes.count else { return }
            i += 1
        }
    }

    private static func trimmed(_ text: [UInt8]) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        guard let first = text.firstIndex(where: { !isSpace($0) }), let last = text.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(decoding: text[first...last], as: UTF8.self)
    }

    private static func place(of offset: Int, in bytes: [UInt8], from start: Int, line: Int) -> (line: Int, column: Int) {
        let before = bytes[start..<max(offset, start)]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? start
        return (line + before.count { $0 == 0x0A }, bytes[lineStart..<max(offset, lineStart)].count { $0 & 0xC0 != 0x80 } + 1)
    }
}

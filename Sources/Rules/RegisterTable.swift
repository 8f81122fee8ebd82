import Domain

/// A table beside the rules, as a spreadsheet exports it: the network register, the devices.
///
/// - A header names the columns, in any order; some may be missing, and their cells are empty then.
/// - Cells may stand in double quotes (a quote inside is doubled).
/// - Lines that begin with `#` and empty lines are skipped.
struct RegisterTable {
    let source: SourceText
    let file: Int
    let findings: Findings
    let columns: [String]
    var optional: Set<String> = []
    /// The right header and a right row, for messages.
    let example: String
    let rowExample: String

    struct Cell {
        var text: String
        var range: Range<Int>
    }

    /// - Parameter row: gets the cells of each row in the order of `columns`, the row's place, and its line from 0.
    func read(_ row: ([Cell], Range<Int>, Int) -> Void) {
        guard source.size <= RuleLimits.networkBytes else {
            findings.error(file, 0..<0, .fileTooLarge(source.size, limit: RuleLimits.networkBytes))
            return
        }
        if let bad = UTF8Check.firstInvalid(source.bytes) {
            findings.error(file, bad..<(bad + 1), .invalidUTF8(source.bytes[bad]))
            return
        }
        var order: (places: [Int], count: Int)?
        for line in source.lineStarts.indices {
            let range = source.range(ofLine: line)
            guard let first = source.bytes[range].first(where: { $0 != 0x20 && $0 != 0x09 }), first != UInt8(ascii: "#") else { continue }
            guard let cells = cells(range) else { continue }
            guard let order else {
                guard let header = header(cells, range) else { return }
                order = (header, cells.count)
                continue
            }
            guard cells.count == order.count else {
                findings.error(file, range, .badRow("this row has \(cells.count) cells; the header has \(order.count)", example: rowExample))
                continue
            }
            row(order.places.map { $0 < 0 ? Cell(text: "", range: range) : cells[$0] }, range, line)
        }
        if order == nil { findings.error(file, source.start..<source.start, .badHeader("the file has no header line", example: example)) }
    }

    /// The cell number of each of `columns`; -1: there is none.
    private func header(_ cells: [Cell], _ range: Range<Int>) -> [Int]? {
        var order: [Int] = []
        for cell in cells where !columns.contains(cell.text) {
            let missing = columns.filter { name in !cells.contains { $0.text == name } }
            findings.error(
                file, cell.range,
                .badHeader("the register has no column '\(cell.text.prefix(60))'", suggestion: nearestName(to: cell.text, among: missing), example: example))
            return nil
        }
        for name in columns {
            let places = cells.indices.filter { cells[$0].text == name }
            guard let place = places.first else {
                if optional.contains(name) {
                    order.append(-1)
                    continue
                }
                findings.error(file, range, .badHeader("the header has no column '\(name)'", example: example))
                return nil
            }
            if places.count > 1 {
                findings.error(file, cells[places[1]].range, .badHeader("the header has the column '\(name)' twice", example: example))
                return nil
            }
            order.append(place)
        }
        return order
    }

    /// Splits a row; nil after an error about its quotes. Blanks around a cell don't count.
    private func cells(_ range: Range<Int>) -> [Cell]? {
        let bytes = source.bytes
        var result: [Cell] = []
        var i = range.lowerBound
        while true {
            while i < range.upperBound, bytes[i] == 0x20 { i += 1 }
            let begin = i
            if i < range.upperBound, bytes[i] == UInt8(ascii: "\"") {
                var text: [UInt8] = []
                i += 1
                while i < range.upperBound {
                    if bytes[i] == UInt8(ascii: "\"") {
                        guard i + 1 < range.upperBound, bytes[i + 1] == UInt8(ascii: "\"") else { break }
                        i += 1
                    }
                    text.append(bytes[i])
                    i += 1
                }
                guard i < range.upperBound else {
                    findings.error(file, begin..<range.upperBound, .badRow("this quote is not closed in its line", example: rowExample))
                    return nil
                }
                i += 1
                result.append(Cell(text: String(decoding: text, as: UTF8.self), range: begin..<i))
                while i < range.upperBound, bytes[i] == 0x20 { i += 1 }
                guard i >= range.upperBound || bytes[i] == UInt8(ascii: ",") else {
                    findings.error(file, i..<(i + 1), .badRow("after the closing quote a comma must follow", example: rowExample))
                    return nil
                }
            } else {
                while i < range.upperBound, bytes[i] != UInt8(ascii: ",") { i += 1 }
                var end = i
                while end > begin, bytes[end - 1] == 0x20 { end -= 1 }
                result.append(Cell(text: source.text(begin..<end), range: begin..<end))
            }
            guard i < range.upperBound else { return result }
            i += 1
        }
    }
}

import Domain

/// Reads the network register: a table as a spreadsheet exports it, one transformer area a row.
///
/// - A header names the columns transformer, feeder, district, lat, lon and customers, in any order.
/// - Cells may stand in double quotes (a quote inside is doubled); a cell may be empty, except the transformer's.
/// - Lines that begin with `#` and empty lines are skipped.
struct NetworkReader {
    let source: SourceText
    let file: Int
    let findings: Findings
    /// nil: the districts could not be read.
    let districts: [String]?

    static let columns = ["transformer", "feeder", "district", "lat", "lon", "customers"]
    static let customersMax = 10_000_000

    private struct Cell {
        var text: String
        var range: Range<Int>
    }

    func read() -> NetworkRegister {
        var register = NetworkRegister()
        guard source.size <= RuleLimits.networkBytes else {
            findings.error(file, 0..<0, .fileTooLarge(source.size, limit: RuleLimits.networkBytes))
            return register
        }
        if let bad = UTF8Check.firstInvalid(source.bytes) {
            findings.error(file, bad..<(bad + 1), .invalidUTF8(source.bytes[bad]))
            return register
        }
        let known = districts.map { Set($0) }
        var order: [Int]?
        var firstLines: [TransformerID: Int] = [:]
        for line in source.lineStarts.indices {
            let range = source.range(ofLine: line)
            guard let first = source.bytes[range].first(where: { $0 != 0x20 && $0 != 0x09 }), first != UInt8(ascii: "#") else { continue }
            guard let cells = cells(range) else { continue }
            guard let columns = order else {
                guard let header = header(cells, range) else { return register }
                order = header
                continue
            }
            guard cells.count == columns.count else {
                findings.error(file, range, .badRow("this row has \(cells.count) cells; the header has \(columns.count)"))
                continue
            }
            row(columns.map { $0 < 0 ? Cell(text: "", range: range) : cells[$0] }, range, line: line, known: known, &register, &firstLines)
        }
        if order == nil {
            findings.error(file, source.start..<source.start, .badHeader("the file has no header line"))
        }
        register.feeders = Self.feeders(of: register.transformers)
        return register
    }

    /// The cell number of each of `columns`.
    private func header(_ cells: [Cell], _ range: Range<Int>) -> [Int]? {
        var order: [Int] = []
        for cell in cells where !Self.columns.contains(cell.text) {
            let missing = Self.columns.filter { name in !cells.contains { $0.text == name } }
            findings.error(
                file, cell.range, .badHeader("the register has no column '\(cell.text.prefix(60))'", suggestion: nearestName(to: cell.text, among: missing)))
            return nil
        }
        for name in Self.columns {
            let places = cells.indices.filter { cells[$0].text == name }
            guard let place = places.first else {
                findings.error(file, range, .badHeader("the header has no column '\(name)'"))
                return nil
            }
            if places.count > 1 {
                findings.error(file, cells[places[1]].range, .badHeader("the header has the column '\(name)' twice"))
                return nil
            }
            order.append(place)
        }
        return order
    }

    private func row(
        _ cells: [Cell], _ range: Range<Int>, line: Int, known: Set<String>?, _ register: inout NetworkRegister,
        _ firstLines: inout [TransformerID: Int]
    ) {
        func bad(_ cell: Cell, _ message: String) { findings.error(file, cell.range, .badRow(message)) }
        let (name, feeder, district, latitude, longitude, customers) = (cells[0], cells[1], cells[2], cells[3], cells[4], cells[5])
        guard FileReader.isCode(name.text, allowsDots: true) else {
            bad(name, name.text.isEmpty ? "the transformer's name is missing" : "'\(name.text.prefix(60))' can't be a transformer's name: up to 64 letters a-z, digits, '_', '-' and '.'")
            return
        }
        if !feeder.text.isEmpty, !FileReader.isCode(feeder.text, allowsDots: true) {
            bad(feeder, "'\(feeder.text.prefix(60))' can't be a feeder's name: up to 64 letters a-z, digits, '_', '-' and '.'")
        }
        if !district.text.isEmpty, let known, !known.contains(district.text) {
            let all = districts ?? []
            findings.error(
                file, district.range,
                .unknown(.unknownDistrict, "district", district.text, known: all, suggestion: findings.isFull(file) ? nil : nearestName(to: district.text, among: all)))
        }
        var coordinate: Coordinate?
        if latitude.text.isEmpty != longitude.text.isEmpty {
            bad(latitude.text.isEmpty ? latitude : longitude, "'lat' and 'lon' go together; one is missing")
        } else if !latitude.text.isEmpty {
            let north = degrees(latitude, "lat", limit: 90)
            let east = degrees(longitude, "lon", limit: 180)
            if let north, let east { coordinate = Coordinate(latitude: north, longitude: east) }
        }
        var count = 0
        if !customers.text.isEmpty {
            if let number = Quantity.wholeNumber(customers.text), number <= Int64(Self.customersMax) {
                count = Int(number)
            } else {
                bad(customers, "'\(customers.text.prefix(60))' is no number of customers: a whole number from 0 to \(Self.customersMax)")
            }
        }
        let id = TransformerID(name.text)
        if let first = firstLines[id] {
            findings.error(file, name.range, .duplicateName("the transformer", name.text, place: "line \(first)"))
            return
        }
        firstLines[id] = line + 1
        register.transformers[id] = NetworkTransformer(
            feeder: feeder.text.isEmpty ? nil : FeederID(feeder.text), district: district.text.isEmpty ? nil : DistrictID(district.text),
            coordinate: coordinate, customers: count)
    }

    private func degrees(_ cell: Cell, _ name: String, limit: Int) -> Double? {
        do { return try Quantity.degrees(cell.text, limit: Double(limit)) } catch {
            let message =
                error.kind == .range ? "'\(name)' must be from -\(limit) to \(limit); found \(cell.text.prefix(60))" : "'\(cell.text.prefix(60))' is no number of degrees"
            findings.error(file, cell.range, .badRow(message))
            return nil
        }
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
                    findings.error(file, begin..<range.upperBound, .badRow("this quote is not closed in its line"))
                    return nil
                }
                i += 1
                result.append(Cell(text: String(decoding: text, as: UTF8.self), range: begin..<i))
                while i < range.upperBound, bytes[i] == 0x20 { i += 1 }
                guard i >= range.upperBound || bytes[i] == UInt8(ascii: ",") else {
                    findings.error(file, i..<(i + 1), .badRow("after the closing quote a comma must follow"))
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

    /// Feeders as their transformers add up. Sums of whole millionths of a degree, so that the order of the rows does not matter.
    static func feeders(of transformers: [TransformerID: NetworkTransformer]) -> [FeederID: NetworkFeeder] {
        struct Sum {
            var latitude: Int64 = 0
            var longitude: Int64 = 0
            var placed: Int64 = 0
            var customers = 0
            var districts: [DistrictID: Int] = [:]
        }
        var sums: [FeederID: Sum] = [:]
        for transformer in transformers.values {
            guard let feeder = transformer.feeder else { continue }
            sums[feeder, default: Sum()].customers += transformer.customers
            if let district = transformer.district { sums[feeder, default: Sum()].districts[district, default: 0] += 1 }
            if let coordinate = transformer.coordinate {
                sums[feeder, default: Sum()].latitude += Int64(coordinate.latitudeMicrodegrees)
                sums[feeder, default: Sum()].longitude += Int64(coordinate.longitudeMicrodegrees)
                sums[feeder, default: Sum()].placed += 1
            }
        }
        return sums.mapValues { sum in
            let district = sum.districts.max { a, b in a.value != b.value ? a.value < b.value : b.key < a.key }?.key
            let coordinate =
                sum.placed == 0
                ? nil
                : Coordinate(
                    latitude: Double(sum.latitude) / Double(sum.placed) / 1_000_000, longitude: Double(sum.longitude) / Double(sum.placed) / 1_000_000)
            return NetworkFeeder(district: district, coordinate: coordinate, customers: sum.customers)
        }
    }
}

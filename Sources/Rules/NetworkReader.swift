import Domain

/// Reads the network register: a table as a spreadsheet exports it, one transformer area a row.
///
/// A header names the columns transformer, feeder, district, lat, lon and customers, in any order; a cell may be empty, except the transformer's.
struct NetworkReader {
    let source: SourceText
    let file: Int
    let findings: Findings
    /// nil: the districts could not be read.
    let districts: [String]?

    static let columns = ["transformer", "feeder", "district", "lat", "lon", "customers"]
    static let customersMax = 10_000_000
    private typealias Cell = RegisterTable.Cell

    func read() -> NetworkRegister {
        var register = NetworkRegister()
        let known = districts.map { Set($0) }
        var firstLines: [TransformerID: Int] = [:]
        let table = RegisterTable(source: source, file: file, findings: findings, columns: Self.columns, example: Wording.networkHeader, rowExample: Wording.networkRow)
        table.read { cells, range, line in row(cells, range, line: line, known: known, &register, &firstLines) }
        register.feeders = Self.feeders(of: register.transformers)
        return register
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

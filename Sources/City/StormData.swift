package import Domain
import Glibc

/// A real storm's outages, and the crews that meet it.
package struct StormData: Sendable {
    package struct Outage: Sendable {
        package var id: String
        package var at: Instant
        package var place: Coordinate
        /// At least 1.
        package var customers: Int64
    }

    package struct Post: Sendable, Equatable {
        package var crew: CrewID
        package var base: Coordinate
    }

    /// In order of time, then of the file.
    package let outages: [Outage]

    /// Reads `outage_id,started_at,lat,lon,…,customers,…` by the names of its header.
    /// - Throws: `CityFault`, with the line.
    package init(csv bytes: [UInt8], name: String) throws(CityFault) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let head = lines.first, !bytes.isEmpty else { throw CityFault("\(name): the file is empty; name a storm's file") }
        let columns = Self.cells(head)
        func column(_ title: String) throws(CityFault) -> Int {
            guard let place = columns.firstIndex(of: title) else {
                throw CityFault("\(name):1: no column '\(title)'; the header must name outage_id, started_at, lat, lon and customers")
            }
            return place
        }
        let (id, start, lat, lon, customers) = (
            try column("outage_id"), try column("started_at"), try column("lat"), try column("lon"), try column("customers")
        )
        var outages: [Outage] = []
        for (number, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let cells = Self.cells(line)
            guard cells.count == columns.count else {
                throw CityFault("\(name):\(number + 1): \(cells.count) cells where the header has \(columns.count); mend the line")
            }
            let at: Instant
            do { at = try Instant(rfc3339: cells[start]) } catch { throw CityFault("\(name):\(number + 1): started_at: \(error)") }
            guard let latitude = Double(cells[lat]), let longitude = Double(cells[lon]),
                let place = Coordinate(latitude: latitude, longitude: longitude)
            else { throw CityFault("\(name):\(number + 1): lat and lon are no place on the globe; mend the line") }
            outages.append(Outage(id: cells[id], at: at, place: place, customers: max(1, Int64(cells[customers]) ?? 1)))
        }
        guard !outages.isEmpty else { throw CityFault("\(name): no outages below the header; name a storm's file") }
        let order = outages.indices.sorted { (outages[$0].at, $0) < (outages[$1].at, $1) }
        self.outages = order.map { outages[$0] }
    }

    /// So many crews at places drawn from the storm's own outages, as the baselines have them.
    package func roster(crews: Int, seed: UInt64) -> [Post] {
        var dice = SplitMix64(seed: seed)
        var places = outages.map(\.place)
        return (0..<crews).map { number in
            // Without putting back, as long as there are any left.
            if places.isEmpty { places = outages.map(\.place) }
            let place = places.remove(at: dice.whole(0...(places.count - 1)))
            return Post(crew: Self.crewID(number), base: place)
        }
    }

    static func crewID(_ number: Int) -> CrewID { CrewID("c" + String(String(10_000 + number).dropFirst())) }

    /// Reads `[{"crew": "c0000", "lat": …, "lon": …}, …]`.
    package static func roster(json bytes: [UInt8], name: String) throws(CityFault) -> [Post] {
        let value: JSONValue
        do { value = try JSONValue.parse(bytes) } catch { throw CityFault("\(name): \(error)") }
        guard let rows = value.array, !rows.isEmpty else {
            throw CityFault("\(name): no list of crews; the form is [{\"crew\":\"c0000\",\"lat\":38.1,\"lon\":-122.3}, …]")
        }
        var posts: [Post] = []
        for (number, row) in rows.enumerated() {
            guard let crew = row["crew"]?.string, !crew.isEmpty, let lat = row["lat"]?.double, let lon = row["lon"]?.double,
                let base = Coordinate(latitude: lat, longitude: lon)
            else { throw CityFault("\(name): crew \(number + 1) has no name or no place on the globe; give crew, lat and lon") }
            posts.append(Post(crew: CrewID(crew), base: base))
        }
        guard Set(posts.map(\.crew)).count == posts.count else { throw CityFault("\(name): a crew stands there twice; name each once") }
        return posts
    }

    /// One line of CSV, quotes as RFC 4180 has them (a quoted cell holds no line end here).
    private static func cells(_ line: ArraySlice<UInt8>) -> [String] {
        var cells: [String] = []
        var cell: [UInt8] = []
        var quoted = false
        for byte in line where byte != UInt8(ascii: "\r") {
            if byte == UInt8(ascii: "\"") {
                quoted.toggle()
            } else if byte == UInt8(ascii: ","), !quoted {
                cells.append(String(decoding: cell, as: UTF8.self))
                cell = []
            } else {
                cell.append(byte)
            }
        }
        return cells + [String(decoding: cell, as: UTF8.self)]
    }
}

/// Why a city or a storm can't be lived: one line for a person.
package struct CityFault: Error, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// A position on the globe (WGS 84) in whole millionths of a degree, about 11 cm: exact, so that the same inputs give the
/// same distances again.
package struct Coordinate: Hashable, Sendable, Codable {
    /// -90 000 000 ... 90 000 000, north positive.
    package let latitudeMicrodegrees: Int32
    /// -180 000 000 ... 180 000 000, east positive.
    package let longitudeMicrodegrees: Int32

    /// Takes degrees, rounds to the nearest millionth; nil when out of range or not a number.
    package init?(latitude: Double, longitude: Double) {
        guard latitude >= -90, latitude <= 90, longitude >= -180, longitude <= 180 else { return nil }
        latitudeMicrodegrees = Int32((latitude * 1_000_000).rounded())
        longitudeMicrodegrees = Int32((longitude * 1_000_000).rounded())
    }

    package var latitude: Double { Double(latitudeMicrodegrees) / 1_000_000 }
    package var longitude: Double { Double(longitudeMicrodegrees) / 1_000_000 }
}

/// Where a report says it is; every part may be missing.
package struct Place: Hashable, Sendable {
    package var coordinate: Coordinate?
    package var district: DistrictID?
    /// Personal data: kept apart from the log.
    package var address: String?

    package init(coordinate: Coordinate? = nil, district: DistrictID? = nil, address: String? = nil) {
        self.coordinate = coordinate
        self.district = district
        self.address = address
    }
}

/// How a task's place was found: the order is the order in which it is looked for.
package enum PlaceOrigin: String, Sendable, Codable, CaseIterable {
    case report, transformer, feeder, customer, district
    /// Found nowhere: the task goes to its department, marked so.
    case unknown
}

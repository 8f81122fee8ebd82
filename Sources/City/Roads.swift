package import Domain
import Glibc

/// How far and how long it is in the simulated world. The world measures for itself: what the daemon believes about distances
/// is what is being watched, so the two share no code.
package enum Roads {
    static let earthMetres = 6_371_000.0
    /// Roads are so much longer than the line on the globe (✎, the storm baselines use the same).
    static let factor = 1.3

    /// The great circle's length in metres (haversine).
    package static func metres(_ a: Coordinate, _ b: Coordinate) -> Double {
        let radian = Double.pi / 180
        let (la, lb) = (a.latitude * radian, b.latitude * radian)
        let dLat = sin((lb - la) / 2)
        let dLon = sin((b.longitude - a.longitude) * radian / 2)
        return 2 * earthMetres * asin(min(1, (dLat * dLat + cos(la) * cos(lb) * dLon * dLon).squareRoot()))
    }

    /// How long a drive takes at so many kilometres an hour, in whole milliseconds.
    package static func drive(from a: Coordinate, to b: Coordinate, kilometresPerHour: Double) -> TimeSpan {
        TimeSpan(milliseconds: Int64((metres(a, b) * factor / (kilometresPerHour / 3.6) * 1_000).rounded()))
    }

    /// A point on the straight way, `part` of 0 ... 1 from `a`.
    static func between(_ a: Coordinate, _ b: Coordinate, part: Double) -> Coordinate {
        let t = max(0, min(1, part))
        return Coordinate(
            latitude: a.latitude + (b.latitude - a.latitude) * t, longitude: a.longitude + (b.longitude - a.longitude) * t) ?? a
    }

    /// So many kilometres north and east of a point, on a hundredth of a second of arc or so: near the equator's side of 60°.
    static func offset(_ centre: Coordinate, north: Double, east: Double) -> Coordinate {
        let perDegree = earthMetres / 1_000 * Double.pi / 180
        let latitude = centre.latitude + north / perDegree
        let longitude = centre.longitude + east / (perDegree * cos(centre.latitude * Double.pi / 180))
        return Coordinate(latitude: (latitude * 10_000).rounded() / 10_000, longitude: (longitude * 10_000).rounded() / 10_000) ?? centre
    }
}

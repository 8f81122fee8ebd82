// Distances on the globe. Every decision must come out the same again on any machine, so the trigonometry is done here with plain IEEE
// additions, multiplications, divisions and square roots, whose results the standard fixes to the last bit; a C library may choose other
// instructions on another processor. The polynomials are those of fdlibm (Sun Microsystems, 1993), within one unit in the last place.

extension Coordinate {
    /// The radius of the sphere that distances are measured on, in metres.
    package static let earthRadiusMetres = 6_371_000.0

    /// The great-circle distance in whole metres, by the haversine formula, rounded to the nearest. 0 ... 20 015 087.
    package func distanceMetres(to other: Coordinate) -> Int {
        if self == other { return 0 }
        let sinLatitude = Trigonometry.sine(halfMicrodegrees: Int(latitudeMicrodegrees) - Int(other.latitudeMicrodegrees))
        let sinLongitude = Trigonometry.sine(halfMicrodegrees: Int(longitudeMicrodegrees) - Int(other.longitudeMicrodegrees))
        let cosines =
            Trigonometry.cosine(halfMicrodegrees: Int(latitudeMicrodegrees) * 2)
            * Trigonometry.cosine(halfMicrodegrees: Int(other.latitudeMicrodegrees) * 2)
        let haversine = sinLatitude * sinLatitude + cosines * (sinLongitude * sinLongitude)
        return Int((2 * Self.earthRadiusMetres * Trigonometry.arcsine(min(1, haversine.squareRoot()))).rounded())
    }
}

/// A coordinate as a point on the unit sphere, computed once, so that a search for the nearest compares with five additions and three
/// multiplications. Not exact: where two are equally near within a metre, compare `distanceMetres`.
package struct UnitVector: Hashable, Sendable {
    package let x: Double
    package let y: Double
    package let z: Double

    package init(_ coordinate: Coordinate) {
        let latitude = Int(coordinate.latitudeMicrodegrees) * 2
        let longitude = Int(coordinate.longitudeMicrodegrees) * 2
        let cosLatitude = Trigonometry.cosine(halfMicrodegrees: latitude)
        x = cosLatitude * Trigonometry.cosine(halfMicrodegrees: longitude)
        y = cosLatitude * Trigonometry.sine(halfMicrodegrees: longitude)
        z = Trigonometry.sine(halfMicrodegrees: latitude)
    }

    /// The squared straight line through the globe in units of its radius, 0 ... 4: it grows with the distance.
    @inline(__always) package func chordSquared(to other: UnitVector) -> Double {
        let dx = x - other.x
        let dy = y - other.y
        let dz = z - other.z
        return dx * dx + dy * dy + dz * dz
    }

    /// The `chordSquared` of points so many metres apart: for "within reach" before the exact check. 4 from half the globe's girth on.
    package static func chordSquared(metres: Double) -> Double {
        let half = metres / (2 * Coordinate.earthRadiusMetres)
        guard half > 0 else { return 0 }
        guard half < Double.pi / 2 else { return 4 }
        let sine = half <= Double.pi / 4 ? Trigonometry.kernelSine(half) : Trigonometry.kernelCosine(Double.pi / 2 - half)
        return 4 * sine * sine
    }
}

enum Trigonometry {
    /// 90 degrees in half microdegrees: angles are whole numbers of these, so that they are reduced exactly.
    private static let right = 180_000_000
    private static let radians = Double.pi / 360_000_000

    static func sine(halfMicrodegrees angle: Int) -> Double {
        // To the nearest multiple of 90 degrees, leaving -45 ... 45.
        let quarter = floorDivided(angle + right / 2, by: right)
        let rest = Double(angle - quarter * right) * radians
        switch quarter & 3 {
        case 0: return kernelSine(rest)
        case 1: return kernelCosine(rest)
        case 2: return -kernelSine(rest)
        default: return -kernelCosine(rest)
        }
    }

    static func cosine(halfMicrodegrees angle: Int) -> Double { sine(halfMicrodegrees: angle + right) }

    /// For -pi/4 ... pi/4.
    static func kernelSine(_ x: Double) -> Double {
        let z = x * x
        let r =
            8.33333333332248946124e-03
            + z * (-1.98412698298579493134e-04 + z * (2.75573137070700676789e-06 + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))
        return x + z * x * (-1.66666666666666324348e-01 + z * r)
    }

    /// For -pi/4 ... pi/4.
    static func kernelCosine(_ x: Double) -> Double {
        let z = x * x
        let r =
            z * (4.16666666666666019037e-02
                + z * (-1.38888888888741095749e-03
                    + z * (2.48015872894767294178e-05
                        + z * (-2.75573143513906633035e-07 + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))))
        let half = 0.5 * z
        let w = 1 - half
        return w + ((1 - w) - half + z * r)
    }

    /// For 0 ... 1.
    static func arcsine(_ x: Double) -> Double {
        if x < 0.5 { return x + x * arcsineRatio(x * x) }
        // asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))
        let z = (1 - x) * 0.5
        let s = z.squareRoot()
        return Double.pi / 2 - 2 * (s + s * arcsineRatio(z))
    }

    private static func arcsineRatio(_ t: Double) -> Double {
        let p =
            t * (1.66666666666666657415e-01
                + t * (-3.25565818622400915405e-01
                    + t * (2.01212532134862925881e-01
                        + t * (-4.00555345006794114027e-02 + t * (7.91534994289814532176e-04 + t * 3.47933107596021167570e-05)))))
        let q =
            1 + t * (-2.40339491173441421878e+00
                + t * (2.02094576023350569471e+00 + t * (-6.88283971605453293030e-01 + t * 7.70381505559019352791e-02)))
        return p / q
    }
}

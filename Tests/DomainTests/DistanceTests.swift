import Domain
import Foundation
import Testing

@Suite struct DistanceTests {
    /// The haversine formula with the C library's functions.
    private func reference(_ a: Coordinate, _ b: Coordinate) -> Double {
        func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
        let s = sin(radians(a.latitude - b.latitude) / 2)
        let t = sin(radians(a.longitude - b.longitude) / 2)
        let h = s * s + cos(radians(a.latitude)) * cos(radians(b.latitude)) * t * t
        return 2 * 6_371_000 * asin(min(1, h.squareRoot()))
    }

    private func coordinate(_ latitude: Double, _ longitude: Double) throws -> Coordinate {
        try #require(Coordinate(latitude: latitude, longitude: longitude))
    }

    @Test func knownDistances() throws {
        let origin = try coordinate(0, 0)
        #expect(origin.distanceMetres(to: origin) == 0)
        #expect(origin.distanceMetres(to: try coordinate(0, 1)) == 111_195)
        #expect(origin.distanceMetres(to: try coordinate(1, 0)) == 111_195)
        #expect(origin.distanceMetres(to: try coordinate(0, 180)) == 20_015_087)
        #expect(try coordinate(90, 0).distanceMetres(to: try coordinate(-90, 55)) == 20_015_087)
        #expect(try coordinate(0, 179.5).distanceMetres(to: try coordinate(0, -179.5)) == 111_195)
        #expect(try coordinate(90, 10).distanceMetres(to: try coordinate(90, -120)) == 0)
        // Wenzhou station to Longwan airport.
        #expect(try coordinate(28.0121, 120.6554).distanceMetres(to: try coordinate(27.9122, 120.8520)) == 22_276)
        #expect(origin.distanceMetres(to: try coordinate(0.000_005, 0)) == 1)
    }

    @Test func distancesAreThoseOfTheFormulaAndSymmetric() throws {
        let seed: UInt64 = 17
        var random = SeededGenerator(seed: seed)
        for round in 0..<20_000 {
            let near = round % 2 == 0
            let a = try coordinate(Double.random(in: -90...90, using: &random), Double.random(in: -180...180, using: &random))
            let b =
                near
                ? try coordinate(
                    min(90, max(-90, a.latitude + Double.random(in: -0.2...0.2, using: &random))),
                    min(180, max(-180, a.longitude + Double.random(in: -0.2...0.2, using: &random))))
                : try coordinate(Double.random(in: -90...90, using: &random), Double.random(in: -180...180, using: &random))
            let metres = a.distanceMetres(to: b)
            #expect(abs(Double(metres) - reference(a, b)) < 0.51, "seed \(seed), round \(round): \(a) \(b)")
            #expect(metres == b.distanceMetres(to: a), "seed \(seed), round \(round): \(a) \(b)")
        }
    }

    @Test func theOrderOfChordsIsTheOrderOfMetres() throws {
        let seed: UInt64 = 23
        var random = SeededGenerator(seed: seed)
        for round in 0..<200 {
            let widths: [Double] = [0.01, 1, 180]
            let width = widths[round % 3]
            let centre = try coordinate(Double.random(in: -80...80, using: &random), Double.random(in: -180...180, using: &random))
            let from = UnitVector(centre)
            var points: [(metres: Int, chord: Double)] = []
            for _ in 0..<60 {
                let point = try coordinate(
                    min(90, max(-90, centre.latitude + Double.random(in: -width...width, using: &random))),
                    min(180, max(-180, centre.longitude + Double.random(in: -width...width, using: &random))))
                points.append((centre.distanceMetres(to: point), from.chordSquared(to: UnitVector(point))))
            }
            for a in points {
                // Two that are more than a metre apart stand in the same order by either measure.
                for b in points where a.metres + 1 < b.metres { #expect(a.chord < b.chord, "seed \(seed), round \(round): \(a) \(b)") }
                let slack = 2.0
                #expect(a.chord <= UnitVector.chordSquared(metres: Double(a.metres) + slack), "seed \(seed), round \(round): \(a)")
                #expect(a.chord >= UnitVector.chordSquared(metres: Double(a.metres) - slack), "seed \(seed), round \(round): \(a)")
            }
        }
        #expect(UnitVector.chordSquared(metres: 0) == 0)
        #expect(UnitVector.chordSquared(metres: 30_000_000) == 4)
    }
}

@Suite struct NearestNameTests {
    @Test func editsAreCounted() {
        let table: [(String, String, Int?)] = [
            ("", "", 0), ("a", "", 1), ("category", "catgory", 1), ("category", "cateogry", 1), ("kitten", "sitting", 3), ("ab", "ba", 1), ("ca", "abc", 3),
            ("断线", "断路", 1), ("abcd", "wxyz", nil), ("a", "abcdef", nil),
        ]
        for (a, b, distance) in table {
            #expect(editDistance(a, b, limit: 3) == distance, "\(a) \(b)")
            #expect(editDistance(b, a, limit: 3) == distance, "\(b) \(a)")
        }
        #expect(editDistance("abc", "abd", limit: 0) == nil)
        let long = String(repeating: "x", count: 100_000)
        #expect(editDistance(long, long + "y", limit: 2) == nil)
    }

    @Test func theNearestIsSuggestedAndNothingFar() {
        let names = ["category", "customer", "capacity_kva", "site", "type"]
        #expect(nearestName(to: "catgory", among: names) == "category")
        #expect(nearestName(to: "SITE", among: names) == "site")
        #expect(nearestName(to: "sit", among: names) == "site")
        #expect(nearestName(to: "tips", among: names) == nil)
        #expect(nearestName(to: "capacitykwa", among: names) == "capacity_kva")
        #expect(nearestName(to: "weather", among: names) == nil)
        #expect(nearestName(to: "ab", among: ["ax", "ay"]) == "ax")
        #expect(nearestName(to: "x", among: [String]()) == nil)
    }
}

import Domain
import Testing

@testable import Planning

/// A small generator that runs from a seed, so that a failure can be lived again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct NearestCrewTests {
    /// The plainest way: measure everybody, sort, take the first.
    private func twin(
        _ coordinates: [Coordinate?], _ candidates: [Int32], _ place: Coordinate, _ within: Int?, _ loads: [Int32], _ declined: [Int]
    ) -> CrewField.Choice? {
        candidates.map { Int($0) }
            .filter { !declined.contains($0) }
            .compactMap { slot -> (Int, Int32, Int)? in
                guard let metres = coordinates[slot]?.distanceMetres(to: place) else { return within == nil ? (.max, loads[slot], slot) : nil }
                return metres <= within ?? .max ? (metres, loads[slot], slot) : nil
            }
            .min { $0 < $1 }
            .map { CrewField.Choice(slot: $0.2, metres: $0.0 == .max ? nil : $0.0) }
    }

    /// In a town, in a few metres (many ties), over the poles and the date line.
    private func coordinate(_ scale: Int, _ random: inout SplitMix) -> Coordinate {
        switch scale {
        case 0: Coordinate(latitude: 28 + Double.random(in: -0.5...0.5, using: &random), longitude: 120 + Double.random(in: -0.5...0.5, using: &random))!
        case 1:
            Coordinate(
                latitude: 28 + Double(Int.random(in: -3...3, using: &random)) * 0.000_01,
                longitude: 120 + Double(Int.random(in: -3...3, using: &random)) * 0.000_01)!
        case 2: Coordinate(latitude: Double.random(in: -90...90, using: &random), longitude: Double.random(in: -180...180, using: &random))!
        default: Coordinate(latitude: 89.999, longitude: Double.random(in: -180...180, using: &random))!
        }
    }

    @Test(arguments: [UInt64](1...12)) func choosesWhoMeasuringEverybodyChooses(seed: UInt64) {
        var random = SplitMix(state: seed)
        for round in 0..<250 {
            let scale = Int.random(in: 0...3, using: &random)
            let count = Int.random(in: 0...60, using: &random)
            let coordinates = (0..<count).map { _ in Int.random(in: 0..<10, using: &random) == 0 ? nil : coordinate(scale, &random) }
            let candidates = coordinates.indices.filter { _ in Bool.random(using: &random) }.map { Int32($0) }
            let declined = coordinates.indices.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
            let loads = coordinates.map { _ in Int32.random(in: 0...2, using: &random) }
            let place = coordinate(scale, &random)
            let within: Int? =
                switch Int.random(in: 0...3, using: &random) {
                case 0: nil
                case 1: Int.random(in: 0...5, using: &random)
                case 2: coordinates.lazy.compactMap { $0 }.first.map { $0.distanceMetres(to: place) } ?? 7
                default: Int.random(in: 0...60_000, using: &random)
                }
            let field = CrewField(coordinates)
            let choice = field.nearest(of: candidates, to: place, within: within, loads: loads, declined: declined)
            let expected = twin(coordinates, candidates, place, within, loads, declined)
            #expect(choice == expected, "seed \(seed), round \(round)")
        }
    }

    @Test func equallyFarGoesToFewerTasksThenToTheFirstName() {
        let here = Coordinate(latitude: 28, longitude: 120)!
        let field = CrewField([here, here, here])
        #expect(field.nearest(of: [0, 1, 2], to: here, within: 0, loads: [1, 0, 0], declined: [])?.slot == 1)
        #expect(field.nearest(of: [0, 1, 2], to: here, within: 0, loads: [0, 0, 0], declined: [0])?.slot == 1)
        #expect(field.nearest(of: [0, 1, 2], to: here, within: 0, loads: [0, 0, 0], declined: [])?.slot == 0)
    }

    @Test func aCrewWithoutAPositionComesLastAndOnlyWithoutABound() {
        let here = Coordinate(latitude: 28, longitude: 120)!
        let field = CrewField([nil, Coordinate(latitude: -28, longitude: -60), nil])
        #expect(field.nearest(of: [0, 1, 2], to: here, within: nil, loads: [0, 9, 0], declined: [])?.slot == 1)
        #expect(field.nearest(of: [0, 2], to: here, within: nil, loads: [1, 0, 0], declined: []) == CrewField.Choice(slot: 2, metres: nil))
        #expect(field.nearest(of: [0, 2], to: here, within: 40_000_000, loads: [0, 0, 0], declined: []) == nil)
    }

    @Test(arguments: [UInt64](1...6)) func aSurveyIsWhatLookingAtEachCrewFinds(seed: UInt64) {
        var random = SplitMix(state: seed)
        let coordinates: [Coordinate?] = (0..<200).map { _ in Int.random(in: 0..<10, using: &random) == 0 ? nil : coordinate(0, &random) }
        let field = CrewField(coordinates)
        for _ in 0..<20 {
            let place = coordinate(0, &random)
            let target = UnitVector(place)
            let sorted = coordinates.indices.sorted {
                (field.squaredChord(from: $0, to: target), $0) < (field.squaredChord(from: $1, to: target), $1)
            }
            // Sometimes nearly everybody is aside.
            let rare = Bool.random(using: &random)
            let codes = coordinates.map { _ in rare && Int.random(in: 0..<60, using: &random) > 0 ? 1 : UInt8(Int.random(in: 0...3, using: &random)) }
            // The same codes, from the three places they can come from.
            let except = (0..<3).map { (slot: $0 * 7, code: codes[$0 * 7]) }
            let first = codes.indices.map { slot in except.contains { $0.slot == slot } ? UInt8(3) : slot % 2 == 0 ? codes[slot] : 0 }
            let second = codes.indices.map { slot in codes[slot] != 0 && slot % 2 == 0 ? UInt8(2) : codes[slot] }
            let within: Int? = Bool.random(using: &random) ? nil : Int.random(in: 0...60_000, using: &random)
            let asideMax = Int.random(in: 0...8, using: &random)
            let survey = field.survey(of: place, within: within, nearest: 8, asideCode: 1, asideMax: asideMax, codes: first, orElse: second, except: except, codeCount: 4)
            // Few enough others, and those aside fill the list; else `asideMax` of them at most.
            let others = sorted.filter { codes[$0] != 1 }
            let aside = sorted.filter { codes[$0] == 1 }.prefix(max(asideMax, 8 - others.count))
            let named = Set(aside).union(others.prefix(8 - aside.count))
            #expect(survey.nearest == sorted.filter(named.contains), "seed \(seed)")
            #expect(survey.counts == (0...3).map { code in codes.count { $0 == code } }, "seed \(seed)")
            #expect(survey.inReach == coordinates.indices.count { codes[$0] == 0 && field.reaches($0, place, within: within) }, "seed \(seed)")
            let lost = coordinates.indices.count { codes[$0] == 0 && coordinates[$0] == nil && within != nil }
            #expect(survey.withoutPosition == lost, "seed \(seed)")
        }
    }

    @Test(arguments: [UInt64](1...6)) func theBoundsOfAReachNeverContradictMeasuring(seed: UInt64) {
        var random = SplitMix(state: seed)
        for _ in 0..<4_000 {
            let scale = Int.random(in: 0...3, using: &random)
            let (a, b) = (coordinate(scale, &random), coordinate(scale, &random))
            let metres = a.distanceMetres(to: b)
            let reach = Reach(metres: max(0, metres + Int.random(in: -3...3, using: &random)))
            let chord = UnitVector(a).chordSquared(to: UnitVector(b))
            if chord <= reach.squaredChordSure { #expect(metres <= reach.metres!, "seed \(seed)") }
            if chord > reach.squaredChordMax { #expect(metres > reach.metres!, "seed \(seed)") }
        }
    }
}

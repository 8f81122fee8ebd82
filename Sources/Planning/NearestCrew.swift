// Where the nearest crew is chosen.
//
// Crews are known here by slot: their place in the byte order of their names, so that the lower slot is the name that comes
// first. The hot loop compares squared chords between points on the unit globe (no trigonometry); only the few crews within
// two metres of the best one are measured exactly, so that the choice is the one that whole metres give.

package import Domain

/// How far somebody may come from, as bounds on the squared chord that are quick to test; between the two only measuring tells.
package struct Reach: Sendable, Hashable {
    /// Whole metres; nil: anywhere.
    package let metres: Int?
    /// Above this it is surely out of reach.
    package let squaredChordMax: Double
    /// Up to this it is surely in reach.
    package let squaredChordSure: Double

    package init(metres: Int?) {
        self.metres = metres
        guard let metres else {
            squaredChordMax = .infinity
            squaredChordSure = .infinity
            return
        }
        // Towards the other side of the globe chords hardly grow any more: there everything is measured.
        let isFar = metres >= 19_000_000
        squaredChordMax = isFar ? 5 : UnitVector.chordSquared(metres: Double(metres) + 2)
        squaredChordSure = isFar || metres <= 2 ? -1 : UnitVector.chordSquared(metres: Double(metres) - 2)
    }
}

/// Where the crews of the roster are.
package struct CrewField: Sendable {
    /// A crew that nobody knows the whereabouts of: farther than any crew on the globe (4), out of every bounded reach.
    package static let nowhere = 100.0

    private var vectors: [UnitVector?]
    package private(set) var coordinates: [Coordinate?]

    /// `coordinates` by slot; nil: nobody knows.
    package init(_ coordinates: [Coordinate?]) {
        self.coordinates = coordinates
        vectors = coordinates.map { $0.map(UnitVector.init) }
    }

    package mutating func move(_ slot: Int, to coordinate: Coordinate?) {
        coordinates[slot] = coordinate
        vectors[slot] = coordinate.map(UnitVector.init)
    }

    /// The squared chord from a crew to a point; `nowhere` for a crew without a position.
    package func squaredChord(from slot: Int, to point: UnitVector) -> Double {
        guard let vector = vectors[slot] else { return Self.nowhere }
        let (dx, dy, dz) = (vector.x - point.x, vector.y - point.y, vector.z - point.z)
        return dx * dx + dy * dy + dz * dz
    }

    /// Whole metres from the crew to a place; nil: nobody knows where the crew is.
    package func metres(from slot: Int, to place: Coordinate) -> Int? {
        coordinates[slot].map { $0.distanceMetres(to: place) }
    }

    /// Whether a place is in the crew's reach. A crew without a position reaches only what has no bound.
    package func reaches(_ slot: Int, _ place: Coordinate, within: Int?) -> Bool {
        guard let within else { return true }
        guard let metres = metres(from: slot, to: place) else { return false }
        return metres <= within
    }

    /// The crew that was chosen, and from how far it comes.
    package struct Choice: Sendable, Hashable {
        package let slot: Int
        /// nil: nobody knows.
        package let metres: Int?
        package init(slot: Int, metres: Int?) {
            self.slot = slot
            self.metres = metres
        }
    }

    /// The nearest of `candidates` in reach of `place`, without those in `declined`. Equally far in whole metres: the one with fewer
    /// tasks (`loads`, by slot), then the lower slot. A crew without a position comes last, and only where `within` is nil.
    ///
    /// Cost: one comparison of chords a candidate.
    package func nearest(
        of candidates: [Int32], to place: Coordinate, within: Int?, loads: [Int32], declined: [Int]
    ) -> Choice? {
        let target = UnitVector(place)
        let limit = min(Reach(metres: within).squaredChordMax, 5)
        var best = Double.infinity
        for candidate in candidates {
            let chord = squaredChord(from: Int(candidate), to: target)
            if chord < best, chord <= limit, !declined.contains(Int(candidate)) { best = chord }
        }
        guard best.isFinite else { return within == nil ? unplaced(of: candidates, loads: loads, declined: declined) : nil }
        // Whoever shares the best one's whole metres is within two metres of its chord.
        let slack = best.squareRoot() + 2 / Coordinate.earthRadiusMetres
        let close = min(slack * slack, limit)
        var choice: Choice?
        for candidate in candidates {
            let slot = Int(candidate)
            guard squaredChord(from: slot, to: target) <= close, !declined.contains(slot),
                let metres = metres(from: slot, to: place), metres <= within ?? .max
            else { continue }
            if let known = choice, let knownMetres = known.metres,
                (knownMetres, loads[known.slot], known.slot) < (metres, loads[slot], slot)
            { continue }
            choice = Choice(slot: slot, metres: metres)
        }
        return choice
    }

    private func unplaced(of candidates: [Int32], loads: [Int32], declined: [Int]) -> Choice? {
        var best: Int?
        for candidate in candidates {
            let slot = Int(candidate)
            guard coordinates[slot] == nil, !declined.contains(slot) else { continue }
            if let known = best, (loads[known], known) < (loads[slot], slot) { continue }
            best = slot
        }
        return best.map { Choice(slot: $0, metres: nil) }
    }

    /// What a look over the whole roster finds.
    package struct Survey: Sendable, Hashable {
        /// The nearest slots, nearest first (by chord, then slot), those without a position last; without a place, the first slots.
        package var nearest: [Int]
        /// How many crews have each of the codes that were handed in.
        package var counts: [Int]
        /// Of those with code 0: in reach, and how many have no position while the reach is bounded.
        package var inReach: Int
        package var withoutPosition: Int
    }

    /// Looks at every crew once: finds the `count` nearest to a place, counts `codes` (by slot, each below `codeCount`), and counts who of code 0
    /// is in reach. Cost: one comparison a crew, plus an insertion for each that comes among the nearest.
    package func survey(of place: Coordinate?, within: Int?, nearest count: Int, codes: [UInt8], codeCount: Int) -> Survey {
        var counts = [Int](repeating: 0, count: codeCount)
        for code in codes { counts[Int(code)] += 1 }
        guard let place else {
            return Survey(nearest: Array(0..<min(count, vectors.count)), counts: counts, inReach: 0, withoutPosition: 0)
        }
        let target = UnitVector(place)
        let (x, y, z) = (target.x, target.y, target.z)
        let reach = Reach(metres: within)
        var kept: [(chord: Double, slot: Int)] = []
        kept.reserveCapacity(count + 1)
        var worst = Double.infinity
        var inReach = 0
        var withoutPosition = 0
        for slot in vectors.indices {
            var chord = Self.nowhere
            if let vector = vectors[slot] {
                let (dx, dy, dz) = (vector.x - x, vector.y - y, vector.z - z)
                chord = dx * dx + dy * dy + dz * dz
            }
            if codes[slot] == 0 {
                if chord <= reach.squaredChordSure {
                    inReach += 1
                } else if chord == Self.nowhere {
                    withoutPosition += 1
                } else if chord <= reach.squaredChordMax, reaches(slot, place, within: within) {
                    inReach += 1
                }
            }
            guard kept.count < count || chord < worst else { continue }
            var at = kept.count
            while at > 0, kept[at - 1].chord > chord { at -= 1 }
            kept.insert((chord, slot), at: at)
            if kept.count > count { kept.removeLast() }
            worst = kept[kept.count - 1].chord
        }
        return Survey(nearest: kept.map(\.slot), counts: counts, inReach: inReach, withoutPosition: withoutPosition)
    }
}

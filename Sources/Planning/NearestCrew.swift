// Where the nearest crew is chosen.
//
// Crews are known here by slot: their place in the byte order of their names, so that the lower slot is the name that comes
// first. The hot loop compares squared chords between points on the unit globe (three subtractions, no trigonometry); only the
// few crews within two metres of the best one are measured exactly, so that the choice is the one that whole metres give.

package import Domain

/// A point on the unit globe. Crews without a position stand off the globe, farther than any point on it.
package struct GlobePoint: Sendable, Hashable {
    package var x: Double
    package var y: Double
    package var z: Double

    /// Nowhere: its squared chord to any point of the globe is above 100, and the globe's greatest is 4.
    package static let nowhere = GlobePoint(x: 9, y: 9, z: 9)

    package init(_ coordinate: Coordinate) {
        let vector = UnitVector(coordinate)
        (x, y, z) = (vector.x, vector.y, vector.z)
    }

    private init(x: Double, y: Double, z: Double) {
        (self.x, self.y, self.z) = (x, y, z)
    }

    /// The squared length of the straight line between the two, in radii of the globe.
    @inline(__always)
    package func squaredChord(to other: GlobePoint) -> Double {
        let dx = x - other.x
        let dy = y - other.y
        let dz = z - other.z
        return dx * dx + dy * dy + dz * dz
    }
}

/// How far somebody may come from, as a bound that is quick to test and never too narrow: who passes it is measured exactly.
package struct Reach: Sendable, Hashable {
    /// Smaller than the Earth's radius by any measure, so that the bound errs on the wide side.
    static let radiusMin = 6_350_000.0

    /// Whole metres; nil: anywhere.
    package let metres: Int?
    /// A squared chord above this is out of reach.
    package let squaredChordMax: Double
    /// A squared chord up to this is surely in reach; between the two, only measuring tells.
    package let squaredChordSure: Double

    package init(metres: Int?) {
        self.metres = metres
        if let metres {
            // A chord is never longer than its arc.
            let chord = (Double(metres) + 1) / Self.radiusMin
            squaredChordMax = min(chord * chord, 5)
            // Up to 2 000 km a chord is at least 0.996 of its arc, and the radius is generous by 0.4 %: 2 % of the square covers both.
            squaredChordSure = (1_000...2_000_000).contains(metres) ? squaredChordMax * 0.98 : -1
        } else {
            squaredChordMax = .infinity
            squaredChordSure = .infinity
        }
    }
}

/// Where the crews of the roster are.
package struct CrewField: Sendable {
    package private(set) var points: [GlobePoint]
    package private(set) var coordinates: [Coordinate?]

    /// `coordinates` by slot; nil: nobody knows.
    package init(_ coordinates: [Coordinate?]) {
        self.coordinates = coordinates
        points = coordinates.map { $0.map(GlobePoint.init) ?? .nowhere }
    }

    package mutating func move(_ slot: Int, to coordinate: Coordinate?) {
        coordinates[slot] = coordinate
        points[slot] = coordinate.map(GlobePoint.init) ?? .nowhere
    }

    /// Whole metres from the crew to a place; nil: nobody knows where the crew is.
    package func metres(from slot: Int, to place: Coordinate) -> Int? {
        coordinates[slot].map { distanceMetres($0, place) }
    }

    /// Whether a place is in the crew's reach. A crew that nobody knows the whereabouts of reaches only what has no bound.
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
    }

    /// The nearest of `candidates` in reach of `place`, without those in `declined`. Equally far in whole metres: the one with fewer
    /// tasks (`loads`, by slot), then the lower slot. A crew without a position comes last, and only where `within` is nil.
    ///
    /// Cost: one comparison of chords a candidate.
    package func nearest(
        of candidates: [Int32], to place: Coordinate, within: Int?, loads: [Int32], declined: [Int]
    ) -> Choice? {
        let target = GlobePoint(place)
        let limit = min(Reach(metres: within).squaredChordMax, 5)
        var best = Double.infinity
        for candidate in candidates {
            let chord = points[Int(candidate)].squaredChord(to: target)
            if chord < best, chord <= limit, !declined.contains(Int(candidate)) { best = chord }
        }
        guard best.isFinite else { return within == nil ? unplaced(of: candidates, loads: loads, declined: declined) : nil }
        // Whoever is within a metre of the best in whole metres is within two metres of its chord.
        let slack = best.squareRoot() + 2 / Reach.radiusMin
        let close = min(slack * slack, limit)
        var choice: Choice?
        for candidate in candidates {
            let slot = Int(candidate)
            guard points[slot].squaredChord(to: target) <= close, !declined.contains(slot),
                let metres = metres(from: slot, to: place), metres <= within ?? .max
            else { continue }
            guard let known = choice, let knownMetres = known.metres else {
                choice = Choice(slot: slot, metres: metres)
                continue
            }
            if (metres, loads[slot], slot) < (knownMetres, loads[known.slot], known.slot) { choice = Choice(slot: slot, metres: metres) }
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

    /// The `count` slots nearest to a place, nearest first (by chord, then slot); those without a position last.
    /// Cost: one comparison a crew, plus an insertion for each that comes among the nearest.
    package func nearestSlots(to place: Coordinate?, count: Int) -> [Int] {
        guard let place else { return Array(0..<min(count, points.count)) }
        let target = GlobePoint(place)
        var kept: [(chord: Double, slot: Int)] = []
        kept.reserveCapacity(count + 1)
        var worst = Double.infinity
        for slot in points.indices {
            let chord = points[slot].squaredChord(to: target)
            guard kept.count < count || chord < worst else { continue }
            var at = kept.count
            while at > 0, kept[at - 1].chord > chord { at -= 1 }
            kept.insert((chord, slot), at: at)
            if kept.count > count { kept.removeLast() }
            worst = kept[kept.count - 1].chord
        }
        return kept.map(\.slot)
    }
}

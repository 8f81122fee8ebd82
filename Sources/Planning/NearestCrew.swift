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
    /// The squared chord of a crew that nobody knows the whereabouts of: farther than any on the globe (4), out of every bounded reach.
    package static let nowhere = 100.0

    /// Where each crew is on the unit globe; infinitely far where nobody knows. Three rows, so that a look at all of them runs through
    /// memory in order.
    private var xs: [Double] = []
    private var ys: [Double] = []
    private var zs: [Double] = []
    package private(set) var coordinates: [Coordinate?]

    /// `coordinates` by slot; nil: nobody knows.
    package init(_ coordinates: [Coordinate?]) {
        self.coordinates = coordinates
        for coordinate in coordinates {
            let vector = coordinate.map(UnitVector.init)
            xs.append(vector?.x ?? .infinity)
            ys.append(vector?.y ?? 0)
            zs.append(vector?.z ?? 0)
        }
    }

    package mutating func move(_ slot: Int, to coordinate: Coordinate?) {
        coordinates[slot] = coordinate
        let vector = coordinate.map(UnitVector.init)
        xs[slot] = vector?.x ?? .infinity
        ys[slot] = vector?.y ?? 0
        zs[slot] = vector?.z ?? 0
    }

    /// The squared chord from a crew to a point; `nowhere` for a crew without a position.
    package func squaredChord(from slot: Int, to point: UnitVector) -> Double {
        let (dx, dy, dz) = (xs[slot] - point.x, ys[slot] - point.y, zs[slot] - point.z)
        return min(dx * dx + dy * dy + dz * dz, Self.nowhere)
    }

    /// Fills in the squared chords of all crews to a point, by slot; infinite for those without a position.
    private func fill(_ chords: UnsafeMutableBufferPointer<Double>, to point: UnitVector) {
        let (x, y, z) = (point.x, point.y, point.z)
        xs.withUnsafeBufferPointer { xs in
            ys.withUnsafeBufferPointer { ys in
                zs.withUnsafeBufferPointer { zs in
                    for slot in 0..<xs.count {
                        let (dx, dy, dz) = (xs[slot] - x, ys[slot] - y, zs[slot] - z)
                        chords[slot] = dx * dx + dy * dy + dz * dz
                    }
                }
            }
        }
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
        xs.withUnsafeBufferPointer { xs in
            ys.withUnsafeBufferPointer { ys in
                zs.withUnsafeBufferPointer { zs in
                    for candidate in candidates {
                        let slot = Int(candidate)
                        let (dx, dy, dz) = (xs[slot] - target.x, ys[slot] - target.y, zs[slot] - target.z)
                        let chord = dx * dx + dy * dy + dz * dz
                        if chord < best, chord <= limit, declined.isEmpty || !declined.contains(slot) { best = chord }
                    }
                }
            }
        }
        guard best.isFinite else { return within == nil ? unplaced(of: candidates, loads: loads, declined: declined) : nil }
        // Whoever shares the best one's whole metres is within two metres of its chord.
        let slack = best.squareRoot() + 2 / Coordinate.earthRadiusMetres
        let close = min(slack * slack, limit)
        var near: [Int] = []
        xs.withUnsafeBufferPointer { xs in
            ys.withUnsafeBufferPointer { ys in
                zs.withUnsafeBufferPointer { zs in
                    for candidate in candidates {
                        let slot = Int(candidate)
                        let (dx, dy, dz) = (xs[slot] - target.x, ys[slot] - target.y, zs[slot] - target.z)
                        if dx * dx + dy * dy + dz * dz <= close { near.append(slot) }
                    }
                }
            }
        }
        var choice: Choice?
        for slot in near {
            guard !declined.contains(slot), let metres = metres(from: slot, to: place), metres <= within ?? .max else { continue }
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

    /// Looks at every crew once: finds the `count` nearest to a place, counts their codes, and counts who of code 0 is in reach.
    /// Cost: some comparisons a crew, plus an insertion for each that comes among the nearest.
    ///
    /// - Parameters:
    ///   - codes, orElse: by slot, each below `codeCount`: a crew's code is the first of the two that is not 0 ...
    ///   - except: ... but for these, each slot at most once.
    ///   - asideCode: who has it is beside the question: no more than `asideMax` of them are named, as long as there are others.
    package func survey(
        of place: Coordinate?, within: Int?, nearest count: Int, asideCode: UInt8, asideMax: Int, codes first: [UInt8], orElse second: [UInt8],
        except: [(slot: Int, code: UInt8)], codeCount: Int
    ) -> Survey {
        let size = coordinates.count
        precondition(first.count == size && second.count == size)
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(size, 1)) { codes in
            first.withUnsafeBufferPointer { first in
                second.withUnsafeBufferPointer { second in
                    for slot in 0..<size { codes[slot] = first[slot] != 0 ? first[slot] : second[slot] }
                }
            }
            for exception in except { codes[exception.slot] = exception.code }
            var counts = [Int](repeating: 0, count: codeCount)
            counts.withUnsafeMutableBufferPointer { counts in
                for slot in 0..<size { counts[Int(codes[slot])] += 1 }
            }
            var others = Nearest(count: count)
            var aside = Nearest(count: count)
            guard let place else {
                for slot in 0..<size {
                    if codes[slot] == asideCode { aside.offer(slot, chord: 0) } else { others.offer(slot, chord: 0) }
                }
                return Survey(nearest: others.merged(with: aside, atMost: asideMax), counts: counts, inReach: 0, withoutPosition: 0)
            }
            let reach = Reach(metres: within)
            return withUnsafeTemporaryAllocation(of: Double.self, capacity: max(size, 1)) { chords in
                fill(chords, to: UnitVector(place))
                let sure = reach.squaredChordSure
                var inReach = 0
                for slot in 0..<size { inReach &+= codes[slot] == 0 && chords[slot] <= sure ? 1 : 0 }
                var withoutPosition = 0
                if inReach < counts[0] {
                    for slot in 0..<size where codes[slot] == 0 && chords[slot] > sure {
                        if chords[slot] == .infinity {
                            withoutPosition += 1
                        } else if chords[slot] <= reach.squaredChordMax, reaches(slot, place, within: within) {
                            inReach += 1
                        }
                    }
                }
                var (othersWorst, asideWorst) = (Double.infinity, Double.infinity)
                for slot in 0..<size {
                    let isAside = codes[slot] == asideCode
                    guard chords[slot] < (isAside ? asideWorst : othersWorst) else { continue }
                    if isAside { aside.offer(slot, chord: chords[slot]) } else { others.offer(slot, chord: chords[slot]) }
                    (othersWorst, asideWorst) = (others.worst, aside.worst)
                }
                // Those without a position come last, where there is room left.
                if othersWorst == .infinity || asideWorst == .infinity {
                    for slot in 0..<size where chords[slot] == .infinity {
                        if codes[slot] == asideCode { aside.offer(slot, chord: .infinity) } else { others.offer(slot, chord: .infinity) }
                    }
                }
                return Survey(nearest: others.merged(with: aside, atMost: asideMax), counts: counts, inReach: inReach, withoutPosition: withoutPosition)
            }
        }
    }

    /// The nearest of those that were offered, in rising order; slots must be offered in their order.
    private struct Nearest {
        let count: Int
        /// One more than `count`, so that the one that falls out has a place to fall to.
        private var kept: [(chord: Double, slot: Int)]
        private var number = 0
        /// That of the last one kept; infinite while there is room.
        private(set) var worst = Double.infinity

        init(count: Int) {
            self.count = count
            kept = Array(repeating: (.infinity, 0), count: count + 1)
        }

        @inline(__always) mutating func offer(_ slot: Int, chord: Double) {
            if chord < worst || number < count { insert(slot, chord) }
        }

        private mutating func insert(_ slot: Int, _ chord: Double) {
            let last = number
            kept.withUnsafeMutableBufferPointer { kept in
                var at = last
                while at > 0, kept[at - 1].chord > chord {
                    kept[at] = kept[at - 1]
                    at -= 1
                }
                kept[at] = (chord, slot)
            }
            number = min(number + 1, count)
            if number == count { worst = kept[count - 1].chord }
        }

        /// At most `count` of both, nearest first; of `aside` at most `max`, more only where there are not enough of these.
        func merged(with aside: Nearest, atMost max: Int) -> [Int] {
            let asides = aside.kept[..<Swift.min(aside.number, Swift.max(max, count - number))]
            let own = kept[..<Swift.min(number, count - asides.count)]
            return (own + asides).sorted { ($0.chord, $0.slot) < ($1.chord, $1.slot) }.map(\.slot)
        }
    }
}

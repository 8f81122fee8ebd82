import Domain
import Testing

@testable import Figures

/// Both against the definition, pair by pair and instant by instant.
@Suite("Interruptions against a plain twin")
struct InterruptionTests {
    private func random(_ dice: inout Dice, _ count: Int) -> [Interruptions.Span] {
        (0..<count).map { _ in
            let start = Int64(dice.below(120))
            return Interruptions.Span(start: start, end: start + Int64(dice.below(dice.chance(20) ? 60 : 12)), customers: Int64(1 + dice.below(9)), transformer: Int32(dice.below(4)))
        }
    }

    /// In an order of its own, so that only what belongs together counts.
    private func told(_ incidents: [[Interruptions.Span]]) -> [String] {
        incidents.map { incident in
            let spans: [String] = incident.map { "\($0.start)-\($0.end):\($0.customers)@\($0.transformer)" }
            return spans.sorted().joined(separator: " ")
        }.sorted()
    }

    @Test("what overlaps, directly or through others, is one incident", arguments: [UInt64(21), 22, 23, 24])
    func incidents(seed: UInt64) {
        var dice = Dice(seed: seed)
        for round in 0..<200 {
            let spans = random(&dice, 1 + dice.below(25)).filter { $0.end > $0.start }
            var names = Array(spans.indices)
            var hasChanged = true
            while hasChanged {
                hasChanged = false
                for a in spans.indices {
                    for b in spans.indices where names[a] > names[b] {
                        let (x, y) = (spans[a], spans[b])
                        guard x.start < y.end, y.start < x.end, x.transformer == y.transformer || x.transformer == 0 || y.transformer == 0 else { continue }
                        names[a] = names[b]
                        hasChanged = true
                    }
                }
            }
            var groups: [Int: [Interruptions.Span]] = [:]
            for (span, name) in zip(spans, names) { groups[name, default: []].append(span) }
            let expected = told(Array(groups.values))
            let found = told(Interruptions.incidents(spans).map(Array.init))
            #expect(found == expected, "seed \(seed), round \(round)")
        }
    }

    @Test("customers out at each instant", arguments: [UInt64(31), 32, 33, 34])
    func sweeps(seed: UInt64) {
        var dice = Dice(seed: seed)
        for round in 0..<200 {
            let spans = random(&dice, 1 + dice.below(12)).filter { $0.end > $0.start }
            guard !spans.isEmpty else { continue }
            var (most, product) = (Int64(0), Int64(0))
            for instant in Int64(0)..<200 {
                var largest: [Int32: Int64] = [:]
                for span in spans where span.start <= instant && span.end > instant { largest[span.transformer] = max(largest[span.transformer] ?? 0, span.customers) }
                let out = max(largest[0] ?? 0, largest.reduce(0) { $1.key == 0 ? $0 : $0 + $1.value })
                most = max(most, out)
                product += out
            }
            let found = Interruptions.sweep(spans[...])
            #expect(found.most == most && found.product == product, "seed \(seed), round \(round)")
        }
    }

    @Test("a day on which everybody calls takes no longer a call than a quiet one")
    func storm() {
        // Quadratic would be 400 million steps, and be felt.
        var spans: [Interruptions.Span] = []
        for number in Int64(0)..<100_000 {
            spans.append(Interruptions.Span(start: number, end: 50_000 + number, customers: number % 977 + 1, transformer: Int32(number % 50)))
        }
        #expect(Interruptions.incidents(spans).count == 1)
        let most = Interruptions.sweep(spans[...]).most
        #expect(most == 49 * 977, "each of 49 transformers' tasks say so at the same time, the feeder's less")
    }
}

import ArgumentParser
import City
import Decisions
import Domain
import Rules
import Store

struct VerifyCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "How long it takes to verify a million entries of the log, with their tasks and history; and what the chain costs each commit.")

    @Option(help: "Entries.") var entries = 1_000_000

    func run() throws {
        try withFolder { folder in
            var province = try Province(crews: 1, capacity: 1)
            try Files.makeFolder(folder + "/state")
            var start = (wall: monotonic(), cpu: cpu())
            try province.fill(folder + "/state", finished: entries, open: 0)
            figure("verify: filling the store", monotonic() - start.wall, "s", "\(((cpu() - start.cpu) / Double(entries) * 1e8).rounded() / 100) us CPU an entry")
            let verifier = try LogVerifier(directory: folder + "/state")
            start = (monotonic(), cpu())
            let result = try verifier.run()
            let taken = monotonic() - start.wall
            guard result.isSound, result.entries == Int64(entries) else { throw BenchFault("the log was found \(result)") }
            figure("verify \(entries) entries", taken, "s", "\(((cpu() - start.cpu) / Double(entries) * 1e8).rounded() / 100) us CPU an entry; goal 30 s for a million")
            figure("verify: memory", residentMegabytes(), "MB")
        }
        try commitCost()
    }

    /// The commit of a hundred reports, with its sync; and what of it is hashing.
    private func commitCost() throws {
        try withFolder { folder in
            var province = try Province(crews: 1, capacity: 1)
            try Files.makeFolder(folder + "/state")
            let store = try Store(directory: folder + "/state")
            let at = wallClock()
            let rounds = 200
            let batches = try (0..<rounds).map { _ in
                Batch(
                    entries: try (0..<100).map { _ in
                        let input = try InputCodec.decode(province.report(at: at), defaultSource: SourceID("bench"))
                        return Entry(
                            stimulus: .input(input, Findings()), at: at,
                            decision: Decision(receipt: Receipt(id: input.key.id, source: input.key.source, status: .accepted)))
                    }, rulesHash: province.rules.hash)
            }
            var taken: [Double] = []
            let begun = cpu()
            for batch in batches {
                let start = monotonic()
                try store.commit(batch)
                taken.append(monotonic() - start)
            }
            figure("chain: commit of 100 reports", percentile(taken, 50), "ms", "\(((cpu() - begun) / Double(rounds * 100) * 1e8).rounded() / 100) us CPU a report, the log alone")
            try store.close()
            // The link, the part and the digest under its salt.
            let row = [UInt8](repeating: 7, count: 600)
            let start = cpu()
            for _ in 0..<100_000 {
                for _ in 0..<2 { _ = row.withUnsafeBytes { Hash256(of: $0) } }
                _ = row.prefix(16).withUnsafeBytes { Hash256(of: $0, key: Array(row.prefix(16))) }
            }
            figure("chain: hashing of one report", (cpu() - start) * 10, "us CPU")
        }
    }
}

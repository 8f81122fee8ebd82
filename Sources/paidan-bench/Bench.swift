import ArgumentParser

/// The benchmarks: each prints one line a figure, with its unit and what it is measured against.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paidan-bench",
        abstract: "Measures paidan on this machine: swift run -c release paidan-bench all",
        subcommands: [All.self, Throughput.self, Latency.self, Scale.self, CaseCost.self, ReadingCost.self, CityCost.self, Start.self, Storm.self, RuleCost.self, RuleTestCost.self, TrapCost.self, ExpressionCost.self, ReloadCost.self, FiguresCost.self, VerifyCost.self])
}

/// Every benchmark in its usual size; the storm only where its file is named.
struct All: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs them all in their usual size.")

    @Option(help: "A storm's file, for the storm.") var storm: String?

    func run() async throws {
        try await Throughput.parse([]).run()
        try await Latency.parse([]).run()
        try Scale.parse([]).run()
        try CaseCost.parse([]).run()
        try ReadingCost.parse([]).run()
        try await Start.parse([]).run()
        try RuleCost.parse([]).run()
        try RuleTestCost.parse([]).run()
        try TrapCost.parse([]).run()
        try ExpressionCost.parse([]).run()
        try await ReloadCost.parse([]).run()
        try await FiguresCost.parse([]).run()
        try VerifyCost.parse([]).run()
        // Behind the others: it fails where a goal is not met.
        try await CityCost.parse([]).run()
        if let storm { try await Storm.parse([storm]).run() }
    }
}

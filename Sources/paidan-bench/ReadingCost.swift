import ArgumentParser
import City
import Decisions
import Domain
import Rules
import Store

struct ReadingCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "readings",
        abstract: "What readings cost: ten thousand devices, one reading a minute each, in batches of a second, folded and checkpointed.",
        discussion: "Measured is the CPU time of decoding, of folding with the rules that look at a load, and of a commit of the rows; and what a second of it is of one core.")

    @Option(help: "Devices.") var devices = 10_000
    @Option(help: "Minutes that each sends.") var minutes = 20

    func run() throws {
        try withFolder { try measure(in: $0) }
    }

    private func measure(in folder: String) throws {
        let rules = try rules()
        let start = wallClock()
        let store = try Store(directory: folder)
        Memory.giveBack()
        let before = residentMegabytes()
        var telemetry = Telemetry(rules: rules, at: start)
        var (decode, fold, commit) = (0.0, 0.0, 0.0)
        let perSecond = max(1, devices / 60)
        var sent = 0
        while sent < devices * minutes {
            let now = start + TimeSpan(milliseconds: Int64(sent / perSecond) * 1_000)
            let texts = (0..<perSecond).map { i -> [UInt8] in
                let device = (sent + i) % devices
                return Array(
                    #"{"kind":"reading","id":"r-\#(sent + i)","source":"scada","device":"T-\#(device)","quantity":"load_ratio","value":0.\#(10 + (device + sent / devices) % 80),"unit":"1","at":"\#(now.rfc3339())"}"#
                        .utf8)
            }
            sent += perSecond
            var mark = cpu()
            let inputs = try texts.map { try InputCodec.decode($0, defaultSource: SourceID("bench")) }
            decode += cpu() - mark
            mark = cpu()
            for input in inputs { _ = telemetry.take(input, at: now) }
            while case let crossings = telemetry.crossings(at: now), !crossings.isEmpty {
                for crossing in crossings { telemetry.decided(crossing, Receipt(id: crossing.key.id, source: crossing.key.source, status: .accepted)) }
            }
            fold += cpu() - mark
            mark = cpu()
            try store.commit(Batch(rulesHash: rules.hash, telemetry: telemetry.checkpoint(max: .max)))
            telemetry.didCommit()
            commit += cpu() - mark
        }
        func each(_ seconds: Double) -> Double { seconds / Double(sent) * 1e6 }
        figure("readings: decode", each(decode), "us CPU")
        figure("readings: fold", each(fold), "us CPU")
        figure("readings: checkpoint", each(commit), "us CPU", "a commit a second")
        figure("readings: a second of them", (decode + fold + commit) / (Double(sent) / Double(perSecond)) * 1_000, "ms CPU", "\(perSecond) readings; 20 ms are 2 % of a core")
        figure("readings: memory", residentMegabytes() - before, "MB held", "\(devices) devices")
        try store.close()
    }

    /// A register of so many transformers, and what the shipped rules have for a load.
    private func rules() throws -> RuleSet {
        var network = "transformer,feeder,district,lat,lon,customers\n"
        for number in 0..<devices { network += "T-\(number),F-\(number / 20),,28.0,120.6,80\n" }
        let site = """
            module: site
            time_zone: Asia/Shanghai
            values:
              type: [fault]
              category: [heavy_load, overload, silent]
              quantity:
                load_ratio: { unit: 1, lowest: 0, highest: 5 }
            departments:
              operations: { fallback: true }
            network: network.csv

            """
        let watch = """
            module: monitoring
            watch:
              - name: heavy-load
                when: reading.quantity == "load_ratio" && reading.value >= 0.8
                for: 2 h
                clears: reading.value < 0.75
                report: { type: fault, category: heavy_load }
              - name: overload
                when: reading.quantity == "load_ratio" && reading.value >= 1.0
                for: 2 h
                clears: reading.value < 0.95
                report: { type: fault, category: overload }
              - name: silent
                silent: 2 h
                quantity: load_ratio
                report: { type: fault, category: silent }

            """
        let files = [("monitoring.yaml", watch), ("network.csv", network), ("site.yaml", site)]
        let compilation = RuleCompiler.compile(RuleSource(files: files.map { .init(name: $0.0, bytes: Array($0.1.utf8)) }), proves: false) { _ in .shanghai }
        guard let set = compilation.set else { throw ValidationError("the rules of the measurement: \(compilation.diagnostics)") }
        return set
    }
}

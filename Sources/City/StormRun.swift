import Daemon
import Decisions
package import Domain
package import Rules
import Store

/// A real storm, lived through the daemon's core on a virtual clock: each outage is a `no_power` report at its own minute, the
/// crews set off at once, drive the great circle's length × 1.3 at 50 km/h, and work for 60 minutes. It is the world of the
/// storm baselines (shared/tools/storm_policies.py), so that the figures can stand beside theirs.
package struct StormRun {
    package struct Figures: Sendable {
        package var outages: Int
        package var tasks: Int
        package var crews: Int
        package var customers: Int64
        /// Customers × minutes from the start of the outage to a crew's arrival, in millions.
        package var waitingCustomerMinutes: Double
        /// From the start of the outage to a crew's arrival.
        package var arrival: Spread
        /// What the books say is wrong; empty: every outage one task, none lost, none twice, no crew on two jobs.
        package var faults: [String]
        /// Turns of the dispatcher that were committed, each with its fsync.
        package var commits: Int

        /// As the baselines print theirs.
        package var lines: [String] {
            func whole(_ span: TimeSpan) -> Int64 { (span.milliseconds + 30_000) / 60_000 }
            return [
                "\(outages) outages, \(customers) customers, \(crews) crews; \(tasks) tasks, \(commits) commits",
                "waiting \(hundredths(waitingCustomerMinutes)) M customer-minutes  mean \(whole(arrival.mean))  median \(whole(arrival.percentile(50)))"
                    + "  p95 \(whole(arrival.percentile(95)))  longest \(whole(arrival.longest)) min",
            ]
        }

        private func hundredths(_ value: Double) -> String {
            let whole = Int64((value * 100).rounded())
            return "\(whole / 100).\(String(100 + whole % 100).dropFirst())"
        }
    }

    /// The way in that the reports take.
    package enum Door: Sendable {
        /// Straight to the dispatcher, as the HTTP doors hand them on.
        case direct
        /// As files in a spool folder, each written, renamed into `new`, and read by the spool's own reader.
        case spool
    }

    private let data: StormData
    private let roster: [StormData.Post]

    package init(data: StormData, roster: [StormData.Post]) {
        self.data = data
        self.roster = roster
    }

    /// One rule, without a reach and without limits: whoever is nearest goes, and what waits is taken oldest first.
    package func ruleSource() -> RuleSource {
        var site = """
            module: site
            summary: A storm's roster.
            time_zone: UTC
            values:
              type:
                fault: { en: Fault }
              category:
                no_power: { en: No power }
              skill:
                distribution_line: { en: Distribution lines }
            departments:
              operations: { name: Operations, fallback: true }
            close_after: 1 h
            crews:

            """
        for post in roster {
            site += "  \(post.crew): { department: operations, base: { lat: \(post.base.latitude), lon: \(post.base.longitude) }, skills: [distribution_line] }\n"
        }
        let faults = """
            module: faults
            summary: The nearest free crew goes.
            takes: report.type == "fault"
            route:
              - name: outage
                task: repair
                assign:
                  nearest: crew
                  skills: [distribution_line]
                  otherwise: { department: operations }

            """
        return RuleSource(files: [
            RuleSource.File(name: "faults.yaml", bytes: Array(faults.utf8)), RuleSource.File(name: "site.yaml", bytes: Array(site.utf8)),
        ])
    }

    package func report(_ outage: StormData.Outage) -> [UInt8] {
        var json = JSONWriter(capacity: 256)
        json.object {
            $0.field("kind", "report")
            $0.field("id", outage.id)
            $0.field("source", "storm")
            $0.field("type", "fault")
            $0.field("category", "no_power")
            $0.field("reported_at", outage.at.rfc3339())
            $0.key("place")
            $0.object {
                $0.field("lat", outage.place.latitude)
                $0.field("lon", outage.place.longitude)
            }
            $0.field("customers_out", outage.customers)
        }
        return json.bytes
    }

    /// - Parameters:
    ///   - folder: where the store is made, and the spool beside it.
    ///   - progress: told of the clock, and of how many have arrived, every six hours of the storm.
    package func run(folder: String, door: Door = .direct, progress: (Instant, Int) -> Void = { _, _ in }) async throws -> Figures {
        let compilation = RuleCompiler.compile(ruleSource(), zone: { $0 == "UTC" ? .utc : nil })
        guard let rules = compilation.set else {
            throw CityFault("the storm's rules have errors: \(compilation.diagnostics.map(\.message).joined(separator: "; "))")
        }
        guard let start = data.outages.first?.at else { throw CityFault("the storm has no outages") }
        let house = try House(folder: folder, rules: rules, at: start)
        let spool = door == .spool ? try Spool(folder + "-spool", into: house) : nil
        var world = World(seed: 1, behaviour: .storm, zone: .utc, crews: roster.map { ($0.crew, $0.base) })
        for outage in data.outages { world.add(Utterance(at: outage.at, kind: .report, id: outage.id, json: report(outage))) }
        var ledger = Ledger(capacity: Dictionary(uniqueKeysWithValues: roster.map { ($0.crew, 1) }))
        var open: [TaskID: WorkTask] = [:]
        var commits = 0
        var told = start

        func hear() {
            for (at, result) in house.takeCommitted() {
                if result.didCommit { commits += 1 }
                ledger.note(result.entries)
                for entry in result.entries {
                    for change in entry.decision.changes {
                        if case .task(_, let after) = change { open[after.id] = after.state.isFinal ? nil : after }
                    }
                }
                for entry in result.entries {
                    for notice in entry.decision.notices { world.hear(notice, task: open[notice.task], at: at) }
                }
            }
        }

        while let next = [world.nextAt, house.dispatcher.nextDue.map { max($0, house.dispatcher.now) }].compactMap({ $0 }).min() {
            try house.dispatcher.advance(to: next)
            hear()
            var said = world.take(until: next)
            if let spool {
                let reports = said.filter { $0.kind == .report }
                said.removeAll { $0.kind == .report }
                try await spool.take(reports)
                hear()
            }
            let inputs = try said.map { try InputCodec.decode($0.json, defaultSource: SourceID("storm")) }
            if !inputs.isEmpty {
                try house.dispatcher.turn(inputs)
                hear()
            }
            if next >= told + .hours(6) {
                told = next
                progress(next, ledger.lines.values.count { $0.arrived != nil })
            }
        }
        try house.close()
        return figures(ledger, commits: commits)
    }

    private func figures(_ ledger: Ledger, commits: Int) -> Figures {
        var faults = ledger.check(sent: data.outages.map(\.id))
        var waiting = 0.0
        var waits: [TimeSpan] = []
        for line in ledger.lines.values.sorted(by: { ($0.reportedAt, $0.reports.first ?? "") < ($1.reportedAt, $1.reports.first ?? "") }) {
            guard let arrived = line.arrived else {
                faults.append("nobody came to \(line.reports.joined(separator: ", "))")
                continue
            }
            let wait = arrived - line.reportedAt
            waits.append(wait)
            waiting += Double(wait.milliseconds) / 60_000 * Double(line.customersOut)
        }
        return Figures(
            outages: data.outages.count, tasks: ledger.lines.count, crews: roster.count, customers: data.outages.reduce(0) { $0 + $1.customers },
            waitingCustomerMinutes: waiting / 1_000_000, arrival: Spread(waits), faults: faults, commits: commits)
    }
}

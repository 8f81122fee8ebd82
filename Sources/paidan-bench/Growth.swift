import ArgumentParser
import City
import Daemon
import Decisions
import Domain
import Glibc
import Rules
import Store

struct Scale: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "What one more report costs with 1 000 and with 100 000 open tasks, 1 000 crews; and the memory.",
        discussion: """
            Every crew has its hands full, so that the tasks wait. Measured is the CPU time from decoded input to commit, of a report, and \
            of a report together with a completed task, whose crew then takes the right one of all that wait.
            """)

    @Option(help: "Open tasks of the large case.") var tasks = 100_000
    @Option(help: "Measured reports of each case.") var reports = 4_000

    func run() throws {
        let small = try withFolder { try measure(open: 1_000, in: $0) }
        let large = try withFolder { try measure(open: tasks, in: $0) }
        figure("scale report, 1 000 open", small.report * 1e6, "us CPU")
        figure("scale report, \(tasks) open", large.report * 1e6, "us CPU", "\(hundredths(large.report / small.report)) x of 1 000 open; goal 1.5")
        figure("scale report and completion, 1 000 open", small.pair * 1e6, "us CPU")
        figure(
            "scale report and completion, \(tasks) open", large.pair * 1e6, "us CPU", "\(hundredths(large.pair / small.pair)) x of 1 000 open; goal 1.5")
        figure("scale memory, \(tasks) open and 1 000 crews", large.megabytes, "MB", "goal 300")
    }

    private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    private func measure(open: Int, in folder: String) throws -> (report: Double, pair: Double, megabytes: Double) {
        var province = try Province(crews: 1_000, capacity: 1)
        let now = wallClock()
        let house = try House(folder: folder + "/state", rules: province.rules, at: now)
        func inputs(_ count: Int) throws -> [Input] {
            try (0..<count).map { _ in try InputCodec.decode(province.report(at: now), defaultSource: SourceID("bench")) }
        }
        var left = open
        while left > 0 {
            try house.dispatcher.turn(try inputs(min(1_000, left)))
            _ = house.takeCommitted()
            left -= 1_000
        }
        let megabytes = residentMegabytes()
        // In batches of 40, as they come at some hundreds a second.
        let batches = try (0..<(reports / 40)).map { _ in try inputs(40) }
        var start = cpu()
        for batch in batches {
            try house.dispatcher.turn(batch)
            _ = house.takeCommitted()
        }
        let report = (cpu() - start) / Double(batches.count * 40)

        let busy = house.dispatcher.read { state in state.openTasks.filter { $0.state == .dispatched } }.prefix(reports / 40 * 20)
        let completions = busy.map { task in
            InputCodec.input(
                .progress(Progress(task: task.id, event: .complete, by: task.crew?.rawValue)), id: "done-\(task.id)", source: SourceID("bench"))
        }
        let pairs = try stride(from: 0, to: completions.count, by: 20).map { at in
            zip(try inputs(20), completions[at..<min(at + 20, completions.count)]).flatMap { [$0, $1] }
        }
        start = cpu()
        for batch in pairs {
            try house.dispatcher.turn(batch)
            _ = house.takeCommitted()
        }
        let pair = (cpu() - start) / Double(completions.count)
        try house.close()
        return (report, pair, megabytes)
    }
}

struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From start to READY with a million finished tasks in the store.")

    @Option(help: "Finished tasks.") var finished = 1_000_000
    @Option(help: "Open tasks beside them.") var open = 1_000

    func run() async throws {
        try await withFolder { folder in
            var province = try Province(crews: 1_000, capacity: 1_000)
            try Files.makeFolder(folder + "/state")
            let started = monotonic()
            try province.fill(folder + "/state", finished: finished, open: open)
            figure("start: filling the store", monotonic() - started, "s", "\(finished) finished, \(open) open tasks")
            let before = monotonic()
            let house = try await province.startDaemon(in: folder)
            figure("start to READY", monotonic() - before, "s", "goal 1")
            figure("start: memory at READY", residentMegabytes(), "MB")
            await house.daemon.stop()
        }
    }

}

extension Province {
    /// Rows as the decisions leave them: each finished task with its report's key, its history, and its notice.
    mutating func fill(_ folder: String, finished: Int, open: Int) throws {
        let store = try Store(directory: folder)
        let at = Instant(milliseconds: wallClock().milliseconds - 86_400_000)
        // A new store's: no task yet.
        var last = TaskID(day: 0, number: 0)
        var entries: [Entry] = []
        for number in 0..<(finished + open) {
            let id = TaskID(day: 20_260_101, number: last.number + 1)
            let input = try InputCodec.decode(report(at: at), defaultSource: SourceID("bench"))
            guard case .report(let report) = input.body else { throw BenchFault("no report") }
            let isOpen = number >= finished
            var task = WorkTask(
                id: id, revision: 1, reports: [input.key.id], source: input.key.source, type: report.type, category: report.category ?? "",
                task: "repair", rule: "faults.everything-else", state: isOpen ? .queued : .closed, priority: .normal,
                department: DepartmentID("operations"), isDesk: false, skills: [SkillID("distribution_line")], within: 900_000,
                place: TaskPlace(coordinate: report.place.coordinate, origin: .report), customer: report.customer,
                customersOut: report.customersOut ?? 0, reportedAt: at, createdAt: at, limits: [], escalate: nil)
            task.outcome = isOpen ? nil : "done"
            let events: [HistoryEvent] = isOpen ? [.created, .queued] : [.created, .dispatched, .accepted, .onsite, .completed, .closed]
            let history = events.map {
                HistoryLine(
                    task: id, revision: 1, at: at, event: $0, by: "paidan", crew: nil, department: task.department, rule: task.rule,
                    report: input.key.id)
            }
            let receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [id], rule: task.rule)
            entries.append(
                Entry(
                    stimulus: .input(input, Findings()), at: at,
                    decision: Decision(receipt: receipt, changes: [.lastTask(before: last, after: id), .task(before: nil, after: task)], history: history)))
            last = id
            if entries.count == 2_000 || number == finished + open - 1 {
                try store.commit(Batch(entries: entries, rulesHash: rules.hash))
                entries = []
            }
        }
        // Everything was journaled long ago.
        try store.commit(Batch(rulesHash: rules.hash, journaledThrough: try store.load().lastHistory))
        try store.close()
    }
}

struct Storm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lives a real storm on the real core: the figures, and how long it takes.")

    @Argument(help: "The storm's file, CSV or .gz.") var file: String
    @Option(help: "The crews, as JSON.") var roster: String?
    @Option(help: "Without a roster: so many crews.") var crews = 300
    @Option(help: "Without a roster: their seed.") var seed: UInt64 = 1

    func run() async throws {
        let data = try StormData(csv: try Files.read(file), name: file)
        let posts = try roster.map { try StormData.roster(json: try Files.read($0), name: $0) } ?? data.roster(crews: crews, seed: seed)
        let started = monotonic()
        let figures = try await withFolder { try await StormRun(data: data, roster: posts).run(folder: $0 + "/state", door: .spool) }
        let taken = monotonic() - started
        for line in figures.lines { print(line) }
        figure("storm lived in", taken, "s", "\(figures.outages) spool files, \(figures.commits) commits with fsync")
        guard figures.faults.isEmpty else { throw BenchFault(figures.faults.prefix(20).joined(separator: "\n")) }
        print("storm: every outage has one task; none lost, none twice, no crew on two jobs")
    }
}

import ArgumentParser
import City
import Daemon
import Decisions
import Domain
import Rules
import Store

struct CaseCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cases",
        abstract: "What one more application, or one more stage, costs with a hundred cases, and with a million finished and 50 000 open ones.",
        discussion: "Measured is the CPU time from decoded input to commit, with the shipped processes; and the memory, with and without the finished ones.")

    @Option(help: "Finished cases of the large store.") var finished = 1_000_000
    @Option(help: "Open cases of the large store.") var open = 50_000
    @Option(help: "Measured inputs of each kind.") var inputs = 4_000

    func run() throws {
        let small = try withFolder { try measure(finished: 0, open: 100, in: $0) }
        let lean = try withFolder { try measure(finished: 0, open: open, in: $0) }
        let large = try withFolder { try measure(finished: finished, open: open, in: $0) }
        func times(_ value: Double, _ base: Double) -> String { "\((value / base * 100).rounded() / 100) x" }
        figure("cases: application, 100 open", small.application * 1e6, "us CPU")
        figure("cases: application, \(open) open", large.application * 1e6, "us CPU", "\(times(large.application, small.application)) of 100 open; \(finished) finished beside")
        figure("cases: stage completed, 100 open", small.stage * 1e6, "us CPU")
        figure("cases: stage completed, \(open) open", large.stage * 1e6, "us CPU", "\(times(large.stage, small.stage)) of 100 open")
        figure("cases: memory, \(open) open, none finished", lean.megabytes, "MB held", "\((lean.megabytes * 1_000 / Double(open)).rounded()) KB a case with its stages and tasks")
        figure("cases: memory, \(open) open, \(finished) finished", large.megabytes, "MB held", "\(times(large.megabytes, lean.megabytes)) of none finished")
        figure("cases: opening the store", large.opening, "s", "\(finished) finished, \(open) open; \((small.opening * 1_000).rounded()) ms when it is empty")
    }

    private struct Costs {
        var application: Double
        var stage: Double
        var megabytes: Double
        var opening: Double
    }

    private func measure(finished: Int, open: Int, in folder: String) throws -> Costs {
        let province = try Province(crews: 100, capacity: 1_000, modules: [.calendar, .connections])
        let now = wallClock()
        let state = folder + "/state"
        try Files.makeFolder(state)
        if finished > 0 { try fill(state, province.rules, finished) }
        // What filling the store has freed must not hide what is allocated from here on.
        Memory.giveBack()
        let before = residentMegabytes()
        var house = try House(folder: state, rules: province.rules, at: now)
        var made = 0
        func applications(_ count: Int) throws -> [Input] {
            try (0..<count).map { _ in
                made += 1
                return try InputCodec.decode(
                    #"{"id":"a-\#(made)","type":"application","category":"new_connection","voltage":"high","documents":["identity","property","load_list","site_plan","approval"],"place":{"lat":28.01,"lon":120.65}}"#
                        .utf8, defaultSource: SourceID("bench"))
            }
        }
        var left = open
        while left > 0 {
            try house.dispatcher.turn(try applications(min(1_000, left)))
            _ = house.takeCommitted()
            left -= 1_000
        }
        // As after a restart: what opening costs, and what stays in memory.
        try house.close()
        let started = monotonic()
        house = try House(folder: state, rules: province.rules, at: now)
        let opening = monotonic() - started
        Memory.giveBack()
        let megabytes = residentMegabytes() - before

        let batches = try (0..<(inputs / 40)).map { _ in try applications(40) }
        var start = cpu()
        for batch in batches {
            try house.dispatcher.turn(batch)
            _ = house.takeCommitted()
        }
        let application = (cpu() - start) / Double(batches.count * 40)

        let tasks = house.dispatcher.read { state in state.openTasks.filter { $0.task == "acceptance" } }.suffix(inputs)
        let done = tasks.map { InputCodec.input(.progress(Progress(task: $0.id, event: .complete, by: "marketing")), id: "d-\($0.id)", source: SourceID("bench")) }
        start = cpu()
        for at in stride(from: 0, to: done.count, by: 40) {
            try house.dispatcher.turn(Array(done[at..<min(at + 40, done.count)]))
            _ = house.takeCommitted()
        }
        let stage = (cpu() - start) / Double(max(1, done.count))
        try house.close()
        return Costs(application: application, stage: stage, megabytes: megabytes, opening: opening)
    }

    /// Cases as the decisions leave them at their end: each with its application's key, its history and its last stage's task.
    private func fill(_ folder: String, _ rules: RuleSet, _ count: Int) throws {
        guard let plan = rules.processes.first(where: { $0.name == "connections.hv_single" }) else { throw BenchFault("no process connections.hv_single") }
        let store = try Store(directory: folder)
        let at = Instant(milliseconds: wallClock().milliseconds - 400 * 86_400_000)
        var last = CaseID.none
        var entries: [Entry] = []
        for number in 0..<count {
            let id = CaseID(day: 20_250_101, number: last.number + 1)
            var report = Report(type: "application", category: "new_connection")
            report.documents = plan.documents
            let input = InputCodec.input(.report(report), id: "old-\(number)", source: SourceID("bench"))
            var row = WorkCase(
                id: id, process: plan.name, plan: plan.digest, application: input.key.id, source: input.key.source, report: report,
                place: TaskPlace(origin: .unknown), customersOut: 0, manager: nil, createdAt: at, missing: [],
                stages: plan.stages.map { CaseStage(name: $0.name) }, total: nil, escalate: plan.escalate)
            row.state = .completed
            for place in row.stages.indices { row.stages[place].state = .done }
            let history = [HistoryEvent.case_opened, .case_accepted, .case_completed].map {
                HistoryLine(
                    task: .none, kase: id, revision: 1, at: at, event: $0, by: "paidan", crew: nil, department: DepartmentID(""), rule: plan.name,
                    report: input.key.id)
            }
            var receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, rule: plan.name)
            receipt.kase = id
            var changes: [Change] = [.lastCase(before: last, after: id), .kase(before: nil, after: row)]
            if number == 0 { changes.insert(.plan(plan), at: 0) }
            entries.append(Entry(stimulus: .input(input, Findings()), at: at, decision: Decision(receipt: receipt, changes: changes, history: history)))
            last = id
            if entries.count == 2_000 || number == count - 1 {
                try store.commit(Batch(entries: entries, rulesHash: rules.hash))
                entries = []
            }
        }
        try store.commit(Batch(rulesHash: rules.hash, journaledThrough: try store.load().lastHistory))
        try store.close()
    }
}

import ArgumentParser
import City
import Daemon
import Decisions
import Domain
import Glibc
import Rules
import Store

struct CityCost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "city",
        abstract: "A city's day on a virtual clock: what its readings, positions, reports and customers cost, and the memory.",
        discussion: """
            170 applications, 3 700 faults, 10 000 devices once a minute, 100 crews on the move once a minute, three million customers. Everything but the clock is real: \
            bytes as a door gets them, the shipped rules, the decisions, the database with its fsync. Not in it: HTTP itself, the journal, and the programs of \
            channels. The customers are loaded beforehand, and do not count to the day. Then a province's storm hour, and the cost of an input with a \
            history and without one. All CPU is user and system time of this process (getrusage); what makes the city up is left out.
            """)

    @Option(help: "The city's seed.") var seed: UInt64 = 1
    @Option(help: "Customers in the store.") var customers = CitySize.fiveMillion.customers
    @Option(help: "Devices: one reading a minute each.") var devices = CitySize.fiveMillion.areas
    @Option(help: "Crews: one position a minute each.") var crews = CitySize.fiveMillion.crews
    @Option(help: "Faults that are called in.") var faults = 3_700
    @Option(help: "Applications at the counters.") var applications = 170
    @Option(help: "Customers of whom billing sends the month's facts in the night.") var facts = 20_000
    @Option(help: "Hours of the day.") var hours = 24
    @Option(help: "Reports of a province's storm in five minutes.") var storm = 700
    @Option(help: "Finished tasks of the history.") var history = 300_000

    /// 2026-07-15T00:00+08:00, a Wednesday.
    private static let midnight = Instant(milliseconds: 1_784_044_800_000)

    func run() async throws {
        let city = MadeUpCity(seed: seed, size: CitySize(areas: devices, crews: crews, customers: customers))
        let rules = try LargeCityRun.rules(of: city)
        var table = FigureTable("A city's day: \(devices) devices, \(crews) crews, \(faults) faults, \(applications) applications, \(customers) customers (seed \(seed))")
        try await withFolder { folder in
            let few = 30_000
            if customers > few {
                let small = try await open(folder + "/few", city, rules, loading: few, &table, isTold: false)
                let large = try await open(folder + "/state", city, rules, loading: customers, &table, isTold: true)
                table.add("memory with \(few) customers", small.megabytes, "MB")
                table.add("memory with \(customers)", large.megabytes, "MB", goal: small.megabytes * 1.1 + 5, "\(few) customers, and a tenth")
                table.add("start with \(few) customers", small.seconds * 1_000, "ms")
                table.add("start with \(customers)", large.seconds * 1_000, "ms", goal: small.seconds * 1_500 + 20, "\(few) customers, and half")
            } else {
                _ = try await open(folder + "/state", city, rules, loading: customers, &table, isTold: true)
            }
            try await live(folder + "/state", city, rules, &table)
        }
        try await compareHistories(city, rules, &table)
        print(table.text)
        guard table.allMet else { throw ExitCode(1) }
    }

    // MARK: Customers

    /// Customers as billing sends them, then the store opened anew: how long that takes, and what it holds.
    private func open(
        _ folder: String, _ city: MadeUpCity, _ rules: RuleSet, loading count: Int, _ table: inout FigureTable, isTold: Bool
    ) async throws -> (seconds: Double, megabytes: Double) {
        try Files.makeFolder(folder)
        let month = Self.midnight + .days(-20)
        var house = try LargeCityRun(city: city, rules: rules, folder: folder, at: month, cpu: cpu, wall: monotonic)
        table.say("loading \(count) customers")
        for first in stride(from: 0, to: count, by: 1_000) {
            try await house.load((first..<min(first + 1_000, count)).map { city.customer($0, id: "b-06-\($0)", month: "2026-06") })
        }
        guard house.counts.refused == 0 else { throw BenchFault("\(house.counts.refused) customers were refused") }
        if isTold {
            let spent = house.spent.values.reduce(0, +)
            table.add("loading \(count) customers (not in the day)", spent, "s CPU", "\(Int(spent / Double(count) * 1e6)) us each; \(Int(databaseMegabytes(folder))) MB on disk")
        }
        try house.close()
        Memory.giveBack()
        let before = residentMegabytes()
        let started = monotonic()
        house = try LargeCityRun(city: city, rules: rules, folder: folder, at: month, cpu: cpu, wall: monotonic)
        let seconds = monotonic() - started
        // Looks at customers, so that what a working store holds of them is counted.
        for first in stride(from: 0, to: 2_000, by: 100) {
            try await house.load((first..<(first + 100)).map { city.customer($0 * (count / 2_000), id: "b-06-again-\($0)", month: "2026-06") })
        }
        Memory.giveBack()
        let megabytes = residentMegabytes() - before
        try house.close()
        return (seconds, megabytes)
    }

    private func databaseMegabytes(_ folder: String) -> Double {
        ["paidan.sqlite", "paidan.sqlite-wal"].reduce(0) { sum, name in
            var status = stat()
            return stat(folder + "/" + name, &status) == 0 ? sum + Double(status.st_size) / 1_048_576 : sum
        }
    }

    // MARK: The day, and the storm

    private func live(_ folder: String, _ city: MadeUpCity, _ rules: RuleSet, _ table: inout FigureTable) async throws {
        Memory.giveBack()
        Memory.forgetPeak()
        let house = try LargeCityRun(city: city, rules: rules, folder: folder, at: Self.midnight, cpu: cpu, wall: monotonic)
        let day = LargeDay(city: city, from: Self.midnight, reports: faults, applications: applications, zone: house.zone, prefix: "95598-20260715")
        let meters = MeterLine(city: city, devices: devices, midnight: Self.midnight, zone: house.zone)
        table.say("living the day")
        let (count, seconds) = (facts, hours * 3_600)
        // From one to five in the night.
        try await house.live(day, meters: meters, sendsPositions: true, seconds: seconds) { second in
            let (first, last) = ((second - 3_600) * count / 14_400, (second - 3_599) * count / 14_400)
            guard second >= 3_600, second < 18_000, first < last else { return [] }
            return (first..<last).map { city.customer($0 * 149 % city.areas.count * (city.areas.first?.customers ?? 1) + $0 % 7, id: "b-07-\($0)", month: "2026-07") }
        }
        let books = house.ledger.check(sent: hours == 24 ? day.reports : [])
        guard books.isEmpty || hours < 24 else { throw BenchFault("the books of the day:\n" + books.prefix(10).joined(separator: "\n")) }
        let spent = house.spent
        func share(_ shares: LargeCityRun.Share...) -> Double { shares.reduce(0) { $0 + spent[$1, default: 0] } }
        let all = spent.values.reduce(0, +)
        let readings = share(.readingsDecoded, .readingsFolded, .readingsAnswered, .checkpointed)
        let counts = house.counts
        func each(_ seconds: Double, _ count: Int) -> String { "\((seconds / Double(max(1, count)) * 1e8).rounded() / 100) us each" }
        table.add("the day, all of it", all, "s CPU", goal: 60 * Double(hours) / 24, "\(counts.readings) readings, \(counts.positions) positions, \(counts.others) other inputs, \(counts.commits) commits")
        table.add("  readings decoded", share(.readingsDecoded), "s CPU", each(share(.readingsDecoded), counts.readings))
        table.add("  readings folded", share(.readingsFolded), "s CPU", each(share(.readingsFolded), counts.readings))
        table.add("  readings answered", share(.readingsAnswered), "s CPU", each(share(.readingsAnswered), counts.readings))
        table.add("  devices and positions on disk, each second", share(.checkpointed), "s CPU", each(share(.checkpointed), counts.readings))
        table.add("  positions folded", share(.positions), "s CPU", each(share(.positions), counts.positions))
        table.add("  inputs decoded", share(.decoded), "s CPU", each(share(.decoded), counts.others))
        table.add("  decided, with timers", share(.decided), "s CPU", each(share(.decided), counts.others))
        table.add("  committed", share(.committed), "s CPU", each(share(.committed), counts.others))
        table.add("  notices found and told", share(.notices), "s CPU")
        table.add("readings, of one core", readings / Double(seconds) * 100, "%", goal: 2, "from bytes to disk and receipt; with the positions that go to disk with them")
        table.add("decision, median", percentile(house.waits, 50), "ms", "from bytes to receipt, with the sync of the disk")
        table.add("decision, 99 %", percentile(house.waits, 99), "ms", goal: 50)
        table.add("memory at its highest", Memory.peakMegabytes(), "MB", goal: 300)
        table.add("database", databaseMegabytes(folder), "MB")
        table.add(
            "tasks of the day", Double(house.ledger.lines.count), "",
            "\(house.ledger.joinedCount) calls joined another's, \(house.ledger.own.count) reports by devices, \(house.ledger.cases.count) cases, \(house.openCount) open at the end")

        // The storm comes over the same city, in the evening after.
        let hour = LargeDay(
            city: city, from: Self.midnight + .seconds(Int64(seconds)), span: .hours(1), reports: storm * 12, applications: 0, zone: house.zone, prefix: "storm")
        let before = house.spent.values.reduce(0, +)
        let waitsBefore = house.waits.count
        table.say("the storm")
        try await house.live(hour, meters: nil, sendsPositions: true, seconds: 3_600)
        let cost = house.spent.values.reduce(0, +) - before
        let waits = Array(house.waits[waitsBefore...])
        table.add("storm hour, \(storm) reports in 5 min", cost / 36, "% core", goal: 25, "\(Int(cost * 10) / 10) s CPU in all; \(house.openCount) tasks open at its end")
        table.add("decision in the storm, 99 %", percentile(waits, 99), "ms", goal: 50)
        try house.close()
    }

    // MARK: History

    private func compareHistories(_ city: MadeUpCity, _ rules: RuleSet, _ table: inout FigureTable) async throws {
        table.say("with and without a history of \(history) finished tasks")
        let empty = try await withFolder { try await cost(in: $0, history: 0, city, rules) }
        let long = try await withFolder { try await cost(in: $0, history: history, city, rules) }
        table.add("an input, without a history", empty.input * 1e6, "us CPU")
        table.add("an input, \(history) tasks finished before", long.input * 1e6, "us CPU", goal: empty.input * 1.2e6, "without, and a fifth")
        table.add("start, without a history", empty.start * 1_000, "ms")
        table.add("start, \(history) tasks finished before", long.start * 1_000, "ms", goal: empty.start * 1_500 + 20, "without, and half")
    }

    /// Two hours of reports, as many as in the storm, over a city with so many finished tasks behind it.
    private func cost(in folder: String, history: Int, _ city: MadeUpCity, _ rules: RuleSet) async throws -> (input: Double, start: Double) {
        let state = folder + "/state"
        try Files.makeFolder(state)
        if history > 0 { try FinishedWork.fill(state, rules, tasks: history, before: Self.midnight) }
        Memory.giveBack()
        let started = monotonic()
        let house = try LargeCityRun(city: city, rules: rules, folder: state, at: Self.midnight, cpu: cpu, wall: monotonic)
        let start = monotonic() - started
        let day = LargeDay(city: city, from: Self.midnight, span: .hours(2), reports: storm * 24, applications: 0, zone: house.zone, prefix: "h")
        try await house.live(day, meters: nil, sendsPositions: false, seconds: 7_200)
        let cost = house.spent.values.reduce(0, +) / Double(max(1, house.counts.others))
        try house.close()
        return (cost, start)
    }
}

extension Memory {
    /// The highest resident memory counts from here.
    static func forgetPeak() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }

    /// The highest resident memory of this process since then, in MB.
    static func peakMegabytes() -> Double {
        guard let bytes = try? Files.read("/proc/self/status") else { return 0 }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        // A tab stands behind the name.
        return (line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Double($0) } ?? 0) / 1_024
    }
}

/// Finished tasks, as the decisions leave them at their end.
enum FinishedWork {
    static func fill(_ folder: String, _ rules: RuleSet, tasks count: Int, before: Instant) throws {
        let store = try Store(directory: folder)
        var last = TaskID(day: 0, number: 0)
        var entries: [Entry] = []
        for number in 0..<count {
            let at = before + TimeSpan(milliseconds: -Int64(count - number) * 20_000)
            let id = TaskID(day: 20_260_101, number: last.number + 1)
            var report = Report(type: "fault", category: "no_power", reportedAt: at)
            report.customer = CustomerID(MadeUpCity.account(number))
            report.description = "整栋楼没电"
            let input = InputCodec.input(.report(report), id: "old-\(number)", source: SourceID("95598"))
            var task = WorkTask(
                id: id, revision: 6, reports: [input.key.id], source: input.key.source, type: report.type, category: "no_power", task: "repair",
                rule: "faults.everything-else", state: .closed, priority: .normal, department: DepartmentID("operations"), isDesk: false,
                skills: [SkillID("distribution_line")], within: 60_000, place: TaskPlace(coordinate: nil, origin: .district), customer: report.customer,
                customersOut: 20, reportedAt: at, createdAt: at, limits: [], escalate: "repair")
            task.outcome = "done"
            let events: [HistoryEvent] = [.created, .dispatched, .accepted, .onsite, .completed, .closed]
            let lines = events.map {
                HistoryLine(task: id, revision: 1, at: at, event: $0, by: "paidan", crew: nil, department: task.department, rule: task.rule, report: input.key.id)
            }
            let receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [id], rule: task.rule)
            entries.append(
                Entry(
                    stimulus: .input(input, Findings()), at: at,
                    decision: Decision(receipt: receipt, changes: [.lastTask(before: last, after: id), .task(before: nil, after: task)], history: lines)))
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

/// Figures beside their goals, for a reader: printed at the end, while what is being done is told on the way.
struct FigureTable {
    private struct Row {
        var name: String
        var value: String
        var goal: String
        var verdict: String
        var note: String
    }

    private let title: String
    private var rows: [Row] = []
    private(set) var allMet = true

    init(_ title: String) { self.title = title }

    func say(_ what: String) {
        print("… \(what)")
        fflush(nil)
    }

    /// - Parameters:
    ///   - goal: at most so much; nil: a figure that stands for itself.
    ///   - beside: in the reader's words, what it is made of, or what the goal is.
    mutating func add(_ name: String, _ value: Double, _ unit: String, goal: Double? = nil, _ beside: String = "") {
        func shown(_ value: Double) -> String {
            value >= 100 ? "\(Int(value.rounded()))" : value >= 10 ? "\((value * 10).rounded() / 10)" : "\((value * 100).rounded() / 100)"
        }
        if let goal, value > goal { allMet = false }
        rows.append(
            Row(name: name, value: "\(shown(value)) \(unit)", goal: goal.map { "≤ \(shown($0)) \(unit)" } ?? "", verdict: goal.map { value <= $0 ? "met" : "NOT MET" } ?? "", note: beside))
    }

    var text: String {
        func padded(_ text: String, _ width: Int, right: Bool = false) -> String {
            let space = String(repeating: " ", count: max(0, width - text.count))
            return right ? space + text : text + space
        }
        let (name, value, goal) = (rows.map(\.name.count).max() ?? 0, rows.map(\.value.count).max() ?? 0, rows.map(\.goal.count).max() ?? 0)
        let lines = rows.map { row in
            "  \(padded(row.name, name))  \(padded(row.value, value, right: true))  \(padded(row.goal, goal, right: true))  \(padded(row.verdict, 7))  \(row.note)"
        }
        return ([title, ""] + lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }).joined(separator: "\n")
    }
}

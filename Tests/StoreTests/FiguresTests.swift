import Decisions
import Domain
import Figures
import Foundation
import GRDB
import Rules
import Testing

@testable import Store

/// What the store hands to the figures, and when it finds a row.
@Suite struct FiguresReaderTests {
    private static let names = ["repair", "faults.x", "operations", "north-2", "lucheng", "F-1", "T-991", "vip", "survey", "connections.new"]

    /// A task with everything that figures read, and plenty that they must read past.
    private func random(_ d: inout Dice, _ number: Int32) -> WorkTask {
        var task = sampleTask(number, state: [.queued, .accepted, .completed, .closed, .cancelled][d.below(5)])
        task.reports = (0..<(1 + d.below(3))).map { _ in d.text() }
        task.rule = Self.names[d.below(2) == 0 ? 1 : 9]
        task.crew = d.maybe(CrewID("north-2"))
        task.place = TaskPlace(
            coordinate: d.maybe(Coordinate(latitude: 28, longitude: 120)!), district: d.maybe(DistrictID("lucheng")), feeder: d.maybe(FeederID("F-1")),
            transformer: d.maybe(TransformerID("T-991")), origin: .report)
        task.suspendedFrom = d.maybe(.onsite)
        task.declined = (0..<d.below(3)).map { _ in CrewID(d.text()) }
        task.askAgainAt = d.maybe(minutes(9))
        task.customer = d.maybe(CustomerID(d.text()))
        task.outcome = d.maybe(d.text())
        task.kase = d.maybe(CaseID(day: 20_261_101, number: Int32(1 + d.below(9))))
        task.person = d.maybe(RoleID(d.text()))
        task.about = d.maybe(d.text())
        task.shared = (0..<d.below(3)).map { _ in DepartmentID(d.text()) }
        task.tier = d.maybe("vip")
        task.since = minutes(Int64(d.below(5_000)))
        task.spent.queued = Int64(d.below(100_000))
        task.spent.onsite = Int64(d.below(100_000))
        task.completedAt = task.state == .completed || task.state == .closed ? minutes(Int64(d.below(5_000))) : nil
        task.satisfaction = d.maybe(Int32(1 + d.below(5)))
        task.reopened = Int32(d.below(2))
        if d.chance(30) {
            task.handed = ["marketing", "service"].prefix(1 + d.below(2)).map { name in
                var spent = TimeSpent()
                spent.queued = Int64(d.below(1_000))
                spent.onsite = Int64(d.below(1_000))
                return HandedTime(department: DepartmentID(name), spent: spent)
            }
        }
        var days = LimitClock(name: .stage, length: .workingDays(3), state: .reached, start: noon)
        days.began = noon
        days.used = 2
        days.deadline = minutes(900)
        days.reachedAt = minutes(800)
        if d.chance(50) { task.limits.append(days) }
        return task
    }

    private func narrow(_ bytes: [UInt8], _ names: inout NameTable) throws -> TaskFact {
        var fact = TaskFact()
        try bytes.withUnsafeBytes { raw in try RowCodec.figures(ofTask: raw, &names, into: &fact) }
        return fact
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `A task read narrowly is the task`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        var names = NameTable()
        var fact = TaskFact()
        for number in 1...300 {
            let task = random(&d, Int32(number))
            var w = ByteWriter()
            RowCodec.write(task, into: &w)
            // Into the fact of the row before it, of which nothing may stay.
            try w.bytes.withUnsafeBytes { raw in try RowCodec.figures(ofTask: raw, &names, into: &fact) }
            #expect(fact.id == task.id && fact.kase == task.kase && fact.state == task.state, "seed \(seed)")
            #expect(names[fact.rule] == task.rule && names[fact.task] == task.task && names[fact.department] == task.department.rawValue, "seed \(seed)")
            #expect(names[fact.crew] == task.crew?.rawValue ?? "" && names[fact.tier] == task.tier ?? "", "seed \(seed)")
            #expect(names[fact.district] == task.place.district?.rawValue ?? "" && names[fact.feeder] == task.place.feeder?.rawValue ?? "", "seed \(seed)")
            #expect(names[fact.transformer] == task.place.transformer?.rawValue ?? "" && fact.customersOut == task.customersOut, "seed \(seed)")
            #expect(fact.reportedAt == task.reportedAt && fact.createdAt == task.createdAt, "seed \(seed)")
            #expect(fact.satisfaction == task.satisfaction && fact.reopened == task.reopened, "seed \(seed)")
            let isKnown = task.completedAt != nil || task.spent.queued + task.spent.onsite > 0
            #expect(fact.spent == (isKnown ? SpentFact(queued: task.spent.queued, onsite: task.spent.onsite) : nil), "seed \(seed)")
            #expect(fact.handed.map { names[$0.department] } == task.handed.map(\.department.rawValue), "seed \(seed)")
            #expect(fact.handed.map(\.spent) == task.handed.map { SpentFact(queued: $0.spent.queued, onsite: $0.spent.onsite) }, "seed \(seed)")
            #expect(fact.limits.count == task.limits.count, "seed \(seed)")
            for (have, want) in zip(fact.limits, task.limits) {
                #expect(have.name == want.name && have.length == want.length && have.due == want.due && have.start == want.start && have.used == want.used)
                #expect(have.reachedAt == (want.state == .reached ? want.reachedAt : nil))
                for instant in [noon, minutes(44), minutes(46), minutes(1_000)] { #expect(have.isLate(at: instant) == want.isOverdue(at: instant), "seed \(seed)") }
            }
            // Damage is found, not trapped on.
            let cut = d.below(w.bytes.count)
            let damaged = Result { try narrow(Array(w.bytes[..<cut]), &names) }
            #expect(throws: RowFault.self, "seed \(seed), cut at \(cut)") { try damaged.get() }
        }
    }

    private func rules() throws -> RuleSet {
        let site = """
            module: site
            time_zone: Asia/Shanghai
            values: { type: [fault], category: [line_down], skill: [distribution_line] }
            departments:
              operations: { name: 生产, head: u-301, fallback: true }

            """
        let compilation = RuleCompiler.compile(RuleSource(files: [.init(name: "site.yaml", bytes: Array(site.utf8))]), proves: false, zone: { _ in .shanghai })
        return try #require(compilation.set)
    }

    @Test func `A row is found by when it ended, and moves when it is opened again`() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        let rules = try rules()
        func figures(_ from: Int64, _ to: Int64) async throws -> FigureReport {
            try await store.figures(FigureRequest(since: minutes(from), until: minutes(to), now: minutes(to), rules: rules))
        }
        let begun = sampleTask(1, state: .accepted)
        try store.commit(batch(accepted(sampleReport("r-1"), begun)))
        #expect(try await figures(0, 100).tasksOpen == 1)
        let done = begun.next(.completed) {
            $0.since = minutes(30)
            $0.completedAt = minutes(30)
            $0.spent.accepted = 30 * 60_000
            $0.limits[0].state = .reached
            $0.limits[0].reachedAt = minutes(30)
        }
        try store.commit(batch(moved(begun, done, .completed)))
        var report = try await figures(0, 100)
        #expect(report.tasksDone == 1 && report.tasksOpen == 0 && report.works.first?.duration?.median == 30 * 60_000)
        #expect(report.works.first?.late == LateFigure(timed: 1, late: 0) && report.whole == 30 * 60_000)
        #expect(try await figures(31, 100).tasksDone == 0, "it ended before")
        #expect(try await figures(0, 30).tasksDone == 0, "the end is not included")
        #expect(try await figures(30, 31).tasksDone == 1)
        // Closing it later is no new end.
        let closed = done.next(.closed) { $0.since = minutes(200) }
        try store.commit(batch(moved(done, closed, .closed)))
        #expect(try await figures(30, 31).tasksDone == 1)
        #expect(try await figures(100, 300).tasksDone == 0)
        // Not settled after all.
        let again = closed.next(.accepted) {
            $0.since = minutes(300)
            $0.completedAt = nil
            $0.reopened = 1
        }
        try store.commit(batch(moved(closed, again, .accepted)))
        report = try await figures(0, 400)
        #expect(report.tasksDone == 0 && report.tasksOpen == 1)
        try store.close()
    }

    @Test func `A case is read with its builder, its rounds and the stages that ended before the period`() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        let rules = try rules()
        let id = CaseID(day: 20_261_122, number: 1)
        var report = Report(type: "application", customer: CustomerID("330200"))
        report.fields = ["contractor": .string("c-7"), "floors": .int(3)]
        var kase = WorkCase(
            id: id, process: "connections.new", plan: "0123456789ab", application: "a-1", source: SourceID("counter"), report: report,
            place: TaskPlace(district: DistrictID("lucheng"), origin: .district), customersOut: 0, facts: ["tier": .string("vip")], manager: RoleID("u-7"),
            createdAt: noon, missing: [], stages: [CaseStage(name: "survey"), CaseStage(name: "inspection")], total: nil, escalate: "connections")
        kase.acceptedAt = minutes(10)
        kase.state = .completed
        kase.since = minutes(1_000)
        var changes: [Change] = [.lastCase(before: CaseID(packed: 0), after: id)]
        var history: [HistoryLine] = []
        var last = TaskID(packed: 0)
        for (number, span) in [(10, 100), (100, 300), (300, 1_000)].enumerated() {
            var task = sampleTask(Int32(number + 1), state: .closed)
            task.kase = id
            task.rule = "connections.new"
            task.task = number == 0 ? "survey" : "inspection"
            task.createdAt = minutes(Int64(span.0))
            task.reportedAt = task.createdAt
            task.completedAt = minutes(Int64(span.1))
            task.since = minutes(Int64(span.1))
            task.spent.accepted = Int64(span.1 - span.0) * 60_000
            changes += [.lastTask(before: last, after: task.id), .task(before: nil, after: task)]
            last = task.id
            kase.stages[min(number, 1)].task = task.id
            kase.stages[min(number, 1)].rounds += 1
            var told = line(task, .created)
            told.kase = id
            history.append(told)
        }
        changes.append(.kase(before: nil, after: kase))
        try store.commit(batch(Entry(stimulus: .tick, at: noon, decision: Decision(changes: changes, history: history))))
        // Only the last round of the inspection ended in the period; the history knows the others.
        let figures = try await store.figures(FigureRequest(since: minutes(900), until: minutes(1_100), now: minutes(1_100), rules: rules))
        #expect(figures.casesDone == 1 && figures.tasksDone == 1)
        let process = try #require(figures.processes.first)
        #expect(process.waits[.documents] == 10 * 60_000 && process.waits[.between] == 0)
        #expect(process.allWaits[.accepted] == 990 * 60_000)
        #expect(process.firstTime == ShareFigure(count: 0, of: 1), "the inspection went two rounds")
        #expect(figures.contractors.map(\.name.code) == ["c-7"])
        #expect(figures.processes.first?.stages.map(\.name.code).sorted() == ["inspection", "survey"])
        try store.close()
    }

    private func takeBackTheColumns(_ path: String) throws {
        let old = try DatabaseQueue(path: path)
        try old.write { db in
            try db.execute(sql: "DROP INDEX task_ended; DROP INDEX case_ended; ALTER TABLE task DROP COLUMN ended; ALTER TABLE cases DROP COLUMN ended")
            try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '3 figures'")
        }
        try old.close()
    }

    @Test func `Rows of an older version end when their history says so, and their time is not made up`() async throws {
        let folder = try Folder()
        let rules = try rules()
        do {
            let store = try Store(directory: folder.path)
            let begun = sampleTask(1, state: .accepted)
            let done = begun.next(.closed) { $0.since = minutes(50) }
            var entry = moved(begun, done, .completed)
            entry = Entry(
                stimulus: .tick, at: noon,
                decision: Decision(
                    changes: entry.decision.changes,
                    history: entry.decision.history.map { line in
                        var line = line
                        line.at = minutes(40)
                        return line
                    }))
            try store.commit(batch(accepted(sampleReport("r-1"), begun)))
            try store.commit(batch(entry))
            try store.close()
        }
        // As it was before the columns: take them away, and let the migration bring them back.
        do {
            try takeBackTheColumns(folder.path + "/paidan.sqlite")
        }
        let store = try Store(directory: folder.path)
        let report = try await store.figures(FigureRequest(since: noon, until: minutes(100), now: minutes(100), rules: rules))
        #expect(report.tasksDone == 1 && report.works.first?.duration?.median == 40 * 60_000)
        #expect(report.works.first?.waits[.unknown] == Int64(2_400_000))
        #expect(report.notes.contains(.timeNotRecorded(1)))
        try store.close()
    }
}

import Decisions
import Domain
import Rules
import Testing

@testable import Store

/// Cases, their plans and what they share, on the disk.
@Suite struct CaseStoreTests {
    private let plan = ProcessPlan(
        name: "connections.hv", file: "connections.yaml", line: 7, chinese: "高压", english: "High voltage", documents: ["identity", "site_plan"],
        total: .workingDays(22), escalate: "late",
        stages: [
            .init(name: "acceptance", chinese: "受理", assign: .department(DepartmentID("marketing")), limits: [.stage: .workingDays(1)], tellsCustomer: true),
            .init(
                name: "survey", after: [0], when: .init(text: "important", definitions: [.init(name: "important", text: "report.capacity_kva > 160.0")]),
                assign: .nearest(skills: [SkillID("survey")], within: 60_000, otherwise: DepartmentID("operations")), priority: .high,
                limits: [.accept: .hours(4)], escalate: "late"),
            .init(name: "scheme", after: [1], assign: .accountManager(otherwise: DepartmentID("marketing"))),
            .init(name: "own", after: [2], assign: .customer(followedBy: DepartmentID("marketing")), isStopped: true, publish: "contractors"),
            .init(name: "works", after: [2], assign: .contractor(works: "line_10kv", department: DepartmentID("operations")), backTo: 2),
        ])

    private func sample(_ d: inout Dice, number: Int32) -> WorkCase {
        var report = Report(type: "application", category: d.maybe("new_connection"), place: Place(district: d.maybe(DistrictID("lucheng"))))
        report.documents = ["identity"]
        report.voltage = d.maybe("high")
        report.fields = d.chance(50) ? ["needs_works": .bool(true), "note": .string("变压器"), "n": .int(3), "x": .double(0.5)] : [:]
        report.customer = d.maybe(CustomerID("330"))
        report.about = d.maybe("T-20261122-1")
        var row = WorkCase(
            id: CaseID(day: 20_261_122, number: number), process: plan.name, plan: plan.digest, application: "a-\(number)", source: SourceID("counter"),
            report: report, place: TaskPlace(coordinate: d.maybe(Coordinate(latitude: 28, longitude: 120)!), district: d.maybe(DistrictID("lucheng")), origin: .report),
            customersOut: Int64(d.below(100)), facts: d.chance(50) ? ["tier": .string("vip"), "annual_kwh": .double(6_200_000)] : [:], manager: d.maybe(RoleID("am-7")),
            createdAt: noon, missing: d.chance(50) ? ["site_plan"] : [], stages: plan.stages.map { CaseStage(name: $0.name) },
            total: d.maybe(LimitClock(name: .total, length: .workingDays(22), state: .running, start: noon)), escalate: d.maybe("late"))
        row.state = CaseState.allCases.randomElement(using: &d)!
        row.since = minutes(Int64(d.below(100)))
        row.acceptedAt = d.maybe(minutes(3))
        for place in row.stages.indices {
            row.stages[place].state = StageState.allCases.randomElement(using: &d)!
            row.stages[place].rounds = Int32(d.below(4))
            row.stages[place].task = d.maybe(TaskID(day: 20_261_122, number: Int32(d.below(99))))
            row.stages[place].since = d.maybe(minutes(5))
            row.stages[place].begunAt = d.maybe(minutes(4))
            row.stages[place].outcome = d.maybe("failed")
            row.stages[place].isHeld = d.chance(30)
        }
        return row
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `A case reads back as it was written, and a cut is found`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for number in 1...200 {
            let row = sample(&d, number: Int32(number))
            var w = ByteWriter()
            RowCodec.write(row, into: &w)
            let bytes = w.bytes
            #expect(try bytes.withUnsafeBytes(RowCodec.kase) == row, "seed \(seed)")
            let cut = d.below(bytes.count)
            #expect(throws: RowFault.self, "seed \(seed), cut at \(cut) of \(bytes.count)") { try bytes[..<cut].withUnsafeBytes(RowCodec.kase) }
        }
    }

    @Test func `A plan reads back from its stored form, with the same digest`() throws {
        let back = try #require(ProcessPlan(json: plan.json))
        #expect(back.digest == plan.digest && back.stages == plan.stages && back.documents == plan.documents && back.total == plan.total)
        #expect(back.file == plan.file && back.line == plan.line && back.escalate == plan.escalate && back.chinese == plan.chinese)
        // Where it stands in a file is no part of what it says.
        let moved = ProcessPlan(
            name: plan.name, file: "other.yaml", line: 99, chinese: plan.chinese, english: plan.english, documents: plan.documents, total: plan.total,
            escalate: plan.escalate, stages: plan.stages)
        #expect(moved.digest == plan.digest)
        #expect(ProcessPlan(json: Array("{}".utf8)) == nil)
    }

    @Test func `Open cases are there after a restart with their plans, and a stale decision is refused`() throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        var d = Dice(seed: 7)
        var open = sample(&d, number: 1)
        open.state = .open
        var finished = sample(&d, number: 2)
        finished.state = .completed
        var task = sampleTask(1)
        task.kase = open.id
        task.shared = [DepartmentID("marketing")]
        let history = HistoryLine(
            task: .none, kase: open.id, revision: 1, at: noon, event: .case_opened, by: "paidan", crew: nil, department: DepartmentID(""), rule: plan.name,
            report: open.application)
        let changes: [Change] = [
            .plan(plan), .lastCase(before: .none, after: open.id), .kase(before: nil, after: open), .lastCase(before: open.id, after: finished.id),
            .kase(before: nil, after: finished), .task(before: nil, after: task), .lastTask(before: .none, after: task.id),
        ]
        try store.commit(batch(Entry(stimulus: .tick, at: noon, decision: Decision(changes: changes, history: [history, line(task, .created)]))))
        try store.close()

        let again = try Store(directory: folder.path)
        let loaded = try again.load()
        #expect(loaded.cases == [open] && loaded.plans == [plan] && loaded.lastCase == finished.id)
        // Its history is one: the case's own lines and its tasks'.
        // A decision that was made from another revision is not written.
        var stale = open
        stale.revision = 9
        var next = stale
        next.revision = 10
        #expect(failure { () throws(CommitFailure) in
            try again.commit(batch(Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.kase(before: stale, after: next)]))))
        } != nil)
        #expect(try again.load().cases == [open])
        try again.close()
    }

    @Test func `What a task shares is seen by whom it concerns`() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        var task = sampleTask(1)
        task.shared = [DepartmentID("marketing")]
        let entry = Entry(
            stimulus: .tick, at: noon, decision: Decision(changes: [.task(before: nil, after: task), .lastTask(before: .none, after: task.id)]))
        try store.commit(batch(entry))
        #expect(try await store.tasks(TaskFilter(department: task.department)).map(\.id) == [task.id])
        #expect(try await store.tasks(TaskFilter(department: DepartmentID("marketing"))).map(\.id) == [task.id])
        #expect(try await store.tasks(TaskFilter(department: DepartmentID("materials"))).isEmpty)
        try store.close()
    }
}

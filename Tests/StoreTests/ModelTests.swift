import Decisions
import Domain
import Foundation
import Rules
import Store
import Testing

/// The store's plain twin: what it must hold, in dictionaries.
private struct Model {
    var tasks: [TaskID: WorkTask] = [:]
    var crews: [CrewID: CrewRecord] = [:]
    var customers: [CustomerID: CustomerRecord] = [:]
    var managers: [RoleID: Int32] = [:]
    var receipts: [InputKey: EarlierReceipt] = [:]
    var lines: [HistoryLine] = []
    var logged: [Stimulus] = []
    var notices: [(notice: Notice, attempts: Int, next: Instant?)] = []
    var lastTask = TaskID(packed: 0)
    var cases: [CaseID: WorkCase] = [:]
    var plans: [String: ProcessPlan] = [:]
    var contractors: [ContractorID: ContractorRecord] = [:]
    var lastCase = CaseID(day: 0, number: 0)
    var journaled: Int64 = 0
    var callers: [(holder: CallHolder, caller: CallerRecord)] = []
    /// Where a report is that ever was a caller of a task, or has begun one.
    var reports: [InputKey: TaskID] = [:]
    var outages: [OutageID: OutageRecord] = [:]
    var districts: [DistrictID: DistrictRecord] = [:]

    private mutating func apply(_ calls: Calls) {
        switch calls {
        case .add(let holder, let added):
            callers += added.map { (holder, $0) }
            if case .task(let task) = holder { for one in added { reports[one.key] = task } }
        case .move(let from, let to):
            for i in callers.indices where callers[i].holder == .task(from) {
                callers[i].holder = .task(to)
                reports[callers[i].caller.key] = to
            }
        case .split(let from, let to, let first, let others):
            callers.removeAll { $0.holder == .task(from) && $0.caller.key == first }
            for i in callers.indices where callers[i].holder == .task(from) && others.contains(callers[i].caller.key) { callers[i].holder = .task(to) }
            for key in [first] + others { reports[key] = to }
        case .tell(let holder, let notice):
            for (number, told) in callers.filter({ $0.holder == holder }).enumerated() {
                var one = notice
                one.id += "/\(number + 1)"
                one.to = told.caller.customer?.rawValue ?? told.caller.report
                notices.append((one, 0, one.at))
            }
        }
    }

    mutating func apply(_ batch: Batch) {
        for entry in batch.entries {
            for case .calls(let calls) in entry.decision.changes { apply(calls) }
        }
        for entry in batch.entries {
            if case .input(let input, _) = entry.stimulus {
                guard let receipt = entry.decision.receipt, receipt.status == .accepted else { continue }
                receipts[input.key] = EarlierReceipt(digest: input.digest, receipt: receipt)
                logged.append(.input(input, Findings()))
            } else {
                logged.append(entry.stimulus)
            }
            for change in entry.decision.changes {
                switch change {
                case .task(_, let after): tasks[after.id] = after
                case .crew(_, let after): crews[after.id] = after
                case .lastTask(_, let after): lastTask = after
                case .customer(let before, let after):
                    if let id = (after ?? before)?.id { customers[id] = after }
                    if let manager = before?.manager { managers[manager, default: 0] -= 1 }
                    if let manager = after?.manager { managers[manager, default: 0] += 1 }
                case .forget: break
                case .kase(_, let after): cases[after.id] = after
                case .lastCase(_, let after): lastCase = after
                case .plan(let plan): plans[plan.digest] = plan
                case .outage(_, let after): outages[after.id] = after
                case .calls: break
                case .contractor(_, let after): contractors[after.id] = after
                case .district(_, let after): districts[after.id] = after.needs.isEmpty ? nil : after
                }
            }
            lines += entry.decision.history
            for notice in entry.decision.notices where notice.channel != nil { notices.append((notice, 0, notice.at)) }
        }
        for delivery in batch.deliveries {
            let i = Int(delivery.row) - 1
            notices[i].attempts += 1
            if case .retry(let at, _) = delivery.outcome { notices[i].next = at } else { notices[i].next = nil }
        }
        if let mark = batch.journaledThrough { journaled = max(journaled, mark) }
    }

    var open: [WorkTask] {
        tasks.values.filter { !$0.state.isFinal }.sorted { a, b in a.priority != b.priority ? a.priority < b.priority : a.id < b.id }
    }

    func due(at instant: Instant) -> [PendingNotice] {
        var found: [(at: Instant, notice: PendingNotice)] = []
        for (i, row) in notices.enumerated() {
            guard let next = row.next, next <= instant else { continue }
            let held = notices[..<i].contains { $0.next != nil && $0.notice.task == row.notice.task && $0.notice.to == row.notice.to }
            if !held { found.append((next, PendingNotice(row: Int64(i + 1), notice: row.notice, attempts: row.attempts))) }
        }
        return found.sorted { a, b in a.at != b.at ? a.at < b.at : a.notice.row < b.notice.row }.map(\.notice)
    }
}

@Suite struct ModelTests {
    private func randomBatch(_ d: inout Dice, _ model: Model, _ number: inout Int) -> Batch {
        var now = model
        var entries: [Entry] = []
        func add(_ entry: Entry) {
            entries.append(entry)
            now.apply(Batch(entries: [entry], rulesHash: ""))
        }
        for _ in 0..<d.below(12) {
            number += 1
            let at = minutes(Int64(number))
            switch d.below(12) {
            case 0, 1, 2:
                let customer = d.maybe("c-\(d.below(5))")
                let input = sampleReport("r-\(number)断", customer: customer, description: d.maybe(d.text()))
                let n = now.lastTask.number + 1
                var task = sampleTask(n, priority: Priority.allCases.randomElement(using: &d)!)
                task.outcome = d.maybe(d.text())
                let told = (0..<d.below(3)).map { notice(task, to: "crew-\(d.below(4))", number: $0, channel: d.maybe("app"), at: at) }
                add(
                    Entry(
                        stimulus: .input(input, Findings()), at: at,
                        decision: Decision(
                            receipt: Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [task.id], rule: d.maybe("m.r")),
                            changes: [.lastTask(before: now.lastTask, after: task.id), .task(before: nil, after: task)],
                            history: [line(task, .created, why: d.maybe(d.text())), line(task, .queued)], notices: told)))
            case 3:
                guard let before = now.open.randomElement(using: &d) else { continue }
                let after = before.next(TaskState.allCases.randomElement(using: &d)!) {
                    $0.crew = d.maybe(CrewID("crew-\(d.below(4))"))
                    if d.chance(20) { $0.priority = .high }
                }
                add(moved(before, after, .accepted, notices: [notice(after, to: "crew-\(d.below(2))", at: at)], at: at))
            case 4:
                let id = CrewID("crew-\(d.below(4))")
                var after = now.crews[id] ?? CrewRecord(id: id)
                after.duty = d.maybe(d.chance(50))
                after.coordinateAt = at
                let position = CrewPosition(crew: id, coordinate: Coordinate(latitude: 28, longitude: 120)!, at: at)
                add(Entry(stimulus: .positions([position]), at: at, decision: Decision(changes: [.crew(before: now.crews[id], after: after)])))
            case 8:
                let id = ContractorID("c-\(d.below(4))")
                let after = randomContractor(id, &d)
                let input = InputCodec.input(.contractor(ContractorSignal(contractor: id, event: .fraud)), id: "w-\(number)", source: SourceID("works"))
                var told = HistoryLine(
                    task: .none, revision: 0, at: at, event: .contractor_tier, by: "paidan", crew: nil, department: DepartmentID(""), rule: "", report: "w-\(number)", note: after.why)
                told.subject = .contractor(id)
                add(
                    Entry(
                        stimulus: .input(input, Findings()), at: at,
                        decision: Decision(
                            receipt: Receipt(id: "w-\(number)", source: SourceID("works"), status: .accepted),
                            changes: [.contractor(before: now.contractors[id], after: after)], history: [told])))
            case 5:
                let id = CustomerID("c-\(d.below(5))")
                let known = now.customers[id]
                var after: CustomerRecord? = CustomerRecord(id: id, revision: (known?.revision ?? 0) + 1, facts: ["f\(d.below(3))": .int(Int64(number)), "x": .bool(d.chance(50))])
                after?.consumption = (0..<d.below(4)).map { CustomerRecord.Consumption(month: Int32(202_601 + $0), kWh: Double(d.below(9_000)) / 8) }
                after?.payments = (0..<d.below(4)).map { CustomerRecord.Payment(month: Int32(202_601 + $0), days: Int32(d.below(40)) - 1) }
                after?.channels = (0..<d.below(3)).map { CustomerRecord.ChannelMonth(month: Int32(202_601 + $0), channel: d.text(), count: Int32(d.below(9))) }
                after?.days = (0..<d.below(3)).map { place in
                    var day = CustomerRecord.Day(day: Int32(20_000 + place))
                    day.contacts = Int32(d.below(9))
                    day.complaints = Int32(d.below(9))
                    day.faults = Int32(d.below(9))
                    day.applications = Int32(d.below(9))
                    return day
                }
                after?.isBilled = d.chance(50)
                after?.tier = d.maybe(d.text())
                after?.flags = (0..<d.below(3)).map { _ in d.text() }
                after?.held = (0..<d.below(3)).map { _ in d.text() }
                after?.manager = d.maybe(RoleID("am-\(d.below(3))"))
                if known != nil, d.chance(20) { after = nil }
                let input = InputCodec.input(.customer(CustomerFacts(customer: id, facts: [:])), id: "b-\(number)", source: SourceID("billing"))
                add(
                    Entry(
                        stimulus: .input(input, Findings()), at: at,
                        decision: Decision(receipt: Receipt(id: "b-\(number)", source: SourceID("billing"), status: .accepted), changes: [.customer(before: known, after: after)])))
            case 6:
                // Calls of two tasks and an outage: they join, go over, are taken out, are told.
                let tasks = [TaskID(day: 20_261_122, number: 900), TaskID(day: 20_261_122, number: 901)]
                let holder: CallHolder = d.chance(30) ? .outage(OutageID("o-\(d.below(2))")) : .task(tasks[d.below(2)])
                let calls: Calls
                switch d.below(6) {
                case 0: calls = .tell(holder, notice(sampleTask(900), to: "", at: at, event: .restored))
                case 1: calls = .move(from: tasks[0], to: tasks[1])
                case 2:
                    let there = now.callers.filter { $0.holder == .task(tasks[1]) }.map(\.caller.key)
                    guard let first = there.first else { continue }
                    calls = .split(from: tasks[1], to: tasks[0], first: first, others: Array(there.dropFirst().prefix(2)))
                default:
                    calls = .add(
                        holder,
                        (0...d.below(2)).map { part in
                            CallerRecord(
                                report: "call-\(number)-\(part)", source: SourceID("95598"), customer: d.maybe(CustomerID("c-\(d.below(5))")), at: at,
                                place: TaskPlace(
                                    coordinate: d.maybe(Coordinate(latitude: 28, longitude: 120)!), transformer: d.maybe(TransformerID(d.text())), origin: .transformer),
                                customersOut: Int64(d.below(900)))
                        })
                }
                add(Entry(stimulus: .tick, at: at, decision: Decision(changes: [.calls(calls)])))
            case 7:
                let id = OutageID("o-\(d.below(3))")
                let known = now.outages[id].flatMap { $0.state.isFinal ? nil : $0 }
                var after = OutageRecord(
                    id: id, revision: (known?.revision ?? 0) + 1, state: OutageState.allCases.randomElement(using: &d)!, source: SourceID("control"),
                    feeder: d.maybe(FeederID(d.text())), transformer: d.maybe(TransformerID(d.text())), from: at, until: at + .hours(Int64(1 + d.below(5))),
                    customersOut: Int64(d.below(9_000)), reason: d.text(), announcedAt: at, callers: Int32(d.below(50)))
                after.type = OutageType.allCases.randomElement(using: &d)!
                after.told = (0..<d.below(3)).map { _ in OutageTelling(rule: d.text(), to: (0..<d.below(3)).map { _ in d.text() }) }
                after.overruns = Int32(d.below(9))
                add(Entry(stimulus: .tick, at: at, decision: Decision(changes: [.outage(before: known, after: after)])))
            case 10:
                let id = DistrictID("d-\(d.below(3))")
                let needs = (0..<d.below(3)).map { DistrictRecord.Need(rule: "faults.help-\($0)", since: at + .minutes(Int64(d.below(60)))) }
                let crew = CrewID("lent-\(d.below(2))")
                let known = now.crews[crew]
                var after = known ?? CrewRecord(id: crew)
                after.loan = d.maybe(CrewLoan(to: id, rule: d.text(), since: at))
                add(
                    Entry(
                        stimulus: .tick, at: at,
                        decision: Decision(changes: [
                            .district(before: now.districts[id], after: DistrictRecord(id: id, needs: needs)), .crew(before: known, after: after),
                        ])))
            default:
                add(
                    Entry(
                        stimulus: .input(sampleReport("r-dup"), Findings()), at: at,
                        decision: Decision(receipt: Receipt(id: "r-dup", source: SourceID("95598"), status: .duplicate))))
            }
        }
        var deliveries: [Delivery] = []
        for (i, row) in model.notices.enumerated() where row.next != nil && d.chance(30) {
            let at = minutes(Int64(number))
            let outcome: Delivery.Outcome = [.delivered, .retry(at: at + .minutes(Int64(d.below(20))), error: d.text()), .parked(error: "x")].randomElement(using: &d)!
            deliveries.append(Delivery(row: Int64(i + 1), attemptsBefore: row.attempts, at: at, outcome: outcome))
        }
        return Batch(
            entries: entries, rulesHash: "h-\(d.below(3))", deliveries: deliveries,
            journaledThrough: d.maybe(Int64(d.below(now.lines.count + 1))))
    }

    private func compare(_ store: Store, _ model: Model, at instant: Instant, seed: UInt64) async throws {
        let state = try store.load()
        #expect(state.tasks == model.open, "seed \(seed)")
        #expect(state.crews == model.crews.values.sorted { $0.id < $1.id }, "seed \(seed)")
        #expect(state.contractors == model.contractors.values.sorted { $0.id < $1.id }, "seed \(seed)")
        #expect(try await store.contractors() == state.contractors, "seed \(seed)")
        #expect(state.lastTask == model.lastTask, "seed \(seed)")
        #expect(state.districts == model.districts.values.sorted { $0.id < $1.id }, "seed \(seed)")
        #expect(state.outages == model.outages.values.filter { !$0.state.isFinal }.sorted { $0.id < $1.id }, "seed \(seed)")
        let every = try await store.outages(all: true)
        #expect(every == model.outages.values.sorted { $0.id < $1.id }, "seed \(seed)")
        for number in [Int32(900), 901] {
            let task = TaskID(day: 20_261_122, number: number)
            let callers = model.callers.filter { $0.holder == .task(task) }.map(\.caller)
            #expect(try await store.callers(of: task) == callers, "seed \(seed)")
        }
        for (report, task) in model.reports { #expect(try await store.incident(of: report.id, source: report.source) == task, "seed \(seed)") }
        #expect(state.lastHistory == Int64(model.lines.count), "seed \(seed)")
        #expect(state.journaledThrough == model.journaled, "seed \(seed)")
        #expect(state.unjournaled.map(\.line) == Array(model.lines[Int(model.journaled)...]), "seed \(seed)")
        #expect(try await store.log(after: 0, limit: 100_000).map(\.stimulus) == model.logged, "seed \(seed)")
        #expect(try await store.dueNotices(at: instant, limit: 100_000).due == model.due(at: instant), "seed \(seed)")
        for (id, task) in model.tasks {
            let found = try #require(try await store.task(id))
            #expect(found.task == task, "seed \(seed)")
            #expect(found.history.map(\.line) == model.lines.filter { $0.task == id }, "seed \(seed)")
        }
        for (key, earlier) in model.receipts {
            let probe = Input(key: key, digest: try #require(earlier.digest), body: .crew(CrewSignal(crew: CrewID("x"))))
            #expect(try store.findings(for: [probe]) == [Findings(earlier: earlier)], "seed \(seed)")
        }
        for number in 0..<5 { #expect(try await store.customer(CustomerID("c-\(number)")) == model.customers[CustomerID("c-\(number)")], "seed \(seed)") }
        #expect(state.managerLoads == model.managers.filter { $0.value != 0 }, "seed \(seed)")
    }

    @Test(arguments: [UInt64(1), 20_200_214, 95_598]) func `Any sequence of batches leaves what the plain twin holds, also after a reopening`(seed: UInt64) async throws {
        let folder = try Folder()
        var d = Dice(seed: seed)
        var model = Model()
        var number = 0
        // Small limits, so that checkpoints fall between the batches.
        let options = Store.Options(checkpointPages: 8, walPagesMax: 32)
        var store = try Store(directory: folder.path, options: options)
        for round in 0..<60 {
            var batch = randomBatch(&d, model, &number)
            if d.chance(20), let any = model.tasks.values.filter({ $0.revision > 1 }).min(by: { $0.id < $1.id }) {
                // One change begins with a row that stands no more: none of the batch may stay.
                var stale = any
                stale.revision -= 1
                batch.entries.append(moved(stale, any.next(.closed), .closed))
                #expect(failure { () throws(CommitFailure) in try store.commit(batch) }?.isConflict == true, "seed \(seed), round \(round)")
            } else {
                try store.commit(batch)
                model.apply(batch)
            }
            if d.chance(15) {
                try store.close()
                store = try Store(directory: folder.path, options: options)
            }
            if round % 10 == 9 { try await compare(store, model, at: minutes(Int64(number)), seed: seed) }
        }
        #expect(model.contractors.count >= 3, "the dice of seed \(seed) were too tame to show anything")
        #expect(model.tasks.count > 50 && model.notices.count > 20, "the dice of seed \(seed) were too tame to show anything")
        try await compare(store, model, at: .distantFuture, seed: seed)
    }
}

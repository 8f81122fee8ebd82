import Decisions
import Domain
import Foundation
import Store
import Testing

@Suite struct CommitTests {
    let folder: Folder
    let store: Store

    init() throws {
        folder = try Folder()
        store = try Store(directory: folder.path)
    }

    @Test func `A report becomes a row of the log, a task, history, and a notice to deliver`() async throws {
        let task = sampleTask(1, state: .dispatched, crew: "north-2")
        let input = sampleReport("r-1", description: "a wire lies on the road")
        let told = notice(task, to: "north-2")
        let journalOnly = notice(task, to: "south-1", number: 2, channel: nil)
        let done = try store.commit(batch(accepted(input, task, why: #"{"rule":"x"}"#, notices: [told, journalOnly])))
        #expect(done == Committed(lastInput: 1, lastHistory: 1, hasNotices: true))

        let found = try #require(try await store.task(task.id))
        #expect(found.task == task)
        #expect(found.history == [StoredLine(number: 1, line: line(task, .created, why: #"{"rule":"x"}"#))])
        let due = try await store.dueNotices(at: noon)
        #expect(due.due == [PendingNotice(row: 1, notice: told, attempts: 0)])
        #expect(due.next == nil)
        let log = try await store.log(after: 0)
        #expect(log.count == 1)
        #expect(log.first?.stimulus == .input(input, Findings()))
        #expect(log.first?.at == noon)
        #expect(log.first?.rulesHash == "hash-1")
    }

    @Test func `The same key finds its first receipt and digest again`() throws {
        let task = sampleTask(1)
        let input = sampleReport("r-1")
        let entry = accepted(input, task)
        try store.commit(batch(entry))
        let other = sampleReport("r-1", description: "another body")
        let stranger = sampleReport("r-1", source: "counter")
        let found = try store.findings(for: [input, other, stranger])
        let earlier = EarlierReceipt(digest: input.digest, receipt: try #require(entry.decision.receipt))
        #expect(found == [Findings(earlier: earlier), Findings(earlier: earlier), Findings()])
        #expect(other.digest != input.digest)
    }

    @Test func `A report finds its customer's facts, a progress its finished task`() throws {
        let facts = CustomerFacts(
            customer: CustomerID("3302001234"),
            facts: ["class": .string("industrial"), "annual_kwh": .double(6.2e6), "capacity_kva": .int(1_250), "vip": .bool(true)])
        let newer = CustomerFacts(customer: facts.customer, facts: ["class": .string("residential")])
        func entry(_ facts: CustomerFacts, _ id: String, after earlier: CustomerFacts? = nil) -> Entry {
            let before = earlier.map { CustomerRecord(id: $0.customer, revision: 1, facts: $0.facts) }
            let after = CustomerRecord(id: facts.customer, revision: before == nil ? 1 : 2, facts: facts.facts)
            let input = InputCodec.input(.customer(facts), id: id, source: SourceID("billing"))
            return Entry(
                stimulus: .input(input, Findings()), at: noon,
                decision: Decision(receipt: Receipt(id: id, source: SourceID("billing"), status: .accepted), changes: [.customer(before: before, after: after)]))
        }
        let open = sampleTask(1)
        let closed = sampleTask(2)
        try store.commit(batch(entry(facts, "b-1"), accepted(sampleReport("r-1"), open), accepted(sampleReport("r-2"), closed)))
        #expect(try store.findings(for: [sampleReport("new", customer: "3302001234")]) == [Findings(customer: facts)])
        #expect(try store.findings(for: [sampleReport("new", customer: "unknown")]) == [Findings()])
        try store.commit(batch(entry(newer, "b-2", after: facts), moved(closed, closed.next(.cancelled), .cancelled)))
        #expect(try store.findings(for: [sampleReport("new", customer: "3302001234")]).first?.customer?.facts == newer.facts)

        func progress(_ task: TaskID) -> Input {
            InputCodec.input(.progress(Progress(task: task, event: .accept, by: "north-2")), id: "p", source: SourceID("crew-app"))
        }
        #expect(
            try store.findings(for: [progress(open.id), progress(closed.id), progress(TaskID(day: 20_261_122, number: 99))])
                == [Findings(), Findings(finished: FinishedTask(.cancelled)), Findings()])
    }

    @Test func `What was not accepted leaves no trace`() async throws {
        func entry(_ status: ReceiptStatus) -> Entry {
            Entry(
                stimulus: .input(sampleReport("r-\(status.rawValue)"), Findings()), at: noon,
                decision: Decision(receipt: Receipt(id: "r", source: SourceID("95598"), status: status)))
        }
        let empty = Entry(stimulus: .tick, at: noon, decision: Decision())
        #expect(try store.commit(batch(entry(.duplicate), entry(.conflict), entry(.rejected), empty)).lastInput == 0)
        #expect(try await store.log(after: 0).isEmpty)
        // Accepted without further effect is stored all the same: it must be known as a duplicate next time.
        #expect(try store.commit(batch(entry(.accepted))).lastInput == 1)
        #expect(try store.findings(for: [sampleReport("r-accepted")])[0].earlier != nil)
    }

    @Test func `A refused input that changes something is a defect`() throws {
        let task = sampleTask(1)
        let good = accepted(sampleReport("r-1"), task)
        var decision = good.decision
        decision.receipt?.status = .rejected
        let entry = Entry(stimulus: good.stimulus, at: good.at, decision: decision)
        #expect(failure { () throws(CommitFailure) in try store.commit(batch(entry)) }?.isConflict == true)
        #expect(try store.load().tasks == [])
    }

    @Test func `Ticks, positions and rules enter the log with what they were`() async throws {
        let task = sampleTask(1)
        let positions = [
            CrewPosition(crew: CrewID("north-2"), coordinate: try #require(Coordinate(latitude: -1.5, longitude: 120)), at: minutes(1))
        ]
        var crew = CrewRecord(id: CrewID("north-2"))
        crew.coordinate = positions[0].coordinate
        crew.coordinateAt = minutes(1)
        try store.commit(
            batch(
                Entry(stimulus: .rules("hash-1"), at: noon, decision: Decision()), accepted(sampleReport("r-1"), task),
                moved(task, task.next(.dispatched), .dispatched, at: minutes(1)),
                Entry(stimulus: .positions(positions), at: minutes(2), decision: Decision(changes: [.crew(before: nil, after: crew)]))))
        try store.commit(Batch(entries: [Entry(stimulus: .rules("hash-2"), at: minutes(3), decision: Decision())], rulesHash: "hash-2"))
        let log = try await store.log(after: 0)
        #expect(log.map(\.stimulus) == [.rules("hash-1"), .input(sampleReport("r-1"), Findings()), .tick, .positions(positions), .rules("hash-2")])
        #expect(log.map(\.at) == [noon, noon, minutes(1), minutes(2), minutes(3)])
        #expect(log.map(\.rulesHash) == ["hash-1", "hash-1", "hash-1", "hash-1", "hash-2"])
        #expect(try await store.log(after: 3, limit: 1).map(\.number) == [4])
        #expect(try store.load().crews == [crew])
    }

    @Test func `Personal data stands apart from the log`() async throws {
        try store.commit(batch(accepted(sampleReport("r-1", description: "Mr. Wu, 13800000000"), sampleTask(1))))
        try store.close()
        let bytes = try Data(contentsOf: URL(fileURLWithPath: store.path))
        // It is in the file once: in the table of personal data.
        var found = 0
        var rest = bytes[...]
        while let range = rest.range(of: Data("13800000000".utf8)) {
            found += 1
            rest = rest[range.upperBound...]
        }
        #expect(found == 1)
    }

    @Test(arguments: ["revision", "new task twice", "closed task", "crew", "contractor", "new contractor twice", "last task", "delivery", "key", "journal"])
    func `A guard that finds another row undoes the whole batch`(guarded: String) async throws {
        let one = sampleTask(1)
        var crew = CrewRecord(id: CrewID("north-2"))
        crew.duty = true
        let contractor = ContractorRecord(id: ContractorID("c-7"), tier: "B", since: noon)
        var wrongContractor = contractor
        wrongContractor.counter = 1
        try store.commit(
            batch(
                accepted(sampleReport("r-1"), one, notices: [notice(one, to: "north-2")]),
                Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.crew(before: nil, after: crew), .contractor(before: nil, after: contractor)]))))
        let before = try store.load()
        let log = try await store.log(after: 0)

        // A good report goes ahead of the bad change in the same batch: it must be undone as well.
        var bad = batch(accepted(sampleReport("r-2"), sampleTask(2)))
        var wrongCrew = crew
        wrongCrew.duty = false
        switch guarded {
        case "revision": bad.entries.append(moved(one.next(.accepted), one.next(.accepted).next(.enroute), .enroute))
        case "new task twice":
            var again = moved(one, one.next(.accepted), .accepted).decision
            again.changes = [.task(before: nil, after: one)]
            bad.entries.append(Entry(stimulus: .tick, at: noon, decision: again))
        case "closed task": bad.entries.append(moved(sampleTask(7), sampleTask(7).next(.closed), .closed))
        case "contractor":
            bad.entries.append(Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.contractor(before: wrongContractor, after: contractor)])))
        case "new contractor twice":
            bad.entries.append(Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.contractor(before: nil, after: wrongContractor)])))
        case "crew": bad.entries.append(Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.crew(before: wrongCrew, after: crew)])))
        case "last task": bad.entries[0] = accepted(sampleReport("r-2"), sampleTask(3))
        case "delivery": bad.deliveries = [Delivery(row: 1, attemptsBefore: 1, at: noon, outcome: .delivered)]
        case "key": bad.entries[0] = accepted(sampleReport("r-1"), sampleTask(2))
        default: bad.journaledThrough = 9
        }
        let thrown = failure { () throws(CommitFailure) in try store.commit(bad) }
        #expect(thrown?.isConflict == true, "\(String(describing: thrown))")
        #expect(try store.load() == before)
        #expect(try await store.log(after: 0) == log)

        // And it goes on from there.
        #expect(try store.commit(batch(accepted(sampleReport("r-2"), sampleTask(2)))).lastInput == before.lastHistory + 2)
    }

    @Test func `Several changes of one task in one batch are written as one`() async throws {
        let one = sampleTask(1)
        let two = one.next(.dispatched) { $0.crew = CrewID("north-2") }
        let three = two.next(.accepted)
        let closed = three.next(.closed)
        try store.commit(batch(accepted(sampleReport("r-1"), one), moved(one, two, .dispatched), moved(two, three, .accepted)))
        #expect(try store.load().tasks == [three])
        try store.commit(batch(moved(three, closed, .closed)))
        #expect(try store.load().tasks == [])
        #expect(try await store.task(one.id)?.history.map(\.line.event) == [.created, .dispatched, .accepted, .closed])
        // A gap between two changes is found before anything is written.
        let other = sampleTask(2)
        #expect(
            failure { () throws(CommitFailure) in
                try store.commit(batch(accepted(sampleReport("r-2"), other), moved(other.next(.dispatched), other.next(.dispatched).next(.accepted), .accepted)))
            }?.isConflict == true)
    }

    @Test func `A crew of which nothing is known may come with a blank record or with none`() throws {
        let blank = CrewRecord(id: CrewID("a"))
        var on = blank
        on.duty = true
        var off = blank
        off.duty = false
        func change(_ before: CrewRecord?, _ after: CrewRecord) -> Batch {
            batch(Entry(stimulus: .tick, at: noon, decision: Decision(changes: [.crew(before: before, after: after)])))
        }
        try store.commit(change(blank, on))
        #expect(failure { () throws(CommitFailure) in try store.commit(change(nil, off)) }?.isConflict == true)
        try store.commit(change(on, blank))
        try store.commit(change(nil, off))
        #expect(try store.load().crews == [off])
    }

    @Test func `Lines beyond the journal's mark come back at the next start`() throws {
        let one = sampleTask(1)
        let two = one.next(.dispatched)
        try store.commit(batch(accepted(sampleReport("r-1"), one), journaledThrough: nil))
        try store.commit(batch(moved(one, two, .dispatched), journaledThrough: 1))
        try store.commit(batch(moved(two, two.next(.accepted), .accepted)))
        var state = try store.load()
        #expect(state.journaledThrough == 1)
        #expect(state.unjournaled.map(\.number) == [2, 3])
        #expect(state.unjournaled.map(\.line.event) == [.dispatched, .accepted])
        // At a clean stop the mark comes alone.
        try store.commit(batch(journaledThrough: 3))
        state = try store.load()
        #expect(state.journaledThrough == 3)
        #expect(state.unjournaled.isEmpty)
        // It never goes back.
        try store.commit(batch(journaledThrough: 2))
        #expect(try store.load().journaledThrough == 3)
    }

    @Test func `A notice waits, is tried again, and ends delivered or parked`() async throws {
        let one = sampleTask(1)
        let two = sampleTask(2)
        let first = notice(one, to: "north-2")
        let second = notice(one, to: "north-2", number: 2, at: minutes(1), event: .withdrawn)
        let third = notice(two, to: "north-2", at: minutes(2))
        try store.commit(batch(accepted(sampleReport("r-1"), one, notices: [first, second]), accepted(sampleReport("r-2"), two, notices: [third])))
        // Both of the first task are due, but nobody hears "withdrawn" before "dispatched".
        #expect(try await store.dueNotices(at: minutes(5)).due.map(\.row) == [1, 3])
        #expect(try await store.dueNotices(at: noon).due.map(\.row) == [1])
        #expect(try await store.dueNotices(at: noon).next == minutes(1))
        #expect(try await store.dueNotices(at: minutes(5), limit: 1).due.map(\.row) == [1])
        #expect(try await store.dueNotices(at: minutes(5), without: ["north-2"]).due.isEmpty)

        try store.commit(batch(deliveries: [Delivery(row: 1, attemptsBefore: 0, at: minutes(5), outcome: .retry(at: minutes(6), error: "exit 1"))]))
        #expect(try await store.dueNotices(at: minutes(5)).due.map(\.row) == [3])
        #expect(try await store.dueNotices(at: minutes(6)).due == [PendingNotice(row: 3, notice: third, attempts: 0), PendingNotice(row: 1, notice: first, attempts: 1)])
        try store.commit(batch(deliveries: [Delivery(row: 1, attemptsBefore: 1, at: minutes(6), outcome: .delivered)]))
        #expect(try await store.dueNotices(at: minutes(6)).due.map(\.row) == [2, 3])
        try store.commit(
            batch(deliveries: [
                Delivery(row: 2, attemptsBefore: 0, at: minutes(7), outcome: .parked(error: "gone")),
                Delivery(row: 3, attemptsBefore: 0, at: minutes(7), outcome: .delivered),
            ]))
        let left = try await store.dueNotices(at: .distantFuture)
        #expect(left.due.isEmpty && left.next == nil)
        let counts = try await store.noticeCounts()
        #expect(counts.pending == 0 && counts.parked == 1)
        // What ended can't be ended again.
        #expect(
            failure { () throws(CommitFailure) in
                try store.commit(batch(deliveries: [Delivery(row: 3, attemptsBefore: 1, at: minutes(8), outcome: .delivered)]))
            }?.isConflict == true)
    }

    @Test func `Tasks are listed most urgent first, the finished ones last and youngest first`() async throws {
        let tasks = [
            sampleTask(1, priority: .low), sampleTask(2, priority: .emergency, crew: "a"), sampleTask(3, state: .dispatched, department: "marketing", crew: "a"),
            sampleTask(4, priority: .emergency), sampleTask(5, state: .closed), sampleTask(6, state: .cancelled, crew: "a"),
        ]
        try store.commit(Batch(entries: tasks.map { accepted(sampleReport("r-\($0.id.number)"), $0) }, rulesHash: "h"))
        func numbers(_ filter: TaskFilter) async throws -> [Int32] { try await store.tasks(filter).map(\.id.number) }
        #expect(try await numbers(TaskFilter()) == [2, 4, 3, 1])
        #expect(try await numbers(TaskFilter(all: true)) == [2, 4, 3, 1, 6, 5])
        #expect(try await numbers(TaskFilter(all: true, limit: 5)) == [2, 4, 3, 1, 6])
        #expect(try await numbers(TaskFilter(crew: CrewID("a"), all: true)) == [2, 3, 6])
        #expect(try await numbers(TaskFilter(department: DepartmentID("marketing"))) == [3])
        #expect(try await numbers(TaskFilter(states: [.closed, .dispatched])) == [3, 5])
        #expect(try await numbers(TaskFilter(limit: 0)) == [2])
        #expect(try await store.task(TaskID(day: 1, number: 1)) == nil)
        // A change of priority moves a task in the list.
        var urgent = tasks[0].next(.queued)
        urgent.priority = .high
        try store.commit(batch(moved(tasks[0], urgent, .priority_changed)))
        #expect(try await numbers(TaskFilter()) == [2, 4, 1, 3])
        // Of one priority the earliest deadline comes first.
        let pressing = tasks[3].next(.queued) { $0.limits[0].start = noon + .minutes(-10) }
        try store.commit(batch(moved(tasks[3], pressing, .queued)))
        #expect(try await numbers(TaskFilter()) == [4, 2, 1, 3])
        #expect(try await numbers(TaskFilter(limit: 1)) == [4])
    }

    @Test func `A proof of writing is a commit of its own and changes nothing else`() throws {
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        let before = try store.load()
        try store.proveWritable()
        #expect(try store.load() == before)
        try store.close()
        #expect(failure { () throws(CommitFailure) in try store.proveWritable() }?.isFatal == true)
        #expect(failure { () throws(CommitFailure) in try store.commit(batch()) }?.isFatal == true)
        #expect(throws: StoreError.self) { try store.load() }
    }
}

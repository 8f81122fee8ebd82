import Decisions
import Domain
import Figures
import Testing

@testable import Store

@Suite struct CodecTests {
    private func randomTask(_ d: inout Dice) -> WorkTask {
        var task = WorkTask(
            id: TaskID(day: Int32(d.below(30_000_000)), number: Int32(d.below(1_000_000))), revision: Int32(d.below(Int(Int32.max))),
            reports: (0..<d.below(4)).map { _ in d.text() }, source: SourceID(d.text()), type: d.text(), category: d.text(), task: d.text(),
            rule: d.text(), state: TaskState.allCases.randomElement(using: &d)!, priority: Priority.allCases.randomElement(using: &d)!,
            department: DepartmentID(d.text()), isDesk: d.chance(50), skills: (0..<d.below(4)).map { _ in SkillID(d.text()) },
            within: d.maybe(d.below(1_000_000)),
            place: TaskPlace(
                coordinate: d.maybe(Coordinate(latitude: Double.random(in: -90...90, using: &d), longitude: Double.random(in: -180...180, using: &d))!),
                district: d.maybe(DistrictID(d.text())), feeder: d.maybe(FeederID(d.text())), transformer: d.maybe(TransformerID(d.text())),
                origin: PlaceOrigin.allCases.randomElement(using: &d)!),
            customer: d.maybe(CustomerID(d.text())), customersOut: Int64.random(in: .min ... .max, using: &d),
            reportedAt: Instant(milliseconds: .random(in: .min ... .max, using: &d)), createdAt: noon,
            limits: (0..<d.below(4)).map { _ in
                var limit = LimitClock(
                    name: LimitName.allCases.randomElement(using: &d)!,
                    length: [
                        .time(TimeSpan(milliseconds: .random(in: .min ... .max, using: &d))), .workingDays(d.below(4_000)), .workingTime(.hours(Int64(d.below(99)))),
                    ].randomElement(using: &d)!,
                    state: [.waiting, .running, .stopped, .reached].randomElement(using: &d)!, start: d.maybe(noon))
                limit.stoppedAt = d.maybe(minutes(Int64(d.below(100))))
                limit.reachedAt = d.maybe(.distantFuture)
                limit.toldPercent = d.below(300)
                if limit.length.isWorking {
                    limit.began = d.maybe(noon)
                    limit.used = Int64(d.below(10_000_000))
                    limit.deadline = d.maybe(minutes(Int64(d.below(100_000))))
                }
                return limit
            }, escalate: d.maybe(d.text()))
        task.suspendedFrom = d.maybe(.onsite)
        task.crew = d.maybe(CrewID(d.text()))
        task.declined = (0..<d.below(3)).map { _ in CrewID(d.text()) }
        task.askAgainAt = d.maybe(minutes(9))
        task.since = minutes(Int64(d.below(1_000)))
        task.outcome = d.maybe(d.text())
        task.kase = d.maybe(CaseID(day: 20_261_122, number: Int32(d.below(1_000))))
        task.person = d.maybe(RoleID(d.text()))
        task.about = d.maybe(d.text())
        task.shared = (0..<d.below(3)).map { _ in DepartmentID(d.text()) }
        task.tier = d.maybe(d.text())
        task.spent.queued = Int64(d.below(.max))
        task.spent.dispatched = Int64(d.below(1_000))
        task.spent.accepted = Int64(d.below(1_000))
        task.spent.onsite = Int64(d.below(1_000))
        task.spent.suspended = Int64(d.below(1_000))
        task.completedAt = d.maybe(minutes(Int64(d.below(1_000))))
        task.satisfaction = d.maybe(Int32(1 + d.below(5)))
        task.reopened = Int32(d.below(9))
        task.contractor = d.maybe(ContractorID(d.text()))
        task.passedBy = (0..<d.below(3)).map { _ in ContractorID(d.text()) }
        task.callers = Int32(1 + d.below(5_000))
        task.joinedAt = d.maybe(minutes(Int64(d.below(1_000))))
        task.joins = (0..<d.below(3)).map { _ in JoinKey(rule: d.text(), values: d.text()) }
        task.areas = (0..<d.below(4)).map { _ in TransformerID(d.text()) }
        task.ofDistrict = d.chance(50)
        task.mergedInto = d.maybe(TaskID(day: 20_261_122, number: Int32(d.below(1_000))))
        task.handed = (0..<(d.chance(50) ? 0 : d.below(4))).map { _ in
            var spent = TimeSpent()
            spent.queued = Int64(d.below(.max))
            spent.dispatched = Int64(d.below(9_000_000))
            spent.accepted = Int64(d.below(1_000))
            spent.onsite = Int64(d.below(1_000))
            spent.suspended = Int64(d.below(1_000))
            return HandedTime(department: DepartmentID(d.text()), spent: spent)
        }
        return task
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `A task reads back as it was written, and damage is found, not trapped on`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for _ in 0..<300 {
            let task = randomTask(&d)
            var w = ByteWriter()
            RowCodec.write(task, into: &w)
            let bytes = w.bytes
            #expect(try bytes.withUnsafeBytes(RowCodec.task) == task, "seed \(seed)")
            // Cut anywhere it is refused: no field has an end that could be missed.
            let cut = d.below(bytes.count)
            #expect(throws: RowFault.self, "seed \(seed), cut at \(cut) of \(bytes.count)") {
                try bytes[..<cut].withUnsafeBytes(RowCodec.task)
            }
            #expect(throws: RowFault.self) { try (bytes + [0]).withUnsafeBytes(RowCodec.task) }
            // One flipped byte gives a fault or another task, and always an end.
            var flipped = bytes
            flipped[d.below(bytes.count)] ^= UInt8(1 << d.below(8))
            let read = try? flipped.withUnsafeBytes(RowCodec.task)
            #expect(read != task || flipped == bytes, "seed \(seed)")
        }
    }

    @Test(arguments: [UInt64(1), 2]) func `A contractor reads back as it was written, and damage is found`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        let id = ContractorID("c-7")
        func read(_ bytes: [UInt8]) throws -> ContractorRecord { try bytes.withUnsafeBytes { raw in try RowCodec.contractor(id, raw) } }
        for _ in 0..<300 {
            let record = randomContractor(id, &d)
            var w = ByteWriter()
            RowCodec.write(record, into: &w)
            let bytes = w.bytes
            #expect(try read(bytes) == record, "seed \(seed)")
            #expect(throws: RowFault.self, "seed \(seed)") { try read(Array(bytes[..<d.below(bytes.count)])) }
            #expect(throws: RowFault.self, "seed \(seed)") { try read(bytes + [0]) }
            var flipped = bytes
            flipped[d.below(bytes.count)] ^= UInt8(1 << d.below(8))
            let found = try? read(flipped)
            #expect(found != record || flipped == bytes, "seed \(seed)")
        }
        var bytes = ByteWriter()
        RowCodec.write(ContractorRecord(id: id, tier: "B", since: noon), into: &bytes)
        #expect(throws: RowFault("a contractor row has form 2; this version reads form 1")) { try read([2] + bytes.bytes.dropFirst()) }
    }

    @Test func `Numbers at their ends read back`() throws {
        let powers = (0..<63).flatMap { power in [-1, 0, 1].map { (Int64(1) << Int64(power)) &+ $0 } }
        for value in [Int64.min, -1, 0, 1, 63, 64, -64, -65, .max] + powers + powers.map({ 0 &- $0 }) {
            var w = ByteWriter()
            w.signed(value)
            // At the end of a row, and before other bytes: several are read at once where there are so many.
            for behind in [0, 1, 7, 8, 20] {
                let bytes = w.bytes + [UInt8](repeating: 0xFF, count: behind)
                let back = try bytes.withUnsafeBytes { bytes throws(RowFault) -> [Int64] in
                    var r = ByteReader(bytes)
                    let value = try r.signed()
                    var left: Int64 = 0
                    while !r.isAtEnd {
                        _ = try r.byte()
                        left += 1
                    }
                    return [value, left]
                }
                #expect(back == [value, Int64(behind)])
            }
        }
        // Eleven bytes of a number are one too many.
        let long = [UInt8](repeating: 0x80, count: 10) + [1]
        #expect(throws: RowFault.self) {
            try long.withUnsafeBytes { bytes throws(RowFault) -> UInt64 in
                var r = ByteReader(bytes)
                return try r.unsigned()
            }
        }
    }

    @Test func `A row of a later form is refused by its number`() throws {
        var w = ByteWriter()
        RowCodec.write(sampleTask(1), into: &w)
        var bytes = w.bytes
        bytes[0] = RowCodec.taskForm + 1
        #expect(throws: RowFault("a task row has form \(RowCodec.taskForm + 1); this version reads form \(RowCodec.taskForm)")) { try bytes.withUnsafeBytes(RowCodec.task) }
    }

    /// What form 6 has at its end: whether it is its district's.
    private static let formSix = 1
    /// What forms 5 and 6 have at their end, in a task that has nothing of it: a byte each for contractor, who passed it on, callers, the last of them,
    /// what they join by, areas, and what it was merged into.
    private static let formFive = 7 + formSix
    /// What forms 3, 4 and 5 have at their end, in a task that has nothing of it: a byte each for case, person, about, shared, tier, completion,
    /// satisfaction and reopening, and five for the time spent; and one for the departments that passed it on.
    private static let formThree = 8 + 5 + 1 + formFive

    private func withoutFormFive(_ task: inout WorkTask) {
        task.ofDistrict = false
        task.contractor = nil
        task.passedBy = []
        task.callers = 1
        task.joinedAt = nil
        task.joins = []
        task.areas = []
        task.mergedInto = nil
    }

    /// Rows that knew nothing of crews that serve a district.
    @Test(arguments: [UInt64(1), 2]) func `A task of the fifth form reads back`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for _ in 0..<100 {
            var task = randomTask(&d)
            task.ofDistrict = false
            var w = ByteWriter()
            RowCodec.write(task, into: &w)
            var bytes = Array(w.bytes.dropLast(Self.formSix))
            bytes[0] = 5
            #expect(try bytes.withUnsafeBytes(RowCodec.task) == task, "seed \(seed)")
            #expect(throws: RowFault.self) { try (bytes + [0]).withUnsafeBytes(RowCodec.task) }
        }
    }

    /// Rows that knew nothing of contractors and of reports that join a task.
    @Test(arguments: [UInt64(1), 2]) func `A task of the fourth form reads back`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for _ in 0..<100 {
            var task = randomTask(&d)
            withoutFormFive(&task)
            var w = ByteWriter()
            RowCodec.write(task, into: &w)
            var bytes = Array(w.bytes.dropLast(Self.formFive))
            bytes[0] = 4
            #expect(try bytes.withUnsafeBytes(RowCodec.task) == task, "seed \(seed)")
            #expect(throws: RowFault.self) { try (bytes + [0]).withUnsafeBytes(RowCodec.task) }
        }
    }

    /// Rows that knew nothing of departments that passed a task on.
    @Test(arguments: [UInt64(1), 2]) func `A task of the third form reads back`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for _ in 0..<100 {
            var task = randomTask(&d)
            task.handed = []
            withoutFormFive(&task)
            var w = ByteWriter()
            RowCodec.write(task, into: &w)
            var bytes = Array(w.bytes.dropLast(Self.formFive + 1))
            bytes[0] = 3
            #expect(try bytes.withUnsafeBytes(RowCodec.task) == task, "seed \(seed)")
            #expect(throws: RowFault.self) { try (bytes + [0]).withUnsafeBytes(RowCodec.task) }
            var (names, fact) = (NameTable(), TaskFact())
            fact.handed = [TaskFact.Handed(department: 1, spent: SpentFact())]
            try bytes.withUnsafeBytes { raw in try RowCodec.figures(ofTask: raw, &names, into: &fact) }
            #expect(fact.handed.isEmpty && fact.reopened == task.reopened, "seed \(seed)")
        }
    }

    /// Rows that knew nothing of cases.
    @Test func `A task of the second form reads back`() throws {
        let task = sampleTask(1)
        var w = ByteWriter()
        RowCodec.write(task, into: &w)
        var bytes = Array(w.bytes.dropLast(Self.formThree))
        bytes[0] = 2
        #expect(try bytes.withUnsafeBytes(RowCodec.task) == task)
    }

    /// Rows of the first version, whose limits were times by the clock on the wall, without a byte for their kind.
    @Test func `A task of the first form reads back`() throws {
        var task = sampleTask(1)
        task.limits = [LimitClock(name: .arrive, length: .time(TimeSpan(milliseconds: 123_456_789)), state: .running, start: noon)]
        var w = ByteWriter()
        RowCodec.write(task, into: &w)
        var length = ByteWriter()
        length.signed(123_456_789)
        let new = [LimitName.arrive.code, 0] + length.bytes
        var bytes = Array(w.bytes.dropLast(Self.formThree))
        let place = try #require((0...(bytes.count - new.count)).first { Array(bytes[$0..<($0 + new.count)]) == new })
        bytes.remove(at: place + 1)
        bytes[0] = 1
        #expect(try bytes.withUnsafeBytes(RowCodec.task) == task)
    }

    @Test(arguments: [nil, Subject.contractor(ContractorID("c-7")), .customer(CustomerID("3302001234")), .device(DeviceID("T-991")), .district(DistrictID("鹿城")), .outage(OutageID("o-1"))])
    func `A line about no task and no case keeps what it is about`(subject: Subject?) throws {
        var line = HistoryLine(
            task: .none, revision: 0, at: noon, event: .created, by: "paidan", crew: nil, department: DepartmentID(""), rule: "faults.x", report: "r-1",
            customer: CustomerID("330"), note: "A 91.4 → B 87.9")
        line.subject = subject
        var w = ByteWriter()
        RowCodec.write(line, into: &w)
        let read = try w.bytes.withUnsafeBytes { raw in try RowCodec.history(task: .none, revision: 0, at: noon, event: .created, why: nil, raw) }
        #expect(read == line)
        // A line of the second form ends before it.
        var bytes = w.bytes
        bytes[0] = 2
        bytes.removeLast(subject.map { $0.name.utf8.count + 2 } ?? 0)
        bytes.removeLast()
        line.subject = nil
        #expect(try bytes.withUnsafeBytes { raw in try RowCodec.history(task: .none, revision: 0, at: noon, event: .created, why: nil, raw) } == line)
    }

    /// The numbers are the file's form: whoever changes one breaks every database there is.
    @Test func `Stored words keep their numbers`() throws {
        func check<W: StoredWord & RawRepresentable>(_ type: W.Type, _ expected: [String]) where W.RawValue == String {
            #expect(W.words.sorted { $0.code < $1.code }.map { "\($0.code) \($0.rawValue)" } == expected)
        }
        check(TaskState.self, ["0 queued", "1 dispatched", "2 accepted", "3 enroute", "4 onsite", "5 suspended", "6 completed", "7 closed", "8 cancelled", "9 merged"])
        check(Priority.self, ["0 emergency", "1 high", "2 normal", "3 low"])
        check(PlaceOrigin.self, ["0 report", "1 transformer", "2 feeder", "3 customer", "4 district", "5 unknown"])
        check(LimitName.self, ["0 accept", "1 arrive", "2 restore", "3 contact", "4 reply", "5 stage", "6 total"])
        check(ClockState.self, ["0 waiting", "1 running", "2 stopped", "3 reached"])
        check(Notice.Event.self, [
            "0 dispatched", "1 withdrawn", "2 escalated", "3 unassigned", "4 completed", "5 case_opened", "6 documents_missing", "7 stage_begun", "8 stage_done", "9 stage_failed", "10 case_completed",
            "11 case_withdrawn", "12 shared", "13 shared_done", "14 restored", "30 customer_alert", "31 customer_task", "35 lent", "36 returned", "38 outage_notice", "39 outage_changed", "40 outage_cancelled",
                "41 outage_short_notice", "42 outage_overlap", "43 outage_overrun",
        ])
        check(CaseState.self, ["0 open", "1 suspended", "2 completed", "3 withdrawn"])
        check(OutageType.self, ["0 planned", "1 temporary", "2 fault"])
        check(OutageState.self, ["0 planned", "1 ended", "2 cancelled"])
        check(StageState.self, ["0 waiting", "1 open", "2 done", "3 skipped"])
        check(
            HistoryEvent.self,
            [
                "0 created", "1 queued", "2 dispatched", "3 accepted", "4 rejected", "5 accept_timeout", "6 enroute", "7 onsite", "8 suspended",
                "9 resumed", "10 completed", "11 closed", "12 cancelled", "13 merged", "14 assigned", "15 priority_changed", "16 escalated",
                "17 all_declined", "18 contacted", "19 case_opened", "20 documents_missing", "21 documents_received", "22 case_accepted",
                "23 stage_skipped", "24 stage_failed", "25 case_suspended", "26 case_resumed", "27 case_completed", "28 case_withdrawn",
                "29 case_migrated", "30 case_escalated", "31 called_back", "32 reopened", "33 shared", "34 concerned", "35 case_concerned",
                "36 joined", "37 split", "38 answered", "39 callers_told", "40 outage_planned", "41 outage_changed", "42 outage_cancelled", "43 outage_ended",
                "50 contractor_tier", "51 contractor_suspended", "52 contractor_excluded", "53 contractor_accident", "54 contractor_fraud",
                "55 contractor_rectified", "56 contractor_returned",
                "60 recovered",
                "70 customer_tier", "71 customer_flagged", "72 customer_unflagged", "73 customer_told", "74 customer_manager", "75 customer_suggested",
                "76 customer_forgotten",
                "80 crew_lent", "81 crew_returned",
                "85 outage_told", "86 outage_short_notice", "87 outage_overlap", "88 outage_overrun",
            ])
        check(WatchPhase.self, ["0 quiet", "1 holding", "2 raised"])
        #expect(throws: RowFault.self) { try TaskState.word(10) }
    }
}

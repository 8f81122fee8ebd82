import City
import Decisions
import Domain
import Rules
import Store
import Testing

@testable import Daemon

/// One turn: decide, commit, answer; and what is left when the commit fails.
struct DispatcherTests {
    private let noon = Instant(milliseconds: 1_795_406_400_000)

    private func dispatcher(_ house: House) throws -> (Dispatcher, Store) {
        let store = try Store(directory: house.state)
        return (try Dispatcher(store: store, rules: house.ruleSet(), at: noon), store)
    }

    @Test func aKeySentTwiceInOneBatchHasOneEffect() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        let twin = try hazard("a")
        let other = try input(#"{"id":"a","type":"fault","category":"no_power","place":{"district":"lucheng"}}"#)
        let receipts = try dispatcher.turn(inputs: [twin, twin, other], at: noon).receipts
        #expect(receipts.map(\.status) == [.accepted, .duplicate, .conflict])
        #expect(receipts[1].tasks == receipts[0].tasks)
        #expect(dispatcher.state.openCount == 1)
        // And in the next batch the store knows it.
        #expect(try dispatcher.turn(inputs: [twin], at: noon).receipts.map(\.status) == [.duplicate])
    }

    @Test func aFailedCommitLeavesNothingBehind() throws {
        let house = try House()
        let (dispatcher, store) = try dispatcher(house)
        let first = try dispatcher.turn(inputs: [hazard("a")], at: noon)
        let task = try #require(first.receipts[0].tasks.first)
        let before = dispatcher.state.openTasks
        let standing = dispatcher.state.crewStandings.map(\.load)
        try store.close()
        let crew = try #require(dispatcher.state.task(task)?.crew)
        #expect(throws: CommitFailure.self) {
            try dispatcher.turn(
                inputs: [
                    hazard("b"), input(#"{"kind":"progress","id":"p","task":"\#(task)","event":"accept","by":"\#(crew)"}"#),
                    input(#"{"kind":"crew","id":"c","crew":"\#(crew)","on_duty":false}"#),
                ], at: noon + .minutes(1))
        }
        #expect(dispatcher.state.openTasks == before)
        #expect(dispatcher.state.crewStandings.map(\.load) == standing)
        #expect(dispatcher.state.lastTask == task)
    }

    @Test func whatIsUnderWayIsKnownToWhatIsDecidedOnTopOfIt() throws {
        let house = try House()
        let (dispatcher, store) = try dispatcher(house)
        try dispatcher.decide(inputs: [hazard("a")], at: noon)
        let first = try #require(dispatcher.begin())
        let task = try #require(dispatcher.state.openTasks.first)
        // Not on disk yet, and answered all the same as if it were.
        try dispatcher.decide(inputs: [hazard("a"), progress("p", task, "cancel")], at: noon)
        try dispatcher.decide(inputs: [progress("q", task, "accept")], at: noon)
        try store.commit(first)
        #expect(dispatcher.settle().receipts.map(\.status) == [.accepted])
        try store.commit(try #require(dispatcher.begin()))
        let receipts = dispatcher.settle().receipts
        #expect(receipts.map(\.status) == [.duplicate, .accepted, .rejected])
        #expect(receipts[0].tasks == [task.id])
        #expect(receipts[2].reason?.contains("cancelled") == true)
        #expect(dispatcher.state.openCount == 0)
    }

    @Test func aFailedCommitUndoesWhatWasDecidedOnTopOfIt() throws {
        let house = try House()
        let (dispatcher, store) = try dispatcher(house)
        _ = try dispatcher.turn(inputs: [hazard("a")], at: noon)
        let before = dispatcher.state.openTasks
        let standing = dispatcher.state.crewStandings.map(\.load)
        let last = dispatcher.state.lastTask
        try dispatcher.decide(inputs: [hazard("b")], at: noon)
        let failing = try #require(dispatcher.begin())
        try dispatcher.decide(
            inputs: [progress("p", before[0], "accept"), hazard("c"), progress("q", try #require(dispatcher.state.openTasks.last), "accept")],
            at: noon + .minutes(1))
        #expect(dispatcher.state.openTasks != before)
        dispatcher.fail()
        #expect(dispatcher.state.openTasks == before)
        #expect(dispatcher.state.crewStandings.map(\.load) == standing)
        #expect(dispatcher.state.lastTask == last && !dispatcher.hasDecided)
        // The same inputs again: as if nothing had been.
        #expect(try dispatcher.turn(inputs: [hazard("b"), hazard("c")], at: noon + .minutes(2)).receipts.map(\.status) == [.accepted, .accepted])
        // What was not committed in its time fits nothing any more.
        #expect(throws: CommitFailure.self) { try store.commit(failing) }
    }

    /// Against a twin that commits each input before it looks at the next.
    @Test(arguments: [UInt64](1...6)) func overlappingGivesWhatOneAfterTheOtherGives(seed: UInt64) throws {
        var dice = SplitMix64(seed: seed)
        let (here, there) = (try House(), try House())
        let (overlapping, store) = try dispatcher(here)
        let (twin, _) = try dispatcher(there)
        var receipts: [Receipt] = []
        var expected: [Receipt] = []
        var underWay: (batch: Batch?, Void)?
        var now = noon
        func settle() throws {
            guard let known = underWay else { return }
            underWay = nil
            if let batch = known.batch { try store.commit(batch) }
            receipts += overlapping.settle().receipts
        }
        func begin() { underWay = (overlapping.begin(), ()) }
        for n in 1...120 {
            now = now + .seconds(Int64(dice.whole(0...90)))
            let tasks = twin.state.openTasks
            let one: Input =
                if n > 3, dice.chance(0.2) {
                    try hazard("r\(dice.whole(1...(n - 1)))")
                } else if !tasks.isEmpty, dice.chance(0.5) {
                    try progress("p\(n)", tasks[dice.whole(0...(tasks.count - 1))], ["accept", "reject", "onsite", "complete", "close", "cancel"][dice.whole(0...5)])
                } else {
                    try hazard("r\(n)")
                }
            expected += try twin.turn(inputs: [one], at: now).receipts
            try overlapping.decide(inputs: [one], at: now)
            if underWay != nil, dice.chance(0.4) { try settle() }
            if underWay == nil, dice.chance(0.6) { begin() }
        }
        repeat {
            try settle()
            if overlapping.hasDecided, underWay == nil { begin() }
        } while underWay != nil
        for (got, wanted) in zip(receipts, expected) where got != wanted {
            Issue.record("seed \(seed): \(got) instead of \(wanted)")
            break
        }
        #expect(receipts.count == expected.count, "seed \(seed)")
        for (got, wanted) in zip(overlapping.state.openTasks, twin.state.openTasks) where got != wanted {
            Issue.record("seed \(seed): \(got) instead of \(wanted)")
            break
        }
        #expect(overlapping.state.openCount == twin.state.openCount, "seed \(seed)")
        // And so says the disk.
        #expect(try store.load().tasks.sorted { $0.id < $1.id } == twin.state.openTasks, "seed \(seed)")
    }

    private func progress(_ id: String, _ task: WorkTask, _ event: String) throws -> Input {
        try input(#"{"kind":"progress","id":"\#(id)","source":"cli","task":"\#(task.id)","event":"\#(event)"}"#)
    }

    @Test func positionsEnterTheLogJustBeforeADecisionThatCouldUseThem() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        func position(_ id: String, _ lat: Double) throws -> Input {
            try input(#"{"kind":"crew","id":"\#(id)","crew":"north-2","place":{"lat":\#(lat),"lon":120.6}}"#)
        }
        // Contractors are looked at once after a start.
        _ = try dispatcher.turn(inputs: [], at: noon)
        let due = dispatcher.nextDue
        let quiet = try dispatcher.turn(inputs: [position("1", 28.1), position("2", 28.2)], at: noon)
        #expect(quiet.receipts.map(\.status) == [.accepted, .accepted])
        #expect(!quiet.didCommit, "positions alone wait for the next checkpoint")
        #expect(dispatcher.nextDue == noon + Dispatcher.checkpointInterval && due.map { $0 > noon + Dispatcher.checkpointInterval } ?? true)
        let decided = try dispatcher.turn(inputs: [hazard("a")], at: noon + TimeSpan(milliseconds: 10))
        guard case .positions(let moved) = try #require(decided.entries.first).stimulus else {
            Issue.record("the first entry is \(decided.entries[0].stimulus)")
            return
        }
        #expect(moved.map(\.coordinate.latitude) == [28.2], "only the last position of the crew, before the report")
        // Left alone, the next one is written by the checkpoint.
        _ = try dispatcher.turn(inputs: [position("3", 28.3)], at: noon + .seconds(2))
        #expect(try dispatcher.turn(inputs: [], at: noon + .seconds(3)).didCommit)
        #expect(dispatcher.state.crews[CrewID("north-2")]?.coordinate?.latitude == 28.3)
    }

    @Test func aPositionOfACrewThatNobodyKnowsIsRejected() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        let receipts = try dispatcher.turn(
            inputs: [input(#"{"kind":"crew","id":"1","crew":"north-22","place":{"lat":28,"lon":120.6}}"#)], at: noon
        ).receipts
        #expect(receipts[0].status == .rejected)
        #expect(receipts[0].reason?.contains("north-2") == true)
    }

    @Test func aRestartGoesOnWhereTheLastCommitStood() throws {
        let house = try House()
        let (dispatcher, store) = try dispatcher(house)
        for n in 1...40 { _ = try dispatcher.turn(inputs: [hazard("r\(n)")], at: noon + .seconds(Int64(n))) }
        let before = dispatcher.state.openTasks
        let due = dispatcher.nextDue
        try store.close()
        let (again, _) = try self.dispatcher(house)
        #expect(again.state.openTasks == before)
        #expect(again.state.lastTask == dispatcher.state.lastTask)
        #expect(!(try again.turn(inputs: [], at: noon + .seconds(40)).didCommit), "what was looked at after a start is as it was")
        #expect(again.nextDue == due, "timers are derived from the rows")
        // What passed while it was down fires now, each once.
        let late = noon + .hours(12)
        var escalations = 0
        while let next = again.nextDue, next <= late {
            let result = try again.turn(inputs: [], at: late)
            escalations += result.entries.flatMap(\.decision.history).count { $0.event == .escalated }
            try #require(result.didCommit, "a timer that is due must do something")
        }
        #expect(escalations > 0)
    }

    @Test func anEditedRosterLetsWaitingWorkGo() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        var waiting: [TaskID] = []
        for n in 1...30 {
            for receipt in try dispatcher.turn(inputs: [hazard("r\(n)")], at: noon).receipts {
                waiting += receipt.tasks.filter { dispatcher.state.task($0)?.state == .queued }
            }
        }
        let first = try #require(waiting.first, "with more reports than live-line crews some must wait")
        try house.edit(
            "site.yaml", replacing: "crews:\n",
            by: "crews:\n  relief-1:\n    department: operations\n    base: { lat: 28.01, lon: 120.65 }\n    skills: [live_line]\n")
        _ = try dispatcher.adopt(house.ruleSet(), at: noon + .minutes(1))
        #expect(dispatcher.state.task(first)?.crew == CrewID("relief-1"))
    }

    // MARK: What devices show

    private func reading(_ value: Double, minutes: Int64, device: String = "T-911") throws -> Input {
        let at = (noon + .minutes(minutes)).rfc3339()
        return try input(#"{"kind":"reading","id":"s-\#(minutes)","source":"scada","device":"\#(device)","quantity":"load_ratio","value":\#(value),"unit":"1","at":"\#(at)"}"#)
    }

    /// A heavy load for two hours, whatever happens to the process meanwhile.
    @Test func aReportOfADeviceIsMadeOnceThroughCrashesAndReloads() throws {
        let house = try House()
        var (dispatcher, store) = try dispatcher(house)
        _ = try dispatcher.turn(inputs: [], at: noon)
        var made: [Receipt] = []
        var unwritten = 0
        for minutes in stride(from: Int64(0), through: 180, by: 15) {
            let now = noon + .minutes(minutes)
            let receipts = try dispatcher.turn(inputs: [reading(0.86, minutes: minutes)], at: now).receipts
            #expect(receipts.map(\.status) == [.accepted])
            // What is not on disk goes there after a second, by itself; often it goes with something else at once.
            if dispatcher.telemetry.isDirty {
                let due = try #require(dispatcher.nextDue)
                #expect(due <= now + Dispatcher.checkpointInterval)
                unwritten += 1
            }
            if minutes == 60 || minutes == 150 {
                _ = try dispatcher.turn(inputs: [], at: now + .seconds(1))
                try store.close()
                (dispatcher, store) = try self.dispatcher(house)
                _ = try dispatcher.turn(inputs: [], at: now + .seconds(2))
            }
            if minutes == 90 { _ = try dispatcher.adopt(house.ruleSet(), at: now + .seconds(3)) }
            made += dispatcher.state.openTasks.map { Receipt(id: $0.reports[0], source: $0.source, status: .accepted, tasks: [$0.id]) }
            #expect(dispatcher.state.openCount == (minutes < 120 ? 0 : 1), "after \(minutes) minutes")
        }
        #expect(unwritten > 0)
        let task = try #require(dispatcher.state.openTasks.first)
        #expect(task.source == SourceID("watch") && task.category == "heavy_load" && task.rule == "faults.equipment-warning")
        #expect(task.place.transformer == TransformerID("T-911"))
        #expect(Set(made.map(\.tasks)) == [[task.id]])
        #expect(dispatcher.telemetry.look(at: DeviceID("T-911"))?.watched.first?.tasks == [task.id])
        // It recovers before anybody goes: the task is done.
        let result = try dispatcher.turn(inputs: [reading(0.5, minutes: 195)], at: noon + .minutes(195))
        #expect(result.entries.flatMap(\.decision.history).contains { $0.event == .completed && $0.task == task.id })
        #expect(dispatcher.state.task(task.id)?.state == .completed)
    }

    @Test func readingsOfAFailedCommitAreWrittenWithTheNext() throws {
        let house = try House()
        let (dispatcher, store) = try dispatcher(house)
        _ = try dispatcher.turn(inputs: [], at: noon)
        for minutes in stride(from: Int64(0), through: 105, by: 15) { _ = try dispatcher.turn(inputs: [reading(0.86, minutes: minutes)], at: noon + .minutes(minutes)) }
        // It crosses, and the batch is lost on its way.
        try dispatcher.decide(inputs: [reading(0.86, minutes: 120)], at: noon + .minutes(120))
        let lost = try #require(dispatcher.begin())
        #expect(lost.entries.contains { $0.decision.receipt?.source == SourceID("watch") } && !lost.telemetry.isEmpty)
        dispatcher.fail()
        #expect(dispatcher.state.openCount == 0)
        // The next turn makes it, under the same id, with the row of the device.
        try dispatcher.decide(inputs: [], at: noon + .minutes(121))
        let again = try #require(dispatcher.begin())
        func ids(_ batch: Batch) -> [String] { batch.entries.compactMap(\.decision.receipt).filter { $0.source == SourceID("watch") }.map(\.id) }
        #expect(ids(again) == ids(lost) && again.telemetry == lost.telemetry)
        try store.commit(again)
        _ = dispatcher.settle()
        #expect(dispatcher.state.openCount == 1)
        try store.close()
        let (after, _) = try self.dispatcher(house)
        _ = try after.turn(inputs: [reading(0.86, minutes: 135)], at: noon + .minutes(135))
        #expect(after.state.openCount == 1, "and it is not made again")
    }

    @Test func aReadingThatNobodyCanUseIsRefusedWithTheReason() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        let receipts = try dispatcher.turn(
            inputs: [reading(0.5, minutes: 0, device: "T-9111"), reading(0.5, minutes: 30), reading(0.5, minutes: -2_000), reading(0.5, minutes: 0), reading(0.5, minutes: 0)], at: noon
        ).receipts
        #expect(receipts.map(\.status) == [.rejected, .rejected, .rejected, .accepted, .duplicate])
        #expect(receipts[0].reason?.contains("T-911") ?? false)
    }

    // MARK: Outages

    /// Everything that was told of outages, as `event name`.
    private func told(_ result: Dispatcher.Result) -> [String] {
        result.entries.flatMap(\.decision.notices).filter(\.event.isOfOutage).map { "\($0.event.rawValue) \($0.to)" }
    }

    @Test func anOutageIsToldOfOnceThroughCrashesByTheRowsOfItsFeederAlone() throws {
        let house = try House()
        var (dispatcher, store) = try dispatcher(house)
        func customer(_ account: String, _ area: String, _ capacity: Int) throws -> Input {
            try input(#"{"kind":"customer","id":"\#(account)","customer":"\#(account)","facts":{"class":"industrial","capacity_kva":\#(capacity),"transformer":"\#(area)","district":"lucheng"}}"#)
        }
        // A VIP on the feeder, one elsewhere, a small customer on the feeder.
        _ = try dispatcher.turn(inputs: [customer("330-1", "T-911", 12_000), customer("330-2", "T-901", 12_000), customer("330-3", "T-911", 100)], at: noon)
        let from = noon + .days(20)
        func outage(_ id: String, from: Instant) throws -> Input {
            try input(#"{"kind":"outage","id":"\#(id)","outage":"o-7","feeder":"F-12","from":"\#(from.rfc3339())","until":"\#((from + .hours(6)).rfc3339())"}"#)
        }
        #expect(told(try dispatcher.turn(inputs: [outage("o-7", from: from)], at: noon)) == [])
        #expect(dispatcher.state.outageToTell(at: from - .days(7) - .seconds(1)) == nil && dispatcher.nextDue ?? from <= from - .days(7))
        try store.close()
        (dispatcher, store) = try self.dispatcher(house)
        #expect(dispatcher.state.outageToTell(at: from - .days(7))?.areas.contains(TransformerID("T-911")) == true, "it is derived from the row")
        let first = told(try dispatcher.turn(inputs: [], at: from - .days(7)))
        #expect(Set(first) == Set(["public", "customer_service", "operations", "am-1"].map { "outage_notice \($0)" }), "\(first)")
        try store.close()
        (dispatcher, store) = try self.dispatcher(house)
        #expect(told(try dispatcher.turn(inputs: [], at: from - .days(6))) == [])
        // A customer who becomes one of theirs in the same batch is there already.
        let moved = try dispatcher.turn(inputs: [customer("330-4", "T-912", 15_000), outage("o-7b", from: from - .hours(144))], at: from - .days(6))
        #expect(moved.receipts.map(\.status) == [.accepted, .accepted])
        let texts = moved.entries.flatMap(\.decision.notices).compactMap(\.text?.english)
        #expect(texts.contains { $0.contains("330-4") } && texts.contains { $0.contains("330-1") } && !texts.contains { $0.contains("330-2") || $0.contains("330-3") }, "\(texts)")
        try store.close()
        #expect(throws: CommitFailure.self) { try dispatcher.turn(inputs: [outage("o-7c", from: from)], at: from - .days(6)) }
        #expect(dispatcher.state.outages.values.first?.from == from - .hours(144), "what can't be committed is taken back, and so is who was told")
    }
}

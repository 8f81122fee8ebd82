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

    @Test func positionsEnterTheLogJustBeforeADecisionThatCouldUseThem() throws {
        let house = try House()
        let (dispatcher, _) = try dispatcher(house)
        func position(_ id: String, _ lat: Double) throws -> Input {
            try input(#"{"kind":"crew","id":"\#(id)","crew":"north-2","place":{"lat":\#(lat),"lon":120.6}}"#)
        }
        let quiet = try dispatcher.turn(inputs: [position("1", 28.1), position("2", 28.2)], at: noon)
        #expect(quiet.receipts.map(\.status) == [.accepted, .accepted])
        #expect(!quiet.didCommit, "positions alone wait for the next checkpoint")
        #expect(dispatcher.nextDue == noon + Dispatcher.checkpointInterval)
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
}

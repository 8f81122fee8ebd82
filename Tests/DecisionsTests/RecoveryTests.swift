import Domain
import Testing

@testable import Decisions
@testable import Rules

/// What a device had reported by itself is over: the table of what becomes of its task.
@Suite struct RecoveryTests {
    private func recovered(_ life: inout Life) -> Decision {
        let id = TaskID(day: 20_261_122, number: 1)
        let recovery = Recovery(device: DeviceID("T-1"), rule: "m.heavy", report: "r-1", tasks: [id], at: life.now, note: "load 0.7")
        return life.input(.recovered(recovery), source: "watch")
    }

    /// state, at a desk · the state after · what the history and the notices say
    @Test(arguments: [
        (TaskState.queued, false, TaskState.completed, "recovered: load 0.7, completed: recovered", "operations completed"),
        (.dispatched, false, .completed, "recovered: load 0.7, completed: recovered", "a withdrawn, operations completed"),
        (.accepted, false, .completed, "recovered: load 0.7, completed: recovered", "a withdrawn, operations completed"),
        (.dispatched, true, .completed, "recovered: load 0.7, completed: recovered", "operations withdrawn, operations completed"),
        (.accepted, true, .completed, "recovered: load 0.7, completed: recovered", "operations withdrawn, operations completed"),
        (.enroute, false, .enroute, "recovered: load 0.7", ""),
        (.onsite, false, .onsite, "recovered: load 0.7", ""),
        (.suspended, false, .suspended, "recovered: load 0.7", ""),
        (.completed, false, .completed, "", ""),
    ])
    func everyState(state: TaskState, isDesk: Bool, after: TaskState, history: String, notices: String) throws {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), isDesk ? .desk("operations") : .nearest(limits: [.accept: .minutes(30), .arrive: .minutes(45)]))
        if state == .queued { life.crew("a", on: false) }
        life.report(0)
        switch state {
        case .accepted: life.say(.accept, by: isDesk ? "operations" : "a")
        case .enroute: life.say(.enroute, by: "a")
        case .onsite: life.say(.onsite, by: "a")
        case .suspended: life.say(.suspend, by: "a")
        case .completed: life.say(.complete, by: "a")
        case .queued, .dispatched, .closed, .cancelled, .merged: break
        }
        #expect(life.task()?.state == state)
        let decision = recovered(&life)
        let label = "\(state.rawValue)\(isDesk ? " at a desk" : "")"
        #expect(decision.receipt?.status == .accepted, "\(label)")
        #expect(life.task()?.state == after, "\(label)")
        #expect(decision.history.map { "\($0.event.rawValue): \($0.note ?? "")" }.joined(separator: ", ") == history, "\(label)")
        #expect(decision.notices.map { "\($0.to) \($0.event.rawValue)" }.joined(separator: ", ") == notices, "\(label)")
        guard state != .completed, after == .completed else { return }
        let row = try #require(life.task())
        #expect(row.outcome == "recovered")
        #expect(row.clock(.arrive)?.state != .reached, "nobody arrived")
        // The crew has a hand free again, and a second recovery changes nothing.
        let again = recovered(&life)
        #expect(again.changes == [] && again.receipt?.status == .accepted)
    }

    @Test func anIncidentOfSeveralIsOnlyNoted() throws {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest())
        life.report(0)
        let before = try #require(life.task())
        var joined = before
        joined.revision += 1
        joined.callers = 3
        life.state.apply(.task(before: before, after: joined))
        let decision = recovered(&life)
        #expect(life.task()?.state == .dispatched)
        #expect(decision.history.map(\.event) == [.recovered] && decision.notices == [])
    }

    @Test func whatIsFinishedIsLeftAlone() {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest())
        life.report(0)
        life.say(.close, by: "zhang")
        let decision = recovered(&life)
        #expect(decision.receipt?.status == .accepted && decision.changes == [] && decision.history == [])
    }
}

import Domain
import Testing

@testable import Decisions

/// The whole life cycle as a table: every state, every event, what comes of it; then what a desk task does otherwise.
@Suite struct TaskLifecycleTests {
    struct Row: Sendable {
        let state: TaskState
        let event: LifecycleEvent
        let step: LifecycleStep
    }

    /// One line a state; the columns in the order of `columns`.
    ///
    ///     →E  on to that state        ↓   to the next candidate     *   dispatched by hand or search    .   nothing
    ///     nob refused: nobody has it  sus refused: suspended        com refused: completed              fin refused: final
    static let columns: [LifecycleEvent] = [
        .accept, .reject, .contact, .enroute, .onsite, .complete, .close, .cancel, .suspend, .resume, .assign, .priority, .acceptLimit, .askAgain, .found,
        .closeDue, .callback, .merge, .split, .recovered,
    ]
    static let table: [(TaskState, String)] = [
        //           accept reject contact enroute onsite complete close cancel suspend resume assign priority acceptLimit askAgain found closeDue callback merge split recovered
        (.queued, "nob     nob     nob     nob     nob     nob     nob     can     stop    .       *       prio    .       ask     *       .       not     mrg     spl     done"),
        (.dispatched, "→A      ↓       said    →E      →O      →C      →X      can     stop    .       *       prio    ↓       .       .       .       not     mrg     spl     done"),
        (.accepted, ".       ↓       said    →E      →O      →C      →X      can     stop    .       *       prio    .       .       .       .       not     mrg     spl     done"),
        (.enroute, ".       ↓       said    .       →O      →C      →X      can     stop    .       *       prio    .       .       .       .       not     mrg     spl     told"),
        (.onsite, ".       ↓       said    .       .       →C      →X      can     stop    .       *       prio    .       .       .       .       not     mrg     spl     told"),
        (.suspended, "sus     sus     sus     sus     sus     sus     sus     can     .       go      *       prio    .       .       .       .       not     mrg     spl     told"),
        (.completed, ".       com     .       .       .       .       →X      com     com     com     com     com     .       .       .       →X       back     com     com     ."),
        (.closed, ".       fin     .       .       .       .       .       fin     fin     fin     fin     fin     .       .       .       .       fin     fin     fin     ."),
        (.cancelled, "fin     fin     fin     fin     fin     fin     fin     .       fin     fin     fin     fin     .       .       .       .       fin     fin     fin     ."),
        (.merged, "fin     fin     fin     fin     fin     fin     fin     fin     fin     fin     fin     fin     .       .       .       .       fin     fin     fin     ."),
    ]
    static let steps: [String: LifecycleStep] = [
        "→A": .advance(to: .accepted), "→E": .advance(to: .enroute), "→O": .advance(to: .onsite), "→C": .advance(to: .completed),
        "→X": .advance(to: .closed), "↓": .passOn, "*": .dispatch, "can": .cancel, "stop": .suspend, "go": .resume, "ask": .askAgain,
        "prio": .setPriority, "said": .contacted, "mrg": .merge, "spl": .split, "back": .calledBack, "not": .refuse(.notDone), "done": .recover, "told": .recoveryNoted, ".": .nothing, "nob": .refuse(.nobodyHasIt), "sus": .refuse(.suspended), "com": .refuse(.completed),
        "fin": .refuse(.final),
    ]

    static func rows() -> [Row] {
        table.flatMap { state, line in
            zip(columns, line.split(separator: " ")).compactMap { event, word in
                steps[String(word)].map { Row(state: state, event: event, step: $0) }
            }
        }
    }

    @Test func everyPairDoesWhatTheTableSays() {
        for row in Self.rows() {
            #expect(lifecycleStep(row.state, row.event, isDesk: false) == row.step, "\(row.state.rawValue), \(row.event)")
        }
    }

    @Test func theTableHasEveryPairOnce() {
        let rows = Self.rows()
        #expect(rows.count == TaskState.allCases.count * LifecycleEvent.allCases.count)
        #expect(Set(rows.map { "\($0.state) \($0.event)" }).count == rows.count)
        #expect(Set(rows.map(\.state)) == Set(TaskState.allCases))
        #expect(Set(rows.map(\.event)) == Set(LifecycleEvent.allCases))
    }

    @Test func aDeskTaskDiffersOnlyInThatNobodyTravels() {
        for row in Self.rows() {
            let step = lifecycleStep(row.state, row.event, isDesk: true)
            switch row.step {
            case .advance(.enroute), .advance(.onsite): #expect(step == .refuse(.deskTask), "\(row.state.rawValue), \(row.event)")
            case .advance, .passOn, .dispatch, .cancel, .suspend, .resume, .askAgain, .setPriority, .contacted, .calledBack, .merge, .split, .recover, .recoveryNoted, .nothing, .refuse:
                #expect(step == row.step, "\(row.state.rawValue), \(row.event)")
            }
        }
    }

    @Test func whatASenderCanSayIsAnEventOfTheLifeCycle() {
        let said = ProgressEvent.allCases.map { LifecycleEvent($0) }
        #expect(Set(said).count == ProgressEvent.allCases.count)
        #expect(zip(ProgressEvent.allCases, said).allSatisfy { $0.rawValue == "\($1)" })
    }

    @Test func aLaterStatePassesThoseBetween() {
        #expect(milestones(from: .dispatched, to: .completed, isDesk: false) == [.accepted, .enroute, .onsite, .completed])
        #expect(milestones(from: .accepted, to: .onsite, isDesk: false) == [.enroute, .onsite])
        #expect(milestones(from: .onsite, to: .closed, isDesk: false) == [.completed, .closed])
        #expect(milestones(from: .dispatched, to: .completed, isDesk: true) == [.accepted, .completed])
        #expect(milestones(from: .completed, to: .accepted, isDesk: false) == [])
        #expect(milestones(from: .queued, to: .accepted, isDesk: false) == [])
    }

    /// The table again, through `decide`: a task is brought into each state, each event is sent, and the row shows what came of it.
    @Test func throughDecideEachEventLeadsWhereTheTableSays() throws {
        for state in [TaskState.queued, .dispatched, .accepted, .enroute, .onsite, .suspended, .completed] {
            for event in ProgressEvent.allCases {
                var life = Life(Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2)]), .nearest(limits: [.accept: .minutes(3)]))
                if state == .queued { life.crew("a", on: false) ; life.crew("b", on: false) }
                life.report(0)
                switch state {
                case .accepted: life.say(.accept, by: "a")
                case .enroute: life.say(.enroute, by: "a")
                case .onsite: life.say(.onsite, by: "a")
                case .suspended: life.say(.suspend, by: "a")
                case .completed: life.say(.complete, by: "a")
                case .queued, .dispatched, .closed, .cancelled, .merged: break
                }
                let before = try #require(life.task())
                #expect(before.state == state)
                let receipt = life.say(event, by: "zhang", to: "b", priority: .high)
                let after = life.task()
                let label = "\(state.rawValue), \(event.rawValue)"
                switch lifecycleStep(state, LifecycleEvent(event), isDesk: false) {
                case .advance(.closed):
                    #expect(after == nil && life.decisions.last?.history.last?.event == .closed, "\(label)")
                case .advance(let target): #expect(after?.state == target, "\(label)")
                case .passOn: #expect(after?.crew == CrewID("b") && after?.state == .dispatched && after?.declined == [CrewID("a")], "\(label)")
                case .dispatch: #expect(after?.crew == CrewID("b") && after?.state == .dispatched, "\(label)")
                case .cancel: #expect(after == nil && life.decisions.last?.history.last?.event == .cancelled, "\(label)")
                case .suspend: #expect(after?.state == .suspended && after?.suspendedFrom == state, "\(label)")
                case .resume: #expect(after?.state == .dispatched && after?.suspendedFrom == nil, "\(label)")
                case .setPriority: #expect(after?.priority == .high && after?.state == state, "\(label)")
                case .contacted: #expect(after?.state == (state == .dispatched ? .accepted : state) && life.decisions.last?.history.last?.event == .contacted, "\(label)")
                case .calledBack: #expect(after == nil && life.decisions.last?.history.map(\.event) == [.called_back, .closed], "\(label)")
                case .nothing: #expect(after == before && receipt.status == .accepted, "\(label)")
                case .refuse(let refusal):
                    #expect(after == before && receipt.status == .rejected, "\(label)")
                    #expect(receipt.reason == refusal.reason(before.id, state, LifecycleEvent(event)), "\(label)")
                    #expect(life.decisions.last?.changes == [], "\(label)")
                // Neither says of which task, or of whom.
                case .merge, .split: #expect(after == before && receipt.status == .rejected && receipt.reason?.contains("'\(event.rawValue)' needs") ?? false, "\(label)")
                case .askAgain, .recover, .recoveryNoted: Issue.record("nobody can say so")
                }
                if let after, after != before { #expect(after.revision == before.revision + 1, "\(label)") }
            }
        }
    }

    @Test func aFinishedTaskIsAnsweredFromItsStateAlone() {
        var life = Life(Town(), .nearest())
        let id = TaskID(day: 20_261_101, number: 7)
        func answer(_ event: ProgressEvent, _ state: TaskState?, _ life: inout Life) -> Receipt {
            life.input(.progress(Progress(task: id, event: event, by: "zhang")), findings: Findings(finished: state.map { FinishedTask($0) })).receipt!
        }
        #expect(
            answer(.cancel, .closed, &life).reason
                == "T-20261101-7 is closed: nothing changes it any more; if there is more to do, send a report about it (\"about\": \"T-20261101-7\")")
        // Messages arrive out of order: what is past is past.
        #expect(answer(.accept, .closed, &life).remarks == ["T-20261101-7 is closed already: nothing changed"])
        #expect(answer(.close, .closed, &life).status == .accepted)
        #expect(answer(.cancel, .cancelled, &life).status == .accepted)
        #expect(answer(.close, .cancelled, &life).status == .rejected)
        #expect(answer(.accept, nil, &life).reason == "there is no task T-20261101-7; look for its number with 'paidan tasks --all'")
    }
}

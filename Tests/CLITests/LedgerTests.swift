import Testing

@testable import City
import Decisions
import Domain
import Store

/// The books must see what they are kept for.
@Suite("The books of a day")
struct LedgerTests {
    private let crew = CrewID("a")
    private let at = Instant(milliseconds: 1_784_044_800_000)

    private func task(_ number: Int32, _ report: String, crew: CrewID? = nil, state: TaskState = .queued, revision: Int32 = 1) -> WorkTask {
        var task = WorkTask(
            id: TaskID(day: 20_260_715, number: number), revision: revision, reports: [report], source: SourceID("x"), type: "fault",
            category: "no_power", task: "repair", rule: "faults.x", state: state, priority: .normal, department: DepartmentID("operations"),
            isDesk: false, skills: [], within: nil, place: TaskPlace(origin: .unknown), customer: nil, customersOut: 1, reportedAt: at,
            createdAt: at, limits: [], escalate: nil)
        task.crew = crew
        return task
    }

    @Test("an input that could not even be read counts as refused in the day's summary")
    func unread() {
        var ledger = Ledger(capacity: [:])
        ledger.refusedUnread()
        #expect(DaySummary(ledger: ledger, open: 0).lines[0] == "reports      0 accepted, 0 sent again, 1 refused")
    }

    /// A report that was accepted with its task, as one entry.
    private func accepted(_ report: String, _ task: WorkTask, receipt: Receipt? = nil) -> [Entry] {
        let input = InputCodec.input(.report(Report(type: "fault")), id: report, source: SourceID("x"))
        let receipt = receipt ?? Receipt(id: report, source: SourceID("x"), status: .accepted, tasks: [task.id], rule: "faults.x")
        let decision = Decision(receipt: receipt, changes: [.task(before: nil, after: task)])
        return [Entry(stimulus: .input(input, Findings()), at: at, decision: decision)]
    }

    private func change(_ before: WorkTask, _ after: WorkTask) -> [Entry] {
        [Entry(stimulus: .tick, at: at, decision: Decision(changes: [.task(before: before, after: after)]))]
    }

    private func ledger(_ results: [[Entry]]) -> Ledger {
        var ledger = Ledger(capacity: [crew: 1])
        for result in results { ledger.note(result) }
        return ledger
    }

    @Test("a good day has nothing to tell")
    func good() {
        let task = task(1, "r1", crew: crew, state: .dispatched)
        #expect(ledger([accepted("r1", task)]).check(sent: ["r1"]) == [])
    }

    @Test("a report without a task")
    func lost() {
        let task = task(1, "r1")
        #expect(ledger([accepted("r1", task)]).check(sent: ["r1", "r2"]) == ["report r2 has no task: lost", "report r2 was never accepted"])
    }

    @Test("a report with two tasks, and one that was accepted twice")
    func twice() {
        let faults = ledger([accepted("r1", task(1, "r1")), accepted("r1", task(2, "r1"))]).check(sent: ["r1"])
        #expect(faults == ["report r1 was accepted twice", "report r1 has 2 tasks"])
    }

    @Test("a task of a report that nobody sent, and a task that is made twice")
    func strangers() {
        #expect(ledger([accepted("r1", task(1, "r1"))]).check(sent: []) == ["there is a task of a report that nobody sent: r1"])
        let again = [Entry(stimulus: .tick, at: at, decision: Decision(changes: [.task(before: nil, after: task(1, "r1"))]))]
        #expect(ledger([accepted("r1", task(1, "r1")), again]).check(sent: ["r1"]) == ["task T-20260715-1 was made twice"])
    }

    @Test("a crew on two jobs, and none when the first was given back")
    func twoJobs() {
        let one = task(1, "r1", crew: crew, state: .dispatched)
        let two = task(2, "r2", crew: crew, state: .dispatched)
        #expect(ledger([accepted("r1", one), accepted("r2", two)]).check(sent: ["r1", "r2"]) == ["crew a has 2 tasks at once, and may have 1"])
        var back = task(1, "r1", revision: 2)
        back.state = .queued
        #expect(ledger([accepted("r1", one), change(one, back), accepted("r2", two)]).check(sent: ["r1", "r2"]) == [])
    }

    @Test("a change that does not follow on what is known")
    func gap() {
        let queued = task(1, "r1")
        let onsite = task(1, "r1", crew: crew, state: .onsite, revision: 3)
        let done = task(1, "r1", state: .completed, revision: 4)
        #expect(
            ledger([accepted("r1", queued), change(onsite, done)]).check(sent: ["r1"])
                == ["task T-20260715-1 was queued and was changed as if it were onsite"])
    }
}

import Domain
import Rules
import Testing

@testable import Decisions

/// Limits in working days: they run by the calendar in force, stand still with the task, and say when the calendar ends.
@Suite struct WorkingLimitTests {
    private func town(_ calendar: WorkingCalendar = WorkingCalendar(years: [2_026: .init()])) -> Town {
        var town = Town()
        town.calendar = calendar
        town.ladders = [
            "reply": Ladder(
                name: "reply",
                rungs: [
                    Rung(percent: 50, tell: .assignee), Rung(percent: 80, tell: .departmentHead), Rung(percent: 100, tell: .role(RoleID("duty_manager"))),
                ])
        ]
        return town
    }

    private func local(_ text: String) -> Instant { (try? Instant(rfc3339: text + "+08:00")) ?? .distantFuture }

    /// A Wednesday.
    private let start = "2026-11-18T10:00:00"

    private func life(_ calendar: WorkingCalendar = WorkingCalendar(years: [2_026: .init()])) -> Life {
        var life = Life(
            town(calendar), .desk("service", limits: [.contact: .hours(24), .reply: .workingDays(5)], escalate: "reply"), from: local(start))
        _ = life.report(nil)
        return life
    }

    private func say(_ life: inout Life, _ event: ProgressEvent, by: String = "service") -> Receipt {
        life.input(.progress(Progress(task: TaskID(day: 20_261_118, number: 1), event: event, by: by))).receipt ?? Receipt(id: "", source: SourceID(""), status: .rejected)
    }

    private func due(_ life: Life, _ name: LimitName = .reply) -> String? {
        life.state.task(TaskID(day: 20_261_118, number: 1))?.clock(name)?.due?.rfc3339(in: .shanghai)
    }

    @Test func theDeadlineIsTheCloseOfTheFifthWorkingDay() {
        let life = life()
        #expect(due(life) == "2026-11-25T23:59:59+08:00")
        #expect(due(life, .contact) == "2026-11-19T10:00:00+08:00")
    }

    @Test func eachRungFallsDueInWorkingTime() {
        var life = life()
        var told: [String] = []
        while let next = life.state.nextDue, next <= local("2026-11-26T12:00:00") {
            life.now = next
            for notice in life.decide(.tick).notices where notice.limit == .reply {
                told.append("\(life.now.rfc3339(in: .shanghai).prefix(16)) \(notice.to) \(notice.percent ?? 0)%")
            }
        }
        #expect(
            told == [
                // Half of five days: noon of the third, a Monday; the weekend between does not count.
                "2026-11-23T11:59 service 50%", "2026-11-24T23:59 service 80%", "2026-11-25T23:59 u-900 100%",
            ])
        #expect(life.state.overdueCount(at: local("2026-11-26T00:00:00")) == 1)
    }

    /// Stopped over the closes of Thursday and Friday: two days more.
    @Test func aPauseMovesTheDeadlineByTheClosesThatItReachesOver() {
        for (from, until, expected) in [
            ("2026-11-19T12:00:00", "2026-11-19T18:00:00", "2026-11-25T23:59:59+08:00"),
            ("2026-11-19T12:00:00", "2026-11-20T08:00:00", "2026-11-26T23:59:59+08:00"),
            ("2026-11-19T12:00:00", "2026-11-23T08:00:00", "2026-11-27T23:59:59+08:00"),
            ("2026-11-21T12:00:00", "2026-11-22T08:00:00", "2026-11-25T23:59:59+08:00"),
        ] {
            var life = life()
            life.now = local(from)
            #expect(say(&life, .suspend).status == .accepted)
            #expect(due(life) == nil)
            life.now = local(until)
            #expect(say(&life, .resume).status == .accepted)
            #expect(due(life) == expected, "\(from) to \(until)")
        }
    }

    @Test func whatWasLateStaysLateAfterAPause() {
        var life = life()
        life.now = local("2026-11-27T12:00:00")
        _ = say(&life, .suspend)
        life.now = local("2026-12-07T12:00:00")
        _ = say(&life, .resume)
        #expect(due(life) == "2026-11-25T23:59:59+08:00")
        #expect(life.state.task(TaskID(day: 20_261_118, number: 1))?.clock(.reply)?.isOverdue(at: life.now) == true)
    }

    @Test func anEditOfTheCalendarMovesTheDeadlinesOfWhatIsOpen() {
        var life = life()
        let friday = CivilDate(packed: 20_261_120).map { [$0] } ?? []
        let edited = town(WorkingCalendar(years: [2_026: .init(holidays: Set(friday))])).rules
        life.state.adopt(edited, at: life.now)
        life.rules = edited
        let decision = life.decide(.rules("edited"))
        #expect(due(life) == "2026-11-26T23:59:59+08:00")
        #expect(decision.remarks.map(\.kind) == [.deadlines_moved])
        // The same calendar again moves nothing.
        let same = town(WorkingCalendar(years: [2_026: .init(holidays: Set(friday))])).rules
        life.state.adopt(same, at: life.now)
        life.rules = same
        #expect(life.decide(.rules("same")).remarks.isEmpty)
        // And a restart reckons by the calendar that it finds.
        let rows = life.state.openTasks
        let again = DispatchState(tasks: rows, crews: [], lastTask: nil, rules: town().rules, at: life.now)
        #expect(again.openTasks.first?.clock(.reply)?.due?.rfc3339(in: .shanghai) == "2026-11-25T23:59:59+08:00")
    }

    @Test func aDeadlineBeyondTheCalendarSaysSo() throws {
        var life = Life(town(), .desk("service", limits: [.reply: .workingDays(40)]), from: local(start))
        _ = life.report(nil)
        #expect(life.decisions.last?.remarks.contains { $0.kind == .beyond_calendar } == true)
        let task = try #require(life.state.openTasks.first)
        #expect(String(decoding: task.json(rules: life.rules, at: life.now), as: UTF8.self).contains("\"length_working_days\":40,\"due\":\"2027-01-13T23:59:59+08:00\",\"beyond_calendar\":true"))
        // A limit that ends within it, or runs by the wall clock, says nothing.
        life.routing = [.desk("service", limits: [.reply: .workingDays(5), .contact: .days(80)])]
        _ = life.report(nil)
        #expect(life.decisions.last?.remarks.contains { $0.kind == .beyond_calendar } == false)
    }

    @Test func contactIsAMilestoneAndAcceptsTheTask() {
        var life = life()
        life.now = life.now + .hours(2)
        #expect(say(&life, .contact).status == .accepted)
        let task = life.state.task(TaskID(day: 20_261_118, number: 1))
        #expect(task?.state == .accepted)
        #expect(task?.clock(.contact)?.state == .reached && task?.clock(.reply)?.state == .running)
        #expect(life.decisions.last?.history.map(\.event) == [.accepted, .contacted])
        // Said again it changes nothing.
        #expect(say(&life, .contact).status == .accepted)
        #expect(life.decisions.last?.changes.isEmpty == true)
        life.now = life.now + .hours(1)
        #expect(say(&life, .complete).status == .accepted)
        #expect(life.state.task(TaskID(day: 20_261_118, number: 1))?.clock(.reply)?.reachedAt == life.now)
    }

    @Test func workingHoursRunBetweenOpeningAndClose() {
        let calendar = WorkingCalendar(years: [2_026: .init()], hours: .init(fromMinute: 510, untilMinute: 1_050))
        var life = Life(town(calendar), .desk("service", limits: [.reply: .workingTime(.hours(8))]), from: local("2026-11-20T15:30:00"))
        _ = life.report(nil)
        let id = TaskID(day: 20_261_120, number: 1)
        #expect(life.state.task(id)?.clock(.reply)?.due?.rfc3339(in: .shanghai) == "2026-11-23T14:30:00+08:00")
        life.now = local("2026-11-20T16:30:00")
        _ = life.input(.progress(Progress(task: id, event: .suspend, by: "service")))
        life.now = local("2026-11-24T08:00:00")
        _ = life.input(.progress(Progress(task: id, event: .resume, by: "service")))
        #expect(life.state.task(id)?.clock(.reply)?.due?.rfc3339(in: .shanghai) == "2026-11-24T15:30:00+08:00")
    }
}

import Domain
import Rules
import Testing

@testable import Decisions

/// Small lives, told as transcripts: minutes since the morning, the task's number, what happened, `[crew]`; `→` is a notice.
@Suite struct LivesTests {
    private let three: [LimitName: LimitLength] = [.accept: .minutes(3), .arrive: .minutes(45), .restore: .hours(3)]

    @Test func theNearestCrewGoesOutAndFinishes() {
        var life = Life(Town(crews: [Town.crew("near", km: 2), Town.crew("far", km: 9)]), .nearest(limits: three))
        life.report(0)
        life.pass(minutes: 1)
        life.say(.accept, by: "near")
        life.pass(minutes: 2)
        life.say(.enroute, by: "near")
        life.pass(minutes: 20)
        life.say(.onsite, by: "near")
        life.pass(minutes: 60)
        life.say(.complete, by: "near", outcome: "done")
        #expect(life.task()?.outcome == "done")
        life.pass(minutes: 24 * 60)
        #expect(
            life.read() == [
                "0 1 created", "0 1 dispatched [near]", "0 1 → near dispatched",
                "1 1 accepted by near [near]",
                "3 1 enroute by near [near]",
                "23 1 onsite by near [near]",
                "83 1 completed by near [near]", "83 1 → operations completed",
                "1523 1 closed [near]: not disputed within the configured time",
            ])
        #expect(life.state.openCount == 0)
    }

    @Test func anAcceptLimitThatPassesGoesToTheNextCrewAndThenToTheHead() {
        var life = Life(Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2)]), .nearest(limits: three))
        life.report(0)
        life.pass(minutes: 17)
        #expect(
            life.read() == [
                "0 1 created", "0 1 dispatched [a]", "0 1 → a dispatched",
                "3 1 accept_timeout [a]", "3 1 dispatched [b]", "3 1 → a withdrawn", "3 1 → b dispatched",
                "6 1 accept_timeout [b]", "6 1 all_declined", "6 1 → b withdrawn", "6 1 → u-301 unassigned",
                "16 1 dispatched [a]", "16 1 → a dispatched",
            ])
        life.say(.accept, by: "a")
        life.say(.complete, by: "a")
        #expect(
            life.read() == [
                "17 1 accepted by a [a]", "17 1 enroute by a [a]", "17 1 onsite by a [a]", "17 1 completed by a [a]", "17 1 → operations completed",
            ])
        #expect(life.task()?.limits.map(\.state) == [.reached, .reached, .reached])
    }

    @Test func aRejectionGoesToTheNextAndTheRejectingCrewTakesOtherWork() {
        var life = Life(Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2)]), .nearest(limits: three))
        life.report(0)
        life.report(0)
        life.report(0)
        #expect(life.read().suffix(2) == ["0 3 created", "0 3 queued"])
        life.say(.reject, 1, by: "a")
        #expect(
            life.read() == [
                // Nobody else is free: it waits (b could take it later), and a takes the one that waited.
                "0 1 rejected by a [a]", "0 1 queued", "0 3 dispatched [a]", "0 3 → a dispatched",
            ])
        life.say(.complete, 2, by: "b")
        #expect(life.read().suffix(3) == ["0 1 dispatched [b]", "0 2 → operations completed", "0 1 → b dispatched"])
    }

    @Test func theQueueGivesByPriorityThenDeadlineThenNumber() {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest(limits: [.arrive: .minutes(90)]))
        life.report(0)
        life.report(0)
        life.report(0, at: Town.morning + .minutes(-30))
        life.routing = [.nearest(priority: .high, limits: [.arrive: .minutes(90)])]
        life.report(0)
        life.routing = [.nearest(priority: .low)]
        life.report(0)
        life.routing = [.nearest(priority: .low)]
        life.report(0)
        _ = life.read()
        var order: [Int32] = []
        for _ in 1...6 {
            let had = life.state.openTasks.first { $0.state == .dispatched }!
            order.append(had.id.number)
            life.say(.complete, had.id.number, by: "a")
        }
        // 4 is high; 3 was reported half an hour before 2; 5 and 6 are low and in the order of their numbers.
        #expect(order == [1, 4, 3, 2, 5, 6])
    }

    @Test func aShiftThatBeginsTakesWhatWaitsAndOneThatEndsKeepsWhatItHas() {
        let day = Shift(name: "day", fromMinute: 9 * 60, untilMinute: 17 * 60)
        var life = Life(Town(crews: [Town.crew("day", km: 1, shift: day)]), .nearest())
        life.report(0)
        #expect(life.state.crewsOnDuty == 0)
        life.pass(minutes: 59)
        #expect(life.read() == ["0 1 created", "0 1 queued"])
        life.pass(minutes: 1)
        #expect(life.read() == ["60 1 dispatched [day]", "60 1 → day dispatched"])
        life.pass(minutes: 8 * 60)
        #expect(life.state.crewsOnDuty == 0)
        #expect(life.task()?.crew == CrewID("day"))
        life.say(.complete, by: "day")
        life.report(0)
        #expect(life.task(2)?.state == .queued)
        #expect(life.read().suffix(2) == ["540 2 created", "540 2 queued"])
    }

    @Test func aWordOnDutyEndsWithTheNextChangeOfShift() {
        let day = Shift(name: "day", fromMinute: 9 * 60, untilMinute: 17 * 60)
        var life = Life(Town(crews: [Town.crew("day", km: 1, shift: day), Town.crew("free", km: 1)]), .nearest())
        life.crew("day", on: true)
        life.crew("free", on: false)
        #expect(life.state.crewsOnDuty == 1)
        // 09:00: the shift begins, and the word for it has ended; 17:00: it ends. `free` has no shift: its word holds.
        life.pass(minutes: 60 + 8 * 60 - 1)
        #expect(life.state.crewsOnDuty == 1)
        life.pass(minutes: 1)
        #expect(life.state.crewsOnDuty == 0)
        life.pass(minutes: 3 * 24 * 60)
        #expect(life.state.crews[CrewID("free")]?.duty == false)
        life.crew("free", on: true)
        #expect(life.state.crewsOnDuty == 1)
    }

    @Test func limitsEscalateUpTheLadderEachRungOnce() {
        let ladder = Ladder(
            name: "repair",
            rungs: [
                Rung(percent: 50, tell: .assignee), Rung(percent: 80, tell: .departmentHead), Rung(percent: 100, tell: .role(RoleID("duty_manager"))),
                Rung(percent: 100, tell: .departmentHead), Rung(percent: 120, tell: .role(RoleID("nobody_holds_it"))),
            ])
        var life = Life(
            Town(crews: [Town.crew("a", km: 1)], ladders: ["repair": ladder]),
            .nearest(limits: [.arrive: .minutes(100), .restore: .minutes(10)], escalate: "repair"))
        life.report(0)
        life.say(.accept, by: "a")
        _ = life.read()
        life.pass(minutes: 500)
        #expect(
            life.read() == [
                "50 1 escalated [a]: arrive 50% → assignee a", "50 1 → a escalated arrive 50%",
                "80 1 escalated [a]: arrive 80% → department.head u-301", "80 1 → u-301 escalated arrive 80%",
                "100 1 escalated [a]: arrive 100% → duty_manager u-900", "100 1 escalated [a]: arrive 100% → department.head u-301",
                "100 1 → u-900 escalated arrive 100%", "100 1 → u-301 escalated arrive 100%",
                "120 1 escalated [a]: arrive 120% → nobody_holds_it nobody_holds_it", "120 1 → nobody_holds_it escalated arrive 120%",
            ])
        #expect(life.state.overdueCount(at: life.now) == 1)
        life.say(.onsite, by: "a")
        #expect(life.state.overdueCount(at: life.now) == 0)
        #expect(life.task()?.limits[0].isOverdue(at: life.now) == true, "a limit reached late stays late")
        _ = life.read()
        life.pass(minutes: 6)
        #expect(life.read().first == "505 1 escalated [a]: restore 50% → assignee a")
        life.say(.complete, by: "a")
        #expect(life.task()?.limits[1].isOverdue(at: life.now + .hours(9)) == false)
    }

    @Test func whatPassedWhileTheDaemonWasDownFiresInOrder() {
        let ladder = Ladder(name: "repair", rungs: [Rung(percent: 50, tell: .assignee), Rung(percent: 100, tell: .departmentHead)])
        var life = Life(
            Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2)], ladders: ["repair": ladder]),
            .nearest(limits: [.accept: .minutes(3), .arrive: .minutes(40)], escalate: "repair"))
        life.report(0)
        life.pass(minutes: 1)
        life.report(0)
        life.say(.accept, 2, by: "b")
        _ = life.read()
        life.sleep(minutes: 60)
        #expect(
            life.read() == [
                "61 1 accept_timeout [a]", "61 1 queued",
                "61 1 escalated: arrive 50% → department.head u-301 (nobody has it)",
                "61 2 escalated [b]: arrive 50% → assignee b",
                "61 1 escalated: arrive 100% → department.head u-301",
                "61 2 escalated [b]: arrive 100% → department.head u-301",
                "61 1 → a withdrawn", "61 1 → u-301 escalated arrive 50%", "61 2 → b escalated arrive 50%",
                "61 1 → u-301 escalated arrive 100%", "61 2 → u-301 escalated arrive 100%",
            ])
    }

    @Test func aDeskAcceptsAndCompletesAndItsHeadIsToldOnceWhenItDoesNot() {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .desk("marketing", limits: [.accept: .minutes(10)]))
        life.report(0)
        life.pass(minutes: 600)
        #expect(
            life.read() == [
                "0 1 created", "0 1 dispatched: desk of marketing", "0 1 → marketing dispatched",
                "10 1 accept_timeout: desk of marketing has not accepted; its head u-101 is told", "10 1 → u-101 unassigned accept 100%",
            ])
        #expect(life.task()?.state == .dispatched)
        #expect(life.say(.onsite, by: "marketing").status == .rejected)
        life.say(.complete, by: "marketing")
        #expect(life.read() == ["600 1 accepted by marketing", "600 1 completed by marketing", "600 1 → marketing completed"])
        life.say(.close, by: "caller")
        #expect(life.read() == ["600 1 closed by caller"])
        life.report(0)
        _ = life.read()
        life.say(.reject, 2, by: "marketing")
        life.pass(minutes: 10)
        #expect(
            life.read() == [
                "600 2 rejected by marketing", "600 2 all_declined", "600 2 → u-101 unassigned",
                "610 2 dispatched: desk of marketing", "610 2 → marketing dispatched",
            ])
    }

    @Test func suspendingStopsTheClocksAndTheCrewKeepsTheTask() throws {
        let ladder = Ladder(name: "repair", rungs: [Rung(percent: 100, tell: .departmentHead)])
        var life = Life(Town(crews: [Town.crew("a", km: 1)], ladders: ["repair": ladder]), .nearest(limits: three, escalate: "repair"))
        life.report(0)
        life.say(.accept, by: "a")
        life.pass(minutes: 30)
        life.say(.suspend, by: "a")
        #expect(life.task()?.limits[1].state == .stopped)
        #expect(life.task()?.limits[1].due == nil)
        life.report(0)
        #expect(life.task(2)?.state == .queued, "a suspended task counts against the crew's capacity")
        life.say(.cancel, 2, by: "zhang")
        life.pass(minutes: 120)
        #expect(life.state.overdueCount(at: life.now) == 0)
        #expect(life.say(.complete, by: "a").reason == "T-20261122-1 is suspended: resume it first")
        _ = life.read()
        life.say(.resume, by: "a")
        #expect(life.task()?.state == .accepted)
        #expect(life.task()?.limits[1].due == Town.morning + .minutes(45 + 120))
        life.pass(minutes: 15)
        #expect(life.read().contains("165 1 escalated [a]: arrive 100% → department.head u-301"))
        life.say(.onsite, by: "a")
        life.say(.suspend, by: "zhang")
        life.pass(minutes: 7)
        life.say(.resume, by: "zhang")
        let restore = try #require(life.task()?.limits[2])
        #expect(restore.due == Town.morning + .minutes(165 + 180 + 7))
    }

    @Test func aDutyEngineerAssignsByHand() {
        var life = Life(Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2, skills: ["cable"])]), .nearest(limits: three))
        life.report(0)
        life.report(0)
        _ = life.read()
        #expect(life.say(.assign, 2, by: "zhang", to: "aa").reason == "there is no crew or department 'aa'; did you mean 'a'? (site.yaml, crews: and departments:)")
        life.say(.assign, 2, by: "zhang", to: "a")
        #expect(life.read() == ["0 2 assigned by zhang [a]: a; has 1 of 1 already", "0 2 dispatched by zhang [a]", "0 2 → a dispatched"])
        life.say(.assign, 2, by: "zhang", to: "b")
        #expect(
            life.read() == [
                "0 2 assigned by zhang [b]: b; lacks line", "0 2 dispatched by zhang [b]", "0 2 → a withdrawn", "0 2 → b dispatched",
            ])
        #expect(life.say(.assign, 2, by: "zhang", to: "b").status == .accepted)
        #expect(life.read() == [])
        life.say(.assign, 2, by: "zhang", to: "marketing")
        #expect(
            life.read() == [
                "0 2 assigned by zhang: marketing", "0 2 dispatched by zhang: desk of marketing", "0 2 → b withdrawn", "0 2 → marketing dispatched",
            ])
        life.say(.priority, 2, by: "zhang", priority: .high)
        #expect(life.read() == ["0 2 priority_changed by zhang: normal → high"])
        #expect(life.say(.assign, 1, by: "a", to: "b").status == .rejected)
        #expect(life.say(.accept, 2, by: "b").reason == "T-20261122-2 is with marketing, not with 'b': only its assignee and a duty engineer can change it")
        life.say(.cancel, 1, by: "zhang")
        #expect(life.read() == ["0 1 cancelled by zhang [a]", "0 1 → a withdrawn"])
        #expect(life.state.task(TaskID(day: 20_261_122, number: 1)) == nil)
    }

    @Test func whatADepartmentHadOfATaskStaysItsOwnWhenItIsHandedOver() throws {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest(limits: three))
        life.report(0)
        life.pass(minutes: 1)
        life.say(.accept, by: "a")
        life.pass(minutes: 6)
        life.say(.assign, by: "zhang", to: "marketing")
        let minute: Int64 = 60_000
        func spent(queued: Int64 = 0, dispatched: Int64 = 0, accepted: Int64 = 0, suspended: Int64 = 0) -> TimeSpent {
            var spent = TimeSpent()
            (spent.queued, spent.dispatched, spent.accepted, spent.suspended) = (queued * minute, dispatched * minute, accepted * minute, suspended * minute)
            return spent
        }
        #expect(life.task()?.handed == [HandedTime(department: DepartmentID("operations"), spent: spent(dispatched: 1, accepted: 6))])
        life.pass(minutes: 2)
        // To a crew by hand, and back: the department answers for it all the while.
        life.say(.assign, by: "zhang", to: "a")
        #expect(life.task()?.handed.count == 1)
        life.pass(minutes: 1)
        life.say(.suspend, by: "a")
        life.pass(minutes: 4)
        life.say(.assign, by: "zhang", to: "operations")
        #expect(life.task()?.handed.last == HandedTime(department: DepartmentID("marketing"), spent: spent(dispatched: 3, suspended: 4)))
        life.pass(minutes: 5)
        // It passes it on again: each department once.
        life.say(.assign, by: "zhang", to: "service")
        #expect(life.task()?.handed.map(\.department.rawValue) == ["operations", "marketing"])
        #expect(life.task()?.handed.first?.spent == spent(dispatched: 6, accepted: 6))
        // Passed on at once it had nothing.
        life.say(.assign, by: "zhang", to: "marketing")
        #expect(life.task()?.handed.count == 2)
        life.say(.complete, by: "marketing")
        let row = try #require(life.task())
        #expect(row.spent == spent(dispatched: 9, accepted: 6, suspended: 4) && row.handed.count == 2)
    }

    @Test func aSlipInANameIsNoDutyEngineer() {
        var life = Life(Town(crews: [Town.crew("north-2", km: 1)]), .nearest(limits: three))
        life.report(0)
        let refused = life.say(.cancel, 1, by: "nroth-2")
        #expect(refused.status == .rejected)
        #expect(refused.reason == "there is no crew or department 'nroth-2'; did you mean 'north-2'? (a duty engineer gives the own name)")
        #expect(life.say(.cancel, 1, by: "zhang-wei").status == .accepted)
    }

    @Test func aTaskThatNobodyCanPlaceWaitsForAHand() {
        var life = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest(limits: three))
        life.report(nil)
        #expect(life.task()?.state == .queued)
        #expect(life.decisions.last?.remarks.map(\.kind) == [.place_unknown])
        life.pass(minutes: 60)
        #expect(life.task()?.state == .queued)
        life.say(.assign, by: "zhang", to: "a")
        #expect(life.task()?.crew == CrewID("a"))
    }

    @Test func aCrewThatAReloadRemovesFinishesWhatItHasAndANewOneTakesWhatWaits() {
        var town = Town(crews: [Town.crew("a", km: 1)])
        var life = Life(town, .nearest())
        life.report(0)
        life.report(0)
        town.crews = [Town.crew("b", km: 2), Town.crew("c", km: 1, skills: ["cable"])]
        town.hash = "other"
        life.rules = town.rules
        _ = life.read()
        life.decide(.rules("other"))
        #expect(life.read() == ["0 2 dispatched [b]", "0 2 → b dispatched"])
        #expect(life.say(.accept, 1, by: "a").status == .accepted)
        #expect(life.say(.complete, 1, by: "a").status == .accepted)
        life.report(0)
        #expect(life.task(3)?.state == .queued)
    }

    @Test func numbersRiseWithinADayAndNeverGoBack() {
        var life = Life(Town(), .nearest())
        #expect(life.report(0).tasks.map(\.description) == ["T-20261122-1"])
        life.now = Town.morning + .hours(16) + TimeSpan(milliseconds: -1)
        #expect(life.report(0).tasks.map(\.description) == ["T-20261122-2"])
        life.now = Town.morning + .hours(16)
        #expect(life.report(0).tasks.map(\.description) == ["T-20261123-1"])
        life.now = Town.morning
        #expect(life.report(0).tasks.map(\.description) == ["T-20261123-2"])
    }
}

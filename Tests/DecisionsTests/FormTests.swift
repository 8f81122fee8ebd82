import Domain
import Rules
import Testing

@testable import Decisions

/// The JSON that leaves the mind: a task, and why.
@Suite struct FormTests {
    private func life() -> Life {
        let day = Shift(name: "day", fromMinute: 9 * 60, untilMinute: 17 * 60)
        var routing = Routing.nearest(["live"], within: 5, limits: [.accept: .minutes(3), .arrive: .minutes(45)])
        routing.trace = RouteTrace(
            file: "rules/faults.yaml", line: 23,
            conditions: [
                .init(label: "when", text: "hazard", result: true, values: [.init(name: "report.category", json: "\"no_power\"")])
            ],
            nearMiss: .init(
                rule: "faults.first", file: "rules/faults.yaml", line: 9,
                failed: .init(label: "when", text: "report.site == \"rural\"", result: false, values: [.init(name: "report.site", json: "null")])))
        return Life(
            Town(crews: [
                Town.crew("a-busy", km: 0.5, skills: ["live"]), Town.crew("b-chosen", km: 1, skills: ["live", "line"]),
                Town.crew("c-farther", km: 2, skills: ["live"], capacity: 2), Town.crew("d-cable", km: 0.1, skills: ["cable"]),
                Town.crew("e-asleep", km: 0.2, skills: ["live"], shift: day), Town.crew("f-away", km: 40, skills: ["live"]),
                Town.crew("g-nowhere", km: nil, skills: ["live"]),
            ]), routings: [routing])
    }

    @Test func whyATaskWasMadeAndWhyItWentWhereItWent() {
        var life = life()
        life.report(0.5)
        life.report(0)
        let lines = life.decisions.last!.history
        #expect(lines.map(\.event) == [.created, .dispatched])
        #expect(
            String(decoding: lines[0].why ?? [], as: UTF8.self) == """
                {"rule":"faults.repair","file":"rules/faults.yaml","line":23,\
                "conditions":[{"label":"when","text":"hazard","result":true,"values":{"report.category":"no_power"}}],\
                "near_miss":{"rule":"faults.first","file":"rules/faults.yaml","line":9,\
                "failed":{"label":"when","text":"report.site == \\"rural\\"","result":false,"values":{"report.site":null}}},\
                "place":{"origin":"report","lat":28.0,"lon":120.0},\
                "limits":{"accept":{"seconds":180},"arrive":{"seconds":2700,"due":"2026-11-22T08:45:00+08:00"}}}
                """)
        #expect(
            String(decoding: lines[1].why ?? [], as: UTF8.self) == """
                {"skills":["live"],"within_m":5000,"chosen":"b-chosen","distance_m":1000,"candidates":[\
                {"crew":"d-cable","distance_m":100,"tasks":0,"capacity":1,"verdict":"lacks_skills","lacks":["live"]},\
                {"crew":"e-asleep","distance_m":200,"tasks":0,"capacity":1,"verdict":"off_duty"},\
                {"crew":"a-busy","distance_m":500,"tasks":1,"capacity":1,"verdict":"at_capacity"},\
                {"crew":"b-chosen","distance_m":1000,"tasks":0,"capacity":1,"verdict":"chosen"},\
                {"crew":"c-farther","distance_m":2000,"tasks":0,"capacity":2,"verdict":"farther"},\
                {"crew":"f-away","distance_m":40000,"tasks":0,"capacity":1,"verdict":"out_of_reach"},\
                {"crew":"g-nowhere","tasks":0,"capacity":1,"verdict":"no_position"}],\
                "verdicts":{"chosen":1,"lacks_skills":1,"off_duty":1,"at_capacity":1,"out_of_reach":1,"no_position":1,"farther":1}}
                """)
    }

    @Test func aTaskInJSON() {
        var life = life()
        life.report(0.5)
        let line = life.decisions.last!.history[1]
        #expect(
            String(decoding: life.task()!.json(history: [line], rules: life.rules, at: life.now), as: UTF8.self) == """
                {"id":"T-20261122-1","report_ids":["r-1"],"type":"fault","category":"no_power","task":"repair","rule":"faults.repair",\
                "state":"dispatched","priority":"normal","department":"operations","desk":false,"crew":"a-busy","skills":["live"],"within_m":5000,\
                "place":{"origin":"report","lat":28.004497,"lon":120.0},"customers_out":0,"source":"test",\
                "reported_at":"2026-11-22T08:00:00+08:00","created_at":"2026-11-22T08:00:00+08:00","since":"2026-11-22T08:00:00+08:00",\
                "limits":{"accept":{"length_s":180,"due":"2026-11-22T08:03:00+08:00","state":"running","overdue":false},\
                "arrive":{"length_s":2700,"due":"2026-11-22T08:45:00+08:00","state":"running","overdue":false}},\
                "progress":{"zh":"已派给作业班组，最迟2026年11月22日 08:45。","en":"It was given to a crew, by 22 November 2026 08:45."},\
                "history":[{"at":"2026-11-22T08:00:00+08:00","event":"dispatched","by":"paidan","crew":"a-busy"}]}
                """)
        let late = String(decoding: life.task()!.json(rules: life.rules, at: life.now + .hours(1)), as: UTF8.self)
        #expect(late.contains("\"arrive\":{\"length_s\":2700,\"due\":\"2026-11-22T08:45:00+08:00\",\"state\":\"running\",\"overdue\":true}"))
        #expect(!late.contains("history"))
    }

    @Test func shiftsKeepLocalTimeAcrossClockChanges() {
        // Summer time ends in Berlin on 2026-10-25 at 01:00Z (03:00 becomes 02:00).
        let zone = TimeZoneRules(
            name: "Europe/Berlin", initialOffsetSeconds: 7_200, transitions: [.init(at: Instant(milliseconds: 1_792_890_000_000), offsetSeconds: 3_600)])
        let night = Shift(name: "night", fromMinute: 22 * 60, untilMinute: 6 * 60)
        let evening = Instant(milliseconds: 1_792_872_000_000)  // 22:00 local, 20:00Z
        #expect(night.isOnDuty(at: evening, in: zone) && !night.isOnDuty(at: evening + TimeSpan(milliseconds: -1), in: zone))
        #expect(night.nextChange(after: evening, in: zone) == evening + .hours(9), "the night has an hour more")
        #expect(night.nextChange(after: evening + TimeSpan(milliseconds: -1), in: zone) == evening)
        #expect(!night.isOnDuty(at: evening + .hours(9), in: zone) && night.isOnDuty(at: evening + .hours(9) + TimeSpan(milliseconds: -1), in: zone))
        let always = Shift(name: "all", fromMinute: 0, untilMinute: 1_440)
        #expect(always.isOnDuty(at: evening, in: zone) && always.nextChange(after: evening, in: zone) == nil)
    }
}

import API
import Domain
import Testing

@testable import paidan

/// Pages as a duty engineer sees them, whole.
@Suite("Pages of the command line")
struct PageTests {
    private let plain = Terminal(isTerminal: false) { _ in nil }
    private let now = Instant(milliseconds: 1_795_393_800_000)  // 2026-11-23T08:30:00+08:00

    private static let task = """
        {"id":"T-20261123-17","report_ids":["95598-1"],"type":"fault","category":"line_down","task":"make_safe","rule":"faults.hazard-first",
        "state":"enroute","priority":"emergency","department":"operations","desk":false,"crew":"north-2","skills":["live_line"],"within_m":40000,
        "place":{"origin":"transformer","lat":28.01,"lon":120.65,"district":"lucheng","transformer":"T-901"},"customers_out":86,"source":"95598",
        "reported_at":"2026-11-23T08:15:00+08:00","created_at":"2026-11-23T08:15:02+08:00","since":"2026-11-23T08:18:00+08:00",
        "limits":{"accept":{"length_s":180,"due":"2026-11-23T08:18:02+08:00","state":"reached","overdue":false,"reached_at":"2026-11-23T08:16:00+08:00"},
        "arrive":{"length_s":2700,"due":"2026-11-23T09:00:00+08:00","state":"running","overdue":false},
        "restore":{"length_s":10800,"state":"waiting","overdue":false}},"escalate":"repair",
        "history":[{"at":"2026-11-23T08:15:02+08:00","event":"created","by":"paidan","department":"operations"},
        {"at":"2026-11-23T08:15:02+08:00","event":"dispatched","by":"paidan","crew":"north-2"},
        {"at":"2026-11-23T08:16:00+08:00","event":"accepted","by":"north-2","crew":"north-2"},
        {"at":"2026-11-23T08:17:00+08:00","event":"priority_changed","by":"lin","crew":"north-2","note":"high → emergency"}]}
        """

    @Test("a list of tasks: who has it, where, and the limit that ends next")
    func tasks() throws {
        let queued = """
            {"id":"T-20261122-3","type":"fault","category":"no_power","task":"repair","state":"queued","priority":"normal","department":"operations",
            "desk":false,"place":{"origin":"unknown"},"since":"2026-11-22T23:10:00+08:00","created_at":"2026-11-22T23:10:00+08:00",
            "limits":{"arrive":{"length_s":2700,"due":"2026-11-22T23:55:00+08:00","state":"running","overdue":true}}}
            """
        let lines = TaskTable.lines([try JSONValue.parse(Self.task), try JSONValue.parse(queued)], now: now, on: plain)
        #expect(lines == [
            "TASK           PRIORITY   STATE    CATEGORY   WITH       WHERE          AGE  NEXT LIMIT",
            "T-20261123-17  emergency  enroute  line_down  north-2    lucheng     14 min  arrive 09:00",
            "T-20261122-3   normal     queued   no_power   (operati…  place unk…  9 h 20  arrive 11-22 23:55 late",
        ])
    }

    @Test("no tasks is said in words")
    func none() { #expect(TaskTable.lines([], now: now, on: plain) == ["no tasks"]) }

    @Test("one task, its limits and what happened to it")
    func task() throws {
        let lines = TaskPage.lines(try JSONValue.parse(Self.task), now: now, on: plain)
        #expect(lines == [
            "T-20261123-17  enroute  emergency  make_safe: fault line_down",
            "  with        north-2",
            "  reports     95598-1 from 95598",
            "  reported    08:15, 86 customers out",
            "  rule        faults.hazard-first",
            "  place       28.01, 120.65, district lucheng, transformer T-901, found by the transformer",
            "  accept      3 min, by 08:18, reached 08:16",
            "  arrive      45 min, by 09:00",
            "  restore     3 h 00, not running yet",
            "",
            "  08:15        created",
            "  08:15        dispatched north-2",
            "  08:16        accepted north-2",
            "  08:17        priority changed north-2 by lin: high → emergency",
        ])
    }

    @Test("why a task went where it went")
    func explain() throws {
        let page = """
            {"task":\(Self.task),"decisions":[
            {"at":"2026-11-23T08:15:02+08:00","event":"created","by":"paidan","why":{"rule":"faults.hazard-first","file":"faults.yaml","line":41,
            "conditions":[{"label":"takes","text":"report.type == \\"fault\\"","result":true,"values":{"report.type":"fault"}},
            {"label":"when","text":"hazard","result":true,"values":{}},
            {"label":"hazard","text":"report.category in [\\"line_down\\"]","result":true,"values":{"report.category":"line_down"}}],
            "near_miss":{"rule":"faults.known","file":"faults.yaml","line":30,"failed":{"label":"when","text":"report.voltage == \\"high\\"","result":false,
            "values":{"report.voltage":null}}},
            "place":{"origin":"report","lat":28.01,"lon":120.65},"limits":{"accept":{"seconds":180},"arrive":{"seconds":2700,"due":"2026-11-23T09:00:00+08:00"}}}},
            {"at":"2026-11-23T08:15:02+08:00","event":"dispatched","by":"paidan","crew":"north-2","why":{"skills":["live_line"],"within_m":40000,"chosen":"north-2",
            "candidates":[{"crew":"north-1","distance_m":901,"tasks":1,"capacity":1,"verdict":"at_capacity"},
            {"crew":"north-2","distance_m":1234,"tasks":0,"capacity":1,"verdict":"chosen"},
            {"crew":"south-1","distance_m":1800,"tasks":0,"capacity":1,"verdict":"lacks_skills","lacks":["live_line"]}],
            "verdicts":{"chosen":1,"lacks_skills":84,"at_capacity":12,"farther":3}}}]}
            """
        let lines = ExplainPage.lines(try JSONValue.parse(page), on: plain)
        #expect(lines == [
            "T-20261123-17  make_safe: fault line_down, emergency, now enroute with north-2",
            "",
            "11-23 08:15  made by the rule faults.hazard-first (faults.yaml:41)",
            "  takes      report.type == \"fault\"",
            "             holds, report.type is \"fault\"",
            "  when       hazard",
            "             holds",
            "  hazard     report.category in [\"line_down\"]",
            "             holds, report.category is \"line_down\"",
            "  nearest    faults.known (faults.yaml:30) came nearest, and missed:",
            "    when       report.voltage == \"high\"",
            "               does not hold, report.voltage is not given",
            "  place      28.01, 120.65, as reported",
            "  accept     3 min from when somebody is told",
            "  arrive     45 min, by 11-23 09:00",
            "",
            "11-23 08:15  sent to north-2",
            "  wanted     a crew with live_line, within 40 km",
            "    CREW     DISTANCE  IN HAND  WHY, OR WHY NOT",
            "    north-1     901 m      1/1  has its hands full",
            "  > north-2    1.2 km      0/1  goes: the nearest that can",
            "    south-1    1.8 km      0/1  lacks live_line",
            "  all 100    1 goes, 84 lack a skill, 12 have their hands full, 3 farther away",
        ])
        #expect(lines.allSatisfy { Cells.width(of: $0) <= 100 })
    }

    @Test("what came of a report: what its caller was told, where it was moved to, and what was remarked")
    func report() throws {
        let answered = """
            {"receipt":{"id":"r-7","source":"95598","status":"accepted","tasks":[],"rule":"faults.unpaid","remarks":["customer '330' is not known"],
            "answer":{"zh":"该户欠费停电，缴费后24小时内复电。","en":"Supply is cut off for an unpaid bill; it is back within 24 hours of the payment."}},"tasks":[]}
            """
        #expect(ReportPage.lines("r-7", try JSONValue.parse(answered), now: now, on: plain) == [
            "r-7 from 95598: faults.unpaid",
            "  answered    该户欠费停电，缴费后24小时内复电。",
            "              Supply is cut off for an unpaid bill; it is back within 24 hours of the payment.",
            "  remark      customer '330' is not known",
        ])
        let moved = """
            {"receipt":{"id":"r-8","source":"95598","status":"accepted","tasks":["T-20261123-1"],"rule":"faults.same-transformer"},
            "moved_to":"T-20261123-17","tasks":[\(Self.task)]}
            """
        let lines = ReportPage.lines("r-8", try JSONValue.parse(moved), now: now, on: plain)
        #expect(lines[1] == "  moved       to T-20261123-17 by hand; its receipt says T-20261123-1")
        #expect(lines[2].hasPrefix("T-20261123-17  enroute"))
    }

    @Test("a place that nobody knows is said in words")
    func placeUnknown() throws {
        let page = try JSONValue.parse(
            #"""
            {"task":{"id":"T-20261123-1"},"decisions":[{"at":"2026-11-23T08:15:00+08:00","event":"queued","why":{"skills":[],
            "candidates":[{"crew":"north-1","verdict":"place_unknown"}],"verdicts":{"place_unknown":3,"off_duty":2}}}]}
            """#)
        let lines = ExplainPage.lines(page, on: Terminal(isTerminal: false, environment: { _ in nil }))
        #expect(lines.contains { $0.contains("north-1") && $0.hasSuffix("nobody knows where the task is") })
        #expect(lines.contains("  all 5      3 could go, but nobody knows where the task is, 2 off duty"))
    }

    @Test("the crews' table tells the place, and cuts nothing for a program")
    func crews() throws {
        let tasks = (1...12).map { "\"T-20261123-\($0)\"" }.joined(separator: ",")
        let crews = try [
            #"{"crew":"a","name":"A","department":"d","on_duty":true,"capacity":20,"load":12,"tasks":[\#(tasks)],"skills":["x"],"place":{"lat":28,"lon":120.654321,"origin":"position"}}"#,
            #"{"crew":"b","name":"B","department":"d","on_duty":false,"tasks":[],"skills":[],"place":{"lat":28,"lon":120,"origin":"base"}}"#,
            #"{"crew":"c","name":"C","department":"d","on_duty":false,"tasks":[],"skills":[]}"#,
        ].map { try JSONValue.parse($0) }
        let lines = CrewTable.lines(crews, on: Terminal(isTerminal: false, environment: { _ in nil }))
        #expect(lines[1].contains("  28.0,120.6543  ") && lines[1].contains("T-20261123-1 T-20261123-2") && lines[1].contains("T-20261123-12  x"))
        #expect(lines[2].contains("  base  ") && lines[3].contains("  ?  "))
        #expect(CrewTable.lines(crews, on: Terminal(isTerminal: true, environment: { _ in "1" })).allSatisfy { Cells.width(of: $0) <= 100 })
    }

    @Test("distances and lengths of time as people say them")
    func words() {
        #expect([0, 999, 1_000, 1_234, 9_960, 40_000, 99_960, 123_456].map(kilometres) == ["0 m", "999 m", "1 km", "1.2 km", "10 km", "40 km", "100 km", "123 km"])
        #expect([5, 60, 3_599, 3_600, 10_860, 172_800].map { Times.length(seconds: $0) } == ["5 s", "1 min", "59 min", "1 h 00", "3 h 01", "2 d"])
        #expect(Times.today(like: "2026-11-23T08:15:00+08:00", now: now) == "2026-11-23")
        #expect(Times.today(like: "2026-11-22T16:30:00Z", now: now) == "2026-11-23")
        #expect(Times.short("2026-11-22T23:55:00+08:00", today: "2026-11-23") == "11-22 23:55")
    }

    @Test("a path's segment carries any name")
    func escaped() { #expect(DaemonCalls.escaped("城北/二班 a?") == "%E5%9F%8E%E5%8C%97%2F%E4%BA%8C%E7%8F%AD%20a%3F") }

    @Test("what the daemon says about a refusal is passed on in its own words, anything else with its status")
    func faults() {
        let told = DaemonCalls.fault(status: 507, Array(#"{"error":{"what":"a","why":"b","do":"c"}}"#.utf8))
        #expect(told.description == "a: b; c")
        #expect(DaemonCalls.fault(status: 500, Array("oops\nmore".utf8)).description.hasPrefix("the daemon answered 500: oops more; "))
    }
}

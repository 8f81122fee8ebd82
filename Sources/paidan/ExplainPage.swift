import Domain

/// `paidan explain TASK`: a page that a duty engineer reads top to bottom. First why there is a task at all, then, for each
/// time that somebody was looked for, who could have come and why that one went.
///
/// Reads `{"task":{…},"decisions":[{"at","event","by","crew","department","note","why":{…}},…]}`; the forms of `why` are those of
/// Decisions/Explanation.swift; an assignment by hand has none.
struct ExplainPage {
    private let terminal: Terminal
    private var lines: [String] = []

    static func lines(_ page: JSONValue, on terminal: Terminal) -> [String] {
        var writer = ExplainPage(terminal: terminal)
        writer.write(page)
        return writer.lines
    }

    private init(terminal: Terminal) { self.terminal = terminal }

    private mutating func write(_ page: JSONValue) {
        let task = page["task"] ?? .null
        let holder = TaskTable.holder(task)
        lines.append(
            "\(terminal.paint(task.text("id"), .bold))  \(task.text("task")): \(task.text("type")) \(task.text("category")), "
                + "\(terminal.paint(task.text("priority"), Look.priority(task.text("priority")))), now \(task.text("state")) with \(holder)")
        for decision in page["decisions"]?.array ?? [] {
            guard let why = decision["why"] else {
                lines.append("")
                heading("\(time(decision))  assigned by hand: \(decision.text("by"))")
                row("to", decision["note"]?.string ?? decision["crew"]?.string ?? decision.text("department"))
                continue
            }
            lines.append("")
            if decision.text("event") == "created" { created(decision, why) } else { searched(decision, why) }
        }
    }

    private mutating func heading(_ text: String) { lines.append(terminal.paint(Cell(text).text, .bold)) }

    private mutating func row(_ name: String, _ text: String, indent: Int = 2, style: Terminal.Style? = nil) {
        let width = 11
        for (i, line) in Cells.wrapped(Cell(text).text, to: Table.cellsMax - indent - width).enumerated() {
            lines.append(String(repeating: " ", count: indent) + Cells.padded(i == 0 ? name : "", to: width) + terminal.paint(line, style))
        }
    }

    private func time(_ decision: JSONValue) -> String { Times.short(decision.text("at"), today: nil) }

    // MARK: Why there is a task

    private mutating func created(_ decision: JSONValue, _ why: JSONValue) {
        heading("\(time(decision))  made by the rule \(why.text("rule"))\(Self.source(why))")
        if why.text("rule") == "fallback" { row("", "No rule takes this report: the fallback department looks at it.") }
        for condition in why["conditions"]?.array ?? [] { self.condition(condition) }
        if let miss = why["near_miss"] {
            row("nearest", "\(miss.text("rule"))\(Self.source(miss)) came nearest, and missed:")
            if let failed = miss["failed"] { condition(failed, indent: 4) }
        }
        if let place = why["place"] { row("place", TaskPage.describe(place)) }
        for limit in why["limits"]?.object ?? [] {
            let length = Times.limit(limit.value)
            let due = limit.value["due"]?.string.map { ", by \(Times.short($0, today: nil))" } ?? ""
            row(limit.key, "\(length)\(due)\(due.isEmpty ? Self.start(of: limit.key) : "")")
        }
    }

    private static func source(_ why: JSONValue) -> String {
        guard let file = why["file"]?.string, let line = why["line"]?.int else { return "" }
        return " (\(file):\(line))"
    }

    /// When a limit that has no deadline yet begins to run.
    private static func start(of limit: String) -> String {
        switch LimitName(rawValue: limit) {
        case .accept: " from when somebody is told"
        case .restore: " from arrival"
        case .contact, .arrive, .reply, .stage, .total, nil: ""
        }
    }

    private mutating func condition(_ condition: JSONValue, indent: Int = 2) {
        let holds = condition["result"]?.bool ?? false
        let values = (condition["values"]?.object ?? []).map { "\($0.key) is \($0.value.isNull ? "not given" : $0.value.text)" }
        row(condition.text("label"), condition.text("text"), indent: indent)
        row("", ([holds ? "holds" : "does not hold"] + values).joined(separator: ", "), indent: indent, style: holds ? .green : .yellow)
    }

    // MARK: Who could have come

    /// An award: whose turn it was.
    private mutating func awarded(_ decision: JSONValue, _ why: JSONValue) {
        let byHand = why["by_hand"]?.string.map { ", by hand: \($0)" } ?? ""
        if let chosen = why["chosen"]?.string {
            heading("\(time(decision))  given to \(chosen)\(byHand)")
        } else {
            heading("\(time(decision))  no contractor can have it")
        }
        if let note = decision["note"]?.string { row("note", note) }
        let licence = why["licence"]?.string.map { ", licence \($0) of level \(why["level"]?.int ?? 0)" } ?? ""
        row("wanted", "works \(why.text("works"))\(licence)")
        var table = Table(columns: [
            .init(title: "  CONTRACTOR", shrinksTo: 12), .init(title: "TIER"), .init(title: "RATING", right: true), .init(title: "SHARE", right: true),
            .init(title: "TURN", right: true), .init(title: "WHY, OR WHY NOT", shrinksTo: 20),
        ])
        for one in why["contractors"]?.array ?? [] {
            let isChosen = one.text("verdict") == "chosen"
            table.rows.append([
                Cell((isChosen ? "> " : "  ") + one.text("contractor"), isChosen ? .green : nil), Cell(one.text("tier")), Cell(one["rating"]?.double.map { "\($0)" } ?? "-"),
                Cell("\(one["share"]?.int ?? 0)"), Cell(one["turn"]?.text ?? ""), Cell(Self.saidOfContractor(one.text("verdict"), byHand: why["by_hand"] != nil), isChosen ? .green : nil),
            ])
        }
        lines += table.lines(on: terminal, cells: Table.cellsMax - 2).map { "  " + $0 }
    }

    private static func saidOfContractor(_ verdict: String, byHand: Bool) -> String {
        switch verdict {
        case "chosen": byHand ? "has it: given by hand" : "has it: it was its turn"
        case "other_works": "does other works"
        case "no_licence": "has no valid licence for it"
        case "excluded": "is excluded"
        case "suspended": "is suspended"
        case "no_share": "its tier has no share"
        case "declined": "has declined it, or did not answer"
        case "later": "could have it, but its turn comes later"
        default: verdict
        }
    }

    private mutating func searched(_ decision: JSONValue, _ why: JSONValue) {
        if why["contractors"] != nil { return awarded(decision, why) }
        let crew = decision["crew"]?.string ?? why["chosen"]?.string ?? ""
        switch HistoryWord(decision.text("event")) {
        case .dispatched:
            let byHand = why["by_hand"]?.string.map { ", by hand: \($0)" } ?? ""
            heading("\(time(decision))  sent to \(crew)\(byHand)")
        case .queued: heading("\(time(decision))  nobody could go: it waits in the queue")
        case .allDeclined: heading("\(time(decision))  everybody who could go has declined")
        case .other(let event): heading("\(time(decision))  \(event)")
        }
        if let note = decision["note"]?.string { row("note", note) }
        let skills = (why["skills"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
        let reach = why["within_m"]?.int.map { "within \(kilometres(Int($0)))" } ?? "at any distance"
        row("wanted", "\(skills.isEmpty ? "any crew" : "a crew with \(skills)"), \(reach)")
        let candidates = why["candidates"]?.array ?? []
        if !candidates.isEmpty { candidatesTable(candidates, byHand: why["by_hand"] != nil) }
        let verdicts = why["verdicts"]?.object ?? []
        let all = verdicts.reduce(0) { $0 + ($1.value.int ?? 0) }
        if all > candidates.count {
            row("all \(all)", verdicts.compactMap { v in v.value.int.map { "\($0) \(Self.counted(v.key))" } }.joined(separator: ", "))
        }
    }

    private enum HistoryWord {
        case dispatched, queued, allDeclined
        case other(String)

        init(_ event: String) {
            switch event {
            case "dispatched": self = .dispatched
            case "queued": self = .queued
            case "all_declined": self = .allDeclined
            default: self = .other(event)
            }
        }
    }

    private mutating func candidatesTable(_ candidates: [JSONValue], byHand: Bool) {
        var table = Table(columns: [
            .init(title: "  CREW", shrinksTo: 12), .init(title: "DISTANCE", right: true), .init(title: "IN HAND", right: true),
            .init(title: "WHY, OR WHY NOT", shrinksTo: 20),
        ])
        for candidate in candidates {
            let verdict = candidate.text("verdict")
            let isChosen = verdict == "chosen"
            let lacks = (candidate["lacks"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            table.rows.append([
                Cell((isChosen ? "> " : "  ") + candidate.text("crew"), isChosen ? .green : nil),
                Cell(candidate["distance_m"]?.int.map { kilometres(Int($0)) } ?? "?"),
                Cell("\(candidate["tasks"]?.int ?? 0)/\(candidate["capacity"]?.int ?? 1)"),
                Cell(
                    isChosen && byHand ? "goes: sent by hand" + (lacks.isEmpty ? "" : ", though it lacks \(lacks)") : Self.said(verdict, lacks: lacks),
                    isChosen ? .green : nil),
            ])
        }
        lines += table.lines(on: terminal, cells: Table.cellsMax - 2).map { "  " + $0 }
    }

    /// Of one crew.
    private static func said(_ verdict: String, lacks: String) -> String {
        switch verdict {
        case "chosen": "goes: the nearest that can"
        case "lacks_skills": lacks.isEmpty ? "lacks a skill" : "lacks \(lacks)"
        case "off_duty": "off duty"
        case "declined": "has declined it, or did not answer"
        case "at_capacity": "has its hands full"
        case "out_of_reach": "out of reach"
        case "no_position": "nobody knows where it is"
        case "place_unknown": "nobody knows where the task is"
        case "farther": "could go, but is farther away"
        default: verdict
        }
    }

    /// Of so many crews.
    private static func counted(_ verdict: String) -> String {
        switch verdict {
        case "chosen": "goes"
        case "lacks_skills": "lack a skill"
        case "off_duty": "off duty"
        case "declined": "declined"
        case "at_capacity": "have their hands full"
        case "out_of_reach": "out of reach"
        case "no_position": "without a position"
        case "place_unknown": "could go, but nobody knows where the task is"
        case "farther": "farther away"
        default: verdict
        }
    }
}

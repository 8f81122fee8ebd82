import Decisions
import Domain

/// `paidan cases`.
enum CaseTable {
    static func lines(_ cases: [JSONValue], now: Instant, on terminal: Terminal) -> [String] {
        guard !cases.isEmpty else { return ["no cases"] }
        let today = Times.today(like: cases.first?["created_at"]?.string, now: now)
        var table = Table(columns: [
            .init(title: "CASE"), .init(title: "STATE"), .init(title: "PROCESS", shrinksTo: 12), .init(title: "CUSTOMER", shrinksTo: 8),
            .init(title: "STAGES", right: true), .init(title: "NOW", shrinksTo: 14), .init(title: "AGE", right: true), .init(title: "DUE"),
        ])
        for one in cases {
            let stages = one["stages"]?.array ?? []
            let past = stages.count { $0.text("state") == "done" || $0.text("state") == "skipped" }
            let isPast = CaseState(rawValue: one.text("state"))?.isFinal ?? false
            let open = isPast ? [] : stages.filter { $0.text("state") == "open" }.map { $0.text("name") }
            let missing = (one["missing"]?.array ?? []).count
            let total = one["limits"]?["total"]
            let standing = open.isEmpty ? (missing > 0 ? "\(missing) document\(missing == 1 ? "" : "s") missing" : "") : open.joined(separator: ", ")
            table.rows.append([
                Cell(one.text("id"), .bold), Cell(one.text("state"), style(one.text("state"))), Cell(one.text("process")), Cell(one.text("customer")),
                Cell("\(past)/\(stages.count)"), Cell(standing),
                Cell((try? Instant(rfc3339: one.text("created_at"))).map { Times.length(now - $0) } ?? ""),
                Cell(total?["due"]?.string.map { Times.short($0, today: today) + (total?["overdue"]?.bool == true ? " late" : "") } ?? (total?.text("state") == "stopped" ? "stopped" : ""), total?["overdue"]?.bool == true ? .red : nil),
            ])
        }
        return table.lines(on: terminal)
    }

    static func style(_ state: String) -> Terminal.Style? {
        switch CaseState(rawValue: state) {
        case .open: .cyan
        case .suspended, .withdrawn: .faint
        case .completed: .green
        case nil: nil
        }
    }
}

/// `paidan case CASE`.
enum CasePage {
    static func lines(_ one: JSONValue, now: Instant, on terminal: Terminal) -> [String] {
        let today = Times.today(like: one["created_at"]?.string, now: now)
        func time(_ value: JSONValue, _ key: String) -> String { Times.short(value.text(key), today: today) }
        let title = [one["zh"]?.string, one["en"]?.string].compactMap { $0 }.joined(separator: " · ")
        var lines = [
            "\(terminal.paint(one.text("id"), .bold))  \(terminal.paint(one.text("state"), CaseTable.style(one.text("state"))))  \(title.isEmpty ? one.text("process") : title)"
        ]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            for (i, line) in Cells.wrapped(text, to: Table.cellsMax - 14).enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 12) + line) }
        }
        if let progress = one["progress"] {
            row("progress", progress.text("zh"))
            row("", progress.text("en"))
        }
        row("process", "\(one.text("process")), \(one.text("plan"))")
        row("application", "\(one.text("application")) from \(one.text("source")), \(time(one, "created_at"))")
        row("customer", one.text("customer") + (one["account_manager"]?.string.map { ", account manager \($0)" } ?? ""))
        row("place", TaskPage.describe(one["place"]))
        row("documents", (one["documents"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        row("missing", (one["missing"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        if let total = one["limits"]?["total"] { row("total", TaskPage.describe(total, today: today)) }
        lines.append("")
        var table = Table(columns: [
            .init(title: "STAGE", shrinksTo: 14), .init(title: "STATE"), .init(title: "WITH", shrinksTo: 10), .init(title: "TASK"), .init(title: "BEGUN"), .init(title: "DUE OR DONE"),
        ])
        for stage in one["stages"]?.array ?? [] {
            // Suspended with the case or by itself; gone with the case.
            var state = stage.text("state")
            if state == "open" {
                if one.text("state") == "withdrawn" { state = "withdrawn" }
                if one.text("state") == "suspended" || stage.text("task_state") == "suspended" { state = "suspended" }
            }
            let rounds = stage["rounds"]?.int ?? 0
            let with = stage.text("with")
            let holder = with == "customer" ? "customer" : with == "department" ? stage.text("department") : with.split(separator: "_").joined(separator: " ")
            let end = state == "open"
                ? stage["due"]?.string.map { "by \(Times.short($0, today: today))\(stage["overdue"]?.bool == true ? ", late" : "")" } ?? ""
                : state == "done" || state == "skipped" ? time(stage, "since") : ""
            table.rows.append([
                // The code is what commands and rules want, the name what people say.
                Cell([stage.text("name"), stage["zh"]?.string ?? stage["en"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: " ")),
                Cell(state + (rounds > 1 ? " (round \(rounds))" : ""), state == "open" ? .cyan : state == "done" ? .green : .faint), Cell(holder), Cell(stage.text("task")),
                Cell(time(stage, "begun_at")), Cell([end, stage["outcome"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ", "), stage["overdue"]?.bool == true ? .red : nil),
            ])
        }
        lines += table.lines(on: terminal)
        let next = (one["next"]?.array ?? []).compactMap(\.string)
        if !next.isEmpty {
            lines.append("")
            row("next", next.joined(separator: ", "))
        }
        let history = one["history"]?.array ?? []
        if !history.isEmpty { lines.append("") }
        for line in history {
            var text = line.text("event").split(separator: "_").joined(separator: " ")
            if let task = line["task"]?.string { text = "\(task) \(text)" }
            if let crew = line["crew"]?.string { text += " \(crew)" }
            let by = line.text("by")
            if by != "paidan", by != line["crew"]?.string { text += " by \(by)" }
            if let note = line["note"]?.string { text += ": \(note)" }
            lines.append("  " + Cells.padded(terminal.paint(time(line, "at"), .faint), to: 13) + Cell(text).text)
        }
        return lines
    }
}

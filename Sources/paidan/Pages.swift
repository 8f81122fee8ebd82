import Domain
import Glibc

/// The wall clock, for "late by" in what is shown.
func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
}

/// Times as a duty engineer reads them: `08:15` today, `11-21 08:15` else; a length as `12 min` or `3 h 05`.
enum Times {
    /// - Parameter text: RFC 3339 with the utility's own offset, as the daemon writes it.
    static func short(_ text: String, today: String?) -> String {
        guard text.utf8.count >= 16, text.utf8.dropFirst(10).first == UInt8(ascii: "T") else { return text }
        let clock = String(text.dropFirst(11).prefix(5))
        return today == String(text.prefix(10)) ? clock : day(text, today) + " " + clock
    }

    /// Another year is said.
    private static func day(_ text: String, _ today: String?) -> Substring {
        today.map { $0.prefix(4) == text.prefix(4) } ?? true ? text.dropFirst(5).prefix(5) : text.prefix(10)
    }

    /// The local date in the offset that `text` carries, at `now`.
    static func today(like text: String?, now: Instant) -> String? {
        guard let text, text.count >= 20 else { return nil }
        let minutes: Int64
        if text.hasSuffix("Z") {
            minutes = 0
        } else {
            let offset = text.suffix(6)
            guard let hours = Int64(offset.dropFirst().prefix(2)), let rest = Int64(offset.suffix(2)) else { return nil }
            minutes = (hours * 60 + rest) * (offset.first == "-" ? -1 : 1)
        }
        return String((now + .minutes(minutes)).rfc3339().prefix(10))
    }

    static func length(_ span: TimeSpan) -> String {
        let seconds = abs(span.milliseconds) / 1_000
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3_600: return "\(seconds / 60) min"
        case ..<(48 * 3_600): return "\(seconds / 3_600) h \(String(100 + seconds % 3_600 / 60).dropFirst())"
        default: return "\(seconds / 86_400) d"
        }
    }

    static func length(seconds: Int64) -> String { length(.seconds(seconds)) }

    /// A limit's length: `45 min`, `22 working days`. Of a task's JSON, or of an explanation's.
    static func limit(_ limit: JSONValue) -> String {
        if let days = (limit["length_working_days"] ?? limit["working_days"])?.int { return LimitLength.workingDays(Int(days)).text }
        if let seconds = (limit["length_working_s"] ?? limit["working_s"])?.int { return LimitLength.workingTime(.seconds(seconds)).text }
        return (limit["length_s"] ?? limit["seconds"])?.int.map { length(seconds: $0) } ?? ""
    }
}

extension JSONValue {
    /// The text of a key, "" where there is none.
    func text(_ key: String) -> String { self[key]?.string ?? "" }
}

/// What colour a state or a priority has, the same everywhere.
enum Look {
    static func priority(_ name: String) -> Terminal.Style? {
        switch Priority(rawValue: name) {
        case .emergency: .alarm
        case .high: .yellow
        case .normal, nil: nil
        case .low: .faint
        }
    }

    static func state(_ name: String) -> Terminal.Style? {
        switch TaskState(rawValue: name) {
        case .queued: .yellow
        case .dispatched, .accepted, .enroute: .cyan
        case .onsite: .blue
        case .suspended: .faint
        case .completed: .green
        case .closed, .cancelled, .merged: .faint
        case nil: nil
        }
    }
}

/// `paidan tasks`.
enum TaskTable {
    /// - Parameter department: whose look it is: closes with what it has open, due and overdue.
    static func lines(_ tasks: [JSONValue], department: String? = nil, now: Instant, on terminal: Terminal) -> [String] {
        guard !tasks.isEmpty else { return ["no tasks"] }
        let today = Times.today(like: tasks.first?["created_at"]?.string, now: now)
        var table = Table(columns: [
            .init(title: "TASK"), .init(title: "PRIORITY"), .init(title: "STATE"), .init(title: "CATEGORY", shrinksTo: 8),
            .init(title: "WITH", shrinksTo: 8), .init(title: "WHERE", shrinksTo: 6), .init(title: "AGE", right: true), .init(title: "NEXT LIMIT"),
        ])
        for task in tasks {
            let limit = nextLimit(task)
            let isLate = limit?.isLate ?? false
            table.rows.append([
                Cell(task.text("id"), .bold), Cell(task.text("priority"), Look.priority(task.text("priority"))),
                Cell(task.text("state"), Look.state(task.text("state"))), Cell(task["case"] == nil ? task.text("category") : task.text("task")), Cell(holder(task)), Cell(place(task["place"])),
                Cell((try? Instant(rfc3339: task.text("created_at"))).map { Times.length(now - $0) } ?? ""),
                Cell(limit.map { "\($0.name) \(Times.short($0.due, today: today))\(isLate ? " late" : "")" } ?? "", isLate ? .red : nil),
            ])
        }
        return table.lines(on: terminal) + (department.map { ["", summary(tasks, of: $0, now: now, on: terminal)] } ?? [])
    }

    /// `operations: 12 open, 3 due within 24 h, 2 overdue; 1 more of other departments concerns it`
    static func summary(_ tasks: [JSONValue], of department: String, now: Instant, on terminal: Terminal) -> String {
        let open = tasks.filter { task in
            task.text("department") == department && TaskState(rawValue: task.text("state")).map { !$0.isFinal && $0 != .completed } ?? false
        }
        var due = 0
        var overdue = 0
        for task in open {
            guard let limit = nextLimit(task) else { continue }
            if limit.isLate { overdue += 1 } else if let at = try? Instant(rfc3339: limit.due), at <= now + .minutes(24 * 60) { due += 1 }
        }
        let others = tasks.count { $0.text("department") != department }
        let late = overdue == 0 ? "none overdue" : terminal.paint("\(overdue) overdue", .red)
        return "\(department): \(open.count) open, \(due) due within 24 h, \(late)"
            + (others == 0 ? "" : "; \(others) more of other departments concern\(others == 1 ? "s" : "") it")
    }

    /// Who has it: the crew; `(department)` while it waits in that queue; the desk.
    static func holder(_ task: JSONValue) -> String {
        if let crew = task["crew"]?.string { return crew }
        if let contractor = task["contractor"]?.string { return contractor }
        let department = task.text("department")
        return task["desk"]?.bool == true ? "\(department) desk" : "(\(department))"
    }

    static func place(_ place: JSONValue?) -> String {
        guard let place else { return "" }
        return place["district"]?.string ?? place["transformer"]?.string ?? place["feeder"]?.string
            ?? place["lat"].flatMap { lat in place["lon"].map { "\(lat.text),\($0.text)" } } ?? "place unknown"
    }

    /// The running limit that ends first.
    static func nextLimit(_ task: JSONValue) -> (name: String, due: String, isLate: Bool)? {
        let running = (task["limits"]?.object ?? []).compactMap { member -> (name: String, due: String, isLate: Bool, at: Instant)? in
            guard member.value["state"]?.string == "running", let due = member.value["due"]?.string, let at = try? Instant(rfc3339: due) else { return nil }
            return (member.key, due, member.value["overdue"]?.bool ?? false, at)
        }
        return running.min { $0.at < $1.at }.map { ($0.name, $0.due, $0.isLate) }
    }
}

/// `paidan task TASK`.
enum TaskPage {
    static func lines(_ task: JSONValue, now: Instant, on terminal: Terminal) -> [String] {
        let today = Times.today(like: task["created_at"]?.string, now: now)
        func time(_ key: String) -> String { Times.short(task.text(key), today: today) }
        var lines = [
            "\(terminal.paint(task.text("id"), .bold))  \(terminal.paint(task.text("state"), Look.state(task.text("state"))))"
                + "  \(terminal.paint(task.text("priority"), Look.priority(task.text("priority"))))  \(task.text("task")): \(task.text("type")) \(task.text("category"))"
        ]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            let wrapped = Cells.wrapped(text, to: Table.cellsMax - 14)
            for (i, line) in wrapped.enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 12) + line) }
        }
        if let progress = task["progress"] {
            row("progress", progress.text("zh"))
            row("", progress.text("en"))
        }
        row("with", TaskTable.holder(task) + (task["person"]?.string.map { ", \($0)" } ?? ""))
        row("case", task.text("case"))
        row("about", task.text("about"))
        row("concerns", (task["shared"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        let callers = task["callers"]?.int ?? 1
        let calls = task["calls"]?.array ?? []
        if let incident = task["incident"]?.string, incident != task.text("id") { row("merged", "into \(incident)") }
        if callers > 1 { row("callers", "\(callers)") }
        if calls.isEmpty {
            row("reports", (task["report_ids"]?.array ?? []).compactMap(\.string).joined(separator: ", ") + " from \(task.text("source"))")
        } else {
            // As 'split' wants them: the first is what the task began with.
            let ids = [task["report_ids"]?.array?.first?.string ?? ""] + calls.map { $0.text("report") }
            row("reports", ids.prefix(40).joined(separator: ", ") + (ids.count > 40 ? " … and \(ids.count - 40) more" : ""))
        }
        row("reported", time("reported_at") + (task["customers_out"]?.int.map { $0 > 0 ? ", \($0) customers out" : "" } ?? ""))
        row("rule", task.text("rule"))
        row("place", describe(task["place"]))
        for limit in task["limits"]?.object ?? [] { row(limit.key, describe(limit.value, today: today)) }
        if let mark = task["satisfaction"]?.int { row("satisfied", "\(mark) of 5") }
        if let times = task["reopened"]?.int { row("reopened", times == 1 ? "once" : "\(times) times") }
        let history = task["history"]?.array ?? []
        if !history.isEmpty { lines.append("") }
        for line in history {
            let who = line["crew"]?.string ?? ""
            let by = line.text("by")
            var text = line.text("event").split(separator: "_").joined(separator: " ")
            if !who.isEmpty { text += " \(who)" }
            if by != who, by != "paidan" { text += " by \(by)" }
            if let note = line["note"]?.string { text += ": \(note)" }
            lines.append("  " + Cells.padded(terminal.paint(Times.short(line.text("at"), today: today), .faint), to: 13) + Cell(text).text)
        }
        return lines
    }

    static func describe(_ place: JSONValue?) -> String {
        guard let place else { return "" }
        var parts: [String] = []
        if let lat = place["lat"], let lon = place["lon"] { parts.append("\(lat.text), \(lon.text)") }
        for key in ["district", "transformer", "feeder"] { if let name = place[key]?.string { parts.append("\(key) \(name)") } }
        switch place.text("origin") {
        case "report": parts.append("as reported")
        case "unknown": parts.append("found nowhere")
        case let origin where !origin.isEmpty: parts.append("found by the \(origin)")
        default: break
        }
        return parts.joined(separator: ", ")
    }

    static func describe(_ limit: JSONValue, today: String?) -> String {
        let length = Times.limit(limit)
        let unknown = limit["beyond_calendar"]?.bool == true ? " (holidays not known yet)" : ""
        let due = limit["due"]?.string.map { ", by \(Times.short($0, today: today))\(unknown)" } ?? ""
        let late = limit["overdue"]?.bool == true ? ", late" : ""
        switch limit.text("state") {
        case "waiting": return "\(length), not running yet"
        case "stopped": return "\(length), stopped"
        case "reached": return "\(length)\(due), reached \(Times.short(limit.text("reached_at"), today: today))\(late)"
        default: return "\(length)\(due)\(late)"
        }
    }
}

/// `paidan crews`.
enum CrewTable {
    static func lines(_ crews: [JSONValue], on terminal: Terminal) -> [String] {
        guard !crews.isEmpty else { return ["no crews"] }
        var table = Table(columns: [
            .init(title: "CREW", shrinksTo: 10), .init(title: "NAME", shrinksTo: 8), .init(title: "DEPARTMENT", shrinksTo: 8),
            .init(title: "DISTRICT", shrinksTo: 8), .init(title: "DUTY"), .init(title: "PLACE"), .init(title: "TASKS", right: true), .init(title: "IN HAND", shrinksTo: 14),
            .init(title: "SKILLS", shrinksTo: 10),
        ])
        for crew in crews {
            let onDuty = crew["on_duty"]?.bool ?? false
            let tasks = (crew["tasks"]?.array ?? []).compactMap(\.string)
            let load = crew["load"]?.int ?? Int64(tasks.count)
            table.rows.append([
                Cell(crew.text("crew"), .bold), Cell(crew.text("name")), Cell(crew.text("department")),
                Cell((crew["district"]?.string ?? "") + (crew["serves"]?.string.map { " → \($0)" } ?? "")),
                Cell(onDuty ? "on" : "off", onDuty ? .green : .faint), Cell(place(crew["place"])), Cell("\(load)/\(crew["capacity"]?.int ?? 1)"),
                Cell(tasks.joined(separator: " ")), Cell((crew["skills"]?.array ?? []).compactMap(\.string).joined(separator: " ")),
            ])
        }
        // A program that reads the table gets every task's number whole.
        return table.lines(on: terminal, cells: terminal.isTerminal ? Table.cellsMax : .max)
    }

    /// Its last known position as `lat,lon`, to 11 m; `base` until it has sent one; `?` for a crew with neither.
    private static func place(_ place: JSONValue?) -> String {
        guard let place, let latitude = place["lat"]?.double, let longitude = place["lon"]?.double else { return "?" }
        if place.text("origin") == "base" { return "base" }
        func degrees(_ value: Double) -> String { "\((value * 10_000).rounded() / 10_000)" }
        return "\(degrees(latitude)),\(degrees(longitude))"
    }
}

/// `paidan status`.
enum StatusPage {
    static func lines(_ status: JSONValue, on terminal: Terminal) -> [String] {
        var lines: [String] = []
        func row(_ name: String, _ text: String, _ style: Terminal.Style? = nil) {
            lines.append(Cells.padded(name, to: 10) + terminal.paint(text, style))
        }
        let healthy = status["healthy"]?.bool ?? true
        row("daemon", healthy ? "healthy" : "not healthy", healthy ? .green : .alarm)
        for complaint in status["complaints"]?.array ?? [] { row("", complaint.string ?? "", .red) }
        for note in status["notes"]?.array ?? [] {
            for line in Cells.wrapped(note.string ?? "", to: Table.cellsMax - 10) { row("", line, .yellow) }
        }
        let overdue = status["overdue"]?.int ?? 0
        let states = (status["by_state"]?.object ?? []).compactMap { state in
            state.value.int.flatMap { $0 > 0 ? "\($0) \(state.key)" : nil }
        }
        row("tasks", "\(status["open"]?.int ?? 0) open" + (states.isEmpty ? "" : ": " + states.joined(separator: ", ")))
        row("overdue", "\(overdue)", overdue > 0 ? .red : nil)
        let overdueCases = status["overdue_cases"]?.int ?? 0
        row("cases", "\(status["cases"]?.int ?? 0) open" + (overdueCases > 0 ? ", \(overdueCases) overdue" : ""), overdueCases > 0 ? .red : nil)
        row("crews", "\(status["crews_on_duty"]?.int ?? 0) of \(status["crews"]?.int ?? 0) on duty")
        row("inputs", "\(status["inputs_last_minute"]?.int ?? 0) in the last minute, \(status["inputs_queued"]?.int ?? 0) waiting")
        row(
            "rules",
            "\(status["rules"]?.int ?? 0) in force, hash \(status.text("rules_hash")), since \(status.text("rules_since"))")
        if status["on_last_good_rules"]?.bool == true {
            row("", "the rules folder has errors: running on the last good rules; run 'paidan check'", .red)
        } else if status["last_reload_successful"]?.bool == false {
            row("", "the last reload was refused: run 'paidan check'", .yellow)
        }
        if let warnings = status["rules_warnings"]?.int, warnings > 0 {
            row("", "\(warnings) warning\(warnings == 1 ? "" : "s") about them: run 'paidan check'", .yellow)
        }
        return lines
    }
}

import Domain

/// A table of text, its columns as wide as what is in them; the first ones give way where it gets too wide.
struct TextColumns {
    var titles: [String]
    /// Columns from here on stand at the right.
    var numbersFrom: Int
    var rows: [[String]] = []

    static let cellsMax = 100

    func lines() -> [String] {
        var widths = titles.indices.map { column in rows.reduce(Cells.width(of: titles[column])) { max($0, Cells.width(of: $1[column])) } }
        while widths.reduce(2 * (widths.count - 1), +) > Self.cellsMax, let widest = (0..<numbersFrom).max(by: { widths[$0] < widths[$1] }), widths[widest] > 8 {
            widths[widest] -= 1
        }
        return ([titles] + rows).map { row in
            let cells = row.indices.map { column in
                Cells.padded(Cells.fit(row[column], to: widths[column]), to: widths[column], right: column >= numbersFrom)
            }
            var line = Substring(cells.joined(separator: "  "))
            while line.last == " " { line.removeLast() }
            return String(line)
        }
    }
}

extension FigureReport {
    /// For a terminal: at most 100 columns, names in Chinese where the rules give them, those of stages and processes with
    /// their codes beside them.
    package var text: String {
        var lines = ["figures  \(Words.time(since, zone)) … \(Words.time(until, zone))  \(zone.name)"]
        guard !isEmpty else {
            lines.append("nothing was done in this time" + (tellsOpen ? ", and nothing is open" : "") + "; --since 365d looks further back")
            if let reliabilityAbsence { lines.append("reliability \(Words.absence(reliabilityAbsence).en)") }
            return lines.joined(separator: "\n") + "\n"
        }
        let open = tellsOpen ? ["\(tasksOpen) open", "\(casesOpen) open"] : []
        lines.append("tasks    " + (["\(tasksDone) done"] + open.prefix(1) + ["\(tasksCancelled) cancelled"]).joined(separator: ", "))
        lines.append("cases    " + (["\(casesDone) done"] + open.dropFirst() + ["\(casesWithdrawn) withdrawn"]).joined(separator: ", "))
        lines += quality
        section("WHERE THE TIME GOES, of \(Words.length(whole)) in all", costLines, &lines)
        section("PROCESSES", processLines, &lines)
        for process in processes where !process.stages.isEmpty { section("STAGES of \(process.name.pair)", stageLines(process), &lines) }
        section("KINDS OF WORK", groupLines("RULE", works), &lines)
        section("LIMITS OF WORK", limitLines, &lines)
        for (title, groups) in [("DEPARTMENT", departments), ("CREW", crews), ("DISTRICT", districts), ("TIER", tiers), ("CONTRACTOR", contractors)] {
            section("BY \(title)", groups.isEmpty ? [] : groupLines(title, groups), &lines)
        }
        section("WEEKS", weekLines, &lines)
        let known = notes.map { Words.note($0).en } + [Words.units.en]
        lines += ["", "TO KNOW"] + known.flatMap { Cells.wrapped($0, to: 98).map { "  " + $0 } }
        return lines.joined(separator: "\n") + "\n"
    }

    private func section(_ title: String, _ body: [String], _ lines: inout [String]) {
        guard body.count > 1 else { return }
        lines += ["", title] + body
    }

    private var quality: [String] {
        var lines: [String] = []
        if let reliability {
            let caidi = reliability.caidi.map { "CAIDI \(Words.decimal($0, 1)) min" } ?? "no customer lost power"
            lines.append(
                "power    SAIDI \(Words.decimal(reliability.saidi, 2)) min, SAIFI \(Words.decimal(reliability.saifi, 4)), \(caidi); "
                    + "\(reliability.interruptions) interruptions")
            lines.append("         \(reliability.customersServed) customers served; \(reliability.momentary) interruptions of at most 5 min left out")
        } else if let reliabilityAbsence {
            lines += Cells.wrapped(Words.absence(reliabilityAbsence).en, to: 90).enumerated().map { ($0 == 0 ? "power    " : "         ") + $1 }
        }
        var first: [String] = []
        if firstTimeTasks.of > 0 { first.append("\(Words.percent(firstTimeTasks.rate)) of tasks never opened again") }
        if firstTimeCases.of > 0 { first.append("\(Words.percent(firstTimeCases.rate)) of cases with no stage done again") }
        if !first.isEmpty { lines.append("at once  " + first.joined(separator: ", ")) }
        if let mean = satisfaction.mean {
            lines.append("callers  \(Words.decimal(mean, 2)) of 5 from \(satisfaction.count) called back, \(Words.percent(satisfaction.share)) satisfied (4 or 5)")
        }
        return lines
    }

    /// How many places are listed; the page and JSON have more.
    private static let costsMax = 15

    private var costLines: [String] {
        var table = TextColumns(titles: ["OF", "STAGE OR WORK", "WAITED FOR", "WITH", "TIME", "SHARE"], numbersFrom: 4)
        for cost in costs.prefix(Self.costsMax) {
            table.rows.append([
                cost.subject.label, cost.part?.pair ?? "", Words.wait(cost.wait).en, cost.department?.label ?? "", Words.length(cost.milliseconds),
                Words.percent(cost.share),
            ])
        }
        var lines = table.lines()
        if costs.count > Self.costsMax {
            let rest = costs.dropFirst(Self.costsMax).reduce(Int64(0)) { $0 + $1.milliseconds }
            lines.append("and \(costs.count - Self.costsMax) more, \(Words.length(rest)) together")
        }
        return lines
    }

    private func count(_ open: Int) -> String { tellsOpen ? String(open) : "–" }

    private var processLines: [String] {
        var table = TextColumns(titles: ["PROCESS", "DONE", "OPEN", "MEDIAN", "P90", "LIMIT", "LATE", "ALL IN TIME", "AT ONCE"], numbersFrom: 1)
        for process in processes {
            table.rows.append([
                process.name.pair(isInForce: process.isInForce), String(process.done), count(process.open), Words.median(process.duration),
                Words.p90(process.duration), Words.limit(process.limit), Words.percent(process.late.rate), Words.percent(process.passed.rate),
                Words.percent(process.firstTime.rate),
            ])
        }
        return table.lines()
    }

    private func stageLines(_ process: ProcessFigure) -> [String] {
        let whole = process.allWaits.total
        var table = TextColumns(titles: ["STAGE", "WITH", "DONE", "OPEN", "MEDIAN", "P90", "LIMIT", "LATE", "TIME", "SHARE"], numbersFrom: 2)
        for stage in process.stages {
            table.rows.append([
                stage.name.pair(isInForce: stage.isInForce || !process.isInForce), stage.department?.label ?? "", String(stage.done), count(stage.open), Words.median(stage.duration),
                Words.p90(stage.duration), Words.limit(stage.limit), Words.percent(stage.late.rate), whole > 0 ? Words.length(stage.waits.total) : "–",
                Words.percent(whole > 0 ? Double(stage.waits.total) / Double(whole) : nil),
            ])
        }
        for wait in [Wait.documents, .between] where process.waits[wait] > 0 {
            table.rows.append([
                Words.wait(wait).en, "", "", "", "", "", "", "", Words.length(process.waits[wait]), Words.percent(Double(process.waits[wait]) / Double(max(whole, 1))),
            ])
        }
        return table.lines()
    }

    private func groupLines(_ title: String, _ groups: [GroupFigure]) -> [String] {
        let hasWork = groups.contains { $0.work != nil }
        let names = hasWork ? [title, "WORK"] : [title]
        var table = TextColumns(titles: names + ["DONE", "OPEN", "MEDIAN", "P90", "LATE", "AT ONCE", "CALLERS"], numbersFrom: names.count)
        for group in groups {
            let callers = group.satisfaction.mean.map { "\(Words.decimal($0, 1)) (\(group.satisfaction.count))" } ?? "–"
            table.rows.append(
                [group.name.label] + (hasWork ? [group.work ?? ""] : [])
                    + [
                        String(group.done), count(group.open), Words.median(group.duration), Words.p90(group.duration), Words.percent(group.late.rate),
                        Words.percent(group.firstTime.rate), callers,
                    ])
        }
        return table.lines()
    }

    private var limitLines: [String] {
        let names = LimitName.allCases.filter { name in works.contains { $0.limits[name] != nil } }
        guard !names.isEmpty else { return [] }
        var table = TextColumns(titles: ["RULE", "WORK"] + names.map { "\($0.rawValue.uppercased()) LATE" }, numbersFrom: 2)
        for work in works where !work.limits.isEmpty {
            table.rows.append([work.name.label, work.work ?? ""] + names.map { name in work.limits[name].map { "\($0.late) of \($0.timed)" } ?? "–" })
        }
        return table.lines()
    }

    private var weekLines: [String] {
        var table = TextColumns(titles: ["WEEK OF", "TASKS", "CASES", "LATE"], numbersFrom: 1)
        for week in weeks { table.rows.append([week.monday.description, String(week.tasks), String(week.cases), Words.percent(week.late.rate)]) }
        return table.lines()
    }
}

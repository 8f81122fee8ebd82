import Domain

/// The figures as one page of HTML: no scripts, no fonts or pictures from elsewhere, so that it can be mailed, filed and printed (A4). In Chinese and
/// English beside each other; light or dark as the reader's system is, light on paper. Beside each chart stands the table that it is drawn from.
package enum FigurePage {
    package static func html(_ report: FigureReport) -> String {
        var page = """
            <!DOCTYPE html>
            <html lang="zh-CN">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>paidan · 运行指标 Figures · \(period(report))</title>
            <style>\(style)</style>
            </head>
            <body>
            <header>
            <h1>运行指标 <span lang="en">Figures</span></h1>
            <p>\(period(report)), \(escaped(report.zone.name)) · 生成于 <span lang="en">made at</span> \(Words.time(report.madeAt, report.zone))</p>
            </header>
            <main>

            """
        if report.isEmpty {
            page += "<p class=\"empty\">本期没有办结的工单，也没有流程。 <span lang=\"en\">Nothing was done in this time\(report.tellsOpen ? ", and nothing is open" : "").</span></p>\n"
        } else {
            page += tiles(report) + costs(report) + stages(report) + weeks(report) + groups(report)
        }
        page += notes(report)
        return page + "</main>\n</body>\n</html>\n"
    }

    private static func escaped(_ text: String) -> String { Charts.escaped(text) }

    private static func period(_ report: FigureReport) -> String {
        "\(Words.time(report.since, report.zone)) – \(Words.time(report.until, report.zone))"
    }

    private static func heading(_ zh: String, _ en: String, level: Int = 2) -> String { "<h\(level)>\(escaped(zh)) <span lang=\"en\">\(escaped(en))</span></h\(level)>\n" }

    /// In both languages; the code stands for the English name where there is none.
    private static func label(_ name: NamedCode) -> String {
        let english = name.chinese != nil ? name.english ?? (name.code == name.chinese ? nil : name.code) : nil
        return escaped(name.label) + (english.map { " <span lang=\"en\">\(escaped($0))</span>" } ?? "")
    }

    private static func code(_ name: NamedCode) -> String { name.label == name.code ? "" : " <code>\(escaped(name.code))</code>" }

    /// A stage or a process, with its code in the rule files.
    private static func coded(_ name: NamedCode, isInForce: Bool = true) -> String {
        let english = name.chinese == nil ? nil : name.english
        let gone = isInForce ? "" : " " + both(("（已取消）", "(gone)"))
        return escaped(name.label) + (english.map { " <span lang=\"en\">\(escaped($0))</span>" } ?? "") + gone + code(name)
    }

    private static func both(_ words: (zh: String, en: String)) -> String { "\(escaped(words.zh)) <span lang=\"en\">\(escaped(words.en))</span>" }

    private static func cell(_ amount: Words.Amount?) -> String { amount.map { "\(escaped($0.number)) \(both(($0.zh, $0.en)))" } ?? "–" }
    private static func cell(_ count: Int) -> String { Words.grouped(count) }
    private static func median(_ figure: DurationFigure?) -> String { cell(figure.map { Words.amount($0.median, $0.unit) }) }
    private static func p90(_ figure: DurationFigure?) -> String { cell(figure.map { Words.amount($0.p90, $0.unit) }) }
    private static func limit(_ limit: LimitLength?) -> String { cell(limit.map { Words.amount($0) }) }

    // MARK: Tiles

    /// - Parameter beside: HTML.
    private static func tile(_ zh: String, _ en: String, _ value: String, _ beside: String = "") -> String {
        "<div class=\"tile\"><div class=\"k\">\(both((zh, en)))</div><div class=\"v\">\(escaped(value))</div><div class=\"b\">\(beside)</div></div>\n"
    }

    private static func tiles(_ report: FigureReport) -> String {
        func open(_ count: Int) -> String { report.tellsOpen ? both(("在办 \(Words.grouped(count)) 件", "open")) : "" }
        var html = "<section class=\"tiles\">\n"
        html += tile("办结工单", "tasks done", Words.grouped(report.tasksDone), open(report.tasksOpen))
        html += tile("办结流程", "cases done", Words.grouped(report.casesDone), open(report.casesOpen))
        if let reliability = report.reliability {
            let (all, momentary) = (Words.grouped(reliability.interruptions), Words.grouped(reliability.momentary))
            html += tile(
                "SAIDI 分钟/户", "min per customer", Words.decimal(reliability.saidi, 2), both(("供电客户 \(Words.grouped(reliability.customersServed)) 户", "customers served")))
            html += tile(
                "SAIFI 次/户", "times per customer", Words.decimal(reliability.saifi, 4),
                both(("停电 \(all) 次", "interruptions")) + (reliability.momentary > 0 ? "; " + both(("不计 5 分钟及以下 \(momentary) 次", "of at most 5 min left out")) : ""))
            html += tile("CAIDI 分钟/次", "min per interruption", reliability.caidi.map { Words.decimal($0, 1) } ?? "–")
        } else if let absence = report.reliabilityAbsence {
            html += tile("SAIDI, SAIFI, CAIDI", "", "–", both(Words.absence(absence)))
        }
        let cases = report.firstTimeCases
        html += tile("一次办结", "done at once", Words.percent(report.firstTimeTasks.rate), cases.of > 0 ? both(("流程 \(Words.percent(cases.rate))", "of cases")) : "")
        let satisfaction = report.satisfaction
        html += tile(
            "客户满意度", "satisfaction", satisfaction.mean.map { Words.decimal($0, 2) + " / 5" } ?? "–",
            satisfaction.count > 0
                ? both(("回访 \(Words.grouped(satisfaction.count)) 件", "called back")) + "; " + both(("满意 \(Words.percent(satisfaction.share))", "said 4 or 5")) : "")
        return html + "</section>\n"
    }

    // MARK: Tables

    /// - Parameters:
    ///   - cells: each is HTML.
    ///   - textColumns: so many stand at the left.
    ///   - isHeaded: the heading above says what the caption says; it is for those who do not see the page.
    private static func table(_ caption: String, _ titles: [String], textColumns: Int, isHeaded: Bool = false, _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        var html = "<table><caption\(isHeaded ? " class=\"unseen\"" : "")>\(caption)</caption>\n<thead><tr>"
        for (place, title) in titles.enumerated() { html += "<th scope=\"col\"\(place < textColumns ? "" : " class=\"r\"")>\(title)</th>" }
        html += "</tr></thead>\n<tbody>\n"
        for row in rows {
            html += "<tr>"
            for (place, cell) in row.enumerated() {
                html += place == 0 ? "<th scope=\"row\">\(cell)</th>" : "<td\(place < textColumns ? "" : " class=\"r\"")>\(cell)</td>"
            }
            html += "</tr>\n"
        }
        return html + "</tbody></table>\n"
    }

    private static func title(_ zh: String, _ en: String) -> String { "\(zh) <span lang=\"en\">\(en)</span>" }

    private static func percent(_ late: LateFigure) -> String {
        late.timed > 0 ? "\(Words.percent(late.rate)) <small>\(late.late)/\(late.timed)</small>" : "–"
    }

    // MARK: Where the time goes

    private static func costs(_ report: FigureReport) -> String {
        var rows: [Charts.Stack] = report.processes.compactMap { process in
            let waits = process.allWaits
            return waits.total > 0 ? Charts.Stack(label: process.name.pair, parts: Wait.allCases.map { ($0, waits[$0]) }) : nil
        }
        rows += report.works.compactMap { work in
            work.waits.total > 0 ? Charts.Stack(label: work.name.label + (work.work.map { " · " + $0 } ?? ""), parts: Wait.allCases.map { ($0, work.waits[$0]) }) : nil
        }
        guard !rows.isEmpty else { return "" }
        rows.sort { ($1.total, $0.label) < ($0.total, $1.label) }
        let used = Wait.allCases.filter { wait in rows.contains { $0.parts.contains { $0.wait == wait && $0.value > 0 } } }
        var html = "<section>\n" + heading("时间去向", "Where the time goes")
        html += "<p class=\"legend\">" + used.map { "<span><i class=\"w-\($0.rawValue)\"></i>\(both(Words.wait($0)))</span>" }.joined(separator: " ") + "</p>\n"
        html += Charts.stacks(
            "costs", Array(rows.prefix(20)), title: "各流程与工作的总耗时 Total time of each process and kind of work",
            description: "条长为总耗时，分段为等待对象；数字见下表。 Bars are as long as the total time, their parts are what was waited for; the table has the numbers.")
        html += table(
            both(("按耗时排序", "by what it costs")) + ": " + cell(Words.amount(report.whole)),
            [title("流程或规则", "of"), title("环节或工作", "stage or work"), title("等待", "waited for"), title("承办", "with"), title("耗时", "time"), title("占比", "share")],
            textColumns: 4,
            report.costs.prefix(40).map { cost in
                let with = [cost.role.map { both(Words.role($0)) }, cost.department.map(label)].compactMap { $0 }.joined(separator: ", ")
                return [
                    label(cost.subject), cost.part.map { escaped($0.label) + code($0) } ?? "", both(Words.wait(cost.wait)), with, cell(Words.amount(cost.milliseconds)),
                    escaped(Words.percent(cost.share)),
                ]
            })
        return html + "</section>\n"
    }

    // MARK: Stages

    private static func value(_ limit: LimitLength?, _ unit: DurationUnit) -> Int64? {
        switch (limit, unit) {
        case (.time(let span), .hours), (.workingTime(let span), .working_hours): span.milliseconds
        case (.workingDays(let days), .working_days): Int64(days) * 1_000
        default: nil
        }
    }

    private static func stages(_ report: FigureReport) -> String {
        guard !report.processes.isEmpty else { return "" }
        var html = "<section>\n" + heading("流程与环节", "Processes and stages")
        html += table(
            both(("流程", "processes")),
            [
                title("流程", "process"), title("办结", "done"), title("在办", "open"), title("中位", "median"), "P90", title("时限", "limit"), title("超期率", "late"),
                title("全程按时", "all in time"), title("一次通过", "at once"),
            ], textColumns: 1,
            report.processes.map { process in
                [
                    coded(process.name, isInForce: process.isInForce), cell(process.done), report.tellsOpen ? cell(process.open) : "–",
                    median(process.duration), p90(process.duration), limit(process.limit), percent(process.late),
                    escaped(Words.percent(process.passed.rate)), escaped(Words.percent(process.firstTime.rate)),
                ]
            })
        for (number, process) in report.processes.enumerated() where !process.stages.isEmpty { html += stages(of: process, number, report) }
        return html + "</section>\n"
    }

    private static func stages(of process: ProcessFigure, _ number: Int, _ report: FigureReport) -> String {
        var html = "<article>\n<h3>\(coded(process.name, isInForce: process.isInForce))</h3>\n"
        let timed = process.stages.filter { $0.late.timed > 0 }
        if !timed.isEmpty {
            html += heading("各环节超期率", "Share late, by stage", level: 4)
            html += Charts.rates(
                "late\(number)", timed.map { ($0.name.pair, $0.late) }, title: "\(process.name.label)：各环节超期率 Share late, by stage",
                description: "条长为超期占比，括号内为超期数与计时数。 Bars show the share that was late; in brackets how many of how many.")
        }
        for unit in DurationUnit.allCases {
            let rows = process.stages.compactMap { stage in
                stage.duration.flatMap { $0.unit == unit ? Charts.Length(label: stage.name.pair, figure: $0, limit: value(stage.limit, unit)) : nil }
            }
            guard !rows.isEmpty else { continue }
            let words = [DurationUnit.hours: ("自然时间", "by the clock"), .working_days: ("工作日", "working days"), .working_hours: ("工作小时", "working hours")][unit] ?? ("", "")
            html += heading("各环节时长（\(words.0)）", "How long stages take, \(words.1)", level: 4)
            html += Charts.lengths(
                "len\(number)-\(unit.rawValue)", rows, title: "\(process.name.label)：各环节时长 How long stages take, \(words.1)",
                description: "圆点为中位数，横条至第 90 百分位，竖线为时限。 Dots are medians, bars end at the 90th percentile, strokes are limits.")
        }
        let whole = process.allWaits.total
        html += table(
            both(("环节", "stages")),
            [
                title("环节", "stage"), title("承办", "with"), title("办结", "done"), title("在办", "open"), title("中位", "median"), "P90", title("时限", "limit"),
                title("超期率", "late"), title("耗时", "time"), title("占比", "share"), title("等并行环节", "waited for others"),
            ], textColumns: 2,
            process.stages.map { stage in
                [
                    coded(stage.name, isInForce: stage.isInForce || !process.isInForce), stage.department.map(label) ?? "", cell(stage.done), report.tellsOpen ? cell(stage.open) : "–",
                    median(stage.duration), p90(stage.duration), limit(stage.limit), percent(stage.late), cell(whole > 0 ? Words.amount(stage.waits.total) : nil),
                    escaped(Words.percent(whole > 0 ? Double(stage.waits.total) / Double(whole) : nil)),
                    stage.joinWait > 0 ? cell(Words.amount(stage.joinWait)) : "–",
                ]
            })
        return html + "</article>\n"
    }

    // MARK: Weeks, groups, notes

    private static func weeks(_ report: FigureReport) -> String {
        guard !report.weeks.isEmpty else { return "" }
        var html = "<section>\n" + heading("每周趋势", "Week by week")
        html += Charts.weeks(
            "weeks", report.weeks, title: "每周办结数与超期率 Done each week, and share late",
            description: "柱为每周办结的工单与流程数，折线为超期占比。 Bars are tasks and cases done, the line is the share that was late.")
        html += table(
            both(("每周", "weeks")), [title("周一", "week of"), title("工单", "tasks"), title("流程", "cases"), title("超期率", "late")], textColumns: 1,
            report.weeks.map { [$0.monday.description, cell($0.tasks), cell($0.cases), percent($0.late)] })
        return html + "</section>\n"
    }

    private static func groups(_ report: FigureReport) -> String {
        var html = ""
        let all: [(heading: (String, String), name: (String, String), [GroupFigure])] = [
            (("工作种类", "Kinds of work"), ("规则", "rule"), report.works), (("部门", "Departments"), ("部门", "department"), report.departments),
            (("班组", "Crews"), ("班组", "crew"), report.crews), (("区域", "Districts"), ("区域", "district"), report.districts),
            (("客户分层", "Tiers"), ("分层", "tier"), report.tiers), (("承包商", "Contractors"), ("承包商", "contractor"), report.contractors),
        ]
        for (words, name, groups) in all where !groups.isEmpty {
            let hasWork = groups.contains { $0.work != nil }
            html += "<section>\n" + heading(words.0, words.1)
            html += table(
                both(words),
                [title(name.0, name.1)] + (hasWork ? [title("工作", "work")] : [])
                    + [title("办结", "done"), title("在办", "open"), title("中位", "median"), "P90", title("超期率", "late"), title("一次办结", "at once"), title("满意度", "satisfaction")],
                textColumns: hasWork ? 2 : 1, isHeaded: true,
                groups.map { group in
                    [label(group.name)] + (hasWork ? [escaped(group.work ?? "")] : [])
                        + [
                            cell(group.done), report.tellsOpen ? cell(group.open) : "–", median(group.duration), p90(group.duration), percent(group.late),
                            escaped(Words.percent(group.firstTime.rate)),
                            group.satisfaction.mean.map { "\(Words.decimal($0, 1)) <small>\(group.satisfaction.count)</small>" } ?? "–",
                        ]
                }) + "</section>\n"
        }
        return html
    }

    private static func notes(_ report: FigureReport) -> String {
        var items = report.notes.map { both(Words.note($0)) }
        if let absence = report.reliabilityAbsence { items.append("SAIDI, SAIFI, CAIDI: " + both(Words.absence(absence))) }
        items.append(
            both((
                "环节时长按其时限的口径计：工作日、工作小时或自然时间，扣除暂停。同时在办的环节平分时间；客户自办工程只计没有其他环节在办的时间。在办而已超期的计入超期率。",
                "Stages are measured as their limits count: working days, working hours or the clock, without pauses. Stages at the same time share it equally; the customer's own works get the time in which nothing else was open. What is open and late already counts as late."
            )))
        items.append(both(Words.units))
        return "<section class=\"notes\">\n" + heading("说明", "To know") + "<ul>\n" + items.map { "<li>\($0)</li>\n" }.joined() + "</ul>\n</section>\n"
    }

    private static let style = """

        :root { color-scheme: light dark; --paper: #fff; --ink: #1b2530; --soft: #5b6875; --line: #d8dee4; --track: #eef1f4; --late: #c2413a; --calm: #2d6ca8; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14191f; --ink: #e4e9ee; --soft: #9aa7b4; --line: #323b45; --track: #222a33; --late: #e8776f; --calm: #6ea8dd; } }
        body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
        h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; margin: 2rem 0 .8rem; } h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; } h4 { font-size: .9rem; color: var(--soft); margin: 1rem 0 .2rem; font-weight: 600; }
        header p, .legend, .notes { color: var(--soft); } span[lang=en] { color: var(--soft); font-weight: normal; font-size: .86em; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .7rem; margin-top: 1rem; }
        .tile { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; } .k, .b { color: var(--soft); font-size: .82rem; } .v { font-size: 1.5rem; font-variant-numeric: tabular-nums; }
        table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; font-size: .86rem; font-variant-numeric: tabular-nums; } caption { text-align: left; color: var(--soft); padding-bottom: .2rem; }
        th, td { text-align: left; padding: .22rem .5rem .22rem 0; border-bottom: 1px solid var(--line); font-weight: normal; vertical-align: top; } thead th { color: var(--soft); border-bottom-width: 2px; } .r { text-align: right; } td.r { white-space: nowrap; padding-left: .3rem; } thead span[lang=en] { display: block; } th[scope=row] { min-width: 7.5rem; } small, code { color: var(--soft); } code { font: .86em ui-monospace, "Noto Sans Mono", monospace; overflow-wrap: anywhere; }
        .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        svg { width: 100%; height: auto; display: block; } svg text { font-size: 13px; fill: var(--ink); } svg .n { fill: var(--soft); font-size: 12px; } svg .r { fill: var(--late); }
        .track { fill: var(--track); } .late { fill: var(--late); } .week { fill: var(--calm); opacity: .75; } .trend { fill: none; stroke: var(--late); stroke-width: 2; } .dot { fill: var(--late); } .axis { stroke: var(--line); } .span { stroke: var(--calm); stroke-width: 6; opacity: .55; } .mid { fill: var(--calm); } .limit { stroke: var(--late); stroke-width: 2; }
        .legend span { margin-right: .9rem; white-space: nowrap; } .legend span span { margin: 0; } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .3em; border-radius: 2px; }
        .w-documents { fill: #b58900; background: #b58900; } .w-queued { fill: #c2413a; background: #c2413a; } .w-dispatched { fill: #e08a3c; background: #e08a3c; } .w-accepted { fill: #2d6ca8; background: #2d6ca8; } .w-onsite { fill: #3f9b8f; background: #3f9b8f; } .w-suspended { fill: #8d6cab; background: #8d6cab; } .w-customer { fill: #9aa7b4; background: #9aa7b4; } .w-between { fill: #6b4f3a; background: #6b4f3a; } .w-unknown { fill: #c9d1d9; background: #c9d1d9; }
        @page { size: A4; margin: 14mm; }
        @media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --soft: #444; --line: #bbb; --track: #eee; --late: #b02a22; --calm: #2d6ca8; } body { max-width: none; padding: 0 1px; font-size: 10.5pt; } table { font-size: .76em; } h2, h3, h4, caption { break-after: avoid; } svg, tr, .tile { break-inside: avoid; } section + section { break-before: auto; } thead { display: table-header-group; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }

        """
}

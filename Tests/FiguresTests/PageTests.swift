import Domain
import Foundation
import Rules
import Testing

@testable import Figures

@Suite("The figures as they are shown")
struct PageTests {
    /// A small fixed month: one case with every kind of wait, four faults, one of them late, a stage that the rules have no more.
    static func report() throws -> FigureReport {
        let rules = try Town.rules()
        let old = try #require(Town.rules(connections: Town.connections.replacing("- name: grid\n", with: "- name: old_works\n").replacing("[works, grid]", with: "[works, old_works]").replacing("配套工程", with: "旧配套工程")).processes.first)
        var collector = FigureCollector(Town.request(rules, plans: [old]))
        var names = collector.names
        let start = Town.monday
        func at(_ hours: Int64) -> Instant { start + .hours(hours) }
        func days(_ days: Int, _ from: Int64, _ to: Int64) -> LimitFact {
            let time = rules.site.workTime
            let due = time.deadline(days: days, after: at(from), notBefore: time.firstDay(ofClockFrom: at(from)))
            return LimitFact(name: .stage, length: .workingDays(days), start: at(from), began: at(from), due: due, reachedAt: at(to))
        }
        var cases: [CaseFact] = []
        var tasks: [TaskFact] = []
        for number in Int32(0)..<3 {
            let id = CaseID(day: 20_261_102, number: number + 1)
            let shift = Int64(number) * 100
            let works = number == 2 ? "old_works" : "grid"
            var kase = finished(
                id, &names, from: at(shift), accepted: at(shift + 10), to: at(shift + 200), stages: ["acceptance", "survey", "works", works, "inspection"])
            kase.total = days(10, shift + 10, shift + 200)
            if number == 0 { kase.contractor = names.code("c-7") }
            cases.append(kase)
            let span: Int64 = 30 * 3_600_000
            tasks += [
                stage(number * 10 + 1, "acceptance", of: id, &names, from: at(shift + 10), to: at(shift + 20), limit: days(1, shift + 10, shift + 20)),
                stage(
                    number * 10 + 2, "survey", of: id, &names, from: at(shift + 20), to: at(shift + 110), limit: days(2, shift + 20, shift + 110),
                    spent: SpentFact(queued: span, accepted: span, onsite: span), department: "operations"),
                stage(number * 10 + 3, "works", of: id, &names, from: at(shift + 110), to: at(shift + 180)),
                stage(number * 10 + 4, works, of: id, &names, from: at(shift + 110), to: at(shift + 130), department: "operations"),
                stage(
                    number * 10 + 5, "inspection", of: id, &names, from: at(shift + 185), to: at(shift + 200),
                    limit: LimitFact(name: .stage, length: .hours(8), start: at(shift + 185), due: at(shift + 193), reachedAt: at(shift + 200)), department: "operations"),
            ]
        }
        var fault1 = fault(101, &names, at: at(3), hours: 2, customers: 60, transformer: "T-1")
        fault1.satisfaction = 5
        fault1.tier = names.code("vip")
        var fault2 = fault(102, &names, at: at(180), hours: 9, customers: 30, transformer: "T-3")
        fault2.satisfaction = 2
        fault2.reopened = 1
        var open = fault(104, &names, at: at(660), hours: 1)
        open.state = .dispatched
        open.endedAt = nil
        open.limits[0].reachedAt = nil
        open.limits[0].due = Town.monday + .days(40)
        tasks += [fault1, fault2, fault(103, &names, at: at(400), hours: 1), open]
        collector.names = names
        for kase in cases { collector.add(kase) }
        for task in tasks { collector.add(task) }
        return collector.finish()
    }

    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")

    /// Run once with PAIDAN_WRITE_GOLDEN=1 after a change, then read the difference.
    private func compare(_ text: String, _ name: String) throws {
        let url = Self.golden.appendingPathComponent(name)
        if ProcessInfo.processInfo.environment["PAIDAN_WRITE_GOLDEN"] == "1" { try text.write(to: url, atomically: true, encoding: .utf8) }
        let expected = try String(contentsOf: url, encoding: .utf8)
        let different = zip(text.split(separator: "\n", omittingEmptySubsequences: false), expected.split(separator: "\n", omittingEmptySubsequences: false)).first { $0 != $1 }
        #expect(text == expected, "\(name): \(different.map { "is '\($0.0)', was '\($0.1)'" } ?? "another length")")
    }

    @Test("the tables are as they were") func text() throws { try compare(try Self.report().text, "figures.txt") }
    @Test("the page is as it was") func page() throws { try compare(FigurePage.html(try Self.report()), "figures.html") }
    @Test("the JSON is as it was") func json() throws { try compare(String(decoding: try Self.report().json, as: UTF8.self) + "\n", "figures.json") }

    @Test("no line is longer than a hundred cells")
    func widths() throws {
        for line in try Self.report().text.split(separator: "\n") { #expect(Cells.width(of: line) <= 100, "\(line)") }
    }

    @Test("a stage that the rules have no more keeps its name and is marked")
    func vanished() throws {
        let report = try Self.report()
        let last = try #require(report.processes.first?.stages.last)
        #expect(last.name.code == "old_works" && last.name.chinese == "旧配套工程" && !last.isInForce)
        #expect(report.text.contains("旧配套工程 (gone)"))
    }

    @Test("a process that is gone altogether is told by its code")
    func goneProcess() throws {
        var collector = FigureCollector(Town.request(try Town.rules(connections: nil)))
        var names = collector.names
        let id = CaseID(day: 20_261_102, number: 1)
        let kase = finished(id, &names, from: Town.monday, accepted: Town.monday, to: Town.monday + .hours(5), stages: ["x"], process: "gone.away")
        let fact = stage(1, "x", of: id, &names, from: Town.monday, to: Town.monday + .hours(5), process: "gone.away")
        collector.names = names
        collector.add(kase)
        collector.add(fact)
        let report = collector.finish()
        let process = try #require(report.processes.first)
        #expect(process.name == NamedCode("gone.away") && !process.isInForce && process.done == 1)
        #expect(process.stages.map(\.name.code) == ["x"] && process.stages[0].waits.total == 5 * 3_600_000)
        #expect(report.text.contains("gone.away (gone)"))
    }

    @Test("nothing at all: says so, and divides by nothing")
    func empty() throws {
        var collector = FigureCollector(Town.request(try Town.rules(network: nil)))
        let report = collector.finish()
        #expect(report.isEmpty && report.costs.isEmpty && report.reliability == nil && report.reliabilityAbsence == .no_register)
        #expect(report.text.contains("nothing was done in this time, and nothing is open"))
        #expect(report.text.contains("not known: the rules have no network register"))
        #expect(FigurePage.html(report).contains("Nothing was done in this time"))
        let json = String(decoding: report.json, as: UTF8.self)
        #expect(!json.contains("null") && !json.contains("nan") && json.contains(#""absent":"no_register""#))
        var counted = FigureCollector(Town.request(try Town.rules(network: "transformer,feeder,district,lat,lon,customers\nT-1,F-1,lucheng,28.01,120.65,0\n")))
        #expect(counted.finish().reliabilityAbsence == .no_customers)
    }

    @Test("the page needs nothing from elsewhere, and names can't break it")
    func selfContained() throws {
        var report = try Self.report()
        report.works[0].name = NamedCode("<script>alert('x')</script>&\"")
        let html = FigurePage.html(report)
        #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://") && !html.contains("src=") && !html.contains("@import"))
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"))
        // Every chart has a title, a description and a table after it; every tag that opens closes.
        let charts = html.components(separatedBy: "<svg ").dropFirst()
        #expect(charts.count >= 4)
        for chart in charts { #expect(chart.contains("<title id=") && chart.contains("<desc id=")) }
        for tag in ["section", "table", "tbody", "thead", "tr", "td", "th", "svg", "text", "article", "ul", "li", "p", "div", "span", "h2", "h3", "h4"] {
            let opened = html.components(separatedBy: "<\(tag)>").count + html.components(separatedBy: "<\(tag) ").count - 2
            #expect(opened == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
        }
        #expect(html.contains("@media print") && html.contains("size: A4") && html.contains("prefers-color-scheme: dark"))
    }

    @Test("numbers as people write them", arguments: [(0.0, 1, "0.0"), (-0.04, 1, "0.0"), (1.25, 1, "1.3"), (-12.345, 2, "-12.35"), (99.96, 1, "100.0"), (7, 0, "7"), (.nan, 2, "-")])
    func decimals(value: Double, places: Int, text: String) { #expect(Words.decimal(value, places) == text) }
}

@Suite("Units and names in both languages")
struct WordingTests {
    @Test(
        "a length in the unit that reads best",
        arguments: [
            (Int64(59_999), "59 秒 s"), (60_000, "1 分钟 min"), (3_600_000, "1.0 小时 h"), (9_000_000, "2.5 小时 h"), (360_000_000, "4.2 天 d"), (864_000_000_000, "10\u{202F}000 天 d"),
        ])
    func lengths(milliseconds: Int64, text: String) { #expect(Words.amount(milliseconds).both == text) }

    @Test("limits and percentiles in working time")
    func working() {
        #expect(Words.amount(.workingDays(22)).both == "22 工作日 wd")
        #expect(Words.amount(.workingTime(.hours(8))).both == "8 工作小时 wh")
        #expect(Words.both(DurationFigure(count: 3, median: 2_100, p90: 2_900, unit: .working_days)) == "2.1 / 2.9 工作日 wd")
        #expect(Words.both(DurationFigure(count: 3, median: 60_000, p90: 7_200_000, unit: .hours)) == "1 分钟 min / 2.0 小时 h")
    }

    @Test("a name beside its code, and what is gone is said before what may be cut off")
    func pairs() {
        #expect(NamedCode("site_survey", chinese: "现场勘查", english: "Site survey").pair == "现场勘查 · site_survey")
        #expect(NamedCode("site_survey").pair == "site_survey")
        #expect(NamedCode("site_survey", chinese: "现场勘查").pair(isInForce: false) == "现场勘查 (gone) · site_survey")
    }

    @Test("the page says its units in Chinese, with the English beside them")
    func page() throws {
        let html = FigurePage.html(try PageTests.report())
        #expect(html.contains("70.0 小时 <span lang=\"en\">h</span>") && html.contains("10 工作日 <span lang=\"en\">wd</span>"))
        #expect(html.contains("<code>survey</code>") && html.contains("现场勘查 · survey"))
        #expect(html.contains(Words.units.zh) && html.contains(Words.units.en))
    }

    @Test("one task in one week: a bar of its own width, and an axis of whole numbers")
    func single() throws {
        var collector = FigureCollector(Town.request(try Town.rules()))
        var names = collector.names
        let fact = fault(1, &names, at: Town.monday, hours: 2, customers: 10, transformer: "T-1")
        collector.names = names
        collector.add(fact)
        let html = FigurePage.html(collector.finish())
        let bars = html.components(separatedBy: "<rect class=\"week\"").dropFirst()
        #expect(bars.count == 1 && bars.first?.contains("width=\"60.0\"") == true)
        #expect(html.contains("text-anchor=\"end\">0</text>") && html.contains("text-anchor=\"end\">1</text>") && html.contains("text-anchor=\"end\">2</text>"))
    }
}

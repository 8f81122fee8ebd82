import ArgumentParser
import City
import Domain
import Figures
import Rules
import Store

struct FiguresCost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "figures",
        abstract: "The figures of a year of a made-up city's history, against stepping through the same rows without making anything of them.")

    @Option(help: "Tasks of the year, those of the stages included.") var tasks = 300_000
    @Option(help: "Cases of the year, of seven stages each.") var cases = 30_000
    @Option(help: "Measured runs; the median counts.") var runs = 5
    @Option(help: "The seed of the year.") var seed: UInt64 = 1

    func run() async throws {
        let rules = try Province(crews: 100, capacity: 1).rules
        let until = wallClock()
        try await withFolder { folder in
            try Files.makeFolder(folder + "/state")
            let store = try Store(directory: folder + "/state")
            let began = monotonic()
            var year = MadeUpYear(rules: rules, until: until, tasks: tasks, cases: cases, seed: seed)
            try year.fill(store)
            figure("figures: filling the store", monotonic() - began, "s", "\(tasks) tasks, \(cases) cases, seed \(seed)")
            let request = FigureRequest(since: year.since, until: until + .seconds(1), now: until, rules: rules)
            var plain: [Double] = []
            var whole: [Double] = []
            var month: [Double] = []
            var rendered: [Double] = []
            var rows = 0
            for _ in 0..<max(runs, 1) {
                var start = monotonic()
                rows = try await store.figuresBaseline(request).rows
                plain.append(monotonic() - start)
                start = monotonic()
                let report = try await store.figures(request)
                whole.append(monotonic() - start)
                start = monotonic()
                let page = FigurePage.html(report)
                rendered.append(monotonic() - start)
                guard report.tasksDone + report.casesDone == rows, !page.isEmpty else {
                    throw BenchFault("the figures count \(report.tasksDone) tasks and \(report.casesDone) cases of \(rows) rows")
                }
                start = monotonic()
                _ = try await store.figures(FigureRequest(since: until + .days(-30), until: until + .seconds(1), now: until, rules: rules))
                month.append(monotonic() - start)
            }
            let (read, made) = (percentile(plain, 50) / 1_000, percentile(whole, 50) / 1_000)
            figure("figures baseline: stepping through the rows", read, "s", "\(Int(Double(rows) / read)) rows/s, \(rows) rows")
            figure("figures of the year", made, "s", "\(Int(Double(rows) / made)) rows/s, \((made / read * 10).rounded() / 10) x the baseline; goal 2 s")
            figure("figures of the last 30 days", percentile(month, 50), "ms")
            figure("figures: the page drawn", percentile(rendered, 50), "ms")
            figure("figures: memory", residentMegabytes(), "MB")
            try store.close()
        }
    }
}

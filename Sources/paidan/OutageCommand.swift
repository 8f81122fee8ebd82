import ArgumentParser
import Domain

struct Outages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the interruptions of supply that are known: planned work, and what the control centre announced.",
        discussion: """
            Rules that ask planned_outage() answer callers from there instead of sending a crew; CALLERS is how many were told.

            To announce one:
              echo '{"kind":"outage","id":"o-7","feeder":"F-12","reason":"planned work",
                "from":"2026-11-22T09:00:00+08:00","until":"2026-11-22T15:00:00+08:00"}' | tr -d '\\n' | paidan send -
            """)

    @Flag(help: "With those that are over.") var all = false
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/outages\(all ? "?all=true" : "")", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        for line in OutageTable.lines(try parsedLines(body), now: now(), on: .output) { Out.line(line) }
    }
}

/// `paidan outages`.
enum OutageTable {
    static func lines(_ outages: [JSONValue], now: Instant, on terminal: Terminal) -> [String] {
        guard !outages.isEmpty else { return ["no outages are known"] }
        var table = Table(columns: [
            .init(title: "OUTAGE", shrinksTo: 10), .init(title: "STATE"), .init(title: "WHERE", shrinksTo: 8), .init(title: "FROM"), .init(title: "UNTIL"),
            .init(title: "CUSTOMERS", right: true), .init(title: "CALLERS", right: true), .init(title: "REASON", shrinksTo: 10),
        ])
        for outage in outages {
            let today = Times.today(like: outage.text("from"), now: now)
            let state = outage.text("state")
            let isLate = state == "planned" && ((try? Instant(rfc3339: outage.text("until"))).map { $0 <= now } ?? false)
            let lasts = state == "planned" && ((try? Instant(rfc3339: outage.text("from"))).map { $0 <= now } ?? false)
            table.rows.append([
                Cell(outage.text("outage"), .bold), Cell(isLate ? "late" : lasts ? "lasts" : state, isLate ? .red : lasts ? .yellow : state == "planned" ? nil : .faint),
                Cell(outage["transformer"]?.string ?? outage.text("feeder")), Cell(Times.short(outage.text("from"), today: today)),
                Cell(Times.short(outage.text("until"), today: today)), Cell("\(outage["customers_out"]?.int ?? 0)"), Cell("\(outage["callers"]?.int ?? 0)"),
                Cell(outage.text("reason")),
            ])
        }
        return table.lines(on: terminal)
    }
}

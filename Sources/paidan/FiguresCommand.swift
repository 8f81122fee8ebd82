import API
import ArgumentParser
import Domain

extension FigureFormat: ExpressibleByArgument {}

struct FiguresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "figures",
        abstract: "Shows where time goes, what is late, and how reliable supply was (运行指标).",
        discussion: """
            Of what was done in the last 30 days, or in another time: each process with its stages (median, 90th percentile, share late), what \
            was waited for, ranked by what it costs; departments, crews, districts, tiers, contractors; SAIDI, SAIFI, CAIDI; first-time completion and satisfaction.

            Examples:
              paidan figures --since 7d
              paidan figures --since 2026-01-01 --until 2026-07-01
              paidan figures --since 365d --format html > year.html    one page, to mail or to print
            """)

    @Option(help: ArgumentHelp("From when: 7d, 2026-11-22, or an RFC 3339 time. (default: 30d)", valueName: "TIME")) var since: String?
    @Option(help: ArgumentHelp("Until when; what is open is told only where that is now. (default: now)", valueName: "TIME")) var until: String?
    @Option(help: ArgumentHelp("'human' for reading, 'json' for programs, 'html' for a page with charts.", valueName: "human|json|html"))
    var format: FigureFormat = .human
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        var query = ["format=\(format.rawValue)"]
        if let since { query.append("since=\(DaemonCalls.escaped(since))") }
        if let until { query.append("until=\(DaemonCalls.escaped(until))") }
        let body = try await DaemonCalls(daemon).get("/v1/figures?\(query.joined(separator: "&"))")
        if format == .json { Out.line(String(decoding: body, as: UTF8.self)) } else { Out.bytes(body) }
    }
}

import API
import ArgumentParser
import Domain

struct Contractors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists contractors and suppliers: tier, rating, what they may build, what bars them.",
        discussion: """
            The roster, the weights of the scores and the cut-offs of the tiers stand in contractors.yaml. RATING is the mean of the jobs in the \
            window; '-' while there are too few. TURN is who is next: the least goes first. With one name, the scores and the reasons.

            Examples:
              paidan contractors
              paidan contractors c-7
            """)

    @Argument(help: ArgumentHelp("Only this one, with its scores.", valueName: "NAME")) var name: String?
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/contractors", lines: true)
        let lines = body.split(separator: UInt8(ascii: "\n"))
        let all = try parsedLines(body)
        let wanted = all.indices.filter { name == nil || all[$0].text("contractor") == name }
        if let name, wanted.isEmpty {
            let meant = nearestName(to: name, among: all.map { $0.text("contractor") }).map { "; did you mean '\($0)'?" } ?? ""
            throw fail(DoorFault(what: "there is no contractor \(name.prefix(80))", why: "the roster has nobody of that name\(meant)", remedy: "see 'paidan contractors' for all of them"))
        }
        guard output.format == .human else {
            for i in wanted { Out.bytes(lines[i] + [0x0A]) }
            return
        }
        if name != nil, let i = wanted.first {
            for line in ContractorPage.lines(all[i]) { Out.line(line) }
            return
        }
        for line in ContractorPage.table(all, on: .output) { Out.line(line) }
    }
}

/// `paidan contractors`.
enum ContractorPage {
    static func table(_ all: [JSONValue], on terminal: Terminal) -> [String] {
        guard !all.isEmpty else { return ["no contractors"] }
        var table = Table(columns: [
            .init(title: "NAME", shrinksTo: 8), .init(title: "", shrinksTo: 10), .init(title: "KIND"), .init(title: "TIER"), .init(title: "RATING", right: true),
            .init(title: "JOBS", right: true), .init(title: "TURN", right: true), .init(title: "MAY BUILD, SUPPLIES", shrinksTo: 14), .init(title: "BARRED", shrinksTo: 8),
        ])
        for one in all {
            let works = (one["works"]?.array ?? []).map { $0.text("works") + ($0["licensed"]?.bool == false ? " (no licence)" : "") }
            let supplies = (one["supplies"]?.array ?? []).compactMap(\.string)
            table.rows.append([
                Cell(one.text("contractor"), .bold), Cell(one.text("name")), Cell(one.text("kind")), Cell(one.text("tier")),
                Cell(one["rating"]?.double.map { "\($0)" } ?? "-"), Cell("\(one["jobs"]?.int ?? 0)"), Cell(one["turn"]?.double.map { "\($0)" } ?? ""),
                Cell((works + supplies).joined(separator: ", ")), Cell(bars(one).joined(separator: ", "), .red),
            ])
        }
        return table.lines(on: terminal)
    }

    private static func bars(_ one: JSONValue) -> [String] {
        func until(_ key: String, _ word: String) -> String? {
            one[key].map { "\(word)\($0["until"]?.string.map { " until \($0.prefix(10))" } ?? "")" }
        }
        return [until("suspended", "suspended"), until("excluded", "excluded"), one["accident"].map { _ in "accident" }, one["fraud"].map { _ in "fraud" }].compactMap { $0 }
    }

    static func lines(_ one: JSONValue) -> [String] {
        var lines = ["\(one.text("contractor"))  \(one.text("name"))  tier \(one.text("tier"))\(one["rating"]?.double.map { ", rating \($0)" } ?? "")"]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            for (i, line) in Cells.wrapped(text, to: Table.cellsMax - 14).enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 12) + line) }
        }
        row("scores", (one["scores"]?.object ?? []).map { "\($0.key) \($0.value.text)" }.joined(separator: ", "))
        row("jobs", "\(one["jobs"]?.int ?? 0) in the window" + (one["awarded"]?.int.map { ", \($0) awarded, \(one["done"]?.int ?? 0) done" } ?? ""))
        row("since", one.text("since"))
        row("why", one.text("why"))
        for works in one["works"]?.array ?? [] {
            row("may build", works.text("works") + (works["licensed"]?.bool == false ? ": no valid licence" : works["licence_until"]?.string.map { ", licence until \($0)" } ?? ""))
        }
        row("supplies", (one["supplies"]?.array ?? []).compactMap(\.string).joined(separator: ", "))
        row("barred", bars(one).joined(separator: ", "))
        return lines
    }
}

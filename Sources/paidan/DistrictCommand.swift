import ArgumentParser
import Domain

struct Districts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists every district: what is open there, who can do it, who is lent, and its load and supply.",
        discussion: """
            CREWS are those on duty that serve the district now, its own and borrowed ones; FREE are those of them with a hand free.
            IN NEED says since when a rule of 'lending:' finds that it has more to do than crews.

            Rules lend crews by themselves. By hand:
              paidan crew north-2 lend longwan
              paidan crew north-2 home
            """)

    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/districts", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        for line in DistrictTable.lines(try parsedLines(body), now: now(), on: .output) { Out.line(line) }
    }
}

/// `paidan districts`.
enum DistrictTable {
    static func lines(_ districts: [JSONValue], now: Instant, on terminal: Terminal) -> [String] {
        guard !districts.isEmpty else { return ["no districts (site.yaml, districts:)"] }
        var table = Table(columns: [
            .init(title: "DISTRICT", shrinksTo: 8), .init(title: "NAME", shrinksTo: 6), .init(title: "OPEN", right: true), .init(title: "WAITING", right: true),
            .init(title: "CREWS", right: true), .init(title: "FREE", right: true), .init(title: "BORROWED", shrinksTo: 8), .init(title: "LENT", shrinksTo: 6),
            .init(title: "IN NEED"), .init(title: "MEASURED", shrinksTo: 10),
        ])
        for district in districts {
            let needs = (district["needs"]?.array ?? []).map { $0.text("since") }.min()
            let waiting = district["waiting"]?.int ?? 0
            func names(_ key: String) -> String { (district[key]?.array ?? []).compactMap(\.string).joined(separator: " ") }
            let shown = (district["readings"]?.array ?? []).map { reading in
                let unit = reading.text("unit")
                return "\(reading.text("quantity")) \(value(reading["value"]))\(unit == "1" || unit == "flag" ? "" : " " + unit)"
            }
            table.rows.append([
                Cell(district.text("district"), .bold), Cell(district.text("name")), Cell("\(district["open"]?.int ?? 0)"),
                Cell("\(waiting)", waiting > 0 ? .yellow : nil), Cell("\(district["crews"]?.int ?? 0)"), Cell("\(district["free"]?.int ?? 0)"),
                Cell(names("borrowed")), Cell(names("lent")),
                Cell(needs.map { Times.short($0, today: Times.today(like: $0, now: now)) } ?? "", .yellow), Cell(shown.joined(separator: ", ")),
            ])
        }
        return table.lines(on: terminal)
    }

    private static func value(_ value: JSONValue?) -> String {
        if let flag = value?.bool { return "\(flag)" }
        guard let number = value?.double else { return "?" }
        return number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    }
}

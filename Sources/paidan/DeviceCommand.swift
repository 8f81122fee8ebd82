import API
import ArgumentParser
import Domain

struct Devices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows what devices report: those at which a rule is not quiet, or one of them.",
        discussion: """
            Devices are the transformers and feeders of the network register, districts, and what stands in the registers of 'devices:'. The rules that \
            watch them stand in monitoring.yaml.

            Examples:
              paidan devices                 where something is wrong, or about to be
              paidan devices T-991           everything about one
            """)

    @Argument(help: ArgumentHelp("Only this one, with everything.", valueName: "NAME")) var name: String?
    @Flag(help: "All that have shown anything.") var all = false
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        if let name {
            let body = try await DaemonCalls(daemon).get("/v1/devices/\(DaemonCalls.escaped(name))")
            guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
            for line in DevicePage.lines(try parsed(body), now: now()) { Out.line(line) }
            return
        }
        let body = try await DaemonCalls(daemon).get("/v1/devices\(all ? "?all=true" : "")", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        for line in DevicePage.table(try parsedLines(body), now: now(), on: .output) { Out.line(line) }
    }
}

/// `paidan devices`.
enum DevicePage {
    private static func today(_ device: JSONValue, _ now: Instant) -> String? { Times.today(like: device["readings"]?.array?.first?["at"]?.string, now: now) }

    private static func value(_ reading: JSONValue) -> String {
        let unit = reading.text("unit")
        return "\(reading.text("quantity")) \(reading["value"]?.text ?? "?")\(unit.isEmpty || unit == "1" ? "" : " " + unit)"
    }

    static func table(_ devices: [JSONValue], now: Instant, on terminal: Terminal) -> [String] {
        guard !devices.isEmpty else { return ["no device shows anything that a rule would report"] }
        var table = Table(columns: [
            .init(title: "DEVICE", shrinksTo: 8), .init(title: "KIND"), .init(title: "WHERE", shrinksTo: 6), .init(title: "SHOWS", shrinksTo: 16), .init(title: "RULE", shrinksTo: 10),
            .init(title: "STATE"), .init(title: "SINCE"), .init(title: "TASK"),
        ])
        for device in devices {
            let watched = device["watched"]?.array ?? []
            let shows = (device["readings"]?.array ?? []).map(value).joined(separator: ", ")
            for (number, one) in (watched.isEmpty ? [.object([])] : watched).enumerated() {
                table.rows.append([
                    Cell(number == 0 ? device.text("device") : "", .bold), Cell(number == 0 ? device.text("kind") : ""),
                    Cell(number == 0 ? device["district"]?.string ?? device.text("feeder") : ""), Cell(number == 0 ? shows : ""), Cell(one.text("rule")),
                    Cell(one.text("state"), one["report"] == nil ? .yellow : .red), Cell(one["since"]?.string.map { Times.short($0, today: today(device, now)) } ?? ""),
                    Cell((one["tasks"]?.array ?? []).compactMap(\.string).joined(separator: " ")),
                ])
            }
        }
        return table.lines(on: terminal)
    }

    static func lines(_ device: JSONValue, now: Instant) -> [String] {
        var lines = ["\(device.text("device"))  \(device.text("kind"))"]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            for (i, line) in Cells.wrapped(text, to: Table.cellsMax - 16).enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 14) + line) }
        }
        row("where", ["transformer", "feeder", "district"].compactMap { key in device[key]?.string.map { "\(key) \($0)" } }.joined(separator: ", "))
        for reading in device["readings"]?.array ?? [] { row("shows", "\(value(reading)), at \(Times.short(reading.text("at"), today: today(device, now)))") }
        for one in device["watched"]?.array ?? [] {
            let tasks = (one["tasks"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            row(
                "watched",
                "\(one.text("rule")): \(one.text("state")) since \(Times.short(one.text("since"), today: today(device, now)))\(tasks.isEmpty ? "" : ", " + tasks)")
        }
        for one in device["maintenance"]?.array ?? [] {
            let used = one["used"]?.double.map { used in "\(used) of \(one["every"]?.double ?? 0)" } ?? ""
            let due = one["due"]?.string.map { "due \($0.prefix(10))" } ?? ""
            let tasks = (one["tasks"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            row("maintenance", "\(one.text("rule")): \([used, due, tasks].filter { !$0.isEmpty }.joined(separator: ", "))")
        }
        return lines
    }
}

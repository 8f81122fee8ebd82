import API
import ArgumentParser
import City
import Dispatch
import Domain
import Glibc

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the whole story on this machine in under a minute.",
        discussion: """
            A day of a city that does not exist: its crews, its callers, a thunderstorm, an edit of a rule, a crash in the middle. The \
            rules, the decisions and the database are the real ones, in a temporary folder that is removed at the end; only the clock \
            runs faster. Nothing on this machine is touched, and no daemon is needed.

            With --storm a real storm is lived instead: a file of outages (outage_id, started_at, lat, lon, customers; CSV, gzip allowed), \
            each a report, against a roster of crews.
            """)

    @Option(help: ArgumentHelp("The city's dice: the same number, the same day.", valueName: "N")) var seed: UInt64 = 1
    @Option(help: ArgumentHelp("Live a real storm: a CSV of outages, .gz allowed.", valueName: "FILE")) var storm: String?
    @Option(help: ArgumentHelp("With --storm: the crews, as JSON [{\"crew\":…,\"lat\":…,\"lon\":…}].", valueName: "FILE")) var roster: String?
    @Option(help: ArgumentHelp("With --storm and no --roster: so many crews, placed by the seed.", valueName: "N")) var crews = 300
    @Flag(help: "Do not wait between the lines for the reader.") var fast = false

    func validate() throws {
        if storm == nil, roster != nil { throw ValidationError("--roster goes with --storm alone") }
        guard (1...20_000).contains(crews) else { throw ValidationError("--crews \(crews): give a number from 1 to 20000") }
    }

    func run() async throws {
        do {
            let folder = try Files.temporaryFolder("paidan-demo")
            let signals = Self.removing(folder)
            defer {
                for signal in signals { signal.cancel() }
                Files.remove(folder)
            }
            if let storm { try await run(storm: storm, in: folder) } else { try runDay(in: folder) }
        } catch let code as ExitCode {
            throw code
        } catch {
            throw fail(DoorFault(what: "the demo cannot go on", why: "\(error)", remedy: "look at the message, mend that, and start it again"))
        }
    }

    /// Removes the folder when somebody stops the demo (Ctrl-C, SIGTERM), and ends the process with 128 + the signal's number.
    private static func removing(_ folder: String) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                // The demo still writes while its folder goes: what it makes meanwhile goes in the next round.
                for _ in 0..<20 where access(folder, F_OK) == 0 { Files.remove(folder) }
                _exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    private func runDay(in folder: String) throws {
        let teller = Teller(terminal: .output, pause_us: fast || !Terminal.output.isTerminal ? 0 : 140_000)
        var demo = try City.Demo(seed: seed, folder: folder) { teller.tell($0) }
        let outcome = try demo.run()
        if !outcome.faults.isEmpty { throw ExitCode.failure }
    }

    private func run(storm file: String, in folder: String) async throws {
        let data = try StormData(csv: try Files.read(file), name: file)
        let posts = try roster.map { try StormData.roster(json: try Files.read($0), name: $0) } ?? data.roster(crews: crews, seed: seed)
        let storm = StormRun(data: data, roster: posts)
        Out.line("A real storm: \(data.outages.count) outages, \(posts.count) crews, on the real rules, decisions and database")
        let started = now()
        let figures = try await storm.run(folder: folder + "/state") { at, arrived in
            Out.line("\(at.rfc3339().prefix(16))  crews have reached \(arrived) outages")
        }
        for line in figures.lines { Out.line(line) }
        Out.line("lived in \(Times.length(now() - started))")
        guard figures.faults.isEmpty else {
            for fault in figures.faults.prefix(20) { Out.line(Terminal.output.paint(fault, .alarm)) }
            throw ExitCode.failure
        }
        Out.line(Terminal.output.paint("every outage has one task; none lost, none twice, no crew on two jobs", .green))
    }
}

/// Prints the story at a reader's pace.
private struct Teller: Sendable {
    let terminal: Terminal
    let pause_us: UInt32

    func tell(_ line: StoryLine) {
        Out.line(Self.format(line, on: terminal))
        if pause_us > 0 { usleep(line.tag == .chapter ? pause_us * 4 : pause_us) }
    }

    /// `08:14  sent    north-2, 1.8 km away …`; long lines go on under their text.
    static func format(_ line: StoryLine, on terminal: Terminal) -> String {
        let clock = line.at.map { String($0.rfc3339(in: .shanghai).dropFirst(11).prefix(5)) } ?? "     "
        let text = Cell(line.text).text
        switch line.tag {
        case .chapter:
            return "\n" + terminal.paint(text, .bold)
        case .figures where line.at == nil:
            return "  " + text
        case .rules where line.at == nil:
            return Cells.padded("", to: 15) + text
        case .good: return "\n  " + terminal.paint(text, .green)
        case .bad: return "  " + terminal.paint(text, .alarm)
        case .report, .rule, .sent, .waits, .crew, .late, .again, .refused, .duty, .rules, .crash, .figures:
            let lines = Cells.wrapped(text, to: Table.cellsMax - 16)
            let head = "\(terminal.paint(clock, .faint))  \(terminal.paint(Cells.padded(line.tag.rawValue, to: 8), style(line.tag))) "
            return lines.enumerated().map { $0 == 0 ? head + $1 : Cells.padded("", to: 16) + $1 }.joined(separator: "\n")
        }
    }

    private static func style(_ tag: StoryLine.Tag) -> Terminal.Style? {
        switch tag {
        case .report: .cyan
        case .rule, .again: .faint
        case .sent, .crew: .green
        case .waits, .duty: .yellow
        case .late, .refused, .crash: .red
        case .rules: .blue
        case .chapter, .figures, .good, .bad: nil
        }
    }
}

import API
import ArgumentParser
import Decisions
import Domain

struct Cases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the open cases (applications), the nearest deadline first.",
        discussion: """
            Examples:
              paidan cases --process connections.hv_single
              paidan cases --customer 3302001234 --all
            """)

    @Option(help: ArgumentHelp("Only cases of this process, as module.name.", valueName: "PROCESS")) var process: String?
    @Option(help: ArgumentHelp("Only cases of this account.", valueName: "ACCOUNT")) var customer: String?
    @Option(help: ArgumentHelp("Only cases in this state; may be repeated.", valueName: "STATE")) var state: [CaseState] = []
    @Flag(help: "With those that are completed or withdrawn.") var all = false
    @Option(help: ArgumentHelp("At most so many.", valueName: "N")) var limit = 1_000
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit \(limit): give a number from 1 to 100000") }
    }

    func run() async throws {
        var query = ["limit=\(limit)"]
        if let process { query.append("process=\(DaemonCalls.escaped(process))") }
        if let customer { query.append("customer=\(DaemonCalls.escaped(customer))") }
        if !state.isEmpty { query.append("state=\(state.map(\.rawValue).joined(separator: ","))") }
        if all { query.append("all=true") }
        let body = try await DaemonCalls(daemon).get("/v1/cases?\(query.joined(separator: "&"))", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        for line in CaseTable.lines(try parsedLines(body), now: now(), on: .output) { Out.line(line) }
    }
}

extension CaseState: ExpressibleByArgument {}

struct OneCase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case",
        abstract: "Shows where an application stands, or says something of it as a whole.",
        discussion: """
            Examples:
              paidan case C-20261122-3                               where it stands, what comes next, by when
              paidan case C-20261122-3 documents identity site_plan  these documents have come in
              paidan case C-20261122-3 suspend --note "customer away until March"
              paidan case C-20261122-3 withdraw                      the customer wants it no more
              paidan case C-20261122-3 migrate                       on by the process as the rules have it now

            A stage is reported as the task that it is: paidan task TASK complete --outcome done (or failed).
            """)

    @Argument(help: ArgumentHelp("The case's number, C-20261122-3.", valueName: "CASE"), transform: CaseID.typed) var kase: CaseID
    @Argument(help: ArgumentHelp("documents, suspend, resume, withdraw or migrate.", valueName: "EVENT")) var event: CaseEvent?
    @Argument(help: ArgumentHelp("For documents: their codes.", valueName: "CODE")) var codes: [String] = []
    @Option(
        name: .customLong("field"), help: ArgumentHelp("For documents: what is known better now; may be repeated.", valueName: "NAME=VALUE"))
    var fields: [OneTask.FieldArgument] = []
    @Option(help: ArgumentHelp("Who says so.", valueName: "WHO")) var by: String?
    @Option(help: ArgumentHelp("A remark for the case's history.", valueName: "TEXT")) var note: String?
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        switch event {
        case .documents where codes.isEmpty && fields.isEmpty: throw ValidationError("documents: which? Name their codes: paidan case \(kase) documents identity")
        case .documents: break
        case .suspend, .resume, .withdraw, .migrate:
            if let code = codes.first { throw ValidationError("\(event?.rawValue ?? "") takes no '\(code)'; a remark goes with --note") }
        case nil: break
        }
        if !fields.isEmpty, event != .documents { throw ValidationError("--field goes with documents alone") }
    }

    func run() async throws {
        let calls = DaemonCalls(daemon)
        guard let event else {
            let body = try await calls.get("/v1/cases/\(kase)")
            guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
            for line in CasePage.lines(try parsed(body), now: now(), on: .output) { Out.line(line) }
            return
        }
        var json = JSONWriter()
        json.object {
            $0.field("id", OneTask.inputID())
            $0.field("event", event.rawValue)
            if !codes.isEmpty {
                $0.key("documents")
                $0.array { for code in codes { $0.string(code) } }
            }
            OneTask.FieldArgument.write(fields, to: &$0)
            $0.field("by", by ?? OneTask.login)
            $0.field("note", note)
        }
        let answer = try await calls.post("/v1/cases/\(kase)", json: json.bytes)
        try answerReceipt(answer.body, output.format, what: "the case \(kase) was not changed", look: "paidan case \(kase)") { receipt in
            let begun = receipt.tasks.isEmpty ? "" : ", begun: \(receipt.tasks.map(\.description).joined(separator: ", "))"
            return "\(kase): \(event.rawValue) noted\(begun)"
        }
    }
}

struct OneReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Shows what came of a report or an application, by the number that its sender gave it.",
        discussion: """
            Examples:
              paidan report 95598-20261122-000123
              paidan report 000123 --source counter
            """)

    @Argument(help: ArgumentHelp("The id under which it was sent.", valueName: "ID")) var id: String
    @Option(help: ArgumentHelp("Who sent it, where several senders use the same numbers.", valueName: "SOURCE")) var source: String?
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let query = source.map { "?source=\(DaemonCalls.escaped($0))" } ?? ""
        let body = try await DaemonCalls(daemon).get("/v1/reports/\(DaemonCalls.escaped(id))\(query)", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        for (number, one) in try parsedLines(body).enumerated() {
            if number > 0 { Out.line("") }
            for line in ReportPage.lines(id, one, now: now(), on: .output) { Out.line(line) }
        }
    }
}

/// `paidan report ID`.
enum ReportPage {
    static func lines(_ id: String, _ one: JSONValue, now: Instant, on terminal: Terminal) -> [String] {
        let receipt = one["receipt"]
        let rule = receipt?["rule"]?.string ?? "\(receipt?.text("status") ?? ""), of which no task came"
        var lines = ["\(id) from \(receipt?.text("source") ?? ""): \(rule)"]
        func row(_ name: String, _ text: String) {
            guard !text.isEmpty else { return }
            for (i, line) in Cells.wrapped(text, to: Table.cellsMax - 14).enumerated() { lines.append("  " + Cells.padded(i == 0 ? name : "", to: 12) + line) }
        }
        // What its sender was told at once, and passes on to the caller.
        row("answered", receipt?["answer"]?.text("zh") ?? "")
        row("", receipt?["answer"]?.text("en") ?? "")
        if let now = one["moved_to"]?.string {
            let before = (receipt?["tasks"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
            row("moved", "to \(now) by hand\(before.isEmpty ? "" : "; its receipt says \(before)")")
        }
        for remark in receipt?["remarks"]?.array ?? [] { row("remark", remark.string ?? "") }
        if let kase = one["case"] { lines += CasePage.lines(kase, now: now, on: terminal) }
        for task in one["tasks"]?.array ?? [] { lines += TaskPage.lines(task, now: now, on: terminal) }
        return lines
    }
}

extension CaseID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension CaseEvent: ExpressibleByArgument {}

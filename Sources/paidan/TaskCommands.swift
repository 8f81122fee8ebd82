import API
import ArgumentParser
import Domain
import Glibc

struct Tasks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the open tasks, most urgent first.",
        discussion: """
            Without flags: every task that is not finished. Times are local to the utility; a red time has passed.

            Examples:
              paidan tasks --state queued                what waits for a crew
              paidan tasks --department operations       what one department has open, due and overdue
              paidan tasks --crew north-2                what one crew has in hand
              paidan tasks --all --limit 20              the finished ones too
            """)

    @Option(help: "Only tasks of this department.") var department: String?
    @Option(help: "Only tasks of this crew.") var crew: String?
    @Option(help: ArgumentHelp("Only tasks in this state; may be repeated.", valueName: "STATE")) var state: [TaskState] = []
    @Flag(help: "With the finished ones: closed, cancelled, merged.") var all = false
    @Option(help: ArgumentHelp("At most so many.", valueName: "N")) var limit = 1_000
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit \(limit): give a number from 1 to 100000") }
    }

    func run() async throws {
        var query = ["limit=\(limit)"]
        if let department { query.append("department=\(DaemonCalls.escaped(department))") }
        if let crew { query.append("crew=\(DaemonCalls.escaped(crew))") }
        if !state.isEmpty { query.append("state=\(state.map(\.rawValue).joined(separator: ","))") }
        if all { query.append("all=true") }
        let body = try await DaemonCalls(daemon).get("/v1/tasks?\(query.joined(separator: "&"))", lines: true)
        guard output.format == .human else { return Out.bytes(body) }
        let tasks = try parsedLines(body)
        for line in TaskTable.lines(tasks, department: department, now: now(), on: .output) { Out.line(line) }
    }
}

struct OneTask: AsyncParsableCommand {
    /// What can be reported or decided by hand.
    enum Event: String, ExpressibleByArgument, CaseIterable {
        case accept, reject, contact, enroute, onsite, complete, close, cancel, suspend, resume, callback, assign, priority, merge, split
    }

    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract: "Shows one task, or reports what a crew did or a duty engineer decides.",
        discussion: """
            Examples:
              paidan task T-20261122-17                          where it stands, and what happened to it
              paidan task T-20261122-17 accept --by north-2      the crew has accepted it by radio
              paidan task T-20261122-17 complete --by north-2 --note "fuse replaced"
              paidan task T-20261122-17 complete --outcome failed --field needs_grid_works=true    a stage of a case
              paidan task T-20261122-17 callback --satisfaction 4               the customer was called back: closed
              paidan task T-20261122-17 callback --unsettled --note "again"     … is not content: open again
              paidan task T-20261122-17 assign north-3           give it to a crew or a department by hand
              paidan task T-20261122-17 priority emergency       emergency, high, normal or low
              paidan task T-20261122-17 merge T-20261122-9       it is part of what T-20261122-9 is about: that one stands for both
              paidan task T-20261122-9 split 95598-123 95598-130 these callers have another fault: they get a task of their own

            Without --by you speak as the duty engineer, under your login name. A later event implies those that were skipped: \
            'complete' of a task that a crew was only told of accepts it too.
            """)

    @Argument(help: ArgumentHelp("The task's number, T-20261122-17.", valueName: "TASK"), transform: TaskID.typed) var task: TaskID
    @Argument(
        help: ArgumentHelp(
            "accept, reject, contact, enroute, onsite, complete, close, cancel, suspend, resume, callback; or assign, priority, merge, split with a value.", valueName: "EVENT"))
    var event: Event?
    @Argument(
        help: ArgumentHelp(
            "For assign: a crew or a department. For priority: emergency, high, normal, low. For merge: the task that stands for both. For split: the ids of the reports that leave.",
            valueName: "VALUE"))
    var values: [String] = []
    @Option(help: ArgumentHelp("Who did it: a crew's name, or a person's.", valueName: "WHO")) var by: String?
    @Option(help: ArgumentHelp("A remark for the task's history.", valueName: "TEXT")) var note: String?
    @Option(help: ArgumentHelp("With complete: what came of it, 'done' if not said.", valueName: "TEXT")) var outcome: String?
    @Option(
        name: .customLong("field"),
        help: ArgumentHelp("With complete, of a stage of a case: what was found out, for the stages that follow; may be repeated.", valueName: "NAME=VALUE"))
    var fields: [FieldArgument] = []
    @Option(help: ArgumentHelp("With callback or complete: what the customer says, from 1 (not at all satisfied) to 5.", valueName: "1-5")) var satisfaction: Int?
    @Flag(help: "With callback: it is not settled; the task is opened again.") var unsettled = false
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    private var value: String? { values.first }

    func validate() throws {
        if values.count > 1, event != .split, let event { throw ValidationError("\(event.rawValue) takes one value, and here are \(values.joined(separator: ", "))") }
        switch event {
        case .merge:
            guard let value, TaskID(value) != nil else { throw ValidationError("merge: into which? Name the task that stands for both: paidan task \(task) merge T-20261122-9") }
        case .split:
            guard !values.isEmpty else { throw ValidationError("split: who leaves? Name the ids of their reports; 'paidan task \(task)' lists the callers") }
        case .assign where value == nil: throw ValidationError("assign: to whom? Name a crew or a department: paidan task \(task) assign north-3")
        case .priority:
            guard let value else { throw ValidationError("priority: which? Name one of emergency, high, normal, low") }
            guard Priority(rawValue: value) != nil else {
                throw ValidationError("priority: there is no '\(value)'; name one of emergency, high, normal, low")
            }
        case .assign: break
        case .some(let other):
            if let value { throw ValidationError("\(other.rawValue) takes no '\(value)'; a remark goes with --note") }
        case nil: break
        }
        if outcome != nil, event != .complete { throw ValidationError("--outcome goes with complete alone") }
        if !fields.isEmpty, event != .complete { throw ValidationError("--field goes with complete alone") }
        if unsettled, event != .callback { throw ValidationError("--unsettled goes with callback alone") }
        if let satisfaction {
            guard event == .callback || event == .complete else { throw ValidationError("--satisfaction goes with callback or complete") }
            guard (1...5).contains(satisfaction) else { throw ValidationError("--satisfaction \(satisfaction): give a number from 1 to 5") }
        }
    }

    func run() async throws {
        let calls = DaemonCalls(daemon)
        guard let event else { return try await show(calls) }
        var json = JSONWriter()
        json.object {
            $0.field("id", OneTask.inputID())
            $0.field("event", event.rawValue)
            $0.field("by", by ?? Self.login)
            $0.field("note", note)
            if event == .complete { $0.field("outcome", outcome ?? "done") }
            FieldArgument.write(fields, to: &$0)
            $0.field("satisfaction", satisfaction)
            if unsettled { $0.field("solved", false) }
            if event == .assign || event == .merge { $0.field("to", value) }
            if event == .split {
                $0.key("reports")
                $0.array { json in for report in values { json.string(report) } }
            }
            if event == .priority { $0.field("priority", value) }
        }
        let answer = try await calls.post("/v1/tasks/\(task)/progress", json: json.bytes)
        try answerReceipt(answer.body, output.format, what: "the task \(task) was not changed", look: "paidan task \(task)") { receipt in
            let new = event == .split ? receipt.tasks.last.map { ": they have \($0) now" } ?? "" : ""
            return "\(task): \(([event.rawValue] + values).joined(separator: " ")) noted\(new)"
        }
    }

    /// `NAME=VALUE`: `true` and `false` are what they say, what reads as a number is one, all else is text.
    struct FieldArgument: ExpressibleByArgument {
        var name: String
        var value: String

        init?(argument: String) {
            guard let sign = argument.firstIndex(of: "="), sign != argument.startIndex else { return nil }
            name = String(argument[..<sign])
            value = String(argument[argument.index(after: sign)...])
        }

        static func write(_ fields: [FieldArgument], to json: inout JSONWriter) {
            guard !fields.isEmpty else { return }
            json.key("fields")
            json.object { json in
                for field in fields {
                    json.key(named: field.name)
                    switch field.value {
                    case "true", "yes": json.bool(true)
                    case "false", "no": json.bool(false)
                    default: if (try? JSONValue.parse(field.value))?.double != nil { json.raw(field.value) } else { json.string(field.value) }
                    }
                }
            }
        }
    }

    private func show(_ calls: DaemonCalls) async throws {
        let body = try await calls.get("/v1/tasks/\(task)")
        guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
        for line in TaskPage.lines(try parsed(body), now: now(), on: .output) { Out.line(line) }
    }

    /// Each call is a word of its own: without it, "suspend" said twice with a "resume" between would pass for a repetition.
    static func inputID() -> String { "cli-\(now().milliseconds)-\(getpid())" }

    /// Whoever types: under sudo the person, not root.
    static var login: String { Environment.value("SUDO_USER") ?? Environment.value("USER") ?? Environment.value("LOGNAME") ?? "duty" }
}

/// Shows the receipt of one change; a refused one ends with exit code 1 and its reason.
func answerReceipt(_ body: [UInt8], _ format: Format, what: String, look: String, done: (Receipt) -> String) throws {
    let receipt: Receipt
    do {
        receipt = try Receipt(json: body)
    } catch {
        throw fail(DaemonCalls.fault(status: 422, body))
    }
    if format == .json { Out.line(String(decoding: body, as: UTF8.self)) }
    switch receipt.status {
    case .accepted, .duplicate:
        guard format == .human else { return }
        Out.line(done(receipt))
        for remark in receipt.remarks { Out.line("  \(remark)") }
    case .conflict, .rejected:
        if format == .json { throw ExitCode.failure }
        Out.error("\(what): \(receipt.reason ?? "it was refused"); see '\(look)'")
        throw ExitCode.failure
    }
}

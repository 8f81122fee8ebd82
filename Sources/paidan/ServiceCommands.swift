import API
import ArgumentParser
import Domain

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells how the daemon is: open and overdue tasks, crews on duty, the rules in force.",
        discussion: "The same facts stand in the Status line of 'systemctl status paidan'.")

    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/status")
        guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
        for line in StatusPage.lines(try parsed(body), on: .output) { Out.line(line) }
    }
}

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Puts the edited rules in force, whole or not at all.",
        discussion: """
            The daemon reads and checks the folder, and runs the rule tests of what changed. Either the new rules are in force when this returns (exit code 0), or nothing \
            has changed and every error is listed (exit code 1). 'systemctl reload paidan' does the same.
            """)

    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let accept = output.format == .json ? "application/x-ndjson" : "text/plain"
        let answer = try await DaemonCalls(daemon).post("/v1/reload", json: [], accept: accept)
        if answer.status == 422 {
            if output.format == .json {
                Out.bytes(answer.body)
                throw ExitCode.failure
            }
            Out.errorText(String(decoding: answer.body, as: UTF8.self))
            throw fail(
                DoorFault(
                    what: "the rules were not loaded", why: "they have errors; the old ones stay in force",
                    remedy: "mend what is named above, and reload again"))
        }
        guard output.format == .human else { return Out.line(String(decoding: answer.body, as: UTF8.self)) }
        let loaded = try parsed(answer.body)
        for warning in loaded["warnings"]?.array ?? [] { Out.errorText(warning.string ?? "") }
        Out.line("loaded: the rules \(loaded["hash"]?.string ?? "") are in force; findings about the whole set follow in the journal ('paidan check' shows them)")
    }
}

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tells why a task went where it went.",
        discussion: """
            The rule with its file and line, each of its conditions with what the report said, the rule that came nearest before it, \
            every crew with its distance and why it was chosen or not, and the limits. It is what was true when it was decided, kept \
            with the decision: editing the rules does not change it.
            """)

    @Argument(help: ArgumentHelp("The task's number, T-20261122-17.", valueName: "TASK"), transform: TaskID.typed) var task: TaskID
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func run() async throws {
        let body = try await DaemonCalls(daemon).get("/v1/tasks/\(task)/why")
        guard output.format == .human else { return Out.line(String(decoding: body, as: UTF8.self)) }
        for line in ExplainPage.lines(try parsed(body), on: .output) { Out.line(line) }
    }
}

import API
import ArgumentParser
import Domain

enum Format: String, ExpressibleByArgument, CaseIterable {
    case human, json
}

struct FormatOption: ParsableArguments {
    @Option(help: ArgumentHelp("'human' for reading, 'json' for programs: one JSON object a line.", valueName: "human|json"))
    var format: Format = .human
}

/// Where the daemon's things are when no flag says so: what systemd's `*_DIRECTORY` variables say, else the fixed places.
struct Places {
    var rules: String
    var state: String
    var spool: String
    var socket: String

    init(environment: (String) -> String? = Environment.value) {
        // Of several folders (joined by colons) the first is the service's own.
        func folder(_ variable: String) -> String? {
            environment(variable).flatMap { $0.split(separator: ":").first.map(String.init) }
        }
        rules = folder("CONFIGURATION_DIRECTORY").map { $0 + "/rules" } ?? "/etc/paidan/rules"
        state = folder("STATE_DIRECTORY") ?? "/var/lib/paidan"
        spool = "/var/spool/paidan"
        socket = (folder("RUNTIME_DIRECTORY") ?? "/run/paidan") + "/paidan.sock"
    }
}

struct RulesOption: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The folder of the rule files. (default: /etc/paidan/rules)", valueName: "DIR"))
    var rules: String?

    var folder: String { rules ?? Places().rules }
}

/// A command that talks to the running daemon.
struct DaemonOption: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The daemon's socket. (default: /run/paidan/paidan.sock)", valueName: "PATH"))
    var socket: String?

    var path: String { socket ?? Places().socket }
}

extension TaskID: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }

    /// A task's number as somebody types it; a case's is told from it.
    static func typed(_ text: String) throws -> TaskID {
        if let task = TaskID(text) { return task }
        throw ValidationError(CaseID(text) == nil ? "a task's number looks like T-20261122-17" : "that is a case: use 'paidan case \(text)'")
    }
}

extension CaseID {
    /// The same for cases.
    static func typed(_ text: String) throws -> CaseID {
        if let kase = CaseID(text) { return kase }
        throw ValidationError(TaskID(text) == nil ? "a case's number looks like C-20261122-3" : "that is a task: use 'paidan task \(text)'")
    }
}

extension Priority: ExpressibleByArgument {}
extension TaskState: ExpressibleByArgument {}

/// Prints what went wrong on standard error and ends with `code`.
func fail(_ fault: DoorFault, code: Int32 = 1) -> ExitCode {
    Out.error(fault.description)
    return ExitCode(code)
}

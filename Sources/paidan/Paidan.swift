import ArgumentParser
import Daemon

/// The command that operators type. Each subcommand is thin: it reads its flags, asks the house, and shows the answer.
@main
struct Paidan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paidan",
        abstract: "Takes in fault reports and sends the nearest able crew (派单).",
        discussion: """
            The daemon runs as the service 'paidan' (systemctl status paidan). What it decides stands in the rule files, \
            /etc/paidan/rules: edit one, run 'paidan check', then 'systemctl reload paidan'.

            To see what it does before you install anything: paidan demo
            """,
        version: Daemon.version,
        subcommands: [
            Serve.self, Demo.self, Check.self, TestCommand.self, Route.self, Eval.self, Send.self, Tasks.self, OneTask.self, Cases.self,
            OneCase.self, OneReport.self, OneCrew.self, Crews.self, Districts.self, Outages.self, Contractors.self, Devices.self, OneCustomer.self, FiguresCommand.self, Status.self,
            Explain.self, Reload.self, Verify.self,
        ])

    /// Before every message of an unusable call.
    static var _errorPrefix: String { "paidan: " }
}

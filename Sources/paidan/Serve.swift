import API
import ArgumentParser
import Daemon

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the daemon; systemd calls this.",
        discussion: """
            Without flags the folders are systemd's (CONFIGURATION_DIRECTORY, STATE_DIRECTORY, RUNTIME_DIRECTORY), else \
            /etc/paidan/rules, /var/lib/paidan, /var/spool/paidan and /run/paidan/paidan.sock. It stops at SIGTERM or SIGINT, after \
            everything that was accepted is finished, and reads the rules again at SIGHUP.

            Exit code 0: stopped as asked; 78: the rules have errors and there are none from before; 64: a flag that cannot be used; 1: \
            anything else.
            """)

    @Option(help: ArgumentHelp("The folder of the rule files.", valueName: "DIR")) var rules: String?
    @Option(help: ArgumentHelp("The folder of the database.", valueName: "DIR")) var state: String?
    @Option(help: ArgumentHelp("The folder that takes input files: tmp, new, done, quarantine.", valueName: "DIR")) var spool: String?
    @Option(help: ArgumentHelp("The Unix socket that the other commands use.", valueName: "PATH")) var socket: String?
    @Option(help: ArgumentHelp("Serve HTTP here too; may be repeated; port 0: any free one, printed.", valueName: "ADDR:PORT"))
    var listen: [String] = []

    /// An address that can never be listened on is an unusable call (64): a unit that restarts after 1 would try it for ever.
    func validate() throws {
        for address in listen {
            do throws(DoorFault) { _ = try ListenAddress.tcp(parsing: address) } catch { throw ValidationError(error.description) }
        }
    }

    func run() async throws {
        let places = Places()
        let code = await Daemon.run(
            Configuration(
                rules: rules ?? places.rules, state: state ?? places.state, spool: spool ?? places.spool, socket: socket ?? places.socket,
                listen: listen))
        throw ExitCode(code)
    }
}

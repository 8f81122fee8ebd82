import ArgumentParser
import Daemon

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks that the log of inputs is as it was written, and that the database is sound.",
        discussion: """
            Every entry of the log carries the hash of the one before: an entry that was changed, removed, moved or added later is found, and \
            the first is named. The last hash, the head, goes into the journal each hour or so, and at each start and stop; where this \
            journal can be read the log is compared with all of them, and with those that you give. It reads only, beside the running daemon or \
            without it. Names and telephones that were forgotten leave the chain whole.

            Exit code 0: all is as it was written; 1: something is not.

            Examples:
              paidan verify
              paidan verify --state /srv/copy --head 10421:5e1f…    a copy, with the head that was noted when it was made
            """)

    @Option(help: ArgumentHelp("The folder of the database. (default: /var/lib/paidan)", valueName: "DIR")) var state: String?
    @Option(help: ArgumentHelp("Where the log stood once, from a place that nobody could change; may be repeated.", valueName: "SEQ:HASH"))
    var head: [String] = []
    @OptionGroup var output: FormatOption

    func validate() throws {
        for text in head where !Verifying.isHead(text) {
            throw ValidationError("'\(text)' is no head: a number, a colon and 64 hexadecimal digits, as 'paidan verify' and the journal show it")
        }
    }

    func run() throws {
        let result: Verifying
        do throws(StartFailure) {
            result = try Verifying(state: state ?? Places().state, heads: head)
        } catch {
            Out.error("cannot verify: \(error.description)")
            throw ExitCode.failure
        }
        if output.format == .json { Out.line(String(decoding: result.json, as: UTF8.self)) } else { for line in result.lines { Out.line(line) } }
        guard !result.isSound else { return }
        for fault in result.faults { Out.error(fault) }
        throw ExitCode.failure
    }
}

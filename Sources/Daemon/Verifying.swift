import Domain
import Store
import Systemd

/// `paidan verify`: the log's chain and the database, compared with the heads that stand in the journal and those that somebody has at hand.
package struct Verifying: Sendable {
    private let result: Verification
    /// Why the journal has no part in it; nil: it was asked.
    private let silence: String?
    private let given: Int
    private let journaled: Int

    /// Whether a text is a head, as the journal and `verify` itself have it.
    package static func isHead(_ text: String) -> Bool { LogHead(text) != nil }

    /// - Parameter heads: as `SEQ:HASH`.
    package init(state: String, heads: [String]) throws(StartFailure) { try self.init(state: state, heads: heads, journal: JournalReader()) }

    /// - Parameter journal: where the daemon's heads are looked for.
    init(state: String, heads: [String] = [], journal: JournalReader) throws(StartFailure) {
        do {
            let verifier = try LogVerifier(directory: state)
            let given = heads.compactMap { LogHead($0) }
            // Before the database is looked at: no head of the journal may be younger than what is walked.
            var journaled: [LogHead] = []
            var silence: String?
            do throws(SystemdError) {
                // Anybody can write into the journal, but only the owner of the database as its owner.
                journaled = Self.heads(
                    try journal.messages(
                        id: Message.log_head.form.id, matching: ["PAIDAN_LOG=\(verifier.logID)", "_UID=\(verifier.owner)"], field: "PAIDAN_HEAD"))
            } catch {
                silence = error.description
            }
            result = try verifier.run(heads: given + journaled)
            self.silence = silence
            self.given = given.count
            self.journaled = journaled.count
        } catch {
            throw StartFailure(error.description)
        }
    }

    package var isSound: Bool { result.isSound }

    /// What journalctl said: one object a line.
    static func heads(_ bytes: [UInt8]) -> [LogHead] {
        bytes.split(separator: 0x0A).compactMap { line in
            guard let message = try? JSONValue.parse(Array(line)) else { return nil }
            return message["PAIDAN_HEAD"]?.string.flatMap { LogHead($0) }
        }
    }

    // MARK: What is told

    /// What is wrong, each in a line; the first is what counts.
    package var faults: [String] {
        var faults: [String] = []
        if let finding = result.finding {
            let when = finding.at.map { " (\($0.rfc3339(in: .utc)))" } ?? ""
            faults.append(
                "the log is not as it was written: entry \(finding.number)\(when) \(finding.text); keep a copy of the state folder, and compare it with a backup")
        }
        faults += result.database.map { "the database is damaged: \($0); keep a copy of the state folder, and restore the last good backup" }
        return faults
    }

    package var lines: [String] {
        let heads: String
        if journaled + given == 0 {
            heads = "none to compare with"
        } else {
            heads = "\(journaled) in the journal, \(given) given" + (result.finding == nil ? ": the log agrees with all" : ": the log agrees with \(result.headsAgreed)")
        }
        var lines = [
            "log        \(result.entries) entries" + (result.since.map { " since \($0.rfc3339(in: .utc))" } ?? ""),
            "chain      \(result.finding.map { "broken at entry \($0.number): \($0.kind.rawValue)" } ?? "whole")",
            "heads      \(heads)",
            "forgotten  \(result.forgotten) personal parts",
            "database   \(result.database.isEmpty ? "sound" : "\(result.database.count) faults")",
            "head       \(result.head)",
        ]
        if silence != nil || journaled == 0 {
            lines.append("")
            lines.append(
                "The journal was not compared with: " + (silence ?? "it has no head of this log that you may read") + ". What it says is shown by")
            lines.append("  journalctl -o json MESSAGE_ID=\(Message.log_head.form.id) PAIDAN_LOG=\(result.logID)")
            lines.append("Hand a PAIDAN_HEAD of it to 'paidan verify --head', or ask as root.")
        }
        return lines
    }

    /// One object.
    package var json: [UInt8] {
        var json = JSONWriter()
        json.object {
            $0.field("ok", isSound)
            $0.field("log", result.logID)
            $0.field("entries", Int(result.entries))
            $0.field("since", result.since)
            $0.field("head", result.head.description)
            $0.field("forgotten", Int(result.forgotten))
            $0.field("heads_journaled", journaled)
            $0.field("heads_given", given)
            $0.field("heads_agreed", result.headsAgreed)
            $0.field("journal", silence)
            if let finding = result.finding {
                $0.key("finding")
                $0.object {
                    $0.field("entry", Int(finding.number))
                    $0.field("at", finding.at)
                    $0.field("kind", finding.kind.rawValue)
                    $0.field("text", finding.text)
                }
            }
            $0.key("database")
            $0.array { json in for fault in result.database { json.string(fault) } }
        }
        return json.bytes
    }
}

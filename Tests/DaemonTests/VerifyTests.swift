import Domain
import Foundation
import Store
import Systemd
import Testing

@testable import Daemon

@Suite struct HeadJournalTests {
    private let noon = Instant(milliseconds: 1_795_000_000_000)

    private func head(_ number: Int64) throws -> LogHead { try #require(LogHead("\(number):" + String(repeating: "0", count: 64))) }

    @Test func `A head is journaled after so many inputs or so long, and never twice`() throws {
        let journal = HeadJournal(try head(100), at: noon)
        let steps: [(number: Int64, minute: Int64, isDue: Bool)] = [
            (100, 0, false), (100, 600, false),  // nothing has come in
            (101, 600, true), (101, 601, false), (102, 659, false), (102, 660, true),
            (102 + HeadJournal.inputsMax - 1, 661, false), (102 + HeadJournal.inputsMax, 661, true), (102 + HeadJournal.inputsMax, 800, false),
            // The clock is put back by an hour: the next one is an hour from there.
            (10_200, 600, false), (10_200, 659, false), (10_200, 660, true),
        ]
        for step in steps {
            #expect(journal.isDue(try head(step.number), at: noon + .minutes(step.minute)) == step.isDue, "\(step)")
        }
    }
}

@Suite struct VerifyingTests {
    let house: House
    init() throws { house = try House() }

    /// A stand-in for journalctl that writes down how it was called and says what it is told to say.
    private func journalctl(saying text: String, code: Int = 0) throws -> JournalReader {
        let path = house.root + "/journalctl"
        try text.write(toFile: path + ".said", atomically: true, encoding: .utf8)
        try "#!/bin/sh\nprintf '%s\\n' \"$@\" > '\(path).asked'\ncat '\(path).said'\nexit \(code)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return JournalReader(program: path)
    }

    /// The heads that the daemon has journaled.
    private var journaled: [String] {
        house.said.split(separator: "\n").compactMap { line in line.firstRange(of: "the log of inputs stands at ").map { String(line[$0.upperBound...]) } }
    }

    private func lines(_ heads: [String]) -> String {
        "{\"MESSAGE\":\"no head\"}\nnonsense\n" + heads.map { "{\"__CURSOR\":\"x\",\"PAIDAN_HEAD\":\"\($0)\"}\n" }.joined()
    }

    @Test func `A daemon journals the head at its start and stop, and the log agrees with both, also while it runs`() async throws {
        let daemon = try await house.start()
        var calls = 0
        while journaled.isEmpty, calls < 10_000 {
            calls += 1
            await Task.yield()
        }
        #expect(try Verifying(state: house.state, journal: try journalctl(saying: "")).isSound)
        await daemon.stop()
        #expect(journaled.count == 2, "\(journaled)")
        let result = try Verifying(state: house.state, journal: try journalctl(saying: lines(journaled)))
        #expect(result.isSound && result.faults == [])
        #expect(result.lines[2] == "heads      2 in the journal, 0 given: the log agrees with all", "\(result.lines)")
        let asked = try String(contentsOfFile: house.root + "/journalctl.asked", encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(asked.contains("MESSAGE_ID=\(Message.log_head.form.id)"))
        #expect(asked.contains { $0.hasPrefix("PAIDAN_LOG=") && $0.utf8.count == 43 })
        #expect(asked.contains("_UID=\(getuid())"))
        #expect(asked.contains("--output-fields=PAIDAN_HEAD"))
    }

    @Test func `What was cut off with its head is told by the journal's, and by one that is given`() throws {
        let store = try Store(directory: house.state)
        try store.commit(Batch(entries: [], rulesHash: "r"))
        let early = store.logHead.description
        try store.close()
        let later = "3:" + String(repeating: "a", count: 64)
        #expect(try Verifying(state: house.state, heads: [early], journal: try journalctl(saying: "")).isSound)
        for (heads, said) in [([String](), lines([early, later])), ([later], "")] {
            let result = try Verifying(state: house.state, heads: heads, journal: try journalctl(saying: said))
            #expect(!result.isSound)
            #expect(result.faults.count == 1 && result.faults[0].contains("entry 1 and all that follow are not there"), "\(result.faults)")
            let json = try JSONValue.parse(result.json)
            #expect(json["ok"]?.bool == false)
            #expect(json["finding"]?["kind"]?.string == "cut_off" && json["finding"]?["entry"]?.int == 1)
        }
    }

    @Test func `Without a journal it says how to compare by hand`() throws {
        try Store(directory: house.state).close()
        for journal in [JournalReader(program: house.root + "/nowhere"), try journalctl(saying: "", code: 1), try journalctl(saying: "")] {
            let result = try Verifying(state: house.state, journal: journal)
            #expect(result.isSound)
            #expect(result.lines.contains { $0.contains("journalctl -o json MESSAGE_ID=\(Message.log_head.form.id) PAIDAN_LOG=") }, "\(result.lines)")
        }
        #expect(throws: StartFailure.self) { try Verifying(state: house.root + "/nowhere", journal: JournalReader()) }
    }
}

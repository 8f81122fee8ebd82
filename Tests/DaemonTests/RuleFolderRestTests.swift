import Foundation
import Rules
import Testing

@testable import Daemon

/// A folder is believed only when it has come to rest: looked at with clocks of the tests' own.
struct RuleFolderRestTests {
    /// When a file last changed, in milliseconds.
    private func changed(_ path: String) -> Int64 {
        var facts = stat()
        #expect(stat(path, &facts) == 0)
        return Int64(facts.st_ctim.tv_sec) * 1_000 + Int64(facts.st_ctim.tv_nsec) / 1_000_000
    }

    private func why(_ look: RuleFolder.Look) -> String? {
        if case .unsettled(let why, let wait) = look {
            #expect((1...1_000).contains(wait))
            return why
        }
        return nil
    }

    private func bytes(_ look: RuleFolder.Look, _ name: String) -> [UInt8]? {
        if case .whole(let source) = look { return source.files.first { $0.name == name }?.bytes }
        return nil
    }

    private func write(_ text: String, _ path: String) throws { try text.write(toFile: path, atomically: false, encoding: .utf8) }

    @Test func whatHasJustBeenChangedIsLookedAtAgain() throws {
        let house = try House()
        let file = house.rules + "/zz.yaml"
        try write("module: zz\n", file)
        let at = changed(file)
        #expect(why(try RuleFolder.look(house.rules, inForce: nil, now: at + 19))?.hasSuffix(".yaml has just been changed") == true)
        #expect(bytes(try RuleFolder.look(house.rules, inForce: nil, now: at + 20), "zz.yaml") == Array("module: zz\n".utf8))
        // The clock was put back since: nothing can be said, and nothing is waited for.
        #expect(bytes(try RuleFolder.look(house.rules, inForce: nil, now: at - 3_600_000), "zz.yaml") != nil)
    }

    @Test func whatLooksCutOffIsDoubtedForASecond() throws {
        let house = try House()
        let file = house.rules + "/zz.yaml"
        let rules = (0..<40).map { "- name: rule-\($0)\n  task: repair\n" }.joined()
        let whole = RuleSource(files: [.init(name: "zz.yaml", bytes: Array(rules.utf8))])
        for (text, isDoubted) in [
            // In the middle of a line; at the end of one, some rules from the end; nothing written yet.
            (String(rules.prefix(700)), true), (rules.components(separatedBy: "- name: rule-38").first ?? "", true), ("", true),
            // An edit in the middle, a longer file, one rule added.
            (rules.replacingOccurrences(of: "rule-10", with: "r-10"), false), (rules + "- name: rule-40\n  task: repair\n", false), (rules, false),
        ] {
            try write(text, file)
            let at = changed(file)
            #expect(why(try RuleFolder.look(house.rules, inForce: whole, now: at + 900)) == (isDoubted ? "zz.yaml has just been changed, and looks cut off" : nil))
            #expect(bytes(try RuleFolder.look(house.rules, inForce: whole, now: at + 1_000), "zz.yaml") == Array(text.utf8))
        }
    }

    @Test func aFileThatIsOpenForWritingIsWaitedFor() throws {
        let house = try House()
        let file = house.rules + "/zz.yaml"
        try write("module: zz\n", file)
        let writer = open(file, O_WRONLY | O_APPEND | O_CLOEXEC)
        #expect(Glibc.write(writer, "a: 1\n", 5) == 5)
        #expect(why(try RuleFolder.look(house.rules, inForce: nil, now: changed(file) + 30_000)) == "zz.yaml is still being written")
        // Whoever holds a file open for longer is not at work on it.
        #expect(why(try RuleFolder.look(house.rules, inForce: nil, now: changed(file) + 60_000)) == nil)
        close(writer)
        #expect(bytes(try RuleFolder.look(house.rules, inForce: nil, now: changed(file) + 30_000), "zz.yaml") == Array("module: zz\na: 1\n".utf8))
    }

    @Test func aFileOfTheSetInForceThatHasJustVanishedIsWaitedFor() throws {
        let house = try House()
        let inForce = try RuleFolder.read(house.rules)
        // As `vi` does before it writes the new one.
        try FileManager.default.moveItem(atPath: house.rules + "/faults.yaml", toPath: house.rules + "/faults.yaml~")
        let at = changed(house.rules)
        #expect(why(try RuleFolder.look(house.rules, inForce: inForce, now: at + 900)) == "faults.yaml has just vanished")
        let look = try RuleFolder.look(house.rules, inForce: inForce, now: at + 1_000)
        #expect(why(look) == nil && bytes(look, "faults.yaml") == nil && bytes(look, "site.yaml") != nil)
    }
}

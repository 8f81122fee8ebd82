import ArgumentParser
import Domain
import Testing

@testable import paidan

@Suite("Calls of the command line")
struct CallTests {
    @Test(
        "unusable calls end with 64",
        arguments: [
            ["frobnicate"], ["tasks", "--limit", "0"], ["figures", "--format", "pdf"], ["figures", "--since"], ["tasks", "--state", "sleeping"], ["task"], ["task", "T-1"], ["task", "T-20261122-1", "assign"],
            ["task", "T-20261122-1", "priority"], ["task", "T-20261122-1", "priority", "huge"], ["task", "T-20261122-1", "accept", "north-2"],
            ["task", "T-20261122-1", "accept", "--outcome", "done"], ["crew", "north-2"], ["crew", "north-2", "maybe"],
            ["crew", "north-2", "on", "--place", "91,0"], ["crew", "north-2", "on", "--place", "28"], ["send"], ["send", "report.txt"], ["explain"], ["eval"],
            ["check", "--format", "xml"], ["test", "--fail-under", "101"], ["test", "--fail-under", "-1"], ["test", "faults.yaml"], ["demo", "--roster", "a.json"], ["demo", "--crews", "0", "--storm", "a"], ["serve", "--port", "80"],
            ["serve", "--listen", "foo"], ["serve", "--listen", "127.0.0.1"], ["serve", "--listen", "127.0.0.1:99999"], ["serve", "--listen", ":80"],
        ])
    func unusable(call: [String]) {
        let error = #expect(throws: (any Error).self) { _ = try Paidan.parseAsRoot(call) }
        if let error { #expect(Paidan.exitCode(for: error) == .validationFailure, "\(call)") }
    }

    @Test(
        "usable calls are understood",
        arguments: [
            ["serve", "--listen", "127.0.0.1:0", "--listen", "[::1]:8080", "--rules", "r", "--state", "s", "--spool", "p", "--socket", "k"], ["demo"],
            ["demo", "--seed", "7", "--storm", "f.csv.gz", "--roster", "r.json"], ["check", "--rules", "r", "--format", "json"],
            ["test"], ["test", "--rules", "r", "--format", "json", "--fail-under", "100", "--mutate"], ["route", "--stats", "--rules", "r", "-"], ["eval", "1 + 1"],
            ["eval", "report.type", "--bind", "r.json", "--rules", "r", "--trace", "--format", "json"], ["check", "--schema"], ["send", "a.json", "b.jsonl", "c.csv", "-"], ["tasks", "--state", "queued", "--state", "onsite", "--all"],
            ["task", "T-20261122-17"], ["task", "T-20261122-17", "assign", "north-3", "--by", "lin"],
            ["task", "T-20261122-17", "complete", "--by", "north-2", "--note", "x", "--outcome", "done"], ["task", "T-20261122-17", "priority", "emergency"],
            ["crew", "north-2", "off"], ["crew", "north-2", "on", "--place", "28.01,120.65"], ["crews", "--format", "json"], ["status"],
            ["explain", "T-20261122-17"], ["reload"], ["cases", "--process", "connections.hv_single", "--all"], ["case", "C-20261122-3"],
            ["case", "C-20261122-3", "documents", "identity", "site_plan", "--field", "residential=true"], ["case", "C-20261122-3", "withdraw", "--note", "x"],
            ["task", "T-20261122-17", "complete", "--outcome", "failed", "--field", "needs_grid_works=true"], ["report", "95598-1", "--source", "95598"],
            ["task", "T-20261122-17", "callback", "--satisfaction", "4"], ["task", "T-20261122-17", "callback", "--unsettled"], ["task", "T-20261122-17", "merge", "T-20261122-9"], ["outages", "--all"], ["districts"], ["crew", "north-2", "lend", "longwan"], ["crew", "north-2", "home"], ["customer", "330"], ["contractors"], ["devices"], ["devices", "T-991"], ["contractors", "c-7", "--format", "json"], ["customer", "330", "forget", "--yes"], ["verify"], ["verify", "--state", "s", "--head", "7:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "--format", "json"],
            ["task", "T-20261122-9", "split", "95598-1", "95598-2"],
        ])
    func usable(call: [String]) throws { _ = try Paidan.parseAsRoot(call) }

    @Test("there is what is built, and nothing else")
    func subcommands() {
        let names = Paidan.configuration.subcommands.map { $0._commandName }
        #expect(names == ["serve", "demo", "check", "test", "route", "eval", "send", "tasks", "task", "cases", "case", "report", "crew", "crews", "districts", "outages", "contractors", "devices", "customer", "figures", "status", "explain", "reload", "verify"])
    }

    @Test("every help is written for somebody: an abstract, and a word on every argument")
    func helps() {
        for command in Paidan.configuration.subcommands {
            #expect(!command.configuration.abstract.isEmpty)
            // The usage line is not broken; all below it is, at the width. An argument without a word stands alone on its line.
            let lines = command.helpMessage(columns: 100).split(separator: "\n").filter { !$0.hasPrefix("USAGE:") }
            #expect(lines.allSatisfy { Cells.width(of: $0) <= 100 }, "\(command)")
            for (line, next) in zip(lines, lines.dropFirst() + [""]) where line.hasPrefix("  <") || line.hasPrefix("  -") {
                let hasWord = line.dropFirst(2).contains("  ") || next.hasPrefix("      ")
                #expect(hasWord, "\(command): \(line)")
            }
        }
    }
}

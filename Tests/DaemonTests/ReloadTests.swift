import API
import Domain
import Foundation
import Rules
import Synchronization
import Testing

@testable import Daemon

/// What a reload asks before a set is in force, and what follows afterwards.
struct ReloadTests {
    private func get(_ house: House, _ path: String) async throws -> JSONValue {
        try JSONValue.parse(try await LocalClient(socketPath: house.socket).request(method: "GET", path: path).body)
    }

    private func metrics(_ house: House) async throws -> String {
        String(decoding: try await LocalClient(socketPath: house.socket).request(method: "GET", path: "/metrics").body, as: UTF8.self)
    }

    /// The number of warnings about a set in force, as soon as it is known.
    private func warningCount(_ house: House, hash: String) async throws -> Int {
        let end = monotonicMilliseconds() + 60_000
        while true {
            let status = try await get(house, "/v1/status")
            if status["rules_hash"]?.string == hash, let count = status["rules_warnings"]?.int { return Int(count) }
            try #require(monotonicMilliseconds() < end, "nothing is found about \(hash)")
        }
    }

    /// Waits for words in the journal, at most a minute.
    private func wait(_ house: House, for words: String, times: Int = 1) async throws {
        let end = monotonicMilliseconds() + 60_000
        while house.said.components(separatedBy: words).count <= times {
            try #require(monotonicMilliseconds() < end, "'\(words)' does not come: \(house.said)")
            await Task.yield()
        }
    }

    /// Stands in for the rule tests: says what it was asked, and fails while it is told to.
    private final class StandIn: Sendable {
        private let state = Mutex<(asked: [Set<String>?], fails: Bool)>(([], false))

        func verify(_ source: RuleSource, _ set: RuleSet, _ only: Set<String>?) -> [Diagnostic] {
            state.withLock { state in
                state.asked.append(only)
                func diagnostic(_ severity: Diagnostic.Severity) -> Diagnostic {
                    Diagnostic(file: "faults.yaml", line: 2, column: 1, endLine: 2, endColumn: 2, severity: severity, code: "expectation", message: "not so")
                }
                return [diagnostic(.warning)] + (state.fails ? [diagnostic(.error)] : [])
            }
        }

        /// What it was asked since the last time.
        func asked() -> [Set<String>?] {
            state.withLock { state in
                defer { state.asked = [] }
                return state.asked
            }
        }

        func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
    }

    @Test func theTestsOfWhatChangedRunBeforeTheSwap() async throws {
        let house = try House()
        let standIn = StandIn()
        let daemon = try await Daemon.start(house.configuration, journal: house.journal, isService: false, verify: standIn.verify)
        let good = try #require(try await get(house, "/v1/status")["rules_hash"]?.string)
        func reload() async -> String? {
            if case .refused(let human, _) = await daemon.reload() { return human }
            return nil
        }
        #expect(await reload() == nil)
        #expect(standIn.asked() == [], "nothing changed")

        try house.edit("faults.yaml", replacing: "accept: 3 min", by: "accept: 2 min")
        standIn.fail(true)
        let refusal = try #require(await reload())
        #expect(refusal.contains("faults.yaml:2:1: error[expectation]: not so") && refusal.contains("1 failure in the rule tests"))
        #expect(!refusal.contains("warning"))
        #expect(standIn.asked() == [["faults.yaml"]])
        #expect(try await get(house, "/v1/status")["rules_hash"]?.string == good)
        // Asked again as long as the set is not in force, whatever was compiled meanwhile.
        standIn.fail(false)
        #expect(await reload() == nil)
        #expect(standIn.asked() == [["faults.yaml"]])
        #expect(try await get(house, "/v1/status")["rules_hash"]?.string != good)

        try FileManager.default.createDirectory(atPath: house.rules + "/tests", withIntermediateDirectories: true)
        try "# another day\n".write(toFile: house.rules + "/tests/faults.yaml", atomically: true, encoding: .utf8)
        #expect(await reload() == nil)
        #expect(standIn.asked() == [["faults.yaml"]], "its tests changed")
        try house.edit("site.yaml", replacing: "close_after: 24 h", by: "close_after: 23 h")
        #expect(await reload() == nil)
        #expect(standIn.asked() == [nil], "all: any module may use the site")
        try house.edit("escalations.yaml", replacing: "at: 80%", by: "at: 81%")
        #expect(await reload() == nil)
        #expect(standIn.asked() == [nil], "all: any module may use a ladder")
        try house.edit("network.csv", replacing: "\n", by: "\n# a remark\n")
        #expect(await reload() == nil)
        #expect(standIn.asked() == [nil])
        try "module: other\nenabled: false\n".write(toFile: house.rules + "/other.yaml", atomically: true, encoding: .utf8)
        #expect(await reload() == nil)
        #expect(standIn.asked() == [], "a module that is switched off has nothing to test")
        await daemon.stop()
    }

    /// The real tests: one that fails refuses the set, in words that say where.
    @Test func aRuleTestThatFailsRefusesTheSet() async throws {
        let house = try House()
        try FileManager.default.createDirectory(atPath: house.rules + "/tests", withIntermediateDirectories: true)
        let test = """
            - name: a fallen line is to be accepted within three minutes
              report: { type: fault, category: line_down, place: { lat: 28.0121, lon: 120.6554 }, site: urban }
              expect: { rule: faults.hazard-first, accept: 3 min }

            """
        try test.write(toFile: house.rules + "/tests/faults.yaml", atomically: true, encoding: .utf8)
        let daemon = try await house.start()
        let good = try #require(try await get(house, "/v1/status")["rules_hash"]?.string)
        try house.edit("faults.yaml", replacing: "accept: 3 min", by: "accept: 2 min")
        guard case .refused(let human, _) = await daemon.reload() else {
            Issue.record("a set was loaded whose tests fail")
            return
        }
        #expect(human.contains("tests/faults.yaml:3:") && human.contains("1 failure in the rule tests"), "\(human)")
        #expect(try await get(house, "/v1/status")["rules_hash"]?.string == good)
        try test.replacingOccurrences(of: "accept: 3 min", with: "accept: 2 min")
            .write(toFile: house.rules + "/tests/faults.yaml", atomically: true, encoding: .utf8)
        guard case .loaded(let hash, _) = await daemon.reload() else {
            Issue.record("a set was refused whose tests hold")
            return
        }
        #expect(hash != good)
        await daemon.stop()
    }

    @Test func findingsAboutTheWholeSetFollowInTheJournal() async throws {
        let house = try House()
        let daemon = try await house.start()
        try await wait(house, for: "looked through as a whole")
        #expect(house.said.contains(": 0 warnings; 'paidan check' shows them all"))
        #expect(!house.said.contains("warning["))
        let first = try #require(try await get(house, "/v1/status")["rules_hash"]?.string)
        #expect(try await warningCount(house, hash: first) == 0)

        // A module without a way in: everything it could take is taken.
        let idle = "module: zz\nsummary: x\ntakes: report.type == \"fault\"\nroute:\n  - name: never\n    task: repair\n    assign: { department: operations }\n"
        try idle.write(toFile: house.rules + "/zz.yaml", atomically: true, encoding: .utf8)
        guard case .loaded(let hash, let warnings) = await daemon.reload() else {
            Issue.record("a set with a warning was refused")
            return
        }
        #expect(!warnings.joined().contains("module-overlap"), "it is proved later")
        try await wait(house, for: "rules \(hash) looked through as a whole")
        #expect(house.said.contains("zz.yaml:3:1: warning[module-overlap]: "))
        let count = try await warningCount(house, hash: hash)
        #expect(count >= 1 && house.said.contains("\(count) warning\(count == 1 ? "" : "s"), \(count) of them new;"))
        #expect(try await metrics(house).contains("\npaidan_rules_warnings \(count)\n"))

        // It has been told: the next set has it, too, and it is not told again.
        try house.edit("faults.yaml", replacing: "accept: 3 min", by: "accept: 2 min")
        guard case .loaded(let next, _) = await daemon.reload() else {
            Issue.record("a good set was refused")
            return
        }
        try await wait(house, for: "rules \(next) looked through as a whole")
        #expect(house.said.components(separatedBy: "module-overlap").count == 2, "told once")
        #expect(house.said.hasSuffix(": \(count) warning\(count == 1 ? "" : "s"); 'paidan check' shows them all\n"))
        await daemon.stop()
    }

    @Test func aRestartOnTheLastGoodRulesSaysSoEverywhere() async throws {
        let house = try House()
        var daemon = try await house.start()
        let good = try #require(try await get(house, "/v1/status")["rules_hash"]?.string)
        #expect(try await metrics(house).contains("\npaidan_running_on_last_good_rules 0\n"))
        await daemon.stop()
        try house.edit("faults.yaml", replacing: "report.category in", by: "report.catgory in")
        daemon = try await house.start()
        #expect(try await metrics(house).contains("\npaidan_running_on_last_good_rules 1\n"))
        let status = try await get(house, "/v1/status")
        #expect(status["on_last_good_rules"]?.bool == true && status["rules_hash"]?.string == good)
        // One line for each mistake, with its place.
        #expect(house.said.contains("running on the last good ones, \(good)\n"))
        #expect(house.said.contains("faults.yaml:") && house.said.contains("error[unknown-field]: 'report' has no field 'catgory'"))
        // The refused folder changes nothing of it; a good one does.
        guard case .refused = await daemon.reload() else {
            Issue.record("a set with a mistake was loaded")
            return
        }
        #expect(try await metrics(house).contains("\npaidan_running_on_last_good_rules 1\n"))
        try house.edit("faults.yaml", replacing: "report.catgory in", by: "report.category in")
        guard case .loaded(good, _) = await daemon.reload() else {
            Issue.record("a good set was refused")
            return
        }
        #expect(try await metrics(house).contains("\npaidan_running_on_last_good_rules 0\n"))
        await daemon.stop()
    }

    @Test func theStatusLineTellsOfTheLastGoodRules() {
        var snapshot = StatusBoard.Snapshot()
        snapshot.rulesHash = "0123456789ab"
        func line() -> String { StatusBoard.line(snapshot, inputsLastMinute: 0, zone: .shanghai, complaints: []) }
        #expect(!line().contains("last good"))
        snapshot.onLastGood = true
        #expect(line().contains("rules 0123456789ab since ") && line().hasSuffix("(the rules folder has errors: running on the last good rules)"))
    }
}

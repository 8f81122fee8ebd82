import API
import Domain
import Foundation
import Testing

@testable import Daemon

/// The daemon in this process: real doors, real store, real rules; started, used, stopped and started again.
struct DaemonLifeTests {
    private let report =
        #"{"id":"a","type":"fault","category":"line_down","site":"urban","place":{"lat":28.0121,"lon":120.6554,"district":"lucheng"}}"#

    private func post(_ house: House, _ path: String, _ body: String) async throws -> (status: Int, body: JSONValue) {
        let answer = try await LocalClient(socketPath: house.socket).request(method: "POST", path: path, body: Array(body.utf8))
        return (answer.status, try JSONValue.parse(answer.body))
    }

    private func get(_ house: House, _ path: String) async throws -> JSONValue {
        try JSONValue.parse(try await LocalClient(socketPath: house.socket).request(method: "GET", path: path).body)
    }

    @Test func aReportIsDispatchedFollowedAndThereAfterARestart() async throws {
        let house = try House()
        var daemon = try await house.start()
        let first = try await post(house, "/v1/inputs", report)
        #expect(first.status == 200)
        let task = try #require(first.body["tasks"]?.array?.first?.string)
        var seen = try await get(house, "/v1/tasks/\(task)")
        #expect(seen["state"]?.string == "dispatched")
        let crew = try #require(seen["crew"]?.string)
        for event in ["accept", "enroute", "onsite"] {
            let answer = try await post(house, "/v1/tasks/\(task)/progress", #"{"event":"\#(event)","by":"\#(crew)"}"#)
            #expect(answer.status == 200, "\(event): \(answer.body)")
        }
        await daemon.stop()
        #expect(house.said.contains("\(task) dispatched to \(crew)"))
        daemon = try await house.start()
        seen = try await get(house, "/v1/tasks/\(task)")
        #expect(seen["state"]?.string == "onsite")
        #expect(seen["history"]?.array?.count == 5)
        #expect(try await post(house, "/v1/inputs", report).body["status"]?.string == "duplicate")
        #expect(try await post(house, "/v1/tasks/\(task)/progress", #"{"event":"complete","by":"\#(crew)"}"#).status == 200)
        await daemon.stop()
        let lines = house.said.split(separator: "\n").count { $0.contains("\(task) dispatched") }
        #expect(lines == 1, "a clean stop leaves no line to be written again")
    }

    /// The receipt of a call says which task it joined; by and by a duty engineer moves it.
    @Test func aReportThatWasMovedNamesTheTaskThatItIsWithNow() async throws {
        let house = try House()
        let daemon = try await house.start()
        func call(_ id: String) async throws -> String {
            let said = #"{"id":"\#(id)","source":"95598","type":"fault","category":"no_power","transformer":"T-901"}"#
            return try #require(try await post(house, "/v1/inputs", said).body["tasks"]?.array?.first?.string)
        }
        /// The tasks that it names, and where it was moved.
        func standing(_ id: String) async throws -> [String] {
            let one = try #require(try await get(house, "/v1/reports/\(id)").array?.first)
            return (one["tasks"]?.array ?? []).map { $0["id"]?.string ?? "" } + ["moved", one["moved_to"]?.string ?? "no"]
        }
        func say(_ task: String, _ event: String) async throws -> [String] {
            let answer = try await post(house, "/v1/tasks/\(task)/progress", event)
            #expect(answer.status == 200, "\(answer.body)")
            return (answer.body["tasks"]?.array ?? []).compactMap(\.string)
        }
        let first = try await call("c-1")
        for id in ["c-2", "c-3", "c-4"] { #expect(try await call(id) == first) }
        #expect(try await standing("c-2") == [first, "moved", "no"])
        let second = try #require(try await say(first, #"{"event":"split","reports":["c-2","c-3"]}"#).last)
        #expect(second != first)
        // The one that it begins with, and the one beside it; who stays is not moved.
        for id in ["c-2", "c-3"] { #expect(try await standing(id) == [second, "moved", second]) }
        for id in ["c-1", "c-4"] { #expect(try await standing(id) == [first, "moved", "no"]) }
        // Taken out once more, and together again.
        let third = try #require(try await say(second, #"{"event":"split","reports":["c-3"]}"#).last)
        #expect(try await standing("c-3") == [third, "moved", third])
        _ = try await say(third, #"{"event":"merge","to":"\#(first)"}"#)
        #expect(try await standing("c-3") == [first, "moved", "no"])
        // What was made of a report alone stays to be seen beside what it was merged into.
        let other = #"{"id":"c-9","source":"95598","type":"fault","category":"no_power","transformer":"T-902"}"#
        let own = try #require(try await post(house, "/v1/inputs", other).body["tasks"]?.array?.first?.string)
        _ = try await say(own, #"{"event":"merge","to":"\#(first)"}"#)
        #expect(try await standing("c-9") == [own, first, "moved", first])
        await daemon.stop()
    }

    @Test func everyCrewShowsWhatItHas() async throws {
        let house = try House()
        let daemon = try await house.start()
        let task = try #require(try await post(house, "/v1/inputs", report).body["tasks"]?.array?.first?.string)
        let crew = try #require(try await get(house, "/v1/tasks/\(task)")["crew"]?.string)
        let crews = try #require(try await get(house, "/v1/crews").array)
        #expect(crews.first { $0["crew"]?.string == crew }?["tasks"]?.array?.first?.string == task)
        #expect(try await get(house, "/healthz")["status"]?.string == "ok")
        #expect(try await get(house, "/v1/status")["open"]?.int != nil)
        let why = try await get(house, "/v1/tasks/\(task)/why")
        #expect(why["decisions"]?.array?.first?["why"]?["rule"]?.string == "faults.hazard-first")
        await daemon.stop()
    }

    @Test func aSpoolFileIsInOnlyAfterTheCommit() async throws {
        let house = try House()
        // Before the start: what lies there is taken in first.
        for folder in ["tmp", "new", "done", "quarantine"] {
            try FileManager.default.createDirectory(atPath: house.spool + "/" + folder, withIntermediateDirectories: true)
        }
        try report.write(toFile: house.spool + "/new/a.json", atomically: true, encoding: .utf8)
        try #"{"type":"fault","reported_at":"2026-02-30T08:00:00+08:00"}"#.write(
            toFile: house.spool + "/new/b.json", atomically: true, encoding: .utf8)
        let daemon = try await house.start()
        // The reader leaves a file in done after its commit; stopping waits for the file that is being read.
        while !FileManager.default.fileExists(atPath: house.spool + "/quarantine/b.json.reason") { await Task.yield() }
        await daemon.stop()
        #expect(FileManager.default.fileExists(atPath: house.spool + "/done/a.json"))
        let reason = try String(contentsOfFile: house.spool + "/quarantine/b.json.reason", encoding: .utf8)
        #expect(reason.contains("2026-02-30"))
        let store = try await house.start()
        #expect(try await get(house, "/v1/tasks").array?.count == 1)
        await store.stop()
    }

    @Test func aReloadIsAllOrNothingAlsoAcrossARestart() async throws {
        let house = try House()
        var daemon = try await house.start()
        let good = try #require(try await get(house, "/v1/status")["rules_hash"]?.string)
        try house.edit("faults.yaml", replacing: "report.category in", by: "report.catgory in")
        switch await daemon.reload() {
        case .loaded: Issue.record("a set with a mistake was loaded")
        case .refused(let human, let lines):
            #expect(human.contains("faults.yaml:"))
            #expect(human.contains("did you mean 'category'?"))
            #expect(!lines.isEmpty)
        }
        #expect(try await get(house, "/v1/status")["rules_hash"]?.string == good)
        await daemon.stop()
        daemon = try await house.start()
        let status = try await get(house, "/v1/status")
        #expect(status["rules_hash"]?.string == good, "the last good set is in force")
        #expect(status["on_last_good_rules"]?.bool == true)
        #expect(house.said.contains("running on the last good ones"))
        try house.edit("faults.yaml", replacing: "report.catgory in", by: "report.category in")
        try house.edit("faults.yaml", replacing: "accept: 3 min", by: "accept: 2 min")
        guard case .loaded(let hash, _) = await daemon.reload() else {
            Issue.record("a good set was refused")
            return
        }
        #expect(hash != good)
        let task = try #require(try await post(house, "/v1/inputs", report).body["tasks"]?.array?.first?.string)
        #expect(try await get(house, "/v1/tasks/\(task)")["limits"]?["accept"]?["length_s"]?.int == 120)
        #expect(try await get(house, "/v1/status")["on_last_good_rules"]?.bool == false)
        await daemon.stop()
    }

    @Test func withoutAnyGoodRulesItEndsWith78AndTheDiagnostics() async throws {
        let house = try House()
        try house.edit("faults.yaml", replacing: "report.category in", by: "report.catgory in")
        do {
            _ = try await house.start()
            Issue.record("it started without rules")
        } catch let failure as StartFailure {
            #expect(failure.exitCode == 78)
            #expect(failure.description.contains("faults.yaml:"))
        }
    }

    @Test func aSecondDaemonOnTheSameFolderIsRefused() async throws {
        let house = try House()
        let daemon = try await house.start()
        do {
            _ = try await house.start()
            Issue.record("two daemons on one folder")
        } catch let failure as StartFailure {
            #expect(failure.description.contains(String(ProcessInfo.processInfo.processIdentifier)))
        }
        await daemon.stop()
    }
}

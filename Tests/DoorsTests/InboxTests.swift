import Domain
import Foundation
import Inbox
import Testing

@Suite struct InboxTests {
    @Test func filesOfEachKindAreTakenInAndMoveToDone() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        try spool.put("one.json", spooled("a"), age: 30)
        try spool.put("many.jsonl", "\n\(spooled("b"))\r\n  \n\(spooled("c"))", age: 20)
        try spool.put("table.csv", "id,type,reported_at\nd,fault,2026-11-22 08:15\n,,\ne,fault,\n", age: 10)
        #expect(await inbox.drain() == 3)
        #expect(intake.ids == ["a", "b", "c", "d", "e"])
        #expect(intake.inputs.allSatisfy { $0.key.source == SourceID("spool") })
        // All five were one submission.
        #expect(intake.batches == [5])
        #expect(spool.files("new") == [])
        #expect(spool.files("done") == ["many.jsonl", "one.json", "table.csv"])
        #expect(spool.files("quarantine") == [])
        #expect(spool.remarks == [
            .done(file: "one.json", accepted: 1, duplicates: 0, bad: 0), .done(file: "many.jsonl", accepted: 2, duplicates: 0, bad: 0),
            .done(file: "table.csv", accepted: 2, duplicates: 0, bad: 0),
        ])
        #expect(inbox.counters.accepted == 5 && inbox.counters.filesDone == 3)
    }

    @Test func theOldestComesFirstAndAmongEquallyOldTheFirstByName() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        try spool.put("a.json", spooled("young"), age: 10)
        try spool.put("z.json", spooled("oldest"), age: 100)
        let same = Date()
        for name in ["m", "k", "l"] {
            try spool.put(name + ".json", spooled(name))
            try FileManager.default.setAttributes([.modificationDate: same], ofItemAtPath: spool.path + "/new/\(name).json")
        }
        try await spool.inbox(intake).drain()
        #expect(intake.ids == ["oldest", "young", "k", "l", "m"])
    }

    @Test func theSameAgainIsKnownAndGetsAnotherNameInDone() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        for _ in 0..<3 {
            try spool.put("a.json", spooled("a"))
            await inbox.drain()
        }
        #expect(intake.ids == ["a", "a", "a"])
        #expect(inbox.counters.accepted == 1 && inbox.counters.duplicates == 2)
        #expect(spool.files("done").count == 3)
        #expect(spool.files("done").allSatisfy { $0.hasPrefix("a.") && $0.hasSuffix(".json") })
    }

    @Test func oneBadLineOfManyIsQuarantinedAlone() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        let bad = #"{"id":"b","type":"fault","reported_at":"2026-02-30T08:15:00+08:00"}"#
        try spool.put("day.jsonl", "\(spooled("a"))\n\(bad)\n\(spooled("c"))\n{\"type\n\(spooled("d"))\n")
        await inbox.drain()
        #expect(intake.ids == ["a", "c", "d"])
        #expect(spool.files("done") == ["day.jsonl"])
        #expect(spool.files("quarantine") == ["day.jsonl", "day.jsonl.reason"])
        #expect(spool.text("quarantine/day.jsonl") == bad + "\n{\"type\n")
        let lines = spool.text("quarantine/day.jsonl.reason").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("2 of 5 lines of day.jsonl were not taken in (20") && lines[0].hasSuffix("+08:00); the others were."))
        #expect(lines[1] == "day.jsonl beside this file holds them; correct it and move it back into new: \(spool.path)/new. The numbers are those of the file's own lines.")
        #expect(lines[3...].joined(separator: "\n") == """
            line 2, column 40: 'reported_at': 2026-02-30 is not a date that exists; write 2026-02-28T08:15:00+08:00
            line 4, column 7: the text ends in the middle; send it whole; write spool files in tmp and rename them into new

            """)
        #expect(spool.remarks.contains(
            .quarantined(file: "day.jsonl", bad: 2, of: 5, reason: "line 2, column 40: 'reported_at': 2026-02-30 is not a date that exists; write 2026-02-28T08:15:00+08:00")))
        #expect(inbox.counters.unreadable == 2)
    }

    @Test func badRowsOfATableKeepItsHeader() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        try spool.put("day.csv", "\u{FEFF}id;type;lat;lon\r\na;fault;28;120\r\nb;fault;120;28\r\nc;fault;;\r\n")
        try await spool.inbox(intake).drain()
        #expect(intake.ids == ["a", "c"])
        #expect(spool.text("quarantine/day.csv") == "id;type;lat;lon\nb;fault;120;28\r\n")
        #expect(spool.text("quarantine/day.csv.reason").contains("line 3, column 9: 'lat': 120 is not a latitude; lat and lon look swapped") || spool.text("quarantine/day.csv.reason").contains("line 3, column 9: 'lat': 120.0 is not a latitude; lat and lon look swapped"))
        // Corrected and put back, it is taken.
        try spool.put("day.csv", spool.text("quarantine/day.csv").replacing("120;28", with: "28;120"))
        try await spool.inbox(intake).drain()
        #expect(intake.ids == ["a", "c", "b"])
    }

    @Test(arguments: [
        ("empty.json", "", "line 1, column 1: nothing is there; write one JSON object"),
        ("half.json", "{\"type\":\"fau", "line 1, column 13: 'type': the text ends in the middle; send it whole; write spool files in tmp and rename them into new"),
        ("two.json", spooled("a") + spooled("b"), "something follows the end of the value; one JSON value stands alone; many go into .jsonl, one a line"),
        ("header.csv", "typ,category\nfault,x\n", "line 1, column 1: 'typ': there is no column 'typ'; did you mean 'type'?"),
        ("empty.csv", "", "line 1, column 1: nothing is there; begin with a header such as id,type,category,reported_at,customer"),
        ("notes.txt", spooled("a"), "the name ends neither with .json (one object) nor .jsonl (one object a line) nor .csv (a header and rows); rename it accordingly and put it back into new"),
        ("huge.json", spooled("a", ",\"x\":\"" + String(repeating: "y", count: 2 << 20) + "\""), "bytes are too many for one input, at most 1048576 are taken; split it and put the parts into new"),
        ("deep.json", String(repeating: "[", count: 10_000), "an object is wanted, but this is a list"),
    ])
    func aFileThatIsBadAsAWholeMovesItself(_ name: String, _ content: String, _ reason: String) async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        try spool.put(name, content)
        try spool.put("good.json", spooled("good"))
        try await spool.inbox(intake).drain()
        #expect(intake.ids == ["good"])
        #expect(spool.files("new") == [])
        #expect(spool.files("quarantine") == [name, name + ".reason"])
        #expect(spool.text("quarantine/" + name) == content)
        #expect(spool.text("quarantine/\(name).reason").contains(reason))
    }

    @Test func whatTheDaemonRejectsGoesToQuarantineWithItsReason() async throws {
        let spool = try Spool()
        let intake = FakeIntake(verdict: { input in
            switch input.key.id {
            case "c": (.conflict, "the key 'c' came before with another content; give it another id")
            case "r": (.rejected, "there is no category 'x'; did you mean 'y'?")
            default: nil
            }
        })
        let inbox = try spool.inbox(intake)
        try spool.put("day.jsonl", [spooled("a"), spooled("c"), spooled("b"), spooled("r")].joined(separator: "\n"), age: 9)
        try spool.put("one.json", spooled("r"))
        await inbox.drain()
        #expect(intake.ids == ["a", "b"])
        #expect(spool.files("quarantine") == ["day.jsonl", "day.jsonl.reason", "one.json", "one.json.reason"])
        #expect(spool.text("quarantine/day.jsonl") == spooled("c") + "\n" + spooled("r") + "\n")
        #expect(spool.text("quarantine/day.jsonl.reason").hasSuffix("""
            line 2: conflict: the key 'c' came before with another content; give it another id
            line 4: rejected: there is no category 'x'; did you mean 'y'?

            """))
        #expect(spool.text("quarantine/one.json.reason").contains("line 1: rejected: there is no category 'x'; did you mean 'y'?"))
        #expect(inbox.counters.conflicts == 1 && inbox.counters.rejected == 2)
    }

    @Test(arguments: [IntakeRefusal.noRoom("disk full"), .busy, .stopping]) func refusedForNowItStaysAndIsToldOnce(_ refusal: IntakeRefusal) async throws {
        let spool = try Spool()
        let intake = FakeIntake(refusal: { batch, _ in batch < 3 ? refusal : nil })
        let inbox = try spool.inbox(intake)
        try spool.put("a.json", spooled("a"), age: 9)
        try spool.put("b.jsonl", spooled("b"))
        for _ in 0..<3 {
            #expect(await inbox.scanOnce().refusal == refusal)
            #expect(spool.files("new") == ["a.json", "b.jsonl"])
        }
        #expect(spool.remarks == (refusal == .stopping ? [] : [.notTaken(refusal)]))
        #expect(await inbox.scanOnce().moved == 2)
        #expect(intake.ids == ["a", "b"])
        #expect(spool.remarks.contains(.takenAgain))
        #expect(spool.files("done") == ["a.json", "b.jsonl"])
    }

    @Test func aLongFileGoesOnBehindWhatWasCommitted() async throws {
        let spool = try Spool()
        // The sixth submission is refused, once.
        let intake = FakeIntake(refusal: { batch, _ in batch == 5 ? .busy : nil })
        let inbox = try spool.inbox(intake) {
            $0.batchMax = 10
            $0.flightsMax = 1
        }
        var lines = (0..<100).map { spooled("r\($0)") }
        lines[7] = "bad one"
        lines[66] = "bad two"
        try spool.put("long.jsonl", lines.joined(separator: "\n"))
        #expect(await inbox.scanOnce().refusal == .busy)
        #expect(intake.ids.count == 50)
        #expect(await inbox.scanOnce().moved == 1)
        // Not one was sent twice, none was lost, and the bad ones are named once.
        #expect(intake.ids == (0..<100).filter { $0 != 7 && $0 != 66 }.map { "r\($0)" })
        #expect(inbox.counters.duplicates == 0)
        #expect(spool.text("quarantine/long.jsonl") == "bad one\nbad two\n")
        #expect(spool.text("quarantine/long.jsonl.reason").contains("2 of 100 lines"))
    }

    @Test func severalSubmissionsAreUnderWayInOrder() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake) { $0.batchMax = 7 }
        try spool.put("a.jsonl", (0..<100).map { spooled("r\($0)") }.joined(separator: "\n"))
        await inbox.drain()
        #expect(intake.ids == (0..<100).map { "r\($0)" })
        #expect(intake.batches == Array(repeating: 7, count: 14) + [2])
    }

    @Test func manySmallFilesShareSubmissions() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        for i in 0..<1_200 { try spool.put("f\(i).json", spooled("r\(i)")) }
        #expect(await inbox.scanOnce().moved == 1_200)
        #expect(intake.batches == [512, 512, 176])
        #expect(Set(intake.ids).count == 1_200)
        #expect(spool.files("done").count == 1_200)
        #expect(inbox.counters.scans == 1)
    }

    @Test func bytesEndABatchToo() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake) { $0.batchBytesMax = 2_000 }
        let padding = ",\"x\":\"" + String(repeating: "y", count: 900) + "\""
        try spool.put("a.jsonl", (0..<6).map { spooled("r\($0)", padding) }.joined(separator: "\n"))
        await inbox.drain()
        #expect(intake.batches == [3, 3])
    }

    @Test func aFileWithNothingButBadLinesIsBounded() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        let content = String(repeating: "x\n", count: 10_050) + spooled("a") + "\n"
        try spool.put("noise.jsonl", content)
        await inbox.drain()
        #expect(intake.ids == [])
        #expect(spool.text("quarantine/noise.jsonl") == content)
        #expect(spool.text("quarantine/noise.jsonl.reason").contains("what stands behind byte 20000 was not read, because 10000 lines before it were bad; it lies here too"))
        // With good ones before them: the good ones are in, everything else is kept.
        try spool.put("mixed.jsonl", spooled("b") + "\n" + content)
        await inbox.drain()
        #expect(intake.ids == ["b"])
        #expect(spool.text("quarantine/mixed.jsonl") == content)
    }

    @Test func aFileThatIsRejectedLineByLineIsBoundedToo() async throws {
        let spool = try Spool()
        let intake = FakeIntake(verdict: { _ in (.rejected, "no") })
        let content = (0..<16_000).map { spooled("r\($0)") + "\n" }.joined()
        try spool.put("strange.jsonl", content)
        try await spool.inbox(intake).drain()
        #expect(spool.text("quarantine/strange.jsonl") == content)
        #expect(spool.text("quarantine/strange.jsonl.reason").contains("was not read, because 10000 lines before it were bad"))
        // What was under way when the ten-thousandth receipt came, and one batch more.
        #expect(intake.batches.reduce(0, +) <= 10_000 + 6 * 512)
    }
}

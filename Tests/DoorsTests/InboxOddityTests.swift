import Domain
import Foundation
import Inbox
import Testing

/// What else can lie in a folder that others write to. In each test a good file beside the odd one is taken in.
@Suite struct InboxOddityTests {
    @Test func foldersLinksAndPipesAreQuarantinedUnread() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        let new = spool.path + "/new/"
        try FileManager.default.createDirectory(atPath: new + "folder.json", withIntermediateDirectories: false)
        try spool.put("inside.txt", "x")
        try FileManager.default.moveItem(atPath: new + "inside.txt", toPath: new + "folder.json/inside.txt")
        try spooled("secret").write(toFile: spool.path + "/outside.json", atomically: true, encoding: .utf8)
        #expect(symlink(spool.path + "/outside.json", new + "link.json") == 0)
        #expect(mkfifo(new + "pipe.json", 0o660) == 0)
        try spool.put("good.json", spooled("good"))
        await inbox.drain()
        #expect(intake.ids == ["good"])
        #expect(spool.files("new") == [])
        #expect(spool.files("quarantine") == ["folder.json", "folder.json.reason", "link.json", "link.json.reason", "pipe.json", "pipe.json.reason"])
        #expect(spool.text("quarantine/folder.json.reason").contains("a folder stands in new; put its files into new one by one"))
        #expect(spool.text("quarantine/link.json.reason").contains("a symbolic link is not followed; put the file itself into new"))
        #expect(spool.text("quarantine/pipe.json.reason").contains("a named pipe is not read; put a file into new"))
        #expect(spool.text("outside.json") == spooled("secret"))
    }

    @Test func namesThatNobodyCanTypeAreQuarantinedUnderOnesThatCanBeTyped() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        try spool.put("a\nb.json", spooled("a"))
        try spool.put("good.json", spooled("good"))
        let broken: [CChar] = Array((spool.path + "/new/").utf8CString.dropLast()) + [CChar(bitPattern: 0xFF)] + Array(".json".utf8CString)
        let descriptor = broken.withUnsafeBufferPointer { open($0.baseAddress!, O_CREAT | O_WRONLY, 0o660) }
        #expect(descriptor >= 0)
        close(descriptor)
        await inbox.drain()
        #expect(intake.ids == ["good"])
        #expect(spool.files("new") == [])
        #expect(spool.files("quarantine") == ["%FF.json", "%FF.json.reason", "a%0Ab.json", "a%0Ab.json.reason"])
        #expect(spool.text("quarantine/a%0Ab.json.reason").contains("the file's name holds a line end or another control character; give it a plain name and put it back into new"))
        #expect(spool.text("quarantine/%FF.json.reason").contains("the file's name is not UTF-8"))
    }

    @Test func aNameOfFullLengthLeavesRoomForItsReason() async throws {
        let spool = try Spool()
        let name = String(repeating: "断", count: 83) + ".json"
        #expect(name.utf8.count == 254)
        try spool.put(name, "x")
        try await spool.inbox(FakeIntake()).drain()
        let names = spool.files("quarantine")
        #expect(names.count == 2)
        #expect(names.allSatisfy { $0.hasPrefix("断断断") && $0.utf8.count <= 255 })
        #expect(names.contains { $0.hasSuffix("断.json") } && names.contains { $0.hasSuffix("断.json.reason") })
    }

    @Test func aFileThatVanishesIsNobodysFault() async throws {
        let spool = try Spool()
        let path = spool.path + "/new/c.json"
        let intake = FakeIntake(refusal: { batch, _ in
            if batch == 0 { unlink(path) }
            return nil
        })
        let inbox = try spool.inbox(intake) {
            $0.batchMax = 1
            $0.flightsMax = 1
        }
        for (age, name) in ["d", "c", "b", "a"].enumerated() { try spool.put(name + ".json", spooled(name), age: age * 10) }
        #expect(await inbox.scanOnce().moved == 3)
        #expect(intake.ids == ["a", "b", "d"])
        #expect(spool.files("done") == ["a.json", "b.json", "d.json"])
        #expect(spool.files("quarantine") == [])
    }

    @Test func aFileThatIsStillWrittenIsLeftUntilItIsWhole() async throws {
        let spool = try Spool()
        spool.setClockAhead(by: .zero)
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        try spool.put("half.json", "{\"type\":\"fau")
        try spool.put("half.jsonl", spooled("a") + "\n{\"id\":\"b\"")
        try spool.put("empty.csv", "")
        await inbox.drain()
        #expect(spool.files("new") == ["empty.csv", "half.json", "half.jsonl"])
        #expect(spool.files("quarantine") == [])
        // Its writer goes on.
        try spool.put("half.json", spooled("c"))
        try spool.put("half.jsonl", spooled("a") + "\n" + spooled("b") + "\n")
        try spool.put("empty.csv", "id,type\nd,fault\n")
        await inbox.drain()
        #expect(spool.files("new") == [])
        #expect(Set(intake.ids) == ["a", "b", "c", "d"])
        #expect(inbox.counters.accepted == 4)
        // Or it does not.
        try spool.put("left.json", "{\"type\":\"fau")
        await inbox.drain()
        #expect(spool.files("new") == ["left.json"])
        spool.setClockAhead(by: .seconds(6))
        await inbox.drain()
        #expect(spool.files("quarantine") == ["left.json", "left.json.reason"])
    }

    @Test func aFileThatGrowsWhileItIsReadIsReadAgain() async throws {
        let spool = try Spool()
        let path = spool.path + "/new/log.jsonl"
        let intake = FakeIntake(refusal: { batch, _ in
            guard batch == 0, let file = FileHandle(forWritingAtPath: path) else { return nil }
            file.seekToEndOfFile()
            file.write(Data((spooled("b") + "\n").utf8))
            return nil
        })
        let inbox = try spool.inbox(intake)
        try spool.put("log.jsonl", spooled("a") + "\n")
        #expect(await inbox.scanOnce().moved == 0)
        #expect(spool.files("new") == ["log.jsonl"])
        #expect(await inbox.scanOnce().moved == 1)
        #expect(intake.ids == ["a", "a", "b"])
        #expect(inbox.counters.accepted == 2 && inbox.counters.duplicates == 1)
    }

    @Test func hiddenFilesAreLeftAloneUntilTheyAreForgotten() async throws {
        let spool = try Spool()
        let inbox = try spool.inbox(FakeIntake())
        spool.setClockAhead(by: .zero)
        try spool.put(".day.jsonl.x7Yq", "half")
        await inbox.drain()
        #expect(spool.files("new") == [".day.jsonl.x7Yq"])
        spool.setClockAhead(by: .hours(2))
        await inbox.drain()
        #expect(spool.files("new") == [])
        #expect(spool.files("quarantine") == [".day.jsonl.x7Yq", ".day.jsonl.x7Yq.reason"])
    }

    @Test func whatMayNotBeReadStaysAndIsToldOnceAMinute() async throws {
        guard geteuid() != 0 else { return print("skipped: root may read everything") }
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        try spool.put("closed.json", spooled("a"))
        chmod(spool.path + "/new/closed.json", 0)
        for _ in 0..<3 { await inbox.scanOnce() }
        #expect(spool.remarks == [.stuck(file: "closed.json", reason: "Permission denied; let the group paidan read it (mode 0660)")])
        spool.setClockAhead(by: .hours(2))
        await inbox.scanOnce()
        #expect(spool.remarks.count == 2)
        chmod(spool.path + "/new/closed.json", 0o660)
        await inbox.scanOnce()
        #expect(intake.ids == ["a"])
    }

    @Test func aFileTooLargeIsQuarantinedAndALineTooLongCostsOnlyItself() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake) { $0.fileBytesMax = 3 << 20 }
        let long = "{\"x\":\"" + String(repeating: "y", count: 2 << 20) + "\"}"
        try spool.put("line.jsonl", [spooled("a"), long, spooled("b")].joined(separator: "\n"), age: 9)
        try spool.put("file.jsonl", long + "\n" + long + "\n")
        await inbox.drain()
        #expect(intake.ids == ["a", "b"])
        #expect(spool.text("quarantine/line.jsonl") == long + "\n")
        #expect(spool.text("quarantine/line.jsonl.reason").contains("line 2, column 1: 2097161 bytes are too many for one input; at most 1048576 are taken"))
        #expect(spool.text("quarantine/file.jsonl.reason").contains("bytes are too many for one file, at most 3145728 are taken; split it and put the parts into new"))
    }

    @Test func missingFoldersAreMadeForTheGroupAlsoLater() async throws {
        let spool = try Spool()
        try FileManager.default.removeItem(atPath: spool.path)
        let intake = FakeIntake()
        let inbox = try spool.inbox(intake)
        func mode(_ name: String) -> UInt32 {
            var status = stat()
            return stat(spool.path + name, &status) == 0 ? status.st_mode & 0o7777 : 0
        }
        for name in ["", "/tmp", "/new", "/done", "/quarantine"] { #expect(mode(name) == 0o2770, "\(name)") }
        // Somebody tidies up too much.
        try FileManager.default.removeItem(atPath: spool.path + "/done")
        try FileManager.default.removeItem(atPath: spool.path + "/quarantine")
        try spool.put("a.json", spooled("a"), age: 9)
        try spool.put("b.json", "b")
        await inbox.drain()
        #expect(spool.files("done") == ["a.json"])
        #expect(spool.files("quarantine") == ["b.json", "b.json.reason"])
    }

    @Test func aSpoolThatIsNoFolderIsRefusedWithWhatToDo() throws {
        let spool = try Spool()
        try FileManager.default.removeItem(atPath: spool.path)
        try "x".write(toFile: spool.path, atomically: true, encoding: .utf8)
        do {
            _ = try spool.inbox(FakeIntake())
            Issue.record("taken")
        } catch let fault as SpoolFault {
            #expect(fault == .folder(path: spool.path, reason: "Not a directory"))
            #expect(fault.description == "spool folder \(spool.path): Not a directory; make it a folder that the user paidan may write to (mode 2770)")
        }
    }

    @Test func oldFilesAreRemovedFromDoneAndQuarantine() async throws {
        let spool = try Spool()
        let inbox = try spool.inbox(FakeIntake())
        try spool.put("a.json", spooled("a"), age: 9)
        try spool.put("b.json", "b")
        await inbox.drain()
        try "mine".write(toFile: spool.path + "/tmp/.paidan-1", atomically: true, encoding: .utf8)
        spool.setClockAhead(by: .days(29))
        await inbox.emptyOld()
        #expect(spool.files("done") == ["a.json"] && spool.files("quarantine").count == 2 && spool.files("tmp") == [])
        spool.setClockAhead(by: TimeSpan.hours(30 * 24 + 1))
        await inbox.emptyOld()
        #expect(spool.files("done") == [] && spool.files("quarantine") == [])
        #expect(spool.remarks.suffix(2) == [.emptied(folder: "done", files: 1), .emptied(folder: "quarantine", files: 2)])
    }

    @Test func theLoopTakesWhatIsThereAndWhatComes() async throws {
        let spool = try Spool()
        let intake = FakeIntake()
        // So long that only the kernel's hint can lead to the second file.
        let inbox = try spool.inbox(intake) { $0.intervalSeconds = 100_000 }
        try spool.put("a.json", spooled("a"))
        inbox.start()
        var submissions = intake.submissions.makeAsyncIterator()
        #expect(await submissions.next() == 0)
        try spool.put("b.json", spooled("b"))
        #expect(await submissions.next() == 1)
        await inbox.stop()
        #expect(intake.ids == ["a", "b"])
        #expect(spool.files("done") == ["a.json", "b.json"])
        #expect(inbox.turns > 2)
        #expect(!inbox.isWaitingForCommit)
        // Stopped, it takes nothing any more.
        try spool.put("c.json", spooled("c"))
        await inbox.drain()
        #expect(spool.files("new") == ["c.json"])
    }
}

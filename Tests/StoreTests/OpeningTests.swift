import Decisions
import Domain
import Foundation
import GRDB
import Testing

@testable import Store

@Suite struct OpeningTests {
    let folder: Folder
    init() throws { folder = try Folder() }

    @Test func `A new folder gets a database that the group may read and nobody else`() throws {
        let store = try Store(directory: folder.path + "/")
        #expect(try store.load() == LoadedState())
        for file in ["paidan.sqlite", "paidan.sqlite-wal", "paidan.sqlite-shm"] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(file)")[.posixPermissions] as? Int
            #expect(mode == 0o640, "\(file)")
        }
    }

    @Test(arguments: ["synchronous = NORMAL", "synchronous = OFF", "journal_mode = DELETE"])
    func `Commits that would not last are found at the start`(spoiler: String) throws {
        let thrown = openingFailure(folder.path, Store.Options(spoilers: [spoiler]))
        #expect(thrown?.kind == .notDurable, "\(String(describing: thrown))")
        // And what is right is not refused.
        _ = try Store(directory: folder.path, options: Store.Options(spoilers: ["synchronous = EXTRA"]))
    }

    @Test func `A second daemon is refused with the first one's number`() throws {
        let first = try Store(directory: folder.path)
        let thrown = openingFailure(folder.path)
        #expect(thrown?.kind == .locked(by: getpid()))
        #expect(thrown?.description.contains("process \(getpid()) has this state folder open") == true)
        try first.close()
        withExtendedLifetime(first) {}
    }

    @Test func `The folder is free again after the store is gone`() throws {
        var store: Store? = try Store(directory: folder.path)
        try store?.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        store = nil
        #expect(try Store(directory: folder.path).load().tasks == [sampleTask(1)])
    }

    @Test func `A clean stop leaves one file and no write-ahead log`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        try store.close()
        try store.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["lock", "paidan.sqlite"])
    }

    /// As after a kill: the files as they are in the middle of the work, read by another process's eyes.
    @Test func `What was committed is there without any close`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1)), accepted(sampleReport("r-2"), sampleTask(2))))
        let copy = try Folder()
        for file in ["paidan.sqlite", "paidan.sqlite-wal"] {
            try FileManager.default.copyItem(atPath: "\(folder.path)/\(file)", toPath: "\(copy.path)/\(file)")
        }
        #expect(try Store(directory: copy.path).load().tasks == [sampleTask(1), sampleTask(2)])
        withExtendedLifetime(store) {}
    }

    @Test func `A folder that is not there, a foreign file, and another program's database are refused`() throws {
        #expect(openingFailure(folder.path + "/nowhere")?.kind == .missing)
        let file = folder.path + "/paidan.sqlite"
        try Data(repeating: 0x41, count: 8_192).write(to: URL(fileURLWithPath: file))
        #expect(openingFailure(folder.path)?.kind == .foreign)
        try FileManager.default.removeItem(atPath: file)
        let other = try DatabaseQueue(path: file)
        try other.write { db in try db.execute(sql: "CREATE TABLE theirs (x)") }
        try other.close()
        let thrown = openingFailure(folder.path)
        #expect(thrown?.kind == .foreign)
        #expect(thrown?.description.contains("move it away") == true)
    }

    @Test func `A database of a later version is refused and left as it is`() throws {
        try Store(directory: folder.path).close()
        let file = folder.path + "/paidan.sqlite"
        let future = try DatabaseQueue(path: file)
        try future.write { db in try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('999 the future')") }
        try future.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: file))
        let thrown = openingFailure(folder.path)
        #expect(thrown?.kind == .newerVersion)
        #expect(thrown?.description.contains("install that version again") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == before)
    }

    @Test func `Numbers given must cover the rows that are there`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        try store.close()
        let hand = try DatabaseQueue(path: store.path)
        try hand.write { db in try db.execute(sql: "UPDATE head SET history = 0") }
        try hand.close()
        #expect(openingFailure(folder.path)?.kind == .damaged)
    }

    @Test func `A row that does not read back is told, not trapped on`() throws {
        let store = try Store(directory: folder.path)
        try store.commit(batch(accepted(sampleReport("r-1"), sampleTask(1))))
        try store.close()
        let hand = try DatabaseQueue(path: store.path)
        try hand.write { db in try db.execute(sql: "UPDATE task SET body = substr(body, 1, 20)") }
        try hand.close()
        let again = try Store(directory: folder.path)
        #expect(throws: StoreError.self) { try again.load() }
    }

    /// Start-up and the outbox must not read what is finished.
    @Test func `Open work and due notices are found through their partial indexes`() async throws {
        let store = try Store(directory: folder.path)
        func plan(_ sql: String) async throws -> String {
            try await store.look { db in
                let s = try Statement(db, "EXPLAIN QUERY PLAN " + sql)
                var steps: [String] = []
                while try s.step() { steps.append(s.text(3)) }
                return steps.joined(separator: "; ")
            }
        }
        #expect(try await plan(Looks.openTasks) == "SCAN task USING INDEX task_open")
        #expect(try await plan(Looks.unjournaled) == "SEARCH history USING INTEGER PRIMARY KEY (rowid>?)")
        #expect(try await plan(Looks.historyOfTask) == "SEARCH history USING INDEX history_task (task=?)")
        let due = try await plan(Looks.dueNotices)
        #expect(due.contains("SEARCH n USING INDEX notice_due (next_at<?)"), "\(due)")
        #expect(due.contains("SEARCH e USING INDEX notice_order"), "\(due)")
        #expect(!due.contains("TEMP B-TREE FOR ORDER BY"), "\(due)")
        #expect(try await plan(Looks.nextNotice) == "SEARCH notice USING INDEX notice_due (next_at>?)")
        #expect(
            try await plan(Looks.earlierInput)
                == "SEARCH i USING INDEX input_key (source=? AND id=?); SEARCH p USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN")
    }

    @Test func `The write-ahead log stays bounded, and a reader that never ends is cut off`() async throws {
        let store = try Store(directory: folder.path, options: Store.Options(checkpointPages: 16, walPagesMax: 64))
        var last: Int32 = 0
        func fill(_ count: Int) throws {
            for _ in 0..<count {
                last += 1
                try store.commit(batch(accepted(sampleReport("r-\(last)"), sampleTask(last), why: String(repeating: "x", count: 3_000))))
                // The checkpoint comes after the commit, on the writer's queue; the next call waits for it.
                try store.proveWritable()
            }
        }
        func walBytes() throws -> Int {
            try FileManager.default.attributesOfItem(atPath: store.path + "-wal")[.size] as? Int ?? 0
        }
        try fill(400)
        // Far more than 400 pages were written; the log began again and again.
        #expect(try walBytes() < 128 * 4_200)

        let (readings, go) = AsyncStream<Void>.makeStream()
        let endless = _Concurrency.Task {
            try await store.look { db in
                let s = try Statement(db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, (SELECT count(*) FROM task) FROM n")
                _ = try s.step()
                go.yield()
                while try s.step() {}
            }
        }
        for await _ in readings { break }
        try fill(400)
        await #expect(throws: StoreError.self) { try await endless.value }
        try fill(20)
        #expect(try walBytes() < 128 * 4_200)
        #expect(try store.load().tasks.count == Int(last))
    }
}

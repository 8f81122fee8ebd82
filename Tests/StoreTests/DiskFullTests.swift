import Decisions
import Domain
import Foundation
import Store
import Testing

/// A disk of its own, 4 MiB, unmounted at the end. Needs root.
final class SmallDisk {
    let folder: Folder

    init?() throws {
        guard geteuid() == 0 else { return nil }
        folder = try Folder()
        let mount = Process()
        mount.executableURL = URL(fileURLWithPath: "/bin/mount")
        mount.arguments = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.path]
        mount.standardError = FileHandle.nullDevice
        try mount.run()
        mount.waitUntilExit()
        guard mount.terminationStatus == 0 else { return nil }
    }

    deinit { _ = umount2(folder.path, Int32(MNT_DETACH)) }
}

@Suite struct DiskFullTests {
    @Test func `A full disk refuses the batch whole, and takes it when there is room again`() async throws {
        guard let disk = try SmallDisk() else {
            print("SKIPPED: the full disk needs root and mount (a tmpfs of 4 MiB)")
            return
        }
        let store = try Store(directory: disk.folder.path)
        let ballast = disk.folder.path + "/ballast"
        try Data(count: 2 << 20).write(to: URL(fileURLWithPath: ballast))
        var number: Int32 = 0
        var refused: CommitFailure?
        func next() -> Batch {
            var entries: [Entry] = []
            for i in 1...50 {
                let n = number + Int32(i)
                entries.append(accepted(sampleReport("r-\(n)"), sampleTask(n), why: String(repeating: "x", count: 500)))
            }
            return Batch(entries: entries, rulesHash: "h")
        }
        // Until nothing more fits; 4 MiB hold far fewer than these.
        for _ in 0..<200 {
            let batch = next()
            refused = failure { () throws(CommitFailure) in try store.commit(batch) }
            if refused != nil { break }
            number += 50
        }
        #expect(refused?.isNoRoom == true, "\(String(describing: refused))")
        #expect(refused?.description.contains("free some space") == true)
        #expect(number > 0)
        // Nothing of the refused batch is there, and reading goes on.
        #expect(try store.load().tasks.count == Int(number))
        #expect(try await store.tasks(TaskFilter(limit: 1)).count == 1)
        // Still full: refused again, and still alive.
        let again = next()
        #expect(failure { () throws(CommitFailure) in try store.commit(again) }?.isNoRoom == true)
        // Room again: the same batch is taken.
        try FileManager.default.removeItem(atPath: ballast)
        try store.commit(again)
        number += 50
        try store.close()
        let reopened = try Store(directory: disk.folder.path)
        #expect(try reopened.load().tasks.count == Int(number))
        try reopened.proveWritable()
    }
}

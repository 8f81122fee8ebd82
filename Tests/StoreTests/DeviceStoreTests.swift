import Decisions
import Domain
import Foundation
import Rules
import Testing

@testable import Store

/// What devices have shown, on disk.
@Suite struct DeviceStoreTests {
    static func row(_ device: String, _ d: inout Dice) -> DeviceRow {
        func at() -> Instant { Instant(milliseconds: Int64(d.below(4_000_000_000_000))) }
        func report() -> OpenReport? {
            d.maybe(OpenReport(id: d.text(), tasks: (0..<d.below(3)).map { _ in TaskID(day: 20_261_122, number: Int32(d.below(1_000))) }, endedAt: d.maybe(at())))
        }
        func digest() -> WatchDigest { WatchDigest(name: d.next(), wording: d.next()) }
        return DeviceRow(
            device: DeviceID(device),
            channels: (0..<d.below(4)).map { _ in
                DeviceRow.Channel(
                    quantity: d.text(), value: d.chance(50) ? .number(Double(bitPattern: d.next() >> 2)) : .flag(d.chance(50)), at: at(),
                    minute: d.chance(20) ? .min : Int64(d.below(30_000_000)), inMinute: Int32(d.below(100)),
                    watches: (0..<d.below(4)).map { _ in
                        var state = WatchState(since: at())
                        state.phase = WatchPhase.allCases[d.below(3)]
                        state.times = (0..<d.below(4)).map { _ in at() }
                        state.report = report()
                        return DeviceRow.Watch(rule: digest(), state: state)
                    })
            },
            upkeep: (0..<d.below(3)).map { _ in
                var state = UpkeepState()
                state.last = d.maybe(Double(d.below(10_000)))
                state.used = Double(d.below(10_000)) / 8
                state.maintainedAt = d.maybe(at())
                state.report = report()
                return DeviceRow.Upkeep(rule: digest(), state: state)
            })
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `A device reads back as it was written, and damage is found, not trapped on`(seed: UInt64) throws {
        var d = Dice(seed: seed)
        for _ in 0..<300 {
            let row = Self.row("T-991", &d)
            var w = ByteWriter()
            RowCodec.write(row, into: &w)
            let bytes = w.bytes
            func read(_ bytes: some Sequence<UInt8>) throws -> DeviceRow {
                try Array(bytes).withUnsafeBytes { raw in try RowCodec.device(DeviceID("T-991"), raw) }
            }
            #expect(try read(bytes) == row, "seed \(seed)")
            #expect(throws: RowFault.self) { try read(bytes.dropLast(1 + d.below(bytes.count))) }
            #expect(throws: RowFault.self) { try read(bytes + [0]) }
            var flipped = bytes
            flipped[d.below(bytes.count)] ^= UInt8(1 << d.below(8))
            let other = try? read(flipped)
            #expect(other != row || flipped == bytes, "seed \(seed)")
        }
        #expect(throws: RowFault("a device row has form 2; this version reads form 1")) {
            try [UInt8(2), 0, 0].withUnsafeBytes { raw in try RowCodec.device(DeviceID("x"), raw) }
        }
    }

    @Test func `A checkpoint alone is a commit, and the newest row counts`() throws {
        let folder = try Folder()
        var d = Dice(seed: 7)
        let rows = ["T-2", "T-1", "变压器"].map { Self.row($0, &d) }
        let newer = Self.row("T-2", &d)
        do {
            let store = try Store(directory: folder.path)
            try store.commit(Batch(rulesHash: "hash-1", telemetry: rows))
            try store.commit(Batch(rulesHash: "hash-1", telemetry: [newer]))
            #expect(try store.load().devices == [rows[1], newer, rows[2]])
            try store.close()
        }
        let store = try Store(directory: folder.path)
        #expect(try store.load().devices == [rows[1], newer, rows[2]])
        #expect(try store.load().lastHistory == 0)
    }

    @Test func `A crossing and its row are on disk together, or neither is`() throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        var d = Dice(seed: 8)
        let row = Self.row("T-1", &d)
        // The batch is refused for its task: the guard finds another one.
        let ghost = sampleTask(7, revision: 3)
        let wrong = Batch(entries: [moved(ghost, ghost.next(.closed), .closed)], rulesHash: "hash-1", telemetry: [row])
        #expect(failure { () throws(CommitFailure) in try store.commit(wrong) }?.isConflict == true)
        #expect(try store.load().devices == [])
        try store.commit(Batch(entries: [accepted(sampleReport("r-1"), sampleTask(1))], rulesHash: "hash-1", telemetry: [row]))
        #expect(try store.load().devices == [row] && store.load().tasks.count == 1)
    }

    @Test func `A recovery comes back from the log`() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        let recovery = Recovery(device: DeviceID("T-1"), rule: "m.heavy", report: "r-1", tasks: [TaskID(day: 20_261_122, number: 1)], at: noon, note: "load 0.7")
        let input = InputCodec.input(.recovered(recovery), id: "recovered:r-1", source: SourceID("watch"))
        try store.commit(batch(Entry(stimulus: .input(input, Findings()), at: noon, decision: Decision(receipt: Receipt(id: "recovered:r-1", source: SourceID("watch"), status: .accepted)))))
        let log = try await store.log(after: 0)
        #expect(log.map(\.stimulus) == [.input(input, Findings())])
    }
}

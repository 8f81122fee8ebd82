import Decisions
import Domain
import Foundation
import GRDB
import Testing

@testable import Store

/// Who is looked after in an area, and outages of older versions.
@Suite struct OutageStoreTests {
    private func customer(_ account: String, area: String?, manager: String? = nil, critical: String = "", revision: Int32 = 1) -> CustomerRecord {
        var record = CustomerRecord(id: CustomerID(account), revision: revision, facts: ["critical_class": .string(critical)])
        if let area { record.facts["transformer"] = .string(area) }
        record.manager = manager.map { RoleID($0) }
        record.isBilled = true
        return record
    }

    private func write(_ changes: [(before: CustomerRecord?, after: CustomerRecord?)], to store: Store) throws {
        try store.commit(batch(Entry(stimulus: .tick, at: noon, decision: Decision(changes: changes.map { .customer(before: $0.before, after: $0.after) }))))
    }

    @Test(arguments: [UInt64(1), 2]) func `Those who are looked after are found by their area, as if every row were read`(seed: UInt64) throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        let d = Dice(seed: seed)
        var rows: [String: CustomerRecord] = [:]
        for _ in 0..<300 {
            let account = "c-\(d.below(80))"
            let before = rows[account]
            let after: CustomerRecord? =
                before != nil && d.chance(10)
                ? nil
                : customer(
                    account, area: d.maybe("T-\(d.below(6))"), manager: d.maybe("am-\(d.below(3))"), critical: d.chance(20) ? "class_1" : "",
                    revision: (before?.revision ?? 0) + 1)
            try write([(before, after)], to: store)
            rows[account] = after
        }
        let areas = ["T-4", "T-1", "T-0"].map { TransformerID($0) }
        let wanted = areas.flatMap { area in
            rows.values.filter { $0.facts["transformer"] == .string(area.rawValue) && ($0.manager != nil || $0.facts["critical_class"] == .string("class_1")) }.sorted { $0.id < $1.id }
        }
        #expect(!wanted.isEmpty)
        #expect(try store.servedCustomers(in: areas, limit: 1_000) == wanted, "seed \(seed)")
        #expect(try store.servedCustomers(in: areas, limit: 3) == Array(wanted.prefix(3)))
        #expect(try store.servedCustomers(in: [], limit: 3) == [])
        try store.close()
    }

    @Test func `Only the index over the few is read`() throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        try write([(nil, customer("1", area: "T-1", manager: "am-1")), (nil, customer("2", area: "T-1"))], to: store)
        try store.close()
        let db = try DatabaseQueue(path: folder.path + "/paidan.sqlite")
        try db.read { db in
            let plan = try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + Looks.servedInArea, arguments: ["T-1", 10]).map { $0["detail"] as String }
            #expect(plan.contains { $0.contains("INDEX customer_area (area=?)") } && !plan.contains { $0.contains("SCAN") }, "\(plan)")
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM customer WHERE area IS NOT NULL") == 1, "the other is in no index")
        }
        try db.close()
    }

    @Test func `Customers of an older version get their area`() throws {
        let folder = try Folder()
        do {
            let store = try Store(directory: folder.path)
            try write([(nil, customer("1", area: "T-1", manager: "am-1")), (nil, customer("2", area: "T-1")), (nil, customer("3", area: "T-1", critical: "special"))], to: store)
            try store.close()
            let old = try DatabaseQueue(path: folder.path + "/paidan.sqlite")
            try old.write { db in
                // As rows were before they were sealed.
                for row in [customer("1", area: "T-1", manager: "am-1"), customer("2", area: "T-1"), customer("3", area: "T-1", critical: "special")] {
                    var bytes = ByteWriter()
                    RowCodec.write(row, into: &bytes)
                    try db.execute(sql: "UPDATE customer SET body = ?, key = NULL WHERE account = ?", arguments: [Data(bytes.bytes), row.id.rawValue])
                }
                try db.execute(sql: "DROP INDEX customer_area; ALTER TABLE customer DROP COLUMN area; DELETE FROM grdb_migrations WHERE identifier = '10 planned'")
            }
            try old.close()
        }
        let store = try Store(directory: folder.path)
        #expect(try store.servedCustomers(in: [TransformerID("T-1")], limit: 10).map(\.id.rawValue) == ["1", "3"])
        try store.close()
    }

    @Test func `An outage of the first form reads back`() throws {
        let outage = OutageRecord(
            id: OutageID("o-1"), revision: 3, source: SourceID("control"), feeder: FeederID("F-1"), transformer: nil, from: noon, until: minutes(60), customersOut: 9,
            reason: "检修", announcedAt: noon, callers: 2)
        var w = ByteWriter()
        RowCodec.write(outage, into: &w)
        // Form 2 ends with the type, the list of those told, and how often it was over its time.
        var bytes = Array(w.bytes.dropLast(3))
        bytes[0] = 1
        #expect(try bytes.withUnsafeBytes { bytes throws(RowFault) in try RowCodec.outage(OutageID("o-1"), bytes) } == outage)
        #expect(throws: RowFault.self) { try (bytes + [0]).withUnsafeBytes { bytes throws(RowFault) in try RowCodec.outage(OutageID("o-1"), bytes) } }
        #expect(throws: RowFault.self) { try ([3] + bytes.dropFirst()).withUnsafeBytes { bytes throws(RowFault) in try RowCodec.outage(OutageID("o-1"), bytes) } }
    }

    @Test func `A notice of an outage enters the log`() async throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        let line = HistoryLine(
            task: .none, revision: 0, at: noon, event: .outage_told, by: "paidan", crew: nil, department: DepartmentID(""), rule: "m.week", report: "", note: "public")
        let stimulus = Stimulus.notices(OutageID("o-1"), [ServedCustomer(account: CustomerID("1"), manager: RoleID("am-1"))])
        try store.commit(batch(Entry(stimulus: stimulus, at: noon, decision: Decision(history: [line])), Entry(stimulus: .notices(OutageID("o-2"), []), at: noon, decision: Decision())))
        #expect(try await store.log(after: 0).map(\.stimulus) == [.notices(OutageID("o-1"), [])], "without the rows, and only where something came of it")
        try store.close()
    }
}

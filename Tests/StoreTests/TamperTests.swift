import Domain
import Foundation
import GRDB
import Testing

@testable import Store

/// One random tampering with a log: what it did, and which entry must be named.
private struct Tampering {
    var what: String
    var first: Int64
    /// A log that was written anew is known to be wrong only up to a head from outside: an entry up to this one may be named.
    var atMost: Int64?
}

/// Tampers with the log of `count` entries, in ways that a hand on the file has. nil: the dice fell on something that can't be done.
private struct Tamperer {
    let db: Database
    let count: Int64
    var d: Dice

    private static let inputColumns = ["seq", "at", "kind", "context", "source", "id", "digest", "receipt", "body", "part", "chain"]
    private static let personalColumns = ["seq", "body", "customer", "salt"]

    private func any() -> Int64 { 1 + Int64(d.below(Int(count))) }

    func tamper() throws -> Tampering? {
        switch d.below(10) {
        case 0..<3: try flipInput()
        case 3: try flipPersonal()
        case 4: try flipBeside()
        case 5: try remove()
        case 6: try swap()
        case 7: try duplicate()
        case 8: try cut()
        default: try writeAnew()
        }
    }

    /// One bit or more of one byte of the value in SQL.
    private func flipped(_ value: DatabaseValue) -> (sql: String, argument: (any DatabaseValueConvertible)?)? {
        switch value.storage {
        case .null: return ("x'00'", nil)
        case .int64(let number): return ("?", number ^ Int64(bitPattern: UInt64(1 + d.below(255)) << UInt64(8 * d.below(8))))
        case .string(let text): return bytes(Array(text.utf8)).map { ("CAST(? AS TEXT)", $0) } ?? ("'x'", nil)
        case .blob(let data): return bytes(Array(data)).map { ("?", $0) } ?? ("x'01'", nil)
        case .double: return nil
        }
    }

    private func bytes(_ bytes: [UInt8]) -> Data? {
        guard !bytes.isEmpty else { return nil }
        var bytes = bytes
        bytes[d.below(bytes.count)] ^= UInt8(1 + d.below(255))
        return Data(bytes)
    }

    /// Puts another value there; false: there is one of that number already.
    private func flip(_ table: String, _ column: String, _ which: String) throws -> DatabaseValue? {
        guard let row = try Row.fetchOne(db, sql: "SELECT \(column) AS v FROM \(table) WHERE \(which)"), var (sql, argument) = flipped(row["v"]) else { return nil }
        // Strict tables take no blob for a text.
        if ["source", "id", "customer"].contains(column), sql == "x'00'" { (sql, argument) = ("''", nil) }
        do {
            try db.execute(sql: "UPDATE \(table) SET \(column) = \(sql) WHERE \(which)", arguments: argument.map { [$0] } ?? [])
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return nil
        }
        return argument?.databaseValue ?? .null
    }

    private func flipInput() throws -> Tampering? {
        let number = any()
        let column = Self.inputColumns[d.below(Self.inputColumns.count)]
        guard let now = try flip("input", column, "seq = \(number)") else { return nil }
        guard column == "seq", let moved = Int64.fromDatabaseValue(now) else { return Tampering(what: "flip input.\(column) of \(number)", first: number) }
        return Tampering(what: "number \(number) as \(moved)", first: moved < 1 ? moved : number)
    }

    private func flipPersonal() throws -> Tampering? {
        guard let number = try Int64.fetchOne(db, sql: "SELECT seq FROM personal WHERE seq >= \(any()) AND \(Looks.isKept("personal")) ORDER BY seq LIMIT 1") else { return nil }
        if d.chance(30) {
            try db.execute(sql: "DELETE FROM personal WHERE seq = \(number)")
            return Tampering(what: "remove the part of \(number)", first: number)
        }
        let column = Self.personalColumns[d.below(Self.personalColumns.count)]
        guard let now = try flip("personal", column, "seq = \(number)") else { return nil }
        guard column == "seq", let moved = Int64.fromDatabaseValue(now), (1...count).contains(moved) else {
            return Tampering(what: "flip personal.\(column) of \(number)", first: number)
        }
        return Tampering(what: "part \(number) as \(moved)", first: min(number, moved))
    }

    /// What the log leans on: contexts, and its own head.
    private func flipBeside() throws -> Tampering? {
        switch d.below(4) {
        case 0:
            let context = try #require(try Int64.fetchOne(db, sql: "SELECT context FROM input WHERE seq = \(any())"))
            let first = try #require(try Int64.fetchOne(db, sql: "SELECT min(seq) FROM input WHERE context = \(context)"))
            let column = ["id", "rules", "engine"][d.below(3)]
            guard try flip("context", column, "id = \(context)") != nil else { return nil }
            return Tampering(what: "flip context.\(column)", first: first)
        case 1:
            guard let now = try flip("head", "input", "one = 1"), let moved = Int64.fromDatabaseValue(now) else { return nil }
            return Tampering(what: "head at \(moved)", first: moved > count ? count + 1 : max(moved, 0))
        case 2: return try flip("head", "chain", "one = 1").map { _ in Tampering(what: "flip head.chain", first: count) }
        default: return try flip("head", "log", "one = 1").map { _ in Tampering(what: "flip head.log", first: 1) }
        }
    }

    private func remove() throws -> Tampering {
        let number = any()
        try db.execute(sql: "DELETE FROM input WHERE seq = \(number)")
        if d.chance(50) { try db.execute(sql: "DELETE FROM personal WHERE seq = \(number)") }
        return Tampering(what: "remove \(number)", first: number)
    }

    private func swap() throws -> Tampering? {
        let (a, b) = (any(), any())
        guard a != b else { return nil }
        if d.chance(50) {
            for table in d.chance(50) ? ["input", "personal"] : ["input"] {
                try db.execute(sql: "UPDATE \(table) SET seq = -1 WHERE seq = \(a); UPDATE \(table) SET seq = \(a) WHERE seq = \(b); UPDATE \(table) SET seq = \(b) WHERE seq = -1")
            }
            return Tampering(what: "swap \(a) and \(b) with their links", first: min(a, b))
        }
        let columns = Self.inputColumns.filter { $0 != "seq" && $0 != "chain" }.joined(separator: ", ")
        try db.execute(
            sql: """
                CREATE TEMP TABLE aside AS SELECT * FROM input WHERE seq = \(a);
                UPDATE input SET (\(columns)) = (SELECT \(columns) FROM input WHERE seq = \(b)) WHERE seq = \(a);
                UPDATE input SET (\(columns)) = (SELECT \(columns) FROM aside) WHERE seq = \(b);
                DROP TABLE aside;
                """)
        return Tampering(what: "swap \(a) and \(b), the links stay", first: min(a, b))
    }

    private func duplicate() throws -> Tampering {
        let number = any()
        let place = d.chance(50) ? number + 1 : count + 1
        for table in d.chance(50) ? ["input", "personal"] : ["input"] {
            try db.execute(sql: "UPDATE \(table) SET seq = -(seq + 1) WHERE seq >= \(place); UPDATE \(table) SET seq = -seq WHERE seq < 0")
        }
        let columns = Self.inputColumns.dropFirst().joined(separator: ", ")
        try db.execute(sql: "INSERT INTO input (seq, \(columns)) SELECT \(place), \(columns) FROM input WHERE seq = \(number)")
        if d.chance(50) { try db.execute(sql: "UPDATE head SET input = input + 1") }
        return Tampering(what: "copy \(number) to \(place)", first: place)
    }

    private func cut() throws -> Tampering {
        let last = any() - 1
        try db.execute(sql: "DELETE FROM input WHERE seq > \(last); DELETE FROM personal WHERE seq > \(last)")
        // Whoever cuts it off can write the database's own head, too.
        if d.chance(50), last > 0 { try db.execute(sql: "UPDATE head SET input = \(last), chain = (SELECT chain FROM input WHERE seq = \(last))") }
        return Tampering(what: "cut after \(last)", first: last + 1)
    }

    /// One entry is changed, and all links from there on are made to fit.
    private func writeAnew() throws -> Tampering {
        let number = any()
        try db.execute(sql: "UPDATE input SET at = at + 1 WHERE seq = \(number)")
        try relink(db, from: number)
        return Tampering(what: "write anew from \(number)", first: 1, atMost: number)
    }
}

/// Makes every link from an entry on fit what stands there, and the head with them.
func relink(_ db: Database, from number: Int64) throws {
    let log = try #require(try Data.fetchOne(db, sql: "SELECT log FROM head"))
    let contexts = try Looks.contexts(try #require(db.sqliteConnection))
    var hash = LogChain.start(ofLog: Array(log))
    if let before = try Data.fetchOne(db, sql: "SELECT chain FROM input WHERE seq = ?", arguments: [number - 1]) {
        hash = try #require(Array(before).withUnsafeBytes { Hash256(bytes: $0) })
    }
    var bytes = ByteWriter()
    for row in try Row.fetchAll(db, sql: "SELECT * FROM input WHERE seq >= ? ORDER BY seq", arguments: [number]) {
        var entry = LogRow(number: row["seq"], at: row["at"], kind: row["kind"], context: row["context"])
        entry.source = row["source"]
        entry.id = row["id"]
        entry.digest = (row["digest"] as Data?).map { Array($0) }
        entry.receipt = (row["receipt"] as Data?).map { Array($0) }
        entry.body = (row["body"] as Data?).map { Array($0) }
        entry.part = (row["part"] as Data?).flatMap { Array($0).withUnsafeBytes { Hash256(bytes: $0) } }
        hash = entry.hash(after: hash, try #require(contexts[entry.context]), &bytes)
        try db.execute(sql: "UPDATE input SET chain = ? WHERE seq = ?", arguments: [Data(hash.bytes), entry.number])
    }
    try db.execute(sql: "UPDATE head SET chain = ?", arguments: [Data(hash.bytes)])
}

@Suite struct TamperTests {
    private struct Undo: Error {}

    /// In the suite as many as it takes to come by each kind; for a long night PAIDAN_TAMPERINGS=10000.
    static let rounds = ProcessInfo.processInfo.environment["PAIDAN_TAMPERINGS"].flatMap { Int($0) } ?? 400

    @Test(arguments: [UInt64(1), 20_261_123]) func `Every tampering with a log of a thousand is found, and its first entry named`(seed: UInt64) throws {
        let folder = try Folder()
        let store = try Store(directory: folder.path)
        try fill(store, 1_000, seed: seed)
        let head = store.logHead
        try store.close()
        let hand = try Hand(store.path)
        let heads = try hand.queue.read { db in
            try [Int64(250), 600].map { number in
                let bytes = try #require(try Data.fetchOne(db, sql: "SELECT chain FROM input WHERE seq = ?", arguments: [number]))
                return LogHead(number: number, hash: try #require(Array(bytes).withUnsafeBytes { Hash256(bytes: $0) }))
            }
        } + [head]
        try #require(try hand.queue.read { db in try db.walked(heads: heads) }.isSound)
        // Where an index forbids two of a key, there are tamperings that can't be tried.
        try hand.run("DROP INDEX input_key")
        let dice = Dice(seed: seed)
        var kinds: [LogFinding.Kind: Int] = [:]
        var done = 0
        while done < Self.rounds / 2 {
            do {
                try hand.queue.write { db in
                    guard let tampering = try Tamperer(db: db, count: head.number, d: dice).tamper() else { throw Undo() }
                    let result = try db.walked(heads: heads)
                    done += 1
                    if let finding = result.finding {
                        kinds[finding.kind, default: 0] += 1
                        if let most = tampering.atMost {
                            #expect(finding.kind == .rewritten && finding.number <= most, "seed \(seed), round \(done): \(tampering.what): \(finding)")
                        } else {
                            #expect(finding.number == tampering.first, "seed \(seed), round \(done): \(tampering.what): \(finding)")
                        }
                    } else {
                        Issue.record("seed \(seed), round \(done): \(tampering.what) was not found")
                    }
                    throw Undo()
                }
            } catch is Undo {}
        }
        #expect(Set(kinds.keys) == Set(LogFinding.Kind.allCases), "\(kinds)")
    }
}

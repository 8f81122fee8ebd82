package import Domain
import Glibc
import GRDB
import GRDBSQLite

/// Walks the chain over the log, from its first entry to its head, and names the first that is not as it was written.
///
/// - **Reads only**, on a connection of its own, while the daemon works or not: it never writes, never checkpoints, and leaves no file behind.
///   It reads in pages, each a transaction of its own, so that the daemon's write-ahead log can be emptied in between. That is enough, because
///   of what was there at the beginning nothing changes but personal parts that are forgotten.
/// - **What it proves.** Within the database the chain alone: an entry that was changed, removed, moved or added breaks it. Somebody who writes
///   the whole rest of the log anew is told by heads that stand elsewhere, in the journal or in a drawer.
package final class LogVerifier {
    /// Where the database is, and who owns the file: the daemon's messages in the journal are theirs.
    package let path: String
    package let owner: UInt32
    /// Names the log, in hexadecimal digits.
    package let logID: String

    private let start: Hash256

    /// Finds the database of a state folder.
    ///
    /// Throws `.missing`, `.foreign`, `.newerVersion`, `.notChained` and what SQLite has to say.
    package init(directory: String) throws(StoreError) {
        let folder = directory.hasSuffix("/") && directory.count > 1 ? String(directory.dropLast()) : directory
        let path = folder + "/paidan.sqlite"
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw StoreError(call: "stat", errno: errno, path: path) }
        owner = status.st_uid
        do {
            let reader = try ReadOnly(path)
            try reader.checkIdentity()
            let s = try Statement(reader.db, "SELECT log FROM head WHERE one = 1")
            guard try s.step(), let id = s.bytes(0) else { throw RowFault("the table head is empty") }
            logID = Hash256.hex(id)
            start = LogChain.start(ofLog: id)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// - Parameter heads: where the log is known to have stood, from outside of the database.
    package func run(heads: [LogHead] = []) throws(StoreError) -> Verification {
        do {
            while true {
                let reader = try ReadOnly(path)
                var walk = try LogWalk(reader.db, start: start, logID: logID, heads: heads)
                var result = try walk.run()
                result.database += try DatabaseFacts.faults(reader.db)
                // A daemon that was started meanwhile may have written into the file that nobody was to write into: once more.
                if reader.isStill { return result }
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }
}

/// What came of a verification.
package struct Verification: Sendable, Hashable {
    package var logID: String
    /// How many entries were looked at, since when, and where they end.
    package var entries: Int64 = 0
    package var since: Instant?
    package var head: LogHead
    /// Entries whose personal part was forgotten.
    package var forgotten: Int64 = 0
    /// How many of the heads from outside the log agrees with.
    package var headsAgreed = 0
    /// The first entry that is not as it was written.
    package var finding: LogFinding?
    /// What is wrong with the database beside the log.
    package var database: [String] = []

    package var isSound: Bool { finding == nil && database.isEmpty }

    package init(logID: String, head: LogHead) {
        self.logID = logID
        self.head = head
    }
}

/// The first entry that is wrong, and how.
package struct LogFinding: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Something that the entry says, or its personal part.
        case changed
        /// There is none of that number.
        case removed
        /// Another entry of the log stands in its place.
        case reordered
        /// An entry that was not written by paidan there.
        case added
        /// The log ends too early.
        case cut_off
        /// The chain holds in itself, but is another than the one that was journaled.
        case rewritten
        /// The personal part is not there, and nobody asked for it to be forgotten.
        case part_removed
    }

    package var number: Int64
    /// The instant of the entry, as it stands there; nil: there is none.
    package var at: Instant?
    package var kind: Kind
    package var text: String
}

/// A connection that can only read, for one verification.
final class ReadOnly {
    let db: OpaquePointer
    private let path: String
    /// After a clean stop all is in the one file. It is read as it lies there: SQLite would otherwise leave its companions beside it.
    private let isImmutable: Bool

    init(_ path: String) throws {
        self.path = path
        isImmutable = !Self.hasLog(path)
        // As a URI: whatever could mean something there is escaped.
        let name = path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"),
                UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                String(UnicodeScalar(byte))
            default: "%" + Hash256.hex([byte])
            }
        }.joined()
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(
            "file:\(name)" + (isImmutable ? "?immutable=1" : ""), &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nil)
        guard code == SQLITE_OK, let handle else {
            defer { sqlite3_close_v2(handle) }
            throw handle.map { SQLiteFailure($0, doing: "open") } ?? SQLiteFailure(code: code, message: "out of memory", doing: "open")
        }
        db = handle
        sqlite3_busy_timeout(db, 5_000)
    }

    deinit { sqlite3_close_v2(db) }

    private static func hasLog(_ path: String) -> Bool {
        var status = stat()
        return stat(path + "-wal", &status) == 0 && status.st_size > 0
    }

    /// Whether what was read is what is there.
    var isStill: Bool { !isImmutable || !Self.hasLog(path) }

    /// A database of ours, not from the future, whose log is chained.
    func checkIdentity() throws {
        let id = try Statement(db, "PRAGMA application_id")
        guard try id.step(), id.int(0) == Schema.applicationID else {
            throw StoreError(.foreign, "the file is the database of another program", path: path, advice: "give --state the folder of paidan's state")
        }
        id.reset()
        let known = Set(Schema.migrator.migrations)
        let s = try Statement(db, "SELECT identifier FROM grdb_migrations")
        var applied: Set<String> = []
        while try s.step() { applied.insert(s.text(0)) }
        guard applied.isSubset(of: known) else {
            throw StoreError(
                .newerVersion, "the database was written by a later version of paidan", path: path, advice: "verify it with that version")
        }
        guard applied == known else {
            throw StoreError(
                .notChained, "the database is of an older version, whose log has no chain yet", path: path,
                advice: "start paidan once: it brings the database up to date (systemctl start paidan)")
        }
    }
}

/// One walk along the log.
struct LogWalk {
    /// So many entries are read in one transaction.
    static let pageEntries = 50_000
    /// Columns of `rows`.
    static let columns = """
        SELECT i.seq, i.at, i.kind, i.context, i.source, i.id, i.digest, i.receipt, i.body, i.part, i.chain, p.seq, p.body, p.customer, p.salt
        FROM input AS i LEFT JOIN personal AS p ON p.seq = i.seq AND \(Looks.isKept("p"))
        """

    private let db: OpaquePointer
    private let rows: Statement
    private let contexts: [Int64: ContextWords]
    private let start: Hash256
    private var heads: ArraySlice<LogHead>
    private var result: Verification
    private var bytes = ByteWriter(capacity: 4_096)
    /// The last entry that is as it was written.
    private var last: LogHead
    /// The last head from outside that the log agrees with.
    private var agreed: Int64 = 0
    /// The chain is broken: what comes after can't be trusted to say who was forgotten.
    private var isBroken = false
    /// Whose parts are missing, since which entry, as long as no later entry forgets them.
    private var missing: [CustomerID: (number: Int64, at: Instant)] = [:]

    init(_ db: OpaquePointer, start: Hash256, logID: String, heads: [LogHead]) throws {
        self.db = db
        self.start = start
        self.heads = heads.sorted { $0.number < $1.number }[...]
        contexts = try Looks.contexts(db)
        rows = try Statement(db, "\(Self.columns) WHERE i.seq >= ?1 ORDER BY i.seq")
        let s = try Statement(db, "SELECT input, chain, (SELECT coalesce(max(seq), 0) FROM input) FROM head WHERE one = 1")
        guard try s.step() else { throw RowFault("the table head is empty") }
        let hash = s.raw(1).flatMap { Hash256(bytes: $0) }
        result = Verification(logID: logID, head: LogHead(number: s.int(0), hash: hash ?? start))
        if hash == nil { result.database.append("the head of the log is not readable") }
        last = LogHead(number: 0, hash: start)
        // What comes in from here on is the next verification's; what is beyond the head in the same moment was not written by paidan.
        if s.int(2) > s.int(0) { beyond = s.int(0) + 1 }
        s.reset()
    }

    /// The first number beyond the head, where there is such an entry.
    private var beyond: Int64?

    mutating func run() throws -> Verification {
        try compareHeads(upTo: 0)
        if result.finding == nil { try walk() }
        if result.finding == nil { try compareEnd() }
        try lookForWhoForgot()
        return result
    }

    private mutating func walk() throws {
        var from = Int64.min
        while true {
            var read = 0
            rows.bind(1, from)
            defer { rows.reset() }
            while read < Self.pageEntries {
                guard try rows.step() else { return }
                let number = rows.int(0)
                guard number <= result.head.number else { return }
                try look(at: number)
                guard result.finding == nil else { return }
                read += 1
            }
            rows.reset()
            from = last.number + 1
        }
    }

    /// The entry on which `rows` stands.
    private mutating func look(at number: Int64) throws {
        let at = Instant(milliseconds: rows.int(1))
        if number < 1 { return found(number, at, .added, "is one that paidan did not write: the log begins with entry 1") }
        let previous = last
        guard number == previous.number + 1 else {
            let first = previous.number + 1
            let which = number == first + 1 ? "is not there" : "and those up to \(number - 1) are not there"
            if let place = try place(ofEntry: first, after: previous.hash, own: nil) {
                return found(first, nil, .reordered, "is not in its place: it stands as entry \(place)")
            }
            return found(first, nil, .removed, which)
        }
        let own = rows.raw(10).flatMap { Hash256(bytes: $0) }
        let hash = hash(rows, as: number, after: previous.hash)
        guard let hash, hash == own else { return try explain(number, at, previous, own: own, hash) }
        if let fault = try partFault(number, at) {
            if result.finding == nil { result.finding = LogFinding(number: number, at: at, kind: .changed, text: fault) }
            return
        }
        if rows.int(2) == LogKind.customer.rawValue, !missing.isEmpty { forgetMissing(rows) }
        last = LogHead(number: number, hash: hash)
        result.entries += 1
        if result.since == nil { result.since = at }
        try compareHeads(upTo: number)
    }

    /// The hash of a row as if it had this number; nil: a column holds what paidan never writes there.
    private mutating func hash(_ s: Statement, as number: Int64, after previous: Hash256) -> Hash256? {
        guard let words = contexts[s.int(3)] else { return nil }
        LogChain.begin(after: previous, number: number, at: s.int(1), kind: s.int(2), context: s.int(3), words, into: &bytes)
        for (column, type) in [(Int32(4), SQLITE_TEXT), (5, SQLITE_TEXT), (6, SQLITE_BLOB), (7, SQLITE_BLOB), (8, SQLITE_BLOB), (9, SQLITE_BLOB)] {
            guard s.isNull(column) || s.type(column) == type else { return nil }
            bytes.framed(s.raw(column))
        }
        return bytes.bytes.withUnsafeBytes { Hash256(of: $0) }
    }

    /// What is wrong with the personal part of an entry that is as it was written.
    private mutating func partFault(_ number: Int64, _ at: Instant) throws -> String? {
        guard let part = rows.raw(9) else { return rows.isNull(11) ? nil : "has a personal part beside it that paidan did not write" }
        guard !rows.isNull(11) else {
            result.forgotten += 1
            if let customer = customer(rows) {
                if missing[customer] == nil { missing[customer] = (number, at) }
            } else {
                result.finding = LogFinding(
                    number: number, at: at, kind: .part_removed, text: "has lost its personal part, and it is no customer's who could have been forgotten")
            }
            return nil
        }
        guard let body = rows.raw(12), let salt = rows.bytes(14), rows.isNull(13) || rows.type(13) == SQLITE_TEXT else {
            return "has a personal part that was changed after it was written"
        }
        let customer = rows.isNull(13) ? nil : rows.text(13)
        return LogChain.part(salt: salt, customer: customer, body: body) == Hash256(bytes: part) ? nil : "has a personal part that was changed after it was written"
    }

    private func customer(_ s: Statement) -> CustomerID? {
        guard let input = try? InputCodec.input(log: s.bytes(8) ?? [], personal: nil) else { return nil }
        switch input.body {
        case .report(let report): return report.customer
        case .customer(let record): return record.customer
        case .progress, .crew, .kase, .outage, .contractor, .reading, .recovered: return nil
        }
    }

    private mutating func forgetMissing(_ s: Statement) {
        guard let input = try? InputCodec.input(log: s.bytes(8) ?? [], personal: nil), case .customer(let record) = input.body,
            record.event == .forget
        else { return }
        missing[record.customer] = nil
    }

    /// Parts that are missing must have been forgotten by a later entry: of the rest of the log, those are looked for. Not where the chain is
    /// broken: the entry that forgot them may be the one that is wrong.
    private mutating func lookForWhoForgot() throws {
        guard !isBroken else { return }
        if !missing.isEmpty {
            let s = try Statement(db, "\(Self.columns) WHERE i.seq > ?1 AND i.kind = \(LogKind.customer.rawValue) ORDER BY i.seq")
            s.bind(1, last.number)
            while !missing.isEmpty, try s.step() { forgetMissing(s) }
            s.reset()
        }
        guard let first = missing.values.min(by: { $0.number < $1.number }), first.number < result.finding?.number ?? .max else { return }
        result.finding = LogFinding(
            number: first.number, at: first.at, kind: .part_removed, text: "has lost its personal part, and nobody asked for its customer to be forgotten")
    }

    // MARK: Heads

    private mutating func compareHeads(upTo number: Int64) throws {
        while result.finding == nil, let head = heads.first, head.number <= number {
            heads.removeFirst()
            if head.hash == last.hash {
                agreed = number
                result.headsAgreed += 1
            } else {
                let range = agreed + 1 >= number ? "entry \(number) is another" : "an entry from \(agreed + 1) to \(number) is another"
                found(
                    min(agreed + 1, number), nil, .rewritten,
                    "or a later one was written anew, with all that follow: the chain holds in itself, but \(range) than when its head \(short(head)) was taken")
            }
        }
    }

    private mutating func compareEnd() throws {
        if last.number < result.head.number {
            let count = result.head.number - last.number
            return found(
                last.number + 1, nil, .cut_off, "\(count == 1 ? "is" : "and all that follow are") not there: the log ends at \(last.number), its head says \(result.head.number)")
        }
        if last.hash != result.head.hash {
            return found(last.number, nil, .changed, "is not what the database's own head says of it: that was changed")
        }
        if let beyond { return found(beyond, nil, .added, "lies beyond the head of the log: paidan did not write it") }
        if let head = heads.last {
            found(last.number + 1, nil, .cut_off, "and all that follow are not there: the log ends at \(last.number), but its head \(short(head)) was taken")
        }
    }

    private func short(_ head: LogHead) -> String { "\(head.number):\(head.hash.hex.prefix(12))…" }

    // MARK: What happened

    private mutating func found(_ number: Int64, _ at: Instant?, _ kind: LogFinding.Kind, _ text: String) {
        isBroken = true
        if result.finding == nil { result.finding = LogFinding(number: number, at: at, kind: kind, text: text) }
    }

    /// Why an entry does not follow the one before it.
    private mutating func explain(_ number: Int64, _ at: Instant, _ previous: LogHead, own: Hash256?, _ hash: Hash256?) throws {
        rows.reset()
        if let place = try place(ofEntry: number, after: previous.hash, own: own) {
            return found(number, at, .reordered, "is not in its place: it stands as entry \(place), and another stands here")
        }
        if let own {
            let copy = try Statement(db, "SELECT min(seq) FROM input WHERE chain = ?1 AND seq <> ?2")
            copy.bind(1, own.bytes)
            copy.bind(2, number)
            defer { copy.reset() }
            if try copy.step(), !copy.isNull(0) { return found(number, at, .added, "is a copy of entry \(copy.int(0)) that paidan did not write") }
        }
        if let hash {
            let next = try Statement(db, "\(Self.columns) WHERE i.seq = ?1")
            next.bind(1, number + 1)
            defer { next.reset() }
            if try next.step(), let follows = self.hash(next, as: number + 1, after: hash), next.raw(10).flatMap({ Hash256(bytes: $0) }) == follows {
                return found(number, at, .changed, "has a link of the chain that was changed after it was written; what it says is as it was")
            }
        }
        found(number, at, .changed, "was changed after it was written")
    }

    /// Where the entry of this number stands now, if another number was given to it.
    private mutating func place(ofEntry number: Int64, after previous: Hash256, own: Hash256?) throws -> Int64? {
        let s = try Statement(db, "\(Self.columns) WHERE i.seq > ?1 ORDER BY i.seq")
        s.bind(1, number)
        defer { s.reset() }
        while try s.step() {
            guard let hash = hash(s, as: number, after: previous) else { continue }
            if hash == own || s.raw(10).flatMap({ Hash256(bytes: $0) }) == hash { return s.int(0) }
        }
        return nil
    }
}

/// What must hold in the database beside the log.
enum DatabaseFacts {
    /// Each names the first row that breaks it.
    static let facts: [(query: String, text: @Sendable (String) -> String)] = [
        ("SELECT min(p.seq) FROM personal AS p LEFT JOIN input AS i ON i.seq = p.seq WHERE i.seq IS NULL", { "a personal part stands for entry \($0) of the log, which is not there" }),
        ("SELECT max(id) FROM history WHERE id > (SELECT history FROM head)", { "line \($0) of history lies beyond the last number given" }),
        ("SELECT max(row) FROM notice WHERE row > (SELECT notice FROM head)", { "notice \($0) lies beyond the last number given" }),
        ("SELECT min(plan) FROM cases WHERE plan NOT IN (SELECT digest FROM plan)", { "the plan \($0) of a case is not there" }),
        ("SELECT min(s.task) FROM shared AS s LEFT JOIN task AS t ON t.id = s.task WHERE t.id IS NULL", { "a department shares task \($0), which is not there" }),
        (
            "SELECT min(h.task) FROM (SELECT DISTINCT task FROM history WHERE task > 0) AS h LEFT JOIN task AS t ON t.id = h.task WHERE t.id IS NULL",
            { "there is history of task \($0), which is not there" }
        ),
    ]

    static func faults(_ db: OpaquePointer) throws -> [String] {
        var faults: [String] = []
        let check = try Statement(db, "PRAGMA integrity_check(10)")
        while try check.step() {
            if check.text(0) != "ok" { faults.append(check.text(0)) }
        }
        for fact in facts {
            let s = try Statement(db, fact.query)
            if try s.step(), !s.isNull(0) { faults.append(fact.text(s.text(0))) }
            s.reset()
        }
        return faults
    }
}

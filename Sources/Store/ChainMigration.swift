import Domain
import GRDB
import GRDBSQLite

/// Chains the log of a database that has none yet, from its first entry, row after row: as much memory as a page of rows takes.
///
/// What older versions left in the log is put right on the way, before the chain makes it stand for ever:
/// - names and telephones that records of customers had in the log itself go beside it, or away, where the customer was forgotten since;
/// - the digest of an input with a personal part is kept under its salt, and where that part is gone already, under one that nobody has.
struct ChainMigration {
    private let connection: OpaquePointer
    /// Customers who were forgotten, and by which entry last.
    private var forgotten: [CustomerID: Int64] = [:]
    private var contexts: [Int64: ContextWords] = [:]

    private static let pageRows: Int64 = 1_000

    static let columns = """
        ALTER TABLE head ADD COLUMN chain BLOB;      -- the hash of the chain at the last entry of `input`
        ALTER TABLE head ADD COLUMN log BLOB;        -- names this log, and no other
        ALTER TABLE input ADD COLUMN part BLOB;      -- the salted hash of the personal part; NULL where there never was one
        ALTER TABLE input ADD COLUMN chain BLOB;     -- the hash of the entry before and of this one
        ALTER TABLE personal ADD COLUMN salt BLOB;
        """

    static func run(_ db: Database) throws {
        try db.execute(sql: columns)
        guard let connection = db.sqliteConnection else { throw RowFault("the database is closed") }
        var migration = try ChainMigration(connection)
        try migration.run()
    }

    private init(_ connection: OpaquePointer) throws {
        self.connection = connection
        contexts = try Looks.contexts(connection)
        let forgets = try Statement(
            connection,
            """
            SELECT seq, json_extract(CAST(body AS TEXT), '$.customer') FROM input
            WHERE kind = \(LogKind.customer.rawValue) AND json_extract(CAST(body AS TEXT), '$.event') = 'forget' ORDER BY seq
            """)
        while try forgets.step() { forgotten[CustomerID(forgets.text(1))] = forgets.int(0) }
    }

    private mutating func run() throws {
        let page = try Statement(
            connection,
            """
            SELECT i.seq, i.at, i.kind, i.context, i.source, i.id, i.digest, i.receipt, i.body, p.body, p.customer
            FROM input AS i LEFT JOIN personal AS p ON p.seq = i.seq WHERE i.seq > ? ORDER BY i.seq LIMIT \(Self.pageRows)
            """)
        let update = try Statement(connection, "UPDATE input SET digest = ?2, body = ?3, part = ?4, chain = ?5 WHERE seq = ?1")
        let setPersonal = try Statement(
            connection, "INSERT INTO personal (seq, body, customer, salt) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (seq) DO UPDATE SET salt = ?4")
        let id = LogChain.newSalt()
        var head = LogHead(number: 0, hash: LogChain.start(ofLog: id))
        var bytes = ByteWriter()
        while true {
            page.bind(1, head.number)
            var rows: [LogRow] = []
            while try page.step() { rows.append(try row(page)) }
            for row in rows {
                guard let words = contexts[row.context] else { throw RowFault("entry \(row.number) of the log names a context that is not there") }
                head = LogHead(number: row.number, hash: row.hash(after: head.hash, words, &bytes))
                update.bind(1, row.number)
                update.bind(2, row.digest)
                update.bind(3, row.body)
                update.bind(4, row.part?.bytes)
                update.bind(5, head.hash.bytes)
                try update.run()
                guard let personal = row.personal else { continue }
                setPersonal.bind(1, row.number)
                setPersonal.bind(2, personal.body)
                setPersonal.bind(3, personal.customer)
                setPersonal.bind(4, personal.salt)
                try setPersonal.run()
            }
            if rows.count < Self.pageRows { break }
        }
        let setHead = try Statement(connection, "UPDATE head SET chain = ?1, log = ?2 WHERE one = 1")
        setHead.bind(1, head.hash.bytes)
        setHead.bind(2, id)
        try setHead.run()
    }

    private func row(_ s: Statement) throws -> LogRow {
        var row = LogRow(number: s.int(0), at: s.int(1), kind: s.int(2), context: s.int(3))
        row.source = s.isNull(4) ? nil : s.text(4)
        row.id = s.isNull(5) ? nil : s.text(5)
        row.digest = s.bytes(6)
        row.receipt = s.bytes(7)
        row.body = s.bytes(8)
        if let apart = s.bytes(9) {
            row.set(apart: apart, customer: s.isNull(10) ? nil : s.text(10))
            return row
        }
        switch LogKind(rawValue: row.kind) {
        case .customer: try part(ofRecord: &row)
        case .report: try part(ofReport: &row)
        default: break
        }
        return row
    }

    /// A record of a customer that has no part beside it: what is personal in it goes there now.
    private func part(ofRecord row: inout LogRow) throws {
        let input = try InputCodec.input(log: row.body ?? [], personal: nil)
        guard case .customer(let record) = input.body else { return }
        let form = InputCodec.logForm(of: input)
        if let apart = form.personal {
            row.body = form.log
            row.set(apart: apart, customer: record.customer.rawValue)
            if isForgotten(record.customer, after: row.number) { row.forgetPart() }
        } else {
            lockAway(&row, record.customer, whatIsLeft: input)
        }
    }

    private func part(ofReport row: inout LogRow) throws {
        guard !forgotten.isEmpty else { return }
        let input = try InputCodec.input(log: row.body ?? [], personal: nil)
        guard case .report(let report) = input.body, let customer = report.customer else { return }
        lockAway(&row, customer, whatIsLeft: input)
    }

    /// Where the part is gone, its digest must not tell of it.
    private func lockAway(_ row: inout LogRow, _ customer: CustomerID, whatIsLeft: Input) {
        guard isForgotten(customer, after: row.number) else { return }
        var bytes = ByteWriter(capacity: 16)
        RowCodec.write(whatIsLeft.digest, into: &bytes)
        guard row.digest != bytes.bytes else { return }
        row.set(apart: [], customer: customer.rawValue)
        row.forgetPart()
    }

    private func isForgotten(_ customer: CustomerID, after number: Int64) -> Bool { forgotten[customer].map { $0 > number } ?? false }
}

extension LogRow {
    /// Puts a part beside a row that has its plain digest.
    mutating func set(apart: [UInt8], customer: String?) {
        let salt = LogChain.newSalt()
        digest = digest.map { LogChain.keyed($0, salt: salt) }
        part = apart.withUnsafeBytes { LogChain.part(salt: salt, customer: customer, body: $0) }
        personal = (apart, customer, salt)
    }

    /// The salted hash stays, and nobody has the salt.
    mutating func forgetPart() { personal = nil }
}

extension Looks {
    /// What the numbers of contexts stand for: as many as there were reloads.
    static func contexts(_ db: OpaquePointer) throws -> [Int64: ContextWords] {
        let s = try Statement(db, "SELECT id, rules, engine FROM context")
        var contexts: [Int64: ContextWords] = [:]
        while try s.step() { contexts[s.int(0)] = ContextWords(rules: s.text(1), engine: s.text(2)) }
        return contexts
    }
}

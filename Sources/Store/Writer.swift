import Decisions
import Domain
import GRDBSQLite

/// The one connection that writes and checkpoints: its prepared statements and the last numbers given.
///
/// - SQLite up to 3.51 can damage a WAL database when two connections write or checkpoint at the same time; so nothing else in
///   the process opens the database for writing, and the folder's lock keeps other daemons out.
/// - After a failure that leaves it unknown what is on disk the writer is **poisoned**: it answers every further commit with
///   the same failure, because only a fresh start, which reads the disk again, can tell.
///
/// Unchecked Sendable: it is reached only inside the serial queue of its connection (`Store.onWriter`).
final class Writer: @unchecked Sendable {
    /// How long a commit waits for a stranger who holds the write lock (nobody of ours ever does), in milliseconds.
    static let busyTimeoutMs: Int32 = 1_000

    let connection: OpaquePointer
    let path: String
    let options: Store.Options

    /// The numbers of the table `head`, as they are on disk.
    struct Head: Hashable {
        var input: Int64
        var history: Int64
        var notice: Int64
        var task: Int64
        var journaled: Int64
        var kase: Int64
        /// The chain's hash at the entry `input`.
        var chain: Hash256
    }

    var head: Head
    /// Names the log.
    let log: [UInt8]
    private(set) var poison: String?
    /// Numbers of the rule sets and versions in the table `context`.
    var contexts: [String: Int64] = [:]
    /// Something was forgotten, or may have been before a crash, and the WAL still holds the pages as they were before.
    private(set) var hasToErase = true
    /// The bytes of the row being written.
    var bytes = ByteWriter()
    private var statements: [String: Statement] = [:]
    let hot: HotStatements

    /// How many pages the WAL holds, as SQLite tells after each commit.
    private let walPages: UnsafeMutablePointer<Int32>
    /// How many it held after the last checkpoint: the next comes when it has grown on from there.
    private var pagesAtCheckpoint: Int32 = 0

    /// The statements of every report, prepared once.
    struct HotStatements {
        let begin, commit, rollback: Statement
        let insertInput, insertPersonal, insertTask, updateTask, moveTask, insertHistory, insertNotice, updateHead: Statement

        init(_ db: OpaquePointer) throws(SQLiteFailure) {
            begin = try Statement(db, "BEGIN IMMEDIATE")
            commit = try Statement(db, "COMMIT")
            rollback = try Statement(db, "ROLLBACK")
            insertInput = try Statement(
                db, "INSERT INTO input (seq, at, kind, context, source, id, digest, receipt, body, part, chain) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            insertPersonal = try Statement(db, "INSERT INTO personal (seq, body, customer, salt) VALUES (?, ?, ?, ?)")
            insertTask = try Statement(
                db, "INSERT INTO task (id, revision, state, department, crew, body, open, priority, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            // Most changes leave `open`, `priority` and `ended` alone: without them in the statement SQLite does not touch the indexes.
            updateTask = try Statement(
                db, "UPDATE task SET revision = ?2, state = ?3, department = ?4, crew = ?5, body = ?6 WHERE id = ?1 AND revision = ?7")
            moveTask = try Statement(
                db,
                """
                UPDATE task SET revision = ?2, state = ?3, department = ?4, crew = ?5, body = ?6, open = ?8, priority = ?9, ended = ?10
                WHERE id = ?1 AND revision = ?7
                """)
            insertHistory = try Statement(
                db, "INSERT INTO history (id, task, revision, at, event, body, why, kase, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            insertNotice = try Statement(
                db, "INSERT INTO notice (row, task, recipient, state, attempts, next_at, body) VALUES (?, ?, ?, 0, 0, ?, ?)")
            updateHead = try Statement(
                db,
                """
                UPDATE head SET input = ?, history = ?, notice = ?, task = ?, journaled = ?, kase = ?, chain = ?
                WHERE one = 1 AND input = ? AND history = ? AND notice = ? AND task = ? AND kase = ? AND chain = ?
                """)
        }
    }

    init(_ connection: OpaquePointer, path: String, options: Store.Options) throws {
        self.connection = connection
        self.path = path
        self.options = options
        hot = try HotStatements(connection)
        let read = try Statement(connection, "SELECT input, history, notice, task, journaled, kase, chain, log FROM head WHERE one = 1")
        guard try read.step() else { throw RowFault("the table head is empty") }
        guard let chain = try read.blob(6, { bytes throws(RowFault) in Hash256(bytes: bytes) }), let log = read.bytes(7) else {
            throw RowFault("the table head has no head of the log's chain")
        }
        head = Head(
            input: read.int(0), history: read.int(1), notice: read.int(2), task: read.int(3), journaled: read.int(4), kase: read.int(5), chain: chain)
        self.log = log
        read.reset()
        // The numbers that were given must cover the rows that are there: a lesser one would be given a second time.
        for (table, column, last) in [("input", "seq", head.input), ("history", "id", head.history), ("notice", "row", head.notice)] {
            let highest = try Statement(connection, "SELECT coalesce(max(\(column)), 0) FROM \(table)")
            guard try highest.step(), highest.int(0) <= last else {
                throw RowFault("the table \(table) goes beyond \(last), the last number given")
            }
            highest.reset()
        }
        walPages = .allocate(capacity: 1)
        walPages.initialize(to: 0)
        sqlite3_wal_hook(
            connection,
            { pages, _, _, count in
                pages?.assumingMemoryBound(to: Int32.self).pointee = count
                return SQLITE_OK
            }, walPages)
    }

    deinit {
        sqlite3_wal_hook(connection, nil, nil)
        walPages.deallocate()
    }

    /// A statement off the hot path, prepared when it is first needed.
    func statement(_ sql: String) throws(SQLiteFailure) -> Statement {
        if let known = statements[sql] { return known }
        let new = try Statement(connection, sql)
        statements[sql] = new
        return new
    }

    /// Runs `body` in one transaction. Whatever it throws, nothing of it stays.
    func transaction<T>(_ body: () throws(CommitFailure) -> T) throws(CommitFailure) -> T {
        if let poison { throw .fatal(poison) }
        do throws(CommitFailure) {
            try run(hot.begin)
            let value = try body()
            try run(hot.commit)
            return value
        } catch {
            // SQLite has rolled back by itself after some errors; then there is no transaction left to end.
            if sqlite3_get_autocommit(connection) == 0 {
                do { try hot.rollback.run() } catch { poison = CommitFailure(error, path: path).description }
            }
            if case .fatal(let text) = error { poison = text }
            throw error
        }
    }

    @discardableResult
    func run(_ statement: Statement) throws(CommitFailure) -> Int {
        do { return try statement.run() } catch { throw CommitFailure(error, path: path) }
    }

    // MARK: Checkpoints

    /// Whether the WAL has grown enough for the next checkpoint, or holds what was forgotten.
    var wantsCheckpoint: Bool {
        let pages = walPages.pointee
        if pages < pagesAtCheckpoint { pagesAtCheckpoint = 0 }
        return poison == nil && (hasToErase || pages - pagesAtCheckpoint >= options.checkpointPages)
    }

    /// What was committed has taken personal data away: the next checkpoint empties the WAL, which holds it still.
    func wantsErasure() { hasToErase = true }

    /// Moves pages from the WAL into the database. While no reader is in the way it is emptied and written from its beginning
    /// again. Beyond `walPagesMax` readers are waited for, and beyond twice that cut off: a look that never ends must not
    /// fill the disk.
    ///
    /// A full disk is not told here: the WAL stays, and the next commit finds out. Any other failure poisons the writer.
    func checkpoint(interruptReaders: () -> Void) {
        guard poison == nil, sqlite3_get_autocommit(connection) != 0 else { return }
        if hasToErase {
            // A reader that still sees what was forgotten is in the way: then again after the next commit.
            if checkpoint(SQLITE_CHECKPOINT_TRUNCATE) == SQLITE_OK { hasToErase = false }
        } else {
            _ = checkpoint(SQLITE_CHECKPOINT_PASSIVE)
        }
        if walPages.pointee >= options.walPagesMax, checkpoint(SQLITE_CHECKPOINT_TRUNCATE) == SQLITE_BUSY,
            walPages.pointee / 2 >= options.walPagesMax
        {
            interruptReaders()
            _ = checkpoint(SQLITE_CHECKPOINT_TRUNCATE)
        }
        pagesAtCheckpoint = walPages.pointee
    }

    /// Returns SQLite's primary result code.
    private func checkpoint(_ mode: Int32) -> Int32 {
        // Readers are waited for only a moment: commits stand behind this.
        sqlite3_busy_timeout(connection, 100)
        defer { sqlite3_busy_timeout(connection, Self.busyTimeoutMs) }
        let code = sqlite3_wal_checkpoint_v2(connection, nil, mode, nil, nil)
        if code == SQLITE_OK, mode == SQLITE_CHECKPOINT_TRUNCATE { walPages.pointee = 0 }
        if code != SQLITE_OK, code & 0xFF != SQLITE_BUSY {
            let failure = SQLiteFailure(connection, doing: "checkpoint")
            if !failure.meansNoRoom { poison = StoreError(failure, path: path).description }
        }
        return code & 0xFF
    }
}

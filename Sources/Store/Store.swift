package import Decisions
package import Domain
import Glibc
import GRDB
import GRDBSQLite
import Synchronization

/// The durable core: the input log, the state, its history and the notices to deliver, in one SQLite database in the state
/// folder (`paidan.sqlite`, mode 0640).
///
/// - **One writer.** `commit` writes a batch in one transaction and syncs it before it returns. It blocks its caller, and
///   calls wait for each other: one loop calls it.
/// - **Readers** have read-only connections of their own and never hold up the writer; they see what was committed.
/// - **Failure.** See `CommitFailure`: after `.noRoom` and `.conflict` nothing of the batch is stored and the store goes on;
///   after `.fatal` the process has to stop.
/// - **Crash.** SQLite's WAL with `synchronous=FULL`, both verified at start: what `commit` returned for is there again.
package final class Store: Sendable {
    package struct Options: Sendable {
        /// Version of the program and of its time-zone data: stored with what they decided.
        package var engine: String
        /// After how many pages (4 KiB) of WAL the next checkpoint comes.
        package var checkpointPages: Int32
        /// From how many pages of WAL on readers are waited for, and from twice that on cut off. Default: 64 MiB.
        package var walPagesMax: Int32
        /// For tests of the check: pragmas that run after the set-up and before it is verified.
        package var spoilers: [String]

        package init(engine: String = "", checkpointPages: Int32 = 2_048, walPagesMax: Int32 = 16_384, spoilers: [String] = []) {
            self.engine = engine
            self.checkpointPages = checkpointPages
            self.walPagesMax = walPagesMax
            self.spoilers = spoilers
        }
    }

    /// Where the database is.
    package let path: String
    private let queue: DatabaseQueue
    private let readers: DatabasePool
    /// The loop's own reading connection, and what it holds; nil after `close`.
    private let loopQueue: DatabaseQueue
    private let finder: FinderBox
    /// nil after `close`. Reached on the writer's queue only.
    private let writer: WriterBox
    private let head: Mutex<LogHead>
    /// Names this database's log, in hexadecimal digits: what the journal says of another log is not of this one.
    package let logID: String
    /// Since when what was forgotten waits to be erased; nil: it does not.
    private let erasesSince = Moment()
    /// Held from before the database is opened until after it is closed.
    private let lock: FolderLock

    private final class Moment: Sendable {
        let value = Mutex<Int64?>(nil)
    }

    /// Unchecked Sendable: reached only inside the writer's serial queue, like the writer in it.
    private final class WriterBox: @unchecked Sendable {
        var writer: Writer?
        init(_ writer: Writer) { self.writer = writer }
    }

    /// Unchecked Sendable: reached only inside the queue of its connection.
    private final class FinderBox: @unchecked Sendable {
        var reader: FindingsReader?
        init(_ reader: FindingsReader) { self.reader = reader }
    }

    /// Opens the store in a folder that exists, or makes a new one there; takes the folder's lock, brings an older database up
    /// to date, and verifies that commits will last.
    ///
    /// Throws `.locked` with the holder's number, `.newerVersion`, `.foreign`, `.damaged`, `.noRoom`, `.noPermission`,
    /// `.missing` or `.notDurable`, each with what to do. Nothing is changed when it throws (a migration is one transaction).
    package init(directory: String, options: Options = Options()) throws(StoreError) {
        let folder = directory.hasSuffix("/") && directory.count > 1 ? String(directory.dropLast()) : directory
        let path = folder + "/paidan.sqlite"
        self.path = path
        do throws(FolderLock.Refusal) {
            lock = try FolderLock(path: folder + "/lock")
        } catch {
            throw StoreError(error, folder: folder)
        }
        try Self.create(path, in: folder)
        do {
            var writing = Configuration()
            writing.label = "paidan.store.writer"
            writing.foreignKeysEnabled = false
            writing.busyMode = .timeout(Double(Writer.busyTimeoutMs) / 1_000)
            queue = try DatabaseQueue(path: path, configuration: writing)
            try queue.writeWithoutTransaction { db in
                try Self.checkIdentity(db, path: path)
                try Self.setUp(db, options)
                try Self.verifyDurability(db, path: path)
            }
            try Schema.migrator.migrate(queue)
            writer = try queue.writeWithoutTransaction { db in
                guard let connection = db.sqliteConnection else { throw StoreError.closed(path) }
                let writer = try Writer(connection, path: path, options: options)
                // The first commit of this process: it proves that the folder takes writes, and leaves the WAL that
                // read-only connections need.
                do throws(CommitFailure) { try writer.beat() } catch { throw StoreError(error, path: path) }
                return WriterBox(writer)
            }
            let (head, logID) = queue.writeWithoutTransaction { [writer] _ in (writer.writer?.logHead, Hash256.hex(writer.writer?.log ?? [])) }
            guard let head else { throw StoreError.closed(path) }
            self.head = Mutex(head)
            self.logID = logID
            var reading = Configuration()
            reading.label = "paidan.store.reader"
            reading.readonly = true
            reading.foreignKeysEnabled = false
            reading.busyMode = .timeout(5)
            reading.maximumReaderCount = 3
            // Figures sort a year's row numbers; a reader needs no disk for that, which may be full.
            reading.prepareDatabase { db in try db.execute(sql: "PRAGMA temp_store = MEMORY") }
            readers = try DatabasePool(path: path, configuration: reading)
            reading.label = "paidan.store.loop"
            loopQueue = try DatabaseQueue(path: path, configuration: reading)
            finder = try loopQueue.unsafeRead { db in
                guard let connection = db.sqliteConnection else { throw StoreError.closed(path) }
                return FinderBox(try FindingsReader(connection))
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    deinit { try? close() }

    /// Ends the store cleanly: the WAL is folded into the database, and the folder is free for another process. Whoever calls
    /// afterwards gets `.closed` or `.fatal`. Safe to call twice.
    package func close() throws(StoreError) {
        do {
            try readers.close()
            // The prepared statements go first: a connection with any left does not close.
            let wasReading = loopQueue.unsafeRead { _ in
                defer { finder.reader = nil }
                return finder.reader != nil
            }
            if wasReading { try loopQueue.close() }
            let wasOpen = queue.writeWithoutTransaction { _ in
                writer.writer?.checkpoint(interruptReaders: {})
                defer { writer.writer = nil }
                return writer.writer != nil
            }
            if wasOpen { try queue.close() }
            lock.release()
        } catch {
            throw StoreError(error, path: path)
        }
    }

    // MARK: Writing

    /// Stores a batch: all of it, or nothing. When it returns, it is on disk.
    ///
    /// It also moves pages from the WAL into the database from time to time; that is done after the return, and a commit that
    /// follows at once waits for it.
    @discardableResult
    package func commit(_ batch: Batch) throws(CommitFailure) -> Committed {
        let (result, wantsCheckpoint) = onWriter { writer -> (Result<Committed, CommitFailure>, Bool) in
            let result = Result { () throws(CommitFailure) in try writer.commit(batch) }
            head.withLock { $0 = writer.logHead }
            return (result, writer.wantsCheckpoint)
        } ?? (.failure(.fatal(StoreError.closed(path).description)), false)
        if wantsCheckpoint { checkpointSoon() }
        return try result.get()
    }

    private func checkpointSoon() {
        queue.asyncWriteWithoutTransaction { [writer, readers, erasesSince] _ in
            guard let writer = writer.writer else { return }
            writer.checkpoint(interruptReaders: { readers.interrupt() })
            let now = Self.monotonicMilliseconds()
            erasesSince.value.withLock { $0 = writer.hasToErase ? $0 ?? now : nil }
        }
    }

    /// For how long what was forgotten has stood in the write-ahead log, because a reader was in the way or the disk had no room, in
    /// milliseconds; nil: nothing does.
    package var erasesForMilliseconds: Int64? { erasesSince.value.withLock { $0 }.map { Self.monotonicMilliseconds() - $0 } }

    private static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Where the log stands on disk. Does not wait for a commit under way.
    package var logHead: LogHead { head.withLock { $0 } }

    /// A tiny real commit with its sync: the watchdog's proof that the writer writes. `.noRoom` is an answer too.
    package func proveWritable() throws(CommitFailure) {
        let (result, hasToErase) = onWriter { writer in (Result { () throws(CommitFailure) in try writer.beat() }, writer.hasToErase) }
            ?? (.failure(.fatal(StoreError.closed(path).description)), false)
        if hasToErase { checkpointSoon() }
        try result.get()
    }

    private func onWriter<T>(_ body: (Writer) -> T) -> T? {
        queue.writeWithoutTransaction { _ in writer.writer.map(body) }
    }

    // MARK: Reading for the loop

    /// The state as of the last commit. Takes as long as there is open work, however much is finished.
    package func load() throws(StoreError) -> LoadedState { try reading { writer in try writer.load() } }

    /// For each input, in order: the receipt its key got before, the facts of a report's customer, and the state of the
    /// finished task that a progress names. What is decided and not yet committed is not in here. Does not wait for a commit
    /// under way.
    package func findings(for inputs: [Input]) throws(StoreError) -> [Findings] {
        do {
            let path = path
            return try loopQueue.unsafeRead { _ in
                guard let reader = finder.reader else { throw StoreError.closed(path) }
                return try reader.findings(for: inputs)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// The customers in these areas who have an account manager or are of a critical class, in the order of the areas and of their accounts, at
    /// most so many. What is decided and not yet committed is not in here.
    package func servedCustomers(in areas: [TransformerID], limit: Int) throws(StoreError) -> [CustomerRecord] {
        do {
            let path = path
            return try loopQueue.unsafeRead { _ in
                guard let reader = finder.reader else { throw StoreError.closed(path) }
                return try reader.served(in: areas, limit: limit)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private func reading<T>(_ body: (Writer) throws -> T) throws(StoreError) -> T {
        let result = onWriter { writer in Result { try body(writer) } }
        guard let result else { throw .closed(path) }
        switch result {
        case .success(let value): return value
        case .failure(let error): throw StoreError(error, path: path)
        }
    }

    // MARK: Reading for everybody else

    /// Runs a look on a read-only connection.
    func look<T: Sendable>(_ body: @escaping @Sendable (OpaquePointer) throws -> T) async throws(StoreError) -> T {
        do {
            let path = path
            return try await readers.read { db in
                guard let connection = db.sqliteConnection else { throw StoreError.closed(path) }
                return try body(connection)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// The same, waiting on the caller's thread.
    func lookNow<T>(_ body: (OpaquePointer) throws -> T) throws(StoreError) -> T {
        do {
            return try readers.read { db in
                guard let connection = db.sqliteConnection else { throw StoreError.closed(path) }
                return try body(connection)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    // MARK: Opening

    /// Makes an empty file with the right mode, so that SQLite gives its companions (`-wal`, `-shm`) the same one.
    private static func create(_ path: String, in folder: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            throw StoreError(call: "open", errno: errno, path: path)
        }
        // The mask of the process may have taken bits away.
        let changed = fchmod(descriptor, 0o640)
        let number = errno
        Glibc.close(descriptor)
        guard changed == 0 else { throw StoreError(call: "chmod", errno: number, path: path) }
        // The new name itself must last as well.
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw StoreError(call: "open", errno: errno, path: folder) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw StoreError(call: "fsync", errno: errno, path: folder) }
    }

    /// An empty database, or one of ours that is not from the future. Looks only.
    private static func checkIdentity(_ db: Database, path: String) throws {
        let id = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard id == Schema.applicationID || (id == 0 && tables == 0) else {
            throw StoreError(
                .foreign, "the file is the database of another program", path: path, advice: "move it away, or give --state another folder")
        }
        guard try !Schema.migrator.hasBeenSuperseded(db) else {
            throw StoreError(
                .newerVersion, "the database was written by a later version of paidan", path: path,
                advice: "install that version again, or restore a backup from before it with: paidan restore FILE")
        }
    }

    private static func setUp(_ db: Database, _ options: Options) throws {
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        // After the journal mode: the library's own set-up of the WAL puts it to NORMAL, which loses commits in a power cut.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        // The writer checkpoints by itself, after a commit and not within it.
        try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        try db.execute(sql: "PRAGMA journal_size_limit = \(Int64(options.walPagesMax) * 4_096)")
        try db.execute(sql: "PRAGMA cache_size = -16384")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
        // What was forgotten must not stay behind in the room that its row leaves; the WAL is emptied after it (`Writer.checkpoint`).
        try db.execute(sql: "PRAGMA secure_delete = ON")
        for pragma in options.spoilers { try db.execute(sql: "PRAGMA \(pragma)") }
    }

    /// Asks SQLite what it really does: a commit must be in a write-ahead log, and synced before it returns.
    private static func verifyDurability(_ db: Database, path: String) throws {
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? "none"
        let level = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? 0
        guard try Int.fetchOne(db, sql: "PRAGMA secure_delete") == 1 else {
            throw StoreError(
                .notDurable, "what is forgotten would stay in the file (secure_delete is off)", path: path,
                advice: "use SQLite as the distribution ships it: this one was built without it")
        }
        guard mode == "wal", level >= 2 else {
            throw StoreError(
                .notDurable, "commits would not last through a power cut (journal_mode \(mode), synchronous \(level))", path: path,
                advice: "put the folder on a local disk whose file system SQLite can use with a write-ahead log")
        }
    }
}

extension StoreError {
    init(_ failure: CommitFailure, path: String) {
        switch failure {
        case .noRoom(let text): self.init(.noRoom, text, path: path, advice: "free some space on its disk")
        case .conflict(let text), .fatal(let text): self.init(.other, text, path: path, advice: "look at the disk and its journal (journalctl -k)")
        }
    }
}

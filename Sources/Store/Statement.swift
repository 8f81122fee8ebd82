import Domain
import GRDBSQLite

/// What SQLite said: its extended result code, the system's error number behind it, and its message.
struct SQLiteFailure: Error, Hashable {
    /// Extended result code (https://www.sqlite.org/rescode.html).
    let code: Int32
    /// `errno` of the failed system call; 0 when there was none.
    let system: Int32
    let message: String
    /// What was being done: the statement, or a word for it.
    let doing: String

    var primary: Int32 { code & 0xFF }

    init(code: Int32, system: Int32 = 0, message: String, doing: String) {
        self.code = code
        self.system = system
        self.message = message
        self.doing = doing
    }

    /// The last failure on a connection.
    init(_ connection: OpaquePointer, doing: String) {
        code = sqlite3_extended_errcode(connection)
        system = sqlite3_system_errno(connection)
        message = String(cString: sqlite3_errmsg(connection))
        self.doing = doing
    }
}

/// A prepared statement with positional arguments on one connection. Several times faster than the library's records and
/// argument arrays, which is why the hot path uses it. Used only while its connection's queue is held; let go before the
/// connection closes.
final class Statement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let sql: String

    /// SQLite copies the bytes before the call returns. (The C macro is a cast that Swift can't import.)
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(_ connection: OpaquePointer, _ sql: String) throws(SQLiteFailure) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw SQLiteFailure(connection, doing: sql) }
        self.handle = handle
        self.connection = connection
        self.sql = sql
    }

    deinit { sqlite3_finalize(handle) }

    // Binding an argument within the statement's count can fail only for want of memory, and then the step fails too.

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            _ = utf8.withMemoryRebound(to: CChar.self) { text in
                // An empty text has no address, and SQLite would take that for NULL.
                if let base = text.baseAddress, !text.isEmpty {
                    sqlite3_bind_text(handle, index, base, Int32(text.count), Self.transient)
                } else {
                    sqlite3_bind_text(handle, index, "", 0, Self.transient)
                }
            }
        }
    }

    func bind(_ index: Int32, _ value: String?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bind(_ index: Int32, _ value: [UInt8]) {
        _ = value.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress, !bytes.isEmpty {
                sqlite3_bind_blob(handle, index, base, Int32(bytes.count), Self.transient)
            } else {
                sqlite3_bind_zeroblob(handle, index, 0)
            }
        }
    }

    func bind(_ index: Int32, _ value: [UInt8]?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bindNull(_ index: Int32) { sqlite3_bind_null(handle, index) }

    /// Runs a statement that gives no rows; returns how many rows it changed.
    @discardableResult
    func run() throws(SQLiteFailure) -> Int {
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else {
            let failure = SQLiteFailure(connection, doing: sql)
            sqlite3_reset(handle)
            throw failure
        }
        let changed = Int(sqlite3_changes(connection))
        sqlite3_reset(handle)
        return changed
    }

    /// The next row is there to read; false: there is none, and the statement is ready for other arguments.
    func step() throws(SQLiteFailure) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        default:
            let failure = SQLiteFailure(connection, doing: sql)
            sqlite3_reset(handle)
            throw failure
        }
    }

    /// Ends a look before its last row.
    func reset() { sqlite3_reset(handle) }

    func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String {
        guard let base = sqlite3_column_text(handle, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    /// The bytes of a column: they stand until the next step.
    func blob<T>(_ column: Int32, _ read: (UnsafeRawBufferPointer) throws(RowFault) -> T) throws(RowFault) -> T {
        let base = sqlite3_column_blob(handle, column)
        return try read(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// SQLITE_TEXT and so on: what the column holds, whatever it was declared as.
    func type(_ column: Int32) -> Int32 { sqlite3_column_type(handle, column) }

    /// The bytes of a text or a blob where they are, until the next step; nil: NULL.
    func raw(_ column: Int32) -> UnsafeRawBufferPointer? {
        guard !isNull(column) else { return nil }
        let base = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(_ column: Int32) -> [UInt8]? {
        guard !isNull(column) else { return nil }
        let base = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: base, count: Int(sqlite3_column_bytes(handle, column))))
    }
}

import Domain
import Glibc
import GRDB
import GRDBSQLite

/// Why the store can't be opened or read: what happened, where, what to do.
package struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// Another process works on the folder; its number where known.
        case locked(by: Int32?)
        /// The database was written by a later version of this program.
        case newerVersion
        /// The file is a database, but none of ours, or no database at all.
        case foreign
        /// A page, a row or a count does not read back.
        case damaged
        case noRoom
        case noPermission
        /// The folder is not there.
        case missing
        /// SQLite did not take the settings that make a commit last through a power cut.
        case notDurable
        /// The database is older than the chain over its log.
        case notChained
        /// The store was closed already.
        case closed
        case other
    }

    package let kind: Kind
    /// What happened.
    package let what: String
    /// File or folder.
    package let path: String
    /// What to do.
    package let advice: String

    init(_ kind: Kind, _ what: String, path: String, advice: String) {
        self.kind = kind
        self.what = what
        self.path = path
        self.advice = advice
    }

    /// `WHAT: WHERE; WHAT TO DO`, as errors go to standard error.
    package var description: String { "\(what): \(path); \(advice)" }

    static func closed(_ path: String) -> StoreError {
        StoreError(.closed, "the store was closed already", path: path, advice: "this is a defect of paidan: please report it")
    }

    init(_ refusal: FolderLock.Refusal, folder: String) {
        switch refusal {
        case .held(let pid):
            let holder = pid.map { "process \($0)" } ?? "another process"
            self.init(
                .locked(by: pid), "\(holder) has this state folder open", path: folder,
                advice: "stop it first (systemctl stop paidan), or give --state another folder")
        case .system(let call, let number):
            self.init(call: call, errno: number, path: folder + "/lock")
        }
    }

    /// A failed system call.
    init(call: String, errno number: Int32, path: String) {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOENT, ENOTDIR:
            self.init(.missing, "the state folder can't be used (\(call): \(reason))", path: path, advice: "create it, owned by the user that runs paidan")
        case EACCES, EPERM, EROFS:
            self.init(
                .noPermission, "the state folder can't be written (\(call): \(reason))", path: path,
                advice: "give it to the user that runs paidan, and mount it writable")
        case ENOSPC, EDQUOT:
            self.init(.noRoom, "no room on the disk (\(call): \(reason))", path: path, advice: "free some space on its disk")
        default:
            self.init(.other, "\(call) failed (\(reason))", path: path, advice: "look at the disk and its journal (journalctl -k)")
        }
    }

    init(_ failure: SQLiteFailure, path: String) {
        let said = "\(failure.message), code \(failure.code)" + (failure.system == 0 ? "" : ", \(String(cString: strerror(failure.system)))")
        if failure.meansNoRoom {
            self.init(.noRoom, "no room on the disk (\(said))", path: path, advice: "free some space on its disk")
            return
        }
        switch failure.primary {
        case SQLITE_CORRUPT:
            self.init(
                .damaged, "the database is damaged (\(said))", path: path,
                advice: "keep a copy of the folder, then restore the last good one with: paidan restore FILE")
        case SQLITE_NOTADB:
            self.init(
                .foreign, "the file is not a database (\(said))", path: path,
                advice: "move it away, or restore the last good one with: paidan restore FILE")
        case SQLITE_BUSY, SQLITE_LOCKED:
            self.init(
                .locked(by: nil), "another process holds the database (\(said))", path: path,
                advice: "close what has it open (fuser shows it), then start again")
        case SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH, SQLITE_CANTOPEN:
            self.init(
                .noPermission, "the database can't be opened for writing (\(said))", path: path,
                advice: "give the folder and its files to the user that runs paidan, and mount it writable")
        default:
            self.init(
                .other, "the database failed (\(said); \(failure.doing))", path: path,
                advice: "look at the disk and its journal (journalctl -k)")
        }
    }

    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as SQLiteFailure: self.init(error, path: path)
        case let error as RowFault:
            self.init(
                .damaged, "a row does not read back (\(error.what))", path: path,
                advice: "keep a copy of the folder, then restore the last good one with: paidan restore FILE")
        case let error as InputFault:
            self.init(
                .damaged, "an entry of the log does not read back (\(error))", path: path,
                advice: "keep a copy of the folder, then restore the last good one with: paidan restore FILE")
        case let error as DatabaseError: self.init(SQLiteFailure(error), path: path)
        default: self.init(.other, "the database failed (\(error))", path: path, advice: "look at the disk and its journal (journalctl -k)")
        }
    }
}

/// Why a batch was not committed. Nothing of it is stored.
package enum CommitFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The disk is full. Rolled back; the same batch may be tried again when there is room. Degraded, but alive.
    case noRoom(String)
    /// A guard found another row than the decision began with, or the batch breaks the store's contract: a defect. Rolled back.
    case conflict(String)
    /// The disk or the database failed in a way after which nothing that was written can be trusted to be there. The process
    /// must stop; a sync that failed is never tried again, because the system may by then have thrown the data away.
    case fatal(String)

    package var description: String {
        switch self {
        case .noRoom(let text), .conflict(let text), .fatal(let text): text
        }
    }

    init(_ failure: SQLiteFailure, path: String) {
        if failure.meansNoRoom {
            self = .noRoom(StoreError(failure, path: path).description)
        } else if failure.primary == SQLITE_CONSTRAINT {
            self = .conflict(
                "a row is there already (\(failure.message); \(failure.doing)): \(path); this is a defect of paidan: please report it")
        } else {
            self = .fatal(StoreError(failure, path: path).description)
        }
    }
}

extension SQLiteFailure {
    /// A full disk or quota, after which SQLite has rolled back cleanly. A sync that fails is no such case, whatever number
    /// the system gives for it.
    var meansNoRoom: Bool {
        switch code {
        case SQLITE_IOERR | (4 << 8), SQLITE_IOERR | (5 << 8): return false  // SQLITE_IOERR_FSYNC, SQLITE_IOERR_DIR_FSYNC
        default: break
        }
        switch primary {
        case SQLITE_FULL: return true
        // A quota, and the shared-memory file that can't grow, are reported as errors of their own.
        case SQLITE_IOERR: return system == ENOSPC || system == EDQUOT
        default: return false
        }
    }

    init(_ error: DatabaseError) {
        self.init(
            code: error.extendedResultCode.rawValue, message: error.message ?? "\(error.resultCode)", doing: error.sql ?? "set-up")
    }
}

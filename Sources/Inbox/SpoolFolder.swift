import Domain
import Glibc

/// What stands in the way of using a spool folder at all.
package enum SpoolFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// A folder can't be made or opened.
    case folder(path: String, reason: String)

    package var description: String {
        switch self {
        case .folder(let path, let reason): "spool folder \(path): \(reason); make it a folder that the user paidan may write to (mode 2770)"
        }
    }
}

/// A system call that failed.
struct SystemFault: Error, Hashable {
    let number: Int32
    var reason: String { String(cString: strerror(number)) }
}

/// The four folders of the spool, held open so that renaming or replacing SPOOL itself can't lead a file elsewhere. All paths below are names
/// inside one of them, as bytes: a file's name need not be UTF-8.
final class SpoolFolder: Sendable {
    let path: String
    let tmp: Int32
    let new: Int32
    let done: Int32
    let quarantine: Int32

    /// Opens SPOOL/{tmp,new,done,quarantine}; makes what is missing with mode 2770, so that files of other users stay within the group.
    init(path: String) throws(SpoolFault) {
        self.path = path
        func open(_ path: String) throws(SpoolFault) -> Int32 {
            if mkdir(path, 0o770) == 0 {
                // mkdir takes the umask away and may not set the group bit.
                guard chmod(path, 0o2770) == 0 else { throw .folder(path: path, reason: SystemFault(number: errno).reason) }
            } else if errno != EEXIST {
                throw .folder(path: path, reason: SystemFault(number: errno).reason)
            }
            let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .folder(path: path, reason: SystemFault(number: errno).reason) }
            return descriptor
        }
        close(try open(path))
        var opened: [Int32] = []
        do throws(SpoolFault) {
            for name in ["tmp", "new", "done", "quarantine"] { opened.append(try open(path + "/" + name)) }
        } catch {
            for descriptor in opened { close(descriptor) }
            throw error
        }
        tmp = opened[0]
        new = opened[1]
        done = opened[2]
        quarantine = opened[3]
    }

    deinit { for descriptor in [tmp, new, done, quarantine] { close(descriptor) } }

    /// Whether the four are still the ones that stand below SPOOL: somebody may have removed or replaced one.
    var isInPlace: Bool {
        for (name, descriptor) in [("tmp", tmp), ("new", new), ("done", done), ("quarantine", quarantine)] {
            var held = Glibc.stat()
            var named = Glibc.stat()
            guard fstat(descriptor, &held) == 0, stat(path + "/" + name, &named) == 0, held.st_dev == named.st_dev, held.st_ino == named.st_ino else {
                return false
            }
        }
        return true
    }

    /// What a folder holds.
    struct Entry {
        enum Kind: Hashable {
            case file, folder, link, pipe, socket, device
        }
        var name: [UInt8]
        var kind: Kind
        var size: Int
        /// Nanoseconds since 1970 of the last write, and of the last change of name or place.
        var written: Int64
        var moved: Int64
        var device: UInt64
        var inode: UInt64

        init(name: [UInt8], status: stat) {
            self.name = name
            kind =
                switch status.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .folder
                case S_IFLNK: .link
                case S_IFIFO: .pipe
                case S_IFSOCK: .socket
                default: .device
                }
            size = Int(status.st_size)
            written = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            moved = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// Everything in a folder but `.` and `..`, up to `max` entries, in no order. What vanishes meanwhile is left out.
    func list(_ folder: Int32, max: Int = .max) throws(SystemFault) -> [Entry] {
        // A descriptor of its own: reading a folder moves its position.
        let descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFault(number: errno) }
        guard let stream = fdopendir(descriptor) else {
            let number = errno
            close(descriptor)
            throw SystemFault(number: number)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
        while entries.count < max {
            errno = 0
            guard let record = readdir(stream) else {
                if errno != 0 { throw SystemFault(number: errno) }
                break
            }
            // The record may be shorter than the structure: only its name is read, through the pointer.
            let pointer = (UnsafeRawPointer(record) + nameOffset).assumingMemoryBound(to: CChar.self)
            let name = UnsafeRawBufferPointer(start: pointer, count: strlen(pointer))
            if name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8) { continue }
            var status = stat()
            guard fstatat(folder, pointer, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            entries.append(Entry(name: Array(name), status: status))
        }
        return entries
    }

    func status(_ folder: Int32, _ name: [UInt8]) throws(SystemFault) -> Entry {
        var status = stat()
        guard withName(name, { fstatat(folder, $0, &status, AT_SYMLINK_NOFOLLOW) }) == 0 else { throw SystemFault(number: errno) }
        return Entry(name: name, status: status)
    }

    /// Opens a file of `new` for reading; never follows a link and never waits for the other end of a pipe.
    func open(_ name: [UInt8]) throws(SystemFault) -> (descriptor: Int32, entry: Entry) {
        let descriptor = withName(name) { openat(new, $0, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
        guard descriptor >= 0 else { throw SystemFault(number: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw SystemFault(number: number)
        }
        return (descriptor, Entry(name: name, status: status))
    }

    func exists(_ folder: Int32, _ name: [UInt8]) -> Bool { (try? status(folder, name)) != nil }

    func rename(_ name: [UInt8], from: Int32, to: Int32, as target: [UInt8]) throws(SystemFault) {
        guard withName(name, { old in withName(target) { renameat(from, old, to, $0) } }) == 0 else { throw SystemFault(number: errno) }
    }

    /// A name that a folder does not have yet: NAME itself, or with the milliseconds of `now` (and a count) before its ending. `companion`
    /// is an ending (`.reason`) that must be free as well. At most 255 bytes with the companion.
    func freeName(_ name: [UInt8], in folder: Int32, companion: String, now: Instant) -> [UInt8] {
        let dot = name.lastIndex(of: UInt8(ascii: ".")) ?? name.count
        let ending = name[dot...].count <= 16 ? Array(name[dot...]) : []
        let room = 255 - ending.count - companion.utf8.count
        var stem = Array(name[..<(name.count - ending.count)])
        func candidate(_ suffix: String) -> [UInt8] {
            stem = shortened(stem, to: room - suffix.utf8.count)
            return stem + Array(suffix.utf8) + ending
        }
        func isFree(_ name: [UInt8]) -> Bool { !exists(folder, name) && (companion.isEmpty || !exists(folder, name + Array(companion.utf8))) }
        var attempt = candidate("")
        var count = 1
        while !isFree(attempt) {
            attempt = candidate(".\(now.milliseconds)" + (count == 1 ? "" : "-\(count)"))
            count += 1
        }
        return attempt
    }

    /// Writes a file into `quarantine` whole or not at all: made in `tmp`, then renamed. Mode 0660. `fill` gives it piece by piece.
    func write(_ name: [UInt8], _ fill: (_ write: (UnsafeRawBufferPointer) throws(SystemFault) -> Void) throws(SystemFault) -> Void) throws(SystemFault) {
        let temporary = Array(Self.temporaryPrefix.utf8) + Array("\(getpid())".utf8)
        _ = withName(temporary) { unlinkat(tmp, $0, 0) }
        let descriptor = withName(temporary) { openat(tmp, $0, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o660) }
        guard descriptor >= 0 else { throw SystemFault(number: errno) }
        do throws(SystemFault) {
            defer { close(descriptor) }
            // Against the umask: the group corrects what lies here.
            guard fchmod(descriptor, 0o660) == 0 else { throw SystemFault(number: errno) }
            try fill { (bytes) throws(SystemFault) in
                var rest = bytes
                while !rest.isEmpty {
                    let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw SystemFault(number: errno) }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
            try rename(temporary, from: tmp, to: quarantine, as: name)
        } catch {
            _ = withName(temporary) { unlinkat(tmp, $0, 0) }
            throw error
        }
    }

    static let temporaryPrefix = ".paidan-"

    /// Takes away what a crash left of our own in `tmp`.
    func removeOwnLeftovers() {
        for entry in (try? list(tmp)) ?? [] where entry.name.starts(with: Self.temporaryPrefix.utf8) {
            _ = withName(entry.name) { unlinkat(tmp, $0, 0) }
        }
    }

    /// Removes what was moved into a folder before an instant, at most `max` entries; a folder only when it is empty. Gives how many went.
    func empty(_ folder: Int32, movedBefore limit: Instant, max: Int) -> (removed: Int, isComplete: Bool) {
        var removed = 0
        let (nanoseconds, overflow) = limit.milliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { return (0, true) }
        for entry in (try? list(folder)) ?? [] where entry.moved < nanoseconds {
            guard removed < max else { return (removed, false) }
            if withName(entry.name, { unlinkat(folder, $0, entry.kind == .folder ? AT_REMOVEDIR : 0) }) == 0 { removed += 1 }
        }
        return (removed, true)
    }

    private func shortened(_ name: [UInt8], to count: Int) -> [UInt8] {
        var name = name
        while name.count > count { name.removeLast() }
        // Not in the middle of a character.
        while name.withUnsafeBufferPointer({ firstInvalidUTF8($0) }) != nil, name.count > count - 4, !name.isEmpty { name.removeLast() }
        return name
    }
}

/// Hands a name to a system call.
func withName<R>(_ name: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
    (name.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
        // Never empty: it ends with a zero.
        body(buffer.baseAddress!)
    }
}

/// Reads up to `count` bytes into the buffer; 0 at the end.
func readSome(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(SystemFault) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        guard errno == EINTR else { throw SystemFault(number: errno) }
    }
}

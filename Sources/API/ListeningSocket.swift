// The Unix socket, made by hand: bound, given its mode, and only then listening, so that there is no instant at which
// somebody else could connect. A socket file that a dead daemon left behind is replaced; a live one is never touched.

import Glibc

/// A socket file that we made, remembered so that only our own is removed when the door closes.
struct SocketFile: Sendable, Hashable {
    var path: String
    var device: UInt64
    var inode: UInt64

    /// Removes the file if it is still the one that we made.
    func remove() {
        guard let now = SocketFile.identify(path), now == self else { return }
        _ = unlink(path)
    }

    static func identify(_ path: String) -> SocketFile? {
        var info = stat()
        guard lstat(path, &info) == 0 else { return nil }
        return SocketFile(path: path, device: UInt64(info.st_dev), inode: UInt64(info.st_ino))
    }
}

enum ListeningSocket {
    /// Binds, sets the mode, listens. Gives a non-blocking descriptor that the caller owns.
    static func unix(path: String, mode: UInt16, backlog: Int32) throws(DoorFault) -> (descriptor: Int32, file: SocketFile) {
        var address = try socketAddress(path)
        try clearStale(path, address)

        let descriptor = socket(AF_UNIX, streamType | closeOnExec | nonBlocking, 0)
        guard descriptor >= 0 else { throw failure(path, "no socket could be made", errno) }
        var keep = false
        defer { if !keep { _ = close(descriptor) } }

        guard withSocketAddress(&address, { bind(descriptor, $0, $1) }) == 0 else { throw failure(path, "it could not be bound", errno) }
        // `chmod` before `listen`: until then nobody can connect, whatever the mode.
        guard chmod(path, mode_t(mode)) == 0 else {
            let code = errno
            _ = unlink(path)
            throw failure(path, "its mode could not be set to 0\(String(mode, radix: 8))", code)
        }
        guard listen(descriptor, backlog) == 0, let file = SocketFile.identify(path) else {
            let code = errno
            _ = unlink(path)
            throw failure(path, "it could not listen", code)
        }
        keep = true
        return (descriptor, file)
    }

    /// What an inherited descriptor is: a listening stream socket of the Unix or an internet family, or a fault.
    static func family(ofInherited descriptor: Int32) throws(DoorFault) -> DoorKind {
        func fault(_ why: String) -> DoorFault {
            DoorFault(
                what: "can't use the inherited socket \(descriptor)", why: why,
                remedy: "look at the ListenStream= lines of paidan.socket")
        }
        func option(_ name: Int32) throws(DoorFault) -> Int32 {
            var value: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 else { throw fault(text(errno)) }
            return value
        }
        guard try option(SO_TYPE) == streamType else { throw fault("it is no stream socket") }
        guard try option(SO_ACCEPTCONN) != 0 else { throw fault("it doesn't listen") }
        switch try option(SO_DOMAIN) {
        case AF_UNIX: return .socket
        case AF_INET, AF_INET6: return .http
        case let other: throw fault("its address family \(other) is neither Unix nor internet")
        }
    }

    // MARK: - Parts

    private static let streamType = Int32(SOCK_STREAM.rawValue)
    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)
    private static let nonBlocking = Int32(SOCK_NONBLOCK.rawValue)

    /// Removes a socket file that nobody listens on; throws when somebody does, or when the path is something else.
    private static func clearStale(_ path: String, _ address: sockaddr_un) throws(DoorFault) {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT { return try requireFolder(of: path) }
            throw failure(path, "it can't be looked at", errno)
        }
        guard info.st_mode & S_IFMT == S_IFSOCK else {
            throw DoorFault(
                what: "can't listen on \(path)", why: "there is something there that is no socket",
                remedy: "move it away, or give --socket another path")
        }
        let probe = socket(AF_UNIX, streamType | closeOnExec | nonBlocking, 0)
        guard probe >= 0 else { throw failure(path, "no socket could be made", errno) }
        defer { _ = close(probe) }
        var address = address
        let code = withSocketAddress(&address, { connect(probe, $0, $1) }) == 0 ? 0 : errno
        switch code {
        case ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, "the stale socket there can't be removed", errno) }
        case 0, EAGAIN, EINPROGRESS:  // accepted, or its queue is full: somebody lives there
            throw DoorFault(
                what: "can't listen on \(path)", why: "another paidan is listening on \(path)",
                remedy: "stop that one first (systemctl stop paidan), or give --socket another path")
        default:
            throw failure(path, "it can't be found out whether somebody listens there", code)
        }
    }

    private static func requireFolder(of path: String) throws(DoorFault) {
        var folder = path
        while let last = folder.last, last != "/" { folder.removeLast() }
        while folder.count > 1, folder.last == "/" { folder.removeLast() }
        if folder.isEmpty { folder = "." }
        var info = stat()
        guard stat(folder, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else {
            throw DoorFault(
                what: "can't listen on \(path)", why: "there is no folder \(folder)",
                remedy: "make it (mkdir -p \(folder)), or let systemd do so (RuntimeDirectory=paidan), or give --socket another path")
        }
    }

    private static func socketAddress(_ path: String) throws(DoorFault) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path) - 1
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= room, !bytes.contains(0) else {
            throw DoorFault(
                what: "can't use the socket \(path)", why: "its path has \(bytes.count) bytes, and the kernel takes 1 to \(room)",
                remedy: "give --socket a shorter path")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return address
    }

    private static func withSocketAddress(_ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func failure(_ path: String, _ what: String, _ code: Int32) -> DoorFault {
        let remedy =
            switch code {
            case EACCES, EPERM: "run as a user who may write in that folder (the unit runs as paidan), or give --socket another path"
            case EADDRINUSE: "stop whoever made it at this very moment, and start again"
            case EROFS: "give --socket a path that can be written to"
            case EMFILE, ENFILE: "raise the limit of open files (LimitNOFILE=)"
            default: "look at the folder, and give --socket another path if it can't be helped"
            }
        return DoorFault(what: "can't listen on \(path)", why: "\(what): \(text(code))", remedy: remedy)
    }

    /// The kernel's own words for an error number.
    static func text(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The error numbers that have words of their own.
enum Errno {
    case addressInUse, addressNotAvailable, permission, other

    init(_ code: Int32) {
        switch code {
        case EADDRINUSE: self = .addressInUse
        case EADDRNOTAVAIL: self = .addressNotAvailable
        case EACCES, EPERM: self = .permission
        default: self = .other
        }
    }
}

/// Why a socket could not be connected to, as far as it has words of its own.
enum ConnectFailure {
    case noSocket, refused, denied, other

    init(_ code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .noSocket
        case ECONNREFUSED, ENOTSOCK: self = .refused
        case EACCES, EPERM: self = .denied
        default: self = .other
        }
    }
}

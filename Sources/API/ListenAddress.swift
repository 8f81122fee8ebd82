/// Where a door listens.
package enum ListenAddress: Sendable, Hashable {
    /// A socket in the file system; who may open it is the file's mode and group to say. Default mode 0660.
    case unix(path: String, mode: UInt16)
    /// A host name or address; port 0: any free port.
    case tcp(host: String, port: Int)
    /// A socket that listens already, handed over by systemd. It is left in place when the doors close.
    case inherited(fileDescriptor: Int32)

    package static let defaultMode: UInt16 = 0o660

    /// Reads `ADDR:PORT` (`127.0.0.1:8080`, `[::1]:0`, `localhost:8080`) as `--listen` takes it.
    package static func tcp(parsing text: String) throws(DoorFault) -> ListenAddress {
        func fault(_ why: String) -> DoorFault {
            DoorFault(what: "can't listen on \(text)", why: why, remedy: "give ADDRESS:PORT, as 127.0.0.1:8080 or [::1]:8080")
        }
        guard let colon = text.lastIndex(of: ":") else { throw fault("the port is missing") }
        var host = text[..<colon]
        guard let port = UInt16(text[text.index(after: colon)...]) else { throw fault("the port is no number from 0 to 65535") }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw fault("an IPv6 address stands in square brackets")
        }
        guard !host.isEmpty else { throw fault("the address is missing") }
        return .tcp(host: String(host), port: Int(port))
    }
}

/// Where a door really listens, after `start`.
package enum BoundAddress: Sendable, Hashable, CustomStringConvertible {
    case unix(path: String)
    case tcp(host: String, port: Int)

    /// The path, or `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String {
        switch self {
        case .unix(let path): path
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
    }
}

/// Which kind of door a request came through: it decides what is allowed, and it names senders that don't name themselves.
enum DoorKind: Sendable, Hashable {
    /// The Unix socket: whoever can open it belongs to the house.
    case socket
    /// TCP: anybody who can reach the port.
    case http

    /// The `source` of an input that names none.
    var source: String {
        switch self {
        case .socket: "socket"
        case .http: "http"
        }
    }
}

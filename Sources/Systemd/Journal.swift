import CSystemd
import Glibc

/// The way into the journal: the native protocol, so that fields and line ends arrive as they are.
///
/// Run by hand on a terminal, or where there is no journal, the messages appear on standard error as readable lines.
///
/// It does not use `sd_journal_sendv`, which waits without end while journald stands still: crews would not be sent out
/// because the journal hangs. Here a call waits for `patienceMilliseconds` and then says how far it came.
package struct Journal: Sendable {
    /// How long one call waits in all while the journal is busy, in milliseconds.
    package static let patienceMilliseconds: Int64 = 1_000

    package enum Destination: Sendable, Hashable {
        /// `/run/systemd/journal/socket`.
        case native
        /// Readable lines to an open file.
        case lines(descriptor: Int32, style: LineStyle)
    }

    package enum LineStyle: Sendable, Hashable {
        case plain
        /// For a terminal: warnings yellow, errors red.
        case coloured
        /// `<4>` before each line, as the journal reads a service's standard error.
        case levelled
    }

    /// `SYSLOG_IDENTIFIER`: what stands before the message in `journalctl`.
    package let identifier: String
    package let destination: Destination
    private let address: sockaddr_un
    private let patienceMilliseconds: Int64

    /// Finds out where messages belong: to standard error when there is no journal on this machine, or when standard error
    /// is a terminal that somebody reads; to the journal otherwise.
    package init(identifier: String) {
        self.init(identifier: identifier, destination: Self.detect())
    }

    package init(identifier: String, destination: Destination) {
        self.init(
            identifier: identifier, destination: destination, socketPath: Self.socketPath, patienceMilliseconds: Self.patienceMilliseconds)
    }

    /// For tests: another socket, another patience.
    init(identifier: String, destination: Destination, socketPath: String, patienceMilliseconds: Int64) {
        self.identifier = identifier
        self.destination = destination
        self.patienceMilliseconds = patienceMilliseconds
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix($0.count - 1)) }
        self.address = address
    }

    /// - Returns: how many of the entries, from the first on, are done with. Less than all when the journal was busy for longer
    ///   than the patience: send the rest again later.
    @discardableResult
    package func send(_ entries: some Collection<JournalEntry>) -> Int {
        switch destination {
        case .native:
            var encoded = EncodedEntry()
            var sent = 0
            let deadline = Self.monotonicMilliseconds() + patienceMilliseconds
            for entry in entries {
                encoded.encode(entry, identifier: identifier)
                guard sendNatively(encoded, entry, until: deadline) else { break }
                sent += 1
            }
            return sent
        case .lines(let descriptor, let style):
            for entry in entries { Self.write(Self.line(entry, style: style), to: descriptor) }
            return entries.count
        }
    }

    /// - Returns: whether it was done with.
    @discardableResult
    package func send(_ entry: JournalEntry) -> Bool { send(CollectionOfOne(entry)) == 1 }

    private static let socketPath = "/run/systemd/journal/socket"

    private static func detect() -> Destination {
        let isTerminal = isatty(STDERR_FILENO) == 1
        if access(socketPath, W_OK) == 0, streamIsJournal() || !isTerminal { return .native }
        let isColoured = isTerminal && Environment.value("NO_COLOR") == nil && Environment.value("TERM") != "dumb"
        return .lines(descriptor: STDERR_FILENO, style: isColoured ? .coloured : .plain)
    }

    /// Standard error is the stream that systemd opened to the journal for us: its `device:inode` is in `JOURNAL_STREAM`.
    private static func streamIsJournal() -> Bool {
        var status = stat()
        guard let stream = Environment.value("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// One for the process; -1 where none could be opened.
    private static let socket: Int32 = {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // Room for long messages; the kernel gives what it allows.
        var bytes: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }()

    /// false: the journal was busy, or not there, until the deadline.
    private func sendNatively(_ encoded: EncodedEntry, _ entry: JournalEntry, until deadline: Int64) -> Bool {
        while true {
            let result = encoded.bytes.withUnsafeBytes { bytes in
                withUnsafePointer(to: address) { address in
                    address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(
                            Self.socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0,
                            socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
            }
            if result >= 0 { return true }
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOENT, ECONNREFUSED:
                // Its queue is full, or it is being started again.
                guard Self.monotonicMilliseconds() < deadline else { return false }
                poll(nil, 0, 10)
            case EMSGSIZE:
                // Longer than a datagram may be (some 200 kB): the library hands it over as a file in memory.
                sendThroughLibrary(entry)
                return true
            default:
                // Nothing that another try would change: at least it is readable somewhere.
                Self.write(Self.line(entry, style: Self.streamIsJournal() ? .levelled : .plain), to: STDERR_FILENO)
                return true
            }
        }
    }

    private func sendThroughLibrary(_ entry: JournalEntry) {
        var texts = ["MESSAGE=\(entry.message)", "PRIORITY=\(entry.priority.rawValue)", "SYSLOG_IDENTIFIER=\(identifier)"]
        if let id = entry.messageID { texts.append("MESSAGE_ID=\(id)") }
        for field in entry.fields where JournalField.isValid(name: field.name) { texts.append("\(field.name)=\(field.value)") }
        let copies = texts.map { text in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
            copy.copyBytes(from: text.utf8)
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        sd_journal_sendv(copies.map { iovec(iov_base: $0.baseAddress, iov_len: $0.count) }, Int32(copies.count))
    }

    private static func monotonicMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// One entry as text, with its line end. Control characters are shown, not obeyed: a caller's text can't steer a terminal.
    static func line(_ entry: JournalEntry, style: LineStyle) -> String {
        let word: String? =
            switch entry.priority {
            case .emergency, .alert, .critical, .error: "error"
            case .warning: "warning"
            case .notice, .info: nil
            case .debug: "debug"
            }
        var text = ""
        if style == .coloured, let word { text += "\u{1B}[" + (word == "debug" ? "2" : word == "warning" ? "33" : "31") + "m" }
        if style == .levelled { text += "<\(entry.priority.rawValue)>" }
        if let word { text += word + ": " }
        guard entry.message.unicodeScalars.contains(where: \.isControl) else {
            text += entry.message
            if style == .coloured, word != nil { text += "\u{1B}[0m" }
            return text + "\n"
        }
        for scalar in entry.message.unicodeScalars {
            switch scalar {
            case "\n": text += style == .levelled ? "\n<\(entry.priority.rawValue)>  " : "\n  "
            case "\t": text += "\t"
            case _ where scalar.isControl: text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        if style == .coloured, word != nil { text += "\u{1B}[0m" }
        return text + "\n"
    }

    /// In one piece, so that lines of several threads don't mix. Gives up on an error: there is nobody left to tell.
    private static func write(_ line: String, to descriptor: Int32) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, 1_000)
                    if ready.revents & Int16(POLLOUT) == 0 { return }
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}

extension Unicode.Scalar {
    /// The general category `Cc`, without asking a table for it: U+0000 to U+001F, U+007F to U+009F.
    package var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

import CSystemd
import Glibc

/// The way into the journal: the native protocol, so that fields and line ends arrive as they are.
///
/// Run by hand on a terminal, or where there is no journal, the messages appear on standard error as readable lines.
/// `send` may wait while the journal is busy (its socket is full); it never gives a line up. What the journal refuses goes to
/// standard error, which a service's unit connects to the journal too.
package struct Journal: Sendable {
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

    /// Finds out where messages belong: to standard error when there is no journal on this machine, or when standard error
    /// is a terminal that somebody reads; to the journal otherwise.
    package init(identifier: String) {
        self.init(identifier: identifier, destination: Self.detect())
    }

    package init(identifier: String, destination: Destination) {
        self.identifier = identifier
        self.destination = destination
    }

    /// - Returns: how many entries the journal did not take; they stand on standard error instead.
    @discardableResult
    package func send(_ entries: some Sequence<JournalEntry>) -> Int {
        switch destination {
        case .native:
            var refused = 0
            var encoded = EncodedEntry()
            for entry in entries {
                encoded.encode(entry, identifier: identifier)
                if !Self.sendNatively(encoded) {
                    refused += 1
                    Self.write(Self.line(entry, style: Self.streamIsJournal() ? .levelled : .plain), to: STDERR_FILENO)
                }
            }
            return refused
        case .lines(let descriptor, let style):
            for entry in entries { Self.write(Self.line(entry, style: style), to: descriptor) }
            return 0
        }
    }

    @discardableResult
    package func send(_ entry: JournalEntry) -> Int { send(CollectionOfOne(entry)) }

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

    private static func sendNatively(_ entry: EncodedEntry) -> Bool {
        entry.bytes.withUnsafeBytes { bytes in
            var parts: [iovec] = []
            parts.reserveCapacity(entry.ends.count)
            var start = 0
            for end in entry.ends {
                // sendv takes a pointer to mutable bytes but only reads them.
                let part = UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start))
                parts.append(iovec(iov_base: part, iov_len: end - start))
                start = end
            }
            return sd_journal_sendv(parts, Int32(parts.count)) >= 0
        }
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
        for scalar in entry.message.unicodeScalars {
            switch scalar {
            case "\n": text += style == .levelled ? "\n<\(entry.priority.rawValue)>  " : "\n  "
            case "\t": text += "\t"
            case _ where scalar.properties.generalCategory == .control: text += scalar.escaped(asASCII: true)
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

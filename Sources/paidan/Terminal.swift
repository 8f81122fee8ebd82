import Glibc

/// Where the output goes. Colour only on a terminal, and never where `NO_COLOR` is set (no-color.org).
struct Terminal {
    let isTerminal: Bool
    let hasColour: Bool

    /// What standard output is.
    static let output = Terminal(descriptor: 1, environment: Environment.value)

    init(descriptor: Int32, environment: (String) -> String?) {
        self.init(isTerminal: isatty(descriptor) == 1, environment: environment)
    }

    init(isTerminal: Bool, environment: (String) -> String?) {
        self.isTerminal = isTerminal
        let refused = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        hasColour = isTerminal && !refused && environment("TERM") != "dumb"
    }

    func paint(_ text: String, _ style: Style?) -> String {
        guard hasColour, let style, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }

    enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case cyan = "36"
        case alarm = "1;31"
    }
}

enum Environment {
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// Standard output and standard error, unbuffered: a line that is written is seen, also by the program at the other end of a pipe.
enum Out {
    static func line(_ text: String) { write(Array(text.utf8) + [0x0A], to: 1) }

    static func bytes(_ bytes: [UInt8]) { write(bytes, to: 1) }

    /// One line for a person on standard error: `paidan: WHAT: WHY; WHAT TO DO`.
    static func error(_ text: String) { write(Array("paidan: \(text)\n".utf8), to: 2) }

    /// Lines that explain an error, on standard error as they are.
    static func errorText(_ text: String) { write(Array(text.utf8) + (text.hasSuffix("\n") ? [] : [0x0A]), to: 2) }

    /// When nobody reads any more (`paidan tasks | head`), there is nothing left to do.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0 {
                if errno == EINTR { continue }
                exit(errno == EPIPE ? 0 : 1)
            }
            written += count
        }
    }
}

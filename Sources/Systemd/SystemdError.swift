import Glibc

/// A call into libsystemd or the kernel that failed.
package struct SystemdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, in words an operator understands: `notify STATUS`, `listen_fds`.
    package let what: String
    /// The kernel's error number, positive.
    package let code: Int32

    package init(what: String, code: Int32) {
        self.what = what
        self.code = code
    }

    package var description: String { "\(what): \(String(cString: strerror(code))) (errno \(code))" }
}

/// The variables that systemd sets for a service.
package enum Environment {
    /// nil: not set, or empty (systemd never sets them empty).
    @Sendable package static func value(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}

import CSystemd
import Glibc

/// Tells the service manager how we are (`sd_notify`). Without `NOTIFY_SOCKET` (run by hand, in tests) every call does nothing.
///
/// A message that can't be sent is handed to `onFailure` and is never fatal: a daemon that dispatches crews goes on
/// dispatching when the service manager doesn't listen. `onFailure` is called for each such message; `watchdog()` comes every
/// few seconds, so limit what you write about it.
package struct Notifier: Sendable {
    private let isSilent: Bool
    private let onFailure: @Sendable (SystemdError) -> Void

    /// - Parameter isSilent: says nothing to anybody: for a daemon inside another process, whose `NOTIFY_SOCKET` is not its own.
    package init(isSilent: Bool = false, onFailure: @escaping @Sendable (SystemdError) -> Void) {
        self.isSilent = isSilent
        self.onFailure = onFailure
    }

    /// Started, or reloaded: from here on `systemctl start` and `systemctl reload` return.
    package func ready(status: String) { send("ready", "READY=1\n" + Self.statusLine(status)) }

    /// The Status line of `systemctl status`.
    package func status(_ text: String) { send("status", Self.statusLine(text)) }

    /// A reload begins. End it with `ready(status:)`, whether the new rules were taken or refused.
    package func reloading(status: String) {
        // MONOTONIC_USEC belongs to Type=notify-reload (systemd 253 and later); older ones pass over it.
        send("reloading", "RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds())\n" + Self.statusLine(status))
    }

    /// No more inputs are taken; those accepted are being finished.
    package func stopping(status: String) { send("stopping", "STOPPING=1\n" + Self.statusLine(status)) }

    /// Proof of life. Only for real work: see invariant 9 of the architecture.
    package func watchdog() { send("watchdog", "WATCHDOG=1") }

    /// Start-up or stop takes longer than the unit allows: from now on at most so long until the next word from us.
    /// - Parameter microseconds: above 0.
    package func extendTimeout(microseconds: UInt64) { send("extend timeout", "EXTEND_TIMEOUT_USEC=\(microseconds)") }

    /// Something listens: we were started by a service manager with `Type=notify`.
    package static var isListenedTo: Bool { Environment.value("NOTIFY_SOCKET") != nil }

    /// `WatchdogSec=` of the unit: unless `watchdog()` is called more often than this, the service manager kills us.
    /// nil: no watchdog, or one meant for another process.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// The service manager drops a whole message above 4096 bytes, so the status ends well before.
    static let statusBytesMax = 1_024

    /// One `STATUS=` line. A line end in the text would be read as the next assignment, so control characters become spaces.
    static func statusLine(_ text: String) -> String {
        var line = "STATUS="
        var bytes = 0
        for scalar in text.unicodeScalars {
            let clean = scalar.properties.generalCategory == .control ? " " : scalar
            bytes += clean.utf8.count
            guard bytes <= statusBytesMax else { break }
            line.unicodeScalars.append(clean)
        }
        return line
    }

    private static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
    }

    private func send(_ what: String, _ state: String) {
        guard !isSilent else { return }
        let result = sd_notify(0, state)
        if result < 0 { onFailure(SystemdError(what: "notify \(what)", code: -result)) }
    }
}

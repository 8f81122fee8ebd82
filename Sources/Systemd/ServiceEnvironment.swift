import CSystemd
import Glibc

/// Sockets that systemd opened for us (`paidan.socket`): they stay open, and callers wait, while we restart.
package enum SocketActivation {
    package struct Listener: Sendable, Hashable {
        /// An open, listening socket, closed on exec; ours from now on.
        package let descriptor: Int32
        /// `FileDescriptorName=` of the socket unit; `unknown` where it has none.
        package let name: String

        package init(descriptor: Int32, name: String) {
            self.descriptor = descriptor
            self.name = name
        }
    }

    /// The sockets handed to this process, in the order of the socket unit; none when it was started without.
    ///
    /// Takes the variables out of the environment, so that a hook doesn't take them for its own. Call it once, before any
    /// other thread reads the environment.
    package static func listeners() throws(SystemdError) -> [Listener] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = sd_listen_fds_with_names(1, &names)
        defer {
            if let names {
                var next = names
                while let name = next.pointee {
                    free(name)
                    next += 1
                }
                free(names)
            }
        }
        guard count >= 0 else { throw SystemdError(what: "sockets from systemd (LISTEN_FDS)", code: -count) }
        return (0..<count).map { index in
            let name = names?[Int(index)].map { String(cString: $0) }
            return Listener(descriptor: SD_LISTEN_FDS_START + index, name: name ?? "unknown")
        }
    }
}

/// Secrets that the unit hands over (`LoadCredential=`), readable by the service alone.
package enum Credentials {
    /// Where the credential's bytes are; nil when the unit doesn't give one of that name, or the name isn't a plain file name.
    package static func path(_ name: String, environment: (String) -> String? = Environment.value) -> String? {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0),
            let directory = environment("CREDENTIALS_DIRECTORY")
        else { return nil }
        let path = directory + "/" + name
        return access(path, R_OK) == 0 ? path : nil
    }
}

/// The folders that the unit gives us; nil each when the unit (or whoever started us) names none.
package enum ServiceDirectories {
    /// `StateDirectory=`: `/var/lib/paidan`.
    package static var state: String? { first(of: "STATE_DIRECTORY") }
    /// `RuntimeDirectory=`: `/run/paidan`.
    package static var runtime: String? { first(of: "RUNTIME_DIRECTORY") }
    /// `ConfigurationDirectory=`: `/etc/paidan`.
    package static var configuration: String? { first(of: "CONFIGURATION_DIRECTORY") }

    /// A unit may name several, joined by colons: the first is ours.
    static func first(of name: String, environment: (String) -> String? = Environment.value) -> String? {
        environment(name)?.split(separator: ":").first.map(String.init)
    }
}

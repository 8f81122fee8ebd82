/// Where the daemon's things are, and its limits. Paths only: what is decided stands in the rule files.
package struct Configuration: Sendable {
    /// The folder of rule files.
    package var rules: String
    /// The folder of the database and of the last good rules.
    package var state: String
    package var spool: String
    /// The Unix socket that the commands use.
    package var socket: String
    /// `ADDRESS:PORT`, port 0 for any free one.
    package var listen: [String]
    /// How long files stay in the spool's `done` and `quarantine`, in days.
    package var spoolKeepDays: Int
    /// Inputs waiting to be decided, at most: beyond it the doors answer "busy".
    package var queuedInputsMax: Int
    /// Inputs decided and committed together, at most.
    package var batchInputsMax: Int

    package init(
        rules: String = "/etc/paidan/rules", state: String = "/var/lib/paidan", spool: String = "/var/spool/paidan",
        socket: String = "/run/paidan/paidan.sock", listen: [String] = [], spoolKeepDays: Int = 30, queuedInputsMax: Int = 20_000,
        batchInputsMax: Int = 1_024
    ) {
        self.rules = rules
        self.state = state
        self.spool = spool
        self.socket = socket
        self.listen = listen
        self.spoolKeepDays = spoolKeepDays
        self.queuedInputsMax = queuedInputsMax
        self.batchInputsMax = batchInputsMax
    }
}

/// Why the daemon can't run: one line for a person, in the form `WHAT: WHY; WHAT TO DO`.
package struct StartFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// 78 where a restart can't help (no usable rules), else 1.
    package let exitCode: Int32

    package init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}

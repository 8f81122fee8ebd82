import Glibc

/// Reads back what stands in the journal, through `journalctl`: it knows every form and place that a journal has on this machine.
package struct JournalReader: Sendable {
    /// The program; tests put another in its place.
    private let program: String
    /// Of more messages than this the youngest are read.
    package static let messagesMax = 20_000

    package init(program: String = "journalctl") { self.program = program }

    /// One JSON object a line, oldest first, with the field that is asked for and those that the journal always adds.
    ///
    /// Throws when the program is not there, or says that it failed; whoever may not read the journal gets what they may see.
    package func messages(id: String, matching: [String], field: String) throws(SystemdError) -> [UInt8] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemdError(what: "pipe", code: errno) }
        defer { close(ends[0]) }
        // The child's copy is made by the file actions.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var child: pid_t = 0
        let arguments =
            [program, "--quiet", "--no-pager", "--output=json", "--output-fields=\(field)", "--lines=\(Self.messagesMax)", "MESSAGE_ID=\(id)"] + matching
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let failure = posix_spawnp(&child, program, &actions, nil, &words, environ)
        close(ends[1])
        guard failure == 0 else { throw SystemdError(what: program, code: failure) }
        let bytes = Self.toEnd(of: ends[0])
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw SystemdError(what: program, code: EIO) }
        return bytes
    }

    private static func toEnd(of descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }
}

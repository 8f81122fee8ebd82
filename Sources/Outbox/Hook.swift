import CSpawn
import Dispatch
package import Domain
import Glibc

/// What came of one run of a channel's command.
package enum HookResult: Sendable, Hashable {
    /// It ended with exit code 0.
    case delivered
    /// It did not; the text says why, with the last line of its output.
    case failed(String)
    /// It was killed because the daemon stops; it counts as never tried.
    case stopped
}

/// Runs a command with one notice on its standard input.
///
/// - It gets a process group of its own, default signal handling, no descriptor beyond 0, 1 and 2, and the directory `/`.
/// - Its standard output and error are read and thrown away, but for the last line, which an error quotes.
/// - Beyond its limit it is killed with its whole group. The run ends when the command does, even if a child that it left
///   behind keeps its output open.
package struct Hook: Sendable {
    /// How long a command may run. Default: 10 s.
    package var limit: TimeSpan
    /// The command's environment, `NAME=VALUE`.
    package var environment: [String]

    package init(limit: TimeSpan = .seconds(10), environment: [String] = ["PATH=/usr/local/bin:/usr/bin:/bin"]) {
        self.limit = limit
        self.environment = environment
    }

    /// A pipe holds this much without a reader: the whole notice is in it before the command starts, so that writing can
    /// neither block nor raise SIGPIPE.
    static let inputBytesMax = 4_096
    /// How much of the end of the output is kept.
    static let outputBytesMax = 4_096
    /// How often it is asked whether to stop, and whether a command whose output is still open has ended.
    private static let sliceMilliseconds: Int64 = 50

    /// - Parameter shouldStop: asked twenty times a second; true kills the command.
    package func run(
        _ command: [String], input: [UInt8], shouldStop: @escaping @Sendable () -> Bool = { false }
    ) async -> HookResult {
        // A thread of its own: the command may take its whole limit, and the threads of the tasks must not wait that long.
        await withCheckedContinuation { continuation in
            Self.threads.async { continuation.resume(returning: perform(command, input: input, shouldStop: shouldStop)) }
        }
    }

    private static let threads = DispatchQueue(label: "paidan.outbox.hooks", attributes: .concurrent)

    private func perform(_ command: [String], input: [UInt8], shouldStop: () -> Bool) -> HookResult {
        guard let path = command.first, path.hasPrefix("/") else {
            return .failed("the command must begin with an absolute path; correct it under channels: in site.yaml")
        }
        guard input.count <= Self.inputBytesMax else {
            return .failed("the notice has \(input.count) bytes; a command takes at most \(Self.inputBytesMax)")
        }
        do throws(SystemFailure) {
            let stdin = try Pipe()
            let output = try Pipe()
            // Ours alone: a child that the command leaves behind may keep the other end open for ever.
            guard fcntl(output.reading, F_SETFL, O_NONBLOCK) == 0 else { throw SystemFailure("fcntl", errno) }
            guard write(stdin.writing, input, input.count) == input.count else { throw SystemFailure("write", errno) }
            stdin.closeWriting()
            let pid = try spawn(path, command, stdin: stdin.reading, output: output.writing)
            stdin.closeReading()
            output.closeWriting()
            return follow(pid, output: output.reading, shouldStop: shouldStop)
        } catch {
            return .failed("\(path) can't be started (\(error.call): \(String(cString: strerror(error.number)))); check the path and its permissions")
        }
    }

    private func spawn(_ path: String, _ command: [String], stdin: Int32, output: Int32) throws(SystemFailure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        posix_spawn_file_actions_addchdir_np(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid: pid_t = 0
        let code = withCStrings(command) { arguments in
            withCStrings(environment) { environment in posix_spawn(&pid, path, &actions, &attributes, arguments, environment) }
        }
        guard code == 0 else { throw SystemFailure("posix_spawn", code) }
        return pid
    }

    /// Reads the output until the command has ended, or kills it.
    private func follow(_ pid: pid_t, output: Int32, shouldStop: () -> Bool) -> HookResult {
        let deadline = Self.monotonicMilliseconds() + limit.milliseconds
        var tail: [UInt8] = []
        var outputIsOpen = true
        while true {
            if outputIsOpen {
                var wanted = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
                let wait = max(0, min(Self.sliceMilliseconds, deadline - Self.monotonicMilliseconds()))
                if poll(&wanted, 1, Int32(wait)) > 0 { outputIsOpen = Self.read(output, into: &tail) }
            }
            if let status = Self.reap(pid) {
                if outputIsOpen { _ = Self.read(output, into: &tail) }
                return Self.result(status, tail)
            }
            let stopping = shouldStop()
            if stopping || Self.monotonicMilliseconds() >= deadline {
                // Not reaped yet, so the number is still its own.
                kill(-pid, SIGKILL)
                // A killed process goes at once, unless it hangs in the kernel; then we leave it there.
                for _ in 0..<40 where Self.reap(pid) == nil { poll(nil, 0, Int32(Self.sliceMilliseconds)) }
                if stopping { return .stopped }
                return .failed("it was still running after \(Self.seconds(limit)) s and was killed\(Self.quote(tail))")
            }
            // Its output is closed, but it has not ended: ask again shortly.
            if !outputIsOpen { poll(nil, 0, 5) }
        }
    }

    /// Reads what there is, but not for ever; false when the other side is closed.
    private static func read(_ descriptor: Int32, into tail: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        for _ in 0..<64 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return false }
            guard count > 0 else { return errno == EAGAIN || errno == EINTR }
            tail += buffer[..<count]
            if tail.count > outputBytesMax { tail.removeFirst(tail.count - outputBytesMax) }
        }
        return true
    }

    /// The status of the ended process; nil while it runs.
    private static func reap(_ pid: pid_t) -> Int32? {
        var status: Int32 = 0
        let found = waitpid(pid, &status, WNOHANG)
        if found == 0 || (found < 0 && errno == EINTR) { return nil }
        // Somebody else took the status (SIGCHLD ignored): that it ended is all that is known.
        return found == pid ? status : Int32(0xFF00)
    }

    private static func result(_ status: Int32, _ tail: [UInt8]) -> HookResult {
        let signal = status & 0x7F
        guard signal == 0 else { return .failed("it was ended by signal \(signal)\(quote(tail))") }
        let code = (status >> 8) & 0xFF
        return code == 0 ? .delivered : .failed("exit code \(code)\(quote(tail))")
    }

    /// `: ` and the last line that holds anything, without control characters, at most 300 characters.
    private static func quote(_ tail: [UInt8]) -> String {
        let lines = tail.split { $0 == 0x0A || $0 == 0x0D }
        let last = lines.last { line in line.contains { $0 > 0x20 } }
        guard let last else { return "" }
        let text = String(decoding: last, as: UTF8.self).unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        return ": " + String(String.UnicodeScalarView(text.prefix(300)))
    }

    private static func seconds(_ span: TimeSpan) -> String {
        let (whole, rest) = span.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        return rest == 0 ? "\(whole)" : "\(Double(span.milliseconds) / 1_000)"
    }

    /// How long a command has run does not hang on the wall clock, which jumps.
    private static func monotonicMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
    }
}

private struct SystemFailure: Error {
    let call: String
    let number: Int32
    init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }
}

/// Two ends, closed on exec and at the end.
private final class Pipe {
    private(set) var reading: Int32
    private(set) var writing: Int32

    init() throws(SystemFailure) {
        var ends: (Int32, Int32) = (-1, -1)
        let code = withUnsafeMutablePointer(to: &ends) { $0.withMemoryRebound(to: Int32.self, capacity: 2) { pipe2($0, O_CLOEXEC) } }
        guard code == 0 else { throw SystemFailure("pipe", errno) }
        (reading, writing) = ends
    }

    func closeReading() {
        if reading >= 0 { close(reading) }
        reading = -1
    }

    func closeWriting() {
        if writing >= 0 { close(writing) }
        writing = -1
    }

    deinit {
        closeReading()
        closeWriting()
    }
}

/// Hands a list of texts to a C function as it wants them: pointers to each, ended by a null pointer.
private func withCStrings<T>(_ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return body(pointers)
}

import Glibc

/// One daemon to a folder: an `flock` on the file `lock`, which also says who holds it. The system lets go of it when the
/// process ends, however it ends, so that no lock is left behind by a kill.
final class FolderLock: Sendable {
    private let descriptor: Int32

    enum Refusal: Error {
        /// The process that holds it; nil when the file does not say.
        case held(by: Int32?)
        case system(call: String, errno: Int32)
    }

    init(path: String) throws(Refusal) {
        // Closed on exec: a hook that outlives us must not go on holding the folder.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system(call: "open", errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            var text = [UInt8](repeating: 0, count: 16)
            let count = pread(descriptor, &text, text.count, 0)
            close(descriptor)
            guard reason == EWOULDBLOCK else { throw .system(call: "flock", errno: reason) }
            let digits = text.prefix(max(0, count)).prefix { $0 >= 0x30 && $0 <= 0x39 }
            throw .held(by: Int32(String(decoding: digits, as: UTF8.self)))
        }
        // The lock is what counts; the number in the file is for the message to whoever comes second.
        let pid = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, pid, pid.count, 0)
        self.descriptor = descriptor
    }

    /// Lets another process have the folder. Safe to call twice.
    func release() { _ = flock(descriptor, LOCK_UN) }

    deinit { close(descriptor) }
}

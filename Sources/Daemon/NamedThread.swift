import Glibc

/// Through /proc, because the C call is not visible from Swift. A thread without a name works as well.
private func nameThisThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(descriptor, bytes, bytes.count)
    close(descriptor)
}

/// A thread with a name of its own (at most 15 bytes): `ps -L`, `gdb` and the system suite tell them apart by it.
enum NamedThread {
    private final class Box {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts `body` on a new detached thread.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(name: name, body: body))
        let failure = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let box = Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                nameThisThread(box.name)
                box.body()
                return nil
            }, box.toOpaque())
        precondition(failure == 0, "cannot start the thread \(name): \(errorText(failure))")
        pthread_detach(thread)
    }
}

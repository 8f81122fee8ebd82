import Dispatch
import Glibc

extension Daemon {
    private enum Signal: Sendable {
        case stop, reload
    }

    /// `paidan serve`: starts, tells where it listens, and runs until SIGTERM or SIGINT; SIGHUP reloads the rules.
    ///
    /// Returns the exit code: 0 after a clean stop; 78 without usable rules; 1 where anything else is missing, with a line on
    /// standard error that says what and what to do.
    package static func run(_ configuration: Configuration) async -> Int32 {
        // Before anything else, so that a signal during the start is not lost.
        let (signals, continuation) = AsyncStream<Signal>.makeStream()
        var sources: [any DispatchSourceSignal] = []
        for (number, meaning) in [(SIGTERM, Signal.stop), (SIGINT, .stop), (SIGHUP, .reload)] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(meaning) }
            source.activate()
            sources.append(source)
        }
        defer { for source in sources { source.cancel() } }
        let daemon: Daemon
        do {
            daemon = try await start(configuration)
        } catch {
            writeToStandardError("paidan: \(error.description)\n")
            return error.exitCode
        }
        for address in daemon.addresses { print("listening on \(address)") }
        fflush(nil)
        for await signal in signals {
            switch signal {
            case .reload: _ = await daemon.reload()
            case .stop:
                await daemon.stop()
                return 0
            }
        }
        return 0
    }
}

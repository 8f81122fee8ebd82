// The HTTP doors of the daemon: every listener, Unix and TCP alike, serves the same routes.
//
//   created --start--> starting --> running --stop--> stopping --> stopped
//                          |                                          ^
//                          +------- one address can't be had ---------+
//
// `start` is all or nothing: where one listener can't be had, those before it are closed again and the fault names the one.
// `stop` takes no new connections, lets requests under way be answered, and cuts off what is left after `stop_wait`.

import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTPTypesHTTP1
import NIOPosix
import Synchronization

/// A sign of life of one listener, for the watchdog.
package struct DoorPulse: Sendable, Hashable {
    package var address: BoundAddress
    /// False when the listening socket was closed under us.
    package var isListening: Bool
    /// Grows about once a second while every event loop turns (connections are spread over all of them, so the slowest counts).
    package var beats: UInt64
}

package final class HTTPDoors: Sendable {
    private struct Listener: Sendable {
        var channel: any Channel
        var address: BoundAddress
        var file: SocketFile?
    }

    private struct Running: Sendable {
        var listeners: [Listener]
        var beats: [Beats]
    }

    private enum State {
        case created, starting
        case running(Running)
        case stopping, stopped
    }

    /// Counts the turns of one event loop.
    private final class Beats: Sendable {
        private let count = Atomic<UInt64>(0)
        private let stopped = Atomic(false)

        init(_ loop: any EventLoop) {
            loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { [self] task in
                if stopped.load(ordering: .relaxed) { return task.cancel() }
                count.wrappingAdd(1, ordering: .relaxed)
            }
        }

        var value: UInt64 { count.load(ordering: .relaxed) }
        func stop() { stopped.store(true, ordering: .relaxed) }
    }

    private let addresses: [ListenAddress]
    private let backend: any Backend
    private let limits: DoorLimits
    private let logger: Logger
    private let pause: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State.created)
    private let connections = Connections()
    private let stopSignal = StopSignal()

    /// `pause`: how a busy intake is waited for; tests hand in their own.
    package init(
        addresses: [ListenAddress], backend: any Backend, limits: DoorLimits = DoorLimits(),
        logger: Logger = Logger(label: "paidan.api", factory: { _ in SwiftLogNoOpLogHandler() }),
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.addresses = addresses
        self.backend = backend
        self.limits = limits
        self.logger = logger
        self.pause = pause
    }

    /// Listens on every address; gives what each really is (port 0 became a number), in their order.
    package func start() async throws(DoorFault) -> [BoundAddress] {
        let mayStart = state.withLock { state in
            switch state {
            case .created:
                state = .starting
                return true
            case .starting, .running, .stopping, .stopped:
                return false
            }
        }
        guard mayStart else {
            throw DoorFault(what: "the doors can't be opened", why: "they were opened before", remedy: "make new ones")
        }
        // The process's own event loops, one a core: they never shut down, so a handler that is still busy when the doors
        // have closed finds its loop alive.
        let group = MultiThreadedEventLoopGroup.singleton
        var listeners: [Listener] = []
        do throws(DoorFault) {
            for address in addresses { listeners.append(try await open(address, group)) }
        } catch {
            await close(listeners)
            state.withLock { $0 = .stopped }
            throw error
        }
        let running = Running(listeners: listeners, beats: group.makeIterator().map { Beats($0) })
        state.withLock { $0 = .running(running) }
        return listeners.map(\.address)
    }

    /// Closes the listeners and returns when every connection is gone: answered, or cut off after `stop_wait`.
    /// Streams of lines end after the batches that are under way, and say where to go on.
    package func stop() async {
        let running = state.withLock { state -> Running? in
            switch state {
            case .running(let running):
                state = .stopping
                return running
            case .created:
                state = .stopped
                return nil
            case .starting, .stopping, .stopped:
                return nil
            }
        }
        guard let running else { return }
        await close(running.listeners)
        stopSignal.fire()
        connections.quiesce()
        let forced = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(limits.stop_wait)) { [connections] in connections.cutOff() }
        await connections.waitUntilEmpty()
        forced.cancel()
        for beats in running.beats { beats.stop() }
        state.withLock { $0 = .stopped }
    }

    /// One for each listener; empty unless running.
    package func pulse() -> [DoorPulse] {
        state.withLock { state in
            guard case .running(let running) = state else { return [] }
            let beats = running.beats.map { $0.value }.min() ?? 0
            return running.listeners.map { DoorPulse(address: $0.address, isListening: $0.channel.isActive, beats: beats) }
        }
    }

    /// Connections open now, over all listeners.
    package var connectionCount: Int { connections.count }

    // MARK: - Listeners

    private func close(_ listeners: [Listener]) async {
        for listener in listeners {
            // A failure here means that it is closed already.
            try? await listener.channel.close()
            listener.file?.remove()
        }
    }

    private func open(_ address: ListenAddress, _ group: MultiThreadedEventLoopGroup) async throws(DoorFault) -> Listener {
        let backlog: Int32 = 256
        switch address {
        case .unix(let path, let mode):
            let (descriptor, file) = try ListeningSocket.unix(path: path, mode: mode, backlog: backlog)
            do {
                let channel = try await bootstrap(group, .socket).withBoundSocket(descriptor).get()
                return Listener(channel: channel, address: .unix(path: path), file: file)
            } catch {
                file.remove()
                throw fault(path, error)
            }
        case .tcp(let host, let port):
            do {
                let channel = try await bootstrap(group, .http)
                    .serverChannelOption(ChannelOptions.backlog, value: backlog)
                    .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: host, port: port).get()
                return Listener(channel: channel, address: bound(channel, host, port), file: nil)
            } catch {
                throw fault(BoundAddress.tcp(host: host, port: port).description, error)
            }
        case .inherited(let descriptor):
            let kind = try ListeningSocket.family(ofInherited: descriptor)
            do {
                let channel = try await bootstrap(group, kind).withBoundSocket(descriptor).get()
                return Listener(channel: channel, address: bound(channel, "inherited", 0), file: nil)
            } catch {
                throw fault("inherited socket \(descriptor)", error)
            }
        }
    }

    private func bound(_ channel: any Channel, _ host: String, _ port: Int) -> BoundAddress {
        guard let local = channel.localAddress else { return .tcp(host: host, port: port) }
        if let path = local.pathname { return .unix(path: path) }
        return .tcp(host: local.ipAddress ?? host, port: local.port ?? port)
    }

    private func bootstrap(_ group: MultiThreadedEventLoopGroup, _ kind: DoorKind) -> ServerBootstrap {
        let responder = Responder(backend: backend, kind: kind, limits: limits, stopSignal: stopSignal, pause: pause)
        let limits = limits
        let logger = logger
        let connections = connections
        let http = HTTP1Channel(
            responder: { request, writer, _ in try await responder.respond(to: request, writer) },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionGuard(limits: limits)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: limits.header_bytes_max, maxHeaderListSize: 2 * limits.header_bytes_max,
                    maxHeaderFieldCount: limits.header_fields_max)))
        return ServerBootstrap(group: group)
            // One at a time, so that the limit of connections is exact.
            .serverChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AvailableConnectionsChannelHandler(maxConnections: limits.connections_max))
                }
            }
            // A client may shut its side after the request and still gets its answer.
            .childChannelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                guard connections.admit(channel) else {
                    return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
                }
                return http.setup(channel: channel, logger: logger).flatMapThrowing { value in
                    let pipeline = channel.pipeline.syncOperations
                    let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
                    try pipeline.addHandler(OldClients(), position: .before(codec))
                    // The connection's own life: it ends when the connection closes, which `stop` waits for.
                    Task { await http.handle(value: value, logger: logger) }
                }
            }
    }

    private func fault(_ place: String, _ error: any Error) -> DoorFault {
        var why = "\(error)"
        var remedy = "look at the address"
        if let error = error as? IOError {
            why = ListeningSocket.text(error.errnoCode)
            switch Errno(error.errnoCode) {
            case .addressInUse:
                why = "somebody else is listening there"
                remedy = "find out who (ss -ltnp), stop it, or give --listen another port"
            case .addressNotAvailable:
                why = "this machine has no such address"
                remedy = "see which it has (ip address), and give --listen one of them"
            case .permission:
                why = "the kernel does not allow this user to"
                remedy = "take a port from 1024 up, or let systemd hand the socket over (paidan.socket)"
            case .other:
                break
            }
        } else if error is SocketAddressError {
            why = "no address is known by that name"
            remedy = "give --listen an address, as 127.0.0.1:8080"
        }
        return DoorFault(what: "can't listen on \(place)", why: why, remedy: remedy)
    }
}

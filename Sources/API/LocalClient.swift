// The command line's way to the daemon: HTTP/1.1 over its Unix socket, one connection a request. Every failure is said in
// words: what, why, what to do.

import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

package struct LocalClient: Sendable {
    package struct Response: Sendable {
        package var status: Int
        /// Names in lower case.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        /// The first value of a field; `name` in lower case.
        package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    }

    /// The largest answer that is held: some hundred thousand tasks.
    package static let answer_bytes_max = 512 * 1_024 * 1_024
    /// The longest line of a streamed answer.
    package static let line_bytes_max = 4 * 1_024 * 1_024

    package let socketPath: String

    package init(socketPath: String) { self.socketPath = socketPath }

    /// Sends one request and waits for the whole answer. `path` is written as it goes over the wire (percent-encoded).
    /// `timeout`: how long the daemon may take in all. Any status is an answer; faults are about getting none.
    package func request(
        method: String = "GET", path: String, body: [UInt8]? = nil, headers: [(name: String, value: String)] = [],
        timeout: Duration = .seconds(60)
    ) async throws(DoorFault) -> Response {
        let head = head(method, path, headers + (body.map { [("content-length", String($0.count))] } ?? []))
        return try await exchange(timeout: timeout, sink: nil) { outbound in
            try await outbound.write(.head(head))
            if let body { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body)))) }
            try await outbound.write(.end(nil))
        }
    }

    /// Posts JSON lines as they come from `chunks` (cut anywhere), and hands each line of the answer to `receive` as it
    /// arrives, without its line end. Both ways run at once, with back-pressure. An answer other than 200 comes back whole,
    /// and `receive` is not called. What `chunks` or `receive` throw ends the exchange and is thrown again. `chunks` should heed
    /// cancellation: that is how it is told that the daemon has answered and wants no more.
    package func postLines<Chunks: AsyncSequence & Sendable>(
        path: String = "/v1/inputs", _ chunks: Chunks, receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Response where Chunks.Element == [UInt8] {
        let head = head("POST", path, [("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")])
        let own = FirstError()
        do throws(DoorFault) {
            let sink: LineSink = { line in
                do {
                    try await receive(line)
                } catch {
                    own.set(error)
                    throw error
                }
            }
            return try await exchange(timeout: nil, sink: sink) { outbound in
                try await outbound.write(.head(head))
                var iterator = chunks.makeAsyncIterator()
                while true {
                    let chunk: [UInt8]?
                    do {
                        chunk = try await iterator.next()
                    } catch {
                        own.set(error)
                        throw SenderFailed()
                    }
                    guard let chunk else { break }
                    if !chunk.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: chunk)))) }
                }
                try await outbound.write(.end(nil))
            }
        } catch {
            throw own.value ?? error
        }
    }

    // MARK: - The exchange

    private typealias Wire = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
    private typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    private typealias LineSink = @Sendable ([UInt8]) async throws -> Void

    private func head(_ method: String, _ path: String, _ fields: [(name: String, value: String)]) -> HTTPRequestHead {
        var headers = HTTPHeaders([("host", "localhost"), ("connection", "close")])
        for field in fields { headers.add(name: field.name, value: field.value) }
        return HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: headers)
    }

    private func exchange(
        timeout: Duration?, sink: LineSink?, send: @escaping @Sendable (Outbound) async throws -> Void
    ) async throws(DoorFault) -> Response {
        let wire = try await connect()
        let isLate = Latch()
        let deadline = timeout.map { timeout in
            wire.channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
                isLate.set()
                wire.channel.close(promise: nil)
            }
        }
        defer { deadline?.cancel() }
        do {
            return try await wire.executeThenClose { inbound, outbound in
                // A daemon that refuses early stops reading: then sending fails, and its answer says why.
                // Whoever still sends to a daemon that has answered is cancelled.
                async let _: Void = {
                    do { try await send(outbound) } catch is SenderFailed { wire.channel.close(promise: nil) } catch {}
                }()
                return try await receive(inbound, sink)
            }
        } catch {
            if isLate.isSet { throw late(timeout) }
            throw error as? DoorFault ?? broken("\(error)")
        }
    }

    private func receive(
        _ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, _ sink: LineSink?
    ) async throws -> Response {
        var response: Response?
        var cutter = LineCutter(bytes_max: Self.line_bytes_max)
        func hand(_ line: LineCutter.Line) async throws {
            switch line {
            case .line(_, let bytes): try await sink?(bytes)
            case .tooLong(let number): throw broken("line \(number) of its answer is longer than \(Self.line_bytes_max) bytes")
            }
        }
        for try await part in inbound {
            switch part {
            case .head(let head):
                guard !(100..<200).contains(head.status.code) else { continue }
                response = Response(
                    status: Int(head.status.code), headers: head.headers.map { ($0.name.lowercased(), $0.value) }, body: [])
            case .body(let bytes):
                guard response != nil else { continue }
                if sink != nil, response?.status == 200 {
                    cutter.feed(bytes)
                    while let line = cutter.next() { try await hand(line) }
                } else {
                    guard (response?.body.count ?? 0) + bytes.readableBytes <= Self.answer_bytes_max else {
                        throw broken("its answer is longer than \(Self.answer_bytes_max) bytes")
                    }
                    response?.body += bytes.readableBytesView
                }
            case .end:
                guard let response else { continue }
                if let line = cutter.last() { try await hand(line) }
                return response
            }
        }
        throw broken("it closed the connection before its answer was whole")
    }

    private func connect() async throws(DoorFault) -> Wire {
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Wire(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw unreachable(error.errnoCode)
        } catch {
            throw DoorFault(
                what: "paidan can't be reached", why: "\(socketPath) can't be used as a socket (\(error))",
                remedy: "give --socket the daemon's own path")
        }
    }

    // MARK: - Words

    private func unreachable(_ code: Int32) -> DoorFault {
        switch ConnectFailure(code) {
        case .noSocket:
            DoorFault(
                what: "paidan can't be reached", why: "there is no socket at \(socketPath): the daemon is not running, or listens elsewhere",
                remedy: "look with systemctl status paidan, start it with systemctl start paidan, or name its socket with --socket")
        case .refused:
            DoorFault(
                what: "paidan can't be reached", why: "nobody listens on \(socketPath): the daemon has stopped",
                remedy: "look with systemctl status paidan and journalctl -u paidan, and start it with systemctl start paidan")
        case .denied:
            DoorFault(
                what: "paidan can't be reached", why: "you may not open \(socketPath)",
                remedy: "become a member of the group paidan (usermod -aG paidan NAME, and log in again), or use sudo")
        case .other:
            DoorFault(
                what: "paidan can't be reached", why: "\(socketPath): \(ListeningSocket.text(code))",
                remedy: "look with systemctl status paidan")
        }
    }

    private func broken(_ why: String) -> DoorFault {
        DoorFault(
            what: "paidan gave no whole answer", why: why,
            remedy: "look with systemctl status paidan and journalctl -u paidan, and try again: the same input twice has one effect")
    }

    private func late(_ timeout: Duration?) -> DoorFault {
        DoorFault(
            what: "paidan gave no answer in time", why: "it took longer than \(timeout ?? .zero)",
            remedy: "look with systemctl status paidan and journalctl -u paidan")
    }
}

/// The caller's lines could not be had: the exchange has no sense any more.
private struct SenderFailed: Error {}

/// Set once, from any thread.
private final class Latch: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

/// What went wrong first on the caller's own side.
private final class FirstError: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    var value: (any Error)? { error.withLock { $0 } }
    func set(_ new: any Error) { error.withLock { $0 = $0 ?? new } }
}

// What the tests of the HTTP doors share: a backend that obeys, a wire that sends exactly the bytes it is told, and signals
// to wait for instead of time.

import Decisions
import Domain
import Foundation
import HTTPTypes
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import API

/// Opens once; whoever waits goes through.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// A backend whose answers a test sets. What an input's id begins with decides its receipt: `duplicate`, `conflict`,
/// `rejected`; anything else is accepted.
final class FakeBackend: Backend {
    struct State {
        var batches: [[Input]] = []
        var filters: [TaskFilter] = []
        var caseFilters: [CaseFilter] = []
        var figureFilters: [FigureFilter] = []
        var lookError: String?
        var health = HealthAnswer(isHealthy: true)
        var reload = ReloadAnswer.loaded(hash: "abc", warnings: [])
        var reloads = 0
        var tasks: [[UInt8]] = [Array(#"{"id":"T-20261122-1"}"#.utf8), Array(#"{"id":"T-20261122-2"}"#.utf8)]
        var underWay = 0
        var mostUnderWay = 0
        var batchesUnderWay = 0
        var mostBatchesUnderWay = 0
    }
    let state = Mutex(State())
    /// Runs after a batch was queued, before its receipts come.
    private let beforeCommit: @Sendable (Int) async throws(IntakeRefusal) -> Void

    init(beforeCommit: @escaping @Sendable (_ batch: Int) async throws(IntakeRefusal) -> Void = { _ throws(IntakeRefusal) in }) {
        self.beforeCommit = beforeCommit
    }

    var inputs: [Input] { state.withLock { $0.batches.flatMap { $0 } } }

    func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt] {
        let batch = state.withLock { state in
            state.batches.append(inputs)
            state.underWay += inputs.count
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            state.batchesUnderWay += 1
            state.mostBatchesUnderWay = max(state.mostBatchesUnderWay, state.batchesUnderWay)
            return state.batches.count
        }
        defer {
            state.withLock { state in
                state.underWay -= inputs.count
                state.batchesUnderWay -= 1
            }
        }
        try await beforeCommit(batch)
        return inputs.map { input in
            let status =
                [ReceiptStatus.duplicate, .conflict, .rejected].first { input.key.id.hasPrefix($0.rawValue) } ?? .accepted
            return Receipt(
                id: input.key.id, source: input.key.source, status: status,
                tasks: status == .accepted ? [TaskID(day: 20_261_122, number: 1)] : [],
                reason: status == .conflict || status == .rejected ? "because" : nil)
        }
    }

    struct Failure: Error, CustomStringConvertible { var description: String }

    func cases(_ filter: CaseFilter) async throws -> [[UInt8]] {
        try state.withLock { state in
            state.caseFilters.append(filter)
            if let error = state.lookError { throw Failure(description: error) }
            return [Array(#"{"id":"C-20261122-1"}"#.utf8)]
        }
    }

    func report(_ id: String, source: SourceID?) async throws -> [[UInt8]] {
        if let error = state.withLock({ $0.lookError }) { throw Failure(description: error) }
        return id == "95598-1" ? [Array(#"{"receipt":{"id":"95598-1","source":"\#(source?.rawValue ?? "95598")"},"tasks":[]}"#.utf8)] : []
    }

    func kase(_ id: CaseID) async throws -> [UInt8]? {
        if let error = state.withLock({ $0.lookError }) { throw Failure(description: error) }
        return id.number == 1 ? Array(#"{"id":"\#(id)","history":[]}"#.utf8) : nil
    }

    func tasks(_ filter: TaskFilter) async throws -> [[UInt8]] {
        try state.withLock { state in
            state.filters.append(filter)
            if let error = state.lookError { throw Failure(description: error) }
            return state.tasks
        }
    }

    func task(_ id: TaskID) async throws -> [UInt8]? {
        id == TaskID(day: 20_261_122, number: 1) ? Array(#"{"id":"T-20261122-1","history":[]}"#.utf8) : nil
    }

    func why(_ id: TaskID) async throws -> [UInt8]? {
        id == TaskID(day: 20_261_122, number: 1) ? Array(#"{"rule":"faults.x"}"#.utf8) : nil
    }

    func figures(_ filter: FigureFilter) async throws -> FigureAnswer {
        try state.withLock { state in
            state.figureFilters.append(filter)
            if let error = state.lookError { throw Failure(description: error) }
            if filter.since == "soon" { return .refused(parameter: "since", why: "'soon' is not a time", remedy: "write it like 7d") }
            return .made(Array("as \(filter.format.rawValue)".utf8))
        }
    }

    func devices(all: Bool) async throws -> [[UInt8]] { [Array(#"{"device":"T-991"}"#.utf8)] }
    func device(_ id: DeviceID) async throws -> [UInt8]? { id.rawValue == "T-991" ? Array(#"{"device":"T-991"}"#.utf8) : nil }
    func districts() async throws -> [[UInt8]] { [Array(#"{"district":"lucheng"}"#.utf8)] }
    func contractors() async throws -> [[UInt8]] { [Array(#"{"contractor":"c-7"}"#.utf8)] }
    func customer(_ account: CustomerID) async throws -> [UInt8]? { account.rawValue == "330" ? Array(#"{"customer":"330"}"#.utf8) : nil }
    func outages(all: Bool) async throws -> [[UInt8]] { [Array(#"{"outage":"o-7"}"#.utf8)] + (all ? [Array(#"{"outage":"o-1"}"#.utf8)] : []) }
    func crews() async throws -> [[UInt8]] { [Array(#"{"id":"north-2"}"#.utf8)] }
    func status() async -> [UInt8] { Array(#"{"open":0}"#.utf8) }

    func reload() async -> ReloadAnswer {
        state.withLock { state in
            state.reloads += 1
            return state.reload
        }
    }

    func health() async -> HealthAnswer { state.withLock { $0.health } }
    func metrics() async -> [UInt8] { Array("# TYPE paidan_open gauge\npaidan_open 0\n# EOF\n".utf8) }
}

struct Reply {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]
    var text: String { String(decoding: body, as: UTF8.self) }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    func json() throws -> JSONValue { try JSONValue.parse(body) }
    /// `error.what`, which every error has.
    var what: String? { try? json()["error"]?["what"]?.string }
}

/// One connection, byte by byte. Used by one task.
final class Wire {
    typealias Socket = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    let channel: any Channel
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var buffer: [UInt8] = []
    struct Ended: Error { var text: String }

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.channel = channel
        self.iterator = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    static func with<R>(_ address: BoundAddress, _ body: (Wire) async throws -> R) async throws -> R {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
        let wrap: @Sendable (any Channel) -> EventLoopFuture<Socket> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try Socket(wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
            }
        }
        let socket =
            switch address {
            case .unix(let path): try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: wrap)
            case .tcp(let host, let port): try await bootstrap.connect(host: host, port: port, channelInitializer: wrap)
            }
        return try await socket.executeThenClose { inbound, outbound in
            try await body(Wire(socket.channel, inbound, outbound))
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
    /// Shuts our side: the peer sees the end, and can still answer.
    func halfClose() { outbound.finish() }

    private func more() async throws -> Bool {
        guard let bytes = try await iterator.next(isolation: #isolation) else { return false }
        buffer += bytes.readableBytesView
        return true
    }

    /// Everything up to and with `mark`.
    func read(until mark: String) async throws -> String {
        let mark = Array(mark.utf8)
        while true {
            if let range = buffer.firstRange(of: mark) {
                defer { buffer.removeSubrange(..<range.upperBound) }
                return String(decoding: buffer[..<range.upperBound], as: UTF8.self)
            }
            guard try await more() else { throw Ended(text: String(decoding: buffer, as: UTF8.self)) }
        }
    }

    private func read(count: Int) async throws -> [UInt8] {
        while buffer.count < count {
            guard try await more() else { throw Ended(text: String(decoding: buffer, as: UTF8.self)) }
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// All that comes until the peer closes, however it closes.
    func readToEnd() async -> String {
        while (try? await more()) == true {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    func readHead() async throws -> Reply {
        let head = try await read(until: "\r\n\r\n")
        var lines = head.components(separatedBy: "\r\n")
        let status = try #require(Int(lines.removeFirst().split(separator: " ")[1]))
        var headers: [String: String] = [:]
        for line in lines where !line.isEmpty {
            let halves = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            headers[halves[0].lowercased()] = halves.count == 2 ? halves[1] : ""
        }
        return Reply(status: status, headers: headers, body: [])
    }

    /// One whole response. `isHead`: it has no body, whatever its length says.
    func readReply(isHead: Bool = false) async throws -> Reply {
        var reply = try await readHead()
        if isHead { return reply }
        if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
            reply.body = try await read(count: length)
        } else if reply.headers["transfer-encoding"] == "chunked" {
            while true {
                let size = try #require(Int(try await read(until: "\r\n").dropLast(2), radix: 16))
                reply.body += try await read(count: size)
                _ = try await read(until: "\r\n")
                if size == 0 { break }
            }
        }
        return reply
    }
}

extension String {
    /// `\r\n` is one Character in Swift: dropping a line end goes by bytes.
    fileprivate func dropLast(_ bytes: Int) -> String { String(decoding: utf8.dropLast(bytes), as: UTF8.self) }
}

func request(_ method: String, _ path: String, _ headers: [String] = [], _ body: [UInt8]? = nil) -> [UInt8] {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
    for header in headers { head += header + "\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    return Array((head + "\r\n").utf8) + (body ?? [])
}

/// One request on a connection of its own. What comes back must stand in the description of the routes.
func call(
    _ address: BoundAddress, _ method: String, _ path: String, _ headers: [String] = [], body: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Reply {
    let reply = try await Wire.with(address) { wire in
        try await wire.send(request(method, path, ["Connection: close"] + headers, body.map { Array($0.utf8) }))
        return try await wire.readReply(isHead: method == "HEAD")
    }
    let route = Route.match(.init(method) ?? .get, (try? RequestTarget(path).segments) ?? [])
    if case .found(let name, _) = route, let known = Route.all.first(where: { $0.name == name }) {
        let described = try JSONValue.parse(OpenAPI.document)["paths"]?[known.path]?[known.method.rawValue.lowercased()]?["responses"]
        #expect(described?["\(reply.status)"] != nil, "\(method) \(path) gave \(reply.status), which is not described", sourceLocation: sourceLocation)
    }
    if reply.status >= 400, reply.headers["content-type"] == "application/json", method != "HEAD" {
        let json = try reply.json()
        let isSaid = json["error"]?["why"]?.string != nil && json["error"]?["do"]?.string != nil
        #expect(isSaid || json["reason"]?.string != nil || json["reasons"] != nil, "no reason: \(reply.text)", sourceLocation: sourceLocation)
    }
    return reply
}

/// A folder that goes when the test ends.
func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    var template = Array("/tmp/paidan-api-XXXXXX".utf8CString)
    let path = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

/// Doors on a Unix socket and on TCP, open while the body runs.
func withDoors<R>(
    _ backend: FakeBackend = FakeBackend(), limits: DoorLimits = DoorLimits(),
    pause: @escaping @Sendable (Duration) async throws -> Void = { _ in },
    _ body: (_ doors: HTTPDoors, _ unix: BoundAddress, _ tcp: BoundAddress) async throws -> R
) async throws -> R {
    try await withFolder { folder in
        let doors = HTTPDoors(
            addresses: [.unix(path: folder + "/s", mode: ListenAddress.defaultMode), .tcp(host: "127.0.0.1", port: 0)],
            backend: backend, limits: limits, pause: pause)
        let bound = try await doors.start()
        do {
            let result = try await body(doors, bound[0], bound[1])
            await doors.stop()
            return result
        } catch {
            await doors.stop()
            throw error
        }
    }
}

func report(_ id: String) -> String { #"{"id":"\#(id)","source":"t","type":"fault","category":"no_power"}"# }

import Domain
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import API

/// Listeners and connections: how they begin, what they bear, how they end.
@Suite struct APIDoorTests {
    @Test func theSocketHasItsModeAndGoesWithTheDoors() async throws {
        try await withFolder { folder in
            let path = folder + "/s"
            let doors = HTTPDoors(addresses: [.unix(path: path, mode: 0o660)], backend: FakeBackend())
            let bound = try await doors.start()
            #expect(bound == [.unix(path: path)])
            var info = stat()
            #expect(stat(path, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o660)
            #expect(doors.pulse().map(\.address) == [.unix(path: path)])
            #expect(doors.pulse().map(\.isListening) == [true])
            while doors.pulse().first?.beats == 0 { await Task.yield() }
            await doors.stop()
            #expect(doors.pulse().isEmpty)
            #expect(!FileManager.default.fileExists(atPath: path))
            await #expect(throws: DoorFault.self) { try await doors.start() }
        }
    }

    @Test func aStaleSocketIsReplacedAndALiveOneIsNot() async throws {
        try await withFolder { folder in
            let path = folder + "/s"
            // Left behind by a daemon that died: the file is there, nobody listens.
            let (descriptor, _) = try ListeningSocket.unix(path: path, mode: 0o600, backlog: 1)
            close(descriptor)
            let doors = HTTPDoors(addresses: [.unix(path: path, mode: 0o660)], backend: FakeBackend())
            let bound = try await doors.start()
            #expect(bound == [.unix(path: path)])
            #expect(try await call(.unix(path: path), "GET", "/healthz").status == 200)

            let second = HTTPDoors(addresses: [.unix(path: path, mode: 0o660)], backend: FakeBackend())
            let fault = await #expect(throws: DoorFault.self) { try await second.start() }
            #expect(fault?.why == "another paidan is listening on \(path)")
            #expect(try await call(.unix(path: path), "GET", "/healthz").status == 200)
            // A file that took our place is not ours to remove.
            #expect(unlink(path) == 0)
            try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
            await doors.stop()
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func whatCannotBeListenedOnIsSaid() async throws {
        try await withFolder { folder in
            func fault(_ addresses: ListenAddress...) async -> DoorFault? {
                let doors = HTTPDoors(addresses: addresses, backend: FakeBackend())
                return await #expect(throws: DoorFault.self) { try await doors.start() }
            }
            let missing = await fault(.unix(path: folder + "/no/where/s", mode: 0o660))
            #expect(missing?.why == "there is no folder \(folder)/no/where")
            #expect(missing?.remedy.contains("mkdir -p \(folder)/no/where") == true)
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
            #expect(await fault(.unix(path: folder + "/file", mode: 0o660))?.why == "there is something there that is no socket")
            #expect(FileManager.default.fileExists(atPath: folder + "/file"))
            #expect(await fault(.unix(path: "/" + String(repeating: "x", count: 200), mode: 0o660))?.why.contains("201 bytes") == true)
            #expect(await fault(.tcp(host: "192.0.2.1", port: 0))?.why == "this machine has no such address")
            #expect(await fault(.inherited(fileDescriptor: 9_999))?.what == "can't use the inherited socket 9999")

            // All or nothing: the first listener is closed again when the second can't be had.
            try await withDoors { _, _, tcp in
                guard case .tcp(let host, let port) = tcp else { return }
                let taken = await fault(.unix(path: folder + "/s", mode: 0o660), .tcp(host: host, port: port))
                #expect(taken?.what == "can't listen on \(tcp)")
                #expect(taken?.why == "somebody else is listening there")
                #expect(!FileManager.default.fileExists(atPath: folder + "/s"))
            }
        }
    }

    @Test(arguments: [
        ("127.0.0.1:8080", ListenAddress.tcp(host: "127.0.0.1", port: 8080)), ("[::1]:0", .tcp(host: "::1", port: 0)),
        ("localhost:65535", .tcp(host: "localhost", port: 65535)),
    ])
    func anAddressIsRead(text: String, address: ListenAddress) throws {
        #expect(try ListenAddress.tcp(parsing: text) == address)
    }

    @Test(arguments: ["", "8080", ":8080", "host:", "host:65536", "host:-1", "::1:80", "host:http", "[]:1"])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(throws: DoorFault.self) { try ListenAddress.tcp(parsing: text) }
    }

    @Test func inheritedListenersAreServed() async throws {
        try await withFolder { folder in
            let (unix, _) = try ListeningSocket.unix(path: folder + "/s", mode: 0o600, backlog: 8)
            let tcp = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(tcp, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            #expect(bound == 0)
            #expect(listen(tcp, 8) == 0)
            let backend = FakeBackend()
            let doors = HTTPDoors(addresses: [.inherited(fileDescriptor: unix), .inherited(fileDescriptor: tcp)], backend: backend)
            let at = try await doors.start()
            #expect(at[0] == .unix(path: folder + "/s"))
            #expect(try await call(at[0], "POST", "/v1/reload").status == 200)
            #expect(try await call(at[1], "POST", "/v1/reload").status == 403)
            await doors.stop()
            // systemd's socket file is not ours to remove.
            #expect(FileManager.default.fileExists(atPath: folder + "/s"))
        }
    }

    @Test func requestsUnderWayAreAnsweredBeforeTheDoorsClose() async throws {
        let entered = Gate()
        let gate = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in
            entered.open()
            await gate.wait()
        }
        try await withFolder { folder in
            let doors = HTTPDoors(addresses: [.tcp(host: "127.0.0.1", port: 0), .unix(path: folder + "/s", mode: 0o660)], backend: backend)
            let at = try await doors.start()
            let reply = Task { try await call(at[0], "POST", "/v1/inputs", body: report("a")) }
            await entered.wait()
            try await Wire.with(at[1]) { idle in
                async let stopped: Void = doors.stop()
                // The idle connection is closed at once: that is the signal that stopping has begun.
                #expect(await idle.readToEnd() == "")
                await #expect(throws: (any Error).self) { try await call(at[0], "GET", "/healthz") }
                gate.open()
                let status = try await reply.value.status
                #expect(status == 200)
                await stopped
            }
            #expect(doors.connectionCount == 0)
        }
    }

    @Test func aStreamUnderWayEndsWithWhatIsCommitted() async throws {
        let backend = FakeBackend()
        try await withFolder { folder in
            let doors = HTTPDoors(addresses: [.unix(path: folder + "/s", mode: 0o660)], backend: backend)
            let at = try await doors.start()
            try await Wire.with(at[0]) { wire in
                try await wire.send(APIStreamTests.head + APIStreamTests.chunk(report("a") + "\n"))
                #expect(try await wire.read(until: "}\n").contains("\"a\""))
                async let stopped: Void = doors.stop()
                let end = try await wire.read(until: "0\r\n\r\n")
                #expect(end.contains(#"{"line":2,"error":{"what":"nothing was taken in","why":"the daemon is stopping"#), "\(end)")
                #expect(await wire.readToEnd() == "")
                wire.halfClose()
                await stopped
            }
        }
        #expect(backend.inputs.map(\.key.id) == ["a"])
    }

    @Test func stoppingIsBounded() async throws {
        let entered = Gate()
        let gate = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in
            entered.open()
            await gate.wait()
        }
        var limits = DoorLimits()
        limits.stop_wait = .milliseconds(20)
        let doors = HTTPDoors(addresses: [.tcp(host: "127.0.0.1", port: 0)], backend: backend, limits: limits)
        let at = try await doors.start()
        try await Wire.with(at[0]) { wire in
            try await wire.send(request("POST", "/v1/inputs", [], Array(report("a").utf8)))
            await entered.wait()
            await doors.stop()
            #expect(await wire.readToEnd() == "")
        }
        gate.open()
    }

    @Test func aClientThatShutsItsSideStillGetsAllOfItsAnswer() async throws {
        let backend = FakeBackend()
        let task = Array(#"{"id":"T-20261122-1","note":"\#(String(repeating: "长", count: 300))"}"#.utf8)
        backend.state.withLock { $0.tasks = Array(repeating: task, count: 20_000) }
        try await withDoors(backend) { _, unix, tcp in
            for address in [unix, tcp] {
                let reply = try await Wire.with(address) { wire in
                    try await wire.send(request("GET", "/v1/tasks"))
                    wire.halfClose()
                    return try await wire.readReply()
                }
                #expect(reply.body.count == 20_000 * (task.count + 1) + 1)
            }
        }
    }

    @Test func requestsOnOneConnectionAreAnsweredInOrder() async throws {
        try await withDoors { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send(
                    request("GET", "/v1/status") + request("POST", "/v1/inputs", [], Array(report("a").utf8)) + request("GET", "/v1/crews"))
                #expect(try await wire.readReply().text == #"{"open":0}"#)
                #expect(try await wire.readReply().text.contains("accepted"))
                #expect(try await wire.readReply().text == #"[{"id":"north-2"}]"#)
            }
        }
    }

    @Test(arguments: ["GET /v1/status HTTP/1.0\r\n\r\n", "GET /v1/status HTTP/1.1\r\nHost: t\r\nConnection: Close\r\n\r\n"])
    func whoWantsTheConnectionClosedGetsItClosed(text: String) async throws {
        var limits = DoorLimits()
        limits.head_wait = .seconds(3_600)
        try await withDoors(limits: limits) { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send(text)
                #expect(try await wire.readReply().text == #"{"open":0}"#)
                #expect(await wire.readToEnd() == "")
            }
        }
    }

    @Test func whoDoesNotReadItsAnswerIsCutOff() async throws {
        var limits = DoorLimits()
        limits.stall_wait = .milliseconds(20)
        limits.stop_wait = .seconds(3_600)
        let backend = FakeBackend()
        backend.state.withLock { $0.tasks = Array(repeating: Array(String(repeating: "7", count: 1_000).utf8), count: 30_000) }
        // `stop` waits for answers under way, and this one would never end.
        let doors = HTTPDoors(addresses: [.tcp(host: "127.0.0.1", port: 0)], backend: backend, limits: limits)
        let at = try await doors.start()
        try await Wire.with(at[0]) { wire in
            try await wire.send(request("GET", "/v1/tasks"))
            #expect(try await wire.readHead().status == 200)
            await doors.stop()
            #expect(doors.connectionCount == 0)
        }
    }

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        try await withDoors { _, _, tcp in
            try await Wire.with(tcp) { wire in
                let body = report("a")
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
                #expect(try await wire.readHead().status == 100)
                try await wire.send(body)
                #expect(try await wire.readReply().status == 200)
                // What would be too large is refused before it is sent.
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 9999999\r\n\r\n")
                #expect(try await wire.readReply().status == 413)
            }
        }
    }

    @Test(arguments: [
        ("NONSENSE\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: t\r\nbad header\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: t\r\nX: \(String(repeating: "x", count: 40_000))\r\n\r\n", 431),
        ("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ])
    func whatIsNoHTTPIsRefused(text: String, status: Int) async throws {
        try await withDoors { _, _, tcp in
            let reply = try await Wire.with(tcp) { wire in
                try await wire.send(text)
                let reply = try await wire.readReply()
                #expect(await wire.readToEnd() == "")
                return reply
            }
            #expect(reply.status == status)
            #expect(reply.what == "the request can't be understood")
        }
    }

    @Test func aHeadMustComeInTime() async throws {
        var limits = DoorLimits()
        limits.head_wait = .milliseconds(20)
        try await withDoors(limits: limits) { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send("GET /healthz HT")
                #expect(await wire.readToEnd() == "")
            }
        }
    }

    @Test func aBodyMustComeInTime() async throws {
        var limits = DoorLimits()
        limits.body_wait = .milliseconds(20)
        let backend = FakeBackend()
        try await withDoors(backend, limits: limits) { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
                let reply = try await wire.readReply()
                #expect(reply.status == 408)
                #expect(reply.what == "the request was given up")
                #expect(await wire.readToEnd() == "")
            }
            // A stream of lines: the one that came is taken in, then it is over.
            try await Wire.with(tcp) { wire in
                try await wire.send(APIStreamTests.head + APIStreamTests.chunk(report("a") + "\n"))
                _ = await wire.readToEnd()
            }
        }
        #expect(backend.inputs.map(\.key.id) == ["a"])
    }

    @Test func whileWeAreBusyTheClientsTimeDoesNotRun() async throws {
        let entered = Gate()
        let gate = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in
            entered.open()
            await gate.wait()
        }
        var limits = DoorLimits()
        limits.body_wait = .milliseconds(20)
        try await withDoors(backend, limits: limits) { _, _, tcp in
            let reply = Task { try await call(tcp, "POST", "/v1/inputs", body: report("slow")) }
            await entered.wait()
            // Two other clients' time runs out meanwhile: ours would have, too.
            for _ in 0..<2 {
                try await Wire.with(tcp) { wire in
                    try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{")
                    #expect(try await wire.readReply().status == 408)
                }
            }
            gate.open()
            let status = try await reply.value.status
            #expect(status == 200)
        }
    }

    @Test func nobodyHoldsMoreConnectionsThanAllowed() async throws {
        var limits = DoorLimits()
        limits.connections_max = 2
        let counts = Mutex<[Int]>([])
        let doorsBox = Mutex<HTTPDoors?>(nil)
        let backend = FakeBackend { _ throws(IntakeRefusal) in
            let count = doorsBox.withLock { $0?.connectionCount ?? 0 }
            counts.withLock { $0.append(count) }
        }
        let doors = HTTPDoors(addresses: [.tcp(host: "127.0.0.1", port: 0)], backend: backend, limits: limits)
        doorsBox.withLock { $0 = doors }
        let at = try await doors.start()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for i in 0..<40 { group.addTask { try await call(at[0], "POST", "/v1/inputs", body: report("c-\(i)")).status } }
            for try await status in group { #expect(status == 200) }
        }
        await doors.stop()
        #expect(counts.withLock { $0.count } == 40)
        #expect(counts.withLock { $0.max() ?? 9 } <= 2)
        doorsBox.withLock { $0 = nil }
    }

    @Test func aClientThatVanishesLeavesNothingBehind() async throws {
        var limits = DoorLimits()
        limits.stop_wait = .seconds(3_600)
        let entered = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in entered.open() }
        // `stop` returns only when every connection is gone: nothing but the client's going can end these.
        try await withDoors(backend, limits: limits) { _, unix, tcp in
            for address in [unix, tcp] {
                try await Wire.with(address) { wire in
                    try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n{\"type\":")
                }
                try await Wire.with(address) { wire in
                    try await wire.send(APIStreamTests.head + APIStreamTests.chunk(report("a") + "\n" + #"{"type"#))
                    await entered.wait()
                }
            }
        }
        #expect(backend.inputs.allSatisfy { $0.key.id == "a" })
    }
}

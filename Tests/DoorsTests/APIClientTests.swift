import Domain
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import API

/// The command line's client, against the doors and against daemons that fail it.
@Suite struct APIClientTests {
    @Test func aRequestAndItsAnswer() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let status = try await client.request(path: "/v1/status")
            #expect(status.status == 200)
            #expect(status.header("content-type") == "application/json")
            #expect(String(decoding: status.body, as: UTF8.self) == #"{"open":0}"#)
            let post = try await client.request(
                method: "POST", path: "/v1/inputs", body: Array(report("conflict-1").utf8), headers: [("content-type", "application/json")])
            #expect(post.status == 409)
            let lines = try await client.request(path: "/v1/tasks?limit=2", headers: [("accept", "application/x-ndjson")])
            #expect(lines.body.count { $0 == UInt8(ascii: "\n") } == 2)
        }
        #expect(backend.inputs.map(\.key.source.rawValue) == ["t"])
    }

    @Test func aRefusalReachesAClientThatStillSends() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let response = try await client.request(method: "POST", path: "/v1/inputs", body: [UInt8](repeating: 0x20, count: 3 * 1_024 * 1_024))
            #expect(response.status == 413)
        }
    }

    @Test func aStreamThatIsRefusedAtOnceIsAnAnswer() async throws {
        let backend = FakeBackend { _ throws(IntakeRefusal) in throw .noRoom("none") }
        try await withDoors(backend) { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let received = Mutex(0)
            let endless = AsyncStream<[UInt8]> { Task.isCancelled ? nil : Array((report("a") + "\n").utf8) }
            let response = try await client.postLines(endless) { _ in received.withLock { $0 += 1 } }
            #expect(response.status == 507)
            #expect(received.withLock { $0 } == 0)
            #expect(String(decoding: response.body, as: UTF8.self).contains("no room"))
        }
    }

    struct Own: Error, Equatable {}

    @Test func theCallersOwnErrorsComeBack() async throws {
        try await withDoors { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let failing = AsyncThrowingStream<[UInt8], any Error> { continuation in
                continuation.yield(Array((report("a") + "\n").utf8))
                continuation.finish(throwing: Own())
            }
            await #expect(throws: Own.self) { try await client.postLines(failing) { _ in } }
            let endless = AsyncStream<[UInt8]> { Task.isCancelled ? nil : Array((report("a") + "\n").utf8) }
            await #expect(throws: Own.self) { try await client.postLines(endless) { _ in throw Own() } }
        }
    }

    @Test func whoCannotBeReachedIsSaidInWords() async throws {
        try await withFolder { folder in
            let path = folder + "/s"
            let client = LocalClient(socketPath: path)
            let missing = await #expect(throws: DoorFault.self) { try await client.request(path: "/healthz") }
            #expect(missing?.what == "paidan can't be reached")
            #expect(missing?.why.hasPrefix("there is no socket at \(path)") == true, "\(missing?.why ?? "")")
            #expect(missing?.remedy.contains("systemctl status paidan") == true)

            let (descriptor, _) = try ListeningSocket.unix(path: path, mode: 0o600, backlog: 1)
            close(descriptor)
            let refused = await #expect(throws: DoorFault.self) { try await client.request(path: "/healthz") }
            #expect(refused?.why.hasPrefix("nobody listens on \(path)") == true, "\(refused?.why ?? "")")
            #expect(refused?.remedy.contains("systemctl status paidan") == true)

            let long = LocalClient(socketPath: "/" + String(repeating: "x", count: 200))
            let tooLong = await #expect(throws: DoorFault.self) { try await long.request(path: "/") }
            #expect(tooLong?.what == "paidan can't be reached")
            #expect(ConnectFailure(EACCES) == .denied)
            #expect(ConnectFailure(EPERM) == .denied)
            #expect(ConnectFailure(ENOENT) == .noSocket)
            #expect(ConnectFailure(EIO) == .other)
        }
    }

    @Test func aDaemonThatDoesNotAnswerInTimeIsLeft() async throws {
        let gate = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in await gate.wait() }
        try await withDoors(backend) { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let fault = await #expect(throws: DoorFault.self) {
                try await client.request(method: "POST", path: "/v1/inputs", body: Array(report("a").utf8), timeout: .milliseconds(20))
            }
            #expect(fault?.what == "paidan gave no answer in time")
            gate.open()
        }
    }

    @Test func aDaemonThatBreaksOffIsSaid() async throws {
        let gate = Gate()
        let entered = Gate()
        let backend = FakeBackend { _ throws(IntakeRefusal) in
            entered.open()
            await gate.wait()
        }
        var limits = DoorLimits()
        limits.stop_wait = .milliseconds(10)
        try await withDoors(backend, limits: limits) { doors, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            async let fault = #expect(throws: DoorFault.self) {
                try await client.request(method: "POST", path: "/v1/inputs", body: Array(report("a").utf8))
            }
            await entered.wait()
            await doors.stop()
            let broken = await fault
            #expect(broken?.what == "paidan gave no whole answer")
            gate.open()
        }
    }
}

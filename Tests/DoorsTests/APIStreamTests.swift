import Domain
import NIOCore
import Synchronization
import Testing

@testable import API

/// `POST /v1/inputs` with JSON lines.
@Suite struct APIStreamTests {
    static let head = "POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"

    static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    @Test func aBadLineIsRejectedAndTheOthersGoOn() async throws {
        let backend = FakeBackend()
        let body = [
            report("a"), "", "{\"type\":\"fault\",", "   ", report("b") + "\r", String(repeating: "y", count: 1_024 * 1_024 + 1),
            report("duplicate-c"), "\u{FF}nonsense", report("conflict-d"), report("rejected-e"), report("f"),
        ].joined(separator: "\n")
        try await withDoors(backend) { _, unix, tcp in
            for address in [unix, tcp] {
                let reply = try await call(address, "POST", "/v1/inputs", ["Content-Type: application/x-ndjson; charset=utf-8"], body: body)
                #expect(reply.status == 200)
                #expect(reply.headers["content-type"] == "application/x-ndjson")
                let receipts = try reply.lines.map { try Receipt(json: $0.utf8) }
                #expect(receipts.map(\.id) == ["a", "", "b", "", "duplicate-c", "", "conflict-d", "rejected-e", "f"])
                #expect(
                    receipts.map(\.status) == [.accepted, .rejected, .accepted, .rejected, .duplicate, .rejected, .conflict, .rejected, .accepted])
                #expect(receipts[1].reason?.hasPrefix("line 3, ") == true, "\(receipts[1])")
                #expect(receipts[3].reason?.hasPrefix("line 6, ") == true, "\(receipts[3])")
                #expect(receipts[3].reason?.contains("longer than 1048576 bytes") == true)
                #expect(receipts[5].reason?.hasPrefix("line 8, ") == true, "\(receipts[5])")
            }
        }
        #expect(backend.inputs.map(\.key.id) == Array(repeating: ["a", "b", "duplicate-c", "conflict-d", "rejected-e", "f"], count: 2).flatMap { $0 })
    }

    @Test func nothingIsNothing() async throws {
        try await withDoors { _, _, tcp in
            for body in ["", "\n\n \n"] {
                let reply = try await call(tcp, "POST", "/v1/inputs", ["Content-Type: application/x-ndjson"], body: body)
                #expect(reply.status == 200)
                #expect(reply.body.isEmpty)
            }
        }
    }

    /// The receipts of a hundred thousand lines, through the client, with no more than four batches of 512 under way.
    @Test func aHundredThousandLinesStreamThrough() async throws {
        let backend = FakeBackend()
        let count = 100_000
        let seen = Mutex<(next: Int, wrong: Int)>((0, 0))
        try await withDoors(backend) { _, unix, _ in
            let client = LocalClient(socketPath: unix.description)
            let made = Mutex(0)
            let chunks = AsyncStream<[UInt8]> {
                let first = made.withLock { made in
                    defer { made += 1_000 }
                    return made
                }
                guard first < count else { return nil }
                return Array((first..<first + 1_000).map { report("r-\($0)") + "\n" }.joined().utf8)
            }
            let response = try await client.postLines(chunks) { line in
                seen.withLock { seen in
                    if !line.starts(with: "{\"id\":\"r-\(seen.next)\",".utf8) { seen.wrong += 1 }
                    seen.next += 1
                }
            }
            #expect(response.status == 200)
        }
        #expect(seen.withLock { $0.next } == count)
        #expect(seen.withLock { $0.wrong } == 0)
        let state = backend.state.withLock { $0 }
        #expect(state.batches.joined().map(\.key.id) == (0..<count).map { "r-\($0)" })
        #expect(state.batches.allSatisfy { $0.count <= 512 })
        #expect(state.mostUnderWay <= 4 * 512)
        #expect(state.mostBatchesUnderWay <= 4)
    }

    /// A client that does not read its receipts, and an intake that does not answer, stop the reading: what is under way
    /// stays bounded, and commits group.
    @Test func nothingIsReadAheadOfTheCommits() async throws {
        let gate = Gate()
        let fourth = Gate()
        let backend = FakeBackend { batch throws(IntakeRefusal) in
            if batch == 4 { fourth.open() }
            await gate.wait()
        }
        let lines = (0..<20_000).map { report("r-\($0)") + "\n" }.joined()
        try await withDoors(backend) { _, _, tcp in
            let reply = try await Wire.with(tcp) { wire in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        await fourth.wait()
                        #expect(backend.state.withLock { $0.batchesUnderWay } == 4)
                        gate.open()
                    }
                    try await wire.send(request("POST", "/v1/inputs", ["Content-Type: application/x-ndjson", "Connection: close"], Array(lines.utf8)))
                    try await group.waitForAll()
                }
                return try await wire.readReply()
            }
            #expect(reply.lines.count == 20_000)
        }
        let state = backend.state.withLock { $0 }
        #expect(state.mostBatchesUnderWay == 4)
        #expect(state.inputs == 20_000)
        #expect(state.batches.contains { $0.count == 512 })
    }

    @Test func aClientMayWaitForEachReceipt() async throws {
        try await withDoors { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send(Self.head)
                for i in 1...20 {
                    try await wire.send(Self.chunk(report("r-\(i)") + "\n"))
                    if i == 1 { #expect(try await wire.readHead().status == 200) }
                    #expect(try await wire.read(until: "}\n").contains("\"r-\(i)\""))
                }
                try await wire.send("0\r\n\r\n")
                _ = try await wire.read(until: "0\r\n\r\n")
                // The connection is good for the next request.
                try await wire.send(request("GET", "/healthz"))
                #expect(try await wire.readReply().status == 200)
            }
        }
    }

    @Test func aBusyIntakeIsOfferedTheBatchAgain() async throws {
        let backend = FakeBackend { batch throws(IntakeRefusal) in if batch <= 3 { throw .busy } }
        let pauses = Mutex<[Duration]>([])
        try await withDoors(backend, pause: { pause in pauses.withLock { $0.append(pause) } }) { _, _, tcp in
            let reply = try await call(tcp, "POST", "/v1/inputs", ["Content-Type: application/x-ndjson"], body: report("a") + "\n" + report("b"))
            #expect(reply.status == 200)
            #expect(reply.lines.count == 2)
        }
        #expect(pauses.withLock { $0 } == [.milliseconds(50), .milliseconds(100), .milliseconds(200)])
        #expect(Set(backend.inputs.map(\.key.id)) == ["a", "b"])
    }

    @Test func aRefusalInTheMiddleSaysWhereToGoOn() async throws {
        let backend = FakeBackend { batch throws(IntakeRefusal) in if batch == 2 { throw .noRoom("0 bytes free") } }
        try await withDoors(backend) { _, _, tcp in
            try await Wire.with(tcp) { wire in
                try await wire.send(Self.head + Self.chunk("\n" + report("a") + "\n" + report("b") + "\n"))
                #expect(try await wire.readHead().status == 200)
                #expect(try await wire.read(until: "}\n").contains("\"a\""))
                #expect(try await wire.read(until: "}\n").contains("\"b\""))
                try await wire.send(Self.chunk(report("c") + "\n"))
                let last = try await wire.read(until: "}\n")
                let json = try JSONValue.parse(try #require(last.split(separator: "\r\n").last { $0.hasPrefix("{") }.map(String.init)))
                #expect(json["line"]?.int == 4)
                #expect(json["error"]?["why"]?.string?.contains("no room") == true)
                _ = try await wire.read(until: "0\r\n\r\n")
            }
        }
    }

    @Test func aLineThatBreaksOffIsNotTakenIn() async throws {
        let backend = FakeBackend()
        let gone = Gate()
        try await withDoors(backend) { doors, _, tcp in
            // The client shuts its side in the middle of the body: it is told.
            let told = try await Wire.with(tcp) { wire in
                let cut = report("whole") + "\n" + report("cut")
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000\r\n\r\n" + cut)
                wire.halfClose()
                return await wire.readToEnd()
            }
            #expect(told.contains("\"whole\""))
            #expect(told.contains(#"{"line":2,"error":{"what":"nothing was taken in","why":"the body broke off"#), "\(told)")
            // One object: a cut one must not pass for whole, even where it looks so.
            let object = try await Wire.with(tcp) { wire in
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n" + report("looks-whole"))
                wire.halfClose()
                return await wire.readToEnd()
            }
            #expect(object.contains("400 Bad Request"), "\(object)")
            // The client is simply gone: its connection is, too, and nothing waits for it.
            try await Wire.with(tcp) { wire in
                try await wire.send(Self.head + Self.chunk(report("seen") + "\n"))
                _ = try await wire.read(until: "}\n")
                try await wire.channel.close()
                gone.open()
            }
            await gone.wait()
        }
        #expect(backend.inputs.map(\.key.id) == ["whole", "seen"])
    }

    @Test(arguments: 0..<50)
    func linesAreCutAlikeHoweverTheyCome(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let bytes_max = 12
        let text: [UInt8] = (0..<Int.random(in: 0...200, using: &random)).map { _ in
            [UInt8(ascii: "\n"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x20, UInt8(ascii: "a"), UInt8(ascii: "b"), 0xE5, 0x2C].randomElement(using: &random) ?? 0
        }
        // The twin: the whole text at once.
        var expected: [LineCutter.Line] = []
        for (i, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let bare = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if bare.count > bytes_max {
                if bare.contains(where: { ![0x20, 0x0D].contains($0) }) || line.count > bytes_max + 1 { expected.append(.tooLong(number: i + 1)) }
            } else if bare.contains(where: { ![0x20, 0x0D].contains($0) }) {
                expected.append(.line(number: i + 1, Array(bare)))
            }
        }
        var cutter = LineCutter(bytes_max: bytes_max)
        var found: [LineCutter.Line] = []
        var rest = text[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...20, using: &random))
            rest = rest.dropFirst(piece.count)
            cutter.feed(.init(bytes: piece))
            while let line = cutter.next() { found.append(line) }
        }
        if let line = cutter.last() { found.append(line) }
        // A blank line may be passed over or be called too long: which, depends on how it comes.
        func withoutBlank(_ lines: [LineCutter.Line]) -> [LineCutter.Line] {
            let blank = Set(
                text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
                    .filter { $0.element.allSatisfy { [0x20, 0x0D].contains($0) } }.map { $0.offset + 1 })
            return lines.filter { if case .tooLong(let number) = $0 { !blank.contains(number) } else { true } }
        }
        #expect(withoutBlank(found) == withoutBlank(expected), "seed \(seed)")
    }
}

extension FakeBackend.State {
    var inputs: Int { batches.reduce(0) { $0 + $1.count } }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

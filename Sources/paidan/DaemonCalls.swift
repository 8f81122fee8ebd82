import API
import Domain

/// Talks to the running daemon through its socket, and turns every way in which that can fail into a line for a person.
struct DaemonCalls {
    let socket: String

    init(_ option: DaemonOption) { socket = option.path }

    /// The body of a successful answer.
    /// - Parameter lines: ask for JSON lines where the answer is a list.
    func get(_ path: String, lines: Bool = false) async throws -> [UInt8] {
        try await call("GET", path, body: nil, headers: [(name: "accept", value: lines ? "application/x-ndjson" : "application/json")]).body
    }

    func post(_ path: String, json: [UInt8], accept: String = "application/json") async throws -> (status: Int, body: [UInt8]) {
        try await call("POST", path, body: json, headers: [(name: "content-type", value: "application/json"), (name: "accept", value: accept)], passing: [409, 422])
    }

    static let jsonHeaders = [(name: "content-type", value: "application/json"), (name: "accept", value: "application/json")]

    /// Whatever the daemon answers, with any status.
    func answer(_ method: String, _ path: String, body: [UInt8]?, headers: [(name: String, value: String)]) async throws -> LocalClient.Response {
        do {
            return try await LocalClient(socketPath: socket).request(method: method, path: path, body: body, headers: headers)
        } catch {
            throw fail(error)
        }
    }

    /// - Parameter passing: statuses beyond 2xx that are answers all the same.
    private func call(
        _ method: String, _ path: String, body: [UInt8]?, headers: [(name: String, value: String)], passing: Set<Int> = []
    ) async throws -> (status: Int, body: [UInt8]) {
        let answer = try await answer(method, path, body: body, headers: headers)
        if (200..<300).contains(answer.status) || passing.contains(answer.status) { return (answer.status, answer.body) }
        throw fail(Self.fault(status: answer.status, answer.body))
    }

    /// Posts JSON lines as they come, and hands over each line of the answer.
    func postLines<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, receive: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws where Chunks.Element == [UInt8] {
        let answer: LocalClient.Response
        do {
            answer = try await LocalClient(socketPath: socket).postLines(chunks, receive: receive)
        } catch let fault as DoorFault {
            throw fail(fault)
        }
        guard answer.status == 200 else { throw fail(Self.fault(status: answer.status, answer.body)) }
    }

    /// What the daemon says about a refusal, in its own words.
    static func fault(status: Int, _ body: [UInt8]) -> DoorFault {
        let error = (try? JSONValue.parse(body))?["error"]
        if let what = error?["what"]?.string, let why = error?["why"]?.string, let remedy = error?["do"]?.string {
            return DoorFault(what: what, why: why, remedy: remedy)
        }
        return DoorFault(
            what: "the daemon answered \(status)", why: String(decoding: body.prefix(300), as: UTF8.self).split(separator: "\n").joined(separator: " "),
            remedy: "look at its journal (journalctl -u paidan)")
    }

    /// A segment of a path: what is not a letter, a digit or one of `-._~` is written as `%XX`.
    static func escaped(_ text: String) -> String {
        text.utf8.reduce(into: "") { path, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                path.append(Character(UnicodeScalar(byte)))
            default:
                let digits = Array("0123456789ABCDEF")
                path += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}

/// The lines of a JSON-lines answer, each read.
func parsedLines(_ body: [UInt8]) throws -> [JSONValue] {
    try body.split(separator: UInt8(ascii: "\n")).map { line in
        do {
            return try JSONValue.parse(line)
        } catch {
            throw fail(
                DoorFault(
                    what: "cannot read the daemon's answer", why: "\(error)",
                    remedy: "check that this program and the daemon are of one version"))
        }
    }
}

func parsed(_ body: [UInt8]) throws -> JSONValue {
    guard let value = try parsedLines(body.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }).first else {
        throw fail(DoorFault(what: "the daemon's answer is empty", why: "it has no body", remedy: "look at its journal (journalctl -u paidan)"))
    }
    return value
}

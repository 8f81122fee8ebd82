import Domain
import HTTPTypes
import HummingbirdCore
import NIOCore

/// A whole answer, ready to be written.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var fields: HTTPFields
    var body: [UInt8]

    init(_ status: HTTPResponse.Status = .ok, type: MediaType, fields: HTTPFields = [:], _ body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.fields[.contentType] = type.rawValue
        self.body = body
    }

    static func json(_ body: [UInt8]) -> Answer { Answer(type: .json, body) }
    static func json(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Answer { Answer(status, type: .json, body) }

    /// `lines` as one JSON array, or as JSON lines.
    static func list(_ items: [[UInt8]], asLines: Bool) -> Answer {
        var body: [UInt8] = []
        body.reserveCapacity(items.reduce(2) { $0 + $1.count + 1 })
        if asLines {
            for item in items {
                body += item
                body.append(UInt8(ascii: "\n"))
            }
            return Answer(type: .jsonLines, body)
        }
        body.append(UInt8(ascii: "["))
        for (i, item) in items.enumerated() {
            if i > 0 { body.append(UInt8(ascii: ",")) }
            body += item
        }
        body.append(UInt8(ascii: "]"))
        return Answer(type: .json, body)
    }

    /// Writes it whole, in pieces, so that a slow reader is seen to make progress. `headOnly`: the answer to HEAD.
    @concurrent func write(_ writer: consuming ResponseWriter, headOnly: Bool) async throws {
        var fields = fields
        fields[.contentLength] = String(body.count)
        fields[.cacheControl] = "no-store"
        let head = HTTPResponse(status: status, headerFields: fields)
        let piece = 64 * 1_024
        if headOnly {
            return try await writer.writeResponse(head)
        }
        if body.count <= piece {
            return try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
        var out = try await writer.writeHead(head)
        var at = 0
        while at < body.count {
            let end = min(at + piece, body.count)
            try await out.write(ByteBuffer(bytes: body[at..<end]))
            at = end
        }
        try await out.finish(nil)
    }
}

enum MediaType: String, Sendable {
    case json = "application/json"
    case jsonLines = "application/x-ndjson"
    case text = "text/plain; charset=utf-8"
    case html = "text/html; charset=utf-8"
    case openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
}

extension HTTPResponse.Status {
    static var noRoom: HTTPResponse.Status { HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage") }
}

/// An answer that says what went wrong; thrown by whoever finds out.
struct Refusal: Error {
    var status: HTTPResponse.Status
    var fault: DoorFault
    var fields: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, what: String, why: String, remedy: String, fields: HTTPFields = [:]) {
        self.status = status
        self.fault = DoorFault(what: what, why: why, remedy: remedy)
        self.fields = fields
    }

    /// The intake took nothing: nothing is stored, the sender keeps what it has.
    init(_ refusal: IntakeRefusal) {
        switch refusal {
        case .noRoom(let why):
            self.init(
                .noRoom, what: "nothing was taken in", why: "there is no room on the disk (\(why))",
                remedy: "make room on the daemon's disk, and send it again")
        case .busy:
            self.init(
                .serviceUnavailable, what: "nothing was taken in", why: "the queue is full",
                remedy: "send it again in a second", fields: [.retryAfter: "1"])
        case .stopping:
            self.init(
                .serviceUnavailable, what: "nothing was taken in", why: "the daemon is stopping or starting",
                remedy: "send it again in some seconds", fields: [.retryAfter: "5"])
        }
    }

    var answer: Answer { Answer(status, type: .json, fields: fields, fault.json()) }
}

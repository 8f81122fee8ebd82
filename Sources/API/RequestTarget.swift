import HTTPTypes

/// The path and query of a request, taken apart and decoded.
struct RequestTarget: Sendable, Hashable {
    /// The path's segments, decoded: `/v1/tasks/T-1` is `["v1", "tasks", "T-1"]`.
    var segments: [String]
    /// In the order sent; a name may come more than once.
    var query: [(name: String, value: String)]

    static func == (a: RequestTarget, b: RequestTarget) -> Bool {
        a.segments == b.segments && a.query.elementsEqual(b.query, by: ==)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(segments) }

    init(_ text: String) throws(Refusal) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        segments = []
        query = []
        for segment in parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            segments.append(try Self.decode(segment, plusIsSpace: false))
        }
        guard parts.count == 2 else { return }
        for pair in parts[1].split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query.append(
                (try Self.decode(halves[0], plusIsSpace: true), halves.count == 2 ? try Self.decode(halves[1], plusIsSpace: true) : ""))
        }
    }

    /// Percent-decodes; refuses a broken escape, bytes that are no UTF-8, and control characters.
    private static func decode(_ text: Substring, plusIsSpace: Bool) throws(Refusal) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex) else {
                    throw refusal(text, "a % is not followed by two hexadecimal digits")
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(0x20)
            default:
                bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else { throw refusal(text, "it is not UTF-8") }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw refusal(text, "it holds a control character") }
        return decoded
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func refusal(_ text: Substring, _ why: String) -> Refusal {
        Refusal(
            .badRequest, what: "the address can't be read", why: "in \"\(text.prefix(80))\": \(why)",
            remedy: "percent-encode the UTF-8 bytes of each part")
    }
}

package import Domain
import GRDBSQLite

// The chain over the input log: each row carries the hash of the row before it and of all that it says itself, so that nobody can change,
// remove, add or move an entry without every later one telling. The last hash, the head, stands for the whole log; it goes into the journal,
// where whoever rewrites the database cannot reach it.
//
//     id of the log ──▶ entry 1 ──▶ entry 2 ──▶ … ──▶ entry n = head
//                         │ salted hash
//                         ▼
//                    personal part, removed when its customer is forgotten
//
// The personal part of an input enters only as the hash of a random salt, of whose it is, and of the part; salt and part stand in the table
// `personal`. With them gone nobody can try out names against what is left, and the chain holds all the same. For the same reason the digest
// by which a repeat is known is kept under that salt where an input has a personal part, and plain where everything stands in the log anyway.

/// Where the log stands: its last entry, and the hash of the chain there.
package struct LogHead: Hashable, Sendable, CustomStringConvertible {
    /// 0: nothing has come in yet.
    package var number: Int64
    package var hash: Hash256

    package init(number: Int64, hash: Hash256) {
        self.number = number
        self.hash = hash
    }

    /// `1042:9f86…`, as the journal has it.
    package var description: String { "\(number):\(hash.hex)" }

    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), number >= 0, let hash = Hash256(hex: parts[1].lowercased()) else { return nil }
        self.init(number: number, hash: hash)
    }
}

enum LogChain {
    /// So many random bytes stand beside a personal part, and name a log.
    static let saltBytes = 16

    /// What the first entry follows: two databases have no hash in common.
    static func start(ofLog id: [UInt8]) -> Hash256 {
        var bytes = ByteWriter(capacity: 64)
        for byte in "paidan input log 1".utf8 { bytes.byte(byte) }
        bytes.framed(id)
        return bytes.bytes.withUnsafeBytes { Hash256(of: $0) }
    }

    /// Begins an entry's frame: the hash before it, and its numbers. The columns follow, each by `framed`, in the order of the table.
    static func begin(
        after previous: Hash256, number: Int64, at: Int64, kind: Int64, context: Int64, _ words: ContextWords, into bytes: inout ByteWriter
    ) {
        bytes.reset()
        previous.withUnsafeBytes { bytes.raw($0) }
        bytes.fixed(number)
        bytes.fixed(at)
        bytes.fixed(kind)
        bytes.fixed(context)
        // The number of a context says nothing by itself: what it stands for is part of the entry.
        bytes.framed(words.rules)
        bytes.framed(words.engine)
    }

    /// What the log keeps of a personal part.
    static func part(salt: [UInt8], customer: String?, body: UnsafeRawBufferPointer) -> Hash256 {
        var bytes = ByteWriter(capacity: body.count + 64)
        bytes.framed(salt)
        bytes.framed(customer)
        bytes.framed(body)
        return bytes.bytes.withUnsafeBytes { Hash256(of: $0) }
    }

    /// What the log keeps of the digest of an input with a personal part.
    static func digest(_ digest: ContentDigest, salt: [UInt8]) -> [UInt8] {
        var bytes = ByteWriter(capacity: 16)
        RowCodec.write(digest, into: &bytes)
        return keyed(bytes.bytes, salt: salt)
    }

    static func keyed(_ digest: [UInt8], salt: [UInt8]) -> [UInt8] { digest.withUnsafeBytes { Hash256(of: $0, key: salt).bytes } }

    static func newSalt() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<saltBytes / 8).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64) { Array($0) } }
    }
}

extension Writer {
    var logHead: LogHead { LogHead(number: head.input, hash: head.chain) }
}

/// What a row of the table `context` says.
struct ContextWords: Hashable {
    var rules: String
    var engine: String
}

/// One row of the log, about to be written: its columns, and the salt and personal part that go beside it.
struct LogRow {
    let number: Int64
    let at: Int64
    let kind: Int64
    let context: Int64
    var source: String?
    var id: String?
    var digest: [UInt8]?
    var receipt: [UInt8]?
    var body: [UInt8]?
    var part: Hash256?
    var personal: (body: [UInt8], customer: String?, salt: [UInt8])?

    init(number: Int64, at: Int64, kind: Int64, context: Int64) {
        self.number = number
        self.at = at
        self.kind = kind
        self.context = context
    }

    /// The row of an input, with what stands apart from it.
    mutating func take(_ input: Input, customer: CustomerID?, salt: () -> [UInt8]) {
        source = input.key.source.rawValue
        id = input.key.id
        let form = InputCodec.logForm(of: input)
        body = form.log
        guard let apart = form.personal else {
            var bytes = ByteWriter(capacity: 16)
            RowCodec.write(input.digest, into: &bytes)
            digest = bytes.bytes
            return
        }
        let salt = salt()
        digest = LogChain.digest(input.digest, salt: salt)
        part = apart.withUnsafeBytes { LogChain.part(salt: salt, customer: customer?.rawValue, body: $0) }
        personal = (apart, customer?.rawValue, salt)
    }

    func hash(after previous: Hash256, _ words: ContextWords, _ bytes: inout ByteWriter) -> Hash256 {
        LogChain.begin(after: previous, number: number, at: at, kind: kind, context: context, words, into: &bytes)
        bytes.framed(source)
        bytes.framed(id)
        bytes.framed(digest)
        bytes.framed(receipt)
        bytes.framed(body)
        if let part { part.withUnsafeBytes { bytes.framed($0) } } else { bytes.framed(nil as [UInt8]?) }
        return bytes.bytes.withUnsafeBytes { Hash256(of: $0) }
    }

    /// Binds the row to the writer's `insertInput`.
    func bind(to s: Statement, chain: Hash256) {
        s.bind(1, number)
        s.bind(2, at)
        s.bind(3, kind)
        s.bind(4, context)
        s.bind(5, source)
        s.bind(6, id)
        s.bind(7, digest)
        s.bind(8, receipt)
        s.bind(9, body)
        s.bind(10, part?.bytes)
        s.bind(11, chain.bytes)
    }
}

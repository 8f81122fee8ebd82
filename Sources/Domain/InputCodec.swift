// The wire form of inputs, decoded once and for every door alike: bytes in, an `Input` or an `InputFault` out.
//
// - `kind` says what it is; a missing one means `report` (or what the door assumes).
// - JSON `null`, and an empty text where a value is optional, mean that the key is absent.
// - A key that is not known is passed over, and its sender told, because senders evolve before we do, unless it looks like a misspelling of a known key that
//   the object does not have (see `misspelling`): then the input is refused, with the key that is meant.
// - A key that comes twice, a wrong type, a number out of range, a time that does not exist are refused; nothing is guessed.

package enum InputCodec {
    /// One input is at most so long, in bytes.
    package static let bytesMax = 1 << 20

    /// Reads one input.
    ///
    /// - `defaultSource`: who sent it when it does not say: the door's or token's name.
    /// - `kind`: what it is when it does not say.
    /// - `task`: the task that a progress is about when the door knows it from elsewhere (the path of a URL).
    /// - `line`: the line of the file on which it begins.
    package static func decode(
        _ bytes: some Collection<UInt8>, defaultSource: SourceID, assuming kind: InputKind = .report, task: TaskID? = nil, line: Int = 1
    ) throws(InputFault) -> Input {
        try withBytes(bytes) { bytes -> Result<Input, InputFault> in
            do throws(InputFault) {
                return .success(try decode(bytes, defaultSource: defaultSource, kind: kind, task: task, line: line, bytesMax: bytesMax))
            } catch { return .failure(error) }
        }.get()
    }

    /// The same from memory that outlives the call.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, defaultSource: SourceID, assuming kind: InputKind = .report, task: TaskID? = nil, line: Int = 1
    ) throws(InputFault) -> Input {
        try decode(bytes.bindMemory(to: UInt8.self), defaultSource: defaultSource, kind: kind, task: task, line: line, bytesMax: bytesMax)
    }

    /// An input of our own making (the command line, the demo, a row of a table). Without an `id` the content is the key.
    package static func input(_ body: consuming InputBody, id: String?, source: SourceID) -> Input {
        // A reading takes the side stair: whether it came before says its instant, and nobody asks for its digest.
        if case .reading = body {
            let id = id ?? contentID(source: source, canonical: canonical(body))
            return Input(key: InputKey(source: source, id: id), digest: .none, body: body)
        }
        let form = canonical(body)
        let digest = ContentDigest(sha256: form)
        return Input(key: InputKey(source: source, id: id ?? contentID(source: source, canonical: form)), digest: digest, body: body)
    }

    private static func decode(
        _ bytes: UnsafeBufferPointer<UInt8>, defaultSource: SourceID, kind: InputKind, task: TaskID?, line: Int, bytesMax: Int
    ) throws(InputFault) -> Input {
        do throws(InputFault) {
            let (body, id, source, leftOut) = try read(bytes, kind: kind, task: task, line: line, bytesMax: bytesMax)
            var input = input(consume body, id: id, source: source ?? defaultSource)
            if !leftOut.isEmpty { input.leftOut = leftOut }
            return input
        } catch {
            var fault = error
            if fault.source == nil { fault.source = defaultSource }
            throw fault
        }
    }

    /// What an input says, before it has its key and its digest.
    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>, kind: InputKind, task: TaskID?, line: Int, bytesMax: Int, ownKinds: Bool = false
    ) throws(InputFault) -> (body: InputBody, id: String?, source: SourceID?, leftOut: [String]) {
        do throws(JSONStop) {
            guard bytes.count <= bytesMax else {
                throw JSONStop(
                    code: .tooLong, offset: 0, message: "\(bytes.count) bytes are too many for one input", suggestion: "at most \(bytesMax) are taken")
            }
            var decoder = try InputDecoder(bytes, assumedKind: kind, task: task, ownKinds: ownKinds)
            let body = try decoder.body()
            return (consume body, decoder.id, decoder.source, decoder.leftOut)
        } catch {
            var fault = InputFault(JSONFault(error, in: bytes, firstLine: line))
            (fault.id, fault.source) = salvage(bytes)
            throw fault
        }
    }

    /// What `id` and `source` a broken input has, as far as it can be read.
    private static func salvage(_ bytes: UnsafeBufferPointer<UInt8>) -> (id: String?, source: SourceID?) {
        var found: (id: String?, source: SourceID?)
        guard bytes.count <= bytesMax else { return found }
        do throws(JSONStop) {
            var reader = try JSONReader(bytes)
            try reader.openObject()
            var isFirst = true
            while let key = try reader.nextKey(&isFirst) {
                switch try reader.string(key) {
                case "id" where found.id == nil:
                    var copy = reader
                    if let id = try? copy.code() { found.id = id }
                case "source" where found.source == nil:
                    var copy = reader
                    if let source = try? copy.code() { found.source = SourceID(source) }
                default: break
                }
                try reader.skip()
                reader.skipSpace()
            }
        } catch {
            // The fault that counts is known already; here only what stood before it is wanted.
            return found
        }
        return found
    }
}

/// The keys of one object form, packed into two words each so that finding one is a comparison of integers. Senders write keys in the same
/// order each time: the search begins behind the last one found.
struct KeyTable<Key: RawRepresentable<String> & CaseIterable & Sendable>: Sendable {
    private let keys: [Key]
    private let packed: [PackedKey]

    init() {
        keys = Array(Key.allCases)
        packed = keys.map { key in
            var name = key.rawValue
            return name.withUTF8 { PackedKey($0) }
        }
        precondition(keys.count <= 64 && packed.allSatisfy { $0.count <= 16 }, "a key table holds up to 64 keys of up to 16 bytes")
    }

    /// The key's place in the table; nil for one that is not known.
    @inline(__always) func find(_ text: JSONText, in reader: JSONReader, after hint: Int) throws(JSONStop) -> Int? {
        let key: PackedKey
        if text.isEscaped {
            var name = try reader.string(text)
            guard name.utf8.count <= 16, !name.isEmpty else { return nil }
            key = name.withUTF8 { PackedKey($0) }
        } else {
            let count = text.end - text.start
            guard count <= 16, count > 0 else { return nil }
            if text.start + 16 <= reader.end {
                key = PackedKey(loading: reader.base + text.start, count: count)
            } else {
                key = PackedKey(UnsafeBufferPointer(start: reader.base + text.start, count: count))
            }
        }
        return packed.withUnsafeBufferPointer { table in
            var i = hint + 1
            for _ in 0..<table.count {
                if i >= table.count { i = 0 }
                if table[i] == key { return i }
                i += 1
            }
            return nil
        }
    }

    @inline(__always) subscript(_ index: Int) -> Key { keys[index] }

    var names: [String] { keys.map(\.rawValue) }
}

struct PackedKey: Equatable, Sendable {
    var low: UInt64 = 0
    var high: UInt64 = 0
    var count: Int

    @inline(__always) init(_ name: UnsafeBufferPointer<UInt8>) {
        count = name.count
        for i in 0..<min(count, 8) { low |= UInt64(name[i]) &<< UInt64(i * 8) }
        if count > 8 { for i in 8..<min(count, 16) { high |= UInt64(name[i]) &<< UInt64(i * 8 - 64) } }
    }

    /// The same in two loads, where sixteen bytes can be read. `count`: 1 ... 16.
    @inline(__always) init(loading base: UnsafePointer<UInt8>, count: Int) {
        self.count = count
        func mask(_ bytes: Int) -> UInt64 { bytes >= 8 ? .max : (1 &<< UInt64(bytes * 8)) &- 1 }
        low = UInt64(littleEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt64.self)) & mask(count)
        if count > 8 { high = UInt64(littleEndian: UnsafeRawPointer(base + 8).loadUnaligned(as: UInt64.self)) & mask(count - 8) }
    }
}

/// The members of one object while it is read: which keys came, which are unknown.
struct ObjectScan<Key: RawRepresentable<String> & CaseIterable & Sendable> {
    private let table: KeyTable<Key>
    private let start: Int
    private var isFirst = true
    private var seen: UInt64 = 0
    private var last = -1
    /// Keys that are not known; empty as a rule.
    private var unknown: Unknown?

    private struct Unknown {
        var keys: [(name: String, offset: Int)] = []
        var seen: JSONKeys
    }

    /// Opens the object that begins here.
    init(_ table: KeyTable<Key>, _ reader: inout JSONReader) throws(JSONStop) {
        self.table = table
        start = reader.at
        try reader.openObject()
    }

    /// The unknown keys, when the object has been read.
    var passedOver: [String] {
        guard let unknown else { return [] }
        return unknown.keys.prefix(Input.leftOutMax).map { clipped($0.name, to: 80) }
    }

    /// Offset of the opening brace.
    var offset: Int { start }

    /// The next known key with a value that is not null; nil at the end. Unknown ones are passed over, and checked at the end.
    @inline(__always) mutating func next(_ reader: inout JSONReader) throws(JSONStop) -> Key? {
        reader.skipSpace()
        while let text = try reader.nextKey(&isFirst) {
            if let index = try table.find(text, in: reader, after: last) {
                last = index
                let bit: UInt64 = 1 << UInt64(index)
                guard seen & bit == 0 else { throw JSONKeys.duplicate(table[index].rawValue, at: text.start - 1) }
                seen |= bit
                if try !reader.takeNull() { return table[index] }
            } else {
                let name = try reader.string(text)
                try remember(name, at: text.start - 1, reader)
                try reader.skip()
            }
            reader.skipSpace()
        }
        if unknown != nil { try refuseMisspelt(reader) }
        return nil
    }

    @inline(never) private mutating func remember(_ name: String, at offset: Int, _ reader: JSONReader) throws(JSONStop) {
        var unknown = self.unknown ?? Unknown(seen: JSONKeys(reader.limits.membersMax))
        self.unknown = nil
        try unknown.seen.insert(name, at: offset)
        unknown.keys.append((name, offset))
        self.unknown = unknown
    }

    @inline(never) private func refuseMisspelt(_ reader: JSONReader) throws(JSONStop) {
        let names = table.names
        let absent = names.indices.filter { seen & (1 << UInt64($0)) == 0 }.map { names[$0] }
        for (name, offset) in unknown?.keys ?? [] {
            if let meant = misspelling(name, of: absent) { throw reader.misspelt(name, meant: meant, at: offset) }
        }
    }
}

/// The known key that an unknown one most likely stands for: the same but for upper and lower case, another habit's word for it, or within one
/// edit (two, from six characters on). Known keys of up to three characters are too near to everything to be guessed at.
package func misspelling(_ name: String, of known: [String]) -> String? {
    let lower = name.lowercased()
    if let same = known.first(where: { $0 == lower }) { return same }
    let otherWords = ["latitude": "lat", "lng": "lon", "long": "lon", "longitude": "lon", "desc": "description"]
    if let word = otherWords[lower], known.contains(word) { return word }
    let length = lower.unicodeScalars.count
    guard length >= 3 else { return nil }
    let near = known.filter { $0.utf8.count >= 4 }.compactMap { key in
        editDistance(lower, key, limit: length >= 6 ? 2 : 1).map { (key: key, distance: $0) }
    }
    return near.min { $0.distance < $1.distance }?.key
}

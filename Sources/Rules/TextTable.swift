/// The texts that conditions compare fields with, each once, by number: a report's text is looked up once, and every comparison with it is then
/// one of numbers.
///
/// Texts are the same when their bytes are: Swift's own `==` would take canonically equivalent texts for the same, which conditions do not.
struct TextTable: Sendable {
    /// The number of the empty text, which is also what an absent field is worth.
    static let empty: Int32 = 0
    /// What a text that no condition names has for a number.
    static let unknown: Int32 = -1

    private(set) var texts: [String] = []
    /// Open addressing: the upper half of each place is half of the text's hash, the lower its number and 1; 0 is a free place.
    private var places: [UInt64] = Array(repeating: 0, count: 16)

    init() { _ = add("") }

    var count: Int { texts.count }

    /// Its number; `unknown` where nobody added it.
    func number(of text: String) -> Int32 {
        if text.utf8.isEmpty { return Self.empty }
        return Self.withBytes(text) { bytes in find(bytes, Self.hash(bytes)).number }
    }

    /// The number of a text given as bytes.
    func number(of bytes: UnsafeBufferPointer<UInt8>) -> Int32 { find(bytes, Self.hash(bytes)).number }

    mutating func add(_ text: String) -> Int32 {
        let hash = Self.withBytes(text) { Self.hash($0) }
        let found = Self.withBytes(text) { find($0, hash) }
        guard found.number == Self.unknown else { return found.number }
        texts.append(text)
        places[found.place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(texts.count)
        if texts.count * 2 > places.count { grow() }
        return Int32(texts.count - 1)
    }

    private func find(_ bytes: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> (number: Int32, place: Int) {
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        return places.withUnsafeBufferPointer { places in
            while places[place] != 0 {
                let number = Int(places[place] & 0xFFFF_FFFF) - 1
                if (places[place] ^ hash) >> 32 == 0, Self.isText(texts[number], bytes) { return (Int32(number), place) }
                place = (place + 1) & mask
            }
            return (Self.unknown, place)
        }
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: places.count * 2)
        let mask = larger.count - 1
        for (number, text) in texts.enumerated() {
            let hash = Self.withBytes(text) { Self.hash($0) }
            var place = Int(truncatingIfNeeded: hash) & mask
            while larger[place] != 0 { place = (place + 1) & mask }
            larger[place] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(number + 1)
        }
        places = larger
    }

    /// Eight bytes at a time, multiplied and folded. Who sends reports can't add texts, so that no collision made on purpose costs more than
    /// the rules themselves do.
    @inline(__always)
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: bytes.count)
        let raw = UnsafeRawBufferPointer(bytes)
        var at = 0
        while at + 8 <= raw.count {
            hash = mix(hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            at += 8
        }
        var rest: UInt64 = 0
        while at < raw.count {
            rest = rest << 8 | UInt64(raw[at])
            at += 1
        }
        return mix(hash ^ rest)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    private static func isText(_ text: String, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.utf8.count == bytes.count else { return false }
        return withBytes(text) { own in
            for i in 0..<own.count where own[i] != bytes[i] { return false }
            return true
        }
    }

    @inline(__always)
    static func withBytes<T>(_ text: String, _ body: (UnsafeBufferPointer<UInt8>) -> T) -> T {
        if let result = text.utf8.withContiguousStorageIfAvailable(body) { return result }
        return Array(text.utf8).withUnsafeBufferPointer(body)
    }

    /// Whether `a` comes before `b` in byte order.
    static func precedes(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        let shorter = min(a.count, b.count)
        for i in 0..<shorter where a[i] != b[i] { return a[i] < b[i] }
        return a.count < b.count
    }
}

/// Names as small numbers: a year's rows say the same few hundred names over and over, and sums are kept by number.
///
/// 0 is the empty name. Grows with the names, never with the rows.
package struct NameTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each name begins and ends in `bytes`; the empty name first.
    private var places: [Range<Int>] = [0..<0]
    private var hashes: [UInt64] = [0]
    /// Open addressing: numbers of names; 0 is a free place.
    private var slots: [Int32] = Array(repeating: 0, count: 64)

    package init() {}

    package var count: Int { places.count }

    package mutating func code(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { code(UnsafeRawBufferPointer($0)) }
    }

    package mutating func code(_ name: UnsafeRawBufferPointer) -> Int32 {
        guard !name.isEmpty else { return 0 }
        let hash = Self.hash(name)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let known = Int(slots[slot])
            if hashes[known] == hash, isSame(places[known], name) { return Int32(known) }
            slot = (slot + 1) & mask
        }
        let code = places.count
        places.append(bytes.count..<(bytes.count + name.count))
        bytes.append(contentsOf: name)
        hashes.append(hash)
        slots[slot] = Int32(code)
        if places.count * 2 > slots.count { grow() }
        return Int32(code)
    }

    /// The name of a number that `code` gave.
    package subscript(code: Int32) -> String { String(decoding: bytes[places[Int(code)]], as: UTF8.self) }

    private func isSame(_ place: Range<Int>, _ name: UnsafeRawBufferPointer) -> Bool {
        guard place.count == name.count else { return false }
        return bytes.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[place]).elementsEqual(name) }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for code in places.indices.dropFirst() {
            var slot = Int(truncatingIfNeeded: hashes[code]) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(code)
        }
    }

    /// FNV-1a, its upper half folded in.
    package static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash ^ hash >> 32
    }
}

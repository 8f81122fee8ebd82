/// Names as small numbers: a year's rows say the same few hundred names over and over, and sums are kept by number.
///
/// 0 is the empty name. Grows with the names, never with the rows.
package struct NameTable: Sendable {
    private var bytes: [UInt8] = []
    /// By number; the empty name first.
    private var entries = [Entry(hash: 0, start: 0, count: 0)]
    /// Open addressing: numbers of names; 0 is a free place.
    private var slots: [Int32] = Array(repeating: 0, count: 64)

    /// Beside each other, because a look needs them all.
    private struct Entry: Sendable {
        var hash: UInt64
        /// In `bytes`.
        var start: Int
        var count: Int
    }

    package init() {}

    package var count: Int { entries.count }

    package mutating func code(_ text: String) -> Int32 {
        var text = text
        return text.withUTF8 { code(UnsafeRawBufferPointer($0)) }
    }

    /// The number of a name: the same for the same bytes, from 1 upwards in the order in which they were first seen.
    package mutating func code(_ name: UnsafeRawBufferPointer) -> Int32 {
        guard !name.isEmpty else { return 0 }
        let hash = Self.hash(name)
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let known = slots[slot]
            if entries[Int(known)].hash == hash, isSame(entries[Int(known)], name) { return known }
            slot = (slot + 1) & mask
        }
        let code = Int32(entries.count)
        entries.append(Entry(hash: hash, start: bytes.count, count: name.count))
        bytes.append(contentsOf: name)
        slots[slot] = code
        if entries.count * 2 > slots.count { grow() }
        return code
    }

    /// The same, where the column before said most likely the same name: one comparison then.
    ///
    /// - Parameter last: what this column said in the row before; becomes what it says now.
    package mutating func code(_ name: UnsafeRawBufferPointer, last: inout Int32) -> Int32 {
        if last == 0 || !isSame(entries[Int(last)], name) { last = code(name) }
        return last
    }

    /// The name of a number that `code` gave.
    package subscript(code: Int32) -> String {
        let entry = entries[Int(code)]
        return String(decoding: bytes[entry.start..<(entry.start + entry.count)], as: UTF8.self)
    }

    private func isSame(_ entry: Entry, _ name: UnsafeRawBufferPointer) -> Bool {
        guard entry.count == name.count else { return false }
        return bytes.withUnsafeBytes { known in
            var place = 0
            while place + 8 <= name.count {
                guard
                    known.loadUnaligned(fromByteOffset: entry.start + place, as: UInt64.self) == name.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                else { return false }
                place += 8
            }
            while place < name.count {
                guard known[entry.start + place] == name[place] else { return false }
                place += 1
            }
            return true
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: slots.count * 2)
        for code in entries.indices.dropFirst() {
            var slot = Int(truncatingIfNeeded: entries[code].hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(code)
        }
    }

    /// Eight bytes a step, each step a multiplication whose two halves are folded together (as in wyhash); for this run of the program only.
    package static func hash(_ name: UnsafeRawBufferPointer) -> UInt64 {
        func mixed(_ hash: UInt64, _ word: UInt64) -> UInt64 {
            let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            return product.high ^ product.low
        }
        var hash = 0xCBF2_9CE4_8422_2325 ^ UInt64(name.count)
        var place = 0
        while place + 8 <= name.count {
            hash = mixed(hash, name.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            place += 8
        }
        var word: UInt64 = 0
        while place < name.count {
            word = word << 8 | UInt64(name[place])
            place += 1
        }
        return mixed(mixed(hash, word), 0xE703_7ED1_A0B4_28DB)
    }
}

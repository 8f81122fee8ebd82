/// Writes the store's compact rows: little integers in few bytes, texts with their length before them. The form of each row is in
/// RowCodec.swift; each begins with the number of its form, so that older rows stay readable after an upgrade.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// Empties it and keeps its memory.
    mutating func reset() { bytes.removeAll(keepingCapacity: true) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Seven bits a byte, least significant first; the high bit says that more follow.
    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Zigzag: numbers near zero are short whatever their sign.
    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    mutating func bool(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// The eight bytes of the number as they are: exact, infinities and all.
    mutating func double(_ value: Double) {
        var bits = value.bitPattern
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
        }
    }

    mutating func text(_ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            unsigned(UInt64(utf8.count))
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func blob(_ value: [UInt8]) {
        unsigned(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    // What goes into a hash: every value has one form, and no two rows the same bytes.

    /// Eight bytes, least significant first.
    mutating func fixed(_ value: Int64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }

    mutating func raw(_ value: UnsafeRawBufferPointer) { bytes.append(contentsOf: value) }

    /// 0, or 1 and the length before the bytes.
    mutating func framed(_ value: UnsafeRawBufferPointer?) {
        guard let value else { return byte(0) }
        byte(1)
        fixed(Int64(value.count))
        raw(value)
    }

    mutating func framed(_ value: [UInt8]?) {
        guard let value else { return byte(0) }
        value.withUnsafeBytes { framed($0) }
    }

    mutating func framed(_ value: String?) {
        guard var value else { return byte(0) }
        value.withUTF8 { framed(UnsafeRawBufferPointer($0)) }
    }

    mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
        guard let value else {
            bytes.append(0)
            return
        }
        bytes.append(1)
        write(&self, value)
    }

    mutating func list<T>(_ values: [T], _ write: (inout ByteWriter, T) -> Void) {
        unsigned(UInt64(values.count))
        for value in values { write(&self, value) }
    }
}

/// A row that does not read back: damage, or a form from a later version.
struct RowFault: Error, Hashable {
    let what: String
    init(_ what: String) { self.what = what }
}

/// Reads what `ByteWriter` wrote. Damaged bytes give a `RowFault`, never a trap.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// The memory must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    @inline(__always)
    mutating func byte() throws(RowFault) -> UInt8 {
        guard at < bytes.count else { throw RowFault("it ends too early") }
        defer { at += 1 }
        return bytes[at]
    }

    /// Most numbers and lengths take one byte.
    @inline(__always)
    mutating func unsigned() throws(RowFault) -> UInt64 {
        if at < bytes.count, bytes[at] < 0x80 {
            defer { at += 1 }
            return UInt64(bytes[at])
        }
        return try longUnsigned()
    }

    private mutating func longUnsigned() throws(RowFault) -> UInt64 {
        if bytes.count - at >= 8 {
            // Up to eight bytes at once, which times take: where the first one without the high bit ends, and then the groups of seven pushed
            // together, two, four, and eight of them.
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let ends = ~word & 0x8080_8080_8080_8080
            if ends != 0 {
                at += (ends.trailingZeroBitCount + 1) / 8
                var value = word & (ends ^ (ends &- 1)) & 0x7F7F_7F7F_7F7F_7F7F
                value = (value & 0x007F_007F_007F_007F) | (value & 0x7F00_7F00_7F00_7F00) >> 1
                value = (value & 0x0000_3FFF_0000_3FFF) | (value & 0x3FFF_0000_3FFF_0000) >> 2
                return (value & 0x0FFF_FFFF) | (value & 0x0FFF_FFFF_0000_0000) >> 4
            }
        }
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var place = at
        while place < bytes.count {
            let next = bytes[place]
            place += 1
            guard shift < 63 || next <= 1 else { throw RowFault("a number is too long") }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 {
                at = place
                return value
            }
            shift += 7
        }
        throw RowFault("it ends too early")
    }

    mutating func signed() throws(RowFault) -> Int64 {
        let raw = try unsigned()
        return Int64(bitPattern: (raw >> 1) ^ (0 &- (raw & 1)))
    }

    mutating func int32() throws(RowFault) -> Int32 {
        guard let value = Int32(exactly: try signed()) else { throw RowFault("a number is out of range") }
        return value
    }

    mutating func int() throws(RowFault) -> Int { Int(try signed()) }

    mutating func bool() throws(RowFault) -> Bool {
        switch try byte() {
        case 0: return false
        case 1: return true
        default: throw RowFault("a yes or no is neither")
        }
    }

    mutating func double() throws(RowFault) -> Double {
        var bits: UInt64 = 0
        for i in 0..<8 { bits |= UInt64(try byte()) << UInt64(8 * i) }
        return Double(bitPattern: bits)
    }

    @inline(__always)
    private mutating func slice() throws(RowFault) -> UnsafeRawBufferPointer {
        let count = try unsigned()
        guard count <= UInt64(bytes.count - at) else { throw RowFault("a length goes beyond its end") }
        defer { at += Int(count) }
        return UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 + at }, count: Int(count))
    }

    mutating func text() throws(RowFault) -> String { String(decoding: try slice(), as: UTF8.self) }

    /// The bytes of a text or a blob where they are; they stand as long as the row.
    mutating func raw() throws(RowFault) -> UnsafeRawBufferPointer { try slice() }

    mutating func skipText() throws(RowFault) { _ = try slice() }

    mutating func skipNumber() throws(RowFault) { _ = try unsigned() }

    /// So many elements follow.
    mutating func count() throws(RowFault) -> Int {
        let count = try unsigned()
        guard count <= UInt64(bytes.count - at) else { throw RowFault("a count goes beyond its end") }
        return Int(count)
    }

    mutating func blob() throws(RowFault) -> [UInt8] { Array(try slice()) }

    mutating func optional<T>(_ read: (inout ByteReader) throws(RowFault) -> T) throws(RowFault) -> T? {
        try bool() ? try read(&self) : nil
    }

    mutating func list<T>(_ read: (inout ByteReader) throws(RowFault) -> T) throws(RowFault) -> [T] {
        let count = try unsigned()
        // Each element takes at least a byte: a damaged count can't ask for more memory than the row has bytes.
        guard count <= UInt64(bytes.count - at) else { throw RowFault("a count goes beyond its end") }
        var values: [T] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }
}

import Crypto

/// A SHA-256 as a value: four words, so that a chain of them allocates nothing. (No vector of four: that wants an alignment which the frames
/// of asynchronous functions do not have.)
package struct Hash256: Hashable, Sendable {
    private var words: Words

    private struct Words: Hashable, Sendable {
        var a, b, c, d: UInt64

        /// Of 32 bytes, wherever they lie.
        init(_ bytes: UnsafeRawBufferPointer) {
            a = bytes.loadUnaligned(as: UInt64.self)
            b = bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            c = bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
            d = bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
        }
    }

    private init(_ hash: SHA256) {
        words = hash.finalize().withUnsafeBytes { Words($0) }
    }

    /// The hash of the bytes.
    package init(of bytes: UnsafeRawBufferPointer) {
        var hash = SHA256()
        hash.update(bufferPointer: bytes)
        self.init(hash)
    }

    /// The hash of the bytes under a key of at most 64 bytes (HMAC-SHA-256, RFC 2104): without the key nobody can try out what the bytes were.
    package init(of bytes: UnsafeRawBufferPointer, key: [UInt8]) {
        precondition(key.count <= 64, "a longer key would have to be hashed first")
        let block = key + [UInt8](repeating: 0, count: 64 - key.count)
        var inner = SHA256()
        block.map { $0 ^ 0x36 }.withUnsafeBytes { inner.update(bufferPointer: $0) }
        inner.update(bufferPointer: bytes)
        var outer = SHA256()
        block.map { $0 ^ 0x5C }.withUnsafeBytes { outer.update(bufferPointer: $0) }
        Hash256(inner).withUnsafeBytes { outer.update(bufferPointer: $0) }
        self.init(outer)
    }

    /// nil: not 32 bytes.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 32 else { return nil }
        words = Words(bytes)
    }

    package var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    package func withUnsafeBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T { Swift.withUnsafeBytes(of: words) { body($0) } }

    /// 64 hexadecimal digits.
    package var hex: String { Self.hex(bytes) }

    /// Reads 64 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        guard let bytes = Self.bytes(hex: hex) else { return nil }
        guard let hash = bytes.withUnsafeBytes({ Hash256(bytes: $0) }) else { return nil }
        self = hash
    }

    package static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes(hex: String) -> [UInt8]? {
        let nibbles = hex.utf8.compactMap { hexDigit($0) }
        guard nibbles.count == hex.utf8.count, nibbles.count % 2 == 0 else { return nil }
        return stride(from: 0, to: nibbles.count, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
    }
}

import Domain
import Testing

struct SealedTests {
    private let key = (0..<32).map { UInt8($0) }
    private let nonce = (0..<12).map { UInt8(100 + $0) }

    private func open(_ sealed: [UInt8], _ key: [UInt8]) -> [UInt8]? { sealed.withUnsafeBytes { sealed in key.withUnsafeBytes { Sealed.open(sealed, key: $0) } } }

    @Test func whatIsSealedOpensWithItsKeyAlone() {
        for count in [0, 1, 15, 16, 17, 1_000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let sealed = Sealed.seal(bytes, key: key, nonce: nonce)
            #expect(sealed.count == count + 28)
            #expect(open(sealed, key) == bytes)
            #expect(open(sealed, [UInt8](repeating: 0, count: 32)) == nil)
            #expect(open(sealed, Array(key.dropLast())) == nil)
            for place in stride(from: 0, to: sealed.count, by: 7) {
                var changed = sealed
                changed[place] ^= 1
                #expect(open(changed, key) == nil, "\(count), \(place)")
            }
        }
        #expect(open(Array(nonce), key) == nil)
    }

    /// Computed with Python's cryptography: AESGCM(bytes(range(32))).encrypt(bytes(range(100, 112)), b"paidan", None).
    @Test func theFormIsAES256GCM() {
        let sealed = Sealed.seal(Array("paidan".utf8), key: key, nonce: nonce)
        let hex = "387ab702188791a78cca0154dad40cdb28d840c2f256"
        #expect(sealed.prefix(12) == nonce[...] && sealed.dropFirst(12).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() == hex)
    }
}

import Domain
import Testing

@Suite struct Hash256Tests {
    private func hash(_ text: String) -> Hash256 { Array(text.utf8).withUnsafeBytes { Hash256(of: $0) } }

    /// FIPS 180-2, appendix B; RFC 4231, cases 1 and 2.
    @Test func `The published vectors come out`() {
        #expect(hash("abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hash("").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        func keyed(_ key: [UInt8], _ text: String) -> String { Array(text.utf8).withUnsafeBytes { Hash256(of: $0, key: key).hex } }
        #expect(keyed([UInt8](repeating: 0x0B, count: 20), "Hi There") == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(keyed(Array("Jefe".utf8), "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func `Bytes and hexadecimal digits read back, and nothing else does`() {
        let one = hash("paidan")
        #expect(Hash256(hex: one.hex) == one)
        #expect(one.bytes.withUnsafeBytes { Hash256(bytes: $0) } == one)
        for wrong in ["", "ba78", String(one.hex.dropLast()), one.hex + "0", String(one.hex.dropLast()) + "g", String(one.hex.dropLast(2)) + " 0"] {
            #expect(Hash256(hex: wrong) == nil, "\(wrong)")
        }
        #expect([UInt8](repeating: 0, count: 31).withUnsafeBytes { Hash256(bytes: $0) } == nil)
    }
}

import Crypto

/// Bytes under a key of their own (AES-256-GCM): with the key gone nobody reads them, wherever a copy of them is left.
///
/// Sealed: the nonce (12 bytes), the bytes, the tag (16 bytes).
package enum Sealed {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    private static let tagBytes = 16

    /// - Parameter nonce: never twice the same under one key.
    package static func seal(_ bytes: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8] {
        precondition(key.count == keyBytes && nonce.count == nonceBytes, "a key of 32 bytes, and a nonce of 12")
        guard let nonce = try? AES.GCM.Nonce(data: nonce), let box = try? AES.GCM.seal(bytes, using: SymmetricKey(data: key), nonce: nonce) else {
            preconditionFailure("bytes can be sealed with any key and nonce of the right length")
        }
        return Array(nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// nil: it was not sealed with this key, or has changed since.
    package static func open(_ sealed: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer) -> [UInt8]? {
        guard key.count == keyBytes, sealed.count >= nonceBytes + tagBytes, let nonce = try? AES.GCM.Nonce(data: sealed[..<nonceBytes]),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: sealed[nonceBytes..<(sealed.count - tagBytes)], tag: sealed[(sealed.count - tagBytes)...]),
            let bytes = try? AES.GCM.open(box, using: SymmetricKey(data: key))
        else { return nil }
        return Array(bytes)
    }
}

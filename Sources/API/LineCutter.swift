import Glibc
import NIOCore

/// Cuts a stream of bytes into lines. It holds at most one line and the bytes last fed; a line that is too long is passed
/// over as it comes, without being held.
struct LineCutter {
    enum Line: Equatable {
        /// Without its line end; never blank.
        case line(number: Int, [UInt8])
        case tooLong(number: Int)
    }

    private let bytes_max: Int
    private var buffer = ByteBuffer()
    /// Bytes of `buffer` in which there is no line end, for sure.
    private var scanned = 0
    private var isSkipping = false
    /// The number of the line that is being read, from 1.
    private(set) var number = 1

    init(bytes_max: Int) { self.bytes_max = bytes_max }

    mutating func feed(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            var bytes = bytes
            buffer.writeBuffer(&bytes)
        }
    }

    /// The next line that is complete; nil when more bytes are needed.
    mutating func next() -> Line? {
        while true {
            guard let count = lineEnd() else {
                scanned = buffer.readableBytes
                if isSkipping || scanned > bytes_max + 1 {
                    isSkipping = true
                    buffer.clear()
                    scanned = 0
                } else {
                    buffer.discardReadBytes()
                }
                return nil
            }
            let wasSkipping = isSkipping
            isSkipping = false
            scanned = 0
            let result = wasSkipping ? .tooLong(number: number) : cut(count)
            buffer.moveReaderIndex(forwardBy: count + 1)
            number += 1
            if let result { return result }
        }
    }

    /// The last line, when the stream ended without a line end.
    mutating func last() -> Line? {
        defer {
            buffer.clear()
            scanned = 0
            isSkipping = false
        }
        return isSkipping ? .tooLong(number: number) : cut(buffer.readableBytes)
    }

    /// How many bytes stand before the next line end; nil: it has not come yet.
    private func lineEnd() -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard let start = bytes.baseAddress, scanned < bytes.count,
                let end = memchr(start + scanned, Int32(UInt8(ascii: "\n")), bytes.count - scanned)
            else { return nil }
            return UnsafeRawPointer(end) - start
        }
    }

    /// The first `count` bytes as a line; nil: it is blank.
    private func cut(_ count: Int) -> Line? {
        let bytes: [UInt8]? = buffer.withUnsafeReadableBytes { all in
            var count = count
            if count > 0, all[count - 1] == UInt8(ascii: "\r") { count -= 1 }
            let line = UnsafeRawBufferPointer(rebasing: all[..<count])
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return nil }
            return count <= bytes_max ? Array(line) : []
        }
        guard let bytes else { return nil }
        return bytes.isEmpty ? .tooLong(number: number) : .line(number: number, bytes)
    }
}

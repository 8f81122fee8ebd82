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
            let view = buffer.readableBytesView
            guard let end = view[(view.startIndex + scanned)...].firstIndex(of: UInt8(ascii: "\n")) else {
                scanned = view.count
                if isSkipping || scanned > bytes_max + 1 {
                    isSkipping = true
                    buffer.clear()
                    scanned = 0
                } else {
                    buffer.discardReadBytes()
                }
                return nil
            }
            let line = view[..<end]
            let wasSkipping = isSkipping
            isSkipping = false
            scanned = 0
            let result = wasSkipping ? .tooLong(number: number) : cut(line)
            buffer.moveReaderIndex(forwardBy: line.count + 1)
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
        return isSkipping ? .tooLong(number: number) : cut(buffer.readableBytesView[...])
    }

    /// nil: the line is blank.
    private func cut(_ line: ByteBufferView) -> Line? {
        var line = line
        if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return nil }
        guard line.count <= bytes_max else { return .tooLong(number: number) }
        return .line(number: number, Array(line))
    }
}

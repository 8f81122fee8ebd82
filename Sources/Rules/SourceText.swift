/// The bytes of one rule file, and where its lines and characters are.
///
/// Inside the reader a place is a byte offset; lines and columns are counted only for what is told to a person.
struct SourceText: Sendable {
    let name: String
    let bytes: [UInt8]
    /// More than the bytes, where the file was too large to be read.
    let size: Int
    /// 3 where the file begins with a UTF-8 byte order mark: it is no part of the text.
    let start: Int
    /// The offset of each line's first byte. Lines end with LF or CR LF.
    let lineStarts: [Int]

    init(name: String, bytes: [UInt8], size: Int? = nil) {
        self.name = name
        self.bytes = bytes
        self.size = size ?? bytes.count
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.start = start
        var starts = [start]
        bytes.withUnsafeBufferPointer { buffer in
            var i = start
            while i < buffer.count {
                if buffer[i] == 0x0A { starts.append(i + 1) }
                i += 1
            }
        }
        lineStarts = starts
    }

    /// The line of a byte, from 0.
    func line(of byte: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while low < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= byte { low = middle + 1 } else { high = middle }
        }
        return max(low - 1, 0)
    }

    /// A line's bytes, without its end.
    func range(ofLine line: Int) -> Range<Int> {
        let from = lineStarts[line]
        var to = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        if to > from, bytes[to - 1] == 0x0D, line + 1 < lineStarts.count { to -= 1 }
        return from..<max(from, to)
    }

    /// A line's text; what is no UTF-8 shows as U+FFFD.
    func text(ofLine line: Int) -> String { String(decoding: bytes[range(ofLine: line)], as: UTF8.self) }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self) }

    /// Line and column from 1; a column is one character (extended grapheme cluster).
    func position(of byte: Int) -> (line: Int, column: Int) {
        let byte = min(max(byte, start), bytes.count)
        let line = line(of: byte)
        let from = lineStarts[line]
        let piece = bytes[from..<min(byte, max(range(ofLine: line).upperBound, from))]
        if piece.allSatisfy({ $0 < 0x80 }) { return (line + 1, piece.count + 1) }
        return (line + 1, String(decoding: piece, as: UTF8.self).count + 1)
    }
}

/// Walks from libyaml's marks, which count code points, to byte offsets. The marks of one parse hardly ever go back.
struct MarkCursor {
    private let bytes: [UInt8]
    private let isASCII: Bool
    private let start: Int
    private var index = 0
    private var byte: Int

    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        start = range.lowerBound
        byte = start
        isASCII = bytes[range].allSatisfy { $0 < 0x80 }
    }

    mutating func byte(atIndex wanted: Int) -> Int {
        if isASCII { return min(start + wanted, bytes.count) }
        while index < wanted, byte < bytes.count {
            byte += 1
            while byte < bytes.count, bytes[byte] & 0xC0 == 0x80 { byte += 1 }
            index += 1
        }
        while index > wanted, byte > start {
            byte -= 1
            while byte > start, bytes[byte] & 0xC0 == 0x80 { byte -= 1 }
            index -= 1
        }
        return byte
    }
}

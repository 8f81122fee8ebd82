/// Cuts a stream of bytes, fed in pieces, into the lines of a `.jsonl` file or the rows of a `.csv` file, whose quoted cells may hold line
/// ends. Holds one record and one piece at most.
///
/// On failure: a record longer than an input may be is passed over to its line end and given with a fault. A quote that is never closed would
/// swallow the rest of the file: the physical line it stands on is given with a fault, and the next line is read afresh.
package struct RecordSplitter: Sendable {
    package enum Format: Sendable {
        case lines
        /// The delimiter is any of comma, semicolon and tab until `delimiter` is set.
        case table
    }

    package struct Record: Sendable {
        /// Without the line end. Only the beginning where `fault` says that it is too long.
        package var bytes: ArraySlice<UInt8>
        /// The line on which it begins, from 1.
        package var line: Int
        /// Where it lies in the file, in bytes, with its line end.
        package var offset: Int
        package var length: Int
        /// False for the last one of a file that does not end with a line end: perhaps half-written.
        package var isTerminated: Bool
        package var fault: InputFault?
    }

    /// What separates cells; nil: still unknown.
    package var delimiter: UInt8?

    private let format: Format
    private let bytesMax: Int
    private var buffer: [UInt8] = []
    /// Index of the first byte of the record that is being looked for, and of the first byte that was not looked at.
    private var head = 0
    private var scan = 0
    /// Offset in the file of `buffer[0]`.
    private var base: Int
    private var line: Int
    private var isFinished = false
    private var state = CellState.start
    /// Index of the quote that is open.
    private var quote = 0
    /// The offset of a record too long to be held: its bytes are dropped up to the line end.
    private var dropping: Int?

    private enum CellState {
        case start, plain, quoted
        /// Behind a quote inside a quoted cell: its end, or the first half of a doubled one.
        case closing
    }

    /// `offset` and `line`: where in the file the first byte lies.
    package init(_ format: Format, offset: Int = 0, line: Int = 1, bytesMax: Int = InputCodec.bytesMax) {
        self.format = format
        self.base = offset
        self.line = line
        self.bytesMax = bytesMax
    }

    package mutating func append(_ piece: UnsafeRawBufferPointer) {
        buffer.removeSubrange(..<head)
        base += head
        scan -= head
        quote -= head
        head = 0
        buffer.append(contentsOf: piece)
    }

    /// No more bytes will come: what is left is the last record.
    package mutating func finish() { isFinished = true }

    /// The next whole record; nil when more bytes are needed, or nothing is left.
    package mutating func next() -> Record? {
        if base + head == 0 {
            guard buffer.count >= 3 || isFinished else { return nil }
            if buffer.starts(with: [0xEF, 0xBB, 0xBF]) {
                head = 3
                scan = 3
            }
        }
        if dropping != nil { return drop() }
        if let end = lineEnd() {
            // As if it had not fitted: what is said must not depend on the size of the pieces.
            return end - head > bytesMax ? tooLong() : take(to: end, next: end + 1)
        }
        scan = buffer.count
        if scan - head > bytesMax { return tooLong() }
        guard isFinished, head < buffer.count else { return nil }
        if state == .quoted, let record = physicalLine() { return record }
        return take(to: buffer.count, next: buffer.count, fault: state == .quoted ? openQuote() : nil)
    }

    /// The index of the line end that closes the record, looking on from `scan`.
    private mutating func lineEnd() -> Int? {
        var (state, quote, i) = (self.state, self.quote, scan)
        defer { (self.state, self.quote) = (state, quote) }
        return buffer.withUnsafeBufferPointer { bytes -> Int? in
            if format == .lines {
                while i < bytes.count {
                    if bytes[i] == 0x0A { return i }
                    i += 1
                }
                return nil
            }
            while i < bytes.count {
                if bytes[i] == 0x0A, state != .quoted { return i }
                step(bytes[i], at: i, &state, &quote)
                i += 1
            }
            return nil
        }
    }

    /// Where in a row we are behind a byte.
    private func step(_ byte: UInt8, at i: Int, _ state: inout CellState, _ quote: inout Int) {
        switch state {
        case .start, .plain:
            if isDelimiter(byte) {
                state = .start
            } else if byte == 0x22, state == .start {
                state = .quoted
                quote = i
            } else {
                state = .plain
            }
        case .quoted: if byte == 0x22 { state = .closing }
        case .closing: if byte == 0x22 { state = .quoted } else if isDelimiter(byte) { state = .start } else if byte != 0x0D { state = .plain }
        }
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        if let delimiter { return byte == delimiter }
        return byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == 0x09
    }

    private mutating func take(to end: Int, next: Int, fault: InputFault? = nil) -> Record {
        let last = end > head && buffer[end - 1] == 0x0D ? end - 1 : end
        let record = Record(
            bytes: buffer[head..<last], line: line, offset: base + head, length: next - head, isTerminated: next > end, fault: fault)
        line += buffer[head..<next].count { $0 == 0x0A }
        head = next
        scan = next
        state = .start
        return record
    }

    /// A record that does not fit: its first physical line, when that one does, because then a quote goes on and on; else all of it is dropped.
    private mutating func tooLong() -> Record? {
        if let record = physicalLine() { return record }
        dropping = base + head
        return drop()
    }

    /// The first physical line of a record whose quote stays open.
    private mutating func physicalLine() -> Record? {
        guard let end = buffer[head...].prefix(bytesMax + 1).firstIndex(of: 0x0A) else { return nil }
        state = .start
        for i in head..<end { step(buffer[i], at: i, &state, &quote) }
        return take(to: end, next: end + 1, fault: openQuote())
    }

    private func openQuote() -> InputFault {
        let before = buffer[head..<max(quote, head)]
        let lines = before.count { $0 == 0x0A }
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? head
        return InputFault(
            code: .syntax, message: "a quote is opened here and never closed", suggestion: "close it; double a quote that belongs to the text",
            line: line + lines, column: buffer[start..<max(quote, start)].count { $0 & 0xC0 != 0x80 } + 1)
    }

    private mutating func drop() -> Record? {
        guard let start = dropping else { return nil }
        let end = buffer[head...].firstIndex(of: 0x0A)
        guard end != nil || isFinished else {
            base += buffer.count
            buffer.removeAll(keepingCapacity: true)
            head = 0
            scan = 0
            return nil
        }
        let next = end.map { $0 + 1 } ?? buffer.count
        let length = base + next - start
        let record = Record(
            bytes: [], line: line, offset: start, length: length, isTerminated: end != nil,
            fault: InputFault(
                code: .tooLong, message: "\(length) bytes are too many for one input", suggestion: "at most \(bytesMax) are taken", line: line))
        line += 1
        head = next
        scan = next
        state = .start
        dropping = nil
        return record
    }
}

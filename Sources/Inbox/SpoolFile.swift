import Domain

/// How a spool file is read, by the ending of its name.
enum SpoolFormat {
    /// `.json`: one object.
    case one
    /// `.jsonl`: one object a line.
    case lines
    /// `.csv`: a header and rows.
    case table

    /// Upper and lower case are alike, because some exporters write `.CSV`.
    init?(name: [UInt8]) {
        let lower = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        func ends(_ ending: String) -> Bool { lower.count > ending.utf8.count && lower.suffix(ending.utf8.count).elementsEqual(ending.utf8) }
        if ends(".json") { self = .one } else if ends(".jsonl") { self = .lines } else if ends(".csv") { self = .table } else { return nil }
    }
}

/// One file on its way from `new` to `done` or `quarantine`; belongs to the reader's actor alone.
///
/// It moves on when all its lines are read and each has its receipt (`isSettled`). Until then it lies in `new`, and whatever stops us — a
/// crash, no room, a stop — leaves it there to be read again: what was committed is then answered with `duplicate`.
final class SpoolFile {
    /// A record that was not taken.
    struct Bad {
        var line: Int
        var offset: Int
        var length: Int
        /// `line 17, column 5: …; …`
        var reason: String
    }

    let entry: SpoolFolder.Entry
    let format: SpoolFormat
    /// Set once a table's header is read.
    var table: CSVTable?
    /// The header row's bytes, which go along with a table's bad rows so that they can be put back.
    var header: [UInt8] = []
    /// Handed over and not yet answered.
    var unsettled = 0
    /// No more of it will be read in this pass.
    var isRead = false
    /// It stays in `new`: its inputs were refused for now, or it may still be being written.
    var stays = false
    private(set) var bad: [Bad] = []
    /// Bytes from here on were not read any more, because too much was bad before.
    private(set) var unread: Int?
    var accepted = 0
    var duplicates = 0
    /// Everything before this byte and line has its receipt, or is among `bad`.
    private(set) var committedOffset = 0
    private(set) var committedLine = 1
    private var committedAccepted = 0
    private var committedDuplicates = 0

    /// So many bad lines are named one by one; a file with more is no file of ours.
    static let badMax = 10_000

    init(entry: SpoolFolder.Entry, format: SpoolFormat) {
        self.entry = entry
        self.format = format
    }

    /// For messages: the name with what can't be shown made visible.
    var name: String { shown(entry.name) }

    var isSettled: Bool { isRead && unsettled == 0 }

    /// Lines with content that were seen.
    var records: Int { accepted + duplicates + bad.count }

    var badInOrder: [Bad] { bad.sorted { $0.offset < $1.offset } }

    /// One line for each bad one, and one for what was not read.
    var reasons: [String] {
        var reasons = badInOrder.map(\.reason)
        if let unread {
            reasons.append("what stands behind byte \(unread) was not read, because \(Self.badMax) lines before it were bad; it lies here too")
        }
        return reasons
    }

    func note(_ new: Bad) { bad.append(new) }

    /// So much is bad that reading stops.
    var isFull: Bool { bad.count >= Self.badMax }

    func stopReading(at offset: Int) { unread = offset }

    /// The record that ends at `offset`, before `line`, has its receipt. Only called while none before it was refused.
    func commit(upTo offset: Int, line: Int) {
        committedOffset = offset
        committedLine = line
        committedAccepted = accepted
        committedDuplicates = duplicates
    }

    /// To go on from the last committed record: what was found behind it will be found again.
    func rewind() {
        isRead = false
        stays = false
        unread = nil
        accepted = committedAccepted
        duplicates = committedDuplicates
        bad.removeAll { $0.offset >= committedOffset }
    }
}

/// A name for people: UTF-8 where it is, control characters and other bytes as `%0A`.
func shown(_ name: [UInt8]) -> String {
    let isText = name.withUnsafeBufferPointer { firstInvalidUTF8($0) } == nil
    var out: [UInt8] = []
    for byte in name {
        if byte < 0x20 || byte == 0x7F || byte >= 0x80 && !isText {
            let digits = Array("0123456789ABCDEF".utf8)
            out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        } else {
            out.append(byte)
        }
    }
    return String(decoding: out, as: UTF8.self)
}

/// How much a journal line matters, as syslog counts it.
package enum JournalPriority: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// `alert` is for what needs a person at once, `critical` for what has stopped working.
    case emergency = 0, alert, critical, error, warning, notice, info, debug

    /// More urgent is less, as the numbers have it.
    package static func < (a: JournalPriority, b: JournalPriority) -> Bool { a.rawValue < b.rawValue }
}

/// One field of a journal line besides the message: `PAIDAN_TASK=T-20261122-17`.
package struct JournalField: Sendable, Hashable {
    /// Capital letters, digits and underscores, at most 64; begins with a letter.
    package var name: String
    /// Any text; line ends are kept.
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// What the journal takes as a field's name. It drops others without a word (a leading underscore is its own).
    package static func isValid(name: String) -> Bool {
        guard let first = name.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first), name.utf8.count <= 64 else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }
}

/// One line of the journal with its fields.
package struct JournalEntry: Sendable, Hashable {
    /// 32 lower-case hexadecimal digits: the key of the catalog that `journalctl -x` reads; nil: a message without an entry there.
    package var messageID: String?
    package var priority: JournalPriority
    package var message: String
    package var fields: [JournalField]

    package init(messageID: String?, priority: JournalPriority, message: String, fields: [JournalField] = []) {
        self.messageID = messageID
        self.priority = priority
        self.message = message
        self.fields = fields
    }
}

/// An entry in the journal's native form: each field as `NAME=value` and a line end; where the value has line ends itself, as
/// `NAME`, a line end, the value's length as 64 bits (little end first), the value and a line end.
struct EncodedEntry {
    private(set) var bytes: [UInt8] = []

    /// Empties it and fills it anew, keeping its room, so that a batch allocates once.
    mutating func encode(_ entry: JournalEntry, identifier: String) {
        bytes.removeAll(keepingCapacity: true)
        add("MESSAGE", entry.message)
        if let id = entry.messageID { add("MESSAGE_ID", id) }
        add("PRIORITY", String(entry.priority.rawValue))
        add("SYSLOG_IDENTIFIER", identifier)
        for field in entry.fields {
            if JournalField.isValid(name: field.name) {
                add(field.name, field.value)
            } else {
                // The journal would drop it without a word: kept where somebody can find it.
                add("MISNAMED_FIELD", field.name + "=" + field.value)
            }
        }
    }

    private mutating func add(_ name: String, _ value: String) {
        let newline = UInt8(ascii: "\n")
        bytes.append(contentsOf: name.utf8)
        if value.utf8.contains(newline) {
            bytes.append(newline)
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes.append(contentsOf: value.utf8)
        bytes.append(newline)
    }
}

/// What a YAML file says, before anything is made of it: text verbatim, with the exact place and style of every piece.
/// No value is given a type here: whether `NO` or `0123` is a text or a number is for the field it stands in to say.
struct Node: Sendable {
    enum Style: Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    enum Content: Sendable {
        case text(String, Style)
        case list([Node], flow: Bool)
        case map([Pair], flow: Bool)
        /// `*name`: always an error.
        case alias
    }

    struct Pair: Sendable {
        var key: Node
        var value: Node
    }

    /// `&name` or `!tag` before it: always an error.
    struct Marks: OptionSet, Sendable {
        let rawValue: UInt8
        static let anchor = Marks(rawValue: 1)
        static let tag = Marks(rawValue: 2)
    }

    var content: Content
    // Files are small, and a file of a megabyte may have half a million nodes.
    private var from: UInt32
    private var to: UInt32
    var marks: Marks
    /// An error about it has been told: whoever reads it keeps silent.
    var isSpoilt = false
    /// The bytes it stands on.
    var range: Range<Int> {
        get { Int(from)..<Int(to) }
        set { (from, to) = (UInt32(clamping: newValue.lowerBound), UInt32(clamping: newValue.upperBound)) }
    }

    init(content: Content, range: Range<Int>, marks: Marks = []) {
        self.content = content
        self.marks = marks
        (from, to) = (UInt32(clamping: range.lowerBound), UInt32(clamping: range.upperBound))
    }

    /// A part of the file, which may have held any of its keys, could not be read, and that has been told.
    var isTorn = false

    var isFlow: Bool {
        switch content {
        case .list(_, let flow), .map(_, let flow): flow
        case .text, .alias: false
        }
    }

    /// The text of a scalar.
    var text: String? {
        if case .text(let text, _) = content { return text }
        return nil
    }

    /// `key:` with nothing behind it.
    var isEmpty: Bool {
        if case .text(let text, .plain) = content { return text.isEmpty }
        return false
    }

    /// `[]`: nothing that was left out because it has been told.
    var isEmptyList: Bool {
        if case .list(let items, _) = content { return items.isEmpty }
        return false
    }

    /// In words, for messages: "found …".
    var kind: String {
        switch content {
        case .text(let text, _): text.isEmpty ? "nothing" : "a text"
        case .list: "a list"
        case .map: "a block of keys"
        case .alias: "an alias"
        }
    }
}

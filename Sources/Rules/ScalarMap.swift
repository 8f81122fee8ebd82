/// Where each Unicode scalar of a YAML text stands in the source: so that a mistake in the middle of an expression is shown at its own
/// line and column, whatever the style of the text.
///
/// It undoes what libyaml did (folding, escapes, indentation), in the same order, and is checked against the text that libyaml gave; should
/// they ever differ, places fall back to the beginning of the text.
struct ScalarMap {
    /// The byte of the source for each scalar of the text, and one past the last.
    private var places: [Int] = []
    private let text: String
    private let fallback: Int
    /// False: the places are only those of the whole text. Never so, unless libyaml reads a text otherwise than this file does.
    let isExact: Bool

    init(_ node: Node, in source: SourceText) {
        fallback = node.range.lowerBound
        guard case .text(let text, let style) = node.content else {
            self.text = ""
            isExact = false
            return
        }
        self.text = text
        let wanted = Array(text.unicodeScalars)
        func isRight(_ walk: Walk) -> Bool { walk.scalars.count >= wanted.count && walk.scalars.prefix(wanted.count).elementsEqual(wanted) }
        var walk = Walk(source: source, range: node.range)
        switch style {
        case .plain: walk.flowed(quote: nil)
        case .singleQuoted: walk.flowed(quote: UInt8(ascii: "'"))
        case .doubleQuoted: walk.flowed(quote: UInt8(ascii: "\""))
        case .literal, .folded:
            let folded = style == .folded
            walk.block(folded: folded, indent: walk.blockIndent(text))
            // A header with a digit (`>2`), or lines of blanks alone: the indentation that gives this text.
            var indent = 0
            while !isRight(walk), indent <= Self.indentMax {
                walk = Walk(source: source, range: node.range)
                walk.block(folded: folded, indent: indent)
                indent += 1
            }
        }
        isExact = isRight(walk)
        places = Array(walk.places.prefix(wanted.count))
        let end = places.last.map { $0 + source.width(at: $0) } ?? node.range.upperBound
        places.append(min(end, source.bytes.count))
    }

    /// Blocks are no deeper (`YAMLReader.depthMax`), each at most nine columns by its header.
    private static let indentMax = 9 * YAMLReader.depthMax

    /// The bytes of a stretch of the text, given in characters.
    func range(characters: Range<Int>) -> Range<Int> {
        guard isExact else { return fallback..<fallback }
        var offset = 0
        var count = 0
        var from = places[places.count - 1]
        var to = from
        for character in text {
            if count == characters.lowerBound { from = places[offset] }
            let next = offset + character.unicodeScalars.count
            // The end is where the last character ends, not where the next one (perhaps a line below) begins.
            if count == characters.upperBound - 1 { to = next < places.count - 1 && places[next] > places[next - 1] ? end(of: next - 1) : places[places.count - 1] }
            offset = next
            count += 1
        }
        if characters.upperBound <= characters.lowerBound { to = from }
        return from..<max(from, to)
    }

    private func end(of scalar: Int) -> Int {
        let width = places[scalar + 1] - places[scalar]
        let own = UTF8.width(text.unicodeScalars[text.unicodeScalars.index(text.unicodeScalars.startIndex, offsetBy: scalar)])
        return places[scalar] + min(width, own)
    }

    /// Goes through the source of one text.
    private struct Walk {
        let source: SourceText
        let range: Range<Int>
        var scalars: [Unicode.Scalar] = []
        var places: [Int] = []

        init(source: SourceText, range: Range<Int>) {
            self.source = source
            self.range = range
        }

        private mutating func emit(_ scalar: Unicode.Scalar, at byte: Int) {
            scalars.append(scalar)
            places.append(byte)
        }

        private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

        /// Plain and quoted texts: line breaks fold to a blank, empty lines to line breaks.
        mutating func flowed(quote: UInt8?) {
            let bytes = source.bytes
            var i = range.lowerBound + (quote == nil ? 0 : 1)
            let end = range.upperBound - (quote == nil ? 0 : 1)
            while i < end {
                let byte = bytes[i]
                if isBlank(byte) || byte == 0x0A || byte == 0x0D {
                    var j = i
                    var breaks: [Int] = []
                    while j < end, isBlank(bytes[j]) || bytes[j] == 0x0A || bytes[j] == 0x0D {
                        if bytes[j] == 0x0A { breaks.append(j) }
                        j += 1
                    }
                    if breaks.isEmpty {
                        for k in i..<j { emit(Unicode.Scalar(bytes[k]), at: k) }
                    } else if breaks.count == 1 {
                        emit(" ", at: breaks[0])
                    } else {
                        for k in breaks.dropFirst() { emit("\n", at: k) }
                    }
                    i = j
                } else if quote == UInt8(ascii: "'"), byte == UInt8(ascii: "'") {
                    emit("'", at: i)
                    i += 2
                } else if quote == UInt8(ascii: "\""), byte == UInt8(ascii: "\\"), i + 1 < end {
                    i = escape(at: i, end: end)
                } else {
                    i = copy(at: i)
                }
            }
        }

        /// One scalar as it stands; the byte after it.
        private mutating func copy(at i: Int) -> Int {
            let width = source.width(at: i)
            let scalar = String(decoding: source.bytes[i..<min(i + width, source.bytes.count)], as: UTF8.self).unicodeScalars.first
            emit(scalar ?? "\u{FFFD}", at: i)
            return i + width
        }

        private mutating func escape(at i: Int, end: Int) -> Int {
            let bytes = source.bytes
            let simple: [UInt8: Unicode.Scalar] = [
                0x30: "\0", 0x61: "\u{07}", 0x62: "\u{08}", 0x74: "\t", 0x09: "\t", 0x6E: "\n", 0x76: "\u{0B}", 0x66: "\u{0C}", 0x72: "\r",
                0x65: "\u{1B}", 0x20: " ", 0x22: "\"", 0x2F: "/", 0x5C: "\\", 0x4E: "\u{85}", 0x5F: "\u{A0}", 0x4C: "\u{2028}", 0x50: "\u{2029}",
            ]
            let byte = bytes[i + 1]
            if byte == 0x0A || byte == 0x0D {
                // An escaped line end vanishes with the blanks that begin the next line; further ones stay.
                var j = i + 1
                var first = true
                while j < end, isBlank(bytes[j]) || bytes[j] == 0x0A || bytes[j] == 0x0D {
                    if bytes[j] == 0x0A {
                        if !first { emit("\n", at: j) }
                        first = false
                    }
                    j += 1
                }
                return j
            }
            let digits: Int
            switch byte {
            case UInt8(ascii: "x"): digits = 2
            case UInt8(ascii: "u"): digits = 4
            case UInt8(ascii: "U"): digits = 8
            default:
                emit(simple[byte] ?? "\u{FFFD}", at: i)
                return i + 2
            }
            let hex = source.text((i + 2)..<min(i + 2 + digits, end))
            emit(UInt32(hex, radix: 16).flatMap(Unicode.Scalar.init) ?? "\u{FFFD}", at: i)
            return i + 2 + digits
        }

        /// The blanks that the first line with a word shows to be indentation.
        func blockIndent(_ text: String) -> Int {
            let textIndent = text.split(separator: "\n").first.map { $0.prefix { $0 == " " }.utf8.count } ?? 0
            for line in (source.line(of: range.lowerBound) + 1)..<max(source.line(of: range.lowerBound) + 1, source.lineStarts.count) {
                let content = source.range(ofLine: line)
                let blanks = source.bytes[content].prefix { $0 == 0x20 }.count
                if blanks < content.count { return max(0, blanks - textIndent) }
            }
            return 0
        }

        /// `|` and `>` texts, as libyaml's scanner reads them.
        mutating func block(folded: Bool, indent: Int) {
            let bytes = source.bytes
            var line = source.line(of: range.lowerBound) + 1
            let last = source.line(of: max(range.lowerBound, range.upperBound - 1))
            var pendingBreak: Int?
            var emptyLines: [Int] = []
            var previousBeganBlank = false
            while line < source.lineStarts.count, line <= max(last, line == source.line(of: range.lowerBound) + 1 ? line : last) {
                let content = source.range(ofLine: line)
                let begin = content.lowerBound + min(indent, bytes[content].prefix { $0 == 0x20 }.count)
                if begin >= content.upperBound {
                    emptyLines.append(content.upperBound)
                    line += 1
                    continue
                }
                if begin - content.lowerBound < indent { break }
                let beginsBlank = isBlank(bytes[begin])
                if let place = pendingBreak {
                    if folded, !previousBeganBlank, !beginsBlank {
                        if emptyLines.isEmpty { emit(" ", at: place) }
                    } else {
                        emit("\n", at: place)
                    }
                }
                for place in emptyLines { emit("\n", at: place) }
                emptyLines = []
                previousBeganBlank = beginsBlank
                var i = begin
                while i < content.upperBound { i = copy(at: i) }
                pendingBreak = content.upperBound
                line += 1
            }
            // What chomping may have left.
            if let place = pendingBreak { emit("\n", at: place) }
            for place in emptyLines { emit("\n", at: place) }
        }
    }
}

extension SourceText {
    /// How many bytes the UTF-8 character at a byte has.
    func width(at byte: Int) -> Int {
        guard byte < bytes.count else { return 0 }
        switch bytes[byte] {
        case ..<0x80: return 1
        case ..<0xE0: return 2
        case ..<0xF0: return 3
        default: return 4
        }
    }
}

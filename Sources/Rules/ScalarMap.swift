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

        /// What libyaml takes for a line break at a byte: its bytes, the one that it is shown at, and what a text gets of it. LF, CR LF, CR
        /// and U+0085 give a line feed, U+2028 and U+2029 stay. (All but the first two are told as control characters.)
        private func lineBreak(at i: Int) -> (width: Int, place: Int, scalar: Unicode.Scalar)? {
            let bytes = source.bytes
            switch bytes[i] {
            case 0x0A: return (1, i, "\n")
            case 0x0D: return i + 1 < bytes.count && bytes[i + 1] == 0x0A ? (2, i + 1, "\n") : (1, i, "\n")
            case 0xC2: return i + 1 < bytes.count && bytes[i + 1] == 0x85 ? (2, i, "\n") : nil
            case 0xE2:
                guard i + 2 < bytes.count, bytes[i + 1] == 0x80, bytes[i + 2] == 0xA8 || bytes[i + 2] == 0xA9 else { return nil }
                return (3, i, bytes[i + 2] == 0xA8 ? "\u{2028}" : "\u{2029}")
            default: return nil
            }
        }

        /// The blanks and line breaks from a byte on: the byte after them, and the breaks among them.
        private func gap(from i: Int, to end: Int) -> (end: Int, breaks: [(place: Int, scalar: Unicode.Scalar)]) {
            var i = i
            var breaks: [(place: Int, scalar: Unicode.Scalar)] = []
            while i < end {
                if let found = lineBreak(at: i) {
                    breaks.append((found.place, found.scalar))
                    i += found.width
                } else if isBlank(source.bytes[i]) {
                    i += 1
                } else {
                    break
                }
            }
            return (i, breaks)
        }

        /// Plain and quoted texts: line breaks fold to a blank, empty lines to line breaks.
        mutating func flowed(quote: UInt8?) {
            let bytes = source.bytes
            var i = range.lowerBound + (quote == nil ? 0 : 1)
            let end = range.upperBound - (quote == nil ? 0 : 1)
            while i < end {
                let byte = bytes[i]
                if isBlank(byte) || lineBreak(at: i) != nil {
                    let (next, breaks) = gap(from: i, to: end)
                    if breaks.isEmpty {
                        for k in i..<next { emit(Unicode.Scalar(bytes[k]), at: k) }
                    } else if breaks.count == 1, breaks[0].scalar == "\n" {
                        emit(" ", at: breaks[0].place)
                    } else {
                        for found in breaks.dropFirst(breaks[0].scalar == "\n" ? 1 : 0) { emit(found.scalar, at: found.place) }
                    }
                    i = next
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
            if lineBreak(at: i + 1) != nil {
                // An escaped line end vanishes with the blanks that begin the next line; further ones stay.
                let (next, breaks) = gap(from: i + 1, to: end)
                for found in breaks.dropFirst() { emit(found.scalar, at: found.place) }
                return next
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

        private struct Line {
            var content: Range<Int>
            /// nil: the file ends.
            var lineBreak: (place: Int, scalar: Unicode.Scalar)?
        }

        /// The lines of a `|` or `>` text, as libyaml cuts them, without that of the header.
        private func lines() -> [Line] {
            var lines: [Line] = []
            var from = range.lowerBound
            var isHeader = true
            var i = from
            while i < range.upperBound {
                guard let found = lineBreak(at: i) else {
                    i += 1
                    continue
                }
                if !isHeader { lines.append(Line(content: from..<i, lineBreak: (found.place, found.scalar))) }
                isHeader = false
                i += found.width
                from = i
            }
            if !isHeader, from < range.upperBound { lines.append(Line(content: from..<range.upperBound, lineBreak: nil)) }
            return lines
        }

        /// The blanks that the first line with a word shows to be indentation.
        func blockIndent(_ text: String) -> Int {
            let textIndent = text.split(separator: "\n").first.map { $0.prefix { $0 == " " }.utf8.count } ?? 0
            for line in lines() {
                let blanks = source.bytes[line.content].prefix { $0 == 0x20 }.count
                if blanks < line.content.count { return max(0, blanks - textIndent) }
            }
            return 0
        }

        /// `|` and `>` texts, as libyaml's scanner reads them.
        mutating func block(folded: Bool, indent: Int) {
            let bytes = source.bytes
            var pendingBreak: (place: Int, scalar: Unicode.Scalar)?
            var emptyLines: [(place: Int, scalar: Unicode.Scalar)] = []
            var previousBeganBlank = false
            for line in lines() {
                let content = line.content
                let begin = content.lowerBound + min(indent, bytes[content].prefix { $0 == 0x20 }.count)
                if begin >= content.upperBound {
                    if let found = line.lineBreak { emptyLines.append(found) }
                    continue
                }
                if begin - content.lowerBound < indent { break }
                let beginsBlank = isBlank(bytes[begin])
                if let found = pendingBreak {
                    if folded, found.scalar == "\n", !previousBeganBlank, !beginsBlank {
                        if emptyLines.isEmpty { emit(" ", at: found.place) }
                    } else {
                        emit(found.scalar, at: found.place)
                    }
                }
                for found in emptyLines { emit(found.scalar, at: found.place) }
                emptyLines = []
                previousBeganBlank = beginsBlank
                var i = begin
                while i < content.upperBound { i = copy(at: i) }
                pendingBreak = line.lineBreak
            }
            // What chomping may have left.
            if let found = pendingBreak { emit(found.scalar, at: found.place) }
            for found in emptyLines { emit(found.scalar, at: found.place) }
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

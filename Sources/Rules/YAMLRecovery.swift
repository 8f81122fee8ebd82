/// Going on after a mistake that libyaml can't get past, so that it hides no others.
///
/// A file is cut into pieces that stand alone: its top-level keys with what belongs to them, and the rules of a `route`. Each piece is parsed by
/// itself. One that can't be read is told and left out; what is left is one file again. A piece that can be read by itself is never blamed
/// for another, and what is missing because a piece was left out is never told: the root is marked as torn, and then every key counts as
/// written (`Block.has`), though it can't be read.
struct FilePieces {
    struct Piece {
        var range: Range<Int>
        /// Rules of a `route` that are pieces of their own; the line of the key is no part of them.
        var rules: [Range<Int>] = []
    }

    /// In the order of the file; what stands before the first key is in none.
    private(set) var pieces: [Piece] = []

    /// - Parameter bytes: of a file in UTF-8, from `start` on.
    init(_ source: SourceText) {
        let bytes = source.bytes
        for line in source.lineStarts.indices {
            let range = source.range(ofLine: line)
            guard Self.beginsPiece(bytes[range]) else { continue }
            if let last = pieces.indices.last { pieces[last].range = pieces[last].range.lowerBound..<range.lowerBound }
            pieces.append(Piece(range: range.lowerBound..<bytes.count))
        }
        for i in pieces.indices where bytes[pieces[i].range].starts(with: Array("route:".utf8)) { pieces[i].rules = Self.items(of: pieces[i].range, source) }
    }

    /// `key:` at the beginning of a line.
    private static func beginsPiece(_ line: ArraySlice<UInt8>) -> Bool {
        guard let first = line.first, isWord(first), let colon = line.firstIndex(where: { !isWord($0) && $0 != UInt8(ascii: "-") }) else { return false }
        return line[colon] == UInt8(ascii: ":") && (colon + 1 == line.endIndex || line[colon + 1] == 0x20)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "_")
    }

    /// The items of a list below a key: each from its `- `, all in one column, to the next.
    private static func items(of range: Range<Int>, _ source: SourceText) -> [Range<Int>] {
        let bytes = source.bytes
        var items: [Range<Int>] = []
        var column: Int?
        for line in (source.line(of: range.lowerBound) + 1)..<max(source.line(of: range.lowerBound) + 1, source.lineStarts.count) {
            let content = source.range(ofLine: line)
            guard content.lowerBound < range.upperBound else { break }
            let blanks = bytes[content].prefix { $0 == 0x20 }.count
            guard blanks < content.count, bytes[content.lowerBound + blanks] != UInt8(ascii: "#") else { continue }
            let rest = bytes[(content.lowerBound + blanks)..<content.upperBound]
            let isItem = rest.first == UInt8(ascii: "-") && (rest.count == 1 || rest[rest.startIndex + 1] == 0x20)
            // Something else before the first item: this is no list of rules.
            if column == nil, !isItem { return [] }
            guard isItem, column == nil || column == blanks else { continue }
            column = blanks
            if let last = items.indices.last { items[last] = items[last].lowerBound..<content.lowerBound }
            items.append(content.lowerBound..<range.upperBound)
        }
        return items
    }
}

extension YAMLReader {
    /// So many pieces of one file are left out; then the rest is given up.
    static let tearsMax = 100

    /// Tells what is wrong in each piece of the file, and reads what is left.
    /// - Parameter bytes: of the file, perhaps with masked expressions.
    /// - Parameter broken: places of mistakes that have been told: the pieces they are in are left out.
    /// - Returns: nil when there is nothing to go on with; then an error has been told.
    func recovered(_ masked: [UInt8], masks: [Range<Int>], broken: [Int] = [], failure: Failure? = nil) -> (bytes: [UInt8], masks: [Range<Int>])? {
        var masked = masked
        var masks = masks
        var tears = 0
        var kept = 0

        /// Whether the piece was left out. `rules` of it have been looked at.
        func tear(_ range: Range<Int>, rules: [Range<Int>] = []) -> Bool {
            guard tears < Self.tearsMax else { return true }
            var isBroken = broken.contains { place in range.contains(place) && !rules.contains { $0.contains(place) } }
            if !isBroken, let failure = alone(range, &masked, &masks) {
                let (place, wording) = Traps(source: source).describe(failure)
                findings.error(file, place, wording)
                isBroken = true
            }
            guard isBroken else { return false }
            tears += 1
            erase(range, in: &masked)
            // A quoted text may go on over it.
            masks.append(range)
            return true
        }
        for piece in FilePieces(source).pieces {
            let isTorn: Bool
            if piece.rules.isEmpty {
                isTorn = tear(piece.range)
            } else {
                let torn = piece.rules.filter { tear($0) }
                if torn.count == piece.rules.count { erase(piece.range, in: &masked) }
                // The line of the key, with what was left.
                isTorn = torn.count == piece.rules.count || tear(piece.range, rules: torn)
            }
            if !isTorn { kept += 1 }
        }
        // No piece is to blame: the mistake is in how they stand together.
        if tears == 0, let failure {
            let (range, wording) = Traps(source: source).describe(failure)
            findings.error(file, range, wording)
        }
        return tears == 0 || tears >= Self.tearsMax || kept == 0 ? nil : (masked, masks)
    }

    /// The failure of a piece by itself; expressions that YAML takes for something else are told and masked, as in whole files.
    private func alone(_ range: Range<Int>, _ masked: inout [UInt8], _ masks: inout [Range<Int>]) -> Failure? {
        while true {
            guard case .failure(let failure) = parse(masked, in: range) else { return nil }
            guard masks.count < Self.masksMax, let trap = Traps(source: source).trap(failure), range.contains(trap.value.lowerBound),
                !masks.contains(trap.value)
            else { return failure }
            mask(trap, in: &masked)
            masks.append(trap.value)
        }
    }

    /// Comments in place of the lines: the same bytes, so that all places stay; and no text of the piece before goes on into them.
    private func erase(_ range: Range<Int>, in bytes: inout [UInt8]) {
        var isFirst = true
        for i in range {
            if bytes[i] == 0x0A || bytes[i] == 0x0D {
                isFirst = true
            } else {
                bytes[i] = isFirst ? UInt8(ascii: "#") : 0x20
                isFirst = false
            }
        }
    }
}

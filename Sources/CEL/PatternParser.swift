/// Reads RE2's syntax. Groups are kept apart only by their extent: which text a group took is never asked for.
struct PatternParser {
    /// How deep groups may nest.
    static let depthLimit = 160
    /// The largest count of a repetition, also as the product of nested ones (RE2's limit).
    static let repetitionLimit = 1000

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotTakesNewline = false
    }

    private let scalars: [Unicode.Scalar]
    /// Sets without regard to case, by what they were made of: such a set is dear to make.
    private var known: [SetKey: ScalarSet] = [:]
    private var foldedLeft = Limits.foldedScalars
    private var position = 0
    private var flags = Flags()
    private var depth = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(PatternError) -> PatternNode {
        let tree = try alternatives()
        if position < scalars.count { throw error("unexpected ')'", from: position) }
        return tree.node
    }

    /// A tree and the largest product of repetition counts within.
    private struct Part {
        var node: PatternNode
        var repetition = 1
    }

    private func peek(_ distance: Int = 0) -> Unicode.Scalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    private func error(_ message: String, from start: Int, to end: Int? = nil) -> PatternError {
        PatternError(message: message, place: start..<max(start, min(end ?? start + 1, scalars.count)))
    }

    private func text(_ start: Int, _ end: Int) -> String {
        var out = String.UnicodeScalarView()
        out.append(contentsOf: scalars[start..<min(end, scalars.count)])
        return String(out)
    }

    // MARK: - Grammar

    private mutating func alternatives() throws(PatternError) -> Part {
        var branches: [PatternNode] = []
        var repetition = 1
        // Flags set within a group hold to its end.
        let outer = flags
        defer { flags = outer }
        repeat {
            let branch = try sequence()
            branches.append(branch.node)
            repetition = max(repetition, branch.repetition)
        } while take("|")
        return Part(node: branches.count == 1 ? branches[0] : .either(branches), repetition: repetition)
    }

    private mutating func sequence() throws(PatternError) -> Part {
        var parts: [Part] = []
        while let scalar = peek(), scalar != "|", scalar != ")" {
            if scalar == "\\", peek(1) == "Q" {
                quoted(into: &parts)
                // A repetition after it holds for its last scalar.
                if peek() != "\\" { try repeatLast(of: &parts) }
                continue
            }
            let start = position
            guard let atom = try atom() else {
                // Flags alone: what follows repeats the part before them.
                try repeatLast(of: &parts)
                continue
            }
            parts.append(try repetitions(of: atom, from: start))
        }
        let nodes = parts.map(\.node)
        return Part(
            node: nodes.isEmpty ? .empty : nodes.count == 1 ? nodes[0] : .sequence(nodes), repetition: parts.map(\.repetition).max() ?? 1)
    }

    private mutating func repeatLast(of parts: inout [Part]) throws(PatternError) {
        guard let last = parts.last else { return }
        parts[parts.count - 1] = try repetitions(of: last, from: position)
    }

    /// `\Q...\E`: every scalar stands for itself.
    private mutating func quoted(into parts: inout [Part]) {
        position += 2
        while let scalar = peek() {
            if scalar == "\\", peek(1) == "E" {
                position += 2
                return
            }
            parts.append(Part(node: literal(scalar)))
            position += 1
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> PatternNode {
        .scalar(set([scalar.value...scalar.value]))
    }

    private func set(_ ranges: [ClosedRange<UInt32>], categories: UInt32 = 0, excluded: UInt32? = nil) -> ScalarSet {
        ScalarSet(ranges: ranges, categories: categories, excluded: excluded.map { [$0] } ?? [], ignoringCase: flags.ignoresCase)
    }

    private struct SetKey: Hashable {
        var ranges: [ClosedRange<UInt32>]
        var categories: UInt32
        var excluded: [UInt32]
        var isNegated: Bool
    }

    private mutating func set(
        _ ranges: [ClosedRange<UInt32>], categories: UInt32, excluded: [UInt32], negated: Bool
    ) throws(PatternError) -> ScalarSet {
        guard flags.ignoresCase else { return ScalarSet(ranges: ranges, categories: categories, excluded: excluded, negated: negated) }
        let key = SetKey(ranges: ranges, categories: categories, excluded: excluded, isNegated: negated)
        if let set = known[key] { return set }
        foldedLeft -= ScalarSet.foldingWork(ranges)
        guard foldedLeft >= 0 else {
            throw PatternError(message: "its sets are too large to be read without regard to case", place: 0..<scalars.count)
        }
        let set = ScalarSet(ranges: ranges, categories: categories, excluded: excluded, negated: negated, ignoringCase: true)
        known[key] = set
        return set
    }

    /// What stands before a repetition; nil when only flags were set.
    private mutating func atom() throws(PatternError) -> Part? {
        let start = position
        guard let scalar = peek() else { return nil }
        position += 1
        switch scalar {
        case "(": return try group(from: start)
        case "[": return Part(node: .scalar(try bracketed(from: start)))
        case ".": return Part(node: .scalar(ScalarSet(ranges: flags.dotTakesNewline ? ScalarSet.all : ScalarSet.allButNewline)))
        case "^": return Part(node: .assert(flags.isMultiline ? .lineStart : .textStart))
        case "$": return Part(node: .assert(flags.isMultiline ? .lineEnd : .textEnd))
        case "*", "+", "?": throw error("nothing before '\(scalar)' to repeat", from: start)
        case "{":
            if let (_, _, end) = counts(from: start) { throw error("nothing before '\(text(start, end))' to repeat", from: start, to: end) }
            return Part(node: literal(scalar))
        case "\\": return Part(node: try escape(from: start))
        default: return Part(node: literal(scalar))
        }
    }

    /// The repetitions after a part: one, and perhaps a `?` that asks for as few as possible (no difference here).
    private mutating func repetitions(of part: Part, from start: Int) throws(PatternError) -> Part {
        let operatorStart = position
        guard let (minimum, maximum) = try repetition() else { return part }
        _ = take("?")
        let operatorEnd = position
        if try repetition() != nil {
            throw error(
                "'\(text(operatorStart, position))' repeats a repetition; put the inner one in brackets", from: operatorStart, to: position)
        }
        position = operatorEnd
        let count = max(minimum, maximum ?? minimum, 1)
        let product = isSimple(minimum, maximum) ? part.repetition : part.repetition * count
        guard product <= Self.repetitionLimit else {
            throw error("nested repetitions come to more than \(Self.repetitionLimit)", from: operatorStart, to: operatorEnd)
        }
        return Part(node: .repeat(part.node, minimum: minimum, maximum: maximum), repetition: product)
    }

    /// `*`, `+`, `?`.
    private func isSimple(_ minimum: Int, _ maximum: Int?) -> Bool {
        switch (minimum, maximum) {
        case (0, nil), (1, nil), (0, 1): true
        default: false
        }
    }

    private mutating func repetition() throws(PatternError) -> (Int, Int?)? {
        let start = position
        switch peek() {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{":
            guard let (minimum, maximum, end) = counts(from: start) else { return nil }
            guard minimum <= Self.repetitionLimit, (maximum ?? 0) <= Self.repetitionLimit else {
                throw error("a repetition of more than \(Self.repetitionLimit)", from: start, to: end)
            }
            if let maximum, maximum < minimum { throw error("a repetition whose end is below its start", from: start, to: end) }
            position = end
            return (minimum, maximum)
        default:
            return nil
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; nil when the brace is no repetition and stands for itself.
    private func counts(from start: Int) -> (Int, Int?, end: Int)? {
        var index = start + 1
        func number() -> Int? {
            let first = index
            var value = 0
            while index < scalars.count, ("0"..."9").contains(scalars[index]) {
                value = min(value * 10 + Int(scalars[index].value - 0x30), 1_000_000)
                index += 1
            }
            if index - first > 1, scalars[first] == "0" { return nil }
            return index > first ? value : nil
        }
        guard let minimum = number(), index < scalars.count else { return nil }
        if scalars[index] == "}" { return (minimum, minimum, index + 1) }
        guard scalars[index] == "," else { return nil }
        index += 1
        if index < scalars.count, scalars[index] == "}" { return (minimum, nil, index + 1) }
        guard let maximum = number(), index < scalars.count, scalars[index] == "}" else { return nil }
        return (minimum, maximum, index + 1)
    }

    // MARK: - Groups

    private mutating func group(from start: Int) throws(PatternError) -> Part? {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw error("brackets nested deeper than \(Self.depthLimit)", from: start) }
        var inner = flags
        if take("?") {
            if peek() == "P" || peek() == "<" {
                try groupName(from: start)
            } else {
                guard let isGroup = try groupFlags(from: start, into: &inner) else {
                    throw error(
                        "'\(text(start, position + 1))' is no kind of group here; looking ahead or behind is not possible", from: start,
                        to: position + 1)
                }
                if !isGroup {
                    flags = inner
                    return nil
                }
            }
        }
        let outer = flags
        flags = inner
        defer { flags = outer }
        let part = try alternatives()
        guard take(")") else { throw error("no ')' for this '('", from: start) }
        return part
    }

    /// `P<name>` or `<name>`.
    private mutating func groupName(from start: Int) throws(PatternError) {
        _ = take("P")
        guard take("<") else { throw error("'\(text(start, position + 1))' is no kind of group", from: start, to: position + 1) }
        let first = position
        while let scalar = peek(), scalar != ">" {
            guard scalar.value < 0x80, ScalarSet.words.contains(where: { $0.contains(scalar.value) }) else {
                if first == position, scalar == "=" || scalar == "!" {
                    throw error("looking ahead or behind is not possible", from: start, to: position + 1)
                }
                throw error("a group's name has letters, digits and '_'", from: position)
            }
            position += 1
        }
        guard position > first, take(">") else { throw error("a group's name is not complete", from: start, to: position) }
    }

    /// `i`, `m-s:` ...; true when a group follows, false when the flags hold for the rest; nil when it is neither.
    private mutating func groupFlags(from start: Int, into flags: inout Flags) throws(PatternError) -> Bool? {
        var value = true
        // `(?)` says nothing and is allowed; `(?i-)` and `(?-)` are not.
        var any = true
        while let scalar = peek() {
            switch scalar {
            case "i": flags.ignoresCase = value
            case "m": flags.isMultiline = value
            case "s": flags.dotTakesNewline = value
            case "U": break
            case "-" where value:
                value = false
                any = false
                position += 1
                continue
            case ":", ")":
                if !any { return nil }
                position += 1
                return scalar == ":"
            default: return nil
            }
            any = true
            position += 1
        }
        throw error("no ')' for this '('", from: start)
    }

    // MARK: - Escapes

    private mutating func escape(from start: Int) throws(PatternError) -> PatternNode {
        guard let letter = peek() else { throw error("a backslash at the end", from: start) }
        switch letter {
        case "A":
            position += 1
            return .assert(.textStart)
        case "z":
            position += 1
            return .assert(.textEnd)
        case "b":
            position += 1
            return .assert(.wordBoundary)
        case "B":
            position += 1
            return .assert(.noWordBoundary)
        case "C": throw error("single bytes (\\C) cannot be matched here", from: start, to: start + 2)
        default: break
        }
        if let named = try namedSet(from: start) { return .scalar(set(named.ranges, categories: named.categories, excluded: named.excluded)) }
        return .scalar(set([try escapedScalar(from: start)].map { $0...$0 }))
    }

    /// `\d`, `\W`, `\pL`, `\P{Han}` after the backslash; nil when it is something else.
    private mutating func namedSet(from start: Int) throws(PatternError) -> NamedSet? {
        guard let letter = peek() else { return nil }
        let perl: [ClosedRange<UInt32>]? =
            switch letter {
            case "d", "D": ScalarSet.digits
            case "w", "W": ScalarSet.words
            case "s", "S": ScalarSet.spaces
            default: nil
            }
        if let perl {
            position += 1
            let isNegated = letter == "D" || letter == "W" || letter == "S"
            return NamedSet(ranges: isNegated ? ScalarSet.complement(folding(perl)) : perl)
        }
        guard letter == "p" || letter == "P" else { return nil }
        position += 1
        var isNegated = letter == "P"
        var name: String
        if take("{") {
            let first = position
            while position < scalars.count, scalars[position] != "}" { position += 1 }
            guard position < scalars.count else { throw error("no '}' for this '{'", from: first - 1) }
            name = text(first, position)
            position += 1
        } else {
            guard let scalar = peek() else { throw error("a name is missing after '\\\(letter)'", from: start, to: position) }
            name = String(scalar)
            position += 1
        }
        if name.hasPrefix("^") {
            name.removeFirst()
            isNegated.toggle()
        }
        if let mask = ScalarSet.categories(named: name) {
            // Without regard to case the set leaves out whatever has a kin in the category.
            if isNegated, flags.ignoresCase { return NamedSet(excluded: mask) }
            return NamedSet(categories: isNegated ? ~mask : mask)
        }
        if let script = ScalarSet.scripts[name] { return NamedSet(ranges: isNegated ? ScalarSet.complement(folding(script)) : script) }
        throw error("'\(name)' is no category or script known here", from: start, to: position)
    }

    private struct NamedSet {
        var ranges: [ClosedRange<UInt32>] = []
        var categories: UInt32 = 0
        var excluded: UInt32?
    }

    /// What a negated set inside brackets leaves out, when case does not count.
    private func folding(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        flags.ignoresCase ? ScalarSet(ranges: ranges, ignoringCase: true).ranges : ranges
    }

    /// A single scalar after the backslash.
    private mutating func escapedScalar(from start: Int) throws(PatternError) -> UInt32 {
        guard let letter = peek() else { throw error("a backslash at the end", from: start) }
        position += 1
        switch letter {
        case "a": return 0x07
        case "f": return 0x0C
        case "t": return 0x09
        case "n": return 0x0A
        case "r": return 0x0D
        case "v": return 0x0B
        case "x": return try hexadecimal(from: start)
        case "0"..."7":
            // A single digit other than 0 would be a reference back.
            if letter != "0", !(peek().map { ("0"..."7").contains($0) } ?? false) {
                throw error("references back (\\\(letter)) are not possible", from: start, to: start + 2)
            }
            var value = letter.value - 0x30
            var digits = 1
            while digits < 3, let digit = peek(), ("0"..."7").contains(digit) {
                value = value * 8 + digit.value - 0x30
                position += 1
                digits += 1
            }
            return value
        default:
            if letter == "_" || (letter.value < 0x80 && !ScalarSet.words.contains(where: { $0.contains(letter.value) })) { return letter.value }
            if ("8"..."9").contains(letter) { throw error("references back (\\\(letter)) are not possible", from: start, to: start + 2) }
            throw error("'\\\(letter)' has no meaning", from: start, to: start + 2)
        }
    }

    private mutating func hexadecimal(from start: Int) throws(PatternError) -> UInt32 {
        func digit(_ scalar: Unicode.Scalar?) -> UInt32? {
            scalar.flatMap { $0.value < 0x80 ? Character($0).hexDigitValue : nil }.map { UInt32($0) }
        }
        if take("{") {
            var value: UInt32 = 0
            var count = 0
            while let next = digit(peek()) {
                value = min(value << 4 | next, 0x110000)
                position += 1
                count += 1
            }
            guard count > 0, value <= 0x10FFFF, take("}") else {
                throw error("'\\x{' wants a code point and '}'", from: start, to: position)
            }
            return value
        }
        guard let high = digit(peek()), let low = digit(peek(1)) else {
            throw error("'\\x' wants two hexadecimal digits", from: start, to: position)
        }
        position += 2
        return high << 4 | low
    }

    // MARK: - Bracketed sets

    private mutating func bracketed(from start: Int) throws(PatternError) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var categories: UInt32 = 0
        var excluded: [UInt32] = []
        var isFirst = true
        while true {
            guard let scalar = peek() else { throw error("no ']' for this '['", from: start) }
            if scalar == "]", !isFirst { break }
            isFirst = false
            if scalar == "[", peek(1) == ":", let named = try posixSet() {
                ranges += named
                continue
            }
            let itemStart = position
            if scalar == "\\" {
                position += 1
                if let named = try namedSet(from: itemStart) {
                    ranges += named.ranges
                    categories |= named.categories
                    if let mask = named.excluded { excluded.append(mask) }
                    continue
                }
                position = itemStart
            }
            let first = try setScalar()
            var last = first
            if peek() == "-", let after = peek(1), after != "]" {
                position += 1
                last = try setScalar()
                guard last >= first else {
                    throw error("the range '\(text(itemStart, position))' runs backwards", from: itemStart, to: position)
                }
            }
            ranges.append(first...last)
        }
        position += 1
        return try set(ranges, categories: categories, excluded: excluded, negated: isNegated)
    }

    private mutating func setScalar() throws(PatternError) -> UInt32 {
        guard let scalar = peek() else { throw error("a set is not complete", from: position) }
        position += 1
        return scalar == "\\" ? try escapedScalar(from: position - 1) : scalar.value
    }

    /// `[:alpha:]`; nil when the bracket stands for itself.
    private mutating func posixSet() throws(PatternError) -> [ClosedRange<UInt32>]? {
        var end = position + 2
        while end + 1 < scalars.count, !(scalars[end] == ":" && scalars[end + 1] == "]") { end += 1 }
        guard end + 1 < scalars.count else { return nil }
        var name = text(position + 2, end)
        let isNegated = name.hasPrefix("^")
        if isNegated { name.removeFirst() }
        guard let ranges = ScalarSet.posix[name] else {
            throw error("'[:\(name):]' is no set known here", from: position, to: end + 2)
        }
        position = end + 2
        return isNegated ? ScalarSet.complement(folding(ranges)) : ranges
    }
}

import Domain

/// A block of `key: value` lines whose keys are known.
struct Block {
    let keys: Keys
    /// Where to point when something is missing.
    let anchor: Range<Int>
    /// A handful: looked through faster than hashed.
    fileprivate(set) var keyRanges = KeyRanges()
    fileprivate var values: [(key: String, node: Node)] = []
    /// A part of it could not be read: any key may have been there.
    fileprivate var isTorn = false

    struct KeyRanges {
        fileprivate var entries: [(key: String, range: Range<Int>)] = []
        subscript(_ key: String) -> Range<Int>? {
            for entry in entries where entry.key == key { return entry.range }
            return nil
        }
    }

    init(keys: Keys, anchor: Range<Int>) {
        self.keys = keys
        self.anchor = anchor
    }

    subscript(_ key: String) -> Node? {
        for entry in values where entry.key == key { return entry.node }
        return nil
    }

    /// The same without the values of some keys, which are still known to be written.
    func without(_ names: Set<String>) -> Block {
        var block = self
        block.values.removeAll { names.contains($0.key) }
        return block
    }

    /// Written, though perhaps with a mistake that has been told.
    func has(_ key: String) -> Bool { isTorn || keyRanges[key] != nil }
}

/// Makes typed values of nodes. Each function tells what is wrong and gives nil; what has been told already gives nil in silence.
struct FileReader {
    let file: Int
    let source: SourceText
    let findings: Findings

    func error(_ range: Range<Int>, _ wording: @autoclosure () -> Wording) { findings.error(file, range, wording()) }

    /// The nearest name; none where nobody will read it any more.
    func near(_ name: String, among names: [String]) -> String? { findings.isFull(file) ? nil : nearestName(to: name, among: names) }

    func line(of range: Range<Int>) -> Int { source.line(of: range.lowerBound) + 1 }

    // MARK: Blocks and lists

    /// `elsewhere` may know better what an unknown key is.
    func block(
        _ node: Node, _ keys: Keys, named name: String? = nil, example: String? = nil, at anchor: Range<Int>? = nil,
        elsewhere: (String) -> Wording? = { _ in nil }
    ) -> Block? {
        guard !node.isSpoilt else { return nil }
        guard case .map(let pairs, let flow) = node.content else {
            error(place(node), .notABlock(name.map { "'\($0)'" } ?? keys.what, found: node.kind, example: example))
            return nil
        }
        var block = Block(keys: keys, anchor: anchor ?? pairs.first?.key.range ?? place(node))
        block.isTorn = node.isTorn
        block.keyRanges.entries.reserveCapacity(pairs.count)
        block.values.reserveCapacity(pairs.count)
        for pair in pairs {
            guard let key = pair.key.text, !pair.key.isSpoilt else { continue }
            guard keys.names.contains(key) else {
                if let wording = elsewhere(key) {
                    error(pair.key.range, wording)
                } else if Keys.later.contains(key) {
                    error(pair.key.range, .laterSection(key))
                } else if flow, pair.value.isEmpty, near(key, among: keys.names) == nil {
                    error(pair.key.range, .commaCut(key))
                } else {
                    error(pair.key.range, .unknownKey(key, in: keys, suggestion: near(key, among: keys.names)))
                }
                continue
            }
            block.keyRanges.entries.append((key, pair.key.range))
            guard !pair.value.isSpoilt else { continue }
            if pair.value.isEmpty {
                error(pair.key.range, .emptyValue(key, example: keys.examples[key]))
                continue
            }
            block.values.append((key, pair.value))
        }
        return block
    }

    /// The value of a key that must be there.
    func required(_ key: String, in block: Block, of what: @autoclosure () -> String? = nil) -> Node? {
        if !block.has(key) { error(block.anchor, .missingKey(key, in: what() ?? block.keys.what, example: block.keys.examples[key])) }
        return block[key]
    }

    /// Not inside { }: conditions and texts would be cut.
    func inBlockStyle(_ node: Node, _ what: String, example: String) -> Bool {
        guard node.isFlow, case .map(let pairs, _) = node.content else { return true }
        if let pair = pairs.first(where: { $0.key.text.map { Keys.expressions.contains($0) } ?? false }), let key = pair.key.text {
            error(pair.key.range, .expressionInFlow(key: key))
        } else {
            error(place(node), .flowStyle(what, example: example))
        }
        return false
    }

    struct Named {
        var name: String
        var key: Range<Int>
        var value: Node
    }

    /// A block whose keys are names of the operator's own.
    /// `isDeclaring` false: the names are declared elsewhere, and looked up by the caller.
    func named(_ node: Node, section: String, what: String, example: String, allowsDots: Bool = true, isDeclaring: Bool = true) -> [Named]? {
        guard !node.isSpoilt else { return nil }
        guard case .map(let pairs, let flow) = node.content else {
            error(place(node), .wrongType(section, wants: "names, each with what belongs to it", found: node.kind, example: example))
            return nil
        }
        var result: [Named] = []
        for pair in pairs {
            guard let key = pair.key.text, !pair.key.isSpoilt else { continue }
            if pair.value.isEmpty {
                error(pair.key.range, flow && !Self.isCode(key, allowsDots: true) ? .commaCut(key) : .emptyValue(key, example: example))
                continue
            }
            guard !isDeclaring || isCode(key, pair.key.range, what, example: example, allowsDots: allowsDots) else { continue }
            result.append(Named(name: key, key: pair.key.range, value: pair.value))
        }
        return result
    }

    func list(_ node: Node, _ name: String, of what: String, example: String?) -> [Node]? {
        guard !node.isSpoilt else { return nil }
        guard case .list(let items, _) = node.content else {
            error(place(node), .wrongType(name, wants: "a list of \(what)", found: node.kind, example: example))
            return nil
        }
        var result: [Node] = []
        for item in items where !item.isSpoilt {
            if item.isEmpty { error(place(item), .emptyValue(name, example: example)) } else { result.append(item) }
        }
        return result
    }

    /// Where to point at a node: a block by its first line, so that no caret runs over pages.
    func place(_ node: Node) -> Range<Int> {
        let from = min(node.range.lowerBound, source.bytes.count)
        let line = source.range(ofLine: source.line(of: from))
        let to = min(node.range.upperBound, max(line.upperBound, from))
        return from..<max(to, from)
    }

    // MARK: Scalars

    func text(_ node: Node, _ name: String, example: String? = nil) -> String? {
        guard !node.isSpoilt else { return nil }
        guard let text = node.text else {
            error(place(node), .wrongType(name, wants: "a text", found: node.kind, example: example))
            return nil
        }
        guard !text.isEmpty else {
            error(place(node), .emptyValue(name, example: example))
            return nil
        }
        guard text.count <= 1_000 else {
            error(place(node), .outOfRange(name, "\(text.count)", from: "1", to: "1000 characters"))
            return nil
        }
        return text
    }

    static func isCode(_ text: String, allowsDots: Bool) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 64 else { return false }
        func isWord(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        return isWord(first)
            && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || allowsDots && $0 == UInt8(ascii: ".") }
    }

    private func isCode(_ text: String, _ range: Range<Int>, _ what: String, example: String?, allowsDots: Bool) -> Bool {
        guard !Self.isCode(text, allowsDots: allowsDots) else { return true }
        error(
            range,
            .badName(
                text, what: what,
                rule: "a name has up to 64 letters a-z, digits, '_', '-'\(allowsDots ? " and '.'" : ""), and begins with a letter or digit", example: example ?? "line_down"))
        return false
    }

    /// A name of the operator's own, where it is declared or used.
    func code(_ node: Node, _ name: String, what: String, example: String? = nil, allowsDots: Bool = true) -> String? {
        guard let text = text(node, name, example: example), isCode(text, place(node), what, example: example, allowsDots: allowsDots) else { return nil }
        return text
    }

    /// A name out of a fixed set.
    func choice(_ node: Node, _ name: String, among names: [String], example: String? = nil) -> String? {
        guard let text = text(node, name, example: example) else { return nil }
        guard names.contains(text) else {
            let list = names.map { "'\($0)'" }.joined(separator: ", ")
            error(
                place(node),
                .wrongText(name, wants: names.count == 1 ? list : "one of \(list)", found: text, suggestion: near(text, among: names), example: example))
            return nil
        }
        return text
    }

    func flag(_ node: Node, _ name: String) -> Bool? {
        guard let text = text(node, name, example: "\(name): true") else { return nil }
        if text == "true" || text == "false" { return text == "true" }
        let guess: String? =
            switch text.lowercased() {
            case "yes", "on", "y", "true", "1", "是": "true"
            case "no", "off", "n", "false", "0", "否": "false"
            default: nil
            }
        error(place(node), .wrongText(name, wants: "true or false", found: text, suggestion: guess))
        return nil
    }

    func wholeNumber(_ node: Node, _ name: String, in range: ClosedRange<Int>, example: String? = nil) -> Int? {
        guard let text = text(node, name, example: example) else { return nil }
        guard let number = Quantity.wholeNumber(text) else {
            error(place(node), .wrongText(name, wants: "a whole number", found: text, example: example))
            return nil
        }
        guard number >= Int64(range.lowerBound), number <= Int64(range.upperBound) else {
            error(place(node), .outOfRange(name, text, from: "\(range.lowerBound)", to: "\(range.upperBound)"))
            return nil
        }
        return Int(number)
    }

    /// Digits, with a point before decimals.
    func number(_ node: Node, _ name: String) -> Double? {
        guard let text = text(node, name) else { return nil }
        do { return try Quantity.degrees(text, limit: 1e15) } catch {
            self.error(place(node), .notANumber(name, text))
            return nil
        }
    }

    private func quantity<T>(
        _ node: Node, _ name: String, wants: String, example: String, from: String, to: String, _ read: (String) throws(Quantity.Fault) -> T
    ) -> T? {
        guard let text = text(node, name, example: example) else { return nil }
        do { return try read(text) } catch {
            switch error.kind {
            case .unit: self.error(place(node), .wrongUnit(text, wants: wants, suggestion: error.suggestion, example: example))
            case .workingDays: self.error(place(node), .workingDays(text))
            case .range: self.error(place(node), .outOfRange(name, text, from: from, to: to))
            }
            return nil
        }
    }

    func duration(_ node: Node, _ name: String) -> TimeSpan? {
        quantity(
            node, name, wants: "time: a whole number, a blank and s, min, h or day", example: "45 min", from: "1 s", to: "3660 days",
            Quantity.duration)
    }

    /// A time, or so many working days or hours.
    func limit(_ node: Node, _ name: String) -> LimitLength? {
        quantity(
            node, name, wants: "limit: a whole number, a blank and s, min, h, day, working days or working hours", example: "5 working days", from: "1 s",
            to: "3660 days, 3660 working days or 10000 working hours", Quantity.limit)
    }

    /// In whole metres.
    func distance(_ node: Node, _ name: String) -> Int? {
        quantity(
            node, name, wants: "distance: a whole number, a blank and km or m", example: "40 km", from: "1 m", to: "20000 km", Quantity.distance)
    }

    func percent(_ node: Node, _ name: String) -> Int? {
        quantity(node, name, wants: "share: a whole number and '%'", example: "50%", from: "1%", to: "1000%", Quantity.percent)
    }

    /// Minutes after midnight.
    func timeOfDay(_ node: Node, _ name: String) -> Int? {
        quantity(node, name, wants: "time of day: hours and minutes", example: "08:00", from: "00:00", to: "24:00", Quantity.timeOfDay)
    }

    func degrees(_ node: Node, _ name: String, limit: Int) -> Double? {
        quantity(node, name, wants: "number of degrees", example: "28.012", from: "-\(limit)", to: "\(limit)") { text throws(Quantity.Fault) in
            try Quantity.degrees(text, limit: Double(limit))
        }
    }

    /// `lat` and `lon` of a block: both or none.
    func coordinate(_ block: Block, needed: Bool) -> Coordinate? {
        guard needed || block.has("lat") || block.has("lon") else { return nil }
        guard block.has("lat"), block.has("lon") else {
            error(block.anchor, .pairOfCoordinates)
            return nil
        }
        let latitude = block["lat"].flatMap { degrees($0, "lat", limit: 90) }
        let longitude = block["lon"].flatMap { degrees($0, "lon", limit: 180) }
        guard let latitude, let longitude else { return nil }
        return Coordinate(latitude: latitude, longitude: longitude)
    }

    // MARK: Names of other things

    /// Looks a name up. `known` nil: what it names could not be read, so nothing is said.
    func reference(_ node: Node, _ name: String, _ what: String, _ code: DiagnosticCode, known: [String]?, example: String? = nil) -> String? {
        guard let text = text(node, name, example: example) else { return nil }
        guard let known else { return text }
        guard known.contains(text) else {
            error(place(node), .unknown(code, what, text, known: known, suggestion: near(text, among: known)))
            return nil
        }
        return text
    }

    /// A declared value.
    func declared(_ text: String, _ range: Range<Int>, in enumeration: String, known: [String]?) -> Bool {
        guard let known, !known.contains(text) else { return true }
        error(range, .undeclared(text, in: enumeration, known: known, suggestion: near(text, among: known)))
        return false
    }
}

import CYaml

/// Reads one YAML file into nodes, from libyaml's events.
///
/// What is refused here: bytes that are no UTF-8, control characters, tabs outside texts, more than one document, directives,
/// nesting deeper than `depthMax`, aliases, anchors, tags, keys that are no plain texts, the same key twice, and whatever libyaml can't
/// read. Aliases are never followed, so that none can multiply.
///
/// Where libyaml can't get past an expression that it takes for something else (`when: !hazard`), the expression is told, masked, and the
/// rest read on. After other mistakes, the piece of the file that has the mistake is told and left out (`FilePieces`).
struct YAMLReader {
    static let depthMax = 32
    /// So many masked expressions a file.
    static let masksMax = 50
    /// So many aliases and anchors of one file are told.
    static let linksMax = 5

    let source: SourceText
    let file: Int
    let findings: Findings

    struct Failure {
        var problem: String
        /// Where libyaml noticed it.
        var at: Int
        /// Where what it was reading began.
        var from: Int?
    }

    /// nil when there is nothing to go on with; then at least one error has been told.
    func read() -> Node? {
        guard let broken = checkBytes() else { return nil }
        var masked = source.bytes
        var masks: [Range<Int>] = []
        var isTorn = false
        if !broken.isEmpty {
            guard let rest = recovered(masked, masks: masks, broken: broken) else { return nil }
            (masked, masks) = rest
            isTorn = true
        }
        while true {
            switch parse(masked, in: source.start..<masked.count) {
            case .success(var root):
                root.isTorn = isTorn
                if masks.isEmpty, Self.isOrdinary(root) { return root }
                var linked = 0
                inspect(&root, inExpression: false, isLet: false, masks: masks, linked: &linked)
                // So many can only be meant to multiply: what else the file says is of no interest.
                return linked > Self.linksMax ? nil : root
            case .refused: return nil
            case .failure(let failure):
                if masks.count < Self.masksMax, let trap = Traps(source: source).trap(failure), !masks.contains(trap.value) {
                    mask(trap, in: &masked)
                    masks.append(trap.value)
                    continue
                }
                guard !isTorn, let rest = recovered(masked, masks: masks, failure: failure) else { return nil }
                (masked, masks) = rest
                isTorn = true
            }
        }
    }

    /// Tells an expression that YAML can't get past, and puts an `x` and blanks in its place: the same bytes, so that all places stay.
    func mask(_ trap: Traps.Trap, in bytes: inout [UInt8]) {
        findings.error(file, trap.range, trap.wording)
        for i in trap.value where bytes[i] != 0x0A && bytes[i] != 0x0D { bytes[i] = 0x20 }
        bytes[trap.value.lowerBound] = UInt8(ascii: "x")
    }

    // MARK: Bytes

    /// UTF-8, control characters, tabs. The places of what was told; nil: the rest would be guesswork.
    private func checkBytes() -> [Int]? {
        let bytes = source.bytes
        var told: [Int] = []
        if let bad = UTF8Check.firstInvalid(bytes) {
            findings.error(file, bad..<(bad + 1), .invalidUTF8(bytes[bad]))
            return nil
        }
        var i = source.start
        /// Tabs before this byte stand in a line that is only a comment, where nothing can be hurt.
        var harmlessUntil = 0
        while i < bytes.count {
            // Somebody has fed a wrong file.
            guard told.count <= Self.tearsMax else { return nil }
            let byte = bytes[i]
            if byte < 0x20 || byte == 0x7F {
                switch byte {
                case 0x0A: break
                case 0x0D where i + 1 < bytes.count && bytes[i + 1] == 0x0A: break
                case 0x09 where i < harmlessUntil: break
                case 0x09:
                    let line = source.range(ofLine: source.line(of: i))
                    let content = bytes[line].first { $0 != 0x20 && $0 != 0x09 }
                    if content == UInt8(ascii: "#") {
                        harmlessUntil = line.upperBound
                    } else {
                        let leading = bytes[line.lowerBound..<i].allSatisfy { $0 == 0x20 }
                        findings.error(file, i..<(i + 1), .tab(leading: leading))
                        told.append(i)
                        harmlessUntil = line.upperBound
                    }
                default:
                    findings.error(file, i..<(i + 1), .controlCharacter(UInt32(byte)))
                    // No text has it.
                    if byte == 0 { return nil }
                    told.append(i)
                }
            } else if byte == 0xC2, i + 1 < bytes.count, bytes[i + 1] < 0xA0 {
                findings.error(file, i..<(i + 2), .controlCharacter(UInt32(bytes[i + 1])))
                told.append(i)
            } else if byte == 0xE2, i + 2 < bytes.count, bytes[i + 1] == 0x80, bytes[i + 2] == 0xA8 || bytes[i + 2] == 0xA9 {
                findings.error(file, i..<(i + 3), .controlCharacter(0x2000 + UInt32(bytes[i + 2]) - 0x80))
                told.append(i)
            } else if byte == 0xEF, i + 2 < bytes.count, bytes[i + 1] == 0xBB && bytes[i + 2] == 0xBF || bytes[i + 1] == 0xBF && bytes[i + 2] >= 0xBE {
                findings.error(file, i..<(i + 3), .controlCharacter(bytes[i + 1] == 0xBB ? 0xFEFF : 0xFFC0 + UInt32(bytes[i + 2]) - 0x80))
                told.append(i)
            }
            i += 1
        }
        return told
    }

    // MARK: Events

    enum Outcome {
        case success(Node)
        case failure(Failure)
        /// An error has been told.
        case refused
    }

    /// - Parameter range: of the bytes; places count from the file's beginning all the same.
    func parse(_ bytes: [UInt8], in range: Range<Int>) -> Outcome {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { return .failure(Failure(problem: "no memory", at: 0, from: nil)) }
        defer { yaml_parser_delete(parser) }
        return bytes[range].withUnsafeBufferPointer { buffer in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            return build(parser, MarkCursor(bytes, in: range))
        }
    }

    /// A list or map that is still open.
    private struct Open {
        var node: Node
        var items: [Node] = []
        var pairs: [Node.Pair] = []
        var key: Node?
        var isMap: Bool
        var isFlow: Bool

        mutating func add(_ child: Node) {
            guard isMap else { return items.append(child) }
            if let key {
                pairs.append(Node.Pair(key: key, value: child))
                self.key = nil
            } else {
                key = child
            }
        }

        func closed(at end: Int) -> Node {
            var node = node
            node.content = isMap ? .map(pairs, flow: isFlow) : .list(items, flow: isFlow)
            node.range = node.range.lowerBound..<max(end, node.range.lowerBound)
            return node
        }
    }

    /// - Parameter cursor: over the bytes that the parser gets.
    private func build(_ parser: UnsafeMutablePointer<yaml_parser_t>, _ places: MarkCursor) -> Outcome {
        var cursor = places
        var stack: [Open] = []
        var root: Node?
        var documents = 0
        let event = UnsafeMutablePointer<yaml_event_t>.allocate(capacity: 1)
        defer { event.deallocate() }

        while true {
            guard yaml_parser_parse(parser, event) == 1 else {
                let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unreadable"
                let at = cursor.byte(atIndex: Int(parser.pointee.problem_mark.index))
                let from = parser.pointee.context == nil ? nil : cursor.byte(atIndex: Int(parser.pointee.context_mark.index))
                return .failure(Failure(problem: problem, at: at, from: from))
            }
            defer { yaml_event_delete(event) }
            let start = cursor.byte(atIndex: Int(event.pointee.start_mark.index))
            let end = cursor.byte(atIndex: Int(event.pointee.end_mark.index))
            let range = start..<max(start, end)

            switch event.pointee.type {
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT, YAML_NO_EVENT: break
            case YAML_STREAM_END_EVENT:
                guard let root else {
                    findings.error(file, source.start..<source.start, .emptyFile)
                    return .refused
                }
                return .success(root)
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                let document = event.pointee.data.document_start
                if document.version_directive != nil || document.tag_directives.start != document.tag_directives.end {
                    findings.error(file, range, .directive)
                    return .refused
                }
                if documents > 1 {
                    findings.error(file, range, .secondDocument)
                    return root.map { .success($0) } ?? .refused
                }
            case YAML_SEQUENCE_START_EVENT:
                let data = event.pointee.data.sequence_start
                let node = Node(content: .alias, range: range, marks: Self.marks(anchor: data.anchor, tag: data.tag))
                stack.append(Open(node: node, isMap: false, isFlow: data.style == YAML_FLOW_SEQUENCE_STYLE))
            case YAML_MAPPING_START_EVENT:
                let data = event.pointee.data.mapping_start
                let node = Node(content: .alias, range: range, marks: Self.marks(anchor: data.anchor, tag: data.tag))
                stack.append(Open(node: node, isMap: true, isFlow: data.style == YAML_FLOW_MAPPING_STYLE))
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
                guard let open = stack.popLast() else { return .refused }
                // A block ends where its last piece ends, not at the next line's key.
                let last = open.isFlow ? end : (open.pairs.last?.value.range.upperBound ?? open.items.last?.range.upperBound ?? end)
                add(open.closed(at: last), to: &stack, root: &root)
            case YAML_ALIAS_EVENT:
                add(Node(content: .alias, range: range), to: &stack, root: &root)
            case YAML_SCALAR_EVENT:
                let data = event.pointee.data.scalar
                let text = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
                let node = Node(
                    content: .text(text, Self.style(data.style)), range: range, marks: Self.marks(anchor: data.anchor, tag: data.tag))
                add(node, to: &stack, root: &root)
            default: break
            }
            if stack.count > Self.depthMax {
                findings.error(file, range, .nesting(Self.depthMax))
                return .refused
            }
        }
    }

    private func add(_ node: Node, to stack: inout [Open], root: inout Node?) {
        if stack.isEmpty { root = node } else { stack[stack.count - 1].add(node) }
    }

    private static func marks(anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?) -> Node.Marks {
        (anchor == nil ? [] : Node.Marks.anchor).union(tag == nil ? [] : .tag)
    }

    private static func style(_ style: yaml_scalar_style_t) -> Node.Style {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private func firstByte(of range: Range<Int>) -> Range<Int> { range.lowerBound..<min(range.lowerBound + 1, source.bytes.count) }

    // MARK: What YAML allows and the house does not

    /// Nothing that `inspect` would tell: looked at first, because hardly any file has any of it.
    private static func isOrdinary(_ node: Node) -> Bool {
        guard node.marks.isEmpty else { return false }
        switch node.content {
        case .text: return true
        case .alias: return false
        case .list(let items, _): return items.allSatisfy(isOrdinary)
        case .map(let pairs, _):
            guard pairs.count <= 24 else { return isOrdinary(large: pairs) }
            for (i, pair) in pairs.enumerated() {
                guard pair.key.marks.isEmpty, case .text(let name, _) = pair.key.content, isOrdinary(pair.value) else { return false }
                for other in pairs[..<i] where other.key.text == name { return false }
            }
            return true
        }
    }

    private static func isOrdinary(large pairs: [Node.Pair]) -> Bool {
        var names: Set<String> = []
        for pair in pairs {
            guard pair.key.marks.isEmpty, let name = pair.key.text, names.insert(name).inserted, isOrdinary(pair.value) else { return false }
        }
        return true
    }

    /// Tells aliases, anchors, tags, bad and double keys, and marks what was told as spoilt.
    private func inspect(_ node: inout Node, inExpression: Bool, isLet: Bool, masks: [Range<Int>], linked: inout Int) {
        if !masks.isEmpty, case .text = node.content, masks.contains(where: { $0.overlaps(node.range) }) { node.isSpoilt = true }
        if case .alias = node.content, !node.isSpoilt {
            linked += 1
            if inExpression {
                findings.error(file, firstByte(of: node.range), Traps(source: source).start(of: node.range))
            } else if linked <= Self.linksMax {
                findings.error(file, node.range, .alias(source.text(node.range)))
            }
            node.isSpoilt = true
        }
        if !node.marks.isEmpty, !node.isSpoilt {
            let mark = source.range(ofMarkAt: node.range.lowerBound)
            for kind in [Node.Marks.anchor, .tag] where node.marks.contains(kind) {
                if kind == .anchor { linked += 1 }
                if inExpression {
                    findings.error(file, firstByte(of: node.range), Traps(source: source).start(of: node.range))
                } else if linked <= Self.linksMax {
                    findings.error(file, mark, kind == .anchor ? .anchor(source.text(mark)) : .tag(source.text(mark)))
                }
            }
            node.isSpoilt = true
        }
        switch node.content {
        case .text, .alias: break
        case .list(var items, let flow):
            for i in items.indices { inspect(&items[i], inExpression: false, isLet: false, masks: masks, linked: &linked) }
            node.content = .list(items, flow: flow)
        case .map(let pairs, let flow):
            var kept: [Node.Pair] = []
            kept.reserveCapacity(pairs.count)
            var firsts: [String: Int] = [:]
            for pair in pairs {
                var pair = pair
                inspect(&pair.key, inExpression: false, isLet: false, masks: masks, linked: &linked)
                let name = pair.key.text
                if name == nil, !pair.key.isSpoilt { findings.error(file, pair.key.range, .badKey(pair.key.kind)) }
                let wanted = isLet || name.map { Keys.expressions.contains($0) } ?? false
                inspect(&pair.value, inExpression: wanted, isLet: name == "let", masks: masks, linked: &linked)
                guard let name else { continue }
                if let first = firsts[name] {
                    findings.error(file, pair.key.range, .duplicateKey(name, line: source.position(of: first).line))
                    continue
                }
                firsts[name] = pair.key.range.lowerBound
                kept.append(pair)
            }
            node.content = .map(kept, flow: flow)
        }
    }
}

extension SourceText {
    /// The stretch of `&name` or `!tag` that begins at a byte: up to the next blank.
    func range(ofMarkAt byte: Int) -> Range<Int> {
        let line = range(ofLine: line(of: byte))
        var end = min(byte + 1, bytes.count)
        while end < line.upperBound, bytes[end] != 0x20 { end += 1 }
        return byte..<max(end, byte)
    }
}

enum UTF8Check {
    /// The offset of the first byte that is no UTF-8; nil when all is well.
    static func firstInvalid(_ bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { b in
            var i = 0
            while i < b.count {
                let lead = b[i]
                if lead < 0x80 {
                    i += 1
                    continue
                }
                let width: Int
                var low: UInt8 = 0x80
                var high: UInt8 = 0xBF
                switch lead {
                case 0xC2...0xDF: width = 2
                case 0xE0: (width, low) = (3, 0xA0)
                case 0xE1...0xEC, 0xEE, 0xEF: width = 3
                case 0xED: (width, high) = (3, 0x9F)
                case 0xF0: (width, low) = (4, 0x90)
                case 0xF1...0xF3: width = 4
                case 0xF4: (width, high) = (4, 0x8F)
                default: return i
                }
                guard i + width <= b.count, b[i + 1] >= low, b[i + 1] <= high else { return i }
                for k in 2..<max(width, 2) where b[i + k] & 0xC0 != 0x80 { return i }
                i += width
            }
            return nil
        }
    }
}

/// Sizes beyond which a file is refused unread.
package enum RuleLimits {
    /// 64 MiB a module: more than a hundred thousand rules.
    package static let moduleBytes = 64 << 20
    /// 64 MiB the network register.
    package static let networkBytes = 64 << 20

    /// Whoever reads files need not read a larger one (`RuleSource.File.unreadSize`).
    package static func fileBytes(_ name: String) -> Int { name.hasSuffix(".yaml") ? moduleBytes : networkBytes }
}

/// How large a value may become: the most entries at each level of nesting, the longest text anywhere in it, and how deep it nests.
/// Upper bounds; what is not known is assumed (`Limits.assumedEntries`, `Limits.assumedTextBytes`).
struct Shape: Sendable, Equatable {
    /// Levels kept apart; what lies deeper counts as the last of them.
    private static let levels = 6
    /// Beyond this nothing is told apart: every such cost is refused.
    static let ceiling = 1 << 50

    /// The most entries, the outermost level first; empty for a value that is no list, map or optional value.
    private(set) var counts: [Int] = []
    private(set) var text = 0
    private(set) var depth = 0

    static let scalar = Shape()

    static func text(_ bytes: Int) -> Shape { Shape(text: min(bytes, ceiling)) }

    static func list(_ count: Int, of element: Shape) -> Shape {
        var counts = [min(count, ceiling)] + element.counts
        if counts.count > levels {
            counts[levels - 1] = max(counts[levels - 1], counts[levels])
            counts.removeLast()
        }
        return Shape(counts: counts, text: element.text, depth: element.depth + 1)
    }

    /// A field or a function's result, of which only the type is known.
    init(_ type: StaticType) {
        switch type {
        case .string, .bytes, .enumeration: self = .text(Limits.assumedTextBytes)
        case .list(let element): self = .list(Limits.assumedEntries, of: Shape(element))
        case .map(let key, let value): self = .list(Limits.assumedEntries, of: Shape(key).joined(Shape(value)))
        case .abstract(_, let inner): self = .list(1, of: inner.first.map { Shape($0) } ?? .scalar)
        // A group of fields: no more of them than somebody has declared.
        case .object: self = .list(Limits.assumedFields, of: .text(Limits.assumedTextBytes))
        case .dyn, .parameter: self = .list(Limits.assumedEntries, of: .text(Limits.assumedTextBytes))
        case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type, .error: self = .scalar
        }
    }

    init(_ value: Value) {
        switch value {
        case .string(let text): self = .text(text.utf8.count)
        case .bytes(let bytes): self = .text(bytes.count)
        case .list(let values):
            self = .list(values.count, of: values.reduce(.scalar) { $0.joined(Shape($1)) })
        case .map(let entries):
            self = .list(entries.count, of: entries.reduce(.scalar) { $0.joined(Shape($1.key)).joined(Shape($1.value)) })
        case .optional(let inner): self = .list(1, of: inner.map { Shape($0) } ?? .scalar)
        case .null, .bool, .int, .uint, .double, .timestamp, .duration, .type: self = .scalar
        }
    }

    private init(counts: [Int] = [], text: Int = 0, depth: Int = 0) {
        self.counts = counts
        self.text = text
        self.depth = depth
    }

    var count: Int { counts.first ?? 0 }

    /// What an entry may be.
    var element: Shape {
        Shape(counts: Array(counts.dropFirst()), text: text, depth: max(0, depth - 1))
    }

    /// Either of two.
    func joined(_ other: Shape) -> Shape {
        if counts.isEmpty, other.counts.isEmpty { return Shape(text: max(text, other.text)) }
        var counts = counts
        for (index, count) in other.counts.enumerated() {
            if index < counts.count { counts[index] = max(counts[index], count) } else { counts.append(count) }
        }
        return Shape(counts: counts, text: max(text, other.text), depth: max(depth, other.depth))
    }

    /// What the evaluator takes for looking at it once.
    var charge: Int { text / 16 + count / 2 }

    /// What it takes for looking into every part.
    var whole: Int {
        var whole = text / 16 + 1
        var levels = counts
        while levels.count < min(depth, 60) { levels.append(levels.last ?? 0) }
        // An entry of a map is a key and a value.
        for count in levels.reversed() { whole = Self.sum(count / 2, Self.product(count, Self.product(2, whole))) }
        return whole
    }

    static func sum(_ a: Int, _ b: Int) -> Int { min(a + b, ceiling) }

    static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? ceiling : min(product, ceiling)
    }
}

/// What an expression may cost at most, in the steps of `Limits.cost`, and how large its value may become: worked out from the checked
/// tree, every loop as often as its list may have entries, every pattern for the longest text.
///
/// It follows the evaluator's own account. Where a list or text that comes in is larger than assumed the evaluator's limit ends it.
struct Estimate: Sendable {
    var cost = 0
    var shape = Shape.scalar
    /// Operations: what one round of a loop over it costs apart from what grows with its values.
    var weight = 1
    /// It may have no value: an error that something around it may absorb.
    var mayFail = false
}

struct Estimator {
    let definitions: [String: Expression]
    /// The innermost part that goes beyond `Limits.estimate`.
    private(set) var offender: (span: Span, rounds: Int?, cost: Int)?
    /// A part whose value may nest deeper than `Limits.valueDepth`.
    private(set) var tooDeep: Span?
    private(set) var patterns: LiteralPatterns
    private var locals: [Shape] = []

    init(definitions: [String: Expression], patterns: LiteralPatterns) {
        self.definitions = definitions
        self.patterns = patterns
    }

    mutating func estimate(_ node: CheckedNode) -> Estimate {
        var estimate: Estimate
        switch node.kind {
        case .constant(let value): estimate = Estimate(shape: Shape(value))
        case .slot: estimate = Estimate(shape: Shape(node.type))
        case .hasSlots: estimate = Estimate()
        case .failure: estimate = Estimate(mayFail: true)
        case .local(let number, _): estimate = Estimate(shape: number < locals.count ? locals[number] : .scalar)
        case .definition(let name):
            estimate = definitions[name]?.program.estimate ?? Estimate()
            estimate.weight = definitions[name]?.program.weight ?? 1
        case .macro(let macro): estimate = loop(macro, node.span)
        case .bind(let number, _, let value, let body): estimate = bind(number, value, body)
        case .call(let builtin, let arguments): estimate = call(builtin, arguments, node)
        default: estimate = compound(node)
        }
        if estimate.cost > Limits.estimate, offender == nil { offender = (node.span, nil, estimate.cost) }
        if estimate.shape.depth > Limits.valueDepth {
            if tooDeep == nil { tooDeep = node.span }
            estimate.shape = .scalar
        }
        return estimate
    }

    private mutating func estimates(_ nodes: [CheckedNode]) -> (all: [Estimate], sum: Estimate) {
        var all: [Estimate] = []
        var sum = Estimate()
        for node in nodes {
            let next = estimate(node)
            all.append(next)
            sum.cost = Shape.sum(sum.cost, next.cost)
            sum.weight = Shape.sum(sum.weight, next.weight)
            if next.mayFail { sum.mayFail = true }
        }
        return (all, sum)
    }

    private mutating func compound(_ node: CheckedNode) -> Estimate {
        var (parts, sum) = estimates(node.children)
        switch node.kind {
        case .select(_, let field, let zero):
            sum.shape = parts[0].shape.counts.isEmpty ? Shape(node.type) : parts[0].shape.element
            sum.cost = Shape.sum(sum.cost, field.utf8.count / 16)
            if zero == nil { sum.mayFail = true }
        case .hasKey(_, let field):
            sum.cost = Shape.sum(sum.cost, field.utf8.count / 16)
            sum.mayFail = true
        case .index:
            sum.shape = parts[0].shape.counts.isEmpty ? Shape(node.type) : parts[0].shape.element
            sum.cost = Shape.sum(sum.cost, parts[1].shape.charge)
            sum.mayFail = true
        case .and, .or:
            for (part, child) in zip(parts, node.children) where part.mayFail || child.type != .bool {
                sum.cost = Shape.sum(sum.cost, Limits.errorCost)
            }
        case .conditional: sum.shape = parts[1].shape.joined(parts[2].shape)
        case .maybe: sum.shape = parts[0].shape.element
        case .list(let entries): sum.shape = .list(entries.count, of: parts.reduce(.scalar) { $0.joined($1.shape) })
        case .map(let entries):
            sum.shape = .list(entries.count, of: parts.reduce(.scalar) { $0.joined($1.shape) })
            // Keys by turns with values.
            for part in parts { sum.cost = Shape.sum(sum.cost, part.shape.charge) }
            sum.mayFail = true
        case .callerFunction:
            sum.mayFail = true
            for part in parts { sum.cost = Shape.sum(sum.cost, part.shape.whole) }
            sum.shape = Shape(node.type)
        default: break
        }
        return sum
    }

    private mutating func bind(_ number: Int, _ value: CheckedNode, _ body: CheckedNode) -> Estimate {
        let bound = estimate(value)
        set(number, bound.shape)
        var result = estimate(body)
        result.cost = Shape.sum(result.cost, Shape.sum(bound.cost, bound.mayFail ? Limits.errorCost : 0))
        // The error of the value comes where the name is used.
        if bound.mayFail { result.mayFail = true }
        result.weight = Shape.sum(result.weight, bound.weight + 1)
        return result
    }

    private mutating func set(_ number: Int, _ shape: Shape) {
        while locals.count <= number { locals.append(.scalar) }
        locals[number] = shape
    }

    private mutating func loop(_ macro: CheckedMacro, _ span: Span) -> Estimate {
        let range = estimate(macro.range)
        let element = range.shape.element
        set(macro.variable, element)
        if macro.isPaired { set(macro.variable + 1, element) }
        let (parts, body) = estimates([macro.predicate, macro.transform].compactMap { $0 })
        let made = macro.transform == nil ? element : parts[parts.count - 1].shape
        let rounds = range.shape.count
        var round = Shape.sum(body.cost, body.weight)
        if body.mayFail || macro.predicate?.type != .bool { round = Shape.sum(round, Limits.errorCost) }
        if !isList(macro.range.type) { round = Shape.sum(round, Limits.keyCost) }
        if macro.kind == .transformMap || macro.kind == .transformMapEntry {
            // The new keys, and the entries that are taken over.
            round = Shape.sum(round, Shape.sum(element.charge + made.charge, Shape.product(made.count + 1, Limits.keyCost)))
        }
        let cost = Shape.sum(range.cost, Shape.product(rounds, round))
        if cost > Limits.estimate, offender == nil { offender = (span, rounds, cost) }
        let shape: Shape
        switch macro.kind {
        case .all, .exists, .existsOne: shape = .scalar
        case .filter: shape = range.shape
        case .map, .transformList: shape = .list(rounds, of: made)
        case .transformMap: shape = .list(rounds, of: made.joined(element))
        case .transformMapEntry: shape = .list(Shape.product(rounds, made.count), of: made.element)
        case .optMap: shape = .list(1, of: made)
        case .optFlatMap: shape = made
        }
        // A list of known type whose body never fails has a value; the maps that macros make may have a key twice.
        let isSafe = isList(macro.range.type) && macro.kind != .transformMapEntry
        return Estimate(
            cost: cost, shape: shape, weight: Shape.sum(range.weight, body.weight + 1), mayFail: range.mayFail || body.mayFail || !isSafe)
    }

    private func isList(_ type: StaticType) -> Bool { if case .list = type { true } else { false } }

    // MARK: - Calls

    private mutating func call(_ builtin: Builtin, _ arguments: [CheckedNode], _ node: CheckedNode) -> Estimate {
        var (parts, sum) = estimates(arguments)
        let shapes = parts.map(\.shape)
        switch builtin {
        case .equal, .notEqual, .in:
            // A number or short text against a list of literals is what it mostly is: every part counts.
            for shape in shapes { sum.cost = Shape.sum(sum.cost, shape.whole) }
        case .matches:
            let states = states(arguments[1], shapes[1])
            sum.cost = Shape.sum(sum.cost, Shape.sum(Shape.product(states, shapes[0].text + 1) / 4, shapes[0].charge + shapes[1].charge))
            if case .constant = arguments[1].kind { break }
            sum.cost = Shape.sum(sum.cost, Shape.sum(Limits.patternCost + shapes[1].text, Shape.product(states, 4)))
        case .dyn:
            sum.shape = shapes[0]
            return sum
        default:
            for shape in shapes { sum.cost = Shape.sum(sum.cost, shape.charge) }
        }
        if builtin.isConversion || arguments.count == 2 && isTimeField(builtin) { sum.cost = Shape.sum(sum.cost, Limits.conversionCost) }
        if builtin.isExtension { sum.cost = Shape.sum(sum.cost, Limits.libraryCost) }
        if !isSafe(builtin, arguments) { sum.mayFail = true }
        sum.shape = result(builtin, shapes, node.type)
        // What makes a new text pays for it before it does (`Library.spend`).
        switch builtin {
        case .replace: sum.cost = Shape.sum(sum.cost, (shapes[0].text + 1) / 16 * 9 + sum.shape.text / 16 + 12)
        case .join: sum.cost = Shape.sum(sum.cost, shapes[0].count + sum.shape.text / 16 + 1)
        case .split: sum.cost = Shape.sum(sum.cost, Shape.product(shapes[0].text, 3) + 2)
        case .indexOf, .lastIndexOf: sum.cost = Shape.sum(sum.cost, shapes[0].text / 8 + 1)
        case .reverse, .quote: sum.cost = Shape.sum(sum.cost, shapes[0].text / 4 + 1)
        case .format:
            // Three steps for each part of a value that is written, or the digits of `%f`.
            let values = Shape.sum(Shape.product(shapes[1].whole, 3), Shape.product(shapes[1].count, 7000 / 16 + 4))
            sum.cost = Shape.sum(sum.cost, Shape.sum(values, shapes[0].text / 2 + 1))
            // `%x` of texts.
            sum.cost = Shape.sum(sum.cost, Shape.product(shapes[1].count, shapes[1].text / 2 + 1))
        default: break
        }
        return sum
    }

    private func isTimeField(_ builtin: Builtin) -> Bool {
        switch builtin {
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            true
        default: false
        }
    }

    /// It has a value whatever its arguments are, as their types are known.
    private func isSafe(_ builtin: Builtin, _ arguments: [CheckedNode]) -> Bool {
        switch builtin {
        case .equal, .notEqual, .dyn, .type: true
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .in, .size, .contains, .startsWith, .endsWith, .hasValue, .optionalOf:
            !arguments.contains { $0.type == .dyn || $0.type.hasParameter }
        default: false
        }
    }

    /// The states of a pattern; of one that is only known when it runs at least one for each of its characters.
    private mutating func states(_ pattern: CheckedNode, _ shape: Shape) -> Int {
        if case .constant(.string(let text)) = pattern.kind, case .success(let pattern) = patterns.read(text) {
            return pattern.instructions.count
        }
        return shape.text + 1
    }

    private func result(_ builtin: Builtin, _ shapes: [Shape], _ type: StaticType) -> Shape {
        func text(_ index: Int) -> Int { index < shapes.count ? shapes[index].text : 0 }
        switch builtin {
        case .add:
            if shapes[0].counts.isEmpty, shapes[1].counts.isEmpty { return .text(Shape.sum(text(0), text(1))) }
            return .list(Shape.sum(shapes[0].count, shapes[1].count), of: shapes[0].element.joined(shapes[1].element))
        case .string: return .text(max(text(0), 40))
        case .bytes, .substring, .trim, .reverse, .lowerAscii, .upperAscii, .base64Decode: return .text(text(0))
        case .charAt: return .text(4)
        case .quote, .base64Encode: return .text(Shape.product(text(0), 2) + 4)
        case .split: return .list(text(0) + 1, of: .text(text(0)))
        case .replace: return .text(Shape.sum(text(0), Shape.product(text(0) + 1, text(2))))
        case .join: return .text(Shape.product(shapes[0].count, Shape.sum(text(0), text(1))))
        case .format: return .text(Shape.sum(text(0), Shape.product(min(shapes[1].count, text(0) / 2), max(1050, formatted(shapes[1].element)))))
        case .optionalOf, .optionalOfNonZeroValue: return .list(1, of: shapes[0])
        case .optionalSelect, .optionalIndex: return .list(1, of: shapes[0].element)
        case .value: return shapes[0].element
        case .or: return shapes[0].joined(shapes[1])
        case .orValue: return shapes[0].element.joined(shapes[1])
        case .unwrap: return .list(shapes[0].count, of: shapes[0].element.element)
        case .first, .last: return .list(1, of: shapes[0].element)
        case .greatest, .least: return .scalar
        default: return Shape(type)
        }
    }

    /// The bytes of a value as `%s` writes it.
    private func formatted(_ shape: Shape) -> Int { Shape.product(shape.whole, 48) }
}

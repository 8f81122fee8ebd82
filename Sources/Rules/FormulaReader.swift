import CEL
import Domain

/// Makes formulas of checked expressions, `let`s expanded; tells where it can't.
///
/// What it relies on, of the language: `false && error` is false either way round, so that a part that is false decides whatever the others
/// do. The one thing that no operator absorbs is the cost limit; a part counts as decisive only where everything that runs before it provably
/// stays far below that limit (`cost`), which the bound on a report's texts makes possible.
final class FormulaReader {
    private let pool: FormulaPool
    private var known: [String: Known] = [:]

    private struct Known {
        var exact: Int32?
        var over: Over
        var cost: Int?
    }

    /// Where the formula is false, so is the part, after at most so many steps.
    private struct Over {
        var formula: Int32
        var steps: Int
        static let anything = Over(formula: FormulaPool.yes, steps: 0)
    }

    /// What may run before a decisive part, in steps.
    static let costMax = Limits.cost / 4
    /// More than any one operator, conversion or absorbed error costs beside the size of what it works on.
    private static let nodeCost = 64
    /// The bytes of a report's longest text (`InputLimits`), four for each scalar.
    private static let textBytes = InputLimits.textScalarsMax * 4

    init(pool: FormulaPool) { self.pool = pool }

    func define(_ name: String, _ expression: Expression) {
        known[name] = Known(exact: exact(expression.root), over: approximation(expression.root), cost: cost(expression.root))
    }

    // MARK: What a part means

    /// The formula with the same value as the part for every report; nil: there is none, or it may fail, or cost.
    func exact(_ node: CheckedNode) -> Int32? {
        guard let formula = meaning(node), let cost = cost(node), cost <= Self.costMax else { return nil }
        return formula
    }

    /// A formula that is true wherever the part is true, fails or takes too long: where it is false, the part is false and nothing else.
    func over(_ node: CheckedNode) -> Int32 { approximation(node).formula }

    private func approximation(_ node: CheckedNode) -> Over {
        if let exact = exact(node) { return Over(formula: exact, steps: cost(node) ?? 0) }
        switch node.kind {
        case .definition(let name): return known[name]?.over ?? .anything
        case .and(let parts):
            var formulas: [Int32] = []
            var before = 0
            var steps = 0
            for part in parts {
                let over = approximation(part)
                if before + over.steps <= 2 * Self.costMax {
                    formulas.append(over.formula)
                    steps = max(steps, before + over.steps)
                }
                guard let cost = cost(part), before + cost <= Self.costMax else { break }
                before += cost
            }
            return Over(formula: pool.all(formulas), steps: steps)
        case .or(let parts):
            let overs = parts.map { approximation($0) }
            let steps = overs.reduce(0) { $0 + $1.steps }
            return steps <= 2 * Self.costMax ? Over(formula: pool.any(overs.map(\.formula)), steps: steps) : .anything
        default: return .anything
        }
    }

    private func meaning(_ node: CheckedNode) -> Int32? {
        switch node.kind {
        case .constant(.bool(let truth)): return truth ? FormulaPool.yes : FormulaPool.no
        case .slot(let slot, _):
            guard node.type == .bool else { return nil }
            return pool.isTrue(noted(slot, .truth))
        case .hasSlots(let slots, _): return pool.any(slots.map { pool.isPresent(Int32($0)) })
        case .definition(let name): return known[name]?.exact
        case .and(let parts): return meanings(parts).map { pool.all($0) }
        case .or(let parts): return meanings(parts).map { pool.any($0) }
        case .not(let operand): return meaning(operand).map { pool.not($0) }
        case .conditional(let test, let yes, let no):
            guard let parts = meanings([test, yes, no]) else { return nil }
            return pool.any([pool.all([parts[0], parts[1]]), pool.all([pool.not(parts[0]), parts[2]])])
        case .call(let builtin, let arguments) where arguments.count == 2: return call(builtin, arguments[0], arguments[1])
        default: return nil
        }
    }

    private func meanings(_ nodes: [CheckedNode]) -> [Int32]? {
        var formulas: [Int32] = []
        formulas.reserveCapacity(nodes.count)
        for node in nodes {
            guard let formula = meaning(node) else { return nil }
            formulas.append(formula)
        }
        return formulas
    }

    private func noted(_ slot: Int, _ kind: SlotKind) -> Int32 {
        pool.note(Int32(slot), kind)
        return Int32(slot)
    }

    private func call(_ builtin: Builtin, _ left: CheckedNode, _ right: CheckedNode) -> Int32? {
        switch builtin {
        case .equal: return equal(left, right)
        case .notEqual: return equal(left, right).map { pool.not($0) }
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            if let value = right.literal { return compare(left, builtin, value) }
            if let value = left.literal { return compare(right, builtin.mirrored, value) }
            return nil
        case .in: return isIn(left, right)
        case .startsWith:
            guard case .slot(let slot, _) = left.kind, SlotKind(left.type) == .text, case .string(let text) = right.literal else { return nil }
            return pool.startsWith(noted(slot, .text), text)
        default: return nil
        }
    }

    private func equal(_ left: CheckedNode, _ right: CheckedNode) -> Int32? {
        if let value = right.literal, let formula = isEqual(left, value) { return formula }
        if let value = left.literal, let formula = isEqual(right, value) { return formula }
        guard left.type == .bool, right.type == .bool, let a = meaning(left), let b = meaning(right) else { return nil }
        return pool.any([pool.all([a, b]), pool.all([pool.not(a), pool.not(b)])])
    }

    private func isEqual(_ node: CheckedNode, _ value: Value) -> Int32? {
        guard case .slot(let slot, _) = node.kind, let kind = SlotKind(node.type) else { return nil }
        switch (kind, value) {
        case (.text, .string(let text)): return pool.isText(noted(slot, .text), text)
        case (.truth, .bool(let truth)):
            let formula = pool.isTrue(noted(slot, .truth))
            return truth ? formula : pool.not(formula)
        default: return compare(node, .equal, value)
        }
    }

    private func isIn(_ left: CheckedNode, _ right: CheckedNode) -> Int32? {
        guard case .slot(let slot, _) = left.kind, let kind = SlotKind(left.type), case .list(let entries) = right.kind else { return nil }
        guard kind != .text else {
            var list: [String] = []
            list.reserveCapacity(entries.count)
            for entry in entries {
                guard case .string(let text) = entry.literal else { return nil }
                list.append(text)
            }
            return pool.inTexts(noted(slot, .text), list)
        }
        var parts: [Int32] = []
        for entry in entries {
            guard let value = entry.literal, let part = isEqual(left, value) else { return nil }
            parts.append(part)
        }
        return pool.any(parts)
    }

    // MARK: Numbers and times

    private func compare(_ node: CheckedNode, _ builtin: Builtin, _ value: Value) -> Int32? {
        guard case .slot(let slot, _) = node.kind, let kind = SlotKind(node.type), let cut = Self.cut(kind, value) else { return nil }
        let bounds = NumberKey.bounds(kind)
        let number = noted(slot, kind)
        func below(_ limit: Int64?) -> Int32 { limit.map { pool.isBetween(number, bounds.lowerBound, $0) } ?? FormulaPool.no }
        func above(_ limit: Int64?) -> Int32 { limit.map { pool.isBetween(number, $0, bounds.upperBound) } ?? FormulaPool.no }
        switch builtin {
        case .equal: return cut.isExact ? pool.isBetween(number, cut.floor, cut.floor) : FormulaPool.no
        case .less where cut.isExact: return below(cut.floor == .min ? nil : cut.floor - 1)
        case .less, .lessOrEqual: return cut.isBelowAll ? FormulaPool.no : below(cut.floor)
        case .greaterOrEqual where cut.isExact: return above(cut.floor)
        case .greater, .greaterOrEqual:
            if cut.isBelowAll { return above(bounds.lowerBound) }
            return above(cut.floor == .max ? nil : cut.floor + 1)
        default: return nil
        }
    }

    /// A literal among the keys of a kind: the greatest key not above it, and whether that is the literal itself.
    private struct Cut {
        var floor: Int64
        var isExact: Bool
        /// Even the smallest key is above it.
        var isBelowAll = false
    }

    private static func cut(_ kind: SlotKind, _ value: Value) -> Cut? {
        switch (kind, value) {
        case (.whole, .int(let number)): return Cut(floor: number, isExact: true)
        case (.whole, .uint(let number)):
            return Int64(exactly: number).map { Cut(floor: $0, isExact: true) } ?? Cut(floor: .max, isExact: false)
        case (.whole, .double(let number)):
            if number.isNaN { return nil }
            let floor = number.rounded(.down)
            if let whole = Int64(exactly: floor) { return Cut(floor: whole, isExact: floor == number) }
            return number > 0 ? Cut(floor: .max, isExact: false) : Cut(floor: .min, isExact: false, isBelowAll: true)
        case (.double, .double(let number)): return number.isNaN ? nil : Cut(floor: NumberKey.of(number), isExact: true)
        // A whole number that no double holds is left to the expression itself.
        case (.double, .int(let number)): return Double(exactly: number).map { Cut(floor: NumberKey.of($0), isExact: true) }
        case (.double, .uint(let number)): return Double(exactly: number).map { Cut(floor: NumberKey.of($0), isExact: true) }
        case (.time, .timestamp(let seconds, let nanoseconds)):
            return Cut(floor: seconds * 1_000 + Int64(nanoseconds / 1_000_000), isExact: nanoseconds % 1_000_000 == 0)
        default: return nil
        }
    }

    // MARK: What a part costs

    /// An upper bound of the steps that a part takes by the count of `Limits.cost`; nil: none is known.
    func cost(_ node: CheckedNode) -> Int? {
        switch node.kind {
        case .constant, .slot, .hasSlots: return 0
        case .definition(let name): return known[name]?.cost
        case .and(let parts), .or(let parts), .list(let parts): return sum(parts)
        case .not(let operand): return cost(operand)
        case .conditional(let test, let yes, let no): return sum([test, yes, no])
        case .call(let builtin, let arguments):
            guard builtin.costsItsArguments, var total = sum(arguments) else { return nil }
            for argument in arguments {
                guard let size = size(argument) else { return nil }
                total += size
            }
            total += Self.nodeCost
            return total <= Limits.cost ? total : nil
        default: return nil
        }
    }

    private func sum(_ nodes: [CheckedNode]) -> Int? {
        var total = 0
        for node in nodes {
            guard let cost = cost(node) else { return nil }
            total = min(total + cost + (isLiteral(node) ? 0 : Self.nodeCost), Limits.cost)
        }
        return total
    }

    private func isLiteral(_ node: CheckedNode) -> Bool {
        if case .constant = node.kind { return true }
        return false
    }

    /// An upper bound of what copying or comparing a value counts for: a sixteenth of a text's bytes, one for an entry of a list.
    private func size(_ node: CheckedNode) -> Int? {
        switch node.kind {
        case .constant(.string(let text)): return text.utf8.count / 16
        case .constant(.bytes(let bytes)): return bytes.count / 16
        case .list(let entries):
            var size = entries.count
            for entry in entries {
                guard isLiteral(entry), let own = self.size(entry) else { return nil }
                size += own
            }
            return size
        case .slot: return Self.textBytes / 16
        default: break
        }
        switch node.type {
        case .null, .bool, .int, .uint, .double, .timestamp, .duration: return 0
        default: return nil
        }
    }
}

extension Builtin {
    /// Functions whose work is counted by the size of their arguments alone; one that nobody listed may cost anything.
    fileprivate var costsItsArguments: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in, .add, .subtract, .multiply, .divide, .remainder, .negate,
            .size, .contains, .startsWith, .endsWith, .bool, .double, .duration, .int, .timestamp, .uint, .getFullYear, .getMonth, .getDate,
            .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds, .getMilliseconds:
            true
        default: false
        }
    }

    /// The comparison with its sides exchanged.
    fileprivate var mirrored: Builtin {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }
}

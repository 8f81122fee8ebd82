import CEL

/// A condition, or a part of one, whose value every report has: made of comparisons of a field with literals, of `has()`, and of `&&`, `||`, `!`
/// and their kin over them. It never fails and takes no time worth counting, so that the index may ask it in any order, and reports of it are
/// exactly those of the expression it was made from.
///
/// Numbers and times are compared as `Int64` in their own order (`NumberKey`).
enum Formula: Hashable, Sendable {
    case no, yes
    /// The text of a slot is the text of this number.
    case isText(slot: Int32, text: Int32)
    /// The text of a slot is one of a set of at least two (`FormulaPool.textSets`).
    case inTexts(slot: Int32, set: Int32)
    case startsWith(slot: Int32, text: Int32)
    /// A number or time of a slot is within these bounds. Never true of NaN.
    case isBetween(slot: Int32, low: Int64, high: Int64)
    /// A yes/no field is yes.
    case isTrue(slot: Int32)
    case isPresent(slot: Int32)
    /// Over `FormulaPool.operands`.
    case all(first: Int32, count: Int32)
    case any(first: Int32, count: Int32)
    case not(Int32)
}

/// What kind of value a slot holds, as far as formulas care.
enum SlotKind: UInt8, Sendable {
    case text, whole, double, time, truth

    init?(_ type: StaticType) {
        switch type {
        case .string, .enumeration: self = .text
        case .int: self = .whole
        case .double: self = .double
        case .timestamp: self = .time
        case .bool: self = .truth
        default: return nil
        }
    }
}

/// Numbers and times as whole numbers that have the same order.
enum NumberKey {
    /// What NaN, which is neither less nor greater than anything, is taken for: below the key of every number.
    static let notANumber = Int64.min

    static func of(_ number: Double) -> Int64 {
        if number.isNaN { return notANumber }
        if number == 0 { return 0 }
        let bits = Int64(bitPattern: number.bitPattern)
        return bits < 0 ? bits ^ .max : bits
    }

    static func double(_ key: Int64) -> Double {
        key == notANumber ? .nan : Double(bitPattern: UInt64(bitPattern: key < 0 ? key ^ .max : key))
    }

    /// The bounds of what a slot can hold.
    static func bounds(_ kind: SlotKind) -> ClosedRange<Int64> {
        kind == .double ? of(-.infinity)...of(.infinity) : Int64.min...Int64.max
    }
}

/// The formulas of a set while it is read, each once: a hundred thousand rules share most of theirs.
final class FormulaPool {
    private(set) var formulas: [Formula] = [.no, .yes]
    private(set) var operands: [Int32] = []
    private(set) var textSets: [[Int32]] = []
    private(set) var kinds: [Int32: SlotKind] = [:]
    var texts = TextTable()
    private var numbers: [Formula: Int32] = [.no: 0, .yes: 1]
    private var setNumbers: [[Int32]: Int32] = [:]
    private var joints: [Joint: Int32] = [:]

    /// What traces show of a condition's fields, each list once.
    private(set) var readLists: [[NamedSlot]] = []
    private var readNumbers: [[NamedSlot]: Int32] = [:]

    /// Parts of conditions of modules that have no names of their own.
    let knownParts = KnownParts()

    /// What it holds, roughly: what is no longer used stays in it, so that numbers keep their meaning.
    var weight: Int {
        formulas.count + operands.count + textSets.count + texts.count + readLists.count + knownParts.parts.count
    }

    private struct Joint: Hashable {
        var isAll: Bool
        var operands: [Int32]
    }

    static let no: Int32 = 0
    static let yes: Int32 = 1

    subscript(_ number: Int32) -> Formula { formulas[Int(number)] }

    func operands(_ first: Int32, _ count: Int32) -> ArraySlice<Int32> { operands[Int(first)..<Int(first + count)] }

    private func intern(_ formula: Formula) -> Int32 {
        if let number = numbers[formula] { return number }
        formulas.append(formula)
        numbers[formula] = Int32(formulas.count - 1)
        return Int32(formulas.count - 1)
    }

    func note(_ slot: Int32, _ kind: SlotKind) { kinds[slot] = kind }

    func isText(_ slot: Int32, _ text: String) -> Int32 { intern(.isText(slot: slot, text: texts.add(text))) }

    func inTexts(_ slot: Int32, _ list: [String]) -> Int32 {
        let set = Array(Set(list.map { texts.add($0) })).sorted()
        switch set.count {
        case 0: return Self.no
        case 1: return intern(.isText(slot: slot, text: set[0]))
        default: return intern(.inTexts(slot: slot, set: textSet(set)))
        }
    }

    private func textSet(_ set: [Int32]) -> Int32 {
        if let number = setNumbers[set] { return number }
        textSets.append(set)
        setNumbers[set] = Int32(textSets.count - 1)
        return Int32(textSets.count - 1)
    }

    func startsWith(_ slot: Int32, _ text: String) -> Int32 {
        text.isEmpty ? Self.yes : intern(.startsWith(slot: slot, text: texts.add(text)))
    }

    /// `high` below `low`: never.
    func isBetween(_ slot: Int32, _ low: Int64, _ high: Int64) -> Int32 {
        low > high ? Self.no : intern(.isBetween(slot: slot, low: low, high: high))
    }

    func isTrue(_ slot: Int32) -> Int32 { intern(.isTrue(slot: slot)) }
    func isPresent(_ slot: Int32) -> Int32 { intern(.isPresent(slot: slot)) }

    func not(_ number: Int32) -> Int32 {
        switch self[number] {
        case .no: Self.yes
        case .yes: Self.no
        case .not(let inner): inner
        default: intern(.not(number))
        }
    }

    func all(_ parts: [Int32]) -> Int32 { joined(parts, isAll: true) }
    func any(_ parts: [Int32]) -> Int32 { joined(parts, isAll: false) }

    private func joined(_ parts: [Int32], isAll: Bool) -> Int32 {
        let neutral = isAll ? Self.yes : Self.no
        let decisive = isAll ? Self.no : Self.yes
        var kept: [Int32] = []
        for part in parts where part != neutral && !kept.contains(part) {
            if part == decisive { return decisive }
            switch (self[part], isAll) {
            case (.all(let first, let count), true), (.any(let first, let count), false):
                for inner in operands(first, count) where !kept.contains(inner) { kept.append(inner) }
            default: kept.append(part)
            }
        }
        if kept.count < 2 { return kept.first ?? neutral }
        let joint = Joint(isAll: isAll, operands: kept)
        if let number = joints[joint] { return number }
        let first = Int32(operands.count)
        operands += kept
        let number = intern(isAll ? .all(first: first, count: Int32(kept.count)) : .any(first: first, count: Int32(kept.count)))
        joints[joint] = number
        return number
    }

    /// - Parameter spanned: what is read, in the order of the text.
    func readList(_ reads: [NamedSlot]) -> Int32 {
        if let number = readNumbers[reads] { return number }
        readLists.append(reads)
        readNumbers[reads] = Int32(readLists.count - 1)
        return Int32(readLists.count - 1)
    }
}

/// A field as a condition names it.
struct NamedSlot: Hashable, Sendable {
    let name: String
    let slot: Int
}

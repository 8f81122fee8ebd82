/// An expression after checking: every name resolved, every part typed. Tracing and the index of a rule set read it.
package struct CheckedNode: Sendable {
    package indirect enum Kind: Sendable {
        case constant(Value)
        /// A field of the schema, as written: `report.place.district`.
        case slot(Int, name: String)
        /// `has(report.feeder)`; of a group of fields: whether any is there.
        case hasSlots([Int], name: String)
        /// A `let` name: stands for the whole expression.
        case definition(String)
        /// A macro's variable, by its depth among the macros around it.
        case local(Int, name: String)
        /// A key of a map, or a field of an object that is a value. `zero` is what an absent field is worth; nil for maps, where that is an error.
        case select(CheckedNode, field: String, zero: Value?)
        /// `has(m.key)`
        case hasKey(CheckedNode, field: String)
        case index(CheckedNode, CheckedNode)
        case and([CheckedNode])
        case or([CheckedNode])
        case not(CheckedNode)
        case conditional(CheckedNode, CheckedNode, CheckedNode)
        /// An operator or a standard function; a method's target is the first argument.
        case call(Builtin, [CheckedNode])
        /// A function of the caller's, by its number.
        case callerFunction(Int, name: String, [CheckedNode])
        case list([CheckedNode])
        case map([Entry])
        case macro(CheckedMacro)
        /// `cel.bind`: the body, with the value under the number of a variable.
        case bind(Int, name: String, CheckedNode, CheckedNode)
        /// An entry of a list, or the key of a map's entry, that is only there when its optional value is.
        case maybe(CheckedNode)
        /// An error when it runs: what an unchecked expression makes of a name that nobody declared.
        case failure(String)
    }

    package struct Entry: Sendable {
        package var key: CheckedNode
        package var value: CheckedNode
    }

    package var kind: Kind
    package var span: Span
    /// May hold type parameters that stayed free (those of an empty list): they count as `dyn`.
    package var type: StaticType

    init(_ kind: Kind, _ span: Span, _ type: StaticType) {
        self.kind = kind
        self.span = span
        self.type = type
    }
}

package struct CheckedMacro: Sendable {
    package var kind: MacroKind
    package var range: CheckedNode
    /// The number of its variable: how many variables stand around it.
    package var variable: Int
    /// It has two variables (the index or key, and the value); the second's number is one more.
    package var isPaired = false
    package var predicate: CheckedNode?
    package var transform: CheckedNode?
}

/// The operators and standard functions. Which overload runs is decided by the values, as the specification has it.
package enum Builtin: UInt8, Sendable, Hashable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, `in`
    case add, subtract, multiply, divide, remainder, negate
    case size, contains, startsWith, endsWith, matches
    case bool, bytes, double, duration, dyn, int, string, timestamp, type, uint
    case getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear
    case getHours, getMinutes, getSeconds, getMilliseconds
    // Strings
    case charAt, indexOf, lastIndexOf, join, lowerAscii, upperAscii, trim, reverse, replace, split, substring, format, quote
    // Math
    case greatest, least, ceil, floor, round, trunc, abs, sign, sqrt, isNaN, isInf, isFinite
    case bitAnd, bitOr, bitXor, bitNot, bitShiftLeft, bitShiftRight
    // Optional values; `optionalSelect` is `e.?f`, `optionalIndex` is `e[?k]`
    case optionalOf, optionalNone, optionalOfNonZeroValue, hasValue, value, or, orValue, unwrap, first, last
    case optionalSelect, optionalIndex
    // Encoders
    case base64Encode, base64Decode

    /// As messages and traces name it: `+`, `size`.
    package var name: String {
        switch self {
        case .equal: "=="
        case .notEqual: "!="
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .in: "in"
        case .add: "+"
        case .subtract: "-"
        case .multiply: "*"
        case .divide: "/"
        case .remainder: "%"
        case .negate: "-"
        case .optionalSelect: ".?"
        case .optionalIndex: "[?]"
        default: ExtensionLibrary.names[self] ?? String(describing: self)
        }
    }

    /// From a value of one type to one of another.
    var isConversion: Bool {
        switch self {
        case .bool, .bytes, .double, .duration, .int, .string, .timestamp, .uint: true
        default: false
        }
    }

    /// Of an extension library: these may have any number of arguments.
    var isExtension: Bool { rawValue >= Builtin.charAt.rawValue }

    init(_ operation: BinaryOperator) {
        self =
            switch operation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .lessOrEqual: .lessOrEqual
            case .greater: .greater
            case .greaterOrEqual: .greaterOrEqual
            case .in: .in
            case .add: .add
            case .subtract: .subtract
            case .multiply: .multiply
            case .divide: .divide
            case .remainder: .remainder
            }
    }
}

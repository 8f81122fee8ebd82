/// What the parser makes of a text: macros recognised, nothing resolved or typed yet.
struct SyntaxNode: Sendable {
    indirect enum Kind: Sendable {
        case literal(Value)
        /// A name; `absolute` when it began with a dot.
        case name(String, absolute: Bool)
        case select(SyntaxNode, field: String, fieldSpan: Span)
        /// `has(e.f)`
        case has(SyntaxNode, field: String, fieldSpan: Span)
        case index(SyntaxNode, SyntaxNode)
        /// `e.?f`
        case optionalSelect(SyntaxNode, field: String, fieldSpan: Span)
        /// `e[?k]`
        case optionalIndex(SyntaxNode, SyntaxNode)
        case and([SyntaxNode])
        case or([SyntaxNode])
        case not(SyntaxNode)
        case negate(SyntaxNode)
        case binary(BinaryOperator, SyntaxNode, SyntaxNode, operatorSpan: Span)
        case conditional(SyntaxNode, SyntaxNode, SyntaxNode)
        case call(name: String, target: SyntaxNode?, arguments: [SyntaxNode], nameSpan: Span)
        case list([SyntaxNode])
        case map([(key: SyntaxNode, value: SyntaxNode)])
        case macro(SyntaxMacro)
        /// `cel.bind(name, value, body)`
        case bind(name: String, SyntaxNode, SyntaxNode)
        /// `?e` as an entry of a list or a key of a map: there only when the optional value is.
        case maybe(SyntaxNode)
        /// A place where something is wrong that has been reported.
        case broken
    }

    var kind: Kind
    var span: Span
    /// How deep the tree below is, itself counted: bounded so that walking it is safe on a small stack.
    var height: Int
}

/// `range.all(variable, body)` and its kin.
struct SyntaxMacro: Sendable {
    var kind: MacroKind
    var range: SyntaxNode
    var variable: String
    var variableSpan: Span
    /// The second variable of `list.all(index, value, ...)`; nil where there is one alone.
    var second: String?
    /// The predicate; nil where nothing is left out.
    var predicate: SyntaxNode?
    /// What becomes of an element: `map`, `transformList` and their kin.
    var transform: SyntaxNode?
}

/// The macros that walk through a list or the keys of a map, or into an optional value.
package enum MacroKind: String, Sendable, Hashable, CaseIterable {
    case all
    case exists
    case existsOne = "exists_one"
    case map
    case filter
    case transformList, transformMap, transformMapEntry
    case optMap, optFlatMap
}

package enum BinaryOperator: String, Sendable, Hashable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case `in` = "in"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"

    /// How strongly it binds: `*` before `+` before comparisons.
    var precedence: Int {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .in: 1
        case .add, .subtract: 2
        case .multiply, .divide, .remainder: 3
        }
    }
}

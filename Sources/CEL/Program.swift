/// A compiled expression: a flat array of small instructions that refer to each other by number, and the pools of what does not
/// fit into one. Nothing is looked up by name when it runs, and the common comparisons of a field with literals take no detour
/// through `Value`.
final class Program: Sendable {
    enum Operation: Sendable {
        case constant(Int32)
        case slot(Int32, zero: Int32)
        /// `has()` of slots `first ..< first + count` of the operands pool.
        case hasSlots(first: Int32, count: Int32)
        case definition(Int32)
        case local(Int32)
        case and(first: Int32, count: Int32)
        case or(first: Int32, count: Int32)
        case not(Int32)
        case conditional(Int32, Int32, Int32)
        /// A field that is a text against a literal.
        case slotIsText(slot: Int32, text: Int32, isNegated: Bool)
        /// A field that is a text within a list of literals.
        case slotInTexts(slot: Int32, texts: Int32)
        /// A field that is a number against a literal number.
        case slotOrder(slot: Int32, Builtin, number: Int32)
        case unary(Builtin, Int32)
        case binary(Builtin, Int32, Int32)
        case matches(Int32, pattern: Int32)
        case callerFunction(number: Int32, first: Int32, count: Int32)
        case select(Int32, field: Int32, zero: Int32)
        case hasKey(Int32, field: Int32)
        case index(Int32, Int32)
        case list(first: Int32, count: Int32)
        /// A list some of whose entries are `maybe`.
        case sparseList(first: Int32, count: Int32)
        /// An entry that is only there when its optional value is; for a map it stands in the key's place.
        case maybe(Int32)
        /// Keys and values by turns.
        case map(first: Int32, count: Int32)
        case macro(Int32)
        /// `cel.bind`
        case bind(variable: Int32, value: Int32, body: Int32)
        /// A function of an extension library, with any number of arguments.
        case library(Builtin, first: Int32, count: Int32)
        case failure(Int32)
    }

    struct Macro: Sendable {
        var kind: MacroKind
        var range: Int32
        var variable: Int32
        /// It has a second variable, numbered one higher.
        var isPaired: Bool
        var predicate: Int32?
        var transform: Int32?
        /// What one round costs.
        var weight: Int
    }

    struct Definition: Sendable {
        let name: String
        let expression: Expression
    }

    let operations: [Operation]
    let spans: [Span]
    /// Numbers of operations (or slots) for those that have many.
    let operands: [Int32]
    let constants: [Value]
    let names: [String]
    let texts: [TextLiteral]
    let textLists: [TextLiterals]
    let patterns: [Pattern]
    let macros: [Macro]
    let definitions: [Definition]
    /// The operation of the whole expression.
    let root: Int32
    /// The operations of the parts of a top-level `&&`; the root alone where there is none.
    let conjuncts: [Int32]
    /// The number of parts, those of definitions included as often as they are used.
    let weight: Int
    /// How deep it is, definitions included.
    let height: Int
    /// What it may cost at most, and how large its value may become.
    let estimate: Estimate

    init(compiler: Compiler, root: Int32, conjuncts: [Int32], weight: Int, height: Int, estimate: Estimate) {
        operations = compiler.operations
        spans = compiler.spans
        operands = compiler.operands
        constants = compiler.constants
        names = compiler.names
        texts = compiler.texts
        textLists = compiler.textLists
        patterns = compiler.patterns
        macros = compiler.macros
        definitions = compiler.definitions
        self.root = root
        self.conjuncts = conjuncts
        self.weight = weight
        self.height = height
        self.estimate = estimate
    }
}

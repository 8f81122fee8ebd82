/// One word of an expression.
struct Token {
    enum Kind: Equatable {
        /// A name; `reserved` names may only follow a dot.
        case name(String, reserved: Bool)
        /// A name in backquotes: only after a dot.
        case quotedName(String)
        /// Without its sign, so that -9223372036854775808 can be read.
        case int(UInt64)
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        case symbol(Symbol)
        /// A number or text that has been reported already: stands for any value.
        case broken
        case end
    }

    var kind: Kind
    /// Bytes of the text.
    var start: Int
    var end: Int
}

enum Symbol: String {
    case leftParenthesis = "("
    case rightParenthesis = ")"
    case leftBracket = "["
    case rightBracket = "]"
    case leftBrace = "{"
    case rightBrace = "}"
    case dot = "."
    case comma = ","
    case colon = ":"
    case question = "?"
    case plus = "+"
    case minus = "-"
    case star = "*"
    case slash = "/"
    case percent = "%"
    case bang = "!"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case equal = "=="
    case notEqual = "!="
    case and = "&&"
    case or = "||"
    case `in` = "in"
    case `true` = "true"
    case `false` = "false"
    case null = "null"
}

/// Names that the specification keeps for languages that embed it: not variables, but fields and methods may be called so.
let reservedNames: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return",
    "var", "void", "while",
]

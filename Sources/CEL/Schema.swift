/// A stretch of an expression's text, in characters (extended grapheme clusters, as an editor counts columns) from 0.
package struct Span: Sendable, Hashable {
    package var start: Int
    package var end: Int
    package init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }
}

/// A mistake in an expression: where, which kind, what it says, and what would be right.
package struct ExpressionDiagnostic: Sendable, Hashable {
    /// A stable kind, in lower case with hyphens: `syntax`, `unknown-name`, `unknown-field`, `unknown-value`, `wrong-type`,
    /// `no-overload`, `overflow`, `bad-pattern`, `too-deep` ... The whole list is in Wording.swift.
    package let code: String
    package let message: String
    package let span: Span
    /// The nearest valid name, without quotes: for "did you mean".
    package let suggestion: String?
    package init(code: String, message: String, span: Span, suggestion: String? = nil) {
        self.code = code
        self.message = message
        self.span = span
        self.suggestion = suggestion
    }
}

/// A static type.
package indirect enum StaticType: Sendable, Hashable {
    case null, bool, int, uint, double, string, bytes, timestamp, duration
    case list(StaticType)
    case map(StaticType, StaticType)
    /// A string of a declared set (`Schema.enumerations`): comparing it with a literal that nobody declared is an error
    /// `unknown-value` with a suggestion. The empty string is always allowed (an absent field).
    case enumeration(String)
    /// An object of the schema (`report`, `place`).
    case object(String)
    case type(StaticType)
    /// A type that only functions make and use, with its parameters: `optional_type(int)`.
    case abstract(String, [StaticType])
    /// Checked when it runs.
    case dyn
    /// A type parameter of a function's declaration.
    case parameter(String)
    /// What a failed check gives, so that one mistake is told once.
    case error

    /// `optional_type(inner)`
    package static func optional(_ inner: StaticType) -> StaticType { .abstract("optional_type", [inner]) }
}

/// Everything that an expression may name.
package struct Schema: Sendable {
    /// A field of an object. `slot` is the caller's number for the whole path from the root variable: the evaluator asks its
    /// activation for that slot alone, so that `report.place.district` is one look-up. A nested object has `slot == nil`.
    package struct Field: Sendable, Hashable {
        package var type: StaticType
        package var slot: Int?
        package init(_ type: StaticType, slot: Int? = nil) {
            self.type = type
            self.slot = slot
        }
    }

    /// A root name: either an object of `objects`, or a plain value with a slot of its own.
    package var variables: [String: Field] = [:]
    /// Object name -> field name -> field. An absent field has its type's zero value and `has()` is false.
    package var objects: [String: [String: Field]] = [:]
    /// Enumeration name -> the declared values.
    package var enumerations: [String: [String]] = [:]
    /// Names defined by `let`: an identifier stands for the whole checked expression.
    package var definitions: [String: Expression] = [:]
    /// Functions of the caller's, with their overloads.
    package var functions: [String: [Function]] = [:]
    /// Names that may stand unqualified (`container` in the specification).
    package var container: String = ""
    /// Named time zones that the activation knows (`Asia/Shanghai`): a literal zone that is neither `UTC`, an offset such as
    /// `+08:00`, nor one of these is an error when it is compiled. nil: any name passes, and the activation is asked.
    package var timeZones: Set<String>? = []

    package struct Function: Sendable {
        package var arguments: [StaticType]
        package var result: StaticType
        /// The caller's number: the evaluator hands it to `Activation.call`.
        package var number: Int
        package init(arguments: [StaticType], result: StaticType, number: Int) {
            self.arguments = arguments
            self.result = result
            self.number = number
        }
    }

    package init() {}
}

/// What an expression is evaluated against. Implemented by the rules over a parsed report, without dictionaries.
package protocol Activation {
    /// The value of a slot; nil when absent (then the evaluator takes the type's zero value, and `has()` is false).
    func value(slot: Int) -> Value?
    /// The text of a slot without boxing it; nil when absent or of another type.
    func string(slot: Int) -> String?
    /// Whether `string(slot:)`, or the empty text where it is nil, has the code points of a literal: compared where it is.
    func isText(slot: Int, _ literal: TextLiteral) -> Bool
    /// The same for one of several.
    func isText(slot: Int, among literals: TextLiterals) -> Bool
    /// The number of a slot whose value is a double, without boxing it; nil for any other, which is then asked for its value.
    func double(slot: Int) -> Double?
    /// A function of the caller's. Where in the text an error happened is filled in by the evaluator.
    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value
    /// How far a named zone is ahead of UTC at an instant, in seconds (`Asia/Shanghai`: 28 800); nil when it does not know the zone.
    func offset(ofZone name: String, atSeconds seconds: Int64) -> Int?
}

extension Activation {
    package func isText(slot: Int, _ literal: TextLiteral) -> Bool { literal.equals(string(slot: slot)) }
    package func isText(slot: Int, among literals: TextLiterals) -> Bool { literals.contains(string(slot: slot)) }
    package func double(slot: Int) -> Double? { nil }
    package func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? { nil }
}

/// A value of the Common Expression Language.
///
/// Times are milliseconds inside the house but nanoseconds in the language, so that the specification's arithmetic holds.
package enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list([Value])
    case map([Value: Value])
    /// Nanoseconds since 1970-01-01T00:00:00Z would overflow: seconds and the nanoseconds of the second.
    case timestamp(seconds: Int64, nanoseconds: Int32)
    case duration(seconds: Int64, nanoseconds: Int32)
    case type(TypeName)
}

/// The run-time name of a type, as `type(x)` gives it.
package struct TypeName: Sendable, Hashable {
    package let name: String
    package init(_ name: String) { self.name = name }
}

/// An evaluation that failed: the expression has no value. `&&`, `||` and the macros absorb it as the specification says.
package struct EvaluationError: Error, Sendable, Hashable {
    /// What happened, in words an operator understands: `division by zero`, `no such key: 'x'`.
    package let message: String
    /// Where in the expression's text.
    package let span: Span
    package init(message: String, span: Span) {
        self.message = message
        self.span = span
    }
}

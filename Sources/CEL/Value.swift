/// A value of the Common Expression Language.
///
/// Times are milliseconds inside the house but nanoseconds in the language, so that the specification's arithmetic holds.
///
/// `==` and hashing here are exact: the same kind and the same content, strings by their code points (Swift's own `==` would take
/// canonically equivalent texts for the same, which the specification does not). The language's `==`, for which 1, 1u and 1.0
/// are equal, is `Comparison.equal`.
package enum Value: Sendable {
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
    /// A value that may be missing: `optional.of(x)`, `optional.none()`.
    indirect case optional(Value?)
}

extension Value: Hashable {
    package static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.uint(let a), .uint(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): sameText(a, b)
        case (.bytes(let a), .bytes(let b)): a == b
        case (.list(let a), .list(let b)): a == b
        case (.map(let a), .map(let b)): a == b
        case (.timestamp(let a, let b), .timestamp(let c, let d)): a == c && b == d
        case (.duration(let a, let b), .duration(let c, let d)): a == c && b == d
        case (.type(let a), .type(let b)): a == b
        case (.optional(let a), .optional(let b)): a == b
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .bool(let value):
            hasher.combine(value)
        case .int(let value):
            hasher.combine(value)
        case .uint(let value):
            hasher.combine(value)
        case .double(let value):
            hasher.combine(value)
        case .string(let value):
            var text = value
            text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(0xFF as UInt8)
        case .bytes(let value):
            hasher.combine(value)
        case .list(let value):
            hasher.combine(value)
        case .map(let value):
            hasher.combine(value)
        case .timestamp(let seconds, let nanoseconds), .duration(let seconds, let nanoseconds):
            hasher.combine(seconds)
            hasher.combine(nanoseconds)
        case .type(let value):
            hasher.combine(value)
        case .optional(let value):
            hasher.combine(value)
        }
    }
}

/// Whether two texts have the same code points.
@inline(__always)
func sameText(_ left: String, _ right: String) -> Bool {
    left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}

/// The run-time name of a type, as `type(x)` gives it.
package struct TypeName: Sendable, Hashable {
    package let name: String
    package init(_ name: String) { self.name = name }
}

extension Value {
    /// The run-time type, as `type(x)` gives it.
    package var typeName: TypeName {
        switch self {
        case .null: TypeName("null_type")
        case .bool: TypeName("bool")
        case .int: TypeName("int")
        case .uint: TypeName("uint")
        case .double: TypeName("double")
        case .string: TypeName("string")
        case .bytes: TypeName("bytes")
        case .list: TypeName("list")
        case .map: TypeName("map")
        case .timestamp: TypeName("google.protobuf.Timestamp")
        case .duration: TypeName("google.protobuf.Duration")
        case .type: TypeName("type")
        case .optional: TypeName("optional_type")
        }
    }

    /// What an absent field of a type is worth: 0, false, the empty text, list or map, 1970-01-01T00:00:00Z, no time; `null` where
    /// the type is only known when it runs.
    package static func zero(of type: StaticType) -> Value {
        switch type {
        case .bool: .bool(false)
        case .int: .int(0)
        case .uint: .uint(0)
        case .double: .double(0)
        case .string, .enumeration: .string("")
        case .bytes: .bytes([])
        case .timestamp: .timestamp(seconds: 0, nanoseconds: 0)
        case .duration: .duration(seconds: 0, nanoseconds: 0)
        case .list: .list([])
        case .map, .object: .map([:])
        case .abstract("optional_type", _): .optional(nil)
        case .null, .type, .dyn, .parameter, .abstract, .error: .null
        }
    }
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

/// The declarations of the specification's standard functions and arithmetic, by name and by the form of the call.
enum StandardLibrary {
    struct Overload: Sendable {
        var arguments: [StaticType]
        var result: StaticType
        var hasParameters: Bool

        init(_ arguments: [StaticType], _ result: StaticType) {
            self.arguments = arguments
            self.result = result
            hasParameters = result.hasParameter || arguments.contains { $0.hasParameter }
        }
    }

    struct Function: Sendable {
        var builtin: Builtin
        /// `f(x)`
        var global: [Overload]
        /// `x.f()`, the target first.
        var member: [Overload]

        init(_ builtin: Builtin, global: [Overload] = [], member: [Overload] = []) {
            self.builtin = builtin
            self.global = global
            self.member = member
        }
    }

    /// By name; those of a library with its prefix: `math.greatest`.
    static let functions: [String: Function] = core.merging(ExtensionLibrary.functions) { core, _ in core }

    private static let core: [String: Function] = {
        let a = StaticType.parameter("A")
        let b = StaticType.parameter("B")
        let sizes: [Overload] = [.init([.string], .int), .init([.bytes], .int), .init([.list(a)], .int), .init([.map(a, b)], .int)]
        let ofText: [Overload] = [.init([.string, .string], .bool)]
        let ofDate: [Overload] = [.init([.timestamp], .int), .init([.timestamp, .string], .int)]
        let ofTime = ofDate + [.init([.duration], .int)]
        func conversion(_ builtin: Builtin, from types: [StaticType], to result: StaticType) -> Function {
            Function(builtin, global: types.map { .init([$0], result) })
        }
        return [
            "size": Function(.size, global: sizes, member: sizes),
            "contains": Function(.contains, member: ofText),
            "startsWith": Function(.startsWith, member: ofText),
            "endsWith": Function(.endsWith, member: ofText),
            "matches": Function(.matches, global: ofText, member: ofText),
            "bool": conversion(.bool, from: [.bool, .string], to: .bool),
            "bytes": conversion(.bytes, from: [.bytes, .string], to: .bytes),
            "double": conversion(.double, from: [.double, .int, .uint, .string], to: .double),
            "duration": conversion(.duration, from: [.duration, .string], to: .duration),
            "dyn": conversion(.dyn, from: [a], to: .dyn),
            "int": conversion(.int, from: [.int, .uint, .double, .string, .timestamp], to: .int),
            "string": conversion(
                .string, from: [.string, .int, .uint, .double, .bool, .bytes, .timestamp, .duration], to: .string),
            "timestamp": conversion(.timestamp, from: [.timestamp, .string, .int], to: .timestamp),
            "type": conversion(.type, from: [a], to: .type(a)),
            "uint": conversion(.uint, from: [.uint, .int, .double, .string], to: .uint),
            "getFullYear": Function(.getFullYear, member: ofDate),
            "getMonth": Function(.getMonth, member: ofDate),
            "getDate": Function(.getDate, member: ofDate),
            "getDayOfMonth": Function(.getDayOfMonth, member: ofDate),
            "getDayOfWeek": Function(.getDayOfWeek, member: ofDate),
            "getDayOfYear": Function(.getDayOfYear, member: ofDate),
            "getHours": Function(.getHours, member: ofTime),
            "getMinutes": Function(.getMinutes, member: ofTime),
            "getSeconds": Function(.getSeconds, member: ofTime),
            "getMilliseconds": Function(.getMilliseconds, member: ofTime),
        ]
    }()

    static let arithmetic: [BinaryOperator: [Overload]] = {
        let a = StaticType.parameter("A")
        let numbers: [Overload] = [
            .init([.int, .int], .int), .init([.uint, .uint], .uint), .init([.double, .double], .double),
        ]
        return [
            .add: numbers + [
                .init([.string, .string], .string), .init([.bytes, .bytes], .bytes), .init([.list(a), .list(a)], .list(a)),
                .init([.timestamp, .duration], .timestamp), .init([.duration, .timestamp], .timestamp),
                .init([.duration, .duration], .duration),
            ],
            .subtract: numbers + [
                .init([.timestamp, .timestamp], .duration), .init([.timestamp, .duration], .timestamp),
                .init([.duration, .duration], .duration),
            ],
            .multiply: numbers,
            .divide: numbers,
            .remainder: Array(numbers.prefix(2)),
        ]
    }()

    /// Names that denote types.
    static let types: [String: (StaticType, TypeName)] = [
        "bool": (.bool, TypeName("bool")), "int": (.int, TypeName("int")), "uint": (.uint, TypeName("uint")),
        "double": (.double, TypeName("double")), "string": (.string, TypeName("string")), "bytes": (.bytes, TypeName("bytes")),
        "list": (.list(.dyn), TypeName("list")), "map": (.map(.dyn, .dyn), TypeName("map")),
        "null_type": (.null, TypeName("null_type")), "type": (.type(.dyn), TypeName("type")), "optional_type": (.optional(.dyn), TypeName("optional_type")),
        "google.protobuf.Timestamp": (.timestamp, TypeName("google.protobuf.Timestamp")),
        "google.protobuf.Duration": (.duration, TypeName("google.protobuf.Duration")),
    ]
}

extension StaticType {
    var hasParameter: Bool {
        switch self {
        case .parameter: true
        case .list(let element), .type(let element): element.hasParameter
        case .map(let key, let value): key.hasParameter || value.hasParameter
        case .abstract(_, let inner): inner.contains { $0.hasParameter }
        default: false
        }
    }

    var isNumber: Bool { self == .int || self == .uint || self == .double }

    /// What an optional value holds; nil for other types.
    var optionalContent: StaticType? {
        if case .abstract("optional_type", let inner) = self { inner.first } else { nil }
    }

    /// The enumeration of a value or of a list's elements.
    var enumerationName: String? {
        switch self {
        case .enumeration(let name): name
        case .list(let element): element.enumerationName
        default: nil
        }
    }
}

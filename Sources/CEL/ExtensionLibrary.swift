/// The declarations of the extension libraries: strings, math, optional values, encoders. What they do is in StringFunctions.swift,
/// StringFormat.swift, MathFunctions.swift, OptionalFunctions.swift and Encoders.swift.
enum ExtensionLibrary {
    typealias Function = StandardLibrary.Function
    typealias Overload = StandardLibrary.Overload

    static let functions: [String: Function] = strings.merging(math) { first, _ in first }.merging(optionals) { first, _ in first }
        .merging(encoders) { first, _ in first }

    private static let strings: [String: Function] = {
        let ofText: [Overload] = [.init([.string], .string)]
        let search: [Overload] = [.init([.string, .string], .int), .init([.string, .string, .int], .int)]
        return [
            "charAt": Function(.charAt, member: [.init([.string, .int], .string)]),
            "indexOf": Function(.indexOf, member: search),
            "lastIndexOf": Function(.lastIndexOf, member: search),
            "join": Function(.join, member: [.init([.list(.string)], .string), .init([.list(.string), .string], .string)]),
            "lowerAscii": Function(.lowerAscii, member: ofText),
            "upperAscii": Function(.upperAscii, member: ofText),
            "trim": Function(.trim, member: ofText),
            "reverse": Function(.reverse, member: ofText),
            "replace": Function(
                .replace, member: [.init([.string, .string, .string], .string), .init([.string, .string, .string, .int], .string)]),
            "split": Function(
                .split, member: [.init([.string, .string], .list(.string)), .init([.string, .string, .int], .list(.string))]),
            "substring": Function(.substring, member: [.init([.string, .int], .string), .init([.string, .int, .int], .string)]),
            "format": Function(.format, member: [.init([.string, .list(.dyn)], .string)]),
            "strings.quote": Function(.quote, global: ofText),
        ]
    }()

    private static let math: [String: Function] = {
        let numbers: [StaticType] = [.int, .uint, .double]
        let ofDouble: [Overload] = [.init([.double], .double)]
        let test: [Overload] = [.init([.double], .bool)]
        let bits: [Overload] = [.init([.int, .int], .int), .init([.uint, .uint], .uint)]
        let shift: [Overload] = [.init([.int, .int], .int), .init([.uint, .int], .uint)]
        let same: [Overload] = numbers.map { .init([$0], $0) }
        // Of any number of arguments: checked by hand (`checkExtreme`); these forms are for messages.
        let extreme: [Overload] = [.init([.double, .double], .double), .init([.list(.double)], .double)]
        return [
            "math.greatest": Function(.greatest, global: extreme), "math.least": Function(.least, global: extreme),
            "math.ceil": Function(.ceil, global: ofDouble), "math.floor": Function(.floor, global: ofDouble),
            "math.round": Function(.round, global: ofDouble), "math.trunc": Function(.trunc, global: ofDouble),
            "math.abs": Function(.abs, global: same), "math.sign": Function(.sign, global: same),
            "math.sqrt": Function(.sqrt, global: numbers.map { .init([$0], .double) }),
            "math.isNaN": Function(.isNaN, global: test), "math.isInf": Function(.isInf, global: test),
            "math.isFinite": Function(.isFinite, global: test),
            "math.bitAnd": Function(.bitAnd, global: bits), "math.bitOr": Function(.bitOr, global: bits),
            "math.bitXor": Function(.bitXor, global: bits),
            "math.bitNot": Function(.bitNot, global: [.init([.int], .int), .init([.uint], .uint)]),
            "math.bitShiftLeft": Function(.bitShiftLeft, global: shift), "math.bitShiftRight": Function(.bitShiftRight, global: shift),
        ]
    }()

    private static let optionals: [String: Function] = {
        let a = StaticType.parameter("A")
        let unwrap: [Overload] = [.init([.list(.optional(a))], .list(a))]
        let end: [Overload] = [.init([.list(a)], .optional(a))]
        return [
            "optional.of": Function(.optionalOf, global: [.init([a], .optional(a))]),
            "optional.none": Function(.optionalNone, global: [.init([], .optional(a))]),
            "optional.ofNonZeroValue": Function(.optionalOfNonZeroValue, global: [.init([a], .optional(a))]),
            "optional.unwrap": Function(.unwrap, global: unwrap),
            "unwrapOpt": Function(.unwrap, member: unwrap),
            "hasValue": Function(.hasValue, member: [.init([.optional(a)], .bool)]),
            "value": Function(.value, member: [.init([.optional(a)], a)]),
            "or": Function(.or, member: [.init([.optional(a), .optional(a)], .optional(a))]),
            "orValue": Function(.orValue, member: [.init([.optional(a), a], a)]),
            "first": Function(.first, member: end),
            "last": Function(.last, member: end),
        ]
    }()

    private static let encoders: [String: Function] = [
        "base64.encode": Function(.base64Encode, global: [.init([.bytes], .string)]),
        "base64.decode": Function(.base64Decode, global: [.init([.string], .bytes)]),
    ]

    /// The name under which each is called, for messages: `math.greatest`.
    static let names: [Builtin: String] = Dictionary(
        functions.sorted { $0.key < $1.key }.map { ($0.value.builtin, $0.key) }, uniquingKeysWith: { first, _ in first })
}

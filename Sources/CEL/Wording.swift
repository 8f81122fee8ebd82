/// Every sentence that the compiler of expressions can say, with its code:
///
/// `syntax`, `reserved-name`, `bad-escape`, `overflow` (a number too large), `too-long`, `too-deep`, `too-costly`, `unknown-name`,
/// `unknown-field`, `unknown-function`, `unknown-value`, `unknown-zone`, `not-a-value`, `wrong-type`, `no-overload`, `never-equal`,
/// `bad-macro`, `bad-duration`, `bad-timestamp`, `bad-pattern`, `bad-format`.
enum Wording {
    private static func make(_ code: String, _ span: Span, _ message: String, suggestion: String? = nil) -> ExpressionDiagnostic {
        ExpressionDiagnostic(code: code, message: message, span: span, suggestion: suggestion)
    }

    // MARK: - Reading

    static func strayCharacter(_ span: Span, scalar: Unicode.Scalar) -> ExpressionDiagnostic {
        let shown = scalar.value < 0x20 || scalar.value == 0x7F ? "U+" + String(scalar.value, radix: 16, uppercase: true) : String(scalar)
        let hint = scalar.properties.isAlphabetic ? "; texts stand in quotes" : ""
        return make("syntax", span, "'\(shown)' has no meaning here\(hint)")
    }

    static func mistypedSymbol(_ span: Span, written: String, meant: String) -> ExpressionDiagnostic {
        make("syntax", span, "'\(written)' is not an operator or mark of the language", suggestion: meant)
    }

    static func numberRunsIntoName(_ span: Span, text: String) -> ExpressionDiagnostic {
        make("syntax", span, "'\(text)' is neither a number nor a name; a text stands in quotes", suggestion: "\"\(text)\"")
    }

    static func numberTooLarge(_ span: Span, text: String) -> ExpressionDiagnostic {
        make(
            "overflow", span,
            text.hasSuffix("u") || text.hasSuffix("U")
                ? "\(text) is too large: at most 18446744073709551615u" : "\(text) is too large: at most 9223372036854775807")
    }

    static func openText(_ span: Span, quote: String) -> ExpressionDiagnostic {
        make("syntax", span, "a text that begins with \(quote) must end with \(quote)" + (quote.utf8.count == 1 ? " on the same line" : ""))
    }

    static func badQuotedName(_ span: Span) -> ExpressionDiagnostic {
        make("syntax", span, "a name in backquotes has letters, digits, and the marks _ . - / and space")
    }

    static func badEscape(_ span: Span, text: String, bytes: Bool) -> ExpressionDiagnostic {
        make(
            "bad-escape", span,
            "'\(text)' is not an escape of a \(bytes ? "bytes" : "text") literal; for a backslash write '\\\\', or put r before the quote")
    }

    static func expected(_ what: String, found: String, _ span: Span) -> ExpressionDiagnostic {
        make("syntax", span, "expected \(what), found \(found)")
    }

    static func reservedName(_ span: Span, name: String) -> ExpressionDiagnostic {
        make("reserved-name", span, "'\(name)' is reserved by the language and cannot be a name")
    }

    static func messagesUnsupported(_ span: Span) -> ExpressionDiagnostic {
        make("syntax", span, "messages cannot be built here; a map is written { \"key\": value }")
    }

    static func hasNeedsField(_ span: Span) -> ExpressionDiagnostic {
        make("bad-macro", span, "has() takes one field, as in has(report.feeder)")
    }

    static func macroArguments(_ span: Span, macro: MacroKind, count: Int) -> ExpressionDiagnostic {
        let name = macro.rawValue
        let form =
            switch macro {
            case .optMap, .optFlatMap: "a name and an expression, as in value.\(name)(x, x + 1)"
            case .map: "a name and an expression, as in list.map(x, x + 1)"
            case .transformList, .transformMap: "two names and an expression, as in list.\(name)(i, x, x + i)"
            case .transformMapEntry: "two names and a map, as in list.transformMapEntry(i, x, {x: i})"
            case .all, .exists, .existsOne, .filter: "a name and a condition on it, as in list.\(name)(x, x > 0)"
            }
        return make("bad-macro", span, "\(name)() takes \(form); found \(count) argument\(count == 1 ? "" : "s")")
    }

    static func macroVariable(_ span: Span, _ place: String, macro: String) -> ExpressionDiagnostic {
        let form =
            switch (macro, place) {
            case ("cel.bind", _): "cel.bind(x, report.feeder, x != '')"
            case ("optMap", _), ("optFlatMap", _): "value.\(macro)(x, x + 1)"
            case ("transformList", _), ("transformMap", _), ("transformMapEntry", _), (_, "second"): "list.\(macro)(i, x, x > i)"
            default: "list.\(macro)(x, x > 0)"
            }
        return make("bad-macro", span, "the \(place) argument of \(macro)() is a simple name, as in \(form)")
    }

    static func sameVariable(_ span: Span, macro: MacroKind, name: String) -> ExpressionDiagnostic {
        make("bad-macro", span, "both variables of \(macro.rawValue)() are called '\(name)'")
    }

    static func bindArguments(_ span: Span, count: Int) -> ExpressionDiagnostic {
        make(
            "bad-macro", span,
            "cel.bind() takes a name, a value and an expression, as in cel.bind(x, report.feeder, x != ''); found \(count) argument\(count == 1 ? "" : "s")"
        )
    }

    static func badBlock(_ span: Span) -> ExpressionDiagnostic {
        make("bad-macro", span, "cel.block() takes a list and an expression; cel.index() takes the number of an item before it")
    }

    // MARK: - Limits

    static func textTooLong(_ span: Span, bytes: Int) -> ExpressionDiagnostic {
        make("too-long", span, "the expression has \(bytes) bytes; at most \(Limits.textBytes) are allowed")
    }

    static func literalTooLong(_ span: Span, count: Int) -> ExpressionDiagnostic {
        make("too-long", span, "the literal has \(count) entries; at most \(Limits.literalEntries) are allowed")
    }

    static func tooDeep(_ span: Span) -> ExpressionDiagnostic {
        make("too-deep", span, "the expression is nested deeper than \(Limits.depth) levels; name parts of it")
    }

    static func definitionsTooDeep(_ span: Span, height: Int) -> ExpressionDiagnostic {
        make(
            "too-deep", span,
            "the expression and the definitions it uses are \(height) levels deep; at most \(Limits.evaluationDepth) are allowed")
    }

    static func tooCostly(_ span: Span, weight: Int) -> ExpressionDiagnostic {
        make("too-costly", span, "the expression and the definitions it uses have \(weight) parts; at most \(Limits.weight) are allowed")
    }

    /// `rounds`: of the loop that it is.
    static func tooExpensive(_ span: Span, cost: Int, rounds: Int?) -> ExpressionDiagnostic {
        let steps = cost < Shape.ceiling ? "\(cost) steps" : "more steps than can be counted"
        let reason =
            rounds.map { "this goes round up to \($0) times and may take \(steps)" } ?? "this may take \(steps)"
        return make(
            "too-costly", span,
            "\(reason); at most \(Limits.estimate) are allowed (a list from outside counts \(Limits.assumedEntries) entries, a text \(Limits.assumedTextBytes) bytes)")
    }

    static func tooManyStates(_ span: Span, states: Int) -> ExpressionDiagnostic {
        make("too-costly", span, "the patterns of the expression have \(states) states; at most \(Limits.patternStates) are allowed")
    }

    static func valueTooDeep(_ span: Span) -> ExpressionDiagnostic {
        make("too-deep", span, "this value may nest more than \(Limits.valueDepth) levels deep")
    }

    // MARK: - Names

    static func unknownName(_ span: Span, name: String, suggestion: String?) -> ExpressionDiagnostic {
        make("unknown-name", span, "there is no '\(name)'", suggestion: suggestion)
    }

    static func unknownField(_ span: Span, field: String, of path: String, suggestion: String?) -> ExpressionDiagnostic {
        make("unknown-field", span, "'\(path)' has no field '\(field)'", suggestion: suggestion)
    }

    static func unknownFunction(_ span: Span, name: String, suggestion: String?) -> ExpressionDiagnostic {
        make("unknown-function", span, "there is no function '\(name)'", suggestion: suggestion)
    }

    static func unknownValue(_ span: Span, value: String, of name: String, values: [String], suggestion: String?) -> ExpressionDiagnostic {
        let listed = values.isEmpty ? ": none is declared yet" : values.count <= 12 ? ": \(values.joined(separator: ", "))" : ""
        return make("unknown-value", span, "'\(value)' is no declared \(name)\(listed)", suggestion: suggestion)
    }

    static func unknownZone(_ span: Span, zone: String, suggestion: String?) -> ExpressionDiagnostic {
        make("unknown-zone", span, "'\(zone)' is no known time zone; an offset such as '+08:00' always is", suggestion: suggestion)
    }

    static func groupIsNoValue(_ span: Span, path: String, example: String?) -> ExpressionDiagnostic {
        make(
            "not-a-value", span, "'\(path)' is a group of fields, not a value; name one of them",
            suggestion: example.map { "\(path).\($0)" })
    }

    static func noSlot(_ span: Span, path: String) -> ExpressionDiagnostic {
        make("not-a-value", span, "'\(path)' has no value here")
    }

    // MARK: - Types

    static func notExpected(_ span: Span, expected: StaticType, found: StaticType) -> ExpressionDiagnostic {
        let wanted = expected == .bool ? "a condition" : expected.described
        return make("wrong-type", span, "\(wanted) belongs here; this is \(found.described)")
    }

    static func notCondition(_ span: Span, place: String, type: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "'\(place)' works on conditions; this is \(type.described)")
    }

    static func branchesDiffer(_ span: Span, _ yes: StaticType, _ no: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "both branches of '?:' must be of one type; these are \(yes.described) and \(no.described)")
    }

    static func noOverload(_ span: Span, name: String, types: [StaticType], suggestion: String?) -> ExpressionDiagnostic {
        make("no-overload", span, "'\(name)' does not work on \(types.map(\.described).joined(separator: " and "))", suggestion: suggestion)
    }

    static func neverEqual(_ span: Span, _ left: StaticType, _ right: StaticType, suggestion: String?) -> ExpressionDiagnostic {
        if left == .null || right == .null {
            return make(
                "never-equal", span,
                "\((left == .null ? right : left).described) is never null; has() tells whether a field is there")
        }
        return make("never-equal", span, "\(left.described) is never equal to \(right.described)", suggestion: suggestion)
    }

    static func neverIn(_ span: Span, _ left: StaticType, list: StaticType) -> ExpressionDiagnostic {
        make("never-equal", span, "\(left.described) is never among values of the type \(list.described)")
    }

    static func wrongArguments(
        _ span: Span, name: String, given: [StaticType], takes: [[StaticType]], isMember: Bool
    ) -> ExpressionDiagnostic {
        let forms = takes.prefix(4).map { types in
            isMember
                ? "\(types.first?.short ?? "").\(name)(\(types.dropFirst().map(\.short).joined(separator: ", ")))"
                : "\(name)(\(types.map(\.short).joined(separator: ", ")))"
        }
        let more = takes.count > 4 ? ", ..." : ""
        let shown = given.isEmpty ? "nothing" : given.map(\.described).joined(separator: " and ")
        return make("no-overload", span, "'\(name)' does not take \(shown); it is used as \(forms.joined(separator: ", "))\(more)")
    }

    static func wrongCallStyle(_ span: Span, name: String, isMember: Bool) -> ExpressionDiagnostic {
        make(
            "unknown-function", span, isMember ? "'\(name)' is called on a value: x.\(name)(...)" : "'\(name)' is called as \(name)(x)")
    }

    static func indexNotWhole(_ span: Span, type: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "a list is indexed by a whole number (int) from 0; this is \(type.described)")
    }

    static func notOptional(_ span: Span, type: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "'?' before an entry wants an optional value, as in ?optional.of(1); this is \(type.described)")
    }

    static func wrongKey(_ span: Span, type: StaticType, key: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "the keys of this map are of the type \(key.described); this is \(type.described)")
    }

    static func noIndex(_ span: Span, type: StaticType) -> ExpressionDiagnostic {
        make("no-overload", span, "only lists and maps can be indexed; this is \(type.described)")
    }

    static func badKey(_ span: Span, type: StaticType) -> ExpressionDiagnostic {
        make("wrong-type", span, "a key is an int, uint, bool or string; this is \(type.described)")
    }

    static func macroRange(_ span: Span, macro: MacroKind, type: StaticType) -> ExpressionDiagnostic {
        if macro == .optMap || macro == .optFlatMap {
            return make("wrong-type", span, "\(macro.rawValue)() works on an optional value; this is \(type.described)")
        }
        return make("wrong-type", span, "\(macro.rawValue)() walks through a list or the keys of a map; this is \(type.described)")
    }

    static func macroResult(_ span: Span, macro: MacroKind, type: StaticType) -> ExpressionDiagnostic {
        let wanted = macro == .optFlatMap ? "an optional value" : "a map"
        return make("wrong-type", span, "the last argument of \(macro.rawValue)() gives \(wanted); this is \(type.described)")
    }

    static func noNumber(_ span: Span, name: String, type: StaticType) -> ExpressionDiagnostic {
        make("no-overload", span, "'\(name)' takes numbers, or one list of numbers; this is \(type.described)")
    }

    static func noFields(_ span: Span, field: String, type: StaticType) -> ExpressionDiagnostic {
        make("unknown-field", span, "\(type.described) has no fields, so no '\(field)'")
    }

    // MARK: - Literals

    static func badDuration(_ span: Span, text: String) -> ExpressionDiagnostic {
        make("bad-duration", span, "'\(text)' is no length of time; write it like '90s', '15m', '1h30m' or '250ms'")
    }

    static func badTimestamp(_ span: Span, text: String) -> ExpressionDiagnostic {
        make("bad-timestamp", span, "'\(text)' is no point in time; write it like '2026-11-22T08:15:00+08:00', a date that exists")
    }

    static func badFormat(_ span: Span, _ message: String) -> ExpressionDiagnostic {
        make("bad-format", span, message)
    }

    static func badPattern(_ span: Span, _ message: String) -> ExpressionDiagnostic {
        make("bad-pattern", span, "the pattern is wrong: \(message)")
    }
}

extension StaticType {
    /// With its article and in an operator's words: `a text (string)`.
    package var described: String {
        switch self {
        case .null: "null"
        case .bool: "a condition (bool)"
        case .int: "a whole number (int)"
        case .uint: "an unsigned number (uint)"
        case .double: "a number (double)"
        case .string: "a text (string)"
        case .bytes: "bytes"
        case .timestamp: "a point in time (timestamp)"
        case .duration: "a length of time (duration)"
        case .list: "a list (\(short))"
        case .map: "a map (\(short))"
        case .enumeration(let name): "a \(name) (string)"
        case .object(let name): "a group of fields (\(name))"
        case .type: "a type"
        case .abstract("optional_type", _): "an optional value (\(short))"
        case .abstract: "a value of the type \(short)"
        case .dyn, .parameter: "a value of any type"
        case .error: "something wrong"
        }
    }

    /// As the specification writes it: `list(string)`.
    package var short: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element.short))"
        case .map(let key, let value): "map(\(key.short), \(value.short))"
        case .enumeration(let name): name
        case .object(let name): name
        case .type(let inner): "type(\(inner.short))"
        case .abstract(let name, let inner): inner.isEmpty ? name : "\(name)(\(inner.map(\.short).joined(separator: ", ")))"
        case .dyn: "dyn"
        case .parameter(let name): name
        case .error: "error"
        }
    }
}

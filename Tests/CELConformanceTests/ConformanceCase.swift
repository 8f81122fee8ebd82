import CEL
import Foundation

/// One case: an expression, what it stands in, and what it should give.
struct ConformanceCase {
    private var object: [String: Any]

    init(_ object: [String: Any]) { self.object = object }

    var text: String { object["expr"] as? String ?? "" }
    var name: String { ["file", "section", "name"].map { object[$0] as? String ?? "" }.joined(separator: "/") }

    /// All cases of a file, one JSON object a line. Numbers that JSON has no word for may stand bare (`Infinity`, `NaN`).
    static func read(_ path: String) throws -> [ConformanceCase] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").enumerated().map { number, line in
            let quoted = String(line).replacing(#/(: *)(-?Infinity|NaN)([,}\]])/#, with: { match in "\(match.1)\"\(match.2)\"\(match.3)" })
            for form in [String(line), quoted] {
                if let object = try? JSONSerialization.jsonObject(with: Data(form.utf8)) as? [String: Any] { return ConformanceCase(object) }
            }
            throw CocoaError(.fileReadCorruptFile, userInfo: [NSFilePathErrorKey: "\(path):\(number + 1)"])
        }
    }

    /// With `\?` in expected bytes read as the suite's text format reads it.
    var withoutKeptEscapes: ConformanceCase {
        guard let form = object["value"] as? [String: Any], case .bytes(let bytes) = Self.value(form) else { return self }
        var copy = self
        let plain = String(decoding: bytes, as: UTF8.self).replacing("\\?", with: "?")
        copy.object["value"] = ["bytes_value": Data(plain.utf8).base64EncodedString()]
        return copy
    }

    /// What is wrong; nil when the case passes.
    func problem() -> String? {
        let (schema, fields) = surroundings()
        var options = CEL.Expression.Options()
        options.isChecked = object["disable_check"] as? Bool != true
        options.hasMacros = object["disable_macros"] as? Bool != true
        options.hasBlocks = true
        let wantsError = object["eval_error"] != nil
        let expression: CEL.Expression
        do {
            expression = try CEL.Expression.compile(text, schema: schema, options: options)
        } catch {
            return wantsError ? nil : "refused: \(error.diagnostics.map(\.message))"
        }
        let typed = object["typed_result"] as? [String: Any]
        if object["check_only"] as? Bool == true { return wrongType(expression, typed) }
        let result: Value
        do {
            result = try expression.evaluate(fields)
        } catch {
            return wantsError ? nil : "error: \(error.message)"
        }
        if wantsError { return "\(result.json) instead of an error" }
        let expected: Value?
        if let typed { expected = Self.value(typed["result"]) } else { expected = object["value"].map(Self.value) ?? .bool(true) }
        guard let expected else { return "an expectation that cannot be read" }
        guard Self.same(result, expected) else { return "\(result.typeName.name) \(result.json) instead of \(expected.json)" }
        return typed == nil ? nil : wrongType(expression, typed)
    }

    private func wrongType(_ expression: CEL.Expression, _ typed: [String: Any]?) -> String? {
        guard let expected = Self.staticType(typed?["deduced_type"]) else { return "a type that cannot be read" }
        return expected == expression.type ? nil : "type \(expression.type.short) instead of \(expected.short)"
    }

    /// What the expression may name, and the values of that.
    private func surroundings() -> (Schema, Bindings) {
        var schema = Schema()
        schema.timeZones = nil
        schema.container = object["container"] as? String ?? ""
        var bindings = Bindings()
        var slots: [String: Int] = [:]
        for case let declared as [String: Any] in object["type_env"] as? [Any] ?? [] {
            guard let name = declared["name"] as? String else { continue }
            if let function = declared["function"] as? [String: Any] {
                schema.functions[name] = (function["overloads"] as? [[String: Any]] ?? []).map { overload in
                    let parameters = (overload["params"] as? [Any] ?? []).map { Self.staticType($0) ?? .dyn }
                    return .init(arguments: parameters, result: Self.staticType(overload["result_type"]) ?? .dyn, number: 0)
                }
                continue
            }
            slots[name] = slots.count
            schema.variables[name] = .init(
                Self.staticType((declared["ident"] as? [String: Any])?["type"]) ?? .dyn, slot: slots[name])
        }
        for (name, binding) in object["bindings"] as? [String: Any] ?? [:] {
            let slot = slots[name] ?? slots.count
            slots[name] = slot
            if schema.variables[name] == nil { schema.variables[name] = .init(.dyn, slot: slot) }
            bindings.values[slot] = Self.value((binding as? [String: Any])?["value"])
        }
        return (schema, bindings)
    }

    private struct Bindings: Activation {
        var values: [Int: Value] = [:]

        func value(slot: Int) -> Value? { values[slot] }

        func string(slot: Int) -> String? {
            if case .string(let text) = values[slot] { text } else { nil }
        }

        func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
            throw EvaluationError(message: "a function that is only declared", span: Span(start: 0, end: 0))
        }

        func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? {
            TimeZone(identifier: name)?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
        }
    }

    // MARK: - The suite's forms

    private static func same(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.double(let a), .double(let b)): a == b || (a.isNaN && b.isNaN)
        case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { same($0, $1) }
        case (.map(let a), .map(let b)):
            a.count == b.count && a.allSatisfy { key, value in b[key].map { same(value, $0) } ?? false }
        default: left == right
        }
    }

    private static func value(_ any: Any?) -> Value? {
        guard let form = any as? [String: Any], let (kind, content) = form.first else { return nil }
        let text = content as? String
        switch kind {
        case "null_value": return .null
        case "bool_value": return (content as? Bool).map { .bool($0) }
        case "int64_value": return (text ?? (content as? NSNumber)?.stringValue).flatMap { Int64($0) }.map { .int($0) }
        case "uint64_value": return (text ?? (content as? NSNumber)?.stringValue).flatMap { UInt64($0) }.map { .uint($0) }
        case "double_value": return ((content as? NSNumber)?.doubleValue ?? text.flatMap { Double($0) }).map { .double($0) }
        case "string_value": return text.map { .string($0) }
        case "bytes_value": return text.flatMap { Data(base64Encoded: $0) }.map { .bytes(Array($0)) }
        case "type_value": return text.map { .type(TypeName($0)) }
        case "list_value":
            return .list(((content as? [String: Any])?["values"] as? [Any] ?? []).compactMap { value($0) })
        case "map_value":
            var entries: [Value: Value] = [:]
            for case let entry as [String: Any] in (content as? [String: Any])?["entries"] as? [Any] ?? [] {
                if let key = value(entry["key"]) { entries[key] = value(entry["value"]) }
            }
            return .map(entries)
        case "object_value": return (content as? [String: Any]).flatMap(wellKnown)
        default: return nil
        }
    }

    /// A time or a length of time as protobuf's JSON has it, or by its fields.
    private static func wellKnown(_ form: [String: Any]) -> Value? {
        guard let type = form["@type"] as? String else { return nil }
        let isDuration = type.hasSuffix("google.protobuf.Duration")
        guard isDuration || type.hasSuffix("google.protobuf.Timestamp") else { return nil }
        if let text = form["value"] as? String {
            let expression = try? CEL.Expression.compile(isDuration ? "duration('\(text)')" : "timestamp('\(text)')", schema: Schema())
            return try? expression?.evaluate(Bindings())
        }
        let seconds = (form["seconds"] as? NSNumber)?.int64Value ?? (form["seconds"] as? String).flatMap { Int64($0) } ?? 0
        let nanoseconds = (form["nanos"] as? NSNumber)?.int32Value ?? 0
        return isDuration
            ? .duration(seconds: seconds, nanoseconds: nanoseconds) : .timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func staticType(_ any: Any?) -> StaticType? {
        guard let form = any as? [String: Any], let (kind, content) = form.first else { return nil }
        let inner = content as? [String: Any]
        switch kind {
        case "primitive":
            let names: [String: StaticType] = [
                "BOOL": .bool, "INT64": .int, "UINT64": .uint, "DOUBLE": .double, "STRING": .string, "BYTES": .bytes,
            ]
            return (content as? String).flatMap { names[$0] }
        case "well_known", "message_type":
            let names: [String: StaticType] = [
                "TIMESTAMP": .timestamp, "DURATION": .duration, "google.protobuf.Timestamp": .timestamp,
                "google.protobuf.Duration": .duration,
            ]
            return (content as? String).flatMap { names[$0] }
        case "null": return .null
        case "dyn": return .dyn
        case "type_param": return (content as? String).map { .parameter($0) }
        case "type": return .type(staticType(content) ?? .dyn)
        case "list_type": return staticType(inner?["elem_type"]).map { .list($0) }
        case "map_type":
            guard let key = staticType(inner?["key_type"]), let value = staticType(inner?["value_type"]) else { return nil }
            return .map(key, value)
        case "abstract_type":
            guard let name = inner?["name"] as? String else { return nil }
            return .abstract(name, (inner?["parameter_types"] as? [Any] ?? []).map { staticType($0) ?? .dyn })
        default: return nil
        }
    }
}

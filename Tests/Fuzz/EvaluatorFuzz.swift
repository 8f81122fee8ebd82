/// The first byte chooses checked or not, the rest is the text: it is refused, fails or has a value, the same each time, within its
/// limits, and its parts agree with the whole.
private struct Fields: Activation {
    static let values: [Value?] = [
        .string("fault"), .string("fire"), .string("F-12"), .double(160), .int(86), .timestamp(seconds: 1_795_305_600, nanoseconds: 5),
        .double(28), nil, .string("龙湾"), .map([.string("level"): .int(3), .string("n"): .map([.string("a"): .list([.int(1), .null])])]),
        .bool(true), .string("a transformer smokes, 变压器冒烟"), .uint(3), .duration(seconds: 8000, nanoseconds: 0),
        .list([.string("cable"), .string("survey")]), nil,
    ]

    func value(slot: Int) -> Value? { Self.values[slot] }
    func string(slot: Int) -> String? { if case .string(let text)? = Self.values[slot] { text } else { nil } }
    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value { arguments.first ?? .null }
    func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? { name == "Asia/Shanghai" ? 28_800 : nil }
}

private let schema: Schema = {
    var schema = Schema()
    schema.variables = [
        "report": .init(.object("report")), "age": .init(.duration, slot: 13), "crew": .init(.object("crew")),
        "anything": .init(.dyn, slot: 15), "x": .init(.int, slot: 4), "s": .init(.string, slot: 11), "d": .init(.dyn, slot: 9),
    ]
    schema.objects = [
        "report": [
            "type": .init(.enumeration("type"), slot: 0), "category": .init(.string, slot: 1), "feeder": .init(.string, slot: 2),
            "capacity_kva": .init(.double, slot: 3), "customers_out": .init(.int, slot: 4), "reported_at": .init(.timestamp, slot: 5),
            "place": .init(.object("place")), "fields": .init(.map(.string, .dyn), slot: 9), "flagged": .init(.bool, slot: 10),
            "description": .init(.string, slot: 11), "count": .init(.uint, slot: 12),
        ],
        "place": ["lat": .init(.double, slot: 6), "lon": .init(.double, slot: 7), "district": .init(.string, slot: 8)],
        "crew": ["skills": .init(.list(.enumeration("skill")), slot: 14)],
    ]
    schema.enumerations = ["type": ["fault", "application"], "skill": ["cable", "survey", "live_line"]]
    schema.functions = ["first_of": [.init(arguments: [.list(.parameter("T"))], result: .parameter("T"), number: 0)]]
    schema.definitions["hazard"] = try? Expression.compile("report.category in ['line_down', 'fire'] && report.count > 2u", schema: schema)
    return schema
}()

private func outcome(_ expression: Expression) -> String {
    do throws(EvaluationError) {
        return try timed { () throws(EvaluationError) in try expression.evaluate(Fields()) }.json
    } catch {
        let length = expression.text.count
        demand(error.span.start >= 0 && error.span.start <= error.span.end, "\(error)")
        demand(error.span.end <= length || expression.span.start > 0, "\(error) in \(length)")
        return "error: \(error.message)"
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func evaluatorFuzzer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    fuzz(start, count) { bytes in
        var options = Expression.Options()
        options.isChecked = bytes[0] & 1 == 0
        options.isCostChecked = bytes[0] & 2 == 0
        options.hasMacros = bytes[0] & 28 != 28
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        do throws(ExpressionErrors) {
            let expression = try timed { () throws(ExpressionErrors) in
                try Expression.compile(text, schema: schema, options: options)
            }
            let first = outcome(expression)
            demand(outcome(expression) == first, "two outcomes")
            let condition: Bool?
            do throws(EvaluationError) { condition = try expression.matches(Fields()) } catch { condition = nil }
            demand(condition == nil || first == "\(condition == true)", "\(first) and \(String(describing: condition))")
            // An optional truth value reads like one, and is none.
            let isTruth: Bool
            do throws(EvaluationError) { isTruth = if case .bool = try expression.evaluate(Fields()) { true } else { false } } catch { isTruth = false }
            demand(condition != nil || !isTruth, "\(first) and no condition")
            for part in expression.conjuncts.prefix(8) { _ = outcome(part) }
        } catch {
            demand(!error.diagnostics.isEmpty && error.diagnostics.count <= Limits.diagnostics, "\(error.diagnostics.count) diagnostics")
            let length = text.count
            for diagnostic in error.diagnostics {
                let span = diagnostic.span
                demand(span.start >= 0 && span.start <= span.end && span.end <= length, "\(diagnostic) in \(length)")
            }
        }
    }
    return 0
}

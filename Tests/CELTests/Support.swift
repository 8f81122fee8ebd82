import CEL
import Testing

/// Fields by slot, functions by number, zones with fixed offsets.
struct Fields: Activation {
    var values: [Int: Value] = [:]
    var functions: @Sendable (Int, [Value]) -> Value? = { _, _ in nil }
    var zones: @Sendable (String, Int64) -> Int? = { _, _ in nil }

    init(_ values: [Int: Value] = [:]) { self.values = values }

    func value(slot: Int) -> Value? { values[slot] }

    func string(slot: Int) -> String? {
        guard case .string(let text) = values[slot] else { return nil }
        return text
    }

    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
        guard let value = functions(function, arguments) else {
            throw EvaluationError(message: "no such transformer", span: Span(start: 0, end: 0))
        }
        return value
    }

    func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? { zones(name, seconds) }
}

/// A schema like that of the rules: a report with a place, enumerations, open fields, a definition, a function.
func reportSchema() -> Schema {
    var schema = Schema()
    schema.variables = [
        "report": .init(.object("report")), "customer": .init(.object("customer")), "age": .init(.duration, slot: 30),
        "crew": .init(.object("crew")), "anything": .init(.dyn, slot: 50),
    ]
    schema.objects = [
        "report": [
            "type": .init(.enumeration("type"), slot: 0), "category": .init(.enumeration("category"), slot: 1),
            "feeder": .init(.string, slot: 2), "capacity_kva": .init(.double, slot: 3), "customers_out": .init(.int, slot: 4),
            "reported_at": .init(.timestamp, slot: 5), "place": .init(.object("place")), "fields": .init(.map(.string, .dyn), slot: 9),
            "flagged": .init(.bool, slot: 10), "description": .init(.string, slot: 11), "count": .init(.uint, slot: 12),
        ],
        "place": ["lat": .init(.double, slot: 6), "lon": .init(.double, slot: 7), "district": .init(.enumeration("district"), slot: 8)],
        "customer": ["class": .init(.string, slot: 20), "location": .init(.object("location"), slot: 21)],
        "location": ["lat": .init(.double, slot: 22), "lon": .init(.double, slot: 23)],
        "crew": ["skills": .init(.list(.enumeration("skill")), slot: 40)],
    ]
    schema.enumerations = [
        "type": ["fault", "application", "complaint", "inquiry"], "category": ["line_down", "sparking", "fire", "no_power"],
        "district": ["lucheng", "ouhai", "龙湾"], "skill": ["live_line", "cable", "survey"],
    ]
    schema.functions = [
        "working_days": [.init(arguments: [.int], result: .duration, number: 1)],
        "planned_outage": [.init(arguments: [.string, .timestamp], result: .bool, number: 2)],
        "first": [.init(arguments: [.list(.parameter("T"))], result: .parameter("T"), number: 3)],
    ]
    return schema
}

func compile(_ text: String, _ schema: Schema = Schema(), costChecked: Bool = true) throws -> Expression {
    do {
        var options = Expression.Options()
        options.isCostChecked = costChecked
        return try Expression.compile(text, schema: schema, options: options)
    } catch {
        Issue.record("\(text): \(error.diagnostics.map { "\($0.span.start): \($0.code): \($0.message)" })")
        throw error
    }
}

/// The value as JSON, `error: …` when it has none, `refused: …` when it does not compile.
func outcome(_ text: String, _ schema: Schema = Schema(), _ fields: Fields = Fields(), checked: Bool = true) -> String {
    var options = Expression.Options()
    options.isChecked = checked
    do {
        return try Expression.compile(text, schema: schema, options: options).evaluate(fields).json
    } catch let error as EvaluationError {
        return "error: \(error.message)"
    } catch let error as ExpressionErrors {
        return "refused: \(error.diagnostics.map(\.code).joined(separator: " "))"
    } catch {
        return "\(error)"
    }
}

@testable import CEL
import Testing

/// What an expression may cost is told before it runs.
@Suite struct CostTests {
    private func diagnose(_ text: String, _ schema: Schema = reportSchema()) -> String {
        do {
            _ = try Expression.compile(text, schema: schema)
            return "fine"
        } catch {
            return error.diagnostics.map { "\($0.span.start + 1): error[\($0.code)]: \($0.message)" }.joined(separator: "\n")
        }
    }

    private static let rule = "; at most \(Limits.estimate) are allowed (a list from outside counts 100 entries, a text 2000 bytes)"

    @Test(arguments: [
        ("report.type == 'fault' && report.feeder in ['F-1', 'F-2'] && report.capacity_kva >= 100", "fine"),
        ("crew.skills.exists(s, s == 'cable')", "fine"), ("report.feeder.matches('^F-[0-9]+$')", "fine"),
        ("report.description.split(' ').size() < 100", "fine"), ("report.fields.level == 3", "fine"),
        ("[1, 2, 3].map(x, [1, 2, 3].map(y, x * y)).size() == 3", "fine"),
        ("report.feeder.replace('-', '/') == 'F/1'", "fine"), ("'%s: %d'.format([report.feeder, report.customers_out]) == ''", "fine"),
        ("report.description.split(' ').exists(c, c == 'smoke')", "fine"),
        (
            "crew.skills.all(s, crew.skills.exists(t, s == t))",
            "1: error[too-costly]: this goes round up to 100 times and may take 2560700 steps"
        ),
        ("report.flagged && report.description.matches('(a{0,100}){0,10}b')", "19: error[too-costly]: this may take 1006629 steps"),
        (
            "report.flagged || report.description.split('').all(c, report.description.split('').all(d, c == d))",
            "19: error[too-costly]: this goes round up to 2001 times and may take 1037404575 steps"
        ),
        (
            "report.description.replace('', report.description).replace('', report.description) == ''",
            "1: error[too-costly]: this may take 503504665 steps"
        ),
    ])
    func told(_ text: String, _ expected: String) {
        #expect(diagnose(text) == (expected == "fine" ? expected : expected + Self.rule))
    }

    /// A value that would nest deeper than the stack can carry is refused, however it comes about.
    @Test func deepValuesAreRefused() throws {
        let brackets = String(repeating: "[", count: 60) + "x" + String(repeating: "]", count: 60)
        let text = "[1]" + String(repeating: ".map(x, \(brackets))", count: 5) + ".size() == 1"
        #expect(diagnose(text).hasSuffix("error[too-deep]: this value may nest more than 200 levels deep"))
        var schema = reportSchema()
        schema.definitions["deep"] = try compile(String(repeating: "[", count: 120) + "1" + String(repeating: "]", count: 120))
        let more = String(repeating: "[", count: 90) + "deep" + String(repeating: "]", count: 90)
        #expect(diagnose("size(\(more)) == 1", schema).hasSuffix("this value may nest more than 200 levels deep"))
    }

    /// The estimate is an upper bound: random expressions never cost more than was told.
    @Test(arguments: [1, 2, 3] as [UInt64]) func neverMoreThanTold(_ seed: UInt64) throws {
        var random = Xorshift(seed: seed)
        var ran = 0
        for _ in 0..<1500 {
            let text = Self.number(&random, depth: 4, variables: [])
            guard let expression = try? Expression.compile(text, schema: reportSchema()) else { continue }
            var evaluator = Evaluator(limit: .max / 4)
            let fields = Fields([2: .string("F-12"), 11: .string(String(repeating: "ab ", count: 600)), 40: .list((0..<100).map { .string("s\($0)") })])
            guard (try? evaluator.value(expression.entry, expression.program, fields)) != nil else { continue }
            ran += 1
            #expect(evaluator.cost <= expression.cost, "seed \(seed): \(text) cost \(evaluator.cost), told \(expression.cost)")
        }
        #expect(ran > 250)
    }

    /// An expression whose value is an int.
    private static func number(_ random: inout Xorshift, depth: Int, variables: [String]) -> String {
        func next(_ random: inout Xorshift) -> String { number(&random, depth: depth - 1, variables: variables) }
        if depth == 0 { return random.below(2) == 0 || variables.isEmpty ? "\(random.below(9))" : variables[random.below(variables.count)] }
        let name = "v\(variables.count)"
        func inner(_ random: inout Xorshift) -> String { number(&random, depth: depth - 1, variables: variables + [name]) }
        let texts = ["report.feeder", "report.description", "'abc'", "report.description + report.feeder", "report.description.trim()"]
        let text = texts[random.below(texts.count)]
        let lists = ["crew.skills", "\(text).split(' ')", "[\(text), 'x']", "crew.skills + crew.skills", "crew.skills.filter(f, f != 'x')"]
        let list = lists[random.below(lists.count)]
        switch random.below(14) {
        case 0: return "(\(next(&random)) + \(next(&random)))"
        case 1: return "size(\(text))"
        case 2: return "\(list).size()"
        case 3: return "\(list).map(\(name), size(\(name))).map(\(name), \(inner(&random))).size()"
        case 4: return "[1, 2, 3].map(\(name), \(inner(&random))).size()"
        case 5: return "([1, 2].exists(\(name), \(inner(&random)) > 3) ? \(next(&random)) : \(next(&random)))"
        case 6: return "cel.bind(\(name), \(next(&random)), \(inner(&random)))"
        case 7: return "\(text).replace('a', \(text)).size()"
        case 8: return "\(list).join(\(text)).size()"
        case 9: return "'%s %s %f'.format([\(list), \(text), \(next(&random))]).size()"
        case 10: return "(\(list) == \(list) ? \(next(&random)) : \(next(&random)))"
        case 11: return "(\(text) in \(list) ? \(next(&random)) : \(next(&random)))"
        case 12: return "(\(text).matches('(a|b)+ [0-9]*') ? \(next(&random)) : \(next(&random)))"
        default: return "\(list).transformMap(i, \(name), size(\(name)) + i).transformList(k, \(name), \(inner(&random))).size()"
        }
    }
}

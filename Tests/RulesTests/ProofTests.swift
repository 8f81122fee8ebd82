import CEL
import Domain
import Foundation
import Testing

@testable import Rules

/// Findings about a whole set, beside a solver that knows nothing of how they are found (z3), and beside plain enumeration.
///
/// `PAIDAN_PROOF_SETS` sets how many sets are tried, `PAIDAN_SEED` the seed, `PAIDAN_PYTHON` the Python that has z3-solver.
@Suite struct ProofTests {
    static let environment = ProcessInfo.processInfo.environment
    static let sets = environment["PAIDAN_PROOF_SETS"].flatMap { Int($0) } ?? 60
    static let seed = environment["PAIDAN_SEED"].flatMap { UInt64($0) } ?? 20_261_124
    static let python = environment["PAIDAN_PYTHON"] ?? "python3"

    /// A condition, in the language of rules and in the solver's.
    struct Twin {
        var cel: String
        var smt: String
    }

    struct Sets {
        var random: SeededGenerator
        init(seed: UInt64) { random = SeededGenerator(seed: seed) }

        mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

        static let texts: [(cel: String, smt: String, values: [String])] = [
            ("report.type", "type", ["fault", "application", "complaint"]), ("report.category", "category", ["fire", "no_power", "line_down", ""]),
            ("report.site", "site", ["urban", "rural", "remote", ""]), ("report.feeder", "feeder", ["F-1", "F-12", "F-2", "G", ""]),
        ]

        mutating func atom() -> Twin {
            switch below(12) {
            case 0...3:
                let (cel, smt, values) = pick(Self.texts)
                let value = pick(values)
                return below(4) == 0 ? Twin(cel: "\(cel) != \"\(value)\"", smt: "(not (= \(smt) \"\(value)\"))") : Twin(cel: "\(cel) == \"\(value)\"", smt: "(= \(smt) \"\(value)\")")
            case 4, 5:
                let (cel, smt, values) = pick(Self.texts)
                let some = [pick(values), pick(values), pick(values)]
                return Twin(
                    cel: "\(cel) in [\(some.map { "\"\($0)\"" }.joined(separator: ", "))]", smt: "(or \(some.map { "(= \(smt) \"\($0)\")" }.joined(separator: " ")))")
            case 6:
                let prefix = pick(["F", "F-", "F-1", "G"])
                return Twin(cel: "report.feeder.startsWith(\"\(prefix)\")", smt: "(str.prefixof \"\(prefix)\" feeder)")
            case 7:
                return pick([
                    Twin(cel: "has(report.feeder)", smt: "has_feeder"), Twin(cel: "has(report.customers_out)", smt: "has_out"),
                    Twin(cel: "has(report.capacity_kva)", smt: "has_kva"), Twin(cel: "has(report.category)", smt: "has_category"), Twin(cel: "report.fields.lift", smt: "lift"),
                ])
            case 8, 9:
                let (cel, smt) = pick([("<", "<"), ("<=", "<="), (">", ">"), (">=", ">="), ("==", "=")])
                let number = below(7)
                return Twin(cel: "report.customers_out \(cel) \(number)", smt: "(\(smt) out \(number))")
            default:
                let (cel, smt) = pick([("<", "<"), ("<=", "<="), (">", ">"), (">=", ">=")])
                let number = pick(["0.0", "0.5", "1.0", "2.5", "10.0"])
                return Twin(cel: "report.capacity_kva \(cel) \(number)", smt: "(\(smt) kva \(number))")
            }
        }

        mutating func condition(_ depth: Int) -> Twin {
            guard depth > 0, below(4) > 0 else { return atom() }
            let parts = (0..<(2 + below(2))).map { _ in condition(depth - 1) }
            switch below(5) {
            case 0, 1, 2: return Twin(cel: parts.map { "(\($0.cel))" }.joined(separator: " && "), smt: "(and \(parts.map(\.smt).joined(separator: " ")))")
            case 3: return Twin(cel: parts.map { "(\($0.cel))" }.joined(separator: " || "), smt: "(or \(parts.map(\.smt).joined(separator: " ")))")
            default: return Twin(cel: "!(\(parts[0].cel))", smt: "(not \(parts[0].smt))")
            }
        }
    }

    /// What every report keeps to: an absent field is worth nothing.
    static let world = """
        (declare-const type String) (declare-const category String) (declare-const site String) (declare-const feeder String)
        (declare-const has_category Bool) (declare-const has_site Bool) (declare-const has_feeder Bool)
        (declare-const out Int) (declare-const has_out Bool) (declare-const kva Real) (declare-const has_kva Bool) (declare-const lift Bool)
        (assert (=> (not has_category) (= category ""))) (assert (=> (not has_site) (= site ""))) (assert (=> (not has_feeder) (= feeder "")))
        (assert (=> (not has_out) (= out 0))) (assert (=> (not has_kva) (= kva 0.0)))
        """

    /// A question to the solver, and what was proved: nil, nothing.
    private struct Question {
        var name: String
        var formula: String
        var isImpossible: Bool?
    }

    private func questions(_ round: Int) throws -> [Question] {
        var dice = Sets(seed: Self.seed &+ UInt64(round) &* 104_729)
        var files = [("site.yaml", Fixture.site)]
        var modules: [(takes: Twin?, rules: [(when: Twin, continues: Bool)])] = []
        for m in 0..<(1 + dice.below(3)) {
            let takes = dice.below(3) > 0 ? dice.condition(1) : nil
            let rules = (0..<(1 + dice.below(7))).map { _ in (dice.condition(2), dice.below(6) == 0) }
            var text = "module: m\(m)\n" + (takes.map { "takes: >-\n  \($0.cel)\n" } ?? "") + "route:\n"
            for (r, rule) in rules.enumerated() {
                text += "  - name: r\(r)\n    when: >-\n      \(rule.0.cel)\n    task: t\n    assign: { department: operations }\n    continue: \(rule.1)\n"
            }
            files.append(("m\(m).yaml", text))
            modules.append((takes, rules))
        }
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
        var proofs: Proofs?
        let compilation = RuleWorkshop().compile(source, proves: true, zone: Fixture.zone) { proofs = $0 }
        let set = try #require(compilation.set, "round \(round): \(source.human(compilation.diagnostics))")
        let made = try #require(proofs)

        var questions: [Question] = []
        var before: [String] = []
        func isImpossible(_ answer: Proofs.Answer, _ name: String, check: (RouteSubject) -> Bool) -> Bool? {
            switch answer {
            case .possible(let subject):
                #expect(check(subject), "PAIDAN_SEED=\(Self.seed), round \(round), \(name): the example is none: \(Witness.example(subject))")
                return false
            case .impossible: return true
            case .unknown: return nil
            }
        }
        for (m, module) in modules.enumerated() {
            let gate = before + [module.takes?.smt ?? "true"]
            questions.append(
                .init(name: "m\(m)", formula: "(and \(gate.joined(separator: " ")))", isImpossible: isImpossible(made.canOpen(m), "m\(m)") { _ in true }))
            var passed: [String] = []
            for (r, rule) in module.rules.enumerated() {
                let name = "m\(m).r\(r)"
                let answer = isImpossible(made.canFire(r, in: m), name) { set.route($0, tracing: false).routings.contains { $0.rule == name } }
                questions.append(.init(name: name, formula: "(and \((gate + passed + [rule.when.smt]).joined(separator: " ")))", isImpossible: answer))
                if !rule.continues { passed.append("(not \(rule.when.smt))") }
                // Of a module that is open for nothing, nothing is said of the rules.
                guard !made.isNever([set.modules[m].takesOver], in: nil) else { continue }
                let always = made.isAlways(set.modules[m].rules[r], set.modules[m])
                questions.append(
                    .init(name: name + " always", formula: "(and \(module.takes?.smt ?? "true") (not \(rule.when.smt)))", isImpossible: always))
            }
            let none = gate + module.rules.map { "(not \($0.when.smt))" }
            let answer = isImpossible(made.canFallThrough(m), "m\(m) rest") { set.route($0, tracing: false).routings.isEmpty }
            questions.append(.init(name: "m\(m) rest", formula: "(and \(none.joined(separator: " ")))", isImpossible: answer))
            before.append("(not \(module.takes?.smt ?? "true"))")
        }
        // Whether a report with declared values alone is let in nowhere.
        let answer = isImpossible(made.canBeUnclaimed(), "unclaimed") { set.route($0, tracing: false).routings.isEmpty }
        questions.append(.init(name: "unclaimed", formula: "(and \((before + [Self.declared]).joined(separator: " ")))", isImpossible: answer))
        return questions
    }

    /// The declared values of the site's fields that conditions here ask about; a report may go without all but its type.
    private static let declared = [
        ("type", ["fault", "application", "complaint"]), ("category", ["line_down", "fire", "no_power", ""]), ("site", ["urban", "rural", "remote", ""]),
    ].map { field, values in "(or \(values.map { "(= \(field) \"\($0)\")" }.joined(separator: " ")))" }.joined(separator: " ")

    /// One answer a line: `sat`, `unsat`, `unknown`.
    private func solve(_ formulas: [String]) throws -> [String]? {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("paidan-z3-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try (Self.world.split(separator: "\n").joined(separator: " ") + "\n" + formulas.joined(separator: "\n")).write(
            to: folder.appendingPathComponent("questions"), atomically: true, encoding: .utf8)
        let script = """
            import sys
            try:
                import z3
            except ImportError:
                sys.exit(77)
            lines = open(sys.argv[1]).read().split("\\n")
            for line in lines[1:]:
                solver = z3.Solver()
                solver.from_string(lines[0] + "(assert " + line + ")")
                print(solver.check())
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [Self.python, "-c", script, folder.appendingPathComponent("questions").path]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func nothingIsSaidThatASolverDenies() throws {
        var all: [(round: Int, question: Question)] = []
        for round in 0..<Self.sets { all += try questions(round).map { (round, $0) } }
        // The examples above were checked by routing them; the rest needs the solver.
        guard let answers = try solve(all.map(\.question.formula)) else {
            print("findings: z3 is not installed for \(Self.python) (pip install z3-solver): NOT CHECKED against it")
            return
        }
        #expect(answers.count == all.count)
        var sums = (impossible: 0, possible: 0, unknown: 0, undecided: 0)
        for ((round, question), answer) in zip(all, answers) {
            switch (question.isImpossible, answer) {
            case (true, "unsat"): sums.impossible += 1
            case (false, "sat"): sums.possible += 1
            case (nil, _): sums.unknown += 1
            case (_, "unknown"): sums.undecided += 1
            default:
                Issue.record("PAIDAN_SEED=\(Self.seed), round \(round), \(question.name): impossible \(String(describing: question.isImpossible)), z3 says \(answer): \(question.formula)")
            }
        }
        print("findings: \(Self.sets) sets, \(all.count) questions, seed \(Self.seed): \(sums)")
        // Both answers were met, and hardly anything was left open.
        #expect(sums.impossible > all.count / 50 && sums.possible > all.count / 10 && sums.unknown < all.count / 50)
    }
}

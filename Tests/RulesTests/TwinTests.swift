import Domain
import Testing

@testable import Rules

/// Random sets of modules, and a naive evaluator beside the real one.
@Suite struct TwinTests {
    /// A condition as text and as Swift; nil: it fails when it runs.
    struct Twin: Sendable {
        var text: String
        var holds: @Sendable (Report) -> Bool?
    }

    static let conditions: [Twin] = [
        Twin(text: #"report.category == "fire""#) { $0.category == "fire" },
        Twin(text: #"report.category in ["no_power", "line_down"]"#) { $0.category == "no_power" || $0.category == "line_down" },
        Twin(text: #"!(report.site in ["rural", "remote"])"#) { $0.site != "rural" && $0.site != "remote" },
        Twin(text: "report.customers_out >= 10") { ($0.customersOut ?? 0) >= 10 },
        Twin(text: "has(report.feeder)") { $0.feeder != nil },
        Twin(text: #"report.feeder == """#) { $0.feeder == nil },
        Twin(text: "100 / report.customers_out > 20") { ($0.customersOut ?? 0) == 0 ? nil : 100 / ($0.customersOut ?? 0) > 20 },
        Twin(text: #"report.type == "fault""#) { $0.type == "fault" },
        Twin(text: #"report.description.contains("断线: # 一")"#) { $0.description?.contains("断线: # 一") ?? false },
        Twin(text: "report.capacity_kva < 0.5") { ($0.capacityKVA ?? 0) < 0.5 },
        Twin(text: "true") { _ in true },
        Twin(text: "false") { _ in false },
    ]

    struct RuleSpec {
        var condition: Int?
        /// Through a `let` of this number, negated or not.
        var continues: Bool
        var viaLet: Bool
        var negated: Bool
    }
    struct ModuleSpec {
        var takes: Int?
        var rules: [RuleSpec]
    }

    private func spec(_ random: inout SeededGenerator) -> [ModuleSpec] {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            ModuleSpec(
                takes: Bool.random(using: &random) ? Int.random(in: 0..<Self.conditions.count, using: &random) : nil,
                rules: (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    RuleSpec(
                        condition: Int.random(in: 0..<5, using: &random) == 0 ? nil : Int.random(in: 0..<Self.conditions.count, using: &random),
                        continues: Int.random(in: 0..<3, using: &random) == 0, viaLet: Bool.random(using: &random), negated: Bool.random(using: &random))
                })
        }
    }

    private func yaml(_ module: ModuleSpec, name: String) -> String {
        var text = "module: \(name)\n"
        if let takes = module.takes { text += "takes: >-\n  \(Self.conditions[takes].text)\n" }
        text += "let:\n"
        for (i, condition) in Self.conditions.enumerated() { text += "  c\(i): >-\n    \(condition.text)\n" }
        text += "route:\n"
        for (i, rule) in module.rules.enumerated() {
            text += "  - name: r\(i)\n"
            if let condition = rule.condition {
                let inner = rule.viaLet ? "c\(condition)" : Self.conditions[condition].text
                text += "    when: |\n      \(rule.negated ? "!(\(inner))" : inner)\n"
            }
            text += "    task: t\(i)\n    assign: { department: operations }\n    continue: \(rule.continues)\n"
        }
        return text
    }

    /// The meaning, word by word from the rules' page.
    private func naive(_ modules: [ModuleSpec], _ report: Report) -> (rules: [String], failures: [String]) {
        var failures: [String] = []
        for (m, module) in modules.enumerated() {
            if let takes = module.takes {
                guard let open = Self.conditions[takes].holds(report) else {
                    failures.append("m\(m)")
                    continue
                }
                if !open { continue }
            }
            var rules: [String] = []
            for (r, rule) in module.rules.enumerated() {
                if let condition = rule.condition {
                    guard let holds = Self.conditions[condition].holds(report) else {
                        failures.append("m\(m).r\(r)")
                        continue
                    }
                    if holds == rule.negated { continue }
                }
                rules.append("m\(m).r\(r)")
                if !rule.continues { break }
            }
            return (rules, failures)
        }
        return ([], failures)
    }

    private func report(_ random: inout SeededGenerator) -> Report {
        func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
        return Report(
            type: pick(["fault", "application", "complaint"]), category: pick(["fire", "no_power", "line_down", nil]), site: pick(["urban", "rural", "remote", nil]),
            feeder: pick([FeederID("F-1"), nil]), customersOut: pick([0, 1, 4, 9, 10, 1_000, nil]), capacityKVA: pick([0, 0.4, 0.5, 100, nil]),
            description: pick(["断线: # 一根", "停电", nil]))
    }

    @Test func routesAsTheNaiveTwinDoes() throws {
        let seed: UInt64 = 20_261_122
        var random = SeededGenerator(seed: seed)
        for round in 0..<60 {
            let modules = spec(&random)
            let files = modules.enumerated().map { ("m\($0.offset).yaml", yaml($0.element, name: "m\($0.offset)")) }
            let compilation = Fixture.compile([("site.yaml", Fixture.site)] + files.shuffled(using: &random))
            let set = try #require(compilation.set, "seed \(seed), round \(round): \(compilation.diagnostics.map { $0.human(sourceLine: nil) })")
            for _ in 0..<40 {
                let report = report(&random)
                let expected = naive(modules, report)
                for tracing in [false, true] {
                    let result = set.route(Fixture.subject(report), tracing: tracing)
                    #expect(result.routings.map(\.rule) == expected.rules, "seed \(seed), round \(round): \(report)")
                    #expect(result.failures.map(\.rule) == expected.failures, "seed \(seed), round \(round): \(report)")
                    #expect(result.routings.allSatisfy { ($0.trace != nil) == tracing })
                }
            }
        }
    }
}

/// Random damage to the shipped rules: never a crash, always a set or an error with a place inside its file.
@Suite struct DamageTests {
    private func damaged(_ source: RuleSource, _ random: inout SeededGenerator) -> RuleSource {
        var source = source
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let file = Int.random(in: 0..<source.files.count, using: &random)
            var bytes = source.files[file].bytes
            guard !bytes.isEmpty else { continue }
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[at] ^= UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes.removeSubrange(at...)
            case 2:
                // A line less, or twice.
                let from = bytes[..<at].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
                let to = bytes[at...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
                if Bool.random(using: &random) { bytes.removeSubrange(from..<to) } else { bytes.insert(contentsOf: bytes[from..<to], at: to) }
            case 3:
                let marks = Array("\"'[]{}:#&*!%@`|>-?,\t \n\\=()~<".utf8)
                bytes.insert(marks[Int.random(in: 0..<marks.count, using: &random)], at: at)
            case 4: bytes.remove(at: at)
            case 5: bytes[at] = UInt8.random(in: 0...255, using: &random)
            default:
                let length = min(Int.random(in: 1...40, using: &random), bytes.count - at)
                let piece = bytes[at..<(at + length)]
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &random))
            }
            source.files[file].bytes = bytes
        }
        return source
    }

    @Test func randomEditsGiveASetOrAnErrorWithAPlace() throws {
        let shipped = try Fixture.shipped()
        let seed: UInt64 = 95_598
        var random = SeededGenerator(seed: seed)
        var sets = 0
        var refused = 0
        for round in 0..<250 {
            let source = damaged(shipped, &random)
            let compilation = Fixture.compile(source)
            if compilation.set == nil { refused += 1 } else { sets += 1 }
            #expect((compilation.set == nil) == (compilation.errorCount > 0), "seed \(seed), round \(round)")
            #expect(compilation.diagnostics.count <= Findings.toldMax + 1)
            for diagnostic in compilation.diagnostics where diagnostic.file != Wording.folder {
                let file = try #require(source.files.first { $0.name == diagnostic.file }, "seed \(seed), round \(round)")
                let text = SourceText(name: file.name, bytes: file.bytes)
                #expect((1...text.lineStarts.count).contains(diagnostic.line), "seed \(seed), round \(round): \(diagnostic)")
                guard diagnostic.line <= text.lineStarts.count else { continue }
                #expect((1...(text.text(ofLine: diagnostic.line - 1).count + 1)).contains(diagnostic.column), "seed \(seed), round \(round): \(diagnostic)")
                #expect((diagnostic.endLine, diagnostic.endColumn) >= (diagnostic.line, diagnostic.column), "seed \(seed), round \(round): \(diagnostic)")
            }
            // Rendering must not trip over any of it either.
            #expect(source.human(compilation.diagnostics).isEmpty == compilation.diagnostics.isEmpty)
            let again = Fixture.compile(source)
            #expect(again.diagnostics == compilation.diagnostics, "seed \(seed), round \(round): not the same twice")
        }
        // Both outcomes were met, so neither check was idle.
        #expect(sets > 10 && refused > 80, "\(sets) sets, \(refused) refused")
    }
}

import ArgumentParser
import City
import Domain
import Glibc
import Rules

struct TrapCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traps", abstract: "What it costs to refuse a rule file that is wrong, small or large: time, and memory at its peak.",
        discussion: """
            Each trap stands once in a module of a few lines, and so often that the file has a megabyte. Goals: 50 ms and 64 MB each. Beside \
            the large ones, a module of the same size without a mistake: what reading it costs anyway.
            """)

    @Option(help: "The size of the large files, in bytes.") var bytes = 1 << 20
    @Option(help: "Only the traps with this text in their names.") var only = ""

    func run() throws {
        // What is set up once and kept is no part of any trap.
        _ = RuleCompiler.compile(Self.source(Self.module(Self.rule(0)))) { _ in .shanghai }
        for trap in traps where only.isEmpty || trap.name.contains(only) { try measure(trap) }
    }

    private struct Trap {
        var name: String
        var file: RuleSource.File
        /// A code that must be among what is told; nil: there is no mistake.
        var code: String?
        /// The errors there are; nil: not counted here.
        var errors: Int?
    }

    private func measure(_ trap: Trap) throws {
        var least = Double.infinity
        var most = 0.0
        for _ in 0..<3 {
            Memory.giveBack()
            Self.forgetPeak()
            let before = Self.peakMegabytes()
            let start = cpu()
            let source = Self.source(trap.file)
            let compilation = RuleCompiler.compile(source, proves: false) { _ in .shanghai }
            let text = source.human(compilation.diagnostics)
            least = min(least, cpu() - start)
            most = max(most, Self.peakMegabytes() - before)
            guard let code = trap.code else {
                guard compilation.set != nil else { throw BenchFault("the file without a mistake has some:\n\(text)") }
                continue
            }
            guard compilation.diagnostics.contains(where: { $0.code == code }), text.contains("[\(code)]") else {
                throw BenchFault("\(trap.name): no \(code) is told, but:\n\(text.prefix(2_000))")
            }
            let told = compilation.diagnostics.count { $0.code != DiagnosticCode.more.rawValue } + compilation.untold
            if let errors = trap.errors, told != errors { throw BenchFault("\(trap.name): \(told) mistakes are told of \(errors)") }
        }
        figure("trap: \(trap.name)", least * 1_000, "ms CPU", trap.code == nil ? "" : "goal 50")
        figure("trap: \(trap.name), at its peak", most, "MB", trap.code == nil ? "" : "goal 64")
    }

    // MARK: The files

    private static func module(_ rules: String, head: String = "") -> RuleSource.File {
        RuleSource.File(name: "m.yaml", bytes: Array(("module: m\n" + head + "route:\n" + rules).utf8))
    }

    private static func rule(_ number: Int, when: String = "report.category == \"fire\" && report.customers_out >= 10", more: String = "") -> String {
        "  - name: rule-\(number)\n    when: \(when)\n    task: repair\n    assign: { department: operations }\n\(more)"
    }

    private static func source(_ file: RuleSource.File) -> RuleSource {
        let site = """
            module: site
            time_zone: Asia/Shanghai
            values: { type: [fault, complaint], category: [fire, no_power], site: [urban, rural], skill: [cable] }
            departments: { operations: { name: 生产, head: u-301, fallback: true } }
            """
        return RuleSource(files: [file, .init(name: "site.yaml", bytes: Array(site.utf8))])
    }

    /// As many as fill the file, and how many that is.
    private func many(_ make: (Int) -> String) -> (text: String, count: Int) {
        var text = ""
        var count = 0
        while text.utf8.count < bytes {
            text += make(count)
            count += 1
        }
        return (text, count)
    }

    private var traps: [Trap] {
        var traps: [Trap] = []
        func add(_ name: String, _ file: RuleSource.File, _ code: String?, errors: Int? = nil) {
            traps.append(Trap(name: name, file: file, code: code, errors: errors))
        }
        /// One among a few rules, and a megabyte of them.
        func add(_ name: String, _ code: String, errorsEach: Int? = 1, _ make: (Int) -> String) {
            add(name, Self.module(Self.rule(0) + make(1)), code, errors: errorsEach)
            let (text, count) = many(make)
            add("\(name), \(count) times", Self.module(text), code, errors: errorsEach.map { $0 * count })
        }
        let (valid, count) = many { Self.rule($0) }
        add("none: \(count) rules without a mistake", Self.module(valid), nil)

        add("an unknown key", "unknown-key") { Self.rule($0, more: "    colour: red\n") }
        add("a misspelt key", "unknown-key") { Self.rule($0, more: "    prioritty: high\n") }
        add("a key twice", "duplicate-key") { Self.rule($0, more: "    task: repair\n") }
        add("a wrong unit", "wrong-unit") { Self.rule($0, more: "    limits: { accept: 3 minutos }\n") }
        add("a value of another type", "wrong-type") { Self.rule($0, more: "    continue: NO\n") }
        add("wrong nesting", "wrong-type") { Self.rule($0, more: "    priority: [high]\n") }
        add("a tab", "tab", errorsEach: nil) { Self.rule($0, more: "\tpriority: high\n") }
        add("a field that is not there", "unknown-field") { Self.rule($0, when: "report.catgory == \"fire\" && report.customers_out >= \($0)") }
        add("a value that nobody declared", "unknown-value") { Self.rule($0, when: "report.category == \"fire-\($0)\"") }
        add("a condition that can't be read", "syntax") { Self.rule($0, when: "report.category = \"fire\" && report.customers_out >= \($0)") }
        add("a condition of another type", "wrong-type", errorsEach: nil) { Self.rule($0, when: "report.customers_out + \($0)") }
        add("a department that is not there", "unknown-department") {
            "  - name: rule-\($0)\n    task: repair\n    assign: { department: operation-\($0 % 97) }\n"
        }
        add("a condition that YAML takes for a tag", "expression-start", errorsEach: nil) { Self.rule($0, when: "!hazard") }
        add("an anchor", "anchor", errorsEach: nil) { "  - &a\($0) name: x\n" }
        add("an alias", "alias", errorsEach: nil) { _ in "  - *a\n" }
        let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "bcdefghi".map { "\($0): &\($0) [\(String(repeating: "*\(Character(Unicode.Scalar($0.asciiValue! - 1))), ", count: 8))x]\n" }.joined()
        add("\(bomb.utf8.count) bytes of aliases that multiply", .init(name: "m.yaml", bytes: Array(bomb.utf8)), "alias")
        let keys = many { _ in "a: 1, " }
        add("a line of \(keys.count) times the same key", .init(name: "m.yaml", bytes: Array("module: m\ntables: { \(keys.text)}\n".utf8)), "duplicate-key", errors: nil)
        let texts = many { _ in "a," }
        add("a list of \(texts.count) letters", .init(name: "m.yaml", bytes: Array("module: m\nroute: [\(texts.text)]\n".utf8)), "wrong-type", errors: nil)
        add("brackets without end", .init(name: "m.yaml", bytes: Array(("module: m\nroute: " + many { _ in "[" }.text).utf8)), "nesting")
        add("lists in lists", .init(name: "m.yaml", bytes: Array(("module: m\nroute:\n" + many { _ in "- " }.text).utf8)), "nesting")
        add("an empty file", .init(name: "m.yaml", bytes: []), "empty-file", errors: 1)
        var dice = SplitMix64(seed: 1)
        add("a binary file", .init(name: "m.yaml", bytes: (0..<bytes).map { _ in UInt8(truncatingIfNeeded: dice.next()) }), "invalid-utf8")
        add("a file of zeros", .init(name: "m.yaml", bytes: [UInt8](repeating: 0, count: bytes)), "control-character")
        add("a file of 100 MB", .init(name: "m.yaml", bytes: [], unreadSize: 100 << 20), "file-too-large", errors: 1)
        return traps
    }

    // MARK: Memory

    /// The most that the process has held since `forgetPeak`.
    private static func peakMegabytes() -> Double {
        guard let file = fopen("/proc/self/status", "r") else { return .nan }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(whereSeparator: { " \t\n".contains($0) })
            if words.first == "VmHWM:", words.count > 1, let kilobytes = Double(words[1]) { return kilobytes / 1_024 }
        }
        return .nan
    }

    private static func forgetPeak() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }
}

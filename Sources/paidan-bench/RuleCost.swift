import ArgumentParser
import City
import Daemon
import Domain
import Glibc
import Rules

struct RuleCost: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules", abstract: "What it costs to find a report's rule among 100, 10 000 and 100 000; to read them; and what they weigh.",
        discussion: """
            Every rule has a type, a district, a feeder, a set of three priorities and a range of capacities. Beside it, in the same run and on \
            the same rules, CLIPS (Debian's package 'clips') and zen-engine (PyPI), where they are installed.
            """)

    @Option(help: "Measured reports of each set.") var reports = 50_000
    @Option(help: "The largest set.") var most = 100_000
    @Option(help: "The Python that has zen-engine.") var python = "python3"
    @Flag(help: "Nobody beside it.") var alone = false

    func run() throws {
        try shipped()
        var sets = try [100, 10_000, most].map { try Grown(ManyRules(count: $0), reports: reports, at: wallClock()) }
        // By turns, and the best of each: what else the machine does then slows no set more than another.
        for _ in 0..<7 {
            for i in sets.indices { try sets[i].measure() }
        }
        for set in sets { set.tell() }
        figure("rules: t(\(most)) / t(100), decoded", sets[2].decoded / sets[0].decoded, "x", "goal 2")
        figure("rules: t(\(most)) / t(100), from raw JSON", sets[2].raw / sets[0].raw, "x")
        sets = []
        try reading()
        guard !alone else { return }
        let many = ManyRules(count: most)
        try withFolder { folder in
            try Neighbour.clips(many, in: folder)
            try Neighbour.zen(many, python: python, in: folder)
        }
    }

    /// The rules as they ship.
    private func shipped() throws {
        var province = try Province(crews: 10, capacity: 1)
        let now = wallClock()
        let lines = (0..<reports).map { _ in province.report(at: now) }
        var start = cpu()
        let subjects = try lines.map { try Grown.subject($0, at: now) }
        let decode = (cpu() - start) / Double(reports)
        start = cpu()
        var matched = 0
        for subject in subjects { matched += province.rules.route(subject, tracing: false).routings.count }
        let match = (cpu() - start) / Double(reports)
        guard matched == reports else { throw BenchFault("\(matched) of \(reports) reports found a rule") }
        let bytes = lines.reduce(0) { $0 + $1.count } / reports
        figure("rules: reading a report of \(bytes) bytes", decode * 1e6, "us CPU")
        figure("rules: finding its rule among \(province.rules.ruleCount)", match * 1e6, "us CPU")
    }

    fileprivate static func compiled(_ many: ManyRules, proves: Bool = false) throws -> (set: RuleSet, seconds: Double) {
        try compiled(many.source, proves: proves)
    }

    private static func compiled(_ source: RuleSource, proves: Bool) throws -> (set: RuleSet, seconds: Double) {
        let start = cpu()
        let compilation = RuleCompiler.compile(source, proves: proves) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        let seconds = cpu() - start
        guard let set = compilation.set else { throw BenchFault("the benchmark's rules have errors:\n" + source.human(compilation.diagnostics)) }
        return (set, seconds)
    }

    private func reading() throws {
        let many = ManyRules(count: 10_000)
        let seconds = try (0..<3).map { _ in try Self.compiled(many).seconds }.min() ?? 0
        figure("rules: 10000 of YAML read, checked, indexed", seconds * 1_000, "ms CPU", "goal 500")
        let whole = try (0..<3).map { _ in try Self.compiled(many, proves: true).seconds }.min() ?? 0
        figure("rules: 10000 of YAML with findings about the set", whole * 1_000, "ms CPU", "goal 2000 more than without")
        let alternatives = try (0..<3).map { _ in try Self.compiled(many.alternatives, proves: true).seconds }.min() ?? 0
        figure("rules: 10000 of three alternatives each, so", alternatives * 1_000, "ms CPU", "goal 2000 more than without")
    }
}

/// A set of so many rules, reports for it, and what a report costs there.
private struct Grown {
    private let set: RuleSet
    private let count: Int
    private let loading: Double
    private let bytesOfRule: Double
    private let now: Instant
    private let lines: [[UInt8]]
    private let subjects: [RouteSubject]
    private var effort = RouteEffort()
    /// Seconds a report.
    private(set) var decoded = Double.infinity
    private(set) var raw = Double.infinity

    init(_ many: ManyRules, reports: Int, at now: Instant) throws {
        count = many.rules.count
        self.now = now
        Memory.giveBack()
        let before = residentMegabytes()
        (set, loading) = try RuleCost.compiled(many)
        Memory.giveBack()
        bytesOfRule = (residentMegabytes() - before) * 1_048_576 / Double(count)
        lines = many.reports(reports)
        subjects = try lines.map { try Self.subject($0, at: now) }
    }

    static func subject(_ line: [UInt8], at now: Instant) throws -> RouteSubject {
        let input = try InputCodec.decode(line, defaultSource: SourceID("bench"))
        guard case .report(let report) = input.body else { throw BenchFault("no report") }
        return RouteSubject(report: report, source: input.key.source, now: now)
    }

    mutating func measure() throws {
        effort = RouteEffort()
        var start = cpu()
        var matched = 0
        for subject in subjects { matched += set.route(subject, tracing: false, &effort).routings.count }
        decoded = min(decoded, (cpu() - start) / Double(subjects.count))
        guard matched == subjects.count else { throw BenchFault("\(matched) of \(subjects.count) reports found a rule") }
        start = cpu()
        for line in lines { matched += set.route(try Self.subject(line, at: now), tracing: false).routings.count }
        raw = min(raw, (cpu() - start) / Double(lines.count))
        guard matched == 2 * lines.count else { throw BenchFault("\(matched - lines.count) of \(lines.count) reports found a rule") }
    }

    func tell() {
        let looked = (Double(effort.candidates) / Double(subjects.count) * 100).rounded() / 100
        figure("rules: \(count), a report once decoded", decoded * 1e6, "us CPU", "goal 5; \(looked) rules looked at")
        figure("rules: \(count), a report of \(lines.reduce(0) { $0 + $1.count } / lines.count) bytes of JSON", raw * 1e6, "us CPU", "goal 10")
        figure("rules: \(count), read from YAML", loading * 1_000, "ms CPU")
        // In a small set the site and the shipped parts of the program outweigh the rules.
        if count >= 10_000 { figure("rules: \(count), memory a rule", bytesOfRule, "bytes", "goal 1024") }
    }
}

enum Memory {
    /// Gives freed memory back to the system, so that what stays is what is held.
    static func giveBack() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let program = dlopen(nil, RTLD_NOW), let symbol = dlsym(program, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: Trim.self)(0)
    }
}

/// Other engines on the same rules, each in a process of its own. Their times are their own clocks', without the time they take to start.
enum Neighbour {
    private static let reportsMax = 2_000

    static func clips(_ many: ManyRules, in folder: String) throws {
        guard has("clips") else { return print("rules: CLIPS is not installed (apt-get install clips): nothing beside us from there") }
        var text = "(deftemplate report (slot type) (slot district) (slot feeder) (slot urgency) (slot capacity))\n(defglobal ?*taken* = 0 ?*start* = 0)\n"
        for (number, rule) in many.rules.enumerated() {
            text += "(defrule r-\(number) ?f <- (report (type \(rule.type)) (district \(rule.district)) (feeder \(rule.feeder)) (urgency \(rule.priorities.joined(separator: "|")))"
            text += " (capacity ?c&:(>= ?c \(rule.low).0)&:(< ?c \(rule.high).0))) => (retract ?f) (bind ?*taken* (+ ?*taken* 1)))\n"
        }
        try Files.write(Array(text.utf8), to: folder + "/rules.clp")
        var run = "(bind ?*start* (time))\n(load* \"\(folder)/rules.clp\")\n(printout t \"load \" (- (time) ?*start*) crlf)\n(reset)\n(bind ?*start* (time))\n"
        for report in try facts(many) {
            run += "(assert (report (type \(report.type)) (district \(report.district)) (feeder \(report.feeder)) (urgency \(report.urgency)) (capacity \(report.capacity))))\n(run)\n"
        }
        run += "(printout t \"reports \" (- (time) ?*start*) \" \" ?*taken* crlf)\n(exit)\n"
        // The first fact is read before the rules are: a global must exist.
        try Files.write(Array(("(defglobal ?*start* = 0 ?*taken* = 0)\n" + run).utf8), to: folder + "/run.clp")
        tell("CLIPS", many.rules.count, output(of: "timeout 300 clips -f2 '\(folder)/run.clp' </dev/null 2>/dev/null"), note: "the first to fire: its rules have no order")
    }

    static func zen(_ many: ManyRules, python: String, in folder: String) throws {
        guard has(python), output(of: "\(python) -c 'import zen; print(1)' 2>/dev/null") == ["1"] else {
            return print("rules: zen-engine is not installed for \(python) (pip install zen-engine): nothing beside us from there")
        }
        var rules = JSONWriter(capacity: many.rules.count * 200)
        rules.array { list in
            for rule in many.rules {
                list.array {
                    $0.string("\"\(rule.type)\"")
                    $0.string("\"\(rule.district)\"")
                    $0.string("\"\(rule.feeder)\"")
                    $0.string(rule.priorities.map { "\"\($0)\"" }.joined(separator: ", "))
                    $0.string("[\(rule.low)..\(rule.high))")
                }
            }
        }
        try Files.write(rules.bytes, to: folder + "/rules.json")
        var reports = JSONWriter()
        reports.array { list in
            for report in (try? facts(many)) ?? [] {
                list.object {
                    $0.field("type", report.type)
                    $0.field("district", report.district)
                    $0.field("feeder", report.feeder)
                    $0.field("urgency", report.urgency)
                    $0.field("capacity", report.capacity)
                }
            }
        }
        try Files.write(reports.bytes, to: folder + "/reports.json")
        let script = """
            import json, time, zen
            names = ["type", "district", "feeder", "urgency", "capacity"]
            rows = [dict(zip(["_id", "o"] + names, [str(i), str(i)] + r)) for i, r in enumerate(json.load(open("\(folder)/rules.json")))]
            table = {"hitPolicy": "first", "inputs": [{"id": n, "field": n, "name": n} for n in names],
                     "outputs": [{"id": "o", "field": "rule", "name": "rule"}], "rules": rows}
            nodes = [{"id": "i", "type": "inputNode", "name": "i", "position": {"x": 0, "y": 0}},
                     {"id": "t", "type": "decisionTableNode", "name": "t", "position": {"x": 0, "y": 0}, "content": table},
                     {"id": "e", "type": "outputNode", "name": "e", "position": {"x": 0, "y": 0}}]
            edges = [{"id": "1", "sourceId": "i", "targetId": "t", "type": "edge"}, {"id": "2", "sourceId": "t", "targetId": "e", "type": "edge"}]
            start = time.time()
            decision = zen.ZenEngine().create_decision(json.dumps({"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}))
            print("load", time.time() - start, flush=True)
            reports = json.load(open("\(folder)/reports.json"))
            taken = done = 0
            start = time.time()
            for report in reports:
                taken += "rule" in (decision.evaluate(report)["result"] or {})
                done += 1
                if time.time() - start > 20: break
            print("reports", (time.time() - start) / done * \(reportsMax), taken * \(reportsMax) // done)
            """
        try Files.write(Array(script.utf8), to: folder + "/run.py")
        tell("zen-engine", many.rules.count, output(of: "timeout 300 \(python) '\(folder)/run.py' 2>&1"), note: "a decision table, the first row that fits")
    }

    private struct Fact {
        var type: String
        var district: String
        var feeder: String
        var urgency: String
        var capacity: Double
    }

    private static func facts(_ many: ManyRules) throws -> [Fact] {
        try many.reports(reportsMax, seed: 3).map { line in
            guard case .report(let report) = try InputCodec.decode(line, defaultSource: SourceID("bench")).body else { throw BenchFault("no report") }
            return Fact(
                type: report.type, district: report.place.district?.rawValue ?? "", feeder: report.feeder?.rawValue ?? "", urgency: report.urgency ?? "",
                capacity: report.capacityKVA ?? 0)
        }
    }

    private static func tell(_ name: String, _ count: Int, _ lines: [String], note: String) {
        func numbers(_ word: String) -> [Double]? {
            lines.last { $0.hasPrefix(word + " ") }.map { $0.split(separator: " ").dropFirst().compactMap { Double($0) } }
        }
        guard let load = numbers("load")?.first else { return print("rules: \(name) could not read \(count) rules within 300 s: \(lines.suffix(3).joined(separator: " | "))") }
        figure("rules: \(count) in \(name), read", load * 1_000, "ms")
        guard let run = numbers("reports"), run.count == 2 else { return print("rules: \(name) gave no figure: \(lines.suffix(3).joined(separator: " | "))") }
        figure("rules: \(count) in \(name), a report", run[0] / Double(reportsMax) * 1e6, "us", "\(Int(run[1])) of \(reportsMax) taken; \(note)")
    }

    private static func has(_ program: String) -> Bool { !output(of: "command -v \(program) 2>/dev/null").isEmpty }

    private static func output(of command: String) -> [String] {
        guard let pipe = popen(command, "r") else { return [] }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

import Domain
import Foundation
import Testing

@testable import Rules

/// The workshop that remembers beside one that does not, over a folder that many hands edit, some of them badly.
///
/// `PAIDAN_EDITS` sets how many edits are made, `PAIDAN_SEED` the seed.
@Suite struct WorkshopTests {
    static let environment = ProcessInfo.processInfo.environment
    static let edits = environment["PAIDAN_EDITS"].flatMap { Int($0) } ?? 60
    static let seed = environment["PAIDAN_SEED"].flatMap { UInt64($0) } ?? 20_261_124

    /// A folder as text, edited by throws of the dice.
    private struct Folder {
        var files: [String: String] = [:]
        var dice: Dice
        private var made = 0

        init(seed: UInt64) {
            dice = Dice(seed: seed)
            files["site.yaml"] = Fixture.site + "network: network.csv\n"
            files["network.csv"] = "transformer,feeder,district,lat,lon,customers\nT-1,F-1,lucheng,28.01,120.65,10\n"
            files["escalations.yaml"] = Self.ladders(["repair"])
            while files.count < 9 { add() }
        }

        var source: RuleSource {
            RuleSource(files: files.sorted { $0.key < $1.key }.map { RuleSource.File(name: $0.key, bytes: Array($0.value.utf8)) })
        }

        static func ladders(_ names: [String]) -> String {
            "module: escalations\nescalations:\n" + names.map { "  \($0):\n    - { at: 100%, tell: duty_manager }\n" }.joined()
        }

        /// A module as a file of its own, in the place of an earlier one; some use ladders, some are switched off.
        mutating func add() {
            for module in dice.modules().prefix(1) {
                made += 1
                files["m\(made % 12).yaml"] = text(module, name: "m\(made)")
            }
        }

        private mutating func text(_ module: Dice.Module, name: String) -> String {
            var lines = ["module: \(name)"]
            if dice.chance(10) { lines.append("enabled: \(dice.chance(50))") }
            if !module.lets.isEmpty { lines.append("let:") }
            for (name, text) in module.lets { lines += ["  \(name): >-", "    \(text)"] }
            if let takes = module.takes { lines += ["takes: >-", "  \(takes)"] }
            lines.append("route:")
            for (number, rule) in module.rules.prefix(40).enumerated() {
                lines.append("  - name: r\(number)")
                if let when = rule.when { lines += ["    when: >-", "      \(when)"] }
                lines += ["    task: t\(dice.below(3))", "    assign: { nearest: crew, skills: [\(dice.pick(["distribution_line", "live_line"]))] }"]
                if dice.chance(20) { lines += ["    limits: { accept: \(1 + dice.below(9)) min }", "    escalate: repair"] }
                if rule.continues { lines.append("    continue: true") }
            }
            return lines.joined(separator: "\n") + "\n"
        }

        mutating func edit() {
            let names = files.keys.sorted()
            let name = dice.pick(names)
            func replace(_ name: String, _ old: String, _ new: String) { files[name] = files[name]?.replacingOccurrences(of: old, with: new) }
            switch dice.below(36) {
            case 0...3, 20...29: add()
            case 4: files[name] = nil
            case 5:
                if name != "site.yaml" { files["z\(dice.below(9)).yaml"] = files.removeValue(forKey: name) }
            case 6: files["copy\(dice.below(3)).yaml"] = files[name]
            case 7:
                let length = dice.below(400)
                files[name] = String(files[name]?.prefix(length) ?? "")
            case 8: replace(name, dice.pick(["report.", "task: ", "  - ", ": ", "\"", "skills"]), dice.pick(["reprot.", "tsak: ", "\t- ", ":", "'", "skill"]))
            case 9: replace("site.yaml", "capacity: \(dice.below(3))", "capacity: \(dice.below(3))")
            case 10: replace("site.yaml", "north-2:", "north-\(dice.below(5)):")
            case 11: replace("site.yaml", "category: [", "category: [c\(dice.below(50)), ")
            case 12: replace("site.yaml", dice.pick(["no_power, ", "live_line", "lucheng:", "Asia/Shanghai", "floors: whole number"]), dice.pick(["", "cable", "x:", "UTC", "floors: text"]))
            case 13: files["escalations.yaml"] = Self.ladders(dice.pick([[], ["repair"], ["repair", "second"], ["second"]]))
            case 14:
                let row = "T-\(dice.below(20)),F-\(dice.below(3)),\(dice.pick(["lucheng", "nowhere"])),28.0\(dice.below(9)),120.6,\(dice.below(99))\n"
                files["network.csv"]?.append(row)
            case 15: files[dice.pick(["notes.yml", "spare.csv", "tests/m1.yaml"])] = "x: \(dice.below(3))\n"
            case 16: replace(name, "\nroute:", "\nenabled: false\nroute:")
            default: replace(name.hasPrefix("m") ? name : "m1.yaml", "F-1", "F-1\(dice.below(40))")
            }
        }
    }

    @Test func rememberingChangesNothing() throws {
        var folder = Folder(seed: Self.seed)
        let workshop = RuleWorkshop(moduleBytesMax: Fixture.moduleBytesMax)
        var good = folder.files
        var sums = (sets: 0, refused: 0, filesRead: 0, files: 0, modulesRead: 0, modules: 0, indexesKept: 0, warnings: 0)
        for round in 0..<Self.edits {
            for _ in 0..<folder.dice.pick([1, 1, 1, 2, 5]) { folder.edit() }
            let source = folder.source
            let proves = folder.dice.chance(8)
            let whole = RuleCompiler.compile(source, proves: proves, moduleBytesMax: Fixture.moduleBytesMax, zone: Fixture.zone)
            let again = workshop.compile(source, proves: proves, zone: Fixture.zone)
            let name = "PAIDAN_SEED=\(Self.seed), edit \(round)"
            #expect(source.human(again.diagnostics) == source.human(whole.diagnostics), "\(name)")
            #expect(again.diagnostics == whole.diagnostics && again.untold == whole.untold, "\(name)")
            #expect((again.set == nil) == (whole.set == nil), "\(name)")
            sums.filesRead += workshop.filesRead
            sums.files += source.files.count
            sums.modulesRead += workshop.modulesRead
            sums.indexesKept += workshop.indexesKept
            sums.warnings += again.diagnostics.count { $0.severity == .warning }
            guard let a = again.set, let b = whole.set else {
                sums.refused += 1
                // Somebody puts it right.
                if folder.dice.chance(60) { folder.files = good }
                continue
            }
            sums.sets += 1
            sums.modules += a.moduleNames.count
            good = folder.files
            try compare(a, b, &folder.dice, name)
        }
        print("workshop: \(Self.edits) edits, seed \(Self.seed): \(sums)")
        // Both outcomes were met, and most was remembered.
        #expect(sums.sets > Self.edits / 4 && sums.refused > Self.edits / 8 && sums.warnings > 0)
        #expect(sums.filesRead * 2 < sums.files && sums.modulesRead * 2 < sums.files && sums.indexesKept * 3 > sums.modules)
    }

    private func compare(_ a: RuleSet, _ b: RuleSet, _ dice: inout Dice, _ name: String) throws {
        #expect(a.hash == b.hash && a.ladders == b.ladders && a.ruleNames == b.ruleNames && a.moduleFiles == b.moduleFiles, "\(name)")
        #expect(a.site.crews == b.site.crews && a.site.network == b.site.network && a.site.values == b.site.values, "\(name)")
        #expect(a.site.zone == b.site.zone && a.site.districts == b.site.districts && a.site.fields == b.site.fields, "\(name)")
        for rule in a.ruleNames { #expect(a.rule(named: rule) == b.rule(named: rule), "\(name)") }
        for number in 0..<25 {
            let subject = dice.subject()
            var (mine, theirs) = (RouteEffort(), RouteEffort())
            let (first, second) = (a.route(subject, tracing: true, &mine), b.route(subject, tracing: true, &theirs))
            func told(_ result: RouteResult) -> [String] {
                result.routings.map { "\($0.rule) \($0.task) \($0.priority) \($0.assign) \($0.limits.sorted { $0.key.rawValue < $1.key.rawValue }) \($0.escalate ?? "-")" }
            }
            #expect(told(first) == told(second) && first.routings.map(\.trace) == second.routings.map(\.trace), "\(name), report \(number): \(subject)")
            #expect(first.failures == second.failures && first.nearMiss == second.nearMiss, "\(name), report \(number): \(subject)")
            #expect(mine == theirs, "\(name), report \(number): the index left out others")
        }
    }

    // MARK: What is read again

    private static func module(_ number: Int, _ texts: [String], escalate: String = "repair") -> String {
        "module: m\(number)\ntakes: report.type == \"fault\" && report.customers_out == \(number)\nroute:\n"
            + texts.enumerated().map { place, text in
                "  - name: r\(place)\n    when: \(text)\n    task: t\n    assign: { department: operations }\n    limits: { accept: 3 min }\n    escalate: \(escalate)\n"
            }.joined()
    }

    private static func folder() -> [String: String] {
        var files = ["site.yaml": Fixture.site, "escalations.yaml": Folder.ladders(["repair"])]
        for number in 0..<6 {
            files["m\(number).yaml"] = module(number, (0..<12).map { "report.feeder == \"F-\($0)\" && report.transformer.startsWith(\"T-\($0)\")" })
        }
        return files
    }

    private func compile(_ workshop: RuleWorkshop, _ files: [String: String]) throws -> RuleSet {
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.key, bytes: Array($0.value.utf8)) })
        let compilation = workshop.compile(source, proves: false, zone: Fixture.zone)
        return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
    }

    @Test func onlyWhatAnEditTouchesIsReadAgain() throws {
        let workshop = RuleWorkshop()
        var files = Self.folder()
        func seen() -> [Int] { [workshop.filesRead, workshop.modulesRead, workshop.indexesKept] }
        _ = try compile(workshop, files)
        #expect(seen() == [8, 7, 0])
        _ = try compile(workshop, files)
        #expect(seen() == [0, 0, 6])
        // A rule without a new prefix: every other module keeps its index.
        files["m2.yaml"] = files["m2.yaml"]?.replacingOccurrences(of: "F-3", with: "F-33")
        _ = try compile(workshop, files)
        #expect(seen() == [1, 1, 5])
        // A crew, and a second name for people: no module asks for them.
        files["site.yaml"] = files["site.yaml"]?.replacingOccurrences(of: "north-2:", with: "north-3:").replacingOccurrences(of: "鹿城", with: "瓯海")
        _ = try compile(workshop, files)
        #expect(seen() == [1, 0, 6])
        // A ladder more; then the one that the rules name is gone, and they are told so.
        files["escalations.yaml"] = Folder.ladders(["repair", "second"])
        _ = try compile(workshop, files)
        #expect(seen() == [1, 1, 6])
        files["escalations.yaml"] = Folder.ladders(["second"])
        let gone = workshop.compile(
            RuleSource(files: files.map { RuleSource.File(name: $0.key, bytes: Array($0.value.utf8)) }), proves: false, zone: Fixture.zone)
        #expect(gone.set == nil && gone.diagnostics.contains { $0.code == "unknown-escalation" && $0.file == "m3.yaml" })
    }

    /// A prefix that stands before the others moves their ranks: indexes that ask for them are made anew, and reports find their rules.
    @Test func aNewPrefixMovesTheRanksOfTheOthers() throws {
        let workshop = RuleWorkshop()
        var files = ["site.yaml": Fixture.site]
        for number in 0..<2 {
            files["m\(number).yaml"] = Self.module(number, (0..<30).map { "report.transformer.startsWith(\"K-\(10 + $0)\")" }, escalate: "x")
        }
        _ = try compile(workshop, files)
        files["m0.yaml"] = Self.module(0, (0..<30).map { "report.transformer.startsWith(\"A-\(10 + $0)\")" }, escalate: "x")
        let set = try compile(workshop, files)
        #expect(workshop.modulesRead == 1 && workshop.indexesKept == 0)
        for number in 0..<30 {
            for (module, letter) in [(0, "A"), (1, "K")] {
                let report = Report(type: "fault", transformer: TransformerID("\(letter)-\(10 + number)x"), customersOut: Int64(module))
                #expect(set.route(Fixture.subject(report), tracing: false).routings.map(\.rule) == ["m\(module).r\(number)"])
            }
        }
    }

    /// Every edit leaves formulas behind that nobody needs; they do not pile up.
    @Test func aThousandEditsLeaveNothingBehind() throws {
        let workshop = RuleWorkshop()
        var files = Self.folder()
        _ = try compile(workshop, files)
        let first = workshop.weight
        var anew = 0
        for edit in 0..<1_000 {
            files["m\(edit % 6).yaml"] = Self.module(edit % 6, (0..<12).map { "report.feeder == \"F-\(edit)-\($0)\" && report.capacity_kva > \(edit * 12 + $0).0" })
            _ = try compile(workshop, files)
            #expect(workshop.weight <= 2 * max(first, 400) + 2_000 + 200, "after \(edit) edits")
            if workshop.modulesRead > 1 { anew += 1 }
        }
        #expect(anew > 3 && anew < 60, "read anew \(anew) times")
    }
}

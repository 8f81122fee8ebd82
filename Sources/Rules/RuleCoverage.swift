import CEL
import Domain

/// Which rules and branches the tests reach.
///
/// - A rule is reached when it takes a report of some test.
/// - A branch is one way that something in a module can go:
///   - each comparison of a rule's `when` (between its `&&`, `||` and `!`) two: it held of a report that the rule took; it did not hold of
///     a report that came to the rule. Likewise in `takes` and in each `let` that is a truth value, over the reports that come to them. What is
///     proved to hold in `takes` of every report that comes to it (the last gate of several) has one way only.
///   - each row of a table, and its `otherwise`: it gave a limit.
///   - each `otherwise` of an `assign`: nobody could go, and the task waited there.
///   - each rung of a ladder: somebody was told.
/// - A rule of `watch` or `maintenance` is reached when a device reports by it, one of `lending` when it lends a crew; its branches are that it clears, its
///   work is done or the crew goes home, and that what must hold for a time ends before.
///
/// A branch that was reached is no proof that a test would notice a change there: `RuleMutants` is.
package struct RuleCoverage: Sendable {
    package struct Gap: Sendable, Hashable {
        package enum Kind: String, Sendable, Hashable { case rule, branch }
        package var kind: Kind
        package var file: String
        package var line: Int
        package var column: Int
        /// `faults.cable`; nil: it belongs to the module.
        package var rule: String?
        /// `no test reaches faults.cable`
        package var text: String
    }

    package struct Module: Sendable, Hashable {
        package var file: String
        package var rules = 0
        package var rulesReached = 0
        package var branches = 0
        package var branchesReached = 0
        /// In the order of the file; rules before branches.
        package var gaps: [Gap] = []
    }

    package var modules: [Module]

    package var rules: Int { modules.reduce(0) { $0 + $1.rules } }
    package var rulesReached: Int { modules.reduce(0) { $0 + $1.rulesReached } }
    package var branches: Int { modules.reduce(0) { $0 + $1.branches } }
    package var branchesReached: Int { modules.reduce(0) { $0 + $1.branchesReached } }
    /// The share of the rules that tests reach, in whole per cent, rounded down; 100 where there are none.
    package var percent: Int { rules == 0 ? 100 : rulesReached * 100 / rules }
}

/// Takes down what the tests reach.
package final class CoverageRecorder {
    /// One way of a comparison that has not been seen.
    private struct Side {
        let comparison: Comparison
        let span: Span
        /// The condition it stands in, in `conditions`.
        let condition: Int
        /// In `module.rules`; -1: of a `let` or `takes`.
        let rule: Int
        var held = false
        var failed = false
    }

    /// A comparison that held of all reports so far that came to its rules.
    private struct Group {
        let comparison: Comparison
        /// Sides in the order of their rules.
        var sides: [Int] = []
    }

    private struct Row: Hashable {
        var table: String
        /// nil: `otherwise`
        var value: String?
    }

    private final class Watched {
        let module: RuleMap.Module
        var reached: [Bool]
        var waited: [Bool]
        var sides: [Side] = []
        /// Where the sides stand.
        var conditions: [Node] = []
        /// For each rule, its sides.
        var sidesOf: [Range<Int>] = []
        /// Of `takes`, and of the `let`s.
        var takes: Range<Int> = 0..<0
        var lets: Range<Int> = 0..<0
        var rows: Set<Row> = []
        /// Rules before it have had a report come to them.
        var frontier = 0
        var groups: [ObjectIdentifier: Group] = [:]

        init(_ module: RuleMap.Module) {
            self.module = module
            reached = Array(repeating: false, count: module.rules.count)
            waited = reached
        }
    }

    private let set: RuleSet
    private let map: RuleMap
    private var watched: [Int: Watched] = [:]
    private var order: [Watched] = []
    private var rungs: Set<String> = []
    private var stages: Set<StageMark> = []
    private var joined: Set<String> = []
    private var held: Set<String> = []
    private var watches: Set<WatchMark> = []
    private var outages: Set<OutageMark> = []

    /// - Parameter files: module files that are looked at; nil: all.
    package init(_ source: RuleSource, _ set: RuleSet, files: Set<String>? = nil) {
        self.set = set
        map = RuleMap(source, set, files: files)
        for module in map.modules {
            let one = Watched(module)
            let reader = LiteralReader(module.schema)
            if let takes = module.takes { one.takes = add(takes.node, -1, to: one, reader) }
            let first = one.sides.count
            for entry in module.lets where entry.piece.expression.type == .bool { _ = add(entry.piece.node, -1, to: one, reader) }
            one.lets = first..<one.sides.count
            for rule in module.rules {
                one.sidesOf.append(rule.condition.map { add($0, rule.number, to: one, reader) } ?? one.sides.count..<one.sides.count)
            }
            watched[module.number] = one
            order.append(one)
        }
    }

    private func add(_ condition: Node, _ rule: Int, to watched: Watched, _ reader: LiteralReader) -> Range<Int> {
        let first = watched.sides.count
        guard let text = condition.text else { return first..<first }
        for literal in reader.literals(in: text) {
            watched.sides.append(Side(comparison: literal.comparison, span: literal.span, condition: watched.conditions.count, rule: rule))
        }
        watched.conditions.append(condition)
        return first..<watched.sides.count
    }

    // MARK: What happens

    /// A report, and what the rules said.
    package func note(_ subject: RouteSubject, _ result: RouteResult) {
        let activation = ReportActivation(subject, set.site)
        func holds(_ side: Side) -> Bool { Self.holds(side.comparison, activation) }
        var home: Int?
        for (number, module) in set.modules.enumerated() {
            if let one = watched[number] { for index in one.takes { see(&one.sides[index], holds(one.sides[index])) } }
            if module.takes.map({ (try? $0.expression.matches(activation)) == true }) ?? true {
                home = number
                break
            }
        }
        guard let home, let one = watched[home] else { return }
        for index in one.lets { see(&one.sides[index], holds(one.sides[index])) }

        var last = one.module.rules.count - 1
        let module = set.modules[home]
        for routing in result.routings {
            guard let place = set.place(of: routing.rule), place.module == home, place.rule < one.reached.count else { continue }
            one.reached[place.rule] = true
            let rule = module.rules[place.rule]
            if !rule.continues { last = min(last, place.rule) }
            for index in one.sidesOf[place.rule] where !one.sides[index].held && holds(one.sides[index]) { one.sides[index].held = true }
            for limit in module.outcome(of: rule).limits {
                guard case .table(let table) = limit.source else { continue }
                let value = activation.string(slot: table.slot)
                one.rows.insert(Row(table: table.name, value: value.flatMap { table.rows[$0] == nil ? nil : $0 }))
            }
        }
        came(one, to: last, activation)
    }

    /// Nobody could go for a rule's task.
    package func noteWaiting(_ rule: String) {
        guard let place = set.place(of: rule), let one = watched[place.module], place.rule < one.waited.count else { return }
        one.waited[place.rule] = true
    }

    /// A report joined another by a rule for merging.
    package func noteJoining(_ rule: String) { joined.insert(rule) }

    /// A rule about customers held of somebody.
    package func noteHolding(_ rule: String) { held.insert(rule) }

    package func note(_ mark: StageMark) { stages.insert(mark) }
    package func note(_ mark: WatchMark) { watches.insert(mark) }
    package func note(_ mark: OutageMark) { outages.insert(mark) }

    package func noteTold(ladder: String, percent: Int) { rungs.insert("\(ladder) \(percent)") }

    private static func holds(_ comparison: Comparison, _ activation: ReportActivation) -> Bool {
        guard let truth = try? comparison.expression.matches(activation) else { return false }
        return truth != comparison.isNegated
    }

    private func see(_ side: inout Side, _ holds: Bool) {
        if holds { side.held = true } else { side.failed = true }
    }

    /// A report came to every rule up to `last`. What holds of all reports of many rules is asked once a report.
    private func came(_ one: Watched, to last: Int, _ activation: ReportActivation) {
        while one.frontier <= last {
            for index in one.sidesOf[one.frontier] {
                let comparison = one.sides[index].comparison
                one.groups[ObjectIdentifier(comparison), default: Group(comparison: comparison)].sides.append(index)
            }
            one.frontier += 1
        }
        let failed = one.groups.filter { _, group in
            guard let first = group.sides.first, one.sides[first].rule <= last else { return false }
            return !Self.holds(group.comparison, activation)
        }
        for (key, group) in failed {
            let count = group.sides.prefix { one.sides[$0].rule <= last }.count
            for index in group.sides[..<count] { one.sides[index].failed = true }
            if count == group.sides.count { one.groups[key] = nil } else { one.groups[key]?.sides.removeFirst(count) }
        }
    }

    // MARK: What came of it

    package func coverage() -> RuleCoverage {
        var modules: [String: RuleCoverage.Module] = [:]
        var files: [String] = []
        func add(_ file: String) {
            if modules[file] == nil {
                modules[file] = RuleCoverage.Module(file: file)
                files.append(file)
            }
        }
        for one in order {
            add(one.module.file)
            modules[one.module.file] = module(one)
        }
        for rule in map.watched {
            add(rule.file)
            modules[rule.file]?.rules += 1
            let isReached = watches.contains(WatchMark(rule: rule.name, kind: .raised))
            if isReached { modules[rule.file]?.rulesReached += 1 }
            func note(_ kind: RuleCoverage.Gap.Kind, _ range: Range<Int>, _ text: String) {
                modules[rule.file]?.gaps.append(gap(kind, rule.file, rule.source, range, rule.name, text))
            }
            if !isReached { note(.rule, rule.nameRange, "no test reaches \(rule.name)") }
            func branch(_ kind: WatchMark.Kind, _ range: Range<Int>, _ text: String) {
                modules[rule.file]?.branches += 1
                if watches.contains(WatchMark(rule: rule.name, kind: kind)) {
                    modules[rule.file]?.branchesReached += 1
                } else if isReached {
                    note(.branch, range, text)
                }
            }
            switch rule.section {
            case .maintenance: branch(.cleared, rule.nameRange, "in no test is the work of \(rule.name) done")
            case .lending:
                branch(.cleared, rule.clears ?? rule.nameRange, "in no test does a crew that \(rule.name) has lent go home")
                if let length = rule.length { branch(.fell, length, "in no test does the need that \(rule.name) looks for end before a crew is lent") }
            case .watch:
                branch(.cleared, rule.clears ?? rule.nameRange, "in no test does what \(rule.name) has reported clear")
                if let length = rule.length { branch(.fell, length, "in no test does what \(rule.name) watches end before it is reported") }
            }
        }
        for ladder in map.ladders {
            add(ladder.file)
            for rung in ladder.rungs {
                modules[ladder.file]?.branches += 1
                if rungs.contains("\(ladder.ladder) \(rung.percent)") {
                    modules[ladder.file]?.branchesReached += 1
                } else {
                    modules[ladder.file]?.gaps.append(
                        gap(.branch, ladder.file, ladder.source, rung.node.range, nil, "no test lets the ladder '\(ladder.ladder)' come to \(rung.percent)%"))
                }
            }
        }
        for rule in set.site.customers.rules {
            add(rule.file)
            modules[rule.file]?.rules += 1
            if held.contains(rule.name) {
                modules[rule.file]?.rulesReached += 1
            } else {
                modules[rule.file]?.gaps.append(
                    RuleCoverage.Gap(kind: .rule, file: rule.file, line: rule.line, column: 1, rule: rule.name, text: "in no test does \(rule.name) hold of a customer"))
            }
        }
        let desk = set.site.outageDesk
        if !desk.isEmpty {
            add(desk.file)
            modules[desk.file]?.add(desk, outages)
        }
        return RuleCoverage(modules: files.compactMap { modules[$0] }.sorted { Array($0.file.utf8).lexicographicallyPrecedes(Array($1.file.utf8)) })
    }

    private func gap(
        _ kind: RuleCoverage.Gap.Kind, _ file: String, _ source: SourceText, _ range: Range<Int>, _ rule: String?, _ text: String
    ) -> RuleCoverage.Gap {
        let place = source.position(of: range.lowerBound)
        return RuleCoverage.Gap(kind: kind, file: file, line: place.line, column: place.column, rule: rule, text: text)
    }

    private func module(_ one: Watched) -> RuleCoverage.Module {
        var module = RuleCoverage.Module(file: one.module.file)
        var branches: [(at: Int, gap: RuleCoverage.Gap)] = []
        func branch(_ isReached: Bool, _ range: @autoclosure () -> Range<Int>, _ rule: Int?, _ text: @autoclosure () -> String) {
            module.branches += 1
            if isReached { return module.branchesReached += 1 }
            // A rule that is not reached is said once.
            if let rule, !one.reached[rule] { return }
            let range = range()
            branches.append((range.lowerBound, gap(.branch, one.module.file, one.module.source, range, rule.map { one.module.rules[$0].name }, text())))
        }
        module.rules = one.reached.count
        for (rule, isReached) in zip(one.module.rules, one.reached) {
            if isReached {
                module.rulesReached += 1
            } else {
                module.gaps.append(gap(.rule, one.module.file, one.module.source, rule.nameRange, rule.name, "no test reaches \(rule.name)"))
            }
            if let plan = set.modules[one.module.number].outcome(of: set.modules[one.module.number].rules[rule.number]).process {
                for one in StageBranch.all(of: rule, plan) { branch(stages.contains(one.mark), one.range, rule.number, one.text) }
            }
            if let otherwise = rule.values["assign"]?["otherwise"] {
                branch(one.waited[rule.number], otherwise.range, rule.number, "in no test does a task of \(rule.name) wait because nobody can go")
            }
        }
        for merge in set.modules[one.module.number].merges {
            module.rules += 1
            if joined.contains(merge.name) {
                module.rulesReached += 1
            } else {
                module.gaps.append(
                    RuleCoverage.Gap(
                        kind: .rule, file: one.module.file, line: merge.line, column: 1, rule: merge.name, text: "in no test does a report join another by \(merge.name)"))
            }
        }
        // The places of what is never told are never counted.
        var map: (condition: Int, places: ScalarMap)?
        func range(_ side: Side) -> Range<Int> {
            if map?.condition != side.condition { map = (side.condition, ScalarMap(one.conditions[side.condition], in: one.module.source)) }
            return map?.places.range(characters: side.span.start..<max(side.span.start, side.span.end)) ?? one.conditions[side.condition].range
        }
        let gates = GateProofs(set: set)
        for (index, side) in one.sides.enumerated() {
            let text = side.comparison.isNegated ? "!(\(side.comparison.text))" : side.comparison.text
            let rule = side.rule < 0 ? nil : side.rule
            let owner = rule.map { one.module.rules[$0].name }
            let held = "'\(text)' is never true of a report" + (owner.map { " that \($0) takes" } ?? "")
            let failed = "'\(text)' is never false of a report" + (owner.map { " that comes to \($0)" } ?? "")
            branch(side.held, range(side), rule, held)
            if !side.failed, one.takes.contains(index), gates.isAlways(side.comparison.expression, isNegated: side.comparison.isNegated, at: one.module) { continue }
            branch(side.failed, range(side), rule, failed)
        }
        for table in one.module.tables {
            for row in table.rows {
                branch(one.rows.contains(Row(table: table.name, value: row.value)), row.node.range, nil, "no test uses the row '\(row.value)' of the table '\(table.name)'")
            }
            if let otherwise = table.otherwise {
                branch(one.rows.contains(Row(table: table.name, value: nil)), otherwise.range, nil, "no test uses 'otherwise' of the table '\(table.name)'")
            }
        }
        module.gaps += branches.sorted { $0.at < $1.at }.map(\.gap)
        return module
    }
}

extension RuleCoverage.Module {
    /// Each rule for notices is a rule; a branch is each other thing that can come of an outage.
    fileprivate mutating func add(_ desk: OutageDesk, _ marks: Set<OutageMark>) {
        for rule in desk.notices {
            rules += 1
            if marks.contains(.told(rule.name)) { rulesReached += 1 } else { miss(.rule, desk.file, rule.line, rule.name, "in no test is anybody told by \(rule.name)") }
        }
        var branches: [(OutageMark, String)] = []
        if !desk.notices.isEmpty { branches.append((.shortNotice, "in no test does an outage come too late for its notice")) }
        if desk.overlaps == .tell { branches.append((.overlap, "in no test do two outages overlap")) }
        if desk.overrun != nil {
            branches.append((.overrun, "in no test does work run over its time"))
            branches.append((.givenUp, "in no test does an outage count as over that nobody has ended"))
        }
        for (mark, text) in branches {
            self.branches += 1
            if marks.contains(mark) { branchesReached += 1 } else { miss(.branch, desk.file, desk.line, nil, text) }
        }
    }

    private mutating func miss(_ kind: RuleCoverage.Gap.Kind, _ file: String, _ line: Int, _ rule: String?, _ text: String) {
        gaps.append(RuleCoverage.Gap(kind: kind, file: file, line: line, column: 1, rule: rule, text: text))
    }
}

import CEL
import Domain

/// What can be proved of a whole set, with a report that shows it.
///
/// It looks for a report that a rule would take: one out of the rule's own box is routed for real; where an earlier rule takes it, everything that
/// the earlier rule takes is cut out of the box, and the rest is looked through likewise. When nothing is left, no report can reach the rule, and
/// those that were met are what covers it. What can't be decided within `stepsMax`, or goes beyond formulas, is left unsaid.
struct Proofs {
    /// Reports that are tried for one question.
    static let stepsMax = 200

    let set: RuleSet
    let space: ReportSpace
    let witness: Witness

    init(_ set: RuleSet, _ pool: FormulaPool) {
        self.set = set
        space = ReportSpace(pool)
        witness = Witness(space: space, fields: set.site.fields, declared: Self.declared(in: set))
    }

    /// The declared values of each field that has some.
    static func declared(in set: RuleSet) -> [Int32: Set<String>] {
        var declared: [Int32: Set<String>] = [:]
        let slots: [(Slot.Report, String)] = [
            (.type, "type"), (.category, "category"), (.source, "source"), (.site, "site"), (.voltage, "voltage"), (.urgency, "urgency"),
        ]
        for (slot, name) in slots { declared[Int32(slot.rawValue)] = set.site.values[name].map { Set($0.map(\.code)) } }
        declared[Int32(Slot.Report.district.rawValue)] = Set(set.site.districts.keys.map(\.rawValue))
        return declared
    }

    /// An earlier rule or module that takes reports away.
    enum Cover: Hashable {
        case module(Int)
        case rule(Int)
    }

    struct Covered {
        /// In the order in which they are tried.
        var covers: [Cover]
        /// A report that would have been the rule's, and is another's.
        var example: RouteSubject
    }

    enum Answer {
        /// A report for which it is so.
        case possible(RouteSubject)
        /// Proved impossible; nil: not even without the others.
        case impossible(Covered?)
        case unknown
    }

    /// What a report comes to.
    private struct Outcome {
        var module: Int?
        /// The rules that took it, in order.
        var rules: [Int] = []
    }

    private func outcome(_ subject: RouteSubject) -> Outcome {
        let activation = ReportActivation(subject, set.site)
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: set.matcher.roomForKeys) { values in
            values.initialize(repeating: 0)
            let keys = ReportKeys(matcher: set.matcher, values: values)
            var gates = ConditionIndex.Candidates(set.gates, keys, activation)
            while let number = gates.next(set.gates)?.number {
                if let takes = set.modules[number].takes, (try? takes.expression.matches(activation)) != true { continue }
                var result = Outcome(module: number)
                let module = set.modules[number]
                var candidates = ConditionIndex.Candidates(set.indexes[number], keys, activation)
                while let rule = candidates.next(set.indexes[number])?.number {
                    guard (try? set.holds(module.rules[rule], module, activation, keys)) == true else { continue }
                    result.rules.append(rule)
                    if !module.rules[rule].continues { break }
                }
                return result
            }
            return Outcome()
        }
    }

    // MARK: What is asked

    /// Formulas that all hold wherever a rule's condition does or fails.
    func overs(_ rule: CompiledRule, _ module: CompiledModule) -> [Int32] {
        rule.over >= 0 ? [rule.over] : rule.parts.map { module.parts[$0].formula }
    }

    /// The reports that a rule takes if they come to it; nil: it is beyond formulas.
    private func exact(_ rule: CompiledRule, _ module: CompiledModule) -> [ReportSpace.Box]? {
        rule.expression >= 0 ? nil : space.boxes(all: rule.parts.map { module.parts[$0].formula })
    }

    private func exactGate(_ module: CompiledModule) -> [ReportSpace.Box]? {
        module.takes == nil ? [ReportSpace.Box()] : module.takesIsFormula ? space.boxes(module.takesOver) : nil
    }

    /// Whether a report can come to a module.
    func canOpen(_ number: Int) -> Answer {
        guard let region = space.boxes(set.modules[number].takesOver) else { return .unknown }
        return search(region, isReached: { $0.module == number }) { outcome in
            guard let module = outcome.module, module < number else { return nil }
            return exactGate(set.modules[module]).map { (.module(module), $0) }
        }
    }

    /// Whether a rule can take a report.
    func canFire(_ number: Int, in home: Int) -> Answer {
        let module = set.modules[home]
        guard let region = space.boxes(all: [module.takesOver] + overs(module.rules[number], module)) else { return .unknown }
        return search(region, isReached: { $0.module == home && $0.rules.contains(number) }) { outcome in
            guard let taken = outcome.module else { return nil }
            if taken < home { return exactGate(set.modules[taken]).map { (.module(taken), $0) } }
            guard taken == home, let last = outcome.rules.last, last < number, !module.rules[last].continues else { return nil }
            return exact(module.rules[last], module).map { (.rule(last), $0) }
        }
    }

    /// Whether a report can come to a module and be taken by none of its rules.
    func canFallThrough(_ home: Int) -> Answer {
        let module = set.modules[home]
        guard let region = space.boxes(module.takesOver) else { return .unknown }
        return search(region, isReached: { $0.module == home && $0.rules.isEmpty }) { outcome in
            guard let taken = outcome.module else { return nil }
            if taken < home { return exactGate(set.modules[taken]).map { (.module(taken), $0) } }
            guard taken == home, let last = outcome.rules.last else { return nil }
            return exact(module.rules[last], module).map { (.rule(last), $0) }
        }
    }

    /// Whether there is a report that no module is open for.
    func canBeUnclaimed() -> Answer {
        search([space.box(declared: witness.declared)], isReached: { $0.module == nil }) { outcome in
            outcome.module.flatMap { module in exactGate(set.modules[module]).map { (.module(module), $0) } }
        }
    }

    /// A report of which all formulas are true; nil: none was found.
    func example(of formulas: [Int32]) -> RouteSubject? {
        guard let boxes = space.boxes(all: formulas) else { return nil }
        for box in boxes.prefix(Self.stepsMax) { if let subject = witness.subject(in: box) { return subject } }
        return nil
    }

    /// Whether a formula is false of every report that a module is open for.
    func isNever(_ formulas: [Int32], in module: CompiledModule?) -> Bool {
        guard let boxes = space.boxes(all: (module.map { [$0.takesOver] } ?? []) + formulas) else { return false }
        return boxes.isEmpty
    }

    /// Whether a rule's condition is true of every report that its module is open for.
    func isAlways(_ rule: CompiledRule, _ module: CompiledModule) -> Bool {
        guard rule.expression < 0, let region = space.boxes(module.takesOver), !region.isEmpty else { return false }
        return rule.parts.allSatisfy { place in
            guard let outside = space.boxes(module.parts[place].formula, negated: true), let both = space.product(region, outside) else { return false }
            return both.isEmpty
        }
    }

    /// Two parts of a condition that no report meets both.
    func contradiction(_ rule: CompiledRule, _ module: CompiledModule) -> (ConditionPart, ConditionPart)? {
        let parts = rule.parts.map { module.parts[$0] }.filter { $0.formula >= 0 }
        for (i, a) in parts.enumerated() {
            for b in parts[..<i] {
                guard let first = space.boxes(a.formula), let second = space.boxes(b.formula), !first.isEmpty, !second.isEmpty,
                    let both = space.product(first, second), both.isEmpty
                else { continue }
                return (b, a)
            }
        }
        return nil
    }

    /// A report that two modules are open for; nil: none was found.
    func overlap(_ a: Int, _ b: Int) -> RouteSubject? {
        guard let first = exactGate(set.modules[a]), let second = exactGate(set.modules[b]) else { return nil }
        for left in first {
            for right in second {
                guard let both = space.intersection(left, right), let subject = witness.subject(in: both) else { continue }
                let activation = ReportActivation(subject, set.site)
                func isOpen(_ module: CompiledModule) -> Bool { module.takes.map { (try? $0.expression.matches(activation)) ?? false } ?? true }
                if isOpen(set.modules[a]), isOpen(set.modules[b]) { return subject }
            }
        }
        return nil
    }

    /// - Parameter taker: who took a report instead, and all that it takes; nil: that can't be said.
    private func search(
        _ region: [ReportSpace.Box], isReached: (Outcome) -> Bool, taker: (Outcome) -> (Cover, [ReportSpace.Box])?
    ) -> Answer {
        var open = region.filter { !space.isEmpty($0) }
        guard !open.isEmpty else { return .impossible(nil) }
        var covers: [Cover: [ReportSpace.Box]] = [:]
        var example: RouteSubject?
        var steps = 0
        while let box = open.popLast() {
            steps += 1
            guard steps <= Self.stepsMax, let subject = witness.subject(in: box) else { return .unknown }
            let outcome = outcome(subject)
            if isReached(outcome) { return .possible(subject) }
            guard let (cover, taken) = taker(outcome) else { return .unknown }
            covers[cover] = taken
            example = example ?? subject
            // It took the report, so that something must be gone; else the report was none of this box.
            guard taken.contains(where: { space.intersection(box, $0) != nil }) else { return .unknown }
            var rest = [box]
            for other in taken { rest = rest.flatMap { space.difference($0, other) } }
            open += rest
        }
        guard let example else { return .unknown }
        func order(_ cover: Cover) -> (Int, Int) {
            switch cover {
            case .module(let number): (0, number)
            case .rule(let number): (1, number)
            }
        }
        // As few as will do: who reads it looks at each of them.
        func isCovered(by kept: [Cover]) -> Bool {
            var rest = region
            for cover in kept {
                for other in covers[cover] ?? [] { rest = rest.flatMap { space.difference($0, other) } }
                guard rest.count <= Self.stepsMax else { return false }
            }
            return rest.allSatisfy { space.isEmpty($0) }
        }
        let all = covers.keys.sorted { order($0) < order($1) }
        var kept = all.first { isCovered(by: [$0]) }.map { [$0] } ?? all
        if kept.count > 1, kept.count <= 12 {
            for cover in kept where isCovered(by: kept.filter { $0 != cover }) { kept.removeAll { $0 == cover } }
        }
        return .impossible(Covered(covers: kept, example: example))
    }
}

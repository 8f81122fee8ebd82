import CEL
import Domain

/// What is odd about a set that has no mistakes: each a warning, given only where it is certain.
struct SetFindings {
    let site: SiteFacts
    let shared: SharedSections
    let modules: [(read: ReadModule, module: CompiledModule)]
    let findings: Findings

    /// `proofs` nil: only what needs none.
    func run(_ proofs: Proofs?) {
        for (read, _) in modules {
            tables(read)
            names(read)
        }
        missingLadders()
        if shared.calendar == nil, let first = modules.first(where: { $0.read.workingLimit != nil })?.read, let range = first.workingLimit {
            findings.warning(first.file, range, .noCalendar())
        }
        if modules.allSatisfy({ $0.module.rules.isEmpty }), let fallback = site.fallback {
            findings.warning(site.file, site.fallbackRange ?? 0..<0, .noRules(fallback: fallback.rawValue))
        }
        if let proofs { prove(proofs) }
        crews()
        contractors()
        unusedShared()
    }

    /// Works that nobody of the roster can do; told where they are asked for, else where they are declared.
    private func contractors() {
        let sections = shared.contractors
        let uses = modules.flatMap { read, _ in read.worksUses.map { (read.file, $0) } }
        guard sections.hasRoster else {
            let given = uses.filter { !$0.1.isPublished }
            if let first = given.first { findings.warning(first.0, first.1.range, .missingContractors(given.count)) }
            return
        }
        func wording(_ code: String, isAskedFor: Bool) -> Wording {
            let works = sections.book.works[code]
            return .nobodyQualified(code, licence: works?.licence, level: works?.level ?? 3, isAskedFor: isAskedFor)
        }
        for (file, use) in uses where !sections.book.isAnybodyAble(use.works) { findings.warning(file, use.range, wording(use.works, isAskedFor: true)) }
        let asked = Set(uses.map(\.1.works))
        for (name, mark) in sections.worksMarks where !asked.contains(name) && !sections.book.isAnybodyAble(name) {
            findings.warning(mark.reader.file, mark.range, wording(name, isAskedFor: false))
        }
    }

    /// Told once, at the first of the rules that miss one.
    private func missingLadders() {
        let missing = modules.flatMap { module in module.read.marks.compactMap { marks in marks.ladderRange.map { (module.read.file, $0) } } }
        guard let first = missing.first else { return }
        findings.warning(first.0, first.1, .missingLadders(rules: missing.count))
    }

    private func tables(_ module: ReadModule) {
        for gap in module.gaps { findings.warning(module.file, gap.range, .tableGap(gap.table, values: gap.values)) }
    }

    private func names(_ module: ReadModule) {
        for name in module.lets where !module.usedLets.contains(name.name) { findings.warning(module.file, name.range, .unused("condition", name.name)) }
        for answer in module.answers where !module.usedAnswers.contains(answer.name) { findings.warning(module.file, answer.range, .unused("answer", answer.name)) }
        for table in module.tables where !module.usedTables.contains(table.name) { findings.warning(module.file, table.range, .unused("table", table.name)) }
        for marks in module.marks {
            if let range = marks.escalateRange { findings.warning(module.file, range, .idleEscalation) }
        }
    }

    // MARK: What has to be proved

    private func prove(_ proofs: Proofs) {
        if modules.contains(where: { !$0.module.rules.isEmpty }), case .possible(let subject) = proofs.canBeUnclaimed() {
            findings.warning(site.file, site.fallbackRange ?? 0..<0, .onlyFallback(site.fallback?.rawValue ?? "", example: Witness.example(subject)))
        }
        for (number, (read, module)) in modules.enumerated() {
            truths(read, module, proofs)
            if case .impossible(let covered) = proofs.canOpen(number) {
                if let covered { tellNoReports(number, covered) }
                continue
            }
            if module.takes != nil { overlap(number, proofs) }
            for place in module.rules.indices { rule(place, in: number, proofs) }
            if case .possible(let subject) = proofs.canFallThrough(number), let last = read.marks.last {
                findings.warning(read.file, last.nameRange, .fallsThrough(site.fallback?.rawValue ?? "", example: Witness.example(subject)))
            }
        }
    }

    private func example(_ proofs: Proofs, _ formulas: [Int32] = []) -> String? { proofs.example(of: formulas).map(Witness.example) }

    /// `takes` and `let`s that are true or false whatever the report.
    private func truths(_ read: ReadModule, _ module: CompiledModule, _ proofs: Proofs) {
        if let takes = module.takes, let range = read.takesRange, takes.text != "true" {
            if proofs.isNever([module.takesOver], in: nil) {
                findings.warning(read.file, range, .neverTrue("'takes'", parts: nil, example: example(proofs)))
            } else if module.takesIsFormula, proofs.space.boxes(module.takesOver, negated: true)?.isEmpty == true {
                findings.warning(read.file, range, .alwaysTrue("'takes'", here: false, example: example(proofs)))
            }
        }
        // The fields of a case change on its way: what `takes` said of them proves nothing later.
        for stage in read.stageConditions where proofs.isNever([stage.over], in: nil) {
            findings.warning(read.file, stage.range, .neverTrue("the 'when' of the stage '\(stage.stage)'", parts: nil, example: example(proofs)))
        }
        for name in read.lets {
            guard let over = name.over else { continue }
            if proofs.isNever([over], in: nil) {
                findings.warning(read.file, name.range, .neverTrue("'\(name.name)'", parts: nil, example: example(proofs)))
            } else if let exact = name.exact, exact != FormulaPool.yes, proofs.space.boxes(exact, negated: true)?.isEmpty == true {
                findings.warning(read.file, name.range, .alwaysTrue("'\(name.name)'", here: false, example: example(proofs)))
            }
        }
    }

    private func rule(_ place: Int, in number: Int, _ proofs: Proofs) {
        let (read, module) = modules[number]
        let rule = module.rules[place]
        let range = read.marks[place].nameRange
        switch proofs.canFire(place, in: number) {
        case .unknown: break
        case .possible:
            if let text = module.condition(of: rule), text != "true", proofs.isAlways(rule, module) {
                let isEverywhere = rule.parts.allSatisfy { proofs.space.boxes(module.parts[$0].formula, negated: true)?.isEmpty == true }
                findings.warning(read.file, range, .alwaysTrue("the condition of this rule", here: !isEverywhere, example: example(proofs, [module.takesOver])))
            }
        case .impossible(nil):
            if proofs.isNever(proofs.overs(rule, module), in: nil) {
                let pair = proofs.contradiction(rule, module)
                let parts = pair.map { (module.text(of: $0.0, in: rule), module.text(of: $0.1, in: rule)) }
                let shown = pair.map { example(proofs, [$0.0.formula]) } ?? example(proofs, [module.takesOver])
                findings.warning(read.file, range, .neverTrue("the condition of this rule", parts: parts, example: shown))
            } else {
                findings.warning(read.file, range, .neverTrueHere(takes: module.takes?.text ?? "", example: example(proofs, [module.takesOver])))
            }
        case .impossible(let covered?):
            let spelling = module.condition(of: rule).map { Condition.spelling(of: $0) }
            let covers = covered.covers.map { cover -> Wording.Cover in
                switch cover {
                case .module(let other): return .module(modules[other].module.name, file: modules[other].module.file)
                case .rule(let other):
                    let earlier = module.rules[other]
                    let text = module.condition(of: earlier)
                    if text == nil || text == "true" { return .everything(module.name(of: earlier), line: Int(earlier.line)) }
                    let isSame = text.map { Condition.spelling(of: $0) } == spelling
                    return isSame ? .same(module.name(of: earlier), line: Int(earlier.line)) : .rule(module.name(of: earlier), line: Int(earlier.line))
                }
            }
            findings.warning(read.file, range, .unreachableRule(covers, example: Witness.example(covered.example)))
        }
    }

    /// A module that gets nothing, because earlier ones have all of it.
    private func tellNoReports(_ number: Int, _ covered: Proofs.Covered) {
        let (read, module) = modules[number]
        let covers = covered.covers.compactMap { cover -> Wording.Cover? in
            guard case .module(let other) = cover else { return nil }
            let rival = modules[other].module
            if rival.takes == nil || rival.takes?.text == "true" { return .everything(rival.name, line: 0, file: rival.file) }
            return rival.takes?.spelling == module.takes?.spelling ? .same(rival.name, line: 0, file: rival.file) : .module(rival.name, file: rival.file)
        }
        findings.warning(read.file, read.takesRange ?? read.moduleRange, .moduleOverlap(covers, example: Witness.example(covered.example)))
    }

    /// A report that this module and an earlier one are open for.
    private func overlap(_ number: Int, _ proofs: Proofs) {
        let (read, _) = modules[number]
        for other in 0..<number {
            guard modules[other].module.takes != nil, let subject = proofs.overlap(other, number) else { continue }
            let rival = modules[other].module
            findings.warning(
                read.file, read.takesRange ?? read.moduleRange, .sharedGate(rival.name, file: rival.file, example: Witness.example(subject)))
            return
        }
    }

    // MARK: Crews and names

    private func crews() {
        let roster = site.crews ?? [:]
        var wanted: Set<Set<SkillID>> = []
        var known: [Set<SkillID>: Bool] = [:]
        for (read, module) in modules {
            // Thousands of rules share a few outcomes.
            let unable = module.outcomes.map { outcome -> Set<SkillID>? in
                var unable: Set<SkillID>?
                for skills in Self.skillsWanted(outcome) {
                    wanted.insert(skills)
                    let isAble = known[skills] ?? roster.values.contains { skills.isSubset(of: $0.skills) }
                    known[skills] = isAble
                    if !isAble, unable == nil { unable = skills }
                }
                return unable
            }
            guard unable.contains(where: { $0 != nil }) else { continue }
            for (rule, marks) in zip(module.rules, read.marks) {
                guard let skills = unable[Int(rule.head.outcome)] else { continue }
                findings.warning(read.file, marks.skillsRange ?? marks.nameRange, .noAbleCrew(skills.map(\.rawValue).sorted()))
            }
        }
        let held = roster.values.reduce(into: Set<SkillID>()) { $0.formUnion($1.skills) }
        for (skill, range) in site.skillRanges where !held.contains(SkillID(skill)) && !wanted.contains(where: { $0.contains(SkillID(skill)) }) {
            findings.warning(site.file, range, .skillNobodyHas(skill))
        }
        // Where no rule sends crews at all, none is idler than another.
        guard !wanted.isEmpty else { return }
        for (id, crew) in roster where !wanted.contains(where: { $0.isSubset(of: crew.skills) }) {
            findings.warning(site.file, site.crewRanges[id] ?? 0..<0, .idleCrew(id.rawValue))
        }
    }

    /// The sets of skills that a rule, or the stages of a process, sends crews with.
    private static func skillsWanted(_ outcome: Outcome) -> [Set<SkillID>] {
        guard let process = outcome.process else {
            if case .nearest(let skills, _, _, _) = outcome.assign { return [skills] }
            return []
        }
        return process.stages.compactMap { stage in
            if case .nearest(let skills, _, _) = stage.assign { return skills }
            return nil
        }
    }

    private func unusedShared() {
        let used = Set(modules.flatMap { _, module in module.outcomes.flatMap(\.ladders) } + shared.customers.ladders)
        for (name, mark) in shared.ladderMarks where !used.contains(name) { findings.warning(mark.file, mark.range, .unused("ladder", name)) }
        // Customers are told of the steps of their cases.
        let tellsCustomers = modules.contains { _, module in module.outcomes.contains { $0.process != nil } }
        for (name, mark) in shared.channelMarks where !shared.usedChannels.contains(name) && !(name == "customer" && tellsCustomers) {
            findings.warning(mark.file, mark.range, .unused("channel", name))
        }
        for (name, range) in site.shiftRanges where !site.usedShifts.contains(name) { findings.warning(site.file, range, .unused("shift", name)) }
    }
}

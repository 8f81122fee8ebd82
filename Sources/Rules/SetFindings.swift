import CEL
import Domain

/// What is odd about a set that has no mistakes: each a warning, given only where it is certain.
struct SetFindings {
    let site: SiteFacts
    let shared: SharedSections
    let modules: [ReadModule]
    let sources: [SourceText]
    let findings: Findings

    func run() {
        for module in modules {
            tables(module)
            names(module)
            order(module)
        }
        missingLadders()
        overlaps()
        crews()
        unusedShared()
    }

    private func tables(_ module: ReadModule) {
        for gap in module.gaps { findings.warning(module.file, gap.range, .tableGap(gap.table, values: gap.values)) }
    }

    private func names(_ module: ReadModule) {
        for name in module.lets where !module.usedLets.contains(name.name) { findings.warning(module.file, name.range, .unused("condition", name.name)) }
        for table in module.tables where !module.usedTables.contains(table.name) { findings.warning(module.file, table.range, .unused("table", table.name)) }
        for marks in module.marks {
            if let range = marks.escalateRange { findings.warning(module.file, range, .idleEscalation) }
        }
    }

    /// Told once, at the first of the rules that miss one.
    private func missingLadders() {
        let missing = modules.flatMap { module in module.marks.compactMap { marks in marks.ladderRange.map { (module.file, $0) } } }
        guard let first = missing.first else { return }
        findings.warning(first.0, first.1, .missingLadders(rules: missing.count))
    }

    /// Takes every report that comes to it.
    private func isUnconditional(_ rule: CompiledRule) -> Bool { rule.when == nil || rule.when?.text == "true" }

    private func order(_ module: ReadModule) {
        var closed: CompiledRule?
        var spellings: [String: CompiledRule] = [:]
        for (rule, marks) in zip(module.module.rules, module.marks) {
            if let closed {
                findings.warning(module.file, marks.nameRange, .unreachableRule(closed.name, line: closed.line, same: false))
            } else if let when = rule.when, let earlier = spellings[Condition.spelling(of: when.text)] {
                findings.warning(module.file, marks.nameRange, .unreachableRule(earlier.name, line: earlier.line, same: true))
            }
            guard !rule.continues else { continue }
            if isUnconditional(rule) { closed = closed ?? rule }
            if let when = rule.when, spellings[Condition.spelling(of: when.text)] == nil { spellings[Condition.spelling(of: when.text)] = rule }
        }
        if !module.module.rules.contains(where: isUnconditional), let last = module.marks.last {
            findings.warning(module.file, last.nameRange, .fallsThrough(site.fallback?.rawValue ?? ""))
        }
    }

    /// Modules that get nothing, because an earlier one has the same gate or none.
    private func overlaps() {
        var earlier: [ReadModule] = []
        for module in modules {
            let own = module.module.takes?.spelling
            let rival = earlier.first { other in
                guard let gate = other.module.takes, gate.text != "true" else { return true }
                // The same words mean the same only where no `let` of either module is behind them.
                return gate.spelling == own && gate.expression.definitionsUsed.isEmpty && module.module.takes?.expression.definitionsUsed.isEmpty == true
            }
            if let rival {
                let whole = rival.module.takes == nil || rival.module.takes?.text == "true"
                findings.warning(
                    module.file, module.takesRange ?? module.moduleRange,
                    .moduleOverlap(rival.module.name, file: sources[rival.file].name, whole: whole))
            }
            earlier.append(module)
        }
    }

    private func crews() {
        let roster = site.crews ?? [:]
        var wanted: [Set<SkillID>] = []
        for module in modules {
            for (rule, marks) in zip(module.module.rules, module.marks) {
                guard case .nearest(let skills, _, _) = rule.outcome.assign else { continue }
                wanted.append(skills)
                if !roster.values.contains(where: { skills.isSubset(of: $0.skills) }) {
                    findings.warning(module.file, marks.skillsRange ?? marks.nameRange, .noAbleCrew(skills.map(\.rawValue).sorted()))
                }
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

    private func unusedShared() {
        let used = Set(modules.flatMap { $0.module.rules.compactMap(\.outcome.escalate) })
        for (name, mark) in shared.ladderMarks where !used.contains(name) { findings.warning(mark.file, mark.range, .unused("ladder", name)) }
        for (name, mark) in shared.channelMarks where !shared.usedChannels.contains(name) {
            findings.warning(mark.file, mark.range, .unused("channel", name))
        }
        for (name, range) in site.shiftRanges where !site.usedShifts.contains(name) { findings.warning(site.file, range, .unused("shift", name)) }
    }
}

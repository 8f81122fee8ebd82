import CEL
import Domain

/// What is odd about a set that has no mistakes: each a warning, given only where it is certain.
struct SetFindings {
    let site: SiteFacts
    let shared: SharedSections
    let modules: [(read: ReadModule, module: CompiledModule)]
    let sources: [SourceText]
    let findings: Findings

    func run() {
        for (read, module) in modules {
            tables(read)
            names(read)
            order(read, module)
        }
        missingLadders()
        overlaps()
        crews()
        unusedShared()
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
        for table in module.tables where !module.usedTables.contains(table.name) { findings.warning(module.file, table.range, .unused("table", table.name)) }
        for marks in module.marks {
            if let range = marks.escalateRange { findings.warning(module.file, range, .idleEscalation) }
        }
    }

    private func order(_ read: ReadModule, _ module: CompiledModule) {
        var closed: CompiledRule?
        var spellings: [String: CompiledRule] = [:]
        var isOpen = true
        for (rule, marks) in zip(module.rules, read.marks) {
            let text = module.condition(of: rule)
            let spelling = text.map { Condition.spelling(of: $0) }
            // Takes every report that comes to it.
            let takesAll = text == nil || text == "true"
            if takesAll { isOpen = false }
            if let closed {
                findings.warning(read.file, marks.nameRange, .unreachableRule(module.name(of: closed), line: Int(closed.line), same: false))
            } else if let spelling, let earlier = spellings[spelling] {
                findings.warning(read.file, marks.nameRange, .unreachableRule(module.name(of: earlier), line: Int(earlier.line), same: true))
            }
            guard !rule.continues else { continue }
            if takesAll { closed = closed ?? rule }
            if let spelling, spellings[spelling] == nil { spellings[spelling] = rule }
        }
        if isOpen, let last = read.marks.last { findings.warning(read.file, last.nameRange, .fallsThrough(site.fallback?.rawValue ?? "")) }
    }

    /// Modules that get nothing, because an earlier one has the same gate or none.
    private func overlaps() {
        var earlier: [(read: ReadModule, module: CompiledModule)] = []
        for (read, module) in modules {
            let own = module.takes?.spelling
            let rival = earlier.first { _, other in
                guard let gate = other.takes, gate.text != "true" else { return true }
                // The same words mean the same only where no `let` of either module is behind them.
                return gate.spelling == own && gate.expression.definitionsUsed.isEmpty && module.takes?.expression.definitionsUsed.isEmpty == true
            }
            if let rival {
                let whole = rival.module.takes == nil || rival.module.takes?.text == "true"
                findings.warning(
                    read.file, read.takesRange ?? read.moduleRange,
                    .moduleOverlap(rival.module.name, file: sources[rival.read.file].name, whole: whole))
            }
            earlier.append((read, module))
        }
    }

    private func crews() {
        let roster = site.crews ?? [:]
        var wanted: Set<Set<SkillID>> = []
        var known: [Set<SkillID>: Bool] = [:]
        for (read, module) in modules {
            for (rule, marks) in zip(module.rules, read.marks) {
                guard case .nearest(let skills, _, _) = module.outcome(of: rule).assign else { continue }
                wanted.insert(skills)
                let isAble = known[skills] ?? roster.values.contains { skills.isSubset(of: $0.skills) }
                known[skills] = isAble
                if !isAble { findings.warning(read.file, marks.skillsRange ?? marks.nameRange, .noAbleCrew(skills.map(\.rawValue).sorted())) }
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
        let used = Set(modules.flatMap { _, module in module.rules.compactMap { module.outcome(of: $0).escalate } })
        for (name, mark) in shared.ladderMarks where !used.contains(name) { findings.warning(mark.file, mark.range, .unused("ladder", name)) }
        for (name, mark) in shared.channelMarks where !shared.usedChannels.contains(name) {
            findings.warning(mark.file, mark.range, .unused("channel", name))
        }
        for (name, range) in site.shiftRanges where !site.usedShifts.contains(name) { findings.warning(site.file, range, .unused("shift", name)) }
    }
}

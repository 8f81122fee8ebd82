import Domain

// The mutants of a process: each document dropped, its limit longer; of each stage: each that it comes after dropped, its condition dropped,
// another department, each skill dropped, `within` dropped, each limit longer, its clock not stopped, its way back dropped.

extension MutantMaker {
    /// - Parameter changed: what the process's rule makes, with another plan.
    mutating func processOutcomes(_ rule: RuleMap.Rule, _ plan: ProcessPlan, _ changed: (ProcessPlan) -> Outcome) {
        let reader = FileReader(file: 0, source: module.source, findings: Findings())
        var made: [RuleMutant] = []
        func add(_ node: Node?, _ change: String, _ hint: String?, _ other: ProcessPlan) {
            var effect = RuleMutant.Effect(module: module.number)
            effect.outcomes[rule.number] = changed(other)
            let range = node.map { reader.place($0) } ?? rule.nameRange
            made.append(RuleMutant(rule: rule.name, place: Self.place(range, module.source, module.file), change: change, hint: hint, effect: effect))
        }
        for item in rule.values["documents"]?.items ?? [] {
            guard let code = item.text, plan.documents.contains(code) else { continue }
            add(
                item, "the document '\(code)' is not asked for", "add 'missing: [\(code)]' to the 'expect' of an application without it",
                plan.changed(documents: plan.documents.filter { $0 != code }))
        }
        if let total = plan.total {
            add(
                rule.values["limits"]?["total"], "'total' is \(Self.more(total)) longer", "add 'total: \(total.ruleText)' to an 'expect'",
                plan.changed(total: Self.longer(total)))
        }
        let nodes = rule.values["stages"]?.items ?? []
        for (place, stage) in plan.stages.enumerated() where place < nodes.count {
            let node = nodes[place]
            func with(_ body: (inout ProcessPlan.Stage) -> Void) -> ProcessPlan {
                var stages = plan.stages
                body(&stages[place])
                return plan.changed(stages: stages)
            }
            let name = stage.name
            for (number, before) in stage.after.enumerated() {
                let item = node["after"]?.items.flatMap { number < $0.count ? $0[number] : nil }
                add(
                    item, "'\(name)' does not wait for '\(plan.stages[before].name)'", "add 'open' to an 'expect' while '\(plan.stages[before].name)' is open",
                    with { $0.after.remove(at: number) })
            }
            if stage.when != nil { add(node["when"], "'\(name)' is always done: no 'when'", "add 'skipped: [\(name)]' to an 'expect'", with { $0.when = nil }) }
            for limit in LimitName.allCases {
                guard let length = stage.limits[limit] else { continue }
                add(
                    node["limits"]?[limit.rawValue], "'\(limit.rawValue)' of '\(name)' is \(Self.more(length)) longer",
                    "add '\(limit.rawValue): \(length.ruleText)' to an 'expect' of the task '\(name)'", with { $0.limits[limit] = Self.longer(length) })
            }
            if stage.isStopped { add(node["clock"], "the clock runs in '\(name)'", "let time pass in it, and expect who is told", with { $0.isStopped = false }) }
            if let back = stage.backTo {
                add(
                    node["failed"], "'\(name)' does not go back to '\(plan.stages[back].name)'",
                    "complete it with 'outcome: failed', and expect 'open: [\(plan.stages[back].name)]'", with { $0.backTo = nil })
            }
            assignments(stage, node["assign"], add, with)
        }
        mutants += made
    }

    private func assignments(
        _ stage: ProcessPlan.Stage, _ node: Node?, _ add: (Node?, String, String?, ProcessPlan) -> Void, _ with: ((inout ProcessPlan.Stage) -> Void) -> ProcessPlan
    ) {
        let name = stage.name
        if let other = other(than: stage.assign.department) {
            let key = if case .nearest = stage.assign { "otherwise" } else { "department" }
            if node?[key] != nil {
                add(
                    node?[key], "'\(name)' is with '\(other)', not with '\(stage.assign.department)'",
                    "add 'department: \(stage.assign.department)' to an 'expect' of the task '\(name)'", with { $0.assign = $0.assign.with(other) })
            }
        }
        guard case .nearest(let skills, let within, let otherwise) = stage.assign else { return }
        for item in node?["skills"]?.items ?? [] {
            guard let skill = item.text, skills.contains(SkillID(skill)) else { continue }
            add(
                item, "the crew for '\(name)' need not have '\(skill)'", "let a crew without it be nearer, or add 'skills' to an 'expect'",
                with { $0.assign = .nearest(skills: skills.subtracting([SkillID(skill)]), within: within, otherwise: otherwise) })
        }
        if within != nil {
            add(
                node?["within"], "crews go any distance for '\(name)': no 'within'", "let the only crew be farther away, or add 'within' to an 'expect'",
                with { $0.assign = .nearest(skills: skills, within: nil, otherwise: otherwise) })
        }
    }
}

extension StageAssignment {
    func with(_ department: DepartmentID) -> StageAssignment {
        switch self {
        case .nearest(let skills, let within, _): .nearest(skills: skills, within: within, otherwise: department)
        case .department: .department(department)
        case .accountManager: .accountManager(otherwise: department)
        case .contractor(let works, _): .contractor(works: works, department: department)
        case .customer: .customer(followedBy: department)
        }
    }
}

extension Outcome {
    func with(process: ProcessPlan) -> Outcome {
        Outcome(task: task, priority: priority, assign: assign, limits: limits, escalate: escalate, continues: continues, process: process, share: share)
    }
}

extension ProcessPlan {
    /// The same where a `let` says something else; nil: no stage asks for it.
    func redefining(_ name: String, as text: String) -> ProcessPlan? {
        var stages = stages
        var isChanged = false
        for place in stages.indices {
            guard let number = stages[place].when?.definitions.firstIndex(where: { $0.name == name }) else { continue }
            stages[place].when?.definitions[number].text = text
            isChanged = true
        }
        return isChanged ? changed(stages: stages) : nil
    }

    /// The same with something else in its place.
    func changed(documents: [String]? = nil, total: LimitLength?? = nil, stages: [Stage]? = nil) -> ProcessPlan {
        ProcessPlan(
            name: name, file: file, line: line, chinese: chinese, english: english, documents: documents ?? self.documents, total: total ?? self.total,
            escalate: escalate, stages: stages ?? self.stages)
    }
}

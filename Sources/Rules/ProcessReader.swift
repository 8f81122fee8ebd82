import CEL
import Domain

/// Reads `processes`: standard stages for applications.
///
/// A process is a rule of its module (its `takes` is the rule's condition, processes stand before `route`), so that finding the process of
/// an application, proving that none is dead and testing it need nothing of their own.
struct ProcessReader {
    let reader: FileReader
    let facts: SetFacts
    let formulas: FormulaReader

    /// A process with its `takes` still to be made into a rule's condition.
    struct Found {
        var plan: ProcessPlan
        var takes: Node?
        var hasTakes: Bool
        var name: String
        var nameRange: Range<Int>
        var skillRanges: [Range<Int>]
        var ladderRange: Range<Int>?
        /// The first limit that counts working days.
        var workingLimit: Range<Int>?
        var definitionsUsed: Set<String>
        var conditions: [(stage: String, range: Range<Int>, over: Int32)] = []
        var worksUses: [ReadModule.WorksUse] = []
    }

    private struct StageDraft {
        var stage: ProcessPlan.Stage
        var range: Range<Int>
        var after: [(name: String, range: Range<Int>)]?
        var backTo: (name: String, range: Range<Int>)?
        /// Of the limit `stage`.
        var limitRange: Range<Int>?
        /// No `assign`: the department that follows it is not known before all stages are.
        var isCustomers: Bool
        /// `assign` says no department.
        var needsDepartment: Bool
    }

    static let example = "- name: new_connection_hv\n  takes: report.type == \"application\"\n  stages:\n    - name: acceptance\n      assign: { department: marketing }"

    func read(_ node: Node, module: String, _ conditions: ConditionReader) -> [Found] {
        guard let items = reader.list(node, "processes", of: "processes", example: Self.example) else { return [] }
        if items.isEmpty { reader.error(reader.place(node), .emptyValue("processes", example: Self.example)) }
        var found: [Found] = []
        for item in items {
            guard reader.inBlockStyle(item, "a process", example: Self.example), let block = reader.block(item, Keys.process, example: Self.example),
                let one = process(block, module: module, conditions)
            else { continue }
            found.append(one)
        }
        return found
    }

    private func process(_ block: Block, module: String, _ conditions: ConditionReader) -> Found? {
        let name = reader.required("name", in: block).flatMap {
            reader.code($0, "name", what: "a process's name", example: "name: new_connection_hv", allowsDots: false)
        }
        let nameRange = block["name"].map { reader.place($0) } ?? block.anchor
        var documents: [String] = []
        if let node = block["documents"] {
            for item in reader.list(node, "documents", of: "documents", example: Keys.process.examples["documents"]) ?? [] {
                guard let code = reader.text(item, "documents"), reader.declared(code, reader.place(item), in: "document", known: facts.site?.codes("document")) else { continue }
                if documents.contains(code) {
                    reader.error(reader.place(item), .duplicateName("the document", code, place: "this list"))
                } else {
                    documents.append(code)
                }
            }
        }
        var found = Found(
            plan: ProcessPlan(name: "", file: "", line: 0, stages: []), takes: block["takes"], hasTakes: block.has("takes"), name: name ?? "", nameRange: nameRange,
            skillRanges: [], definitionsUsed: [])
        var total: LimitLength?
        if let node = block["limits"], let section = reader.block(node, Keys.processLimits, example: Keys.process.examples["limits"]) {
            total = section["total"].flatMap { limit($0, "total", &found) }
        }
        let ladder = block["escalate"].flatMap { self.ladder($0, hasLimits: block.has("limits"), &found) }

        guard let node = reader.required("stages", in: block, of: name.map { "the process '\($0)'" }),
            let items = reader.list(node, "stages", of: "stages", example: Keys.process.examples["stages"])
        else { return nil }
        if items.isEmpty { reader.error(reader.place(node), .emptyValue("stages", example: Keys.process.examples["stages"])) }
        var conditions = conditions
        let outer = conditions
        conditions.schema = CaseSchema.schema(conditions.schema, stages: items.compactMap { $0["name"]?.text })
        var drafts: [StageDraft] = []
        var lines: [String: Int] = [:]
        var isWhole = !items.isEmpty
        for item in items {
            guard reader.inBlockStyle(item, "a stage", example: "- name: site_survey\n  after: [acceptance]"),
                let block = reader.block(item, Keys.stage, example: "- name: site_survey\n  after: [acceptance]\n  assign: { nearest: crew, skills: [survey] }"),
                let draft = stage(block, conditions, &lines, &found)
            else {
                isWhole = false
                continue
            }
            if let total, let range = draft.limitRange, let length = draft.stage.limits[.stage], length.isLonger(than: total) {
                reader.findings.warning(reader.file, range, .longLimit("stage", length, than: "the process's 'total'", total))
            }
            drafts.append(draft)
        }
        // What a stage that could not be read would have been is nobody's fault here.
        guard isWhole, let name, let stages = linked(drafts) else {
            // The condition's own mistakes are told all the same.
            if let takes = block["takes"] { _ = outer.expression(takes, "takes", expecting: .bool) }
            return nil
        }
        found.plan = ProcessPlan(
            name: module + "." + name, file: reader.source.name, line: reader.line(of: nameRange), chinese: block["zh"].flatMap { reader.text($0, "zh") },
            english: block["en"].flatMap { reader.text($0, "en") }, documents: documents, total: total, escalate: ladder, stages: stages)
        return found
    }

    // MARK: A stage

    private func stage(_ block: Block, _ conditions: ConditionReader, _ lines: inout [String: Int], _ found: inout Found) -> StageDraft? {
        let name = reader.required("name", in: block).flatMap {
            reader.code($0, "name", what: "a stage's name", example: "name: site_survey", allowsDots: false)
        }
        let range = block["name"].map { reader.place($0) } ?? block.anchor
        if let name {
            if let first = lines[name] {
                reader.error(range, .duplicateName("the stage", name, place: "line \(first)"))
                return nil
            }
            lines[name] = reader.line(of: range)
        }
        var draft = StageDraft(
            stage: ProcessPlan.Stage(name: name ?? "", assign: .department(DepartmentID(""))), range: range, isCustomers: false, needsDepartment: false)
        draft.stage.chinese = block["zh"].flatMap { reader.text($0, "zh") }
        draft.stage.english = block["en"].flatMap { reader.text($0, "en") }
        if let node = block["after"] {
            var after: [(String, Range<Int>)] = []
            for item in reader.list(node, "after", of: "stages", example: Keys.stage.examples["after"]) ?? [] {
                if let text = reader.text(item, "after") { after.append((text, reader.place(item))) }
            }
            draft.after = after
        }
        if let node = block["when"] {
            guard let condition = conditions.expression(node, "when", expecting: .bool) else { return nil }
            found.definitionsUsed.formUnion(condition.definitionsUsed)
            // Of the case itself nothing is proved.
            if condition.reads.allSatisfy({ !CaseSchema.isOfCase(slot: $0.slot) }) {
                found.conditions.append((name ?? "", reader.place(node), formulas.over(condition.root)))
            }
            draft.stage.when = Self.gate(condition, conditions.schema.definitions)
        }
        if let node = block["clock"], let clock = reader.choice(node, "clock", among: ["running", "stopped"], example: "clock: stopped") {
            draft.stage.isStopped = clock == "stopped"
        }
        if let node = block["priority"], let text = reader.choice(node, "priority", among: Priority.allCases.map(\.rawValue)) {
            draft.stage.priority = Priority(rawValue: text) ?? .normal
        }
        if let node = block["publish"], let section = reader.block(node, Keys.publish, example: Keys.stage.examples["publish"]),
            let who = reader.required("contractors", in: section), reader.choice(who, "contractors", among: ["qualified"], example: "contractors: qualified") != nil
        {
            draft.stage.publish = "contractors"
            if let node = section["works"], let works = reader.code(node, "works", what: "a kind of works", example: "works: line_10kv", allowsDots: false) {
                draft.stage.publishWorks = works
                found.worksUses.append(.init(works: works, range: reader.place(node), isPublished: true))
            }
        }
        if let node = block["tell"], reader.choice(node, "tell", among: ["customer"], example: "tell: customer") != nil { draft.stage.tellsCustomer = true }
        if let node = block["failed"], let section = reader.block(node, Keys.failed, example: Keys.stage.examples["failed"]),
            let target = reader.required("back_to", in: section), let text = reader.text(target, "back_to", example: "back_to: customer_works")
        {
            draft.backTo = (text, reader.place(target))
        }
        if let node = block["assign"] {
            guard assign(node, &draft, &found) else { return nil }
        } else if block.has("assign") {
            return nil
        } else if draft.stage.isStopped || draft.stage.publish != nil {
            draft.isCustomers = true
        } else {
            reader.error(block.anchor, .stageForNobody(name ?? ""))
            return nil
        }
        limits(block, &draft, &found)
        draft.stage.escalate = block["escalate"].flatMap { ladder($0, hasLimits: block.has("limits"), &found) }
        guard name != nil else { return nil }
        return draft
    }

    /// The condition with the `let`s that it needs, those first that others need.
    private static func gate(_ condition: Expression, _ definitions: [String: Expression]) -> ProcessPlan.Gate {
        var result: [ProcessPlan.Gate.Definition] = []
        func add(_ names: [String]) {
            for name in names where !result.contains(where: { $0.name == name }) {
                guard let definition = definitions[name] else { continue }
                add(definition.definitionsUsed)
                result.append(.init(name: name, text: definition.text))
            }
        }
        add(condition.definitionsUsed)
        return ProcessPlan.Gate(text: Condition.trimmed(condition.text).text, definitions: result)
    }

    private func limits(_ block: Block, _ draft: inout StageDraft, _ found: inout Found) {
        guard let node = block["limits"], let section = reader.block(node, Keys.stageLimits, example: Keys.stage.examples["limits"]) else { return }
        for name in [LimitName.accept, .arrive, .restore, .stage] {
            guard let node = section[name.rawValue], let length = limit(node, name.rawValue, &found) else { continue }
            let range = section.keyRanges[name.rawValue] ?? reader.place(node)
            let isCrews: Bool = if case .nearest = draft.stage.assign { true } else { false }
            if draft.stage.isStopped {
                reader.error(range, .limitOnNothing(name.rawValue, because: "the clock of this stage stands still ('clock: stopped')"))
            } else if draft.isCustomers, name != .stage {
                reader.error(range, .limitOnNothing(name.rawValue, because: "this stage is the customer's own ('assign' is missing): only 'stage' can have a limit"))
            } else if name == .arrive || name == .restore, !isCrews {
                reader.error(range, .limitOnNothing(name.rawValue, because: "nobody travels for this stage: it is no crew's"))
            }
            draft.stage.limits[name] = length
            if name == .stage { draft.limitRange = range }
        }
        guard let whole = draft.stage.limits[.stage] else { return }
        for name in [LimitName.accept, .arrive, .restore] {
            guard let length = draft.stage.limits[name], length.isLonger(than: whole) else { continue }
            reader.findings.warning(reader.file, section.keyRanges[name.rawValue] ?? reader.place(node), .longLimit(name.rawValue, length, than: "'stage'", whole))
        }
    }

    private func limit(_ node: Node, _ name: String, _ found: inout Found) -> LimitLength? {
        let length = reader.limit(node, name)
        if length?.isWorking == true, found.workingLimit == nil { found.workingLimit = reader.place(node) }
        return length
    }

    private func ladder(_ node: Node, hasLimits: Bool, _ found: inout Found) -> String? {
        if !hasLimits {
            reader.findings.warning(reader.file, reader.place(node), .idleEscalation)
        } else if facts.ladders == [], found.ladderRange == nil {
            found.ladderRange = reader.place(node)
        }
        return reader.reference(node, "escalate", "ladder", .unknownEscalation, known: facts.ladders == [] ? nil : facts.ladders, example: "escalate: connections")
    }

    // MARK: Who does it

    private func assign(_ node: Node, _ draft: inout StageDraft, _ found: inout Found) -> Bool {
        guard let block = reader.block(node, Keys.stageAssign, example: Keys.stage.examples["assign"]) else { return false }
        let kinds = ["nearest", "contractor", "account_manager"].filter { block.has($0) }
        if kinds.count > 1 {
            reader.error(block.keyRanges[kinds[1]] ?? block.anchor, .assignTwo(kinds))
            return false
        }
        func department(_ key: String) -> DepartmentID? {
            block[key].flatMap { reader.reference($0, key, "department", .unknownDepartment, known: facts.site?.departmentNames) }.map { DepartmentID($0) }
        }
        for key in ["skills", "within", "otherwise"] where kinds.first != "nearest" && block.has(key) {
            reader.error(block.keyRanges[key] ?? block.anchor, .onlyWithNearest(key))
        }
        if kinds.first != "contractor", block.has("works") { reader.error(block.keyRanges["works"] ?? block.anchor, .onlyWithContractor("works")) }
        var unit = department("department")
        if block.has("department"), unit == nil { return false }
        draft.needsDepartment = unit == nil
        switch kinds.first {
        case "nearest":
            guard let nearest = block["nearest"], reader.choice(nearest, "nearest", among: ["crew"], example: "nearest: crew") != nil else { return false }
            if let range = block.keyRanges["department"] {
                reader.error(range, .assignBoth)
                return false
            }
            var skills: Set<SkillID> = []
            if let node = block["skills"] {
                skills = SiteReader(reader: reader, sources: []).skillSet(node, known: facts.site?.codes("skill"))
                found.skillRanges.append(reader.place(node))
            }
            let within = block["within"].flatMap { reader.distance($0, "within") }
            if let node = block["otherwise"], let section = reader.block(node, Keys.otherwise, example: Keys.otherwise.examples["department"]) {
                unit = reader.required("department", in: section).flatMap {
                    reader.reference($0, "department", "department", .unknownDepartment, known: facts.site?.departmentNames)
                }.map { DepartmentID($0) }
                if unit == nil { return false }
                draft.needsDepartment = false
            }
            draft.stage.assign = .nearest(skills: skills, within: within, otherwise: unit ?? DepartmentID(""))
        case "contractor":
            guard let tier = block["contractor"], reader.choice(tier, "contractor", among: ["tiered"], example: "contractor: tiered") != nil,
                let node = reader.required("works", in: block, of: "'assign' with a contractor"),
                let works = reader.code(node, "works", what: "a kind of works", example: "works: line_10kv", allowsDots: false)
            else { return false }
            found.worksUses.append(.init(works: works, range: reader.place(node)))
            draft.stage.assign = .contractor(works: works, department: unit ?? DepartmentID(""))
        case "account_manager":
            guard let node = block["account_manager"], let isWanted = reader.flag(node, "account_manager") else { return false }
            guard isWanted || unit != nil else {
                reader.error(block.anchor, .assignNothing)
                return false
            }
            draft.stage.assign = isWanted ? .accountManager(otherwise: unit ?? DepartmentID("")) : .department(unit ?? DepartmentID(""))
        default:
            guard let unit else {
                if !block.has("department") { reader.error(block.anchor, .assignNothing) }
                return false
            }
            draft.stage.assign = .department(unit)
        }
        return true
    }

    // MARK: The stages together

    /// Names become places; nil after an error. Every stage must be reachable, and a way back must lead back.
    private func linked(_ drafts: [StageDraft]) -> [ProcessPlan.Stage]? {
        let names = drafts.map(\.stage.name)
        var isRight = true
        var stages = drafts.map(\.stage)
        for (i, draft) in drafts.enumerated() {
            for (name, range) in draft.after ?? [] {
                guard let place = names.firstIndex(of: name) else {
                    reader.error(range, .unknown(.unknownStage, "stage", name, known: names, suggestion: reader.near(name, among: names)))
                    isRight = false
                    continue
                }
                if stages[i].after.contains(place) {
                    reader.error(range, .duplicateName("the stage", name, place: "this list"))
                } else {
                    stages[i].after.append(place)
                }
            }
        }
        guard isRight else { return nil }

        // A stage is reached when all that it comes after is.
        var reached = Set(stages.indices.filter { stages[$0].after.isEmpty })
        var grows = true
        while grows {
            grows = false
            for place in stages.indices where !reached.contains(place) && stages[place].after.allSatisfy(reached.contains) {
                reached.insert(place)
                grows = true
            }
        }
        let unreached = stages.indices.filter { !reached.contains($0) }
        if !unreached.isEmpty {
            let cycle = Self.cycle(stages, among: unreached)
            if let first = cycle.first {
                let way = (cycle + [first]).map { "'\(names[$0])'" }.joined(separator: " after ")
                reader.error(drafts[first].after?.first.map(\.range) ?? drafts[first].range, .stageCycle(way))
            }
            // What waits for the circle is nobody's fault beside it.
            return nil
        }

        for (i, draft) in drafts.enumerated() {
            guard let (name, range) = draft.backTo else { continue }
            guard let place = names.firstIndex(of: name) else {
                reader.error(range, .unknown(.unknownStage, "stage", name, known: names, suggestion: reader.near(name, among: names)))
                isRight = false
                continue
            }
            guard place == i || Self.comes(i, after: place, stages) else {
                reader.error(range, .notBack(name, from: names[i]))
                isRight = false
                continue
            }
            stages[i].backTo = place
        }
        guard isRight else { return nil }

        // The case is done when all are; but the last stage is to be the last.
        let awaited = Set(stages.flatMap(\.after))
        let ends = stages.indices.filter { !awaited.contains($0) }
        if let last = ends.last {
            for place in ends.dropLast() { reader.findings.warning(reader.file, drafts[place].range, .nothingWaits(names[place], last: names[last], after: stages[last].after.map { names[$0] })) }
        }

        // Who follows a stage that says no department: that of the first stage which says one; else the fallback.
        let lead = zip(drafts, stages).first { !$0.0.isCustomers && !$0.0.needsDepartment }?.1.assign.department ?? facts.site?.fallback
        guard let lead else { return nil }
        for (i, draft) in drafts.enumerated() {
            if draft.isCustomers {
                stages[i].assign = .customer(followedBy: lead)
            } else if draft.needsDepartment {
                switch stages[i].assign {
                case .nearest(let skills, let within, _): stages[i].assign = .nearest(skills: skills, within: within, otherwise: lead)
                case .contractor(let works, _): stages[i].assign = .contractor(works: works, department: lead)
                case .accountManager: stages[i].assign = .accountManager(otherwise: lead)
                case .department, .customer: break
                }
            }
        }
        return stages
    }

    /// Whether a stage comes after another, directly or through others.
    private static func comes(_ stage: Int, after other: Int, _ stages: [ProcessPlan.Stage]) -> Bool {
        var open = [stage]
        var seen: Set<Int> = []
        while let place = open.popLast() {
            for before in stages[place].after {
                if before == other { return true }
                if seen.insert(before).inserted { open.append(before) }
            }
        }
        return false
    }

    /// One circle among stages none of which can begin: each comes after the next.
    private static func cycle(_ stages: [ProcessPlan.Stage], among unreached: [Int]) -> [Int] {
        guard var place = unreached.first else { return [] }
        var way: [Int] = []
        while !way.contains(place) {
            way.append(place)
            guard let next = stages[place].after.first(where: unreached.contains) else { return [] }
            place = next
        }
        return Array(way[(way.firstIndex(of: place) ?? 0)...])
    }
}

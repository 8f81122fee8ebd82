import CEL
import Domain

/// What is known to a module from the others. A part is nil when it could not be read.
struct SetFacts {
    /// nil: there is no site.
    var site: SiteWords?
    /// nil: some module with ladders could not be read.
    var ladders: [String]?
    var schema: Schema
    let pool: FormulaPool
}

/// What a section of a rule was read to, by its text: thousands of rules have the same few. Only what nothing was told of is kept.
private final class KnownSections<Read> {
    private var texts = TextTable()
    private var values: [Read?] = [nil]

    func value(_ node: Node, _ reader: FileReader, _ read: () -> Read?) -> Read? {
        guard !node.isSpoilt else { return read() }
        let range = node.range.clamped(to: 0..<reader.source.bytes.count)
        let number = reader.source.bytes.withUnsafeBufferPointer { texts.number(of: UnsafeBufferPointer(rebasing: $0[range])) }
        if number > 0 { return values[Int(number)] }
        let before = reader.findings.told
        let value = read()
        guard let value, before == reader.findings.told, Int(texts.add(reader.source.text(range))) == values.count else { return value }
        values.append(value)
        return value
    }
}

/// A module that was read, with what the findings about the set look at.
struct ReadModule {
    struct RuleMarks {
        var nameRange: Range<Int>
        var skillsRange: Range<Int>?
        /// An `escalate` without limits.
        var escalateRange: Range<Int>?
        /// An `escalate` where no module has ladders.
        var ladderRange: Range<Int>?
    }

    var draft: ModuleDraft
    var file: Int
    var moduleRange: Range<Int>
    var takesRange: Range<Int>?
    var marks: [RuleMarks] = []
    /// With the formula that each is, and one that is true wherever it is; nil: none, or no truth value.
    var lets: [(name: String, range: Range<Int>, exact: Int32?, over: Int32?)] = []
    /// The `when`s of stages that ask for the report alone, with a formula that is true wherever they are.
    var stageConditions: [(stage: String, range: Range<Int>, over: Int32)] = []
    var tables: [(name: String, range: Range<Int>)] = []
    var usedLets: Set<String> = []
    var usedTables: Set<String> = []
    var gaps: [(table: String, range: Range<Int>, values: [String])] = []
    /// The first limit that counts working days.
    var workingLimit: Range<Int>?
    var answers: [(name: String, range: Range<Int>)] = []
    var usedAnswers: Set<String> = []
    /// The kinds of works that its stages and rules ask contractors for.
    var worksUses: [WorksUse] = []

    struct WorksUse {
        var works: String
        var range: Range<Int>
        /// Only a list of those who may do it is wanted.
        var isPublished = false
    }

    /// Makes the module of the draft, and gives the draft up.
    mutating func compile() -> CompiledModule {
        defer { draft = ModuleDraft(name: draft.name, file: draft.file) }
        return CompiledModule(draft)
    }
}

/// Reads `takes`, `let`, `tables` and `route` of one module.
struct ModuleReader {
    let reader: FileReader
    let facts: SetFacts
    private let knownAssignments = KnownSections<(assign: Assignment, skills: Range<Int>?, works: Range<Int>?)>()
    private let knownLimits = KnownSections<[Outcome.Limit]>()

    init(reader: FileReader, facts: SetFacts) {
        self.reader = reader
        self.facts = facts
    }

    func read(_ block: Block, name: String) -> ReadModule? {
        guard block.has("route") || block.has("processes") else {
            for key in ["takes", "let", "tables", "merge", "answers"] where block.has(key) {
                reader.error(block.keyRanges[key] ?? block.anchor, .missingKey("route", in: "a module with '\(key)'", example: Keys.module.examples["route"]))
            }
            return nil
        }
        var module = ReadModule(
            draft: ModuleDraft(name: name, file: reader.source.name), file: reader.file,
            moduleRange: block.keyRanges["module"] ?? block.anchor)
        var conditions = ConditionReader(reader: reader, schema: facts.schema)
        let formulas = FormulaReader(pool: facts.pool)
        if let node = block["let"] {
            lets(node, &conditions, formulas, &module)
        } else if block.has("let") {
            conditions.failsUnknownNames = true
        }
        if let node = block["takes"] {
            module.takesRange = block.keyRanges["takes"]
            module.draft.takesLine = reader.line(of: block.keyRanges["takes"] ?? node.range)
            module.draft.takes = conditions.condition(node, "takes", expecting: .bool)
            module.usedLets.formUnion(module.draft.takes?.expression.definitionsUsed ?? [])
            if let root = module.draft.takes?.expression.root {
                module.draft.takesOver = formulas.over(root)
                module.draft.takesIsFormula = formulas.exact(root) != nil
            }
        }
        var tables: [String: Table]? = [:]
        if let node = block["tables"] {
            tables = self.tables(node, conditions.schema, &module)
        } else if block.has("tables") {
            tables = nil
        }
        if let node = block["merge"] {
            module.draft.merges = MergeReader(reader: reader).merges(node, module: name, conditions, used: &module.usedLets)
        }
        var answers: [String: RuleAnswer]? = [:]
        if let node = block["answers"] {
            answers = MergeReader(reader: reader).answers(node, &module.answers)
        } else if block.has("answers") {
            answers = nil
        }
        if block["route"] != nil || block["processes"] != nil {
            var rules = RuleConditions(conditions: conditions, formulas: formulas, pool: facts.pool)
            var lines: [String: Int] = [:]
            if let node = block["processes"] { processes(node, &rules, &lines, &module) }
            if let node = block["route"] { route(node, &rules, tables, answers, &lines, &module) }
            module.draft.parts = rules.parts
            module.usedLets.formUnion(rules.definitionsUsed)
        }
        return module
    }

    // MARK: let

    private func lets(_ node: Node, _ conditions: inout ConditionReader, _ formulas: FormulaReader, _ module: inout ReadModule) {
        let example = "hazard: report.category in [\"line_down\", \"fire\"]"
        guard reader.inBlockStyle(node, "'let'", example: "let:\n  " + example),
            let entries = reader.named(node, section: "let", what: "a condition", example: example, allowsDots: false)
        else {
            conditions.failsUnknownNames = true
            return
        }
        conditions.laterLines = Dictionary(entries.map { ($0.name, reader.line(of: $0.key)) }, uniquingKeysWith: { first, _ in first })
        for entry in entries {
            if !Identifiers.isIdentifier(entry.name) {
                reader.error(
                    entry.key,
                    .badName(entry.name, what: "a condition", rule: "other conditions use it by name: letters, digits and '_' alone, no digit first", example: example))
                continue
            }
            if Identifiers.taken.contains(entry.name) {
                reader.error(entry.key, .letReserved(entry.name))
                continue
            }
            conditions.current = entry.name
            let condition = conditions.condition(entry.value, entry.name, expecting: nil)
            conditions.current = nil
            conditions.laterLines[entry.name] = nil
            guard let condition else {
                conditions.failed.insert(entry.name)
                continue
            }
            module.usedLets.formUnion(condition.expression.definitionsUsed)
            conditions.schema.definitions[entry.name] = condition.expression
            formulas.define(entry.name, condition.expression)
            let isTruth = condition.expression.type == .bool
            module.lets.append(
                (
                    entry.name, entry.key, isTruth ? formulas.exact(condition.expression.root) : nil,
                    isTruth ? formulas.over(condition.expression.root) : nil
                ))
        }
    }

    // MARK: tables

    private func tables(_ node: Node, _ schema: Schema, _ module: inout ReadModule) -> [String: Table]? {
        let example = "arrival:\n  by: report.site\n  rows: { urban: 45 min, rural: 90 min }"
        guard let entries = reader.named(node, section: "tables", what: "a table", example: example, allowsDots: false) else { return nil }
        var result: [String: Table] = [:]
        for entry in entries {
            // Known by name all the same, so that its mistakes are told once.
            result[entry.name] = Table(name: entry.name, slot: -1, rows: [:], otherwise: nil)
            guard let block = reader.block(entry.value, Keys.table, named: entry.name, example: example, at: entry.key) else { continue }
            module.tables.append((entry.name, entry.key))
            let by = reader.required("by", in: block, of: "the table '\(entry.name)'").flatMap { self.by($0, schema) }
            let otherwise = block["otherwise"].flatMap { reader.limit($0, "otherwise") }
            guard let node = reader.required("rows", in: block, of: "the table '\(entry.name)'"),
                let pairs = reader.named(node, section: "rows", what: "a declared value", example: "rows: { urban: 45 min, rural: 90 min }", isDeclaring: false)
            else { continue }
            var rows: [String: LimitLength] = [:]
            for pair in pairs {
                if let by { _ = reader.declared(pair.name, pair.key, in: by.enumeration, known: by.known) }
                let length = reader.limit(pair.value, pair.name)
                if length?.isWorking == true, module.workingLimit == nil { module.workingLimit = reader.place(pair.value) }
                rows[pair.name] = length ?? .time(.zero)
            }
            guard let by else { continue }
            result[entry.name] = Table(name: entry.name, slot: by.slot, rows: rows, otherwise: otherwise)
            let missing = (by.known ?? []).filter { rows[$0] == nil }
            if !missing.isEmpty, !block.has("otherwise") { module.gaps.append((entry.name, block.keyRanges["rows"] ?? entry.key, missing)) }
        }
        return result
    }

    private func by(_ node: Node, _ schema: Schema) -> (slot: Int, enumeration: String, known: [String]?)? {
        guard let path = reader.text(node, "by", example: "by: report.site") else { return nil }
        // Of use only where something is wrong.
        var paths: [String] { ReportSchema.paths(in: schema) }
        guard let field = ReportSchema.field(path, in: schema) else {
            let isOwn = path.hasPrefix("report.fields.") && facts.site?.fields == nil
            if !isOwn { reader.error(reader.place(node), .unknownField(path, suggestion: nearestName(to: path, among: paths))) }
            return nil
        }
        guard case .enumeration(let name) = field.type, let slot = field.slot else {
            // A site that could not be read makes every field a plain text.
            guard facts.site?.codes != nil, facts.site?.districts != nil else { return nil }
            let enumerated = paths.filter {
                if case .enumeration = ReportSchema.field($0, in: schema)?.type { return true }
                return false
            }
            reader.error(reader.place(node), .notEnumerated(path, known: enumerated))
            return nil
        }
        return (slot, name, schema.enumerations[name])
    }

    // MARK: processes

    /// Each is a rule that stands before those of `route`.
    private func processes(_ node: Node, _ conditions: inout RuleConditions, _ lines: inout [String: Int], _ module: inout ReadModule) {
        for found in ProcessReader(reader: reader, facts: facts, formulas: conditions.formulas).read(node, module: module.draft.name, conditions.conditions) {
            if let first = lines[found.name] {
                reader.error(found.nameRange, .duplicateName("the process", found.name, place: "line \(first)"))
                continue
            }
            lines[found.name] = reader.line(of: found.nameRange)
            let takes = found.takes.flatMap { conditions.condition($0, "takes") }
            guard takes != nil || !found.hasTakes, let lead = found.plan.lead else { continue }
            module.usedLets.formUnion(found.definitionsUsed)
            module.stageConditions += found.conditions
            module.worksUses += found.worksUses
            if module.workingLimit == nil { module.workingLimit = found.workingLimit }
            module.marks.append(
                ReadModule.RuleMarks(nameRange: found.nameRange, skillsRange: found.skillRanges.first, escalateRange: nil, ladderRange: found.ladderRange))
            module.draft.add(
                found.name, line: reader.line(of: found.nameRange), when: takes,
                Outcome(
                    task: found.name, priority: .normal, assign: .department(lead), limits: [], escalate: nil, continues: false, process: found.plan))
        }
    }

    // MARK: route

    private func route(
        _ node: Node, _ conditions: inout RuleConditions, _ tables: [String: Table]?, _ answers: [String: RuleAnswer]?, _ lines: inout [String: Int],
        _ module: inout ReadModule
    ) {
        let example = Keys.module.examples["route"]
        guard let items = reader.list(node, "route", of: "rules", example: example) else { return }
        for item in items {
            guard reader.inBlockStyle(item, "a rule", example: "- name: everything-else\n  task: repair"),
                let block = reader.block(item, Keys.rule, example: "- name: everything-else\n  task: repair\n  assign:\n    nearest: crew")
            else { continue }
            rule(block, &conditions, tables, answers, &lines, &module)
        }
        if node.isEmptyList { reader.error(reader.place(node), .emptyValue("route", example: example)) }
    }

    private func rule(
        _ block: Block, _ conditions: inout RuleConditions, _ tables: [String: Table]?, _ answers: [String: RuleAnswer]?, _ lines: inout [String: Int],
        _ module: inout ReadModule
    ) {
        let name = reader.required("name", in: block).flatMap { reader.code($0, "name", what: "a rule's name", example: "name: hazard-first", allowsDots: false) }
        let nameRange = block["name"].map { reader.place($0) } ?? block.anchor
        func what() -> String { name.map { "the rule '\($0)'" } ?? "a rule" }
        if let name {
            if let first = lines[name] {
                reader.error(nameRange, .duplicateName("the rule", name, place: "line \(first)"))
            } else {
                lines[name] = reader.line(of: nameRange)
            }
        }
        let when = block["when"].flatMap { conditions.condition($0) }
        if block.has("answer") {
            for key in ["task", "priority", "assign", "limits", "escalate", "share", "continue"] {
                if let range = block.keyRanges[key] { reader.error(range, .answersAndTasks(key)) }
            }
            let answer = block["answer"].flatMap { MergeReader(reader: reader).answer($0, own: answers, used: &module.usedAnswers) }
            guard let name, let answer, let fallback = facts.site?.fallback, when != nil || !block.has("when") else { return }
            module.marks.append(ReadModule.RuleMarks(nameRange: nameRange))
            module.draft.add(
                name, line: reader.line(of: nameRange), when: when,
                Outcome(
                    task: RuleAnswer.task, priority: .normal, assign: .department(fallback), limits: [], escalate: nil, continues: false, answer: answer))
            return
        }
        let task = reader.required("task", in: block, of: what()).flatMap {
            reader.code($0, "task", what: "a kind of work", example: "task: repair", allowsDots: false)
        }
        let priority = block["priority"].flatMap { reader.choice($0, "priority", among: Priority.allCases.map(\.rawValue)) }
        var marks = ReadModule.RuleMarks(nameRange: nameRange)
        let assign = reader.required("assign", in: block, of: what()).flatMap { node -> Assignment? in
            let known = knownAssignments.value(node, reader) {
                var skills: Range<Int>?
                var works: Range<Int>?
                // Places within the section: the same text stands elsewhere, too.
                func within(_ range: Range<Int>?) -> Range<Int>? { range.map { $0.lowerBound - node.range.lowerBound..<$0.upperBound - node.range.lowerBound } }
                return self.assign(node, &skills, &works).map { ($0, within(skills), within(works)) }
            }
            if case .contractor(let works, _)? = known?.assign, let range = known?.works {
                module.worksUses.append(.init(works: works, range: range.lowerBound + node.range.lowerBound..<range.upperBound + node.range.lowerBound))
            }
            marks.skillsRange = known?.skills.map { $0.lowerBound + node.range.lowerBound..<$0.upperBound + node.range.lowerBound }
            return known?.assign
        }
        let limits = block["limits"].flatMap { node in knownLimits.value(node, reader) { self.limits(node, tables, &module) } } ?? []
        var ladder: String?
        if let node = block["escalate"] {
            // Where no module has ladders at all, theirs was deleted or switched off: the rest works without.
            let known = facts.ladders == [] ? nil : facts.ladders
            ladder = reader.reference(node, "escalate", "ladder", .unknownEscalation, known: known, example: "escalate: repair")
            if !block.has("limits") {
                marks.escalateRange = reader.place(node)
            } else if facts.ladders == [] {
                marks.ladderRange = reader.place(node)
            }
        }
        var share: [DepartmentID] = []
        if let node = block["share"] {
            for item in reader.list(node, "share", of: "departments", example: Keys.rule.examples["share"]) ?? [] {
                guard let department = reader.reference(item, "share", "department", .unknownDepartment, known: facts.site?.departmentNames) else { continue }
                if share.contains(DepartmentID(department)) {
                    reader.error(reader.place(item), .duplicateName("the department", department, place: "this list"))
                } else {
                    share.append(DepartmentID(department))
                }
            }
        }
        let continues = block["continue"].flatMap { reader.flag($0, "continue") } ?? false
        guard let name, let task, let assign, when != nil || !block.has("when") else { return }

        let outcome = Outcome(
            task: task, priority: priority.flatMap(Priority.init) ?? .normal, assign: assign, limits: limits, escalate: ladder, continues: continues, share: share)
        module.marks.append(marks)
        module.draft.add(name, line: reader.line(of: nameRange), when: when, outcome)
    }

    private func limits(_ node: Node, _ tables: [String: Table]?, _ module: inout ReadModule) -> [Outcome.Limit]? {
        guard let section = reader.block(node, Keys.limits, example: Keys.rule.examples["limits"]) else { return nil }
        var limits: [Outcome.Limit] = []
        for limit in LimitName.allCases {
            guard let node = section[limit.rawValue], let source = self.limit(node, limit.rawValue, tables, &module) else { continue }
            limits.append(.init(name: limit, source: source))
        }
        return limits
    }

    private func limit(_ node: Node, _ name: String, _ tables: [String: Table]?, _ module: inout ReadModule) -> LimitSource? {
        guard let text = reader.text(node, name, example: Keys.limits.examples[name]) else { return nil }
        // A table's name begins with a letter, a time with a digit.
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), Identifiers.isIdentifier(text) || tables?[text] != nil else {
            let length = reader.limit(node, name)
            if length?.isWorking == true, module.workingLimit == nil { module.workingLimit = reader.place(node) }
            return length.map { .span($0) }
        }
        guard let tables else { return nil }
        guard let table = tables[text] else {
            let known = tables.keys.sorted()
            reader.error(reader.place(node), .unknown(.unknownTable, "table", text, known: known, suggestion: nearestName(to: text, among: known)))
            return nil
        }
        module.usedTables.insert(text)
        return .table(table)
    }

    private func assign(_ node: Node, _ skillsRange: inout Range<Int>?, _ worksRange: inout Range<Int>?) -> Assignment? {
        guard let block = reader.block(node, Keys.assign, example: Keys.rule.examples["assign"]) else { return nil }
        let departments = facts.site?.departmentNames
        func department(_ node: Node) -> DepartmentID? {
            reader.reference(node, "department", "department", .unknownDepartment, known: departments).map { DepartmentID($0) }
        }
        if block.has("contractor") {
            if let range = block.keyRanges["nearest"] {
                reader.error(range, .assignTwo(["nearest", "contractor"]))
                return nil
            }
            for key in ["of", "skills", "within", "otherwise"] {
                if let range = block.keyRanges[key] { reader.error(range, .onlyWithNearest(key)) }
            }
            let unit = reader.required("department", in: block, of: "'assign' with a contractor").flatMap(department)
            guard let tier = block["contractor"], reader.choice(tier, "contractor", among: ["tiered"], example: "contractor: tiered") != nil,
                let node = reader.required("works", in: block, of: "'assign' with a contractor"),
                let works = reader.code(node, "works", what: "a kind of works", example: "works: line_10kv", allowsDots: false), let unit
            else { return nil }
            worksRange = reader.place(node)
            return .contractor(works: works, department: unit)
        }
        if let range = block.keyRanges["works"] { reader.error(range, .onlyWithContractor("works")) }
        if block.has("department") {
            if let range = block.keyRanges["nearest"] {
                reader.error(range, .assignBoth)
                return nil
            }
            for key in ["of", "skills", "within", "otherwise"] {
                if let range = block.keyRanges[key] { reader.error(range, .onlyWithNearest(key)) }
            }
            return block["department"].flatMap(department).map { .department($0) }
        }
        guard block.has("nearest") else {
            reader.error(block.anchor, .assignNothing)
            return nil
        }
        guard let nearest = block["nearest"], reader.choice(nearest, "nearest", among: ["crew"], example: "nearest: crew") != nil else { return nil }
        let ofDistrict = block["of"].map { reader.choice($0, "of", among: ["district"], example: "of: district") != nil }
        var skills: Set<SkillID> = []
        if let node = block["skills"] {
            skills = SiteReader(reader: reader, sources: []).skillSet(node, known: facts.site?.codes("skill"))
            skillsRange = reader.place(node)
        }
        let within = block["within"].flatMap { reader.distance($0, "within") }
        // Without `otherwise` the fallback department keeps the queue.
        var otherwise = facts.site?.fallback
        if let node = block["otherwise"], let section = reader.block(node, Keys.otherwise, example: Keys.otherwise.examples["department"]) {
            otherwise = reader.required("department", in: section).flatMap(department)
        }
        guard let otherwise else { return nil }
        return .nearest(skills: skills, within: within, otherwise: otherwise, ofDistrict: ofDistrict ?? false)
    }
}

/// Compiles conditions and tells their mistakes at their own places.
struct ConditionReader {
    let reader: FileReader
    var schema: Schema
    /// `let`s with a mistake: what uses them is not blamed.
    var failed: Set<String> = []
    /// The `let`s that come below the one that is read.
    var laterLines: [String: Int] = [:]
    var current: String?
    /// The whole `let` section could not be read.
    var failsUnknownNames = false
    /// The full names of fields by their slots.
    let names: [Int: String]

    init(reader: FileReader, schema: Schema) {
        self.reader = reader
        self.schema = schema
        names = Dictionary(
            ReportSchema.paths(in: schema).compactMap { path in ReportSchema.field(path, in: schema)?.slot.map { ($0, path) } },
            uniquingKeysWith: { first, _ in first })
    }

    func condition(_ node: Node, _ key: String, expecting: StaticType?) -> Condition? {
        expression(node, key, expecting: expecting).map { Condition($0, label: key) }
    }

    /// What is wrong with conditions that were read, by their texts: thousands of rules may be wrong in the same way.
    final class KnownFailures {
        /// More are not kept.
        private static let keptMax = 1_000
        private var diagnostics: [String: [ExpressionDiagnostic]] = [:]

        subscript(_ text: String) -> [ExpressionDiagnostic]? { diagnostics[text] }

        func add(_ text: String, _ found: [ExpressionDiagnostic]) {
            if diagnostics.count < Self.keptMax { diagnostics[text] = found }
        }
    }

    /// - Parameter known: of other conditions with the same schema that expect the same.
    func expression(_ node: Node, _ key: String, expecting: StaticType?, known: KnownFailures? = nil) -> Expression? {
        guard !node.isSpoilt else { return nil }
        let traps = Traps(source: reader.source)
        guard case .text(let text, let style) = node.content else {
            // `[…]` and `{…}` on the key's line were meant as a part of the condition.
            if node.isFlow {
                reader.error(node.range.lowerBound..<(node.range.lowerBound + 1), traps.start(of: node.range))
            } else {
                reader.error(
                    reader.place(node), .wrongType(key, wants: "a condition", found: node.kind, example: "\(key): report.category == \"fire\""))
            }
            return nil
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            reader.error(reader.place(node), .emptyValue(key, example: "\(key): report.category == \"fire\""))
            return nil
        }
        if let diagnostics = known?[text] {
            tell(diagnostics, of: node, text, style, key)
            return nil
        }
        do {
            return try Expression.compile(text, schema: schema, expecting: expecting)
        } catch {
            known?.add(text, error.diagnostics)
            tell(error.diagnostics, of: node, text, style, key)
            return nil
        }
    }

    private func tell(_ diagnostics: [ExpressionDiagnostic], of node: Node, _ text: String, _ style: Node.Style, _ key: String) {
        let traps = Traps(source: reader.source)
        // A comment right behind a plain text that makes no sense: the `#` was meant as a part of it.
        if style == .plain, diagnostics.contains(where: { $0.code == "syntax" }), let hash = traps.comment(after: node.range.upperBound) {
            reader.error(hash..<(hash + 1), .hashCut(key: key, text: traps.whole(from: node.range.lowerBound)))
            return
        }
        // Where nobody will read it any more, only how many there are is of interest.
        let map = reader.findings.isFull(reader.file) ? nil : ScalarMap(node, in: reader.source)
        func place(_ span: Range<Int>) -> Range<Int> { map?.range(characters: span) ?? node.range }
        let characters = Array(text)
        for diagnostic in diagnostics {
            let span = diagnostic.span.start..<max(diagnostic.span.start, diagnostic.span.end)
            let name = String(characters[span.clamped(to: 0..<characters.count)])
            if diagnostic.code == "unknown-name" {
                if failed.contains(name) || failsUnknownNames { continue }
                if name == current {
                    reader.error(place(span), .letCycle(name))
                    continue
                }
                if let line = laterLines[name] {
                    reader.error(place(span), .letOrder(name, line: line))
                    continue
                }
            }
            // What exists elsewhere is no slip of the keys.
            let isElsewhere = diagnostic.code == "unknown-name" && name == "case"
            reader.error(
                place(span),
                isElsewhere
                    ? .caseElsewhere
                    : Wording(code: diagnostic.code, message: diagnostic.message, suggestion: diagnostic.suggestion))
        }
        // A checker that refuses must say why; should it not, the refusal still counts.
        if diagnostics.isEmpty {
            reader.error(reader.place(node), Wording(code: "syntax", message: "this condition can't be read"))
        }
    }
}

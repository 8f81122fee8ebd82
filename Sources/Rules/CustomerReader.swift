import CEL
import Domain

/// Reads `classify` and `account_managers`, which any module may have, and keeps what the modules said so far.
struct CustomerSections {
    private(set) var rules: [ClassifyRule] = []
    private(set) var managers: [RoleID: AccountManager] = [:]
    private var ruleLines: [String: String] = [:]
    private var managerPlaces: [RoleID: String] = [:]
    /// `give: account_manager`, and deputies, where there may be none.
    private var gives: [(reader: FileReader, range: Range<Int>)] = []
    private var deputies: [(reader: FileReader, range: Range<Int>, name: String)] = []

    var book: CustomerBook {
        var book = CustomerBook()
        book.rules = rules
        book.managers = managers.values.sorted { $0.id < $1.id }
        return book
    }

    var ladders: [String] { rules.compactMap { $0.suggestion?.escalate } }

    static let ruleExample = "- name: vip\n  when: customer.critical_class != \"\"\n  set: { tier: vip }\n  give: account_manager"

    mutating func read(_ block: Block, module: String, _ reader: FileReader, _ site: SiteFacts?, ladders: [String]?) {
        if let node = block["account_managers"] { managers(node, reader, site) }
        guard let node = block["classify"], let items = reader.list(node, "classify", of: "rules about customers", example: Self.ruleExample) else { return }
        if items.isEmpty { reader.error(reader.place(node), .emptyValue("classify", example: Self.ruleExample)) }
        var schema = ReportSchema.schema(site?.words)
        schema.variables["report"] = nil
        let conditions = ConditionReader(reader: reader, schema: schema)
        for item in items {
            guard reader.inBlockStyle(item, "a rule about customers", example: Self.ruleExample),
                let block = reader.block(item, Keys.classify, example: Self.ruleExample)
            else { continue }
            rule(block, module, reader, site, conditions, ladders)
        }
    }

    private mutating func rule(_ block: Block, _ module: String, _ reader: FileReader, _ site: SiteFacts?, _ conditions: ConditionReader, _ ladders: [String]?) {
        let name = reader.required("name", in: block).flatMap {
            reader.code($0, "name", what: "the name of a rule about customers", example: "name: vip", allowsDots: false)
        }
        let range = block["name"].map { reader.place($0) } ?? block.anchor
        if let name {
            if let first = ruleLines[module + "." + name] {
                return reader.error(range, .duplicateName("the rule about customers", name, place: first))
            }
            ruleLines[module + "." + name] = "line \(reader.line(of: range))"
        }
        let when = block["when"].flatMap { conditions.condition($0, "when", expecting: .bool) }
        let tier = block["set"].flatMap { self.tier($0, reader, site) }
        var gives = false
        if let node = block["give"], reader.choice(node, "give", among: ["account_manager"], example: "give: account_manager") != nil {
            gives = true
            self.gives.append((reader, reader.place(node)))
        }
        let flag = block["flag"].flatMap { reader.code($0, "flag", what: "a flag", example: "flag: frequent_complainer", allowsDots: false) }
        let tells = block["tell"].map { tell($0, reader, site) } ?? []
        let suggestion = block["suggest"].flatMap { self.suggestion($0, block, reader, site, ladders) }
        if !block.has("suggest") {
            for key in ["assign", "priority", "limits", "escalate"] {
                if let range = block.keyRanges[key] { reader.error(range, .onlyWithSuggest(key)) }
            }
        }
        if !["set", "give", "flag", "tell", "suggest"].contains(where: { block.has($0) }) { reader.error(range, .classifiesNothing(name ?? "")) }
        guard let name, when != nil || !block.has("when") else { return }
        rules.append(
            ClassifyRule(
                name: module + "." + name, file: reader.source.name, line: reader.line(of: range), when: when, tier: tier, flag: flag, tells: tells,
                suggestion: suggestion, givesManager: gives))
    }

    private func tier(_ node: Node, _ reader: FileReader, _ site: SiteFacts?) -> String? {
        guard let set = reader.block(node, Keys.customerSet, example: Keys.classify.examples["set"]), let node = reader.required("tier", in: set),
            let text = reader.text(node, "tier", example: "tier: vip")
        else { return nil }
        // A site that declares no tiers takes any.
        let codes: [String: [String]]? = site?.words.codes
        let known = codes?["tier"]
        return known == nil || reader.declared(text, reader.place(node), in: "tier", known: known) ? text : nil
    }

    private func tell(_ node: Node, _ reader: FileReader, _ site: SiteFacts?) -> [CustomerRecipient] {
        let items: [Node]
        if case .text = node.content { items = [node] } else { items = reader.list(node, "tell", of: "whom to tell", example: "tell: [customer_service]") ?? [] }
        return items.compactMap { item in
            guard let text = reader.text(item, "tell", example: "tell: customer_service") else { return nil }
            if text == "account_manager" { return .accountManager }
            let departments = site?.words.departmentNames
            if departments?.contains(text) ?? true { return .department(DepartmentID(text)) }
            if site?.roleNames?.contains(text) ?? true { return .role(RoleID(text)) }
            let known = ["account_manager"] + (departments ?? []) + (site?.roleNames ?? [])
            reader.error(
                reader.place(item), .unknown(.unknownRole, "department or role", text, known: known, suggestion: nearestName(to: text, among: known)))
            return nil
        }
    }

    private func suggestion(_ node: Node, _ block: Block, _ reader: FileReader, _ site: SiteFacts?, _ ladders: [String]?) -> Suggestion? {
        guard let task = reader.code(node, "suggest", what: "a kind of work", example: "suggest: energy_saving_proposal", allowsDots: false) else { return nil }
        var department = site?.words.fallback
        if let node = block["assign"], let section = reader.block(node, Keys.otherwise, example: "assign: { department: marketing }") {
            department = reader.required("department", in: section).flatMap {
                reader.reference($0, "department", "department", .unknownDepartment, known: site?.words.departmentNames)
            }.map { DepartmentID($0) }
        }
        let priority = block["priority"].flatMap { reader.choice($0, "priority", among: Priority.allCases.map(\.rawValue)) }.flatMap(Priority.init) ?? .low
        var limits: [LimitName: LimitLength] = [:]
        if let node = block["limits"], let section = reader.block(node, Keys.suggestLimits, example: "limits: { reply: 10 working days }") {
            for name in [LimitName.accept, .contact, .reply] {
                if let node = section[name.rawValue], let length = reader.limit(node, name.rawValue) { limits[name] = length }
            }
        }
        let known = ladders == [] ? nil : ladders
        let escalate = block["escalate"].flatMap { reader.reference($0, "escalate", "ladder", .unknownEscalation, known: known, example: "escalate: complaints") }
        return department.map { Suggestion(task: task, department: $0, priority: priority, limits: limits, escalate: escalate) }
    }

    // MARK: account_managers

    private mutating func managers(_ node: Node, _ reader: FileReader, _ site: SiteFacts?) {
        let example = "am-1: { name: 王芳, districts: [lucheng], customers: 60 }"
        guard let entries = reader.named(node, section: "account_managers", what: "an account manager", example: example) else { return }
        for entry in entries {
            let id = RoleID(entry.name)
            if let first = managerPlaces[id] {
                reader.error(entry.key, .duplicateName("the account manager", entry.name, place: first))
                continue
            }
            managerPlaces[id] = "\(reader.source.name):\(reader.line(of: entry.key))"
            var manager = AccountManager(id: id)
            defer { managers[id] = manager }
            guard let block = reader.block(entry.value, Keys.accountManager, named: entry.name, example: example, at: entry.key) else { continue }
            manager.name = block["name"].flatMap { reader.text($0, "name") }
            manager.department = block["department"].flatMap {
                reader.reference($0, "department", "department", .unknownDepartment, known: site?.words.departmentNames)
            }.map { DepartmentID($0) }
            for item in block["districts"].flatMap({ reader.list($0, "districts", of: "districts", example: "districts: [lucheng]") }) ?? [] {
                if let name = reader.reference(item, "districts", "district", .unknownDistrict, known: site?.words.districts) { manager.districts.insert(DistrictID(name)) }
            }
            manager.customersMax = block["customers"].flatMap { reader.wholeNumber($0, "customers", in: 1...10_000_000, example: "customers: 60") }
            for item in block["leave"].flatMap({ reader.list($0, "leave", of: "days of absence", example: "leave: [2026-12-01..2026-12-07]") }) ?? [] {
                if let days = days(item, reader) { manager.leave.append(days) }
            }
            if let node = block["deputy"], let name = reader.text(node, "deputy", example: "deputy: am-2") {
                manager.deputy = RoleID(name)
                deputies.append((reader, reader.place(node), name))
            }
        }
    }

    /// `2026-12-01`, or `2026-12-01..2026-12-07`
    private func days(_ node: Node, _ reader: FileReader) -> ClosedRange<Int>? {
        guard let text = reader.text(node, "leave", example: "leave: [2026-12-01..2026-12-07]") else { return nil }
        let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { part -> Int? in
            let numbers = part.split(separator: "-", omittingEmptySubsequences: false).map { Quantity.wholeNumber(String($0)) }
            guard numbers.count == 3, let year = numbers[0], let month = numbers[1], let day = numbers[2] else { return nil }
            return CivilDate(year: Int(min(year, 10_000)), month: Int(min(month, 13)), day: Int(min(day, 32)))?.daysSinceEpoch
        }
        guard ends.count == 1 || ends.count == 2, let first = ends.first.flatMap({ $0 }), let last = ends.last.flatMap({ $0 }), first <= last else {
            reader.error(reader.place(node), .badLeave(text))
            return nil
        }
        return first...last
    }

    /// Where a name stands for somebody of another module.
    func check(isWhole: Bool) {
        guard isWhole else { return }
        let known = managers.keys.map(\.rawValue).sorted()
        for use in deputies where managers[RoleID(use.name)] == nil {
            use.reader.error(use.range, .unknown(.unknownRole, "account manager", use.name, known: known, suggestion: nearestName(to: use.name, among: known)))
        }
        if managers.isEmpty { for use in gives { use.reader.findings.warning(use.reader.file, use.range, .noManagers) } }
    }
}

extension Keys {
    static let classify = Keys(
        "a rule about customers",
        [
            "name": "name: vip",
            "when": "when: customer.capacity_kva >= 10000.0",
            "set": "set: { tier: vip }",
            "give": "give: account_manager",
            "flag": "flag: frequent_complainer",
            "tell": "tell: customer_service",
            "suggest": "suggest: energy_saving_proposal",
            "assign": "assign: { department: marketing }",
            "priority": "priority: low",
            "limits": "limits: { reply: 10 working days }",
            "escalate": "escalate: complaints",
        ])

    static let customerSet = Keys("'set'", ["tier": "set: { tier: vip }"])

    static let suggestLimits = Keys("'limits' of a suggestion", ["accept": "accept: 8 h", "contact": "contact: 24 h", "reply": "reply: 10 working days"])

    static let accountManager = Keys(
        "an account manager",
        [
            "name": "name: 王芳",
            "department": "department: marketing",
            "districts": "districts: [lucheng]",
            "customers": "customers: 60",
            "leave": "leave: [2026-12-01..2026-12-07]",
            "deputy": "deputy: am-2",
        ])

    static let classifyMeanings: [String: Meaning] = [
        "name": .init(.code(dots: false), "Its name, once in its module."),
        "when": .init(.expression, "Which customers it is about; without it, all."),
        "set": .init(.block(Keys.customerSet), "The tier; of several rules that hold the last counts."),
        "give": .init(.choice(["account_manager"]), "They get an account manager, who gets their tasks."),
        "flag": .init(.code(dots: false), "What is noted of them while it holds."),
        "tell": .init(.either([.text, .list(.text)]), "Who is told when it begins to hold: a department, a role, or 'account_manager'."),
        "suggest": .init(.code(dots: false), "A task of this kind is made when it begins to hold."),
        "assign": .init(.block(Keys.otherwise), "Whose desk that task is for; without it, the fallback department's."),
        "priority": .init(.choice(Priority.allCases.map(\.rawValue)), "How urgent that task is; without it, low."),
        "limits": .init(.block(Keys.suggestLimits), "How long that task may take."),
        "escalate": .init(.reference(.other), "The ladder that is climbed when it gets late."),
    ]

    static let accountManagerMeanings: [String: Meaning] = [
        "name": .init(.text, "The name that people read."),
        "department": .init(.reference(.department), "The department they belong to."),
        "districts": .init(.list(.reference(.district)), "Whose customers they look after; without it, everybody's."),
        "customers": .init(.wholeNumber(1...10_000_000), "At most so many."),
        "leave": .init(.list(.text), "Days of absence: 2026-12-01, or 2026-12-01..2026-12-07."),
        "deputy": .init(.text, "Who gets their tasks meanwhile; without it, whoever has the fewest customers."),
    ]
}

extension Wording {
    static func onlyWithSuggest(_ key: String) -> Wording {
        Wording(.misplacedKey, "'\(key)' is about the task that 'suggest' makes, and there is none", example: "suggest: energy_saving_proposal\n\(key): …")
    }

    static func classifiesNothing(_ name: String) -> Wording {
        Wording(.missingKey, "'\(name)' makes nothing of whom it is about: it wants 'set', 'give', 'flag', 'tell' or 'suggest'", example: "flag: frequent_complainer")
    }

    static func badLeave(_ text: String) -> Wording {
        Wording(.badDate, "'\(text.prefix(40))' is no day and no stretch of days", example: "leave: [2026-12-01..2026-12-07]")
    }

    static let noManagers = Wording(
        .unknownRole, "there is no account manager to give: no module has 'account_managers'", example: "account_managers:\n  am-1: { name: 王芳 }")
}

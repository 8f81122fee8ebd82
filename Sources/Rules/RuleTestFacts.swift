import Domain

// Of a rule test: the report, what is known of its customer, and what is expected; each value checked as the site declares it.

extension TestFile {
    // MARK: What comes in

    func report(_ node: Node, _ start: Instant) -> RuleTest.TestReport? {
        guard let block = reader.block(node, Keys.testReport, example: "report: { type: fault, category: line_down, site: urban }") else { return nil }
        let type = reader.required("type", in: block).flatMap { declared($0, "type", in: "type") }
        var report = Report(type: type ?? "")
        func text(_ key: String) -> String? { block[key].flatMap { reader.text($0, key, example: Keys.testReport.examples[key]) } }
        report.category = block["category"].flatMap { declared($0, "category", in: "category") }
        report.site = block["site"].flatMap { declared($0, "site", in: "site") }
        report.voltage = block["voltage"].flatMap { declared($0, "voltage", in: "voltage") }
        report.urgency = block["urgency"].flatMap { declared($0, "urgency", in: "urgency") }
        report.customer = text("customer").map { CustomerID($0) }
        report.feeder = text("feeder").map { FeederID($0) }
        report.transformer = text("transformer").map { TransformerID($0) }
        report.description = text("description")
        report.customersOut = block["customers_out"].flatMap { reader.wholeNumber($0, "customers_out", in: 0...100_000_000, example: "customers_out: 86") }.map {
            Int64($0)
        }
        report.capacityKVA = block["capacity_kva"].flatMap { number($0, "capacity_kva") }
        report.reportedAt = block["reported_at"].flatMap { instant($0, "reported_at", on: set.site.zone.date(at: start)) }
        if let node = block["place"], let place = reader.block(node, Keys.testPlace, example: Keys.testReport.examples["place"]) {
            report.place.coordinate = reader.coordinate(place, needed: false)
            report.place.address = place["address"].flatMap { reader.text($0, "address") }
            report.place.district = place["district"].flatMap {
                reader.reference($0, "district", "district", .unknownDistrict, known: known(facts.districts), example: "district: lucheng")
            }.map { DistrictID($0) }
        }
        if let node = block["fields"] { report.fields = ownFields(node) }
        if let node = block["documents"] { report.documents = documents(node) ?? [] }
        report.about = text("about")
        let id = text("id")
        guard type != nil else { return nil }
        return RuleTest.TestReport(
            id: id, source: SourceID(block["source"].flatMap { declared($0, "source", in: "source") } ?? "test"), report: report,
            place: place(reader.place(node)))
    }

    /// The site's own fields, each as it is declared.
    func ownFields(_ node: Node) -> [String: FieldValue] {
        let declared = set.site.fields
        guard let entries = reader.named(node, section: "fields", what: "a field", example: "fields: { building_height: 30 }", isDeclaring: false) else { return [:] }
        var result: [String: FieldValue] = [:]
        for entry in entries {
            guard let field = declared.first(where: { $0.name == entry.name }) else {
                reader.error(
                    entry.key,
                    declared.isEmpty
                        ? .noFields
                        : .unknownField("report.fields." + entry.name, suggestion: nearestName(to: entry.name, among: declared.map(\.name)).map { "report.fields." + $0 }))
                continue
            }
            switch field.type {
            case .text: result[field.name] = reader.text(entry.value, field.name).map { .string($0) }
            case .number: result[field.name] = number(entry.value, field.name).map { .double($0) }
            case .wholeNumber:
                result[field.name] = reader.wholeNumber(entry.value, field.name, in: 0...1_000_000_000_000).map { .int(Int64($0)) }
            case .yesNo: result[field.name] = reader.flag(entry.value, field.name).map { .bool($0) }
            case .time: result[field.name] = instant(entry.value, field.name).map { .string($0.rfc3339()) }
            }
        }
        return result
    }

    /// Codes of documents, each as site.yaml declares it.
    func documents(_ node: Node) -> [String]? {
        reader.list(node, "documents", of: "documents", example: "documents: [identity]")?.compactMap { item in
            guard let code = reader.text(item, "documents"), reader.declared(code, reader.place(item), in: "document", known: facts.schema.codes("document")) else {
                return nil
            }
            return code
        }
    }

    func customerFacts(_ node: Node) -> [String: FieldValue]? {
        guard let block = reader.block(node, Keys.testFacts, example: Keys.testWith.examples["customer"]) else { return nil }
        var result: [String: FieldValue] = [:]
        for name in Keys.testFacts.names {
            guard let node = block[name] else { continue }
            switch name {
            case "contacts_90d", "contacts_12m", "complaints_90d", "complaints_12m", "faults_12m", "applications_12m", "late_12m", "unpaid":
                result[name] = reader.wholeNumber(node, name, in: 0...100_000, example: Keys.testFacts.examples[name]).map { .int(Int64($0)) }
            case "seasonality": result[name] = reader.choice(node, name, among: ["summer", "winter", "both", "level"]).map { .string($0) }
            case "load_pattern": result[name] = reader.choice(node, name, among: ["steady", "variable", "irregular", "idle"]).map { .string($0) }
            case "payment_habit": result[name] = reader.choice(node, name, among: ["prompt", "occasional", "late", "arrears"]).map { .string($0) }
            case "growth", "hours_of_use": result[name] = number(node, name).map { .double($0) }
            case "capacity_kva", "annual_kwh": result[name] = number(node, name).map { .double($0) }
            case "lat", "lon": result[name] = reader.degrees(node, name, limit: name == "lat" ? 90 : 180).map { .double($0) }
            case "district": result[name] = reader.reference(node, name, "district", .unknownDistrict, known: known(facts.districts)).map { .string($0) }
            case "class": result[name] = declared(node, name, in: "customer_class").map { .string($0) }
            case "industry", "credit", "payment", "critical_class", "tier": result[name] = declared(node, name, in: name).map { .string($0) }
            default: result[name] = reader.text(node, name).map { .string($0) }
            }
        }
        return result
    }

    private func declared(_ node: Node, _ name: String, in enumeration: String) -> String? {
        guard let text = reader.text(node, name, example: Keys.testReport.examples[name]) else { return nil }
        return reader.declared(text, reader.place(node), in: enumeration, known: facts.schema.codes(enumeration)) ? text : nil
    }

    /// Where a site declares none, any name will do.
    private func known(_ names: [String]) -> [String]? { names.isEmpty ? nil : names }

    private func number(_ node: Node, _ name: String) -> Double? {
        guard let text = reader.text(node, name) else { return nil }
        let digits = text.utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
        guard digits, text.utf8.count <= 24, let value = Double(text), value.isFinite else {
            reader.error(reader.place(node), .notANumber(name, text))
            return nil
        }
        return value
    }

    /// `12:00`, `2026-07-15 12:00` in the site's time, or an RFC 3339 time.
    func instant(_ node: Node, _ name: String, on day: CivilDate = RuleTestReader.day) -> Instant? {
        guard let text = reader.text(node, name, example: "\(name): 2026-07-15 12:00") else { return nil }
        let zone = set.site.zone
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if parts.count <= 2, let last = parts.last, let minute = try? Quantity.timeOfDay(last) {
            guard parts.count == 2 else { return zone.instant(of: day, second: minute * 60) }
            let numbers = parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Quantity.wholeNumber($0) }
            if numbers.count == 3, let year = numbers[0], let month = numbers[1], let day = numbers[2],
                let date = CivilDate(year: Int(min(year, 10_000)), month: Int(min(month, 13)), day: Int(min(day, 32)))
            {
                return zone.instant(of: date, second: minute * 60)
            }
        }
        if let instant = try? Instant(rfc3339: text) { return instant }
        reader.error(reader.place(node), .notATime(name, text))
        return nil
    }

    // MARK: expect

    func expected(_ node: Node, _ crews: RuleTest.Roster?) -> RuleTest.Expected? {
        guard !node.isSpoilt else { return nil }
        if node.text == "none" { return RuleTest.Expected(tasks: [], isList: true, isNone: true, place: place(reader.place(node))) }
        if case .list = node.content {
            let items = reader.list(node, "expect", of: "what each task must be", example: "expect:\n  - { task: repair }\n  - { task: inspect }") ?? []
            return RuleTest.Expected(tasks: items.map { expectations($0, crews) }, isList: true, place: place(reader.place(node)))
        }
        return RuleTest.Expected(tasks: [expectations(node, crews)], isList: false, place: place(reader.place(node)))
    }

    private func expectations(_ node: Node, _ crews: RuleTest.Roster?) -> [RuleTest.Expectation] {
        guard let block = reader.block(node, Keys.expectation, example: Keys.ruleTest.examples["expect"]) else { return [] }
        var result: [RuleTest.Expectation] = []
        for key in Keys.expectation.names {
            guard let node = block[key], let fact = fact(key, node, crews) else { continue }
            result.append(RuleTest.Expectation(what: fact, place: place(reader.place(node))))
        }
        if case .map(let pairs, _) = node.content, pairs.isEmpty { reader.error(reader.place(node), .nothingExpected("this 'expect'")) }
        return result
    }

    private func fact(_ key: String, _ node: Node, _ crews: RuleTest.Roster?) -> RuleTest.Fact? {
        let example = Keys.expectation.examples[key]
        switch key {
        case "rule": return rule(node).map { .rule($0) }
        case "task": return task(node).map { .task($0) }
        case "priority":
            return reader.choice(node, key, among: Priority.allCases.map(\.rawValue), example: example).flatMap(Priority.init).map { .priority($0) }
        case "crew":
            if node.text == "none" { return .crew(nil) }
            return crew(node, key, crews).map { .crew($0) }
        case "contractor":
            if node.text == "none" { return .contractor(nil) }
            return known(node, key, "contractor", .unknownValue, among: contractorNames).map { .contractor(ContractorID($0)) }
        case "department":
            return reader.reference(node, key, "department", .unknownDepartment, known: facts.departments, example: example).map { .department(DepartmentID($0)) }
        case "skills":
            if node.text == "none" { return .skills([]) }
            return .skills(SiteReader(reader: reader, sources: []).skillSet(node, known: facts.skills))
        case "within":
            if node.text == "none" { return .within(nil) }
            return reader.distance(node, key).map { .within($0) }
        case "escalate":
            if node.text == "none" { return .escalate(nil) }
            // Without any ladder theirs was deleted or switched off: the rules work without, and so do their tests.
            let known = facts.ladders.isEmpty ? nil : facts.ladders
            return reader.reference(node, key, "ladder", .unknownEscalation, known: known, example: example).map { .escalate($0) }
        case "state":
            return reader.choice(node, key, among: TaskState.allCases.map(\.rawValue), example: example).flatMap(TaskState.init).map { .state($0) }
        case "told": return told(node, crews)
        case "shared":
            return names(node, key).map { names in
                .shared(Set(names.compactMap { reader.reference($0, key, "department", .unknownDepartment, known: facts.departments) }.map { DepartmentID($0) }))
            }
        case "answer":
            if node.text == "none" { return .answer(nil) }
            return reader.reference(node, key, "answer", .unknownAnswer, known: set.answerNames, example: example).map { .answer($0) }
        case "joined":
            if node.text == "none" { return .joined(nil) }
            guard let text = reader.text(node, key, example: example) else { return nil }
            if set.mergeNames.contains(text) { return .joined(text) }
            reader.error(reader.place(node), .unknownRule(text, known: set.mergeNames, suggestion: reader.near(text, among: set.mergeNames)))
            return nil
        case "tier":
            if node.text == "none" { return .tier(nil) }
            return declared(node, key, in: "tier").map { .tier($0) }
        case "flags": return names(node, key).map { .flags(Set($0.compactMap { reader.text($0, key) })) }
        case "suggested": return names(node, key).map { .suggested(Set($0.compactMap { reader.text($0, key) })) }
        case "manager":
            if node.text == "none" { return .manager(nil) }
            return reader.reference(node, key, "account manager", .unknownRole, known: set.site.customers.managers.map(\.id.rawValue), example: example)
                .map { .manager(RoleID($0)) }
        case "callers": return reader.wholeNumber(node, key, in: 1...100_000, example: "callers: 2").map { .callers($0) }
        case "case":
            return reader.choice(node, key, among: CaseState.allCases.map(\.rawValue), example: example).flatMap(CaseState.init).map { .kase($0) }
        case "open": return stages(node, key).map { .open($0) }
        case "skipped": return stages(node, key).map { .skipped($0) }
        case "missing": return node.text == "none" ? .missing([]) : documents(node).map { .missing(Set($0)) }
        default:
            guard let limit = LimitName(rawValue: key) else { return nil }
            if node.text == "none" { return .limit(limit, nil) }
            return reader.limit(node, key).map { .limit(limit, $0) }
        }
    }

    private func rule(_ node: Node) -> String? {
        guard let text = reader.text(node, "rule", example: "rule: faults.hazard-first") else { return nil }
        if text == "fallback" || set.rule(named: text) != nil { return text }
        let known = set.ruleNames + ["fallback"]
        let inModule = known.filter { $0.hasSuffix("." + text) }
        reader.error(
            reader.place(node), .unknownRule(text, known: known, suggestion: inModule.count == 1 ? inModule[0] : reader.near(text, among: known)))
        return nil
    }

    /// The contractors of the test, or of the rules.
    var contractorNames: [String] { (contractors?.contractors ?? set.site.contractors.contractors).keys.map(\.rawValue).sorted() }

    private func known(_ node: Node, _ key: String, _ what: String, _ code: DiagnosticCode, among names: [String]) -> String? {
        guard let text = reader.text(node, key, example: "\(key): \(names.first ?? "c-1")") else { return nil }
        if names.contains(text) { return text }
        reader.error(reader.place(node), .unknown(code, what, text, known: names, suggestion: near(text, among: names)))
        return nil
    }

    /// - Parameter crews: the crews of the test; nil: those of the site.
    func contractors(_ node: Node, beside crews: RuleTest.Roster?) -> RuleTest.Contractors? {
        let none = RuleTest.Contractors(contractors: [:], tiers: [:])
        if case .map(let pairs, true) = node.content, pairs.isEmpty { return none }
        if node.text == "none" { return none }
        let book = set.site.contractors
        guard let entries = reader.named(node, section: "contractors", what: "a contractor", example: Keys.testWith.examples["contractors"] ?? "") else { return nil }
        var result: [ContractorID: Contractor] = [:]
        var tiers: [ContractorID: String] = [:]
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.testContractor, named: entry.name, example: Keys.testWith.examples["contractors"], at: entry.key) else { continue }
            // Steps assign by name.
            let isCrew = crews.map { $0.crews[CrewID(entry.name)] != nil } ?? (set.site.crews[CrewID(entry.name)] != nil)
            for (what, isTaken) in [("department", set.site.departments[DepartmentID(entry.name)] != nil), ("crew", isCrew)] where isTaken {
                reader.error(entry.key, .contractorNamedAs(what, entry.name))
            }
            var contractor = Contractor(id: ContractorID(entry.name), name: one["name"].flatMap { reader.text($0, "name") })
            for item in reader.required("works", in: one, of: "the contractor '\(entry.name)'").flatMap({ reader.list($0, "works", of: "kinds of works", example: "works: [line_10kv]") }) ?? [] {
                let known = book.works.isEmpty ? nil : book.works.keys.sorted()
                if let code = reader.reference(item, "works", "kind of works", .unknownWorks, known: known) { contractor.works.append(code) }
            }
            if let node = one["licences"] {
                contractor.licences = ContractorSections().licences(node, reader)
            } else {
                contractor.licences = LicenceKind.allCases.map { Licence(kind: $0, level: 1, until: CivilDate(daysSinceEpoch: .max)) }
            }
            if let node = one["tier"], let tier = known(node, "tier", "tier", .unknownTier, among: book.ratings.tiers.map(\.name)) { tiers[contractor.id] = tier }
            result[contractor.id] = contractor
        }
        return RuleTest.Contractors(contractors: result, tiers: tiers)
    }

    /// `none`, one, or a list.
    private func names(_ node: Node, _ key: String) -> [Node]? {
        if node.text == "none" { return [] }
        if case .text = node.content { return [node] }
        return reader.list(node, key, of: "names", example: Keys.expectation.examples[key])
    }

    private func stages(_ node: Node, _ key: String) -> Set<String>? {
        names(node, key).map { items in
            Set(
                items.compactMap { item in
                    reader.reference(item, key, "stage", .unknownStage, known: facts.stages, example: Keys.expectation.examples[key])
                })
        }
    }

    func task(_ node: Node) -> String? {
        guard let text = reader.text(node, "task", example: "task: repair") else { return nil }
        if facts.tasks.contains(text) { return text }
        reader.error(reader.place(node), .unknownTask(text, known: facts.tasks, suggestion: reader.near(text, among: facts.tasks)))
        return nil
    }

    func crew(_ node: Node, _ key: String, _ crews: RuleTest.Roster?) -> CrewID? {
        guard let text = reader.text(node, key, example: "\(key): a") else { return nil }
        let id = CrewID(text)
        if crews.map({ $0.crews[id] != nil }) ?? (set.site.crews[id] != nil) { return id }
        let known = crews.map { $0.crews.keys.map(\.rawValue).sorted() } ?? facts.rosterNames
        reader.error(reader.place(node), .unknownTestCrew(text, known: known, own: crews != nil, suggestion: near(text, among: known)))
        return nil
    }

    /// Names of one or two letters are all near to each other.
    private func near(_ name: String, among names: [String]) -> String? { name.count < 3 ? nil : reader.near(name, among: names) }

    private func told(_ node: Node, _ crews: RuleTest.Roster?) -> RuleTest.Fact? {
        if node.text == "none" { return .told([]) }
        let example = "told: [department.head]"
        let items: [Node]
        if case .text = node.content { items = [node] } else { items = reader.list(node, "told", of: "who is told", example: example) ?? [] }
        var result: Set<RuleTest.TestRecipient> = []
        for item in items {
            guard let text = reader.text(item, "told", example: example) else { continue }
            if text == "department.head" {
                result.insert(.departmentHead)
            } else if set.site.roles[RoleID(text)] != nil {
                result.insert(.role(RoleID(text)))
            } else if facts.people.contains(text) || facts.departments.contains(text) || facts.outageNames.contains(text) || contractorNames.contains(text) || crews.map({ $0.crews[CrewID(text)] != nil }) ?? (set.site.crews[CrewID(text)] != nil) {
                result.insert(.named(text))
            } else {
                let roster = crews.map { $0.crews.keys.map(\.rawValue).sorted() } ?? facts.rosterNames
                let known = ["department.head"] + facts.roles + roster + facts.departments + facts.people.sorted()
                reader.error(reader.place(item), .unknownTold(text, known: known, suggestion: reader.near(text, among: known)))
            }
        }
        return .told(result)
    }
}

extension Keys {
    /// A customer's facts that rules, or the finding of places, can read.
    static let testFacts = Keys(
        "'customer'",
        [
            "account": "account: '3302001234'", "name": "name: 第一医院", "class": "class: industrial", "industry": "industry: C",
            "capacity_kva": "capacity_kva: 1250", "annual_kwh": "annual_kwh: 6200000", "district": "district: lucheng", "credit": "credit: A",
            "payment": "payment: good", "critical_class": "critical_class: class_1", "tier": "tier: vip", "transformer": "transformer: T-991",
            "lat": "lat: 28.012", "lon": "lon: 120.655", "contacts_90d": "contacts_90d: 5", "contacts_12m": "contacts_12m: 9", "complaints_90d": "complaints_90d: 2",
            "complaints_12m": "complaints_12m: 3", "faults_12m": "faults_12m: 4", "applications_12m": "applications_12m: 1", "growth": "growth: 0.2",
            "hours_of_use": "hours_of_use: 4500", "seasonality": "seasonality: summer", "load_pattern": "load_pattern: steady", "late_12m": "late_12m: 3",
            "unpaid": "unpaid: 1", "account_manager": "account_manager: am-1", "payment_habit": "payment_habit: late", "preferred_channel": "preferred_channel: '95598'",
        ])
}

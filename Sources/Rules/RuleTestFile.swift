import Domain

/// Reads the items of one file.
struct TestFile {
    let reader: FileReader
    let set: RuleSet
    let facts: SetNames
    var tests: [RuleTest] = []
    var skipped = 0
    private var lines: [String: Int] = [:]
    /// The contractors of the test that is read; nil: those of the rules.
    private(set) var contractors: RuleTest.Contractors?
    /// What the last item with `with` alone said.
    private var shared = Surroundings()

    init(reader: FileReader, set: RuleSet, facts: SetNames) {
        self.reader = reader
        self.set = set
        self.facts = facts
    }

    private struct Surroundings {
        var start: Instant?
        var crews: RuleTest.Roster?
        var customer: Node?
        var outages: [RuleTest.Outage] = []
        var contractors: RuleTest.Contractors?
    }

    mutating func item(_ node: Node) {
        guard let block = reader.block(node, Keys.ruleTest, example: "- name: a fallen line is made safe first\n  report: { type: fault, category: line_down }\n  expect: { rule: faults.hazard-first }")
        else { return }
        if block.has("with"), !block.has("name"), !block.has("report"), !block.has("expect") {
            shared = Surroundings()
            if let with = block["with"] { shared = surroundings(with, Surroundings()) }
            return
        }
        let name = reader.required("name", in: block).flatMap { reader.text($0, "name", example: Keys.ruleTest.examples["name"]) }
        let nameRange = block["name"].map { reader.place($0) } ?? block.anchor
        if let name {
            if let first = lines[name] {
                reader.error(nameRange, .duplicateName("the test", name, place: "line \(first)"))
            } else {
                lines[name] = reader.line(of: nameRange)
            }
        }
        if let node = block["needs"], !hasAll(node) {
            skipped += 1
            return
        }
        let around = block["with"].map { surroundings($0, shared) } ?? shared
        contractors = around.contractors
        let begins = ["report", "readings", "outage"].filter { block.has($0) }
        if begins.count > 1, let range = block.keyRanges[begins[1]] { return reader.error(range, .severalBeginnings) }
        let readings = block["readings"].map { self.readings($0) } ?? []
        let outage = block["outage"].flatMap { self.outage($0, around.start, number: 1) }
        let report = block.has("readings") || block.has("outage") ? nil : reader.required("report", in: block, of: name.map { "the test '\($0)'" })
        guard report != nil || block.has("readings") || outage != nil else { return }
        if !block.has("expect"), !(block["then"].map(expects) ?? false) {
            reader.error(nameRange, .nothingExpected("this test"))
        }
        let start = around.start ?? set.site.zone.instant(of: RuleTestReader.day, second: 12 * 3_600)
        var test = RuleTest(
            name: name ?? "", file: reader.source.name, line: reader.line(of: nameRange), place: place(nameRange), start: start, crews: around.crews,
            facts: nil, report: nil, readings: readings, expect: nil, steps: [])
        test.outages = around.outages
        test.contractors = around.contractors
        test.expect = block["expect"].flatMap { expected($0, around.crews) }
        if let node = block["then"] { test.steps = steps(node, test, first: report?["id"]?.text) }
        test.outage = outage
        guard let report else {
            if outage != nil { test.facts = around.customer.flatMap { customerFacts($0) } }
            if name != nil { tests.append(test) }
            return
        }

        // A list stands for each of its values: so many tests.
        guard let reports = cases(report), let customers = around.customer.map({ cases($0) }) ?? [],
            reports.count * max(customers.count, 1) <= RuleTestReader.casesMax
        else {
            reader.error(nameRange, .tooManyCases(max: RuleTestReader.casesMax))
            return
        }
        let facts = customers.map { (labels: $0.labels, facts: customerFacts($0.node)) }
        for one in reports {
            guard let read = self.report(one.node, start), name != nil else { continue }
            for customer in facts.isEmpty ? [(labels: [], facts: nil)] : facts {
                var variant = test
                let labels = one.labels + customer.labels
                if !labels.isEmpty { variant.name += " (\(labels.joined(separator: ", ")))" }
                variant.report = read
                variant.facts = customer.facts
                tests.append(variant)
            }
        }
    }

    func place(_ range: Range<Int>) -> RuleTestPlace { RuleTestPlace(file: reader.file, range: range) }

    /// Whether the modules that a test needs are read.
    private func hasAll(_ node: Node) -> Bool {
        let items: [Node]
        if case .text = node.content { items = [node] } else { items = reader.list(node, "needs", of: "modules", example: "needs: [faults]") ?? [] }
        var isWhole = true
        for item in items {
            guard let name = reader.text(item, "needs", example: "needs: [faults]") else { continue }
            // A module goes by its file here: those without rules have no other name in the set.
            guard set.moduleFiles.contains(name + ".yaml") || set.moduleNames.contains(name) else {
                let known = set.moduleFiles.map { $0.hasSuffix(".yaml") ? String($0.dropLast(5)) : $0 }
                reader.findings.warning(
                    reader.file, reader.place(item), .needsModule(name, suggestion: nearestName(to: name, among: known + set.moduleNames)))
                isWhole = false
                continue
            }
        }
        return isWhole
    }

    private func expects(_ node: Node) -> Bool {
        guard case .list(let items, _) = node.content else { return true }
        return items.contains { item in
            guard case .map(let pairs, _) = item.content else { return true }
            return pairs.contains { $0.key.text == "expect" }
        }
    }

    // MARK: Lists of values

    private struct Case {
        var node: Node
        /// `category: fire`
        var labels: [String] = []
    }

    /// Each choice of one value out of each list among the values of a block, and of the blocks in it; nil: too many.
    private func cases(_ node: Node) -> [Case]? {
        guard case .map(let pairs, let flow) = node.content else { return [Case(node: node)] }
        var made: [(pairs: [Node.Pair], labels: [String])] = [([], [])]
        for pair in pairs {
            let values: [Case]
            if pair.key.text != "documents", case .list(let items, _) = pair.value.content, !items.isEmpty, items.allSatisfy({ $0.text != nil }) {
                values = items.map { Case(node: $0, labels: ["\(pair.key.text ?? ""): \($0.text ?? "")"]) }
            } else {
                guard let below = cases(pair.value) else { return nil }
                values = below
            }
            guard made.count * values.count <= RuleTestReader.casesMax else { return nil }
            made = made.flatMap { before in
                values.map { (before.pairs + [Node.Pair(key: pair.key, value: $0.node)], before.labels + $0.labels) }
            }
        }
        return made.map { choice in
            var copy = node
            copy.content = .map(choice.pairs, flow: flow)
            return Case(node: copy, labels: choice.labels)
        }
    }

    // MARK: with

    private func surroundings(_ node: Node, _ outer: Surroundings) -> Surroundings {
        var around = outer
        guard let block = reader.block(node, Keys.testWith, example: Keys.ruleTest.examples["with"]) else { return around }
        if let node = block["at"], let instant = instant(node, "at") { around.start = instant }
        if let node = block["crews"] { around.crews = crews(node) }
        if let node = block["customer"] { around.customer = node }
        if let node = block["outages"] { around.outages = outages(node, around.start) }
        if let node = block["contractors"] { around.contractors = contractors(node, beside: around.crews) }
        return around
    }

    private func outages(_ node: Node, _ start: Instant?) -> [RuleTest.Outage] {
        (reader.list(node, "outages", of: "known outages", example: Keys.testWith.examples["outages"]) ?? []).enumerated().compactMap { number, item in
            outage(item, start, number: number + 1)
        }
    }

    private func crews(_ node: Node) -> RuleTest.Roster? {
        let example = Keys.testWith.examples["crews"] ?? ""
        if case .map(let pairs, true) = node.content, pairs.isEmpty { return RuleTest.Roster(crews: [:], standings: []) }
        if node.text == "none" { return RuleTest.Roster(crews: [:], standings: []) }
        guard let entries = reader.named(node, section: "crews", what: "a crew", example: example) else { return nil }
        var result: [CrewID: Crew] = [:]
        var standings: [RuleTest.Standing] = []
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.testCrew, named: entry.name, example: example, at: entry.key) else { continue }
            let id = CrewID(entry.name)
            if set.site.departments[DepartmentID(entry.name)] != nil { reader.error(entry.key, .crewNamedAsDepartment(entry.name)) }
            let department = one["department"].flatMap {
                reader.reference($0, "department", "department", .unknownDepartment, known: facts.departments)
            }
            let district = one["district"].flatMap {
                reader.reference($0, "district", "district", .unknownDistrict, known: set.site.districts.keys.map(\.rawValue).sorted())
            }
            let shift = one["shift"].flatMap { reader.reference($0, "shift", "shift", .unknownShift, known: facts.shifts) }
            result[id] = Crew(
                id: id, name: one["name"].flatMap { reader.text($0, "name") }, department: department.map { DepartmentID($0) } ?? set.site.fallback,
                district: district.map { DistrictID($0) },
                base: one["base"].flatMap { reader.block($0, Keys.base, example: Keys.base.examples["lat"]) }.flatMap { reader.coordinate($0, needed: true) },
                skills: one["skills"].map { SiteReader(reader: reader, sources: []).skillSet($0, known: facts.skills) } ?? [],
                shift: shift.flatMap { set.site.shifts[$0] },
                capacity: one["capacity"].flatMap { reader.wholeNumber($0, "capacity", in: 1...1_000, example: "capacity: 1") } ?? 1)
            let (onDuty, coordinate) = standing(one)
            if onDuty != nil || coordinate != nil { standings.append(RuleTest.Standing(crew: id, onDuty: onDuty, coordinate: coordinate)) }
        }
        return RuleTest.Roster(crews: result, standings: standings.sorted { $0.crew < $1.crew })
    }

    private func standing(_ block: Block) -> (onDuty: Bool?, coordinate: Coordinate?) {
        let duty = block["duty"].flatMap { reader.choice($0, "duty", among: ["on", "off"], example: "duty: off") }
        let coordinate = block["place"].flatMap { reader.block($0, Keys.base, example: Keys.testCrew.examples["place"]) }.flatMap {
            reader.coordinate($0, needed: true)
        }
        return (duty.map { $0 == "on" }, coordinate)
    }

    // MARK: then

    /// - Parameter first: the id of the test's own report, if it has one.
    private func steps(_ node: Node, _ test: RuleTest, first: String?) -> [RuleTest.Step] {
        guard let items = reader.list(node, "then", of: "steps", example: Keys.ruleTest.examples["then"]) else { return [] }
        guard items.count <= RuleTestReader.stepsMax else {
            reader.error(reader.place(node), .outOfRange("then", "\(items.count)", from: "1", to: "\(RuleTestReader.stepsMax) steps"))
            return []
        }
        var steps: [RuleTest.Step] = []
        var ids: [String: Int] = [:]
        if let first { ids[first] = 0 }
        var count = 1
        for item in items {
            guard let block = reader.block(item, Keys.step, example: "- after: 4 min\n  expect: { crew: b }") else { continue }
            var step = RuleTest.Step(after: .zero, action: nil, about: 0, task: nil, expect: nil, place: place(reader.place(item)))
            if let node = block["after"] { step.after = reader.duration(node, "after") ?? .zero }
            step.action = action(block, test)
            if case .report(let report)? = step.action {
                step.about = count
                if let id = report.id { ids[id] = count }
                count += 1
            }
            if case .readings? = step.action {
                step.about = count
                count += 1
            }
            if let node = block["about"], let id = reader.text(node, "about", example: "about: second") {
                if let number = ids[id] {
                    step.about = number
                } else {
                    reader.error(reader.place(node), .unknownReport(id, known: ids.keys.sorted(), suggestion: reader.near(id, among: ids.keys.sorted())))
                }
            }
            step.task = block["task"].flatMap { task($0) }
            step.expect = block["expect"].flatMap { expected($0, test.crews) }
            if !Keys.step.names.contains(where: { $0 != "about" && $0 != "task" && block.has($0) }) {
                reader.error(block.anchor, .nothingExpected("this step does nothing and"))
            }
            steps.append(step)
        }
        return steps
    }

    private func action(_ block: Block, _ test: RuleTest) -> RuleTest.Action? {
        let kinds = ["do", "assign", "priority", "crew", "report", "readings", "documents", "case", "outage"].filter { block.has($0) }
        guard kinds.count <= 1 else {
            reader.error(block.keyRanges[kinds[1]] ?? block.anchor, .severalActions(kinds))
            return nil
        }
        let speaking = ["do", "assign", "priority", "documents", "case"]
        if let range = block.keyRanges["by"], !speaking.contains(kinds.first ?? "") { reader.error(range, .onlyWith("by", speaking)) }
        for key in ["outcome", "satisfaction", "solved"] {
            if let range = block.keyRanges[key], kinds.first != "do" { reader.error(range, .onlyWith(key, ["do"])) }
        }
        // Fields come with a stage that is completed, or with documents.
        if let range = block.keyRanges["fields"], kinds.first != "do", kinds.first != "documents" { reader.error(range, .onlyWith("fields", ["do", "documents"])) }
        for key in ["duty", "place"] {
            if let range = block.keyRanges[key], kinds.first != "crew" { reader.error(range, .onlyWith(key, ["crew"])) }
        }
        let by = block["by"].flatMap { reader.text($0, "by", example: "by: a") }
        switch kinds.first {
        case "do":
            guard let word = block["do"].flatMap({ reader.choice($0, "do", among: RuleTest.progress.map(\.rawValue), example: "do: accept") }),
                let event = ProgressEvent(rawValue: word)
            else { return nil }
            let isEngineers = event == .close || event == .cancel || event == .callback
            var progress = Progress(task: .none, event: event, by: by ?? (isEngineers ? RuleTest.engineer : nil))
            progress.outcome = block["outcome"].flatMap { reader.text($0, "outcome", example: "outcome: failed") }
            if let node = block["fields"] { progress.fields = ownFields(node) }
            progress.satisfaction = block["satisfaction"].flatMap { reader.wholeNumber($0, "satisfaction", in: 1...5, example: "satisfaction: 4") }.map { Int32($0) }
            progress.solved = block["solved"].flatMap { reader.flag($0, "solved") }
            return .progress(progress)
        case "assign":
            guard let node = block["assign"], let name = reader.text(node, "assign", example: "assign: b") else { return nil }
            let isKnown = set.site.departments[DepartmentID(name)] != nil || contractorNames.contains(name)
            if !isKnown, crew(node, "assign", test.crews) == nil { return nil }
            return .progress(Progress(task: .none, event: .assign, by: by ?? RuleTest.engineer, to: name))
        case "priority":
            guard let word = block["priority"].flatMap({ reader.choice($0, "priority", among: Priority.allCases.map(\.rawValue), example: "priority: high") })
            else { return nil }
            return .progress(Progress(task: .none, event: .priority, by: by ?? RuleTest.engineer, priority: Priority(rawValue: word)))
        case "documents":
            guard let node = block["documents"], let codes = documents(node) else { return nil }
            return .kase(
                CaseSignal(
                    id: .none, event: .documents, documents: codes, fields: block["fields"].map { ownFields($0) } ?? [:], by: by ?? RuleTest.engineer))
        case "case":
            let events: [CaseEvent] = [.suspend, .resume, .withdraw]
            guard let word = block["case"].flatMap({ reader.choice($0, "case", among: events.map(\.rawValue), example: "case: suspend") }),
                let event = CaseEvent(rawValue: word)
            else { return nil }
            return .kase(CaseSignal(id: .none, event: event, by: by ?? RuleTest.engineer))
        case "crew":
            guard let id = block["crew"].flatMap({ crew($0, "crew", test.crews) }) else { return nil }
            let (onDuty, coordinate) = standing(block)
            guard onDuty != nil || coordinate != nil else {
                if !block.has("duty"), !block.has("place") {
                    reader.error(block.keyRanges["crew"] ?? block.anchor, .missingKey("duty' or 'place", in: "a step with 'crew'", example: "crew: a\nduty: off"))
                }
                return nil
            }
            return .crew(id, onDuty: onDuty, coordinate: coordinate)
        case "report":
            return block["report"].flatMap { report($0, test.start) }.map { .report($0) }
        case "readings": return block["readings"].map { .readings(readings($0)) }
        case "outage": return block["outage"].flatMap { outage($0, test.start, number: 1) }.map { .outage($0) }
        default: return nil
        }
    }
}

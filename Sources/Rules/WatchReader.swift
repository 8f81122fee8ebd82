import CEL
import Domain

/// The standing rules of a module, with the places for findings about the set.
struct ReadWatch {
    var rules: [(rule: WatchRule, nameRange: Range<Int>)] = []
    var maintenance: [(rule: MaintenanceRule, nameRange: Range<Int>)] = []
    var lending: [(rule: LendingRule, nameRange: Range<Int>)] = []
    var isEmpty: Bool { rules.isEmpty && maintenance.isEmpty && lending.isEmpty }
}

/// Reads `watch` and `maintenance` of one module.
///
/// Each rule is checked alone: its conditions against the schema of readings and devices, its report against the values that the site declares.
struct WatchReader {
    let reader: FileReader
    /// nil: there is no site.
    let site: SiteWords?

    static let countMax = 1_000

    func read(_ block: Block, module: String) -> ReadWatch {
        var found = ReadWatch()
        // Rules of both sections go by their names.
        var lines: [String: Int] = [:]
        if let node = block["watch"] {
            let conditions = ConditionReader(reader: reader, schema: WatchSchema.schema(site, readings: true))
            for block in blocks(node, "watch", Keys.watch) { watch(block, module, conditions, &lines, &found) }
        }
        if let node = block["maintenance"] {
            for block in blocks(node, "maintenance", Keys.maintenance) { maintenance(block, module, &lines, &found) }
        }
        found.lending = LendingReader(reader: reader, site: site).read(block, module: module)
        return found
    }

    private func blocks(_ node: Node, _ key: String, _ keys: Keys) -> [Block] {
        let example = Keys.module.examples[key]
        guard let items = reader.list(node, key, of: "rules", example: example) else { return [] }
        if node.isEmptyList { reader.error(reader.place(node), .emptyValue(key, example: example)) }
        return items.compactMap { item in
            guard reader.inBlockStyle(item, keys.what, example: "- name: heavy-load\n  when: reading.quantity == \"load_ratio\" && reading.value >= 0.8") else { return nil }
            return reader.block(item, keys, example: example)
        }
    }

    private func name(_ block: Block, _ lines: inout [String: Int]) -> (name: String?, range: Range<Int>) {
        let range = block["name"].map { reader.place($0) } ?? block.anchor
        let name = reader.required("name", in: block).flatMap { reader.code($0, "name", what: "a rule's name", example: "name: heavy-load", allowsDots: false) }
        guard let name else { return (nil, range) }
        if let first = lines[name] {
            reader.error(range, .duplicateName("the rule", name, place: "line \(first)"))
            return (nil, range)
        }
        lines[name] = reader.line(of: range)
        return (name, range)
    }

    /// nil: it has a mistake; `.some(nil)`: there is none.
    private func condition(_ block: Block, _ key: String, _ conditions: ConditionReader) -> Condition?? {
        guard block.has(key) else { return .some(nil) }
        guard let condition = block[key].flatMap({ conditions.condition($0, key, expecting: .bool) }) else { return nil }
        return condition
    }

    private func devices(_ block: Block) -> Condition?? {
        condition(block, "devices", ConditionReader(reader: reader, schema: WatchSchema.schema(site, readings: false)))
    }

    // MARK: watch

    private func watch(_ block: Block, _ module: String, _ conditions: ConditionReader, _ lines: inout [String: Int], _ found: inout ReadWatch) {
        let (name, nameRange) = name(block, &lines)
        let when = condition(block, "when", conditions)
        let clears = condition(block, "clears", conditions)
        let room = condition(block, "room", conditions)
        let devices = devices(block)
        let trigger = trigger(block)
        let gap = block["gap"].map { reader.duration($0, "gap") } ?? WatchRule.gapDefault
        let again = block["again_after"].map { reader.duration($0, "again_after") } ?? WatchRule.againAfterDefault
        let silentQuantity = block["quantity"].flatMap { quantity($0) }
        let report = reader.required("report", in: block, of: name.map { "the rule '\($0)'" } ?? "a watch rule").flatMap { template($0) }
        guard let name, let when, let clears, let room, let devices, let trigger, let gap, let again, let report else { return }
        var quantities = when.flatMap { WatchSchema.quantities(of: $0.expression.root) }
        if case .silent = trigger {
            guard let silentQuantity else { return }
            quantities = [silentQuantity.code]
        }
        let rule = WatchRule(
            name: module + "." + name, file: reader.source.name, line: reader.line(of: nameRange), trigger: trigger, gap: gap, againAfter: again,
            quantities: quantities, report: report, when: when, clears: clears.map(light), room: room.map(light), devices: devices.map(light))
        found.rules.append((rule, nameRange))
    }

    /// What runs needs no tree.
    private func light(_ condition: Condition) -> Condition { Condition(condition.expression.withoutTree, label: condition.label) }

    private func trigger(_ block: Block) -> WatchRule.Trigger? {
        if block.has("silent") {
            for key in ["when", "for", "count", "window", "clears", "room", "gap"] {
                guard let range = block.keyRanges[key] else { continue }
                reader.error(range, key == "when" ? .whenAndSilent : .idleKey(key, with: "silent"))
                return nil
            }
            if !block.has("quantity") { reader.error(block.anchor, .goesWith("silent", "quantity", example: "silent: 30 min\nquantity: load_ratio")) }
            return block["silent"].flatMap { reader.duration($0, "silent") }.map { .silent($0) }
        }
        guard block.has("when") else {
            reader.error(block.anchor, .neitherWhenNorSilent)
            return nil
        }
        if let range = block.keyRanges["quantity"] {
            reader.error(range, .goesWith("quantity", "silent", example: "when: reading.quantity == \"load_ratio\""))
            return nil
        }
        if let range = block.keyRanges["for"], block.has("count") {
            reader.error(range, .forAndCount)
            return nil
        }
        for (key, other) in [("count", "window"), ("window", "count")] where block.has(key) && !block.has(other) {
            reader.error(block.keyRanges[key] ?? block.anchor, .goesWith(key, other, example: "count: 5\nwindow: 1 h"))
            return nil
        }
        if block.has("count") {
            let count = block["count"].flatMap { reader.wholeNumber($0, "count", in: 1...Self.countMax, example: "count: 5") }
            let window = block["window"].flatMap { reader.duration($0, "window") }
            guard let count, let window else { return nil }
            return .counts(count, window)
        }
        guard block.has("for") else { return .holds(.zero) }
        return block["for"].flatMap { reader.duration($0, "for") }.map { .holds($0) }
    }

    // MARK: maintenance

    private func maintenance(_ block: Block, _ module: String, _ lines: inout [String: Int], _ found: inout ReadWatch) {
        let (name, nameRange) = name(block, &lines)
        let devices = devices(block)
        let again = block["again_after"].map { reader.duration($0, "again_after") } ?? MaintenanceRule.againAfterDefault
        let what = name.map { "the rule '\($0)'" } ?? "a maintenance rule"
        let every = reader.required("every", in: block, of: what).flatMap { interval($0) }
        let report = reader.required("report", in: block, of: what).flatMap { template($0) }
        guard let name, let devices, let again, let every, let report else { return }
        let rule = MaintenanceRule(
            name: module + "." + name, file: reader.source.name, line: reader.line(of: nameRange), every: every, againAfter: again, report: report,
            devices: devices.map(light))
        found.maintenance.append((rule, nameRange))
    }

    private func interval(_ node: Node) -> MaintenanceRule.Interval? {
        guard let block = reader.block(node, Keys.every, example: Keys.maintenance.examples["every"]) else { return nil }
        let kinds = ["count", "hours", "time"].filter { block.has($0) }
        guard let kind = kinds.first else {
            reader.error(block.anchor, .everyNothing)
            return nil
        }
        guard kinds.count == 1 else {
            reader.error(block.keyRanges[kinds[1]] ?? block.anchor, .everyTwo)
            return nil
        }
        if kind == "time" {
            if let range = block.keyRanges["quantity"] { reader.error(range, .idleKey("quantity", with: "time")) }
            return block["time"].flatMap { reader.duration($0, "time") }.map { .time($0) }
        }
        guard block.has("quantity") else {
            reader.error(block.keyRanges[kind] ?? block.anchor, .goesWith(kind, "quantity", example: Keys.every.examples[kind] ?? ""))
            return nil
        }
        let amount = block[kind].flatMap {
            reader.wholeNumber($0, kind, in: 1...(kind == "hours" ? 1_000_000 : 1_000_000_000), example: Keys.every.examples[kind])
        }
        guard let node = block["quantity"], let quantity = quantity(node), let amount else { return nil }
        if quantity.isFlag {
            reader.error(reader.place(node), .notACounter(quantity.code))
            return nil
        }
        if kind == "hours", quantity.unit != "h" {
            reader.error(reader.place(node), .notInHours(quantity.code, unit: quantity.unit))
            return nil
        }
        return .amount(Double(amount), quantity: quantity.code)
    }

    private func quantity(_ node: Node) -> MeasuredQuantity? {
        guard let text = reader.text(node, "quantity", example: "quantity: load_ratio"),
            reader.declared(text, reader.place(node), in: "quantity", known: site?.codes("quantity"))
        else { return nil }
        return site?.quantities.first { $0.code == text }
    }

    // MARK: report

    private func template(_ node: Node) -> ReportTemplate? {
        guard let block = reader.block(node, Keys.template, example: Keys.watch.examples["report"]) else { return nil }
        func value(_ key: String) -> String? {
            guard let node = block[key], let text = reader.text(node, key, example: Keys.template.examples[key]) else { return nil }
            let codes = site?.codes(key)
            // Where a site declares none, any will do.
            let known = codes == [] && key != "type" && key != "category" ? nil : codes
            return reader.declared(text, reader.place(node), in: key, known: known) ? text : nil
        }
        let type = reader.required("type", in: block, of: "the report of a device") == nil ? nil : value("type")
        let report = ReportTemplate(
            type: type ?? "", category: value("category"), urgency: value("urgency"), voltage: value("voltage"), fields: block["fields"].map { fields($0) } ?? [:])
        return type == nil ? nil : report
    }

    private func fields(_ node: Node) -> [String: FieldValue] {
        guard let declared = site?.fields,
            let entries = reader.named(node, section: "fields", what: "a field", example: "fields: { building_height: 30 }", isDeclaring: false)
        else { return [:] }
        var result: [String: FieldValue] = [:]
        for entry in entries {
            guard let field = declared.first(where: { $0.name == entry.name }) else {
                reader.error(
                    entry.key,
                    declared.isEmpty
                        ? .noFields : .unknownField("report.fields." + entry.name, suggestion: reader.near(entry.name, among: declared.map(\.name)).map { "report.fields." + $0 }))
                continue
            }
            switch field.type {
            case .text: result[field.name] = reader.text(entry.value, field.name).map { .string($0) }
            case .number: result[field.name] = reader.number(entry.value, field.name).map { .double($0) }
            case .wholeNumber: result[field.name] = reader.wholeNumber(entry.value, field.name, in: 0...1_000_000_000_000).map { .int(Int64($0)) }
            case .yesNo: result[field.name] = reader.flag(entry.value, field.name).map { .bool($0) }
            case .time:
                guard let text = reader.text(entry.value, field.name) else { continue }
                if (try? Instant(rfc3339: text)) == nil { reader.error(reader.place(entry.value), .notATime(field.name, text)) }
                result[field.name] = .string(text)
            }
        }
        return result
    }
}

/// What is odd about standing rules: each a warning, given only where it is certain.
struct WatchFindings {
    let set: RuleSet
    let findings: Findings

    func run(_ modules: [(file: Int, read: ReadWatch)]) {
        for (file, read) in modules {
            for (rule, range) in read.maintenance {
                guard case .time = rule.every else { continue }
                let dateless = set.devices.devices.filter { $0.installed == nil && $0.lastMaintained == nil && rule.isAbout($0) }
                if let first = dateless.first { findings.warning(file, range, .notDue(dateless.count, example: first.id.rawValue)) }
            }
            guard let first = read.lending.first, !set.site.crews.values.contains(where: { $0.district != nil }) else { continue }
            findings.warning(file, first.nameRange, .lendsNobody)
        }
    }
}

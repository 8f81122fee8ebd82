import Domain

/// What site.yaml says, as far as it could be read: a section with a mistake that has been told may be nil, and then nothing is checked
/// against it.
struct SiteFacts {
    var timeZone: String?
    var zone: TimeZoneRules?
    var values: [String: [DeclaredValue]]?
    var fields: [DeclaredField]?
    var departments: [DepartmentID: Department]?
    var fallback: DepartmentID?
    var districts: [DistrictID: District]?
    var shifts: [String: Shift]?
    var crews: [CrewID: Crew]?
    var network = NetworkRegister()
    /// The file that the register was read from.
    var networkFile: String?
    /// As far as they could be read.
    var quantities: [MeasuredQuantity] = []
    var roles: [RoleID: Role]?
    var closeAfter = TimeSpan.hours(24)
    var askAgainAfter = TimeSpan.minutes(5)

    // Where things are declared, for findings about the set.
    var file = 0
    /// Where the fallback department is declared.
    var fallbackRange: Range<Int>?
    var skillRanges: [String: Range<Int>] = [:]
    var crewRanges: [CrewID: Range<Int>] = [:]
    var shiftRanges: [String: Range<Int>] = [:]
    var usedShifts: Set<String> = []
    /// Checked when all channels are known.
    var channelUses: [(name: String, range: Range<Int>)] = []

    var departmentNames: [String]? { departments?.keys.map(\.rawValue).sorted() }
    var districtNames: [String]? { districts?.keys.map(\.rawValue).sorted() }
    var roleNames: [String]? { roles?.keys.map(\.rawValue).sorted() }
    func codes(_ enumeration: String) -> [String]? { values.map { $0[enumeration]?.map(\.code) ?? [] } }

    var words: SiteWords {
        SiteWords(
            timeZone: timeZone, codes: values?.mapValues { $0.map(\.code) }, fields: fields, districts: districtNames, departmentNames: departmentNames,
            fallback: fallback, quantities: quantities)
    }
}

/// All that the rules of other modules take from the site: as long as it is the same, what they mean is the same, whatever else is edited
/// there (crews, shifts, names for people). A part is nil when it could not be read.
struct SiteWords: Hashable {
    var timeZone: String?
    /// The declared values of each enumeration.
    var codes: [String: [String]]?
    var fields: [DeclaredField]?
    /// Sorted.
    var districts: [String]?
    /// Sorted.
    var departmentNames: [String]?
    var fallback: DepartmentID?
    var quantities: [MeasuredQuantity] = []

    func codes(_ enumeration: String) -> [String]? { codes.map { $0[enumeration] ?? [] } }
}

/// Reads the module `site`.
struct SiteReader {
    let reader: FileReader
    let sources: [SourceText]

    func read(_ block: Block, zone: (String) -> TimeZoneRules?) -> SiteFacts {
        var site = SiteFacts()
        site.file = reader.file
        if let node = block["enabled"], reader.flag(node, "enabled") == false { reader.error(reader.place(node), .siteDisabled) }

        if let node = reader.required("time_zone", in: block), let name = reader.text(node, "time_zone") {
            site.timeZone = name
            site.zone = zone(name)
            if site.zone == nil { reader.error(reader.place(node), .unknownZone(name)) }
        }
        site.values = values(block, &site)
        site.fields = fields(block)
        departments(block, &site)
        site.districts = districts(block, site)
        shifts(block, &site)
        crews(block, &site)
        site.roles = roles(block)
        if let node = block["close_after"], let span = reader.duration(node, "close_after") { site.closeAfter = span }
        if let node = block["ask_again_after"], let span = reader.duration(node, "ask_again_after") { site.askAgainAfter = span }
        if let node = block["network"] { site.network = network(node, &site) }
        return site
    }

    // MARK: Values and fields

    private func values(_ block: Block, _ site: inout SiteFacts) -> [String: [DeclaredValue]]? {
        guard let node = reader.required("values", in: block), let section = reader.block(node, Keys.values, example: Keys.site.examples["values"]) else { return nil }
        var result: [String: [DeclaredValue]] = [:]
        for name in Keys.values.names {
            guard section.has(name) else {
                if name == "type" || name == "category" { reader.error(section.anchor, .missingValue(name, example: Keys.values.examples[name])) }
                continue
            }
            guard let node = section[name] else { return nil }
            if name == "quantity" {
                guard let quantities = quantities(node) else { return nil }
                site.quantities = quantities
                result[name] = quantities.map { DeclaredValue(code: $0.code, chinese: $0.chinese, english: $0.english) }
                continue
            }
            guard let values = declared(node, name, &site) else { return nil }
            result[name] = values
        }
        return result
    }

    /// `[fault, complaint]`, or a block of codes with names in each language.
    private func declared(_ node: Node, _ enumeration: String, _ site: inout SiteFacts) -> [DeclaredValue]? {
        let example = Keys.values.examples[enumeration] ?? ""
        var result: [DeclaredValue] = []
        var seen: Set<String> = []
        switch node.content {
        case .list:
            for item in reader.list(node, enumeration, of: "codes", example: example) ?? [] {
                guard let code = reader.code(item, enumeration, what: "a declared value", example: example) else { continue }
                guard seen.insert(code).inserted else {
                    reader.error(reader.place(item), .duplicateName("the value", code, place: "this list"))
                    continue
                }
                result.append(DeclaredValue(code: code))
                if enumeration == "skill" { site.skillRanges[code] = reader.place(item) }
            }
        case .map:
            for entry in reader.named(node, section: enumeration, what: "a declared value", example: example) ?? [] {
                guard let block = reader.block(entry.value, Keys.value, named: entry.name, example: "{ zh: 断线, en: Line down }", at: entry.key)
                else { continue }
                result.append(
                    DeclaredValue(
                        code: entry.name, chinese: block["zh"].flatMap { reader.text($0, "zh") },
                        english: block["en"].flatMap { reader.text($0, "en") },
                        isHazard: block["hazard"].flatMap { reader.flag($0, "hazard") } ?? false))
                if enumeration == "skill" { site.skillRanges[entry.name] = entry.key }
            }
        case .text, .alias:
            reader.error(
                reader.place(node), .wrongType(enumeration, wants: "a list of codes, or a block of codes with their names", found: node.kind, example: example))
            return nil
        }
        return result
    }

    /// What devices measure: each needs its unit.
    private func quantities(_ node: Node) -> [MeasuredQuantity]? {
        guard case .map = node.content else {
            reader.error(reader.place(node), .quantitiesNeedUnits(found: node.kind))
            return nil
        }
        let example = Keys.values.examples["quantity"] ?? ""
        var result: [MeasuredQuantity] = []
        for entry in reader.named(node, section: "quantity", what: "a quantity", example: example) ?? [] {
            guard let block = reader.block(entry.value, Keys.quantity, named: entry.name, example: example, at: entry.key) else { continue }
            var quantity = MeasuredQuantity(
                code: entry.name, chinese: block["zh"].flatMap { reader.text($0, "zh") }, english: block["en"].flatMap { reader.text($0, "en") }, unit: "")
            quantity.unit = reader.required("unit", in: block, of: "the quantity '\(entry.name)'").flatMap { reader.text($0, "unit", example: "unit: V") } ?? ""
            quantity.lowest = block["lowest"].flatMap { reader.number($0, "lowest") }
            quantity.highest = block["highest"].flatMap { reader.number($0, "highest") }
            if let lowest = quantity.lowest, let highest = quantity.highest, lowest > highest, let node = block["lowest"] {
                reader.error(reader.place(node), .lowestAboveHighest(node.text ?? "", block["highest"]?.text ?? ""))
            }
            if quantity.isFlag, let range = block.keyRanges["lowest"] ?? block.keyRanges["highest"] { reader.error(range, .boundsOfFlag) }
            result.append(quantity)
        }
        return result
    }

    private func fields(_ block: Block) -> [DeclaredField]? {
        guard let node = block["fields"] else { return block.has("fields") ? nil : [] }
        guard let section = reader.block(node, Keys.fields, example: Keys.site.examples["fields"]) else { return nil }
        guard let report = section["report"] else { return [] }
        let example = "building_height: number"
        guard let entries = reader.named(report, section: "report", what: "a field", example: example, allowsDots: false) else { return nil }
        var result: [DeclaredField] = []
        for entry in entries {
            guard Identifiers.isIdentifier(entry.name) else {
                reader.error(
                    entry.key,
                    .badName(entry.name, what: "a field", rule: "conditions write it as 'report.fields.…': letters, digits and '_' alone, no digit first", example: example))
                continue
            }
            guard let name = reader.choice(entry.value, entry.name, among: FieldType.allCases.map(\.rawValue), example: example),
                let type = FieldType(rawValue: name)
            else { return nil }
            result.append(DeclaredField(name: entry.name, type: type))
        }
        return result
    }

    // MARK: Departments, districts, roles

    private func departments(_ block: Block, _ site: inout SiteFacts) {
        let example = "operations: { name: 生产, head: u-301, fallback: true }"
        guard let node = reader.required("departments", in: block),
            let entries = reader.named(node, section: "departments", what: "a department", example: example)
        else { return }
        var result: [DepartmentID: Department] = [:]
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.department, named: entry.name, example: example, at: entry.key) else { continue }
            let id = DepartmentID(entry.name)
            result[id] = Department(
                id: id, name: one["name"].flatMap { reader.text($0, "name") }, english: one["en"].flatMap { reader.text($0, "en") },
                head: one["head"].flatMap { reader.code($0, "head", what: "a person's code") }.map { RoleID($0) })
            guard let flag = one["fallback"], reader.flag(flag, "fallback") == true else { continue }
            if let first = site.fallback {
                reader.error(one.keyRanges["fallback"] ?? entry.key, .secondFallback(first.rawValue))
            } else {
                site.fallback = id
                site.fallbackRange = one.keyRanges["fallback"]
            }
        }
        if site.fallback == nil { reader.error(block.keyRanges["departments"] ?? block.anchor, .noFallback) }
        site.departments = result
    }

    private func districts(_ block: Block, _ site: SiteFacts) -> [DistrictID: District]? {
        guard let node = block["districts"] else { return block.has("districts") ? nil : [:] }
        let example = "lucheng: { zh: 鹿城, en: Lucheng, lat: 28.01, lon: 120.65, site: urban }"
        guard let entries = reader.named(node, section: "districts", what: "a district", example: example) else { return nil }
        var result: [DistrictID: District] = [:]
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.district, named: entry.name, example: example, at: entry.key) else { continue }
            let chinese = one["zh"].flatMap { reader.text($0, "zh") }
            let english = one["en"].flatMap { reader.text($0, "en") }
            var siteClass = one["site"].flatMap { reader.text($0, "site") }
            if let text = siteClass, let node = one["site"], !reader.declared(text, reader.place(node), in: "site", known: site.codes("site")) {
                siteClass = nil
            }
            let id = DistrictID(entry.name)
            result[id] = District(id: id, name: chinese ?? english, centre: reader.coordinate(one, needed: false), site: siteClass)
        }
        return result
    }

    private func roles(_ block: Block) -> [RoleID: Role]? {
        guard let node = block["roles"] else { return block.has("roles") ? nil : [:] }
        let example = "duty_manager: { name: 值班经理, person: u-900 }"
        guard let entries = reader.named(node, section: "roles", what: "a role", example: example, allowsDots: false) else { return nil }
        var result: [RoleID: Role] = [:]
        for entry in entries {
            if entry.name == "assignee" {
                reader.error(entry.key, .badName(entry.name, what: "a role", rule: "in a ladder it means whoever has the task", example: example))
                continue
            }
            guard let one = reader.block(entry.value, Keys.role, named: entry.name, example: example, at: entry.key) else { continue }
            let id = RoleID(entry.name)
            result[id] = Role(
                id: id, name: one["name"].flatMap { reader.text($0, "name") },
                person: one["person"].flatMap { reader.code($0, "person", what: "a person's code") }.map { RoleID($0) })
        }
        return result
    }

    // MARK: Shifts and crews

    private func shifts(_ block: Block, _ site: inout SiteFacts) {
        guard let node = block["shifts"] else {
            if !block.has("shifts") { site.shifts = [:] }
            return
        }
        let example = "day: { from: 08:00, until: 20:00 }"
        guard let entries = reader.named(node, section: "shifts", what: "a shift", example: example) else { return }
        var result: [String: Shift] = [:]
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.shift, named: entry.name, example: example, at: entry.key) else { continue }
            let from = reader.required("from", in: one).flatMap { reader.timeOfDay($0, "from") }
            let until = reader.required("until", in: one).flatMap { reader.timeOfDay($0, "until") }
            site.shiftRanges[entry.name] = entry.key
            // A shift with a mistake is known by name all the same.
            result[entry.name] = Shift(name: entry.name, fromMinute: (from ?? 0) % 1_440, untilMinute: until ?? 0)
        }
        site.shifts = result
    }

    private func crews(_ block: Block, _ site: inout SiteFacts) {
        guard let node = block["crews"] else {
            if !block.has("crews") { site.crews = [:] }
            return
        }
        let example = "north-2:\n  department: operations\n  skills: [distribution_line]"
        guard let entries = reader.named(node, section: "crews", what: "a crew", example: example) else { return }
        var result: [CrewID: Crew] = [:]
        let departments = site.departmentNames
        let skills = site.codes("skill")
        let shifts = site.shifts?.keys.sorted()
        for entry in entries {
            guard let one = reader.block(entry.value, Keys.crew, named: entry.name, example: example, at: entry.key) else { continue }
            let id = CrewID(entry.name)
            if site.departments?[DepartmentID(entry.name)] != nil { reader.error(entry.key, .crewNamedAsDepartment(entry.name)) }
            let department = reader.required("department", in: one, of: "the crew '\(entry.name)'").flatMap {
                reader.reference($0, "department", "department", .unknownDepartment, known: departments)
            }
            let district = one["district"].flatMap { reader.reference($0, "district", "district", .unknownDistrict, known: site.districtNames) }
            let base = one["base"].flatMap { reader.block($0, Keys.base, example: Keys.base.examples["lat"]) }.flatMap { reader.coordinate($0, needed: true) }
            let own = one["skills"].map { skillSet($0, known: skills) } ?? []
            var shift: Shift?
            if let node = one["shift"], let name = reader.reference(node, "shift", "shift", .unknownShift, known: shifts) {
                site.usedShifts.insert(name)
                shift = site.shifts?[name]
            }
            let capacity = one["capacity"].flatMap { reader.wholeNumber($0, "capacity", in: 1...1_000, example: "capacity: 1") } ?? 1
            let channel = one["channel"].flatMap { reader.text($0, "channel") }
            if let channel, let node = one["channel"] { site.channelUses.append((channel, reader.place(node))) }
            site.crewRanges[id] = entry.key
            result[id] = Crew(
                id: id, name: one["name"].flatMap { reader.text($0, "name") }, department: DepartmentID(department ?? ""), district: district.map { DistrictID($0) }, base: base, skills: own,
                shift: shift, capacity: capacity, channel: channel)
        }
        site.crews = result
    }

    func skillSet(_ node: Node, known: [String]?) -> Set<SkillID> {
        var result: Set<SkillID> = []
        for item in reader.list(node, "skills", of: "skills", example: "skills: [distribution_line]") ?? [] {
            guard let name = reader.reference(item, "skills", "skill", .unknownSkill, known: known) else { continue }
            if !result.insert(SkillID(name)).inserted { reader.error(reader.place(item), .duplicateName("the skill", name, place: "this list")) }
        }
        return result
    }

    // MARK: The network register

    private func network(_ node: Node, _ site: inout SiteFacts) -> NetworkRegister {
        guard let name = reader.text(node, "network", example: "network: network.csv") else { return NetworkRegister() }
        guard let file = sources.firstIndex(where: { $0.name == name }) else {
            let tables = sources.map(\.name).filter { $0.hasSuffix(".csv") }
            reader.error(reader.place(node), .noSuchFile(name, suggestion: nearestName(to: name, among: tables)))
            return NetworkRegister()
        }
        site.networkFile = name
        return NetworkReader(source: sources[file], file: file, findings: reader.findings, districts: site.districtNames).read()
    }
}

enum Identifiers {
    /// What a condition can name: letters, digits and `_`, no digit first.
    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), text.utf8.count <= 64 else { return false }
        return text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    /// Names with a meaning of their own in conditions: roots of this and later versions, and words of the language.
    static let taken: Set<String> = [
        "report", "customer", "task", "case", "crew", "contractor", "reading", "device", "true", "false", "null", "in", "as", "break", "const", "continue",
        "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while", "int", "uint", "double",
        "bool", "string", "bytes", "list", "map", "type", "null_type", "dyn", "duration", "timestamp", "size", "has", "all", "exists", "exists_one",
        "filter", "matches",
    ]
}

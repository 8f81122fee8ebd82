import Domain

/// Reads `outages`, which stands in one module only.
struct OutageSections {
    private(set) var desk = OutageDesk()
    private var mark: (reader: FileReader, range: Range<Int>)?

    static let example = "outages:\n  notices:\n    - name: planned\n      type: planned\n      ahead: 7 days\n      tell: [public, customer_service]"
    static let noticeExample = "- name: planned\n  type: planned\n  ahead: 7 days\n  tell: [public, customer_service]"

    mutating func read(_ block: Block, module: String, _ reader: FileReader, _ site: SiteFacts?) {
        guard let node = block["outages"] else { return }
        let range = block.keyRanges["outages"] ?? reader.place(node)
        if let first = mark {
            return reader.error(
                range, .duplicateName("the section", "outages", place: "\(first.reader.source.name):\(first.reader.line(of: first.range))"))
        }
        mark = (reader, range)
        guard let section = reader.block(node, Keys.outages, example: Self.example, at: range) else { return }
        desk = OutageDesk(module: module, file: reader.source.name, line: reader.line(of: range))
        desk.department = section["department"].flatMap {
            reader.reference($0, "department", "department", .unknownDepartment, known: site?.words.departmentNames)
        }.map { DepartmentID($0) }
        if let word = section["overlaps"].flatMap({ reader.choice($0, "overlaps", among: OutageDesk.Overlap.allCases.map(\.rawValue), example: "overlaps: tell") }) {
            desk.overlaps = OutageDesk.Overlap(rawValue: word) ?? .tell
        }
        if let node = section["notices"] { notices(node, reader, site) }
        if let node = section["overrun"] { overrun(node, reader, site) }
        if !["notices", "overrun", "overlaps"].contains(where: { section.has($0) }) { reader.error(range, .saysNothingOfOutages) }
    }

    private mutating func notices(_ node: Node, _ reader: FileReader, _ site: SiteFacts?) {
        guard let items = reader.list(node, "notices", of: "rules for notices", example: Self.noticeExample) else { return }
        if items.isEmpty { reader.error(reader.place(node), .emptyValue("notices", example: Self.noticeExample)) }
        var lines: [String: Int] = [:]
        for item in items {
            guard let block = reader.block(item, Keys.outageNotice, example: Self.noticeExample) else { continue }
            let name = reader.required("name", in: block).flatMap {
                reader.code($0, "name", what: "the name of a rule for notices", example: "name: planned", allowsDots: false)
            }
            let range = block["name"].map { reader.place($0) } ?? block.anchor
            if let name {
                if let first = lines[name] {
                    reader.error(range, .duplicateName("the rule for notices", name, place: "line \(first)"))
                    continue
                }
                lines[name] = reader.line(of: range)
            }
            let what = name.map { "the rule for notices '\($0)'" }
            let type = reader.required("type", in: block, of: what).flatMap {
                reader.choice($0, "type", among: OutageType.allCases.map(\.rawValue), example: "type: planned")
            }.flatMap { OutageType(rawValue: $0) }
            let ahead = reader.required("ahead", in: block, of: what).flatMap { reader.duration($0, "ahead") }
            let tells = reader.required("tell", in: block, of: what).map { recipients($0, reader, site) }
            guard let name, let type, let ahead, let tells, !tells.isEmpty else { continue }
            desk.notices.append(
                OutageDesk.NoticeRule(
                    name: desk.module + "." + name, file: reader.source.name, line: reader.line(of: range), type: type, ahead: ahead, tells: tells))
        }
    }

    private mutating func overrun(_ node: Node, _ reader: FileReader, _ site: SiteFacts?) {
        guard let block = reader.block(node, Keys.outageOverrun, example: Keys.outages.examples["overrun"]) else { return }
        let what = "'overrun'"
        let tells = reader.required("tell", in: block, of: what).map { recipients($0, reader, site, areOfHouse: true) }
        let again = reader.required("again", in: block, of: what).flatMap { reader.duration($0, "again") }
        let giveUp = reader.required("give_up", in: block, of: what).flatMap { reader.duration($0, "give_up") }
        guard let tells, let again, let giveUp, !tells.isEmpty else { return }
        desk.overrun = OutageDesk.Overrun(tells: tells, again: again, giveUp: giveUp)
    }

    /// One, or a list of them.
    /// - Parameter areOfHouse: departments and roles alone.
    private func recipients(_ node: Node, _ reader: FileReader, _ site: SiteFacts?, areOfHouse: Bool = false) -> [OutageRecipient] {
        let items: [Node]
        if case .text = node.content {
            items = [node]
        } else {
            items = reader.list(node, "tell", of: "whom to tell", example: "tell: [public, customer_service]") ?? []
            if node.isEmptyList { reader.error(reader.place(node), .emptyValue("tell", example: "tell: [public, customer_service]")) }
        }
        var found: [OutageRecipient] = []
        for item in items {
            guard let text = reader.text(item, "tell", example: "tell: customer_service"), let recipient = recipient(text, reader.place(item), reader, site, areOfHouse) else { continue }
            if found.contains(recipient) {
                reader.error(reader.place(item), .duplicateName("the recipient", text, place: "this list"))
            } else {
                found.append(recipient)
            }
        }
        return found
    }

    private func recipient(_ text: String, _ range: Range<Int>, _ reader: FileReader, _ site: SiteFacts?, _ areOfHouse: Bool) -> OutageRecipient? {
        switch text {
        case OutageRecipient.publicName where !areOfHouse: return .everybody
        case "account_managers" where !areOfHouse: return .accountManagers
        default: break
        }
        let departments = site?.words.departmentNames
        if departments?.contains(text) ?? true { return .department(DepartmentID(text)) }
        if site?.roleNames?.contains(text) ?? true { return .role(RoleID(text)) }
        let known = (areOfHouse ? [] : [OutageRecipient.publicName, "account_managers"]) + (departments ?? []) + (site?.roleNames ?? [])
        reader.error(range, .unknown(.unknownRole, "department or role", text, known: known, suggestion: nearestName(to: text, among: known)))
        return nil
    }
}

extension Keys {
    static let outages = Keys(
        "'outages'",
        [
            "department": "department: control_centre",
            "overlaps": "overlaps: tell",
            "notices": "notices:\n  - name: planned\n    type: planned\n    ahead: 7 days\n    tell: [public, customer_service]",
            "overrun": "overrun: { tell: control_centre, again: 30 min, give_up: 2 h }",
        ])

    static let outageNotice = Keys(
        "a rule for notices",
        ["name": "name: planned", "type": "type: planned", "ahead": "ahead: 7 days", "tell": "tell: [public, customer_service, account_managers]"])

    static let outageOverrun = Keys("'overrun'", ["tell": "tell: control_centre", "again": "again: 30 min", "give_up": "give_up: 2 h"])

    private static let recipients: Shape = .either([.text, .list(.text)])

    var outageMeanings: [String: Meaning] {
        switch what {
        case Keys.outages.what:
            [
                "department": .init(.reference(.department), "Whose desk it is: its head hears of what was announced too late, or overlaps."),
                "overlaps": .init(.choice(OutageDesk.Overlap.allCases.map(\.rawValue)), "Two at one time in one place: taken, and said ('tell'), or refused."),
                "notices": .init(.list(.block(Keys.outageNotice)), "Who is told how long before supply goes off; each rule once for each outage."),
                "overrun": .init(.block(Keys.outageOverrun), "When the time is over and nobody has said that supply is back; without it, it ends with its time."),
            ]
        case Keys.outageNotice.what:
            [
                "name": .init(.code(dots: false), "Its name, once in the section."),
                "type": .init(.choice(OutageType.allCases.map(\.rawValue)), "Which outages it is about, by the 'type' of the input."),
                "ahead": .init(.duration, "So long before it begins; at once where it was announced later."),
                "tell": .init(Self.recipients, "A department, a role, 'public' (the channel of that name), 'account_managers' of the customers there."),
            ]
        case Keys.outageOverrun.what:
            [
                "tell": .init(Self.recipients, "Who is told: a department or a role."),
                "again": .init(.duration, "Once more after each such time."),
                "give_up": .init(.duration, "After so long it counts as over: who calls then gets a crew."),
            ]
        default: [:]
        }
    }
}

extension Wording {
    static let saysNothingOfOutages = Wording(
        .missingKey, "'outages' says nothing: it wants 'notices', 'overrun' or 'overlaps'", example: OutageSections.example)
}

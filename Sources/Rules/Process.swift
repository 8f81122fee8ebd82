package import Domain

/// A standard process (流程) as a rule file says it: which stages a case goes through, who does each, what waits for what, and how long
/// each may take.
///
/// Immutable, and whole in itself: a case keeps the plan that it began with, however the rules are edited meanwhile. So everything that
/// running a case needs stands here, as codes and texts; `digest` names one wording of it. `json` is the stored form.
package final class ProcessPlan: Sendable {
    /// A stage (环节).
    package struct Stage: Sendable, Hashable {
        package var name: String
        /// For people, where the file gives them.
        package var chinese: String?
        package var english: String?
        /// Places in `stages`; each is done, or skipped, before this one begins.
        package var after: [Int]
        /// Where it does not hold, the stage is skipped. nil: always.
        package var when: Gate?
        package var assign: StageAssignment
        package var priority: Priority
        /// `accept`, `arrive`, `restore`, `stage`.
        package var limits: [LimitName: LimitLength]
        /// The ladder's name.
        package var escalate: String?
        /// `clock: stopped`: the utility's time stands still while only such stages are open (the customer's own works).
        package var isStopped: Bool
        /// `publish`: who may do it is published as a list, and the customer chooses.
        package var publish: String?
        /// `publish: { works: … }`: who may do these; nil: any works.
        package var publishWorks: String?
        /// `failed: { back_to: … }`: where the case goes on when the outcome is `failed`.
        package var backTo: Int?
        /// `tell: customer`: the customer is told when it begins and when it ends.
        package var tellsCustomer: Bool

        package init(
            name: String, chinese: String? = nil, english: String? = nil, after: [Int] = [], when: Gate? = nil, assign: StageAssignment,
            priority: Priority = .normal, limits: [LimitName: LimitLength] = [:], escalate: String? = nil, isStopped: Bool = false,
            publish: String? = nil, publishWorks: String? = nil, backTo: Int? = nil, tellsCustomer: Bool = false
        ) {
            self.name = name
            self.chinese = chinese
            self.english = english
            self.after = after
            self.when = when
            self.assign = assign
            self.priority = priority
            self.limits = limits
            self.escalate = escalate
            self.isStopped = isStopped
            self.publish = publish
            self.publishWorks = publishWorks
            self.backTo = backTo
            self.tellsCustomer = tellsCustomer
        }
    }

    /// A condition as text, with the `let`s of its module that it uses, in their order.
    package struct Gate: Sendable, Hashable {
        package struct Definition: Sendable, Hashable {
            package var name: String
            package var text: String
            package init(name: String, text: String) {
                self.name = name
                self.text = text
            }
        }
        package var text: String
        package var definitions: [Definition]
        package init(text: String, definitions: [Definition] = []) {
            self.text = text
            self.definitions = definitions
        }
    }

    /// `module.name`
    package let name: String
    package let file: String
    package let line: Int
    package let chinese: String?
    package let english: String?
    /// Codes of the documents that an application must bring (资料), in the order of the file.
    package let documents: [String]
    /// From acceptance to the last stage; stands still while only stopped stages are open.
    package let total: LimitLength?
    package let escalate: String?
    package let stages: [Stage]
    /// 12 hexadecimal digits that change with the plan's content; where it stands in which file is no part of that.
    package let digest: String

    package init(
        name: String, file: String, line: Int, chinese: String? = nil, english: String? = nil, documents: [String] = [], total: LimitLength? = nil,
        escalate: String? = nil, stages: [Stage]
    ) {
        self.name = name
        self.file = file
        self.line = line
        self.chinese = chinese
        self.english = english
        self.documents = documents
        self.total = total
        self.escalate = escalate
        self.stages = stages
        var writer = JSONWriter(capacity: 1_024)
        Self.write(name, chinese, english, documents, total, escalate, stages, to: &writer)
        digest = String(ContentDigest(sha256: writer.bytes).hex.prefix(12))
    }

    package func stage(named name: String) -> Int? { stages.firstIndex { $0.name == name } }

    /// The department that answers for the case as a whole: that of its first stage.
    package var lead: DepartmentID? { stages.first?.assign.department }

    /// The stages that must be done again when the one at `failed` goes back to `start`: both ends, and whatever lies on a way from one to the other.
    package func redone(from start: Int, failed: Int) -> Set<Int> {
        var below: Set<Int> = [start]
        // `after` may name a stage that stands further down in the file.
        var grows = true
        while grows {
            grows = false
            for place in stages.indices where !below.contains(place) && stages[place].after.contains(where: below.contains) {
                below.insert(place)
                grows = true
            }
        }
        var result: Set<Int> = [start, failed]
        var open = [failed]
        while let place = open.popLast() {
            for before in stages[place].after where below.contains(before) && result.insert(before).inserted { open.append(before) }
        }
        return result
    }
}

extension ProcessPlan: Hashable {
    package static func == (a: ProcessPlan, b: ProcessPlan) -> Bool { a === b || a.digest == b.digest && a.stages == b.stages && a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}

/// Who does a stage.
package enum StageAssignment: Sendable, Hashable {
    case nearest(skills: Set<SkillID>, within: Int?, otherwise: DepartmentID)
    case department(DepartmentID)
    /// The customer's own account manager (客户经理); where there is none, the department.
    case accountManager(otherwise: DepartmentID)
    /// A contractor of the utility's, by tier, for a kind of works; the department awards it.
    case contractor(works: String, department: DepartmentID)
    /// The customer, with whom they like: the department follows it.
    case customer(followedBy: DepartmentID)

    package var department: DepartmentID {
        switch self {
        case .nearest(_, _, let otherwise): otherwise
        case .department(let department): department
        case .accountManager(let otherwise): otherwise
        case .contractor(_, let department): department
        case .customer(let followedBy): followedBy
        }
    }
}

// MARK: - The stored form

extension ProcessPlan {
    /// The plan as JSON, for the store: `init(json:)` reads it back.
    package var json: [UInt8] {
        var writer = JSONWriter(capacity: 2_048)
        writer.object { json in
            json.field("file", file)
            json.field("line", line)
            json.key("plan")
            Self.write(name, chinese, english, documents, total, escalate, stages, to: &json)
        }
        return writer.bytes
    }

    private static func write(
        _ name: String, _ chinese: String?, _ english: String?, _ documents: [String], _ total: LimitLength?, _ escalate: String?, _ stages: [Stage],
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.field("name", name)
            json.field("zh", chinese)
            json.field("en", english)
            json.key("documents")
            json.array { json in for document in documents { json.string(document) } }
            json.field("total", total?.ruleText)
            json.field("escalate", escalate)
            json.key("stages")
            json.array { json in for stage in stages { write(stage, to: &json) } }
        }
    }

    private static func write(_ stage: Stage, to json: inout JSONWriter) {
        json.object { json in
            json.field("name", stage.name)
            json.field("zh", stage.chinese)
            json.field("en", stage.english)
            json.key("after")
            json.array { json in for place in stage.after { json.int(place) } }
            if let when = stage.when {
                json.field("when", when.text)
                json.key("let")
                json.array { json in
                    for definition in when.definitions {
                        json.object { json in
                            json.field("name", definition.name)
                            json.field("text", definition.text)
                        }
                    }
                }
            }
            json.key("assign")
            json.object { json in
                json.field("department", stage.assign.department.rawValue)
                switch stage.assign {
                case .nearest(let skills, let within, _):
                    json.field("to", "crew")
                    json.key("skills")
                    json.array { json in for skill in skills.sorted() { json.string(skill.rawValue) } }
                    json.field("within_m", within)
                case .department: json.field("to", "department")
                case .accountManager: json.field("to", "account_manager")
                case .contractor(let works, _):
                    json.field("to", "contractor")
                    json.field("works", works)
                case .customer: json.field("to", "customer")
                }
            }
            json.field("priority", stage.priority.rawValue)
            json.key("limits")
            json.object { json in
                for name in LimitName.allCases {
                    guard let length = stage.limits[name] else { continue }
                    json.key(named: name.rawValue)
                    json.string(length.ruleText)
                }
            }
            json.field("escalate", stage.escalate)
            json.field("stopped", stage.isStopped)
            json.field("publish", stage.publish)
            json.field("publish_works", stage.publishWorks)
            json.field("back_to", stage.backTo)
            json.field("tell_customer", stage.tellsCustomer)
        }
    }

    /// A plan as the store has it; nil: it is no such form.
    package convenience init?(json bytes: [UInt8]) {
        guard let value = try? JSONValue.parse(bytes), let plan = value["plan"], let name = plan["name"]?.string, let list = plan["stages"]?.array,
            let file = value["file"]?.string, let line = value["line"]?.int
        else { return nil }
        var stages: [Stage] = []
        for item in list {
            guard let stage = Self.stage(item, count: list.count) else { return nil }
            stages.append(stage)
        }
        var total: LimitLength?
        if let text = plan["total"]?.string {
            guard let length = try? Quantity.limit(text) else { return nil }
            total = length
        }
        self.init(
            name: name, file: file, line: Int(line), chinese: plan["zh"]?.string, english: plan["en"]?.string,
            documents: (plan["documents"]?.array ?? []).compactMap(\.string), total: total, escalate: plan["escalate"]?.string, stages: stages)
    }

    private static func stage(_ value: JSONValue, count: Int) -> Stage? {
        guard let name = value["name"]?.string, let who = value["assign"], let department = who["department"]?.string.map({ DepartmentID($0) }) else { return nil }
        let assign: StageAssignment
        switch who["to"]?.string {
        case "crew":
            assign = .nearest(
                skills: Set((who["skills"]?.array ?? []).compactMap { $0.string.map { SkillID($0) } }), within: who["within_m"]?.int.map { Int($0) }, otherwise: department)
        case "department": assign = .department(department)
        case "account_manager": assign = .accountManager(otherwise: department)
        case "contractor": assign = .contractor(works: who["works"]?.string ?? "", department: department)
        case "customer": assign = .customer(followedBy: department)
        default: return nil
        }
        func place(_ value: JSONValue) -> Int? { value.int.map { Int($0) }.flatMap { (0..<count).contains($0) ? $0 : nil } }
        let after = (value["after"]?.array ?? []).compactMap(place)
        var limits: [LimitName: LimitLength] = [:]
        for member in value["limits"]?.object ?? [] {
            guard let limit = LimitName(rawValue: member.key), let length = member.value.string.flatMap({ try? Quantity.limit($0) }) else { return nil }
            limits[limit] = length
        }
        var gate: Gate?
        if let text = value["when"]?.string {
            gate = Gate(
                text: text,
                definitions: (value["let"]?.array ?? []).compactMap { item in
                    item["name"]?.string.flatMap { name in item["text"]?.string.map { Gate.Definition(name: name, text: $0) } }
                })
        }
        return Stage(
            name: name, chinese: value["zh"]?.string, english: value["en"]?.string, after: after, when: gate, assign: assign,
            priority: value["priority"]?.string.flatMap { Priority(rawValue: $0) } ?? .normal, limits: limits, escalate: value["escalate"]?.string,
            isStopped: value["stopped"]?.bool ?? false, publish: value["publish"]?.string, publishWorks: value["publish_works"]?.string, backTo: value["back_to"].flatMap(place),
            tellsCustomer: value["tell_customer"]?.bool ?? false)
    }
}

// Standing rules that lend crews: which district is in need, who has room, and when a crew goes home.

import CEL
package import Domain

/// How a district stands, as the conditions of lending rules see it. Whole numbers: what is lent must not hang on a rounding.
package struct DistrictStanding: Sendable, Hashable {
    package var district: DistrictID
    /// Tasks of crews that lie there and are not done.
    package var open: Int
    /// Of these, those that nobody has.
    package var waiting: Int
    /// On duty, and serving it now: its own that are not lent, and those lent to it.
    package var crews: Int
    /// Of these, those with a hand free.
    package var free: Int
    /// How many tasks all of them can have at once.
    package var capacity: Int
    /// Its own that serve another district.
    package var lent: Int
    /// Of other districts, serving it.
    package var borrowed: Int

    package init(
        district: DistrictID, open: Int = 0, waiting: Int = 0, crews: Int = 0, free: Int = 0, capacity: Int = 0, lent: Int = 0, borrowed: Int = 0
    ) {
        self.district = district
        self.open = open
        self.waiting = waiting
        self.crews = crews
        self.free = free
        self.capacity = capacity
        self.lent = lent
        self.borrowed = borrowed
    }
}

/// One rule of a module's `lending`:
///
///     when    a district is in need …
///     for     … and has been for so long: crews are lent to it, one after the other while `when` holds
///     from    of districts of which this holds
///     clears  when it holds of the borrower, crews go home as they become idle; without it, when `when` no longer does
///     stay    no sooner than this after they were lent
///     most    no more than so many at once in one district by this rule
///     within  whole metres from where the crew is to the middle of the borrower
package final class LendingRule: Sendable {
    /// `module.name`
    package let name: String
    package let file: String
    package let line: Int
    package let span: TimeSpan
    package let stay: TimeSpan
    package let most: Int
    package let within: Int?
    package let hasClears: Bool
    let when: Condition
    let from: Condition
    let clears: Condition?

    /// ✎ Where a rule does not say.
    package static let mostDefault = 3
    package static let stayDefault = TimeSpan.minutes(30)

    init(
        name: String, file: String, line: Int, span: TimeSpan, stay: TimeSpan, most: Int, within: Int?, when: Condition, from: Condition, clears: Condition?
    ) {
        self.name = name
        self.file = file
        self.line = line
        self.span = span
        self.stay = stay
        self.most = most
        self.within = within
        self.when = when
        self.from = from
        self.clears = clears
        hasClears = clears != nil
    }

    package func when(_ standing: DistrictStanding) -> WatchRule.Truth { truth(when, standing) }
    package func from(_ standing: DistrictStanding) -> WatchRule.Truth { truth(from, standing) }
    /// Whether the need is over, where the rule says so itself.
    package func clears(_ standing: DistrictStanding) -> WatchRule.Truth { clears.map { truth($0, standing) } ?? .no }

    private func truth(_ condition: Condition, _ standing: DistrictStanding) -> WatchRule.Truth {
        do throws(EvaluationError) {
            return try condition.expression.matches(DistrictActivation(standing: standing)) ? .yes : .no
        } catch {
            return .failed(error.message)
        }
    }
}

extension RuleSet {
    /// Rules that lend crews, of all modules, in the order of the files.
    package var lending: [LendingRule] { watch.lending }
}

/// What is in scope of `when`, `from` and `clears`: `district.name`, and the numbers of `DistrictStanding`.
enum DistrictSchema {
    enum Slot: Int {
        case name, open, waiting, crews, free, capacity, lent, borrowed
    }

    static func schema(_ site: SiteWords?) -> Schema {
        var schema = Schema()
        func field(_ slot: Slot, _ type: StaticType) -> Schema.Field { .init(type, slot: slot.rawValue) }
        schema.variables["district"] = .init(.object("district"))
        schema.objects["district"] = [
            "name": field(.name, site?.districts == nil ? .string : .enumeration("district")), "open": field(.open, .int), "waiting": field(.waiting, .int),
            "crews": field(.crews, .int), "free": field(.free, .int), "capacity": field(.capacity, .int), "lent": field(.lent, .int),
            "borrowed": field(.borrowed, .int),
        ]
        if let districts = site?.districts { schema.enumerations["district"] = districts }
        return schema
    }
}

struct DistrictActivation: Activation {
    let standing: DistrictStanding

    func value(slot: Int) -> Value? {
        let number: Int
        switch DistrictSchema.Slot(rawValue: slot) {
        case .name: return .string(standing.district.rawValue)
        case .open: number = standing.open
        case .waiting: number = standing.waiting
        case .crews: number = standing.crews
        case .free: number = standing.free
        case .capacity: number = standing.capacity
        case .lent: number = standing.lent
        case .borrowed: number = standing.borrowed
        case nil: return nil
        }
        return .int(Int64(number))
    }

    func string(slot: Int) -> String? { slot == DistrictSchema.Slot.name.rawValue ? standing.district.rawValue : nil }

    func double(slot: Int) -> Double? { nil }

    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
        throw EvaluationError(message: "no such function", span: Span(start: 0, end: 0))
    }
}

/// Reads `lending` of one module.
struct LendingReader {
    let reader: FileReader
    /// nil: there is no site.
    let site: SiteWords?

    static let mostMax = 100

    func read(_ block: Block, module: String) -> [(rule: LendingRule, nameRange: Range<Int>)] {
        guard let node = block["lending"] else { return [] }
        let example = Keys.module.examples["lending"]
        guard let items = reader.list(node, "lending", of: "rules", example: example) else { return [] }
        if node.isEmptyList { reader.error(reader.place(node), .emptyValue("lending", example: example)) }
        let conditions = ConditionReader(reader: reader, schema: DistrictSchema.schema(site))
        var lines: [String: Int] = [:]
        return items.compactMap { item in
            guard reader.inBlockStyle(item, Keys.lending.what, example: "- name: help\n  when: district.waiting > 0"),
                let block = reader.block(item, Keys.lending, example: example)
            else { return nil }
            return rule(block, module, conditions, &lines)
        }
    }

    private func rule(
        _ block: Block, _ module: String, _ conditions: ConditionReader, _ lines: inout [String: Int]
    ) -> (rule: LendingRule, nameRange: Range<Int>)? {
        let nameRange = block["name"].map { reader.place($0) } ?? block.anchor
        let name = reader.required("name", in: block).flatMap { reader.code($0, "name", what: "a rule's name", example: "name: help", allowsDots: false) }
        if let name {
            if let first = lines[name] {
                reader.error(nameRange, .duplicateName("the rule", name, place: "line \(first)"))
                return nil
            }
            lines[name] = reader.line(of: nameRange)
        }
        let what = name.map { "the rule '\($0)'" } ?? "a lending rule"
        func condition(_ key: String) -> Condition? { reader.required(key, in: block, of: what).flatMap { conditions.condition($0, key, expecting: .bool) } }
        let when = condition("when")
        let from = condition("from")
        let clears: Condition?? = block.has("clears") ? block["clears"].flatMap { conditions.condition($0, "clears", expecting: .bool) } : .some(nil)
        let span = block["for"].map { reader.duration($0, "for") } ?? .zero
        let stay = block["stay"].map { reader.duration($0, "stay") } ?? LendingRule.stayDefault
        let most = block["most"].map { reader.wholeNumber($0, "most", in: 1...Self.mostMax, example: "most: 3") } ?? LendingRule.mostDefault
        let within = block["within"].flatMap { reader.distance($0, "within") }
        guard let name, let when, let from, let clears, let span, let stay, let most, !block.has("within") || within != nil else { return nil }
        func light(_ condition: Condition) -> Condition { Condition(condition.expression.withoutTree, label: condition.label) }
        return (
            LendingRule(
                name: module + "." + name, file: reader.source.name, line: reader.line(of: nameRange), span: span, stay: stay, most: most, within: within,
                when: light(when), from: light(from), clears: clears.map(light)), nameRange
        )
    }
}

extension Keys {
    static let lending = Keys(
        "a lending rule",
        [
            "name": "name: help",
            "when": "when: district.waiting > 0",
            "for": "for: 10 min",
            "from": "from: district.free > 1",
            "within": "within: 60 km",
            "most": "most: 3",
            "clears": "clears: district.waiting == 0 && district.free > 1",
            "stay": "stay: 30 min",
        ])

    static let lendingMeanings: [String: Meaning] = [
        "name": .init(.code(dots: false), "The rule's name, once in its module."),
        "when": .init(.expression, "When a district is in need of crews."),
        "for": .init(.duration, "It must be so for this long; without, at once."),
        "from": .init(.expression, "Which districts have room: theirs are lent."),
        "within": .init(.distance, "How far a crew may be from the middle of the district that it is lent to."),
        "most": .init(.wholeNumber(1...LendingReader.mostMax), "No more than so many at once in one district."),
        "clears": .init(.expression, "When the need is over: whoever is idle goes home; without, when 'when' no longer holds."),
        "stay": .init(.duration, "A crew that was lent stays at least this long."),
    ]
}

extension Wording {
    static let lendsNobody = Wording(
        .lendsNobody, "no crew has a 'district': there is nobody to lend",
        example: "north-2:\n  department: operations\n  district: lucheng\n  skills: [distribution_line]")
}

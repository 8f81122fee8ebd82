import Domain

/// What may stand behind a key: for editors (`paidan check --schema`). The readers say the rest.
indirect enum Shape: Sendable {
    case text
    /// A name of the operator's own, where it is declared.
    case code(dots: Bool)
    case expression
    case duration, distance, percent, timeOfDay, flag
    /// A duration, working days or working hours.
    case limit
    /// `01-28`, `01-28..02-04`.
    case days
    case wholeNumber(ClosedRange<Int>)
    case degrees(Int)
    case number
    case choice([String])
    /// The name of something that the site declares.
    case reference(Reference)
    case either([Shape])
    case block(Keys)
    case list(Shape)
    /// Names of the operator's own, each with what belongs to it.
    case named(Shape, dots: Bool)

    enum Reference: Sendable, Hashable {
        case department, shift, district
        /// One of `Keys.values`.
        case value(String)
        /// Any text will do where the site declares none.
        case valueIfDeclared(String)
        /// Something that any module may declare: a ladder, a channel, a role.
        case other
    }
}

extension Keys {
    struct Meaning: Sendable {
        let shape: Shape
        /// One sentence for who points at the key.
        let words: String
        init(_ shape: Shape, _ words: String) {
            self.shape = shape
            self.words = words
        }
    }

    /// Keys that must be there.
    var required: [String] {
        switch what {
        case Keys.module.what: ["module"]
        case Keys.site.what: ["module", "time_zone", "values", "departments"]
        case Keys.rule.what: ["name"]
        case Keys.merge.what: ["name", "window"]
        case Keys.outageNotice.what: ["name", "type", "ahead", "tell"]
        case Keys.outageOverrun.what: ["tell", "again", "give_up"]
        case Keys.classify.what: ["name"]
        case Keys.customerSet.what: ["tier"]
        case Keys.otherwise.what: ["department"]
        case Keys.process.what: ["name", "stages"]
        case Keys.stage.what: ["name"]
        case Keys.failed.what: ["back_to"]
        case Keys.publish.what: ["contractors"]
        case Keys.contractor.what, Keys.testContractor.what: ["works"]
        case Keys.licence.what: ["kind", "level", "until"]
        case Keys.table.what: ["by", "rows"]
        case Keys.rung.what: ["at", "tell"]
        case Keys.channel.what: ["command"]
        case Keys.shift.what: ["from", "until"]
        case Keys.businessHours.what: ["from", "until"]
        case Keys.calendarImport.what: ["file"]
        case Keys.crew.what: ["department"]
        case Keys.base.what: ["lat", "lon"]
        case Keys.values.what: ["type", "category"]
        case Keys.testReport.what: ["type"]
        case Keys.testReading.what: ["device", "quantity", "value"]
        case Keys.quantity.what: ["unit"]
        case Keys.watch.what: ["name", "report"]
        case Keys.lending.what: ["name", "when", "from"]
        case Keys.maintenance.what: ["name", "every", "report"]
        case Keys.template.what: ["type"]
        default: []
        }
    }

    /// Keys that go with another: the key, and what it needs.
    var needs: [(key: String, other: String)] {
        switch what {
        case Keys.module.what: [("tables", "route")]
        case Keys.district.what, Keys.testPlace.what: [("lat", "lon"), ("lon", "lat")]
        case Keys.ruleTest.what: ["needs", "report", "readings", "outage", "expect", "then"].map { ($0, "name") }
        case Keys.step.what: [("duty", "crew"), ("place", "crew")]
        case Keys.testOutage.what: [("from", "until"), ("until", "from")]
        case Keys.testReading.what: [("every", "for"), ("for", "every")]
        case Keys.classify.what: ["assign", "priority", "limits", "escalate"].map { ($0, "suggest") }
        case Keys.assign.what:
            ["of", "skills", "within", "otherwise"].map { ($0, "nearest") } + [("contractor", "works"), ("works", "contractor"), ("contractor", "department")]
        case Keys.works.what: [("licence", "level"), ("level", "licence")]
        case Keys.ratings.what: [("tiers", "share")]
        case Keys.rule.what: [("task", "assign"), ("assign", "task"), ("priority", "task"), ("limits", "task"), ("escalate", "task"), ("share", "task")]
        case Keys.watch.what:
            ["for", "count", "clears", "room", "gap"].map { ($0, "when") } + [("count", "window"), ("window", "count"), ("silent", "quantity"), ("quantity", "silent")]
        case Keys.every.what: [("count", "quantity"), ("hours", "quantity")]
        case Keys.stageAssign.what: [("skills", "nearest"), ("within", "nearest"), ("otherwise", "nearest"), ("works", "contractor"), ("contractor", "works")]
        default: []
        }
    }

    /// Exactly one of these is there.
    var oneOf: [String] {
        switch what {
        case Keys.assign.what: ["nearest", "department"]
        case Keys.rule.what: ["task", "answer"]
        case Keys.watch.what: ["when", "silent"]
        case Keys.every.what: ["count", "hours", "time"]
        default: []
        }
    }

    /// At least one of these is there.
    var anyOf: [String] { what == Keys.ruleTest.what ? ["report", "readings", "outage", "with"] : [] }

    /// A block without keys says nothing.
    var isNeverEmpty: Bool { what == Keys.expectation.what }

    /// By key. A test holds that each key of each table has its meaning.
    var meanings: [String: Meaning] {
        switch what {
        case Keys.module.what: Self.shared.merging(Self.moduleMeanings) { first, _ in first }
        case Keys.site.what: Self.shared.merging(Self.siteMeanings) { first, _ in first }
        case Keys.rule.what: Self.ruleMeanings
        case Keys.merge.what: Self.mergeMeanings
        case Keys.lending.what: Self.lendingMeanings
        case Keys.classify.what: Self.classifyMeanings
        case Keys.accountManager.what: Self.accountManagerMeanings
        case Keys.customerSet.what: ["tier": .init(.reference(.valueIfDeclared("tier")), "The tier that they are in.")]
        case Keys.suggestLimits.what:
            [
                "accept": .init(Self.limit, "From the task's beginning until the desk has accepted it."),
                "contact": .init(Self.limit, "Until somebody has spoken with the customer."),
                "reply": .init(Self.limit, "Until the work is done."),
            ]
        case Keys.assign.what: Self.assignMeanings
        case Keys.otherwise.what: ["department": .init(.reference(.department), "The department that keeps the task when no crew is near enough.")]
        case Keys.limits.what:
            [
                "accept": .init(Self.limit, "From dispatch to acceptance; begins again with each crew that is asked."),
                "contact": .init(Self.limit, "From the report until somebody has spoken with the customer."),
                "reply": .init(Self.limit, "From the report until the work is done."),
                "arrive": .init(Self.limit, "From the report to arrival on site."),
                "restore": .init(Self.limit, "From arrival on site to supply restored."),
            ]
        case Keys.table.what:
            [
                "by": .init(.text, "The field with declared values that chooses the row."),
                "rows": .init(.named(.limit, dots: true), "A time for each declared value."),
                "otherwise": .init(.limit, "The time for values without a row."),
            ]
        case Keys.calendar.what:
            [
                "count_start_day": .init(.flag, "true: the day on which a clock starts counts as the first."),
                "business_hours": .init(.block(Keys.businessHours), "When a working day begins and ends."),
                "import": .init(.block(Keys.calendarImport), "More years from an iCalendar file."),
            ]
        case Keys.calendarYear.what:
            [
                "holidays": .init(.list(.days), "Days without work, whatever the weekday."),
                "workdays": .init(.list(.days), "Days of a weekend that are worked instead."),
            ]
        case Keys.businessHours.what: ["from": .init(.timeOfDay, "When the day begins."), "until": .init(.timeOfDay, "When it ends.")]
        case Keys.calendarImport.what:
            [
                "file": .init(.text, "The file, beside this one."),
                "workday_mark": .init(.text, "Events whose name has this text are worked; the others are holidays."),
            ]
        case Keys.rung.what:
            [
                "at": .init(.percent, "How much of a limit has passed."),
                "tell": .init(.text, "'assignee', 'department.head', or a role of the site."),
            ]
        case Keys.channel.what: ["command": .init(.list(.text), "A program by its absolute path, and its arguments: it gets each message.")]
        case Keys.value.what:
            [
                "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."),
                "hazard": .init(.flag, "Whether people may be in danger."),
            ]
        case Keys.department.what:
            [
                "name": .init(.text, "The name that people read."), "en": .init(.text, "The same in English."), "head": .init(.code(dots: true), "The head's personal code."),
                "fallback": .init(.flag, "Takes what no rule takes; exactly one department."),
            ]
        case Keys.district.what:
            [
                "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."), "lat": .init(.degrees(90), "The centre's latitude."),
                "lon": .init(.degrees(180), "The centre's longitude."),
                "site": .init(.reference(.value("site")), "The site class of reports that give none."),
            ]
        case Keys.shift.what: ["from": .init(.timeOfDay, "When it begins."), "until": .init(.timeOfDay, "When it ends; may be past midnight.")]
        case Keys.crew.what: Self.crewMeanings
        case Keys.base.what: ["lat": .init(.degrees(90), "Latitude."), "lon": .init(.degrees(180), "Longitude.")]
        case Keys.role.what: ["name": .init(.text, "The name that people read."), "person": .init(.code(dots: true), "The personal code of who has it.")]
        case Keys.ruleTest.what: Self.testMeanings
        case Keys.testOutage.what: Self.testOutageMeanings
        case Keys.testWith.what: Self.testWithMeanings
        case Keys.testCrew.what: Self.testCrewMeanings
        case Keys.testReport.what: Self.testReportMeanings
        case Keys.testPlace.what:
            [
                "lat": .init(Self.cases(.degrees(90)), "Latitude."), "lon": .init(Self.cases(.degrees(180)), "Longitude."),
                "address": .init(Self.cases(.text), "In words."), "district": .init(Self.cases(.reference(.district)), "A district of the site."),
            ]
        case Keys.testFacts.what: Self.testFactMeanings
        case Keys.expectation.what: Self.expectationMeanings
        case Keys.step.what: Self.stepMeanings
        case Keys.testReading.what: Self.testReadingMeanings
        case Keys.fields.what:
            ["report": .init(.named(.choice(FieldType.allCases.map(\.rawValue)), dots: false), "Fields that reports have here: 'report.fields.NAME' in conditions.")]
        case Keys.values.what:
            Dictionary(
                Keys.values.names.map { name in
                    if name == "quantity" { return (name, Meaning(.named(.block(Keys.quantity), dots: true), "What devices measure, each with its unit.")) }
                    return (name, Meaning(.either([.list(.code(dots: true)), .named(.block(Keys.value), dots: true)]), "The values of '\(name)' that reports and rules may have."))
                }, uniquingKeysWith: { first, _ in first })
        case Keys.outages.what, Keys.outageNotice.what, Keys.outageOverrun.what: outageMeanings
        case Keys.quantity.what, Keys.watch.what, Keys.maintenance.what, Keys.every.what, Keys.template.what: watchMeanings
        default: processMeanings
        }
    }

    static let limit: Shape = .either([.limit, .code(dots: false)])

    /// Keys of the operator's own that stand beside those of the table: their form, and what stands behind them.
    var patterned: (pattern: String, shape: Shape)? { what == Keys.calendar.what ? ("^(20[0-9]{2}|2100)$", .block(Keys.calendarYear)) : nil }

    private static let shared: [String: Meaning] = [
        "module": .init(.code(dots: false), "The module's name; rules are called MODULE.RULE."),
        "summary": .init(.text, "What the module is for."),
        "enabled": .init(.flag, "false: the module is read no further."),
        "escalations": .init(.named(.list(.block(Keys.rung)), dots: false), "Ladders: who is told when a limit gets late."),
        "channels": .init(.named(.block(Keys.channel), dots: true), "How crews are told of their tasks."),
        "default_channel": .init(.reference(.other), "The channel of crews that name none."),
        "calendar": .init(.block(Keys.calendar), "Public holidays, and what a working day is; in one module only."),
        "texts": .init(.block(Keys.texts), "What customers read about where things stand; the rest is as it comes with the program."),
    ]

    private static let moduleMeanings: [String: Meaning] = [
        "takes": .init(.expression, "Which reports the module is open for; without it, all."),
        "let": .init(.named(.expression, dots: false), "Named conditions, usable below."),
        "tables": .init(.named(.block(Keys.table), dots: false), "Times by a declared value; a limit names one."),
        "works": .init(.named(.block(Keys.works), dots: false), "The kinds of works there are, and the licence that each asks for."),
        "contractors": .init(.named(.block(Keys.contractor), dots: true), "Those who may build for the utility."),
        "suppliers": .init(.named(.block(Keys.supplier), dots: true), "Those who supply equipment."),
        "ratings": .init(.block(Keys.ratings), "How contractors and suppliers are rated, and what that is worth."),
        "processes": .init(.list(.block(Keys.process)), "Standard stages for applications: the first whose 'takes' holds opens a case."),
        "classify": .init(.list(.block(Keys.classify)), "Customers: tiers, flags, suggestions; every rule that holds applies, in order."),
        "account_managers": .init(.named(.block(Keys.accountManager), dots: true), "Who looks after customers that a rule gives an account manager."),
        "merge": .init(.list(.block(Keys.merge)), "When a report is another call about an incident that is known: it joins its task."),
        "outages": .init(.block(Keys.outages), "Known interruptions of supply: who is told of them, and when; in one module only."),
        "answers": .init(.named(.block(Keys.text), dots: false), "What callers are told in place of a task; a rule's 'answer' names one."),
        "watch": .init(.list(.block(Keys.watch)), "What the readings of devices must not show: each rule reports by itself."),
        "maintenance": .init(.list(.block(Keys.maintenance)), "What is due after so many operations, hours or days."),
        "lending": .init(.list(.block(Keys.lending)), "When crews of one district are lent to another, and when they go home."),
        "devices": .init(.text, "Devices beside the transformers of the network: a CSV file beside this one."),
        "route": .init(.list(.block(Keys.rule)), "The rules, top to bottom: the first match wins."),
    ]

    private static let siteMeanings: [String: Meaning] = [
        "time_zone": .init(.text, "The zone of working hours and shifts."),
        "values": .init(.block(Keys.values), "The values that reports and rules may have."),
        "fields": .init(.block(Keys.fields), "Fields of the site's own."),
        "departments": .init(.named(.block(Keys.department), dots: true), "Desks that get tasks."),
        "districts": .init(.named(.block(Keys.district), dots: true), "Districts of the supply area."),
        "shifts": .init(.named(.block(Keys.shift), dots: true), "Hours on duty."),
        "crews": .init(.named(.block(Keys.crew), dots: true), "Crews that go out."),
        "network": .init(.text, "The network register: a CSV file beside this one."),
        "roles": .init(.named(.block(Keys.role), dots: false), "Roles that escalations tell."),
        "close_after": .init(.duration, "A completed task closes by itself after this time."),
        "ask_again_after": .init(.duration, "A crew that did not answer is asked again after this time."),
    ]

    private static let ruleMeanings: [String: Meaning] = [
        "name": .init(.code(dots: false), "The rule's name, once in its module."),
        "when": .init(.expression, "The condition; without it the rule takes every report that comes to it."),
        "task": .init(.code(dots: false), "The kind of work."),
        "priority": .init(.choice(Priority.allCases.map(\.rawValue)), "How urgent the task is."),
        "assign": .init(.block(Keys.assign), "Who does it."),
        "limits": .init(.block(Keys.limits), "Times to milestones: a time, or the name of a table."),
        "escalate": .init(.reference(.other), "The ladder that is climbed when a limit gets late."),
        "share": .init(.list(.reference(.department)), "Other departments that it concerns: they see it, and are told of its beginning and end."),
        "continue": .init(.flag, "true: the rules below are tried, too."),
        "answer": .init(.text, "What the caller is told in place of a task: a text of 'answers', or 'known_outage', 'arrears', 'customer_installation', 'outage_hours'."),
    ]

    private static let assignMeanings: [String: Meaning] = [
        "nearest": .init(.choice(["crew"]), "The nearest able crew goes out."),
        "of": .init(.choice(["district"]), "Only crews that serve the district where it is: its own, and those lent to it."),
        "skills": .init(.list(.reference(.value("skill"))), "What the crew must be able to do."),
        "within": .init(.distance, "How far away it may be."),
        "otherwise": .init(.block(Keys.otherwise), "Who keeps the task when no crew is near enough."),
        "department": .init(.reference(.department), "A department's desk does it, or awards it."),
        "contractor": .init(.choice(["tiered"]), "A contractor of the utility's does it, by tier."),
        "works": .init(.code(dots: false), "The kind of works."),
    ]

    private static let crewMeanings: [String: Meaning] = [
        "name": .init(.text, "The name that people read."),
        "department": .init(.reference(.department), "The department it belongs to."),
        "district": .init(.reference(.district), "The district that it serves while it is not lent; without, all."),
        "base": .init(.block(Keys.base), "Where it starts from."),
        "skills": .init(.list(.reference(.value("skill"))), "What it can do."),
        "shift": .init(.reference(.shift), "When it is on duty; without, always."),
        "capacity": .init(.wholeNumber(1...1_000), "How many tasks it may have at a time."),
        "channel": .init(.reference(.other), "How it is told of its tasks."),
    ]
}

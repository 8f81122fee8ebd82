package import Domain

/// A code with its names, as `values:` declares it.
package struct DeclaredValue: Sendable, Hashable {
    package var code: String
    package var chinese: String?
    package var english: String?
    /// `hazard: true`: danger to people; never merged away.
    package var isHazard: Bool
    package init(code: String, chinese: String? = nil, english: String? = nil, isHazard: Bool = false) {
        self.code = code
        self.chinese = chinese
        self.english = english
        self.isHazard = isHazard
    }
}

package struct Department: Sendable, Hashable {
    package var id: DepartmentID
    package var name: String?
    package var english: String?
    /// Who is told as `department.head`: a person's code.
    package var head: RoleID?
    package init(id: DepartmentID, name: String? = nil, english: String? = nil, head: RoleID? = nil) {
        self.id = id
        self.name = name
        self.english = english
        self.head = head
    }
}

package struct District: Sendable, Hashable {
    package var id: DistrictID
    package var name: String?
    /// The middle of the district: where a report is placed that says no more than its district.
    package var centre: Coordinate?
    /// urban, rural, remote: the class of a report that does not say its own.
    package var site: String?
    package init(id: DistrictID, name: String? = nil, centre: Coordinate? = nil, site: String? = nil) {
        self.id = id
        self.name = name
        self.centre = centre
        self.site = site
    }
}

/// Daily hours in local time. `until` not after `from` runs over midnight; equal means all day.
package struct Shift: Sendable, Hashable {
    package var name: String
    /// Minutes after local midnight, 0 ... 1439.
    package var fromMinute: Int
    /// Minutes after local midnight, 0 ... 1440.
    package var untilMinute: Int
    package init(name: String, fromMinute: Int, untilMinute: Int) {
        self.name = name
        self.fromMinute = fromMinute
        self.untilMinute = untilMinute
    }
}

/// A crew of the roster. Where it is now and whether it is on duty is state, not rules.
package struct Crew: Sendable, Hashable {
    package var id: CrewID
    package var name: String?
    package var department: DepartmentID
    /// Where it serves while it is not lent; nil: everywhere.
    package var district: DistrictID?
    package var base: Coordinate?
    package var skills: Set<SkillID>
    /// nil: always on duty until told otherwise.
    package var shift: Shift?
    /// How many tasks it can have at once, 1 ... 1000.
    package var capacity: Int
    /// How it is told; nil: the journal alone.
    package var channel: String?
    package init(
        id: CrewID, name: String? = nil, department: DepartmentID, district: DistrictID? = nil, base: Coordinate? = nil, skills: Set<SkillID>,
        shift: Shift? = nil, capacity: Int = 1, channel: String? = nil
    ) {
        self.district = district
        self.id = id
        self.name = name
        self.department = department
        self.base = base
        self.skills = skills
        self.shift = shift
        self.capacity = capacity
        self.channel = channel
    }
}

/// One transformer area of the network register.
package struct NetworkTransformer: Sendable, Hashable {
    package var feeder: FeederID?
    package var district: DistrictID?
    package var coordinate: Coordinate?
    package var customers: Int
    package init(feeder: FeederID?, district: DistrictID?, coordinate: Coordinate?, customers: Int) {
        self.feeder = feeder
        self.district = district
        self.coordinate = coordinate
        self.customers = customers
    }
}

/// A feeder as its transformers add up: the mean position, the district most of them are in (ties: byte order), all customers.
package struct NetworkFeeder: Sendable, Hashable {
    package var district: DistrictID?
    package var coordinate: Coordinate?
    package var customers: Int
    package init(district: DistrictID?, coordinate: Coordinate?, customers: Int) {
        self.district = district
        self.coordinate = coordinate
        self.customers = customers
    }
}

package struct NetworkRegister: Sendable, Hashable {
    package var transformers: [TransformerID: NetworkTransformer]
    package var feeders: [FeederID: NetworkFeeder]
    package init(transformers: [TransformerID: NetworkTransformer] = [:], feeders: [FeederID: NetworkFeeder] = [:]) {
        self.transformers = transformers
        self.feeders = feeders
    }
}

/// Someone who can be told: `duty_manager` and the like.
package struct Role: Sendable, Hashable {
    package var id: RoleID
    package var name: String?
    /// The person's code who holds it now.
    package var person: RoleID?
    package init(id: RoleID, name: String? = nil, person: RoleID? = nil) {
        self.id = id
        self.name = name
        self.person = person
    }
}

/// How notices leave the house: a program that gets one notice as JSON on its standard input; exit code 0 means delivered.
package struct Channel: Sendable, Hashable {
    package var name: String
    /// An absolute path and its arguments.
    package var command: [String]
    package init(name: String, command: [String]) {
        self.name = name
        self.command = command
    }
}

/// Who and what there is: the module `site`.
package struct Site: Sendable {
    /// An IANA name, `Asia/Shanghai`.
    package var timeZone: String
    /// The zone's rules, handed in by whoever compiled the set.
    package var zone: TimeZoneRules
    /// `type`, `category`, `site`, `voltage`, `urgency`, `skill` ... -> the declared values in the order of the file.
    package var values: [String: [DeclaredValue]]
    package var departments: [DepartmentID: Department]
    package var fallback: DepartmentID
    package var districts: [DistrictID: District]
    package var crews: [CrewID: Crew]
    package var network: NetworkRegister
    /// Devices beside the network's own.
    package var devices: [DeviceID: RegisteredDevice]
    /// What readings may be of, in the order of the file.
    package var quantities: [MeasuredQuantity]
    package var roles: [RoleID: Role]
    package var channels: [String: Channel]
    /// The channel of those who have none of their own; nil: the journal alone.
    package var defaultChannel: String?
    /// A completed task closes by itself after this long.
    package var closeAfter: TimeSpan
    /// When every crew has declined a task, how long until they are asked again.
    package var askAgainAfter: TimeSpan
    /// What the site adds to every report, as `report.fields.NAME`.
    package var fields: [DeclaredField]
    /// By name, also those that no crew has.
    package var shifts: [String: Shift]
    /// Working days and business hours; without one every Monday to Friday counts.
    package var calendar: WorkingCalendar
    /// What customers read about where things stand.
    package var texts: TextCatalogue
    /// Tiers, flags, suggestions, and who looks after whom.
    package var customers: CustomerBook
    /// Who builds and supplies, and how that is rated.
    package var contractors: ContractorBook
    /// Who is told of interruptions of supply.
    package var outageDesk: OutageDesk

    /// Working days as instants.
    package var workTime: WorkTime { WorkTime(calendar: calendar, zone: zone) }

    package init(
        timeZone: String, zone: TimeZoneRules, values: [String: [DeclaredValue]], departments: [DepartmentID: Department],
        fallback: DepartmentID, districts: [DistrictID: District], crews: [CrewID: Crew], network: NetworkRegister,
        roles: [RoleID: Role], channels: [String: Channel], defaultChannel: String?, closeAfter: TimeSpan, askAgainAfter: TimeSpan,
        fields: [DeclaredField] = [], shifts: [String: Shift] = [:], calendar: WorkingCalendar = WorkingCalendar(),
        texts: TextCatalogue = TextCatalogue(), customers: CustomerBook = CustomerBook(), contractors: ContractorBook = ContractorBook(),
        outageDesk: OutageDesk = OutageDesk(), devices: [DeviceID: RegisteredDevice] = [:], quantities: [MeasuredQuantity] = []
    ) {
        self.timeZone = timeZone
        self.zone = zone
        self.values = values
        self.departments = departments
        self.fallback = fallback
        self.districts = districts
        self.crews = crews
        self.network = network
        self.devices = devices
        self.quantities = quantities
        self.roles = roles
        self.channels = channels
        self.defaultChannel = defaultChannel
        self.closeAfter = closeAfter
        self.askAgainAfter = askAgainAfter
        self.fields = fields
        self.shifts = shifts
        self.calendar = calendar
        self.texts = texts
        self.customers = customers
        self.contractors = contractors
        self.outageDesk = outageDesk
    }
}

/// Who a rung of an escalation ladder tells.
package enum Recipient: Sendable, Hashable {
    /// The crew that has the task; its department's head while nobody has it.
    case assignee
    case departmentHead
    case role(RoleID)
}

/// One rung: at `percent` of a limit, tell somebody. 100 is the limit itself.
package struct Rung: Sendable, Hashable {
    package var percent: Int
    package var tell: Recipient
    package init(percent: Int, tell: Recipient) {
        self.percent = percent
        self.tell = tell
    }
}

/// An escalation ladder, its rungs in rising order of percent.
package struct Ladder: Sendable, Hashable {
    package var name: String
    package var rungs: [Rung]
    package init(name: String, rungs: [Rung]) {
        self.name = name
        self.rungs = rungs
    }
}

/// Who is to do a task.
package enum Assignment: Sendable, Hashable {
    /// The nearest able crew; while there is none the task waits in the queue of `otherwise`. `within` is in whole metres; nil: anywhere.
    /// `ofDistrict`: of those who serve the task's district.
    case nearest(skills: Set<SkillID>, within: Int?, otherwise: DepartmentID, ofDistrict: Bool = false)
    /// A desk task: no crew goes out.
    case department(DepartmentID)
    /// A contractor of the utility's, by tier, for a kind of works; the department awards it.
    case contractor(works: String, department: DepartmentID)
}

/// What one rule makes of a report.
package struct Routing: Sendable {
    /// `module.name`.
    package var rule: String
    /// The kind of work: `make_safe`, `repair`.
    package var task: String
    package var priority: Priority
    package var assign: Assignment
    package var limits: [LimitName: LimitLength]
    /// The name of the ladder.
    package var escalate: String?
    /// Only when asked for.
    package var trace: RouteTrace?
    /// The report opens a case of this process: its stages say the rest.
    package var process: ProcessPlan?
    /// Other departments that it concerns.
    package var share: [DepartmentID]
    /// The caller is told this, and there is no task.
    package var answer: RuleAnswer?

    package init(
        rule: String, task: String, priority: Priority, assign: Assignment, limits: [LimitName: LimitLength], escalate: String?,
        trace: RouteTrace?, process: ProcessPlan? = nil, share: [DepartmentID] = [],
        answer: RuleAnswer? = nil
    ) {
        self.rule = rule
        self.task = task
        self.priority = priority
        self.assign = assign
        self.limits = limits
        self.escalate = escalate
        self.trace = trace
        self.process = process
        self.share = share
        self.answer = answer
    }
}

/// Why a rule took a report, for `explain`: stored with the decision, because rules and engines change.
package struct RouteTrace: Sendable, Hashable {
    package struct Condition: Sendable, Hashable {
        /// `takes`, `when`, or the name of the `let` it uses.
        package var label: String
        package var text: String
        package var result: Bool
        /// What it read, in the order of the text: `report.category` -> `"line_down"` (as JSON), absent -> `null`.
        package var values: [NamedValue]
        package init(label: String, text: String, result: Bool, values: [NamedValue]) {
            self.label = label
            self.text = text
            self.result = result
            self.values = values
        }
    }

    package struct NamedValue: Sendable, Hashable {
        package var name: String
        package var json: String
        package init(name: String, json: String) {
            self.name = name
            self.json = json
        }
    }

    /// The rule before the winner that came nearest: most of its `&&` parts held, of equals the earlier. Looked for among the 32 rules right above
    /// the winner and the last 32 whose conditions the index could not rule out, so that what it costs does not grow with the set.
    package struct NearMiss: Sendable, Hashable {
        package var rule: String
        package var file: String
        package var line: Int
        /// The part that did not hold, and what it read.
        package var failed: Condition
        package init(rule: String, file: String, line: Int, failed: Condition) {
            self.rule = rule
            self.file = file
            self.line = line
            self.failed = failed
        }
    }

    package var file: String
    package var line: Int
    package var conditions: [Condition]
    package var nearMiss: NearMiss?
    package init(file: String, line: Int, conditions: [Condition], nearMiss: NearMiss?) {
        self.file = file
        self.line = line
        self.conditions = conditions
        self.nearMiss = nearMiss
    }
}

/// A condition that failed while it ran (a division by zero, say). It did not match; it is counted, and named in the journal once.
package struct ConditionFailure: Sendable, Hashable {
    package var rule: String
    package var file: String
    package var line: Int
    package var message: String
    package init(rule: String, file: String, line: Int, message: String) {
        self.rule = rule
        self.file = file
        self.line = line
        self.message = message
    }
}

/// What is in force: every module checked and compiled, immutable, shared by whoever reads it.
package final class RuleSet: Sendable {
    /// 12 hexadecimal digits that change with every file's name and bytes: the beginning of a SHA-256 over the list of the files' SHA-256s and
    /// names, in byte order of the names.
    package let hash: String
    package let site: Site
    package let ladders: [String: Ladder]
    /// The rules that look at readings, and all that can send them.
    package let watch: WatchBook
    package let devices: DeviceIndex
    /// Enabled modules that have rules, in byte order of their file names.
    let modules: [CompiledModule]
    /// The files of all enabled modules, also of those without rules, in byte order.
    package let moduleFiles: [String]

    /// The rules of all modules.
    package let ruleCount: Int
    private let places: NamePlaces
    private let merges: [String: (near: Int?, window: TimeSpan)]
    let matcher: Matcher
    /// Over the modules' `takes`, and over each module's rules.
    let gates: ConditionIndex
    let indexes: [ConditionIndex]

    /// Indexes that were made of the same modules before, for the matcher of that time.
    struct Made {
        var matcher: Matcher?
        /// For each module; nil: none was.
        var indexes: [ConditionIndex?]
    }

    init(
        hash: String, site: Site, ladders: [String: Ladder], modules: [CompiledModule], pool: FormulaPool, moduleFiles: [String] = [], watch: WatchBook = WatchBook(), made: Made? = nil
    ) {
        self.hash = hash
        self.site = site
        self.ladders = ladders
        self.watch = watch
        devices = DeviceIndex(site)
        self.modules = modules
        self.moduleFiles = moduleFiles
        ruleCount = modules.reduce(0) { $0 + $1.rules.count }
        places = NamePlaces(modules)
        merges = Dictionary(modules.flatMap(\.merges).map { ($0.name, ($0.near, $0.window)) }, uniquingKeysWith: { first, _ in first })
        let matcher = Matcher(pool)
        self.matcher = matcher
        gates = ConditionIndexBuilder.build(
            modules.map { $0.takes == nil ? .init(formulas: [], isSettled: true) : .init(formulas: [$0.takesOver], isSettled: $0.takesIsFormula) }, matcher)
        indexes = modules.enumerated().map { number, module in
            if let made, let before = made.matcher, let index = made.indexes[number], matcher.fits(index, madeFor: before) { return index }
            return ConditionIndexBuilder.build(
                module.rules.map { rule in
                    .init(
                        formulas: rule.over >= 0 ? [rule.over] : rule.parts.map { module.parts[$0].formula },
                        isSettled: rule.over < 0 && rule.expression < 0)
                }, matcher)
        }
    }

    /// The same rules with another roster or other ladders, for rule tests: what was compiled is shared. It keeps the hash.
    package func with(crews: [CrewID: Crew]? = nil, ladders: [String: Ladder]? = nil, contractors: [ContractorID: Contractor]? = nil) -> RuleSet {
        RuleSet(self, crews: crews, ladders: ladders, contractors: contractors)
    }

    private init(_ other: RuleSet, crews: [CrewID: Crew]?, ladders: [String: Ladder]?, contractors: [ContractorID: Contractor]?) {
        hash = other.hash
        var site = other.site
        if let contractors { site.contractors.contractors = contractors }
        if let crews { site.crews = crews }
        self.site = site
        self.ladders = ladders ?? other.ladders
        watch = other.watch
        devices = other.devices
        modules = other.modules
        moduleFiles = other.moduleFiles
        ruleCount = other.ruleCount
        places = other.places
        merges = other.merges
        matcher = other.matcher
        gates = other.gates
        indexes = other.indexes
    }

    /// The names of the modules that have rules, in byte order of their files.
    package var moduleNames: [String] { modules.map(\.name) }

    /// The files of those modules, in the same order.
    package var ruleFiles: [String] { modules.map(\.file) }

    /// `module.name` of every rule, in the order in which they are tried.
    package var ruleNames: [String] { modules.flatMap { module in module.rules.map { module.name(of: $0) } } }

    /// Where a rule of that name stands; nil: there is none.
    func place(of name: String) -> (module: Int, rule: Int)? { places.place(of: name, in: modules) }

    /// A rule for merging by its name, `faults.same-transformer`: how near is near; nil: there is no such rule.
    package func merge(named name: String) -> (near: Int?, window: TimeSpan)? { merges[name] }

    /// `module.name` of every rule for merging.
    package var mergeNames: [String] { merges.keys.sorted() }

    /// Every answer that a rule gives, sorted.
    package var answerNames: [String] { Set(modules.flatMap { $0.outcomes.compactMap { $0.answer?.name } }).sorted() }

    /// What a rule answers; nil: it makes a task, or there is no such rule.
    package func answer(ofRule name: String) -> String? { place(of: name).flatMap { modules[$0.module].outcome(of: modules[$0.module].rules[$0.rule]).answer?.name } }

    /// The processes of all modules, in the order in which they are tried.
    package var processes: [ProcessPlan] { modules.flatMap { module in module.rules.compactMap { module.outcome(of: $0).process } } }

    /// What is known of a rule by its name, `faults.hazard-first`; nil: this set has none of that name.
    package func rule(named name: String) -> RuleFacts? {
        guard let place = place(of: name) else { return nil }
        let module = modules[place.module]
        let rule = module.rules[place.rule]
        let outcome = module.outcome(of: rule)
        return RuleFacts(
            name: name, file: module.file, line: Int(rule.line), condition: module.condition(of: rule), task: outcome.task,
            priority: outcome.priority, escalate: outcome.escalate, continues: rule.continues, assign: outcome.assign)
    }

    /// A declared value (`category`, `line_down`) with its names; nil: nobody declared it. Districts go by `district`.
    package func declared(_ enumeration: String, _ code: String) -> DeclaredValue? {
        if enumeration == "district" {
            return site.districts[DistrictID(code)].map { DeclaredValue(code: code, chinese: $0.name) }
        }
        return site.values[enumeration]?.first { $0.code == code }
    }
}

/// Where rules stand by their names, without a second copy of the names.
struct NamePlaces: Sendable {
    /// Open addressing: a module's number and a rule's, each and 1; 0 is a free place.
    private var table: [UInt64]

    init(_ modules: [CompiledModule]) {
        let count = modules.reduce(0) { $0 + $1.rules.count }
        var size = 16
        while size < count * 2 { size *= 2 }
        table = Array(repeating: 0, count: size)
        for (i, module) in modules.enumerated() {
            for (j, rule) in module.rules.enumerated() {
                var place = Self.hash(module.name(of: rule)) & (size - 1)
                while table[place] != 0 { place = (place + 1) & (size - 1) }
                table[place] = UInt64(i + 1) << 32 | UInt64(j + 1)
            }
        }
    }

    private static func hash(_ name: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 32) & .max
    }

    func place(of name: String, in modules: [CompiledModule]) -> (module: Int, rule: Int)? {
        var place = Self.hash(name) & (table.count - 1)
        while table[place] != 0 {
            let module = Int(table[place] >> 32) - 1
            let rule = Int(table[place] & 0xFFFF_FFFF) - 1
            if modules[module].isNamed(modules[module].rules[rule], name) { return (module, rule) }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }
}

/// A rule by its name, for people: `status`, `explain`.
package struct RuleFacts: Sendable, Hashable {
    package var name: String
    package var file: String
    package var line: Int
    /// nil: every report that comes to it.
    package var condition: String?
    package var task: String
    package var priority: Priority
    package var escalate: String?
    package var continues: Bool
    package var assign: Assignment
    package init(
        name: String, file: String, line: Int, condition: String?, task: String, priority: Priority, escalate: String?, continues: Bool, assign: Assignment
    ) {
        self.name = name
        self.file = file
        self.line = line
        self.condition = condition
        self.task = task
        self.priority = priority
        self.escalate = escalate
        self.continues = continues
        self.assign = assign
    }
}

/// What a report is matched on: the report with its place found, who sent it, and what is known of its customer.
package struct RouteSubject: Sendable {
    package var report: Report
    package var source: SourceID
    package var customer: CustomerFacts?
    package var now: Instant
    /// What is known of interruptions of supply.
    package var outages = OutageBook()
    package init(report: Report, source: SourceID, customer: CustomerFacts? = nil, now: Instant) {
        self.report = report
        self.source = source
        self.customer = customer
        self.now = now
    }
}

/// The outcome of matching one report against the set.
package struct RouteResult: Sendable {
    /// One for each rule that took it (`continue: true` goes on); empty: the fallback department takes it.
    package var routings: [Routing]
    package var failures: [ConditionFailure]
    /// When traced and no rule took it: the rule that came nearest, if a module was open for it.
    package var nearMiss: RouteTrace.NearMiss?
    /// The rules for merging that hold of it, in the order in which they are tried.
    package var merges: [MergeMatch] = []
    package init(routings: [Routing], failures: [ConditionFailure], nearMiss: RouteTrace.NearMiss? = nil) {
        self.routings = routings
        self.failures = failures
        self.nearMiss = nearMiss
    }
}

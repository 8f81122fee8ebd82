import Domain
import Rules
import Testing

@testable import Decisions

/// Customers: counted, classified, looked after, forgotten; through `decide`, with rules as an operator writes them.
@Suite struct CustomerTests {
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, complaint, inquiry, application]
          category: [no_power, service]
          tier: [vip, key]
          site: [urban]
          critical_class: [class_1]
          skill: [line]
        districts:
          north: { zh: 北, en: North, lat: 28.0, lon: 120.0, site: urban }
          south: { zh: 南, en: South, lat: 27.0, lon: 120.0, site: urban }
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          marketing: { name: 营销, head: u-101 }
          service: { name: 客服, head: u-501 }
        crews:
          a: { department: operations, base: { lat: 28.0, lon: 120.0 }, skills: [line], capacity: 9 }
        channels:
          crew_app: { command: [/usr/bin/true] }
        default_channel: crew_app
        """

    static let customers = """
        module: customers
        classify:
          - name: key
            when: customer.capacity_kva >= 1000.0
            set: { tier: key }
          - name: vip
            when: customer.critical_class != "" || customer.capacity_kva >= 10000.0
            set: { tier: vip }
            give: account_manager
          - name: complains
            when: customer.complaints_12m >= 3
            flag: complains
            tell: [service, account_manager]
          - name: grows
            when: customer.growth > 0.2
            suggest: more_capacity
            assign: { department: marketing }
            limits: { reply: 5 working days }
        account_managers:
          am-1: { districts: [north], leave: [2026-11-24..2026-11-25], deputy: am-3 }
          am-2: { districts: [north] }
          am-3: { districts: [south], customers: 1 }
          am-4: {}
        """

    static let desk = """
        module: desk
        route:
          - name: fault
            when: report.type == "fault"
            task: repair
            assign: { nearest: crew, skills: [line] }
          - name: vip
            when: customer.tier == "vip"
            task: answer_vip
            assign: { department: marketing }
          - name: often
            when: customer.contacts_90d > 4
            task: answer_often
            assign: { department: service }
          - name: rest
            task: answer
            assign: { department: service }
        """

    static func rules(_ customers: String = customers) -> RuleSet {
        let source = RuleSource(
            files: [("site.yaml", site), ("customers.yaml", customers), ("desk.yaml", desk)].map { .init(name: $0.0, bytes: Array($0.1.utf8)) })
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        guard let set = compilation.set else { preconditionFailure("\(compilation.diagnostics.map(\.message))") }
        return set
    }

    /// The state, and what the store would have of customers.
    struct Office {
        var rules = CustomerTests.rules()
        var state: DispatchState
        var now = Town.morning
        var sent = 0
        var records: [CustomerID: CustomerRecord] = [:]
        var decisions: [Decision] = []

        init() { state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: Town.morning) }

        @discardableResult
        mutating func input(_ body: InputBody, source: String = "95598") -> Receipt {
            sent += 1
            let input = Input(key: InputKey(source: SourceID(source), id: "r-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
            var findings = Findings()
            if let account = needs(input).customer { findings.customer = records[account] }
            let decision = Decisions.decide(&state, rules: rules, stimulus: .input(input, findings), at: now)
            decisions.append(decision)
            for case .customer(let before, let after) in decision.changes {
                guard let id = (after ?? before)?.id else { continue }
                #expect(records[id] == before, "each change begins with the row that stands")
                #expect(after.map { $0.revision == (before?.revision ?? 0) + 1 } ?? true)
                records[id] = after
            }
            return decision.receipt!
        }

        @discardableResult
        mutating func record(_ account: String, _ facts: [String: FieldValue] = [:], kWh: [Int32: Double] = [:], paid: [Int32: Int32] = [:]) -> Receipt {
            var record = CustomerFacts(customer: CustomerID(account), facts: facts)
            record.consumption = kWh
            record.payments = paid
            return input(.customer(record), source: "billing")
        }

        @discardableResult
        mutating func report(_ account: String, _ type: String = "inquiry", source: String = "95598") -> Receipt {
            input(.report(Report(type: type, category: "service", customer: CustomerID(account))), source: source)
        }

        mutating func pass(days: Int64) { now = now + .days(days) }
        func of(_ account: String) -> CustomerRecord? { records[CustomerID(account)] }
        var last: Decision { decisions[decisions.count - 1] }
        func events(_ event: HistoryEvent) -> [String] { decisions.flatMap { $0.history.filter { $0.event == event }.map { $0.note ?? "" } } }
    }

    // MARK: Counting

    @Test func `What passes through is counted in windows, up to the day`() throws {
        var office = Office()
        for type in ["complaint", "fault", "application", "inquiry", "inquiry"] { office.report("1", type) }
        func counts() -> [String: FieldValue] { office.of("1")!.seen(at: office.now, .shanghai).facts }
        #expect(counts()["contacts_90d"] == .int(5) && counts()["contacts_12m"] == .int(5))
        #expect(counts()["complaints_12m"] == .int(1) && counts()["faults_12m"] == .int(1) && counts()["applications_12m"] == .int(1))
        office.pass(days: 89)
        #expect(counts()["contacts_90d"] == .int(5), "the ninetieth day")
        office.pass(days: 1)
        #expect(counts()["contacts_90d"] == nil && counts()["contacts_12m"] == .int(5))
        office.pass(days: 274)
        #expect(counts()["contacts_12m"] == .int(5), "the three hundred and sixty-fifth")
        office.pass(days: 1)
        #expect(counts()["contacts_12m"] == nil)
        office.report("1")
        #expect(office.of("1")?.days.count == 1, "what counts no more is kept no longer")
    }

    @Test(arguments: [UInt64(3), 4]) func `The windows are those of all contacts, counted one by one`(seed: UInt64) {
        var random = SystemDice(seed: seed)
        var office = Office()
        var all: [(day: Int, type: String, channel: String)] = []
        for step in 0..<300 {
            office.now = office.now + .minutes(Int64(random.below(8_000)))
            let type = ["complaint", "fault", "application", "inquiry"][random.below(4)]
            let channel = "c-\(random.below(12))"
            office.report("1", type, source: channel)
            let today = TimeZoneRules.shanghai.date(at: office.now).daysSinceEpoch
            all.append((today, type, channel))
            let seen = office.of("1")!.seen(at: office.now, .shanghai).facts
            for (name, days, kind) in [("contacts_90d", 90, ""), ("contacts_12m", 365, ""), ("complaints_90d", 90, "complaint"), ("complaints_12m", 365, "complaint"), ("faults_12m", 365, "fault")] {
                let expected = all.count { $0.day > today - days && (kind.isEmpty || $0.type == kind) }
                #expect(seen[name] == (expected == 0 ? nil : .int(Int64(expected))), "seed \(seed), step \(step), \(name)")
            }
            #expect(office.of("1")!.days.count <= 365 && office.of("1")!.channels.count <= 13 * (CustomerRecord.channelsMax + 1), "it does not grow without end")
        }
    }

    // MARK: Habits

    @Test func `Habits follow from whole months, and from too few nothing does`() {
        var record = CustomerRecord(id: CustomerID("1"), facts: ["capacity_kva": .int(100)])
        func profile(_ kWh: [Double], ending month: Int32 = 202_610) -> [String: FieldValue] {
            var said = CustomerFacts(customer: CustomerID("1"), facts: ["capacity_kva": .int(100)])
            for (back, value) in kWh.reversed().enumerated() {
                let number = month / 100 * 12 + month % 100 - 1 - Int32(back)
                said.consumption[number / 12 * 100 + number % 12 + 1] = value
            }
            record = CustomerRecord(id: CustomerID("1"))
            record.take(said)
            return Dictionary(uniqueKeysWithValues: CustomerProfile(record, month: 202_611).facts)
        }
        #expect(profile(Array(repeating: 10, count: 11)).isEmpty)
        let level = profile(Array(repeating: 1_000, count: 24))
        #expect(level["annual_kwh"] == .double(12_000) && level["growth"] == .double(0) && level["hours_of_use"] == .double(120))
        #expect(level["load_pattern"] == .string("steady") && level["seasonality"] == .string("level"))
        #expect(profile(Array(repeating: 100, count: 12) + Array(repeating: 125, count: 12))["growth"] == .double(0.25))
        // November 2025 to October 2026: the summer months are the 8th to the 11th of them.
        var summer = Array(repeating: 100.0, count: 12)
        for place in 7...10 { summer[place] = 131 }
        #expect(profile(summer)["seasonality"] == .string("summer") && profile(summer)["growth"] == nil)
        for place in 1...3 { summer[place] = 200 }
        #expect(profile(summer)["seasonality"] == .string("both"))
        #expect(profile(Array(repeating: 0, count: 12))["load_pattern"] == .string("idle"))
        #expect(profile([0, 0, 0, 900, 0, 0, 0, 0, 0, 0, 0, 0])["load_pattern"] == .string("irregular"))
        // A month is missing: what lies before it is another story.
        var gap = record
        gap.consumption.removeAll { $0.month == 202_604 }
        #expect(CustomerProfile(gap, month: 202_611).facts.isEmpty)
    }

    @Test func `How they pay follows from their bills`() {
        func habit(_ days: [Int32]) -> [String: FieldValue] {
            var said = CustomerFacts(customer: CustomerID("1"), facts: [:])
            for (back, value) in days.enumerated() { said.payments[202_610 - Int32(back)] = value }
            var record = CustomerRecord(id: CustomerID("1"))
            record.take(said)
            return Dictionary(uniqueKeysWithValues: CustomerProfile(record, month: 202_611).facts)
        }
        #expect(habit([0, 0])["payment_habit"] == nil && habit([0, 0])["late_12m"] == .int(0))
        #expect(habit([0, 0, 0])["payment_habit"] == .string("prompt"))
        #expect(habit([0, 5, 0])["payment_habit"] == .string("occasional"))
        #expect(habit([1, 5, 9])["payment_habit"] == .string("late"))
        #expect(habit([CustomerFacts.unpaid, CustomerFacts.unpaid, 0])["payment_habit"] == .string("arrears"))
        #expect(habit([CustomerFacts.unpaid, 0, 0])["unpaid"] == .int(1))
    }

    // MARK: Classes

    @Test func `Every rule that holds applies, the last tier counts, and routing sees it at once`() {
        var office = Office()
        office.record("1", ["capacity_kva": .double(20_000), "district": .string("south")])
        #expect(office.of("1")?.tier == "vip" && office.of("1")?.held == ["customers.key", "customers.vip"] && office.of("1")?.manager == RoleID("am-3"))
        #expect(office.last.history.map(\.event) == [.customer_tier, .customer_manager])
        let receipt = office.report("1")
        #expect(receipt.rule == "desk.vip")
        let task = receipt.tasks.first.flatMap { office.state.task($0) }
        #expect(task?.person == RoleID("am-3") && task?.tier == "vip")
        #expect(office.last.notices.contains { $0.to == "am-3" && $0.event == .dispatched })
        // Of what a crew does the account manager is told.
        office.input(.report(Report(type: "fault", category: "no_power", customer: CustomerID("1"))))
        #expect(office.last.notices.contains { $0.to == "am-3" && $0.event == .customer_task })
        // Billing says another thing: the tier ends, and the manager with it.
        office.record("1", ["capacity_kva": .double(2_000), "district": .string("south")])
        #expect(office.of("1")?.tier == "key" && office.of("1")?.manager == nil && office.state.managerLoads.isEmpty)
        #expect(office.events(.customer_tier) == ["none → vip", "vip → key"])
    }

    @Test func `What begins to hold is told once, until it has ended and holds again`() {
        var office = Office()
        for _ in 0..<3 { office.report("1", "complaint") }
        #expect(office.of("1")?.flags == ["complains"] && office.events(.customer_told) == ["complains → service"])
        #expect(office.last.notices.contains { $0.event == .customer_alert && $0.to == "service" && $0.customer == CustomerID("1") })
        office.report("1", "complaint")
        #expect(office.events(.customer_told).count == 1)
        // A year later nobody has looked, and it has ended all the same.
        office.pass(days: 366)
        for number in 1...3 {
            office.report("1", "complaint")
            #expect(office.events(.customer_told).count == (number == 3 ? 2 : 1), "complaint \(number)")
        }
        #expect(office.events(.customer_unflagged) == ["complains"])
    }

    @Test func `A suggestion is a task on a desk, once`() {
        var office = Office()
        var kWh: [Int32: Double] = [:]
        for month in 1...10 { (kWh[202_600 + Int32(month)], kWh[202_500 + Int32(month)], kWh[202_400 + Int32(month)]) = (130, 100, 100) }
        for month in 11...12 { (kWh[202_500 + Int32(month)], kWh[202_400 + Int32(month)]) = (130, 100) }
        let receipt = office.record("1", ["class": .string("industrial")], kWh: kWh)
        #expect(receipt.tasks.count == 1)
        let task = receipt.tasks.first.flatMap { office.state.task($0) }
        #expect(task?.task == "more_capacity" && task?.department == DepartmentID("marketing") && task?.isDesk == true && task?.customer == CustomerID("1"))
        #expect(task?.clock(.reply)?.state == .running && task?.rule == "customers.grows")
        #expect(office.record("1", ["class": .string("industrial")], kWh: [202_610: 131]).tasks.isEmpty)
        #expect(office.record("1", ["class": .string("industrial")], kWh: [202_610: 131]).remarks.contains { $0.contains("nothing changed") })
        // It ends, and comes back.
        office.record("1", kWh: [202_610: 0, 202_609: 0, 202_608: 0])
        #expect(office.of("1")?.held == [] && office.of("1")?.facts["class"] == .string("industrial"), "months alone leave the facts")
        #expect(office.record("1", kWh: [202_610: 130, 202_609: 130, 202_608: 130]).tasks.count == 1)
    }

    @Test func `Account managers are shared out, kept, stood in for, and replaced`() {
        var office = Office()
        for account in 1...6 { office.record("\(account)", ["critical_class": .string("class_1"), "district": .string("north")]) }
        #expect((1...6).compactMap { office.of("\($0)")?.manager?.rawValue } == ["am-1", "am-2", "am-1", "am-2", "am-1", "am-2"])
        #expect(office.state.managerLoads == [RoleID("am-1"): 3, RoleID("am-2"): 3])
        // am-3 takes one alone; then whoever looks after everybody.
        for account in 7...8 { office.record("\(account)", ["critical_class": .string("class_1"), "district": .string("south")]) }
        #expect(office.of("7")?.manager == RoleID("am-3") && office.of("8")?.manager == RoleID("am-4"))
        // On leave from the 24th: the deputy has the tasks, and the customer the manager.
        office.pass(days: 2)
        let receipt = office.report("1")
        #expect(receipt.tasks.first.flatMap { office.state.task($0) }?.person == RoleID("am-3") && office.of("1")?.manager == RoleID("am-1"))
        office.record("9", ["critical_class": .string("class_1"), "district": .string("north")])
        #expect(office.of("9")?.manager == RoleID("am-2"), "who is away is given nobody")
        office.pass(days: 2)
        let back = office.report("1")
        #expect(back.tasks.first.flatMap { office.state.task($0) }?.person == RoleID("am-1"))
        // Gone from the rules: the next time that the customer is looked at they get another.
        office.rules = CustomerTests.rules(CustomerTests.customers.replacingOccurrences(of: "  am-1: { districts: [north], leave: [2026-11-24..2026-11-25], deputy: am-3 }\n", with: ""))
        office.report("1")
        #expect(office.of("1")?.manager == RoleID("am-2"))
        #expect(office.state.managerLoads[RoleID("am-1")] == 2 && office.state.managerLoads[RoleID("am-2")] == 5)
    }

    // MARK: Forgetting, and what is refused

    @Test func `Who is forgotten is gone, and may come again`() {
        var office = Office()
        office.record("1", ["critical_class": .string("class_1"), "name": .string("王芳")])
        let receipt = office.input(.customer({
            var said = CustomerFacts(customer: CustomerID("1"), facts: [:])
            said.event = .forget
            return said
        }()))
        #expect(receipt.status == .accepted && office.of("1") == nil && office.state.managerLoads.isEmpty)
        #expect(office.last.changes.contains(.forget(CustomerID("1"))))
        #expect(office.last.history.map(\.event) == [.customer_forgotten])
        office.report("1")
        #expect(office.of("1")?.revision == 1 && office.of("1")?.days.count == 1)
    }

    @Test func `A month that has not come is refused, and a report that is refused is not counted`() {
        var office = Office()
        let receipt = office.record("1", kWh: [202_612: 5])
        #expect(receipt.status == .rejected && receipt.reason?.contains("2026-12") ?? false)
        #expect(office.input(.report(Report(type: "fault", category: "nonsense", customer: CustomerID("1")))).status == .rejected)
        #expect(office.of("1") == nil)
        #expect(office.last.changes.isEmpty)
    }
}

private struct SystemDice {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(bound))
    }
}

extension String {
    fileprivate func replacingOccurrences(of part: String, with other: String) -> String { replacing(part, with: other) }
}

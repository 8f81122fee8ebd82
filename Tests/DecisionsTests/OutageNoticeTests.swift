import Domain
import Rules
import Testing

@testable import Decisions

/// Who is told of outages, when, and of what becomes of them.
@Suite struct OutageNoticeTests {
    static let planned = """
        module: planned-outages
        outages:
          department: service
          notices:
            - { name: week, type: planned, ahead: 7 days, tell: [public, operations, account_managers] }
            - { name: day, type: planned, ahead: 24 h, tell: [service] }
            - { name: soon, type: temporary, ahead: 24 h, tell: [public, duty] }
          overrun: { tell: [operations, duty], again: 30 min, give_up: 2 h }
        """

    static func rules(_ planned: String = planned) -> RuleSet {
        let site = IncidentTests.site + "\nroles:\n  duty: { name: 值班, person: u-900 }\n"
        let managers = "module: customers\naccount_managers:\n  am-1: { name: 王芳, deputy: am-2, leave: [2027-01-01] }\n  am-2: { name: 李强 }\n"
        let files = [
            ("site.yaml", site), ("network.csv", IncidentTests.network), ("faults.yaml", IncidentTests.faults), ("customers.yaml", managers), ("planned-outages.yaml", planned),
        ]
        let compilation = RuleCompiler.compile(RuleSource(files: files.map { .init(name: $0.0, bytes: Array($0.1.utf8)) }), proves: false) {
            $0 == "Asia/Shanghai" ? .shanghai : nil
        }
        guard let set = compilation.set else { preconditionFailure("\(compilation.diagnostics.map(\.message))") }
        return set
    }

    static let shared = rules()

    struct Desk {
        var rules = OutageNoticeTests.shared
        var state: DispatchState
        var now = Town.morning
        var sent = 0
        var decisions: [Decision] = []
        var customers: [CustomerRecord] = []
        /// `event name`, in the order of telling, since it was looked at last.
        var told: [String] = []

        init(_ rules: RuleSet = OutageNoticeTests.shared) {
            self.rules = rules
            state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: Town.morning)
        }

        mutating func decide(_ stimulus: Stimulus) -> Decision {
            let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now)
            decisions.append(decision)
            told += decision.notices.filter(\.event.isOfOutage).map { "\($0.event.rawValue) \($0.to)" }
            for case .calls(.tell(_, let notice)) in decision.changes { told.append("\(notice.event.rawValue) callers") }
            return decision
        }

        mutating func tell() {
            while let (id, areas) = state.outageToTell(at: now) {
                _ = decide(.notices(id, customers.filter { record in record.servedArea.map { areas.contains($0) } ?? false }.map(\.served)))
            }
        }

        @discardableResult mutating func input(_ body: InputBody) -> Receipt {
            sent += 1
            let input = Input(key: InputKey(source: SourceID("control"), id: "o-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
            let receipt = decide(.input(input, Findings())).receipt!
            tell()
            return receipt
        }

        /// From and until in hours from the morning.
        @discardableResult mutating func say(
            _ event: OutageEvent = .planned, _ hours: (Int64, Int64)? = nil, _ name: String = "o", type: OutageType? = nil, feeder: String = "F-1", transformer: String? = nil
        ) -> Receipt {
            input(
                .outage(
                    OutageSignal(
                        outage: OutageID(name), event: event, type: type, feeder: FeederID(feeder), transformer: transformer.map { TransformerID($0) },
                        from: hours.map { Town.morning + .hours($0.0) }, until: hours.map { Town.morning + .hours($0.1) }, reason: "检修")))
        }

        mutating func pass(toHour hour: Int64) { pass(to: Town.morning + .hours(hour)) }

        mutating func pass(to target: Instant) {
            while let due = state.nextDue, due <= target {
                now = max(now, due)
                _ = decide(.tick)
                tell()
            }
            now = target
        }

        mutating func look() -> [String] {
            defer { told = [] }
            return told
        }

        func events() -> [HistoryEvent] { decisions.flatMap { $0.history.map(\.event) } }
    }

    // MARK: Ahead

    @Test func `Each rule tells once, at its time, and a restart loses none`() {
        var desk = Desk()
        desk.say(.planned, (240, 246))
        #expect(desk.look() == [] && desk.state.nextDue == Town.morning + .hours(240 - 168))
        desk.pass(to: Town.morning + .hours(72) - .seconds(1))
        #expect(desk.look() == [])
        desk.state = DispatchState(tasks: [], crews: [], lastTask: nil, outages: Array(desk.state.outages.values), rules: desk.rules, at: desk.now)
        desk.pass(toHour: 72)
        #expect(desk.look() == ["outage_notice public", "outage_notice operations"])
        #expect(desk.decisions.last { !$0.history.isEmpty }?.history.map(\.rule) == ["planned-outages.week"])
        desk.state = DispatchState(tasks: [], crews: [], lastTask: nil, outages: Array(desk.state.outages.values), rules: desk.rules, at: desk.now)
        desk.pass(toHour: 215)
        #expect(desk.look() == [])
        desk.pass(toHour: 239)
        #expect(desk.look() == ["outage_notice service"])
        #expect(!desk.events().contains(.outage_short_notice))
        let text = desk.decisions.flatMap(\.notices).first?.text
        #expect(text?.chinese.contains("F-1") == true && text?.english.contains("检修") == true && text?.english.contains("150 customers") == true)
    }

    @Test func `What comes too late is taken, told at once, and said`() {
        var desk = Desk()
        let receipt = desk.say(.planned, (48, 50))
        #expect(receipt.status == .accepted && receipt.remarks.contains { $0.contains("7 days") })
        #expect(desk.look() == ["outage_short_notice u-501", "outage_notice public", "outage_notice operations"])
        #expect(desk.events().contains(.outage_short_notice))
        desk.pass(toHour: 24)
        #expect(desk.look() == ["outage_notice service"], "that one is in time")
        desk.say(.planned, (30, 31), "t", type: .temporary, feeder: "F-2")
        #expect(desk.look() == ["outage_short_notice u-501", "outage_notice public", "outage_notice u-900"])
        desk.say(.planned, (25, 26), "f", type: .fault, feeder: "F-2")
        #expect(desk.look() == [], "nobody is told of a fault ahead")
    }

    /// Moved, before or after it was told: where to in hours, and what is told at once.
    @Test(arguments: [
        // Announced for hour 240; told by 'week' at 72.
        (50, (480, 486), [], 312), (50, (230, 236), [], 62), (80, (480, 486), ["outage_changed public", "outage_changed operations"], 456),
        (80, (240, 250), ["outage_changed public", "outage_changed operations"], 216),
        (80, (100, 106), ["outage_changed public", "outage_changed operations", "outage_short_notice u-501", "outage_notice service"], nil),
    ] as [(Int64, (Int64, Int64), [String], Int64?)])
    func `When it is moved its notices move, and who was told is told`(at hour: Int64, to: (Int64, Int64), told: [String], next: Int64?) {
        var desk = Desk()
        desk.say(.planned, (240, 246))
        desk.pass(toHour: hour)
        _ = desk.look()
        desk.say(.planned, to)
        #expect(desk.look() == told)
        if let next { #expect(desk.state.nextDue == Town.morning + .hours(next)) }
        // Said once more it is the same.
        desk.say(.planned, to)
        #expect(desk.look() == [])
    }

    @Test func `When it is called off, or is elsewhere, who was told hears of it, and nobody else`() {
        var desk = Desk()
        desk.say(.planned, (240, 246))
        desk.say(.cancelled)
        #expect(desk.look() == [] && desk.state.nextDue == nil)
        desk.say(.planned, (240, 246))
        desk.pass(toHour: 72)
        _ = desk.look()
        desk.say(.planned, (240, 246), feeder: "F-2")
        #expect(desk.look().starts(with: ["outage_cancelled public", "outage_cancelled operations", "outage_notice public", "outage_notice operations"]))
        desk.say(.cancelled)
        #expect(desk.look() == ["outage_cancelled public", "outage_cancelled operations"])
        desk.pass(toHour: 300)
        #expect(desk.look() == [])
    }

    @Test func `Account managers hear of their customers there, deputies while they are away, the desk of those whom nobody has`() throws {
        func customer(_ account: String, _ transformer: String, manager: String? = nil, critical: String? = nil) -> CustomerRecord {
            var record = CustomerRecord(id: CustomerID(account), facts: ["transformer": .string(transformer)])
            if let critical { record.facts["critical_class"] = .string(critical) }
            record.manager = manager.map { RoleID($0) }
            return record
        }
        var desk = Desk()
        desk.customers = [
            customer("1", "TR-1", manager: "am-2"), customer("2", "TR-2", manager: "am-2"), customer("3", "TR-3", manager: "am-2"), customer("4", "TR-1", critical: "class_1"),
            customer("5", "TR-1"), customer("6", "TR-2", manager: "am-1"),
        ]
        #expect(desk.customers.map(\.servedArea?.rawValue) == ["TR-1", "TR-2", "TR-3", "TR-1", nil, "TR-2"])
        // am-1 is away on the day of the telling.
        desk.now = try Instant(rfc3339: "2027-01-01T09:00:00+08:00")
        desk.input(.outage(OutageSignal(outage: OutageID("o"), feeder: FeederID("F-1"), from: desk.now + .days(7), until: desk.now + .days(8))))
        #expect(desk.look() == ["outage_notice public", "outage_notice operations", "outage_notice am-2", "outage_notice service"])
        let notices = desk.decisions.flatMap(\.notices)
        #expect(notices.first { $0.to == "am-2" }?.text?.english.contains("3: 1, 2, 6") == true)
        #expect(notices.first { $0.to == "service" }?.text?.chinese.contains("1户：4") == true)
        #expect(notices.first { $0.to == "public" }?.channel == nil, "there is no channel for the public")
        desk.say(.cancelled)
        #expect(desk.look() == ["public", "operations", "am-2", "service"].map { "outage_cancelled \($0)" })
        // One area alone: no others are asked for.
        desk.input(.outage(OutageSignal(outage: OutageID("a"), feeder: nil, transformer: TransformerID("TR-3"), from: desk.now + .days(7), until: desk.now + .days(8))))
        #expect(desk.look() == ["outage_notice public", "outage_notice operations", "outage_notice am-2"])
    }

    // MARK: Two at one time

    @Test(arguments: [
        ("F-1", nil, (10, 20), "F-1", nil, (15, 25), true), ("F-1", nil, (10, 20), "F-1", nil, (20, 25), false), ("F-1", nil, (10, 20), "F-2", nil, (15, 25), false),
        ("F-1", nil, (10, 20), nil, "TR-2", (15, 25), true), (nil, "TR-1", (10, 20), nil, "TR-2", (15, 25), false), (nil, "TR-1", (10, 20), nil, "TR-1", (9, 11), true),
    ] as [(String?, String?, (Int64, Int64), String?, String?, (Int64, Int64), Bool)])
    func `Two in one place at one time are said, or refused`(
        _ feeder: String?, _ area: String?, _ hours: (Int64, Int64), _ feeder2: String?, _ area2: String?, _ hours2: (Int64, Int64), _ overlap: Bool
    ) {
        func signal(_ name: String, _ feeder: String?, _ area: String?, _ hours: (Int64, Int64)) -> InputBody {
            .outage(
                OutageSignal(
                    outage: OutageID(name), type: .fault, feeder: feeder.map { FeederID($0) }, transformer: area.map { TransformerID($0) },
                    from: Town.morning + .hours(hours.0), until: Town.morning + .hours(hours.1)))
        }
        var desk = Desk()
        desk.input(signal("a", feeder, area, hours))
        let receipt = desk.input(signal("b", feeder2, area2, hours2))
        #expect(receipt.status == .accepted && receipt.remarks.contains { $0.contains("overlaps a") } == overlap)
        #expect(desk.look() == (overlap ? ["outage_overlap u-501"] : []) && desk.events().contains(.outage_overlap) == overlap)

        var strict = Desk(Self.rules(Self.planned.replacing("  department: service\n", with: "  department: service\n  overlaps: refuse\n")))
        strict.input(signal("a", feeder, area, hours))
        let refused = strict.input(signal("b", feeder2, area2, hours2))
        #expect((refused.status == .rejected) == overlap && strict.state.outages.count == (overlap ? 1 : 2))
        // It may itself be moved within its own time.
        #expect(strict.input(signal("a", feeder, area, (hours.0, hours.1 + 1))).status == .accepted || overlap == false)
    }

    // MARK: Over its time

    @Test func `Work that runs over is told again and again, until a new time, its end, or nobody says anything`() {
        var desk = Desk()
        desk.say(.planned, (0, 3), type: .fault)
        desk.pass(to: Town.morning + .hours(3) - .seconds(1))
        #expect(desk.look() == [])
        desk.pass(toHour: 3)
        #expect(desk.look() == ["outage_overrun operations", "outage_overrun u-900"])
        #expect(desk.state.outageBook.covers("F-1", at: desk.now), "supply is still away")
        desk.pass(to: Town.morning + .minutes(215))
        #expect(desk.look().count == 2, "at half past three")
        // A new time: as if it had been so from the beginning.
        desk.say(.planned, (0, 5))
        #expect(desk.look() == [])
        desk.pass(toHour: 5)
        #expect(desk.look().count == 2)
        // Nobody looks for an hour: it is told once.
        desk.now = Town.morning + .minutes(390)
        _ = desk.decide(.tick)
        #expect(desk.look().count == 2 && desk.state.outages[OutageID("o")]?.overruns == 4)
        desk.pass(toHour: 7)
        #expect(desk.look() == [] && desk.state.outages.isEmpty && !desk.state.outageBook.covers("F-1", at: desk.now))
        #expect(desk.decisions.last { !$0.history.isEmpty }?.history.last?.rule == "planned-outages.overrun")

        // Without the section an outage ends with its time.
        var plain = Desk(Self.rules("module: planned-outages\noutages:\n  overlaps: tell\n"))
        plain.say(.planned, (0, 3))
        plain.pass(toHour: 3)
        #expect(plain.state.outages.isEmpty && plain.look() == [])
    }

    @Test func `Callers hear the hours, of the delay, of the change; and who is dark after the end gets a crew`() {
        var desk = Desk()
        func call(_ desk: inout Desk) -> Receipt {
            var report = Report(type: "fault", category: "no_power", customer: CustomerID("330"))
            report.transformer = TransformerID("TR-1")
            return desk.input(.report(report))
        }
        desk.say(.planned, (0, 3), type: .fault)
        #expect(call(&desk).answer?.english.contains("known work") == true)
        desk.say(.planned, (0, 4))
        #expect(desk.look() == ["outage_changed callers"])
        desk.pass(toHour: 4)
        _ = desk.look()
        #expect(call(&desk).answer?.english.contains("takes longer") == true)
        desk.say(.ended)
        #expect(desk.look() == ["restored callers"])
        let after = call(&desk)
        #expect(after.answer == nil && after.tasks.count == 1 && after.rule == "faults.rest")
        // Called off while callers wait for it.
        desk.say(.planned, (5, 9), type: .fault)
        desk.pass(toHour: 6)
        _ = call(&desk)
        _ = desk.look()
        desk.say(.cancelled)
        #expect(desk.look() == ["outage_cancelled callers"])
    }

    /// Whether work is known there decides whether the stage is done.
    @Test(arguments: [("F-1", StageState.open), ("F-2", .skipped)]) func `A stage can ask for known outages`(feeder: String, state: StageState) throws {
        let process = """
            module: connections
            processes:
              - name: hv
                takes: report.type == "application"
                stages:
                  - name: acceptance
                    assign: { department: marketing }
                  - name: switching
                    after: [acceptance]
                    when: planned_outage(report.feeder, report.reported_at)
                    assign: { department: operations }
                  - name: filing
                    after: [switching]
                    assign: { department: marketing }
            """
        let files = [("site.yaml", CaseTests.site), ("connections.yaml", process)]
        let compilation = RuleCompiler.compile(RuleSource(files: files.map { .init(name: $0.0, bytes: Array($0.1.utf8)) }), proves: false) {
            $0 == "Asia/Shanghai" ? .shanghai : nil
        }
        var desk = Desk(try #require(compilation.set))
        desk.say(.planned, (0, 5))
        var report = Report(type: "application", category: "new_connection")
        report.feeder = FeederID(feeder)
        let opened = desk.input(.report(report))
        let task = try #require(opened.tasks.first)
        #expect(desk.input(.progress(Progress(task: task, event: .complete, by: "zhang"))).status == .accepted)
        let kase = try #require(opened.kase.flatMap { desk.state.kase($0) })
        #expect(kase.stages.map(\.state) == [.done, state, state == .open ? .waiting : .open])
    }

    // MARK: The twin

    /// Minute by minute: what of each outage was told, and whether it is known, without any timer.
    private struct Twin {
        struct One {
            var from: Int64
            var until: Int64
            var type: OutageType
            var told: Set<String> = []
            var overruns: Int64 = 0
        }

        var outages: [String: One] = [:]
        var told: [String] = []

        static let rules: [(name: String, type: OutageType, ahead: Int64, to: [String])] = [
            ("week", .planned, 168 * 60, ["public", "operations"]), ("day", .planned, 24 * 60, ["service"]), ("soon", .temporary, 24 * 60, ["public", "u-900"]),
        ]

        mutating func minute(_ now: Int64) {
            for name in outages.keys.sorted() {
                guard var one = outages[name] else { continue }
                for rule in Self.rules where rule.type == one.type && !one.told.contains(rule.name) && one.from - rule.ahead <= now {
                    one.told.insert(rule.name)
                    told += rule.to.map { "\(now) outage_notice \($0)" }
                }
                if now >= one.until + 120 {
                    outages[name] = nil
                    continue
                }
                if now >= one.until, (now - one.until) / 30 + 1 > one.overruns {
                    one.overruns = (now - one.until) / 30 + 1
                    told += ["operations", "u-900"].map { "\(now) outage_overrun \($0)" }
                }
                outages[name] = one
            }
        }

        mutating func change(_ name: String, _ from: Int64, _ until: Int64, _ type: OutageType, at now: Int64) {
            var one = outages[name] ?? One(from: from, until: until, type: type)
            if outages[name] != nil, one.from != from || one.until != until { tell(one, "outage_changed", now) }
            if one.until != until { one.overruns = 0 }
            (one.from, one.until, one.type) = (from, until, type)
            outages[name] = one
        }

        mutating func cancel(_ name: String, at now: Int64) {
            if let one = outages.removeValue(forKey: name) { tell(one, "outage_cancelled", now) }
        }

        private mutating func tell(_ one: One, _ event: String, _ now: Int64) {
            for to in Set(Self.rules.filter { one.told.contains($0.name) }.flatMap(\.to)) { told.append("\(now) \(event) \(to)") }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func `Timers tell what looking every minute would tell`(seed: UInt64) {
        var dice = IncidentDice(seed: seed)
        var desk = Desk()
        var twin = Twin()
        var told: [String] = []
        var at: Int64 = 0
        func take(_ desk: inout Desk, minute: Int64) {
            for decision in desk.decisions {
                for notice in decision.notices where notice.event.isOfOutage && notice.event != .outage_short_notice {
                    told.append("\((notice.at - Town.morning).milliseconds / 60_000) \(notice.event.rawValue) \(notice.to)")
                }
            }
            desk.decisions = []
        }
        for step in 0..<120 {
            let next = at + Int64(1 + dice.below(600))
            while at < next {
                at += 1
                twin.minute(at)
            }
            desk.pass(to: Town.morning + .minutes(at))
            // Each has a place of its own, so that none overlaps.
            let name = ["F-1", "F-2", "F-3"][dice.below(2)]
            if dice.below(4) == 0 {
                desk.say(.cancelled, nil, name)
                twin.cancel(name, at: at)
            } else {
                let from = at + Int64(dice.below(15_000)) - 100
                let until = max(from + 1 + Int64(dice.below(600)), at + 1)
                let type = [OutageType.planned, .temporary, .fault][dice.below(3)]
                desk.input(
                    .outage(
                        OutageSignal(
                            outage: OutageID(name), type: type, feeder: FeederID(name), from: Town.morning + .minutes(from), until: Town.morning + .minutes(until), reason: "检修")))
                twin.change(name, from, until, type, at: at)
                twin.minute(at)
            }
            if dice.below(5) == 0 {
                desk.state = DispatchState(tasks: [], crews: [], lastTask: desk.state.lastTask, outages: Array(desk.state.outages.values), rules: desk.rules, at: desk.now)
            }
            take(&desk, minute: at)
            #expect(told.sorted() == twin.told.sorted(), "seed \(seed), step \(step)")
            #expect(Set(desk.state.outages.keys.map(\.rawValue)) == Set(twin.outages.keys), "seed \(seed), step \(step)")
            guard told.sorted() == twin.told.sorted() else { return }
        }
        #expect(told.contains { $0.contains("outage_overrun") } && told.contains { $0.contains("outage_cancelled") } && told.contains { $0.contains("outage_changed") })
    }
}

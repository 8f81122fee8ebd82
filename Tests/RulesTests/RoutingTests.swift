import Domain
import Testing

@testable import Rules

@Suite struct ShippedRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var category: String
        var site: String?
        var urgency: String?
        var out: Int64?
        var critical: String?
        /// The rule's name without its module, its kind of work, and accept, arrive and restore in minutes.
        var rule: String
        var task: String
        var priority: Priority
        var minutes: [Int64?]
        var testDescription: String { "\(category) \(site ?? "-") -> \(rule)" }

        init(
            _ category: String, _ site: String?, urgency: String? = nil, out: Int64? = nil, critical: String? = nil, _ rule: String, _ task: String,
            _ priority: Priority, _ minutes: [Int64?]
        ) {
            self.category = category
            self.site = site
            self.urgency = urgency
            self.out = out
            self.critical = critical
            self.rule = rule
            self.task = task
            self.priority = priority
            self.minutes = minutes
        }
    }

    @Test(arguments: [
        Case("line_down", "urban", "hazard-first", "make_safe", .emergency, [3, 45, 180]),
        Case("pole_down", "rural", "hazard-first", "make_safe", .emergency, [3, 90, 240]),
        Case("fire", "remote", "hazard-first", "make_safe", .emergency, [3, 120, 240]),
        Case("sparking", nil, "hazard-first", "make_safe", .emergency, [3, 45, 180]),
        // A hazard comes before the customer's class.
        Case("electric_shock", "urban", critical: "class_1", "hazard-first", "make_safe", .emergency, [3, 45, 180]),
        Case("no_power", "rural", critical: "special", "critical-customer", "repair", .emergency, [3, 30, 240]),
        Case("no_power", "rural", critical: "temporary", "everything-else", "repair", .normal, [3, 90, 240]),
        Case("cable_damage", "urban", urgency: "urgent", "cable", "repair_cable", .high, [3, 45, 180]),
        Case("meter_fault", "urban", "meter", "check_meter", .low, [30, 1_440, nil]),
        Case("heavy_load", "urban", out: 500, "equipment-warning", "inspect", .normal, [30, 480, nil]),
        Case("no_power", "urban", out: 100, "large-or-urgent", "repair", .high, [3, 45, 180]),
        Case("no_power", "urban", urgency: "urgent", out: 1, "large-or-urgent", "repair", .high, [3, 45, 180]),
        Case("no_power", "urban", urgency: "normal", out: 99, "everything-else", "repair", .normal, [3, 45, 180]),
        Case("low_voltage", "remote", "everything-else", "repair", .normal, [3, 120, 240]),
        Case("flicker", nil, "everything-else", "repair", .normal, [3, 45, 180]),
    ])
    func faults(_ one: Case) throws {
        let set = try Fixture.shippedSet()
        let report = Report(
            type: "fault", category: one.category, place: Place(district: DistrictID("lucheng")), site: one.site, urgency: one.urgency, customersOut: one.out)
        let customer = one.critical.map { CustomerFacts(customer: CustomerID("33"), facts: ["critical_class": .string($0)]) }
        let result = set.route(Fixture.subject(report, customer: customer), tracing: false)
        #expect(result.failures == [])
        let routing = try #require(result.routings.first)
        #expect(result.routings.count == 1)
        #expect(routing.rule == "faults." + one.rule)
        #expect(routing.task == one.task)
        #expect(routing.priority == one.priority)
        #expect([LimitName.accept, .arrive, .restore].map { routing.limits[$0].flatMap { if case .time(let span) = $0 { span.milliseconds / 60_000 } else { nil } } } == one.minutes)
        #expect(routing.trace == nil)
    }

    @Test(arguments: [
        ("application", "connections.lv_other", "marketing"), ("complaint", "complaints.complaint", "customer_service"),
        ("inquiry", "complaints.inquiry-about-a-connection", "marketing"),
    ])
    func whatIsNoFaultGoesToADesk(type: String, rule: String, department: String) throws {
        let set = try Fixture.shippedSet()
        let result = set.route(Fixture.subject(Report(type: type, category: "new_connection")), tracing: true)
        #expect(result.routings.map(\.rule) == [rule] && result.failures.isEmpty)
        #expect(result.routings.first?.assign == .department(DepartmentID(department)))
        #expect((result.routings.first?.process != nil) == (type == "application"))
        #expect(set.site.fallback == DepartmentID("operations"))
    }

    @Test func theExampleOfTheReadme() throws {
        let set = try Fixture.shippedSet()
        let report = Report(
            type: "fault", category: "line_down",
            place: Place(coordinate: Coordinate(latitude: 28.0121, longitude: 120.6554), district: DistrictID("lucheng")), site: "urban")
        let routing = try #require(set.route(Fixture.subject(report), tracing: true).routings.first)
        #expect(routing.rule == "faults.hazard-first")
        #expect(routing.assign == .nearest(skills: [SkillID("live_line")], within: 40_000, otherwise: DepartmentID("operations")))
        #expect(routing.escalate == "repair")
        let trace = try #require(routing.trace)
        #expect(trace.file == "faults.yaml")
        let expected: [RouteTrace.Condition] = [
            .init(label: "takes", text: #"report.type == "fault""#, result: true, values: [.init(name: "report.type", json: #""fault""#)]),
            .init(label: "when", text: "hazard", result: true, values: [.init(name: "report.category", json: #""line_down""#)]),
            .init(
                label: "hazard", text: #"report.category in ["line_down", "pole_down", "sparking", "fire", "electric_shock"]"#, result: true,
                values: [.init(name: "report.category", json: #""line_down""#)]),
        ]
        #expect(trace.conditions == expected)
        #expect(trace.nearMiss == nil)
    }

    @Test func theSiteAsItShips() throws {
        let set = try Fixture.shippedSet()
        #expect(set.site.crews.count >= 12)
        #expect(Set(set.site.crews.values.map(\.skills)).count >= 5)
        let north = try #require(set.site.crews[CrewID("north-2")])
        #expect(north.skills == [SkillID("distribution_line"), SkillID("live_line")])
        #expect(north.shift == Shift(name: "day_night", fromMinute: 0, untilMinute: 1_440))
        #expect(north.department == DepartmentID("operations"))
        #expect(set.site.values["site"]?.map(\.code) == ["urban", "rural", "remote"])
        #expect(set.site.values["voltage"]?.map(\.code) == ["low", "high", "unknown", "other"])
        #expect(set.site.values["urgency"]?.map(\.code) == ["normal", "important", "urgent"])
        #expect(set.site.values["type"]?.map(\.code) == ["fault", "application", "complaint", "inquiry", "maintenance", "supply"])
        #expect(set.declared("category", "line_down") == DeclaredValue(code: "line_down", chinese: "断线", english: "Line down", isHazard: true))
        #expect(set.declared("category", "line_dwon") == nil)
        #expect(set.site.districts[DistrictID("lucheng")]?.site == "urban")
        #expect(set.site.closeAfter == .hours(24) && set.site.askAgainAfter == .minutes(5))
        #expect(set.site.network.transformers[TransformerID("T-991")]?.feeder == FeederID("F-12"))
        #expect(set.site.network.feeders[FeederID("F-12")]?.district == DistrictID("lucheng"))
        #expect(set.ladders["repair"]?.rungs.map(\.percent) == [50, 80, 100, 100, 120])
        #expect(set.ladders["repair"]?.rungs.first?.tell == .assignee)
        #expect(set.ruleCount == 24 && set.moduleNames == ["complaints", "connections", "faults", "monitoring", "planned-outages"])
        #expect(set.rule(named: "faults.cable")?.task == "repair_cable")
        #expect(set.rule(named: "faults.nothing") == nil)
    }

    /// Each shipped module stands alone: without it the rest still compiles.
    @Test(arguments: [
        ("calendar.yaml", ["no-calendar"]), ("complaints.yaml", ["unused", "only-fallback"]), ("connections.yaml", ["unused", "only-fallback"]),
        ("escalations.yaml", ["missing-ladders"]), ("faults.yaml", ["only-fallback"]), ("monitoring.yaml", ["only-fallback"]), ("texts.yaml", []),
    ])
    func theRestWorksWithoutAModule(name: String, expected: [String]) throws {
        let whole = try Fixture.shipped()
        #expect(Fixture.compile(whole).diagnostics.isEmpty)
        var deleted = whole
        deleted.files.removeAll { $0.name == name }
        var off = whole
        let place = try #require(off.files.firstIndex { $0.name == name })
        off.files[place].bytes = Array("module: \(name.dropLast(5))\nenabled: false\n".utf8)
        for source in [deleted, off] {
            // What then is missed is a warning; nothing breaks.
            let compilation = Fixture.compile(source)
            #expect(compilation.set != nil && Set(compilation.diagnostics.map(\.code)) == Set(expected), "\(source.human(compilation.diagnostics))")
        }
    }

    @Test func theHashChangesWithEveryByteAndName() throws {
        let source = try Fixture.shipped()
        let hash = try #require(Fixture.compile(source).set?.hash)
        #expect(hash.utf8.count == 12)
        var shuffled = source
        shuffled.files.reverse()
        #expect(Fixture.compile(shuffled).set?.hash == hash)
        var edited = source
        edited.files[0].bytes.append(UInt8(ascii: "\n"))
        #expect(Fixture.compile(edited).set?.hash != hash)
        var renamed = source
        renamed.files[1].name = "a-" + renamed.files[1].name
        #expect(Fixture.compile(renamed).set?.hash != hash)
    }
}

@Suite struct RoutingTests {
    private func set(_ files: (String, String)...) throws -> RuleSet {
        let compilation = Fixture.compile([("site.yaml", Fixture.site)] + files)
        for diagnostic in compilation.diagnostics where diagnostic.severity == .error { Issue.record("\(diagnostic.human(sourceLine: nil))") }
        return try #require(compilation.set)
    }

    private func rule(_ name: String, _ when: String?, extra: String = "") -> String {
        "  - name: \(name)\n" + (when.map { "    when: >-\n      \($0)\n" } ?? "") + "    task: \(name)\n    assign: { department: operations }\n" + extra
    }

    @Test func sitesOwnFieldsAreTyped() throws {
        let set = try set(
            (
                "faults.yaml",
                "module: faults\nroute:\n"
                    + rule("height", "report.fields.building_height > 24.0 && has(report.fields.building_height)")
                    + rule("floors", "report.fields.floors == 9") + rule("lift", "report.fields.lift") + rule("roof", #"report.fields.roof.startsWith("瓦")"#)
                    + rule("built", #"report.fields.built < timestamp("1980-01-01T00:00:00Z") && has(report.fields.built)"#) + rule("rest", nil)
            ))
        let table: [([String: FieldValue], String)] = [
            (["building_height": .double(30.5)], "height"), (["building_height": .int(30)], "height"), (["building_height": .string("30")], "rest"),
            (["floors": .int(9)], "floors"), (["floors": .double(9)], "rest"), (["lift": .bool(true)], "lift"), (["lift": .string("true")], "rest"),
            (["roof": .string("瓦片")], "roof"), (["built": .string("1970-05-01T00:00:00+08:00")], "built"), (["built": .string("yesterday")], "rest"),
            (["unknown": .bool(true)], "rest"), ([:], "rest"),
        ]
        for (fields, task) in table {
            let result = set.route(Fixture.subject(Report(type: "fault", fields: fields)), tracing: true)
            #expect(result.routings.map(\.task) == [task], "\(fields)")
        }
    }

    @Test func everyFieldIsReadFromItsPlace() throws {
        let conditions: [(String, RouteSubject)] = [
            (#"report.type == "complaint""#, Fixture.subject(Report(type: "complaint"))),
            (#"report.category == "fire""#, Fixture.subject(Report(type: "fault", category: "fire"))),
            (#"report.source == "counter""#, Fixture.subject(Report(type: "fault"), source: "counter")),
            (
                #"report.reported_at == timestamp("2026-11-22T08:15:00+08:00")"#,
                Fixture.subject(Report(type: "fault", reportedAt: Instant(milliseconds: 1_795_306_500_000)))
            ),
            (
                #"report.reported_at.getHours("Asia/Shanghai") == 8"#,
                Fixture.subject(Report(type: "fault", reportedAt: Instant(milliseconds: 1_795_306_500_000)), now: 0)
            ),
            ("report.place.lat > 28.01 && report.place.lat < 28.02", Fixture.subject(Report(type: "fault", place: Place(coordinate: Coordinate(latitude: 28.0121, longitude: 1))))),
            ("report.place.lon < -120.5", Fixture.subject(Report(type: "fault", place: Place(coordinate: Coordinate(latitude: 0, longitude: -120.6))))),
            (#"report.place.address.contains("路")"#, Fixture.subject(Report(type: "fault", place: Place(address: "人民路 1 号")))),
            (#"report.place.district == "lucheng""#, Fixture.subject(Report(type: "fault", place: Place(district: DistrictID("lucheng"))))),
            (#"report.site == "remote""#, Fixture.subject(Report(type: "fault", site: "remote"))),
            (#"report.urgency == "urgent""#, Fixture.subject(Report(type: "fault", urgency: "urgent"))),
            (#"report.feeder == "F-12""#, Fixture.subject(Report(type: "fault", feeder: FeederID("F-12")))),
            (#"report.transformer == "T-991""#, Fixture.subject(Report(type: "fault", transformer: TransformerID("T-991")))),
            ("report.customers_out == 86", Fixture.subject(Report(type: "fault", customersOut: 86))),
            ("report.capacity_kva >= 315.0", Fixture.subject(Report(type: "fault", capacityKVA: 315))),
            (#"report.description.matches("断.*线")"#, Fixture.subject(Report(type: "fault", description: "断了一根线"))),
            (#"customer.account == "33""#, Fixture.subject(Report(type: "fault"), customer: CustomerFacts(customer: CustomerID("33"), facts: [:]))),
            (#"customer.account == "44""#, Fixture.subject(Report(type: "fault", customer: CustomerID("44")))),
            (#"customer.class == "industrial""#, Fixture.subject(Report(type: "fault"), customer: CustomerFacts(customer: CustomerID("3"), facts: ["class": .string("industrial")]))),
            ("customer.annual_kwh > 5000000.0", Fixture.subject(Report(type: "fault"), customer: CustomerFacts(customer: CustomerID("3"), facts: ["annual_kwh": .int(6_200_000)]))),
            ("customer.capacity_kva == 12.5", Fixture.subject(Report(type: "fault"), customer: CustomerFacts(customer: CustomerID("3"), facts: ["capacity_kva": .double(12.5)]))),
            (#"customer.name == "王" && customer.tier == "vip""#, Fixture.subject(Report(type: "fault"), customer: CustomerFacts(customer: CustomerID("3"), facts: ["name": .string("王"), "tier": .string("vip")]))),
        ]
        let nothing = Fixture.subject(Report(type: "application"), source: "x", now: 3_600_000)
        for (condition, subject) in conditions {
            let set = try set(("faults.yaml", "module: faults\nroute:\n" + rule("yes", condition) + rule("no", nil)))
            #expect(set.route(subject, tracing: false).routings.map(\.task) == ["yes"], "\(condition)")
            #expect(set.route(nothing, tracing: false).routings.map(\.task) == ["no"], "\(condition)")
        }
    }

    @Test func aConditionThatFailsDoesNotMatchAndIsTold() throws {
        let set = try set(
            (
                "a.yaml",
                "module: a\ntakes: 10 / report.customers_out > 1\nroute:\n" + rule("first", nil)
            ),
            ("b.yaml", "module: b\nroute:\n" + rule("broken", "10 % report.customers_out == 1") + rule("rest", nil)))
        let zero = set.route(Fixture.subject(Report(type: "fault", customersOut: 0)), tracing: false)
        #expect(zero.routings.map(\.rule) == ["b.rest"])
        #expect(zero.failures.map(\.rule) == ["a", "b.broken"])
        #expect(zero.failures.map(\.file) == ["a.yaml", "b.yaml"])
        #expect(zero.failures.map(\.line) == [2, 3])
        #expect(zero.failures.allSatisfy { !$0.message.isEmpty })
        let five = set.route(Fixture.subject(Report(type: "fault", customersOut: 5)), tracing: false)
        #expect(five.routings.map(\.rule) == ["a.first"] && five.failures == [])
        let thirty = set.route(Fixture.subject(Report(type: "fault", customersOut: 9)), tracing: false)
        #expect(thirty.routings.map(\.rule) == ["b.broken"] && thirty.failures == [])
    }

    @Test func theNearestMissHasMostPartsThatHeld() throws {
        let set = try set(
            (
                "faults.yaml",
                "module: faults\nroute:\n" + rule("none", #"report.category == "fire" && report.site == "remote""#)
                    + rule("one", #"report.category == "no_power" && report.site == "remote""#)
                    + rule("two", #"report.category == "no_power" && report.customers_out > 5 && report.site == "rural""#)
                    + rule("two-again", #"report.category == "no_power" && report.customers_out > 5 && report.site == "remote""#) + rule("rest", #"report.urgency == "urgent""#)
            ))
        let report = Report(type: "fault", category: "no_power", site: "urban", urgency: "urgent", customersOut: 6, description: "x")
        let miss = try #require(set.route(Fixture.subject(report), tracing: true).routings.first?.trace?.nearMiss)
        #expect(miss.rule == "faults.two" && miss.line == 13)
        #expect(miss.failed == .init(label: "when", text: #"report.site == "rural""#, result: false, values: [.init(name: "report.site", json: #""urban""#)]))
        // Nothing took it: the miss stands in the result itself.
        let other = set.route(Fixture.subject(Report(type: "fault", category: "line_down")), tracing: true)
        #expect(other.routings.isEmpty)
        #expect(other.nearMiss?.rule == "faults.none")
        #expect(other.nearMiss?.failed.values.map(\.json) == [#""line_down""#])
        #expect(set.route(Fixture.subject(Report(type: "fault")), tracing: false).nearMiss == nil)
    }

    @Test func tracesKeepPersonalDataOut() throws {
        let set = try set(
            (
                "faults.yaml",
                "module: faults\nroute:\n"
                    + rule("first", #"report.description.contains("线") && report.place.address != "" && customer.name != "x" && report.customers_out == 0"#) + rule("rest", nil)
            ))
        let subject = Fixture.subject(
            Report(type: "fault", place: Place(address: "人民路"), description: "断线"),
            customer: CustomerFacts(customer: CustomerID("1"), facts: ["name": .string("王")]))
        let trace = try #require(set.route(subject, tracing: true).routings.first?.trace)
        #expect(trace.conditions.first?.values.map(\.json) == [#""(personal data)""#, #""(personal data)""#, #""(personal data)""#, "null"])
    }

    @Test func tablesGoByTheirField() throws {
        let set = try set(
            (
                "faults.yaml",
                """
                module: faults
                tables:
                  arrival:
                    by: report.site
                    rows: { urban: 45 min, rural: 90 min }
                  by_district:
                    by: report.place.district
                    rows: { lucheng: 1 h }
                    otherwise: 3 h
                route:
                  - name: first
                    task: repair
                    assign: { nearest: crew, skills: [live_line], within: 800 m }
                    limits: { accept: 90 s, arrive: arrival, restore: by_district }

                """
            ))
        let table: [(String?, String?, Int64?, Int64)] = [
            ("urban", "lucheng", 45, 60), ("rural", nil, 90, 180), ("remote", "nanxi", nil, 180), (nil, "", nil, 180),
        ]
        for (site, district, arrive, restore) in table {
            let report = Report(type: "fault", place: Place(district: district.map { DistrictID($0) }), site: site)
            let routing = try #require(set.route(Fixture.subject(report), tracing: false).routings.first)
            #expect(routing.limits[.accept] == .seconds(90))
            #expect(routing.limits[.arrive] == arrive.map { LimitLength.minutes($0) })
            #expect(routing.limits[.restore] == .minutes(restore))
            // Without `otherwise`, the fallback department has the queue.
            #expect(routing.assign == .nearest(skills: [SkillID("live_line")], within: 800, otherwise: DepartmentID("operations")))
        }
    }

    @Test func disabledModulesTakeNothing() throws {
        let set = try set(
            ("a.yaml", "module: a\nenabled: false\nroute:\n" + rule("first", nil)), ("b.yaml", "module: b\nenabled: true\nroute:\n" + rule("second", nil)))
        #expect(set.route(Fixture.subject(Report(type: "fault")), tracing: false).routings.map(\.rule) == ["b.second"])
        #expect(set.ruleNames == ["b.second"])
    }

    @Test func feedersAddUpWhateverTheOrder() throws {
        var rows = ["T-1,F-1,lucheng,28.000001,120.0,5", "T-2,F-1,,28.000002,120.2,7", "T-3,F-1,lucheng,,,1", "\"T-4\",F-2,,,,", "T-5,,lucheng,1,1,9"]
        var registers: [NetworkRegister] = []
        for _ in 0..<2 {
            let text = "customers,lon,lat,district,feeder,transformer\r\n" + rows.map { $0.split(separator: ",", omittingEmptySubsequences: false).reversed().joined(separator: ",") }.joined(separator: "\r\n")
            let compilation = Fixture.compile([("site.yaml", Fixture.site + "network: net.csv\n"), ("net.csv", "\u{FEFF}" + text)])
            registers.append(try #require(compilation.set).site.network)
            rows.reverse()
        }
        #expect(registers[0] == registers[1])
        #expect(registers[0].feeders[FeederID("F-1")] == NetworkFeeder(district: DistrictID("lucheng"), coordinate: Coordinate(latitude: 28.0000015, longitude: 120.1), customers: 13))
        #expect(registers[0].feeders[FeederID("F-2")] == NetworkFeeder(district: nil, coordinate: nil, customers: 0))
        #expect(registers[0].transformers.count == 5)
        #expect(registers[0].feeders.count == 2)
    }
}

import Domain
import Rules
import Testing

@testable import Decisions

/// What senders may say, what comes of it, and what is refused with which words.
@Suite struct IntakeTests {
    private static func town() -> Town {
        var town = Town(crews: [Town.crew("north-1", km: 1), Town.crew("north-2", km: 3)])
        town.values = [
            "type": [DeclaredValue(code: "fault")], "category": [DeclaredValue(code: "line_down"), DeclaredValue(code: "no_power")],
            "site": [DeclaredValue(code: "urban"), DeclaredValue(code: "rural")], "voltage": [DeclaredValue(code: "low")],
            "urgency": [DeclaredValue(code: "urgent")],
        ]
        town.fields = [DeclaredField(name: "height", type: .wholeNumber), DeclaredField(name: "seen", type: .time)]
        town.network = NetworkRegister(
            transformers: [
                TransformerID("T-1"): NetworkTransformer(
                    feeder: FeederID("F-1"), district: DistrictID("ouhai"), coordinate: Town.place(11), customers: 86),
                TransformerID("T-2"): NetworkTransformer(feeder: FeederID("F-2"), district: nil, coordinate: nil, customers: 5),
            ],
            feeders: [
                FeederID("F-1"): NetworkFeeder(district: DistrictID("ouhai"), coordinate: Town.place(12), customers: 900),
                FeederID("F-2"): NetworkFeeder(district: DistrictID("lucheng"), coordinate: Town.place(13), customers: 40),
            ])
        return town
    }

    private func send(_ report: Report, customer: CustomerFacts? = nil, _ life: inout Life) -> Decision {
        life.input(.report(report), findings: Findings(customer: customer))
    }

    // MARK: Values

    @Test(arguments: [
        (Report(type: "fualt"), "type 'fualt' is not declared; did you mean 'fault'? (declared values: site.yaml, values: type:)"),
        (
            Report(type: "fault", category: "line_dwon"),
            "category 'line_dwon' is not declared; did you mean 'line_down'? (declared values: site.yaml, values: category:)"
        ),
        (Report(type: "fault", site: "moon"), "site 'moon' is not declared (declared values: site.yaml, values: site:)"),
        (Report(type: "fault", voltage: "Low"), "voltage 'Low' is not declared; did you mean 'low'? (declared values: site.yaml, values: voltage:)"),
        (Report(type: "fault", urgency: "x"), "urgency 'x' is not declared (declared values: site.yaml, values: urgency:)"),
        (
            Report(type: "fault", place: Place(district: DistrictID("ouhay"))),
            "place.district 'ouhay' is not declared; did you mean 'ouhai'? (declared values: site.yaml, districts:)"
        ),
        (
            Report(type: "fault", fields: ["hight": .int(3)]),
            "fields.hight is not declared; did you mean 'height'? (declared fields: site.yaml, fields: report:)"
        ),
        (
            Report(type: "fault", fields: ["height": .string("tall")]),
            "fields.height is declared as whole number, and 'tall' is none; send a whole number (site.yaml, fields: report:)"
        ),
        (
            Report(type: "fault", fields: ["seen": .string("noon")]),
            "fields.seen is declared as time, and 'noon' is none; send a time like \"2026-11-22T08:15:00+08:00\" (site.yaml, fields: report:)"
        ),
    ]) func anUndeclaredValueIsRefusedWithTheNearestOne(report: Report, reason: String) {
        var life = Life(Self.town(), .nearest())
        let decision = send(report, &life)
        #expect(decision.receipt?.status == .rejected)
        #expect(decision.receipt?.reason == reason)
        #expect(decision.isEmpty)
    }

    @Test func declaredValuesPassAndWhatIsDeclaredNowhereTakesEverything() {
        var life = Life(Self.town(), .nearest())
        let good = Report(
            type: "fault", category: "no_power", place: Place(coordinate: Town.place(0), district: DistrictID("lucheng")), site: "urban",
            voltage: "low", urgency: "urgent", fields: ["height": .int(3), "seen": .string("2026-11-22T08:15:00+08:00")])
        #expect(send(good, &life).receipt?.status == .accepted)
        var free = Life(Town(), .nearest())
        #expect(send(Report(type: "anything", category: "x", fields: ["y": .bool(true)]), &free).receipt?.status == .accepted)
    }

    // MARK: Place

    struct Placed: Sendable {
        var report: Report
        var facts: [String: FieldValue]? = nil
        var km: Double?
        var origin: PlaceOrigin
        var district: String?
        var site: String?
        var customersOut: Int64 = 0
    }

    static let places: [Placed] = [
        Placed(
            report: Report(type: "fault", place: Place(coordinate: Town.place(1)), transformer: TransformerID("T-1")), km: 1, origin: .report,
            district: "ouhai", site: "rural", customersOut: 86),
        Placed(
            report: Report(type: "fault", feeder: FeederID("F-2"), transformer: TransformerID("T-1"), customersOut: 7), km: 11, origin: .transformer,
            district: "ouhai", site: "rural", customersOut: 7),
        // The transformer's place is not known, its feeder's is.
        Placed(report: Report(type: "fault", transformer: TransformerID("T-2")), km: 13, origin: .feeder, district: "lucheng", site: "urban", customersOut: 5),
        Placed(report: Report(type: "fault", feeder: FeederID("F-1")), km: 12, origin: .feeder, district: "ouhai", site: "rural", customersOut: 900),
        Placed(
            report: Report(type: "fault", customer: CustomerID("33"), place: Place(district: DistrictID("lucheng"))),
            facts: ["lat": .double(Town.place(17).latitude), "lon": .int(120), "transformer": .string("T-1")], km: 17, origin: .customer,
            district: "lucheng", site: "urban"),
        Placed(
            report: Report(type: "fault", customer: CustomerID("33")), facts: ["transformer": .string("T-1")], km: 11, origin: .customer,
            district: "ouhai", site: "rural"),
        Placed(
            report: Report(type: "fault", customer: CustomerID("33")), facts: ["district": .string("ouhai")], km: 20, origin: .customer,
            district: "ouhai", site: "rural"),
        Placed(
            report: Report(type: "fault", customer: CustomerID("33"), place: Place(district: DistrictID("lucheng"))),
            facts: ["district": .string("ouhai")], km: 5, origin: .district, district: "lucheng", site: "urban"),
        Placed(
            report: Report(type: "fault", place: Place(district: DistrictID("ouhai")), site: "urban"), km: 20, origin: .district, district: "ouhai",
            site: "urban"),
        // This district's middle is not declared.
        Placed(report: Report(type: "fault", place: Place(district: DistrictID("taishun"))), km: nil, origin: .unknown, district: "taishun", site: "remote"),
        Placed(report: Report(type: "fault"), km: nil, origin: .unknown, district: nil, site: nil),
    ]

    @Test(arguments: places.indices) func thePlaceIsFoundInItsOrder(index: Int) {
        let row = Self.places[index]
        let town = Self.town()
        let site = town.rules.site
        let facts = row.facts.map { CustomerFacts(customer: CustomerID("33"), facts: $0) }
        let found = FoundReport(row.report, customer: facts, network: site.network, districts: site.districts)
        #expect(found.place.origin == row.origin)
        #expect(found.place.coordinate == row.km.map(Town.place))
        #expect(found.report.place.coordinate == found.place.coordinate)
        #expect(found.place.district?.rawValue == row.district)
        #expect(found.report.place.district == found.place.district)
        #expect(found.report.site == row.site)
        #expect(found.customersOut == row.customersOut)
        #expect(found.remarks.contains { $0.kind == .place_unknown } == (row.origin == .unknown))
    }

    @Test func whatTheRegisterDoesNotKnowIsRemarked() {
        var life = Life(Self.town(), .nearest())
        let report = Report(type: "fault", customer: CustomerID("33"), feeder: FeederID("F-9"), transformer: TransformerID("T-9"))
        let decision = send(report, &life)
        #expect(
            decision.remarks.map(\.text) == [
                "transformer 'T-9' is not in the network register", "feeder 'F-9' is not in the network register", "customer '33' is not known",
                "nothing says where it is (no coordinates, transformer, feeder, customer or district that is known)",
            ])
        #expect(decision.remarks.allSatisfy { $0.task == TaskID(day: 20_261_122, number: 1) })
        #expect(decision.receipt?.status == .accepted)
    }

    // MARK: Report to task

    @Test func theArrivalClockRunsFromTheReportAndNeverFromTheFuture() {
        var life = Life(Self.town(), .nearest(limits: [.arrive: .minutes(45)]))
        life.report(0, at: Town.morning + .minutes(-20))
        #expect(life.task(1)?.limits.first?.due == Town.morning + .minutes(25))
        life.report(0, at: Town.morning + .minutes(10))
        #expect(life.task(2)?.limits.first?.due == Town.morning + .minutes(45))
        #expect(life.decisions.last?.remarks.map(\.kind) == [])
        life.report(0, at: Town.morning + .minutes(11))
        #expect(life.task(3)?.limits.first?.due == Town.morning + .minutes(45))
        #expect(
            life.decisions.last?.remarks.map(\.text) == [
                "reported_at 2026-11-22T08:11:00+08:00 lies ahead of our clock (2026-11-22T08:00:00+08:00); its limits run from now"
            ])
    }

    @Test func whatNoRuleTakesGoesToTheFallbackDesk() {
        var life = Life(Self.town(), routings: [])
        let receipt = life.report(0)
        #expect(receipt.status == .accepted && receipt.rule == "fallback" && receipt.tasks == [TaskID(day: 20_261_122, number: 1)])
        #expect(life.task()?.department == DepartmentID("service") && life.task()?.isDesk == true && life.task()?.state == .dispatched)
        #expect(life.decisions.last?.remarks.map(\.kind) == [.fallback])
    }

    @Test func eachRoutingBecomesATask() {
        var life = Life(Self.town(), .nearest(), .desk("marketing"))
        let receipt = life.report(0)
        #expect(receipt.tasks.map(\.number) == [1, 2] && receipt.rule == "faults.repair")
        #expect(life.task(2)?.rule == "desk.answer" && life.task(2)?.isDesk == true)
    }

    // MARK: Twice

    @Test func theSameAgainGetsItsReceiptAgainAndAnotherUnderItsKeyIsAConflict() {
        var life = Life(Self.town(), .nearest())
        let input = Input(
            key: InputKey(source: SourceID("95598"), id: "r-1"), digest: ContentDigest(high: 1, low: 2),
            body: .report(Report(type: "fault", place: Place(coordinate: Town.place(0)))))
        let first = life.decide(.input(input, Findings())).receipt!
        let earlier = EarlierReceipt(digest: input.digest, receipt: first)
        let second = life.decide(.input(input, Findings(earlier: earlier)))
        #expect(second.receipt == Receipt(id: "r-1", source: SourceID("95598"), status: .duplicate, tasks: first.tasks, rule: first.rule))
        #expect(second.isEmpty)
        var other = input
        other.digest = ContentDigest(high: 1, low: 3)
        let third = life.decide(.input(other, Findings(earlier: earlier)))
        #expect(third.receipt?.status == .conflict)
        #expect(
            third.receipt?.reason
                == "id 'r-1' of source '95598' was used before for other content (accepted, T-20261122-1); send this one under an id of its own")
        #expect(third.isEmpty && life.state.openCount == 1)
        let refused = Receipt(id: "r-1", source: SourceID("95598"), status: .rejected, reason: "why")
        let again = life.decide(.input(input, Findings(earlier: EarlierReceipt(digest: input.digest, receipt: refused))))
        #expect(again.receipt == refused, "a refusal is never taken for a success")
    }

    @Test func anInputNeedsItsCustomerOrItsTask() {
        func needed(_ body: InputBody) -> Needs {
            needs(Input(key: InputKey(source: SourceID("s"), id: "1"), digest: ContentDigest(high: 0, low: 0), body: body))
        }
        let task = TaskID(day: 20_261_122, number: 1)
        #expect(needed(.report(Report(type: "fault", customer: CustomerID("33")))) == Needs(customer: CustomerID("33")))
        #expect(needed(.progress(Progress(task: task, event: .accept))) == Needs(task: task))
        #expect(needed(.crew(CrewSignal(crew: CrewID("a")))) == Needs())
    }

    // MARK: Who may say what

    struct Said: Sendable {
        var event: ProgressEvent
        var by: String?
        var source = "crew-app"
        /// The name in the history; nil: refused.
        var name: String?
    }

    static let sayings: [Said] = [
        Said(event: .accept, by: "north-1", name: "north-1"),
        Said(event: .accept, by: "north-2", name: nil),
        Said(event: .accept, by: "marketing", name: nil),
        Said(event: .accept, by: "operations", name: nil),
        Said(event: .accept, by: "zhang", name: "zhang"),
        Said(event: .accept, by: nil, name: "north-1"),
        Said(event: .accept, by: nil, source: "socket", name: "socket"),
        Said(event: .accept, by: nil, source: "cli", name: "cli"),
        Said(event: .accept, by: "caller", name: nil),
        Said(event: .accept, by: "paidan", name: nil),
        Said(event: .complete, by: "north-1", name: "north-1"),
        Said(event: .suspend, by: "north-1", name: "north-1"),
        Said(event: .reject, by: "north-1", name: "north-1"),
        Said(event: .cancel, by: "north-1", name: nil),
        Said(event: .cancel, by: nil, name: nil),
        Said(event: .cancel, by: "zhang", name: "zhang"),
        Said(event: .close, by: "north-1", name: nil),
        Said(event: .close, by: "caller", name: nil),
        Said(event: .close, by: "zhang", name: "zhang"),
        Said(event: .assign, by: "north-1", name: nil),
        Said(event: .assign, by: "zhang", name: "zhang"),
        Said(event: .priority, by: "north-1", name: nil),
        Said(event: .priority, by: "zhang", name: "zhang"),
    ]

    @Test(arguments: sayings.indices) func onlyTheAssigneeAndADutyEngineerCount(index: Int) {
        let row = Self.sayings[index]
        var life = Life(Self.town(), .nearest())
        life.report(0)
        let before = life.task()
        let receipt = life.say(row.event, by: row.by, to: "north-2", priority: .low, source: row.source)
        let decision = life.decisions.last!
        if let name = row.name {
            #expect(receipt.status == .accepted, "\(row)")
            #expect(decision.history.first?.by == name, "\(row)")
        } else {
            #expect(receipt.status == .rejected && receipt.reason?.isEmpty == false, "\(row)")
            #expect(life.task() == before && decision.isEmpty, "\(row)")
        }
    }

    @Test func anInstantInThePastCountsBetweenDispatchAndNow() {
        func accepted(at: TimeSpan) -> Instant? {
            var life = Life(Self.town(), .nearest(limits: [.accept: .minutes(30)]))
            life.pass(minutes: 5)
            life.report(0)
            life.pass(minutes: 10)
            life.say(.accept, by: "north-1", at: Town.morning + at)
            return life.decisions.last?.history.first?.at
        }
        #expect(accepted(at: .minutes(5)) == Town.morning + .minutes(5))
        #expect(accepted(at: .minutes(9)) == Town.morning + .minutes(9))
        #expect(accepted(at: .minutes(4)) == Town.morning + .minutes(15), "before it was dispatched")
        #expect(accepted(at: .minutes(16)) == Town.morning + .minutes(15), "not yet")
        // Milestones never go back: on site at 12 is not before the way began at 14.
        var life = Life(Self.town(), .nearest(limits: [.arrive: .minutes(13)]))
        life.report(0)
        life.pass(minutes: 15)
        life.say(.enroute, by: "north-1", at: Town.morning + .minutes(14))
        life.say(.onsite, by: "north-1", at: Town.morning + .minutes(12))
        #expect(life.task()?.limits.first?.reachedAt == Town.morning + .minutes(14))
        #expect(life.task()?.limits.first?.isOverdue(at: life.now) == true)
    }

    // MARK: Crews

    @Test func signalsOfCrews() {
        var life = Life(Self.town(), .nearest())
        let unknown = life.crew("north-3", on: true)
        #expect(unknown.reason == "there is no crew 'north-3' on the roster; did you mean 'north-1'? (site.yaml, crews:)")
        #expect(life.decisions.last?.remarks.map(\.kind) == [.crew_unknown])
        #expect(life.crew("north-1").reason == "the signal of crew 'north-1' says neither 'on_duty' nor 'place' nor 'serves'; send one of them")
        #expect(life.crew("north-1", km: 9).status == .accepted)
        life.report(8)
        #expect(life.task()?.crew == CrewID("north-1"), "from its last position, not from its base")
        life.decide(.positions([CrewPosition(crew: CrewID("north-1"), coordinate: Town.place(1), at: life.now + .minutes(-1))]))
        #expect(life.state.crews[CrewID("north-1")]?.coordinate == Town.place(9), "older than what is known")
        let decision = life.decide(.positions([CrewPosition(crew: CrewID("nobody"), coordinate: Town.place(1), at: life.now)]))
        #expect(decision.isEmpty && decision.remarks.map(\.kind) == [.crew_unknown])
    }

    @Test func aCrewThatMovesIntoReachTakesWhatWaits() {
        var life = Life(Self.town(), .nearest(within: 2))
        life.report(30)
        #expect(life.task()?.state == .queued)
        life.decide(.positions([CrewPosition(crew: CrewID("north-2"), coordinate: Town.place(29), at: life.now)]))
        #expect(life.task()?.crew == CrewID("north-2"))
    }

    @Test func factsAboutACustomerAreHandedOn() {
        var life = Life(Self.town(), .nearest())
        let facts = CustomerFacts(customer: CustomerID("33"), facts: ["class": .string("industrial")])
        let decision = life.input(.customer(facts))
        let record = Findings(customer: facts).customer
        #expect(decision.changes == [.customer(before: nil, after: record)] && decision.receipt?.status == .accepted)
    }

    @Test func aSlipInACustomersFactsIsRefused() {
        var town = Self.town()
        town.values["critical_class"] = [DeclaredValue(code: "special"), DeclaredValue(code: "first")]
        var life = Life(town, .nearest())
        func reason(_ facts: [String: FieldValue]) -> String? {
            life.input(.customer(CustomerFacts(customer: CustomerID("33"), facts: facts))).receipt?.reason
        }
        #expect(reason(["critical_class": .string("spezial")])?.contains("did you mean 'special'") == true)
        #expect(reason(["capacity_kva": .string("12500")]) == "facts.capacity_kva is the text '12500', and rules compare it as a number; send it without quotes, as in \"capacity_kva\":12500")
        #expect(reason(["annual_kwh": .double(-1)]) == "facts.annual_kwh is -1.0, and can't be less than 0")
        #expect(reason(["critical_class": .int(3)]) == "facts.critical_class is no text; send it in quotes")
        #expect(reason(["account": .int(330), "capacity_kva": .int(0)]) == nil)
        #expect(reason(["critical_clas": .string("special")]) == "facts.critical_clas is no fact that rules can read; did you mean 'critical_class'?")
        #expect(reason(["critical_class": .string("special"), "loyalty": .int(3)]) == nil)
    }
}

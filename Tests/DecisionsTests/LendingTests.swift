import Domain
import Planning
import Rules
import Testing

@testable import Decisions

/// What lending has to do with the rest, derived the plain way.
extension DispatchState {
    func servesPlainly(_ crew: Crew) -> DistrictID? {
        guard let loan = crews[crew.id]?.loan, rules.site.districts[loan.to] != nil else { return crew.district }
        return loan.to
    }

    func mayDo(_ crew: Crew, _ wanted: WantedCrew) -> Bool {
        guard wanted.skills.allSatisfy(crew.skills.contains) else { return false }
        guard isBoundPlainly(wanted), let serves = servesPlainly(crew) else { return true }
        return serves == wanted.district
    }

    func isBoundPlainly(_ wanted: WantedCrew) -> Bool {
        rules.site.crews.values.contains { $0.district != nil && $0.district == wanted.district && wanted.skills.allSatisfy($0.skills.contains) }
    }

    fileprivate func loadPlainly(_ crew: Crew) -> Int { openTasks.count { $0.crew == crew.id && !$0.isDesk && $0.state.occupiesAssignee } }
    fileprivate func isOnDutyPlainly(_ crew: Crew) -> Bool { duty(of: crew, record: crews[crew.id], at: clock, in: rules.site.zone).isOn }
    fileprivate func isFreePlainly(_ crew: Crew) -> Bool { isOnDutyPlainly(crew) && loadPlainly(crew) < crew.capacity }

    func standingPlainly(_ district: DistrictID) -> DistrictStanding {
        var standing = DistrictStanding(district: district)
        for task in openTasks where task.place.district == district && !task.isDesk && ![.suspended, .completed].contains(task.state) {
            standing.open += 1
            if task.state == .queued { standing.waiting += 1 }
        }
        for crew in rules.site.crews.values {
            let serves = servesPlainly(crew)
            if crew.district == district, serves != district { standing.lent += 1 }
            guard serves == district else { continue }
            if crew.district != district { standing.borrowed += 1 }
            guard isOnDutyPlainly(crew) else { continue }
            standing.crews += 1
            standing.capacity += crew.capacity
            if isFreePlainly(crew) { standing.free += 1 }
        }
        return standing
    }

    /// Whether a district that is in need by a rule could be lent this crew.
    func couldHelp(_ crew: Crew, _ district: DistrictID, _ rule: LendingRule) -> Bool {
        guard isFreePlainly(crew), let home = crew.district, home != district, servesPlainly(crew) == home, rule.from(standingPlainly(home)) == .yes else {
            return false
        }
        let position = crews[crew.id]?.coordinate ?? crew.base
        func reaches(_ place: Coordinate, _ within: Int?) -> Bool { within.map { metres in position.map { $0.distanceMetres(to: place) <= metres } ?? false } ?? true }
        if let centre = rules.site.districts[district]?.centre, !reaches(centre, rule.within) { return false }
        let bound = openTasks.filter { $0.isWaiting && $0.wanted.district == district && isBoundPlainly($0.wanted) }
        guard !bound.isEmpty else { return standingPlainly(district).waiting == 0 }
        return bound.contains { task in
            guard let place = task.place.coordinate else { return false }
            return task.skills.allSatisfy(crew.skills.contains) && !task.declined.contains(crew.id) && reaches(place, task.within)
        }
    }
}

extension PropertyTests {
    /// What lending holds of a state where nothing is due.
    func lendingContradictions(_ state: DispatchState) -> [String] {
        var wrong: [String] = []
        for (slot, crew) in state.roster.crews.enumerated() where state.roster.serves[slot] != state.servesPlainly(crew) {
            wrong.append("\(crew.id) serves \(String(describing: state.roster.serves[slot]))")
        }
        for district in state.rules.site.districts.keys where state.standing(of: district) != state.standingPlainly(district) {
            wrong.append("\(state.standing(of: district)), not \(state.standingPlainly(district))")
        }
        guard state.roster.fresh.isEmpty, state.roster.touched.isEmpty, state.nextDue.map({ $0 > state.clock }) ?? true else { return wrong }
        for district in state.rules.site.districts.keys.sorted() {
            let standing = state.standingPlainly(district)
            for rule in state.rules.lending {
                let need = state.districts[district]?.needs.first { $0.rule == rule.name }
                let isInNeed = rule.when(standing) == .yes
                if (need != nil) != isInNeed { wrong.append("\(district) in need by \(rule.name): \(isInNeed)") }
                let borrowed = state.crews.values.filter { $0.loan?.to == district && $0.loan?.rule == rule.name }
                if borrowed.count > rule.most { wrong.append("\(district) has \(borrowed.count) by \(rule.name)") }
                func isIdle(_ record: CrewRecord) -> Bool {
                    guard let crew = state.rules.site.crews[record.id], let loan = record.loan, let lender = state.rules.lending.first(where: { $0.name == loan.rule })
                    else { return false }
                    return state.loadPlainly(crew) == 0 && state.clock >= loan.since + lender.stay
                }
                if let need, isInNeed, state.clock >= need.since + rule.span {
                    if borrowed.count < rule.most {
                        for crew in state.rules.site.crews.values where state.couldHelp(crew, district, rule) { wrong.append("\(crew.id) could help \(district) by \(rule.name)") }
                    }
                    for record in state.crews.values where state.rules.site.crews[record.id]?.district == district && isIdle(record) {
                        wrong.append("\(record.id) is away from \(district), which is in need")
                    }
                }
                let isOver = rule.hasClears ? rule.clears(standing) == .yes : !isInNeed
                if isOver, let record = borrowed.first(where: { isIdle($0) }) { wrong.append("\(record.id) is not needed in \(district)") }
            }
        }
        return wrong
    }

    func plainLendingDue(_ state: DispatchState) -> Instant? {
        if let due = state.lendingDue, due <= state.clock { return due }
        func rule(_ name: String) -> LendingRule? { state.rules.lending.first { $0.name == name } }
        let needs = state.districts.values.flatMap(\.needs).compactMap { need in rule(need.rule).map { need.since + $0.span } }
        let loans = state.crews.values.compactMap { $0.loan.flatMap { loan in rule(loan.rule).map { loan.since + $0.stay } } }
        return (needs + loans).filter { $0 > state.clock }.min()
    }
}

/// The life of a loan, told line by line. Lucheng's middle is at km 5, Ouhai's at km 20.
@Suite struct LendingTests {
    private static func town(_ lending: LendingRule...) -> Town {
        var town = Town(crews: [
            Town.crew("l1", km: 5, of: "lucheng"), Town.crew("o1", km: 20, of: "ouhai"), Town.crew("o2", km: 21, of: "ouhai"), Town.crew("o3", km: 30, of: "ouhai"),
        ])
        town.lending = lending
        return town
    }

    private static func help(
        _ name: String = "faults.help", when: String = "district.waiting > 0", span: TimeSpan = .zero, from: String = "district.free > 1",
        clears: String? = "district.waiting == 0 && district.free > 0", stay: TimeSpan = .minutes(30), most: Int = 3, within: Int? = nil
    ) throws -> LendingRule {
        try lendingRule(name, when: when, span: span, from: from, clears: clears, stay: stay, most: most, within: within)
    }

    @Test func ownCrewsGoFirstThenTheNearestWithRoomIsLentAndGoesHomeWhenTheNeedIsOver() throws {
        var life = Life(Self.town(try Self.help()), .nearest(ofDistrict: true))
        life.report(6, in: "lucheng")
        #expect(life.state.openTasks.map(\.crew) == [CrewID("l1")])
        _ = life.read()
        // O1 is the nearest of those that have room; two stay, and then one, which is not lent.
        life.report(7, in: "lucheng")
        #expect(
            life.read() == [
                "0 2 created", "0 2 queued", "0 0 crew_lent [o1]: ouhai has 3 of 3 crews free; lucheng has 2 open, 1 of them waiting, for 1 crew",
                "0 2 dispatched [o1]", "0 0 → o1 lent", "0 2 → o1 dispatched",
            ])
        life.report(7, in: "lucheng")
        life.report(7, in: "lucheng")
        #expect(life.state.openTasks.map(\.crew) == [CrewID("l1"), CrewID("o1"), CrewID("o2"), nil])
        #expect(life.state.standing(of: DistrictID("ouhai")).lent == 2)
        #expect(life.state.districts[DistrictID("lucheng")]?.needs.map(\.rule) == ["faults.help"])
        _ = life.read()
        // Who is done takes what waits; who is idle is needed no more, and goes home when it has stayed long enough.
        life.now = life.now + .minutes(10)
        life.say(.complete, 2, by: "o1")
        #expect(life.state.openTasks.last?.crew == CrewID("o1"))
        #expect(life.state.districts.isEmpty)
        life.say(.complete, 3, by: "o2")
        life.say(.complete, 4, by: "o1")
        #expect(life.state.crews[CrewID("o2")]?.loan?.since == Town.morning)
        _ = life.read()
        life.pass(minutes: 19)
        #expect(life.read() == [])
        life.pass(minutes: 1)
        #expect(
            life.read() == [
                "30 0 crew_returned [o1]: the need is over: 1 open, 0 waiting, 2 of 3 crews free", "30 0 crew_returned [o2]: the need is over: 1 open, 0 waiting, 1 of 2 crews free",
                "30 0 → o1 returned", "30 0 → o2 returned",
            ])
        #expect(life.state.standing(of: DistrictID("ouhai")).free == 3)
        // Its own district's work is its own again.
        life.report(21, in: "ouhai")
        #expect(life.state.openTasks.last?.crew == CrewID("o2"))
    }

    @Test func aNeedMustLastAndOneThatEndsBeforeLendsNobody() throws {
        var life = Life(Self.town(try Self.help(span: .minutes(10))), .nearest(ofDistrict: true))
        life.report(6, in: "lucheng")
        life.report(7, in: "lucheng")
        _ = life.read()
        life.pass(minutes: 9)
        #expect(life.read() == [])
        life.say(.complete, 1, by: "l1")
        _ = life.read()
        life.pass(minutes: 30)
        #expect(!life.read().contains { $0.contains("crew_lent") })
        life.report(7, in: "lucheng")
        life.now = life.now + .minutes(1)
        _ = life.read()
        life.pass(minutes: 10)
        #expect(life.read().contains { $0.hasPrefix("49 0 crew_lent [o1]") })
    }

    @Test func whoIsOffDutyGoesHomeAndWhoseDistrictIsInNeedIsCalledBackFirst() throws {
        var life = Life(Self.town(try Self.help(clears: "district.open == 0", stay: .minutes(5))), .nearest(ofDistrict: true))
        for _ in 0..<3 { life.report(6, in: "lucheng") }
        life.now = life.now + .minutes(6)
        life.say(.complete, 2, by: "o1")
        #expect(life.state.crews[CrewID("o1")]?.loan != nil, "lucheng is not clear yet")
        _ = life.read()
        // O3 takes the first, and o1 comes home for the second although lucheng is not clear.
        life.report(22, in: "ouhai")
        life.report(22, in: "ouhai")
        #expect(life.read().contains { $0.contains("crew_returned [o1]: ouhai is in need itself") })
        #expect(life.state.openTasks.last?.crew == CrewID("o1"))
        life.crew("o2", on: false)
        #expect(life.state.crews[CrewID("o2")]?.loan != nil, "it finishes what it has")
        life.say(.complete, 3, by: "o2")
        #expect(life.read().contains { $0.contains("crew_returned [o2]: off duty") })
    }

    @Test func whatAnybodyMayDoIsNotHelpedByLendingAndWhatNobodyCanIsNotEither() throws {
        var town = Self.town(try Self.help())
        town.crews = [Town.crew("l1", km: 5, of: "lucheng"), Town.crew("o1", km: 20, skills: ["cable"], of: "ouhai"), Town.crew("o2", km: 20, skills: ["cable"], of: "ouhai")]
        var life = Life(town, .nearest())
        life.report(6, in: "lucheng")
        life.report(6, in: "lucheng")
        #expect(!life.read().contains { $0.contains("crew_lent") }, "nobody has the skill")
        life.routing = [.nearest(["line"], ofDistrict: true)]
        life.report(6, in: "lucheng")
        #expect(!life.read().contains { $0.contains("crew_lent") }, "nobody has the skill")
        // A district without any crew for it is everybody's.
        life.routing = [.nearest(["cable"], ofDistrict: true)]
        life.report(6, in: "lucheng")
        #expect(life.state.openTasks.last?.crew == CrewID("o1"))
        life.report(6)
        #expect(life.state.openTasks.last?.crew == CrewID("o2"), "nobody knows the district")
    }

    @Test func aCrewIsLentAheadOfWorkAndNoFartherThanTheRuleSays() throws {
        let ahead = try Self.help(when: "district.open >= 1 && district.crews < 3", from: "district.name == \"ouhai\"", clears: "district.open == 0", most: 2, within: 16_000)
        var life = Life(Self.town(ahead), .nearest(ofDistrict: true))
        life.report(6, in: "lucheng")
        #expect(life.state.crews.values.compactMap { $0.loan?.to }.count == 2)
        #expect(life.state.crews[CrewID("o3")]?.loan == nil, "too far")
        #expect(life.state.standing(of: DistrictID("lucheng")) == DistrictStanding(district: DistrictID("lucheng"), open: 1, waiting: 0, crews: 3, free: 2, capacity: 3, lent: 0, borrowed: 2))
    }

    @Test func peopleLendAndCallHome() throws {
        var life = Life(Self.town(), .nearest(ofDistrict: true))
        func serve(_ crew: String, _ word: String) -> Receipt { life.input(.crew(CrewSignal(crew: CrewID(crew), serves: word)), source: "socket").receipt! }
        #expect(serve("o1", "lucheng").status == .accepted)
        #expect(life.read() == ["0 0 crew_lent by socket [o1]: by hand, until it is called home", "0 0 → o1 lent"])
        #expect(serve("o1", "lucheng").remarks == ["o1 is lent to lucheng already: nothing changed"])
        life.report(6, in: "lucheng")
        life.report(6, in: "lucheng")
        #expect(life.state.openTasks.map(\.crew) == [CrewID("l1"), CrewID("o1")])
        life.say(.complete, 2, by: "o1")
        life.pass(minutes: 600)
        #expect(life.state.crews[CrewID("o1")]?.loan != nil)
        #expect(serve("o1", "home").status == .accepted)
        #expect(life.state.crews[CrewID("o1")]?.loan == nil)
        #expect(serve("o1", "ouhai").remarks == ["o1 serves its own district, ouhai, already: nothing changed"])
        #expect(serve("o1", "luchen").reason == "there is no district 'luchen'; did you mean 'lucheng'? (site.yaml, districts:)")
        var everywhere = Life(Town(crews: [Town.crew("a", km: 1)]), .nearest())
        let refused = everywhere.input(.crew(CrewSignal(crew: CrewID("a"), serves: "lucheng"))).receipt!
        #expect(refused.reason == "crew 'a' has no district of its own and serves them all: it can't be lent (site.yaml, crews: district:)")
    }

    @Test func aRestartKeepsWhoIsLentAndSinceWhenADistrictIsInNeed() throws {
        var life = Life(Self.town(try Self.help(span: .minutes(10), stay: .minutes(20))), .nearest(ofDistrict: true))
        for _ in 0..<2 { life.report(6, in: "lucheng") }
        life.pass(minutes: 4)
        func restart() {
            let state = life.state
            life.state = DispatchState(
                tasks: state.openTasks, crews: Array(state.crews.values), lastTask: state.lastTask, districts: Array(state.districts.values), rules: life.rules, at: life.now)
        }
        restart()
        _ = life.read()
        life.pass(minutes: 6)
        #expect(life.read().contains { $0.hasPrefix("10 0 crew_lent [o1]") })
        restart()
        life.say(.complete, 1, by: "l1")
        life.say(.complete, 2, by: "o1")
        _ = life.read()
        life.pass(minutes: 20)
        #expect(life.read().contains { $0.hasPrefix("30 0 crew_returned [o1]") })
    }

    @Test func aRuleThatIsGoneKeepsNobody() throws {
        let town = Self.town(try Self.help())
        var life = Life(town, .nearest(ofDistrict: true))
        for _ in 0..<2 { life.report(6, in: "lucheng") }
        var without = Self.town()
        without.hash = "without"
        life.rules = without.rules
        life.decide(.rules("without"))
        #expect(life.state.crews[CrewID("o1")]?.loan != nil, "it finishes what it has")
        _ = life.read()
        life.say(.complete, 2, by: "o1")
        #expect(life.read().contains { $0.contains("crew_returned [o1]: the rule that lent it is gone") })
    }

    @Test func aConditionThatFailsLendsNobodyAndIsNamedOnce() throws {
        var life = Life(Self.town(try Self.help(when: "10 / district.borrowed > 1")), .nearest(ofDistrict: true))
        for _ in 0..<3 { life.report(6, in: "lucheng") }
        let remarks = life.decisions.flatMap(\.remarks).filter { $0.kind == .condition_failed }
        #expect(remarks.count == 1)
        #expect(remarks.first?.rule == "faults.help")
    }
}

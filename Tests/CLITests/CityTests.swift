import Foundation
import Testing

@testable import City
import Decisions
import Domain
import Rules

@Suite("The made-up city")
struct CityTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("the dice are SplitMix64: the published numbers for the seed 1234567")
    func dice() {
        var dice = SplitMix64(seed: 1_234_567)
        let thrown = (0..<5).map { _ in dice.next() }
        #expect(thrown == [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423, 4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ])
    }

    @Test("throws stay within their range and reach both ends")
    func ranges() {
        var dice = SplitMix64(seed: 7)
        let wholes = Set((0..<400).map { _ in dice.whole(-2...3) })
        #expect(wholes == Set(-2...3))
        #expect((0..<400).allSatisfy { _ in (5.0...6.0).contains(dice.real(5...6)) })
        let picked = Set((0..<400).map { _ in dice.one(of: ["a", "b", "c"], by: { $0 == "b" ? 0 : 3 }) })
        #expect(picked == ["a", "c"])
    }

    @Test("what is built in is what ships", arguments: ShippedRules.allCases)
    func shipped(module: ShippedRules) throws {
        let file = Self.root.appendingPathComponent("rules/\(module.rawValue).yaml")
        #expect(ShippedRules.text(module) == String(decoding: try Data(contentsOf: file), as: UTF8.self))
    }

    /// The one that there is: an inquiry that no rule takes is a part of the demo.
    @Test("the city's rules compile without an error or a warning", arguments: [1, 2, 99])
    func compiles(seed: UInt64) throws {
        let source = try MadeUpCity(seed: seed).ruleSource()
        let compilation = RuleCompiler.compile(source, zone: { $0 == "Asia/Shanghai" ? .shanghai : nil })
        #expect(compilation.diagnostics.isEmpty, "\(source.human(compilation.diagnostics))")
        let set = try #require(compilation.set)
        #expect(set.site.crews.count == MadeUpCity(seed: seed).crews.count)
        #expect(set.site.districts.count == 8)
        #expect(!set.site.network.transformers.isEmpty)
    }

    @Test("a site without the section that the city replaces is told so")
    func noSection() throws {
        #expect(throws: CityFault.self) { try MadeUpCity.replacing("crews", by: ["crews:"], in: "module: site\n") }
        let text = "a: 1\ncrews:\n  x: 1\n\n  # inner\n# of the next\nnext: 2\n"
        #expect(try MadeUpCity.replacing("crews", by: ["crews: none"], in: text) == "a: 1\ncrews: none\n\n# of the next\nnext: 2\n")
    }

    private func day(_ seed: UInt64) -> CityDay {
        CityDay(city: MadeUpCity(seed: seed), midnight: Instant(milliseconds: 1_784_044_800_000), zone: .shanghai)
    }

    @Test("the same seed is the same day, another seed another")
    func deterministic() {
        #expect(day(5).utterances.map(\.json) == day(5).utterances.map(\.json))
        #expect(day(5).utterances.map(\.json) != day(6).utterances.map(\.json))
    }

    @Test("a day has some hundreds of reports in order of time, repetitions, and one that cannot be right")
    func aDay() throws {
        let day = day(1)
        #expect(day.reports.count > 250 && day.reports.count < 600)
        #expect(Set(day.reports).count == day.reports.count)
        #expect(zip(day.utterances, day.utterances.dropFirst()).allSatisfy { $0.at <= $1.at })
        #expect(day.utterances.count { $0.kind == .resend } > 3)
        #expect(day.utterances.count { $0.kind == .hopeless } == 1)
        var ids: [String: ContentDigest] = [:]
        for utterance in day.utterances {
            if utterance.kind == .hopeless {
                #expect(throws: InputFault.self) { try InputCodec.decode(utterance.json, defaultSource: SourceID("x")) }
                continue
            }
            let input = try InputCodec.decode(utterance.json, defaultSource: SourceID("x"))
            #expect(input.key.id == utterance.id)
            if utterance.kind == .resend { #expect(ids[input.key.id] == input.digest) }
            ids[input.key.id] = input.digest
        }
    }
}

@Suite("The world of crews")
struct WorldTests {
    private let base = Coordinate(latitude: 28, longitude: 120.6)!
    private let site = Coordinate(latitude: 28.05, longitude: 120.6)!
    private let crew = CrewID("c0000")
    private let start = Instant(milliseconds: 1_784_044_800_000)

    private func task(_ number: Int32) -> WorkTask {
        var task = WorkTask(
            id: TaskID(day: 20_260_715, number: number), revision: 1, reports: ["r\(number)"], source: SourceID("x"), type: "fault",
            category: "no_power", task: "repair", rule: "faults.x", state: .dispatched, priority: .normal, department: DepartmentID("operations"),
            isDesk: false, skills: [], within: nil, place: TaskPlace(coordinate: site, origin: .report), customer: nil, customersOut: 1,
            reportedAt: start, createdAt: start, limits: [], escalate: nil)
        task.crew = crew
        return task
    }

    private func notice(_ event: Notice.Event, _ number: Int32, at: Instant) -> Notice {
        Notice(id: "n", task: TaskID(day: 20_260_715, number: number), event: event, to: crew.rawValue, channel: nil, at: at)
    }

    private func world(_ behaviour: Behaviour) -> World { World(seed: 3, behaviour: behaviour, zone: .utc, crews: [(crew, base)]) }

    /// Lives to the end of what is to come; what was said, with the minutes since the start.
    private func rest(of world: inout World) -> [(kind: Utterance.Kind, minutes: Double)] {
        var said: [(kind: Utterance.Kind, minutes: Double)] = []
        while let next = world.nextAt {
            said += world.take(until: next).map { ($0.kind, Double(($0.at - start).milliseconds) / 60_000) }
        }
        return said
    }

    @Test("in the storm's world a crew arrives after the drive of the baselines and is done an hour later")
    func storm() {
        var world = world(.storm)
        world.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        let said = rest(of: &world)
        #expect(said.map(\.kind) == [.position, .progress(.onsite), .progress(.complete)])
        // storm_policies.py: great circle on 6371 km, times 1.3, at 50 km/h.
        let minutes = 0.05 * Double.pi / 180 * 6371 * 1.3 / 50 * 60
        #expect(abs(said[1].minutes - minutes) < 0.001)
        #expect(abs(said[2].minutes - minutes - 60) < 0.001)
    }

    @Test("everyday crews say each step in its order, and where they are on the way")
    func everyday() {
        var behaviour = Behaviour.everyday
        (behaviour.rejects, behaviour.silent, behaviour.confirms) = (0, 0, 1)
        var world = world(behaviour)
        world.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        let kinds = rest(of: &world).map(\.kind)
        let steps = kinds.filter { $0 != .position }
        #expect(steps == [.progress(.accept), .progress(.enroute), .progress(.onsite), .progress(.complete), .progress(.close)])
        #expect(kinds.count { $0 == .position } >= 2)
    }

    @Test("a task that is taken away is not touched again")
    func withdrawn() {
        var behaviour = Behaviour.everyday
        (behaviour.rejects, behaviour.silent) = (0, 0)
        var world = world(behaviour)
        world.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        let later = start + .minutes(6)
        _ = world.take(until: later)
        world.hear(notice(.withdrawn, 1, at: later), task: task(1), at: later)
        #expect(rest(of: &world).isEmpty)
    }

    @Test("a silent crew says nothing; one that rejects says so once")
    func silentAndRejecting() {
        var behaviour = Behaviour.everyday
        behaviour.silent = 1
        var silent = world(behaviour)
        silent.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        #expect(rest(of: &silent).isEmpty)
        (behaviour.silent, behaviour.rejects) = (0, 1)
        var rejecting = world(behaviour)
        rejecting.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        #expect(rest(of: &rejecting).map(\.kind) == [.progress(.reject)])
    }

    @Test("two tasks are done one after the other")
    func twoTasks() {
        var world = world(.storm)
        world.hear(notice(.dispatched, 1, at: start), task: task(1), at: start)
        world.hear(notice(.dispatched, 2, at: start), task: task(2), at: start)
        let said = rest(of: &world).filter { $0.kind == .progress(.onsite) }
        #expect(said.count == 2)
        // The second stands at the same place: no drive, but only when the first is done.
        #expect(abs(said[1].minutes - said[0].minutes - 60) < 0.001)
    }
}

@Suite("A storm's data")
struct StormDataTests {
    @Test("a CSV by the names of its header, sorted by time, at least one customer each")
    func csv() throws {
        let text = "lat,outage_id,\"started_at\",lon,city,customers\r\n38.5,2,2020-02-09T10:00:00Z,-122.5,\"Town, A\",0\r\n38,1,2020-02-09T09:00:00Z,-122,B,17\n"
        let data = try StormData(csv: Array(text.utf8), name: "s.csv")
        #expect(data.outages.map(\.id) == ["1", "2"])
        #expect(data.outages.map(\.customers) == [17, 1])
        #expect(data.outages[1].place == Coordinate(latitude: 38.5, longitude: -122.5))
    }

    @Test(
        "what is wrong is named with its line",
        arguments: [
            ("", "s.csv: the file is empty"), ("a,b\n", "s.csv:1: no column 'outage_id'"),
            ("outage_id,started_at,lat,lon,customers\n1,2020-02-30T00:00:00Z,1,1,1\n", "s.csv:2: started_at"),
            ("outage_id,started_at,lat,lon,customers\n1,2020-02-03T00:00:00Z,91,1,1\n", "s.csv:2: lat and lon"),
            ("outage_id,started_at,lat,lon,customers\n1,2020-02-03T00:00:00Z,1\n", "s.csv:2: 3 cells"),
            ("outage_id,started_at,lat,lon,customers\n", "s.csv: no outages"),
        ])
    func bad(text: String, message: String) {
        let fault = #expect(throws: CityFault.self) { try StormData(csv: Array(text.utf8), name: "s.csv") }
        #expect(fault?.description.hasPrefix(message) ?? false, "\(fault?.description ?? "")")
    }

    @Test("a roster from JSON, and one drawn from the outages without taking a place twice")
    func rosters() throws {
        let json = #"[{"crew":"c0000","lat":38.1,"lon":-122.3},{"crew":"c0001","lat":39,"lon":-121}]"#
        #expect(try StormData.roster(json: Array(json.utf8), name: "r").map(\.crew.rawValue) == ["c0000", "c0001"])
        for bad in ["{}", "[]", #"[{"crew":"a","lat":99,"lon":1}]"#, #"[{"crew":"a","lat":9,"lon":1},{"crew":"a","lat":9,"lon":1}]"#, "["] {
            #expect(throws: CityFault.self) { try StormData.roster(json: Array(bad.utf8), name: "r") }
        }
        let rows = (0..<50).map { "\($0),2020-02-09T10:00:00Z,\(30 + Double($0) / 10),-122,1" }.joined(separator: "\n")
        let data = try StormData(csv: Array(("outage_id,started_at,lat,lon,customers\n" + rows).utf8), name: "s")
        let drawn = data.roster(crews: 50, seed: 4)
        #expect(Set(drawn.map(\.base)).count == 50)
        #expect(drawn == data.roster(crews: 50, seed: 4))
        #expect(drawn != data.roster(crews: 50, seed: 5))
        #expect(data.roster(crews: 70, seed: 4).count == 70)
    }

    @Test("middle and tail of a list, as numpy's percentile has them")
    func spread() {
        let spread = Spread([10, 20, 30, 40].map { TimeSpan(milliseconds: $0) })
        #expect(spread.percentile(50).milliseconds == 25)
        #expect(spread.percentile(0).milliseconds == 10)
        #expect(spread.percentile(100).milliseconds == 40)
        // numpy: percentile([10, 20, 30, 40], 95) = 38.5
        #expect(spread.percentile(95).milliseconds == 39 || spread.percentile(95).milliseconds == 38)
        #expect(spread.mean.milliseconds == 25)
        #expect(Spread([TimeSpan]()).percentile(50) == .zero)
    }
}

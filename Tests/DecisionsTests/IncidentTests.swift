import Domain
import Rules
import Testing

@testable import Decisions

/// Many calls, one fault: through `decide`, with rules as an operator writes them.
@Suite struct IncidentTests {
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, complaint]
          category:
            no_power: { zh: 停电, en: No power }
            flicker: { zh: 闪变, en: Flicker }
            line_down: { zh: 断线, en: Line down, hazard: true }
          payment: [good, arrears]
          critical_class: [class_1]
          skill: [line]
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          service: { name: 客服, head: u-501 }
        crews:
          a: { department: operations, base: { lat: 28.0, lon: 120.0 }, skills: [line], capacity: 9 }
          b: { department: operations, base: { lat: 28.1, lon: 120.0 }, skills: [line], capacity: 9 }
        network: network.csv
        close_after: 12 h
        channels:
          customer: { command: [/usr/bin/true] }
          crew_app: { command: [/usr/bin/true] }
        default_channel: crew_app
        """

    static let network = """
        transformer,feeder,district,lat,lon,customers
        TR-1,F-1,,28.00,120.00,100
        TR-2,F-1,,28.01,120.00,50
        TR-3,F-2,,28.05,120.00,30

        """

    static let faults = """
        module: faults
        takes: report.type == "fault"
        merge:
          - name: same-area
            same: [report.transformer]
            window: 4 h
          - name: nearby
            when: report.category == "flicker"
            near: 500 m
            window: 30 min
        answers:
          owes:
            zh: 欠费停电。
            en: The bill is not paid.
        route:
          - name: known
            when: planned_outage(report.feeder, report.reported_at) || planned_outage(report.transformer, report.reported_at)
            answer: known_outage
          - name: owes
            when: customer.payment == "arrears"
            answer: owes
          - name: critical
            when: customer.critical_class == "class_1"
            task: repair
            priority: emergency
            assign: { nearest: crew, skills: [line] }
            limits: { accept: 3 min, arrive: 30 min }
          - name: rest
            task: repair
            assign: { nearest: crew, skills: [line] }
            limits: { accept: 3 min, arrive: 90 min, restore: 3 h }
        """

    static let rules: RuleSet = {
        let source = RuleSource(files: [("site.yaml", site), ("network.csv", network), ("faults.yaml", faults)].map { .init(name: $0.0, bytes: Array($0.1.utf8)) })
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        guard let set = compilation.set else { preconditionFailure("\(compilation.diagnostics.map(\.message))") }
        return set
    }()

    /// The state, and what the store would have of calls.
    struct Desk {
        var state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: IncidentTests.rules, at: Town.morning)
        var now = Town.morning
        var sent = 0
        var decisions: [Decision] = []
        var callers: [TaskID: [CallerRecord]] = [:]
        var told: [(CallHolder, [String])] = []
        var answered: [OutageID: [CallerRecord]] = [:]

        mutating func decide(_ stimulus: Stimulus) -> Decision {
            let decision = Decisions.decide(&state, rules: IncidentTests.rules, stimulus: stimulus, at: now)
            decisions.append(decision)
            for case .calls(let calls) in decision.changes {
                switch calls {
                case .add(.task(let id), let added): callers[id, default: []] += added
                case .add(.outage(let id), let added): answered[id, default: []] += added
                case .move(let from, let to): callers[to, default: []] += callers.removeValue(forKey: from) ?? []
                case .split(let from, let to, let first, let others):
                    callers[to] = callers[from]?.filter { others.contains($0.key) }
                    callers[from]?.removeAll { $0.key == first || others.contains($0.key) }
                case .tell(let holder, _):
                    let list: [CallerRecord] =
                        switch holder {
                        case .task(let id): callers[id] ?? []
                        case .outage(let id): answered[id] ?? []
                        }
                    told.append((holder, list.map { $0.customer?.rawValue ?? $0.report }))
                }
            }
            return decision
        }

        mutating func input(_ body: InputBody, id: String? = nil, source: String = "95598", _ findings: Findings = Findings()) -> Receipt {
            sent += 1
            let input = Input(key: InputKey(source: SourceID(source), id: id ?? "r-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
            return decide(.input(input, findings)).receipt!
        }

        mutating func call(
            _ transformer: String? = "TR-1", _ category: String = "no_power", customer: String? = nil, facts: [String: FieldValue]? = nil, at reported: Instant? = nil,
            place: Coordinate? = nil, feeder: String? = nil
        ) -> Receipt {
            var report = Report(type: "fault", category: category, reportedAt: reported, customer: customer.map { CustomerID($0) }, place: Place(coordinate: place))
            report.transformer = transformer.map { TransformerID($0) }
            report.feeder = feeder.map { FeederID($0) }
            return input(.report(report), Findings(customer: facts.map { CustomerFacts(customer: CustomerID(customer ?? "c"), facts: $0) }))
        }

        mutating func say(_ event: ProgressEvent, _ task: TaskID, by: String = "zhang", to: String? = nil, reports: [String] = []) -> Receipt {
            var progress = Progress(task: task, event: event, by: by, to: to)
            progress.reports = reports
            var findings = Findings()
            findings.callers = callers[task] ?? []
            return input(.progress(progress), source: "cli", findings)
        }

        mutating func pass(_ minutes: Int64) {
            let target = now + .minutes(minutes)
            while let due = state.nextDue, due <= target {
                now = max(now, due)
                _ = decide(.tick)
            }
            now = target
        }

        var last: Decision { decisions[decisions.count - 1] }
    }

    // MARK: Joining

    /// What an incident is, and when the next call was made: the call joins it, or it begins another.
    @Test(arguments: [
        (TaskState.queued, false, true), (.dispatched, false, true), (.accepted, false, true), (.enroute, false, true), (.onsite, false, true),
        (.suspended, false, true), (.completed, false, false), (.completed, true, true), (.closed, false, false), (.closed, true, false),
        (.cancelled, false, false),
    ])
    func `A call joins what is open, and after the end only what was said before it`(state: TaskState, saidBefore: Bool, joins: Bool) throws {
        var desk = Desk()
        if state == .queued {
            for crew in ["a", "b"] { _ = desk.input(.crew(CrewSignal(crew: CrewID(crew), onDuty: false))) }
        }
        let first = try #require(desk.call().tasks.first)
        let before = desk.now + .minutes(1)
        desk.pass(2)
        switch state {
        case .accepted: _ = desk.say(.accept, first)
        case .enroute: _ = desk.say(.enroute, first)
        case .onsite: _ = desk.say(.onsite, first)
        case .suspended: _ = desk.say(.suspend, first)
        case .completed: _ = desk.say(.complete, first)
        case .closed: _ = desk.say(.close, first)
        case .cancelled: _ = desk.say(.cancel, first)
        case .queued, .dispatched, .merged: break
        }
        #expect(desk.state.task(first)?.state ?? state == state)
        desk.now = desk.now + .minutes(2)
        let receipt = desk.call(customer: "330", at: saidBefore ? before : nil)
        #expect(receipt.status == .accepted && receipt.tasks.count == 1)
        #expect((receipt.tasks.first == first) == joins)
        #expect((receipt.rule == "faults.same-area") == joins && (receipt.answer != nil) == joins)
        guard joins else { return }
        #expect(desk.state.task(first)?.callers == 2 && desk.callers[first]?.map(\.customer) == [CustomerID("330")])
        // Of what is over its caller is told at once.
        #expect(desk.last.notices.map(\.event) == (state == .completed ? [.restored] : []))
    }

    @Test func `The window is from the last call, and one that names nothing joins nothing`() throws {
        var desk = Desk()
        let first = try #require(desk.call().tasks.first)
        _ = desk.say(.onsite, first)
        for _ in 0..<3 {
            desk.pass(239)
            #expect(desk.call().tasks == [first])
        }
        desk.pass(241)
        let second = try #require(desk.call().tasks.first)
        #expect(second != first)
        // The older of two that are open has it while its window lasts; then the younger.
        desk.pass(1)
        #expect(desk.call().tasks == [second])
        let own = desk.call(nil, place: Coordinate(latitude: 28, longitude: 120))
        #expect(own.tasks != [second] && own.rule == "faults.rest")
        #expect(desk.call("TR-2").tasks != [second])
    }

    @Test func `A hazard is never merged away, not by hand either`() throws {
        var desk = Desk()
        let first = try #require(desk.call("TR-1", "line_down").tasks.first)
        let second = try #require(desk.call("TR-1", "line_down").tasks.first)
        let plain = try #require(desk.call("TR-1").tasks.first)
        #expect(Set([first, second, plain]).count == 3, "and nothing joins it")
        for (one, other) in [(first, plain), (plain, first)] {
            let receipt = desk.say(.merge, one, to: other.description)
            #expect(receipt.status == .rejected && receipt.reason?.contains("never merged away") ?? false, "\(receipt)")
        }
        #expect([first, second, plain].allSatisfy { desk.state.task($0)?.callers == 1 })
    }

    @Test func `It stands for the most urgent of its callers, and for the customers of all areas`() throws {
        var desk = Desk()
        let first = try #require(desk.call("TR-1").tasks.first)
        _ = desk.say(.accept, first, by: "a")
        let task = try #require(desk.state.task(first))
        #expect(task.customersOut == 100 && task.priority == .normal)
        desk.pass(10)
        let receipt = desk.call("TR-1", customer: "h", facts: ["critical_class": .string("class_1")])
        #expect(receipt.tasks == [first])
        let raised = try #require(desk.state.task(first))
        #expect(raised.priority == .emergency)
        #expect(raised.clock(.arrive)?.due == desk.now + .minutes(30), "half an hour from the second call is before an hour and a half from the first")
        #expect(raised.clock(.accept) == task.clock(.accept), "whoever was asked is asked no more quickly")
        #expect(desk.last.history.map(\.event) == [.joined, .priority_changed])
        // A later one that is less urgent changes nothing of that.
        _ = desk.call("TR-1")
        #expect(desk.state.task(first)?.priority == .emergency && desk.state.task(first)?.clock(.arrive) == raised.clock(.arrive))
        // By hand, with another area.
        let other = try #require(desk.call("TR-3").tasks.first)
        #expect(desk.say(.merge, other, to: first.description).status == .accepted)
        let both = try #require(desk.state.task(first))
        #expect(both.customersOut == 130 && both.areas == [TransformerID("TR-3")] && both.callers == 4)
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `What is near is found as if every incident were measured`(seed: UInt64) throws {
        var dice = IncidentDice(seed: seed)
        var desk = Desk()
        var open: [(id: TaskID, place: Coordinate, last: Instant)] = []
        var joined = 0
        for step in 0..<400 {
            desk.now = desk.now + .minutes(Int64(dice.below(3)))
            // Around a place where the degrees of longitude are short, and over the meridian where they jump.
            let place = try #require(
                Coordinate(latitude: 69 + Double(dice.below(2_000)) / 100_000, longitude: 179.98 + Double(dice.below(1_900)) / 100_000))
            let near = open.filter { desk.now - $0.last <= .minutes(30) && $0.place.distanceMetres(to: place) <= 500 }
            let expected = near.min { ($0.place.distanceMetres(to: place), $0.id) < ($1.place.distanceMetres(to: place), $1.id) }
            let receipt = desk.call(nil, "flicker", place: place)
            let id = try #require(receipt.tasks.first)
            if let expected {
                joined += 1
                #expect(id == expected.id, "seed \(seed), step \(step)")
                for index in open.indices where open[index].id == id { open[index].last = desk.now }
            } else {
                #expect(receipt.rule == "faults.rest", "seed \(seed), step \(step)")
                open.append((id, place, desk.now))
            }
            if dice.below(10) == 0, let gone = open.indices.randomElement(using: &dice) {
                _ = desk.say(.complete, open[gone].id)
                open.remove(at: gone)
            }
            // What is derived again of the rows joins the same.
            if step % 50 == 49 { desk.state.adopt(Self.rules, at: desk.now) }
        }
        #expect(joined > 50)
    }

    @Test func `Each caller is told when it is done, once`() throws {
        var desk = Desk()
        let first = try #require(desk.call(customer: "330").tasks.first)
        for customer in ["331", "332", nil] as [String?] { #expect(desk.call(customer: customer).tasks == [first]) }
        #expect(desk.told.isEmpty)
        _ = desk.say(.complete, first, by: "a")
        #expect(desk.last.notices.filter { $0.event == .restored }.map(\.to) == ["330"], "the first, from its row")
        #expect(desk.last.notices.first { $0.event == .restored }?.text?.english.contains(first.description) ?? false)
        #expect(desk.told.map(\.1) == [["331", "332", "r-4"]])
        #expect(desk.last.history.contains { $0.event == .callers_told && $0.note == "4 callers" })
        _ = desk.say(.close, first)
        #expect(desk.told.count == 1)
    }

    // MARK: By hand

    @Test func `Two tasks become one, whose crew stays and whose callers are all there`() throws {
        var desk = Desk()
        let first = try #require(desk.call("TR-1", customer: "1").tasks.first)
        let second = try #require(desk.call("TR-2", customer: "2").tasks.first)
        _ = desk.call("TR-2", customer: "3")
        let crew = try #require(desk.state.task(second)?.crew)
        let receipt = desk.say(.merge, second, to: first.description)
        #expect(receipt.status == .accepted && receipt.tasks == [second])
        #expect(desk.last.notices.contains { $0.event == .withdrawn && $0.to == crew.rawValue && $0.task == second })
        #expect(desk.state.task(second) == nil)
        let merged = desk.last.changes.compactMap { change -> WorkTask? in
            if case .task(_, let row) = change, row.id == second { return row }
            return nil
        }.last
        #expect(merged?.state == .merged && merged?.mergedInto == first)
        let task = try #require(desk.state.task(first))
        #expect(task.callers == 3 && task.customersOut == 150)
        #expect(desk.callers[first]?.compactMap(\.customer?.rawValue) == ["2", "3"])
        #expect(desk.call("TR-2").tasks == [first], "a call from there joins what stands for both")
        for (target, words) in [(second.description, "no open task"), (first.description, "into itself"), ("T-20261122-99", "no open task")] {
            let refused = desk.say(.merge, first, to: target)
            #expect(refused.status == .rejected && refused.reason?.contains(words) ?? false, "\(target): \(refused.reason ?? "")")
        }
        let again = desk.say(.merge, second, to: first.description)
        #expect(again.status == .rejected && again.reason?.contains("no task") ?? false)
    }

    @Test func `Callers who have another fault get a task of their own`() throws {
        var desk = Desk()
        let first = try #require(desk.call("TR-1").tasks.first)
        for _ in 0..<3 { _ = desk.call("TR-1") }
        _ = desk.say(.accept, first, by: "a")
        let receipt = desk.say(.split, first, reports: ["r-2", "r-4"])
        #expect(receipt.status == .accepted && receipt.tasks.count == 2)
        let second = try #require(receipt.tasks.last)
        let (old, new) = (try #require(desk.state.task(first)), try #require(desk.state.task(second)))
        #expect(old.callers == 2 && old.reports == ["r-1", "r-3"] && old.state == .accepted)
        #expect(new.callers == 2 && new.reports == ["r-2", "r-4"] && new.state == .dispatched && new.limits.map(\.name) == old.limits.map(\.name))
        #expect(desk.callers[first]?.map(\.report) == ["r-3"] && desk.callers[second]?.map(\.report) == ["r-4"])
        for (reports, words) in [(["r-1"], "began with"), (["r-9"], "no caller"), (["r-2"], "no caller"), ([], "needs 'reports'")] {
            let refused = desk.say(.split, first, reports: reports)
            #expect(refused.status == .rejected && refused.reason?.contains(words) ?? false, "\(reports): \(refused.reason ?? "")")
        }
        _ = desk.say(.complete, second, by: "zhang")
        #expect(desk.told.map(\.1) == [["r-4"]])
        // Only a duty engineer decides it.
        #expect(desk.say(.split, first, by: "a", reports: ["r-3"]).status == .rejected)
        #expect(desk.say(.merge, first, by: "a", to: second.description).status == .rejected)
    }

    @Test func `What can't be committed is taken back exactly`() throws {
        var desk = Desk()
        let first = try #require(desk.call("TR-1").tasks.first)
        let second = try #require(desk.call("TR-2").tasks.first)
        _ = desk.call("TR-2")
        let steps: [(inout Desk) -> Void] = [
            { _ = $0.call("TR-1") }, { _ = $0.say(.merge, second, to: first.description) },
            { _ = $0.input(.outage(OutageSignal(outage: OutageID("o"), feeder: FeederID("F-2"), from: $0.now, until: $0.now + .hours(2)))) },
            { _ = $0.call("TR-3") }, { _ = $0.input(.outage(OutageSignal(outage: OutageID("o"), event: .cancelled))) },
        ]
        for (number, step) in steps.enumerated() {
            let before = desk.state
            step(&desk)
            #expect(desk.last.receipt?.status == .accepted, "step \(number)")
            var reverted = desk.state
            for change in desk.last.changes.reversed() { reverted.revert(change) }
            #expect(reverted.openTasks == before.openTasks && reverted.outages == before.outages && reverted.outageBook == before.outageBook, "step \(number)")
            #expect(reverted.nextDue == before.nextDue, "step \(number)")
            // It joins as it did before.
            for area in ["TR-1", "TR-2"] {
                var (a, b) = (desk, desk)
                a.state = before
                b.state = reverted
                #expect(a.call(area).tasks == b.call(area).tasks, "step \(number), \(area)")
            }
        }
    }

    // MARK: Known outages, and other answers

    @Test func `A known outage answers who calls from there, while it lasts`() throws {
        var desk = Desk()
        let (from, until) = (desk.now + .hours(1), desk.now + .hours(3))
        let planned = OutageSignal(outage: OutageID("o-7"), feeder: FeederID("F-1"), from: from, until: until, reason: "检修")
        #expect(desk.input(.outage(planned)).status == .accepted)
        #expect(desk.last.history.map(\.event) == [.outage_planned] && desk.last.history.first?.subject == .outage(OutageID("o-7")))
        #expect(desk.state.outages[OutageID("o-7")]?.customersOut == 150, "by the register")
        #expect(desk.call("TR-2").tasks.count == 1, "not yet")
        desk.pass(60)
        let receipt = desk.call("TR-1", customer: "330")
        #expect(receipt.status == .accepted && receipt.tasks.isEmpty && receipt.rule == "faults.known")
        #expect(receipt.answer?.chinese.contains("检修") ?? false)
        #expect(receipt.answer?.english.contains("11:00") ?? false, "\(receipt.answer?.english ?? "")")
        #expect(desk.last.history.map(\.event) == [.answered] && desk.last.history.first?.report == desk.last.receipt?.id)
        #expect(desk.state.outages[OutageID("o-7")]?.callers == 1)
        #expect(desk.call("TR-3").tasks.count == 1, "another feeder")
        #expect(desk.input(.outage(planned)).remarks.contains { $0.contains("nothing changed") })
        // It is over by itself, and who was told of it is told that it is.
        desk.pass(120)
        #expect(desk.state.outages.isEmpty && desk.told.map(\.1) == [["330"]])
        #expect(desk.decisions.contains { $0.history.contains { $0.event == .outage_ended } })
        #expect(desk.call("TR-1").tasks.count == 1)
    }

    @Test func `It is prolonged, cut short, called off; what is wrong is refused`() throws {
        var desk = Desk()
        func signal(_ event: OutageEvent = .planned, _ hours: (Int64, Int64)? = (0, 2), name: String? = "o-1", feeder: String? = "F-1", transformer: String? = nil) -> OutageSignal {
            OutageSignal(
                outage: name.map { OutageID($0) }, event: event, feeder: feeder.map { FeederID($0) }, transformer: transformer.map { TransformerID($0) },
                from: hours.map { Town.morning + .hours($0.0) }, until: hours.map { Town.morning + .hours($0.1) })
        }
        _ = desk.input(.outage(signal()))
        _ = desk.input(.outage(signal(.planned, (0, 5))))
        #expect(desk.last.history.map(\.event) == [.outage_changed])
        desk.pass(180)
        #expect(desk.call("TR-1").answer != nil, "prolonged")
        #expect(desk.input(.outage(signal(.ended, nil))).status == .accepted)
        #expect(desk.state.outages.isEmpty && desk.call("TR-1").answer == nil)
        #expect(desk.input(.outage(signal(.planned, (3, 9)))).status == .accepted, "the name is free again")
        #expect(desk.input(.outage(signal(.cancelled, nil))).status == .accepted && desk.state.outages.isEmpty)
        // One area of a feeder is that area alone.
        _ = desk.input(.outage(signal(.planned, (3, 9), name: "o-2", transformer: "TR-2")))
        #expect(desk.call("TR-2").tasks.isEmpty)
        // What is over already screens nothing.
        #expect(desk.input(.outage(signal(.planned, (-5, -1), name: "o-3"))).remarks.contains { $0.contains("over") })
        for (bad, words) in [
            (signal(.ended, nil, name: "o-9"), "no outage 'o-9'"), (signal(feeder: "F-11"), "did you mean 'F-1'"), (signal(feeder: nil, transformer: "TR-9"), "not in the network register"),
            (signal(.planned, (2, 1)), "needs 'from', and 'until' after it"),
        ] {
            let receipt = desk.input(.outage(bad))
            #expect(receipt.status == .rejected && receipt.reason?.contains(words) ?? false, "\(words): \(receipt.reason ?? "")")
        }
    }

    @Test func `A rule can answer for other reasons, and nothing is made`() throws {
        var desk = Desk()
        let receipt = desk.call("TR-1", customer: "330", facts: ["payment": .string("arrears")])
        #expect(receipt.tasks.isEmpty && receipt.answer == Translation(chinese: "欠费停电。", english: "The bill is not paid."))
        #expect(desk.state.openCount == 0)
        #expect(desk.last.history.map(\.subject) == [.customer(CustomerID("330"))])
        // The same again is told the same.
        let earlier = EarlierReceipt(digest: ContentDigest(high: 0, low: 99), receipt: receipt)
        let input = Input(key: InputKey(source: SourceID("95598"), id: receipt.id), digest: ContentDigest(high: 0, low: 99), body: .report(Report(type: "fault")))
        let again = desk.decide(.input(input, Findings(earlier: earlier))).receipt
        #expect(again?.status == .duplicate && again?.answer == receipt.answer)
    }
}

struct IncidentDice: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

import Domain
import Testing

@testable import Decisions
@testable import Rules

/// The fold against a twin that keeps every reading and derives everything from the beginning; and against itself, stopped and started anywhere.
@Suite struct TelemetryTwinTests {
    struct Dice: RandomNumberGenerator {
        private var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        mutating func below(_ n: Int) -> Int { Int.random(in: 0..<n, using: &self) }
        mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    }

    /// The rules, each with the plain words that the twin goes by.
    struct TwinRule: Sendable {
        var name: String
        var quantity: String?
        var when: @Sendable (_ value: Double, _ perHour: Double?) -> Bool
        var clears: (@Sendable (_ value: Double, _ perHour: Double?) -> Bool)?
        var length = 0.0
        var count: (Int, Double)?
        var gap = 45.0
    }

    /// The two comparisons that spare most readings a condition, against the condition itself, which may also fail.
    @Test(arguments: [UInt64(1), 2, 3]) func `What lies outside of a rule's bounds does not match it`(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        func number() -> String { "\(Double(dice.below(9)) / 4)" }
        func condition(_ depth: Int) -> String {
            switch dice.below(depth > 0 ? 12 : 7) {
            case 0: "reading.value >= \(number())"
            case 1: "reading.value < \(number())"
            case 2: "\(number()) < reading.value"
            case 3: "\(number()) >= reading.value"
            case 4: "reading.value == \(number())"
            case 5: "reading.per_hour > \(number())"
            case 6: "10 / (device.customers - \([0, 14, 86][dice.below(3)])) > 0"
            case 7, 8: "(\(condition(depth - 1)) || \(condition(depth - 1)))"
            case 9: "(!(\(condition(depth - 1))))"
            default: "(\(condition(depth - 1)) && \(condition(depth - 1)))"
            }
        }
        let conditions = (0..<60).map { _ in "(" + condition(3) + ")" }
        let module = "watch:\n" + conditions.enumerated().map { "  - name: r\($0)\n    when: \($1)\n    report: { type: fault, category: pd }\n" }.joined()
        let set = try WatchTown.set(module)
        try #require(set.watch.rules.count == conditions.count)
        var seen: [WatchRule.Truth: Int] = [:]
        for rule in set.watch.rules {
            for _ in 0..<60 {
                let device = set.devices.devices[dice.below(set.devices.devices.count)]
                let value = Reading.Value.number(Double(dice.below(40)) / 16)
                let subject = ReadingSubject(
                    device: device, quantity: "load", unit: "1", value: dice.chance(10) ? .flag(dice.chance(50)) : value, at: WatchTown.start,
                    perHour: dice.chance(50) ? Double(dice.below(9)) / 4 : nil)
                let full = rule.whenInFull(subject)
                #expect(rule.when(subject) == full, "seed \(seed): \(conditions[Int(rule.name.dropFirst(3)) ?? 0]) of \(subject.value)")
                if case .failed = full { seen[.failed(""), default: 0] += 1 } else { seen[full, default: 0] += 1 }
            }
        }
        #expect(seen.count == 3, "seed \(seed): yes, no and failures must come up: \(seen)")
    }

    static let module = """
        watch:
          - name: held
            when: reading.quantity == "load" && reading.value >= 0.8
            for: 20 min
            clears: reading.value < 0.6
            gap: 15 min
            report: { type: fault, category: heavy_load }
          - name: plain
            when: reading.value >= 0.9
            for: 10 min
            report: { type: fault, category: heavy_load }
          - name: once
            when: reading.quantity in ["volt", "load"] && reading.value > 1.0
            report: { type: fault, category: heavy_load }
          - name: counted
            when: reading.quantity == "volt" && reading.value < 0.3
            count: 3
            window: 30 min
            report: { type: fault, category: low_voltage }
          - name: counted-clears
            when: reading.value < 0.3
            count: 2
            window: 20 min
            clears: reading.value > 0.7
            report: { type: fault, category: low_voltage }
          - name: rising
            when: reading.per_hour > 2.0
            clears: reading.per_hour < 0.0
            gap: 5 min
            report: { type: fault, category: pd }
        maintenance:
          - name: used
            every: { count: 4, quantity: ops }
            report: { type: maintenance, category: due }
        """

    static let rules: [TwinRule] = [
        TwinRule(name: "held", quantity: "load", when: { v, _ in v >= 0.8 }, clears: { v, _ in v < 0.6 }, length: 20, gap: 15),
        TwinRule(name: "plain", when: { v, _ in v >= 0.9 }, length: 10), TwinRule(name: "once", when: { v, _ in v > 1 }),
        TwinRule(name: "counted", quantity: "volt", when: { v, _ in v < 0.3 }, count: (3, 30)),
        TwinRule(name: "counted-clears", when: { v, _ in v < 0.3 }, clears: { v, _ in v > 0.7 }, count: (2, 20)),
        TwinRule(name: "rising", when: { _, rate in (rate ?? 0) > 2 }, clears: { _, rate in (rate ?? 0) < 0 }, gap: 5),
    ]

    struct Event: Hashable, Comparable {
        var arrived: Double
        var text: String
        static func < (a: Event, b: Event) -> Bool { (a.arrived, a.text) < (b.arrived, b.text) }
    }

    struct Sent {
        var minute: Double
        var arrived: Double
        var device: String
        var quantity: String
        var value: Double
    }

    /// Readings of some devices at odd intervals; some come late, some twice, some with another value for the same instant.
    static func series(_ dice: inout Dice, count: Int) -> [Sent] {
        var sent: [Sent] = []
        var minutes: [String: Double] = [:]
        var arrived = 0.0
        var last: [String: Sent] = [:]
        while sent.count < count {
            let device = ["T-1", "T-2", "SW-1"][dice.below(3)]
            let quantity = ["load", "volt", "ops"][dice.below(3)]
            let key = device + quantity
            if let known = last[key], dice.chance(15) {
                // Again, or another value for its instant, or one from before.
                var again = known
                again.arrived = arrived
                if dice.chance(40) { again.value += 0.1 } else if dice.chance(50) { again.minute -= Double(1 + dice.below(9)) }
                sent.append(again)
                continue
            }
            let minute = (minutes[key] ?? 0) + Double(1 + dice.below(dice.chance(10) ? 40 : 8))
            minutes[key] = minute
            arrived = max(arrived, minute)
            let value = Double(dice.below(24)) / 20
            let one = Sent(minute: minute, arrived: arrived, device: device, quantity: quantity, value: value)
            last[key] = one
            sent.append(one)
        }
        return sent
    }

    /// From scratch: the readings that count, and for each of them all that lie before.
    static func twin(_ sent: [Sent]) -> Set<Event> {
        var kept: [String: [Sent]] = [:]
        for one in sent {
            let key = one.device + " " + one.quantity
            if let newest = kept[key]?.last?.minute, one.minute <= newest { continue }
            kept[key, default: []].append(one)
        }
        var events: Set<Event> = []
        for (_, readings) in kept {
            for rule in rules where rule.quantity.map({ $0 == readings[0].quantity }) ?? (rule.name != "once" || readings[0].quantity != "ops") {
                var raisedAt: Int?
                // The last reading at which it was over, or before the first.
                var base = 0
                for i in readings.indices {
                    let at = readings[i]
                    func rate(_ j: Int) -> Double? {
                        guard j > 0, readings[j].minute - readings[j - 1].minute <= rule.gap else { return nil }
                        return (readings[j].value - readings[j - 1].value) / ((readings[j].minute - readings[j - 1].minute) / 60)
                    }
                    func holds(_ j: Int) -> Bool { rule.when(readings[j].value, rate(j)) }
                    func inWindow(_ window: Double) -> [Int] { (base...i).filter { $0 <= i && at.minute - readings[$0].minute < window && holds($0) } }
                    if raisedAt != nil {
                        let isOver: Bool
                        if let clears = rule.clears {
                            isOver = clears(at.value, rate(i))
                        } else if let (_, window) = rule.count {
                            isOver = (0...i).filter { at.minute - readings[$0].minute < window && holds($0) }.isEmpty
                        } else {
                            isOver = !holds(i)
                        }
                        if isOver {
                            events.insert(Event(arrived: at.arrived, text: "over \(rule.name) \(at.device) \(at.quantity)"))
                            raisedAt = nil
                            base = i + 1
                        }
                        continue
                    }
                    guard base <= i else { continue }
                    let isRaised: Bool
                    if let (count, window) = rule.count {
                        isRaised = inWindow(window).count >= count
                    } else {
                        guard holds(i) else { continue }
                        // Back as far as it holds without a gap.
                        var from = i
                        while from > base, holds(from - 1), readings[from].minute - readings[from - 1].minute <= rule.gap { from -= 1 }
                        isRaised = at.minute - readings[from].minute >= rule.length
                    }
                    if isRaised {
                        events.insert(Event(arrived: at.arrived, text: "\(rule.name) \(at.device) \(at.quantity)"))
                        raisedAt = i
                    }
                }
            }
            // Counters: what has been added, until it is enough; nobody does the work.
            guard readings[0].quantity == "ops" else { continue }
            var used = 0.0
            for (before, after) in zip(readings, readings.dropFirst()) {
                used += max(0, after.value - before.value)
                guard used >= 4 else { continue }
                events.insert(Event(arrived: after.arrived, text: "used \(after.device)"))
                break
            }
        }
        return events
    }

    /// What crossed, with the instant of its reading.
    static func event(_ input: Input) -> Event? {
        func minute(_ at: Instant) -> Double { Double((at - WatchTown.start).milliseconds) / 60_000 }
        func text(_ id: String) -> String {
            let parts = id.split(separator: ":")
            return ([parts[0].dropFirst(2)] + parts[1...].dropLast(3)).joined(separator: " ")
        }
        switch input.body {
        case .report(let report): return report.reportedAt.map { Event(arrived: minute($0), text: text(input.key.id)) }
        case .recovered(let recovery): return Event(arrived: minute(recovery.at), text: "over " + text(recovery.report))
        default: return nil
        }
    }

    /// - Parameter stop: after so many readings out of a hundred the daemon stops and starts.
    static func fold(_ sent: [Sent], stop: Int = 0, fail: Int = 0, _ dice: inout Dice) throws -> [Event] {
        let rules = try WatchTown.set(module)
        var telemetry = Telemetry(rules: rules, at: WatchTown.start)
        var stored: [DeviceID: DeviceRow] = [:]
        var committed: [Event] = []
        var batch: [Event] = []
        var number: Int32 = 0
        var known: Set<String> = []
        for one in sent {
            let now = WatchTown.at(one.arrived)
            _ = telemetry.take(WatchTown.input(one.device, one.quantity, .number(one.value), at: WatchTown.at(one.minute)), at: now)
            if dice.chance(40) { continue }
            while case let inputs = telemetry.crossings(at: now, limit: 2), !inputs.isEmpty {
                for input in inputs {
                    number += 1
                    let id = TaskID(day: 20_261_122, number: number)
                    telemetry.decided(input, Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [id]))
                    if let event = event(input) { batch.append(event) }
                    if case .recovered(let recovery) = input.body { #expect(recovery.tasks.count == 1, "a recovery knows its task") }
                }
            }
            let rows = telemetry.checkpoint(max: 1 + dice.below(3))
            if dice.chance(fail) {
                telemetry.failed()
                batch = []
                continue
            }
            telemetry.didCommit()
            for row in rows { stored[row.device] = row }
            for event in batch {
                #expect(known.insert("\(event)").inserted, "\(event) is made once")
                committed.append(event)
            }
            batch = []
            if dice.chance(stop), !telemetry.isDirty {
                telemetry = Telemetry(rules: rules, rows: stored.values.sorted { $0.device < $1.device }, at: now)
            }
        }
        // What is left; in a few rounds, or never.
        for _ in 0..<1_000 where telemetry.isDirty || !telemetry.pending.isEmpty {
            while case let inputs = telemetry.crossings(at: WatchTown.at(sent.last?.arrived ?? 0)), !inputs.isEmpty {
                for input in inputs {
                    telemetry.decided(input, Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [TaskID(day: 1, number: 1)]))
                    if let event = event(input) { committed.append(event) }
                }
            }
            _ = telemetry.checkpoint(max: .max)
            telemetry.didCommit()
        }
        #expect(!telemetry.isDirty && telemetry.pending.isEmpty, "all is out")
        return committed
    }

    @Test(arguments: 0..<60)
    func theFoldSaysWhatTheTwinSays(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        let sent = Self.series(&dice, count: 400)
        let folded = try Self.fold(sent, &dice)
        // Instants of readings, as the twin has them.
        let wanted = Self.twin(sent.map { var one = $0; one.arrived = one.minute; return one })
        #expect(Set(folded) == wanted, "seed \(seed)")
        #expect(folded.count == wanted.count, "seed \(seed): once each")
        #expect(!wanted.isEmpty)
    }

    @Test(arguments: 0..<40)
    func stoppedOrRefusedByTheDiskAnywhereItSaysTheSame(seed: Int) throws {
        var dice = Dice(seed: UInt64(seed) &+ 1_000)
        let sent = Self.series(&dice, count: 400)
        var other = Dice(seed: 1)
        let whole = try Self.fold(sent, &other)
        let stopped = try Self.fold(sent, stop: 30, &dice)
        #expect(stopped.sorted() == whole.sorted(), "seed \(seed)")
        let failed = try Self.fold(sent, fail: 40, &dice)
        #expect(failed.sorted() == whole.sorted(), "seed \(seed)")
        let both = try Self.fold(sent, stop: 20, fail: 30, &dice)
        #expect(both.sorted() == whole.sorted(), "seed \(seed)")
    }

    /// Rules are asked for the quantities that they name alone; asking every rule every time comes to the same.
    @Test func theIndexLeavesOutOnlyWhatCantHold() throws {
        let rules = try WatchTown.set(Self.module).watch
        #expect(rules.rules.map(\.quantities) == [["load"], nil, ["volt", "load"], ["volt"], nil, nil])
        var dice = Dice(seed: 7)
        let index = DeviceIndex(try WatchTown.set(Self.module).site)
        for _ in 0..<2_000 {
            let quantity = ["load", "volt", "ops"][dice.below(3)]
            let subject = ReadingSubject(
                device: index.devices[dice.below(index.devices.count)], quantity: quantity, unit: "1", value: .number(Double(dice.below(24)) / 20),
                at: WatchTown.at(Double(dice.below(1_000))), perHour: dice.chance(50) ? Double(dice.below(10)) - 5 : nil)
            let asked = Set(rules.rules(of: quantity))
            for (number, rule) in rules.rules.enumerated() where !asked.contains(number) { #expect(rule.when(subject) == .no) }
        }
    }

    @Test(arguments: [
        (#"reading.quantity == "load""#, ["load"]), (#""load" == reading.quantity && reading.value > 1.0"#, ["load"]),
        (#"reading.value > 1.0 && (reading.quantity == "load" || reading.quantity == "volt")"#, ["load", "volt"]),
        (#"reading.quantity in ["load", "volt"] && reading.quantity == "volt""#, ["volt"]), (#"reading.value > 1.0"#, nil),
        (#"reading.quantity == "load" || reading.value > 1.0"#, nil), (#"!(reading.quantity == "load")"#, nil), (#"reading.quantity != "load""#, nil),
        (#"reading.value > 0.0 ? reading.quantity == "load" : false"#, nil),
    ] as [(String, [String]?)])
    func quantitiesThatAConditionAsksFor(text: String, wanted: [String]?) throws {
        let set = try WatchTown.set("watch:\n  - name: a\n    when: >-\n      \(text)\n    report: { type: fault }\n")
        #expect(set.watch.rules[0].quantities == wanted)
    }
}

import Domain
import Testing

@testable import Decisions
@testable import Rules

/// What devices show, and what the rules that watch them make of it.
@Suite struct TelemetryTests {
    static let heavy = """
        watch:
          - name: heavy
            when: reading.quantity == "load" && reading.value >= 0.8
            for: 20 min
            clears: reading.value < 0.75
            gap: 15 min
            report: { type: fault, category: heavy_load }
        """

    /// A story: minute and value, with what crosses behind `→`.
    private func story(_ module: String, _ text: String, _ device: String = "T-1", _ quantity: String = "load", line: SourceLocation = #_sourceLocation) throws {
        var town = try WatchTown(module)
        for part in text.split(separator: ";") {
            let sides = part.split(separator: "→", omittingEmptySubsequences: false).map { $0.trimmingCharacters() }
            let words = sides[0].split(separator: " ")
            let minute = try #require(Double(words[0]))
            switch words[1] {
            case "true", "false": town.read(minute, .flag(words[1] == "true"), device, quantity)
            default: town.read(minute, try #require(Double(words[1])), device, quantity)
            }
            let wanted = sides.count > 1 ? [sides[1]] : []
            #expect(town.lines().map { $0.split(separator: " ", maxSplits: 1)[1] } == wanted.map { $0[...] }, "at \(minute)", sourceLocation: line)
        }
    }

    @Test func whatMustHoldForATimeIsReportedOnceAndClears() throws {
        try story(Self.heavy, "0 0.8; 10 0.9; 19.9 0.8; 20 0.8 → heavy_load T-1; 25 0.9; 30 0.78; 40 0.9; 50 0.75; 55 0.74 → over heavy T-1; 60 0.9; 70 0.9; 80 0.9 → heavy_load T-1")
    }

    @Test func oneReadingBelowEndsIt() throws {
        try story(Self.heavy, "0 0.8; 10 0.9; 19 0.79; 20 0.8; 30 0.8; 39 0.8; 40 0.8 → heavy_load T-1")
    }

    @Test func aGapBeginsItAnew() throws {
        try story(Self.heavy, "0 0.8; 10 0.8; 25.1 0.8; 40 0.8; 45 0.8; 45.1 0.8 → heavy_load T-1")
        // A gap of just the length is none.
        try story(Self.heavy, "0 0.8; 10 0.8; 25 0.8 → heavy_load T-1")
        // While it is reported a gap changes nothing.
        try story(Self.heavy, "0 0.8; 10 0.8; 20 0.8 → heavy_load T-1; 500 0.9; 900 0.7 → over heavy T-1")
    }

    @Test func withoutATimeOneReadingIsEnoughAndWithoutClearsTheConditionSaysSo() throws {
        let module = """
            watch:
              - name: pd
                when: reading.quantity == "alarm" && reading.flag
                report: { type: fault, category: pd }
            """
        try story(module, "0 false; 1 true → pd PD-1; 2 true; 3 false → over pd PD-1; 4 true → pd PD-1", "PD-1", "alarm")
    }

    @Test func countsWithinAWindow() throws {
        let module = """
            watch:
              - name: dips
                when: reading.quantity == "volt" && reading.value < 198.0
                count: 3
                window: 10 min
                report: { type: fault, category: low_voltage }
            """
        try story(
            module, "0 190; 1 220; 5 190; 9 220; 10 190; 14 190 → low_voltage T-1; 15 190; 20 220; 24.9 220; 25 220 → over dips T-1; 26 190; 27 190; 28 190 → low_voltage T-1",
            "T-1", "volt")
    }

    @Test func theRateOfChangeIsPerHourSinceTheReadingBeforeWithinTheGap() throws {
        let module = """
            watch:
              - name: rising
                when: reading.quantity == "load" && has(reading.per_hour) && reading.per_hour >= 1.2
                clears: reading.per_hour <= 0.0
                gap: 15 min
                report: { type: fault, category: heavy_load }
            """
        // 0.2 in ten minutes are 1.2 an hour; after a longer gap nothing is known of the rate.
        try story(module, "0 0.1; 10 0.29; 20 0.49 → heavy_load T-1; 30 0.5; 40 0.4 → over rising T-1; 60 3.0; 61 3.1 → heavy_load T-1; 80 3.2 → over rising T-1")
    }

    @Test func rulesWithoutAQuantityLookAtEachByItself() throws {
        let module = """
            watch:
              - name: high
                when: reading.value > 3.0
                for: 10 min
                report: { type: fault, category: heavy_load }
            """
        var town = try WatchTown(module)
        for minute in stride(from: 0.0, through: 20, by: 5) {
            town.read(minute, 4, "T-1", "load")
            town.read(minute, minute == 5 ? 1 : 220, "T-1", "volt")
        }
        #expect(town.lines() == ["10 heavy_load T-1", "20 heavy_load T-1"])
    }

    @Test func aRuleIsAboutItsDevicesAlone() throws {
        let module = """
            watch:
              - name: big
                when: reading.value > 1.0
                devices: device.customers > 50
                report: { type: fault, category: heavy_load }
            """
        var town = try WatchTown(module)
        for device in ["T-1", "T-2", "F-1", "F-2", "SW-1"] { town.read(1, 2, device) }
        // F-1 serves 100, and SW-1 stands at T-1.
        #expect(town.lines() == ["1 heavy_load T-1", "1 heavy_load F-1", "1 heavy_load SW-1"])
        let report = try #require(town.decisions.last?.changes.compactMap { if case .task(_, let row) = $0 { row } else { nil } }.last)
        #expect(report.place.transformer == TransformerID("T-1") && report.place.feeder == FeederID("F-1") && report.source == Telemetry.source)
        #expect(report.customersOut == 0, "nobody is without power yet")
    }

    // MARK: What comes twice, late, wrong

    @Test func theSameAgainAnotherForTheInstantAndWhatIsLate() throws {
        var town = try WatchTown(Self.heavy)
        #expect(town.read(10, 0.9).status == .accepted)
        #expect(town.read(10, 0.9).status == .duplicate)
        let conflict = town.read(10, 0.8)
        #expect(conflict.status == .conflict && conflict.reason == "T-1 has shown another load at the same instant, 0.9; a value that is corrected needs a later 'at'")
        let late = town.read(9, 0.1, late: 2)
        #expect(late.status == .accepted && late.remarks == ["too late to count: T-1 has shown its load of 2026-11-22T08:10:00+08:00 already"])
        // What was late has ended nothing.
        town.read(20, 0.9)
        town.read(30, 0.9)
        #expect(town.lines() == ["30 heavy_load T-1"])
    }

    @Test func whatCantBeIsRefusedWithTheReason() throws {
        var town = try WatchTown(Self.heavy)
        func reason(_ value: Reading.Value, _ device: String = "T-1", _ quantity: String = "load", unit: String? = nil, at minute: Double = 0) -> String {
            let receipt = town.telemetry.take(WatchTown.input(device, quantity, value, at: WatchTown.at(minute), unit: unit), at: town.now)
            #expect(receipt.status == .rejected)
            return receipt.reason ?? ""
        }
        let place = "(a transformer or feeder of the network register, a district, or a row of a module's 'devices:')"
        #expect(reason(.number(0.5), "T-11") == "there is no device 'T-11'; did you mean 'T-1'? " + place)
        #expect(reason(.number(0.5), "一号变") == "there is no device '一号变' " + place)
        #expect(reason(.number(0.5), "T-1", "laod") == "quantity 'laod' is not declared; did you mean 'load'? (declared values: site.yaml, values: quantity:)")
        #expect(reason(.number(86), "T-1", "load", unit: "%") == "load is declared in '1', and this reading is in '%'; send 0.86 with unit 1 (site.yaml, values: quantity:)")
        #expect(reason(.number(0.2), "T-1", "volt", unit: "kV") == "volt is declared in 'V', and this reading is in 'kV'; convert it, and send it in 'V' (site.yaml, values: quantity:)")
        #expect(
            reason(.number(86)) == "load 86 can't be: it is from 0 to 5 1 (site.yaml, values: quantity:); is the unit right, or the sensor broken?")
        #expect(reason(.number(-0.1)).hasPrefix("load -0.1 can't be"))
        #expect(reason(.number(.nan)) == "the value is no finite number; leave a reading out that has no value")
        #expect(reason(.number(.infinity)) == "the value is no finite number; leave a reading out that has no value")
        #expect(reason(.flag(true)) == "load is a number in '1', and true or false is none (site.yaml, values: quantity:)")
        #expect(reason(.number(1), "PD-1", "alarm") == "alarm is a flag: send true or false (site.yaml, values: quantity:)")
        #expect(
            reason(.number(0.5), at: 10.1)
                == "'at' 2026-11-22T08:10:06+08:00 lies 10 min ahead of our clock (2026-11-22T08:00:00+08:00); set the clock of the device")
        #expect(
            reason(.number(0.5), at: -365 * 1_440)
                == "'at' 2025-11-22T08:00:00+08:00 is 365 days ago; what is older than a day says nothing of how things stand, and is not taken in")
        // At the edges it is taken.
        #expect(town.read(-1_440, 0.5).status == .accepted)
        #expect(town.telemetry.take(WatchTown.input("T-1", "load", .number(5), at: WatchTown.at(10)), at: town.now).status == .accepted)
        // What was refused has left nothing.
        #expect(town.telemetry.active.count == 1)
    }

    @Test func aFloodIsCountedAndSaidOnceAnHour() throws {
        let module = """
            watch:
              - name: any
                when: reading.value > 4.0
                report: { type: fault, category: heavy_load }
            """
        var town = try WatchTown(module)
        for second in 0..<60 { town.read(Double(second) / 60, 1) }
        for tenth in 0..<30 { town.read((59 + Double(tenth) / 40 + 0.01) / 60, 4.5) }
        // The sixty-first and later are the newest, and no rule has looked at them.
        #expect(town.lines() == [])
        #expect(
            town.telemetry.takeRemarks().map(\.text) == [
                "device T-1 sends more than 60 readings of load a minute; the newest value is kept, and no rule looks at those beyond"
            ])
        #expect(town.telemetry.devices[try #require(town.telemetry.index.number(of: DeviceID("T-1")))].channels[0].value == .number(4.5))
        town.read(1, 4.5)
        #expect(town.lines() == ["1 heavy_load T-1"])
        for second in 0..<200 { town.read(30 + Double(second) / 300, 1) }
        #expect(town.telemetry.takeRemarks() == [], "said for this hour")
        for second in 0..<200 { town.read(90 + Double(second) / 300, 1) }
        #expect(town.telemetry.takeRemarks().map(\.kind) == [.device_floods])
    }

    @Test func aConditionThatFailsIsNamedOnce() throws {
        let module = """
            watch:
              - name: divides
                when: 10 / int(reading.value) > 2
                report: { type: fault, category: heavy_load }
            """
        var town = try WatchTown(module)
        town.read(0, 0)
        town.read(1, 0)
        town.read(2, 3)
        #expect(town.lines() == ["2 heavy_load T-1"])
        let remarks = town.telemetry.takeRemarks()
        #expect(remarks.count == 1 && remarks[0].kind == .condition_failed && remarks[0].rule == "m.divides")
    }

    // MARK: Silence

    static let silent = """
        watch:
          - name: silent
            silent: 30 min
            quantity: load
            again_after: 2 h
            report: { type: maintenance, category: silent }
        """

    @Test func whoSendsNothingWhileOthersDoIsSilentUntilHeard() throws {
        var town = try WatchTown(Self.silent)
        town.read(0, 0.5)
        for minute in 0...40 { town.read(Double(minute), 0.5, "T-2") }
        #expect(town.lines() == ["30 silent T-1"])
        town.read(41, 0.5)
        #expect(town.lines() == ["41 over silent T-1"])
        #expect(town.task()?.state == .completed && town.task()?.outcome == "recovered")
        for minute in 42...80 { town.read(Double(minute), 220, "T-3", "volt") }
        // Anybody who is heard shows that the line is up.
        #expect(town.lines() == ["70 silent T-2", "71 silent T-1"])
    }

    @Test func whenNobodyIsHeardNobodyIsSilent() throws {
        var town = try WatchTown(Self.silent)
        for minute in stride(from: 0.0, through: 60, by: 10) {
            town.read(minute, 0.5)
            town.read(minute, 0.5, "T-2")
        }
        // The line is down for ten hours; the first who is heard again makes nobody silent.
        town.read(660, 0.5)
        #expect(town.lines() == [])
        town.read(661, 0.5, "T-2")
        town.restart()
        town.read(900, 0.5)
        #expect(town.lines() == [])
        // Who does not come back is found: half of its time is counted for the night, the rest while the other is heard.
        for minute in 901...930 { town.read(Double(minute), 0.5) }
        #expect(town.lines() == ["915 silent T-2"])
    }

    @Test func peopleEndASilence() throws {
        var town = try WatchTown(Self.silent)
        town.read(0, 0.5)
        for minute in 0...40 { town.read(Double(minute), 0.5, "T-2") }
        town.say(.complete)
        for minute in 41...300 { town.read(Double(minute), 0.5, "T-2") }
        #expect(town.lines() == ["30 silent T-1", "160 silent T-1"])
        town.read(301, 0.5)
        #expect(town.lines() == ["301 over silent T-1"])
    }

    // MARK: People

    @Test func whatPeopleHaveEndedComesAgainOnlyAfterItsTimeOrAnew() throws {
        let module = Self.heavy + "\n    again_after: 2 h"
        var town = try WatchTown(module)
        for minute in stride(from: 0.0, through: 30, by: 10) { town.read(minute, 0.9) }
        #expect(town.say(.complete).status == .accepted)
        for minute in stride(from: 40.0, through: 140, by: 10) { town.read(minute, 0.9) }
        #expect(town.lines() == ["20 heavy_load T-1"])
        town.read(150, 0.78)
        town.read(151, 0.9)
        #expect(town.lines() == ["151 heavy_load T-1"], "two hours after 30, and it holds")
        town.say(.cancel, 2)
        town.read(160, 0.7)
        #expect(town.lines() == [], "nothing is open that could recover")
        for minute in stride(from: 170.0, through: 190, by: 10) { town.read(minute, 0.9) }
        #expect(town.lines() == ["190 heavy_load T-1"], "cleared, and held anew")
    }

    @Test func aTaskThatIsOpenedAgainIsOpen() throws {
        var town = try WatchTown(Self.heavy + "\n    again_after: 1 h")
        for minute in stride(from: 0.0, through: 30, by: 10) { town.read(minute, 0.9) }
        town.say(.complete)
        let back = Progress(task: TaskID(day: 20_261_122, number: 1), event: .callback, by: "zhang")
        var said = back
        said.solved = false
        town.decide(.input(Input(key: InputKey(source: SourceID("app"), id: "b"), digest: ContentDigest(high: 0, low: 0), body: .progress(said)), Findings()))
        #expect(town.task()?.state == .dispatched)
        for minute in stride(from: 40.0, through: 200, by: 10) { town.read(minute, 0.9) }
        #expect(town.lines() == ["20 heavy_load T-1"])
    }

    // MARK: Maintenance

    static let upkeep = """
        maintenance:
          - name: ops
            devices: device.kind == "switch"
            every: { count: 100, quantity: ops }
            report: { type: maintenance, category: due }
          - name: yearly
            devices: device.kind == "sensor"
            every: { time: 365 days }
            again_after: 7 days
            report: { type: maintenance, category: due }
        """

    @Test func aCounterIsDueOnceAndAnewFromItsCompletion() throws {
        var town = try WatchTown(Self.upkeep)
        for (minute, value) in [(0.0, 5_000.0), (1, 5_099), (2, 5_100), (3, 5_300)] { town.read(minute, value, "SW-1", "ops") }
        town.read(4, 9_000, "T-1", "ops")
        #expect(town.lines() == ["2 due SW-1"])
        town.say(.complete)
        for (minute, value) in [(5.0, 5_399.0), (6, 5_400)] { town.read(minute, value, "SW-1", "ops") }
        #expect(town.lines() == ["6 due SW-1"])
        // Replaced: what it shows now is where it goes on from.
        town.say(.complete, 2)
        for (minute, value) in [(7.0, 5_450.0), (8, 3), (9, 52), (10, 53)] { town.read(minute, value, "SW-1", "ops") }
        #expect(town.lines() == ["10 due SW-1"])
    }

    @Test func aDateIsDueFromTheRegisterAndAnewFromItsCompletion() throws {
        var town = try WatchTown(Self.upkeep)
        // PD-1: last maintained on 2025-12-01; PD-2: installed on 2026-01-01.
        let first = try #require(town.telemetry.nextDue)
        #expect(first.rfc3339(in: .shanghai) == "2026-12-01T08:00:00+08:00")
        town.now = first
        town.settle()
        #expect(town.lines().map { $0.hasSuffix("due PD-1") } == [true])
        #expect(town.telemetry.nextDue?.rfc3339(in: .shanghai) == "2027-01-01T08:00:00+08:00")
        let number = try #require(town.state.openTasks.first)
        func say(_ event: ProgressEvent, _ id: TaskID, _ town: inout WatchTown) {
            let input = Input(
                key: InputKey(source: SourceID("app"), id: "\(event)\(id)"), digest: ContentDigest(high: 0, low: 0),
                body: .progress(Progress(task: id, event: event, by: "zhang")))
            town.decide(.input(input, Findings()))
        }
        town.now = town.now + .days(3)
        say(.complete, number.id, &town)
        // From the day of the work.
        town.now = first + .days(400)
        town.settle()
        #expect(town.lines().map { String($0.split(separator: " ").last!) } == ["PD-2", "PD-1"])
        // Cancelled: due again after a while.
        let again = town.state.openTasks.filter { $0.reports.first?.contains("PD-2") == true }
        say(.cancel, try #require(again.last).id, &town)
        #expect(town.telemetry.nextDue == town.now + .days(7))
        town.restart()
        #expect(town.telemetry.nextDue == town.now + .days(7))
    }

    /// What was decided and did not come to the disk has not happened: neither the completion nor what it began anew.
    @Test func whatTheDiskRefusesIsTakenBack() throws {
        var town = try WatchTown(Self.upkeep)
        for (minute, value) in [(0.0, 5_000.0), (1, 5_100)] { town.read(minute, value, "SW-1", "ops") }
        func commit(_ town: inout WatchTown) -> [DeviceRow] {
            defer { town.telemetry.didCommit() }
            return town.telemetry.checkpoint(max: .max)
        }
        let open = commit(&town)
        #expect(open.last?.upkeep.first?.state.report?.tasks.map(\.number) == [1])
        let before = town.state
        town.say(.complete)
        let rows = town.telemetry.checkpoint(max: 0)
        #expect(rows.map(\.upkeep.first?.state.used) == [0], "what a decision has touched goes with it, whatever else waits")
        town.read(2, 5_130, "SW-1", "ops")
        town.telemetry.failed()
        town.state = before
        #expect(commit(&town).last?.upkeep.first?.state.used == 130)
        town.say(.complete)
        town.read(3, 5_229, "SW-1", "ops")
        #expect(town.lines() == ["1 due SW-1"])
        town.read(4, 5_230, "SW-1", "ops")
        #expect(town.lines() == ["4 due SW-1"])
    }

    /// A row that knows of a crossing is written with it, never before.
    @Test func aRowWaitsForItsCrossing() throws {
        let rules = try WatchTown.set(Self.heavy.replacing("for: 20 min", with: "for: 1 s"))
        var telemetry = Telemetry(rules: rules, at: WatchTown.start)
        for second in [0.0, 1] { _ = telemetry.take(WatchTown.input("T-1", "load", .number(0.9), at: WatchTown.at(second)), at: WatchTown.at(second)) }
        _ = telemetry.take(WatchTown.input("T-2", "load", .number(0.1), at: WatchTown.at(1)), at: WatchTown.at(1))
        #expect(telemetry.checkpoint(max: .max).map(\.device.rawValue) == ["T-2"])
        telemetry.didCommit()
        let crossings = telemetry.crossings(at: WatchTown.at(1))
        #expect(crossings.count == 1 && telemetry.checkpoint(max: .max).isEmpty, "not decided yet")
        telemetry.failed()
        #expect(telemetry.crossings(at: WatchTown.at(1)) == crossings, "again, and the same")
        telemetry.decided(crossings[0], Receipt(id: crossings[0].key.id, source: Telemetry.source, status: .accepted, tasks: [TaskID(day: 1, number: 1)]))
        #expect(telemetry.checkpoint(max: 0).map(\.device.rawValue) == ["T-1"])
    }

    /// A task that joins another is followed to it.
    @Test func aTaskThatIsMergedIsFollowed() throws {
        var town = try WatchTown(Self.heavy)
        for minute in stride(from: 0.0, through: 20, by: 10) { town.read(minute, 0.9) }
        let before = try #require(town.task())
        var merged = before
        merged.revision += 1
        merged.state = .merged
        merged.mergedInto = TaskID(day: 20_261_122, number: 77)
        town.telemetry.note(Decision(changes: [.task(before: before, after: merged)]))
        town.now = WatchTown.at(30)
        _ = town.telemetry.take(WatchTown.input("T-1", "load", .number(0.1), at: WatchTown.at(30)), at: town.now)
        let crossing = try #require(town.telemetry.crossings(at: town.now).first)
        guard case .recovered(let recovery) = crossing.body else { return #expect(Bool(false), "no recovery") }
        #expect(recovery.tasks.map(\.number) == [77])
    }

    // MARK: Looking

    @Test func aLookShowsWhatHoldsSinceWhen() throws {
        var town = try WatchTown(Self.heavy + "\n" + Self.upkeep)
        for minute in stride(from: 0.0, through: 20, by: 10) { town.read(minute, 0.9) }
        town.read(20, 0.85, "T-2")
        town.read(20, 0.2, "T-3")
        town.read(20, 5_000, "SW-1", "ops")
        town.read(21, 5_060, "SW-1", "ops")
        func text(_ look: DeviceLook?) -> String { look.map { String(decoding: $0.json(zone: .shanghai), as: UTF8.self) } ?? "" }
        #expect(
            text(town.telemetry.look(at: DeviceID("T-1")))
                == #"{"device":"T-1","kind":"transformer","transformer":"T-1","feeder":"F-1","readings":[{"quantity":"load","value":0.9,"unit":"1","at":"2026-11-22T08:20:00+08:00"}],"watched":[{"rule":"m.heavy","quantity":"load","state":"raised","since":"2026-11-22T08:20:00+08:00","report":"m.heavy:T-1:load:2026-11-22T00:20:00Z","tasks":["T-20261122-1"]}],"maintenance":[]}"#)
        #expect(text(town.telemetry.look(at: DeviceID("SW-1"))).contains(#""maintenance":[{"rule":"m.ops","used":60.0,"every":100.0,"tasks":[]}]"#))
        #expect(text(town.telemetry.look(at: DeviceID("PD-1"))).contains(#""maintenance":[{"rule":"m.yearly","due":"2026-12-01T08:00:00+08:00","tasks":[]}]"#))
        #expect(town.telemetry.looks(all: false, limit: 10).map { "\($0.device) \($0.watched[0].phase.rawValue)" } == ["T-1 raised", "T-2 holding"])
        #expect(town.telemetry.looks(all: true, limit: 10).map(\.device.rawValue) == ["SW-1", "T-1", "T-2", "T-3"])
        #expect(text(town.telemetry.look(at: DeviceID("T-9"))) == "")
    }

    // MARK: Reload

    @Test func aReloadKeepsWhatIsWordedTheSame() throws {
        let other = """

              - name: other
                when: reading.value > 4.0
                report: { type: fault, category: pd }
            """
        let longer = Self.heavy.replacing("20 min", with: "30 min")
        let same = try WatchTown.set(Self.heavy.replacing("clears: reading.value < 0.75", with: "clears: reading.value < 0.5") + other)
        let edited = try WatchTown.set(longer)
        let gone = try WatchTown.set("watch:" + other)

        for (rules, wanted) in [(same, ["20 heavy_load T-1"]), (edited, []), (gone, [])] {
            var town = try WatchTown(Self.heavy)
            town.read(0, 0.9)
            town.read(10, 0.9)
            town.reload(rules)
            town.read(20, 0.9)
            #expect(town.lines() == wanted)
        }
        // What was reported stays so under the new wording, and clears by it.
        var town = try WatchTown(Self.heavy)
        for minute in stride(from: 0.0, through: 20, by: 10) { town.read(minute, 0.9) }
        town.reload(edited)
        for minute in stride(from: 30.0, through: 90, by: 10) { town.read(minute, 0.9) }
        #expect(town.lines() == ["20 heavy_load T-1"])
        town.read(100, 0.7)
        #expect(town.lines() == ["100 over heavy T-1"])
        #expect(town.task()?.state == .completed)
    }
}

extension Substring {
    fileprivate func trimmingCharacters() -> String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

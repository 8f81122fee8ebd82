import Domain
import Foundation
import Rules
import Testing

@testable import Daemon

struct JumpDetectorTests {
    @Test(arguments: [
        // wall moved, monotonic moved, expected jump (ms; nil: none)
        (1_000, 1_000, nil), (3_000, 1_500, nil), (3_600_000, 1_000, 3_599_000), (-60_000, 500, -60_500),
    ] as [(Int64, Int64, Int64?)])
    func tellsAJumpFromSlewing(wall: Int64, monotonic: Int64, expected: Int64?) {
        var detector = JumpDetector()
        let start = Instant(milliseconds: 1_795_406_400_000)
        #expect(detector.observe(wall: start, monotonic: 10_000) == nil)
        #expect(
            detector.observe(wall: start + TimeSpan(milliseconds: wall), monotonic: 10_000 + monotonic)
                == expected.map { TimeSpan(milliseconds: $0) })
        // Told once.
        #expect(
            detector.observe(wall: start + TimeSpan(milliseconds: wall + 100), monotonic: 10_100 + monotonic) == nil)
    }
}

struct CountersTests {
    @Test func theLastMinuteForgetsByTheSecond() {
        let counters = Counters()
        counters.countInputs(5, at: 1_000_000)
        counters.countInputs(7, at: 1_030_000)
        #expect(counters.inputsLastMinute(at: 1_030_000) == 12)
        #expect(counters.inputsLastMinute(at: 1_059_999) == 12)
        #expect(counters.inputsLastMinute(at: 1_060_000) == 7)
        #expect(counters.inputsLastMinute(at: 1_090_000) == 0)
        counters.countInputs(1, at: 9_000_000)
        #expect(counters.inputsLastMinute(at: 9_000_000) == 1)
    }
}

struct HealthTests {
    private func health(_ pulse: Pulse, beat: @escaping @Sendable () -> Int64 = { monotonicMilliseconds() }) -> Health {
        Health(
            pulse: pulse, parts: [LivePart(name: "the spool's reader", lastBeat: beat, silenceMax: 2_000)], intervalMilliseconds: 10_000)
    }

    @Test(arguments: [
        (Dispatcher.Phase.committing, "the writer has not answered a commit"), (.reading, "the store has not answered"),
        (.deciding, "the loop has been deciding"), (.answering, "the loop has been answering"), (.waiting, "the loop has not turned"),
    ])
    func namesWhoStandsStill(phase: Dispatcher.Phase, words: String) {
        let pulse = Pulse()
        pulse.enter(phase)
        let now = monotonicMilliseconds()
        #expect(health(pulse).complaints(now: now).isEmpty)
        let later = health(pulse, beat: { now + 6_000 }).complaints(now: now + 6_000)
        #expect(later.count == 1 && later[0].contains(words), "\(later)")
    }

    @Test func aSilentPartIsNamed() {
        let complaints = health(Pulse(), beat: { monotonicMilliseconds() - 3_000 }).complaints(now: monotonicMilliseconds())
        #expect(complaints.count == 1 && complaints[0].contains("the spool's reader has stood still for 3."), "\(complaints)")
    }

    @Test func aFullDiskIsDegradedNotDead() {
        let pulse = Pulse()
        pulse.writerDidAnswer(noRoom: true)
        #expect(health(pulse).complaints(now: monotonicMilliseconds()).isEmpty)
        #expect(health(pulse).degradations().count == 1)
        pulse.writerDidAnswer(noRoom: false)
        #expect(health(pulse).degradations().isEmpty)
    }
}

struct InputQueueTests {
    private func submission(_ count: Int) throws -> Submission {
        Submission(inputs: try (0..<count).map { try hazard("q\($0)") }, answer: { _ in })
    }

    @Test func isBoundedButNeverRefusesWhenEmpty() throws {
        let queue = InputQueue(inputsMax: 10)
        #expect(queue.offer(try submission(25)) == nil, "a large submission is taken when nothing waits")
        #expect(queue.offer(try submission(1)) == .busy)
        #expect(queue.take(inputsMax: 5).map(\.inputs.count) == [25], "a submission is never split")
        #expect(queue.depth == 0)
        for _ in 0..<5 { #expect(queue.offer(try submission(2)) == nil) }
        #expect(queue.offer(try submission(1)) == .busy)
        #expect(queue.take(inputsMax: 5).count == 2)
        queue.close()
        #expect(queue.offer(try submission(1)) == .stopping)
        #expect(queue.take(inputsMax: 100).count == 3, "what was taken in is still there")
    }
}

struct LastGoodRulesTests {
    @Test func keepsEveryByteAndRefusesWhatIsCutOff() throws {
        let house = try House()
        let kept = LastGoodRules(stateFolder: house.state)
        #expect(kept.read() == nil)
        var source = try RuleFolder.read(house.rules)
        try kept.write(source)
        // A way back needs no tests.
        source.files.removeAll { $0.name.hasPrefix("tests/") }
        #expect(source.files.map(\.name) == ["calendar.yaml", "complaints.yaml", "connections.yaml", "contractors.yaml", "customers.yaml", "devices.csv", "escalations.yaml", "faults.yaml", "monitoring.yaml", "network.csv", "planned-outages.yaml", "site.yaml", "texts.yaml"])
        let back = try #require(kept.read())
        #expect(back.files.map(\.name) == source.files.map(\.name))
        #expect(back.files.map(\.bytes) == source.files.map(\.bytes))
        let bytes = try readWholeFile(kept.path)
        for length in [0, 5, 20, bytes.count - 1] {
            try replaceFile(kept.path, with: Array(bytes.prefix(length)))
            #expect(kept.read() == nil, "cut off at \(length)")
        }
    }
}

struct RuleFolderTests {
    @Test func readsModulesAndTablesInByteOrderAndNothingElse() throws {
        let house = try House()
        for name in [".hidden.yaml", "faults.yaml~", "notes.txt", "zz.csv"] {
            try "x".write(toFile: house.rules + "/" + name, atomically: true, encoding: .utf8)
        }
        let names = try RuleFolder.read(house.rules).files.map(\.name).filter { !$0.hasPrefix("tests/") }
        #expect(names == ["calendar.yaml", "complaints.yaml", "connections.yaml", "contractors.yaml", "customers.yaml", "devices.csv", "escalations.yaml", "faults.yaml", "monitoring.yaml", "network.csv", "planned-outages.yaml", "site.yaml", "texts.yaml", "zz.csv"])
    }

    @Test func readsTheRuleTestsBesideTheRules() throws {
        let house = try House()
        let tests = house.rules + "/tests"
        #expect(try RuleFolder.read(house.rules).files.count == 13)
        try FileManager.default.createDirectory(atPath: tests, withIntermediateDirectories: false)
        for name in ["faults.yaml", "old.yml", ".hidden.yaml", "faults.yaml~", "notes.txt", "table.csv"] {
            try "x".write(toFile: tests + "/" + name, atomically: true, encoding: .utf8)
        }
        let source = try RuleFolder.read(house.rules)
        #expect(
            source.files.map(\.name) == ["calendar.yaml", "complaints.yaml", "connections.yaml", "contractors.yaml", "customers.yaml", "devices.csv", "escalations.yaml", "faults.yaml", "monitoring.yaml", "network.csv", "planned-outages.yaml", "site.yaml", "tests/faults.yaml", "tests/old.yml", "texts.yaml"])
    }

    @Test func aMissingFolderSaysWhatToDo() {
        do {
            _ = try RuleFolder.read("/nonexistent/rules")
            Issue.record("read a folder that is not there")
        } catch {
            #expect(error.exitCode == 78)
            #expect(error.description.contains("--rules"))
        }
    }

    @Test(arguments: ["../../etc/passwd", "/etc/localtime", "", "Asia/Nowhere"])
    func aZoneThatIsNoneIsNil(name: String) {
        #expect(RuleFolder.zone(name) == nil)
    }
}

struct MetricsTests {
    @Test func isOpenMetrics() {
        let bytes = MetricsText.render(
            Counters.Values(), board: StatusBoard.Snapshot(), queuedInputs: 3, inputsLastMinute: 4, isHealthy: true, spool: nil,
            isWithoutRoom: false, residentBytes: 5)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("# EOF\n"))
        var families: Set<String> = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                let name = String(line.split(separator: " ")[2])
                #expect(families.insert(name).inserted, "\(name) is declared twice")
            } else if !line.hasPrefix("#") {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                #expect(
                    families.contains(name) || families.contains(name.replacingOccurrences(of: "_total", with: ""))
                        || families.contains(name.replacingOccurrences(of: "_info", with: "")), "\(name) has no TYPE")
            }
        }
    }
}

import Domain
import Rules
import Testing

@testable import Figures

@Suite("Where the time of a case goes")
struct CaseTimeTests {
    private let id = CaseID(day: 20_261_102, number: 1)

    @Test("parallel stages share, the customer's own works get what nobody else runs in, and the parts add up")
    func shares() throws {
        var collector = FigureCollector(Town.request(try Town.rules()))
        let start = Town.monday
        func at(_ hours: Int64) -> Instant { start + .hours(hours) }
        var kase = finished(id, &collector.names, from: start, accepted: at(10), to: at(100), stages: ["acceptance", "survey", "works", "grid", "inspection"])
        kase.total = LimitFact(name: .total, length: .hours(80), start: at(10), due: at(90), reachedAt: at(100))
        collector.add(kase)
        var names = collector.names
        let half = SpentFact(queued: 3_600_000 * 10, accepted: 3_600_000 * 10)
        let tasks = [
            stage(1, "acceptance", of: id, &names, from: at(10), to: at(20)), stage(2, "survey", of: id, &names, from: at(20), to: at(40), spent: half),
            stage(3, "works", of: id, &names, from: at(40), to: at(90)), stage(4, "grid", of: id, &names, from: at(40), to: at(60)),
            stage(5, "inspection", of: id, &names, from: at(94), to: at(100)),
        ]
        collector.names = names
        for task in tasks { collector.add(task) }
        #expect(collector.missing() == [])
        let report = collector.finish()
        let process = try #require(report.processes.first)
        func waits(_ stage: String) -> WaitSums { process.stages.first { $0.name.code == stage }?.waits ?? WaitSums() }
        let hour: Int64 = 3_600_000
        #expect(process.waits[.documents] == 10 * hour)
        #expect(process.waits[.between] == 4 * hour)
        #expect(waits("acceptance")[.accepted] == 10 * hour)
        #expect(waits("survey")[.queued] == 10 * hour)
        #expect(waits("survey")[.accepted] == 10 * hour)
        #expect(waits("grid")[.accepted] == 20 * hour, "while works on the grid go on, the time is theirs")
        #expect(waits("works")[.customer] == 30 * hour)
        #expect(waits("works").total == 30 * hour)
        #expect(process.allWaits.total == 100 * hour)
        #expect(report.whole == 100 * hour)
        #expect(report.costs.first?.wait == .customer)
        #expect(report.costs.reduce(0) { $0 + $1.milliseconds } == report.whole)
        #expect(process.late == LateFigure(timed: 1, late: 1))
        #expect(process.passed == ShareFigure(count: 0, of: 1))
        #expect(process.firstTime == ShareFigure(count: 1, of: 1))
        #expect(process.stages.first { $0.name.code == "inspection" }?.joinWait == 34 * hour, "the grid's works were done at 60, the inspection began at 94")
        #expect(process.stages.map(\.name.code) == ["acceptance", "survey", "works", "grid", "inspection"], "in the order of the process")
    }

    @Test("any overlap of stages adds up to the time that the case took", arguments: [UInt64(1), 2, 3])
    func addsUp(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<400 {
            let spans = (0..<dice.below(8)).map { number in
                let start = Int64(dice.below(200))
                return StageSpan(
                    kase: 1, task: Int64(number), stage: Int32(number), start: start, end: start + Int64(dice.below(120)), spent: nil, isLate: false)
            }
            let stopped = Set((0..<8).filter { _ in dice.chance(30) }.map { Int32($0) })
            let (from, to) = (Int64(dice.below(60)), Int64(60 + dice.below(240)))
            let time = CaseTime(spans[...], from: from, to: to) { stopped.contains($0) }
            #expect(time.parts.reduce(time.between, +) == to - from, "seed \(seed)")
            // Millisecond by millisecond.
            var parts = Array(repeating: 0.0, count: spans.count)
            var between: Int64 = 0
            for instant in from..<to {
                var runs = spans.indices.filter { spans[$0].start <= instant && spans[$0].end > instant }
                if runs.contains(where: { !stopped.contains(spans[$0].stage) }) { runs.removeAll { stopped.contains(spans[$0].stage) } }
                if runs.isEmpty { between += 1 }
                for run in runs { parts[run] += 1 / Double(runs.count) }
            }
            #expect(between == time.between, "seed \(seed)")
            for (have, want) in zip(time.parts, parts) { #expect(abs(Double(have) - want) < 20, "seed \(seed)") }
        }
    }

    @Test("a task's states share its part exactly, however it divides", arguments: [UInt64(7), 8])
    func exactShares(seed: UInt64) {
        var dice = Dice(seed: seed)
        for _ in 0..<2_000 {
            let spent = SpentFact(
                queued: Int64(dice.below(1_000)), dispatched: Int64(dice.below(3)), accepted: Int64(dice.below(1_000_000)), onsite: Int64(dice.below(2)),
                suspended: Int64(dice.below(77)))
            let length = Int64(dice.below(5_000_000))
            var sums = WaitSums()
            sums.add(length, as: spent)
            #expect(sums.total == length, "seed \(seed)")
            for wait in Wait.allCases { #expect(sums[wait] >= 0, "seed \(seed)") }
        }
    }

    @Test("rounds that ended before the period are asked for, once each")
    func missing() throws {
        let rules = try Town.rules()
        let now = Town.monday + .days(28)
        var collector = FigureCollector(Town.request(rules, days: 7, now: now))
        var kase = finished(id, &collector.names, from: Town.monday, accepted: Town.monday, to: now + .days(-1), stages: ["acceptance", "survey", "inspection"])
        for (place, number) in [Int32(1), 2, 4].enumerated() { kase.stages[place].task = TaskID(day: 20_261_103, number: number) }
        kase.stages[2].rounds = 2
        collector.add(kase)
        var names = collector.names
        let early = stage(1, "acceptance", of: id, &names, from: Town.monday, to: Town.monday + .days(1))
        let survey = stage(2, "survey", of: id, &names, from: Town.monday + .days(1), to: now + .days(-6))
        let first = stage(3, "inspection", of: id, &names, from: now + .days(-6), to: now + .days(-5))
        let second = stage(4, "inspection", of: id, &names, from: now + .days(-5), to: now + .days(-1))
        collector.names = names
        collector.add(survey)
        collector.add(second)
        #expect(collector.missing() == [.init(kase: id, tasks: [early.id], earlierRounds: true)])
        for fact in [early, early, survey, first, second] { collector.addMissing(fact) }
        let report = collector.finish()
        let process = try #require(report.processes.first)
        #expect(process.waits[.between] == 0)
        #expect(report.notes.contains { if case .stageTasksMissing = $0 { true } else { false } } == false)
        #expect(process.stages.first { $0.name.code == "acceptance" }?.done == 0, "it was done before the period")
        #expect(process.stages.first { $0.name.code == "acceptance" }?.waits.total == 86_400_000, "but it is part of where the time went")
        #expect(process.firstTime == ShareFigure(count: 0, of: 1), "the inspection was done again")
    }
}

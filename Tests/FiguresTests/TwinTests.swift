import Domain
import Rules
import Testing

@testable import Figures

/// The collector against plain loops over all tasks.
@Suite("Figures against a plain twin")
struct TwinTests {
    private func random(_ dice: inout Dice, _ number: Int32, _ names: inout NameTable) -> TaskFact {
        let at = Town.monday + .minutes(Int64(dice.below(45 * 1_440)) - 5 * 1_440)
        var fact = fault(
            number, &names, at: at, hours: Int64(dice.below(20)), customers: Int64(dice.below(3) == 0 ? 0 : dice.below(90)),
            transformer: ["", "T-1", "T-2", "T-3", "T-9"][dice.below(5)], feeder: ["", "", "F-2"][dice.below(3)], crew: "c-\(dice.below(4))")
        fact.rule = names.code("faults.r\(dice.below(3))")
        fact.reopened = dice.chance(20) ? 1 : 0
        fact.satisfaction = dice.chance(40) ? Int32(1 + dice.below(5)) : nil
        if dice.chance(10) { fact.spent = nil }
        if dice.chance(15) {
            fact.state = .accepted
            fact.endedAt = nil
            fact.limits[0].reachedAt = nil
        } else if dice.chance(10) {
            fact.state = .cancelled
        }
        if dice.chance(20) { fact.limits = [] }
        return fact
    }

    @Test("counts, percentiles, lateness, satisfaction and costs", arguments: [UInt64(1), 2, 3, 4])
    func groups(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let request = Town.request(try Town.rules())
        var collector = FigureCollector(request)
        var names = collector.names
        let facts = (1...400).map { random(&dice, Int32($0), &names) }
        collector.names = names
        for fact in facts { collector.add(fact) }
        let report = collector.finish()
        let ended = facts.filter { fact in fact.endedAt.map { $0 >= request.since && $0 < request.until } ?? false }
        let done = ended.filter { $0.state == .closed }
        let open = facts.filter { $0.endedAt == nil }
        #expect(report.tasksDone == done.count, "seed \(seed)")
        #expect(report.tasksCancelled == ended.count - done.count, "seed \(seed)")
        #expect(report.tasksOpen == open.count, "seed \(seed)")
        #expect(report.firstTimeTasks == ShareFigure(count: done.count { $0.reopened == 0 }, of: done.count), "seed \(seed)")
        let marks = done.compactMap(\.satisfaction)
        #expect(report.satisfaction.count == marks.count && report.satisfaction.satisfied == marks.count { $0 >= 4 }, "seed \(seed)")
        #expect(report.satisfaction.sum == Int(marks.reduce(0, +)), "seed \(seed)")
        let elapsed = done.reduce(Int64(0)) { sum, fact in sum + (fact.endedAt.map { ($0 - fact.createdAt).milliseconds } ?? 0) }
        #expect(report.whole == elapsed, "seed \(seed)")
        for crew in 0..<4 {
            let mine = done.filter { names[$0.crew] == "c-\(crew)" }
            let figure = try #require(report.crews.first { $0.name.code == "c-\(crew)" })
            let lengths = mine.compactMap { fact in fact.endedAt.map { ($0 - fact.reportedAt).milliseconds } }.sorted()
            #expect(figure.done == mine.count, "seed \(seed)")
            // The smallest value that half (nine in ten) do not exceed.
            #expect(figure.duration?.median == lengths.first { value in lengths.count { $0 <= value } * 2 >= lengths.count }, "seed \(seed)")
            #expect(figure.duration?.p90 == lengths.first { value in lengths.count { $0 <= value } * 10 >= lengths.count * 9 }, "seed \(seed)")
            let timed = mine.filter { !$0.limits.isEmpty }
            let openLate = open.count { fact in names[fact.crew] == "c-\(crew)" && fact.limits.contains { ($0.due ?? .distantFuture) < request.now } }
            let late = timed.count { fact in fact.limits.contains { limit in (limit.reachedAt ?? request.now) > (limit.due ?? .distantFuture) } }
            #expect(figure.late == LateFigure(timed: timed.count + openLate, late: late + openLate), "seed \(seed)")
        }
        #expect(report.works.reduce(0) { $0 + $1.done } == done.count, "seed \(seed)")
        #expect(report.weeks.reduce(0) { $0 + $1.tasks } == done.count, "seed \(seed)")
    }

    /// Each minute of the month, who is out: the larger of the feeder's and its transformers' tasks.
    @Test("customers without power, minute by minute", arguments: [UInt64(11), 12, 13, 14, 15])
    func interruptions(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        let request = Town.request(try Town.rules())
        var collector = FigureCollector(request)
        var names = collector.names
        var facts: [TaskFact] = []
        for number in 1...60 {
            let at = Town.monday + .minutes(Int64(dice.below(3 * 1_440)))
            var fact = fault(
                Int32(number), &names, at: at, hours: Int64(1 + dice.below(9)), customers: Int64(1 + dice.below(90)), transformer: ["", "T-1", "T-2"][dice.below(3)],
                feeder: "F-1")
            fact.endedAt = at + .minutes(Int64(6 + dice.below(300)))
            facts.append(fact)
        }
        collector.names = names
        for fact in facts { collector.add(fact) }
        let reliability = try #require(collector.finish().reliability)
        var product: Int64 = 0
        for minute in 0..<Int64(5 * 1_440) {
            let now = Town.monday + .minutes(minute)
            var largest: [Int32: Int64] = [:]
            for fact in facts where fact.reportedAt <= now && (fact.endedAt ?? now) > now {
                largest[fact.transformer] = max(largest[fact.transformer] ?? 0, fact.customersOut)
            }
            product += max(largest[0] ?? 0, largest.filter { $0.key != 0 }.values.reduce(0, +)) * 60_000
        }
        #expect(reliability.customersServed == 300)
        #expect(reliability.customerMilliseconds == product, "seed \(seed)")
        #expect(reliability.saidi == Double(product) / 60_000 / 300)
        // Never more interruptions than tasks, never more customers than every task together.
        #expect(reliability.interruptions <= facts.count && reliability.interruptions > 0, "seed \(seed)")
        #expect(reliability.customersInterrupted <= facts.reduce(0) { $0 + $1.customersOut }, "seed \(seed)")
    }

    @Test("one interruption reported three times counts once; five minutes are momentary; a stage's customers are not out")
    func onceOnly() throws {
        var collector = FigureCollector(Town.request(try Town.rules()))
        var names = collector.names
        let start = Town.monday
        var short = fault(4, &names, at: start + .days(2), hours: 1, customers: 70, transformer: "T-3")
        short.endedAt = short.reportedAt + .minutes(5)
        let unplaced = fault(6, &names, at: start + .days(4), hours: 1, customers: 10)
        let facts = [
            fault(1, &names, at: start, hours: 2, customers: 40, transformer: "T-1"), fault(2, &names, at: start + .hours(1), hours: 2, customers: 50, transformer: "T-1"),
            fault(3, &names, at: start + .hours(1), hours: 1, customers: 90, feeder: "F-1"), short, unplaced,
            stage(5, "survey", of: CaseID(day: 20_261_102, number: 1), &names, from: start, to: start + .hours(4)),
        ]
        collector.names = names
        for var fact in facts {
            if fact.kase != nil { fact.customersOut = 300 }
            collector.add(fact)
        }
        let report = collector.finish()
        let reliability = try #require(report.reliability)
        // 40 for an hour, 90 for the next, 50 for the third; and the unplaced one.
        #expect(reliability.customerMilliseconds == (40 + 90 + 50 + 10) * 3_600_000)
        #expect(reliability.interruptions == 2)
        #expect(reliability.customersInterrupted == 100)
        #expect(reliability.momentary == 1)
        #expect(reliability.caidi == Double(190 * 60) / 100)
        #expect(abs(reliability.saidi / reliability.saifi - (reliability.caidi ?? 0)) < 1e-9)
        #expect(report.notes.contains(.interruptionsUnplaced(1)))
    }
}

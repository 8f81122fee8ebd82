import Domain
import Rules
import Testing

@testable import Figures

@Suite("What is handed from one department to another")
struct HandoverTests {
    private let minute: Int64 = 60_000

    private func figure(_ figures: [GroupFigure], _ name: String) throws -> GroupFigure { try #require(figures.first { $0.name.code == name }) }

    @Test("seven minutes with operations, a second with marketing: each has its own")
    func complaint() throws {
        var collector = FigureCollector(Town.request(try Town.rules()))
        var names = collector.names
        var fact = fault(1, &names, at: Town.monday, hours: 0)
        fact.endedAt = Town.monday + .minutes(7) + .seconds(1)
        fact.department = names.code("marketing")
        fact.crew = 0
        fact.spent = SpentFact(dispatched: 7 * minute + 400, accepted: 600)
        fact.handed = [TaskFact.Handed(department: names.code("operations"), spent: SpentFact(dispatched: 7 * minute))]
        collector.names = names
        collector.add(fact)
        let report = collector.finish()
        let marketing = try figure(report.departments, "marketing")
        #expect(marketing.done == 1 && marketing.waits[.dispatched] == 400 && marketing.waits[.accepted] == 600)
        let operations = try figure(report.departments, "operations")
        #expect(operations.done == 0 && operations.waits[.dispatched] == 7 * minute && operations.waits.total == 7 * minute)
        #expect(report.costs.map { $0.department?.code } == ["operations", "marketing", "marketing"])
        #expect(report.costs.map(\.milliseconds) == [7 * minute, 600, 400] && report.whole == 7 * minute + 1_000)
        let line = try #require(report.text.split(separator: "\n").first { $0.contains("7 min") && $0.contains("repair") })
        #expect(line.contains("生产") && !line.contains("营销"))
        #expect(String(decoding: report.json, as: UTF8.self).contains(#""waited_for":"dispatched","department":"operations""#))
    }

    @Test("a stage of a case: its part of the case's time is shared among those who had it")
    func stages() throws {
        var collector = FigureCollector(Town.request(try Town.rules()))
        var names = collector.names
        let id = CaseID(day: 20_261_102, number: 1)
        let end = Town.monday + .hours(10)
        let kase = finished(id, &names, from: Town.monday, accepted: Town.monday, to: end, stages: ["survey", "grid"])
        // Twelve hours on its task, of which the case gives it seven and a half: five alone, five shared.
        var survey = stage(1, "survey", of: id, &names, from: Town.monday + .hours(-2), to: end, spent: SpentFact(queued: 240 * minute, accepted: 480 * minute))
        survey.handed = [
            TaskFact.Handed(department: names.code("operations"), spent: SpentFact(queued: 240 * minute, accepted: 120 * minute)),
            TaskFact.Handed(department: names.code("marketing"), spent: SpentFact(accepted: 60 * minute)),
        ]
        let grid = stage(2, "grid", of: id, &names, from: Town.monday, to: Town.monday + .hours(5), department: "operations")
        collector.names = names
        collector.add(kase)
        collector.add(survey)
        collector.add(grid)
        let report = collector.finish()
        let figure = try #require(report.processes.first?.stages.first { $0.name.code == "survey" })
        func part(_ name: String, _ wait: Wait) -> Int64? { figure.parts.first { $0.department?.code == name }?.waits[wait] }
        #expect(figure.waits.total == 450 * minute && figure.waits[.queued] == 150 * minute)
        #expect(part("operations", .queued) == 150 * minute && part("operations", .accepted) == 75 * minute)
        #expect(part("marketing", .queued) == 0 && part("marketing", .accepted) == 225 * minute, "what it had before is its own too")
        let mine = report.costs.filter { $0.part?.code == "survey" }
        #expect(mine.map { "\($0.department?.code ?? "") \($0.wait) \($0.milliseconds / minute)" } == ["marketing accepted 225", "operations queued 150", "operations accepted 75"])
        #expect(report.whole == 600 * minute && report.costs.reduce(0) { $0 + $1.milliseconds } == report.whole)
        #expect(report.processes.first?.allWaits.total == 600 * minute)
    }

    @Test("however it is handed on, the parts add up to the millisecond, each near its own", arguments: [UInt64(1), 2, 3, 4])
    func addsUp(seed: UInt64) throws {
        var dice = Dice(seed: seed)
        var collector = FigureCollector(Town.request(try Town.rules()))
        var names = collector.names
        var plain = FigureCollector(Town.request(try Town.rules()))
        let departments = ["operations", "marketing", "service", "metering"]
        var lengths: [String: Double] = [:]
        var facts: [TaskFact] = []
        for number in 1...Int32(300) {
            var fact = fault(number, &names, at: Town.monday, hours: 1)
            fact.rule = names.code("faults.r\(dice.below(3))")
            fact.crew = 0
            fact.department = names.code(departments[dice.below(4)])
            var (spent, handed): (SpentFact, [TaskFact.Handed]) = (SpentFact(), [])
            var own: [String: Int64] = [:]
            for name in (dice.chance(50) ? departments.shuffled(using: &dice).prefix(dice.below(4)) : []) + [names[fact.department]] {
                let part = SpentFact(
                    queued: Int64(dice.below(2) * dice.below(100_000)), dispatched: Int64(dice.below(7)), accepted: Int64(dice.below(900_000)), onsite: Int64(dice.below(2)),
                    suspended: Int64(dice.below(9_999)))
                own[name, default: 0] += part.total
                for wait in Wait.allCases { spent[wait] += part[wait] }
                handed.append(TaskFact.Handed(department: names.code(name), spent: part))
            }
            fact.spent = spent
            fact.handed = handed.dropLast()
            // Mostly what its states say; else stretched, as by a time in which it was called done.
            let length = dice.chance(70) ? spent.total : spent.total * 3 + Int64(dice.below(1_000))
            fact.endedAt = fact.createdAt + TimeSpan(milliseconds: length)
            for (name, part) in own where spent.total > 0 { lengths[name, default: 0] += Double(part) / Double(spent.total) * Double(length) }
            facts.append(fact)
        }
        collector.names = names
        plain.names = names
        for fact in facts {
            collector.add(fact)
            var without = fact
            without.handed = []
            plain.add(without)
        }
        let (report, other) = (collector.finish(), plain.finish())
        // By wait, the whole is as it would be had nothing been handed on.
        func sum(_ groups: [GroupFigure]) -> WaitSums { groups.reduce(into: WaitSums()) { $0 += $1.waits } }
        #expect(report.whole == other.whole && sum(report.works) == sum(other.works) && sum(report.departments) == sum(other.works), "seed \(seed)")
        for work in report.works {
            #expect(work.parts.reduce(into: WaitSums()) { $0 += $1.waits } == work.waits, "seed \(seed)")
            for part in work.parts { for wait in Wait.allCases { #expect(part.waits[wait] >= 0, "seed \(seed)") } }
        }
        #expect(report.costs.reduce(0) { $0 + $1.milliseconds } == report.whole, "seed \(seed)")
        for name in departments {
            let waits = try figure(report.departments, name).waits
            // A task's kinds of wait round by half a millisecond each.
            #expect(abs(Double(waits.total) - lengths[name, default: 0]) < 300 * 5, "seed \(seed), \(name)")
            let parts = report.works.flatMap(\.parts).filter { $0.department?.code == name }
            #expect(parts.reduce(into: WaitSums()) { $0 += $1.waits } == waits, "seed \(seed), \(name)")
            let ranked = report.costs.filter { $0.department?.code == name }.reduce(0) { $0 + $1.milliseconds }
            #expect(ranked == waits.total, "seed \(seed), \(name)")
        }
    }
}

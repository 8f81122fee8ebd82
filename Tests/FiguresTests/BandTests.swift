import Domain
import Rules
import Testing

@testable import Figures

@Suite("What a stage usually does")
struct BandTests {
    @Test("the band is three median deviations about the median, and never narrower than its slack")
    func band() throws {
        let band = try #require(UsualBand([1, 2, 3, 4, 5, 6, 7, 100]) { _ in 0.1 })
        // Median 4.5; distances 3.5 2.5 1.5 .5 .5 1.5 2.5 95.5, their median 2.
        #expect(band.usual == 4.5 && band.low == -1.5 && band.high == 10.5)
        let still = try #require(UsualBand([2, 2, 2, 2]) { $0 / 4 })
        #expect(still.low == 1.5 && still.high == 2.5)
        #expect(UsualBand([1, 2, 3]) { _ in 0 } == nil, "three weeks are no history")
    }

    private func week(_ done: Int, late: Int, days: Int64) -> FigureReport {
        var report = FigureReport(since: Town.monday, until: Town.monday + .days(7), madeAt: Town.monday, zone: .shanghai)
        var stage = StageFigure(name: NamedCode("survey", chinese: "现场勘查"))
        stage.done = done
        stage.late = LateFigure(timed: done, late: late)
        stage.duration = DurationFigure(count: done, median: days * 1_000, p90: days * 1_000, unit: .working_days)
        var process = ProcessFigure(name: NamedCode("connections.new"))
        process.stages = [stage]
        report.processes = [process]
        return report
    }

    @Test("a week out of the band is found, with its direction; a usual, a thin, and a first one are not")
    func findings() {
        let usual = (0..<8).map { _ in week(20, late: 2, days: 2) }
        #expect(BandFinding.findings(last: week(20, late: 3, days: 2), before: usual) == [])
        let bad = BandFinding.findings(last: week(20, late: 9, days: 5), before: usual)
        #expect(bad.map(\.key) == ["connections.new survey late_rate above", "connections.new survey median above"])
        #expect(bad.map { $0.text($0.value) } == ["45.0 %", "5.0 working days"])
        #expect(BandFinding.findings(last: week(20, late: 2, days: 1), before: usual).map(\.key) == ["connections.new survey median below"])
        #expect(BandFinding.findings(last: week(UsualBand.tasksMin - 1, late: 9, days: 5), before: usual) == [], "too few to tell")
        #expect(BandFinding.findings(last: week(20, late: 9, days: 5), before: Array(usual.prefix(UsualBand.weeksMin - 1))) == [], "too short a history")
        let thin = (0..<8).map { $0 < 5 ? week(3, late: 0, days: 2) : week(20, late: 2, days: 2) }
        #expect(BandFinding.findings(last: week(20, late: 9, days: 5), before: thin) == [], "thin weeks are no history")
    }
}

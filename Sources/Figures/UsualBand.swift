/// What a stage usually does, and whether last week was out of it. The choice is ours: robust, so that one bad week in eight moves nothing, and
/// slow to speak, so that people go on listening.
///
/// - The usual value is the median of the eight weeks before; the band reaches three times the median of their distances from it (MAD) to
///   either side, and at least `slack` beyond: after weeks that were all alike a hair's breadth is no finding.
/// - A week counts with `tasksMin` tasks or more, and there must be `weeksMin` such weeks, and last week must be one.
package struct UsualBand: Sendable, Hashable {
    package static let weeks = 8
    package static let weeksMin = 4
    package static let tasksMin = 10

    package var low: Double
    package var high: Double
    package var usual: Double

    /// nil: too few weeks.
    /// - Parameter slack: how far from the usual value anything is still usual.
    package init?(_ values: [Double], slack: (Double) -> Double) {
        guard values.count >= Self.weeksMin else { return nil }
        usual = Self.median(values)
        let centre = usual
        let reach = max(3 * Self.median(values.map { abs($0 - centre) }), slack(centre))
        low = centre - reach
        high = centre + reach
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

/// A stage whose last week left its usual band.
package struct BandFinding: Sendable, Hashable {
    package enum Measure: String, Sendable, Hashable, CaseIterable { case late_rate, median }

    package var process: String
    package var stage: NamedCode
    package var measure: Measure
    package var isAbove: Bool
    package var value: Double
    package var band: UsualBand
    package var unit: DurationUnit
    /// Tasks of the last week.
    package var count: Int

    package init(
        process: String, stage: NamedCode, measure: Measure, isAbove: Bool, value: Double, band: UsualBand, unit: DurationUnit, count: Int
    ) {
        self.process = process
        self.stage = stage
        self.measure = measure
        self.isAbove = isAbove
        self.value = value
        self.band = band
        self.unit = unit
        self.count = count
    }

    /// What makes it the same finding as yesterday's.
    package var key: String { "\(process) \(stage.code) \(measure.rawValue) \(isAbove ? "above" : "below")" }

    /// `12.5 %`, `4.2 working days`
    package func text(_ value: Double) -> String {
        switch measure {
        case .late_rate: Words.percent(value)
        case .median:
            switch unit {
            case .hours: Words.length(Int64(value * 3_600_000))
            case .working_days: Words.decimal(value, 1) + " working days"
            case .working_hours: Words.decimal(value, 1) + " working h"
            }
        }
    }

    /// Compares weeks, each the figures of seven days.
    /// - Parameters:
    ///   - last: the last seven days.
    ///   - before: the eight weeks before.
    package static func findings(last: FigureReport, before: [FigureReport]) -> [BandFinding] {
        struct Key: Hashable {
            var process: String
            var stage: String
        }
        func stages(_ report: FigureReport) -> [Key: StageFigure] {
            var result: [Key: StageFigure] = [:]
            for process in report.processes {
                for stage in process.stages where stage.done >= UsualBand.tasksMin { result[Key(process: process.name.code, stage: stage.name.code)] = stage }
            }
            return result
        }
        let history = before.map(stages)
        var findings: [BandFinding] = []
        for (key, stage) in stages(last) {
            let weeks = history.compactMap { $0[key] }
            func judge(_ measure: Measure, _ value: Double?, _ usual: [Double], unit: DurationUnit, slack: (Double) -> Double) {
                guard let value, let band = UsualBand(usual, slack: slack), value > band.high || value < band.low else { return }
                findings.append(
                    BandFinding(
                        process: key.process, stage: stage.name, measure: measure, isAbove: value > band.high, value: value, band: band, unit: unit, count: stage.done))
            }
            // Ten points of a hundred.
            judge(.late_rate, stage.late.rate, weeks.compactMap(\.late.rate), unit: .hours) { _ in 0.1 }
            guard let duration = stage.duration else { continue }
            // A quarter of what is usual, and half an hour or a tenth of a day at the least. A limit that changed its unit begins a new history.
            let medians = weeks.compactMap { week in week.duration.flatMap { $0.unit == duration.unit ? $0.unit.number($0.median) : nil } }
            let least = duration.unit == .working_days ? 0.1 : 0.5
            judge(.median, duration.unit.number(duration.median), medians, unit: duration.unit) { max($0 / 4, least) }
        }
        return findings.sorted { $0.key < $1.key }
    }
}

import Decisions
import Domain

/// What a day came to, in lines for a reader.
package struct DaySummary: Sendable {
    package let lines: [String]

    package init(ledger: Ledger, open: Int) {
        let tasks = ledger.lines.values.filter { $0.kase == nil }
        let stages = ledger.lines.values.filter { $0.kase != nil }
        let cases = Array(ledger.cases.values)
        let fromStart = Spread(cases.filter { $0.state == .completed }.map { $0.since - $0.createdAt })
        let dispatch = Spread(tasks.compactMap { line in line.firstDispatch.map { $0 - line.createdAt } })
        let hazards = Spread(tasks.filter(\.isEmergency).compactMap { line in line.arrived.map { $0 - line.reportedAt } })
        let arrival = Spread(tasks.compactMap { line in line.arrived.map { $0 - line.reportedAt } })
        func minutes(_ span: TimeSpan) -> String {
            let tenths = (span.milliseconds + 3_000) / 6_000
            return tenths >= 100 ? "\((tenths + 5) / 10) min" : "\(tenths / 10).\(tenths % 10) min"
        }
        func kept(_ name: LimitName) -> String {
            let clocks = tasks.compactMap { line in line.limits.first { $0.name == name } }.filter { $0.reachedAt != nil }
            guard !clocks.isEmpty else { return "none" }
            let inTime = clocks.count { clock in clock.due.map { due in clock.reachedAt.map { $0 <= due } ?? false } ?? false }
            let permille = inTime * 1_000 / clocks.count
            return "\(permille / 10).\(permille % 10) % of \(clocks.count)"
        }
        func events(_ event: HistoryEvent) -> Int { ledger.events[event, default: 0] }
        let accepted = ledger.receipts[.accepted, default: 0]
        lines = [
            "reports      \(accepted) accepted, \(ledger.receipts[.duplicate, default: 0]) sent again, \(ledger.receipts[.rejected, default: 0] + ledger.receipts[.conflict, default: 0]) refused\(ledger.own.isEmpty ? "" : "; \(ledger.own.count) made by the watch over equipment")",
            "tasks        \(tasks.count) made, \(tasks.count { $0.completed != nil }) done; \(ledger.joinedCount) calls joined another's; \(open) still wait for the caller's word",
            "to dispatch  median \(minutes(dispatch.percentile(50))), 90 % within \(minutes(dispatch.percentile(90))), longest \(minutes(dispatch.longest))",
            "to arrival   median \(minutes(arrival.percentile(50))), 90 % within \(minutes(arrival.percentile(90))), longest \(minutes(arrival.longest))",
            "emergencies  \(hazards.count): on site after \(minutes(hazards.percentile(50))) (median), the last after \(minutes(hazards.longest))",
            "limits kept  arrive \(kept(.arrive)), restore \(kept(.restore))",
            "crews        \(events(.accept_timeout)) did not answer, \(events(.rejected)) refused: each time the next was asked; \(events(.escalated)) escalations",
            "applications \(cases.count), \(cases.count { $0.state == .completed }) of them completed, in \(stages.count) tasks of their stages; the longest took \(minutes(fromStart.longest))",
        ]
    }
}

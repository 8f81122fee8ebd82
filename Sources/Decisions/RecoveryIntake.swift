// What a device had reported by itself is over: what becomes of the tasks.
//
//    nobody has taken it up (queued, dispatched, accepted)         completed, with the outcome `recovered`; whoever had it is told
//    somebody is on the way or on site, or it is suspended         a line in its history; they decide
//    others have reported the same (an incident of several)        a line in its history: they may be without power
//    it is a stage of a case                                       a line in its history: its case goes on by what people find
//    it is completed already, or final                             nothing

import Domain
import Rules

/// The outcome of a task that was done without anybody's work.
let recoveredOutcome = "recovered"

extension DispatchState {
    mutating func take(_ recovery: Recovery, _ d: inout Deliberation) -> Outcome {
        var touched: [TaskID] = []
        for id in recovery.tasks {
            guard let before = task(id) else { continue }
            var row = before
            row.revision += 1
            switch lifecycleStep(before.state, .recovered, isDesk: before.isDesk) {
            case .recover where before.callers <= 1 && before.kase == nil: recover(&row, recovery, &d)
            case .recover, .recoveryNoted: d.note(row, .recovered, at: recovery.at, note: recovery.note)
            case .advance, .passOn, .dispatch, .cancel, .suspend, .resume, .askAgain, .setPriority, .contacted, .calledBack, .merge, .split, .nothing, .refuse:
                continue
            }
            enter(before, row, &d)
            touched.append(id)
        }
        if touched.isEmpty { d.aside = "its tasks are done already: nothing changed" }
        return .accepted(tasks: touched, rule: recovery.rule)
    }

    /// No milestone was reached on the way: nobody travelled.
    private func recover(_ row: inout WorkTask, _ recovery: Recovery, _ d: inout Deliberation) {
        if row.state != .queued, let crew = row.crew { d.tell(row, .withdrawn, crew: crew) }
        if row.state != .queued, row.isDesk { d.tell(row, .withdrawn, department: row.department) }
        row.stopClocks(at: d.now, rules)
        row.state = .completed
        row.since = d.now
        row.askAgainAt = nil
        row.outcome = recoveredOutcome
        d.note(row, .recovered, at: recovery.at, note: recovery.note)
        d.note(row, .completed, note: recoveredOutcome)
        d.tell(row, .completed, department: row.department)
        for department in row.shared { d.tell(row, .shared_done, department: department) }
    }
}

// How a case flows: which stages begin, are skipped, end or are done again, and when its clock runs. All of it follows from the case's row, its
// plan and what became of its tasks, in the very decision in which that became so.

import Domain
import Rules

/// What a stage's task reports when the work has to be done again.
let failedOutcome = "failed"
/// What the task of a stage that can fail reports when it has not.
let passedOutcome = "done"

extension DispatchState {
    /// Begins every stage that can begin, and completes the case when all are past. `row` is entered by the caller.
    mutating func flow(_ row: inout WorkCase, _ compiled: CompiledPlan, _ d: inout Deliberation) {
        guard row.state == .open, row.acceptedAt != nil else { return }
        let plan = compiled.plan
        var goesOn = true
        while goesOn {
            goesOn = false
            for place in plan.stages.indices where row.stages[place].state == .waiting {
                guard plan.stages[place].after.allSatisfy({ row.stages[$0].state.isPast }) else { continue }
                var event = StageEvent.begin
                switch compiled.answer(stage: place, row.subject(at: d.now, outageBook), row.facts(at: d.now)) {
                case .opens: break
                case .skips: event = .skip
                case .fails(let message):
                    d.remark(
                        .condition_failed,
                        "\(plan.file):\(plan.line): the condition of the stage '\(plan.stages[place].name)' can't be asked (\(message)); the stage is done", rule: plan.name)
                }
                guard let state = stageStep(row.stages[place].state, event) else { continue }
                row.stages[place].state = state
                row.stages[place].since = d.now
                if state == .open {
                    begin(place, of: &row, plan, &d)
                } else {
                    d.note(row, .stage_skipped, note: plan.stages[place].name)
                    goesOn = true
                }
            }
        }
        if row.stages.allSatisfy(\.state.isPast) {
            row.state = .completed
            row.since = d.now
            if row.total?.state == .running || row.total?.state == .stopped {
                row.total?.go(on: d.now, rules)
                row.total?.state = .reached
                row.total?.reachedAt = d.now
            }
            d.note(row, .case_completed)
            d.tellCustomer(row, .case_completed, plan)
        }
        setClock(&row, plan, &d)
    }

    /// The total runs while any open stage's clock runs.
    func setClock(_ row: inout WorkCase, _ plan: ProcessPlan, _ d: inout Deliberation) {
        guard var total = row.total, !row.state.isFinal, row.acceptedAt != nil else { return }
        let isRunning =
            row.state == .open
            && plan.stages.indices.contains { place in
                guard row.stages[place].state == .open, !plan.stages[place].isStopped else { return false }
                return row.stages[place].task.flatMap { task($0) }.map { $0.state != .suspended } ?? true
            }
        if isRunning { total.go(on: d.now, rules) } else { total.stop(at: d.now, rules) }
        row.total = total
    }

    private mutating func begin(_ place: Int, of row: inout WorkCase, _ plan: ProcessPlan, _ d: inout Deliberation) {
        let stage = plan.stages[place]
        let id = takeNumber(&d)
        row.stages[place].rounds += 1
        row.stages[place].task = id
        row.stages[place].begunAt = d.now
        row.stages[place].outcome = nil
        row.stages[place].isHeld = false
        var skills: [SkillID] = []
        var within: Int?
        var isDesk = true
        if case .nearest(let wanted, let metres, _) = stage.assign { (skills, within, isDesk) = (wanted.sorted(), metres, false) }
        var limits = stage.limits
        if stage.isStopped { limits = [:] }
        var task = WorkTask(
            id: id, revision: 1, reports: [row.application], source: row.source, type: row.report.type, category: row.report.category ?? "",
            task: stage.name, rule: plan.name, state: .queued, priority: stage.priority, department: stage.assign.department, isDesk: isDesk,
            skills: skills, within: within, place: row.place, customer: row.customer, customersOut: row.customersOut, reportedAt: d.now,
            createdAt: d.now, limits: LimitName.allCases.compactMap { name in limits[name].map { LimitClock(name: name, length: $0) } },
            escalate: stage.escalate ?? plan.escalate)
        task.kase = row.id
        if case .string(let tier)? = row.facts["tier"], !tier.isEmpty { task.tier = tier }
        if case .accountManager = stage.assign { task.person = row.manager.flatMap { present($0, d) } }
        for name in [LimitName.arrive, .stage] { task.startClock(name, at: d.now, rules) }
        warnOfCalendar(task.limits, task.id, &d)
        d.note(task, .created, note: row.stages[place].rounds > 1 ? "round \(row.stages[place].rounds)" : nil, why: createdWhy(task, trace: nil, zone: d.site.zone))
        if case .contractor(let works, _) = stage.assign {
            award(&task, works: works, &d)
        } else if isDesk {
            sendToDesk(&task, &d)
        } else {
            self.place(&task, &d)
        }
        if let manager = task.person { d.tell(task, .dispatched, role: manager, due: task.clock(.stage)?.due) }
        enter(nil, task, &d)
        guard stage.tellsCustomer else { return }
        let qualified = stage.publish == nil ? [] : qualifiedContractors(for: stage.publishWorks, d.site, contractors, at: d.now)
        d.tellCustomer(row, .stage_begun, plan, stage: place, due: task.clock(.stage), qualified: qualified)
    }

    /// What became of a stage's task, for its case.
    mutating func follow(_ before: WorkTask, _ after: WorkTask, _ d: inout Deliberation) {
        guard let id = after.kase, let old = cases[id]?.row, !old.state.isFinal, let compiled = plans[old.plan],
            let place = old.stages.firstIndex(where: { $0.task == after.id && $0.state == .open })
        else { return }
        let wasDone = before.state == .completed || before.state == .closed
        let isDone = after.state == .completed || after.state == .closed
        let wasHeld = before.state == .suspended
        let isHeld = after.state == .suspended
        guard isDone && !wasDone || wasHeld != isHeld else { return }
        var row = old
        row.revision += 1
        if isDone, !wasDone {
            end(place, of: &row, after, compiled.plan, &d)
            flow(&row, compiled, &d)
        } else {
            setClock(&row, compiled.plan, &d)
        }
        guard row.stages != old.stages || row.state != old.state || row.total != old.total else { return }
        enter(old, row, &d)
    }

    private func end(_ place: Int, of row: inout WorkCase, _ task: WorkTask, _ plan: ProcessPlan, _ d: inout Deliberation) {
        let stage = plan.stages[place]
        row.stages[place].outcome = task.outcome
        guard let state = stageStep(row.stages[place].state, .finish) else { return }
        row.stages[place].state = state
        row.stages[place].since = task.since
        // A stage without a way back can't be reported as failed.
        guard task.outcome == failedOutcome, let target = stage.backTo else {
            if stage.tellsCustomer { d.tellCustomer(row, .stage_done, plan, stage: place) }
            return
        }
        // The way from the target to here is gone once more; what lies beside it stays done.
        for again in plan.redone(from: target, failed: place) {
            guard let state = stageStep(row.stages[again].state, .redo) else { continue }
            row.stages[again].state = state
            row.stages[again].since = d.now
        }
        d.note(row, .stage_failed, note: "\(stage.name) → \(plan.stages[target].name)")
        if stage.tellsCustomer { d.tellCustomer(row, .stage_failed, plan, stage: place) }
    }

    func warnOfCalendar(_ limits: [LimitClock], _ task: TaskID?, _ d: inout Deliberation) {
        for clock in limits where clock.isBeyondCalendar(d.site) {
            d.remark(
                .beyond_calendar,
                "the limit '\(clock.name.rawValue)' of \(clock.length.text) reaches into a year that no calendar has: its public holidays are not known, every Monday to Friday counts",
                task: task)
        }
    }
}

extension WorkCase {
    /// What conditions of stages see of the case itself.
    func facts(at now: Instant) -> CaseFacts {
        CaseFacts(
            age: max(.zero, now - (acceptedAt ?? now)), rounds: stages.map { Int($0.rounds) }.max() ?? 0,
            outcomes: stages.map { $0.state == .done ? $0.outcome : nil })
    }

    /// The report as conditions see it.
    /// - Parameter outages: what is known of interruptions then; none where only what comes next is shown.
    func subject(at now: Instant, _ outages: OutageBook = OutageBook()) -> RouteSubject {
        var subject = RouteSubject(report: report, source: source, customer: customer.map { CustomerFacts(customer: $0, facts: facts) }, now: now)
        subject.outages = outages
        return subject
    }
}

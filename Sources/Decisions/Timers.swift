import Domain
import Rules

/// What a task's next timer brings.
enum TimerKind: Hashable, Sendable {
    case acceptLimit, askAgain, closeDue
    /// A rung of the ladder, at so many per cent of the limit.
    case rung(LimitName, percent: Int)
}

extension DispatchState {
    /// The next timer of a task, from its row and the rules in force; nil: nothing is due for it. At one instant: the life cycle first, then
    /// the rungs of `arrive`, then those of `restore`.
    func nextTimer(of row: WorkTask) -> (at: Instant, kind: TimerKind)? {
        var next: (at: Instant, kind: TimerKind)?
        func consider(_ at: Instant?, _ kind: TimerKind) {
            guard let at else { return }
            if let known = next, known.at <= at { return }
            next = (at, kind)
        }
        switch row.state {
        case .dispatched:
            // The head of a desk that did not accept is told once.
            if let clock = row.clock(.accept), clock.state == .running, clock.toldPercent == 0 { consider(clock.due, .acceptLimit) }
        case .queued: consider(row.askAgainAt, .askAgain)
        case .completed: consider(row.since + rules.site.closeAfter, .closeDue)
        case .accepted, .enroute, .onsite, .suspended, .closed, .cancelled, .merged: break
        }
        if row.state != .completed, let ladder = row.escalate.flatMap({ rules.ladders[$0] }) {
            for clock in row.limits where clock.name != .accept && clock.state == .running {
                guard let rung = ladder.rungs.first(where: { $0.percent > clock.toldPercent }) else { continue }
                consider(clock.instant(percent: rung.percent, rules), .rung(clock.name, percent: rung.percent))
            }
        }
        return next
    }

    /// Fires everything that is due, each timer in the order of the instants at which they were due, at most `limit` of them; then offers
    /// what waits to the crews that are free. What it does, it does now: who is told late is told late.
    mutating func tick(limit: Int, _ d: inout Deliberation) {
        var left = limit
        left -= endOutages(limit: left, &d)
        while left > 0 {
            if let timer = firstCaseTimer, timer.at <= d.now, firstTimer.map({ timer.at <= $0.at }) ?? true, let before = kase(timer.kase),
                let (_, percent) = nextTimer(of: before)
            {
                left -= 1
                escalate(before, percent, &d)
                continue
            }
            guard let timer = firstTimer, timer.at <= d.now, let before = task(timer.task), let (_, kind) = nextTimer(of: before) else { break }
            left -= 1
            fire(kind, before, &d)
        }
        settle(limit: left, &d)
    }

    private mutating func fire(_ kind: TimerKind, _ before: WorkTask, _ d: inout Deliberation) {
        var row = before
        row.revision += 1
        switch kind {
        case .acceptLimit:
            if row.isDesk, row.contractor == nil {
                for index in row.limits.indices where row.limits[index].name == .accept { row.limits[index].toldPercent = 100 }
                d.note(row, .accept_timeout, note: "desk of \(row.department) has not accepted; its head \(d.head(of: row.department)) is told")
                d.tellHead(row, .unassigned, due: row.clock(.accept)?.due, limit: .accept, percent: 100)
            } else {
                passOn(&row, .accept_timeout, by: paidan, note: nil, &d)
            }
        case .askAgain:
            row.declined = []
            row.askAgainAt = nil
            row.passedBy = []
            if row.isDesk, let works = works(of: row) {
                award(&row, works: works, &d)
            } else if row.isDesk {
                sendToDesk(&row, &d)
            } else {
                place(&row, &d)
            }
        case .closeDue:
            advance(&row, to: .closed, by: paidan, at: d.now, note: "not disputed within the configured time", outcome: nil, &d)
        case .rung(let name, let percent):
            escalate(&row, name, percent, &d)
        }
        enter(before, row, &d)
    }

    /// Tells everybody of the ladder's rungs at `percent`, once.
    private func escalate(_ row: inout WorkTask, _ name: LimitName, _ percent: Int, _ d: inout Deliberation) {
        for index in row.limits.indices where row.limits[index].name == name { row.limits[index].toldPercent = percent }
        let due = row.clock(name)?.due
        for rung in row.escalate.flatMap({ rules.ladders[$0] })?.rungs ?? [] where rung.percent == percent {
            let whom: String
            switch rung.tell {
            case .assignee:
                if row.state != .queued, let crew = row.crew {
                    whom = "assignee \(crew)"
                    d.tell(row, .escalated, crew: crew, due: due, limit: name, percent: percent)
                } else if row.state != .queued, let contractor = row.contractor {
                    whom = "assignee \(contractor)"
                    d.tell(row, .escalated, contractor: contractor, due: due, limit: name, percent: percent)
                } else if row.state != .queued, row.isDesk {
                    whom = "assignee \(row.department)"
                    d.tell(row, .escalated, department: row.department, due: due, limit: name, percent: percent)
                } else {
                    whom = "department.head \(d.head(of: row.department)) (nobody has it)"
                    d.tellHead(row, .escalated, due: due, limit: name, percent: percent)
                }
            case .departmentHead:
                whom = "department.head \(d.head(of: row.department))"
                d.tellHead(row, .escalated, due: due, limit: name, percent: percent)
            case .role(let role):
                whom = "\(role) \(d.person(of: role))"
                d.tell(row, .escalated, role: role, due: due, limit: name, percent: percent)
            }
            d.note(row, .escalated, note: "\(name.rawValue) \(percent)% → \(whom)")
        }
    }

    /// The next rung of a case's ladder for its whole limit.
    func nextTimer(of row: WorkCase) -> (at: Instant, percent: Int)? {
        guard let total = row.total, total.state == .running, let ladder = row.escalate.flatMap({ rules.ladders[$0] }),
            let rung = ladder.rungs.first(where: { $0.percent > total.toldPercent }), let at = total.instant(percent: rung.percent, rules)
        else { return nil }
        return (at, rung.percent)
    }

    /// Tells everybody of the ladder's rungs at `percent`, once: whoever has the open stages as the assignee, their departments' heads.
    private mutating func escalate(_ before: WorkCase, _ percent: Int, _ d: inout Deliberation) {
        var row = before
        row.revision += 1
        row.total?.toldPercent = percent
        let due = row.total?.due
        let open = row.stages.compactMap { stage in stage.state == .open ? stage.task.flatMap { task($0) } : nil }
        for rung in row.escalate.flatMap({ rules.ladders[$0] })?.rungs ?? [] where rung.percent == percent {
            var told: [String] = []
            switch rung.tell {
            case .assignee:
                for task in open {
                    let name = task.state == .queued ? d.head(of: task.department) : task.crew?.rawValue ?? task.contractor?.rawValue ?? task.person?.rawValue ?? task.department.rawValue
                    if !told.contains(name) { told.append(name) }
                }
            case .departmentHead: for task in open where !told.contains(d.head(of: task.department)) { told.append(d.head(of: task.department)) }
            case .role(let role): told = [d.person(of: role)]
            }
            for name in told { d.tell(row, .escalated, to: name, due: due, percent: percent) }
            d.note(row, .case_escalated, note: "total \(percent)% → \(told.isEmpty ? "nobody has a stage of it now" : told.joined(separator: ", "))")
        }
        enter(before, row, &d)
    }

    /// Takes the task from whoever has it, and gives it to the next candidate. `event` says why: rejected, or the accept limit.
    mutating func passOn(_ row: inout WorkTask, _ event: HistoryEvent, by: String, note: String?, _ d: inout Deliberation) {
        if let contractor = row.contractor {
            passOnByContractor(&row, contractor, event, by: by, note: note, &d)
            return
        }
        if row.isDesk {
            // Its department is the only candidate.
            d.note(row, event, by: by, note: note)
            row.state = .queued
            row.since = d.now
            row.resetClock(.accept)
            row.askAgainAt = d.now + max(d.site.askAgainAfter, .seconds(1))
            d.note(row, .all_declined)
            d.tellHead(row, .unassigned)
            return
        }
        if let crew = row.crew {
            d.note(row, event, by: by, crew: crew, note: note)
            if !row.declined.contains(crew) { row.declined.append(crew) }
            if event == .accept_timeout || by != crew.rawValue { d.tell(row, .withdrawn, crew: crew) }
        }
        row.crew = nil
        place(&row, &d)
    }

    /// Moves a task on along its life; each state passed has its line and its clocks.
    func advance(
        _ row: inout WorkTask, to target: TaskState, by: String, at: Instant, note: String?, outcome: String?, _ d: inout Deliberation
    ) {
        let passed = milestones(from: row.state, to: target, isDesk: row.isDesk)
        for state in passed {
            let event: HistoryEvent
            switch state {
            case .accepted:
                event = .accepted
                row.reachClock(.accept, at: at)
            case .enroute: event = .enroute
            case .onsite:
                event = .onsite
                row.reachClock(.arrive, at: at)
                // Sent out again after an arrival: that clock runs on.
                if row.clock(.restore)?.state == .waiting { row.startClock(.restore, at: at, rules) }
            case .completed:
                event = .completed
                for name in LimitName.allCases { row.reachClock(name, at: at) }
                row.outcome = outcome ?? row.outcome
            case .closed: event = .closed
            case .queued, .dispatched, .suspended, .cancelled, .merged:
                assertionFailure("not on the way")
                continue
            }
            row.state = state
            row.since = at
            d.note(row, event, by: by, at: at, note: state == target ? note : nil)
            guard state == .completed else { continue }
            d.tell(row, .completed, department: row.department)
            d.tellCallers(row)
            for department in row.shared { d.tell(row, .shared_done, department: department) }
        }
    }
}

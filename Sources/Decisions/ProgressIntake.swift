// What a crew or a duty engineer says about a task.
//
// Who may say what. `by` tells who speaks; the door or socket vouches for it:
//
//    by                                   is                     may
//    the task's crew, contractor or desk  the assignee           accept, reject, contact, enroute, onsite, complete, suspend, resume
//    another crew, another department     somebody else          nothing: refused
//    `caller`                             the caller             close or call back what is completed
//    any department                       who calls back         callback of what is completed
//    nearly the name of one of these      a slip of the keys     nothing: refused, with the name that was meant
//    any other name                       a duty engineer        everything
//    absent, source `socket` or `cli`     a duty engineer        everything (whoever may open the socket is one)
//    absent, another source               the assignee           as above (a crew's app need not repeat who it is)
//    `paidan`                             nobody                 nothing: the name is the daemon's own

import Domain
import Planning
import Rules

/// Who speaks, as far as a task is concerned.
private enum Speaker {
    /// The name under which the history has it.
    case assignee(String)
    case engineer(String)
    case caller
    case nobody(reason: String)

    var name: String {
        switch self {
        case .assignee(let name), .engineer(let name): name
        case .caller: "caller"
        case .nobody: ""
        }
    }
}

extension DispatchState {
    mutating func take(_ progress: Progress, _ key: InputKey, _ findings: Findings, _ d: inout Deliberation) -> Outcome {
        let event = LifecycleEvent(progress.event)
        guard let before = task(progress.task) else {
            guard let finished = findings.finished else { return .rejected("there is no task \(progress.task); look for its number with 'paidan tasks --all'") }
            let state = finished.state
            switch lifecycleStep(state, event, isDesk: false) {
            case .refuse(let refusal): return .rejected(refusal.reason(progress.task, state, event))
            case .nothing, .advance, .passOn, .dispatch, .cancel, .suspend, .resume, .askAgain, .setPriority, .contacted, .calledBack, .merge, .split, .recover,
                .recoveryNoted:
                if event == .complete, let outcome = progress.outcome, outcome != finished.outcome ?? outcome {
                    return .rejected(
                        "\(progress.task) is \(state.rawValue) already, with the outcome '\(clipped(finished.outcome ?? "", to: 80))': it can't become '\(clipped(outcome, to: 80))'; if there is more to do, send a report about it (\"about\": \"\(progress.task)\")")
                }
                d.aside = "\(progress.task) is \(state.rawValue) already: nothing changed"
                return .accepted(tasks: [progress.task], rule: nil)
            }
        }
        let speaker = speaker(progress, key.source, before, d.site)
        if let reason = refusal(of: progress, by: speaker, before) { return .rejected(reason) }
        // What it has begun it may finish; what it has not, it may not begin.
        if event == .accept || event == .complete, before.state == .dispatched, case .assignee(let name) = speaker, let contractor = before.contractor,
            name == contractor.rawValue, let works = works(of: before), let reason = whatForbids(contractor, works, d)
        {
            return .rejected("\(reason); reject \(before.id), or its department assigns it to another one")
        }

        if let kase = before.kase.flatMap({ cases[$0]?.row }), kase.state == .suspended, before.state == .suspended {
            switch event {
            case .accept, .reject, .contact, .enroute, .onsite, .complete, .close, .resume, .callback, .assign, .merge, .split:
                return .rejected("\(before.id) is the stage '\(before.task)' of \(kase.id), which is suspended: resume the case first ('paidan case \(kase.id) resume')")
            case .cancel, .suspend, .priority, .acceptLimit, .askAgain, .found, .closeDue, .recovered: break
            }
        }
        if event == .complete, let reason = refusal(ofOutcome: progress.outcome, before) { return .rejected(reason) }
        if !progress.fields.isEmpty {
            guard let kase = before.kase else { return .rejected("'fields' are for the stages that follow, and \(before.id) is no stage of a case") }
            if let reason = undeclaredField(in: progress.fields, d.site) { return .rejected(reason) }
            if let old = cases[kase]?.row, lifecycleStep(before.state, event, isDesk: before.isDesk) == .advance(to: .completed) {
                var row = old
                row.revision += 1
                for (name, value) in progress.fields { row.report.fields[name] = value }
                if row.report.fields != old.report.fields { enter(old, row, &d) }
            }
        }
        let at = milestoneInstant(progress.at, before, d.now)
        var row = before
        row.revision += 1
        switch lifecycleStep(before.state, event, isDesk: before.isDesk) {
        case .refuse(let refusal): return .rejected(refusal.reason(before.id, before.state, event))
        case .nothing, .askAgain, .recover, .recoveryNoted:
            d.aside = "\(before.id) is \(before.state.rawValue)\(before.state == .suspended ? "" : " already"): nothing changed"
            return .accepted(tasks: [before.id], rule: nil)
        case .advance(let wanted):
            // A stage that is done is past: its case has gone on, and nobody disputes it by telephone.
            let target = wanted == .completed && row.kase != nil ? .closed : wanted
            advance(&row, to: target, by: speaker.name, at: at, note: progress.note, outcome: progress.outcome, &d)
            if let mark = progress.satisfaction { row.satisfaction = mark }
        case .contacted:
            if row.clock(.contact)?.state == .reached {
                d.aside = "the customer of \(row.id) was reached before: nothing changed"
                return .accepted(tasks: [row.id], rule: nil)
            }
            if row.state == .dispatched { advance(&row, to: .accepted, by: speaker.name, at: at, note: nil, outcome: nil, &d) }
            row.reachClock(.contact, at: at)
            d.note(row, .contacted, by: speaker.name, at: at, note: progress.note)
        case .calledBack:
            if let reason = callBack(&row, progress, by: speaker.name, at: at, &d) { return .rejected(reason) }
        case .passOn: passOn(&row, .rejected, by: speaker.name, note: progress.note, &d)
        case .cancel:
            if let kase = row.kase {
                return .rejected(
                    "\(row.id) is the stage '\(row.task)' of \(kase): a stage is not cancelled; withdraw the case ('paidan case \(kase) withdraw'), or complete the stage with a note")
            }
            cancel(&row, by: speaker.name, note: progress.note, &d)
        case .suspend:
            row.stopClocks(at: at, rules)
            row.suspendedFrom = row.state
            row.state = .suspended
            row.since = at
            d.note(row, .suspended, by: speaker.name, at: at, note: progress.note)
        case .resume:
            resume(&row, by: speaker.name, at: at, note: progress.note, &d)
            if row.state == .queued, !row.isDesk { place(&row, &d) }
        case .dispatch:
            if let outcome = assign(&row, progress, by: speaker.name, &d) { return outcome }
        case .merge:
            if let reason = merge(&row, into: progress.to, by: speaker.name, note: progress.note, &d) { return .rejected(reason) }
        case .split:
            switch split(&row, progress.reports, findings.callers, by: speaker.name, note: progress.note, &d) {
            case .refused(let reason): return .rejected(reason)
            case .made(let id):
                enter(before, row, &d)
                return .accepted(tasks: [row.id, id], rule: nil)
            }
        case .setPriority:
            guard let priority = progress.priority else {
                return .rejected("'priority' needs one of \(Priority.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            if priority == row.priority {
                d.aside = "\(row.id) has that priority already: nothing changed"
                return .accepted(tasks: [row.id], rule: nil)
            }
            let change = "\(row.priority.rawValue) → \(priority.rawValue)"
            row.priority = priority
            d.note(row, .priority_changed, by: speaker.name, note: progress.note.map { "\(change): \($0)" } ?? change)
        }
        enter(before, row, &d)
        return .accepted(tasks: [row.id], rule: nil)
    }

    /// Whether work can have come to this. A slip of the keys must not pass an inspection: what a stage comes to decides how its case goes on.
    private func refusal(ofOutcome outcome: String?, _ task: WorkTask) -> String? {
        guard let outcome else { return nil }
        if task.state == .completed, let known = task.outcome, known != outcome {
            let remedy = task.kase.map { "send what is wrong as a complaint about \($0)" } ?? "call the customer back, and report it as not settled, to open it again"
            return "\(task.id) is completed already, with the outcome '\(clipped(known, to: 80))': it can't become '\(clipped(outcome, to: 80))'; \(remedy)"
        }
        guard let kase = task.kase.flatMap({ cases[$0]?.row }), let plan = plans[kase.plan]?.plan,
            let stage = plan.stages.first(where: { $0.name == task.task })
        else { return nil }
        if outcome == failedOutcome, stage.backTo == nil {
            return
                "the stage '\(stage.name)' of \(kase.id) can't fail: its process says nothing of what then ('failed: { back_to: … }', \(plan.file):\(plan.line)); complete it with a note, or suspend the case"
        }
        let word = outcome.lowercased()
        let isSlip = outcome != failedOutcome && (word == failedOutcome || nearestName(to: word, among: [failedOutcome]) != nil)
        if stage.backTo != nil, outcome != failedOutcome, outcome != passedOutcome {
            return
                "'\(clipped(outcome, to: 80))' does not say whether the stage '\(stage.name)' of \(kase.id) passed: its outcome is '\(passedOutcome)' or '\(failedOutcome)'\(isSlip ? "; did you mean '\(failedOutcome)'?" : "; what there is to say goes into 'note'")"
        }
        if isSlip {
            return "the stage '\(stage.name)' of \(kase.id) can't fail, and '\(clipped(outcome, to: 80))' looks like it: complete it with '\(passedOutcome)' and a note, or suspend the case"
        }
        return nil
    }

    // MARK: Who speaks

    private func speaker(_ progress: Progress, _ source: SourceID, _ task: WorkTask, _ site: Site) -> Speaker {
        let assignee = task.contractor?.rawValue ?? (task.isDesk ? task.department.rawValue : task.crew?.rawValue)
        guard let by = progress.by, !by.isEmpty else {
            if source.rawValue == "socket" || source.rawValue == "cli" { return .engineer(source.rawValue) }
            guard let assignee else { return .nobody(reason: "nobody has \(task.id): say who reports this, as 'by'") }
            return .assignee(assignee)
        }
        if by == "caller" { return .caller }
        if by == paidan { return .nobody(reason: "'paidan' is the daemon's own name: say who reports this, as 'by'") }
        if by == assignee { return .assignee(by) }
        // The department that awarded it answers for it as well.
        if task.contractor != nil, by == task.department.rawValue { return .assignee(by) }
        // Customer service calls back about the work of others.
        if progress.event == .callback, site.departments[DepartmentID(by)] != nil { return .assignee(by) }
        let isContractor = site.contractors.contractors[ContractorID(by)] != nil || contractors[ContractorID(by)] != nil
        if site.crews[CrewID(by)] != nil || crews[CrewID(by)] != nil || site.departments[DepartmentID(by)] != nil || isContractor {
            return .nobody(
                reason: assignee.map { "\(task.id) is with \($0), not with '\(by)': only its assignee and a duty engineer can change it" }
                    ?? "\(task.id) is with nobody now, and not with '\(by)': a duty engineer can assign it")
        }
        let people = site.roles.values.compactMap { $0.person?.rawValue } + site.departments.values.compactMap { $0.head?.rawValue }
        let teams = site.crews.keys.map(\.rawValue) + site.departments.keys.map(\.rawValue) + site.contractors.contractors.keys.map(\.rawValue)
        // Short names are near to each other by chance.
        if by.unicodeScalars.count >= 5, !people.contains(by), let meant = nearestName(to: by, among: teams.sorted()) {
            return .nobody(reason: "there is no crew or department '\(clipped(by, to: 80))'; did you mean '\(meant)'? (a duty engineer gives the own name)")
        }
        return .engineer(by)
    }

    private func refusal(of progress: Progress, by speaker: Speaker, _ task: WorkTask) -> String? {
        switch speaker {
        case .nobody(let reason): return reason
        case .engineer: return nil
        case .caller:
            if progress.event == .close || progress.event == .callback, task.state == .completed { return nil }
            return "the caller can only confirm (close, callback) a task that is completed; \(task.id) is \(task.state.rawValue)"
        case .assignee(let name):
            switch progress.event {
            case .accept, .reject, .contact, .enroute, .onsite, .complete, .suspend, .resume, .callback: return nil
            case .close, .cancel, .assign, .priority, .merge, .split:
                return "'\(progress.event.rawValue)' is for a duty engineer, '\(name)' is the assignee of \(task.id): send it with the engineer's name as 'by'"
            }
        }
    }

    /// A milestone's instant: what the sender says, when that lies between the dispatch and now, and never before the milestone that
    /// came before it; else now.
    private func milestoneInstant(_ said: Instant?, _ task: WorkTask, _ now: Instant) -> Instant {
        // The accept clock keeps the instant of the dispatch; without one, only the task's beginning is known after the first milestone.
        let dispatched = task.state == .dispatched ? task.since : min(task.clock(.accept)?.start ?? task.createdAt, task.since)
        guard let said, said >= dispatched, said <= now else { return now }
        return max(said, task.since)
    }

    /// What the customer says of work that is completed (回访): closed by it, or opened again. Returns the reason of a refusal.
    private mutating func callBack(_ row: inout WorkTask, _ progress: Progress, by: String, at: Instant, _ d: inout Deliberation) -> String? {
        if let mark = progress.satisfaction { row.satisfaction = mark }
        var said = progress.satisfaction.map { ["satisfaction \($0) of 5"] } ?? []
        if let note = progress.note { said.append(note) }
        let isSettled = progress.solved ?? true
        if !isSettled, let kase = row.kase {
            return "\(row.id) is the stage '\(row.task)' of \(kase), which has gone on: it can't be opened again; send what is wrong as a complaint about \(kase)"
        }
        d.note(row, .called_back, by: by, at: at, note: said.isEmpty ? nil : said.joined(separator: "; "))
        if isSettled {
            advance(&row, to: .closed, by: by, at: at, note: nil, outcome: nil, &d)
            return nil
        }
        // What was not settled was never in time: its clocks go on as if it had not been called done.
        row.reopened += 1
        row.outcome = nil
        row.declined = []
        row.reopenClock(.restore, rules)
        row.reopenClock(.reply, rules)
        row.state = .queued
        row.since = d.now
        d.note(row, .reopened, by: by, note: progress.note)
        if let contractor = row.contractor {
            hand(&row, to: contractor, by: by, &d)
        } else if row.isDesk {
            sendToDesk(&row, by: by, &d)
        } else {
            row.crew = nil
            place(&row, &d)
        }
        return nil
    }

    // MARK: By hand

    func cancel(_ row: inout WorkTask, by: String, note: String?, _ d: inout Deliberation) {
        if row.state != .queued, let crew = row.crew { d.tell(row, .withdrawn, crew: crew) }
        if row.state != .queued, let contractor = row.contractor { d.tell(row, .withdrawn, contractor: contractor) }
        if row.state != .queued, row.isDesk { d.tell(row, .withdrawn, department: row.department) }
        row.stopClocks(at: d.now, rules)
        row.state = .cancelled
        row.suspendedFrom = nil
        row.since = d.now
        row.askAgainAt = nil
        d.note(row, .cancelled, by: by, note: note)
    }

    func resume(_ row: inout WorkTask, by: String, at: Instant, note: String?, _ d: inout Deliberation) {
        row.resumeClocks(at: at, rules)
        row.state = row.suspendedFrom ?? .queued
        row.suspendedFrom = nil
        row.since = at
        d.note(row, .resumed, by: by, at: at, note: note)
    }

    /// To a crew (also one that is off duty or has its hands full: the hand decides, the history says so) or onto a department's desk.
    /// Returns an outcome where nothing is to be entered.
    private mutating func assign(_ row: inout WorkTask, _ progress: Progress, by: String, _ d: inout Deliberation) -> Outcome? {
        guard let name = progress.to, !name.isEmpty else { return .rejected("'assign' needs 'to': the name of a crew or a department") }
        let crew = d.site.crews[CrewID(name)]
        let department = d.site.departments[DepartmentID(name)]
        if crew == nil, department == nil, let contractor = d.site.contractors.contractors[ContractorID(name)] {
            return assign(&row, to: contractor, by: by, note: progress.note, &d)
        }
        guard crew != nil || department != nil else {
            let names = d.site.crews.keys.map(\.rawValue) + d.site.departments.keys.map(\.rawValue) + d.site.contractors.ids.map(\.rawValue)
            return .rejected("there is no crew or department '\(clipped(name, to: 80))'\(didYouMean(name, among: names)) (site.yaml, crews: and departments:)")
        }
        let had = row.state == .queued ? nil : row.crew
        let hadContractor = row.state == .queued ? nil : row.contractor
        let hadDesk = row.state != .queued && row.isDesk && hadContractor == nil ? row.department : nil
        if row.state != .suspended {
            if crew != nil ? had?.rawValue == name : hadDesk?.rawValue == name {
                d.aside = "\(row.id) is with '\(name)' already: nothing changed"
                return .accepted(tasks: [row.id], rule: nil)
            }
        } else {
            resume(&row, by: by, at: d.now, note: nil, &d)
        }
        row.declined = []
        row.passedBy = []
        if let hadContractor {
            d.tell(row, .withdrawn, contractor: hadContractor)
            takeBack(from: hadContractor, &d)
        }
        if let crew, let slot = roster.slots[crew.id] {
            let why = candidatesWhy(row, chosen: slot, byHand: by)
            let marks = marks(slot, row, alreadyHas: had == crew.id)
            row.crew = crew.id
            if !marks.isEmpty { d.aside = "\(name): \(marks.joined(separator: ", ")); it was given the task all the same" }
            let text = ([name] + marks + (progress.note.map { [$0] } ?? [])).joined(separator: "; ")
            d.note(row, .assigned, by: by, crew: crew.id, note: text)
            if let had, had != crew.id { d.tell(row, .withdrawn, crew: had) }
            if let hadDesk { d.tell(row, .withdrawn, department: hadDesk) }
            send(&row, to: crew.id, by: by, why: why, &d)
        } else if let department {
            if let had { d.tell(row, .withdrawn, crew: had) }
            if let hadDesk, hadDesk != department.id { d.tell(row, .withdrawn, department: hadDesk) }
            row.department = department.id
            row.crew = nil
            d.note(row, .assigned, by: by, note: ([name] + (progress.note.map { [$0] } ?? [])).joined(separator: "; "))
            sendToDesk(&row, by: by, &d)
        }
        return nil
    }

    /// What a search would have held against the crew.
    private mutating func marks(_ slot: Int, _ row: WorkTask, alreadyHas: Bool) -> [String] {
        let crew = roster.crews[slot]
        var marks: [String] = []
        let lacks = row.skills.filter { !crew.skills.contains($0) }
        if !lacks.isEmpty { marks.append("lacks \(lacks.map(\.rawValue).joined(separator: ", "))") }
        if !roster.isOnDuty[slot] { marks.append("off duty") }
        let load = Int(roster.loads[slot]) - (alreadyHas ? 1 : 0)
        if load >= crew.capacity { marks.append("has \(load) of \(crew.capacity) already") }
        if let place = row.place.coordinate, !roster.field.reaches(slot, place, within: row.within) { marks.append("out of reach") }
        return marks
    }
}

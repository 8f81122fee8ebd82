// Where an application becomes a case, and what is said of a case as a whole.

import Domain
import Rules

extension DispatchState {
    /// Opens a case. Its first stages begin at once, or when the last document has come in.
    mutating func openCase(
        _ found: FoundReport, _ key: InputKey, _ customer: CustomerFacts?, _ plan: ProcessPlan, _ trace: RouteTrace?, _ d: inout Deliberation
    ) -> (id: CaseID, tasks: [TaskID]) {
        let id = nextCaseID(at: d.now, zone: d.site.zone)
        let numbered = Change.lastCase(before: lastCase, after: id)
        apply(numbered)
        d.decision.changes.append(numbered)
        let compiled = keep(plan, &d)

        var report = found.report
        report.place.address = nil
        report.description = nil
        var facts = customer?.facts ?? [:]
        for name in CustomerFacts.personalNames {
            facts[name] = nil
            report.fields[name] = nil
        }
        var manager: RoleID?
        if case .string(let name) = customer?.facts["account_manager"], !name.isEmpty { manager = RoleID(name) }
        var row = WorkCase(
            id: id, process: plan.name, plan: plan.digest, application: key.id, source: key.source, report: report, place: found.place,
            customersOut: found.customersOut, facts: facts, manager: manager, createdAt: d.now,
            missing: plan.documents.filter { !report.documents.contains($0) }, stages: plan.stages.map { CaseStage(name: $0.name) },
            total: plan.total.map { LimitClock(name: .total, length: $0) }, escalate: plan.escalate)
        d.note(row, .case_opened, why: caseWhy(row, trace: trace, zone: d.site.zone))
        d.tellCustomer(row, .case_opened, plan)
        for document in report.documents where !plan.documents.contains(document) {
            d.remark(.document_unexpected, "\(id): the process \(plan.name) asks for no document '\(clipped(document, to: 80))'; it was noted", rule: plan.name)
        }
        if let account = found.report.customer, customer == nil {
            d.remark(
                .register_unknown,
                "\(id): customer '\(clipped(account.rawValue, to: 80))' is not known: it has no tier and no account manager here; send the customer's record first")
        }
        if row.missing.isEmpty {
            accept(&row, &d)
            flow(&row, compiled, &d)
        } else {
            d.note(row, .documents_missing, note: row.missing.joined(separator: ", "))
            d.tellCustomer(row, .documents_missing, plan, documents: row.missing)
        }
        enter(nil, row, &d)
        return (id, row.stages.compactMap(\.task))
    }

    private func accept(_ row: inout WorkCase, _ d: inout Deliberation) {
        row.acceptedAt = d.now
        row.total?.begin(at: d.now, rules)
        if let total = row.total { warnOfCalendar([total], nil, &d) }
        d.note(row, .case_accepted)
    }

    mutating func take(_ signal: CaseSignal, _ finished: CaseState?, _ d: inout Deliberation) -> Outcome {
        guard let before = cases[signal.id]?.row, let compiled = plans[before.plan] else {
            guard let finished else { return .rejected("there is no case \(signal.id); look for its number with 'paidan cases --all'") }
            switch caseStep(finished, signal.event) {
            case .refuse(let refusal): return .rejected(refusal.reason(signal.id))
            case .nothing, .takeDocuments, .suspend, .resume, .withdraw, .migrate:
                d.aside = "\(signal.id) is \(finished.rawValue) already: nothing changed"
                return .caseAccepted(signal.id, tasks: [])
            }
        }
        let by = signal.by ?? "caller"
        if by == paidan { return .rejected("'paidan' is the daemon's own name: say who reports this, as 'by'") }
        var row = before
        row.revision += 1
        let openTasks = Set(before.stages.compactMap(\.task))
        switch caseStep(before.state, signal.event) {
        case .refuse(let refusal): return .rejected(refusal.reason(signal.id))
        case .nothing:
            d.aside = "\(signal.id) is \(before.state.rawValue) already: nothing changed"
            return .caseAccepted(signal.id, tasks: [])
        case .takeDocuments:
            if let reason = undeclaredDocument(signal, compiled.plan, d.site) ?? undeclaredField(in: signal.fields, d.site) { return .rejected(reason) }
            for (name, value) in signal.fields { row.report.fields[name] = value }
            let new = signal.documents.filter { !row.report.documents.contains($0) }
            row.report.documents += new
            row.missing.removeAll { new.contains($0) }
            guard !new.isEmpty || row.report.fields != before.report.fields else {
                d.aside = "all of it was there before: nothing changed"
                return .caseAccepted(signal.id, tasks: [])
            }
            let noted = new + signal.fields.keys.sorted()
            d.note(row, .documents_received, by: by, note: ([noted.joined(separator: ", ")] + (signal.note.map { [$0] } ?? [])).joined(separator: "; "))
            if row.missing.isEmpty, row.acceptedAt == nil { accept(&row, &d) }
            flow(&row, compiled, &d)
            // While it is suspended nothing flows, and its clock stands still from the beginning.
            setClock(&row, compiled.plan, &d)
            enter(before, row, &d)
            if row.report.fields != before.report.fields { tellOfOtherProcess(row, &d) }
        case .suspend:
            row.state = .suspended
            row.since = d.now
            d.note(row, .case_suspended, by: by, note: signal.note)
            setClock(&row, compiled.plan, &d)
            for place in row.stages.indices where row.stages[place].state == .open {
                guard let id = row.stages[place].task, let task = self.task(id), task.state != .suspended else { continue }
                row.stages[place].isHeld = true
            }
            enter(before, row, &d)
            for stage in row.stages where stage.isHeld { hold(stage.task, by: by, &d) }
        case .resume:
            row.state = .open
            row.since = d.now
            let held = row.stages.filter(\.isHeld).map(\.task)
            for place in row.stages.indices { row.stages[place].isHeld = false }
            d.note(row, .case_resumed, by: by, note: signal.note)
            enter(before, row, &d)
            for task in held { release(task, by: by, &d) }
            // What became possible meanwhile (documents, stages that ended) begins now.
            reflow(signal.id, &d)
        case .withdraw:
            row.state = .withdrawn
            row.since = d.now
            if row.total?.state == .running { row.total?.stop(at: d.now, rules) }
            d.note(row, .case_withdrawn, by: by, note: signal.note)
            d.tellCustomer(row, .case_withdrawn, compiled.plan)
            enter(before, row, &d)
            for stage in row.stages where stage.state == .open { withdraw(stage.task, by: by, &d) }
        case .migrate:
            if let outcome = migrate(before, &row, by: by, signal.note, &d) { return outcome }
        }
        let tasks = (cases[signal.id]?.row.stages ?? []).compactMap(\.task).filter { !openTasks.contains($0) }
        return .caseAccepted(signal.id, tasks: tasks)
    }

    /// What became known may be what another process takes: a case never changes over by itself.
    private func tellOfOtherProcess(_ row: WorkCase, _ d: inout Deliberation) {
        let wanted = d.route(row.subject(at: d.now, outageBook)).routings.first { $0.process != nil }?.rule
        guard let wanted, wanted != row.process else { return }
        d.aside =
            "as it is known now the process \(wanted) would have taken it, and \(row.id) goes on by \(row.process): to change that, withdraw it and send the application again, under a new id"
    }

    private mutating func reflow(_ id: CaseID, _ d: inout Deliberation) {
        guard let before = cases[id]?.row, let compiled = plans[before.plan] else { return }
        var row = before
        row.revision += 1
        if row.missing.isEmpty, row.acceptedAt == nil { accept(&row, &d) }
        flow(&row, compiled, &d)
        if row.stages != before.stages || row.state != before.state || row.total != before.total || row.acceptedAt != before.acceptedAt { enter(before, row, &d) }
    }

    // MARK: The tasks of a case

    private mutating func hold(_ id: TaskID?, by: String, _ d: inout Deliberation) {
        guard let before = id.flatMap({ task($0) }), lifecycleStep(before.state, .suspend, isDesk: before.isDesk) == .suspend else { return }
        var row = before
        row.revision += 1
        row.stopClocks(at: d.now, rules)
        row.suspendedFrom = row.state
        row.state = .suspended
        row.since = d.now
        d.note(row, .suspended, by: by, note: "with its case")
        enter(before, row, &d)
    }

    private mutating func release(_ id: TaskID?, by: String, _ d: inout Deliberation) {
        guard let before = id.flatMap({ task($0) }), lifecycleStep(before.state, .resume, isDesk: before.isDesk) == .resume else { return }
        var row = before
        row.revision += 1
        resume(&row, by: by, at: d.now, note: "with its case", &d)
        if row.state == .queued, !row.isDesk { place(&row, &d) }
        enter(before, row, &d)
    }

    private mutating func withdraw(_ id: TaskID?, by: String, _ d: inout Deliberation) {
        guard let before = id.flatMap({ task($0) }), lifecycleStep(before.state, .cancel, isDesk: before.isDesk) == .cancel else { return }
        var row = before
        row.revision += 1
        cancel(&row, by: by, note: "its case was withdrawn", &d)
        enter(before, row, &d)
    }

    // MARK: Another wording of the process

    /// Returns an outcome where nothing is to be entered. Stages keep their states by name; new ones wait; one that is gone must not be open.
    private mutating func migrate(_ before: WorkCase, _ row: inout WorkCase, by: String, _ note: String?, _ d: inout Deliberation) -> Outcome? {
        guard let plan = rules.processes.first(where: { $0.name == before.process }) else {
            return .rejected("\(before.id) can't be migrated: the rules in force have no process '\(before.process)'; it goes on by the one that it began with")
        }
        if plan.digest == before.plan {
            d.aside = "\(before.id) goes by the process as it stands now: nothing changed"
            return .caseAccepted(before.id, tasks: [])
        }
        for stage in before.stages where stage.state == .open && plan.stage(named: stage.name) == nil {
            return .rejected(
                "\(before.id) can't be migrated now: its stage '\(stage.name)' is open and the new process has none of that name; complete it first (\(stage.task?.description ?? ""))")
        }
        let compiled = keep(plan, &d)
        row.plan = plan.digest
        row.stages = plan.stages.map { stage in before.stages.first { $0.name == stage.name } ?? CaseStage(name: stage.name) }
        row.missing = plan.documents.filter { !row.report.documents.contains($0) }
        // What has begun is not stopped by a document that is wanted only now.
        if row.acceptedAt == nil, row.missing.isEmpty { accept(&row, &d) }
        row.escalate = plan.escalate
        if let length = plan.total {
            if var total = row.total {
                total.length = length
                total.retime(rules)
                row.total = total
            } else {
                row.total = LimitClock(name: .total, length: length)
                if let accepted = row.acceptedAt { row.total?.begin(at: accepted, rules) }
            }
        } else {
            row.total = nil
        }
        d.note(row, .case_migrated, by: by, note: ([migration(before, plan)] + (note.map { [$0] } ?? [])).joined(separator: "; "))
        flow(&row, compiled, &d)
        enter(before, row, &d)
        return nil
    }

    /// What another wording changes for a case: the stages that come and go; for the history.
    private func migration(_ before: WorkCase, _ plan: ProcessPlan) -> String {
        let added = plan.stages.map(\.name).filter { name in !before.stages.contains { $0.name == name } }
        let dropped = before.stages.map(\.name).filter { plan.stage(named: $0) == nil }
        var said: [String] = []
        if !added.isEmpty { said.append("with \(added.joined(separator: ", "))") }
        if !dropped.isEmpty { said.append("without \(dropped.joined(separator: ", "))") }
        return said.isEmpty ? "the same stages, worded otherwise" : said.joined(separator: ", ")
    }

    // MARK: Numbers

    /// Numbers rise from 1 each local day. When the clock stands before the last day used, that day goes on: a number is never given twice.
    private func nextCaseID(at now: Instant, zone: TimeZoneRules) -> CaseID {
        let day = zone.date(at: now).packed
        if day > lastCase.day { return CaseID(day: day, number: 1) }
        if lastCase.number == .max { return CaseID(day: lastCase.day + 1, number: 1) }
        return CaseID(day: lastCase.day, number: lastCase.number + 1)
    }
}

/// The first document of a signal that its process does not ask for, as the reason of a refusal; nil: there is none.
private func undeclaredDocument(_ signal: CaseSignal, _ plan: ProcessPlan, _ site: Site) -> String? {
    for document in signal.documents where !plan.documents.contains(document) {
        let declared = (site.values["document"] ?? []).map(\.code)
        guard declared.contains(document) else { return undeclared("documents", document, plan.documents + declared, at: "values: document:") }
        return "the process \(plan.name) asks for no document '\(clipped(document, to: 80))'; it asks for \(plan.documents.joined(separator: ", "))"
    }
    return nil
}

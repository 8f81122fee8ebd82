// Customers: what billing says is taken in, what passes through is counted, and the rules of `classify:` make tiers, flags, suggestions and
// account managers of it.
//
// Each rule holds or not. What happens when it begins to hold happens once, until it ends and begins again:
//
//    does not hold ──(a record, or a report of theirs)──▶ holds: told, a task suggested, flagged
//    holds ──(likewise, or time)──▶ does not hold: the flag is gone
//
// Time alone ends what was counted too long ago. Nobody looks at three million customers every night: whoever is looked at next is looked at
// twice, first as they were without what is new. So a reason that ended unseen has ended, and counts as new when it returns.

import Domain
import Rules

extension DispatchState {
    /// What billing says of a customer.
    mutating func take(_ said: CustomerFacts, _ key: InputKey, _ before: CustomerRecord?, _ d: inout Deliberation) -> Outcome {
        if said.event == .forget { return forget(said.customer, key, before, &d) }
        if let reason = undeclaredFact(in: said, d.site) { return .rejected(reason) }
        if let reason = impossibleMonth(in: said, d) { return .rejected(reason) }
        var record = before ?? CustomerRecord(id: said.customer)
        settle(&record, by: key, &d)
        let known = record
        record.take(said)
        settle(&record, by: key, &d)
        if record == known, known == before { d.aside = "customer \(clipped(said.customer.rawValue, to: 80)) is known like this already: nothing changed" }
        enter(before, record, &d)
        return .accepted(tasks: d.suggested, rule: nil)
    }

    /// A report of a customer's has come in. Returns them as the rules see them from here on.
    mutating func count(_ report: Report, _ key: InputKey, _ before: CustomerRecord?, _ d: inout Deliberation) -> CustomerRecord? {
        guard let account = report.customer else { return nil }
        var record = before ?? CustomerRecord(id: account)
        settle(&record, by: key, &d)
        record.count(report.type, by: key.source, at: d.now, d.site.zone)
        settle(&record, by: key, &d)
        enter(before, record, &d)
        return record
    }

    private mutating func enter(_ before: CustomerRecord?, _ record: CustomerRecord, _ d: inout Deliberation) {
        var record = record
        record.revision = before?.revision ?? 0
        guard record != before else { return }
        record.revision += 1
        let change = Change.customer(before: before, after: record)
        apply(change)
        d.decision.changes.append(change)
    }

    private func impossibleMonth(in said: CustomerFacts, _ d: Deliberation) -> String? {
        let date = d.site.zone.date(at: d.now)
        let present = Int32(clamping: date.year * 100 + date.month)
        for (name, months) in [("consumption", said.consumption.keys.sorted()), ("payments", said.payments.keys.sorted())] {
            if let month = months.last, month > present { return "'\(name)' tells of \(monthText(month)), which has not come yet (it is \(monthText(present)))" }
        }
        return nil
    }

    // MARK: Classes

    /// Looks at the customer by the rules in force, and does what follows from what has begun or ended.
    private mutating func settle(_ record: inout CustomerRecord, by key: InputKey, _ d: inout Deliberation) {
        guard !d.site.customers.isEmpty || !record.held.isEmpty else { return }
        let result = rules.classify(record.seen(at: d.now, d.site.zone), at: d.now)
        for failure in result.failures {
            d.remark(.condition_failed, "\(failure.file):\(failure.line): \(failure.message); the rule did not match", rule: failure.rule)
        }
        let account = Subject.customer(record.id)
        let held = result.held.map(\.name)
        let begun = result.held.filter { !record.held.contains($0.name) }
        record.held = held
        let tier = result.tier
        if tier != record.tier {
            d.note(account, .customer_tier, rule: begun.last { $0.tier == tier }?.name ?? "", report: key.id, note: "\(record.tier ?? "none") → \(tier ?? "none")")
            record.tier = tier
        }
        let flags = result.flags
        for flag in flags where !record.flags.contains(flag) {
            d.note(account, .customer_flagged, rule: result.held.first { $0.flag == flag }?.name ?? "", report: key.id, note: flag)
        }
        for flag in record.flags where !flags.contains(flag) { d.note(account, .customer_unflagged, report: key.id, note: flag) }
        record.flags = flags
        give(&record, result.givesManager, key, &d)
        for rule in begun {
            for recipient in rule.tells { tell(recipient, record, rule, &d) }
            if let suggestion = rule.suggestion { suggest(suggestion, record, rule, key, &d) }
        }
    }

    private mutating func tell(_ recipient: CustomerRecipient, _ record: CustomerRecord, _ rule: ClassifyRule, _ d: inout Deliberation) {
        let name: String
        switch recipient {
        case .department(let department): name = department.rawValue
        case .role(let role): name = d.person(of: role)
        case .accountManager:
            guard let manager = record.manager.flatMap({ present($0, d) }) else { return }
            name = manager.rawValue
        }
        d.note(.customer(record.id), .customer_told, rule: rule.name, note: ([rule.flag, name] as [String?]).compactMap { $0 }.joined(separator: " → "))
        d.tell(record.id, rule: rule, to: name)
    }

    private mutating func suggest(_ suggestion: Suggestion, _ record: CustomerRecord, _ rule: ClassifyRule, _ key: InputKey, _ d: inout Deliberation) {
        let id = takeNumber(&d)
        var place = TaskPlace(origin: .unknown)
        if case .string(let district)? = record.facts["district"] { place = TaskPlace(district: DistrictID(district), origin: .customer) }
        var task = WorkTask(
            id: id, revision: 1, reports: [key.id], source: key.source, type: "suggestion", category: "", task: suggestion.task, rule: rule.name, state: .queued,
            priority: suggestion.priority, department: suggestion.department, isDesk: true, skills: [], within: nil, place: place, customer: record.id,
            customersOut: 0, reportedAt: d.now, createdAt: d.now,
            limits: LimitName.allCases.compactMap { name in suggestion.limits[name].map { LimitClock(name: name, length: $0) } }, escalate: suggestion.escalate)
        task.tier = record.tier
        task.person = record.manager.flatMap { present($0, d) }
        for name in [LimitName.contact, .reply] { task.startClock(name, at: d.now, rules) }
        warnOfCalendar(task.limits, task.id, &d)
        d.note(task, .created, note: "for customer \(record.id)", why: createdWhy(task, trace: nil, zone: d.site.zone))
        sendToDesk(&task, &d)
        if let manager = task.person { d.tell(task, .dispatched, role: manager, due: task.clock(.reply)?.due) }
        enter(nil, task, &d)
        d.note(.customer(record.id), .customer_suggested, rule: rule.name, report: key.id, note: "\(id), \(suggestion.task)")
        d.suggested.append(id)
    }

    // MARK: Account managers

    /// Given once and kept, as long as a rule gives one and the manager is there; given to the one with the fewest customers.
    private mutating func give(_ record: inout CustomerRecord, _ gives: Bool, _ key: InputKey, _ d: inout Deliberation) {
        let known = record.manager
        guard gives else {
            // What billing says stands in the facts, and is no matter of rules.
            guard known != nil else { return }
            record.manager = nil
            d.note(.customer(record.id), .customer_manager, report: key.id, note: "\(known?.rawValue ?? "none") → none")
            return
        }
        if let known, d.site.customers.manager(known) != nil { return }
        var district: DistrictID?
        if case .string(let name)? = record.facts["district"] { district = DistrictID(name) }
        let chosen = manager(for: district, without: nil, d)
        guard chosen?.id != known else { return }
        record.manager = chosen?.id
        let note = "\(known?.rawValue ?? "none") → \(chosen?.id.rawValue ?? "none")"
        d.note(.customer(record.id), .customer_manager, report: key.id, note: chosen == nil ? "\(note): nobody has room, or nobody is there" : note)
    }

    /// The one with the fewest customers of those who look after the district (of all, where nobody does), and are there today.
    private func manager(for district: DistrictID?, without: RoleID?, _ d: Deliberation) -> AccountManager? {
        let day = d.site.zone.date(at: d.now).daysSinceEpoch
        let able = d.site.customers.managers.filter { manager in
            manager.id != without && !manager.isAway(on: day) && manager.customersMax.map { Int(managerLoads[manager.id] ?? 0) < $0 } ?? true
        }
        let own = able.filter { manager in district.map { manager.districts.contains($0) } ?? false }
        let others = able.filter(\.districts.isEmpty)
        let choice = own.isEmpty ? (others.isEmpty ? able : others) : own
        return choice.min { (managerLoads[$0.id] ?? 0, $0.id) < (managerLoads[$1.id] ?? 0, $1.id) }
    }

    /// Who has a manager's tasks today: the deputy while they are away, else whoever of the same district has the fewest customers.
    func present(_ id: RoleID, _ d: Deliberation) -> RoleID? {
        guard let manager = d.site.customers.manager(id) else { return id }
        let day = d.site.zone.date(at: d.now).daysSinceEpoch
        guard manager.isAway(on: day) else { return id }
        if let deputy = manager.deputy.flatMap({ d.site.customers.manager($0) }), !deputy.isAway(on: day) { return deputy.id }
        return self.manager(for: manager.districts.min(), without: id, d)?.id ?? id
    }

    /// Who looks after a customer today, as far as the rules give one.
    func managerToday(of customer: CustomerFacts?, _ d: Deliberation) -> RoleID? {
        guard !d.site.customers.managers.isEmpty, case .string(let name)? = customer?.facts["account_manager"], !name.isEmpty else { return nil }
        let id = RoleID(name)
        return d.site.customers.manager(id) == nil ? nil : present(id, d)
    }

    // MARK: Forgetting

    /// All that is personal goes; the log keeps that there was somebody, and what was decided.
    private mutating func forget(_ account: CustomerID, _ key: InputKey, _ before: CustomerRecord?, _ d: inout Deliberation) -> Outcome {
        guard let before else {
            d.aside = "nothing is known of customer \(clipped(account.rawValue, to: 80)); what stood beside their reports is gone"
            d.decision.changes.append(.forget(account))
            d.note(.customer(account), .customer_forgotten, by: key.source.rawValue, report: key.id)
            return .accepted(tasks: [], rule: nil)
        }
        let change = Change.customer(before: before, after: nil)
        apply(change)
        d.decision.changes.append(change)
        d.decision.changes.append(.forget(account))
        d.note(.customer(account), .customer_forgotten, by: key.source.rawValue, report: key.id)
        return .accepted(tasks: [], rule: nil)
    }
}

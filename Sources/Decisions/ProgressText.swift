package import Domain
package import Rules

/// Where something stands, what comes next, by when, and who has it (by role, never by name), for the one who asked: from the site's catalogue
/// of texts (`texts:`), in both languages.
package struct ProgressText {
    private let site: Site
    private let rules: RuleSet

    package init(_ rules: RuleSet) {
        self.rules = rules
        site = rules.site
    }

    // MARK: A task

    package func of(_ task: WorkTask, at now: Instant) -> Translation {
        site.texts.filled(
            name(task.state), ["task": Translation((task.mergedInto ?? task.id).description), "who": who(task), "due": due(of: task, at: now)])
    }

    private func name(_ state: TaskState) -> TextName {
        switch state {
        case .queued: .task_queued
        case .dispatched: .task_dispatched
        case .accepted: .task_accepted
        case .enroute: .task_enroute
        case .onsite: .task_onsite
        case .suspended: .task_suspended
        case .completed: .task_completed
        case .closed: .task_closed
        case .cancelled: .task_cancelled
        case .merged: .task_merged
        }
    }

    private func who(_ task: WorkTask) -> Translation {
        if task.contractor != nil { return site.texts.filled(.who_contractor) }
        if task.person != nil { return site.texts.filled(.who_account_manager) }
        return site.texts.filled(task.isDesk ? .who_department : .who_crew, ["department": department(task.department)])
    }

    /// The deadline that matters to the customer: of the whole work before that of its first step.
    private func due(of task: WorkTask, at now: Instant) -> Translation {
        for name in [LimitName.stage, .reply, .restore, .arrive, .contact] {
            guard var clock = task.clock(name), clock.state == .running else { continue }
            clock.retime(rules)
            if let due = clock.due { return by(due, clock, at: now) }
        }
        return site.texts.filled(.no_date)
    }

    // MARK: A case

    /// - Parameter tasks: those of its open stages.
    package func of(_ kase: WorkCase, _ compiled: CompiledPlan?, _ tasks: [TaskID: WorkTask], at now: Instant) -> Translation {
        let plan = compiled?.plan
        let values = self.values(kase, plan)
        switch kase.state {
        case .completed: return site.texts.filled(.case_completed, values)
        case .withdrawn: return site.texts.filled(.case_withdrawn, values)
        case .suspended: return site.texts.filled(.case_suspended, values)
        case .open: break
        }
        if kase.acceptedAt == nil {
            return site.texts.filled(.case_waits_for_documents, values.merging(["documents": documents(kase.missing)]) { _, new in new })
        }
        var lines: [Translation] = []
        for (place, stage) in kase.stages.enumerated() where stage.state == .open {
            let task = stage.task.flatMap { tasks[$0] }
            var more = values
            more["stage"] = self.stage(place, kase, plan)
            more["who"] = who(plan.flatMap { place < $0.stages.count ? $0.stages[place].assign : nil }, task)
            more["due"] = task.map { due(of: $0, at: now) } ?? site.texts.filled(.no_date)
            // Nobody has it yet: a crew is looked for.
            lines.append(site.texts.filled(task?.state == .queued ? .case_stage_queued : .case_in_stage, more))
        }
        let next = compiled.map { kase.next($0, at: now) } ?? []
        if !next.isEmpty {
            var more = values
            more["next"] = list(next.compactMap { name in kase.stages.firstIndex { $0.name == name } }.map { stage($0, kase, plan) })
            more["due"] = due(of: kase, at: now)
            lines.append(site.texts.filled(.case_next, more))
        }
        return Translation(chinese: lines.map(\.chinese).joined(), english: lines.map(\.english).joined(separator: " "))
    }

    /// What a notice to the customer says.
    func notice(_ event: Notice.Event, _ kase: WorkCase, _ plan: ProcessPlan?, stage place: Int?, due: Translation?, documents codes: [String]) -> Translation? {
        let name: TextName
        switch event {
        case .case_opened: name = .case_opened
        case .documents_missing: name = .documents_missing
        case .stage_begun: name = .stage_begun
        case .stage_done: name = .stage_done
        case .stage_failed: name = .stage_failed
        case .case_completed: name = .case_completed
        case .case_withdrawn: name = .case_withdrawn
        case .dispatched, .withdrawn, .escalated, .unassigned, .completed, .shared, .shared_done, .restored, .customer_alert, .customer_task, .lent, .returned, .outage_notice, .outage_changed,
            .outage_cancelled, .outage_short_notice, .outage_overlap, .outage_overrun:
            return nil
        }
        var values = values(kase, plan)
        if let place {
            values["stage"] = stage(place, kase, plan)
            values["who"] = who(plan.flatMap { place < $0.stages.count ? $0.stages[place].assign : nil }, nil)
        }
        values["due"] = due ?? site.texts.filled(.no_date)
        values["documents"] = documents(codes)
        return site.texts.filled(name, values)
    }

    /// What the notice of a stage says, and after it who may do the works. At most twenty are named.
    func published(_ list: [QualifiedContractor], _ text: Translation, _ kase: WorkCase, _ plan: ProcessPlan?, stage place: Int) -> Translation {
        let named = list.prefix(20).map { one in
            let rating = one.rating.map { " \(points($0))" } ?? ""
            return Translation(chinese: "\(one.names.chinese)（\(one.tier)\(rating)）", english: "\(one.names.english) (\(one.tier)\(rating))")
        }
        var values = values(kase, plan)
        values["stage"] = stage(place, kase, plan)
        values["contractors"] = self.list(named)
        let more = site.texts.filled(.contractors_published, values)
        return Translation(chinese: text.chinese + more.chinese, english: text.english + " " + more.english)
    }

    // MARK: Words

    private func values(_ kase: WorkCase, _ plan: ProcessPlan?) -> [String: Translation] {
        ["case": Translation(kase.id.description), "process": names(plan?.chinese, plan?.english, kase.process)]
    }

    private func stage(_ place: Int, _ kase: WorkCase, _ plan: ProcessPlan?) -> Translation {
        let stage = plan.flatMap { place < $0.stages.count ? $0.stages[place] : nil }
        return names(stage?.chinese, stage?.english, place < kase.stages.count ? kase.stages[place].name : "")
    }

    /// Where one language has no name the other's stands, and else the code, as words.
    private func names(_ chinese: String?, _ english: String?, _ code: String) -> Translation {
        let plain = String(code.split(separator: ".").last ?? "").replacing("_", with: " ")
        return Translation(chinese: chinese ?? english ?? plain, english: english ?? plain)
    }

    private func department(_ id: DepartmentID) -> Translation { names(site.departments[id]?.name, site.departments[id]?.english, id.rawValue) }

    private func documents(_ codes: [String]) -> Translation {
        list(
            codes.map { code in
                let value = site.values["document"]?.first { $0.code == code }
                return names(value?.chinese, value?.english, code)
            })
    }

    private func list(_ words: [Translation]) -> Translation {
        Translation(chinese: words.map(\.chinese).joined(separator: "、"), english: words.map(\.english).joined(separator: ", "))
    }

    private func who(_ assign: StageAssignment?, _ task: WorkTask?) -> Translation {
        switch assign {
        case nil: return task.map { who($0) } ?? site.texts.filled(.who_crew)
        case .nearest(_, _, let department):
            if task?.isDesk ?? false { return site.texts.filled(.who_department, ["department": self.department(task?.department ?? department)]) }
            return site.texts.filled(.who_crew, ["department": self.department(department)])
        case .department(let department): return site.texts.filled(.who_department, ["department": self.department(task?.department ?? department)])
        case .accountManager(let department):
            if let task, task.person == nil { return site.texts.filled(.who_department, ["department": self.department(task.department)]) }
            return task == nil ? site.texts.filled(.who_department, ["department": self.department(department)]) : site.texts.filled(.who_account_manager)
        case .contractor(_, let department):
            if let task, task.contractor == nil { return site.texts.filled(.who_department, ["department": self.department(task.department)]) }
            return task == nil && site.contractors.contractors.isEmpty
                ? site.texts.filled(.who_department, ["department": self.department(department)]) : site.texts.filled(.who_contractor)
        case .customer: return site.texts.filled(.who_customer)
        }
    }

    private func due(of kase: WorkCase, at now: Instant) -> Translation {
        guard var total = kase.total, total.state == .running else { return site.texts.filled(kase.total?.state == .stopped ? .time_stopped : .no_date) }
        total.retime(rules)
        return total.due.map { by($0, total, at: now) } ?? site.texts.filled(.no_date)
    }

    /// A day and a time of day.
    func instant(_ instant: Instant) -> Translation { date(instant, isDay: false) }

    func by(_ clock: LimitClock?) -> Translation? { clock.flatMap { clock in clock.due.map { by($0, clock, at: nil) } } }

    /// - Parameter now: nil: it lies ahead.
    private func by(_ instant: Instant, _ clock: LimitClock, at now: Instant?) -> Translation {
        let isDay = clock.isByDay
        let isPast = now.map { $0 > instant } ?? false
        let text: TextName = isPast ? .was_due : clock.isBeyondCalendar(site) ? .by_date_uncertain : .by_date
        return site.texts.filled(text, ["date": date(instant, isDay: isDay)])
    }

    private func date(_ instant: Instant, isDay: Bool) -> Translation {
        // The end of a day is that day's, not the next one's.
        let local = site.zone.date(at: isDay ? instant + TimeSpan(milliseconds: -1) : instant)
        let second = Int((instant + .seconds(Int64(site.zone.offsetSeconds(at: instant)))).milliseconds / 1_000 % 86_400)
        let time = isDay ? "" : " \(second / 36_000)\(second / 3_600 % 10):\(second / 600 % 6)\(second / 60 % 10)"
        let months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
        let month = months[max(0, min(11, local.month - 1))]
        return Translation(chinese: "\(local.year)年\(local.month)月\(local.day)日\(time)", english: "\(local.day) \(month) \(local.year)\(time)")
    }
}

extension LimitClock {
    /// It ends with a day, not at a time of day.
    var isByDay: Bool { if case .workingDays = length { true } else { false } }
}

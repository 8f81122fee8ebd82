package import Domain
package import Rules

extension StageAssignment {
    /// Who does it, by role: `department`, `crew`, `account_manager`, `contractor`, `customer`.
    package var role: String {
        switch self {
        case .nearest: "crew"
        case .department: "department"
        case .accountManager: "account_manager"
        case .contractor: "contractor"
        case .customer: "customer"
        }
    }
}

extension WorkCase {
    /// A case in JSON, as every look gives it (compact, snake_case, absent fields left out):
    /// `id, process, plan, application, source, type, category, customer, state, since, created_at, accepted_at, place, documents, missing, fields,
    /// limits{total:{…}}, stages[{name,zh,en,state,with,department,rounds,task,task_state,begun_at,since,outcome,due,overdue}], progress{zh,en}, next[names], history`.
    ///
    /// - Parameters:
    ///   - plan: that the case goes by; nil: the stages come without names and roles.
    ///   - tasks: those of its open stages, for their deadlines.
    ///   - contractors: what is known of them: a stage that publishes who may do its works has the list of them (`published{works,contractors}`); nil:
    ///     it comes without.
    ///   - history: the lines of the case and of its tasks, in their order.
    package func json(plan compiled: CompiledPlan?, tasks: [TaskID: WorkTask] = [:], contractors: [ContractorID: ContractorRecord]? = nil, history: [HistoryLine]? = nil, rules: RuleSet,
        at now: Instant
    ) -> [UInt8] {
        let zone = rules.site.zone
        let plan = compiled?.plan
        var total = total
        total?.retime(rules)
        var json = JSONWriter(capacity: 2_048)
        json.object { json in
            json.field("id", id.description)
            json.field("process", process)
            json.field("plan", self.plan)
            json.field("zh", plan?.chinese)
            json.field("en", plan?.english)
            json.field("application", application)
            json.field("source", source.rawValue)
            json.field("type", report.type)
            json.field("category", report.category)
            json.field("customer", customer?.rawValue)
            json.field("account_manager", manager?.rawValue)
            json.field("state", state.rawValue)
            json.field("since", since.rfc3339(in: zone))
            json.field("created_at", createdAt.rfc3339(in: zone))
            json.field("accepted_at", acceptedAt?.rfc3339(in: zone))
            json.key("place")
            write(place, &json)
            json.key("documents")
            json.array { json in for document in report.documents { json.string(document) } }
            json.key("missing")
            json.array { json in for document in missing { json.string(document) } }
            json.key("limits")
            json.object { json in
                if let total {
                    json.key("total")
                    json.object { json in
                        write(total.length, &json)
                        json.field("due", total.due?.rfc3339(in: zone))
                        if total.isBeyondCalendar(rules.site) { json.field("beyond_calendar", true) }
                        json.field("state", total.state.rawValue)
                        json.field("overdue", total.isOverdue(at: now))
                        json.field("reached_at", total.reachedAt?.rfc3339(in: zone))
                    }
                }
            }
            json.field("escalate", escalate)
            json.key("stages")
            json.array { json in
                for (place, stage) in stages.enumerated() {
                    let planned = plan.flatMap { place < $0.stages.count ? $0.stages[place] : nil }
                    json.object { json in
                        json.field("name", stage.name)
                        json.field("zh", planned?.chinese)
                        json.field("en", planned?.english)
                        json.field("state", stage.state.rawValue)
                        json.field("with", planned?.assign.role)
                        json.field("department", planned?.assign.department.rawValue)
                        json.field("rounds", Int(stage.rounds))
                        json.field("task", stage.task?.description)
                        if stage.state == .open { json.field("task_state", stage.task.flatMap { tasks[$0] }?.state.rawValue) }
                        if stage.state == .open { json.field("contractor", stage.task.flatMap { tasks[$0] }?.contractor?.rawValue) }
                        if let contractors, planned?.publish != nil, !stage.state.isPast {
                            json.key("published")
                            write(
                                qualifiedContractors(for: planned?.publishWorks, rules.site, contractors, at: now), works: planned?.publishWorks, &json)
                        }
                        json.field("begun_at", stage.begunAt?.rfc3339(in: zone))
                        json.field("since", stage.since?.rfc3339(in: zone))
                        json.field("outcome", stage.outcome)
                        if stage.state == .open, var clock = stage.task.flatMap({ tasks[$0] })?.clock(.stage) {
                            clock.retime(rules)
                            json.field("due", clock.due?.rfc3339(in: zone))
                            json.field("overdue", clock.isOverdue(at: now))
                        }
                    }
                }
            }
            write(ProgressText(rules).of(self, compiled, tasks, at: now), "progress", &json)
            if let compiled, !state.isFinal {
                json.key("next")
                json.array { json in for name in next(compiled, at: now) { json.string(name) } }
            }
            if let history {
                json.key("history")
                json.array { json in for line in history { json.raw(line.json(zone: zone)) } }
            }
        }
        return json.bytes
    }

    /// The stages that begin when those that are open now are done, by what is known today: one that would be skipped now is not announced.
    func next(_ compiled: CompiledPlan, at now: Instant) -> [String] {
        let plan = compiled.plan
        var isPast = stages.map { $0.state.isPast || $0.state == .open }
        var found: Set<Int> = []
        var goesOn = true
        while goesOn {
            goesOn = false
            for place in stages.indices where place < plan.stages.count && !isPast[place] && !found.contains(place) {
                guard plan.stages[place].after.allSatisfy({ isPast[$0] }) else { continue }
                if compiled.answer(stage: place, subject(at: now), facts(at: now)) == .skips {
                    isPast[place] = true
                    goesOn = true
                } else {
                    found.insert(place)
                }
            }
        }
        return found.sorted().map { stages[$0].name }
    }
}

/// Why an application became this case: for the `case_opened` line.
func caseWhy(_ row: WorkCase, trace: RouteTrace?, zone: TimeZoneRules) -> [UInt8] {
    var json = JSONWriter(capacity: 512)
    json.object { json in
        json.field("rule", row.process)
        json.field("plan", row.plan)
        if let trace { write(trace, &json) }
        json.key("place")
        write(row.place, &json)
        json.key("missing")
        json.array { json in for document in row.missing { json.string(document) } }
    }
    return json.bytes
}

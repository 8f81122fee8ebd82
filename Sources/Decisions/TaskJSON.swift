package import Domain
package import Rules

extension WorkTask {
    /// A task in JSON, as every look gives it (compact, snake_case, absent fields left out):
    /// `id, report_ids, type, category, task, rule, state, suspended_from, priority, department, desk, crew, skills, within_m, declined,
    /// ask_again_at, place{origin,lat,lon,district,feeder,transformer}, customer, customers_out, source, reported_at, created_at, since,
    /// limits{name:{length_s | length_working_days | length_working_s,due,beyond_calendar,state,overdue,reached_at}}, escalate, outcome, case, person, about, shared, tier,
    /// completed_at, satisfaction, reopened, contractor, callers, incident, history`. `incident` is the number of the task that stands for an
    /// incident of several reports: of this one itself, or of the one that it was merged into.
    ///
    /// - Parameters:
    ///   - history: the task's lines in their order; nil: without the key (`why` of a line is left to `explain`).
    ///   - calls: those who joined it, for `calls` (`report, source, customer, at, transformer`).
    ///   - rules: those in force: all times are RFC 3339 in the site's zone, deadlines in working days go by its calendar.
    ///   - now: for `overdue` of a running limit.
    package func json(history: [HistoryLine]? = nil, calls: [CallerRecord] = [], rules: RuleSet, at now: Instant) -> [UInt8] {
        let site = rules.site
        let zone = site.zone
        var limits = limits
        // The row may be older than the calendar in force.
        for index in limits.indices { limits[index].retime(rules) }
        var json = JSONWriter(capacity: 1_024)
        json.object { json in
            json.field("id", id.description)
            json.key("report_ids")
            json.array { json in for report in reports { json.string(report) } }
            json.field("type", type)
            json.field("category", category)
            json.field("task", task)
            json.field("rule", rule)
            json.field("state", state.rawValue)
            json.field("suspended_from", suspendedFrom?.rawValue)
            json.field("priority", priority.rawValue)
            json.field("department", department.rawValue)
            json.field("desk", isDesk)
            json.field("crew", crew?.rawValue)
            json.key("skills")
            json.array { json in for skill in skills { json.string(skill.rawValue) } }
            json.field("within_m", within)
            if !declined.isEmpty {
                json.key("declined")
                json.array { json in for crew in declined { json.string(crew.rawValue) } }
            }
            json.field("ask_again_at", askAgainAt?.rfc3339(in: zone))
            json.key("place")
            write(place, &json)
            json.field("customer", customer?.rawValue)
            json.field("customers_out", Int(customersOut))
            json.field("source", source.rawValue)
            json.field("reported_at", reportedAt.rfc3339(in: zone))
            json.field("created_at", createdAt.rfc3339(in: zone))
            json.field("since", since.rfc3339(in: zone))
            json.key("limits")
            json.object { json in
                for clock in limits {
                    json.key(named: clock.name.rawValue)
                    json.object { json in
                        write(clock.length, &json)
                        json.field("due", clock.due?.rfc3339(in: zone))
                        // Public holidays of a year that nobody has told: the deadline may be too early.
                        if clock.isBeyondCalendar(site) { json.field("beyond_calendar", true) }
                        json.field("state", clock.state.rawValue)
                        json.field("overdue", clock.isOverdue(at: now))
                        json.field("reached_at", clock.reachedAt?.rfc3339(in: zone))
                    }
                }
            }
            json.field("escalate", escalate)
            json.field("outcome", outcome)
            json.field("case", kase?.description)
            json.field("person", person?.rawValue)
            json.field("about", about)
            if !shared.isEmpty {
                json.key("shared")
                json.array { json in for department in shared { json.string(department.rawValue) } }
            }
            json.field("tier", tier)
            json.field("completed_at", completedAt?.rfc3339(in: zone))
            json.field("satisfaction", satisfaction.map { Int($0) })
            if reopened > 0 { json.field("reopened", Int(reopened)) }
            json.field("contractor", contractor?.rawValue)
            if callers > 1 { json.field("callers", Int(callers)) }
            json.field("incident", mergedInto?.description ?? (callers > 1 ? id.description : nil))
            if !calls.isEmpty {
                json.key("calls")
                json.array { json in for call in calls { call.write(to: &json, zone: zone) } }
            }
            if let history {
                write(ProgressText(rules).of(self, at: now), "progress", &json)
                json.key("history")
                json.array { json in
                    for line in history { json.raw(line.json(zone: zone)) }
                }
            }
        }
        return json.bytes
    }
}

extension CallerRecord {
    fileprivate func write(to json: inout JSONWriter, zone: TimeZoneRules) {
        json.object { json in
            json.field("report", report)
            json.field("source", source.rawValue)
            json.field("customer", customer?.rawValue)
            json.field("at", at.rfc3339(in: zone))
            json.field("transformer", place.transformer?.rawValue)
        }
    }
}

extension OutageRecord {
    /// `outage, state, type, feeder, transformer, from, until, customers_out, reason, source, announced_at, callers, told[{rule, to[]}], overruns`.
    package func json(zone: TimeZoneRules) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("outage", id.rawValue)
            json.field("state", state.rawValue)
            json.field("type", type.rawValue)
            json.field("feeder", feeder?.rawValue)
            json.field("transformer", transformer?.rawValue)
            json.field("from", from.rfc3339(in: zone))
            json.field("until", until.rfc3339(in: zone))
            json.field("customers_out", Int(customersOut))
            json.field("reason", reason.isEmpty ? nil : reason)
            json.field("source", source.rawValue)
            json.field("announced_at", announcedAt.rfc3339(in: zone))
            json.field("callers", Int(callers))
            if !told.isEmpty {
                json.key("told")
                json.array { json in
                    for one in told {
                        json.object { json in
                            json.field("rule", one.rule)
                            json.key("to")
                            json.array { json in for name in one.to { json.string(name) } }
                        }
                    }
                }
            }
            if overruns > 0 { json.field("overruns", Int(overruns)) }
        }
        return json.bytes
    }
}

extension HistoryLine {
    /// One line of a history: `at, event, by, crew, department, note`; `department` only where no crew is concerned.
    package func json(zone: TimeZoneRules) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("at", at.rfc3339(in: zone))
            json.field("event", event.rawValue)
            json.field("by", by)
            if kase != nil, task != .none { json.field("task", task.description) }
            json.field("crew", crew?.rawValue)
            if crew == nil, !department.rawValue.isEmpty { json.field("department", department.rawValue) }
            json.field("note", note)
        }
        return json.bytes
    }
}

/// `"progress":{"zh":"…","en":"…"}`
func write(_ text: Translation, _ key: StaticString, _ json: inout JSONWriter) {
    json.key(key)
    json.object { json in
        json.field("zh", text.chinese)
        json.field("en", text.english)
    }
}

/// A limit's length: `length_s`, `length_working_days` or `length_working_s`.
func write(_ length: LimitLength, _ json: inout JSONWriter) {
    switch length {
    case .time(let span): json.field("length_s", Int(span.milliseconds / 1_000))
    case .workingDays(let days): json.field("length_working_days", days)
    case .workingTime(let span): json.field("length_working_s", Int(span.milliseconds / 1_000))
    }
}

import Domain

extension FigureReport {
    /// One JSON object, snake_case; what is not known is absent. Lengths are `{count, unit, median, p90}` in hours or days, sums in hours.
    package var json: [UInt8] {
        var json = JSONWriter(capacity: 16_384)
        json.object { json in
            json.field("since", since.rfc3339(in: zone))
            json.field("until", until.rfc3339(in: zone))
            json.field("made_at", madeAt.rfc3339(in: zone))
            json.key("tasks")
            json.object { json in
                json.field("done", tasksDone)
                if tellsOpen { json.field("open", tasksOpen) }
                json.field("cancelled", tasksCancelled)
            }
            json.key("cases")
            json.object { json in
                json.field("done", casesDone)
                if tellsOpen { json.field("open", casesOpen) }
                json.field("withdrawn", casesWithdrawn)
            }
            json.field("whole_h", hours(whole))
            json.key("costs")
            json.array { json in
                for cost in costs {
                    json.object { json in
                        json.field("subject", cost.subject.code)
                        json.field("part", cost.part?.code)
                        json.field("waited_for", cost.wait.rawValue)
                        json.field("role", cost.role)
                        json.field("department", cost.department?.code)
                        json.field("hours", hours(cost.milliseconds))
                        json.field("share", rounded(cost.share, 6))
                    }
                }
            }
            json.key("processes")
            json.array { json in for process in processes { write(process, &json) } }
            for (name, groups) in groupsByName {
                json.key(named: name)
                json.array { json in for group in groups { write(group, &json) } }
            }
            json.key("reliability")
            json.object { json in
                if let reliability {
                    json.field("customers_served", reliability.customersServed)
                    json.field("interruptions", reliability.interruptions)
                    json.field("momentary", reliability.momentary)
                    json.field("customers_interrupted", reliability.customersInterrupted)
                    json.field("saidi_min", rounded(reliability.saidi, 6))
                    json.field("saifi", rounded(reliability.saifi, 6))
                    json.field("caidi_min", reliability.caidi.map { rounded($0, 6) })
                }
                json.field("absent", reliabilityAbsence?.rawValue)
            }
            json.key("first_time")
            json.object { json in
                json.key("tasks")
                write(firstTimeTasks, &json)
                json.key("cases")
                write(firstTimeCases, &json)
            }
            json.key("satisfaction")
            write(satisfaction, &json)
            json.key("weeks")
            json.array { json in
                for week in weeks {
                    json.object { json in
                        json.field("monday", week.monday.description)
                        json.field("tasks", week.tasks)
                        json.field("cases", week.cases)
                        write(week.late, &json)
                    }
                }
            }
            json.key("notes")
            json.array { json in for note in notes { json.string(Words.note(note).en) } }
        }
        return json.bytes
    }

    var groupsByName: [(String, [GroupFigure])] {
        [("works", works), ("departments", departments), ("crews", crews), ("districts", districts), ("tiers", tiers), ("contractors", contractors)]
    }

    private func hours(_ milliseconds: Int64) -> Double { rounded(Double(milliseconds) / 3_600_000, 3) }

    private func rounded(_ value: Double, _ places: Int) -> Double {
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        return (value * power).rounded() / power
    }

    private func write(_ name: NamedCode, _ json: inout JSONWriter) {
        json.field("name", name.code)
        json.field("zh", name.chinese)
        json.field("en", name.english)
    }

    private func write(_ late: LateFigure, _ json: inout JSONWriter) {
        json.field("timed", late.timed)
        json.field("late", late.late)
        json.field("late_rate", late.rate.map { rounded($0, 6) })
    }

    private func write(_ duration: DurationFigure?, _ key: StaticString, _ json: inout JSONWriter) {
        guard let duration else { return }
        json.key(key)
        json.object { json in
            json.field("count", duration.count)
            json.field("unit", duration.unit.rawValue)
            json.field("median", rounded(duration.unit.number(duration.median), 3))
            json.field("p90", rounded(duration.unit.number(duration.p90), 3))
        }
    }

    private func write(_ share: ShareFigure, _ json: inout JSONWriter) {
        json.object { json in
            json.field("count", share.count)
            json.field("of", share.of)
            json.field("rate", share.rate.map { rounded($0, 6) })
        }
    }

    private func write(_ satisfaction: SatisfactionFigure, _ json: inout JSONWriter) {
        json.object { json in
            json.field("count", satisfaction.count)
            json.field("mean", satisfaction.mean.map { rounded($0, 3) })
            json.field("satisfied_rate", satisfaction.share.map { rounded($0, 6) })
        }
    }

    private func write(_ waits: WaitSums, _ json: inout JSONWriter) {
        json.key("time_h")
        json.object { json in
            for wait in Wait.allCases where waits[wait] > 0 {
                json.key(named: wait.rawValue)
                json.double(hours(waits[wait]))
            }
        }
    }

    private func write(_ group: GroupFigure, _ json: inout JSONWriter) {
        json.object { json in
            write(group.name, &json)
            json.field("work", group.work)
            json.field("department", group.department?.code)
            json.field("done", group.done)
            if tellsOpen { json.field("open", group.open) }
            json.field("cancelled", group.cancelled)
            write(group.duration, "duration", &json)
            write(group.late, &json)
            if !group.limits.isEmpty {
                json.key("limits")
                json.object { json in
                    for name in LimitName.allCases {
                        guard let late = group.limits[name] else { continue }
                        json.key(named: name.rawValue)
                        json.object { json in write(late, &json) }
                    }
                }
            }
            json.key("first_time")
            write(group.firstTime, &json)
            json.key("satisfaction")
            write(group.satisfaction, &json)
            write(group.waits, &json)
        }
    }

    private func write(_ process: ProcessFigure, _ json: inout JSONWriter) {
        json.object { json in
            write(process.name, &json)
            json.field("in_force", process.isInForce)
            json.field("limit", process.limit?.ruleText)
            json.field("done", process.done)
            if tellsOpen { json.field("open", process.open) }
            json.field("withdrawn", process.withdrawn)
            write(process.duration, "duration", &json)
            write(process.elapsed, "elapsed", &json)
            write(process.late, &json)
            json.key("all_in_time")
            write(process.passed, &json)
            json.key("first_time")
            write(process.firstTime, &json)
            write(process.allWaits, &json)
            json.key("stages")
            json.array { json in
                for stage in process.stages {
                    json.object { json in
                        write(stage.name, &json)
                        json.field("in_force", stage.isInForce)
                        json.field("with", stage.role)
                        json.field("department", stage.department?.code)
                        if stage.isStopped { json.field("clock_stopped", true) }
                        json.field("limit", stage.limit?.ruleText)
                        json.field("done", stage.done)
                        if tellsOpen { json.field("open", stage.open) }
                        json.field("cancelled", stage.cancelled)
                        write(stage.duration, "duration", &json)
                        write(stage.late, &json)
                        write(stage.waits, &json)
                        if stage.joinWait > 0 { json.field("join_wait_h", hours(stage.joinWait)) }
                    }
                }
            }
        }
    }
}

// Why a task was made and why it went where it went: JSON that is stored with the decision, because rules and engines change.
//
// On `created`:
//   {"rule":"faults.hazard-first","file":"rules/faults.yaml","line":23,
//    "conditions":[{"label":"when","text":"hazard","result":true,"values":{"report.category":"line_down"}}],
//    "near_miss":{"rule":"…","file":"…","line":9,"failed":{"label":"when","text":"…","result":false,"values":{…}}},
//    "place":{"origin":"transformer","lat":28.01,"lon":120.65,"district":"lucheng","feeder":"F-12","transformer":"T-991"},
//    "limits":{"accept":{"seconds":180},"arrive":{"seconds":2700,"due":"2026-11-22T09:00:00+08:00"},"restore":{"seconds":10800}}}
//   `near_miss` and the parts of `place` are left out where there are none. Without a rule: "rule":"fallback", and neither file nor line.
//
// On `dispatched` (to a crew), `queued` and `all_declined`:
//   {"skills":["live_line"],"within_m":40000,"chosen":"north-2","distance_m":1234,"by_hand":"zhang",
//    "candidates":[{"crew":"north-2","distance_m":1234,"tasks":0,"capacity":1,"verdict":"chosen"},
//                  {"crew":"north-1","distance_m":901,"tasks":1,"capacity":1,"verdict":"at_capacity"},
//                  {"crew":"south-1","distance_m":1800,"tasks":0,"capacity":1,"verdict":"lacks_skills","lacks":["live_line"]}],
//    "verdicts":{"chosen":1,"farther":3,"at_capacity":12,"lacks_skills":84}}
//   `candidates` are the nearest eight (and the chosen one), nearest first, no more than three of them without the skills unless there are
//   no others; with "district", only crews that serve it are able. `verdicts` counts every crew of the roster once, under the first
//   reason that holds in the order of `Verdict`. `farther`: it could have come, another was nearer.

import Domain
import Planning
import Rules

/// Why a crew was not chosen; the first that holds, in this order. `elsewhere`: it serves another district.
enum Verdict: Int, Sendable, CaseIterable {
    case chosen, lacks_skills, elsewhere, off_duty, declined, at_capacity, place_unknown, out_of_reach, no_position, farther

    /// For `CrewField.survey`: 0 is left to those that only distance decides about.
    var code: UInt8 { UInt8(rawValue + 1) }

    var key: StaticString {
        switch self {
        case .chosen: "chosen"
        case .lacks_skills: "lacks_skills"
        case .elsewhere: "elsewhere"
        case .off_duty: "off_duty"
        case .declined: "declined"
        case .at_capacity: "at_capacity"
        case .place_unknown: "place_unknown"
        case .out_of_reach: "out_of_reach"
        case .no_position: "no_position"
        case .farther: "farther"
        }
    }
}

/// How many of the nearest crews a trace names, and how many of them may lack the skills.
let explainedCandidates = 8
let explainedWithoutSkills = 3

extension DispatchState {
    /// The candidates of a task as they stand now, before it is sent. Costs one look at each crew of the roster.
    mutating func candidatesWhy(_ row: WorkTask, chosen: Int?, byHand: String?) -> [UInt8] {
        let index = roster.group(row.wanted)
        let place = row.place.coordinate
        // Who is not ruled out by skills, duty, having declined or having its hands full comes down to distance.
        func standing(_ slot: Int) -> UInt8 { roster.groups[index].codes[slot] != 0 ? roster.groups[index].codes[slot] : roster.codes[slot] }
        var exceptions: [(slot: Int, code: UInt8)] = []
        for crew in row.declined {
            if let slot = roster.slots[crew], standing(slot) == 0 || standing(slot) == Verdict.at_capacity.code {
                exceptions.append((slot, Verdict.declined.code))
            }
        }
        if let chosen {
            exceptions.removeAll { $0.slot == chosen }
            exceptions.append((chosen, Verdict.chosen.code))
        }
        let survey = roster.field.survey(
            of: place, within: row.within, nearest: explainedCandidates, asideCode: Verdict.lacks_skills.code, asideMax: explainedWithoutSkills,
            codes: roster.groups[index].codes, orElse: roster.codes, except: exceptions, codeCount: Verdict.allCases.count + 1)
        var counts = Array(survey.counts.dropFirst())
        if place == nil {
            counts[Verdict.place_unknown.rawValue] = survey.counts[0]
        } else {
            counts[Verdict.farther.rawValue] = survey.inReach
            counts[Verdict.no_position.rawValue] = survey.withoutPosition
            counts[Verdict.out_of_reach.rawValue] = survey.counts[0] - survey.inReach - survey.withoutPosition
        }
        func verdict(_ slot: Int) -> Verdict {
            let code = exceptions.first { $0.slot == slot }?.code ?? standing(slot)
            if code > 0, let verdict = Verdict(rawValue: Int(code) - 1) { return verdict }
            guard let place else { return .place_unknown }
            if roster.field.reaches(slot, place, within: row.within) { return .farther }
            return roster.field.coordinates[slot] == nil ? .no_position : .out_of_reach
        }
        var named = survey.nearest
        if let chosen, !named.contains(chosen) { named.append(chosen) }

        var json = JSONWriter(capacity: 1_024)
        json.object { json in
            json.key("skills")
            json.array { json in for skill in row.skills { json.string(skill.rawValue) } }
            json.field("within_m", row.within)
            json.field("district", row.wanted.district?.rawValue)
            json.field("chosen", chosen.map { roster.crews[$0].id.rawValue })
            if let chosen, let place { json.field("distance_m", roster.field.metres(from: chosen, to: place)) }
            json.field("by_hand", byHand)
            json.key("candidates")
            json.array { json in
                for slot in named {
                    json.object { json in
                        let crew = roster.crews[slot]
                        json.field("crew", crew.id.rawValue)
                        json.field("distance_m", row.place.coordinate.flatMap { roster.field.metres(from: slot, to: $0) })
                        json.field("tasks", Int(roster.loads[slot]))
                        json.field("capacity", crew.capacity)
                        let verdict = verdict(slot)
                        json.key("verdict")
                        json.word(verdict.key)
                        // Who is sent by hand may lack some too.
                        if verdict == .lacks_skills || (byHand != nil && verdict == .chosen && !row.skills.allSatisfy(crew.skills.contains)) {
                            json.key("lacks")
                            json.array { json in
                                for skill in row.skills where !crew.skills.contains(skill) { json.string(skill.rawValue) }
                            }
                        }
                    }
                }
            }
            json.key("verdicts")
            json.object { json in
                for verdict in Verdict.allCases where counts[verdict.rawValue] > 0 {
                    json.key(verdict.key)
                    json.int(counts[verdict.rawValue])
                }
            }
        }
        return json.bytes
    }
}

/// Why a report became this task: for the `created` line.
func createdWhy(_ row: WorkTask, trace: RouteTrace?, zone: TimeZoneRules) -> [UInt8] {
    var json = JSONWriter(capacity: 1_024)
    json.object { json in
        json.field("rule", row.rule)
        if let trace { write(trace, &json) }
        json.key("place")
        write(row.place, &json)
        json.key("limits")
        json.object { json in
            for clock in row.limits {
                json.key(named: clock.name.rawValue)
                json.object { json in
                    switch clock.length {
                    case .time(let span): json.field("seconds", Int(span.milliseconds / 1_000))
                    case .workingDays(let days): json.field("working_days", days)
                    case .workingTime(let span): json.field("working_s", Int(span.milliseconds / 1_000))
                    }
                    json.field("due", clock.due?.rfc3339(in: zone))
                }
            }
        }
    }
    return json.bytes
}

/// `file, line, conditions, near_miss`: which rule took it, and why.
func write(_ trace: RouteTrace, _ json: inout JSONWriter) {
    json.field("file", trace.file)
    json.field("line", trace.line)
    json.key("conditions")
    json.array { json in for condition in trace.conditions { write(condition, &json) } }
    guard let miss = trace.nearMiss else { return }
    json.key("near_miss")
    json.object { json in
        json.field("rule", miss.rule)
        json.field("file", miss.file)
        json.field("line", miss.line)
        json.key("failed")
        write(miss.failed, &json)
    }
}

private func write(_ condition: RouteTrace.Condition, _ json: inout JSONWriter) {
    json.object { json in
        json.field("label", condition.label)
        json.field("text", condition.text)
        json.field("result", condition.result)
        json.key("values")
        json.object { json in
            for value in condition.values {
                json.key(named: value.name)
                json.raw(value.json)
            }
        }
    }
}

/// A task's place: the origin always, the rest where it is known.
func write(_ place: TaskPlace, _ json: inout JSONWriter) {
    json.object { json in
        json.field("origin", place.origin.rawValue)
        json.field("lat", place.coordinate?.latitude)
        json.field("lon", place.coordinate?.longitude)
        json.field("district", place.district?.rawValue)
        json.field("feeder", place.feeder?.rawValue)
        json.field("transformer", place.transformer?.rawValue)
    }
}

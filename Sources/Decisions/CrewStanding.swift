package import Domain
package import Rules

/// A crew as a look shows it: the roster's word, and how it stands now.
package struct CrewStanding: Sendable {
    package var crew: Crew
    package var isOnDuty: Bool
    /// Tasks that count against its capacity.
    package var load: Int
    /// The last position; nil: it is taken to be at its base.
    package var coordinate: Coordinate?
    package var coordinateAt: Instant?
    package var dutyUntil: Instant?
    package var loan: CrewLoan?

    /// `crew, name, department, district, serves, lent_since, lent_by, on_duty, until, skills, shift, capacity, load, tasks, place{lat,lon,at,origin}`.
    package func json(tasks: [TaskID], zone: TimeZoneRules) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("crew", crew.id.rawValue)
            json.field("name", crew.name)
            json.field("department", crew.department.rawValue)
            json.field("district", crew.district?.rawValue)
            json.field("serves", loan?.to.rawValue)
            json.field("lent_since", loan?.since.rfc3339(in: zone))
            json.field("lent_by", loan.flatMap { $0.rule.isEmpty ? nil : $0.rule })
            json.field("on_duty", isOnDuty)
            json.field("duty_until", dutyUntil?.rfc3339(in: zone))
            json.key("skills")
            json.array { json in for skill in crew.skills.sorted() { json.string(skill.rawValue) } }
            json.field("shift", crew.shift?.name)
            json.field("capacity", crew.capacity)
            json.field("load", load)
            json.key("tasks")
            json.array { json in for task in tasks.sorted() { json.string(task.description) } }
            if let place = coordinate ?? crew.base {
                json.key("place")
                json.object { json in
                    json.field("lat", place.latitude)
                    json.field("lon", place.longitude)
                    json.field("at", coordinateAt?.rfc3339(in: zone))
                    json.field("origin", coordinate == nil ? "base" : "position")
                }
            }
        }
        return json.bytes
    }
}

extension DispatchState {
    /// Every crew of the roster in byte order of the names.
    package var crewStandings: [CrewStanding] {
        roster.crews.enumerated().map { slot, crew in
            let record = crews[crew.id]
            return CrewStanding(
                crew: crew, isOnDuty: roster.isOnDuty[slot], load: Int(roster.loads[slot]), coordinate: record?.coordinate,
                coordinateAt: record?.coordinateAt, dutyUntil: record?.duty == nil ? nil : record?.dutyUntil, loan: record?.loan)
        }
    }

    /// Tasks with a timer that is due.
    package func dueCount(at now: Instant) -> Int {
        openTasks.count { nextTimer(of: $0).map { $0.at <= now } ?? false }
    }
}

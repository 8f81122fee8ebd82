package import Domain
package import Rules

/// A district as people look at it: its work and its crews, who is lent, and what its readings show.
package struct DistrictLook: Sendable {
    package var standing: DistrictStanding
    package var name: String?
    /// Rules by which it is in need of crews, and since when.
    package var needs: [DistrictRecord.Need]
    /// Crews of its own that serve another, and of others that serve it.
    package var lent: [CrewID]
    package var borrowed: [CrewID]
    /// What was measured of the district itself: its load and its supply, where they are sent.
    package var shown: [DeviceLook.Shown]

    package init(_ state: DispatchState, _ telemetry: Telemetry, _ district: District) {
        standing = state.standing(of: district.id)
        name = district.name
        needs = state.districts[district.id]?.needs ?? []
        let away = state.crews.values.filter { $0.loan != nil }.sorted { $0.id < $1.id }
        lent = away.filter { state.rules.site.crews[$0.id]?.district == district.id }.map(\.id)
        borrowed = away.filter { $0.loan?.to == district.id }.map(\.id)
        shown = telemetry.look(at: DeviceID(district.id.rawValue)).flatMap { $0.kind == "district" ? $0.shown : nil } ?? []
    }

    /// `district, name, open, waiting, crews, free, capacity, lent[…], borrowed[…], needs[{rule,since}], readings[{quantity,value,unit,at}]`
    package func json(zone: TimeZoneRules) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { json in
            json.field("district", standing.district.rawValue)
            json.field("name", name)
            json.field("open", standing.open)
            json.field("waiting", standing.waiting)
            json.field("crews", standing.crews)
            json.field("free", standing.free)
            json.field("capacity", standing.capacity)
            json.key("lent")
            json.array { list in for crew in lent { list.string(crew.rawValue) } }
            json.key("borrowed")
            json.array { list in for crew in borrowed { list.string(crew.rawValue) } }
            json.key("needs")
            json.array { list in
                for need in needs {
                    list.object { json in
                        json.field("rule", need.rule)
                        json.field("since", need.since.rfc3339(in: zone))
                    }
                }
            }
            DeviceLook.write(shown, zone, &json)
        }
        return writer.bytes
    }
}

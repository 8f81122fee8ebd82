package import Domain
package import Rules

/// Who may do a customer's own works (客户受电工程): the customer chooses, the utility only publishes who is qualified.
package struct QualifiedContractor: Sendable, Hashable {
    package var contractor: ContractorID
    package var names: Translation
    package var tier: String
    /// In hundredths of a point; nil: too few jobs.
    package var rating: Int32?
    /// The last day of its licence for the works; nil: they ask for none.
    package var licenceUntil: CivilDate?
}

/// The contractors who are qualified for a kind of works at an instant: it is among their works, their licence for it is valid, and they are neither
/// suspended nor excluded. By tier, then rating, then name.
///
/// - Parameter works: nil: who is qualified for any of its works, with the licence that ends last.
package func qualifiedContractors(for works: String?, _ site: Site, _ records: [ContractorID: ContractorRecord], at now: Instant) -> [QualifiedContractor] {
    let book = site.contractors
    let today = site.zone.date(at: now)
    var found: [QualifiedContractor] = []
    for id in book.ids {
        guard let contractor = book.contractors[id], !contractor.isSupplier else { continue }
        let record = records[id]
        if record?.suspended?.holds(at: now) ?? false || record?.excluded?.holds(at: now) ?? false { continue }
        let able = contractor.works.filter { (works == nil || $0 == works) && book.isLicensed(contractor, for: $0, on: today) }
        guard !able.isEmpty else { continue }
        let licences = able.compactMap { code in book.works[code].flatMap { book.licence(of: contractor, for: $0, on: today) } }
        found.append(
            QualifiedContractor(
                contractor: id, names: contractor.names, tier: record?.tier ?? book.ratings.begin, rating: record?.rating,
                licenceUntil: licences.map(\.until).max()))
    }
    func place(_ one: QualifiedContractor) -> Int { book.ratings.place(of: one.tier) ?? book.ratings.tiers.count }
    return found.sorted { a, b in
        if place(a) != place(b) { return place(a) < place(b) }
        if a.rating ?? -1 != b.rating ?? -1 { return a.rating ?? -1 > b.rating ?? -1 }
        if a.names.chinese != b.names.chinese { return a.names.chinese.utf8.lexicographicallyPrecedes(b.names.chinese.utf8) }
        return a.contractor < b.contractor
    }
}

/// `{"works":"line_10kv","contractors":[{"contractor":"c-7","zh":"…","en":"…","tier":"A","rating":95.2,"licence_until":"2028-06-30"}]}`
func write(_ list: [QualifiedContractor], works: String?, _ json: inout JSONWriter) {
    json.object { json in
        json.field("works", works)
        json.key("contractors")
        json.array { json in
            for one in list {
                json.object { json in
                    json.field("contractor", one.contractor.rawValue)
                    json.field("zh", one.names.chinese)
                    json.field("en", one.names.english)
                    json.field("tier", one.tier)
                    json.field("rating", one.rating.map { Double($0) / 100 })
                    json.field("licence_until", one.licenceUntil?.description)
                }
            }
        }
    }
}

/// A contractor or supplier as a look shows it: the roster's word, and how it stands.
package struct ContractorStanding: Sendable {
    package var contractor: Contractor
    package var record: ContractorRecord

    /// `contractor, kind (contractor | supplier), name, en, tier, rating, scores{name: mean}, jobs, since, why, share, works[{works, licensed, licence_until}]
    /// (supplies[…] of a supplier), suspended{since, until}, excluded{since, until}, accident, fraud, rectified_at, awarded, done, turn`.
    package func json(_ site: Site, at now: Instant) -> [UInt8] {
        let book = site.contractors
        let zone = site.zone
        let weights = book.ratings.weights(of: contractor)
        let counted = record.counted(weights)
        var json = JSONWriter(capacity: 1_024)
        json.object { json in
            json.field("contractor", contractor.id.rawValue)
            json.field("kind", contractor.isSupplier ? "supplier" : "contractor")
            json.field("name", contractor.name)
            json.field("en", contractor.english)
            json.field("tier", record.tier)
            json.field("rating", record.rating.map { Double($0) / 100 })
            json.key("scores")
            json.object { json in
                for score in ContractorRecord.means(counted.map(\.job), weights) {
                    json.key(named: score.name)
                    json.double(Double(score.hundredths) / 100)
                }
            }
            json.field("jobs", counted.count)
            json.field("since", record.since.rfc3339(in: zone))
            json.field("why", record.why.isEmpty ? nil : record.why)
            if contractor.isSupplier {
                json.key("supplies")
                json.array { json in for code in contractor.works { json.string(code) } }
            } else {
                json.field("share", book.ratings.share(of: record.tier))
                json.key("works")
                json.array { json in
                    for code in contractor.works {
                        json.object { json in
                            let today = zone.date(at: now)
                            json.field("works", code)
                            json.field("licensed", book.isLicensed(contractor, for: code, on: today))
                            json.field("licence_until", book.works[code].flatMap { book.licence(of: contractor, for: $0, on: today) }?.until.description)
                        }
                    }
                }
            }
            for (key, barring) in [("suspended", record.suspended), ("excluded", record.excluded)] {
                guard let barring, barring.holds(at: now) else { continue }
                json.key(named: key)
                json.object { json in
                    json.field("since", barring.since.rfc3339(in: zone))
                    json.field("until", barring.until?.rfc3339(in: zone))
                }
            }
            json.field("accident", record.accident?.rfc3339(in: zone))
            json.field("fraud", record.fraud?.rfc3339(in: zone))
            json.field("rectified_at", record.rectifiedAt?.rfc3339(in: zone))
            guard !contractor.isSupplier else { return }
            json.field("awarded", Int(record.awarded))
            json.field("done", Int(record.done))
            json.field("turn", Double(record.counter / (Ratings.turn / 100)) / 100)
        }
        return json.bytes
    }
}

/// Everybody of the roster in byte order; of whom nothing is known yet, as a newcomer.
package func contractorStandings(_ site: Site, _ records: [ContractorID: ContractorRecord], at now: Instant) -> [ContractorStanding] {
    let book = site.contractors
    return book.ids.compactMap { id in
        book.contractors[id].map {
            ContractorStanding(contractor: $0, record: records[id] ?? ContractorRecord(id: id, tier: book.ratings.begin, since: now))
        }
    }
}

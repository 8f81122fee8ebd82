import Domain
import Rules

/// What crews say about themselves, or a duty engineer about a crew: on or off duty, and where.
extension DispatchState {
    mutating func take(_ signal: CrewSignal, by: String, _ d: inout Deliberation) -> Outcome {
        guard let crew = d.site.crews[signal.crew] else {
            let name = clipped(signal.crew.rawValue, to: 80)
            let reason =
                "there is no crew '\(name)' on the roster\(didYouMean(signal.crew.rawValue, among: d.site.crews.keys.map(\.rawValue))) (site.yaml, crews:)"
            d.remark(.crew_unknown, reason)
            return .rejected(reason)
        }
        guard signal.onDuty != nil || signal.coordinate != nil || signal.serves != nil else {
            return .rejected("the signal of crew '\(crew.id)' says neither 'on_duty' nor 'place' nor 'serves'; send one of them")
        }
        if let reason = lendByHand(crew, signal.serves, by: by, &d) { return .rejected(reason) }
        var record = crews[crew.id] ?? CrewRecord(id: crew.id)
        if let word = signal.onDuty {
            record.duty = word
            // The word ends with the next change of shift; without a shift it holds until told otherwise.
            record.dutyUntil = crew.shift?.nextChange(after: d.now, in: d.site.zone)
        }
        if let coordinate = signal.coordinate { record.move(to: coordinate, at: signal.at ?? d.now, now: d.now) }
        enter(record, &d)
        return .accepted(tasks: [], rule: nil)
    }

    /// A duty engineer lends a crew, or calls it home. Returns what is wrong with that; nil: nothing.
    private mutating func lendByHand(_ crew: Crew, _ word: String?, by: String, _ d: inout Deliberation) -> String? {
        guard let word else { return nil }
        guard let home = crew.district else { return "crew '\(crew.id)' has no district of its own and serves them all: it can't be lent (site.yaml, crews: district:)" }
        let district = DistrictID(word)
        guard word != CrewSignal.home, district != home else {
            if crews[crew.id]?.loan == nil { d.aside = "\(crew.id) serves its own district, \(home), already: nothing changed" }
            goHome(crew.id, by: by, "called home", &d)
            return nil
        }
        guard d.site.districts[district] != nil else {
            return "there is no district '\(clipped(word, to: 80))'\(didYouMean(word, among: d.site.districts.keys.map(\.rawValue) + [CrewSignal.home])) (site.yaml, districts:)"
        }
        var record = crews[crew.id] ?? CrewRecord(id: crew.id)
        guard record.loan?.to != district || record.loan?.rule != "" else {
            d.aside = "\(crew.id) is lent to \(district) already: nothing changed"
            return nil
        }
        record.loan = CrewLoan(to: district, rule: "", since: d.now)
        enter(record, &d)
        d.note(crew.id, .crew_lent, district, rule: "", by: by, "by hand, until it is called home")
        d.tell(crew, .lent, district)
        return nil
    }

    /// Positions replace their predecessors; one that is older than what is known changes nothing.
    mutating func take(_ positions: [CrewPosition], _ d: inout Deliberation) {
        for position in positions {
            guard d.site.crews[position.crew] != nil else {
                d.remark(.crew_unknown, "a position of '\(clipped(position.crew.rawValue, to: 80))', which is not on the roster (site.yaml, crews:)")
                continue
            }
            var record = crews[position.crew] ?? CrewRecord(id: position.crew)
            record.move(to: position.coordinate, at: position.at, now: d.now)
            enter(record, &d)
        }
    }
}

extension CrewRecord {
    fileprivate mutating func move(to coordinate: Coordinate, at said: Instant, now: Instant) {
        let instant = min(said, now)
        // A known position from the future is of a clock that has been set back since: it does not count.
        if let known = coordinateAt, known > instant, known <= now { return }
        self.coordinate = coordinate
        coordinateAt = instant
    }
}

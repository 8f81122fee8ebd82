import Domain
import Rules

/// What crews say about themselves, or a duty engineer about a crew: on or off duty, and where.
extension DispatchState {
    mutating func take(_ signal: CrewSignal, _ d: inout Deliberation) -> Outcome {
        guard let crew = d.site.crews[signal.crew] else {
            let name = clipped(signal.crew.rawValue, to: 80)
            let reason =
                "there is no crew '\(name)' on the roster\(didYouMean(signal.crew.rawValue, among: d.site.crews.keys.map(\.rawValue))) (site.yaml, crews:)"
            d.remark(.crew_unknown, reason)
            return .rejected(reason)
        }
        guard signal.onDuty != nil || signal.coordinate != nil else {
            return .rejected("the signal of crew '\(crew.id)' says neither 'on_duty' nor 'place'; send one of them")
        }
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

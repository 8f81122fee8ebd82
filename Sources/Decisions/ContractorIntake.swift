import Domain
import Rules

/// What is said of contractors and suppliers: scores of finished jobs, and what else has happened to them.
extension DispatchState {
    mutating func take(_ signal: ContractorSignal, _ key: InputKey, _ d: inout Deliberation) -> Outcome {
        let book = d.site.contractors
        guard let contractor = book.contractors[signal.contractor] else {
            let name = clipped(signal.contractor.rawValue, to: 80)
            guard !book.contractors.isEmpty else {
                return .rejected("there is no contractor '\(name)': no module has 'contractors' or 'suppliers' (contractors.yaml)")
            }
            return .rejected("there is no contractor or supplier '\(name)' on the roster\(didYouMean(signal.contractor.rawValue, among: book.ids.map(\.rawValue))) (contractors.yaml, contractors: and suppliers:)")
        }
        let by = signal.by ?? key.source.rawValue
        if by == paidan { return .rejected("'paidan' is the daemon's own name: say who reports this, as 'by'") }
        let zone = d.site.zone
        if let at = signal.at, at > d.now + .minutes(Limits.futureToleranceMinutes) {
            return .rejected("'at' \(at.rfc3339(in: zone)) lies ahead of our clock (\(d.now.rfc3339(in: zone))): say when it was finished, or look at the sender's clock")
        }
        if let until = signal.until, until <= d.now {
            return .rejected("'until' \(until.rfc3339(in: zone)) has passed already: say when it ends, or leave it out: then it holds until 'rectified'")
        }
        let at = min(signal.at ?? d.now, d.now)
        if let event = signal.event {
            happen(event, to: contractor, signal, at: at, by: by, key, &d)
            return .accepted(tasks: [], rule: nil)
        }
        return score(contractor, signal, at: at, &d)
    }

    private mutating func score(_ contractor: Contractor, _ signal: ContractorSignal, at: Instant, _ d: inout Deliberation) -> Outcome {
        let ratings = d.site.contractors.ratings
        let weights = ratings.weights(of: contractor)
        for name in signal.scores.keys.sorted() where !weights.contains(where: { $0.score == name }) {
            let known = weights.map(\.score)
            let key = contractor.isSupplier && ratings.supplierWeights != nil ? "supplier_weights" : "weights"
            return .rejected(
                "scores.\(clipped(name, to: 80)) is no score that ratings weigh\(didYouMean(name, among: known)) (they weigh \(known.joined(separator: ", ")); contractors.yaml, ratings: \(key):)")
        }
        let scored = ScoredJob(
            job: signal.job ?? "", at: at, scores: signal.scores.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { .init($0.key, $0.value) })
        var record = record(of: contractor, &d)
        let wasThere = record.take(scored)
        let days = "\(words(for: ratings.window))"
        if at + ratings.window <= d.now {
            d.aside = "the job '\(clipped(scored.job, to: 80))' was finished on \(d.site.zone.date(at: at)), before the \(days) that ratings look back: it does not count"
        } else if let rectified = record.rectifiedAt, at < rectified {
            d.aside = "the job '\(clipped(scored.job, to: 80))' was finished before the rectification of \(d.site.zone.date(at: rectified)): it does not count"
        } else if scored.mean(weights) == nil {
            d.aside = "none of these scores has a weight: the job '\(clipped(scored.job, to: 80))' does not count (contractors.yaml, ratings: weights:)"
        } else if wasThere {
            d.aside = "the job '\(clipped(scored.job, to: 80))' was scored before: these scores replace the earlier ones"
        }
        reassess(record, contractor, &d)
        return .accepted(tasks: [], rule: nil)
    }

    private mutating func happen(
        _ event: ContractorEvent, to contractor: Contractor, _ signal: ContractorSignal, at: Instant, by: String, _ key: InputKey, _ d: inout Deliberation
    ) {
        var record = record(of: contractor, &d)
        let until = signal.until.map { "until \($0.rfc3339(in: d.site.zone))" }
        let line: HistoryEvent
        var said: [String] = []
        switch event {
        case .accident:
            record.accident = at
            line = .contractor_accident
        case .fraud:
            record.fraud = at
            line = .contractor_fraud
        case .suspend:
            record.suspended = Barring(since: at, until: signal.until)
            line = .contractor_suspended
            said.append(until ?? "until it is rectified")
        case .exclude:
            record.excluded = Barring(since: at, until: signal.until)
            line = .contractor_excluded
            said.append(until ?? "for good")
        case .rectified:
            let isLowest = record.accident != nil || record.fraud != nil || record.excluded != nil || record.tier == d.site.contractors.ratings.lowest
            guard isLowest || record.suspended != nil else {
                d.aside = "there is nothing to be put right with '\(contractor.id)': nothing changed"
                return
            }
            (record.accident, record.fraud, record.excluded, record.suspended) = (nil, nil, nil, nil)
            if isLowest {
                // Also for one whose scores alone have brought it there: it begins anew.
                record.rectifiedAt = d.now
                record.isForced = true
            }
            line = .contractor_rectified
        }
        if let job = signal.job { said.append("job \(job)") }
        if let note = signal.note { said.append(note) }
        d.note(.contractor(contractor.id), line, by: by, at: at, report: key.id, note: said.isEmpty ? nil : said.joined(separator: "; "))
        reassess(record, contractor, &d)
    }

    // MARK: Records

    /// What is known of a contractor of the roster; of one of whom nothing is known yet, a newcomer's.
    func record(of contractor: Contractor, _ d: inout Deliberation) -> ContractorRecord {
        contractors[contractor.id] ?? ContractorRecord(id: contractor.id, tier: d.site.contractors.ratings.begin, since: d.now)
    }

    /// Enters a record as it stands now, with the lines that tell what has changed.
    mutating func reassess(_ record: ContractorRecord, _ contractor: Contractor, _ d: inout Deliberation) {
        let before = contractors[contractor.id]
        let found = record.reassessed(contractor, d.site.contractors, at: d.now, in: d.site.zone)
        var row = found.record
        // Nobody is flooded with all that the others had while it was away.
        if row.isIn, !(before?.isIn ?? false) {
            let others = contractors.values.filter { $0.isIn && $0.id != row.id && d.site.contractors.contractors[$0.id] != nil }
            row.counter = max(row.counter, others.map(\.counter).min() ?? 0)
        }
        let subject = Subject.contractor(contractor.id)
        if found.suspensionOver { d.note(subject, .contractor_returned, note: "the suspension is over") }
        if found.exclusionOver { d.note(subject, .contractor_returned, note: "the exclusion is over") }
        if let why = found.newTier { d.note(subject, .contractor_tier, note: why) }
        enter(row, &d)
    }

    mutating func enter(_ record: ContractorRecord, _ d: inout Deliberation) {
        let before = contractors[record.id]
        guard before != record else { return }
        let change = Change.contractor(before: before, after: record)
        apply(change)
        d.decision.changes.append(change)
    }

    /// Looks at everybody of the roster again: time has passed, or the rules are others. In byte order, so that newcomers begin alike everywhere.
    mutating func reassessContractors(_ d: inout Deliberation) {
        let book = d.site.contractors
        for id in book.ids {
            guard let contractor = book.contractors[id] else { continue }
            reassess(record(of: contractor, &d), contractor, &d)
        }
        contractorsAreKnown()
    }

    /// The same, where it is due.
    mutating func reassessContractorsIfDue(_ d: inout Deliberation) {
        guard areContractorsStale || contractorsDue.map({ $0 <= d.now }) ?? false else { return }
        reassessContractors(&d)
    }
}

// Crews where they are needed: standing rules lend the crews of a district that has room to one that is in need, and call them home.
//
//   of a rule at a district:
//
//              `when` holds                    for so long, and somebody has room (`from`)
//     quiet ─────────────────▶ in need since ───────────────────────────────────────────▶ a crew is lent; and another, while `when` holds
//       ▲                          │
//       └──── `when` holds no more ┘
//
//   of a crew:
//
//     at home ──(lent)──▶ lent ──(`clears` holds, `stay` is over, and it has nothing to do)──▶ at home
//                              ──(off duty, with nothing to do)──▶ at home
//                              ──(its own district is in need, `stay` is over, and it has nothing to do)──▶ at home
//                              ──(its rule is gone, and it has nothing to do)──▶ at home
//
// A crew that is lent serves the borrower in place of its own district; what may come from anywhere (no `of: district`) it does as before. It finishes
// what it has. Who is lent by hand is called home by hand.
//
// Looked at after each decision, where the work or the crews of a district have changed, and when a `for` or a `stay` is over.

package import Domain
import Planning
package import Rules

/// Which lending rules a district is in need by. A district without any has no row.
package struct DistrictRecord: Sendable, Hashable {
    package struct Need: Sendable, Hashable {
        /// `module.name`
        package var rule: String
        package var since: Instant
        package init(rule: String, since: Instant) {
            self.rule = rule
            self.since = since
        }
    }

    package var id: DistrictID
    /// In the order of the names.
    package var needs: [Need]
    package init(id: DistrictID, needs: [Need] = []) {
        self.id = id
        self.needs = needs
    }
}

/// What there is for crews to do in a district.
package struct DistrictWork: Sendable, Hashable {
    package var open = 0
    package var waiting = 0
    package init() {}

    /// nil: nothing that a crew goes for.
    init?(_ task: WorkTask) {
        guard !task.isDesk, task.contractor == nil else { return nil }
        switch task.state {
        case .queued, .dispatched, .accepted, .enroute, .onsite: open = 1
        case .suspended, .completed, .closed, .cancelled, .merged: return nil
        }
        waiting = task.state == .queued ? 1 : 0
    }

    mutating func add(_ other: DistrictWork, times sign: Int) {
        open += sign * other.open
        waiting += sign * other.waiting
    }
}

extension DispatchState {
    // MARK: Looking

    /// How a district stands. Costs a look at each crew.
    package func standing(of district: DistrictID) -> DistrictStanding {
        let work = districtWork[district] ?? DistrictWork()
        var standing = DistrictStanding(district: district, open: work.open, waiting: work.waiting)
        roster.add(to: &standing)
        return standing
    }

    /// Every district of the site, in byte order.
    package var districtStandings: [DistrictStanding] { rules.site.districts.keys.sorted().map { standing(of: $0) } }

    // MARK: Lending

    /// Lends and calls home what the rules say, as things stand now.
    mutating func lend(limit: Int, _ d: inout Deliberation) {
        guard !roster.touched.isEmpty || lendingDue.map({ $0 <= d.now }) ?? false else { return }
        var isTime = lendingDue.map { $0 <= d.now } ?? false
        // Each round lends or calls home somebody, and nobody is both at one instant: `stay` is never zero.
        var rounds = 2 * roster.crews.count + 2
        while rounds > 0 {
            rounds -= 1
            var due = roster.takeTouched()
            guard !due.isEmpty || isTime else { break }
            // Who is in need may be helped by what has changed elsewhere.
            due.formUnion(districts.keys)
            if isTime { due.formUnion(crews.values.compactMap { $0.loan?.to }) }
            isTime = false
            for district in due.sorted() where rules.site.districts[district] != nil { review(district, limit, &d) }
        }
        _ = roster.takeTouched()
        callHomeOrphans(&d)
        setLendingDue(nextLendingDue(d.now))
    }

    private func nextLendingDue(_ now: Instant) -> Instant? {
        var due: Instant?
        func consider(_ at: Instant) {
            if at > now { due = due.map { min($0, at) } ?? at }
        }
        for record in districts.values {
            for need in record.needs { if let rule = lendingRule(need.rule) { consider(need.since + rule.span) } }
        }
        for record in crews.values { if let loan = record.loan, let rule = lendingRule(loan.rule) { consider(loan.since + rule.stay) } }
        return due
    }

    private func lendingRule(_ name: String) -> LendingRule? { rules.lending.first { $0.name == name } }

    private mutating func review(_ district: DistrictID, _ limit: Int, _ d: inout Deliberation) {
        let before = districts[district]
        var record = before ?? DistrictRecord(id: district)
        record.needs.removeAll { lendingRule($0.rule) == nil }
        for rule in rules.lending {
            let place = record.needs.firstIndex { $0.rule == rule.name }
            // The clock may have been set back.
            if let place { record.needs[place].since = min(record.needs[place].since, d.now) }
            let isInNeed = holds(rule, standing(of: district), rule.when, &d)
            if isInNeed, place == nil {
                record.needs.append(DistrictRecord.Need(rule: rule.name, since: d.now))
            } else if !isInNeed, let place {
                record.needs.remove(at: place)
            }
            guard let need = record.needs.first(where: { $0.rule == rule.name }), d.now >= need.since + rule.span else { continue }
            help(district, rule, limit, &d)
            // Helped at once: nothing is left of it.
            if rule.span == .zero, !holds(rule, standing(of: district), rule.when, &d) { record.needs.removeAll { $0.rule == rule.name } }
        }
        record.needs.sort { $0.rule < $1.rule }
        if record.needs != before?.needs ?? [] {
            let change = Change.district(before: before, after: record)
            apply(change)
            d.decision.changes.append(change)
        }
        for rule in rules.lending { callHome(from: district, rule, &d) }
    }

    /// Crews come while `when` holds: first its own that are away, then those of districts that have room.
    private mutating func help(_ district: DistrictID, _ rule: LendingRule, _ limit: Int, _ d: inout Deliberation) {
        while holds(rule, standing(of: district), rule.when, &d) {
            let away = idle(d.now, where: { crew, _ in crew.district == district })
            if let own = away.first {
                goHome(own, "\(district) is in need itself", &d)
            } else {
                let borrowed = crews.values.count { $0.loan?.to == district && $0.loan?.rule == rule.name }
                guard borrowed < rule.most, let slot = helper(for: district, rule, &d) else { return }
                lend(slot, to: district, rule, &d)
            }
            settle(limit: limit, &d)
        }
    }

    /// Of the crews that have room and are in reach: who can take the most urgent of what waits there for those who serve it; of several the nearest to
    /// it. Nothing waits: who is nearest to the district's middle.
    private mutating func helper(for district: DistrictID, _ rule: LendingRule, _ d: inout Deliberation) -> Int? {
        let centre = rules.site.districts[district]?.centre
        let isWaiting = roster.hasBoundWaiting(district)
        // What waits may be done by anybody: another who serves the district does not help it.
        guard isWaiting || districtWork[district]?.waiting ?? 0 == 0 else { return nil }
        var hasRoom: [DistrictID: Bool] = [:]
        var best: (key: QueueKey?, metres: Int, slot: Int)?
        for slot in roster.crews.indices where roster.standing[slot] == .free {
            guard let home = roster.crews[slot].district, home != district, roster.serves[slot] == home else { continue }
            if let centre, !roster.field.reaches(slot, centre, within: rule.within) { continue }
            let lends: Bool
            if let known = hasRoom[home] {
                lends = known
            } else {
                lends = holds(rule, standing(of: home), rule.from, &d)
                hasRoom[home] = lends
            }
            guard lends else { continue }
            var key: QueueKey?
            var metres = centre.flatMap { roster.field.metres(from: slot, to: $0) } ?? .max
            if isWaiting {
                let crew = roster.crews[slot].id
                key = roster.firstWaiting(for: slot, lentTo: district) { id in
                    guard let row = task(id), let coordinate = row.place.coordinate, !row.declined.contains(crew) else { return false }
                    return roster.field.reaches(slot, coordinate, within: row.within)
                }
                guard let key else { continue }
                metres = task(key.id)?.place.coordinate.flatMap { roster.field.metres(from: slot, to: $0) } ?? .max
            }
            if let known = best {
                if let a = known.key, let b = key, a != b {
                    if a < b { continue }
                } else if (known.metres, known.slot) < (metres, slot) {
                    continue
                }
            }
            best = (key, metres, slot)
        }
        return best?.slot
    }

    private mutating func lend(_ slot: Int, to district: DistrictID, _ rule: LendingRule, _ d: inout Deliberation) {
        let crew = roster.crews[slot]
        let there = standing(of: district)
        let here = crew.district.map { standing(of: $0) }
        var record = crews[crew.id] ?? CrewRecord(id: crew.id)
        record.loan = CrewLoan(to: district, rule: rule.name, since: d.now)
        enter(record, &d)
        let home = here.map { "\($0.district) has \($0.free) of \($0.crews) crews free; " } ?? ""
        d.note(
            crew.id, .crew_lent, district, rule: rule.name,
            "\(home)\(district) has \(there.open) open, \(there.waiting) of them waiting, for \(there.crews) crew\(there.crews == 1 ? "" : "s")")
        d.tell(crew, .lent, district)
    }

    /// Those of a rule, as the need is over.
    private mutating func callHome(from district: DistrictID, _ rule: LendingRule, _ d: inout Deliberation) {
        for crew in idle(d.now, where: { _, loan in loan.to == district && loan.rule == rule.name }) {
            let standing = standing(of: district)
            guard rule.hasClears ? holds(rule, standing, rule.clears, &d) : !holds(rule, standing, rule.when, &d) else { break }
            goHome(crew, "the need is over: \(standing.open) open, \(standing.waiting) waiting, \(standing.free) of \(standing.crews) crews free", &d)
        }
        guard roster.awayCount > 0 else { return }
        let off = crews.values.filter { record in
            guard record.loan?.to == district, record.loan?.rule == rule.name, let slot = roster.slots[record.id] else { return false }
            return !roster.isOnDuty[slot] && roster.loads[slot] == 0
        }
        for record in off.sorted(by: { $0.id < $1.id }) { goHome(record.id, "off duty", &d) }
    }

    /// Crews whose rule is gone, or whose district is.
    private mutating func callHomeOrphans(_ d: inout Deliberation) {
        guard roster.awayCount > 0 else { return }
        let orphans = crews.values.filter { record in
            guard let loan = record.loan, let slot = roster.slots[record.id], roster.loads[slot] == 0 else { return false }
            return !loan.rule.isEmpty && lendingRule(loan.rule) == nil || rules.site.districts[loan.to] == nil
        }
        for record in orphans.sorted(by: { $0.id < $1.id }) { goHome(record.id, "the rule that lent it is gone", &d) }
        if !orphans.isEmpty { settle(limit: Limits.timersPerTick, &d) }
    }

    /// Lent crews that have nothing to do and have stayed long enough, in the order in which they were lent.
    private func idle(_ now: Instant, where isMeant: (Crew, CrewLoan) -> Bool) -> [CrewID] {
        guard roster.awayCount > 0 else { return [] }
        return crews.values.filter { record in
            guard let loan = record.loan, let rule = lendingRule(loan.rule), now >= loan.since + rule.stay, let slot = roster.slots[record.id] else { return false }
            return roster.loads[slot] == 0 && isMeant(roster.crews[slot], loan)
        }.sorted { ($0.loan?.since ?? now, $0.id) < ($1.loan?.since ?? now, $1.id) }.map(\.id)
    }

    /// The crew serves its own district again.
    mutating func goHome(_ id: CrewID, by: String = paidan, _ note: String, _ d: inout Deliberation) {
        guard var record = crews[id], let loan = record.loan, let crew = d.site.crews[id] else { return }
        record.loan = nil
        enter(record, &d)
        d.note(id, .crew_returned, loan.to, rule: loan.rule, by: by, note)
        d.tell(crew, .returned, crew.district ?? loan.to)
    }

    /// A condition that fails does not hold; it is named once, as long as the rules stay.
    private mutating func holds(
        _ rule: LendingRule, _ standing: DistrictStanding, _ condition: (DistrictStanding) -> WatchRule.Truth, _ d: inout Deliberation
    ) -> Bool {
        switch condition(standing) {
        case .yes: return true
        case .no: return false
        case .failed(let message):
            if failedLending.insert(rule.name).inserted {
                d.remark(.condition_failed, "\(rule.file):\(rule.line): \(message); the rule did not match", rule: rule.name)
            }
            return false
        }
    }
}

extension Deliberation {
    /// A line of a crew that comes to a district, or goes from it.
    mutating func note(_ crew: CrewID, _ event: HistoryEvent, _ district: DistrictID, rule: String, by: String = paidan, _ note: String) {
        self.note(.district(district), event, by: by, rule: rule, note: note)
        decision.history[decision.history.count - 1].crew = crew
    }

    mutating func tell(_ crew: Crew, _ event: Notice.Event, _ district: DistrictID) {
        var notice = Notice(
            id: nextNoticeID("\(crew.id)/\(now.milliseconds)"), task: .none, event: event, to: crew.id.rawValue, channel: crew.channel ?? site.defaultChannel, at: now)
        notice.district = district
        decision.notices.append(notice)
    }
}

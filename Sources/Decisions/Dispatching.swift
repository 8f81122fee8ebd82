import Domain
import Planning
import Rules

/// Finding somebody for a task, and something for a crew. Both directions use one predicate: the crew has the skills, the task is in its
/// reach (measured from its last position, else its base), and it has not declined the task in this round.
extension DispatchState {
    /// The nearest free crew for a task; nil when there is none, or nobody knows where the task is.
    mutating func nearest(for row: WorkTask) -> CrewField.Choice? {
        guard let place = row.place.coordinate else { return nil }
        let group = roster.group(row.wanted)
        guard !roster.groups[group].free.isEmpty else { return nil }
        return roster.field.nearest(
            of: roster.groups[group].free, to: place, within: row.within, loads: roster.loads,
            declined: row.declined.compactMap { roster.slots[$0] })
    }

    /// Sends the task to a crew: `row` becomes dispatched and the crew is told. The caller enters the row.
    func send(_ row: inout WorkTask, to crew: CrewID, by: String = paidan, note: String? = nil, why: [UInt8]?, _ d: inout Deliberation) {
        row.state = .dispatched
        row.suspendedFrom = nil
        row.since = d.now
        row.isDesk = false
        row.crew = crew
        row.contractor = nil
        row.askAgainAt = nil
        row.startClock(.accept, at: d.now, rules)
        d.note(row, .dispatched, by: by, note: note, why: why)
        d.tell(row, .dispatched, crew: crew, due: row.clock(.accept)?.due)
    }

    /// Lays the task on a department's desk.
    func sendToDesk(_ row: inout WorkTask, by: String = paidan, why: [UInt8]? = nil, _ d: inout Deliberation) {
        row.state = .dispatched
        row.suspendedFrom = nil
        row.since = d.now
        row.isDesk = true
        row.crew = nil
        row.contractor = nil
        row.askAgainAt = nil
        row.startClock(.accept, at: d.now, rules)
        d.note(row, .dispatched, by: by, note: "desk of \(row.department)", why: why)
        d.tell(row, .dispatched, department: row.department, due: row.clock(.accept)?.due)
    }

    /// To the nearest candidate, or into the queue of its department. The caller enters the row.
    mutating func place(_ row: inout WorkTask, _ d: inout Deliberation) {
        if let choice = nearest(for: row) {
            let why = candidatesWhy(row, chosen: choice.slot, byHand: nil)
            send(&row, to: roster.crews[choice.slot].id, why: why, &d)
            return
        }
        row.state = .queued
        row.since = d.now
        row.crew = nil
        row.resetClock(.accept)
        guard !row.declined.isEmpty else {
            d.note(row, .queued, why: candidatesWhy(row, chosen: nil, byHand: nil))
            return
        }
        // Who declined is asked again after a while, whether or not others could take it meanwhile.
        row.askAgainAt = d.now + max(d.site.askAgainAfter, .seconds(1))
        if hasAbleCrew(row) {
            d.note(row, .queued, why: candidatesWhy(row, chosen: nil, byHand: nil))
        } else {
            d.note(row, .all_declined, why: candidatesWhy(row, chosen: nil, byHand: nil))
            d.tellHead(row, .unassigned)
        }
    }

    /// Whether any crew on duty could take the task once it has a hand free.
    private mutating func hasAbleCrew(_ row: WorkTask) -> Bool {
        guard let place = row.place.coordinate else { return false }
        let group = roster.group(row.wanted)
        return roster.crews.indices.contains { slot in
            roster.groups[group].isAble[slot] && roster.isOnDuty[slot] && !row.declined.contains(roster.crews[slot].id)
                && roster.field.reaches(slot, place, within: row.within)
        }
    }

    /// Offers what waits to the crews that have become free: the most urgent task that any of them can take goes to the nearest of
    /// all that can, and so on, at most `limit` tasks; what is left is for the next tick. Returns how many were sent.
    @discardableResult
    mutating func settle(limit: Int, _ d: inout Deliberation) -> Int {
        guard !roster.fresh.isEmpty else { return 0 }
        var firsts: [(key: QueueKey, slot: Int)] = []
        for slot in roster.takeFresh() {
            if let key = firstWaiting(for: slot) { firsts.append((key, slot)) }
        }
        var sent = 0
        while let first = firsts.min(by: { ($0.key, $0.slot) < ($1.key, $1.slot) }) {
            guard sent < limit else {
                roster.giveBackFresh(firsts.map(\.slot))
                break
            }
            guard let before = task(first.key.id), let choice = nearest(for: before),
                lifecycleStep(before.state, .found, isDesk: before.isDesk) == .dispatch
            else {
                // Can't be: the crew that was found for it is a candidate.
                assertionFailure("a waiting task that a free crew can take has a nearest crew")
                firsts.removeAll { $0.slot == first.slot }
                continue
            }
            var row = before
            row.revision += 1
            let why = candidatesWhy(row, chosen: choice.slot, byHand: nil)
            send(&row, to: roster.crews[choice.slot].id, why: why, &d)
            enter(before, row, &d)
            sent += 1
            firsts = firsts.compactMap { entry in
                guard entry.slot == choice.slot || entry.key == first.key else { return entry }
                guard roster.standing[entry.slot] == .free, let key = firstWaiting(for: entry.slot) else { return nil }
                return (key, entry.slot)
            }
        }
        return sent
    }
}

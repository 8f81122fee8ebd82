// Known interruptions of supply: planned work, and what the control centre announces. They screen reports: a rule can ask
// `planned_outage(report.feeder, report.reported_at)` and answer the caller instead of sending a crew.
//
//    planned ──(its time is over, or `ended`)──▶ ended        planned ──(`cancelled`)──▶ cancelled
//
// Where the rules have `overrun:`, its time alone does not end it: it screens on, and who has to know is told, until somebody says that it has
// ended or the rules give up. Who is told of it before it begins stands in OutageNotices.swift.
//
// In memory are those that are planned, and no others.

package import Domain
import Rules

package enum OutageState: String, Sendable, Hashable, CaseIterable {
    /// It lies ahead, or lasts: its time moves it on.
    case planned
    case ended, cancelled

    package var isFinal: Bool { self != .planned }
}

/// Who was told of an outage by one rule for notices.
package struct OutageTelling: Sendable, Hashable {
    /// `module.name`
    package var rule: String
    /// Departments, persons, account managers, `public`.
    package var to: [String]
    package init(rule: String, to: [String]) {
        self.rule = rule
        self.to = to
    }
}

package struct OutageRecord: Sendable, Hashable {
    package var id: OutageID
    /// Grows by one with each change: the store writes `WHERE revision = expected`.
    package var revision: Int32
    package var state: OutageState
    package var source: SourceID
    /// The whole feeder, unless an area is named.
    package var feeder: FeederID?
    package var transformer: TransformerID?
    package var from: Instant
    package var until: Instant
    package var customersOut: Int64
    package var reason: String
    package var announcedAt: Instant
    /// How many callers were told of it.
    package var callers: Int32
    package var type: OutageType = .planned
    /// Each rule for notices once, in the order in which it was told.
    package var told: [OutageTelling] = []
    /// How many times it was told that work runs over its time.
    package var overruns: Int32 = 0

    package init(
        id: OutageID, revision: Int32 = 1, state: OutageState = .planned, source: SourceID, feeder: FeederID?, transformer: TransformerID?, from: Instant,
        until: Instant, customersOut: Int64, reason: String, announcedAt: Instant, callers: Int32 = 0
    ) {
        self.id = id
        self.revision = revision
        self.state = state
        self.source = source
        self.feeder = feeder
        self.transformer = transformer
        self.from = from
        self.until = until
        self.customersOut = customersOut
        self.reason = reason
        self.announcedAt = announcedAt
        self.callers = callers
    }

    /// What conditions ask for by name.
    var place: String { transformer?.rawValue ?? feeder?.rawValue ?? "" }
}

extension DispatchState {
    mutating func take(_ signal: OutageSignal, _ key: InputKey, _ d: inout Deliberation) -> Outcome {
        let id = signal.outage ?? OutageID(key.id)
        let before = outages[id]
        switch signal.event {
        case .planned: return plan(signal, id, key, before, &d)
        case .ended, .cancelled:
            guard var row = before else {
                return .rejected(
                    "no outage '\(clipped(id.rawValue, to: 80))' is planned or lasts\(didYouMean(id.rawValue, among: outages.keys.map(\.rawValue))); its name is 'outage' of what announced it, or the id of that input")
            }
            row.revision += 1
            let isEnd = signal.event == .ended
            if isEnd, row.from <= d.now { row.until = min(max(signal.at ?? d.now, row.from), d.now) }
            row.state = isEnd ? .ended : .cancelled
            if !isEnd { tellThoseTold(of: row, .outage_cancelled, &d) }
            close(row, isEnd ? .outage_ended : .outage_cancelled, by: key.source.rawValue, note: signal.reason, before, &d)
            return .accepted(tasks: [], rule: nil)
        }
    }

    private mutating func plan(_ signal: OutageSignal, _ id: OutageID, _ key: InputKey, _ before: OutageRecord?, _ d: inout Deliberation) -> Outcome {
        let network = d.site.network
        // What screens a place that nobody knows screens nothing: a slip of the keys.
        if let name = signal.transformer, network.transformers[name] == nil, !network.transformers.isEmpty {
            return .rejected(
                "transformer '\(clipped(name.rawValue, to: 80))' is not in the network register\(didYouMean(name.rawValue, among: network.transformers.keys.map(\.rawValue)))")
        }
        if signal.transformer == nil, let name = signal.feeder, network.feeders[name] == nil, !network.feeders.isEmpty {
            return .rejected("feeder '\(clipped(name.rawValue, to: 80))' is not in the network register\(didYouMean(name.rawValue, among: network.feeders.keys.map(\.rawValue)))")
        }
        guard let from = signal.from, let until = signal.until, until > from else { return .rejected("an outage needs 'from', and 'until' after it") }
        let registered = signal.transformer.flatMap { network.transformers[$0]?.customers } ?? signal.feeder.flatMap { network.feeders[$0]?.customers } ?? 0
        var row = OutageRecord(
            id: id, source: key.source, feeder: signal.feeder, transformer: signal.transformer, from: from, until: until,
            customersOut: signal.customersOut ?? Int64(registered), reason: signal.reason ?? "", announcedAt: d.now)
        row.type = signal.type ?? before?.type ?? .planned
        guard until > d.now else {
            d.aside = "outage \(id) was over at \(until.rfc3339(in: d.site.zone)): it screens no report"
            if let before {
                row = before
                row.revision += 1
                row.until = max(until, row.from)
                row.state = .ended
                close(row, .outage_ended, by: key.source.rawValue, note: signal.reason, before, &d)
            } else {
                d.note(.outage(id), .outage_planned, by: key.source.rawValue, report: key.id, note: describe(row, d.site) + ", over already")
            }
            return .accepted(tasks: [], rule: nil)
        }
        if let before {
            row.revision = before.revision + 1
            row.callers = before.callers
            row.announcedAt = before.announcedAt
            row.source = before.source
            row.told = before.told
            row.overruns = before.overruns
            var same = before
            same.revision = row.revision
            if same == row {
                d.aside = "outage \(id) is known like this already: nothing changed"
                return .accepted(tasks: [], rule: nil)
            }
        }
        let others = overlapping(row, d.site.network)
        if d.site.outageDesk.overlaps == .refuse, !d.site.outageDesk.isEmpty, let other = others.first {
            return .rejected("outage \(id) overlaps \(describe(other, d.site)), which is known as '\(clipped(other.id.rawValue, to: 80))'; cancel or move one of them")
        }
        let isElsewhere = before.map { $0.place != row.place } ?? false
        let isMoved = before.map { $0.from != row.from || $0.until != row.until } ?? false
        if let before, isElsewhere {
            // For those there it does not take place.
            tellThoseTold(of: before, .outage_cancelled, &d)
            row.told = []
        } else if isMoved {
            tellThoseTold(of: row, .outage_changed, &d)
        }
        if isElsewhere || before?.until != row.until { row.overruns = 0 }
        enter(before, row, &d)
        d.note(.outage(id), before == nil ? .outage_planned : .outage_changed, by: key.source.rawValue, report: key.id, note: describe(row, d.site))
        if let before, isMoved || isElsewhere { tellCallers(of: row, before.until == row.until ? nil : .outage_changed, &d) }
        if before == nil || isMoved || isElsewhere || before?.type != row.type { warn(of: row, others, before: before, &d) }
        return .accepted(tasks: [], rule: nil)
    }

    func describe(_ row: OutageRecord, _ site: Site) -> String {
        "\(row.place), \(row.from.rfc3339(in: site.zone)) to \(row.until.rfc3339(in: site.zone)), \(row.customersOut) customers\(row.reason.isEmpty ? "" : ": \(row.reason)")"
    }

    private mutating func close(_ row: OutageRecord, _ event: HistoryEvent, by: String, rule: String = "", note: String?, _ before: OutageRecord?, _ d: inout Deliberation) {
        enter(before, row, &d)
        let told = row.callers > 0 && event == .outage_ended
        d.note(
            .outage(row.id), event, by: by, rule: rule,
            note: ([row.place, told ? "\(row.callers) callers were told of it" : nil, note] as [String?]).compactMap { $0 }.joined(separator: "; "))
        if told, d.site.channels["customer"] != nil {
            var notice = Notice(id: d.nextNoticeID("\(row.id)/\(row.revision)"), task: .none, event: .restored, to: "", channel: "customer", at: d.now)
            notice.text = d.site.texts.filled(.restored, ["task": Translation(row.id.rawValue)])
            d.call(.tell(.outage(row.id), notice))
        }
    }

    /// Until when it screens reports: its time, and as long as work may run over it.
    func coveredUntil(_ row: OutageRecord) -> Instant { row.until + (rules.site.outageDesk.overrun?.giveUp ?? .zero) }

    /// When its time is over, or somebody is to be told once more that it is.
    func nextEnd(of row: OutageRecord) -> Instant {
        guard let overrun = rules.site.outageDesk.overrun else { return row.until }
        let next = row.until + TimeSpan(milliseconds: overrun.again.milliseconds * Int64(row.overruns))
        return min(next, coveredUntil(row))
    }

    /// Those whose time is over. Returns how many there were.
    mutating func endOutages(limit: Int, _ d: inout Deliberation) -> Int {
        var ended = 0
        while ended < limit, let due = outageDue, due <= d.now, let before = outages.values.filter({ nextEnd(of: $0) == due }).min(by: { $0.id < $1.id }) {
            var row = before
            row.revision += 1
            if let overrun = d.site.outageDesk.overrun, d.now < coveredUntil(before) {
                // What was missed while nobody looked is told once.
                row.overruns = Int32(clamping: (d.now - row.until).milliseconds / max(overrun.again.milliseconds, 1) + 1)
                tellOfOverrun(row, overrun, &d)
                enter(before, row, &d)
            } else {
                row.state = .ended
                let isGivenUp = d.site.outageDesk.overrun != nil
                close(
                    row, .outage_ended, by: paidan, rule: isGivenUp ? d.site.outageDesk.overrunRule : "",
                    note: isGivenUp ? "nobody has said that supply is back; it counts as back" : nil, before, &d)
            }
            ended += 1
        }
        return ended
    }

    /// A report that is answered: the outage that it is about, if it is about one, counts its callers.
    mutating func answer(_ found: FoundReport, _ key: InputKey, _ routing: Routing, _ answer: RuleAnswer, _ d: inout Deliberation) -> Translation {
        let at = found.report.reportedAt ?? d.now
        let places = [found.report.transformer?.rawValue, found.report.feeder?.rawValue].compactMap { $0 }
        // Of several the one that lasts longest.
        let about = outages.values.filter { $0.from <= at && at < coveredUntil($0) && places.contains($0.place) }.max { ($0.until, $1.id) < ($1.until, $0.id) }
        var words = ["report": Translation(key.id)]
        var isDelayed = false
        var subject = Subject.customer(found.report.customer ?? CustomerID(""))
        if let before = about {
            subject = .outage(before.id)
            words["outage"] = Translation(before.id.rawValue)
            words["reason"] = before.reasonText
            words["from"] = ProgressText(rules).instant(before.from)
            words["until"] = ProgressText(rules).instant(before.until)
            isDelayed = before.until <= d.now
            var row = before
            row.revision += 1
            row.callers += 1
            enter(before, row, &d)
            d.call(
                .add(
                    .outage(row.id),
                    [CallerRecord(report: key.id, source: key.source, customer: found.report.customer, at: min(at, d.now), place: found.place, customersOut: 0)]))
        }
        d.note(subject, .answered, by: key.source.rawValue, rule: routing.rule, report: key.id, customer: found.report.customer, note: answer.name)
        if let text = answer.text { return TextCatalogue.filled(text, words) }
        // Its time has passed: nobody is told of an hour that is over.
        if isDelayed { return d.site.texts.filled(.outage_delayed, words) }
        return d.site.texts.filled(TextName(rawValue: answer.name) ?? .known_outage, words)
    }

    mutating func enter(_ before: OutageRecord?, _ row: OutageRecord, _ d: inout Deliberation) {
        let change = Change.outage(before: before, after: row)
        apply(change)
        d.decision.changes.append(change)
    }
}

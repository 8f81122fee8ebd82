// Who is told of an interruption of supply: before it begins, when it changes or is called off, and when work runs over its time.
//
//    announced ──(so long before it begins, or at once)──▶ told, by each rule once ──(other times)──▶ told of the change
//                                                                                  ──(cancelled, or elsewhere)──▶ told of that
//
// When a notice is due follows from the outage's row and the rules in force, so that a restart loses none, and one that is moved moves its
// notices. Who was told stands in the row. Account managers are told of their customers there: rows of the store, looked up by transformer
// area and handed in (`Stimulus.notices`), so that nothing of customers is in memory.

package import Domain
import Rules

/// A customer whom somebody looks after in particular.
package struct ServedCustomer: Sendable, Hashable {
    package var account: CustomerID
    /// nil: of a critical class, and nobody has them yet.
    package var manager: RoleID?
    package init(account: CustomerID, manager: RoleID?) {
        self.account = account
        self.manager = manager
    }
}

extension CustomerRecord {
    /// The transformer area that they hang on, if somebody is to be told of what happens there: they have an account manager, or are of a
    /// critical class. The store has an index over it.
    package var servedArea: TransformerID? {
        guard case .string(let area)? = facts["transformer"], !area.isEmpty, managerName != nil || isCritical else { return nil }
        return TransformerID(area)
    }

    package var served: ServedCustomer { ServedCustomer(account: id, manager: managerName) }

    private var isCritical: Bool {
        if case .string(let name)? = facts["critical_class"] { !name.isEmpty } else { false }
    }

    /// Given by the rules, or as billing says it.
    private var managerName: RoleID? {
        if let manager { return manager }
        if case .string(let name)? = facts["account_manager"], !name.isEmpty { return RoleID(name) }
        return nil
    }
}

extension OutageRecord {
    var reasonText: Translation { reason.isEmpty ? Translation(chinese: "检修", english: "work on the network") : Translation(reason) }
}

extension DispatchState {
    /// When a rule for notices is due that has not been told yet; nil: none.
    func nextNotice(of row: OutageRecord) -> Instant? {
        rules.site.outageDesk.notices.lazy.filter { rule in rule.type == row.type && !row.told.contains { $0.rule == rule.name } }.map { row.from - $0.ahead }.min()
    }

    /// The outage of which somebody is to be told now, and the areas whose customers the decision wants; of several the one that is due first.
    package func outageToTell(at now: Instant) -> (id: OutageID, areas: [TransformerID])? {
        guard let due = noticeDue, due <= now, let row = outages.values.filter({ nextNotice(of: $0) == due }).min(by: { $0.id < $1.id }) else { return nil }
        let wantsCustomers = rules.site.outageDesk.notices(of: row.type).contains { rule in
            rule.tells.contains(.accountManagers) && row.from - rule.ahead <= now && !row.told.contains { $0.rule == rule.name }
        }
        return (row.id, wantsCustomers ? areas(of: row) : [])
    }

    private func areas(of row: OutageRecord) -> [TransformerID] {
        if let area = row.transformer { return [area] }
        return rules.site.network.transformers.filter { $0.value.feeder == row.feeder }.map(\.key).sorted()
    }

    /// Everything that is due of one outage.
    mutating func tell(of id: OutageID, _ customers: [ServedCustomer], _ d: inout Deliberation) {
        guard let before = outages[id], let due = nextNotice(of: before), due <= d.now else { return }
        var row = before
        row.revision += 1
        for rule in d.site.outageDesk.notices(of: row.type) where row.from - rule.ahead <= d.now && !row.told.contains(where: { $0.rule == rule.name }) {
            var names: [String] = []
            var shown: [String] = []
            for recipient in rule.tells {
                switch recipient {
                case .everybody: names.append(OutageRecipient.publicName)
                case .department(let department): names.append(department.rawValue)
                case .role(let role): names.append(d.person(of: role))
                case .accountManagers: continue
                }
                if let name = names.last {
                    tell(name, .outage_notice, text(.outage_notice, row, d), row, &d)
                    shown.append(name)
                }
            }
            if rule.tells.contains(.accountManagers) {
                for (name, accounts) in managers(of: customers, d) {
                    tell(name, .outage_notice, text(.outage_notice, row, d).followed(by: self.text(accounts, d)), row, &d)
                    if !names.contains(name) { names.append(name) }
                    shown.append("\(name) (\(accounts.count) customer\(accounts.count == 1 ? "" : "s"))")
                }
                if customers.count >= Limits.outageCustomersMax { shown.append("the first \(Limits.outageCustomersMax) customers alone") }
            }
            row.told.append(OutageTelling(rule: rule.name, to: names))
            d.note(.outage(id), .outage_told, rule: rule.name, note: shown.isEmpty ? "nobody: no customer there has an account manager" : shown.joined(separator: ", "))
        }
        enter(before, row, &d)
    }

    /// Each account manager who is there today, with their customers; those of critical customers without one are the desk's.
    private func managers(of customers: [ServedCustomer], _ d: Deliberation) -> [(name: String, accounts: [CustomerID])] {
        var accounts: [String: [CustomerID]] = [:]
        for customer in customers {
            let name = customer.manager.flatMap { present($0, d) }?.rawValue ?? (d.site.outageDesk.department ?? d.site.fallback).rawValue
            accounts[name, default: []].append(customer.account)
        }
        return accounts.keys.sorted().map { ($0, (accounts[$0] ?? []).sorted()) }
    }

    // MARK: Changes

    /// Whoever was told of it before.
    func tellThoseTold(of row: OutageRecord, _ event: Notice.Event, _ d: inout Deliberation) {
        if event == .outage_cancelled { tellCallers(of: row, event, &d) }
        var names: [String] = []
        for telling in row.told { for name in telling.to where !names.contains(name) { names.append(name) } }
        guard !names.isEmpty else { return }
        for name in names { tell(name, event, text(event == .outage_changed ? .outage_changed : .outage_cancelled, row, d), row, &d) }
        d.note(.outage(row.id), .outage_told, rule: row.told.first?.rule ?? "", note: "\(event == .outage_changed ? "of the change" : "that it does not take place"): \(names.joined(separator: ", "))")
    }

    /// Callers were told of an hour that holds no longer.
    func tellCallers(of row: OutageRecord, _ event: Notice.Event?, _ d: inout Deliberation) {
        guard let event, row.callers > 0, d.site.channels["customer"] != nil else { return }
        var notice = Notice(id: d.nextNoticeID("\(row.id)/\(row.revision)"), task: .none, event: event, to: "", channel: "customer", at: d.now)
        notice.text = text(event == .outage_changed ? .outage_changed : .outage_cancelled, row, d)
        d.call(.tell(.outage(row.id), notice))
    }

    /// What the desk should know of an outage that was announced or moved: it comes too late for its notices, or another is there at that time.
    func warn(of row: OutageRecord, _ others: [OutageRecord], before: OutageRecord?, _ d: inout Deliberation) {
        let desk = d.site.outageDesk
        guard !desk.isEmpty else { return }
        let late = desk.notices(of: row.type).filter { rule in
            // Who was told in time, and only hears that it is later now, was told in time.
            row.from - rule.ahead < d.now && !(row.told.contains { $0.rule == rule.name } && before.map { row.from >= $0.from } ?? false)
        }
        if let longest = late.map(\.ahead).max() {
            d.note(.outage(row.id), .outage_short_notice, rule: desk.module, note: "wanted \(longest.inWords.english) ahead, and it begins at \(row.from.rfc3339(in: d.site.zone))")
            d.say("outage \(row.id) begins too soon for a notice \(longest.inWords.english) ahead; who is to be told is told at once")
            if let department = desk.department { tell(d.head(of: department), .outage_short_notice, text(.outage_short_notice, row, d, ["ahead": longest.inWords]), row, &d) }
        }
        if !others.isEmpty {
            let names = others.map(\.id.rawValue).joined(separator: ", ")
            d.note(.outage(row.id), .outage_overlap, rule: desk.module, note: names)
            d.say("it overlaps \(names)")
            if let department = desk.department { tell(d.head(of: department), .outage_overlap, text(.outage_overlap, row, d, ["other": Translation(names)]), row, &d) }
        }
    }

    /// Others that are known for some of the same time in some of the same place: one of them is the whole feeder, or both the same area.
    func overlapping(_ row: OutageRecord, _ network: NetworkRegister) -> [OutageRecord] {
        func feeder(_ one: OutageRecord) -> FeederID? { one.transformer.flatMap { network.transformers[$0]?.feeder } ?? one.feeder }
        return outages.values.filter { other in
            guard other.id != row.id, other.from < row.until, row.from < other.until else { return false }
            if let a = row.transformer, let b = other.transformer { return a == b }
            guard let here = feeder(row), let there = feeder(other) else { return false }
            return here == there
        }.sorted { $0.id < $1.id }
    }

    func tellOfOverrun(_ row: OutageRecord, _ overrun: OutageDesk.Overrun, _ d: inout Deliberation) {
        var names: [String] = []
        for recipient in overrun.tells {
            switch recipient {
            case .department(let department): names.append(department.rawValue)
            case .role(let role): names.append(d.person(of: role))
            case .everybody, .accountManagers: break
            }
        }
        for name in names { tell(name, .outage_overrun, text(.outage_overrun, row, d), row, &d) }
        d.note(.outage(row.id), .outage_overrun, rule: d.site.outageDesk.overrunRule, note: "\(describe(row, d.site)); \(row.callers) callers; \(names.joined(separator: ", ")) told")
    }

    // MARK: Words

    private func tell(_ name: String, _ event: Notice.Event, _ text: Translation, _ row: OutageRecord, _ d: inout Deliberation) {
        var channel = d.site.defaultChannel
        // Nobody else's programs are asked to publish it.
        if name == OutageRecipient.publicName { channel = d.site.channels[name] == nil ? nil : name }
        var notice = Notice(
            id: d.nextNoticeID("\(row.id)/\(row.revision)"), task: .none, event: event, to: name, channel: channel, at: d.now,
            due: event == .outage_overrun ? row.until : row.from)
        notice.text = text
        d.decision.notices.append(notice)
    }

    private func text(_ name: TextName, _ row: OutageRecord, _ d: Deliberation, _ more: [String: Translation] = [:]) -> Translation {
        let words = ProgressText(rules)
        var values = [
            "outage": Translation(row.id.rawValue), "place": Translation(row.place), "from": words.instant(row.from), "until": words.instant(row.until),
            "reason": row.reasonText, "count": Translation("\(row.customersOut)"), "callers": Translation("\(row.callers)"),
        ]
        values.merge(more) { _, new in new }
        return d.site.texts.filled(name, values)
    }

    /// Beyond so many they are counted alone.
    private static var accountsShown: Int { 20 }

    private func text(_ accounts: [CustomerID], _ d: Deliberation) -> Translation {
        let names = accounts.prefix(Self.accountsShown).map(\.rawValue)
        let more = accounts.count > names.count ? " …" : ""
        return d.site.texts.filled(
            .outage_customers,
            [
                "count": Translation("\(accounts.count)"),
                "customers": Translation(chinese: names.joined(separator: "、") + more, english: names.joined(separator: ", ") + more),
            ])
    }
}

extension Translation {
    fileprivate func followed(by other: Translation) -> Translation {
        Translation(chinese: chinese + other.chinese, english: english + " " + other.english)
    }
}

extension TimeSpan {
    /// `7 days`, `24 h`, `90 min`, in the largest unit that is whole.
    fileprivate var inWords: Translation {
        let minutes = milliseconds / 60_000
        let days = minutes / 1_440
        if minutes % 1_440 == 0, days > 1 { return Translation(chinese: "\(days)天", english: "\(days) days") }
        if minutes % 60 == 0 { return Translation(chinese: "\(minutes / 60)小时", english: "\(minutes / 60) h") }
        return Translation(chinese: "\(minutes)分钟", english: "\(minutes) min")
    }
}

extension Notice.Event {
    /// Its text says all.
    package var isOfOutage: Bool {
        switch self {
        case .outage_notice, .outage_changed, .outage_cancelled, .outage_short_notice, .outage_overlap, .outage_overrun: true
        case .dispatched, .withdrawn, .escalated, .unassigned, .completed, .case_opened, .shared, .shared_done, .documents_missing, .stage_begun, .stage_done, .stage_failed,
            .case_completed, .case_withdrawn, .restored, .customer_alert, .customer_task, .lent, .returned:
            false
        }
    }
}

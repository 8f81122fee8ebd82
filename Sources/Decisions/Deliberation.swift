import Domain
import Rules

/// The name under which the daemon itself appears in a task's history.
let paidan = "paidan"

/// A decision while it is being made: what it is made from, and what has come of it so far.
struct Deliberation {
    let rules: RuleSet
    let now: Instant
    let route: (RouteSubject) -> RouteResult
    var decision = Decision()
    /// For the sender alone: what came of an input that was taken and changed nothing.
    var aside: String?
    /// Tasks that rules about customers have suggested.
    var suggested: [TaskID] = []
    private var noticeNumber = 0

    init(rules: RuleSet, now: Instant, route: @escaping (RouteSubject) -> RouteResult) {
        self.rules = rules
        self.now = now
        self.route = route
    }

    var site: Site { rules.site }

    /// `PREFIX/N`: the next notice of this decision.
    mutating func nextNoticeID(_ prefix: String) -> String {
        noticeNumber += 1
        return "\(prefix)/\(noticeNumber)"
    }

    mutating func remark(_ kind: Remark.Kind, _ text: String, task: TaskID? = nil, rule: String? = nil) {
        decision.remarks.append(Remark(kind: kind, text: text, task: task, rule: rule))
    }

    /// For the sender of an input that was taken.
    mutating func say(_ text: String) { aside = aside.map { "\($0); \(text)" } ?? text }

    /// A line of the task's history. `row` is the task as it will stand, with its new revision.
    mutating func note(
        _ row: WorkTask, _ event: HistoryEvent, by: String = paidan, at: Instant? = nil, crew: CrewID? = nil, note: String? = nil,
        why: [UInt8]? = nil
    ) {
        decision.history.append(
            HistoryLine(
                task: row.id, kase: row.kase, revision: row.revision, at: at ?? now, event: event, by: by, crew: crew ?? row.crew,
                department: row.department, rule: row.rule, report: row.reports.first ?? "", customer: row.customer, note: note,
                why: why))
    }

    /// A line of the case as a whole.
    mutating func note(_ row: WorkCase, _ event: HistoryEvent, by: String = paidan, note: String? = nil, why: [UInt8]? = nil) {
        decision.history.append(
            HistoryLine(
                task: .none, kase: row.id, revision: row.revision, at: now, event: event, by: by, crew: nil, department: DepartmentID(""), rule: row.process,
                report: row.application, customer: row.customer, note: note, why: why))
    }

    /// A line of what is no task and no case: a contractor, a customer, a device, a district, an outage.
    mutating func note(
        _ subject: Subject, _ event: HistoryEvent, by: String = paidan, at: Instant? = nil, rule: String = "", report: String = "", customer: CustomerID? = nil,
        note: String? = nil, why: [UInt8]? = nil
    ) {
        var line = HistoryLine(
            task: .none, revision: 0, at: at ?? now, event: event, by: by, crew: nil, department: DepartmentID(""), rule: rule, report: report,
            customer: customer, note: note, why: why)
        line.subject = subject
        if case .customer(let account) = subject { line.customer = account }
        decision.history.append(line)
    }

    /// The customer is told by the channel `customer`, where the rules have one; else by the journal alone.
    mutating func tellCustomer(
        _ row: WorkCase, _ event: Notice.Event, _ plan: ProcessPlan?, stage: Int? = nil, due: LimitClock? = nil, documents: [String] = [],
        qualified: [QualifiedContractor] = []
    ) {
        noticeNumber += 1
        let words = ProgressText(rules)
        var notice = Notice(
            id: "\(row.id)/\(row.revision)/\(noticeNumber)", task: .none, event: event, to: row.customer?.rawValue ?? row.application,
            channel: site.channels["customer"] == nil ? nil : "customer", at: now, due: due?.due)
        notice.kase = row.id
        notice.stage = stage.map { row.stages[$0].name }
        notice.documents = documents
        notice.text = words.notice(event, row, plan, stage: stage, due: words.by(due), documents: documents)
        if let text = notice.text, let stage, !qualified.isEmpty { notice.text = words.published(qualified, text, row, plan, stage: stage) }
        decision.notices.append(notice)
    }

    /// Somebody of the house is told about a case.
    mutating func tell(_ row: WorkCase, _ event: Notice.Event, to: String, due: Instant?, percent: Int) {
        noticeNumber += 1
        var notice = Notice(
            id: "\(row.id)/\(row.revision)/\(noticeNumber)", task: .none, event: event, to: to, channel: site.defaultChannel, at: now, due: due, limit: .total,
            percent: percent)
        notice.kase = row.id
        decision.notices.append(notice)
    }

    /// Somebody of the house is told something of a customer.
    mutating func tell(_ customer: CustomerID, rule: ClassifyRule, to: String) {
        var notice = Notice(
            id: nextNoticeID("\(customer)/\(now.milliseconds)"), task: .none, event: .customer_alert, to: to, channel: site.defaultChannel, at: now)
        notice.customer = customer
        notice.rule = rule.name
        decision.notices.append(notice)
    }

    private mutating func tell(
        _ row: WorkTask, _ event: Notice.Event, to: String, channel: String?, due: Instant? = nil, limit: LimitName? = nil,
        percent: Int? = nil
    ) {
        noticeNumber += 1
        decision.notices.append(
            Notice(
                id: "\(row.id)/\(row.revision)/\(noticeNumber)", task: row.id, event: event, to: to,
                channel: channel ?? site.defaultChannel, at: now, due: due, limit: limit, percent: percent))
    }

    mutating func tell(_ row: WorkTask, _ event: Notice.Event, crew: CrewID, due: Instant? = nil, limit: LimitName? = nil, percent: Int? = nil) {
        tell(row, event, to: crew.rawValue, channel: site.crews[crew]?.channel, due: due, limit: limit, percent: percent)
    }

    mutating func tell(
        _ row: WorkTask, _ event: Notice.Event, department: DepartmentID, due: Instant? = nil, limit: LimitName? = nil, percent: Int? = nil
    ) {
        tell(row, event, to: department.rawValue, channel: nil, due: due, limit: limit, percent: percent)
    }

    mutating func tell(_ row: WorkTask, _ event: Notice.Event, contractor: ContractorID, due: Instant? = nil, limit: LimitName? = nil, percent: Int? = nil) {
        tell(row, event, to: contractor.rawValue, channel: site.contractors.contractors[contractor]?.channel, due: due, limit: limit, percent: percent)
    }

    /// The person's code, or the department's name where it has no head.
    func head(of department: DepartmentID) -> String {
        site.departments[department]?.head?.rawValue ?? department.rawValue
    }

    mutating func tellHead(_ row: WorkTask, _ event: Notice.Event, due: Instant? = nil, limit: LimitName? = nil, percent: Int? = nil) {
        tell(row, event, to: head(of: row.department), channel: nil, due: due, limit: limit, percent: percent)
    }

    /// The code of the person who holds a role now; the role's name where nobody does.
    mutating func tell(_ row: WorkTask, _ event: Notice.Event, role: RoleID, due: Instant? = nil, limit: LimitName? = nil, percent: Int? = nil) {
        tell(row, event, to: person(of: role), channel: nil, due: due, limit: limit, percent: percent)
    }

    func person(of role: RoleID) -> String { site.roles[role]?.person?.rawValue ?? role.rawValue }
}

extension DispatchState {
    /// Enters a task's new row into the decision and puts it in force, with its time booked; its case follows. `row.revision` is one above that of `before` already.
    mutating func enter(_ before: WorkTask?, _ row: WorkTask, _ d: inout Deliberation) {
        var row = row
        if let before { row.book(since: before) }
        count(before, row, &d)
        let change = Change.task(before: before, after: row)
        apply(change)
        d.decision.changes.append(change)
        if let before, row.kase != nil { follow(before, row, &d) }
    }

    mutating func enter(_ before: WorkCase?, _ row: WorkCase, _ d: inout Deliberation) {
        let change = Change.kase(before: before, after: row)
        apply(change)
        d.decision.changes.append(change)
    }

    /// The plan is kept as long as a case goes by it.
    mutating func keep(_ plan: ProcessPlan, _ d: inout Deliberation) -> CompiledPlan {
        if let known = plans[plan.digest] { return known }
        let change = Change.plan(plan)
        apply(change)
        d.decision.changes.append(change)
        return plans[plan.digest] ?? rules.compiled(plan)
    }

    mutating func enter(_ record: CrewRecord, _ d: inout Deliberation) {
        let before = crews[record.id]
        guard before != record else { return }
        let change = Change.crew(before: before, after: record)
        apply(change)
        d.decision.changes.append(change)
    }
}

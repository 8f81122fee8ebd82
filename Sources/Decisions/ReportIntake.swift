// Where a report becomes a task: its values are checked against those that the site declares, its place is found, the rules are asked,
// and each routing becomes a task that goes to the nearest crew, to a desk, or into a queue.

package import Domain
package import Rules

extension DispatchState {
    mutating func take(_ original: Report, _ key: InputKey, _ known: CustomerRecord?, _ d: inout Deliberation) -> Outcome {
        var report = original
        if !report.fields.isEmpty { answerYesNo(&report.fields, d.site) }
        if let reason = undeclaredValue(in: report, d.site) { return .rejected(reason) }
        let record = count(report, key, known, &d)
        let customer = record?.seen(at: d.now, d.site.zone)
        // Of whom nobody but the daemon has ever heard nothing is known.
        let billed = record?.isBilled ?? false ? customer : nil
        let found = FoundReport(report, customer: billed, network: d.site.network, districts: d.site.districts)
        var subject = RouteSubject(report: found.report, source: key.source, customer: customer, now: d.now)
        subject.outages = outageBook
        let result = d.route(subject)
        for failure in result.failures {
            d.remark(.condition_failed, "\(failure.file):\(failure.line): \(failure.message); the rule did not match", rule: failure.rule)
        }
        if let routing = result.routings.first(where: { $0.answer != nil }), let answer = routing.answer, result.routings.allSatisfy({ $0.answer != nil }) {
            let text = self.answer(found, key, routing, answer, &d)
            tell(found.remarks, of: report, nil, &d)
            return .answered(text, tasks: [], rule: routing.rule)
        }
        let routing = result.routings.first
        if routing?.process == nil, let (row, rule) = incident(for: found, result.merges, at: d.now) {
            let text = join(row, found, key, routing, rule: rule, &d)
            tell(found.remarks, of: report, row.id, &d)
            return .answered(text, tasks: [row.id], rule: rule)
        }
        var tasks: [TaskID] = []
        var joins = result.merges.map { JoinKey(rule: $0.rule, values: $0.values) }
        for routing in result.routings where routing.answer == nil {
            if let plan = routing.process {
                tasks += openCase(found, key, billed, plan, routing.trace, &d).tasks
            } else {
                tasks.append(make(found, key, customer, routing, joins, &d))
                // Later calls join the first of its tasks.
                joins = []
            }
        }
        if result.routings.isEmpty {
            let routing = Routing(
                rule: "fallback", task: "review", priority: .normal, assign: .department(d.site.fallback), limits: [:], escalate: nil, trace: nil)
            let id = make(found, key, customer, routing, [], &d)
            tasks.append(id)
            d.remark(.fallback, "no rule takes report '\(clipped(key.id, to: 80))'; department \(d.site.fallback) has it", task: id)
        }
        tell(found.remarks, of: report, tasks.first, &d)
        return .accepted(tasks: tasks, rule: result.routings.first?.rule ?? "fallback")
    }

    private func tell(_ remarks: [(kind: Remark.Kind, text: String)], of report: Report, _ task: TaskID?, _ d: inout Deliberation) {
        for remark in remarks { d.remark(remark.kind, remark.text, task: task) }
        guard let reported = report.reportedAt, reported > d.now + .minutes(Limits.futureToleranceMinutes) else { return }
        d.remark(
            .from_the_future,
            "reported_at \(reported.rfc3339(in: d.site.zone)) lies ahead of our clock (\(d.now.rfc3339(in: d.site.zone))); its limits run from now",
            task: task)
    }

    /// - Parameter joins: what later reports must have in common with it to join it.
    private mutating func make(
        _ found: FoundReport, _ key: InputKey, _ customer: CustomerFacts?, _ routing: Routing, _ joins: [JoinKey], _ d: inout Deliberation
    ) -> TaskID {
        let id = takeNumber(&d)

        let department: DepartmentID
        var skills: [SkillID] = []
        var within: Int?
        let isDesk: Bool
        var works: String?
        var ofDistrict = false
        switch routing.assign {
        case .nearest(let wanted, let metres, let otherwise, let isOfDistrict):
            (department, skills, within, isDesk, ofDistrict) = (otherwise, wanted.sorted(), metres, false, isOfDistrict)
        case .department(let desk):
            (department, isDesk) = (desk, true)
        case .contractor(let kind, let desk):
            (department, isDesk, works) = (desk, true, kind)
        }
        let reported = min(found.report.reportedAt ?? d.now, d.now)
        var row = WorkTask(
            id: id, revision: 1, reports: [key.id], source: key.source, type: found.report.type, category: found.report.category ?? "",
            task: routing.task, rule: routing.rule, state: .queued, priority: routing.priority, department: department, isDesk: isDesk,
            skills: skills, within: within, place: found.place, customer: found.report.customer, customersOut: found.customersOut,
            reportedAt: reported, createdAt: d.now,
            limits: LimitName.allCases.compactMap { name in routing.limits[name].map { LimitClock(name: name, length: $0) } },
            escalate: routing.escalate)
        row.ofDistrict = ofDistrict
        if case .string(let tier)? = customer?.facts["tier"], !tier.isEmpty { row.tier = tier }
        let manager = managerToday(of: customer, d)
        // Desk tasks are the account manager's, on the department's desk.
        if isDesk { row.person = manager }
        row.joins = joins
        row.about = found.report.about
        row.shared = concerned(by: row, routing.share, &d)
        for name in [LimitName.contact, .arrive, .reply] { row.startClock(name, at: reported, rules) }
        warnOfCalendar(row.limits, row.id, &d)
        // What a device says by itself is all that there is to read about it.
        let said = key.source == Telemetry.source ? found.report.description : nil
        d.note(row, .created, note: row.about.map { "about \($0)" } ?? said, why: createdWhy(row, trace: routing.trace, zone: d.site.zone))
        if let works { award(&row, works: works, &d) } else if isDesk { sendToDesk(&row, &d) } else { place(&row, &d) }
        tellWhatItIsAbout(row, &d)
        if let manager { d.tell(row, isDesk ? .dispatched : .customer_task, role: manager, due: row.clock(.reply)?.due) }
        if !row.shared.isEmpty {
            d.note(row, .shared, note: row.shared.map(\.rawValue).joined(separator: ", "))
            for department in row.shared { d.tell(row, .shared, department: department, due: row.clock(.reply)?.due) }
        }
        enter(nil, row, &d)
        return id
    }

    /// Whoever looks at a fault or a case sees who has complained of it.
    private func tellWhatItIsAbout(_ row: WorkTask, _ d: inout Deliberation) {
        guard let about = row.about else { return }
        let note = "\(row.id), \(row.task)"
        if let other = TaskID(about).flatMap({ task($0) }) { d.note(other, .concerned, note: note) }
        if let kase = CaseID(about).flatMap({ cases[$0]?.row }) { d.note(kase, .case_concerned, note: note) }
    }

    /// The other departments that a task concerns: those that its rule names, and those of the fault, the case or the crew that it is about.
    private func concerned(by row: WorkTask, _ named: [DepartmentID], _ d: inout Deliberation) -> [DepartmentID] {
        var departments = named
        if let about = row.about {
            if let other = TaskID(about).flatMap({ task($0) }) {
                departments.append(other.department)
                if let crew = other.crew.flatMap({ d.site.crews[$0] }) { departments.append(crew.department) }
            } else if let kase = CaseID(about).flatMap({ cases[$0]?.row }) {
                for stage in kase.stages where stage.state == .open {
                    if let other = stage.task.flatMap({ task($0) }) { departments.append(other.department) }
                }
                if let lead = plans[kase.plan]?.plan.lead { departments.append(lead) }
            } else if let crew = d.site.crews[CrewID(about)] {
                departments.append(crew.department)
            } else if let number = TaskID(about), number > lastTask {
                d.remark(.register_unknown, "what it is about, \(number), is a number that no task has got yet", task: row.id)
            } else if let number = CaseID(about), number > lastCase {
                d.remark(.register_unknown, "what it is about, \(number), is a number that no case has got yet", task: row.id)
            } else if TaskID(about) == nil, CaseID(about) == nil {
                d.remark(.register_unknown, "'\(clipped(about, to: 80))', what it is about, is no task, case or crew\(didYouMean(about, among: d.site.crews.keys.map(\.rawValue)))", task: row.id)
            }
        }
        var result: [DepartmentID] = []
        for department in departments where department != row.department && d.site.departments[department] != nil && !result.contains(department) {
            result.append(department)
        }
        return result
    }

    /// The next number of a task.
    mutating func takeNumber(_ d: inout Deliberation) -> TaskID {
        let id = nextTaskID(at: d.now, zone: d.site.zone)
        let numbered = Change.lastTask(before: lastTask, after: id)
        apply(numbered)
        d.decision.changes.append(numbered)
        return id
    }

    /// Numbers rise from 1 each local day. When the clock stands before the last day used, that day goes on: a number is never given twice.
    private func nextTaskID(at now: Instant, zone: TimeZoneRules) -> TaskID {
        let local = now + .seconds(Int64(zone.offsetSeconds(at: now)))
        let days = local.milliseconds / 86_400_000 - (local.milliseconds % 86_400_000 < 0 ? 1 : 0)
        let day = CivilDate(daysSinceEpoch: Int(days)).packed
        if day > lastTask.day { return TaskID(day: day, number: 1) }
        // A day of two thousand million tasks would go on in the next number of days: unreachable, and still unique.
        if lastTask.number == .max { return TaskID(day: lastTask.day + 1, number: 1) }
        return TaskID(day: lastTask.day, number: lastTask.number + 1)
    }
}

/// The first value of a report that the site does not declare, as the reason of a refusal; nil: all are declared. A set of values (or of
/// fields) that the site does not declare at all takes everything.
package func undeclaredValue(in report: Report, _ site: Site) -> String? {
    let values: [(field: String, set: String, value: String?)] = [
        ("type", "type", report.type), ("category", "category", report.category), ("site", "site", report.site),
        ("voltage", "voltage", report.voltage), ("urgency", "urgency", report.urgency),
    ]
    for (field, set, value) in values {
        guard let value, let declared = site.values[set], !declared.isEmpty else { continue }
        if declared.contains(where: { $0.code == value }) { continue }
        return undeclared(field, value, declared.map(\.code), at: "values: \(set):")
    }
    if let district = report.place.district, !site.districts.isEmpty, site.districts[district] == nil {
        return undeclared("place.district", district.rawValue, site.districts.keys.map(\.rawValue), at: "districts:")
    }
    for document in report.documents {
        guard let declared = site.values["document"], !declared.isEmpty, !declared.contains(where: { $0.code == document }) else { continue }
        return undeclared("documents", document, declared.map(\.code), at: "values: document:")
    }
    return undeclaredField(in: report.fields, site)
}

/// A spreadsheet has no `true`: of a field that is declared as yes/no, the words that people write there.
func answerYesNo(_ fields: inout [String: FieldValue], _ site: Site) {
    for declared in site.fields where declared.type == .yesNo {
        guard case .string(let word)? = fields[declared.name] else { continue }
        switch word.lowercased() {
        case "yes", "y", "true", "是", "1": fields[declared.name] = .bool(true)
        case "no", "n", "false", "否", "0", "": fields[declared.name] = .bool(false)
        default: break
        }
    }
}

/// The first of a report's own fields that the site does not declare, or that holds what it should not; nil: there is none.
func undeclaredField(in fields: [String: FieldValue], _ site: Site) -> String? {
    guard !site.fields.isEmpty else { return nil }
    for name in fields.keys.sorted() {
        guard let declared = site.fields.first(where: { $0.name == name }) else {
            return
                "fields.\(clipped(name, to: 80)) is not declared\(didYouMean(name, among: site.fields.map(\.name))) (declared fields: site.yaml, fields: report:)"
        }
        guard let value = fields[name], !value.isOf(declared.type) else { continue }
        return "fields.\(name) is declared as \(declared.type.rawValue), and \(value.shown) is none; send \(declared.type.form) (site.yaml, fields: report:)"
    }
    return nil
}

extension FieldType {
    /// How a value of the type is written in JSON.
    fileprivate var form: String {
        switch self {
        case .text: "a text in quotes"
        case .number: "a number"
        case .wholeNumber: "a whole number"
        case .yesNo: "true or false (in a spreadsheet also yes, no, 是, 否)"
        case .time: "a time like \"2026-11-22T08:15:00+08:00\""
        }
    }
}

extension FieldValue {
    fileprivate func isOf(_ type: FieldType) -> Bool {
        switch (type, self) {
        case (.text, .string), (.number, .double), (.number, .int), (.wholeNumber, .int), (.yesNo, .bool): true
        case (.time, .string(let text)): (try? Instant(rfc3339: text)) != nil
        case (.text, _), (.number, _), (.wholeNumber, _), (.yesNo, _), (.time, _): false
        }
    }

    fileprivate var shown: String {
        switch self {
        case .string(let text): "'\(clipped(text, to: 80))'"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let truth): "\(truth)"
        }
    }
}

func undeclared(_ field: String, _ value: String, _ names: [String], at place: String) -> String {
    "\(field) '\(clipped(value, to: 80))' is not declared\(didYouMean(value, among: names)) (declared values: site.yaml, \(place))"
}

/// A report with all that the register and its customer's facts add to it.
package struct FoundReport {
    /// With its place, feeder, transformer, district and site class filled in, for the rules to match on.
    package private(set) var report: Report
    var place: TaskPlace
    /// As reported; else the customers of the transformer, or of the feeder, that the report names.
    var customersOut: Int64
    var remarks: [(kind: Remark.Kind, text: String)] = []

    /// The place is looked for in this order: the report's own coordinates, its transformer, its feeder, its customer (coordinates, then the
    /// customer's transformer, then the customer's district), its district's middle.
    package init(_ original: Report, customer: CustomerFacts?, network: NetworkRegister, districts: [DistrictID: District]) {
        report = original
        let transformer = original.transformer.flatMap { network.transformers[$0] }
        let feeder = (original.feeder ?? transformer?.feeder).flatMap { network.feeders[$0] }
        customersOut = original.customersOut ?? Int64(transformer?.customers ?? original.feeder.flatMap { network.feeders[$0] }?.customers ?? 0)

        // What the report names, and nobody knows. Where no register is kept, nobody is to blame.
        if let name = original.transformer, transformer == nil, !network.transformers.isEmpty {
            remarks.append((.register_unknown, "transformer '\(clipped(name.rawValue, to: 80))' is not in the network register"))
        }
        if let name = original.feeder, network.feeders[name] == nil, !network.feeders.isEmpty {
            remarks.append((.register_unknown, "feeder '\(clipped(name.rawValue, to: 80))' is not in the network register"))
        }

        var origin = PlaceOrigin.unknown
        var coordinate: Coordinate?
        func found(_ candidate: Coordinate?, _ by: PlaceOrigin) -> Bool {
            guard let candidate else { return false }
            coordinate = candidate
            origin = by
            return true
        }
        let isFound = found(original.place.coordinate, .report) || found(transformer?.coordinate, .transformer) || found(feeder?.coordinate, .feeder)

        // The customer's facts fill in what the report does not say.
        let facts = customer?.facts ?? [:]
        let customerTransformer = facts.identifier("transformer").map { TransformerID($0) }
        let served = customerTransformer.flatMap { network.transformers[$0] }
        let customerDistrict = facts.identifier("district").map { DistrictID($0) }
        if !isFound {
            if let account = original.customer, customer == nil {
                remarks.append((.register_unknown, "customer '\(clipped(account.rawValue, to: 80))' is not known"))
            }
            _ =
                found(facts.coordinate, .customer) || found(served?.coordinate, .customer)
                || found(original.place.district == nil ? customerDistrict.flatMap { districts[$0]?.centre } : nil, .customer)
                || found(original.place.district.flatMap { districts[$0]?.centre }, .district)
        }
        if original.transformer == nil, original.feeder == nil, served != nil { report.transformer = customerTransformer }
        report.feeder = original.feeder ?? transformer?.feeder ?? (original.transformer == nil ? served?.feeder : nil)
        report.place.district =
            original.place.district ?? transformer?.district ?? feeder?.district ?? served?.district ?? customerDistrict
        report.place.coordinate = coordinate
        let district = report.place.district.flatMap { districts[$0] }
        // The middle of a district that only the register knew.
        if coordinate == nil, found(district?.centre, .district) { report.place.coordinate = coordinate }
        report.site = original.site ?? district?.site
        report.customersOut = customersOut > 0 || original.customersOut != nil ? customersOut : nil
        place = TaskPlace(
            coordinate: coordinate, district: report.place.district, feeder: report.feeder, transformer: report.transformer, origin: origin)
        if origin == .unknown {
            remarks.append((.place_unknown, "nothing says where it is (no coordinates, transformer, feeder, customer or district that is known)"))
        }
    }
}

extension [String: FieldValue] {
    /// A name written as text or as a whole number; nil when empty.
    fileprivate func identifier(_ key: String) -> String? {
        switch self[key] {
        case .string(let text): text.isEmpty ? nil : text
        case .int(let number): String(number)
        case .double, .bool, nil: nil
        }
    }

    private func degrees(_ key: String) -> Double? {
        switch self[key] {
        case .double(let value): value
        case .int(let value): Double(value)
        case .string, .bool, nil: nil
        }
    }

    /// `lat` and `lon`, when both are there and on the globe.
    fileprivate var coordinate: Coordinate? {
        guard let lat = degrees("lat"), let lon = degrees("lon") else { return nil }
        return Coordinate(latitude: lat, longitude: lon)
    }
}

import Decisions
import Domain

/// The form of each row's body. Written by hand because it is on the hot path: about a microsecond a task, where `JSONEncoder`
/// takes fifty. Each body begins with the number of its form; a change of the form gets a new number and a new reader
/// beside the old one.
enum RowCodec {
    // MARK: Tasks

    /// Form 1 had limits by the clock on the wall alone; form 2 knew nothing of cases, form 3 nothing of departments that passed a task on,
    /// form 4 nothing of contractors and of reports that join a task, form 5 nothing of crews that serve a district.
    static let taskForm: UInt8 = 6

    static func write(_ task: WorkTask, into w: inout ByteWriter) {
        w.byte(taskForm)
        w.signed(task.id.packed)
        w.signed(Int64(task.revision))
        w.list(task.reports) { w, report in w.text(report) }
        w.text(task.source.rawValue)
        w.text(task.type)
        w.text(task.category)
        w.text(task.task)
        w.text(task.rule)
        w.byte(task.state.code)
        w.optional(task.suspendedFrom) { w, state in w.byte(state.code) }
        w.byte(task.priority.code)
        w.text(task.department.rawValue)
        w.bool(task.isDesk)
        w.optional(task.crew) { w, crew in w.text(crew.rawValue) }
        w.list(task.skills) { w, skill in w.text(skill.rawValue) }
        w.optional(task.within) { w, metres in w.signed(Int64(metres)) }
        w.list(task.declined) { w, crew in w.text(crew.rawValue) }
        w.optional(task.askAgainAt) { w, at in w.signed(at.milliseconds) }
        write(task.place.coordinate, into: &w)
        w.optional(task.place.district) { w, district in w.text(district.rawValue) }
        w.optional(task.place.feeder) { w, feeder in w.text(feeder.rawValue) }
        w.optional(task.place.transformer) { w, transformer in w.text(transformer.rawValue) }
        w.byte(task.place.origin.code)
        w.optional(task.customer) { w, customer in w.text(customer.rawValue) }
        w.signed(task.customersOut)
        w.signed(task.reportedAt.milliseconds)
        w.signed(task.createdAt.milliseconds)
        w.signed(task.since.milliseconds)
        w.list(task.limits) { w, limit in write(limit, into: &w) }
        w.optional(task.escalate) { w, ladder in w.text(ladder) }
        w.optional(task.outcome) { w, outcome in w.text(outcome) }
        w.optional(task.kase) { w, kase in w.signed(kase.packed) }
        w.optional(task.person) { w, person in w.text(person.rawValue) }
        w.optional(task.about) { w, about in w.text(about) }
        w.list(task.shared) { w, department in w.text(department.rawValue) }
        w.optional(task.tier) { w, tier in w.text(tier) }
        write(task.spent, into: &w)
        w.optional(task.completedAt) { w, at in w.signed(at.milliseconds) }
        w.optional(task.satisfaction) { w, mark in w.signed(Int64(mark)) }
        w.signed(Int64(task.reopened))
        w.list(task.handed) { w, part in
            w.text(part.department.rawValue)
            write(part.spent, into: &w)
        }
        w.optional(task.contractor) { w, contractor in w.text(contractor.rawValue) }
        w.list(task.passedBy) { w, contractor in w.text(contractor.rawValue) }
        w.signed(Int64(task.callers))
        w.optional(task.joinedAt) { w, at in w.signed(at.milliseconds) }
        w.list(task.joins) { w, key in
            w.text(key.rule)
            w.text(key.values)
        }
        w.list(task.areas) { w, area in w.text(area.rawValue) }
        w.optional(task.mergedInto) { w, into in w.signed(into.packed) }
        w.bool(task.ofDistrict)
    }

    private static func write(_ spent: TimeSpent, into w: inout ByteWriter) {
        w.signed(spent.queued)
        w.signed(spent.dispatched)
        w.signed(spent.accepted)
        w.signed(spent.onsite)
        w.signed(spent.suspended)
    }

    private static func spent(_ r: inout ByteReader) throws(RowFault) -> TimeSpent {
        var spent = TimeSpent()
        spent.queued = try r.signed()
        spent.dispatched = try r.signed()
        spent.accepted = try r.signed()
        spent.onsite = try r.signed()
        spent.suspended = try r.signed()
        return spent
    }

    private static func write(_ limit: LimitClock, into w: inout ByteWriter) {
        w.byte(limit.name.code)
        write(limit.length, into: &w)
        w.byte(limit.state.code)
        w.optional(limit.start) { w, at in w.signed(at.milliseconds) }
        w.optional(limit.stoppedAt) { w, at in w.signed(at.milliseconds) }
        w.optional(limit.reachedAt) { w, at in w.signed(at.milliseconds) }
        w.signed(Int64(limit.toldPercent))
        guard limit.length.isWorking else { return }
        w.optional(limit.began) { w, at in w.signed(at.milliseconds) }
        w.signed(limit.used)
        w.optional(limit.deadline) { w, at in w.signed(at.milliseconds) }
    }

    /// `oldLength`: the length by the clock on the wall, as form 1 of a task had it.
    static func limit(_ r: inout ByteReader, oldLength: Bool) throws(RowFault) -> LimitClock {
        let name = try LimitName.word(try r.byte())
        let length: LimitLength = oldLength ? .time(TimeSpan(milliseconds: try r.signed())) : try self.length(&r)
        var limit = LimitClock(name: name, length: length, state: try ClockState.word(try r.byte()), start: try r.optional(instant))
        limit.stoppedAt = try r.optional(instant)
        limit.reachedAt = try r.optional(instant)
        limit.toldPercent = try r.int()
        guard length.isWorking else { return limit }
        limit.began = try r.optional(instant)
        limit.used = try r.signed()
        limit.deadline = try r.optional(instant)
        return limit
    }

    static func task(_ bytes: UnsafeRawBufferPointer) throws(RowFault) -> WorkTask {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= taskForm else { throw unknownForm(found, known: taskForm, of: "task") }
        let id = TaskID(packed: try r.signed())
        let revision = try r.int32()
        let reports = try r.list { r throws(RowFault) in try r.text() }
        let source = SourceID(try r.text())
        let type = try r.text()
        let category = try r.text()
        let work = try r.text()
        let rule = try r.text()
        let state = try TaskState.word(try r.byte())
        let suspendedFrom = try r.optional { r throws(RowFault) in try TaskState.word(try r.byte()) }
        let priority = try Priority.word(try r.byte())
        let department = DepartmentID(try r.text())
        let isDesk = try r.bool()
        let crew = try r.optional { r throws(RowFault) in CrewID(try r.text()) }
        let skills = try r.list { r throws(RowFault) in SkillID(try r.text()) }
        let within = try r.optional { r throws(RowFault) in try r.int() }
        let declined = try r.list { r throws(RowFault) in CrewID(try r.text()) }
        let askAgainAt = try r.optional(instant)
        let place = TaskPlace(
            coordinate: try coordinate(&r),
            district: try r.optional { r throws(RowFault) in DistrictID(try r.text()) },
            feeder: try r.optional { r throws(RowFault) in FeederID(try r.text()) },
            transformer: try r.optional { r throws(RowFault) in TransformerID(try r.text()) },
            origin: try PlaceOrigin.word(try r.byte()))
        let customer = try r.optional { r throws(RowFault) in CustomerID(try r.text()) }
        let customersOut = try r.signed()
        let reportedAt = try instant(&r)
        let createdAt = try instant(&r)
        let since = try instant(&r)
        let limits = try r.list { r throws(RowFault) in try limit(&r, oldLength: found == 1) }
        var task = WorkTask(
            id: id, revision: revision, reports: reports, source: source, type: type, category: category, task: work, rule: rule,
            state: state, priority: priority, department: department, isDesk: isDesk, skills: skills, within: within, place: place,
            customer: customer, customersOut: customersOut, reportedAt: reportedAt, createdAt: createdAt, limits: limits,
            escalate: try r.optional { r throws(RowFault) in try r.text() })
        task.outcome = try r.optional { r throws(RowFault) in try r.text() }
        if found > 2 {
            task.kase = try r.optional { r throws(RowFault) in CaseID(packed: try r.signed()) }
            task.person = try r.optional { r throws(RowFault) in RoleID(try r.text()) }
            task.about = try r.optional { r throws(RowFault) in try r.text() }
            task.shared = try r.list { r throws(RowFault) in DepartmentID(try r.text()) }
            task.tier = try r.optional { r throws(RowFault) in try r.text() }
            task.spent = try spent(&r)
            task.completedAt = try r.optional(instant)
            task.satisfaction = try r.optional { r throws(RowFault) in try r.int32() }
            task.reopened = try r.int32()
        }
        if found > 3 { task.handed = try r.list { r throws(RowFault) in HandedTime(department: DepartmentID(try r.text()), spent: try spent(&r)) } }
        if found > 4 {
            task.contractor = try r.optional { r throws(RowFault) in ContractorID(try r.text()) }
            task.passedBy = try r.list { r throws(RowFault) in ContractorID(try r.text()) }
            task.callers = try r.int32()
            task.joinedAt = try r.optional(instant)
            task.joins = try r.list { r throws(RowFault) in JoinKey(rule: try r.text(), values: try r.text()) }
            task.areas = try r.list { r throws(RowFault) in TransformerID(try r.text()) }
            task.mergedInto = try r.optional { r throws(RowFault) in TaskID(packed: try r.signed()) }
        }
        if found > 5 { task.ofDistrict = try r.bool() }
        task.suspendedFrom = suspendedFrom
        task.crew = crew
        task.declined = declined
        task.askAgainAt = askAgainAt
        task.since = since
        try end(r, of: "task")
        return task
    }

    private static func write(_ length: LimitLength, into w: inout ByteWriter) {
        switch length {
        case .time(let span):
            w.byte(0)
            w.signed(span.milliseconds)
        case .workingDays(let days):
            w.byte(1)
            w.signed(Int64(days))
        case .workingTime(let span):
            w.byte(2)
            w.signed(span.milliseconds)
        }
    }

    private static func length(_ r: inout ByteReader) throws(RowFault) -> LimitLength {
        switch try r.byte() {
        case 0: return .time(TimeSpan(milliseconds: try r.signed()))
        case 1: return .workingDays(try r.int())
        case 2: return .workingTime(TimeSpan(milliseconds: try r.signed()))
        case let other: throw RowFault("there is no kind of limit \(other)")
        }
    }

    // MARK: Cases

    static let caseForm: UInt8 = 1

    static func write(_ row: WorkCase, into w: inout ByteWriter) {
        w.byte(caseForm)
        w.signed(row.id.packed)
        w.signed(Int64(row.revision))
        w.text(row.process)
        w.text(row.plan)
        // The application in its canonical form, without personal data: read back by the decoder of inputs.
        let report = InputCodec.logForm(of: InputCodec.input(.report(row.report), id: row.application, source: row.source)).log
        w.blob(report)
        write(row.place.coordinate, into: &w)
        w.optional(row.place.district) { w, district in w.text(district.rawValue) }
        w.optional(row.place.feeder) { w, feeder in w.text(feeder.rawValue) }
        w.optional(row.place.transformer) { w, transformer in w.text(transformer.rawValue) }
        w.byte(row.place.origin.code)
        w.signed(row.customersOut)
        w.optional(row.facts.isEmpty ? nil : row.facts) { w, facts in
            w.blob(InputCodec.canonical(.customer(CustomerFacts(customer: CustomerID("-"), facts: facts))))
        }
        w.optional(row.manager) { w, manager in w.text(manager.rawValue) }
        w.byte(row.state.code)
        w.signed(row.since.milliseconds)
        w.signed(row.createdAt.milliseconds)
        w.optional(row.acceptedAt) { w, at in w.signed(at.milliseconds) }
        w.list(row.missing) { w, document in w.text(document) }
        w.list(row.stages) { w, stage in
            w.text(stage.name)
            w.byte(stage.state.code)
            w.signed(Int64(stage.rounds))
            w.optional(stage.task) { w, task in w.signed(task.packed) }
            w.optional(stage.since) { w, at in w.signed(at.milliseconds) }
            w.optional(stage.begunAt) { w, at in w.signed(at.milliseconds) }
            w.optional(stage.outcome) { w, outcome in w.text(outcome) }
            w.bool(stage.isHeld)
        }
        w.optional(row.total) { w, total in write(total, into: &w) }
        w.optional(row.escalate) { w, ladder in w.text(ladder) }
    }

    static func kase(_ bytes: UnsafeRawBufferPointer) throws(RowFault) -> WorkCase {
        var r = ByteReader(bytes)
        try form(&r, is: caseForm, of: "case")
        let id = CaseID(packed: try r.signed())
        let revision = try r.int32()
        let process = try r.text()
        let plan = try r.text()
        let input: Input
        do throws(InputFault) { input = try InputCodec.input(log: try blob(&r), personal: nil) } catch {
            throw RowFault("the application of a case can't be read: \(error)")
        }
        guard case .report(let report) = input.body else { throw RowFault("the application of a case is no report") }
        let place = TaskPlace(
            coordinate: try coordinate(&r),
            district: try r.optional { r throws(RowFault) in DistrictID(try r.text()) },
            feeder: try r.optional { r throws(RowFault) in FeederID(try r.text()) },
            transformer: try r.optional { r throws(RowFault) in TransformerID(try r.text()) },
            origin: try PlaceOrigin.word(try r.byte()))
        let customersOut = try r.signed()
        let facts = try r.optional { r throws(RowFault) in
            guard let read = try? InputCodec.input(log: try r.blob(), personal: nil), case .customer(let customer) = read.body else {
                throw RowFault("what a case knows of its customer can't be read")
            }
            return customer.facts
        }
        let manager = try r.optional { r throws(RowFault) in RoleID(try r.text()) }
        let state = try CaseState.word(try r.byte())
        let since = try instant(&r)
        let createdAt = try instant(&r)
        let acceptedAt = try r.optional(instant)
        let missing = try r.list { r throws(RowFault) in try r.text() }
        let stages = try r.list { r throws(RowFault) in
            var stage = CaseStage(name: try r.text())
            stage.state = try StageState.word(try r.byte())
            stage.rounds = try r.int32()
            stage.task = try r.optional { r throws(RowFault) in TaskID(packed: try r.signed()) }
            stage.since = try r.optional(instant)
            stage.begunAt = try r.optional(instant)
            stage.outcome = try r.optional { r throws(RowFault) in try r.text() }
            stage.isHeld = try r.bool()
            return stage
        }
        var row = WorkCase(
            id: id, process: process, plan: plan, application: input.key.id, source: input.key.source, report: report, place: place,
            customersOut: customersOut, facts: facts ?? [:], manager: manager, createdAt: createdAt, missing: missing, stages: stages,
            total: try r.optional { r throws(RowFault) in try limit(&r, oldLength: false) },
            escalate: try r.optional { r throws(RowFault) in try r.text() })
        row.revision = revision
        row.state = state
        row.since = since
        row.acceptedAt = acceptedAt
        try end(r, of: "case")
        return row
    }

    private static func blob(_ r: inout ByteReader) throws(InputFault) -> [UInt8] {
        do throws(RowFault) { return try r.blob() } catch {
            throw InputFault(code: .inconsistent, message: error.what, suggestion: nil)
        }
    }

    // MARK: Crews

    /// Form 1 knows nothing of loans, and is what a crew that is not lent has.
    static let crewForm: UInt8 = 2

    /// Also the guard of a crew's row: the same record always gives the same bytes.
    static func write(_ crew: CrewRecord, into w: inout ByteWriter) {
        w.byte(crew.loan == nil ? 1 : crewForm)
        w.optional(crew.duty) { w, duty in w.bool(duty) }
        w.optional(crew.dutyUntil) { w, at in w.signed(at.milliseconds) }
        write(crew.coordinate, into: &w)
        w.optional(crew.coordinateAt) { w, at in w.signed(at.milliseconds) }
        guard let loan = crew.loan else { return }
        w.text(loan.to.rawValue)
        w.text(loan.rule)
        w.signed(loan.since.milliseconds)
    }

    static func crew(_ id: CrewID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> CrewRecord {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= crewForm else { throw unknownForm(found, known: crewForm, of: "crew") }
        var crew = CrewRecord(id: id)
        crew.duty = try r.optional { r throws(RowFault) in try r.bool() }
        crew.dutyUntil = try r.optional(instant)
        crew.coordinate = try coordinate(&r)
        crew.coordinateAt = try r.optional(instant)
        if found > 1 { crew.loan = CrewLoan(to: DistrictID(try r.text()), rule: try r.text(), since: try instant(&r)) }
        try end(r, of: "crew")
        return crew
    }

    // MARK: Receipts (of accepted inputs only; key and status are not repeated)

    /// Form 1 had no case, form 2 no answer.
    static let receiptForm: UInt8 = 3

    static func write(_ receipt: Receipt, into w: inout ByteWriter) {
        w.byte(receiptForm)
        w.list(receipt.tasks) { w, task in w.signed(task.packed) }
        w.optional(receipt.rule) { w, rule in w.text(rule) }
        w.optional(receipt.reason) { w, reason in w.text(reason) }
        w.optional(receipt.kase) { w, kase in w.signed(kase.packed) }
        w.optional(receipt.answer) { w, answer in
            w.text(answer.chinese)
            w.text(answer.english)
        }
    }

    static func receipt(_ key: InputKey, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> Receipt {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= receiptForm else { throw unknownForm(found, known: receiptForm, of: "receipt") }
        var receipt = Receipt(
            id: key.id, source: key.source, status: .accepted,
            tasks: try r.list { r throws(RowFault) in TaskID(packed: try r.signed()) },
            rule: try r.optional { r throws(RowFault) in try r.text() },
            reason: try r.optional { r throws(RowFault) in try r.text() })
        if found > 1 { receipt.kase = try r.optional { r throws(RowFault) in CaseID(packed: try r.signed()) } }
        if found > 2 { receipt.answer = try r.optional { r throws(RowFault) in Translation(chinese: try r.text(), english: try r.text()) } }
        try end(r, of: "receipt")
        return receipt
    }

    static func write(_ digest: ContentDigest, into w: inout ByteWriter) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) { w.byte(UInt8(truncatingIfNeeded: digest.high >> shift)) }
        for shift in stride(from: UInt64(56), through: 0, by: -8) { w.byte(UInt8(truncatingIfNeeded: digest.low >> shift)) }
    }

    static func digest(_ bytes: UnsafeRawBufferPointer) throws(RowFault) -> ContentDigest {
        guard bytes.count == 16 else { throw RowFault("a digest has \(bytes.count) bytes instead of 16") }
        func word(_ from: Int) -> UInt64 { bytes[from..<(from + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        return ContentDigest(high: word(0), low: word(8))
    }

    // MARK: History (task, revision, instant, event and `why` have columns of their own)

    /// Form 1 had no customer, form 2 no subject.
    static let historyForm: UInt8 = 3

    static func write(_ line: HistoryLine, into w: inout ByteWriter) {
        w.byte(historyForm)
        w.text(line.by)
        w.optional(line.crew) { w, crew in w.text(crew.rawValue) }
        w.text(line.department.rawValue)
        w.text(line.rule)
        w.text(line.report)
        w.optional(line.note) { w, note in w.text(note) }
        w.optional(line.customer) { w, customer in w.text(customer.rawValue) }
        w.optional(line.subject) { w, subject in
            w.byte(subject.code)
            w.text(subject.name)
        }
    }

    static func history(
        task: TaskID, kase: CaseID? = nil, revision: Int32, at: Instant, event: HistoryEvent, why: [UInt8]?, _ bytes: UnsafeRawBufferPointer
    ) throws(RowFault) -> HistoryLine {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= historyForm else { throw unknownForm(found, known: historyForm, of: "history") }
        var line = HistoryLine(
            task: task, kase: kase, revision: revision, at: at, event: event, by: try r.text(),
            crew: try r.optional { r throws(RowFault) in CrewID(try r.text()) },
            department: DepartmentID(try r.text()), rule: try r.text(), report: try r.text(),
            note: try r.optional { r throws(RowFault) in try r.text() }, why: why)
        if found > 1 { line.customer = try r.optional { r throws(RowFault) in CustomerID(try r.text()) } }
        if found > 2 { line.subject = try r.optional { r throws(RowFault) in try Subject(code: try r.byte(), name: try r.text()) } }
        try end(r, of: "history")
        return line
    }

    // MARK: Notices (task and recipient have columns of their own)

    /// Form 1 knew nothing of cases, form 2 nothing of customers.
    static let noticeForm: UInt8 = 4

    static func write(_ notice: Notice, into w: inout ByteWriter) {
        w.byte(noticeForm)
        w.text(notice.id)
        w.byte(notice.event.code)
        w.optional(notice.channel) { w, channel in w.text(channel) }
        w.signed(notice.at.milliseconds)
        w.optional(notice.due) { w, at in w.signed(at.milliseconds) }
        w.optional(notice.limit) { w, limit in w.byte(limit.code) }
        w.optional(notice.percent) { w, percent in w.signed(Int64(percent)) }
        w.optional(notice.kase) { w, kase in w.signed(kase.packed) }
        w.optional(notice.stage) { w, stage in w.text(stage) }
        w.list(notice.documents) { w, document in w.text(document) }
        w.optional(notice.text) { w, text in
            w.text(text.chinese)
            w.text(text.english)
        }
        w.optional(notice.customer) { w, customer in w.text(customer.rawValue) }
        w.optional(notice.rule) { w, rule in w.text(rule) }
        w.optional(notice.district) { w, district in w.text(district.rawValue) }
    }

    static func notice(task: TaskID, to: String, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> Notice {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= noticeForm else { throw unknownForm(found, known: noticeForm, of: "notice") }
        var notice = Notice(
            id: try r.text(), task: task, event: try Notice.Event.word(try r.byte()), to: to,
            channel: try r.optional { r throws(RowFault) in try r.text() }, at: try instant(&r), due: try r.optional(instant),
            limit: try r.optional { r throws(RowFault) in try LimitName.word(try r.byte()) },
            percent: try r.optional { r throws(RowFault) in try r.int() })
        if found > 1 {
            notice.kase = try r.optional { r throws(RowFault) in CaseID(packed: try r.signed()) }
            notice.stage = try r.optional { r throws(RowFault) in try r.text() }
            notice.documents = try r.list { r throws(RowFault) in try r.text() }
            notice.text = try r.optional { r throws(RowFault) in Translation(chinese: try r.text(), english: try r.text()) }
        }
        if found > 2 {
            notice.customer = try r.optional { r throws(RowFault) in CustomerID(try r.text()) }
            notice.rule = try r.optional { r throws(RowFault) in try r.text() }
        }
        if found > 3 { notice.district = try r.optional { r throws(RowFault) in DistrictID(try r.text()) } }
        try end(r, of: "notice")
        return notice
    }

    // MARK: Positions, as the log keeps them

    static let positionsForm: UInt8 = 1

    static func write(_ positions: [CrewPosition], into w: inout ByteWriter) {
        w.byte(positionsForm)
        w.list(positions) { w, position in
            w.text(position.crew.rawValue)
            w.signed(Int64(position.coordinate.latitudeMicrodegrees))
            w.signed(Int64(position.coordinate.longitudeMicrodegrees))
            w.signed(position.at.milliseconds)
        }
    }

    static func positions(_ bytes: UnsafeRawBufferPointer) throws(RowFault) -> [CrewPosition] {
        var r = ByteReader(bytes)
        try form(&r, is: positionsForm, of: "positions")
        let positions = try r.list { r throws(RowFault) in
            CrewPosition(crew: CrewID(try r.text()), coordinate: try place(&r), at: try instant(&r))
        }
        try end(r, of: "positions")
        return positions
    }

    // MARK: Parts

    static func form(_ r: inout ByteReader, is known: UInt8, of row: String) throws(RowFault) {
        let found = try r.byte()
        guard found == known else { throw unknownForm(found, known: known, of: row) }
    }

    static func unknownForm(_ found: UInt8, known: UInt8, of row: String) -> RowFault {
        RowFault("a \(row) row has form \(found); this version reads form \(known)")
    }

    static func end(_ r: ByteReader, of row: String) throws(RowFault) {
        guard r.isAtEnd else { throw RowFault("a \(row) row is longer than its form") }
    }

    static func write(_ coordinate: Coordinate?, into w: inout ByteWriter) {
        w.optional(coordinate) { w, coordinate in
            w.signed(Int64(coordinate.latitudeMicrodegrees))
            w.signed(Int64(coordinate.longitudeMicrodegrees))
        }
    }

    static func coordinate(_ r: inout ByteReader) throws(RowFault) -> Coordinate? { try r.optional(place) }

    /// A coordinate's own initialiser takes degrees and rounds to the millionth, which gives the same millionths back.
    private static func place(_ r: inout ByteReader) throws(RowFault) -> Coordinate {
        let latitude = Double(try r.int32()) / 1_000_000
        let longitude = Double(try r.int32()) / 1_000_000
        guard let coordinate = Coordinate(latitude: latitude, longitude: longitude) else {
            throw RowFault("a coordinate lies off the globe")
        }
        return coordinate
    }

    static func instant(_ r: inout ByteReader) throws(RowFault) -> Instant { Instant(milliseconds: try r.signed()) }
}

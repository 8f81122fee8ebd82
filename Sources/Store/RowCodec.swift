import Decisions
import Domain

/// The form of each row's body. Written by hand because it is on the hot path: about a microsecond a task, where `JSONEncoder`
/// takes fifty. Each body begins with the number of its form; a change of the form gets a new number and a new reader
/// beside the old one.
enum RowCodec {
    // MARK: Tasks

    /// Form 1 had limits by the clock on the wall alone.
    static let taskForm: UInt8 = 2

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
        w.list(task.limits) { w, limit in
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
        w.optional(task.escalate) { w, ladder in w.text(ladder) }
        w.optional(task.outcome) { w, outcome in w.text(outcome) }
    }

    static func task(_ bytes: UnsafeRawBufferPointer) throws(RowFault) -> WorkTask {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == 1 || found == taskForm else { throw unknownForm(found, known: taskForm, of: "task") }
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
        let limits = try r.list { r throws(RowFault) in
            let name = try LimitName.word(try r.byte())
            let length: LimitLength = found == 1 ? .time(TimeSpan(milliseconds: try r.signed())) : try self.length(&r)
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
        var task = WorkTask(
            id: id, revision: revision, reports: reports, source: source, type: type, category: category, task: work, rule: rule,
            state: state, priority: priority, department: department, isDesk: isDesk, skills: skills, within: within, place: place,
            customer: customer, customersOut: customersOut, reportedAt: reportedAt, createdAt: createdAt, limits: limits,
            escalate: try r.optional { r throws(RowFault) in try r.text() })
        task.outcome = try r.optional { r throws(RowFault) in try r.text() }
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

    // MARK: Crews

    static let crewForm: UInt8 = 1

    /// Also the guard of a crew's row: the same record always gives the same bytes.
    static func write(_ crew: CrewRecord, into w: inout ByteWriter) {
        w.byte(crewForm)
        w.optional(crew.duty) { w, duty in w.bool(duty) }
        w.optional(crew.dutyUntil) { w, at in w.signed(at.milliseconds) }
        write(crew.coordinate, into: &w)
        w.optional(crew.coordinateAt) { w, at in w.signed(at.milliseconds) }
    }

    static func crew(_ id: CrewID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> CrewRecord {
        var r = ByteReader(bytes)
        try form(&r, is: crewForm, of: "crew")
        var crew = CrewRecord(id: id)
        crew.duty = try r.optional { r throws(RowFault) in try r.bool() }
        crew.dutyUntil = try r.optional(instant)
        crew.coordinate = try coordinate(&r)
        crew.coordinateAt = try r.optional(instant)
        try end(r, of: "crew")
        return crew
    }

    // MARK: Customers

    static let customerForm: UInt8 = 1

    static func write(_ customer: CustomerFacts, into w: inout ByteWriter) {
        w.byte(customerForm)
        // In the order of the keys' bytes, so that the same facts are the same row.
        let facts = customer.facts.sorted { a, b in a.key.utf8.lexicographicallyPrecedes(b.key.utf8) }
        w.list(facts) { w, fact in
            w.text(fact.key)
            switch fact.value {
            case .string(let value):
                w.byte(0)
                w.text(value)
            case .int(let value):
                w.byte(1)
                w.signed(value)
            case .double(let value):
                w.byte(2)
                w.double(value)
            case .bool(let value):
                w.byte(3)
                w.bool(value)
            }
        }
    }

    static func customer(_ id: CustomerID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> CustomerFacts {
        var r = ByteReader(bytes)
        try form(&r, is: customerForm, of: "customer")
        var facts: [String: FieldValue] = [:]
        _ = try r.list { r throws(RowFault) in
            let key = try r.text()
            switch try r.byte() {
            case 0: facts[key] = .string(try r.text())
            case 1: facts[key] = .int(try r.signed())
            case 2: facts[key] = .double(try r.double())
            case 3: facts[key] = .bool(try r.bool())
            default: throw RowFault("a fact has a type that this version does not know")
            }
        }
        try end(r, of: "customer")
        return CustomerFacts(customer: id, facts: facts)
    }

    // MARK: Receipts (of accepted inputs only; key and status are not repeated)

    static let receiptForm: UInt8 = 1

    static func write(_ receipt: Receipt, into w: inout ByteWriter) {
        w.byte(receiptForm)
        w.list(receipt.tasks) { w, task in w.signed(task.packed) }
        w.optional(receipt.rule) { w, rule in w.text(rule) }
        w.optional(receipt.reason) { w, reason in w.text(reason) }
    }

    static func receipt(_ key: InputKey, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> Receipt {
        var r = ByteReader(bytes)
        try form(&r, is: receiptForm, of: "receipt")
        let receipt = Receipt(
            id: key.id, source: key.source, status: .accepted,
            tasks: try r.list { r throws(RowFault) in TaskID(packed: try r.signed()) },
            rule: try r.optional { r throws(RowFault) in try r.text() },
            reason: try r.optional { r throws(RowFault) in try r.text() })
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

    /// Form 1 had no customer.
    static let historyForm: UInt8 = 2

    static func write(_ line: HistoryLine, into w: inout ByteWriter) {
        w.byte(historyForm)
        w.text(line.by)
        w.optional(line.crew) { w, crew in w.text(crew.rawValue) }
        w.text(line.department.rawValue)
        w.text(line.rule)
        w.text(line.report)
        w.optional(line.note) { w, note in w.text(note) }
        w.optional(line.customer) { w, customer in w.text(customer.rawValue) }
    }

    static func history(
        task: TaskID, revision: Int32, at: Instant, event: HistoryEvent, why: [UInt8]?, _ bytes: UnsafeRawBufferPointer
    ) throws(RowFault) -> HistoryLine {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == 1 || found == historyForm else { throw unknownForm(found, known: historyForm, of: "history") }
        var line = HistoryLine(
            task: task, revision: revision, at: at, event: event, by: try r.text(),
            crew: try r.optional { r throws(RowFault) in CrewID(try r.text()) },
            department: DepartmentID(try r.text()), rule: try r.text(), report: try r.text(),
            note: try r.optional { r throws(RowFault) in try r.text() }, why: why)
        if found > 1 { line.customer = try r.optional { r throws(RowFault) in CustomerID(try r.text()) } }
        try end(r, of: "history")
        return line
    }

    // MARK: Notices (task and recipient have columns of their own)

    static let noticeForm: UInt8 = 1

    static func write(_ notice: Notice, into w: inout ByteWriter) {
        w.byte(noticeForm)
        w.text(notice.id)
        w.byte(notice.event.code)
        w.optional(notice.channel) { w, channel in w.text(channel) }
        w.signed(notice.at.milliseconds)
        w.optional(notice.due) { w, at in w.signed(at.milliseconds) }
        w.optional(notice.limit) { w, limit in w.byte(limit.code) }
        w.optional(notice.percent) { w, percent in w.signed(Int64(percent)) }
    }

    static func notice(task: TaskID, to: String, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> Notice {
        var r = ByteReader(bytes)
        try form(&r, is: noticeForm, of: "notice")
        let notice = Notice(
            id: try r.text(), task: task, event: try Notice.Event.word(try r.byte()), to: to,
            channel: try r.optional { r throws(RowFault) in try r.text() }, at: try instant(&r), due: try r.optional(instant),
            limit: try r.optional { r throws(RowFault) in try LimitName.word(try r.byte()) },
            percent: try r.optional { r throws(RowFault) in try r.int() })
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

    private static func form(_ r: inout ByteReader, is known: UInt8, of row: String) throws(RowFault) {
        let found = try r.byte()
        guard found == known else { throw unknownForm(found, known: known, of: row) }
    }

    private static func unknownForm(_ found: UInt8, known: UInt8, of row: String) -> RowFault {
        RowFault("a \(row) row has form \(found); this version reads form \(known)")
    }

    private static func end(_ r: ByteReader, of row: String) throws(RowFault) {
        guard r.isAtEnd else { throw RowFault("a \(row) row is longer than its form") }
    }

    private static func write(_ coordinate: Coordinate?, into w: inout ByteWriter) {
        w.optional(coordinate) { w, coordinate in
            w.signed(Int64(coordinate.latitudeMicrodegrees))
            w.signed(Int64(coordinate.longitudeMicrodegrees))
        }
    }

    private static func coordinate(_ r: inout ByteReader) throws(RowFault) -> Coordinate? { try r.optional(place) }

    /// A coordinate's own initialiser takes degrees and rounds to the millionth, which gives the same millionths back.
    private static func place(_ r: inout ByteReader) throws(RowFault) -> Coordinate {
        let latitude = Double(try r.int32()) / 1_000_000
        let longitude = Double(try r.int32()) / 1_000_000
        guard let coordinate = Coordinate(latitude: latitude, longitude: longitude) else {
            throw RowFault("a coordinate lies off the globe")
        }
        return coordinate
    }

    private static func instant(_ r: inout ByteReader) throws(RowFault) -> Instant { Instant(milliseconds: try r.signed()) }
}

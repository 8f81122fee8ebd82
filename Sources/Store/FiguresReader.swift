package import Figures
import Decisions
import Domain
import GRDBSQLite
import Glibc
import Rules

/// Reads what figures need: of a period the rows that ended in it, through the indexes on when they ended, and of each row a few numbers,
/// past its texts. In one reading transaction, on a read-only connection: no commit waits for it.
extension Store {
    /// The figures of a period, added up on the reading connection's own queue.
    package func figures(_ request: FigureRequest) async throws(StoreError) -> FigureReport {
        try await look { db in try Looks.figures(db, request) }
    }

    /// The same for a thread that may wait: the watch over the stages.
    package func figuresNow(_ request: FigureRequest) throws(StoreError) -> FigureReport {
        try lookNow { db in try Looks.figures(db, request) }
    }

    /// For benchmarks: what it costs to step through the rows of the same period and touch their bytes, without making anything of them.
    package func figuresBaseline(_ request: FigureRequest) async throws(StoreError) -> (rows: Int, bytes: Int) {
        try await look { db in
            var (rows, bytes) = (0, 0)
            for sql in [Looks.endedTasks, Looks.endedCases] {
                let s = try Statement(db, sql)
                s.bind(1, request.since.milliseconds)
                s.bind(2, request.until.milliseconds)
                while try s.step() {
                    rows += 1
                    bytes += try s.blob(0) { bytes throws(RowFault) in bytes.count }
                }
            }
            return (rows, bytes)
        }
    }
}

extension Looks {
    /// Which ones, from the index alone; then in the order of their numbers, in which they stand beside each other: one that is looked up after
    /// its neighbour costs a step, not a search.
    static let endedTasks = """
        SELECT body, ended FROM task WHERE id IN (SELECT id FROM task INDEXED BY task_ended WHERE ended >= ? AND ended < ?)
        """
    static let endedCases = "SELECT body, ended FROM cases INDEXED BY case_ended WHERE ended >= ? AND ended < ?"

    static func figures(_ db: OpaquePointer, _ request: FigureRequest) throws -> FigureReport {
        var request = request
        if !request.isLean { request.plans = try everyPlan(db) }
        var collector = FigureCollector(request)
        if !request.isLean {
            // Beyond the period too: a case that ended after it says who built for the stages that ended in it.
            let ended = try Statement(db, endedCases)
            ended.bind(1, request.since.milliseconds)
            ended.bind(2, Int64.max)
            while try ended.step() { collector.add(try ended.blob(0) { bytes throws(RowFault) in try RowCodec.figures(ofCase: bytes, &collector.names) }) }
            let open = try Statement(db, "SELECT body FROM cases WHERE open = 1")
            while try open.step() { collector.add(try open.blob(0) { bytes throws(RowFault) in try RowCodec.figures(ofCase: bytes, &collector.names) }) }
        }
        var fact = TaskFact()
        let ended = try Statement(db, endedTasks)
        ended.bind(1, request.since.milliseconds)
        ended.bind(2, request.until.milliseconds)
        while try ended.step() {
            try ended.blob(0) { bytes throws(RowFault) in try RowCodec.figures(ofTask: bytes, &collector.names, into: &fact) }
            fact.endedAt = Instant(milliseconds: ended.int(1))
            collector.add(fact)
        }
        if request.tellsOpen {
            let open = try Statement(db, "SELECT body FROM task WHERE open = 1 AND ended IS NULL")
            while try open.step() {
                try open.blob(0) { bytes throws(RowFault) in try RowCodec.figures(ofTask: bytes, &collector.names, into: &fact) }
                fact.endedAt = nil
                collector.add(fact)
            }
        }
        if !request.isLean { try readMissing(db, &collector) }
        return collector.finish()
    }

    /// Stages of cases that ended in the period, which themselves ended before it.
    private static func readMissing(_ db: OpaquePointer, _ collector: inout FigureCollector) throws {
        let find = try Statement(db, "SELECT body, ended FROM task WHERE id = ?")
        let history = try Statement(db, "SELECT DISTINCT task FROM history WHERE kase = ? AND task != 0")
        var fact = TaskFact()
        for missing in collector.missing() {
            var tasks = missing.tasks
            if missing.earlierRounds {
                history.bind(1, missing.kase.packed)
                while try history.step() { tasks.append(TaskID(packed: history.int(0))) }
            }
            for task in tasks {
                find.bind(1, task.packed)
                guard try find.step() else { continue }
                try find.blob(0) { bytes throws(RowFault) in try RowCodec.figures(ofTask: bytes, &collector.names, into: &fact) }
                fact.endedAt = find.isNull(1) ? nil : Instant(milliseconds: find.int(1))
                find.reset()
                collector.addMissing(fact)
            }
        }
    }

    /// Every wording that a case ever went by; one that can't be read names nothing.
    private static func everyPlan(_ db: OpaquePointer) throws -> [ProcessPlan] {
        let s = try Statement(db, "SELECT body FROM plan ORDER BY digest")
        var plans: [ProcessPlan] = []
        while try s.step() {
            if let bytes = s.bytes(0), let plan = ProcessPlan(json: bytes) { plans.append(plan) }
        }
        return plans
    }
}

extension RowCodec {
    /// A task's row past everything that figures do not need. The forms are those of `task`; a test holds the two together.
    ///
    /// - Parameter fact: the row before it, or a new one: rows beside each other often say the same names.
    static func figures(ofTask bytes: UnsafeRawBufferPointer, _ names: inout NameTable, into fact: inout TaskFact) throws(RowFault) {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found >= 1, found <= taskForm else { throw RowFault("a task row has form \(found); this version reads form \(taskForm)") }
        fact.id = TaskID(packed: try r.signed())
        try r.skipNumber()  // revision
        var report = UnsafeRawBufferPointer(start: nil, count: 0)
        for place in 0..<(try r.count()) {
            let id = try r.raw()
            if place == 0 { report = id }
        }
        let source = try r.raw()
        try r.skipText()  // type
        try r.skipText()  // category
        _ = names.code(try r.raw(), last: &fact.task)
        _ = names.code(try r.raw(), last: &fact.rule)
        fact.state = try TaskState.word(try r.byte())
        if try r.bool() { _ = try r.byte() }  // suspended from
        _ = try r.byte()  // priority
        _ = names.code(try r.raw(), last: &fact.department)
        _ = try r.bool()  // desk
        fact.crew = try r.code(&names)
        for _ in 0..<(try r.count()) { try r.skipText() }  // skills
        if try r.bool() { try r.skipNumber() }  // within
        for _ in 0..<(try r.count()) { try r.skipText() }  // declined
        if try r.bool() { try r.skipNumber() }  // ask again
        if try r.bool() {
            try r.skipNumber()
            try r.skipNumber()
        }
        fact.district = try r.code(&names)
        let feeder = try r.bool() ? try r.raw() : nil
        let transformer = try r.bool() ? try r.raw() : nil
        _ = try r.byte()  // origin
        if try r.bool() { try r.skipText() }  // customer
        fact.customersOut = try r.signed()
        // Where nobody is out nobody asks for them, and transformers are the most names of all.
        fact.feeder = fact.customersOut > 0 ? feeder.map { names.code($0) } ?? 0 : 0
        fact.transformer = fact.customersOut > 0 ? transformer.map { names.code($0) } ?? 0 : 0
        let isUnplaced = fact.customersOut > 0 && fact.feeder == 0 && fact.transformer == 0
        fact.reportKey = isUnplaced ? NameTable.hash(report) &* 31 &+ NameTable.hash(source) : 0
        fact.reportedAt = Instant(milliseconds: try r.signed())
        fact.createdAt = Instant(milliseconds: try r.signed())
        try r.skipNumber()  // since
        fact.limits.removeAll(keepingCapacity: true)
        for _ in 0..<(try r.count()) { fact.limits.append(try limitFact(&r, oldLength: found == 1)) }
        fact.kase = nil
        fact.spent = nil
        if !fact.handed.isEmpty { fact.handed.removeAll(keepingCapacity: true) }
        fact.satisfaction = nil
        fact.reopened = 0
        guard found > 2 else {
            fact.tier = 0
            return
        }
        if try r.bool() { try r.skipText() }  // ladder
        if try r.bool() { try r.skipText() }  // outcome
        if try r.bool() { fact.kase = CaseID(packed: try r.signed()) }
        if try r.bool() { try r.skipText() }  // person
        if try r.bool() { try r.skipText() }  // about
        for _ in 0..<(try r.count()) { try r.skipText() }  // shared
        if try r.bool() { _ = names.code(try r.raw(), last: &fact.tier) } else { fact.tier = 0 }
        let spent = try spentFact(&r)
        let wasCompleted = try r.bool()
        if wasCompleted { try r.skipNumber() }
        // A row that an earlier version completed has neither: nobody knows where its time went.
        if wasCompleted || spent.total > 0 { fact.spent = spent }
        if try r.bool() { fact.satisfaction = try r.int32() }
        fact.reopened = try r.int32()
        guard found > 3 else { return }
        for _ in 0..<(try r.count()) { fact.handed.append(TaskFact.Handed(department: names.code(try r.raw()), spent: try spentFact(&r))) }
        guard found > 4 else { return }
        if try r.bool() { try r.skipText() }  // contractor
        for _ in 0..<(try r.count()) { try r.skipText() }  // passed by
        try r.skipNumber()  // callers
        if try r.bool() { try r.skipNumber() }  // joined at
        for _ in 0..<(try r.count()) {
            try r.skipText()
            try r.skipText()
        }
        for _ in 0..<(try r.count()) { try r.skipText() }  // areas
        if try r.bool() { try r.skipNumber() }  // merged into
        if found > 5 { _ = try r.bool() }  // of its district
    }

    private static func spentFact(_ r: inout ByteReader) throws(RowFault) -> SpentFact {
        SpentFact(queued: try r.signed(), dispatched: try r.signed(), accepted: try r.signed(), onsite: try r.signed(), suspended: try r.signed())
    }

    private static func limitFact(_ r: inout ByteReader, oldLength: Bool) throws(RowFault) -> LimitFact {
        let clock = try limit(&r, oldLength: oldLength)
        return LimitFact(
            name: clock.name, length: clock.length, start: clock.start, began: clock.began, used: clock.used, due: clock.due,
            reachedAt: clock.state == .reached ? clock.reachedAt : nil)
    }

    static func figures(ofCase bytes: UnsafeRawBufferPointer, _ names: inout NameTable) throws(RowFault) -> CaseFact {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == caseForm else { throw RowFault("a case row has form \(found); this version reads form \(caseForm)") }
        var fact = CaseFact(id: CaseID(packed: try r.signed()))
        try r.skipNumber()  // revision
        fact.process = names.code(try r.raw())
        try r.skipText()  // plan
        fact.contractor = contractor(try r.raw(), &names)
        if try r.bool() {
            try r.skipNumber()
            try r.skipNumber()
        }
        fact.district = try r.code(&names)
        if try r.bool() { try r.skipText() }  // feeder
        if try r.bool() { try r.skipText() }  // transformer
        _ = try r.byte()  // origin
        try r.skipNumber()  // customers out
        if try r.bool() { try r.skipText() }  // facts
        if try r.bool() { try r.skipText() }  // manager
        switch try CaseState.word(try r.byte()) {
        case .open, .suspended: fact.state = .open
        case .completed: fact.state = .completed
        case .withdrawn: fact.state = .withdrawn
        }
        let since = Instant(milliseconds: try r.signed())
        if fact.state != .open { fact.endedAt = since }
        fact.createdAt = Instant(milliseconds: try r.signed())
        if try r.bool() { fact.acceptedAt = Instant(milliseconds: try r.signed()) }
        for _ in 0..<(try r.count()) { try r.skipText() }  // missing
        let count = try r.count()
        fact.stages.reserveCapacity(count)
        for _ in 0..<count {
            let name = names.code(try r.raw())
            _ = try r.byte()  // state
            let rounds = try r.int32()
            let task = try r.bool() ? TaskID(packed: try r.signed()) : nil
            if try r.bool() { try r.skipNumber() }  // since
            if try r.bool() { try r.skipNumber() }  // begun
            let hasFailed = try r.bool() ? try r.raw().elementsEqual("failed".utf8) : false
            _ = try r.bool()  // held
            fact.stages.append(CaseFact.Stage(name: name, rounds: rounds, task: task, hasFailed: hasFailed))
        }
        if try r.bool() { fact.total = try limitFact(&r, oldLength: false) }
        return fact
    }

    /// `fields.contractor` of an application. Most have none, and are not decoded to find that out.
    private static func contractor(_ report: UnsafeRawBufferPointer, _ names: inout NameTable) -> Int32 {
        guard holds(report, "\"contractor\""), let input = try? InputCodec.input(log: Array(report), personal: nil), case .report(let body) = input.body,
            case .string(let name) = body.fields["contractor"]
        else { return 0 }
        return names.code(name)
    }

    private static func holds(_ bytes: UnsafeRawBufferPointer, _ word: StaticString) -> Bool {
        guard let base = bytes.baseAddress, bytes.count >= word.utf8CodeUnitCount else { return false }
        for at in 0...(bytes.count - word.utf8CodeUnitCount)
        where bytes[at] == word.utf8Start.pointee && memcmp(base + at, word.utf8Start, word.utf8CodeUnitCount) == 0 { return true }
        return false
    }
}

extension ByteReader {
    /// An optional text as a name's number.
    mutating func code(_ names: inout NameTable) throws(RowFault) -> Int32 { try bool() ? names.code(try raw()) : 0 }
}

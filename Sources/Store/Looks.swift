import Decisions
import Domain
import GRDBSQLite
import Rules

/// The questions that are asked of the database, each in one place. They run on the writer's connection (start, and the rows
/// that a batch's inputs need) or on a read-only one.
enum Looks {
    /// At start: only open work is read, through the partial index `task_open`, however much is finished.
    static let openTasks = "SELECT id, body FROM task WHERE open = 1 ORDER BY priority, id"

    static let unjournaled = "SELECT id, task, revision, at, event, body, why, kase FROM history WHERE id > ? ORDER BY id"

    static let historyOfTask = "SELECT id, task, revision, at, event, body, why, kase FROM history WHERE task = ? ORDER BY id"

    /// The lines of a case as a whole and of its tasks.
    static let historyOfCase = "SELECT id, task, revision, at, event, body, why, kase FROM history WHERE kase = ? ORDER BY id"

    static let historyAfter = "SELECT id, task, revision, at, event, body, why, kase FROM history WHERE id > ? ORDER BY id LIMIT ?"

    /// What is kept of an input by its key: the body and the salt are for telling a repeat of one that has a personal part.
    static let earlierInput = """
        SELECT i.digest, i.receipt, CASE WHEN i.part IS NULL THEN NULL ELSE i.body END, i.part, p.salt
        FROM input AS i LEFT JOIN personal AS p ON p.seq = i.seq AND \(isKept("p")) WHERE i.source = ? AND i.id = ?
        """

    static let receiptsOfOne = "SELECT source, receipt FROM input WHERE source = ?2 AND id = ?1 AND receipt IS NOT NULL"

    /// The key's index is by source first, and there are few sources: each is looked up, from one to the next.
    static let receiptsOfAll = """
        WITH RECURSIVE sources(name) AS (
          SELECT min(source) FROM input WHERE source IS NOT NULL
          UNION ALL SELECT (SELECT min(source) FROM input WHERE source > sources.name) FROM sources WHERE sources.name IS NOT NULL)
        SELECT source, receipt FROM sources JOIN input ON input.source = sources.name WHERE input.id = ?1 AND receipt IS NOT NULL
        """

    /// Due, in order, without recipients that are busy; and never one while an earlier one about the same task to the same
    /// recipient still waits, so that nobody is told "withdrawn" before "dispatched".
    static let dueNotices = """
        SELECT row, task, recipient, attempts, body FROM notice AS n INDEXED BY notice_due
        WHERE state = 0 AND next_at <= ?1
          AND recipient NOT IN (SELECT value FROM json_each(?2))
          AND NOT EXISTS (
            SELECT 1 FROM notice AS e INDEXED BY notice_order
            WHERE e.state = 0 AND e.task = n.task AND e.recipient = n.recipient AND e.row < n.row)
        ORDER BY next_at, row LIMIT ?3
        """

    static let nextNotice = "SELECT min(next_at) FROM notice INDEXED BY notice_due WHERE state = 0 AND next_at > ?"

    static func devices(_ db: OpaquePointer) throws -> [DeviceRow] {
        let s = try Statement(db, "SELECT id, body FROM device ORDER BY id")
        var devices: [DeviceRow] = []
        while try s.step() {
            let id = DeviceID(s.text(0))
            devices.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.device(id, bytes) })
        }
        return devices
    }

    static func openTasks(_ db: OpaquePointer) throws -> [WorkTask] {
        let s = try Statement(db, openTasks)
        var tasks: [WorkTask] = []
        while try s.step() { tasks.append(try s.blob(1, RowCodec.task)) }
        return tasks
    }

    static func openCases(_ db: OpaquePointer) throws -> [WorkCase] {
        let s = try Statement(db, "SELECT body FROM cases WHERE open = 1 ORDER BY id")
        var cases: [WorkCase] = []
        while try s.step() { cases.append(try s.blob(0, RowCodec.kase)) }
        return cases
    }

    /// The plans of these digests, as far as they are there.
    static func plans(_ db: OpaquePointer, _ digests: Set<String>) throws -> [ProcessPlan] {
        let s = try Statement(db, "SELECT body FROM plan WHERE digest = ?")
        var plans: [ProcessPlan] = []
        for digest in digests.sorted() {
            s.bind(1, digest)
            guard try s.step(), let bytes = s.bytes(0), let plan = ProcessPlan(json: bytes) else {
                throw RowFault("the plan \(digest) of an open case is missing or can't be read")
            }
            plans.append(plan)
            s.reset()
        }
        return plans
    }

    /// Open cases in the order of their deadlines, then numbers; with `all`, the finished ones after them, the youngest first.
    static func cases(_ db: OpaquePointer, _ filter: CaseFilter) throws -> [WorkCase] {
        let limit = max(1, min(filter.limit, 100_000))
        let open = filter.states.isEmpty || filter.states.contains { !$0.isFinal }
        let final = filter.states.isEmpty ? filter.all : filter.states.contains { $0.isFinal }
        var cases: [WorkCase] = []
        if open {
            cases = try rows(db, filter, "open = 1 ORDER BY id", limit: .max)
            let order = cases.indices.sorted { a, b in
                (cases[a].total?.due ?? .distantFuture, a) < (cases[b].total?.due ?? .distantFuture, b)
            }
            cases = order.prefix(limit).map { cases[$0] }
        }
        if final, cases.count < limit { cases += try rows(db, filter, "open = 0 ORDER BY id DESC", limit: limit - cases.count) }
        return cases
    }

    private static func rows(_ db: OpaquePointer, _ filter: CaseFilter, _ which: String, limit: Int) throws -> [WorkCase] {
        var conditions = ""
        if !filter.states.isEmpty {
            conditions += "state IN (\(filter.states.map(\.code).sorted().map(String.init).joined(separator: ", "))) AND "
        }
        if filter.process != nil { conditions += "process = ?1 AND " }
        if filter.customer != nil { conditions += "customer = ?2 AND " }
        let s = try Statement(db, "SELECT body FROM cases WHERE \(conditions)\(which) LIMIT ?3")
        if let process = filter.process { s.bind(1, process) }
        if let customer = filter.customer { s.bind(2, customer.rawValue) }
        s.bind(3, Int64(limit))
        var cases: [WorkCase] = []
        while try s.step() { cases.append(try s.blob(0, RowCodec.kase)) }
        return cases
    }

    static func crews(_ db: OpaquePointer) throws -> [CrewRecord] {
        let s = try Statement(db, "SELECT id, body FROM crew ORDER BY id")
        var crews: [CrewRecord] = []
        while try s.step() {
            let id = CrewID(s.text(0))
            crews.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.crew(id, bytes) })
        }
        return crews
    }

    static func contractors(_ db: OpaquePointer) throws -> [ContractorRecord] {
        let s = try Statement(db, "SELECT id, body FROM contractor ORDER BY id")
        var contractors: [ContractorRecord] = []
        while try s.step() {
            let id = ContractorID(s.text(0))
            contractors.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.contractor(id, bytes) })
        }
        return contractors
    }

    static func lines(_ s: Statement) throws -> [StoredLine] {
        var lines: [StoredLine] = []
        while try s.step() {
            let why = s.bytes(6)
            guard let revision = Int32(exactly: s.int(2)), let code = UInt8(exactly: s.int(4)) else { throw RowFault("a history row is out of range") }
            let event = try HistoryEvent.word(code)
            let task = TaskID(packed: s.int(1))
            let at = Instant(milliseconds: s.int(3))
            let kase = s.isNull(7) ? nil : CaseID(packed: s.int(7))
            let line = try s.blob(5) { bytes throws(RowFault) in
                try RowCodec.history(task: task, kase: kase, revision: revision, at: at, event: event, why: why, bytes)
            }
            lines.append(StoredLine(number: s.int(0), line: line))
        }
        return lines
    }

    /// Open tasks most urgent first: priority, then the earliest running deadline, then number; with `all`, the finished ones after them,
    /// the youngest first. Deadlines stand in the bodies, so every open task that the filter lets through is read.
    static func tasks(_ db: OpaquePointer, _ filter: TaskFilter) throws -> [WorkTask] {
        let limit = max(1, min(filter.limit, 100_000))
        var tasks: [WorkTask] = []
        let open = filter.states.isEmpty || filter.states.contains { !$0.isFinal }
        let final = filter.states.isEmpty ? filter.all : filter.states.contains { $0.isFinal }
        if open {
            tasks = try rows(db, filter, "open = 1 ORDER BY priority, id", limit: .max)
            let order = tasks.indices.sorted { a, b in
                (tasks[a].priority.code, tasks[a].runningDeadline ?? .distantFuture, a) < (tasks[b].priority.code, tasks[b].runningDeadline ?? .distantFuture, b)
            }
            tasks = order.prefix(limit).map { tasks[$0] }
        }
        if final, tasks.count < limit { tasks += try rows(db, filter, "open = 0 ORDER BY id DESC", limit: limit - tasks.count) }
        return tasks
    }

    private static func rows(_ db: OpaquePointer, _ filter: TaskFilter, _ which: String, limit: Int) throws -> [WorkTask] {
        var conditions = ""
        if !filter.states.isEmpty {
            let codes = filter.states.map(\.code).sorted().map(String.init).joined(separator: ", ")
            conditions += "state IN (\(codes)) AND "
        }
        if filter.department != nil { conditions += "(department = ?1 OR id IN (SELECT task FROM shared WHERE department = ?1)) AND " }
        if filter.crew != nil { conditions += "crew = ?2 AND " }
        let s = try Statement(db, "SELECT body FROM task WHERE \(conditions)\(which) LIMIT ?3")
        if let department = filter.department { s.bind(1, department.rawValue) }
        if let crew = filter.crew { s.bind(2, crew.rawValue) }
        s.bind(3, Int64(limit))
        var tasks: [WorkTask] = []
        while try s.step() { tasks.append(try s.blob(0, RowCodec.task)) }
        return tasks
    }
}

extension Writer {
    func load() throws -> LoadedState {
        let unjournaled = try Statement(connection, Looks.unjournaled)
        unjournaled.bind(1, head.journaled)
        let cases = try Looks.openCases(connection)
        var loaded = LoadedState(
            cases: cases, plans: try Looks.plans(connection, Set(cases.map(\.plan))), lastCase: CaseID(packed: head.kase), tasks: try Looks.openTasks(connection), crews: try Looks.crews(connection),
            contractors: try Looks.contractors(connection), lastTask: TaskID(packed: head.task),
            lastHistory: head.history, journaledThrough: head.journaled, unjournaled: try Looks.lines(unjournaled))
        loaded.outages = try Looks.outages(try Statement(connection, "SELECT id, body FROM outage WHERE open = 1 ORDER BY id"))
        loaded.managerLoads = try Looks.managerLoads(connection)
        loaded.devices = try Looks.devices(connection)
        loaded.districts = try Looks.districts(connection)
        return loaded
    }
}

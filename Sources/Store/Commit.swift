import Decisions
import Domain
import Rules

/// The one way to disk. A batch becomes one transaction: the log, what changed, its history, its notices, and what came of
/// earlier notices; then one sync, and only then may anything be acknowledged.
///
/// **Guards.** Every change says which row it began with, and is written only where that row still stands: a task by its
/// revision, a crew by the bytes of its record, a notice by its attempts, the last numbers by their values. A guard that
/// finds something else is a `conflict`: a defect, never to be papered over.
extension Writer {
    func commit(_ batch: Batch) throws(CommitFailure) -> Committed {
        if let poison { throw .fatal(poison) }
        let plan = try CommitPlan(batch, path: path)
        if plan.isEmpty, batch.telemetry.isEmpty, batch.deliveries.isEmpty, (batch.journaledThrough ?? 0) <= head.journaled {
            return Committed(lastInput: head.input, lastHistory: head.history, hasNotices: false)
        }
        let before = contexts
        do throws(CommitFailure) {
            let (next, hasNotices) = try transaction { () throws(CommitFailure) in try write(batch, plan) }
            head = next
            if batch.entries.contains(where: { $0.decision.changes.contains { if case .forget = $0 { true } else { false } } }) { wantsErasure() }
            return Committed(lastInput: next.input, lastHistory: next.history, hasNotices: hasNotices)
        } catch {
            // A context that was first written in this transaction is gone with it.
            contexts = before
            throw error
        }
    }

    /// A commit with nothing in it but a count: the watchdog's proof that the writer writes and syncs.
    func beat() throws(CommitFailure) {
        try transaction { () throws(CommitFailure) in
            let changed = try run(prepared("UPDATE head SET beats = beats + 1 WHERE one = 1"))
            guard changed == 1 else { throw conflict("the table head is empty") }
        }
    }

    func prepared(_ sql: String) throws(CommitFailure) -> Statement {
        do { return try statement(sql) } catch { throw CommitFailure(error, path: path) }
    }

    private func conflict(_ what: String) -> CommitFailure { .defect(what, path: path) }

    private func write(_ batch: Batch, _ plan: CommitPlan) throws(CommitFailure) -> (Head, hasNotices: Bool) {
        var next = head
        let context = plan.logged.isEmpty ? 0 : try number(ofRules: batch.rulesHash)
        let words = ContextWords(rules: batch.rulesHash, engine: options.engine)
        for i in plan.logged {
            next.input += 1
            next.chain = try log(batch.entries[i], number: next.input, context: context, words, after: next.chain)
        }
        for task in plan.tasks { try store(task) }
        for crew in plan.crews { try store(crew) }
        for customer in plan.customers { try store(customer) }
        for process in plan.processes { try store(process) }
        for kase in plan.cases { try store(kase) }
        for outage in plan.outages { try store(outage) }
        for contractor in plan.contractors { try store(contractor) }
        for district in plan.districts.values.sorted(by: { $0.id < $1.id }) { try store(district) }
        var hasNotices = false
        for calls in plan.calls {
            let written = try store(calls, notices: next.notice)
            next.notice += written
            if written > 0 { hasNotices = true }
        }
        for entry in batch.entries {
            for line in entry.decision.history {
                next.history += 1
                try store(line, number: next.history)
            }
            // Without a channel the line of history in the journal is the whole delivery.
            for notice in entry.decision.notices where notice.channel != nil {
                next.notice += 1
                try store(notice, row: next.notice)
                hasNotices = true
            }
        }
        for delivery in batch.deliveries { try store(delivery) }
        for row in batch.telemetry { try store(row) }
        if let last = plan.lastTask {
            guard last.before.packed == head.task else {
                throw conflict("the last task was \(TaskID(packed: head.task)), but the decision began with \(last.before)")
            }
            next.task = last.after.packed
        }
        if let last = plan.lastCase {
            guard last.before.packed == head.kase else {
                throw conflict("the last case was \(CaseID(packed: head.kase)), but the decision began with \(last.before)")
            }
            next.kase = last.after.packed
        }
        if let mark = batch.journaledThrough {
            guard mark <= next.history else { throw conflict("the journal's mark \(mark) lies beyond the last line \(next.history)") }
            next.journaled = max(next.journaled, mark)
        }
        try store(next)
        return (next, hasNotices)
    }

    // MARK: Rows

    /// Writes one entry of the log; returns the chain's hash there.
    private func log(_ entry: Entry, number: Int64, context: Int64, _ words: ContextWords, after previous: Hash256) throws(CommitFailure) -> Hash256 {
        var row = LogRow(number: number, at: entry.at.milliseconds, kind: LogKind(entry.stimulus).rawValue, context: context)
        switch entry.stimulus {
        case .input(let input, _):
            row.take(input, customer: entry.stimulus.customer, salt: LogChain.newSalt)
            if let receipt = entry.decision.receipt {
                bytes.reset()
                RowCodec.write(receipt, into: &bytes)
                row.receipt = bytes.bytes
            }
        case .positions(let positions):
            bytes.reset()
            RowCodec.write(positions, into: &bytes)
            row.body = bytes.bytes
        case .rules(let hash): row.body = Array(hash.utf8)
        case .notices(let outage, _): row.body = Array(outage.rawValue.utf8)
        case .tick: break
        }
        let chain = row.hash(after: previous, words, &bytes)
        row.bind(to: hot.insertInput, chain: chain)
        try run(hot.insertInput)
        if let personal = row.personal {
            hot.insertPersonal.bind(1, number)
            hot.insertPersonal.bind(2, personal.body)
            hot.insertPersonal.bind(3, personal.customer)
            hot.insertPersonal.bind(4, personal.salt)
            try run(hot.insertPersonal)
        }
        // Only what came before goes with a customer who is forgotten: who comes back in the same batch is known again.
        for case .forget(let customer) in entry.decision.changes { try forget(customer) }
        return chain
    }

    private func number(ofRules hash: String) throws(CommitFailure) -> Int64 {
        if let known = contexts[hash] { return known }
        let insert = try prepared("INSERT INTO context (rules, engine) VALUES (?, ?) ON CONFLICT DO NOTHING")
        insert.bind(1, hash)
        insert.bind(2, options.engine)
        try run(insert)
        let find = try prepared("SELECT id FROM context WHERE rules = ? AND engine = ?")
        find.bind(1, hash)
        find.bind(2, options.engine)
        do {
            guard try find.step() else { throw conflict("the context that was just written is not there") }
            let number = find.int(0)
            find.reset()
            contexts[hash] = number
            return number
        } catch let failure as SQLiteFailure {
            throw CommitFailure(failure, path: path)
        } catch let failure as CommitFailure {
            throw failure
        } catch {
            throw .fatal("\(error)")
        }
    }

    private func store(_ change: CommitPlan.TaskChange) throws(CommitFailure) {
        let task = change.after
        bytes.reset()
        RowCodec.write(task, into: &bytes)
        let isOpen: Int64 = task.state.isFinal ? 0 : 1
        let s: Statement
        if let before = change.before {
            s = before.movesInIndex(to: task) ? hot.moveTask : hot.updateTask
            s.bind(7, Int64(before.revision))
            if before.movesInIndex(to: task) {
                s.bind(8, isOpen)
                s.bind(9, Int64(task.priority.code))
                s.bind(10, task.endedAt?.milliseconds)
            }
        } else {
            s = hot.insertTask
            s.bind(7, isOpen)
            s.bind(8, Int64(task.priority.code))
            s.bind(9, task.endedAt?.milliseconds)
        }
        s.bind(1, task.id.packed)
        s.bind(2, Int64(task.revision))
        s.bind(3, Int64(task.state.code))
        s.bind(4, task.department.rawValue)
        s.bind(5, task.crew?.rawValue)
        s.bind(6, bytes.bytes)
        guard try run(s) == 1 else {
            throw conflict("task \(task.id) is not at revision \(change.before?.revision ?? 0), where the decision began")
        }
        // Whom a task concerns is known when it begins.
        guard change.before == nil else { return }
        for department in task.shared {
            let s = try prepared("INSERT INTO shared (department, task) VALUES (?, ?) ON CONFLICT DO NOTHING")
            s.bind(1, department.rawValue)
            s.bind(2, task.id.packed)
            _ = try run(s)
        }
    }

    private func store(_ change: CommitPlan.CrewChange) throws(CommitFailure) {
        bytes.reset()
        RowCodec.write(change.after, into: &bytes)
        let after = bytes.bytes
        // A crew of the roster of which nothing is known yet has no row, and its record is blank: both may stand for the other.
        let blank = CrewRecord(id: change.after.id)
        bytes.reset()
        RowCodec.write(change.before ?? blank, into: &bytes)
        let s =
            (change.before ?? blank) == blank
            ? try prepared("INSERT INTO crew (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2 WHERE body = ?3")
            : try prepared("UPDATE crew SET body = ?2 WHERE id = ?1 AND body = ?3")
        s.bind(1, change.after.id.rawValue)
        s.bind(2, after)
        s.bind(3, bytes.bytes)
        guard try run(s) == 1 else { throw conflict("crew \(change.after.id) has another record than the decision began with") }
    }

    /// Telemetry replaces its predecessor, so no row is guarded.
    private func store(_ row: DeviceRow) throws(CommitFailure) {
        bytes.reset()
        RowCodec.write(row, into: &bytes)
        let s = try prepared("INSERT INTO device (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2")
        s.bind(1, row.device.rawValue)
        s.bind(2, bytes.bytes)
        try run(s)
    }

    private func store(_ change: CommitPlan.ContractorChange) throws(CommitFailure) {
        bytes.reset()
        RowCodec.write(change.after, into: &bytes)
        let after = bytes.bytes
        bytes.reset()
        if let before = change.before { RowCodec.write(before, into: &bytes) }
        let s =
            change.before == nil
            ? try prepared("INSERT INTO contractor (id, body) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            : try prepared("UPDATE contractor SET body = ?2 WHERE id = ?1 AND body = ?3")
        s.bind(1, change.after.id.rawValue)
        s.bind(2, after)
        if change.before != nil { s.bind(3, bytes.bytes) }
        guard try run(s) == 1 else { throw conflict("contractor \(change.after.id) has another record than the decision began with") }
    }

    /// A wording of a process is the same for ever: what is there already stays.
    private func store(_ plan: ProcessPlan) throws(CommitFailure) {
        let s = try prepared("INSERT INTO plan (digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING")
        s.bind(1, plan.digest)
        s.bind(2, plan.json)
        try run(s)
    }

    private func store(_ change: CommitPlan.CaseChange) throws(CommitFailure) {
        let row = change.after
        bytes.reset()
        RowCodec.write(row, into: &bytes)
        let s: Statement
        if let revision = change.revisionBefore {
            s = try prepared(
                "UPDATE cases SET revision = ?2, state = ?3, open = ?4, process = ?5, plan = ?6, customer = ?7, body = ?8, ended = ?9 WHERE id = ?1 AND revision = ?10")
            s.bind(10, Int64(revision))
        } else {
            s = try prepared("INSERT INTO cases (id, revision, state, open, process, plan, customer, body, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        }
        s.bind(9, row.state.isFinal ? row.since.milliseconds : nil)
        s.bind(1, row.id.packed)
        s.bind(2, Int64(row.revision))
        s.bind(3, Int64(row.state.code))
        s.bind(4, row.state.isFinal ? 0 : 1)
        s.bind(5, row.process)
        s.bind(6, row.plan)
        s.bind(7, row.customer?.rawValue)
        s.bind(8, bytes.bytes)
        guard try run(s) == 1 else {
            throw conflict("case \(row.id) is not at revision \(change.revisionBefore ?? 0), where the decision began")
        }
    }

    private func store(_ line: HistoryLine, number: Int64) throws(CommitFailure) {
        bytes.reset()
        RowCodec.write(line, into: &bytes)
        let s = hot.insertHistory
        s.bind(1, number)
        s.bind(2, line.task.packed)
        s.bind(3, Int64(line.revision))
        s.bind(4, line.at.milliseconds)
        s.bind(5, Int64(line.event.code))
        s.bind(6, bytes.bytes)
        s.bind(7, line.why)
        if let kase = line.kase { s.bind(8, kase.packed) } else { s.bindNull(8) }
        s.bind(9, line.subject?.key)
        try run(s)
    }

    func store(_ notice: Notice, row: Int64) throws(CommitFailure) {
        bytes.reset()
        RowCodec.write(notice, into: &bytes)
        let s = hot.insertNotice
        s.bind(1, row)
        s.bind(2, notice.task.packed)
        s.bind(3, notice.to)
        s.bind(4, notice.at.milliseconds)
        s.bind(5, bytes.bytes)
        try run(s)
    }

    private func store(_ delivery: Delivery) throws(CommitFailure) {
        let s = try prepared(
            """
            UPDATE notice SET state = ?2, attempts = ?3 + 1, next_at = ?4, error = ?5
            WHERE row = ?1 AND state = 0 AND attempts = ?3
            """)
        s.bind(1, delivery.row)
        s.bind(3, Int64(delivery.attemptsBefore))
        switch delivery.outcome {
        case .delivered:
            s.bind(2, NoticeState.delivered.rawValue)
            s.bind(4, delivery.at.milliseconds)
            s.bindNull(5)
        case .retry(let at, let error):
            s.bind(2, NoticeState.pending.rawValue)
            s.bind(4, at.milliseconds)
            s.bind(5, error)
        case .parked(let error):
            s.bind(2, NoticeState.parked.rawValue)
            s.bind(4, delivery.at.milliseconds)
            s.bind(5, error)
        }
        guard try run(s) == 1 else {
            throw conflict("notice \(delivery.row) does not wait for its attempt \(delivery.attemptsBefore + 1)")
        }
    }

    private func store(_ next: Head) throws(CommitFailure) {
        let s = hot.updateHead
        s.bind(1, next.input)
        s.bind(2, next.history)
        s.bind(3, next.notice)
        s.bind(4, next.task)
        s.bind(5, next.journaled)
        s.bind(6, next.kase)
        s.bind(7, next.chain.bytes)
        s.bind(8, head.input)
        s.bind(9, head.history)
        s.bind(10, head.notice)
        s.bind(11, head.task)
        s.bind(12, head.kase)
        s.bind(13, head.chain.bytes)
        guard try run(s) == 1 else { throw conflict("somebody else has written to the database") }
    }
}

/// What a batch comes to, row by row: the many changes of one task or crew within it are one change from the first row to the
/// last, after it was checked that each begins where the one before it ended.
struct CommitPlan {
    struct TaskChange {
        let before: TaskGuard?
        var after: WorkTask
    }

    /// What must be known of the row before to write the row after.
    struct TaskGuard {
        let revision: Int32
        let isFinal: Bool
        let priority: Priority
        let endedAt: Instant?

        init(_ task: WorkTask) {
            revision = task.revision
            isFinal = task.state.isFinal
            priority = task.priority
            endedAt = task.endedAt
        }

        func movesInIndex(to after: WorkTask) -> Bool {
            isFinal != after.state.isFinal || priority != after.priority || endedAt != after.endedAt
        }
    }

    struct CrewChange {
        let before: CrewRecord?
        var after: CrewRecord
    }

    /// Indexes of the entries that enter the log.
    private(set) var logged: [Int] = []
    private(set) var tasks: [TaskChange] = []
    private(set) var crews: [CrewChange] = []
    private(set) var customers: [CustomerChange] = []
    private(set) var lastTask: (before: TaskID, after: TaskID)?
    private(set) var cases: [CaseChange] = []
    private(set) var contractors: [ContractorChange] = []
    private(set) var processes: [ProcessPlan] = []
    private(set) var districts: [DistrictID: DistrictRecord] = [:]
    private(set) var outages: [OutageChange] = []
    /// In the order in which they were decided.
    private(set) var calls: [Calls] = []
    private(set) var lastCase: (before: CaseID, after: CaseID)?

    struct CaseChange {
        let revisionBefore: Int32?
        var after: WorkCase
    }

    struct CustomerChange {
        let id: CustomerID
        let revisionBefore: Int32?
        let managerBefore: RoleID?
        var after: CustomerRecord?
    }

    struct OutageChange {
        let revisionBefore: Int32?
        var after: OutageRecord
    }

    struct ContractorChange {
        let before: ContractorRecord?
        var after: ContractorRecord
    }

    var isEmpty: Bool { logged.isEmpty }

    init(_ batch: Batch, path: String) throws(CommitFailure) {
        logged.reserveCapacity(batch.entries.count)
        tasks.reserveCapacity(batch.entries.count)
        var taskIndex: [TaskID: Int] = [:]
        var crewIndex: [CrewID: Int] = [:]
        var customerIndex: [CustomerID: Int] = [:]
        var caseIndex: [CaseID: Int] = [:]
        var outageIndex: [OutageID: Int] = [:]
        var contractorIndex: [ContractorID: Int] = [:]
        taskIndex.reserveCapacity(batch.entries.count)
        for (i, entry) in batch.entries.enumerated() {
            guard entry.isLogged else {
                // What is not in the log can't be derived again, so it must not have changed anything.
                guard entry.decision.isEmpty else {
                    throw .defect("a decision changes something, but its input was not accepted (entry \(i) of the batch)", path: path)
                }
                continue
            }
            logged.append(i)
            for change in entry.decision.changes {
                switch change {
                case .task(let before, let after):
                    guard after.revision > before?.revision ?? .min else {
                        throw .defect("task \(after.id) changes without a new revision", path: path)
                    }
                    if let known = taskIndex[after.id] {
                        guard before?.revision == tasks[known].after.revision else {
                            throw .defect("two changes of task \(after.id) in one batch do not follow each other", path: path)
                        }
                        tasks[known].after = after
                    } else {
                        taskIndex[after.id] = tasks.count
                        tasks.append(TaskChange(before: before.map(TaskGuard.init), after: after))
                    }
                case .crew(let before, let after):
                    if let known = crewIndex[after.id] {
                        guard (before ?? CrewRecord(id: after.id)) == crews[known].after else {
                            throw .defect("two changes of crew \(after.id) in one batch do not follow each other", path: path)
                        }
                        crews[known].after = after
                    } else {
                        crewIndex[after.id] = crews.count
                        crews.append(CrewChange(before: before, after: after))
                    }
                case .lastTask(let before, let after):
                    if let last = lastTask {
                        guard last.after == before else {
                            throw .defect("two numbers of tasks in one batch do not follow each other: \(last.after), \(before)", path: path)
                        }
                        lastTask = (last.before, after)
                    } else {
                        lastTask = (before, after)
                    }
                case .kase(let before, let after):
                    guard after.revision > before?.revision ?? .min else {
                        throw .defect("case \(after.id) changes without a new revision", path: path)
                    }
                    if let known = caseIndex[after.id] {
                        guard before?.revision == cases[known].after.revision else {
                            throw .defect("two changes of case \(after.id) in one batch do not follow each other", path: path)
                        }
                        cases[known].after = after
                    } else {
                        caseIndex[after.id] = cases.count
                        cases.append(CaseChange(revisionBefore: before?.revision, after: after))
                    }
                case .lastCase(let before, let after):
                    if let last = lastCase {
                        guard last.after == before else {
                            throw .defect("two numbers of cases in one batch do not follow each other: \(last.after), \(before)", path: path)
                        }
                        lastCase = (last.before, after)
                    } else {
                        lastCase = (before, after)
                    }
                case .contractor(let before, let after):
                    if let known = contractorIndex[after.id] {
                        guard before == contractors[known].after else {
                            throw .defect("two changes of contractor \(after.id) in one batch do not follow each other", path: path)
                        }
                        contractors[known].after = after
                    } else {
                        contractorIndex[after.id] = contractors.count
                        contractors.append(ContractorChange(before: before, after: after))
                    }
                case .district(let before, let after):
                    guard districts[after.id].map({ $0.needs == before?.needs ?? [] }) ?? true else {
                        throw .defect("two changes of district \(after.id) in one batch do not follow each other", path: path)
                    }
                    districts[after.id] = after
                case .plan(let plan): processes.append(plan)
                case .calls(let one): calls.append(one)
                case .outage(let before, let after):
                    guard after.revision > before?.revision ?? .min else {
                        throw .defect("outage \(after.id) changes without a new revision", path: path)
                    }
                    if let known = outageIndex[after.id] {
                        // A new one of the same name may follow one that is over.
                        guard before?.revision == outages[known].after.revision || before == nil && outages[known].after.state.isFinal else {
                            throw .defect("two changes of outage \(after.id) in one batch do not follow each other", path: path)
                        }
                        outages[known].after = after
                    } else {
                        outageIndex[after.id] = outages.count
                        outages.append(OutageChange(revisionBefore: before?.revision, after: after))
                    }
                // Done with its entry of the log.
                case .forget: break
                case .customer(let before, let after):
                    guard let id = (after ?? before)?.id, after.map({ $0.revision > before?.revision ?? .min }) ?? true else {
                        throw .defect("a customer changes without a new revision", path: path)
                    }
                    if let known = customerIndex[id] {
                        guard before?.revision == customers[known].after?.revision else {
                            throw .defect("two changes of a customer in one batch do not follow each other", path: path)
                        }
                        customers[known].after = after
                    } else {
                        customerIndex[id] = customers.count
                        customers.append(CustomerChange(id: id, revisionBefore: before?.revision, managerBefore: before?.manager, after: after))
                    }
                }
            }
        }
    }
}

extension CommitFailure {
    static func defect(_ what: String, path: String) -> CommitFailure {
        .conflict("\(what): \(path); this is a defect of paidan: please report it")
    }
}

extension WorkTask {
    /// When the work was done, or it was cancelled or merged: the column `ended`. nil while there is work to do.
    var endedAt: Instant? {
        switch state {
        case .completed, .closed: completedAt ?? since
        case .cancelled, .merged: since
        case .queued, .dispatched, .accepted, .enroute, .onsite, .suspended: nil
        }
    }
}

extension Stimulus {
    /// Whose personal part an input brings, where that is known.
    var customer: CustomerID? {
        guard case .input(let input, _) = self else { return nil }
        switch input.body {
        case .report(let report): return report.customer
        case .customer(let record): return record.customer
        case .progress, .crew, .kase, .outage, .contractor, .reading, .recovered: return nil
        }
    }
}

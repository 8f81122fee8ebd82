package import Decisions
package import Domain
package import Rules

/// Looks for the doors and the commands. Each runs on a read-only connection, sees whole commits only, and never waits for
/// the writer.
extension Store {
    /// Open tasks, most urgent first: priority, then the earliest running deadline, then number; after them, with `all` or when final
    /// states are asked for, the finished ones, youngest first.
    package func tasks(_ filter: TaskFilter) async throws(StoreError) -> [WorkTask] {
        try await look { db in try Looks.tasks(db, filter) }
    }

    /// A task, open or finished, with its history in order; nil when there is none of that number. The lines `created` and
    /// `dispatched` hold why.
    package func task(_ id: TaskID) async throws(StoreError) -> (task: WorkTask, history: [StoredLine])? {
        try await look { db in
            let find = try Statement(db, "SELECT body FROM task WHERE id = ?")
            find.bind(1, id.packed)
            guard try find.step() else { return nil }
            let task = try find.blob(0, RowCodec.task)
            find.reset()
            let history = try Statement(db, Looks.historyOfTask)
            history.bind(1, id.packed)
            return (task, try Looks.lines(history))
        }
    }

    /// The receipts of accepted inputs of this id, one for each source that used it (or of the one named), in the order of the sources.
    package func receipts(of id: String, source: SourceID?) async throws(StoreError) -> [Receipt] {
        try await look { db in
            let s = try Statement(db, source == nil ? Looks.receiptsOfAll : Looks.receiptsOfOne)
            s.bind(1, id)
            if let source { s.bind(2, source.rawValue) }
            var receipts: [Receipt] = []
            while try s.step() {
                let key = InputKey(source: SourceID(s.text(0)), id: id)
                receipts.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.receipt(key, bytes) })
            }
            return receipts
        }
    }

    /// Cases by deadline: those that are open, and with `all` the finished ones.
    package func cases(_ filter: CaseFilter) async throws(StoreError) -> [WorkCase] {
        try await look { db in try Looks.cases(db, filter) }
    }

    /// A case, open or finished, with its plan, the tasks of its stages, and its one history; nil when there is none of that number.
    package func kase(_ id: CaseID) async throws(StoreError) -> (row: WorkCase, plan: ProcessPlan?, tasks: [TaskID: WorkTask], history: [StoredLine])? {
        try await look { db in
            let find = try Statement(db, "SELECT body FROM cases WHERE id = ?")
            find.bind(1, id.packed)
            guard try find.step() else { return nil }
            let row = try find.blob(0, RowCodec.kase)
            find.reset()
            let task = try Statement(db, "SELECT body FROM task WHERE id = ?")
            var tasks: [TaskID: WorkTask] = [:]
            for number in row.stages.compactMap(\.task) {
                task.bind(1, number.packed)
                if try task.step() { tasks[number] = try task.blob(0, RowCodec.task) }
                task.reset()
            }
            let history = try Statement(db, Looks.historyOfCase)
            history.bind(1, id.packed)
            return (row, try Looks.plans(db, [row.plan]).first, tasks, try Looks.lines(history))
        }
    }

    /// Lines of history after a number, oldest first: what a follower of events has missed.
    package func history(after number: Int64, limit: Int = 1_000) async throws(StoreError) -> [StoredLine] {
        try await look { db in
            let s = try Statement(db, Looks.historyAfter)
            s.bind(1, number)
            s.bind(2, Int64(limit))
            return try Looks.lines(s)
        }
    }

    /// The same for a thread that may wait: the journal's writer.
    package func historyNow(after number: Int64, limit: Int) throws(StoreError) -> [StoredLine] {
        try lookNow { db in
            let s = try Statement(db, Looks.historyAfter)
            s.bind(1, number)
            s.bind(2, Int64(limit))
            return try Looks.lines(s)
        }
    }

    /// What is known of contractors and suppliers, in byte order; of those who are on no roster any more, too.
    package func contractors() async throws(StoreError) -> [ContractorRecord] {
        try await look { db in try Looks.contractors(db) }
    }

    /// What is known of a customer.
    package func customer(_ account: CustomerID) async throws(StoreError) -> CustomerRecord? {
        try await look { db in
            let s = try Statement(db, Looks.customer)
            s.bind(1, account.rawValue)
            guard try s.step() else { return nil }
            return try Looks.customer(account, s)
        }
    }

    /// The last lines about what is no task and no case, oldest first.
    package func history(of subject: Subject, limit: Int = 200) async throws(StoreError) -> [StoredLine] {
        try await look { db in
            let s = try Statement(db, "SELECT id, task, revision, at, event, body, why, kase FROM history WHERE subject = ? ORDER BY id DESC LIMIT ?")
            s.bind(1, subject.key)
            s.bind(2, Int64(limit))
            return try Looks.lines(s).reversed()
        }
    }

    /// Notices that are due, the longest due first, and when the next one after the instant is due.
    ///
    /// - Parameter without: recipients that are being told something right now: one at a time.
    ///
    /// A notice does not appear while an earlier one about the same task to the same recipient waits.
    package func dueNotices(
        at instant: Instant, without recipients: [String] = [], limit: Int = 256
    ) async throws(StoreError) -> (due: [PendingNotice], next: Instant?) {
        try await look { db in
            var busy = JSONWriter()
            busy.array { w in
                for recipient in recipients { w.string(recipient) }
            }
            let s = try Statement(db, Looks.dueNotices)
            s.bind(1, instant.milliseconds)
            s.bind(2, busy.text)
            s.bind(3, Int64(limit))
            var due: [PendingNotice] = []
            while try s.step() {
                let task = TaskID(packed: s.int(1))
                let to = s.text(2)
                let notice = try s.blob(4) { bytes throws(RowFault) in try RowCodec.notice(task: task, to: to, bytes) }
                due.append(PendingNotice(row: s.int(0), notice: notice, attempts: Int(s.int(3))))
            }
            let next = try Statement(db, Looks.nextNotice)
            next.bind(1, instant.milliseconds)
            let known = try next.step() && !next.isNull(0)
            return (due, known ? Instant(milliseconds: next.int(0)) : nil)
        }
    }

    /// One stored notice by its row; nil when it is no longer there.
    package func notice(_ row: Int64) async throws(StoreError) -> Notice? {
        try await look { db in
            let s = try Statement(db, "SELECT task, recipient, body FROM notice WHERE row = ?")
            s.bind(1, row)
            guard try s.step() else { return nil }
            let task = TaskID(packed: s.int(0))
            let to = s.text(1)
            return try s.blob(2) { bytes throws(RowFault) in try RowCodec.notice(task: task, to: to, bytes) }
        }
    }

    /// How many notices wait, and how many were given up.
    package func noticeCounts() async throws(StoreError) -> (pending: Int, parked: Int) {
        try await look { db in
            let pending = try Statement(db, "SELECT count(*) FROM notice INDEXED BY notice_due WHERE state = 0")
            let parked = try Statement(db, "SELECT count(*) FROM notice WHERE state = 2")
            _ = try pending.step()
            _ = try parked.step()
            return (Int(pending.int(0)), Int(parked.int(0)))
        }
    }

    /// The log, oldest first, after a number: what every decision can be derived from again.
    package func log(after number: Int64, limit: Int = 1_000) async throws(StoreError) -> [LoggedStimulus] {
        try await look { db in
            let s = try Statement(
                db,
                """
                SELECT i.seq, i.at, i.kind, c.rules, c.engine, i.body, p.body
                FROM input AS i JOIN context AS c ON c.id = i.context LEFT JOIN personal AS p ON p.seq = i.seq AND \(Looks.isKept("p"))
                WHERE i.seq > ? ORDER BY i.seq LIMIT ?
                """)
            s.bind(1, number)
            s.bind(2, Int64(limit))
            var entries: [LoggedStimulus] = []
            while try s.step() {
                guard let kind = LogKind(rawValue: s.int(2)) else { throw RowFault("an entry of the log has a kind that this version does not know") }
                let stimulus: Stimulus
                switch kind {
                case .tick: stimulus = .tick
                case .positions: stimulus = .positions(try s.blob(5, RowCodec.positions))
                // Its customers follow from the rows, as findings do.
                case .notices: stimulus = .notices(OutageID(String(decoding: s.bytes(5) ?? [], as: UTF8.self)), [])
                case .rules: stimulus = .rules(String(decoding: s.bytes(5) ?? [], as: UTF8.self))
                case .report, .progress, .crew, .customer, .kase, .outage, .contractor, .watch:
                    // Findings are not stored: the rows they came from follow from the log before them.
                    stimulus = .input(try InputCodec.input(log: s.bytes(5) ?? [], personal: s.bytes(6)), Findings())
                }
                entries.append(
                    LoggedStimulus(
                        number: s.int(0), at: Instant(milliseconds: s.int(1)), rulesHash: s.text(3), engine: s.text(4), stimulus: stimulus))
            }
            return entries
        }
    }
}

/// One entry of the log.
package struct LoggedStimulus: Sendable, Hashable {
    package var number: Int64
    /// The instant that the decision was given.
    package var at: Instant
    package var rulesHash: String
    package var engine: String
    package var stimulus: Stimulus
}

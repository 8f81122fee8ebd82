package import Decisions
package import Domain
import GRDBSQLite

// Calls that have no task of their own, and known interruptions of supply: their rows.

extension RowCodec {
    static let callerForm: UInt8 = 1

    /// Report, source and customer have columns of their own.
    static func write(_ caller: CallerRecord, into w: inout ByteWriter) {
        w.byte(callerForm)
        w.signed(caller.at.milliseconds)
        write(caller.place, into: &w)
        w.signed(caller.customersOut)
    }

    static func caller(report: String, source: String, customer: String?, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> CallerRecord {
        var r = ByteReader(bytes)
        try form(&r, is: callerForm, of: "caller")
        let caller = CallerRecord(
            report: report, source: SourceID(source), customer: customer.map { CustomerID($0) }, at: try instant(&r), place: try place(&r), customersOut: try r.signed())
        try end(r, of: "caller")
        return caller
    }

    static func write(_ place: TaskPlace, into w: inout ByteWriter) {
        write(place.coordinate, into: &w)
        w.optional(place.district) { w, district in w.text(district.rawValue) }
        w.optional(place.feeder) { w, feeder in w.text(feeder.rawValue) }
        w.optional(place.transformer) { w, transformer in w.text(transformer.rawValue) }
        w.byte(place.origin.code)
    }

    static func place(_ r: inout ByteReader) throws(RowFault) -> TaskPlace {
        TaskPlace(
            coordinate: try coordinate(&r),
            district: try r.optional { r throws(RowFault) in DistrictID(try r.text()) },
            feeder: try r.optional { r throws(RowFault) in FeederID(try r.text()) },
            transformer: try r.optional { r throws(RowFault) in TransformerID(try r.text()) },
            origin: try PlaceOrigin.word(try r.byte()))
    }

    /// Form 1 knew nothing of notices, nor of work that runs over.
    static let outageForm: UInt8 = 2

    static func write(_ outage: OutageRecord, into w: inout ByteWriter) {
        w.byte(outageForm)
        w.signed(Int64(outage.revision))
        w.byte(outage.state.code)
        w.text(outage.source.rawValue)
        w.optional(outage.feeder) { w, feeder in w.text(feeder.rawValue) }
        w.optional(outage.transformer) { w, transformer in w.text(transformer.rawValue) }
        w.signed(outage.from.milliseconds)
        w.signed(outage.until.milliseconds)
        w.signed(outage.customersOut)
        w.text(outage.reason)
        w.signed(outage.announcedAt.milliseconds)
        w.signed(Int64(outage.callers))
        w.byte(outage.type.code)
        w.list(outage.told) { w, one in
            w.text(one.rule)
            w.list(one.to) { w, name in w.text(name) }
        }
        w.signed(Int64(outage.overruns))
    }

    static func outage(_ id: OutageID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> OutageRecord {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == 1 || found == outageForm else { throw unknownForm(found, known: outageForm, of: "outage") }
        let revision = try r.int32()
        let state = try OutageState.word(try r.byte())
        var outage = OutageRecord(
            id: id, revision: revision, state: state, source: SourceID(try r.text()),
            feeder: try r.optional { r throws(RowFault) in FeederID(try r.text()) },
            transformer: try r.optional { r throws(RowFault) in TransformerID(try r.text()) }, from: try instant(&r), until: try instant(&r),
            customersOut: try r.signed(), reason: try r.text(), announcedAt: try instant(&r))
        outage.callers = try r.int32()
        if found > 1 {
            outage.type = try OutageType.word(try r.byte())
            outage.told = try r.list { r throws(RowFault) in
                OutageTelling(rule: try r.text(), to: try r.list { r throws(RowFault) in try r.text() })
            }
            outage.overruns = try r.int32()
        }
        try end(r, of: "outage")
        return outage
    }
}

extension Writer {
    /// What becomes of calls, in the order in which it was decided. Returns how many notices were written; their numbers follow `notices`.
    func store(_ calls: Calls, notices: Int64) throws(CommitFailure) -> Int64 {
        switch calls {
        case .add(let holder, let callers):
            let s = try prepared("INSERT INTO caller (task, outage, report, source, customer, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            for caller in callers {
                bind(holder, to: s)
                s.bind(3, caller.report)
                s.bind(4, caller.source.rawValue)
                s.bind(5, caller.customer?.rawValue)
                bytes.reset()
                RowCodec.write(caller, into: &bytes)
                s.bind(6, bytes.bytes)
                try run(s)
            }
        case .move(let from, let to):
            let s = try prepared("UPDATE caller SET task = ?2 WHERE task = ?1 AND task <> 0")
            s.bind(1, from.packed)
            s.bind(2, to.packed)
            try run(s)
        case .split(let from, let to, let first, let others):
            // No caller any more, and its receipt still names the task that it was a caller of: the row says where it is.
            let founder = try prepared("UPDATE caller SET task = 0, founded = ?4 WHERE task = ?1 AND task <> 0 AND report = ?2 AND source = ?3")
            founder.bind(1, from.packed)
            founder.bind(2, first.id)
            founder.bind(3, first.source.rawValue)
            founder.bind(4, to.packed)
            guard try run(founder) == 1 else { throw .defect("caller \(first.id) of \(from) is not there", path: path) }
            let moved = try prepared("UPDATE caller SET task = ?4 WHERE task = ?1 AND task <> 0 AND report = ?2 AND source = ?3")
            for other in others {
                moved.bind(1, from.packed)
                moved.bind(2, other.id)
                moved.bind(3, other.source.rawValue)
                moved.bind(4, to.packed)
                guard try run(moved) == 1 else { throw .defect("caller \(other.id) of \(from) is not there", path: path) }
            }
        case .tell(let holder, let notice): return try tell(holder, notice, notices)
        }
        return 0
    }

    private func bind(_ holder: CallHolder, to s: Statement) {
        switch holder {
        case .task(let id):
            s.bind(1, id.packed)
            s.bindNull(2)
        case .outage(let id):
            s.bind(1, 0)
            s.bind(2, id.rawValue)
        }
    }

    /// One notice for each caller.
    private func tell(_ holder: CallHolder, _ notice: Notice, _ last: Int64) throws(CommitFailure) -> Int64 {
        let s: Statement
        switch holder {
        case .task(let id):
            s = try prepared("SELECT coalesce(customer, report) FROM caller WHERE task = ? AND task <> 0 ORDER BY row")
            s.bind(1, id.packed)
        case .outage(let id):
            s = try prepared("SELECT coalesce(customer, report) FROM caller WHERE outage = ? ORDER BY row")
            s.bind(1, id.rawValue)
        }
        var recipients: [String] = []
        do {
            while try s.step() { recipients.append(s.text(0)) }
        } catch {
            throw CommitFailure(error, path: path)
        }
        var number: Int64 = 0
        for recipient in recipients {
            number += 1
            var one = notice
            one.id = "\(notice.id)/\(number)"
            one.to = recipient
            try store(one, row: last + number)
        }
        return number
    }

    func store(_ change: CommitPlan.OutageChange) throws(CommitFailure) {
        let row = change.after
        bytes.reset()
        RowCodec.write(row, into: &bytes)
        let s: Statement
        if let revision = change.revisionBefore {
            s = try prepared("UPDATE outage SET revision = ?2, open = ?3, body = ?4 WHERE id = ?1 AND revision = ?5")
            s.bind(5, Int64(revision))
        } else {
            // A name that was used before, and is over, may be used again.
            s = try prepared(
                "INSERT INTO outage (id, revision, open, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO UPDATE SET revision = ?2, open = ?3, body = ?4 WHERE open = 0")
        }
        s.bind(1, row.id.rawValue)
        s.bind(2, Int64(row.revision))
        s.bind(3, row.state.isFinal ? 0 : 1)
        s.bind(4, bytes.bytes)
        guard try run(s) == 1 else { throw .defect("outage \(row.id) is not at revision \(change.revisionBefore ?? 0), where the decision began", path: path) }
    }
}

extension Looks {
    static func callers(_ s: Statement) throws -> [CallerRecord] {
        var callers: [CallerRecord] = []
        while try s.step() {
            let (report, source) = (s.text(0), s.text(1))
            let customer = s.isNull(2) ? nil : s.text(2)
            callers.append(try s.blob(3) { bytes throws(RowFault) in try RowCodec.caller(report: report, source: source, customer: customer, bytes) })
        }
        return callers
    }

    static let callersOfTask = "SELECT report, source, customer, body FROM caller WHERE task = ?1 AND task <> 0 ORDER BY row LIMIT ?2"

    static func outages(_ s: Statement) throws -> [OutageRecord] {
        var outages: [OutageRecord] = []
        while try s.step() {
            let id = OutageID(s.text(0))
            outages.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.outage(id, bytes) })
        }
        return outages
    }
}

extension Store {
    /// The callers of an incident beside its first, in the order in which they joined.
    package func callers(of task: TaskID, limit: Int = 1_000) async throws(StoreError) -> [CallerRecord] {
        try await look { db in
            let s = try Statement(db, Looks.callersOfTask)
            s.bind(1, task.packed)
            s.bind(2, Int64(limit))
            return try Looks.callers(s)
        }
    }

    /// The task that stands for a report that joined another, or was taken out of it: where it is now, whatever its receipt said.
    package func incident(of report: String, source: SourceID) async throws(StoreError) -> TaskID? {
        try await look { db in
            // A report that was moved more than once has a row for each time that it became a caller: the last one tells.
            let s = try Statement(
                db,
                """
                SELECT CASE task WHEN 0 THEN founded ELSE task END FROM caller
                WHERE report = ?1 AND source = ?2 AND (task <> 0 OR founded IS NOT NULL) ORDER BY row DESC LIMIT 1
                """)
            s.bind(1, report)
            s.bind(2, source.rawValue)
            return try s.step() ? TaskID(packed: s.int(0)) : nil
        }
    }

    /// Known interruptions: those that are planned or last; with `all` those that are over, too.
    package func outages(all: Bool) async throws(StoreError) -> [OutageRecord] {
        try await look { db in
            try Looks.outages(try Statement(db, all ? "SELECT id, body FROM outage ORDER BY id" : "SELECT id, body FROM outage WHERE open = 1 ORDER BY id"))
        }
    }
}

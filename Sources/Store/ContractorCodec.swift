import Decisions
import Domain

extension RowCodec {
    static let contractorForm: UInt8 = 1

    /// Also the guard of a contractor's row: the same record always gives the same bytes.
    static func write(_ record: ContractorRecord, into w: inout ByteWriter) {
        w.byte(contractorForm)
        w.text(record.tier)
        w.text(record.why)
        w.signed(record.since.milliseconds)
        w.optional(record.rating) { w, rating in w.signed(Int64(rating)) }
        w.bool(record.isRated)
        w.bool(record.isForced)
        w.list(record.jobs) { w, job in
            w.text(job.job)
            w.signed(job.at.milliseconds)
            w.list(job.scores) { w, score in
                w.text(score.name)
                w.signed(Int64(score.hundredths))
            }
        }
        for at in [record.rectifiedAt, record.accident, record.fraud] { w.optional(at) { w, at in w.signed(at.milliseconds) } }
        for barring in [record.excluded, record.suspended] {
            w.optional(barring) { w, barring in
                w.signed(barring.since.milliseconds)
                w.optional(barring.until) { w, at in w.signed(at.milliseconds) }
            }
        }
        w.bool(record.isIn)
        w.signed(record.counter)
        w.signed(record.awarded)
        w.signed(record.done)
    }

    static func contractor(_ id: ContractorID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> ContractorRecord {
        var r = ByteReader(bytes)
        try form(&r, is: contractorForm, of: "contractor")
        let tier = try r.text()
        let why = try r.text()
        var record = ContractorRecord(id: id, tier: tier, since: try instant(&r))
        record.why = why
        record.rating = try r.optional { r throws(RowFault) in try r.int32() }
        record.isRated = try r.bool()
        record.isForced = try r.bool()
        record.jobs = try r.list { r throws(RowFault) in
            ScoredJob(
                job: try r.text(), at: try instant(&r),
                scores: try r.list { r throws(RowFault) in ScoredJob.Score(try r.text(), try r.int32()) })
        }
        record.rectifiedAt = try r.optional(instant)
        record.accident = try r.optional(instant)
        record.fraud = try r.optional(instant)
        record.excluded = try r.optional(barring)
        record.suspended = try r.optional(barring)
        record.isIn = try r.bool()
        record.counter = try r.signed()
        record.awarded = try r.signed()
        record.done = try r.signed()
        try end(r, of: "contractor")
        return record
    }

    private static func barring(_ r: inout ByteReader) throws(RowFault) -> Barring {
        Barring(since: try instant(&r), until: try r.optional(instant))
    }
}

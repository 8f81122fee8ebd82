import Decisions
import Domain

// The rows of districts that are in need of crews: few, and gone when the need is.

extension RowCodec {
    static let districtForm: UInt8 = 1

    static func write(_ district: DistrictRecord, into w: inout ByteWriter) {
        w.byte(districtForm)
        w.list(district.needs) { w, need in
            w.text(need.rule)
            w.signed(need.since.milliseconds)
        }
    }

    static func district(_ id: DistrictID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> DistrictRecord {
        var r = ByteReader(bytes)
        try form(&r, is: districtForm, of: "district")
        let needs = try r.list { r throws(RowFault) in DistrictRecord.Need(rule: try r.text(), since: try instant(&r)) }
        try end(r, of: "district")
        return DistrictRecord(id: id, needs: needs)
    }
}

extension Writer {
    func store(_ district: DistrictRecord) throws(CommitFailure) {
        guard !district.needs.isEmpty else {
            let s = try prepared("DELETE FROM district WHERE id = ?1")
            s.bind(1, district.id.rawValue)
            _ = try run(s)
            return
        }
        var body = ByteWriter()
        RowCodec.write(district, into: &body)
        let s = try prepared("INSERT INTO district (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2")
        s.bind(1, district.id.rawValue)
        s.bind(2, body.bytes)
        _ = try run(s)
    }
}

extension Looks {
    static func districts(_ db: OpaquePointer) throws -> [DistrictRecord] {
        let s = try Statement(db, "SELECT id, body FROM district ORDER BY id")
        var districts: [DistrictRecord] = []
        while try s.step() {
            let id = DistrictID(s.text(0))
            districts.append(try s.blob(1) { bytes throws(RowFault) in try RowCodec.district(id, bytes) })
        }
        return districts
    }
}

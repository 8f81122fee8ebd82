import Domain
import Testing

@testable import paidan

@Suite("A counter's spreadsheet through paidan send")
struct TableFileTests {
    @Test("rows become JSON lines, times without an offset are local, a bad row is refused with its place and the others go on")
    func rows() throws {
        let text = "id,type,category,reported_at,customers_out\r\n1,fault,no_power,2026-11-22 08:15,12\r\n2,fault,no_power,2026-11-31 08:15,\r\n,fault,no_power,,3\r\n"
        let file = TableFile.read(Array(text.utf8), zone: .shanghai)
        #expect(file.lines.count == 2)
        let first = try JSONValue.parse(file.lines[0])
        #expect(first["id"]?.string == "1" && first["source"]?.string == "cli" && first["customers_out"]?.int == 12)
        let input = try InputCodec.decode(file.lines[0], defaultSource: SourceID("x"))
        guard case .report(let report) = input.body else { return #expect(Bool(false), "a report was wanted") }
        #expect(report.reportedAt == (try Instant(rfc3339: "2026-11-22T08:15:00+08:00")))
        // The row without an id has one of its content: the same each time.
        #expect(try JSONValue.parse(file.lines[1])["id"]?.string?.hasPrefix("sha256:") == true)
        #expect(file.lines == TableFile.read(Array(text.utf8), zone: .shanghai).lines)
        let refused = try #require(file.refused.first)
        #expect(file.refused.count == 1 && refused.status == .rejected)
        #expect(refused.reason?.contains("line 3") ?? false, "\(refused.reason ?? "")")
    }

    @Test("rows keep their order and their lines, and one that cannot be read its id as far as no quote hides it")
    func order() {
        let text = "type,id,reported_at,customers_out\nfault,1,,3\n\nfault,2,2026-11-31 08:15,\nfault, 3,,x\"y\nfault,\"4\"x,,\nfault,5,,7\n"
        let file = TableFile.read(Array(text.utf8), zone: .utc)
        #expect(file.rows.map(\.line) == [2, 4, 5, 6, 7])
        #expect(file.rows.map { $0.refused?.id } == [nil, "2", "3", "", nil])
        #expect(file.lines.count == 2)
    }

    @Test("an empty spreadsheet, or one of a header alone, has nothing to send", arguments: ["", "\n\n", "id,type\n"])
    func nothing(text: String) { #expect(TableFile.read(Array(text.utf8), zone: .utc).rows.isEmpty) }

    @Test("without a header nothing is read, and that is said once")
    func noHeader() {
        let file = TableFile.read(Array("1;2;3\n4;5;6\n".utf8), zone: .utc)
        #expect(file.lines.isEmpty && file.refused.count == 1)
    }
}

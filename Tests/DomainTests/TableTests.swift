import Domain
import Testing

/// Splits a whole text and reads it as a table: what the spool does, without the files.
func rows(_ text: [UInt8], piece: Int = .max, zone: TimeZoneRules? = nil) -> [Result<Input, InputFault>] {
    var splitter = RecordSplitter(.table)
    var table: CSVTable?
    var results: [Result<Input, InputFault>] = []
    func drain() -> Bool {
        while let record = splitter.next() {
            do throws(InputFault) {
                if let fault = record.fault { throw fault }
                if let table {
                    let input = try table.input(row: record.bytes, line: record.line, defaultSource: SourceID("counter"), isTerminated: record.isTerminated)
                    if let input { results.append(.success(input)) }
                } else {
                    table = try CSVTable(header: record.bytes, line: record.line, zone: zone)
                    splitter.delimiter = table?.delimiter
                }
            } catch {
                results.append(.failure(error))
                if table == nil { return false }
            }
        }
        return true
    }
    var at = 0
    while at < text.count {
        let end = min(text.count, piece == .max ? text.count : at + piece)
        text[at..<end].withUnsafeBytes { splitter.append($0) }
        at = end
        guard drain() else { return results }
    }
    splitter.finish()
    _ = drain()
    return results
}

func rowTexts(_ text: String, zone: TimeZoneRules? = nil) -> [String] {
    rows(Array(text.utf8), zone: zone).map { result in
        switch result {
        case .success(let input): String(decoding: InputCodec.canonical(input.body), as: UTF8.self)
        case .failure(let fault): fault.description
        }
    }
}

@Suite struct TableTests {
    @Test func aRowCanBeAReading() {
        let rows = rowTexts("kind,device,quantity,value,unit,at\nreading,T-991,load_ratio,0.86,1,2026-11-22 08:15\nreading,PD-1,pd_alarm,TRUE,,2026-11-22 08:15\nreading,T-991,load_ratio,NaN,1,2026-11-22 08:15\n", zone: .shanghai)
        #expect(
            rows == [
                #"{"kind":"reading","device":"T-991","quantity":"load_ratio","value":0.86,"unit":"1","at":"2026-11-22T00:15:00Z"}"#,
                #"{"kind":"reading","device":"PD-1","quantity":"pd_alarm","value":true,"at":"2026-11-22T00:15:00Z"}"#,
                "line 4, column 26: 'value': 'NaN' is no value of a reading: a finite number, or true or false for a flag, is wanted; leave a reading out that has no value",
            ])
    }

    @Test func aRowHasEveryFieldOfAReport() throws {
        let table = """
            kind,id,source,type,category,reported_at,customer,lat,lon,district,address,site,voltage,urgency,feeder,transformer,customers_out,capacity_kva,description,floor,tall,code
            report,95598-1,95598,fault,line_down,2026-11-22T08:15:00+08:00,3302001234,28.0121,120.6554,lucheng,人民路1号,urban,low,urgent,F-12,T-991,86,0,"断了, ""全""断",3,TRUE,007

            """
        let expected = try decoded(
            #"{"kind":"report","id":"95598-1","source":"95598","type":"fault","category":"line_down","reported_at":"2026-11-22T08:15:00+08:00","customer":"3302001234","place":{"lat":28.0121,"lon":120.6554,"address":"人民路1号","district":"lucheng"},"site":"urban","voltage":"low","urgency":"urgent","feeder":"F-12","transformer":"T-991","customers_out":86,"capacity_kva":0,"description":"断了, \"全\"断","fields":{"floor":3,"tall":true,"code":"007"}}"#
        ).get()
        #expect(rows(Array(table.utf8)) == [.success(expected)])
    }

    static let cases: [(String, [String])] = [
        // Delimiters, byte order mark, line ends, blank rows, columns without a name, cells left out at the end.
        ("type;category\r\nfault;no_power\r\n", [#"{"kind":"report","type":"fault","category":"no_power"}"#]),
        ("type\tcategory\nfault\tno_power\n", [#"{"kind":"report","type":"fault","category":"no_power"}"#]),
        ("\u{FEFF}type,category\n fault , no_power \n", [#"{"kind":"report","type":"fault","category":"no_power"}"#]),
        ("\u{FEFF}\"type\",\"category\"\n\"fault\",\"no\n_power\"\n", ["line 2, column 9: 'category': a line end stands in it; take it out"]),
        ("TYPE,Category\n\n,\nfault,\n", [#"{"kind":"report","type":"fault"}"#]),
        ("type,category,,\nfault,no_power,,\nfault\n", [#"{"kind":"report","type":"fault","category":"no_power"}"#, #"{"kind":"report","type":"fault"}"#]),
        ("type,a;b\nfault,1\n", [#"{"kind":"report","type":"fault","fields":{"a;b":1}}"#]),
        ("type\nfault", [#"{"kind":"report","type":"fault"}"#]),
        // Fields: numbers, truth, texts.
        ("type,n,m,o,p,q,r\nfault,12,-1.50,1e5,FALSE,0012,1234567890123456\n",
         [#"{"kind":"report","type":"fault","fields":{"m":-1.5,"n":12,"o":"1e5","p":false,"q":"0012","r":"1234567890123456"}}"#]),
        // The other kinds.
        ("kind,task,event,by,at,note,to,priority\nprogress,T-20261122-17,complete,north-2,2026-11-22T00:15:00Z,n,,\nprogress,T-20261122-17,assign,,,,south,\nprogress,T-20261122-17,priority,,,,,high\n",
         [
            #"{"kind":"progress","task":"T-20261122-17","event":"complete","by":"north-2","at":"2026-11-22T00:15:00Z","note":"n"}"#,
            #"{"kind":"progress","task":"T-20261122-17","event":"assign","to":"south"}"#, #"{"kind":"progress","task":"T-20261122-17","event":"priority","priority":"high"}"#,
         ]),
        ("kind,crew,on_duty,lat,lon,at\ncrew,north-2,yes,28.5,120,2026-11-22T00:15:00Z\ncrew,north-2,0,,,\n",
         [#"{"kind":"crew","crew":"north-2","on_duty":true,"place":{"lat":28.5,"lon":120},"at":"2026-11-22T00:15:00Z"}"#, #"{"kind":"crew","crew":"north-2","on_duty":false}"#]),
        ("kind,customer,class,annual_kwh\ncustomer,3302001234,industrial,6200000.0\n",
         [#"{"kind":"customer","customer":"3302001234","facts":{"annual_kwh":6200000.0,"class":"industrial"}}"#]),
        // Faults of the header.
        ("typ,category\nx,y\n", ["line 1, column 1: 'typ': there is no column 'typ'; did you mean 'type'?"]),
        ("type,catgory\nfault,x\n", ["line 1, column 6: 'catgory': there is no column 'catgory'; did you mean 'category'?"]),
        ("type,lat,longitude\nfault,1,2\n", ["line 1, column 10: 'longitude': there is no column 'longitude'; did you mean 'lon'?"]),
        ("type,x,x\nfault,1,2\n", ["line 1, column 8: 'x': the column 'x' stands here twice; keep one of them"]),
        ("fault,no_power\n", ["line 1, column 1: the first row does not name the columns; begin with a header such as id,type,category,reported_at,customer"]),
        ("type,\"a\nb\"\nfault,1\n", ["line 1, column 6: 'a␊b' is no name of a column; give it a short name on one line"]),
        // Faults of rows: the others are taken.
        ("type,reported_at\nfault,2026-02-30T00:00:00Z\nfault,\n",
         ["line 2, column 7: 'reported_at': 2026-02-30 is not a date that exists; write 2026-02-28T00:00:00Z", #"{"kind":"report","type":"fault"}"#]),
        ("type,customers_out\nfault,many\nfault,-3\nfault,\"1,200\"\n",
         [
            "line 2, column 7: 'customers_out': 'many' is not a number; write digits, with a point before decimals",
            "line 3, column 7: 'customers_out': -3 customers cannot be out; write a number from 0 to 1000000000",
            "line 4, column 7: 'customers_out': '1,200' is not a number; write digits, with a point before decimals",
         ]),
        ("category\nno_power\n", ["line 2, column 1: 'type': a report needs 'type', but it is missing; fill the column 'type'"]),
        ("type,lat,lon\nfault,120.6,28.0\nfault,28.0,\n",
         ["line 2, column 7: 'lat': 120.6 is not a latitude; lat and lon look swapped", "line 3, column 12: 'lon': a place with 'lat' needs 'lon', but it is missing; fill the column 'lon'"]),
        ("type,description\nfault,a \"b\" c\nfault,\"a\" b\nfault,ok\n",
         [
            "line 2, column 9: a quote stands inside a cell without quotes; put the whole cell in quotes and double the quote",
            "line 3, column 10: something follows the closing quote; double a quote that belongs to the text", #"{"kind":"report","type":"fault","description":"ok"}"#,
         ]),
        ("type,description\nfault,\"断\nfault,ok\nfault,fine\n",
         ["line 2, column 7: a quote is opened here and never closed; close it; double a quote that belongs to the text", #"{"kind":"report","type":"fault","description":"ok"}"#, #"{"kind":"report","type":"fault","description":"fine"}"#]),
        ("type,category\nfault,a,b\n", ["line 2, column 9: cell 3 has no column in the header; put texts that hold a delimiter in quotes"]),
        ("type,category,site\nfault,no_po", ["line 2, column 1: the last row ends in the middle, with 2 of 3 cells; send it whole; write spool files in tmp and rename them into new"]),
        ("kind,task\nprogres,T-1\nrecovered,\n",
         ["line 2, column 1: 'kind': there is no kind 'progres'; did you mean 'progress'?", "line 3, column 1: 'kind': the kind 'recovered' is paidan's own and can't be sent; send report, progress, crew, customer, case, outage, contractor, reading"]),
        ("kind,contractor,job,Quality,safety,at\ncontractor,c-7,T-20261122-17,92.5,100,2026-11-22T16:00:00+08:00\ncontractor,c-7,j,101,,\ncontractor,c-7,j,,good,\n",
         [
            #"{"kind":"contractor","contractor":"c-7","job":"T-20261122-17","scores":{"Quality":92.5,"safety":100},"at":"2026-11-22T08:00:00Z"}"#,
            "line 3, column 18: 'Quality': a score of 101.0 is beyond the scale; write points from 0 to 100",
            "line 4, column 19: 'safety': a number is wanted, but this is text; write it without quotes",
         ]),
        ("kind,contractor,event,until,by\ncontractor,c-7,suspend,2027-03-31T00:00:00+08:00,u-301\n",
         [#"{"kind":"contractor","contractor":"c-7","event":"suspend","until":"2027-03-30T16:00:00Z","by":"u-301"}"#]),
        ("kind,crew,on_duty\ncrew,a,maybe\n", ["line 2, column 8: 'on_duty': 'maybe' is neither true nor false; write true or false"]),
        ("type,a\nfault,\"1\n2\"\nfault,\n,,x\n", [#"{"kind":"report","type":"fault","fields":{"a":"1\n2"}}"#, #"{"kind":"report","type":"fault"}"#, "line 5, column 3: cell 3 has no column in the header; put texts that hold a delimiter in quotes"]),
    ]

    @Test(arguments: cases.indices) func tablesAreReadAsTheyAreMeant(_ index: Int) {
        let (text, expected) = Self.cases[index]
        #expect(rowTexts(text) == expected)
        // In pieces of any size it is the same.
        for piece in [1, 2, 7] { #expect(rows(Array(text.utf8), piece: piece) == rows(Array(text.utf8)), "in pieces of \(piece)") }
    }

    @Test func localTimesOfASpreadsheetAreReadInTheHousesZone() {
        let table = "type,reported_at\nfault,2026-11-22 08:15\nfault,2026/11/22 8:15:30\nfault,2026-11-22T00:15:00Z\nfault,2026/2/30 8:15\nfault,2026/2/20 25:15\nfault,soon\n"
        #expect(
            rowTexts(table, zone: .shanghai) == [
                #"{"kind":"report","type":"fault","reported_at":"2026-11-22T00:15:00Z"}"#, #"{"kind":"report","type":"fault","reported_at":"2026-11-22T00:15:30Z"}"#,
                #"{"kind":"report","type":"fault","reported_at":"2026-11-22T00:15:00Z"}"#,
                "line 5, column 7: 'reported_at': 2026/2/30 8:15 is not a date and time that exists; write it like 2026-11-22 08:15 or 2026-11-22T08:15:00+08:00",
                "line 6, column 7: 'reported_at': 2026/2/20 25:15 is not a date and time that exists; write it like 2026-11-22 08:15 or 2026-11-22T08:15:00+08:00",
                "line 7, column 7: 'reported_at': 'soon' is not a time; write it like 2026-11-22T08:15:00+08:00",
            ])
        #expect(rowTexts("type,reported_at\nfault,2026-11-22 08:15\n")[0].contains("has no seconds"))
    }

    @Test func otherEncodingsAreRefusedWithWhatToDo() {
        func first(_ bytes: [UInt8]) -> String {
            if case .failure(let fault) = rows(bytes).first { fault.description } else { "taken" }
        }
        let gb: [UInt8] = Array("type,description\nfault,".utf8) + [0xB6, 0xCF, 0x0A]
        #expect(first(gb) == "line 2, column 7: byte 0xb6 is not UTF-8; save as UTF-8 (in the spreadsheet: CSV UTF-8)")
        #expect(first([0xFF, 0xFE, 0x74, 0x00, 0x0A, 0x00]) == "line 1, column 1: this is UTF-16; save as UTF-8 (in the spreadsheet: CSV UTF-8)")
    }

    /// Any cells, quoted as RFC 4180 says, come back as they were.
    @Test func cellsComeBackFromTheirQuotes() {
        let seed: UInt64 = 31
        var maker = InputMaker(seed: seed)
        for round in 0..<500 {
            let delimiter = [",", ";", "\t"].randomElement(using: &maker.random) ?? ","
            let end = maker.chance(50) ? "\n" : "\r\n"
            var texts: [String] = []
            for _ in 0..<Int.random(in: 1...5, using: &maker.random) {
                let text = "x" + maker.text(max: 20, lines: true).replacing("\u{FEFF}", with: "") + delimiter + "x"
                texts.append(text.replacing("\r", with: ""))
            }
            var table = "type\(delimiter)note here" + end
            for text in texts { table += "fault\(delimiter)\"" + text.replacing("\"", with: "\"\"") + "\"" + end }
            let read = rows(Array(table.utf8), piece: Int.random(in: 1...50, using: &maker.random)).map { result -> String? in
                guard case .success(let input) = result, case .report(let report) = input.body, case .string(let text) = report.fields["note here"] else { return nil }
                return text
            }
            #expect(read == texts, "seed \(seed), round \(round)")
        }
    }

    @Test func whateverComesLeadsToRowsOrFaults() {
        let seed: UInt64 = 37
        var maker = InputMaker(seed: seed)
        let pieces: [[UInt8]] = ["\"", ",", ";", "\n", "\r\n", "type", "fault", "lat", "28.0", "断", " ", "\u{FEFF}"].map { Array($0.utf8) } + [[0xFF], [0]]
        for round in 0..<3_000 {
            var text = Array("type,lat,lon,description\n".utf8)
            for _ in 0..<Int.random(in: 0...40, using: &maker.random) { text += pieces.randomElement(using: &maker.random) ?? [] }
            let lines = text.count { $0 == 0x0A } + 1
            let whole = rows(text)
            #expect(whole == rows(text, piece: Int.random(in: 1...9, using: &maker.random)), "seed \(seed), round \(round)")
            for case .failure(let fault) in whole { #expect((1...lines).contains(fault.line) && fault.column >= 1, "seed \(seed), round \(round): \(fault)") }
        }
    }
}

@Suite struct RecordSplitterTests {
    private struct Piece: Equatable {
        var text: String
        var line: Int
        var offset: Int
        var length: Int
        var isTerminated: Bool
        var fault: FaultCode?
    }

    private func split(_ text: String, _ format: RecordSplitter.Format, piece: Int, bytesMax: Int = 20) -> [Piece] {
        var splitter = RecordSplitter(format, bytesMax: bytesMax)
        var pieces: [Piece] = []
        func drain() {
            while let record = splitter.next() {
                pieces.append(
                    Piece(
                        text: String(decoding: record.bytes, as: UTF8.self), line: record.line, offset: record.offset, length: record.length,
                        isTerminated: record.isTerminated, fault: record.fault?.code))
            }
        }
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            bytes[start..<min(start + piece, bytes.count)].withUnsafeBytes { splitter.append($0) }
            drain()
        }
        splitter.finish()
        drain()
        return pieces
    }

    @Test(arguments: [1, 2, 3, 5, 16, 1_000]) func linesHaveTheirPlaceInTheFile(_ piece: Int) {
        #expect(
            split("a\r\n\nbc\n" + String(repeating: "x", count: 30) + "\nd", .lines, piece: piece) == [
                Piece(text: "a", line: 1, offset: 0, length: 3, isTerminated: true), Piece(text: "", line: 2, offset: 3, length: 1, isTerminated: true),
                Piece(text: "bc", line: 3, offset: 4, length: 3, isTerminated: true),
                Piece(text: "", line: 4, offset: 7, length: 31, isTerminated: true, fault: .tooLong), Piece(text: "d", line: 5, offset: 38, length: 1, isTerminated: false),
            ])
        #expect(split("", .lines, piece: piece).isEmpty)
        #expect(split("\u{FEFF}a\n", .lines, piece: piece) == [Piece(text: "a", line: 1, offset: 3, length: 2, isTerminated: true)])
    }

    @Test(arguments: [1, 2, 3, 5, 16, 1_000]) func aQuoteThatStaysOpenCostsOneLine(_ piece: Int) {
        let long = (0..<10).map { "row\($0)" }.joined(separator: "\n")
        let pieces = split("a,\"b\nc\"\n\"x\n" + long, .table, piece: piece, bytesMax: 20)
        #expect(pieces.first == Piece(text: "a,\"b\nc\"", line: 1, offset: 0, length: 8, isTerminated: true))
        #expect(pieces.dropFirst().first == Piece(text: "\"x", line: 3, offset: 8, length: 3, isTerminated: true, fault: .syntax))
        #expect(pieces.dropFirst(2).map(\.text) == (0..<10).map { "row\($0)" })
        #expect(pieces.dropFirst(2).map(\.line) == Array(4..<14))
    }
}

import Domain
import Testing

private let door = SourceID("door")

private func decode(_ text: String) throws(InputFault) -> Input { try InputCodec.decode(text.utf8, defaultSource: door) }

private func fault(_ text: String) -> InputFault? {
    do throws(InputFault) {
        _ = try decode(text)
        return nil
    } catch { return error }
}

@Suite struct InputCodecTests {
    static let whole = """
        {"kind":"report","id":"95598-20261122-000123","source":"95598","type":"fault","category":"line_down","reported_at":"2026-11-22T08:15:00+08:00",
         "customer":"3302001234","place":{"lat":28.0121,"lon":120.6554,"address":"人民路1号","district":"lucheng"},"site":"urban","voltage":"low","urgency":"urgent",
         "feeder":"F-12","transformer":"T-991","customers_out":86,"capacity_kva":0,"description":"电线断了","fields":{"floor":3,"tall":true,"height":1.5,"who":"x"}}
        """

    @Test func aReportHasEveryFieldOfTheInterface() throws {
        let input = try decode(Self.whole)
        #expect(input.key == InputKey(source: SourceID("95598"), id: "95598-20261122-000123"))
        let expected = Report(
            type: "fault", category: "line_down", reportedAt: Instant(milliseconds: 1_795_306_500_000), customer: CustomerID("3302001234"),
            place: Place(
                coordinate: Coordinate(latitude: 28.0121, longitude: 120.6554), district: DistrictID("lucheng"), address: "人民路1号"),
            site: "urban", voltage: "low", urgency: "urgent", feeder: FeederID("F-12"), transformer: TransformerID("T-991"), customersOut: 86,
            capacityKVA: 0, description: "电线断了", fields: ["floor": .int(3), "tall": .bool(true), "height": .double(1.5), "who": .string("x")])
        #expect(input.body == .report(expected))
    }

    @Test func theOtherKindsOfTheInterface() throws {
        #expect(
            try decode(#"{"kind":"progress","id":"p","source":"crew-app","task":"T-20261122-17","event":"complete","by":"north-2","at":"2026-11-22T00:15:00Z","note":"n","outcome":"done"}"#).body
                == .progress(
                    Progress(
                        task: TaskID(day: 20_261_122, number: 17), event: .complete, by: "north-2", at: Instant(milliseconds: 1_795_306_500_000), note: "n",
                        outcome: "done")))
        #expect(
            try decode(#"{"task":"T-20261122-17","kind":"progress","event":"assign","to":"south-1"}"#).body
                == .progress(Progress(task: TaskID(day: 20_261_122, number: 17), event: .assign, to: "south-1")))
        #expect(
            try decode(#"{"task":"T-20261122-17","kind":"progress","event":"priority","priority":"high"}"#).body
                == .progress(Progress(task: TaskID(day: 20_261_122, number: 17), event: .priority, priority: .high)))
        #expect(
            try decode(#"{"kind":"crew","id":"c","source":"gps","crew":"north-2","on_duty":true,"place":{"lat":28.01,"lon":120.65},"at":"2026-11-22T08:15:00+08:00"}"#).body
                == .crew(
                    CrewSignal(
                        crew: CrewID("north-2"), onDuty: true, coordinate: Coordinate(latitude: 28.01, longitude: 120.65),
                        at: Instant(milliseconds: 1_795_306_500_000))))
        #expect(
            try decode(#"{"kind":"customer","id":"b","source":"billing","customer":"3302001234","facts":{"class":"industrial","annual_kwh":6200000.0,"capacity_kva":1250}}"#).body
                == .customer(
                    CustomerFacts(
                        customer: CustomerID("3302001234"), facts: ["class": .string("industrial"), "annual_kwh": .double(6_200_000), "capacity_kva": .int(1_250)])))
    }

    @Test func aCustomersMonthsAndTheirEnd() throws {
        let input = try decode(
            #"{"kind":"customer","customer":"330","facts":{"name":"王芳","telephone":"139","class":"industrial"},"consumption":{"2026-10":412000,"2026-09":1.5},"payments":{"2026-09":12,"2026-10":"unpaid"}}"#)
        var record = CustomerFacts(customer: CustomerID("330"), facts: ["name": .string("王芳"), "telephone": .string("139"), "class": .string("industrial")])
        record.consumption = [202_610: 412_000, 202_609: 1.5]
        record.payments = [202_609: 12, 202_610: CustomerFacts.unpaid]
        #expect(input.body == .customer(record))
        // What is personal stands apart from the log, and the rest is readable without it.
        let (log, personal) = InputCodec.logForm(of: input)
        #expect(!String(decoding: log, as: UTF8.self).contains("王芳") && !String(decoding: log, as: UTF8.self).contains("139"))
        #expect(
            personal.map { String(decoding: $0, as: UTF8.self) }
                == #"{"facts":{"class":"industrial","name":"王芳","telephone":"139"},"consumption":{"2026-09":1.5,"2026-10":412000.0},"payments":{"2026-09":12,"2026-10":"unpaid"}}"#)
        #expect(try InputCodec.input(log: log, personal: personal).body == .customer(record))
        #expect(try InputCodec.input(log: log, personal: nil).body == .customer(CustomerFacts(customer: CustomerID("330"), facts: [:])))
        // As earlier versions had it: names alone stood apart.
        let older = InputCodec.earlierLogForm(of: record, key: input.key)
        #expect(try InputCodec.input(log: older, personal: Array(#"{"name":"王芳","telephone":"139"}"#.utf8)).body == .customer(record))
        record.facts = ["class": .string("industrial")]
        #expect(try InputCodec.input(log: older, personal: nil).body == .customer(record))
        var forgotten = CustomerFacts(customer: CustomerID("330"), facts: [:])
        forgotten.event = .forget
        #expect(try decode(#"{"kind":"customer","customer":"330","event":"forget"}"#).body == .customer(forgotten))
        // A spreadsheet has a column for each month.
        let table = "kind,customer,class,consumption.2026-10,payments.2026-10,event\ncustomer,330,industrial,12.5,unpaid,\ncustomer,331,,,,forget\n"
        let read = rows(Array(table.utf8))
        var row = CustomerFacts(customer: CustomerID("330"), facts: ["class": .string("industrial")])
        row.consumption = [202_610: 12.5]
        row.payments = [202_610: CustomerFacts.unpaid]
        forgotten.customer = CustomerID("331")
        #expect(read.map { try? $0.get().body } == [.customer(row), .customer(forgotten)])
    }

    /// Where a site declares fields for it, who calls stands apart from the log as well.
    @Test func whoCallsStandsApartFromTheLog() throws {
        let input = try decode(#"{"id":"a","type":"fault","fields":{"contact":"王芳","telephone":13900000001,"floor":3,"lit":true}}"#)
        let (log, personal) = InputCodec.logForm(of: input)
        #expect(String(decoding: log, as: UTF8.self).hasSuffix(#""fields":{"floor":3,"lit":true}}"#))
        #expect(personal.map { String(decoding: $0, as: UTF8.self) } == #"{"fields":{"contact":"王芳","telephone":13900000001}}"#)
        #expect(try InputCodec.input(log: log, personal: personal) == input)
    }

    @Test func theFaultOfADateReadsAsPromised() {
        #expect(
            fault(#"{"kind":"report","id":"a","type":"fault","reported_at":"2026-02-30T08:15:00+08:00"}"#)?.description
                == "line 1, column 56: 'reported_at': 2026-02-30 is not a date that exists; write 2026-02-28T08:15:00+08:00")
    }

    @Test func theLogFormTakesPersonalDataApartAndGivesTheSameInputBack() throws {
        let input = try decode(Self.whole)
        let (log, personal) = InputCodec.logForm(of: input)
        let text = String(decoding: log, as: UTF8.self)
        #expect(!text.contains("人民路") && !text.contains("电线"))
        #expect(try InputCodec.input(log: log, personal: personal) == input)
    }
}

import Testing

@testable import API
@testable import Domain

/// What the description says of inputs is what the decoder reads.
@Suite struct OpenAPITests {
    @Test func itNamesEveryKeyOfAnInput() throws {
        let schemas = try #require(try JSONValue.parse(OpenAPI.document)["components"]?["schemas"])
        func keys(_ schema: String) -> Set<String> { Set((schemas[schema]?["properties"]?.object ?? []).map(\.key)) }
        #expect(keys("Report") == Set(InputDecoder.reportKeys.names))
        #expect(keys("Customer") == Set(InputDecoder.customerKeys.names))
        #expect(keys("Reading") == Set(InputDecoder.readingKeys.names))
        #expect(keys("Contractor") == Set(InputDecoder.contractorKeys.names))
        // Which task, case or crew stands in the address, or beside the rest.
        #expect(keys("Progress").union(["kind", "task"]) == Set(InputDecoder.progressKeys.names))
        #expect(keys("CaseSignal").union(["kind", "case"]) == Set(InputDecoder.caseKeys.names))
        #expect(keys("CrewSignal").union(["kind", "crew"]) == Set(InputDecoder.crewKeys.names))
    }

    @Test func everyReferenceLeadsSomewhere() throws {
        let document = try JSONValue.parse(OpenAPI.document)
        var seen = 0
        func look(_ value: JSONValue) {
            for member in value.object ?? [] {
                if member.key == "$ref", let path = member.value.string {
                    seen += 1
                    let target = path.split(separator: "/").dropFirst().reduce(Optional(document)) { $0?[String($1)] }
                    #expect(target != nil, "\(path)")
                }
                look(member.value)
            }
            for element in value.array ?? [] { look(element) }
        }
        look(document)
        #expect(seen > 40)
    }
}

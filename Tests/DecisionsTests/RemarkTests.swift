import Domain
import Rules
import Testing

@testable import Decisions

/// What a sender is told of an input that was taken all the same.
@Suite struct RemarkTests {
    private func decided(_ json: String, _ office: inout CaseTests.Office, customer: CustomerFacts? = nil) throws -> Receipt {
        let input = try InputCodec.decode(json.utf8, defaultSource: SourceID("counter"))
        office.last = decide(&office.state, rules: office.rules, stimulus: .input(input, Findings(customer: customer)), at: office.now)
        return try #require(office.last.receipt)
    }

    @Test func keysThatNobodyReadsAreToldWithWhereTheyBelong() throws {
        var office = try CaseTests.Office()
        let told = try decided(
            #"{"id":"1","type":"complaint","category":"service","needs_works":true,"address":"x","phone":"139"}"#, &office)
        let text = try #require(told.remarks.first)
        #expect(told.status == .accepted && text.hasPrefix("'needs_works', 'address', 'phone': nobody reads these keys"))
        #expect(text.contains("'address' goes into \"place\"; 'needs_works' goes into \"fields\""))
        let plain = try decided(#"{"id":"2","type":"complaint","category":"service","phone":"139","place":{"lat":28.0,"lon":120.0}}"#, &office)
        #expect(plain.remarks == ["'phone': nobody reads this key, and what it says was left out; what site.yaml declares under 'fields: report:' goes into \"fields\""])
        #expect(try decided(#"{"id":"3","type":"complaint","category":"service","place":{"lat":28.0,"lon":120.0}}"#, &office).remarks.isEmpty)
    }

    @Test func anApplicationOfAnUnknownAccountIsTold() throws {
        var office = try CaseTests.Office()
        let json = #"{"id":"ID","type":"application","category":"new_connection","customer":"330","place":{"lat":28.0,"lon":120.0}}"#
        let told = try decided(json.replacing("ID", with: "1"), &office)
        #expect(told.remarks.contains { $0.contains("customer '330' is not known: it has no tier and no account manager here") })
        let known = try decided(json.replacing("ID", with: "2"), &office, customer: CustomerFacts(customer: CustomerID("330"), facts: [:]))
        #expect(known.remarks.isEmpty)
    }

    @Test func whoGivesATaskByHandHearsWhatStandsAgainstIt() {
        var life = Life(Town(crews: [Town.crew("a", km: 1), Town.crew("b", km: 2)]), .nearest())
        life.crew("b", on: false)
        life.report(0)
        let told = life.say(.assign, by: "zhang", to: "b")
        #expect(told.status == .accepted && told.remarks == ["b: off duty; it was given the task all the same"])
        #expect(life.say(.assign, by: "zhang", to: "b").remarks.first?.hasSuffix("is with 'b' already: nothing changed") == true)
    }
}

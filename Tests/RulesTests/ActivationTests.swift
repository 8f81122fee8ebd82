import CEL
import Domain
import Testing

@testable import Rules

/// What conditions ask of a report without taking its values out says the same as the values do.
@Suite struct ActivationTests {
    @Test func comparingInPlaceIsComparingTheValues() throws {
        let seed = IndexTests.seed
        var dice = Dice(seed: seed)
        let set = try #require(Fixture.compile([("site.yaml", Fixture.site)]).set)
        let texts = Dice.feeders + ["fault", "urban", "normal", "no_power", "lucheng", "app", "95598", "人民路", "断了一根线", "vip", "a text that fits into no pair of words"]
        var schema = Schema()
        let slots = Slot.Report.allCases.map(\.rawValue) + Slot.Customer.allCases.map(\.rawValue) + Array(Slot.firstField..<Slot.firstField + 6)
        for slot in slots { schema.variables["s\(slot)"] = .init(.string, slot: slot) }
        func compile(_ text: String) throws -> CEL.Expression { try CEL.Expression.compile(text, schema: schema, expecting: .bool) }
        // Nine and more are looked up in a set.
        let list = texts.filter { $0.utf8.allSatisfy { $0 < 0x80 } }
        let conditions = try slots.map { slot in
            (
                slot: slot, equal: try texts.map { try compile("s\(slot) == \"\($0)\"") }, among: try compile("s\(slot) in [\"fault\", \"F-1\", \"\", \"F-é\"]"),
                amongMany: try compile("s\(slot) in [\(list.map { "\"\($0)\"" }.joined(separator: ", "))]")
            )
        }
        var equal = 0
        var doubles = 0
        for round in 0..<400 {
            let activation = ReportActivation(subject: dice.subject(), fields: set.site.fields, zone: set.site.zone)
            for (slot, equals, among, amongMany) in conditions {
                let text = activation.string(slot: slot) ?? ""
                func isText(_ other: String) -> Bool { text.utf8.elementsEqual(other.utf8) }
                for (other, condition) in zip(texts, equals) {
                    #expect(try condition.matches(activation) == isText(other), "seed \(seed), round \(round), slot \(slot), \(other)")
                    equal += isText(other) ? 1 : 0
                }
                #expect(try among.matches(activation) == ["fault", "F-1", "", "F-é"].contains { isText($0) }, "seed \(seed), round \(round), slot \(slot)")
                #expect(try amongMany.matches(activation) == list.contains { isText($0) }, "seed \(seed), round \(round), slot \(slot)")
                guard let double = activation.double(slot: slot) else { continue }
                doubles += 1
                guard case .double(let value) = activation.value(slot: slot) else {
                    Issue.record("seed \(seed), round \(round): slot \(slot) holds no double")
                    continue
                }
                #expect(double.bitPattern == value.bitPattern, "seed \(seed), round \(round), slot \(slot)")
            }
        }
        #expect(equal > 5_000 && doubles > 500)
    }
}

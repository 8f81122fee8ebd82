import Testing
@Test func seedRules() { #expect(Bool(true)) }

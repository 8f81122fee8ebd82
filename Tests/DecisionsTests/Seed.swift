import Testing
@Test func seedDecisions() { #expect(Bool(true)) }

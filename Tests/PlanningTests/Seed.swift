import Testing
@Test func seedPlanning() { #expect(Bool(true)) }

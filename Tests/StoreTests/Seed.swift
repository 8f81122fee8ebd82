import Testing
@Test func seedStore() { #expect(Bool(true)) }

import Testing
@Test func seedCEL() { #expect(Bool(true)) }

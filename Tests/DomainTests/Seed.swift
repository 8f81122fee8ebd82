import Testing
@Test func seedDomain() { #expect(Bool(true)) }

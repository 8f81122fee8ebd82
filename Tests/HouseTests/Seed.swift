import Testing
@Test func seedHouse() { #expect(Bool(true)) }

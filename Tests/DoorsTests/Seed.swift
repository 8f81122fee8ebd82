import Testing
@Test func seedDoors() { #expect(Bool(true)) }

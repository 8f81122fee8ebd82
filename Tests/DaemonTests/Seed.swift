import Testing
@Test func seedDaemon() { #expect(Bool(true)) }

import Testing

/// A check that cannot fail checks nothing: each is fed what it must find, and what it must leave alone.
@Suite("Each check of the house turns red")
struct ChecksTurnRedTests {
    private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path: path, text: text) }

    @Test(
        "an import that is not on the list",
        arguments: [
            "import Foundation", "package import Store", "internal import struct Foundation.Date", "@preconcurrency import Foundation",
            "let a = 1; import Foundation", "#if canImport(Foundation)\nimport Foundation\n#endif", "@_exported public import Foundation",
        ])
    func foreignImport(text: String) {
        #expect(foreignImports([file("Sources/Planning/A.swift", text)], house: house).count == 1)
    }

    @Test("imports that are on the list, or are none, pass")
    func allowedImports() {
        let text = """
            // import Foundation
            package import Domain
            let words = "import Foundation"
            /* import GRDB /* import GRDB */ import GRDB */
            """
        #expect(foreignImports([file("Sources/Planning/A.swift", text)], house: house) == [])
    }

    @Test("a target that is not on the plan")
    func unknownTarget() { #expect(foreignImports([file("Sources/Attic/A.swift", "")], house: house).count == 1) }

    @Test("a dependency beside, above, or on itself; and one on nothing")
    func floors() {
        let below = Room(name: "Below", floor: 0)
        #expect(floorFaults([below, Room(name: "A", floor: 1, rooms: ["Below"])]) == [])
        #expect(floorFaults([Room(name: "A", floor: 1, rooms: ["B"]), Room(name: "B", floor: 1)]).count == 1)
        #expect(floorFaults([Room(name: "A", floor: 1, rooms: ["B"]), Room(name: "B", floor: 2)]).count == 1)
        #expect(floorFaults([Room(name: "A", floor: 1, rooms: ["A"])]).count == 1)
        #expect(floorFaults([Room(name: "A", floor: 1, rooms: ["Nowhere"])]).count == 1)
    }

    @Test(
        "clocks, dice, I/O, locks and concurrency",
        arguments: [
            "let d = Date()", "let d = Date.now", "let c = ContinuousClock()", "SuspendingClock().now", "clock_gettime(CLOCK_REALTIME, &t)",
            "gettimeofday(&t, nil)", "let t = time(nil)", "let t = Glibc.time(nil)", "Int.random(in: 0..<3)", "list.randomElement()", "list.shuffled()",
            "list.shuffle()", "var g = SystemRandomNumberGenerator()", "FileManager.default", "FileHandle(fileDescriptor: 1)", "fopen(a, b)",
            "let f = open(path, O_RDONLY)", "read(f, &b, 4)", "Glibc.write(f, b, 4)", "print(x)", "debugPrint(x)", "getenv(name)",
            "ProcessInfo.processInfo", "let m = Mutex(0)", "NSLock()", "Lock()", "Atomic<Int>(0)", "pthread_create(a, b, c, d)", "Task { }",
            "Task.detached { }", "func f() async { }", "await f()", "actor Clerk { }", "actor Clerk: P { }", "DispatchQueue.main",
            "let s = \"now: \\(Date())\"", "let s = \"\"\"\n  a \\(list.map { \"\\($0) \\(time(nil))\" })\n  \"\"\"",
            "let s = #\"\\#(Date())\"#",
        ])
    func impurity(text: String) {
        let found = impurities([file("Sources/Decisions/A.swift", "\n" + text)], house: house)
        #expect(!found.isEmpty, "\(text)")
        #expect(found.allSatisfy { $0.line >= 2 })
    }

    @Test(
        "what only looks like it passes",
        arguments: [
            "// Date() is banned", "let s = \"Date()\"", "let s = #\"\\(Date())\"#", "let s = \"\"\"\n  print(1) \"quoted\" \\\"\"\" open(\n  \"\"\"",
            "scanner.read(4)", "func read(_ n: Int) {}\nlet x = read(4)", "case open(Int)", "f(async: true)", "let actor = 3", "f(actor: \"north-2\")",
            "gate.open()", "/* await */", "let Locksmith = 1", "let d = Date(timeIntervalSince1970: 0)", "struct WorkTask {}", "line.time(at: 3)",
        ])
    func innocence(text: String) { #expect(impurities([file("Sources/Decisions/A.swift", text)], house: house) == []) }

    @Test("an excuse covers its own file and its own word")
    func excuses() {
        let text = "func f() async { Task { } }"
        #expect(impurities([file("Sources/Domain/Intake.swift", text)], house: house).map(\.text) == ["`Task{` is concurrency: decisions are plain functions"])
        #expect(impurities([file("Sources/Domain/Other.swift", text)], house: house).count == 2)
    }

    @Test("the upper floors may do what the pure ones may not")
    func upperFloors() { #expect(impurities([file("Sources/Daemon/A.swift", "Task { await f() }")], house: house) == []) }

    @Test(
        "a test that is never run",
        arguments: [
            "func testA() {}", "@Test func a() {}\nfunc testB() {}", "struct S { @Test(arguments: [1]) func a(n: Int) {}\n  static func testB() {} }",
            "@Suite struct S { func testA() {} }",
        ])
    func neverRun(text: String) { #expect(neverRunTests([file("Tests/T/A.swift", text)]).count == 1) }

    @Test("tests that are run pass")
    func run() {
        let text = "@Test func testA() {}\n@Test(\"a (b\", arguments: [(1, { 2 }())]) @MainActor\nfunc testB(n: Int) {}\n// func testC() {}"
        #expect(neverRunTests([file("Tests/T/A.swift", text)]) == [])
    }

    @Test(
        "a test that waits for time",
        arguments: [
            "try await Task.sleep(for: .seconds(1))", "usleep(3)", "sleep(1)", "Thread.sleep(forTimeInterval: 1)", "nanosleep(&a, nil)",
            "try await ContinuousClock().sleep(for: .seconds(1))", "try await clock.sleep(until: t)",
        ])
    func sleeping(text: String) { #expect(sleepingTests([file("Tests/T/A.swift", text)]).count == 1) }

    @Test(
        "a comment about sleeping passes, and a sleep on a clock that the test sets",
        arguments: ["// never sleep(1)\nlet s = \"sleep\"", "life.sleep(minutes: 60)", "OutboxClock(sleep: { try await self.sleep($0) })", "func sleep(_ n: Int) {}\nsleep(3)"])
    func notSleeping(text: String) { #expect(sleepingTests([file("Tests/T/A.swift", text)]) == []) }

    @Test("work left open, in code and in comments")
    func open() {
        #expect(leftOpen([file("Sources/A/A.swift", "a\n// TO" + "DO later")]) == [Finding(path: "Sources/A/A.swift", line: 2, text: "work left open: do it, or open an issue")])
        #expect(leftOpen([file("Tests/A/A.swift", "let a = \"FIX" + "ME\"")]).count == 1)
        #expect(leftOpen([file("Sources/A/A.swift", "done")]) == [])
    }

    @Test("a file one line too long")
    func long() {
        #expect(longFiles([file("Sources/A/A.swift", String(repeating: "\n", count: lines_max + 1))]).count == 1)
        #expect(longFiles([file("Sources/A/A.swift", String(repeating: "\n", count: lines_max))]) == [])
    }

    @Test(
        "a broken promise without a reason",
        arguments: ["let a = try! f()", "let a = b as! C", "fatalError(\"x\")", "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1"])
    func noReason(text: String) {
        #expect(unreasoned([file("Sources/A/A.swift", "import A\n" + text)]).count == 1)
        #expect(unreasoned([file("Sources/A/A.swift", "// Because.\n" + text)]) == [])
        #expect(unreasoned([file("Sources/A/A.swift", "\n" + text + " // Because.")]) == [])
    }

    @Test("`try !x` breaks no promise")
    func negated() { #expect(unreasoned([file("Sources/A/A.swift", "if try !f() { }\nlet a = b as? C")]) == []) }

    @Test("a stranger at the top of the repository")
    func stranger() {
        #expect(strangers(["Sources", ".git", "notes.txt", "docs"], allowed: topLevel) == ["docs", "notes.txt"])
        #expect(strangers(["Sources", "README.md", ".ci"], allowed: topLevel) == [])
    }
}

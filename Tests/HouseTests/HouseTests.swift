import Foundation
import Testing

/// The house as it stands: its files read once.
private enum Tree {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func files(under folder: String, ending: String = ".swift") -> [SourceFile] {
        let base = root.appendingPathComponent(folder).path
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(ending) }.sorted().compactMap { name in
            guard let data = FileManager.default.contents(atPath: base + "/" + name) else { return nil }
            return SourceFile(path: folder + "/" + name, text: String(decoding: data, as: UTF8.self))
        }
    }

    static let sources = files(under: "Sources")
    static let tests = files(under: "Tests")
}

@Suite("The house as it stands")
struct HouseTests {
    @Test("every target stands on the plan, and the plan names no target that is not there")
    func plan() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Tree.root.appendingPathComponent("Sources").path)
        #expect(Set(folders) == Set(house.map(\.name)))
        #expect(Tree.sources.count >= 25, "the checks below must have something to look at")
    }

    @Test("every import is on the target's list")
    func importsAreAllowed() { #expect(foreignImports(Tree.sources, house: house) == []) }

    @Test("dependencies point down, never beside or up")
    func floorsPointDown() { #expect(floorFaults(house) == []) }

    @Test("no clock, dice, I/O, lock or concurrency on the pure floors")
    func pureFloors() { #expect(impurities(Tree.sources, house: house) == []) }

    @Test("every test function is run")
    func everyTestRuns() { #expect(neverRunTests(Tree.tests) == []) }

    @Test("no test waits for time")
    func noTestSleeps() { #expect(sleepingTests(Tree.tests) == []) }

    @Test("nothing is left open")
    func nothingLeftOpen() { #expect(leftOpen(Tree.sources + Tree.tests) == []) }

    @Test("no file is too long to hold in mind")
    func filesAreShort() { #expect(longFiles(Tree.sources + Tree.tests) == []) }

    @Test("what breaks the compiler's promises gives its reason")
    func reasonsAreGiven() { #expect(unreasoned(Tree.sources) == []) }

    @Test("the top of the repository holds what belongs there")
    func topOfTheRepository() throws {
        #expect(strangers(try FileManager.default.contentsOfDirectory(atPath: Tree.root.path), allowed: topLevel) == [])
    }
}

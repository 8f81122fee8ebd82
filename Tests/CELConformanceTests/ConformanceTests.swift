import Foundation
import Testing

/// The language against cases of the form of `../shared/data/cel/README.md`: the public suite's, from the file that the environment
/// variable `CEL_CASES` names (else the sample beside the repository), and our own, written from the specification.
@Suite struct ConformanceTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let named = ProcessInfo.processInfo.environment["CEL_CASES"]
    private static let path =
        named ?? folder.appendingPathComponent("../../../shared/data/cel/sample.jsonl").standardized.path
    /// A file that somebody named must be there; the sample may be absent.
    private static var isToBeRead: Bool { named != nil || FileManager.default.isReadableFile(atPath: path) }

    /// Cases whose expectation is wrong: the suite writes a question mark as `\?`, an escape of protobuf's text format, and the
    /// conversion to JSON kept its backslash in bytes (`b''' ? " ' ` '''` cannot give a backslash that it does not hold). They count
    /// as exceptions only where the rest of the expectation holds.
    private static let keptEscapes: Set<String> = [
        "parse/bytes_literals/triple_single_quoted_unescaped_punctuation",
        "parse/bytes_literals/triple_double_quoted_unescaped_punctuation",
    ]

    @Test(.enabled(if: isToBeRead, "no file of conformance cases: name one in CEL_CASES"))
    func publicSuite() throws {
        let cases = try ConformanceCase.read(Self.path)
        var (passed, failed, exceptions) = (0, 0, 0)
        for test in cases {
            guard let problem = test.problem() else {
                passed += 1
                continue
            }
            if Self.keptEscapes.contains(test.name), test.withoutKeptEscapes.problem() == nil {
                exceptions += 1
                print("known exception: \(test.name): the expectation kept a backslash of the suite's own text format")
                continue
            }
            failed += 1
            print("failed: \(test.name): \(test.text): \(problem)")
            Issue.record("\(test.name): \(test.text): \(problem)")
        }
        if exceptions > 0 { print("\(exceptions) known to be wrong in the file") }
        print("\(passed) passed, \(failed) failed")
        #expect(passed > 0, "the file has no cases that pass")
    }

    @Test func ownCases() throws {
        let cases = try ConformanceCase.read(Self.folder.appendingPathComponent("cases.jsonl").path)
        var wrong = 0
        for test in cases {
            guard let problem = test.problem() else { continue }
            wrong += 1
            Issue.record("\(test.name): \(test.text): \(problem)")
        }
        print("own cases: \(cases.count - wrong) of \(cases.count) hold")
        #expect(cases.count > 500)
    }

    /// The runner can fail: a wrong value, a wrong type, an error where none belongs, and none where one does.
    @Test func theRunnerSeesFailures() {
        func problem(_ object: [String: Any]) -> String? { ConformanceCase(object).problem() }
        #expect(problem(["expr": "1 + 1", "value": ["int64_value": "2"]]) == nil)
        #expect(problem(["expr": "1 + 1", "value": ["int64_value": "3"]]) != nil)
        #expect(problem(["expr": "1 + 1", "value": ["uint64_value": "2"]]) != nil)
        #expect(problem(["expr": "1 / 0", "value": ["int64_value": "0"]]) != nil)
        #expect(problem(["expr": "1 / 1", "eval_error": [String: Any]()]) != nil)
        #expect(problem(["expr": "1 < 2"]) == nil)
        #expect(problem(["expr": "1 > 2"]) != nil)
        let integer: [String: Any] = ["deduced_type": ["primitive": "INT64"]]
        #expect(problem(["expr": "1", "check_only": true, "typed_result": integer]) == nil)
        #expect(problem(["expr": "1u", "check_only": true, "typed_result": integer]) != nil)
        #expect(problem(["expr": "[1].exists(x, true)", "disable_macros": true]) != nil)
        #expect(problem(["expr": "b'?'", "value": ["bytes_value": "XD8="]]) != nil)
        #expect(ConformanceCase(["expr": "b'?'", "value": ["bytes_value": "XD8="]]).withoutKeptEscapes.problem() == nil)
    }
}

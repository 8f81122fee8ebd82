@testable import CEL
import Foundation
import Testing

/// The matcher against RE2 itself: PyPI's `google-re2`, asked through a Python process. Skipped aloud where that is not installed.
@Suite struct RE2Tests {
    /// Reads lines `[pattern, text, ...]`, writes a line each: `e` for a pattern that RE2 refuses, else `1` or `0` for each text.
    private static let script = """
        import sys, json, re2
        options = re2.Options()
        options.log_errors = False
        for line in sys.stdin:
            pattern, *texts = json.loads(line)
            try:
                compiled = re2.compile(pattern, options)
                print("".join("1" if compiled.search(text) else "0" for text in texts))
            except re2.error:
                print("e")
        """

    private static func python(_ program: String, input: String = "") -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        let (feed, answers) = (Pipe(), Pipe())
        process.standardInput = feed
        process.standardOutput = answers
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let text = Data(input.utf8)
        let writer = Thread {
            try? feed.fileHandleForWriting.write(contentsOf: text)
            try? feed.fileHandleForWriting.close()
        }
        writer.start()
        let output = answers.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
    }

    private static let isInstalled = python("import re2; re2.compile('a', re2.Options())") != nil

    @Test(.enabled(if: isInstalled, "python3 has no google-re2: pip install google-re2"), arguments: [1, 2, 3, 4] as [UInt64])
    func likeRE2(_ seed: UInt64) throws {
        var random = Xorshift(seed: seed)
        var cases: [[String]] = []
        for _ in 0..<3000 {
            let pattern = random.below(3) == 0 ? Self.noise(&random) : Self.pattern(&random, depth: 3)
            cases.append([pattern] + (0..<4).map { _ in Self.text(&random) })
        }
        let lines = try cases.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let output = try #require(Self.python(Self.script, input: lines.joined(separator: "\n") + "\n"))
        let answers = output.split(separator: "\n", omittingEmptySubsequences: false)
        try #require(answers.count >= cases.count)
        var counts = (refused: 0, matched: 0, missed: 0)
        for (test, answer) in zip(cases, answers) {
            // A single byte (`\C`) is RE2's alone.
            if test[0].contains("\\C") { continue }
            let compiled = try? Pattern(test[0])
            let isRefused = answer == "e"
            #expect(
                isRefused == (compiled == nil),
                "seed \(seed): /\(test[0])/ \(isRefused ? "is refused by RE2" : "is refused here")")
            guard let compiled, !isRefused else {
                counts.refused += 1
                continue
            }
            for (text, theirs) in zip(test.dropFirst(), answer) {
                // RE2 looks for `\B` between the bytes of a character, too.
                if test[0].contains("\\B"), !text.utf8.allSatisfy({ $0 < 0x80 }) { continue }
                var steps = 0
                let ours = compiled.matches(text, steps: &steps, limit: .max)
                #expect(ours == (theirs == "1"), "seed \(seed): /\(test[0])/ on \(Value.string(text).json)")
                if ours == true { counts.matched += 1 } else { counts.missed += 1 }
            }
        }
        // Every kind of answer is common, so that agreeing means something.
        #expect(counts.refused > 150 && counts.matched > 2000 && counts.missed > 2000, "\(counts)")
    }

    private static let letters = ["a", "b", "c", "A", "B", "k", "s", "_", "-", " ", "\n", "1", "é", "É", "龙", "ß", "σ", "\u{212A}", "ſ"]

    private static func text(_ random: inout Xorshift) -> String {
        (0..<random.below(9)).map { _ in letters[random.below(letters.count)] }.joined()
    }

    private static func one(_ choices: [String], _ random: inout Xorshift) -> String { choices[random.below(choices.count)] }

    /// A pattern that is mostly well formed.
    private static func pattern(_ random: inout Xorshift, depth: Int) -> String {
        let atoms = [
            "a", "b", "c", "k", "s", "1", ".", "é", "龙", "ß", "σ", "[ab]", "[^a]", "[^\\n]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\pL",
            "\\PL", "\\p{Lu}", "\\p{^Lu}", "\\p{Han}", "\\P{Greek}", "[b-d1]", "[^\\w]", "[\\W\\d]", "[[:alpha:]]", "[[:^space:]-]", "[]a]", "[^]a]",
            "[a-]", "[\\pL1]", "[^\\pL]", "[A-k]", "^", "$", "\\b", "\\B", "\\A", "\\z", "_", "\\n", "\\x61", "\\x{e9}", "\\141", "\\Qa.\\E", "\\.",
            "\\-", "\\_", "(?i)", "(?s)", "(?m)", "(?-i)", "(?U)", "(?i-s)", "\\07", "\\a", "\\v",
        ]
        func inner(_ random: inout Xorshift) -> String { pattern(&random, depth: depth - 1) }
        guard depth > 0 else { return one(atoms, &random) }
        switch random.below(10) {
        case 0: return "(" + inner(&random) + ")"
        case 1: return "(?:" + inner(&random) + "|" + inner(&random) + ")"
        case 2, 3:
            let repetitions = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{3}?", "{0}", "{,2}", "{2,1}", "{01}"]
            return "(?:" + inner(&random) + ")" + one(repetitions, &random)
        case 4: return one(["(?i:", "(?s:", "(?m:", "(?-i:", "(?is:", "(?P<n>", "(?<m>"], &random) + inner(&random) + ")"
        case 5: return one(atoms, &random) + one(["*", "+", "?", "{2}", ""], &random)
        default: return inner(&random) + inner(&random)
        }
    }

    /// Marks of the syntax in any order: mostly refused, by both.
    private static func noise(_ random: inout Xorshift) -> String {
        let marks = [
            "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", ".", "\\", "-", ":", "=", "!", "<", ">", "P", "i", "s", "U", "a", "b", "1", "2",
            ",", "\\d", "\\p", "\\x", "[:", ":]", "alpha", "(?", "(?i", "\\Q", "\\E", "é", "0", "&", "_", "\\b", "C",
        ]
        return (0..<(1 + random.below(6))).map { _ in one(marks, &random) }.joined()
    }
}

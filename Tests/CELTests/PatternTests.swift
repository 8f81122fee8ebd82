@testable import CEL
import Testing

@Suite struct PatternTests {
    private func matches(_ pattern: String, _ text: String) throws(PatternError) -> Bool {
        var steps = 0
        return try Pattern(pattern).matches(text, steps: &steps, limit: .max) ?? false
    }

    @Test(arguments: [
        ("", "", true), ("", "abc", true), ("a", "bab", true), ("a", "b", false), ("^a$", "a", true), ("^a$", "ba", false),
        ("^a$", "a\n", false), ("(?m)^a$", "b\na\nc", true), (".", "\n", false), ("(?s).", "\n", true), ("^.$", "龙", true),
        ("a.c", "a龙c", true), ("ab|cd", "xcd", true), ("^(ab|cd)$", "abcd", false), ("^(?:ab|cd)+$", "abcd", true),
        ("^a*$", "", true), ("^a+$", "", false), ("^a?b$", "b", true), ("^a{2,3}$", "a", false), ("^a{2,3}$", "aaa", true),
        ("^a{2,3}$", "aaaa", false), ("^a{2}$", "aa", true), ("^a{2,}$", "aaaaa", true), ("a{,2}", "a{,2}", true), ("x{", "x{", true),
        ("^a{0}$", "", true), ("^(a|b)*?c$", "abac", true), ("^a*?$", "aaa", true), ("[abc]", "b", true), ("[^abc]", "abc", false),
        ("[^a]", "龙", true),
        ("[a-c-]", "-", true), ("[]a]", "]", true), ("[^]a]", "]", false), ("[\\]]", "]", true), ("[\\d-]", "-", true),
        ("^[[:alpha:]_]+$", "Az_", true), ("[[:^digit:]]", "5", false), ("^\\d+$", "０", false), ("^\\w+$", "a_1", true),
        ("\\w", "龙", false), ("\\s", "\u{B}", false), ("^\\S\\D\\W$", "aa ", true), ("\\pL", "龙", true), ("^\\p{Lu}\\p{Ll}$", "Éé", true),
        ("\\PL", "a", false), ("^\\p{^L}$", "1", true), ("^\\p{Han}+$", "龙湾区", true), ("\\p{Han}", "abc", false), ("[^\\pL]", "龙", false),
        ("[\\PL\\d]", "a", false),
        ("\\bab\\b", "x ab y", true), ("\\bab\\b", "xab", false), ("\\Bb", "ab", true), ("\\Bb", "b", false), ("\\Aab\\z", "ab", true),
        ("(?i)fire", "FIRE", true), ("(?i)fire", "FiRe!", true), ("(?i:f)ire", "FIRE", false), ("f(?i)ire", "fIRE", true),
        ("(?i)k", "\u{212A}", true), ("(?i)\u{212A}", "k", true), ("(?i)ſ", "s", true), ("(?i)ß", "ẞ", true), ("(?i)É", "é", true),
        ("(?i)i", "ı", false), ("(?i)[a-c]+", "ABC", true), ("(?i)[^a]", "A", false), ("(?i)\\p{Lu}", "a", true), ("(?i)σ", "ς", true),
        ("(?-i)A", "a", false), ("(?i)a(?-i)b", "AB", false),
        ("\\x41\\x{4e2d}", "A中", true), ("\\101", "A", true), ("\\0", "\0", true), ("\\Q.*\\E", ".*", true), ("^\\Qab\\E+$", "abb", true),
        ("\\Q.", ".", true), ("\\a\\f\\t\\n\\r\\v", "\u{7}\u{C}\t\n\r\u{B}", true), ("\\.", "a", false), ("\\-\\/\\#", "-/#", true),
        ("(?P<name>a)", "a", true), ("(?<name>a)", "a", true), ("a||b", "", true), ("(|a)+", "", true), ("(a*)*b", "aab", true),
        ("(?U)a+", "a", true), ("^*", "", true), ("(?:)", "", true), ("()", "", true), ("$", "abc", true), ("a$|b", "xa", true),
        ("(?P<n>a)(?P<n>b)", "ab", true), ("(?)a", "a", true), ("^a(?i)+$", "aaa", true), ("^a*(?i)*$", "aa", true), ("\\_", "_", true),
        ("(?i)\\P{Lu}", "a", false), ("(?i)\\P{Lu}", "1", true), ("(?i)[\\P{Lu}b]", "b", true), ("(?i)\\p{Lu}", "ß", true),
        ("(?i)ΐ", "\u{1FD3}", true), ("(?i)\\P{Greek}", "σ", false),
        ("(^a|b)c", "xbc", true), ("(^a|b)c", "xac", false),
    ])
    func table(_ pattern: String, _ text: String, _ expected: Bool) throws {
        #expect(try matches(pattern, text) == expected)
    }

    @Test(
        arguments: [
            ("(", 0..<1), (")", 0..<1), ("a)", 1..<2), ("[a", 0..<1), ("*a", 0..<1), ("a**", 1..<3), ("a+*", 1..<3), ("a{2}{3}", 1..<7),
            ("a{1001}", 1..<7), ("a{3,2}", 1..<6), ("(a{100}){100}", 8..<13), ("\\", 0..<1), ("a\\1", 1..<3), ("(a)\\2", 3..<5),
            ("(?=a)", 0..<3), ("(?<=a)", 0..<4), ("(?<!a)", 0..<4), ("(?!a)", 0..<3), ("\\y", 0..<2), ("[b-a]", 1..<4),
            ("[[:foo:]]", 1..<8), ("\\p{Foo}", 0..<7), ("\\pX", 0..<3), ("(?P<>a)", 0..<4),
            ("(?P=n)", 0..<4), ("(?z)", 0..<3), ("x\\x{110000}", 1..<10), ("\\xg", 0..<2), ("(?i", 0..<1), ("\\E", 0..<2), ("(?i)*", 4..<5), ("a\\Z", 1..<3), ("\\C", 0..<2),
            ("(?-)", 0..<4), ("(?i-)", 0..<5), ("\\p{L", 2..<3),
        ] as [(String, Range<Int>)])
    func wrong(_ pattern: String, _ place: Range<Int>) {
        do {
            _ = try Pattern(pattern)
            Issue.record("\(pattern) passes")
        } catch {
            #expect(error.place == place, "\(pattern): \(error.message)")
        }
    }

    @Test func sizesAreBounded() {
        #expect(throws: PatternError.self) { try Pattern(String(repeating: "(", count: 300) + String(repeating: ")", count: 300)) }
        #expect(throws: PatternError.self) { try Pattern("(" + String(repeating: "a", count: 200) + "){1000}") }
        #expect(throws: Never.self) { try Pattern("(?:\\d{10}){100}") }
    }

    /// A pattern that takes for ever by backtracking: here the steps are counted and proportional to the text.
    @Test func linear() throws {
        func steps(_ count: Int) throws -> Int {
            var steps = 0
            let answer = try Pattern("^(a|a|aa)*(b|(c+)+)+$").matches(String(repeating: "a", count: count), steps: &steps, limit: .max)
            #expect(answer == false)
            return steps
        }
        let (small, large) = (try steps(100), try steps(10_000))
        #expect(large <= 101 * small)
    }

    /// Random patterns on random texts against plain backtracking.
    @Test(arguments: [1, 2, 3, 4] as [UInt64]) func likeBacktracking(_ seed: UInt64) throws {
        var random = Xorshift(seed: seed)
        var positive = 0
        for _ in 0..<2500 {
            let pattern = Self.pattern(&random, depth: 3)
            let compiled = try Pattern(pattern)
            var parser = PatternParser(pattern)
            let tree = try parser.parse()
            for _ in 0..<4 {
                let text = Self.text(&random)
                var steps = 0
                let answer = compiled.matches(text, steps: &steps, limit: .max)
                let expected = Backtracker(text).finds(tree)
                guard let expected else { continue }
                if expected { positive += 1 }
                #expect(answer == expected, "seed \(seed): /\(pattern)/ on \(Value.string(text).json)")
            }
        }
        // Both answers are common, so that agreeing means something.
        #expect(positive > 1000 && positive < 9000)
    }

    private static func text(_ random: inout Xorshift) -> String {
        let letters = ["a", "b", "c", "A", "B", "_", " ", "\n", "1", "é", "É", "龙"]
        return (0..<random.below(9)).map { _ in letters[random.below(letters.count)] }.joined()
    }

    private static func pattern(_ random: inout Xorshift, depth: Int) -> String {
        let atoms = [
            "a", "b", "c", "1", ".", "é", "龙", "[ab]", "[^a]", "\\d", "\\w", "\\s", "\\S", "\\pL", "[b-d1]", "[^\\w]", "^", "$", "\\b",
            "\\B", "_", "\\n",
        ]
        guard depth > 0 else { return atoms[random.below(atoms.count)] }
        switch random.below(9) {
        case 0: return "(" + pattern(&random, depth: depth - 1) + ")"
        case 1: return "(?:" + pattern(&random, depth: depth - 1) + "|" + pattern(&random, depth: depth - 1) + ")"
        case 2: return "(?:" + pattern(&random, depth: depth - 1) + ")" + ["*", "+", "?", "*?", "{2}", "{0,2}", "{1,}"][random.below(7)]
        case 3: return "(?i:" + pattern(&random, depth: depth - 1) + ")"
        case 4: return "(?m)" + pattern(&random, depth: depth - 1)
        case 5: return atoms[random.below(atoms.count)]
        default: return pattern(&random, depth: depth - 1) + pattern(&random, depth: depth - 1)
        }
    }
}

/// The slow twin: follows one way through the tree after the other.
private final class Backtracker {
    private let scalars: [Unicode.Scalar]
    private var budget = 200_000

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// nil when it takes too long to tell.
    func finds(_ tree: PatternNode) -> Bool? {
        for start in 0...scalars.count where match(tree, start, { _ in true }) { return true }
        return budget > 0 ? false : nil
    }

    private func match(_ node: PatternNode, _ at: Int, _ then: (Int) -> Bool) -> Bool {
        budget -= 1
        if budget <= 0 { return false }
        switch node {
        case .empty: return then(at)
        case .scalar(let set): return at < scalars.count && set.contains(scalars[at].value) && then(at + 1)
        case .assert(let assertion): return holds(assertion, at) && then(at)
        case .sequence(let parts): return sequence(parts[...], at, then)
        case .either(let branches): return branches.contains { match($0, at, then) }
        case .repeat(let part, let minimum, let maximum): return times(part, minimum, maximum, at, then)
        }
    }

    private func sequence(_ parts: ArraySlice<PatternNode>, _ at: Int, _ then: (Int) -> Bool) -> Bool {
        guard let first = parts.first else { return then(at) }
        return match(first, at) { sequence(parts.dropFirst(), $0, then) }
    }

    private func times(_ part: PatternNode, _ minimum: Int, _ maximum: Int?, _ at: Int, _ then: (Int) -> Bool) -> Bool {
        if minimum > 0 { return match(part, at) { times(part, minimum - 1, maximum.map { $0 - 1 }, $0, then) } }
        if then(at) { return true }
        if maximum == 0 { return false }
        // A round that reads nothing would go on for ever, and changes nothing.
        return match(part, at) { next in next > at && times(part, 0, maximum.map { $0 - 1 }, next, then) }
    }

    private func holds(_ assertion: Pattern.Assertion, _ at: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            guard scalars.indices.contains(index), scalars[index].isASCII else { return false }
            let character = Character(scalars[index])
            return character.isLetter || character.isNumber || character == "_"
        }
        switch assertion {
        case .textStart: return at == 0
        case .textEnd: return at == scalars.count
        case .lineStart: return at == 0 || scalars[at - 1] == "\n"
        case .lineEnd: return at == scalars.count || scalars[at] == "\n"
        case .wordBoundary: return isWord(at - 1) != isWord(at)
        case .noWordBoundary: return isWord(at - 1) == isWord(at)
        }
    }
}

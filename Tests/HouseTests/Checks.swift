/// A finding: where, and what to do about it.
struct Finding: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var text: String

    var description: String { "\(path):\(line): \(text)" }
}

// MARK: - Imports and floors

/// The modules that a file imports, in any form (`package import struct A.B`, `@testable import A`), with their lines.
func imports(of text: String) -> [(module: String, line: Int)] {
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    let all = tokens(of: text)
    var found: [(module: String, line: Int)] = []
    for (i, token) in all.enumerated() where token.text == "import" && i + 1 < all.count {
        let previous = i > 0 ? all[i - 1] : nil
        if previous?.text == "." || previous?.text == "(" { continue }
        let name = i + 2 < all.count && kinds.contains(all[i + 1].text) ? all[i + 2] : all[i + 1]
        found.append((name.text, token.line))
    }
    return found
}

/// Every import of every target against the plan.
func foreignImports(_ files: [SourceFile], house: [Room]) -> [Finding] {
    let rooms = Dictionary(uniqueKeysWithValues: house.map { ($0.name, $0) })
    return files.flatMap { file -> [Finding] in
        guard let target = file.target else { return [] }
        guard let room = rooms[target] else {
            return [Finding(path: file.path, line: 1, text: "target \(target) is not on the plan (Tests/HouseTests/House.swift)")]
        }
        return imports(of: file.text).filter { !room.rooms.contains($0.module) && !room.libraries.contains($0.module) }.map {
            Finding(path: file.path, line: $0.line, text: "\(target) may not import \($0.module)")
        }
    }
}

/// A room's imports lie on floors below it: never above, never beside.
func floorFaults(_ house: [Room]) -> [Finding] {
    let floors = Dictionary(uniqueKeysWithValues: house.map { ($0.name, $0.floor) })
    return house.flatMap { room in
        room.rooms.sorted().compactMap { below in
            guard let floor = floors[below] else {
                return Finding(path: room.name, line: room.floor, text: "\(below) is no room of the house")
            }
            return floor < room.floor ? nil : Finding(path: room.name, line: room.floor, text: "\(below) does not lie below \(room.name)")
        }
    }
}

// MARK: - Purity

/// What a pure floor may not name: sequences of tokens. A first `(free)` means that the name is called on its own or through
/// the C library, not as a method, not declared, and not the target's own function.
private let impure: [(tokens: [String], free: Bool, why: String)] = [
    (["Date", "(", ")"], false, "a clock: take the instant as an argument"),
    (["Date", ".", "now"], false, "a clock: take the instant as an argument"),
    (["ContinuousClock"], false, "a clock: take the instant as an argument"),
    (["SuspendingClock"], false, "a clock: take the instant as an argument"),
    (["clock_gettime"], false, "a clock: take the instant as an argument"),
    (["gettimeofday"], false, "a clock: take the instant as an argument"),
    (["time", "("], true, "a clock: take the instant as an argument"),
    ([".", "random", "("], false, "dice: take a seed as an argument"),
    (["randomElement", "("], false, "dice: take a seed as an argument"),
    (["shuffle", "("], false, "dice: take a seed as an argument"),
    (["shuffled", "("], false, "dice: take a seed as an argument"),
    (["SystemRandomNumberGenerator"], false, "dice: take a seed as an argument"),
    (["FileManager"], false, "I/O: hand in what was read"),
    (["FileHandle"], false, "I/O: hand in what was read"),
    (["fopen"], false, "I/O: hand in what was read"),
    (["open", "("], true, "I/O: hand in what was read"),
    (["read", "("], true, "I/O: hand in what was read"),
    (["write", "("], true, "I/O: return what is to be written"),
    (["print", "("], true, "I/O: return what is to be said"),
    (["debugPrint", "("], true, "I/O: return what is to be said"),
    (["getenv"], false, "the environment: hand it in"),
    (["ProcessInfo"], false, "the environment: hand it in"),
    (["Mutex"], false, "a lock: nothing is shared here"),
    (["NSLock"], false, "a lock: nothing is shared here"),
    (["Lock"], false, "a lock: nothing is shared here"),
    (["Atomic"], false, "a lock: nothing is shared here"),
    (["Task", "{"], false, "concurrency: decisions are plain functions"),
    (["Task", ".", "detached"], false, "concurrency: decisions are plain functions"),
    (["async"], true, "concurrency: decisions are plain functions"),
    (["await"], true, "concurrency: decisions are plain functions"),
    (["DispatchQueue"], false, "concurrency: decisions are plain functions"),
]

/// What a file of a pure floor may name all the same.
private let excuses: [String: Set<String>] = [
    // The one way in is a promise that the doors wait for: Domain says its form and runs none of it.
    "Sources/Domain/Intake.swift": ["async"]
]

/// Clocks, dice, I/O, locks and concurrency on the pure floors.
func impurities(_ files: [SourceFile], house: [Room]) -> [Finding] {
    let pure = Set(house.filter(\.isPure).map(\.name))
    let scanned = files.filter { pure.contains($0.target ?? "") }.map { (file: $0, tokens: tokens(of: $0.text)) }
    var own: [String: Set<String>] = [:]
    for (file, all) in scanned {
        for (a, b) in zip(all, all.dropFirst()) where a.text == "func" { own[file.target ?? "", default: []].insert(b.text) }
    }
    return scanned.flatMap { file, all in
        impurities(in: all, own: own[file.target ?? ""] ?? [], excused: excuses[file.path] ?? []).map {
            Finding(path: file.path, line: $0.line, text: $0.text)
        }
    }
}

private func impurities(in all: [Token], own: Set<String>, excused: Set<String>) -> [(line: Int, text: String)] {
    var found: [(line: Int, text: String)] = []
    for i in all.indices {
        for ban in impure where i + ban.tokens.count <= all.count && !excused.contains(ban.tokens[0]) {
            guard all[i].text == ban.tokens[0], zip(ban.tokens, all[i...]).allSatisfy({ $0 == $1.text }) else { continue }
            if ban.free, !isFree(all, i) || own.contains(ban.tokens[0]) { continue }
            found.append((all[i].line, "`\(ban.tokens.joined())` is \(ban.why)"))
        }
        if all[i].text.hasPrefix("pthread") { found.append((all[i].line, "`\(all[i].text)` is concurrency: decisions are plain functions")) }
        // `actor` is a word of its own only where it declares one.
        if all[i].text == "actor", i + 2 < all.count, isName(all[i + 1].text), ["{", ":", "<"].contains(all[i + 2].text) {
            found.append((all[i].line, "`actor` is concurrency: decisions are plain functions"))
        }
    }
    return found
}

private func isName(_ text: String) -> Bool { text.first.map { $0.isLetter || $0 == "_" } ?? false }

/// Neither a member (`.open(`, unless of the C library), nor a declaration (`func open(`, `case open(`), nor a label (`async:`).
private func isFree(_ all: [Token], _ i: Int) -> Bool {
    if i + 1 < all.count, all[i + 1].text == ":" { return false }
    guard i > 0 else { return true }
    switch all[i - 1].text {
    case "func", "case", "let", "var": return false
    case ".": return i > 1 && all[i - 2].text == "Glibc"
    default: return true
    }
}

// MARK: - Tests that test

/// A `func test…` without `@Test` is never run, and the run stays green.
func neverRunTests(_ files: [SourceFile]) -> [Finding] {
    files.filter { $0.path.hasPrefix("Tests/") }.flatMap { file -> [Finding] in
        let all = tokens(of: file.text)
        return all.indices.compactMap { i in
            guard all[i].text == "func", i + 1 < all.count, all[i + 1].text.hasPrefix("test"), !hasTestAttribute(all, before: i) else { return nil }
            return Finding(path: file.path, line: all[i].line, text: "`func \(all[i + 1].text)` has no @Test and is never run")
        }
    }
}

/// Walks back over the attributes and modifiers before a declaration: until a brace, a bracket's arguments skipped.
private func hasTestAttribute(_ all: [Token], before declaration: Int) -> Bool {
    var depth = 0
    var i = declaration - 1
    while i >= 0 {
        switch all[i].text {
        case ")": depth += 1
        case "(": depth -= 1
        case "{" where depth == 0, "}" where depth == 0: return false
        case "Test" where depth == 0 && i > 0 && all[i - 1].text == "@": return true
        default: break
        }
        i -= 1
    }
    return false
}

/// Tests wait for signals, never for time. A `sleep` of the tests' own, on a clock that they set, is none.
func sleepingTests(_ files: [SourceFile]) -> [Finding] {
    let sleepers: Set<String> = ["sleep", "usleep", "nanosleep", "clock_nanosleep"]
    return files.filter { $0.path.hasPrefix("Tests/") }.flatMap { file -> [Finding] in
        let all = tokens(of: file.text)
        let own = Set(zip(all, all.dropFirst()).filter { $0.0.text == "func" }.map(\.1.text))
        return all.indices.compactMap { i in
            guard sleepers.contains(all[i].text), i + 1 < all.count, all[i + 1].text == "(" else { return nil }
            let isReal =
                i > 1 && all[i - 1].text == "."
                ? all[i - 2].text == ")" || ["Task", "Thread", "Glibc"].contains(all[i - 2].text) || all[i - 2].text.lowercased().hasSuffix("clock")
                : isFree(all, i) && !own.contains(all[i].text)
            return isReal ? Finding(path: file.path, line: all[i].line, text: "`\(all[i].text)`: a test waits for a signal, never for time") : nil
        }
    }
}

// MARK: - What is left behind

/// Marks of work left open, in code and comments alike. (The words are put together here so that this file has none.)
func leftOpen(_ files: [SourceFile]) -> [Finding] {
    let marks = ["TO" + "DO", "FIX" + "ME"]
    return files.flatMap { file in
        lines(of: file.text).enumerated().filter { _, line in marks.contains { line.contains($0) } }.map { i, _ in
            Finding(path: file.path, line: i + 1, text: "work left open: do it, or open an issue")
        }
    }
}

func longFiles(_ files: [SourceFile]) -> [Finding] {
    files.filter { lines(of: $0.text).count > lines_max }.map {
        Finding(path: $0.path, line: lines_max, text: "longer than \(lines_max) lines: divide it by what it holds")
    }
}

/// `try!`, `as!`, `fatalError`, `@unchecked Sendable` and `nonisolated(unsafe)` give their reason in a comment on the line or just above.
func unreasoned(_ files: [SourceFile]) -> [Finding] {
    let forms: [[String]] = [["try", "!"], ["as", "!"], ["fatalError", "("], ["@", "unchecked"], ["nonisolated", "(", "unsafe", ")"]]
    return files.filter { $0.path.hasPrefix("Sources/") }.flatMap { file -> [Finding] in
        let all = tokens(of: file.text)
        let text = lines(of: file.text)
        return all.indices.compactMap { i in
            guard let form = forms.first(where: { form in matches(form, all[i...]) })
            else { return nil }
            let line = all[i].line - 1
            let above = line > 0 ? text[line - 1].drop { $0 == " " } : ""
            if text[line].contains("//") || above.hasPrefix("//") { return nil }
            return Finding(path: file.path, line: line + 1, text: "`\(form.joined())` needs a comment beside it that gives the reason")
        }
    }
}

/// The signs of a form stand close to the word before them.
private func matches(_ form: [String], _ tokens: ArraySlice<Token>) -> Bool {
    tokens.count >= form.count && zip(form, tokens).allSatisfy { $0 == $1.text && !($0 == "!" && $1.standsAlone) }
}

/// What stands at the top of the repository beside what belongs there.
func strangers(_ names: [String], allowed: Set<String>) -> [String] {
    names.filter { !$0.hasPrefix(".") && !allowed.contains($0) }.sorted()
}

func lines(of text: String) -> [Substring] {
    var all = text.split(separator: "\n", omittingEmptySubsequences: false)
    if all.last == "" { all.removeLast() }
    return all
}

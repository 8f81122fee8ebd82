import Glibc
import Rules

/// The text of the rule set in force, kept in the state folder: a restart with a broken rules folder runs on it.
///
/// The rule tests are left out: a way back needs none. One file, replaced in one step. Form: a line `paidan-rules 1`, then for each file a line
/// `BYTES NAME` and its bytes.
struct LastGoodRules {
    let path: String

    init(stateFolder: String) { path = stateFolder + "/last-good.rules" }

    /// Whether `write` would change nothing of what `read` gave.
    func holds(_ source: RuleSource, _ kept: RuleSource) -> Bool {
        let wanted = source.files.filter { !$0.name.contains("/") }
        return wanted.count == kept.files.count && zip(wanted, kept.files).allSatisfy { $0.name == $1.name && $0.bytes == $1.bytes }
    }

    func write(_ source: RuleSource) throws(SystemCallFailure) {
        var bytes = Array("paidan-rules 1\n".utf8)
        for file in source.files where !file.name.contains("/") {
            bytes += Array("\(file.bytes.count) \(file.name)\n".utf8)
            bytes += file.bytes
        }
        try replaceFile(path, with: bytes)
    }

    /// nil: there is none, or it is damaged (then it is as good as none: it is only ever a way back).
    func read() -> RuleSource? {
        guard let bytes = try? readWholeFile(path) else { return nil }
        var rest = bytes[...]
        guard let first = Self.line(&rest), first == "paidan-rules 1" else { return nil }
        var files: [RuleSource.File] = []
        while !rest.isEmpty {
            guard let head = Self.line(&rest), let space = head.firstIndex(of: " "), let count = Int(head[..<space]), count >= 0,
                count <= rest.count
            else { return nil }
            files.append(RuleSource.File(name: String(head[head.index(after: space)...]), bytes: Array(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        return RuleSource(files: files)
    }

    private static func line(_ rest: inout ArraySlice<UInt8>) -> String? {
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        defer { rest = rest[(end + 1)...] }
        return String(decoding: rest[..<end], as: UTF8.self)
    }
}

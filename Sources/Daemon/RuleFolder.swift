package import Domain
import Glibc
package import Rules

/// The only place that reads rule files: a folder into one `RuleSource`, whole, as it stood at one moment.
///
/// A folder that many hands edit can change while it is read; it is read again until two looks at names, sizes and times of
/// change agree, so that a set is never a mixture of before and after one rename. (A file that is written in place, slowly,
/// can still be half there: then it does not compile, or `systemctl reload` is called again.)
package enum RuleFolder {
    /// Where the rule tests lie, below the rules.
    private static let tests = "tests"

    /// Names that are read: modules, and the tables that a module names.
    private static func isRuleFile(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".csv"))
    }

    /// In the folder of the tests; `.yml` too, so that it can be told that the name is wrong.
    private static func isTestFile(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    /// - Throws: `StartFailure` with what to do, when the folder or a file in it can't be read.
    package static func read(_ path: String) throws(StartFailure) -> RuleSource {
        for _ in 0..<5 {
            let before = try listing(path)
            var files: [RuleSource.File] = []
            var vanished = false
            for entry in before {
                guard let bytes = try bytes(of: path + "/" + entry.name) else {
                    vanished = true
                    break
                }
                files.append(RuleSource.File(name: entry.name, bytes: bytes))
            }
            if !vanished, try listing(path) == before {
                return RuleSource(files: files)
            }
        }
        throw StartFailure(
            "cannot read the rules in \(path): the files change faster than they can be read; wait until the edit is done and reload again")
    }

    private struct Listed: Equatable {
        var name: String
        var size: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
        var inode: UInt
    }

    /// The rule files and the rule tests (`tests/faults.yaml`) in byte order of their names.
    private static func listing(_ path: String) throws(StartFailure) -> [Listed] {
        guard let rules = entries(of: path, isRuleFile) else {
            throw StartFailure(
                "cannot open the rules folder \(path): \(errorText(errno)); create it or name another with --rules", exitCode: 78)
        }
        guard let tests = entries(of: path + "/" + Self.tests, isTestFile) else {
            // Rules need no tests; but tests that are there and can't be read must not pass for none.
            if errno == ENOENT || errno == ENOTDIR { return rules }
            throw StartFailure("cannot open the rule tests \(path)/\(Self.tests): \(errorText(errno)); let the user paidan read them", exitCode: 78)
        }
        let below = tests.map { entry in
            var entry = entry
            entry.name = Self.tests + "/" + entry.name
            return entry
        }
        return (rules + below).sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    }

    /// nil: the folder can't be opened, and `errno` says why.
    private static func entries(of path: String, _ isWanted: (String) -> Bool) -> [Listed]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var entries: [Listed] = []
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard isWanted(name) else { continue }
            var facts = stat()
            guard stat(path + "/" + name, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { continue }
            entries.append(
                Listed(
                    name: name, size: Int(facts.st_size), changedSeconds: facts.st_mtim.tv_sec, changedNanoseconds: facts.st_mtim.tv_nsec,
                    inode: UInt(facts.st_ino)))
        }
        return entries
    }

    /// nil: the file vanished meanwhile.
    private static func bytes(of path: String) throws(StartFailure) -> [UInt8]? {
        do {
            return try readWholeFile(path)
        } catch {
            if error.code == ENOENT { return nil }
            throw StartFailure("cannot read the rule file \(path): \(errorText(error.code)); let the user paidan read it", exitCode: 78)
        }
    }

    /// The rules of a time zone, read from the system's zone files; nil when there is no such zone.
    package static func zone(_ name: String) -> TimeZoneRules? {
        guard !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else { return nil }
        guard let bytes = try? readWholeFile("/usr/share/zoneinfo/" + name) else { return nil }
        return try? TimeZoneRules(name: name, tzif: bytes)
    }
}

/// A failed system call's `errno`.
struct SystemCallFailure: Error {
    let code: Int32
}

func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Reads a regular file to its end.
func readWholeFile(_ path: String) throws(SystemCallFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemCallFailure(code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            throw SystemCallFailure(code: errno)
        }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// Replaces a file in one step: written beside it, synced, renamed, and the folder synced.
func replaceFile(_ path: String, with bytes: [UInt8]) throws(SystemCallFailure) {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw SystemCallFailure(code: errno) }
    var written = 0
    var failure: Int32 = 0
    bytes.withUnsafeBytes { raw in
        while written < raw.count {
            let count = write(descriptor, raw.baseAddress?.advanced(by: written), raw.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                failure = errno
                return
            }
            written += count
        }
    }
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    close(descriptor)
    if failure == 0, rename(temporary, path) != 0 { failure = errno }
    guard failure == 0 else {
        unlink(temporary)
        throw SystemCallFailure(code: failure)
    }
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let folderDescriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if folderDescriptor >= 0 {
        fsync(folderDescriptor)
        close(folderDescriptor)
    }
}

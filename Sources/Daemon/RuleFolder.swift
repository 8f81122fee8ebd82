package import Domain
import Glibc
package import Rules

/// The only place that reads rule files: a folder into one `RuleSource`, whole, as it stood at one moment.
///
/// A folder that many hands edit can change while it is read, and a file that is written in place is half there for a while. Half a file
/// often is good YAML: a shorter list of rules. So a look at the folder counts only when everything has come to rest:
///
/// - A second listing after the reading agrees with the first: names, sizes, inodes and times of change (which, unlike the times of
///   writing, nobody can set).
/// - Nothing changed in the last 20 ms: longer than the clock of a file system stands still, so that every change shows.
/// - Nobody has a file open for writing that changed within the last minute. The kernel tells, by refusing a lease, where the daemon may ask
///   for one: as root, or as the owner of the files. Where it may not, the other signs have to do.
/// - What changed in the last second does not look cut off: it ends with a line end, as every editor leaves it; and what became shorter
///   ends as the version in force does. No file of the set in force has just vanished: `vi` renames the old one away before it writes the new.
///   Whoever really means it waits out the second.
///
/// Otherwise the folder is looked at again, for at most five seconds; then the reload is refused and nothing has happened. Editors' own
/// files (`.faults.yaml.swp`, `4913`, `faults.yaml~`) are never read.
///
/// What stays possible, with a writer that the daemon may not ask about: it pauses for more than 20 ms at the end of a line, in a file that is
/// longer than before; or for more than a second in any file. Whoever copies files over a slow line should copy beside and rename.
package enum RuleFolder {
    /// Where the rule tests lie, below the rules.
    private static let tests = "tests"

    /// Names that are read: modules, and the tables that a module names.
    private static func isRuleFile(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".csv", ".ics"].contains(where: name.hasSuffix)
    }

    /// In the folder of the tests; `.yml` too, so that it can be told that the name is wrong.
    private static func isTestFile(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    /// What one look at the folder found.
    enum Look {
        case whole(RuleSource)
        /// Somebody is at it: who sees it knows what, and how long nothing will have changed, in milliseconds.
        case unsettled(String, waitMilliseconds: Int)
    }

    /// Nothing is believed that changed so short a time ago.
    static let restMilliseconds = 20
    /// What looks cut off is believed after so long.
    static let doubtMilliseconds = 1_000
    /// A file that was changed so long ago is not held open by a writer who is at work.
    static let writerMilliseconds = 60_000
    /// Looking is given up after so long.
    static let patienceMilliseconds: Int64 = 5_000

    /// Reads the folder, and waits for it to come to rest.
    /// - Parameter inForce: what was good before: what looks like a piece of it is looked at twice.
    /// - Throws: `StartFailure` with what to do, when the folder or a file in it can't be read, or does not come to rest.
    package static func read(_ path: String, inForce: RuleSource? = nil) throws(StartFailure) -> RuleSource {
        let began = monotonicMilliseconds()
        while true {
            switch try look(path, inForce: inForce, now: now()) {
            case .whole(let source): return source
            case .unsettled(let why, let wait):
                try checkPatience(since: began, path, why)
                usleep(UInt32(wait) * 1_000)
            }
        }
    }

    /// The same for those who must not hold up a thread.
    static func settled(_ path: String, inForce: RuleSource?) async throws(StartFailure) -> RuleSource {
        let began = monotonicMilliseconds()
        while true {
            switch try look(path, inForce: inForce, now: now()) {
            case .whole(let source): return source
            case .unsettled(let why, let wait):
                try checkPatience(since: began, path, why)
                try? await Task.sleep(for: .milliseconds(wait))
            }
        }
    }

    private static func checkPatience(since began: Int64, _ path: String, _ why: String) throws(StartFailure) {
        if monotonicMilliseconds() - began < patienceMilliseconds { return }
        throw StartFailure("cannot read the rules in \(path): \(why); wait until the edit is done and reload again")
    }

    /// By the clock that dates files, in milliseconds.
    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// - Parameter now: what the clock that dates files says, in milliseconds.
    static func look(_ path: String, inForce: RuleSource?, now: Int64) throws(StartFailure) -> Look {
        // Since when it rests; what is dated in the future (the clock was put back) says nothing, and is taken as it is.
        func unrest(_ entry: Listed, for milliseconds: Int) -> Int? {
            let age = now - entry.changedMilliseconds
            return age < -Int64(restMilliseconds) || age >= Int64(milliseconds) ? nil : milliseconds - Int(max(0, age))
        }
        let before = try listing(path)
        for entry in before {
            if let wait = unrest(entry, for: restMilliseconds) { return .unsettled("\(entry.name) has just been changed", waitMilliseconds: wait) }
        }
        var files: [RuleSource.File] = []
        for entry in before {
            // What is too large is refused by its size: nobody waits until it is read.
            if entry.size > RuleLimits.fileBytes(entry.name) {
                files.append(RuleSource.File(name: entry.name, bytes: [], unreadSize: entry.size))
                continue
            }
            guard let bytes = try bytes(of: path + "/" + entry.name, size: entry.size) else {
                return .unsettled("\(entry.name) has just vanished", waitMilliseconds: 5)
            }
            files.append(RuleSource.File(name: entry.name, bytes: bytes))
        }
        let known = Dictionary((inForce?.files ?? []).map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        for (entry, file) in zip(before, files) {
            if unrest(entry, for: writerMilliseconds) != nil, isOpenForWriting(path + "/" + entry.name) {
                return .unsettled("\(entry.name) is still being written", waitMilliseconds: 10)
            }
            if file.unreadSize == nil, let wait = unrest(entry, for: doubtMilliseconds), looksCutOff(file.bytes, of: known[file.name]) {
                return .unsettled("\(entry.name) has just been changed, and looks cut off", waitMilliseconds: min(wait, 50))
            }
        }
        let names = Set(before.map(\.name))
        if let gone = known.keys.filter({ !names.contains($0) && !$0.contains("/") }).min(), let folder = Self.facts(of: path, named: ""),
            let wait = unrest(folder, for: doubtMilliseconds)
        {
            return .unsettled("\(gone) has just vanished", waitMilliseconds: min(wait, 50))
        }
        guard try listing(path) == before else { return .unsettled("the files are being changed", waitMilliseconds: restMilliseconds) }
        return .whole(RuleSource(files: files))
    }

    /// Whether what has just been written may be the beginning of something longer.
    static func looksCutOff(_ bytes: [UInt8], of known: [UInt8]?) -> Bool {
        guard bytes.last == 0x0A else { return true }
        guard let known, bytes.count < known.count else { return false }
        let tail = 512
        return !known.suffix(tail).elementsEqual(bytes.suffix(tail))
    }

    /// Whether somebody has a file open for writing: then the kernel gives no lease to read it. False where it can't be known.
    private static func isOpenForWriting(_ path: String) -> Bool {
        // Of <fcntl.h>, behind _GNU_SOURCE.
        let (setSignal, setLease): (Int32, Int32) = (10, 1_024)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // A writer who comes within these microseconds makes the kernel send a signal: one that nobody minds instead of one that kills.
        guard fcntl(descriptor, setSignal, SIGURG) == 0 else { return false }
        guard fcntl(descriptor, setLease, F_RDLCK) != 0 else {
            _ = fcntl(descriptor, setLease, F_UNLCK)
            return false
        }
        return errno == EAGAIN
    }

    private struct Listed: Equatable {
        var name: String
        var size: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
        var inode: UInt

        var changedMilliseconds: Int64 { Int64(changedSeconds) * 1_000 + Int64(changedNanoseconds) / 1_000_000 }
    }

    /// The rule files and the rule tests (`tests/faults.yaml`) in byte order of their names.
    private static func listing(_ path: String) throws(StartFailure) -> [Listed] {
        guard let rules = entries(of: path, isRuleFile) else {
            throw StartFailure(
                "cannot open the rules folder \(path): \(errorText(errno)); create it or name another with --rules", exitCode: 78)
        }
        guard let tests = entries(of: path + "/" + Self.tests, isTestFile) else {
            // Rules need no tests; but tests that are there and can't be read must not pass for none.
            if errno == ENOENT || errno == ENOTDIR { return inOrder(rules) }
            throw StartFailure("cannot open the rule tests \(path)/\(Self.tests): \(errorText(errno)); let the user paidan read them", exitCode: 78)
        }
        let below = tests.map { entry in
            var entry = entry
            entry.name = Self.tests + "/" + entry.name
            return entry
        }
        return inOrder(rules + below)
    }

    private static func inOrder(_ entries: [Listed]) -> [Listed] {
        entries.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
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
            guard let facts = Self.facts(of: path + "/" + name, named: name, isFile: true) else { continue }
            entries.append(facts)
        }
        return entries
    }

    /// nil: there is nothing, or no regular file where one is wanted.
    private static func facts(of path: String, named name: String, isFile: Bool = false) -> Listed? {
        var facts = stat()
        guard stat(path, &facts) == 0, !isFile || facts.st_mode & S_IFMT == S_IFREG else { return nil }
        return Listed(
            name: name, size: Int(facts.st_size), changedSeconds: facts.st_ctim.tv_sec, changedNanoseconds: facts.st_ctim.tv_nsec,
            inode: UInt(facts.st_ino))
    }

    /// nil: the file vanished meanwhile.
    private static func bytes(of path: String, size: Int) throws(StartFailure) -> [UInt8]? {
        do {
            return try readWholeFile(path, expecting: size)
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
/// - Parameter expecting: how long it probably is, in bytes.
func readWholeFile(_ path: String, expecting: Int = 0) throws(SystemCallFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemCallFailure(code: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(expecting)
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

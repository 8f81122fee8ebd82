import Glibc
import Testing

@testable import Systemd

@Suite struct SystemdJournalTests {
    @Test func fieldsKeepLineEndsAndAnyText() {
        var encoded = EncodedEntry()
        encoded.encode(
            JournalEntry(
                messageID: "00112233445566778899aabbccddeeff", priority: .warning, message: "倒杆\nsecond line",
                fields: [JournalField("PAIDAN_TASK", "T-20261122-17"), JournalField("PAIDAN_CREW", "北二=班\n")]),
            identifier: "paidan")
        #expect(
            text(encoded) == "MESSAGE\n\u{12}\0\0\0\0\0\0\0倒杆\nsecond line\nMESSAGE_ID=00112233445566778899aabbccddeeff\nPRIORITY=4\n"
                + "SYSLOG_IDENTIFIER=paidan\nPAIDAN_TASK=T-20261122-17\nPAIDAN_CREW\n\u{B}\0\0\0\0\0\0\0北二=班\n\n")
    }

    @Test func aBatchStartsEachEntryAnew() {
        var encoded = EncodedEntry()
        encoded.encode(
            JournalEntry(messageID: nil, priority: .info, message: "a long first message", fields: [JournalField("PAIDAN_RULE", "x.y")]),
            identifier: "paidan")
        encoded.encode(JournalEntry(messageID: nil, priority: .error, message: "b"), identifier: "p")
        #expect(text(encoded) == "MESSAGE=b\nPRIORITY=3\nSYSLOG_IDENTIFIER=p\n")
    }

    @Test func aMisnamedFieldIsKeptUnderAnotherName() {
        var encoded = EncodedEntry()
        encoded.encode(
            JournalEntry(messageID: nil, priority: .info, message: "m", fields: [JournalField("_PID", "1"), JournalField("paidan", "2")]),
            identifier: "p")
        #expect(text(encoded).hasSuffix("\nMISNAMED_FIELD=_PID=1\nMISNAMED_FIELD=paidan=2\n"))
    }

    @Test(arguments: [
        ("PAIDAN_TASK", true), ("A", true), ("A1_", true), (String(repeating: "A", count: 64), true),
        (String(repeating: "A", count: 65), false), ("", false), ("_A", false), ("1A", false), ("paidan", false), ("A-B", false),
        ("A=B", false), ("Ä", false), ("A\n", false),
    ])
    func namesThatTheJournalTakes(name: String, isValid: Bool) {
        #expect(JournalField.isValid(name: name) == isValid)
    }

    @Test func aReadableLineShowsControlCharactersInsteadOfObeyingThem() {
        let entry = JournalEntry(messageID: nil, priority: .notice, message: "from \u{1B}[2J\u{7}caller\nmore\tof it\u{9B}")
        #expect(Journal.line(entry, style: .plain) == "from \\u{1B}[2J\\u{07}caller\n  more\tof it\\u{009B}\n")
    }

    @Test(arguments: [
        (JournalPriority.error, Journal.LineStyle.plain, "error: a\n  b\n"),
        (.critical, .coloured, "\u{1B}[31merror: a\n  b\u{1B}[0m\n"),
        (.warning, .coloured, "\u{1B}[33mwarning: a\n  b\u{1B}[0m\n"),
        (.info, .coloured, "a\n  b\n"),
        (.warning, .levelled, "<4>warning: a\n<4>  b\n"),
        (.info, .levelled, "<6>a\n<6>  b\n"),
    ])
    func aReadableLineSaysHowMuchItMatters(priority: JournalPriority, style: Journal.LineStyle, expected: String) {
        #expect(Journal.line(JournalEntry(messageID: nil, priority: priority, message: "a\nb"), style: style) == expected)
    }

    @Test func linesArriveWholeAndInOrder() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let journal = Journal(identifier: "paidan", destination: .lines(descriptor: ends[1], style: .plain))
        #expect(journal.send(["one", "two"].map { JournalEntry(messageID: nil, priority: .info, message: $0) }) == 2)
        close(ends[1])
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(ends[0], &bytes, bytes.count)
        close(ends[0])
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self) == "one\ntwo\n")
    }

    /// A journal that a test reads, or doesn't: a datagram socket in a folder of its own.
    private final class FakeJournal {
        let folder: String
        let descriptor: Int32
        var path: String { folder + "/socket" }

        init() throws {
            var template = Array("/tmp/paidan-journal-XXXXXX".utf8CString)
            folder = try #require(mkdtemp(&template).map { String(cString: $0) })
            descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: (folder + "/socket").utf8) }
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(bound == 0)
        }

        deinit {
            close(descriptor)
            unlink(path)
            rmdir(folder)
        }

        func read() -> String? {
            var bytes = [UInt8](repeating: 0, count: 8_192)
            let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
            return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
        }

        func journal() -> Journal {
            Journal(identifier: "p", destination: .native, socketPath: path, patienceMilliseconds: 0)
        }
    }

    private func entries(_ count: Int) -> [JournalEntry] {
        (0..<count).map { JournalEntry(messageID: nil, priority: .info, message: "entry \($0)") }
    }

    @Test func anEntryIsOneDatagram() throws {
        let fake = try FakeJournal()
        #expect(fake.journal().send(entries(2)) == 2)
        #expect(fake.read() == "MESSAGE=entry 0\nPRIORITY=6\nSYSLOG_IDENTIFIER=p\n")
        #expect(fake.read() == "MESSAGE=entry 1\nPRIORITY=6\nSYSLOG_IDENTIFIER=p\n")
        #expect(fake.read() == nil)
    }

    @Test func aJournalThatReadsNothingHoldsNothingUpAndLosesNothing() throws {
        let fake = try FakeJournal()
        let all = entries(100_000)
        let sent = fake.journal().send(all)
        #expect(sent > 0 && sent < all.count)
        #expect(!fake.journal().send(all[sent]))
        var seen: [String] = []
        while let text = fake.read() { seen.append(text) }
        #expect(seen.count == sent)
        #expect(seen.last?.hasPrefix("MESSAGE=entry \(sent - 1)\n") == true)
        #expect(fake.journal().send(all[sent]))
    }

    @Test func aJournalThatIsNotThereIsTriedAgainLater() {
        let nowhere = Journal(identifier: "p", destination: .native, socketPath: "/tmp/paidan-no-journal/socket", patienceMilliseconds: 0)
        #expect(nowhere.send(entries(3)) == 0)
    }

    private func text(_ encoded: EncodedEntry) -> String { String(decoding: encoded.bytes, as: UTF8.self) }
}

@Suite(.serialized) struct SystemdNotifierTests {
    /// One socket for the suite; `NOTIFY_SOCKET` is set once, before the first message, and stays.
    private static let socket: Int32? = {
        let name = "paidan-notify-test-\(getpid())"
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            // An abstract name: it begins with a zero byte and leaves no file behind.
            for (index, byte) in name.utf8.enumerated() { path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard bound == 0 else { return nil }
        setenv("NOTIFY_SOCKET", "@" + name, 1)
        return descriptor
    }()

    private let descriptor: Int32

    init() throws { descriptor = try #require(Self.socket) }

    private func message() -> String {
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return count < 0 ? "nothing came: errno \(errno)" : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    @Test func eachWordReachesTheServiceManager() {
        let notifier = Notifier { Issue.record("\($0)") }
        #expect(Notifier.isListenedTo)
        notifier.ready(status: "12 open tasks")
        #expect(message() == "READY=1\nSTATUS=12 open tasks")
        notifier.status("ready\nREADY=1")
        #expect(message() == "STATUS=ready READY=1")
        notifier.watchdog()
        #expect(message() == "WATCHDOG=1")
        notifier.stopping(status: "")
        #expect(message() == "STOPPING=1\nSTATUS=")
        notifier.extendTimeout(microseconds: 5_000_000)
        #expect(message() == "EXTEND_TIMEOUT_USEC=5000000")
    }

    @Test func aReloadCarriesTheMonotonicClock() throws {
        func clock() -> UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
        }
        let before = clock()
        Notifier { Issue.record("\($0)") }.reloading(status: "reading rules")
        let lines = message().split(separator: "\n")
        try #require(lines.count == 3)
        #expect(lines[0] == "RELOADING=1")
        #expect(lines[2] == "STATUS=reading rules")
        let value = try #require(UInt64(lines[1].trimmingPrefix("MONOTONIC_USEC=")))
        #expect(value >= before && value <= clock())
    }

    @Test func aLongStatusEndsBeforeTheManagersLimitAndBetweenCharacters() {
        Notifier { Issue.record("\($0)") }.status(String(repeating: "断", count: 5_000))
        let text = message()
        #expect(text == "STATUS=" + String(repeating: "断", count: 341))
    }
}

@Suite struct SystemdEnvironmentTests {
    @Test func theFirstOfSeveralFoldersIsOurs() {
        #expect(ServiceDirectories.first(of: "X", environment: { $0 == "X" ? "/var/lib/paidan:/var/lib/other" : nil }) == "/var/lib/paidan")
        #expect(ServiceDirectories.first(of: "X", environment: { _ in "/run/paidan" }) == "/run/paidan")
        #expect(ServiceDirectories.first(of: "X", environment: { _ in nil }) == nil)
    }

    @Test(arguments: ["", ".", "..", "../passwd", "etc/passwd", "nothing-there"])
    func aCredentialIsAPlainFileName(name: String) {
        #expect(Credentials.path(name, environment: { _ in "/etc" }) == nil)
    }

    @Test func aCredentialIsFoundInItsFolder() {
        #expect(Credentials.path("passwd", environment: { $0 == "CREDENTIALS_DIRECTORY" ? "/etc" : nil }) == "/etc/passwd")
        #expect(Credentials.path("passwd", environment: { _ in nil }) == nil)
        #expect(Credentials.path("pass\0wd", environment: { _ in "/etc" }) == nil)
    }

    @Test func withoutSocketsFromSystemdThereAreNone() throws {
        #expect(try SocketActivation.listeners() == [])
    }
}

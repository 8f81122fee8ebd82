import Domain
import Foundation
import Inbox
import Synchronization
import Testing

/// An intake that remembers keys as the daemon does: accepted the first time, a duplicate afterwards.
final class FakeIntake: Intake {
    struct Seen {
        var inputs: [Input] = []
        var batches: [Int] = []
        var keys: Set<InputKey> = []
    }

    private let seen = Mutex(Seen())
    /// Before anything is remembered: a refusal, or nil. `batch` counts submissions from 0.
    private let refusal: @Sendable (_ batch: Int, _ inputs: [Input]) -> IntakeRefusal?
    /// What an input gets that is not simply accepted or a duplicate.
    private let verdict: @Sendable (Input) -> (ReceiptStatus, String)?
    /// One element for each submission, when it was answered.
    let submissions: AsyncStream<Int>
    private let submitted: AsyncStream<Int>.Continuation

    init(
        refusal: @escaping @Sendable (Int, [Input]) -> IntakeRefusal? = { _, _ in nil },
        verdict: @escaping @Sendable (Input) -> (ReceiptStatus, String)? = { _ in nil }
    ) {
        self.refusal = refusal
        self.verdict = verdict
        (submissions, submitted) = AsyncStream.makeStream()
    }

    var inputs: [Input] { seen.withLock { $0.inputs } }
    var batches: [Int] { seen.withLock { $0.batches } }
    var ids: [String] { inputs.map(\.key.id) }

    func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt] {
        let batch = seen.withLock { seen in
            seen.batches.append(inputs.count)
            return seen.batches.count - 1
        }
        defer { submitted.yield(batch) }
        if let refusal = refusal(batch, inputs) { throw refusal }
        return inputs.map { input in
            if let (status, reason) = verdict(input) { return Receipt(id: input.key.id, source: input.key.source, status: status, reason: reason) }
            return seen.withLock { seen in
                seen.inputs.append(input)
                let isNew = seen.keys.insert(input.key).inserted
                return Receipt(id: input.key.id, source: input.key.source, status: isNew ? .accepted : .duplicate)
            }
        }
    }
}

/// A spool in a temporary folder, with a clock that stands an hour after the files are written unless it is set.
final class Spool: Sendable {
    let path: String
    private let remarkList = Mutex<[SpoolRemark]>([])
    private let offset = Mutex<TimeSpan>(.hours(1))

    init() throws {
        path = NSTemporaryDirectory() + "paidan-spool-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for folder in ["tmp", "new", "done", "quarantine"] {
            try FileManager.default.createDirectory(atPath: path + "/" + folder, withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var remarks: [SpoolRemark] { remarkList.withLock { $0 } }

    func inbox(_ intake: any Intake, _ change: (inout SpoolConfiguration) -> Void = { _ in }) throws -> SpoolInbox {
        var configuration = SpoolConfiguration(path: path, zone: .shanghai)
        change(&configuration)
        return try SpoolInbox(
            configuration, intake: intake,
            now: { [self] in Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + offset.withLock { $0 } },
            remark: { [self] remark in remarkList.withLock { $0.append(remark) } })
    }

    func setClockAhead(by span: TimeSpan) { offset.withLock { $0 = span } }

    /// Puts a file into `new` as a sender should: written in `tmp`, then renamed. `age`: seconds since it was written.
    func put(_ name: String, _ content: String, age: Int = 0) throws { try put(name, Array(content.utf8), age: age) }

    func put(_ name: String, _ content: [UInt8], age: Int = 0) throws {
        let temporary = path + "/tmp/" + UUID().uuidString
        try Data(content).write(to: URL(fileURLWithPath: temporary))
        if age != 0 {
            let time = Date(timeIntervalSinceNow: -Double(age))
            try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: temporary)
        }
        guard rename(temporary, path + "/new/" + name) == 0 else { throw POSIXError(.EIO) }
    }

    func files(_ folder: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder)) ?? []).sorted() }

    func text(_ name: String) -> String { (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? "(no \(name))" }
}

func spooled(_ id: String, _ more: String = "") -> String { #"{"id":"\#(id)","type":"fault"\#(more)}"# }

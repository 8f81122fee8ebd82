import Decisions
import Domain
import Foundation
import Outbox
import Synchronization
import Testing

/// A clock that stands until it is moved.
final class ScriptedClock: Sendable {
    private struct State {
        var now: Instant
        var sleepers: [Int: (until: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
        var last = 0
    }
    private let state: Mutex<State>

    init(at start: Instant) { state = Mutex(State(now: start)) }

    var now: Instant { state.withLock { $0.now } }

    var asOutboxClock: OutboxClock { OutboxClock(now: { self.now }, sleep: { try await self.sleep($0) }) }

    func advance(by span: TimeSpan) {
        let due = state.withLock { state in
            state.now = state.now + span
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(_ span: TimeSpan) async throws {
        guard span > .zero else { return }
        let (id, until) = state.withLock { state in
            state.last += 1
            return (state.last, state.now + span)
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let cancelled = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = (until, continuation)
                    return false
                }
                if cancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                guard let sleeper = state.sleepers.removeValue(forKey: id) else {
                    state.cancelled.insert(id)
                    return nil as CheckedContinuation<Void, any Error>?
                }
                return sleeper.continuation
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }
}

/// The store's rows, plainly: what waits, what came of it, and a stream of the reports to wait on.
actor ScriptedSource: NoticeSource {
    private struct Row {
        var notice: Notice
        var attempts = 0
        var next: Instant?
    }
    private var rows: [Row] = []
    private(set) var deliveries: [Delivery] = []
    private(set) var asked = 0
    private var failures: Int
    private var refusals: Int
    nonisolated let reports: AsyncStream<Delivery>
    private let reported: AsyncStream<Delivery>.Continuation

    struct Broken: Error {}

    /// The first `failures` questions and the first `refusals` reports fail.
    init(_ notices: [Notice] = [], failures: Int = 0, refusals: Int = 0) {
        rows = notices.map { Row(notice: $0, next: $0.at) }
        self.failures = failures
        self.refusals = refusals
        (reports, reported) = AsyncStream.makeStream()
    }

    func add(_ notice: Notice) { rows.append(Row(notice: notice, next: notice.at)) }

    var waiting: [String] { rows.filter { $0.next != nil }.map(\.notice.id) }

    func due(at instant: Instant, without recipients: [String], limit: Int) async throws -> (due: [PendingNotice], next: Instant?) {
        asked += 1
        if failures > 0 {
            failures -= 1
            throw Broken()
        }
        var due: [(at: Instant, pending: PendingNotice)] = []
        for (i, row) in rows.enumerated() {
            guard let next = row.next, next <= instant, !recipients.contains(row.notice.to) else { continue }
            let held = rows[..<i].contains { $0.next != nil && $0.notice.task == row.notice.task && $0.notice.to == row.notice.to }
            if !held { due.append((next, PendingNotice(row: Int64(i + 1), notice: row.notice, attempts: row.attempts))) }
        }
        due.sort { a, b in a.at != b.at ? a.at < b.at : a.pending.row < b.pending.row }
        return (due.prefix(limit).map(\.pending), rows.compactMap(\.next).filter { $0 > instant }.min())
    }

    func report(_ delivery: Delivery) async throws {
        if refusals > 0 {
            refusals -= 1
            throw Broken()
        }
        let i = Int(delivery.row) - 1
        #expect(rows[i].next != nil, "row \(delivery.row) had ended already")
        #expect(rows[i].attempts == delivery.attemptsBefore)
        rows[i].attempts += 1
        if case .retry(let at, _) = delivery.outcome { rows[i].next = at } else { rows[i].next = nil }
        deliveries.append(delivery)
        reported.yield(delivery)
    }
}

/// Shell scripts in a folder of their own.
final class Scripts: Sendable {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "paidan-outbox-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A command that runs these lines with `sh`; `$1` is the folder.
    func command(_ lines: String) -> [String] { ["/bin/sh", "-c", lines, "sh", folder] }

    /// Makes a named pipe: a script that opens it waits for the test, and the test for the script.
    func pipe(_ name: String) { #expect(mkfifo("\(folder)/\(name)", 0o600) == 0) }

    /// Waits until a script has written to the pipe and closed it. On a thread of its own, because it blocks.
    func read(_ pipe: String) async -> String {
        let path = "\(folder)/\(pipe)"
        return await withCheckedContinuation { continuation in
            DispatchQueue(label: "pipe").async {
                let data = FileHandle(forReadingAtPath: path)?.readDataToEndOfFile() ?? Data()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }

    /// Waits until a script reads from the pipe, and gives it the text.
    func write(_ text: String, to pipe: String) async {
        let path = "\(folder)/\(pipe)"
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "pipe").async {
                FileHandle(forWritingAtPath: path)?.write(Data(text.utf8))
                continuation.resume()
            }
        }
    }

    func text(_ file: String) -> String { (try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? "" }
}

let start = Instant(milliseconds: 1_795_000_000_000)

func told(_ number: Int32, _ to: String = "north-2", part: Int = 1, event: Notice.Event = .dispatched, channel: String? = "app", at: Instant = start) -> Notice {
    let task = TaskID(day: 20_261_122, number: number)
    return Notice(id: "\(task)/3/\(part)", task: task, event: event, to: to, channel: channel, at: at, due: at + .minutes(3))
}

extension AsyncStream {
    /// The next so many elements.
    func first(_ count: Int) async -> [Element] {
        var elements: [Element] = []
        for await element in self {
            elements.append(element)
            if elements.count == count { break }
        }
        return elements
    }
}

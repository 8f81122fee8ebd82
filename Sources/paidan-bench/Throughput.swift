import API
import ArgumentParser
import City
import Daemon
import Decisions
import Domain
import Glibc
import Store
import Synchronization

struct Throughput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reports a second from the spool and from JSON lines to committed and dispatched, with fsync.",
        discussion: "1 000 crews that take whatever comes, the shipped rules. The baseline commits each report on its own.")

    @Option(help: "Reports of each measurement.") var reports = 100_000

    func run() async throws {
        let baseline = try withFolder { try oneByOne(in: $0) }
        figure("throughput baseline: one commit a report", baseline, "reports/s")
        let lines = try await withFolder { try await jsonLines(in: $0) }
        figure("throughput JSON lines over the socket", lines, "reports/s", ratio(lines, baseline))
        let spool = try await withFolder { try await spoolFile(in: $0) }
        figure("throughput spool, .jsonl", spool, "reports/s", ratio(spool, baseline))
    }

    private func ratio(_ value: Double, _ baseline: Double) -> String { "\(((value / baseline) * 10).rounded() / 10) x baseline; goal 10000" }

    private func oneByOne(in folder: String) throws -> Double {
        var province = try Province(crews: 1_000, capacity: 1_000)
        let house = try House(folder: folder + "/state", rules: province.rules, at: wallClock())
        let count = min(reports, 3_000)
        let inputs = try (0..<count).map { _ in try InputCodec.decode(province.report(at: wallClock()), defaultSource: SourceID("bench")) }
        let start = monotonic()
        for input in inputs { try house.dispatcher.turn([input]) }
        let taken = monotonic() - start
        let dispatched = house.takeCommitted().reduce(0) { sum, turn in
            sum + turn.result.entries.reduce(0) { $0 + $1.decision.history.count { $0.event == .dispatched } }
        }
        guard dispatched == count else { throw BenchFault("only \(dispatched) of \(count) reports were dispatched") }
        try house.close()
        return Double(count) / taken
    }

    private func jsonLines(in folder: String) async throws -> Double {
        var province = try Province(crews: 1_000, capacity: 1_000)
        let house = try await province.startDaemon(in: folder)
        let body = lines(&province)
        let counter = ReceiptCounter()
        let start = monotonic()
        let answer = try await LocalClient(socketPath: house.socket).postLines(Chunks(body: body)) { counter.count($0) }
        let taken = monotonic() - start
        await house.daemon.stop()
        guard answer.status == 200, counter.accepted == reports else {
            throw BenchFault("\(counter.accepted) of \(reports) were accepted (status \(answer.status)): \(counter.firstOther)")
        }
        return Double(reports) / taken
    }

    private func spoolFile(in folder: String) async throws -> Double {
        var province = try Province(crews: 1_000, capacity: 1_000)
        let house = try await province.startDaemon(in: folder)
        let body = lines(&province)
        try Files.write(body, to: house.spool + "/tmp/reports.jsonl")
        let start = monotonic()
        rename(house.spool + "/tmp/reports.jsonl", house.spool + "/new/reports.jsonl")
        while access(house.spool + "/new/reports.jsonl", F_OK) == 0 {
            try await Swift.Task.sleep(for: .milliseconds(5))
            if monotonic() - start > 120 { throw BenchFault("the spool file was not taken within two minutes") }
        }
        let taken = monotonic() - start
        let status = try JSONValue.parse(try await LocalClient(socketPath: house.socket).request(path: "/v1/tasks?limit=1").body)
        await house.daemon.stop()
        guard status.array?.count == 1 else { throw BenchFault("the spool file made no tasks") }
        return Double(reports) / taken
    }

    private func lines(_ province: inout Province) -> [UInt8] {
        var body: [UInt8] = []
        for _ in 0..<reports { body += province.report(at: wallClock()) + [0x0A] }
        return body
    }
}

/// Counts the receipts that say "accepted".
final class ReceiptCounter: Sendable {
    private let state = Mutex((accepted: 0, firstOther: ""))

    var accepted: Int { state.withLock { $0.accepted } }
    var firstOther: String { state.withLock { $0.firstOther } }

    func count(_ line: [UInt8]) {
        let isAccepted = String(decoding: line, as: UTF8.self).contains("\"status\":\"accepted\"")
        state.withLock { state in
            if isAccepted { state.accepted += 1 } else if state.firstOther.isEmpty { state.firstOther = String(decoding: line, as: UTF8.self) }
        }
    }
}

/// A body in pieces of 64 KiB.
struct Chunks: AsyncSequence, Sendable {
    let body: [UInt8]

    struct AsyncIterator: AsyncIteratorProtocol {
        let body: [UInt8]
        var at = 0

        mutating func next() async throws -> [UInt8]? {
            guard at < body.count else { return nil }
            defer { at = Swift.min(at + 65_536, body.count) }
            return Array(body[at..<Swift.min(at + 65_536, body.count)])
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body) }
}

struct Latency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "From a report's arrival to its receipt (after the commit), at the peak of a whole country: 540 reports a second.")

    @Option(help: "Reports a second.") var rate = 540
    @Option(help: "How long, in seconds.") var seconds = 20

    func run() async throws {
        let waits = try await withFolder { try await measure(in: $0) }
        figure("latency p50 at \(rate)/s", percentile(waits, 50), "ms")
        figure("latency p99 at \(rate)/s", percentile(waits, 99), "ms", "goal 50")
        figure("latency longest at \(rate)/s", percentile(waits, 100), "ms")
    }

    private func measure(in folder: String) async throws -> [Double] {
        var province = try Province(crews: 1_000, capacity: 1_000)
        let house = try await province.startDaemon(in: folder)
        let reports = (0..<(rate * seconds)).map { _ in province.report(at: wallClock()) + [0x0A] }
        let log = ArrivalLog(count: reports.count)
        let answer = try await LocalClient(socketPath: house.socket).postLines(Paced(reports: reports, rate: Double(rate), log: log)) { _ in log.answered() }
        await house.daemon.stop()
        guard answer.status == 200 else { throw BenchFault("the daemon answered \(answer.status)") }
        return log.waits
    }
}

/// When each report left, and when its receipt came: receipts come in the order of the reports.
final class ArrivalLog: Sendable {
    private let state: Mutex<(sent: [Double], answered: [Double])>

    init(count: Int) {
        var sent: [Double] = []
        sent.reserveCapacity(count)
        state = Mutex((sent: sent, answered: []))
    }

    func sending() { state.withLock { $0.sent.append(monotonic()) } }
    func answered() { state.withLock { $0.answered.append(monotonic()) } }
    var waits: [Double] { state.withLock { state in zip(state.sent, state.answered).map { $1 - $0 } } }
}

/// Reports at an even pace, one by one.
struct Paced: AsyncSequence, Sendable {
    let reports: [[UInt8]]
    let rate: Double
    let log: ArrivalLog

    struct AsyncIterator: AsyncIteratorProtocol {
        let paced: Paced
        var number = 0
        var start = 0.0

        mutating func next() async throws -> [UInt8]? {
            guard number < paced.reports.count else { return nil }
            if number == 0 { start = monotonic() }
            let due = start + Double(number) / paced.rate
            let wait = due - monotonic()
            if wait > 0 { try await Swift.Task.sleep(for: .seconds(wait)) }
            defer { number += 1 }
            paced.log.sending()
            return paced.reports[number]
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(paced: self) }
}

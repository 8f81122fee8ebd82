import Decisions
import Domain
import Foundation
import Store
import Testing

/// A folder of its own for one test, gone when the test ends.
final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "paidan-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// SplitMix64: the same seed gives the same test again.
final class Dice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
    func chance(_ percent: Int) -> Bool { below(100) < percent }
    func maybe<T>(_ value: @autoclosure () -> T) -> T? { chance(50) ? value() : nil }

    /// Texts as they come: empty, Chinese, with newlines and NULs.
    func text() -> String {
        let texts = ["", "a", "T-991", "断线 3号杆", "two\nlines", "nul\u{0}inside", "quote\"'", String(repeating: "长", count: 300), "\u{1F525}"]
        return texts[below(texts.count)]
    }
}

let noon = Instant(milliseconds: 1_795_000_000_000)

func minutes(_ n: Int64) -> Instant { noon + .minutes(n) }

func randomContractor(_ id: ContractorID, _ d: inout Dice) -> ContractorRecord {
    var record = ContractorRecord(id: id, tier: d.text(), since: minutes(Int64(d.below(1_000))))
    record.why = d.text()
    record.rating = d.maybe(Int32(d.below(10_001)))
    record.isRated = d.chance(50)
    record.isForced = d.chance(50)
    record.jobs = (0..<d.below(5)).map { number in
        ScoredJob(
            job: d.text(), at: minutes(Int64(number)), scores: (0..<d.below(4)).map { _ in ScoredJob.Score(d.text(), Int32(d.below(10_001))) })
    }
    record.rectifiedAt = d.maybe(minutes(3))
    record.accident = d.maybe(minutes(1))
    record.fraud = d.maybe(minutes(2))
    record.excluded = d.maybe(Barring(since: noon, until: nil))
    record.suspended = d.maybe(Barring(since: noon, until: minutes(Int64(d.below(1_000)))))
    record.isIn = d.chance(50)
    record.counter = Int64(d.below(.max))
    record.awarded = Int64(d.below(10_000))
    record.done = Int64(d.below(10_000))
    return record
}

func sampleReport(_ id: String, source: String = "95598", customer: String? = nil, description: String? = nil) -> Input {
    InputCodec.input(
        .report(
            Report(
                type: "fault", category: "line_down", reportedAt: noon, customer: customer.map { CustomerID($0) },
                place: Place(coordinate: Coordinate(latitude: 28.0121, longitude: 120.6554), district: DistrictID("lucheng")),
                site: "urban", description: description)),
        id: id, source: SourceID(source))
}

func sampleTask(
    _ number: Int32, revision: Int32 = 1, state: TaskState = .queued, priority: Priority = .normal, department: String = "operations",
    crew: String? = nil
) -> WorkTask {
    var task = WorkTask(
        id: TaskID(day: 20_261_122, number: number), revision: revision, reports: ["r-\(number)"], source: SourceID("95598"), type: "fault",
        category: "line_down", task: "repair", rule: "faults.everything-else", state: state, priority: priority,
        department: DepartmentID(department), isDesk: false, skills: [SkillID("distribution_line")], within: 60_000,
        place: TaskPlace(coordinate: Coordinate(latitude: 28.0121, longitude: 120.6554), origin: .report), customer: nil, customersOut: 86,
        reportedAt: noon, createdAt: noon, limits: [LimitClock(name: .arrive, length: .minutes(45), state: .running, start: noon)],
        escalate: "repair")
    task.crew = crew.map { CrewID($0) }
    return task
}

func line(_ task: WorkTask, _ event: HistoryEvent, why: String? = nil) -> HistoryLine {
    HistoryLine(
        task: task.id, revision: task.revision, at: task.since, event: event, by: "paidan", crew: task.crew, department: task.department,
        rule: task.rule, report: task.reports[0], why: why.map { Array($0.utf8) })
}

func notice(_ task: WorkTask, to: String, number: Int = 1, channel: String? = "crew_app", at: Instant = noon, event: Notice.Event = .dispatched) -> Notice {
    Notice(id: "\(task.id)/\(task.revision)/\(number)", task: task.id, event: event, to: to, channel: channel, at: at, due: at + .minutes(3))
}

/// A report that became a task: what the mind would hand over for it.
func accepted(
    _ input: Input, _ task: WorkTask, lastBefore: Int32? = nil, why: String? = "{}", notices: [Notice] = [], at: Instant = noon
) -> Entry {
    let before = TaskID(day: lastBefore == 0 ? 0 : task.id.day, number: lastBefore ?? task.id.number - 1)
    return Entry(
        stimulus: .input(input, Findings()), at: at,
        decision: Decision(
            receipt: Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: [task.id], rule: task.rule),
            changes: [
                .lastTask(before: task.id.number == 1 ? TaskID(packed: 0) : before, after: task.id), .task(before: nil, after: task),
            ],
            history: [line(task, .created, why: why)], notices: notices))
}

/// A tick that moves one task on.
func moved(_ before: WorkTask, _ after: WorkTask, _ event: HistoryEvent, notices: [Notice] = [], at: Instant = noon) -> Entry {
    Entry(
        stimulus: .tick, at: at,
        decision: Decision(changes: [.task(before: before, after: after)], history: [line(after, event)], notices: notices))
}

extension WorkTask {
    func next(_ state: TaskState, _ change: (inout WorkTask) -> Void = { _ in }) -> WorkTask {
        var task = self
        task.revision += 1
        task.state = state
        change(&task)
        return task
    }
}

func batch(_ entries: Entry..., deliveries: [Delivery] = [], journaledThrough: Int64? = nil) -> Batch {
    Batch(entries: entries, rulesHash: "hash-1", deliveries: deliveries, journaledThrough: journaledThrough)
}

/// What `body` throws, as the store's commit says it; nil when it throws nothing.
func failure(_ body: () throws(CommitFailure) -> Void) -> CommitFailure? {
    do throws(CommitFailure) {
        try body()
        return nil
    } catch {
        return error
    }
}

func openingFailure(_ directory: String, _ options: Store.Options = .init()) -> StoreError? {
    do throws(StoreError) {
        _ = try Store(directory: directory, options: options)
        return nil
    } catch {
        return error
    }
}

extension CommitFailure {
    var isConflict: Bool { if case .conflict = self { true } else { false } }
    var isNoRoom: Bool { if case .noRoom = self { true } else { false } }
    var isFatal: Bool { if case .fatal = self { true } else { false } }
}

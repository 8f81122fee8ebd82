import Synchronization

/// What the loop is doing and since when, in atomics: the loop writes, the watcher and the health page read, nobody waits.
/// All times are `monotonicMilliseconds()`.
final class Pulse: Sendable {
    private let phaseAndSince = Atomic<Int64>(0)
    private let turned = Atomic<Int64>(0)
    private let writerAnswered = Atomic<Int64>(0)
    private let writerBusy = Atomic<Int64>(0)
    private let fed = Atomic<Int64>(0)
    private let noRoom = Atomic<Bool>(false)

    init() {
        let now = monotonicMilliseconds()
        turned.store(now, ordering: .relaxed)
        writerAnswered.store(now, ordering: .relaxed)
        fed.store(now, ordering: .relaxed)
        enter(.waiting)
    }

    /// Phase in the low three bits, so that both are read together.
    func enter(_ phase: Dispatcher.Phase) {
        phaseAndSince.store(monotonicMilliseconds() << 3 | Int64(phase.rawValue), ordering: .relaxed)
    }

    var phase: (phase: Dispatcher.Phase, since: Int64) {
        let value = phaseAndSince.load(ordering: .relaxed)
        return (Dispatcher.Phase(rawValue: Int(value & 7)) ?? .waiting, value >> 3)
    }

    func didTurn() { turned.store(monotonicMilliseconds(), ordering: .relaxed) }
    var turnedAt: Int64 { turned.load(ordering: .relaxed) }

    /// A commit is under way.
    func writerBegan() { writerBusy.store(monotonicMilliseconds(), ordering: .relaxed) }
    func writerEnded() { writerBusy.store(0, ordering: .relaxed) }
    /// Since when a commit is under way; nil: none is.
    var writerBusySince: Int64? {
        let since = writerBusy.load(ordering: .relaxed)
        return since == 0 ? nil : since
    }

    /// A commit succeeded, or the disk said honestly that it is full.
    func writerDidAnswer(noRoom isFull: Bool) {
        noRoom.store(isFull, ordering: .relaxed)
        writerAnswered.store(monotonicMilliseconds(), ordering: .relaxed)
    }
    var writerAnsweredAt: Int64 { writerAnswered.load(ordering: .relaxed) }
    /// The disk is full: degraded, but alive.
    var isWithoutRoom: Bool { noRoom.load(ordering: .relaxed) }

    func didFeed() { fed.store(monotonicMilliseconds(), ordering: .relaxed) }
    var fedAt: Int64 { fed.load(ordering: .relaxed) }
}

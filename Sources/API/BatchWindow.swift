// Between the one who reads lines and the one who writes receipts: batches in order, a bounded number of them under way.
//
//   open --finish--> finished    the lines are at their end, or broke off: what was added is still handed out
//   open --halt----> halted      the doors close: nothing more is added, what was added is still handed out
//
// A place is taken by `place`, and given back by `next` of the following batch: only when its receipts are written is a
// batch no longer under way. So a client that does not read its receipts stops its own lines from being read.

import Domain
import Synchronization

/// Some lines of a stream that are committed together.
struct Batch: Sendable {
    /// What a line came to: an input (its receipt is the next of the commit's), or a receipt already.
    enum Entry: Sendable {
        case input
        case receipt(Receipt)
    }
    var entries: [Entry]
    var firstLine: Int
    var lastLine: Int
    /// nil: no line of the batch could be understood.
    var commit: Task<Result<[Receipt], IntakeRefusal>, Never>?
}

final class BatchWindow: Sendable {
    /// How the lines came to their end.
    enum End: Sendable, Equatable {
        case finished
        /// The body broke off; lines that were not in a batch by then are not taken in.
        case brokeOff
        case halted
    }

    private struct State {
        var queue: [Batch] = []
        /// Places taken: by batches in the queue, by the one being written, by the one being made.
        var taken = 0
        var isWriting = false
        var end: End?
        var reader: CheckedContinuation<Bool, Never>?
        var writer: CheckedContinuation<Batch?, Never>?
    }

    private let places: Int
    private let state = Mutex(State())

    init(places: Int) { self.places = places }

    var end: End? { state.withLock { $0.end } }

    /// Whether `place` would return at once.
    var hasPlace: Bool { state.withLock { $0.end != nil || $0.taken < places } }

    /// Waits for a place and takes it; false when nothing more is wanted. One reader only.
    func place() async -> Bool {
        await withCheckedContinuation { continuation in
            let now: Bool? = state.withLock { state in
                if state.end != nil { return false }
                if state.taken < places {
                    state.taken += 1
                    return true
                }
                state.reader = continuation
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }

    /// Adds a batch in the place that `place` took. Also after `halt`: it is under way already.
    func add(_ batch: Batch) {
        let writer = state.withLock { state -> CheckedContinuation<Batch?, Never>? in
            guard let writer = state.writer else {
                state.queue.append(batch)
                return nil
            }
            state.writer = nil
            state.isWriting = true
            return writer
        }
        writer?.resume(returning: batch)
    }

    /// The next batch in order; nil when there will be none. Gives back the place of the one before it. One writer only.
    func next() async -> Batch? {
        await withCheckedContinuation { continuation in
            let (now, reader) = state.withLock { state -> (Batch??, CheckedContinuation<Bool, Never>?) in
                var reader: CheckedContinuation<Bool, Never>?
                if state.isWriting {
                    state.isWriting = false
                    if let waiting = state.reader {
                        // The place goes straight to the reader who waits for it.
                        reader = waiting
                        state.reader = nil
                    } else {
                        state.taken -= 1
                    }
                }
                if !state.queue.isEmpty {
                    state.isWriting = true
                    return (.some(.some(state.queue.removeFirst())), reader)
                }
                if state.end != nil, state.taken == 0 { return (.some(.none), reader) }
                state.writer = continuation
                return (.none, reader)
            }
            reader?.resume(returning: true)
            if let now { continuation.resume(returning: now) }
        }
    }

    /// The reader gives back a place that it took and does not use.
    func giveBack() {
        let writer = state.withLock { state -> CheckedContinuation<Batch?, Never>? in
            state.taken -= 1
            return Self.writerToEnd(&state)
        }
        writer?.resume(returning: nil)
    }

    func finish(_ end: End) {
        let (reader, writer) = state.withLock { state -> (CheckedContinuation<Bool, Never>?, CheckedContinuation<Batch?, Never>?) in
            if state.end == nil { state.end = end }
            let reader = state.reader
            state.reader = nil
            return (reader, Self.writerToEnd(&state))
        }
        reader?.resume(returning: false)
        writer?.resume(returning: nil)
    }

    /// The waiting writer, when no batch will come any more.
    private static func writerToEnd(_ state: inout State) -> CheckedContinuation<Batch?, Never>? {
        guard state.end != nil, state.taken == 0, state.queue.isEmpty else { return nil }
        defer { state.writer = nil }
        return state.writer
    }
}

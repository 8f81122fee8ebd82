import API
import Domain
import Synchronization

/// The HTTP doors count beats on their own event loops; this turns "has the count grown" into "when did it last grow".
final class DoorBeats: Sendable {
    private struct State {
        var doors: HTTPDoors?
        var beats: UInt64 = 0
        var grewAt = monotonicMilliseconds()
    }

    private let state = Mutex(State())

    func watch(_ doors: HTTPDoors) { state.withLock { $0.doors = doors } }

    /// Now, while the doors have not been opened yet; an old time once a listener is gone or its event loop stands still.
    var lastBeat: Int64 {
        state.withLock { state in
            let now = monotonicMilliseconds()
            guard let pulses = state.doors?.pulse(), !pulses.isEmpty else {
                state.grewAt = now
                return now
            }
            let beats = pulses.map(\.beats).min() ?? 0
            if beats > state.beats, pulses.allSatisfy(\.isListening) {
                state.beats = beats
                state.grewAt = now
            }
            return state.grewAt
        }
    }
}

/// Set once; others wait for it.
final class Flag: Sendable {
    private struct State {
        var isSet = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func set() {
        let waiting = state.withLock { state in
            state.isSet = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLock { state in
                if !state.isSet { state.waiting.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }
}

/// A part that is made after those that point to it.
final class Holder<Value: Sendable>: Sendable {
    private let held: Mutex<Value?>
    init(_ value: Value? = nil) { held = Mutex(value) }
    var value: Value? {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }
}

/// Hands a value that is no Sendable to the one thread that will own it.
/// Unchecked: whoever makes it gives the value up with it, and only the new owner opens it.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}

import NIOCore
import Synchronization

/// Every open connection of the doors, so that stopping can tell them, wait for them, and in the end cut them off.
final class Connections: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isStopping = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    /// Those that are open now. One that has just closed may still wait for its callback here: it no longer counts.
    var count: Int { state.withLock { $0.open.values.count(where: \.isActive) } }

    /// Remembers a connection until it closes; false when the doors are stopping: then it must not be served.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let admitted = state.withLock { state in
            guard !state.isStopping else { return false }
            state.open[id] = channel
            return true
        }
        if admitted { channel.closeFuture.whenComplete { _ in self.closed(id) } }
        return admitted
    }

    private func closed(_ id: ObjectIdentifier) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.open[id] = nil
            guard state.open.isEmpty else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Admits nobody from here on; idle connections close, the others after their answer.
    func quiesce() {
        let open = state.withLock { state in
            state.isStopping = true
            return Array(state.open.values)
        }
        for channel in open { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Closes what is still open, whatever is under way.
    func cutOff() {
        for channel in state.withLock({ Array($0.open.values) }) { channel.pipeline.fireUserInboundEventTriggered(CutOff()) }
    }

    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if state.open.isEmpty { return true }
                state.waiting.append(continuation)
                return false
            }
            if isEmpty { continuation.resume() }
        }
    }
}

/// Tells long requests, once, that the doors are closing.
final class StopSignal: Sendable {
    private struct State {
        var isStopping = false
        var next = 0
        var listeners: [Int: @Sendable () -> Void] = [:]
    }
    private let state = Mutex(State())

    /// Calls the listener when the doors begin to close, at once if they have. Gives a token for `forget`.
    func listen(_ listener: @escaping @Sendable () -> Void) -> Int {
        let (token, isStopping) = state.withLock { state in
            state.next += 1
            if !state.isStopping { state.listeners[state.next] = listener }
            return (state.next, state.isStopping)
        }
        if isStopping { listener() }
        return token
    }

    func forget(_ token: Int) { state.withLock { $0.listeners[token] = nil } }

    func fire() {
        let listeners = state.withLock { state in
            state.isStopping = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener() }
    }
}

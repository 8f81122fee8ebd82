import Decisions
import Domain
import Synchronization

/// What has been counted since the start; for `/metrics` and the status line. Written by the loop and the doors, read by anyone.
final class Counters: Sendable {
    struct Values: Sendable {
        var inputs: [ReceiptStatus: Int64] = [:]
        var refusedNoRoom: Int64 = 0
        var refusedBusy: Int64 = 0
        var commits: Int64 = 0
        var commitMilliseconds: Int64 = 0
        var commitMillisecondsMax: Int64 = 0
        var remarks: [Remark.Kind: Int64] = [:]
        var history: [HistoryEvent: Int64] = [:]
        var reloads: Int64 = 0
        var reloadsRefused: Int64 = 0
        var lastReloadSucceeded = true
        /// From the request until the rules were in force; nil: none was loaded yet.
        var lastReloadMilliseconds: Int64?
        var noticesDelivered: Int64 = 0
        var noticesParked: Int64 = 0
        var clockJumps: Int64 = 0
    }

    private struct State {
        var values = Values()
        /// Inputs of the last 60 seconds, by second of the monotonic clock.
        var perSecond = [Int64](repeating: 0, count: 60)
        var second: Int64 = 0
    }

    private let state = Mutex(State())

    func count(_ change: (inout Values) -> Void) {
        state.withLock { change(&$0.values) }
    }

    func countInputs(_ number: Int, at monotonic: Int64) {
        state.withLock { state in
            Self.advance(&state, to: monotonic / 1_000)
            state.perSecond[Int(state.second % 60)] += Int64(number)
        }
    }

    func inputsLastMinute(at monotonic: Int64) -> Int64 {
        state.withLock { state in
            Self.advance(&state, to: monotonic / 1_000)
            return state.perSecond.reduce(0, +)
        }
    }

    var values: Values { state.withLock { $0.values } }

    private static func advance(_ state: inout State, to second: Int64) {
        guard second > state.second else { return }
        for passed in max(state.second + 1, second - 59)...second { state.perSecond[Int(passed % 60)] = 0 }
        state.second = second
    }
}

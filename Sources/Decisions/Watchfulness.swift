// What a device has shown, and what the rules that watch it make of it. The state of one rule at one quantity of one device:
//
//              `when` holds             for so long, at every reading          `clears` holds (without: `when` no longer does)
//    quiet ─────────────────▶ holding ─────────────────────────────▶ raised ───────────────────────────────────▶ quiet
//      ▲                         │                                     │  ▲                                         │
//      └── `when` holds no more ─┘ (a gap: from here anew)             └──┘ people have ended its task, and it        └▶ a recovery
//                                                                           still holds after `again_after`:
//                                                                           a report once more
//
// Everything runs on the readings' own instants, and only readings move it: in order, each once. `silent` runs on a clock that stands still while
// nobody is heard (see `Telemetry`).

package import Domain
package import Rules

package enum WatchPhase: String, Sendable, Hashable, CaseIterable {
    /// Nothing is wrong; moved on by a reading.
    case quiet
    /// Something is wrong, not for long or often enough yet; moved on by a reading.
    case holding
    /// It was reported; moved back by the reading that clears it.
    case raised
}

/// A report that a device has made, and the tasks that stand for it. A class, because few devices have one.
package final class OpenReport: Sendable, Hashable {
    package let id: String
    /// Empty until it was decided.
    package let tasks: [TaskID]
    /// When people ended its task, where the reading still holds.
    package let endedAt: Instant?

    package init(id: String, tasks: [TaskID] = [], endedAt: Instant? = nil) {
        self.id = id
        self.tasks = tasks
        self.endedAt = endedAt
    }

    package static func == (a: OpenReport, b: OpenReport) -> Bool { a.id == b.id && a.tasks == b.tasks && a.endedAt == b.endedAt }
    package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// Where one rule stands at one quantity of one device.
package struct WatchState: Sendable, Hashable {
    package var phase = WatchPhase.quiet
    /// `holding`: the reading from which on it holds; `raised`: the one that raised it. Of a silent rule: the device was heard last, on the rule's clock.
    package var since: Instant
    /// With `count`: the latest readings at which it held, within the window; no more than are counted.
    package var times: [Instant] = []
    /// While raised.
    package var report: OpenReport?

    package init(since: Instant) { self.since = since }

    enum Step: Hashable {
        case nothing, raise, recover
    }

    enum Test: Hashable {
        case when, clears
    }

    /// What a reading does to it.
    ///
    /// - Parameters:
    ///   - previous: the instant of the reading before; nil: there was none.
    ///   - hasClears: false: it clears when `when` no longer holds (with `count`: when it did at no reading within the window).
    ///   - holds: whether a condition of the rule holds of the reading.
    mutating func step(
        _ trigger: WatchRule.Trigger, gap: TimeSpan, againAfter: TimeSpan, hasClears: Bool, at: Instant, previous: Instant?, holds: (Test) -> Bool
    ) -> Step {
        switch trigger {
        case .silent:
            // Heard: whatever it says.
            guard phase == .raised else { return .nothing }
            calm(at)
            return .recover
        case .holds(let length):
            switch phase {
            case .quiet:
                guard holds(.when) else { return .nothing }
                phase = .holding
                since = at
            case .holding:
                guard holds(.when) else {
                    calm(at)
                    return .nothing
                }
                if let previous, at - previous > gap { since = at }
            case .raised:
                if hasClears ? holds(.clears) : !holds(.when) {
                    calm(at)
                    return .recover
                }
                guard isForgotten(at, againAfter), !hasClears || holds(.when) else { return .nothing }
                return raise(at)
            }
            return at - since >= length ? raise(at) : .nothing
        case .counts(let count, let window):
            let isMet = holds(.when)
            if isMet { times.append(at) }
            times.removeAll { at - $0 >= window }
            if times.count > count { times.removeFirst(times.count - count) }
            guard phase == .raised else {
                phase = times.isEmpty ? .quiet : .holding
                since = times.first ?? at
                return times.count >= count ? raise(at) : .nothing
            }
            if hasClears ? holds(.clears) : times.isEmpty {
                calm(at)
                return .recover
            }
            return isForgotten(at, againAfter) && isMet && times.count >= count ? raise(at) : .nothing
        }
    }

    /// People have ended its task long enough ago.
    private func isForgotten(_ at: Instant, _ againAfter: TimeSpan) -> Bool { report?.endedAt.map { at - $0 >= againAfter } ?? false }

    private mutating func raise(_ at: Instant) -> Step {
        phase = .raised
        since = at
        return .raise
    }

    private mutating func calm(_ at: Instant) {
        phase = .quiet
        since = at
        times = []
    }
}

/// How much of a counter has been added since a device was maintained last, or when that was.
package struct UpkeepState: Sendable, Hashable {
    /// What the counter showed last; nil: no reading yet. Counting begins with the first one.
    package var last: Double?
    package var used = 0.0
    /// When its task was completed last; nil: the register's date holds.
    package var maintainedAt: Instant?
    package var report: OpenReport?
    package init() {}

    /// A counter that falls was replaced or reset: it is counted on from what it shows, and nothing is added.
    mutating func count(_ value: Double) {
        if let last, value > last { used += value - last }
        last = value
    }
}

/// The state of one device as it is stored: rules by their digests, so that it is read back under edited rules.
package struct DeviceRow: Sendable, Hashable {
    package struct Channel: Sendable, Hashable {
        package var quantity: String
        package var value: Reading.Value
        package var at: Instant
        /// The minute of the newest reading, since 1970, and how many readings it had.
        package var minute: Int64
        package var inMinute: Int32
        /// Those that are not as at the beginning.
        package var watches: [Watch]
        package init(quantity: String, value: Reading.Value, at: Instant, minute: Int64, inMinute: Int32, watches: [Watch]) {
            self.quantity = quantity
            self.value = value
            self.at = at
            self.minute = minute
            self.inMinute = inMinute
            self.watches = watches
        }
    }

    package struct Watch: Sendable, Hashable {
        package var rule: WatchDigest
        package var state: WatchState
        package init(rule: WatchDigest, state: WatchState) {
            self.rule = rule
            self.state = state
        }
    }

    package struct Upkeep: Sendable, Hashable {
        package var rule: WatchDigest
        package var state: UpkeepState
        package init(rule: WatchDigest, state: UpkeepState) {
            self.rule = rule
            self.state = state
        }
    }

    package var device: DeviceID
    package var channels: [Channel]
    package var upkeep: [Upkeep]

    package init(device: DeviceID, channels: [Channel], upkeep: [Upkeep]) {
        self.device = device
        self.channels = channels
        self.upkeep = upkeep
    }
}

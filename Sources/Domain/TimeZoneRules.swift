/// The offsets of one time zone, handed in by the shell (which reads the system's zone files): nothing here looks them up.
package struct TimeZoneRules: Sendable, Hashable {
    package struct Transition: Sendable, Hashable {
        /// From this instant on ...
        package var at: Instant
        /// ... local time is UTC plus so many seconds.
        package var offsetSeconds: Int32
        package init(at: Instant, offsetSeconds: Int32) {
            self.at = at
            self.offsetSeconds = offsetSeconds
        }
    }

    package let name: String
    /// Before the first transition.
    let initialOffsetSeconds: Int32
    /// In rising order.
    let transitions: [Transition]

    package init(name: String, initialOffsetSeconds: Int32, transitions: [Transition]) {
        self.name = name
        self.initialOffsetSeconds = initialOffsetSeconds
        self.transitions = transitions
    }

    /// China has had one offset since 1991.
    package static let shanghai = TimeZoneRules(name: "Asia/Shanghai", initialOffsetSeconds: 8 * 3600, transitions: [])
    package static let utc = TimeZoneRules(name: "UTC", initialOffsetSeconds: 0, transitions: [])

    package func offsetSeconds(at instant: Instant) -> Int32 {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= instant { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initialOffsetSeconds : transitions[low - 1].offsetSeconds
    }
}

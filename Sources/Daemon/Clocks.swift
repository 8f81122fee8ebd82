package import Domain
import Glibc

/// The wall clock, handed in so that a day can pass in a second.
package protocol WallClock: Sendable {
    func now() -> Instant
}

package struct SystemClock: WallClock {
    package init() {}

    package func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// Milliseconds since the machine started: for how long something takes, never for what time it is.
func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
}

/// Tells when the wall clock jumps against the monotonic one, so that it stands in the journal.
struct JumpDetector {
    private var lastWall: Instant?
    private var lastMonotonic: Int64 = 0
    /// Below this, slewing and scheduling are taken for the cause.
    static let toleranceMilliseconds: Int64 = 2_000

    /// Returns the jump (negative: backwards), once, when there was one since the last call.
    mutating func observe(wall: Instant, monotonic: Int64) -> TimeSpan? {
        defer {
            lastWall = wall
            lastMonotonic = monotonic
        }
        guard let lastWall else { return nil }
        let jump = (wall - lastWall).milliseconds - (monotonic - lastMonotonic)
        return abs(jump) > Self.toleranceMilliseconds ? TimeSpan(milliseconds: jump) : nil
    }
}

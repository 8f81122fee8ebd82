import Domain
import Glibc
import Synchronization

/// Looks at the pulse from a thread of its own and says in the journal what stands still, before the watchdog bites. It only
/// speaks; it never feeds the watchdog.
final class Watcher: Sendable {
    private let health: Health
    private let say: @Sendable (_ complaints: [String], _ silentMilliseconds: Int64) -> Void
    private let stopping = Atomic<Bool>(false)

    init(health: Health, say: @escaping @Sendable (_ complaints: [String], _ silentMilliseconds: Int64) -> Void) {
        self.health = health
        self.say = say
    }

    func start() {
        NamedThread.start("paidan-watch") { [self] in
            var said = false
            let stepMicroseconds = UInt32(clamping: max(100, health.intervalMilliseconds / 20) * 1_000)
            while !stopping.load(ordering: .relaxed) {
                usleep(stepMicroseconds)
                let now = monotonicMilliseconds()
                let silent = now - health.pulse.fedAt
                // Six tenths of the interval: late enough to be sure, early enough to reach the journal before the end.
                guard silent > health.intervalMilliseconds * 6 / 10 else {
                    said = false
                    continue
                }
                if !said {
                    let complaints = health.complaints(now: now)
                    say(complaints.isEmpty ? ["no part complains; the loop is \(health.pulse.phase.phase)"] : complaints, silent)
                    said = true
                }
            }
        }
    }

    func stop() { stopping.store(true, ordering: .relaxed) }
}

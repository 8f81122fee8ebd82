import Domain

/// Something that must be alive for the daemon to be: a door, the outbox, the journal's writer.
struct LivePart: Sendable {
    var name: String
    /// When it last did a round of real work (it also does one when there is nothing to do), `monotonicMilliseconds()`.
    var lastBeat: @Sendable () -> Int64
    /// How long it may be silent, in milliseconds.
    var silenceMax: Int64
}

/// What proves that the daemon is healthy. The loop asks before it feeds the watchdog (invariant: the watchdog speaks only for
/// real work); `/healthz` and the watcher ask the same question, and get the reasons in words.
///
/// - The loop has turned: it is the loop that asks, so for itself it is true; others look at when it turned last.
/// - The writer has answered: a commit, or an honest "disk full", not longer ago than the limit.
/// - Every part has beaten within its own limit.
struct Health: Sendable {
    let pulse: Pulse
    let parts: [LivePart]
    /// The watchdog's interval, or its default where there is no watchdog, in milliseconds.
    let intervalMilliseconds: Int64

    static let defaultIntervalMilliseconds: Int64 = 10_000

    /// What stands still, in words with since when; empty: all is well.
    func complaints(now: Int64) -> [String] {
        var complaints: [String] = []
        // Three tenths of the interval: the watchdog is fed every quarter, and the watcher speaks at six tenths, so whatever stands
        // still since the last feeding is named in time.
        let long = intervalMilliseconds * 3 / 10
        let (phase, since) = pulse.phase
        let stuck = now - since
        let hanging = max(pulse.writerBusySince.map { now - $0 } ?? 0, phase == .committing ? stuck : 0)
        if hanging > long {
            complaints.append("the writer has not answered a commit for \(Self.seconds(hanging)): the disk hangs, or another process holds the database")
        }
        switch phase {
        case .committing where stuck > long: break
        case .reading where stuck > long:
            complaints.append("the store has not answered a look-up for \(Self.seconds(stuck)): the disk hangs, or another process holds the database")
        case .deciding where stuck > long, .answering where stuck > long:
            complaints.append("the loop has been \(phase) for \(Self.seconds(stuck)) without coming to an end")
        case .waiting where stuck > long:
            complaints.append("the loop has not turned for \(Self.seconds(stuck))")
        case .waiting, .deciding, .reading, .committing, .answering:
            if now - pulse.turnedAt > long {
                complaints.append("the loop has not turned for \(Self.seconds(now - pulse.turnedAt)); it is \(phase)")
            } else if hanging <= long, now - pulse.writerAnsweredAt > intervalMilliseconds {
                complaints.append("the writer has not answered for \(Self.seconds(now - pulse.writerAnsweredAt))")
            }
        }
        for part in parts {
            let silent = now - part.lastBeat()
            if silent > part.silenceMax { complaints.append("\(part.name) has stood still for \(Self.seconds(silent))") }
        }
        return complaints
    }

    /// What does not stop the work but should be known.
    func degradations() -> [String] {
        pulse.isWithoutRoom ? ["the disk is full: nothing new is taken in; free some space in the state folder"] : []
    }

    private static func seconds(_ milliseconds: Int64) -> String {
        "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    }
}

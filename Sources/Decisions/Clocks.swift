package import Domain

extension LimitClock {
    /// Its deadline had passed when its milestone was reached, or passed while it ran. A limit reached late stays late.
    package func isOverdue(at now: Instant) -> Bool {
        switch state {
        case .waiting, .stopped: false
        case .running: due.map { $0 < now } ?? false
        case .reached:
            if let due, let reachedAt { due < reachedAt } else { false }
        }
    }
}

extension WorkTask {
    private mutating func change(_ name: LimitName, _ body: (inout LimitClock) -> Void) {
        for index in limits.indices where limits[index].name == name { body(&limits[index]) }
    }

    /// The clock begins to run from here, anew.
    mutating func startClock(_ name: LimitName, at instant: Instant) {
        change(name) { clock in
            clock.state = .running
            clock.start = instant
            clock.stoppedAt = nil
            clock.reachedAt = nil
            clock.toldPercent = 0
        }
    }

    /// The clock waits for a new start.
    mutating func resetClock(_ name: LimitName) {
        change(name) { clock in
            clock = LimitClock(name: clock.name, length: clock.length)
        }
    }

    /// The milestone has come. Once reached it stays so.
    mutating func reachClock(_ name: LimitName, at instant: Instant) {
        change(name) { clock in
            guard clock.state != .reached else { return }
            clock.state = .reached
            clock.reachedAt = instant
        }
    }

    mutating func stopClocks(at instant: Instant) {
        for index in limits.indices where limits[index].state == .running {
            limits[index].state = .stopped
            limits[index].stoppedAt = instant
        }
    }

    /// What had run is kept: the start moves on by the pause.
    mutating func resumeClocks(at instant: Instant) {
        for index in limits.indices where limits[index].state == .stopped {
            let pause = limits[index].stoppedAt.map { instant - $0 } ?? .zero
            limits[index].state = .running
            limits[index].start = limits[index].start.map { $0 + max(pause, .zero) }
            limits[index].stoppedAt = nil
        }
    }

    func clock(_ name: LimitName) -> LimitClock? { limits.first { $0.name == name } }
}

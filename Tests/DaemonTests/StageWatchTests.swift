import API
import Domain
import Figures
import Foundation
import Rules
import Synchronization
import Testing

@testable import Daemon

/// The watch over the stages on a clock of the test's own; the looks run on the spot.
@Suite struct StageWatchTests {
    /// What the store would say, and what was heard.
    private final class World: Sendable {
        struct Failure: Error {}
        struct State {
            var lastWeekLate = 1
            var failure = false
            var asked: [FigureRequest] = []
            var told: [String] = []
            var failures = 0
        }
        let state = Mutex(State())

        func watch(_ folder: String) -> StageWatch {
            StageWatch(
                stateFolder: folder,
                figures: { [self] request in
                    let (late, fails) = state.withLock { state in
                        state.asked.append(request)
                        return (state.lastWeekLate, state.failure)
                    }
                    if fails { throw Failure() }
                    let isLast = state.withLock { state in state.asked.count(where: { $0.until > request.until && $0.now == request.now }) == 0 }
                    var stage = StageFigure(name: NamedCode("survey", chinese: "现场勘查"))
                    stage.done = 20
                    stage.late = LateFigure(timed: 20, late: isLast ? late : 1)
                    var process = ProcessFigure(name: NamedCode("connections.new"))
                    process.stages = [stage]
                    var report = FigureReport(since: request.since, until: request.until, madeAt: request.now, zone: .shanghai)
                    report.processes = [process]
                    return report
                },
                tell: { [self] finding in state.withLock { $0.told.append(finding.key) } }, failed: { [self] _ in state.withLock { $0.failures += 1 } },
                start: { look in look() })
        }

        var told: [String] { state.withLock { $0.told } }
        var asked: Int { state.withLock { $0.asked.count } }
    }

    private func local(_ day: Int, _ hour: Int, _ minute: Int = 0) -> Instant {
        TimeZoneRules.shanghai.instant(of: CivilDate(year: 2026, month: 11, day: day) ?? CivilDate(daysSinceEpoch: 0), second: (hour * 60 + minute) * 60)
    }

    @Test func itLooksOnceADayAtSevenAndTellsEachFindingOnceUntilItIsOver() throws {
        let house = try House()
        let rules = try house.ruleSet()
        let world = World()
        let watch = world.watch(house.state)
        watch.tick(rules, at: local(1, 6, 59))
        #expect(world.asked == 0, "not before seven")
        watch.tick(rules, at: local(1, 7))
        #expect(world.asked == 9, "last week and the eight before")
        let windows = world.state.withLock { $0.asked }
        #expect(windows.allSatisfy { $0.isLean && ($0.until - $0.since) == .days(7) })
        #expect(windows.first?.until == local(1, 7) && windows.last?.since == local(1, 7) + .days(-63))
        #expect(zip(windows, windows.dropFirst()).allSatisfy { $0.since == $1.until }, "week upon week without a gap")
        for hour in 8...23 { watch.tick(rules, at: local(1, hour)) }
        #expect(world.asked == 9 && world.told == [], "once a day")

        world.state.withLock { $0.lastWeekLate = 12 }
        watch.tick(rules, at: local(2, 7, 1))
        #expect(world.told == ["connections.new survey late_rate above"])
        watch.tick(rules, at: local(3, 7, 1))
        #expect(world.told.count == 1, "it is known")
        // A restart repeats nothing: neither today's look nor the finding.
        let asked = world.asked
        let again = world.watch(house.state)
        again.tick(rules, at: local(3, 12))
        #expect(world.asked == asked)
        again.tick(rules, at: local(4, 7, 1))
        #expect(world.told.count == 1)
        world.state.withLock { $0.lastWeekLate = 1 }
        again.tick(rules, at: local(5, 7, 1))
        world.state.withLock { $0.lastWeekLate = 12 }
        // Down at seven: it looks when it is up.
        world.watch(house.state).tick(rules, at: local(6, 15))
        #expect(world.told.count == 2, "it was back in the band, and is out of it again")
    }

    @Test func aLookThatFailsIsToldAndTriedAgainAnHourLater() throws {
        let house = try House()
        let rules = try house.ruleSet()
        let world = World()
        world.state.withLock { $0.failure = true }
        let watch = world.watch(house.state)
        watch.tick(rules, at: local(1, 7))
        watch.tick(rules, at: local(1, 7, 59))
        #expect(world.asked == 1 && world.state.withLock { $0.failures } == 1)
        world.state.withLock { $0.failure = false }
        watch.tick(rules, at: local(1, 8, 0))
        #expect(world.asked == 10)
        watch.stop()
        watch.tick(rules, at: local(2, 8))
        #expect(world.asked == 10, "stopped")
    }

    @Test(arguments: ["", "something else\n", "paidan-stage-watch 1\n2026-13-40\n", "paidan-stage-watch 1\n"])
    func aFileThatCantBeReadIsAsGoodAsNone(text: String) throws {
        let house = try House()
        try text.write(toFile: house.state + "/stage-watch", atomically: true, encoding: .utf8)
        let world = World()
        world.watch(house.state).tick(try house.ruleSet(), at: local(1, 9))
        #expect(world.asked == 9)
    }

    @Test func figuresAreAnsweredThroughTheDoor() async throws {
        let house = try House()
        let daemon = try await house.start()
        let client = LocalClientCalls(house.socket)
        #expect(try await client.get("/v1/figures?since=7d").status == 200)
        #expect(try await client.get("/v1/figures?format=human").text.contains("nothing was done in this time, and nothing is open"))
        #expect(try await client.get("/v1/figures?format=html").text.hasPrefix("<!DOCTYPE html>"))
        for (query, word) in [("since=yesterday", "not a time"), ("until=2026-02-30", "not a date"), ("since=1d&until=2d", "ends before it begins")] {
            let answer = try await client.get("/v1/figures?\(query)")
            #expect(answer.status == 400 && answer.text.contains(word), "\(query): \(answer.text)")
        }
        await daemon.stop()
    }
}

/// Looks through the daemon's socket.
private struct LocalClientCalls {
    let socket: String
    init(_ socket: String) { self.socket = socket }

    func get(_ path: String) async throws -> (status: Int, text: String) {
        let answer = try await LocalClient(socketPath: socket).request(method: "GET", path: path)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
}

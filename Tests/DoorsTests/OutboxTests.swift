import Decisions
import Domain
import Foundation
import Outbox
import Testing

@Suite(.timeLimit(.minutes(1))) struct OutboxTests {
    let clock = ScriptedClock(at: start)
    let scripts: Scripts
    init() throws { scripts = try Scripts() }

    private func outbox(_ source: ScriptedSource, _ command: [String], limit: TimeSpan = .seconds(10), inFlightMax: Int = 4) -> Outbox {
        Outbox(
            source: source, clock: clock.asOutboxClock, channels: ["app": command],
            options: Outbox.Options(inFlightMax: inFlightMax, hook: Hook(limit: limit)))
    }

    /// Runs the outbox while `body` runs, then stops it and waits for its end.
    private func running(_ outbox: Outbox, _ body: () async throws -> Void) async throws {
        async let run: Void = outbox.run()
        do { try await body() } catch {
            outbox.stop(within: .seconds(10))
            await run
            throw error
        }
        outbox.stop(within: .seconds(10))
        await run
    }

    @Test func `A notice is delivered as JSON on standard input and reported once`() async throws {
        let source = ScriptedSource([told(17)])
        let outbox = outbox(source, scripts.command(#"cat > "$1/got""#))
        try await running(outbox) {
            #expect(await source.reports.first(1) == [Delivery(row: 1, attemptsBefore: 0, at: start, outcome: .delivered)])
        }
        #expect(
            scripts.text("got")
                == #"{"id":"T-20261122-17/3/1","event":"dispatched","task":"T-20261122-17","to":"north-2","channel":"app","at":""#
                + start.rfc3339(in: .shanghai) + #"","due":""# + (start + .minutes(3)).rfc3339(in: .shanghai) + "\",\"attempt\":1}\n")
        #expect(await source.deliveries.count == 1)
        #expect(outbox.counts.delivered == 1 && outbox.counts.inFlight == 0)
    }

    @Test func `A command that fails twice is tried again with growing waits, then delivered`() async throws {
        let source = ScriptedSource([told(1)])
        let command = scripts.command(
            #"echo x >> "$1/tries"; test "$(wc -l < "$1/tries")" -ge 3 || { echo first; echo "the gateway is away" >&2; exit 7; }"#)
        let outbox = outbox(source, command)
        let policy = RetryPolicy()
        try await running(outbox) {
            var now = start
            for failures in 0..<2 {
                let wait = policy.wait(for: told(1).id, failuresBefore: failures)
                let expected = Delivery(
                    row: 1, attemptsBefore: failures, at: now, outcome: .retry(at: now + wait, error: "exit code 7: the gateway is away"))
                #expect(await source.reports.first(1) == [expected])
                clock.advance(by: wait)
                now = now + wait
                outbox.wake()
            }
            #expect(await source.reports.first(1) == [Delivery(row: 1, attemptsBefore: 2, at: now, outcome: .delivered)])
        }
        #expect(scripts.text("tries") == "x\nx\nx\n")
        #expect(outbox.counts.failed == 2 && outbox.counts.delivered == 1)
    }

    @Test func `A command that hangs is killed with everything it started`() async throws {
        let source = ScriptedSource([told(1)])
        // The child would write its file if it outlived its parent's group; both hold the output open.
        let command = scripts.command(#"echo "waiting for the gateway"; (read never < "$1/fifo"; echo late > "$1/late") & echo $! > "$1/child"; read never < "$1/fifo""#)
        scripts.pipe("fifo")
        let outbox = outbox(source, command, limit: TimeSpan(milliseconds: 300))
        try await running(outbox) {
            let report = try #require(await source.reports.first(1).first)
            guard case .retry(_, let error) = report.outcome else {
                Issue.record("it was not to be tried again: \(report)")
                return
            }
            #expect(error == "it was still running after 0.3 s and was killed: waiting for the gateway")
        }
        // Opening the fifo for writing fails when nobody is left to read it.
        let writing = open(scripts.folder + "/fifo", O_WRONLY | O_NONBLOCK)
        #expect(writing < 0 && errno == ENXIO)
        if writing >= 0 { close(writing) }
        #expect(scripts.text("late").isEmpty && !scripts.text("child").isEmpty)
    }

    @Test func `After a day it is given up with its last error, and a late first attempt still happens`() async throws {
        let old = told(1, at: start + .hours(-30))
        let source = ScriptedSource([old])
        let outbox = outbox(source, scripts.command("echo no such crew; exit 1"))
        try await running(outbox) {
            #expect(
                await source.reports.first(1)
                    == [Delivery(row: 1, attemptsBefore: 0, at: start, outcome: .parked(error: "exit code 1: no such crew"))])
        }
        #expect(outbox.counts.parked == 1)
    }

    @Test func `A channel that is not there says so, and its notice goes out when it comes`() async throws {
        let source = ScriptedSource([told(1, channel: "pager")])
        let outbox = outbox(source, scripts.command("exit 0"))
        try await running(outbox) {
            let first = await source.reports.first(1)
            let wait = RetryPolicy().wait(for: told(1).id, failuresBefore: 0)
            #expect(first.first?.outcome == .retry(at: start + wait, error: "there is no channel 'pager'; name it under channels: in site.yaml"))
            outbox.setChannels(["pager": scripts.command("exit 0")])
            clock.advance(by: wait)
            outbox.wake()
            #expect(await source.reports.first(1).first?.outcome == .delivered)
        }
    }

    @Test func `One recipient hears one thing at a time, in order; several recipients at most so many at once`() async throws {
        // Each command notes its begin and end; the reports' order is that of the ends.
        var notices: [Notice] = []
        for number in Int32(1)...6 { for crew in ["a", "b", "c"] { notices.append(told(number, crew)) } }
        let source = ScriptedSource(notices)
        let command = scripts.command(
            #"""
            read line; to=${line#*\"to\":\"}; to=${to%%\"*}; id=${line#*\"id\":\"}; id=${id%%\"*}
            mkdir "$1/$to" || { echo "two at once"; exit 9; }
            mkdir "$1/slot1" 2>/dev/null && slot=1 || { mkdir "$1/slot2" 2>/dev/null && slot=2 || { echo "three at once"; exit 8; }; }
            echo "$id" >> "$1/$to.log"
            rmdir "$1/slot$slot" "$1/$to"
            """#)
        let outbox = outbox(source, command, inFlightMax: 2)
        try await running(outbox) {
            let reports = await source.reports.first(notices.count)
            #expect(reports.allSatisfy { $0.outcome == .delivered }, "\(reports)")
        }
        for crew in ["a", "b", "c"] {
            #expect(scripts.text("\(crew).log") == (1...6).map { "T-20261122-\($0)/3/1\n" }.joined())
        }
        #expect(await source.waiting.isEmpty)
    }

    @Test func `A withdrawal waits for the dispatch before it; another task does not`() async throws {
        let source = ScriptedSource([told(1), told(1, part: 2, event: .withdrawn), told(2)])
        let command = scripts.command(
            #"read line; case "$line" in *T-20261122-1/3/1*attempt\":1*) exit 1;; esac; id=${line#*\"id\":\"}; echo "${id%%\"*}" >> "$1/log""#)
        let outbox = outbox(source, command)
        try await running(outbox) {
            #expect(await source.reports.first(2).map(\.row) == [1, 3])
            clock.advance(by: .seconds(5))
            outbox.wake()
            #expect(await source.reports.first(2).map(\.row) == [1, 2])
        }
        #expect(scripts.text("log") == "T-20261122-2/3/1\nT-20261122-1/3/1\nT-20261122-1/3/2\n")
    }

    @Test func `A source that fails is asked again later, a report that fails is told again`() async throws {
        let source = ScriptedSource([told(1)], failures: 1, refusals: 1)
        let outbox = outbox(source, scripts.command(#"echo x >> "$1/tries""#))
        try await running(outbox) {
            // The clock is moved until the report comes: first the question, then the report is due again.
            async let report = source.reports.first(1)
            var rounds = 0
            while await source.deliveries.isEmpty, rounds < 1_000_000 {
                clock.advance(by: .seconds(1))
                outbox.wake()
                rounds += 1
                await _Concurrency.Task.yield()
            }
            #expect(await report.map(\.outcome) == [.delivered])
        }
        // Delivered once, though it took two reports.
        #expect(scripts.text("tries") == "x\n")
        #expect(await source.asked >= 2)
    }

    @Test func `A stop lets what is under way end, and takes nothing new`() async throws {
        let source = ScriptedSource([told(1, "a"), told(2, "a")])
        scripts.pipe("go")
        scripts.pipe("began")
        let outbox = outbox(source, scripts.command(#"echo began > "$1/began"; read go < "$1/go""#))
        async let run: Void = outbox.run()
        #expect(await scripts.read("began") == "began\n")
        outbox.stop(within: .seconds(10))
        await scripts.write("go\n", to: "go")
        await run
        #expect(await source.deliveries.map(\.row) == [1])
        #expect(await source.waiting == ["T-20261122-2/3/1"])
    }

    @Test func `At the end of the stop's time commands are killed and their notices stay`() async throws {
        let source = ScriptedSource([told(1)])
        scripts.pipe("go")
        scripts.pipe("began")
        let outbox = outbox(source, scripts.command(#"echo began > "$1/began"; read go < "$1/go""#))
        async let run: Void = outbox.run()
        #expect(await scripts.read("began") == "began\n")
        outbox.stop(within: .zero)
        // However the stop and the clock meet, time passes for it.
        clock.advance(by: .seconds(1))
        await run
        #expect(await source.deliveries.isEmpty)
        #expect(await source.waiting == ["T-20261122-1/3/1"])
    }

    @Test func `The loop is alive while it turns, and the watchdog can tell when not`() async throws {
        let source = ScriptedSource()
        let outbox = outbox(source, scripts.command("exit 0"))
        // Not running: time passes, and nothing turns.
        clock.advance(by: .seconds(3))
        #expect(!outbox.isAlive(within: .seconds(2)))
        #expect(outbox.isAlive(within: .seconds(3)))
        await source.add(told(1))
        try await running(outbox) {
            _ = await source.reports.first(1)
            #expect(outbox.isAlive(within: .zero))
        }
    }
}

@Suite struct OutboxRetryTests {
    @Test func `Waits double up to the cap, less a share that hangs on the notice alone`() {
        let policy = RetryPolicy()
        var shares: Set<Int64> = []
        for number in Int32(1)...200 {
            let id = told(number).id
            for (failures, full) in [5, 10, 20, 40, 80, 160, 300, 300, 300].enumerated() {
                let wait = policy.wait(for: id, failuresBefore: failures)
                #expect(wait <= .seconds(Int64(full)) && wait >= .seconds(Int64(full)).percent(75))
                #expect(wait == policy.wait(for: id, failuresBefore: failures))
            }
            #expect(policy.wait(for: id, failuresBefore: .max) <= .minutes(5))
            shares.insert(policy.wait(for: id, failuresBefore: 3).milliseconds)
        }
        // They spread: two hundred notices do not come back at a handful of instants.
        #expect(shares.count > 50)
    }

    @Test func `A notice is given up a day after it was decided`() {
        let policy = RetryPolicy()
        let pending = PendingNotice(row: 1, notice: told(1), attempts: 9)
        guard case .retry = policy.outcome(of: pending, failedAt: start + .hours(24) + TimeSpan(milliseconds: -1), error: "x") else {
            Issue.record("given up too early")
            return
        }
        #expect(policy.outcome(of: pending, failedAt: start + .hours(24), error: "x") == .parked(error: "x"))
    }
}

@Suite(.timeLimit(.minutes(1))) struct OutboxHookTests {
    let scripts: Scripts
    init() throws { scripts = try Scripts() }

    @Test func `What can't be started says why`() async {
        #expect(await Hook().run(["relative/path"], input: []) == .failed("the command must begin with an absolute path; correct it under channels: in site.yaml"))
        #expect(
            await Hook().run([scripts.folder + "/nowhere"], input: [])
                == .failed("\(scripts.folder)/nowhere can't be started (posix_spawn: No such file or directory); check the path and its permissions"))
        guard case .failed(let text) = await Hook().run(["/bin/true"], input: [UInt8](repeating: 0x20, count: 5_000)) else {
            Issue.record("5 000 bytes fit into a pipe of 4 096")
            return
        }
        #expect(text.contains("5000 bytes"))
    }

    @Test func `A command gets clean surroundings: descriptors, directory, signals, environment, a group of its own`() async throws {
        // A descriptor of ours that is not closed on exec must not reach it.
        let leak = fcntl(0, F_DUPFD, 50)
        #expect(leak >= 50)
        defer { close(leak) }
        var hook = Hook()
        hook.environment = ["PATH=/usr/bin:/bin", "GREETING=hello"]
        let script = #"{ pwd; echo "$GREETING"; grep SigIgn /proc/$$/status | cut -f2; cut -d' ' -f5 /proc/$$/stat; echo $$; } > "$1/seen"; exec ls /proc/self/fd > "$1/fds""#
        #expect(await hook.run(scripts.command(script), input: []) == .delivered)
        // The fourth is the folder that `ls` itself reads.
        #expect(scripts.text("fds") == "0\n1\n2\n3\n")
        let seen = scripts.text("seen").split(separator: "\n").map(String.init)
        try #require(seen.count == 5, "\(seen)")
        #expect(seen[0] == "/")
        #expect(seen[1] == "hello")
        // Signals 32 and 33 are the C library's own.
        #expect(UInt64(seen[2], radix: 16).map { $0 & 0x7FFF_FFFF } == 0, "\(seen[2])")
        #expect(seen[3] == seen[4])
    }

    @Test func `A command that does not read, ends by a signal, or writes without end is judged by its end`() async {
        #expect(await Hook().run(["/bin/true"], input: [UInt8](repeating: 0x41, count: 4_096)) == .delivered)
        #expect(await Hook().run(scripts.command("echo 'going\u{1B}[31m down'; kill -TERM $$"), input: []) == .failed("it was ended by signal 15: going[31m down"))
        #expect(await Hook().run(scripts.command("head -c 3000000 /dev/zero | tr '\\0' 'y'; echo; echo the end; exit 3"), input: []) == .failed("exit code 3: the end"))
        #expect(await Hook(limit: TimeSpan(milliseconds: 200)).run(["/usr/bin/yes"], input: []) == .failed("it was still running after 0.2 s and was killed: y"))
    }

    @Test func `A child left behind that keeps the output open does not hold the run`() async throws {
        scripts.pipe("fifo")
        let result = await Hook(limit: .minutes(10)).run(scripts.command(#"(read never < "$1/fifo") & exit 0"#), input: [])
        #expect(result == .delivered)
        // The child still waits for us: let it go.
        await scripts.write("go\n", to: "fifo")
    }
}

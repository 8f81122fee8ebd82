import API
import Decisions
import Domain
import Foundation
import Rules
import Store
import Synchronization
import Testing

@testable import Daemon

/// A folder that is edited over and over while reports come in, a fifth of the edits broken, half done, or still being written when the
/// reload is asked for. Every report has exactly one task, and every decision was made with one set that was whole on disk, and with nothing
/// of another.
///
/// `PAIDAN_RELOADS` sets how many reloads (1 000 take some minutes), `PAIDAN_SEED` the seed.
struct ReloadStormTests {
    /// Version k of the folder: what any of its files says of a task shows k.
    private struct Version {
        let number: Int
        init(_ number: Int) { self.number = number }

        var skill: String { "skill_\(number)" }
        var ladder: String { "ladder_\(number)" }
        var priority: Priority { Priority.allCases[number % 4] }
        var acceptMinutes: Int { 60 + number % 700 }

        private var site: String {
            var text = """
                module: site
                time_zone: Asia/Shanghai
                values:
                  type: [fault, complaint]
                  category: [no_power, line_down]
                  skill: [\(skill)]
                departments:
                  operations: { name: 生产, head: u-301, fallback: true }
                roles:
                  duty_manager: { name: 值班经理, person: u-900 }
                crews:

                """
            for crew in 0..<6 {
                text += "  crew-\(number)-\(crew):\n    department: operations\n    base: { lat: 28.0\(crew), lon: 120.65 }\n    skills: [\(skill)]\n    capacity: 1000\n"
            }
            return text
        }

        private func module(_ name: String, _ type: String) -> String {
            var text = "module: \(name)\ntakes: report.type == \"\(type)\"\nroute:\n"
            for rule in 0..<12 {
                text += "  - name: rule-\(rule)\n"
                if rule < 11 { text += "    when: report.customers_out == \(rule)\n" }
                text += "    task: \(name)_\(number)_\(rule)\n    priority: \(priority)\n    assign:\n      nearest: crew\n      skills: [\(skill)]\n"
                text += "      otherwise: { department: operations }\n    limits: { accept: \(acceptMinutes) min, arrive: \(acceptMinutes + 60) min }\n"
                text += "    escalate: \(ladder)\n"
            }
            return text
        }

        var files: [(name: String, text: String)] {
            [
                ("complaints.yaml", module("complaints", "complaint")),
                ("escalations.yaml", "module: escalations\nescalations:\n  \(ladder):\n    - { at: 100%, tell: duty_manager }\n"),
                ("faults.yaml", module("faults", "fault")), ("site.yaml", site),
            ]
        }

        var source: RuleSource { RuleSource(files: files.map { .init(name: $0.name, bytes: Array($0.text.utf8)) }) }
    }

    /// Reports without end, a few at a time, and the receipts they got.
    private final class Senders: Sendable {
        private let socket: String
        private let state = Mutex<(receipts: [String: String], refused: [String])>(([:], []))
        /// How many batches may still be sent, who waits to send one, and whether it is over.
        private let turnstile = Mutex<(open: Int, waiting: [CheckedContinuation<Bool, Never>], isDone: Bool)>((0, [], false))

        init(socket: String) { self.socket = socket }

        /// Lets some batches through: as many for each reload, however fast the machine is.
        func allow(_ batches: Int) {
            let waiting = turnstile.withLock { turnstile in
                let now = min(batches, turnstile.waiting.count)
                turnstile.open = min(turnstile.open + batches - now, 4 * batches)
                defer { turnstile.waiting.removeFirst(now) }
                return turnstile.waiting.prefix(now)
            }
            for sender in waiting { sender.resume(returning: true) }
        }

        func finish() {
            let waiting = turnstile.withLock { turnstile in
                turnstile.isDone = true
                return turnstile.waiting
            }
            for sender in waiting { sender.resume(returning: false) }
        }

        /// False: it is over.
        private func pass() async -> Bool {
            await withCheckedContinuation { continuation in
                let answer: Bool? = turnstile.withLock { turnstile in
                    if turnstile.isDone { return false }
                    if turnstile.open == 0 {
                        turnstile.waiting.append(continuation)
                        return nil
                    }
                    turnstile.open -= 1
                    return true
                }
                if let answer { continuation.resume(returning: answer) }
            }
        }

        /// The task of each report.
        var tasks: [String: String] { state.withLock { $0.receipts } }
        var refused: [String] { state.withLock { $0.refused } }

        func run(_ sender: Int) async throws {
            let client = LocalClient(socketPath: socket)
            var sent = 0
            while await pass() {
                let lines = (0..<8).map { _ in
                    sent += 1
                    return #"{"id":"\#(sender)-\#(sent)","source":"storm","type":"\#(sent % 3 == 0 ? "complaint" : "fault")","category":"no_power","#
                        + #""place":{"lat":28.01,"lon":120.65},"customers_out":\#(sent % 14)}"#
                }
                let answer = try await client.request(
                    method: "POST", path: "/v1/inputs", body: Array(lines.joined(separator: "\n").utf8),
                    headers: [(name: "content-type", value: "application/x-ndjson"), (name: "accept", value: "application/x-ndjson")])
                let receipts = try answer.body.split(separator: UInt8(ascii: "\n")).map { try JSONValue.parse($0) }
                state.withLock { state in
                    if receipts.count != lines.count { state.refused.append(String(decoding: answer.body, as: UTF8.self)) }
                    for receipt in receipts {
                        let tasks = receipt["tasks"]?.array ?? []
                        guard receipt["status"]?.string == "accepted", tasks.count == 1, let id = receipt["id"]?.string, let task = tasks[0].string else {
                            state.refused.append("\(receipt)")
                            continue
                        }
                        state.receipts[id] = task
                    }
                }
            }
        }
    }

    /// The folder under many hands.
    private struct Hands {
        let folder: String
        var dice: SeededDice

        func path(_ name: String) -> String { folder + "/" + name }

        func inPlace(_ bytes: some Sequence<UInt8>, _ name: String, appends: Bool = false) {
            let descriptor = open(path(name), O_WRONLY | O_CREAT | (appends ? O_APPEND : O_TRUNC) | O_CLOEXEC, 0o644)
            let bytes = Array(bytes)
            #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
            close(descriptor)
        }

        /// Beside it and renamed, or in place.
        mutating func write(_ file: (name: String, text: String)) {
            guard dice.chance(50) else { return inPlace(file.text.utf8, file.name) }
            inPlace(file.text.utf8, "." + file.name + ".new")
            #expect(rename(path("." + file.name + ".new"), path(file.name)) == 0)
        }

        mutating func write(_ version: Version) { for file in version.files.shuffled(using: &dice) { write(file) } }
    }

    private struct SeededDice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
        mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    }

    @Test func reloadsUnderLoadLoseNothingAndMixNothing() async throws {
        let environment = ProcessInfo.processInfo.environment
        let reloads = environment["PAIDAN_RELOADS"].flatMap { Int($0) } ?? 60
        let seed = environment["PAIDAN_SEED"].flatMap { UInt64($0) } ?? 20_261_125
        let house = try House()
        try FileManager.default.removeItem(atPath: house.rules)
        try FileManager.default.createDirectory(atPath: house.rules, withIntermediateDirectories: true)
        var hands = Hands(folder: house.rules, dice: SeededDice(state: seed))
        var versions: [String: Version] = [:]
        func hash(_ version: Version) throws -> String {
            let set = try #require(RuleCompiler.compile(version.source, proves: false, zone: RuleFolder.zone).set)
            versions[set.hash] = version
            return set.hash
        }
        hands.write(Version(0))
        var last = try hash(Version(0))
        var inForce = Version(0)
        let daemon = try await house.start()
        let senders = Senders(socket: house.socket)
        var counts = (loaded: 0, refused: 0, whileWritten: 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for sender in 0..<2 { group.addTask { try await senders.run(sender) } }
            for number in 1...reloads {
                let name = "PAIDAN_SEED=\(seed), reload \(number)"
                let version = Version(number)
                let next = try hash(version)
                senders.allow(12)
                switch number % 5 == 0 ? hands.dice.below(5) : -1 {
                case -1:
                    hands.write(version)
                    #expect(expectLoaded(await daemon.reload(), name) == next, "\(name)")
                    (last, inForce) = (next, version)
                    counts.loaded += 1
                case 0:
                    // A slip of the keys in one of the files.
                    hands.write(version)
                    let file = version.files[hands.dice.below(4)]
                    hands.write((file.name, file.text.replacingOccurrences(of: "module: ", with: "modul: ")))
                    expectRefused(await daemon.reload(), name)
                    counts.refused += 1
                case 1:
                    // One hand has saved, the other has not: skills and ladders are those of two versions.
                    for file in version.files.shuffled(using: &hands.dice).prefix(1 + hands.dice.below(3)) { hands.write(file) }
                    expectRefused(await daemon.reload(), name)
                    counts.refused += 1
                default:
                    // Cut off somewhere while it is written, in one go or in two, and the reload is asked for meanwhile.
                    let file = version.files[hands.dice.below(4)]
                    for other in version.files where other.name != file.name { hands.write(other) }
                    let bytes = Array(file.text.utf8)
                    // With the file closed between two strokes nothing shows that more is to come once it is longer than before.
                    let before = inForce.files.first { $0.name == file.name }?.text.utf8.count ?? 1
                    let isOpen = hands.dice.chance(50)
                    var cut = 1 + hands.dice.below(min(bytes.count, isOpen ? .max : before) - 1)
                    // Best of all at the end of a line, where half a file is good YAML.
                    if hands.dice.chance(70), let end = bytes[..<cut].lastIndex(of: 0x0A) { cut = end + 1 }
                    let descriptor = open(hands.path(file.name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
                    #expect(Glibc.write(descriptor, bytes, cut) == cut)
                    if !isOpen { close(descriptor) }
                    async let answer = daemon.reload()
                    // So long as a hand takes between two strokes.
                    let until = monotonicMilliseconds() + Int64(hands.dice.below(60))
                    while monotonicMilliseconds() < until { await Task.yield() }
                    if isOpen {
                        let rest = Array(bytes[cut...])
                        #expect(Glibc.write(descriptor, rest, rest.count) == rest.count)
                        close(descriptor)
                    } else {
                        hands.inPlace(bytes[cut...], file.name, appends: true)
                    }
                    #expect(expectLoaded(await answer, name) == next, "\(name): \(file.name) cut off at \(cut), \(isOpen ? "held open" : "closed")")
                    (last, inForce) = (next, version)
                    counts.whileWritten += 1
                }
            }
            senders.finish()
            try await group.waitForAll()
        }
        // Rules that are refused leave the last good ones in force.
        #expect(try JSONValue.parse(try await LocalClient(socketPath: house.socket).request(path: "/v1/status").body)["rules_hash"]?.string == last)
        await daemon.stop()
        let checked = try await check(house, senders, versions)
        print("reload storm: \(reloads) reloads, seed \(seed): \(counts), \(senders.tasks.count) reports, \(checked) versions decided")
        #expect(counts.loaded + counts.refused + counts.whileWritten == reloads && checked > reloads / 4)
    }

    private func expectRefused(_ answer: ReloadAnswer, _ name: String) {
        if case .loaded(let hash, _) = answer { Issue.record("\(name): a broken folder was loaded as \(hash)") }
    }

    private func expectLoaded(_ answer: ReloadAnswer, _ name: String) -> String {
        switch answer {
        case .loaded(let hash, _): return hash
        case .refused(let human, _):
            Issue.record("\(name): \(human)")
            return ""
        }
    }

    /// Reads the store as it was left. Returns how many versions made decisions.
    private func check(_ house: House, _ senders: Senders, _ versions: [String: Version]) async throws -> Int {
        #expect(senders.refused == [], "everything that was sent is a good report")
        let store = try Store(directory: house.state)
        var decided: [String: String] = [:]
        var after: Int64 = 0
        while true {
            let page = try await store.log(after: after, limit: 1_000)
            guard let end = page.last else { break }
            after = end.number
            for entry in page {
                guard case .input(let input, _) = entry.stimulus, case .report = input.body else { continue }
                #expect(decided.updateValue(entry.rulesHash, forKey: input.key.id) == nil, "\(input.key.id) was decided twice")
            }
        }
        // None of them is finished.
        let tasks = try store.load().tasks
        let byReport = Dictionary(grouping: tasks, by: { $0.reports.first ?? "" })
        #expect(tasks.count == senders.tasks.count && decided.count == senders.tasks.count)
        var seen: Set<Int> = []
        for (report, id) in senders.tasks {
            let own = byReport[report] ?? []
            #expect(own.count == 1, "\(report) has \(own.count) tasks")
            guard let task = own.first, let hash = decided[report] else {
                Issue.record("\(report) was lost")
                continue
            }
            guard let version = versions[hash] else {
                Issue.record("\(report) was decided with \(hash), which was never whole on disk")
                continue
            }
            seen.insert(version.number)
            let module = task.type == "fault" ? "faults" : "complaints"
            let rule = min(Int(task.customersOut), 11)
            #expect(task.id.description == id)
            #expect(task.rule == "\(module).rule-\(rule)" && task.task == "\(module)_\(version.number)_\(rule)", "\(task.task) under \(version.number)")
            #expect(task.priority == version.priority && task.escalate == version.ladder && task.skills == [SkillID(version.skill)])
            #expect(task.crew?.rawValue.hasPrefix("crew-\(version.number)-") == true, "\(task.crew?.rawValue ?? "nobody") under \(version.number)")
            #expect(task.limits.first { $0.name == .accept }?.length == .minutes(Int64(version.acceptMinutes)))
            #expect(task.limits.first { $0.name == .arrive }?.length == .minutes(Int64(version.acceptMinutes + 60)))
        }
        try store.close()
        return seen.count
    }
}

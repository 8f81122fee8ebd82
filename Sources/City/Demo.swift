import Daemon
import Decisions
import Domain
import Rules
import Store

/// A day of a made-up city, lived through the real daemon's core: the shipped rules as text, the real decisions, the real store
/// with its fsync in a folder of its own; only the clock is not real. It tells its story line by line as it happens.
///
/// In the day somebody edits a rule, well and then badly; and the process loses its memory and comes back from its disk.
package struct Demo {
    /// What a day came to.
    package struct Outcome: Sendable {
        package var reports: Int
        /// Those of the reports; the stages of cases apart.
        package var tasks: Int
        /// Reports that the house made by itself, from what devices show.
        package var own: Int
        /// Tasks that rules about customers suggested.
        package var suggested: Int
        /// Reports that were answered in place of a task.
        package var answered: Int
        /// Reports that joined another's task.
        package var joined: Int
        /// Applications that became cases.
        package var cases: Int
        /// What the books say is wrong; empty: nothing lost, nothing twice.
        package var faults: [String]
    }

    private let city: MadeUpCity
    private let day: CityDay
    private let folder: String
    private let rulesFolder: String
    private let midnight: Instant
    private let emit: @Sendable (StoryLine) -> Void

    private var house: House
    private var source: RuleSource
    private var rules: RuleSet
    private var world: World
    private var ledger: Ledger
    private var narrator: Narrator
    /// Open tasks as their changes were committed: what must be there again after the crash.
    private var open: [TaskID: WorkTask] = [:]
    private var scenes: [Scene]
    private var reserves: [CrewID]
    private var reserveCalledAt: Instant?
    /// How often somebody was sent by hand.
    private var byHand = 0

    /// What happens beside the reports, at its time.
    private struct Scene {
        var at: Instant
        var play: (inout Demo) throws -> Void
    }

    /// The zone of the city, whatever zone files this machine has.
    private static let zone = TimeZoneRules.shanghai
    /// A Wednesday in July: 2026-07-15T00:00+08:00.
    private static let midnight = Instant(milliseconds: 1_784_044_800_000)

    /// - Parameters:
    ///   - seed: the same seed, the same day.
    ///   - folder: an empty folder for the rules and the state.
    package init(seed: UInt64, folder: String, emit: @escaping @Sendable (StoryLine) -> Void) throws {
        city = MadeUpCity(seed: seed)
        midnight = Self.midnight
        day = CityDay(city: city, midnight: midnight, zone: Self.zone)
        self.folder = folder
        self.emit = emit
        rulesFolder = folder + "/rules"
        try Files.makeFolder(rulesFolder)
        for file in try city.ruleSource().files { try Files.write(file.bytes, to: rulesFolder + "/" + file.name) }
        source = try RuleFolder.read(rulesFolder)
        rules = try Self.compile(source)
        house = try House(folder: folder + "/state", rules: rules, at: day.from)
        world = World(seed: seed, behaviour: .everyday, zone: Self.zone, crews: city.crews.map { ($0.id, $0.base) })
        ledger = Ledger(capacity: Dictionary(uniqueKeysWithValues: city.crews.map { ($0.id, $0.capacity) }))
        narrator = Narrator(city: city, site: rules.site, emit: emit)
        reserves = city.crews.filter { $0.shift == .reserve }.map(\.id)
        scenes = []
        for utterance in day.utterances { world.add(utterance) }
        for crew in reserves { world.add(Self.duty(crew, on: false, at: day.from)) }
        scenes = Self.scenes(day: day, midnight: midnight)
    }

    private static func compile(_ source: RuleSource) throws(CityFault) -> RuleSet {
        let compilation = RuleCompiler.compile(source, zone: { $0 == zone.name ? zone : RuleFolder.zone($0) })
        guard let set = compilation.set else {
            throw CityFault("the shipped rules have errors:\n" + source.human(compilation.diagnostics))
        }
        return set
    }

    // MARK: The day

    package mutating func run() throws -> Outcome {
        introduce()
        let end = day.until + .hours(14)
        while let next = nextMoment, next <= end {
            try house.dispatcher.advance(to: next)
            hearTheHouse()
            while let scene = scenes.first, scene.at <= next {
                scenes.removeFirst()
                try scene.play(&self)
            }
            try speak(until: next)
            callReserves(at: next)
            if scenes.isEmpty, next > day.until, open.values.allSatisfy({ $0.state == .completed }) { break }
        }
        return conclude()
    }

    private var nextMoment: Instant? {
        [world.nextAt, house.dispatcher.nextDue.map { max($0, house.dispatcher.now) }, scenes.first?.at].compactMap { $0 }.min()
    }

    /// Hands over all that the world says up to `now`, as one batch.
    private mutating func speak(until now: Instant) throws {
        var inputs: [Input] = []
        for utterance in world.take(until: now) {
            do {
                inputs.append(try InputCodec.decode(utterance.json, defaultSource: SourceID("demo")))
            } catch {
                ledger.refusedUnread()
                narrator.say(now, .refused, "\(error.source?.rawValue ?? "") \(error.id ?? utterance.id): rejected: \(error.description)")
            }
        }
        guard !inputs.isEmpty else { return }
        try house.dispatcher.turn(inputs)
        hearTheHouse()
    }

    /// Takes in what was committed: the books, the story, and what the crews hear.
    private mutating func hearTheHouse() {
        for (at, result) in house.takeCommitted() {
            ledger.note(result.entries)
            for entry in result.entries {
                for change in entry.decision.changes {
                    guard case .task(_, let after) = change else { continue }
                    open[after.id] = after.state.isFinal ? nil : after
                }
            }
            narrator.note(result, at: at, waiting: waiting)
            for entry in result.entries {
                for notice in entry.decision.notices { world.hear(notice, task: open[notice.task], at: at) }
                for line in entry.decision.history where line.event == .queued && open[line.task]?.place.origin == .unknown {
                    waitForAPerson(line.task, at: at)
                }
                deskWork(entry.decision, at: at)
            }
        }
    }

    private var waiting: Int { open.values.count { $0.state == .queued } }

    // MARK: The duty engineer

    /// Calls in a reserve crew while much waits.
    private mutating func callReserves(at now: Instant) {
        guard waiting >= 6, !reserves.isEmpty, reserveCalledAt.map({ now - $0 >= .minutes(12) }) ?? true else { return }
        let crew = reserves.removeFirst()
        reserveCalledAt = now
        narrator.say(now, .duty, "\(waiting) tasks wait: the duty engineer calls in \(crew)  (paidan crew \(crew) on)")
        world.add(Self.duty(crew, on: true, at: now + .minutes(4)))
    }

    /// A report that says nowhere where it is: the duty engineer calls back, and gives it to a free crew by hand.
    private mutating func waitForAPerson(_ task: TaskID, at now: Instant) {
        narrator.marked(task, at: now)
        scenes.append(Scene(at: now + .minutes(2)) { try $0.giveByHand(task) })
        scenes.sort { $0.at < $1.at }
    }

    private mutating func giveByHand(_ task: TaskID) throws {
        let now = house.dispatcher.now
        let busy = Set(open.values.compactMap { $0.state.occupiesAssignee ? $0.crew : nil })
        let crew = city.crews.first { $0.shift == .day_night && !busy.contains($0.id) && $0.skills.contains("distribution_line") }
        guard open[task]?.state == .queued else { return }
        guard let crew else { return waitForAPerson(task, at: now) }
        byHand += 1
        let word = Self.progress(task, "assign", number: byHand, to: crew.id.rawValue, at: now)
        try house.dispatcher.turn([try InputCodec.decode(word.json, defaultSource: SourceID("demo"))])
        hearTheHouse()
    }

    /// Desk tasks are done by people: in a while.
    private mutating func deskWork(_ decision: Decision, at now: Instant) {
        for notice in decision.notices where notice.event == .dispatched && open[notice.task]?.isDesk == true {
            world.add(Self.progress(notice.task, "complete", number: 0, to: nil, at: now + .minutes(18)))
        }
    }

    private static func progress(_ task: TaskID, _ event: String, number: Int, to: String?, at: Instant) -> Utterance {
        let id = "duty-\(task.number)-\(event)-\(number)"
        var json = JSONWriter()
        json.object {
            $0.field("kind", "progress")
            $0.field("id", id)
            $0.field("source", "duty-desk")
            $0.field("task", task.description)
            $0.field("event", event)
            $0.field("by", "duty engineer Lin")
            $0.field("at", at.rfc3339(in: zone))
            $0.field("to", to)
            if event == "complete" { $0.field("outcome", "done") }
        }
        return Utterance(at: at, kind: .progress(.assign), id: id, json: json.bytes)
    }

    private static func duty(_ crew: CrewID, on: Bool, at: Instant) -> Utterance {
        let id = "duty-\(crew)-\(on)-\(at.milliseconds)"
        var json = JSONWriter()
        json.object {
            $0.field("kind", "crew")
            $0.field("id", id)
            $0.field("source", "duty-desk")
            $0.field("crew", crew.rawValue)
            $0.field("on_duty", on)
            $0.field("at", at.rfc3339(in: zone))
        }
        return Utterance(at: at, kind: .duty, id: id, json: json.bytes)
    }

    // MARK: Scenes

    private static func scenes(day: CityDay, midnight: Instant) -> [Scene] {
        func at(_ hour: Int64, _ minute: Int64) -> Instant { midnight + .minutes(hour * 60 + minute) }
        var scenes = [
            Scene(at: at(8, 0)) { $0.chapter("08:00: the day shift comes on duty") },
            Scene(at: at(10, 0)) { $0.state() },
            Scene(at: at(11, 30)) { try $0.goodEdit() },
            Scene(at: at(11, 50)) { try $0.badEdit() },
            Scene(at: at(13, 40)) { try $0.crash() },
            Scene(at: day.storm.lowerBound) { $0.chapter("15:20: a thunderstorm comes in from the sea") },
            Scene(at: at(15, 50)) { $0.state() },
            Scene(at: at(16, 20)) { $0.state() },
            Scene(at: at(17, 0)) { $0.chapter("17:00: the storm has passed") },
            Scene(at: at(17, 40)) { $0.state() },
            Scene(at: at(18, 40)) { $0.state() },
            Scene(at: at(20, 0)) { $0.chapter("20:00: the night shift comes on duty") },
        ]
        scenes.sort { $0.at < $1.at }
        return scenes
    }

    private func introduce() {
        let customers = city.areas.reduce(0) { $0 + $1.customers }
        narrator.say(nil, .chapter, "\(city.name), a city that does not exist (seed \(city.seed))")
        narrator.say(
            nil, .figures,
            "\(city.districts.count) districts, \(city.areas.count) transformer areas, \(customers) customers, \(city.crews.count) crews; \(rules.ruleCount) rules, hash \(rules.hash)")
        narrator.say(
            nil, .figures,
            "Everything is real but the clock: the rule files, the decisions, the database with its fsync, in \(folder)")
        narrator.say(nil, .figures, "Wednesday 15 July 2026. T-12 is short for T-20260715-12, C-1 for C-20260715-1.")
        narrator.say(day.from, .chapter, "06:00: the city wakes")
    }

    private func chapter(_ text: String) {
        narrator.say(house.dispatcher.now, .chapter, "\(text)  (\(soFar))")
    }

    private func state() {
        narrator.say(house.dispatcher.now, .figures, soFar)
    }

    private var soFar: String {
        let done = ledger.lines.values.count { $0.completed != nil }
        let out = open.values.count { $0.state.occupiesAssignee && !$0.isDesk }
        return "\(ledger.receipts[.accepted, default: 0]) reports so far: \(done) done, \(out) in hand, \(waiting) waiting"
    }

    /// Edits a rule file on the disk, and reads the folder again as a reload does.
    private func edit(_ name: String, _ old: String, _ new: String) throws -> RuleSource {
        let path = rulesFolder + "/" + name
        let text = String(decoding: try Files.read(path), as: UTF8.self)
        guard let place = text.firstRange(of: old) else { throw CityFault("\(name) has no '\(old)' for the demo to edit") }
        try Files.write(Array((text[..<place.lowerBound] + new + text[place.upperBound...]).utf8), to: path)
        return try RuleFolder.read(rulesFolder)
    }

    private mutating func goodEdit() throws {
        let now = house.dispatcher.now
        let before = rules.hash
        source = try edit("faults.yaml", "limits: { accept: 3 min", "limits: { accept: 2 min")
        rules = try Self.compile(source)
        try house.dispatcher.adopt(rules)
        hearTheHouse()
        narrator.use(rules.site)
        narrator.say(now, .rules, "the duty engineer edits faults.yaml (hazards: accept in 2 min, not 3) and reloads: rules \(before) -> \(rules.hash), no task disturbed")
    }

    private mutating func badEdit() throws {
        let now = house.dispatcher.now
        let broken = try edit("faults.yaml", "report.category == \"cable_damage\"", "report.catgory == \"cable_damage\"")
        let compilation = RuleCompiler.compile(broken, zone: { $0 == Self.zone.name ? Self.zone : RuleFolder.zone($0) })
        guard compilation.set == nil else { throw CityFault("a misspelt field was not noticed") }
        narrator.say(now, .rules, "another edit has a slip of the keys; the reload is refused, and rules \(rules.hash) stay in force:")
        _ = try edit("faults.yaml", "report.catgory == \"cable_damage\"", "report.category == \"cable_damage\"")
        for line in broken.human(compilation.diagnostics, folder: "rules").split(separator: "\n") { narrator.say(nil, .rules, String(line)) }
    }

    /// The process dies between two commits and is started again four minutes later.
    private mutating func crash() throws {
        let before = house.dispatcher.now
        let expected = open
        let cases = house.dispatcher.read { $0.openCases }
        narrator.say(
            before, .crash,
            "the process is killed: its memory is gone, with \(expected.count) open tasks, \(cases.count) open case\(cases.count == 1 ? "" : "s") and all their timers")
        let after = before + .minutes(4)
        house = try house.killedAndStartedAgain(rules: rules, at: after)
        let found = Dictionary(uniqueKeysWithValues: house.dispatcher.read { $0.openTasks }.map { ($0.id, $0) })
        let same = found == expected && house.dispatcher.read { $0.openCases } == cases
        let due = house.dispatcher.nextDue.map { $0 <= after } ?? false
        try house.dispatcher.advance(to: after)
        hearTheHouse()
        narrator.say(
            after, .crash,
            same
                ? "started again from the disk: \(found.count) open tasks and \(cases.count) case\(cases.count == 1 ? "" : "s"), each as it was\(due ? "; limits that passed meanwhile fire now" : "")"
                : "started again from the disk, and what is open is not what it was: \(found.count) tasks instead of \(expected.count)")
        if !same { ledger.fault("after the crash the open tasks were not those before it") }
    }

    // MARK: The end

    private func conclude() -> Outcome {
        let faults = ledger.check(sent: day.reports, applications: day.applications)
        narrator.say(house.dispatcher.now, .chapter, "\(house.dispatcher.now.rfc3339(in: Self.zone).dropFirst(11).prefix(5)): all is done")
        for line in DaySummary(ledger: ledger, open: open.count).lines { narrator.say(nil, .figures, line) }
        if faults.isEmpty {
            narrator.say(
                nil, .good,
                "\(day.reports.count) reports were sent, \(ledger.receipts[.duplicate, default: 0]) of them twice: each belongs to exactly one task\(ledger.answeredCount > 0 ? ", or was answered (\(ledger.answeredCount))" : ""), none is lost")
            narrator.say(nil, .good, "\(day.applications.count) applications: each is one case, completed; no crew was ever on more than it can do")
        } else {
            for fault in faults.prefix(20) { narrator.say(nil, .bad, fault) }
        }
        return Outcome(
            reports: day.reports.count, tasks: ledger.lines.values.count { $0.kase == nil }, own: ledger.own.count, suggested: ledger.suggested.values.joined().count,
            answered: ledger.answeredCount, joined: ledger.joinedCount,
            cases: ledger.cases.count, faults: faults)
    }
}

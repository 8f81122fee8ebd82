import API
import Decisions
import Domain
import Figures
import Glibc
import Inbox
import Rules
import Store

/// What the doors see of the daemon. Looks at tasks read the committed rows, never the loop's memory, so that a look can
/// neither hold up a decision nor see one that was not committed.
final class DaemonBackend: Backend {
    private let loop: Loop
    private let store: Store
    private let health: Health
    private let counters: Counters
    private let board: StatusBoard
    private let reloadRules: @Sendable () async -> ReloadAnswer
    private let clock: any WallClock
    private let spoolCounters: @Sendable () -> SpoolCounters?

    init(
        loop: Loop, store: Store, health: Health, counters: Counters, board: StatusBoard, clock: any WallClock,
        spoolCounters: @escaping @Sendable () -> SpoolCounters?, reload: @escaping @Sendable () async -> ReloadAnswer
    ) {
        self.loop = loop
        self.store = store
        self.health = health
        self.counters = counters
        self.board = board
        self.clock = clock
        self.spoolCounters = spoolCounters
        self.reloadRules = reload
    }

    func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt] {
        try await loop.submit(inputs)
    }

    func tasks(_ filter: TaskFilter) async throws -> [[UInt8]] {
        let rules = await rulesInForce()
        let now = clock.now()
        let found = try await store.tasks(filter)
        if found.isEmpty {
            // Tasks of a name that the rules no longer have are found all the same; where there are none, it may be a slip of the keys.
            let (crews, departments) = (rules.site.crews, rules.site.departments)
            if let name = filter.department, departments[name] == nil {
                throw Self.unknown("department", name.rawValue, among: departments.keys.map(\.rawValue), "give one of site.yaml (departments:)")
            }
            if let name = filter.crew, crews[name] == nil {
                throw Self.unknown("crew", name.rawValue, among: crews.keys.map(\.rawValue), "see 'paidan crews' for those of the roster")
            }
        }
        return found.map { $0.json(rules: rules, at: now) }
    }

    func task(_ id: TaskID) async throws -> [UInt8]? {
        guard let found = try await store.task(id) else { return nil }
        let calls = found.task.callers > 1 ? try await store.callers(of: id) : []
        return found.task.json(history: found.history.map(\.line), calls: calls, rules: await rulesInForce(), at: clock.now())
    }

    func report(_ id: String, source: SourceID?) async throws -> [[UInt8]] {
        let rules = await rulesInForce()
        let now = clock.now()
        var found: [[UInt8]] = []
        for receipt in try await store.receipts(of: id, source: source) {
            var tasks: [[UInt8]] = []
            var movedTo: TaskID?
            if receipt.kase == nil {
                var numbers = receipt.tasks
                // It may have joined another, been taken out of it, and been merged elsewhere since.
                if let now = try await store.incident(of: id, source: receipt.source), !numbers.contains(now) {
                    movedTo = now
                    // What it joined is somebody else's; what was made of it alone stays to be seen, merged.
                    numbers = receipt.answer == nil ? numbers + [now] : [now]
                }
                for task in numbers {
                    if let one = try await store.task(task) { tasks.append(one.task.json(history: one.history.map(\.line), rules: rules, at: now)) }
                }
            }
            let kase: [UInt8]? = if let number = receipt.kase { try await self.kase(number) } else { nil }
            var json = JSONWriter(capacity: 2_048)
            json.object { json in
                json.key("receipt")
                json.raw(receipt.json())
                json.key("tasks")
                json.array { json in for task in tasks { json.raw(task) } }
                json.field("moved_to", movedTo?.description)
                if let kase {
                    json.key("case")
                    json.raw(kase)
                }
            }
            found.append(json.bytes)
        }
        return found
    }

    func cases(_ filter: CaseFilter) async throws -> [[UInt8]] {
        let (rules, plans) = await loop.look { ($0.rules, $0.state.compiledPlans) }
        let now = clock.now()
        let found = try await store.cases(filter)
        if found.isEmpty, let name = filter.process, !rules.processes.contains(where: { $0.name == name }) {
            let names = rules.processes.map(\.name)
            throw Self.unknown("process", name, among: names, names.isEmpty ? "the rules in force have no process" : "give one of \(names.joined(separator: ", "))")
        }
        return found.map { $0.json(plan: plans[$0.plan], rules: rules, at: now) }
    }

    private static func unknown(_ parameter: String, _ value: String, among names: [String], _ remedy: String) -> UnknownName {
        // `hv_single` for `connections.hv_single`.
        let names = names.sorted()
        let parts = names.map { String($0.split(separator: ".").last ?? "") }
        let part = parts.contains(value) ? value : nearestName(to: value, among: parts)
        let isMeant = nearestName(to: value, among: names) ?? part.flatMap { part in names.first { $0 == part || $0.hasSuffix("." + part) } }
        return UnknownName(parameter: parameter, value: value, isMeant: isMeant, remedy: remedy)
    }

    func kase(_ id: CaseID) async throws -> [UInt8]? {
        guard let found = try await store.kase(id) else { return nil }
        let (rules, contractors) = await loop.look { ($0.rules, $0.state.contractors) }
        return found.row.json(
            plan: found.plan.map { rules.compiled($0) }, tasks: found.tasks, contractors: contractors, history: found.history.map(\.line), rules: rules, at: clock.now())
    }

    func why(_ id: TaskID) async throws -> [UInt8]? {
        guard let found = try await store.task(id) else { return nil }
        let rules = await rulesInForce()
        let zone = rules.site.zone
        var json = JSONWriter()
        json.object { json in
            json.key("task")
            json.raw(found.task.json(rules: rules, at: clock.now()))
            json.key("decisions")
            json.array { json in
                for line in found.history.map(\.line) {
                    // A hand needs no reasons, but it is part of why the task is where it is.
                    guard line.why != nil || line.event == .assigned else { continue }
                    json.object { json in
                        json.field("at", line.at.rfc3339(in: zone))
                        json.field("event", line.event.rawValue)
                        json.field("by", line.by)
                        json.field("crew", line.crew?.rawValue)
                        if line.event == .assigned {
                            json.field("department", line.department.rawValue)
                            json.field("note", line.note)
                        }
                        if let why = line.why {
                            json.key("why")
                            json.raw(why)
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    func crews() async throws -> [[UInt8]] {
        let (crews, zone) = await loop.look { ($0.state.crewStandings, $0.rules.site.zone) }
        let busy = try await store.tasks(TaskFilter(states: Set(TaskState.allCases.filter(\.occupiesAssignee)), limit: 100_000))
        var tasks: [CrewID: [TaskID]] = [:]
        for task in busy {
            if let crew = task.crew { tasks[crew, default: []].append(task.id) }
        }
        return crews.map { $0.json(tasks: tasks[$0.crew.id] ?? [], zone: zone) }
    }

    func devices(all: Bool) async throws -> [[UInt8]] {
        let (looks, zone) = await loop.look { ($0.telemetry.looks(all: all, limit: 100_000), $0.rules.site.zone) }
        return looks.map { $0.json(zone: zone) }
    }

    func device(_ id: DeviceID) async throws -> [UInt8]? {
        let (look, zone) = await loop.look { ($0.telemetry.look(at: id), $0.rules.site.zone) }
        return look?.json(zone: zone)
    }

    func districts() async throws -> [[UInt8]] {
        let (looks, zone) = await loop.look { dispatcher in
            let site = dispatcher.rules.site
            let looks = site.districts.values.sorted { $0.id < $1.id }.map { DistrictLook(dispatcher.state, dispatcher.telemetry, $0) }
            return (looks, site.zone)
        }
        return looks.map { $0.json(zone: zone) }
    }

    func contractors() async throws -> [[UInt8]] {
        let (site, records) = await loop.look { ($0.rules.site, $0.state.contractors) }
        let now = clock.now()
        return contractorStandings(site, records, at: now).map { $0.json(site, at: now) }
    }

    func customer(_ account: CustomerID) async throws -> [UInt8]? {
        guard let record = try await store.customer(account) else { return nil }
        let history = try await store.history(of: .customer(account))
        return record.json(history: history.map(\.line), at: clock.now(), zone: await rulesInForce().site.zone)
    }

    func outages(all: Bool) async throws -> [[UInt8]] {
        let zone = await rulesInForce().site.zone
        return try await store.outages(all: all).sorted { ($0.from, $0.id) < ($1.from, $1.id) }.map { $0.json(zone: zone) }
    }

    func figures(_ filter: FigureFilter) async throws -> FigureAnswer {
        let rules = await rulesInForce()
        let now = clock.now()
        var (since, until) = (now + .days(-30), now)
        for (name, text) in [("since", filter.since), ("until", filter.until)] {
            guard let text else { continue }
            do throws(TimeFault) {
                let instant = try Instant(since: text, now: now, zone: rules.site.zone)
                if name == "since" { since = instant } else { until = instant }
            } catch {
                return .refused(parameter: name, why: error.message, remedy: error.suggestion)
            }
        }
        guard since < until else {
            return .refused(parameter: filter.until == nil ? "since" : "until", why: "the time ends before it begins", remedy: "give an earlier since, or a later until")
        }
        // What ends in this very millisecond belongs to it.
        let end = filter.until == nil ? now + TimeSpan(milliseconds: 1) : until
        let report = try await store.figures(FigureRequest(since: since, until: end, now: now, rules: rules))
        switch filter.format {
        case .human: return .made(Array(report.text.utf8))
        case .json: return .made(report.json)
        case .html: return .made(Array(FigurePage.html(report).utf8))
        }
    }

    private func rulesInForce() async -> RuleSet { await loop.look { $0.rules } }

    func status() async -> [UInt8] {
        let snapshot = board.current
        let now = clock.now()
        // Counted when somebody asks: there is no index of it, and nobody else wants it.
        let (zone, overdueCases) = await loop.look { ($0.rules.site.zone, $0.state.overdueCaseCount(at: now)) }
        let notes = await notes()
        var json = JSONWriter()
        json.object { json in
            json.field("open", snapshot.open)
            json.field("overdue", snapshot.overdue)
            json.field("cases", snapshot.cases)
            json.field("overdue_cases", overdueCases)
            json.key("by_state")
            json.object { json in
                for state in TaskState.allCases where !state.isFinal {
                    json.key(named: state.rawValue)
                    json.int(snapshot.openByState[state] ?? 0)
                }
            }
            json.field("crews_on_duty", snapshot.crewsOnDuty)
            json.field("crews", snapshot.crews)
            json.field("inputs_last_minute", counters.inputsLastMinute(at: monotonicMilliseconds()))
            json.field("inputs_queued", loop.queue.depth)
            json.field("rules", snapshot.ruleCount)
            json.field("rules_hash", snapshot.rulesHash)
            json.field("time_zone", zone.name)
            json.field("rules_since", snapshot.rulesSince.rfc3339(in: zone))
            json.field("rules_warnings", snapshot.ruleWarnings)
            json.field("on_last_good_rules", snapshot.onLastGood)
            json.field("last_reload_successful", counters.values.lastReloadSucceeded)
            let complaints = health.complaints(now: monotonicMilliseconds()) + health.degradations()
            json.field("healthy", complaints.isEmpty)
            json.key("complaints")
            json.array { json in for complaint in complaints { json.string(complaint) } }
            json.key("notes")
            json.array { json in for note in notes { json.string(note) } }
        }
        return json.bytes
    }

    /// What somebody should look at by day, and nothing that stops the work.
    private func notes() async -> [String] {
        var notes: [String] = []
        if let span = store.erasesForMilliseconds, span >= Self.erasureMilliseconds {
            notes.append(
                "what was forgotten has stood in paidan.sqlite-wal for \(Message.length(TimeSpan(milliseconds: span))): a reader of the database is in the way, or its disk has no room; end long looks (figures, backups, sqlite3) or free some space"
            )
        }
        return notes
    }

    /// A look takes seconds.
    private static let erasureMilliseconds: Int64 = 60_000

    func reload() async -> ReloadAnswer { await reloadRules() }

    func health() async -> HealthAnswer {
        let complaints = health.complaints(now: monotonicMilliseconds())
        let degradations = health.degradations()
        return HealthAnswer(isHealthy: complaints.isEmpty && degradations.isEmpty, reasons: complaints + degradations)
    }

    func metrics() async -> [UInt8] {
        let complaints = health.complaints(now: monotonicMilliseconds())
        return MetricsText.render(
            counters.values, board: board.current, queuedInputs: loop.queue.depth,
            inputsLastMinute: counters.inputsLastMinute(at: monotonicMilliseconds()), isHealthy: complaints.isEmpty,
            spool: spoolCounters(),
            isWithoutRoom: health.pulse.isWithoutRoom, residentBytes: Self.residentBytes())
    }

    /// From /proc/self/statm, in bytes; 0 where there is none.
    static func residentBytes() -> Int64 {
        guard let bytes = try? readWholeFile("/proc/self/statm") else { return 0 }
        let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}

extension Loop: Intake {
    /// Waits until the inputs are committed.
    func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt] {
        guard !inputs.isEmpty else { return [] }
        let result: Result<[Receipt], IntakeRefusal> = await withCheckedContinuation { continuation in
            if let refusal = offer(inputs, answer: { continuation.resume(returning: $0) }) {
                continuation.resume(returning: .failure(refusal))
            }
        }
        return try result.get()
    }

    private func offer(_ inputs: [Input], answer: @escaping @Sendable (Result<[Receipt], IntakeRefusal>) -> Void) -> IntakeRefusal? {
        queue.offer(Submission(inputs: inputs, answer: answer))
    }
}

import Daemon
import Decisions
package import Domain
package import Rules
import Store

/// A large city lived through the daemon's core, each step by itself, so that whoever measures knows what each part costs: bytes are decoded, decided, committed
/// with their sync and answered as the loop does it, on a virtual clock. What makes up the city and its callers is not measured.
package final class LargeCityRun {
    /// What a moment is spent on.
    package enum Share: String, CaseIterable, Sendable {
        /// Readings: bytes to inputs; inputs to the state of devices and crossings; the receipts as they are sent back.
        case readingsDecoded, readingsFolded, readingsAnswered
        /// Positions: decoded and folded.
        case positions
        /// The commit of every second, in which nothing was decided: what devices show and where crews are, which go to the disk together.
        case checkpointed
        /// Reports, applications, what crews say, facts of customers, timers: decoded, decided, committed.
        case decoded, decided, committed
        /// Notices: looked for and their delivery told.
        case notices
    }

    package let city: MadeUpCity
    package let rules: RuleSet
    package let zone = TimeZoneRules.shanghai
    private let store: Store
    private let dispatcher: Dispatcher
    private var world: World
    private var meters: MeterLine?
    package private(set) var ledger: Ledger
    /// Seconds by the clock that was handed in.
    package private(set) var spent: [Share: Double] = [:]
    /// How many inputs of each kind: reading, position, other.
    package private(set) var counts: (readings: Int, positions: Int, others: Int, commits: Int, refused: Int) = (0, 0, 0, 0, 0)
    /// How long each decision took from its bytes to its receipt, by the second clock.
    package private(set) var waits: [Double] = []
    private var open: [TaskID: WorkTask] = [:]
    private var now: Instant
    private var said = 0
    private var hasNotices = false
    private let cpu: () -> Double
    private let wall: () -> Double
    /// Cases whose missing documents were handed in.
    private var told: Set<CaseID> = []

    /// - Parameters:
    ///   - cpu: what is added up in `spent`.
    ///   - wall: what `waits` are measured by.
    package init(city: MadeUpCity, rules: RuleSet, folder: String, at now: Instant, cpu: @escaping () -> Double, wall: @escaping () -> Double) throws {
        self.city = city
        self.rules = rules
        self.now = now
        self.cpu = cpu
        self.wall = wall
        store = try Store(directory: folder)
        dispatcher = try Dispatcher(store: store, rules: rules, at: now)
        for task in dispatcher.state.openTasks { open[task.id] = task }
        world = World(seed: city.seed, behaviour: .hotDay, zone: zone, crews: city.crews.map { ($0.id, $0.base) })
        ledger = Ledger(capacity: Dictionary(uniqueKeysWithValues: city.crews.map { ($0.id, $0.capacity) }))
    }

    package func close() throws { try store.close() }

    /// The shipped rules with the city's own roster and register, and a channel for crews, so that notices take their way through the store.
    package static func rules(of city: MadeUpCity) throws -> RuleSet {
        var source = try city.ruleSource()
        let files = source.files.map { file in
            guard file.name == "escalations.yaml" else { return file }
            let channels = "\nchannels:\n  crew_app:\n    command: [/bin/true]\ndefault_channel: crew_app\n"
            return RuleSource.File(name: file.name, bytes: file.bytes + Array(channels.utf8))
        }
        source = RuleSource(files: files)
        let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
        guard let set = compilation.set else { throw CityFault("the city's rules have errors:\n" + source.human(compilation.diagnostics)) }
        return set
    }

    package var openCount: Int { open.count }

    // MARK: Driving

    /// Hands in lines of one door, as many at once as it is given: customers from billing, say.
    package func load(_ lines: [[UInt8]]) async throws { try turn(lines) }

    /// Lives `seconds` from now on, second by second: what `day` says, what meters and crews send.
    ///
    /// - Parameters:
    ///   - meters: nil: no device sends.
    ///   - sendsPositions: each crew says where it is once a minute.
    package func live(
        _ day: LargeDay?, meters: MeterLine?, sendsPositions: Bool, seconds: Int, extra: (Int) -> [[UInt8]] = { _ in [] }
    ) async throws {
        for utterance in day?.utterances ?? [] { world.add(utterance) }
        self.meters = meters
        let start = now
        for second in 0..<seconds {
            let at = start + .seconds(Int64(second))
            try passTime(to: at)
            if let lines = gatewayLines(second) { try readings(lines) }
            if sendsPositions { try positions(second, at) }
            let facts = extra(second)
            if !facts.isEmpty { try turn(facts) }
            // What is said within the second, each at its own instant.
            let end = at + TimeSpan(milliseconds: 999)
            while let next = [world.nextAt, dispatcher.nextDue].compactMap({ $0 }).min(), next <= end {
                try passTime(to: max(now, next))
                let spoken = world.take(until: now)
                if !spoken.isEmpty { try turn(spoken.map(\.json), isTimed: true) }
            }
            if hasNotices { try await deliver() }
        }
    }

    private func passTime(to instant: Instant) throws {
        while let due = dispatcher.nextDue, due <= instant {
            now = max(now, due)
            try measured(.decided) { try dispatcher.decide(inputs: [], at: now) }
            _ = try commit()
        }
        now = max(now, instant)
    }

    private func measured<T>(_ share: Share, _ body: () throws -> T) rethrows -> T {
        let start = cpu()
        defer { spent[share, default: 0] += cpu() - start }
        return try body()
    }

    /// Commits what was decided, and takes in what came of it.
    private func commit(deliveries: [Delivery] = []) throws -> [Receipt] {
        let start = cpu()
        let batch = dispatcher.begin(deliveries: deliveries)
        if let batch { try store.commit(batch) }
        let result = dispatcher.settle()
        let taken = cpu() - start
        let isTelemetry = deliveries.isEmpty && result.entries.allSatisfy { if case .positions = $0.stimulus { true } else { false } }
        spent[isTelemetry ? .checkpointed : .committed, default: 0] += taken
        if batch != nil { counts.commits += 1 }
        hear(result)
        return result.receipts
    }

    private func turn(_ texts: [[UInt8]], isTimed: Bool = false) throws {
        let from = wall()
        let inputs = try measured(.decoded) { try texts.map { try InputCodec.decode($0, defaultSource: SourceID("city")) } }
        try measured(.decided) { try dispatcher.decide(inputs: inputs, at: now) }
        let receipts = try commit()
        if isTimed { waits.append(wall() - from) }
        counts.others += texts.count
        counts.refused += receipts.count { $0.status == .rejected || $0.status == .conflict }
    }

    private func gatewayLines(_ second: Int) -> [[UInt8]]? {
        guard let gateways = meters?.gateways(atSecond: second) else { return nil }
        let all = gateways.compactMap { meters?.lines(of: $0, seconds: second) }
        return all.isEmpty ? nil : all
    }

    /// Requests of gateways: bytes in, receipts out.
    private func readings(_ requests: [[UInt8]]) throws {
        for request in requests {
            let inputs = try measured(.readingsDecoded) {
                var splitter = RecordSplitter(.lines)
                request.withUnsafeBytes { splitter.append($0) }
                splitter.finish()
                var inputs: [Input] = []
                inputs.reserveCapacity(MeterLine.devicesEach)
                while let record = splitter.next() { inputs.append(try InputCodec.decode(record.bytes, defaultSource: SourceID("scada"), line: record.line)) }
                return inputs
            }
            counts.readings += inputs.count
            try measured(.readingsFolded) { try dispatcher.decide(inputs: inputs, at: now) }
            let receipts = try commit()
            measured(.readingsAnswered) {
                var writer = JSONWriter(capacity: receipts.count * 96)
                for receipt in receipts {
                    receipt.write(to: &writer)
                    writer.newline()
                }
            }
            counts.refused += receipts.count { $0.status != .accepted }
        }
    }

    /// Each crew in its own second of the minute.
    private func positions(_ second: Int, _ at: Instant) throws {
        var texts: [[UInt8]] = []
        for number in stride(from: second % 60, to: city.crews.count, by: 60) {
            guard let here = world.place(of: city.crews[number].id, at: at) else { continue }
            said += 1
            var json = JSONWriter(capacity: 192)
            json.object {
                $0.field("kind", "crew")
                $0.field("id", "gps-\(at.milliseconds / 1_000)-\(number)")
                $0.field("source", "gps")
                $0.field("crew", city.crews[number].id.rawValue)
                $0.key("place")
                $0.object {
                    $0.field("lat", here.latitude)
                    $0.field("lon", here.longitude)
                }
                $0.field("at", at.rfc3339(in: zone))
            }
            texts.append(json.bytes)
        }
        guard !texts.isEmpty else { return }
        counts.positions += texts.count
        try measured(.positions) {
            let inputs = try texts.map { try InputCodec.decode($0, defaultSource: SourceID("gps")) }
            try dispatcher.decide(inputs: inputs, at: now)
        }
        _ = try commit()
    }

    // MARK: What the house says

    private func hear(_ result: Dispatcher.Result) {
        guard !result.entries.isEmpty else { return }
        ledger.note(result.entries)
        for entry in result.entries {
            for change in entry.decision.changes {
                switch change {
                case .task(_, let after): open[after.id] = after.state.isFinal ? nil : after
                case .kase(_, let after) where !after.missing.isEmpty && told.insert(after.id).inserted: handIn(after)
                default: break
                }
            }
        }
        for entry in result.entries {
            for notice in entry.decision.notices {
                if notice.channel != nil { hasNotices = true }
                world.hear(notice, task: open[notice.task], at: now)
                if notice.event == .dispatched, let task = open[notice.task], task.isDesk { sit(at: task) }
            }
        }
    }

    /// Desk work takes its time.
    private func sit(at task: WorkTask) {
        said += 1
        let at = now + .minutes(Int64(10 + said % 50))
        var json = JSONWriter()
        json.object {
            $0.field("kind", "progress")
            $0.field("id", "desk-\(said)-\(task.id)")
            $0.field("source", "desk")
            $0.field("task", task.id.description)
            $0.field("event", "complete")
            $0.field("by", "duty engineer Lin")
            $0.field("outcome", "done")
        }
        world.add(Utterance(at: at, kind: .progress(.complete), id: "desk-\(said)", json: json.bytes))
    }

    /// What an applicant had forgotten.
    private func handIn(_ kase: WorkCase) {
        said += 1
        var json = JSONWriter()
        json.object {
            $0.field("kind", "case")
            $0.field("id", "papers-\(kase.id)")
            $0.field("source", "counter")
            $0.field("case", kase.id.description)
            $0.field("event", "documents")
            $0.key("documents")
            $0.array { for paper in kase.missing { $0.string(paper) } }
            $0.field("by", "counter")
        }
        world.add(Utterance(at: now + .minutes(40), kind: .document, id: "papers-\(kase.id)", json: json.bytes))
    }

    /// The outbox's part of the store: what is due is found, and its delivery is told. The programs of the channels are not here.
    private func deliver() async throws {
        let start = cpu()
        let page = try await store.dueNotices(at: now)
        spent[.notices, default: 0] += cpu() - start
        hasNotices = page.due.count == 256
        guard !page.due.isEmpty else { return }
        let deliveries = page.due.map { Delivery(row: $0.row, attemptsBefore: $0.attempts, at: now, outcome: .delivered) }
        let before = spent[.committed, default: 0]
        _ = try commit(deliveries: deliveries)
        let taken = spent[.committed, default: 0] - before
        spent[.committed, default: 0] -= taken
        spent[.notices, default: 0] += taken
    }
}

extension Behaviour {
    /// A hot day of a large city: short works, everybody says each step, and where they are is said by their devices.
    package static let hotDay = Behaviour(
        rejects: 0.03, silent: 0.02, answer: .seconds(15)...(.seconds(110)), setOff: .minutes(1)...(.minutes(3)), kilometresPerHour: 40...50, fixes: nil,
        confirms: 0.6, saysEachStep: true,
        service: .byCategory(["line_down": .minutes(35)...(.minutes(80)), "sparking": .minutes(20)...(.minutes(50))], otherwise: .minutes(10)...(.minutes(30))))
}

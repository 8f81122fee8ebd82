// Rule tests: each is a small life, lived through the same decisions as the daemon's, on a clock of its own.
//
//    report ──▶ decide ──▶ expect ──▶ (time passes: every timer at its own instant) ──▶ a step's action ──▶ decide ──▶ expect ──▶ …
//
// A test ends at the first moment that is not as expected: what comes after would only repeat it. It is then lived once more with
// traces, for the reasons. A report or a step that the daemon would refuse ends it too.

import Domain
package import Rules

package enum RuleTests {
    /// So much may fall due in one test.
    static let ticksMax = 20_000

    /// Reads the tests of `source` and lives them with the rules of `set`. Pure; the same for the same arguments.
    ///
    /// - Parameter only: module files whose tests are wanted (`faults.yaml`); nil: all.
    package static func run(_ source: RuleSource, in set: RuleSet, only: Set<String>? = nil) -> RuleTestReport {
        run(RuleTestReader.read(source, in: set, only: only), in: set)
    }

    /// Lives tests that were read. `observe` gets what each came to, in their order.
    package static func run(_ suite: RuleTestSuite, in set: RuleSet, observe: (RuleTest, RuleTestTrail) -> Void = { _, _ in }) -> RuleTestReport {
        var houses = TestHouses(set)
        var outcomes: [RuleTestOutcome] = []
        outcomes.reserveCapacity(suite.tests.count)
        var told = ToldMisses()
        for test in suite.tests {
            var life = TestLife(test, houses.house(for: test)) { set.route($0, tracing: false) }
            let isPassed = life.live() == nil
            if !isPassed {
                // Once more, with the reasons.
                var again = TestLife(test, houses.house(for: test)) { set.route($0, tracing: true) }
                for miss in again.live()?.misses ?? [] { told.add(miss, test, at: again.elapsed) }
            }
            outcomes.append(RuleTestOutcome(name: test.name, file: test.file, line: test.line, isPassed: isPassed))
            observe(test, life.trail)
        }
        told.tell(suite)
        return RuleTestReport(outcomes: outcomes, skipped: suite.skipped, diagnostics: suite.diagnostics)
    }
}

/// What did not hold. A test whose report has lists is many, and they mostly fail alike: that is told once.
private struct ToldMisses {
    private struct Key: Hashable {
        var place: RuleTestPlace
        var text: String
    }

    private var order: [(miss: TestLife.Miss, test: RuleTest, elapsed: TimeSpan)] = []
    private var counts: [Key: Int] = [:]

    mutating func add(_ miss: TestLife.Miss, _ test: RuleTest, at elapsed: TimeSpan) {
        let key = Key(place: miss.place, text: miss.text)
        counts[key, default: 0] += 1
        if counts[key] == 1 { order.append((miss, test, elapsed)) }
    }

    func tell(_ suite: RuleTestSuite) {
        for (miss, test, elapsed) in order {
            let others = (counts[Key(place: miss.place, text: miss.text)] ?? 1) - 1
            suite.fail(miss.place, miss.code, RuleTestWording.headline(test, at: elapsed, others: others) + miss.text)
        }
    }
}

/// One test's life.
struct TestLife {
    /// An expectation that does not hold.
    struct Miss {
        var place: RuleTestPlace
        var code: RuleTestCode
        var text: String
    }

    /// Why a life ended early.
    struct End: Error {
        var misses: [Miss]
    }

    private let test: RuleTest
    private let rules: RuleSet
    private let route: (RouteSubject) -> RouteResult
    private var state: DispatchState
    private var now: Instant
    private(set) var trail = RuleTestTrail()
    /// The tasks of each report, in the order of the reports.
    private var tasks: [[TaskID]] = []
    /// What each was told.
    private var receipts: [Receipt] = []
    /// The case that each has opened.
    private var caseOf: [CaseID?] = []
    private var cases: [CaseID: WorkCase] = [:]
    private var rows: [TaskID: WorkTask] = [:]
    /// Why a task went where it went last, in the form of `Explanation`.
    private var why: [TaskID: [UInt8]] = [:]
    /// Who was told since the step before that it gets late, or that nobody goes.
    private var told: Set<String> = []
    private var sent = 0
    private var ticks = 0
    /// The customer that the test is about.
    private var customer: CustomerRecord?
    /// What was suggested since the step before.
    private var suggested: Set<String> = []
    /// The entries of `tasks` that are no report but an outage.
    private var outageEntries: Set<Int> = []
    /// nil until a device shows something.
    private var telemetry: Telemetry?
    /// The route of each report of `tasks`, in the trail; nil: nothing was reported.
    private var routeOf: [Int?] = []

    init(_ test: RuleTest, _ house: TestHouse, route: @escaping (RouteSubject) -> RouteResult) {
        self.test = test
        self.route = route
        rules = house.rules
        state = house.state
        now = test.start
    }

    /// Since the beginning.
    var elapsed: TimeSpan { now - test.start }

    /// nil: everything came as expected.
    mutating func live() -> End? {
        do throws(End) {
            for outage in test.outages { _ = try input(.outage(outage.signal), SourceID("test"), Findings(), at: outage.place) }
            // What is known at the beginning was told before.
            told = []
            if let report = test.report {
                try take(report)
            } else if let outage = test.outage {
                try begin(outage)
            } else {
                try take(test.readings)
            }
            try check(test.expect, about: 0, of: nil, isWhole: true)
            for step in test.steps {
                told = []
                suggested = []
                try pass(step.after, step.place)
                try act(step)
                var isWhole = false
                if case .report? = step.action { isWhole = true }
                if case .readings? = step.action { isWhole = true }
                try check(step.expect, about: step.about, of: step.task, isWhole: isWhole)
            }
            return nil
        } catch {
            return error
        }
    }

    // MARK: What happens

    private mutating func decide(_ stimulus: Stimulus) -> Decision {
        var routes: [(RouteSubject, RouteResult)] = []
        let route = route
        let decision = Decisions.decide(&state, rules: rules, stimulus: stimulus, at: now) { subject in
            let result = route(subject)
            routes.append((subject, result))
            return result
        }
        trail.routes += routes.map { (subject: $0.0, result: $0.1) }
        telemetry?.note(decision)
        if let marks = telemetry?.marks { trail.watches.formUnion(marks) }
        for change in decision.changes {
            switch change {
            case .task(_, let after): rows[after.id] = after
            case .kase(let before, let after):
                cases[after.id] = after
                mark(before, after)
            case .customer(_, let after): if let after, after.id == customer?.id { customer = after }
            case .district(let before, let after): fell(before, after)
            case .crew, .lastTask, .forget, .lastCase, .plan, .outage, .calls, .contractor: break
            }
        }
        for line in decision.history {
            if let reason = line.why, line.event != .created { why[line.task] = reason }
            if line.event == .queued {
                if line.kase != nil, let stage = rows[line.task]?.task {
                    trail.stages.insert(StageMark(process: line.rule, stage: stage, kind: .waited))
                } else {
                    trail.waited.insert(line.rule)
                }
            }
            if line.event == .crew_lent { trail.watches.insert(WatchMark(rule: line.rule, kind: .raised)) }
            if line.event == .crew_returned { trail.watches.insert(WatchMark(rule: line.rule, kind: .cleared)) }
            if line.event == .stage_failed, let stage = line.note?.split(separator: " ").first {
                trail.stages.insert(StageMark(process: line.rule, stage: String(stage), kind: .failed))
            }
        }
        for line in decision.history where line.event == .customer_suggested {
            if let task = line.note?.split(separator: " ").last { suggested.insert(String(task)) }
        }
        for line in decision.history {
            switch line.event {
            case .outage_told: trail.outages.insert(.told(line.rule))
            case .outage_short_notice: trail.outages.insert(.shortNotice)
            case .outage_overlap: trail.outages.insert(.overlap)
            case .outage_overrun: trail.outages.insert(.overrun)
            case .outage_ended where !line.rule.isEmpty: trail.outages.insert(.givenUp)
            default: break
            }
        }
        for case .customer(_, let after?) in decision.changes { trail.held.formUnion(after.held) }
        for notice in decision.notices where notice.event == .escalated || notice.event == .unassigned || notice.event == .customer_alert || notice.event.isOfOutage {
            told.insert(notice.to)
            let ladder = rows[notice.task]?.escalate ?? notice.kase.flatMap { cases[$0]?.escalate }
            if notice.event == .escalated, let percent = notice.percent, let ladder {
                trail.rungs.insert(RuleTestTrail.ToldRung(ladder: ladder, percent: percent))
            }
        }
        return decision
    }

    /// A district that was in need is so no more, and had not been for as long as the rule asks.
    private mutating func fell(_ before: DistrictRecord?, _ after: DistrictRecord) {
        for need in before?.needs ?? [] where !after.needs.contains(where: { $0.rule == need.rule }) {
            guard let rule = rules.lending.first(where: { $0.name == need.rule }), now - need.since < rule.span else { continue }
            trail.watches.insert(WatchMark(rule: need.rule, kind: .fell))
        }
    }

    /// What a case's stages went through, for coverage.
    private mutating func mark(_ before: WorkCase?, _ after: WorkCase) {
        for stage in after.stages {
            let was = before?.stages.first { $0.name == stage.name }
            if stage.rounds > was?.rounds ?? 0 { trail.stages.insert(StageMark(process: after.process, stage: stage.name, kind: .begun)) }
            if stage.state == .skipped, was?.state != .skipped { trail.stages.insert(StageMark(process: after.process, stage: stage.name, kind: .skipped)) }
        }
    }

    private mutating func input(_ body: InputBody, _ source: SourceID, _ findings: Findings, at place: RuleTestPlace) throws(End) -> Receipt {
        sent += 1
        let input = Input(key: InputKey(source: source, id: "test-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
        let decision = decide(.input(input, findings))
        tellOfOutages()
        guard let receipt = decision.receipt else {
            // Can't be: an input always gets one.
            throw End(misses: [Miss(place: place, code: .refused, text: RuleTestWording.refused(nil))])
        }
        guard receipt.status == .accepted else { throw End(misses: [Miss(place: place, code: .refused, text: RuleTestWording.refused(receipt.reason))]) }
        return receipt
    }

    private mutating func take(_ report: RuleTest.TestReport) throws(End) {
        var body = report.report
        var findings = Findings()
        if let facts = test.facts {
            var account = CustomerID("test-customer")
            if case .string(let name)? = facts["account"] { account = CustomerID(name) }
            if body.customer == nil { body.customer = account }
            if body.customer == account || facts["account"] == nil {
                let id = body.customer ?? account
                if customer?.id != id {
                    customer = CustomerRecord(id: id, revision: 1, facts: facts)
                    customer?.isBilled = true
                }
                findings.customer = customer
            }
        }
        let route = trail.routes.count
        let receipt = try input(.report(body), report.source, findings, at: report.place)
        tasks.append(receipt.tasks)
        receipts.append(receipt)
        if let rule = receipt.rule, receipt.answer != nil, !receipt.tasks.isEmpty { trail.joined.insert(rule) }
        caseOf.append(receipt.kase)
        routeOf.append(route)
    }

    /// An outage in place of a report.
    private mutating func begin(_ outage: RuleTest.Outage) throws(End) {
        let receipt = try input(.outage(outage.signal), SourceID("control"), Findings(), at: outage.place)
        outageEntries.insert(tasks.count)
        tasks.append([])
        receipts.append(receipt)
        caseOf.append(nil)
        routeOf.append(nil)
    }

    /// What is due of outages; the customer of the test is the only one that there is.
    private mutating func tellOfOutages() {
        while let (id, areas) = state.outageToTell(at: now) {
            var record = customer
            if record == nil, let facts = test.facts {
                record = CustomerRecord(id: CustomerID("test-customer"), facts: facts)
                if case .string(let name)? = facts["account"] { record?.id = CustomerID(name) }
            }
            let isThere = record?.servedArea.map { areas.contains($0) } ?? false
            _ = decide(.notices(id, isThere ? record.map { [$0.served] } ?? [] : []))
        }
    }

    /// Each reading at its instant; what devices report by them are the reports of this entry.
    private mutating func take(_ readings: [RuleTest.TestReading]) throws(End) {
        if telemetry == nil {
            let all = [test.readings] + test.steps.map { if case .readings(let readings)? = $0.action { readings } else { [] } }
            telemetry = Telemetry(rules: rules, dates: Set(all.flatMap { $0.flatMap(\.devices) }), at: now)
            telemetry?.marks = []
        }
        tasks.append([])
        receipts.append(Receipt(id: "", source: Telemetry.source, status: .accepted))
        caseOf.append(nil)
        routeOf.append(nil)
        for reading in readings {
            try pass(reading.after, reading.place)
            for device in reading.devices {
                sent += 1
                let body = Reading(device: device, quantity: reading.quantity, value: reading.value, unit: reading.unit, at: now)
                let receipt = telemetry?.take(
                    Input(key: InputKey(source: SourceID("scada"), id: "test-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: .reading(body)), at: now)
                guard let receipt, receipt.status == .accepted else {
                    throw End(misses: [Miss(place: reading.place, code: .refused, text: RuleTestWording.refused(receipt?.reason))])
                }
            }
            try settle(reading.place)
        }
        if let marks = telemetry?.marks { trail.watches.formUnion(marks) }
    }

    /// Decides what devices have reported.
    private mutating func settle(_ place: RuleTestPlace) throws(End) {
        while let inputs = telemetry?.crossings(at: now), !inputs.isEmpty {
            for input in inputs {
                let route = trail.routes.count
                guard let receipt = decide(.input(input, Findings())).receipt else { continue }
                telemetry?.decided(input, receipt)
                guard receipt.status == .accepted else {
                    throw End(misses: [Miss(place: place, code: .refused, text: RuleTestWording.refused(receipt.reason))])
                }
                guard case .report = input.body, let last = tasks.indices.last else { continue }
                tasks[last] += receipt.tasks
                if routeOf[last] == nil { receipts[last] = receipt }
                if let rule = receipt.rule, receipt.answer != nil, !receipt.tasks.isEmpty { trail.joined.insert(rule) }
                caseOf[last] = caseOf[last] ?? receipt.kase
                routeOf[last] = routeOf[last] ?? route
            }
        }
    }

    /// The case that a report has opened, as it stands.
    private func kase(_ number: Int) -> WorkCase? { caseOf.indices.contains(number) ? caseOf[number].flatMap { cases[$0] } : nil }

    /// What a report came to: its tasks; those of its case's stages, in the order in which they began.
    private func allRows(_ number: Int) -> [WorkTask] {
        if let kase = kase(number) { return rows.values.filter { $0.kase == kase.id }.sorted { $0.id < $1.id } }
        return (tasks.indices.contains(number) ? tasks[number] : []).compactMap { rows[$0] }
    }

    private mutating func act(_ step: RuleTest.Step) throws(End) {
        switch step.action {
        case nil: break
        case .report(let report): try take(report)
        case .readings(let readings): try take(readings)
        case .outage(let outage): _ = try input(.outage(outage.signal), SourceID("control"), Findings(), at: outage.place)
        case .crew(let crew, let onDuty, let coordinate):
            _ = try input(.crew(CrewSignal(crew: crew, onDuty: onDuty, coordinate: coordinate)), SourceID("test"), Findings(), at: step.place)
        case .progress(var progress):
            let row = try row(about: reported(step.about), of: step.task, at: step.place)
            progress.task = row.id
            _ = try input(.progress(progress), SourceID("crew-app"), Findings(finished: row.state.isFinal ? FinishedTask(row.state, outcome: row.outcome) : nil), at: step.place)
        case .kase(var signal):
            guard let kase = kase(reported(step.about)) else {
                throw End(misses: [Miss(place: step.place, code: .unmetExpectation, text: RuleTestWording.noCase)])
            }
            signal.id = kase.id
            _ = try input(.kase(signal), SourceID("counter"), Findings(finishedCase: kase.state.isFinal ? kase.state : nil), at: step.place)
        }
    }

    /// Lets time pass: every timer fires at its own instant.
    private mutating func pass(_ span: TimeSpan, _ place: RuleTestPlace) throws(End) {
        let target = now + span
        while let due = [state.nextDue, telemetry?.nextDue].compactMap({ $0 }).min(), due <= target {
            now = max(now, due)
            try settle(place)
            _ = decide(.tick)
            tellOfOutages()
            ticks += 1
            guard ticks <= RuleTests.ticksMax else {
                throw End(misses: [Miss(place: place, code: .endless, text: RuleTestWording.endless(RuleTests.ticksMax))])
            }
        }
        now = target
        state.advance(to: now)
    }

    // MARK: What is expected

    private func row(about number: Int, of kind: String?, at place: RuleTestPlace) throws(End) -> WorkTask {
        let all = allRows(number)
        if kase(number) != nil {
            // A stage that was done again has several tasks: the last counts.
            let named = all.filter { kind == nil || $0.task == kind }
            if let row = named.last(where: { !$0.state.isFinal && $0.state != .completed }) ?? named.last { return row }
        }
        if let row = kind.map({ kind in all.first { $0.task == kind } }) ?? all.first { return row }
        throw End(misses: [Miss(place: place, code: .unmetExpectation, text: RuleTestWording.noTask(kind, all))])
    }

    /// - Parameter isWhole: the expectation is of all that a report came to, not of one of its tasks.
    private func check(_ expected: RuleTest.Expected?, about wanted: Int, of kind: String?, isWhole: Bool) throws(End) {
        guard let expected else { return }
        if outageEntries.contains(wanted) {
            let misses = (expected.tasks.first ?? []).compactMap { missOfOutage($0) }
            if !misses.isEmpty || expected.isNone { throw End(misses: expected.isNone ? [Miss(place: expected.place, code: .unmetExpectation, text: RuleTestWording.onlyTold)] : misses) }
            return
        }
        let number = expected.isNone ? wanted : reported(wanted)
        // After readings of which nothing came, another report is meant, unless a rule is wanted.
        let wantsReport = isWhole && expected.tasks.contains { $0.contains { if case .rule = $0.what { true } else { false } } }
        if !expected.isNone, routeOf.indices.contains(number), routeOf[number] == nil || number != wanted && wantsReport {
            throw End(misses: [Miss(place: expected.place, code: .unmetExpectation, text: RuleTestWording.nothingReported)])
        }
        let all = allRows(number)
        var misses = (expected.tasks.first ?? []).compactMap { missOfCustomer($0) }
        if !misses.isEmpty { throw End(misses: misses) }
        if receipts.indices.contains(number), all.isEmpty, receipts[number].answer != nil, let rule = receipts[number].rule {
            misses = (expected.tasks.first ?? []).compactMap { miss($0, answeredBy: rule, number) }
            if !misses.isEmpty { throw End(misses: misses) }
            return
        }
        if let kase = kase(number), !expected.isList {
            let facts = expected.tasks.first ?? []
            misses = facts.compactMap { miss($0, kase, number) }
            let ofTask = facts.filter { fact in
                switch fact.what {
                case .rule: false
                case .told: !all.isEmpty
                default: !fact.what.isOfCase
                }
            }
            if misses.isEmpty, !ofTask.isEmpty {
                // Of a stage that was just completed there is nothing more to expect: what it let begin is meant.
                let isOpen = { (row: WorkTask) in !row.state.isFinal && row.state != .completed }
                let named = all.last { (kind == nil || $0.task == kind) && isOpen($0) } ?? all.last(where: isOpen)
                let row: WorkTask
                if let named { row = named } else { row = try self.row(about: number, of: kind, at: expected.place) }
                misses = self.misses(ofTask, row, number)
            }
        } else if expected.isList || isWhole && kind == nil {
            guard all.count == expected.tasks.count else {
                throw End(misses: [
                    Miss(place: expected.place, code: .unmetExpectation, text: RuleTestWording.count(all, wanted: expected.tasks.count, isList: expected.isList))
                ])
            }
            for (row, facts) in zip(all, expected.tasks) { misses += self.misses(facts, row, number) }
        } else {
            let row = try row(about: number, of: kind, at: expected.place)
            misses = self.misses(expected.tasks.first ?? [], row, number)
        }
        if !misses.isEmpty { throw End(misses: misses) }
    }

    /// Of an outage there is one thing to expect: who is told.
    private func missOfOutage(_ expectation: RuleTest.Expectation) -> Miss? {
        guard case .told(let recipients) = expectation.what else {
            return Miss(place: expectation.place, code: .unmetExpectation, text: RuleTestWording.onlyTold)
        }
        let names = Set(recipients.map { name(of: $0, nil) })
        return names == told ? nil : Miss(place: expectation.place, code: .unmetExpectation, text: RuleTestWording.toldOfOutage(wanted: names, told: told))
    }

    /// What is expected of the customer whose report it is.
    private func missOfCustomer(_ expectation: RuleTest.Expectation) -> Miss? {
        func miss(_ what: String, _ wanted: String, _ is: String) -> Miss {
            Miss(place: expectation.place, code: .unmetExpectation, text: RuleTestWording.ofCustomer(what, wanted: wanted, is: `is`, held: customer?.held ?? []))
        }
        func list(_ names: Set<String>) -> String { RuleTestWording.list(names.sorted()) }
        switch expectation.what {
        case .tier(let tier): return customer?.tier == tier ? nil : miss("the tier", tier ?? "none", customer?.tier ?? "none")
        case .flags(let flags): return Set(customer?.flags ?? []) == flags ? nil : miss("what is noted", list(flags), list(Set(customer?.flags ?? [])))
        case .manager(let manager):
            return customer?.manager == manager ? nil : miss("the account manager", manager?.rawValue ?? "none", customer?.manager?.rawValue ?? "none")
        case .suggested(let tasks): return suggested == tasks ? nil : miss("what is suggested", list(tasks), list(suggested))
        case .rule, .task, .priority, .crew, .contractor, .department, .skills, .within, .escalate, .state, .limit, .told, .shared, .answer, .joined, .callers, .kase, .open,
            .skipped, .missing:
            return nil
        }
    }

    /// What is expected of a report that was answered.
    private func miss(_ expectation: RuleTest.Expectation, answeredBy rule: String, _ number: Int) -> Miss? {
        func miss(_ text: String) -> Miss { Miss(place: expectation.place, code: .unmetExpectation, text: text) }
        let answer = rules.answer(ofRule: rule) ?? ""
        switch expectation.what {
        case .rule(let wanted):
            if rule == wanted { return nil }
            let subject = subject(number)
            let verdict = wanted == "fallback" ? nil : subject.map { rules.verdict(on: wanted, $0) }
            return miss(RuleTestWording.rule(wanted: wanted, is: rule, rules, verdict: verdict, subject: subject))
        case .answer(let wanted): return wanted == answer ? nil : miss(RuleTestWording.answer(wanted: wanted, is: answer, by: rule))
        case .joined(nil), .tier, .flags, .manager, .suggested: return nil
        case .told(let recipients): return recipients.isEmpty && told.isEmpty ? nil : miss(RuleTestWording.answered(rule, answer))
        case .task, .priority, .crew, .contractor, .department, .skills, .within, .escalate, .state, .limit, .shared, .kase, .open, .skipped, .missing, .joined, .callers:
            return miss(RuleTestWording.answered(rule, answer))
        }
    }

    /// Readings of which no report came stand for the one that came before, or else for the first.
    private func reported(_ number: Int) -> Int {
        guard routeOf.indices.contains(number), routeOf[number] == nil else { return number }
        return routeOf[..<number].lastIndex { $0 != nil } ?? routeOf.firstIndex { $0 != nil } ?? number
    }

    /// What the rules were asked about.
    private func subject(_ number: Int) -> RouteSubject? {
        let route = routeOf.indices.contains(number) ? routeOf[number] : nil
        return route.flatMap { trail.routes.indices.contains($0) ? trail.routes[$0].subject : nil }
    }

    /// What is expected of a case as a whole, or of the rule that opened it.
    private func miss(_ expectation: RuleTest.Expectation, _ kase: WorkCase, _ number: Int) -> Miss? {
        func miss(_ what: String, _ wanted: String, _ is: String) -> Miss {
            Miss(place: expectation.place, code: .unmetExpectation, text: RuleTestWording.ofCase(what, wanted: wanted, is: `is`, kase))
        }
        func stages(_ state: StageState) -> Set<String> { Set(kase.stages.filter { $0.state == state }.map(\.name)) }
        func list(_ names: Set<String>) -> String { RuleTestWording.list(kase.stages.map(\.name).filter(names.contains) + names.subtracting(kase.stages.map(\.name)).sorted()) }
        switch expectation.what {
        case .rule(let rule):
            if kase.process == rule { return nil }
            let subject = subject(number)
            let verdict = rule == "fallback" ? nil : subject.map { rules.verdict(on: rule, $0) }
            return Miss(
                place: expectation.place, code: .unmetExpectation,
                text: RuleTestWording.rule(wanted: rule, is: kase.process, rules, verdict: verdict, subject: subject))
        case .kase(let state): return kase.state == state ? nil : miss("the case", state.rawValue, kase.state.rawValue)
        case .open(let names): return stages(.open) == names ? nil : miss("open", list(names), list(stages(.open)))
        case .skipped(let names): return stages(.skipped) == names ? nil : miss("skipped", list(names), list(stages(.skipped)))
        case .missing(let codes):
            return Set(kase.missing) == codes ? nil : miss("missing", RuleTestWording.list(codes.sorted()), RuleTestWording.list(kase.missing))
        case .limit(.total, let length):
            return kase.total?.length == length ? nil : miss("total", length?.ruleText ?? "none", kase.total?.length.ruleText ?? "none")
        case .told(let recipients) where allRows(number).isEmpty:
            let names = Set(recipients.map { self.name(of: $0, nil) })
            return names == told ? nil : miss("who is told", RuleTestWording.list(names.sorted()), RuleTestWording.list(told.sorted()))
        case .joined(nil), .tier, .flags, .manager, .suggested: return nil
        case .task, .priority, .crew, .contractor, .department, .skills, .within, .escalate, .state, .limit, .told, .shared, .answer, .joined, .callers: return nil
        }
    }

    /// Another rule makes another task: then all else that differs follows from it.
    private func misses(_ facts: [RuleTest.Expectation], _ row: WorkTask, _ number: Int) -> [Miss] {
        for fact in facts {
            if case .rule = fact.what, let miss = miss(fact, row, number) { return [miss] }
        }
        return facts.compactMap { miss($0, row, number) }
    }

    private func miss(_ expectation: RuleTest.Expectation, _ row: WorkTask, _ number: Int) -> Miss? {
        func miss(_ text: @autoclosure () -> String) -> Miss { Miss(place: expectation.place, code: .unmetExpectation, text: text()) }
        func made(_ what: String, _ wanted: String, _ is: String) -> Miss { miss(RuleTestWording.made(what, wanted: wanted, is: `is`, by: row, rules)) }
        switch expectation.what {
        case .rule(let rule):
            if row.rule == rule { return nil }
            let subject = subject(number)
            let verdict = rule == "fallback" ? nil : subject.map { rules.verdict(on: rule, $0) }
            return miss(RuleTestWording.rule(wanted: rule, is: row.rule, rules, verdict: verdict, subject: subject))
        case .task(let task): return row.task == task ? nil : made("task", task, row.task)
        case .priority(let priority): return row.priority == priority ? nil : made("priority", priority.rawValue, row.priority.rawValue)
        case .department(let id): return row.department == id ? nil : made("department", id.rawValue, row.department.rawValue)
        case .skills(let skills):
            return Set(row.skills) == skills ? nil : made("skills", RuleTestWording.list(skills.sorted()), RuleTestWording.list(row.skills))
        case .within(let metres):
            return row.within == metres ? nil : made("within", RuleTestWording.reach(metres), RuleTestWording.reach(row.within))
        case .escalate(let ladder): return row.escalate == ladder ? nil : made("escalate", ladder ?? "none", row.escalate ?? "none")
        case .limit(let name, let length):
            let found = row.clock(name)?.length
            return found == length ? nil : made(name.rawValue, length?.ruleText ?? "none", found?.ruleText ?? "none")
        case .crew(let crew): return row.crew == crew ? nil : miss(RuleTestWording.crew(wanted: crew, row, why: why[row.id]))
        case .contractor(let contractor):
            return row.contractor == contractor ? nil : miss(RuleTestWording.contractor(wanted: contractor, row, why: why[row.id]))
        case .state(let state): return row.state == state ? nil : miss(RuleTestWording.state(wanted: state, row, why: why[row.id]))
        case .told(let recipients):
            let names = Set(recipients.map { self.name(of: $0, row) })
            return names == told ? nil : miss(RuleTestWording.told(wanted: names, told: told, row))
        case .shared(let departments):
            return Set(row.shared) == departments
                ? nil : made("shared", RuleTestWording.list(departments.sorted()), RuleTestWording.list(row.shared))
        case .answer(let name):
            return name == nil ? nil : miss(RuleTestWording.answer(wanted: name, is: nil, by: row.rule))
        case .joined(let rule):
            let found = receipts.indices.contains(number) && receipts[number].answer != nil ? receipts[number].rule : nil
            return found == rule ? nil : miss(RuleTestWording.joined(wanted: rule, is: found, row))
        case .callers(let count): return Int(row.callers) == count ? nil : made("callers", "\(count)", "\(row.callers)")
        case .tier, .flags, .manager, .suggested: return nil
        case .kase, .open, .skipped, .missing: return miss(RuleTestWording.noCase)
        }
    }

    /// The name under which a notice goes out.
    private func name(of recipient: RuleTest.TestRecipient, _ row: WorkTask?) -> String {
        switch recipient {
        case .departmentHead: row.map { rules.site.departments[$0.department]?.head?.rawValue ?? $0.department.rawValue } ?? "department.head"
        case .role(let role): rules.site.roles[role]?.person?.rawValue ?? role.rawValue
        case .named(let name): name
        }
    }
}

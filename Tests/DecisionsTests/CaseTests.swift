import Domain
import Rules
import Testing

@testable import Decisions

/// Applications from the counter to filing, through `decide`, with rules as an operator writes them.
@Suite struct CaseTests {
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, application, complaint]
          category: [new_connection, no_power, service]
          document:
            identity: { zh: 身份证明, en: Proof of identity }
            site_plan: { zh: 平面图, en: Plan of the site }
          skill: [survey]
        fields:
          report:
            needs_works: yes/no
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          marketing: { name: 营销, head: u-101 }
        crews:
          s: { department: operations, base: { lat: 28.0, lon: 120.0 }, skills: [survey] }
        roles:
          duty_manager: { person: u-900 }
          am-7: { person: u-707 }
        calendar:
          2026: { holidays: [12-25] }
          2027: {}
        escalations:
          late:
            - { at: 50%, tell: assignee }
            - { at: 100%, tell: duty_manager }
        """

    static let connections = """
        module: connections
        takes: report.type == "application"
        processes:
          - name: hv
            zh: 高压新装
            en: New connection
            documents: [identity, site_plan]
            limits: { total: 5 working days }
            escalate: late
            stages:
              - name: acceptance
                zh: 受理
                en: Acceptance
                assign: { department: marketing }
                limits: { stage: 1 working day }
                tell: customer
              - name: survey
                after: [acceptance]
                assign: { nearest: crew, skills: [survey], otherwise: { department: operations } }
              - name: scheme
                after: [survey]
                assign: { account_manager: true, department: marketing }
              - name: own_works
                after: [scheme]
                clock: stopped
                publish: { contractors: qualified }
              - name: grid_works
                after: [scheme]
                when: report.fields.needs_works
                assign: { department: operations }
              - name: inspection
                after: [own_works, grid_works]
                assign: { department: operations }
                failed: { back_to: own_works }
                tell: customer
        """

    static let complaints = """
        module: complaints
        takes: report.type == "complaint"
        route:
          - name: any
            task: settle
            assign: { department: marketing }
            limits: { reply: 5 working days }
        """

    /// A Monday.
    static let start = try! Instant(rfc3339: "2026-11-23T09:00:00+08:00")  // A constant of the test.

    /// A life with compiled rules.
    struct Office {
        var rules: RuleSet
        var state: DispatchState
        var now = CaseTests.start
        var sent = 0
        var last = Decision()

        init(_ connections: String = CaseTests.connections, site: String = CaseTests.site) throws {
            rules = try Office.rules(connections, site: site)
            state = DispatchState(tasks: [], crews: [], lastTask: nil, rules: rules, at: now)
        }

        static func rules(_ connections: String = CaseTests.connections, site: String = CaseTests.site) throws -> RuleSet {
            let files = [("complaints.yaml", CaseTests.complaints), ("connections.yaml", connections), ("site.yaml", site)]
            let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
            let compilation = RuleCompiler.compile(source, proves: false) { $0 == "Asia/Shanghai" ? .shanghai : nil }
            return try #require(compilation.set, "\(source.human(compilation.diagnostics))")
        }

        @discardableResult
        mutating func send(_ body: InputBody, _ findings: Findings = Findings()) -> Receipt {
            sent += 1
            let input = Input(key: InputKey(source: SourceID("counter"), id: "a-\(sent)"), digest: ContentDigest(high: 0, low: UInt64(sent)), body: body)
            last = decide(&state, rules: rules, stimulus: .input(input, findings), at: now)
            return last.receipt ?? Receipt(id: "", source: SourceID(""), status: .rejected)
        }

        mutating func apply(documents: [String] = ["identity", "site_plan"], customer: CustomerFacts? = nil) -> Receipt {
            var report = Report(type: "application", category: "new_connection", place: Place(coordinate: Coordinate(latitude: 28.01, longitude: 120.0)))
            report.documents = documents
            report.customer = customer?.customer
            return send(.report(report), Findings(customer: customer))
        }

        var kase: WorkCase? { state.openCases.first }

        /// The open stages, as the case has them.
        var open: [String] { (kase?.stages ?? []).filter { $0.state == .open }.map(\.name) }

        @discardableResult
        mutating func done(_ stage: String, outcome: String? = nil, fields: [String: FieldValue] = [:]) -> Receipt {
            guard let task = kase?.stages.first(where: { $0.name == stage })?.task else { return Receipt(id: stage, source: SourceID("no task"), status: .rejected) }
            var progress = Progress(task: task, event: .complete, by: "zhang", outcome: outcome)
            progress.fields = fields
            return send(.progress(progress))
        }

        @discardableResult
        mutating func say(_ event: CaseEvent, _ documents: [String] = [], of id: CaseID? = nil, finished: CaseState? = nil) -> Receipt {
            send(
                .kase(CaseSignal(id: id ?? kase?.id ?? .none, event: event, documents: documents, by: "li")), Findings(finishedCase: finished))
        }

        mutating func pass(until text: String) throws -> [String] {
            let target = try Instant(rfc3339: text)
            var told: [String] = []
            while let due = state.nextDue, due <= target {
                now = max(now, due)
                last = decide(&state, rules: rules, stimulus: .tick, at: now)
                told += last.notices.filter { $0.event == .escalated }.map { "\(now.rfc3339(in: .shanghai).prefix(16)) \($0.to) \($0.limit?.rawValue ?? "") \($0.percent ?? 0)%" }
            }
            now = target
            state.advance(to: now)
            return told
        }

        func due(_ name: LimitName = .total) -> String? { kase?.total?.due?.rfc3339(in: .shanghai) }
        var texts: [String] { last.notices.compactMap { $0.text?.english } }
    }

    @Test func fromTheCounterToFiling() throws {
        var office = try Office()
        let receipt = office.apply()
        #expect(receipt.status == .accepted && receipt.kase == CaseID(day: 20_261_123, number: 1) && receipt.tasks.count == 1 && receipt.rule == "connections.hv")
        #expect(office.open == ["acceptance"])
        #expect(office.due() == "2026-11-30T23:59:59+08:00")
        #expect(
            office.texts == [
                "Your application (New connection) is registered as C-20261123-1.",
                "C-20261123-1: Acceptance has begun, with the department marketing, by 24 November 2026.",
            ])
        office.done("acceptance")
        #expect(office.open == ["survey"] && office.texts == ["C-20261123-1: Acceptance is done."])
        let survey = try #require(office.kase?.stages[1].task.flatMap { office.state.task($0) })
        #expect(survey.crew == CrewID("s") && survey.kase == receipt.kase)
        office.done("survey", fields: ["needs_works": .bool(false)])
        office.done("scheme")
        #expect(office.open == ["own_works"] && office.kase?.stages[4].state == .skipped)
        #expect(office.kase?.total?.state == .stopped)
        office.done("own_works")
        #expect(office.kase?.total?.state == .running)
        #expect(office.done("inspection", outcome: "failed").status == .accepted)
        #expect(office.open == ["own_works"] && office.kase?.stages[3].rounds == 2)
        office.done("own_works")
        #expect(office.kase?.stages[5].rounds == 2)
        office.done("inspection")
        #expect(office.kase == nil && office.last.history.last?.event == .case_completed)
        let finished = try #require(office.last.changes.compactMap { if case .kase(_, let row) = $0 { row } else { nil } }.last)
        #expect(finished.state == .completed && finished.total?.state == .reached && finished.total?.isOverdue(at: office.now) == false)
        // What comes after is refused, and says why.
        let late = office.say(.documents, ["identity"], of: finished.id, finished: .completed)
        #expect(late.status == .rejected && late.reason?.contains("completed and filed") == true)
    }

    @Test func theClockDoesNotBeginBeforeTheLastDocument() throws {
        var office = try Office()
        let receipt = office.apply(documents: ["identity"])
        #expect(receipt.tasks == [] && office.kase?.missing == ["site_plan"] && office.kase?.total?.state == .waiting)
        #expect(office.last.notices.map(\.event) == [.case_opened, .documents_missing])
        #expect(office.last.notices.last?.text?.chinese == "申请 C-20261123-1 还缺少以下资料：平面图。请一次补齐，办理时限自补齐之日起计算。")
        #expect(try office.pass(until: "2026-11-30T10:00:00+08:00") == [])
        let unknown = office.say(.documents, ["site_plam"])
        #expect(unknown.status == .rejected && unknown.reason?.contains("did you mean 'site_plan'?") == true)
        #expect(office.say(.documents, ["site_plan"]).tasks.count == 1)
        #expect(office.open == ["acceptance"] && office.due() == "2026-12-07T23:59:59+08:00")
        // Sent again, nothing changes.
        #expect(office.say(.documents, ["site_plan"]).status == .accepted && office.last.changes.isEmpty)
    }

    @Test func theClockStandsStillInTheCustomersOwnWorksAndWhileSuspended() throws {
        var office = try Office()
        _ = office.apply()
        for stage in ["acceptance", "survey", "scheme"] { office.done(stage) }
        #expect(try office.pass(until: "2027-01-15T10:00:00+08:00") == [], "the customer builds, and nobody is called late")
        office.done("own_works")
        // Nothing had gone by: this day, which closes with the clock running, is the first of five.
        #expect(office.due() == "2027-01-21T23:59:59+08:00")
        #expect(office.say(.suspend).status == .accepted)
        #expect(office.kase?.state == .suspended && office.kase?.total?.state == .stopped)
        let task = try #require(office.kase?.stages[5].task)
        #expect(office.state.task(task)?.state == .suspended)
        #expect(try office.pass(until: "2027-02-01T10:00:00+08:00") == [])
        #expect(office.say(.resume).status == .accepted)
        #expect(office.state.task(task)?.state == .dispatched && office.due() == "2027-02-05T23:59:59+08:00")
    }

    @Test func theLadderOfTheWholeIsClimbed() throws {
        var office = try Office()
        _ = office.apply()
        let told = try office.pass(until: "2026-12-02T00:00:00+08:00")
        // The stage's one working day: half of it, and its end; the whole's five.
        #expect(told.filter { $0.contains("total") } == ["2026-11-26T11:59 marketing total 50%", "2026-11-30T23:59 u-900 total 100%"])
        #expect(told.filter { $0.contains("stage") }.count == 2)
        #expect(office.state.overdueCaseCount(at: office.now) == 1)
    }

    @Test func withdrawnCasesLeaveNoTasks() throws {
        var office = try Office()
        _ = office.apply()
        let id = try #require(office.kase?.id)
        #expect(office.say(.withdraw).status == .accepted)
        #expect(office.kase == nil && office.state.openTasks.isEmpty)
        #expect(office.last.notices.contains { $0.event == .withdrawn && $0.to == "marketing" })
        #expect(office.say(.resume, of: id, finished: .withdrawn).reason?.contains("was withdrawn") == true)
    }

    @Test func aStageIsNeitherCancelledNorDoneTwice() throws {
        var office = try Office()
        _ = office.apply()
        let task = try #require(office.kase?.stages[0].task)
        let cancelled = office.send(.progress(Progress(task: task, event: .cancel, by: "zhang")))
        #expect(cancelled.status == .rejected && cancelled.reason?.contains("paidan case C-20261123-1 withdraw") == true)
        office.done("acceptance")
        let survey = office.kase?.stages[1].task
        // A stage that is done is past: closed at once, and out of the tables of what is open.
        #expect(office.state.task(task) == nil)
        let past = Findings(finished: FinishedTask(.closed, outcome: "done"))
        let again = office.send(.progress(Progress(task: task, event: .complete, by: "zhang")), past)
        #expect(again.status == .accepted && again.remarks == ["\(task) is closed already: nothing changed"])
        var other = Progress(task: task, event: .complete, by: "zhang")
        other.outcome = "failed"
        #expect(office.send(.progress(other), past).reason?.contains("closed already, with the outcome 'done': it can't become 'failed'") == true)
        #expect(office.last.changes.isEmpty && office.kase?.stages[1].task == survey)
        // Out of order: a stage that waits has no task yet that could be completed.
        #expect(office.kase?.stages[2].task == nil)
        // What the customer says on the telephone can't open a stage again: the case has gone on.
        var callback = Progress(task: task, event: .callback, by: "zhang")
        callback.solved = false
        #expect(office.send(.progress(callback), past).reason?.contains("send a report about it") == true)
        // Fields that nobody declared, and fields of a task that is no stage.
        let slip = office.done("survey", fields: ["needs_work": .bool(true)])
        #expect(slip.status == .rejected && slip.reason?.contains("did you mean 'needs_works'?") == true)
    }

    /// One slip of the keys must not pass an inspection.
    @Test func onlyAStageWithAWayBackFailsAndOnlyByThatWord() throws {
        var office = try Office()
        _ = office.apply()
        let cannot = office.done("acceptance", outcome: "failed")
        #expect(cannot.status == .rejected && cannot.reason?.contains("the stage 'acceptance' of C-20261123-1 can't fail") == true)
        #expect(office.done("acceptance", outcome: "faild").reason?.contains("looks like it") == true)
        for stage in ["acceptance", "survey", "scheme", "own_works"] { office.done(stage, outcome: "done") }
        #expect(office.open == ["inspection"])
        let words = office.done("inspection", outcome: "不合格")
        #expect(words.status == .rejected && words.reason?.contains("its outcome is 'done' or 'failed'; what there is to say goes into 'note'") == true)
        for slip in ["faild", "Failed", "FAILED"] {
            let receipt = office.done("inspection", outcome: slip)
            #expect(receipt.status == .rejected && receipt.reason?.contains("did you mean 'failed'?") == true, "\(slip)")
        }
        #expect(office.open == ["inspection"])
        let task = try #require(office.kase?.stages[5].task)
        #expect(office.done("inspection", outcome: "failed").status == .accepted && office.open == ["own_works"])
        // What was said once is not said otherwise later; the same again is nothing new.
        let past = Findings(finished: FinishedTask(.closed, outcome: "failed"))
        let again = office.send(.progress(Progress(task: task, event: .complete, by: "zhang", outcome: "failed")), past)
        #expect(again.status == .accepted && office.last.changes.isEmpty)
        let other = office.send(.progress(Progress(task: task, event: .complete, by: "zhang", outcome: "done")), past)
        #expect(other.status == .rejected && other.reason?.contains("closed already, with the outcome 'failed'") == true)
    }

    @Test func nobodyWorksOnASuspendedCase() throws {
        var office = try Office()
        _ = office.apply()
        let task = try #require(office.kase?.stages[0].task)
        #expect(office.say(.suspend).status == .accepted)
        #expect(office.say(.suspend).remarks == ["C-20261123-1 is suspended already: nothing changed"])
        for event in [ProgressEvent.resume, .complete, .accept, .assign] {
            var said = Progress(task: task, event: event, by: "zhang")
            if event == .assign { said.to = "operations" }
            let receipt = office.send(.progress(said))
            #expect(receipt.status == .rejected && receipt.reason?.contains("resume the case first ('paidan case C-20261123-1 resume')") == true, "\(event)")
        }
        #expect(office.say(.resume).status == .accepted && office.done("acceptance").status == .accepted)
    }

    /// What is announced is what will come, by what is known today.
    @Test func whatWouldBeSkippedIsNotAnnounced() throws {
        var office = try Office()
        _ = office.apply()
        for stage in ["acceptance", "survey"] { office.done(stage) }
        func next() throws -> [String] {
            let row = try #require(office.kase)
            return row.next(try #require(office.state.compiledPlans[row.plan]), at: office.now)
        }
        #expect(try next() == ["own_works"])
        var known = CaseSignal(id: try #require(office.kase?.id), event: .documents, by: "li")
        known.fields = ["needs_works": .bool(true)]
        #expect(office.send(.kase(known)).status == .accepted)
        #expect(try next() == ["own_works", "grid_works"])
    }

    /// A date that has passed is not promised, and one beyond the calendar is not certain.
    @Test func deadlinesAreSaidAsTheyAre() throws {
        var office = try Office()
        _ = office.apply()
        func english(at time: String) throws -> String {
            let row = try #require(office.kase)
            let tasks = Dictionary(uniqueKeysWithValues: office.state.openTasks.map { ($0.id, $0) })
            return ProgressText(office.rules).of(row, office.state.compiledPlans[row.plan], tasks, at: try Instant(rfc3339: time)).english
        }
        #expect(try english(at: "2026-11-23T10:00:00+08:00").contains("Acceptance: with the department marketing, by 24 November 2026."))
        #expect(try english(at: "2026-11-26T10:00:00+08:00").contains("due by 24 November 2026, which has passed"))
        var later = try Office(Self.connections.replacing("limits: { stage: 1 working day }", with: "limits: { stage: 400 working days }"))
        _ = later.apply()
        let task = try #require(later.state.openTasks.first)
        #expect(ProgressText(later.rules).of(task, at: later.now).english.contains("(that year's public holidays are not known yet)"))
    }

    /// A spreadsheet says yes and 是; a case never changes over to the process that would have taken it.
    @Test func wordsForYesAndAnotherProcess() throws {
        var office = try Office(Self.connections.replacing("processes:\n", with: """
            processes:
              - name: works
                takes: report.fields.needs_works
                stages:
                  - name: one
                    assign: { department: operations }

            """))
        var report = Report(type: "application", category: "new_connection")
        report.fields = ["needs_works": .string("是")]
        #expect(office.send(.report(report)).rule == "connections.works")
        report.fields = ["needs_works": .string("maybe")]
        #expect(office.send(.report(report)).reason?.contains("send true or false (in a spreadsheet also yes, no, 是, 否)") == true)
        report.fields = [:]
        let other = office.send(.report(report))
        #expect(other.rule == "connections.hv")
        var known = CaseSignal(id: try #require(other.kase), event: .documents, by: "li")
        known.fields = ["needs_works": .bool(true)]
        #expect(office.send(.kase(known)).remarks.contains { $0.contains("the process connections.works would have taken it") })
    }

    /// What a stage came to decides which follow; and so does how often something was done.
    @Test func conditionsOfStagesSeeTheCase() throws {
        let rules = Self.connections
            .replacing("when: report.fields.needs_works", with: "when: case.outcome.survey.startsWith(\"extend\") && case.age >= duration(\"0s\")")
            .replacing("        failed: { back_to: own_works }\n", with: """
                    failed: { back_to: own_works }
                  - name: fee
                    after: [inspection]
                    when: case.rounds > 1 && case.outcome.inspection == "done"
                    assign: { department: marketing }

            """)
        for (outcome, works) in [("extend the line", ["grid_works", "own_works"]), ("done", ["own_works"])] {
            var office = try Office(rules)
            _ = office.apply()
            office.done("acceptance")
            office.done("survey", outcome: outcome)
            office.done("scheme")
            #expect(office.open.sorted() == works, "\(outcome)")
            for stage in works { office.done(stage) }
            guard works.count == 1 else {
                // Passed at once: no fee.
                office.done("inspection", outcome: "done")
                #expect(office.kase == nil)
                continue
            }
            office.done("inspection", outcome: "failed")
            office.done("own_works")
            office.done("inspection", outcome: "done")
            #expect(office.open == ["fee"])
        }
    }

    @Test func theAccountManagerHasIt() throws {
        var office = try Office()
        _ = office.apply(customer: CustomerFacts(customer: CustomerID("330"), facts: ["account_manager": .string("am-7"), "tier": .string("vip"), "name": .string("x")]))
        #expect(office.kase?.facts["name"] == nil, "no personal data in the case")
        for stage in ["acceptance", "survey"] { office.done(stage) }
        let scheme = try #require(office.kase?.stages[2].task.flatMap { office.state.task($0) })
        #expect(scheme.person == RoleID("am-7") && scheme.department == DepartmentID("marketing") && scheme.tier == "vip")
        #expect(office.last.notices.contains { $0.event == .dispatched && $0.to == "u-707" })
    }

    // MARK: An edited process

    private static let edited = connections.replacing("      - name: survey\n", with: "      - name: payment\n        after: [acceptance]\n        assign: { department: marketing }\n      - name: survey\n")
        .replacing("limits: { total: 5 working days }", with: "limits: { total: 8 working days }")

    @Test func aCaseFinishesAsItBeganUnlessItIsMigrated() throws {
        var office = try Office()
        _ = office.apply()
        _ = office.apply()
        let ids = office.state.openCases.map(\.id)
        office.rules = try Office.rules(Self.edited)
        office.done("acceptance")
        #expect(office.open == ["survey"], "the first case goes by what it began with")
        let migrated = office.say(.migrate, of: ids[1])
        #expect(migrated.status == .accepted && office.last.history.contains { $0.event == .case_migrated })
        let second = try #require(office.state.kase(ids[1]))
        #expect(second.stages.map(\.name).contains("payment") && second.stages.first { $0.name == "acceptance" }?.state == .open)
        #expect(second.total?.length == .workingDays(8) && second.total?.due?.rfc3339(in: .shanghai) == "2026-12-03T23:59:59+08:00")
        let again = office.say(.migrate, of: ids[1])
        #expect(again.status == .accepted && office.last.changes.isEmpty)
        // Both wordings are kept as long as cases go by them, and a new one begins by the new.
        #expect(office.state.compiledPlans.mapValues(\.plan).count == 2)
        // The first is at its survey, and the new process has none.
        office.rules = try Office.rules(Self.connections.replacing("survey\n", with: "look\n").replacing("after: [survey]", with: "after: [look]"))
        let refused = office.say(.migrate, of: ids[0])
        #expect(refused.status == .rejected && refused.reason?.contains("its stage 'survey' is open and the new process has none of that name") == true)
        office.rules = try Office.rules("module: connections\n")
        #expect(office.say(.migrate, of: ids[0]).reason?.contains("the rules in force have no process 'connections.hv'") == true)
        office.done("survey")
        #expect(office.open == ["scheme"], "it goes on without its module")
    }

    @Test func aFieldThatTheSiteTookOutLetsTheStageBeDone() throws {
        var office = try Office()
        _ = office.apply()
        for stage in ["acceptance", "survey"] { office.done(stage) }
        office.rules = try Office.rules("module: connections\n", site: Self.site.replacing("    needs_works: yes/no", with: "    other: yes/no"))
        office.done("scheme")
        #expect(office.open == ["own_works", "grid_works"])
        #expect(office.last.remarks.contains { $0.kind == .condition_failed && $0.text.contains("'grid_works'") })
    }

    @Test func anEditedCalendarMovesTheDeadlines() throws {
        var office = try Office()
        _ = office.apply()
        #expect(office.due() == "2026-11-30T23:59:59+08:00")
        office.rules = try Office.rules(site: Self.site.replacing("holidays: [12-25]", with: "holidays: [11-26, 12-25]"))
        office.last = decide(&office.state, rules: office.rules, stimulus: .rules(office.rules.hash), at: office.now)
        #expect(office.due() == "2026-12-01T23:59:59+08:00")
    }

    // MARK: Complaints

    @Test func aComplaintIsSharedWithWhomItConcerns() throws {
        var office = try Office()
        _ = office.apply()
        let kase = try #require(office.kase?.id)
        office.done("acceptance")
        func about(_ what: String) -> [String] {
            var report = Report(type: "complaint", category: "service")
            report.about = what
            let receipt = office.send(.report(report))
            let task = receipt.tasks.first.flatMap { office.state.task($0) }
            return (task?.shared ?? []).map(\.rawValue)
        }
        #expect(about("s") == ["operations"])
        #expect(office.last.notices.contains { $0.event == .shared && $0.to == "operations" })
        #expect(about(kase.description) == ["operations"], "the survey is with operations; marketing has the complaint itself")
        #expect(office.last.history.contains { $0.event == .case_concerned && $0.kase == kase && ($0.note ?? "").hasSuffix(", settle") }, "the case's own history says so")
        #expect(about("T-20261123-2") == ["operations"])
        #expect(office.last.history.contains { $0.event == .concerned && $0.task.number == 2 })
        #expect(about("T-20261123-1") == [] && !office.last.remarks.contains { $0.kind == .register_unknown }, "a finished task is still what it is about")
        #expect(about("T-20261123-999") == [] && office.last.remarks.contains { $0.text.contains("T-20261123-999, is a number that no task has got yet") })
        #expect(office.last.receipt?.remarks.contains { $0.contains("no task has got yet") } == true)
        #expect(about("somebody") == [] && office.last.remarks.contains { $0.kind == .register_unknown && $0.text.contains("'somebody'") })
    }

    @Test func aComplaintThatIsNotSettledIsOpenAgain() throws {
        var office = try Office()
        let task = try #require(office.send(.report(Report(type: "complaint", category: "service"))).tasks.first)
        _ = try office.pass(until: "2026-11-24T09:00:00+08:00")
        office.send(.progress(Progress(task: task, event: .complete, by: "marketing")))
        #expect(office.state.task(task)?.clock(.reply)?.state == .reached)
        _ = try office.pass(until: "2026-11-24T15:00:00+08:00")
        var callback = Progress(task: task, event: .callback, by: "operations")
        callback.satisfaction = 2
        callback.solved = false
        #expect(office.send(.progress(callback)).status == .accepted)
        let open = try #require(office.state.task(task))
        #expect(open.state == .dispatched && open.reopened == 1 && open.satisfaction == 2 && open.completedAt == nil)
        #expect(open.clock(.reply)?.state == .running && open.clock(.reply)?.due?.rfc3339(in: .shanghai) == "2026-11-30T23:59:59+08:00")
        #expect(office.last.history.map(\.event) == [.called_back, .reopened, .dispatched])
        office.send(.progress(Progress(task: task, event: .complete, by: "marketing")))
        callback.solved = nil
        callback.satisfaction = 5
        callback.by = "caller"
        #expect(office.send(.progress(callback)).status == .accepted && office.state.task(task) == nil)
        let closed = try #require(office.last.changes.compactMap { if case .task(_, let row) = $0 { row } else { nil } }.last)
        #expect(closed.state == .closed && closed.satisfaction == 5 && closed.completedAt == office.now)
        // Where its time went: a day and six hours on the desk in all, of which the six after it was called done do not count.
        #expect(closed.spent.dispatched == 24 * 3_600_000 && closed.spent.queued == 0)
    }
}

import Domain
import Rules
import Testing

@testable import Decisions

/// Which contractor gets works that the utility pays for.
@Suite struct AwardTests {
    // MARK: Turns

    private static func roster(_ tiers: [String]) -> String {
        let entries = tiers.indices.map { "  c-\($0 + 10):\n    works: [line]\n" }.joined()
        return "module: contractors\nworks:\n  line: {}\n  cable: {}\ncontractors:\n\(entries)ratings:\n  tiers: { A: 90, B: 80, C: 60, D: 0 }\n  share: { A: 3, B: 2, C: 1 }\n  at_least: 1\n"
    }

    /// Who has had how many jobs, counted with fractions instead of counters.
    private struct Twin {
        var shares: [Int]
        var ratings: [Int32]
        var had: [Int]

        mutating func next() -> Int {
            var best = -1
            for i in shares.indices where shares[i] > 0 {
                guard best >= 0 else {
                    best = i
                    continue
                }
                // (had + 1) / share, compared without a division.
                let a = (had[i] + 1) * shares[best]
                let b = (had[best] + 1) * shares[i]
                if a < b || a == b && ratings[i] > ratings[best] { best = i }
            }
            had[best] += 1
            return best
        }
    }

    @Test(arguments: [["A", "B", "C"], ["A", "A", "B", "B", "B", "C", "C", "C", "C", "D"], ["C", "A", "D", "C"], ["B", "B", "A", "D"], ["D", "C", "C", "A", "A", "A", "A"]])
    func sharesAreThoseOfTheTiers(_ tiers: [String]) throws {
        var yard = try Yard(Self.roster(tiers))
        var dice = SplitMix(state: 42)
        let points: [String: Int32] = ["A": 92, "B": 82, "C": 65, "D": 10]
        for (i, tier) in tiers.enumerated() { yard.score("c-\(i + 10)", jobs: 1, points[tier]! + Int32(dice.below(5))) }
        #expect(yard.standing == tiers.enumerated().map { "c-\($0 + 10) \($1)" })
        let shares = tiers.map { ["A": 3, "B": 2, "C": 1, "D": 0][$0]! }
        var twin = Twin(shares: shares, ratings: tiers.indices.map { yard.record("c-\($0 + 10)")!.rating! }, had: shares.map { _ in 0 })
        let total = tiers.count < 4 || tiers.count > 8 ? 6_000 : 840
        let sum = shares.reduce(0, +)
        for number in 1...total {
            yard.report()
            let task = try #require(yard.state.openTasks.last)
            #expect(task.contractor == ContractorID("c-\(twin.next() + 10)"), "job \(number)")
            yard.send(.progress(Progress(task: task.id, event: .complete, by: task.contractor?.rawValue)))
            yard.send(.progress(Progress(task: task.id, event: .close, by: "u-301")))
            guard number % sum == 0 else { continue }
            // Whenever all the turns have gone round, everybody has had exactly its share.
            for i in tiers.indices { #expect(twin.had[i] == number / sum * shares[i], "job \(number)") }
        }
        for (i, share) in shares.enumerated() {
            let record = try #require(yard.record("c-\(i + 10)"))
            #expect(abs(Double(record.awarded) - Double(total * share) / Double(sum)) <= 1, "\(record.id)")
            #expect(record.done == record.awarded)
            if share == 0 { #expect(record.awarded == 0) }
        }
    }

    /// Whoever comes, or comes back, takes turns like the others from then on: it is not given all that they had meanwhile.
    @Test func nobodyIsFlooded() throws {
        var yard = try Yard(Self.roster(["B", "B", "B"]))
        yard.decide(.tick)
        yard.happen(.suspend, to: "c-12", until: yard.now + .days(30))
        for _ in 0..<100 { yard.report() }
        #expect(yard.record("c-12")?.awarded == 0)
        yard.pass(.days(30))
        _ = yard.read()
        for _ in 0..<9 { yard.report() }
        #expect(yard.state.openTasks.suffix(9).map { $0.contractor!.rawValue }.sorted() == ["c-10", "c-10", "c-10", "c-11", "c-11", "c-11", "c-12", "c-12", "c-12"])
        // A newcomer comes onto the roster.
        try yard.reload(Self.roster(["B", "B", "B", "B"]))
        for _ in 0..<8 { yard.report() }
        #expect(yard.record("c-13")?.awarded == 2)
    }

    // MARK: Who can have it

    @Test func theOneWhoseTurnItIsGetsItAndTheReasonsAreKept() throws {
        var yard = try Yard()
        yard.score("c-1", jobs: 3, 95)
        yard.score("c-2", jobs: 3, 20)
        _ = yard.read()
        yard.report()
        #expect(
            yard.read() == [
                "1 created", "1 dispatched: contractor c-1, awarded by operations", "1 → c-1 dispatched (hook)",
            ])
        let task = try #require(yard.task())
        #expect(task.state == .dispatched && task.isDesk && task.contractor == ContractorID("c-1") && task.department == DepartmentID("operations") && task.crew == nil)
        let why = yard.last.history.last?.why.map { String(decoding: $0, as: UTF8.self) }
        #expect(
            why == """
                {"works":"line","licence":"install","level":3,"chosen":"c-1","contractors":[\
                {"contractor":"c-1","tier":"A","rating":95.0,"share":3,"turn":0.0,"licence_until":"2030-12-31","verdict":"chosen"},\
                {"contractor":"c-3","tier":"B","share":2,"turn":0.0,"licence_until":"2030-12-31","verdict":"later"},\
                {"contractor":"c-2","tier":"D","rating":20.0,"share":0,"turn":0.0,"licence_until":"2026-12-31","verdict":"no_share"}]}
                """)
        yard.happen(.suspend, to: "c-3")
        yard.happen(.exclude, to: "c-2")
        yard.report("lay_cable")
        let verdicts = try JSONValue.parse(yard.last.history.last?.why ?? [])["contractors"]?.array?.map { "\($0["contractor"]?.string ?? "") \($0["verdict"]?.string ?? "")" }
        // Level 3 does not do for cables, whatever else holds.
        #expect(verdicts == ["c-1 chosen", "c-2 other_works", "c-3 no_licence"])
        #expect(ProgressText(yard.rules).of(task, at: yard.now).chinese == "已派给施工单位，无固定时限。")
    }

    @Test func whoDoesNotTakeItPassesItOn() throws {
        var yard = try Yard()
        yard.decide(.tick)
        yard.report()
        _ = yard.read()
        #expect(yard.say(.reject, by: "c-1", note: "no men free").status == .accepted)
        #expect(yard.read() == ["1 rejected by c-1: c-1; no men free", "1 dispatched: contractor c-2, awarded by operations", "1 → c-2 dispatched"])
        yard.pass(.hours(4))
        #expect(yard.read() == ["1 accept_timeout: c-2", "1 dispatched: contractor c-3, awarded by operations", "1 → c-2 withdrawn", "1 → c-3 dispatched"])
        yard.say(.reject, by: "operations")
        #expect(yard.read() == ["1 rejected by operations: c-3", "1 all_declined", "1 → c-3 withdrawn", "1 → u-301 unassigned"])
        #expect(yard.task()?.state == .queued && yard.task()?.passedBy.count == 3)
        #expect(["c-1", "c-2", "c-3"].map { yard.record($0)?.awarded } == [0, 0, 0])
        // They have had their turns: it begins with everybody anew.
        yard.pass(.minutes(10))
        #expect(yard.read() == ["1 dispatched: contractor c-1, awarded by operations", "1 → c-1 dispatched (hook)"])
        #expect(yard.task()?.passedBy == [])
        #expect(yard.say(.accept, by: "c-1").status == .accepted)
        #expect(yard.say(.complete, by: "c-1").status == .accepted)
        #expect(yard.record("c-1").map { [$0.awarded, $0.done] } == [1, 1])
    }

    @Test func whereNobodyIsQualifiedTheDepartmentHasIt() throws {
        var yard = try Yard()
        yard.decide(.tick)
        for name in ["c-1", "c-2", "c-3"] { yard.happen(.suspend, to: name) }
        _ = yard.read()
        yard.report()
        #expect(yard.read() == ["1 created", "1 dispatched: desk of operations", "1 → operations dispatched", "1 → u-301 unassigned"])
        #expect(yard.task()?.contractor == nil && yard.task()?.isDesk == true)
        // Nobody is asked again and again; and the department may do it, or give it away.
        yard.pass(.days(3))
        #expect(yard.read().filter { $0.contains("dispatched") } == [])
        #expect(yard.say(.accept, by: "operations").status == .accepted)
        let bare = "module: contractors\nsummary: none\n"
        var without = try Yard(bare)
        without.report()
        #expect(without.read() == ["1 created", "1 dispatched: desk of operations", "1 → operations dispatched"])
    }

    @Test func theAssigneeAndItsDepartmentMaySpeak() throws {
        var yard = try Yard()
        yard.decide(.tick)
        yard.report()
        #expect(yard.task()?.contractor?.rawValue == "c-1")
        #expect(yard.say(.accept, by: "c-2").reason == "T-20261123-1 is with c-1, not with 'c-2': only its assignee and a duty engineer can change it")
        #expect(yard.say(.accept, by: "marketing").reason == "T-20261123-1 is with c-1, not with 'marketing': only its assignee and a duty engineer can change it")
        #expect(yard.say(.cancel, by: "c-1").reason == "'cancel' is for a duty engineer, 'c-1' is the assignee of T-20261123-1: send it with the engineer's name as 'by'")
        #expect(yard.say(.accept).status == .accepted)
        #expect(yard.last.history.map(\.by) == ["c-1"])
        #expect(yard.say(.complete, by: "operations").status == .accepted)
    }

    // MARK: By hand

    @Test func theHandDecidesButNotAgainstTheLaw() throws {
        var yard = try Yard()
        yard.decide(.tick)
        yard.report()
        yard.happen(.suspend, to: "c-3", until: yard.now + .days(60))
        _ = yard.read()
        #expect(yard.say(.assign, by: "u-301", to: "c-1").remarks == ["T-20261123-1 is with 'c-1' already: nothing changed"])
        #expect(yard.say(.assign, by: "u-301", to: "c-4").reason?.hasPrefix("there is no crew or department 'c-4'; did you mean 'c-1'?") == true)
        #expect(yard.say(.assign, by: "u-301", to: "s-1").reason == "'s-1' supplies equipment and builds nothing (contractors.yaml, suppliers:)")
        #expect(yard.say(.assign, by: "u-301", to: "c-3").remarks == ["c-3: suspended until 2027-01-22; it was given the task all the same"])
        #expect(
            yard.read() == [
                "1 assigned by u-301: c-3; suspended until 2027-01-22", "1 dispatched by u-301: contractor c-3, awarded by operations", "1 → c-1 withdrawn (hook)", "1 → c-3 dispatched",
            ])
        #expect(yard.record("c-1")?.awarded == 0 && yard.record("c-3")?.awarded == 1)
        yard.happen(.exclude, to: "c-2", until: yard.now + .days(40))
        #expect(yard.say(.assign, by: "u-301", to: "c-2").reason == "'c-2' is excluded until 2027-01-02: it gets no work before it is rectified; assign it to another one")
        yard.report("lay_cable")
        #expect(
            yard.say(.assign, 2, by: "u-301", to: "c-3").reason
                == "'c-3' has no valid licence for 'cable', which asks for install of level 2 or higher: the law lets nobody build without (contractors.yaml, licences:); assign it to another one")
        #expect(yard.say(.assign, 2, by: "u-301", to: "operations").status == .accepted)
        #expect(yard.task(2)?.contractor == nil && yard.record("c-1")?.awarded == 0)
        yard.report("no_power")
        #expect(yard.say(.assign, 3, by: "u-301", to: "c-1").reason?.hasPrefix("T-20261123-3 is no works that the utility awards") == true)
        #expect(yard.say(.assign, 1, by: "u-301", to: "a").status == .accepted)
        #expect(yard.task(1)?.contractor == nil && yard.task(1)?.crew == CrewID("a") && yard.record("c-3")?.awarded == 0)
        #expect(yard.say(.assign, 1, by: "u-301", to: "c-1").status == .accepted)
        #expect(yard.task(1)?.crew == nil && yard.task(1)?.isDesk == true && yard.task(1)?.contractor == ContractorID("c-1"))
        yard.say(.suspend, 1, by: "u-301")
        yard.say(.resume, 1, by: "u-301")
        #expect(yard.task(1)?.contractor == ContractorID("c-1") && yard.task(1)?.state == .dispatched)
        _ = yard.read()
        yard.say(.cancel, 1, by: "u-301")
        #expect(yard.read().contains("1 → c-1 withdrawn (hook)"))
    }

    @Test func aLicenceIsLookedAtOnTheDay() throws {
        var yard = try Yard()
        yard.decide(.tick)
        yard.happen(.suspend, to: "c-1")
        yard.happen(.suspend, to: "c-3")
        yard.now = try Instant(rfc3339: "2026-12-31T23:59:59+08:00")
        yard.report()
        #expect(yard.state.openTasks.last?.contractor == ContractorID("c-2"))
        // The tick of midnight has not come yet.
        yard.now = try Instant(rfc3339: "2027-01-01T00:00:00+08:00")
        yard.report()
        #expect(yard.state.openTasks.last?.contractor == nil)
        let number = try #require(yard.state.openTasks.last?.id)
        let receipt = yard.send(.progress(Progress(task: number, event: .assign, by: "u-301", to: "c-2")))
        #expect(receipt.status == .rejected && receipt.reason?.contains("no valid licence") == true)
    }

    @Test func whatWasNotBegunIsNotBegunAgainstTheLaw() throws {
        var yard = try Yard()
        yard.decide(.tick)
        yard.report()
        yard.report()
        #expect(yard.task(1)?.contractor == ContractorID("c-1") && yard.task(2)?.contractor == ContractorID("c-2"))
        #expect(yard.say(.accept, 2, by: "c-2").status == .accepted)
        yard.happen(.exclude, to: "c-1")
        yard.happen(.exclude, to: "c-2")
        #expect(
            yard.say(.accept, by: "c-1").reason
                == "'c-1' is excluded for good: it gets no work before it is rectified; reject T-20261123-1, or its department assigns it to another one")
        #expect(yard.say(.complete, by: "c-1").status == .rejected)
        // What it had begun it finishes; and its department, or a duty engineer, is not bound.
        #expect(yard.say(.complete, 2, by: "c-2").status == .accepted)
        #expect(yard.say(.reject, by: "c-1").status == .accepted)
        #expect(yard.task(1)?.contractor == ContractorID("c-3"))
    }

    // MARK: Customers' own works

    static let process = """
        module: works
        processes:
          - name: hv
            zh: 高压
            en: High voltage
            takes: report.type == "application"
            stages:
              - name: own
                zh: 客户工程
                en: Own works
                assign: { department: marketing }
                clock: stopped
                publish: { contractors: qualified, works: line }
                tell: customer
              - name: grid
                after: [own]
                assign: { contractor: tiered, works: line, department: operations }
                limits: { accept: 4 h, stage: 5 days }
        """

    @Test func whoIsQualifiedIsPublishedAndNobodyIsAssigned() throws {
        var yard = try Yard(works: Self.process)
        yard.decide(.tick)
        yard.score("c-3", jobs: 3, 95)
        yard.score("c-2", jobs: 3, 70)
        _ = yard.read()
        yard.send(.report(Report(type: "application", category: "no_power")))
        let task = try #require(yard.task())
        #expect(task.contractor == nil && task.isDesk)
        let text = yard.last.notices.first { $0.event == .stage_begun }?.text
        #expect(text?.chinese.hasSuffix("以下单位具备相应资质，由您自主选择，我方不作指定：丙公司（A 95.0）、甲公司（B）、乙公司（C 70.0）。") == true, "\(text?.chinese ?? "")")
        #expect(text?.english.hasSuffix("These are qualified for it; the choice is yours, and we recommend none of them: Third (A 95.0), First (B), Second (C 70.0).") == true)
        #expect(yard.say(.assign, by: "u-301", to: "c-1").reason?.contains("a customer's own works are the customer's to give") == true)
        let kase = try #require(yard.state.openCases.first)
        let tasks = Dictionary(uniqueKeysWithValues: yard.state.openTasks.map { ($0.id, $0) })
        let json = kase.json(plan: yard.state.compiledPlans[kase.plan], tasks: tasks, contractors: yard.state.contractors, rules: yard.rules, at: yard.now)
        let stages = try #require(try JSONValue.parse(json)["stages"]?.array)
        #expect(stages[0]["published"]?["works"]?.string == "line")
        #expect(stages[0]["published"]?["contractors"]?.array?.compactMap { $0["contractor"]?.string } == ["c-3", "c-1", "c-2"])
        #expect(stages[1]["published"] == nil)
        // Suspended, excluded, without a licence: not on the list. In the lowest tier: at its end.
        yard.happen(.suspend, to: "c-1", until: yard.now + .days(1))
        yard.happen(.accident, to: "c-3")
        func names(_ works: String?) -> [String] { qualifiedContractors(for: works, yard.rules.site, yard.state.contractors, at: yard.now).map { "\($0.contractor) \($0.tier)" } }
        #expect(names("line") == ["c-2 C", "c-3 D"])
        #expect(names("cable") == [])
        yard.now = yard.now + .days(1)
        #expect(names("cable") == ["c-1 B"])
        #expect(names(nil) == ["c-1 B", "c-2 C", "c-3 D"])
        yard.now = try Instant(rfc3339: "2027-01-01T00:00:00+08:00")
        #expect(names("line") == ["c-1 B", "c-3 D"])
        #expect(qualifiedContractors(for: "line", yard.rules.site, [:], at: yard.now).map(\.licenceUntil) == [CivilDate(year: 2030, month: 12, day: 31), CivilDate(year: 2030, month: 12, day: 31)])
    }

    @Test func aStageGoesToAContractorAndItsCaseGoesOn() throws {
        var yard = try Yard(works: Self.process)
        yard.decide(.tick)
        yard.send(.report(Report(type: "application", category: "no_power")))
        yard.say(.complete, by: "marketing")
        let task = try #require(yard.task(2))
        #expect(task.contractor == ContractorID("c-1"))
        yard.pass(.hours(4))
        #expect(yard.task(2)?.contractor == ContractorID("c-2"))
        #expect(yard.task(2).map { $0.clock(.stage)?.due } == yard.now + .hours(-4) + .days(5))
        yard.say(.complete, 2, by: "c-2")
        #expect(yard.state.openCaseCount == 0)
        #expect(yard.record("c-2")?.done == 1)
    }

    // MARK: Rule tests

    @Test func aRuleTestMaySayWhoIsThereAndWhoGetsIt() throws {
        let tests = """
            - name: the better tier first
              with: { contractors: { low: { works: [line], tier: C }, top: { works: [line], tier: A }, other: { works: [cable], tier: A } } }
              report: { type: fault, category: rebuild }
              expect: { contractor: top, department: operations, crew: none }
              then:
                - { do: reject, by: top, expect: { contractor: low } }
                - { do: reject, by: low, expect: { contractor: none, state: queued, told: [department.head] } }
                - { after: 10 min, expect: { contractor: top, told: none } }
                - { assign: low, expect: { contractor: low } }
            - name: nobody has a licence on the day
              with:
                contractors:
                  low: { works: [line], licences: [{ kind: install, level: 3, until: 2026-07-14 }] }
              report: { type: fault, category: rebuild }
              expect: { contractor: none, state: dispatched, told: [department.head] }
            - name: those of the rules
              report: { type: fault, category: lay_cable }
              expect: { contractor: c-1 }
            - name: this one fails
              with: { contractors: { low: { works: [line], tier: D }, other: { works: [cable] } } }
              report: { type: fault, category: rebuild }
              expect: { contractor: low }

            """
        let files = [("contractors.yaml", Yard.contractors), ("site.yaml", Yard.site), ("works.yaml", Yard.works), ("tests/works.yaml", tests)]
        let source = RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) })
        let report = RuleTests.run(source, in: try Yard.rules())
        #expect(report.outcomes.map(\.isPassed) == [true, true, true, false])
        #expect(report.diagnostics.map(\.message).count == 1, "\(report.diagnostics.map(\.message))")
        #expect(
            report.diagnostics.first?.message.hasSuffix("the contractor is none, expected low; they stand so: low no_share, other other_works") == true,
            "\(report.diagnostics.first?.message ?? "")")
    }

    @Test func aLookShowsHowEverybodyStands() throws {
        var yard = try Yard()
        yard.score("c-1", jobs: 3, 95)
        yard.happen(.suspend, to: "c-2", until: yard.now + .days(1))
        let json = contractorStandings(yard.rules.site, yard.state.contractors, at: yard.now).map { String(decoding: $0.json(yard.rules.site, at: yard.now), as: UTF8.self) }
        #expect(json.count == 4)
        #expect(
            json[0] == """
                {"contractor":"c-1","kind":"contractor","name":"甲公司","en":"First","tier":"A","rating":95.0,"scores":{"quality":95.0,"safety":95.0},"jobs":3,\
                "since":"2026-11-23T09:00:00+08:00","why":"B → A 95.0: quality 95.0, safety 95.0; 3 jobs since 2026-11-23","share":3,\
                "works":[{"works":"line","licensed":true,"licence_until":"2030-12-31"},{"works":"cable","licensed":true,"licence_until":"2030-12-31"}],"awarded":0,"done":0,"turn":0.0}
                """)
        #expect(json[1].contains(#""suspended":{"since":"2026-11-23T09:00:00+08:00","until":"2026-11-24T09:00:00+08:00"}"#))
        #expect(json[3] == #"{"contractor":"s-1","kind":"supplier","name":"丁公司","tier":"B","scores":{},"jobs":0,"since":"2026-11-23T09:00:00+08:00","supplies":["cable"]}"#)
    }
}

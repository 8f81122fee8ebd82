import Domain
import Rules
import Testing

@testable import Decisions

/// How contractors come into their tiers, and out of them.
@Suite struct ContractorTests {
    enum Step {
        case jobs(Int, Int32)
        case event(ContractorEvent)
        case suspended(days: Int64)
        case excluded(days: Int64)
        case days(Int64)
        /// The licence of c-2 ends on another day.
        case licence(String)
    }

    struct Story: CustomTestStringConvertible {
        var testDescription: String
        /// What happens to c-2, and the tier that it is in then; `·`: it takes no turns.
        var steps: [(Step, String)]
        init(_ name: String, _ steps: [(Step, String)]) {
            testDescription = name
            self.steps = steps
        }
    }

    static let stories: [Story] = [
        Story("a newcomer is in B until three jobs say more", [(.jobs(2, 99), "B"), (.jobs(1, 99), "A")]),
        Story("a first rating goes by the cut-offs", [(.jobs(3, 90), "A")]),
        Story("a first rating may lead to the lowest at once", [(.jobs(2, 10), "B"), (.jobs(1, 10), "D·")]),
        // 3 × 85, then the mean rises: 91.99 is not enough, 92 is.
        Story("up only at the cut-off and the margin", [(.jobs(3, 85), "B"), (.jobs(3, 98), "B"), (.jobs(1, 100), "A")]),
        // A at 95; down to 88 it stays, below it falls.
        Story("down only below the cut-off without the margin", [(.jobs(3, 95), "A"), (.jobs(3, 81), "A"), (.jobs(1, 81), "B")]),
        Story("down over two tiers at once", [(.jobs(3, 95), "A"), (.jobs(3, 20), "D·")]),
        Story("down over one tier to the one whose margin still holds it", [(.jobs(3, 95), "A"), (.jobs(3, 62), "B"), (.jobs(9, 70), "C")]),
        Story(
            "an accident leads to the lowest, rectified to the one above it, three jobs since to where they say",
            [(.jobs(3, 95), "A"), (.event(.accident), "D·"), (.jobs(2, 99), "D·"), (.event(.rectified), "C"), (.jobs(2, 96), "C"), (.jobs(1, 96), "A")]),
        Story("fraud, the same", [(.licence("2040-12-31"), "B"), (.event(.fraud), "D·"), (.days(400), "D·"), (.event(.rectified), "C"), (.jobs(3, 70), "C")]),
        Story("a newcomer's accident", [(.event(.accident), "D·"), (.event(.rectified), "C")]),
        Story("who is in the lowest by scores alone begins anew, too", [(.jobs(5, 30), "D·"), (.days(30), "D·"), (.event(.rectified), "C"), (.jobs(3, 85), "B")]),
        Story("nothing to be put right", [(.jobs(3, 95), "A"), (.event(.rectified), "A")]),
        Story("a suspension takes turns away, no tier", [(.jobs(3, 95), "A"), (.suspended(days: 20), "A·"), (.days(19), "A·"), (.days(1), "A")]),
        Story("a suspension without an end", [(.event(.suspend), "B·"), (.days(30), "B·"), (.event(.rectified), "B")]),
        Story("rectified ends a suspension early and caps nothing", [(.jobs(3, 95), "A"), (.suspended(days: 60), "A·"), (.event(.rectified), "A")]),
        Story("excluded for good", [(.jobs(3, 95), "A"), (.event(.exclude), "D·"), (.days(700), "D·")]),
        Story("excluded for a time", [(.jobs(3, 95), "A"), (.excluded(days: 20), "D·"), (.days(20), "C"), (.jobs(3, 95), "A")]),
        Story("an accident outlives an exclusion", [(.event(.accident), "D·"), (.excluded(days: 10), "D·"), (.days(11), "D·"), (.event(.rectified), "C")]),
        // Until 2026-12-31: 38 days and 15 hours after the start at nine.
        Story(
            "a licence runs out at midnight, and comes back to what the scores say",
            [(.jobs(3, 95), "A"), (.days(38), "A"), (.days(1), "D·"), (.licence("2028-12-31"), "A")]),
        Story("a newcomer's licence, renewed", [(.days(40), "D·"), (.licence("2028-12-31"), "B")]),
        Story("a licence that was forgotten is found at the reload", [(.jobs(3, 95), "A"), (.licence("2026-11-01"), "D·"), (.licence("2026-11-23"), "A"), (.days(1), "D·")]),
        // Two good and four bad ones; the bad ones come 100 days later.
        Story(
            "a job leaves the window",
            [
                (.licence("2040-12-31"), "B"), (.jobs(3, 30), "D·"), (.days(100), "D·"), (.jobs(3, 86), "D·"), (.days(264), "D·"), (.days(1), "B"),
            ]),
        Story("no job is left: the tier stays", [(.licence("2040-12-31"), "B"), (.jobs(3, 95), "A"), (.days(366), "A"), (.jobs(2, 10), "A"), (.jobs(1, 10), "D·")]),
    ]

    @Test(arguments: stories) func lifeCycles(_ story: Story) throws {
        var yard = try Yard()
        yard.decide(.tick)
        for (number, (step, tier)) in story.steps.enumerated() {
            switch step {
            case .jobs(let count, let points): yard.score("c-2", jobs: count, points)
            case .event(let event): yard.happen(event, to: "c-2")
            case .suspended(let days): yard.happen(.suspend, to: "c-2", until: yard.now + .days(days))
            case .excluded(let days): yard.happen(.exclude, to: "c-2", until: yard.now + .days(days))
            case .days(let days): yard.pass(.days(days))
            case .licence(let until): try yard.reload(Yard.contractors.replacing("2026-12-31", with: until))
            }
            // What comes next is not of the same instant.
            yard.pass(.minutes(1))
            let record = try #require(yard.record("c-2"))
            #expect(record.tier + (record.isIn ? "" : "·") == tier, "step \(number + 1), \(step)")
        }
    }

    @Test func everyChangeIsTold() throws {
        var yard = try Yard()
        yard.decide(.tick)
        #expect(yard.read() == [])
        yard.score("c-1", ["quality": 95, "safety": 90])
        yard.score("c-1", ["quality": 96])
        #expect(yard.read() == [])
        yard.score("c-1", ["quality": 91, "safety": 85])
        #expect(yard.read() == ["c-1 contractor_tier: B → A 92.53: quality 94.0, safety 87.5; 3 jobs since 2026-11-23"])
        yard.score("c-1", ["quality": 50, "safety": 50])
        #expect(yard.read() == ["c-1 contractor_tier: A 92.53 → B 81.9: quality 83.0, safety 75.0; 4 jobs since 2026-11-23"])
        yard.happen(.accident, to: "c-1", note: "a fall from a pole")
        #expect(
            yard.read() == [
                "c-1 contractor_accident by u-301: a fall from a pole",
                "c-1 contractor_tier: B 81.9 → D 81.9: serious accident on 2026-11-23, not rectified; quality 83.0, safety 75.0; 4 jobs since 2026-11-23",
            ])
        yard.happen(.suspend, to: "c-2", until: yard.now + .days(2))
        yard.pass(.days(3))
        #expect(
            yard.read() == ["c-2 contractor_suspended by u-301: until 2026-11-25T09:00:00+08:00", "c-2 contractor_returned: the suspension is over"])
        yard.happen(.rectified, to: "c-1")
        #expect(yard.read() == ["c-1 contractor_rectified by u-301", "c-1 contractor_tier: D 81.9 → C: begins anew; no job counts"])
        yard.pass(.days(40))
        #expect(yard.read() == ["c-2 contractor_tier: B → D: no valid licence for any of its works; no job counts"])
        #expect(yard.now + .days(-40) < yard.record("c-2")!.since)
    }

    @Test func meansAreRoundedHalvesUp() {
        let weights = [Ratings.Weight("a", 1), .init("b", 2), .init("c", 0)]
        func mean(_ scores: [(String, Int32)]) -> Int32? {
            ScoredJob(job: "j", at: Yard.start, scores: scores.map { .init($0.0, $0.1) }).mean(weights)
        }
        // (9000 + 2 × 9001) / 3 = 9000.67; (1 + 2 × 1) / 3 = 1; (0 + 2 × 1) / 3 = 0.67; (1 + 0) / 3 = 0.33.
        #expect(mean([("a", 9_000), ("b", 9_001)]) == 9_001)
        #expect(mean([("a", 0), ("b", 1)]) == 1)
        #expect(mean([("a", 1), ("b", 0)]) == 0)
        #expect(mean([("b", 8_888)]) == 8_888)
        #expect(mean([("c", 100)]) == nil)
        #expect(roundedHalfUp(5, by: 2) == 3 && roundedHalfUp(3, by: 2) == 2 && roundedHalfUp(0, by: 7) == 0)
        #expect(points(9_140) == "91.4" && points(8_795) == "87.95" && points(9_000) == "90.0" && points(5) == "0.05")
    }

    // MARK: What is refused, and what is said

    @Test func whatCannotBeIsRefused() throws {
        var yard = try Yard()
        yard.decide(.tick)
        let before = yard.state.contractors
        func refused(_ signal: ContractorSignal) -> String {
            var copy = yard
            let receipt = copy.send(.contractor(signal))
            #expect(receipt.status == .rejected && copy.last.isEmpty && copy.state.contractors == before)
            return receipt.reason ?? ""
        }
        let c1 = ContractorID("c-1")
        #expect(
            refused(ContractorSignal(contractor: ContractorID("c-11"), job: "j", scores: ["quality": 1]))
                == "there is no contractor or supplier 'c-11' on the roster; did you mean 'c-1'? (contractors.yaml, contractors: and suppliers:)")
        #expect(
            refused(ContractorSignal(contractor: c1, job: "j", scores: ["quality": 1, "qualty": 1]))
                == "scores.qualty is no score that ratings weigh; did you mean 'quality'? (they weigh quality, safety; contractors.yaml, ratings: weights:)")
        #expect(
            refused(ContractorSignal(contractor: ContractorID("s-1"), job: "j", scores: ["safety": 1]))
                == "scores.safety is no score that ratings weigh (they weigh quality; contractors.yaml, ratings: supplier_weights:)")
        #expect(
            refused(ContractorSignal(contractor: c1, job: "j", scores: ["quality": 1], at: yard.now + .minutes(11)))
                == "'at' 2026-11-23T09:11:00+08:00 lies ahead of our clock (2026-11-23T09:00:00+08:00): say when it was finished, or look at the sender's clock")
        #expect(
            refused(ContractorSignal(contractor: c1, event: .suspend, until: yard.now))
                == "'until' 2026-11-23T09:00:00+08:00 has passed already: say when it ends, or leave it out: then it holds until 'rectified'")
        #expect(refused(ContractorSignal(contractor: c1, event: .accident, by: "paidan")) == "'paidan' is the daemon's own name: say who reports this, as 'by'")
        let none = try Yard("module: contractors\nsummary: none\n", works: "module: works\nroute:\n  - name: all\n    task: repair\n    assign: { department: operations }\n")
        yard = none
        #expect(
            { var copy = none; return copy.send(.contractor(ContractorSignal(contractor: c1, event: .fraud))).reason }()
                == "there is no contractor 'c-1': no module has 'contractors' or 'suppliers' (contractors.yaml)")
    }

    @Test func theSenderHearsWhatDoesNotCount() throws {
        var yard = try Yard()
        yard.decide(.tick)
        #expect(yard.score("c-1", ["quality": 80], job: "j").remarks == [])
        #expect(yard.score("c-1", ["quality": 90, "safety": 90], job: "j").remarks == ["the job 'j' was scored before: these scores replace the earlier ones"])
        #expect(yard.record("c-1")?.jobs.map { $0.scores.map(\.hundredths) } == [[9_000, 9_000]])
        #expect(
            yard.score("c-1", ["quality": 80], job: "old", at: yard.now + .days(-365)).remarks
                == ["the job 'old' was finished on 2025-11-23, before the 365 days that ratings look back: it does not count"])
        #expect(yard.record("c-1")?.jobs.count == 1)
        #expect(yard.score("c-1", ["quality": 80], job: "late", at: yard.now + .minutes(10)).status == .accepted)
        #expect(yard.record("c-1")?.jobs.last?.at == yard.now)
        #expect(yard.happen(.rectified, to: "c-1").remarks == ["there is nothing to be put right with 'c-1': nothing changed"])
        yard.happen(.fraud, to: "c-1")
        yard.pass(.days(1))
        yard.happen(.rectified, to: "c-1")
        #expect(
            yard.score("c-1", ["quality": 80], job: "before", at: yard.now + .hours(-1)).remarks
                == ["the job 'before' was finished before the rectification of 2026-11-24: it does not count"])
    }

    @Test func atMostFiveHundredJobsAreKept() throws {
        var yard = try Yard()
        for number in 0..<520 { yard.score("c-1", ["quality": 80], job: "j-\(number)", at: yard.now + .days(-300) + .minutes(Int64(number))) }
        let jobs = try #require(yard.record("c-1")?.jobs)
        #expect(jobs.map(\.job) == (20..<520).map { "j-\($0)" })
    }

    // MARK: Properties

    /// The whole past of one contractor, and what follows from it, as slowly and plainly as can be.
    private struct Twin {
        var jobs: [(job: String, at: Instant, scores: [String: Int32])] = []
        var tier = "B"
        var isRated = false

        mutating func look(_ now: Instant) {
            let counted = jobs.filter { $0.at + .days(365) > now }.compactMap { job -> Double? in
                let weights: [String: Double] = ["quality": 60, "safety": 40]
                let sum = job.scores.reduce(0.0) { $0 + Double($1.value) * (weights[$1.key] ?? 0) }
                let weight = job.scores.keys.reduce(0.0) { $0 + (weights[$1] ?? 0) }
                return (sum / weight + 0.5).rounded(.down)
            }
            guard counted.count >= 3 else { return }
            let rating = (counted.reduce(0, +) / Double(counted.count) + 0.5).rounded(.down) / 100
            let cutOffs = [("A", 90.0), ("B", 80.0), ("C", 60.0), ("D", 0.0)]
            guard isRated, let place = cutOffs.firstIndex(where: { $0.0 == tier }) else {
                tier = cutOffs.first { rating >= $0.1 }!.0
                isRated = true
                return
            }
            // One tier at a time, as long as there is a step to go.
            var here = place
            while here > 0, let better = (0..<here).first(where: { rating >= cutOffs[$0].1 + 2 }) { here = better }
            while rating < cutOffs[here].1 - 2 { here += 1 }
            tier = cutOffs[here].0
        }
    }

    @Test(arguments: [UInt64(1), 7, 20_261_123]) func tiersAreThoseOfAPlainTwin(seed: UInt64) throws {
        var dice = SplitMix(state: seed)
        // Without a licence that could run out.
        var yard = try Yard(Yard.contractors.replacing("2026-12-31", with: "2099-12-31").replacing("2030-12-31", with: "2099-12-31"))
        var twin = Twin()
        var changes = 0
        for step in 0..<1_500 {
            if dice.below(3) == 0 {
                let span = TimeSpan.hours(Int64(dice.below(24 * 30)))
                let target = yard.now + span
                // The twin looks whenever a job may have left.
                while let due = yard.state.nextDue, due <= target {
                    yard.now = max(yard.now, due)
                    yard.decide(.tick)
                    twin.look(yard.now)
                }
                yard.now = target
            }
            let drift = 75 + 20 * (step / 60 % 2)
            var scores = ["quality": Int32(min(100, max(0, drift + dice.below(21) - 10)))]
            if dice.below(4) > 0 { scores["safety"] = Int32(min(100, max(0, drift + dice.below(31) - 15))) }
            let at = yard.now + .days(-Int64(dice.below(400)))
            let job = "j-\(dice.below(900))"
            let before = yard.record("c-2")
            yard.score("c-2", scores, job: job, at: at)
            twin.jobs.removeAll { $0.job == job }
            twin.jobs.append((job, at, scores.mapValues { $0 * 100 }))
            twin.look(yard.now)
            let after = try #require(yard.record("c-2"))
            #expect(after.tier == twin.tier, "seed \(seed), step \(step)")
            if let before, before.tier != after.tier { changes += 1 }
        }
        #expect(changes > 10, "the dice of seed \(seed) were too tame to show anything")
    }

    /// Between a step up into a tier and a step down out of it the rating has moved by more than twice the margin.
    @Test(arguments: [UInt64(3), 95_598]) func nobodyGoesToAndFro(seed: UInt64) {
        var dice = SplitMix(state: seed)
        let ratings = Ratings()
        var tier = "B"
        var rating: Int32 = 8_500
        var lastMove: (up: Bool, rating: Int32, tiers: Set<String>)?
        var moves = 0
        for step in 0..<200_000 {
            // Small steps around a cut-off, now and then a jump.
            rating = min(10_000, max(0, rating + Int32(dice.below(121)) - 60))
            if dice.below(500) == 0 { rating = Int32(dice.below(10_001)) }
            let next = ContractorRecord.tier(of: rating, from: tier, ratings)
            guard next != tier else { continue }
            moves += 1
            let isUp = ratings.place(of: next)! < ratings.place(of: tier)!
            let bound = Set([tier, next])
            if let lastMove, lastMove.up != isUp, lastMove.tiers == bound {
                #expect(abs(rating - lastMove.rating) > 2 * Int32(ratings.margin) * 100 - 1, "seed \(seed), step \(step): \(tier) → \(next)")
            }
            lastMove = (isUp, rating, bound)
            // And it stays where it is when nothing changes.
            #expect(ContractorRecord.tier(of: rating, from: next, ratings) == next)
            tier = next
        }
        #expect(moves > 100)
    }

    @Test(arguments: [UInt64(5), 11]) func everythingIsTakenBackAndFoundAgain(seed: UInt64) throws {
        var dice = SplitMix(state: seed)
        var yard = try Yard()
        for step in 0..<400 {
            let before = yard.state
            var isOne = true
            let name = ["c-1", "c-2", "c-3", "s-1"][dice.below(4)]
            switch dice.below(8) {
            case 0, 1, 2: yard.score(name, ["quality": Int32(dice.below(101))])
            case 3: yard.happen(ContractorEvent.allCases[dice.below(5)], to: name, until: nil)
            case 4: yard.happen(.suspend, to: name, until: yard.now + .hours(Int64(1 + dice.below(200))))
            case 5: yard.report(["rebuild", "lay_cable"][dice.below(2)])
            case 6:
                isOne = yard.state.openTasks.last != nil
                if let open = yard.state.openTasks.last { yard.send(.progress(Progress(task: open.id, event: [.reject, .complete, .accept][dice.below(3)], by: open.contractor?.rawValue ?? "u-301"))) }
            default:
                isOne = false
                yard.pass(.hours(Int64(dice.below(400))))
            }
            if isOne {
                var reverted = yard.state
                for change in yard.last.changes.reversed() { reverted.revert(change) }
                #expect(reverted.contractors == before.contractors, "seed \(seed), step \(step)")
                // What time had done is done again.
                if !yard.last.changes.isEmpty { #expect(reverted.nextDue == yard.now || !yard.last.changes.contains { if case .contractor = $0 { true } else { false } }) }
            }
            // A start from the rows finds nothing to change, but what is due.
            var again = DispatchState(
                tasks: yard.state.openTasks, crews: [], lastTask: yard.state.lastTask, contractors: Array(yard.state.contractors.values), rules: yard.rules, at: yard.now)
            #expect(again.contractors == yard.state.contractors)
            #expect(again.nextDue == yard.now)
            let first = Decisions.decide(&again, rules: yard.rules, stimulus: .tick, at: yard.now)
            for case .contractor(let old, let new) in first.changes { #expect(old == nil || yard.state.nextDue == yard.now, "seed \(seed), step \(step): \(new.id)") }
            if yard.state.contractors.count == 4 { #expect(again.contractorsDue == yard.state.contractorsDue, "seed \(seed), step \(step)") }
        }
    }
}

extension SplitMix {
    mutating func below(_ n: Int) -> Int { Int(next() % UInt64(n)) }
}

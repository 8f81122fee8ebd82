import Domain
import Planning
import Rules
import Testing

@testable import Decisions

/// What holds after every decision of any life. A failure names the seed and the step.
@Suite struct PropertyTests {
    private static let seeds: [UInt64] = Array(1...20)
    private static let steps = 150

    /// Everything that the state derives, derived again the plain way.
    private func contradictions(_ state: DispatchState) -> [String] {
        var wrong: [String] = []
        let tasks = state.openTasks
        let roster = state.roster
        let zone = state.rules.site.zone
        for (slot, crew) in roster.crews.enumerated() {
            let load = tasks.count { $0.crew == crew.id && !$0.isDesk && $0.state.occupiesAssignee }
            if Int(roster.loads[slot]) != load { wrong.append("\(crew.id) has \(load) tasks, not \(roster.loads[slot])") }
            let isOn = duty(of: crew, record: state.crews[crew.id], at: state.clock, in: zone).isOn
            if isOn != roster.isOnDuty[slot] { wrong.append("\(crew.id) on duty: \(isOn)") }
            let isFree = isOn && load < crew.capacity
            if isFree == (roster.standing[slot] == .engaged) { wrong.append("\(crew.id) free: \(isFree), \(roster.standing[slot])") }
            if (roster.standing[slot] == .fresh) != roster.fresh.contains(Int32(slot)) { wrong.append("\(crew.id) fresh") }
            for group in roster.groups {
                let isAble = state.mayDo(crew, group.wanted)
                if isAble != group.isAble[slot] { wrong.append("\(crew.id) able of \(group.wanted)") }
                if group.free.contains(Int32(slot)) != (isAble && roster.standing[slot] == .free) { wrong.append("\(crew.id) in free of \(group.wanted)") }
            }
        }
        for group in roster.groups {
            if group.free != group.free.sorted() { wrong.append("free of \(group.wanted) not sorted") }
            let waiting = group.waiting.chunks.flatMap { $0 }.map(\.key)
            let expected = tasks.filter { $0.isWaiting && $0.wanted == group.wanted }.map { QueueKey($0) }.sorted()
            if waiting != expected { wrong.append("queue of \(group.wanted)") }
        }
        if roster.waitingCount != tasks.count(where: { $0.isWaiting }) { wrong.append("waiting count") }
        for task in tasks {
            switch task.state {
            case .queued: if task.crew != nil { wrong.append("\(task.id) is queued and has a crew") }
            case .dispatched, .accepted, .enroute, .onsite:
                if (task.crew != nil) == task.isDesk { wrong.append("\(task.id) has neither a crew nor a desk, or both") }
            case .suspended: if task.suspendedFrom == nil { wrong.append("\(task.id) can't be resumed") }
            case .completed: break
            case .closed, .cancelled, .merged: wrong.append("\(task.id) is final and still here")
            }
            if task.state != .queued, task.askAgainAt != nil, task.state != .suspended { wrong.append("\(task.id) asks again and is \(task.state)") }
            if task.isWaiting, !task.declined.isEmpty, task.askAgainAt == nil { wrong.append("\(task.id) never asks again") }
            if state.boxes[task.id]?.due != state.nextTimer(of: task)?.at { wrong.append("timer of \(task.id)") }
        }
        for taskState in TaskState.allCases where state.count(of: taskState) != tasks.count(where: { $0.state == taskState }) {
            wrong.append("count of \(taskState)")
        }
        let overdue = tasks.count { $0.limits.contains { $0.name != .accept && $0.state == .running && $0.isOverdue(at: state.clock) } }
        if overdue != state.overdueCount(at: state.clock) { wrong.append("overdue \(overdue), not \(state.overdueCount(at: state.clock))") }
        wrong += caseContradictions(state)
        wrong += lendingContradictions(state)
        var due = tasks.compactMap { state.nextTimer(of: $0)?.at } + state.openCases.compactMap { state.nextTimer(of: $0)?.at }
        if roster.nextDutyChange != .distantFuture { due.append(roster.nextDutyChange) }
        if let lending = plainLendingDue(state) { due.append(lending) }
        let next = roster.fresh.isEmpty && roster.touched.isEmpty ? due.min() : state.clock
        if next != state.nextDue { wrong.append("next due") }
        return wrong
    }

    /// What holds of every case: its stages, its tasks and its clock say the same.
    private func caseContradictions(_ state: DispatchState) -> [String] {
        var wrong: [String] = []
        for row in state.openCases {
            func say(_ text: String) { wrong.append("\(row.id): \(text)") }
            if row.state.isFinal { say("is \(row.state) and still here") }
            guard let plan = state.compiledPlans.mapValues(\.plan)[row.plan] else {
                say("its plan is not known")
                continue
            }
            if plan.stages.map(\.name) != row.stages.map(\.name) { say("other stages than its plan") }
            if (row.acceptedAt == nil) == row.missing.isEmpty, row.state == .open { say("accepted: \(row.acceptedAt != nil), missing: \(row.missing)") }
            for (place, stage) in row.stages.enumerated() {
                let mayBegin = plan.stages[place].after.allSatisfy { row.stages[$0].state.isPast }
                let task = stage.task.flatMap { state.task($0) }
                switch stage.state {
                case .waiting: if row.state == .open, row.acceptedAt != nil, mayBegin { say("\(stage.name) could begin and waits") }
                case .open:
                    if !mayBegin { say("\(stage.name) is open before its time") }
                    if task == nil || task?.state == .completed { say("\(stage.name) is open, and its task is not") }
                    if stage.begunAt == nil || stage.rounds < 1 { say("\(stage.name) is open and never began") }
                case .done, .skipped:
                    if let task, !task.state.isFinal, task.state != .completed { say("\(stage.name) is \(stage.state) and its task is \(task.state)") }
                }
                if let task, task.kase != row.id { say("\(task.id) is not its own") }
            }
            if row.state == .open, row.acceptedAt != nil, row.stages.allSatisfy(\.state.isPast) { say("all is done, and it is open") }
            if let total = row.total {
                let runs =
                    row.state == .open
                    && row.stages.enumerated().contains { place, stage in
                        stage.state == .open && !plan.stages[place].isStopped && stage.task.flatMap { state.task($0) }?.state != .suspended
                    }
                let expected: ClockState = row.acceptedAt == nil ? .waiting : runs ? .running : .stopped
                if total.state != expected { say("its clock is \(total.state), not \(expected)") }
            }
            if state.cases[row.id]?.due != state.nextTimer(of: row)?.at { say("its timer") }
        }
        // Nobody has a stage of a case that is gone.
        for task in state.openTasks where task.state != .completed {
            guard let kase = task.kase else { continue }
            guard let stage = state.kase(kase)?.stages.first(where: { $0.task == task.id }) else {
                wrong.append("\(task.id) is a stage of nothing")
                continue
            }
            if stage.state != .open { wrong.append("\(task.id) is open, and its stage is \(stage.state)") }
        }
        return wrong
    }

    /// A free crew and a task that waits for one like it.
    private func missedMatches(_ state: DispatchState) -> [String] {
        guard state.roster.fresh.isEmpty else { return [] }
        var missed: [String] = []
        for task in state.openTasks where task.state == .queued && !task.isDesk {
            guard let place = task.place.coordinate else { continue }
            for (slot, crew) in state.roster.crews.enumerated() {
                let load = state.openTasks.count { $0.crew == crew.id && $0.state.occupiesAssignee }
                let position = state.crews[crew.id]?.coordinate ?? crew.base
                guard state.roster.isOnDuty[slot], load < crew.capacity, state.mayDo(crew, task.wanted), !task.declined.contains(crew.id)
                else { continue }
                if let within = task.within {
                    guard let position, position.distanceMetres(to: place) <= within else { continue }
                }
                missed.append("\(crew.id) is free for \(task.id)")
            }
        }
        return missed
    }

    @Test(arguments: seeds) func everyIndexIsWhatTheRowsSayAndNobodyIsIdleWhileHisWorkWaits(seed: UInt64) {
        var random = RandomLife(seed: seed)
        var told: Set<String> = []
        for step in 0..<Self.steps {
            let decision = random.step()
            let label = "seed \(seed), step \(step)"
            #expect(contradictions(random.life.state) == [], "\(label)")
            #expect(missedMatches(random.life.state) == [], "\(label)")
            let receipt = decision.receipt?.status
            if receipt == .rejected || receipt == .conflict || receipt == .duplicate { #expect(decision.isEmpty, "\(label)") }
            for notice in decision.notices where notice.event == .escalated {
                let key = "\(notice.kase.map { "\($0) \(notice.to) " } ?? "")\(notice.task) \(notice.limit!.rawValue) \(notice.percent!)"
                #expect(told.insert(key).inserted, "\(label): told twice: \(key)")
            }
            #expect(Set(decision.notices.map(\.id)).count == decision.notices.count, "\(label)")
            // Whom a search sends has a hand free for it; a hand may give more.
            let byHand = Set(decision.history.filter { $0.event == .assigned }.compactMap(\.crew))
            for line in decision.history where line.event == .dispatched && line.by == "paidan" {
                guard let crew = line.crew, !byHand.contains(crew), let slot = random.life.state.roster.slots[crew] else { continue }
                #expect(Int(random.life.state.roster.loads[slot]) <= random.life.state.roster.crews[slot].capacity, "\(label): \(crew)")
            }
        }
    }

    @Test(arguments: seeds) func changesAreOfTheRowsThatStandAndRevertExactly(seed: UInt64) {
        var random = RandomLife(seed: seed)
        for step in 0..<Self.steps {
            let before = random.life.state
            let decision = random.step()
            let label = "seed \(seed), step \(step)"
            // Each change begins at the row that the one before left, and raises its revision by one.
            var rows: [TaskID: WorkTask] = [:]
            var caseRows: [CaseID: WorkCase] = [:]
            for change in decision.changes {
                switch change {
                case .task(let old, let new):
                    #expect((rows[new.id] ?? before.task(new.id)) == old, "\(label)")
                    #expect(new.revision == (old?.revision ?? 0) + 1, "\(label)")
                    rows[new.id] = new
                case .lastTask(let old, let new): #expect(old < new, "\(label)")
                case .kase(let old, let new):
                    #expect((caseRows[new.id] ?? before.kase(new.id)) == old, "\(label)")
                    #expect(new.revision == (old?.revision ?? 0) + 1, "\(label)")
                    caseRows[new.id] = new
                case .lastCase(let old, let new): #expect(old < new, "\(label)")
                case .crew, .customer, .forget, .plan, .outage, .calls, .contractor, .district: break
                }
            }
            for (id, row) in caseRows where !row.state.isFinal { #expect(random.life.state.kase(id) == row, "\(label)") }
            for (id, row) in rows where !row.state.isFinal { #expect(random.life.state.task(id) == row, "\(label)") }
            var reverted = random.life.state
            for change in decision.changes.reversed() { reverted.revert(change) }
            var expected = before
            if expected.rules !== random.life.rules { expected.adopt(random.life.rules, at: random.life.now) }
            expected.advance(to: random.life.now)
            #expect(Canon(reverted).differences(from: Canon(expected)) == [], "\(label)")
            #expect(contradictions(reverted) == [], "\(label), reverted")
            // And forward again.
            for change in decision.changes { reverted.apply(change) }
            #expect(Canon(reverted).differences(from: Canon(random.life.state)) == [], "\(label), again")
        }
    }

    /// Told beside the rows, change by change: who had it in which state, and for how long.
    @Test func whatDepartmentsHadOfATaskIsTheTimeThatTheyHadIt() {
        var (handedOver, cameBack) = (0, 0)
        for seed in Self.seeds {
            var random = RandomLife(seed: seed)
            var had: [TaskID: [DepartmentID: TimeSpent]] = [:]
            for step in 0..<Self.steps {
                var decision = random.step()
                if random.random.chance(25), let task = random.life.state.openTasks.randomElement(using: &random.random) {
                    // Lives seldom hand on what they have.
                    let to = random.random.pick(["marketing", "operations", "service"])
                    decision.changes += random.life.input(.progress(Progress(task: task.id, event: .assign, by: "zhang", to: to))).changes
                }
                for case .task(let before?, let after) in decision.changes {
                    had[after.id, default: [:]][before.department, default: TimeSpent()].add(max(0, (after.since - before.since).milliseconds), in: before.state)
                    let label = "seed \(seed), step \(step), \(after.id)"
                    var own = after.spent
                    for part in after.handed {
                        #expect(part.spent != TimeSpent(), "\(label)")
                        guard part.department != after.department else {
                            cameBack += 1
                            continue
                        }
                        #expect(part.spent == had[after.id]?[part.department], "\(label)")
                        own -= part.spent
                    }
                    #expect(own == had[after.id]?[after.department] ?? TimeSpent(), "\(label)")
                    #expect(Set(after.handed.map(\.department)).count == after.handed.count, "\(label)")
                    if after.handed.count > before.handed.count { handedOver += 1 }
                }
            }
        }
        #expect(handedOver > 10 && cameBack > 0, "\(handedOver) times to another department, \(cameBack) times back: too few to prove anything")
    }

    @Test(arguments: seeds) func aRestartFindsTheStateThatItLeft(seed: UInt64) {
        var random = RandomLife(seed: seed)
        for step in 0..<Self.steps {
            _ = random.step()
            let state = random.life.state
            let again = DispatchState(
                tasks: state.openTasks.reversed(), crews: state.crews.values.sorted { $1.id < $0.id }, lastTask: state.lastTask,
                cases: state.openCases.reversed(), plans: Array(state.compiledPlans.mapValues(\.plan).values), lastCase: state.lastCase,
                districts: Array(state.districts.values), rules: state.rules, at: state.clock)
            #expect(Canon(again).differences(from: Canon(state)) == [], "seed \(seed), step \(step)")
            if state.roster.fresh.isEmpty { #expect(again.roster.fresh.isEmpty, "seed \(seed), step \(step): who was offered everything is fresh") }
        }
    }

    @Test(arguments: seeds.prefix(10)) func theSameStimuliLeadToTheSameDecisions(seed: UInt64) {
        var first = RandomLife(seed: seed)
        var second = RandomLife(seed: seed)
        for step in 0..<Self.steps { #expect(first.step() == second.step(), "seed \(seed), step \(step)") }
    }

    /// What the log leaves out (decisions that came to nothing) makes no difference: a life lived again from what was entered is the same.
    @Test(arguments: seeds.prefix(10)) func decisionsThatCameToNothingCanBeLeftOut(seed: UInt64) {
        var random = RandomLife(seed: seed)
        var again = random.life.state
        for step in 0..<Self.steps {
            let rulesBefore = random.life.rules
            let decision = random.step()
            if decision.isEmpty, random.life.rules === rulesBefore { continue }
            // The stimulus is the life's own last one: lived again on the state that knows only what was entered.
            guard let stimulus = random.life.lastStimulus else { continue }
            let routing = random.life.routing
            let rules = random.life.rules
            let other = Decisions.decide(&again, rules: rules, stimulus: stimulus, at: random.life.now) { _ in
                RouteResult(routings: routing, failures: [])
            }
            #expect(other == decision, "seed \(seed), step \(step)")
        }
    }

    @Test(arguments: seeds.prefix(10)) func theSortedChunksAreASortedList(seed: UInt64) {
        var random = SplitMix(state: seed)
        var chunks = SortedChunks<Int>()
        var plain: [Int] = []
        for _ in 0..<4_000 {
            let value = random.number(0...3_000)
            if random.chance(plain.count > 1_500 ? 30 : 60) {
                if !plain.contains(value) {
                    chunks.insert(value)
                    plain.append(value)
                }
            } else {
                #expect(chunks.remove(value) == plain.contains(value), "seed \(seed)")
                plain.removeAll { $0 == value }
            }
        }
        plain.sort()
        #expect(chunks.chunks.flatMap { $0 } == plain, "seed \(seed)")
        #expect(chunks.count == plain.count, "seed \(seed)")
        #expect(chunks.chunks.allSatisfy { !$0.isEmpty && $0.count <= 256 }, "seed \(seed)")
        for value in stride(from: -1, through: 3_001, by: 7) {
            #expect(chunks.count(before: value) == plain.count { $0 < value }, "seed \(seed)")
        }
    }

    @Test func aTickHandlesItsShareAndStaysDue() {
        var life = Life(Town(), .nearest(limits: [.arrive: .minutes(10)], escalate: "repair"))
        life.rules = Town(ladders: ["repair": RandomLife.ladder]).rules
        for _ in 0..<300 { life.report(0) }
        life.now = life.now + .hours(1)
        // Four rungs each.
        var left = 1_200
        while let due = life.state.nextDue, due <= life.now {
            let decision = life.decide(.tick)
            #expect(decision.changes.count == min(left, Limits.timersPerTick))
            left -= decision.changes.count
            if left <= 0 { break }
        }
        #expect(left == 0)
        #expect(life.state.nextDue == nil)
    }

    @Test func aShiftOfManyCrewsIsServedInShares() {
        let night = Shift(name: "night", fromMinute: 9 * 60, untilMinute: 17 * 60)
        var life = Life(Town(crews: (0..<600).map { Town.crew("c\($0)", km: Double($0) / 100, shift: night) }), .nearest())
        for _ in 0..<1_000 { life.report(0) }
        life.now = life.now + .hours(1)
        var sent: [Int] = []
        while let due = life.state.nextDue, due <= life.now { sent.append(life.decide(.tick).changes.count) }
        #expect(sent == [256, 256, 88])
        #expect(life.state.count(of: .dispatched) == 600)
        #expect(life.state.openTasks.filter { $0.state == .dispatched }.map(\.id.number) == Array(1...600))
    }
}

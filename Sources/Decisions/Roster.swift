import Domain
import Planning
import Rules

/// The crews of the rules in force by slot (their place in the byte order of the names), with all that is derived for them:
/// duty, load, position, who is free for which set of skills, and what waits for each set.
///
/// A crew that becomes free is first `fresh`: it must be offered what waits before it counts as free for new tasks. `settle`
/// does that at the end of each decision. So the invariant is: no task waits that a crew in a `free` list could take.
struct Roster: Sendable {
    enum Standing: UInt8, Sendable {
        /// Off duty, or with as many tasks as it can have.
        case engaged
        case fresh
        case free
    }

    let crews: [Crew]
    let slots: [CrewID: Int]
    private(set) var isOnDuty: [Bool]
    private(set) var loads: [Int32]
    private(set) var standing: [Standing]
    /// By slot, for explanations: `off_duty`, `at_capacity`, or 0.
    private(set) var codes: [UInt8]
    private(set) var field: CrewField
    /// When each crew's duty may change; `.distantFuture`: never.
    private var dutyUntil: [Instant]
    /// The earliest of them.
    private(set) var nextDutyChange: Instant
    private(set) var onDutyCount = 0
    /// Sorted slots.
    private(set) var fresh: [Int32] = []
    private(set) var groups: [SkillGroup] = []
    private var groupOf: [[SkillID]: Int] = [:]
    /// By slot: the groups whose skills the crew has.
    private var groupsOf: [[Int]]
    private(set) var waitingCount = 0

    init(_ site: Site, records: [CrewID: CrewRecord], at now: Instant) {
        crews = site.crews.values.sorted { $0.id < $1.id }
        var slots: [CrewID: Int] = [:]
        for (slot, crew) in crews.enumerated() { slots[crew.id] = slot }
        self.slots = slots
        field = CrewField(crews.map { records[$0.id]?.coordinate ?? $0.base })
        isOnDuty = Array(repeating: false, count: crews.count)
        loads = Array(repeating: 0, count: crews.count)
        standing = Array(repeating: .engaged, count: crews.count)
        codes = Array(repeating: Verdict.off_duty.code, count: crews.count)
        dutyUntil = Array(repeating: .distantFuture, count: crews.count)
        groupsOf = Array(repeating: [], count: crews.count)
        nextDutyChange = .distantFuture
        for slot in crews.indices { setDuty(slot, records[crews[slot].id], site.zone, now) }
        nextDutyChange = dutyUntil.min() ?? .distantFuture
    }

    // MARK: Duty, load, position

    private mutating func setDuty(_ slot: Int, _ record: CrewRecord?, _ zone: TimeZoneRules, _ now: Instant) {
        let (isOn, until) = duty(of: crews[slot], record: record, at: now, in: zone)
        dutyUntil[slot] = until ?? .distantFuture
        if isOn != isOnDuty[slot] {
            isOnDuty[slot] = isOn
            onDutyCount += isOn ? 1 : -1
            restand(slot)
        }
    }

    /// What is known of a crew has changed.
    mutating func update(_ id: CrewID, _ record: CrewRecord?, zone: TimeZoneRules, at now: Instant) {
        guard let slot = slots[id] else { return }
        let before = dutyUntil[slot]
        setDuty(slot, record, zone, now)
        if dutyUntil[slot] < nextDutyChange {
            nextDutyChange = dutyUntil[slot]
        } else if before == nextDutyChange, dutyUntil[slot] != before {
            nextDutyChange = dutyUntil.min() ?? .distantFuture
        }
        let coordinate = record?.coordinate ?? crews[slot].base
        if coordinate != field.coordinates[slot] {
            field.move(slot, to: coordinate)
            // From here it may reach what it could not before.
            if standing[slot] == .free, waitingCount > 0 {
                leaveFree(slot)
                enterFresh(slot)
            }
        }
    }

    /// Duty as it is at another instant; `isBack`: the clock has been set back, so that nothing known holds.
    mutating func advance(to now: Instant, isBack: Bool, records: [CrewID: CrewRecord], zone: TimeZoneRules) {
        guard isBack || nextDutyChange <= now else { return }
        for slot in crews.indices where isBack || dutyUntil[slot] <= now { setDuty(slot, records[crews[slot].id], zone, now) }
        nextDutyChange = dutyUntil.min() ?? .distantFuture
    }

    mutating func addLoad(_ id: CrewID, _ number: Int32) {
        guard let slot = slots[id] else { return }
        loads[slot] += number
        restand(slot)
    }

    // MARK: Free and fresh

    private mutating func restand(_ slot: Int) {
        let hasRoom = Int(loads[slot]) < crews[slot].capacity
        let isFree = isOnDuty[slot] && hasRoom
        codes[slot] = !isOnDuty[slot] ? Verdict.off_duty.code : hasRoom ? 0 : Verdict.at_capacity.code
        switch (standing[slot], isFree) {
        case (.engaged, true): if waitingCount == 0 { enterFree(slot) } else { enterFresh(slot) }
        case (.fresh, false):
            fresh.removeSorted(Int32(slot))
            standing[slot] = .engaged
        case (.free, false):
            leaveFree(slot)
            standing[slot] = .engaged
        case (.engaged, false), (.fresh, true), (.free, true): break
        }
    }

    private mutating func enterFresh(_ slot: Int) {
        standing[slot] = .fresh
        fresh.insertSorted(Int32(slot))
    }

    private mutating func enterFree(_ slot: Int) {
        standing[slot] = .free
        for group in groupsOf[slot] { groups[group].free.insertSorted(Int32(slot)) }
    }

    private mutating func leaveFree(_ slot: Int) {
        for group in groupsOf[slot] { groups[group].free.removeSorted(Int32(slot)) }
    }

    /// All fresh crews count as free from here on; the caller offers them what waits.
    mutating func takeFresh() -> [Int] {
        let taken = fresh.map { Int($0) }
        fresh = []
        for slot in taken { enterFree(slot) }
        return taken
    }

    /// Those that were not offered everything after all.
    mutating func giveBackFresh(_ slots: [Int]) {
        for slot in slots where standing[slot] == .free {
            leaveFree(slot)
            enterFresh(slot)
        }
    }

    // MARK: Sets of skills, and what waits

    /// The group of a sorted set of skills.
    mutating func group(_ skills: [SkillID]) -> Int {
        if let known = groupOf[skills] { return known }
        let index = groups.count
        let isAble = crews.map { crew in skills.allSatisfy { crew.skills.contains($0) } }
        var group = SkillGroup(skills: skills, isAble: isAble, codes: isAble.map { $0 ? 0 : Verdict.lacks_skills.code })
        for slot in crews.indices where isAble[slot] {
            groupsOf[slot].append(index)
            if standing[slot] == .free { group.free.append(Int32(slot)) }
        }
        groups.append(group)
        groupOf[skills] = index
        return index
    }

    mutating func wait(_ task: WorkTask) {
        guard let entry = WaitingTask(task) else { return }
        let index = group(task.skills)
        groups[index].waiting.insert(entry)
        waitingCount += 1
    }

    mutating func waitNoMore(_ task: WorkTask) {
        guard let entry = WaitingTask(task) else { return }
        let index = group(task.skills)
        if groups[index].waiting.remove(entry) { waitingCount -= 1 }
    }

    /// The first waiting task, in the order of the queues, that the crew can take. `accepts` measures what the chord lets through, and
    /// knows who has declined.
    func firstWaiting(for slot: Int, accepts: (TaskID) -> Bool) -> QueueKey? {
        var best: QueueKey?
        for index in groupsOf[slot] {
            search: for chunk in groups[index].waiting.chunks {
                for entry in chunk {
                    if let best, !(entry.key < best) { break search }
                    if field.squaredChord(from: slot, to: entry.point) <= entry.squaredChordMax, accepts(entry.key.id) {
                        best = entry.key
                        break search
                    }
                }
            }
        }
        return best
    }
}

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
    private var groupOf: [WantedCrew: Int] = [:]
    /// By slot: the district that it serves now, its own or the one it is lent to; nil: all.
    private(set) var serves: [DistrictID?]
    /// By slot, districts by numbers: its own, and the one that it serves; `everywhere`: all.
    private var homes: [Int32]
    private var places: [Int32]
    private let numbers: [DistrictID: Int32]
    private static let everywhere: Int32 = -1
    /// How many serve another district than their own.
    private(set) var awayCount = 0
    /// Districts where something has changed since lending was looked at; kept only where rules lend.
    private(set) var touched: Set<DistrictID> = []
    private let tracksDistricts: Bool
    /// By slot: the groups that the crew can do something for.
    private var groupsOf: [[Int]]
    private(set) var waitingCount = 0

    /// - Parameter lends: whether rules, or people, have lent crews or may.
    init(_ site: Site, records: [CrewID: CrewRecord], lends: Bool, at now: Instant) {
        crews = site.crews.values.sorted { $0.id < $1.id }
        tracksDistricts = lends
        serves = crews.map { Self.serves($0, records[$0.id], site) }
        let numbers = Dictionary(uniqueKeysWithValues: site.districts.keys.sorted().enumerated().map { ($1, Int32($0)) })
        self.numbers = numbers
        func number(_ district: DistrictID?) -> Int32 { district.flatMap { numbers[$0] } ?? Self.everywhere }
        homes = crews.map { number($0.district) }
        places = serves.map { number($0) }
        awayCount = zip(homes, places).count { $0 != $1 }
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
        if lends { touched = Set(site.districts.keys) }
    }

    // MARK: Districts

    private static func serves(_ crew: Crew, _ record: CrewRecord?, _ site: Site) -> DistrictID? {
        // A district that is gone is nobody's to serve.
        record?.loan.flatMap { site.districts[$0.to] == nil ? nil : $0.to } ?? crew.district
    }

    mutating func touch(_ district: DistrictID?) {
        if tracksDistricts, let district { touched.insert(district) }
    }

    mutating func takeTouched() -> Set<DistrictID> {
        defer { touched = [] }
        return touched
    }

    /// The crew serves another district from here on.
    private mutating func serve(_ slot: Int, _ district: DistrictID?) {
        guard serves[slot] != district else { return }
        touch(serves[slot])
        touch(district)
        touch(crews[slot].district)
        serves[slot] = district
        awayCount -= homes[slot] != places[slot] ? 1 : 0
        places[slot] = district.flatMap { numbers[$0] } ?? Self.everywhere
        awayCount += homes[slot] != places[slot] ? 1 : 0
        var gained = false
        for index in groups.indices where groups[index].isBound {
            let code = code(slot, groups[index].wanted, isBound: true)
            guard code != groups[index].codes[slot] else { continue }
            groups[index].codes[slot] = code
            groups[index].isAble[slot] = code == 0
            if code == 0 {
                groupsOf[slot].append(index)
                if standing[slot] == .free { groups[index].free.insertSorted(Int32(slot)) }
                if !groups[index].waiting.isEmpty { gained = true }
            } else {
                groupsOf[slot].removeAll { $0 == index }
                groups[index].free.removeSorted(Int32(slot))
            }
        }
        guard gained, standing[slot] == .free else { return }
        leaveFree(slot)
        enterFresh(slot)
    }

    /// Adds the crews of a district, and those lent to it, to what is known of it. Costs a look at each crew.
    func add(to standing: inout DistrictStanding) {
        guard let number = numbers[standing.district] else { return }
        for slot in crews.indices where homes[slot] == number || places[slot] == number {
            guard places[slot] == number else {
                standing.lent += 1
                continue
            }
            if homes[slot] != number { standing.borrowed += 1 }
            guard isOnDuty[slot] else { continue }
            standing.crews += 1
            standing.capacity += crews[slot].capacity
            if self.standing[slot] != .engaged { standing.free += 1 }
        }
    }

    private func code(_ slot: Int, _ wanted: WantedCrew, isBound: Bool) -> UInt8 {
        guard wanted.skills.allSatisfy(crews[slot].skills.contains) else { return Verdict.lacks_skills.code }
        return isBound && serves[slot] != nil && serves[slot] != wanted.district ? Verdict.elsewhere.code : 0
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
    mutating func update(_ id: CrewID, _ record: CrewRecord?, site: Site, at now: Instant) {
        guard let slot = slots[id] else { return }
        let before = dutyUntil[slot]
        setDuty(slot, record, site.zone, now)
        serve(slot, Self.serves(crews[slot], record, site))
        if dutyUntil[slot] < nextDutyChange {
            nextDutyChange = dutyUntil[slot]
        } else if before == nextDutyChange, dutyUntil[slot] != before {
            nextDutyChange = dutyUntil.min() ?? .distantFuture
        }
        let coordinate = record?.coordinate ?? crews[slot].base
        if coordinate != field.coordinates[slot] {
            field.move(slot, to: coordinate)
            touch(serves[slot])
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
        touch(serves[slot])
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

    // MARK: Kinds of crews, and what waits for them

    /// The group of a kind of crew.
    mutating func group(_ wanted: WantedCrew) -> Int {
        if let known = groupOf[wanted] { return known }
        let index = groups.count
        let isBound = wanted.district.map { district in crews.contains { $0.district == district && wanted.skills.allSatisfy($0.skills.contains) } } ?? false
        let codes = crews.indices.map { code($0, wanted, isBound: isBound) }
        var group = SkillGroup(wanted: wanted, isBound: isBound, isAble: codes.map { $0 == 0 }, codes: codes)
        for slot in crews.indices where group.isAble[slot] {
            groupsOf[slot].append(index)
            if standing[slot] == .free { group.free.append(Int32(slot)) }
        }
        groups.append(group)
        groupOf[wanted] = index
        return index
    }

    mutating func wait(_ task: WorkTask) {
        guard let entry = WaitingTask(task) else { return }
        let index = group(task.wanted)
        groups[index].waiting.insert(entry)
        waitingCount += 1
    }

    mutating func waitNoMore(_ task: WorkTask) {
        guard let entry = WaitingTask(task) else { return }
        let index = group(task.wanted)
        if groups[index].waiting.remove(entry) { waitingCount -= 1 }
    }

    /// The first waiting task, in the order of the queues, that the crew can take. `accepts` measures what the chord lets through, and
    /// knows who has declined.
    func firstWaiting(for slot: Int, accepts: (TaskID) -> Bool) -> QueueKey? { firstWaiting(for: slot, in: groupsOf[slot], accepts: accepts) }

    /// The same of what only those who serve a district may do, as if the crew were one of them.
    func firstWaiting(for slot: Int, lentTo district: DistrictID, accepts: (TaskID) -> Bool) -> QueueKey? {
        firstWaiting(
            for: slot, in: groups.indices.filter { groups[$0].isBound && groups[$0].wanted.district == district && groups[$0].codes[slot] != Verdict.lacks_skills.code },
            accepts: accepts)
    }

    /// Something waits that only those who serve the district may do.
    func hasBoundWaiting(_ district: DistrictID) -> Bool { groups.contains { $0.isBound && $0.wanted.district == district && !$0.waiting.isEmpty } }

    private func firstWaiting(for slot: Int, in indexes: [Int], accepts: (TaskID) -> Bool) -> QueueKey? {
        var best: QueueKey?
        for index in indexes {
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

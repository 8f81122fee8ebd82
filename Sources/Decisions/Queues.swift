import Domain
import Planning

/// A sorted list in chunks of at most 256: inserting and removing moves a few kilobytes however long the list is
/// (100 000 elements: some 600 chunks). Elements are distinct.
struct SortedChunks<Element: Comparable & Sendable>: Sendable {
    /// Each sorted, none empty, all in order.
    private(set) var chunks: [[Element]] = []
    private(set) var count = 0

    static var chunkMax: Int { 256 }

    var isEmpty: Bool { count == 0 }

    /// The first chunk whose last element is not before `element`; `chunks.count` when all are.
    private func chunk(for element: Element) -> Int {
        var low = 0
        var high = chunks.count
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle][chunks[middle].count - 1] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func place(of element: Element, in chunk: Int) -> Int {
        var low = 0
        var high = chunks[chunk].count
        while low < high {
            let middle = (low + high) / 2
            if chunks[chunk][middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ element: Element) {
        count += 1
        guard !chunks.isEmpty else {
            chunks.append([element])
            return
        }
        let index = min(chunk(for: element), chunks.count - 1)
        chunks[index].insert(element, at: place(of: element, in: index))
        guard chunks[index].count > Self.chunkMax else { return }
        let half = Self.chunkMax / 2
        let upper = Array(chunks[index][half...])
        chunks[index].removeSubrange(half...)
        chunks.insert(upper, at: index + 1)
    }

    /// Returns whether it was there.
    @discardableResult
    mutating func remove(_ element: Element) -> Bool {
        let index = chunk(for: element)
        guard index < chunks.count else { return false }
        let at = place(of: element, in: index)
        guard at < chunks[index].count, chunks[index][at] == element else { return false }
        count -= 1
        chunks[index].remove(at: at)
        if chunks[index].isEmpty {
            chunks.remove(at: index)
        } else if index + 1 < chunks.count, chunks[index].count + chunks[index + 1].count <= Self.chunkMax / 2 {
            chunks[index].append(contentsOf: chunks[index + 1])
            chunks.remove(at: index + 1)
        }
        return true
    }

    /// How many elements stand before `element`.
    func count(before element: Element) -> Int {
        let index = chunk(for: element)
        var sum = 0
        for chunk in chunks[..<index] { sum += chunk.count }
        return index < chunks.count ? sum + place(of: element, in: index) : sum
    }
}

/// The order in which queues are emptied: priority, then deadline, then number.
struct QueueKey: Sendable, Hashable, Comparable {
    var rank: Int
    /// When somebody must have arrived; without such a limit, when the task was made.
    var deadline: Instant
    var id: TaskID

    init(_ task: WorkTask) {
        rank = task.priority.rank
        deadline = task.limits.first { $0.name == .arrive }?.due ?? task.createdAt
        id = task.id
    }

    static func < (a: QueueKey, b: QueueKey) -> Bool {
        if a.rank != b.rank { return a.rank < b.rank }
        if a.deadline != b.deadline { return a.deadline < b.deadline }
        return a.id < b.id
    }
}

/// A task that waits for a crew, with what a free crew must know to pass it by quickly.
struct WaitingTask: Sendable, Comparable {
    var key: QueueKey
    var point: UnitVector
    /// A crew whose squared chord is above this can't reach it.
    var squaredChordMax: Double

    init?(_ task: WorkTask) {
        guard let coordinate = task.place.coordinate else { return nil }
        key = QueueKey(task)
        point = UnitVector(coordinate)
        squaredChordMax = Reach(metres: task.within).squaredChordMax
    }

    static func < (a: WaitingTask, b: WaitingTask) -> Bool { a.key < b.key }
    static func == (a: WaitingTask, b: WaitingTask) -> Bool { a.key == b.key }
}

/// What a crew must have for a task.
struct WantedCrew: Sendable, Hashable {
    /// Sorted.
    var skills: [SkillID]
    /// Of those who serve this district; nil: of all.
    var district: DistrictID?
}

extension WorkTask {
    var wanted: WantedCrew { WantedCrew(skills: skills, district: ofDistrict ? place.district : nil) }
}

/// Everybody and everything that one kind of crew concerns.
struct SkillGroup: Sendable {
    let wanted: WantedCrew
    /// Only those who serve its district; a district without any crew of its own that has the skills is served by all.
    let isBound: Bool
    /// By slot: has all of the skills, and serves the district.
    var isAble: [Bool]
    /// By slot, for explanations: `lacks_skills`, `elsewhere`, or 0.
    var codes: [UInt8]
    /// The able crews that are on duty with a hand free, and have been offered to the queue; sorted slots.
    var free: [Int32] = []
    var waiting = SortedChunks<WaitingTask>()
}

extension [Int32] {
    private func place(of slot: Int32) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < slot { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// For a sorted list: keeps it sorted and each number once.
    mutating func insertSorted(_ slot: Int32) {
        let at = place(of: slot)
        if at == count || self[at] != slot { insert(slot, at: at) }
    }

    mutating func removeSorted(_ slot: Int32) {
        let at = place(of: slot)
        if at < count, self[at] == slot { remove(at: at) }
    }
}

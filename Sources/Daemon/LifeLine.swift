import Decisions
import Domain
import Store
import Synchronization
import Systemd

/// What was decided, as journal lines.
enum LifeLine {
    /// One stored line of a task's history. `PAIDAN_SEQUENCE` is its number: a line that a crash made come twice has it twice.
    static func entry(for stored: StoredLine, zone: TimeZoneRules) -> JournalEntry {
        var distance: Int?
        if stored.line.event == .dispatched, let why = stored.line.why { distance = chosenDistance(why) }
        var entry = Message.history(stored.line, distanceMetres: distance, zone: zone)
        entry.fields.append(JournalField("PAIDAN_SEQUENCE", String(stored.number)))
        return entry
    }

    /// `distance_m` of the explanation itself, which stands before its candidates (Decisions/Explanation.swift); nil where it has none.
    /// Read without parsing the rest: there is a line for every dispatch.
    static func chosenDistance(_ why: [UInt8]) -> Int? {
        why.withUnsafeBufferPointer { text in
            var at = 0
            while at < text.count {
                guard text[at] == UInt8(ascii: "\"") else {
                    at += 1
                    continue
                }
                if begins(text, at, #""candidates":"#) { return nil }
                guard begins(text, at, #""distance_m":"#) else {
                    at += 1
                    continue
                }
                var metres = 0
                at += 13
                while at < text.count, (0x30...0x39).contains(text[at]), metres < 1 << 40 {
                    metres = metres * 10 + Int(text[at] - 0x30)
                    at += 1
                }
                return metres
            }
            return nil
        }
    }

    private static func begins(_ text: UnsafeBufferPointer<UInt8>, _ at: Int, _ key: StaticString) -> Bool {
        guard text.count - at >= key.utf8CodeUnitCount else { return false }
        for i in 0..<key.utf8CodeUnitCount where text[at + i] != key.utf8Start[i] { return false }
        return true
    }

    /// What a turn did that is no task's history: crews on and off duty, inputs refused.
    static func asides(of result: Dispatcher.Result, zone: TimeZoneRules) -> [JournalEntry] {
        var entries: [JournalEntry] = []
        for entry in result.entries {
            if let receipt = entry.decision.receipt, let refused = Message.refused(receipt) { entries.append(refused) }
            if case .input(let input, _) = entry.stimulus, case .crew(let signal) = input.body, let onDuty = signal.onDuty,
                entry.decision.receipt?.status == .accepted
            {
                var until: Instant?
                for case .crew(_, let after) in entry.decision.changes where after.id == signal.crew { until = after.dutyUntil }
                entries.append(
                    Message.crew(signal.crew, isOnDuty: onDuty, by: input.key.source.rawValue, until: until, zone: zone))
            }
        }
        return entries
    }
}

/// Remarks in the journal. A condition that fails does so for each report: it is named once for each rule and message, and
/// counted ever after.
final class Remarks: Sendable {
    private let journaler: Journaler
    private let named = Mutex<Set<String>>([])
    /// Beyond so many different failures nobody reads them; the counter goes on.
    private static let namedMax = 1_000

    init(journaler: Journaler) { self.journaler = journaler }

    func say(_ remark: Remark) {
        if remark.kind == .condition_failed {
            let isNew = named.withLock { named in
                named.count < Self.namedMax && named.insert((remark.rule ?? "") + "\u{0}" + remark.text).inserted
            }
            guard isNew else { return }
        }
        journaler.send(Message.remark(remark))
    }
}

/// Says when the disk became full, and when there is room again.
final class DiskSpace: Sendable {
    private let folder: String
    private let journaler: Journaler
    private let since = Mutex<Int64?>(nil)

    init(folder: String, journaler: Journaler) {
        self.folder = folder
        self.journaler = journaler
    }

    /// nil: there is room again.
    func say(_ reason: String?) {
        let now = monotonicMilliseconds()
        if let reason {
            since.withLock { $0 = now }
            journaler.send(Message.diskFull(folder: folder, reason: reason))
        } else {
            let began = since.withLock { since in
                defer { since = nil }
                return since ?? now
            }
            journaler.send(Message.diskRoomAgain(folder: folder, after: TimeSpan(milliseconds: now - began)))
        }
    }
}

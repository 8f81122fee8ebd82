import Decisions
import Domain
import Figures
import Foundation
import Store
import Systemd
import Testing

@testable import Daemon

/// One message with everything that it can carry, for each message of the table.
private func samples(_ message: Message) -> [JournalEntry] {
    let instant = Instant(milliseconds: 1_795_306_680_000)
    let zone = TimeZoneRules.shanghai
    let task = TaskID(day: 20_261_122, number: 17)
    func line(_ event: HistoryEvent, crew: String? = "north-2", note: String? = "the bridge is closed") -> HistoryLine {
        HistoryLine(
            task: task, revision: 3, at: instant, event: event, by: "north-2", crew: crew.map { CrewID($0) },
            department: DepartmentID("operations"), rule: "faults.hazard-first", report: "95598-1",
            customer: crew == nil ? nil : CustomerID("3302001234"), note: note)
    }
    func ofCase(_ event: HistoryEvent) -> [JournalEntry] {
        [nil, "property, approval"].map { note in
            var line = line(event, note: note)
            line.task = .none
            line.kase = CaseID(day: 20_261_122, number: 3)
            return Message.history(line, zone: zone)
        }
    }
    func ofSubject(_ event: HistoryEvent, _ subject: Subject) -> [JournalEntry] {
        [nil, "F-12"].map { note in
            var line = line(event, note: note)
            line.task = .none
            line.subject = subject
            return Message.history(line, zone: zone)
        }
    }
    func history(_ event: HistoryEvent) -> [JournalEntry] {
        [
            Message.history(line(event), distanceMetres: 1_234, acceptBy: instant, zone: zone),
            Message.history(line(event, note: nil), zone: zone),
        ]
    }
    func ofContractor(_ event: HistoryEvent) -> [JournalEntry] {
        [nil, "A 92.53 → B 81.9: quality 83.0; 4 jobs since 2026-11-23"].map { note in
            var line = line(event, crew: nil, note: note)
            line.task = .none
            line.subject = .contractor(ContractorID("c-7"))
            return Message.history(line, zone: zone)
        }
    }
    func remark(_ kind: Remark.Kind) -> [JournalEntry] {
        [Message.remark(Remark(kind: kind, text: "nothing says where it is", task: task, rule: "faults.hazard-first"))]
    }
    let notice = Notice(
        id: "T-20261122-17/3/1", task: task, event: .escalated, to: "u-301", channel: "crew_app", at: instant, due: instant, limit: .arrive,
        percent: 80)
    func refused(_ status: ReceiptStatus) -> [JournalEntry] {
        let receipt = Receipt(id: "a-1", source: SourceID("95598"), status: status, reason: "'type' is missing; add it")
        return Message.refused(receipt).map { [$0] } ?? []
    }
    switch message {
    case .task_created: return history(.created)
    case .task_queued: return history(.queued)
    case .task_dispatched: return history(.dispatched)
    case .task_accepted: return history(.accepted)
    case .task_rejected: return history(.rejected)
    case .task_accept_timeout: return history(.accept_timeout)
    case .task_contacted: return history(.contacted)
    case .task_called_back: return history(.called_back)
    case .task_reopened: return history(.reopened)
    case .task_shared: return history(.shared)
    case .task_concerned: return history(.concerned)
    case .task_recovered: return history(.recovered)
    case .task_enroute: return history(.enroute)
    case .task_onsite: return history(.onsite)
    case .task_suspended: return history(.suspended)
    case .task_resumed: return history(.resumed)
    case .task_completed: return history(.completed)
    case .task_closed: return history(.closed)
    case .task_cancelled: return history(.cancelled)
    case .task_merged: return history(.merged)
    case .task_assigned: return history(.assigned)
    case .task_priority_changed: return history(.priority_changed)
    case .task_escalated: return history(.escalated)
    case .task_all_declined: return history(.all_declined)
    case .task_joined: return history(.joined)
    case .task_split: return history(.split)
    case .callers_told: return history(.callers_told)
    case .customer_tier: return ofSubject(.customer_tier, .customer(CustomerID("330")))
    case .customer_flagged: return ofSubject(.customer_flagged, .customer(CustomerID("330")))
    case .customer_unflagged: return ofSubject(.customer_unflagged, .customer(CustomerID("330")))
    case .customer_told: return ofSubject(.customer_told, .customer(CustomerID("330")))
    case .customer_manager: return ofSubject(.customer_manager, .customer(CustomerID("330")))
    case .customer_suggested: return ofSubject(.customer_suggested, .customer(CustomerID("330")))
    case .customer_forgotten: return ofSubject(.customer_forgotten, .customer(CustomerID("330")))
    case .report_answered: return ofSubject(.answered, .outage(OutageID("o-7"))) + ofSubject(.answered, .customer(CustomerID("")))
    case .outage_planned: return ofSubject(.outage_planned, .outage(OutageID("o-7")))
    case .outage_changed: return ofSubject(.outage_changed, .outage(OutageID("o-7")))
    case .outage_cancelled: return ofSubject(.outage_cancelled, .outage(OutageID("o-7")))
    case .outage_ended: return ofSubject(.outage_ended, .outage(OutageID("o-7")))
    case .outage_told: return ofSubject(.outage_told, .outage(OutageID("o-7")))
    case .outage_short_notice: return ofSubject(.outage_short_notice, .outage(OutageID("o-7")))
    case .outage_overlap: return ofSubject(.outage_overlap, .outage(OutageID("o-7")))
    case .outage_overrun: return ofSubject(.outage_overrun, .outage(OutageID("o-7")))
    case .condition_failed: return remark(.condition_failed)
    case .fallback: return remark(.fallback)
    case .place_unknown: return remark(.place_unknown)
    case .register_unknown: return remark(.register_unknown)
    case .crew_unknown: return remark(.crew_unknown)
    case .from_the_future: return remark(.from_the_future)
    case .beyond_calendar: return remark(.beyond_calendar)
    case .deadlines_moved: return remark(.deadlines_moved)
    case .document_unexpected: return remark(.document_unexpected)
    case .device_floods: return remark(.device_floods)
    case .case_opened: return ofCase(.case_opened)
    case .case_documents_missing: return ofCase(.documents_missing)
    case .case_documents_received: return ofCase(.documents_received)
    case .case_accepted: return ofCase(.case_accepted)
    case .case_stage_skipped: return ofCase(.stage_skipped)
    case .case_stage_failed: return ofCase(.stage_failed)
    case .case_suspended: return ofCase(.case_suspended)
    case .case_resumed: return ofCase(.case_resumed)
    case .case_completed: return ofCase(.case_completed)
    case .case_withdrawn: return ofCase(.case_withdrawn)
    case .case_migrated: return ofCase(.case_migrated)
    case .case_escalated: return ofCase(.case_escalated)
    case .case_concerned: return ofCase(.case_concerned)
    case .contractor_tier: return ofContractor(.contractor_tier)
    case .contractor_suspended: return ofContractor(.contractor_suspended)
    case .contractor_excluded: return ofContractor(.contractor_excluded)
    case .contractor_accident: return ofContractor(.contractor_accident)
    case .contractor_fraud: return ofContractor(.contractor_fraud)
    case .contractor_rectified: return ofContractor(.contractor_rectified)
    case .contractor_returned: return ofContractor(.contractor_returned)
    case .crew_lent: return ofSubject(.crew_lent, .district(DistrictID("lucheng")))
    case .crew_returned: return ofSubject(.crew_returned, .district(DistrictID("lucheng")))
    case .notice_told: return [Message.noticeTold(notice, zone: zone)]
    case .notice_failed: return [Message.noticeFailed(notice, attempt: 2, reason: "exit code 7", nextAt: instant, zone: zone)]
    case .notice_parked: return [Message.noticeParked(notice, attempts: 20, reason: "exit code 7")]
    case .starting: return [Message.started(version: "0.1", rules: "/etc/paidan/rules", state: "/var/lib/paidan")]
    case .ready: return [Message.isReady(openTasks: 3, crewsOnDuty: 2, rulesHash: "0123456789ab", doors: ["/run/p.sock"], milliseconds: 80)]
    case .start_failed: return [Message.startFailed(reason: "socket: in use; stop the other one")]
    case .stopping: return [Message.isStopping(unfinished: 4)]
    case .stopped: return [Message.hasStopped()]
    case .rules_loaded: return [Message.rulesLoaded(hash: "0123456789ab", folder: "/etc/paidan/rules", previousHash: "ba9876543210")]
    case .rules_refused: return [Message.rulesRefused(folder: "r", diagnostics: ["a.yaml:1:2: error[x]: y"], inForce: "0123456789ab")]
    case .running_on_last_good_rules: return [Message.runningOnLastGoodRules(folder: "r", diagnostics: ["d"], hash: "0123456789ab")]
    case .no_usable_rules: return [Message.noUsableRules(folder: "r", diagnostics: ["d", "e"])]
    case .input_rejected: return refused(.rejected)
    case .input_conflict: return refused(.conflict)
    case .file_quarantined: return [Message.fileQuarantined("storm.csv", reason: "spool: storm.csv is in quarantine")]
    case .spool_blocked: return [Message.spoolBlocked(reason: "spool: no room for inputs")]
    case .spool_again: return [Message.spoolAgain(reason: "spool: inputs are taken in again")]
    case .spool_unwatched: return [Message.spoolUnwatched(reason: "spool: the kernel gives no hints")]
    case .disk_full: return [Message.diskFull(folder: "/var/lib/paidan", reason: "SQLite: database or disk is full")]
    case .disk_room_again: return [Message.diskRoomAgain(folder: "/var/lib/paidan", after: .minutes(3))]
    case .store_failed: return [Message.storeFailed(reason: "SQLite: disk I/O error")]
    case .watchdog_reason: return [Message.watchdogReason(["the loop stands still"], silentFor: .seconds(6))]
    case .clock_jumped: return [Message.clockJumped(by: .minutes(-5)), Message.clockJumped(by: TimeSpan(milliseconds: .min))]
    case .crew_on_duty: return [Message.crew(CrewID("north-2"), isOnDuty: true, by: "u-301", until: instant, zone: zone)]
    case .crew_off_duty: return [Message.crew(CrewID("north-2"), isOnDuty: false, by: nil, until: nil, zone: zone)]
    case .positions_summary: return [Message.positionsSummary(positions: 1_200, crews: 20, in: .minutes(1))]
    case .timers_caught_up: return [Message.timersCaughtUp(count: 12, downFor: .hours(3))]
    case .log_head: return LogHead("12:" + String(repeating: "ab", count: 32)).map { [Message.logHead($0, log: "0f")] } ?? []
    case .messages_left_out: return [Message.messagesLeftOut(9)]
    case .rules_finding: return [Message.rulesFinding("r/a.yaml:1:2: warning[unused]: x", file: "a.yaml", hash: "0123456789ab")]
    case .rules_looked_through:
        return [
            Message.rulesLookedThrough(hash: "0123456789ab", warnings: 1, new: 0, told: 0, in: .seconds(1)),
            Message.rulesLookedThrough(hash: "0123456789ab", warnings: 60, new: 30, told: 20, in: .seconds(1)),
        ]
    case .stage_unusual:
        let band = UsualBand([0.1, 0.1, 0.1, 0.1], slack: { _ in 0.1 })
        return band.map { band in
            [false, true].flatMap { isAbove in
                BandFinding.Measure.allCases.map { measure in
                    Message.stageUnusual(
                        BandFinding(
                            process: "connections.new_connection_hv", stage: NamedCode("site_survey", chinese: "现场勘查"), measure: measure, isAbove: isAbove,
                            value: 0.42, band: band, unit: .working_days, count: 31))
                }
            }
        } ?? []
    case .stage_watch_failed: return [Message.stageWatchFailed(reason: "SQLite: disk I/O error")]
    case .notify_failed: return [Message.notifyFailed(reason: "no such file")]
    }
}

@Suite struct MessageTests {
    @Test func numbersAreWellFormedAndUsedOnce() {
        let ids = Message.allCases.map(\.form.id)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.utf8.count == 32 && id.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }, "\(id)") }
    }

    @Test(arguments: Message.allCases)
    func everyPlaceIsFilled(message: Message) {
        let entries = samples(message)
        #expect(!entries.isEmpty)
        for entry in entries {
            #expect(entry.messageID == message.form.id)
            #expect(!entry.message.contains("{") && !entry.message.contains("}"), "\(entry.message)")
            #expect(entry.fields.first == JournalField("PAIDAN_EVENT", message.rawValue))
            #expect(entry.fields.allSatisfy { JournalField.isValid(name: $0.name) })
            #expect(Set(entry.fields.map(\.name)).count == entry.fields.count)
        }
    }

    @Test func aLifeReadsWell() {
        func text(_ message: Message, _ index: Int = 0) -> String { samples(message)[index].message }
        #expect(text(.task_dispatched) == "T-20261122-17 dispatched to north-2, 1.2 km, accept by 08:18 (faults.hazard-first)")
        #expect(text(.task_dispatched, 1) == "T-20261122-17 dispatched to north-2 (faults.hazard-first)")
        #expect(text(.task_created) == "T-20261122-17 created for operations from report 95598-1 (faults.hazard-first)")
        #expect(text(.task_completed) == "T-20261122-17 completed by north-2: the bridge is closed")
        #expect(text(.place_unknown) == "T-20261122-17: nothing says where it is")
        #expect(text(.notice_told) == "u-301: escalated T-20261122-17, at 80% of the limit arrive, due 08:18")
        #expect(
            text(.rules_refused) == "rules in r refused, 1 error; the rules 0123456789ab stay in force\na.yaml:1:2: error[x]: y")
        #expect(text(.watchdog_reason) == "the watchdog has not been fed for 6.0 s: the loop stands still")
        #expect(text(.rules_looked_through) == "rules 0123456789ab looked through as a whole in 1.0 s: 1 warning; 'paidan check' shows them all")
        #expect(text(.rules_looked_through, 1).contains("60 warnings, 30 of them new, the first 20 told here; "))
        #expect(text(.clock_jumped) == "the clock jumped backwards by 5 min")
        #expect(text(.crew_on_duty) == "north-2 is on duty, says u-301, until 08:18")
    }

    @Test func aSendersTextStaysOnItsLine() {
        let receipt = Receipt(id: "x\ny", source: SourceID("s"), status: .rejected, reason: "\u{1B}[2J{task}\u{7F}")
        let entry = Message.refused(receipt)
        #expect(entry?.message == "input x y from s rejected: \\u{1B}[2J{task}\\u{7F}")
        #expect(entry?.fields.contains(JournalField("PAIDAN_REPORT", "x\ny")) == true)
    }

    @Test func onlyRefusalsAreJournaled() {
        for status in [ReceiptStatus.accepted, .duplicate] {
            #expect(Message.refused(Receipt(id: "a", source: SourceID("s"), status: status)) == nil)
        }
    }

    @Test func aLongListOfDiagnosticsIsCut() {
        let entry = Message.noUsableRules(folder: "r", diagnostics: (1...60).map { "line \($0)" })
        #expect(entry.message.split(separator: "\n").count == 52)
        #expect(entry.message.hasSuffix("\nline 50\nand 10 more"))
    }

    @Test(arguments: [
        (0, "0 m"), (999, "999 m"), (1_000, "1.0 km"), (1_049, "1.0 km"), (1_050, "1.1 km"), (40_075_000, "40075.0 km"),
    ])
    func distances(metres: Int, text: String) { #expect(Message.distance(metres) == text) }

    @Test(arguments: [
        (0, "0.0 s"), (3_250, "3.2 s"), (59_999, "59.9 s"), (60_000, "1 min"), (3_599_999, "59 min"), (7_800_000, "2 h 10 min"),
        (273_600_000, "3 d 4 h"),
    ])
    func lengths(milliseconds: Int64, text: String) { #expect(Message.length(TimeSpan(milliseconds: milliseconds)) == text) }
}

/// A catalog as systemd reads it.
private struct Catalog {
    struct Entry {
        var name: String
        var subject = ""
        var paragraphs: [String] = []
        var text: String { subject + "\n" + paragraphs.joined(separator: "\n") }
    }

    var entries: [String: Entry] = [:]
    var faults: [String] = []

    init(_ text: String) {
        var name = ""
        var id: String?
        var isHeader = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("#") {
                name = String(line.dropFirst(2))
            } else if line.hasPrefix("-- ") {
                let new = String(line.dropFirst(3))
                if entries[new] != nil { faults.append("\(new) stands twice") }
                entries[new] = Entry(name: name)
                id = new
                isHeader = true
            } else if let id, isHeader, let colon = line.firstIndex(of: ":") {
                if line[..<colon] == "Subject" { entries[id]?.subject = String(line[colon...].dropFirst(2)) }
            } else if let id, line.isEmpty {
                isHeader = false
                entries[id]?.paragraphs.append("")
            } else if let id, let last = entries[id]?.paragraphs.indices.last {
                entries[id]?.paragraphs[last] += line + "\n"
            }
        }
        for key in entries.keys { entries[key]?.paragraphs.removeAll(where: \.isEmpty) }
    }

    /// What is wrong with it, measured on the table of messages.
    func findings(isChinese: Bool) -> [String] {
        var findings = faults
        for message in Message.allCases {
            guard let entry = entries[message.form.id] else {
                findings.append("\(message) has no entry")
                continue
            }
            if entry.name != message.rawValue { findings.append("\(message) stands under the name \(entry.name)") }
            if entry.subject.isEmpty { findings.append("\(message) has no subject") }
            if entry.paragraphs.count != 2 { findings.append("\(message) does not say both what happened and what to do") }
            let hasHan = ([entry.subject] + entry.paragraphs).map { part in
                part.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }
            }
            if hasHan.contains(!isChinese) { findings.append("\(message) is not in its language") }
            let fields = Set(samples(message).flatMap(\.fields).map(\.name))
            for field in places(entry.text) where !fields.contains(field) {
                findings.append("\(message) names \(field), which it does not carry")
            }
        }
        let known = Set(Message.allCases.map(\.form.id))
        for (id, entry) in entries where !known.contains(id) { findings.append("\(id) (\(entry.name)) is no message") }
        return findings.sorted()
    }

    /// `@PAIDAN_TASK@` and the like.
    private func places(_ text: String) -> [String] {
        text.split(separator: "@", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}

@Suite struct MessageCatalogTests {
    private static func text(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("systemd/\(name)"), encoding: .utf8)
    }

    private static let english = "paidan.catalog"
    private static let chinese = "paidan.zh_CN.catalog"

    @Test(arguments: [english, chinese])
    func everyMessageIsExplained(name: String) throws {
        #expect(Catalog(try Self.text(name)).findings(isChinese: name == Self.chinese) == [])
    }

    /// The check above turns red for each kind of fault.
    @Test func aFaultyCatalogIsFound() throws {
        let text = try Self.text(Self.english)
        let ready = "-- " + Message.ready.form.id
        let stopped = "-- " + Message.stopped.form.id
        func findings(_ old: String, _ new: String) -> [String] {
            let changed = text.replacing(old, with: new)
            #expect(changed != text)
            return Catalog(changed).findings(isChinese: false)
        }
        let unknown = String(repeating: "0", count: 32)
        #expect(findings(ready, "-- " + unknown) == ["\(unknown) (ready) is no message", "ready has no entry"])
        #expect(findings(ready, stopped).contains("\(Message.stopped.form.id) stands twice"))
        #expect(findings("Subject: paidan is ready", "Subject: ") == ["ready has no subject"])
        #expect(findings("The rules @PAIDAN_RULES_HASH@ are in force, the store", "The rules @PAIDAN_CREW@, the store") == [
            "ready names PAIDAN_CREW, which it does not carry"
        ])
        #expect(findings("Subject: paidan is ready", "Subject: 就绪") == ["ready is not in its language"])
        #expect(findings("\n# ready\n", "\n# unready\n") == ["ready stands under the name unready"])
        #expect(
            findings("The store can write. Inputs are taken in, and waiting spool files are being read.\n\n", "") == [
                "disk_room_again does not say both what happened and what to do"
            ])
    }
}

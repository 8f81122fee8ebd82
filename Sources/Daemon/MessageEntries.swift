package import Decisions
package import Domain
package import Figures
package import Store
package import Systemd

// The messages of the table, filled. Each function gives one journal line: a message that reads alone, and fields to look for.

extension Message {
    /// One line of a task's history: `T-20261122-17 dispatched to north-2, 1.2 km, accept by 08:18 (faults.hazard-first)`.
    /// - Parameters:
    ///   - distanceMetres: for `dispatched`: from the crew to the place, in whole metres.
    ///   - acceptBy: for `dispatched`: when the accept limit passes.
    ///   - zone: for times of day in the message.
    package static func history(
        _ line: HistoryLine, distanceMetres: Int? = nil, acceptBy: Instant? = nil, zone: TimeZoneRules
    ) -> JournalEntry {
        if let subject = line.subject { return subjectHistory(line, subject) }
        guard line.task != .none else { return caseHistory(line) }
        let task = line.task.description
        let assignee = line.crew?.rawValue ?? line.department.rawValue
        var fields = [
            JournalField("PAIDAN_TASK", task), JournalField("PAIDAN_REPORT", line.report), JournalField("PAIDAN_RULE", line.rule),
            JournalField("PAIDAN_DEPARTMENT", line.department.rawValue), JournalField("PAIDAN_BY", line.by),
        ]
        if let kase = line.kase { fields.append(JournalField("PAIDAN_CASE", kase.description)) }
        if let crew = line.crew { fields.append(JournalField("PAIDAN_CREW", crew.rawValue)) }
        if let customer = line.customer { fields.append(JournalField("PAIDAN_CUSTOMER", customer.rawValue)) }
        return Message(line.event).entry(
            [
                "task": task, "report": line.report, "rule": line.rule, "department": line.department.rawValue, "by": line.by,
                "assignee": assignee, "note": line.note.map { $0.isEmpty ? "" : ": " + $0 } ?? "",
                "distance": distanceMetres.map { ", " + distance($0) } ?? "",
                "accept_by": acceptBy.map { ", accept by " + timeOfDay($0, zone) } ?? "",
            ], fields)
    }

    /// A line of a case as a whole.
    private static func caseHistory(_ line: HistoryLine) -> JournalEntry {
        let kase = line.kase?.description ?? ""
        var fields = [
            JournalField("PAIDAN_CASE", kase), JournalField("PAIDAN_REPORT", line.report), JournalField("PAIDAN_RULE", line.rule),
            JournalField("PAIDAN_BY", line.by),
        ]
        if let customer = line.customer { fields.append(JournalField("PAIDAN_CUSTOMER", customer.rawValue)) }
        return Message(line.event).entry(
            [
                "case": kase, "report": line.report, "rule": line.rule, "by": line.by, "detail": line.note ?? "",
                "note": line.note.map { $0.isEmpty ? "" : ": " + $0 } ?? "",
            ], fields)
    }

    /// A line of what is no task and no case.
    private static func subjectHistory(_ line: HistoryLine, _ subject: Subject) -> JournalEntry {
        let (name, field) =
            switch subject {
            case .contractor(let id): (id.rawValue, JournalField("PAIDAN_CONTRACTOR", id.rawValue))
            case .customer(let id): (id.rawValue, JournalField("PAIDAN_CUSTOMER", id.rawValue))
            case .device(let id): (id.rawValue, JournalField("PAIDAN_DEVICE", id.rawValue))
            case .district(let id): (id.rawValue, JournalField("PAIDAN_DISTRICT", id.rawValue))
            case .outage(let id): (id.rawValue, JournalField("PAIDAN_OUTAGE", id.rawValue))
            }
        var fields = [field, JournalField("PAIDAN_BY", line.by)]
        // A report that was answered may be about an outage, or about nothing that has a name.
        var about = ""
        if case .outage(let id) = subject { about = ": outage \(id)" }
        if name.isEmpty { fields.removeFirst() }
        if !line.report.isEmpty { fields.append(JournalField("PAIDAN_REPORT", line.report)) }
        if !line.rule.isEmpty { fields.append(JournalField("PAIDAN_RULE", line.rule)) }
        if let crew = line.crew { fields.append(JournalField("PAIDAN_CREW", crew.rawValue)) }
        if case .customer = subject {} else if let customer = line.customer { fields.append(JournalField("PAIDAN_CUSTOMER", customer.rawValue)) }
        return Message(line.event).entry(
            [
                "subject": name, "crew": line.crew?.rawValue ?? "", "report": line.report, "rule": line.rule, "by": line.by, "customer": line.customer?.rawValue ?? "", "detail": line.note ?? "",
                "note": line.note.map { $0.isEmpty ? "" : ": " + $0 } ?? "", "about": about,
            ], fields)
    }

    /// What the mind remarks; the task's number goes before the text unless the text has it.
    package static func remark(_ remark: Remark) -> JournalEntry {
        var fields: [JournalField] = []
        var subject = ""
        if let task = remark.task {
            fields.append(JournalField("PAIDAN_TASK", task.description))
            if !remark.text.hasPrefix(task.description) { subject = "\(task): " }
        }
        if let rule = remark.rule { fields.append(JournalField("PAIDAN_RULE", rule)) }
        return Message(remark.kind).entry(["subject": subject, "text": remark.text], fields)
    }

    /// A notice to somebody without a channel: this line is how they are told.
    package static func noticeTold(_ notice: Notice, zone: TimeZoneRules) -> JournalEntry {
        var detail = ""
        if let stage = notice.stage { detail += ", \(stage)" }
        if !notice.documents.isEmpty { detail += ": \(notice.documents.joined(separator: ", "))" }
        if let rule = notice.rule { detail += " (\(rule))" }
        if let district = notice.district { detail += ", it serves \(district)" }
        if let percent = notice.percent { detail += ", at \(percent)% of the limit" + (notice.limit.map { " \($0.rawValue)" } ?? "") }
        if let text = notice.text, notice.event.isOfOutage { detail += ": " + text.chinese + " / " + text.english }
        if let due = notice.due, !notice.event.isOfOutage { detail += (notice.event == .escalated ? ", due " : ", accept by ") + timeOfDay(due, zone) }
        return notice_told.entry(
            ["to": notice.to, "event": notice.event.rawValue, "task": subject(notice), "detail": detail], fields(notice))
    }

    /// - Parameters:
    ///   - attempt: from 1.
    ///   - nextAt: when it is tried again.
    package static func noticeFailed(
        _ notice: Notice, attempt: Int, reason: String, nextAt: Instant?, zone: TimeZoneRules
    ) -> JournalEntry {
        let next = nextAt.map { "; tried again at " + timeOfDay($0, zone, seconds: true) } ?? ""
        return notice_failed.entry(words(notice, attempt, reason, next: next), fields(notice))
    }

    /// Given up after so many attempts.
    package static func noticeParked(_ notice: Notice, attempts: Int, reason: String) -> JournalEntry {
        notice_parked.entry(words(notice, attempts, reason, next: ""), fields(notice))
    }

    private static func words(_ notice: Notice, _ attempt: Int, _ reason: String, next: String) -> KeyValuePairs<String, String> {
        [
            "notice": notice.id, "event": notice.event.rawValue, "to": notice.to, "channel": notice.channel ?? "the journal",
            "attempt": String(attempt), "reason": reason, "next": next,
        ]
    }

    private static func subject(_ notice: Notice) -> String {
        if notice.task != .none { return notice.task.description }
        return notice.kase?.description ?? notice.customer.map { "customer \($0)" } ?? ""
    }

    private static func fields(_ notice: Notice) -> [JournalField] {
        (notice.task == .none ? [] : [JournalField("PAIDAN_TASK", notice.task.description)])
            + (notice.kase.map { [JournalField("PAIDAN_CASE", $0.description)] } ?? [])
            + (notice.customer.map { [JournalField("PAIDAN_CUSTOMER", $0.rawValue)] } ?? []) + [JournalField("PAIDAN_TO", notice.to)]
    }

    package static func started(version: String, rules: String, state: String) -> JournalEntry {
        starting.entry(["version": version, "rules": rules, "state": state])
    }

    /// - Parameter doors: what listens: the socket's path, `ADDRESS:PORT`, the spool folder.
    package static func isReady(
        openTasks: Int, crewsOnDuty: Int, rulesHash: String, doors: [String], milliseconds: Int64
    ) -> JournalEntry {
        ready.entry(
            [
                "open": String(openTasks), "crews": String(crewsOnDuty), "hash": rulesHash, "doors": doors.joined(separator: ", "),
                "milliseconds": String(milliseconds),
            ], [JournalField("PAIDAN_RULES_HASH", rulesHash)])
    }

    /// - Parameter reason: in the form `WHAT: WHY; WHAT TO DO`.
    package static func startFailed(reason: String) -> JournalEntry { start_failed.entry(["reason": reason]) }

    /// - Parameter unfinished: inputs taken in and not yet committed.
    package static func isStopping(unfinished: Int) -> JournalEntry { stopping.entry(["count": String(unfinished)]) }

    package static func hasStopped() -> JournalEntry { stopped.entry([:]) }

    /// - Parameter previousHash: what was in force before; nil at the start.
    package static func rulesLoaded(hash: String, folder: String, previousHash: String?) -> JournalEntry {
        rules_loaded.entry(
            ["hash": hash, "folder": folder, "previous": previousHash.map { " instead of " + $0 } ?? ""],
            [JournalField("PAIDAN_RULES_HASH", hash)])
    }

    /// - Parameters:
    ///   - diagnostics: `FILE:LINE:COL: error[CODE]: TEXT`, each a line; at most `diagnosticsMax` of them are written.
    ///   - inForce: the hash of the rules that stay.
    package static func rulesRefused(folder: String, diagnostics: [String], inForce: String) -> JournalEntry {
        rules_refused.entry(
            ["folder": folder, "errors": count(diagnostics), "hash": inForce], lines: diagnostics,
            [JournalField("PAIDAN_RULES_HASH", inForce)])
    }

    package static func runningOnLastGoodRules(folder: String, diagnostics: [String], hash: String) -> JournalEntry {
        running_on_last_good_rules.entry(
            ["folder": folder, "hash": hash], lines: diagnostics, [JournalField("PAIDAN_RULES_HASH", hash)])
    }

    /// One finding about the set in force that the set before did not have: `FILE:LINE:COL: warning[CODE]: TEXT`.
    package static func rulesFinding(_ text: String, file: String, hash: String) -> JournalEntry {
        rules_finding.entry(["finding": text], [JournalField("PAIDAN_RULES_HASH", hash), JournalField("PAIDAN_FILE", file)])
    }

    /// - Parameters:
    ///   - new: how many of the warnings the set before did not have.
    ///   - told: how many of those were journaled one by one.
    package static func rulesLookedThrough(hash: String, warnings: Int, new: Int, told: Int, in span: TimeSpan) -> JournalEntry {
        rules_looked_through.entry(
            [
                "hash": hash, "span": length(span), "warnings": warnings == 1 ? "1 warning" : "\(warnings) warnings",
                "new": new == 0 ? "" : ", \(new) of them new" + (told < new ? ", the first \(told) told here" : ""),
            ], [JournalField("PAIDAN_RULES_HASH", hash)])
    }

    package static func noUsableRules(folder: String, diagnostics: [String]) -> JournalEntry {
        no_usable_rules.entry(["folder": folder], lines: diagnostics)
    }

    /// An input whose receipt says `rejected` or `conflict`; nil for the others.
    package static func refused(_ receipt: Receipt) -> JournalEntry? {
        let message: Message
        switch receipt.status {
        case .accepted, .duplicate: return nil
        case .conflict: message = input_conflict
        case .rejected: message = input_rejected
        }
        return message.entry(
            ["id": receipt.id, "source": receipt.source.rawValue, "reason": receipt.reason ?? "no reason given"],
            [JournalField("PAIDAN_REPORT", receipt.id), JournalField("PAIDAN_SOURCE", receipt.source.rawValue)])
    }

    /// The spool reader's remarks say all in their own text: what, where, what to do.
    package static func fileQuarantined(_ file: String, reason: String) -> JournalEntry {
        file_quarantined.entry(["text": reason], [JournalField("PAIDAN_FILE", file)])
    }

    package static func spoolBlocked(reason: String) -> JournalEntry { spool_blocked.entry(["text": reason]) }

    package static func spoolAgain(reason: String) -> JournalEntry { spool_again.entry(["text": reason]) }

    package static func spoolUnwatched(reason: String) -> JournalEntry { spool_unwatched.entry(["text": reason]) }

    package static func diskFull(folder: String, reason: String) -> JournalEntry {
        disk_full.entry(["folder": folder, "reason": reason])
    }

    package static func diskRoomAgain(folder: String, after span: TimeSpan) -> JournalEntry {
        disk_room_again.entry(["folder": folder, "span": length(span)])
    }

    package static func storeFailed(reason: String) -> JournalEntry { store_failed.entry(["reason": reason]) }

    /// - Parameter complaints: what stands still, each with since when.
    package static func watchdogReason(_ complaints: [String], silentFor span: TimeSpan) -> JournalEntry {
        watchdog_reason.entry(["span": length(span), "reason": complaints.joined(separator: "; ")])
    }

    /// - Parameter jump: negative: backwards.
    package static func clockJumped(by jump: TimeSpan) -> JournalEntry {
        clock_jumped.entry([
            "direction": jump < .zero ? "backwards" : "forwards",
            "span": length(jump < .zero ? TimeSpan(milliseconds: jump.milliseconds == .min ? .max : -jump.milliseconds) : jump),
        ])
    }

    /// - Parameters:
    ///   - by: who said so; nil: the shift.
    ///   - until: when the word ends.
    package static func crew(_ crew: CrewID, isOnDuty: Bool, by: String?, until: Instant?, zone: TimeZoneRules) -> JournalEntry {
        (isOnDuty ? crew_on_duty : crew_off_duty).entry(
            [
                "crew": crew.rawValue, "by": by.map { ", says " + $0 } ?? ", by its shift",
                "until": until.map { ", until " + timeOfDay($0, zone) } ?? "",
            ], [JournalField("PAIDAN_CREW", crew.rawValue), JournalField("PAIDAN_BY", by ?? "shift")])
    }

    package static func positionsSummary(positions: Int64, crews: Int, in span: TimeSpan) -> JournalEntry {
        positions_summary.entry(["positions": String(positions), "crews": String(crews), "span": length(span)])
    }

    package static func timersCaughtUp(count: Int, downFor span: TimeSpan) -> JournalEntry {
        timers_caught_up.entry(["count": String(count), "span": length(span)])
    }

    /// The head of the log's chain: what `paidan verify` compares the log with.
    /// - Parameter log: which database's, in hexadecimal digits.
    package static func logHead(_ head: LogHead, log: String) -> JournalEntry {
        log_head.entry(["head": head.description], [JournalField("PAIDAN_HEAD", head.description), JournalField("PAIDAN_LOG", log)])
    }

    package static func messagesLeftOut(_ count: Int64) -> JournalEntry { messages_left_out.entry(["count": String(count)]) }

    /// A stage has left its usual band.
    package static func stageUnusual(_ finding: BandFinding) -> JournalEntry {
        stage_unusual.entry(
            [
                "stage": finding.stage.label, "process": finding.process, "measure": finding.measure == .median ? "the median is" : "the share late is",
                "value": finding.text(finding.value), "direction": finding.isAbove ? "above" : "below", "low": finding.text(max(finding.band.low, 0)),
                "high": finding.text(finding.band.high), "count": String(finding.count),
            ],
            [
                JournalField("PAIDAN_RULE", finding.process), JournalField("PAIDAN_STAGE", finding.stage.code), JournalField("PAIDAN_MEASURE", finding.measure.rawValue),
                JournalField("PAIDAN_DIRECTION", finding.isAbove ? "above" : "below"),
            ])
    }

    package static func stageWatchFailed(reason: String) -> JournalEntry { stage_watch_failed.entry(["reason": reason]) }

    package static func notifyFailed(reason: String) -> JournalEntry { notify_failed.entry(["reason": reason]) }
}

extension Message {
    /// How many diagnostics one message lists.
    static let diagnosticsMax = 50

    /// A form's words and places, by turns: the words before each place, the place's name; and the words after the last one.
    private struct Parts: Sendable {
        var places: [(before: String, name: String)] = []
        var end: String

        init(_ text: String) {
            var rest = text[...]
            while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
                places.append((String(rest[..<open]), String(rest[rest.index(after: open)..<close])))
                rest = rest[rest.index(after: close)...]
            }
            end = String(rest)
        }
    }

    private static let parts = Dictionary(uniqueKeysWithValues: allCases.map { ($0, Parts($0.form.text)) })

    /// Fills the form's places. `lines` follow the message, each on a line of its own.
    func entry(_ words: KeyValuePairs<String, String>, lines: [String] = [], _ fields: [JournalField] = []) -> JournalEntry {
        let form = form
        let parts = Self.parts[self] ?? Parts(form.text)
        var text = ""
        text.reserveCapacity(128)
        for (before, name) in parts.places {
            text += before
            if name == "diagnostics" {
                for line in lines.prefix(Self.diagnosticsMax) { text += "\n" + Self.oneLine(line) }
                if lines.count > Self.diagnosticsMax { text += "\nand \(lines.count - Self.diagnosticsMax) more" }
            } else {
                text += words.first { $0.key == name }.map { Self.oneLine($0.value) } ?? "{\(name)}"
            }
        }
        text += parts.end
        return JournalEntry(
            messageID: form.id, priority: form.priority, message: text, fields: [JournalField("PAIDAN_EVENT", rawValue)] + fields)
    }

    /// A sender's text on one line: line ends become spaces, and other control characters are shown, because one of them would
    /// make `journalctl` show "blob data" instead of the message.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isControl) else { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\r" || scalar == "\t" {
                clean.append(" ")
            } else if scalar.isControl {
                clean.append(contentsOf: scalar.escaped(asASCII: true).unicodeScalars)
            } else {
                clean.append(scalar)
            }
        }
        return String(clean)
    }

    private static func count(_ diagnostics: [String]) -> String {
        diagnostics.count == 1 ? "1 error" : "\(diagnostics.count) errors"
    }

    /// `850 m`, `1.2 km`.
    static func distance(_ metres: Int) -> String {
        guard metres >= 1_000 else { return "\(metres) m" }
        let tenths = (metres + 50) / 100
        return "\(tenths / 10).\(tenths % 10) km"
    }

    /// `08:18`, local time.
    static func timeOfDay(_ instant: Instant, _ zone: TimeZoneRules, seconds: Bool = false) -> String {
        let local = (instant + .seconds(Int64(zone.offsetSeconds(at: instant)))).milliseconds
        let second = (local % 86_400_000 + 86_400_000) % 86_400_000 / 1_000
        func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return two(second / 3_600) + ":" + two(second / 60 % 60) + (seconds ? ":" + two(second % 60) : "")
    }

    /// `3.2 s`, `5 min`, `2 h 10 min`, `3 d 4 h`.
    static func length(_ span: TimeSpan) -> String {
        let seconds = span.milliseconds / 1_000
        switch seconds {
        case ..<60: return "\(seconds).\(span.milliseconds % 1_000 / 100) s"
        case ..<3_600: return "\(seconds / 60) min"
        case ..<86_400: return "\(seconds / 3_600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
        }
    }
}

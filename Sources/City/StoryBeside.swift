import Decisions
import Domain

extension Narrator {
    /// What happened beside tasks and cases: to a crew as a whole, a customer, a known outage.
    mutating func tell(_ line: HistoryLine, of subject: Subject, report: Report?, at now: Instant) {
        let note = line.note.map { ": \($0)" } ?? ""
        switch (subject, line.event) {
        case (.district(let district), .crew_lent):
            guard let crew = line.crew, mayTell("a crew is lent", times: 2) else { return }
            say(now, .rule, "\(crew) is lent to \(districtWords(district)), by \(line.rule)\(note)")
        case (.district(let district), .crew_returned):
            guard let crew = line.crew, mayTell("a crew goes home", times: 2) else { return }
            say(now, .crew, "\(crew) goes home from \(districtWords(district))\(note)")
        case (.customer(let account), .customer_tier):
            guard mayTell("a tier", times: 2) else { return }
            say(now, .rule, "customer \(account) comes into another tier\(note) (\(line.rule))")
        case (.customer(let account), .customer_suggested):
            guard mayTell("a suggestion", times: 1) else { return }
            say(now, .rule, "customer \(account), by \(line.rule)\(note); once, until the reason ends and returns")
        case (.customer(let account), .customer_manager):
            guard mayTell("an account manager", times: 1) else { return }
            say(now, .rule, "customer \(account) gets an account manager\(note)")
        case (.outage(let outage), .outage_planned):
            say(now, .report, "planned work \(outage)\(note)")
        case (.outage(let outage), .answered):
            guard mayTell("answered", times: 1) else { return }
            say(now, .report, "\(categoryWords(report?.category ?? "")); by telephone")
            say(now, .rule, "\(line.report) is answered: planned work \(outage); the caller hears until when, and no crew goes (\(line.rule))")
        default: break
        }
    }
}

import Decisions
import Domain

/// A notice as a channel's command gets it on its standard input: one JSON object and a line end.
///
/// ```json
/// {"id":"T-20261122-17/3/1","event":"dispatched","task":"T-20261122-17","to":"north-2","channel":"crew_app",
///  "at":"2026-11-22T08:15:00+08:00","due":"2026-11-22T08:18:00+08:00","attempt":1}
/// ```
/// `due` is the time to accept by (`dispatched`) or the limit's deadline (`escalated`, with `limit` and `percent`).
/// `text` (`zh`, `en`) is what a customer reads. The same
/// `id` may come more than once: delivery is at least once.
enum NoticeForm {
    static func json(_ pending: PendingNotice, zone: TimeZoneRules) -> [UInt8] {
        let notice = pending.notice
        var w = JSONWriter()
        w.object { w in
            w.field("id", notice.id)
            w.field("event", notice.event.rawValue)
            if notice.task != .none { w.field("task", notice.task.description) }
            w.field("case", notice.kase?.description)
            w.field("stage", notice.stage)
            w.field("customer", notice.customer?.rawValue)
            w.field("rule", notice.rule)
            w.field("district", notice.district?.rawValue)
            if !notice.documents.isEmpty {
                w.key("documents")
                w.array { w in for document in notice.documents { w.string(document) } }
            }
            w.field("to", notice.to)
            w.field("channel", notice.channel)
            w.field("at", notice.at.rfc3339(in: zone))
            w.field("due", notice.due?.rfc3339(in: zone))
            w.field("limit", notice.limit?.rawValue)
            w.field("percent", notice.percent)
            if let text = notice.text {
                w.key("text")
                w.object { w in
                    w.field("zh", text.chinese)
                    w.field("en", text.english)
                }
            }
            w.field("attempt", pending.attempts + 1)
        }
        w.newline()
        return w.bytes
    }
}

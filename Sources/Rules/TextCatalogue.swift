package import Domain

/// Every text that a customer, or whoever asked, reads about where something stands: what it is called in `texts:`, which words in braces it
/// knows, and what it says where the rules say nothing else.
package enum TextName: String, Sendable, Hashable, CaseIterable {
    // Notices at the steps of a case.
    case case_opened, documents_missing, stage_begun, stage_done, stage_failed, case_completed, case_withdrawn
    /// Behind `stage_begun` of a stage that publishes who is qualified.
    case contractors_published
    // Where a case stands.
    case case_in_stage, case_stage_queued, case_next, case_waits_for_documents, case_suspended
    // Where a task stands.
    case task_queued, task_dispatched, task_accepted, task_enroute, task_onsite, task_suspended, task_completed, task_closed, task_cancelled, task_merged
    // In place of a task, and what callers are told at the end of one.
    case known_outage, arrears, customer_installation, restored, joined
    /// Who asks when supply is back; and who calls while work runs over its time.
    case outage_hours, outage_delayed
    // To those who are told of an outage before it begins, when it changes, or when it does not take place.
    case outage_notice, outage_customers, outage_changed, outage_cancelled
    // To the desk that plans outages: announced too late, two at a time, over its time.
    case outage_short_notice, outage_overlap, outage_overrun
    // Words that go into the others.
    case by_date, by_date_uncertain, was_due, no_date, time_stopped, who_department, who_crew, who_account_manager, who_contractor, who_customer

    /// The words in braces that it may have.
    package var placeholders: [String] {
        switch self {
        case .case_opened, .case_completed, .case_withdrawn, .case_suspended: ["case", "process"]
        case .documents_missing, .case_waits_for_documents: ["case", "process", "documents"]
        case .stage_begun, .case_in_stage, .case_stage_queued: ["case", "process", "stage", "who", "due"]
        case .stage_done, .stage_failed: ["case", "process", "stage"]
        case .contractors_published: ["case", "process", "stage", "contractors"]
        case .case_next: ["case", "process", "next", "due"]
        case .task_queued, .task_dispatched, .task_accepted, .task_enroute, .task_onsite, .task_suspended, .task_completed, .task_closed, .task_cancelled,
            .task_merged:
            ["task", "who", "due"]
        case .known_outage, .arrears, .customer_installation, .outage_hours, .outage_delayed: RuleAnswer.placeholders
        case .outage_notice, .outage_changed, .outage_cancelled: ["outage", "place", "from", "until", "reason", "count"]
        case .outage_customers: ["count", "customers"]
        case .outage_short_notice: ["outage", "place", "from", "ahead"]
        case .outage_overlap: ["outage", "place", "from", "until", "other"]
        case .outage_overrun: ["outage", "place", "until", "callers"]
        case .restored: ["task"]
        case .joined: ["task", "report", "callers"]
        case .by_date, .by_date_uncertain, .was_due: ["date"]
        case .who_department, .who_crew: ["department"]
        case .no_date, .time_stopped, .who_account_manager, .who_contractor, .who_customer: []
        }
    }

    /// What it says where no module says otherwise.
    package var standard: Translation {
        switch self {
        case .case_opened: Translation(chinese: "您的{process}申请已登记，编号 {case}。", english: "Your application ({process}) is registered as {case}.")
        case .documents_missing:
            Translation(
                chinese: "申请 {case} 还缺少以下资料：{documents}。请一次补齐，办理时限自补齐之日起计算。",
                english: "For {case} these documents are still wanted: {documents}. The time limit runs from the day on which all of them are here.")
        case .stage_begun: Translation(chinese: "申请 {case} 进入“{stage}”环节，由{who}办理，{due}。", english: "{case}: {stage} has begun, with {who}, {due}.")
        case .stage_done: Translation(chinese: "申请 {case} 的“{stage}”环节已完成。", english: "{case}: {stage} is done.")
        case .stage_failed: Translation(chinese: "申请 {case} 的“{stage}”未通过，需整改后再次办理。", english: "{case}: {stage} was not passed; it will be done again when things are put right.")
        case .contractors_published:
            Translation(
                chinese: "以下单位具备相应资质，由您自主选择，我方不作指定：{contractors}。",
                english: "These are qualified for it; the choice is yours, and we recommend none of them: {contractors}.")
        case .case_completed: Translation(chinese: "您的{process}申请 {case} 已办结。", english: "Your application {case} ({process}) is completed.")
        case .case_withdrawn: Translation(chinese: "您的申请 {case} 已撤销。", english: "Your application {case} is withdrawn.")
        case .case_in_stage: Translation(chinese: "{stage}：由{who}办理，{due}。", english: "{stage}: with {who}, {due}.")
        case .case_stage_queued: Translation(chinese: "{stage}：正在安排人员，{due}。", english: "{stage}: waits for somebody to be free, {due}.")
        case .case_next: Translation(chinese: "下一步：{next}。全程{due}。", english: "Next: {next}. All of it {due}.")
        case .case_waits_for_documents: Translation(chinese: "等待资料：{documents}。", english: "Waits for documents: {documents}.")
        case .case_suspended: Translation(chinese: "申请 {case} 已暂停，时限停止计算。", english: "{case} is suspended; no time runs.")
        case .task_queued: Translation(chinese: "已受理，正在安排人员，{due}。", english: "It is registered and waits for somebody to be free, {due}.")
        case .task_dispatched: Translation(chinese: "已派给{who}，{due}。", english: "It was given to {who}, {due}.")
        case .task_accepted: Translation(chinese: "{who}已接单，{due}。", english: "It is with {who}, {due}.")
        case .task_enroute: Translation(chinese: "{who}正在赶往现场，{due}。", english: "On the way: {who}, {due}.")
        case .task_onsite: Translation(chinese: "{who}已到达现场，{due}。", english: "On site: {who}, {due}.")
        case .task_suspended: Translation(chinese: "已暂停，时限停止计算。", english: "It is suspended; no time runs.")
        case .task_completed: Translation(chinese: "已处理完毕，等待确认。", english: "The work is done; it waits for confirmation.")
        case .task_closed: Translation(chinese: "已办结。", english: "It is closed.")
        case .task_cancelled: Translation(chinese: "已取消。", english: "It was cancelled.")
        case .task_merged: Translation(chinese: "已与工单 {task} 合并处理。", english: "It is handled together with {task}.")
        case .known_outage:
            Translation(
                chinese: "您所在区域正在停电检修（{reason}），预计{until}恢复供电。", english: "Power is off in your area for known work ({reason}); it is to be back by {until}.")
        case .arrears:
            Translation(chinese: "您的户号因欠费已停电，缴清电费后 24 小时内恢复供电。", english: "Supply is off for an unpaid bill; it is back within 24 hours of payment.")
        case .customer_installation:
            Translation(
                chinese: "经核实，故障在您的室内线路或设备上，请联系有资质的电工处理。", english: "The fault is in your own installation: please ask a qualified electrician.")
        case .restored: Translation(chinese: "您报修的停电（{task}）已处理完毕，现已恢复供电。如仍无电，请再次来电。", english: "The fault you reported ({task}) is repaired. If you have no power yet, please call again.")
        case .joined: Translation(chinese: "您报告的情况已与工单 {task} 合并处理，共 {callers} 户来电。", english: "Your report is part of {task}, with {callers} calls.")
        case .outage_hours:
            Translation(chinese: "您所在区域因{reason}于{from}至{until}停电，届时恢复供电。", english: "Power is off in your area from {from} to {until} ({reason}).")
        case .outage_delayed:
            Translation(
                chinese: "您所在区域的停电检修（{reason}）原定{until}结束，现有延迟，我们正在抓紧恢复供电。",
                english: "The work in your area ({reason}) was to end by {until} and takes longer; power is back as soon as it is done.")
        case .outage_notice:
            Translation(
                chinese: "停电通知：{place}因{reason}于{from}至{until}停电，涉及{count}户。", english: "Notice: {place} is without power from {from} to {until} ({reason}), {count} customers.")
        case .outage_customers: Translation(chinese: "其中由您负责的客户{count}户：{customers}。", english: "Customers of yours among them, {count}: {customers}.")
        case .outage_changed:
            Translation(
                chinese: "停电变更：{place}的停电（{reason}）改为{from}至{until}。", english: "Change: the outage of {place} ({reason}) is now from {from} to {until}.")
        case .outage_cancelled:
            Translation(chinese: "停电取消：{place}原定{from}至{until}的停电不再进行。", english: "Cancelled: the outage of {place} from {from} to {until} does not take place.")
        case .outage_short_notice:
            Translation(
                chinese: "停电计划{outage}（{place}，{from}）发布过迟，未能提前{ahead}通知。", english: "Outage {outage} ({place}, {from}) was announced too late to be told of {ahead} ahead.")
        case .outage_overlap:
            Translation(
                chinese: "停电计划{outage}（{place}，{from}至{until}）与{other}在时间和范围上重叠。",
                english: "Outage {outage} ({place}, {from} to {until}) overlaps {other} in time and place.")
        case .outage_overrun:
            Translation(
                chinese: "停电{outage}（{place}）应于{until}结束，现已超时，尚未报告送电；来电{callers}户。请更新预计复电时间或报告结束。",
                english: "Outage {outage} ({place}) was to end by {until}, and nobody has said that supply is back; {callers} callers. Say a new time, or that it has ended.")
        case .by_date: Translation(chinese: "最迟{date}", english: "by {date}")
        case .by_date_uncertain: Translation(chinese: "最迟{date}（当年节假日公布后可能调整）", english: "by {date} (that year's public holidays are not known yet)")
        case .was_due: Translation(chinese: "应于{date}前完成，现已逾期", english: "due by {date}, which has passed")
        case .no_date: Translation(chinese: "无固定时限", english: "with no fixed date")
        case .time_stopped: Translation(chinese: "时限暂停计算", english: "while no time runs")
        case .who_department: Translation(chinese: "{department}部门", english: "the department {department}")
        case .who_crew: Translation(chinese: "作业班组", english: "a crew")
        case .who_account_manager: Translation(chinese: "您的客户经理", english: "your account manager")
        case .who_contractor: Translation(chinese: "施工单位", english: "a contractor")
        case .who_customer: Translation(chinese: "您自行", english: "you")
        }
    }
}

/// The texts in force.
package struct TextCatalogue: Sendable, Hashable {
    package private(set) var texts: [TextName: Translation]

    /// - Parameter edited: what the rules say; the rest is as it comes.
    package init(edited: [TextName: Translation] = [:]) {
        texts = Dictionary(uniqueKeysWithValues: TextName.allCases.map { ($0, $0.standard) }).merging(edited) { _, new in new }
    }

    package subscript(_ name: TextName) -> Translation { texts[name] ?? name.standard }

    /// The text with its words in braces filled in. What has no value is left out.
    package func filled(_ name: TextName, _ values: [String: Translation] = [:]) -> Translation { Self.filled(self[name], values) }

    package static func filled(_ text: Translation, _ values: [String: Translation]) -> Translation {
        Translation(chinese: fill(text.chinese) { values[$0]?.chinese ?? "" }, english: fill(text.english) { values[$0]?.english ?? "" })
    }

    private static func fill(_ text: String, _ value: (String) -> String) -> String {
        parts(of: text).reduce(into: "") { result, part in
            switch part {
            case .text(let text): result += text
            case .placeholder(let name, _): result += value(name)
            }
        }
    }

    enum Part: Hashable {
        case text(String)
        /// Its name, and where its braces begin, in characters.
        case placeholder(String, at: Int)
    }

    /// A brace that is not closed, or opened, is a text like any other.
    static func parts(of text: String) -> [Part] {
        var parts: [Part] = []
        var plain = ""
        let characters = Array(text)
        var place = 0
        while place < characters.count {
            if characters[place] == "{", let end = characters[place...].firstIndex(of: "}"), !characters[(place + 1)..<end].contains("{") {
                if !plain.isEmpty { parts.append(.text(plain)) }
                plain = ""
                parts.append(.placeholder(String(characters[(place + 1)..<end]), at: place))
                place = end + 1
            } else {
                plain.append(characters[place])
                place += 1
            }
        }
        if !plain.isEmpty { parts.append(.text(plain)) }
        return parts
    }
}

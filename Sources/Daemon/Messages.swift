package import Decisions
package import Systemd

/// Every message that the daemon writes to the journal, in one table: its number, how much it matters, and its words.
///
/// `journalctl -x` explains each in English and Chinese, from `systemd/paidan.catalog` and `systemd/paidan.zh_CN.catalog`; a
/// test holds that table and catalogs have the same messages. A number never changes and is never used again: operators'
/// filters and alarms hold on to it. Make a new one with `systemd-id128 new`.
///
/// The case's name is the value of `PAIDAN_EVENT`. How each is filled stands in MessageEntries.swift.
package enum Message: String, Sendable, Hashable, CaseIterable {
    // What happened to a task: one for each `HistoryEvent`.
    case task_created, task_queued, task_dispatched, task_accepted, task_rejected, task_accept_timeout, task_contacted, task_called_back, task_reopened, task_shared, task_concerned, task_enroute, task_recovered
    case task_onsite, task_suspended, task_resumed, task_completed, task_closed, task_cancelled, task_merged
    case task_assigned, task_priority_changed, task_escalated, task_all_declined, task_joined, task_split, callers_told

    // What happened beside tasks and cases: likewise.
    case customer_tier, customer_flagged, customer_unflagged, customer_told, customer_manager, customer_suggested, customer_forgotten
    case report_answered, outage_planned, outage_changed, outage_cancelled, outage_ended
    case outage_told, outage_short_notice, outage_overlap, outage_overrun

    // What happened to a case as a whole: likewise.
    case case_opened, case_documents_missing, case_documents_received, case_accepted, case_stage_skipped, case_stage_failed
    case case_suspended, case_resumed, case_completed, case_withdrawn, case_migrated, case_escalated, case_concerned

    // What happened to a contractor or a supplier: likewise.
    case contractor_tier, contractor_suspended, contractor_excluded, contractor_accident, contractor_fraud
    case contractor_rectified, contractor_returned

    // What happened to a crew as a whole: likewise.
    case crew_lent, crew_returned

    // What the mind remarks: one for each `Remark.Kind`.
    case condition_failed, fallback, place_unknown, register_unknown, crew_unknown, from_the_future, beyond_calendar, deadlines_moved, document_unexpected, device_floods

    // How notices fared on their way out.
    case notice_told, notice_failed, notice_parked

    // The life of the daemon.
    case starting, ready, start_failed, stopping, stopped, rules_loaded, rules_refused, running_on_last_good_rules
    case no_usable_rules, input_rejected, input_conflict, file_quarantined, spool_blocked, spool_again, spool_unwatched
    case disk_full, disk_room_again, store_failed, watchdog_reason, clock_jumped, crew_on_duty, crew_off_duty, positions_summary, timers_caught_up
    case log_head, messages_left_out, notify_failed, rules_finding, rules_looked_through, stage_unusual, stage_watch_failed
}

/// What the table holds of one message.
package struct MessageForm: Sendable, Hashable {
    /// `MESSAGE_ID`: 32 lower-case hexadecimal digits.
    package let id: String
    package let priority: JournalPriority
    /// The message with its places in braces: `{task} accepted by {by}{note}`.
    package let text: String

    init(_ id: String, _ priority: JournalPriority, _ text: String) {
        self.id = id
        self.priority = priority
        self.text = text
    }
}

extension Message {
    package var form: MessageForm {
        switch self {
        case .task_created:
            MessageForm("b6d06041e6ce4be28b044a15329d6688", .info, "{task} created for {department} from report {report} ({rule})")
        case .task_queued:
            MessageForm("f5700206b3ba427587700fff0934e67a", .info, "{task} waits in the queue of {department}{note} ({rule})")
        case .task_dispatched:
            MessageForm("e731b9e9a776409f9a383a4836bfc31b", .info, "{task} dispatched to {assignee}{distance}{accept_by} ({rule})")
        case .task_accepted:
            MessageForm("7a5d2afc35c44d5485a5e78937cc94d2", .info, "{task} accepted by {by}{note}")
        case .task_rejected:
            MessageForm("ad561446ecf949e2b399534998e844be", .notice, "{task} rejected by {by}{note}")
        case .task_accept_timeout:
            MessageForm("de4cd4dba998435b8bc2668334c37032", .notice, "{task} not accepted in time by {assignee}{note}")
        case .task_contacted:
            MessageForm("0788d8e589c64992b74a36adde2450e1", .info, "{task}: the customer was spoken with by {by}{note}")
        case .task_called_back:
            MessageForm("d6610d050b564e8fa343bb2758e7df4d", .info, "{task}: the customer was called back by {by}{note}")
        case .task_reopened:
            MessageForm("e06f1feb46af49759cfd0591c5a180f2", .warning, "{task} is open again: not settled, says the customer, by {by}{note}")
        case .task_concerned:
            MessageForm("a6c6ca6e5c794b23ab866f2bb838d406", .info, "{task} is what another task is about{note}")
        case .task_shared:
            MessageForm("a6319b7b9aa34ca69e1a97740fe11508", .info, "{task} concerns other departments, too{note}")
        case .task_recovered:
            MessageForm("a1352920298f4f10a9a735658f7e59fc", .info, "{task}: what the device had reported is over{note}")
        case .task_enroute:
            MessageForm("c95837d922774f7bbeab3e1f3463d6f0", .info, "{task}: {by} is on the way{note}")
        case .task_onsite:
            MessageForm("819b9288c58b42dcb2e96b0d12071237", .info, "{task}: {by} is on site{note}")
        case .task_suspended:
            MessageForm("5b7d60c009cc42e19003e86938d91fd4", .notice, "{task} suspended by {by}{note}; its clocks stand still")
        case .task_resumed:
            MessageForm("33a38adf91f04c57871100a871ea8f70", .info, "{task} resumed by {by}{note}")
        case .task_completed:
            MessageForm("9032142ba2f048dbbf76ec4ea42c26ea", .info, "{task} completed by {by}{note}")
        case .task_closed:
            MessageForm("7e22d7f19c9644d39228b475bd694674", .info, "{task} closed by {by}{note}")
        case .task_cancelled:
            MessageForm("bd0a2d36169d4f10aa8a6cd051931284", .notice, "{task} cancelled by {by}{note}")
        case .task_merged:
            MessageForm("a550b3b584ed463fb337c42c3bf93403", .info, "{task} merged{note}")
        case .task_assigned:
            MessageForm("f0ecfdb6bcfa41b3ad8f2286980f18cb", .notice, "{task} assigned by hand to {assignee} by {by}{note}")
        case .task_priority_changed:
            MessageForm("862f30d3892648f9ad67ff325c59ef36", .notice, "{task}: priority changed by {by}{note}")
        case .task_escalated:
            MessageForm("ebd5ed2e43044c6c94f9be1bbf9264aa", .warning, "{task} escalated{note}")
        case .task_all_declined:
            MessageForm(
                "d159d37d6bd4425fbafe3a66c9c934cc", .warning,
                "{task}: every able crew has declined it or let it pass; {department} is told{note}")
        case .task_joined:
            MessageForm("1b51ce5d24cc401b9ea287307153bd0d", .info, "{task} stands for another call{note} ({rule})")
        case .task_split:
            MessageForm("1cf0233fb44549dbada9b61f007db212", .notice, "{task}: callers were taken out by {by}{note}")
        case .callers_told:
            MessageForm("74bf2f31726c40ef906759eb26d0026b", .info, "{task}: who called is told that it is over{note}")
        case .report_answered:
            MessageForm("c1a599a4f87b4585ae8510775e8fd58b", .info, "report {report} answered{note} ({rule}){about}")
        case .outage_planned:
            MessageForm("805645b674544dc69828cd250a4a8186", .info, "outage {subject} known from {by}{note}")
        case .outage_changed:
            MessageForm("4ab61eb20f5b459cbd16ad4c8db7324e", .notice, "outage {subject} is another now, by {by}{note}")
        case .outage_cancelled:
            MessageForm("aae96ef01e044f61b6b4bfc49c4706eb", .notice, "outage {subject} does not take place, by {by}{note}")
        case .outage_ended:
            MessageForm("69d557f81c484747bcce22bc956a04bb", .info, "outage {subject} is over, by {by}{note}")
        case .outage_told:
            MessageForm("cb2fa1c189a84a61998d3eacb93fea60", .info, "outage {subject}: told {detail} ({rule})")
        case .outage_short_notice:
            MessageForm("f60171759ef54bd09fa4a8de97ab8e01", .warning, "outage {subject} was announced too late: {detail}")
        case .outage_overlap:
            MessageForm("8f2866033b794a43a01569be3393a8ac", .notice, "outage {subject} overlaps {detail}")
        case .outage_overrun:
            MessageForm("a09891afe29648388dc9eb331c098c11", .warning, "outage {subject} is over its time, and nobody has said that supply is back: {detail}")
        case .customer_tier:
            MessageForm("4c5dfb129b394d74adb4a3edbbd40aa7", .info, "customer {subject}: tier {detail}")
        case .customer_flagged:
            MessageForm("1606a45ae13141dfaa6700da53d93e45", .info, "customer {subject} is noted as {detail} ({rule})")
        case .customer_unflagged:
            MessageForm("5f29f5c202264fc7949c524d14d30ddc", .info, "customer {subject} is no longer noted as {detail}")
        case .customer_told:
            MessageForm("52bb29143e6643ec96434b69970c143f", .notice, "customer {subject}: told {detail} ({rule})")
        case .customer_manager:
            MessageForm("79111f857a154e6cb343bb056d024f52", .info, "customer {subject}: account manager {detail}")
        case .customer_suggested:
            MessageForm("1ac60b3039f847368ab9844fdf88e984", .info, "customer {subject}: suggested {detail} ({rule})")
        case .customer_forgotten:
            MessageForm("beaecef58c8f473196e2f5737984e7ff", .notice, "customer {subject} is forgotten, on the word of {by}")
        case .case_opened:
            MessageForm("80d3d7df20bf4385a66d9180ed021651", .info, "{case} opened from application {report} ({rule}){note}")
        case .case_documents_missing:
            MessageForm("d172013857cb4aed87cd5138d2c99055", .notice, "{case} waits for documents: {detail} ({rule})")
        case .case_documents_received:
            MessageForm("e2c0e114486b440e92a47dd825a077e9", .info, "{case}: received by {by}: {detail}")
        case .case_accepted:
            MessageForm("9f86d151633c49759fc3ade1aaec082a", .info, "{case} accepted: its clock runs ({rule})")
        case .case_stage_skipped:
            MessageForm("0e8da9f468eb47399f3bac67733ab6ff", .info, "{case}: the stage {detail} is not needed and was skipped")
        case .case_stage_failed:
            MessageForm("986cf6b313734d5db09f050149f18d21", .warning, "{case}: failed, and back: {detail}")
        case .case_suspended:
            MessageForm("86c8efc216d94e7e9b85e57a95fbfb68", .notice, "{case} suspended by {by}{note}")
        case .case_resumed:
            MessageForm("a3ea8ded3b1c4890b276789170db2146", .notice, "{case} resumed by {by}{note}")
        case .case_completed:
            MessageForm("8d4c80ebc444434f9a8b768d999017d1", .info, "{case} completed and filed ({rule})")
        case .case_withdrawn:
            MessageForm("2baee1609d0d44b2926bf9d2aa579a78", .notice, "{case} withdrawn by {by}{note}")
        case .case_migrated:
            MessageForm("144008da5b244d1a9fba124905b0d14f", .notice, "{case} goes on by the process as it stands now, {detail}, by {by}")
        case .case_concerned:
            MessageForm("8f47be843ebc46189b6b7d09645656bd", .info, "{case} is what a task is about: {detail}")
        case .case_escalated:
            MessageForm("6e9562b50871419eadff96a5ec51006e", .warning, "{case}: {detail}")
        case .contractor_tier:
            MessageForm("9ac99214fe3545cca273c8ccb685d32e", .notice, "{subject} is in another tier{note}")
        case .contractor_suspended:
            MessageForm("c8dd3b7b45244b30a1f952a066e70bae", .notice, "{subject} is suspended, says {by}{note}")
        case .contractor_excluded:
            MessageForm("2daef1d655c74c3881f473f7b4ae881a", .warning, "{subject} is excluded, says {by}{note}")
        case .contractor_accident:
            MessageForm("17737c875ce9421f954e4e2f9ffd77a7", .warning, "{subject} had a serious accident, says {by}{note}")
        case .contractor_fraud:
            MessageForm("9967bfcb297c42a7aff72866945d21b1", .warning, "{subject} has cheated, says {by}{note}")
        case .contractor_rectified:
            MessageForm("f833986657ab408586492d478b428c98", .notice, "{subject} has put right what was wrong, says {by}{note}")
        case .contractor_returned:
            MessageForm("384ad2957ceb4efe9d1d86b955180ac1", .notice, "{subject} may take part again{note}")
        case .crew_lent:
            MessageForm("2f147409a4894893b29faf9f39c0e816", .notice, "{crew} is lent to {subject}{note}")
        case .crew_returned:
            MessageForm("a1ee58304e1f4471b571b326c7654354", .info, "{crew} goes home from {subject}{note}")
        case .condition_failed:
            MessageForm("37bf144622804d8892b6efd961fb7f06", .warning, "{subject}{text}")
        case .fallback:
            MessageForm("58f59fc38cb74712bb45362b9ee523ca", .warning, "{subject}{text}")
        case .place_unknown:
            MessageForm("dda11713982e4f488d45a9cf1fca9890", .warning, "{subject}{text}")
        case .register_unknown:
            MessageForm("fe0a238c5bcd43378addc9c6bd330949", .notice, "{subject}{text}")
        case .crew_unknown:
            MessageForm("12de9fbc55564287a1005f12c5c5816f", .warning, "{subject}{text}")
        case .from_the_future:
            MessageForm("c98122015efb415fa1ef9fee7fa0571d", .warning, "{subject}{text}")
        case .beyond_calendar:
            MessageForm("223414d445ec4ea18d395c7228b10d99", .warning, "{subject}{text}")
        case .deadlines_moved:
            MessageForm("9a4d063c0ce54fa89b1cf097c7de152d", .notice, "{subject}{text}")
        case .document_unexpected:
            MessageForm("b85c813eb408468bb808060b6c8c0b9e", .notice, "{subject}{text}")
        case .device_floods:
            MessageForm("63af49d2f6c44458b0a02b72f654f948", .warning, "{subject}{text}")
        case .notice_told:
            MessageForm("ae045820084b4f99beffc454f0763f6d", .info, "{to}: {event} {task}{detail}")
        case .notice_failed:
            MessageForm(
                "f1bb12612c7e4bc39d988fcbbf16753f", .warning,
                "notice {notice} ({event}) to {to} by {channel} failed at attempt {attempt}: {reason}{next}")
        case .notice_parked:
            MessageForm(
                "c06a6e1558564777bec392d23a6766fa", .error,
                "notice {notice} ({event}) to {to} by {channel} given up after {attempt} attempts: {reason}")
        case .starting:
            MessageForm("11fc4dfe50a445ee8a4be706e93dff56", .info, "paidan {version} starts: rules {rules}, state {state}")
        case .ready:
            MessageForm(
                "8d5412c81c2a4196978d096d69d40e55", .notice,
                "ready in {milliseconds} ms: {open} open tasks, {crews} crews on duty, rules {hash}, doors {doors}")
        case .start_failed:
            MessageForm("f0b6bf321bd24533ad8a8823c5bb3a23", .critical, "cannot start: {reason}")
        case .stopping:
            MessageForm(
                "c56ee61b0339408e9cac85936726f902", .info,
                "stopping: nothing new is taken in, {count} accepted inputs are being finished")
        case .stopped:
            MessageForm("a2a1a5bb74e7435ea4cf8ea5d5b66611", .info, "stopped: everything accepted is on disk")
        case .rules_loaded:
            MessageForm("b45de3f298544da6a568d67d1ee3951a", .notice, "rules {hash} from {folder} are in force{previous}")
        case .rules_refused:
            MessageForm(
                "afdd4f34982c44b8be1dcaae8ba02574", .error,
                "rules in {folder} refused, {errors}; the rules {hash} stay in force{diagnostics}")
        case .running_on_last_good_rules:
            MessageForm(
                "bede66aac40446eba954753f4b7d2b4d", .error,
                "rules in {folder} cannot be used; running on the last good ones, {hash}{diagnostics}")
        case .no_usable_rules:
            MessageForm(
                "75aad19128184bb0af27eefbdf97fab8", .critical,
                "no usable rules in {folder}, and no last good ones: not started{diagnostics}")
        case .input_rejected:
            MessageForm("ddb1c43a3b1c4c8fb08f768bf5c00609", .warning, "input {id} from {source} rejected: {reason}")
        case .input_conflict:
            MessageForm("24a481b1dc4e4c2c979cbc8d662998a2", .warning, "input {id} from {source} conflicts with an earlier one: {reason}")
        case .file_quarantined:
            MessageForm("0655ca5c0d124e6594ad09127226651d", .warning, "{text}")
        case .spool_blocked:
            MessageForm("cc447aaed5fb4be09c43178eeda8be25", .warning, "{text}")
        case .spool_again:
            MessageForm("372ae365fea644bb9f6f8135f818a7c8", .info, "{text}")
        case .spool_unwatched:
            MessageForm("404f74b384de49d28489b9842b84060b", .notice, "{text}")
        case .disk_full:
            MessageForm("438a1d75c9544d448195f69deac693ba", .critical, "no room on the disk of {folder}: {reason}")
        case .disk_room_again:
            MessageForm(
                "05f5b226998c47a59b869fc1897ce46a", .notice,
                "there is room on the disk of {folder} again, after {span}: inputs are taken in")
        case .store_failed:
            MessageForm("d43554458bc04849ae3ad2ef5ddc11f3", .critical, "the store failed: {reason}; the process ends and starts again")
        case .watchdog_reason:
            MessageForm("9af2162024184571b4f1f449aa43d996", .critical, "the watchdog has not been fed for {span}: {reason}")
        case .clock_jumped:
            MessageForm("a3816a0a2a674aac8a39dd4c06c77d31", .warning, "the clock jumped {direction} by {span}")
        case .crew_on_duty:
            MessageForm("fbca7143e61c4c1c8e6467d3dc983ece", .info, "{crew} is on duty{by}{until}")
        case .crew_off_duty:
            MessageForm("adc53cdb9e534a1ba3da2cf7eb6239a3", .info, "{crew} is off duty{by}{until}")
        case .positions_summary:
            MessageForm("0cc98627f1a24719b604559bf4b87ad0", .info, "{positions} positions of {crews} crews in the last {span}")
        case .timers_caught_up:
            MessageForm(
                "5122b054e3354d60beb601a0894b40b2", .notice,
                "{count} limits and other timers fell due while the daemon was down for {span}; they have been acted on")
        case .log_head:
            MessageForm("516c94c7fc2346479cde030dad07bb90", .info, "the log of inputs stands at {head}")
        case .messages_left_out:
            MessageForm("2e8d4367c5c64024b1e76ff23bd81302", .warning, "{count} messages were left out: the journal is too slow")
        case .rules_finding:
            MessageForm("ec1f9f01c5264ffc91b32d13e222da46", .warning, "{finding}")
        case .rules_looked_through:
            MessageForm(
                "6494fbef99df4c56a6f1a406351641b5", .info,
                "rules {hash} looked through as a whole in {span}: {warnings}{new}; 'paidan check' shows them all")
        case .stage_unusual:
            MessageForm(
                "3aea7d657bef4ae5b9ce5cac2448e31c", .warning,
                "{stage} of {process}: {measure} {value} in the last 7 days, {direction} the usual {low} to {high} ({count} done)")
        case .stage_watch_failed:
            MessageForm("404d4b924f7d417abc56758326c5bda1", .warning, "the stages could not be compared with what is usual: {reason}; tried again in an hour")
        case .notify_failed:
            MessageForm("e491808ca6fe4a3398a5622e9683e13d", .warning, "the service manager cannot be told: {reason}")
        }
    }

    package init(_ event: HistoryEvent) {
        switch event {
        case .created: self = .task_created
        case .queued: self = .task_queued
        case .dispatched: self = .task_dispatched
        case .accepted: self = .task_accepted
        case .rejected: self = .task_rejected
        case .accept_timeout: self = .task_accept_timeout
        case .contacted: self = .task_contacted
        case .called_back: self = .task_called_back
        case .reopened: self = .task_reopened
        case .shared: self = .task_shared
        case .concerned: self = .task_concerned
        case .recovered: self = .task_recovered
        case .enroute: self = .task_enroute
        case .onsite: self = .task_onsite
        case .suspended: self = .task_suspended
        case .resumed: self = .task_resumed
        case .completed: self = .task_completed
        case .closed: self = .task_closed
        case .cancelled: self = .task_cancelled
        case .merged: self = .task_merged
        case .assigned: self = .task_assigned
        case .priority_changed: self = .task_priority_changed
        case .escalated: self = .task_escalated
        case .all_declined: self = .task_all_declined
        case .case_opened: self = .case_opened
        case .documents_missing: self = .case_documents_missing
        case .documents_received: self = .case_documents_received
        case .case_accepted: self = .case_accepted
        case .stage_skipped: self = .case_stage_skipped
        case .stage_failed: self = .case_stage_failed
        case .case_suspended: self = .case_suspended
        case .case_resumed: self = .case_resumed
        case .case_completed: self = .case_completed
        case .case_withdrawn: self = .case_withdrawn
        case .case_migrated: self = .case_migrated
        case .case_escalated: self = .case_escalated
        case .case_concerned: self = .case_concerned
        case .joined: self = .task_joined
        case .split: self = .task_split
        case .answered: self = .report_answered
        case .callers_told: self = .callers_told
        case .outage_planned: self = .outage_planned
        case .outage_changed: self = .outage_changed
        case .outage_cancelled: self = .outage_cancelled
        case .outage_ended: self = .outage_ended
        case .outage_told: self = .outage_told
        case .outage_short_notice: self = .outage_short_notice
        case .outage_overlap: self = .outage_overlap
        case .outage_overrun: self = .outage_overrun
        case .customer_tier: self = .customer_tier
        case .customer_flagged: self = .customer_flagged
        case .customer_unflagged: self = .customer_unflagged
        case .customer_told: self = .customer_told
        case .customer_manager: self = .customer_manager
        case .customer_suggested: self = .customer_suggested
        case .customer_forgotten: self = .customer_forgotten
        case .contractor_tier: self = .contractor_tier
        case .contractor_suspended: self = .contractor_suspended
        case .contractor_excluded: self = .contractor_excluded
        case .contractor_accident: self = .contractor_accident
        case .contractor_fraud: self = .contractor_fraud
        case .contractor_rectified: self = .contractor_rectified
        case .contractor_returned: self = .contractor_returned
        case .crew_lent: self = .crew_lent
        case .crew_returned: self = .crew_returned
        }
    }

    package init(_ kind: Remark.Kind) {
        switch kind {
        case .condition_failed: self = .condition_failed
        case .fallback: self = .fallback
        case .place_unknown: self = .place_unknown
        case .register_unknown: self = .register_unknown
        case .crew_unknown: self = .crew_unknown
        case .from_the_future: self = .from_the_future
        case .beyond_calendar: self = .beyond_calendar
        case .deadlines_moved: self = .deadlines_moved
        case .document_unexpected: self = .document_unexpected
        case .device_floods: self = .device_floods
        }
    }
}

import Domain

/// All wording of the figures, in Chinese and English.
enum Words {
    static func wait(_ wait: Wait) -> (zh: String, en: String) {
        switch wait {
        case .documents: ("客户补资料", "documents missing")
        case .queued: ("无人接手", "nobody had it")
        case .dispatched: ("待接单", "not answered")
        case .accepted: ("办理或在途", "in hand, under way")
        case .onsite: ("现场作业", "on site")
        case .suspended: ("挂起", "suspended")
        case .customer: ("客户自办工程", "customer's own works")
        case .between: ("无环节在办", "no stage open")
        case .unknown: ("未记录", "not recorded")
        }
    }

    static func role(_ role: String) -> (zh: String, en: String) {
        switch role {
        case "crew": ("班组", "crew")
        case "department": ("部门", "department")
        case "account_manager": ("客户经理", "account manager")
        case "contractor": ("承包商", "contractor")
        case "customer": ("客户", "customer")
        default: (role, role)
        }
    }

    static func note(_ note: FigureNote) -> (zh: String, en: String) {
        switch note {
        case .timeNotRecorded(let count):
            ("\(count) 件工单由旧版本办结，各状态耗时没有记录，计入“未记录”。", "Of \(count) tasks nobody recorded where their time went: they are from an older version, and count as 'not recorded'.")
        case .stageTasksMissing(let count):
            ("已办结流程中缺 \(count) 件环节工单，其时间计入“无环节在办”。", "\(count) stage tasks of finished cases are missing: their time counts as 'no stage open'.")
        case .openNotTold: ("统计期止于过去，当时未办结的不计。", "The period ends in the past: what was open then is not told.")
        case .noContractors:
            ("没有承包商数据：申请字段 fields.contractor 均为空。", "Nothing is known of contractors: no application has the field 'contractor'.")
        case .noTiers: ("没有客户分层数据：客户信息中没有 tier。", "Nothing is known of tiers: no customer's facts have 'tier'.")
        case .noSatisfaction: ("没有回访评分。", "Nobody was called back: satisfaction is not known.")
        case .interruptionsUnplaced(let count):
            ("\(count) 件停电工单没有台区和馈线，每份报修各算一次停电。", "\(count) tasks with customers out have neither transformer nor feeder: each report counts as an interruption of its own.")
        case .interruptionsOpen(let count): ("\(count) 件停电工单尚未复电，未计入可靠性指标。", "\(count) tasks with customers out are not done yet, and not in the indices.")
        }
    }

    static func absence(_ absence: ReliabilityFigure.Absence) -> (zh: String, en: String) {
        switch absence {
        case .no_register:
            ("没有网络台账（site.yaml 的 network），不知供电客户数，无法计算。", "not known: the rules have no network register ('network' in site.yaml), so nobody knows how many customers are served")
        case .no_customers:
            ("网络台账中客户数为零，无法计算。", "not known: the network register counts no customers")
        }
    }

    // MARK: Numbers

    /// With so many places behind the point, rounded.
    static func decimal(_ value: Double, _ places: Int) -> String {
        guard value.isFinite else { return "-" }
        var power = 1.0
        for _ in 0..<places { power *= 10 }
        let scaled = (abs(value) * power).rounded()
        guard scaled < 9e15 else { return value < 0 ? "-∞" : "∞" }
        let whole = Int64(scaled)
        var digits = String(whole)
        while digits.utf8.count <= places { digits = "0" + digits }
        let point = digits.index(digits.endIndex, offsetBy: -places)
        let text = places == 0 ? digits : digits[..<point] + "." + digits[point...]
        return (value < 0 && whole != 0 ? "-" : "") + text
    }

    /// 12345 as `12 345`, with narrow spaces that do not break.
    static func grouped(_ value: Int) -> String {
        let digits = Array(String(abs(value)))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0, digits.count > 4 { text.append("\u{202F}") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    static func percent(_ rate: Double?) -> String { rate.map { decimal($0 * 100, 1) + " %" } ?? "–" }

    /// A length as it is written: a number and its unit.
    struct Amount: Hashable {
        var number: String
        var zh: String
        var en: String

        /// `3.2 h`
        var english: String { "\(number) \(en)" }
        /// `3.2 小时 h`: in charts, which have no room for more.
        var both: String { "\(number) \(zh) \(en)" }
    }

    /// Seconds, minutes, hours, or days of 24 hours: what reads best.
    static func amount(_ milliseconds: Int64) -> Amount {
        switch milliseconds {
        case ..<60_000: Amount(number: String(milliseconds / 1_000), zh: "秒", en: "s")
        case ..<3_600_000: Amount(number: String(milliseconds / 60_000), zh: "分钟", en: "min")
        case ..<360_000_000: Amount(number: decimal(Double(milliseconds) / 3_600_000, 1), zh: "小时", en: "h")
        // Nobody reads a tenth of ten thousand days.
        case ..<864_000_000_000: Amount(number: decimal(Double(milliseconds) / 86_400_000, 1), zh: "天", en: "d")
        default: Amount(number: grouped(Int((Double(milliseconds) / 86_400_000).rounded())), zh: "天", en: "d")
        }
    }

    static func amount(_ value: Int64, _ unit: DurationUnit) -> Amount {
        switch unit {
        case .hours: amount(value)
        case .working_days: Amount(number: decimal(Double(value) / 1_000, 1), zh: "工作日", en: "wd")
        case .working_hours: Amount(number: decimal(Double(value) / 3_600_000, 1), zh: "工作小时", en: "wh")
        }
    }

    static func amount(_ limit: LimitLength) -> Amount {
        switch limit {
        case .workingDays(let days): Amount(number: String(days), zh: "工作日", en: "wd")
        case .workingTime(let span): Amount(number: decimal(Double(span.milliseconds) / 3_600_000, 0), zh: "工作小时", en: "wh")
        case .time(let span): amount(span.milliseconds)
        }
    }

    /// Median and 90th percentile, of one unit where they are: `2.1 / 2.9 工作日 wd`.
    static func both(_ figure: DurationFigure) -> String {
        let (median, p90) = (amount(figure.median, figure.unit), amount(figure.p90, figure.unit))
        return median.en == p90.en ? "\(median.number) / \(p90.both)" : "\(median.both) / \(p90.both)"
    }

    /// What the short units stand for, where any stands in the figures.
    static let units = (
        zh: "单位：工作日、工作小时按工作日历计，天、小时、分钟按自然时间计。",
        en: "Units: wd and wh are working days and working hours by the calendar; d, h and min are by the clock, days of 24 hours."
    )

    /// `45 min`, `3.2 h`, `12.5 d` (days of 24 hours).
    static func length(_ milliseconds: Int64) -> String { amount(milliseconds).english }

    static func length(_ value: Int64, _ unit: DurationUnit) -> String { amount(value, unit).english }

    static func median(_ figure: DurationFigure?) -> String { figure.map { length($0.median, $0.unit) } ?? "–" }
    static func p90(_ figure: DurationFigure?) -> String { figure.map { length($0.p90, $0.unit) } ?? "–" }

    static func limit(_ limit: LimitLength?) -> String { limit.map { amount($0).english } ?? "–" }

    /// `2026-11-22 08:15`
    static func time(_ instant: Instant, _ zone: TimeZoneRules) -> String { zone.localTime(at: instant).description }
}

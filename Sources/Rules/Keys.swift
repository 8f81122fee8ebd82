/// The keys that a block may have, in the order in which an operator would write them, each with the right form.
struct Keys: Sendable {
    /// "a rule", "the module": for messages.
    let what: String
    let names: [String]
    let examples: [String: String]

    init(_ what: String, _ keys: KeyValuePairs<String, String>) {
        self.what = what
        names = keys.map(\.key)
        examples = Dictionary(keys.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }

    init(_ what: String, names: [(String, String)]) {
        self.what = what
        self.names = names.map(\.0)
        examples = Dictionary(names.map { ($0.0, $0.1) }, uniquingKeysWith: { first, _ in first })
    }

    /// Keys whose value is an expression, wherever they stand.
    static let expressions: Set<String> = ["when", "takes"]

    /// Sections and keys of the rule language that this version does not have yet.
    static let later: Set<String> = [
        "webhook", "secret",
    ]

    static let module = Keys(
        "a module",
        [
            "module": "module: faults",
            "summary": "summary: Where a fault report goes, and how fast.",
            "enabled": "enabled: false",
            "takes": "takes: report.type == \"fault\"",
            "let": "let:\n  hazard: report.category in [\"line_down\", \"fire\"]",
            "tables": "tables:\n  arrival:\n    by: report.site\n    rows: { urban: 45 min, rural: 90 min }",
            "merge": "merge:\n  - name: same-transformer\n    same: [report.transformer]\n    window: 4 h",
            "answers": "answers:\n  known_outage:\n    zh: 您所在区域正在计划停电。\n    en: There is planned work in your area.",
            "route": "route:\n  - name: everything-else\n    task: repair\n    assign:\n      nearest: crew",
            "processes": "processes:\n  - name: new_connection_hv\n    takes: report.voltage == \"high\"\n    stages:\n      - name: acceptance\n        assign: { department: marketing }",
            "classify": "classify:\n  - name: vip\n    when: customer.capacity_kva >= 10000.0\n    set: { tier: vip }",
            "account_managers": "account_managers:\n  am-1: { name: 王芳, districts: [lucheng] }",
            "outages": "outages:\n  notices:\n    - name: planned\n      type: planned\n      ahead: 7 days\n      tell: [public, customer_service]",
            "watch": "watch:\n  - name: heavy-load\n    when: reading.quantity == \"load_ratio\" && reading.value >= 0.8\n    for: 2 h\n    report: { type: fault, category: heavy_load }",
            "maintenance": "maintenance:\n  - name: switch-operations\n    every: { count: 2000, quantity: operations }\n    report: { type: fault, category: maintenance_due }",
            "devices": "devices: devices.csv",
            "lending": "lending:\n  - name: help\n    when: district.waiting > 0\n    from: district.free > 1",
            "works": "works:\n  line_10kv: { zh: 10千伏线路工程, en: 10 kV line, licence: install, level: 3 }",
            "contractors":
                "contractors:\n  c-7:\n    name: 江州送变电工程有限公司\n    works: [line_10kv]\n    licences:\n      - { kind: install, level: 3, from: 2024-07-01, until: 2028-06-30 }",
            "suppliers": "suppliers:\n  s-2:\n    name: 江州变压器有限公司\n    supplies: [transformer]",
            "ratings": "ratings:\n  weights: { quality: 30, safety: 25 }\n  tiers: { A: 90, B: 80, C: 60, D: 0 }\n  share: { A: 3, B: 2, C: 1, D: 0 }",
            "escalations": "escalations:\n  repair:\n    - { at: 100%, tell: duty_manager }",
            "channels": "channels:\n  crew_app:\n    command: [/usr/local/bin/tell-crew]",
            "default_channel": "default_channel: crew_app",
            "calendar": "calendar:\n  2026:\n    holidays: [01-01..01-03]\n    workdays: [01-04]",
            "texts": "texts:\n  case_completed:\n    zh: 申请 {case} 已办结。\n    en: Your application {case} is completed.",
        ])

    static let site = Keys(
        "the module 'site'",
        [
            "module": "module: site",
            "summary": "summary: Who and what there is here.",
            "enabled": "enabled: true",
            "time_zone": "time_zone: Asia/Shanghai",
            "values": "values:\n  category:\n    line_down: { zh: 断线, en: Line down }",
            "fields": "fields:\n  report:\n    building_height: number",
            "departments": "departments:\n  operations: { name: 生产, head: u-301, fallback: true }",
            "districts": "districts:\n  lucheng: { zh: 鹿城, en: Lucheng, lat: 28.01, lon: 120.65, site: urban }",
            "shifts": "shifts:\n  day: { from: 08:00, until: 20:00 }",
            "crews": "crews:\n  north-2:\n    department: operations\n    skills: [distribution_line]",
            "network": "network: network.csv",
            "roles": "roles:\n  duty_manager: { name: 值班经理, person: u-900 }",
            "close_after": "close_after: 24 h",
            "ask_again_after": "ask_again_after: 5 min",
            "escalations": "escalations:\n  repair:\n    - { at: 100%, tell: duty_manager }",
            "channels": "channels:\n  crew_app:\n    command: [/usr/local/bin/tell-crew]",
            "default_channel": "default_channel: crew_app",
            "calendar": "calendar:\n  2026:\n    holidays: [01-01..01-03]\n    workdays: [01-04]",
            "texts": "texts:\n  case_completed:\n    zh: 申请 {case} 已办结。\n    en: Your application {case} is completed.",
        ])

    static let rule = Keys(
        "a rule",
        [
            "name": "name: hazard-first",
            "when": "when: report.category == \"line_down\"",
            "task": "task: repair",
            "priority": "priority: emergency",
            "assign": "assign:\n  nearest: crew\n  skills: [distribution_line]\n  within: 40 km\n  otherwise: { department: operations }",
            "limits": "limits: { accept: 3 min, arrive: 45 min, restore: 3 h }",
            "escalate": "escalate: repair",
            "share": "share: [operations]",
            "continue": "continue: true",
            "answer": "answer: known_outage",
        ])

    static let assign = Keys(
        "'assign'",
        [
            "nearest": "nearest: crew",
            "of": "of: district",
            "skills": "skills: [distribution_line]",
            "within": "within: 40 km",
            "otherwise": "otherwise: { department: operations }",
            "department": "department: operations",
            "contractor": "contractor: tiered\n  works: line_10kv\n  department: operations",
            "works": "works: line_10kv",
        ])

    static let process = Keys(
        "a process",
        [
            "name": "name: new_connection_hv",
            "zh": "zh: 高压新装",
            "en": "en: New connection, high voltage",
            "takes": "takes: report.voltage == \"high\"",
            "documents": "documents: [identity, load_list]",
            "limits": "limits: { total: 22 working days }",
            "escalate": "escalate: connections",
            "stages": "stages:\n  - name: acceptance\n    assign: { department: marketing }",
        ])

    static let processLimits = Keys("'limits' of a process", ["total": "total: 22 working days"])

    static let stage = Keys(
        "a stage",
        [
            "name": "name: site_survey",
            "zh": "zh: 现场勘查",
            "en": "en: Site survey",
            "after": "after: [acceptance]",
            "when": "when: report.capacity_kva > 160.0",
            "assign": "assign: { nearest: crew, skills: [survey] }",
            "priority": "priority: high",
            "limits": "limits: { stage: 2 working days }",
            "clock": "clock: stopped",
            "publish": "publish: { contractors: qualified }",
            "failed": "failed: { back_to: customer_works }",
            "tell": "tell: customer",
            "escalate": "escalate: connections",
        ])

    static let stageLimits = Keys(
        "'limits' of a stage", ["accept": "accept: 4 h", "arrive": "arrive: 24 h", "restore": "restore: 3 h", "stage": "stage: 2 working days"])

    static let stageAssign = Keys(
        "'assign' of a stage",
        [
            "department": "department: marketing",
            "nearest": "nearest: crew",
            "skills": "skills: [survey]",
            "within": "within: 60 km",
            "otherwise": "otherwise: { department: operations }",
            "account_manager": "account_manager: true",
            "contractor": "contractor: tiered",
            "works": "works: line_10kv",
        ])

    static let publish = Keys(
        "'publish'", ["contractors": "publish: { contractors: qualified }", "works": "publish: { contractors: qualified, works: line_10kv }"])

    static let failed = Keys("'failed'", ["back_to": "failed: { back_to: customer_works }"])

    static let otherwise = Keys("'otherwise'", ["department": "otherwise: { department: operations }"])

    static let limits = Keys(
        "'limits'",
        [
            "accept": "accept: 3 min", "contact": "contact: 24 h", "arrive": "arrive: 45 min", "restore": "restore: 3 h",
            "reply": "reply: 5 working days",
        ])

    static let table = Keys(
        "a table", ["by": "by: report.site", "rows": "rows: { urban: 45 min, rural: 90 min }", "otherwise": "otherwise: 2 h"])

    /// Beside these keys stand years: `2026:`.
    static let calendar = Keys(
        "'calendar'",
        [
            "count_start_day": "count_start_day: false",
            "business_hours": "business_hours: { from: 08:30, until: 17:30 }",
            "import": "import:\n  file: holidays.ics\n  workday_mark: 班",
        ])

    static let calendarYear = Keys("a year", ["holidays": "holidays: [01-01..01-03, 02-15..02-23]", "workdays": "workdays: [01-04, 02-14]"])

    static let businessHours = Keys("'business_hours'", ["from": "from: 08:30", "until": "until: 17:30"])

    static let calendarImport = Keys("'import'", ["file": "file: holidays.ics", "workday_mark": "workday_mark: 班"])

    static let rung = Keys("a rung", ["at": "{ at: 50%, tell: assignee }", "tell": "{ at: 50%, tell: assignee }"])

    static let channel = Keys("a channel", ["command": "command: [/usr/local/bin/tell-crew]"])

    static let value = Keys("a declared value", ["zh": "zh: 断线", "en": "en: Line down", "hazard": "hazard: true"])

    static let department = Keys("a department", ["name": "name: 生产", "en": "en: Operations", "head": "head: u-301", "fallback": "fallback: true"])

    static let district = Keys(
        "a district", ["zh": "zh: 鹿城", "en": "en: Lucheng", "lat": "lat: 28.01", "lon": "lon: 120.65", "site": "site: urban"])

    static let shift = Keys("a shift", ["from": "from: 08:00", "until": "until: 20:00"])

    static let crew = Keys(
        "a crew",
        [
            "name": "name: 北二班",
            "department": "department: operations",
            "district": "district: lucheng",
            "base": "base: { lat: 28.012, lon: 120.655 }",
            "skills": "skills: [distribution_line]",
            "shift": "shift: day",
            "capacity": "capacity: 1",
            "channel": "channel: crew_app",
        ])

    static let base = Keys("'base'", ["lat": "base: { lat: 28.012, lon: 120.655 }", "lon": "base: { lat: 28.012, lon: 120.655 }"])

    static let role = Keys("a role", ["name": "name: 值班经理", "person": "person: u-900"])

    static let fields = Keys("'fields'", ["report": "fields:\n  report:\n    building_height: number"])

    /// The enumerations that `values` may declare. `type` and `category` must be there.
    static let values = Keys(
        "'values'",
        [
            "type": "type: [fault, application, complaint, inquiry]",
            "category": "category:\n  line_down: { zh: 断线, en: Line down }",
            "site": "site: [urban, rural, remote]",
            "voltage": "voltage: [low, high]",
            "urgency": "urgency: [normal, important, urgent]",
            "source": "source: [95598, counter]",
            "skill": "skill: [distribution_line, live_line]",
            "document": "document:\n  identity: { zh: 身份证明, en: Proof of identity }",
            "customer_class": "customer_class: [residential, industrial]",
            "industry": "industry: [A, B, C]",
            "credit": "credit: [A, B, C]",
            "payment": "payment: [good, late]",
            "critical_class": "critical_class: [special, class_1, class_2]",
            "tier": "tier: [vip, key, normal]",
            "quantity": "quantity:\n  load_ratio: { zh: 负载率, en: Load, unit: '1', lowest: 0, highest: 5 }",
            "device_kind": "device_kind: [switch, sensor]",
        ])
}

/// Every kind of mistake and finding that rule tests have on top of those of rule files.
package enum RuleTestCode: String, Sendable, CaseIterable {
    // Reading
    case unknownRule = "unknown-rule"
    case unknownTask = "unknown-task"
    case unknownCrew = "unknown-crew"
    case unknownReport = "unknown-report"
    case unknownDevice = "unknown-device"
    case unknownRecipient = "unknown-recipient"
    case nothingExpected = "nothing-expected"
    case severalActions = "several-actions"
    case tooManyCases = "too-many-cases"
    case notRun = "not-run"
    // Running
    /// What is expected did not come.
    case unmetExpectation = "unmet-expectation"
    /// A report or a step that the daemon would refuse.
    case refused
    /// So much falls due that the test is given up.
    case endless
    // Mutants
    case unnoticedChange = "unnoticed-change"
}

/// The sentences of reading rule tests; those about what a test came to stand in `Decisions/RuleTestWording.swift`.
extension Wording {
    private init(_ code: RuleTestCode, _ message: String, suggestion: String? = nil, example: String? = nil) {
        self.init(code: code.rawValue, message: message, suggestion: suggestion, example: example)
    }

    private static func list(_ names: [String], max: Int = 12) -> String {
        let shown = names.prefix(max).map { "'\($0)'" }.joined(separator: ", ")
        return names.isEmpty ? "none" : names.count > max ? shown + " … (\(names.count) in all)" : shown
    }

    static func unknownRule(_ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(
            .unknownRule, "there is no rule '\(name)'; a rule goes by its module and its name, and 'fallback' is for what no rule takes"
                + (suggestion == nil ? "; there are \(list(known))" : ""), suggestion: suggestion)
    }
    static func unknownTask(_ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(.unknownTask, "no rule makes the task '\(name)'" + (suggestion == nil ? "; there are \(list(known))" : ""), suggestion: suggestion)
    }
    static func unknownTestCrew(_ name: String, known: [String], own: Bool, suggestion: String?) -> Wording {
        Wording(
            .unknownCrew, "there is no crew '\(name)' \(own ? "among the crews of this test" : "on the roster")"
                + (suggestion == nil ? "; there are \(list(known))" : ""), suggestion: suggestion)
    }
    static func unknownReport(_ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(
            .unknownReport, "no report before this step has the id '\(name)'" + (known.isEmpty ? "; give it one" : suggestion == nil ? "; there are \(list(known))" : ""),
            suggestion: suggestion, example: known.isEmpty ? "report: { id: second, type: fault }" : nil)
    }
    static func unknownTold(_ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(
            .unknownRecipient, "nobody is called '\(name)'" + (suggestion == nil ? "; there are \(list(known))" : ""), suggestion: suggestion)
    }
    static func nothingExpected(_ what: String) -> Wording {
        Wording(.nothingExpected, "\(what) expects nothing, so it can't fail", example: "expect: { rule: faults.hazard-first, crew: a }")
    }
    static func severalActions(_ names: [String]) -> Wording {
        Wording(.severalActions, "a step is one thing that happens, and this one has \(list(names)); make a step of each")
    }
    static func onlyWith(_ key: String, _ others: [String]) -> Wording {
        Wording(.severalActions, "'\(key)' goes with \(others.map { "'\($0)'" }.joined(separator: " or ")) alone")
    }
    static func tooManyCases(max: Int) -> Wording {
        Wording(.tooManyCases, "the lists of this test make more than \(max) reports; make several tests of it")
    }
    static func noModule(_ module: String, suggestion: String?) -> Wording {
        Wording(
            .notRun, "there is no module file '\(module)', so these tests are not run; the tests of a module bear the name of its file",
            suggestion: suggestion)
    }
    static func moduleOff(_ module: String) -> Wording {
        Wording(.notRun, "the module of '\(module)' is switched off, so these tests are not run")
    }
    static func needsModule(_ module: String, suggestion: String?) -> Wording {
        Wording(.notRun, "no module '\(module)' is read, so this test is not run", suggestion: suggestion)
    }
    static func notATime(_ name: String, _ text: String) -> Wording {
        wrongText(name, wants: "a time of day, or a day and a time", found: text, example: "\(name): 2026-07-15 12:00")
    }
    static func notANumber(_ name: String, _ text: String) -> Wording { wrongText(name, wants: "a number", found: text, example: "\(name): 250") }
    static let noFields = Wording(
        .unknownField, "site.yaml declares no fields of its own for reports", example: "fields:\n  report:\n    building_height: number")
}

extension Keys {
    static let ruleTest = Keys(
        "a test",
        [
            "name": "name: a fallen line goes to the nearest live-line crew",
            "needs": "needs: [faults]",
            "with": "with:\n  crews:\n    a: { base: { lat: 28.0, lon: 120.6 }, skills: [live_line] }",
            "report": "report: { type: fault, category: line_down, site: urban }",
            "readings": "readings:\n  - { device: T-991, quantity: load_ratio, value: 0.86, every: 5 min, for: 2 h }",
            "outage": "outage: { feeder: F-12, from: 2026-07-25 09:00, until: 2026-07-25 15:00 }",
            "expect": "expect: { rule: faults.hazard-first, crew: a, arrive: 45 min }",
            "then": "then:\n  - after: 4 min\n    expect: { crew: b }",
        ])

    static let testWith = Keys(
        "'with'",
        [
            "at": "at: 2026-07-15 12:00",
            "crews": "crews:\n  a: { base: { lat: 28.0, lon: 120.6 }, skills: [live_line] }",
            "customer": "customer: { critical_class: class_1 }",
            "outages": "outages:\n  - { feeder: F-12, from: 09:00, until: 15:00 }",
            "contractors": "contractors:\n  a: { works: [line_10kv], tier: A }",
        ])

    static let testCrew = Keys(
        "a test's crew",
        [
            "name": "name: 北二班",
            "department": "department: operations",
            "district": "district: lucheng",
            "base": "base: { lat: 28.012, lon: 120.655 }",
            "skills": "skills: [distribution_line]",
            "shift": "shift: day",
            "capacity": "capacity: 1",
            "place": "place: { lat: 28.012, lon: 120.655 }",
            "duty": "duty: off",
        ])

    static let testReport = Keys(
        "a report",
        [
            "id": "id: second",
            "source": "source: '95598'",
            "type": "type: fault",
            "category": "category: line_down",
            "reported_at": "reported_at: 2026-07-15 11:40",
            "customer": "customer: '3302001234'",
            "place": "place: { lat: 28.012, lon: 120.655, district: lucheng }",
            "site": "site: urban",
            "voltage": "voltage: low",
            "urgency": "urgency: urgent",
            "feeder": "feeder: F-12",
            "transformer": "transformer: T-991",
            "customers_out": "customers_out: 86",
            "capacity_kva": "capacity_kva: 250",
            "description": "description: a text",
            "fields": "fields: { building_height: 30 }",
            "documents": "documents: [identity]",
            "about": "about: north-2",
        ])

    static let testPlace = Keys(
        "a report's 'place'",
        ["lat": "lat: 28.012", "lon": "lon: 120.655", "address": "address: a text", "district": "district: lucheng"])

    static let expectation = Keys(
        "'expect'",
        [
            "rule": "rule: faults.hazard-first",
            "task": "task: repair",
            "priority": "priority: emergency",
            "crew": "crew: a",
            "contractor": "contractor: c-1",
            "department": "department: operations",
            "skills": "skills: [live_line]",
            "within": "within: 40 km",
            "accept": "accept: 3 min",
            "contact": "contact: 24 h",
            "arrive": "arrive: 45 min",
            "restore": "restore: 3 h",
            "reply": "reply: 5 working days",
            "escalate": "escalate: repair",
            "state": "state: dispatched",
            "told": "told: [department.head]",
            "shared": "shared: [operations]",
            "stage": "stage: 2 working days",
            "total": "total: 22 working days",
            "case": "case: open",
            "open": "open: [acceptance]",
            "skipped": "skipped: [grid_works]",
            "missing": "missing: [identity]",
            "answer": "answer: known_outage",
            "joined": "joined: faults.same-transformer",
            "callers": "callers: 2",
            "tier": "tier: vip",
            "flags": "flags: [frequent_complainer]",
            "manager": "manager: am-1",
            "suggested": "suggested: [energy_saving_proposal]",
        ])

    static let testOutage = Keys(
        "an outage of a test",
        [
            "outage": "outage: o-7",
            "event": "event: ended",
            "type": "type: planned",
            "feeder": "feeder: F-12",
            "transformer": "transformer: T-991",
            "from": "from: 09:00",
            "until": "until: 15:00",
            "reason": "reason: planned work",
        ])

    static let step = Keys(
        "a step",
        [
            "after": "after: 4 min",
            "do": "do: accept",
            "outcome": "outcome: failed",
            "fields": "fields: { needs_grid_works: true }",
            "satisfaction": "satisfaction: 4",
            "solved": "solved: false",
            "documents": "documents: [identity]",
            "case": "case: suspend",
            "by": "by: a",
            "assign": "assign: b",
            "priority": "priority: high",
            "crew": "crew: a",
            "duty": "duty: off",
            "place": "place: { lat: 28.012, lon: 120.655 }",
            "report": "report: { id: second, type: fault, category: fire }",
            "readings": "readings:\n  - { device: T-991, quantity: load_ratio, value: 0.7, after: 5 min }",
            "outage": "outage: { event: ended }",
            "about": "about: second",
            "task": "task: repair",
            "expect": "expect: { crew: b }",
        ])
}

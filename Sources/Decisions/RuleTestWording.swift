import Domain
import Rules

/// What is said about a rule test that does not hold: what was expected, what came, and why. All its sentences stand here.
enum RuleTestWording {
    static func answer(wanted: String?, is answer: String?, by rule: String) -> String {
        "expected \(wanted.map { "the answer '\($0)'" } ?? "no answer"), but \(answer.map { "the answer is '\($0)'" } ?? "a task was made") (\(rule))"
    }

    static func ofCustomer(_ what: String, wanted: String, is: String, held: [String]) -> String {
        expected(what, wanted, `is`) + "; of the rules about customers \(held.isEmpty ? "none holds" : "these hold: \(list(held))")"
    }

    static func answered(_ rule: String, _ answer: String) -> String {
        "there is no task: \(rule) answers the caller with '\(answer)'; expect 'rule' and 'answer' of such a report"
    }

    static func joined(wanted: String?, is rule: String?, _ row: WorkTask) -> String {
        "expected that it \(wanted.map { "joins an earlier report by '\($0)'" } ?? "joins no other report"), but it \(rule.map { "joined \(row.id) by '\($0)'" } ?? "got a task of its own (\(row.rule))")"
    }

    /// `'a fallen line …', after 4 min: `. `others`: so many more reports of the same test fail alike.
    static func headline(_ test: RuleTest, at elapsed: TimeSpan, others: Int) -> String {
        let more = others == 0 ? "" : " and \(others) more of its reports"
        return elapsed == .zero ? "'\(test.name)'\(more): " : "'\(test.name)'\(more), after \(span(elapsed)): "
    }

    private static func expected(_ what: String, _ wanted: String, _ is: String) -> String { "\(what) is \(`is`), expected \(wanted)" }

    static func refused(_ reason: String?) -> String { "this would be refused: " + (reason ?? "no reason was given") }

    static func endless(_ max: Int) -> String { "more than \(max) things fall due before this step; let less time pass" }

    static func noTask(_ kind: String?, _ all: [WorkTask]) -> String {
        all.isEmpty
            ? "the report came to no task"
            : "the report came to no task '\(kind ?? "")', but to \(all.map { "'\($0.task)'" }.joined(separator: ", "))"
    }

    static func count(_ all: [WorkTask], wanted: Int, isList: Bool) -> String {
        let found = all.map { "'\($0.task)' by \($0.rule)" }.joined(separator: ", ")
        return "the report came to \(all.count) task\(all.count == 1 ? "" : "s") (\(found)), expected \(wanted)"
            + (isList || all.count < 2 ? "" : "; write 'expect' as a list, one block for each")
    }

    /// A fact that the rule alone makes.
    static func made(_ what: String, wanted: String, is: String, by row: WorkTask, _ rules: RuleSet) -> String {
        let place = rules.rule(named: row.rule).map { " (\($0.file):\($0.line))" } ?? ""
        return expected(what, wanted, `is`) + "; the rule \(row.rule)\(place) says so"
    }

    static let onlyTold = "this is about an outage: expect who is 'told' of it; of a report, say which with 'about'"

    static func toldOfOutage(wanted: Set<String>, told: Set<String>) -> String { expected("who is told", list(wanted.sorted()), list(told.sorted())) }

    static let nothingReported = "no device has reported anything by these readings"

    static let noCase = "the report opened no case: only an application that a process takes does"

    static func ofCase(_ what: String, wanted: String, is: String, _ kase: WorkCase) -> String {
        let open = kase.stages.filter { $0.state == .open }.map(\.name)
        let stands =
            kase.state == .open ? kase.acceptedAt == nil ? "its documents are not complete" : "open: \(list(open))" : "it is \(kase.state.rawValue)"
        return expected(what, wanted, `is`) + "; the case by \(kase.process): \(stands)"
    }

    // MARK: Mutants

    static func unnoticed(_ mutant: RuleMutant, seen: Int) -> String {
        let who = mutant.rule.map { " (\($0))" } ?? ""
        let tests = seen == 0 ? "" : seen == 1 ? "; one test's report comes to it" : "; the reports of \(seen) tests come to it"
        return "no test notices when \(mutant.change)\(who)\(tests)" + (mutant.hint.map { "; \($0)" } ?? "")
    }

    // MARK: The rule

    static func rule(wanted: String, is taken: String, _ rules: RuleSet, verdict: RuleVerdict?, subject: RouteSubject?) -> String {
        let text = expected("the rule", wanted, taken)
        switch verdict {
        case nil, .unknown?, .takes?:
            let facts = rules.rule(named: taken)
            return text + (facts.map { "; \(taken) (\($0.file):\($0.line)) takes it: \(holds($0, rules, subject))" } ?? "")
        case .below(let rule, let file, let line, let condition)?:
            return text + "; it would take the report, but \(rule) (\(file):\(line)) stands above it and does: " + (condition.map(shown) ?? "it takes every report")
        case .missed(let file, let line, let part)?: return text + "; \(wanted) (\(file):\(line)) does not take it: \(shown(part)) does not hold"
        case .failed(let file, let line, let message)?: return text + "; the condition of \(wanted) (\(file):\(line)) fails: \(message)"
        case .closed(let module, let file, let takes)?: return text + "; the module \(module) (\(file)) does not take it: \(shown(takes)) does not hold"
        case .elsewhere(let module, let file)?: return text + "; the module \(module) (\(file)) takes it, and its file name comes first"
        }
    }

    private static func holds(_ facts: RuleFacts, _ rules: RuleSet, _ subject: RouteSubject?) -> String {
        let trace = subject.flatMap { rules.route($0, tracing: true).routings.first { $0.rule == facts.name }?.trace }
        guard let condition = trace?.conditions.first(where: { $0.label == "when" }) else { return "it takes every report that comes to it" }
        return shown(condition) + " holds"
    }

    /// `report.category == "fire" (report.category is "no_power")`
    private static func shown(_ condition: RouteTrace.Condition) -> String {
        let text = clipped(condition.text.split(whereSeparator: \.isWhitespace).joined(separator: " "), to: 120)
        let values = condition.values.prefix(4).map { "\($0.name) is \($0.json == "null" ? "not given" : clipped($0.json, to: 60))" }
        return values.isEmpty ? text : "\(text) (\(values.joined(separator: ", ")))"
    }

    // MARK: Who goes

    static func crew(wanted: CrewID?, _ row: WorkTask, why: [UInt8]?) -> String {
        let text = expected("the crew", wanted?.rawValue ?? "none", row.crew?.rawValue ?? "none")
        let reasons = Reasons(why)
        if row.isDesk { return text + "; the task is on the desk of \(row.department)" }
        if row.state == .suspended || row.state == .completed || row.state.isFinal { return text + "; the task is \(row.state.rawValue)" }
        if let wanted, let reason = reasons.reason(wanted) { return text + "; " + reason }
        if let crew = row.crew { return text + "; \(reasons.goes(crew))" }
        return text + "; \(reasons.nobody)"
    }

    static func contractor(wanted: ContractorID?, _ row: WorkTask, why: [UInt8]?) -> String {
        let text = expected("the contractor", wanted?.rawValue ?? "none", row.contractor?.rawValue ?? "none")
        let found = why.flatMap { try? JSONValue.parse($0) }?["contractors"]?.array ?? []
        let reasons = found.compactMap { one in one["contractor"]?.string.flatMap { name in one["verdict"]?.string.map { "\(name) \($0)" } } }
        if reasons.isEmpty { return text + "; the task is \(row.state.rawValue), \(row.isDesk ? "on the desk of \(row.department)" : "for a crew")" }
        return text + "; they stand so: \(reasons.joined(separator: ", "))"
    }

    static func state(wanted: TaskState, _ row: WorkTask, why: [UInt8]?) -> String {
        let text = expected("the task's state", wanted.rawValue, row.state.rawValue)
        if row.state == .queued { return text + "; \(Reasons(why).nobody)" }
        if let crew = row.crew { return text + "; crew \(crew) has it" }
        return row.isDesk ? text + "; it is on the desk of \(row.department)" : text
    }

    static func told(wanted: Set<String>, told: Set<String>, _ row: WorkTask) -> String {
        var text = expected("who is told", list(wanted.sorted()), list(told.sorted()))
        if row.escalate == nil { text += "; the rule \(row.rule) has no 'escalate'" }
        return text
    }

    /// The candidates of a search, as they were explained when it was made.
    private struct Reasons {
        private var candidates: [JSONValue] = []
        private var within: Int64?
        private var chosen: String?

        init(_ why: [UInt8]?) {
            guard let why, let json = try? JSONValue.parse(why) else { return }
            candidates = json["candidates"]?.array ?? []
            within = json["within_m"]?.int
            chosen = json["chosen"]?.string
        }

        private func candidate(_ crew: String) -> JSONValue? { candidates.first { $0["crew"]?.string == crew } }

        private func metres(_ candidate: JSONValue?) -> String? { candidate?["distance_m"]?.int.map { distance(Int($0)) } }

        func goes(_ crew: CrewID) -> String { "\(crew) goes" + (metres(candidate(crew.rawValue)).map { ", \($0) away" } ?? "") }

        var nobody: String {
            guard !candidates.isEmpty else { return "nobody has it" }
            let reasons = candidates.prefix(4).compactMap { $0["crew"]?.string.flatMap { reason(CrewID($0)) } }
            return "nobody can go: " + reasons.joined(separator: "; ") + (candidates.count > 4 ? " …" : "")
        }

        /// Why a crew was not sent; nil: nothing is known of it.
        func reason(_ crew: CrewID) -> String? {
            guard let candidate = candidate(crew.rawValue), let verdict = candidate["verdict"]?.string else { return nil }
            let away = metres(candidate)
            switch verdict {
            case "chosen": return nil
            case "lacks_skills":
                let lacks = (candidate["lacks"]?.array ?? []).compactMap(\.string)
                return "\(crew) lacks \(lacks.joined(separator: ", "))"
            case "off_duty": return "\(crew) is off duty"
            case "declined": return "\(crew) has refused it or not answered"
            case "at_capacity": return "\(crew) has its hands full (\(candidate["tasks"]?.int ?? 0) of \(candidate["capacity"]?.int ?? 0))"
            case "place_unknown": return "nothing says where the task is"
            case "no_position": return "nobody knows where \(crew) is (no 'base', no 'place')"
            case "out_of_reach": return "\(crew) is out of reach: \(away ?? "?") away, within \(within.map { reach(Int($0)) } ?? "?")"
            case "farther":
                let nearer = chosen.map { "; \($0) is nearer" + (metres(self.candidate($0)).map { ": \($0)" } ?? "") } ?? ""
                return "\(crew) is \(away ?? "?") away\(nearer)"
            default: return nil
            }
        }
    }

    // MARK: Units

    static func list(_ names: [some CustomStringConvertible]) -> String { names.isEmpty ? "none" : names.map(\.description).joined(separator: ", ") }

    static func span(_ span: TimeSpan?) -> String {
        guard let span else { return "none" }
        return span == .zero ? "0 s" : Rules.words(for: span)
    }

    /// As rule files have it, to the metre: `40 km`, `40500 m`.
    static func reach(_ metres: Int?) -> String {
        metres.map { $0 % 1_000 == 0 ? "\($0 / 1_000) km" : "\($0) m" } ?? "none"
    }

    /// `840 m`, `1.8 km`, `40 km`.
    static func distance(_ metres: Int) -> String {
        if metres < 1_000 { return "\(metres) m" }
        let tenths = (metres + 50) / 100
        return tenths >= 1_000 || tenths % 10 == 0 ? "\(tenths / 10) km" : "\(tenths / 10).\(tenths % 10) km"
    }
}

import CEL
import Domain

/// Makes the mutants of one module.
struct MutantMaker {
    let set: RuleSet
    let module: RuleMap.Module
    private let compiled: CompiledModule
    /// The conditions of the rules.
    private let whens: [RuleMap.Piece?]
    var mutants: [RuleMutant] = []

    init(_ set: RuleSet, _ module: RuleMap.Module) {
        self.set = set
        self.module = module
        compiled = set.modules[module.number]
        whens = module.rules.map { module.when($0) }
    }

    mutating func make() {
        if let takes = module.takes {
            for edit in edits(of: takes) {
                guard let expression = compile(edit.text, module.schema) else { continue }
                // No test can tell apart what is the same for every report that comes here.
                if GateProofs(set: set).areSame(takes.expression, expression, at: module) { continue }
                var effect = RuleMutant.Effect(module: module.number)
                effect.takes = expression
                add(nil, edit, takes, effect)
            }
        }
        for (index, entry) in module.lets.enumerated() where entry.piece.expression.type == .bool {
            for edit in edits(of: entry.piece) {
                if let effect = effect(ofLet: index, edit.text) { add(nil, edit, entry.piece, effect) }
            }
        }
        for table in module.tables { rows(table) }
        for (rule, when) in zip(module.rules, whens) {
            if let when {
                for edit in edits(of: when) {
                    guard let expression = compile(edit.text, module.schema) else { continue }
                    var effect = RuleMutant.Effect(module: module.number)
                    effect.conditions[rule.number] = .some(expression)
                    add(rule.name, edit, when, effect)
                }
            }
            outcomes(rule)
        }
    }

    private func compile(_ text: String, _ schema: Schema) -> Expression? { try? Expression.compile(text, schema: schema, expecting: .bool) }

    static func place(_ range: Range<Int>, _ source: SourceText, _ file: String) -> RuleMutant.Place {
        let from = source.position(of: range.lowerBound)
        let to = source.position(of: range.upperBound)
        return RuleMutant.Place(file: file, line: from.line, column: from.column, endLine: to.line, endColumn: to.column)
    }

    private mutating func add(_ rule: String?, _ edit: Edit, _ piece: RuleMap.Piece, _ effect: RuleMutant.Effect) {
        let map = ScalarMap(piece.node, in: module.source)
        let range = map.range(characters: edit.span.start..<max(edit.span.start, edit.span.end))
        mutants.append(
            RuleMutant(rule: rule, place: Self.place(range, module.source, module.file), change: edit.change, hint: edit.hint, effect: effect))
    }

    /// What a `let` that says something else makes of the conditions that use it. nil: it can't be compiled so.
    private func effect(ofLet index: Int, _ text: String) -> RuleMutant.Effect? {
        var schema = module.schema
        let name = module.lets[index].name
        for entry in module.lets[index...] { schema.definitions[entry.name] = nil }
        guard let changed = compile(text, schema) else { return nil }
        schema.definitions[name] = changed
        var names: Set<String> = [name]
        for entry in module.lets[(index + 1)...] {
            var expression = entry.piece.expression
            if expression.definitionsUsed.contains(where: { names.contains($0) }) {
                guard let again = try? Expression.compile(expression.text, schema: schema) else { return nil }
                expression = again
                names.insert(entry.name)
            }
            schema.definitions[entry.name] = expression
        }
        var effect = RuleMutant.Effect(module: module.number)
        func isAffected(_ piece: RuleMap.Piece) -> Bool { piece.expression.definitionsUsed.contains { names.contains($0) } }
        if let takes = module.takes, isAffected(takes) { effect.takes = compile(takes.expression.text, schema) }
        for (rule, when) in zip(module.rules, whens) {
            guard let when, isAffected(when), let expression = compile(when.expression.text, schema) else { continue }
            effect.conditions[rule.number] = .some(expression)
        }
        for rule in module.rules {
            let outcome = compiled.outcome(of: compiled.rules[rule.number])
            guard let plan = outcome.process?.redefining(name, as: text) else { continue }
            effect.outcomes[rule.number] = outcome.with(process: plan)
        }
        return effect
    }

    static func longer(_ length: LimitLength) -> LimitLength {
        switch length {
        case .time(let span): .time(TimeSpan(milliseconds: span.milliseconds + 60_000))
        case .workingDays(let days): .workingDays(days + 1)
        case .workingTime(let span): .workingTime(TimeSpan(milliseconds: span.milliseconds + 3_600_000))
        }
    }

    /// How much longer that is.
    static func more(_ length: LimitLength) -> String {
        switch length {
        case .time: "a minute"
        case .workingDays: "a working day"
        case .workingTime: "a working hour"
        }
    }

    // MARK: What a rule makes

    private mutating func outcomes(_ rule: RuleMap.Rule) {
        let outcome = compiled.outcome(of: compiled.rules[rule.number])
        func changed(
            task: String? = nil, priority: Priority? = nil, assign: Assignment? = nil, limits: [Outcome.Limit]? = nil, escalate: String?? = nil,
            continues: Bool? = nil, process: ProcessPlan? = nil, share: [DepartmentID]? = nil
        ) -> Outcome {
            Outcome(
                task: task ?? outcome.task, priority: priority ?? outcome.priority, assign: assign ?? outcome.assign, limits: limits ?? outcome.limits,
                escalate: escalate ?? outcome.escalate, continues: continues ?? outcome.continues, process: process ?? outcome.process,
                share: share ?? outcome.share, answer: outcome.answer)
        }
        // What callers are told is no matter of tests.
        if outcome.answer != nil { return }
        if let plan = outcome.process { return processOutcomes(rule, plan) { changed(process: $0) } }
        var made: [RuleMutant] = []
        func add(_ node: Node?, _ change: String, _ hint: String?, _ outcome: Outcome) {
            var effect = RuleMutant.Effect(module: module.number)
            effect.outcomes[rule.number] = outcome
            let range = node.map { FileReader(file: 0, source: module.source, findings: Findings()).place($0) } ?? rule.nameRange
            made.append(RuleMutant(rule: rule.name, place: Self.place(range, module.source, module.file), change: change, hint: hint, effect: effect))
        }
        add(rule.values["task"], "the task is another than '\(outcome.task)'", "add 'task: \(outcome.task)' to an 'expect'", changed(task: outcome.task + "-changed"))
        let otherPriority: Priority = outcome.priority == .low ? .normal : .low
        add(
            rule.values["priority"], "the priority is '\(otherPriority.rawValue)', not '\(outcome.priority.rawValue)'",
            "add 'priority: \(outcome.priority.rawValue)' to an 'expect'", changed(priority: otherPriority))
        for (index, limit) in outcome.limits.enumerated() {
            let node = rule.values["limits"]?[limit.name.rawValue]
            var without = outcome.limits
            without.remove(at: index)
            let name = limit.name.rawValue
            switch limit.source {
            case .span(let span):
                var longer = outcome.limits
                longer[index].source = .span(Self.longer(span))
                add(node, "'\(name)' is \(Self.more(span)) longer", "add '\(name): \(span.ruleText)' to an 'expect'", changed(limits: longer))
            case .table(let table): add(node, "there is no limit '\(name)'", "add '\(name)' to an 'expect', as the table '\(table.name)' has it", changed(limits: without))
            }
        }
        if let ladder = outcome.escalate {
            add(rule.values["escalate"], "nobody is told: no 'escalate'", "add 'escalate: \(ladder)' to an 'expect'", changed(escalate: .some(nil)))
        }
        if rule.number < compiled.rules.count - 1 {
            add(
                rule.values["continue"], outcome.continues ? "the rules below are not asked: no 'continue'" : "the rules below are asked too: 'continue: true'",
                "write 'expect' as a list, one block for each task", changed(continues: !outcome.continues))
        }
        for item in rule.values["share"]?.items ?? [] {
            guard let name = item.text else { continue }
            add(
                item, "'\(name)' is not concerned", "add 'shared: [\(outcome.share.map(\.rawValue).joined(separator: ", "))]' to an 'expect'",
                changed(share: outcome.share.filter { $0.rawValue != name }))
        }
        let assign = rule.values["assign"]
        switch outcome.assign {
        case .department(let department):
            if let other = self.other(than: department) {
                add(
                    assign?["department"], "the department is '\(other)', not '\(department)'", "add 'department: \(department)' to an 'expect'",
                    changed(assign: .department(other)))
            }
        case .contractor(let works, let department):
            if let other = self.other(than: department) {
                add(
                    assign?["department"], "the department is '\(other)', not '\(department)'", "add 'department: \(department)' to an 'expect'",
                    changed(assign: .contractor(works: works, department: other)))
            }
        case .nearest(let skills, let within, let otherwise, let ofDistrict):
            for item in assign?["skills"]?.items ?? [] {
                guard let name = item.text, skills.contains(SkillID(name)) else { continue }
                add(
                    item, "the crew need not have '\(name)'", "let a crew without it be nearer, or add 'skills' to an 'expect'",
                    changed(assign: .nearest(skills: skills.subtracting([SkillID(name)]), within: within, otherwise: otherwise, ofDistrict: ofDistrict)))
            }
            if within != nil {
                add(
                    assign?["within"], "crews go any distance: no 'within'", "let the only crew be farther away, or add 'within' to an 'expect'",
                    changed(assign: .nearest(skills: skills, within: nil, otherwise: otherwise, ofDistrict: ofDistrict)))
            }
            if let other = self.other(than: otherwise) {
                add(
                    assign?["otherwise"], "it waits with '\(other)', not with '\(otherwise)'", "add 'department: \(otherwise)' to an 'expect'",
                    changed(assign: .nearest(skills: skills, within: within, otherwise: other, ofDistrict: ofDistrict)))
            }
            if ofDistrict {
                add(
                    assign?["of"], "crews of any district go: no 'of: district'", "let a crew of another district be nearer",
                    changed(assign: .nearest(skills: skills, within: within, otherwise: otherwise)))
            }
        }
        mutants += made
    }

    func other(than department: DepartmentID) -> DepartmentID? { set.site.departments.keys.sorted().first { $0 != department } }

    private mutating func rows(_ rows: RuleMap.TableRows) {
        func add(_ node: Node, _ value: String?, _ change: String) {
            var effect = RuleMutant.Effect(module: module.number)
            for (number, rule) in compiled.rules.enumerated() {
                let outcome = compiled.outcome(of: rule)
                var limits = outcome.limits
                var isChanged = false
                for index in limits.indices {
                    guard case .table(var table) = limits[index].source, table.name == rows.name else { continue }
                    if let value {
                        table.rows[value] = table.rows[value].map(Self.longer)
                    } else {
                        table.otherwise = table.otherwise.map(Self.longer)
                    }
                    limits[index].source = .table(table)
                    isChanged = true
                }
                guard isChanged else { continue }
                effect.outcomes[number] = Outcome(
                    task: outcome.task, priority: outcome.priority, assign: outcome.assign, limits: limits, escalate: outcome.escalate, continues: outcome.continues,
                    process: outcome.process, share: outcome.share, answer: outcome.answer)
            }
            mutants.append(
                RuleMutant(
                    rule: nil, place: Self.place(node.range, module.source, module.file), change: change, hint: "add the limit of such a report to an 'expect'", effect: effect))
        }
        func more(_ node: Node) -> String { (node.text.flatMap { try? Quantity.limit($0) }).map(Self.more) ?? "a minute" }
        for row in rows.rows { add(row.node, row.value, "'\(row.value)' in the table '\(rows.name)' is \(more(row.node)) longer") }
        if let otherwise = rows.otherwise { add(otherwise, nil, "'otherwise' in the table '\(rows.name)' is \(more(otherwise)) longer") }
    }
}

/// One change of a condition's text.
struct Edit {
    /// The whole text after it.
    var text: String
    /// What it changes, in characters of the text before.
    var span: Span
    var change: String
    var hint: String?
}

extension MutantMaker {
    private static let flips: [Builtin: Builtin] = [
        .less: .lessOrEqual, .lessOrEqual: .less, .greater: .greaterOrEqual, .greaterOrEqual: .greater, .equal: .notEqual, .notEqual: .equal,
    ]

    /// Every change of a condition, in the order of its text.
    fileprivate func edits(of piece: RuleMap.Piece) -> [Edit] {
        let characters = Array(piece.expression.text)
        var edits: [Edit] = []
        func text(_ span: Span) -> String { String(characters[max(span.start, 0)..<min(max(span.end, span.start), characters.count)]) }
        func short(_ text: String) -> String {
            let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return line.count > 80 ? line.prefix(80) + "…" : line
        }
        func replaced(_ span: Span, _ by: String) -> String {
            String(characters[..<span.start]) + by + String(characters[min(span.end, characters.count)...])
        }
        func edit(_ span: Span, by new: String, shownAs shown: Span, _ hint: String?) {
            let after = String(characters[shown.start..<span.start]) + new + String(characters[span.end..<max(shown.end, span.end)])
            edits.append(Edit(text: replaced(span, new), span: shown, change: "'\(short(text(shown)))' becomes '\(short(after))'", hint: hint))
        }
        func visit(_ node: CheckedNode, isRoot: Bool) {
            switch node.kind {
            case .and(let parts):
                for part in parts {
                    edits.append(
                        Edit(
                            text: replaced(part.span, "true"), span: part.span, change: "'\(short(text(part.span)))' is dropped",
                            hint: "try a report for which all else holds, but not this"))
                    visit(part, isRoot: false)
                }
                return
            case .or(let parts):
                for part in parts {
                    edits.append(
                        Edit(
                            text: replaced(part.span, "false"), span: part.span, change: "the alternative '\(short(text(part.span)))' is dropped",
                            hint: "try a report for which only this holds"))
                    visit(part, isRoot: false)
                }
                return
            case .not(let operand):
                if node.span.start < characters.count, characters[node.span.start] == "!" {
                    edit(Span(start: node.span.start, end: node.span.start + 1), by: "", shownAs: node.span, nil)
                }
                visit(operand, isRoot: false)
                return
            default: break
            }
            if isRoot {
                edits.append(
                    Edit(text: "true", span: node.span, change: "'\(short(text(node.span)))' is dropped", hint: "try a report for which it does not hold"))
            }
            guard case .call(let builtin, let operands) = node.kind, operands.count == 2 else { return }
            let (left, right) = (operands[0], operands[1])
            if let flip = Self.flips[builtin], left.span.end <= right.span.start {
                // Only the sign between the operands is changed, so that brackets stay.
                let between = Array(characters[left.span.end..<right.span.start])
                let sign = Array(builtin.name)
                if let at = between.indices.first(where: { $0 + sign.count <= between.count && Array(between[$0..<($0 + sign.count)]) == sign }) {
                    let start = left.span.end + at
                    let isBound = builtin != .equal && builtin != .notEqual
                    edit(
                        Span(start: start, end: start + sign.count), by: flip.name, shownAs: node.span,
                        isBound ? "try a report that is exactly at the bound" : nil)
                    // With `>` for `>=` a whole bound has gone up by one already: it is moved the other way alone.
                    switch builtin {
                    case .greaterOrEqual, .less: moved(right, by: -1, node); moved(left, by: 1, node)
                    case .greater, .lessOrEqual: moved(right, by: 1, node); moved(left, by: -1, node)
                    default: break
                    }
                }
            }
            if builtin == .in, case .list(let members) = right.kind, members.count > 1, text(right.span).hasPrefix("["), text(right.span).hasSuffix("]") {
                for (index, member) in members.enumerated() {
                    let others = members.enumerated().filter { $0.offset != index }.map { text($0.element.span) }
                    edits.append(
                        Edit(
                            text: replaced(right.span, "[" + others.joined(separator: ", ") + "]"), span: member.span,
                            change: "\(short(text(member.span))) is no more in '\(short(text(left.span)))'", hint: "try a report with \(short(text(member.span)))"))
                }
            }
        }
        /// A bound that is a whole number.
        func moved(_ operand: CheckedNode, by step: Int64, _ comparison: CheckedNode) {
            let next: String
            switch operand.kind {
            case .constant(.int(let number)):
                let (sum, overflow) = number.addingReportingOverflow(step)
                if overflow { return }
                next = "\(sum)"
            case .constant(.double(let number)) where number == number.rounded() && abs(number) < 1e15: next = "\(Int64(number) + step).0"
            default: return
            }
            edit(operand.span, by: next, shownAs: comparison.span, "try a report between the two bounds")
        }
        visit(piece.expression.root, isRoot: true)
        // A change of the same text twice over (both sides of a bound) is one.
        var seen: Swift.Set<String> = []
        return edits.filter { $0.text != piece.expression.text && seen.insert($0.text).inserted }
    }
}

package import Domain
package import Rules

/// Sizes that the mind keeps to.
package enum Limits {
    /// How many tasks one tick handles at most; `nextDue` stays due while more wait.
    package static let timersPerTick = 256
    /// How far ahead of our clock `reported_at` may lie.
    package static let futureToleranceMinutes: Int64 = 10
    /// Of so many customers of one outage account managers are told at most.
    package static let outageCustomersMax = 1_000
}

/// Which rows the store must hand in with an input (besides the receipt that its key got before).
package struct Needs: Sendable, Hashable {
    /// The facts of this customer.
    package var customer: CustomerID?
    /// The state of this task, where it is not open (`DispatchState.task` has the open ones).
    package var task: TaskID?
    /// The state of this case, where it is not open.
    package var kase: CaseID?
    /// The callers of this task beside its first.
    package var callersOf: TaskID?
    package init(customer: CustomerID? = nil, task: TaskID? = nil, kase: CaseID? = nil) {
        self.customer = customer
        self.task = task
        self.kase = kase
    }
}

package func needs(_ input: Input) -> Needs {
    switch input.body {
    case .report(let report): return Needs(customer: report.customer)
    case .progress(let progress):
        var needs = Needs(task: progress.task)
        if progress.event == .split { needs.callersOf = progress.task }
        return needs
    case .kase(let signal): return Needs(kase: signal.id)
    case .customer(let record): return Needs(customer: record.customer)
    case .crew, .outage, .contractor, .reading, .recovered: return Needs()
    }
}

/// What one stimulus leads to at an instant. Looks at its arguments alone, and puts its own changes into `state`: when the batch can't be
/// committed, revert `decision.changes` of all its decisions in reverse order.
///
/// - `rules` are those that `state` has adopted; for `.rules` they are adopted here if they were not before.
/// - An input always gets a receipt. `duplicate`, `conflict` and `rejected` come without changes.
/// - The clock may jump, also back: what is due is due as `now` says.
package func decide(_ state: inout DispatchState, rules: RuleSet, stimulus: Stimulus, at now: Instant) -> Decision {
    decide(&state, rules: rules, stimulus: stimulus, at: now) { rules.route($0, tracing: true) }
}

/// The same with another routing, for tests of the life that follows it.
package func decide(
    _ state: inout DispatchState, rules: RuleSet, stimulus: Stimulus, at now: Instant, route: (RouteSubject) -> RouteResult
) -> Decision {
    withoutActuallyEscaping(route) { route in
        var d = Deliberation(rules: rules, now: now, route: route)
        if state.rules !== rules { state.adopt(rules, at: now) }
        state.advance(to: now)
        switch stimulus {
        case .input(let input, let findings):
            if let earlier = findings.earlier {
                d.decision.receipt = receiptAgain(input, earlier)
            } else {
                state.take(input, findings, &d)
                tellSender(of: input, d.aside, d.site, &d.decision)
                if d.decision.receipt?.status == .accepted {
                    state.settle(limit: Limits.timersPerTick, &d)
                    state.lend(limit: Limits.timersPerTick, &d)
                }
            }
        case .tick:
            state.reassessContractorsIfDue(&d)
            state.tick(limit: Limits.timersPerTick, &d)
            state.lend(limit: Limits.timersPerTick, &d)
        case .notices(let outage, let customers): state.tell(of: outage, customers, &d)
        case .positions(let positions):
            state.take(positions, &d)
            state.settle(limit: Limits.timersPerTick, &d)
            state.lend(limit: Limits.timersPerTick, &d)
        case .rules:
            if state.retimed > 0 {
                d.remark(
                    .deadlines_moved,
                    "the calendar in force is another: the deadlines of \(state.retimed) open task\(state.retimed == 1 ? "" : "s") were reckoned again")
            }
            state.reassessContractorsIfDue(&d)
            state.settle(limit: Limits.timersPerTick, &d)
            state.lend(limit: Limits.timersPerTick, &d)
        }
        return d.decision
    }
}

/// What the sender should know although its input was taken.
private func tellSender(of input: Input, _ aside: String?, _ site: Site, _ decision: inout Decision) {
    guard decision.receipt?.status == .accepted else { return }
    if let aside { decision.receipt?.remarks.append(aside) }
    if !input.leftOut.isEmpty {
        let names = input.leftOut.map { "'\($0)'" }.joined(separator: ", ")
        var text = "\(names): nobody reads \(input.leftOut.count == 1 ? "this key" : "these keys"), and what \(input.leftOut.count == 1 ? "it says" : "they say") was left out"
        if case .report = input.body {
            let place = input.leftOut.first { ["lat", "lon", "address", "district"].contains($0) }
            let field = input.leftOut.first { name in site.fields.contains { $0.name == name } }
            if let place { text += "; '\(place)' goes into \"place\"" }
            if let field { text += "; '\(field)' goes into \"fields\", as in \"fields\":{\"\(field)\":…}" }
            if place == nil, field == nil { text += "; what site.yaml declares under 'fields: report:' goes into \"fields\"" }
        }
        decision.receipt?.remarks.append(text)
    }
    decision.receipt?.remarks += decision.remarks.filter(\.kind.isForSender).map(\.text)
}

/// The same input again gets its first receipt again; another one under its key is a conflict. A refusal is repeated as it was, so
/// that a sender never takes it for a success.
private func receiptAgain(_ input: Input, _ earlier: EarlierReceipt) -> Receipt {
    var receipt = earlier.receipt
    if earlier.digest == input.digest {
        if receipt.status == .accepted { receipt.status = .duplicate }
        return receipt
    }
    let tasks = receipt.tasks.isEmpty ? "" : ", " + receipt.tasks.map(\.description).joined(separator: ", ")
    return Receipt(
        id: input.key.id, source: input.key.source, status: .conflict, tasks: receipt.tasks, rule: nil,
        reason:
            "id '\(clipped(input.key.id, to: 80))' of source '\(clipped(input.key.source.rawValue, to: 80))' was used before for other content (\(receipt.status.rawValue)\(tasks)); send this one under an id of its own"
    )
}

extension DispatchState {
    fileprivate mutating func take(_ input: Input, _ findings: Findings, _ d: inout Deliberation) {
        let outcome: Outcome
        switch input.body {
        case .report(let report): outcome = take(report, input.key, findings.customer, &d)
        case .progress(let progress): outcome = take(progress, input.key, findings, &d)
        case .outage(let signal): outcome = take(signal, input.key, &d)
        case .kase(let signal): outcome = take(signal, findings.finishedCase, &d)
        case .crew(let signal): outcome = take(signal, by: input.key.source.rawValue, &d)
        case .customer(let record): outcome = take(record, input.key, findings.customer, &d)
        case .reading:
            // The side stair is the only way for readings (`Telemetry`): nothing here would keep it.
            outcome = .rejected("a reading has come the way of reports: this is a defect of paidan; please report it")
        case .recovered(let recovery): outcome = take(recovery, &d)
        case .contractor(let signal): outcome = take(signal, input.key, &d)
        }
        switch outcome {
        case .accepted(let tasks, let rule):
            d.decision.receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: tasks, rule: rule)
            // A report that opens a case says so; a progress of a stage's task names the case, too.
            for case .kase(_, let row) in d.decision.changes { d.decision.receipt?.kase = row.id }
        case .answered(let answer, let tasks, let rule):
            d.decision.receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: tasks, rule: rule)
            d.decision.receipt?.answer = answer
        case .caseAccepted(let id, let tasks):
            d.decision.receipt = Receipt(id: input.key.id, source: input.key.source, status: .accepted, tasks: tasks)
            d.decision.receipt?.kase = id
        case .rejected(let reason):
            d.decision.receipt = Receipt(id: input.key.id, source: input.key.source, status: .rejected, reason: reason)
        }
    }
}

/// The first of a customer's facts that is a slip: a value that the site does not declare, or nearly the name of a fact that rules
/// can read; nil: there is none. Facts of other names are kept as they are.
func undeclaredFact(in customer: CustomerFacts, _ site: Site) -> String? {
    let names = ["account", "account_manager", "annual_kwh", "capacity_kva", "class", "credit", "critical_class", "district", "industry", "name", "payment", "tier"]
    for (name, value) in customer.facts.sorted(by: { $0.key < $1.key }) {
        guard names.contains(name) else {
            guard let meant = nearestName(to: name, among: names) else { continue }
            return "facts.\(clipped(name, to: 80)) is no fact that rules can read; did you mean '\(meant)'?"
        }
        if let reason = wrongType(of: name, value) { return reason }
        guard case .string(let text) = value else { continue }
        if name == "district", !site.districts.isEmpty, site.districts[DistrictID(text)] == nil {
            return undeclared("facts.district", text, site.districts.keys.map(\.rawValue), at: "districts:")
        }
        // `customer.class` goes by the values of `customer_class`.
        guard let declared = site.values[name == "class" ? "customer_class" : name], !declared.isEmpty, !declared.contains(where: { $0.code == text }) else { continue }
        return undeclared("facts.\(name)", text, declared.map(\.code), at: "values: \(name):")
    }
    return nil
}

/// What is wrong with a fact's kind: rules compare amounts as numbers, and all others as texts. nil: nothing.
private func wrongType(of name: String, _ value: FieldValue) -> String? {
    let isAmount = ["annual_kwh", "capacity_kva"].contains(name)
    switch value {
    case .int(let number) where isAmount: return number < 0 ? "facts.\(name) is \(number), and can't be less than 0" : nil
    case .double(let number) where isAmount: return number < 0 ? "facts.\(name) is \(number), and can't be less than 0" : nil
    case .string(let text) where isAmount:
        return "facts.\(name) is the text '\(clipped(text, to: 80))', and rules compare it as a number; send it without quotes, as in \"\(name)\":12500"
    case .string where !isAmount: return nil
    // Names that look like numbers: a spreadsheet has no quotes.
    case .int where ["account", "account_manager", "name"].contains(name): return nil
    case .int, .double, .bool, .string:
        return "facts.\(name) is no \(isAmount ? "number; send one, as in \"\(name)\":12500" : "text; send it in quotes")"
    }
}

/// What comes of an input for its sender.
enum Outcome {
    case accepted(tasks: [TaskID], rule: String?)
    /// The caller is told something at once: no task, or the one of an incident.
    case answered(Translation, tasks: [TaskID], rule: String)
    /// What was said of a case, and the tasks of the stages that began by it.
    case caseAccepted(CaseID, tasks: [TaskID])
    /// With the reason: what is wrong, where, and what to do.
    case rejected(String)
}

/// `; did you mean 'x'?`, or nothing.
func didYouMean(_ name: String, among names: [String]) -> String {
    nearestName(to: name, among: names.sorted()).map { "; did you mean '\($0)'?" } ?? ""
}

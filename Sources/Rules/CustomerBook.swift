import CEL
package import Domain

/// What the rules say of customers: in which tier they are, what is noted of them, who is told, what is offered to them, and who looks after them.
package struct CustomerBook: Sendable {
    package var rules: [ClassifyRule] = []
    /// In byte order of their codes.
    package var managers: [AccountManager] = []

    package var isEmpty: Bool { rules.isEmpty }

    package init() {}

    package func manager(_ id: RoleID) -> AccountManager? { managers.first { $0.id == id } }
}

/// One rule of `classify:`. Every one that holds applies, in order.
package final class ClassifyRule: Sendable {
    /// `module.name`
    package let name: String
    package let file: String
    package let line: Int
    let when: Condition?
    package let tier: String?
    package let flag: String?
    package let tells: [CustomerRecipient]
    package let suggestion: Suggestion?
    package let givesManager: Bool

    init(
        name: String, file: String, line: Int, when: Condition?, tier: String?, flag: String?, tells: [CustomerRecipient], suggestion: Suggestion?, givesManager: Bool
    ) {
        self.name = name
        self.file = file
        self.line = line
        self.when = when
        self.tier = tier
        self.flag = flag
        self.tells = tells
        self.suggestion = suggestion
        self.givesManager = givesManager
    }
}

package enum CustomerRecipient: Sendable, Hashable {
    case department(DepartmentID)
    case role(RoleID)
    case accountManager
}

/// A task that a rule offers to make of a customer: a proposal to save energy, say.
package struct Suggestion: Sendable, Hashable {
    /// The kind of work.
    package var task: String
    package var department: DepartmentID
    package var priority: Priority
    package var limits: [LimitName: LimitLength]
    package var escalate: String?
    package init(task: String, department: DepartmentID, priority: Priority, limits: [LimitName: LimitLength] = [:], escalate: String? = nil) {
        self.task = task
        self.department = department
        self.priority = priority
        self.limits = limits
        self.escalate = escalate
    }
}

/// An account manager (客户经理).
package struct AccountManager: Sendable, Hashable {
    package var id: RoleID
    package var name: String?
    package var department: DepartmentID?
    /// Whose customers; empty: everybody's.
    package var districts: Set<DistrictID>
    /// At most so many; nil: any number.
    package var customersMax: Int?
    /// Days of absence, as days since 1970.
    package var leave: [ClosedRange<Int>]
    package var deputy: RoleID?
    package init(
        id: RoleID, name: String? = nil, department: DepartmentID? = nil, districts: Set<DistrictID> = [], customersMax: Int? = nil, leave: [ClosedRange<Int>] = [],
        deputy: RoleID? = nil
    ) {
        self.id = id
        self.name = name
        self.department = department
        self.districts = districts
        self.customersMax = customersMax
        self.leave = leave
        self.deputy = deputy
    }

    package func isAway(on day: Int) -> Bool { leave.contains { $0.contains(day) } }
}

/// What the rules make of a customer.
package struct Classification: Sendable {
    /// Those that hold, in order.
    package var held: [ClassifyRule] = []
    package var failures: [ConditionFailure] = []

    /// Of the last that sets one.
    package var tier: String? { held.last { $0.tier != nil }?.tier }
    package var flags: [String] {
        held.compactMap(\.flag).reduce(into: []) { flags, flag in if !flags.contains(flag) { flags.append(flag) } }
    }
    package var givesManager: Bool { held.contains(where: \.givesManager) }
}

extension RuleSet {
    /// Pure; the same for the same arguments.
    package func classify(_ customer: CustomerFacts, at now: Instant) -> Classification {
        var result = Classification()
        guard !site.customers.isEmpty else { return result }
        let subject = RouteSubject(report: Report(type: ""), source: SourceID(""), customer: customer, now: now)
        let activation = ReportActivation(subject, site)
        for rule in site.customers.rules {
            do throws(EvaluationError) {
                if let when = rule.when, try !when.expression.matches(activation) { continue }
                result.held.append(rule)
            } catch {
                result.failures.append(ConditionFailure(rule: rule.name, file: rule.file, line: rule.line, message: error.message))
            }
        }
        return result
    }
}

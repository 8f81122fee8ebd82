package import Domain

/// Where something of a rule test stands.
package struct RuleTestPlace: Sendable, Hashable {
    let file: Int
    let range: Range<Int>
}

/// A rule test: a report, what surrounds it, and what must come of it (RULES.md, "Tests beside the rules").
package struct RuleTest: Sendable {
    /// As written; where the report has lists, with the values of this one of them: `… (category: fire)`.
    package var name: String
    /// `tests/faults.yaml`, and the line from 1.
    package var file: String
    package var line: Int
    package var place: RuleTestPlace
    /// When the report comes in.
    package var start: Instant
    /// The roster of this test; nil: that of site.yaml.
    package var crews: Roster?
    /// The contractors of this test; nil: those of the rules.
    package var contractors: Contractors?
    /// What is known of the customer of its reports.
    package var facts: [String: FieldValue]?
    /// Known interruptions.
    package var outages: [Outage] = []
    /// nil: it begins with readings, or with an outage.
    package var report: TestReport?
    package var outage: Outage?
    package var readings: [TestReading] = []
    package var expect: Expected?
    package var steps: [Step]

    /// The crews of a test. A class: many tests share one.
    package final class Roster: Sendable {
        package let crews: [CrewID: Crew]
        /// What is said of them beyond the roster: where they are, and whether they are on duty.
        package let standings: [Standing]
        init(crews: [CrewID: Crew], standings: [Standing]) {
            self.crews = crews
            self.standings = standings
        }
    }

    /// The contractors of a test, and the tiers that they are in. A class: many tests share one.
    package final class Contractors: Sendable {
        package let contractors: [ContractorID: Contractor]
        package let tiers: [ContractorID: String]
        init(contractors: [ContractorID: Contractor], tiers: [ContractorID: String]) {
            self.contractors = contractors
            self.tiers = tiers
        }
    }

    package struct Standing: Sendable, Hashable {
        package var crew: CrewID
        package var onDuty: Bool?
        package var coordinate: Coordinate?
    }

    package struct Outage: Sendable {
        package var signal: OutageSignal
        package var place: RuleTestPlace
    }

    package struct TestReport: Sendable {
        /// nil: the first report of the test.
        package var id: String?
        package var source: SourceID
        package var report: Report
        package var place: RuleTestPlace
    }

    /// What devices show at one instant.
    package struct TestReading: Sendable {
        /// Since the reading before, or the beginning.
        package var after: TimeSpan
        package var devices: [DeviceID]
        package var quantity: String
        package var value: Reading.Value
        package var unit: String?
        package var place: RuleTestPlace
    }

    /// What is expected at one moment.
    package struct Expected: Sendable {
        /// Of one task; or, written as a list, of each task that a report came to, in their order.
        package var tasks: [[Expectation]]
        package var isList: Bool
        /// `none`: no report comes of the readings.
        package var isNone = false
        package var place: RuleTestPlace
    }

    package struct Expectation: Sendable {
        package var what: Fact
        package var place: RuleTestPlace
    }

    /// One fact about a task. `nil` stands for `none`.
    package enum Fact: Sendable, Hashable {
        /// `module.name`, or `fallback`
        case rule(String)
        case task(String)
        case priority(Priority)
        case crew(CrewID?)
        case contractor(ContractorID?)
        case department(DepartmentID)
        case skills(Set<SkillID>)
        /// In whole metres.
        case within(Int?)
        case escalate(String?)
        case state(TaskState)
        case limit(LimitName, LimitLength?)
        /// Who is told, between the step before and this one, because it gets late or nobody goes.
        case told(Set<TestRecipient>)
        /// Other departments that it concerns.
        case shared(Set<DepartmentID>)
        /// What the caller is told in place of a task.
        case answer(String?)
        /// The rule for merging by which the report joined an earlier one.
        case joined(String?)
        case callers(Int)
        // Of the customer whose report it is.
        case tier(String?)
        case flags(Set<String>)
        case manager(RoleID?)
        /// The tasks that rules about customers suggest, in this step.
        case suggested(Set<String>)
        // Of the case that an application has opened.
        case kase(CaseState)
        /// The stages that are open, all of them.
        case open(Set<String>)
        case skipped(Set<String>)
        /// The documents that are wanted, all of them.
        case missing(Set<String>)

        /// It is about the case, not about one of its tasks.
        package var isOfCase: Bool {
            switch self {
            case .kase, .open, .skipped, .missing: true
            case .limit(let name, _): name == .total
            case .rule, .task, .priority, .crew, .contractor, .department, .skills, .within, .escalate, .state, .told, .shared, .answer, .joined, .callers, .tier, .flags, .manager, .suggested: false
            }
        }
    }

    package enum TestRecipient: Sendable, Hashable {
        case departmentHead
        case role(RoleID)
        /// A crew, a department or a person's code.
        case named(String)
    }

    package struct Step: Sendable {
        /// Since the step before.
        package var after: TimeSpan
        package var action: Action?
        /// Which report's task it is about: the place of the report in the order of the test, from 0.
        package var about: Int
        /// Of several tasks the one with this kind of work; nil: the first.
        package var task: String?
        package var expect: Expected?
        package var place: RuleTestPlace
    }

    package enum Action: Sendable {
        /// `by` nil: whoever has the task.
        /// Its `task` is that of the step.
        case progress(Progress)
        /// Its `id` is that of the step's report's case.
        case kase(CaseSignal)
        case crew(CrewID, onDuty: Bool?, coordinate: Coordinate?)
        case report(TestReport)
        /// Reports may come of them.
        case readings([TestReading])
        /// One is announced, moved, called off, or over.
        case outage(Outage)
    }

    /// What a step can do to a task with `do`.
    static let progress: [ProgressEvent] = [
        .accept, .reject, .contact, .enroute, .onsite, .complete, .callback, .close, .cancel, .suspend, .resume,
    ]

    /// Who acts where a step does not say so and the assignee may not: a duty engineer.
    package static let engineer = "duty-engineer"
}

/// The tests of a rules folder, and what is wrong with them.
package struct RuleTestSuite {
    package let tests: [RuleTest]
    /// Tests that are not run: their module, or one that they need, is not there or switched off.
    package let skipped: Int
    let sources: [SourceText]
    let findings: Findings

    /// An error about a test that was read well.
    package func fail(_ place: RuleTestPlace, _ code: RuleTestCode, _ message: String) {
        findings.error(place.file, place.range, Wording(code: code.rawValue, message: message))
    }

    /// Sorted, capped, as `check` has them.
    package var diagnostics: [Diagnostic] { findings.diagnostics(sources: sources) }
}

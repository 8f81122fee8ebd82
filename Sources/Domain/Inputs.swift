/// One value of a report's `fields` or a customer's facts: what JSON can hold in one cell.
package enum FieldValue: Hashable, Sendable {
    case string(String)
    case int(Int64)
    case double(Double)
    case bool(Bool)
}

/// A fault report, application, complaint or inquiry, as it came in. Enumerated values are still text: which are
/// declared is the rule set's to say.
package struct Report: Hashable, Sendable {
    /// fault, application, complaint, inquiry ...: a declared value.
    package var type: String
    package var category: String?
    package var reportedAt: Instant?
    package var customer: CustomerID?
    package var place: Place
    /// urban, rural, remote: a declared value.
    package var site: String?
    package var voltage: String?
    package var urgency: String?
    package var feeder: FeederID?
    package var transformer: TransformerID?
    package var customersOut: Int64?
    package var capacityKVA: Double?
    /// Personal data: kept apart from the log.
    package var description: String?
    package var fields: [String: FieldValue]
    /// Codes of the documents that came with an application (资料).
    package var documents: [String] = []
    /// What a complaint or an inquiry is about: a task's or a case's number, or a crew's name.
    package var about: String?

    package init(
        type: String, category: String? = nil, reportedAt: Instant? = nil, customer: CustomerID? = nil, place: Place = Place(),
        site: String? = nil, voltage: String? = nil, urgency: String? = nil, feeder: FeederID? = nil,
        transformer: TransformerID? = nil, customersOut: Int64? = nil, capacityKVA: Double? = nil, description: String? = nil,
        fields: [String: FieldValue] = [:]
    ) {
        self.type = type
        self.category = category
        self.reportedAt = reportedAt
        self.customer = customer
        self.place = place
        self.site = site
        self.voltage = voltage
        self.urgency = urgency
        self.feeder = feeder
        self.transformer = transformer
        self.customersOut = customersOut
        self.capacityKVA = capacityKVA
        self.description = description
        self.fields = fields
    }
}

/// What a crew or a duty engineer says about a task.
package enum ProgressEvent: String, Hashable, Sendable, Codable, CaseIterable {
    case accept, reject
    /// Somebody has spoken with the customer.
    case contact
    case enroute, onsite, complete, close, cancel, suspend, resume
    /// The customer was called back about work that is completed (回访), with `satisfaction` and `solved`: it is closed, or opened again.
    case callback
    /// By hand, with `to`: a crew or a department.
    case assign
    /// By hand, with `priority`.
    case priority
    /// By hand, with `to`: it is part of the incident of that task, which stands for it from here on.
    case merge
    /// By hand, with `reports`: these callers' fault is another one; they get a task of their own.
    case split
}

package struct Progress: Hashable, Sendable {
    package var task: TaskID
    package var event: ProgressEvent
    /// Crew, duty engineer's name, or `caller`.
    package var by: String?
    package var at: Instant?
    package var note: String?
    /// What came of it, with `complete`: `done`, or a reason in the trade's words.
    package var outcome: String?
    /// With `assign`: the name of a crew or a department. With `merge`: the task that stands for it from here on.
    package var to: String?
    /// With `split`: the ids of the reports that leave.
    package var reports: [String] = []
    /// With `priority`.
    package var priority: Priority?
    /// With `complete`: what was found out, for the stages that follow: declared fields of a report.
    package var fields: [String: FieldValue] = [:]
    /// With `callback`, or `complete`: what the customer says of it, from 1 (not at all satisfied) to 5.
    package var satisfaction: Int32?
    /// With `callback`: false when what it was about is not settled; nil counts as settled.
    package var solved: Bool?

    package init(
        task: TaskID, event: ProgressEvent, by: String? = nil, at: Instant? = nil, note: String? = nil, outcome: String? = nil,
        to: String? = nil, priority: Priority? = nil
    ) {
        self.task = task
        self.event = event
        self.by = by
        self.at = at
        self.note = note
        self.outcome = outcome
        self.to = to
        self.priority = priority
    }
}

/// A crew's duty, position, or both. With a position alone it is telemetry (it replaces its predecessor).
package struct CrewSignal: Hashable, Sendable {
    package var crew: CrewID
    package var onDuty: Bool?
    package var coordinate: Coordinate?
    /// By hand: the district that it serves from here on, or `home`.
    package var serves: String?
    package var at: Instant?

    /// The word in `serves` for the crew's own district.
    package static let home = "home"

    package init(crew: CrewID, onDuty: Bool? = nil, coordinate: Coordinate? = nil, serves: String? = nil, at: Instant? = nil) {
        self.serves = serves
        self.crew = crew
        self.onDuty = onDuty
        self.coordinate = coordinate
        self.at = at
    }
}

/// What is said of a customer.
package enum CustomerEvent: String, Hashable, Sendable, Codable, CaseIterable {
    /// What billing knows of them.
    case record
    /// They want to be forgotten, or the law does: all that is personal goes, and what was learned of them.
    case forget
}

/// Facts about a customer, as billing knows them. `lat`, `lon`, `transformer` and `district` among them place a report
/// that has none of its own.
package struct CustomerFacts: Hashable, Sendable {
    package var customer: CustomerID
    /// They take the place of what was known before; empty: what was known stays, where something else is said.
    package var facts: [String: FieldValue]
    package var event = CustomerEvent.record
    /// Energy by month (`yyyymm`), in kWh: each month takes the place of what was known of it.
    package var consumption: [Int32: Double] = [:]
    /// How a month's bill was paid: so many days late, 0 in time; `unpaid`: not yet.
    package var payments: [Int32: Int32] = [:]

    package static let unpaid: Int32 = -1
    /// Facts about a person, which stand apart from the log, so that they can be forgotten.
    package static let personalNames: Set<String> = ["name", "telephone", "phone", "mobile", "address", "email", "contact", "id_number"]

    package init(customer: CustomerID, facts: [String: FieldValue]) {
        self.customer = customer
        self.facts = facts
    }
}

/// What a device shows of one quantity at one instant. Telemetry: it replaces its predecessor, and never enters the log.
package struct Reading: Hashable, Sendable {
    /// A number is finite; a flag is what an alarm contact has.
    package enum Value: Hashable, Sendable {
        case number(Double)
        case flag(Bool)
    }

    package var device: DeviceID
    /// A declared value.
    package var quantity: String
    package var value: Value
    /// nil: the declared one.
    package var unit: String?
    /// When the device measured it. What comes in with the same device, quantity and instant is the same reading.
    package var at: Instant

    package init(device: DeviceID, quantity: String, value: Value, unit: String? = nil, at: Instant) {
        self.device = device
        self.quantity = quantity
        self.value = value
        self.unit = unit
        self.at = at
    }
}

/// What a device had reported by itself holds no longer: an input of our own making, so that the log has it. No door takes it in.
package struct Recovery: Hashable, Sendable {
    package var device: DeviceID
    /// `module.name` of the rule that had reported it.
    package var rule: String
    /// The id of its report, and the tasks that stand for it now.
    package var report: String
    package var tasks: [TaskID]
    /// The instant of the reading that cleared it.
    package var at: Instant
    /// What it showed: `load_ratio 0.7`.
    package var note: String?

    package init(device: DeviceID, rule: String, report: String, tasks: [TaskID], at: Instant, note: String? = nil) {
        self.device = device
        self.rule = rule
        self.report = report
        self.tasks = tasks
        self.at = at
        self.note = note
    }
}

/// What is said of a case as a whole.
package enum CaseEvent: String, Hashable, Sendable, Codable, CaseIterable {
    /// Documents have come in, or fields are known better.
    case documents
    case suspend, resume
    /// The customer wants it no more.
    case withdraw
    /// By hand: on to the process as it stands in the rules now.
    case migrate
}

package struct CaseSignal: Hashable, Sendable {
    package var id: CaseID
    package var event: CaseEvent
    /// With `documents`: their codes.
    package var documents: [String]
    /// With `documents`: declared fields of a report.
    package var fields: [String: FieldValue]
    package var by: String?
    package var at: Instant?
    package var note: String?

    package init(
        id: CaseID, event: CaseEvent, documents: [String] = [], fields: [String: FieldValue] = [:], by: String? = nil, at: Instant? = nil,
        note: String? = nil
    ) {
        self.id = id
        self.event = event
        self.documents = documents
        self.fields = fields
        self.by = by
        self.at = at
        self.note = note
    }
}

/// What is said of a known interruption.
package enum OutageEvent: String, Hashable, Sendable, Codable, CaseIterable {
    /// It is planned, or known: from when until when. Said again of the same outage, it takes the place of what was said before.
    case planned
    /// Supply is back.
    case ended
    /// It does not take place.
    case cancelled
}

/// What kind of interruption it is: by it goes how long before the customers are told.
package enum OutageType: String, Hashable, Sendable, Codable, CaseIterable {
    /// 计划停电: work that was planned long before.
    case planned
    /// 临时停电: work that cannot wait for the next plan.
    case temporary
    /// 故障停电: nobody could know of it before.
    case fault
}

/// A known interruption of supply: planned work, or what the control centre knows of.
package struct OutageSignal: Hashable, Sendable {
    /// Its name with whoever announces it; nil: the id of this input.
    package var outage: OutageID?
    package var event: OutageEvent
    /// nil: as it was, or planned.
    package var type: OutageType?
    /// The whole feeder, unless a transformer area is named.
    package var feeder: FeederID?
    package var transformer: TransformerID?
    package var from: Instant?
    package var until: Instant?
    package var customersOut: Int64?
    package var reason: String?
    package var at: Instant?

    package init(
        outage: OutageID? = nil, event: OutageEvent = .planned, type: OutageType? = nil, feeder: FeederID? = nil, transformer: TransformerID? = nil, from: Instant? = nil,
        until: Instant? = nil, customersOut: Int64? = nil, reason: String? = nil, at: Instant? = nil
    ) {
        self.outage = outage
        self.event = event
        self.type = type
        self.feeder = feeder
        self.transformer = transformer
        self.from = from
        self.until = until
        self.customersOut = customersOut
        self.reason = reason
        self.at = at
    }
}

package enum InputBody: Hashable, Sendable {
    case outage(OutageSignal)
    case kase(CaseSignal)
    case report(Report)
    case progress(Progress)
    case crew(CrewSignal)
    case customer(CustomerFacts)
    case reading(Reading)
    case recovered(Recovery)
    case contractor(ContractorSignal)
}

/// The idempotency key: the same again gets the first receipt again.
package struct InputKey: Hashable, Sendable {
    package var source: SourceID
    /// The sender's, or `sha256:` and 32 hexadecimal digits of the content where it sent none.
    package var id: String

    package init(source: SourceID, id: String) {
        self.source = source
        self.id = id
    }
}

/// The first 128 bits of the SHA-256 of an input's canonical form: the same key with another digest is a conflict. Readings have none.
package struct ContentDigest: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Of an input that is told from another by what it says itself.
    package static let none = ContentDigest(high: 0, low: 0)
}

/// An input as every door hands it on: decoded once, in its one canonical form.
package struct Input: Hashable, Sendable {
    package var key: InputKey
    package var digest: ContentDigest
    package var body: InputBody
    /// Keys that nobody reads, as they were written; at most `leftOutMax`. Its sender is told; no decision looks at them, and no log has them.
    package var leftOut: [String] = []
    package static let leftOutMax = 8

    package init(key: InputKey, digest: ContentDigest, body: InputBody) {
        self.key = key
        self.digest = digest
        self.body = body
    }
}

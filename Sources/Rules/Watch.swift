import CEL
package import Domain

/// What devices measure, as `values: quantity:` declares it.
package struct MeasuredQuantity: Sendable, Hashable {
    package var code: String
    package var chinese: String?
    package var english: String?
    /// `flag`: true or false.
    package var unit: String
    /// What a reading can't be below or above.
    package var lowest: Double?
    package var highest: Double?
    package init(code: String, chinese: String? = nil, english: String? = nil, unit: String, lowest: Double? = nil, highest: Double? = nil) {
        self.code = code
        self.chinese = chinese
        self.english = english
        self.unit = unit
        self.lowest = lowest
        self.highest = highest
    }

    package static let flag = "flag"
    package var isFlag: Bool { unit == Self.flag }
}

/// The report that a device makes by itself: fixed values; where it is says the device.
package struct ReportTemplate: Sendable, Hashable {
    package var type: String
    package var category: String?
    package var urgency: String?
    package var voltage: String?
    package var fields: [String: FieldValue]
    package init(type: String, category: String? = nil, urgency: String? = nil, voltage: String? = nil, fields: [String: FieldValue] = [:]) {
        self.type = type
        self.category = category
        self.urgency = urgency
        self.voltage = voltage
        self.fields = fields
    }

    package func report(of device: WatchedDevice, at: Instant, description: String) -> Report {
        var report = Report(
            type: type, category: category, reportedAt: at, place: Place(district: device.district), voltage: voltage, urgency: urgency, feeder: device.feeder,
            transformer: device.transformer, description: description, fields: fields)
        // A sensor on one transformer of many: nobody is without power yet.
        report.customersOut = 0
        return report
    }
}

/// What identifies a rule across reloads: its name, and its wording as far as what it has seen so far depends on it.
package struct WatchDigest: Sendable, Hashable {
    package var name: UInt64
    package var wording: UInt64
    package init(name: UInt64, wording: UInt64) {
        self.name = name
        self.wording = wording
    }

    init(_ name: String, wording: [String]) {
        self.init(
            name: ContentDigest(sha256: Array(name.utf8)).high, wording: ContentDigest(sha256: Array(wording.joined(separator: "\u{0}").utf8)).high)
    }
}

/// One rule of a module's `watch`.
package final class WatchRule: Sendable {
    package enum Trigger: Sendable, Hashable {
        /// At every reading for so long; zero: at one.
        case holds(TimeSpan)
        /// At so many readings within the window.
        case counts(Int, TimeSpan)
        /// The device has sent nothing of the rule's quantity for so long.
        case silent(TimeSpan)
    }

    /// What a condition says of a reading.
    package enum Truth: Sendable, Hashable {
        case no, yes
        /// It could not be worked out, and counts as no.
        case failed(String)
    }

    /// `module.name`
    package let name: String
    package let file: String
    package let line: Int
    package let trigger: Trigger
    package let gap: TimeSpan
    package let againAfter: TimeSpan
    /// Those that the rule asks for; nil: it may ask for any.
    package let quantities: [String]?
    package let report: ReportTemplate
    package let digest: WatchDigest
    package let hasClears: Bool
    /// Others of its kind are looked for that have room.
    package let hasRoom: Bool
    /// A condition asks for other quantities of the device.
    package let asksLatest: Bool
    let when: Condition?
    let clears: Condition?
    let room: Condition?
    let devices: Condition?
    /// Most readings lie outside, and need no more than two comparisons.
    private let bounds: ValueBounds

    /// ✎ How long readings may be apart while something holds, where a rule does not say: three readings of a quarter of an hour each.
    package static let gapDefault = TimeSpan.minutes(45)
    package static let againAfterDefault = TimeSpan.hours(24)

    init(
        name: String, file: String, line: Int, trigger: Trigger, gap: TimeSpan, againAfter: TimeSpan, quantities: [String]?, report: ReportTemplate,
        when: Condition?, clears: Condition?, room: Condition? = nil, devices: Condition?
    ) {
        self.name = name
        self.file = file
        self.line = line
        self.trigger = trigger
        self.gap = gap
        self.againAfter = againAfter
        self.quantities = quantities
        self.report = report
        // What runs needs no tree; the bounds are read from it.
        self.when = when.map { Condition($0.expression.withoutTree, label: $0.label) }
        self.clears = clears
        self.devices = devices
        self.room = room
        hasClears = clears != nil
        hasRoom = room != nil
        asksLatest = [when, clears, room].contains { $0?.text.contains(WatchSchema.latest) ?? false }
        bounds = when.map { ValueBounds(of: $0.expression.root) } ?? ValueBounds()
        digest = WatchDigest(
            name, wording: ["\(trigger)", "\(gap.milliseconds)", when?.spelling ?? "", quantities?.joined(separator: " ") ?? "*", devices?.spelling ?? ""])
    }

    package func when(_ subject: ReadingSubject) -> Truth {
        if case .number(let value) = subject.value, !bounds.contains(value) { return .no }
        return truth(when, subject)
    }

    /// The same without the short cut: what the tests hold it to.
    func whenInFull(_ subject: ReadingSubject) -> Truth { truth(when, subject) }

    /// Whether what was reported is over, where the rule says so itself.
    package func clears(_ subject: ReadingSubject) -> Truth { truth(clears, subject) }

    /// Whether another device has room, by its last reading of the same quantity.
    package func hasRoom(_ subject: ReadingSubject) -> Bool { truth(room, subject) == .yes }

    package func isAbout(_ device: WatchedDevice) -> Bool { devices.map { WatchSchema.holds($0, of: device) } ?? true }

    private func truth(_ condition: Condition?, _ subject: ReadingSubject) -> Truth {
        guard let condition else { return .no }
        do throws(EvaluationError) {
            return try condition.expression.matches(ReadingActivation(subject: subject)) ? .yes : .no
        } catch {
            return .failed(error.message)
        }
    }
}

/// One rule of a module's `maintenance`.
package final class MaintenanceRule: Sendable {
    package enum Interval: Sendable, Hashable {
        /// So much of a counter.
        case amount(Double, quantity: String)
        case time(TimeSpan)
    }

    /// `module.name`
    package let name: String
    package let file: String
    package let line: Int
    package let every: Interval
    package let againAfter: TimeSpan
    package let report: ReportTemplate
    package let digest: WatchDigest
    let devices: Condition?

    /// ✎
    package static let againAfterDefault = TimeSpan.days(30)

    init(name: String, file: String, line: Int, every: Interval, againAfter: TimeSpan, report: ReportTemplate, devices: Condition?) {
        self.name = name
        self.file = file
        self.line = line
        self.every = every
        self.againAfter = againAfter
        self.report = report
        self.devices = devices
        // What has been counted stays counted when the interval is edited; another counter is another rule.
        let counter: String =
            switch every {
            case .amount(_, let quantity): quantity
            case .time: ""
            }
        digest = WatchDigest(name, wording: [counter])
    }

    package func isAbout(_ device: WatchedDevice) -> Bool { devices.map { WatchSchema.holds($0, of: device) } ?? true }
}

/// The standing rules of all modules, which wait for no report, in the order of the files: those that look at devices, and those that lend crews.
package final class WatchBook: Sendable {
    package let rules: [WatchRule]
    package let maintenance: [MaintenanceRule]
    package let lending: [LendingRule]

    package init(rules: [WatchRule] = [], maintenance: [MaintenanceRule] = [], lending: [LendingRule] = []) {
        self.rules = rules
        self.maintenance = maintenance
        self.lending = lending
    }

    package var isEmpty: Bool { rules.isEmpty && maintenance.isEmpty }

    /// The rules that must be asked for a reading of a quantity: those that name it, and those that may ask for any.
    package func rules(of quantity: String) -> [Int] { rules.indices.filter { rules[$0].quantities?.contains(quantity) ?? true } }
}

/// Something that a standing rule went through in a test, for coverage.
package struct WatchMark: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// A device has reported by it; a crew was lent.
        case raised
        /// What was reported was over; the work of maintenance was done; a crew went home.
        case cleared
        /// It held, and ended before it was reported.
        case fell
    }
    /// `module.name`
    package var rule: String
    package var kind: Kind
    package init(rule: String, kind: Kind) {
        self.rule = rule
        self.kind = kind
    }
}

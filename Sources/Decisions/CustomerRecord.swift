package import Domain
import Rules

/// What is known of a customer: what billing says, what the daemon has counted, and what the rules make of it. A row of the store alone: memory
/// does not grow with customers.
package struct CustomerRecord: Sendable, Hashable {
    /// So many of one kind on one local day.
    package struct Day: Sendable, Hashable {
        /// Since 1970.
        package var day: Int32
        package var contacts: Int32 = 0
        package var complaints: Int32 = 0
        package var faults: Int32 = 0
        package var applications: Int32 = 0
        package init(day: Int32) { self.day = day }
    }

    /// So many contacts by one channel in one month (`yyyymm`).
    package struct ChannelMonth: Sendable, Hashable {
        package var month: Int32
        package var channel: String
        package var count: Int32
        package init(month: Int32, channel: String, count: Int32) {
            self.month = month
            self.channel = channel
            self.count = count
        }
    }

    package struct Consumption: Sendable, Hashable {
        package var month: Int32
        package var kWh: Double
        package init(month: Int32, kWh: Double) {
            self.month = month
            self.kWh = kWh
        }
    }

    package struct Payment: Sendable, Hashable {
        package var month: Int32
        /// Days late, or `CustomerFacts.unpaid`.
        package var days: Int32
        package init(month: Int32, days: Int32) {
            self.month = month
            self.days = days
        }
    }

    package var id: CustomerID
    /// Grows by one with each change: the store writes `WHERE revision = expected`.
    package var revision: Int32
    package var facts: [String: FieldValue]
    /// Billing has said something of them; else the daemon alone has heard of them.
    package var isBilled = false
    /// Of the last three years, by month.
    package var consumption: [Consumption] = []
    package var payments: [Payment] = []
    /// Of the last twelve months, by day.
    package var days: [Day] = []
    package var channels: [ChannelMonth] = []
    package var tier: String?
    package var flags: [String] = []
    /// The rules of `classify:` that held when it was looked at last, in order.
    package var held: [String] = []
    package var manager: RoleID?

    package init(id: CustomerID, revision: Int32 = 0, facts: [String: FieldValue] = [:]) {
        self.id = id
        self.revision = revision
        self.facts = facts
    }

    package static let monthsKept = 36
    /// More channels in a month are one: `other`.
    static let channelsMax = 8

    // MARK: Counting

    /// A report of theirs has come in.
    mutating func count(_ type: String, by channel: SourceID, at now: Instant, _ zone: TimeZoneRules) {
        forgetOld(at: now, zone)
        let date = zone.date(at: now)
        let today = Int32(clamping: date.daysSinceEpoch)
        // Days are in order, unless the clock was set back.
        let place = days.firstIndex { $0.day >= today } ?? days.count
        if place == days.count || days[place].day != today { days.insert(Day(day: today), at: place) }
        days[place].contacts &+= 1
        switch type {
        case "complaint": days[place].complaints &+= 1
        case "fault": days[place].faults &+= 1
        case "application": days[place].applications &+= 1
        default: break
        }
        let month = Self.month(date)
        var name = channel.rawValue
        if !channels.contains(where: { $0.month == month && $0.channel == name }), channels.count(where: { $0.month == month }) >= Self.channelsMax { name = "other" }
        if let index = channels.firstIndex(where: { $0.month == month && $0.channel == name }) {
            channels[index].count &+= 1
        } else {
            channels.append(ChannelMonth(month: month, channel: name, count: 1))
        }
    }

    /// What lies more than a year back counts no more.
    private mutating func forgetOld(at now: Instant, _ zone: TimeZoneRules) {
        let date = zone.date(at: now)
        let first = Int32(clamping: date.daysSinceEpoch) - 364
        if let old = days.first, old.day < first { days.removeAll { $0.day < first } }
        let month = Self.month(date) - 100
        if channels.contains(where: { $0.month <= month }) { channels.removeAll { $0.month <= month } }
    }

    private static func month(_ date: CivilDate) -> Int32 { Int32(clamping: date.year * 100 + date.month) }

    /// Takes in what billing says.
    mutating func take(_ record: CustomerFacts) {
        isBilled = true
        if !record.facts.isEmpty || record.consumption.isEmpty && record.payments.isEmpty { facts = record.facts }
        for (month, kWh) in record.consumption.sorted(by: { $0.key < $1.key }) {
            consumption.removeAll { $0.month == month }
            consumption.append(Consumption(month: month, kWh: kWh))
        }
        for (month, days) in record.payments.sorted(by: { $0.key < $1.key }) {
            payments.removeAll { $0.month == month }
            payments.append(Payment(month: month, days: days))
        }
        consumption.sort { $0.month < $1.month }
        payments.sort { $0.month < $1.month }
        if consumption.count > Self.monthsKept { consumption.removeFirst(consumption.count - Self.monthsKept) }
        if payments.count > Self.monthsKept { payments.removeFirst(payments.count - Self.monthsKept) }
    }

    // MARK: As conditions see it

    /// The facts, with what was counted up to `now`, what follows from consumption and payments, and what the rules made of it. What billing
    /// says by the same name goes first; of counts both together.
    package func seen(at now: Instant, _ zone: TimeZoneRules) -> CustomerFacts {
        var seen = facts
        let date = zone.date(at: now)
        let today = Int32(clamping: date.daysSinceEpoch)
        func add(_ name: String, _ days: Int32, _ count: (Day) -> Int32) {
            var sum: Int64 = 0
            for one in self.days where one.day > today - days && one.day <= today { sum += Int64(count(one)) }
            if case .int(let known)? = seen[name] { sum += known }
            if sum != 0 { seen[name] = .int(sum) }
        }
        if !days.isEmpty {
            add("contacts_90d", 90, \.contacts)
            add("contacts_12m", 365, \.contacts)
            add("complaints_90d", 90, \.complaints)
            add("complaints_12m", 365, \.complaints)
            add("faults_12m", 365, \.faults)
            add("applications_12m", 365, \.applications)
        }
        let profile = CustomerProfile(self, month: Self.month(date))
        for (name, value) in profile.facts where seen[name] == nil { seen[name] = value }
        if let tier { seen["tier"] = .string(tier) }
        if !flags.isEmpty { seen["flags"] = .string(flags.joined(separator: ",")) }
        if let manager { seen["account_manager"] = .string(manager.rawValue) }
        return CustomerFacts(customer: id, facts: seen)
    }
}

/// Habits (客户画像): what follows from a customer's consumption, payments and contacts. What too little is known of is left out.
///
/// | field | from | how |
/// |---|---|---|
/// | `annual_kwh` | 12 months in a row | their sum |
/// | `growth` | 24 months in a row | the last twelve against the twelve before: 0.1 is ten per cent more |
/// | `hours_of_use` | the same, and `capacity_kva` | kWh a year for each kVA |
/// | `seasonality` | 12 months in a row | the mean of June to September, or of December to February, at least 1.3 times that of the other months: `summer`, `winter`, `both`; else `level` |
/// | `load_pattern` | 12 months in a row | the deviation of the months from their mean: below 15 % `steady`, below 50 % `variable`, else `irregular`; `idle`: less than 1 kWh in all |
/// | `late_12m`, `unpaid` | payments | bills of twelve months that were paid late, and those that are not paid |
/// | `payment_habit` | at least 3 payments | `arrears`: two or more are not paid; `late`: three or more were late; `occasional`: one or two; else `prompt` |
/// | `preferred_channel` | at least 3 contacts in twelve months | the one that was used most often |
///
/// The bounds are our choice: no authority has published any.
package struct CustomerProfile: Sendable, Hashable {
    package private(set) var facts: [(String, FieldValue)] = []

    /// - Parameter month: the present one, which is not over.
    init(_ record: CustomerRecord, month: Int32) {
        consumption(record, month)
        payments(record, month)
        if let channel = Self.preferred(record) { facts.append(("preferred_channel", .string(channel))) }
    }

    /// Months since the year 0.
    private static func number(_ month: Int32) -> Int32 { month / 100 * 12 + month % 100 }

    private mutating func consumption(_ record: CustomerRecord, _ month: Int32) {
        // The last months without a gap; the present one is not over.
        var run: [CustomerRecord.Consumption] = []
        for one in record.consumption.reversed() where one.month < month {
            if let later = run.last, Self.number(later.month) - Self.number(one.month) != 1 { break }
            run.append(one)
        }
        guard run.count >= 12 else { return }
        let year = run.prefix(12)
        let sum = year.reduce(0) { $0 + $1.kWh }
        facts.append(("annual_kwh", .double(sum)))
        if run.count >= 24 {
            let before = run[12..<24].reduce(0) { $0 + $1.kWh }
            if before > 0 { facts.append(("growth", .double(sum / before - 1))) }
        }
        let capacity: Double? =
            switch record.facts["capacity_kva"] {
            case .double(let kVA): kVA
            case .int(let kVA): Double(kVA)
            case .string, .bool, nil: nil
            }
        if let capacity, capacity > 0 {
            let annual: Double =
                switch record.facts["annual_kwh"] {
                case .double(let kWh): kWh
                case .int(let kWh): Double(kWh)
                case .string, .bool, nil: sum
                }
            facts.append(("hours_of_use", .double(annual / capacity)))
        }
        let mean = sum / 12
        guard sum >= 1 else {
            facts.append(("load_pattern", .string("idle")))
            return
        }
        let variance = year.reduce(0) { $0 + ($1.kWh - mean) * ($1.kWh - mean) } / 12
        let deviation = variance.squareRoot() / mean
        facts.append(("load_pattern", .string(deviation < 0.15 ? "steady" : deviation < 0.5 ? "variable" : "irregular")))
        func average(of months: Set<Int32>) -> Double {
            let chosen = year.filter { months.contains($0.month % 100) }
            return chosen.isEmpty ? 0 : chosen.reduce(0) { $0 + $1.kWh } / Double(chosen.count)
        }
        let rest = average(of: [3, 4, 5, 10, 11])
        let isSummer = average(of: [6, 7, 8, 9]) >= 1.3 * rest
        let isWinter = average(of: [12, 1, 2]) >= 1.3 * rest
        facts.append(("seasonality", .string(isSummer && isWinter ? "both" : isSummer ? "summer" : isWinter ? "winter" : "level")))
    }

    private mutating func payments(_ record: CustomerRecord, _ month: Int32) {
        let year = record.payments.filter { Self.number(month) - Self.number($0.month) <= 12 && $0.month <= month }
        guard !record.payments.isEmpty else { return }
        let late = year.count { $0.days > 0 }
        let unpaid = record.payments.count { $0.days == CustomerFacts.unpaid && $0.month < month }
        facts.append(("late_12m", .int(Int64(late))))
        facts.append(("unpaid", .int(Int64(unpaid))))
        guard record.payments.count >= 3 else { return }
        facts.append(("payment_habit", .string(unpaid >= 2 ? "arrears" : late >= 3 ? "late" : late > 0 ? "occasional" : "prompt")))
    }

    /// Of several that were used as often the one in byte order.
    private static func preferred(_ record: CustomerRecord) -> String? {
        var counts: [String: Int64] = [:]
        for one in record.channels { counts[one.channel, default: 0] += Int64(one.count) }
        guard counts.values.reduce(0, +) >= 3 else { return nil }
        return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
    }

    package static func == (a: CustomerProfile, b: CustomerProfile) -> Bool { a.facts.elementsEqual(b.facts) { $0.0 == $1.0 && $0.1 == $1.1 } }
    package func hash(into hasher: inout Hasher) { for (name, value) in facts { hasher.combine(name); hasher.combine(value) } }
}

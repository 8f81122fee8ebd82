import CEL
import Domain

/// A report, its source and its customer's facts, as conditions see them. Every field of the house is read straight from its struct;
/// only the site's own fields and customer facts are looked up by name.
///
/// A class, made once for a report: handing it from condition to condition copies none of its texts, and the common comparisons are made where the
/// texts are.
final class ReportActivation: Activation, Sendable {
    let subject: RouteSubject
    let around: Surroundings

    init(subject: RouteSubject, around: Surroundings) {
        self.subject = subject
        self.around = around
    }

    convenience init(subject: RouteSubject, fields: [DeclaredField], zone: TimeZoneRules) {
        self.init(subject: subject, around: Surroundings(fields: fields, zone: zone))
    }

    convenience init(_ subject: RouteSubject, _ site: Site) { self.init(subject: subject, around: Surroundings(site)) }

    func value(slot: Int) -> Value? {
        if let field = Slot.Report(rawValue: slot) {
            let report = subject.report
            switch field {
            case .reportedAt: return Self.timestamp(report.reportedAt ?? subject.now)
            case .latitude: return report.place.coordinate.map { .double($0.latitude) }
            case .longitude: return report.place.coordinate.map { .double($0.longitude) }
            case .customersOut: return report.customersOut.map { .int($0) }
            case .capacityKVA: return report.capacityKVA.map { .double($0) }
            case .place: return .place(report.place.coordinate, in: report.place.district)
            case .type, .category, .source, .address, .district, .site, .voltage, .urgency, .feeder, .transformer, .description:
                return string(slot: slot).map { .string($0) }
            }
        }
        if slot >= Slot.firstField { return own(slot - Slot.firstField) }
        guard let fact = Slot.Customer(rawValue: slot) else { return nil }
        switch fact {
        case .capacityKVA, .annualKWh:
            switch subject.customer?.facts[fact.fact] {
            case .int(let number): return .double(Double(number))
            case .double(let number): return .double(number)
            case .string, .bool, nil: return nil
            }
        case .growth, .hoursOfUse:
            if case .double(let number)? = subject.customer?.facts[fact.fact] { return .double(number) }
            return nil
        case .contacts90, .contacts12, .complaints90, .complaints12, .faults12, .applications12, .late12, .unpaid:
            if case .int(let number)? = subject.customer?.facts[fact.fact] { return .int(number) }
            return nil
        case .flags:
            guard case .string(let text)? = subject.customer?.facts[fact.fact], !text.isEmpty else { return nil }
            return .list(text.split(separator: ",").map { .string(String($0)) })
        case .account, .name, .customerClass, .industry, .district, .credit, .payment, .criticalClass, .tier, .accountManager, .seasonality, .loadPattern,
            .paymentHabit, .preferredChannel:
            return string(slot: slot).map { .string($0) }
        }
    }

    func string(slot: Int) -> String? {
        if let field = Slot.Report(rawValue: slot) {
            let report = subject.report
            switch field {
            case .type: return report.type
            case .category: return report.category
            case .source: return subject.source.rawValue
            case .address: return report.place.address
            case .district: return report.place.district?.rawValue
            case .site: return report.site
            case .voltage: return report.voltage
            case .urgency: return report.urgency
            case .feeder: return report.feeder?.rawValue
            case .transformer: return report.transformer?.rawValue
            case .description: return report.description
            case .reportedAt, .latitude, .longitude, .customersOut, .capacityKVA, .place: return nil
            }
        }
        if slot >= Slot.firstField {
            if case .string(let text) = own(slot - Slot.firstField) { return text }
            return nil
        }
        guard let fact = Slot.Customer(rawValue: slot) else { return nil }
        switch fact {
        case .account: return subject.customer?.customer.rawValue ?? subject.report.customer?.rawValue
        case .capacityKVA, .annualKWh, .growth, .hoursOfUse, .contacts90, .contacts12, .complaints90, .complaints12, .faults12, .applications12, .late12, .unpaid,
            .flags:
            return nil
        case .name, .customerClass, .industry, .district, .credit, .payment, .criticalClass, .tier, .accountManager, .seasonality, .loadPattern, .paymentHabit,
            .preferredChannel:
            if case .string(let text) = subject.customer?.facts[fact.fact] { return text }
            return nil
        }
    }

    // MARK: Without copies

    // Each says what the same made of `string(slot:)` and `value(slot:)` would.

    func isText(slot: Int, _ literal: TextLiteral) -> Bool {
        switch Slot.Report(rawValue: slot) {
        case .type: literal.equals(subject.report.type)
        case .category: literal.equals(subject.report.category)
        case .source: literal.equals(subject.source.rawValue)
        case .district: literal.equals(subject.report.place.district?.rawValue)
        case .site: literal.equals(subject.report.site)
        case .voltage: literal.equals(subject.report.voltage)
        case .urgency: literal.equals(subject.report.urgency)
        case .feeder: literal.equals(subject.report.feeder?.rawValue)
        case .transformer: literal.equals(subject.report.transformer?.rawValue)
        case .address, .description, .reportedAt, .latitude, .longitude, .customersOut, .capacityKVA, .place, nil: literal.equals(string(slot: slot))
        }
    }

    func isText(slot: Int, among literals: TextLiterals) -> Bool {
        switch Slot.Report(rawValue: slot) {
        case .type: literals.contains(subject.report.type)
        case .category: literals.contains(subject.report.category)
        case .source: literals.contains(subject.source.rawValue)
        case .district: literals.contains(subject.report.place.district?.rawValue)
        case .site: literals.contains(subject.report.site)
        case .voltage: literals.contains(subject.report.voltage)
        case .urgency: literals.contains(subject.report.urgency)
        case .feeder: literals.contains(subject.report.feeder?.rawValue)
        case .transformer: literals.contains(subject.report.transformer?.rawValue)
        case .address, .description, .reportedAt, .latitude, .longitude, .customersOut, .capacityKVA, .place, nil: literals.contains(string(slot: slot))
        }
    }

    func double(slot: Int) -> Double? {
        switch Slot.Report(rawValue: slot) {
        case .capacityKVA: subject.report.capacityKVA
        case .latitude: subject.report.place.coordinate?.latitude
        case .longitude: subject.report.place.coordinate?.longitude
        case .type, .category, .source, .reportedAt, .address, .district, .site, .voltage, .urgency, .feeder, .transformer, .customersOut, .description, .place,
            nil: nil
        }
    }

    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
        guard let function = SiteFunction(rawValue: function) else { throw EvaluationError(message: "no such function", span: Span(start: 0, end: 0)) }
        return try function.value(arguments, at: subject.now, subject.outages, around)
    }

    /// The site's own zone is the one that conditions may name.
    func offset(ofZone name: String, atSeconds seconds: Int64) -> Int? {
        name == around.zone.name ? Int(around.zone.offsetSeconds(at: Instant(milliseconds: seconds.multipliedReportingOverflow(by: 1_000).partialValue))) : nil
    }

    /// A site's own field; a value of another type than the declared one counts as absent.
    private func own(_ index: Int) -> Value? {
        guard index < around.fields.count, let value = subject.report.fields[around.fields[index].name] else { return nil }
        return Self.value(of: value, as: around.fields[index].type)
    }

    static func value(of value: FieldValue, as type: FieldType) -> Value? {
        switch (type, value) {
        case (.text, .string(let text)): .string(text)
        case (.number, .double(let number)): .double(number)
        case (.number, .int(let number)): .double(Double(number))
        case (.wholeNumber, .int(let number)): .int(number)
        case (.yesNo, .bool(let truth)): .bool(truth)
        case (.time, .string(let text)): (try? Instant(rfc3339: text)).map(timestamp)
        case (.text, _), (.number, _), (.wholeNumber, _), (.yesNo, _), (.time, _): nil
        }
    }

    static func timestamp(_ instant: Instant) -> Value {
        var seconds = instant.milliseconds / 1_000
        var rest = instant.milliseconds % 1_000
        if rest < 0 {
            seconds -= 1
            rest += 1_000
        }
        return .timestamp(seconds: seconds, nanoseconds: Int32(rest) * 1_000_000)
    }

    /// A field's value as JSON, for the trace; absent -> `null`, personal data -> `"(personal data)"`.
    func json(slot: Int) -> String {
        guard let value = value(slot: slot) else { return "null" }
        if Slot.personal.contains(slot) { return "\"(personal data)\"" }
        var writer = JSONWriter(capacity: 32)
        switch value {
        case .null: return "null"
        case .bool(let truth): writer.bool(truth)
        case .int(let number): writer.int(number)
        case .uint(let number): writer.int(number)
        case .double(let number): writer.double(number)
        case .string(let text): writer.string(text)
        case .timestamp(let seconds, let nanoseconds):
            writer.string(Instant(milliseconds: seconds * 1_000 + Int64(nanoseconds / 1_000_000)).rfc3339())
        case .map: return value.json
        case .bytes, .list, .duration, .type, .optional: return "null"
        }
        return writer.text
    }
}

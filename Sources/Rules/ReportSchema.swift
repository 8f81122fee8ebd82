import CEL
import Domain

/// The numbers by which a compiled condition asks for a field: one for each path from `report` or `customer`.
enum Slot {
    enum Report: Int, CaseIterable {
        case type, category, source, reportedAt, latitude, longitude, address, district, site, voltage, urgency, feeder, transformer
        case customersOut, capacityKVA, description
        /// The place as a whole: what functions take.
        case place
    }

    /// Customer facts come by name; those the house knows have a type.
    enum Customer: Int, CaseIterable {
        case account = 32
        case name, customerClass, industry, capacityKVA, annualKWh, district, credit, payment, criticalClass, tier
        // What the daemon itself has counted, and what follows from consumption and payments (`CustomerProfile`).
        case flags, accountManager, contacts90, contacts12, complaints90, complaints12, faults12, applications12
        case growth, hoursOfUse, seasonality, loadPattern, late12, unpaid, paymentHabit, preferredChannel

        /// The name of the fact, as the `customer` input has it.
        var fact: String {
            switch self {
            case .account: "account"
            case .name: "name"
            case .customerClass: "class"
            case .industry: "industry"
            case .capacityKVA: "capacity_kva"
            case .annualKWh: "annual_kwh"
            case .district: "district"
            case .credit: "credit"
            case .payment: "payment"
            case .criticalClass: "critical_class"
            case .tier: "tier"
            case .flags: "flags"
            case .accountManager: "account_manager"
            case .contacts90: "contacts_90d"
            case .contacts12: "contacts_12m"
            case .complaints90: "complaints_90d"
            case .complaints12: "complaints_12m"
            case .faults12: "faults_12m"
            case .applications12: "applications_12m"
            case .growth: "growth"
            case .hoursOfUse: "hours_of_use"
            case .seasonality: "seasonality"
            case .loadPattern: "load_pattern"
            case .late12: "late_12m"
            case .unpaid: "unpaid"
            case .paymentHabit: "payment_habit"
            case .preferredChannel: "preferred_channel"
            }
        }
    }

    /// The site's own fields of a report come after this, in the order of `fields:`.
    static let firstField = 64

    /// Personal data, which no trace repeats: names, addresses and free texts stand apart from the log.
    static let personal: Set<Int> = [Report.address.rawValue, Report.description.rawValue, Customer.name.rawValue]
}

/// What a site's own field holds. As JSON: a string, a number, a whole number, true or false, and an RFC 3339 text.
package enum FieldType: String, Sendable, Hashable, CaseIterable {
    case text, number
    case wholeNumber = "whole number"
    case yesNo = "yes/no"
    case time

    var type: StaticType {
        switch self {
        case .text: .string
        case .number: .double
        case .wholeNumber: .int
        case .yesNo: .bool
        case .time: .timestamp
        }
    }
}

/// A field that the site adds to every report: `report.fields.building_height`.
package struct DeclaredField: Sendable, Hashable {
    package var name: String
    package var type: FieldType
    package init(name: String, type: FieldType) {
        self.name = name
        self.type = type
    }
}

enum ReportSchema {
    /// The name of the group of fields that a place is.
    static let place = "place"

    /// `site` nil, or a section of it that could not be read: what depends on it is not checked, so that one mistake is told once.
    static func schema(_ site: SiteWords?) -> Schema {
        func enumeration(_ name: String) -> StaticType {
            guard let values = site?.codes else { return .string }
            return values[name] == nil && optionalEnumerations.contains(name) ? .string : .enumeration(name)
        }
        let district: StaticType = site?.districts == nil ? .string : .enumeration("district")

        var schema = Schema()
        schema.variables = ["report": .init(.object("report")), "customer": .init(.object("customer"))]
        func field(_ slot: Slot.Report, _ type: StaticType) -> Schema.Field { .init(type, slot: slot.rawValue) }
        func fact(_ slot: Slot.Customer, _ type: StaticType) -> Schema.Field { .init(type, slot: slot.rawValue) }
        // Fields that could not be read pass unchecked; such a set has an error and never runs.
        let fields: Schema.Field = site?.fields == nil ? .init(.dyn, slot: Slot.firstField) : .init(.object("report.fields"))
        schema.objects["report"] = [
            "type": field(.type, enumeration("type")), "category": field(.category, enumeration("category")),
            "source": field(.source, enumeration("source")), "reported_at": field(.reportedAt, .timestamp),
            "place": .init(.object(place), slot: Slot.Report.place.rawValue), "site": field(.site, enumeration("site")), "voltage": field(.voltage, enumeration("voltage")),
            "urgency": field(.urgency, enumeration("urgency")), "feeder": field(.feeder, .string),
            "transformer": field(.transformer, .string), "customers_out": field(.customersOut, .int),
            "capacity_kva": field(.capacityKVA, .double), "description": field(.description, .string), "fields": fields,
        ]
        schema.objects[place] = [
            "lat": field(.latitude, .double), "lon": field(.longitude, .double), "address": field(.address, .string),
            "district": field(.district, district),
        ]
        schema.objects["customer"] = [
            "account": fact(.account, .string), "name": fact(.name, .string), "class": fact(.customerClass, enumeration("customer_class")),
            "industry": fact(.industry, enumeration("industry")), "capacity_kva": fact(.capacityKVA, .double),
            "annual_kwh": fact(.annualKWh, .double), "district": fact(.district, district), "credit": fact(.credit, enumeration("credit")),
            "payment": fact(.payment, enumeration("payment")), "critical_class": fact(.criticalClass, enumeration("critical_class")),
            "tier": fact(.tier, enumeration("tier")), "flags": fact(.flags, .list(.string)), "account_manager": fact(.accountManager, .string),
            "contacts_90d": fact(.contacts90, .int), "contacts_12m": fact(.contacts12, .int), "complaints_90d": fact(.complaints90, .int),
            "complaints_12m": fact(.complaints12, .int), "faults_12m": fact(.faults12, .int), "applications_12m": fact(.applications12, .int),
            "growth": fact(.growth, .double), "hours_of_use": fact(.hoursOfUse, .double), "seasonality": fact(.seasonality, .enumeration("seasonality")),
            "load_pattern": fact(.loadPattern, .enumeration("load_pattern")), "late_12m": fact(.late12, .int), "unpaid": fact(.unpaid, .int),
            "payment_habit": fact(.paymentHabit, .enumeration("payment_habit")), "preferred_channel": fact(.preferredChannel, .string),
        ]
        schema.enumerations["seasonality"] = ["summer", "winter", "both", "level"]
        schema.enumerations["load_pattern"] = ["steady", "variable", "irregular", "idle"]
        schema.enumerations["payment_habit"] = ["prompt", "occasional", "late", "arrears"]
        var own: [String: Schema.Field] = [:]
        for (i, declared) in (site?.fields ?? []).enumerated() { own[declared.name] = .init(declared.type.type, slot: Slot.firstField + i) }
        schema.objects["report.fields"] = own

        for name in Keys.values.names where !notOfReports.contains(name) {
            if enumeration(name) == .enumeration(name) { schema.enumerations[name] = site?.codes?[name] ?? [] }
        }
        schema.functions = SiteFunction.declarations
        // A site that could not be read knows no zone: then any passes.
        schema.timeZones = site?.timeZone.map { [$0] }
        if let districts = site?.districts { schema.enumerations["district"] = districts }
        return schema
    }

    /// Declared values that no report has.
    private static let notOfReports: Set<String> = ["skill", "document", "quantity", "device_kind"]

    static func schema(_ site: SiteFacts) -> Schema { schema(site.words) }

    /// Plain texts until the site declares their values.
    static let optionalEnumerations: Set<String> = ["source", "customer_class", "industry", "credit", "payment", "critical_class", "tier"]

    /// The type and slot of a dotted path, `report.place.district`; nil when there is no such field.
    static func field(_ path: String, in schema: Schema) -> Schema.Field? {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let root = parts.first, var field = schema.variables[root] else { return nil }
        for part in parts.dropFirst() {
            guard case .object(let name) = field.type, let next = schema.objects[name]?[part] else { return nil }
            field = next
        }
        return field
    }

    /// Every path with a value, sorted: for suggestions.
    static func paths(in schema: Schema) -> [String] {
        func below(_ prefix: String, _ field: Schema.Field) -> [String] {
            guard case .object(let name) = field.type else { return [prefix] }
            return (schema.objects[name] ?? [:]).flatMap { below(prefix + "." + $0.key, $0.value) }
        }
        return schema.variables.flatMap { below($0.key, $0.value) }.sorted()
    }
}

import CEL
package import Domain

/// A reading and its device, as the conditions of watch rules see them.
package struct ReadingSubject: Sendable {
    package var device: WatchedDevice
    package var quantity: String
    /// The declared one.
    package var unit: String
    package var value: Reading.Value
    package var at: Instant
    /// How the value has changed since the reading before, in units an hour; nil: there is none within the rule's `gap`.
    package var perHour: Double?
    /// What the device has shown of other quantities within the rule's `gap`; filled in for rules that ask `latest`.
    package var others: [Other] = []

    package struct Other: Sendable {
        package var quantity: String
        package var value: Reading.Value
        package init(quantity: String, value: Reading.Value) {
            self.quantity = quantity
            self.value = value
        }
    }

    package init(device: WatchedDevice, quantity: String, unit: String, value: Reading.Value, at: Instant, perHour: Double? = nil) {
        self.device = device
        self.quantity = quantity
        self.unit = unit
        self.value = value
        self.at = at
        self.perHour = perHour
    }
}

/// What is in scope of `when`, `clears` and `devices`:
///
///     reading.device, quantity, unit, at
///     reading.value       the number; 0 of a flag
///     reading.flag        true or false; false of a number
///     reading.per_hour    how the value has changed since the reading before of this device and quantity, in units an hour;
///                         0, and has() false, when there is none or it lies further back than `gap`
///     device.name, kind, transformer, feeder, district, customers
///     latest(quantity)    what the same device has shown last of another quantity, a number; the condition fails, and so does not hold, when
///                         there is none within `gap`
enum WatchSchema {
    enum Slot: Int {
        case device, quantity, unit, at, value, flag, perHour
        case name, kind, transformer, feeder, district, customers
    }

    static let latest = "latest"

    /// The kinds of what the network register has, beside those that the site declares.
    static let ownKinds = ["transformer", "feeder", "district"]

    /// - Parameter readings: whether there is a reading to speak of; else the device alone.
    static func schema(_ site: SiteWords?, readings: Bool) -> Schema {
        var schema = Schema()
        func field(_ slot: Slot, _ type: StaticType) -> Schema.Field { .init(type, slot: slot.rawValue) }
        let quantity: StaticType = site?.codes == nil ? .string : .enumeration("quantity")
        let district: StaticType = site?.districts == nil ? .string : .enumeration("district")
        let kinds = site?.codes("device_kind") ?? []
        if readings {
            schema.variables["reading"] = .init(.object("reading"))
            schema.objects["reading"] = [
                "device": field(.device, .string), "quantity": field(.quantity, quantity), "unit": field(.unit, .string), "at": field(.at, .timestamp),
                "value": field(.value, .double), "flag": field(.flag, .bool), "per_hour": field(.perHour, .double),
            ]
            schema.functions[latest] = [Schema.Function(arguments: [quantity], result: .double, number: 0)]
        }
        schema.variables["device"] = .init(.object("device"))
        schema.objects["device"] = [
            "name": field(.name, .string), "kind": field(.kind, kinds.isEmpty ? .string : .enumeration("device_kind")),
            "transformer": field(.transformer, .string), "feeder": field(.feeder, .string), "district": field(.district, district),
            "customers": field(.customers, .int),
        ]
        schema.enumerations["quantity"] = site?.codes("quantity") ?? []
        schema.enumerations["device_kind"] = ownKinds + kinds.filter { !ownKinds.contains($0) }
        if let districts = site?.districts { schema.enumerations["district"] = districts }
        schema.timeZones = site?.timeZone.map { [$0] }
        return schema
    }

    /// A condition about a device alone; one that fails does not hold.
    static func holds(_ condition: Condition, of device: WatchedDevice) -> Bool {
        let subject = ReadingSubject(device: device, quantity: "", unit: "", value: .flag(false), at: Instant(milliseconds: 0))
        return (try? condition.expression.matches(ReadingActivation(subject: subject))) ?? false
    }

    /// The quantities that a condition asks for: where one of its `&&` parts compares the quantity with one text, or several, no other can make it
    /// true. nil: any may.
    static func quantities(of node: CheckedNode) -> [String]? {
        switch node.kind {
        case .and(let parts):
            var found: [String]?
            for part in parts {
                guard let own = quantities(of: part) else { continue }
                found = found.map { known in known.filter(own.contains) } ?? own
            }
            return found
        case .or(let parts):
            var found: [String] = []
            for part in parts {
                guard let own = quantities(of: part) else { return nil }
                found += own.filter { !found.contains($0) }
            }
            return found
        case .call(.equal, let sides) where sides.count == 2:
            for (field, literal) in [(sides[0], sides[1]), (sides[1], sides[0])] {
                if case .slot(Slot.quantity.rawValue, _) = field.kind, case .constant(.string(let text)) = literal.kind { return [text] }
            }
            return nil
        case .call(.in, let sides) where sides.count == 2:
            guard case .slot(Slot.quantity.rawValue, _) = sides[0].kind else { return nil }
            var found: [String] = []
            switch sides[1].kind {
            case .list(let items):
                for item in items {
                    guard case .constant(.string(let text)) = item.kind else { return nil }
                    found.append(text)
                }
            case .constant(.list(let values)):
                for value in values {
                    guard case .string(let text) = value else { return nil }
                    found.append(text)
                }
            default: return nil
            }
            return found
        default: return nil
        }
    }
}

/// Between which values of a reading a condition can hold at all, as its comparisons with numbers say: outside of them it does not, whatever else it asks.
struct ValueBounds: Sendable, Hashable {
    /// Both ends belong to it.
    var low = -Double.infinity
    var high = Double.infinity

    @inline(__always) func contains(_ value: Double) -> Bool { value >= low && value <= high }

    init() {}

    /// A part of `&&` that is false makes the whole false, even where another part fails; of `||` all parts must be.
    init(of node: CheckedNode) {
        switch node.kind {
        case .and(let parts):
            for part in parts {
                let own = ValueBounds(of: part)
                (low, high) = (max(low, own.low), min(high, own.high))
            }
        case .or(let parts):
            (low, high) = (.infinity, -.infinity)
            for part in parts {
                let own = ValueBounds(of: part)
                (low, high) = (min(low, own.low), max(high, own.high))
            }
        case .call(let builtin, let sides) where sides.count == 2:
            if let number = Self.number(sides[1]), Self.isValue(sides[0]) {
                compare(builtin, number)
            } else if let number = Self.number(sides[0]), Self.isValue(sides[1]) {
                compare(builtin.mirrored, number)
            }
        default: break
        }
    }

    private mutating func compare(_ builtin: Builtin?, _ number: Double) {
        switch builtin {
        case .greater, .greaterOrEqual: low = number
        case .less, .lessOrEqual: high = number
        case .equal: (low, high) = (number, number)
        default: break
        }
    }

    private static func isValue(_ node: CheckedNode) -> Bool {
        if case .slot(WatchSchema.Slot.value.rawValue, _) = node.kind { true } else { false }
    }

    private static func number(_ node: CheckedNode) -> Double? {
        if case .constant(.double(let number)) = node.kind, !number.isNaN { number } else { nil }
    }
}

extension Builtin {
    /// The comparison with its sides exchanged; nil: it is none.
    fileprivate var mirrored: Builtin? {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal: .equal
        default: nil
        }
    }
}

/// The same as the evaluator asks for it.
struct ReadingActivation: Activation {
    let subject: ReadingSubject

    func value(slot: Int) -> Value? {
        switch WatchSchema.Slot(rawValue: slot) {
        case .value:
            if case .number(let number) = subject.value { .double(number) } else { nil }
        case .flag:
            if case .flag(let flag) = subject.value { .bool(flag) } else { nil }
        case .perHour: subject.perHour.map { .double($0) }
        case .at: ReportActivation.timestamp(subject.at)
        case .customers: .int(Int64(subject.device.customers))
        case .device, .quantity, .unit, .name, .kind, .transformer, .feeder, .district: string(slot: slot).map { .string($0) }
        case nil: nil
        }
    }

    func string(slot: Int) -> String? {
        switch WatchSchema.Slot(rawValue: slot) {
        case .device, .name: subject.device.id.rawValue
        case .quantity: subject.quantity
        case .unit: subject.unit
        case .kind: subject.device.kind
        case .transformer: subject.device.transformer?.rawValue
        case .feeder: subject.device.feeder?.rawValue
        case .district: subject.device.district?.rawValue
        case .at, .value, .flag, .perHour, .customers, nil: nil
        }
    }

    func double(slot: Int) -> Double? {
        switch WatchSchema.Slot(rawValue: slot) {
        case .value: if case .number(let number) = subject.value { number } else { nil }
        case .perHour: subject.perHour
        case .device, .quantity, .unit, .at, .flag, .name, .kind, .transformer, .feeder, .district, .customers, nil: nil
        }
    }

    /// The only function is `latest`.
    func call(function: Int, arguments: [Value]) throws(EvaluationError) -> Value {
        guard case .string(let name)? = arguments.first else { throw EvaluationError(message: "no such function", span: Span(start: 0, end: 0)) }
        if case .number(let number)? = subject.others.first(where: { $0.quantity == name })?.value { return .double(number) }
        throw EvaluationError(message: "\(subject.device.id) has shown no \(name) lately, which latest(\"\(name)\") asks for", span: Span(start: 0, end: 0))
    }
}

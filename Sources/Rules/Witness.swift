import Domain

/// A report out of a box, as plain as it can be: what need not be said is left out, declared values before others.
struct Witness {
    let space: ReportSpace
    let fields: [DeclaredField]
    /// The declared values by slot.
    let declared: [Int32: Set<String>]

    /// For fields that every report has and nobody asks about.
    private static let now = Instant(milliseconds: 1_795_305_600_000)

    /// nil: no text or number could be found that lies where it should.
    func subject(in box: ReportSpace.Box) -> RouteSubject? {
        var report = Report(type: "")
        var source = "95598"
        var facts: [String: FieldValue] = [:]
        var account: String?
        var now = Self.now
        var isTyped = false
        var coordinate: (latitude: Double, longitude: Double)?
        for slot in slots(of: box) {
            guard let value = value(slot, box) else { return nil }
            guard case .some(let cell) = value else { continue }
            if let field = Slot.Report(rawValue: Int(slot)) {
                switch (field, cell) {
                case (.type, .text(let text)):
                    report.type = text
                    isTyped = true
                case (.category, .text(let text)): report.category = text
                case (.source, .text(let text)): source = text
                case (.address, .text(let text)): report.place.address = text
                case (.district, .text(let text)): report.place.district = DistrictID(text)
                case (.site, .text(let text)): report.site = text
                case (.voltage, .text(let text)): report.voltage = text
                case (.urgency, .text(let text)): report.urgency = text
                case (.feeder, .text(let text)): report.feeder = FeederID(text)
                case (.transformer, .text(let text)): report.transformer = TransformerID(text)
                case (.description, .text(let text)): report.description = text
                case (.reportedAt, .number(let key)):
                    report.reportedAt = Instant(milliseconds: key)
                    now = Instant(milliseconds: key)
                case (.latitude, .number(let key)): coordinate = (NumberKey.double(key), coordinate?.longitude ?? 0)
                case (.longitude, .number(let key)): coordinate = (coordinate?.latitude ?? 0, NumberKey.double(key))
                case (.customersOut, .number(let key)): report.customersOut = key
                case (.capacityKVA, .number(let key)): report.capacityKVA = NumberKey.double(key)
                default: return nil
                }
            } else if slot >= Slot.firstField, Int(slot) - Slot.firstField < fields.count {
                let field = fields[Int(slot) - Slot.firstField]
                switch (field.type, cell) {
                case (.text, .text(let text)): report.fields[field.name] = .string(text)
                case (.number, .number(let key)): report.fields[field.name] = .double(NumberKey.double(key))
                case (.wholeNumber, .number(let key)): report.fields[field.name] = .int(key)
                case (.yesNo, .number(let key)): report.fields[field.name] = .bool(key == 1)
                case (.time, .number(let key)): report.fields[field.name] = .string(Instant(milliseconds: key).rfc3339())
                default: return nil
                }
            } else if let fact = Slot.Customer(rawValue: Int(slot)) {
                switch (fact, cell) {
                case (.account, .text(let text)): account = text
                case (_, .text(let text)): facts[fact.fact] = .string(text)
                case (_, .number(let key)): facts[fact.fact] = .double(NumberKey.double(key))
                }
            }
        }
        if !isTyped { report.type = "fault" }
        if let coordinate { report.place.coordinate = Coordinate(latitude: coordinate.latitude, longitude: coordinate.longitude) }
        if let account { report.customer = CustomerID(account) }
        let customer = facts.isEmpty ? nil : CustomerFacts(customer: CustomerID(account ?? "330200000001"), facts: facts)
        return RouteSubject(report: report, source: SourceID(source), customer: customer, now: now)
    }

    private enum Cell {
        case text(String)
        case number(Int64)
    }

    private func slots(of box: ReportSpace.Box) -> [Int32] {
        var slots: [Int32] = []
        for side in box.sides {
            if slots.last != side.axis / 2 { slots.append(side.axis / 2) }
        }
        // Half a place is none.
        let (latitude, longitude) = (Int32(Slot.Report.latitude.rawValue), Int32(Slot.Report.longitude.rawValue))
        if slots.contains(latitude) != slots.contains(longitude) { slots.append(slots.contains(latitude) ? longitude : latitude) }
        return slots
    }

    /// nil: none; `.some(nil)`: absent.
    private func value(_ slot: Int32, _ box: ReportSpace.Box) -> Cell?? {
        let ranges = box[ReportSpace.value(slot)] ?? [space.line(ReportSpace.value(slot))]
        let zero = space.zero(slot)
        if let presence = ReportSpace.presence(slot) {
            let there = box[presence] ?? [0...1]
            if there.contains(where: { $0.contains(0) }), ranges.contains(where: { $0.contains(zero) }) { return .some(nil) }
            guard there.contains(where: { $0.contains(1) }) else { return nil }
        }
        guard space.kind(slot) != .text else { return text(slot, ranges).map { .some(.text($0)) } }
        return .some(.number(number(slot, ranges)))
    }

    /// A declared value, a text that conditions compare the field with, some other text, or one between those that the set names.
    private func text(_ slot: Int32, _ ranges: ReportSpace.Ranges) -> String? {
        func isInside(_ cell: Int64) -> Bool { ranges.contains { $0.contains(cell) } }
        let declared = declared[slot] ?? []
        let named = space.named(slot).filter(isInside).map { space.texts[Int($0 / 2)] }
        if let text = named.first(where: { declared.contains($0) }) ?? declared.sorted().first(where: { isInside(space.cell(of: $0)) }) { return text }
        if let text = named.first(where: { !$0.isEmpty }) { return text }
        if isInside(space.cell(of: "x")) { return "x" }
        for range in ranges {
            for cell in [range.lowerBound, range.upperBound] where cell % 2 == 0 {
                if let text = between(Int(cell / 2)) { return text }
            }
        }
        // Named for another field, or the empty text, which is not absent.
        for range in ranges where range.lowerBound % 2 == 1 || range.upperBound > range.lowerBound { return space.texts[Int((range.lowerBound | 1) / 2)] }
        return nil
    }

    /// A text after the one before this place and before the one at it.
    private func between(_ place: Int) -> String? {
        let before = place > 0 ? space.texts[place - 1] : ""
        let after = place < space.texts.count ? space.texts[place] : nil
        for tail in ["x", "0", "-", "!", " ", "\u{1}"] {
            let text = before + tail
            guard let after else { return text }
            if Array(text.utf8).lexicographicallyPrecedes(Array(after.utf8)) { return text }
        }
        return nil
    }

    private func number(_ slot: Int32, _ ranges: ReportSpace.Ranges) -> Int64 {
        let kind = space.kind(slot)
        if kind == .time, ranges.contains(where: { $0.contains(Self.now.milliseconds) }) { return Self.now.milliseconds }
        let line = space.line(ReportSpace.value(slot))
        for range in ranges where range.contains(0) { return 0 }
        guard let range = ranges.first(where: { $0.lowerBound > 0 }) ?? ranges.last else { return 0 }
        // The end that somebody wrote, and of those between two numbers a round one.
        var key = range.lowerBound > line.lowerBound ? range.lowerBound : range.upperBound
        if kind == .double {
            let round = NumberKey.double(range.lowerBound).rounded(.up)
            if round.isFinite, range.contains(NumberKey.of(round)) { key = NumberKey.of(round) }
        }
        return key
    }

    /// The report in a line, for a finding: what it says and nothing else.
    static func example(_ subject: RouteSubject) -> String {
        var json = JSONWriter(capacity: 200)
        let report = subject.report
        json.object { json in
            json.field("type", report.type)
            json.field("category", report.category)
            if subject.source.rawValue != "95598" { json.field("source", subject.source.rawValue) }
            if let at = report.reportedAt, at != now { json.field("reported_at", at.rfc3339()) }
            if let customer = report.customer, subject.customer == nil { json.field("customer", customer.rawValue) }
            if report.place != Place() {
                json.key("place")
                json.object {
                    if let coordinate = report.place.coordinate {
                        $0.field("lat", coordinate.latitude)
                        $0.field("lon", coordinate.longitude)
                    }
                    $0.field("address", report.place.address)
                    $0.field("district", report.place.district?.rawValue)
                }
            }
            json.field("site", report.site)
            json.field("voltage", report.voltage)
            json.field("urgency", report.urgency)
            json.field("feeder", report.feeder?.rawValue)
            json.field("transformer", report.transformer?.rawValue)
            json.field("customers_out", report.customersOut)
            json.field("capacity_kva", report.capacityKVA)
            json.field("description", report.description)
            if !report.fields.isEmpty {
                json.key("fields")
                write(report.fields, &json)
            }
        }
        guard let customer = subject.customer else { return json.text }
        var facts = JSONWriter(capacity: 100)
        write(customer.facts, &facts)
        return json.text + " of a customer with " + facts.text
    }

    private static func write(_ fields: [String: FieldValue], _ json: inout JSONWriter) {
        json.object {
            for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
                $0.key(named: name)
                switch value {
                case .string(let text): $0.string(text)
                case .int(let number): $0.int(number)
                case .double(let number): $0.double(number)
                case .bool(let truth): $0.bool(truth)
                }
            }
        }
    }
}

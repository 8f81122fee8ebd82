import Crypto

// One body has one canonical form: fixed key order, absent keys left out, fields in byte order of their names, instants in UTC, no white
// space. It is JSON that the decoder reads back to the same body, so the log and the digest use the same bytes.

extension ContentDigest {
    /// The first 128 bits of the SHA-256 of the bytes.
    package init(sha256 bytes: [UInt8]) {
        var hash = SHA256()
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        // Two loads instead of a walk over its bytes: every input has a digest.
        let (high, low) = hash.finalize().withUnsafeBytes { ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)) }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    /// 32 hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(32)
        for word in [high, low] {
            for shift in stride(from: 60, through: 0, by: -4) { out.append(digits[Int(word >> UInt64(shift) & 15)]) }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads 32 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        let nibbles = hex.utf8.compactMap { hexDigit($0) }
        guard nibbles.count == 32, hex.utf8.count == 32 else { return nil }
        self.init(
            high: nibbles[..<16].reduce(0) { $0 << 4 | UInt64($1) }, low: nibbles[16...].reduce(0) { $0 << 4 | UInt64($1) })
    }
}

extension InputCodec {
    /// The canonical form, with `kind` and with personal data, without `id` and `source`. Its SHA-256 is the digest.
    package static func canonical(_ body: InputBody) -> [UInt8] { form(of: body, key: nil, personal: true) }

    /// The whole input as a sender would write it: what the command line sends.
    package static func wireForm(of input: Input) -> [UInt8] { form(of: input.body, key: input.key, personal: true) }

    /// What the log keeps. `personal` (nil when there is none) stands apart, so that it can be forgotten while the log stays whole: of a
    /// report the address, the description and who calls (`fields` of the names in `CustomerFacts.personalNames`); of a customer's record all
    /// that it says, because beside the account everything in it is somebody's.
    package static func logForm(of input: Input) -> (log: [UInt8], personal: [UInt8]?) {
        let log = form(of: input.body, key: input.key, personal: false)
        var writer = JSONWriter(capacity: 512)
        switch input.body {
        case .customer(let customer):
            guard !customer.facts.isEmpty || !customer.consumption.isEmpty || !customer.payments.isEmpty else { return (log, nil) }
            writer.object { write(customer, facts: customer.facts, to: &$0) }
        case .report(let report):
            let fields = report.fields.filter { CustomerFacts.personalNames.contains($0.key) }
            guard report.place.address != nil || report.description != nil || !fields.isEmpty else { return (log, nil) }
            writer.object { json in
                json.field("address", report.place.address)
                json.field("description", report.description)
                guard !fields.isEmpty else { return }
                json.key("fields")
                write(fields, to: &json)
            }
        case .progress, .crew, .kase, .outage, .contractor, .reading, .recovered: return (log, nil)
        }
        return (log, writer.bytes)
    }

    /// What the log kept of a customer's record before amounts stood apart: all but names, telephones and addresses. Where those were forgotten,
    /// a repeat is known by it.
    package static func earlierLogForm(of record: CustomerFacts, key: InputKey) -> [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { json in
            json.field("kind", "customer")
            write(key, to: &json)
            json.field("customer", record.customer.rawValue)
            write(record, facts: record.facts.filter { !CustomerFacts.personalNames.contains($0.key) }, to: &json)
        }
        return writer.bytes
    }

    /// An input from the log; exactly the one that `logForm` was given. With its personal part forgotten it comes without address and
    /// description, and with the digest of what is left.
    package static func input(log: [UInt8], personal: [UInt8]?) throws(InputFault) -> Input {
        // Escapes and numbers may be written longer here than the sender wrote them.
        let stored = try log.withUnsafeBufferPointer { (log) throws(InputFault) in
            try read(log, kind: .report, task: nil, line: 1, bytesMax: 8 * bytesMax, ownKinds: true)
        }
        guard let personal else { return input(stored.body, id: stored.id, source: stored.source ?? SourceID("")) }
        if case .customer(var customer) = stored.body {
            try customer.take(personal: personal)
            return input(.customer(customer), id: stored.id, source: stored.source ?? SourceID(""))
        }
        guard case .report(var report) = stored.body else {
            throw InputFault(code: .inconsistent, message: "only a report or a customer's record has a personal part", suggestion: "check the log with paidan verify")
        }
        let parts: JSONValue
        do throws(JSONFault) { parts = try JSONValue.parse(personal) } catch { throw InputFault(error) }
        report.place.address = parts["address"]?.string
        report.description = parts["description"]?.string
        if parts["fields"] != nil {
            let fields = try personalPart(personal) { (reader) throws(JSONStop) in try reader.personal().fields }
            report.fields.merge(fields) { _, personal in personal }
        }
        return input(.report(report), id: stored.id, source: stored.source ?? SourceID(""))
    }

    /// Reads a personal part, as `logForm` wrote it.
    fileprivate static func personalPart<T>(_ bytes: [UInt8], _ body: (inout JSONReader) throws(JSONStop) -> T) throws(InputFault) -> T {
        try bytes.withUnsafeBufferPointer { bytes throws(InputFault) -> T in
            do throws(JSONStop) {
                var reader = try JSONReader(bytes)
                return try body(&reader)
            } catch {
                throw InputFault(JSONFault(error, in: bytes, firstLine: 1))
            }
        }
    }

    /// The key of an input that its sender gave none.
    static func contentID(source: SourceID, canonical: [UInt8]) -> String {
        // A zero byte can be in neither part: the two can't be shifted against each other.
        "sha256:" + ContentDigest(sha256: Array(source.rawValue.utf8) + [0] + canonical).hex
    }

    private static func form(of body: InputBody, key: InputKey?, personal: Bool) -> [UInt8] {
        var writer = JSONWriter(capacity: 1_024)
        writer.object { json in
            switch body {
            case .report(let report):
                json.field("kind", "report")
                write(key, to: &json)
                write(report, personal: personal, to: &json)
            case .progress(let progress):
                json.field("kind", "progress")
                write(key, to: &json)
                json.field("task", progress.task.description)
                json.field("event", progress.event.rawValue)
                json.field("by", progress.by)
                json.field("at", progress.at)
                json.field("note", progress.note)
                json.field("outcome", progress.outcome)
                json.field("to", progress.to)
                if !progress.reports.isEmpty {
                    json.key("reports")
                    json.array { json in for report in progress.reports { json.string(report) } }
                }
                json.field("priority", progress.priority?.rawValue)
                if !progress.fields.isEmpty {
                    json.key("fields")
                    write(progress.fields, to: &json)
                }
                json.field("satisfaction", progress.satisfaction.map { Int($0) })
                json.field("solved", progress.solved)
            case .kase(let signal):
                json.field("kind", "case")
                write(key, to: &json)
                json.field("case", signal.id.description)
                json.field("event", signal.event.rawValue)
                write(signal.documents, to: &json)
                if !signal.fields.isEmpty {
                    json.key("fields")
                    write(signal.fields, to: &json)
                }
                json.field("by", signal.by)
                json.field("at", signal.at)
                json.field("note", signal.note)
            case .outage(let signal):
                json.field("kind", "outage")
                write(key, to: &json)
                json.field("outage", signal.outage?.rawValue)
                json.field("event", signal.event.rawValue)
                json.field("type", signal.type?.rawValue)
                json.field("feeder", signal.feeder?.rawValue)
                json.field("transformer", signal.transformer?.rawValue)
                json.field("from", signal.from)
                json.field("until", signal.until)
                json.field("customers_out", signal.customersOut)
                json.field("reason", signal.reason)
                json.field("at", signal.at)
            case .crew(let signal):
                json.field("kind", "crew")
                write(key, to: &json)
                json.field("crew", signal.crew.rawValue)
                json.field("on_duty", signal.onDuty)
                json.field("serves", signal.serves)
                write(Place(coordinate: signal.coordinate), personal: true, to: &json)
                json.field("at", signal.at)
            case .customer(let customer):
                json.field("kind", "customer")
                write(key, to: &json)
                json.field("customer", customer.customer.rawValue)
                if customer.event != .record { json.field("event", customer.event.rawValue) }
                if personal {
                    write(customer, facts: customer.facts, to: &json)
                } else if customer.event == .record {
                    // All that it says stands apart.
                    json.key("facts")
                    json.object { _ in }
                }
            case .reading(let reading):
                json.field("kind", "reading")
                write(key, to: &json)
                json.field("device", reading.device.rawValue)
                json.field("quantity", reading.quantity)
                json.key("value")
                switch reading.value {
                case .number(let number): json.double(number)
                case .flag(let flag): json.bool(flag)
                }
                json.field("unit", reading.unit)
                json.field("at", reading.at)
            case .recovered(let recovery):
                json.field("kind", "recovered")
                write(key, to: &json)
                json.field("device", recovery.device.rawValue)
                json.field("rule", recovery.rule)
                json.field("report", recovery.report)
                if !recovery.tasks.isEmpty {
                    json.key("tasks")
                    json.array { json in for task in recovery.tasks { json.string(task.description) } }
                }
                json.field("at", recovery.at)
                json.field("note", recovery.note)
            case .contractor(let signal):
                json.field("kind", "contractor")
                write(key, to: &json)
                write(signal, to: &json)
            }
        }
        return writer.bytes
    }

    private static func write(_ key: InputKey?, to json: inout JSONWriter) {
        guard let key else { return }
        json.field("id", key.id)
        json.field("source", key.source.rawValue)
    }

    private static func write(_ report: Report, personal: Bool, to json: inout JSONWriter) {
        json.field("type", report.type)
        json.field("category", report.category)
        json.field("reported_at", report.reportedAt)
        json.field("customer", report.customer?.rawValue)
        write(report.place, personal: personal, to: &json)
        json.field("site", report.site)
        json.field("voltage", report.voltage)
        json.field("urgency", report.urgency)
        json.field("feeder", report.feeder?.rawValue)
        json.field("transformer", report.transformer?.rawValue)
        json.field("customers_out", report.customersOut)
        json.field("capacity_kva", report.capacityKVA)
        if personal { json.field("description", report.description) }
        let fields = personal ? report.fields : report.fields.filter { !CustomerFacts.personalNames.contains($0.key) }
        if !fields.isEmpty {
            json.key("fields")
            write(fields, to: &json)
        }
        write(report.documents, to: &json)
        json.field("about", report.about)
    }

    /// `facts`, `consumption` and `payments`.
    private static func write(_ customer: CustomerFacts, facts: [String: FieldValue], to json: inout JSONWriter) {
        let saysMore = !customer.consumption.isEmpty || !customer.payments.isEmpty
        if !facts.isEmpty || customer.event == .record && !saysMore {
            json.key("facts")
            write(facts, to: &json)
        }
        if !customer.consumption.isEmpty {
            json.key("consumption")
            json.object { json in
                for (month, kWh) in customer.consumption.sorted(by: { $0.key < $1.key }) {
                    json.key(named: monthText(month))
                    json.double(kWh)
                }
            }
        }
        if !customer.payments.isEmpty {
            json.key("payments")
            json.object { json in
                for (month, days) in customer.payments.sorted(by: { $0.key < $1.key }) {
                    json.key(named: monthText(month))
                    if days == CustomerFacts.unpaid { json.string("unpaid") } else { json.int(Int(days)) }
                }
            }
        }
    }

    private static func write(_ documents: [String], to json: inout JSONWriter) {
        guard !documents.isEmpty else { return }
        json.key("documents")
        json.array { json in for document in documents { json.string(document) } }
    }

    private static func write(_ place: Place, personal: Bool, to json: inout JSONWriter) {
        let address = personal ? place.address : nil
        guard place.coordinate != nil || place.district != nil || address != nil else { return }
        json.key("place")
        json.object {
            if let coordinate = place.coordinate {
                $0.key("lat")
                $0.microdegrees(coordinate.latitudeMicrodegrees)
                $0.key("lon")
                $0.microdegrees(coordinate.longitudeMicrodegrees)
            }
            $0.field("district", place.district?.rawValue)
            $0.field("address", address)
        }
    }

    private static func write(_ fields: [String: FieldValue], to json: inout JSONWriter) {
        json.object {
            for (name, value) in fields.count < 2 ? Array(fields) : fields.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                $0.key(named: name)
                switch value {
                case .string(let text): $0.string(text)
                case .int(let int): $0.int(Int(int))
                case .double(let double): $0.double(double)
                case .bool(let bool): $0.bool(bool)
                }
            }
        }
    }
}

/// What stands beside an entry of the log, but for texts.
private struct PersonalPart {
    var fields: [String: FieldValue] = [:]
    var facts: [String: FieldValue] = [:]
    var consumption: [Int32: Double] = [:]
    var payments: [Int32: Int32] = [:]
}

private enum PersonalKey: String, CaseIterable {
    case address, description, fields, facts, consumption, payments
}

private let personalKeys = KeyTable<PersonalKey>()

extension JSONReader {
    fileprivate mutating func personal() throws(JSONStop) -> PersonalPart {
        var part = PersonalPart()
        var scan = try ObjectScan(personalKeys, &self)
        while let key = try scan.next(&self) {
            switch key {
            case .address, .description: try skip()
            case .fields: part.fields = try fields()
            case .facts: part.facts = try fields()
            case .consumption: part.consumption = try consumption()
            case .payments: part.payments = try payments()
            }
        }
        return part
    }
}

extension CustomerFacts {
    /// Adds what stands beside the log: all that the record says, or, as earlier versions had it, its personal facts alone.
    fileprivate mutating func take(personal bytes: [UInt8]) throws(InputFault) {
        let parts: JSONValue
        do throws(JSONFault) { parts = try JSONValue.parse(bytes) } catch { throw InputFault(error) }
        let isWhole = (parts.object ?? []).contains { $0.value.object != nil }
        let part = try InputCodec.personalPart(bytes) { (reader) throws(JSONStop) -> PersonalPart in
            if isWhole { return try reader.personal() }
            return PersonalPart(facts: try reader.fields())
        }
        facts.merge(part.facts) { _, personal in personal }
        consumption.merge(part.consumption) { _, personal in personal }
        payments.merge(part.payments) { _, personal in personal }
    }
}

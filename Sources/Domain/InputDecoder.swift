/// Reads one input's members into its body, in one pass when `kind` comes first (or the object is a report without one… which takes a
/// second look at the keys).
struct InputDecoder {
    var reader: JSONReader
    private let kind: InputKind
    private let task: TaskID?
    var id: String?
    var source: SourceID?
    /// Keys of the input that nobody reads.
    var leftOut: [String] = []

    /// - Parameter ownKinds: whether those that the daemon makes itself are read, too: from the log.
    init(_ bytes: UnsafeBufferPointer<UInt8>, assumedKind: InputKind, task: TaskID?, ownKinds: Bool = false) throws(JSONStop) {
        reader = try JSONReader(bytes)
        self.task = task
        kind = try Self.kind(reader, ownKinds: ownKinds) ?? assumedKind
    }

    /// Looks ahead for `kind`.
    private static func kind(_ original: JSONReader, ownKinds: Bool) throws(JSONStop) -> InputKind? {
        var reader = original
        if try reader.next() == 0x5B {
            throw reader.stop(.wrongType, "an object is wanted, but this is a list", "write one object a line into a .jsonl file, or send them as application/x-ndjson")
        }
        try reader.openObject()
        var isFirst = true
        while let key = try reader.nextKey(&isFirst) {
            if key.end - key.start == 4, !key.isEscaped, reader.base[key.start] == UInt8(ascii: "k"), try reader.string(key) == "kind" {
                if try reader.takeNull() { return nil }
                let offset = reader.at
                let name = try reader.code()
                guard let kind = InputKind(rawValue: name) else {
                    throw reader.unknownValue("kind", name, among: InputKind.allCases.filter(\.isTakenIn).map(\.rawValue), at: offset)
                }
                guard kind.isTakenIn || ownKinds && kind.isOurOwn else { throw reader.notTakenIn(kind, at: offset) }
                return kind
            }
            try reader.skip()
            reader.skipSpace()
        }
        return nil
    }

    mutating func body() throws(JSONStop) -> InputBody {
        let body: InputBody
        switch kind {
        case .report: body = .report(try report())
        case .progress: body = .progress(try progress())
        case .crew: body = .crew(try crew())
        case .customer: body = .customer(try customer())
        case .kase: body = .kase(try kase())
        case .outage: body = .outage(try outage())
        case .contractor: body = .contractor(try contractor())
        case .reading: body = .reading(try reading())
        case .recovered: body = .recovered(try recovered())
        }
        try reader.finish()
        return body
    }

    // MARK: report

    enum ReportKey: String, CaseIterable {
        case kind, id, source, type, category, reported_at, customer, place, site, voltage, urgency, feeder, transformer, customers_out, capacity_kva
        case description, fields, documents, about
    }

    static let reportKeys = KeyTable<ReportKey>()

    private mutating func report() throws(JSONStop) -> Report {
        var report = Report(type: "")
        var scan = try ObjectScan(Self.reportKeys, &reader)
        while let key = try scan.next(&reader) {
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .type: report.type = try reader.code()
            case .category: report.category = try reader.optionalCode()
            case .reported_at: report.reportedAt = try reader.time()
            case .customer: report.customer = try reader.optionalCode().map { CustomerID($0) }
            case .place: report.place = try reader.place()
            case .site: report.site = try reader.optionalCode()
            case .voltage: report.voltage = try reader.optionalCode()
            case .urgency: report.urgency = try reader.optionalCode()
            case .feeder: report.feeder = try reader.optionalCode().map { FeederID($0) }
            case .transformer: report.transformer = try reader.optionalCode().map { TransformerID($0) }
            case .customers_out: report.customersOut = try reader.customersOut()
            case .capacity_kva: report.capacityKVA = try reader.capacity()
            case .description: report.description = try reader.freeText()
            case .fields: report.fields = try reader.fields()
            case .documents: report.documents = try reader.codes("documents")
            case .about: report.about = try reader.optionalCode()
            }
        }
        leftOut = scan.passedOver
        guard !report.type.isEmpty else {
            throw reader.missing("type", of: "a report", at: scan.offset, "add \"type\": fault, application, complaint, inquiry or another declared one")
        }
        return report
    }

    // MARK: progress

    enum ProgressKey: String, CaseIterable {
        case kind, id, source, task, event, by, at, note, outcome, to, priority, fields, satisfaction, solved, reports
    }

    static let progressKeys = KeyTable<ProgressKey>()

    private mutating func progress() throws(JSONStop) -> Progress {
        var about = task
        var event: ProgressEvent?
        var progress = Progress(task: TaskID(day: 0, number: 0), event: .accept)
        var toOffset = 0
        var priorityOffset = 0
        var fieldsOffset = 0
        var satisfactionOffset = 0
        var solvedOffset = 0
        var reportsOffset = 0
        var scan = try ObjectScan(Self.progressKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .task:
                let name = try reader.code()
                guard let number = TaskID(name) else { throw reader.notATask(name, at: offset) }
                if let task, task != number {
                    throw reader.inconsistent("this is about \(number), but it was sent to \(task)", "send it to its own task", at: offset)
                }
                about = number
            case .event:
                let name = try reader.code()
                guard let known = ProgressEvent(rawValue: name) else {
                    throw reader.unknownValue("event", name, among: ProgressEvent.allCases.map(\.rawValue), at: offset)
                }
                event = known
            case .by: progress.by = try reader.optionalCode()
            case .at: progress.at = try reader.time()
            case .note: progress.note = try reader.freeText()
            case .outcome: progress.outcome = try reader.freeText()
            case .to:
                progress.to = try reader.optionalCode()
                toOffset = offset
            case .priority:
                let name = try reader.code()
                guard let known = Priority(rawValue: name) else {
                    throw reader.unknownValue("priority", name, among: Priority.allCases.map(\.rawValue), at: offset)
                }
                progress.priority = known
                priorityOffset = offset
            case .fields:
                progress.fields = try reader.fields()
                fieldsOffset = offset
            case .satisfaction:
                let mark = try reader.double()
                guard (1...5).contains(mark), mark == mark.rounded() else {
                    throw JSONStop(
                        code: .outOfRange, offset: offset, message: "'satisfaction' is a whole number from 1 to 5", suggestion: "1: not at all satisfied … 5: very satisfied")
                }
                progress.satisfaction = Int32(mark)
                satisfactionOffset = offset
            case .solved:
                progress.solved = try reader.bool()
                solvedOffset = offset
            case .reports:
                progress.reports = try reader.codes("reports")
                reportsOffset = offset
            }
        }
        leftOut = scan.passedOver
        guard let about else { throw reader.missing("task", of: "a progress", at: scan.offset) }
        guard let event else {
            throw reader.missing("event", of: "a progress", at: scan.offset, "add \"event\": " + ProgressEvent.allCases.map(\.rawValue).joined(separator: ", "))
        }
        progress.task = about
        progress.event = event
        if event == .assign, progress.to == nil { throw reader.missing("to", of: "assign", at: scan.offset, "add \"to\": a crew or a department") }
        if event == .priority, progress.priority == nil {
            throw reader.missing("priority", of: "priority", at: scan.offset, "add \"priority\": " + Priority.allCases.map(\.rawValue).joined(separator: ", "))
        }
        if event == .merge, progress.to == nil { throw reader.missing("to", of: "merge", at: scan.offset, "add \"to\": the number of the task that stands for both") }
        if event == .merge, let to = progress.to, TaskID(to) == nil { throw reader.notATask(to, at: toOffset) }
        if event == .split, progress.reports.isEmpty {
            throw reader.missing("reports", of: "split", at: scan.offset, "add \"reports\": the ids of the reports that leave; the task's page lists them")
        }
        if event != .split, !progress.reports.isEmpty {
            throw reader.inconsistent("'reports' go with the event split only, not with \(event.rawValue)", "take them out, or send split", at: reportsOffset)
        }
        if event != .assign, event != .merge, progress.to != nil {
            throw reader.inconsistent("'to' goes with the events assign and merge only, not with \(event.rawValue)", "take it out, or send assign", at: toOffset)
        }
        if event != .priority, progress.priority != nil {
            throw reader.inconsistent(
                "'priority' goes with the event priority only, not with \(event.rawValue)", "take it out, or send priority", at: priorityOffset)
        }
        if event != .complete, !progress.fields.isEmpty {
            throw reader.inconsistent("'fields' go with the event complete only, not with \(event.rawValue)", "take them out, or send complete", at: fieldsOffset)
        }
        if event != .complete, event != .callback, progress.satisfaction != nil {
            throw reader.inconsistent(
                "'satisfaction' goes with callback and complete only, not with \(event.rawValue)", "take it out, or send callback", at: satisfactionOffset)
        }
        if event != .callback, progress.solved != nil {
            throw reader.inconsistent("'solved' goes with the event callback only, not with \(event.rawValue)", "take it out, or send callback", at: solvedOffset)
        }
        return progress
    }

    // MARK: case

    enum CaseKey: String, CaseIterable {
        case kind, id, source, kase = "case", event, documents, fields, by, at, note
    }

    static let caseKeys = KeyTable<CaseKey>()

    private mutating func kase() throws(JSONStop) -> CaseSignal {
        var about: CaseID?
        var event: CaseEvent?
        var signal = CaseSignal(id: CaseID(day: 0, number: 0), event: .documents)
        var scan = try ObjectScan(Self.caseKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .kase:
                let name = try reader.code()
                guard let number = CaseID(name) else {
                    throw JSONStop(code: .unknownValue, offset: offset, message: "'\(clipped(name, to: 80))' is no case's number", suggestion: "write it like C-20261122-3")
                }
                about = number
            case .event:
                let name = try reader.code()
                guard let known = CaseEvent(rawValue: name) else {
                    throw reader.unknownValue("event", name, among: CaseEvent.allCases.map(\.rawValue), at: offset)
                }
                event = known
            case .documents: signal.documents = try reader.codes("documents")
            case .fields: signal.fields = try reader.fields()
            case .by: signal.by = try reader.optionalCode()
            case .at: signal.at = try reader.time()
            case .note: signal.note = try reader.freeText()
            }
        }
        leftOut = scan.passedOver
        guard let about else { throw reader.missing("case", of: "what is said of a case", at: scan.offset) }
        guard let event else {
            throw reader.missing("event", of: "what is said of a case", at: scan.offset, "add \"event\": " + CaseEvent.allCases.map(\.rawValue).joined(separator: ", "))
        }
        signal.id = about
        signal.event = event
        if event == .documents, signal.documents.isEmpty, signal.fields.isEmpty {
            throw reader.missing("documents", of: "documents", at: scan.offset, "add \"documents\": [\"identity\"], or \"fields\"")
        }
        if event != .documents, !signal.documents.isEmpty || !signal.fields.isEmpty {
            throw reader.inconsistent(
                "'documents' and 'fields' go with the event documents only, not with \(event.rawValue)", "take them out, or send documents", at: scan.offset)
        }
        return signal
    }

    // MARK: crew

    enum CrewKey: String, CaseIterable {
        case kind, id, source, crew, on_duty, place, serves, at
    }

    static let crewKeys = KeyTable<CrewKey>()

    private mutating func crew() throws(JSONStop) -> CrewSignal {
        var signal = CrewSignal(crew: CrewID(""))
        var scan = try ObjectScan(Self.crewKeys, &reader)
        while let key = try scan.next(&reader) {
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .crew: signal.crew = CrewID(try reader.code())
            case .on_duty: signal.onDuty = try reader.bool()
            case .place: signal.coordinate = try reader.place().coordinate
            case .serves: signal.serves = try reader.code()
            case .at: signal.at = try reader.time()
            }
        }
        leftOut = scan.passedOver
        guard !signal.crew.rawValue.isEmpty else { throw reader.missing("crew", of: "a crew signal", at: scan.offset) }
        guard signal.onDuty != nil || signal.coordinate != nil || signal.serves != nil else {
            throw JSONStop(
                code: .missing, offset: scan.offset, message: "a crew signal says nothing: neither 'on_duty' nor 'serves' nor a 'place' with lat and lon is there",
                suggestion: "add one of them")
        }
        return signal
    }

    // MARK: customer

    enum CustomerKey: String, CaseIterable {
        case kind, id, source, customer, facts, event, consumption, payments
    }

    static let customerKeys = KeyTable<CustomerKey>()

    private mutating func customer() throws(JSONStop) -> CustomerFacts {
        var customer = ""
        var facts: [String: FieldValue]?
        var record = CustomerFacts(customer: CustomerID(""), facts: [:])
        var scan = try ObjectScan(Self.customerKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .event:
                let name = try reader.code()
                guard let known = CustomerEvent(rawValue: name) else {
                    throw reader.unknownValue("event", name, among: CustomerEvent.allCases.map(\.rawValue), at: offset)
                }
                record.event = known
            case .consumption: record.consumption = try reader.consumption()
            case .payments: record.payments = try reader.payments()
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .customer: customer = try reader.code()
            case .facts: facts = try reader.fields()
            }
        }
        leftOut = scan.passedOver
        guard !customer.isEmpty else { throw reader.missing("customer", of: "a customer's record", at: scan.offset) }
        let saysMore = !record.consumption.isEmpty || !record.payments.isEmpty
        if record.event == .forget, facts != nil || saysMore {
            throw reader.inconsistent("who is to be forgotten has no facts", "take them out, or send them without 'event'", at: scan.offset)
        }
        guard facts != nil || saysMore || record.event == .forget else { throw reader.missing("facts", of: "a customer's record", at: scan.offset) }
        record.customer = CustomerID(customer)
        record.facts = facts ?? [:]
        return record
    }
}

enum PlaceKey: String, CaseIterable {
    case lat, lon, address, district
}

private let placeKeys = KeyTable<PlaceKey>()

/// The typed values of the wire form. Each leaves the reader behind the value, or stops at its first byte.
extension JSONReader {
    /// An id, a code or a name: 1 ... 200 characters, none of them a control character or a line end.
    @inline(__always) mutating func code() throws(JSONStop) -> String {
        let offset = at
        let value = try checkedCode()
        guard !value.isEmpty else { throw emptyID(at: offset) }
        return value
    }

    /// A list of at most 100 codes, none twice.
    mutating func codes(_ name: String) throws(JSONStop) -> [String] {
        let offset = at
        guard try next() == 0x5B else { throw stop(.wrongType, "'\(name)' wants a list of texts", "write it like [\"identity\", \"site_plan\"]") }
        var codes: [String] = []
        try openArray()
        var isFirst = true
        while try nextElement(&isFirst) {
            let code = try code()
            guard codes.count < 100 else { throw inconsistent("'\(name)' has more than 100 entries", "send at most 100", at: offset) }
            if !codes.contains(code) { codes.append(code) }
        }
        return codes
    }

    /// The same, where an empty text means absent.
    @inline(__always) mutating func optionalCode() throws(JSONStop) -> String? {
        let value = try checkedCode()
        return value.isEmpty ? nil : value
    }

    @inline(__always) private mutating func checkedCode() throws(JSONStop) -> String {
        let offset = at
        let range = try text()
        let value = try string(range)
        if !isPlainCode(range) { try check(value, scalarsMax: InputLimits.idScalarsMax, isCode: true, at: offset) }
        return value
    }

    /// Short and plain is the rule: nothing in it can be too long, and control characters can only come as escapes or beyond ASCII.
    @inline(__always) private func isPlainCode(_ text: JSONText) -> Bool {
        guard !text.isEscaped, text.end - text.start <= InputLimits.idScalarsMax else { return false }
        var high: UInt8 = 0
        for i in text.start..<text.end { high |= base[i] == 0x7F ? 0x80 : base[i] }
        return high < 0x80
    }


    /// A free text; an empty one means absent.
    mutating func freeText() throws(JSONStop) -> String? {
        let offset = at
        let range = try text()
        let value = try string(range)
        if range.isEscaped || range.end - range.start > InputLimits.textScalarsMax {
            try check(value, scalarsMax: InputLimits.textScalarsMax, isCode: false, at: offset)
        }
        return value.isEmpty ? nil : value
    }

    @inline(never) private func check(_ value: String, scalarsMax: Int, isCode: Bool, at offset: Int) throws(JSONStop) {
        var count = 0
        for scalar in value.unicodeScalars {
            count += 1
            if scalar.value == 0 || isCode && isControl(scalar) { throw control(scalar, at: offset) }
        }
        if count > scalarsMax { throw tooLong(count, max: scalarsMax, at: offset) }
    }

    mutating func time() throws(JSONStop) -> Instant? {
        let offset = at
        guard try next() == 0x22 else { throw wrongType("a time as text") }
        let range = try text()
        if range.start == range.end { return nil }
        do throws(TimeFault) {
            if range.isEscaped {
                let text: String
                do throws(JSONStop) { text = try string(range) } catch { throw RFC3339.notATime("") }
                return try Instant(rfc3339: text)
            }
            return try Instant(rfc3339: UnsafeBufferPointer(start: base + range.start, count: range.end - range.start))
        } catch { throw notATime(error, at: offset) }
    }

    /// A number as a double.
    mutating func double() throws(JSONStop) -> Double {
        let start = self
        switch try number() {
        case .int(let value): return Double(value)
        case .double(let value): return value
        case .tooLarge: throw start.numberTooLarge()
        }
    }

    mutating func customersOut() throws(JSONStop) -> Int64 {
        let start = self
        let value: Int64?
        switch try number() {
        case .int(let int): value = int
        case .double(let double): value = Int64(exactly: double)
        case .tooLarge: throw start.numberTooLarge()
        }
        guard let value else { throw start.outOfRange("a whole number of customers is wanted", "round it", at: start.at) }
        guard value >= 0, value <= InputLimits.customersOutMax else {
            throw start.outOfRange("\(value) customers cannot be out", "write a number from 0 to \(InputLimits.customersOutMax)", at: start.at)
        }
        return value
    }

    mutating func capacity() throws(JSONStop) -> Double {
        let start = self
        let value = try double()
        guard value >= 0 else { throw start.outOfRange("a capacity cannot be negative", "write kVA, from 0 on", at: start.at) }
        return value
    }

    mutating func place() throws(JSONStop) -> Place {
        var place = Place()
        var latitude: Double?
        var longitude: Double?
        var latitudeOffset = 0
        var longitudeOffset = 0
        var scan = try ObjectScan(placeKeys, &self)
        while let key = try scan.next(&self) {
            switch key {
            case .lat:
                latitudeOffset = at
                latitude = try double()
            case .lon:
                longitudeOffset = at
                longitude = try double()
            case .address: place.address = try freeText()
            case .district: place.district = try optionalCode().map { DistrictID($0) }
            }
        }
        if let latitude, !(-90...90).contains(latitude) {
            let swapped = longitude.map { (-90...90).contains($0) && (-180...180).contains(latitude) } ?? false
            throw outOfRange(
                "\(latitude) is not a latitude", swapped ? "lat and lon look swapped" : "write degrees from -90 to 90", at: latitudeOffset)
        }
        if let longitude, !(-180...180).contains(longitude) {
            throw outOfRange("\(longitude) is not a longitude", "write degrees from -180 to 180", at: longitudeOffset)
        }
        switch (latitude, longitude) {
        case (let latitude?, let longitude?): place.coordinate = Coordinate(latitude: latitude, longitude: longitude)
        case (nil, nil): break
        case (_?, nil): throw missing("lon", of: "a place with 'lat'", at: scan.offset, "give both or none")
        case (nil, _?): throw missing("lat", of: "a place with 'lon'", at: scan.offset, "give both or none")
        }
        return place
    }

    /// Names with scalars; a null is left out.
    mutating func fields() throws(JSONStop) -> [String: FieldValue] {
        try openObject()
        var fields: [String: FieldValue] = [:]
        // Nulls leave nothing in the dictionary, but may not come twice either.
        var nulls: JSONKeys?
        var isFirst = true
        while let key = try nextKey(&isFirst) {
            let offset = key.start - 1
            let name = try string(key)
            guard !name.isEmpty else { throw emptyID(at: offset) }
            if !isPlainCode(key) { try check(name, scalarsMax: InputLimits.idScalarsMax, isCode: true, at: offset) }
            let start = self
            let value: FieldValue
            switch try next() {
            case 0x22:
                let range = try text()
                let text = try string(range)
                if range.isEscaped || range.end - range.start > InputLimits.textScalarsMax {
                    try check(text, scalarsMax: InputLimits.textScalarsMax, isCode: false, at: start.at)
                }
                value = .string(text)
            case UInt8(ascii: "t"), UInt8(ascii: "f"): value = .bool(try bool())
            case UInt8(ascii: "n"):
                _ = try takeNull()
                if fields[name] != nil { throw JSONKeys.duplicate(name, at: offset) }
                var keys = nulls ?? JSONKeys(InputLimits.fieldsMax)
                try keys.insert(name, at: offset)
                nulls = keys
                skipSpace()
                continue
            case 0x7B, 0x5B: throw wrongType("a text, a number, true or false")
            default:
                switch try number() {
                case .int(let int): value = .int(int)
                case .double(let double): value = .double(double)
                case .tooLarge: throw start.numberTooLarge()
                }
            }
            // Room for some at once: growing from one to two to four costs more than all the rest.
            if fields.isEmpty { fields.reserveCapacity(6) }
            if fields.updateValue(value, forKey: name) != nil || nulls?.contains(name) ?? false { throw JSONKeys.duplicate(name, at: offset) }
            guard fields.count <= InputLimits.fieldsMax else {
                throw JSONStop(
                    code: .tooMany, offset: offset, message: "more than \(InputLimits.fieldsMax) fields", suggestion: "send only those that rules use")
            }
            skipSpace()
        }
        return fields
    }
}

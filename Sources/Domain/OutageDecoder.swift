/// What is said of a known interruption: `{"kind":"outage","id":"…","feeder":"F-12","from":"…","until":"…","reason":"planned work"}`.
extension InputDecoder {
    enum OutageKey: String, CaseIterable {
        case kind, id, source, outage, event, type, feeder, transformer, from, until, customers_out, reason, at
    }

    static let outageKeys = KeyTable<OutageKey>()

    /// Longer than this no interruption is planned; a slip in the year is more likely.
    static let outageDaysMax: Int64 = 60

    mutating func outage() throws(JSONStop) -> OutageSignal {
        var signal = OutageSignal()
        var untilOffset = 0
        var fromOffset = 0
        var scan = try ObjectScan(Self.outageKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .outage: signal.outage = try reader.optionalCode().map { OutageID($0) }
            case .event:
                let name = try reader.code()
                guard let known = OutageEvent(rawValue: name) else {
                    throw reader.unknownValue("event", name, among: OutageEvent.allCases.map(\.rawValue), at: offset)
                }
                signal.event = known
            case .type:
                let name = try reader.code()
                guard let known = OutageType(rawValue: name) else {
                    throw reader.unknownValue("type", name, among: OutageType.allCases.map(\.rawValue), at: offset)
                }
                signal.type = known
            case .feeder: signal.feeder = try reader.optionalCode().map { FeederID($0) }
            case .transformer: signal.transformer = try reader.optionalCode().map { TransformerID($0) }
            case .from:
                signal.from = try reader.time()
                fromOffset = offset
            case .until:
                signal.until = try reader.time()
                untilOffset = offset
            case .customers_out: signal.customersOut = try reader.customersOut()
            case .reason: signal.reason = try reader.freeText()
            case .at: signal.at = try reader.time()
            }
        }
        leftOut = scan.passedOver
        guard signal.event == .planned else {
            guard signal.outage != nil else {
                throw reader.missing("outage", of: "an outage that is \(signal.event.rawValue)", at: scan.offset, "add \"outage\": the name under which it was announced (without one, the id of that input)")
            }
            return signal
        }
        guard signal.feeder != nil || signal.transformer != nil else {
            throw reader.missing("feeder", of: "an outage", at: scan.offset, "add \"feeder\", or \"transformer\" where one area alone is concerned")
        }
        guard let from = signal.from else { throw reader.missing("from", of: "an outage", at: scan.offset, "add \"from\": when it begins") }
        guard let until = signal.until else { throw reader.missing("until", of: "an outage", at: scan.offset, "add \"until\": when it ends") }
        guard until > from else {
            throw reader.outOfRange("an outage ends after it begins, and this one ends at \(until.rfc3339()), not after \(from.rfc3339())", "are 'from' and 'until' swapped?", at: untilOffset)
        }
        guard until - from <= .minutes(Self.outageDaysMax * 1_440) else {
            throw reader.outOfRange("an outage of more than \(Self.outageDaysMax) days is not taken", "is the date right? announce a longer one in parts", at: fromOffset)
        }
        return signal
    }
}

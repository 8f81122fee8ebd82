import Domain

// Of a rule test: what is known of interruptions of supply.

extension TestFile {
    /// - Parameter number: in its list, for one that has no name.
    func outage(_ node: Node, _ start: Instant?, number: Int) -> RuleTest.Outage? {
        guard let block = reader.block(node, Keys.testOutage, example: Keys.testWith.examples["outages"]) else { return nil }
        let day = set.site.zone.date(at: start ?? set.site.zone.instant(of: RuleTestReader.day, second: 12 * 3_600))
        let name = block["outage"].flatMap { reader.text($0, "outage", example: Keys.testOutage.examples["outage"]) } ?? "outage-\(number)"
        var signal = OutageSignal(outage: OutageID(name))
        if let word = block["event"].flatMap({ reader.choice($0, "event", among: OutageEvent.allCases.map(\.rawValue), example: "event: ended") }) {
            signal.event = OutageEvent(rawValue: word) ?? .planned
        }
        guard signal.event == .planned else { return RuleTest.Outage(signal: signal, place: place(reader.place(node))) }
        if let word = block["type"].flatMap({ reader.choice($0, "type", among: OutageType.allCases.map(\.rawValue), example: "type: planned") }) {
            signal.type = OutageType(rawValue: word)
        }
        signal.from = reader.required("from", in: block, of: "an outage").flatMap { instant($0, "from", on: day) }
        signal.until = reader.required("until", in: block, of: "an outage").flatMap { instant($0, "until", on: day) }
        signal.feeder = block["feeder"].flatMap { reader.text($0, "feeder") }.map { FeederID($0) }
        signal.transformer = block["transformer"].flatMap { reader.text($0, "transformer") }.map { TransformerID($0) }
        if signal.feeder == nil, signal.transformer == nil { _ = reader.required("feeder", in: block, of: "an outage") }
        signal.reason = block["reason"].flatMap { reader.text($0, "reason") }
        guard signal.from != nil, signal.until != nil else { return nil }
        return RuleTest.Outage(signal: signal, place: place(reader.place(node)))
    }
}

import Domain

// Of a rule test: what devices show.

extension TestFile {
    /// So many readings come of one list.
    static let readingsMax = 20_000

    /// Each item's readings come after those of the item before it.
    func readings(_ node: Node) -> [RuleTest.TestReading] {
        let example = Keys.ruleTest.examples["readings"]
        guard let items = reader.list(node, "readings", of: "readings", example: example) else { return [] }
        if node.isEmptyList { reader.error(reader.place(node), .emptyValue("readings", example: example)) }
        var result: [RuleTest.TestReading] = []
        for item in items {
            guard let block = reader.block(item, Keys.testReading, example: example) else { continue }
            let after = block["after"].flatMap { span($0, "after") } ?? .zero
            let devices = reader.required("device", in: block).map { self.devices($0) } ?? []
            let quantity = reader.required("quantity", in: block).flatMap { node -> String? in
                guard let text = reader.text(node, "quantity", example: Keys.testReading.examples["quantity"]),
                    reader.declared(text, reader.place(node), in: "quantity", known: set.site.quantities.map(\.code))
                else { return nil }
                return text
            }
            let value = reader.required("value", in: block).flatMap { self.value($0) }
            let unit = block["unit"].flatMap { reader.text($0, "unit") }
            if let range = block.keyRanges["for"], !block.has("every") { reader.error(range, .onlyWith("for", ["every"])) }
            if let range = block.keyRanges["every"], !block.has("for") { reader.error(range, .onlyWith("every", ["for"])) }
            let every = block["every"].flatMap { reader.duration($0, "every") }
            let length = block["for"].flatMap { reader.duration($0, "for") }
            guard let quantity, let value, !devices.isEmpty else { continue }
            var one = RuleTest.TestReading(
                after: after, devices: devices, quantity: quantity, value: value, unit: unit, place: place(reader.place(item)))
            result.append(one)
            guard let every, let length else { continue }
            let more = length.milliseconds / every.milliseconds
            guard Int64(result.count) + more <= Int64(Self.readingsMax) else {
                reader.error(reader.place(item), .outOfRange("readings", "\(Int64(result.count) + more)", from: "1", to: "\(Self.readingsMax) of them"))
                continue
            }
            one.after = every
            result += Array(repeating: one, count: Int(more))
        }
        return result
    }

    /// A time that may be none at all: `0 min`.
    private func span(_ node: Node, _ name: String) -> TimeSpan? {
        if let text = node.text, ["0 s", "0 min", "0 h"].contains(text) { return .zero }
        return reader.duration(node, name)
    }

    /// One, or several that send at the same instants.
    private func devices(_ node: Node) -> [DeviceID] {
        let items: [Node]
        if case .text = node.content { items = [node] } else { items = reader.list(node, "device", of: "devices", example: Keys.testReading.examples["device"]) ?? [] }
        return items.compactMap { item in
            guard let text = reader.text(item, "device", example: Keys.testReading.examples["device"]) else { return nil }
            if set.devices.number(of: DeviceID(text)) != nil { return DeviceID(text) }
            let known = set.devices.devices.map(\.id.rawValue)
            reader.error(reader.place(item), .unknownDevice(text, known: known, suggestion: reader.near(text, among: known)))
            return nil
        }
    }

    private func value(_ node: Node) -> Reading.Value? {
        switch node.text {
        case "true": .flag(true)
        case "false": .flag(false)
        default: reader.number(node, "value").map { .number($0) }
        }
    }
}

extension Keys {
    static let testReading = Keys(
        "a reading",
        [
            "device": "device: T-991", "quantity": "quantity: load_ratio", "value": "value: 0.86", "unit": "unit: '1'", "after": "after: 5 min",
            "every": "every: 5 min", "for": "for: 2 h",
        ])

    static let testReadingMeanings: [String: Meaning] = [
        "device": .init(.either([.text, .list(.text)]), "Who sends it; several send at the same instants."),
        "quantity": .init(.reference(.value("quantity")), "What is measured."),
        "value": .init(.either([.number, .flag]), "A number; true or false of a flag."),
        "unit": .init(.text, "Where it is another than the declared one."),
        "after": .init(.text, "Time that passes since the reading before."),
        "every": .init(.duration, "With 'for': it is sent again and again."),
        "for": .init(.duration, "With 'every': for how long."),
    ]
}

extension Wording {
    static let severalBeginnings = Wording(
        code: RuleTestCode.severalActions.rawValue, message: "a test begins with a report, with readings or with an outage, not with several of them; let one come in 'then'")
    static func unknownDevice(_ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(
            code: RuleTestCode.unknownDevice.rawValue,
            message: "there is no device '\(name)': no transformer or feeder of the network, no district, and no row of a module's 'devices:'", suggestion: suggestion)
    }
}

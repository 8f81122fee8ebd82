// What devices show, and what has recovered by it.

extension InputDecoder {
    // MARK: reading

    enum ReadingKey: String, CaseIterable {
        case kind, id, source, device, quantity, value, unit, at
    }

    static let readingKeys = KeyTable<ReadingKey>()

    mutating func reading() throws(JSONStop) -> Reading {
        var device: String?
        var quantity: String?
        var value: Reading.Value?
        var unit: String?
        var at: Instant?
        var scan = try ObjectScan(Self.readingKeys, &reader)
        while let key = try scan.next(&reader) {
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .device: device = try reader.code()
            case .quantity: quantity = try reader.code()
            case .value: value = try reader.measured()
            case .unit: unit = try reader.optionalCode()
            case .at: at = try reader.time()
            }
        }
        leftOut = scan.passedOver
        guard let device else { throw reader.missing("device", of: "a reading", at: scan.offset) }
        guard let quantity else { throw reader.missing("quantity", of: "a reading", at: scan.offset) }
        guard let value else { throw reader.missing("value", of: "a reading", at: scan.offset, "leave a reading out that has no value") }
        guard let at else { throw reader.missing("at", of: "a reading", at: scan.offset, "add \"at\": when the device measured it, like \(RFC3339.example)") }
        return Reading(device: DeviceID(device), quantity: quantity, value: value, unit: unit, at: at)
    }

    // MARK: recovered

    enum RecoveryKey: String, CaseIterable {
        case kind, id, source, device, rule, report, tasks, at, note
    }

    static let recoveryKeys = KeyTable<RecoveryKey>()

    mutating func recovered() throws(JSONStop) -> Recovery {
        var recovery = Recovery(device: DeviceID(""), rule: "", report: "", tasks: [], at: Instant(milliseconds: 0))
        var scan = try ObjectScan(Self.recoveryKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .device: recovery.device = DeviceID(try reader.code())
            case .rule: recovery.rule = try reader.code()
            case .report: recovery.report = try reader.code()
            case .tasks:
                for name in try reader.codes("tasks") {
                    guard let number = TaskID(name) else { throw reader.notATask(name, at: offset) }
                    recovery.tasks.append(number)
                }
            case .at: recovery.at = try reader.time() ?? recovery.at
            case .note: recovery.note = try reader.freeText()
            }
        }
        leftOut = scan.passedOver
        return recovery
    }
}

extension JSONReader {
    /// What a device shows. Loggers without a value write NaN, or the word in quotes: no JSON, or no number.
    mutating func measured() throws(JSONStop) -> Reading.Value {
        let offset = at
        switch try next() {
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .flag(try bool())
        case UInt8(ascii: "N"), UInt8(ascii: "I"), UInt8(ascii: "i"): throw notAValue(word, at: offset)
        case 0x22:
            let range = try text()
            throw notAValue(try string(range), at: offset)
        case 0x7B, 0x5B: throw wrongType("a number, true or false")
        default:
            if at + 1 < end, base[at] == UInt8(ascii: "-"), base[at + 1] == UInt8(ascii: "I") { throw notAValue(word, at: offset) }
            switch try number() {
            case .int(let value): return .number(Double(value))
            case .double(let value): return .number(value)
            case .tooLarge:
                throw outOfRange("this number is too large for a reading", "leave a reading out that has no value", at: offset)
            }
        }
    }

    /// The letters that stand here, for a message.
    private var word: String {
        var stop = at
        while stop < end, stop - at < 12, base[stop] >= UInt8(ascii: "A") && base[stop] <= UInt8(ascii: "z") || base[stop] == UInt8(ascii: "-") { stop += 1 }
        return String(decoding: UnsafeBufferPointer(start: base + at, count: stop - at), as: UTF8.self)
    }
}

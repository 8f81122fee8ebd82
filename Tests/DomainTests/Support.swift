import Domain

/// SplitMix64: the same numbers from the same seed, on any machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random inputs over the whole width of what the wire form takes.
struct InputMaker {
    var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func maybe<T>(_ make: (inout InputMaker) -> T) -> T? { chance(60) ? make(&self) : nil }

    mutating func text(max: Int, lines: Bool) -> String {
        let alphabet: [String] = ["a", "Z", "0", " ", "-", "\"", "\\", "/", "断", "线", "é", "😀", "\u{FEFF}", "\u{10FFFF}", "e\u{301}"]
        let more: [String] = lines ? ["\n", "\t", "\r", "\u{1}", "\u{7F}", "\u{2028}"] : []
        let all = alphabet + more
        let count = Int.random(in: 1...max, using: &random)
        return (0..<count).map { _ in all.randomElement(using: &random) ?? "" }.joined()
    }

    mutating func code() -> String {
        chance(70) ? ["F-12", "T-991", "urban", "3302001234", "north-2"].randomElement(using: &random) ?? "" : text(max: 30, lines: false)
    }

    mutating func instant() -> Instant {
        if chance(30) { return Instant(milliseconds: Int64.random(in: 1_700_000_000...1_900_000_000, using: &random) * 1_000) }
        return Instant(milliseconds: Int64.random(in: Instant.first.milliseconds...Instant.last.milliseconds, using: &random))
    }

    mutating func coordinate() -> Coordinate? {
        Coordinate(latitude: Double.random(in: -90...90, using: &random), longitude: Double.random(in: -180...180, using: &random))
    }

    mutating func double() -> Double {
        let bits = Double(bitPattern: random.next())
        return chance(50) || !bits.isFinite ? Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 8 : bits
    }

    mutating func field() -> FieldValue {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: .string(chance(10) ? "" : text(max: 20, lines: true))
        case 1: .int(Int64.random(in: .min ... .max, using: &random))
        case 2: .double(double())
        default: .bool(chance(50))
        }
    }

    mutating func fields() -> [String: FieldValue] {
        var fields: [String: FieldValue] = [:]
        for _ in 0..<Int.random(in: 0...6, using: &random) { fields[text(max: 12, lines: false)] = field() }
        return fields
    }

    mutating func body() -> InputBody {
        switch Int.random(in: 0..<8, using: &random) {
        case 5: return .contractor(contractor())
        case 6:
            return .reading(
                Reading(
                    device: DeviceID(code()), quantity: code(), value: chance(30) ? .flag(chance(50)) : .number(double()), unit: maybe { $0.code() }, at: instant()))
        case 0:
            let event = ProgressEvent.allCases.randomElement(using: &random) ?? .accept
            var progress =
                Progress(
                    task: TaskID(day: 20_261_122, number: Int32.random(in: 1 ... .max, using: &random)), event: event, by: maybe { $0.code() },
                    at: maybe { $0.instant() }, note: maybe { $0.text(max: 50, lines: true) }, outcome: maybe { $0.text(max: 9, lines: true) },
                    to: event == .assign ? code() : event == .merge ? "T-20261122-\(Int.random(in: 1...99, using: &random))" : nil,
                    priority: event == .priority ? Priority.allCases.randomElement(using: &random) : nil)
            if event == .split { progress.reports = (0...Int.random(in: 0...3, using: &random)).map { "\($0)-" + code() }.map { String($0.prefix(150)) } }
            return .progress(progress)
        case 1:
            let coordinate = coordinate()
            return .crew(
                CrewSignal(crew: CrewID(code()), onDuty: chance(50) ? chance(50) : nil, coordinate: coordinate, at: maybe { $0.instant() }))
        case 2:
            var record = CustomerFacts(customer: CustomerID(code()), facts: fields())
            if chance(20) { record.facts = [:] }
            if chance(30) { record.facts["telephone"] = .string(code()) }
            if chance(30) {
                for _ in 0..<3 {
                    let month = Int32.random(in: 2020...2026, using: &random) * 100 + Int32.random(in: 1...12, using: &random)
                    record.consumption[month] = Double(Int.random(in: 0...9_000_000, using: &random)) / 8
                    record.payments[month] = chance(20) ? CustomerFacts.unpaid : Int32.random(in: 0...90, using: &random)
                }
            }
            if chance(10) {
                record = CustomerFacts(customer: record.customer, facts: [:])
                record.event = .forget
            }
            return .customer(record)
        case 3:
            let event = OutageEvent.allCases.randomElement(using: &random) ?? .planned
            let from = Instant(milliseconds: Int64.random(in: 0...2_000_000_000_000, using: &random))
            return .outage(
                OutageSignal(
                    outage: event == .planned ? maybe { OutageID($0.code()) } : OutageID(code()), event: event, feeder: event == .planned ? FeederID(code()) : nil,
                    transformer: maybe { TransformerID($0.code()) }, from: event == .planned ? from : nil,
                    until: event == .planned ? from + .minutes(Int64.random(in: 1...80_000, using: &random)) : nil,
                    customersOut: maybe { Int64.random(in: 0...1_000_000_000, using: &$0.random) }, reason: maybe { $0.text(max: 50, lines: true) },
                    at: maybe { $0.instant() }))
        default:
            return .report(
                Report(
                    type: code(), category: maybe { $0.code() }, reportedAt: maybe { $0.instant() }, customer: maybe { CustomerID($0.code()) },
                    place: Place(
                        coordinate: chance(50) ? coordinate() : nil, district: maybe { DistrictID($0.code()) },
                        address: maybe { $0.text(max: 40, lines: true) }),
                    site: maybe { $0.code() }, voltage: maybe { $0.code() }, urgency: maybe { $0.code() }, feeder: maybe { FeederID($0.code()) },
                    transformer: maybe { TransformerID($0.code()) },
                    customersOut: maybe { Int64.random(in: 0...1_000_000_000, using: &$0.random) }, capacityKVA: maybe { abs($0.double()) },
                    description: maybe { $0.text(max: 200, lines: true) }, fields: fields()))
        }
    }

    mutating func contractor() -> ContractorSignal {
        var signal = ContractorSignal(contractor: ContractorID(code()), at: maybe { $0.instant() }, by: maybe { $0.code() }, note: maybe { $0.text(max: 30, lines: true) })
        if chance(60) {
            signal.job = code()
            for _ in 0..<Int.random(in: 1...6, using: &random) { signal.scores[text(max: 8, lines: false)] = Int32.random(in: 0...10_000, using: &random) }
        } else {
            signal.event = ContractorEvent.allCases.randomElement(using: &random)
            if signal.event != .rectified { signal.job = maybe { $0.code() } }
            if signal.event == .suspend || signal.event == .exclude { signal.until = maybe { $0.instant() } }
        }
        return signal
    }

    mutating func input() -> Input {
        InputCodec.input(body(), id: chance(80) ? code() : nil, source: SourceID(code()))
    }
}

/// What a decode leads to, for tables.
func decoded(_ text: String, source: String = "door") -> Result<Input, InputFault> {
    do throws(InputFault) { return .success(try InputCodec.decode(text.utf8, defaultSource: SourceID(source))) } catch { return .failure(error) }
}

func faultText(_ text: String) -> String {
    switch decoded(text) {
    case .success(let input): "taken: \(input.body)"
    case .failure(let fault): fault.description
    }
}

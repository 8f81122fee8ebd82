// The input `contractor`: what a finished job was worth, or what else has happened to a contractor or a supplier.

/// What else than a score can happen to one.
package enum ContractorEvent: String, Hashable, Sendable, Codable, CaseIterable {
    /// A serious accident (重大安全事故), or fraud (弄虚作假): the lowest tier at once, until it is put right.
    case accident, fraud
    /// No work until `until`, or until it is put right.
    case suspend
    /// Shut out (清退) until `until`, or for good.
    case exclude
    /// What was wrong has been put right, and that was accepted (整改验收).
    case rectified
}

package struct ContractorSignal: Hashable, Sendable {
    package var contractor: ContractorID
    /// Which job the scores are of: a task's number, or any text.
    package var job: String?
    /// In hundredths of a point, 0 to 10 000 (100 points); empty with an event.
    package var scores: [String: Int32]
    package var event: ContractorEvent?
    /// With `suspend` and `exclude`.
    package var until: Instant?
    /// When the job was finished, or when it happened.
    package var at: Instant?
    package var by: String?
    package var note: String?

    package init(
        contractor: ContractorID, job: String? = nil, scores: [String: Int32] = [:], event: ContractorEvent? = nil, until: Instant? = nil, at: Instant? = nil,
        by: String? = nil, note: String? = nil
    ) {
        self.contractor = contractor
        self.job = job
        self.scores = scores
        self.event = event
        self.until = until
        self.at = at
        self.by = by
        self.note = note
    }
}

extension InputDecoder {
    enum ContractorKey: String, CaseIterable {
        case kind, id, source, contractor, job, scores, event, until, at, by, note
    }

    static let contractorKeys = KeyTable<ContractorKey>()

    mutating func contractor() throws(JSONStop) -> ContractorSignal {
        var signal = ContractorSignal(contractor: ContractorID(""))
        var untilOffset = 0
        var jobOffset = 0
        var scan = try ObjectScan(Self.contractorKeys, &reader)
        while let key = try scan.next(&reader) {
            let offset = reader.at
            switch key {
            case .kind: try reader.skip()
            case .id: id = try reader.code()
            case .source: source = SourceID(try reader.code())
            case .contractor: signal.contractor = ContractorID(try reader.code())
            case .job:
                signal.job = try reader.optionalCode()
                jobOffset = offset
            case .scores: signal.scores = try reader.scores()
            case .event:
                let name = try reader.code()
                guard let known = ContractorEvent(rawValue: name) else {
                    throw reader.unknownValue("event", name, among: ContractorEvent.allCases.map(\.rawValue), at: offset)
                }
                signal.event = known
            case .until:
                signal.until = try reader.time()
                untilOffset = offset
            case .at: signal.at = try reader.time()
            case .by: signal.by = try reader.optionalCode()
            case .note: signal.note = try reader.freeText()
            }
        }
        leftOut = scan.passedOver
        guard !signal.contractor.rawValue.isEmpty else { throw reader.missing("contractor", of: "what is said of a contractor", at: scan.offset) }
        guard let event = signal.event else {
            guard !signal.scores.isEmpty else {
                throw reader.missing(
                    "scores", of: "what is said of a contractor", at: scan.offset,
                    "add \"scores\": {\"quality\": 92}, or \"event\": " + ContractorEvent.allCases.map(\.rawValue).joined(separator: ", "))
            }
            guard signal.job != nil else {
                throw reader.missing("job", of: "a job that was scored", at: scan.offset, "add \"job\": the task's number, or a name of the job; the same job again replaces its scores")
            }
            if signal.until != nil {
                throw reader.inconsistent("'until' goes with the events suspend and exclude only, not with scores", "take it out", at: untilOffset)
            }
            return signal
        }
        guard signal.scores.isEmpty else {
            throw reader.inconsistent("'scores' and 'event' are two things: a job that was scored, and something that happened", "send them one after the other", at: scan.offset)
        }
        if signal.job != nil, event == .rectified {
            throw reader.inconsistent("'job' goes with scores, accident and fraud, not with \(event.rawValue)", "take it out", at: jobOffset)
        }
        if signal.until != nil, event != .suspend, event != .exclude {
            throw reader.inconsistent("'until' goes with the events suspend and exclude only, not with \(event.rawValue)", "take it out", at: untilOffset)
        }
        return signal
    }
}

extension JSONReader {
    /// A job has no more.
    private static var scoresMax: Int { 32 }

    /// Names with points from 0 to 100; a null is left out. More than two decimals are rounded, halves up.
    mutating func scores() throws(JSONStop) -> [String: Int32] {
        try openObject()
        var scores: [String: Int32] = [:]
        var keys = JSONKeys(limits.membersMax)
        var isFirst = true
        while let key = try nextKey(&isFirst) {
            let offset = key.start - 1
            let name = try string(key)
            guard !name.isEmpty else { throw emptyID(at: offset) }
            try keys.insert(name, at: offset)
            if try takeNull() {
                skipSpace()
                continue
            }
            let start = at
            let points = try double()
            guard points >= 0, points <= 100 else {
                throw outOfRange("a score of \(points) is beyond the scale", "write points from 0 to 100", at: start)
            }
            scores[name] = Int32((points * 100).rounded(.toNearestOrAwayFromZero))
            guard scores.count <= Self.scoresMax else {
                throw JSONStop(code: .tooMany, offset: offset, message: "more than \(Self.scoresMax) scores", suggestion: "send only those that 'ratings' weigh")
            }
            skipSpace()
        }
        return scores
    }
}

extension InputCodec {
    static func write(_ signal: ContractorSignal, to json: inout JSONWriter) {
        json.field("contractor", signal.contractor.rawValue)
        json.field("job", signal.job)
        if !signal.scores.isEmpty {
            json.key("scores")
            json.object { json in
                for (name, score) in signal.scores.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                    json.key(named: name)
                    if score % 100 == 0 { json.int(Int(score / 100)) } else { json.double(Double(score) / 100) }
                }
            }
        }
        json.field("event", signal.event?.rawValue)
        json.field("until", signal.until)
        json.field("at", signal.at)
        json.field("by", signal.by)
        json.field("note", signal.note)
    }
}

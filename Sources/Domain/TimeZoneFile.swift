/// Why a zone file can't be used.
package enum TimeZoneFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Does not begin with `TZif`.
    case notAZoneFile
    /// Version 1 has 32-bit times and no rule for the future.
    case tooOld
    /// Ends before what its header announces.
    case truncated
    /// Counts, indexes or times that can't be.
    case inconsistent(String)
    /// A zone of `right/`, whose seconds are not Unix time.
    case countsLeapSeconds
    /// The rule at the end can't be read.
    case unreadableRule(String)

    package var description: String {
        switch self {
        case .notAZoneFile: "this is no time-zone file (TZif); give the name of one below /usr/share/zoneinfo"
        case .tooOld: "this time-zone file has version 1, without a rule for the future; install a current tzdata"
        case .truncated: "this time-zone file ends in the middle; install tzdata again"
        case .inconsistent(let what): "this time-zone file is damaged (\(what)); install tzdata again"
        case .countsLeapSeconds: "this time-zone file counts leap seconds; take the zone without right/"
        case .unreadableRule(let rule): "the rule '\(clipped(rule, to: 60))' of this time-zone file can't be read; install a current tzdata"
        }
    }
}

extension TimeZoneRules {
    /// Reads a TZif file of version 2 or later (RFC 8536), as they lie below /usr/share/zoneinfo, with its rule for the future.
    package init(name: String, tzif bytes: some Collection<UInt8>) throws(TimeZoneFault) {
        let file = Array(bytes)
        var reader = TZifReader(bytes: file)
        let old = try reader.header()
        guard old.version >= UInt8(ascii: "2") else { throw .tooOld }
        try reader.pass(old.length(timeSize: 4))
        let header = try reader.header()
        guard header.leapCount == 0 else { throw .countsLeapSeconds }
        guard header.typeCount > 0 else { throw .inconsistent("no local time types") }
        guard header.length(timeSize: 8) <= file.count - reader.at else { throw .truncated }

        var times: [Int64] = []
        for _ in 0..<header.timeCount { times.append(try reader.int64()) }
        var indexes: [Int] = []
        for _ in 0..<header.timeCount { indexes.append(Int(try reader.byte())) }
        var offsets: [Int32] = []
        for _ in 0..<header.typeCount {
            let offset = try reader.int32()
            guard offset > -26 * 3600, offset < 26 * 3600 else { throw .inconsistent("an offset of \(offset) seconds") }
            offsets.append(offset)
            try reader.pass(2)
        }
        try reader.pass(header.characterCount + header.standardCount + header.utCount)

        var transitions: [Transition] = []
        for (time, index) in zip(times, indexes) {
            guard index < offsets.count else { throw .inconsistent("local time type \(index) of \(offsets.count)") }
            let (milliseconds, overflow) = time.multipliedReportingOverflow(by: 1_000)
            let at = Instant(milliseconds: overflow ? (time < 0 ? .min : .max) : milliseconds)
            if let last = transitions.last, last.at >= at, !overflow { throw .inconsistent("transitions out of order") }
            transitions.append(Transition(at: at, offsetSeconds: offsets[index]))
        }
        guard try reader.byte() == 0x0A else { throw .inconsistent("no footer") }
        guard let end = file[reader.at...].firstIndex(of: 0x0A) else { throw .truncated }
        let text = String(decoding: file[reader.at..<end], as: UTF8.self)
        self.init(
            name: name, initialOffsetSeconds: offsets[0], transitions: transitions,
            future: text.isEmpty ? nil : try YearlyRule(posix: text))
    }
}

private struct TZifReader {
    let bytes: [UInt8]
    private(set) var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    struct Header {
        var version: UInt8
        var utCount: Int
        var standardCount: Int
        var leapCount: Int
        var timeCount: Int
        var typeCount: Int
        var characterCount: Int

        func length(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + characterCount + leapCount * (timeSize + 4) + standardCount + utCount
        }
    }

    mutating func header() throws(TimeZoneFault) -> Header {
        guard bytes.count - at >= 4, bytes[at..<(at + 4)].elementsEqual("TZif".utf8) else { throw .notAZoneFile }
        try pass(4)
        let version = try byte()
        try pass(15)
        return Header(
            version: version, utCount: try count(), standardCount: try count(), leapCount: try count(), timeCount: try count(),
            typeCount: try count(), characterCount: try count())
    }

    mutating func pass(_ count: Int) throws(TimeZoneFault) {
        guard count <= bytes.count - at else { throw .truncated }
        at += count
    }

    mutating func byte() throws(TimeZoneFault) -> UInt8 {
        guard at < bytes.count else { throw .truncated }
        at += 1
        return bytes[at - 1]
    }

    mutating func int32() throws(TimeZoneFault) -> Int32 {
        var value: UInt32 = 0
        for _ in 0..<4 { value = value << 8 | UInt32(try byte()) }
        return Int32(bitPattern: value)
    }

    mutating func int64() throws(TimeZoneFault) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<8 { value = value << 8 | UInt64(try byte()) }
        return Int64(bitPattern: value)
    }

    private mutating func count() throws(TimeZoneFault) -> Int {
        let value = try int32()
        guard value >= 0, value <= 1_000_000 else { throw .inconsistent("a count of \(value)") }
        return Int(value)
    }
}

extension YearlyRule {
    /// Reads `CST-8`, `PST8PDT,M3.2.0,M11.1.0`, `<-03>3<-02>,M3.5.0/-2,M10.5.0/-1`. Offsets count west of Greenwich, as POSIX has it.
    init(posix text: String) throws(TimeZoneFault) {
        var parser = Parser(text: text)
        guard parser.name(), let standard = parser.seconds(hoursMax: 24) else { throw .unreadableRule(text) }
        standardOffsetSeconds = Int32(-standard)
        if parser.isAtEnd {
            daylight = nil
            return
        }
        guard parser.name() else { throw .unreadableRule(text) }
        var offset = -standard + 3_600
        if !parser.next(is: ",") {
            guard let seconds = parser.seconds(hoursMax: 24) else { throw .unreadableRule(text) }
            offset = -seconds
        }
        guard parser.take(","), let begins = parser.change(), parser.take(","), let ends = parser.change(), parser.isAtEnd else {
            throw .unreadableRule(text)
        }
        daylight = Daylight(offsetSeconds: Int32(offset), begins: begins, ends: ends)
    }

    private struct Parser {
        private let bytes: [UInt8]
        private var at = 0

        init(text: String) { bytes = Array(text.utf8) }

        var isAtEnd: Bool { at == bytes.count }

        func next(is character: Unicode.Scalar) -> Bool { at < bytes.count && bytes[at] == UInt8(ascii: character) }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard next(is: character) else { return false }
            at += 1
            return true
        }

        /// `PST` or `<-03>`
        mutating func name() -> Bool {
            let start = at
            if take("<") {
                while at < bytes.count, bytes[at] != UInt8(ascii: ">") { at += 1 }
                return at > start + 1 && take(">")
            }
            while at < bytes.count, (0x41...0x5A).contains(bytes[at]) || (0x61...0x7A).contains(bytes[at]) { at += 1 }
            return at - start >= 3
        }

        mutating func number(max: Int) -> Int? {
            let start = at
            var value = 0
            while at < bytes.count, (0x30...0x39).contains(bytes[at]), at - start < 4 {
                value = value * 10 + Int(bytes[at] - 0x30)
                at += 1
            }
            return at > start && value <= max ? value : nil
        }

        /// `8`, `-3:30`, `+5:45:10`
        mutating func seconds(hoursMax: Int) -> Int? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hours = number(max: hoursMax) else { return nil }
            var seconds = hours * 3_600
            if take(":") {
                guard let minutes = number(max: 59) else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let rest = number(max: 59) else { return nil }
                    seconds += rest
                }
            }
            return isNegative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Day
            if take("J") {
                guard let n = number(max: 365), n >= 1 else { return nil }
                day = .withoutLeapDay(n)
            } else if take("M") {
                guard let month = number(max: 12), month >= 1, take("."), let week = number(max: 5), week >= 1, take("."),
                    let weekday = number(max: 6)
                else { return nil }
                day = .ofMonth(month: month, week: week, weekday: weekday)
            } else {
                guard let n = number(max: 365) else { return nil }
                day = .ofYear(n)
            }
            guard take("/") else { return Change(day: day, second: 7_200) }
            guard let second = seconds(hoursMax: 167) else { return nil }
            return Change(day: day, second: second)
        }
    }
}

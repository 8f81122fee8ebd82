/// Why a text is not a time: what is wrong, and the right form.
package struct TimeFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let message: String
    package let suggestion: String
    package var description: String { message + "; " + suggestion }
}

extension Instant {
    /// Reads RFC 3339: `2026-11-22T08:15:00+08:00`, `2026-11-22T00:15:00.250Z`. `t`, `z` and a space between date and time are taken too.
    ///
    /// - Fractions are cut after the millisecond.
    /// - A leap second (23:59:60 in UTC) is read as the last millisecond before it, …:59.999, because the house counts no leap seconds;
    ///   a second 60 anywhere else does not exist.
    /// - The offset is needed (`Z` or `+08:00`, at most 23:59): without it the text names no instant.
    package init(rfc3339 text: some StringProtocol) throws(TimeFault) {
        var result: Result<Instant, TimeFault>?
        var copy = String(text)
        copy.withUTF8 { utf8 in
            do throws(TimeFault) { result = .success(try Instant(rfc3339: utf8)) } catch { result = .failure(error) }
        }
        guard let result else { throw RFC3339.notATime(copy) }
        self = try result.get()
    }

    /// The same, from UTF-8 bytes.
    init(rfc3339 utf8: UnsafeBufferPointer<UInt8>) throws(TimeFault) {
        func digits(_ at: Int, _ count: Int) -> Int {
            var value = 0
            for i in at..<(at + count) {
                let digit = Int(utf8[i]) - 0x30
                guard digit >= 0, digit <= 9 else { return -1 }
                value = value * 10 + digit
            }
            return value
        }
        guard utf8.count >= 10, utf8[4] == UInt8(ascii: "-"), utf8[7] == UInt8(ascii: "-") else { throw RFC3339.notATime(utf8) }
        let year = digits(0, 4)
        let month = digits(5, 2)
        let day = digits(8, 2)
        guard year >= 0, month >= 0, day >= 0 else { throw RFC3339.notATime(utf8) }
        if utf8.count == 10 { throw RFC3339.dateAlone(utf8) }
        let separator = utf8[10]
        guard separator == UInt8(ascii: "T") || separator == UInt8(ascii: "t") || separator == UInt8(ascii: " ") else {
            throw RFC3339.notATime(utf8)
        }
        guard utf8.count >= 16, utf8[13] == UInt8(ascii: ":") else { throw RFC3339.notATime(utf8) }
        let hour = digits(11, 2)
        let minute = digits(14, 2)
        guard hour >= 0, minute >= 0 else { throw RFC3339.notATime(utf8) }
        guard utf8.count >= 19, utf8[16] == UInt8(ascii: ":") else { throw RFC3339.noSeconds(utf8) }
        let second = digits(17, 2)
        guard second >= 0 else { throw RFC3339.notATime(utf8) }
        var at = 19
        var millisecond = 0
        if at < utf8.count, utf8[at] == UInt8(ascii: ".") {
            at += 1
            let first = at
            var weight = 100
            while at < utf8.count, utf8[at] >= 0x30, utf8[at] <= 0x39 {
                millisecond += weight * Int(utf8[at] - 0x30)
                weight /= 10
                at += 1
            }
            guard at > first else { throw RFC3339.notATime(utf8) }
        }
        guard at < utf8.count else { throw RFC3339.noOffset(utf8) }
        var offsetMinutes = 0
        switch utf8[at] {
        case UInt8(ascii: "Z"), UInt8(ascii: "z"):
            guard utf8.count == at + 1 else { throw RFC3339.notATime(utf8) }
        case UInt8(ascii: "+"), UInt8(ascii: "-"):
            guard utf8.count == at + 6, utf8[at + 3] == UInt8(ascii: ":") else { throw RFC3339.badOffset(utf8, from: at) }
            let hours = digits(at + 1, 2)
            let minutes = digits(at + 4, 2)
            guard hours >= 0, minutes >= 0, hours <= 23, minutes <= 59 else { throw RFC3339.badOffset(utf8, from: at) }
            offsetMinutes = (hours * 60 + minutes) * (utf8[at] == UInt8(ascii: "-") ? -1 : 1)
        default: throw RFC3339.notATime(utf8)
        }
        guard let date = CivilDate(year: year, month: month, day: day) else {
            throw RFC3339.noSuchDate(utf8, year: year, month: month, day: day)
        }
        guard hour <= 23, minute <= 59, second <= 60 else { throw RFC3339.noSuchTime(utf8) }
        var seconds = date.daysSinceEpoch * 86_400 + hour * 3_600 + minute * 60 + second - offsetMinutes * 60
        if second == 60 {
            // Only the second before a UTC midnight can be inserted.
            guard seconds % 86_400 == 0 else { throw RFC3339.noSuchTime(utf8) }
            seconds -= 1
            millisecond = 999
        }
        self.init(milliseconds: Int64(seconds) * 1_000 + Int64(millisecond))
        guard self >= .first, self <= .last else { throw RFC3339.outOfYears(utf8) }
    }

    /// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: what RFC 3339 can write in UTC.
    package static let first = Instant(milliseconds: Int64(CivilDate.firstDay) * 86_400_000)
    package static let last = Instant(milliseconds: Int64(CivilDate.lastDay) * 86_400_000 + 86_399_999)

    /// `2026-11-22T08:15:00+08:00` in the zone, `…Z` in UTC; milliseconds only where they are not zero. An instant outside the years
    /// 1 to 9999 is written as the nearest one inside.
    package func rfc3339(in zone: TimeZoneRules = .utc) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(29)
        appendRFC3339(offsetSeconds: Int(zone.offsetSeconds(at: self)), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same as bytes; offsets with odd seconds (local mean times before 1900) are rounded down to the minute, the instant stays exact.
    private func appendRFC3339(offsetSeconds: Int, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.rfc3339BytesMax) { text in
            guard let base = text.baseAddress else { return }
            bytes.append(contentsOf: UnsafeBufferPointer(start: base, count: writeRFC3339(offsetSeconds: offsetSeconds, to: base)))
        }
    }

    /// `2026-11-22T08:15:00.250+08:00` has the most.
    static let rfc3339BytesMax = 29

    /// Writes at most `rfc3339BytesMax` bytes, and says how many.
    func writeRFC3339(offsetSeconds: Int, to text: UnsafeMutablePointer<UInt8>) -> Int {
        let offset = offsetSeconds >= 0 ? offsetSeconds / 60 : (offsetSeconds - 59) / 60
        let earliest = max(Instant.first.milliseconds, Instant.first.milliseconds - Int64(offset) * 60_000)
        let latest = min(Instant.last.milliseconds, Instant.last.milliseconds - Int64(offset) * 60_000)
        let local = min(max(milliseconds, earliest), latest) + Int64(offset) * 60_000
        let days = Int((local >= 0 ? local : local - 86_399_999) / 86_400_000)
        let rest = Int(local - Int64(days) * 86_400_000)
        let date = CivilDate(daysSinceEpoch: days)
        var count = 0
        func put(_ byte: UInt8) {
            text[count] = byte
            count += 1
        }
        func two(_ value: Int) {
            put(0x30 + UInt8(truncatingIfNeeded: value / 10))
            put(0x30 + UInt8(truncatingIfNeeded: value % 10))
        }
        two(date.year / 100)
        two(date.year % 100)
        put(UInt8(ascii: "-"))
        two(date.month)
        put(UInt8(ascii: "-"))
        two(date.day)
        put(UInt8(ascii: "T"))
        two(rest / 3_600_000)
        put(UInt8(ascii: ":"))
        two(rest / 60_000 % 60)
        put(UInt8(ascii: ":"))
        two(rest / 1_000 % 60)
        if rest % 1_000 != 0 {
            put(UInt8(ascii: "."))
            put(0x30 + UInt8(truncatingIfNeeded: rest % 1_000 / 100))
            two(rest % 100)
        }
        if offsetSeconds == 0 {
            put(UInt8(ascii: "Z"))
        } else {
            put(offset < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            two(abs(offset) / 60)
            put(UInt8(ascii: ":"))
            two(abs(offset) % 60)
        }
        return count
    }
}

/// The wording of time faults.
enum RFC3339 {
    static let example = "2026-11-22T08:15:00+08:00"

    private static func shown(_ utf8: UnsafeBufferPointer<UInt8>) -> String { clipped(String(decoding: utf8, as: UTF8.self), to: 40) }

    static func notATime(_ text: String) -> TimeFault {
        TimeFault(message: "'\(clipped(text, to: 40))' is not a time", suggestion: "write it like \(example)")
    }

    static func notATime(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault { notATime(String(decoding: utf8, as: UTF8.self)) }

    static func dateAlone(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault {
        TimeFault(message: "'\(shown(utf8))' has no time of day", suggestion: "write it like \(shown(utf8))T08:15:00+08:00")
    }

    static func noSeconds(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault {
        let text = String(decoding: utf8, as: UTF8.self)
        let minutes = text.utf8.prefix(16)
        let rest = text.utf8.dropFirst(16)
        let offset = rest.isEmpty ? "+08:00" : String(rest) ?? "+08:00"
        return TimeFault(
            message: "'\(clipped(text, to: 40))' has no seconds", suggestion: "write \(String(minutes) ?? ""):00\(clipped(offset, to: 12))")
    }

    static func noOffset(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault {
        TimeFault(
            message: "'\(shown(utf8))' has no offset from UTC, so it names no instant",
            suggestion: "write \(shown(utf8))+08:00 (or the offset where it was taken)")
    }

    static func badOffset(_ utf8: UnsafeBufferPointer<UInt8>, from at: Int) -> TimeFault {
        let offset = String(decoding: utf8[at...], as: UTF8.self)
        return TimeFault(message: "'\(clipped(offset, to: 12))' is not an offset from UTC", suggestion: "write it like +08:00, or Z for UTC")
    }

    static func noSuchDate(_ utf8: UnsafeBufferPointer<UInt8>, year: Int, month: Int, day: Int) -> TimeFault {
        let text = String(decoding: utf8, as: UTF8.self)
        let date = String(text.utf8.prefix(10)) ?? ""
        let rest = String(text.utf8.dropFirst(10)) ?? ""
        guard year >= 1, month >= 1, month <= 12, day >= 1,
            let near = CivilDate(year: year, month: month, day: min(day, CivilDate.days(inMonth: month, of: year)))
        else { return TimeFault(message: "\(date) is not a date that exists", suggestion: "write it like \(example)") }
        return TimeFault(message: "\(date) is not a date that exists", suggestion: "write \(near)\(clipped(rest, to: 30))")
    }

    static func noSuchTime(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault {
        let time = String(decoding: utf8[11..<19], as: UTF8.self)
        return TimeFault(
            message: "\(time) is not a time of day", suggestion: "hours go from 00 to 23, minutes and seconds from 00 to 59: write it like \(example)")
    }

    static func outOfYears(_ utf8: UnsafeBufferPointer<UInt8>) -> TimeFault {
        TimeFault(message: "\(shown(utf8)) lies outside the years 1 to 9999 of UTC", suggestion: "write it like \(example)")
    }
}

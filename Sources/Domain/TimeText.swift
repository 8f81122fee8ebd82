extension TimeSpan {
    /// For tables: `45 s`, `45 min`, `1 h 05 min`, `2 d 03 h`; rounded down to the last unit shown, `-` before a negative one.
    package var text: String {
        guard milliseconds > Int64.min else { return "-∞" }
        let seconds = abs(milliseconds) / 1_000
        let sign = milliseconds < 0 && seconds > 0 ? "-" : ""
        func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        switch seconds {
        case 0..<60: return "\(sign)\(seconds) s"
        case 60..<3_600: return "\(sign)\(seconds / 60) min"
        case 3_600..<86_400: return "\(sign)\(seconds / 3_600) h \(two(seconds / 60 % 60)) min"
        default: return "\(sign)\(seconds / 86_400) d \(two(seconds / 3_600 % 24)) h"
        }
    }

    /// Reads what stands behind `--since`: `90s`, `90m`, `12h`, `7d`, `2w`, and several in falling order, `1d12h`. Not negative, up to 10 000 years.
    package init(short text: some StringProtocol) throws(TimeFault) {
        let units: [(letter: UInt8, milliseconds: Int64)] = [
            (UInt8(ascii: "w"), 604_800_000), (UInt8(ascii: "d"), 86_400_000), (UInt8(ascii: "h"), 3_600_000), (UInt8(ascii: "m"), 60_000),
            (UInt8(ascii: "s"), 1_000),
        ]
        let fault = TimeFault(
            message: "'\(clipped(String(text), to: 40))' is not a length of time", suggestion: "write it like 90m, 12h, 7d or 1d12h")
        var total: Int64 = 0
        var number: Int64?
        var next = 0
        for byte in text.utf8 {
            if byte >= 0x30, byte <= 0x39 {
                let value = (number ?? 0) * 10 + Int64(byte - 0x30)
                guard value <= 10_000 * 366 * 86_400 else { throw fault }
                number = value
                continue
            }
            guard let count = number, let unit = units[next...].firstIndex(where: { $0.letter == byte }) else { throw fault }
            let (product, a) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
            let (sum, b) = total.addingReportingOverflow(product)
            guard !a, !b, sum <= 10_000 * 366 * 86_400_000 else { throw fault }
            total = sum
            number = nil
            next = unit + 1
        }
        guard number == nil, next > 0 else { throw fault }
        self.init(milliseconds: total)
    }
}

extension Instant {
    /// Reads a point in the past as the command line takes it: a length of time before `now` (`7d`, `90m`), an RFC 3339 time, or a date alone
    /// (`2026-11-22`: its midnight in the zone).
    package init(since text: some StringProtocol, now: Instant, zone: TimeZoneRules) throws(TimeFault) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        if text.utf8.count == 10, parts.count == 3, let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]) {
            guard let date = CivilDate(year: year, month: month, day: day) else {
                throw TimeFault(message: "\(text) is not a date that exists", suggestion: "write it like 2026-11-22, \(RFC3339.example) or 7d")
            }
            self = zone.instant(of: date)
        } else if text.contains("-") || text.contains(":") {
            self = try Instant(rfc3339: text)
        } else {
            let span: TimeSpan
            do throws(TimeFault) { span = try TimeSpan(short: text) } catch {
                throw TimeFault(message: "'\(clipped(String(text), to: 40))' is not a time", suggestion: "write it like 7d, 90m or \(RFC3339.example)")
            }
            self = now + TimeSpan(milliseconds: -span.milliseconds)
        }
    }
}

package import Domain

/// Times, distances, percentages and numbers as operators write them: `1 h 30 min`, `40 km`, `50%`, `08:00`.
enum Quantity {
    /// `suggestion` is the right form of what was probably meant; nil when there is no guessing.
    struct Fault: Error, Hashable {
        enum Kind: Hashable { case unit, range, workingDays }
        var kind: Kind
        var suggestion: String?
    }

    // MARK: Durations

    private static let milliseconds: [String: Int64] = ["s": 1_000, "min": 60_000, "h": 3_600_000, "day": 86_400_000, "days": 86_400_000]
    /// What people write instead.
    private static let otherUnits: [String: String] = [
        "sec": "s", "secs": "s", "second": "s", "seconds": "s", "秒": "s", "m": "min", "mins": "min", "minute": "min", "minutes": "min",
        "分": "min", "分钟": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "小时": "h", "时": "h", "d": "day", "天": "day", "日": "day",
    ]
    static let durationMax = TimeSpan.days(3_660)

    /// A whole number, a blank and a unit (s, min, h, day, days), or several of them from the largest unit down. 1 s to 3660 days.
    static func duration(_ text: String) throws(Fault) -> TimeSpan {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard !words.isEmpty, words.count % 2 == 0 else { throw guessDuration(text) }
        var sum: Int64 = 0
        var lastUnit = Int64.max
        for i in stride(from: 0, to: words.count, by: 2) {
            guard let number = wholeNumber(words[i]), let unit = milliseconds[words[i + 1]], unit < lastUnit else { throw guessDuration(text) }
            let (part, overflow) = number.multipliedReportingOverflow(by: unit)
            let (total, overflow2) = sum.addingReportingOverflow(part)
            guard !overflow, !overflow2 else { throw Fault(kind: .range) }
            sum = total
            lastUnit = unit
        }
        let span = TimeSpan(milliseconds: sum)
        guard span >= .seconds(1), span <= durationMax else { throw Fault(kind: .range) }
        return span
    }

    // MARK: Limits

    static let workingDaysMax = 3_660

    /// A duration, `22 working days` or `8 working hours`. 1 s to 3660 days; 1 to 3660 working days; 1 to 10000 working hours.
    static func limit(_ text: String) throws(Fault) -> LimitLength {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        if words.count == 3, words[1] == "working", let number = wholeNumber(words[0]) {
            switch words[2] {
            case "day", "days":
                guard number >= 1, number <= Int64(workingDaysMax) else { throw Fault(kind: .range) }
                return .workingDays(Int(number))
            case "hour", "hours":
                guard number >= 1, number <= 10_000 else { throw Fault(kind: .range) }
                return .workingTime(.hours(number))
            default: break
            }
        }
        do throws(Fault) {
            return .time(try duration(text))
        } catch {
            throw guessWorking(text) ?? (error.kind == .workingDays ? Fault(kind: .unit) : error)
        }
    }

    /// `22 workdays`, `3wd`, `5 个工作日`, `1 business day`, `4 working h`: what was probably meant.
    private static func guessWorking(_ text: String) -> Fault? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = wholeNumber(digits), number >= 1, number <= Int64(workingDaysMax) else { return nil }
        let rest = text.dropFirst(digits.count).lowercased().filter { $0 != " " && $0 != "-" && $0 != "_" && $0 != "个" }
        let plural = number == 1 ? "" : "s"
        switch rest {
        case "workingday", "workingdays", "workday", "workdays", "workdy", "wd", "wds", "businessday", "businessdays", "bd", "工作日", "workingd":
            return Fault(kind: .unit, suggestion: "\(number) working day\(plural)")
        case "workinghour", "workinghours", "workhour", "workhours", "wh", "businesshour", "businesshours", "workingh", "小时工作时间", "工作小时", "工时":
            return Fault(kind: .unit, suggestion: "\(number) working hour\(plural)")
        default: return nil
        }
    }

    private static func guessDuration(_ text: String) -> Fault {
        if text.contains("working day") || text.contains("工作日") { return Fault(kind: .workingDays) }
        // Numbers and words apart, however they were written: `1.5hours`, `45min`, `1h30`.
        var tokens: [String] = []
        for character in text where character != " " {
            let isNumber = character.isASCII && (character.isNumber || character == ".")
            if let last = tokens.last?.last, (last.isASCII && (last.isNumber || last == ".")) == isNumber {
                tokens[tokens.count - 1].append(character)
            } else {
                tokens.append(String(character))
            }
        }
        guard !tokens.isEmpty, tokens.count <= 8 else { return Fault(kind: .unit) }
        if tokens.count == 1, wholeNumber(tokens[0]) != nil { return Fault(kind: .unit, suggestion: tokens[0] + " min") }
        guard tokens.count % 2 == 0 else { return Fault(kind: .unit) }
        var sum = 0.0
        for i in stride(from: 0, to: tokens.count, by: 2) {
            let word = tokens[i + 1].lowercased()
            guard let number = Double(tokens[i]), number.isFinite, let unit = milliseconds[word] ?? otherUnits[word].flatMap({ milliseconds[$0] })
            else { return Fault(kind: .unit) }
            sum += number * Double(unit)
        }
        guard sum >= 1_000, sum <= Double(durationMax.milliseconds) else { return Fault(kind: .unit) }
        return Fault(kind: .unit, suggestion: words(for: TimeSpan(milliseconds: Int64(sum))))
    }

    /// `1 h 30 min`: the form that `duration` reads.
    static func words(for span: TimeSpan) -> String { LimitLength.time(span).ruleText }

    // MARK: Distances, percentages, hours

    /// Half the way round the earth.
    static let distanceMax = 20_000_000

    /// `40 km`, `800 m` in whole metres, 1 m to 20 000 km.
    static func distance(_ text: String) throws(Fault) -> Int {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2, let number = wholeNumber(words[0]), words[1] == "km" || words[1] == "m" else { throw guessDistance(text) }
        let (metres, overflow) = number.multipliedReportingOverflow(by: words[1] == "km" ? 1_000 : 1)
        guard !overflow, metres >= 1, metres <= Int64(distanceMax) else { throw Fault(kind: .range) }
        return Int(metres)
    }

    private static func guessDistance(_ text: String) -> Fault {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        guard let value = Double(number), value.isFinite, value > 0 else { return Fault(kind: .unit) }
        let factors: [String: Double] = [
            "km": 1_000, "kms": 1_000, "kilometre": 1_000, "kilometres": 1_000, "kilometer": 1_000, "kilometers": 1_000, "公里": 1_000, "千米": 1_000,
            "m": 1, "metre": 1, "metres": 1, "meter": 1, "meters": 1, "米": 1,
            // Nobody sends a crew for hundreds of kilometres: so many are metres.
            "": value < 100 ? 1_000 : 1,
        ]
        guard let factor = factors[unit] else { return Fault(kind: .unit) }
        let metres = (value * factor).rounded()
        guard metres >= 1, metres <= Double(distanceMax) else { return Fault(kind: .unit) }
        let whole = Int(metres)
        return Fault(kind: .unit, suggestion: whole % 1_000 == 0 ? "\(whole / 1_000) km" : "\(whole) m")
    }

    /// `50%`: whole per cent, 1 to 1000.
    static func percent(_ text: String) throws(Fault) -> Int {
        guard text.hasSuffix("%"), let number = wholeNumber(text.dropLast()) else {
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let rest = text.dropFirst(digits.count).drop { $0 == " " }
            guard let number = wholeNumber(digits), number >= 1, number <= 1_000, ["", "%", "percent", "％"].contains(String(rest)) else {
                throw Fault(kind: .unit)
            }
            throw Fault(kind: .unit, suggestion: "\(number)%")
        }
        guard number >= 1, number <= 1_000 else { throw Fault(kind: .range) }
        return Int(number)
    }

    /// `08:00`: minutes after midnight, 0 to 1440 (`24:00`).
    static func timeOfDay(_ text: String) throws(Fault) -> Int {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let hour = wholeNumber(parts[0]), let minute = wholeNumber(parts[1]) else {
            if let hour = wholeNumber(text), hour <= 24 { throw Fault(kind: .unit, suggestion: (hour < 10 ? "0" : "") + "\(hour):00") }
            throw Fault(kind: .unit)
        }
        guard hour <= 24, minute <= 59, hour < 24 || minute == 0 else { throw Fault(kind: .range) }
        guard parts[0].utf8.count == 2, parts[1].utf8.count == 2 else {
            throw Fault(kind: .unit, suggestion: (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)")
        }
        return Int(hour * 60 + minute)
    }

    /// Digits alone, at most 18 of them.
    static func wholeNumber(_ text: some StringProtocol) -> Int64? {
        guard !text.isEmpty, text.utf8.count <= 18, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }

    /// `28.0121`, `-3`: degrees without exponent, at most `limit` either way. nil: no such number; .range: too large.
    static func degrees(_ text: String, limit: Double) throws(Fault) -> Double {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 2, parts.allSatisfy({ wholeNumber($0) != nil }), let value = Double(text) else {
            throw Fault(kind: .unit)
        }
        guard value >= -limit, value <= limit else { throw Fault(kind: .range) }
        return value
    }
}

/// A length of time as rule files have it: `1 h 30 min`.
package func words(for span: TimeSpan) -> String { Quantity.words(for: span) }

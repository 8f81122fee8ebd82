import Domain

/// Reads `calendar`: which days are worked, and between which hours.
///
/// Any module may have it, but only one of the set. Public holidays are published a year at a time: a year that stands in no calendar is not
/// known, and whoever shows a deadline in it says so.
struct CalendarReader {
    let reader: FileReader
    let sources: [SourceText]

    static let yearsKnown = 2_000...2_100
    static let example = "2026:\n  holidays: [01-01..01-03]\n  workdays: [01-04]"

    func read(_ node: Node) -> WorkingCalendar? {
        guard !node.isSpoilt else { return nil }
        guard case .map(let pairs, let flow) = node.content else {
            reader.error(reader.place(node), .notABlock("'calendar'", found: node.kind, example: Self.example))
            return nil
        }
        // Years are keys, too.
        func number(_ pair: Node.Pair) -> Int? {
            guard let text = pair.key.text, text.utf8.count == 4, let number = Quantity.wholeNumber(text) else { return nil }
            return Int(number)
        }
        var rest = node
        rest.content = .map(pairs.filter { number($0) == nil }, flow: flow)
        guard let block = reader.block(rest, Keys.calendar, at: pairs.first?.key.range, elsewhere: { Keys.later.contains($0) ? nil : unknown($0) }) else { return nil }
        let countsStartDay = block["count_start_day"].flatMap { reader.flag($0, "count_start_day") } ?? false
        let hours = block["business_hours"].flatMap { self.hours($0) }

        var years: [Int: WorkingCalendar.Year] = [:]
        for pair in pairs {
            guard let year = number(pair), !pair.key.isSpoilt else { continue }
            guard Self.yearsKnown.contains(year) else {
                reader.error(pair.key.range, .noYear("\(year)"))
                continue
            }
            if pair.value.isEmpty {
                reader.error(pair.key.range, .emptyValue("\(year)", example: Self.example))
                continue
            }
            guard let one = reader.block(pair.value, Keys.calendarYear, named: "\(year)", example: Self.example, at: pair.key.range) else { continue }
            years[year] = self.year(year, one)
        }
        if let node = block["import"] { importYears(node, &years) }
        return WorkingCalendar(years: years, countsStartDay: countsStartDay, hours: hours)
    }

    /// A key that is nearly one of ours gets the usual suggestion.
    private func unknown(_ key: String) -> Wording? { nearestName(to: key, among: Keys.calendar.names) == nil ? .noYear(key) : nil }

    private func hours(_ node: Node) -> WorkingCalendar.Hours? {
        guard let block = reader.block(node, Keys.businessHours, example: Keys.calendar.examples["business_hours"]) else { return nil }
        let from = reader.required("from", in: block).flatMap { reader.timeOfDay($0, "from") }
        let until = reader.required("until", in: block).flatMap { reader.timeOfDay($0, "until") }
        guard let from, let until else { return nil }
        guard let hours = WorkingCalendar.Hours(fromMinute: from, untilMinute: until) else {
            reader.error(block.keyRanges["until"] ?? block.anchor, .businessHoursOrder)
            return nil
        }
        return hours
    }

    private func year(_ number: Int, _ block: Block) -> WorkingCalendar.Year {
        var year = WorkingCalendar.Year()
        for (key, isHoliday) in [("holidays", true), ("workdays", false)] {
            guard let node = block[key] else { continue }
            for item in reader.list(node, key, of: "days", example: Keys.calendarYear.examples[key]) ?? [] {
                for day in days(item, key, in: number) {
                    let isThere = isHoliday ? year.holidays.contains(day) : year.workdays.contains(day)
                    if isThere || (!isHoliday && year.holidays.contains(day)) {
                        reader.error(reader.place(item), .dateTwice(Self.short(day), first: isThere ? key : "holidays", second: key))
                    } else if isHoliday {
                        year.holidays.insert(day)
                    } else {
                        year.workdays.insert(day)
                        if day.weekday <= 5 {
                            reader.findings.warning(
                                reader.file, reader.place(item), .idleWorkday(day.description, weekday: Self.weekdays[day.weekday - 1]))
                        }
                    }
                }
            }
        }
        return year
    }

    private static let weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    private static func short(_ day: CivilDate) -> String { String(day.description.dropFirst(5)) }

    /// `02-14`, `01-28..02-04`.
    private func days(_ node: Node, _ name: String, in year: Int) -> [CivilDate] {
        guard let text = reader.text(node, name, example: Keys.calendarYear.examples[name]) else { return [] }
        let ends = Self.ends(text)
        guard ends.count == 1 || ends.count == 2, let first = ends.first.flatMap(Self.monthAndDay), let last = ends.last.flatMap(Self.monthAndDay) else {
            reader.error(reader.place(node), .badDate(text, suggestion: Self.guess(text, year: year)))
            return []
        }
        guard let from = CivilDate(year: year, month: first.month, day: first.day), let to = CivilDate(year: year, month: last.month, day: last.day) else {
            reader.error(reader.place(node), .noSuchDate(text, year: year))
            return []
        }
        guard from <= to else {
            reader.error(reader.place(node), .datesTheWrongWayRound(text, suggestion: ends[0] == "12-31" ? "12-31" : "\(ends[0])..12-31"))
            return []
        }
        return (from.daysSinceEpoch...to.daysSinceEpoch).map { CivilDate(daysSinceEpoch: $0) }
    }

    /// What stands before and behind `..`.
    private static func ends(_ text: String) -> [String] {
        guard let range = text.utf8.indices.dropLast().first(where: { text.utf8[$0] == 0x2E && text.utf8[text.utf8.index(after: $0)] == 0x2E }) else { return [text] }
        return [String(text[..<range]), String(text[text.utf8.index(range, offsetBy: 2)...])]
    }

    private static func monthAndDay(_ text: String) -> (month: Int, day: Int)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let month = Quantity.wholeNumber(parts[0]), let day = Quantity.wholeNumber(parts[1])
        else { return nil }
        return (Int(month), Int(day))
    }

    /// `2026-01-28`, `1-28`, `1/28`, `1月28日`, `01-28 - 02-04`, `01-28...02-04`: what was probably meant.
    private static func guess(_ text: String, year: Int) -> String? {
        var numbers: [Int] = []
        var current: Int?
        for scalar in text.unicodeScalars.prefix(60) {
            if let digit = scalar.properties.numericType == .decimal ? scalar.properties.numericValue.map({ Int($0) }) : nil {
                guard (current ?? 0) < 100_000 else { return nil }
                current = (current ?? 0) * 10 + digit
            } else if let number = current {
                numbers.append(number)
                current = nil
            }
        }
        if let current { numbers.append(current) }
        numbers.removeAll { $0 == year }
        guard numbers.count == 2 || numbers.count == 4 else { return nil }
        func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
        var days: [String] = []
        for i in stride(from: 0, to: numbers.count, by: 2) {
            guard CivilDate(year: year, month: numbers[i], day: numbers[i + 1]) != nil else { return nil }
            days.append("\(two(numbers[i]))-\(two(numbers[i + 1]))")
        }
        return days.joined(separator: "..")
    }

    // MARK: Import

    private func importYears(_ node: Node, _ years: inout [Int: WorkingCalendar.Year]) {
        guard let block = reader.block(node, Keys.calendarImport, example: Keys.calendar.examples["import"]),
            let fileNode = reader.required("file", in: block), let name = reader.text(fileNode, "file", example: "file: holidays.ics")
        else { return }
        let mark = block["workday_mark"].flatMap { reader.text($0, "workday_mark", example: "workday_mark: 班") }
        guard let file = sources.firstIndex(where: { $0.name == name }) else {
            let tables = sources.map(\.name).filter { $0.hasSuffix(".ics") }
            reader.error(reader.place(fileNode), .noSuchFile(name, suggestion: nearestName(to: name, among: tables)))
            return
        }
        let events = ICalendarReader(source: sources[file], file: file, findings: reader.findings).read()
        var imported: [Int: WorkingCalendar.Year] = [:]
        for event in events {
            for number in event.days.lowerBound.daysSinceEpoch...event.days.upperBound.daysSinceEpoch {
                let day = CivilDate(daysSinceEpoch: number)
                if let mark, event.summary.contains(mark) {
                    imported[day.year, default: .init()].workdays.insert(day)
                } else {
                    imported[day.year, default: .init()].holidays.insert(day)
                }
            }
        }
        for (year, days) in imported.sorted(by: { $0.key < $1.key }) {
            if years[year] != nil {
                reader.error(reader.place(fileNode), .yearTwice(year, file: name))
            } else {
                years[year] = days
            }
        }
    }
}

/// Reads the whole-day events of an iCalendar file (RFC 5545), as calendar programs and public holiday feeds write it.
///
/// Of an event it takes `DTSTART` and `DTEND` (or `DURATION` in days) as dates, and `SUMMARY`. An event with a time of day is no holiday and
/// is left out with a warning; so is one that repeats by a rule, because public holidays don't.
struct ICalendarReader {
    let source: SourceText
    let file: Int
    let findings: Findings

    struct Event {
        var days: ClosedRange<CivilDate>
        var summary: String
    }

    /// A line with the lines that continue it.
    private struct Line {
        /// In capitals, without parameters.
        var name: String
        var parameters: String
        var value: String
        var range: Range<Int>
    }

    static let bytesMax = 4 << 20

    func read() -> [Event] {
        guard source.bytes.count <= Self.bytesMax else {
            findings.error(file, 0..<0, .fileTooLarge(source.bytes.count, limit: Self.bytesMax))
            return []
        }
        if let bad = UTF8Check.firstInvalid(source.bytes) {
            findings.error(file, bad..<(bad + 1), .invalidUTF8(source.bytes[bad]))
            return []
        }
        var events: [Event] = []
        var start: (Line, CivilDate?)?
        var end: (Line, CivilDate?)?
        var duration: (Line, Int?)?
        var summary = ""
        var repeats: Line?
        var opening: Line?
        var isCalendar = false
        for line in lines() {
            switch (line.name, opening != nil) {
            case ("BEGIN", _) where line.value.uppercased() == "VCALENDAR": isCalendar = true
            case ("BEGIN", false) where line.value.uppercased() == "VEVENT":
                (opening, start, end, duration, summary, repeats) = (line, nil, nil, nil, "", nil)
            case ("END", true) where line.value.uppercased() == "VEVENT":
                if let opening { event(opening, start, end, duration, summary, repeats, &events) }
                opening = nil
            case ("DTSTART", true): start = (line, date(line))
            case ("DTEND", true): end = (line, date(line))
            case ("DURATION", true): duration = (line, Self.days(line.value))
            case ("SUMMARY", true): summary = Self.unescaped(line.value)
            case ("RRULE", true), ("RDATE", true): repeats = line
            default: break
            }
        }
        if !isCalendar {
            findings.error(file, source.start..<source.start, .badEvent("this is no iCalendar file: it has no line BEGIN:VCALENDAR"))
        } else if let opening {
            findings.error(file, opening.range, .badEvent("this event does not end: the file is cut off"))
        }
        return events
    }

    private func event(
        _ opening: Line, _ start: (Line, CivilDate?)?, _ end: (Line, CivilDate?)?, _ duration: (Line, Int?)?, _ summary: String, _ repeats: Line?,
        _ events: inout [Event]
    ) {
        guard let start else {
            findings.error(file, opening.range, .badEvent("this event has no DTSTART"))
            return
        }
        guard let first = start.1 else {
            findings.warning(
                file, start.0.range, .badEvent("'\(start.0.value.prefix(40))' is no whole day (DTSTART;VALUE=DATE:20270101); this event is left out"))
            return
        }
        if let repeats {
            findings.warning(file, repeats.range, .badEvent("this event repeats by a rule, and public holidays are published year by year; it is left out"))
            return
        }
        var last = first
        if let end {
            // The end is the day after the last.
            guard let day = end.1, day > first || day == first else {
                findings.error(file, end.0.range, .badEvent("'\(end.0.value.prefix(40))' is no day after the event's beginning"))
                return
            }
            if day > first { last = day.adding(days: -1) }
        } else if let duration {
            guard let days = duration.1, days >= 1 else {
                findings.error(file, duration.0.range, .badEvent("'\(duration.0.value.prefix(40))' is no number of whole days (P7D)"))
                return
            }
            last = first.adding(days: days - 1)
        }
        guard CalendarReader.yearsKnown.contains(first.year), CalendarReader.yearsKnown.contains(last.year), last.daysSinceEpoch - first.daysSinceEpoch < 100 else {
            findings.error(file, start.0.range, .badEvent("from \(first) to \(last) is no public holiday: years 2000 to 2100, and less than 100 days"))
            return
        }
        events.append(Event(days: first...last, summary: summary))
    }

    /// `20270101`
    private func date(_ line: Line) -> CivilDate? {
        guard line.value.utf8.count == 8, let number = Quantity.wholeNumber(line.value), !line.parameters.uppercased().contains("VALUE=DATE-TIME") else { return nil }
        return CivilDate(packed: Int32(number))
    }

    /// `P7D`, `P1W`
    private static func days(_ text: String) -> Int? {
        let text = text.uppercased()
        guard text.hasPrefix("P"), text.hasSuffix("D") || text.hasSuffix("W"), let number = Quantity.wholeNumber(text.dropFirst().dropLast()), number <= 1_000 else { return nil }
        return Int(number) * (text.hasSuffix("W") ? 7 : 1)
    }

    private static func unescaped(_ text: String) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" || character == "N" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }

    /// The lines, those that begin with a blank joined to the one before.
    private func lines() -> [Line] {
        var joined: [(text: [UInt8], range: Range<Int>)] = []
        for number in source.lineStarts.indices {
            let range = source.range(ofLine: number)
            let bytes = source.bytes[range]
            guard let first = bytes.first else { continue }
            if first == 0x20 || first == 0x09, !joined.isEmpty {
                joined[joined.count - 1].text += bytes.dropFirst()
            } else {
                joined.append((Array(bytes), range))
            }
        }
        return joined.compactMap { text, range in
            // The colon that ends the parameters; one inside quotes does not.
            var isQuoted = false
            var colon: Int?
            for (place, byte) in text.enumerated() {
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                if byte == UInt8(ascii: ":"), !isQuoted {
                    colon = place
                    break
                }
            }
            guard let colon else { return nil }
            let head = String(decoding: text[..<colon], as: UTF8.self)
            let name = head.prefix { $0 != ";" }
            var value = text[(colon + 1)...]
            while let last = value.last, last == 0x0D || last == 0x20 { value = value.dropLast() }
            return Line(
                name: name.uppercased(), parameters: String(head.dropFirst(name.count)), value: String(decoding: value, as: UTF8.self), range: range)
        }
    }
}

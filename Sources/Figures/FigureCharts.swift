import Domain

/// Charts as inline SVG: drawn from numbers, coloured by the page's style sheet, each with a title and a description for those who do not see it.
enum Charts {
    /// Of every chart, in its own units; the page scales it.
    static let width = 880
    private static let labelWidth = 250

    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // What XML can't hold.
            case _ where character.value < 0x20 && character != "\n": result += "\u{FFFD}"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private static func svg(_ id: String, _ height: Int, title: String, description: String, _ body: String) -> String {
        """
        <svg viewBox="0 0 \(width) \(height)" role="img" aria-labelledby="\(id)-t \(id)-d">
        <title id="\(id)-t">\(escaped(title))</title><desc id="\(id)-d">\(escaped(description))</desc>
        \(body)</svg>

        """
    }

    private static func label(_ text: String, _ y: Int) -> String {
        "<text class=\"l\" x=\"\(labelWidth - 10)\" y=\"\(y)\" text-anchor=\"end\">\(escaped(Cells.fit(text, to: 33)))</text>\n"
    }

    private static func number(_ value: Double) -> String { Words.decimal(value, 1) }

    struct Stack {
        var label: String
        var parts: [(wait: Wait, value: Int64)]
        var total: Int64 { parts.reduce(0) { $0 + $1.value } }
    }

    /// Bars as long as what they cost, in parts by what was waited for.
    static func stacks(_ id: String, _ rows: [Stack], title: String, description: String) -> String {
        let most = max(rows.map(\.total).max() ?? 0, 1)
        let room = Double(width - labelWidth - 110)
        var body = ""
        for (place, row) in rows.enumerated() {
            let y = place * 30 + 6
            body += label(row.label, y + 15)
            var x = Double(labelWidth)
            for part in row.parts where part.value > 0 {
                let length = Double(part.value) / Double(most) * room
                let hint = "\(Words.wait(part.wait).zh) \(Words.wait(part.wait).en): \(Words.amount(part.value).both)"
                body += "<rect class=\"w-\(part.wait.rawValue)\" x=\"\(number(x))\" y=\"\(y)\" width=\"\(Words.decimal(max(length, 0.5), 2))\" height=\"20\"><title>\(escaped(hint))</title></rect>\n"
                x += length
            }
            body += "<text class=\"n\" x=\"\(number(x + 6))\" y=\"\(y + 15)\">\(escaped(Words.amount(row.total).both))</text>\n"
        }
        return svg(id, rows.count * 30 + 10, title: title, description: description, body)
    }

    /// Bars of 0 to 100 per cent.
    static func rates(_ id: String, _ rows: [(label: String, late: LateFigure)], title: String, description: String) -> String {
        let room = Double(width - labelWidth - 140)
        var body = ""
        for (place, row) in rows.enumerated() {
            let y = place * 26 + 4
            let rate = row.late.rate ?? 0
            body += label(row.label, y + 14)
            body += "<rect class=\"track\" x=\"\(labelWidth)\" y=\"\(y)\" width=\"\(number(room))\" height=\"18\"/>\n"
            body += "<rect class=\"late\" x=\"\(labelWidth)\" y=\"\(y)\" width=\"\(number(rate * room))\" height=\"18\"/>\n"
            body += "<text class=\"n\" x=\"\(number(Double(labelWidth) + room + 6))\" y=\"\(y + 14)\">\(escaped(Words.percent(row.late.rate))) (\(row.late.late)/\(row.late.timed))</text>\n"
        }
        return svg(id, rows.count * 26 + 8, title: title, description: description, body)
    }

    struct Length {
        var label: String
        var figure: DurationFigure
        /// In the figure's unit.
        var limit: Int64?
    }

    /// From the median (a dot) to the 90th percentile (a bar's end), with the limit as a stroke. All of one unit.
    static func lengths(_ id: String, _ rows: [Length], title: String, description: String) -> String {
        let most = Double(max(rows.map { max($0.figure.p90, $0.limit ?? 0) }.max() ?? 0, 1))
        let room = Double(width - labelWidth - 180)
        var body = ""
        for (place, row) in rows.enumerated() {
            let y = place * 26 + 4
            func x(_ value: Int64) -> String { number(Double(labelWidth) + Double(value) / most * room) }
            body += label(row.label, y + 14)
            body += "<line class=\"axis\" x1=\"\(labelWidth)\" y1=\"\(y + 9)\" x2=\"\(number(Double(labelWidth) + room))\" y2=\"\(y + 9)\"/>\n"
            body += "<line class=\"span\" x1=\"\(x(row.figure.median))\" y1=\"\(y + 9)\" x2=\"\(x(row.figure.p90))\" y2=\"\(y + 9)\"/>\n"
            body += "<circle class=\"mid\" cx=\"\(x(row.figure.median))\" cy=\"\(y + 9)\" r=\"5\"/>\n"
            if let limit = row.limit { body += "<line class=\"limit\" x1=\"\(x(limit))\" y1=\"\(y)\" x2=\"\(x(limit))\" y2=\"\(y + 18)\"/>\n" }
            // Past the dot of a median at the very end.
            body += "<text class=\"n\" x=\"\(number(Double(labelWidth) + room + 12))\" y=\"\(y + 14)\">\(escaped(Words.both(row.figure)))</text>\n"
        }
        return svg(id, rows.count * 26 + 8, title: title, description: description, body)
    }

    /// What was done each week as bars, the share that was late as a line.
    static func weeks(_ id: String, _ weeks: [WeekFigure], title: String, description: String) -> String {
        let (height, left, bottom) = (220, 50, 190)
        // Even, so that the half of it is a whole number too.
        let highest = max(weeks.map { $0.tasks + $0.cases }.max() ?? 0, 2)
        let most = Double(highest + highest % 2)
        let step = Double(width - left - 50) / Double(max(weeks.count, 1))
        // A single week is a bar too, not a wall.
        let bar = min(step * 0.7, 60)
        var body = ""
        for part in [0.0, 0.5, 1.0] {
            let y = Double(bottom) - part * 165
            body += "<line class=\"axis\" x1=\"\(left)\" y1=\"\(number(y))\" x2=\"\(width - 45)\" y2=\"\(number(y))\"/>\n"
            body += "<text class=\"n\" x=\"\(left - 6)\" y=\"\(number(y + 4))\" text-anchor=\"end\">\(Words.grouped(Int(most * part)))</text>\n"
            body += "<text class=\"n r\" x=\"\(width - 40)\" y=\"\(number(y + 4))\">\(Int(part * 100)) %</text>\n"
        }
        var points: [String] = []
        // At most some twenty dates stand beneath.
        let every = max((weeks.count + 17) / 18, 1)
        for (place, week) in weeks.enumerated() {
            let x = Double(left) + Double(place) * step
            let high = Double(week.tasks + week.cases) / most * 165
            let hint = "\(week.monday): \(week.tasks) 工单 tasks, \(week.cases) 流程 cases, \(Words.percent(week.late.rate)) 超期 late"
            body += "<rect class=\"week\" x=\"\(number(x + (step - bar) / 2))\" y=\"\(number(Double(bottom) - high))\" width=\"\(number(bar))\" height=\"\(number(high))\"><title>\(escaped(hint))</title></rect>\n"
            if let rate = week.late.rate { points.append("\(number(x + step / 2)),\(number(Double(bottom) - rate * 165))") }
            guard place % every == 0 else { continue }
            body += "<text class=\"n\" x=\"\(number(x + step / 2))\" y=\"\(bottom + 18)\" text-anchor=\"middle\">\(week.monday.description.dropFirst(5))</text>\n"
        }
        if points.count == 1, let point = points.first?.split(separator: ",") { body += "<circle class=\"dot\" cx=\"\(point[0])\" cy=\"\(point[1])\" r=\"4\"/>\n" }
        if points.count > 1 { body += "<polyline class=\"trend\" points=\"\(points.joined(separator: " "))\"/>\n" }
        return svg(id, height, title: title, description: description, body)
    }
}

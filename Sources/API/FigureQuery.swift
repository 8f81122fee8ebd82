import HTTPTypes

/// How figures are wanted.
package enum FigureFormat: String, Sendable, Hashable, CaseIterable {
    /// Tables for a terminal.
    case human
    case json
    /// One page, whole in itself.
    case html
}

/// Which figures somebody wants. Times are as they were sent (`7d`, `2026-11-22`, RFC 3339): whoever knows the clock and the zone reads them.
package struct FigureFilter: Sendable, Hashable {
    /// nil: 30 days before now.
    package var since: String?
    /// nil: now.
    package var until: String?
    package var format: FigureFormat
    package init(since: String? = nil, until: String? = nil, format: FigureFormat = .json) {
        self.since = since
        self.until = until
        self.format = format
    }
}

package enum FigureAnswer: Sendable, Hashable {
    case made([UInt8])
    /// A parameter that can't be used, with the reason and what to do.
    case refused(parameter: String, why: String, remedy: String)
}

/// Reads the query of `GET /v1/figures`.
enum FigureQuery {
    static let names = ["since", "until", "format"]

    static func filter(_ query: [(name: String, value: String)]) throws(Refusal) -> FigureFilter {
        var filter = FigureFilter()
        var seen: Set<String> = []
        for (name, value) in query {
            guard names.contains(name) else { throw TaskQuery.unknown(name, allowed: names) }
            guard seen.insert(name).inserted else { throw TaskQuery.bad(name, "it is given twice", "give it once") }
            switch name {
            case "since": filter.since = value
            case "until": filter.until = value
            default:
                guard let format = FigureFormat(rawValue: value) else {
                    throw TaskQuery.bad(name, "\"\(value.prefix(40))\" is none", "give one of \(FigureFormat.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                filter.format = format
            }
        }
        return filter
    }

    static func answer(_ answer: FigureAnswer, _ format: FigureFormat) throws(Refusal) -> Answer {
        switch answer {
        case .made(let body):
            switch format {
            case .human: return Answer(type: .text, body)
            case .json: return .json(body)
            case .html: return Answer(type: .html, body)
            }
        case .refused(let parameter, let why, let remedy): throw TaskQuery.bad(parameter, why, remedy)
        }
    }
}

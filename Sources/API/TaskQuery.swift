import Domain
import HTTPTypes

/// Reads the query of `GET /v1/tasks`.
enum TaskQuery {
    static let limits = 1...100_000
    static let names = ["department", "crew", "state", "all", "limit"]

    static func filter(_ query: [(name: String, value: String)]) throws(Refusal) -> TaskFilter {
        var filter = TaskFilter()
        var seen: Set<String> = []
        for (name, value) in query {
            guard names.contains(name) else { throw unknown(name, allowed: names) }
            guard name == "state" || seen.insert(name).inserted else { throw bad(name, "it is given twice", "give it once") }
            switch name {
            case "department":
                guard !value.isEmpty else { throw bad(name, "it is empty", "give a department's name") }
                filter.department = DepartmentID(value)
            case "crew":
                guard !value.isEmpty else { throw bad(name, "it is empty", "give a crew's name") }
                filter.crew = CrewID(value)
            case "state":
                for word in value.split(separator: ",", omittingEmptySubsequences: false) {
                    guard let state = TaskState(rawValue: String(word)) else {
                        let allowed = TaskState.allCases.map(\.rawValue).joined(separator: ", ")
                        throw bad(name, "\"\(word)\" is no state", "give one or more of \(allowed)")
                    }
                    filter.states.insert(state)
                }
            case "all": filter.all = try flag(name, value)
            default: filter.limit = try limit(name, value)
            }
        }
        return filter
    }

    /// `all` alone.
    static func all(_ query: [(name: String, value: String)]) throws(Refusal) -> Bool {
        for (name, _) in query where name != "all" { throw unknown(name, allowed: ["all"]) }
        guard query.count <= 1 else { throw bad("all", "it is given twice", "give it once") }
        return try query.first.map { (query) throws(Refusal) in try flag(query.name, query.value) } ?? false
    }

    static func flag(_ name: String, _ value: String) throws(Refusal) -> Bool {
        switch value {
        case "true", "1", "": true
        case "false", "0": false
        default: throw bad(name, "\"\(value)\" is neither", "give true or false")
        }
    }

    static func limit(_ name: String, _ value: String) throws(Refusal) -> Int {
        guard let limit = Int(value), limits.contains(limit) else {
            throw bad(name, "\"\(value)\" is out of range", "give a whole number from \(limits.lowerBound) to \(limits.upperBound)")
        }
        return limit
    }

    /// For addresses that take no parameters: a filter that is ignored would mislead.
    static func requireNone(_ query: [(name: String, value: String)]) throws(Refusal) {
        if let first = query.first { throw unknown(first.name, allowed: []) }
    }

    static func bad(_ name: String, _ why: String, _ remedy: String) -> Refusal {
        Refusal(.badRequest, what: "the parameter \(name) can't be used", why: why, remedy: remedy)
    }

    static func unknown(_ name: String, allowed: [String]) -> Refusal {
        let nearest = allowed.isEmpty ? "leave it out: this address takes none" : "use one of \(allowed.joined(separator: ", "))"
        return Refusal(.badRequest, what: "the parameter \(name.prefix(80)) can't be used", why: "there is none of that name", remedy: nearest)
    }
}

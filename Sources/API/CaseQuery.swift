import Decisions
import Domain
import HTTPTypes

/// Reads the query of `GET /v1/cases`.
enum CaseQuery {
    static let names = ["process", "customer", "state", "all", "limit"]

    static func filter(_ query: [(name: String, value: String)]) throws(Refusal) -> CaseFilter {
        var filter = CaseFilter()
        var seen: Set<String> = []
        for (name, value) in query {
            guard names.contains(name) else { throw TaskQuery.unknown(name, allowed: names) }
            guard name == "state" || seen.insert(name).inserted else { throw TaskQuery.bad(name, "it is given twice", "give it once") }
            switch name {
            case "process":
                guard !value.isEmpty else { throw TaskQuery.bad(name, "it is empty", "give a process like connections.hv_single") }
                filter.process = value
            case "customer":
                guard !value.isEmpty else { throw TaskQuery.bad(name, "it is empty", "give an account") }
                filter.customer = CustomerID(value)
            case "state":
                for word in value.split(separator: ",", omittingEmptySubsequences: false) {
                    guard let state = CaseState(rawValue: String(word)) else {
                        let allowed = CaseState.allCases.map(\.rawValue).joined(separator: ", ")
                        throw TaskQuery.bad(name, "\"\(word)\" is no state", "give one or more of \(allowed)")
                    }
                    filter.states.insert(state)
                }
            case "all": filter.all = try TaskQuery.flag(name, value)
            default: filter.limit = try TaskQuery.limit(name, value)
            }
        }
        return filter
    }
}

import HTTPTypes

/// Everything that can be asked for. Each has one line in `Route.all`, and one case where `Responder` answers.
enum RouteName: String, Sendable, CaseIterable {
    case submitInputs, listTasks, showTask, explainTask, reportProgress, showReport, listCases, showCase, reportCase, listCrews, signalCrew, listDistricts, listOutages, listContractors, listDevices, showDevice, showCustomer, showFigures, showStatus, reloadRules
    case checkHealth, readMetrics, describe
}

struct Route: Sendable {
    var name: RouteName
    var method: HTTPRequest.Method
    /// `/v1/tasks/{id}`: a segment in braces takes any text that is not empty.
    var path: String

    static let all: [Route] = [
        Route(name: .submitInputs, method: .post, path: "/v1/inputs"),
        Route(name: .listTasks, method: .get, path: "/v1/tasks"),
        Route(name: .showTask, method: .get, path: "/v1/tasks/{id}"),
        Route(name: .explainTask, method: .get, path: "/v1/tasks/{id}/why"),
        Route(name: .reportProgress, method: .post, path: "/v1/tasks/{id}/progress"),
        Route(name: .showReport, method: .get, path: "/v1/reports/{id}"),
        Route(name: .listCases, method: .get, path: "/v1/cases"),
        Route(name: .showCase, method: .get, path: "/v1/cases/{id}"),
        Route(name: .reportCase, method: .post, path: "/v1/cases/{id}"),
        Route(name: .listCrews, method: .get, path: "/v1/crews"),
        Route(name: .signalCrew, method: .post, path: "/v1/crews/{id}"),
        Route(name: .listDistricts, method: .get, path: "/v1/districts"),
        Route(name: .listOutages, method: .get, path: "/v1/outages"),
        Route(name: .listContractors, method: .get, path: "/v1/contractors"),
        Route(name: .listDevices, method: .get, path: "/v1/devices"),
        Route(name: .showDevice, method: .get, path: "/v1/devices/{id}"),
        Route(name: .showCustomer, method: .get, path: "/v1/customers/{id}"),
        Route(name: .showFigures, method: .get, path: "/v1/figures"),
        Route(name: .showStatus, method: .get, path: "/v1/status"),
        Route(name: .reloadRules, method: .post, path: "/v1/reload"),
        Route(name: .checkHealth, method: .get, path: "/healthz"),
        Route(name: .readMetrics, method: .get, path: "/metrics"),
        Route(name: .describe, method: .get, path: "/openapi.json"),
    ]

    enum Match {
        /// `id`: what stood in the place of the braces.
        case found(RouteName, id: String)
        case wrongMethod(allowed: [HTTPRequest.Method])
        case unknown
    }

    /// HEAD is answered wherever GET is.
    static func match(_ method: HTTPRequest.Method, _ segments: [String]) -> Match {
        var allowed: [HTTPRequest.Method] = []
        for (route, pattern) in zip(all, patterns) {
            guard let id = capture(pattern, segments) else { continue }
            if route.method == method || (route.method == .get && method == .head) { return .found(route.name, id: id) }
            allowed += route.method == .get ? [.get, .head] : [route.method]
        }
        return allowed.isEmpty ? .unknown : .wrongMethod(allowed: allowed)
    }

    private static let patterns: [[String]] = all.map { $0.path.split(separator: "/").map(String.init) }

    /// The captured segment ("" where the pattern has none); nil: no match.
    private static func capture(_ pattern: [String], _ segments: [String]) -> String? {
        guard pattern.count == segments.count else { return nil }
        var captured = ""
        for (want, have) in zip(pattern, segments) {
            if want.hasPrefix("{") {
                guard !have.isEmpty else { return nil }
                captured = have
            } else if want != have {
                return nil
            }
        }
        return captured
    }
}

import Domain
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers every request of one kind of door. It holds no state of its own.
struct Responder: Sendable {
    let backend: any Backend
    let kind: DoorKind
    let limits: DoorLimits
    let stopSignal: StopSignal
    let pause: @Sendable (Duration) async throws -> Void

    /// Always answers; throws only when the connection fails.
    @concurrent func respond(to request: Request, _ writer: consuming ResponseWriter) async throws {
        let answer: Answer
        switch await settle(request) {
        case .lines:
            if expectsContinue(request) { try await writer.writeInformationalHead(HTTPResponse(status: .continue)) }
            return try await submitLines(request, writer)
        case .answer(let early):
            answer = early
        case .route(let route, let id, let target):
            if expectsContinue(request) { try await writer.writeInformationalHead(HTTPResponse(status: .continue)) }
            do {
                answer = try await self.answer(request, route, id, target)
            } catch {
                answer = error.answer
            }
        }
        try await answer.write(writer, headOnly: request.method == .head)
    }

    /// What is to be done with a request, as far as its head tells.
    private enum Plan {
        case lines
        case answer(Answer)
        case route(RouteName, id: String, RequestTarget)
    }

    private func settle(_ request: Request) async -> Plan {
        do throws(Refusal) {
            let target = try RequestTarget(request.head.path ?? "")
            let (route, id) = try find(request.method, target)
            try refuseForeignPages(request)
            if let coding = request.headers[.contentEncoding], coding.lowercased() != "identity" {
                throw Refusal(
                    .unsupportedMediaType, what: "the body can't be read", why: "it is encoded as \(coding.prefix(40))",
                    remedy: "send it as it is, without Content-Encoding", fields: [.connection: "close"])
            }
            if route == .submitInputs, isLines(request) {
                try TaskQuery.requireNone(target.query)
                return .lines
            }
            if let length = contentLength(request), length > limits.object_bytes_max { throw tooLarge() }
            return .route(route, id: id, target)
        } catch {
            return .answer(error.answer)
        }
    }

    private func answer(_ request: Request, _ route: RouteName, _ id: String, _ target: RequestTarget) async throws(Refusal) -> Answer {
        switch route {
        case .submitInputs:
            try TaskQuery.requireNone(target.query)
            return try await submitOne(request)
        case .listTasks:
            let filter = try TaskQuery.filter(target.query)
            return .list(try await looking { try await backend.tasks(filter) }, asLines: accepts(request, .jsonLines))
        case .showTask:
            try TaskQuery.requireNone(target.query)
            let task = try taskID(id)
            return .json(try found(try await looking { try await backend.task(task) }, id))
        case .explainTask:
            try TaskQuery.requireNone(target.query)
            let task = try taskID(id)
            return .json(try found(try await looking { try await backend.why(task) }, id))
        case .reportProgress:
            try TaskQuery.requireNone(target.query)
            return try await reportProgress(request, id)
        case .showReport:
            var source: SourceID?
            for (name, value) in target.query {
                guard name == "source" else { throw TaskQuery.unknown(name, allowed: ["source"]) }
                guard source == nil, !value.isEmpty else { throw TaskQuery.bad(name, source == nil ? "it is empty" : "it is given twice", "give one sender's name") }
                source = SourceID(value)
            }
            let found = try await looking { try await backend.report(id, source: source) }
            guard !found.isEmpty else {
                throw Refusal(
                    .notFound, what: "there is no report \(id.prefix(80))", why: "nothing was accepted under that id\(source.map { " from \($0.rawValue.prefix(80))" } ?? "")",
                    remedy: "look for its task with 'paidan tasks --all' (GET /v1/tasks?all=true), or send it: what was accepted is not taken twice")
            }
            return .list(found, asLines: accepts(request, .jsonLines))
        case .listCases:
            let filter = try CaseQuery.filter(target.query)
            return .list(try await looking { try await backend.cases(filter) }, asLines: accepts(request, .jsonLines))
        case .showCase:
            try TaskQuery.requireNone(target.query)
            guard let kase = CaseID(id), let json = try await looking({ try await backend.kase(kase) }) else { throw noCase(id) }
            return .json(json)
        case .reportCase:
            try TaskQuery.requireNone(target.query)
            return try await reportCase(request, id)
        case .listCrews:
            try TaskQuery.requireNone(target.query)
            return .list(try await looking { try await backend.crews() }, asLines: accepts(request, .jsonLines))
        case .signalCrew:
            try TaskQuery.requireNone(target.query)
            return try await signalCrew(request, id)
        case .listDistricts:
            try TaskQuery.requireNone(target.query)
            return .list(try await looking { try await backend.districts() }, asLines: accepts(request, .jsonLines))
        case .listOutages:
            let all = try TaskQuery.all(target.query)
            return .list(try await looking { try await backend.outages(all: all) }, asLines: accepts(request, .jsonLines))
        case .listContractors:
            try TaskQuery.requireNone(target.query)
            return .list(try await looking { try await backend.contractors() }, asLines: accepts(request, .jsonLines))
        case .listDevices:
            let all = try TaskQuery.all(target.query)
            return .list(try await looking { try await backend.devices(all: all) }, asLines: accepts(request, .jsonLines))
        case .showDevice:
            try TaskQuery.requireNone(target.query)
            guard let json = try await looking({ try await backend.device(DeviceID(id)) }) else {
                throw Refusal(
                    .notFound, what: "there is no device \(id.prefix(80))", why: "no register has it: neither the network's, nor one of 'devices:'",
                    remedy: "is the name right? add it to the register, and reload the rules")
            }
            return .json(json)
        case .showCustomer:
            try TaskQuery.requireNone(target.query)
            guard let json = try await looking({ try await backend.customer(CustomerID(id)) }) else {
                throw Refusal(
                    .notFound, what: "nothing is known of customer \(id.prefix(80))", why: "no record was sent, and no report named that account",
                    remedy: "is the account right? what billing knows is sent as an input of kind customer")
            }
            return .json(json)
        case .showFigures:
            let filter = try FigureQuery.filter(target.query)
            return try FigureQuery.answer(try await looking { try await backend.figures(filter) }, filter.format)
        case .showStatus:
            try TaskQuery.requireNone(target.query)
            return .json(await backend.status())
        case .reloadRules:
            try TaskQuery.requireNone(target.query)
            return try await reload(request)
        case .checkHealth:
            return health(await backend.health())
        case .readMetrics:
            return Answer(type: .openMetrics, await backend.metrics())
        case .describe:
            return .json(OpenAPI.document)
        }
    }

    // MARK: - Finding the way

    private func find(_ method: HTTPRequest.Method, _ target: RequestTarget) throws(Refusal) -> (RouteName, id: String) {
        switch Route.match(method, target.segments) {
        case .found(let name, let id):
            return (name, id)
        case .wrongMethod(let allowed):
            let names = allowed.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                .methodNotAllowed, what: "\(method.rawValue) is not possible here", why: "this address takes \(names)",
                remedy: "see /openapi.json", fields: [.allow: names])
        case .unknown:
            throw Refusal(
                .notFound, what: "there is nothing at this address", why: "/\(target.segments.joined(separator: "/").prefix(200)) is not served",
                remedy: "see /openapi.json for what there is")
        }
    }

    /// A page of another site, open in somebody's browser, must not be able to post in that person's place.
    private func refuseForeignPages(_ request: Request) throws(Refusal) {
        guard request.method == .post, let origin = request.headers[.origin] else { return }
        let host = origin.split(separator: "/", omittingEmptySubsequences: true).dropFirst().joined(separator: "/")
        guard host.isEmpty || host != (request.head.authority ?? "") else { return }
        throw Refusal(
            .forbidden, what: "this request was refused", why: "it comes from a page of \(origin.prefix(200)), which is another site",
            remedy: "send it from a program, or from a page of this daemon")
    }

    private func taskID(_ text: String) throws(Refusal) -> TaskID {
        guard let id = TaskID(text) else { throw noTask(text) }
        return id
    }

    private func found(_ json: [UInt8]?, _ id: String) throws(Refusal) -> [UInt8] {
        guard let json else { throw noTask(id) }
        return json
    }

    func noTask(_ id: String) -> Refusal {
        Refusal(
            .notFound, what: "there is no task \(id.prefix(80))", why: "no task has that number",
            remedy: "look for it with 'paidan tasks --all' (GET /v1/tasks?all=true); a number looks like T-20261122-17")
    }

    func noCase(_ id: String) -> Refusal {
        Refusal(
            .notFound, what: "there is no case \(id.prefix(80))", why: "no case has that number",
            remedy: "look for it with 'paidan cases --all' (GET /v1/cases?all=true); a number looks like C-20261122-3")
    }

    /// A look that fails is the daemon's fault, and says so.
    func looking<T>(_ look: () async throws -> T) async throws(Refusal) -> T {
        do {
            return try await look()
        } catch let unknown as UnknownName {
            throw TaskQuery.bad(unknown.parameter, "there is no \(unknown.parameter) '\(unknown.value.prefix(80))'\(unknown.isMeant.map { "; did you mean '\($0)'?" } ?? "")", unknown.remedy)
        } catch {
            throw Refusal(
                .internalServerError, what: "the daemon could not look it up", why: "\(error)",
                remedy: "look at its journal (journalctl -u paidan), and try again")
        }
    }

    // MARK: - Content

    private func mediaType(_ value: String?) -> String {
        guard let value else { return "" }
        let word = value.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)[0]
        return word.filter { $0 != " " }.lowercased()
    }

    private func isLines(_ request: Request) -> Bool { mediaType(request.headers[.contentType]) == MediaType.jsonLines.rawValue }

    private func accepts(_ request: Request, _ type: MediaType) -> Bool {
        request.headers[values: .accept].contains { $0.split(separator: ",").contains { mediaType(String($0)) == type.rawValue } }
    }

    private func expectsContinue(_ request: Request) -> Bool { request.headers[.expect]?.lowercased() == "100-continue" }

    private func contentLength(_ request: Request) -> Int? { request.headers[.contentLength].flatMap { Int($0) } }

    func tooLarge() -> Refusal {
        Refusal(
            .contentTooLarge, what: "the body is too large", why: "one object may have \(limits.object_bytes_max) bytes",
            remedy: "shorten it, or send several objects as JSON lines (Content-Type: application/x-ndjson)", fields: [.connection: "close"])
    }

    /// The whole body, up to the limit of one object. A body that breaks off is refused: a cut object must never pass for a
    /// whole one.
    func body(_ request: Request) async throws(Refusal) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await part in request.body {
                guard bytes.count + part.readableBytes <= limits.object_bytes_max else { throw tooLarge() }
                bytes += part.readableBytesView
            }
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw Self.brokeOff
        }
        return bytes
    }

    static let brokeOff = Refusal(
        .badRequest, what: "nothing was taken in", why: "the body broke off before its end", remedy: "send it again",
        fields: [.connection: "close"])

    // MARK: - Small answers

    private func health(_ health: HealthAnswer) -> Answer {
        var writer = JSONWriter()
        writer.object {
            $0.field("status", health.isHealthy ? "ok" : "failing")
            $0.key("reasons")
            $0.array { array in
                for reason in health.reasons { array.string(reason) }
            }
        }
        return .json(health.isHealthy ? .ok : .serviceUnavailable, writer.bytes)
    }

    private func reload(_ request: Request) async throws(Refusal) -> Answer {
        guard kind == .socket else {
            throw Refusal(
                .forbidden, what: "the rules can't be reloaded from here", why: "a reload is taken from the Unix socket alone",
                remedy: "run paidan reload on the daemon's machine")
        }
        switch await backend.reload() {
        case .loaded(let hash, let warnings):
            var writer = JSONWriter()
            writer.object {
                $0.field("status", "loaded")
                $0.field("hash", hash)
                $0.key("warnings")
                $0.array { array in
                    for warning in warnings { array.string(warning) }
                }
            }
            return .json(writer.bytes)
        case .refused(let human, let jsonLines):
            if accepts(request, .jsonLines) {
                var answer = Answer.list(jsonLines, asLines: true)
                answer.status = .unprocessableContent
                return answer
            }
            if accepts(request, .json) {
                let fault = DoorFault(
                    what: "the rules were not loaded", why: "they have errors; the old ones stay in force",
                    remedy: "mend what the diagnostics name, and reload again")
                var writer = JSONWriter()
                writer.object {
                    fault.write(into: &$0)
                    $0.key("diagnostics")
                    $0.array { array in
                        for line in jsonLines { array.raw(line) }
                    }
                }
                return .json(.unprocessableContent, writer.bytes)
            }
            return Answer(.unprocessableContent, type: .text, Array(human.utf8))
        }
    }
}

import Domain
import HTTPTypes
import Synchronization
import Testing

@testable import API

/// What each address answers, and in which words it refuses.
@Suite struct APIRouteTests {
    @Test(arguments: [
        ("a-1", 200, "accepted"), ("duplicate-1", 200, "duplicate"), ("conflict-1", 409, "conflict"), ("rejected-1", 422, "rejected"),
    ])
    func anInputGetsItsReceipt(id: String, status: Int, word: String) async throws {
        try await withDoors { _, unix, tcp in
            for address in [unix, tcp] {
                let reply = try await call(address, "POST", "/v1/inputs", ["Content-Type: application/json"], body: report(id))
                #expect(reply.status == status)
                #expect(try Receipt(json: reply.body).status.rawValue == word)
                #expect(try Receipt(json: reply.body).id == id)
            }
        }
    }

    @Test func theDoorNamesWhoDoesNot() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, tcp in
            _ = try await call(unix, "POST", "/v1/inputs", body: #"{"type":"fault"}"#)
            _ = try await call(tcp, "POST", "/v1/inputs", body: #"{"type":"fault"}"#)
        }
        #expect(backend.inputs.map(\.key.source.rawValue) == ["socket", "http"])
        #expect(backend.inputs.allSatisfy { $0.key.id.hasPrefix("sha256:") })
    }

    @Test(arguments: [
        ("", "nothing is there"), ("{", "line 1"), ("[]", "an object is wanted"), (#"{"kind":"telegram"}"#, "telegram"),
        ("{\"type\":\"\u{0}\"}", "line 1"), (#"{"type":"fault","reported_at":"2026-02-30T00:00:00Z"}"#, "reported_at"),
        (String(repeating: #"{"a":"#, count: 10_000), "line 1"),
    ])
    func whatCannotBeUnderstoodIsRejected(body: String, says: String) async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let reply = try await call(tcp, "POST", "/v1/inputs", body: body)
            #expect(reply.status == 422)
            let receipt = try Receipt(json: reply.body)
            #expect(receipt.status == .rejected)
            #expect(receipt.source.rawValue == "http")
            #expect(receipt.reason?.contains(says) == true, "\(receipt.reason ?? "")")
        }
        #expect(backend.inputs.isEmpty)
    }

    @Test func aBodyIsTooLarge() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let large = String(repeating: "x", count: 1_024 * 1_024 + 1)
            let reply = try await call(tcp, "POST", "/v1/inputs", body: large)
            #expect(reply.status == 413)
            #expect(reply.what == "the body is too large")
            // Without a length the limit is found out while reading.
            let chunked = try await Wire.with(tcp) { wire in
                try await wire.send("POST /v1/inputs HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await wire.send("\(String(large.utf8.count, radix: 16))\r\n\(large)\r\n")
                let reply = try await wire.readReply()
                try await wire.send("0\r\n\r\n")
                #expect(await wire.readToEnd() == "")
                return reply
            }
            #expect(chunked.status == 413)
            #expect(chunked.headers["connection"] == "close")
            // Exactly at the limit it is read.
            let full = try await call(tcp, "POST", "/v1/inputs", body: String(repeating: " ", count: 1_024 * 1_024))
            #expect(full.status == 422)
        }
        #expect(backend.inputs.isEmpty)
    }

    @Test(arguments: [
        (IntakeRefusal.busy, 503, true), (.stopping, 503, true), (.noRoom("37 kB free"), 507, false),
    ])
    func whatTheIntakeRefusesIsTheSendersToKeep(refusal: IntakeRefusal, status: Int, again: Bool) async throws {
        let backend = FakeBackend { _ throws(IntakeRefusal) in throw refusal }
        try await withDoors(backend) { _, _, tcp in
            for type in ["application/json", "application/x-ndjson"] {
                let reply = try await call(tcp, "POST", "/v1/inputs", ["Content-Type: \(type)"], body: report("a"))
                #expect(reply.status == status)
                #expect((reply.headers["retry-after"] != nil) == again)
                #expect(reply.what == "nothing was taken in")
            }
        }
    }

    @Test func anEncodedBodyIsRefused() async throws {
        try await withDoors { _, _, tcp in
            let reply = try await Wire.with(tcp) { wire in
                try await wire.send(request("POST", "/v1/inputs", ["Content-Encoding: gzip"], [0x1F, 0x8B]))
                return try await wire.readReply()
            }
            #expect(reply.status == 415)
            #expect(reply.what == "the body can't be read")
        }
    }

    @Test func tasksAreFiltered() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let all = try await call(tcp, "GET", "/v1/tasks")
            #expect(all.status == 200)
            #expect(all.headers["content-type"] == "application/json")
            #expect(all.text == #"[{"id":"T-20261122-1"},{"id":"T-20261122-2"}]"#)
            let lines = try await call(
                tcp, "GET", "/v1/tasks?department=%E7%94%9F%E4%BA%A7&crew=north+2&state=queued,onsite&state=closed&all=true&limit=7",
                ["Accept: application/x-ndjson"])
            #expect(lines.headers["content-type"] == "application/x-ndjson")
            #expect(lines.text == "{\"id\":\"T-20261122-1\"}\n{\"id\":\"T-20261122-2\"}\n")
        }
        #expect(
            backend.state.withLock { $0.filters } == [
                TaskFilter(), TaskFilter(department: DepartmentID("生产"), crew: CrewID("north 2"), states: [.queued, .onsite, .closed], all: true, limit: 7),
            ])
    }

    @Test(arguments: [
        ("state=asleep", "state", "queued, dispatched, accepted"), ("limit=0", "limit", "1 to 100000"), ("limit=100001", "limit", "1 to 100000"),
        ("limit=ten", "limit", "1 to 100000"), ("all=maybe", "all", "true or false"), ("crew=", "crew", "crew's name"),
        ("colour=red", "colour", "department, crew, state, all, limit"), ("limit=1&limit=2", "limit", "once"), ("crew=%zz", "address", "percent-encode"),
        ("crew=%ff", "address", "percent-encode"), ("crew=a%0Ab", "address", "percent-encode"),
    ])
    func aBadParameterIsNamed(query: String, name: String, says: String) async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let reply = try await call(tcp, "GET", "/v1/tasks?\(query)")
            #expect(reply.status == 400)
            #expect(reply.what?.contains(name) == true, "\(reply.text)")
            let remedy = try reply.json()["error"]?["do"]?.string
            #expect(remedy?.contains(says) == true, "\(reply.text)")
        }
        #expect(backend.state.withLock { $0.filters }.isEmpty)
    }

    @Test func looksFindOrSayThatThereIsNothing() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, tcp in
            #expect(try await call(tcp, "GET", "/v1/tasks/T-20261122-1").text == #"{"id":"T-20261122-1","history":[]}"#)
            #expect(try await call(tcp, "GET", "/v1/tasks/T-20261122-1/why").text == #"{"rule":"faults.x"}"#)
            for path in ["/v1/tasks/T-20261122-2", "/v1/tasks/T-20261122-01", "/v1/tasks/nonsense", "/v1/tasks/T-20261122-2/why"] {
                let reply = try await call(tcp, "GET", path)
                #expect(reply.status == 404)
                #expect(reply.what?.hasPrefix("there is no task") == true)
            }
            #expect(try await call(unix, "GET", "/v1/crews").text == #"[{"id":"north-2"}]"#)
            #expect(try await call(unix, "GET", "/v1/status").text == #"{"open":0}"#)
            #expect(try await call(unix, "GET", "/v1/status?verbose=1").status == 400)
            backend.state.withLock { $0.lookError = "disk on fire" }
            let failed = try await call(unix, "GET", "/v1/tasks")
            #expect(failed.status == 500)
            #expect(failed.text.contains("disk on fire"))
        }
    }

    @Test func unknownAddressesAndWrongMethods() async throws {
        try await withDoors { _, _, tcp in
            for path in ["/", "/v2/tasks", "/v1/tasks/", "/v1/tasks/T-1/why/not", "/v1//tasks", "//v1/tasks", "/V1/tasks", "/v1/tasks/../status"] {
                let reply = try await call(tcp, "GET", path)
                #expect(reply.status == 404, "\(path)")
                #expect(reply.what == "there is nothing at this address" || path.hasSuffix(".."), "\(path)")
            }
            for (method, path, allow) in [
                ("DELETE", "/v1/tasks", "GET, HEAD"), ("GET", "/v1/inputs", "POST"), ("POST", "/healthz", "GET, HEAD"), ("PUT", "/v1/crews/a", "POST"),
            ] {
                let reply = try await Wire.with(tcp) { wire in
                    try await wire.send(request(method, path, ["Connection: close"]))
                    return try await wire.readReply()
                }
                #expect(reply.status == 405)
                #expect(reply.headers["allow"] == allow)
            }
        }
    }

    @Test func headIsGetWithoutItsBody() async throws {
        try await withDoors { _, _, tcp in
            for path in ["/healthz", "/v1/tasks", "/v1/tasks/T-20261122-9"] {
                let get = try await call(tcp, "GET", path)
                let (head, rest) = try await Wire.with(tcp) { wire in
                    try await wire.send(request("HEAD", path, ["Connection: close"]))
                    return (try await wire.readReply(isHead: true), await wire.readToEnd())
                }
                #expect(head.status == get.status)
                #expect(head.headers["content-length"] == "\(get.body.count)")
                #expect(rest.isEmpty)
            }
        }
    }

    @Test func progressBecomesAnInput() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, tcp in
            let path = "/v1/tasks/T-20261122-1/progress"
            let cases: [(BoundAddress, String, String, Int)] = [
                (tcp, path, #"{"event":"accept","by":"north-2"}"#, 200),
                (unix, path, #"{"event":"assign","to":"north-3","by":"wang","source":"desk","id":"d-1"}"#, 200),
                (tcp, path, #"{"event":"accept","id":"conflict-1"}"#, 409),
                (tcp, path, #"{"event":"accept","id":"rejected-1"}"#, 422),
                (tcp, path, #"{"event":"jump"}"#, 422),
                (tcp, path, #"{"event":"accept","task":"T-20261122-5"}"#, 422),
                (tcp, path, #"{"kind":"report","type":"fault"}"#, 422),
                (tcp, "/v1/tasks/T-20261122-2/progress", #"{"event":"accept"}"#, 404),
                (tcp, "/v1/tasks/x/progress", #"{"event":"accept"}"#, 404),
            ]
            for (address, path, body, status) in cases {
                let reply = try await call(address, "POST", path, body: body)
                #expect(reply.status == status, "\(body)")
            }
        }
        let inputs = backend.inputs
        #expect(inputs.count == 4)
        let task = TaskID(day: 20_261_122, number: 1)
        #expect(inputs[0].body == .progress(Progress(task: task, event: .accept, by: "north-2")))
        #expect(inputs[0].key.source.rawValue == "http")
        #expect(inputs[0].key.id.hasPrefix("sha256:"))
        #expect(inputs[1].key == InputKey(source: SourceID("desk"), id: "d-1"))
    }

    @Test func aCrewSignalBecomesAnInput() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, tcp in
            #expect(try await call(unix, "POST", "/v1/crews/north-2", body: #"{"on_duty":true}"#).status == 200)
            #expect(try await call(tcp, "POST", "/v1/crews/%E5%8C%97%E4%BA%8C", body: #" { "place": {"lat": 28.5, "lon": 120.5} } "#).status == 200)
            let other = try await call(unix, "POST", "/v1/crews/north-2", body: #"{"on_duty":true,"crew":"north-3"}"#)
            #expect(other.status == 422)
            #expect(other.text.contains("north-3"))
            #expect(try await call(unix, "POST", "/v1/crews/north-2", body: "{}").status == 422)
            #expect(try await call(unix, "POST", "/v1/crews/north-2", body: #"{"kind":"customer","customer":"1","facts":{}}"#).status == 422)
            // The position of a fault is the sender's own.
            let fault = try await call(unix, "POST", "/v1/crews/north-2", body: #"{"on_duty":7}"#)
            #expect(fault.text.contains("column 12"), "\(fault.text)")
        }
        #expect(
            backend.inputs.map(\.body) == [
                .crew(CrewSignal(crew: CrewID("north-2"), onDuty: true)),
                .crew(CrewSignal(crew: CrewID("北二"), coordinate: Coordinate(latitude: 28.5, longitude: 120.5))),
            ])
    }

    @Test func rulesAreReloadedFromTheSocketAlone() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, tcp in
            let refused = try await call(tcp, "POST", "/v1/reload")
            #expect(refused.status == 403)
            #expect(backend.state.withLock { $0.reloads } == 0)
            backend.state.withLock { $0.reload = .loaded(hash: "9f2c", warnings: ["a.yaml:1:1: warning[x]: y"]) }
            let loaded = try await call(unix, "POST", "/v1/reload")
            #expect(loaded.status == 200)
            #expect(loaded.text == #"{"status":"loaded","hash":"9f2c","warnings":["a.yaml:1:1: warning[x]: y"]}"#)

            let diagnostics = [#"{"file":"a.yaml","line":3}"#, #"{"file":"b.yaml","line":1}"#].map { Array($0.utf8) }
            backend.state.withLock { $0.reload = .refused(human: "a.yaml:3:5: error[x]: y\n", jsonLines: diagnostics) }
            let text = try await call(unix, "POST", "/v1/reload")
            #expect(text.status == 422)
            #expect(text.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(text.text == "a.yaml:3:5: error[x]: y\n")
            let json = try await call(unix, "POST", "/v1/reload", ["Accept: text/html, application/json;q=0.9"])
            #expect(json.status == 422)
            #expect(try json.json()["diagnostics"]?[1]?["file"]?.string == "b.yaml")
            #expect(json.what == "the rules were not loaded")
            let lines = try await call(unix, "POST", "/v1/reload", ["Accept: application/x-ndjson"])
            #expect(lines.status == 422)
            #expect(lines.lines.count == 2)
        }
    }

    @Test func healthAndMetrics() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let well = try await call(tcp, "GET", "/healthz")
            #expect(well.status == 200)
            #expect(well.text == #"{"status":"ok","reasons":[]}"#)
            backend.state.withLock { $0.health = HealthAnswer(isHealthy: false, reasons: ["the disk is full"]) }
            let ill = try await call(tcp, "GET", "/healthz")
            #expect(ill.status == 503)
            #expect(ill.text == #"{"status":"failing","reasons":["the disk is full"]}"#)
            let metrics = try await call(tcp, "GET", "/metrics")
            #expect(metrics.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(metrics.text.hasSuffix("\n# EOF\n"))
        }
    }

    @Test func aPageOfAnotherSiteCannotPost() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, _, tcp in
            let foreign = try await call(tcp, "POST", "/v1/inputs", ["Origin: https://evil.example"], body: report("a"))
            #expect(foreign.status == 403)
            #expect(try await call(tcp, "POST", "/v1/inputs", ["Origin: null"], body: report("a")).status == 403)
            #expect(backend.inputs.isEmpty)
            #expect(try await call(tcp, "POST", "/v1/inputs", ["Origin: http://test"], body: report("a")).status == 200)
        }
    }

    @Test func theDescriptionIsThatOfTheRoutes() async throws {
        let reply = try await withDoors { _, _, tcp in try await call(tcp, "GET", "/openapi.json") }
        let paths = try #require(try reply.json()["paths"]?.object)
        var described: Set<String> = []
        for path in paths {
            for method in path.value.object ?? [] where method.key != "parameters" { described.insert("\(method.key.uppercased()) \(path.key)") }
            // A path's parameter is described where the path has one.
            #expect((path.value["parameters"] != nil) == path.key.contains("{"), "\(path.key)")
        }
        #expect(described == Set(Route.all.map { "\($0.method.rawValue) \($0.path)" }))
        #expect(Set(Route.all.map(\.name)) == Set(RouteName.allCases))
        // Every reference leads somewhere.
        func references(_ value: JSONValue) -> [String] {
            switch value {
            case .object(let members): members.flatMap { $0.key == "$ref" ? [$0.value.string ?? ""] : references($0.value) }
            case .array(let elements): elements.flatMap(references)
            case .null, .bool, .int, .double, .string: []
            }
        }
        let document = try reply.json()
        for reference in Set(references(document)) {
            var at: JSONValue? = document
            for step in reference.split(separator: "/").dropFirst() { at = at?[String(step)] }
            #expect(at != nil, "\(reference)")
        }
        let parameters = paths.first { $0.key == "/v1/tasks" }?.value["get"]?["parameters"]?.array?.compactMap { $0["name"]?.string }
        #expect(parameters == TaskQuery.names)
        let states = document["components"]?["schemas"]?["State"]?["enum"]?.array?.compactMap(\.string)
        #expect(states == TaskState.allCases.map(\.rawValue))
        let events = document["components"]?["schemas"]?["Progress"]?["properties"]?["event"]?["enum"]?.array?.compactMap(\.string)
        #expect(events == ProgressEvent.allCases.map(\.rawValue))
    }

    @Test func figuresComeAsTheyAreWantedAndABadTimeIsRefused() async throws {
        let backend = FakeBackend()
        try await withDoors(backend) { _, unix, _ in
            for (query, type) in [
                ("", "application/json"), ("?format=json&since=7d", "application/json"), ("?format=human", "text/plain; charset=utf-8"),
                ("?format=html&since=2026-01-01&until=2026-07-01", "text/html; charset=utf-8"),
            ] {
                let reply = try await call(unix, "GET", "/v1/figures\(query)")
                #expect(reply.status == 200 && reply.headers["content-type"] == type, "\(query)")
            }
            for query in ["format=pdf", "since=soon", "since=1d&since=2d", "month=3"] {
                let reply = try await call(unix, "GET", "/v1/figures?\(query)")
                #expect(reply.status == 400, "\(query)")
                #expect(try reply.json()["error"]?["what"]?.string?.hasPrefix("the parameter \(query.split(separator: "=")[0]) can't be used") == true, "\(query)")
            }
            let reply = try await call(unix, "GET", "/openapi.json")
            let described = try reply.json()["paths"]?["/v1/figures"]?["get"]?["parameters"]?.array?.compactMap { $0["name"]?.string }
            #expect(described == FigureQuery.names)
        }
        #expect(
            backend.state.withLock { $0.figureFilters }.prefix(4) == [
                FigureFilter(), FigureFilter(since: "7d"), FigureFilter(format: .human), FigureFilter(since: "2026-01-01", until: "2026-07-01", format: .html),
            ])
    }
}

import Domain
import HTTPTypes
import HummingbirdCore

/// The routes that bring one input each.
extension Responder {
    var defaultSource: SourceID { SourceID(kind.source) }

    /// `POST /v1/inputs` with one JSON object.
    func submitOne(_ request: Request) async throws(Refusal) -> Answer {
        let bytes = try await body(request)
        let input: Input
        do throws(InputFault) {
            input = try InputCodec.decode(bytes, defaultSource: defaultSource)
        } catch {
            return rejected(error)
        }
        return try await submit(input)
    }

    /// `POST /v1/tasks/{id}/progress`.
    func reportProgress(_ request: Request, _ id: String) async throws(Refusal) -> Answer {
        guard let task = TaskID(id) else { throw noTask(id) }
        let bytes = try await body(request)
        let input: Input
        do throws(InputFault) {
            input = try InputCodec.decode(bytes, defaultSource: defaultSource, assuming: .progress, task: task)
        } catch {
            return rejected(error)
        }
        guard case .progress = input.body else { return rejected(wrongKind("progress", input.key)) }
        guard try await looking({ try await backend.task(task) }) != nil else { throw noTask(id) }
        return try await submit(input)
    }

    /// `POST /v1/crews/{id}`.
    func signalCrew(_ request: Request, _ id: String) async throws(Refusal) -> Answer {
        let bytes = try await body(request)
        let input: Input
        do throws(InputFault) {
            input = try InputCodec.decode(Self.naming("crew", id, in: bytes), defaultSource: defaultSource, assuming: .crew)
        } catch {
            return rejected(error)
        }
        guard case .crew(let signal) = input.body else { return rejected(wrongKind("crew", input.key)) }
        guard signal.crew.rawValue == id else {
            return rejected(
                InputFault(
                    code: .inconsistent, message: "this is about \(signal.crew), but it was sent to \(id)", suggestion: "send it to its own crew",
                    path: "crew", id: input.key.id, source: input.key.source))
        }
        return try await submit(input)
    }

    /// `POST /v1/cases/{id}`.
    func reportCase(_ request: Request, _ id: String) async throws(Refusal) -> Answer {
        guard let kase = CaseID(id) else { throw noCase(id) }
        let bytes = try await body(request)
        let input: Input
        do throws(InputFault) {
            input = try InputCodec.decode(Self.naming("case", id, in: bytes), defaultSource: defaultSource, assuming: .kase)
        } catch {
            return rejected(error)
        }
        guard case .kase(let signal) = input.body else { return rejected(wrongKind("case", input.key)) }
        guard signal.id == kase else {
            return rejected(
                InputFault(
                    code: .inconsistent, message: "this is about \(signal.id), but it was sent to \(id)", suggestion: "send it to its own case",
                    path: "case", id: input.key.id, source: input.key.source))
        }
        guard try await looking({ try await backend.kase(kase) }) != nil else { throw noCase(id) }
        return try await submit(input)
    }

    /// The object with `"key":"value"` as one more member at its end (where it shifts no position), unless it has that key.
    /// What is no object comes back as it is: the decoder says what is wrong with it.
    static func naming(_ key: String, _ value: String, in bytes: [UInt8]) -> [UInt8] {
        guard let parsed = try? JSONValue.parse(bytes), let members = parsed.object, parsed[key] == nil,
            let brace = bytes.lastIndex(of: UInt8(ascii: "}"))
        else { return bytes }
        var writer = JSONWriter()
        writer.key(named: key)
        writer.string(value)
        let member = (members.isEmpty ? [] : [UInt8(ascii: ",")]) + writer.bytes
        return bytes[..<brace] + member + bytes[brace...]
    }

    // MARK: - Parts

    private func wrongKind(_ kind: String, _ key: InputKey) -> InputFault {
        InputFault(
            code: .inconsistent, message: "this address takes the kind \(kind) only", suggestion: "leave kind out, or send it to /v1/inputs",
            path: "kind", id: key.id, source: key.source)
    }

    private func rejected(_ fault: InputFault) -> Answer {
        .json(.unprocessableContent, Receipt(rejecting: fault, source: defaultSource).json())
    }

    private func submit(_ input: Input) async throws(Refusal) -> Answer {
        let receipts: [Receipt]
        do throws(IntakeRefusal) {
            receipts = try await backend.submit([input])
        } catch {
            throw Refusal(error)
        }
        guard let receipt = receipts.first, receipts.count == 1 else {
            throw Refusal(
                .internalServerError, what: "the receipt is missing", why: "the daemon gave \(receipts.count) receipts for one input",
                remedy: "send it again: with the same id it has one effect however often it arrives")
        }
        let status: HTTPResponse.Status =
            switch receipt.status {
            case .accepted, .duplicate: .ok
            case .conflict: .conflict
            case .rejected: .unprocessableContent
            }
        return .json(status, receipt.json())
    }
}

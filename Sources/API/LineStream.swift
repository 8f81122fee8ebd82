// `POST /v1/inputs` with JSON lines: a body of any length, one receipt a line, in order.
//
// One task reads: it cuts lines, decodes them, and starts a commit when a batch is full, or when the client pauses and there
// is a place (so that a client that waits for a receipt before it goes on gets it). The other waits for the oldest commit
// and writes its receipts. Memory holds at most `batches_max` batches and one line, whatever the body's length.
//
// A line that can't be understood gets a rejected receipt that names the line; the others go on. When the intake refuses a
// batch, or the doors close, or the body breaks off, the answer ends with one line
// `{"line":N,"error":{"what":…,"why":…,"do":…}}`: from line N on nothing is promised, and the sender sends from there again.
// Lines behind N may have been committed (batches run side by side): the same key again has no second effect.
// Before the first receipt the same becomes a proper status: 503, 507 or 400.

import Domain
import HTTPTypes
import HummingbirdCore
import NIOCore

extension Responder {
    @concurrent func submitLines(_ request: Request, _ writer: consuming ResponseWriter) async throws {
        let window = BatchWindow(places: limits.batches_max)
        let token = stopSignal.listen { window.finish(.halted) }
        defer { stopSignal.forget(token) }
        let requestBody = request.body
        async let _: Void = read(requestBody, into: window)
        // Whatever way this ends, the reader must not wait for a place that nobody gives back.
        defer { window.finish(.halted) }

        var next = await window.next()
        var nextLine = 1
        var receipts: Result<[Receipt], Refusal> = .success([])
        if let batch = next {
            receipts = await settle(batch)
        } else if let refusal = refusal(window.end, from: 1), window.end != .finished {
            receipts = .failure(refusal)
        }
        if case .failure(var refusal) = receipts {
            refusal.fields[.connection] = "close"
            return try await refusal.answer.write(writer, headOnly: false)
        }

        let fields: HTTPFields = [.contentType: MediaType.jsonLines.rawValue, .cacheControl: "no-store"]
        var out = try await writer.writeHead(HTTPResponse(status: .ok, headerFields: fields))
        while let batch = next {
            switch receipts {
            case .success(let receipts):
                try await out.write(Self.lines(receipts))
                nextLine = batch.lastLine + 1
            case .failure(let refusal):
                try await out.write(Self.errorLine(refusal.fault, line: batch.firstLine))
                return try await out.finish(nil)
            }
            next = await window.next()
            if let next { receipts = await settle(next) }
        }
        if let refusal = refusal(window.end, from: nextLine) {
            try await out.write(Self.errorLine(refusal.fault, line: nextLine))
        }
        try await out.finish(nil)
    }

    // MARK: - Reading

    private func read(_ body: RequestBody, into window: BatchWindow) async {
        var cutter = LineCutter(bytes_max: limits.object_bytes_max)
        var pending = PendingLines()
        do {
            for try await bytes in body {
                cutter.feed(bytes)
                while let line = cutter.next() {
                    take(line, &pending)
                    if pending.lines.count >= limits.batch_lines_max || pending.bytes >= limits.batch_bytes_max {
                        guard await start(&pending, window) else { return }
                    }
                }
                if !pending.lines.isEmpty, window.hasPlace {
                    guard await start(&pending, window) else { return }
                }
            }
            if let line = cutter.last() { take(line, &pending) }
            if !pending.lines.isEmpty { guard await start(&pending, window) else { return } }
            window.finish(.finished)
        } catch {
            // The lines before the break stand as they are: they were whole. The cut one is dropped.
            if !pending.lines.isEmpty { guard await start(&pending, window) else { return } }
            window.finish(.brokeOff)
        }
    }

    /// Lines that wait for their batch.
    private struct PendingLines {
        var lines: [(number: Int, result: Result<Input, RejectedLine>)] = []
        var bytes = 0
    }

    private struct RejectedLine: Error {
        var receipt: Receipt
    }

    private func take(_ line: LineCutter.Line, _ pending: inout PendingLines) {
        switch line {
        case .line(let number, let bytes):
            pending.bytes += bytes.count
            do throws(InputFault) {
                pending.lines.append((number, .success(try InputCodec.decode(bytes, defaultSource: defaultSource, line: number))))
            } catch {
                pending.lines.append((number, .failure(RejectedLine(receipt: Receipt(rejecting: error, source: defaultSource)))))
            }
        case .tooLong(let number):
            let fault = InputFault(
                code: .tooLong, message: "this line is longer than \(limits.object_bytes_max) bytes", suggestion: "shorten it", line: number)
            pending.lines.append((number, .failure(RejectedLine(receipt: Receipt(rejecting: fault, source: defaultSource)))))
        }
    }

    /// Starts the commit of what is pending as soon as there is a place; false when nothing more is wanted.
    private func start(_ pending: inout PendingLines, _ window: BatchWindow) async -> Bool {
        guard await window.place() else { return false }
        var inputs: [Input] = []
        var entries: [Batch.Entry] = []
        for line in pending.lines {
            switch line.result {
            case .success(let input):
                inputs.append(input)
                entries.append(.input)
            case .failure(let rejected):
                entries.append(.receipt(rejected.receipt))
            }
        }
        guard let first = pending.lines.first?.number, let last = pending.lines.last?.number else {
            window.giveBack()
            return true
        }
        pending = PendingLines()
        let backend = backend
        let tries = limits.busy_tries_max
        let pause = pause
        // Runs at once up to the point where the intake waits, so that batches are queued there in the order of the lines.
        let commit: Task<Result<[Receipt], IntakeRefusal>, Never>? =
            inputs.isEmpty ? nil : Task.immediate { [inputs] in await Self.commit(inputs, backend, tries, pause) }
        window.add(Batch(entries: entries, firstLine: first, lastLine: last, commit: commit))
        return true
    }

    /// Offers the batch again while the intake is busy: that is the back-pressure of a full queue.
    private static func commit(
        _ inputs: [Input], _ backend: any Backend, _ tries: Int, _ pause: @Sendable (Duration) async throws -> Void
    ) async -> Result<[Receipt], IntakeRefusal> {
        var wait = Duration.milliseconds(50)
        var tried = 1
        while true {
            do throws(IntakeRefusal) {
                return .success(try await backend.submit(inputs))
            } catch {
                guard error == .busy, tried < tries else { return .failure(error) }
                do { try await pause(wait) } catch { return .failure(.busy) }
                tried += 1
                wait = min(wait * 2, .seconds(1))
            }
        }
    }

    // MARK: - Writing

    /// The receipts of a batch, one for each of its lines.
    private func settle(_ batch: Batch) async -> Result<[Receipt], Refusal> {
        var committed: ArraySlice<Receipt> = []
        if let commit = batch.commit {
            switch await commit.value {
            case .success(let receipts): committed = receipts[...]
            case .failure(let refusal): return .failure(Refusal(refusal))
            }
        }
        var all: [Receipt] = []
        for entry in batch.entries {
            switch entry {
            case .receipt(let receipt): all.append(receipt)
            case .input:
                guard let receipt = committed.popFirst() else { return .failure(Self.missingReceipts) }
                all.append(receipt)
            }
        }
        return committed.isEmpty ? .success(all) : .failure(Self.missingReceipts)
    }

    private static let missingReceipts = Refusal(
        .internalServerError, what: "receipts are missing", why: "the daemon gave another number of receipts than there were inputs",
        remedy: "send the lines again: with the same ids they have one effect however often they arrive")

    private func refusal(_ end: BatchWindow.End?, from line: Int) -> Refusal? {
        switch end {
        case .halted: Refusal(.stopping)
        case .brokeOff: Self.brokeOff
        case .finished, nil: nil
        }
    }

    private static func lines(_ receipts: [Receipt]) -> ByteBuffer {
        var writer = JSONWriter(capacity: receipts.count * 160)
        for receipt in receipts {
            receipt.write(to: &writer)
            writer.newline()
        }
        return ByteBuffer(bytes: writer.bytes)
    }

    private static func errorLine(_ fault: DoorFault, line: Int) -> ByteBuffer {
        var writer = JSONWriter()
        writer.object {
            $0.field("line", line)
            fault.write(into: &$0)
        }
        writer.newline()
        return ByteBuffer(bytes: writer.bytes)
    }
}

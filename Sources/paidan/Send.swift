import API
import ArgumentParser
import Daemon
import Domain
import Glibc
import Synchronization

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hands reports and other inputs to the running daemon, and prints each receipt.",
        discussion: """
            .json holds one object, .jsonl one a line, .csv a header and rows (a counter's spreadsheet). What the daemon has accepted is \
            on disk. The same input twice has one effect: after a fault, send the whole file again. In a .csv, a time without an offset is \
            a time of the site's zone.

            Exit code 0: all accepted, or known already; 1: some refused, or a file could not be sent (the others are sent all the same).
            """)

    @Argument(help: ArgumentHelp("Files that end in .json, .jsonl or .csv; '-': JSON lines on standard input.", valueName: "FILE"))
    var files: [String]
    @OptionGroup var output: FormatOption
    @OptionGroup var daemon: DaemonOption

    func validate() throws {
        for file in files where file != "-" {
            guard [".json", ".jsonl", ".csv"].contains(where: file.hasSuffix) else {
                throw ValidationError("\(file): its name says nothing about its form; give it the ending .json, .jsonl or .csv")
            }
        }
    }

    func run() async throws {
        let calls = DaemonCalls(daemon)
        let printer = ReceiptPrinter(format: output.format)
        var zone: TimeZoneRules?
        if files.contains(where: { $0.hasSuffix(".csv") }) { zone = try await siteZone(calls) }
        for file in files {
            do {
                try await send(file, calls, printer, zone)
            } catch let failure as FileFault {
                // The other files may be good.
                printer.failed(file, failure.fault)
            }
        }
        if printer.refused > 0 {
            let n = printer.refused
            throw fail(
                DoorFault(
                    what: "\(n) input\(n == 1 ? " was" : "s were") refused", why: "the reason stands in \(n == 1 ? "its receipt" : "their receipts")",
                    remedy: "mend and send again; what was accepted is not taken twice"))
        }
    }

    /// - Throws: a `FileFault` when this file cannot be sent; an `ExitCode`, told already, when no file can.
    private func send(_ file: String, _ calls: DaemonCalls, _ printer: ReceiptPrinter, _ zone: TimeZoneRules?) async throws {
        if file.hasSuffix(".json") {
            let bytes = try whole(file)
            let answer = try await calls.answer("POST", "/v1/inputs", body: bytes, headers: DaemonCalls.jsonHeaders)
            guard [200, 409, 422].contains(answer.status) else {
                let fault = DaemonCalls.fault(status: answer.status, answer.body)
                // 400 and 413 are about this body; with anything else no other file would fare better.
                guard [400, 413].contains(answer.status) else { throw fail(fault) }
                throw FileFault(fault)
            }
            try printer.take(answer.body, file: file, line: nil)
        } else if file.hasSuffix(".csv") {
            let table = TableFile.read(try whole(file), zone: zone ?? .utc)
            guard !table.rows.isEmpty else { throw Self.empty(file) }
            let unshown = Mutex(table.rows[...])
            @Sendable func showRefused() {
                while let (line, receipt) = unshown.withLock({ $0.popRefused() }) { printer.show(receipt, raw: receipt.json(), file: file, line: line) }
            }
            showRefused()
            if !table.lines.isEmpty {
                try await calls.postLines(Pieces(table.lines)) { answer in
                    let line = unshown.withLock { $0.popFirst()?.line }
                    try printer.take(answer, file: file, line: line)
                    showRefused()
                }
            }
        } else {
            let numbers = LineNumbers()
            try await calls.postLines(FileChunks(file: file, numbers: numbers)) { try printer.take($0, file: file, line: numbers.next()) }
            guard numbers.sawAny else { throw Self.empty(file) }
        }
    }

    private func whole(_ file: String) throws(FileFault) -> [UInt8] {
        do throws(DoorFault) { return try wholeFile(file) } catch { throw FileFault(error) }
    }

    private static func empty(_ file: String) -> FileFault {
        FileFault(
            DoorFault(
                what: "nothing was sent from \(file == "-" ? "standard input" : file)", why: "nothing is there", remedy: "name a file with inputs in it"))
    }

    /// The zone of the site, in which the spool reads a spreadsheet's times too.
    private func siteZone(_ calls: DaemonCalls) async throws -> TimeZoneRules {
        let name = try parsed(try await calls.get("/v1/status"))["time_zone"]?.string ?? ""
        guard let zone = RuleFolder.zone(name) else {
            throw fail(
                DoorFault(
                    what: "cannot read the times of a .csv file", why: "this machine does not know the site's time zone '\(name)'",
                    remedy: "install the zone files (tzdata), or put the file into the spool"))
        }
        return zone
    }
}

/// One file cannot be sent; it says nothing about the others.
private struct FileFault: Error {
    let fault: DoorFault

    init(_ fault: DoorFault) { self.fault = fault }
}

/// Prints receipts as they come, and counts those that refuse.
private final class ReceiptPrinter: Sendable {
    private let format: Format
    private let count = Mutex(0)

    init(format: Format) { self.format = format }

    /// Inputs that were refused, and files that could not be sent.
    var refused: Int { count.withLock { $0 } }

    /// - Parameter line: where the input stands in the file; nil: the file is one input.
    func take(_ answer: [UInt8], file: String, line: Int?) throws {
        let receipt: Receipt
        do {
            receipt = try Receipt(json: answer)
        } catch {
            // The daemon broke off: nothing is promised from that line on.
            let from = line.map { " from line \($0) on" } ?? ""
            var fault = DaemonCalls.fault(status: 200, answer)
            fault.what = "\(file): nothing is promised\(from): \(fault.what)"
            throw fail(fault)
        }
        show(receipt, raw: answer, file: file, line: line)
    }

    /// A file of which nothing, or not all, could be sent.
    func failed(_ file: String, _ fault: DoorFault) {
        let receipt = Receipt(id: "", source: TableFile.source, status: .rejected, tasks: [], rule: nil, reason: fault.description)
        guard format == .json else { return show(receipt, raw: [], file: file, line: nil) }
        var json = JSONWriter()
        json.object {
            $0.field("file", file)
            $0.field("status", receipt.status.rawValue)
            $0.key("tasks")
            $0.array { _ in }
            $0.field("reason", receipt.reason)
        }
        show(receipt, raw: json.bytes, file: file, line: nil)
    }

    func show(_ receipt: Receipt, raw: [UInt8], file: String, line: Int?) {
        let isRefused =
            switch receipt.status {
            case .accepted, .duplicate: false
            case .conflict, .rejected: true
            }
        if isRefused { count.withLock { $0 += 1 } }
        if format == .json { return Out.bytes(raw + [0x0A]) }
        let terminal = Terminal.output
        let style: Terminal.Style? =
            switch receipt.status {
            case .accepted: .green
            case .duplicate: .faint
            case .conflict: .yellow
            case .rejected: .red
            }
        let place = line.map { "\(file):\($0)" } ?? file
        var text = "\(terminal.paint(Cells.padded(receipt.status.rawValue, to: 9), style)) \(receipt.id.isEmpty ? place : receipt.id)"
        if !receipt.tasks.isEmpty { text += "  " + receipt.tasks.map(\.description).joined(separator: " ") }
        if let kase = receipt.kase { text += "  \(kase)" }
        if let rule = receipt.rule { text += "  \(rule)" }
        if var reason = receipt.reason {
            if isRefused, !receipt.id.isEmpty { text += "  \(place)" }
            // The line is told already.
            if let line, reason.hasPrefix("line \(line), ") { reason.removeFirst("line \(line), ".count) }
            text += ": \(reason)"
        }
        Out.line(text)
        for remark in receipt.remarks { Out.line("          \(remark)") }
    }
}

/// A counter's spreadsheet, row by row: what can be read as JSON lines, what can't as refused receipts that name line and column.
struct TableFile {
    struct Row: Sendable {
        /// Where it begins in the file, from 1.
        var line: Int
        /// Why it cannot be sent; nil: it can.
        var refused: Receipt?
    }

    /// In the order of the file, without blank ones.
    private(set) var rows: [Row] = []
    /// Those that can be sent.
    private(set) var lines: [[UInt8]] = []

    var refused: [Receipt] { rows.compactMap(\.refused) }

    /// Whoever types the command hands it in; a row without an `id` has the hash of its content for a key, so that sending a file
    /// again makes no second task.
    static let source = SourceID("cli")

    static func read(_ bytes: [UInt8], zone: TimeZoneRules) -> TableFile {
        var file = TableFile()
        guard bytes.contains(where: { $0 > 0x20 }) else { return file }
        var splitter = RecordSplitter(.table)
        bytes.withUnsafeBytes { splitter.append($0) }
        splitter.finish()
        var table: CSVTable?
        while let record = splitter.next() {
            do throws(InputFault) {
                if let fault = record.fault { throw fault }
                guard let known = table else {
                    let header = try CSVTable(header: record.bytes, line: record.line, zone: zone)
                    splitter.delimiter = header.delimiter
                    table = header
                    continue
                }
                let input = try known.input(row: record.bytes, line: record.line, defaultSource: source, isTerminated: record.isTerminated)
                guard let input else { continue }
                file.lines.append(InputCodec.wireForm(of: input) + [0x0A])
                file.rows.append(Row(line: record.line))
            } catch {
                var fault = error
                if fault.id == nil, let table { fault.id = id(in: record.bytes, of: table) }
                file.rows.append(Row(line: record.line, refused: Receipt(rejecting: fault, source: source)))
                // Without a header no row means anything.
                if table == nil { break }
            }
        }
        return file
    }

    /// The `id` of a row that cannot be read, as far as no quote stands in the way.
    private static func id(in row: ArraySlice<UInt8>, of table: CSVTable) -> String? {
        guard let column = table.columns.firstIndex(of: "id") else { return nil }
        let cells = row.split(separator: table.delimiter, omittingEmptySubsequences: false)
        guard column < cells.count, cells[...column].allSatisfy({ !$0.contains(UInt8(ascii: "\"")) }) else { return nil }
        let bytes = cells[column].drop { $0 == 0x20 }.filter { $0 >= 0x20 && $0 != 0x7F }
        guard !bytes.isEmpty, bytes.count <= InputLimits.idScalarsMax else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ArraySlice<TableFile.Row> {
    /// Takes the first row away when it cannot be sent.
    fileprivate mutating func popRefused() -> (line: Int, Receipt)? {
        guard let row = first, let receipt = row.refused else { return nil }
        removeFirst()
        return (row.line, receipt)
    }
}

/// The numbers of the lines on their way, so that each receipt finds its line: the daemon gives one for each that is not blank, in order.
private final class LineNumbers: Sendable {
    private struct State {
        var line = 1
        var isBlank = true
        var sawAny = false
        /// Lines that are sent and not answered: `waiting[next...]`.
        var waiting: [Int] = []
        var next = 0
    }

    private let state = Mutex(State())

    var sawAny: Bool { state.withLock { $0.sawAny } }

    func note(_ piece: [UInt8]) {
        state.withLock { state in
            for byte in piece {
                switch byte {
                case 0x0A:
                    state.line += 1
                    state.isBlank = true
                case 0x20, 0x09, 0x0D: break
                default:
                    guard state.isBlank else { continue }
                    state.isBlank = false
                    state.sawAny = true
                    state.waiting.append(state.line)
                }
            }
        }
    }

    func next() -> Int? {
        state.withLock { state in
            guard state.next < state.waiting.count else { return nil }
            defer {
                state.next += 1
                if state.next == 4_096 {
                    state.waiting.removeFirst(state.next)
                    state.next = 0
                }
            }
            return state.waiting[state.next]
        }
    }
}

/// What is there already, as a sequence to be sent.
private struct Pieces: AsyncSequence, Sendable {
    let pieces: [[UInt8]]

    init(_ pieces: [[UInt8]]) { self.pieces = pieces }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<[UInt8]>
        mutating func next() async throws -> [UInt8]? { rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: pieces[...]) }
}

/// A file in pieces, as they are read; `-` is standard input.
private struct FileChunks: AsyncSequence, Sendable {
    let file: String
    let numbers: LineNumbers

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: String
        let numbers: LineNumbers
        var descriptor: Int32?

        mutating func next() async throws -> [UInt8]? {
            if descriptor == nil { descriptor = file == "-" ? 0 : open(file, O_RDONLY | O_CLOEXEC) }
            guard let descriptor, descriptor >= 0 else { throw FileFault(unreadable(file, errno)) }
            if Swift.Task.isCancelled { return nil }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count: Int
            do throws(DoorFault) { count = try readPiece(descriptor, &chunk, file) } catch { throw FileFault(error) }
            if count == 0 {
                if file != "-" { close(descriptor) }
                return nil
            }
            numbers.note(Array(chunk[..<count]))
            return Array(chunk[..<count])
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file, numbers: numbers) }
}

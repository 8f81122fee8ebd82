import API
import ArgumentParser
import Domain
import Glibc
import Synchronization

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hands reports and other inputs to the running daemon, and prints each receipt.",
        discussion: """
            .json holds one object, .jsonl one a line, .csv a header and rows (a counter's spreadsheet). What the daemon has accepted is \
            on disk. The same input twice has one effect: after a fault, send the whole file again.

            Exit code 0: all accepted, or known already; 1: some refused.
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
        for file in files {
            if file.hasSuffix(".json") {
                let answer = try await calls.post("/v1/inputs", json: try readFile(file))
                try printer.take(answer.body, file: file)
            } else if file.hasSuffix(".csv") {
                let table = TableFile.read(try readFile(file), zone: .ofThisMachine)
                for receipt in table.refused { printer.show(receipt, raw: receipt.json(), file: file) }
                try await calls.postLines(Pieces(table.lines)) { try printer.take($0, file: file) }
            } else {
                try await calls.postLines(FileChunks(file: file)) { try printer.take($0, file: file) }
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
}

/// Prints receipts as they come, and counts those that refuse.
private final class ReceiptPrinter: Sendable {
    private let format: Format
    private let count = Mutex(0)

    init(format: Format) { self.format = format }

    var refused: Int { count.withLock { $0 } }

    func take(_ line: [UInt8], file: String) throws {
        let receipt: Receipt
        do {
            receipt = try Receipt(json: line)
        } catch {
            // The daemon broke off: nothing is promised from that line on.
            let from = (try? JSONValue.parse(line))?["line"]?.int.map { " from line \($0) on" } ?? ""
            var fault = DaemonCalls.fault(status: 200, line)
            fault.what = "\(file): nothing is promised\(from): \(fault.what)"
            throw fail(fault)
        }
        show(receipt, raw: line, file: file)
    }

    func show(_ receipt: Receipt, raw: [UInt8], file: String) {
        switch receipt.status {
        case .accepted, .duplicate: break
        case .conflict, .rejected: count.withLock { $0 += 1 }
        }
        if format == .json { return Out.bytes(raw + [0x0A]) }
        let terminal = Terminal.output
        let style: Terminal.Style? =
            switch receipt.status {
            case .accepted: .green
            case .duplicate: .faint
            case .conflict: .yellow
            case .rejected: .red
            }
        var text = "\(terminal.paint(Cells.padded(receipt.status.rawValue, to: 9), style)) \(receipt.id.isEmpty ? file : receipt.id)"
        if !receipt.tasks.isEmpty { text += "  " + receipt.tasks.map(\.description).joined(separator: " ") }
        if let rule = receipt.rule { text += "  \(rule)" }
        if let reason = receipt.reason { text += ": \(reason)" }
        Out.line(text)
    }
}

/// A counter's spreadsheet, row by row: what can be read as JSON lines, what can't as refused receipts that name line and column.
struct TableFile {
    private(set) var lines: [[UInt8]] = []
    private(set) var refused: [Receipt] = []

    /// Whoever types the command hands it in; a row without an `id` has the hash of its content for a key, so that sending a file
    /// again makes no second task.
    static let source = SourceID("cli")

    static func read(_ bytes: [UInt8], zone: TimeZoneRules) -> TableFile {
        var file = TableFile()
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
                if let input { file.lines.append(InputCodec.wireForm(of: input) + [0x0A]) }
            } catch {
                file.refused.append(Receipt(rejecting: error, source: source))
                // Without a header no row means anything.
                if table == nil { break }
            }
        }
        return file
    }
}

extension TimeZoneRules {
    /// The machine's own zone, for a spreadsheet's times without an offset; UTC where there is none.
    static var ofThisMachine: TimeZoneRules {
        (try? readFile("/etc/localtime")).flatMap { try? TimeZoneRules(name: "local", tzif: $0) } ?? .utc
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

    struct AsyncIterator: AsyncIteratorProtocol {
        let file: String
        var descriptor: Int32?

        mutating func next() async throws -> [UInt8]? {
            if descriptor == nil { descriptor = file == "-" ? 0 : open(file, O_RDONLY | O_CLOEXEC) }
            guard let descriptor, descriptor >= 0 else { throw fail(unreadable(file, errno)) }
            if Swift.Task.isCancelled { return nil }
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            let count = try readSome(descriptor, &chunk, file)
            if count == 0 {
                if file != "-" { close(descriptor) }
                return nil
            }
            return Array(chunk[..<count])
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file) }
}

// Reads what lies in `new`: one pass, oldest files first.
//
//   new/NAME ──read──> batch (512 inputs or 4 MiB) ──submit, up to 4 under way──> receipts ──> done/NAME
//                │                                                     │
//                └── can't be understood ──> bad <── conflict, rejected┘      bad ──> quarantine/NAME and NAME.reason
//
// A file is moved only after the commit of all its lines. On failure:
// - Inputs refused for now (no room, queue full): the pass ends, the files stay, the next pass goes on behind the last committed line.
// - A crash or a power cut at any point: the file lies in `new` still, or again, because a rename that did not reach the disk is
//   undone by the file system's journal. It is read again, and each committed line is answered with `duplicate`. That is why no folder is
//   flushed with fsync: not even a lost rename can lose or double an input.
// - A crash between writing to quarantine and moving the file: its bad lines come to quarantine once more, under another name.

package import Domain
import Glibc

/// What one pass did.
package struct SpoolPass: Sendable, Hashable {
    /// Files found in `new`.
    package var found = 0
    /// Files that left it.
    package var moved = 0
    /// Why it ended early.
    package var refusal: IntakeRefusal?
}

actor SpoolReader {
    private let configuration: SpoolConfiguration
    private var folder: SpoolFolder
    private let intake: any Intake
    private let ledger: SpoolLedger
    private let now: @Sendable () -> Instant
    private let remark: @Sendable (SpoolRemark) -> Void
    private let executor = QueueExecutor(label: "paidan.spool")

    /// Its own thread: reading a disk may block, and the shared ones are few.
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private struct Origin {
        let file: SpoolFile
        let line: Int
        let offset: Int
        let length: Int
        let nextLine: Int
    }

    private struct Flight {
        let origins: [Origin]
        let answer: Swift.Task<Result<[Receipt], IntakeRefusal>, Never>
    }

    private var isScanning = false
    private var isStopping = false
    private var batch: [Input] = []
    private var origins: [Origin] = []
    private var batchBytes = 0
    private var flights: [Flight] = []
    private var pass = SpoolPass()
    /// Files that were left half done, by inode.
    private var halfDone: [UInt64: SpoolFile] = [:]
    /// When a stuck file was told last, by name.
    private var told: [[UInt8]: Instant] = [:]
    private var isRefused = false

    init(
        configuration: SpoolConfiguration, folder: SpoolFolder, intake: any Intake, ledger: SpoolLedger, now: @escaping @Sendable () -> Instant,
        remark: @escaping @Sendable (SpoolRemark) -> Void
    ) {
        self.configuration = configuration
        self.folder = folder
        self.intake = intake
        self.ledger = ledger
        self.now = now
        self.remark = remark
    }

    /// The pass under way, if any, ends after the file it reads.
    func stop() { isStopping = true }

    /// One pass over `new`. A second one at the same time does nothing.
    func scan() async -> SpoolPass {
        guard !isScanning, !isStopping else { return SpoolPass() }
        isScanning = true
        defer { isScanning = false }
        pass = SpoolPass()
        if !folder.isInPlace {
            do throws(SpoolFault) { folder = try SpoolFolder(path: configuration.path) } catch {
                tell([], .unlistable(reason: error.description))
                return pass
            }
        }
        var entries: [SpoolFolder.Entry]
        do throws(SystemFault) { entries = try folder.list(folder.new) } catch {
            tell([], .unlistable(reason: error.reason))
            return pass
        }
        entries.sort { $0.written != $1.written ? $0.written < $1.written : $0.name.lexicographicallyPrecedes($1.name) }
        pass.found = entries.count
        ledger.count {
            $0.scans += 1
            $0.waiting = entries.count
        }
        let inodes = Set(entries.map(\.inode))
        halfDone = halfDone.filter { inodes.contains($0.key) }
        for entry in entries {
            if pass.refusal != nil || isStopping { break }
            ledger.turn()
            await read(entry)
        }
        await submit()
        while !flights.isEmpty { await settleFirst() }
        return pass
    }

    // MARK: Reading

    private func read(_ entry: SpoolFolder.Entry) async {
        // Writers that know only one folder, such as rsync, write under a name with a dot and rename.
        let age = now().milliseconds - entry.written / 1_000_000
        if entry.name.first == UInt8(ascii: "."), abs(age) < 3_600_000 { return }
        if let reason = refusal(of: entry) { return quarantine(whole: entry, reason) }
        guard let format = SpoolFormat(name: entry.name) else { return }
        let descriptor: Int32
        let opened: SpoolFolder.Entry
        do throws(SystemFault) { (descriptor, opened) = try folder.open(entry.name) } catch {
            // Vanished: its writer took it back.
            if error.number == ENOENT { return }
            return tell(entry.name, .stuck(file: shown(entry.name), reason: "\(error.reason); let the group paidan read it (mode 0660)"))
        }
        defer { close(descriptor) }
        // Between the listing and now a pipe, say, may have taken its name.
        guard opened.kind == .file else { return }
        let file = resumed(opened) ?? SpoolFile(entry: opened, format: format)
        let isYoung = abs(now().milliseconds - opened.written / 1_000_000) < configuration.settleMilliseconds
        do throws(SystemFault) {
            switch format {
            case .one: try await readOne(file, descriptor, isYoung: isYoung)
            case .lines, .table: try await readMany(file, descriptor, isYoung: isYoung)
            }
        } catch {
            file.stays = true
            tell(entry.name, .stuck(file: file.name, reason: "\(error.reason) while reading; it is tried again"))
        }
        file.isRead = true
        finishIfSettled(file)
    }

    /// Why a file is not read at all.
    private func refusal(of entry: SpoolFolder.Entry) -> String? {
        switch entry.kind {
        case .file: break
        case .folder: return "a folder stands in new; put its files into new one by one"
        case .link: return "a symbolic link is not followed; put the file itself into new"
        case .pipe: return "a named pipe is not read; put a file into new"
        case .socket: return "a socket is not read; put a file into new"
        case .device: return "a device is not read; put a file into new"
        }
        if entry.name.withUnsafeBufferPointer({ firstInvalidUTF8($0) }) != nil {
            return "the file's name is not UTF-8; give it a plain name and put it back into new"
        }
        if entry.name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            return "the file's name holds a line end or another control character; give it a plain name and put it back into new"
        }
        guard let format = SpoolFormat(name: entry.name) else {
            return "the name ends neither with .json (one object) nor .jsonl (one object a line) nor .csv (a header and rows); rename it accordingly and put it back into new"
        }
        let max = format == .one ? InputCodec.bytesMax : configuration.fileBytesMax
        guard entry.size <= max else {
            return "\(entry.size) bytes are too many for one \(format == .one ? "input" : "file"), at most \(max) are taken; split it and put the parts into new"
        }
        return nil
    }

    private func readOne(_ file: SpoolFile, _ descriptor: Int32, isYoung: Bool) async throws(SystemFault) {
        var bytes: [UInt8] = []
        while bytes.count <= InputCodec.bytesMax {
            let size = max(file.entry.size + 1 - bytes.count, 4_096)
            let before = bytes.count
            bytes += [UInt8](repeating: 0, count: size)
            var count = 0
            var fault: SystemFault?
            bytes.withUnsafeMutableBytes { buffer in
                do throws(SystemFault) { count = try readSome(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[before...])) } catch { fault = error }
            }
            if let fault { throw fault }
            bytes.removeLast(size - count)
            if count == 0 { break }
        }
        do throws(InputFault) {
            let input = try InputCodec.decode(bytes, defaultSource: configuration.source)
            await add(input, size: bytes.count, Origin(file: file, line: 1, offset: 0, length: bytes.count, nextLine: 2))
        } catch {
            if isYoung, error.code == .truncated || error.code == .empty {
                file.stays = true
            } else {
                unreadable(file, line: 1, offset: 0, length: bytes.count, error)
            }
        }
    }

    private func readMany(_ file: SpoolFile, _ descriptor: Int32, isYoung: Bool) async throws(SystemFault) {
        var splitter = RecordSplitter(
            file.format == .table ? .table : .lines, offset: file.committedOffset, line: file.committedLine)
        splitter.delimiter = file.table?.delimiter
        if file.committedOffset > 0, lseek(descriptor, off_t(file.committedOffset), SEEK_SET) < 0 { throw SystemFault(number: errno) }
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { piece.deallocate() }
        var total = file.committedOffset
        while true {
            let count = try readSome(descriptor, into: piece)
            total += count
            if count == 0 || total > configuration.fileBytesMax { splitter.finish() } else { splitter.append(UnsafeRawBufferPointer(rebasing: piece[..<count])) }
            ledger.turn()
            while let record = splitter.next() {
                if isYoung, !record.isTerminated {
                    file.stays = true
                    return
                }
                guard await take(record, of: file) else { return }
                if let table = file.table { splitter.delimiter = table.delimiter }
                if pass.refusal != nil || isStopping {
                    file.stays = true
                    return
                }
            }
            if count == 0 || total > configuration.fileBytesMax { break }
        }
        if total == 0 {
            if isYoung { file.stays = true } else if file.format == .table {
                unreadable(
                    file, line: 1, offset: 0, length: 0,
                    InputFault(code: .empty, message: "nothing is there", suggestion: "begin with a header such as id,type,category,reported_at,customer"))
            }
        }
    }

    /// False when nothing more of the file is to be read.
    private func take(_ record: RecordSplitter.Record, of file: SpoolFile) async -> Bool {
        if file.isFull {
            file.stopReading(at: record.offset)
            return false
        }
        let nextLine = record.line + record.bytes.count { $0 == 0x0A } + 1
        let origin = Origin(file: file, line: record.line, offset: record.offset, length: record.length, nextLine: nextLine)
        do throws(InputFault) {
            if let fault = record.fault { throw fault }
            switch file.format {
            case .one: return false
            case .lines:
                if record.bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return true }
                let input = try InputCodec.decode(record.bytes, defaultSource: configuration.source, line: record.line)
                await add(input, size: record.length, origin)
            case .table:
                guard let table = file.table else {
                    file.table = try CSVTable(header: record.bytes, line: record.line, zone: configuration.zone)
                    file.header = Array(record.bytes) + [0x0A]
                    return true
                }
                let input = try table.input(
                    row: record.bytes, line: record.line, defaultSource: configuration.source, isTerminated: record.isTerminated)
                guard let input else { return true }
                await add(input, size: record.length, origin)
            }
            return true
        } catch {
            unreadable(file, line: record.line, offset: record.offset, length: record.length, error)
            // Without a header no row can be understood.
            return file.format != .table || file.table != nil
        }
    }

    private func unreadable(_ file: SpoolFile, line: Int, offset: Int, length: Int, _ fault: InputFault) {
        ledger.count { $0.unreadable += 1 }
        file.note(SpoolFile.Bad(line: line, offset: offset, length: length, reason: fault.description))
    }

    // MARK: Handing over

    private func add(_ input: Input, size: Int, _ origin: Origin) async {
        origin.file.unsettled += 1
        batch.append(input)
        origins.append(origin)
        batchBytes += size
        if batch.count >= configuration.batchMax || batchBytes >= configuration.batchBytesMax { await submit() }
    }

    /// Sends the batch off; waits for the oldest one under way when there are too many. They are sent from this actor, one after the other, so
    /// that they come to the intake in order.
    private func submit() async {
        guard !batch.isEmpty else { return }
        let inputs = batch
        let flightOrigins = origins
        batch = []
        origins = []
        batchBytes = 0
        batch.reserveCapacity(configuration.batchMax)
        while flights.count >= configuration.flightsMax { await settleFirst() }
        if pass.refusal != nil {
            // Not past a refused one: lines keep their order, and the file goes on behind the last committed one.
            for origin in flightOrigins {
                origin.file.unsettled -= 1
                origin.file.stays = true
            }
            for origin in flightOrigins { finishIfSettled(origin.file) }
            return
        }
        let answer = Swift.Task { () -> Result<[Receipt], IntakeRefusal> in
            do throws(IntakeRefusal) { return .success(try await self.intake.submit(inputs)) } catch { return .failure(error) }
        }
        flights.append(Flight(origins: flightOrigins, answer: answer))
    }

    private func settleFirst() async {
        let flight = flights.removeFirst()
        ledger.isWaitingForCommit = true
        let answer = await flight.answer.value
        ledger.isWaitingForCommit = false
        ledger.turn()
        switch answer {
        case .success(let receipts) where receipts.count == flight.origins.count:
            if isRefused {
                isRefused = false
                remark(.takenAgain)
            }
            for (origin, receipt) in zip(flight.origins, receipts) { settle(origin, receipt) }
        case .success:
            // An intake that breaks its word: nothing is known of these inputs, so they are sent again.
            refuse(.noRoom("the daemon answered with the wrong number of receipts"), flight)
        case .failure(let refusal): refuse(refusal, flight)
        }
        for origin in flight.origins { finishIfSettled(origin.file) }
    }

    private func refuse(_ refusal: IntakeRefusal, _ flight: Flight) {
        ledger.count { $0.refusals += 1 }
        for origin in flight.origins {
            origin.file.unsettled -= 1
            origin.file.stays = true
        }
        if pass.refusal == nil { pass.refusal = refusal }
        guard !isRefused else { return }
        isRefused = true
        if refusal != .stopping { remark(.notTaken(refusal)) }
    }

    private func settle(_ origin: Origin, _ receipt: Receipt) {
        let file = origin.file
        file.unsettled -= 1
        switch receipt.status {
        case .accepted:
            file.accepted += 1
            ledger.count { $0.accepted += 1 }
        case .duplicate:
            file.duplicates += 1
            ledger.count { $0.duplicates += 1 }
        case .conflict, .rejected:
            ledger.count { if receipt.status == .conflict { $0.conflicts += 1 } else { $0.rejected += 1 } }
            let reason = "line \(origin.line): \(receipt.status.rawValue): " + (receipt.reason ?? "no reason was given")
            file.note(SpoolFile.Bad(line: origin.line, offset: origin.offset, length: origin.length, reason: reason))
        }
        // Receipts come in the order of the lines; behind a refused batch nothing counts as committed in one piece.
        if !file.stays { file.commit(upTo: origin.offset + origin.length, line: origin.nextLine) }
    }

    // MARK: Moving on

    private func finishIfSettled(_ file: SpoolFile) {
        guard file.isSettled else { return }
        // Settled once: the files of a batch's inputs come here once for each.
        file.isRead = false
        if file.stays {
            if file.committedOffset > 0, halfDone.count < 64 { halfDone[file.entry.inode] = file }
            return
        }
        do throws(SystemFault) {
            let entry = try folder.status(folder.new, file.entry.name)
            // Replaced or written on since it was read: it is read again in the next pass.
            guard entry.inode == file.entry.inode, entry.size == file.entry.size, entry.written == file.entry.written else { return }
            if file.bad.isEmpty {
                try moveToDone(file)
            } else if file.accepted + file.duplicates == 0 {
                quarantine(whole: file.entry, reasons: file.reasons, of: file.bad.count)
            } else {
                let name = try quarantine.keepBadLines(of: file)
                ledger.count { $0.filesQuarantined += 1 }
                remark(.quarantined(file: name, bad: file.bad.count, of: file.records, reason: file.reasons.first ?? ""))
                try moveToDone(file)
            }
        } catch {
            if error.number == ENOENT { return }
            tell(file.entry.name, .stuck(file: file.name, reason: "\(error.reason) while moving it; it is tried again"))
        }
    }

    private func moveToDone(_ file: SpoolFile) throws(SystemFault) {
        let target = folder.freeName(file.entry.name, in: folder.done, companion: "", now: now())
        try folder.rename(file.entry.name, from: folder.new, to: folder.done, as: target)
        moved(file.entry.name)
        ledger.count { $0.filesDone += 1 }
        remark(.done(file: file.name, accepted: file.accepted, duplicates: file.duplicates, bad: file.bad.count))
    }

    private func moved(_ name: [UInt8]) {
        pass.moved += 1
        told[name] = nil
    }

    private func quarantine(whole entry: SpoolFolder.Entry, _ reason: String) {
        ledger.count { $0.unreadable += 1 }
        quarantine(whole: entry, reasons: [reason], of: 1)
    }

    /// Moves a file as it is, with the reasons beside it.
    private func quarantine(whole entry: SpoolFolder.Entry, reasons: [String], of records: Int) {
        do throws(SystemFault) {
            let name = try quarantine.move(entry, reasons)
            moved(entry.name)
            ledger.count { $0.filesQuarantined += 1 }
            remark(.quarantined(file: name, bad: records, of: records, reason: reasons.first ?? ""))
        } catch {
            if error.number == ENOENT { return }
            tell(
                entry.name,
                .stuck(file: shown(entry.name), reason: "it should go to quarantine (\(reasons.first ?? "")), but: \(error.reason)"))
        }
    }

    private func resumed(_ entry: SpoolFolder.Entry) -> SpoolFile? {
        guard let file = halfDone.removeValue(forKey: entry.inode) else { return nil }
        guard file.entry.name == entry.name, file.entry.size == entry.size, file.entry.written == entry.written else { return nil }
        file.rewind()
        return file
    }

    /// Says it at most once a minute for each file.
    private func tell(_ name: [UInt8], _ what: SpoolRemark) {
        let now = now()
        if let last = told[name], now - last < .minutes(1), last <= now { return }
        if told.count > 1_000 { told.removeAll() }
        told[name] = now
        remark(what)
    }

    private var quarantine: SpoolQuarantine { SpoolQuarantine(folder: folder, zone: configuration.zone ?? .utc, now: now()) }

    // MARK: Emptying

    /// Removes what has lain in `done` and `quarantine` longer than the configured days; false when there is more to do.
    func empty() -> Bool {
        folder.removeOwnLeftovers()
        var isComplete = true
        let limit = now() + TimeSpan(milliseconds: -configuration.keepDays * 86_400_000)
        for (name, descriptor) in [("done", folder.done), ("quarantine", folder.quarantine)] {
            let result = folder.empty(descriptor, movedBefore: limit, max: 5_000)
            if result.removed > 0 { remark(.emptied(folder: name, files: result.removed)) }
            if !result.isComplete { isComplete = false }
            ledger.turn()
        }
        return isComplete
    }
}

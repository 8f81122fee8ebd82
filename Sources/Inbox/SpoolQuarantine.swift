import Domain
import Glibc

/// Where what could not be taken goes: the file or the bad lines of it, and beside it NAME.reason, which says for each what is wrong, where, and
/// what to do. The reasons are written first, so that nothing ever lies here unexplained.
struct SpoolQuarantine {
    let folder: SpoolFolder
    let zone: TimeZoneRules
    let now: Instant

    /// Moves a file of `new` as it is. Gives the name it has here.
    func move(_ entry: SpoolFolder.Entry, _ reasons: [String]) throws(SystemFault) -> String {
        // One that people can type.
        let target = folder.freeName(Array(shown(entry.name).utf8), in: folder.quarantine, companion: ".reason", now: now)
        let name = String(decoding: target, as: UTF8.self)
        try writeReasons(for: target, "\(name) was not taken in (\(time)).", "Correct it and move it back into new: \(folder.path)/new", reasons)
        do throws(SystemFault) { try folder.rename(entry.name, from: folder.new, to: folder.quarantine, as: target) } catch {
            _ = withName(target + Array(".reason".utf8)) { unlinkat(folder.quarantine, $0, 0) }
            throw error
        }
        return name
    }

    /// Writes the bad lines of a file, which still lies in `new`; before the bad rows of a table its header. Gives the name they have here.
    func keepBadLines(of file: SpoolFile) throws(SystemFault) -> String {
        let (descriptor, entry) = try folder.open(file.entry.name)
        defer { close(descriptor) }
        guard entry.inode == file.entry.inode else { throw SystemFault(number: ENOENT) }
        let target = folder.freeName(file.entry.name, in: folder.quarantine, companion: ".reason", now: now)
        let name = String(decoding: target, as: UTF8.self)
        try writeReasons(
            for: target, "\(file.bad.count) of \(file.records) lines of \(file.name) were not taken in (\(time)); the others were.",
            "\(name) beside this file holds them; correct it and move it back into new: \(folder.path)/new. The numbers are those of the file's own lines.",
            file.reasons)
        try folder.write(target) { (write) throws(SystemFault) in
            if !file.header.isEmpty { try give(file.header, to: write) }
            for line in file.badInOrder { try copy(descriptor, from: line.offset, count: line.length, write) }
            if let unread = file.unread { try copy(descriptor, from: unread, count: entry.size - unread, write) }
        }
        return name
    }

    private var time: String { now.rfc3339(in: zone) }

    private func writeReasons(for target: [UInt8], _ what: String, _ advice: String, _ reasons: [String]) throws(SystemFault) {
        let text = ([what, advice, ""] + reasons + [""]).joined(separator: "\n")
        try folder.write(target + Array(".reason".utf8)) { (write) throws(SystemFault) in try give(Array(text.utf8), to: write) }
    }

    /// Copies a range of a file, with a line end behind it where it has none.
    private func copy(
        _ descriptor: Int32, from offset: Int, count: Int, _ write: (UnsafeRawBufferPointer) throws(SystemFault) -> Void
    ) throws(SystemFault) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { piece.deallocate() }
        var at = offset
        var last: UInt8 = 0x0A
        while at < offset + count {
            let got = pread(descriptor, piece.baseAddress, min(piece.count, offset + count - at), off_t(at))
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw SystemFault(number: errno) }
            if got == 0 { break }
            try write(UnsafeRawBufferPointer(rebasing: piece[..<got]))
            last = piece[got - 1]
            at += got
        }
        if last != 0x0A { try give([0x0A], to: write) }
    }

    private func give(_ bytes: [UInt8], to write: (UnsafeRawBufferPointer) throws(SystemFault) -> Void) throws(SystemFault) {
        var fault: SystemFault?
        bytes.withUnsafeBytes { buffer in
            do throws(SystemFault) { try write(buffer) } catch { fault = error }
        }
        if let fault { throw fault }
    }
}

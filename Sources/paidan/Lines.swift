import API
import ArgumentParser
import Glibc

/// Hands over each line of a file (`nil` or `-`: standard input) without its end, in pieces that fit memory.
func readLines(of file: String?, _ take: (ArraySlice<UInt8>) throws -> Void) throws {
    try reading(file) { descriptor in
        var rest: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try readSome(descriptor, &chunk, file)
            if count == 0 { break }
            rest.append(contentsOf: chunk[..<count])
            var start = rest.startIndex
            while let end = rest[start...].firstIndex(of: 0x0A) {
                try take(rest[start..<end])
                start = end + 1
            }
            rest = Array(rest[start...])
        }
        if !rest.isEmpty { try take(rest[...]) }
    }
}

/// A file whole.
func wholeFile(_ file: String) throws(DoorFault) -> [UInt8] {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(file, errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
        let count = try readPiece(descriptor, &chunk, file)
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// What comes next of an open file; 0: its end.
func readPiece(_ descriptor: Int32, _ chunk: inout [UInt8], _ file: String?) throws(DoorFault) -> Int {
    while true {
        let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        if errno != EINTR { throw unreadable(file, errno) }
    }
}

private func readSome(_ descriptor: Int32, _ chunk: inout [UInt8], _ file: String?) throws -> Int {
    do throws(DoorFault) { return try readPiece(descriptor, &chunk, file) } catch { throw fail(error) }
}

private func reading<T>(_ file: String?, _ body: (Int32) throws -> T) throws -> T {
    guard let file, file != "-" else { return try body(0) }
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw fail(unreadable(file, errno)) }
    defer { close(descriptor) }
    return try body(descriptor)
}

func unreadable(_ file: String?, _ code: Int32) -> DoorFault {
    let remedy =
        switch code {
        case ENOENT: "name a file that is there"
        case EISDIR: "name a file, not a folder"
        default: "name a file that you may read"
        }
    return DoorFault(what: "cannot read \(file ?? "standard input")", why: String(cString: strerror(code)), remedy: remedy)
}

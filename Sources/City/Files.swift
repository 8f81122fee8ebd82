import Glibc

/// The few system calls that the city needs: its temporary folder, and a storm's file.
package enum Files {
    /// Reads a file whole; one that ends in `.gz` through `gzip -dc`.
    package static func read(_ path: String) throws(CityFault) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CityFault("cannot read \(path): \(reason(errno)); name a file that is there") }
        defer { close(descriptor) }
        return path.hasSuffix(".gz") ? try unpacked(descriptor, path) : try toEnd(of: descriptor, path)
    }

    /// What `gzip -dc` makes of an open file. No library for it: every Debian has the program.
    private static func unpacked(_ packed: Int32, _ path: String) throws(CityFault) -> [UInt8] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw CityFault("cannot unpack \(path): \(reason(errno)); unpack it by hand") }
        defer { close(ends[0]) }
        // The child's copies are made by the file actions.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, packed, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        var child: pid_t = 0
        let arguments = ["gzip", "-dc"]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let failure = posix_spawnp(&child, "gzip", &actions, nil, &words, environ)
        close(ends[1])
        guard failure == 0 else {
            throw CityFault("cannot unpack \(path): gzip could not be started (\(reason(failure))); install gzip, or unpack the file")
        }
        let bytes = Result<[UInt8], CityFault> { () throws(CityFault) in try toEnd(of: ends[0], path) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw CityFault("cannot unpack \(path): gzip says that it is no gzip file, or cut short; fetch it again") }
        return try bytes.get()
    }

    private static func toEnd(of descriptor: Int32, _ path: String) throws(CityFault) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CityFault("cannot read \(path): \(reason(errno)); name a file that can be read") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Makes a new folder below the system's one for such.
    package static func temporaryFolder(_ name: String) throws(CityFault) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CityFault("cannot make a folder in \(parent): \(reason(errno)); make room there or set TMPDIR")
        }
        return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func rename(_ path: String, to new: String) throws(CityFault) {
        guard Glibc.rename(path, new) == 0 else { throw CityFault("cannot rename \(path) to \(new): \(reason(errno)); make room there") }
    }

    package static func makeFolder(_ path: String) throws(CityFault) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw CityFault("cannot make the folder \(path): \(reason(errno)); make room there") }
    }

    /// Removes a folder with the files and folders in it, as far as it can. Follows no link.
    package static func remove(_ folder: String) {
        if let items = opendir(folder) {
            while let item = readdir(items) {
                let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
                if name == "." || name == ".." { continue }
                let path = folder + "/" + name
                if item.pointee.d_type == UInt8(DT_DIR) { remove(path) } else { unlink(path) }
            }
            closedir(items)
        }
        rmdir(folder)
    }

    /// Copies the files of a folder (no folders in it) into a new one, as they stand.
    static func copy(_ folder: String, to copy: String, without skipped: Set<String>) throws(CityFault) {
        guard mkdir(copy, 0o700) == 0, let items = opendir(folder) else {
            throw CityFault("cannot copy \(folder) to \(copy): \(reason(errno)); make room there")
        }
        defer { closedir(items) }
        while let item = readdir(items) {
            let name = withUnsafeBytes(of: &item.pointee.d_name) { raw in String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self) }
            guard item.pointee.d_type == UInt8(DT_REG), !skipped.contains(name) else { continue }
            try write(try read(folder + "/" + name), to: copy + "/" + name)
        }
    }

    package static func write(_ bytes: [UInt8], to path: String) throws(CityFault) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw CityFault("cannot write \(path): \(reason(errno)); make room there") }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CityFault("cannot write \(path): \(reason(errno)); make room there") }
            written += count
        }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

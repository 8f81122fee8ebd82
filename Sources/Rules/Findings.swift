/// Collects what is wrong while the files are read; places are bytes of files until the end, when lines and columns are counted
/// for those that are told.
final class Findings {
    struct Entry: Hashable {
        var file: Int
        var range: Range<Int>
        var severity: Diagnostic.Severity
        var wording: Wording
    }

    private struct Origin: Hashable {
        var file: Int
        var severity: Diagnostic.Severity
    }

    /// More of one file are counted, not kept: somebody has fed a wrong file.
    static let keptMax = 1_000
    /// So many are told; the last line then says how many more there are.
    static let toldMax = 200

    private(set) var entries: [Entry] = []
    private var kept: [Origin: Int] = [:]
    private var seen: Set<Entry> = []
    private var dropped = 0
    private(set) var hasErrors = false
    /// How often anything was told, kept or not.
    private(set) var told = 0

    /// No more of this file is kept: no need to look for suggestions.
    func isFull(_ file: Int) -> Bool { kept[Origin(file: file, severity: .error), default: 0] >= Self.keptMax }

    func error(_ file: Int, _ range: Range<Int>, _ wording: @autoclosure () -> Wording) { add(file, range, .error, wording) }
    func warning(_ file: Int, _ range: Range<Int>, _ wording: @autoclosure () -> Wording) { add(file, range, .warning, wording) }

    /// So many errors of a file of which no more is kept (`isFull`): they are only counted.
    func countErrors(_ count: Int) {
        hasErrors = true
        told += count
        dropped += count
    }

    /// The wording is worked out only where it is kept.
    private func add(_ file: Int, _ range: Range<Int>, _ severity: Diagnostic.Severity, _ wording: () -> Wording) {
        if severity == .error { hasErrors = true }
        told += 1
        let origin = Origin(file: file, severity: severity)
        let count = kept[origin, default: 0]
        guard count < Self.keptMax else {
            dropped += 1
            return
        }
        let entry = Entry(file: file, range: range, severity: severity, wording: wording())
        guard seen.insert(entry).inserted else { return }
        kept[origin] = count + 1
        entries.append(entry)
    }

    /// How many are not told.
    var untold: Int { max(0, entries.count + dropped - Self.toldMax) }

    /// Sorted by file name, place and code, capped; where there are too many, errors are told before warnings. An entry without a file (`file` -1) belongs to the whole folder and stands first.
    func diagnostics(sources: [SourceText]) -> [Diagnostic] {
        func name(_ file: Int) -> String { file < 0 ? Wording.folder : sources[file].name }
        func precedes(_ a: Entry, _ b: Entry) -> Bool {
            if a.file != b.file {
                if a.file < 0 || b.file < 0 { return a.file < b.file }
                return Array(name(a.file).utf8).lexicographicallyPrecedes(Array(name(b.file).utf8))
            }
            if a.range.lowerBound != b.range.lowerBound { return a.range.lowerBound < b.range.lowerBound }
            if a.range.upperBound != b.range.upperBound { return a.range.upperBound < b.range.upperBound }
            return (a.wording.code, a.wording.message) < (b.wording.code, b.wording.message)
        }
        let more = untold
        var chosen = entries.sorted(by: precedes)
        if chosen.count > Self.toldMax {
            let errors = chosen.filter { $0.severity == .error }.prefix(Self.toldMax)
            let warnings = chosen.filter { $0.severity == .warning }.prefix(Self.toldMax - errors.count)
            chosen = (errors + warnings).sorted(by: precedes)
        }
        // Counted on from the place before, where nothing but ASCII lies between: a line of a megabyte may have many mistakes.
        var last: (file: Int, byte: Int, line: Int, column: Int)?
        func position(_ file: Int, _ byte: Int) -> (line: Int, column: Int) {
            let source = sources[file]
            let line = source.line(of: byte)
            let place: (line: Int, column: Int)
            if let last, last.file == file, last.line == line + 1, last.byte <= byte, byte <= source.range(ofLine: line).upperBound,
                source.bytes[max(last.byte - 1, 0)..<byte].allSatisfy({ $0 < 0x80 })
            {
                place = (last.line, last.column + byte - last.byte)
            } else {
                place = source.position(of: byte)
            }
            last = (file, byte, place.line, place.column)
            return place
        }
        func diagnostic(_ entry: Entry) -> Diagnostic {
            var from = (line: 1, column: 1)
            var to = from
            if entry.file >= 0 {
                from = position(entry.file, entry.range.lowerBound)
                to = position(entry.file, entry.range.upperBound)
            }
            return Diagnostic(
                file: name(entry.file), line: from.line, column: from.column, endLine: to.line, endColumn: to.column, severity: entry.severity,
                code: entry.wording.code, message: entry.wording.message, suggestion: entry.wording.suggestion, example: entry.wording.example)
        }
        var told = chosen.map(diagnostic)
        if more > 0, let last = told.last {
            let wording = Wording.more(more)
            // Errors may be among those that are not told.
            let severity: Diagnostic.Severity = hasErrors ? .error : .warning
            told.append(
                Diagnostic(
                    file: last.file, line: last.line, column: last.column, endLine: last.line, endColumn: last.column, severity: severity,
                    code: wording.code, message: wording.message))
        }
        return told
    }
}

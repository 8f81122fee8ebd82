import Domain
@testable import Rules

private let site = RuleSource.File(
    name: "site.yaml",
    bytes: Array(
        """
        module: site
        time_zone: UTC
        values: { type: [fault, complaint], category: [fire, no_power], site: [urban, rural], skill: [cable, line] }
        fields: { report: { floors: whole number } }
        departments: { operations: { name: o, head: u, fallback: true }, desk: { name: d, head: v } }
        districts: { north: { zh: 北, en: North, lat: 28, lon: 120, site: urban } }
        crews: { n: { department: operations, skills: [cable] } }
        roles: { duty: { name: d, person: u } }
        """.utf8))

/// Any bytes as a module beside a valid site: there is a set, or an error is told; the diagnostics are sorted, and lie within their files.
@_cdecl("LLVMFuzzerTestOneInput")
public func rulesFuzzer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    fuzz(start, count) { bytes in
        let source = RuleSource(files: [RuleSource.File(name: "m.yaml", bytes: Array(bytes)), site])
        let compilation = timed { RuleCompiler.compile(source) { name in name == "UTC" ? .utc : nil } }
        demand((compilation.set == nil) == (compilation.errorCount > 0), "\(compilation.errorCount) errors, and a set: \(compilation.set != nil)")
        var last: (String, Int, Int) = ("", 0, 0)
        for diagnostic in compilation.diagnostics {
            let place = (diagnostic.file, diagnostic.line, diagnostic.column)
            demand(diagnostic.code == "more" || last <= place, "\(diagnostic) after \(last)")
            last = place
            demand(diagnostic.line >= 1 && diagnostic.column >= 1 && diagnostic.line <= count + 20, "\(diagnostic)")
            demand((diagnostic.line, diagnostic.column) <= (diagnostic.endLine, diagnostic.endColumn), "\(diagnostic)")
        }
        let text = timed { source.human(compilation.diagnostics) }
        demand(text.isEmpty == compilation.diagnostics.isEmpty, "words for \(compilation.diagnostics.count) diagnostics")
    }
    return 0
}

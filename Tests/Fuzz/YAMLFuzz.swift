@testable import Rules

/// Any bytes as a rule file: it is read into nodes, or a mistake is told; every node and every mistake lies within the file, and every
/// character of every text is found in it.
@_cdecl("LLVMFuzzerTestOneInput")
public func yamlFuzzer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    fuzz(start, count) { bytes in
        let source = SourceText(name: "m.yaml", bytes: Array(bytes))
        let findings = Findings()
        let root = timed { YAMLReader(source: source, file: 0, findings: findings).read() }
        demand(root != nil || findings.hasErrors, "nothing was read, and nothing told")
        if let root { walk(root, in: 0..<count, source) }
        for entry in findings.entries {
            demand(entry.range.lowerBound >= 0 && entry.range.upperBound <= count, "\(entry) in \(count)")
        }
        demand(findings.diagnostics(sources: [source]).count <= Findings.toldMax + 1, "too many are told")
    }
    return 0
}

private func walk(_ node: Node, in outer: Range<Int>, _ source: SourceText) {
    let range = node.range
    demand(range.lowerBound >= outer.lowerBound && range.upperBound <= outer.upperBound, "\(range) of a node in \(outer)")
    switch node.content {
    case .alias: break
    case .text(let text, _):
        guard !node.isSpoilt else { return }
        let map = ScalarMap(node, in: source)
        demand(map.isExact, "the places of \(text.debugDescription) are not known")
        var last = range.lowerBound
        for i in 0..<min(text.count, 200) {
            let place = map.range(characters: i..<(i + 1))
            demand(place.lowerBound >= last && place.upperBound <= range.upperBound, "character \(i) at \(place) of \(range)")
            last = place.lowerBound
        }
    case .list(let items, _): for item in items { walk(item, in: range, source) }
    case .map(let pairs, _):
        for pair in pairs {
            walk(pair.key, in: range, source)
            walk(pair.value, in: range, source)
        }
    }
}

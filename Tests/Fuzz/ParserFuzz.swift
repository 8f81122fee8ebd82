/// Any text: it parses, or every mistake lies within it.
@_cdecl("LLVMFuzzerTestOneInput")
public func parserFuzzer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    fuzz(start, count) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        let length = text.count
        let (tree, diagnostics) = timed { Parser.parse(text) }
        demand(tree.height <= Limits.depth, "a tree of height \(tree.height)")
        demand(tree.span.start >= 0 && tree.span.end <= length, "the tree's span \(tree.span) in \(length)")
        for diagnostic in diagnostics {
            let span = diagnostic.span
            demand(span.start >= 0 && span.start <= span.end && span.end <= length, "\(diagnostic) in \(length)")
        }
    }
    return 0
}

/// A pattern, a zero byte, a text: the pattern is refused with a place within it, or answers within the steps that its size allows.
@_cdecl("LLVMFuzzerTestOneInput")
public func matcherFuzzer(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    fuzz(start, count) { bytes in
        let cut = bytes.firstIndex(of: 0) ?? bytes.endIndex
        let source = String(decoding: bytes[..<cut], as: UTF8.self)
        let text = String(decoding: bytes[cut...].dropFirst(), as: UTF8.self)
        do throws(PatternError) {
            let pattern = try timed { () throws(PatternError) in try Pattern(source) }
            var steps = 0
            let limit = 4_000_000
            let answer = timed { pattern.matches(text, steps: &steps, limit: limit) }
            demand(answer != nil || steps > limit, "no answer after \(steps) steps")
            let most = (pattern.instructions.count + 1) * (text.unicodeScalars.count + 1)
            demand(steps <= most, "\(steps) steps, at most \(most)")
            var again = 0
            demand(pattern.matches(text, steps: &again, limit: limit) == answer && again == steps, "two answers")
        } catch {
            let length = source.unicodeScalars.count
            demand(error.place.lowerBound >= 0 && error.place.upperBound <= length, "\(error) in \(length)")
        }
    }
    return 0
}

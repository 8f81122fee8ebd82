// Coverage-guided fuzzing of the condition language and of reading rule files; not part of the package. From the repository's root, for
// each NAME of Parser, Evaluator, Matcher, YAML, Rules:
//
//     Tests/Fuzz/build.sh NAME /tmp/fuzz-NAME
//     cd /tmp/fuzz-NAME && mkdir -p corpus
//     SWIFT_BACKTRACE=enable=no ./run -runs=10000000 -max_len=120 -entropic=0 -dict=REPOSITORY/Tests/Fuzz/cel.dict corpus
//
// (`yaml.dict`, and `-max_len=400`, for Rules.) A crash leaves `crash-...`, a promise that was broken `broken-...`; an input one step of
// which takes more than 100 ms of CPU leaves `slow-...`. What was found is kept in `Tests/CELTests/HostileInputTests.swift` and
// `Tests/RulesTests/HostileFileTests.swift`.

import Glibc

/// CPU time of this thread, in milliseconds.
private func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

/// The input that is being tried, to be kept when a step of it takes too long.
nonisolated(unsafe) private var current: [UInt8] = []

/// Runs `body` on the input.
func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int, _ body: (ArraySlice<UInt8>) -> Void) {
    current = Array(UnsafeBufferPointer(start: start, count: count))
    body(current[...])
}

/// One step of what is done with an input: reading it, evaluating it once.
func timed<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    let before = cpu()
    defer { keepWhenSlow(cpu() - before) }
    return try body()
}

private func keepWhenSlow(_ taken: Double) {
    if taken > 100 { keep("slow-\(Int(taken))") }
}

/// Writes the input to a file of its own.
private func keep(_ kind: String) {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in current { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let name = "\(kind)-\(hash)"
    print(name)
    guard let file = fopen(name, "w") else { return }
    fwrite(current, 1, current.count, file)
    fclose(file)
}

/// Stops the run: a promise was broken.
func demand(_ holds: Bool, _ message: @autoclosure () -> String) {
    if holds { return }
    print("broken: \(message())")
    keep("broken")
    fflush(nil)
    abort()
}

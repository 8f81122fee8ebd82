// Coverage-guided fuzzing of the condition language; not part of the package. From the repository's root, for each NAME of Parser,
// Evaluator, Matcher:
//
//     mkdir -p /tmp/fuzz-NAME
//     swiftc -O -sanitize=fuzzer,address -parse-as-library -module-name Fuzz -package-name paidan -swift-version 6 \
//         -enable-upcoming-feature MemberImportVisibility Sources/CEL/*.swift Tests/Fuzz/Harness.swift Tests/Fuzz/NAMEFuzz.swift -o /tmp/fuzz-NAME/run
//     cd /tmp/fuzz-NAME && ./run -runs=4000000 -max_len=200 -dict=REPOSITORY/Tests/Fuzz/cel.dict corpus
//
// A crash leaves `crash-...`; an input one step of which takes more than 100 ms of CPU leaves `slow-...`. What was found is kept in
// `Tests/CELTests/HostileInputTests.swift`. `-sanitize=fuzzer` alone is several times as fast.

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
    guard taken > 100 else { return }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in current { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let name = "slow-\(Int(taken))-\(hash)"
    print(name)
    guard let file = fopen(name, "w") else { return }
    fwrite(current, 1, current.count, file)
    fclose(file)
}

/// Stops the run: a promise was broken.
func demand(_ holds: Bool, _ message: @autoclosure () -> String) {
    if holds { return }
    print("broken: \(message())")
    abort()
}

import City
import Daemon
import Domain
import Glibc
import Rules

/// Seconds since the machine started.
func monotonic() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Seconds of CPU that this process has used.
func cpu() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func wallClock() -> Instant { SystemClock().now() }

/// One figure a line: `throughput spool            12345 reports/s   9.8 x one commit a report`.
func figure(_ name: String, _ value: Double, _ unit: String, _ beside: String = "") {
    let text = value >= 100 ? "\(Int(value.rounded()))" : "\((value * 100).rounded() / 100)"
    func padded(_ text: String, _ n: Int, right: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, n - text.count))
        return right ? space + text : text + space
    }
    print("\(padded(name, 44))\(padded(text, 10, right: true)) \(padded(unit, 12)) \(beside)")
    fflush(nil)
}

/// The nth per cent of a list of seconds, in milliseconds.
func percentile(_ seconds: [Double], _ percent: Double) -> Double {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(percent / 100 * Double(sorted.count)))] * 1_000
}

/// Resident memory of this process, in MB.
func residentMegabytes() -> Double {
    guard let bytes = try? Files.read("/proc/self/statm") else { return 0 }
    let pages = String(decoding: bytes, as: UTF8.self).split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
}

/// A folder of its own for one measurement, removed at the end. On the disk under TMPDIR, because the fsync is what counts.
func withFolder<T>(_ body: (String) async throws -> T) async throws -> T {
    let folder = try Files.temporaryFolder("paidan-bench")
    defer { Files.remove(folder) }
    return try await body(folder)
}

func withFolder<T>(_ body: (String) throws -> T) throws -> T {
    let folder = try Files.temporaryFolder("paidan-bench")
    defer { Files.remove(folder) }
    return try body(folder)
}

/// A province to measure on: the shipped fault rules and ladders, a square of two degrees, and as many crews as wanted.
struct Province {
    let source: RuleSource
    let rules: RuleSet
    private var dice: SplitMix64
    private var made = 0

    /// - Parameter capacity: how many tasks each crew may have: large, and every report is dispatched; 1, and most wait.
    /// - Parameter modules: shipped modules beside the site, the faults and the ladders.
    init(crews: Int, capacity: Int, seed: UInt64 = 1, modules: [ShippedRules] = []) throws {
        var dice = SplitMix64(seed: seed)
        var lines = ["crews:"]
        for number in 0..<crews {
            let (lat, lon) = Self.spot(&dice)
            lines.append(
                "  c\(number): { department: operations, base: { lat: \(lat), lon: \(lon) }, skills: [distribution_line, live_line, cable, metering], capacity: \(capacity) }")
        }
        var site = ShippedRules.text(.site)
        site = try MadeUpCity.replacing("crews", by: lines, in: site)
        site = try MadeUpCity.replacing("network", by: [], in: site)
        // Everybody can reach everything, so that what is measured is the choice among all.
        var faults = ShippedRules.text(.faults)
        for reach in ["40 km", "60 km", "80 km"] { faults = Self.replacing("within: \(reach)", by: "within: 900 km", in: faults) }
        let others = modules.map { RuleSource.File(name: "\($0.rawValue).yaml", bytes: ShippedRules.bytes($0)) }
        source = RuleSource(files: others + [
            RuleSource.File(name: "escalations.yaml", bytes: ShippedRules.bytes(.escalations)),
            RuleSource.File(name: "faults.yaml", bytes: Array(faults.utf8)), RuleSource.File(name: "site.yaml", bytes: Array(site.utf8)),
        ])
        let compilation = RuleCompiler.compile(source, zone: { $0 == "Asia/Shanghai" ? .shanghai : RuleFolder.zone($0) })
        guard let set = compilation.set else { throw BenchFault("the benchmark's rules have errors:\n" + source.human(compilation.diagnostics)) }
        rules = set
        self.dice = dice
    }

    private static func replacing(_ old: String, by new: String, in text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let place = line.firstRange(of: old) else { return String(line) }
            return String(line[..<place.lowerBound] + new + line[place.upperBound...])
        }.joined(separator: "\n")
    }

    private static func spot(_ dice: inout SplitMix64) -> (Double, Double) {
        ((dice.real(27...29) * 10_000).rounded() / 10_000, (dice.real(119.5...121.5) * 10_000).rounded() / 10_000)
    }

    /// A report as a telephone platform sends it: about 450 bytes.
    mutating func report(at: Instant) -> [UInt8] {
        made += 1
        let (lat, lon) = Self.spot(&dice)
        let hazard = dice.chance(0.05)
        var json = JSONWriter(capacity: 600)
        json.object {
            $0.field("kind", "report")
            $0.field("id", "95598-20261122-\(String(1_000_000_000 + made).dropFirst())")
            $0.field("source", "95598")
            $0.field("type", "fault")
            $0.field("category", hazard ? "line_down" : "no_power")
            $0.field("reported_at", at.rfc3339(in: .shanghai))
            $0.field("customer", "33020\(1_000_000 + made)")
            $0.key("place")
            $0.object {
                $0.field("lat", lat)
                $0.field("lon", lon)
                $0.field("address", "人民路\(made % 400)号")
                $0.field("district", "lucheng")
            }
            $0.field("site", "urban")
            $0.field("voltage", "low")
            $0.field("urgency", hazard ? "urgent" : "normal")
            $0.field("customers_out", dice.whole(1...150))
            $0.field("description", "整栋楼没电,邻居也没有")
        }
        return json.bytes
    }

    func write(to folder: String) throws {
        try Files.makeFolder(folder)
        for file in source.files { try Files.write(file.bytes, to: folder + "/" + file.name) }
    }

    /// A daemon in this process, with everything that belongs to it, in a folder.
    func startDaemon(in folder: String) async throws -> (daemon: Daemon, socket: String, spool: String) {
        try write(to: folder + "/rules")
        let places = (state: folder + "/state", spool: folder + "/spool", socket: folder + "/s")
        try Files.makeFolder(places.state)
        try Files.makeFolder(places.spool)
        let daemon = try await Daemon.start(
            Configuration(rules: folder + "/rules", state: places.state, spool: places.spool, socket: places.socket),
            journal: Daemon.quietJournal, isService: false)
        return (daemon, places.socket, places.spool)
    }
}

struct BenchFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

import Decisions
import Domain
import Glibc
import Rules

/// The CPU time of this process, in nanoseconds.
func cpuNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Reports against a rule set, as the daemon takes them: values that the site does not declare are refused, and the network register adds
/// what it knows, before the rules are asked. Only the customers' stored facts are missing. The work goes in portions: each portion is
/// first read whole, then matched whole, so that the two can be timed apart without a clock's call between any two reports.
struct DryRun {
    private static let portion = 4_096

    private let set: RuleSet
    private let now: Instant
    private var waiting: [ArraySlice<UInt8>] = []
    private let format: Format
    private var shown: [UInt8] = []
    private var line = 0
    private var reports: Int64 = 0
    private var decode_ns: Int64 = 0
    private var match_ns: Int64 = 0
    private var effort = RouteEffort()
    /// What earlier reports of the file can be joined by: as the daemon has it, but without the end of any task.
    private var joinable: [MergeKey: [(at: Instant, place: Coordinate?)]] = [:]

    /// A rule for merging, and what both must have in common.
    private struct MergeKey: Hashable {
        var rule: String
        var values: String
    }

    init(set: RuleSet, format: Format, now: Instant) {
        self.set = set
        self.format = format
        self.now = now
    }

    mutating func take(_ bytes: ArraySlice<UInt8>) {
        waiting.append(bytes)
        if waiting.count == Self.portion { flush() }
    }

    enum Read {
        /// Complete: what the register adds to it is in it.
        case report(id: String, RouteSubject)
        case blank
        case bad(id: String?, reason: String)
    }

    mutating func flush() {
        let first = line
        line += waiting.count
        let start = cpuNanoseconds()
        let read = waiting.enumerated().map { offset, bytes in Self.read(bytes, line: first + offset + 1, site: set.site, now: now) }
        let decoded = cpuNanoseconds()
        var effort = effort
        let results = read.map { item -> RouteResult? in
            guard case .report(_, let subject) = item else { return nil }
            return set.route(subject, tracing: false, &effort)
        }
        let matched = cpuNanoseconds()
        decode_ns += decoded - start
        match_ns += matched - decoded
        self.effort = effort
        waiting.removeAll(keepingCapacity: true)
        for (item, result) in zip(read, results) {
            switch item {
            case .blank: continue
            case .bad(let id, let reason): show(id: id, error: reason)
            case .report(let id, let subject):
                reports += 1
                show(id: id, result?.routings ?? [], merge: merge(subject, result))
            }
        }
        Out.bytes(shown)
        shown.removeAll(keepingCapacity: true)
    }

    /// The rule for merging by which a report would join one further up in the file; nil: it would make a task of its own. How long ago a call
    /// was goes by `reported_at`.
    mutating func merge(_ subject: RouteSubject, _ result: RouteResult?) -> String? {
        guard let result, !result.routings.contains(where: { $0.answer != nil || $0.process != nil }) else { return nil }
        let at = subject.report.reportedAt ?? now
        let place = subject.report.place.coordinate
        var joined: String?
        for match in result.merges where joined == nil {
            let found = (joinable[MergeKey(rule: match.rule, values: match.values)] ?? []).contains { earlier in
                guard at - earlier.at <= match.window, earlier.at <= at else { return false }
                guard let near = match.near else { return true }
                guard let place, let there = earlier.place else { return false }
                return place.distanceMetres(to: there) <= near
            }
            if found { joined = match.rule }
        }
        for match in result.merges {
            let key = MergeKey(rule: match.rule, values: match.values)
            // Where it goes by what they say alone, the last call is all that counts.
            if match.near == nil { joinable[key] = [(at, place)] } else { joinable[key, default: []].append((at, place)) }
        }
        return joined
    }

    static func read(_ bytes: ArraySlice<UInt8>, line: Int, site: Site, now: Instant) -> Read {
        if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return .blank }
        do {
            let input = try InputCodec.decode(bytes, defaultSource: SourceID("route"), line: line)
            guard case .report(let report) = input.body else {
                return .bad(id: input.key.id, reason: "this is no report; only reports are routed")
            }
            if let reason = undeclaredValue(in: report, site) { return .bad(id: input.key.id, reason: reason) }
            let found = FoundReport(report, customer: nil, network: site.network, districts: site.districts)
            return .report(id: input.key.id, RouteSubject(report: found.report, source: input.key.source, now: now))
        } catch {
            return .bad(id: error.id, reason: error.description)
        }
    }

    // MARK: What is shown

    private mutating func show(id: String?, error: String) {
        guard format == .json else { return shown += Array("\(id ?? "?"): \(error)\n".utf8) }
        var json = JSONWriter()
        json.object {
            $0.key("id")
            if let id { $0.string(id) } else { $0.null() }
            $0.field("error", error)
        }
        json.newline()
        shown += json.bytes
    }

    private mutating func show(id: String, _ routings: [Routing], merge: String?) {
        let routings =
            routings.isEmpty
            ? [
                Routing(
                    rule: "fallback", task: "review", priority: .normal, assign: .department(set.site.fallback), limits: [:], escalate: nil,
                    trace: nil)
            ] : routings
        for routing in routings {
            if let answer = routing.answer {
                guard format == .json else {
                    shown += Array("\(id): \(routing.rule): the caller is told '\(answer.name)', no task\n".utf8)
                    continue
                }
                var json = JSONWriter()
                json.object {
                    $0.field("id", id)
                    $0.field("rule", routing.rule)
                    $0.key("task")
                    $0.null()
                    $0.key("assign")
                    $0.null()
                    $0.field("answer", answer.name)
                }
                json.newline()
                shown += json.bytes
                continue
            }
            guard format == .json else {
                let joins = merge.map { ", joins an earlier report by \($0)" } ?? ""
                shown += Array("\(id): \(routing.rule): \(routing.task), \(routing.priority.rawValue), \(Self.describe(routing.assign))\(joins)\n".utf8)
                continue
            }
            var json = JSONWriter()
            json.object {
                $0.field("id", id)
                $0.field("rule", routing.rule)
                $0.field("task", routing.task)
                $0.key("assign")
                Self.write(routing.assign, &$0)
                $0.field("merge", merge)
            }
            json.newline()
            shown += json.bytes
        }
    }

    private static func describe(_ assignment: Assignment) -> String {
        switch assignment {
        case .nearest(let skills, let within, let otherwise, let ofDistrict):
            let able = skills.isEmpty ? "" : " with \(skills.map(\.rawValue).sorted().joined(separator: ", "))"
            let reach = within.map { " within \(kilometres($0))" } ?? ""
            return "nearest crew\(ofDistrict ? " of the district" : "")\(able)\(reach), else \(otherwise)"
        case .department(let department): return "desk of \(department)"
        case .contractor(let works, let department): return "contractor by tier for \(works), awarded by \(department)"
        }
    }

    private static func write(_ assignment: Assignment, _ json: inout JSONWriter) {
        json.object {
            switch assignment {
            case .nearest(let skills, let within, let otherwise, let ofDistrict):
                $0.field("nearest", "crew")
                if ofDistrict { $0.field("of", "district") }
                $0.key("skills")
                $0.array { list in for skill in skills.sorted() { list.string(skill.rawValue) } }
                $0.field("within_m", within)
                $0.field("otherwise", otherwise.rawValue)
            case .department(let department):
                $0.field("department", department.rawValue)
            case .contractor(let works, let department):
                $0.field("contractor", "tiered")
                $0.field("works", works)
                $0.field("department", department.rawValue)
            }
        }
    }

    /// `{"stats":{…}}`: µs of CPU a report; `candidates` and `gates` are the rules and the modules' `takes` that the index could not rule out for a
    /// report, on average: their conditions were run; `load_ms` is the CPU time for reading and compiling the rules.
    func stats(load_ns: Int64) -> [UInt8] {
        func mean(_ count: Int) -> Double { reports == 0 ? 0 : (Double(count) / Double(reports) * 100).rounded() / 100 }
        func each(_ ns: Int64) -> Double { reports == 0 ? 0 : (Double(ns) / Double(reports)).rounded() / 1_000 }
        var json = JSONWriter()
        json.object {
            $0.key("stats")
            $0.object {
                $0.field("rules", set.ruleCount)
                $0.field("reports", reports)
                $0.field("gates", mean(effort.gates))
                $0.field("candidates", mean(effort.candidates))
                $0.field("decode_us", each(decode_ns))
                $0.field("match_us", each(match_ns))
                $0.field("load_ms", (Double(load_ns) / 1_000).rounded() / 1_000)
            }
        }
        return json.bytes
    }
}

/// `840 m`, `1.8 km`, `40 km`.
func kilometres(_ metres: Int) -> String {
    if metres < 1_000 { return "\(metres) m" }
    let tenths = (metres + 50) / 100
    return tenths >= 1_000 || tenths % 10 == 0 ? "\(tenths / 10) km" : "\(tenths / 10).\(tenths % 10) km"
}

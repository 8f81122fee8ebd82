import API
import ArgumentParser
import City
import Daemon
import Domain
import Glibc
import Rules

struct ReloadCost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "How soon one edited file of a set with 10 000 rules is live.",
        discussion: """
            A daemon in this process, a folder of rule files. One rule of one file is edited and the reload is asked for at once, so that the \
            time includes the 20 ms for which a file must have been at rest. Beside it, in the same run, the whole set read from nothing.
            """)

    @Option(help: "Rule files.") var files = 20
    @Option(help: "Rules of each.") var rules = 500
    @Option(help: "Edits.") var edits = 9

    func run() async throws {
        try await withFolder { folder in
            let set = Folder(files: files, rules: rules)
            for file in [.init(name: "site.yaml", bytes: set.site)] + set.modules { try Files.write(file.bytes, to: try rulesFolder(folder) + "/" + file.name) }
            try whole(folder + "/rules")
            try await edited(folder, set)
        }
    }

    private func rulesFolder(_ folder: String) throws -> String {
        for name in ["rules", "state", "spool"] { try Files.makeFolder(folder + "/" + name) }
        return folder + "/rules"
    }

    private func whole(_ folder: String) throws {
        let source = try RuleFolder.read(folder)
        var walls: [Double] = []
        var cpus: [Double] = []
        for _ in 0..<3 {
            let (wall, used) = (monotonic(), cpu())
            guard RuleCompiler.compile(source, proves: false, zone: RuleFolder.zone).set != nil else { throw BenchFault("the rules have errors") }
            walls.append(monotonic() - wall)
            cpus.append(cpu() - used)
        }
        let bytes = source.files.reduce(0) { $0 + $1.bytes.count }
        figure("reload: \(files * rules) rules compiled whole", percentile(walls, 50), "ms", "\(bytes / 1_024) KiB in \(source.files.count) files")
        figure("reload: \(files * rules) rules compiled whole", percentile(cpus, 50), "ms CPU")
    }

    private func edited(_ folder: String, _ set: Folder) async throws {
        let daemon = try await Daemon.start(
            Configuration(rules: folder + "/rules", state: folder + "/state", spool: folder + "/spool", socket: folder + "/s"),
            journal: Daemon.quietJournal, isService: false)
        let client = LocalClient(socketPath: folder + "/s")
        var live: [Double] = []
        var answered: [Double] = []
        var cpus: [Double] = []
        var hash = ""
        for edit in 0..<edits {
            try await untilLookedThrough(client)
            let file = set.modules[edit % set.modules.count]
            try Files.write(Folder.edited(file.bytes, edit), to: folder + "/rules/" + file.name)
            let (wall, used) = (monotonic(), cpu())
            guard case .loaded(let new, _) = await daemon.reload(), new != hash else { throw BenchFault("the edited rules are not in force") }
            answered.append(monotonic() - wall)
            cpus.append(cpu() - used)
            live.append(try await lastReload(client))
            hash = new
        }
        await daemon.stop()
        let name = "reload: one of \(files) files edited"
        figure(name + ", live after", percentile(live, 50), "ms", "goal 100; at most \(Int(percentile(live, 100).rounded()))")
        figure(name + ", answered after", percentile(answered, 50), "ms", "kept on disk for the next start; at most \(Int(percentile(answered, 100).rounded()))")
        figure(name, percentile(cpus, 50), "ms CPU")
    }

    /// The findings of the set before are not to be measured with the next.
    private func untilLookedThrough(_ client: LocalClient) async throws {
        let end = monotonic() + 60
        while try JSONValue.parse(try await client.request(path: "/v1/status").body)["rules_warnings"] == nil {
            guard monotonic() < end else { throw BenchFault("the set was not looked through within a minute") }
            usleep(20_000)
        }
    }

    /// From the request until the rules were in force, in seconds, as the daemon's metrics have it.
    private func lastReload(_ client: LocalClient) async throws -> Double {
        let text = String(decoding: try await client.request(path: "/metrics").body, as: UTF8.self)
        for line in text.split(separator: "\n") where line.hasPrefix("paidan_last_reload_milliseconds ") {
            if let milliseconds = line.split(separator: " ").last.flatMap({ Double($0) }) { return milliseconds / 1_000 }
        }
        throw BenchFault("the metrics don't say how long the last reload took")
    }

    /// A rule set in many files, each open for one class of sites.
    private struct Folder {
        let site: [UInt8]
        let modules: [RuleSource.File]

        init(files: Int, rules: Int) {
            let many = ManyRules(count: files * rules)
            site = Array(
                many.siteText.replacing("site: [urban]", with: "site: [\((0..<files).map { "site_\($0)" }.joined(separator: ", "))]").utf8)
            modules = (0..<files).map { number in
                var text = "module: part_\(number)\ntakes: report.site == \"site_\(number)\"\nroute:\n"
                for rule in number * rules..<(number + 1) * rules { text += many.ruleText(rule) }
                return RuleSource.File(name: "part-\(number).yaml", bytes: Array(text.utf8))
            }
        }

        /// One rule in the middle is to be accepted sooner.
        static func edited(_ bytes: [UInt8], _ edit: Int) -> [UInt8] {
            var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
            let limits = lines.indices.filter { lines[$0].starts(with: "    limits:".utf8) }
            lines[limits[limits.count / 2]] = Array("    limits: { accept: \(4 + edit) min, arrive: 45 min, restore: 3 h }".utf8)
            return Array(lines.joined(separator: [0x0A]))
        }
    }
}

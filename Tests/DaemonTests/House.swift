import API
import Domain
import Foundation
import Rules
import Store
import Systemd
import Testing

@testable import Daemon

/// Folders for one daemon, removed at the end; the shipped rules in a folder that the test may edit; a journal in a file.
final class House {
    let root: String
    var rules: String { root + "/rules" }
    var state: String { root + "/state" }
    var spool: String { root + "/spool" }
    var socket: String { root + "/s" }
    private var journalFile: String { root + "/journal" }
    let journal: Journal
    private let journalDescriptor: Int32

    /// The repository's own folder.
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    init() throws {
        root = NSTemporaryDirectory() + "paidan-" + UUID().uuidString.prefix(8)
        for folder in ["", "/state", "/spool"] { try FileManager.default.createDirectory(atPath: root + folder, withIntermediateDirectories: true) }
        try FileManager.default.copyItem(atPath: Self.repository + "/rules", toPath: root + "/rules")
        // Without their rule tests: whoever edits a rule here is not to be refused for it.
        try? FileManager.default.removeItem(atPath: root + "/rules/tests")
        journalDescriptor = open(root + "/journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        journal = Journal(identifier: "paidan", destination: .lines(descriptor: journalDescriptor, style: .plain))
    }

    deinit {
        close(journalDescriptor)
        try? FileManager.default.removeItem(atPath: root)
    }

    var configuration: Configuration {
        Configuration(rules: rules, state: state, spool: spool, socket: socket, listen: ["127.0.0.1:0"])
    }

    /// What stands in the journal so far.
    var said: String { (try? String(contentsOfFile: journalFile, encoding: .utf8)) ?? "" }

    func edit(_ file: String, replacing old: String, by new: String) throws {
        let path = rules + "/" + file
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(old), "\(file) no longer holds '\(old)'")
        try text.replacingOccurrences(of: old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    }

    func ruleSet() throws -> RuleSet {
        try #require(RuleCompiler.compile(RuleFolder.read(rules), zone: RuleFolder.zone).set)
    }

    func start() async throws -> Daemon { try await Daemon.start(configuration, journal: journal, isService: false) }
}

/// A hazard in Lucheng, as the counter would send it; the id makes it another one.
func hazard(_ id: String, district: String = "lucheng") throws -> Input {
    let json =
        #"{"id":"\#(id)","type":"fault","category":"line_down","site":"urban","place":{"lat":28.0121,"lon":120.6554,"district":"\#(district)"}}"#
    return try input(json)
}

func input(_ json: String) throws -> Input {
    let bytes = Array(json.utf8)
    return try bytes.withUnsafeBytes { try InputCodec.decode($0, defaultSource: SourceID("test")) }
}

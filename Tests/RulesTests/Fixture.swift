import Domain
import Foundation
import Testing

@testable import Rules

/// What the tests of this room share: the shipped rules, a small site, and a reader of golden files.
enum Fixture {
    static let testsFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let rulesFolder = testsFolder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("rules")

    /// The zones that the tests know.
    static func zone(_ name: String) -> TimeZoneRules? {
        switch name {
        case "Asia/Shanghai": .shanghai
        case "UTC": .utc
        default: nil
        }
    }

    static func compile(_ files: [(String, String)]) -> Compilation {
        RuleCompiler.compile(RuleSource(files: files.map { RuleSource.File(name: $0.0, bytes: Array($0.1.utf8)) }), moduleBytesMax: moduleBytesMax, zone: zone)
    }

    /// Less than the program's own limit, so that a test of it needs no 64 MiB.
    static let moduleBytesMax = 1 << 20

    static func compile(_ source: RuleSource) -> Compilation { RuleCompiler.compile(source, moduleBytesMax: moduleBytesMax, zone: zone) }

    static func shipped() throws -> RuleSource {
        let names = try FileManager.default.contentsOfDirectory(atPath: rulesFolder.path).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".csv") }
        return RuleSource(
            files: try names.sorted().map { name in
                RuleSource.File(name: name, bytes: Array(try Data(contentsOf: rulesFolder.appendingPathComponent(name))))
            })
    }

    /// The tests beside them.
    static func shippedTests() throws -> [RuleSource.File] {
        let folder = rulesFolder.appendingPathComponent("tests")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted().map { name in
            RuleSource.File(name: "tests/" + name, bytes: Array(try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }

    static func shippedSet() throws -> RuleSet {
        let source = try shipped()
        let compilation = compile(source)
        #expect(source.human(compilation.diagnostics) == "")
        return try #require(compilation.set)
    }

    /// A site that has little, and nothing to warn of.
    static let site = """
        module: site
        time_zone: Asia/Shanghai
        values:
          type: [fault, application, complaint]
          category: [line_down, fire, no_power]
          site: [urban, rural, remote]
          urgency: [normal, urgent]
          skill: [distribution_line, live_line]
        fields:
          report:
            building_height: number
            floors: whole number
            lift: yes/no
            roof: text
            built: time
        departments:
          operations: { name: 生产, head: u-301, fallback: true }
          marketing: { name: 营销, head: u-101 }
        districts:
          lucheng: { zh: 鹿城, en: Lucheng, lat: 28.0150, lon: 120.6550, site: urban }
        shifts:
          day: { from: 08:00, until: 20:00 }
        crews:
          north-2:
            department: operations
            skills: [distribution_line, live_line]
            shift: day
        roles:
          duty_manager: { name: 值班经理, person: u-900 }

        """

    static func subject(
        _ report: Report, source: String = "95598", customer: CustomerFacts? = nil, now: Int64 = 1_795_305_600_000
    ) -> RouteSubject {
        RouteSubject(report: report, source: SourceID(source), customer: customer, now: Instant(milliseconds: now))
    }
}

/// A seeded generator (SplitMix64): the same seed, the same test.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// One golden file: what the compiler must say, above the files that it is given.
///
///     faults.yaml:2:1: error[…]: …
///     ==== faults.yaml
///     module: faults
///     ==== site.yaml absent
///
/// After a file's name: `escaped` (`\xHH` stands for a byte), `repeat N` (the text so many times), `absent` (without the site that is
/// otherwise added).
struct Golden {
    let name: String
    let expected: String
    let source: RuleSource

    init(_ url: URL) throws {
        name = url.deletingPathExtension().lastPathComponent
        let text = try String(contentsOf: url, encoding: .utf8)
        var expected = ""
        var files: [(header: [Substring], text: String)] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("==== ") {
                files.append((line.dropFirst(5).split(separator: " "), ""))
            } else if files.isEmpty {
                expected += line + "\n"
            } else {
                files[files.count - 1].text += line + "\n"
            }
        }
        if !files.isEmpty, files[files.count - 1].text.hasSuffix("\n") { files[files.count - 1].text.removeLast() }
        self.expected = expected.trimmingCharacters(in: .newlines)
        var source = RuleSource(files: [])
        for file in files where !file.header.contains("absent") {
            var bytes = Array(file.text.utf8)
            if file.header.contains("escaped") { bytes = Self.unescape(bytes) }
            if let i = file.header.firstIndex(of: "repeat"), let count = Int(file.header[i + 1]) {
                bytes = Array(repeating: bytes, count: count).flatMap { $0 }
            }
            source.files.append(RuleSource.File(name: String(file.header[0]), bytes: bytes))
        }
        if !files.contains(where: { $0.header[0] == "site.yaml" }) {
            source.files.append(RuleSource.File(name: "site.yaml", bytes: Array(Fixture.site.utf8)))
        }
        self.source = source
    }

    private static func unescape(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var i = 0
        while i < bytes.count {
            if bytes[i] == UInt8(ascii: "\\"), i + 3 < bytes.count, bytes[i + 1] == UInt8(ascii: "x"),
                let value = UInt8(String(decoding: bytes[(i + 2)..<(i + 4)], as: UTF8.self), radix: 16)
            {
                result.append(value)
                i += 4
            } else {
                result.append(bytes[i])
                i += 1
            }
        }
        return result
    }

    static func all() throws -> [Golden] {
        let folder = Fixture.testsFolder.appendingPathComponent("Golden")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".golden") }.sorted().map {
            try Golden(folder.appendingPathComponent($0))
        }
    }

    /// Writes what the compiler says now: run once with PAIDAN_WRITE_GOLDEN=1 after a change of wording, then read the difference.
    static func rewrite(_ golden: Golden, _ text: String, in folder: URL = Fixture.testsFolder.appendingPathComponent("Golden")) throws {
        let url = folder.appendingPathComponent(golden.name + ".golden")
        let old = try String(contentsOf: url, encoding: .utf8)
        guard let start = old.hasPrefix("==== ") ? old.startIndex : old.range(of: "\n==== ").map({ old.index(after: $0.lowerBound) }) else { return }
        try (text + "\n" + old[start...]).write(to: url, atomically: true, encoding: .utf8)
    }
}

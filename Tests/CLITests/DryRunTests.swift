import Decisions
import Domain
import Rules
import Testing

@testable import City
@testable import paidan

/// A dry run must name the rule that the daemon takes.
@Suite("A dry run")
struct DryRunTests {
    private let city = MadeUpCity(seed: 1)
    private let now = Instant(milliseconds: 1_784_044_800_000)

    private func site() throws -> Site {
        let compilation = RuleCompiler.compile(try city.ruleSource()) { $0 == TimeZoneRules.shanghai.name ? .shanghai : nil }
        return try #require(compilation.set).site
    }

    private func read(_ json: String) throws -> DryRun.Read {
        DryRun.read(Array(json.utf8)[...], line: 1, site: try site(), now: now)
    }

    @Test("a value that the site does not declare is refused, with the daemon's words")
    func undeclared() throws {
        guard case .bad(let id, let reason) = try read(#"{"id":"1","type":"fault","category":"line_dwon"}"#) else {
            return #expect(Bool(false), "it was routed")
        }
        #expect(id == "1" && reason.contains("'line_dwon' is not declared; did you mean 'line_down'?"), "\(reason)")
    }

    @Test("a report that names its transformer is completed from the register")
    func completed() throws {
        let (name, area) = try #require(try site().network.transformers.min { $0.key < $1.key })
        guard case .report(_, let subject) = try read(#"{"id":"1","type":"fault","category":"no_power","transformer":"\#(name)"}"#) else {
            return #expect(Bool(false), "it was refused")
        }
        #expect(subject.report.feeder == area.feeder && subject.report.place.district == area.district)
        #expect(subject.report.customersOut == Int64(area.customers))
    }

    /// What the second of two reports joins: how many minutes after the first, what it says, and by which rule.
    @Test("a report that would join an earlier one of the file says by which rule", arguments: [
        (60, #""category":"no_power","transformer":"TR-001""#, "faults.same-transformer"), (241, #""category":"no_power","transformer":"TR-001""#, nil),
        (-1, #""category":"no_power","transformer":"TR-001""#, nil), (60, #""category":"no_power","transformer":"TR-002""#, nil),
        (60, #""category":"fire","transformer":"TR-001""#, nil),
    ] as [(Int64, String, String?)])
    func joins(minutes: Int64, said: String, rule: String?) throws {
        let compilation = RuleCompiler.compile(try city.ruleSource()) { $0 == TimeZoneRules.shanghai.name ? .shanghai : nil }
        let set = try #require(compilation.set)
        var run = DryRun(set: set, format: .json, now: now)
        func merge(_ minutes: Int64, _ said: String) throws -> String? {
            let at = (now + .minutes(minutes)).rfc3339()
            guard case .report(_, let subject) = DryRun.read(Array(#"{"id":"1","type":"fault",\#(said),"reported_at":"\#(at)"}"#.utf8)[...], line: 1, site: set.site, now: now) else {
                Issue.record("it was refused")
                return nil
            }
            return run.merge(subject, set.route(subject, tracing: false))
        }
        #expect(try merge(0, #""category":"no_power","transformer":"TR-001""#) == nil)
        #expect(try merge(minutes, said) == rule)
    }
}

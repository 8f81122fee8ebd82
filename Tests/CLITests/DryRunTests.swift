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
}

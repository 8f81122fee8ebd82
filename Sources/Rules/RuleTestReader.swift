import Domain

/// Reads the tests beside the rules: files `tests/NAME.yaml`, a list of tests each, that belong to the module in `NAME.yaml`.
///
/// Every name in a test is looked up in the compiled set, and every value of a report is checked as the conditions of rules are: a slip is
/// an error with a suggestion, not a test that fails for a reason nobody sees.
///
/// - An item that has only `with` holds for the tests below it, until the next such; a test's own `with` goes first, key by key.
/// - In a report and in a customer's facts a list stands for each of its values in turn: one test for each.
/// - A test file whose module is not there, or switched off, is not run: a module can be deleted without its tests.
package struct RuleTestReader {
    /// So many tests come of the lists in one.
    static let casesMax = 200
    static let stepsMax = 1_000
    /// When a test takes place that does not say when: a Wednesday.
    static let day = CivilDate(year: 2026, month: 7, day: 15) ?? CivilDate(daysSinceEpoch: 0)

    private let set: RuleSet
    private let facts: SetNames
    private let findings = Findings()
    private var sources: [SourceText] = []
    private var tests: [RuleTest] = []
    private var skipped = 0

    private init(_ set: RuleSet) {
        self.set = set
        facts = SetNames(set)
    }

    /// - Parameter only: module files whose tests are wanted (`faults.yaml`); nil: all.
    package static func read(_ source: RuleSource, in set: RuleSet, only: Set<String>? = nil) -> RuleTestSuite {
        var reader = RuleTestReader(set)
        let files = source.files.filter { $0.name.hasPrefix("tests/") }.sorted {
            Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8))
        }
        let modules = source.files.map(\.name).filter { !$0.contains("/") && $0.hasSuffix(".yaml") }
        for file in files {
            let module = String(file.name.dropFirst("tests/".count))
            if let only, !only.contains(module) { continue }
            reader.read(file, of: module, among: modules)
        }
        return RuleTestSuite(tests: reader.tests, skipped: reader.skipped, sources: reader.sources, findings: reader.findings)
    }

    private mutating func read(_ bytes: RuleSource.File, of module: String, among modules: [String]) {
        let number = sources.count
        let isTooLarge = bytes.bytes.count > RuleLimits.moduleBytes
        sources.append(SourceText(name: bytes.name, bytes: isTooLarge ? [] : bytes.bytes))
        let reader = FileReader(file: number, source: sources[number], findings: findings)
        guard bytes.name.hasSuffix(".yaml") else { return findings.warning(number, 0..<0, .notRead(bytes.name)) }
        guard !isTooLarge else { return reader.error(0..<0, .fileTooLarge(bytes.bytes.count, limit: RuleLimits.moduleBytes)) }
        let isThere = set.moduleFiles.contains(module)
        if !isThere {
            let wording =
                modules.contains(module) ? Wording.moduleOff(module) : .noModule(module, suggestion: nearestName(to: module, among: modules).map { "tests/" + $0 })
            findings.warning(number, 0..<0, wording)
        }
        // What has no module may be about rules that are not there: it is only counted.
        let told = isThere ? reader : FileReader(file: number, source: sources[number], findings: Findings())
        guard let root = YAMLReader(source: reader.source, file: number, findings: told.findings).read(), !root.isSpoilt,
            let items = told.list(root, "the file", of: "tests", example: "- name: a fallen line is made safe first\n  report: { type: fault, category: line_down }\n  expect: { rule: faults.hazard-first }")
        else { return }
        guard isThere else {
            skipped += items.count
            return
        }
        var file = TestFile(reader: reader, set: set, facts: facts)
        for item in items { file.item(item) }
        tests += file.tests
        skipped += file.skipped
    }
}

/// The names that tests use, put together once.
final class SetNames {
    let schema: ReportSchemaFields
    let skills: [String]
    let departments: [String]
    let districts: [String]
    let shifts: [String]
    /// Every kind of work, sorted.
    let tasks: [String]
    /// Every stage of a process, sorted.
    let stages: [String]
    let ladders: [String]
    let people: Set<String>
    let roles: [String]
    /// Who else is told of outages: the public, account managers.
    let outageNames: Set<String>
    /// Names of the modules of the set, as their rules have them, by their files.
    let rosterNames: [String]
    /// The fallback's, with those of the rules.
    static let review = "review"

    init(_ set: RuleSet) {
        let site = set.site
        schema = ReportSchemaFields(values: site.values, fields: site.fields)
        skills = (site.values["skill"] ?? []).map(\.code)
        departments = site.departments.keys.map(\.rawValue).sorted()
        districts = site.districts.keys.map(\.rawValue).sorted()
        shifts = site.shifts.keys.sorted()
        tasks = set.taskNames.union([Self.review]).sorted()
        stages = Set(set.processes.flatMap { $0.stages.map(\.name) }).sorted()
        ladders = set.ladders.keys.sorted()
        roles = site.roles.keys.map(\.rawValue).sorted()
        people = Set(site.roles.values.compactMap { $0.person?.rawValue } + site.departments.values.compactMap { $0.head?.rawValue })
        outageNames = site.outageDesk.isEmpty ? [] : Set([OutageRecipient.publicName] + site.customers.managers.map(\.id.rawValue))
        rosterNames = site.crews.keys.map(\.rawValue).sorted()
    }
}

/// What a report's fields may hold.
struct ReportSchemaFields {
    let values: [String: [DeclaredValue]]
    let fields: [DeclaredField]

    /// nil: any text will do.
    func codes(_ enumeration: String) -> [String]? {
        guard let declared = values[enumeration], !declared.isEmpty else { return nil }
        return declared.map(\.code)
    }
}

extension RuleSet {
    /// Every kind of work that a rule makes.
    var taskNames: Set<String> {
        var names: Set<String> = []
        for module in modules { for task in module.tasks { names.insert(task) } }
        for process in processes { for stage in process.stages { names.insert(stage.name) } }
        return names
    }
}

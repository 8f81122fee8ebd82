import Domain
import Rules

/// Reads, checks, tests and compiles a rule set whole; only then it replaces the old one in one assignment between two decisions.
/// Calls wait for one another: two reloads never cross.
///
///     folder at rest -> what changed is compiled -> its rule tests run -> in force -> kept for the next start -> answered
///
/// Every step can refuse, and then nothing has happened. What takes long comes later: the findings about the whole set follow in the
/// background (`SetAuditor`). The answer waits for the set to be on disk, the decisions don't: they use it as soon as it is in force.
actor Reloader {
    enum Outcome: Sendable {
        /// `milliseconds`: from the request until the set was in force.
        case loaded(RuleSet, warnings: [Diagnostic], source: RuleSource, note: String?, milliseconds: Int64)
        case refused(diagnostics: [Diagnostic], source: RuleSource?, message: String)
    }

    private let folder: String
    private let lastGood: LastGoodRules
    private let verify: Daemon.RuleVerification
    private let adopt: @Sendable (RuleSet) async throws(IntakeRefusal) -> Void
    private var workshop: RuleWorkshop
    /// What is in force, and the files that it was made of.
    private var inForce: (set: RuleSet, source: RuleSource)
    /// Of the last set that the workshop made.
    private var compiledHash: String
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(
        folder: String, lastGood: LastGoodRules, start: RulesAtStart, verify: @escaping Daemon.RuleVerification,
        adopt: @escaping @Sendable (RuleSet) async throws(IntakeRefusal) -> Void
    ) {
        self.folder = folder
        self.lastGood = lastGood
        self.verify = verify
        self.adopt = adopt
        workshop = start.workshop.value
        inForce = (start.set, start.source)
        compiledHash = start.set.hash
    }

    func reload() async -> Outcome {
        let began = monotonicMilliseconds()
        await enter()
        defer { leave() }
        let source: RuleSource
        do {
            source = try await RuleFolder.settled(folder, inForce: inForce.source)
        } catch {
            return .refused(diagnostics: [], source: nil, message: error.description)
        }
        let compilation = workshop.compile(source, proves: false, zone: RuleFolder.zone)
        guard let set = compilation.set else {
            let errors = compilation.errorCount
            return .refused(
                diagnostics: compilation.diagnostics, source: source,
                message: "\(errors) error\(errors == 1 ? "" : "s") in the rules; the rules in force stay in force")
        }
        compiledHash = set.hash
        let failures = failedTests(of: set, source)
        guard failures.isEmpty else {
            return .refused(
                diagnostics: failures, source: source,
                message:
                    "\(failures.count) failure\(failures.count == 1 ? "" : "s") in the rule tests; the rules in force stay in force ('paidan test' tells more)")
        }
        do {
            try await adopt(set)
        } catch {
            return .refused(diagnostics: [], source: source, message: "the new rules could not be put in force: \(error); try again")
        }
        inForce = (set, source)
        let milliseconds = monotonicMilliseconds() - began
        do {
            try lastGood.write(source)
        } catch {
            return .loaded(
                set, warnings: compilation.diagnostics, source: source,
                note: "the rules are in force, but could not be kept for the next start in \(lastGood.path): \(errorText(error.code))", milliseconds: milliseconds)
        }
        return .loaded(set, warnings: compilation.diagnostics, source: source, note: nil, milliseconds: milliseconds)
    }

    /// Takes over a workshop that has just read the whole of a set, unless another set was made meanwhile: it is rid of what edits left behind.
    func renew(_ fresh: Confined<RuleWorkshop>, hash: String) {
        if compiledHash == hash { workshop = fresh.value }
    }

    private func failedTests(of set: RuleSet, _ source: RuleSource) -> [Diagnostic] {
        let changed = Self.modulesToTest(source, set, since: inForce.source, inForce.set)
        if let changed, changed.isEmpty { return [] }
        return verify(source, set, changed).filter { $0.severity == .error }
    }

    /// The modules whose rule tests are to run after an edit: those that changed, and those whose tests did. nil: all, because something changed
    /// that any of them may use (the site, the register, ladders, channels).
    static func modulesToTest(_ source: RuleSource, _ set: RuleSet, since old: RuleSource, _ oldSet: RuleSet) -> Set<String>? {
        guard set.ladders == oldSet.ladders else { return nil }
        let before = Dictionary(old.files.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        let now = Dictionary(source.files.map { ($0.name, $0.bytes) }, uniquingKeysWith: { first, _ in first })
        let withRules = Set(set.ruleFiles)
        let modules = Set(set.moduleFiles)
        var result: Set<String> = []
        for name in Set(before.keys).union(now.keys) where before[name] != now[name] {
            let parts = name.split(separator: "/")
            if parts.count > 1 {
                if let last = parts.last, modules.contains(String(last)) { result.insert(String(last)) }
            } else if withRules.contains(name) {
                result.insert(name)
            } else if modules.contains(name) || !name.hasSuffix(".yaml") {
                return nil
            }
            // Else a module that is gone or switched off: the others work without it.
        }
        return result
    }

    private func enter() async {
        if !isBusy {
            isBusy = true
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}

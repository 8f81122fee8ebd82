import Domain
import Rules

/// Reads, checks and compiles a rule set whole; only then it replaces the old one in one assignment between two decisions.
/// Calls wait for one another: two reloads never cross.
actor Reloader {
    enum Outcome: Sendable {
        case loaded(RuleSet, warnings: [Diagnostic], source: RuleSource, note: String?)
        case refused(diagnostics: [Diagnostic], source: RuleSource?, message: String)
    }

    private let folder: String
    private let lastGood: LastGoodRules
    private let adopt: @Sendable (RuleSet) async throws(IntakeRefusal) -> Void
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(folder: String, lastGood: LastGoodRules, adopt: @escaping @Sendable (RuleSet) async throws(IntakeRefusal) -> Void) {
        self.folder = folder
        self.lastGood = lastGood
        self.adopt = adopt
    }

    func reload() async -> Outcome {
        await enter()
        defer { leave() }
        let source: RuleSource
        do {
            source = try RuleFolder.read(folder)
        } catch {
            return .refused(diagnostics: [], source: nil, message: error.description)
        }
        let compilation = RuleCompiler.compile(source, zone: RuleFolder.zone)
        guard let set = compilation.set else {
            let errors = compilation.diagnostics.count { $0.severity == .error }
            return .refused(
                diagnostics: compilation.diagnostics, source: source,
                message: "\(errors) error\(errors == 1 ? "" : "s") in the rules; the rules in force stay in force")
        }
        do {
            try await adopt(set)
        } catch {
            return .refused(diagnostics: [], source: source, message: "the new rules could not be put in force: \(error); try again")
        }
        do {
            try lastGood.write(source)
        } catch {
            return .loaded(
                set, warnings: compilation.diagnostics, source: source,
                note: "the rules are in force, but could not be kept for the next start in \(lastGood.path): \(errorText(error.code))")
        }
        return .loaded(set, warnings: compilation.diagnostics, source: source, note: nil)
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

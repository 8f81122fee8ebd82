import API
import Decisions
import Domain
import Rules
import Systemd

/// A reload as everybody sees it: systemd (RELOADING, READY), the journal, the metrics, and whoever asked.
final class Reloading: Sendable {
    private let reloader: Reloader
    private let folder: String
    private let board: StatusBoard
    private let counters: Counters
    private let journaler: Journaler
    private let notifier: Notifier
    private let auditor: SetAuditor
    private let statusText: @Sendable () -> String

    init(
        reloader: Reloader, folder: String, board: StatusBoard, counters: Counters, journaler: Journaler, notifier: Notifier,
        statusText: @escaping @Sendable () -> String
    ) {
        auditor = SetAuditor(folder: folder) { found in
            board.update { $0.findings = (found.hash, found.warnings) }
            for finding in found.new { journaler.send(Message.rulesFinding(finding.text, file: finding.file, hash: found.hash)) }
            journaler.send(
                Message.rulesLookedThrough(
                    hash: found.hash, warnings: found.warnings, new: found.newCount, told: found.new.count,
                    in: TimeSpan(milliseconds: found.milliseconds)))
            Task { await reloader.renew(found.workshop, hash: found.hash) }
        }
        self.reloader = reloader
        self.folder = folder
        self.board = board
        self.counters = counters
        self.journaler = journaler
        self.notifier = notifier
        self.statusText = statusText
    }

    /// Looks through a set that is in force, in the background.
    func lookThrough(_ source: RuleSource, hash: String) { auditor.look(at: SetAuditor.Job(hash: hash, source: source)) }

    func stop() { auditor.stop() }

    func reload() async -> ReloadAnswer {
        notifier.reloading(status: "reading the rules again")
        let previous = board.current.rulesHash
        let outcome = await reloader.reload()
        defer { notifier.ready(status: statusText()) }
        switch outcome {
        case .loaded(let set, let warnings, let source, let note, let milliseconds):
            counters.count {
                $0.reloads += 1
                $0.lastReloadSucceeded = true
                $0.lastReloadMilliseconds = milliseconds
            }
            board.update { $0.onLastGood = false }
            let text = DiagnosticText.human(warnings, source: source, folder: folder) + (note.map { [$0] } ?? [])
            journaler.send(Message.rulesLoaded(hash: set.hash, folder: folder, previousHash: previous))
            lookThrough(source, hash: set.hash)
            return .loaded(hash: set.hash, warnings: text)
        case .refused(let diagnostics, let source, let message):
            counters.count {
                $0.reloadsRefused += 1
                $0.lastReloadSucceeded = false
            }
            let text = (source.map { DiagnosticText.human(diagnostics, source: $0, folder: folder) } ?? []) + [message]
            let headlines = diagnostics.isEmpty ? [message] : DiagnosticText.headlines(diagnostics, folder: folder)
            journaler.send(Message.rulesRefused(folder: folder, diagnostics: headlines, inForce: board.current.rulesHash))
            return .refused(human: text.joined(separator: "\n"), jsonLines: diagnostics.map { $0.json() })
        }
    }
}

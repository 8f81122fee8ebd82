// The life of a case and of its stages, whole: what each event does in each state. Exhaustive switches; a pair that is missing does not compile.
//
//              documents (while some are missing; with the last of them the first stages begin)
//               ┌──┐
//               │  ▼     suspend                 all stages past
//    opened ──▶ open ◀──────────▶ suspended        open ──────────▶ completed
//               │        resume       │
//               └──────── withdraw ───┴──▶ withdrawn
//
//    migrate: open and suspended cases go on by the process as it stands in the rules now.

package import Domain

/// What an event does to a case.
package enum CaseStep: Hashable, Sendable {
    case takeDocuments
    case suspend
    case resume
    case withdraw
    case migrate
    /// It is so already.
    case nothing
    case refuse(CaseRefusal)
}

/// Why an event can't be.
package enum CaseRefusal: Hashable, Sendable {
    case completed, withdrawn

    /// What is wrong, and what to do.
    package func reason(_ id: CaseID) -> String {
        switch self {
        case .completed: "\(id) is completed and filed: nothing changes it any more; what else is wanted is a new application"
        case .withdrawn: "\(id) was withdrawn: nothing changes it any more; who wants it after all sends the application again, under a new id"
        }
    }
}

package func caseStep(_ state: CaseState, _ event: CaseEvent) -> CaseStep {
    switch (state, event) {
    case (.open, .documents), (.suspended, .documents): .takeDocuments
    case (.open, .suspend): .suspend
    case (.open, .resume): .nothing
    case (.open, .withdraw), (.suspended, .withdraw): .withdraw
    case (.open, .migrate), (.suspended, .migrate): .migrate
    case (.suspended, .suspend): .nothing
    case (.suspended, .resume): .resume
    case (.completed, .documents), (.completed, .suspend), (.completed, .resume), (.completed, .withdraw), (.completed, .migrate):
        .refuse(.completed)
    case (.withdrawn, .withdraw): .nothing
    case (.withdrawn, .documents), (.withdrawn, .suspend), (.withdrawn, .resume), (.withdrawn, .migrate): .refuse(.withdrawn)
    }
}

/// What can happen to a stage.
package enum StageEvent: Hashable, Sendable, CaseIterable {
    /// All that it comes after is past, and its condition holds.
    case begin
    /// All that it comes after is past, and its condition does not hold.
    case skip
    /// Its task is completed.
    case finish
    /// A later stage has failed, and the work goes back to here or to before it.
    case redo
}

/// The state after an event; nil: it can't be, and nothing changes.
package func stageStep(_ state: StageState, _ event: StageEvent) -> StageState? {
    switch (state, event) {
    case (.waiting, .begin): .open
    case (.waiting, .skip): .skipped
    case (.open, .finish): .done
    case (.done, .redo), (.skipped, .redo): .waiting
    case (.waiting, .finish), (.waiting, .redo), (.open, .begin), (.open, .skip), (.open, .redo), (.done, .begin), (.done, .skip), (.done, .finish),
        (.skipped, .begin), (.skipped, .skip), (.skipped, .finish):
        nil
    }
}

// The life cycle of a task, whole: what each event does in each state. One exhaustive switch; a pair that is missing does not compile.
//
//              search finds a crew          accept        enroute       onsite        complete        close, closeDue
//    queued ───────────────────▶ dispatched ──▶ accepted ──▶ enroute ──▶ onsite ──▶ completed ──▶ closed
//       ▲                            │              │            │           │
//       └──── reject, acceptLimit ───┴──── reject ──┴────────────┴───────────┘      (then the next candidate at once, if there is one)
//
//    A stage of a case is closed as soon as it is completed: its case has gone on.
//    callback (回访): of what is completed; closed by it, or queued again when the customer says that it is not settled.
//    contact: a milestone, no state; a dispatched task is accepted by it.
//    A later event implies those it skips, at the same instant. Desk tasks know neither enroute nor onsite.
//    suspend: from every state before completed to `suspended`, and resume back to it; the clocks stand still, the crew keeps the task
//    and it counts against its capacity.
//    cancel: from every state before completed.
//    assign, by hand: from every state before completed to `dispatched`; a suspended task is resumed by it.
//    merge, by hand: from every state before completed to `merged`: another task stands for it. split: callers of it get a task of their own.
//    recovered: the device that reported it says that it is over; completed by that before anybody is on the way, else only noted.
//
// An event that says what is so already changes nothing and is no error: messages arrive twice, and out of order. An event that
// can't be is refused with the reason; the task stays as it is.

package import Domain

/// What can happen to a task: what crews and duty engineers say, and what time brings.
package enum LifecycleEvent: Hashable, Sendable, CaseIterable {
    case accept, reject, contact, enroute, onsite, complete, close, cancel, suspend, resume, callback, assign, priority, merge, split
    /// The accept limit has passed.
    case acceptLimit
    /// Everybody has declined, and it is time to ask again.
    case askAgain
    /// A crew was found for it.
    case found
    /// It has been completed for the configured time.
    case closeDue
    /// The device that reported it says that it is over.
    case recovered

    package init(_ event: ProgressEvent) {
        self =
            switch event {
            case .accept: .accept
            case .reject: .reject
            case .contact: .contact
            case .enroute: .enroute
            case .onsite: .onsite
            case .complete: .complete
            case .close: .close
            case .cancel: .cancel
            case .suspend: .suspend
            case .resume: .resume
            case .callback: .callback
            case .assign: .assign
            case .priority: .priority
            case .merge: .merge
            case .split: .split
            }
    }
}

/// What an event does to a task.
package enum LifecycleStep: Hashable, Sendable {
    /// On to this state; those between are passed at the same instant.
    case advance(to: TaskState)
    /// Taken from whoever has it, to the next candidate.
    case passOn
    /// To a crew or desk that is now named.
    case dispatch
    case cancel
    case suspend
    case resume
    /// The search begins again with everybody.
    case askAgain
    case setPriority
    /// The customer was spoken with: a milestone that is no state. A dispatched task is accepted by it.
    case contacted
    /// The customer was called back: closed, or opened again.
    case calledBack
    /// Another task stands for it.
    case merge
    /// Some of its callers get a task of their own.
    case split
    /// Nobody has taken it up: it is done without anybody's work.
    case recover
    /// Whoever has it decides: the history says that it has recovered.
    case recoveryNoted
    /// It is so already.
    case nothing
    case refuse(LifecycleRefusal)
}

/// Why an event can't be.
package enum LifecycleRefusal: Hashable, Sendable {
    /// It is queued: nobody has it who could do this.
    case nobodyHasIt
    /// It is suspended: resume it first.
    case suspended
    /// The work is done: close it.
    case completed
    /// It is closed, cancelled or merged.
    case final
    /// The customer is called back when the work is done.
    case notDone
    /// A desk task has no way and no site.
    case deskTask

    /// What is wrong, and what to do.
    package func reason(_ id: TaskID, _ state: TaskState, _ event: LifecycleEvent) -> String {
        switch self {
        case .nobodyHasIt: "\(id) is queued and nobody has it: '\(event)' is for whoever has a task; assign it to a crew or a department first"
        case .suspended: "\(id) is suspended: resume it first"
        case .completed: "\(id) is completed: '\(event)' can't change it any more; it can only be closed"
        case .final: "\(id) is \(state.rawValue): nothing changes it any more; if there is more to do, send a report about it (\"about\": \"\(id)\")"
        case .notDone: "\(id) is \(state.rawValue): the customer is called back when the work is done; complete it first"
        case .deskTask: "\(id) is a desk task: nobody travels for it; use accept and complete"
        }
    }
}

/// The life cycle: what `event` does to a task in `state`. Who may say so is decided elsewhere (`ProgressIntake`).
package func lifecycleStep(_ state: TaskState, _ event: LifecycleEvent, isDesk: Bool) -> LifecycleStep {
    switch (state, event) {
    case (.queued, .recovered), (.dispatched, .recovered), (.accepted, .recovered): .recover
    case (.enroute, .recovered), (.onsite, .recovered), (.suspended, .recovered): .recoveryNoted
    case (.completed, .recovered), (.closed, .recovered), (.cancelled, .recovered), (.merged, .recovered): .nothing

    case (.queued, .accept), (.queued, .reject), (.queued, .enroute), (.queued, .onsite), (.queued, .complete), (.queued, .close):
        .refuse(.nobodyHasIt)
    case (.queued, .cancel): .cancel
    case (.queued, .suspend): .suspend
    case (.queued, .resume): .nothing
    case (.queued, .assign), (.queued, .found): .dispatch
    case (.queued, .priority): .setPriority
    case (.queued, .askAgain): .askAgain
    case (.queued, .acceptLimit), (.queued, .closeDue): .nothing

    case (.dispatched, .accept): .advance(to: .accepted)
    case (.accepted, .accept), (.enroute, .accept), (.onsite, .accept): .nothing

    case (.queued, .contact): .refuse(.nobodyHasIt)
    case (.dispatched, .contact), (.accepted, .contact), (.enroute, .contact), (.onsite, .contact): .contacted
    case (.suspended, .contact): .refuse(.suspended)
    case (.completed, .contact): .nothing
    case (.closed, .contact): .nothing
    case (.cancelled, .contact), (.merged, .contact): .refuse(.final)

    case (.queued, .callback), (.dispatched, .callback), (.accepted, .callback), (.enroute, .callback), (.onsite, .callback), (.suspended, .callback):
        .refuse(.notDone)
    case (.completed, .callback): .calledBack
    case (.closed, .callback), (.cancelled, .callback), (.merged, .callback): .refuse(.final)

    case (.queued, .merge), (.dispatched, .merge), (.accepted, .merge), (.enroute, .merge), (.onsite, .merge), (.suspended, .merge): .merge
    case (.queued, .split), (.dispatched, .split), (.accepted, .split), (.enroute, .split), (.onsite, .split), (.suspended, .split): .split
    case (.completed, .merge), (.completed, .split): .refuse(.completed)
    case (.closed, .merge), (.cancelled, .merge), (.merged, .merge), (.closed, .split), (.cancelled, .split), (.merged, .split): .refuse(.final)

    case (.dispatched, .enroute), (.accepted, .enroute): isDesk ? .refuse(.deskTask) : .advance(to: .enroute)
    case (.enroute, .enroute), (.onsite, .enroute): .nothing

    case (.dispatched, .onsite), (.accepted, .onsite), (.enroute, .onsite): isDesk ? .refuse(.deskTask) : .advance(to: .onsite)
    case (.onsite, .onsite): .nothing

    case (.dispatched, .complete), (.accepted, .complete), (.enroute, .complete), (.onsite, .complete): .advance(to: .completed)
    case (.dispatched, .close), (.accepted, .close), (.enroute, .close), (.onsite, .close): .advance(to: .closed)
    case (.dispatched, .reject), (.accepted, .reject), (.enroute, .reject), (.onsite, .reject): .passOn
    case (.dispatched, .cancel), (.accepted, .cancel), (.enroute, .cancel), (.onsite, .cancel): .cancel
    case (.dispatched, .suspend), (.accepted, .suspend), (.enroute, .suspend), (.onsite, .suspend): .suspend
    case (.dispatched, .resume), (.accepted, .resume), (.enroute, .resume), (.onsite, .resume): .nothing
    case (.dispatched, .assign), (.accepted, .assign), (.enroute, .assign), (.onsite, .assign): .dispatch
    case (.dispatched, .priority), (.accepted, .priority), (.enroute, .priority), (.onsite, .priority): .setPriority
    case (.dispatched, .acceptLimit): .passOn
    case (.accepted, .acceptLimit), (.enroute, .acceptLimit), (.onsite, .acceptLimit): .nothing
    case (.dispatched, .askAgain), (.accepted, .askAgain), (.enroute, .askAgain), (.onsite, .askAgain): .nothing
    case (.dispatched, .found), (.accepted, .found), (.enroute, .found), (.onsite, .found): .nothing
    case (.dispatched, .closeDue), (.accepted, .closeDue), (.enroute, .closeDue), (.onsite, .closeDue): .nothing

    case (.suspended, .accept), (.suspended, .reject), (.suspended, .enroute), (.suspended, .onsite), (.suspended, .complete),
        (.suspended, .close):
        .refuse(.suspended)
    case (.suspended, .cancel): .cancel
    case (.suspended, .suspend): .nothing
    case (.suspended, .resume): .resume
    case (.suspended, .assign): .dispatch
    case (.suspended, .priority): .setPriority
    case (.suspended, .acceptLimit), (.suspended, .askAgain), (.suspended, .found), (.suspended, .closeDue): .nothing

    case (.completed, .accept), (.completed, .enroute), (.completed, .onsite), (.completed, .complete): .nothing
    case (.completed, .reject), (.completed, .cancel), (.completed, .suspend), (.completed, .resume), (.completed, .assign),
        (.completed, .priority):
        .refuse(.completed)
    case (.completed, .close), (.completed, .closeDue): .advance(to: .closed)
    case (.completed, .acceptLimit), (.completed, .askAgain), (.completed, .found): .nothing

    case (.closed, .accept), (.closed, .enroute), (.closed, .onsite), (.closed, .complete), (.closed, .close): .nothing
    case (.cancelled, .cancel): .nothing
    case (.closed, .acceptLimit), (.closed, .askAgain), (.closed, .found), (.closed, .closeDue): .nothing
    case (.cancelled, .acceptLimit), (.cancelled, .askAgain), (.cancelled, .found), (.cancelled, .closeDue): .nothing
    case (.merged, .acceptLimit), (.merged, .askAgain), (.merged, .found), (.merged, .closeDue): .nothing
    case (.closed, .reject), (.closed, .cancel), (.closed, .suspend), (.closed, .resume), (.closed, .assign), (.closed, .priority):
        .refuse(.final)
    case (.cancelled, .accept), (.cancelled, .reject), (.cancelled, .enroute), (.cancelled, .onsite), (.cancelled, .complete),
        (.cancelled, .close), (.cancelled, .suspend), (.cancelled, .resume), (.cancelled, .assign), (.cancelled, .priority):
        .refuse(.final)
    case (.merged, .accept), (.merged, .reject), (.merged, .enroute), (.merged, .onsite), (.merged, .complete), (.merged, .close),
        (.merged, .cancel), (.merged, .suspend), (.merged, .resume), (.merged, .assign), (.merged, .priority):
        .refuse(.final)
    }
}

/// The states passed on the way from one to a later one, the last included; in order.
func milestones(from state: TaskState, to target: TaskState, isDesk: Bool) -> [TaskState] {
    let way: [TaskState] =
        isDesk ? [.dispatched, .accepted, .completed, .closed] : [.dispatched, .accepted, .enroute, .onsite, .completed, .closed]
    guard let from = way.firstIndex(of: state), let to = way.firstIndex(of: target), from < to else { return [] }
    return Array(way[(from + 1)...to])
}

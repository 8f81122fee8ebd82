package import Daemon
package import Domain
import Inbox
package import Rules
import Store
import Synchronization

/// The daemon's core in one hand: a store in a folder, and a dispatcher on it whose clock its owner sets.
package final class House {
    package let dispatcher: SteppedDispatcher
    /// What has been committed and nobody has looked at yet.
    private let unheard: Unheard
    private let store: Store
    private let folder: String

    package init(folder: String, rules: RuleSet, at now: Instant) throws {
        self.folder = folder
        try Files.makeFolder(folder)
        store = try Store(directory: folder)
        let unheard = Unheard()
        self.unheard = unheard
        dispatcher = try SteppedDispatcher(store: store, rules: rules, at: now) { at, result in unheard.add(at, result) }
    }

    /// What was committed since the last call.
    package func takeCommitted() -> [(at: Instant, result: Dispatcher.Result)] { unheard.take() }

    /// The disk as a kill leaves it, and a house that starts from it: the files are copied as they stand at this moment, with
    /// nothing finished and nothing folded up, and the new house knows no more than they hold.
    package func killedAndStartedAgain(rules: RuleSet, at now: Instant) throws -> House {
        let copy = folder + "-after-the-kill"
        try Files.copy(folder, to: copy, without: ["lock"])
        try store.close()
        return try House(folder: copy, rules: rules, at: now)
    }

    package func close() throws { try store.close() }
}

/// A spool folder with its own reader, whose inputs go to a house.
struct Spool {
    private let path: String
    private let inbox: SpoolInbox

    init(_ path: String, into house: House) throws {
        self.path = path
        try Files.makeFolder(path)
        let dispatcher = house.dispatcher
        inbox = try SpoolInbox(SpoolConfiguration(path: path), intake: dispatcher, now: { dispatcher.now }) { _ in }
    }

    /// Writes one file for each, and returns when all were taken.
    func take(_ reports: [Utterance]) async throws {
        guard !reports.isEmpty else { return }
        for report in reports {
            let name = "/\(report.id).json"
            try Files.write(report.json, to: path + "/tmp" + name)
            try Files.rename(path + "/tmp" + name, to: path + "/new" + name)
        }
        let moved = await inbox.drain()
        guard moved == reports.count else { throw CityFault("the spool took \(moved) of \(reports.count) files; look into \(path)") }
    }
}

private final class Unheard: Sendable {
    private let results = Mutex<[(at: Instant, result: Dispatcher.Result)]>([])

    func add(_ at: Instant, _ result: Dispatcher.Result) { results.withLock { $0.append((at, result)) } }

    func take() -> [(at: Instant, result: Dispatcher.Result)] {
        results.withLock { all in
            defer { all = [] }
            return all
        }
    }
}

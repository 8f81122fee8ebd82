package import Decisions
package import Domain

/// What the daemon offers to the doors: the way in for inputs, and looks at the state. Looks are rendered as JSON by the
/// one who owns the state, so that the doors never hold it.
package protocol Backend: Intake, Sendable {
    /// The tasks that the filter wants, most urgent first, each as one JSON object. Throws `UnknownName` when there are none, and nobody has
    /// that name; so does `cases`.
    func tasks(_ filter: TaskFilter) async throws -> [[UInt8]]
    /// One task with its history; nil when there is no such task.
    func task(_ id: TaskID) async throws -> [UInt8]?
    /// Why a task went where it went; nil when there is no such task.
    func why(_ id: TaskID) async throws -> [UInt8]?
    /// What came of an input with this id, one JSON object for each source that used it (or for the one named); empty: nobody did.
    func report(_ id: String, source: SourceID?) async throws -> [[UInt8]]
    /// The cases that the filter wants, by deadline, each as one JSON object.
    func cases(_ filter: CaseFilter) async throws -> [[UInt8]]
    /// One case with its history; nil when there is no such case.
    func kase(_ id: CaseID) async throws -> [UInt8]?
    /// What was done in a time, added up and rendered as wanted.
    func figures(_ filter: FigureFilter) async throws -> FigureAnswer
    /// Every crew of the roster, each as one JSON object.
    func crews() async throws -> [[UInt8]]
    /// Every district of the site: its work, its crews and what it shows, each as one JSON object.
    func districts() async throws -> [[UInt8]]
    /// Devices at which a rule is not quiet, or all that have shown anything, each as one JSON object.
    func devices(all: Bool) async throws -> [[UInt8]]
    /// One device of the registers; nil: there is none of that name.
    func device(_ id: DeviceID) async throws -> [UInt8]?
    /// Every contractor and supplier of the roster, each as one JSON object.
    func contractors() async throws -> [[UInt8]]
    /// What is known of a customer; nil: nothing.
    func customer(_ account: CustomerID) async throws -> [UInt8]?
    /// Known interruptions of supply, by when they begin, each as one JSON object; with `all` those that are over, too.
    func outages(all: Bool) async throws -> [[UInt8]]
    /// One JSON object: open tasks, overdue, crews on duty, the rules' hash and since when.
    func status() async -> [UInt8]
    /// Reads, checks and tests the rules on disk, and puts them in force or refuses them whole. Returns after that.
    func reload() async -> ReloadAnswer
    func health() async -> HealthAnswer
    /// OpenMetrics text, `# EOF` at its end.
    func metrics() async -> [UInt8]
}

/// A look asks for a name that nobody has, and finds nothing by it: a slip of the keys should not pass for "there are none".
package struct UnknownName: Error, Sendable, Hashable {
    /// The name of the parameter: `department`, `crew`, `process`.
    package var parameter: String
    package var value: String
    /// The name that was meant, where one is near.
    package var isMeant: String?
    /// What to do.
    package var remedy: String

    package init(parameter: String, value: String, isMeant: String?, remedy: String) {
        self.parameter = parameter
        self.value = value
        self.isMeant = isMeant
        self.remedy = remedy
    }
}

/// What came of a reload.
package enum ReloadAnswer: Sendable, Hashable {
    /// The new rules are in force; each warning is one diagnostic as text.
    case loaded(hash: String, warnings: [String])
    /// The old rules stay. `human`: the diagnostics as `FILE:LINE:COL: error[CODE]: TEXT`, one a line; `jsonLines`: the same,
    /// one JSON object each.
    case refused(human: String, jsonLines: [[UInt8]])
}

/// Whether the daemon can do its work.
package struct HealthAnswer: Sendable, Hashable {
    package var isHealthy: Bool
    /// What is wrong, or (when healthy) what is degraded: one sentence each.
    package var reasons: [String]

    package init(isHealthy: Bool, reasons: [String] = []) {
        self.isHealthy = isHealthy
        self.reasons = reasons
    }
}

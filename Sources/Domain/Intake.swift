/// Why inputs were not taken in. Nothing of them is stored: the sender keeps them and tries again.
package enum IntakeRefusal: Error, Sendable, Hashable {
    /// No room on the disk: HTTP 507; spool files stay where they are.
    case noRoom(String)
    /// The queue is full: HTTP 503 with `Retry-After`.
    case busy
    /// The daemon is stopping, or has not started yet.
    case stopping
}

/// The one way in: every door hands its inputs here and waits for the commit.
package protocol Intake: Sendable {
    /// Returns one receipt for each input, in their order, after all of them are on disk (or refused for what they say).
    func submit(_ inputs: [Input]) async throws(IntakeRefusal) -> [Receipt]
}

/// Which tasks a look wants.
package struct TaskFilter: Sendable, Hashable {
    package var department: DepartmentID?
    package var crew: CrewID?
    package var states: Set<TaskState>
    /// With the finished ones.
    package var all: Bool
    /// At most so many, most urgent first: priority, then number. 1 ... 100 000.
    package var limit: Int
    package init(
        department: DepartmentID? = nil, crew: CrewID? = nil, states: Set<TaskState> = [], all: Bool = false, limit: Int = 1_000
    ) {
        self.department = department
        self.crew = crew
        self.states = states
        self.all = all
        self.limit = limit
    }
}

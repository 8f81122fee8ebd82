import Domain

/// A checked and compiled module.
struct CompiledModule: Sendable {}

extension RuleSet {
    /// Which rules take a report, first match first. Pure; the same for the same arguments.
    package func route(_ subject: RouteSubject, tracing: Bool) -> RouteResult {
        RouteResult(routings: [], failures: [])
    }
}

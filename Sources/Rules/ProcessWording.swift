/// What the diagnostics of processes say.
extension Wording {
    static func stageForNobody(_ name: String) -> Wording {
        Wording(
            .missingKey, "the stage '\(name)' needs 'assign': who does it? A stage of the customer's own has 'clock: stopped' instead",
            example: "assign: { department: marketing }")
    }
    static func limitOnNothing(_ name: String, because reason: String) -> Wording {
        Wording(.limitOnNothing, "'\(name)' is a limit on nothing: \(reason)")
    }
    static func assignTwo(_ kinds: [String]) -> Wording {
        Wording(.wrongType, "'assign' names \(kinds.map { "'\($0)'" }.joined(separator: " and ")); one of them does the stage")
    }
    static func onlyWithContractor(_ key: String) -> Wording {
        Wording(.misplacedKey, "'\(key)' belongs to 'contractor'", example: "assign: { contractor: tiered, works: line_10kv }")
    }
    static func stageCycle(_ way: String) -> Wording {
        Wording(.stageCycle, "these stages wait for one another, so that none can begin: \(way)")
    }
    static func unreachableStage(_ name: String) -> Wording {
        Wording(.stageCycle, "the stage '\(name)' can never begin: it comes after stages that wait for one another")
    }
    static func notBack(_ name: String, from stage: String) -> Wording {
        Wording(.notBack, "'\(name)' does not come before '\(stage)': what failed goes back to a stage that it comes after")
    }
    static func noProcessLimits(_ name: String) -> Wording {
        Wording(.limitOnNothing, "'\(name)' belongs to a stage; a process has 'total'", example: "limits: { total: 22 working days }")
    }
}

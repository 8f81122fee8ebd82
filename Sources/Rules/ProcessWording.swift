import Domain

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
        Wording(.wrongType, "'assign' names \(kinds.map { "'\($0)'" }.joined(separator: " and ")); one of them does it")
    }
    static func onlyWithContractor(_ key: String) -> Wording {
        Wording(.misplacedKey, "'\(key)' belongs to 'contractor'", example: "assign: { contractor: tiered, works: line_10kv }")
    }
    static func stageCycle(_ way: String) -> Wording {
        Wording(.stageCycle, "these stages wait for one another, so that none can begin: \(way)")
    }
    static let caseElsewhere = Wording(
        code: "unknown-name", message: "there is no 'case' here: only the 'when' of a process's stage sees it", example: "- name: works\n  when: case.outcome.survey == \"extend\"")
    static func longLimit(_ name: String, _ length: LimitLength, than whole: String, _ wholeLength: LimitLength) -> Wording {
        Wording(.longLimit, "'\(name)' of \(length.text) is longer than \(whole) of \(wholeLength.text), which ends before it: nobody is told of it in time")
    }
    static func nothingWaits(_ name: String, last: String, after: [String]) -> Wording {
        Wording(
            .nothingWaits, "nothing waits for the stage '\(name)': '\(last)', the last one, can be done before it; name it in the 'after' of what must wait for it",
            example: "- name: \(last)\n  after: [\((after + [name]).joined(separator: ", "))]")
    }
    static func notBack(_ name: String, from stage: String) -> Wording {
        Wording(.notBack, "'\(name)' does not come before '\(stage)': what failed goes back to a stage that it comes after")
    }
    static func noProcessLimits(_ name: String) -> Wording {
        Wording(.limitOnNothing, "'\(name)' belongs to a stage; a process has 'total'", example: "limits: { total: 22 working days }")
    }
}

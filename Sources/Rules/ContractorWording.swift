import Domain

/// What the diagnostics of contractors, suppliers and ratings say.
extension Wording {
    static func unknownWorks(_ name: String, known: [String], suggestion: String?) -> Wording {
        if known.isEmpty {
            return Wording(
                .unknownWorks, "'\(name.prefix(60))' is no declared kind of works: no module has 'works'", example: "works:\n  " + ContractorSections.worksExample)
        }
        return unknown(.unknownWorks, "kind of works", name, known: known, suggestion: suggestion)
    }
    static func licenceEndsFirst(from: CivilDate, until: CivilDate) -> Wording {
        Wording(
            .badLicence, "this licence ends on \(until), before it begins on \(from)", example: "- { kind: install, level: 3, from: 2024-07-01, until: 2028-06-30 }")
    }
    static func noLicenceDate(_ text: String, suggestion: String?) -> Wording {
        Wording(
            .badDate, "'\(text.prefix(60))' is no date: year, month and day with '-' between", suggestion: suggestion, example: suggestion == nil ? "until: 2028-06-30" : nil)
    }
    static func noLicence(_ contractor: String, _ works: String, _ kind: LicenceKind, level: Int) -> Wording {
        Wording(
            .noLicence,
            "'\(contractor)' has no licence for '\(works)', which asks for \(kind.rawValue) of level \(level)\(level > 1 ? " or higher (1 is the highest)" : ""): it is never given such works",
            example: "- { kind: \(kind.rawValue), level: \(level), from: 2024-07-01, until: 2028-06-30 }")
    }
    static func contractorNamedAs(_ what: String, _ name: String) -> Wording {
        Wording(.duplicateName, "'\(name.prefix(60))' is the name of a \(what), too; a task could not be assigned to it by name: rename one of them")
    }
    static func secondRatings(place: String) -> Wording {
        Wording(.duplicateName, "there are ratings already, in \(place); put all of it into one of them")
    }
    static func negativeWeight(_ name: String, _ text: String) -> Wording {
        Wording(.badWeights, "the weight of '\(name)' can't be \(text.prefix(20)): a weight is 0 or more", example: "weights: { quality: 30, safety: 25 }")
    }
    static func weightsOfNothing(_ key: String) -> Wording {
        Wording(.badWeights, "'\(key)' sum to nothing: no score would count; give at least one a weight above 0", example: "\(key): { quality: 30, safety: 25 }")
    }
    static func tierOrder(_ name: String, _ cutOff: Int, above: String, _ aboveCutOff: Int) -> Wording {
        Wording(
            .tierOrder, "the tier '\(name)' begins at \(cutOff), and '\(above)' above it at \(aboveCutOff): tiers descend, the best one first",
            example: "tiers: { A: 90, B: 80, C: 60, D: 0 }")
    }
    static func tierFloor(_ name: String, _ cutOff: Int) -> Wording {
        Wording(
            .tierOrder, "who is rated below \(cutOff) would be in no tier: the last one, '\(name)', begins at 0", example: "tiers: { A: 90, B: 80, C: 60, D: 0 }")
    }
    static func unknownTier(_ name: String, known: [String], suggestion: String?) -> Wording {
        unknown(.unknownTier, "tier", name, known: known, suggestion: suggestion)
    }
    static let noShare = Wording(
        .noShare, "no tier has a share of the work: nothing could be given to any contractor", example: "share: { A: 3, B: 2, C: 1, D: 0 }")

    // Findings about the set.

    static func nobodyQualified(_ works: String, licence: LicenceKind?, level: Int, isAskedFor: Bool) -> Wording {
        Wording(
            .nobodyQualified,
            "no contractor is qualified for '\(works)'"
                + (isAskedFor ? ": the department awards it by hand, and who may do it is an empty list" : ": none has it among its works with a licence for it"),
            example: "contractors:\n  c-7:\n    name: 江州送变电工程有限公司\n    works: [\(works)]"
                + (licence.map { "\n    licences:\n      - { kind: \($0.rawValue), level: \(level), from: 2024-07-01, until: 2028-06-30 }" } ?? ""))
    }
    static func missingContractors(_ count: Int) -> Wording {
        Wording(
            .missingContractors,
            "no module has 'contractors', so that \(count == 1 ? "this stage or rule goes" : "these \(count) stages and rules go") to the department's desk, which awards the works by hand; everything else works",
            example: "contractors:\n  " + ContractorSections.contractorExample.replacing("\n", with: "\n  "))
    }
}

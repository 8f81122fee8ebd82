import Domain

// For editors: what stands behind the keys of processes and texts.

extension Keys {
    var processMeanings: [String: Meaning] {
        switch what {
        case Keys.process.what:
            [
                "name": .init(.code(dots: false), "The process's name, once in its module."),
                "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."),
                "takes": .init(.expression, "Which applications it is for; without it, all that come to it."),
                "documents": .init(.list(.reference(.value("document"))), "What an application must bring; no clock runs before all of it is there."),
                "limits": .init(.block(Keys.processLimits), "The limit of the whole."),
                "escalate": .init(.reference(.other), "The ladder that is climbed when the whole, or a stage without its own, gets late."),
                "stages": .init(.list(.block(Keys.stage)), "What is done, by whom, and what comes after what."),
            ]
        case Keys.processLimits.what: ["total": .init(.limit, "From the last document to the last stage; stands still while only stopped stages are open.")]
        case Keys.stage.what: Self.stageMeanings
        case Keys.stageLimits.what:
            [
                "accept": .init(.limit, "From dispatch to acceptance; begins again with each crew that is asked."),
                "arrive": .init(.limit, "From the stage's beginning to arrival on site."),
                "restore": .init(.limit, "From arrival on site until the work is done."),
                "stage": .init(.limit, "From the stage's beginning to its end."),
            ]
        case Keys.stageAssign.what:
            [
                "department": .init(.reference(.department), "A department's desk does it, or follows it."),
                "nearest": .init(.choice(["crew"]), "The nearest able crew goes out."),
                "skills": .init(.list(.reference(.value("skill"))), "What the crew must be able to do."),
                "within": .init(.distance, "How far away it may be."),
                "otherwise": .init(.block(Keys.otherwise), "Who keeps the task when no crew is near enough."),
                "account_manager": .init(.flag, "true: the customer's own account manager does it."),
                "contractor": .init(.choice(["tiered"]), "A contractor of the utility's does it, by tier."),
                "works": .init(.code(dots: false), "The kind of works."),
            ]
        case Keys.publish.what:
            [
                "contractors": .init(.choice(["qualified"]), "Who may do it is published as a list."),
                "works": .init(.code(dots: false), "The kind of works that they are qualified for; without it, any."),
            ]
        case Keys.failed.what: ["back_to": .init(.code(dots: false), "The stage at which the case goes on when this one has failed.")]
        case Keys.texts.what:
            Dictionary(
                TextName.allCases.map { name in
                    let words = name.placeholders.map { "{\($0)}" }.joined(separator: ", ")
                    return (name.rawValue, Meaning(.block(Keys.text), words.isEmpty ? "A text for customers." : "A text for customers; it may have \(words)."))
                }, uniquingKeysWith: { first, _ in first })
        case Keys.text.what: ["zh": .init(.text, "In Chinese."), "en": .init(.text, "In English.")]
        default: contractorMeanings
        }
    }

    private static let stageMeanings: [String: Meaning] = [
        "name": .init(.code(dots: false), "The stage's name, once in its process."),
        "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."),
        "after": .init(.list(.code(dots: false)), "The stages that must be done, or skipped, before; without it, the stage begins with the case."),
        "when": .init(.expression, "Where it does not hold, the stage is skipped."),
        "assign": .init(.block(Keys.stageAssign), "Who does it."),
        "priority": .init(.choice(Priority.allCases.map(\.rawValue)), "How urgent its task is."),
        "limits": .init(.block(Keys.stageLimits), "Its times."),
        "clock": .init(.choice(["running", "stopped"]), "stopped: the time of the whole stands still while only such stages are open."),
        "publish": .init(.block(Keys.publish), "The customer chooses who does it, from a list."),
        "failed": .init(.block(Keys.failed), "Where the case goes on when it has failed."),
        "tell": .init(.choice(["customer"]), "The customer is told when it begins and when it ends."),
        "escalate": .init(.reference(.other), "The ladder that is climbed when it gets late."),
    ]
}

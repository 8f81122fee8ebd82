import Domain

/// What may stand behind the keys of rule tests: for editors, as `KeyShapes` says it of rules.
extension Keys {
    /// A list stands for each of its values in turn.
    static func cases(_ shape: Shape) -> Shape { .either([shape, .list(shape)]) }

    /// `none` stands for nobody or nothing.
    private static func orNone(_ shape: Shape) -> Shape { .either([.choice(["none"]), shape]) }

    private static let expected: Shape = .either([.block(Keys.expectation), .list(.block(Keys.expectation)), .choice(["none"])])
    private static let priority: Shape = .choice(Priority.allCases.map(\.rawValue))

    static let testMeanings: [String: Meaning] = [
        "name": .init(.text, "What must be so, in a sentence."),
        "needs": .init(.either([.text, .list(.text)]), "Modules without which the test is not run."),
        "with": .init(.block(Keys.testWith), "What surrounds the report; alone, for all tests below."),
        "report": .init(.block(Keys.testReport), "The report that comes in; a list stands for each of its values in turn."),
        "readings": .init(.list(.block(Keys.testReading)), "What devices show, in place of a report: reports may come of it."),
        "outage": .init(.block(Keys.testOutage), "An outage that is announced, in place of a report: expect who is told."),
        "expect": .init(expected, "What must come of it ('none': no report, of readings); what is not said is not looked at."),
        "then": .init(.list(.block(Keys.step)), "What happens next, step by step."),
    ]

    static let testWithMeanings: [String: Meaning] = [
        "at": .init(.text, "When the report comes: a Wednesday at noon when nothing is said."),
        "crews": .init(orNone(.named(.block(Keys.testCrew), dots: true)), "The roster of this test, in place of the site's."),
        "customer": .init(.block(Keys.testFacts), "What is known of the caller."),
        "contractors": .init(orNone(.named(.block(Keys.testContractor), dots: true)), "The contractors of this test, in place of the roster's."),
        "outages": .init(.list(.block(Keys.testOutage)), "Interruptions of supply that are known."),
    ]

    static let testOutageMeanings: [String: Meaning] = [
        "outage": .init(.text, "Its name; without one, that of the first."),
        "event": .init(.choice(OutageEvent.allCases.map(\.rawValue)), "'ended': supply is back; 'cancelled': it does not take place."),
        "type": .init(.choice(OutageType.allCases.map(\.rawValue)), "By it goes how long before it is told."),
        "feeder": .init(.text, "The feeder that is switched off."),
        "transformer": .init(.text, "The transformer area, where it is that alone."),
        "from": .init(.text, "When it begins: '09:00', '2026-07-15 09:00', or with a zone."),
        "until": .init(.text, "When it ends."),
        "reason": .init(.text, "What callers are told of it."),
    ]

    static let testCrewMeanings: [String: Meaning] = [
        "name": .init(.text, "The name that people read."),
        "department": .init(.reference(.department), "The department it belongs to; without, the fallback."),
        "district": .init(.reference(.district), "The district that it serves while it is not lent; without, all."),
        "base": .init(.block(Keys.base), "Where it starts from."),
        "skills": .init(.list(.reference(.value("skill"))), "What it can do."),
        "shift": .init(.reference(.shift), "When it is on duty; without, always."),
        "capacity": .init(.wholeNumber(1...1_000), "How many tasks it may have at a time."),
        "place": .init(.block(Keys.base), "Where it is."),
        "duty": .init(.choice(["on", "off"]), "Whether it is on duty, whatever its shift."),
    ]

    static let testReportMeanings: [String: Meaning] = [
        "id": .init(.text, "A name for it: steps say which report they are 'about'."),
        "source": .init(cases(.reference(.valueIfDeclared("source"))), "Where it comes from."),
        "type": .init(cases(.reference(.valueIfDeclared("type"))), "The kind of report."),
        "category": .init(cases(.reference(.valueIfDeclared("category"))), "What it is about."),
        "reported_at": .init(cases(.text), "When it was reported: '12:00', '2026-07-15 12:00', or with a zone."),
        "customer": .init(cases(.text), "The customer's account."),
        "place": .init(.block(Keys.testPlace), "Where it is."),
        "site": .init(cases(.reference(.valueIfDeclared("site"))), "The site class."),
        "voltage": .init(cases(.reference(.valueIfDeclared("voltage"))), "The voltage level."),
        "urgency": .init(cases(.reference(.valueIfDeclared("urgency"))), "How urgent the caller says it is."),
        "feeder": .init(cases(.text), "The feeder."),
        "transformer": .init(cases(.text), "The transformer area."),
        "customers_out": .init(cases(.wholeNumber(0...100_000_000)), "Customers without power."),
        "capacity_kva": .init(cases(.number), "Capacity in kVA."),
        "description": .init(cases(.text), "In the caller's words."),
        "fields": .init(.named(cases(.text), dots: true), "Fields of the site's own."),
        "documents": .init(.list(.reference(.valueIfDeclared("document"))), "The documents that came with an application."),
        "about": .init(cases(.text), "What a complaint is about: a task, a case or a crew."),
    ]

    static let testFactMeanings: [String: Meaning] = [
        "account": .init(cases(.text), "The customer's account."),
        "name": .init(cases(.text), "The customer's name."),
        "class": .init(cases(.reference(.valueIfDeclared("customer_class"))), "The class of customer."),
        "industry": .init(cases(.reference(.valueIfDeclared("industry"))), "The branch of industry."),
        "capacity_kva": .init(cases(.number), "Contracted capacity in kVA."),
        "annual_kwh": .init(cases(.number), "Energy in a year, in kWh."),
        "district": .init(cases(.reference(.district)), "A district of the site."),
        "credit": .init(cases(.reference(.valueIfDeclared("credit"))), "Credit class."),
        "payment": .init(cases(.reference(.valueIfDeclared("payment"))), "How the customer pays."),
        "critical_class": .init(cases(.reference(.valueIfDeclared("critical_class"))), "The government's class of critical customers."),
        "tier": .init(cases(.reference(.valueIfDeclared("tier"))), "The customer's tier."),
        "transformer": .init(cases(.text), "The transformer area that serves the customer."),
        "lat": .init(cases(.degrees(90)), "Latitude."),
        "lon": .init(cases(.degrees(180)), "Longitude."),
        "contacts_90d": .init(cases(.wholeNumber(0...100_000)), "Their reports of 90 days, as counted before."),
        "contacts_12m": .init(cases(.wholeNumber(0...100_000)), "Their reports of twelve months."),
        "complaints_90d": .init(cases(.wholeNumber(0...100_000)), "Their complaints of 90 days."),
        "complaints_12m": .init(cases(.wholeNumber(0...100_000)), "Their complaints of twelve months."),
        "faults_12m": .init(cases(.wholeNumber(0...100_000)), "Their fault reports of twelve months."),
        "applications_12m": .init(cases(.wholeNumber(0...100_000)), "Their applications of twelve months."),
        "growth": .init(cases(.number), "Growth of their consumption: 0.1 is ten per cent."),
        "hours_of_use": .init(cases(.number), "kWh a year for each kVA."),
        "seasonality": .init(cases(.choice(["summer", "winter", "both", "level"])), "When they use most."),
        "load_pattern": .init(cases(.choice(["steady", "variable", "irregular", "idle"])), "How even their consumption is."),
        "late_12m": .init(cases(.wholeNumber(0...12)), "Bills of twelve months that were paid late."),
        "unpaid": .init(cases(.wholeNumber(0...100)), "Bills that are not paid."),
        "payment_habit": .init(cases(.choice(["prompt", "occasional", "late", "arrears"])), "How they pay."),
        "preferred_channel": .init(cases(.text), "How they get in touch."),
        "account_manager": .init(cases(.text), "Who looks after them, as billing says it."),
    ]

    static let expectationMeanings: [String: Meaning] = {
        var meanings: [String: Meaning] = [
            "rule": .init(.text, "MODULE.RULE, or 'fallback'."),
            "task": .init(.code(dots: false), "The kind of work."),
            "priority": .init(priority, "How urgent the task is."),
            "crew": .init(.text, "Who has it; 'none': nobody."),
            "contractor": .init(.text, "The contractor who has it; 'none': none."),
            "department": .init(.reference(.department), "Whose desk has it."),
            "skills": .init(orNone(.list(.reference(.value("skill")))), "What the crew must be able to do."),
            "within": .init(orNone(.distance), "How far away a crew may be."),
            "escalate": .init(.text, "The ladder; 'none': none."),
            "state": .init(.choice(TaskState.allCases.map(\.rawValue)), "The task's state."),
            "told": .init(.either([.text, .list(.text)]), "Who has been told in this step; 'none': nobody."),
            "shared": .init(.either([.text, .list(.reference(.department))]), "Other departments that it concerns; 'none': none."),
            "case": .init(.choice(CaseState.allCases.map(\.rawValue)), "The state of the case that an application has opened."),
            "open": .init(.either([.text, .list(.code(dots: false))]), "The case's open stages, all of them; 'none': none."),
            "skipped": .init(.either([.text, .list(.code(dots: false))]), "The stages that were not needed, all of them; 'none': none."),
            "answer": .init(.text, "What the caller is told in place of a task; 'none': there is a task."),
            "joined": .init(.text, "The rule for merging by which the report joined an earlier one; 'none': it has a task of its own."),
            "callers": .init(.wholeNumber(1...100_000), "For how many reports the task stands."),
            "tier": .init(.text, "The tier that rules about customers put the caller in; 'none': none."),
            "flags": .init(.either([.text, .list(.code(dots: false))]), "What is noted of the caller, all of it; 'none': nothing."),
            "manager": .init(.text, "The caller's account manager; 'none': none."),
            "suggested": .init(.either([.text, .list(.code(dots: false))]), "The tasks that are suggested for the caller in this step, all of them; 'none': none."),
            "missing": .init(.either([.text, .list(.reference(.valueIfDeclared("document")))]), "The documents that are wanted, all of them; 'none': none."),
        ]
        for limit in LimitName.allCases where Keys.expectation.names.contains(limit.rawValue) { meanings[limit.rawValue] = .init(orNone(.limit), "The limit that it has; 'none': none.") }
        return meanings
    }()

    static let stepMeanings: [String: Meaning] = [
        "after": .init(.duration, "Time that passes first."),
        "do": .init(.choice(RuleTest.progress.map(\.rawValue)), "What the crew says of its task, or whoever stands in 'by'."),
        "by": .init(.text, "Who says it."),
        "outcome": .init(.text, "With 'do: complete': what came of it; 'failed' sends a case back where its process says so."),
        "fields": .init(.named(.text, dots: true), "With 'do: complete' of a stage, or with documents: what was found out."),
        "satisfaction": .init(.wholeNumber(1...5), "With 'do: callback' or 'complete': what the customer says of it."),
        "solved": .init(.flag, "With 'do: callback': false opens the task again."),
        "documents": .init(.list(.reference(.valueIfDeclared("document"))), "These documents of the application come in."),
        "case": .init(.choice([CaseEvent.suspend, .resume, .withdraw].map(\.rawValue)), "What happens to the case as a whole."),
        "assign": .init(.text, "The duty engineer gives the task to this crew or department."),
        "priority": .init(priority, "The duty engineer changes the priority."),
        "crew": .init(.text, "The crew that 'duty' or 'place' is about."),
        "duty": .init(.choice(["on", "off"]), "The crew comes on duty, or goes off."),
        "place": .init(.block(Keys.base), "The crew is there now."),
        "report": .init(.block(Keys.testReport), "Another report comes in."),
        "readings": .init(.list(.block(Keys.testReading)), "Devices show this."),
        "outage": .init(.block(Keys.testOutage), "An outage is announced, moved, called off, or over."),
        "about": .init(.text, "The id of the report that the step is about; without, the last."),
        "task": .init(.code(dots: false), "Which of the report's tasks, where it has several."),
        "expect": .init(expected, "What must be so after the step."),
    ]
}

import Domain

extension Keys {
    static let works = Keys(
        "a kind of works",
        ["zh": "zh: 10千伏线路工程", "en": "en: 10 kV line", "licence": "licence: install", "level": "level: 3"])

    static let contractor = Keys(
        "a contractor",
        [
            "name": "name: 江州送变电工程有限公司",
            "en": "en: Jiangzhou Power Works",
            "works": "works: [line_10kv, cable_10kv]",
            "licences": "licences:\n  - { kind: install, level: 3, from: 2024-07-01, until: 2028-06-30 }",
            "channel": "channel: works_app",
        ])

    static let supplier = Keys(
        "a supplier",
        [
            "name": "name: 江州变压器有限公司", "en": "en: Jiangzhou Transformers", "supplies": "supplies: [transformer]", "channel": "channel: works_app",
        ])

    static let licence = Keys(
        "a licence",
        [
            "kind": "{ kind: install, level: 3, from: 2024-07-01, until: 2028-06-30 }", "level": "level: 3", "from": "from: 2024-07-01",
            "until": "until: 2028-06-30",
        ])

    static let ratings = Keys(
        "'ratings'",
        [
            "weights": "weights: { quality: 30, safety: 25, schedule: 20, service: 15, documents: 10 }",
            "supplier_weights": "supplier_weights: { quality: 50, schedule: 30, service: 20 }",
            "tiers": "tiers: { A: 90, B: 80, C: 60, D: 0 }",
            "share": "share: { A: 3, B: 2, C: 1, D: 0 }",
            "begin": "begin: B",
            "window": "window: 365 days",
            "margin": "margin: 2",
            "at_least": "at_least: 3",
        ])

    static let testContractor = Keys(
        "a test's contractor",
        [
            "name": "name: 江州送变电工程有限公司",
            "works": "works: [line_10kv]",
            "licences": "licences:\n  - { kind: install, level: 3, until: 2030-12-31 }",
            "tier": "tier: A",
        ])

    /// For editors: what stands behind the keys of contractors and ratings.
    var contractorMeanings: [String: Meaning] {
        switch what {
        case Keys.works.what:
            [
                "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."),
                "licence": .init(.choice(LicenceKind.allCases.map(\.rawValue)), "The licence that it asks for: install 承装, repair 承修, test 承试; without, none."),
                "level": .init(.wholeNumber(1...3), "The lowest level that will do; 1 is the highest."),
            ]
        case Keys.contractor.what:
            [
                "name": .init(.text, "The name that people read."), "en": .init(.text, "The same in English."),
                "works": .init(.list(.code(dots: false)), "The kinds of works that it does."),
                "licences": .init(.list(.block(Keys.licence)), "What it may do by law, and how long."),
                "channel": .init(.reference(.other), "How it is told of its tasks."),
            ]
        case Keys.testContractor.what:
            [
                "name": .init(.text, "The name that people read."), "works": .init(.list(.code(dots: false)), "The kinds of works that it does."),
                "licences": .init(.list(.block(Keys.licence)), "What it may do by law, and how long; without, whatever its works ask for."),
                "tier": .init(.code(dots: false), "The tier that it is in; without, a newcomer's."),
            ]
        case Keys.supplier.what:
            [
                "name": .init(.text, "The name that people read."), "en": .init(.text, "The same in English."),
                "supplies": .init(.list(.code(dots: false)), "The kinds of equipment that it supplies."),
                "channel": .init(.reference(.other), "How it is told."),
            ]
        case Keys.licence.what:
            [
                "kind": .init(.choice(LicenceKind.allCases.map(\.rawValue)), "install 承装, repair 承修, test 承试."),
                "level": .init(.wholeNumber(1...3), "1 is the highest."), "from": .init(.text, "Its first day: 2024-07-01."),
                "until": .init(.text, "Its last day: 2028-06-30."),
            ]
        case Keys.ratings.what:
            [
                "weights": .init(.named(.wholeNumber(0...1_000), dots: false), "What each score counts; a score that a job does not have is left out of its mean."),
                "supplier_weights": .init(.named(.wholeNumber(0...1_000), dots: false), "The same for suppliers, where it differs."),
                "tiers": .init(.named(.wholeNumber(0...100), dots: false), "From which rating on each tier is given, the best one first; the last begins at 0."),
                "share": .init(.named(.wholeNumber(0...Ratings.shareMax), dots: true), "How much of the work each contractor of a tier gets, against the others; 0: none."),
                "begin": .init(.code(dots: false), "The tier of a newcomer."),
                "window": .init(.duration, "How far the jobs that count lie back."),
                "margin": .init(.wholeNumber(0...20), "So many points beyond a cut-off before the tier changes, so that it does not go to and fro."),
                "at_least": .init(.wholeNumber(1...100), "So many jobs before the rating says anything."),
            ]
        default: [:]
        }
    }
}

import Domain

// The keys of watched equipment, with what stands behind them: for the readers and for editors.

extension Keys {
    static let quantity = Keys(
        "a quantity",
        ["zh": "zh: 负载率", "en": "en: Load", "unit": "unit: '1'", "lowest": "lowest: 0", "highest": "highest: 5"])

    static let watch = Keys(
        "a watch rule",
        [
            "name": "name: heavy-load",
            "when": "when: reading.quantity == \"load_ratio\" && reading.value >= 0.8",
            "for": "for: 2 h",
            "count": "count: 5",
            "window": "window: 1 h",
            "clears": "clears: reading.value < 0.75",
            "room": "room: reading.value < 0.5",
            "gap": "gap: 45 min",
            "silent": "silent: 30 min",
            "quantity": "quantity: load_ratio",
            "devices": "devices: device.kind == \"transformer\"",
            "again_after": "again_after: 24 h",
            "report": "report: { type: fault, category: heavy_load }",
        ])

    static let maintenance = Keys(
        "a maintenance rule",
        [
            "name": "name: switch-operations",
            "devices": "devices: device.kind == \"switch\"",
            "every": "every: { count: 2000, quantity: operations }",
            "again_after": "again_after: 30 days",
            "report": "report: { type: fault, category: maintenance_due }",
        ])

    static let every = Keys(
        "'every'",
        [
            "count": "every: { count: 2000, quantity: operations }",
            "hours": "every: { hours: 4000, quantity: running_hours }",
            "quantity": "quantity: operations",
            "time": "every: { time: 365 days }",
        ])

    static let template = Keys(
        "'report' of a device",
        [
            "type": "type: fault",
            "category": "category: heavy_load",
            "urgency": "urgency: important",
            "voltage": "voltage: low",
            "fields": "fields: { building_height: 30 }",
        ])

    var watchMeanings: [String: Meaning] {
        let again = "How long after people have ended its task it is reported again while it still holds."
        switch what {
        case Keys.quantity.what:
            return [
                "zh": .init(.text, "The Chinese name."), "en": .init(.text, "The English name."),
                "unit": .init(.text, "The unit that readings are in; 'flag' for true and false."),
                "lowest": .init(.number, "Less can't be: such a reading is refused."), "highest": .init(.number, "More can't be: such a reading is refused."),
            ]
        case Keys.watch.what:
            return [
                "name": .init(.code(dots: false), "The rule's name, once in its module."),
                "when": .init(.expression, "What a reading shows when something is wrong."),
                "for": .init(.duration, "It must be so at every reading for this long; without, one reading is enough."),
                "count": .init(.wholeNumber(1...1_000), "It must be so at so many readings within the window."),
                "window": .init(.duration, "How far back is counted."),
                "clears": .init(.expression, "What a reading shows when it is over; without, when 'when' no longer holds."),
                "room": .init(.expression, "Which others of its kind have room, by their last reading: the report names them."),
                "gap": .init(.duration, "Without a reading for longer than this, 'for' begins anew."),
                "silent": .init(.duration, "The device has sent nothing of the quantity for this long."),
                "quantity": .init(.reference(.value("quantity")), "Of which nothing was sent."),
                "devices": .init(.expression, "Which devices it is about; without, all."),
                "again_after": .init(.duration, again),
                "report": .init(.block(Keys.template), "The report that the device makes; its place is the device's."),
            ]
        case Keys.maintenance.what:
            return [
                "name": .init(.code(dots: false), "The rule's name, once in its module."),
                "devices": .init(.expression, "Which devices it is about; without, all."),
                "every": .init(.block(Keys.every), "After what it is due."),
                "again_after": .init(.duration, again),
                "report": .init(.block(Keys.template), "The report that opens its task; its place is the device's."),
            ]
        case Keys.every.what:
            return [
                "count": .init(.wholeNumber(1...1_000_000_000), "So much of the counter has been added."),
                "hours": .init(.wholeNumber(1...1_000_000), "So many hours have been added; the quantity is in h."),
                "quantity": .init(.reference(.value("quantity")), "The counter, which only rises."),
                "time": .init(.duration, "So long after it was last maintained, or installed."),
            ]
        case Keys.template.what:
            return [
                "type": .init(.reference(.value("type")), "The kind of report."),
                "category": .init(.reference(.value("category")), "What it is about."),
                "urgency": .init(.reference(.valueIfDeclared("urgency")), "How urgent it is."),
                "voltage": .init(.reference(.valueIfDeclared("voltage")), "The voltage level."),
                "fields": .init(.named(.text, dots: true), "Fields of the site's own."),
            ]
        default: return [:]
        }
    }
}

extension Wording {
    static let deviceHeader = "device,kind,transformer,feeder,district,installed,last_maintained"
    static let deviceRow = "SW-12,switch,T-991,,,2019-05-20,2025-03-01"

    static let forAndCount = Wording(
        .watchTrigger, "a watch rule has 'for' (it holds all the time) or 'count' (so often within a window), not both", example: "count: 5\nwindow: 1 h")
    static let whenAndSilent = Wording(
        .misplacedKey, "a watch rule has 'when' (what a reading shows) or 'silent' (no reading comes), not both; make two rules of it",
        example: "- name: silent-device\n  silent: 30 min\n  quantity: load_ratio")
    static let neitherWhenNorSilent = Wording(
        .missingKey, "a watch rule needs 'when' or 'silent'", example: "when: reading.quantity == \"load_ratio\" && reading.value >= 0.8")
    static func goesWith(_ key: String, _ other: String, example: String) -> Wording {
        Wording(.missingKey, "'\(key)' goes with '\(other)', and there is none", example: example)
    }
    static let everyTwo = Wording(
        .misplacedKey, "'every' has one of 'count', 'hours' and 'time'; make a rule of each, or delete one", example: "every: { count: 2000, quantity: operations }")
    static let everyNothing = Wording(
        .missingKey, "'every' needs 'count', 'hours' or 'time'", example: "every: { count: 2000, quantity: operations }")
    static func idleKey(_ key: String, with other: String) -> Wording {
        Wording(.misplacedKey, "'\(key)' does nothing beside '\(other)'; delete it")
    }
    static func notACounter(_ name: String) -> Wording { Wording(.wrongType, "'\(name)' is a flag and counts nothing; name a quantity that is a number") }
    static func notInHours(_ name: String, unit: String) -> Wording {
        Wording(.wrongType, "'\(name)' is in '\(unit)', and 'hours' wants a quantity in h; use 'count' for it", example: "every: { count: 2000, quantity: \(name) }")
    }
    static func lowestAboveHighest(_ lowest: String, _ highest: String) -> Wording {
        Wording(.outOfRange, "'lowest' (\(lowest)) lies above 'highest' (\(highest)): no reading could be right", example: "lowest: 0\nhighest: 5")
    }
    static let boundsOfFlag = Wording(.misplacedKey, "a flag is true or false and has no 'lowest' or 'highest'; delete them")
    static func quantitiesNeedUnits(found: String) -> Wording {
        wrongType("quantity", wants: "names, each with its unit", found: found, example: Keys.values.examples["quantity"])
    }
    static func badDevice(_ message: String) -> Wording { badRow(message, example: deviceRow) }
    static func notDue(_ count: Int, example: String) -> Wording {
        Wording(
            .notDue,
            "\(count == 1 ? "one device that this rule is about has" : "\(count) devices that this rule is about have") neither 'installed' nor 'last_maintained' in the register, for example '\(example)': nothing is due there by date",
            example: deviceHeader + "\n" + deviceRow)
    }
}

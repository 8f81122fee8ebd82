/// Every kind of mistake and finding that the rules themselves tell; those of the condition language come on top with codes of their own.
package enum DiagnosticCode: String, Sendable, CaseIterable {
    // The file
    case noSite = "no-site"
    case fileTooLarge = "file-too-large"
    case emptyFile = "empty-file"
    case invalidUTF8 = "invalid-utf8"
    case controlCharacter = "control-character"
    case tab
    case notRead = "not-read"
    // YAML
    case yamlSyntax = "yaml-syntax"
    case nesting
    case secondDocument = "second-document"
    case directive
    case alias
    case anchor
    case tag
    case badKey = "bad-key"
    case duplicateKey = "duplicate-key"
    // YAML's traps
    case expressionInFlow = "expression-in-flow"
    case flowStyle = "flow-style"
    case commaCut = "comma-cut"
    case hashCut = "hash-cut"
    case expressionStart = "expression-start"
    case colonInExpression = "colon-in-expression"
    // Keys and values
    case unknownKey = "unknown-key"
    case laterSection = "later-section"
    case misplacedKey = "misplaced-key"
    case missingKey = "missing-key"
    case emptyValue = "empty-value"
    case wrongType = "wrong-type"
    case wrongUnit = "wrong-unit"
    case outOfRange = "out-of-range"
    case badName = "bad-name"
    case duplicateName = "duplicate-name"
    case fallbackDepartment = "fallback-department"
    case letOrder = "let-order"
    case notEnumerated = "not-enumerated"
    // Names of other things
    case unknownValue = "unknown-value"
    case unknownField = "unknown-field"
    case unknownDepartment = "unknown-department"
    case unknownSkill = "unknown-skill"
    case unknownShift = "unknown-shift"
    case unknownDistrict = "unknown-district"
    case unknownEscalation = "unknown-escalation"
    case unknownTable = "unknown-table"
    case unknownChannel = "unknown-channel"
    case unknownRole = "unknown-role"
    case unknownZone = "unknown-zone"
    // The network register
    case noSuchFile = "no-such-file"
    case badHeader = "bad-header"
    case badRow = "bad-row"
    // Processes
    case stageCycle = "stage-cycle"
    case notBack = "not-back"
    case limitOnNothing = "limit-on-nothing"
    case unknownStage = "unknown-stage"
    // Answers in place of tasks
    case unknownAnswer = "unknown-answer"
    // Watched equipment
    case watchTrigger = "watch-trigger"
    case unknownTransformer = "unknown-transformer"
    case unknownFeeder = "unknown-feeder"
    case notDue = "not-due"
    case lendsNobody = "lends-nobody"
    // Contractors
    case unknownWorks = "unknown-works"
    case unknownTier = "unknown-tier"
    case badLicence = "bad-licence"
    case badWeights = "bad-weights"
    case tierOrder = "tier-order"
    case noShare = "no-share"
    // The calendar
    case badDate = "bad-date"
    case secondCalendar = "second-calendar"
    case badEvent = "bad-event"
    case idleDate = "idle-date"
    case noCalendar = "no-calendar"
    // Findings about the set
    case tableGap = "table-gap"
    case unused
    case skillNobodyHas = "skill-nobody-has"
    case noAbleCrew = "no-able-crew"
    case idleCrew = "idle-crew"
    case moduleOverlap = "module-overlap"
    case unreachableRule = "unreachable-rule"
    case neverTrue = "never-true"
    case alwaysTrue = "always-true"
    case fallsThrough = "falls-through"
    case idleEscalation = "idle-escalation"
    case missingLadders = "missing-ladders"
    case unknownPlaceholder = "unknown-placeholder"
    case halfText = "half-text"
    case longLimit = "long-limit"
    case nothingWaits = "nothing-waits"
    case noLicence = "no-licence"
    case nobodyQualified = "nobody-qualified"
    case missingContractors = "missing-contractors"
    case onlyFallback = "only-fallback"
    case noRules = "no-rules"
    /// The last line of a list that was cut.
    case more
}

/// What one diagnostic says. All wording of the rules stands in this file: what is wrong, and the right form.
struct Wording: Hashable {
    var code: String
    var message: String
    var suggestion: String?
    var example: String?

    init(code: String, message: String, suggestion: String? = nil, example: String? = nil) {
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.example = example
    }

    init(_ code: DiagnosticCode, _ message: String, suggestion: String? = nil, example: String? = nil) {
        self.init(code: code.rawValue, message: message, suggestion: suggestion, example: example)
    }

    /// Stands for a file's name where the mistake is in no one file.
    static let folder = "."

    private static func quoted(_ names: some Sequence<String>, max: Int = 12) -> String {
        let all = Array(names)
        let shown = all.prefix(max).map { "'\($0)'" }.joined(separator: ", ")
        return all.isEmpty ? "none" : all.count > max ? shown + " … (\(all.count) in all)" : shown
    }

    private static func short(_ text: String) -> String { text.count > 60 ? text.prefix(60) + "…" : text }

    // MARK: The file

    static let noSite = Wording(
        .noSite, "no file has the module 'site': departments, crews and declared values must be somewhere", example: "site.yaml:\n  module: site")

    static func fileTooLarge(_ size: Int, limit: Int) -> Wording {
        Wording(.fileTooLarge, "the file has \(size) bytes; at most \(limit) are read (\(limit >> 20) MiB); share its rules out over several modules")
    }

    static let emptyFile = Wording(
        .emptyFile, "the file says nothing; give it a module, or delete it", example: "module: faults\nsummary: What this module is for.")

    static func invalidUTF8(_ byte: UInt8) -> Wording {
        Wording(
            .invalidUTF8,
            "the byte 0x\(hex(UInt32(byte), 2)) is no UTF-8: the file is broken or in another encoding (GBK, UTF-16); save it as UTF-8")
    }

    static func controlCharacter(_ value: UInt32) -> Wording {
        Wording(.controlCharacter, "the control character U+\(hex(value, 4)) can't be seen and has no place in a rule file; delete it")
    }

    static func tab(leading: Bool) -> Wording {
        Wording(
            .tab, leading ? "a tab indents this line; YAML wants spaces: two for each step" : "a tab stands between the words; write a space")
    }

    static func notRead(_ name: String) -> Wording {
        let stem = name.hasSuffix(".yml") ? String(name.dropLast(4)) : name
        return Wording(.notRead, "this file is not read: only names that end in '.yaml' are", suggestion: stem + ".yaml")
    }

    private static func hex(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    // MARK: YAML

    private static func syntax(_ message: String, example: String? = nil) -> Wording { Wording(.yamlSyntax, message, example: example) }

    static let syntaxIndentedTooFar = syntax(
        "this line stands further right than the one above it allows; keys of one block begin in the same column",
        example: "- name: everything-else\n  task: repair")
    static let syntaxColonInText = syntax(
        "': ' inside a text makes YAML see a second key; put the text in single quotes", example: "summary: 'Faults: where they go'")
    static let syntaxNoColon = syntax("this line is no 'key: value' pair and continues nothing", example: "task: repair")
    static func syntaxIndentation(_ from: Int?) -> Wording {
        let block = from.map { " (that block begins in line \($0))" } ?? ""
        return syntax("this line fits no block above it\(block): its indentation or something before it is wrong", example: "- name: everything-else\n  task: repair")
    }
    static func syntaxListItem(_ from: Int?) -> Wording {
        let list = from.map { " that begins in line \($0)" } ?? ""
        return syntax("this line breaks the list\(list): each item of a list begins with '- ' in the same column", example: "- name: first\n- name: second")
    }
    static func syntaxNotClosed(_ bracket: String, line: Int?) -> Wording {
        let begin = line.map { " in line \($0)" } ?? ""
        return syntax(
            "the '\(bracket)' that begins\(begin) is not closed, or a comma is missing",
            example: bracket == "[" ? "skills: [survey, inspection]" : "rows: { urban: 45 min, rural: 90 min }")
    }
    static let syntaxQuoteNotClosed = syntax("the text that begins with this quote has no end; add the closing quote")
    static let syntaxEscape = syntax(
        "in double quotes a '\\' begins an escape, and this is none; use single quotes, where '\\' is an ordinary character", example: "'C:\\new'")
    static func syntaxStart(_ text: String) -> Wording {
        syntax("'\(text)' can't begin a value; put the text in single quotes", example: "'\(text)…'")
    }
    static let syntaxBlockHeader = syntax(
        "after '|' or '>' the text begins on the next line, indented", example: "when: >-\n  report.category == \"fire\"")
    static let syntaxNoContent = syntax("a value is missing here, or a comma or bracket is too many", example: "skills: [survey, inspection]")
    static func syntaxOther(_ problem: String) -> Wording { syntax("this can't be read as YAML (\(problem))") }

    static func nesting(_ max: Int) -> Wording { Wording(.nesting, "blocks are nested deeper than \(max) levels; no rule needs that") }
    static let secondDocument = Wording(.secondDocument, "'---' begins a second document; a file holds one module: move what follows to a file of its own")
    static let directive = Wording(.directive, "lines that begin with '%' tell the YAML reader how to read; they are not allowed: delete the line")
    static func alias(_ text: String) -> Wording {
        Wording(.alias, "'\(short(text))' is an alias; aliases are not allowed: write the value out, or put a text that begins with '*' in single quotes")
    }
    static func anchor(_ text: String) -> Wording {
        Wording(.anchor, "'\(short(text))' is an anchor; anchors are not allowed: delete it, or put a text that begins with '&' in single quotes")
    }
    static func tag(_ text: String) -> Wording {
        Wording(.tag, "'\(short(text))' is a tag; tags are not allowed: delete it, or put a text that begins with '!' in single quotes")
    }
    static func badKey(_ found: String) -> Wording { Wording(.badKey, "a key must be a plain name; found \(found)", example: "task: repair") }
    static func duplicateKey(_ name: String, line: Int) -> Wording {
        Wording(.duplicateKey, "'\(short(name))' stands twice in this block, first in line \(line); keep one of them")
    }

    // MARK: YAML's traps

    private static func block(_ key: String, _ text: String) -> String { "\(key): >-\n  \(text)" }

    static func expressionInFlow(key: String) -> Wording {
        Wording(
            .expressionInFlow, "a condition can't stand inside { }: YAML cuts it at the next comma or bracket; write the block in several lines",
            example: "- name: …\n  \(key): report.category == \"fire\"")
    }
    static func flowStyle(_ what: String, example: String) -> Wording {
        Wording(.flowStyle, "\(what) can't stand inside { }: write each of its keys on a line of its own", example: example)
    }
    static func commaCut(_ text: String) -> Wording {
        Wording(.commaCut, "'\(short(text))' stands alone: inside { } a comma ends the text before it; put that text in single quotes", example: "{ zh: '断线, 倒杆', en: Line down }")
    }
    static func hashCut(key: String, text: String) -> Wording {
        Wording(.hashCut, "' #' begins a comment, so the condition ends here; write it as a block, where '#' is an ordinary character", example: block(key, text))
    }
    static func expressionStart(_ first: UInt8, key: String, text: String) -> Wording {
        let character = String(UnicodeScalar(first))
        let meaning =
            switch character {
            case "!": "a tag"
            case "\"", "'": "a quoted text that ends at the next quote"
            case "[": "a list"
            case "{": "a block of keys"
            case "*": "an alias"
            case "&": "an anchor"
            case "%": "a directive"
            case "|", ">": "a block of text on the next lines"
            case "#": "a comment"
            case "-", "?": "an item or a key"
            default: "something reserved"
            }
        return Wording(
            .expressionStart, "YAML takes '\(character)' at the beginning of a value for \(meaning); write the condition as a block", example: block(key, text))
    }
    static func colonInExpression(key: String, text: String) -> Wording {
        Wording(.colonInExpression, "': ' inside a condition makes YAML see a second key; write the condition as a block", example: block(key, text))
    }

    // MARK: Keys and values

    static func unknownKey(_ name: String, in keys: Keys, suggestion: String?) -> Wording {
        let known = suggestion == nil ? "; it can have " + quoted(keys.names, max: 20) : ""
        return Wording(.unknownKey, "\(keys.what) has no key '\(short(name))'\(known)", suggestion: suggestion)
    }
    static func unknownName(_ name: String, in what: String, known: [String], suggestion: String?) -> Wording {
        Wording(.unknownKey, "\(what) can't have '\(short(name))'; it can have \(quoted(known, max: 20))", suggestion: suggestion)
    }
    static func laterSection(_ name: String) -> Wording {
        Wording(.laterSection, "'\(name)' belongs to the rule language, but this version of paidan does not have it yet; delete it, or put '#' before its lines")
    }
    static func misplacedSiteKey(_ name: String) -> Wording {
        Wording(.misplacedKey, "'\(name)' belongs into the module 'site'; move it to site.yaml")
    }
    static func misplacedModuleKey(_ name: String) -> Wording {
        Wording(.misplacedKey, "the module 'site' has no rules; move '\(name)' to a module of its own")
    }
    static let siteDisabled = Wording(.outOfRange, "the module 'site' can't be disabled; nothing works without it", example: "enabled: true")
    static func missingKey(_ name: String, in what: String, example: String?) -> Wording {
        Wording(.missingKey, "\(what) needs '\(name)'", example: example)
    }
    static func missingValue(_ name: String, example: String?) -> Wording {
        Wording(.missingKey, "'values' needs '\(name)': every report has one", example: example)
    }
    static func emptyValue(_ name: String, example: String?) -> Wording {
        Wording(.emptyValue, "'\(short(name))' has no value; give it one, or delete the line", example: example)
    }
    static func wrongType(_ name: String, wants: String, found: String, example: String?) -> Wording {
        Wording(.wrongType, "'\(short(name))' wants \(wants); found \(found)", example: example)
    }
    /// `what` is one of `Keys.what`, or a name in quotes.
    static func notABlock(_ what: String, found: String, example: String?) -> Wording {
        Wording(.wrongType, "\(what) wants a block of keys; found \(found)", example: example)
    }
    static func wrongText(_ name: String, wants: String, found: String, suggestion: String? = nil, example: String? = nil) -> Wording {
        Wording(.wrongType, "'\(short(name))' wants \(wants); found '\(short(found))'", suggestion: suggestion, example: example)
    }
    static func wrongUnit(_ text: String, wants: String, suggestion: String?, example: String) -> Wording {
        Wording(.wrongUnit, "'\(short(text))' is no \(wants)", suggestion: suggestion, example: suggestion == nil ? example : nil)
    }
    /// Where a time runs by the clock on the wall.
    static func workingDays(_ text: String) -> Wording {
        Wording(.wrongUnit, "'\(short(text))' counts working days; only limits do, this time runs day and night", example: "2 days")
    }
    static func outOfRange(_ name: String, _ text: String, from: String, to: String) -> Wording {
        Wording(.outOfRange, "'\(short(name))' must be from \(from) to \(to); found \(short(text))")
    }
    static func badName(_ text: String, what: String, rule: String, example: String) -> Wording {
        Wording(.badName, "'\(short(text))' can't be \(what): \(rule)", example: example)
    }
    static func duplicateName(_ what: String, _ name: String, place: String) -> Wording {
        Wording(.duplicateName, "\(what) '\(short(name))' is there already, in \(place); give one of them another name")
    }
    static func secondDefaultChannel(place: String) -> Wording {
        Wording(.duplicateName, "'default_channel' is there already, in \(place); delete one of them")
    }
    static func crewNamedAsDepartment(_ name: String) -> Wording {
        Wording(.duplicateName, "'\(short(name))' is a crew and a department; a task could not be assigned to it by name: rename one of them")
    }
    static let noFallback = Wording(
        .fallbackDepartment, "no department has 'fallback: true': one must take what no rule takes", example: "operations: { name: 生产, fallback: true }")
    static func secondFallback(_ first: String) -> Wording {
        Wording(.fallbackDepartment, "'\(first)' is the fallback department already; exactly one has 'fallback: true'")
    }
    static func letOrder(_ name: String, line: Int) -> Wording {
        Wording(.letOrder, "'\(name)' is named in line \(line), below; a name stands above what uses it: move it up")
    }
    static func letCycle(_ name: String) -> Wording { Wording(.letOrder, "'\(name)' uses itself") }
    static func letReserved(_ name: String) -> Wording {
        Wording(.badName, "'\(name)' means something in conditions already; choose another name", example: "hazard: report.category == \"fire\"")
    }
    static func notEnumerated(_ path: String, known: [String]) -> Wording {
        Wording(.notEnumerated, "a table goes by a field with declared values, which '\(path)' has not; it can go by \(quoted(known))", example: "by: report.site")
    }
    static let rungOrder = Wording(
        .outOfRange, "the rungs of a ladder rise: this one stands below or beside the one before it", example: "- { at: 50%, tell: assignee }\n- { at: 100%, tell: duty_manager }")
    static let assignNothing = Wording(.missingKey, "'assign' needs 'nearest: crew' or 'department'", example: "assign:\n  nearest: crew\n  otherwise: { department: operations }")
    static let assignBoth = Wording(
        .wrongType, "'assign' has 'nearest' and 'department'; a crew goes out, or a desk does it", example: "assign:\n  nearest: crew\n  otherwise: { department: operations }")
    static func onlyWithNearest(_ key: String) -> Wording {
        Wording(.wrongType, "'\(key)' goes with 'nearest: crew'; a department's desk has none", example: "assign: { department: operations }")
    }
    static let pairOfCoordinates = Wording(.missingKey, "'lat' and 'lon' go together; one is missing", example: "{ lat: 28.012, lon: 120.655 }")

    // MARK: Names of other things

    static func unknown(_ code: DiagnosticCode, _ what: String, _ name: String, known: [String], suggestion: String?) -> Wording {
        Wording(code, "there is no \(what) '\(short(name))'" + (suggestion == nil ? "; there are " + quoted(known) : ""), suggestion: suggestion)
    }
    static func undeclared(_ name: String, in enumeration: String, known: [String], suggestion: String?) -> Wording {
        Wording(
            .unknownValue,
            "'\(short(name))' is no declared \(enumeration)"
                + (known.isEmpty ? ": site.yaml declares none yet" : suggestion == nil ? "; there are " + quoted(known) : ""),
            suggestion: suggestion, example: known.isEmpty ? "values:\n  \(enumeration): [\(short(name))]" : nil)
    }
    static func unknownField(_ path: String, suggestion: String?) -> Wording {
        Wording(.unknownField, "there is no field '\(short(path))'", suggestion: suggestion, example: suggestion == nil ? "by: report.site" : nil)
    }
    static func unknownZone(_ name: String) -> Wording {
        Wording(.unknownZone, "this system knows no time zone '\(short(name))'; names look like 'Asia/Shanghai'", example: "time_zone: Asia/Shanghai")
    }
    static func unknownRecipient(_ name: String, roles: [String], suggestion: String?) -> Wording {
        Wording(
            .unknownRole,
            "nobody is called '\(short(name))' here" + (suggestion == nil ? "; 'tell' can be 'assignee', 'department.head' or a role: " + quoted(roles) : ""),
            suggestion: suggestion)
    }

    // MARK: The network register

    static func noSuchFile(_ name: String, suggestion: String?) -> Wording {
        Wording(.noSuchFile, "there is no file '\(short(name))' in the rules folder", suggestion: suggestion)
    }
    static let networkHeader = "transformer,feeder,district,lat,lon,customers"
    static let networkRow = "T-991,F-12,lucheng,28.0121,120.6554,86"
    static func badHeader(_ message: String, suggestion: String? = nil, example: String) -> Wording {
        Wording(.badHeader, message, suggestion: suggestion, example: suggestion == nil ? example : nil)
    }
    static func badRow(_ message: String, example: String = networkRow) -> Wording { Wording(.badRow, message, example: example) }

    // MARK: Findings about the set

    static func tableGap(_ table: String, values: [String]) -> Wording {
        Wording(
            .tableGap, "the table '\(table)' has no row for \(quoted(values)) and no 'otherwise': a report with such a value gets no limit from it",
            example: "otherwise: 2 h")
    }
    static func unused(_ what: String, _ name: String) -> Wording { Wording(.unused, "nothing uses the \(what) '\(name)'; delete it, or use it") }
    static func skillNobodyHas(_ name: String) -> Wording { Wording(.skillNobodyHas, "no crew has the skill '\(name)', and no rule asks for it") }
    static func noAbleCrew(_ skills: [String]) -> Wording {
        Wording(.noAbleCrew, "no crew has \(skills.count == 1 ? "the skill" : "together the skills") \(quoted(skills)): tasks of this rule wait in the department's queue")
    }
    static func idleCrew(_ name: String) -> Wording {
        Wording(.idleCrew, "no rule sends the crew '\(name)' out: none asks only for skills that it has")
    }
    /// Who has the reports that a rule or a module would have.
    enum Cover {
        case everything(String, line: Int, file: String = "")
        case same(String, line: Int, file: String = "")
        case rule(String, line: Int)
        case module(String, file: String)

        var name: String {
            switch self {
            case .everything(let name, let line, let file), .same(let name, let line, let file):
                file.isEmpty ? "'\(name)' (line \(line))" : "'\(name)' (\(file))"
            case .rule(let name, let line): "'\(name)' (line \(line))"
            case .module(let name, let file): "the module '\(name)' (\(file))"
            }
        }
    }

    private static func listed(_ covers: [Cover]) -> String {
        let shown = covers.prefix(3).map(\.name)
        if covers.count > 3 { return shown.joined(separator: ", ") + " and \(covers.count - 3) more" }
        return shown.dropLast().joined(separator: ", ") + " and " + (shown.last ?? "")
    }

    static func moduleOverlap(_ covers: [Cover], example: String) -> Wording {
        switch covers.first {
        case .everything(let name, _, let file) where covers.count == 1:
            Wording(.moduleOverlap, "the module '\(name)' (\(file)) takes every report, for example \(example), and its file name comes first: this module gets none")
        case .same(let name, _, let file) where covers.count == 1:
            Wording(.moduleOverlap, "the module '\(name)' (\(file)) takes the same reports, for example \(example), and its file name comes first: this module gets none")
        case .module(let name, let file) where covers.count == 1:
            Wording(
                .moduleOverlap,
                "the module '\(name)' (\(file)) takes every report that this one would take, for example \(example); its file name comes first, so this module gets none")
        default:
            Wording(
                .moduleOverlap,
                "\(listed(covers)) together take every report that this one would take, for example \(example); their file names come first, so this module gets none")
        }
    }
    static func sharedGate(_ earlier: String, file: String, example: String) -> Wording {
        Wording(
            .moduleOverlap,
            "the module '\(earlier)' (\(file)) takes some of the same reports, and has them because its file name comes first, for example \(example)")
    }
    static func unreachableRule(_ covers: [Cover], example: String) -> Wording {
        switch covers.first {
        case .same(let name, let line, _) where covers.count == 1:
            Wording(.unreachableRule, "this rule is never reached: '\(name)' in line \(line) has the same condition and stands above it, for example \(example)")
        case .everything(let name, let line, _) where covers.count == 1:
            Wording(.unreachableRule, "this rule is never reached: '\(name)' in line \(line) takes every report that comes to it, for example \(example)")
        case .rule(let name, let line) where covers.count == 1:
            Wording(
                .unreachableRule,
                "this rule is never reached: '\(name)' in line \(line) takes every report that this one would take, for example \(example)")
        default:
            Wording(
                .unreachableRule,
                "this rule is never reached: \(covers.count == 1 ? covers[0].name + " takes" : listed(covers) + " together take") every report that this one would take, for example \(example)")
        }
    }
    /// - Parameter example: with `parts` a report that meets the first alone, else one that is not met.
    static func neverTrue(_ what: String, parts: (String, String)?, example: String?) -> Wording {
        let shown =
            if let parts {
                ": '\(short(parts.0))' and '\(short(parts.1))' contradict each other" + (example.map { "; for example \($0) meets only the first" } ?? "")
            } else {
                example.map { ", for example not of \($0)" } ?? ""
            }
        return Wording(.neverTrue, "\(what) is true of no report" + shown)
    }
    static func neverTrueHere(takes: String, example: String?) -> Wording {
        Wording(
            .neverTrue,
            "the condition of this rule is true of no report that the module takes\(example.map { ", for example not of \($0)" } ?? ""): it contradicts 'takes: \(short(takes))'")
    }
    static func alwaysTrue(_ what: String, here: Bool, example: String?) -> Wording {
        let shown = example.map { ", for example of \($0)" } ?? ""
        return Wording(
            .alwaysTrue, "\(what) is true of every report\(here ? " that the module takes" : "")\(shown); leave it out, or say what is meant")
    }
    static func onlyFallback(_ fallback: String, example: String) -> Wording {
        Wording(
            .onlyFallback,
            "a report that no module is open for goes to the fallback department '\(fallback)', for example \(example); give such reports a module, or one without 'takes' that comes last",
            example: "module: rest\nroute:\n  - name: everything-else\n    task: review\n    assign: { department: \(fallback) }")
    }
    static func fallsThrough(_ fallback: String, example: String) -> Wording {
        Wording(
            .fallsThrough,
            "a report that no rule of this module takes goes to the fallback department '\(fallback)', for example \(example); end with a rule without 'when' to say otherwise",
            example: "- name: everything-else\n  task: repair")
    }
    static let idleEscalation = Wording(
        .idleEscalation, "'escalate' does nothing here: there are no limits beside it", example: "limits: { arrive: 45 min }\nescalate: repair")

    static func noRules(fallback: String) -> Wording {
        Wording(
            .noRules, "no module that is read has rules (a 'route'): every report goes to the fallback department '\(fallback)', and no crew is sent")
    }
    static func missingLadders(rules: Int) -> Wording {
        Wording(
            .missingLadders,
            "no module has 'escalations', so nobody is told when a limit of \(rules == 1 ? "this rule" : "these \(rules) rules") passes; everything else works",
            example: "escalations:\n  repair:\n    - { at: 100%, tell: duty_manager }")
    }

    static func more(_ count: Int) -> Wording { Wording(.more, "\(count) more \(count == 1 ? "is" : "are") not shown; correct these first") }
}

import CEL
package import Domain

/// The files of a rules folder, as bytes: reading them is the caller's.
package struct RuleSource: Sendable {
    package struct File: Sendable {
        /// The path relative to the rules folder: `faults.yaml`, `network.csv`.
        package var name: String
        package var bytes: [UInt8]
        /// The size of a file that is too large to be read; its `bytes` are none.
        package var unreadSize: Int?
        package var size: Int { unreadSize ?? bytes.count }
        package init(name: String, bytes: [UInt8], unreadSize: Int? = nil) {
            self.name = name
            self.bytes = bytes
            self.unreadSize = unreadSize
        }
    }

    package var files: [File]
    package init(files: [File]) { self.files = files }

    /// All diagnostics as people read them, each with its source line and a caret; an empty text when there are none.
    package func human(_ diagnostics: [Diagnostic], folder: String = "") -> String {
        var text = ""
        var sources: [String: SourceText] = [:]
        // The line of the last one: a line of a megabyte may have many mistakes.
        var last: (file: String, line: Int, characters: [Character])?
        // The right form is shown once; twenty mistakes of one kind need it no twenty times.
        var shown: Set<String> = []
        for var diagnostic in diagnostics {
            if let example = diagnostic.example, !shown.insert(example).inserted { diagnostic.example = nil }
            if sources[diagnostic.file] == nil, let file = files.first(where: { $0.name == diagnostic.file }) {
                sources[diagnostic.file] = SourceText(name: file.name, bytes: file.bytes)
            }
            let source = sources[diagnostic.file]
            let isPlace = diagnostic.code != DiagnosticCode.more.rawValue
            var line: [Character]?
            if let source, isPlace, diagnostic.line <= source.lineStarts.count {
                // No more of it than is shown, and what is made is made to last.
                let wanted = max(diagnostic.column, diagnostic.endLine > diagnostic.line ? 0 : diagnostic.endColumn) + 2 * MarkedLine.cellsMax
                if last?.file != diagnostic.file || last?.line != diagnostic.line || (last?.characters.count ?? 0) < wanted {
                    last = (diagnostic.file, diagnostic.line, Array(source.text(ofLine: diagnostic.line - 1).prefix(max(2 * wanted, 4_096))))
                }
                line = last?.characters
            }
            text += diagnostic.human(characters: line, folder: folder) + "\n"
        }
        return text
    }
}

package struct Compilation: Sendable {
    /// nil when there is any error.
    package let set: RuleSet?
    /// Sorted by file, line and column; at most 200, then a line that says how many more.
    package let diagnostics: [Diagnostic]
    /// How many more.
    package var untold = 0

    package var errorCount: Int { diagnostics.count { $0.severity == .error } }
    package var warningCount: Int { diagnostics.count { $0.severity == .warning } }
}

/// YAML text to a checked, compiled rule set, with every mistake of every file. (`RuleWorkshop` does it, and remembers for the next time.)
///
/// 1. Each `.yaml` file at the top of the folder is read into nodes with places (`YAMLReader`); files in folders below (the rule tests, which
///    `RuleTestReader` reads) and others are left alone. A module with `enabled: false` is read no further, so that a broken module can be switched off.
/// 2. The module `site` gives departments, crews and declared values (`SiteReader`), which make the schema of conditions.
/// 3. Ladders and channels of all modules.
/// 4. The rules of each module (`ModuleReader`).
/// 5. Only when there is no error: findings about the set (`SetFindings`).
///
/// A mistake is told once: what depends on something that could not be read is not checked against it.
package enum RuleCompiler {
    /// - Parameter proves: whether to look for rules that can never fire and the like, which takes as long again as the rest.
    /// - Parameter moduleBytesMax: a larger `.yaml` file is refused before anything is made of its bytes.
    package static func compile(
        _ source: RuleSource, proves: Bool = true, moduleBytesMax: Int = RuleLimits.moduleBytes, zone: (String) -> TimeZoneRules?
    ) -> Compilation {
        RuleWorkshop(moduleBytesMax: moduleBytesMax).compile(source, proves: proves, zone: zone)
    }

    /// Reads a file's YAML and the keys of its module.
    static func open(_ reader: FileReader) -> (name: String, block: Block)? {
        guard let root = YAMLReader(source: reader.source, file: reader.file, findings: reader.findings).read(), !root.isSpoilt else { return nil }
        guard case .map(let pairs, _) = root.content else {
            reader.error(reader.place(root), .notABlock("the file", found: root.kind, example: Keys.module.examples["module"]))
            return nil
        }
        func value(_ key: String) -> Node? { pairs.first { $0.key.text == key }?.value }
        // Whose file it is can't be known.
        if root.isTorn, value("module") == nil { return nil }
        let isSite = value("module")?.text == "site"
        // A module that is switched off may be broken.
        if !isSite, value("enabled")?.text == "false", let name = value("module")?.text, FileReader.isCode(name, allowsDots: false) {
            return (name, reader.off(root, pairs))
        }
        let keys = isSite ? Keys.site : Keys.module
        let block = reader.block(root, keys) { key in
            if isSite, Keys.module.names.contains(key) { return .misplacedModuleKey(key) }
            if !isSite, Keys.site.names.contains(key) { return .misplacedSiteKey(key) }
            return nil
        }
        guard let block else { return nil }
        if let node = block["summary"] { _ = reader.text(node, "summary") }
        guard let node = reader.required("module", in: block, of: "the file"),
            let name = reader.code(node, "module", what: "a module's name", example: "module: faults", allowsDots: false)
        else { return nil }
        return (name, block)
    }
}

extension FileReader {
    /// A module that is switched off, without a look at its sections.
    fileprivate func off(_ root: Node, _ pairs: [Node.Pair]) -> Block {
        let known = pairs.filter { ["module", "enabled"].contains($0.key.text) }
        var node = root
        node.content = .map(known, flow: false)
        return block(node, Keys.module) ?? Block(keys: Keys.module, anchor: place(root))
    }
}

/// `escalations`, `channels`, `default_channel`, `calendar`, `texts` and what there is to say of contractors, which any module may have.
struct SharedSections {
    let site: SiteFacts?
    var ladders: [String: Ladder] = [:]
    var channels: [String: Channel] = [:]
    var defaultChannel: String?
    /// False: a section could not be read, so that a name may be missing without anybody's fault.
    var isWhole = true
    var usedChannels: Set<String> = []
    /// nil: no module has one.
    var calendar: WorkingCalendar?
    /// What the modules say otherwise than the catalogue that comes with the program, with their places.
    var texts: [TextName: (text: Translation, place: String)] = [:]
    var customers = CustomerSections()
    /// What the modules' registers of devices have.
    var devices: [DeviceID: RegisteredDevice] = [:]
    private var deviceLines: [DeviceID: String] = [:]
    var contractors = ContractorSections()
    var outages = OutageSections()
    private var calendarUse: (reader: FileReader, range: Range<Int>)?

    var ladderMarks: [String: (file: Int, range: Range<Int>)] = [:]
    var channelMarks: [String: (file: Int, range: Range<Int>)] = [:]
    private var defaultUse: (reader: FileReader, range: Range<Int>)?

    init(site: SiteFacts?) { self.site = site }

    mutating func read(_ block: Block, _ reader: FileReader, _ sources: [SourceText]) {
        if block.has("escalations") { ladders(block["escalations"], reader) }
        if let node = block["calendar"] {
            let range = block.keyRanges["calendar"] ?? reader.place(node)
            if let first = calendarUse {
                reader.error(range, .secondCalendar(place: "\(first.reader.source.name):\(first.reader.line(of: first.range))"))
            } else {
                calendarUse = (reader, range)
                // One with mistakes is known to be there all the same.
                calendar = CalendarReader(reader: reader, sources: sources).read(node) ?? WorkingCalendar()
            }
        }
        if let node = block["devices"] { devices(node, reader, sources) }
        if let node = block["texts"] { TextReader(reader: reader).read(node, &texts) }
        contractors.read(block, reader, site)
        if block.has("channels") { channels(block["channels"], reader) }
        guard let node = block["default_channel"], let name = reader.text(node, "default_channel", example: "default_channel: crew_app") else { return }
        if let first = defaultUse {
            reader.error(
                block.keyRanges["default_channel"] ?? reader.place(node),
                .secondDefaultChannel(place: "\(first.reader.source.name):\(first.reader.line(of: first.range))"))
            return
        }
        defaultChannel = name
        usedChannels.insert(name)
        defaultUse = (reader, reader.place(node))
    }

    private mutating func devices(_ node: Node, _ reader: FileReader, _ sources: [SourceText]) {
        guard let name = reader.text(node, "devices", example: "devices: devices.csv") else { return }
        guard let file = sources.firstIndex(where: { $0.name == name }) else {
            let tables = sources.map(\.name).filter { $0.hasSuffix(".csv") }
            reader.error(reader.place(node), .noSuchFile(name, suggestion: nearestName(to: name, among: tables)))
            return
        }
        DeviceReader(source: sources[file], file: file, findings: reader.findings, site: site).read(&devices, &deviceLines)
    }

    /// Whether the channels of the site's crews are there.
    mutating func checkUses(of site: SiteFacts, isWhole whole: Bool, reader: FileReader) {
        let known = channels.keys.sorted()
        for use in contractors.channelUses { usedChannels.insert(use.name) }
        for use in site.channelUses {
            usedChannels.insert(use.name)
            if channels[use.name] == nil, whole, isWhole {
                reader.error(use.range, .unknown(.unknownChannel, "channel", use.name, known: known, suggestion: nearestName(to: use.name, among: known)))
            }
        }
    }

    func checkDefault(isWhole whole: Bool) {
        guard let defaultUse, let defaultChannel, channels[defaultChannel] == nil, whole, isWhole else { return }
        let known = channels.keys.sorted()
        defaultUse.reader.error(
            defaultUse.range,
            .unknown(.unknownChannel, "channel", defaultChannel, known: known, suggestion: nearestName(to: defaultChannel, among: known)))
    }

    private mutating func ladders(_ node: Node?, _ reader: FileReader) {
        let example = "repair:\n  - { at: 50%, tell: assignee }\n  - { at: 100%, tell: duty_manager }"
        guard let node, let entries = reader.named(node, section: "escalations", what: "a ladder", example: example, allowsDots: false) else {
            isWhole = false
            return
        }
        for entry in entries {
            if let first = ladderMarks[entry.name] {
                reader.error(
                    entry.key, .duplicateName("the ladder", entry.name, place: place(first.file, first.range, reader)))
                continue
            }
            ladderMarks[entry.name] = (reader.file, entry.key)
            ladders[entry.name] = Ladder(name: entry.name, rungs: [])
            guard let items = reader.list(entry.value, entry.name, of: "rungs", example: example) else { continue }
            if entry.value.isEmptyList { reader.error(entry.key, .emptyValue(entry.name, example: example)) }
            var rungs: [Rung] = []
            for item in items {
                guard let block = reader.block(item, Keys.rung, example: Keys.rung.examples["at"]) else { continue }
                let percent = reader.required("at", in: block).flatMap { reader.percent($0, "at") }
                let tell = reader.required("tell", in: block).flatMap { recipient($0, reader) }
                guard let percent, let tell else { continue }
                // Several may be told at one height; none lower than the one before.
                if let last = rungs.last, percent < last.percent || percent == last.percent && rungs.contains(Rung(percent: percent, tell: tell)) {
                    reader.error(reader.place(item), .rungOrder)
                    continue
                }
                rungs.append(Rung(percent: percent, tell: tell))
            }
            ladders[entry.name] = Ladder(name: entry.name, rungs: rungs)
        }
    }

    private func place(_ file: Int, _ range: Range<Int>, _ reader: FileReader) -> String {
        file == reader.file ? "line \(reader.line(of: range))" : "another module"
    }

    private func recipient(_ node: Node, _ reader: FileReader) -> Recipient? {
        guard let text = reader.text(node, "tell", example: "tell: duty_manager") else { return nil }
        switch text {
        case "assignee": return .assignee
        case "department.head": return .departmentHead
        default:
            guard let roles = site?.roleNames else { return .role(RoleID(text)) }
            guard roles.contains(text) else {
                reader.error(
                    reader.place(node),
                    .unknownRecipient(text, roles: roles, suggestion: nearestName(to: text, among: ["assignee", "department.head"] + roles)))
                return nil
            }
            return .role(RoleID(text))
        }
    }

    private mutating func channels(_ node: Node?, _ reader: FileReader) {
        let example = "crew_app:\n  command: [/usr/local/bin/tell-crew]"
        guard let node, let entries = reader.named(node, section: "channels", what: "a channel", example: example) else {
            isWhole = false
            return
        }
        for entry in entries {
            if let first = channelMarks[entry.name] {
                reader.error(entry.key, .duplicateName("the channel", entry.name, place: place(first.file, first.range, reader)))
                continue
            }
            channelMarks[entry.name] = (reader.file, entry.key)
            channels[entry.name] = Channel(name: entry.name, command: [])
            guard let block = reader.block(entry.value, Keys.channel, named: entry.name, example: example, at: entry.key),
                let node = reader.required("command", in: block),
                let items = reader.list(node, "command", of: "a program and its arguments", example: Keys.channel.examples["command"])
            else { continue }
            let words = items.compactMap { reader.text($0, "command") }
            if node.isEmptyList { reader.error(reader.place(node), .emptyValue("command", example: Keys.channel.examples["command"])) }
            if let program = words.first, let item = items.first, !program.hasPrefix("/") {
                reader.error(
                    reader.place(item),
                    .wrongText("command", wants: "the absolute path of a program first", found: program, example: Keys.channel.examples["command"]))
            }
            channels[entry.name] = Channel(name: entry.name, command: words)
        }
    }
}

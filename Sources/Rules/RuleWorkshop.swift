package import Domain

/// Compiles a rules folder again and again, and remembers what it read: a file that did not change is not read again.
///
/// What comes out is exactly what a workshop without a memory makes of the same files: the same set, hash and diagnostics. That holds because
/// only what had no mistake is remembered, each with all that it depends on:
///
/// | Remembered | as long as the same are |
/// |---|---|
/// | a file's keys, digest and lines | its bytes |
/// | the site | its file, the register's file, and the time zone's rules |
/// | a module's rules | its file, the words of the site (`SiteWords`), and the ladders it names are known |
/// | a module's index | its rules, and the ranks of the prefixes that it asks for |
///
/// Whatever looks at several files at once is done every time: names that stand twice, ladders and channels, gates, the odd things about the set.
///
/// The formulas of all modules share one pool, whose numbers never change; what edits left behind stays in it. Once it has grown to twice what
/// the set needs, everything is read anew. A site with other words, and a compilation that proves, also begin with a fresh pool. When the new
/// words come with a mistake anywhere, they are forgotten again: the memory is of the last set that was good.
///
/// Confined to whoever drives it. What it hands out is immutable.
package final class RuleWorkshop {
    private let moduleBytesMax: Int
    private var files: [String: KnownFile] = [:]
    private var site: KnownSite?
    private var bench: Bench?

    /// - Parameter moduleBytesMax: a larger `.yaml` file is refused before anything is made of its bytes.
    package init(moduleBytesMax: Int = RuleLimits.moduleBytes) { self.moduleBytesMax = moduleBytesMax }

    // MARK: What is remembered

    /// A file, whatever the others are.
    private final class KnownFile {
        let bytes: [UInt8]
        let text: SourceText
        /// What was read of it without any mistake, without its rules.
        var opened: (name: String, block: Block)?
        /// In hexadecimal digits.
        private(set) lazy var digest = ContentDigest(sha256: bytes).hex

        init(_ file: RuleSource.File, text: SourceText) {
            bytes = file.bytes
            self.text = text
        }
    }

    private struct KnownSite {
        let file: KnownFile
        let register: KnownFile?
        let facts: SiteFacts
    }

    /// A module that was read without any mistake.
    private struct KnownModule {
        let file: KnownFile
        /// Of the whole set, when it was read.
        let ladders: [String]?
        let usedLadders: Set<String>
        /// nil: it has no rules.
        let rules: (read: ReadModule, compiled: CompiledModule)?
        let watch: ReadWatch
        var index: ConditionIndex?

        /// Whether reading it now would give the same. Where the ladders can't be known, nothing is checked against them.
        func holds(_ file: KnownFile, ladders now: [String]?) -> Bool {
            guard self.file === file else { return false }
            guard let now, now != ladders else { return true }
            guard let ladders, !ladders.isEmpty, !now.isEmpty else { return false }
            return usedLadders.isSubset(of: now)
        }
    }

    /// The modules that were read with one pool, under one site.
    private final class Bench {
        let words: SiteWords?
        let pool = FormulaPool()
        /// By their files' names.
        var modules: [String: KnownModule] = [:]
        /// Of the last set, whose indexes are those of `modules`.
        var matcher: Matcher?
        /// What the pool held when everything had just been read.
        var weight = 0

        init(_ words: SiteWords?) { self.words = words }

        /// Most of the pool may be of no use any more.
        var isOvergrown: Bool { pool.weight > 2 * weight + Self.weightMin }
        private static let weightMin = 2_000
    }

    /// How much the memory of conditions holds, in parts: for tests that it does not grow.
    var weight: Int { bench?.pool.weight ?? 0 }

    /// How many files were read in the last compilation: for tests that the others were not.
    private(set) var filesRead = 0
    private(set) var modulesRead = 0
    private(set) var indexesKept = 0

    // MARK: Compiling

    private struct Opened {
        let reader: FileReader
        let file: KnownFile
        let name: String
        let block: Block
        /// Its rules are not in the block.
        let isLight: Bool
    }

    /// - Parameter proves: whether to look for rules that can never fire and the like, which takes as long again as the rest.
    package func compile(_ source: RuleSource, proves: Bool, zone: (String) -> TimeZoneRules?) -> Compilation {
        compile(source, proves: proves, zone: zone) { _ in }
    }

    /// - Parameter observe: gets the proofs as they were made, for tests.
    func compile(_ source: RuleSource, proves: Bool, zone: (String) -> TimeZoneRules?, observe: (Proofs) -> Void) -> Compilation {
        (filesRead, modulesRead, indexesKept) = (0, 0, 0)
        let findings = Findings()
        let files = source.files.sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
        let known = remember(files)
        let sources = known.map(\.text)

        // 1. Files to modules.
        var opened: [Opened] = []
        var isWhole = true
        for (number, file) in known.enumerated() where !file.text.name.contains("/") {
            guard file.text.name.hasSuffix(".yaml") else {
                if file.text.name.hasSuffix(".yml") { findings.warning(number, 0..<0, .notRead(file.text.name)) }
                continue
            }
            guard file.text.size <= moduleBytesMax else {
                findings.error(number, 0..<0, .fileTooLarge(file.text.size, limit: moduleBytesMax))
                isWhole = false
                continue
            }
            if let module = open(file, FileReader(file: number, source: file.text, findings: findings)) {
                opened.append(module)
            } else {
                isWhole = false
            }
        }
        var firstFiles: [String: String] = [:]
        for module in opened {
            if let first = firstFiles[module.name] {
                module.reader.error(
                    module.block["module"].map { module.reader.place($0) } ?? module.block.anchor, .duplicateName("the module", module.name, place: first))
            } else {
                firstFiles[module.name] = module.reader.source.name
            }
        }

        // 2. The site.
        var facts: SiteFacts?
        if let module = opened.first(where: { $0.name == "site" }) {
            facts = readSite(module, known, sources, zone: zone)
        } else if isWhole {
            findings.error(-1, 0..<0, .noSite)
        }
        let enabled = opened.filter { module in
            guard module.name != "site", let node = module.block["enabled"] else { return true }
            return module.reader.flag(node, "enabled") ?? true
        }

        // 3. Ladders and channels.
        var shared = SharedSections(site: facts)
        for module in enabled { shared.read(module.block, module.reader, sources) }
        let ladderNames = isWhole && shared.isWhole ? shared.ladders.keys.sorted() : nil
        for module in enabled { shared.outages.read(module.block, module: module.name, module.reader, facts) }
        for module in enabled { shared.customers.read(module.block, module: module.name, module.reader, facts, ladders: ladderNames) }
        shared.customers.check(isWhole: isWhole)
        if let facts { shared.checkUses(of: facts, isWhole: isWhole, reader: FileReader(file: facts.file, source: sources[facts.file], findings: findings)) }
        shared.checkDefault(isWhole: isWhole)
        shared.contractors.check(channels: shared.channels, isWhole: isWhole && shared.isWhole)

        // 4. Rules.
        let words = facts?.words
        let bench = self.bench.flatMap { proves || $0.words != words || $0.isOvergrown ? nil : $0 } ?? Bench(words)
        let set = SetFacts(
            site: words, ladders: isWhole && shared.isWhole ? shared.ladders.keys.sorted() : nil, schema: ReportSchema.schema(words), pool: bench.pool)
        var modules: [(read: ReadModule, compiled: CompiledModule)] = []
        var indexes: [ConditionIndex?] = []
        var watch: [(file: Int, read: ReadWatch)] = []
        for module in enabled where module.name != "site" {
            let (read, watched) = readModule(module, set, bench)
            if !watched.isEmpty { watch.append((module.reader.file, watched)) }
            guard let (rules, index) = read else { continue }
            modules.append(rules)
            indexes.append(index)
            // What is declared elsewhere is looked up every time: the module may be one that was read before.
            shared.contractors.check(rules.read.worksUses, of: module.reader, isWhole: isWhole)
        }
        if bench.weight == 0 { bench.weight = bench.pool.weight }

        // 5. The set as a whole.
        guard !findings.hasErrors, let facts,
            let result = ruleSet(
                Self.hash(of: known), site: facts, shared: shared, modules: modules.map(\.compiled), pool: bench.pool,
                moduleFiles: enabled.map(\.reader.source.name),
                watch: WatchBook(rules: watch.flatMap { $0.read.rules.map(\.rule) }, maintenance: watch.flatMap { $0.read.maintenance.map(\.rule) },
                    lending: watch.flatMap { $0.read.lending.map(\.rule) }), made: RuleSet.Made(matcher: bench.matcher, indexes: indexes))
        else {
            if self.bench.map({ $0.words == words }) ?? true { self.bench = bench }
            return Compilation(set: nil, diagnostics: findings.diagnostics(sources: sources), untold: findings.untold)
        }
        indexesKept = zip(indexes, result.indexes).count { $0 === $1 }
        bench.matcher = result.matcher
        let names = Set(enabled.map(\.reader.source.name))
        bench.modules = bench.modules.filter { names.contains($0.key) }
        for (module, index) in zip(result.modules, result.indexes) { bench.modules[module.file]?.index = index }
        self.bench = bench
        let proofs = proves ? Proofs(result, bench.pool) : nil
        SetFindings(site: facts, shared: shared, modules: modules.map { ($0.read, $0.compiled) }, findings: findings).run(proofs)
        WatchFindings(set: result, findings: findings).run(watch)
        if let proofs { observe(proofs) }
        return Compilation(set: result, diagnostics: findings.diagnostics(sources: sources), untold: findings.untold)
    }

    /// What is known of each file, the others forgotten.
    private func remember(_ sorted: [RuleSource.File]) -> [KnownFile] {
        let known = sorted.map { file -> KnownFile in
            if let known = files[file.name], file.unreadSize == nil, Self.isSame(known.bytes, file.bytes) { return known }
            filesRead += 1
            let isTooLarge = file.name.hasSuffix(".yaml") && file.size > moduleBytesMax
            return KnownFile(file, text: SourceText(name: file.name, bytes: isTooLarge ? [] : file.bytes, size: file.size))
        }
        // What is too large is not kept.
        let kept = zip(sorted.map(\.name), known).filter { $1.text.size == $1.text.bytes.count }
        files = Dictionary(kept.map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
        return known
    }

    /// Eight bytes at a time: a folder of some megabytes is compared at every reload.
    private static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                var at = 0
                while at + 8 <= a.count {
                    if a.loadUnaligned(fromByteOffset: at, as: UInt64.self) != b.loadUnaligned(fromByteOffset: at, as: UInt64.self) { return false }
                    at += 8
                }
                while at < a.count {
                    if a[at] != b[at] { return false }
                    at += 1
                }
                return true
            }
        }
    }

    /// The sections that are only read when a module's rules are.
    private static let heavyKeys: Set<String> = ["takes", "let", "tables", "merge", "answers", "route", "watch", "maintenance", "lending"]

    private func open(_ file: KnownFile, _ reader: FileReader) -> Opened? {
        if let known = file.opened { return Opened(reader: reader, file: file, name: known.name, block: known.block, isLight: true) }
        let before = reader.findings.told
        guard let (name, block) = RuleCompiler.open(reader) else { return nil }
        if before == reader.findings.told { file.opened = (name, block.without(name == "site" ? Self.heavySiteKeys : Self.heavyKeys)) }
        return Opened(reader: reader, file: file, name: name, block: block, isLight: false)
    }

    private static let heavySiteKeys: Set<String> = ["values", "fields", "departments", "districts", "shifts", "crews", "roles"]

    /// With all of its sections.
    private func wholeBlock(_ module: Opened) -> Block? { module.isLight ? RuleCompiler.open(module.reader)?.block : module.block }

    private func readSite(_ module: Opened, _ known: [KnownFile], _ sources: [SourceText], zone: (String) -> TimeZoneRules?) -> SiteFacts? {
        func register(_ facts: SiteFacts) -> KnownFile? { facts.networkFile.flatMap { name in known.first { $0.text.name == name } } }
        if let site, site.file === module.file, site.register === register(site.facts), let name = site.facts.timeZone, zone(name) == site.facts.zone {
            var facts = site.facts
            facts.file = module.reader.file
            return facts
        }
        guard let block = wholeBlock(module) else { return nil }
        let before = module.reader.findings.told
        let facts = SiteReader(reader: module.reader, sources: sources).read(block, zone: zone)
        site = before == module.reader.findings.told ? KnownSite(file: module.file, register: register(facts), facts: facts) : site
        return facts
    }

    /// `rules` nil: it has none, or they could not be read.
    private func readModule(
        _ module: Opened, _ facts: SetFacts, _ bench: Bench
    ) -> (rules: (rules: (read: ReadModule, compiled: CompiledModule), index: ConditionIndex?)?, watch: ReadWatch) {
        let name = module.reader.source.name
        if let known = bench.modules[name], known.holds(module.file, ladders: facts.ladders) {
            guard var rules = known.rules else { return (nil, known.watch) }
            rules.read.file = module.reader.file
            return ((rules, known.index), known.watch)
        }
        bench.modules[name] = nil
        modulesRead += 1
        guard let block = wholeBlock(module) else { return (nil, ReadWatch()) }
        let findings = module.reader.findings
        let before = findings.told
        var read = ModuleReader(reader: module.reader, facts: facts).read(block, name: module.name)
        let compiled = read?.compile()
        let rules = read.flatMap { read in compiled.map { (read, $0) } }
        let watch = WatchReader(reader: module.reader, site: facts.site).read(block, module: module.name)
        if before == findings.told {
            bench.modules[name] = KnownModule(
                file: module.file, ladders: facts.ladders, usedLadders: Set(compiled?.outcomes.flatMap(\.ladders) ?? []), rules: rules, watch: watch)
        }
        return (rules.map { ($0, nil) }, watch)
    }

    // MARK: The set

    /// The first 12 digits of the SHA-256 over a list of the files, `DIGEST NAME` and a line end for each, in byte order of the names.
    /// Files in folders below are left out: with other tests the rules are the same rules.
    private static func hash(of files: [KnownFile]) -> String {
        let list = files.filter { !$0.text.name.contains("/") }.map { "\($0.digest) \($0.text.name)\n" }.joined()
        return String(ContentDigest(sha256: Array(list.utf8)).hex.prefix(12))
    }

    private func ruleSet(
        _ hash: @autoclosure () -> String, site facts: SiteFacts, shared: SharedSections, modules: [CompiledModule], pool: FormulaPool,
        moduleFiles: [String], watch: @autoclosure () -> WatchBook, made: RuleSet.Made
    ) -> RuleSet? {
        guard let timeZone = facts.timeZone, let zone = facts.zone, let values = facts.values, let departments = facts.departments,
            let fallback = facts.fallback, let districts = facts.districts, let crews = facts.crews, let roles = facts.roles,
            let fields = facts.fields
        else { return nil }
        let site = Site(
            timeZone: timeZone, zone: zone, values: values, departments: departments, fallback: fallback, districts: districts, crews: crews,
            network: facts.network, roles: roles, channels: shared.channels, defaultChannel: shared.defaultChannel, closeAfter: facts.closeAfter,
            askAgainAfter: facts.askAgainAfter, fields: fields, shifts: facts.shifts ?? [:], calendar: shared.calendar ?? WorkingCalendar(),
            texts: TextCatalogue(edited: shared.texts.mapValues(\.text)), customers: shared.customers.book, contractors: shared.contractors.book,
            outageDesk: shared.outages.desk, devices: shared.devices, quantities: facts.quantities)
        return RuleSet(hash: hash(), site: site, ladders: shared.ladders, modules: modules, pool: pool, moduleFiles: moduleFiles, watch: watch(), made: made)
    }
}

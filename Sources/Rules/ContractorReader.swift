import Domain

/// What the modules say of contractors, while they are read: `contractors`, `suppliers`, `works` and `ratings`. Any module may have them;
/// names stand once in the whole set, and so do the ratings.
struct ContractorSections {
    private(set) var book = ContractorBook()
    /// Some module has a roster of contractors.
    private(set) var hasRoster = false
    /// Some module declares kinds of works.
    private(set) var hasWorks = false
    /// False: something could not be read, so that a name may be missing without anybody's fault.
    private var isWhole = true
    private var marks: [ContractorID: Mark] = [:]
    private(set) var worksMarks: [String: Mark] = [:]
    private var ratingsMark: Mark?
    private var worksUses: [(name: String, contractor: ContractorID, isLicensedWell: Bool, reader: FileReader, range: Range<Int>)] = []
    /// Checked when all channels are known.
    private(set) var channelUses: [(name: String, reader: FileReader, range: Range<Int>)] = []

    struct Mark {
        let reader: FileReader
        let range: Range<Int>

        func place(from other: FileReader) -> String {
            other.file == reader.file ? "line \(reader.line(of: range))" : "\(reader.source.name):\(reader.line(of: range))"
        }
    }

    mutating func read(_ block: Block, _ reader: FileReader, _ site: SiteFacts?) {
        if block.has("works") {
            hasWorks = true
            if let node = block["works"] { readWorks(node, reader) } else { isWhole = false }
        }
        if block.has("contractors") {
            hasRoster = true
            if let node = block["contractors"] { roster(node, reader, site, isSuppliers: false) } else { isWhole = false }
        }
        if let node = block["suppliers"] { roster(node, reader, site, isSuppliers: true) }
        guard let node = block["ratings"] else { return }
        let range = block.keyRanges["ratings"] ?? reader.place(node)
        if let first = ratingsMark {
            reader.error(range, .secondRatings(place: first.place(from: reader)))
            return
        }
        ratingsMark = Mark(reader: reader, range: range)
        if let ratings = RatingsReader(reader: reader).read(node) { book.ratings = ratings }
    }

    // MARK: Works

    static let worksExample = "line_10kv: { zh: 10千伏线路工程, en: 10 kV line, licence: install, level: 3 }"

    private mutating func readWorks(_ node: Node, _ reader: FileReader) {
        guard let entries = reader.named(node, section: "works", what: "a kind of works", example: Self.worksExample, allowsDots: false) else {
            isWhole = false
            return
        }
        for entry in entries {
            if let first = worksMarks[entry.name] {
                reader.error(entry.key, .duplicateName("the kind of works", entry.name, place: first.place(from: reader)))
                continue
            }
            worksMarks[entry.name] = Mark(reader: reader, range: entry.key)
            var works = Works(code: entry.name)
            defer { book.works[entry.name] = works }
            guard let one = reader.block(entry.value, Keys.works, named: entry.name, example: Self.worksExample, at: entry.key) else { continue }
            works.chinese = one["zh"].flatMap { reader.text($0, "zh") }
            works.english = one["en"].flatMap { reader.text($0, "en") }
            works.licence = one["licence"].flatMap { licenceKind($0, "licence", reader) }
            if one.has("licence") {
                if let node = reader.required("level", in: one, of: "the kind of works '\(entry.name)'"), let level = level(node, reader) { works.level = level }
            } else if let range = one.keyRanges["level"] {
                reader.error(range, .missingKey("licence", in: "a kind of works with 'level'", example: Keys.works.examples["licence"]))
            }
        }
    }

    private func licenceKind(_ node: Node, _ key: String, _ reader: FileReader) -> LicenceKind? {
        reader.choice(node, key, among: LicenceKind.allCases.map(\.rawValue), example: "\(key): install").flatMap { LicenceKind(rawValue: $0) }
    }

    private func level(_ node: Node, _ reader: FileReader) -> Int? { reader.wholeNumber(node, "level", in: 1...3, example: "level: 3") }

    // MARK: The roster

    static let contractorExample =
        "c-7:\n  name: 江州送变电工程有限公司\n  works: [line_10kv]\n  licences:\n    - { kind: install, level: 3, from: 2024-07-01, until: 2028-06-30 }"
    static let supplierExample = "s-2:\n  name: 江州变压器有限公司\n  supplies: [transformer]"

    private mutating func roster(_ node: Node, _ reader: FileReader, _ site: SiteFacts?, isSuppliers: Bool) {
        let section = isSuppliers ? "suppliers" : "contractors"
        let example = isSuppliers ? Self.supplierExample : Self.contractorExample
        guard let entries = reader.named(node, section: section, what: isSuppliers ? "a supplier" : "a contractor", example: example) else {
            isWhole = false
            return
        }
        for entry in entries {
            let id = ContractorID(entry.name)
            if let first = marks[id] {
                reader.error(entry.key, .duplicateName("the contractor or supplier", entry.name, place: first.place(from: reader)))
                continue
            }
            // Tasks are assigned by name.
            for (what, isTaken) in [("department", site?.departments?[DepartmentID(entry.name)] != nil), ("crew", site?.crews?[CrewID(entry.name)] != nil)] where isTaken {
                reader.error(entry.key, .contractorNamedAs(what, entry.name))
            }
            marks[id] = Mark(reader: reader, range: entry.key)
            var contractor = Contractor(id: id, isSupplier: isSuppliers)
            defer { book.contractors[id] = contractor }
            guard let one = reader.block(entry.value, isSuppliers ? Keys.supplier : Keys.contractor, named: entry.name, example: example, at: entry.key) else { continue }
            contractor.name = one["name"].flatMap { reader.text($0, "name") }
            contractor.english = one["en"].flatMap { reader.text($0, "en") }
            contractor.channel = one["channel"].flatMap { reader.text($0, "channel") }
            if let channel = contractor.channel, let node = one["channel"] { channelUses.append((channel, reader, reader.place(node))) }
            let told = reader.findings.told
            if let node = one["licences"] { contractor.licences = licences(node, reader) }
            // What a licence with a mistake would have allowed is nobody's fault here.
            let isLicensedWell = told == reader.findings.told
            let key = isSuppliers ? "supplies" : "works"
            if let node = isSuppliers ? one[key] : reader.required(key, in: one, of: "the contractor '\(entry.name)'") {
                for (code, range) in codes(node, key, reader) {
                    contractor.works.append(code)
                    if !isSuppliers { worksUses.append((code, id, isLicensedWell, reader, range)) }
                }
            }
        }
    }

    private func codes(_ node: Node, _ key: String, _ reader: FileReader) -> [(code: String, range: Range<Int>)] {
        var result: [(code: String, range: Range<Int>)] = []
        let isWorks = key == "works"
        let example = (isWorks ? Keys.contractor : Keys.supplier).examples[key]
        for item in reader.list(node, key, of: isWorks ? "kinds of works" : "kinds of equipment", example: example) ?? [] {
            guard let code = reader.code(item, key, what: isWorks ? "a kind of works" : "a kind of equipment", example: example, allowsDots: false) else { continue }
            if result.contains(where: { $0.code == code }) {
                reader.error(reader.place(item), .duplicateName(isWorks ? "the kind of works" : "the kind of equipment", code, place: "this list"))
            } else {
                result.append((code, reader.place(item)))
            }
        }
        return result
    }

    func licences(_ node: Node, _ reader: FileReader) -> [Licence] {
        var result: [Licence] = []
        for item in reader.list(node, "licences", of: "licences", example: Keys.contractor.examples["licences"]) ?? [] {
            guard let one = reader.block(item, Keys.licence, example: Keys.licence.examples["kind"]) else { continue }
            let kind = reader.required("kind", in: one).flatMap { licenceKind($0, "kind", reader) }
            let level = reader.required("level", in: one).flatMap { self.level($0, reader) }
            let from = one["from"].flatMap { date($0, "from", reader) }
            let until = reader.required("until", in: one).flatMap { date($0, "until", reader) }
            guard let kind, let level, let until else { continue }
            if let from, let node = one["until"], until < from {
                reader.error(reader.place(node), .licenceEndsFirst(from: from, until: until))
                continue
            }
            result.append(Licence(kind: kind, level: level, from: from, until: until))
        }
        return result
    }

    /// `2028-06-30`
    private func date(_ node: Node, _ name: String, _ reader: FileReader) -> CivilDate? {
        guard let text = reader.text(node, name, example: "\(name): 2028-06-30") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = parts.map { Quantity.wholeNumber($0) }
        if parts.map(\.utf8.count) == [4, 2, 2], let year = numbers[0], let month = numbers[1], let day = numbers[2],
            let date = CivilDate(year: Int(year), month: Int(month), day: Int(day))
        {
            return date
        }
        // `2028/6/30`, `2028.06.30`: what spreadsheets and people write.
        let loose = text.split(whereSeparator: { "-/.年月日".contains($0) }).map { Quantity.wholeNumber($0) }
        var guess: CivilDate?
        if loose.count == 3, let year = loose[0], let month = loose[1], let day = loose[2], year <= 9_999, month <= 12, day <= 31 {
            guess = CivilDate(year: Int(year), month: Int(month), day: Int(day))
        }
        reader.error(reader.place(node), .noLicenceDate(text, suggestion: guess?.description))
        return nil
    }

    // MARK: All of it together

    /// Whether the works and channels that contractors name are there, and what they may not do by their licences.
    func check(channels: [String: Channel], isWhole whole: Bool) {
        let known = book.works.keys.sorted()
        for use in worksUses where whole && isWhole {
            guard let works = book.works[use.name] else {
                use.reader.error(
                    use.range, .unknownWorks(use.name, known: known, suggestion: use.reader.near(use.name, among: known)))
                continue
            }
            guard let kind = works.licence, use.isLicensedWell, book.contractors[use.contractor]?.licences.contains(where: works.isCovered) == false else { continue }
            use.reader.findings.warning(use.reader.file, use.range, .noLicence(use.contractor.rawValue, use.name, kind, level: works.level))
        }
        let names = channels.keys.sorted()
        for use in channelUses where channels[use.name] == nil && whole {
            use.reader.error(use.range, .unknown(.unknownChannel, "channel", use.name, known: names, suggestion: use.reader.near(use.name, among: names)))
        }
    }

    /// Whether the works that stages and rules ask for are there. Where no module declares any, theirs was deleted or switched off: the rest
    /// works without.
    func check(_ uses: [ReadModule.WorksUse], of reader: FileReader, isWhole whole: Bool) {
        guard hasWorks, isWhole, whole else { return }
        let known = book.works.keys.sorted()
        for use in uses where book.works[use.works] == nil {
            reader.error(use.range, .unknownWorks(use.works, known: known, suggestion: reader.near(use.works, among: known)))
        }
    }
}

/// Reads `ratings`.
struct RatingsReader {
    let reader: FileReader

    func read(_ node: Node) -> Ratings? {
        guard let block = reader.block(node, Keys.ratings, example: Keys.module.examples["ratings"]) else { return nil }
        var ratings = Ratings()
        if let node = block["weights"], let read = weights(node, "weights") { ratings.weights = read }
        ratings.supplierWeights = block["supplier_weights"].flatMap { weights($0, "supplier_weights") }
        if let node = block["tiers"] {
            guard let read = tiers(node, block) else { return nil }
            ratings.tiers = read
        }
        if let node = block["share"] {
            for place in ratings.tiers.indices { ratings.tiers[place].share = 0 }
            share(node, &ratings)
        } else if block["tiers"] != nil {
            reader.error(block.keyRanges["tiers"] ?? block.anchor, .missingKey("share", in: "'ratings' with 'tiers'", example: Keys.ratings.examples["share"]))
            return nil
        }
        let names = ratings.tiers.map(\.name)
        if let node = block["begin"] {
            if let name = reader.text(node, "begin", example: Keys.ratings.examples["begin"]) {
                if names.contains(name) {
                    ratings.begin = name
                } else {
                    reader.error(reader.place(node), .unknownTier(name, known: names, suggestion: near(name, names)))
                }
            }
        } else if !names.contains(ratings.begin) {
            ratings.begin = names.dropFirst().first ?? ratings.begin
        }
        if let node = block["window"], let span = reader.duration(node, "window") { ratings.window = span }
        if let node = block["margin"], let points = reader.wholeNumber(node, "margin", in: 0...20, example: "margin: 2") { ratings.margin = points }
        if let node = block["at_least"], let count = reader.wholeNumber(node, "at_least", in: 1...100, example: "at_least: 3") { ratings.atLeast = count }
        return ratings
    }

    /// Tiers mostly have one letter, and each letter is near to every other: only another case is a slip.
    private func near(_ name: String, _ names: [String]) -> String? {
        names.first { $0.lowercased() == name.lowercased() } ?? (name.count > 2 ? reader.near(name, among: names) : nil)
    }

    private func weights(_ node: Node, _ key: String) -> [Ratings.Weight]? {
        guard let entries = reader.named(node, section: key, what: "a score", example: Keys.ratings.examples["weights"] ?? "", allowsDots: false) else { return nil }
        var result: [Ratings.Weight] = []
        var isRight = true
        for entry in entries {
            if let text = entry.value.text, text.hasPrefix("-"), Quantity.wholeNumber(text.dropFirst()) != nil {
                reader.error(reader.place(entry.value), .negativeWeight(entry.name, text))
                isRight = false
                continue
            }
            guard let weight = reader.wholeNumber(entry.value, entry.name, in: 0...1_000, example: "quality: 30") else {
                isRight = false
                continue
            }
            result.append(Ratings.Weight(entry.name, weight))
        }
        guard isRight else { return nil }
        guard result.count <= Self.scoresMax else {
            reader.error(reader.place(node), .outOfRange(key, "\(result.count)", from: "1", to: "\(Self.scoresMax) scores"))
            return nil
        }
        guard result.contains(where: { $0.weight > 0 }) else {
            reader.error(reader.place(node), .weightsOfNothing(key))
            return nil
        }
        return result
    }

    /// A job has no more scores than that.
    static let scoresMax = 32
    static let tiersMax = 12

    private func tiers(_ node: Node, _ block: Block) -> [Ratings.Tier]? {
        guard let entries = reader.named(node, section: "tiers", what: "a tier", example: Keys.ratings.examples["tiers"] ?? "", allowsDots: false) else { return nil }
        var result: [Ratings.Tier] = []
        for entry in entries {
            guard let cutOff = reader.wholeNumber(entry.value, entry.name, in: 0...100, example: "A: 90") else { return nil }
            if let above = result.last, cutOff >= above.cutOff {
                reader.error(entry.key, .tierOrder(entry.name, cutOff, above: above.name, above.cutOff))
                return nil
            }
            result.append(Ratings.Tier(entry.name, from: cutOff, share: 0))
        }
        let range = block.keyRanges["tiers"] ?? reader.place(node)
        guard result.count >= 2, result.count <= Self.tiersMax else {
            reader.error(range, .outOfRange("tiers", "\(result.count)", from: "2", to: "\(Self.tiersMax) tiers"))
            return nil
        }
        if let last = result.last, last.cutOff != 0 {
            reader.error(range, .tierFloor(last.name, last.cutOff))
            return nil
        }
        return result
    }

    private func share(_ node: Node, _ ratings: inout Ratings) {
        guard let entries = reader.named(node, section: "share", what: "a tier", example: Keys.ratings.examples["share"] ?? "", isDeclaring: false) else { return }
        let names = ratings.tiers.map(\.name)
        var isRight = true
        for entry in entries {
            guard let place = ratings.place(of: entry.name) else {
                reader.error(entry.key, .unknownTier(entry.name, known: names, suggestion: near(entry.name, names)))
                isRight = false
                continue
            }
            guard let share = reader.wholeNumber(entry.value, entry.name, in: 0...Ratings.shareMax, example: "A: 3") else {
                isRight = false
                continue
            }
            ratings.tiers[place].share = share
        }
        if isRight, ratings.tiers.allSatisfy({ $0.share == 0 }) { reader.error(reader.place(node), .noShare) }
    }
}

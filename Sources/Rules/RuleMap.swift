import CEL
import Domain

/// The modules of a set piece by piece, with places in their files: for coverage and for mutants. It is read again from the source, because
/// what decides keeps neither trees nor places.
struct RuleMap {
    /// A condition as it stands in its file.
    struct Piece {
        let node: Node
        let expression: Expression
    }

    struct Rule {
        var number: Int
        var name: String
        var nameRange: Range<Int>
        /// The values of its keys, where they are written.
        var values: [String: Node]

        /// Its condition as it stands: a process's is called `takes`.
        var condition: Node? { values[values["stages"] == nil ? "when" : "takes"] }
    }

    struct Let {
        var name: String
        var piece: Piece
    }

    struct TableRows {
        var name: String
        /// The rows as they stand, and `otherwise`.
        var rows: [(value: String, node: Node)]
        var otherwise: Node?
    }

    struct Module {
        /// Its number in the set.
        var number: Int
        var file: String
        var source: SourceText
        var takes: Piece?
        var lets: [Let] = []
        var tables: [TableRows] = []
        var rules: [Rule] = []
        /// The schema with all its `let`s.
        var schema: Schema

        /// A rule's condition, compiled; nil: it has none.
        func when(_ rule: Rule) -> Piece? { rule.condition.flatMap { RuleMap.piece($0, schema) } }
    }

    struct Rungs {
        var file: String
        var source: SourceText
        var ladder: String
        var rungs: [(percent: Int, node: Node)]
    }

    /// A rule that waits for no report.
    struct Watched {
        enum Section: String, CaseIterable { case watch, maintenance, lending }
        var file: String
        var source: SourceText
        var name: String
        var nameRange: Range<Int>
        var section: Section
        /// `for` or `count`, where it stands.
        var length: Range<Int>?
        var clears: Range<Int>?
    }

    private(set) var modules: [Module] = []
    private(set) var watched: [Watched] = []
    private(set) var ladders: [Rungs] = []

    /// - Parameter files: module files that are wanted; nil: all.
    init(_ source: RuleSource, _ set: RuleSet, files: Set<String>? = nil) {
        let schema = ReportSchema.schema(SiteFacts(set.site))
        for file in set.moduleFiles where files?.contains(file) ?? true {
            guard let bytes = source.files.first(where: { $0.name == file })?.bytes else { continue }
            let text = SourceText(name: file, bytes: bytes)
            guard let root = YAMLReader(source: text, file: 0, findings: Findings()).read() else { continue }
            if let entries = root["escalations"]?.pairs {
                for entry in entries {
                    let rungs = (entry.value.items ?? []).compactMap { item in
                        item["at"]?.text.flatMap { try? Quantity.percent($0) }.map { (percent: $0, node: item) }
                    }
                    ladders.append(Rungs(file: file, source: text, ladder: entry.key.text ?? "", rungs: rungs))
                }
            }
            for section in Watched.Section.allCases {
                for item in root[section.rawValue]?.items ?? [] {
                    let name = item["name"]
                    watched.append(
                        Watched(
                            file: file, source: text, name: (root["module"]?.text ?? "") + "." + (name?.text ?? ""), nameRange: name?.range ?? item.range,
                            section: section, length: (item["for"] ?? item["count"])?.range, clears: item["clears"]?.range))
                }
            }
            guard let number = set.modules.firstIndex(where: { $0.file == file }) else { continue }
            modules.append(Self.module(root, number, set.modules[number], text, schema))
        }
    }

    private static func module(_ root: Node, _ number: Int, _ compiled: CompiledModule, _ source: SourceText, _ schema: Schema) -> Module {
        var module = Module(number: number, file: compiled.file, source: source, schema: schema)
        for pair in root["let"]?.pairs ?? [] {
            guard let name = pair.key.text, let text = pair.value.text, let expression = try? Expression.compile(text, schema: module.schema) else { continue }
            module.schema.definitions[name] = expression
            module.lets.append(Let(name: name, piece: Piece(node: pair.value, expression: expression)))
        }
        module.takes = root["takes"].flatMap { piece($0, module.schema) }
        for pair in root["tables"]?.pairs ?? [] {
            let rows = (pair.value["rows"]?.pairs ?? []).map { (value: $0.key.text ?? "", node: $0.value) }
            module.tables.append(TableRows(name: pair.key.text ?? "", rows: rows, otherwise: pair.value["otherwise"]))
        }
        // Processes are rules that stand before those of `route`.
        let processes = root["processes"]?.items ?? []
        for (index, item) in (processes + (root["route"]?.items ?? [])).enumerated() where index < compiled.rules.count {
            let pairs = item.pairs ?? []
            let values = Dictionary(pairs.compactMap { pair in pair.key.text.map { ($0, pair.value) } }, uniquingKeysWith: { first, _ in first })
            module.rules.append(
                Rule(
                    number: index, name: compiled.name(of: compiled.rules[index]), nameRange: values["name"]?.range ?? item.range, values: values))
        }
        return module
    }

    fileprivate static func piece(_ node: Node, _ schema: Schema) -> Piece? {
        guard let text = node.text, let expression = try? Expression.compile(text, schema: schema, expecting: .bool) else { return nil }
        return Piece(node: node, expression: expression)
    }
}

extension SiteFacts {
    /// Of a site that was read well: what the schema of conditions needs.
    init(_ site: Site) {
        self.init()
        timeZone = site.timeZone
        zone = site.zone
        values = site.values
        quantities = site.quantities
        fields = site.fields
        departments = site.departments
        fallback = site.fallback
        districts = site.districts
        shifts = site.shifts
        crews = site.crews
        roles = site.roles
    }
}

extension Node {
    var pairs: [Pair]? {
        if case .map(let pairs, _) = content { return pairs }
        return nil
    }

    var items: [Node]? {
        if case .list(let items, _) = content { return items }
        return nil
    }

    subscript(_ key: String) -> Node? { pairs?.first { $0.key.text == key }?.value }
}

import Domain

/// The rule files and the tests beside them as a JSON Schema (2020-12), for editors: made of the same tables of keys that the readers check
/// files with. A list is a file of tests, a block is a module.
///
/// It is what an editor can know of one file: keys, forms of values, and the names that the site declares. `paidan check` knows more.
package enum RuleFileSchema {
    /// - Parameter site: whose declared names are the only ones that may be used; nil: any name passes.
    package static func json(site: Site?) -> [UInt8] {
        var writer = Writer(site: site)
        var json = JSONWriter(capacity: 16_384)
        json.object { json in
            json.field("$schema", "https://json-schema.org/draft/2020-12/schema")
            json.field("title", "paidan rule file, or its tests")
            json.key("if")
            json.object { $0.field("type", "array") }
            json.key("then")
            json.object { json in
                json.key("items")
                json.object { $0.field("$ref", writer.reference(to: Keys.ruleTest)) }
            }
            json.key("else")
            json.object { json in
                json.field("type", "object")
                json.key("if")
                json.object { json in
                    json.key("properties")
                    json.object { json in
                        json.key("module")
                        json.object { $0.field("const", "site") }
                    }
                    json.key("required")
                    json.array { $0.string("module") }
                }
                for (key, keys) in [("then", Keys.site), ("else", Keys.module)] {
                    json.key(named: key)
                    json.object { $0.field("$ref", writer.reference(to: keys)) }
                }
            }
            json.key("$defs")
            json.object { json in
                while let keys = writer.next() {
                    json.key(named: Writer.name(of: keys))
                    writer.block(keys, &json)
                }
            }
        }
        json.newline()
        return json.bytes
    }

    private struct Writer {
        let site: Site?
        private var waiting: [Keys] = []
        private var met: Set<String> = []

        init(site: Site?) { self.site = site }

        /// `a rung` -> `a_rung`; `a test's crew` -> `a_tests_crew`
        static func name(of keys: Keys) -> String { String(keys.what.filter { $0 != "'" }.map { $0 == " " ? "_" : $0 }) }

        mutating func reference(to keys: Keys) -> String {
            if met.insert(keys.what).inserted { waiting.append(keys) }
            return "#/$defs/" + Self.name(of: keys)
        }

        mutating func next() -> Keys? { waiting.isEmpty ? nil : waiting.removeFirst() }

        mutating func block(_ keys: Keys, _ json: inout JSONWriter) {
            var me = self
            defer { self = me }
            json.object { json in
                json.field("type", "object")
                json.field("additionalProperties", false)
                json.key("properties")
                json.object { json in
                    let meanings = keys.meanings
                    for name in keys.names {
                        json.key(named: name)
                        json.object { json in
                            if let meaning = meanings[name] {
                                json.field("description", meaning.words)
                                me.shape(meaning.shape, &json)
                            }
                            if let example = keys.examples[name] {
                                json.key("examples")
                                json.array { $0.string(example) }
                            }
                        }
                    }
                }
                if let (pattern, shape) = keys.patterned {
                    json.key("patternProperties")
                    json.object { json in
                        json.key(named: pattern)
                        json.object { me.shape(shape, &$0) }
                    }
                }
                if !keys.required.isEmpty {
                    json.key("required")
                    json.array { for name in keys.required { $0.string(name) } }
                }
                if !keys.needs.isEmpty {
                    json.key("dependentRequired")
                    json.object { json in
                        var written: Set<String> = []
                        for (key, _) in keys.needs where written.insert(key).inserted {
                            json.key(named: key)
                            json.array { for (_, other) in keys.needs.filter({ $0.key == key }) { $0.string(other) } }
                        }
                    }
                }
                if keys.isNeverEmpty { json.field("minProperties", 1) }
                if !keys.anyOf.isEmpty {
                    json.key("anyOf")
                    json.array { list in
                        for name in keys.anyOf {
                            list.object { json in
                                json.key("required")
                                json.array { $0.string(name) }
                            }
                        }
                    }
                }
                if !keys.oneOf.isEmpty {
                    json.key("oneOf")
                    json.array { list in
                        for name in keys.oneOf {
                            list.object { json in
                                json.key("required")
                                json.array { $0.string(name) }
                            }
                        }
                    }
                }
            }
        }

        private static func code(dots: Bool) -> String { "^[A-Za-z0-9][A-Za-z0-9_\(dots ? "." : "")-]{0,63}$" }
        private static let time = "[0-9]+ (s|min|h|day|days)"

        /// The members that say what a value may be.
        private mutating func shape(_ shape: Shape, _ json: inout JSONWriter) {
            var me = self
            defer { self = me }
            // Whether `95598` is a text or a number is for the field to say, not for YAML.
            func scalar(_ pattern: String? = nil, _ json: inout JSONWriter) {
                json.key("type")
                json.array { for type in ["string", "number", "boolean"] { $0.string(type) } }
                json.field("pattern", pattern)
            }
            func text(_ pattern: String, _ json: inout JSONWriter) {
                json.field("type", "string")
                json.field("pattern", pattern)
            }
            func names(_ names: [String], _ json: inout JSONWriter) {
                json.key("enum")
                json.array { list in
                    for name in names {
                        list.string(name)
                        // `source: [95598]`
                        if let number = Int64(name), String(number) == name { list.int(number) }
                    }
                }
            }
            switch shape {
            case .text, .expression: scalar(nil, &json)
            case .code(let dots): scalar(Self.code(dots: dots), &json)
            case .duration: text("^\(Self.time)( \(Self.time))*$", &json)
            case .limit: text("^(\(Self.time)( \(Self.time))*|[0-9]+ working (day|days|hour|hours))$", &json)
            case .days: text(#"^[0-9]{2}-[0-9]{2}(\.\.[0-9]{2}-[0-9]{2})?$"#, &json)
            case .distance: text("^[0-9]+ (km|m)$", &json)
            case .percent: text("^[0-9]{1,4}%$", &json)
            case .timeOfDay: text("^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", &json)
            case .flag: json.field("type", "boolean")
            case .wholeNumber(let range):
                json.field("type", "integer")
                json.field("minimum", range.lowerBound)
                json.field("maximum", range.upperBound)
            case .degrees(let limit):
                json.field("type", "number")
                json.field("minimum", -limit)
                json.field("maximum", limit)
            case .number: json.field("type", "number")
            case .choice(let choices): names(choices, &json)
            case .reference(let reference):
                let known: [String]? =
                    switch reference {
                    case .department: me.site?.departments.keys.map(\.rawValue)
                    case .value(let enumeration): me.site.map { $0.values[enumeration]?.map(\.code) ?? [] }
                    // Where a site declares none, any will do.
                    case .valueIfDeclared(let enumeration): me.site.flatMap { $0.values[enumeration]?.map(\.code) }.flatMap { $0.isEmpty ? nil : $0 }
                    case .district: me.site.map { $0.districts.keys.map(\.rawValue) }.flatMap { $0.isEmpty ? nil : $0 }
                    // The set keeps only the shifts of crews.
                    case .shift, .other: nil
                    }
                if let known { names(known.sorted(), &json) } else { scalar(Self.code(dots: true), &json) }
            case .either(let shapes):
                json.key("anyOf")
                json.array { list in for shape in shapes { list.object { me.shape(shape, &$0) } } }
            case .block(let keys): json.field("$ref", me.reference(to: keys))
            case .list(let item):
                json.field("type", "array")
                json.key("items")
                json.object { me.shape(item, &$0) }
            case .named(let value, let dots):
                json.field("type", "object")
                json.key("propertyNames")
                json.object { $0.field("pattern", Self.code(dots: dots)) }
                json.key("additionalProperties")
                json.object { me.shape(value, &$0) }
            }
        }
    }
}

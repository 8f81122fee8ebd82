import Domain
import Foundation
import Testing

@testable import Rules

/// The JSON Schema of the rule files, for editors.
@Suite struct SchemaTests {
    private static let tables: [Keys] = [
        .module, .site, .rule, .assign, .otherwise, .limits, .table, .rung, .channel, .value, .department, .district, .shift, .crew, .base, .role,
        .fields, .values, .calendar, .calendarYear, .businessHours, .calendarImport, .process, .processLimits, .stage, .stageLimits, .stageAssign,
        .publish, .failed, .texts, .text, .merge, .outages, .outageNotice, .outageOverrun, .classify, .customerSet, .suggestLimits, .accountManager, .works, .contractor, .supplier, .licence, .ratings,
        .quantity, .watch, .maintenance, .every, .template, .lending, .testReading,
        .ruleTest, .testWith, .testOutage, .testCrew, .testContractor, .testReport, .testPlace, .testFacts, .expectation, .step,
    ]

    @Test func everyKeyOfEveryTableIsInIt() throws {
        let schema = try JSONValue.parse(RuleFileSchema.json(site: nil))
        let definitions = try #require(schema["$defs"]?.object)
        #expect(definitions.count == Self.tables.count)
        for table in Self.tables {
            let name = table.what.filter { $0 != "'" }.replacing(" ", with: "_")
            let properties = try #require(schema["$defs"]?[name]?["properties"]?.object, "\(name)")
            #expect(properties.map(\.key) == table.names)
            for property in properties {
                #expect(property.value["description"]?.string?.isEmpty == false, "\(name).\(property.key)")
                #expect(property.value["type"] != nil || property.value["enum"] != nil || property.value["$ref"] != nil || property.value["anyOf"] != nil, "\(name).\(property.key)")
            }
            #expect(Set(table.meanings.keys) == Set(table.names), "\(name)")
            #expect(Set(table.required + table.needs.flatMap { [$0.key, $0.other] } + table.oneOf + table.anyOf).isSubset(of: table.names), "\(name)")
        }
    }

    @Test func aSitesNamesAreTheOnlyOnes() throws {
        let site = try Fixture.shippedSet().site
        let schema = try JSONValue.parse(RuleFileSchema.json(site: site))
        let departments = schema["$defs"]?["assign"]?["properties"]?["department"]?["enum"]?.array?.compactMap(\.string)
        #expect(departments == site.departments.keys.map(\.rawValue).sorted())
        #expect(try JSONValue.parse(RuleFileSchema.json(site: nil))["$defs"]?["assign"]?["properties"]?["department"]?["enum"] == nil)
    }

    private static let python = ProcessInfo.processInfo.environment["PAIDAN_PYTHON"] ?? "python3"
    /// Reads YAML 1.2's core types, as editors do; prints the files that the schema refuses.
    private static let script = """
        import json, re, sys
        import jsonschema, yaml
        class Core(yaml.SafeLoader): pass
        Core.yaml_implicit_resolvers = {}
        for tag, pattern, first in [
            ('bool', r'^(true|false)$', 'tf'), ('int', r'^[-+]?[0-9]+$', '-+0123456789'),
            ('float', r'^[-+]?[0-9]+[.][0-9]+$', '-+0123456789'), ('null', r'^(~|null|)$', ['~', 'n', '']),
        ]:
            Core.add_implicit_resolver('tag:yaml.org,2002:' + tag, re.compile(pattern), list(first))
        Core.add_constructor('tag:yaml.org,2002:int', lambda loader, node: int(loader.construct_scalar(node), 10))
        # `2026:` is a text to editors, as every key of JSON.
        def keyed(value):
            if isinstance(value, dict): return {str(key): keyed(below) for key, below in value.items()}
            return [keyed(below) for below in value] if isinstance(value, list) else value
        folder = sys.argv[1]
        validators = {}
        for name in sys.argv[2:]:
            key = name.split('~')[0]
            if key not in validators:
                schema = json.load(open(folder + '/' + key + '.schema'))
                jsonschema.Draft202012Validator.check_schema(schema)
                validators[key] = jsonschema.Draft202012Validator(schema)
            try:
                value = keyed(yaml.load(open(folder + '/' + name, encoding='utf-8'), Core))
            except yaml.YAMLError:
                print(name)
                continue
            for error in validators[key].iter_errors(value):
                print(name)
                break
        """

    /// nil: Python has no jsonschema.
    private func refused(_ files: [(name: String, bytes: [UInt8])], _ schemas: [String: [UInt8]]) throws -> Set<String>? {
        func run(_ arguments: [String]) throws -> String? {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [Self.python] + arguments
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
        }
        guard try run(["-c", "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, ['jsonschema', 'yaml'])))"]) != nil else { return nil }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("paidan-schema-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, bytes) in schemas { try Data(bytes).write(to: folder.appendingPathComponent(name + ".schema")) }
        for file in files { try Data(file.bytes).write(to: folder.appendingPathComponent(file.name)) }
        let output = try #require(try run(["-c", Self.script, folder.path] + files.map(\.name)))
        return Set(output.split(separator: "\n").map(String.init))
    }

    /// Files of tests with one mistake each, which an editor can see.
    private static let badTests = [
        "- nmae: a\n  report: { type: fault }\n  expect: { task: make_safe }\n", "- name: a\n  expect: { task: repair }\n",
        "- name: a\n  report: { type: fault, catgory: fire }\n  expect: { task: make_safe }\n", "- name: a\n  report: { category: fire }\n  expect: { task: make_safe }\n",
        "- name: a\n  report: { type: fault }\n  expect: {}\n", "- name: a\n  report: { type: fault, place: { lat: 28.0 } }\n  expect: { task: repair }\n",
        "- name: a\n  report: { type: fault }\n  expect: { task: repair, priority: urgent }\n", "- name: a\n  report: { type: fault }\n  expect: { arrive: 45 minutes }\n",
        "- name: a\n  with: { crews: { a: { skill: [live_line] } } }\n  report: { type: fault }\n  expect: { task: repair }\n",
        "- name: a\n  report: { type: fault }\n  then:\n    - { do: acept, expect: { task: repair } }\n", "- name: a\n  report: { type: fault }\n  then:\n    - { duty: off, expect: { task: repair } }\n",
        "- name: a\n  report: { type: fault }\n  then: { after: 4 min, expect: { task: repair } }\n", "- name: a\n  with: { customer: { clas: residential } }\n  report: { type: fault }\n  expect: { task: repair }\n",
        "- name: a\n  report: { type: fault, customers_out: many }\n  expect: { task: repair }\n", "- with: { crew: {} }\n- name: a\n  report: { type: fault }\n  expect: { task: repair }\n",
    ]
    /// Each key of each block, in each of its forms.
    private static let goodTests = [
        "- with: { crews: none }\n- name: a\n  report: { type: fault }\n  expect: { task: repair, crew: none }\n",
        "- name: a\n  needs: [faults]\n  with: { at: 2026-07-15 12:00, crews: { a: { name: x, department: operations, base: { lat: 28.0, lon: 120.6 }, skills: [live_line], shift: day, capacity: 2, place: { lat: 28, lon: 120.6 }, duty: on } } }\n"
            + "  report: { id: first, source: '95598', type: fault, category: [line_down, fire], reported_at: 12:00, customer: '1', place: { lat: 28.0, lon: 120.6, address: x, district: lucheng }, site: [urban, rural], voltage: low, urgency: urgent, feeder: F-1, transformer: T-1, customers_out: [0, 5], capacity_kva: 2.5, description: x, fields: { floors: 3, lift: true } }\n"
            + "  expect: { rule: faults.hazard-first, task: make_safe, priority: emergency, department: operations, skills: [live_line], within: 40 km, accept: 3 min, arrive: none, contact: none, restore: none, reply: none, escalate: repair, state: dispatched, told: none }\n"
            + "  then:\n    - { after: 4 min, expect: { crew: a, told: [duty_manager] } }\n    - { do: accept, by: a }\n    - { priority: high }\n    - { assign: a }\n    - { crew: a, duty: off }\n    - { crew: a, place: { lat: 28.0, lon: 120.6 } }\n"
            + "    - { report: { id: second, type: fault, category: no_power } }\n    - { about: second, task: repair, expect: [{ task: repair }] }\n",
        "- name: b\n  needs: faults\n  with: { customer: { account: '3', name: x, class: [residential, industrial], capacity_kva: 10, annual_kwh: 2.5, district: lucheng, lat: 28.0, lon: 120.6, transformer: T-1, critical_class: x } }\n"
            + "  report: { type: fault }\n  expect:\n    - { task: repair, skills: none, within: none, escalate: none, told: duty_manager }\n",
    ]

    /// Shipped files pass; each golden file with a wrong or a missing key fails, and each without any error passes.
    @Test func aValidatorAgreesWithTheReader() throws {
        var files: [(name: String, bytes: [UInt8])] = []
        var bad: Set<String> = []
        var good: Set<String> = []
        for file in try Fixture.shipped().files where file.name.hasSuffix(".yaml") {
            files.append(("shipped~" + file.name, file.bytes))
            good.insert("shipped~" + file.name)
        }
        // What is missing or wrong by the site, or by other files, an editor can't know.
        let wanted: Set<String> = ["unknown-key", "missing-key", "misplaced-key", "later-section"]
        func isBeyond(_ message: String) -> Bool { ["a module with", "is missing", "values"].contains { message.hasPrefix($0) } }
        for golden in try Golden.all() {
            let diagnostics = Fixture.compile(golden.source).diagnostics
            for file in golden.source.files where file.name.hasSuffix(".yaml") && file.bytes.count < 20_000 {
                let name = "any~\(golden.name)~\(file.name)"
                let own = diagnostics.filter { $0.file == file.name }
                if own.contains(where: { wanted.contains($0.code) && !isBeyond($0.message) }) { bad.insert(name) }
                // A module that is switched off is read no further, but an editor does.
                let isOff = golden.name.hasPrefix("disabled-module")
                if !isOff, diagnostics.allSatisfy({ $0.severity == .warning && $0.code != "not-read" }) { good.insert(name) }
                if bad.contains(name) || good.contains(name) { files.append((name, file.bytes)) }
            }
        }
        for file in try Fixture.shippedTests() {
            let name = "shipped~" + file.name.replacing("/", with: "~")
            files.append((name, file.bytes))
            good.insert(name)
        }
        for (number, text) in Self.badTests.enumerated() {
            let suite = try TestedRules.read(text)
            #expect(suite.diagnostics.contains { $0.severity == .error }, "\(text)")
            files.append(("any~bad~\(number)", Array(text.utf8)))
            bad.insert("any~bad~\(number)")
        }
        for (number, text) in Self.goodTests.enumerated() {
            let suite = try TestedRules.read(text)
            #expect(suite.diagnostics == [], "\(text)")
            files.append(("any~good~\(number)", Array(text.utf8)))
            good.insert("any~good~\(number)")
        }
        let site = try Fixture.shippedSet().site
        guard let refused = try refused(files, ["shipped": RuleFileSchema.json(site: site), "any": RuleFileSchema.json(site: nil)]) else {
            print("schema: jsonschema and PyYAML are not installed for \(Self.python) (pip install jsonschema pyyaml): NOT CHECKED against it")
            return
        }
        #expect(bad.count >= 4 && good.count >= 10, "\(bad.count) bad, \(good.count) good")
        #expect(refused.intersection(good).sorted() == [], "files that the reader takes and the schema refuses")
        #expect(bad.subtracting(refused).sorted() == [], "files that the reader refuses and the schema takes")
    }
}
